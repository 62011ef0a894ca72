#!/usr/bin/python3
"""
Proves that objects go through nginx to a real store and back unharmed: their
names, whatever is in them, their bytes, however many, and their headers; that
memory stays small; that a store which is down or has other keys costs an error
that says so, and tells no secret.
"""

import concurrent.futures
import hashlib
import http.client
import json
import os
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import LONG, SLOW, Tap
from objects import MB, Memory, NAMES, Reply, STORED, call, data_of, \
    is_problem, run
from s3 import quote


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
    """and what the worker takes for it"""
    size = 100 if LONG else 40
    data = data_of(size * MB)
    call(nginx, "PUT", "/objects/warm", data[:20 * MB])
    call(nginx, "GET", "/objects/warm")

    with Memory(nginx) as memory:
        put = call(nginx, "PUT", "/objects/large", data)
    Tap.ok(put.status in STORED, "%d MB up" % size, (put.status, put.body))
    memory.ok("%d MB up" % size)

    with Memory(nginx) as memory:
        got = call(nginx, "GET", "/objects/large")
    Tap.ok(got.status == 200 and got.body == data, "%d MB down" % size,
           (got.status, len(got.body)))
    memory.ok("%d MB down" % size)

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


if __name__ == "__main__":
    run(names, sizes, headers, methods, refusals, large)
