#!/usr/bin/python3
"""
Proves that an outage of the LLM costs reviews time and not results: while the
circuit is open calls wait, with one worker and with several, and all of them
are answered once the LLM is back; that calls cut in one moment by an LLM that
is well open nothing; that a wait that ends while it is open is told as that,
for reviews and guarded requests; that who waits may go, be out of time, be
reloaded, and that a worker killed amid its probe keeps nobody from the LLM;
and that "off" is off.
"""

import asyncio
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, get, points, request, \
    reset_at_close, review
from relay import Relay

CHUNK = "投标有效期为九十日。"
# no connection is kept, as newer nginx does: none outlives the LLM
HTTP = """
    review_zone z 1m;
    review_llm /relayed model=stand-in;
    review_limit zone=z calls=8 wait=%(wait)s;
    review_circuit %(circuit)s;
    review_retry tries=3 backoff=700ms max=1s budget=1000%%;
    review_max_points 1000;
    upstream relayed { server 127.0.0.1:%(relay)d max_fails=0; }
"""
SERVER = """
        location = /status { review_status z; }
        location = /short { review; review_timeout %ds; }
        location = /relayed {
            internal;
            proxy_pass http://relayed/v1/chat/completions;
            proxy_set_header Connection close;
        }
        location = /chat {
            review_guard on;
            proxy_pass http://relayed/v1/chat/completions;
            proxy_set_header Connection close;
        }
""" % (2 * SLOW)
QUICK = "window=300ms probe=400ms"


async def status(nginx):
    return json.loads(await get(nginx.port, "/status"))["calls"]


async def until(condition, seconds=20):
    end = time.monotonic() + seconds * SLOW
    while True:
        value = await condition()
        if value or time.monotonic() > end:
            return value
        await asyncio.sleep(0.01)


def is_state(nginx, *states):
    async def condition():
        return (await status(nginx))["circuit"] in states
    return condition


async def go_down(nginx, relay):
    relay.refuse()
    relay.reset()
    Tap.ok(await until(is_state(nginx, "open", "half_open")),
           "no connections: it opens", await status(nginx))


async def outage(nginx, relay, n=200):
    """of a review of many points, while they are asked"""
    task = asyncio.create_task(
        review(nginx.port, CHUNK, points(["delay=30"] * n)))
    async def begun():
        return (await nginx.stats())["calls"] >= 20
    await until(begun)
    await go_down(nginx, relay)
    # the pause is over some times, and probes find nobody
    before = (await status(nginx))["outcomes"].get("connect", 0)

    async def probed():
        now = (await status(nginx))["outcomes"].get("connect", 0)
        return now >= before + 2
    Tap.ok(await until(probed), "an outage: it is probed")
    relay.accept()
    reply = await task
    bad = [r for r in reply["results"] if r["status"] != "ok"]
    Tap.ok(reply["status"] == "complete", "an outage: nothing is lost",
           (len(bad), bad[:2]))
    calls = reply["usage"]["calls"]
    page = await status(nginx)
    cut = sum(page["outcomes"].get(name, 0) for name in ("cut", "connect"))
    Tap.ok(calls <= n + cut, "an outage: few calls are made for it",
           (calls, page["outcomes"]))
    Tap.ok(await until(is_state(nginx, "closed")), "an outage: it is over")


async def by_default(nginx, relay):
    """it opens within the backoff of the first calls that fail"""
    await outage(nginx, relay, 60)


async def moment(nginx, relay):
    """all that is in flight, by an LLM that goes on"""
    task = asyncio.create_task(
        review(nginx.port, CHUNK, points(["delay=1000"] * 48)))
    async def running():
        return (await nginx.stats())["in_flight"] == 8
    await until(running)
    relay.reset()
    reply = await task
    page = await status(nginx)
    Tap.ok(reply["status"] == "complete" and page["circuit"] == "closed"
           and "circuit_open" not in page["outcomes"]
           and page["outcomes"].get("cut", 0) >= 8,
           "cut in one moment: nothing is lost, nothing opens",
           (reply["status"], page))


async def wait_ends(nginx, relay):
    """calls that have waited for as long as they may"""
    await asyncio.gather(go_down(nginx, relay), *(
        review(nginx.port, CHUNK, points(["ok"] * 8)) for _ in range(2)))
    reply = await review(nginx.port, CHUNK, points(["ok"] * 4))
    codes = {(r["error"]["code"], r["attempts"]) for r in reply["results"]}
    Tap.ok(("circuit_open", 0) in codes and "queue_timeout" not in str(codes),
           "a wait that ends: by the circuit", reply["results"])
    code, body = await exchange(nginx.port, chat())
    Tap.ok(code in (502, 503), "a wait that ends: of a guarded request", code)
    relay.accept()

    async def answered():
        return (await exchange(nginx.port, chat()))[0] == 200
    Tap.ok(await until(answered), "and it is answered when that is over")


def chat():
    body = b'{"messages":[{"role":"user","content":"x"}]}'
    return (b"POST /chat HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)) + body


async def who_waits(nginx, relay):
    """clients that go, deadlines and reloads, while it is open"""
    await asyncio.gather(go_down(nginx, relay),
                         review(nginx.port, CHUNK, points(["ok"] * 8),
                                "/short"))
    async def queued():
        return (await status(nginx))["queued"]["total"]
    Tap.ok(await queued() == 0, "out of time: nobody waits any more")

    reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
    writer.write(request(CHUNK, points(["ok"] * 50)))
    await writer.drain()
    Tap.ok(await until(queued), "a client waits")
    reset_at_close(writer)
    writer.close()

    async def none():
        return await queued() == 0
    Tap.ok(await until(none), "and goes: nobody waits any more")

    task = asyncio.create_task(
        review(nginx.port, CHUNK, points(["ok"] * 20)))
    await until(queued)
    Tap.ok(nginx.reload(), "a reload")
    later = asyncio.create_task(
        review(nginx.port, CHUNK, points(["ok"] * 20)))
    relay.accept()
    replies = await asyncio.gather(task, later)
    Tap.ok([reply and reply["status"] for reply in replies]
           == ["complete"] * 2, "who waited, before it and after, is answered",
           replies)


async def killed(nginx, relay):
    """a worker amid its probe: others don't wait for that"""
    tasks = [asyncio.create_task(review(nginx.port, CHUNK,
                                        points(["ok"] * 8)))
             for _ in range(8)]
    await go_down(nginx, relay)
    # connections are taken now, and nothing comes
    relay.down.stall()
    relay.accept()

    async def probing():
        page = await status(nginx)
        return page["in_flight"] and page["circuit"] == "half_open"
    Tap.ok(await until(probing), "killed: a probe hangs")
    for pid in nginx.workers():
        os.kill(pid, signal.SIGKILL)
    relay.down.go()
    await asyncio.gather(*tasks)
    begun = time.monotonic()
    reply = await review(nginx.port, CHUNK, points(["ok"] * 8))
    Tap.ok(reply and reply["status"] == "complete"
           and time.monotonic() - begun < 20 * SLOW,
           "killed: the next ones are answered soon",
           (reply, time.monotonic() - begun))


async def off(nginx, relay):
    relay.refuse()
    replies = [await review(nginx.port, CHUNK, points(["ok"] * 8))
               for _ in range(5)]
    page = await status(nginx)
    codes = {r["error"]["code"] for reply in replies
             for r in reply["results"]}
    Tap.ok(codes == {"connect"} and page["circuit"] == "closed",
           "off: it never opens", (codes, page))
    relay.accept()


def run(test, circuit=QUICK, wait="60s", workers=1):
    nginx = Harness(workers=workers)
    relay = Relay(nginx.llm_port)
    nginx.renew(server=SERVER, http=HTTP % {"circuit": circuit, "wait": wait,
                                            "relay": relay.port})
    try:
        asyncio.run(test(nginx, relay))
    finally:
        bad = nginx.close()
        relay.close()
        bad = [line for line in bad if test is not killed
               or "exited on signal 9" not in line]
        Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))


if __name__ == "__main__":
    run(outage)
    run(outage, workers=4)
    run(by_default, circuit="failures=20")
    run(moment, circuit="failures=8")
    run(wait_ends, circuit="window=300ms probe=5s", wait="300ms")
    run(who_waits)
    run(who_waits, workers=2)
    run(killed)
    run(killed, workers=3)
    run(off, circuit="off")
    Tap.end()
