#!/usr/bin/python3
"""
Proves what a task makes of the replies to its chunks, whoever gives them: a
reply that failed, was cut, or is no reply, is asked for again, until the
deadline, and then the chunk has failed for a reason that is told; one that
refuses is believed at once; events and plain JSON are understood, however they
are cut to pieces; what is missing in a reply, or makes no sense, is a failed
cell, never a lost one.  Each try is told the time that is left then.  No more
chunks are under review at a time than may be, and what failed tries have told
is not kept.
"""

import asyncio
import collections
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, free_port, points, \
    reset_at_close

DOCUMENT = "甲方应当在三十日内付款。"
CALLS = 3
TRIES = 3
MB = 1 << 20

# what a worker may grow by, KB; a sanitizer keeps what was freed

GROWTH = 64 * 1024 if SLOW == 1 else 640 * 1024

HTTP = """
    client_max_body_size 64m;
    review_llm /llm;
    review_retry tries=%d backoff=10ms max=20ms budget=1000%%;
    review_rubric two %s;
"""
SERVER = """
        location /v1/task {
            review_task two;
            review_chunk_uri /chunk calls=%d;
        }
        location /v1/impatient {
            review_task two;
            review_chunk_uri /impatient;
        }
        location = /chunk {
            internal;
            proxy_pass http://127.0.0.1:%d;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
        location = /impatient {
            internal;
            proxy_pass http://127.0.0.1:%d;
            proxy_read_timeout 1500ms;
        }
"""


class Chunks:
    """a server of chunks' reviews: "script" says what each try is answered"""

    def __init__(self):
        self.port = free_port()
        self.reset([])

    def reset(self, script):
        self.script = script
        self.asked = []
        self.running = self.most = 0

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1",
                                                 self.port)

    async def serve(self, reader, writer):
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.partition("content-length: ")[2].split()[0])
            asked = json.loads(await reader.readexactly(size))
            self.asked.append((head, asked))
            self.running += 1
            self.most = max(self.most, self.running)
            do = self.script[min(len(self.asked), len(self.script)) - 1]
            await do(asked, writer)
            self.running -= 1
            writer.close()
        except (ConnectionError, asyncio.IncompleteReadError):
            self.running -= 1


# what a chunk endpoint replies

def finding(verdict="pass", **more):
    return {"verdict": verdict, "severity": "major", "reason": "理由",
            "suggestion": "", "confidence": 0.9, "evidence": [],
            "grounded": True, "needs_human": False, **more}


def result(point, **more):
    return {"point": point, "status": "ok", "attempts": 1, "elapsed_ms": 3,
            "finding": finding(), **more}


def reply_to(asked, results=None):
    """that to a chunk: by default all of its points pass"""
    if results is None:
        results = [result(point) for point in asked["points"]]
    return {"id": asked["chunk"]["id"], "status": "complete",
            "results": results,
            "usage": {"calls": len(results), "retries": 0,
                      "prompt_tokens": 5, "completion_tokens": 1}}


def dumps(value):
    return json.dumps(value, ensure_ascii=False).encode()


def event(name, value):
    return b"event: %s\ndata: %s\n\n" % (name.encode(), dumps(value))


def stream(*events, end="\n"):
    """a response of events, with no length: its end is that of the stream"""
    body = b"".join(events)
    if end != "\n":
        body = body.replace(b"\n", end.encode())
    return (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Connection: close\r\n\r\n" + body)


def response(status, body, kind="application/json"):
    return (b"HTTP/1.1 %d X\r\nContent-Type: %s\r\nContent-Length: %d\r\n"
            b"Connection: close\r\n\r\n" % (status, kind.encode(), len(body))
            ) + body


def send(data, pieces=1):
    """an answer of these bytes; or of what is made of the request"""
    async def do(asked, writer):
        text = data(asked) if callable(data) else data
        for i in range(pieces):
            writer.write(text[i * len(text) // pieces:
                              (i + 1) * len(text) // pieces])
            await writer.drain()
            if pieces > 1:
                await asyncio.sleep(0.001)
    return do


def events_of(asked, results=None):
    whole = reply_to(asked, results)
    return [b": ping\n\n"] + [
        e for i, r in enumerate(whole["results"]) for e in (
            event("result", r),
            event("progress", {"done": i + 1, "total": 2}))
    ] + [event("done", whole)]


def replies(results=None):
    """events, with these results"""
    return send(lambda asked: stream(*events_of(asked, results)))


GOOD = replies()
WHOLE = send(lambda asked: response(200, dumps(reply_to(asked))))
CRLF = send(lambda asked: stream(*events_of(asked), end="\r\n"))
BYTES = send(lambda asked: stream(*events_of(asked)), pieces=200)
CUT = send(lambda asked: stream(*events_of(asked)[:2]))
HALF = send(lambda asked: stream(*events_of(asked))[:-40])
HALF_JSON = send(lambda asked: response(200, dumps(reply_to(asked)))[:-40])
NOTHING = send(b"")
HTML = send(response(200, b"<html>a proxy's own page</html>", "text/html"))
EMPTY = send(response(200, b""))
OTHER = send(response(200, b'{"a":1}'))
LIST = send(response(200, b'[1]'))
UNAVAILABLE = send(response(503, b"{}"))
TOO_MANY = send(response(429, b"{}"))
TOO_LONG = send(response(429, b"{}").replace(b"\r\n",
                b"\r\nRetry-After: 9999\r\n", 1))
REFUSED = send(response(422, dumps({"status": 422, "detail": "no such rubric"}),
                        "application/problem+json"))
BAD = send(response(400, b"<html>"))
HUGE = send(lambda asked: response(200, b'{"results":[],"a":"' + b"x"
                                   * (9 * 1024 * 1024) + b'"}'))
HUGE_EVENT = send(lambda asked: stream(b"event: done\ndata: " + b"x"
                                       * (9 * 1024 * 1024) + b"\n\n"))




def large(asked):
    """read on a thread"""
    return [result(point, finding=finding(reason="由" * 200000, data={
        "values": list(range(20000))})) for point in asked["points"]]


LARGE = send(lambda asked: response(200, dumps(reply_to(asked, large(asked)))))
LARGE_EVENTS = send(lambda asked: stream(*events_of(asked, large(asked))))
LARGE_TORN = send(lambda asked: response(
    200, dumps(reply_to(asked, large(asked))).replace(b"0.9", b"0.9.9")))
LARGE_TORN_EVENTS = send(lambda asked: stream(
    *events_of(asked, large(asked))).replace(b"0.9", b"0.9.9"))
LARGE_CUT = send(lambda asked: stream(*events_of(asked, large(asked))[:2]))
LARGE_HALF = send(lambda asked: response(
    200, dumps(reply_to(asked, large(asked))))[:-1])


async def hang(asked, writer):
    await asyncio.sleep(300)


async def wait(asked, writer):
    await asyncio.sleep(0.05)
    await GOOD(asked, writer)


async def ask(nginx, document=DOCUMENT, path="/v1/task", **more):
    body = json.dumps({"document": document, **more}).encode()
    status, body = await exchange(nginx.port, (
        "POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % (path, len(body))).encode() + body)
    return status, json.loads(body)


async def case(nginx, chunks, name, script, tries, code, path="/v1/task"):
    """a chunk's cells, after so many tries, and those of later rounds if the
    failure may pass; code: None if all is well"""
    chunks.reset(script)
    passing = code not in (None, "too_large", "http_422", "http_400")
    more = {"deadline": 7 * SLOW if code == "call_timeout" else SLOW} \
        if passing else {}
    status, report = await ask(nginx, path=path, **more)
    states = {cell["status"] for cell in report["cells"]}
    codes = {cell.get("error", {}).get("code") for cell in report["cells"]}
    wanted = {"ok"} if code is None else {
        "timeout" if code == "call_timeout" else "failed"}
    good = 200 if code is None else 504 if code == "call_timeout" else 502
    Tap.ok(status == good and states == wanted and codes == {code}
           and len(report["cells"]) == 2, name, (status, report["cells"]))
    Tap.ok(len(chunks.asked) == tries
           or passing and len(chunks.asked) > tries,
           "%s: %d tries" % (name, tries), len(chunks.asked))
    return report


async def tries(nginx, chunks):
    for name, script, n, code in (
            ("events", [GOOD], 1, None),
            ("plain JSON", [WHOLE], 1, None),
            ("events with CRLF", [CRLF], 1, None),
            ("events in small pieces", [BYTES], 1, None),
            ("a large reply", [LARGE], 1, None),
            ("large events", [LARGE_EVENTS], 1, None),
            ("half of a large reply, then all", [LARGE_HALF, LARGE], 2, None),
            ("a large reply that is no JSON", [LARGE_TORN], 3, "cut"),
            ("a large reply that is no JSON, then one that is",
             [LARGE_TORN, LARGE], 2, None),
            ("large events that are none, then a small one",
             [LARGE_TORN_EVENTS, GOOD], 2, None),
            ("503, then a reply", [UNAVAILABLE, GOOD], 2, None),
            ("429 twice, then a reply", [TOO_MANY, TOO_MANY, GOOD], 3, None),
            ("cut after an event, then a reply", [CUT, GOOD], 2, None),
            ("cut in the last event, then a reply", [HALF, GOOD], 2, None),
            ("no byte, then a reply", [NOTHING, GOOD], 2, None),
            ("a page, then a reply", [HTML, GOOD], 2, None),
            ("half of JSON, then a reply", [HALF_JSON, WHOLE], 2, None),
            ("503", [UNAVAILABLE], 3, "http_503"),
            ("429", [TOO_LONG], 1, "rate_limited"),
            ("half of JSON", [HALF_JSON], 3, "cut"),
            ("no byte", [NOTHING], 3, "cut"),
            ("an empty body", [EMPTY], 3, "cut"),
            ("a page", [HTML], 3, "cut"),
            ("another object", [OTHER], 3, "cut"),
            ("a list", [LIST], 3, "cut"),
            ("too large a reply", [HUGE], 1, "too_large"),
            ("too large an event", [HUGE_EVENT], 1, "too_large"),
            ("a problem", [REFUSED], 1, "http_422"),
            ("a refusal that is no problem", [BAD], 1, "http_400")):
        await case(nginx, chunks, name, script, n, code)

    report = await case(nginx, chunks, "its detail", [REFUSED], 1, "http_422")
    Tap.ok(report["cells"][0]["error"]["detail"] == "no such rubric",
           "a problem's detail is told", report["cells"][0])
    await case(nginx, chunks, "silence", [hang], 3, "call_timeout",
               path="/v1/impatient")

    for name, script, asked in (
            ("cut: the result before it is kept, the other asked again",
             [CUT], [["p0", "p1"]] * 3 + [["p1"]] * 3),
            ("a large one: the same", [LARGE_CUT],
             [["p0", "p1"]] * 3 + [["p1"]] * 3),
            ("cut in the last event: all results are kept", [HALF],
             [["p0", "p1"]] * 3)):
        chunks.reset(script)
        status, report = await ask(nginx)
        Tap.ok(status == 200 and report["status"] == "complete"
               and [a["points"] for _, a in chunks.asked] == asked,
               name, (status, report["cells"]))


async def begin(asked, writer):
    """a large result, and then nothing"""
    await LARGE_CUT(asked, writer)
    await hang(asked, writer)


async def late_results(nginx, chunks):
    """what has come until the deadline is read, by a thread if it is large"""
    chunks.reset([begin])
    status, report = await ask(nginx, deadline=1)
    Tap.ok(status == 200
           and [c["status"] for c in report["cells"]] == ["ok", "timeout"],
           "a large result before the deadline is kept",
           (status, report["cells"]))
    Tap.ok(report["status"] == "partial", "the other is late",
           report["status"])


async def torn_at_last(nginx, chunks):
    """its time is over between two tries, or while a thread reads one"""
    for n in range(8):
        chunks.reset([LARGE_TORN])
        status, report = await ask(
            nginx, "".join("# %d\n\n%s。\n\n" % (i, "一" * 40)
                           for i in range(400)),
            split={"max_chars": 60}, deadline=1)
        states = {c["status"] for c in report["cells"]}
        if "timeout" in states:
            break
    Tap.ok(status in (502, 504) and states <= {"failed", "timeout"}
           and "timeout" in states and len(report["cells"]) == 800,
           "the deadline comes amid replies that are none", (status, states))


async def late_failure(asked, writer):
    await asyncio.sleep(0.4)
    await UNAVAILABLE(asked, writer)


async def left(nginx, chunks):
    """tries of one round, and of the next, which asks in the same words"""
    chunks.reset([late_failure] * TRIES + [late_failure, GOOD])
    status, report = await ask(nginx, deadline=600)
    told = [asked.pop("deadline") for _, asked in chunks.asked]
    Tap.ok(status == 200 and len(told) == TRIES + 2
           and all(asked == chunks.asked[0][1] for _, asked in chunks.asked),
           "late failures: asked again in the same words",
           (status, chunks.asked))
    Tap.ok(0 < told[-1] < told[0] <= 600
           and all(b <= a - 0.35 for a, b in zip(told, told[1:])),
           "and each try is told the time that is left then", told)


async def retries_are_counted(nginx, chunks):
    report = await case(nginx, chunks, "counted", [CUT, UNAVAILABLE, GOOD], 3,
                        None)
    Tap.ok(report["usage"]["calls"] == 2
           and report["usage"]["prompt_tokens"] == 5,
           "what the last reply says is counted once", report["usage"])


# what is in a reply

async def odd_results(nginx, chunks):
    for name, results, want in (
            ("none", [], ["failed", "failed"]),
            ("one only", [result("p0")], ["ok", "failed"]),
            ("another order", [result("p1"), result("p0")], ["ok", "ok"]),
            ("one twice", [result("p0"), result("p0", status="failed"),
                           result("p1")], ["ok", "ok"]),
            ("a point nobody asked for", [result("x"), result("p0"),
                                          result("p1")], ["ok", "ok"]),
            ("no objects", [1, None, [], "p0"], ["failed", "failed"]),
            ("no point", [{"status": "ok"}], ["failed", "failed"]),
            ("a status that is none", [result("p0", status="fine"),
                                       result("p1", status=1)],
             ["failed", "failed"]),
            ("ok without a finding", [result("p0", finding=None),
                                      result("p1", finding=[])],
             ["failed", "failed"]),
            ("a verdict that is none", [
                result("p0", finding=finding("maybe")),
                result("p1", finding=finding(7))], ["failed", "failed"]),
            ("numbers that are none", [
                result("p0", attempts=-1, elapsed_ms="x"),
                result("p1", attempts=1e300, finding=finding(
                    confidence="x"))], None),
            ("a failure", [result("p0"), {
                "point": "p1", "status": "failed", "attempts": 2,
                "elapsed_ms": 1, "error": {"code": "http_500",
                                           "detail": "x"}}],
             ["ok", "failed"]),
            ("a failure without an error", [result("p0"), {
                "point": "p1", "status": "timeout"}], ["ok", "failed"])):
        chunks.reset([replies(results)])
        status, report = await ask(nginx, deadline=SLOW)
        states = [cell["status"] for cell in report["cells"]]
        Tap.ok(len(states) == 2 and want in (None, states),
               "results: " + name, (status, report["cells"]))
        # what makes no sense is asked for once more
        n = 2 if "failed" in states else 1
        Tap.ok(len(chunks.asked) == n or name == "a failure",
               "results: %s: asked %d times"
               % (name, n), len(chunks.asked))


async def odd_evidence(nginx, chunks):
    """a quote is told where it stands, whatever a reply says of that"""
    for name, one, start in (
            ("right", {"quote": "应当", "source": "chunk", "start": 2,
                       "end": 4, "match": "exact"}, 2),
            ("wrong place", {"quote": "应当", "source": "chunk", "start": 3,
                             "end": 5, "match": "exact"}, 2),
            ("behind the end", {"quote": "应当", "source": "chunk",
                                "start": 2000, "end": 2002,
                                "match": "exact"}, 2),
            ("before the start", {"quote": "应当", "source": "chunk",
                                  "start": -2, "end": 0,
                                  "match": "exact"}, 2),
            ("turned around", {"quote": "应当", "source": "chunk", "start": 4,
                               "end": 2, "match": "exact"}, 2),
            ("huge", {"quote": "应当", "source": "chunk", "start": 2 ** 62,
                      "end": 2 ** 63 - 1, "match": "exact"}, 2),
            ("no numbers", {"quote": "应当", "source": "chunk", "start": "2",
                            "end": 4.5, "match": "exact"}, 2),
            ("nothing of it", {"quote": "不应", "source": "chunk", "start": 2,
                               "end": 4, "match": "exact"}, None)):
        chunks.reset([replies([result("p%d" % i, finding=finding(
            "fail", evidence=[one])) for i in range(2)])])
        status, report = await ask(nginx)
        found = [e["start"] for p in report["points"] for f in p["findings"]
                 for e in f["evidence"]]
        human = [f["needs_human"] for p in report["points"]
                 for f in p["findings"]]
        Tap.ok(status == 200 and found == [start] * 2
               and human == [name != "right"] * 2, "evidence: " + name,
               (report["cells"], found, human))


# what is asked, and how much at a time

async def requests(nginx, chunks):
    document = "# 甲\n\n" + "一" * 40 + "。\n\n## 乙\n\n" + "二" * 40 + "。\n"
    chunks.reset([GOOD])
    await ask(nginx, document, split={"max_chars": 60}, points=["p1"],
              vars={"who": "甲"}, references=[{"id": "法", "text": "丙方。"}])
    head, asked = chunks.asked[-1]
    Tap.ok("accept: text/event-stream" in head
           and "content-type: application/json" in head,
           "a chunk is sent as JSON, events are wanted", head)
    Tap.ok(asked["chunk"]["id"] == "c2"
           and asked["chunk"]["heading"] == ["甲", "乙"]
           and asked["chunk"]["text"].startswith("## 乙"),
           "with its id, heading, and text", asked["chunk"])
    Tap.ok(asked["rubric"] == "two" and asked["points"] == ["p1"]
           and asked["vars"] == {"who": "甲"}, "with what is asked of it",
           asked)
    Tap.ok(asked["references"] == [{"id": "法/c1", "text": "丙方。"}],
           "with clauses of the references", asked["references"])


async def at_a_time(nginx, chunks):
    chunks.reset([wait])
    document = "".join("# %d\n\n%s。\n\n" % (i, "一" * 40) for i in range(20))
    status, report = await ask(nginx, document, split={"max_chars": 60})
    Tap.ok(status == 200 and report["document"]["chunks"] == 20
           and report["status"] == "complete", "20 chunks", report["status"])
    Tap.ok(chunks.most == CALLS, "%d at a time" % CALLS, chunks.most)


# memory

def late(asked):
    """much, but not to the end"""
    large = result("p0", finding=finding(reason="x" * (MB // 4)))
    return stream(*[event("result", large)] * 8)


def at_last(do):
    """this, but for the last try of each chunk"""
    tries = collections.Counter()

    async def answer(asked, writer):
        tries[asked["chunk"]["id"]] += 1
        last = tries[asked["chunk"]["id"]] == TRIES
        await (GOOD if last else do)(asked, writer)
    return answer


async def growth(nginx, task):
    """KB, the most there is until then"""
    begun = most = nginx.rss()
    while not task.done():
        await asyncio.sleep(0.02)
        most = max(most, nginx.rss())
    return most - begun


async def memory(nginx, chunks):
    document = "".join("# %d\n\n%s。\n\n" % (i, "一" * 40) for i in range(50))
    chunks.reset([at_last(send(late))])
    task = asyncio.create_task(ask(nginx, document, split={"max_chars": 60}))
    grown = await growth(nginx, task)
    status, report = task.result()
    Tap.ok(status == 200 and report["status"] == "complete"
           and len(chunks.asked) == 50 * TRIES,
           "50 chunks, each cut late twice", (status, len(chunks.asked)))
    Tap.ok(grown <= GROWTH, "the worker grows by %d MB at most"
           % (GROWTH // 1024), "%d KB" % grown)


async def leaves(nginx, chunks):
    """while large replies come, and are read"""
    data = json.dumps({"document": DOCUMENT, "deadline": 60}).encode()
    workers = nginx.workers()
    for i in range(24):
        chunks.reset([(LARGE, LARGE_EVENTS, LARGE_TORN, LARGE_CUT)[i % 4]])
        _, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
        writer.write(b"POST /v1/task HTTP/1.1\r\nHost: test\r\n"
                     b"Content-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(data) + data)
        while not chunks.asked or chunks.running:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.001 * (i // 2))
        if i % 3:
            reset_at_close(writer)
        writer.close()
    chunks.reset([LARGE])
    status, report = await ask(nginx)
    Tap.ok(status == 200 and report["status"] == "complete"
           and nginx.workers() == workers,
           "clients leave amid large replies: the next task is served", status)


async def main(nginx, chunks):
    await chunks.start()
    for test in (tries, late_results, torn_at_last, left, retries_are_counted,
                 odd_results, odd_evidence, requests, at_a_time, leaves,
                 memory):
        await test(nginx, chunks)
    chunks.server.close()


with tempfile.NamedTemporaryFile("w", suffix=".json") as rubric:
    json.dump({"name": "two", "points": points(["ok", "ok"])}, rubric)
    rubric.flush()
    os.chmod(rubric.name, 0o644)
    chunks = Chunks()
    nginx = Harness(http=HTTP % (TRIES, rubric.name),
                    server=SERVER % (CALLS, chunks.port, chunks.port))
    try:
        asyncio.run(main(nginx, chunks))
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))

Tap.end()
