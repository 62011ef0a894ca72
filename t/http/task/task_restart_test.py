#!/usr/bin/python3
"""
Proves that a rolling restart costs a task time and not results: of the machines
that review its chunks, one after the other is told to quit, is gone, and starts
again; and that the task's own nginx may be reloaded meanwhile.  All cells are
answered, and no more calls are made than cells and those that were cut.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, ROOT, SLOW, Tap, exchange, free_port, points, \
    wait_for

CHUNKS, POINTS = 60, 3
NODE = """
    %(rubric)s
    review_zone z 1m;
    review_llm /shared model=stand-in;
    review_limit zone=z calls=8 wait=%(wait)ds;
    review_retry tries=3 backoff=50ms max=500ms;
"""
NODE_SERVER = """
        location = /shared {
            internal;
            proxy_pass http://127.0.0.1:%d/v1/chat/completions;
        }
"""
FRONT = """
    %s
    review_llm /llm;
    review_retry tries=2 backoff=50ms max=500ms;
    upstream chunks {
        server 127.0.0.1:%d max_fails=0;
        server 127.0.0.1:%d max_fails=0;
    }
"""
FRONT_SERVER = """
        location /v1/task {
            review_task three;
            review_task_timeout %ds;
            review_chunk_uri /chunk calls=12;
        }
        location = /chunk {
            internal;
            proxy_pass http://chunks/v1/review;
            proxy_next_upstream error timeout non_idempotent;
        }
""" % (300 * SLOW)


def rubric(folder):
    path = os.path.join(folder, "three.json")
    with open(path, "w") as f:
        json.dump({"name": "three", "points": points(["delay=600"] * POINTS)},
                  f)
    return "review_rubric three %s;" % path


class Node(Harness):
    """a machine that reviews chunks"""

    def quit(self):
        self.nginx.send_signal(signal.SIGQUIT)

    def gone(self):
        return self.nginx.poll() is not None

    def start(self):
        self.nginx = subprocess.Popen(self.nginx.args)
        return wait_for(lambda: self.listening() and self.workers())


def document():
    return "\n\n".join("# 第%d章\n\n第%d条 投标人应当提交第%d份文件。" % (n, n, n)
                       for n in range(1, CHUNKS + 1))


def ask():
    body = json.dumps({"document": document(),
                       "split": {"max_chars": 40, "overlap": 0}},
                      ensure_ascii=False).encode()
    return (b"POST /v1/task HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % len(body)) + body


async def until(condition, seconds=60):
    for _ in range(int(seconds * SLOW * 50)):
        if condition():
            return True
        await asyncio.sleep(0.02)
    return False


async def answered(front, n):
    while (await front.stats())["answered"] < n:
        await asyncio.sleep(0.02)


async def rolling(front, nodes):
    task = asyncio.create_task(exchange(front.port, ask()))
    for i, node in enumerate(nodes):
        await answered(front, 10 + 40 * i)
        node.quit()
        Tap.ok(await until(node.gone), "node %d has quit" % i)
        Tap.ok(not task.done(), "node %d: in mid-task" % i)
        Tap.ok(node.start(), "node %d is back" % i)
    front.nginx.send_signal(signal.SIGHUP)
    status, body = await task
    report = json.loads(body)
    bad = [cell for cell in report["cells"] if cell["status"] != "ok"]
    Tap.ok(status == 200 and report["status"] == "complete" and not bad,
           "no cell is lost", (status, len(bad), bad[:3]))
    cells = len(report["cells"])
    stats = await front.stats()
    cut = stats["calls"] - stats["answered"]
    Tap.ok(cells >= 100 and stats["calls"] <= cells * 1.05 + cut,
           "few calls are made for it", (cells, stats))
    print("# %d cells, %d calls, %d of them cut"
          % (cells, stats["calls"], cut))


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        three = rubric(folder)
        front = Harness(http="review_llm /llm;")
        nodes = [Node(http=NODE % {"rubric": three, "wait": 60 * SLOW},
                      server=NODE_SERVER % front.llm_port, workers=2,
                      main="worker_shutdown_timeout 1s;")
                 for _ in range(2)]
        front.renew(http=FRONT % (three, *(n.port for n in nodes)),
                    server=FRONT_SERVER)
        asyncio.run(rolling(front, nodes))
        bad = sum((each.close() for each in nodes + [front]), [])
        Tap.ok(not bad, "nothing alarming is in the error logs",
               "\n".join(bad))


main()
Tap.end()
