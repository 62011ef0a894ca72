#!/usr/bin/python3
"""
Proves that reviews work over HTTP/2: a reply, events, problems, bodies of all
kinds, many streams on one connection; and that a client that goes away, or
resets one stream out of several, frees the LLM calls of just those.
"""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from frames import Client
from harness import Harness, SLOW, Tap, points, wait_for

HTTP = """
    review_llm /llm model=stand-in;
    review_ping 100ms;
    keepalive_requests 10000;
"""
SERVER = """
        location = /small { review; client_body_buffer_size 1k; }
        location = /file { review; client_body_in_file_only clean; }
        location = /limit { review; client_max_body_size 1k; }
        location = /limit_large {
            review;
            client_max_body_size 100k;
            client_body_buffer_size 1k;
        }
        location = /denied { review; deny all; }
        location = /page { deny all; }
"""
CHUNK = "投标有效期为自投标截止之日起60日历天，𠮷。"


def review(chunk=CHUNK, scripts=("ok",)):
    return json.dumps({"chunk": chunk, "points": points(scripts)},
                      ensure_ascii=False).encode()


async def llm(nginx, path):
    """the stand-in's JSON; its own timeouts are longer than the test's"""
    reader, writer = await asyncio.open_connection("127.0.0.1",
                                                   nginx.llm_port)
    writer.write(("%s HTTP/1.1\r\nHost: llm\r\nContent-Length: 0\r\n"
                  "Connection: close\r\n\r\n" % path).encode())
    reply = await reader.read()
    writer.close()
    return json.loads(reply.partition(b"\r\n\r\n")[2])


def ask_llm(nginx, path):
    return asyncio.run(llm(nginx, path))


def arrived(nginx, chunk):
    calls = ask_llm(nginx, "GET /_calls")
    return bool(calls) and \
        "\n%s\n" % chunk in calls[-1]["body"]["messages"][-1]["content"]


def events(body):
    return re.findall(r"^event: (\S+)\ndata: (.*)\n\n", body, re.M)


def temporary_files(nginx):
    found = []
    for folder, _, names in os.walk(os.path.join(nginx.dir, "body")):
        found += [os.path.join(folder, name) for name in names]
    return found


# curl: what everybody has.  It takes it for an error that nginx, having
# answered before the body was read, resets the stream then; so these are not
# for it.

def curl(nginx, path, body=None, *more):
    """the version of HTTP, the status, the type, the body"""
    args = ["curl", "-sS", "--http2-prior-knowledge", "--max-time",
            str(20 * SLOW), "-o", "-", "-w",
            "\n%{http_version} %{http_code} %{content_type}",
            "-H", "Content-Type: application/json", *more]
    if body is not None:
        args += ["--data-binary", "@-"]
    args.append("http://127.0.0.1:%d%s" % (nginx.port, path))
    done = subprocess.run(args, input=body, stdout=subprocess.PIPE)
    text, _, told = done.stdout.decode().rpartition("\n")
    version, status, kind = (told.split(" ", 2) + ["", ""])[:3]
    return version, status, kind, text


def is_problem(reply, status, pointer, name):
    version, got, kind, text = reply
    try:
        problem = json.loads(text)
    except ValueError:
        problem = {}
    Tap.ok(version == "2" and got == str(status), "%s: %d" % (name, status),
           reply)
    Tap.ok(kind == "application/problem+json"
           and problem.get("status") == status
           and problem.get("pointer") == pointer,
           "%s: the problem says so" % name, reply)


def is_review(reply, name):
    version, status, kind, text = reply
    Tap.ok(version == "2" and status == "200" and kind == "application/json"
           and '"status":"complete"' in text, "%s: is reviewed" % name, reply)


def reviews_with_curl(nginx):
    is_review(curl(nginx, "/v1/review", review()), "a review")
    Tap.ok(arrived(nginx, CHUNK), "the LLM is asked about the chunk")

    version, status, kind, text = curl(
        nginx, "/v1/review", review(scripts=["delay=350", "ok"]),
        "-H", "Accept: text/event-stream", "-N")
    got = events(text)
    Tap.ok((version, status, kind) == ("2", "200", "text/event-stream"),
           "events: the type", (version, status, kind))
    Tap.ok([name for name, _ in got] == ["result", "progress"] * 2 + ["done"],
           "events: all are there", text)
    Tap.ok(got and json.loads(got[0][1])["point"] == "p1",
           "events: the point that is done first comes first", text)
    Tap.ok(text.count(": ping\n\n") >= 1, "events: pings", text)
    Tap.ok(got and json.loads(got[-1][1])["status"] == "complete",
           "events: done", text)

    before = ask_llm(nginx, "GET /_stats")["calls"]
    is_problem(curl(nginx, "/v1/review", b'{"chunk":'), 400, "/chunk",
               "not JSON")
    is_problem(curl(nginx, "/v1/review", b""), 400, "", "an empty body")
    is_problem(curl(nginx, "/v1/review", None, "-X", "POST"), 400, "",
               "no body")
    is_problem(curl(nginx, "/v1/review"), 405, None, "GET")
    Tap.ok(ask_llm(nginx, "GET /_stats")["calls"] == before,
           "no LLM call for any of these")

    for path in "/v1/review", "/small", "/file":
        for n in 1, 200, 16000:
            chunk = CHUNK * n
            is_review(curl(nginx, path, review(chunk)),
                      "%s, %d bytes" % (path, len(chunk.encode())))
            Tap.ok(arrived(nginx, chunk), "and arrives as it was sent")

    Tap.ok(wait_for(lambda: not temporary_files(nginx)),
           "no temporary file is left", temporary_files(nginx))


def parallel(nginx):
    """20 streams on one connection: all run at once"""
    ask_llm(nginx, "POST /_reset")
    data = os.path.join(nginx.dir, "data")
    with open(data, "wb") as f:
        f.write(review(scripts=["hold"] * 2))
    client = subprocess.Popen(
        ["nghttp", "-m", "20", "-d", data, "-H",
         "Content-Type: application/json",
         "http://127.0.0.1:%d/v1/review" % nginx.port],
        stdout=subprocess.PIPE)
    ask_llm(nginx, "GET /_wait?calls=40&timeout=30000")
    ask_llm(nginx, "POST /_release")
    text = client.communicate(timeout=60 * SLOW)[0].decode()
    Tap.ok(text.count('"results":[') == 20
           and text.count('"status":"complete"') == 20,
           "20 streams on one connection: 20 replies", text)
    stats = ask_llm(nginx, "GET /_stats")
    Tap.ok(stats["calls"] == 40, "with all their calls", stats)
    Tap.ok(stats["max_in_flight"] == 40, "which ran side by side", stats)


def goes_away(nginx, name, *more):
    """curl is killed while its calls run"""
    ask_llm(nginx, "POST /_reset")
    with tempfile.TemporaryFile() as body:
        body.write(review(scripts=["hang"] * 3 + ["ok"]))
        body.seek(0)
        client = subprocess.Popen(
            ["curl", "-sS", "--http2-prior-knowledge", "-H",
             "Content-Type: application/json", *more, "--data-binary", "@-",
             "http://127.0.0.1:%d/v1/review" % nginx.port],
            stdin=body, stdout=subprocess.DEVNULL)
        calls = ask_llm(nginx, "GET /_wait?calls=4&timeout=30000")
        Tap.ok(calls["ok"], "%s: calls run" % name, calls)
        Tap.ok(ask_llm(nginx, "GET /_stats")["client_closed"] == 0,
               "%s: none is given up yet" % name)
        gone = time.monotonic()
        client.send_signal(signal.SIGKILL)
        client.wait()
    closed = ask_llm(nginx, "GET /_wait?closed=3&timeout=30000")
    took = time.monotonic() - gone
    Tap.ok(closed["ok"], "%s: all that run are cancelled" % name, closed)
    Tap.ok(took < 20 * SLOW, "%s: at once" % name, took)
    Tap.ok(wait_for(lambda: any(line.startswith("499")
                                for line in nginx.access_log())),
           "%s: the log has 499" % name, nginx.access_log()[-3:])


def good(reply):
    return reply[:2] == ("end", 200) and '"status":"complete"' in reply[2]


def problem(reply, status, pointer=None):
    return reply[:2] == ("end", status) \
        and json.loads(reply[2]).get("pointer") == pointer


async def streams(nginx):
    """good and bad ones in turn and at once, on one connection"""
    client = await Client().open(nginx.port)
    slow = client.post(review(scripts=["delay=300"]))
    bad = client.post(b"[]")
    none = client.start(end=True)
    large = client.start([("content-length", "1000000000")], path="/limit")
    get = client.start(method="GET", end=True)
    last = client.post(review())
    Tap.ok(problem(await client.reply(bad), 400, ""), "one of many: bad",
           await client.reply(bad))
    Tap.ok(problem(await client.reply(none), 400, ""),
           "one of many: without a body", await client.reply(none))
    Tap.ok(problem(await client.reply(large), 413),
           "one of many: too large, refused unread", await client.reply(large))
    Tap.ok(problem(await client.reply(get), 405), "one of many: GET",
           await client.reply(get))
    Tap.ok(good(await client.reply(last)), "one of many: good",
           await client.reply(last))
    Tap.ok(slow not in client.ended and 0 not in client.ended,
           "while a slow one goes on", client.ended)
    Tap.ok(good(await client.reply(slow)), "which is good as well",
           await client.reply(slow))
    await client.close()


async def unread(nginx):
    """answers to bodies that are not read, or not to their end"""
    await llm(nginx, "POST /_reset")
    client = await Client().open(nginx.port)
    small, large = review(), review("x" * 200000)
    for name, status, body, more in (
            ("PUT with a small body", 405, small, {"method": "PUT"}),
            ("PUT with a large body", 405, large, {"method": "PUT"}),
            ("an encoding", 415, large,
             {"headers": [("content-encoding", "gzip")]}),
            ("deny", 403, small, {"path": "/denied"}),
            ("deny, a large body", 403, large, {"path": "/denied"}),
            ("client_max_body_size", 413, review("x" * 1024),
             {"path": "/limit"}),
            ("client_max_body_size, a file", 413, large,
             {"path": "/limit_large"})):
        stream = client.start(**more)
        await client.pour(stream, body)
        reply = await client.reply(stream)
        Tap.ok(problem(reply, status)
               and json.loads(reply[2])["status"] == status,
               "%s: %d" % (name, status), reply)

    reply = await client.reply(client.post(small, path="/page"))
    Tap.ok(reply[1] == 403 and "<h1>403 Forbidden</h1>" in reply[2],
           "other locations keep nginx's pages", reply)

    stream = client.start(path="/small")
    await client.pour(stream, large)
    Tap.ok(good(await client.reply(stream)), "the same body, where it may be",
           await client.reply(stream))
    stats = await llm(nginx, "GET /_stats")
    Tap.ok(stats["calls"] == 1, "has the only LLM call", stats)
    await client.close()


async def pieces(nginx):
    """bodies in many frames, without a length, those of streams mingled"""
    client = await Client().open(nginx.port)
    body = review(CHUNK * 20)
    all_streams = [client.start(path=path) for path in
                   ("/v1/review", "/small", "/file", "/limit_large")]
    for at in range(0, len(body), 37):
        for stream in all_streams:
            client.data(stream, body[at:at + 37], end=False)
        if at % 370 == 0:
            await client.writer.drain()
            await asyncio.sleep(0.002)
    for stream in all_streams:
        client.data(stream, b"", end=True)
    for stream in all_streams:
        reply = await client.reply(stream)
        Tap.ok(good(reply), "a body in frames of 37 bytes", reply)
    Tap.ok("\n%s\n" % (CHUNK * 20) in (await llm(nginx, "GET /_calls"))[-1]
           ["body"]["messages"][-1]["content"], "arrives as it was sent")

    stream = client.start(path="/limit")
    for _ in range(20):
        client.data(stream, b'"' * 100)
    reply = await client.reply(stream)
    Tap.ok(reply[1] == 413, "too large, without a length", reply)

    stream = client.start([("content-length", "500")])
    client.data(stream, b"{}", end=True)
    reply = await client.reply(stream)
    Tap.ok(reply[0] == "reset" or reply[1] == 400,
           "a body that is shorter than its length", reply)

    reply = await client.reply(client.post(review()))
    Tap.ok(good(reply), "the next stream is served", reply)
    await client.close()


async def reset_one(nginx):
    """of three streams one is reset: its calls end, the others' do not"""
    await llm(nginx, "POST /_reset")
    client = await Client().open(nginx.port)
    first = client.post(review(scripts=["hold key=a"] * 2))
    second = client.post(review(scripts=["hang key=b"] * 3))
    third = client.post(review(scripts=["hold key=c"]),
                        ("accept", "text/event-stream"))
    await llm(nginx, "GET /_wait?calls=6&timeout=30000")
    reset = time.monotonic()
    client.reset(second)
    closed = await llm(nginx, "GET /_wait?closed=3&timeout=30000")
    took = time.monotonic() - reset
    Tap.ok(closed["ok"], "a stream that is reset: its calls are cancelled",
           closed)
    Tap.ok(took < 10 * SLOW, "at once", took)
    Tap.ok(first not in client.ended and third not in client.ended,
           "other streams go on", client.ended)
    await llm(nginx, "POST /_release")
    Tap.ok(good(await client.reply(first)), "and are answered",
           await client.reply(first))
    reply = await client.reply(third)
    Tap.ok(reply[:2] == ("end", 200) and "event: done" in reply[2],
           "with events as well", reply)
    stats = await llm(nginx, "GET /_stats")
    Tap.ok(stats["client_closed"] == 3, "no other call was cancelled", stats)
    Tap.ok(good(await client.reply(client.post(review()))),
           "the connection is good for more")

    # reset before there is a body, in the middle of one, and after the reply

    calls = stats["calls"] + 1
    client.reset(client.start())
    stream = client.start(path="/small")
    client.data(stream, review(CHUNK * 100)[:5000])
    client.reset(stream)
    stream = client.post(review())
    await client.reply(stream)
    client.reset(stream)
    reply = await client.reply(client.post(review()))
    Tap.ok(good(reply), "a reset of a stream that runs no call", reply)
    stats = await llm(nginx, "GET /_stats")
    Tap.ok(stats["calls"] == calls + 2, "makes none either", stats)
    await client.close()


async def close_all(nginx):
    """the connection ends: the calls of all streams do"""
    await llm(nginx, "POST /_reset")
    client = await Client().open(nginx.port)
    for i in range(10):
        client.post(review(scripts=["hang"] * 3),
                    *([("accept", "text/event-stream")] if i % 2 else []))
    started = await llm(nginx, "GET /_wait?calls=30&timeout=30000")
    Tap.ok(started["ok"], "ten streams: their calls run", started)
    await client.close()
    closed = await llm(nginx, "GET /_wait?closed=30&timeout=30000")
    Tap.ok(closed["ok"], "the connection ends: all are cancelled", closed)


async def small_window(nginx):
    """a client that takes replies in small bites gets them whole"""
    client = await Client(window=10).open(nginx.port)
    one = client.post(review(scripts=["ok", "delay=200"]))
    two = client.post(review(scripts=["ok", "delay=200"]),
                      ("accept", "text/event-stream"))
    bad = client.post(b"{")
    for _ in range(30000):
        if {one, two, bad} <= set(client.ended) or 0 in client.ended:
            break
        for stream in {one, two, bad} - set(client.ended):
            client.allow(stream, 97)
        await asyncio.sleep(0.002)
    Tap.ok(good(await client.reply(one)), "a small window: the reply is whole",
           await client.reply(one))
    reply = await client.reply(two)
    names = [name for name, _ in events(reply[2])]
    Tap.ok(reply[:2] == ("end", 200)
           and names == ["result", "progress"] * 2 + ["done"],
           "a small window: all events", reply)
    reply = await client.reply(bad)
    Tap.ok(problem(reply, 400, ""), "a small window: the problem", reply)

    # one that takes nothing, and then goes away: nothing is left

    await llm(nginx, "POST /_reset")
    stuck = client.post(review(scripts=["ok", "hang"]),
                        ("accept", "text/event-stream"))
    await llm(nginx, "GET /_wait?calls=2&timeout=30000")
    await asyncio.sleep(0.3)
    Tap.ok(len(client.body[stuck]) <= 10, "the window is honoured",
           client.body[stuck])
    client.reset(stuck)
    closed = await llm(nginx, "GET /_wait?closed=1&timeout=30000")
    Tap.ok(closed["ok"], "a stuck stream that is reset frees its call", closed)
    await client.close()


for tool in "curl", "nghttp":
    if not shutil.which(tool):
        print("1..0 # SKIP no %s" % tool)
        sys.exit(0)

nginx = Harness(http=HTTP, server=SERVER, listen="http2", level="notice")
try:
    # workers may be another user, who must get at the temporary files
    os.chmod(nginx.dir, 0o755)
    worker = nginx.workers()
    reviews_with_curl(nginx)
    parallel(nginx)
    goes_away(nginx, "a client that goes away")
    goes_away(nginx, "one that takes events", "-N", "-H",
              "Accept: text/event-stream")
    for test in (streams, unread, pieces, reset_one, close_all, small_window):
        asyncio.run(test(nginx))
    Tap.ok(nginx.workers() == worker, "the worker has lived through it all")
    Tap.ok(wait_for(lambda: not temporary_files(nginx)),
           "no temporary file is left at the end", temporary_files(nginx))
finally:
    bad = nginx.close()
    Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))

Tap.end()
