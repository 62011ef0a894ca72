#!/usr/bin/python3
"""
Proves that a server which falls silent costs a call and no more: silent after
its headers, in mid-answer, alive by its comments alone, or without a word until
review_call_timeout is over, it is counted by nginx's balancer, whichever that
is, with and without a zone and kept connections, and gets no further calls for
its fail_timeout; that it is asked again then, as often as the others; that one
which is slow, one whose call the client or the review's deadline has ended, and
one of a location without an upstream, are counted for nothing.
"""

import asyncio
import os
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, points, request, reset_at_close, review

CHUNK = "投标有效期为九十日。"
BALANCERS = {
    "rr": "", "zone": "zone %s 64k;", "least": "least_conn;",
    "least_zone": "least_conn; zone %s 64k;",
    "keep": "keepalive 8;", "least_keep": "least_conn; keepalive 8;",
    "all": "zone %s 64k; least_conn; keepalive 8;",
    "hash": "hash $msec;", "consistent": "hash $msec consistent;",
    "random": "random;", "two": "zone %s 64k; random two least_conn;",
}
HTTP = """
    review_llm /llm model=stand-in;
    review_retry tries=3 backoff=1ms max=1ms budget=1000%;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
"""
UPSTREAM = """
    upstream u_%(name)s {
        %(balancer)s
        server 127.0.0.1:%(good)d max_fails=1 fail_timeout=%(fail)s;
        server 127.0.0.1:%(bad)d max_fails=1 fail_timeout=%(fail)s;
    }
"""
LOCATION = """
        location = /%(name)s {
            review;
            review_llm /llm/%(name)s model=stand-in;
            review_call_timeout %(call)s;
            %(more)s
        }
        location = /llm/%(name)s {
            internal;
            proxy_pass http://%(upstream)s/%(name)s/v1/chat/completions;
            proxy_read_timeout %(read)s;
        }
"""
HEAD = (b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n")
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"{"}}]}\n\n'


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


class Replica:
    """falls silent as it is told, or passes calls on to one that answers"""

    def __init__(self, good):
        self.good, self.how, self.calls, self.port = good, "head", {}, 0

    async def start(self):
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = [line for line in head.lower().split(b"\r\n")
                        if line.startswith(b"content-length:")][0]
                body = await reader.readexactly(int(size.split(b":")[1]))
                name = head.split(b"/")[1].decode()
                self.calls[name] = self.calls.get(name, 0) + 1
                await self.answer(head + body, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def answer(self, data, reader, writer):
        if self.how == "well":
            _, out = await asyncio.open_connection("127.0.0.1", self.good)
            out.write(data)
            while True:
                piece = await _.read(65536)
                writer.write(piece)
                if not piece or piece.endswith(b"0\r\n\r\n"):
                    out.close()
                    return
        if self.how != "nothing":
            writer.write(HEAD)
        if self.how == "middle":
            writer.write(chunk(EVENT))
        if self.how in ("comments", "slow"):
            while not reader.at_eof():
                writer.write(chunk(EVENT if self.how == "slow"
                                   else b": alive\n\n"))
                await writer.drain()
                await asyncio.sleep(0.05)
        await reader.read()
        raise ConnectionError


async def ask(nginx, name, n=1):
    for _ in range(n):
        reply = await review(nginx.port, CHUNK, points(["ok"]), "/" + name)
        if reply["status"] != "complete":
            return reply
    return None


async def hit(nginx, bad, name):
    """until a call was the silent one's; other ones of that time are, too"""
    end = time.monotonic() + 60 * SLOW
    while name not in bad.calls and time.monotonic() < end:
        reply = await ask(nginx, name)
        if reply:
            return reply
    return None


async def falls(nginx, bad, how, names):
    bad.how = how
    bad.calls.clear()
    for name in names:
        lost = await hit(nginx, bad, name) or await ask(nginx, name, 12)
        Tap.ok(lost is None and bad.calls.get(name) == 1,
               "%s, %s: one call is its, and none is lost" % (how, name),
               (bad.calls, lost))


async def comes_back(nginx, bad, names):
    """its connections were counted once: it gets its part"""
    bad.how = "head"
    bad.calls.clear()
    for name in names:
        await hit(nginx, bad, name)
    bad.how = "well"
    for name in names:
        end = time.monotonic() + 60 * SLOW
        while bad.calls[name] < 8 and time.monotonic() < end:
            lost = await asyncio.gather(*(ask(nginx, name) for _ in range(4)))
        Tap.ok(bad.calls[name] >= 8 and not any(lost),
               "%s: it is asked again when its time is over" % name,
               (bad.calls, lost))


async def not_its_fault(nginx, bad):
    bad.how = "slow"
    bad.calls.clear()
    end = time.monotonic() + 60 * SLOW
    while bad.calls.get("slow", 0) < 3 and time.monotonic() < end:
        await ask(nginx, "slow")
    Tap.ok(bad.calls.get("slow", 0) >= 3, "slow: it is asked again at once",
           bad.calls)

    bad.how = "head"
    end = time.monotonic() + 60 * SLOW
    while bad.calls.get("late", 0) < 3 and time.monotonic() < end:
        await ask(nginx, "late")
    Tap.ok(bad.calls.get("late", 0) >= 3,
           "the review's deadline: it is asked again", bad.calls)

    while bad.calls.get("gone", 0) < 3 and time.monotonic() < end:
        before = bad.calls.get("gone", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
        writer.write(request(CHUNK, points(["ok"]), path="/gone"))
        await writer.drain()
        answered = asyncio.create_task(reader.read())
        while (not answered.done() and bad.calls.get("gone", 0) == before):
            await asyncio.sleep(0.01)
        reset_at_close(writer)
        writer.close()
        await asyncio.gather(answered, return_exceptions=True)
    Tap.ok(bad.calls.get("gone", 0) >= 3,
           "a client that has gone: it is asked again", bad.calls)


async def alone(nginx, bad):
    for how in ("head", "comments", "nothing", "well"):
        bad.how = how
        reply = await review(nginx.port, CHUNK, points(["ok"] * 3), "/alone")
        codes = {r.get("error", {}).get("code") for r in reply["results"]}
        Tap.ok(codes == {None if how == "well" else "call_timeout"},
               "one server and no upstream: %s" % how, reply)


def configure(nginx, bad):
    upstreams, locations = "", ""
    def add(name, upstream, balancer="", fail="60s", call="60s", read="300ms",
            more=""):
        nonlocal upstreams, locations
        if upstream.startswith("u_"):
            upstreams += UPSTREAM % {
                "name": name, "good": nginx.llm_port,
                "bad": bad.port, "fail": fail,
                "balancer": balancer.replace("%s", name)}
        locations += LOCATION % {"name": name, "upstream": upstream,
                                 "call": call, "read": read, "more": more}
    for name, balancer in BALANCERS.items():
        add(name, "u_" + name, balancer)
        add("back_" + name, "u_back_" + name, balancer, fail="1s")
    for how in ("middle", "comments", "nothing"):
        add(how, "u_" + how, "least_conn; keepalive 8;",
            call="60s" if how == "middle" else "500ms",
            read="300ms" if how == "middle" else "60s")
    add("slow", "u_slow", call="500ms", read="60s")
    add("late", "u_late", read="60s", more="review_timeout 300ms;")
    add("gone", "u_gone", read="60s")
    add("alone", "127.0.0.1:%d" % bad.port, call="500ms", read="300ms",
        more="review_retry tries=1;")
    nginx.renew(http=HTTP + upstreams, server=locations)


async def main(nginx):
    bad = Replica(nginx.llm_port)
    server = await bad.start()
    configure(nginx, bad)
    shared = nginx.settings["workers"] > 1
    names = [name for name in BALANCERS
             if not shared or "zone" in BALANCERS[name]]
    await falls(nginx, bad, "head", names)
    await comes_back(nginx, bad, ["back_" + name for name in names])
    if not shared:
        for how in ("middle", "comments", "nothing"):
            await falls(nginx, bad, how, [how])
        await not_its_fault(nginx, bad)
        await alone(nginx, bad)
    server.close()


if __name__ == "__main__":
    for workers in (1, 3):
        nginx = Harness(workers=workers)
        try:
            asyncio.run(main(nginx))
        finally:
            bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))
    Tap.end()
