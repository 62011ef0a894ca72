#!/usr/bin/python3
"""
Proves that the variables about one try of a call are right when nginx logs it,
whatever its end: whole, cut, refused, given up at its timeout, at the deadline
of its review, or since the client has gone; that they are empty while it runs;
and that guarded requests and the embedding service have those that make sense.
"""

import asyncio
import json
import os
import re
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import Harness, SLOW, Tap, exchange, points, request

NAMES = ("attempt", "code", "model", "prompt_tokens", "completion_tokens",
         "queue_time", "first_token_time", "llm")

HTTP = """
    review_zone z 1m;
    review_zone full 1m;
    review_zone one 1m;
    review_limit zone=z calls=50;
    review_tenant $http_x_tenant;
    review_llm /llm model=asked;
    review_embeddings /emb model=vectors;
    log_format calls escape=json '{"uri":"$uri","point":"$review_point",'
        '"http":"$status","id":"$request_id","took":"$request_time",'
        '"queued":"$review_queue_time",%s}';
""" % ",".join('"%s":"$review_call_%s"' % (name, name) for name in NAMES)

LOCATION = """
    location = %s {
        internal;
        log_subrequest on;
        access_log %s/calls.log calls;
        proxy_pass http://llm/v1/%s;
        proxy_set_header X-Code "[$review_call_code]";
        proxy_set_header X-Try "$review_call_attempt";
    }
"""

SERVER = """
    access_log DIR/calls.log calls;
    review_retry tries=2 backoff=1ms;
    location = /v1/short { review; review_call_timeout %dms;
                           review_retry tries=1; }
    location = /v1/late { review; review_timeout %dms; }
    location = /v1/turns { review; review_limit zone=one calls=1; }
    location = /v1/embed { review_embed; }
    location = /v1/chat/completions { review_guard on; proxy_pass http://llm; }
    location = /v1/full/completions {
        review_guard on;
        review_limit zone=full calls=1 queue=0;
        proxy_pass http://llm/v1/chat/completions;
    }
""" % (1000 * SLOW, 1000 * SLOW)


async def gone(port, data, arrived):
    """a client that goes away when its calls have arrived"""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    await writer.drain()
    while not await arrived():
        await asyncio.sleep(0.01)
    writer.close()
    await writer.wait_closed()


def chat(script, path="chat"):
    body = json.dumps({"model": "m", "messages": [
        {"role": "user", "content": "[[%s]]" % script}]}).encode()
    return (b"POST /v1/%s/completions HTTP/1.1\r\nHost: t\r\nConnection: "
            b"close\r\nContent-Type: application/json\r\nContent-Length: %d"
            b"\r\n\r\n" % (path.encode(), len(body)) + body)


async def main():
    nginx = Harness(http=HTTP)
    path = os.path.join(nginx.dir, "calls.log")
    server = nginx.settings["server"] + SERVER.replace("DIR", nginx.dir) \
        + LOCATION % ("/calls", nginx.dir, "chat/completions") \
        + LOCATION % ("/emb", nginx.dir, "embeddings")
    nginx.renew(server=server, http=HTTP.replace("/llm ", "/calls "))

    async def logged(n):
        """the lines of calls, by their point or URI"""
        def lines():
            try:
                with open(path, encoding="utf-8") as log:
                    return [json.loads(line) for line in log]
            except (FileNotFoundError, ValueError):
                return []
        end = time.monotonic() + 60 * SLOW
        while len(lines()) < n and time.monotonic() < end:
            await asyncio.sleep(0.01)
        found = lines()
        os.truncate(path, 0)
        return found

    def of(lines, point):
        return [line for line in lines if line["point"] == point]

    def codes(lines, point):
        return [(line["attempt"], line["code"]) for line in of(lines, point)]

    await exchange(nginx.port, request("文。", points(
        ["key=a delay=300", "key=b 500|ok", "key=c cut|ok", "key=d 400",
         "key=e error200", "key=f length", "key=g raw=hm|ok"])))
    lines = await logged(13)
    ok = of(lines, "p0")[0]
    Tap.ok(ok["code"] == "ok" and ok["attempt"] == "1"
           and int(ok["prompt_tokens"]) > 100
           and int(ok["completion_tokens"]) > 1 and ok["model"]
           and ok["llm"] == "", "one that went well has all of it", ok)
    Tap.ok(re.match(r"\d+\.\d{3}\Z", ok["queue_time"])
           and re.match(r"0\.\d{3}\Z|[1-9]\d*\.\d{3}\Z",
                        ok["first_token_time"])
           and float(ok["first_token_time"]) >= 0.29,
           "times are seconds with milliseconds", ok)
    Tap.ok(codes(lines, "p1") == [("1", "http_500"), ("2", "ok")],
           "each try has its own code", of(lines, "p1"))
    Tap.ok(codes(lines, "p2") == [("1", "cut"), ("2", "ok")],
           "an answer that was cut, whatever nginx thinks of it",
           of(lines, "p2"))
    Tap.ok(codes(lines, "p3") == [("1", "http_400")]
           and of(lines, "p3")[0]["model"] == "asked"
           and of(lines, "p3")[0]["completion_tokens"] == "",
           "one that was refused has no tokens, and the model that was asked",
           of(lines, "p3"))
    Tap.ok([code for _, code in codes(lines, "p4")][0] not in ("", "ok"),
           "an error with the status 200", of(lines, "p4"))
    Tap.ok(codes(lines, "p5") == [("1", "truncated")] * 2,
           "truncated, and asked anew: a call of its own", of(lines, "p5"))
    Tap.ok(codes(lines, "p6") == [("1", "ok")] * 2,
           "an answer that makes no sense has come all the same",
           of(lines, "p6"))
    reviews = [line for line in lines if line["uri"] == "/v1/review"]
    Tap.ok(len(reviews) == 1 and len({line["id"] for line in lines}) == 1
           and not any(reviews[0][name] for name in NAMES),
           "a review has the same id, and is no call", reviews)

    calls = json.loads(await exchange_get(nginx.llm_port, "/_calls"))
    headers = [dict((k.lower(), v) for k, v in call["headers"])
               for call in calls]
    Tap.ok({h["x-code"] for h in headers} == {"[]"}
           and {h["x-try"] for h in headers} == {"1", "2"},
           "while it runs its number is known, its end is not", headers)

    await exchange(nginx.port, request("文。", points(
        ["key=h hang", "key=i slow=300 tokens=9 reason=%s" % ("a" * 900)]),
        path="/v1/short"))
    lines = await logged(3)
    Tap.ok(codes(lines, "p0") == [("1", "call_timeout")]
           and of(lines, "p0")[0]["http"] == "504"
           and of(lines, "p0")[0]["first_token_time"] == "",
           "one that was given up at its timeout", of(lines, "p0"))
    Tap.ok(codes(lines, "p1") == [("1", "slow")]
           and int(of(lines, "p1")[0]["completion_tokens"]) > 0,
           "one that was slow has the tokens so far", of(lines, "p1"))

    # pieces are 150 ms apart, and one call is made at a time

    await exchange(nginx.port, request("文。", points(
        ["key=%d sse slow=150 tokens=6" % i for i in range(2)]),
        path="/v1/turns"))
    lines = await logged(3)
    calls = sorted((line for line in lines if line["point"]),
                   key=lambda line: float(line["queue_time"]))
    Tap.ok(len(calls) == 2
           and all(float(line["took"]) - float(line["first_token_time"])
                   >= 0.4 for line in calls),
           "the first token comes long before the last", calls)
    waited = float(calls[1]["queue_time"])
    Tap.ok(float(calls[0]["queue_time"]) < 0.4 and waited >= 0.7
           and float(calls[1]["first_token_time"]) < waited,
           "what it has waited before is told, and is no part of that", calls)
    reviews = [line for line in lines if line["uri"] == "/v1/turns"]
    Tap.ok(abs(float(reviews[0]["queued"]) - waited
               - float(calls[0]["queue_time"])) < 0.01,
           "the review's is their sum", reviews)

    await exchange(nginx.port, request("文。", points(["key=j hang"]),
                                       path="/v1/late"))
    lines = await logged(2)
    Tap.ok(codes(lines, "p0") == [("1", "deadline")],
           "one that was given up at its review's deadline", lines)

    async def running():
        return (await nginx.stats())["in_flight"] > 0

    await gone(nginx.port, request("文。", points(["key=k hang"])), running)
    lines = await logged(2)
    Tap.ok(codes(lines, "p0") == [("1", "cancelled")]
           and of(lines, "p0")[0]["http"] == "499",
           "one whose client has gone", lines)

    await exchange(nginx.port, chat("key=l delay=200"))
    await exchange(nginx.port, chat("key=m 503"))
    lines = await logged(2)
    Tap.ok([(line["code"], line["attempt"]) for line in lines]
           == [("ok", "1"), ("http_503", "1")]
           and lines[0]["model"] == "m"
           and int(lines[0]["completion_tokens"]) > 0
           and float(lines[0]["queue_time"]) >= 0
           and float(lines[0]["first_token_time"]) >= 0.19
           and lines[1]["prompt_tokens"] == "",
           "guarded requests are calls", lines)

    _, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
    writer.write(chat("key=n hang", "full"))
    while not await running():
        await asyncio.sleep(0.01)
    await exchange(nginx.port, chat("key=o ok", "full"))
    line, = await logged(1)
    Tap.ok((line["code"], line["attempt"], line["http"])
           == ("queue_full", "", "503") and float(line["queue_time"]) < 1,
           "one that may not wait has not waited", line)
    writer.close()
    await logged(1)

    body = json.dumps({"input": ["x"]}).encode()
    await exchange(nginx.port, b"POST /v1/embed HTTP/1.1\r\nHost: t\r\n"
                   b"Connection: close\r\nContent-Type: application/json\r\n"
                   b"Content-Length: %d\r\n\r\n" % len(body) + body)
    lines = [line for line in await logged(2) if line["uri"] == "/emb"]
    Tap.ok([(line["code"], line["attempt"], line["model"], line["queue_time"],
             line["prompt_tokens"]) for line in lines]
           == [("ok", "1", "vectors", "", "")],
           "calls of the embedding service take no turn", lines)

    Tap.ok(not (bad := nginx.close()), "nothing was said in alarm", bad)
    Tap.end()


async def exchange_get(port, path):
    return (await exchange(port, ("GET %s HTTP/1.1\r\nHost: t\r\nConnection: "
                                  "close\r\n\r\n" % path).encode()))[1]


asyncio.run(main())
