#!/usr/bin/python3
"""
Proves that a backend's answer orders nothing: with X-Accel-Redirect an LLM, an
embedding service, a converter or a reviewer of chunks gets us to no internal
location and to no file, over HTTP, FastCGI, uwsgi, SCGI and HTTP/2, in events
and in errors, from a cache and after a reload; its X-Accel-Limit-Rate and
X-Accel-Expires mean nothing; its answer is what its body says.  What clients
ask of plain locations is still nginx's own.
"""

import asyncio
import collections
import json
import os
import re
import struct
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
import frames
from harness import Harness, SLOW, Tap, exchange

SECRET = b"the secret of a file"
PASS = {"http": "proxy_pass http://127.0.0.1:%d;",
        "fastcgi": "fastcgi_pass 127.0.0.1:%d;",
        "uwsgi": "uwsgi_pass 127.0.0.1:%d;",
        "scgi": "scgi_pass 127.0.0.1:%d;",
        "grpc": "grpc_pass grpc://127.0.0.1:%d;"}
TARGETS = ["/file", "/inside", "@inside", "/../file", "//file", "", "x"]
HEADERS = {
    "slow": b"X-Accel-Limit-Rate: 1\r\nX-Accel-Buffering: yes\r\n"
            b"X-Accel-Charset: gbk\r\n",
    "cached": b"X-Accel-Expires: 1000\r\n",
}
JSON = "application/json"
POINTS = [{"id": "p", "question": "？"}]

HTTP = """
    proxy_cache_path %s/cache keys_zone=answers:1m;
    review_retry tries=1;
    review_rubric one %s/one.json;
    review_call_timeout %ds;
    review_timeout %ds;
"""
SERVER = """
        location = /file { internal; alias %(dir)s/file; }
        location = /inside {
            internal; proxy_pass http://127.0.0.1:%(inside)d;
        }
        location @inside { proxy_pass http://127.0.0.1:%(inside)d; }
        location = /plain { proxy_pass http://127.0.0.1:%(http)d; }
        location = /kept {
            internal;
            proxy_pass http://127.0.0.1:%(http)d;
            proxy_cache answers;
            proxy_cache_key $review_call_key;
            proxy_cache_methods POST;
            proxy_cache_valid 200 1h;
        }
        location = /told {
            internal;
            proxy_pass http://127.0.0.1:%(http)d;
            proxy_cache answers;
            proxy_cache_key $review_call_key;
            proxy_cache_methods POST;
        }
        location = /review/kept { review; review_llm /kept model=kept; }
        location = /review/told { review; review_llm /told model=told; }
"""
PLACES = """
        location = /%(name)s/ { internal; %(pass)s }
        location = /review/%(name)s {
            review; review_llm /%(name)s/ model=m stream=off;
        }
        location = /events/%(name)s {
            review; review_llm /%(name)s/ model=m stream=on;
        }
        location = /embed/%(name)s {
            review_embed; review_embeddings /%(name)s/ model=e;
        }
        location = /split/%(name)s {
            review_split; review_extract /%(name)s/;
        }
        location = /task/%(name)s {
            review_task; review_llm /%(name)s/ model=m;
            review_chunk_uri /%(name)s/;
            review_task_timeout %(task)dms;
        }
"""


def answer(data):
    """type and body of what an honest backend would say"""
    if b'"messages"' in data:
        said = json.dumps({"verdict": "pass", "reason": "ours"})
        if b'"stream":true' in data:
            return b"text/event-stream", b"data: %s\n\ndata: [DONE]\n\n" \
                % json.dumps({"choices": [{"index": 0, "finish_reason": "stop",
                              "delta": {"content": said}}]}).encode()
        return JSON.encode(), json.dumps({"choices": [{
            "index": 0, "finish_reason": "stop", "message": {
                "role": "assistant", "content": said}}]}).encode()
    if b'"input"' in data:
        return JSON.encode(), json.dumps({"data": [
            {"index": 0, "embedding": [0.25, 0.5]}]}).encode()
    if b'"chunk"' in data:
        return b"text/event-stream", b"event: nothing\ndata: {}\n\n"
    return b"text/plain", b"a text that is ours"


def http2(kind, body, redirect):
    """the same in frames, as the first stream of a connection"""
    fields = [(":status", "200"), ("content-type", kind.decode()),
              ("content-length", str(len(body)))]
    if redirect is not None:
        fields.append(("x-accel-redirect", redirect.decode()))
    return frames.frame(frames.SETTINGS, 0, 0) + frames.frame(
        frames.HEADERS, frames.END_HEADERS, 1,
        b"".join(frames.field(*f) for f in fields)) + frames.frame(
            frames.DATA, frames.END_STREAM, 1, body)


class Backend:
    """answers whatever protocol it is asked in"""
    def __init__(self):
        self.calls = self.inside = 0
        self.targets = collections.Counter()

    async def start(self):
        self.servers, ports = [], {}
        for name in [*PASS, "inside"]:
            server = await asyncio.start_server(
                lambda r, w, name=name: self.serve(name, r, w), "127.0.0.1", 0)
            self.servers.append(server)
            ports[name] = server.sockets[0].getsockname()[1]
        return ports

    async def serve(self, name, reader, writer):
        try:
            await self.answer(name, reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def answer(self, name, reader, writer):
        if name == "inside":
            self.inside += 1
            writer.write(b"HTTP/1.0 200 OK\r\n\r\ninside")
            return

        data = b""
        while not (found := re.search(rb"<<(.*?) (\w*) (\d+)>>", data)):
            more = await reader.read(65536)
            if not more:
                return
            data += more

        self.calls += 1
        target, extra, status = found.groups()
        self.targets[target.decode()] += 1
        kind, body = answer(data)
        head = b"Content-Type: %s\r\nContent-Length: %d\r\n%s" % (
            kind, len(body), HEADERS.get(extra.decode(), b""))
        if name == "grpc":
            writer.write(http2(kind, body, target if extra == b"redirect"
                               else None))
            while await reader.read(65536):
                pass
            return
        if extra == b"redirect":
            head += b"X-Accel-Redirect: %s\r\n" % target
        first = b"HTTP/1.1 %s OK\r\nConnection: close\r\n" if name == "http" \
            else b"Status: %s OK\r\n"
        whole = first % status + head + b"\r\n" + body
        if name == "fastcgi":
            whole = struct.pack(">BBHHBB", 1, 6, 1, len(whole), 0, 0) + whole \
                + struct.pack(">BBHHBB", 1, 3, 1, 8, 0, 0) + bytes(8)
        writer.write(whole)
        writer.write_eof()
        while await reader.read(65536):
            pass


def asked(path, target, extra, status=200):
    mark = "<<%s %s %d>>" % (target, extra, status)
    kind = JSON
    if path.startswith("/embed"):
        body = json.dumps({"input": [mark]})
    elif path.startswith("/split"):
        kind, body = "application/pdf", mark
    elif path.startswith("/task"):
        body = json.dumps({"document": mark, "rubric": "one"})
    else:
        body = json.dumps({"chunk": {"text": mark}, "points": POINTS})
    body = body.encode()
    return b"POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" \
        b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n" % (
            path.encode(), kind.encode(), len(body)) + body


async def ask(nginx, path, target, extra="redirect", status=200):
    return await exchange(nginx.port, asked(path, target, extra, status))


def kept_out(backend, body):
    return SECRET not in body and b"inside" not in body.replace(
        b"/inside", b"").replace(b"@inside", b"") and backend.inside == 0


async def all_backends(nginx, backend, when=""):
    used = {"review": b'"reason":"ours"', "events": b'"reason":"ours"',
            "embed": b"0.25", "split": b"a text that is ours",
            "task": b'"code":"cut"'}
    for name in PASS:
        for kind, what in used.items():
            backend.targets.clear()
            replies = await asyncio.gather(*(
                ask(nginx, "/%s/%s" % (kind, name), target)
                for target in TARGETS))
            bad = [(target, status, body[:500])
                   for target, (status, body) in zip(TARGETS, replies)
                   if not (kept_out(backend, body) and what in body
                           and status in (200, 502)
                           and backend.targets[target])]
            Tap.ok(not bad, "%s, %s: no answer sends us elsewhere%s"
                   % (kind, name, when), bad)


async def errors(nginx, backend):
    for kind in "review", "events", "embed", "split", "task":
        status, body = await ask(nginx, "/%s/http" % kind, "/file",
                                 status=400)
        Tap.ok(kept_out(backend, body) and b"not_found" not in body,
               "%s: nor does an error" % kind, (status, body))


async def others(nginx, backend):
    _, body = await ask(nginx, "/review/http", "", "slow")
    Tap.ok(b'"reason":"ours"' in body, "no answer makes itself slow", body)

    calls = backend.calls
    for _ in range(2):
        _, body = await ask(nginx, "/review/told", "", "cached")
    Tap.ok(b'"reason":"ours"' in body and backend.calls == calls + 2,
           "none says how long it is kept", body)


async def kept(nginx, backend):
    calls = backend.calls
    for _ in range(3):
        _, body = await ask(nginx, "/review/kept", "/file")
        Tap.ok(kept_out(backend, body) and b'"reason":"ours"' in body,
               "what is kept sends us nowhere", body)
    Tap.ok(backend.calls == calls + 1, "it was kept", backend.calls - calls)


async def clients(nginx, backend, when=""):
    _, body = await ask(nginx, "/plain", "/file")
    Tap.ok(body == SECRET, "a client's plain request is redirected" + when,
           body)


async def run(nginx, backend):
    await all_backends(nginx, backend)
    await errors(nginx, backend)
    await others(nginx, backend)
    await kept(nginx, backend)
    await clients(nginx, backend)

    nginx.renew()
    await all_backends(nginx, backend, ", after a reload")
    await clients(nginx, backend, ", after a reload")

    log = nginx.error_log()
    Tap.ok('"X-Accel-Redirect" in an answer of "/http/" is not obeyed' in log,
           "it is told in the log", log[-1000:])


async def main():
    backend = Backend()
    ports = await backend.start()
    nginx = Harness(record=False)
    try:
        with open(os.path.join(nginx.dir, "file"), "wb") as f:
            f.write(SECRET)
        with open(os.path.join(nginx.dir, "one.json"), "w",
                  encoding="utf-8") as f:
            json.dump({"name": "one", "version": "1", "points": POINTS}, f)
        server = SERVER % dict(ports, dir=nginx.dir) + "".join(
            PLACES % {"name": name, "pass": line % ports[name],
                      "task": 400 * SLOW}
            for name, line in PASS.items())
        nginx.renew(http=HTTP % (nginx.dir, nginx.dir, 20 * SLOW,
                                30 * SLOW),
                    server=server, review="return 404;")
        await run(nginx, backend)
    finally:
        bad = nginx.close()
    Tap.ok(not bad, "nothing in the log", bad)
    for server in backend.servers:
        server.close()


asyncio.run(main())
Tap.end()
