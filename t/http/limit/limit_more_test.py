#!/usr/bin/python3
"""
Proves what is left of the limit: thousands that wait until the memory of their
zone is full, and what becomes of those that come then; large bodies of plain
calls, many at once; HTTP/2, whose streams wait each for itself; and a storm of
reviews and plain calls whose clients go at any moment, after which every slot
is free and nobody waits.
"""

import asyncio
import hashlib
import json
import os
import random
import struct
import subprocess
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, free_port, get, points, \
    request, review

CHUNK = "投标有效期为九十日。"
EVENTS = "Accept: text/event-stream\r\n"
CHAT = """
    proxy_pass http://llm/v1/chat/completions;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
"""
HTTP = """
    review_zone z 256k;
    review_llm /llm model=stand-in;
    review_limit zone=z calls=%d %s;
    review_retry tries=1;
    client_max_body_size 100m;
"""
SERVER = """
    location = /status { review_status z; }
    location = /chat { review_guard on; """ + CHAT + """ }
    location = /unbuffered {
        review_guard on; proxy_request_buffering off; """ + CHAT + """
    }
"""


async def status(port):
    return json.loads(await get(port, "/status"))["calls"]


async def until(port, condition, seconds=60):
    """what is told as soon as it is so, or at last"""
    end = time.monotonic() + seconds * SLOW
    while True:
        now = await status(port)
        if condition(now) or time.monotonic() > end:
            return now
        await asyncio.sleep(0.01)


def waiting(n):
    return lambda now: now["queued"]["total"] == n


def quiet(now):
    return now["in_flight"] == 0 and now["queued"]["total"] == 0


async def arrived(nginx, n):
    for _ in range(6000 * SLOW):
        if (await nginx.stats())["calls"] >= n:
            return
        await asyncio.sleep(0.01)


def body_of(script, text=""):
    return json.dumps({"model": "m", "messages": [
        {"role": "user", "content": "[[%s]]%s" % (script, text)}]}).encode()


def chat(script, path="/chat", text=""):
    body = body_of(script, text)
    return (b"POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % (path.encode(), len(body))) + body


async def connect(port, data):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    return reader, writer


# the memory of the zone

MANY = 7000


async def fill(port):
    clients = []
    for _ in range(MANY // 100):
        clients += await asyncio.gather(*(connect(port, chat("ok"))
                                          for _ in range(100)))
    return clients


async def full_zone(nginx):
    _, hold = await connect(nginx.port, chat("hang"))
    await arrived(nginx, 1)
    clients = await fill(nginx.port)
    now = await until(nginx.port, lambda now: now["queued"]["total"]
                      + now["outcomes"].get("queue_full", 0) >= MANY, 20)
    n = now["queued"]["total"]
    Tap.ok(4000 < n < MANY, "as many wait as the zone has room for", now)
    Tap.ok(n + now["outcomes"].get("queue_full", 0) == MANY,
           "the others are refused", now)

    answered = [r for r, _ in clients if r._buffer or r.at_eof()]
    heads = [bytes(r._buffer[:500]) for r in answered]
    Tap.ok(len(heads) == MANY - n and all(
        head.startswith(b"HTTP/1.1 503 ") and b"\r\nRetry-After: " in head
        for head in heads), "with 503, and when to come back",
        (len(heads), heads[:1]))

    reply = await review(nginx.port, CHUNK, points(["ok", "ok"]))
    Tap.ok(reply["status"] == "failed" and [
        (r["status"], r["attempts"], r["error"]["code"])
        for r in reply["results"]] == [("failed", 0, "queue_full")] * 2,
        "calls of a review find no room, and say so", reply)
    Tap.ok((await nginx.stats())["calls"] == 1, "no call was made")

    for _, writer in clients:
        writer.close()
    now = await until(nginx.port, waiting(0))
    Tap.ok(now["queued"]["total"] == 0 and now["in_flight"] == 1,
           "all go, none is left", now)

    tasks = [asyncio.create_task(exchange(nginx.port, chat("ok")))
             for _ in range(100)]
    now = await until(nginx.port, waiting(100))
    Tap.ok(now["queued"]["total"] == 100, "then there is room again", now)
    hold.close()
    statuses = [status for status, _ in await asyncio.gather(*tasks)]
    Tap.ok(statuses == [200] * 100, "and they have their turns", statuses)


# bodies

async def large_bodies(nginx):
    _, hold = await connect(nginx.port, chat("hang"))
    await arrived(nginx, 1)
    rng = random.Random(7)
    sent = {}
    tasks = []
    for n in range(12):
        text = hashlib.sha256(b"%d" % n).hexdigest() \
            * rng.choice([500, 5000, 40000])
        sent["k%d" % n] = text
        path = "/chat" if n % 2 else "/unbuffered"
        tasks.append(asyncio.create_task(exchange(
            nginx.port, chat("key=k%d ok" % n, path, text))))
    now = await until(nginx.port, waiting(12))
    Tap.ok(now["queued"]["total"] == 12, "large bodies wait", now)
    await asyncio.sleep(0.1)
    hold.close()
    statuses = [status for status, _ in await asyncio.gather(*tasks)]
    Tap.ok(statuses == [200] * 12, "and are answered", statuses)

    calls = json.loads(await get(nginx.llm_port, "/_calls"))
    same = [call["key"] for call in calls if call["key"] in sent
            and call["body"]["messages"][0]["content"].partition("]]")[2]
            == sent[call["key"]]]
    Tap.ok(sorted(same) == sorted(sent), "as they were sent", same)
    Tap.ok((await nginx.stats())["max_in_flight"] == 1, "one by one")


# HTTP/2

HEADERS, DATA, RST_STREAM, SETTINGS = 1, 0, 3, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] \
        + struct.pack(">BBI", kind, flags, stream) + payload


def stream(number, body):
    fields = [(":method", "POST"), (":scheme", "http"), (":path", "/chat"),
              (":authority", "test")]
    block = b"".join(b"\0" + bytes([len(x)]) + x.encode() + bytes([len(y)])
                     + y.encode() for x, y in fields)
    return frame(HEADERS, 4, number, block) + frame(DATA, 1, number, body)


async def http2_streams(nginx, port):
    """three streams of one connection wait, one is reset, the last go too"""
    _, hold = await connect(port, chat("hang"))
    await arrived(nginx, 1)
    _, writer = await connect(nginx.port, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                              + frame(SETTINGS, 0, 0))
    for number in 1, 3, 5:
        writer.write(stream(number, body_of("key=never ok")))
    now = await until(port, waiting(3))
    Tap.ok(now["queued"]["total"] == 3, "HTTP/2: streams wait", now)
    writer.write(frame(RST_STREAM, 0, 3, struct.pack(">I", 8)))
    now = await until(port, waiting(2))
    Tap.ok(now["queued"]["total"] == 2, "HTTP/2: one is reset, one has gone",
           now)
    writer.close()
    now = await until(port, waiting(0))
    Tap.ok(now["queued"]["total"] == 0 and now["in_flight"] == 1,
           "HTTP/2: the connection is closed, all have gone", now)
    hold.close()
    Tap.ok(quiet(await until(port, quiet)), "HTTP/2: all is free")
    calls = json.loads(await get(nginx.llm_port, "/_calls"))
    Tap.ok(len(calls) == 1, "HTTP/2: no call was made of them", calls)


async def http2_clients(nginx, port):
    """bodies of many streams, sent before they have their turn"""
    _, hold = await connect(port, chat("key=hold hang"))
    await arrived(nginx, 2)
    name = os.path.join(nginx.dir, "body")
    text = "0123456789" * 4000
    with open(os.path.join(nginx.dir, "chat"), "wb") as f:
        f.write(body_of("key=h2 delay=5", text))
    client = await asyncio.create_subprocess_exec(
        "nghttp", "-m", "10", "-d", f.name, "-H", ":method: POST",
        "http://127.0.0.1:%d/chat" % nginx.port,
        stdout=subprocess.PIPE)
    now = await until(port, waiting(10))
    Tap.ok(now["queued"]["total"] == 10, "nghttp: ten streams wait", now)
    await asyncio.sleep(0.1)
    hold.close()
    out, _ = await client.communicate()
    Tap.ok(out.count(b'"finish_reason":"stop"') == 10,
           "nghttp: all are answered", out[-300:])
    calls = json.loads(await get(nginx.llm_port, "/_calls?key=h2"))
    Tap.ok(len(calls) == 10 and all(
        call["body"]["messages"][0]["content"].endswith("]]" + text)
        for call in calls), "nghttp: their bodies are intact",
        [call["raw_length"] for call in calls])
    Tap.ok(quiet(await until(port, quiet)), "nghttp: all is free")


# a storm

SCRIPTS = ["ok", "delay=5", "delay=30", "delay=100", "hang", "hang_body",
           "cut", "cut_head", "slow=5 tokens=20", "500",
           "429 retry_after=999", "huge=60000",
           "sse slow=3 tokens=10", "reset", "length", "raw=x|ok"]


def goes_on(counts, end):
    """so long, and on a slow machine until there was enough of it"""
    now = time.monotonic()
    return now < end or now < end + 120 * SLOW and min(
        counts["replies"], counts["gone"]) <= 50


async def storm_client(nginx, rng, counts, end):
    while goes_on(counts, end):
        if rng.random() < 0.5:
            data = chat(rng.choice(SCRIPTS),
                        rng.choice(["/chat", "/unbuffered"]),
                        "x" * rng.choice([0, 30000]))
        else:
            data = request(CHUNK, points(rng.choices(SCRIPTS, k=rng.choice(
                [1, 3, 12]))), rng.choice(["", EVENTS]))
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1",
                                                           nginx.port)
            if rng.random() < 0.4:
                writer.write(data[:rng.choice([len(data), 150])])
                await asyncio.sleep(rng.choice([0, 0.01, 0.05, 0.2, 0.31]))
                counts["gone"] += 1
            else:
                writer.write(data)
                reply = await asyncio.wait_for(reader.read(), 120 * SLOW)
                counts["replies" if reply.startswith(b"HTTP/1.1 ")
                       else "none"] += 1
            writer.close()
        except ConnectionError:
            counts["none"] += 1


async def storm(nginx):
    rng = random.Random(7)
    counts = {"replies": 0, "gone": 0, "none": 0}
    end = time.monotonic() + 3
    await asyncio.gather(*(storm_client(nginx, rng, counts, end)
                           for _ in range(40)))
    Tap.ok(counts["replies"] > 50 and counts["gone"] > 50,
           "a storm of reviews and plain calls", counts)
    now = await until(nginx.port, quiet)
    Tap.ok(quiet(now), "a storm: every slot is free, nobody waits", now)

    tasks = [asyncio.create_task(review(nginx.port, CHUNK,
                                        points(["hold"] * 6)))
             for _ in range(4)]
    now = await until(nginx.port, lambda now: now["in_flight"] >= 7)
    Tap.ok(now["in_flight"] == 7, "a storm: the limit is what it was", now)
    await get(nginx.llm_port, "/_release", "POST")
    replies = await asyncio.gather(*tasks)
    Tap.ok([r["status"] for r in replies] == ["complete"] * 4,
           "a storm: reviews are served", replies)


def run(*tests, calls=1, limit="", port=None, **settings):
    http = HTTP % (calls, limit)
    if port:
        http += "server { listen 127.0.0.1:%d; %s }" % (port, SERVER)
    nginx = Harness(http=http + settings.pop("http", ""), server=SERVER,
                    **settings)
    try:
        for test in tests:
            asyncio.run(test(nginx, port) if port else test(nginx))
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


run(full_zone, limit="queue=1000000", level="error")
run(large_bodies)
run(http2_streams, http2_clients, listen="http2", port=free_port())
run(storm, calls=7, level="error", http="""
    review_call_timeout 300ms;
    review_timeout 1500ms;
    proxy_read_timeout 300ms;
""")

Tap.end()
