#!/usr/bin/python3
"""
Proves that a call which one LLM fails is asked of its fallback, whatever it has
failed with, in the same words, with the fallback's own model, tries and limit;
that what is no failure of the LLM stays with it; that a chain is gone down to
its end, and that the wait for one is told whatever limits the last one; that
while a circuit is open nobody waits for it who may ask elsewhere, that this LLM
is found again by calls that come by, and that metrics of both zones are true;
that limits are exact with several workers; and that a client who goes in the
midst leaves nothing behind.
"""

import asyncio
import json
import os
import sys
import time
from urllib.parse import quote

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, free_port, get, points, \
    request, reset_at_close, review
from relay import Relay

CHUNK = "投标有效期为九十日。"

# how "a" fails: what it does, tries of it, and what is set besides

FAILURES = {
    "500": ("500", 2, ""),
    "502": ("502", 2, ""),
    "401": ("401", 1, ""),
    "404": ("404 html", 1, ""),
    "400": ("400 code=context_length_exceeded", 1, ""),
    "quota": ("429 code=insufficient_quota", 1, ""),
    "silent": ("hang", 2, "review_call_timeout 400ms;"),
    "cut": ("cut_sse=1", 2, ""),
    "error200": ("error200 code=server_error", 2, ""),
    "cut_json": ("json bad_json", 2, ""),
    "html": ("html", 1, ""),
    "bad_answer": ("raw=nonsense", 2, ""),
    "bad_of_five": ("raw=nonsense", 2, "review_retry tries=5 budget=1000%;"),
    "thinks": ("raw=%3Cthink%3E", 2, ""),
    "empty": ("null_content", 2, ""),
    "truncated": ("length", 2, ""),
    "filtered": ("content_filter", 1, ""),
    "later": ("429 retry_after=3600", 1, ""),
}

# a prompt that is over its context

SMALL = quote(quote('{"error":{"message":"maximum context length"}}'))

HTTP = """
    review_max_points 1000;
    review_rubric r %(dir)s/rubric.json;
    review_retry tries=2 backoff=10ms max=20ms budget=1000%%;
    review_timeout 60s;
    upstream self { server 127.0.0.1:%(port)d; }
    upstream gone { server 127.0.0.1:%(gone)d; }
    upstream relayed { server 127.0.0.1:%(relay)d max_fails=0; }
    review_zone a 1m;
    review_zone b 1m;
    review_zone c 1m;
    review_zone d 1m;
"""
SERVER = """
        location = /status/a { review_status a; }
        location = /status/b { review_status b; }
        location = /status/c { review_status c; }
        location = /relayed {
            internal;
            proxy_pass http://relayed/v1/chat/completions;
        }
        location = /gone {
            internal;
            proxy_pass http://gone/v1/chat/completions;
        }
        location = /500 {
            internal;
            proxy_pass http://llm/v1/chat/completions?do=500;
        }
        location = /connect {
            review;
            review_llm /gone name=a model=A fallback=b;
            review_llm /llm name=b model=B;
        }
        location = /chain {
            review;
            review_llm /500 model=A fallback=b;
            review_llm /gone name=b model=B fallback=c stream=off;
            review_llm /llm name=c model=C stream=off;
        }
        location = /small {
            internal;
            proxy_pass http://llm/v1/chat/completions?do=400%20body=SMALL;
        }
        location = /hidden {
            internal;
            proxy_intercept_errors on;
            error_page 403 /none;
            proxy_pass http://llm/v1/chat/completions?do=403;
        }
        location = /over/gone {
            review;
            review_llm /small name=a model=A fallback=b;
            review_llm /gone name=b model=B;
        }
        location = /over/hidden {
            review;
            review_llm /small name=a model=A fallback=b;
            review_llm /hidden name=b model=B;
        }
        location = /401 {
            internal;
            proxy_pass http://llm/v1/chat/completions?do=401;
        }
        location = /refused {
            review;
            review_llm /gone name=a model=A fallback=b;
            review_llm /401 name=b model=B fallback=c;
            review_llm /401 name=c model=C;
        }
        location = /all {
            review;
            review_llm /500 name=a model=A fallback=b;
            review_llm /gone name=b model=B;
        }
        location = /over {
            review;
            review_llm /small name=a model=A fallback=b;
            review_llm /gone name=b model=B;
            review_llm_param llm=b max_tokens 100;
        }
        location = /same {
            review;
            review_llm /llm name=a model=A fallback=b;
            review_llm /llm name=b model=B;
        }
        location = /late {
            review;
            review_timeout 1500ms;
            review_call_timeout 600ms;
            review_retry tries=5 backoff=10ms max=20ms;
            review_llm /hangs name=a model=A fallback=b;
            review_llm /llm name=b model=B;
        }
        location = /hangs {
            internal;
            proxy_pass http://llm/v1/chat/completions?do=hang;
        }
        location = /deadline {
            review;
            review_timeout 500ms;
            review_llm /hangs name=a model=A fallback=b;
            review_llm /llm name=b model=B;
        }
""".replace("SMALL", SMALL) + "".join("""
        location = /fails/%s {
            review;
            review_llm /llm-%s name=a model=A fallback=b;
            review_llm /llm name=b model=B;
            %s
        }
        location = /llm-%s {
            internal;
            proxy_pass http://llm/v1/chat/completions?do=%s;
        }
""" % (name, name, more, name, do.replace(" ", "%20").replace("%3C", "%253C")
       .replace("%3E", "%253E"))
              for name, (do, _, more) in FAILURES.items())

ZONES = """
        location = /both {
            review;
            review_llm /relayed name=a model=A fallback=c;
            review_llm /gone name=c model=C;
            review_limit zone=a calls=%(a)d queue=%(queue)d llm=a;
            review_limit zone=c calls=4 wait=2s llm=c;
            review_circuit %(circuit)s;
        }
        location = /b {
            review;
            review_llm /llm name=b model=B;
            review_limit zone=b llm=b;
        }
        location = /unlimited {
            review;
            review_llm /gone name=a model=A fallback=b;
            review_llm /401 name=b model=B;
            review_limit zone=d calls=4 llm=a;
            review_circuit %(circuit)s;
        }
        location = /task { review_task r; review_chunk_uri /chunk; }
        location = /task-b { review_task r; review_chunk_uri /chunk-b; }
        location = /chunk { internal; proxy_pass http://self/zones; }
        location = /chunk-b { internal; proxy_pass http://self/b; }
        location = /zones {
            review;
            review_llm /relayed name=a model=A fallback=b;
            review_llm /llm name=b model=B;
            review_limit zone=a calls=%(a)d wait=%(wait)s queue=%(queue)d
                         llm=a;
            review_limit zone=b calls=%(b)d wait=60s queue=5000 llm=b;
            review_circuit %(circuit)s;
            %(more)s
        }
"""


async def status(nginx, zone):
    return json.loads(await get(nginx.port, "/status/" + zone))


async def calls(nginx, zone):
    return (await status(nginx, zone))["calls"]


async def until(condition, seconds=20):
    end = time.monotonic() + seconds * SLOW
    while True:
        value = await condition()
        if value or time.monotonic() > end:
            return value
        await asyncio.sleep(0.01)


async def asked(nginx, path, script="ok", n=1):
    """one review, and the calls that were seen"""
    await get(nginx.llm_port, "/_reset", "POST")
    reply = await review(nginx.port, CHUNK, points([script] * n), path)
    seen = json.loads(await get(nginx.llm_port, "/_calls"))
    return reply["results"], seen, reply


async def failures(nginx, relay):
    for name, (_, tries, _) in FAILURES.items():
        results, seen, reply = await asked(nginx, "/fails/" + name)
        result = results[0]
        Tap.ok(result["status"] == "ok" and result["model"] == "B"
               and result["llm"] == "b" and result["attempts"] == tries + 1
               and not result.get("warnings")
               and [call["model"] for call in seen] == ["A"] * tries + ["B"]
               and reply["usage"]["calls"] == tries + 1
               and reply["usage"]["retries"] == tries,
               "%s: the other one answers" % name,
               (result, reply["usage"], [call["model"] for call in seen]))
        first, last = seen[0]["body"], seen[-1]["body"]
        Tap.ok(first["messages"] == last["messages"],
               "%s: in the same words" % name, last["messages"])

    results, seen, _ = await asked(nginx, "/connect")
    Tap.ok(results[0]["status"] == "ok" and results[0]["llm"] == "b"
           and results[0]["attempts"] == 3 and len(seen) == 1,
           "connect: the other one answers", results)

    # that the first one's context was too small is nothing of the other one's

    for path, code in (("/over/gone", "connect"), ("/over/hidden", "http_403")):
        reply = await review(nginx.port, CHUNK, [
            {"id": "p", "question": "有效期？", "max_tokens": 100}], path)
        result = reply["results"][0]
        Tap.ok(result["error"]["code"] == code
               and result["attempts"] == (4 if code == "connect" else 3),
               "%s: it is not taken for the first one's failure" % path, result)


async def stays(nginx, relay):
    """what is no failure, or is mended by the LLM itself"""
    for script, n in (("ok", 1), ("500|ok", 2), ("429|429|429|429|ok", 5),
                      ("raw=nonsense|ok", 2), ("length|ok", 2)):
        results, seen, _ = await asked(nginx, "/same", script)
        Tap.ok(results[0]["llm"] == "a" and results[0]["model"] == "A"
               and results[0]["status"] == "ok" and len(seen) == n,
               "%s: it answers itself" % script, (results, len(seen)))

    results, seen, _ = await asked(nginx, "/deadline")
    Tap.ok(results[0]["error"]["code"] == "deadline" and len(seen) == 1,
           "the review's deadline: nobody else is asked", (results, len(seen)))


async def chain(nginx, relay):
    results, seen, _ = await asked(nginx, "/chain")
    Tap.ok(results[0]["status"] == "ok" and results[0]["llm"] == "c"
           and results[0]["model"] == "C" and results[0]["attempts"] == 5
           and [(call["model"], call["body"]["stream"]) for call in seen]
           == [("A", True)] * 2 + [("C", False)],
           "a chain: the third one answers, as it is asked", (results, seen))

    results, _, _ = await asked(nginx, "/all")
    Tap.ok(results[0]["error"]["code"] == "connect"
           and results[0]["llm"] == "b" and results[0]["attempts"] == 4
           and results[0]["model"] is None,
           "all fail: what the last one has failed with is told", results)

    results, seen, _ = await asked(nginx, "/refused")
    Tap.ok(results[0]["error"]["code"] == "connect"
           and results[0]["error"]["detail"] == "no connection to the LLM"
           and results[0]["llm"] == "a" and results[0]["attempts"] == 4
           and len(seen) == 2,
           "what may pass is told before what may not", results)

    results, _, _ = await asked(nginx, "/over")
    Tap.ok(results[0]["error"]["code"] == "connect"
           and results[0]["llm"] == "b" and results[0]["attempts"] == 3,
           "a prompt is over the context of the one: not of the other", results)

    # each has its own, and what was complained of one is nobody else's
    results, seen, _ = await asked(nginx, "/same", "raw=x|raw=x|ok")
    Tap.ok(results[0]["error"]["code"] == "bad_answer"
           and results[0]["attempts"] == 4
           and [len(call["body"]["messages"]) for call in seen]
           == [2, 4, 2, 4], "each is complained to of its own answer",
           (results, [len(call["body"]["messages"]) for call in seen]))


async def steps(nginx, relay):
    """the answers to the steps before go along, and the rest stays there"""
    await get(nginx.llm_port, "/_reset", "POST")
    asks = [{"id": "p", "title": "t", "question": "q",
             "steps": ["一。[[raw=one]]", "二。[[key=2 500|500|raw=two]]",
                        "三。[[ok]]"]}]
    reply = await review(nginx.port, CHUNK, asks, "/same")
    seen = json.loads(await get(nginx.llm_port, "/_calls"))
    # both models go through 500, 500, raw=two: b has none left
    Tap.ok(reply["results"][0].get("error", {}).get("code") == "http_500"
           and [call["model"] for call in seen] == list("AAABB")
           and seen[1]["body"]["messages"] == seen[3]["body"]["messages"]
           and len(seen[3]["body"]["messages"]) == 4,
           "a step fails: it is asked anew, behind those before",
           (reply, [call["model"] for call in seen]))

    await get(nginx.llm_port, "/_reset", "POST")
    reply = await review(nginx.port, CHUNK, [
        {"id": "p", "title": "t", "question": "q",
         "steps": ["一。[[raw=one]]", "二。[[ok]]"]}], "/chain")
    seen = json.loads(await get(nginx.llm_port, "/_calls"))
    Tap.ok(reply["results"][0]["llm"] == "c"
           and [call["model"] for call in seen] == list("AACC"),
           "a step has failed: the next ones are asked there",
           (reply, [call["model"] for call in seen]))


async def in_time(nginx, relay):
    """a try that would leave no time for the other one is not made"""
    results, seen, _ = await asked(nginx, "/late")
    Tap.ok(results[0]["status"] == "ok" and results[0]["llm"] == "b"
           and [call["model"] for call in seen] == ["A", "B"],
           "no time is left for tries of both", (results, len(seen)))


def down(relay):
    relay.refuse()
    relay.reset()


async def circuit(nginx, relay):
    """while it is open, and when it is over"""
    down(relay)
    n = 200
    begun = time.monotonic()
    results, seen, reply = await asked(nginx, "/zones", "delay=20", n)
    took = time.monotonic() - begun
    Tap.ok(reply["status"] == "complete"
           and {result["llm"] for result in results} == {"b"},
           "it is gone: all are answered by the other one",
           [r for r in results if r["status"] != "ok"][:2])
    Tap.ok(took < 20 * SLOW, "and nobody waits for it", took)
    a, b = await status(nginx, "a"), await status(nginx, "b")
    made = a["calls"]["outcomes"]
    Tap.ok(b["calls"]["outcomes"] == {"ok": n} and b["points"]["ok"] == n
           and set(made) == {"ok", "connect", "circuit_open"}
           and made["ok"] == 0
           and made["circuit_open"] <= n and a["points"]["ok"] == 0
           and a["reviews"]["complete"] == 1 and b["reviews"]["complete"] == 0
           and not a["tokens"] and list(b["tokens"]) == ["B"]
           and b["calls"]["retries"] == 0,
           "metrics of both tell it as it was", (a, b))
    Tap.ok(reply["usage"]["calls"] == n + made["connect"]
           and reply["usage"]["retries"] == made["connect"],
           "calls are counted where they were made",
           (reply["usage"], made))
    Tap.ok((await nginx.stats())["max_in_flight"] <= 3,
           "the other one's limit holds", await nginx.stats())

    begun = time.monotonic()
    results, _, _ = await asked(nginx, "/zones", "ok", 3)
    Tap.ok({result["status"] for result in results} == {"ok"}
           and time.monotonic() - begun < 5 * SLOW,
           "open: the other one is asked at once", results)

    relay.accept()

    async def back():
        results, _, _ = await asked(nginx, "/zones")
        return results[0]["status"] == "ok" and results[0]["llm"] == "a" \
            and (await calls(nginx, "a"))["circuit"] == "closed"
    Tap.ok(await until(back), "it is back: calls that come by have found it",
           await calls(nginx, "a"))
    results, _, _ = await asked(nginx, "/zones", "ok", 20)
    Tap.ok({result["llm"] for result in results} == {"a"},
           "and are made to it again", results[:1])


async def admitted(nginx, relay):
    """nobody may wait: it is the other one's queue that counts then"""
    down(relay)

    async def opened():
        await asked(nginx, "/zones", "ok", 60)
        return (await calls(nginx, "a"))["circuit"] == "open"
    Tap.ok(await until(opened), "no queue: it is open",
           await calls(nginx, "a"))
    status, body = await exchange(
        nginx.port, request(CHUNK, points(["ok"] * 3), path="/zones"))
    Tap.ok(status == 200 and {result["llm"] for result
                              in json.loads(body)["results"]} == {"b"},
           "no queue: a review comes in, for the other one", (status, body))
    relay.accept()


async def unlimited(nginx, relay):
    """what is told is the wait for one, the last one had no limit at all"""
    results, _, _ = await asked(nginx, "/unlimited", "ok", 60)
    Tap.ok({result["error"]["code"] for result in results}
           <= {"connect", "circuit_open"}
           and {result["llm"] for result in results} == {"a"},
           "the last one refuses: what the first one fails with may pass",
           results[:2])

    async def refused():
        nonlocal status, body
        status, body = await exchange(
            nginx.port, request(CHUNK, points(["ok"] * 3), path="/unlimited"))
        return status == 503
    status, body = None, None
    Tap.ok(await until(refused)
           and 1 <= json.loads(body)["retry_after"] <= 26
           and {result["error"]["code"] for result
                in json.loads(body)["results"]} == {"circuit_open"},
           "and says when the first one is asked next", (status, body))


async def both(nginx, relay):
    """both are gone, and the first one alone comes back"""
    down(relay)
    begun = asyncio.create_task(asked(nginx, "/both", "ok", 40))

    async def waiting():
        page = await calls(nginx, "c")
        return page["circuit"] != "closed" and page["queued"]["total"]
    Tap.ok(await until(waiting), "both are gone: the last one is waited for",
           await calls(nginx, "c"))
    relay.accept()
    results, _, reply = await begun
    Tap.ok(reply["status"] == "complete"
           and {result["llm"] for result in results} == {"a"},
           "the first one comes back: it answers all",
           [r for r in results if r["status"] != "ok"][:2])


async def goes(nginx, relay):
    """clients that go while their calls move"""
    down(relay)
    for i in range(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
        writer.write(request(CHUNK, points(["delay=50"] * 40), path="/zones"))
        await writer.drain()
        await asyncio.sleep(0.01 * i)
        reset_at_close(writer)
        writer.close()

    async def none():
        for zone in "ab":
            page = await calls(nginx, zone)
            if page["in_flight"] or page["queued"]["total"]:
                return False
        return True
    Tap.ok(await until(none), "clients go: nobody waits, nothing is taken",
           [await calls(nginx, zone) for zone in "ab"])
    results, _, _ = await asked(nginx, "/zones", "ok", 20)
    Tap.ok({result["status"] for result in results} == {"ok"},
           "and others are answered", results[:1])
    relay.accept()


async def workers(nginx, relay):
    """one that comes and goes, and limits of both"""
    async def reviews():
        return await asyncio.gather(*(
            review(nginx.port, CHUNK, points(["delay=20"] * 30), "/zones")
            for _ in range(12)))
    task = asyncio.create_task(reviews())
    most = {"a": 0, "b": 0}
    for i in range(8):
        await asyncio.sleep(0.15)
        if i % 2:
            relay.accept()
        else:
            down(relay)
        for zone in "ab":
            most[zone] = max(most[zone],
                             (await calls(nginx, zone))["in_flight"])
    replies = await task
    Tap.ok({reply["status"] for reply in replies} == {"complete"},
           "several workers: all are answered",
           [r for reply in replies for r in reply["results"]
            if r["status"] != "ok"][:2])
    stats = await nginx.stats()
    Tap.ok(stats["max_in_flight"] <= 4 + 3 and most["a"] <= 4
           and most["b"] <= 3, "and limits are exact", (stats, most))
    a, b = await status(nginx, "a"), await status(nginx, "b")
    ok = sum(zone["calls"]["outcomes"].get("ok", 0) for zone in (a, b))
    Tap.ok(ok == 360 and a["points"]["ok"] + b["points"]["ok"] == 360
           and all(zone["calls"]["in_flight"] == 0
                   and zone["calls"]["queued"]["total"] == 0
                   for zone in (a, b)),
           "each was answered once", (a, b))


async def waits(nginx, relay):
    """one that is full is waited for, and not for longer than it may be"""
    relay.down.stall()
    begun = time.monotonic()
    task = asyncio.create_task(
        asked(nginx, "/zones", "ok", 6))
    results, _, reply = await task
    took = time.monotonic() - begun
    relay.down.go()
    llms = [result["llm"] for result in results]
    Tap.ok(reply["status"] == "complete" and set(llms) == {"b"}
           and took >= 0.5, "the wait is over: the other one is asked",
           (llms, took))
    made = (await calls(nginx, "a"))["outcomes"]
    Tap.ok(made.get("queue_timeout", 0) + made.get("circuit_open", 0) >= 1,
           "and the first one's metrics tell why", made)


async def task(nginx, path):
    """100 cells, and what was told of them meanwhile"""
    await get(nginx.llm_port, "/_reset", "POST")
    body = json.dumps({"split": {"max_chars": 60}, "document": "".join(
        "# 第 %d 节\n\n%s\n\n" % (i, CHUNK * 4) for i in range(10))}).encode()
    begun = time.monotonic()
    _, reply = await exchange(
        nginx.port, b"POST %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
        b"Accept: text/event-stream\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % (path.encode(), len(body)) + body)
    took = time.monotonic() - begun
    events = [json.loads(line[6:]) for line in reply.decode().splitlines()
              if line.startswith("data: ")]
    return events[-1], [event for event in events if "waiting" in event], took


async def hangs(nginx, relay):
    """it takes connections, and says nothing"""
    relay.down.stall()
    report, _, took = await task(nginx, "/task")
    lost = [cell for cell in report["cells"] if cell["status"] != "ok"]
    Tap.ok(not lost and len(report["cells"]) == 100,
           "a task whose LLM hangs: no cell is lost", lost[:2])
    print("# %.1f s" % took)
    relay.down.go()


async def tasks(nginx, relay):
    """one whose LLM is gone all the time, beside one that has but the other"""
    _, _, alone = await task(nginx, "/task-b")
    down(relay)
    report, waited, took = await task(nginx, "/task")
    lost = [cell for cell in report["cells"] if cell["status"] != "ok"]
    Tap.ok(report["status"] == "complete" and len(report["cells"]) == 100
           and not lost, "a task without its LLM: no cell is lost",
           (report["status"], len(lost), lost[:2]))
    Tap.ok((await nginx.stats())["answered"] == 100 and not waited,
           "each was answered once, and it has waited for nothing",
           (await nginx.stats(), waited))
    Tap.ok(took < 2 * alone + 3 * SLOW,
           "it takes as long as if there were no other one", (took, alone))
    print("# %.1f s, with the other one alone %.1f s" % (took, alone))
    relay.accept()

    async def back():
        report, _, _ = await task(nginx, "/task")
        return report["status"] == "complete" \
            and (await calls(nginx, "a"))["outcomes"]["ok"] >= 50
    Tap.ok(await until(back), "the next ones have their LLM back",
           await calls(nginx, "a"))


def run(test, workers=1, a=4, b=3, wait="60s", more="", queue=1000,
        circuit="window=300ms probe=400ms"):
    nginx = Harness(workers=workers)
    relay = Relay(nginx.llm_port)
    with open(os.path.join(nginx.dir, "rubric.json"), "w") as rubric:
        json.dump({"name": "r", "points": points(["delay=50"] * 10)}, rubric)
    nginx.renew(server=SERVER + ZONES % {"a": a, "b": b, "wait": wait,
                                         "more": more, "circuit": circuit,
                                         "queue": queue},
                http="review_llm /llm model=stand-in;" + HTTP
                % {"relay": relay.port, "port": nginx.port,
                   "dir": nginx.dir, "gone": free_port()})
    try:
        asyncio.run(test(nginx, relay))
    finally:
        bad = nginx.close()
        relay.close()
        Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))


if __name__ == "__main__":
    run(failures)
    run(stays)
    run(chain)
    run(steps)
    run(in_time)
    run(circuit)
    run(admitted, queue=0, circuit="window=300ms probe=20s")
    run(unlimited, circuit="window=300ms probe=20s")
    run(both)
    run(goes)
    run(goes, workers=2)
    run(globals()["workers"], workers=3)
    run(tasks)
    run(tasks, circuit="failures=20", workers=2)
    run(hangs, more="review_call_timeout 500ms;")
    run(waits, a=1, wait="500ms", more="review_call_timeout 2s;")
    Tap.end()
