#!/usr/bin/python3
"""
Proves that transfers which run when nginx is reloaded, or told to quit, are
finished whole: downloads and uploads of objects, in one piece and in parts,
files that are fetched and saved or stored, for clients of HTTP/1.1 and of
HTTP/2, slow ones among them; that the old worker stays for them, and ends
then; and that one which is told to end at once, or whose time is over, does
so without leaving anything open.
"""

import asyncio
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from frames import Client
from harness import Harness, SLOW, Tap, free_port, wait_for
from origin import Origin, data_of
from relay import Relay
from s3 import S3
from swift import Swift

MB = 1 << 20
DATA = random.Random(7).randbytes(3 * MB)
PARTS = random.Random(8).randbytes(18 * MB)     # more than one takes
FILE = 300000
FILES = 3                                       # a second each
STORED = (200, 201, 204)

HTTP = """
    client_max_body_size 64m;
    review_llm /llm model=stand-in;
    review_fetch_allow 127.0.0.1;
    review_store slow {
        endpoint http://127.0.0.1:%d;
        bucket bids;
        access_key test:tester;
        secret_key testing;
        timeout 60s;
    }
"""
SERVER = """
        listen 127.0.0.1:%d http2 sndbuf=64k;
        location /slow/ { review_object slow; }
        location = /fetch { review_fetch path=%s calls=1; }
        location = /store { review_fetch store=slow calls=1; }
"""


class Nginx(Harness):
    def __init__(self, store, origin, main=""):
        self.s3 = S3(store.port)
        self.origin = origin
        self.relay = Relay(store.port)
        self.port2 = free_port()
        self.root = "/tmp/review-reload-%d" % os.getpid()
        os.mkdir(self.root)
        os.chmod(self.root, 0o777)
        super().__init__(http=HTTP % self.relay.port, record=False, main=main,
                         server=SERVER % (self.port2, self.root),
                         listen="sndbuf=64k")
        # workers may be another user, who must get at the temporary files
        os.chmod(self.dir, 0o755)

    def close(self):
        self.relay.close()
        try:
            return super().close()
        finally:
            subprocess.run(["rm", "-r", self.root], check=True)

    def saved(self, name):
        try:
            with open(os.path.join(self.root, name), "rb") as f:
                return f.read()
        except OSError:
            return None


# clients: status and body of the reply; those with "go" pause until it is set

async def http1(nginx, method, path, body=b"", go=None):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    s.connect(("127.0.0.1", nginx.port))
    reader, writer = await asyncio.open_connection(sock=s, limit=65536)
    half = len(body) // 2 if go else 0
    writer.write(("%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
                  "Content-Type: application/json\r\n"
                  "Content-Length: %d\r\n\r\n" % (method, path, len(body))
                  ).encode() + body[:half])
    if go:
        await go.wait()
    try:
        writer.write(body[half:])
        await writer.drain()
        reply = await reader.read()
    except ConnectionError:
        reply = b""
    writer.close()
    head, found, body = reply.partition(b"\r\n\r\n")
    return (int(head.split()[1]), body) if found else (0, b"")


async def http2(nginx, method, path, body=b"", go=None):
    client = await Client(65535 if go else 1 << 30).open(nginx.port2)
    stream = client.start([("content-length", str(len(body)))], path, method,
                          end=not body)
    half = min(len(body) // 2, 30000) if go else 0
    if half:
        client.data(stream, body[:half])
        client.room[stream] -= half
    if go:
        await go.wait()
        client.allow(stream, 1 << 30)
    if body:
        await client.pour(stream, body[half:])
    await client.until(lambda: stream in client.ended
                       or client.ended.get(0) == "closed")
    await client.close()
    whole = client.ended.get(stream) == "end"
    return client.status.get(stream, 0) if whole else 0, client.body[stream]


def fetching(nginx, name):
    return json.dumps({
        "urls": ["http://127.0.0.1:%d/slow/%d" % (nginx.origin.port, FILE)]
        * FILES, "save_as": ["%s-%d" % (name, i) for i in range(FILES)]
    }).encode()


def start(nginx, go):
    """{name: task}"""
    jobs = {}
    for send in http1, http2:
        v = send.__name__
        for name, *what in (
                ("get", "GET", "/slow/data"),
                ("paused get", "GET", "/slow/data", b"", go),
                ("put", "PUT", "/slow/put-" + v, DATA),
                ("paused put", "PUT", "/slow/paused-" + v, DATA, go),
                ("parts", "PUT", "/slow/parts-" + v, PARTS),
                ("fetch", "POST", "/fetch", fetching(nginx, v)),
                ("store", "POST", "/store", fetching(nginx, v))):
            jobs[v, name] = asyncio.create_task(send(nginx, *what))
    return jobs


def is_whole(nginx, job, reply):
    v, name = job
    status, body = reply
    if "get" in name:
        return status == 200 and body == DATA
    if name in ("fetch", "store"):
        get = nginx.saved if name == "fetch" else nginx.s3.get
        return status == 200 and json.loads(body)["status"] == "complete" \
            and all(get("%s-%d" % (v, i)) == data_of(FILE)
                    for i in range(FILES))
    key = {"put": "put", "paused put": "paused", "parts": "parts"}[name]
    return status in STORED and \
        nginx.s3.get("%s-%s" % (key, v)) == (PARTS if name == "parts"
                                             else DATA)


# what is proved

async def until(condition, seconds=60):
    return await asyncio.to_thread(wait_for, condition, seconds)


async def running(nginx):
    """are they, all kinds of them?"""
    up, down = nginx.relay.up.bytes, nginx.relay.down.bytes
    return await until(lambda: nginx.relay.up.bytes - up > MB
                       and nginx.relay.down.bytes - down > MB
                       and nginx.origin.running >= 4)


def gone(pids):
    return not any(os.path.exists("/proc/%d" % pid) for pid in pids)


async def begin(nginx):
    nginx.relay.up.rate = 10 * MB
    nginx.relay.down.rate = 2 * MB
    go = asyncio.Event()
    jobs = start(nginx, go)
    Tap.ok(await running(nginx), "transfers of all kinds are running",
           (nginx.relay.up.bytes, nginx.relay.down.bytes,
            nginx.origin.running))
    return go, jobs, nginx.workers()


async def finished(nginx, name, sign):
    """what runs is finished; and then the worker"""
    nginx.s3.put("data", DATA)
    go, jobs, old = await begin(nginx)
    nginx.nginx.send_signal(sign)
    Tap.ok(await until(lambda: all(map(nginx.is_ending, old))),
           "%s: the worker is to end" % name)
    await asyncio.sleep(0.5)
    Tap.ok(not gone(old), "%s: but it stays" % name)
    go.set()
    for job, task in jobs.items():
        reply = await task
        Tap.ok(await asyncio.to_thread(is_whole, nginx, job, reply),
               "%s: %s, %s is finished whole" % (name, *job),
               (reply[0], len(reply[1]), reply[1][:300]))
    Tap.ok(await until(lambda: gone(old)), "%s: then it ends" % name, old)


async def reloaded(nginx):
    await finished(nginx, "a reload", signal.SIGHUP)
    nginx.relay.up.rate = nginx.relay.down.rate = None
    reply = await http1(nginx, "GET", "/slow/data")
    Tap.ok(reply == (200, DATA), "the new worker serves", reply[0])
    nginx.s3.empty()


async def quitting(nginx):
    await finished(nginx, "a quit", signal.SIGQUIT)
    Tap.ok(await until(lambda: nginx.nginx.poll() == 0), "so does the master",
           nginx.nginx.poll())
    nginx.s3.empty()


async def cut(nginx, name, sign):
    """nobody waits for what runs"""
    nginx.s3.put("data", DATA)
    _, jobs, old = await begin(nginx)
    nginx.relay.up.stall()
    nginx.relay.down.stall()
    began = time.monotonic()
    nginx.nginx.send_signal(sign)
    Tap.ok(await until(lambda: gone(old)), "%s: the worker ends" % name, old)
    Tap.ok(time.monotonic() - began < 30 * SLOW, "%s: in time" % name,
           time.monotonic() - began)
    for task in jobs.values():
        task.cancel()
    await asyncio.gather(*jobs.values(), return_exceptions=True)
    nginx.relay.up.go()
    nginx.relay.down.go()
    nginx.s3.empty()


async def over(nginx):
    await cut(nginx, "worker_shutdown_timeout", signal.SIGHUP)


async def ended(nginx):
    await cut(nginx, "an end at once", signal.SIGTERM)


def main():
    store = Swift()
    origin = Origin()
    try:
        for prove, conf in ((reloaded, ""), (quitting, ""),
                            (over, "worker_shutdown_timeout 1s;"),
                            (ended, "")):
            nginx = Nginx(store, origin, conf)
            try:
                asyncio.run(prove(nginx))
            finally:
                log = nginx.error_log()
                bad = nginx.close()
                Tap.ok(not bad and "exited on signal" not in log
                       and "open socket" not in log,
                       "nothing alarming is in the error log",
                       "\n".join(bad))
    finally:
        origin.close()
        store.close()
    Tap.end()


if __name__ == "__main__":
    main()
