#!/usr/bin/python3
"""
Proves that objects go through nginx to a real store and back unharmed: their
names, whatever is in them, their bytes, however many, and their headers; that
memory stays small however slow either side is; that a client which goes away
takes its transfer with it; that a store which is slow, silent, killed, or has
other keys costs an error that says so, tells no secret, and harms nobody else.
"""

import concurrent.futures
import hashlib
import http.client
import json
import os
import random
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))
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

def names(nginx):
    for i, name in enumerate(NAMES):
        data = data_of(1000 + i, i)
        shown = name if len(name) < 40 else "%s... (%d)" % (
            name[:3], len(name.encode()))
        put = call(nginx, "PUT", "/objects/" + name, data)
        Tap.ok(put.status in STORED and nginx.s3.get(name) == data,
               "%s: is stored" % shown, (put.status, put.body))
        got = call(nginx, "GET", "/objects/" + name)
        Tap.ok(got.status == 200 and got.body == data,
               "%s: comes back" % shown, (got.status, got.body[:300]))

    Tap.ok(sorted(nginx.s3.list()) == sorted(NAMES),
           "the store has these names and no others", nginx.s3.list())
    got = call(nginx, "GET", "/a/long/prefix/投标文件/第 1 章 总则.txt")
    Tap.ok(got.status == 200, "another location has a prefix of its own",
           got.status)
    listing(nginx)

    for name in NAMES:
        gone = call(nginx, "DELETE", "/objects/" + name)
        if gone.status not in STORED or nginx.s3.get(name) is not None:
            Tap.ok(False, "%s: is deleted" % name[:40], gone.status)
    Tap.ok(nginx.s3.list() == [], "all are deleted", nginx.s3.list())
    Tap.ok(is_problem(call(nginx, "GET", "/objects/a"), 404),
           "what was deleted is a 404")
    Tap.ok(call(nginx, "DELETE", "/objects/a").status in STORED + (404,),
           "deleting what isn't there is no error of the store")


def listing(nginx):
    """if there is one"""
    client = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=30)
    client.request("GET", "/objects/?list&prefix=" + quote("投标"))
    reply = Reply(client.getresponse())
    client.close()
    if reply.status == 404:
        Tap.ok(reply.problem() is not None, "the empty key is a 404")
        return
    text = json.dumps(json.loads(reply.body), ensure_ascii=False)
    Tap.ok(reply.status == 200 and "第 1 章 总则.txt" in text
           and "标书.docx" not in text, "a listing has its prefix's", text)


def sizes(nginx):
    for size in (0, 1, 4095, 65536, MB - 1, 5 * MB + 1, 16 * MB,
                 16 * MB + 1, 33 * MB + 7):
        data = data_of(size, size)
        put = call(nginx, "PUT", "/objects/size", data)
        got = call(nginx, "GET", "/objects/size")
        Tap.ok(put.status in STORED and got.status == 200
               and got.body == data and nginx.s3.get("size") == data
               and got.headers["Content-Length"] == str(size),
               "%d bytes there and back" % size,
               (put.status, put.body[:300], got.status, len(got.body)))

    pieces = [data_of(70001, i) for i in range(20)]
    put = call(nginx, "PUT", "/objects/chunked", iter(pieces),
               {"Transfer-Encoding": "chunked"}, True)
    Tap.ok(put.status in STORED
           and nginx.s3.get("chunked") == b"".join(pieces),
           "a body of unknown length", (put.status, put.body))
    Tap.ok(nginx.s3.uploads() == [], "no upload is left half done")
    nginx.s3.empty()


def large(nginx):
    """100 MB, and what the worker takes for it"""
    data = data_of(100 * MB)
    call(nginx, "PUT", "/objects/warm", data[:20 * MB])
    call(nginx, "GET", "/objects/warm")

    with Memory(nginx) as memory:
        put = call(nginx, "PUT", "/objects/large", data)
    Tap.ok(put.status in STORED, "100 MB up", (put.status, put.body))
    memory.ok("100 MB up")

    with Memory(nginx) as memory:
        got = call(nginx, "GET", "/objects/large")
    Tap.ok(got.status == 200 and got.body == data, "100 MB down",
           (got.status, len(got.body)))
    memory.ok("100 MB down")

    with Memory(nginx) as memory, \
            concurrent.futures.ThreadPoolExecutor(8) as pool:
        good = sum(pool.map(lambda _: call(
            nginx, "GET", "/objects/warm").body == data[:20 * MB], range(8)))
    Tap.ok(good == 8, "8 of 20 MB at once", good)
    memory.ok("8 of 20 MB")


def headers(nginx):
    data = data_of(100000)
    md5 = '"%s"' % hashlib.md5(data).hexdigest()
    path = "/objects/头.txt"
    call(nginx, "PUT", path, data, {"Content-Type": "text/x-bid"})

    for method in ("GET", "HEAD"):
        reply = call(nginx, method, path)
        h = reply.headers
        Tap.ok(reply.status == 200 and h["Content-Type"] == "text/x-bid"
               and h["Content-Length"] == "100000" and h["ETag"] == md5
               and h["Last-Modified"]
               and reply.body == (data if method == "GET" else b""),
               "%s: the object's headers" % method, (reply.status, str(h)))

    for name, part, shown in (
            ("bytes=10-19", data[10:20], "bytes 10-19/100000"),
            ("bytes=99000-", data[99000:], "bytes 99000-99999/100000"),
            ("bytes=-5", data[-5:], "bytes 99995-99999/100000"),
            ("bytes=0-999999", data, "bytes 0-99999/100000")):
        reply = call(nginx, "GET", path, headers={"Range": name})
        Tap.ok(reply.status == 206 and reply.body == part
               and reply.headers["Content-Range"] == shown,
               "Range: " + name, (reply.status, str(reply.headers)))
    Tap.ok(is_problem(call(nginx, "GET", path,
                           headers={"Range": "bytes=200000-"}), 416),
           "a range that isn't there is a 416")
    conditions(nginx, path, md5, call(nginx, "HEAD", path))
    nginx.s3.empty()


def conditions(nginx, path, md5, head):
    since = head.headers["Last-Modified"]
    for name, value, wanted in (
            ("If-None-Match", md5, 304), ("If-None-Match", '"other"', 200),
            ("If-Modified-Since", since, 304),
            ("If-Modified-Since", "Sat, 01 Jan 2000 00:00:00 GMT", 200),
            ("If-Match", '"other"', 412), ("If-Match", md5, 200)):
        reply = call(nginx, "GET", path, headers={name: value})
        Tap.ok(reply.status == wanted and (wanted != 304 or not reply.body),
               "%s: %s: %d" % (name, value[:12], wanted), reply.status)


def methods(nginx):
    nginx.s3.put("m", b"method")
    Tap.ok(call(nginx, "GET", "/read/m").body == b"method"
           and call(nginx, "HEAD", "/read/m").status == 200,
           "limit_except GET: reading goes")
    for method in ("PUT", "DELETE"):
        reply = call(nginx, method, "/read/m", b"x")
        Tap.ok(is_problem(reply, 403), "limit_except GET: no " + method,
               (reply.status, reply.body))
    Tap.ok(nginx.s3.get("m") == b"method", "limit_except GET: it's kept")
    for method in ("POST", "PATCH", "OPTIONS"):
        reply = call(nginx, method, "/objects/m", b"x")
        Tap.ok(is_problem(reply, 405), "no " + method,
               (reply.status, reply.body))
    nginx.s3.empty()


def refusals(nginx):
    """what is the store's fault, or its keys', isn't the client's"""
    nginx.s3.put("r", b"there")
    for method in ("GET", "HEAD", "PUT", "DELETE"):
        body = b"x" * 1000 if method == "PUT" else None
        for where, statuses in (("wrong", (502,)), ("missing", (502, 404)),
                                ("down", (502,))):
            begun = time.monotonic()
            reply = call(nginx, method, "/%s/r" % where, body)
            good = reply.status in statuses if method == "HEAD" \
                else is_problem(reply, *statuses)
            Tap.ok(good and time.monotonic() - begun < 40 * SLOW,
                   "%s, %s: %s" % (where, method, statuses[0]),
                   (reply.status, reply.body))
            if where == "wrong" and method == "GET":
                Tap.ok(b"SignatureDoesNotMatch" in reply.body,
                       "wrong: the problem says why", reply.body)
    Tap.ok(nginx.s3.get("r") == b"there", "the object is still there")
    log = nginx.error_log()
    Tap.ok("not-the-secret" not in log and "secret_key" not in log,
           "no secret is in the error log")
    nginx.s3.empty()


def cuts(nginx):
    """a connection that breaks once: tried again where nothing is lost"""
    data = data_of(40 * MB)
    nginx.s3.put("c", data)
    relay = nginx.relay

    relay.down.cut(0)
    got = call(nginx, "GET", "/slow/c")
    Tap.ok(got.status == 200 and got.body == data,
           "cut before the first byte: tried again", got.status)
    relay.down.cut(5 * MB)
    got = call(nginx, "GET", "/slow/c")
    Tap.ok(got.status == 200 and (got.body == data or not got.whole)
           and data.startswith(got.body),
           "cut amid the body: the client sees that, or nothing of it",
           (got.status, len(got.body)))

    for after in (0, 3 * MB, 20 * MB):
        nginx.s3.delete("p")
        relay.up.cut(after)
        put = call(nginx, "PUT", "/slow/p", data)
        Tap.ok(put.status in STORED and nginx.s3.get("p") == data,
               "an upload cut after %d MB: tried again" % (after // MB),
               (put.status, put.body))
    Tap.ok(wait_for(lambda: nginx.s3.uploads() == []),
           "no upload is left half done", nginx.s3.uploads())
    nginx.s3.empty()


def silence(nginx):
    nginx.s3.put("s", data_of(30 * MB))
    for way, method in ((nginx.relay.down, "GET"), (nginx.relay.up, "PUT")):
        way.stall()
        begun = time.monotonic()
        reply = call(nginx, method, "/hasty/s" if method == "GET"
                     else "/hasty/new", data_of(9 * MB)
                     if method == "PUT" else None)
        took = time.monotonic() - begun
        Tap.ok(is_problem(reply, 504) and 0.9 < took < 40 * SLOW,
               "%s: a silent store is a 504" % method,
               (reply.status, took, reply.body))
        way.go()
    Tap.ok(nginx.s3.get("new") is None, "no part of it was stored")

    client = send(nginx, "GET", "/hasty/s")
    response = client.getresponse()
    response.read(MB)
    nginx.relay.down.stall()
    begun = time.monotonic()
    reply = Reply(response)
    Tap.ok(not reply.whole and time.monotonic() - begun < 40 * SLOW,
           "silence amid the body cuts the reply", len(reply.body))
    nginx.fast()
    nginx.s3.empty()


def slow_store(nginx):
    data = data_of(3 * MB)
    nginx.s3.put("d", data)
    for method, way in (("GET", nginx.relay.down), ("PUT", nginx.relay.up)):
        way.rate = MB
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            slow = pool.submit(call, nginx, method, "/slow/d",
                               data if method == "PUT" else None)
            good = sum(call(nginx, "GET", "/objects/d").body == data
                       for _ in range(5))
            early = not slow.done()
            reply = slow.result()
        took = time.monotonic() - begun
        Tap.ok(reply.status in STORED and took > 2
               and (method == "PUT" or reply.body == data),
               "%s: a slow store is waited for" % method,
               (reply.status, took))
        Tap.ok(good == 5 and (early or SLOW > 1),
               "%s: others are served meanwhile" % method, (good, early))
        way.rate = None
    nginx.s3.empty()


def slow_client(nginx):
    """takes nothing for a while: neither does nginx from the store"""
    data = data_of(100 * MB)
    nginx.s3.put("b", data)
    with Memory(nginx) as memory:
        passed = nginx.relay.down.bytes
        client = send(nginx, "GET", "/slow/b")
        response = client.getresponse()
        before = None
        for _ in range(20):
            if before == nginx.relay.down.bytes:
                break
            before = nginx.relay.down.bytes
            time.sleep(1)
        still = nginx.relay.down.bytes == before
        passed = nginx.relay.down.bytes - passed
        reply = Reply(response)
    Tap.ok(passed < ON_THE_WAY and still,
           "a client that doesn't read: the store isn't read either",
           (passed, still))
    Tap.ok(reply.body == data, "it gets all once it reads",
           (reply.whole, len(reply.body)))
    memory.ok("a slow client")

    client = send(nginx, "GET", "/impatient/b")
    response = client.getresponse()
    Tap.ok(wait_for(lambda: nginx.transfers() > 0), "a transfer runs")
    Tap.ok(wait_for(lambda: not nginx.connections()),
           "send_timeout ends a client that takes nothing")
    Tap.ok(not Reply(response).whole, "it sees that")
    nginx.s3.empty()


def slow_upload(nginx):
    """a client that sends slowly: the store waits for nothing"""
    data = data_of(2 * MB)
    client = socket.create_connection(("127.0.0.1", nginx.port))
    client.sendall(b"PUT /slow/u HTTP/1.1\r\nHost: test\r\n"
                   b"Connection: close\r\nContent-Length: %d\r\n\r\n"
                   % len(data))
    for i in range(0, len(data), 256 * 1024):
        if i:
            time.sleep(0.1)
        client.sendall(data[i:i + 256 * 1024])
    client.settimeout(30 * SLOW)
    status = int(client.recv(65536).split()[1])
    client.close()
    Tap.ok(status in STORED and nginx.s3.get("u") == data,
           "a slow client's upload", status)
    nginx.s3.empty()


def aborts(nginx):
    """at once, whatever the transfer is doing"""
    data = data_of(40 * MB)
    nginx.s3.put("a", data)
    relay = nginx.relay

    for name, ready in (("amid the body", True), ("before it", False)):
        # kept connections are not what is counted
        relay.reset()
        wait_for(lambda: nginx.transfers() == 0)
        if ready:
            relay.down.rate = 4 * MB
        else:
            relay.down.stall()
        client = send(nginx, "GET", "/slow/a")
        if ready:
            client.getresponse().read(MB)
        running = wait_for(lambda: nginx.transfers() == 1)
        reset(client)
        Tap.ok(running and wait_for(lambda: nginx.transfers() == 0),
               "a client that goes %s: so does the transfer" % name,
               (running, nginx.transfers()))
        nginx.fast()

    for size in (8 * MB, 40 * MB):
        relay.reset()
        wait_for(lambda: nginx.transfers() == 0)
        relay.up.rate = MB
        before = relay.up.bytes
        client = send(nginx, "PUT", "/slow/n", data[:size])
        running = wait_for(lambda: relay.up.bytes - before > 100000)
        reset(client)
        relay.up.rate = None
        Tap.ok(running and wait_for(lambda: nginx.s3.uploads() == [])
               and nginx.s3.get("n") is None,
               "a client that goes amid an upload of %d MB: nothing stays"
               % (size // MB), (running, nginx.s3.uploads()))
        nginx.fast()
    Tap.ok(call(nginx, "GET", "/slow/a").body == data, "others are served")
    nginx.s3.empty()


def killed(nginx):
    """the server, in the middle of it"""
    data = data_of(40 * MB)
    store, relay = nginx.store, nginx.relay
    nginx.s3.put("k", data)
    workers = nginx.workers()

    relay.down.rate = 8 * MB
    client = send(nginx, "GET", "/slow/k")
    response = client.getresponse()
    begun = response.read(MB)
    store.kill_proxy()
    rest = Reply(response)
    Tap.ok(not rest.whole and data.startswith(begun + rest.body),
           "killed amid a download: the client sees a cut",
           (rest.whole, len(rest.body)))
    Tap.ok(is_problem(call(nginx, "GET", "/slow/k"), 502),
           "while it is down: 502")
    store.start_proxy()
    nginx.fast()
    Tap.ok(call(nginx, "GET", "/slow/k").body == data, "up again: served")

    relay.up.rate = 4 * MB
    before = relay.up.bytes
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        put = pool.submit(call, nginx, "PUT", "/slow/new", data)
        wait_for(lambda: relay.up.bytes - before > 3 * MB)
        store.kill_proxy()
        reply = put.result()
    Tap.ok(is_problem(reply, 502, 504), "killed amid an upload: 502",
           (reply.status, reply.body))
    store.start_proxy()
    nginx.fast()
    Tap.ok(nginx.s3.get("new") is None, "no part of it can be seen")
    put = call(nginx, "PUT", "/slow/new", data)
    Tap.ok(put.status in STORED and nginx.s3.get("new") == data,
           "up again: stored", put.status)
    Tap.ok(nginx.workers() == workers, "the worker is the same")
    nginx.s3.empty()


def reloads(nginx):
    data = data_of(10 * MB)
    nginx.s3.put("l", data)
    nginx.relay.down.rate = 8 * MB
    client = send(nginx, "GET", "/slow/l")
    response = client.getresponse()
    old = set(nginx.workers())
    nginx.reload()
    Tap.ok(Reply(response).body == data, "a reload loses no download")
    client.close()
    Tap.ok(wait_for(lambda: not old & set(nginx.workers())),
           "the old worker ends")
    nginx.fast()
    Tap.ok(call(nginx, "GET", "/objects/l").body == data,
           "the new one serves")
    nginx.s3.empty()


def main():
    store = Swift()
    try:
        nginx = Nginx(store)
        try:
            for prove in (names, sizes, headers, methods, refusals, large,
                          cuts, silence, slow_store, slow_client,
                          slow_upload, aborts, killed, reloads):
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


if __name__ == "__main__":
    main()
