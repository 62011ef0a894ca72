#!/usr/bin/python3
"""
Proves what docs/deploy.md says of systemd: with the drop-in's signal and time a
stop loses none of the reviews in flight, which take a minute, nor what waits
for its turn behind them; with Debian's own unit it does.  systemd does not run
here: a test does what it does with these settings.  A tenth of all times, but
in full with TEST_REVIEW_LONG.
"""

import asyncio
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import Harness, LONG, ROOT, SLOW, Tap, exchange, request, wait_for

SCALE = 1 if LONG else SLOW / 10
REVIEWS = 40
MINUTE = 60

HTTP = """
    review_llm /llm model=stand-in;
    review_timeout %dms;
    review_call_timeout %dms;
    review_zone one 1m;
"""
SERVER = """
    proxy_read_timeout 10m;
    location = /v1/turns { review; review_limit zone=one calls=10 wait=10m; }
"""

# Debian's: ExecStop waits for 5 seconds after QUIT; then systemd's TERM

DEBIAN = [(signal.SIGQUIT, 5), (signal.SIGTERM, 5), (signal.SIGKILL, 60)]


def documented():
    """the drop-in as signals and seconds, and worker_shutdown_timeout"""
    with open(os.path.join(ROOT, "docs", "deploy.md"),
              encoding="utf-8") as f:
        text = f.read()
    unit = re.search(r"```ini\n\[Service\]\n(.*?)```", text, re.S)[1]
    settings = dict(line.split("=", 1) for line in unit.splitlines())
    timeout = re.search(r"^worker_shutdown_timeout (\d+)s;$", text, re.M)
    return settings, [(signal.Signals[settings["KillSignal"]],
                       int(settings["TimeoutStopSec"])),
                      (signal.SIGKILL, 60)], int(timeout[1])


async def stop(nginx, steps):
    """each signal goes to the master, the last one to all that is left"""
    pids = [nginx.nginx.pid] + nginx.workers()
    for sign, seconds in steps:
        for pid in pids if sign == signal.SIGKILL else pids[:1]:
            if os.path.exists("/proc/%d" % pid):
                os.kill(pid, sign)
        end = time.monotonic() + seconds * SCALE
        while time.monotonic() < end:
            if nginx.nginx.poll() is not None and not any(
                    os.path.exists("/proc/%d" % pid) for pid in pids[1:]):
                return sign
            await asyncio.sleep(0.01)
    return None


async def reviews(nginx):
    """as many as may be, of a minute; half of them as events"""
    ms = int(MINUTE * SCALE * 1000)
    asked = {"chunk": "text", "points": [
        {"id": "a", "question": "q [[delay=%d]]" % ms},
        {"id": "b", "question": "q [[delay=%d tokens=4]]" % (ms // 2)}]}
    # of those that take turns, the last ones begin when the first have ended
    turns = [{"id": "p%d" % i, "question": "q [[delay=%d]]" % (ms // 3)}
             for i in range(30)]
    jobs = [asyncio.create_task(exchange(nginx.port, request(
        asked["chunk"], asked["points"],
        "Accept: text/event-stream\r\n" if i % 2 else "")))
        for i in range(REVIEWS)]
    jobs.append(asyncio.create_task(exchange(nginx.port, request(
        "text", turns, path="/v1/turns"))))
    calls = 2 * REVIEWS + 10
    end = time.monotonic() + MINUTE * SCALE / 2 + 60
    while (await nginx.stats())["calls"] < calls and time.monotonic() < end:
        await asyncio.sleep(0.01)
    return jobs


def is_whole(reply):
    status, body = reply
    return status == 200 and b'"status":"complete"' in body \
        and b'"cut"' not in body


async def scene(name, steps, timeout, last, lost):
    ms = int(120 * SCALE * 1000)
    nginx = Harness(http=HTTP % (ms, ms), server=SERVER, record=False,
                    main="worker_shutdown_timeout %dms;"
                    % int(timeout * SCALE * 1000) if timeout else "")
    try:
        jobs = await reviews(nginx)
        sign = await stop(nginx, steps)
        replies = [await job for job in jobs]
        found = sum(not is_whole(reply) for reply in replies)
        print("# %s: %d of %d lost, %s was the last signal"
              % (name, found, len(jobs), sign and sign.name))
        Tap.ok(lost(found), name + ": reviews that are lost", found)
        Tap.ok(sign == last, name + ": the last signal", sign)
    finally:
        bad = nginx.close()
        # nginx itself has sockets left when TERM follows QUIT
        Tap.ok(lost(1) or not bad, name + ": nothing alarming is in the error "
               "log", "\n".join(bad))


def main():
    settings, steps, timeout = documented()
    Tap.ok(settings["ExecStop"] == "" and settings["KillMode"] == "mixed",
           "the unit's own stop is taken away", settings)
    Tap.ok(MINUTE < 120 < timeout - 2 and timeout < steps[0][1],
           "each time has room for the one before it", (timeout, steps))
    asyncio.run(scene("the drop-in", steps, timeout, signal.SIGQUIT,
                      lambda lost: lost == 0))
    asyncio.run(scene("Debian's unit", DEBIAN, 0, signal.SIGTERM,
                      lambda lost: lost > 0))
    Tap.end()


if __name__ == "__main__":
    main()
