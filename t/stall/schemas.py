"""Schemas of "data": what is checked once, and what with every answer."""

import json
import urllib.parse

from answers import POOL_ANSWER
from rows import row

TEST = "t/unit/json/schema.c"


def point(schema, data=None):
    """a point whose answer has these data, as JSON"""
    script = "data=" + urllib.parse.quote(data) if data else ""
    return {"id": "a", "question": "[[%s]]" % script, "data": schema}


async def ask(nginx, points, status=200):
    return json.loads(await nginx.post(
        "/v1/review", {"chunk": "a", "points": points}, status))


@row("Values of a schema of `data`", "client, rubric",
     "5000; 50,000 of all points", "event loop", TEST)
async def values(nginx):
    few = {"properties": {"k%d" % i: {"enum": list(range(60))}
                          for i in range(75)}}
    await ask(nginx, [dict(point(few), id="p%d" % i) for i in range(10)])
    many = {"default": [{}] * 5000}
    await ask(nginx, [point(many)], 400)


@row("`data` compared with an `enum`", "LLM, rubric",
     "1,000,000 steps; `review_max_answer_size`", POOL_ANSWER, TEST)
async def enum(nginx):
    schema = {"items": {"enum": ["x%d" % i for i in range(999)] + ["a"]}}
    await ask(nginx, [point(schema, json.dumps(["a"] * 40000,
                                               separators=(",", ":")))], 502)


@row("`data` checked against `anyOf`", "LLM, rubric",
     "1,000,000 steps; `review_max_answer_size`", POOL_ANSWER, TEST)
async def any_of(nginx):
    schema = {"items": {"anyOf": [{"enum": ["x" * 40]}] * 999 + [{}]}}
    await ask(nginx, [point(schema, json.dumps(["y" * 40] * 5000,
                                               separators=(",", ":")))], 502)


@row("Objects in `data`", "LLM", "1,000,000 steps; `review_max_answer_size`",
     POOL_ANSWER, TEST)
async def objects(nginx):
    await ask(nginx, [point({"items": {}}, json.dumps(
        [{}] * 80000, separators=(",", ":")))], 502)
