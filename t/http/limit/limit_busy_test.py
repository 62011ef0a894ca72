#!/usr/bin/python3
"""
Proves that servers of an LLM that have all the connections that nginx's
max_conns allows are busy, not down: calls ask again until one is free, which
costs them no try, and the circuit stays closed; with one worker and with
several; and that servers that are down are still down.
"""

import asyncio
import json
import os
import socket
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, free_port, get, points, \
    request, review

CHUNK = "投标有效期为九十日。"
RETRY = "review_retry tries=2 backoff=20ms max=100ms budget=%d%%;"
HTTP = """
    upstream few {
        %(few)s
        keepalive 16;
    }
    upstream nobody {
        server 127.0.0.1:%(dead)d max_conns=2 down;
        server 127.0.0.2:1 max_conns=2 down;
    }
    review_zone z 1m;
    review_llm /few model=stand-in;
    %(circuit)s
    review_limit zone=z calls=16 wait=%(wait)s;
    review_max_points 1000;
"""
CHAT = """
            proxy_pass http://few/v1/chat/completions;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
"""
SERVER = """
        location = /status { review_status z; }
        location = /held {
            review; review_llm /few?held; review_timeout 600s;
        }
        location = /few { internal; """ + CHAT + """ }
        location = /late {
            review; review_retry tries=1 backoff=600s max=600s;
            review_timeout 120s;
        }
        location = /other { review; review_llm /one; review_retry tries=1; }
        location = /dead { review; review_llm /nobody; review_retry tries=1; }
        location = /nobody {
            internal; proxy_pass http://nobody/v1/chat/completions;
        }
        location = /one {
            internal; proxy_pass http://llm/v1/chat/completions;
        }
        location = /chat { review_guard on; """ + CHAT + """ }
"""


async def status(nginx):
    return json.loads(await get(nginx.port, "/status"))


def outcomes(page, name):
    return page["calls"]["outcomes"].get(name, 0)


async def until(condition, seconds=20):
    """what it returns as soon as that is true, or at last"""
    end = time.monotonic() + seconds * SLOW
    while True:
        value = await condition()
        if value or time.monotonic() > end:
            return value
        await asyncio.sleep(0.01)


async def at_rest(nginx, name):
    async def condition():
        calls = (await status(nginx))["calls"]
        return (calls["in_flight"], calls["queued"]["total"]) == (0, 0)
    Tap.ok(await until(condition), "%s: all slots are free at last" % name)


async def all_at_once(nginx, name, servers):
    """far more calls than the servers take, most of them longer than the
    pauses, some longer than anything is remembered"""
    scripts = ["delay=%d" % (40 if i % 10 else 1300) for i in range(20)]
    replies = await asyncio.gather(*(review(nginx.port, CHUNK, points(scripts))
                                     for _ in range(4)))
    results = [result for reply in replies for result in reply["results"]]
    Tap.ok(all(reply["status"] == "complete" for reply in replies),
           "%s: all reviews are complete" % name,
           [result.get("error") for result in results])
    Tap.ok({result["attempts"] for result in results} == {1}
           and all(reply["usage"]["calls"] == 20
                   and reply["usage"]["retries"] == 0 for reply in replies),
           "%s: a pause is no try" % name,
           [reply["usage"] for reply in replies])
    page = await status(nginx)
    Tap.ok(outcomes(page, "busy") > 0 and outcomes(page, "ok") == 80
           and page["calls"]["circuit"] == "closed",
           "%s: busy is counted, and no failure" % name, page)
    Tap.ok("connect" not in page["calls"]["outcomes"],
           "%s: nobody takes it for an outage" % name, page)
    stats = await nginx.stats()
    Tap.ok(stats["max_in_flight"] == servers,
           "%s: the servers had what they may have" % name, stats)
    await at_rest(nginx, name)


async def one_worker(nginx):
    await all_at_once(nginx, "one worker", 2)


async def four_workers(nginx):
    await all_at_once(nginx, "four workers, one upstream", 2)


async def hold(nginx, n):
    """n calls that don't end: the task of their review"""
    task = asyncio.create_task(review(nginx.port, CHUNK,
                                      points(["hang"] * n), "/held"))

    async def condition():
        return (await nginx.stats())["in_flight"] == n
    Tap.ok(await until(condition), "%d calls are held" % n)
    return task


async def busy_for_long(nginx):
    """all connections are taken beyond the deadline"""
    task = await hold(nginx, 2)
    late = asyncio.create_task(review(nginx.port, CHUNK, points(["ok"] * 3)))

    async def condition():
        return outcomes(await status(nginx), "busy") >= 30
    Tap.ok(await until(condition), "busy for long: asked again and again")
    reply = await late
    Tap.ok([(r["status"], r["attempts"], r["error"]["code"])
            for r in reply["results"]] == [("timeout", 0, "queue_timeout")] * 3
           and reply["usage"]["calls"] == 0,
           "busy for long: what ends it is the deadline, untried", reply)
    page = await status(nginx)
    Tap.ok(page["calls"]["circuit"] == "closed",
           "busy for long: the circuit is closed", page)
    task.cancel()
    await at_rest(nginx, "busy for long")


async def client_leaves(nginx):
    task = await hold(nginx, 2)
    before = outcomes(await status(nginx), "busy")
    _, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
    writer.write(request(CHUNK, points(["ok"] * 3)))

    async def paused():
        return outcomes(await status(nginx), "busy") > before + 3
    Tap.ok(await until(paused), "a client that goes: its calls pause")
    writer.close()

    async def gone():
        return (await status(nginx))["calls"]["in_flight"] == 2
    Tap.ok(await until(gone), "a client that goes: so do its calls",
           await status(nginx))
    task.cancel()
    await at_rest(nginx, "a client that goes")


async def guarded(nginx):
    """nginx answers by itself there, but it is no failure of the LLM"""
    task = await hold(nginx, 2)
    body = b'{"messages":[{"role":"user","content":"[[ok]]"}]}'
    replies = [await exchange(nginx.port, b"POST /chat HTTP/1.1\r\nHost: test"
                              b"\r\nConnection: close\r\nContent-Length: %d"
                              b"\r\n\r\n" % len(body) + body)
               for _ in range(25)]
    Tap.ok({code for code, _ in replies} == {502},
           "guarded requests: 502, as nginx has it", replies)
    page = await status(nginx)
    Tap.ok(page["calls"]["circuit"] == "closed"
           and outcomes(page, "busy") >= 25
           and "connect" not in page["calls"]["outcomes"],
           "guarded requests: counted as busy", page)
    task.cancel()
    await at_rest(nginx, "guarded requests")


async def down(nginx):
    """no server is there, so that none is busy"""
    reply = await review(nginx.port, CHUNK, points(["ok"] * 8))
    Tap.ok({(r["status"], r["error"]["code"]) for r in reply["results"]}
           <= {("failed", "connect"), ("failed", "circuit_open")}
           and all(r["attempts"] >= 2 for r in reply["results"]),
           "down: no connection, for as long as calls may wait", reply)
    await review(nginx.port, CHUNK, points(["ok"] * 30))
    page = await status(nginx)
    Tap.ok(page["calls"]["circuit"] != "closed"
           and outcomes(page, "ok") == 0, "down: the circuit opens", page)


async def goes_down(nginx):
    """the connections of a busy server are cut, and it does not come back"""
    task = await hold(nginx, 2)
    waiting = asyncio.create_task(review(nginx.port, CHUNK,
                                         points(["ok"] * 6)))

    async def paused():
        return outcomes(await status(nginx), "busy") >= 6
    Tap.ok(await until(paused), "a server that dies: calls wait for it")
    nginx.llm.kill()
    nginx.llm.wait()
    replies = await asyncio.gather(task, waiting)
    results = [result for reply in replies for result in reply["results"]]
    Tap.ok({(result["status"], result["error"]["code"])
            for result in results} <= {("failed", "connect"),
                                       ("failed", "circuit_open"),
                                       ("failed", "cut")}
           and all(result["attempts"] >= 2 for result in results),
           "a server that dies: all fail, after all tries", replies)


async def woken(nginx):
    """the pauses are longer than the deadline: what ends them is a call that
    ends, at whatever worker"""
    replies = await asyncio.gather(*(
        review(nginx.port, CHUNK, points(["delay=20"] * 10), "/late")
        for _ in range(4)))
    Tap.ok([reply["status"] for reply in replies] == ["complete"] * 4,
           "a call that ends lets another one ask again", replies)
    page = await status(nginx)
    Tap.ok(outcomes(page, "busy") > 0, "which has paused", page)


async def in_turn(nginx):
    """who pauses goes before those that come later, at whatever worker: calls
    come without an end until the first review is done"""
    first = asyncio.create_task(review(nginx.port, CHUNK,
                                       points(["delay=100"] * 12), "/late"))

    async def paused():
        return outcomes(await status(nginx), "busy") > 0
    Tap.ok(await until(paused), "in turn: calls pause")
    later = 0

    async def more():
        nonlocal later
        while not first.done() and later < 2000:
            await review(nginx.port, CHUNK, points(["delay=100"]), "/late")
            later += 1
    await asyncio.gather(*(more() for _ in range(8)))
    reply = await first
    Tap.ok(reply["status"] == "complete" and later < 200,
           "in turn: calls that come later do not overtake", (later, reply))


async def another_is_down(nginx):
    """of two upstreams in a zone; what is seen of one says nothing of the
    other"""
    good = asyncio.create_task(review(nginx.port, CHUNK,
                                      points(["delay=50"] * 40)))
    reply = await review(nginx.port, CHUNK, points(["ok"] * 4), "/dead")
    Tap.ok([(r["status"], r["attempts"], r["error"]["code"])
            for r in reply["results"]] == [("failed", 1, "connect")] * 4,
           "another is down: that is told at once", reply)
    reply = await good
    Tap.ok(reply["status"] == "complete", "another is down: the one is busy",
           reply)


async def cannot_connect(nginx):
    """connections that take too long are none"""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        port = deaf.getsockname()[1]
        full = [socket.socket() for _ in range(8)]
        for client in full:
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        nginx.renew(http=nginx.settings["http"].replace(
            "server 127.0.0.1:%d" % nginx.llm_port,
            "server 127.0.0.1:%d" % port))
        reply = await review(nginx.port, CHUNK, points(["ok"] * 8))
        for client in full:
            client.close()
    codes = [result["error"]["code"] for result in reply["results"]]
    Tap.ok(set(codes) <= {"call_timeout", "connect", "circuit_open"},
           "no connection in time: is a failure for all", codes)


async def no_limit(nginx):
    """where no server has max_conns, none is busy; one call hangs on"""
    task = await hold(nginx, 1)
    reply = await review(nginx.port, CHUNK, points(["cut_head"] * 15))
    codes = {result["error"]["code"] for result in reply["results"]}
    Tap.ok(codes <= {"cut", "connect", "circuit_open"},
           "no max_conns: all are down", reply)
    page = await status(nginx)
    Tap.ok("busy" not in page["calls"]["outcomes"]
           and page["calls"]["circuit"] != "closed",
           "no max_conns: the circuit opens", page)
    task.cancel()


async def another_has_answered(nginx):
    """nginx goes on to the next server, which is busy: that was a try"""
    task = await hold(nginx, 1)
    before = (await nginx.stats())["calls"]
    reply = await review(nginx.port, CHUNK, points(["429 retry_after=9999"]))
    result = reply["results"][0]
    asked = (await nginx.stats())["calls"] - before
    Tap.ok(result["status"] == "failed" and result["attempts"] == asked <= 2,
           "one server has answered, the next is busy: a try is a try",
           (asked, reply))
    task.cancel()


async def stale(nginx):
    """nginx has an answer where it has no server"""
    reply = await review(nginx.port, CHUNK, points(["ok"]))
    Tap.ok(reply["status"] == "complete", "a cache: it is filled")
    task = await hold(nginx, 2)

    end = time.monotonic() + 2.5        # it is stale after a second
    while reply["status"] == "complete" and time.monotonic() < end:
        reply = await review(nginx.port, CHUNK, points(["ok"]))
        await asyncio.sleep(0.1)
    Tap.ok(reply["status"] == "complete", "a cache: a stale answer is one",
           reply)
    page = await status(nginx)
    Tap.ok("busy" not in page["calls"]["outcomes"]
           and "no live upstreams" in nginx.error_log(),
           "a cache: though no server was free", page)
    task.cancel()


async def circuit_opens(nginx):
    """calls that have paused wait while it is open"""
    reply = await review(nginx.port, CHUNK, points(["delay=30 500"] * 40))
    codes = [result["error"]["code"] for result in reply["results"]]
    asked = (await nginx.stats())["calls"]
    Tap.ok(set(codes) == {"http_500", "circuit_open"} and asked < 24,
           "an open circuit: calls that have paused do not ask",
           (asked, codes))


async def probe(nginx):
    """a probe that finds all busy is none: another one may be"""
    task = await hold(nginx, 2)
    fails = points(["key=p " + "|".join(["delay=40 500"] * 20 + ["ok"])])

    waiting = []

    async def opened():
        # the one that opens it waits then
        waiting.append(asyncio.create_task(
            review(nginx.port, CHUNK, fails, "/other")))
        await asyncio.wait(waiting[-1:], timeout=0.5 * SLOW)
        return (await status(nginx))["calls"]["circuit"] != "closed"
    Tap.ok(await until(opened), "a probe: the circuit is open")

    async def half_open():
        page = await status(nginx)
        return page["calls"]["circuit"] == "half_open"
    Tap.ok(await until(half_open), "a probe: one is let through")
    late = asyncio.create_task(review(nginx.port, CHUNK, points(["ok"]),
                                      "/late"))

    async def paused():
        return outcomes(await status(nginx), "busy") > 0
    Tap.ok(await until(paused), "a probe: but all are busy")

    async def closed():
        await review(nginx.port, CHUNK, points(["ok"]), "/other")
        page = await status(nginx)
        return page["calls"]["circuit"] == "closed"
    Tap.ok(await until(closed), "a probe: others are let through then")
    task.cancel()
    reply = await late
    Tap.ok(reply["status"] == "complete", "a probe: and it is answered", reply)


FEW = "server 127.0.0.1:%(llm)d max_conns=2;"
SHARED = "zone few 64k;" + FEW
TWO = "server 127.0.0.1:%(llm)d %(how)s; server 127.0.0.1:%(llm)d %(how)s;"
QUICK = {"wait": 3 * SLOW,
         "circuit": "review_circuit window=50ms probe=%ds;" % (60 * SLOW)}
CACHE = """
    proxy_cache_path %(dir)s/cache keys_zone=cache:1m;
    proxy_cache cache;
    proxy_cache_methods POST;
    proxy_cache_key $request_uri;
    proxy_cache_valid 200 1s;
    proxy_ignore_headers Cache-Control Expires Set-Cookie;
    proxy_cache_use_stale error;
"""


def run(test, servers, workers=1, budget=0, more="", http="", how="",
        wait=60, circuit=""):
    nginx = Harness(server="", workers=workers, listen="reuseport",
                    http="review_llm /llm model=stand-in;")
    nginx.settings["review"] = "review; " + more
    dead = free_port()
    few = servers % {"llm": nginx.llm_port, "dead": dead, "how": how}
    nginx.renew(server=SERVER, http=HTTP % {"few": few, "dead": dead,
                                            "wait": "%ds" % wait,
                                            "circuit": circuit}
                + RETRY % budget + http.replace("%(dir)s", nginx.dir))
    try:
        asyncio.run(test(nginx))
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))


if __name__ == "__main__":
    run(one_worker, FEW)
    run(four_workers, SHARED, workers=4)
    run(busy_for_long, FEW, more="review_timeout %ds;" % (3 * SLOW))
    run(client_leaves, FEW)
    run(guarded, FEW)
    run(down, "server 127.0.0.1:%(dead)d down; server 127.0.0.2:1 down;",
        budget=1000, **QUICK)
    run(down, "server 127.0.0.1:%(dead)d max_conns=1;", budget=1000, **QUICK)
    run(goes_down, FEW, budget=1000, **QUICK)
    run(woken, FEW)
    run(woken, FEW, workers=2)
    run(woken, SHARED, workers=4)
    run(in_turn, FEW)
    run(in_turn, SHARED, workers=4)
    run(another_is_down, FEW, budget=1000)
    run(cannot_connect, "server 127.0.0.1:%(llm)d max_conns=2;", budget=1000,
        http="proxy_connect_timeout 300ms;", **QUICK)
    run(no_limit, TWO, budget=1000, **QUICK)
    run(another_has_answered, TWO, budget=1000, how="max_conns=1 max_fails=0",
        more="review_retry tries=1;",
        http="proxy_next_upstream http_429 non_idempotent;")
    run(stale, FEW, http=CACHE, more="review_timeout %ds;" % (3 * SLOW))
    run(circuit_opens, FEW, more="review_retry tries=1;", **QUICK)
    run(probe, FEW)
    Tap.end()
