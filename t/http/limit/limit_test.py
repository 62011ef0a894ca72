#!/usr/bin/python3
"""
Proves the capacity of an LLM that workers share: never more calls in flight
than the limit, and no fewer while any waits; each review in its turn; whatever
comes in between, be it faults, clients that go away, workers that are killed,
stopped or replaced, or another binary.
"""

import asyncio
import ctypes
import json
import os
import random
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, LONG, SLOW, Tap, free_port, get, points, \
    request, reset_at_close, review, wait_for

LIMIT = 16
CHUNK = "投标有效期为九十日。"
EVENTS = "Accept: text/event-stream\r\n"

# what the hand-over of a slot may take on a machine that is busy: calls that
# are forgotten wait for ten minutes

LATE = 10 * SLOW

# where workers accept on one socket, whichever comes first: see Client

CHOICE = free_port()

ZONE = "review_zone z %s;"
HTTP = """
    review_llm /llm model=stand-in;
    review_limit zone=z %s wait=600s;
    review_timeout 600s;
    review_call_timeout 600s;
    proxy_read_timeout 600s;
    review_max_points 1000;
    review_retry tries=3 backoff=20ms max=100ms budget=100%%;
    add_header X-Worker $pid always;
    keepalive_timeout 600s;
"""
SERVER = """
        listen 127.0.0.1:%d backlog=4096;
        location = /status { review_status z; }
        location = /worker { return 200 $pid; }
""" % CHOICE


def http(calls=LIMIT, size="1m", queue=100000):
    return ZONE % size + HTTP % ("calls=%d queue=%d" % (calls, queue))


async def status(nginx):
    return json.loads(await get(nginx.port, "/status"))["calls"]


async def within(seconds, condition):
    """waits for it; the seconds that took, or None"""
    begun = time.monotonic()
    while time.monotonic() < begun + seconds * SLOW:
        if await condition():
            return time.monotonic() - begun
        await asyncio.sleep(0.005)
    return None


async def in_thread(function, *args):
    return await asyncio.get_running_loop().run_in_executor(None, function,
                                                            *args)


async def in_flight(nginx, n):
    async def condition():
        return (await nginx.stats())["in_flight"] == n
    return await within(60, condition)


async def queued(nginx, n):
    async def condition():
        return (await status(nginx))["queued"]["total"] == n
    return await within(60, condition)


async def calls(nginx):
    return json.loads(await get(nginx.llm_port, "/_calls"))


async def tell(nginx, what):
    reader, writer = await asyncio.open_connection("127.0.0.1",
                                                   nginx.llm_port)
    writer.write(b"POST /_%s HTTP/1.1\r\nConnection: close\r\n\r\n"
                 % what.encode())
    await reader.read()
    writer.close()


async def reset(nginx):
    await tell(nginx, "reset")


async def release(nginx):
    """the calls that are scripted to "hold" are answered"""
    await tell(nginx, "release")


async def at_rest(nginx, name):
    """whatever has happened: nothing runs, nothing waits, nothing is lost"""
    last = {}

    async def condition():
        last.update(await status(nginx), llm=(await nginx.stats())[
            "in_flight"])
        return (last["in_flight"], last["queued"]["total"], last["llm"]) \
            == (0, 0, 0)
    Tap.ok(await within(60, condition) is not None,
           "%s: all counters return to zero" % name, last)


# clients


class Client:
    """a connection to a worker that is known before the review is sent"""

    def __init__(self, port):
        self.port = port
        self.worker = self.writer = None

    async def connect(self):
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self.port)
        self.writer.write(b"GET /worker HTTP/1.1\r\nHost: test\r\n\r\n")
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.worker = int(head.partition(b"X-Worker: ")[2].split()[0])
        await self.reader.readexactly(len(str(self.worker)))

    def close(self):
        if self.writer:
            self.writer.close()

    async def review(self, points, headers=""):
        """the reply's JSON, None if there was none"""
        self.writer.write(request(CHUNK, points, headers))
        try:
            reply = await self.reader.read()
        except ConnectionError:
            return None
        finally:
            self.writer.close()
        body = reply.partition(b"\r\n\r\n")[2]
        return json.loads(body) if body else None


class Stopped:
    """these processes do not run"""

    def __init__(self, pids):
        self.pids = pids

    def send(self, number):
        for pid in self.pids:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    async def __aenter__(self):
        self.send(signal.SIGSTOP)
        while any(proc(pid, "stat").rpartition(") ")[2][:1] in ("R", "S", "D")
                  for pid in self.pids):
            await asyncio.sleep(0)

    async def __aexit__(self, *_):
        self.send(signal.SIGCONT)


async def clients_of(nginx, worker, n):
    """n connections that this worker has taken, and no other could: they come
    by a socket that all have, and those that would accept are stopped for this
    moment.  One of them may have been stopped with a lock of the zone, that
    the worker waits for; then all are let go, and it is tried again."""
    end = time.monotonic() + 60 * SLOW
    while time.monotonic() < end:
        clients = [Client(CHOICE) for _ in range(n)]
        others = [pid for pid in nginx.accepting() if pid != worker]
        try:
            async with Stopped(others):
                await asyncio.wait_for(asyncio.gather(*(
                    client.connect() for client in clients)), SLOW)
        except (asyncio.TimeoutError, ConnectionError,
                asyncio.IncompleteReadError):
            pass
        if all(client.worker == worker for client in clients):
            return clients
        for client in clients:
            client.close()
    raise SystemExit("worker %d takes no connection" % worker)


def send(clients, scripts):
    """a review each"""
    return [asyncio.create_task(client.review(points(scripts)))
            for client in clients]


async def reviews_at(nginx, worker, n, scripts):
    """n reviews by this worker"""
    return send(await clients_of(nginx, worker, n), scripts)


def complete(replies, n):
    return sum(reply is not None and reply.get("status") == "complete"
               and len(reply["results"]) == n for reply in replies)


def handovers(calls, limit=LIMIT):
    """the seconds from the end of a call to the begin of the next one in its
    slot, all slots being taken whenever a call waits"""
    begins = sorted(call["started"] for call in calls)
    ends = sorted(call["ended"] for call in calls)
    return sorted(begin - end for begin, end in zip(begins[limit:], ends))


def times(seconds):
    return "median %d ms, longest %d ms" % (
        1000 * seconds[len(seconds) // 2], 1000 * seconds[-1])


# a storm


SCRIPTS = ["delay=%d"] * 12 + [
    "delay=%d 500|delay=%d", "cut delay=%d|delay=%d", "bad_json|delay=%d",
    "429 retry_after=0|delay=%d", "reset delay=%d|delay=%d", "500 delay=%d",
    "slow=2 tokens=%d", "delay=%d raw=x", "cut_sse=3 slow=2|delay=%d"]


def script(rng, n):
    text = rng.choice(SCRIPTS)
    return "key=%d " % n + text % tuple(
        rng.randint(5, 60) for _ in range(text.count("%")))


class Storm:
    """reviews of which some go wrong, and some have clients that go away"""

    N = 500 if LONG else 250
    POINTS = 8
    CLIENTS = 64

    def __init__(self, nginx):
        self.nginx = nginx
        self.rng = random.Random(11)
        self.left = list(range(self.N))
        self.ended = 0
        self.aborted = 0
        self.good = 0
        self.cut = []               # [worker, when]
        self.odd = []
        self.busy = self.idle = 0
        self.over = []

    def points(self, n):
        return points(script(self.rng, n * self.POINTS + i)
                      for i in range(self.POINTS))

    async def client(self):
        while self.left:
            n = self.left.pop()
            data = request(CHUNK, self.points(n), EVENTS)
            if self.rng.random() < 0.15:
                await self.goes_away(data)
            else:
                await self.waits(data)
            self.ended += 1

    async def goes_away(self, data):
        self.aborted += 1
        after = self.rng.choice([0, 0.01, 0.05, 0.2, 0.5])
        hard = self.rng.random() < 0.5
        try:
            _, writer = await asyncio.open_connection("127.0.0.1",
                                                      self.nginx.port)
        except ConnectionError:
            return
        writer.write(data)
        await asyncio.sleep(after * SLOW)
        if hard:
            reset_at_close(writer)
        writer.close()

    async def waits(self, data):
        worker, reply, writer = None, b"", None
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1",
                                                           self.nginx.port)
            writer.write(data)
            head = await reader.readuntil(b"\r\n\r\n")
            worker = int(head.partition(b"X-Worker: ")[2].split()[0])
            reply = await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            if writer:
                writer.close()
        self.look_at(worker, reply)

    def look_at(self, worker, reply):
        """every point must have a result, once"""
        if b"event: done" not in reply:
            self.cut.append((worker, time.monotonic()))
            return
        found = []
        for event in reply.decode().split("\n\n"):
            name, _, data = event.rpartition("\ndata: ")
            if name.endswith("event: result"):
                result = json.loads(data)
                found.append(result["point"])
                if result["status"] not in ("ok", "failed"):
                    self.odd.append(result)
        if sorted(found) == ["p%d" % i for i in range(self.POINTS)]:
            self.good += 1
        else:
            self.odd.append(found)

    async def watch(self):
        """the zone's own numbers, as often as the machine allows"""
        while self.ended < self.N:
            try:
                now = await status(self.nginx)
            except json.JSONDecodeError:
                continue            # the worker had it that was killed
            if now["in_flight"] > LIMIT:
                self.over.append(now)
            if now["queued"]["total"]:
                if now["in_flight"] == LIMIT:
                    self.busy += 1
                else:
                    self.idle += 1
            await asyncio.sleep(0.02)

    async def until(self, share):
        while self.ended < self.N * share:
            await asyncio.sleep(0.005)

    async def run(self):
        clients = [asyncio.create_task(self.client())
                   for _ in range(self.CLIENTS)]
        watch = asyncio.create_task(self.watch())
        await self.until(1 / 3)
        reloaded = await in_thread(self.nginx.reload)
        Tap.ok(reloaded, "a storm: nginx is reloaded in it")
        await self.until(2 / 3)
        self.victim = self.nginx.workers()[-1]
        os.kill(self.victim, signal.SIGKILL)
        self.killed = time.monotonic()
        await asyncio.gather(*clients)
        await watch


async def a_storm(nginx):
    storm = Storm(nginx)
    begun = time.monotonic()
    await storm.run()
    took = time.monotonic() - begun

    lost = [(worker, at - storm.killed) for worker, at in storm.cut
            if worker != storm.victim
            and not (worker is None and at >= storm.killed)]
    Tap.ok(not lost, "a storm: only the killed worker's clients are cut",
           lost)
    Tap.ok(not storm.odd, "a storm: every point of a reply has one result",
           storm.odd)
    Tap.ok(storm.good + len(storm.cut) + storm.aborted == storm.N
           and storm.aborted > storm.N / 20
           and storm.good > storm.N / 2,
           "a storm: every review is accounted for",
           (storm.good, len(storm.cut), storm.aborted))
    stats = await nginx.stats()
    Tap.ok(stats["max_in_flight"] == LIMIT,
           "a storm: the LLM never sees more than %d calls at once" % LIMIT,
           stats)
    Tap.ok(not storm.over, "a storm: nor does the zone count more",
           storm.over)
    Tap.ok(storm.idle == 0 and storm.busy > 0,
           "a storm: no slot is free while a call waits",
           (storm.idle, storm.busy))
    await at_rest(nginx, "a storm")
    print("# %d calls in %.1f s; %d replies, %d cut, %d aborted; "
          "%d looks, all busy" % (stats["calls"], took, storm.good,
                                  len(storm.cut), storm.aborted, storm.busy))


async def steadily(nginx):
    """no faults: all slots are in use as long as calls wait"""
    rng = random.Random(3)
    tasks = [asyncio.create_task(review(nginx.port, CHUNK, points(
        "delay=%d" % (rng.randint(100, 300) * SLOW) for _ in range(8))))
        for _ in range(40)]
    await in_flight(nginx, LIMIT)
    begin = await nginx.stats()
    looks = []
    while True:
        now = await status(nginx)
        if now["queued"]["total"] < LIMIT:
            break
        looks.append(now["in_flight"])
        end = await nginx.stats()
        await asyncio.sleep(0.02 * SLOW)
    used = (end["busy"] - begin["busy"]) / (end["time"] - begin["time"]) \
        / LIMIT
    Tap.ok(set(looks) == {LIMIT}, "steadily: all slots are taken", looks)
    good = complete(await asyncio.gather(*tasks), 8)
    Tap.ok(good == 40, "steadily: all reviews are complete", good)
    seen = await calls(nginx)
    late = handovers(seen)
    Tap.ok(late[-1] < LATE, "steadily: a free slot is taken at once",
           times(late))
    stats = await nginx.stats()
    Tap.ok(stats["max_in_flight"] == LIMIT and stats["calls"] == 320,
           "steadily: the LLM sees %d calls at once, no more" % LIMIT, stats)
    await at_rest(nginx, "steadily")
    print("# utilisation %.2f %% over %.1f s, hand-over %s" % (
        100 * used, end["time"] - begin["time"], times(late)))


async def fairly(nginx):
    """a long review does not hold up short ones, wherever they are"""
    delay = 100 * SLOW
    long, *others = nginx.serving()
    clients = []
    for worker in others:
        clients += await clients_of(nginx, worker, 2)
    begun = time.monotonic()
    [big] = await reviews_at(
        nginx, long, 1, ["key=big hold"] * LIMIT
        + ["key=big delay=%d" % delay] * (200 - LIMIT))
    await queued(nginx, 200 - LIMIT)

    async def small(client):
        begun = time.monotonic()
        reply = await client.review(points(["key=small delay=%d" % delay] * 3))
        return time.monotonic() - begun, reply

    ends = asyncio.gather(*map(small, clients))
    await queued(nginx, 200 - LIMIT + 3 * len(clients))
    await release(nginx)

    ends = await ends
    took = sorted(seconds for seconds, _ in ends)
    Tap.ok(complete([reply for _, reply in ends], 3) == len(ends)
           and not big.done(), "fairly: short reviews overtake a long one")
    reply = await big
    order = [call["key"] for call in sorted(
        await calls(nginx), key=lambda call: call["started"])][LIMIT:]
    last = max(i for i, key in enumerate(order) if key == "small")
    Tap.ok(last < 2 * 3 * len(clients), "fairly: they have had their turns "
           "before most calls of the long one", order)
    whole = time.monotonic() - begun
    Tap.ok(complete([reply], 200) == 1, "fairly: the long one ends, too",
           reply and reply["status"])
    late = handovers(await calls(nginx))
    Tap.ok(late[-1] < LATE, "fairly: no call waits beyond its turn",
           times(late))
    print("# short ones %.0f to %.0f ms, the long one %.0f ms, hand-over %s"
          % (1000 * took[0], 1000 * took[-1], 1000 * whole, times(late)))


async def whole(nginx):
    """all workers are there, and none that ends: they know their number"""
    await in_thread(wait_for, lambda: len(nginx.workers()) == 4
                    and len(nginx.accepting()) == 4)


async def killed(nginx, number, name):
    """a worker ends that has all slots, while others wait for them"""
    victim, *others = nginx.serving()
    held = await reviews_at(nginx, victim, 2, ["hang"] * 8)
    await in_flight(nginx, LIMIT)
    waiting = []
    for worker in others:
        waiting += await reviews_at(nginx, worker, 2, ["delay=30"] * 8)
    await queued(nginx, 48)
    os.kill(victim, number)
    replies = await asyncio.gather(*waiting)
    await asyncio.gather(*held)
    seen = await calls(nginx)
    closed = min(call["ended"] for call in seen
                 if call["outcome"] == "client_closed")
    late = min(call["started"] for call in seen
               if call["outcome"] == "answered") - closed
    stats = await nginx.stats()
    Tap.ok(complete(replies, 8) == 6 and late < LATE,
           "%s: its slots are given on" % name,
           (late, replies))
    Tap.ok(stats["max_in_flight"] == LIMIT,
           "%s: but not before it is gone" % name, stats)
    await at_rest(nginx, name)
    await whole(nginx)
    print("# given on after %.0f ms" % (1000 * late))


async def kills(nginx):
    for _ in range(4 if LONG else 2):
        await reset(nginx)
        await killed(nginx, signal.SIGKILL, "kill -9")
    await reset(nginx)
    await killed(nginx, signal.SIGTERM, "a worker is terminated")


async def killed_with_no_queue(nginx, name):
    """nobody waits, who could find out that a worker has died?"""
    victim = nginx.serving()[-1]
    held = await reviews_at(nginx, victim, 2, ["hang"] * 8)
    await in_flight(nginx, LIMIT)
    if "old" in name:
        await reload(nginx)             # it is not started again then
    os.kill(victim, signal.SIGKILL)
    await asyncio.gather(*held)

    async def served():
        reply = await review(nginx.port, CHUNK, points(["ok"]))
        return reply and reply["status"] == "complete"
    Tap.ok(await within(20, served) is not None,
           "kill -9 of %s, queue=0: the slots are free again" % name)


async def kills_with_no_queue(nginx):
    await reload(nginx)                 # so that there are other places
    await whole(nginx)
    await killed_with_no_queue(nginx, "a worker")
    await whole(nginx)
    await killed_with_no_queue(nginx, "an old worker")


async def stopped(nginx, waiting):
    """a worker that does not run for a while"""
    delay = 50 * SLOW
    worker, *others = nginx.serving()
    held = await clients_of(nginx, worker, 1)
    waits = await clients_of(nginx, worker, 1) if waiting else []
    clients = []
    for other in others:
        clients += await clients_of(nginx, other, 4)
    tasks = send(held, ["hold"] * 4)
    await in_flight(nginx, 4)
    tasks += send(clients + waits, ["delay=%d" % delay] * 30)
    await in_flight(nginx, LIMIT)
    os.kill(worker, signal.SIGSTOP)
    try:
        begin = await nginx.stats()
        n = 0 if waiting else 100

        async def answered():
            return (await nginx.stats())["answered"] >= begin["answered"] + n
        good = await within(180, answered)
        if waiting:
            await asyncio.sleep(SLOW)   # it gets slots, and uses none
        end = await nginx.stats()
    finally:
        os.kill(worker, signal.SIGCONT)
    used = (end["answered"] - begin["answered"]) / (
        (end["time"] - begin["time"]) * (LIMIT - 4) * 1000 / delay)
    print("# while a worker is stopped that has %s waiting calls, others use "
          "%.0f %% of the slots that it has not taken" % (
              "some" if waiting else "no", 100 * used))
    await release(nginx)
    replies = await asyncio.gather(*tasks)
    Tap.ok(sum(reply["status"] == "complete" for reply in replies)
           == len(tasks), "a stopped worker: all reviews are complete then")
    stats = await nginx.stats()
    Tap.ok(stats["max_in_flight"] == LIMIT,
           "a stopped worker: the limit holds", stats)
    return good is not None


async def stops(nginx):
    Tap.ok(await stopped(nginx, False),
           "a stopped worker: others go on with the other slots")
    await reset(nginx)
    await stopped(nginx, True)
    await at_rest(nginx, "a stopped worker")


# reloads


def proc(pid, name):
    """of a process that may end while it is looked at: "" then"""
    try:
        with open("/proc/%s/%s" % (pid, name)) as f:
            return f.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def shuts_down(pid):
    said = proc(pid, "cmdline")
    return said == "" or "shutting down" in said


async def reload(nginx, **settings):
    """from here on only new workers accept"""
    old = nginx.workers()
    nginx.configure(**settings)
    good = await in_thread(nginx.reload) and await in_thread(
        wait_for, lambda: all(map(shuts_down, old)))
    Tap.ok(good, "nginx is reloaded")


async def reload_with_long_calls(nginx):
    await whole(nginx)
    old = nginx.serving()
    tasks = []
    for worker in old:
        tasks += await reviews_at(nginx, worker, 1, ["hold"] * 6)
    await queued(nginx, 24 - LIMIT)
    await reload(nginx)
    for worker in set(nginx.workers()) - set(old):
        tasks += await reviews_at(nginx, worker, 1, ["delay=50"] * 10)
    await queued(nginx, 48)
    now = await status(nginx)
    Tap.ok(now["in_flight"] == LIMIT and now["queued"]["total"] == 48
           and set(old) < set(nginx.workers()),
           "a reload: new workers' calls wait for old ones'", now)
    await release(nginx)
    replies = await asyncio.gather(*tasks)
    stats = await nginx.stats()
    Tap.ok(complete(replies, 6) == 4 and complete(replies, 10) == 4
           and stats["max_in_flight"] == LIMIT,
           "a reload: old and new ones together keep to the limit", stats)
    late = handovers(await calls(nginx))
    Tap.ok(late[-1] < LATE, "a reload: they wake each other", times(late))


def begun_among(calls, since):
    """of those that have begun since then: how many were in flight"""
    return [sum(other["started"] <= call["started"] < other["ended"]
                for other in calls)
            for call in calls if call["started"] > since]


async def reload_with_other_calls(nginx):
    """more, and fewer"""
    await reset(nginx)
    tasks = []
    for worker in nginx.serving():
        tasks += await reviews_at(nginx, worker, 1, ["hold delay=100"] * 12)
    await queued(nginx, 48 - LIMIT)
    await reload(nginx, http=http(24))
    Tap.ok(await in_flight(nginx, 24) is not None,
           "calls=24 instead of 16: more calls run at once",
           await nginx.stats())
    await reload(nginx, http=http(8))
    since = (await nginx.stats())["time"]
    Tap.ok((await status(nginx))["limit"]["current"] == 8,
           "calls=8 instead of 24: is the limit now")
    await release(nginx)
    good = complete(await asyncio.gather(*tasks), 12)
    now = max(begun_among(await calls(nginx), since))
    stats = await nginx.stats()
    Tap.ok(good == 4 and now == 8 and stats["max_in_flight"] == 24,
           "calls=8 instead of 24: no call begins before there is room",
           (good, now, stats))
    await at_rest(nginx, "other limits")


async def reload_that_fails(nginx):
    """192.0.2.1 is nobody's: that is found out late"""
    nginx.configure(http=http(4), server="listen 192.0.2.1:1;" + SERVER)
    nginx.nginx.send_signal(signal.SIGHUP)
    await in_thread(wait_for, lambda: "192.0.2.1:1 failed"
                    in nginx.error_log())
    await asyncio.sleep(0.1 * SLOW)     # nothing is to happen
    now = await status(nginx)
    Tap.ok(now["limit"]["current"] == 8,
           "a reload that fails changes no limit", now)
    await reload(nginx, http=http(), server=SERVER)


async def at_once(nginx, n):
    """a review of 40 points, of which so many are to be in flight at once"""
    task = asyncio.create_task(review(nginx.port, CHUNK, points(["hold"] * 40)))
    await in_flight(nginx, n)
    await release(nginx)
    await task


async def reload_with_other_zone(nginx):
    tasks = await reviews_at(nginx, nginx.serving()[0], 1,
                             ["hold"] * 8)
    await in_flight(nginx, 8)
    await reload(nginx, http=http(size="2m"))
    now = await status(nginx)
    await release(nginx)
    Tap.ok('size of zone "z" has changed, it starts anew'
           in nginx.error_log() and now["in_flight"] == 0
           and now["limit"]["current"] == LIMIT,
           "another size: the zone starts anew, with a notice", now)
    Tap.ok(complete(await asyncio.gather(*tasks), 8) == 1,
           "another size: old reviews come to their end")

    await reload(nginx, server=SERVER.replace("review_status z;", ""),
                 http=HTTP.replace("review_limit zone=z %s wait=600s;", "")
                 .replace("%%", "%"))
    await reset(nginx)
    await at_once(nginx, 40)
    stats = await nginx.stats()
    Tap.ok(stats["max_in_flight"] == 40, "no zone: there is no limit", stats)

    await reload(nginx, http=http(), server=SERVER)
    await reset(nginx)
    await at_once(nginx, LIMIT)
    stats = await nginx.stats()
    Tap.ok(stats["max_in_flight"] == LIMIT,
           "the zone is back: and so is the limit", stats)
    await at_rest(nginx, "the zone is back")


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


async def settled(pid, before):
    """the number, once it is no more than it was; the master closes its ends of
    what it had with old workers when it hears of their end"""
    await within(20, lambda: in_thread(
        lambda: not before or descriptors(pid) <= before[0]))
    return descriptors(pid)


async def many_reloads(nginx):
    open_files = []
    for _ in range(6):
        good = await in_thread(nginx.reload)
        await whole(nginx)
        open_files.append(await settled(nginx.nginx.pid, open_files))
        if not good:
            break
    Tap.ok(good and open_files[0] >= open_files[-1],
           "five more reloads cost the master no descriptor", open_files)


# another binary


class Process:
    """one that has become our child since its parent has ended"""

    def __init__(self, pid):
        self.pid = pid

    def send_signal(self, number):
        os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def wait(self, timeout=10):
        if not wait_for(self.ended):
            raise subprocess.TimeoutExpired("nginx", timeout)

    def ended(self):
        try:
            return os.waitpid(self.pid, os.WNOHANG)[0] == self.pid
        except ChildProcessError:
            return not os.path.exists("/proc/%d" % self.pid)


class Upgradable(Harness):
    """in the background: nginx takes no SIGUSR2 as long as its parent lives"""

    background = False

    def __init__(self, **settings):
        super().__init__(main="env ASAN_OPTIONS;\n", **settings)
        self.nginx.send_signal(signal.SIGQUIT)
        command = self.nginx.args
        self.nginx.wait()
        self.nginx, self.masters = None, []
        self.background = True
        self.configure()
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)     # PR_SET_CHILD_SUBREAPER
        subprocess.run(command, check=True, env=dict(
            os.environ, ASAN_OPTIONS="detect_leaks=0:log_path="
            + os.path.join(self.dir, "asan.log")))
        self.nginx = self.started(0)

    def configure(self, **settings):
        super().configure(**settings)
        if self.background:
            with open(self.conf) as f:
                text = f.read()
            with open(self.conf, "w") as f:
                f.write(text.replace("daemon off;", "daemon on;"))

    def pid(self):
        try:
            with open(os.path.join(self.dir, "nginx.pid")) as f:
                return int(f.read() or 0)
        except FileNotFoundError:
            return 0

    def workers(self):
        return self.workers_of(self.nginx.pid)

    def workers_of(self, master):
        """another master may be among the children"""
        children = proc(master, "task/%d/children" % master).split()
        return [int(pid) for pid in children
                if "worker" in proc(pid, "cmdline")]

    def accepting(self):
        return [worker for master in self.masters
                for worker in self.workers_of(master.pid)
                if not self.is_ending(worker)]

    def upgrade(self):
        """starts the binary anew: its master"""
        old = self.pid()
        self.nginx.send_signal(signal.SIGUSR2)
        return self.started(old)

    def started(self, old):
        """the master that has come"""
        if not wait_for(lambda: self.pid() not in (0, old)
                        and len(self.workers_of(self.pid())) == 4):
            raise SystemExit("nginx did not start")
        self.masters.append(Process(self.pid()))
        return self.masters[-1]

    def close(self):
        for master in self.masters:
            if master is not self.nginx and not master.ended():
                master.terminate()
                master.wait()
        return super().close()


async def upgraded(nginx, old_ends):
    old = nginx.nginx
    tasks = []
    for worker in nginx.workers_of(old.pid):
        tasks += await reviews_at(nginx, worker, 1, ["hold"] * 6)
    await queued(nginx, 24 - LIMIT)
    new = await in_thread(nginx.upgrade)
    workers = nginx.workers_of(new.pid)
    Tap.ok(new.pid != old.pid and len(workers) == 4,
           "another binary runs beside the old one", (old.pid, new.pid))
    for worker in workers + nginx.workers_of(old.pid):
        tasks += await reviews_at(nginx, worker, 1, ["delay=50"] * 10)
    await queued(nginx, 88)
    now = await status(nginx)
    Tap.ok(now["in_flight"] == LIMIT and now["queued"]["total"] == 88,
           "another binary: calls of both wait together", now)

    stays, ends = (new, old) if old_ends else (old, new)
    ends.send_signal(signal.SIGQUIT)
    await release(nginx)
    replies = await asyncio.gather(*tasks)
    stats = await nginx.stats()
    Tap.ok(complete(replies, 6) == 4 and complete(replies, 10) == 8
           and stats["max_in_flight"] == LIMIT,
           "another binary: both together keep to the limit", stats)
    late = handovers(await calls(nginx))
    Tap.ok(late[-1] < LATE, "another binary: they wake each other",
           times(late))
    nginx.nginx = stays
    await in_thread(ends.wait, 60 * SLOW)
    await in_thread(wait_for, lambda: nginx.pid() == stays.pid)
    await many_reloads(nginx)
    page = json.loads(await get(nginx.port, "/status"))
    Tap.ok(page["calls"]["total"] == 104, "the zone has counted both's calls",
           page["calls"])
    await at_rest(nginx, "another binary")


async def old_binary_ends(nginx):
    await upgraded(nginx, True)


async def new_binary_ends(nginx):
    await upgraded(nginx, False)


async def upgraded_without_zone(nginx):
    """what the binary has inherited is not for later"""
    old, new = nginx.nginx, await in_thread(nginx.upgrade)
    nginx.nginx = new
    old.send_signal(signal.SIGQUIT)
    await in_thread(old.wait, 60 * SLOW)
    other = http().replace("zone z", "zone y").replace("zone=z", "zone=y")
    await reload(nginx, http=other, server=SERVER.replace(" z;", " y;"))
    await reload(nginx, http=ZONE.replace(" z", " y") % "1m" + http(),
                 server=SERVER)
    Tap.ok("of the old binary does not fit" not in nginx.error_log(),
           "a zone that is back starts anew after an upgrade, too",
           nginx.error_log()[-500:])
    await at_once(nginx, LIMIT)
    stats = await nginx.stats()
    Tap.ok(stats["max_in_flight"] == LIMIT, "and has its limit", stats)


# the end


async def shut_down(nginx):
    """worker_shutdown_timeout: who runs is cut, and who waits"""
    old = nginx.serving()
    tasks = await reviews_at(nginx, old[0], 2, ["hang"] * 8)
    await in_flight(nginx, LIMIT)
    for worker in old:
        tasks += await reviews_at(nginx, worker, 2, ["hang"] * 3)
    await queued(nginx, 24)
    await reload(nginx)
    replies = await asyncio.wait_for(asyncio.gather(*tasks), 50 * SLOW)
    Tap.ok(all(reply and reply["cut"] == "shutdown" for reply in replies),
           "worker_shutdown_timeout: waiting reviews are cut", replies)
    Tap.ok(await in_thread(wait_for, lambda: not set(old)
                           & set(nginx.workers())),
           "worker_shutdown_timeout: the old workers end")
    stats = await nginx.stats()
    Tap.ok(stats["max_in_flight"] == LIMIT,
           "worker_shutdown_timeout: the limit holds", stats)
    await at_rest(nginx, "worker_shutdown_timeout")


async def quit_while_calls_wait(nginx):
    tasks = []
    for worker in nginx.workers():
        tasks += await reviews_at(nginx, worker, 2, ["hold"] * 8)
    await queued(nginx, 64 - LIMIT)
    nginx.nginx.send_signal(signal.SIGQUIT)
    await release(nginx)
    replies = await asyncio.gather(*tasks)
    stats = await nginx.stats()
    Tap.ok(complete(replies, 8) == 8 and stats["max_in_flight"] == LIMIT,
           "quit: reviews that wait come to their end", stats)
    Tap.ok(await in_thread(wait_for, lambda: nginx.nginx.poll() == 0),
           "quit: nginx ends then", nginx.nginx.poll())


def run(*tests, harness=Harness, http=http(), expected=(), **settings):
    nginx = harness(http=http, server=SERVER, workers=4, listen="reuseport",
                    level="notice", **settings)
    try:
        for test in tests:
            asyncio.run(reset(nginx))
            asyncio.run(test(nginx))
    finally:
        bad = [line for line in nginx.close()
               if not any(text in line for text in expected)]
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


KILLED = ["exited on signal 9"]

if __name__ == "__main__":
    run(steadily, fairly, a_storm, kills, expected=KILLED)
    run(kills_with_no_queue, http=http(queue=0), expected=KILLED)
    run(stops)
    run(reload_with_other_calls, reload_that_fails, reload_with_long_calls,
        reload_with_other_zone, many_reloads, expected=["192.0.2.1"])
    run(old_binary_ends, harness=Upgradable)
    run(new_binary_ends, harness=Upgradable)
    run(upgraded_without_zone, harness=Upgradable)
    run(shut_down, main="worker_shutdown_timeout 300ms;")
    run(quit_while_calls_wait)
    Tap.end()
