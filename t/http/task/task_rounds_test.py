#!/usr/bin/python3
"""
Proves that trouble costs a task time and not cells: an LLM that refuses all
connections in mid-task, for a while or for long; all calls in flight cut in one
moment; more chunks at a time than one GPU bears.  No cell is lost, and the LLM
is called but once for each, and for what was cut.  While nothing can be
answered progress says so, with how many cells are asked again, and the chunk's
own progress does; a cell that fails whatever happens to others ends after five
rounds, and so where no others are left; what has failed before the deadline is
told with its own code, and what was still tried then with its tries.
"""

import asyncio
import json
import os
import sys
import tempfile
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, LONG, SLOW, Tap, exchange, free_port, points, \
    request
from relay import Relay

CHUNKS = 60
POINTS = 10
CELLS = CHUNKS * POINTS

HTTP = """
    client_max_body_size 16m;
    review_zone z 1m;
    review_llm /relayed model=stand-in;
    review_rubric r %(rubric)s;
    %(limit)s
    upstream relayed {
        server 127.0.0.1:%(relay)d max_fails=0;
        keepalive 64;
    }
    server {
        listen 127.0.0.1:%(chunks)d;
        location / { review; review_timeout %(review)ds; }
        location = /relayed {
            internal;
            proxy_pass http://relayed/v1/chat/completions;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
"""
SERVER = """
        location = /status { review_status z; }
        location = /task {
            review_task r;
            review_chunk_uri /chunk calls=16;
        }
        location = /chunk {
            internal;
            proxy_pass http://127.0.0.1:%d/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_read_timeout 20s;
        }
"""

# the README's own limit, of one GPU, scaled down by twenty

LIMIT = "review_limit zone=z calls=48 wait=60s;"
SMALL = "review_limit zone=z calls=8 queue=500 wait=2s;"
QUICK = LIMIT + "review_circuit window=600ms probe=300ms;"


class Task:
    """one that runs: its events as they come"""

    def __init__(self, nginx, document, more):
        self.nginx = nginx
        self.progress = []
        self.report = None
        self.begun = time.monotonic()
        self.body = json.dumps(dict({"document": document, "split": {
            "max_chars": 60}}, **more)).encode()
        self.done = asyncio.create_task(self.run())

    async def run(self):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", self.nginx.port, limit=1 << 26)
        writer.write(b"POST /task HTTP/1.1\r\nHost: test\r\n"
                     b"Connection: close\r\nAccept: text/event-stream\r\n"
                     b"Content-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(self.body)
                     + self.body)
        name = None
        while line := await reader.readline():
            if line.startswith(b"event: "):
                name = line[7:].strip()
            elif line.startswith(b"data: ") and name == b"progress":
                self.progress.append(json.loads(line[6:]))
            elif line.startswith(b"data: ") and name == b"done":
                self.report = json.loads(line[6:])
            elif not name:
                self.head = line
        writer.close()
        self.seconds = time.monotonic() - self.begun

    async def until(self, condition, seconds=60):
        end = time.monotonic() + seconds * SLOW
        while not self.done.done() and time.monotonic() < end:
            if self.progress and condition(self.progress[-1]):
                return True
            await asyncio.sleep(0.01)
        return False

    def lost(self):
        return [(c["chunk"], c["point"], c.get("error"))
                for c in self.report["cells"] if c["status"] != "ok"] \
            if self.report else ["all"]


def document(n=CHUNKS):
    return "".join("# 第 %d 节\n\n%s\n\n" % (i, "投标有效期为九十日。" * 4)
                   for i in range(n))


async def outcomes(nginx):
    reply = await exchange(nginx.port, b"GET /status HTTP/1.1\r\nHost: t\r\n"
                           b"Connection: close\r\n\r\n")
    return json.loads(reply[1])["calls"]["outcomes"]


async def nothing_lost(nginx, task, name, cells=CELLS):
    await task.done
    lost = task.lost()
    Tap.ok(task.report and not lost and len(task.report["cells"]) == cells
           and task.report["status"] == "complete", name + ": no cell is lost",
           (len(lost), lost[:3]))
    page = await outcomes(nginx)
    calls = (await nginx.stats())["calls"]
    Tap.ok(calls <= cells + page.get("cut", 0) + cells // 20,
           name + ": the LLM is called little more than once for each",
           (calls, page))
    print("# %s: %.1f s, %d calls, %s" % (name, task.seconds, calls, page))


async def outage(nginx, relay, seconds, name):
    """connections are refused in mid-task, and those that are there cut"""
    task = Task(nginx, document(), {"deadline": 3000})
    await task.until(lambda p: p["done"] >= CELLS // 6)
    relay.refuse()
    relay.reset()
    end = time.monotonic() + seconds
    Tap.ok(await task.until(lambda p: p.get("waiting") == "llm"),
           name + ": progress says what it waits for", task.progress[-3:])
    await asyncio.sleep(max(0, end - time.monotonic()))
    Tap.ok(not task.done.done() and task.progress[-1]["failed"] == 0,
           name + ": none has failed", task.progress[-3:])
    relay.accept()
    Tap.ok(await task.until(lambda p: "waiting" not in p),
           name + ": then it does not wait any more")
    await nothing_lost(nginx, task, name)
    Tap.ok(all(p["done"] + p.get("failing", 0) <= p["total"]
               for p in task.progress)
           and [p["done"] for p in task.progress]
           == sorted(p["done"] for p in task.progress),
           name + ": what is done stays done")


async def short(nginx, relay):
    await outage(nginx, relay, 3, "3 s")


async def ten(nginx, relay):
    await outage(nginx, relay, 10, "10 s")


async def minutes(nginx, relay):
    await outage(nginx, relay, 300, "5 minutes")


async def moment(nginx, relay):
    """all calls in flight are cut, by an LLM that is well"""
    task = Task(nginx, document(), {"deadline": 600})
    while (await nginx.stats())["in_flight"] < 40:
        await asyncio.sleep(0.01)
    relay.reset()
    await nothing_lost(nginx, task, "cut")


async def gpu(nginx, relay):
    """of 8 slots, whose calls are slow: many chunks' calls wait too long"""
    task = Task(nginx, document(30), {"deadline": 600})
    await nothing_lost(nginx, task, "8 slots", 30 * POINTS)
    page = await outcomes(nginx)
    Tap.ok(page.get("queue_timeout"), "8 slots: some had waited in vain", page)


async def alone(nginx, relay):
    """nothing limits the calls: there is no circuit, tries are all there is"""
    task = Task(nginx, document(), {"deadline": 600})
    await task.until(lambda p: p["done"] >= CELLS // 6)
    relay.refuse()
    relay.reset()
    await asyncio.sleep(3)
    relay.accept()
    await task.done
    lost = task.lost()
    Tap.ok(not lost, "without a limit: no cell is lost", (len(lost), lost[:3]))


async def own(nginx, relay):
    """one cell fails whenever it is asked, all others are answered, and chunks
    end all the time: each of its rounds counts"""
    text = document(300).replace("第 1 节", "第 1 节 [[500]]")
    task = Task(nginx, text, {"deadline": 600})
    await task.done
    lost = [c for c in task.report["cells"] if c["status"] != "ok"]
    Tap.ok(len(lost) == 1 and lost[0]["error"]["code"] == "http_500"
           and lost[0]["attempts"] == 5 and task.seconds < 120 * SLOW,
           "a cell of its own ends after five rounds", (lost, task.seconds))
    Tap.ok(any(p.get("failing") == 1 and "waiting" not in p
               for p in task.progress)
           and task.progress[-1]["failed"] + task.progress[-1].get(
               "failing", 0) == 1, "which is told",
           task.progress[-3:])
    Tap.ok(task.report["usage"]["calls"] == (await nginx.stats())["calls"]
           and task.report["usage"]["retries"] == 4, "usage adds up",
           task.report["usage"])


async def doubt(nginx, relay):
    """the same, where no other cell is left to tell whose failure it is"""
    task = Task(nginx, document(2), {"deadline": 3000})
    await task.done
    states = [c["status"] for c in task.report["cells"]]
    lost = [c for c in task.report["cells"] if c["status"] != "ok"]
    Tap.ok(states == ["ok", "failed", "ok"] * 2
           and all(c["error"]["code"] == "http_500" and c["attempts"] >= 5
                   for c in lost) and task.seconds < 100 * SLOW,
           "nothing else is left: it ends, too", (states, lost, task.seconds))
    calls = (await nginx.stats())["calls"]
    Tap.ok(calls == task.report["usage"]["calls"]
           and calls <= 4 + 2 * sum(c["attempts"] for c in lost),
           "no more calls are made for that than for the cell",
           task.report["usage"])


async def never(nginx, relay):
    """an LLM that answers nothing, until the deadline"""
    task = Task(nginx, document(2), {"deadline": 4 * SLOW})
    await task.done
    codes = {c["error"]["code"] for c in task.report["cells"]}
    tries = [c["attempts"] for c in task.report["cells"]]
    Tap.ok(codes == {"http_500"} and task.report["status"] == "failed"
           and max(tries) >= 2 and task.seconds >= 4 * SLOW - 1,
           "at the deadline there are the last failures",
           (codes, tries, task.seconds))


async def hangs(nginx, relay):
    """what a review had tried that was not done at the deadline"""
    task = Task(nginx, document(2), {"deadline": 4 * SLOW})
    await task.done
    cells = [(c["point"], c["status"], c.get("error", {}).get("code"),
              c["attempts"]) for c in task.report["cells"]]
    calls = (await nginx.stats())["calls"]
    Tap.ok(all(c[1:3] == ("timeout", "deadline") and c[3] >= 1
               if c[0] == "p0" else c[1] == "ok" for c in cells)
           and task.report["usage"]["calls"] == calls,
           "at the deadline calls that hang are told", (cells, calls))


async def at_once(nginx, relay):
    """what won't pass is not asked again"""
    task = Task(nginx, document(2), {"deadline": 600})
    await task.done
    codes = [c["error"]["code"] for c in task.report["cells"]]
    tries = [c["attempts"] for c in task.report["cells"]]
    Tap.ok(codes == ["refused", "http_404", "truncated"] * 2
           and tries == [1, 1, 2] * 2, "permanent failures end a cell at once",
           (codes, tries))


async def events_of_a_chunk(nginx, relay):
    """told of the waiting, and of its end"""
    reader, writer = await asyncio.open_connection("127.0.0.1",
                                                   nginx.chunks_port)
    writer.write(request("甲", points(["delay=300"] * 40), path="/",
                         headers="Accept: text/event-stream\r\n"))
    await writer.drain()
    while (await nginx.stats())["calls"] < 20:
        await asyncio.sleep(0.01)
    relay.refuse()
    relay.reset()
    told = []
    while line := await reader.readline():
        if line.startswith(b"data: {\"done\""):
            told.append(json.loads(line[6:]))
            if "waiting" in told[-1] and relay.refuses:
                relay.accept()
                relay.refuses = False
        elif line.startswith(b"data: {\"id\""):
            reply = json.loads(line[6:])
    writer.close()
    Tap.ok([p for p in told if p.get("waiting") == "llm"],
           "a chunk's progress tells that it waits", told)
    Tap.ok(len(reply["results"]) == 40 and "waiting" not in told[-1]
           and told[-1]["done"] == 40, "and that it does no more", told[-3:])


def run(test, limit=QUICK, script="delay=50", review=600, retry=""):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as rubric:
        json.dump({"name": "r", "points": points([script] * POINTS
                                                 if isinstance(script, str)
                                                 else script)}, rubric)
        rubric.flush()
        os.chmod(rubric.name, 0o644)
        nginx = Harness(workers=2)
        relay = Relay(nginx.llm_port)
        relay.refuses = True
        chunks = nginx.chunks_port = free_port()
        nginx.renew(server=SERVER % chunks, http=HTTP % {
            "rubric": rubric.name, "relay": relay.port, "chunks": chunks,
            "limit": limit + retry, "review": review})
        try:
            asyncio.run(test(nginx, relay))
        finally:
            bad = nginx.close()
            relay.close()
            Tap.ok(not bad, "nothing alarming is in the error log",
                   "\n".join(bad))


if __name__ == "__main__":
    run(short)
    run(short, limit="review_limit zone=z calls=48 wait=1s;"
        "review_circuit window=600ms probe=300ms;")
    run(moment, script="delay=300")
    run(gpu, limit=SMALL, script="delay=400")
    run(alone, limit="")
    run(own, limit="review_limit zone=z calls=8 wait=60s;",
        script=["", "delay=200"], retry="review_retry tries=1;")
    run(doubt, script=["ok", "500", "ok"], retry="review_retry tries=1;")
    run(never, script=["500"] * 3, retry="review_retry tries=1;")
    run(hangs, script=["hang", "ok"])
    run(at_once, script=["refusal", "404", "length"])
    run(events_of_a_chunk)
    run(ten)
    if LONG:
        run(minutes)
    Tap.end()
