#!/usr/bin/python3
"""
Proves that nothing of a task is touched by two at once, or outlived, while a
thread looks for quotes in all of its texts, or writes its report: clients
leave, by HTTP/1.1 and HTTP/2, times are over, and workers are replaced, at any
moment of that; whoever waits gets a whole report, and the next task is served.
"""

import asyncio
import json
import os
import random
import shutil
import sys
import tempfile
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from frames import Client
from harness import Harness, LONG, SLOW, Tap, exchange, free_port, \
    reset_at_close, wait_for

POINTS = 12
PARAGRAPHS = 6000 if LONG else 3000
HASTE = [ms * SLOW for ms in range(100, 1600, 50)]
TIMES = 60 if LONG else 24

HTTP = """
    client_max_body_size 64m;
    review_llm /llm model=stand-in;
    review_rubric many %(rubric)s;
    review_chunk_uri /chunk calls=8;
    review_thread_pool default threshold=1;
    send_timeout 20s;
"""
SERVER = """
        listen 127.0.0.1:%(chunks)d;
        listen 127.0.0.1:%(second)d http2;
        location = /v1/task { review_task many; }
        location = /one/task {
            review_task many;
            review_thread_pool one threshold=1;
        }
        location = /loop/task { review_task many; review_thread_pool off; }
        location = /chunk {
            internal;
            proxy_pass http://127.0.0.1:%(chunks)d/v1/review;
        }
"""
HASTY = """
        location = /%d/task { review_task many; review_task_timeout %dms; }
"""
FORMS = ["application/json", "text/event-stream", "application/x-ndjson",
         "text/markdown"]


def quote(i):
    """in no chunk as it is: in none at all, but for what no chunk has whole"""
    return "第%d_段:第_%d_段" % (i, i + 1) if i % 2 else "哪里都没有的话%d" % i


def rubric():
    return {"name": "many", "version": "1", "points": [
        {"id": "p%d" % i, "title": "审核点 %d" % i, "question":
         "%d [[verdict=fail quote=%s quote=没有%d]]" % (i, quote(i), i)}
        for i in range(POINTS)]}


def document(paragraphs):
    return "\n\n".join("第 %d 段：投标人应当按照招标文件的要求编制投标文件，verdicts。"
                       % n for n in range(paragraphs))


def body(paragraphs=PARAGRAPHS):
    return json.dumps({"document": document(paragraphs),
                       "split": {"max_chars": 30000}},
                      ensure_ascii=False).encode()


class Nginx(Harness):
    def __init__(self):
        self.files = tempfile.mkdtemp(prefix="review-search-")
        os.chmod(self.files, 0o755)
        name = os.path.join(self.files, "rubric.json")
        with open(name, "w") as f:
            json.dump(rubric(), f)
        self.second = free_port()
        settings = {"rubric": name, "chunks": free_port(),
                    "second": self.second}
        super().__init__(http=HTTP % settings,
                         server=SERVER % settings
                         + "".join(HASTY % (ms, ms) for ms in HASTE),
                         main="thread_pool one threads=1;\n", record=False,
                         level="error")

    def idle(self):
        """no connection of a client is left at either port"""
        first, left = self.port, []
        for port in (first, self.second):
            self.port = port
            left += self.connections()
        self.port = first
        return not left

    def close(self):
        try:
            return super().close()
        finally:
            shutil.rmtree(self.files)


def request(path, data, accept):
    return ("POST %s HTTP/1.0\r\nHost: test\r\n"
            "Content-Type: application/json\r\nAccept: %s\r\n"
            "Content-Length: %d\r\n\r\n" % (path, accept, len(data))
            ).encode() + data


async def ask(nginx, path, data, accept="application/json"):
    return await exchange(nginx.port, request(path, data, accept))


def told(reply):
    """of each quote, what is said of it"""
    return [[(e.get("match"), e.get("searched"), e.get("start"))
             for f in point["findings"] for e in f["evidence"]]
            for point in json.loads(reply)["points"]]


async def same(nginx, data):
    status, reply = await ask(nginx, "/loop/task", body(20))
    _, on_thread = await ask(nginx, "/v1/task", body(20))
    Tap.ok(status == 200 and told(reply) == told(on_thread),
           "a small document: the same, on a thread or not", told(reply))

    began = time.monotonic()
    status, reply = await ask(nginx, "/v1/task", data)
    searched = {s for point in told(reply) for _, s, _ in point}
    Tap.ok(status == 200 and json.loads(reply)["status"] == "complete"
           and True in searched, "a large one: its quotes are looked for",
           (status, searched))
    return time.monotonic() - began


async def leave(nginx, data, path, wait, chance):
    accept = chance.choice(FORMS)
    if chance.random() < 0.5:
        client = await Client().open(nginx.second)
        stream = client.start([("accept", accept)], path=path)
        await client.pour(stream, data)
        await asyncio.sleep(wait)
        if chance.random() < 0.5:
            client.reset(stream)
            await asyncio.sleep(0)
        await client.close()
        return
    _, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
    writer.write(request(path, data, accept))
    await writer.drain()
    await asyncio.sleep(wait)
    if chance.random() < 0.5:
        reset_at_close(writer)
    writer.close()


async def leaves(nginx, data, took):
    chance = random.Random(int(os.environ.get("SEED", "7")))
    workers = nginx.workers()
    for _ in range(TIMES // 3):
        await asyncio.gather(*(
            leave(nginx, data, chance.choice(("/v1/task", "/one/task")),
                  chance.uniform(0.2, 2) * took, chance) for _ in range(3)))
    Tap.ok(wait_for(nginx.idle), "clients leave: no connection is left")
    status, _ = await ask(nginx, "/v1/task", data)
    Tap.ok(status == 200 and nginx.workers() == workers,
           "clients leave: the next task is served", status)


async def deadlines(nginx, data):
    """what is not done by then is told, and every cell is"""
    replies = []
    for i in range(0, len(HASTE), 3):
        replies += await asyncio.gather(*(
            ask(nginx, "/%d/task" % ms, data) for ms in HASTE[i:i + 3]))
    cells = [len(json.loads(reply).get("cells", [])) for _, reply in replies]
    chunks = {n for n in cells if n}
    Tap.ok({status for status, _ in replies} <= {200, 504}
           and len(chunks) == 1, "deadlines: every cell is told",
           [(status, n) for (status, _), n in zip(replies, cells)])


async def reloads(nginx, data, took):
    chance = random.Random(3)
    good = 0
    for _ in range(3):
        old = set(nginx.workers())
        tasks = [asyncio.create_task(ask(nginx, path, data, form))
                 for path in ("/v1/task", "/one/task")
                 for form in FORMS[:2]]
        await asyncio.sleep(chance.uniform(0.3, 1.5) * took)
        replaced = await asyncio.to_thread(nginx.reload)
        replies = await asyncio.gather(*tasks)
        good += replaced and all(
            status == 200 and b'"status":"complete"' in reply
            for status, reply in replies)
        if not await asyncio.to_thread(wait_for,
                                       lambda: not old & set(nginx.workers())):
            good = -9
    Tap.ok(good == 3, "reloads: no report is lost, old workers end", good)


async def run(nginx):
    data = body()
    took = await same(nginx, data)
    await leaves(nginx, data, took)
    await deadlines(nginx, data)
    await reloads(nginx, data, took)


def main():
    nginx = Nginx()
    try:
        asyncio.run(run(nginx))
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad[:20]))
    Tap.end()


if __name__ == "__main__":
    main()
