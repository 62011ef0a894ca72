#!/usr/bin/python3
"""
Proves that a request whose client has gone, and which nginx goes on with in the
location of its post_action, is none of ours any more: threads that come back,
calls that end, deadlines and pings leave it alone, and it ends with that
location; it keeps no place in the LLM's queue until then, and no slot, be it a
review's or a plain request's, and takes none for the post_action.  Proves that
limit_rate, which has a timer on the client's connection as well, makes a reply
slow, but neither cuts nor stalls it.
"""

import json
import os
import random
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, ROOT, SLOW, Tap, points, wait_for

MB = 1 << 20
JSON = "application/json"
TEXT = "text/plain"
LINES = "Accept: application/x-ndjson\r\n"
EVENTS = "Accept: text/event-stream\r\n"

QUEUE = 4
QUEUED = """
            review_limit zone=z calls=1 queue=%d wait=600s;
            review_guard on;
            review_timeout 600s;
            review_call_timeout 600s;
            review_ping 600s;
""" % QUEUE
MAIN = "thread_pool one threads=1;\n"
HTTP = """
    client_max_body_size 100m;
    client_body_buffer_size 1m;
    review_llm /llm model=stand-in;
    review_embeddings /embeddings model=e batch=4 calls=8;
    review_retry tries=3 backoff=100ms max=200ms budget=1000%;
    review_max_chunk_size 2m;
    review_zone z 256k;
"""
HASTE = """
            review_timeout 300ms;
            review_ping 50ms;
"""
SERVER = """
        location = /embeddings {
            internal;
            proxy_pass http://llm/v1/embeddings;
        }
        location = /text {
            internal;
            proxy_pass http://127.0.0.1:%(slow)d;
        }
        location = /after {
            internal;
            proxy_pass http://127.0.0.1:%(slow)d;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_read_timeout 10s;
        }
        location @after {
            proxy_pass http://127.0.0.1:%(slow)d;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
        }
        location = /nothing { internal; return 204; }
        location = /status { review_status z; }
        location /queue/ {
            %(queue)s
            post_action /later;
            location = /queue/review { review; }
            location = /queue/chat {
                proxy_pass http://llm/v1/chat/completions;
                proxy_read_timeout 600s;
            }
        }
        location = /later {
            internal;
            %(queue)s
            proxy_pass http://127.0.0.1:%(slow)d;
            proxy_pass_request_body off;
            proxy_set_header Content-Length "";
            proxy_read_timeout 600s;
        }
        location = /split { review_split; }
        location = /limited/split {
            review_split;
            limit_rate 400k;
            send_timeout %(short)dms;
        }
        location = /limited/one/split {
            review_thread_pool one threshold=0;
            review_split;
            limit_rate 400k;
            send_timeout %(short)dms;
        }
"""

PLACES = {
    "after": "post_action /after;",
    "named": "post_action @after;",
    "one": "post_action /after; review_thread_pool one threshold=0;",
    "quick": "post_action /nothing;",
    "haste": "post_action /after;" + HASTE,
}


def place(name, lines):
    return """
        location /%s/ {
            %s
            location = /%s/review { review; }
            location = /%s/split { review_split; }
            location = /%s/embed { review_embed; }
            location = /%s/rank { review_rank; }
            location = /%s/extract { review_split; review_extract /text; }
        }
""" % (name, lines, name, name, name, name, name)


class Nginx(Harness):
    def __init__(self):
        self.slow = socket.create_server(("127.0.0.1", 0))
        self.slow.settimeout(60 * SLOW)
        settings = {"slow": self.slow.getsockname()[1], "short": 500 * SLOW,
                    "queue": QUEUED}
        super().__init__(http=HTTP, main=MAIN, record=False,
                         server=SERVER % settings + "".join(
                             place(*item) for item in PLACES.items()))

    def close(self):
        try:
            return super().close()
        finally:
            self.slow.close()


def text_of(size):
    name = os.path.join(ROOT, "t", "data", "招标投标法.md")
    with open(name, encoding="utf-8") as f:
        text = f.read()
    copies = -(-size // len(text.encode()))
    return "\n".join("# 第%d部分\n\n%s" % (i, text) for i in range(copies))


def dumps(value):
    return json.dumps(value, ensure_ascii=False).encode()


# clients

def connect(port, path, body, kind=JSON, headers=""):
    sock = socket.create_connection(("127.0.0.1", port))
    sock.settimeout(60 * SLOW)
    sock.sendall(("POST %s HTTP/1.1\r\nHost: test\r\nContent-Type: %s\r\n%s"
                  "Content-Length: %d\r\nConnection: close\r\n\r\n"
                  % (path, kind, headers, len(body))).encode() + body)
    return sock


def leave(sock, reset):
    if reset:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
    sock.close()


def read(sock):
    """the status and the body, None if it isn't whole"""
    data = bytearray()
    try:
        while True:
            piece = sock.recv(MB)
            if not piece:
                break
            data += piece
    except OSError:
        return 0, None
    finally:
        sock.close()
    head, _, body = bytes(data).partition(b"\r\n\r\n")
    status = int(head.split()[1]) if head else 0
    if b"chunked" in head:
        return status, unchunked(body)
    return status, body


def unchunked(body):
    whole, at = bytearray(), 0
    while True:
        end = body.find(b"\r\n", at)
        if end <= at:
            return None
        size = int(body[at:end], 16)
        if size == 0:
            return bytes(whole)
        whole += body[end + 2:end + 2 + size]
        at = end + 4 + size


def is_whole(text, chunks):
    source = "".join(chunk["text"][chunk["overlap"]:] for chunk in chunks
                     if "table_header" not in chunk)
    return source == text


# post_action

def kinds(large, small):
    articles = ["%d. %s" % (i, line)
                for i, line in enumerate(small.splitlines()) if line]
    review = dumps({"chunk": small[:200000], "points": points(
        ["delay=%d quote=第一条_为了规范" % (ms * SLOW)
         for ms in (100, 300, 500, 700)] + ["hang", "500|ok", "slow=50"])})
    embed = dumps({"input": [a + " [[delay=300]]" for a in articles[:64]]})
    rank = dumps({"query": "投标保证金", "by": "bm25",
                  "texts": articles * 8})
    return [
        ("split", large.encode(), TEXT, ""),
        ("split", large.encode(), TEXT, LINES),
        ("split", dumps({"text": small}), JSON, ""),
        ("split", dumps({"text": small}), JSON, LINES),
        ("review", review, JSON, EVENTS),
        ("review", review, JSON, ""),
        ("embed", embed, JSON, ""),
        ("rank", rank, JSON, ""),
        ("extract", b"GIF", "image/gif", ""),
    ]


def slow_ones(nginx, seconds):
    """what comes to the slow server; nothing is answered"""
    found = []
    nginx.slow.settimeout(seconds)
    try:
        while True:
            sock, _ = nginx.slow.accept()
            found.append(sock)
            nginx.slow.settimeout(0.3)
    except TimeoutError:
        return found


def go(nginx, where, kind, body, content, accept, chance):
    """four clients, and each goes at another moment"""
    path = "/%s/%s" % (where, kind)
    clients = [connect(nginx.port, path, body, content, accept)
               for _ in range(4)]
    for client in clients:
        time.sleep(chance.uniform(0, 0.12))
        leave(client, chance.random() < 0.5)


def arrived(nginx, chance, wanted):
    """how many came to the slow server; it lets them go at last"""
    found = []
    wait_for(lambda: found.extend(slow_ones(nginx, 0.5))
             or len(found) >= wanted)
    time.sleep(0.5)         # those that are too many
    found += slow_ones(nginx, 0.1)
    for sock in found:
        if chance.random() < 0.5:
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx")
        sock.close()
    return len(found)


def post_actions(nginx):
    chance = random.Random(int(os.environ.get("SEED", "7")))
    workers = nginx.workers()
    requests = kinds(text_of(12 * MB), text_of(MB))

    for where in PLACES:
        for request in requests:
            if where == "one" and len(request[1]) > 8 * MB:
                continue
            go(nginx, where, *request, chance)

        # the four of "extract" come to the slow server without it, too

        goes_on = where in ("after", "named", "one", "haste")
        found = arrived(nginx, chance, 11 if goes_on else 0)
        if goes_on:
            Tap.ok(found > 10, "%s: post_action went on" % where, found)

        gone = wait_for(lambda: not nginx.connections())
        status, _ = read(connect(nginx.port, "/split",
                                 dumps({"text": "第一条 甲。"})))
        Tap.ok(gone and status == 200 and nginx.workers() == workers,
               "%s: clients go, nothing is left, the next one is served"
               % where, (gone, status, nginx.workers(), workers,
                         nginx.connections()))


# the LLM's queue

def told(port, path):
    sock = socket.create_connection(("127.0.0.1", port))
    sock.sendall(("GET %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
                  "\r\n" % path).encode())
    return json.loads(read(sock)[1])


def calls(nginx):
    return told(nginx.port, "/status")["calls"]


def queued(nginx, in_flight, waiting):
    def so():
        now = calls(nginx)
        return (now["in_flight"], now["queued"]["total"]) \
            == (in_flight, waiting)
    return wait_for(so)


def asked(kind):
    """one call of the LLM, which hangs"""
    if kind == "review":
        return dumps({"chunk": "第一条", "points": points(["hang"])})
    return dumps({"model": "m", "messages": [
        {"role": "user", "content": "[[hang]]"}]})


def gone_from_queue(nginx, kind):
    def come():
        return connect(nginx.port, "/queue/" + kind, asked(kind))

    first = come()
    held = queued(nginx, 1, 0)
    clients = [come() for _ in range(QUEUE)]
    full = queued(nginx, 1, QUEUE)
    refused = come()        # its connection is open until its post_action ends
    said = refused.recv(12)
    Tap.ok(held and full and said == b"HTTP/1.1 503",
           "%s: the queue is full" % kind, (held, full, said, calls(nginx)))

    for i, client in enumerate(clients):
        leave(client, i % 2)
    Tap.ok(queued(nginx, 1, 0), "%s: clients that go leave it, whatever their "
           "post_action does" % kind, calls(nginx))

    # that of the refused one, and of those that went

    found = []
    wait_for(lambda: found.extend(slow_ones(nginx, 0.5))
             or len(found) >= QUEUE + 1)
    Tap.ok(len(found) == QUEUE + 1,
           "%s: a post_action takes no turn" % kind, len(found))

    second = come()
    waits = queued(nginx, 1, 1)
    leave(first, True)
    Tap.ok(waits and queued(nginx, 1, 0), "%s: a slot is given on" % kind,
           calls(nginx))
    leave(second, False)
    Tap.ok(queued(nginx, 0, 0), "%s: and back" % kind, calls(nginx))

    wait_for(lambda: found.extend(slow_ones(nginx, 0.5))
             or len(found) >= QUEUE + 3)
    idle = wait_for(lambda: told(nginx.llm_port, "/_stats")["in_flight"] == 0)
    Tap.ok(len(found) == QUEUE + 3 and idle, "%s: the LLM is let go" % kind,
           (len(found), told(nginx.llm_port, "/_stats")))
    for sock in found + [refused]:
        sock.close()


# limit_rate

def limited(nginx):
    text = text_of(MB)
    for path in "/limited/split", "/limited/one/split":
        for name, kind, body in (("text", TEXT, text.encode()),
                                 ("JSON", JSON, dumps({"text": text}))):
            start = time.monotonic()
            status, reply = read(connect(nginx.port, path, body, kind, LINES))
            took = time.monotonic() - start
            chunks = [json.loads(line) for line in (reply or b"").splitlines()]
            Tap.ok(status == 200 and is_whole(text, chunks),
                   "%s, %s: limit_rate longer than send_timeout: all lines"
                   % (path, name), (status, len(chunks), took))
            wanted = len(reply or b"") / 400e3
            Tap.ok(0.5 * wanted < took < wanted + 20 * SLOW,
                   "%s, %s: at its rate, without a stall" % (path, name),
                   (took, wanted))


def main():
    nginx = Nginx()
    try:
        gone_from_queue(nginx, "chat")
        gone_from_queue(nginx, "review")
        limited(nginx)
        post_actions(nginx)
    finally:
        log = nginx.error_log()
        bad = nginx.close()
        Tap.ok(not bad and "exited on signal" not in log,
               "nothing alarming is in the error log", "\n".join(bad))
    Tap.end()


if __name__ == "__main__":
    main()
