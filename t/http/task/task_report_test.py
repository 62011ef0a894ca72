#!/usr/bin/python3
"""
Proves that a report of many cells is whole in each form, though it is made on a
thread and lies in a temporary file: every place that it cites is there, and all
forms tell the same.  A client that leaves meanwhile takes nothing with it, a
deadline that is over cuts no report short, and neither does a disk that is
full.
"""

import hashlib
import json
import os
import random
import shutil
import socket
import sys
import tempfile

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, LONG, SLOW, Tap, free_port, wait_for

CHUNKS = 2000 if LONG else 400
POINTS = 25
MB = 1 << 20
QUIET = 2           # points whose regex matches nowhere

HTTP = """
    client_max_body_size 64m;
    client_body_buffer_size 4m;
    review_llm /llm;
    review_rubric many %(rubric)s;
    review_thread_pool default;
"""
SERVER = """
        location = /v1/task {
            review_task many;
            review_chunk_uri /chunk calls=8;
        }
        location = /hasty/task {
            review_task many;
            review_chunk_uri /chunk calls=8;
            review_task_timeout 300ms;
        }
        location = /full/task {
            review_task many;
            review_chunk_uri /chunk calls=8;
            client_body_temp_path %(full)s;
        }
        location = /loop/task {
            review_task many;
            review_chunk_uri /chunk calls=8;
            review_thread_pool off;
        }
        location = /chunk {
            internal;
            proxy_pass http://127.0.0.1:%(chunks)d/v1/review;
        }
"""
CONNECTIONS = """
    server {
        listen 127.0.0.1:%(chunks)d;
        location /v1/review { review many; }
    }
"""


def rubric():
    return {"name": "many", "version": "1", "points": [
        {"id": "p%d" % i, "title": "审核点 %d" % i, "rule": {
            "pattern": "没有这样的话" if i < QUIET
            else r"第%d项[^。]*。" % i, "match": "fail",
            "reason": "规则 %d 所禁止的，在此处出现。" % i}}
        for i in range(POINTS)]}


def document(chunks):
    """each paragraph a chunk, with something for each rule"""
    return "\n\n".join(
        "第 %d 段：" % n + "".join("第%d项为%d号，𠮷。" % (i, n)
                                for i in range(POINTS))
        for n in range(chunks))


class Nginx(Harness):
    def __init__(self, room="unlimited"):
        self.files = tempfile.mkdtemp(prefix="review-report-")
        os.chmod(self.files, 0o755)
        self.full = os.path.join(self.files, "full")
        name = os.path.join(self.files, "rubric.json")
        with open(name, "w") as f:
            json.dump(rubric(), f)
        settings = {"rubric": name, "full": self.full, "chunks": free_port()}
        wrapper = os.path.join(self.files, "nginx.sh")
        with open(wrapper, "w") as f:
            f.write("#!/bin/sh\ntrap '' XFSZ\nulimit -f %s\n"
                    "exec %s \"$@\"\n" % (room, os.environ.get(
                        "TEST_NGINX_BINARY") or "/usr/sbin/nginx"))
        os.chmod(wrapper, 0o755)
        super().__init__(nginx=wrapper, http=(HTTP + CONNECTIONS) % settings,
                         server=SERVER % settings, record=False)

    def close(self):
        try:
            return super().close()
        finally:
            shutil.rmtree(self.files)


def body(text):
    return json.dumps({"document": {"id": "标书", "text": text},
                       "split": {"max_chars": 400}},
                      ensure_ascii=False).encode()


def send(nginx, path, data, accept=None):
    sock = socket.create_connection(("127.0.0.1", nginx.port))
    sock.settimeout(120 * SLOW)
    sock.sendall(("POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
                  "Content-Type: application/json\r\n%sContent-Length: %d\r\n"
                  "\r\n" % (path, "Accept: %s\r\n" % accept if accept else "",
                            len(data))).encode() + data)
    return sock


def read(sock):
    data = bytearray()
    while piece := sock.recv(MB):
        data += piece
    sock.close()
    head, _, rest = bytes(data).partition(b"\r\n\r\n")
    if b"chunked" in head:
        whole, at = bytearray(), 0
        while True:
            end = rest.index(b"\r\n", at)
            size = int(rest[at:end], 16)
            if size == 0:
                break
            whole += rest[end + 2:end + 2 + size]
            at = end + 4 + size
        rest = bytes(whole)
    return int(head.split()[1]), rest


def ask(nginx, path, data, accept=None):
    return read(send(nginx, path, data, accept))


def timeless(report):
    report = dict(report)
    for name in ("timings", "elapsed_ms"):
        assert name in report, name
        del report[name]
    report["cells"] = [dict(cell, elapsed_ms=0) for cell in report["cells"]]
    return report


def is_whole(text, report, chunks):
    cells = {(cell["chunk"], cell["point"]) for cell in report["cells"]}
    findings = [f for p in report["points"] for f in p["findings"]]
    return (report["status"] == "complete"
            and len(cells) == len(report["cells"]) == chunks * POINTS
            and len(report["chunks"]) == chunks
            and all(len(p["findings"]) >= (chunks if i >= QUIET else 0)
                    for i, p in enumerate(report["points"]))
            and all(text[e["start"]:e["end"]] == e["quote"]
                    for f in findings for e in f["evidence"])
            and report["document"] == {
                "chars": len(text), "chunks": chunks, "pages": None,
                "sha256": hashlib.sha256(text.encode()).hexdigest(),
                "pages_without_text": [], "warnings": []})


def forms(nginx, text, data):
    status, reply = ask(nginx, "/v1/task", data)
    report = json.loads(reply)
    Tap.ok(status == 200 and len(reply) > 2 * MB
           and is_whole(text, report, CHUNKS), "JSON is whole",
           (status, len(reply), reply[:300]))
    wanted = timeless(report)

    status, reply = ask(nginx, "/loop/task", data)
    Tap.ok(timeless(json.loads(reply)) == wanted, "without threads: the same")

    status, reply = ask(nginx, "/v1/task", data, "text/event-stream")
    name, _, last = reply.decode().rstrip().rpartition("\n\n")[2] \
        .partition("\ndata: ")
    Tap.ok(name == "event: done" and timeless(json.loads(last)) == wanted,
           "events: the last one is the same", name)

    status, reply = ask(nginx, "/v1/task", data, "application/x-ndjson")
    lines = reply.decode().splitlines()
    Tap.ok(timeless(json.loads(lines[-1])["report"]) == wanted
           and "document" in json.loads(lines[0])
           and all(json.loads(line).keys() <= {"progress", "result"}
                   for line in lines[1:-1]),
           "lines: the last one is the same")

    status, reply = ask(nginx, "/v1/task", data, "text/markdown")
    page = reply.decode()
    Tap.ok(status == 200 and page.startswith("# 标书")
           and page.count("\n## ") == POINTS + 1
           and page.count("\n### ") == sum(len(p["findings"])
                                           for p in report["points"]),
           "Markdown has as many findings", page[:100])
    return wanted


def small(nginx):
    """in memory, on a thread or not"""
    for chunks in 1, 3, 40:
        text = document(chunks)
        replies = [ask(nginx, path, body(text))
                   for path in ("/v1/task", "/loop/task", "/full/task")
                   if chunks < 40 or path != "/full/task"]
        reports = [timeless(json.loads(reply)) for _, reply in replies]
        Tap.ok(is_whole(text, reports[0], chunks)
               and all(report == reports[0] for report in reports),
               "%d chunks: the same, wherever it is made" % chunks,
               [status for status, _ in replies])


def deadline(nginx):
    """what is not done by then is told; the report is whole"""
    status, reply = ask(nginx, "/hasty/task", body(document(CHUNKS)))
    report = json.loads(reply)
    Tap.ok(status in (200, 504) and len(report["cells"]) == CHUNKS * POINTS,
           "a deadline: every cell is told", (status, report.get("status")))


def no_room(nginx, data, wanted, what):
    status, reply = ask(nginx, "/full/task", data)
    Tap.ok(status == 200 and timeless(json.loads(reply)) == wanted,
           "%s: the same" % what, status)
    status, reply = ask(nginx, "/full/task", data, "text/event-stream")
    Tap.ok(status == 200 and b"event: done" in reply, "%s: events, too" % what,
           status)


def full(wanted, data, blocks):
    nginx = Nginx(blocks)
    try:
        no_room(nginx, data, wanted, "a disk with room for %d blocks" % blocks)
    finally:
        log = nginx.error_log()
        bad = [line for line in nginx.close() if "pwrite" not in line]
        Tap.ok("pwrite" in log and not bad,
               "%d blocks: that, and nothing else, is told" % blocks,
               "\n".join(bad[:5]))


def leaves(nginx):
    """at any moment of the making"""
    chance = random.Random(5)
    data = body(document(300))
    workers = nginx.workers()
    for i in range(60 if LONG else 20):
        sock = send(nginx, "/v1/task", data, "text/event-stream")
        got = b""
        while b'"done":%d' % (300 * POINTS) not in got and b"event: done" \
                not in got:
            piece = sock.recv(65536)
            if not piece:
                break
            got = (got + piece)[-65536:]
        for _ in range(chance.randrange(4)):
            sock.recv(chance.choice((1, 4096, 65536)))
        sock.close()
    Tap.ok(wait_for(lambda: not nginx.connections()),
           "clients leave: no connection is left")
    status, reply = ask(nginx, "/v1/task", data)
    Tap.ok(status == 200 and nginx.workers() == workers
           and json.loads(reply)["status"] == "complete",
           "clients leave: the next task is served", status)


def main():
    text = document(CHUNKS)
    data = body(text)
    nginx = Nginx()
    try:
        wanted = forms(nginx, text, data)
        small(nginx)
        deadline(nginx)
        leaves(nginx)
        os.rmdir(nginx.full)
        no_room(nginx, data, wanted, "no folder")
    finally:
        bad = [line for line in nginx.close() if nginx.full not in line]
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad[:5]))
    for blocks in 1500, 5001:
        full(wanted, data, blocks)
    Tap.end()


if __name__ == "__main__":
    main()
