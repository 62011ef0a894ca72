"""
What the two Python services have in common: the rubric, what the LLM is
asked, how its answer is read, and the reply.  They differ in how they wait.

LLM_URL is the URL of the chat completions, RUBRIC and PROMPT are the paths
of rubric.json and prompt.json.
"""

import json
import os
import random
import time
from typing import Optional

from fastapi import FastAPI
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StrictStr

LLM_URL = os.environ["LLM_URL"]
MODEL = "stand-in"
HEADERS = {"Content-Type": "application/json"}

TIMEOUT = 60                # seconds, of one try
TRIES = 3
BACKOFF = 0.5               # seconds before the second try, then doubled

VERDICTS = ("pass", "risk", "fail", "not_applicable", "unsure")
SEVERITIES = ("fatal", "major", "minor", "info")
TOKENS = ("prompt_tokens", "completion_tokens")


class Chunk(BaseModel):
    id: Optional[StrictStr] = None
    text: StrictStr = Field(min_length=1)


class ReviewRequest(BaseModel):
    chunk: Chunk


class Reply(JSONResponse):
    """JSON, even if a text has half of a surrogate pair in it"""

    def render(self, content):
        return encode(content)


class CallError(Exception):
    """A try that failed; again: another one may be worth it."""

    def __init__(self, code, detail, again=True):
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.again = again


def encode(value):
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace")


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


RUBRIC = load(os.environ["RUBRIC"])
PROMPT = load(os.environ["PROMPT"])
POINTS = RUBRIC["points"]


def make_app():
    app = FastAPI(openapi_url=None)

    @app.exception_handler(RequestValidationError)
    async def bad_request(request, error):
        return Reply({"detail": jsonable_encoder(error.errors())}, 400)

    return app


# What the LLM is asked


def user_message(point, text):
    # the text goes in last: it may have such markers of its own
    return (PROMPT["user"]
            .replace("{title}", point["title"])
            .replace("{severity}", point["severity"])
            .replace("{question}", point["question"])
            .replace("{chunk}", text))


def call_body(point, text):
    return encode({
        "model": MODEL,
        "messages": [
            {"role": "system", "content": PROMPT["system"]},
            {"role": "user", "content": user_message(point, text)},
        ],
        "temperature": 0.0,
        "stream": False,
    })


# What it answers


def check_status(status):
    if status == 429:
        raise CallError("rate_limited", "the LLM answered 429")
    if status != 200:
        raise CallError(f"http_{status}", f"the LLM answered {status}",
                        again=status >= 500)


def parse_object(text, code, what):
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise CallError(code, f"{what} is not JSON") from None
    if not isinstance(value, dict):
        raise CallError(code, f"{what} is not a JSON object")
    return value


def content_of(completion):
    try:
        content = completion["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise CallError("bad_json", "not a chat completion") from None
    if not isinstance(content, str):
        raise CallError("bad_answer", "the answer has no content")
    return content


def text_of(answer, name):
    value = answer.get(name)
    return value if isinstance(value, str) else ""


def confidence_of(answer):
    value = answer.get("confidence")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return min(1.0, max(0.0, value))        # in this order NaN becomes 0


def evidence_of(answer):
    quotes = answer.get("quote")
    if not isinstance(quotes, list):
        quotes = [quotes]
    return [{"quote": quote, "source": "chunk"} for quote in quotes
            if isinstance(quote, str) and quote]


def finding_of(content, point):
    answer = parse_object(content, "bad_answer", "the answer")
    verdict = answer.get("verdict")
    if verdict not in VERDICTS:
        raise CallError("bad_answer", "the answer has no valid verdict")
    severity = answer.get("severity")
    return {
        "verdict": verdict,
        "severity": severity if severity in SEVERITIES else point["severity"],
        "reason": text_of(answer, "reason"),
        "suggestion": text_of(answer, "suggestion"),
        "confidence": confidence_of(answer),
        "evidence": evidence_of(answer),
    }


class Call:
    """One point of a review: what is asked, and what has come of it."""

    def __init__(self, point, text, started):
        self.point = point
        self.body = call_body(point, text)
        self.started = started
        self.attempts = 0
        self.model = None
        self.tokens = dict.fromkeys(TOKENS, 0)
        self.finding = None
        self.error = None

    def pauses(self):
        """the seconds to wait before each try that is worth making"""

        while True:
            yield backoff(self.attempts)
            self.attempts += 1
            if self.finding is not None:
                return
            if self.attempts == TRIES or not self.error.again:
                return

    def read(self, status, body):
        """raises CallError"""

        check_status(status)
        completion = parse_object(body, "bad_json", "the response")
        self.count(completion)
        self.finding = finding_of(content_of(completion), self.point)

    def count(self, completion):
        model = completion.get("model")
        self.model = model if isinstance(model, str) else None
        usage = completion.get("usage")
        if not isinstance(usage, dict):
            return
        for name in TOKENS:
            if isinstance(usage.get(name), int):
                self.tokens[name] += usage[name]

    def result(self):
        result = {
            "point": self.point["id"],
            "status": "failed",
            "attempts": self.attempts,
        }
        if self.finding is None:
            result["error"] = {"code": self.error.code,
                               "detail": self.error.detail}
            return result
        result["status"] = "ok"
        result["elapsed_ms"] = milliseconds_since(self.started)
        result["model"] = self.model
        result["usage"] = with_total(self.tokens)
        result["finding"] = self.finding
        return result


def backoff(attempts):
    """half of it is chance: what failed together shall not come together"""

    if attempts == 0:
        return 0
    delay = BACKOFF * 2 ** (attempts - 1)
    return random.uniform(delay / 2, delay)


# The reply


def make_calls(request, started):
    return [Call(point, request.chunk.text, started) for point in POINTS]


def make_reply(request, calls, results, started):
    return Reply({
        "id": request.chunk.id,
        "rubric": {"name": RUBRIC["name"], "version": RUBRIC["version"]},
        "status": status_of(results),
        "results": results,
        "usage": usage_of(calls),
        "elapsed_ms": milliseconds_since(started),
    })


def status_of(results):
    ok = sum(result["status"] == "ok" for result in results)
    if ok == len(results):
        return "complete"
    return "partial" if ok else "failed"


def usage_of(calls):
    attempts = sum(call.attempts for call in calls)
    tokens = {name: sum(call.tokens[name] for call in calls)
              for name in TOKENS}
    return {"calls": attempts, "retries": attempts - len(calls),
            **with_total(tokens)}


def with_total(tokens):
    return {**tokens, "total_tokens": sum(tokens.values())}


def milliseconds_since(started):
    return round((time.monotonic() - started) * 1000)
