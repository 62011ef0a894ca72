#!/usr/bin/python3
"""
Proves that what is too much for one turn of the event loop is done in portions,
and nothing is lost between two of them: a thousand points are all asked, in
their order, and none of these turns takes most of the work; a client that
leaves, a deadline, and a reload amid the portions leave no call and no worker
behind.  Large replies leave in portions, too, whoever reads them, and however:
they are the same, byte by byte.
"""

import asyncio
import json
import os
import random
import sys
import tempfile
import zlib

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
import stall
from harness import Harness, SLOW, Tap, exchange, free_port, points, request, \
    reset_at_close, wait_for

POINTS = 1000
INPUTS = 12000
CHUNKS = 400
MB = 1 << 20
HASTE = 1, 5, 20, 200               # ms

RUBRIC = {"name": "many", "version": "1", "points": [
    {"id": "p%d" % i, "title": "审核点 %d" % i, "rule": {
        "pattern": r"第%d项[^。]*。" % i, "match": "fail",
        "reason": "规则 %d 所禁止的，在此处出现。" % i}} for i in range(25)]}

HTTP = """
    client_max_body_size 64m;
    review_llm /llm;
    review_embeddings /embeddings batch=500 calls=4;
    review_rubric many %(rubric)s;
    review_zone all 1m;
    review_limit zone=all calls=2000 queue=2000;
"""
SERVER = stall.LOCATION + "".join("""
        location = /hasty/%d { review; review_timeout %dms; review_limit off; }
""" % (ms, ms) for ms in HASTE) + """
        location = /embed { review_embed; }
        location = /embed/gzip { review_embed; gzip on; gzip_types *; }
        location = /embed/refused {
            review_embed;
            review_embeddings /refused batch=500;
        }
        location = /embed/hasty {
            review_embed;
            review_timeout 100ms;
            review_embeddings /slow batch=500 calls=2;
        }
        location = /task { review_task many; review_chunk_uri /chunk; }
        location = /task/gzip {
            review_task many;
            review_chunk_uri /chunk;
            gzip on;
            gzip_types *;
        }
        location = /task/sendfile {
            review_task many;
            review_chunk_uri /chunk;
            sendfile on;
        }
        location = /task/slow {
            review_task many;
            review_chunk_uri /chunk;
            limit_rate 4m;
        }
        location = /chunk {
            internal;
            rewrite ^ /v1/review break;
            proxy_pass http://127.0.0.1:%(chunks)d;
        }
        location = /embeddings { internal; proxy_pass http://127.0.0.1:%(vectors)d; }
        location = /slow {
            internal;
            rewrite ^ /slow break;
            proxy_pass http://127.0.0.1:%(vectors)d;
        }
        location = /refused { internal; return 400; }
        location = /status { review_status all; }
"""
CONNECTIONS = """
    server {
        listen 127.0.0.1:%(chunks)d;
        location /v1/review { review many; }
    }
"""


async def vectors(reader, writer):
    """the embedding of "7" is [7]"""
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.partition("content-length: ")[2].split()[0])
            asked = json.loads(await reader.readexactly(size))["input"]
            if head.startswith("post /slow"):
                await asyncio.sleep(0.03)
            body = json.dumps({"object": "list", "model": "e", "data": [
                {"object": "embedding", "index": i, "embedding": [int(text)]}
                for i, text in enumerate(asked)]}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                         b"Content-Length: %d\r\n\r\n" % len(body) + body)
            await writer.drain()
            break
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    writer.close()


# requests

def many(script, headers="", path="/v1/review"):
    return request("甲方。", points([script] * POINTS), headers, path)


def post(path, value, headers=""):
    body = json.dumps(value).encode()
    return ("POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s"
            "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % (path, headers, len(body))).encode() + body


def inputs(path, headers=""):
    return post(path, {"input": [str(i) for i in range(INPUTS)]}, headers)


def task(path, headers=""):
    text = "\n\n".join("第 %d 段：" % n + "".join(
        "第%d项为%d号，𠮷。" % (i, n) for i in range(25))
        for n in range(CHUNKS))
    return post(path, {"document": text, "split": {"max_chars": 400}}, headers)


async def begun(nginx, data):
    """a request that was sent"""
    reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port,
                                                   limit=64 * MB)
    writer.write(data)
    await writer.drain()
    return reader, writer


def body_of(reply):
    head, _, body = reply.partition(b"\r\n\r\n")
    if b"chunked" in head.lower():
        whole = b""
        while body:
            size, _, body = body.partition(b"\r\n")
            whole += body[:int(size, 16)]
            body = body[int(size, 16) + 2:]
        body = whole
    if b"content-encoding: gzip" in head.lower():
        body = zlib.decompress(body, 31)
    return int(head.split()[1] if head else 0), body


async def slowly(reader):
    """in small pieces, now and then"""
    data = b""
    while piece := await reader.read(random.choice((1000, 100000, 500000))):
        data += piece
        if random.random() < 0.2:
            await asyncio.sleep(0.003)
    return data


async def until(condition):
    for _ in range(6000 * SLOW):
        if await condition():
            return True
        await asyncio.sleep(0.01)
    return False


async def idle(nginx):
    """no call waits, or runs, here or there"""
    status, body = await exchange(
        nginx.port, b"GET /status HTTP/1.1\r\nHost: test\r\n"
                    b"Connection: close\r\n\r\n")
    calls = json.loads(body)["calls"]
    return status == 200 and calls["in_flight"] == 0 \
        and calls["queued"]["total"] == 0 \
        and (await nginx.stats())["in_flight"] == 0


def leave(writer, n):
    if n % 2:
        reset_at_close(writer)
    writer.close()


# points

async def all_are_asked(nginx):
    status, body = await exchange(nginx.port, many("ok"))
    results = json.loads(body)["results"]
    Tap.ok(status == 200 and [r["point"] for r in results]
           == ["p%d" % i for i in range(POINTS)]
           and {r["status"] for r in results} == {"ok"},
           "a thousand points: all are answered, in their order", status)

    status, body = body_of(await exchange_all(nginx, many(
        "ok", "Accept: text/event-stream\r\n")))
    Tap.ok(status == 200 and body.count(b"event: result\n") == POINTS
           and body.count(b"event: done\n") == 1,
           "a thousand results as events", status)


async def none_takes_most(nginx):
    pid = nginx.workers()[0]
    before = stall.cpu(pid)
    with stall.Stall(nginx.port, pid) as measured:
        _, writer = await begun(nginx, many("hang"))

        async def asked():
            return (await nginx.stats())["in_flight"] == POINTS
        good = await until(asked)
        spent = (stall.cpu(pid) - before) / 1e6
    Tap.ok(good, "a thousand calls run at a time")
    Tap.ok(measured.ms < spent / 2, "none of the turns takes most of it",
           "%.1f of %.1f ms" % (measured.ms, spent))
    writer.close()


async def clients_leave(nginx, name, data, rounds=16):
    workers = nginx.workers()
    for n in range(rounds):
        _, writer = await begun(nginx, data)
        await asyncio.sleep(0.002 * n * SLOW)
        leave(writer, n)
    Tap.ok(await until(lambda: idle(nginx)) and nginx.workers() == workers,
           "clients leave amid %s: nothing is left behind" % name)


async def deadlines(nginx):
    for ms in HASTE:
        for accept in "", "Accept: text/event-stream\r\n":
            status, body = body_of(await exchange_all(
                nginx, many("hang", accept, "/hasty/%d" % ms)))
            if accept:
                body = body.rpartition(b"event: done\ndata: ")[2]
            results = json.loads(body)["results"]
            Tap.ok(status == (200 if accept else 504)
                   and [r["point"] for r in results]
                   == ["p%d" % i for i in range(POINTS)]
                   and {r["status"] for r in results} == {"timeout"}
                   and all(r["elapsed_ms"] < 60000 * SLOW for r in results),
                   "a deadline of %d ms: all points are late%s"
                   % (ms, ", as events" if accept else ""), status)
    Tap.ok(await until(lambda: idle(nginx)), "no call is left behind")


async def reloads(nginx, name, data, good):
    """none of the old workers stays, no reply is lost"""
    old = set(nginx.workers())
    reader, writer = await begun(nginx, data)
    reloading = asyncio.get_running_loop().run_in_executor(None, nginx.reload)
    status, body = body_of(await reader.read())
    writer.close()
    Tap.ok(await reloading and good(status, body),
           "a reload amid %s: the reply is whole" % name, (status, body[:300]))
    Tap.ok(await until(lambda: asyncio.sleep(
        0, not old & set(nginx.workers()))), "and the old worker ends")


# replies

def is_all(status, body, n=INPUTS):
    return status == 200 and [item["embedding"] for item in
                              json.loads(body)["data"]] == [
        [i] for i in range(n)]


async def embeddings(nginx):
    for path in "/embed", "/embed/gzip":
        for read in (lambda reader: reader.read()), slowly:
            reader, writer = await begun(nginx, inputs(
                path, "Accept-Encoding: gzip\r\n"))
            status, body = body_of(await read(reader))
            writer.close()
            Tap.ok(is_all(status, body), "%d embeddings at %s, read %s"
                   % (INPUTS, path, "slowly" if read is slowly else "at once"),
                   (status, body[:200]))

    status, body = body_of(await exchange_all(nginx, inputs("/embed/refused")))
    items = json.loads(body)["data"]
    Tap.ok(status == 502 and [item["index"] for item in items]
           == list(range(INPUTS))
           and all(item["embedding"] is None and item["error"]["detail"]
                   for item in items), "as many that have failed", status)

    status, body = body_of(await exchange_all(nginx, inputs("/embed/hasty")))
    items = json.loads(body)["data"]
    late = [item for item in items if item["embedding"] is None]
    Tap.ok(len(items) == INPUTS and 0 < len(late)
           and {item["error"]["code"] for item in late} == {"deadline"},
           "a deadline before all are there: the others are late",
           (status, len(late)))


def whole(body):
    """all but what took its time"""
    report = json.loads(body)
    del report["timings"], report["elapsed_ms"]
    for cell in report["cells"]:
        del cell["elapsed_ms"]
    return report


async def reports(nginx):
    status, body = body_of(await exchange_all(nginx, task("/task")))
    Tap.ok(status == 200 and len(body) > 2 * MB, "a report of %d MB"
           % (len(body) // MB), status)
    one = whole(body)
    Tap.ok(len(one["cells"]) == 25 * CHUNKS
           and all(len(p["findings"]) == CHUNKS for p in one["points"]),
           "with all there is", len(one["cells"]))

    for path in "/task", "/task/gzip", "/task/sendfile", "/task/slow":
        reader, writer = await begun(nginx, task(
            path, "Accept-Encoding: gzip\r\n"))
        status, body = body_of(await slowly(reader))
        writer.close()
        Tap.ok(status == 200 and whole(body) == one,
               "the same from %s, read slowly" % path, (status, len(body)))

    for kind, mark in (("text/event-stream", b"event: done\ndata: "),
                       ("application/x-ndjson", b'{"report":')):
        reader, writer = await begun(nginx, task("/task",
                                                 "Accept: %s\r\n" % kind))
        status, body = body_of(await slowly(reader))
        writer.close()
        body = body.rpartition(mark)[2].strip()
        Tap.ok(status == 200 and whole(body[:-1] if b"report" in mark
                                       else body) == one,
               "the same as %s" % kind, (status, len(body)))


async def readers_leave(nginx, name, data):
    """amid the reply"""
    workers = nginx.workers()
    for n in range(8):
        reader, writer = await begun(nginx, data)
        await reader.read(random.choice((1, 50000, MB)))
        leave(writer, n)
    status, body = body_of(await exchange_all(nginx, data))
    Tap.ok(status == 200 and nginx.workers() == workers
           and await until(lambda: idle(nginx)),
           "clients leave amid the reply to %s" % name, status)


async def exchange_all(nginx, data):
    reader, writer = await begun(nginx, data)
    reply = await reader.read()
    writer.close()
    return reply


async def main(nginx, settings):
    server = await asyncio.start_server(vectors, "127.0.0.1",
                                        settings["vectors"], backlog=512)
    await all_are_asked(nginx)
    await none_takes_most(nginx)
    await clients_leave(nginx, "a thousand points", many("hang"))
    await deadlines(nginx)
    await reloads(nginx, "a thousand points", many("ok"),
                  lambda status, body: status == 200 and len(
                      json.loads(body)["results"]) == POINTS)
    await embeddings(nginx)
    await clients_leave(nginx, "embeddings", inputs("/embed"))
    await readers_leave(nginx, "embeddings", inputs("/embed"))
    await reloads(nginx, "embeddings", inputs("/embed"), is_all)
    await reports(nginx)
    await clients_leave(nginx, "a task", task("/task"), 8)
    await readers_leave(nginx, "a task", task("/task"))
    await reloads(nginx, "a task", task("/task"), lambda status, body:
                  status == 200 and len(whole(body)["cells"]) == 25 * CHUNKS)
    server.close()


with tempfile.NamedTemporaryFile("w", suffix=".json") as rubric:
    json.dump(RUBRIC, rubric)
    rubric.flush()
    os.chmod(rubric.name, 0o644)
    settings = {"rubric": rubric.name, "chunks": free_port(),
                "vectors": free_port()}
    nginx = Harness(http=(HTTP + CONNECTIONS) % settings,
                    server=SERVER % settings, level="error", record=False)
    try:
        asyncio.run(main(nginx, settings))
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))

Tap.end()
