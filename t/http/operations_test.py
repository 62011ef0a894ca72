#!/usr/bin/python3
"""
Proves that what a location does beside calls of its LLM is counted in the zone
of its limit, each kind for itself, good and bad, with its time and its bytes:
conversions, reviews of chunks, downloads, and each operation of a store, those
of clients as well as a task's own.
"""

import asyncio
import json
import os
import re
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from bucket import Bucket
from harness import Harness, SLOW, Tap, exchange, free_port, get, points
from origin import Origin
from sources import Converter, scanned

HTTP = """
    client_max_body_size 16m;
    review_zone z 1m;
    review_llm /llm;
    review_retry tries=1;
    review_limit zone=z;
    review_fetch_allow 127.0.0.1;
    review_rubric r %(rubric)s;
    review_store bids {
        endpoint http://127.0.0.1:%(bucket)d;
        bucket bids;
        access_key tester;
        secret_key testing;
    }
    server {
        listen 127.0.0.1:%(chunks)d;
        review_limit off;
        location / { review; }
        location = /llm {
            internal;
            proxy_pass http://llm/v1/chat/completions;
        }
    }
"""
SERVER = """
        review_extract /convert;
        location = /status { review_status z; }
        location = /task {
            review_task r store=bids;
            review_chunk_uri /chunk;
        }
        location = /gone { review_task r; review_chunk_uri /nowhere; }
        location = /fetch { review_fetch; }
        location /objects/ { review_object bids; }
        location = /chunk { internal; proxy_pass http://127.0.0.1:%(chunks)d; }
        location = /nowhere { internal; return 404; }
        location = /convert {
            internal;
            proxy_pass http://127.0.0.1:%(converter)d;
        }
"""
SIZE = 5000
KINDS = ("conversion", "chunk", "download", "store_get", "store_head",
         "store_put", "store_delete", "store_list")


async def send(nginx, method, path, body=b"", kind="application/json"):
    return await exchange(nginx.port, (
        "%s %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
        "Content-Type: %s\r\nContent-Length: %d\r\n\r\n"
        % (method, path, kind, len(body))).encode() + body)


def dumps(**members):
    return json.dumps(members, ensure_ascii=False).encode()


async def counted(nginx):
    """by kind: good ones, bad ones, how many have a time, bytes"""
    page = (await get(nginx.port, "/status?format=prometheus")).decode()

    def of(name, kind, more=""):
        return int(re.search(r'^review_operation%s\{zone="z",operation="%s"%s\}'
                             r' (\d+)$' % (name, kind, more), page, re.M)[1])
    return {kind: (of("s_total", kind, ',outcome="ok"'),
                   of("s_total", kind, ',outcome="failed"'),
                   of("_duration_seconds_count", kind),
                   of("_bytes_total", kind)) for kind in KINDS}


async def check(nginx, name, expected, *asked):
    """these, of so many bytes at least, and nothing else is counted more"""
    before = await counted(nginx)
    reply = [await send(nginx, *one) for one in asked]
    for _ in range(500 * SLOW):
        more = {kind: tuple(b - a for a, b in zip(before[kind], after))
                for kind, after in (await counted(nginx)).items()}
        if all(more[kind][:2] == of[:2] for kind, of in expected.items()):
            break
        await asyncio.sleep(0.01)
    Tap.ok(all(now[:3] == (good, bad, good + bad) and least <= now[3] <= most
               for kind, now in more.items() for good, bad, least, most
               in [expected.get(kind, (0, 0, 0, 0))]),
           name, (more, [(status, body[:300]) for status, body in reply]))


async def scenes(nginx, origin):
    url = "http://127.0.0.1:%d" % origin.port
    data = b"x" * SIZE
    far = 3 * SIZE

    await check(nginx, "PUT", {"store_put": (1, 0, SIZE, far)},
                ("PUT", "/objects/a", data))
    await check(nginx, "GET", {"store_get": (1, 0, SIZE, far)},
                ("GET", "/objects/a"))
    await check(nginx, "HEAD", {"store_head": (1, 0, 0, SIZE)},
                ("HEAD", "/objects/a"))
    await check(nginx, "a list", {"store_list": (1, 0, 100, SIZE)},
                ("GET", "/objects/?list"))
    await check(nginx, "DELETE", {"store_delete": (1, 0, 0, SIZE)},
                ("DELETE", "/objects/a"))
    await check(nginx, "bad ones", {"store_put": (0, 1, SIZE, 2 * far),
                                    "store_get": (0, 1, 50, SIZE)},
                ("PUT", "/objects/status/500/InternalError", data),
                ("GET", "/objects/status/403/AccessDenied"))

    await check(nginx, "downloads", {"download": (2, 1, 2 * SIZE, far)},
                ("POST", "/fetch", dumps(urls=[
                    url + path for path in ("/size/%d" % SIZE, "/status/404",
                                            "/size/%d" % SIZE)])))

    await check(nginx, "a task, its reply saved",
                {"chunk": (2, 0, 2000, 100000),
                 "store_put": (1, 0, 500, 100000)},
                ("POST", "/task", dumps(
                    document="".join("# %d\n\n%s。\n\n" % (i, "一" * 40)
                                     for i in range(2)),
                    split={"max_chars": 60}, result={"object": "report.json"})))
    await check(nginx, "one whose chunk is refused",
                {"chunk": (0, 1, 0, SIZE)},
                ("POST", "/gone", dumps(document="一。")))
    pdf = scanned()
    await check(nginx, "a document that is converted",
                {"conversion": (1, 0, len(pdf), 2 * len(pdf)),
                 "chunk": (1, 0, 1000, 100000)},
                ("POST", "/task", pdf, "application/pdf"))


def main():
    origin, bucket, converter = Origin(), Bucket(), Converter()
    nginx = Harness()
    path = os.path.join(nginx.dir, "r.json")
    with open(path, "w") as rubric:
        json.dump({"name": "r", "points": points(["ok"])}, rubric)
    ports = {"chunks": free_port(), "bucket": bucket.port, "rubric": path,
             "converter": converter.port}
    try:
        nginx.renew(http=HTTP % ports, server=SERVER % ports)
        asyncio.run(scenes(nginx, origin))
    finally:
        bad = nginx.close()
        for server in (origin, bucket):
            server.close()
        converter.shutdown()
        converter.server_close()
    Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))
    Tap.end()


main()
