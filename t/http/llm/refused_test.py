#!/usr/bin/python3
"""
Proves that what an LLM's server refuses is told once in the error log, with the
line of configuration that helps, but for what a point has set, and never in the
server's words, which may quote the text; that a prompt over the model's context
is asked once more without max_tokens, where there were any, whoever has set
them, and is too_large then, whatever status the server says it with, or asked
of the fallback; and that no max_tokens are sent which nobody has set.
"""

import asyncio
import http.server
import json
import os
import re
import sys
import threading

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, Tap, exchange, free_port, wait_for

HTTP = """
    review_llm /azure;
    review_retry tries=3 backoff=1ms budget=1000%;
"""

LOCATION = """
        location = /%(name)s {
            internal;
            proxy_pass http://127.0.0.1:%(port)d/%(name)s;
        }
        location = /review/%(name)s { review; review_llm /%(name)s %(how)s; }
"""

MORE = """
        location = /review/params {
            review;
            review_llm /bounded;
            review_llm_param max_tokens 7;
        }
        location = /review/falls {
            review;
            review_llm /context name=small fallback=large;
            review_llm /large name=large;
        }
"""

# how servers refuse, in words that were seen of them

SECRET = "甲方 will pay 12,345 to temperature"

CONTEXT = ("This model's maximum context length is 16384 tokens. However, you "
           "requested 19591 tokens (9591 in the messages, 10000 in the "
           "completion). Please reduce the length of the messages or "
           "completion.")
LLAMA = {"error": {
    "code": 500, "message": "the request exceeds the available context size. "
    "try increasing the context size or enable context shift",
    "type": "exceed_context_size_error", "n_prompt_tokens": 1407,
    "n_ctx": 256}}

REFUSED = {
    "azure": (400, {"error": {
        "message": "Unrecognized request argument supplied: stream_options",
        "type": "invalid_request_error", "param": None, "code": None}}),
    "mistral": (422, {"object": "error", "message": {"detail": [{
        "type": "extra_forbidden", "loc": ["body", "stream_options"],
        "msg": "Extra inputs are not permitted",
        "input": {"include_usage": True}}]}, "type": "invalid_request_error"}),
    "kimi": (400, {"error": {
        "message": "invalid temperature: only 1 is allowed for this model",
        "type": "invalid_request_error"}}),
    "deepseek": (400, {"error": {
        "message": "This response_format type is unavailable now",
        "type": "invalid_request_error", "param": None,
        "code": "invalid_request_error"}}),
    "quoting": (400, {"object": "error", "code": 400,
                      "message": "stop_words of \"%s\" are wrong: 'top_p'"
                                 % SECRET}),
    "topped": (400, {"error": {"message": "invalid top_p"}}),
    "hot": (400, {"error": {"message": "invalid temperature"}}),
    "unknown": (400, {"error": {"message": "Bad request: " + SECRET}}),
    "context": (400, {"object": "error", "message": CONTEXT, "code": 400,
                      "type": "BadRequestError", "param": None}),
    "llama": (500, LLAMA),
    "inside": (200, LLAMA),
}

# what is told; "how" is of the directive

TOLD = {
    "azure": ("", 'refuses "stream_options" as it is sent: set '
                  '"review_llm_param stream_options off;" for the '
                  '"review_llm" in '),
    "mistral": ("name=m", 'set "review_llm_param llm=m stream_options off;"'),
    "kimi": ("", 'set "review_llm_param temperature off;"'),
    "deepseek": ("schema=on", 'refuses "response_format" as it is sent: set '
                              '"schema=object" of "review_llm" in '),
    "quoting": ("", 'set "review_llm_param top_p off;"'),
}


class Service(http.server.BaseHTTPRequestHandler):
    seen = []

    def do_POST(self):
        data = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append(data)
        name = self.path[1:]
        status, body = REFUSED.get(name, (200, None))

        # one that only takes less

        if name == "bounded":
            if "max_tokens" in data:
                status, body = REFUSED["context"]

        if body is None:
            body = {"model": "m", "choices": [{
                "index": 0, "finish_reason": "stop", "message": {
                    "role": "assistant",
                    "content": '{"verdict": "pass", "reason": "r"}'}}]}

        body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def ask(h, name, points=1, **more):
    """the results, and what the service has seen of the calls"""
    del Service.seen[:]
    data = json.dumps({"chunk": SECRET, "points": [
        dict(more, id=str(i), question="q") for i in range(points)]}).encode()
    _, reply = asyncio.run(exchange(h.port, (
        "POST /review/%s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % (name, len(data))).encode() + data))
    return json.loads(reply)["results"], Service.seen[:]


def told(h, name):
    return [line for line in h.error_log().splitlines()
            if 'the LLM at "/%s" refuses' % name in line]


def check_told(h):
    for name, (how, words) in TOLD.items():
        results, seen = ask(h, name, 3)
        results += ask(h, name, 2)[0]
        code = "http_%d" % REFUSED[name][0]
        Tap.ok([r["error"]["code"] for r in results] == [code] * 5,
               "%s: refused as ever" % name, results)
        lines = told(h, name)
        Tap.ok(len(lines) == 1 and words in lines[0] and "[error]" in lines[0],
               "and told once, with what helps", lines)
        with open(h.conf) as conf:
            line = 1 + [bool(re.search(r"review_llm /%s\b.*; }" % name, l))
                        for l in conf].index(True)
        Tap.ok(re.search(r"nginx\.conf:%d\b" % line, "".join(lines)),
               "and where", lines)

    for name, member in (("topped", {"params": {"top_p": 0.5}}),
                         ("hot", {"temperature": 0.5})):
        (result,), _ = ask(h, name, **member)
        Tap.ok(result["error"]["code"] == "http_400"
               and result["error"]["detail"] and not told(h, name),
               "%s: what the point has set is told by its result" % name,
               (result, told(h, name)))
        ask(h, name)
        Tap.ok(len(told(h, name)) == 1, "and else in the log", told(h, name))

    ask(h, "unknown")
    Tap.ok(told(h, "unknown") == [], "what names nothing is not told")
    Tap.ok(SECRET not in h.error_log() and "甲方" not in h.error_log(),
           "nor is anything of the text")

    h.renew()
    ask(h, "azure")
    Tap.ok(wait_for(lambda: len(told(h, "azure")) == 2),
           "after a reload it is told again", told(h, "azure"))


def check_context(h):
    words = "the prompt is over the model's context: "

    (result,), seen = ask(h, "bounded", max_tokens=1000)
    Tap.ok(result["status"] == "ok" and result["attempts"] == 2,
           "a prompt that leaves no room for max_tokens is asked without them",
           result)
    Tap.ok([s.get("max_tokens") for s in seen] == [1000, None],
           "once more", seen)

    (result,), seen = ask(h, "params")
    Tap.ok(result["status"] == "ok"
           and [s.get("max_tokens") for s in seen] == [7, None],
           "so it is with those of the LLM", seen)

    (result,), seen = ask(h, "falls", max_tokens=1000)
    Tap.ok(result["status"] == "ok"
           and [s.get("max_tokens") for s in seen] == [1000, None, 1000],
           "what is over the context of one is asked of its fallback",
           (result, seen))

    (result,), seen = ask(h, "bounded")
    Tap.ok(result["status"] == "ok" and len(seen) == 1
           and not [m for s in seen for m in s if "tokens" in m],
           "none are sent that nobody has set", seen)

    (result,), seen = ask(h, "context", max_tokens=1000)
    Tap.ok(result["error"]["code"] == "too_large"
           and result["error"]["detail"].startswith(words + CONTEXT[:100])
           and [s.get("max_tokens") for s in seen] == [1000, None],
           "one that is too long by itself is too_large", (result, seen))

    (result,), seen = ask(h, "context")
    Tap.ok(result["error"]["code"] == "too_large" and len(seen) == 1,
           "at once, where there were none", (result, len(seen)))
    Tap.ok(told(h, "context") == [], "which is no matter of the configuration")

    for name in "llama", "inside":
        (result,), seen = ask(h, name)
        Tap.ok(result["error"]["code"] == "too_large" and len(seen) == 1
               and result["error"]["detail"].startswith(words + "the request "),
               "%s: with the status %d it is the same"
               % (name, REFUSED[name][0]), (result, len(seen)))


def main():
    port = free_port()
    service = http.server.ThreadingHTTPServer(("127.0.0.1", port), Service)
    threading.Thread(target=service.serve_forever, daemon=True).start()

    server = "".join(LOCATION % {"name": name, "port": port,
                                 "how": TOLD.get(name, ("",))[0]}
                     for name in [*REFUSED, "bounded", "large"])
    h = Harness(http=HTTP, server=server + MORE)

    check_told(h)
    check_context(h)

    bad = h.close()
    service.shutdown()
    Tap.ok(not bad, "no alerts", "\n".join(bad))
    Tap.end()


main()
