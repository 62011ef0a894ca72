#!/usr/bin/python3
"""
Proves that nothing is loaded, converted or saved any more when the client of a
task has gone, whenever that is, when its time is over, or when one of its
documents cannot be had; that a reload waits for it; and that a report is saved
as it was told, or the client is told that it was not.
"""

import asyncio
import json
import os
import random
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from bucket import etag_of
from harness import LONG, SLOW, Tap, exchange, wait_for
from sources import (EVENTS, LINES, MARKDOWN, complete, is_problem, post,
                     reply_of, report_of, run, scanned, text_of, told, until,
                     upload)

PIECE = 256 * 1024              # what a loaded document is kept in
AT_ONCE = 20 * SLOW
GROWTH = 16 * 1024              # KB that a worker may grow by


# clients that go

ABORTED = [
    ("a URL says nothing", {"url": "/hang"}, None),
    ("a URL is slow", {"url": "/drip"}, None),
    ("a URL falls silent", {"url": "/file/big?stall"}, None),
    ("the store says nothing", {"object": "hang"}, None),
    ("the store falls silent", {"object": "stall/big"}, None),
    ("an object is converted", {"object": "waits.pdf"}, None),
    ("an upload is converted", upload(scanned("hang")), None),
    ("a body is converted", None, None),
    ("the report is saved", "abc", {"object": "hang/report.json"}),
]


def ready_to_abort(task, source, result):
    if source is None:
        return post(scanned("hang"), kind="application/pdf")
    if isinstance(source, dict) and "url" in source:
        source = {"url": task.url(source["url"])}
    body = {"document": source, "references": ["abc"]}
    if result:
        body["result"] = result
    return post(body, EVENTS if result else "")


async def gone(task, cases, how="close"):
    """seconds until nothing is loaded any more, for these clients"""
    writers = []
    for _, source, result in cases:
        _, writer = await asyncio.open_connection("127.0.0.1", task.port)
        writer.write(ready_to_abort(task, source, result))
        writers.append(writer)
    begun = await until(lambda: task.running() == len(cases))
    await asyncio.sleep(0.03)
    started = time.monotonic()
    for writer in writers:
        (writer.close if how == "close" else writer.transport.abort)()
    ended = await until(lambda: task.running() == 0)
    return begun and ended and time.monotonic() - started


async def aborted(task):
    task.put("good", b"abc")
    task.put("text", text_of(1000).encode(), "text/plain")
    task.put("big", text_of(3 << 20).encode())
    task.put("waits.pdf", scanned("hang"))
    for case in ABORTED:
        for how in "close", "reset":
            took = await gone(task, [case], how)
            Tap.ok(took and took < AT_ONCE, "%s while %s" % (how, case[0]),
                   took)
    worker = task.nginx.workers()
    await gone(task, ABORTED)
    before = task.nginx.rss()
    took = [await gone(task, ABORTED) for _ in range(6)]
    grown = task.nginx.rss() - before
    Tap.ok(all(took) and max(took) < AT_ONCE, "many at a time", took)
    Tap.ok(task.nginx.workers() == worker and (SLOW > 1 or grown < GROWTH),
           "after %d clients that went, no memory is lost"
           % (6 * len(ABORTED)), grown)
    print("# %d KB" % grown)
    Tap.ok(complete(await report_of(task, {"object": "good"})),
           "and the next task is served")


async def whenever(task):
    """clients that go at any moment, on threads and elsewhere"""
    rng = random.Random(5)
    workers = task.nginx.workers()
    task.put("scan", scanned() * 20)
    big = task.bucket.objects["big"][0]
    task.put("some", big[:PIECE * 2].decode(errors="ignore").encode())
    ways = [{"object": "big"}, {"url": task.file("big", "chunked")},
            upload(big), {"object": "scan"}, {"url": task.file("scan")},
            upload(scanned() * 5), {"object": "some"}]

    async def client(_):
        _, writer = await asyncio.open_connection("127.0.0.1", task.port)
        writer.write(post({"document": rng.choice(ways), "references":
                           [rng.choice(ways[3:])],
                           "select": {"mode": "top_k", "k": 1},
                           "result": {"object": "report.md"}},
                          rng.choice(["", EVENTS])))
        await asyncio.sleep(rng.random() * 0.2 * SLOW)
        rng.choice([writer.close, writer.transport.abort])()

    for _ in range(8 if LONG else 3):
        await asyncio.gather(*(client(n) for n in range(6)))
    Tap.ok(await until(lambda: task.running() == 0),
           "clients that go at any moment leave no transfer", task.running())
    reply = await report_of(task, ways[0], references=[ways[3]],
                            select={"mode": "top_k", "k": 1})
    Tap.ok(reply[1]["status"] == "partial" and reply[1]["cells"]
           and task.nginx.workers() == workers,
           "and the same worker serves the next task", str(reply)[:300])


async def reloaded(task):
    text = text_of(1000)
    task.put("slow", text.encode(), "text/plain")
    old = task.nginx.workers()
    work = asyncio.create_task(report_of(
        task, {"url": task.file("slow", "slow")}, references=[
            {"object": "slow/slow"}], result={"object": "reloaded.json"}))
    await until(lambda: task.running() == 2)
    await asyncio.get_running_loop().run_in_executor(None, task.nginx.reload)
    reply = await work
    Tap.ok(complete(reply) and reply[1]["result"]["saved"]
           and "reloaded.json" in task.bucket.objects,
           "a reload while a task loads: it ends whole", reply)
    Tap.ok(wait_for(lambda: not set(old) & set(task.nginx.workers())),
           "and the old worker ends")


async def unwanted(task):
    """one document cannot be had: the others are not waited for"""
    task.put("big pdf", scanned() * 80, "application/pdf")
    for name, path, others in (
            ("loaded", "/v1/task/", [{"object": "stall/big"},
                                     {"url": task.url("/hang")}]),
            ("converted", "/v1/task/", [{"object": "waits.pdf"}] * 2),
            ("sent to the converter", "/deaf/", [{"object": "big pdf"}] * 2),
            ("looked at", "/v1/task/", [upload(task.bucket.objects["big"]
                                               [0])] * 2)):
        started = time.monotonic()
        reply = await reply_of(task, {
            "document": others[0],
            "references": [others[1], {"url": task.url("/late404")}]},
            path=path)
        took = time.monotonic() - started
        Tap.ok(is_problem(reply, 422, "/references/1/url", "http_404")
               and took < 0.5 + AT_ONCE, "unwanted: others are %s" % name,
               (took, reply))
        Tap.ok(await until(lambda: task.running() == 0),
               "unwanted: no transfer goes on", task.running())

    # what does not fit into sockets is sent while it is given up

    reply = await report_of(task, {"object": "big pdf"}, "/deaf/")
    Tap.ok(is_problem(reply, 504, "/document/object", "not made text"),
           "a converter that does not read", reply)


async def many(task):
    """tasks side by side"""
    text = text_of(3000)
    task.put("m", text.encode(), "text/plain")
    task.put("m.pdf", scanned())
    ways = [{"object": "m"}, {"url": task.file("m")}, upload(text.encode()),
            {"object": "m.pdf"}, {"url": task.file("m.pdf", "chunked")}]
    replies = await asyncio.gather(*(
        report_of(task, ways[n % 5], references=[ways[n // 5 % 5], ways[2]],
                  result={"object": "many/%d.json" % n}) for n in range(50)))
    bad = [reply for reply in replies if not complete(reply)
           or not reply[1]["result"]["saved"]]
    Tap.ok(not bad, "fifty tasks side by side", bad[:1])
    reports = [told((200, json.loads(task.bucket.objects["many/%d.json" % n]
                                     [0]))) for n in range(50)]
    Tap.ok(reports == [told(reply) for reply in replies],
           "and each has its own report")


async def late(task):
    """the time is over while documents load"""
    calls = await task.calls()
    cases = [{"url": task.url("/hang")}, {"url": task.url("/drip")},
             {"object": "hang"}, {"object": "stall/big"},
             {"object": "waits.pdf"}]

    async def one(source):
        started = time.monotonic()
        reply = await reply_of(task, {
            "document": "abc", "references": [{"object": "good"}, source],
            "deadline": 1, "result": {"object": "late.json"}},
            random.Random(str(source)).choice((EVENTS, LINES, "")))
        took = time.monotonic() - started
        Tap.ok(reply[0] == 504 == reply[1].get("status") and 0.9 < took
               < 1 + AT_ONCE, "late: %s" % source, (took, reply))

    await asyncio.gather(*(one(case) for case in cases))
    Tap.ok(await until(lambda: task.running() == 0), "no transfer goes on",
           task.running())
    Tap.ok(await task.calls() == calls and "late.json"
           not in task.bucket.objects, "the LLM is not asked, nothing saved")


# the report, saved

def as_told(reply):
    """of a reply in whatever form: its report, or None"""
    if b"event: done" in reply:
        reply = reply.partition(b"event: done\ndata: ")[2].partition(b"\n")[0]
    elif b'{"report":' in reply:
        return json.loads(reply.partition(b'{"report":')[2].partition(
            b"}\n")[0])
    return json.loads(reply)


def unchunked(body):
    out = []
    while body:
        size, _, body = body.partition(b"\r\n")
        size = int(size or b"0", 16)
        out.append(body[:size])
        body = body[size + 2:]
    return b"".join(out)


async def saved(task):
    for headers in "", EVENTS, LINES:
        name = "报告/%d .json" % len(headers)
        status, body = await exchange(task.port, post(
            {"document": {"object": "text", "id": "t"}, "result":
             {"object": name}}, headers))
        report = as_told(unchunked(body) if headers else body)
        data, kind = task.bucket.objects.get(name, (b"{}", None))
        Tap.ok(report["result"] == {"object": name, "saved": True,
                                    "etag": etag_of(data)},
               "saved: the reply tells it", report.get("result"))
        Tap.ok(kind == "application/json" and told((200, json.loads(data)))
               == told((status, report)) and "result" not in json.loads(data),
               "saved: what was told", data[:300])

    for name, form, markdown in (("a.md", None, True), ("a.MD", None, False),
                                 ("a.json", "markdown", True), (
                                     "b.md", "json", False)):
        result = {"object": name, **({"format": form} if form else {})}
        status, body = await reply_of(task, {"document": {"object": "text"},
                                             "result": result})
        data, kind = task.bucket.objects.get(name, (b"", None))
        Tap.ok(complete((status, body)) and body["result"]["saved"] and kind ==
               ("text/markdown; charset=utf-8" if markdown
                else "application/json"),
               "saved: %s, %s" % (name, form), (status, body, kind))
        plain = {"document": {"object": "text"}}
        _, told_so = await exchange(task.port, post(plain, MARKDOWN))
        Tap.ok(data == told_so if markdown else told((200, json.loads(data)))
               == told((status, body)), "saved: %s is as it is told" % name,
               data[:300])

    # of many chunks: such a report lies in a temporary file

    for name, headers in ("large.json", ""), ("large.md", EVENTS):
        status, body = await exchange(task.port, post(
            {"document": text_of(300000), "split": {"max_chars": 60},
             "result": {"object": name}}, headers))
        report = as_told(unchunked(body) if headers else body)
        data, _ = task.bucket.objects.get(name, (b"{}", None))
        Tap.ok(len(data) > 600 * 1000 and report["result"]["saved"]
               and report["result"]["etag"] == etag_of(data)
               and (headers or told((200, json.loads(data)))
                    == told((status, report))),
               "saved: %s is whole" % name, len(data))

    # a markdown reply has no place to tell it

    status, body = await exchange(task.port, post(
        {"document": "abc", "result": {"object": "c.json"}}, MARKDOWN))
    Tap.ok(status == 200 and body.startswith(b"#") and json.loads(
        task.bucket.objects["c.json"][0])["status"] == "complete",
           "saved: JSON, and told as Markdown", body[:200])

    reply = await report_of(task, "abc", rubric="failing",
                            result={"object": "failed.json"})
    Tap.ok(reply[0] == 502 and reply[1]["result"]["saved"] and json.loads(
        task.bucket.objects["failed.json"][0])["status"] == "failed",
           "saved: also of a review that failed", reply)
    reply = await report_of(task, text_of(9000), rubric="late", deadline=1,
                            split={"max_chars": 1000},
                            result={"object": "partial.json"})
    data = json.loads(task.bucket.objects["partial.json"][0])
    Tap.ok(reply[0] == 200 and reply[1]["status"] == "partial"
           and told((200, data)) == told(reply) and reply[1]["result"]
           ["saved"], "saved: also when the time is over",
           (reply[0], reply[1]["status"]))


async def unsaved(task):
    async def one(path, key, code, headers, **members):
        status, body = await exchange(task.port, post(
            dict({"document": "abc", "result": {"object": key}}, **members),
            headers, path))
        report = as_told(unchunked(body) if headers else body)
        result = report.get("result", {})
        error = result.get("error", {})
        Tap.ok(status == 200 and report["status"] == "complete"
               and result.get("object") == key and result["saved"] is False
               and error.get("code") == "store"
               and code in json.dumps(error), "unsaved: %s%s" % (path, key),
               result)

    def lines():
        return task.nginx.error_log().count("a report is not saved")

    before = lines()
    cases = [("/v1/task/", "status/500/InternalError", "InternalError"),
             ("/v1/task/", "status/403/AccessDenied", "AccessDenied"),
             ("/hasty/", "hang", "timeout"), ("/down/", "x", "connect")]
    start = time.monotonic()
    await asyncio.gather(
        one("/v1/task/", "hang", "deadline", "", deadline=1),
        *(one(*case, headers) for case in cases
          for headers in ("", EVENTS, LINES)))
    Tap.ok(time.monotonic() - start < 60 * SLOW, "unsaved: 10 s are enough")
    Tap.ok(lines() - before == 3 * len(cases) + 1,
           "unsaved: the error log tells it", lines() - before)
    asked = task.bucket.asked
    reply = await report_of(task, "abc", "/closed/", result={"object": "a"})
    Tap.ok(is_problem(reply, 422, "/result/object", "no store"),
           "unsaved: there is no store", reply)
    reply = await report_of(task, {"object": "nothing"}, result={
        "object": "a"})
    asked = [a for a in task.bucket.asked if a.startswith("PUT")]
    Tap.ok(reply[0] == 422 and not asked, "of a problem nothing is saved",
           (reply, asked))


run(aborted, whenever, unwanted, late, many, saved, unsaved, reloaded)
Tap.end()
