#!/usr/bin/python3
"""
Proves that an outage of the LLM costs a review time and no results, as long as
review_timeout and the wait of review_limit allow, with the default tries and
budget: however many points it has, few or hundreds, whatever is left of an LLM
that is gone, no connection or a gateway's 502, and however often it comes and
goes; that few calls are made for it; that no probe which fails costs its call
a try; that a limit without a circuit, and an LLM that fails for its own
reasons, have their tries and no more; and that where an LLM is gone for good a
review ends when its call has waited for as long as it may.
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
# no connection is kept, as newer nginx does: none outlives the LLM
HTTP = """
    review_zone z 1m;
    review_llm /relayed model=stand-in;
    review_limit zone=z calls=8 wait=%(wait)s queue=5000;
    %(more)s
    review_max_points 1000;
    review_timeout 300s;
    upstream relayed { server 127.0.0.1:%(relay)d max_fails=0; }
"""
SERVER = """
        location = /status { review_status z; }
        location = /relayed {
            internal;
            proxy_pass http://relayed/v1/chat/completions;
            proxy_set_header Connection close;
        }
        location = /no-budget {
            review;
            review_retry tries=3 backoff=10ms max=10ms budget=0%;
        }
        location = /once { review; review_retry tries=1; }
        location = /brief {
            review;
            review_timeout 200ms;
            review_retry tries=1;
        }
        location = /gone {
            review;
            review_llm /bad-gateway model=stand-in;
        }
        location = /bad-gateway {
            internal;
            proxy_pass http://relayed/v1/chat/completions;
            proxy_set_header Connection close;
            proxy_intercept_errors on;
            error_page 502 =503 @gone;
        }
        location @gone { return 503; }
"""
# longer than all tries, which are the default ones, take together
OUTAGE = 10 if LONG else 2
CIRCUIT = "" if LONG else "review_circuit probe=500ms;"
FLAPS = (0.3, 1, 0.2, 2, 0.7, 0.1) if LONG else (0.3, 0.6, 0.2, 0.8, 0.4, 0.1)


async def status(nginx):
    return json.loads(await get(nginx.port, "/status"))["calls"]


def lost(reply):
    return [r for r in reply["results"] if r["status"] != "ok"]


def whole(reply, name):
    Tap.ok(reply and reply["status"] == "complete", name,
           reply and (len(lost(reply)), lost(reply)[:2]))


async def away(relay, seconds):
    relay.refuse()
    relay.reset()
    await asyncio.sleep(seconds)
    relay.accept()


async def answered(nginx, task, n):
    end = time.monotonic() + 60 * SLOW
    while (await nginx.stats())["answered"] < n and not task.done() \
            and time.monotonic() < end:
        await asyncio.sleep(0.01)


async def amid(nginx, relay, path="/v1/review", n=180):
    """the LLM goes in the middle of a review of many points"""
    task = asyncio.create_task(
        review(nginx.port, CHUNK, points(["delay=50"] * n), path))
    await answered(nginx, task, 20)
    await away(relay, OUTAGE)
    reply = await task
    whole(reply, "amid a review of %d points, %d s" % (n, OUTAGE))
    page = await status(nginx)
    failed = sum(number for name, number in page["outcomes"].items()
                 if name in ("cut", "connect", "http_502", "http_503"))
    Tap.ok(reply["usage"]["calls"] <= n + failed
           and page["outcomes"]["ok"] == n,
           "each was answered once, and none was asked in vain but then",
           (reply["usage"], page["outcomes"]))
    print("# %d points, %d s: %.1f s, %d calls that failed"
          % (n, OUTAGE, reply["elapsed_ms"] / 1000, failed))
    return failed


async def before(nginx, relay, n, path="/v1/review"):
    """it is gone already when the review comes"""
    relay.refuse()
    task = asyncio.create_task(
        review(nginx.port, CHUNK, points(["ok"] * n), path))
    await asyncio.sleep(OUTAGE)
    relay.accept()
    reply = await task
    whole(reply, "gone before a review of %d points, %d s" % (n, OUTAGE))
    print("# %d points: %.1f s, %d calls" % (n, reply["elapsed_ms"] / 1000,
                                             reply["usage"]["calls"]))


async def few(nginx, relay):
    """too few to open a circuit: they have their tries, and go on"""
    for n in (1, 3, 6):
        await before(nginx, relay, n)
    page = await status(nginx)
    Tap.ok(page["circuit"] == "closed" or page["outcomes"]["connect"] >= 20,
           "the circuit has opened only if there was reason to", page)
    await before(nginx, relay, 3, "/gone")


async def many(nginx, relay):
    await amid(nginx, relay)
    await before(nginx, relay, 300)


async def gateway(nginx, relay):
    await amid(nginx, relay, "/gone")


async def flaps(nginx, relay):
    """it comes and goes, for less and for more than a probe takes: six times
    it may cut the same call, which has a try for each"""
    task = asyncio.create_task(
        review(nginx.port, CHUNK, points(["delay=20"] * 200)))
    await answered(nginx, task, 8)
    for seconds in FLAPS:
        await away(relay, seconds)
        done = (await nginx.stats())["answered"]
        await answered(nginx, task, min(done + 5, 200))
    whole(await task, "an LLM that comes and goes")


async def probes(nginx, relay):
    """of one call that is every probe there is"""
    relay.refuse()
    end = time.monotonic() + 60 * SLOW
    while (await status(nginx))["circuit"] == "closed" \
            and time.monotonic() < end:
        await asyncio.wait([asyncio.create_task(
            review(nginx.port, CHUNK, points(["ok"] * 8), "/brief"))])
    page = await status(nginx)
    begun = page["outcomes"]["connect"]
    Tap.ok(page["circuit"] != "closed", "it is open", page)

    task = asyncio.create_task(
        review(nginx.port, CHUNK, points(["ok"]), "/once"))
    end = time.monotonic() + 60 * SLOW
    while ((await status(nginx))["outcomes"]["connect"] < begun + 4
           and time.monotonic() < end):
        await asyncio.sleep(0.02)
    relay.accept()
    reply = await task
    Tap.ok(reply["status"] == "complete"
           and reply["results"][0]["attempts"] >= 4,
           "a probe after the other, each costs nothing", reply)
    Tap.ok(reply["usage"]["retries"] == reply["results"][0]["attempts"] - 1,
           "and is counted", reply["usage"])


async def reasons(nginx, relay):
    """of its own"""
    reply = await review(nginx.port, CHUNK, points(["500", "ok"]))
    Tap.ok([r["attempts"] for r in reply["results"]][0] == 3
           and reply["results"][0]["error"]["code"] == "http_500",
           "500: as many tries as there are", reply["results"])
    relay.refuse()
    begun = time.monotonic()
    reply = await review(nginx.port, CHUNK, points(["ok"] * 3), "/no-budget")
    Tap.ok({(r["error"]["code"], r["attempts"]) for r in reply["results"]}
           == {("connect", 1)}, "no budget: nothing is tried again", reply)
    reply = await review(nginx.port, CHUNK, points(["ok"] * 3), "/once")
    Tap.ok({(r["error"]["code"], r["attempts"]) for r in reply["results"]}
           == {("connect", 1)}, "one try: nothing is tried again", reply)
    relay.accept()


async def off(nginx, relay):
    relay.refuse()
    reply = await review(nginx.port, CHUNK, points(["ok"] * 8))
    Tap.ok({(r["error"]["code"], r["attempts"]) for r in reply["results"]}
           == {("connect", 3)}, "no circuit: tries are all there is", reply)
    relay.accept()


async def for_good(nginx, relay):
    relay.refuse()
    reply = await review(nginx.port, CHUNK, points(["ok"] * 2))
    Tap.ok({r["error"]["code"] for r in reply["results"]}
           <= {"connect", "circuit_open"}
           and 1000 <= reply["elapsed_ms"] < 60000 * SLOW,
           "gone for good: it ends when the wait does", reply)
    relay.accept()


async def fair(nginx, relay):
    """who has few calls to make again does not wait for those of all others"""
    whale = asyncio.create_task(
        review(nginx.port, CHUNK, points(["key=w%d 500" % i
                                          for i in range(40)])))
    await asyncio.sleep(1)
    reply = await review(nginx.port, CHUNK, points(["key=s 500|ok"]))
    Tap.ok(reply["status"] == "complete" and not whale.done(),
           "the budget is shared by reviews, not by calls",
           (reply["elapsed_ms"], whale.done()))
    reply = await whale
    Tap.ok({r["attempts"] for r in reply["results"]} == {3},
           "and it delays, no more")
    print("# %d ms" % reply["elapsed_ms"])


def run(test, more="", wait="60s", workers=1):
    nginx = Harness(workers=workers)
    relay = Relay(nginx.llm_port)
    nginx.renew(server=SERVER, http=HTTP % {"more": more, "wait": wait,
                                            "relay": relay.port})
    try:
        asyncio.run(test(nginx, relay))
    finally:
        bad = nginx.close()
        relay.close()
        Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))


if __name__ == "__main__":
    run(many, more=CIRCUIT)
    run(many, more=CIRCUIT, workers=2)
    run(many, more=CIRCUIT + "review_retry tries=2 backoff=10ms max=100ms;")
    run(few, more=CIRCUIT)
    run(gateway, more=CIRCUIT)
    run(flaps, more=CIRCUIT + "review_retry tries=7;")
    run(probes, more="review_circuit window=300ms probe=200ms;")
    run(reasons)
    run(off, more="review_circuit off;")
    run(for_good, more=CIRCUIT, wait="1s")
    run(fair, more="review_circuit off;"
                   "review_retry tries=3 backoff=10ms max=10ms;")
    Tap.end()
