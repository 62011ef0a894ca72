#!/usr/bin/python3
"""
Proves that locations of ours which lead back to themselves do not take all
connections: after some passages a request is refused, and says so, be it
embeddings, a converter, both in turn, or a store; however it was refused, it is not
tried over and over.  A task whose chunks, converter and embeddings are
endpoints of ours, some behind others, is as complete as ever.
"""

import asyncio
import json
import os
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, Tap, exchange

BOUND = 4
HEADER = "X-Review-Passages"
HTTP = """
    client_max_body_size 8m;
    review_llm /llm model=stand-in;
    review_retry tries=3 backoff=1ms max=2ms budget=1000%%;
    review_store self {
        endpoint %(us)s;
        bucket objects;
        access_key a;
        secret_key b;
    }
    review_rubric one %(rubric)s;
"""
SERVER = """
        location = /loop/embed { review_embed; review_embeddings /to/embed; }
        location = /to/embed { internal; proxy_pass %(us)s/loop/embed; }
        location = /loop/split { review_split; review_extract /to/split; }
        location = /to/split { internal; proxy_pass %(us)s/loop/split; }
        location = /loop/a { review_split; review_extract /to/b; }
        location = /to/b { internal; proxy_pass %(us)s/loop/b; }
        location = /loop/b { review_split; review_extract /to/a; }
        location = /to/a { internal; proxy_pass %(us)s/loop/a; }

        location /objects/ { review_object self; }

        location = /embeddings {
            internal; proxy_pass http://llm/v1/embeddings;
        }
        location = /embed { review_embed; review_embeddings /embeddings; }
        location = /to/e1 { internal; proxy_pass %(us)s/embed; }
        location = /e1 { review_embed; review_embeddings /to/e1; }
        location = /to/e2 { internal; proxy_pass %(us)s/e1; }
        location = /e2 { review_embed; review_embeddings /to/e2; }
        location = /chunk { internal; proxy_pass %(us)s/v1/review; }
        location = /task { review_task; review_chunk_uri /chunk; }
"""


async def ask(nginx, path, body, kind="application/json", headers=""):
    status, reply = await exchange(nginx.port, (
        "POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s"
        "Content-Type: %s\r\nContent-Length: %d\r\n\r\n"
        % (path, headers, kind, len(body))).encode() + body)
    return status, json.loads(reply) if reply else None


async def circles(nginx):
    inputs = json.dumps({"input": ["甲", "乙", "丙"]}).encode()
    for path, body, kind in (("/loop/embed", inputs, "application/json"),
                             ("/loop/split", b"%PDF", "application/pdf"),
                             ("/loop/a", b"%PDF", "application/pdf")):
        before = len(nginx.access_log())
        status, reply = await ask(nginx, path, body, kind)
        n = len(nginx.access_log()) - before
        # each of those that were not refused tries three times at most
        Tap.ok(status in (403, 502) and BOUND < n <= 3 ** BOUND,
               "%s: the circle ends" % path, (status, n, reply))
        print("# %d requests" % n)


async def stores(nginx):
    """a store that is a location of objects itself"""
    before = len(nginx.access_log())
    status, _ = await exchange(
        nginx.port, b"GET /objects/a HTTP/1.1\r\nHost: test\r\n"
                    b"Connection: close\r\n\r\n")
    n = len(nginx.access_log()) - before
    Tap.ok(status in (403, 502) and BOUND < n <= 3 ** BOUND,
           "a store of its own: the circle ends", (status, n))
    print("# %d requests" % n)


async def told(nginx):
    text = json.dumps({"text": "第一条 甲。"}).encode()
    for value in str(BOUND), "99999999999999999999", "-1", "x":
        status, reply = await ask(nginx, "/loop/split", text,
                                  headers="%s: %s\r\n" % (HEADER, value))
        Tap.ok(status == 403 and "leads back to itself" in reply["detail"],
               "%s passages: refused" % value, reply)
    status, reply = await ask(nginx, "/loop/split", text,
                              headers="%s: %d\r\n" % (HEADER, BOUND - 1))
    Tap.ok(status == 200, "one less: served", reply)


async def ordinary(nginx):
    inputs = json.dumps({"input": ["甲", "乙", "丙"]}).encode()
    status, reply = await ask(nginx, "/e2", inputs)
    Tap.ok(status == 200 and len(reply["data"]) == 3,
           "embeddings behind two others", reply)
    status, reply = await ask(nginx, "/task", json.dumps({
        "document": "第一条 甲。", "rubric": "one"}).encode(),
        headers="%s: %d\r\n" % (HEADER, BOUND - 2))
    Tap.ok(status == 200 and reply["status"] == "complete",
           "a task that is not the first", reply)


async def main():
    nginx = Harness()
    try:
        rubric = os.path.join(nginx.dir, "one.json")
        with open(rubric, "w", encoding="utf-8") as f:
            json.dump({"name": "one", "version": "1", "points": [
                {"id": "p", "question": "？"}]}, f)
        us = "http://127.0.0.1:%d" % nginx.port
        nginx.renew(http=HTTP % {"us": us, "rubric": rubric},
                    server=SERVER % {"us": us})
        await circles(nginx)
        await stores(nginx)
        await told(nginx)
        await ordinary(nginx)
        log = nginx.error_log()
        Tap.ok("a location leads back to itself" in log, "it is in the log",
               log[-1000:])
    finally:
        bad = nginx.close()
    Tap.ok(not bad, "nothing alarming is in the log", bad)


asyncio.run(main())
Tap.end()
