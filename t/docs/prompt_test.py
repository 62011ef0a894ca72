#!/usr/bin/python3
"""
Proves that the prompt in docs/rubric.md is, to the letter, what an LLM is sent
for the rubric and the request above it, streamed or not.
"""

import asyncio
import json
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.abspath(HERE + "/../lib"))
from harness import Harness, Tap, exchange, get

SERVER = """
        location = /stream { review bid; }
        location = /whole { review bid; review_llm /llm stream=off; }
"""


def blocks():
    """what stands in the section, by the comments above"""
    with open(HERE + "/../../docs/rubric.md", encoding="utf-8") as f:
        section = f.read().partition("\n## What the LLM is sent\n")[2]
    section = section.partition("\n## ")[0]
    return dict(re.findall(r"<!-- (.*?) -->\n```\w*\n(.*?)\n```\n", section,
                           re.S))


def laid_out(text):
    """a line that is indented goes on with the one above it"""
    return text.replace("\n    ", " ")


async def sent(nginx, path, body):
    """the messages of the only call"""
    await get(nginx.llm_port, "/_reset", "POST")
    status, _ = await exchange(nginx.port, (
        "POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        "Content-Length: %d\r\n\r\n" % (path, len(body))).encode() + body)
    call, = json.loads(await get(nginx.llm_port, "/_calls"))
    body = call["body"]
    return status, (body if isinstance(body, dict)
                    else json.loads(body))["messages"]


async def scenes(nginx, told):
    for path in "/stream", "/whole":
        status, messages = await sent(nginx, path, told[
            "schema: ReviewRequest"].encode())
        Tap.ok(status == 200 and len(messages) == 2, path + ": two messages")
        for message in messages:
            role = message["role"]
            said = laid_out(told.get("prompt: " + role, ""))
            Tap.ok(said == message["content"], "%s: that of the %s"
                   % (path, role), "\n" + message["content"])


def main():
    told = blocks()
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as rubric:
        rubric.write(told["rubric"])
        rubric.flush()
        nginx = Harness(http="review_llm /llm;\nreview_rubric bid %s;"
                        % rubric.name, server=SERVER)
        try:
            asyncio.run(scenes(nginx, told))
        finally:
            bad = nginx.close()
    Tap.ok(not bad, "nothing in the log that should not be there", bad)
    Tap.end()


main()
