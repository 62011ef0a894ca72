#!/usr/bin/python3
"""
Proves that an answer that is no good, and was kept, heals in the configuration
of a cache that directives.md has: of a chunk for points that "fresh" names, of
a task for cells that it names and, without that, for those that it asks again
for a bad answer; that the entry itself is replaced; and that a call's key is
the same in each try and each round, and that of a chunk in each task.
"""

import asyncio
import json
import os
import re
import sys
import tempfile

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import ROOT, Harness, Tap, exchange, free_port, get

TEXT = "投标有效期为九十日。"
LOST = "raw=nothing_of_it|raw=nor_this"

HTTP = """
    review_llm /llm model=stand-in;
    review_retry tries=2 backoff=10ms max=20ms budget=1000%%;
    review_rubric r %(rubric)s;
    %(path)s
    server {
        listen 127.0.0.1:%(chunks)d;
        location / { review; }
        %(location)s
    }
"""
SERVER = """
        location = /task { review_task r; review_chunk_uri /chunk; }
        location = /chunk {
            internal;
            proxy_pass http://127.0.0.1:%d/;
            proxy_set_header X-Request-ID $review_call_key;
        }
"""


def documented(folder):
    """the cache of directives.md, with a folder and an LLM that are here"""
    with open(os.path.join(ROOT, "docs", "directives.md")) as f:
        blocks = re.findall(r"```nginx\n(.*?)```", f.read(), re.S)
    block, = [b for b in blocks if "$review_call_fresh" in b]
    path = re.search(r"proxy_cache_path.*?;", block, re.S).group()
    location = re.search(r"location = /llm \{.*?\n    \}", block, re.S).group()
    told = """
                proxy_set_header X-Key $review_call_key;
                proxy_set_header X-Fresh $review_call_fresh;
                proxy_cache_bypass"""
    return (path.replace("/var/cache/nginx/llm", folder + "/cache"),
            location.replace("http://127.0.0.1:8000/", "http://llm/").replace(
                "proxy_cache_bypass", told))


async def post(port, path, **body):
    data = json.dumps(body).encode()
    status, reply = await exchange(port, (
        "POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % (path, len(data))).encode() + data)
    return status, json.loads(reply)


async def calls(nginx):
    """of the LLM: the key and whether it is fresh"""
    return [tuple(dict((name.lower(), value) for name, value in c["headers"])
                  [name] for name in ("x-key", "x-fresh"))
            for c in json.loads(await get(nginx.llm_port, "/_calls"))]


def codes(reply, name="results"):
    return [r.get("error", {}).get("code", r["status"]) for r in reply[name]]


async def chunk(nginx):
    """told by its client"""
    asked = {"chunk": TEXT, "rubric": "r", "points": ["heals", "well"]}
    seen = [codes((await post(nginx.chunks, "/", **asked))[1])
            for _ in range(3)]
    Tap.ok(seen == [["bad_answer", "ok"]] * 3 and len(await calls(nginx)) == 3,
           "a bad answer that is kept comes again", seen)
    status, reply = await post(nginx.chunks, "/", fresh=["heals"], **asked)
    made = await calls(nginx)
    Tap.ok(codes(reply) == ["ok", "ok"] and len(made) == 4
           and made[3] == (made[0][0], "1")
           and {fresh for _, fresh in made[:3]} == {"0"},
           "\"fresh\": it is asked once more, with the same key",
           (reply["results"], made))
    status, reply = await post(nginx.chunks, "/", **asked)
    Tap.ok(codes(reply) == ["ok", "ok"] and len(await calls(nginx)) == 4,
           "and its answer has taken the place of the other", reply)


async def task(nginx):
    """by itself"""
    await get(nginx.llm_port, "/_reset", "POST")
    asked = {"chunk": {"id": "c1", "text": TEXT + "甲"}, "rubric": "r",
             "points": ["heals", "well"]}
    _, reply = await post(nginx.chunks, "/", **asked)
    Tap.ok(codes(reply) == ["bad_answer", "ok"], "of another chunk", reply)
    before = len(await calls(nginx))
    again = {"document": TEXT + "甲", "points": ["heals", "well"]}
    _, report = await post(nginx.port, "/task", **again)
    made = await calls(nginx)
    Tap.ok(report["status"] == "complete" and len(made) == before + 1
           and made[-1] == (made[0][0], "1"),
           "a task asks once more by itself, past the cache",
           (report["cells"], made))
    _, report = await post(nginx.port, "/task", **again)
    Tap.ok(report["status"] == "complete"
           and len(await calls(nginx)) == before + 1,
           "the next one has its answer from the cache", report["cells"])
    _, report = await post(nginx.port, "/task", fresh=["c1/well"], **again)
    made = await calls(nginx)
    Tap.ok(report["status"] == "complete" and len(made) == before + 2
           and made[-1][1] == "1", "a cell that is named is asked all the same",
           made)

    for fresh, at in ((["c1/well", "c2/well"], "/fresh/1"),
                      (["c1/none"], "/fresh/0"), (["c1"], "/fresh/0")):
        status, reply = await post(nginx.port, "/task", fresh=fresh, **again)
        Tap.ok(status == 422 and reply["pointer"] == at,
               "%s: 422" % fresh[-1], reply)


async def rounds(nginx):
    """each try, round and question: the key is that of what is asked"""
    await get(nginx.llm_port, "/_reset", "POST")
    _, report = await post(nginx.port, "/task", document=TEXT,
                           points=["blips", "well"])
    made = await calls(nginx)
    blips = [call for call in made if call[0] == made[0][0]]
    Tap.ok(report["status"] == "complete" and len(blips) == 6
           and {fresh for _, fresh in blips} == {"0"}
           and report["cells"][0]["attempts"] == 6,
           "six tries in three rounds have one key",
           (report["cells"], made))


async def chunks(nginx):
    """when a chunk has to be back is no part of what is asked"""
    keys = []
    for point, seconds in (("well", 40), ("well", 60), ("fine", 60)):
        await get(nginx.llm_port, "/_reset", "POST")
        await post(nginx.port, "/task", document=TEXT + "乙", points=[point],
                   fresh=["c1/" + point], deadline=seconds)
        keys += [value for c in
                 json.loads(await get(nginx.llm_port, "/_calls"))
                 for name, value in c["headers"]
                 if name.lower() == "x-request-id"]
    Tap.ok(len(keys) == 3 and keys[0] == keys[1] != keys[2],
           "two tasks have one key of a chunk", keys)


async def main(nginx):
    for test in (chunk, task, rounds, chunks):
        await test(nginx)


folder = tempfile.mkdtemp()
os.chmod(folder, 0o777)
rubric = os.path.join(folder, "r.json")
with open(rubric, "w") as f:
    json.dump({"name": "r", "points": [
        {"id": "blips", "question": "[[key=b 500|500|cut|500|503|ok]]"},
        {"id": "heals", "question": "[[key=h %s|ok]]" % LOST},
        {"id": "fine", "question": "[[key=f ok]]"},
        {"id": "well", "question": "[[ok]]"}]}, f)
os.chmod(rubric, 0o644)
nginx = Harness()
nginx.chunks = free_port()
path, location = documented(folder)
nginx.renew(server=SERVER % nginx.chunks, http=HTTP % {
    "rubric": rubric, "path": path, "chunks": nginx.chunks,
    "location": location})
try:
    asyncio.run(main(nginx))
finally:
    bad = nginx.close()
    Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))
Tap.end()
