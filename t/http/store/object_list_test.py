#!/usr/bin/python3
"""
Proves that a list of a store is read beside the event loop, whatever a hostile
store makes of it: as many objects, elements, entities or attributes as 8 MB
hold, which cost a thread's time and not the loop's; that a list which is cut,
no XML, of a document type or over 8 MB is a 502 that says so; that a client
which goes while a thread is at it takes nothing along; and that an error which
quotes a key tells it to nobody.
"""

import asyncio
import glob
import json
import os
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange

SIZE = 8 << 20
STORE = """
    review_llm /llm model=m;
    review_store hostile {
        endpoint http://127.0.0.1:%d;
        bucket bids;
        access_key a;
        secret_key b;
    }
"""
SERVER = """
        location /objects/ { review_object hostile; }
        location /loop/ {
            review_object hostile;
            review_thread_pool off;
        }
"""
OPEN, CLOSE = b"<ListBucketResult>", b"</ListBucketResult>"
OBJECT = b"<Contents><Key>%07d</Key><Size>7</Size></Contents>"


def filled(piece, before=b"", after=b""):
    """a list of 8 MB at most, that is full of something"""
    before, after = OPEN + before, after + CLOSE
    n = (SIZE - len(before) - len(after)) // len(piece)
    return before + piece * n + after


def objects(n):
    return OPEN + b"".join(OBJECT % i for i in range(n)) + CLOSE


MANY = (SIZE - len(OPEN) - len(CLOSE)) // len(OBJECT % 0)
LISTS = {
    "objects": objects(MANY),
    "elements": filled(b"<a/>"),
    "prefixes": filled(b"<CommonPrefixes><Prefix>a</Prefix></CommonPrefixes>"),
    "entities": filled(b"&lt;", b"<NextContinuationToken>",
                       b"</NextContinuationToken>"),
    "attributes": filled(b"<a b='' c='' d=''/>"),
    "lines": filled(b"\n", b"<EncodingType>", b"</EncodingType>"),
}
BAD = {
    "cut": objects(10)[:-5],
    "text": b"no XML",
    "empty": b"",
    "other": b"<Other/>",
    "deep": OPEN + b"<a>" * 100,
    "doctype": b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + objects(1),
    "large": filled(b"<a/>") + b" " * 100,
}


ERRORS = {
    "sk": (b"BadKey", b"the key sk-0123secret is none"),
    "bearer": (b"BadKey", b"no 'Bearer 0123secret'"),
    "code": (b"sk-0123secret", b"no"),
}


class Store:
    """lists by their prefix, and errors"""

    async def start(self):
        self.server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[1]

    async def serve(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            name = head.split(b"prefix=", 1)[1].split(b"&")[0].split()[0]
            status, name = 200, name.decode()
            if name in ERRORS:
                status = 400
                body = b"<Error><Code>%s</Code><Message>%s</Message></Error>" \
                    % ERRORS[name]
            else:
                body = dict(LISTS, few=objects(3), **BAD)[name]
            writer.write(b"HTTP/1.1 %d X\r\nConnection: close\r\n"
                         b"Content-Length: %d\r\n\r\n" % (status, len(body))
                         + body)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


def asked(name, path="/objects/"):
    return b"GET %s?list&prefix=%s HTTP/1.1\r\nHost: test\r\n" \
        b"Connection: close\r\n\r\n" % (path.encode(), name.encode())


def cpu(pid):
    """seconds of the event loop, and of all threads together"""
    spent = {}
    for name in glob.glob("/proc/%d/task/*/schedstat" % pid):
        try:
            with open(name) as f:
                spent[int(name.split("/")[4])] = int(f.read().split()[0]) / 1e9
        except OSError:
            pass
    return spent[pid], sum(spent.values())


async def large(nginx):
    pid = nginx.workers()[0]
    for name in LISTS:
        loop, whole = cpu(pid)
        status, body = await exchange(nginx.port, asked(name))
        now_loop, now_whole = cpu(pid)
        loop, whole = now_loop - loop, now_whole - whole
        print("# %s: %.0f ms of the loop, %.0f ms in all"
              % (name, loop * 1e3, whole * 1e3))
        reply = json.loads(body)
        good = status == 200 and (name != "objects"
                                  or len(reply["objects"]) == MANY)
        Tap.ok(good, "%s: a list of 8 MB" % name, (status, body[:300]))
        if name in ("objects", "elements", "entities"):
            Tap.ok(loop < whole / 2, "%s: a thread reads it" % name,
                   (loop, whole))


async def bad(nginx):
    for path in "/objects/", "/loop/":
        for name in BAD:
            status, body = await exchange(nginx.port, asked(name, path))
            Tap.ok(status == 502 and b"not understood" in body,
                   "%s%s: is told" % (path, name), (status, body[:300]))
        status, body = await exchange(nginx.port, asked("few", path))
        Tap.ok(status == 200 and [o["key"] for o in json.loads(body)["objects"]]
               == ["%07d" % i for i in range(3)], "%s: a good one" % path, body)


async def keys(nginx):
    for name in ERRORS:
        status, body = await exchange(nginx.port, asked(name))
        Tap.ok(status == 502 and b"****" in body and b"secret" not in body,
               "%s: a key is told to no client" % name, (status, body))
    log = nginx.error_log()
    Tap.ok("the key sk-****" in log and "secret" not in log,
           "nor is it in the log", log[-1000:])


async def gone(nginx):
    for i in range(8):
        _, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
        writer.write(asked("elements"))
        await asyncio.sleep(0.05 * i * SLOW)
        writer.close()
    status, _ = await exchange(nginx.port, asked("few"))
    Tap.ok(status == 200, "clients go at any time, the next one is served")


async def main():
    store = Store()
    port = await store.start()
    nginx = Harness(http=STORE % port, server=SERVER, record=False)
    try:
        workers = nginx.workers()
        await large(nginx)
        await bad(nginx)
        await keys(nginx)
        await gone(nginx)
        Tap.ok(nginx.workers() == workers, "no worker has died")
    finally:
        alarming = nginx.close()
    Tap.ok(not alarming, "nothing alarming is in the log", alarming)
    store.server.close()


asyncio.run(main())
Tap.end()
