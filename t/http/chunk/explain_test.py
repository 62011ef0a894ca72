#!/usr/bin/python3
"""
Proves that "explain" tells each call's body to the letter, beside the result
that came of it: of one question, of steps, of what was asked anew, of none; in
JSON and in events; streamed or not.  That it is refused where the location does
not allow it, is bounded, costs no copy of what bodies share, and is in no log.
"""

import asyncio
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, Tap, exchange, get

RUBRIC = {"name": "r", "language": "en", "system": "SECRET-SYSTEM", "points": [
    {"id": "one", "question": "Valid? [[key=one]]"},
    {"id": "data", "question": "[[key=data data={}]]", "max_tokens": 70,
     "data": {"type": "object"}},
    {"id": "steps", "steps": ["List. [[key=steps]]", "Judge: {{answer}}"]},
    {"id": "anew", "question": "[[key=anew raw=no|ok]]"},
    {"id": "cut", "question": "[[key=cut length|ok]]"},
    {"id": "tried", "question": "[[key=tried 500|ok]]"},
    {"id": "template", "prompt": "{{chunk}} {{vars.v}} [[key=template]]"},
    {"id": "failed", "question": "[[key=failed 400]]"},
    {"id": "rule", "rule": {"pattern": "bid", "match": "pass",
                            "no_match": "fail"}},
    {"id": "never", "when": "no such words", "question": "[[key=never]]"}]}

# bodies that are told, and tries
TOLD = {"one": (1, 1), "data": (1, 1), "steps": (2, 2), "anew": (2, 2),
        "cut": (2, 2), "tried": (1, 2), "template": (1, 1), "failed": (1, 1),
        "rule": (0, 0), "never": (0, 0)}

REQUEST = {"chunk": {"text": "This \"bid\" is valid.\n</s> SECRET-CHUNK",
                     "heading": ["A"]}, "vars": {"v": "é\\n"},
           "references": [{"id": "law", "text": "Law"}], "explain": True}

SERVER = """
        location = /plain { review r; }
        location = /off { review r explain=off; }
        location = /stream { review r explain=on; }
        location = /whole { review r explain=on;
                            review_llm /llm stream=off schema=on; }
        location = /limited { review r explain=on;
                              limit_except GET { deny 127.0.0.2; } }
        location = /large { review explain=on; client_max_body_size 8m;
                            review_max_chunk_size 8m; }
"""

MIB = 1024 * 1024
SHOWN = 16 * MIB
LARGE = 2 * MIB
MANY = 12


async def post(nginx, path, request, accept="application/json"):
    await get(nginx.llm_port, "/_reset", "POST")
    body = json.dumps(request).encode()
    status, reply = await exchange(nginx.port, (
        "POST %s HTTP/1.0\r\nHost: test\r\nAccept: %s\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % (path, accept, len(body))).encode() + body)
    return status, reply.decode()


async def sent(nginx):
    """bodies of calls by the key of their point, members in order"""
    bodies = {}
    for call in json.loads(await get(nginx.llm_port, "/_calls")):
        body = call["body"]
        bodies.setdefault(call["key"], []).append(
            body if isinstance(body, dict) else json.loads(body))
    return bodies


def text(value):
    return json.dumps(value, ensure_ascii=False)


def events(reply):
    for event in reply.split("\n\n"):
        name, _, data = event.partition("\ndata: ")
        if name.startswith("event: "):
            yield name[7:], json.loads(data)


def check(results, bodies, where):
    for result in results:
        point = result["point"]
        told = result.get("explain")
        calls = bodies.get(point, [])
        n, tries = TOLD[point]
        # a try that is made again sends the same
        asked = [body for i, body in enumerate(calls)
                 if i == 0 or text(body) != text(calls[i - 1])]
        Tap.ok(told is not None and len(told) == n
               and result["attempts"] == tries == len(calls)
               and text(told) == text(asked),
               "%s: %s: %d bodies of %d tries, to the letter"
               % (where, point, n, tries), (told, asked))


async def forms(nginx):
    for path in "/stream", "/whole", "/limited":
        status, reply = await post(nginx, path, REQUEST)
        Tap.ok(status == 200, path + ": a reply", reply)
        check(json.loads(reply)["results"], await sent(nginx), path)

    status, reply = await post(nginx, "/stream", REQUEST, "text/event-stream")
    told = list(events(reply))
    bodies = await sent(nginx)
    check([data for name, data in told if name == "result"], bodies, "events")
    check(told[-1][1]["results"], bodies, "the last event")
    Tap.ok(told[-1][0] == "done", "which is the last")


async def refused(nginx):
    for path in "/plain", "/off":
        status, reply = await post(nginx, path, REQUEST)
        problem = json.loads(reply)
        Tap.ok(status == 422 and problem["pointer"] == "/explain"
               and "explain=on" in problem["detail"],
               path + ": not shown there", reply)
        for explain in False, None:
            status, reply = await post(nginx, path,
                                       dict(REQUEST, explain=explain))
            Tap.ok(status == 200 and "explain" not in reply
                   and "SECRET" not in reply, path + ": nor asked for", reply)

    status, reply = await post(nginx, "/stream", dict(REQUEST, explain=False))
    Tap.ok(status == 200 and "explain" not in reply, "only where it is asked",
           reply)
    status, reply = await post(nginx, "/stream", dict(REQUEST, explain="yes"))
    Tap.ok(status == 400 and json.loads(reply)["pointer"] == "/explain",
           "true or false, nothing else", reply)


async def bounded(nginx):
    request = {"chunk": "x" * LARGE, "explain": True, "points": [
        {"id": "p%d" % i, "question": "[[key=p%d]]" % i}
        for i in range(MANY)]}
    status, reply = await post(nginx, "/large", request)
    results = json.loads(reply)["results"]
    told = [body for result in results for body in result["explain"]]
    Tap.ok(status == 200 and len(told) == MANY
           and all(result["status"] == "ok" for result in results),
           "a review of %d points on %d MB" % (MANY, LARGE // MIB))
    Tap.ok(sum(body is not None for body in told) == SHOWN // LARGE - 1
           and all("x" * LARGE in text(body) for body in told if body),
           "no more is shown than there is room for, all of it whole",
           [body and len(text(body)) for body in told])
    Tap.ok(len(reply) < SHOWN + MIB, "the reply has %d bytes" % len(reply))

    # the bodies' own, and the links of the reply, but no copy of the chunk
    before = nginx.rss()
    peak = 0
    task = asyncio.ensure_future(post(nginx, "/large", request))
    while not task.done():
        peak = max(peak, nginx.rss())
        await asyncio.sleep(0.002)
    print("# a worker grew by %d KB" % (peak - before))


async def scenes(nginx):
    await forms(nginx)
    await refused(nginx)
    Tap.ok("SECRET" not in nginx.error_log()
           and not any("SECRET" in line for line in nginx.access_log()),
           "no log has any of it", nginx.error_log())
    await bounded(nginx)


def main():
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as rubric:
        json.dump(RUBRIC, rubric)
        rubric.flush()
        os.chmod(rubric.name, 0o644)
        nginx = Harness(http="review_llm /llm model=m;\nreview_rubric r %s;\n"
                        "review_retry tries=2 backoff=1ms;" % rubric.name,
                        server=SERVER)
        try:
            asyncio.run(scenes(nginx))
        finally:
            bad = nginx.close()
    Tap.ok(not bad, "nothing in the log that should not be there", bad)
    Tap.end()


main()
