"""Tasks: their reports, what chunks' reviews reply, and what is looked for."""

import json
import os
import random
import tempfile

import harness
from answers import HAN, compact, some
from bodies import many
from rows import backend, row

MB = 1 << 20
RULES = 25
CHUNKS = harness.free_port()
HTTP = """
    review_rubric many %s;
    server {
        listen 127.0.0.1:%d;
        location / { review many; }
    }
"""
SERVER = """
        location = /v1/report {
            review_task many;
            review_chunk_uri /chunk;
        }
        location = /v1/replies {
            review_task many;
            review_chunk_uri /backend;
        }
        location = /chunk {
            internal;
            proxy_pass http://127.0.0.1:%d;
            proxy_http_version 1.1;
        }
""" % CHUNKS


def rubric():
    name = os.path.join(tempfile.mkdtemp(), "rubric.json")
    os.chmod(os.path.dirname(name), 0o755)
    with open(name, "w") as f:
        json.dump({"name": "many", "version": "1", "points": [
            {"id": "p%d" % i, "title": "审核点 %d" % i, "rule": {
                "pattern": r"第%d项[^。]*。" % i, "match": "fail",
                "reason": "规则 %d 所禁止的，在此处出现。" % i}}
            for i in range(RULES)]}, f)
    return name


HTTP %= rubric(), CHUNKS


def document(chunks):
    return "\n\n".join("第 %d 段：" % n + "".join(
        "第%d项为%d号，𠮷。" % (i, n) for i in range(RULES))
        for n in range(chunks))


async def task(nginx, path, text, accept="application/json", status=200,
               references=(), **more):
    return await nginx.post(path, dict({
        "document": {"id": "标书", "text": text},
        "references": [{"id": "r%d" % i, "text": reference}
                       for i, reference in enumerate(references)]}, **more),
        status, "Accept: %s\r\n" % accept)


@row("Cells that are asked past caches", "client",
     "500,000", "event loop", "t/unit/request/task_request.c", HTTP, SERVER)
async def fresh(nginx):
    for n in 500000, 900000:
        await nginx.post("/v1/report", many(
            b'{"document":"a","fresh":[', n, b'"c9/p%d"' % (RULES - 1)), 422)


@row("A report of 2,000 chunks, 25 points", "client, rubric",
     "20,000 chunks; `review_max_points`", "thread",
     "t/http/task/task_report_test.py", HTTP, SERVER)
async def report(nginx):
    text = document(2000)
    for accept in "application/json", "text/markdown", "text/event-stream":
        await task(nginx, "/v1/report", text, accept,
                   split={"max_chars": 400})


def reply(results, **more):
    return compact(dict({"id": "c1", "status": "complete", "results": results,
                         "usage": {"calls": 1, "retries": 0,
                                   "prompt_tokens": 1,
                                   "completion_tokens": 1}}, **more)).encode()


def result(point, evidence):
    return {"point": point, "status": "ok", "attempts": 1, "elapsed_ms": 1,
            "finding": {"verdict": "fail", "severity": "major", "reason": "r",
                        "suggestion": "", "confidence": 0.9, "grounded": False,
                        "needs_human": True, "evidence": evidence}}


def nowhere(quote):
    return {"quote": quote, "source": None, "start": None, "end": None,
            "match": "none", "heading": []}


def points(evidence):
    return [result("p%d" % i, evidence(i)) for i in range(RULES)]


def event(name, data):
    return b"event: %s\ndata: %s\n\n" % (name.encode(), data)


@row("The reply to a chunk", "reviewer of chunks", "8 MB", "thread",
     "t/http/task/task_chunks_test.py", HTTP, SERVER)
async def replies(nginx):
    whole = (200, 502)
    objects = reply(points(lambda i: []), more=[{}] * 199000)
    numbers = reply(points(lambda i: []), more=[0] * 900000)
    quotes = reply(points(lambda i: [nowhere("甲%d" % n)
                                     for n in range(3000)]))
    long = reply(points(lambda i: [nowhere("甲" * (100 << 10))]))
    for body in objects, numbers, quotes, long:
        async with backend(body[:8 * MB]):
            await task(nginx, "/v1/replies", "甲方。", status=whole)
        async with backend(event("done", body), "text/event-stream"):
            await task(nginx, "/v1/replies", "甲方。", status=whole)


@row("News of a chunk's review", "reviewer of chunks", "64 KB", "event loop",
     "t/http/task/task_chunks_test.py", HTTP, SERVER)
async def news(nginx):
    waits = event("progress", b'{"done":0,"total":25,"waiting":"llm"}')
    large = event("result", b'{"point":"p0","status":"failed","more":[%s]}'
                  % b",".join([b"0"] * 900000))
    done = event("done", reply(points(lambda i: [])))
    async with backend(waits + 4 * large + done, "text/event-stream"):
        await task(nginx, "/v1/replies", "甲方。", status=(200, 502))


@row("Quotes looked for elsewhere in a task", "reviewer of chunks",
     "8 MB of each reply", "thread", "t/unit/report/elsewhere.c", HTTP, SERVER)
async def elsewhere(nginx):
    text = "\n\n".join(some(HAN + "0123456789", 390, n) for n in range(5000))
    quotes = points(lambda i: [nowhere(some(HAN, 40, i * 64 + n))
                               for n in range(64)])
    async with backend(reply(quotes)):
        await task(nginx, "/v1/replies", text, status=(200, 502))
    digits = points(lambda i: [nowhere(some("0123456789", 3900, i * 64 + n))
                               for n in range(64)])
    async with backend(reply(digits)):
        await task(nginx, "/v1/replies", document(5), status=(200, 502),
                   references=[some("0123456789", 60, n)
                               for n in range(1000)])


@row("The documents of a task", "client", "64 MB; `review_max_text_size`",
     "thread", "t/http/task/task_test.py", HTTP, SERVER)
async def documents(nginx):
    async with backend(reply(points(lambda i: []))):
        await task(nginx, "/v1/replies", "甲" * (20 * MB), status=(200, 422),
                   split={"max_chars": 8000})
