#!/usr/bin/python3
"""
Proves what several workers owe their clients: a reload with 200 reviews in
flight loses none of them and the new configuration serves from then on; a
worker that is killed with -9 takes only its own reviews with it, and the next
one serves.
"""

import asyncio
import json
import os
import signal
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, get, points, request, review

N = 200
CHUNK = "投标有效期为九十日。"
HTTP = """
    review_llm /llm model=stand-in;
    add_header X-Worker $pid always;
"""


async def held(nginx):
    """calls in flight, as soon as all are"""
    for _ in range(6000 * SLOW):
        in_flight = (await nginx.stats())["in_flight"]
        if in_flight == 4 * N:
            break
        await asyncio.sleep(0.01)
    return in_flight


async def reload_in_flight(nginx):
    calls = points(["hold"] * 4)
    tasks = [asyncio.create_task(review(nginx.port, CHUNK, calls))
             for _ in range(N)]
    in_flight = await held(nginx)
    Tap.ok(in_flight == 4 * N, "%d calls are in flight" % (4 * N), in_flight)

    old = nginx.workers()
    nginx.configure(http=HTTP + "review_max_points 2;")
    reloaded = await asyncio.get_running_loop().run_in_executor(
        None, nginx.reload)
    Tap.ok(reloaded, "nginx was reloaded")
    Tap.ok(set(old) <= set(nginx.workers()),
           "the old workers stay for their reviews")

    # an old worker may still accept while it is told to stop

    for _ in range(6000 * SLOW):
        status, _ = await exchange(nginx.port,
                                   request(CHUNK, points(["ok"] * 3)))
        if status == 422:
            break
        await asyncio.sleep(0.01)
    Tap.ok(status == 422, "the new configuration serves", status)

    await get(nginx.llm_port, "/_release", "POST")
    replies = await asyncio.gather(*tasks)
    good = sum(r is not None and r["status"] == "complete"
               and len(r["results"]) == 4 for r in replies)
    Tap.ok(good == N, "a reload loses no review", good)

    for _ in range(3000 * SLOW):
        if not set(old) & set(nginx.workers()):
            break
        await asyncio.sleep(0.02)
    Tap.ok(not set(old) & set(nginx.workers()), "the old workers end then")


async def streamed(port, calls, started):
    """a review as events: its worker, and whether it came to its end"""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    worker = None
    try:
        writer.write(request(CHUNK, calls, "Accept: text/event-stream\r\n"))
        await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        worker = int(head.partition(b"X-Worker: ")[2].split()[0])
        started.append(worker)
        rest = await reader.read()
        return worker, b"event: done" in rest \
            and b'"status":"complete"' in rest
    except (ConnectionError, asyncio.IncompleteReadError):
        return worker, False
    finally:
        writer.close()


async def kill_in_flight(nginx):
    calls = points(["hold"] * 4)
    started = []
    tasks = [asyncio.create_task(streamed(nginx.port, calls, started))
             for _ in range(N)]
    await held(nginx)
    for _ in range(6000 * SLOW):
        if len(started) == N:
            break
        await asyncio.sleep(0.01)

    victim = max(set(started), key=started.count)
    Tap.ok(0 < started.count(victim) < N,
           "several workers have reviews in flight", set(started))
    os.kill(victim, signal.SIGKILL)
    await get(nginx.llm_port, "/_release", "POST")

    ends = await asyncio.gather(*tasks)
    lost = [worker for worker, good in ends if not good]
    Tap.ok(lost and set(lost) == {victim},
           "only the killed worker's reviews are lost", set(lost))
    Tap.ok(len(lost) == started.count(victim), "which are all of its own",
           len(lost))

    reply = await review(nginx.port, CHUNK, points(["ok"]))
    Tap.ok(reply and reply["status"] == "complete",
           "the next review is served", reply)


for test in reload_in_flight, kill_in_flight:
    nginx = Harness(http=HTTP, workers=3, listen="reuseport", level="notice",
                    record=False)
    try:
        asyncio.run(test(nginx))
    finally:
        bad = [x for x in nginx.close() if "exited on signal 9" not in x]
        Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))

Tap.end()
