#!/usr/bin/python3
"""
Proves that no turn is granted to a call that cannot be answered before its
deadline: when it asks, and when its turn has come, which goes to the next one
at once; that this is learned from the last minute's answers, of guarded
requests too, and only from enough of them; that it holds nobody off an LLM who
has the time.  And that a review none of whose calls had a turn is answered with
503, the reply as its body and Retry-After, as events with retry_after, one with
other codes as before; and that Retry-After follows the last minute.
"""

import asyncio
import json
import os
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, get, points, request, review
from relay import Relay

CHUNK = "投标有效期为九十日。"
# no connection is kept, as newer nginx does: none outlives the LLM
HTTP = """
    review_zone z 1m;
    review_zone one 1m;
    review_llm /relayed model=stand-in;
    review_circuit failures=5 window=300ms probe=3s;
    review_retry tries=3 backoff=100ms max=100ms budget=1000%%;
    review_limit zone=z calls=4 wait=30s;
    upstream relayed { server 127.0.0.1:%d max_fails=0; }
"""
SERVER = """
        location = /status { review_status z; }
        location = /short { review; review_timeout %(short)dms; }
        location = /wait { review; review_limit zone=z calls=4 wait=300ms; }
        location = /one {
            review;
            review_limit zone=one calls=1 queue=4 wait=30s;
        }
        location = /brief { review; review_limit zone=one queue=9 wait=1ms; }
        location = /never { review; review_limit zone=one queue=9 wait=1ms;
                            review_timeout 100ms; }
        location = /relayed {
            internal;
            proxy_pass http://relayed/v1/chat/completions;
            proxy_set_header Connection close;
        }
        location = /chat {
            review_guard on;
            proxy_pass http://llm/v1/chat/completions;
        }
""" % {"short": 700}


async def exchange(port, points, path, headers=""):
    """status, head and body"""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request(CHUNK, points, headers, path))
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    head = head.decode()
    fields = {name.lower(): value for name, _, value in (
        line.partition(": ") for line in head.split("\r\n")[1:])}
    return int(head.split()[1]), fields, body


async def calls(nginx):
    return (await nginx.stats())["calls"]


def codes(reply):
    return [r.get("error", {}).get("code", "ok") for r in reply["results"]]


async def asked(nginx, relay):
    """calls that ask when it is too late"""
    reply = await review(nginx.port, CHUNK, points(["delay=900"] * 19))
    Tap.ok(set(codes(reply)) == {"ok"}, "19 answers of 900 ms")
    before = await calls(nginx)
    reply = await review(nginx.port, CHUNK, points(["delay=900"] * 4),
                         "/short")
    Tap.ok(set(codes(reply)) == {"deadline"}
           and await calls(nginx) == before + 4,
           "are too few to say anything: turns are granted", reply["results"])

    await review(nginx.port, CHUNK, points(["delay=900"]))
    before = await calls(nginx)
    status, fields, body = await exchange(nginx.port,
                                          points(["delay=900"] * 12), "/short")
    reply = json.loads(body)
    Tap.ok(set(codes(reply)) == {"queue_timeout"}
           and {r["attempts"] for r in reply["results"]} == {0}
           and await calls(nginx) == before,
           "after 20 none is made that cannot be answered", reply["results"])
    Tap.ok("deadline" in reply["results"][0]["error"]["detail"],
           "and why is told", reply["results"][0])
    Tap.ok(reply["elapsed_ms"] < 500 * SLOW, "and that is told at once",
           reply["elapsed_ms"])
    Tap.ok(status == 503 and fields["content-type"] == "application/json"
           and int(fields["retry-after"]) == reply["retry_after"] >= 1
           and reply["status"] == "failed", "503, the reply as its body",
           (status, fields))
    reply = await review(nginx.port, CHUNK, points(["delay=900"] * 4))
    Tap.ok(set(codes(reply)) == {"ok"}, "who has the time is answered")


async def waited(nginx, relay):
    """calls whose turn comes when it is too late"""
    await review(nginx.port, CHUNK, points(["delay=400"] * 20))
    before = await calls(nginx)
    late = asyncio.create_task(exchange(
        nginx.port, points(["delay=400"] * 12), "/short"))
    while await calls(nginx) == before:
        await asyncio.sleep(0.005)
    others = asyncio.create_task(
        review(nginx.port, CHUNK, points(["delay=400"] * 4)))
    status, fields, body = await late
    reply = json.loads(body)
    done = codes(reply)
    Tap.ok(set(done) <= {"ok", "queue_timeout", "deadline"}
           and "queue_timeout" in done and done.count("ok") >= 1,
           "some are answered, and others have no turn", done)
    made = [r for r in reply["results"] if r["attempts"]]
    Tap.ok(done.count("deadline") <= (0 if SLOW == 1 else 12)
           and len(made) == done.count("ok") + done.count("deadline"),
           "none is made in vain", reply["results"])
    Tap.ok(status == 200 and reply["status"] == "partial"
           and reply["retry_after"] >= 1 and "retry-after" not in fields,
           "200, since some are answered; it says when to come back",
           (status, fields))
    other = await others
    Tap.ok(set(codes(other)) == {"ok"} and "retry_after" not in other,
           "the turns are those of who has the time", other)


async def guarded(nginx, relay):
    """answers of other clients count"""
    async def chat():
        body = json.dumps({"stream": True, "messages": [
            {"role": "user", "content": "[[delay=900]]"}]}).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
        writer.write(b"POST /chat HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await reader.read()
        writer.close()

    await asyncio.gather(*(chat() for _ in range(20)))
    before = await calls(nginx)
    reply = await review(nginx.port, CHUNK, points(["delay=900"]), "/short")
    Tap.ok(codes(reply) == ["queue_timeout"] and await calls(nginx) == before,
           "guarded requests show it", reply)


async def faster(nginx, relay):
    """an LLM that was slow: those who have time show it"""
    await review(nginx.port, CHUNK, points(["delay=900"] * 20))
    reply = await review(nginx.port, CHUNK, points(["ok"]), "/short")
    Tap.ok(codes(reply) == ["queue_timeout"], "it was slow", reply)
    await review(nginx.port, CHUNK, points(["ok"] * 20))
    reply = await review(nginx.port, CHUNK, points(["ok"]), "/short")
    Tap.ok(codes(reply) == ["ok"], "and is fast", reply)


async def events(nginx, relay):
    """streams, and the circuit"""
    relay.refuse()
    await asyncio.gather(*(review(nginx.port, CHUNK, points(["ok"] * 8),
                                  "/wait") for _ in range(4)))
    page = json.loads(await get(nginx.port, "/status"))["calls"]
    Tap.ok(page["circuit"] != "closed", "the circuit is open", page)
    status, fields, body = await exchange(
        nginx.port, points(["ok"] * 3), "/wait",
        "Accept: text/event-stream\r\n")
    done = json.loads(body.decode().split("event: done\ndata: ")[1]
                      .split("\n")[0])
    Tap.ok(status == 200 and "retry-after" not in fields
           and set(codes(done)) == {"circuit_open"}
           and 1 <= done["retry_after"] <= 31,
           "a stream is 200, and tells it in done", (status, done))
    status, fields, body = await exchange(nginx.port, points(["ok"] * 3),
                                          "/wait")
    reply = json.loads(body)
    Tap.ok(status in (502, 503) and set(codes(reply)) <= {"circuit_open",
                                                          "connect"}
           and (status == 503) == (set(codes(reply)) == {"circuit_open"})
           and (status == 503) == ("retry-after" in fields),
           "JSON is 503, unless one was the probe", (status, reply))
    rules = [{"id": "r", "question": "?", "rule": {"pattern": "九十日"}}]
    status, fields, body = await exchange(nginx.port, rules + points(["ok"]),
                                          "/wait")
    reply = json.loads(body)
    Tap.ok(status == 200 and reply["status"] == "partial"
           and reply["retry_after"] >= 1, "one that has a rule is 200",
           (status, reply))
    relay.accept()


async def mixed(nginx, relay):
    """codes of other kinds beside: as ever"""
    task = asyncio.create_task(
        review(nginx.port, CHUNK, points(["404 delay=1500", "hold"]), "/one"))
    await asyncio.sleep(0.3)
    status, fields, body = await exchange(nginx.port, points(["ok"]), "/brief")
    reply = json.loads(body)
    Tap.ok(status == 503 and codes(reply) == ["queue_timeout"]
           and int(fields["retry-after"]) == reply["retry_after"],
           "queue_timeout alone is 503", (status, reply))
    status, fields, body = await exchange(
        nginx.port, [{"id": "a", "question": "?", "rule": {"pattern": "x"}}],
        "/brief")
    Tap.ok(status == 200 and b"retry_after" not in body,
           "a rule needs no turn", body)
    await get(nginx.llm_port, "/_release", "POST")
    reply = await task
    Tap.ok(codes(reply) == ["http_404", "ok"] and "retry_after" not in reply,
           "who has had turns is told nothing of them", reply)

    task = asyncio.create_task(
        review(nginx.port, CHUNK, points(["hang"] + ["ok"]), "/never"))
    reply = await task
    status, fields, body = await exchange(nginx.port, points(["404", "ok"]),
                                          "/brief")
    reply = json.loads(body)
    Tap.ok(set(codes(reply)) & {"http_404", "ok"}
           and (status == 503) == (set(codes(reply)) == {"queue_timeout"}),
           "codes of two kinds are no 503", (status, reply))


async def come_back(nginx, relay):
    """Retry-After of a full queue: by the last minute's answers"""
    await review(nginx.port, CHUNK, points(["ok"] * 3), "/one")
    await review(nginx.port, CHUNK, points(["delay=3000"]), "/one")
    task = asyncio.create_task(
        review(nginx.port, CHUNK, points(["hold"] + ["ok"] * 9), "/one"))
    await asyncio.sleep(0.3)
    status, fields, body = await exchange(nginx.port, points(["ok"]), "/one")
    after = int(fields["retry-after"])
    # the mean is 750 ms, and ten will have gone before
    Tap.ok(status == 503 and fields["content-type"]
           == "application/problem+json" and 7 <= after <= 9 + 4 * SLOW,
           "a full queue: nine wait, of 750 ms each", (status, fields))
    await get(nginx.llm_port, "/_release", "POST")
    await task


def run(test, workers=1):
    nginx = Harness(workers=workers)
    relay = Relay(nginx.llm_port)
    nginx.renew(server=SERVER, http=HTTP % relay.port)
    try:
        asyncio.run(test(nginx, relay))
    finally:
        bad = nginx.close()
        relay.close()
        Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))


if __name__ == "__main__":
    run(asked)
    run(asked, workers=3)
    run(waited)
    run(waited, workers=2)
    run(guarded)
    run(faster)
    run(events)
    run(mixed)
    run(come_back)
    Tap.end()
