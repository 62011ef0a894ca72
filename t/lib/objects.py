"""
nginx before a real store, with a relay between them that the tests rule, for
object_test.py and object_ends_test.py.
"""

import concurrent.futures
import http.client
import json
import os
import random
import socket
import struct
import sys
import threading

from harness import Harness, SLOW, Tap, free_port, wait_for
from relay import Relay
from s3 import S3, quote
from swift import Swift

MB = 1 << 20

# what a worker may grow by, KB; a sanitizer keeps what was freed

GROWTH = 16 * 1024 if SLOW == 1 else 512 * 1024

# what the kernel's buffers on the way may hold of what a client doesn't read

ON_THE_WAY = 24 * MB

SECRET = "testing"
STORED = (200, 201, 204)

STORE = """
    review_store %s {
        endpoint http://127.0.0.1:%d;
        region us-east-1;
        bucket %s;
        access_key test:tester;
        secret_key %s;
        %s
    }
"""
HTTP = """
    client_max_body_size 200m;
    review_llm /llm model=stand-in;
"""
SERVER = """
        location /objects/ { review_object good; }
        location /a/long/prefix/ { review_object good; }
        location /wrong/ { review_object wrong; }
        location /missing/ { review_object missing; }
        location /down/ { review_object down; }
        location /slow/ { review_object slow; }
        location /hasty/ { review_object hasty; }
        location /impatient/ { review_object slow; send_timeout 1s; }
        location /read/ {
            limit_except GET { deny all; }
            review_object good;
        }
"""

NAMES = [
    "a", "标书.docx", "投标文件/第 1 章 总则.txt", "a b", "a+b", "a%20b",
    "100%", "50%25", "%E6%A0%87", "~-_.!'()*;=@&,$:", "what?#1.txt",
    "\"quoted\" <b>&amp;", "back\\slash", "x/ /y", "é/ü", "🙂",
    "长" * 300, "k" * 900,
]


def stores(port, relay):
    return "".join(STORE % store for store in (
        ("good", port, "bids", SECRET, ""),
        ("wrong", port, "bids", "not-the-secret", ""),
        ("missing", port, "nowhere", SECRET, ""),
        ("down", free_port(), "bids", SECRET, "connect_timeout 1s;"),
        ("slow", relay, "bids", SECRET, "timeout 30s;"),
        ("hasty", relay, "bids", SECRET, "timeout 1s;")))


class Nginx(Harness):
    """with a store, and a relay before it for those who want it slow"""

    def __init__(self, store):
        self.store = store
        self.s3 = S3(store.port)
        self.relay = Relay(store.port)
        super().__init__(http=HTTP + stores(store.port, self.relay.port),
                         server=SERVER, record=False)

    def fast(self):
        """the relay is as it was"""
        for way in (self.relay.up, self.relay.down):
            way.rate = None
            way.cut(None)
            way.go()

    def transfers(self):
        """connections of nginx to the relay"""
        with open("/proc/net/tcp") as f:
            rows = [line.split() for line in f][1:]
        there = "0100007F:%04X" % self.relay.port
        return sum(row[2] == there and row[3] == "01" for row in rows)

    def close(self):
        try:
            return super().close()
        finally:
            self.relay.close()


class Memory:
    """the most that the worker had grown meanwhile, KB"""

    def __init__(self, nginx):
        self.nginx = nginx
        self.begun = nginx.rss()
        self.most = 0
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def watch(self):
        while not self.over.wait(0.02):
            self.most = max(self.most, self.nginx.rss() - self.begun)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        self.most = max(self.most, self.nginx.rss() - self.begun)

    def ok(self, name):
        Tap.ok(self.most <= GROWTH, "%s: the worker grows by %d MB at most"
               % (name, GROWTH // 1024), "%d KB" % self.most)


# clients

class Reply:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.whole = True
        try:
            self.body = response.read()
        except http.client.IncompleteRead as e:
            self.body, self.whole = e.partial, False
        except OSError:
            self.body, self.whole = b"", False

    def problem(self):
        """an RFC 9457 problem's members, None if it isn't one"""
        if self.headers["Content-Type"] != "application/problem+json":
            return None
        value = json.loads(self.body)
        return value if value.get("status") == self.status else None


def send(nginx, method, path, body=None, headers=None, chunked=False):
    """the open connection; path: "/location/" and the key, not encoded"""
    client = http.client.HTTPConnection("127.0.0.1", nginx.port,
                                        timeout=60 * SLOW)
    client.request(method, quote(path, "/-_.~"), body, headers or {},
                   encode_chunked=chunked)
    return client


def call(nginx, method, path, body=None, headers=None, chunked=False):
    client = send(nginx, method, path, body, headers, chunked)
    try:
        return Reply(client.getresponse())
    finally:
        client.close()


def reset(client):
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                           struct.pack("ii", 1, 0))
    client.close()


def data_of(size, seed=1):
    return random.Random(seed).randbytes(size)


def is_problem(reply, *statuses):
    return reply.status in statuses and reply.problem() is not None \
        and SECRET.encode() not in reply.body


# what is proved


def run(*tests):
    store = Swift()
    try:
        nginx = Nginx(store)
        try:
            for prove in tests:
                if len(sys.argv) < 2 or prove.__name__ in sys.argv[1:]:
                    prove(nginx)
        finally:
            log = nginx.error_log()
            bad = nginx.close()
            Tap.ok(not bad and "exited on signal" not in log
                   and "open socket" not in log and SECRET not in log,
                   "nothing alarming is in the error log", "\n".join(bad))
    finally:
        store.close()
    Tap.ok(not os.path.exists(store.folder), "the store's folder is gone")
    Tap.end()
