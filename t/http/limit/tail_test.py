#!/usr/bin/python3
"""
Proves that what is left of a task, cells that fail whatever the LLM does, keeps
nobody from an LLM that is well, though they open the circuit, which nobody else
closes: a neighbour's cells are all answered, each review of it soon; that the
task's own good cells are, if they come last; and that an LLM which is down for
everybody is asked seldom, whoever comes.
"""

import asyncio
import json
import os
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, free_port, get, points, \
    review
from relay import Relay

CHUNK = "投标有效期为九十日。"
HTTP = """
    review_zone z 1m;
    review_llm /relayed model=stand-in;
    review_rubric r %(rubric)s;
    review_limit zone=z calls=48;
    review_max_points 1000;
    upstream relayed { server 127.0.0.1:%(relay)d max_fails=0; }
    server {
        listen 127.0.0.1:%(chunks)d;
        location / { review; }
        location = /relayed {
            internal;
            proxy_pass http://relayed/v1/chat/completions;
        }
    }
"""
SERVER = """
        location = /status { review_status z; }
        location = /brief { review; review_timeout 500ms; }
        location = /task {
            review_task r;
            review_task_timeout 120s;
            review_chunk_uri /chunk calls=16;
        }
        location = /chunk {
            internal;
            proxy_pass http://127.0.0.1:%d/;
            proxy_read_timeout 20s;
        }
        location = /relayed {
            internal;
            proxy_pass http://relayed/v1/chat/completions;
        }
"""


async def status(nginx):
    return json.loads(await get(nginx.port, "/status"))["calls"]


async def until(condition, seconds=60):
    end = time.monotonic() + seconds * SLOW
    while not await condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.02)
    return True


async def task(nginx, n):
    """of n chunks, a point each, which fails"""
    body = json.dumps({
        "document": "".join("# 第 %d 节\n\n%s\n\n" % (i, CHUNK * 4)
                            for i in range(n)),
        "split": {"max_chars": 60}}).encode()
    return await exchange(
        nginx.port, b"POST /task HTTP/1.1\r\nHost: test\r\n"
        b"Connection: close\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body)


async def opened(nginx, name, failed):
    async def is_open():
        page = await status(nginx)
        return page["circuit"] != "closed" and sum(
            n for code, n in page["outcomes"].items() if code != "ok") >= failed
    Tap.ok(await until(is_open), "%s: it opens" % name, await status(nginx))


async def tail(nginx, relay):
    left = asyncio.create_task(task(nginx, 24))
    await opened(nginx, "a tail of errors", 24)
    # probes of its own have failed, and pauses grown
    await opened(nginx, "and its probes fail", 27)
    took, lost = [], []
    end = time.monotonic() + 20
    while time.monotonic() < end or not took:
        begun = time.monotonic()
        reply = await review(nginx.port, CHUNK, points(["ok"] * 5))
        took.append(time.monotonic() - begun)
        if reply is None or reply["status"] != "complete":
            lost.append(reply)
        await asyncio.sleep(1)
    print("# %d reviews of a neighbour, %.1f s at most; %s" % (
        len(took), max(took), (await status(nginx))["outcomes"]))
    Tap.ok(not lost, "a tail of errors: a neighbour loses no cell",
           (len(lost), lost[:1]))
    Tap.ok(max(took) < 10 * SLOW, "and it does not wait for long", took)
    left.cancel()


async def down(nginx, relay):
    """new reviews come all the time, each of which has not failed yet"""
    relay.refuse()
    left = asyncio.create_task(task(nginx, 24))
    await opened(nginx, "really down", 20)
    async def neighbour():
        while True:
            await review(nginx.port, CHUNK, points(["ok"]), "/brief")
    others = [asyncio.create_task(neighbour()) for _ in range(4)]
    before = (await status(nginx))["outcomes"]["connect"]
    await asyncio.sleep(20)
    probes = (await status(nginx))["outcomes"]["connect"] - before
    print("# %d probes in 20 seconds" % probes)
    Tap.ok(1 <= probes <= 12, "really down: there are few probes", probes)
    relay.accept()
    reply = await review(nginx.port, CHUNK, points(["ok"] * 5))
    Tap.ok(reply["status"] == "complete", "and one finds it well", reply)
    for one in others + [left]:
        one.cancel()


def run(test, workers=1):
    nginx = Harness(workers=workers)
    relay = Relay(nginx.llm_port)
    chunks = free_port()
    rubric = os.path.join(nginx.dir, "rubric.json")
    with open(rubric, "w") as file:
        json.dump({"name": "r", "points": points(["500"])}, file)
    nginx.renew(server=SERVER % chunks, http=HTTP % {
        "rubric": rubric, "relay": relay.port, "chunks": chunks})
    try:
        asyncio.run(test(nginx, relay))
    finally:
        bad = nginx.close()
        relay.close()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


if __name__ == "__main__":
    for scene in (tail, down):
        if len(sys.argv) == 1 or scene.__name__ in sys.argv:
            run(scene)
    Tap.end()
