#!/usr/bin/python3
"""
Proves that docs/examples/caller.py does what it is an example of: a document
is split and every chunk has a review, eighty at a time, while calls of the LLM
take their time and some of them fail; a call that failed is no failed review;
a worker that is killed costs no chunk; and what it prints points into the
document.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
EXAMPLES = os.path.abspath(HERE + "/../../../docs/examples")
sys.path[:0] = [os.path.abspath(HERE + "/../../lib"), EXAMPLES]
sys.dont_write_bytecode = True
from harness import Harness, SLOW, Tap, get, points
import caller

N = 240
DELAY = 100 * SLOW

HTTP = """
    review_llm /llm model=stand-in;
    review_retry tries=100 backoff=10ms max=100ms budget=1000%%;
    client_max_body_size 8m;
    review_rubric example %s;
"""
SERVER = "location = /v1/split { review_split max_chars=150; }"

# one is slow, one fails for the first sixty chunks, one fails always

SCRIPTS = ["delay=%d excerpt=12 verdict=risk" % DELAY,
           "|".join(["500"] * 60 + ["ok"]), "400"]

# all of them run at once, until they are let go

HELD = ["hold"]


def document():
    return "".join("# 第%d节\n\n%s\n\n" % (i, "投标人应当按要求编制。" * 11)
                   for i in range(N))


async def all_chunks(nginx, text):
    replies = await caller.review_document(
        "http://127.0.0.1:%d" % nginx.port, text, rubric="example")
    Tap.ok(len(replies) == N and all(
        chunk["id"] == "c%d" % (i + 1) for i, (chunk, _) in
        enumerate(replies)), "the document is split", len(replies))
    Tap.ok(all(reply and reply["id"] == chunk["id"]
               for chunk, reply in replies), "every chunk has its review")

    states = {tuple(r["status"] for r in reply["results"])
              for _, reply in replies}
    Tap.ok(states == {("ok", "ok", "failed")}
           and {reply["status"] for _, reply in replies} == {"partial"},
           "a call that failed is no failed review", states)

    stats = await nginx.stats()
    tries = sum(r["attempts"] for _, reply in replies
                for r in reply["results"])
    Tap.ok(stats["calls"] == tries == 3 * N + 60 and stats["in_flight"] == 0,
           "every call is accounted for", (stats, tries))


async def in_flight(nginx, n):
    """so many, or as many as there are at last"""
    for _ in range(6000 * SLOW):
        if (await nginx.stats())["in_flight"] >= n:
            break
        await asyncio.sleep(0.01)


async def eighty(nginx, text):
    """with one point a chunk, its reviews are the LLM's calls"""
    before = (await nginx.stats())["calls"]
    task = asyncio.create_task(caller.review_document(
        "http://127.0.0.1:%d" % nginx.port, text, rubric="example",
        points=["p0"]))
    await in_flight(nginx, caller.CONCURRENCY)
    await get(nginx.llm_port, "/_release", "POST")
    replies = await task
    stats = await nginx.stats()
    Tap.ok(len(replies) == N and all(
        reply and reply["status"] == "complete" for _, reply in replies),
           "every chunk is complete")
    Tap.ok(stats["calls"] - before == N, "with a call each", stats)
    return stats


async def killed(nginx, text):
    task = asyncio.create_task(caller.review_document(
        "http://127.0.0.1:%d" % nginx.port, text, rubric="example",
        points=["p0"]))
    await in_flight(nginx, 20)
    os.kill(nginx.workers()[0], signal.SIGKILL)
    await get(nginx.llm_port, "/_release", "POST")
    replies = await task
    Tap.ok(all(reply and reply["status"] == "complete"
               for _, reply in replies), "a worker was killed: every chunk "
           "has its review", [r for _, r in replies if not r])


def printed(nginx, text):
    with tempfile.NamedTemporaryFile("w", suffix=".md",
                                     encoding="utf-8") as file:
        file.write(text)
        file.flush()
        out = subprocess.run(
            [sys.executable, os.path.join(EXAMPLES, "caller.py"),
             "http://127.0.0.1:%d" % nginx.port, file.name, "example"],
            capture_output=True, timeout=600 * SLOW, check=False)
    lines = out.stdout.decode().splitlines()
    Tap.ok(out.returncode == 0 and not out.stderr, "it ends well",
           out.stderr.decode())
    Tap.ok(sum(": failed: http_400" in line for line in lines) == N,
           "it tells of calls that failed", lines[:5])
    quotes = [line[4:].split(": ", 1) for line in lines
              if line.startswith("    ")]
    Tap.ok(quotes and all(
        text[int(at):int(at) + len(quote)].replace("\n", " ") == quote
        for at, quote in quotes),
           "its offsets are those of the document", quotes[:3])


def test(name, run, scripts=SCRIPTS, **settings):
    with tempfile.NamedTemporaryFile("w", suffix=".json") as rubric:
        json.dump({"name": "example", "points": points(scripts)}, rubric)
        rubric.flush()
        os.chmod(rubric.name, 0o644)
        nginx = Harness(http=HTTP % rubric.name, server=SERVER, **settings)
        try:
            run(nginx)
        finally:
            bad = [x for x in nginx.close() if "exited on signal 9" not in x]
            Tap.ok(not bad, name + ": nothing alarming is in the error log",
                   "\n".join(bad))


def peak(nginx):
    most = asyncio.run(eighty(nginx, document()))["max_in_flight"]
    Tap.ok(most == caller.CONCURRENCY == 80, "eighty are in flight", most)


test("all", lambda nginx: asyncio.run(all_chunks(nginx, document())))
test("eighty", peak, HELD)
test("printed", lambda nginx: printed(nginx, document()))
test("killed", lambda nginx: asyncio.run(killed(nginx, document())),
     HELD, workers=3, listen="reuseport")

Tap.end()
