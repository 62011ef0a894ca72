#!/usr/bin/python3
"""
Proves that odd answers and odd locations come to a clear end: a response
without a status line is "cut" and tried again, connections that are used up
are "connect" and tried again, a prompt behind an internal redirect is still no
client's body, a rule whose pattern matches nothing shows nothing.
"""

import asyncio
import os
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, Tap, free_port, points, review

RAW = free_port()

SERVER = """
    location = /raw { review; review_llm /llm-raw; }
    location = /llm-raw { internal; proxy_pass http://127.0.0.1:%d; }
    location = /first { review; review_llm /llm-first; }
    location = /llm-first {
        internal; client_max_body_size 16; try_files /none /llm-second;
    }
    location = /llm-second {
        internal; client_max_body_size 16;
        proxy_pass http://llm/v1/chat/completions;
    }
""" % RAW

HTTP = "review_llm /llm; review_retry tries=3 backoff=200ms budget=1000%;"


async def says_hello(reader, writer):
    await reader.read(64)
    writer.write(b"hello\n")
    writer.close()


async def odd_answers(nginx):
    server = await asyncio.start_server(says_hello, "127.0.0.1", RAW)
    result = (await review(nginx.port, "标书", points(["ok"]),
                           path="/raw"))["results"][0]
    server.close()
    Tap.ok(result["error"]["code"] == "cut" and result["attempts"] == 3,
           "no status line: cut, and tried again", result)

    reply = await review(nginx.port, "标书", points(["ok"]), path="/first")
    Tap.ok(reply["status"] == "complete",
           "client_max_body_size is no limit behind a redirect", reply)

    finding = (await review(nginx.port, "标书", [
        {"id": "a", "rule": "x*"}]))["results"][0]["finding"]
    Tap.ok(finding["verdict"] == "pass" and finding["evidence"] == []
           and finding["grounded"] is False,
           "a pattern that matches nothing", finding)


async def connections_used_up(nginx):
    reply = await review(nginx.port, "标书", points(["delay=50"] * 30))
    codes = {r.get("error", {}).get("code") for r in reply["results"]}
    Tap.ok(codes <= {None, "connect"}, "no connection is left: connect", codes)
    Tap.ok(reply["usage"]["retries"] > 0, "and calls are tried again",
           reply["usage"])
    Tap.ok(reply["status"] == "complete", "until they have one", codes)


def run(test, allowed="", **settings):
    nginx = Harness(http=HTTP, server=SERVER, **settings)
    try:
        asyncio.run(test(nginx))
    finally:
        bad = [x for x in nginx.close() if not allowed or allowed not in x]
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


run(odd_answers)
run(connections_used_up, allowed="worker_connections are not enough",
    connections=24)

Tap.end()
