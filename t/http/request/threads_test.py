#!/usr/bin/python3
"""
Proves that work on threads is no one's burden: small requests are answered
while a large one is cut; replies are those that the event loop would have made,
however the body came and however full the pool is; a client that goes while a
thread works for it takes nothing with it but its own reply; a reload loses no
reply, and an old worker ends.
"""

import asyncio
import concurrent.futures
import hashlib
import json
import os
import random
import re
import select
import shutil
import socket
import struct
import sys
import tempfile
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, LONG, ROOT, SLOW, Tap, free_port, points, wait_for

MB = 1 << 20
JSON = "application/json"
TEXT = "text/plain"
LINES = "Accept: application/x-ndjson\r\n"

# answers of an LLM, by the points that are asked: large ones, and such that
# wait for them

FINDING = dict(verdict="fail", severity="major", reason="缺少",
               quote=["有效期 为(90)天", "没有这句话"])
LARGE = [{}] * 20000
ANSWERS = {
    "large": json.dumps(dict(FINDING, reason="缺少" * 30000)),
    "data": json.dumps(dict(FINDING, data=LARGE)),
    "thought": "<think>%s</think>%s" % (json.dumps(LARGE),
                                        json.dumps(FINDING)),
    "small": json.dumps(FINDING),
    "bad": "{}" * 40000,
    "steps": json.dumps(dict(FINDING, suggestion="补充" * 30000)),
    "repaired": "{'verdict':'risk','reason':'%s',}" % ("甲" * 30000)}

DIM, INPUTS = 1024, 96      # of a prepared answer: 2 MB of floats

MAIN = """
    thread_pool tiny threads=1 max_queue=1;
    thread_pool one threads=1;
"""
HTTP = """
    log_format body escape=none '$request_body';
    client_max_body_size 100m;
    send_timeout 20s;
    review_llm /llm model=stand-in;
    review_embeddings /embeddings model=e batch=16 calls=2;
    review_max_chunk_size 2m;
    review_max_answer_size 16m;
    server {
        listen 127.0.0.1:%(port)d;
        root %(root)s;
        error_page 405 =200 $uri;
    }
"""
BACKENDS = """
        location = /embeddings {
            internal;
            proxy_pass http://llm/v1/embeddings;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
        location = /prepared {
            internal;
            proxy_pass http://127.0.0.1:%(port)d/vectors.json;
        }
        location = /memory/split {
            review_split;
            client_body_buffer_size 32m;
        }
        location = /logged/split {
            review_split;
            client_body_buffer_size 32m;
            access_log bodies.log body;
        }
        location = /single/split {
            review_split;
            client_body_buffer_size 1k;
            client_body_in_single_buffer on;
        }
        location = /file/split {
            review_split;
            client_body_in_file_only clean;
        }
        location = /hasty/review { review; review_timeout 1s; }
        location = /answers {
            internal;
            proxy_pass http://127.0.0.1:%(port)d/$review_point.json;
        }
        location = /text {
            internal;
            proxy_pass http://127.0.0.1:%(port)d/text.md;
            proxy_buffers 64 64k;
        }
        location = /hang { internal; proxy_pass http://127.0.0.1:%(hang)d; }
        location = /hang/split { review_split; review_extract /hang; }
        location = /hang/hasty/split {
            review_split;
            review_extract /hang;
            review_timeout 100ms;
        }
        location = /extract/split { review_split; review_extract /text; }
        location = /extract/one/split {
            review_thread_pool one threshold=1;
            review_split;
            review_extract /text;
        }
        location = /large/embed {
            review_embed;
            review_embeddings /prepared batch=%(inputs)d encoding=float;
        }
        location = /large/one/embed {
            review_thread_pool one threshold=1;
            review_embed;
            review_embeddings /prepared batch=%(inputs)d encoding=float;
        }
"""

# where work is done: on threads if it is large, never, always, and on a pool
# that has no room for most of it

PLACES = {
    "default": "",
    "stop": "send_timeout 2s;",
    "stop-one": "review_thread_pool one threshold=1; send_timeout 2s;",
    "off": "review_thread_pool off;",
    "all": "review_thread_pool default threshold=1;",
    "one": "review_thread_pool one threshold=1;",
    "tiny": "review_thread_pool tiny threshold=1;",
    "lean": "review_thread_pool default threshold=1m;",
}


# review_timeouts, in ms, of what may be over while a thread checks a text

HASTE = [ms * SLOW for ms in range(4, 124, 4)]


def hasty(ms):
    return """
        location = /hasty/%d/split {
            review_thread_pool one threshold=1;
            review_split;
            review_extract /text;
            review_timeout %dms;
        }
""" % (ms, ms)


def place(name, lines):
    return """
        location /%s/ {
            %s
            location = /%s/review { review; }
            location = /%s/split { review_split; }
            location = /%s/embed { review_embed; }
            location = /%s/rank { review_rank; }
            location = /%s/long {
                review_llm /answers model=m;
                review;
            }
        }
""" % (name, lines, name, name, name, name, name)


class Nginx(Harness):
    def __init__(self, main="", **more):
        self.files = tempfile.mkdtemp(prefix="review-threads-")
        os.chmod(self.files, 0o755)
        self.prepare()
        self.hang = socket.create_server(("127.0.0.1", 0))
        self.hang.settimeout(60 * SLOW)
        settings = {"port": free_port(), "root": self.files, "inputs": INPUTS,
                    "hang": self.hang.getsockname()[1]}
        server = BACKENDS % settings
        for name, lines in PLACES.items():
            server += place(name, lines)
        for ms in HASTE:
            server += hasty(ms)
        super().__init__(http=HTTP % settings, server=server, main=MAIN + main,
                         record=False, **more)

    def prepare(self):
        """a service's answer, of vectors that are all different"""
        chance = random.Random(1)
        vector = [round(chance.uniform(-1, 1), 16) for _ in range(DIM)]
        answer = {"object": "list", "model": "e", "data": [
            {"object": "embedding", "index": i,
             "embedding": vector[i:] + vector[:i]} for i in range(INPUTS)],
            "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        with open(os.path.join(self.files, "vectors.json"), "w") as f:
            json.dump(answer, f)
        for name, content in ANSWERS.items():
            with open(os.path.join(self.files, name + ".json"), "w") as f:
                json.dump({"choices": [{
                    "index": 0, "finish_reason": "stop",
                    "message": {"role": "assistant", "content": content}}],
                    "usage": {"prompt_tokens": 900, "completion_tokens": 9,
                              "total_tokens": 909}}, f)
        with open(os.path.join(self.files, "text.md"), "w") as f:
            f.write(text_of(4 * MB))

    def close(self):
        try:
            return super().close()
        finally:
            self.hang.close()
            shutil.rmtree(self.files)


# texts

def law():
    name = os.path.join(ROOT, "t", "data", "招标投标法.md")
    with open(name, encoding="utf-8") as f:
        return f.read()


def text_of(size):
    """so many bytes at least, no two copies of the law alike"""
    text = law()
    copies = -(-size // len(text.encode()))
    return "\n".join("# 第%d部分\n\n%s" % (i, text) for i in range(copies))


def dumps(value):
    return json.dumps(value, ensure_ascii=False).encode()


# clients

def head(path, body, kind=JSON, headers="", length=None):
    return ("POST %s HTTP/1.1\r\nHost: test\r\nContent-Type: %s\r\n%s%s"
            "Connection: close\r\n\r\n"
            % (path, kind, headers, "Transfer-Encoding: chunked\r\n"
               if length == "chunked"
               else "Content-Length: %d\r\n" % len(body))).encode()


def chunked(body, size):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


class Client:
    def __init__(self, port, buffer=None):
        self.sock = socket.socket()
        if buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.sock.settimeout(60 * SLOW)
        self.port = port
        self.sock.connect(("127.0.0.1", port))

    def send(self, path, body, kind=JSON, headers="", pieces=None):
        if pieces:
            self.sock.sendall(head(path, body, kind, headers, "chunked")
                              + chunked(body, pieces))
        else:
            self.sock.sendall(head(path, body, kind, headers) + body)
        return self

    def taken(self):
        """has nginx read all that was sent?"""
        here = "0100007F:%04X" % self.sock.getsockname()[1]
        there = "0100007F:%04X" % self.port
        with open("/proc/net/tcp") as f:
            rows = [line.split() for line in f][1:]
        queues = {row[1]: row[4].split(":") for row in rows
                  if {row[1], row[2]} == {here, there}}
        return len(queues) == 2 and int(queues[here][0], 16) == 0 \
            and int(queues[there][1], 16) == 0

    def answered(self):
        return bool(select.select([self.sock], [], [], 0)[0])

    def read(self):
        """-> the status and the body; (0, b"") if there is none"""
        data = bytearray()
        try:
            while True:
                piece = self.sock.recv(MB)
                if not piece:
                    break
                data += piece
        except ConnectionError:
            return 0, b""
        finally:
            self.sock.close()
        return parse(bytes(data))

    def fin(self):
        self.sock.close()

    def rst(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()


def parse(data):
    first, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return 0, b""
    status = int(first.split()[1])
    if b"\r\nTransfer-Encoding: chunked" not in first:
        length = re.search(rb"\r\nContent-Length: (\d+)", first)
        if length and int(length[1]) != len(body):
            return 0, b""
        return status, body
    whole, at = bytearray(), 0
    while True:
        end = body.find(b"\r\n", at)
        size = int(body[at:end] or b"x", 16) if end > at else -1
        if size <= 0:
            return (status, bytes(whole)) if size == 0 else (0, b"")
        whole += body[end + 2:end + 2 + size]
        at = end + 4 + size


def post(nginx, path, body, kind=JSON, headers="", pieces=None):
    if not isinstance(body, bytes):
        body = dumps(body)
    return Client(nginx.port).send(path, body, kind, headers, pieces).read()


def many(nginx, requests):
    """all at once; their replies in order"""
    with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
        return list(pool.map(lambda args: post(nginx, *args), requests))


def timeless(value):
    """a reply without the times in it"""
    if isinstance(value, dict):
        return {name: timeless(member) for name, member in value.items()
                if not name.endswith("_ms")}
    if isinstance(value, list):
        return [timeless(element) for element in value]
    return value


def reply_of(answer):
    status, body = answer
    return status, timeless(json.loads(body)) if body else None


def chunks_of(answer):
    """of either form; None if it isn't complete"""
    status, body = answer
    if status != 200 or not body:
        return None
    if body.startswith(b'{"chunks"'):
        value = json.loads(body)
        return value["chunks"] if value["count"] == len(value["chunks"]) \
            else None
    return [json.loads(line) for line in body.splitlines()] \
        if body.endswith(b"\n") else None


def is_whole(text, chunks):
    """they are the text again, with hashes and offsets that are right"""
    if not chunks:
        return False
    at = 0
    for chunk in chunks:
        header = chunk.get("table_header", {"start": 0, "end": 0})
        own = text[header["start"]:header["end"]] \
            + text[chunk["start"]:chunk["end"]]
        if own != chunk["text"] or chunk["start"] + chunk["overlap"] != at \
                or hashlib.sha256(own.encode()).hexdigest() \
                != chunk["sha256"]:
            return False
        at = chunk["end"]
    return at == len(text)


# what is proved

SMALL = dumps({"text": "第一条 为了规范招标投标活动，制定本法。"})


def small_ones(nginx, n):
    """so many, one behind the other: how many are answered"""
    client = Client(nginx.port)
    one = head("/default/split", SMALL) + SMALL
    client.sock.sendall(one.replace(b"Connection: close\r\n", b"") * (n - 1)
                        + one)
    data = bytearray()
    while piece := client.sock.recv(MB):
        data += piece
    client.fin()
    return data.count(b"HTTP/1.1 200 OK\r\n")


def others_are_served(nginx, text):
    """no clock: either all small ones come first, or the large one does"""
    body = dumps({"text": text, "overlap": 100})

    for path, kind, data in (("/default/split", JSON, body),
                             ("/default/split?overlap=100", TEXT,
                              text.encode())):
        large = Client(nginx.port).send(path, data, kind)
        Tap.ok(wait_for(large.taken), "20 MB as %s: nginx has it" % kind)
        good = small_ones(nginx, 50)
        Tap.ok(good == 50 and not large.answered(),
               "20 MB as %s: 50 small ones are answered meanwhile" % kind,
               (good, large.answered()))
        Tap.ok(is_whole(text, chunks_of(large.read())),
               "20 MB as %s: it is answered" % kind)

    large = Client(nginx.port).send("/off/split", body)
    wait_for(large.taken)
    status, _ = post(nginx, "/default/split", SMALL)
    Tap.ok(status == 200 and large.answered(),
           "without threads the small one waits", status)
    Tap.ok(is_whole(text, chunks_of(large.read())),
           "without threads it is answered")


def bodies(nginx):
    """however they come and are kept"""
    text = text_of(3 * MB)
    forms = [("JSON", JSON, dumps({"text": text})),
             ("escapes", JSON, json.dumps({"text": text}).encode()),
             ("text", TEXT, text.encode())]
    for name, kind, body in forms:
        wanted = reply_of(post(nginx, "/off/split", body, kind))
        Tap.ok(wanted[0] == 200 and is_whole(text, wanted[1]["chunks"]),
               "%s, without threads" % name)
        for where in ("memory", "single", "file", "default", "all", "tiny"):
            for pieces in (None, 70001):
                got = reply_of(post(nginx, "/%s/split" % where, body, kind, "",
                                    pieces))
                Tap.ok(got == wanted, "%s, %s%s: the same"
                       % (name, where, ", chunked" if pieces else ""),
                       got[0])
        lines = chunks_of(post(nginx, "/default/split", body, kind, LINES))
        Tap.ok(lines[0].pop("document") == wanted[1]["document"],
               "%s: the same document" % name)
        Tap.ok(lines == wanted[1]["chunks"], "%s: the same lines" % name)

    for name, body, kind, wanted in (
            ("JSON cut short", forms[0][2][:-1], JSON, 400),
            ("no text", dumps({"texts": text}), JSON, 400),
            ("an array", dumps([text]), JSON, 400),
            ("no UTF-8 at the end", forms[2][2] + b"\xe6\x8a", TEXT, 400),
            ("blank", b" \n" * MB, TEXT, 400),
            ("overlap", dumps({"text": text, "overlap": 9999}), JSON, 422)):
        replies = [reply_of(post(nginx, "/%s/split" % where, body, kind))
                   for where in ("off", "default", "memory", "tiny")]
        Tap.ok(replies[0][0] == wanted
               and all(reply == replies[0] for reply in replies),
               "%s: a %d, on threads too" % (name, wanted), replies)


def quoting(chunk, *scripts):
    return dumps({"chunk": chunk, "points": points(scripts)})


def mix():
    """requests of all kinds; scripts have keys, so that none is counted on"""
    text = text_of(100000)
    articles = [line for line in law().splitlines() if line]
    requests = [
        ("review", quoting(text, "quote=为了规范招标投标活动",
                           "quote=第一条_为了_规范招标投标活动，"
                           " quote=没有这句话", "noquote", "404", "bad_json")),
        ("review", quoting("投标（有效期）为 90 天。",
                           "quote=投标(有效期)为90天", "fenced quote=投标")),
        ("review", b'{"chunk":'),
        ("review", dumps({"chunk": text, "points": []})),
        ("split", dumps({"text": text})),
        ("split", dumps({"text": text, "unit": "tokens", "max_chars": 300,
                         "overlap": 60})),
        ("split", SMALL),
        ("split", dumps({"text": 1})),
        ("embed", dumps({"input": articles[:100]})),
        ("embed", dumps({"input": articles[:40],
                         "encoding_format": "base64", "dimensions": 300})),
        ("embed", dumps({"input": ["a", "POISON", "b"]})),
        ("embed", dumps({"input": [1, 2, 3]})),
        ("embed", dumps({"input": []})),
        ("rank", dumps({"query": "投标保证金", "texts": articles})),
        ("rank", dumps({"queries": ["投标", "开标"], "by": "hybrid",
                        "chunks": [{"id": "i%d" % i, "text": a}
                                   for i, a in enumerate(articles)]})),
        ("rank", dumps({"query": "中标通知书", "texts": articles,
                        "by": "bm25", "top_k": 3})),
        ("rank", dumps({"query": "x", "texts": ["POISON", "x"]})),
        ("rank", dumps({"query": ""})),
    ]
    return requests


def same_replies(nginx):
    requests = mix()
    wanted = [reply_of(post(nginx, "/off/" + path, body))
              for path, body in requests]
    Tap.ok([status for status, _ in wanted].count(200) >= 11,
           "the mix has good requests", [status for status, _ in wanted])
    for where in ("default", "all", "one", "tiny"):
        for (path, body), want in zip(requests, wanted):
            got = reply_of(post(nginx, "/%s/%s" % (where, path), body))
            Tap.ok(got == want, "%s, %s, %d bytes: as without threads"
                   % (where, path, len(body)),
                   "%.1500s\n%.1500s" % (got, want))


def answered():
    return dumps({"chunk": "投标有效期为（90）天。", "points": [
        {"id": name, "steps": ["q"] * 3} if name == "steps"
        else dict({"id": name, "question": "q"},
                  **({"data": {"items": {}}} if name == "data" else {}))
        for name in ANSWERS]})


def large_answers(nginx):
    """to a small request, in whose pool no thread may do anything"""
    wanted = reply_of(post(nginx, "/off/long", answered()))
    findings = {r["point"]: r["finding"] for r in wanted[1]["results"]
                if r["status"] == "ok"}
    Tap.ok(set(findings) == set(ANSWERS) - {"bad"}
           and findings["data"]["data"] == LARGE
           and findings["large"]["evidence"][0]["start"] == 2,
           "large answers, without threads",
           [str(r)[:300] for r in wanted[1]["results"]])
    for where in ("default", "all", "one", "tiny"):
        for accept in "", "Accept: text/event-stream\r\n":
            got = post(nginx, "/%s/long" % where, answered(), JSON, accept)
            if accept:
                got = got[0], timeless(json.loads(
                    got[1].split(b"event: done\ndata: ")[-1]))
            else:
                got = reply_of(got)
            Tap.ok(got == wanted, "large answers, %s%s: the same"
                   % (where, ", events" if accept else ""),
                   "%.1000s" % (got,))


def full_pool(nginx):
    """one thread and room for one more: the others are served by the loop"""
    text = text_of(MB)
    articles = [line for line in law().splitlines() if line]
    requests = [
        ("/tiny/split", dumps({"text": text})),
        ("/tiny/split", text.encode(), TEXT, LINES),
        ("/tiny/embed", dumps({"input": articles})),
        ("/tiny/rank", dumps({"query": "投标", "texts": articles})),
        ("/tiny/review", quoting(text[:200000], "quote=第一条_为了规范")),
    ]
    wanted = [post(nginx, *request) for request in requests]
    replies = []
    for _ in range(20):         # until so many are there at the same time
        replies += many(nginx, requests * 6)
        if "queue overflow" in nginx.error_log():
            break
    good = sum(
        reply[0] == 200 and (
            reply == wanted[1] if i % len(requests) == 1
            else reply_of(reply) == reply_of(wanted[i % len(requests)]))
        for i, reply in enumerate(replies))
    Tap.ok(good == len(replies), "a full pool loses nothing",
           (good, [reply[0] for reply in replies]))
    Tap.ok("queue overflow" in nginx.error_log(), "the pool was full")


def long_quotes(nginx):
    """a chunk of 900 KB: exact, normalized and missing quotes"""
    text = text_of(900000) + "\n\n保证金的有效期（九十天）自开标之日起算。"
    body = quoting(text, "quote=第一部分 quote=保证金的有效期（九十天）",
                   "quote=保证金的_有效期(九十天)自开标",
                   "quote=这句话哪里都没有写过的呀")
    wanted = reply_of(post(nginx, "/off/review", body))
    matches = [[q.get("match") for q in r["finding"]["evidence"]]
               for r in wanted[1]["results"]]
    Tap.ok(wanted[0] == 200 and "exact" in sum(matches, [])
           and "normalized" in sum(matches, []),
           "900 KB: quotes are found", matches)
    for where in ("default", "all", "tiny"):
        got = reply_of(post(nginx, "/%s/review" % where, body))
        Tap.ok(got == wanted, "900 KB, %s: the same quotes" % where)
    return text


def deadline(nginx, text):
    """review_timeout may be over at any moment of the search"""
    delays = range(880, 1010, 8)
    replies = many(nginx, [
        ("/hasty/review",
         quoting(text, *["key=%d delay=%d quote=保证金的_有效期(九十天" % (d, d)
                         for _ in range(3)])) for d in delays])
    kinds = [(status, json.loads(body)["status"] if body else None)
             for status, body in replies]
    Tap.ok(all(kind in ((200, "complete"), (200, "partial"), (504, "failed"))
               for kind in kinds),
           "review_timeout amid the search: a reply comes", kinds)


def deadline_of_extract(nginx):
    """review_timeout may be over before, while, and after a text is checked"""
    workers = nginx.workers()
    for name, accept in ("JSON", ""), ("lines", LINES):
        replies = []
        for i in range(0, len(HASTE), 3):
            replies += many(nginx, [
                ("/hasty/%d/split" % ms, b"GIF", "image/gif", accept)
                for ms in HASTE[i:i + 3]])
        statuses = [status for status, _ in replies]
        Tap.ok(504 in statuses and set(statuses) <= {200, 504}
               and all(body for _, body in replies),
               "review_timeout amid an extraction: a reply in %s comes" % name,
               statuses)
    Tap.ok(nginx.workers() == workers,
           "review_timeout amid an extraction: the worker lives on")


def is_closed(sock):
    """by the other side, at once"""
    sock.settimeout(30 * SLOW)
    try:
        while sock.recv(MB):
            pass
        return True
    except ConnectionError:
        return True
    except OSError:
        return False


def hanging_converter(nginx):
    """nobody waits for it any more once the client has its reply, or goes"""
    for how in "fin", "rst":
        client = Client(nginx.port).send("/hang/split", b"GIF", "image/gif")
        call, _ = nginx.hang.accept()
        getattr(client, how)()
        Tap.ok(is_closed(call),
               "a converter is left at once when the client goes: " + how)
        call.close()

    for sent, what in (b"", "says nothing"), (
            b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc", "stops"):
        client = Client(nginx.port)
        client.sock.sendall(head("/hang/hasty/split", b"GIF", "image/gif")
                            .replace(b"Connection: close\r\n", b"") + b"GIF")
        call, _ = nginx.hang.accept()
        call.sendall(sent)
        first = client.sock.recv(65536)
        Tap.ok(first.startswith(b"HTTP/1.1 504 "),
               "a converter that %s: 504" % what, first)
        client.sock.settimeout(30 * SLOW)
        try:
            status, _ = client.send("/off/split", SMALL).read()
        except TimeoutError:
            status = "nothing"
        Tap.ok(status == 200,
               "a converter that %s: the next request is served" % what,
               status)
        Tap.ok(is_closed(call), "a converter that %s is left" % what)
        call.close()


# clients that go

def abort_kinds(text):
    articles = [line for line in law().splitlines() if line]
    json_body, plain = dumps({"text": text}), text.encode()
    rank = dumps({"query": "投标保证金", "by": "bm25",
                  "texts": articles * (len(text) // 30000)})
    embed = dumps({"input": ["%d" % i for i in range(INPUTS)]})
    scripts = ("quote=第九部分_第一条_没有", "quote=投标人_为了",
               "quote=没有没有没有")
    review = quoting(text[:400000], *scripts)
    v = "v" + text[:280000]
    heading = quoting({"heading": ["甲", "v" * 9000], "text": v}, *scripts)
    many = dumps({"chunk": v, "points": points(scripts),
                  "vars": {"v": "v" * 9000},
                  "references": [{"id": "%d" % i, "text": "投标v"}
                                 for i in range(1000)]})
    return [
        ("split", "/default/split", json_body, JSON, ""),
        ("split, one thread", "/one/split", plain, TEXT, ""),
        ("split, logged", "/logged/split", json_body, JSON, ""),
        ("lines", "/default/split", plain, TEXT, LINES),
        ("lines, one thread", "/one/split", json_body, JSON, LINES),
        ("embed", "/large/embed", embed, JSON, ""),
        ("embed, one thread", "/large/one/embed", embed, JSON, ""),
        ("extract", "/extract/split", b"GIF", "image/gif", ""),
        ("extract, one thread", "/extract/one/split", b"GIF", "image/gif",
         LINES),
        ("rank", "/default/rank", rank, JSON, ""),
        ("rank, one thread", "/one/rank", rank, JSON, ""),
        ("review", "/default/review", review, JSON, ""),
        ("review, one thread", "/one/review", review, JSON,
         "Accept: text/event-stream\r\n"),
        ("review, large answers", "/default/long", answered(), JSON, ""),
        ("review, large answers, one thread", "/one/long", answered(), JSON,
         "Accept: text/event-stream\r\n"),
        ("review, a heading", "/default/review", heading, JSON, ""),
        ("review, many references", "/lean/review", many, JSON, ""),
    ]


def serves(nginx, name, workers, request):
    """no connection is left, no error told, and the next one is served"""
    gone = wait_for(lambda: not nginx.connections())
    status, body = post(nginx, *request)
    errors = [line for line in nginx.error_log().splitlines()
              if re.search(r"\[(error|alert|crit|emerg)\]", line)
              and "queue overflow" not in line]
    Tap.ok(gone and status == 200 and nginx.workers() == workers
           and not errors,
           "%s: nothing is left, the next one is served" % name,
           (gone, status, nginx.workers(), workers, errors[:5]))


def aborts(nginx, text):
    chance = random.Random(int(os.environ.get("SEED", "7")))
    workers = nginx.workers()

    for name, *request in abort_kinds(text):
        start = time.monotonic()
        status, _ = post(nginx, *request)
        took = min(time.monotonic() - start, 0.5)
        Tap.ok(status == 200, "%s: good if the client stays" % name, status)

        for _ in range(10 if LONG else 4):
            clients = [Client(nginx.port).send(*request) for _ in range(5)]
            for client in clients:
                time.sleep(chance.random() * took / 2)
                chance.choice((client.fin, client.rst))()
        serves(nginx, name + ": 50 clients go", workers, request)


def logged(nginx, text):
    """a body in memory is the thread's, and still there for the log"""
    with open(os.path.join(nginx.dir, "bodies.log"), "rb") as f:
        lines = f.read().splitlines()
    whole = dumps({"text": text})
    Tap.ok(whole in lines and all(line == b"-" or whole.startswith(line)
                                  for line in lines),
           "a body is logged as it came, whoever has left",
           [len(line) for line in lines])


def slow_aborts(nginx, text):
    """amid lines that a client takes slowly, or not at all"""
    chance = random.Random(int(os.environ.get("SEED", "7")))
    workers = nginx.workers()
    request = ("/default/split", text.encode(), TEXT, LINES)

    for _ in range(5):
        clients = [Client(nginx.port, 4096).send(*request) for _ in range(10)]
        for client in clients:
            for _ in range(chance.randrange(4)):
                client.sock.recv(chance.choice((1, 5000, 300000)))
            chance.choice((client.fin, client.rst))()
    serves(nginx, "amid lines: 50 clients go", workers, request)


def slow_readers(nginx, text, large):
    """one that is slow gets all, one that stops is let go"""
    request = ("/default/split", text.encode(), TEXT, LINES)
    client = Client(nginx.port, 65536).send(*request)
    data = bytearray()
    while True:
        piece = client.sock.recv(100000)
        if not piece:
            break
        data += piece
        time.sleep(0.001)
    client.sock.close()
    Tap.ok(is_whole(text, chunks_of(parse(bytes(data)))),
           "a slow reader gets all lines", len(data))

    for name, *request in (
            ("lines", "/stop/split", large.encode(), TEXT, LINES),
            ("lines of JSON", "/stop-one/split", dumps({"text": large}), JSON,
             LINES),
            ("JSON", "/stop/split", large.encode(), TEXT)):
        client = Client(nginx.port, 4096).send(*request)
        client.sock.recv(1000)
        Tap.ok(wait_for(lambda: not nginx.connections()),
               "%s: who stops reading is let go after send_timeout" % name)
        client.fin()
        wait_for(lambda: not nginx.connections())


def reloads(nginx, text):
    old = set(nginx.workers())
    body = text.encode()
    articles = [line for line in law().splitlines() if line]
    requests = [("/%s/split" % where, body, TEXT, lines)
                for where in ("default", "one") for lines in ("", LINES)]
    requests.append(("/one/embed", dumps({"input": articles})))
    for _ in range(10):         # until we are not late
        clients = [Client(nginx.port) for _ in requests]
        with concurrent.futures.ThreadPoolExecutor(len(requests)) as pool:
            replies = [pool.submit(lambda client, request:
                                   client.send(*request).read(), *pair)
                       for pair in zip(clients, requests)]
            wait_for(clients[0].taken)
            working = not any(reply.done() for reply in replies[:4])
            good = working and nginx.reload()
            replies = [reply.result() for reply in replies]
        if working:
            break
    Tap.ok(working, "threads work as the reload comes")
    Tap.ok(good, "the new worker is there")
    Tap.ok(all(is_whole(text, chunks_of(reply)) for reply in replies[:4])
           and replies[4][0] == 200, "a reload loses no reply",
           [(reply[0], len(reply[1])) for reply in replies])
    Tap.ok(wait_for(lambda: not old & set(nginx.workers())),
           "the old worker ends")


def cut_short(text):
    """worker_shutdown_timeout ends requests that threads work for"""
    nginx = Nginx(main="worker_shutdown_timeout 50ms;\n", level="notice")
    try:
        for where in ("default", "one"):
            old = set(nginx.workers())
            clients = [Client(nginx.port).send("/%s/split" % where,
                                               text.encode(), TEXT, lines)
                       for lines in ("", LINES, "", LINES)]
            for client in clients:
                wait_for(client.taken)
            nginx.reload()
            Tap.ok(wait_for(lambda: not old & set(nginx.workers())),
                   "%s: worker_shutdown_timeout amid work: it ends" % where)
            for client in clients:
                client.fin()
            status, _ = post(nginx, "/default/split", SMALL)
            Tap.ok(status == 200, "%s: the new one serves" % where, status)
    finally:
        log = nginx.error_log()
        bad = nginx.close()
        bad = [line for line in bad if "open socket" not in line
               and "aborting" not in line]
        Tap.ok(not bad and "exited on signal" not in log,
               "worker_shutdown_timeout: no worker crashes", "\n".join(bad))


def main():
    large = text_of(20 * MB)
    medium = text_of(2 * MB)

    nginx = Nginx()
    try:
        others_are_served(nginx, large)
        bodies(nginx)
        same_replies(nginx)
        large_answers(nginx)
        aborts(nginx, medium)
        logged(nginx, medium)
        slow_aborts(nginx, medium)
        slow_readers(nginx, medium, large)
        full_pool(nginx)
        deadline(nginx, long_quotes(nginx))
        deadline_of_extract(nginx)
        hanging_converter(nginx)
        reloads(nginx, large)
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))
    cut_short(large)
    Tap.end()


if __name__ == "__main__":
    main()
