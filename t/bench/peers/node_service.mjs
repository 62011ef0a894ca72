/*
 * The review as a service of Node: its own HTTP server, undici's client.
 *
 *     PORT=N LLM_URL=... RUBRIC=... PROMPT=... node node_service.mjs
 *
 * LLM_URL is the URL of the chat completions, RUBRIC and PROMPT are the paths
 * of rubric.json and prompt.json.
 */

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { text as readText } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";

import { Pool } from "undici";

const MODEL = "stand-in";
const TIMEOUT = 60_000; // ms, of one try
const TRIES = 3;
const BACKOFF = 500; // ms before the second try, then doubled

const VERDICTS = ["pass", "risk", "fail", "not_applicable", "unsure"];
const SEVERITIES = ["fatal", "major", "minor", "info"];

const url = new URL(process.env.LLM_URL);
const path = url.pathname + url.search;
const headers = { "content-type": "application/json" };
const rubric = load(process.env.RUBRIC);
const prompt = load(process.env.PROMPT);

const pool = new Pool(url.origin, {
    connections: null, // as many as there are calls
    pipelining: 1,
    keepAliveTimeout: 60_000,
    headersTimeout: TIMEOUT,
    bodyTimeout: TIMEOUT,
});

function load(file) {
    return JSON.parse(readFileSync(file, "utf8"));
}

function isObject(value) {
    return value !== null && typeof value === "object"
        && !Array.isArray(value);
}

function millisecondsSince(started) {
    return Math.round(performance.now() - started);
}

// A request that is no review.

class BadRequest extends Error {}

// A try that failed; again: another one may be worth it.

class CallError extends Error {
    constructor(code, detail, again = true) {
        super(detail);
        this.code = code;
        this.again = again;
    }
}

// What the LLM is asked

function userMessage(point, text) {
    // the text goes in last: it may have such markers of its own; functions,
    // since "$&" means something in a string
    return prompt.user
        .replaceAll("{title}", () => point.title)
        .replaceAll("{severity}", () => point.severity)
        .replaceAll("{question}", () => point.question)
        .replaceAll("{chunk}", () => text);
}

function callBody(point, text) {
    return JSON.stringify({
        model: MODEL,
        messages: [
            { role: "system", content: prompt.system },
            { role: "user", content: userMessage(point, text) },
        ],
        temperature: 0.0,
        stream: false,
    });
}

async function post(body) {
    try {
        const response = await pool.request({
            method: "POST", path, headers, body,
        });
        return [response.statusCode, await response.body.text()];
    } catch (error) {
        if (/^UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT$/.test(error.code)) {
            throw new CallError("call_timeout", "no answer in time");
        }
        throw new CallError("connect", error.message);
    }
}

// What it answers

function checkStatus(status) {
    if (status === 429) {
        throw new CallError("rate_limited", "the LLM answered 429");
    }
    if (status !== 200) {
        throw new CallError(`http_${status}`, `the LLM answered ${status}`,
            status >= 500);
    }
}

function parseObject(text, code, what) {
    let value;
    try {
        value = JSON.parse(text);
    } catch {
        throw new CallError(code, `${what} is not JSON`);
    }
    if (!isObject(value)) {
        throw new CallError(code, `${what} is not a JSON object`);
    }
    return value;
}

function contentOf(completion) {
    const message = completion.choices?.[0]?.message;
    if (!isObject(message)) {
        throw new CallError("bad_json", "not a chat completion");
    }
    if (typeof message.content !== "string") {
        throw new CallError("bad_answer", "the answer has no content");
    }
    return message.content;
}

function textOf(value) {
    return typeof value === "string" ? value : "";
}

function confidenceOf(value) {
    return typeof value === "number" ? Math.min(1, Math.max(0, value)) : null;
}

function evidenceOf(quote) {
    return (Array.isArray(quote) ? quote : [quote])
        .filter((one) => typeof one === "string" && one !== "")
        .map((one) => ({ quote: one, source: "chunk" }));
}

function findingOf(content, point) {
    const answer = parseObject(content, "bad_answer", "the answer");
    if (!VERDICTS.includes(answer.verdict)) {
        throw new CallError("bad_answer", "the answer has no valid verdict");
    }
    return {
        verdict: answer.verdict,
        severity: SEVERITIES.includes(answer.severity)
            ? answer.severity : point.severity,
        reason: textOf(answer.reason),
        suggestion: textOf(answer.suggestion),
        confidence: confidenceOf(answer.confidence),
        evidence: evidenceOf(answer.quote),
    };
}

// One point of a review: what is asked, and what has come of it.

class Call {
    constructor(point, text, started) {
        this.point = point;
        this.body = callBody(point, text);
        this.started = started;
        this.attempts = 0;
        this.model = null;
        this.promptTokens = 0;
        this.completionTokens = 0;
        this.finding = null;
        this.error = null;
    }

    async ask() {
        for (;;) {
            this.attempts++;
            try {
                this.read(...await post(this.body));
                break;
            } catch (error) {
                if (!(error instanceof CallError)) {
                    throw error;
                }
                this.error = error;
            }
            if (this.attempts === TRIES || !this.error.again) {
                break;
            }
            await sleep(backoff(this.attempts));
        }
        return this.result();
    }

    read(status, body) {
        checkStatus(status);
        const completion = parseObject(body, "bad_json", "the response");
        this.count(completion);
        this.finding = findingOf(contentOf(completion), this.point);
    }

    count({ model, usage }) {
        this.model = typeof model === "string" ? model : null;
        if (Number.isInteger(usage?.prompt_tokens)) {
            this.promptTokens += usage.prompt_tokens;
        }
        if (Number.isInteger(usage?.completion_tokens)) {
            this.completionTokens += usage.completion_tokens;
        }
    }

    result() {
        const { point, attempts, finding, error } = this;
        if (finding === null) {
            return {
                point: point.id, status: "failed", attempts,
                error: { code: error.code, detail: error.message },
            };
        }
        return {
            point: point.id, status: "ok", attempts,
            elapsed_ms: millisecondsSince(this.started),
            model: this.model,
            usage: tokens(this.promptTokens, this.completionTokens),
            finding,
        };
    }
}

// half of it is chance: what failed together shall not come together

function backoff(attempts) {
    const delay = BACKOFF * 2 ** (attempts - 1);
    return delay / 2 + Math.random() * delay / 2;
}

// The reply

function tokens(prompt, completion) {
    return {
        prompt_tokens: prompt,
        completion_tokens: completion,
        total_tokens: prompt + completion,
    };
}

function sum(list, name) {
    return list.reduce((total, one) => total + one[name], 0);
}

function usageOf(calls) {
    const attempts = sum(calls, "attempts");
    return {
        calls: attempts,
        retries: attempts - calls.length,
        ...tokens(sum(calls, "promptTokens"), sum(calls, "completionTokens")),
    };
}

function statusOf(results) {
    const ok = results.filter(({ status }) => status === "ok").length;
    if (ok === results.length) {
        return "complete";
    }
    return ok > 0 ? "partial" : "failed";
}

function parseRequest(body) {
    let request;
    try {
        request = JSON.parse(body);
    } catch {
        throw new BadRequest("the body is not JSON");
    }
    const { id = null, text } = request?.chunk ?? {};
    if (id !== null && typeof id !== "string") {
        throw new BadRequest("chunk.id is not a string");
    }
    if (typeof text !== "string" || text === "") {
        throw new BadRequest("chunk.text is missing, empty or not a string");
    }
    return { id, text };
}

async function review(request) {
    const { id, text } = parseRequest(await readText(request));
    const started = performance.now();
    const calls = rubric.points.map((point) => new Call(point, text, started));
    const results = await Promise.all(calls.map((call) => call.ask()));
    return {
        id,
        rubric: { name: rubric.name, version: rubric.version },
        status: statusOf(results),
        results,
        usage: usageOf(calls),
        elapsed_ms: millisecondsSince(started),
    };
}

function send(response, status, value) {
    const body = JSON.stringify(value);
    response.writeHead(status, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(body),
    });
    response.end(body);
}

async function handle(request, response) {
    if (request.method !== "POST" || request.url !== "/v1/review") {
        request.resume();
        send(response, 404, { detail: "Not Found" });
        return;
    }
    try {
        send(response, 200, await review(request));
    } catch (error) {
        if (error instanceof BadRequest) {
            send(response, 400, { detail: error.message });
        } else if (!request.destroyed || request.complete) {
            console.error(error);
            send(response, 500, { detail: "Internal Server Error" });
        } // else the client is gone
    }
}

const server = createServer(handle);
server.keepAliveTimeout = 75_000;
server.listen({ port: Number(process.env.PORT), host: "127.0.0.1",
    backlog: 2048 });
