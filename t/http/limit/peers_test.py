#!/usr/bin/python3
"""
Proves that calls=auto does not take one server that hangs, of three, for an LLM
that is overloaded: the limit stays, and calls go on nearly as fast as before,
where nginx leaves the server out and, as for the limit, where it does not; with
one worker and with two.  And that it does fall where all of them hang.
"""

import asyncio
import json
import os
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, LONG, SLOW, Tap, get, points, review
from relay import Relay

CHUNK = "投标有效期为九十日。"
HTTP = """
    review_zone z 1m;
    review_llm /replicas model=stand-in;
    review_limit zone=z calls=auto max=64 queue=5000;
    review_circuit off;
    review_call_timeout 600ms;
    review_retry tries=9 backoff=1ms max=1ms budget=1000%%;
    review_max_points 1000;
    upstream replicas {
        zone replicas 64k;
        keepalive 64;
        %s
    }
    proxy_http_version 1.1;
    proxy_set_header Connection "";
"""
SERVER = """
        location = /status { review_status z; }
        location = /replicas {
            internal;
            proxy_pass http://replicas/v1/chat/completions;
        }
"""
SECONDS = 12 if LONG else 3


async def status(nginx):
    return json.loads(await get(nginx.port, "/status"))["calls"]


async def load(nginx, seconds):
    """reviews, more than the limit has room for: answers a second, and the
    lowest limit of that time"""
    end = time.monotonic() + seconds
    low = (await status(nginx))["limit"]["current"]

    async def client(n):
        while time.monotonic() < end:
            await review(nginx.port, CHUNK, points(["delay=80"] * n))

    clients = [asyncio.create_task(client(24)) for _ in range(8)]
    begun = time.monotonic()
    before = (await status(nginx))["outcomes"].get("ok", 0)
    while not all(c.done() for c in clients):
        low = min(low, (await status(nginx))["limit"]["current"])
        await asyncio.sleep(0.05)
    done = (await status(nginx))["outcomes"]["ok"] - before
    return done / (time.monotonic() - begun), low


async def hangs(nginx, relays, left_out):
    await load(nginx, 2)
    usual = (await status(nginx))["limit"]["current"]
    rate, low = await load(nginx, SECONDS)
    relays[0].down.stall()
    with_bad, low_bad = await load(nginx, SECONDS)
    page = await status(nginx)
    print("# limit %d, at least %d, %d with one that hangs; %.0f calls a second"
          ", %.0f" % (usual, low, low_bad, rate, with_bad))
    Tap.ok(page["outcomes"].get("call_timeout", 0) >= (2 if left_out else 9),
           "its calls time out", page["outcomes"])
    Tap.ok(low_bad * 2 >= low, "the limit stays", (low, low_bad))
    if left_out:
        Tap.ok(with_bad >= 0.6 * rate, "and calls are about as many",
               (rate, with_bad))


async def all_hang(nginx, relays):
    await load(nginx, 2)
    limit = (await status(nginx))["limit"]["current"]
    for relay in relays:
        relay.down.stall()
    task = asyncio.create_task(
        review(nginx.port, CHUNK, points(["delay=80"] * 200)))
    end = time.monotonic() + 60 * SLOW
    while (await status(nginx))["limit"]["current"] * 2 > limit \
            and time.monotonic() < end:
        await asyncio.sleep(0.05)
    Tap.ok((await status(nginx))["limit"]["current"] * 2 <= limit,
           "all hang: it falls", (limit, await status(nginx)))
    for relay in relays:
        relay.down.go()
    task.cancel()


def run(test, *args, server="max_fails=1 fail_timeout=60s", workers=1):
    nginx = Harness(workers=workers)
    relays = [Relay(nginx.llm_port) for _ in range(3)]
    nginx.renew(server=SERVER, http=HTTP % "\n".join(
        "server 127.0.0.1:%d %s;" % (relay.port, server) for relay in relays))
    try:
        asyncio.run(test(nginx, relays, *args))
    finally:
        bad = nginx.close()
        for relay in relays:
            relay.close()
        Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))


if __name__ == "__main__":
    run(hangs, True)
    run(hangs, True, workers=2)
    run(hangs, False, server="max_fails=0")
    run(all_hang, server="max_fails=0")
    Tap.end()
