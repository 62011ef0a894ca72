#!/usr/bin/python3
"""
Proves what a worker that has to exit owes whoever waits: at the latest two
seconds before nginx closes all connections at the end of
worker_shutdown_timeout each endpoint answers with what is finished, and says
that it was cut: JSON, events, lines and Markdown, 503 with Retry-After where
nothing is; what ends by itself until then is not cut, nor is anything without
the timeout, nor by a later configuration's; a report is saved, or said not to
be; a task whose chunks are cut on another machine is whole all the same; no
slot is lost if the worker is killed meanwhile; and the worker is gone in time,
without a word of alarm.
"""

import asyncio
import json
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, free_port, get, wait_for
from origin import Origin
from relay import Relay
from s3 import S3
from swift import Swift

EVENTS = "text/event-stream"
LINES = "application/x-ndjson"
MARKDOWN = "text/markdown"

HTTP = """
    client_max_body_size 8m;
    review_llm /llm model=stand-in;
    review_embeddings /embeddings batch=1;
    review_retry tries=3 backoff=20ms max=200ms budget=1000%%;
    review_zone one 1m;
    review_timeout 10m;
    review_task_timeout 10m;
    review_call_timeout 10m;
    review_fetch_allow 127.0.0.1;
    review_rubric en %(dir)s/en.json;
    %(stores)s
    upstream chunks { server 127.0.0.1:%(chunks)d; %(others)s }
"""
STORE = """
    review_store %s {
        endpoint http://127.0.0.1:%d;
        bucket bids;
        access_key test:tester;
        secret_key testing;
        timeout 10m;
    }
"""
SERVER = """
        proxy_read_timeout 10m;
        location = /v1/short { review; review_timeout %(short)s; }
        location = /v1/one { review; review_limit zone=one calls=1 wait=10m; }
        location = /status { review_status one; }
        location = /v1/guarded {
            review_guard on;
            proxy_pass http://llm/v1/chat/completions;
        }
        location = /v1/task { review_task en; review_chunk_uri /chunk; }
        location = /v1/embed { review_embed; }
        location = /v1/rank { review_rank; }
        location = /v1/fetch { review_fetch path=%(dir)s calls=2; }
        location = /chunk {
            internal;
            proxy_pass http://chunks/v1/review;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
        location = /embeddings {
            internal;
            proxy_pass http://llm/v1/embeddings;
        }
        %(objects)s
"""
OBJECTS = """
        location = /v1/saved {
            review_task en store=good;
            review_chunk_uri /chunk;
        }
        location = /v1/unsaved {
            review_task en store=silent;
            review_chunk_uri /chunk;
        }
        location /silent/ { review_object silent; }
"""


# of tasks; a sequence is that of all calls for the point

POINTS = {"ok": "ok", "hold": "hold", **{
    name: "ok|hold" for name in ("json", "events", "lines", "markdown",
                                 "saved", "unsaved", "other")}}


class Nginx(Harness):
    """its chunks are reviewed at a port that may be another one's"""

    def __init__(self, timeout, chunks=None, stores="", others="", more="",
                 **settings):
        self.root = os.path.join(os.environ["TMPDIR"],
                                 "shutdown-%d" % free_port())
        os.mkdir(self.root)
        os.chmod(self.root, 0o777)
        with open(os.path.join(self.root, "en.json"), "w") as f:
            json.dump({"name": "en", "language": "en", "points": [
                {"id": name, "question": "q [[key=%s %s]]" % (name, script)}
                for name, script in POINTS.items()]}, f)
        super().__init__(
            main=self.main(timeout) + more, level="notice",
            http=HTTP % {"dir": self.root, "stores": stores,
                         "chunks": chunks or 1, "others": others},
            server=SERVER % {"dir": self.root, "short": "%dms" % (1000 * SLOW),
                             "objects": OBJECTS if stores else ""}, **settings)

    @staticmethod
    def main(timeout):
        return "worker_shutdown_timeout %ds;" % timeout if timeout else ""

    async def open(self, path):
        await exchange(self.llm_port, ("POST %s HTTP/1.1\r\nHost: x\r\n"
                       "Connection: close\r\n\r\n" % path).encode())

    async def calls(self):
        return (await self.stats())["in_flight"]


# clients

class Reply:
    def __init__(self, data, began):
        head, _, self.body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        self.status = int(lines[0].split()[1]) if head else 0
        self.headers = {}
        for line in lines[1:]:
            name, value = line.lower().split(": ", 1)
            self.headers[name] = ", ".join(
                filter(None, (self.headers.get(name), value)))
        if self.headers.get("transfer-encoding") == "chunked":
            self.body = self.unchunked()
        self.took = time.monotonic() - began

    def unchunked(self):
        whole, rest = b"", self.body
        while rest:
            size, _, rest = rest.partition(b"\r\n")
            n = int(size, 16)
            if n == 0:
                return whole
            whole, rest = whole + rest[:n], rest[n + 2:]
        return b""          # the last chunk is missing: it was cut

    def events(self):
        found = [re.match(r"event: (\w+)\ndata: (.*)", block)
                 for block in self.body.decode().split("\n\n")]
        return [(e[1], json.loads(e[2])) for e in found if e]

    def lines(self):
        return [tuple(json.loads(line).items())[0]
                for line in self.body.decode().splitlines()]

    def last(self):
        """the last event's name and data, or the line's, or all"""
        kind = self.headers.get("content-type", "").split(";")[0]
        found = self.events() if kind == EVENTS else \
            self.lines() if kind == LINES else [("", json.loads(self.body))]
        return found[-1]


async def post(nginx, path, body, accept="application/json", method="POST",
               close=False):
    reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    writer.write(("%s %s HTTP/1.1\r\nHost: test\r\nAccept: %s\r\n"
                  "Content-Type: application/json\r\n"
                  "%sContent-Length: %d\r\n\r\n"
                  % (method, path, accept, "Connection: close\r\n"
                     if close else "", len(data))).encode() + data)
    began = time.monotonic()
    try:
        await writer.drain()
        reply = await reader.read()
    except ConnectionError:
        reply = b""
    writer.close()
    return Reply(reply, began)


def asked(*scripts):
    return {"chunk": {"id": "x", "text": "some text"},
            "points": [{"id": "p%d" % i, "question": "q [[%s]]" % script}
                       for i, script in enumerate(scripts)]}


def task(*names, **more):
    """of two chunks; a script goes on with the second call of it"""
    return {"document": "# A\n\nsome text.\n\n# B\n\nother text.\n",
            "split": {"max_chars": 20}, "points": names, **more}


# what is to be seen

def cell(result):
    return result.get("error", {}).get("code") or result["status"]


def cells(data):
    return [cell(c) for c in data.get("results") or data.get("cells")]


def is_cut(reply, status, codes, name=""):
    """in that form, with those codes, and what follows from them"""
    event, data = reply.last()
    whole = not set(codes) - {"shutdown"}
    return reply.status == status and event == name \
        and sorted(cells(data)) == sorted(codes) \
        and data["cut"] == "shutdown" \
        and data["status"] == ("failed" if whole else "partial") \
        and (reply.headers.get("retry-after") == "2") == (status == 503)


def is_late(reply):
    """a problem: nothing was there"""
    return reply.status == 503 and reply.headers.get("retry-after") == "2" \
        and reply.headers["content-type"] == "application/problem+json" \
        and json.loads(reply.body)["detail"] == "nginx was shutting down"


def is_whole(reply, name=""):
    event, data = reply.last()
    return reply.status == 200 and event == name and "cut" not in data \
        and data["status"] == "complete"


HALF = ["ok", "shutdown"]
TASK = ["ok", "ok", "ok", "shutdown"]


def requests(nginx, origin=None):
    """{name: (its request, what is to be seen of its reply)}"""
    half, jobs = ("ok", "hold"), {}

    def add(name, good, *request, **more):
        jobs[name] = post(nginx, *request, **more), good

    add("JSON", lambda r: is_cut(r, 200, HALF), "/v1/review", asked(*half))
    add("events", lambda r: is_cut(r, 200, HALF, "done"), "/v1/review",
        asked(*half), EVENTS)
    add("nothing", lambda r: is_cut(r, 503, ["shutdown"] * 2),
        "/v1/review", asked("hold", "hold"))
    add("a queue", lambda r: is_cut(r, 503, ["shutdown"] * 3), "/v1/one",
        asked("hold", "hold", "hold"))
    add("a task", lambda r: is_cut(r, 200, TASK), "/v1/task",
        task("ok", "json"))
    add("a task's events", lambda r: is_cut(r, 200, TASK, "done"), "/v1/task",
        task("ok", "events"), EVENTS)
    add("a task's lines", lambda r: is_cut(r, 200, TASK, "report"), "/v1/task",
        task("ok", "lines"), LINES)
    add("a task's Markdown", lambda r: r.status == 200 and
        b"\nStatus: partial, cut since nginx was shutting down: ask again  \n"
        in r.body and b"| shutdown: nginx was shutting down |" in r.body,
        "/v1/task", task("ok", "markdown"), MARKDOWN)
    add("a task without anything", lambda r: is_cut(
        r, 503, ["shutdown"] * 2), "/v1/task", task("hold"))
    add("embeddings", lambda r: r.status == 200
        and r.last()[1]["cut"] == "shutdown"
        and [d.get("error", {}).get("code") for d in r.last()[1]["data"]]
        == [None, "shutdown"], "/v1/embed", {"input": ["a", "b [[hold]]"]})
    add("no embeddings", lambda r: r.status == 503
        and r.headers.get("retry-after") == "2"
        and r.last()[1]["cut"] == "shutdown", "/v1/embed",
        {"input": ["b [[hold]]"]})
    add("a rank", lambda r: r.status == 200 and r.last()[1]["by"] == "bm25"
        and r.last()[1]["cut"] == "shutdown"
        and r.last()[1]["error"]["code"] == "shutdown", "/v1/rank",
        {"query": "a", "texts": ["a", "b [[hold]]"]})
    if origin:
        url = "http://127.0.0.1:%d/" % origin.port
        add("downloads", lambda r: r.status == 200
            and [d["status"] for d in r.last()[1]["results"]]
            == ["ok", "failed"] and r.last()[1]["cut"] == "shutdown"
            and r.last()[1]["results"][1]["error"]["code"] == "shutdown",
            "/v1/fetch", {"urls": [url + "size/10", url + "hang"]})
        add("a task that loads", is_late, "/v1/task",
            task("ok", document={"url": url + "hang"}))
    return jobs


async def until(condition, seconds=60):
    return await asyncio.to_thread(wait_for, condition, seconds)


async def begun(nginx, far, held, chunks, origin=None):
    """what is held is, here and there, and nothing else runs any more; or how
    many calls are in flight"""
    end, times = time.monotonic() + 60 * SLOW, 0
    while True:
        seen = await nginx.calls(), await far.calls(), \
            origin.running if origin else 2
        times = times + 1 if seen == (held, chunks, 2) else 0
        if times == 10:
            return None
        if time.monotonic() > end:
            return seen
        await asyncio.sleep(0.02)


def gone(pids):
    return not any(os.path.exists("/proc/%d" % pid) for pid in pids)


async def tell(nginx, sign):
    """the workers that have to exit now, and since when; others are there"""
    old, since = nginx.workers(), time.monotonic()
    nginx.nginx.send_signal(sign)
    await until(lambda: all(map(nginx.is_ending, old))
                and (sign == signal.SIGQUIT or nginx.serving()))
    return old, since


def seen(good, reply):
    try:
        return good(reply)
    except (KeyError, IndexError, ValueError, TypeError):
        return False


def show(reply):
    return reply.status, reply.headers, reply.body[-1500:]


async def all_cut(name, jobs, tasks, since, timeout):
    for job, (_, good) in jobs.items():
        reply = await tasks[job]
        took = time.monotonic() - since
        Tap.ok(seen(good, reply), "%s: %s" % (name, job), show(reply))
        Tap.ok(took > timeout - 2.1, "%s: %s: not before it must be"
               % (name, job), took)
        if reply.headers["content-type"] not in (EVENTS, LINES):
            Tap.ok(reply.headers["connection"] == "close",
                   "%s: %s: the connection is closed" % (name, job))


async def ended(name, nginx, old, since, timeout):
    Tap.ok(await until(lambda: gone(old)), name + ": the worker is gone")
    took = time.monotonic() - since
    Tap.ok(took < timeout + 5, name + ": in time", took)


def close(name, *nginxes, alarm=None):
    logs = [nginx.error_log() for nginx in nginxes]
    bad = [line for nginx in nginxes for line in nginx.close()
           if not alarm or alarm not in line]
    Tap.ok(not bad and not any("open socket" in log for log in logs),
           name + ": nothing alarming is in the error logs", "\n".join(bad))


def start(jobs):
    return {job: asyncio.create_task(request)
            for job, (request, _) in jobs.items()}


# the scenes

async def everything(name, sign, timeout, origin):
    """all endpoints at once"""
    far = Nginx(0)
    nginx = Nginx(timeout, chunks=far.port)
    try:
        jobs = requests(nginx, origin)
        tasks = start(jobs)
        soon = asyncio.create_task(post(nginx, "/v1/review",
                                        asked("gate=soon"), EVENTS))
        guarded = asyncio.create_task(post(nginx, "/v1/guarded", {
            "messages": [{"role": "user", "content": "[[hold]]"}]}))
        wrong = await begun(nginx, far, 10, 6, origin)
        Tap.ok(wrong is None, name + ": all is under way", wrong)
        short = asyncio.create_task(post(nginx, "/v1/short", asked("hold")))
        while await nginx.calls() == 10 and not short.done():
            await asyncio.sleep(0.01)
        old, since = await tell(nginx, sign)
        await nginx.open("/_open?gate=soon")
        reply = await soon
        Tap.ok(seen(lambda r: is_whole(r, "done"), reply),
               name + ": what ends in time is whole", show(reply))
        reply = await short
        Tap.ok(reply.status == 504 and cells(reply.last()[1]) == ["deadline"]
               and "cut" not in reply.last()[1],
               name + ": a deadline that comes before is one", show(reply))
        await all_cut(name, jobs, tasks, since, timeout)
        Tap.ok(not gone(old), name + ": the worker waits for what is nginx's")
        if sign == signal.SIGHUP:
            await counted(name, nginx)
        await ended(name, nginx, old, since, timeout)
        reply = await guarded
        Tap.ok(reply.status == 0, name + ": guarded requests nginx has cut",
               show(reply))
        Tap.ok("review: the worker has to exit, 1 of 2 points are done"
               in nginx.error_log(), name + ": the error log tells")
    finally:
        close(name, nginx, far)


async def counted(name, nginx):
    """by the zone, as the new worker tells"""
    status = json.loads(await get(nginx.port, "/status"))
    calls = status["calls"]
    Tap.ok(calls["outcomes"] == {"ok": 0, "shutdown": 3}
           and calls["in_flight"] == calls["queued"]["total"] == 0
           and status["reviews"]["failed"] == 1,
           name + ": that is counted, and no slot is taken", status)


async def short(name, sign, timeout):
    """less than two seconds: at once"""
    far = Nginx(0)
    nginx = Nginx(timeout, chunks=far.port)
    try:
        jobs = requests(nginx)
        tasks = start(jobs)
        wrong = await begun(nginx, far, 8, 6)
        Tap.ok(wrong is None, name + ": all is under way", wrong)
        old, since = await tell(nginx, sign)
        await all_cut(name, jobs, tasks, since, timeout)
        await ended(name, nginx, old, since, timeout)
        Tap.ok(await until(lambda: sign != signal.SIGQUIT
                           or nginx.nginx.poll() == 0),
               name + ": so is the master")
    finally:
        close(name, nginx, far)


async def nothing(name, sign):
    """without the timeout nginx waits, however long it takes"""
    far = Nginx(0)
    nginx = Nginx(0, chunks=far.port)
    try:
        jobs = requests(nginx)
        tasks = start(jobs)
        wrong = await begun(nginx, far, 8, 6)
        Tap.ok(wrong is None, name + ": all is under way", wrong)
        old, _ = await tell(nginx, sign)
        await asyncio.sleep(3)          # longer than it takes to be noticed
        Tap.ok(not any(task.done() for task in tasks.values())
               and not gone(old), name + ": nothing is cut")
        for at in nginx, far:
            await at.open("/_release")
        for job, task in tasks.items():
            reply = await task
            Tap.ok(reply.status == 200 and b'"cut"' not in reply.body
                   and b"shutdown" not in reply.body
                   and b"shutting" not in reply.body,
                   "%s: %s is whole" % (name, job), show(reply))
        Tap.ok(await until(lambda: gone(old)), name + ": the worker is gone")
    finally:
        close(name, nginx, far)


async def saved(name, sign, timeout, store):
    """the report, and objects: in the last two seconds"""
    relay = Relay(store.port)
    far = Nginx(0)
    nginx = Nginx(timeout, chunks=far.port, stores=STORE % (
        "good", store.port) + STORE % ("silent", relay.port))
    try:
        relay.up.stall()
        jobs = {
            "saved": post(nginx, "/v1/saved", task(
                "ok", "saved", result={"object": "cut.json"})),
            "unsaved": post(nginx, "/v1/unsaved", task(
                "ok", "unsaved", result={"object": "not.json"}), EVENTS),
            "done": post(nginx, "/v1/unsaved", task(
                "ok", result={"object": "done.json"})),
            "put": post(nginx, "/silent/put", b"data", method="PUT"),
            "get": post(nginx, "/silent/get", b"", method="GET")}
        tasks = {job: asyncio.create_task(request)
                 for job, request in jobs.items()}
        wrong = await begun(nginx, far, 0, 2)
        Tap.ok(wrong is None and await until(lambda: relay.connections >= 3),
               name + ": all is under way", (wrong, relay.connections))
        old, since = await tell(nginx, sign)
        replies = {job: await task for job, task in tasks.items()}
        Tap.ok(time.monotonic() - since < timeout, name + ": all is told")

        reply = replies["saved"]
        Tap.ok(seen(lambda r: is_cut(r, 200, TASK)
                    and r.last()[1]["result"]["saved"], reply),
               name + ": a report that was cut is saved", show(reply))
        report = json.loads(S3(store.port).get("cut.json") or b"{}")
        Tap.ok(report.get("cut") == "shutdown"
               and report.get("cells") == reply.last()[1]["cells"],
               name + ": and says so in the store", report)
        error = {"code": "store", "detail": "shutdown"}
        reply = replies["unsaved"]
        Tap.ok(seen(lambda r: is_cut(r, 200, TASK, "done")
                    and not r.last()[1]["result"]["saved"]
                    and r.last()[1]["result"]["error"] == error, reply),
               name + ": one that cannot be is told not to be", show(reply))
        reply = replies["done"]
        Tap.ok(seen(lambda r: is_whole(r)
                    and r.last()[1]["result"]["error"] == error, reply),
               name + ": a report that was done already is not cut",
               show(reply))
        for job in "put", "get":
            Tap.ok(seen(is_late, replies[job]), "%s: %s" % (name, job),
                   show(replies[job]))
        await ended(name, nginx, old, since, timeout)
    finally:
        relay.close()
        close(name, nginx, far)


async def generations(name):
    """each worker has the timeout that it was started with"""
    nginx = Nginx(0)
    try:
        first = asyncio.create_task(post(nginx, "/v1/review",
                                         asked("gate=first")))
        wrong = await begun(nginx, nginx, 1, 1)
        nginx.configure(main=nginx.main(3 * SLOW))
        old, _ = await tell(nginx, signal.SIGHUP)
        second = asyncio.create_task(post(nginx, "/v1/review",
                                          asked("hold"), EVENTS))
        wrong = wrong or await begun(nginx, nginx, 2, 2)
        Tap.ok(wrong is None, name + ": two generations are at work", wrong)
        nginx.configure(main=nginx.main(600))
        both, _ = await tell(nginx, signal.SIGHUP)
        middle = set(both) - set(old)
        third = asyncio.create_task(post(nginx, "/v1/review",
                                         asked("gate=third"), close=True))
        reply = await second
        Tap.ok(seen(lambda r: is_cut(r, 200, ["shutdown"], "done"), reply),
               name + ": the second is cut by its own timeout", show(reply))
        Tap.ok(await until(lambda: gone(middle)), name + ": and ends")
        Tap.ok(not first.done() and not third.done() and not gone(old),
               name + ": the others stay")
        for gate, task in ("first", first), ("third", third):
            await nginx.open("/_open?gate=" + gate)
            Tap.ok(seen(is_whole, await task), name + ": %s is whole" % gate)
        Tap.ok(await until(lambda: gone(old)), name + ": the first ends, too")
    finally:
        close(name, nginx)


async def elsewhere(name, timeout):
    """a task, of whose two machines one quits"""
    far = Nginx(timeout)
    other = Nginx(0)
    nginx = Nginx(0, chunks=far.port,
                  others="server 127.0.0.1:%d backup;" % other.port)
    try:
        job = asyncio.create_task(post(nginx, "/v1/task", task(
            "ok", "other"), EVENTS, close=True))
        wrong = await begun(far, other, 1, 0)
        Tap.ok(wrong is None, name + ": a chunk is under way", wrong)
        await until(lambda: len(far.workers()) == 1)
        await tell(far, signal.SIGQUIT)
        reply = await job
        Tap.ok(seen(lambda r: is_whole(r, "done")
                    and cells(r.last()[1]) == ["ok"] * 4, reply),
               name + ": no cell is lost", show(reply))
        calls = [(await at.stats())["calls"] for at in (far, other)]
        Tap.ok(calls == [4, 1], name + ": what was cut is asked again, and "
               "nothing else", calls)
        Tap.ok("review: the worker has to exit" in far.error_log()
               and "has to exit" not in nginx.error_log(),
               name + ": it was cut there")
    finally:
        close(name, nginx, far, other)


async def killed(name):
    """a worker that dies before it has told anything"""
    nginx = Nginx(60)
    try:
        jobs = [asyncio.create_task(post(nginx, path, asked("hold"), EVENTS))
                for path in ("/v1/one", "/v1/review")]
        wrong = await begun(nginx, nginx, 2, 2)
        Tap.ok(wrong is None, name + ": all is under way", wrong)
        old, _ = await tell(nginx, signal.SIGHUP)
        after = asyncio.create_task(post(nginx, "/v1/one", asked("ok"),
                                         close=True))
        for pid in old:
            os.kill(pid, signal.SIGKILL)
        for job in jobs:
            reply = await job
            Tap.ok(b"event: done" not in reply.body,
                   name + ": nothing is told", show(reply))
        reply = await after
        Tap.ok(seen(is_whole, reply), name + ": its slot is another's",
               show(reply))
    finally:
        close(name, nginx, alarm="exited on signal 9")


async def alone(name):
    """a single process never waits"""
    nginx = Nginx(60, more="master_process off;", workers=0)
    try:
        job = asyncio.create_task(post(nginx, "/v1/review", asked("hold")))
        wrong = await begun(nginx, nginx, 1, 1)
        Tap.ok(wrong is None, name + ": a review is under way", wrong)
        nginx.nginx.send_signal(signal.SIGQUIT)
        reply = await job
        Tap.ok(reply.status == 0 and await until(
            lambda: nginx.nginx.poll() == 0), name + ": it ends at once",
            show(reply))
    finally:
        close(name, nginx)


def main():
    origin = Origin()
    store = Swift()
    try:
        asyncio.run(everything("a reload", signal.SIGHUP, 4 * SLOW, origin))
        asyncio.run(everything("a quit", signal.SIGQUIT, 4 * SLOW, origin))
        asyncio.run(short("a quit, 1s", signal.SIGQUIT, SLOW))
        asyncio.run(short("a reload, 1s", signal.SIGHUP, SLOW))
        asyncio.run(nothing("a reload, no timeout", signal.SIGHUP))
        asyncio.run(nothing("a quit, no timeout", signal.SIGQUIT))
        asyncio.run(saved("a store", signal.SIGHUP, 5 * SLOW, store))
        asyncio.run(generations("reloads in a row"))
        asyncio.run(elsewhere("chunks elsewhere", 3 * SLOW))
        asyncio.run(killed("kill -9"))
        asyncio.run(alone("a single process"))
    finally:
        store.close()
        origin.close()
    Tap.end()


if __name__ == "__main__":
    main()
