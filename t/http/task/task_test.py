#!/usr/bin/python3
"""
Proves what a task owes whoever sends a whole document: 400 KB reviewed for 12
points, every offset pointing to its quote, also in chunks that overlap and in
tables whose header is repeated, of the document and of references; progress in
order; all cells accounted for when a worker is killed amid its reviews, and a
clear cut when it was the task's own; no call left when the client goes,
whenever that is, or the time is over, and what there is by then is told; 1,000
chunks in bounded memory; chunks that another machine reviews; and with a cache,
a task that is run again after a crash, or on a revised document, asks only what
it has to.
"""

import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import (Harness, ROOT, SLOW, Tap, exchange, free_port, get,
                     points, wait_for)

LAW = os.path.join(ROOT, "t", "data", "招标投标法.md")
EVENTS = "Accept: text/event-stream\r\n"
MEMORY = 64 * 1024              # KB that a task of 1,000 chunks may take
AT_ONCE = 20 * SLOW

HTTP = """
    client_max_body_size 8m;
    review_llm /llm model=stand-in;
    add_header X-Worker $pid always;
    review_retry tries=4 backoff=20ms max=200ms budget=1000%%;
    %(rubrics)s
    %(http)s
    upstream chunks { server 127.0.0.1:%(chunks)d; keepalive 64; }
    server {
        listen 127.0.0.1:%(listen)d backlog=4096 reuseport;
        access_log off;
        location / { review; }
        location = /llm {
            internal;
            proxy_pass http://llm/v1/chat/completions;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            %(llm)s
        }
    }
"""
SERVER = """
        location /v1/task/ {
            review_task twelve;
            review_chunk_uri /chunk calls=%(calls)d;
        }
        location /v1/hanging/ {
            review_task twelve;
            review_chunk_uri /chunk;
            review_embeddings /hanging;
        }
        location /v1/threads/ {
            review_task twelve;
            review_chunk_uri /chunk;
            review_embeddings /embeddings batch=2;
            review_thread_pool default threshold=1;
        }
        location = /hanging {
            internal;
            proxy_pass http://llm/v1/embeddings?do=hang;
        }
        location = /embeddings {
            internal;
            proxy_pass http://llm/v1/embeddings?do=delay%%3D10;
        }
        location = /chunk {
            internal;
            proxy_pass http://chunks;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
"""


class Task:
    """nginx with a task endpoint; chunks are reviewed at a port of its own"""

    def __init__(self, rubrics, chunks=None, http="", llm="", calls=16,
                 **settings):
        self.dir = tempfile.TemporaryDirectory(prefix="review-task-")
        os.chmod(self.dir.name, 0o755)
        self.chunks = free_port()
        conf = HTTP % {
            "rubrics": "".join(self.rubric(*r) for r in rubrics.items()),
            "http": http, "llm": llm, "listen": self.chunks,
            "chunks": chunks or self.chunks}
        self.nginx = Harness(http=conf, server=SERVER % {"calls": calls},
                             listen="reuseport", level="notice", **settings)
        self.port = self.nginx.port

    def rubric(self, name, scripts):
        path = os.path.join(self.dir.name, name + ".json")
        with open(path, "w") as f:
            json.dump({"name": name, "points": points(scripts)}, f)
        return "review_rubric %s %s;\n" % (name, path)

    async def stats(self):
        return await self.nginx.stats()

    async def stand_in(self, path, method="GET"):
        return json.loads(await get(self.nginx.llm_port, path, method))

    async def reset(self):
        await exchange(self.nginx.llm_port, b"POST /_reset HTTP/1.1\r\n"
                       b"Host: x\r\nConnection: close\r\n\r\n")

    def close(self, allowed=""):
        bad = [x for x in self.nginx.close()
               if not allowed or allowed not in x]
        self.dir.cleanup()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


def run(test, *args, allowed="", **settings):
    task = Task(*args, **settings)
    try:
        asyncio.run(test(task))
    finally:
        task.close(allowed)


def ask(document, headers="", path="/v1/task/", **more):
    body = json.dumps({"document": document, **more},
                      ensure_ascii=False).encode()
    return ("POST %s HTTP/1.1\r\nHost: test\r\n%s"
            "Content-Type: application/json\r\nConnection: close\r\n"
            "Content-Length: %d\r\n\r\n"
            % (path, headers, len(body))).encode() + body


async def report_of(task, document, **more):
    """the status and the report"""
    status, body = await exchange(task.port, ask(document, **more))
    return status, json.loads(body) if body else None


# documents

def law():
    with open(LAW, encoding="utf-8") as f:
        return f.read()


def table(rows):
    return "| 序号 | 名称 | 金额 |\n| --- | --- | --- |\n" + "".join(
        "| %d | 第%d项设备 | %d元 |\n" % (i, i, i * 137)
        for i in range(rows)) + "\n"


def big_document(size=400000):
    """as long as a civil code, with tables amid it"""
    parts, length = [], 0
    while length < size:
        n = len(parts)
        text = "# 第%d编\n\n" % (n + 1) + law().replace("条 ", "条 〔%d〕" % n) \
            + "\n\n附表：\n\n" + table(120)
        parts.append(text)
        length += len(text.encode())
    return "\n".join(parts)


def sections(n, length=120):
    """n sections, each to be a chunk of its own"""
    rng = random.Random(7)
    return "".join("# 第%d节\n\n%s。\n\n" % (i, "".join(
        rng.choice("投标人应当按照招标文件要求编制") for _ in range(length)))
        for i in range(n))


# what a report must be

def unaccounted(report, npoints):
    """the first thing that is wrong with its cells, or nothing"""
    chunks = [chunk["id"] for chunk in report["chunks"]]
    if chunks != ["c%d" % (i + 1) for i in range(report["document"]["chunks"])]:
        return "chunks"
    ids = [point["point"] for point in report["points"]]
    cells = [(cell["chunk"], cell["point"]) for cell in report["cells"]]
    if len(ids) != npoints or cells != [(c, p) for c in chunks for p in ids]:
        return "cells"
    for point in report["points"]:
        found = {"ok": 0, "failed": 0, "timeout": 0, "skipped": 0}
        for cell in report["cells"]:
            if cell["point"] == point["point"]:
                found[cell["status"]] += 1
        if found != point["cells"]:
            return "the counts of %s" % point["point"]
    return None


def misplaced(report, document, headers):
    """quotes that do not stand where, or in which chunk, it is said"""
    chunks = {chunk["id"]: chunk for chunk in report["chunks"]}
    wrong, n = [], 0
    for point in report["points"]:
        for finding in point["findings"]:
            spans = [(chunks[c]["start"], chunks[c]["end"])
                     for c in finding["chunks"]]
            for e in finding["evidence"]:
                n += 1
                start, end = e["start"], e["end"]
                if e["source"] != "document" or start is None \
                        or document[start:end] != e["quote"]:
                    wrong.append(e)
                elif not any(a <= start and end <= b for a, b in spans) \
                        and not any(a <= start and end <= b
                                    for a, b in headers):
                    wrong.append((finding["chunks"], e))
    return n, wrong


def header_spans(document):
    spans, at = [], 0
    head = table(0)[:-1]
    while (at := document.find(head, at)) >= 0:
        spans.append((at, at + len(head)))
        at += 1
    return spans


def whole(status, report, npoints):
    """why a report is not complete, or nothing"""
    selects = report["selected_by"] and any(
        cell["status"] == "skipped" for cell in report["cells"])
    if status != 200 or report["status"] != ("partial" if selects
                                             else "complete"):
        return status, report["status"], faults(report)
    return unaccounted(report, npoints)


def faults(report):
    return [cell for cell in report["cells"]
            if cell["status"] in ("failed", "timeout")][:3]


def read_events(body):
    events = []
    for block in body.decode().split("\n\n"):
        lines = [line for line in block.split("\n")
                 if line and not line.startswith(":")]
        if lines:
            name, data = lines
            events.append((name.removeprefix("event: "),
                           json.loads(data.removeprefix("data: "))))
    return events


TWELVE = {"twelve": ["excerpt=%d verdict=%s key=p%d"
                     % (12 + 4 * i, ("risk", "fail", "unsure")[i % 3], i)
                     for i in range(12)]}


# from references, mostly: some of it may be in the document as well

CITING = {"twelve": ["cite=%d verdict=risk key=p%d" % (6 + 2 * i, i)
                     for i in range(12)]}


async def offsets(task):
    document = big_document()
    headers = header_spans(document)
    size = len(document.encode())
    Tap.ok(size >= 400000, "the document has 400 KB", size)

    for overlap in 0, 100:
        name = "overlap %d: " % overlap
        status, report = await report_of(task, document, split={
            "max_chars": 2000, "overlap": overlap})
        Tap.ok(status == 200 and report["status"] == "complete",
               name + "12 points are complete", status)
        Tap.ok(unaccounted(report, 12) is None,
               name + "every cell is accounted for", unaccounted(report, 12))
        Tap.ok(report["document"]["chars"] == len(document)
               and report["chunks"][-1]["end"] == len(document)
               and report["chunks"][0]["start"] == 0,
               name + "the document is whole", report["document"])
        gaps = [b for a, b in zip(report["chunks"], report["chunks"][1:])
                if (b["start"] != a["end"] if overlap == 0 else
                    not a["end"] - overlap <= b["start"] <= a["end"])]
        Tap.ok(not gaps, name + "no chunk is missing", gaps[:3])
        n, wrong = misplaced(report, document, headers)
        cells = len(report["cells"])
        Tap.ok(not wrong, name + "every quote stands where it is said",
               wrong[:3])
        Tap.ok(0.9 * cells <= n <= cells, name + "and there are as many as "
               "there were answers", (n, cells))
        Tap.ok(report["usage"]["calls"] == cells,
               name + "a call a cell", report["usage"])


async def quotes_of_tables(task):
    """small chunks: most have the header of a table before them"""
    document = "# 清单\n\n" + table(400)
    status, report = await report_of(task, document,
                                     split={"max_chars": 200})
    n, wrong = misplaced(report, document, header_spans(document))
    Tap.ok(status == 200 and unaccounted(report, 12) is None,
           "a table: every cell is accounted for", status)
    Tap.ok(n and not wrong, "a table: every quote stands where it is said",
           wrong[:3])
    Tap.ok(report["document"]["chunks"] > 20, "a table: it was cut",
           report["document"])


def cited(report, texts):
    """evidence of references: its clauses and places, and what is wrong"""
    places, wrong = [], []
    for point in report["points"]:
        for finding in point["findings"]:
            seen = set()
            for e in finding["evidence"]:
                if e["source"] == "document" or e["match"] == "none":
                    wrong += [e] if "clause" in e else []
                    continue
                source, start, end = e["source"], e["start"], e["end"]
                clause = e["clause"].removeprefix(source + "/c")
                if texts[source][start:end] != e["quote"] or start >= end \
                        or not clause.isdigit() or (source, start, end) in seen:
                    wrong.append(e)
                seen.add((source, start, end))
                places.append((source, int(clause), start, e["heading"]))
    return places, wrong


def heading_at(text, start):
    """the last one that begins at or before the place"""
    return text[text.rindex("# ", 0, start + 2) + 2:].partition("\n")[0]


async def quotes_of_references(task):
    """a law, a table whose header is repeated, sections with headings"""
    texts = {"法": law(), "清单": "𠮷\n\n" + table(120), "r3": "".join(
        "# 第%d节\n\n%s\n\n" % (i, "设备%d须在%d日内送达现场并验收。" % (i, i + 7) * 8)
        for i in range(20))}
    references = [{"id": "法", "text": texts["法"]},
                  {"id": "清单", "text": texts["清单"]}, texts["r3"]]
    document = "".join(
        "# %d\n\n%s。\n\n%s。\n\n" % (i, "子丑寅卯" * 30, (
            "设备送达现场验收", "第%d项设备%d元" % (i, i * 137),
            "公开招标的评标委员会、中标人")[i % 3]) for i in range(60))

    for overlap in 0, 60:
        name = "references, overlap %d: " % overlap
        status, report = await report_of(
            task, document, references=references,
            split={"max_chars": 200, "overlap": overlap},
            select={"references": 9})
        places, wrong = cited(report, texts)
        Tap.ok(whole(status, report, 12) is None, name + "all is told",
               whole(status, report, 12))
        Tap.ok(not wrong, name + "every quote stands where it is said",
               wrong[:3])
        Tap.ok(len(places) > 0.9 * len(report["cells"])
               and {place[0] for place in places} == set(texts),
               name + "of each of them", len(places))
        Tap.ok([1 for source, clause, start, _ in places
                if source == "清单" and clause > 1 and start < 40],
               name + "also of a header that is repeated")
        odd = [place for place in places if place[0] == "r3" and overlap == 0
               and place[3] != [heading_at(texts["r3"], place[2])]]
        Tap.ok(not odd, name + "with the heading above it", odd[:3])


async def order(task):
    document = sections(40)
    status, body = await exchange(task.port, ask(
        document, EVENTS, split={"max_chars": 150}))
    events = read_events(unchunked(body))
    names = [name for name, _ in events]
    Tap.ok(status == 200 and names[-1] == "done"
           and names[0] == "document"
           and set(names[1:-1]) == {"progress", "result"}
           and names[-2] == "progress",
           "events: the document, results, progress, last of all done", names)
    told = [data for name, data in events if name == "progress"]
    done = [data["done"] for data in told]
    total = len(events[-1][1]["cells"])
    Tap.ok(done == sorted(done) and len(set(done)) > 2,
           "progress goes on", done)
    Tap.ok({data["total"] for data in told} == {total}
           and done[-1] <= total, "of all cells", told[-1])
    Tap.ok(all(data["failed"] == 0 and (data["eta_ms"] is None)
               == (data["done"] == 0) for data in told),
           "with a guess of the time that is left", told[:3])
    Tap.ok(unaccounted(events[-1][1], 12) is None, "the report is whole")


async def many(task):
    await report_of(task, sections(3), split={"max_chars": 150})
    worker = task.nginx.workers()[0]
    before = memory(worker, "VmRSS")
    started = time.monotonic()
    document = sections(1000)
    status, report = await report_of(task, document,
                                     split={"max_chars": 150})
    seconds = time.monotonic() - started
    grown = memory(worker, "VmHWM") - before
    chunks = report["document"]["chunks"]
    Tap.ok(status == 200 and report["status"] == "complete"
           and chunks >= 1000, "1,000 chunks are complete",
           (status, report["status"], chunks))
    Tap.ok(unaccounted(report, 12) is None, "every cell is accounted for",
           unaccounted(report, 12))
    Tap.ok(SLOW > 1 or grown <= MEMORY,
           "the worker grows by no more than 64 MB", grown)
    Tap.ok((await task.stats())["calls"] == 12 * (chunks + 3),
           "a call a cell", await task.stats())
    print("# %d chunks x 12 points: %.1f s, %d KB" % (chunks, seconds, grown))


def memory(pid, name):
    """KB"""
    with open("/proc/%d/status" % pid) as f:
        return int(f.read().partition(name + ":")[2].split()[0])


# what breaks

SLOW_CALLS = {"twelve": ["delay=%d" % (200 * SLOW)] * 3}
HELD_CALLS = {"twelve": ["hold"] * 3}


async def begun(task, document, **more):
    """a task as events: its connection, and its worker"""
    reader, writer = await asyncio.open_connection("127.0.0.1", task.port)
    writer.write(ask(document, EVENTS, **more))
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    return reader, writer, int(head.partition(b"X-Worker: ")[2].split()[0])


def files(worker):
    """how many it has open: the more, the more connections"""
    return len(os.listdir("/proc/%d/fd" % worker))


async def killed(task):
    """a worker that reviews chunks of the task, which has another one"""
    document = sections(60)
    reader, writer, own = await begun(task, document,
                                      split={"max_chars": 150})
    await task.stand_in("/_wait?calls=48&timeout=30000")     # 16 chunks' own
    victim = max((w for w in task.nginx.workers() if w != own), key=files)
    os.kill(victim, signal.SIGKILL)
    await task.stand_in("/_wait?closed=3&timeout=30000")
    # the stand-in answers nobody who is gone, once it can know of each
    wait_for(lambda: not os.path.exists("/proc/%d" % victim))
    await task.stats()
    await task.stand_in("/_release", "POST")
    body = await reader.read()
    writer.close()
    events = read_events(unchunked(body))
    name, report = events[-1]
    Tap.ok(name == "done" and report["status"] == "complete",
           "kill -9 of a worker: the task is complete",
           (name, report.get("status"), faults(report)))
    Tap.ok(unaccounted(report, 3) is None,
           "kill -9 of a worker: every cell is accounted for",
           unaccounted(report, 3))
    stats = await task.stats()
    Tap.ok(stats["client_closed"] > 0 and stats["calls"] == len(
        report["cells"]) + stats["client_closed"],
           "kill -9 of a worker: only its own calls are made again", stats)


async def killed_own(task):
    document = sections(60)
    reader, writer, own = await begun(task, document,
                                      split={"max_chars": 150})
    await task.stand_in("/_wait?answered=20&timeout=30000")
    os.kill(own, signal.SIGKILL)
    try:
        body = await reader.read()
    except ConnectionError:
        body = b""
    writer.close()
    Tap.ok(b"event: done" not in body and not body.endswith(b"0\r\n\r\n"),
           "kill -9 of the task's worker: the client sees a cut", body[-200:])
    await until_idle(task)
    calls = (await task.stats())["calls"]
    await asyncio.sleep(0.3)
    stats = await task.stats()
    Tap.ok(stats["in_flight"] == 0 and stats["calls"] == calls,
           "kill -9 of the task's worker: nothing goes on", stats)
    wait_for(lambda: len(task.nginx.workers()) == 3)
    status, report = await report_of(task, sections(3))
    Tap.ok(status == 200 and report["status"] == "complete",
           "and the next task is served", status)


def unchunked(body):
    out = []
    while body:
        size, _, body = body.partition(b"\r\n")
        size = int(size or b"0", 16)
        out.append(body[:size])
        body = body[size + 2:]
    return b"".join(out)


async def until_idle(task):
    for _ in range(6000 * SLOW):
        if (await task.stats())["in_flight"] == 0:
            return
        await asyncio.sleep(0.01)


HANGING = {"twelve": ["ok", "hang", "hang_body"]}


async def aborted(task):
    for how in "close", "reset":
        await task.reset()
        reader, writer, _ = await begun(task, sections(60),
                                        split={"max_chars": 150})
        running = 16 * 2
        await task.stand_in("/_wait?calls=%d&timeout=30000" % (16 * 3))
        for _ in range(1500):
            if (await task.stats())["in_flight"] == running:
                break
            await asyncio.sleep(0.02)
        started = time.monotonic()
        if how == "close":
            writer.close()
        else:
            writer.transport.abort()
        waited = await task.stand_in("/_wait?closed=%d&timeout=30000" % running)
        took = time.monotonic() - started
        Tap.ok(waited["ok"] and took < AT_ONCE,
               "%s: %d calls are closed at once" % (how, running),
               (took, await task.stats()))
        await asyncio.sleep(0.3)
        stats = await task.stats()
        Tap.ok(stats["calls"] == 16 * 3 and stats["in_flight"] == 0,
               "%s: no other call is made" % how, stats)


TOP = {"select": {"mode": "top_k", "k": 3}, "split": {"max_chars": 150}}


async def selecting(task):
    """gone, or late, while vectors are waited for"""
    reader, writer, _ = await begun(task, sections(20), path="/v1/hanging/",
                                    **TOP)
    await task.stand_in("/_wait?calls=1&timeout=30000")
    writer.close()
    waited = await task.stand_in("/_wait?closed=1&timeout=30000")
    Tap.ok(waited["ok"], "gone while vectors are waited for: the call is "
           "closed", waited)

    status, report = await report_of(task, sections(20), path="/v1/hanging/",
                                     deadline=1, **TOP)
    Tap.ok(status in (200, 504) and report["elapsed_ms"] < 20000 * SLOW
           and unaccounted(report, 3) is None,
           "late while vectors are waited for: every cell is accounted for",
           (status, report["elapsed_ms"]))
    await until_idle(task)
    stats = await task.stats()
    Tap.ok(stats["in_flight"] == 0, "and no call is left", stats)


async def whenever(task):
    """clients that go at any moment of a task, on threads and elsewhere"""
    rng = random.Random(3)
    workers = task.nginx.workers()
    document = sections(40)

    async def client(n):
        _, writer = await asyncio.open_connection("127.0.0.1", task.port)
        writer.write(ask(document, rng.choice(["", EVENTS]),
                         rng.choice(["/v1/threads/", "/v1/task/"]),
                         references=[sections(10)], **TOP))
        await asyncio.sleep(rng.random() * 0.15 * SLOW)
        rng.choice([writer.close, writer.transport.abort])()

    for _ in range(10):
        await asyncio.gather(*(client(n) for n in range(8)))
    await until_idle(task)
    stats = await task.stats()
    Tap.ok(stats["in_flight"] == 0, "clients that go at any moment leave no "
           "call", stats)
    status, report = await report_of(task, document, path="/v1/threads/",
                                     references=[sections(10)], **TOP)
    Tap.ok(whole(status, report, 3) is None
           and report["selected_by"] == "embedding",
           "and the next task is served", whole(status, report, 3))
    Tap.ok(task.nginx.workers() == workers, "by the same worker")


async def reloaded(task):
    """a task outlives a reload, an old worker ends after it"""
    old = task.nginx.workers()
    work = asyncio.create_task(report_of(task, sections(60),
                                         split={"max_chars": 150}))
    await task.stand_in("/_wait?answered=20&timeout=30000")
    await asyncio.get_running_loop().run_in_executor(None, task.nginx.reload)
    status, report = await work
    Tap.ok(whole(status, report, 3) is None, "a reload: the task is complete",
           whole(status, report, 3))
    ended = wait_for(lambda: not set(old) & set(task.nginx.workers()))
    Tap.ok(ended, "a reload: the old worker ends then")


LATE = {"twelve": ["ok", "delay=%d" % (2500 * SLOW)]}


async def late(task):
    """two chunks at a time, of which one round is over at the deadline"""
    status, report = await report_of(task, sections(8), deadline=4 * SLOW,
                                     split={"max_chars": 150})
    Tap.ok(status == 200 and report["status"] == "partial",
           "the deadline: the report is partial", (status, report["status"]))
    Tap.ok(unaccounted(report, 2) is None,
           "the deadline: every cell is accounted for",
           unaccounted(report, 2))
    states = [cell["status"] for cell in report["cells"]]
    codes = {cell["error"]["code"] for cell in report["cells"]
             if cell["status"] == "timeout"}
    Tap.ok(states[:4] == ["ok"] * 4 and states[-8:] == ["timeout"] * 8
           and codes == {"deadline"}, "the deadline: what was done is told",
           (states, codes))
    Tap.ok(3600 * SLOW <= report["elapsed_ms"] < 20000 * SLOW,
           "the deadline: is kept", report["elapsed_ms"])
    await until_idle(task)
    stats = await task.stats()
    Tap.ok(stats["in_flight"] == 0, "the deadline: no call is left", stats)


async def two_machines():
    there = Task(TWELVE)
    here = Task(TWELVE, chunks=there.chunks)
    try:
        document = sections(30)
        status, report = await report_of(here, document,
                                         split={"max_chars": 150})
        Tap.ok(whole(status, report, 12) is None,
               "chunks that another machine reviews",
               whole(status, report, 12))
        _, wrong = misplaced(report, document, [])
        Tap.ok(not wrong, "and every quote stands where it is said",
               wrong[:3])
        calls = ((await here.stats())["calls"], (await there.stats())["calls"])
        Tap.ok(calls == (0, len(report["cells"])),
               "all calls are made over there", calls)
    finally:
        here.close()
        there.close()


# The cache of answers: those of 200 only, of any worker, over restarts

CACHE = """
    proxy_cache_path %s keys_zone=llm:4m max_size=64m inactive=7d
                     use_temp_path=off;
"""
CACHED = """
            proxy_cache llm;
            proxy_cache_methods POST;
            proxy_cache_key $review_call_key;
            proxy_cache_valid 200 7d;
            proxy_ignore_headers Cache-Control Expires Set-Cookie Vary;
"""

# the third point hangs for the chunks that are first in flight

CRASHED = {"twelve": ["ok", "excerpt=8 verdict=risk", "|".join(
    ["hang"] * 4 + ["ok"])]}


async def calls_of(task, document):
    """of a task that is to be complete: how many calls it makes"""
    await task.reset()
    status, report = await report_of(task, document,
                                     split={"max_chars": 150})
    Tap.ok(whole(status, report, 3) is None, "the task is complete",
           whole(status, report, 3))
    return (await task.stats())["calls"]


async def again(task):
    document = sections(20)
    _, writer, own = await begun(task, document, split={"max_chars": 150})
    await task.stand_in("/_wait?answered=8&timeout=30000")
    await asyncio.sleep(0.2 * SLOW)         # and they are in the cache
    first = await task.stats()
    Tap.ok(first["answered"] == 8 and first["in_flight"] == 4,
           "8 calls are answered, 4 hang", first)

    os.kill(own, signal.SIGKILL)
    writer.close()
    await until_idle(task)
    wait_for(lambda: own not in task.nginx.workers()
             and task.nginx.workers())

    # "hang" is over: calls are counted anew, so the script is used up here

    cells = 20 * 3
    status, report = await report_of(task, document,
                                     split={"max_chars": 150})
    calls = (await task.stats())["calls"] - first["calls"]
    Tap.ok(whole(status, report, 3) is None,
           "after a crash the task is complete", whole(status, report, 3))
    Tap.ok(calls == cells - 8, "and repeats no call that was answered", calls)


async def revised(task):
    document = sections(20)
    Tap.ok(await calls_of(task, document) == 60, "a task that is new")
    Tap.ok(await calls_of(task, document) == 0, "once more: no call is made")
    at = document.index("# 第7节") + 20
    changed = document[:at] + "新" + document[at + 1:]
    Tap.ok(await calls_of(task, changed) == 3,
           "a character changed: its chunk is reviewed again")
    at = document.index("# 第12节")
    longer = document[:at] + "# 增补\n\n新增条款" + "甲" * 110 + "。\n\n" \
        + document[at:]
    Tap.ok(await calls_of(task, longer) == 3,
           "a section inserted: it alone is reviewed")


async def failures(task):
    """what failed is asked again, and only that"""
    document = sections(5)
    status, report = await report_of(task, document,
                                     split={"max_chars": 150})
    first = (await task.stats())["calls"]
    Tap.ok(report["status"] == "partial" and first == 10,
           "calls that fail are in the report", (report["status"], first))
    await task.reset()
    _, report = await report_of(task, document, split={"max_chars": 150})
    second = (await task.stats())["calls"]
    Tap.ok(report["status"] == "partial" and second == 5,
           "only they are asked once more", second)


def cached(test, rubrics, **settings):
    with tempfile.TemporaryDirectory(prefix="review-cache-") as folder:
        os.chmod(folder, 0o777)
        run(test, rubrics, http=CACHE % folder, llm=CACHED,
            allowed="exited on signal 9", **settings)


run(offsets, TWELVE)
run(quotes_of_tables, TWELVE)
run(quotes_of_references, CITING)
run(order, TWELVE)
run(many, {"twelve": ["ok"] * 12}, record=False)
run(killed, HELD_CALLS, workers=3, allowed="exited on signal 9")
run(killed_own, SLOW_CALLS, workers=3, allowed="exited on signal 9")
run(aborted, HANGING)
run(selecting, SLOW_CALLS)
run(whenever, {"twelve": ["ok", "delay=10", "key=a 500|ok"]})
run(reloaded, SLOW_CALLS)
run(late, LATE, calls=2)
asyncio.run(two_machines())
cached(again, CRASHED, calls=4)
cached(revised, {"twelve": ["ok", "excerpt=8 verdict=risk", "verdict=fail"]})
cached(failures, {"twelve": ["ok", "400"]})

Tap.end()
