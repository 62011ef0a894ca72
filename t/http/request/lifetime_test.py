#!/usr/bin/python3
"""
Proves that nothing outlives its request, nor dies before it, where calls meet
what else nginx does in their location: file threads, the lock of a cache
entry, delays of limit_req, other modules' handlers; where a client does not
read, or goes before it is watched; and in a storm of all that with clients
that go away at random, after which no connection may be left.
"""

import asyncio
import os
import random
import socket
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, LONG, SLOW, Tap, exchange, points, request, \
    reset_at_close, review

PROXY = """
    proxy_pass http://llm/v1/chat/completions;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
"""

CACHE = """
    proxy_cache llm;
    proxy_cache_methods POST;
    proxy_cache_key $review_call_key;
    proxy_cache_valid 200 1d;
    proxy_ignore_headers Cache-Control;
    proxy_cache_lock on;
"""


async def gone(nginx, seconds=60):
    """have all connections of clients been closed?"""
    for _ in range(int(50 * seconds * SLOW)):
        if not nginx.connections():
            return True
        await asyncio.sleep(0.02)
    return False


async def called(nginx):
    """a call is with the stand-in"""
    for _ in range(3000 * SLOW):
        if (await nginx.stats())["in_flight"]:
            break
        await asyncio.sleep(0.01)


async def cached_through_threads(nginx):
    for script in "ok", "huge=20000", "huge=150000", "json huge=20000":
        for time in "first", "second":
            reply = await review(nginx.port, "标书", points([script]),
                                 path="/threads")
            Tap.ok(reply["status"] == "complete",
                   "an answer cached through threads: %s, %s time"
                   % (script, time), reply["results"])
    calls = (await nginx.stats())["calls"]
    Tap.ok(calls == 4, "the second time it comes from the cache", calls)


async def lock_and_delay(nginx):
    holder = asyncio.create_task(
        review(nginx.port, "标书", points(["delay=%d" % (2000 * SLOW)]),
               path="/holder"))
    await called(nginx)
    reply = await review(nginx.port, "标书",
                         points(["ok key=a", "ok key=b"]), path="/locked")
    Tap.ok(reply and [r["status"] for r in reply["results"]]
           == ["timeout", "timeout"],
           "one call waits for a lock, another for limit_req: both expire",
           reply)
    await holder
    Tap.ok(await gone(nginx), "and both are gone then", nginx.connections())


async def client_that_pauses(nginx):
    """longer than send_timeout, and reads on"""
    scripts = ["huge=60000"] * 4 + ["delay=%d" % (ms * SLOW)
                                    for ms in (500, 2500, 3000)]
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect(("127.0.0.1", nginx.port))
    reader, writer = await asyncio.open_connection(sock=s, limit=2048)
    writer.write(request("标书", points(scripts),
                         "Accept: text/event-stream\r\n", path="/slow"))
    await writer.drain()
    await asyncio.sleep(2 * SLOW)
    reply = await reader.read()
    writer.close()
    Tap.ok(reply.count(b'"status":"ok"') == 2 * len(scripts)
           and b"event: done" in reply,
           "a client that pauses fails no call and gets all of its events",
           reply[-500:])


async def no_body_with_204(nginx):
    for accept in "application/json", "text/event-stream":
        _, body = await exchange(nginx.port, request(
            "标书", points(["ok"]), "Accept: %s\r\n" % accept, path="/204"))
        Tap.ok(body == b"", "error_page ... =204: no body, %s" % accept, body)


async def gone_before_it_is_watched(nginx):
    reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
    writer.write(request("标书", points(["hang"]), path="/ignore"))
    await writer.drain()
    await called(nginx)
    writer.close()
    for _ in range(3000 * SLOW):
        stats = await nginx.stats()
        if stats["client_closed"]:
            break
        await asyncio.sleep(0.01)
    Tap.ok(stats["client_closed"] == 1 and stats["in_flight"] == 0,
           "listen ... deferred: a client's going is noticed", stats)


async def in_another_modules_hands(nginx):
    for path in "/lua", "/lua-rewrite":
        reply = await review(nginx.port, "标书", points(["ok"] * 3), path=path)
        Tap.ok(reply and [r.get("error", {}).get("code")
                          for r in reply["results"]] == ["call_timeout"] * 3,
               "%s: calls that Lua holds expire, and the reply comes" % path,
               reply)
    Tap.ok(await gone(nginx), "and the calls end", nginx.connections())


SCRIPTS = ["ok", "delay=100", "delay=400", "delay=1000", "hang", "hang_body",
           "cut", "cut_head", "cut_sse=3", "slow=30 tokens=20", "500|ok",
           "429 retry_after=0|ok", "gzip", "huge=60000", "huge=400000",
           "reset", "bad_json", "length", "raw=x|ok", "json huge=60000",
           "wrong_length", "status=204", "empty", "key=s delay=300"]
PATHS = ["/threads", "/locked", "/slow", "/plain", "/resolver", "/mirrored",
         "/static", "/grpc", "/named"]


def goes_on(counts, until):
    """so long, and on a slow machine until there was enough of it"""
    now = time.monotonic()
    return now < until or now < until + 120 * SLOW and min(
        counts["replies"], counts["gone"]) <= 50


async def storm_client(nginx, rng, counts, until):
    while goes_on(counts, until):
        data = request(rng.choice(["甲", "乙", "丙"]),
                       points(rng.choices(SCRIPTS, k=rng.choice([1, 3, 12]))),
                       rng.choice(["", "Accept: text/event-stream\r\n"]),
                       rng.choice(PATHS))
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1",
                                                           nginx.port)
            if rng.random() < 0.5:
                writer.write(data[:rng.choice([len(data), 200])])
                await writer.drain()
                await asyncio.sleep(rng.choice([0, 0.01, 0.1, 0.4, 0.51, 1.0,
                                                1.5]))
                if rng.random() < 0.5:
                    reset_at_close(writer)
                counts["gone"] += 1
            else:
                writer.write(data)
                reply = await asyncio.wait_for(reader.read(), 120 * SLOW)
                counts["replies" if b'"results":[' in reply else "none"] += 1
            writer.close()
        except ConnectionError:
            counts["none"] += 1


async def storm(nginx):
    rng = random.Random(7)
    counts = {"replies": 0, "gone": 0, "none": 0}
    until = time.monotonic() + (8 if LONG else 5)
    await asyncio.gather(*(storm_client(nginx, rng, counts, until)
                           for _ in range(24)))
    Tap.ok(counts["replies"] > 50 and counts["gone"] > 50
           and counts["none"] == 0, "a storm: whoever waits gets a reply",
           counts)
    Tap.ok(await gone(nginx, 10), "no connection is left after it",
           nginx.connections())
    reply = await review(nginx.port, "标书", points(["ok"]))
    Tap.ok(reply["status"] == "complete", "the next review is served", reply)


COMMON = """
    review_llm /llm model=stand-in;
    proxy_cache_path %s keys_zone=llm:1m;
    limit_req_zone $server_port zone=req:1m rate=%s;
"""

ONE_TRY = "review_retry tries=1; review_call_timeout 20s;"

QUICK = """
    review_call_timeout 500ms;
    review_timeout 1500ms;
    review_ping 100ms;
    review_retry tries=3 backoff=30ms max=100ms budget=100%;
    send_timeout 2s;
"""

SERVER = """
    location = /threads { review; review_llm /llm-threads; }
    location = /llm-threads {
        internal; """ + PROXY + CACHE + """
        aio threads; aio_write on; output_buffers 1 4k;
    }
    location = /holder { review; review_llm /llm-locked; }
    location = /locked { review; review_llm /llm-locked; %(locked)s }
    location = /llm-locked {
        internal; """ + PROXY + CACHE.replace("$review_call_key", "k") + """
        limit_req zone=req burst=50;
    }
    location = /slow { review; send_timeout 1s; }
    location = /204 { error_page 418 =204 @review; return 418; }
    location @review { review; }
    location = /ignore { review; review_llm /llm-ignore; }
    location = /llm-ignore {
        internal; proxy_ignore_client_abort on; """ + PROXY + """
    }
    location = /plain { review; review_llm /llm-plain stream=off; }
    location = /llm-plain { internal; proxy_buffering off; """ + PROXY + """ }
    location = /resolver { review; review_llm /llm-resolver; }
    location = /llm-resolver {
        internal; resolver 127.0.0.1:9 ipv6=off;
        set $backend llm.invalid; proxy_pass http://$backend/;
    }
    location = /mirrored {
        review; mirror /mirror; gzip on; gzip_types *;
    }
    location = /mirror { internal; return 200 x; }
    location = /static { review; review_llm /llm-static; }
    location = /llm-static {
        internal;
        return 200 '{"choices":[{"message":{"content":
            "{\\\\"verdict\\\\":\\\\"pass\\\\"}"},"finish_reason":"stop"}]}';
    }
    location = /grpc { review; review_llm /llm-grpc; }
    location = /llm-grpc { internal; grpc_pass grpc://llm; }
    location = /named { review; review_llm /llm-named; }
    location = /llm-named { internal; try_files /none @llm; }
    location @llm {
        rewrite ^ /v1/chat/completions break; proxy_pass http://llm;
    }
"""

LUA_MODULES = ["/usr/lib/nginx/modules/%s.so" % name
               for name in ("ndk_http_module", "ngx_http_lua_module")]

LUA_SERVER = """
    location = /lua { review; review_llm /llm-lua; }
    location = /llm-lua {
        internal; content_by_lua_block { ngx.sleep(1) ngx.say("{}") }
    }
    location = /lua-rewrite { review; review_llm /llm-lua-rewrite; }
    location = /llm-lua-rewrite {
        internal; rewrite_by_lua_block { ngx.sleep(1) } """ + PROXY + """
    }
"""


def run(test, rate="1000r/s", limits=ONE_TRY, locked="", server=SERVER,
        **settings):
    # the cache's folder is made by nginx, which knows its workers' user
    cache = os.path.join("/tmp", "review-cache-%d" % os.getpid())
    nginx = Harness(http=COMMON % (cache, rate) + limits,
                    server=server.replace("%(locked)s", locked), **settings)
    try:
        asyncio.run(test(nginx))
    finally:
        bad = nginx.close()
        os.system("rm -rf %s" % cache)
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


run(cached_through_threads)
run(lock_and_delay, rate="5r/m",
    locked="review_timeout %dms;" % (500 * SLOW))
run(client_that_pauses)
run(no_body_with_204)
run(gone_before_it_is_watched, listen="deferred")
run(storm, rate="20r/s", limits=QUICK, level="error")

if os.environ.get("REVIEW_MODULE") != "static" \
        and all(map(os.path.exists, LUA_MODULES)):
    run(in_another_modules_hands, server=LUA_SERVER,
        limits="review_call_timeout 300ms; review_retry tries=2 backoff=50ms;",
        main="".join("load_module %s;\n" % path for path in LUA_MODULES))

Tap.end()
