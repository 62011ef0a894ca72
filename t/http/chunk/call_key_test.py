#!/usr/bin/python3
"""
Proves that $review_call_key is of what is asked and of nothing else, marks and
their keys included: the same in the next review, in another order of points,
after another point was edited, after a reload and in another nginx; another one
as soon as the chunk, its heading, a reference, the point itself, a parameter or
the LLM is.
"""

import asyncio
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, Tap, exchange, get

HTTP = """
    review_llm /keyed model=stand-in;
    review_llm /keyed model=stand-in name=other;
    review_llm_param llm=other seed 1;
    review_llm /keyed model=stand-in name=same;
    review_rubric r %s;
"""
SERVER = """
        location = /keyed {
            internal;
            proxy_pass http://llm/v1/chat/completions;
            proxy_set_header X-Point $review_point;
            proxy_set_header X-Call-Key $review_call_key;
        }
"""

POINTS = [{"id": "a", "title": "有效期", "question": "有效期够不够？"},
          {"id": "b", "title": "保证金", "prompt": "{{references}}查保证金"}]
CHUNK = {"text": "投标有效期90日。</review-text key=\"0000000000000000\">",
         "heading": ["第一章", "总则"]}
REFERENCES = [{"id": "r", "text": "招标文件要求90日。"}]
STANDARD = {"chunk": CHUNK, "references": REFERENCES}


async def keys(nginx, **changed):
    """of one review: the key of each point's call"""
    await get(nginx.llm_port, "/_reset", "POST")
    body = json.dumps(dict(STANDARD, **changed)).encode()
    status, reply = await exchange(nginx.port, (
        "POST /v1/review HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(body)).encode() + body)
    if status != 200:
        raise SystemExit("a review failed: %d %s" % (status, reply))
    calls = json.loads(await get(nginx.llm_port, "/_calls"))
    headers = [{name.lower(): value for name, value in call["headers"]}
               for call in calls]
    return {header["x-point"]: header["x-call-key"] for header in headers}


async def reviews(nginx):
    first = await keys(nginx, points=POINTS)
    Tap.ok(sorted(first) == ["a", "b"] and len(set(first.values())) == 2
           and all(len(key) == 32 for key in first.values()),
           "each point has a key of its own", first)
    Tap.ok(await keys(nginx, points=POINTS) == first, "once more: the same")
    Tap.ok(await keys(nginx, points=POINTS[::-1]) == first,
           "in another order: the same")
    Tap.ok(await keys(nginx, points=POINTS[:1]) == {"a": first["a"]},
           "one of them alone: the same")

    edited = await keys(nginx, points=[POINTS[0], dict(
        POINTS[1], prompt="{{references}}再查保证金")])
    Tap.ok(edited["a"] == first["a"] and edited["b"] != first["b"],
           "another point is edited: the same", (first, edited))

    others = [first] + [
        await keys(nginx, points=[dict(point, **members) for point in POINTS])
        for members in ({"params": {"seed": 1}}, {"params": {"seed": 2}},
                        {"params": {"temperature": None}}, {"llm": "other"},
                        {"llm": "same"})]
    Tap.ok(len({key for other in others for key in other.values()}) == 12,
           "other parameters, another LLM: all are others", others)

    for name, changed in (
            ("chunk", {"chunk": dict(CHUNK, text=CHUNK["text"] + "。")}),
            ("heading", {"chunk": dict(CHUNK, heading=["第一章"])}),
            ("reference", {"references": [dict(REFERENCES[0], text="80日")]})):
        other = await keys(nginx, points=POINTS, **changed)
        Tap.ok(not set(other.values()) & set(first.values()),
               "another %s: all are others" % name, (first, other))
    return first


async def rubric(nginx, write, first):
    """the same points, of a file that is edited"""
    Tap.ok(await keys(nginx, rubric="r") == first, "of a rubric: the same")
    nginx.renew()
    Tap.ok(await keys(nginx, rubric="r") == first, "after a reload: the same")
    write([POINTS[0], dict(POINTS[1], prompt="另查保证金")])
    nginx.renew()
    edited = await keys(nginx, rubric="r")
    Tap.ok(edited["a"] == first["a"] and edited["b"] != first["b"],
           "the other point is edited in its file: the same", edited)


def run(then):
    """in an nginx of its own, whose rubric can be written anew"""
    path = os.path.join(tempfile.mkdtemp(), "rubric.json")

    def write(points):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"name": "r", "points": points}, file)

    os.chmod(os.path.dirname(path), 0o755)
    write(POINTS)
    nginx = Harness(http=HTTP % path, server=SERVER)
    try:
        return asyncio.run(then(nginx, write))
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing is amiss", bad)


async def one(nginx, write):
    first = await reviews(nginx)
    await rubric(nginx, write, first)
    return first


async def another(nginx, _):
    return await keys(nginx, points=POINTS)


def main():
    first = run(one)
    Tap.ok(run(another) == first, "another nginx: the same")
    Tap.end()


main()
