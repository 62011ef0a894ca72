"""
What the tests of tasks share whose documents come from elsewhere: nginx with
task endpoints, a store, a web server and a converter, and their clients.
"""

import asyncio
import base64
import http.server
import json
import os
import random
import re
import socket
import tempfile
import threading
import time
import urllib.parse

from bucket import Bucket
from harness import (Harness, ROOT, SLOW, Tap, exchange, free_port, points,
                     wait_for)
from origin import Origin

LAW = os.path.join(ROOT, "t", "data", "招标投标法.md")
EVENTS = "Accept: text/event-stream\r\n"
LINES = "Accept: application/x-ndjson\r\n"
MARKDOWN = "Accept: text/markdown\r\n"
WAIT = 2000 * SLOW              # ms that a silent server has
OCTETS = "application/octet-stream"
CONVERTED = "# 投标函\n\n" + "甲方应当在收到货物之日起三十日内付款。" * 20

HTTP = """
    client_max_body_size 16m;
    review_llm /llm model=stand-in;
    review_fetch_allow 127.0.0.1 localhost;
    review_retry tries=2 backoff=10ms max=20ms budget=1000%%;
    types { text/plain txt; text/markdown md; application/pdf pdf; }
    %(rubrics)s
    %(stores)s
    upstream chunks { server 127.0.0.1:%(chunks)d; keepalive 64; }
    server {
        listen 127.0.0.1:%(chunks)d backlog=4096;
        access_log off;
        location / { review; }
        location = /llm {
            internal;
            proxy_pass http://llm/v1/chat/completions;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
"""
STORE = """
    review_store %s {
        endpoint http://127.0.0.1:%d;
        bucket bids;
        access_key tester;
        secret_key testing;
        timeout %dms;
        connect_timeout 1s;
    }
"""
SERVER = """
        review_chunk_uri /chunk;
        location /v1/task/ {
            review_task own store=bids;
            review_extract /convert;
        }
        location /hasty/ {
            review_task own store=hasty;
            review_extract /convert;
            review_call_timeout %(wait)dms;
        }
        location /deaf/ {
            review_task own store=bids;
            review_extract /deaf;
            review_call_timeout %(wait)dms;
        }
        location /small/ {
            review_task own store=bids;
            review_extract /convert;
            review_max_document_size 300k;
            review_max_text_size 200k;
        }
        location /plain/ { review_task own store=bids; }
        location /down/ { review_task own store=down; }
        location /closed/ { review_task own; review_fetch_allow off; }
        location /names/ { review_task own; review_fetch_allow localhost; }
        location = /convert {
            internal;
            proxy_pass http://127.0.0.1:%(converter)d;
        }
        location = /deaf {
            internal;
            proxy_pass http://127.0.0.1:%(deaf)d;
        }
        location = /chunk {
            internal;
            proxy_pass http://chunks;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
"""
RUBRICS = {"own": ["excerpt=12 verdict=risk"],
           "citing": ["excerpt=9 verdict=fail", "cite=8 verdict=risk"],
           "late": ["ok", "hang"], "failing": ["400"]}


WORDS = re.compile("(status|text|size|hang|kind|cut)=?([^ \n]*)")


# the converter: a document's first line says what becomes of it, in words

class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server = self.server
        with server.lock:
            server.had.append((self.headers["Content-Type"], body,
                               dict(self.headers)))
            server.running += 1
        try:
            self.answer(**dict(WORDS.findall(body.partition(b"\n")[0]
                                             .decode("latin-1"))))
        finally:
            with server.lock:
                server.running -= 1

    def answer(self, status="200", text=None, size=0, hang=None, kind=None,
               cut=0):
        if hang is not None:
            self.connection.settimeout(60)
            self.connection.recv(1)
            return
        text = urllib.parse.unquote_to_bytes(text) if text is not None \
            else CONVERTED.encode()
        text = text or b"x" * int(size)
        self.send_response(int(status))
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text) + int(cut)))
        self.end_headers()
        self.wfile.write(text)


class Converter(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port = self.server_address[1]
        self.lock = threading.Lock()
        self.had, self.running = [], 0
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        pass

    def taken(self):
        """types, bodies and headers since the last time"""
        with self.lock:
            had, self.had = self.had, []
            return had


def scanned(script=""):
    """a document that is no text"""
    return b"%PDF-1.7 " + script.encode() + b"\n\0\xff\xfe\r\n" \
        + random.Random(script).randbytes(70000)


# nginx, and all that it loads documents from

class Task:
    def __init__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="review-sources-")
        os.chmod(self.dir.name, 0o755)
        self.bucket, self.origin = Bucket(), Origin()
        self.converter = Converter()
        self.deaf = socket.create_server(("127.0.0.1", 0))
        stores = "".join(STORE % s for s in (
            ("bids", self.bucket.port, 60000), ("hasty", self.bucket.port,
                                                WAIT),
            ("down", free_port(), 60000)))
        self.nginx = Harness(http=HTTP % {
            "rubrics": "".join(self.rubric(*r) for r in RUBRICS.items()),
            "stores": stores, "chunks": free_port()},
            server=SERVER % {"wait": WAIT, "converter": self.converter.port,
                             "deaf": self.deaf.getsockname()[1]},
            level="notice")
        self.port = self.nginx.port

    def rubric(self, name, scripts):
        path = os.path.join(self.dir.name, name + ".json")
        with open(path, "w") as f:
            json.dump({"name": name, "points": points(scripts)}, f)
        return "review_rubric %s %s;\n" % (name, path)

    def put(self, name, data, kind=OCTETS):
        """as an object and as a file of the origin"""
        self.bucket.objects[name] = data, kind
        self.origin.files[name] = data, kind

    def url(self, path):
        return "http://127.0.0.1:%d%s" % (self.origin.port, path)

    def file(self, name, how=""):
        return self.url("/file/%s?%s" % (urllib.parse.quote(name), how))

    def running(self):
        return (self.bucket.running + self.origin.running
                + self.converter.running)

    async def calls(self):
        return (await self.nginx.stats())["calls"]

    def close(self):
        bad = self.nginx.close()
        for server in (self.bucket, self.origin):
            server.close()
        self.converter.shutdown()
        self.converter.server_close()
        self.deaf.close()
        self.dir.cleanup()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


def upload(data):
    return {"upload": base64.b64encode(data).decode()}


def post(body, headers="", path="/v1/task/", kind="application/json"):
    if not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False).encode()
    return ("POST %s HTTP/1.1\r\nHost: test\r\n%sContent-Type: %s\r\n"
            "Connection: close\r\nContent-Length: %d\r\n\r\n"
            % (path, headers, kind, len(body))).encode() + body


async def reply_of(task, body, *args, **more):
    try:
        status, reply = await asyncio.wait_for(
            exchange(task.port, post(body, *args, **more)), 60 * SLOW)
    except asyncio.TimeoutError:
        return 0, {"status": "the reply does not end"}
    try:
        return status, json.loads(reply)
    except ValueError:
        return status, {"status": None, "no JSON": reply.decode()}


async def report_of(task, document, path="/v1/task/", **more):
    return await reply_of(task, {"document": document, **more}, path=path)


TIMES = ("timings", "elapsed_ms", "result")


def told(reply):
    """all of it but the time it took"""
    status, report = reply
    report = {name: value for name, value in report.items()
              if name not in TIMES}
    for cell in report.get("cells", []):
        cell.pop("elapsed_ms", None)
    return status, report


def complete(reply):
    return reply[0] == 200 and reply[1]["status"] == "complete"


def text_of(size):
    """a text of so many bytes, whose places differ"""
    with open(LAW, encoding="utf-8") as f:
        law = f.read()
    parts, length = [], 0
    while length < size:
        parts.append(law.replace("条 ", "条 〔%d〕" % len(parts)))
        length += len(parts[-1].encode())
    text = "".join(parts).encode()[:size].decode(errors="ignore")
    return text + "." * (size - len(text.encode()))


def misplaced(report, texts):
    """how much is quoted, and what does not stand where it is said"""
    evidence = [e for point in report["points"]
                for finding in point["findings"] for e in finding["evidence"]]
    return len(evidence), [e for e in evidence if e["start"] is None or
                           texts[e["source"]][e["start"]:e["end"]]
                           != e["quote"]]


async def until(condition, seconds=60):
    end = time.monotonic() + seconds * SLOW
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(0.01)
    return True


def is_problem(reply, status, pointer, words):
    got, body = reply
    return got == status and body.get("status") == status \
        and body.get("pointer") == pointer and words in body.get("detail", "")


def run(*tests):
    task = Task()
    try:
        for test in tests:
            started = time.monotonic()
            asyncio.run(test(task))
            print("# %s: %.1f s" % (test.__name__,
                                    time.monotonic() - started))
    finally:
        task.close()
