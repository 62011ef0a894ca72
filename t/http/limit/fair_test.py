#!/usr/bin/python3
"""
Proves that an LLM's capacity is fair between classes and between tenants, in
all workers: a batch of low priority, however long it is, keeps no chat out;
100, 10 and 1 reviews of three tenants get a third of the LLM each; a tenant
that may have so many calls has no more, stops nobody else, and has them again
when a worker is killed that ran them; tenants beyond those that the zone has
room for share one name, and those whose time is over give way.  And what a zone
has room for: processes too many are told, a reload that changes nothing of it
keeps the zone.
"""

import asyncio
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, get, points, request, \
    review, wait_for

CHUNK = "投标有效期为九十日。"

HTTP = """
    review_zone z %s;
    review_llm /llm model=stand-in;
    review_limit zone=z calls=%d queue=100000 wait=600s;
    review_timeout 600s;
    review_call_timeout 600s;
    proxy_read_timeout 600s;
    review_max_points 1000;
    review_retry tries=1;
    review_tenant $http_x_tenant;
    add_header X-Worker $pid always;
"""
CHAT = """
        review_guard on;
        proxy_pass http://llm/v1/chat/completions;
        proxy_http_version 1.1;
        proxy_set_header Connection "";
"""
SERVER = """
    location = /status { review_status z; }
    location = /worker { return 200 $pid; }
    location = /two { review; review_tenant_limit calls=2; }
    location = /five { review; review_tenant_limit calls=5; }
    location = /batch { review; review_priority low; }
    location = /chat {
        review_limit zone=z queue=100 wait=600s; """ + CHAT + """
    }
    location = /chat_high {
        review_limit zone=z queue=0 wait=600s; review_priority high;
        """ + CHAT + """
    }
    location = /two_chats {
        review_limit zone=z queue=3 wait=600s;
        review_tenant_limit calls=2;
        """ + CHAT + """
    }
"""


def http(zone="1m", calls=8):
    return HTTP % (zone, calls)


def who(tenant):
    return "X-Tenant: %s\r\n" % tenant


def sent(tenant, scripts, path="/v1/review"):
    return request(CHUNK, points(scripts), who(tenant), path)


async def reply_of(nginx, tenant, scripts, path="/v1/review"):
    status, body = await exchange(nginx.port, sent(tenant, scripts, path))
    return json.loads(body) if status == 200 else {"status": status}


def start(nginx, *args):
    return asyncio.create_task(reply_of(nginx, *args))


def chat(script, tenant="", path="/chat"):
    body = json.dumps({"model": "m", "messages": [
        {"role": "user", "content": "[[%s]]" % script}]}).encode()
    return ("POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s"
            "Content-Length: %d\r\n\r\n"
            % (path, who(tenant), len(body))).encode() + body


async def told(nginx):
    return json.loads(await get(nginx.port, "/status"))


async def tenants(nginx):
    return {one["tenant"]: (one["in_flight"], one["queued"])
            for one in (await told(nginx))["tenants"]}


async def until(condition, seconds=60):
    """what is told as soon as it is so, or at last"""
    end = time.monotonic() + seconds * SLOW
    while True:
        now, good = await condition()
        if good or time.monotonic() > end:
            return now
        await asyncio.sleep(0.01)


async def become(nginx, expected):
    """of tenants: calls in flight, calls that wait"""
    async def condition():
        now = await tenants(nginx)
        return now, now == expected
    return await until(condition)


async def release(nginx):
    await get(nginx.llm_port, "/_release", "POST")


async def calls(nginx):
    return json.loads(await get(nginx.llm_port, "/_calls"))


async def in_thread(function, *args):
    return await asyncio.get_running_loop().run_in_executor(None, function,
                                                            *args)


async def reset(nginx):
    await get(nginx.llm_port, "/_reset", "POST")


async def complete(tasks):
    return [reply["status"] for reply in await asyncio.gather(*tasks)] \
        == ["complete"] * len(tasks)


def most_at_once(seen):
    return max(sum(other["started"] <= call["started"] < other["ended"]
                   for other in seen) for call in seen)


# classes


async def batch_and_chats(nginx):
    """one queue for reviews of a night's batch, one for chats"""
    batch = [start(nginx, "b", ["hold"] * 100, "/batch") for _ in range(2)]
    await become(nginx, {"b": (8, 192)})

    chats = [asyncio.create_task(exchange(nginx.port, chat("ok", "c")))
             for _ in range(40)]
    now = await become(nginx, {"b": (8, 192), "c": (0, 40)})
    Tap.ok(now == {"b": (8, 192), "c": (0, 40)},
           "192 calls of low priority wait: all of 40 chats come in", now)
    status, _ = await exchange(nginx.port, chat("ok", "h", "/chat_high"))
    Tap.ok(status == 503, "where nobody may wait, none that finds no slot does",
           status)

    await release(nginx)
    statuses = [status for status, _ in await asyncio.gather(*chats)]
    Tap.ok(statuses == [200] * 40, "40 of 40 chats are answered", statuses)
    Tap.ok(await complete(batch), "and so is the batch")


async def own_class(nginx):
    """those of its own class keep it out"""
    batch = [start(nginx, "b", ["hold"] * 108)]
    await become(nginx, {"b": (8, 100)})
    status, _ = await exchange(nginx.port, chat("ok", "c"))
    Tap.ok(status == 503, "100 calls of its own class: no chat comes in",
           status)
    await release(nginx)
    Tap.ok(await complete(batch), "the calls are answered")


# tenants

TENANTS = {"many": 100, "some": 10, "one": 1}


async def client(nginx, tenant, n, goes_on):
    while goes_on():
        reply = await reply_of(nginx, tenant,
                               ["key=%s delay=%d" % (tenant, 20 * SLOW)] * n)
        assert reply["status"] == "complete", reply


async def thirds(nginx):
    """each has work all the time: the last ends when enough was seen"""
    state = {"goes": True}
    tasks = []
    for tenant, n in TENANTS.items():
        tasks += [asyncio.create_task(client(nginx, tenant, 600 // n,
                                             lambda: state["goes"]))
                  for _ in range(n)]

    async def all_wait():
        now = await tenants(nginx)
        return now, all(now.get(tenant, (0, 0))[1] for tenant in TENANTS)
    await until(all_wait)
    begun = await nginx.stats()

    async def enough():
        now = await nginx.stats()
        return now, now["calls"] - begun["calls"] >= 900
    ended = await until(enough, 120)
    state["goes"] = False

    seen = [call["key"] for call in await calls(nginx)
            if begun["time"] <= call["started"] <= ended["time"]]
    shares = {tenant: seen.count(tenant) / max(len(seen), 1)
              for tenant in TENANTS}
    print("# %d calls in %.1f s, 100 / 10 / 1 reviews of three tenants: "
          "%.1f / %.1f / %.1f %%" % (
              len(seen), ended["time"] - begun["time"],
              *(100 * shares[tenant] for tenant in TENANTS)))
    Tap.ok(len(seen) > 300 and all(
        0.30 < share < 0.37 for share in shares.values()),
        "each of three tenants has a third of the LLM", shares)
    await asyncio.gather(*tasks)
    stats = await nginx.stats()
    Tap.ok(stats["max_in_flight"] == 8, "8 calls at once, no more", stats)
    Tap.ok(await become(nginx, {}) == {}, "then nobody has any")


async def at_a_time(nginx):
    """calls=2, calls=5 and none for the same tenant"""
    tasks = [start(nginx, "a", ["key=a hold"] * 5, "/two") for _ in range(6)]
    now = await become(nginx, {"a": (2, 28)})
    Tap.ok(now == {"a": (2, 28)}, "2 of its 30 calls run", now)

    others = [start(nginx, "b", ["ok"] * 10) for _ in range(4)]
    Tap.ok(await complete(others), "others have their turns meanwhile")

    tasks.append(start(nginx, "a", ["key=a hold"] * 5, "/five"))
    now = await become(nginx, {"a": (5, 30)})
    Tap.ok(now == {"a": (5, 30)}, "where it may have 5 it has 5", now)

    tasks.append(start(nginx, "a", ["key=a hold"]))
    now = await become(nginx, {"a": (6, 30)})
    Tap.ok(now == {"a": (6, 30)}, "and one more where none are counted", now)

    await release(nginx)
    Tap.ok(await complete(tasks), "all get there")
    Tap.ok(await become(nginx, {}) == {}, "and nobody has any calls")
    now = most_at_once([call for call in await calls(nginx)
                        if call["key"] == "a"])
    Tap.ok(now == 6, "never more than it had before", now)


async def steadily(nginx):
    """a tenant's calls end and begin, in all workers: they are all in use"""
    tasks = [start(nginx, "a", ["key=a delay=%d" % (20 * SLOW)] * 20, "/two")
             for _ in range(6)]
    tasks += [start(nginx, "b", ["key=b delay=%d" % (20 * SLOW)] * 40)
              for _ in range(6)]
    Tap.ok(await complete(tasks), "calls at a time, and any number, beside")
    seen = await calls(nginx)
    of = {tenant: [call for call in seen if call["key"] == tenant]
          for tenant in "ab"}
    end = min(max(call["ended"] for call in some) for some in of.values())
    busy = sum(min(call["ended"], end) - call["started"] for call in seen
               if call["started"] < end) \
        / (end - min(call["started"] for call in seen))
    Tap.ok(most_at_once(of["a"]) == 2 and most_at_once(seen) == 8,
           "2 at a time, 8 in all", (most_at_once(of["a"]),
                                     most_at_once(seen)))
    print("# %.2f of 8 slots were in use while both had work" % busy)


async def one_chat_too_many(nginx):
    """the queue of a tenant that has its calls is its own"""
    tasks = [asyncio.create_task(exchange(nginx.port, chat(
        "hold", "a", "/two_chats"))) for _ in range(5)]
    now = await become(nginx, {"a": (2, 3)})
    Tap.ok(now == {"a": (2, 3)}, "2 chats of a tenant run, 3 wait", now)
    status, _ = await exchange(nginx.port, chat("ok", "a", "/two_chats"))
    Tap.ok(status == 503, "one more of the same is refused", status)
    status, _ = await exchange(nginx.port, chat("ok", "b", "/two_chats"))
    Tap.ok(status == 200, "another's is answered at once", status)

    tasks += [asyncio.create_task(exchange(nginx.port, chat("hold", "c")))
              for _ in range(6)]
    await become(nginx, {"a": (2, 3), "c": (6, 0)})
    tasks += [asyncio.create_task(exchange(nginx.port, chat(
        "hold", "b", "/two_chats"))) for _ in range(3)]
    now = await become(nginx, {"a": (2, 3), "b": (0, 3), "c": (6, 0)})
    Tap.ok(now == {"a": (2, 3), "b": (0, 3), "c": (6, 0)},
           "all slots are taken: another's 3 may wait, too", now)
    status, _ = await exchange(nginx.port, chat("ok", "b", "/two_chats"))
    Tap.ok(status == 503, "but no fourth", status)
    await release(nginx)
    statuses = [status for status, _ in await asyncio.gather(*tasks)]
    Tap.ok(statuses == [200] * len(tasks), "all of them are answered", statuses)


async def streamed(nginx, tenant, scripts, path):
    """a review as events, and its worker"""
    reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
    writer.write(request(CHUNK, points(scripts),
                         who(tenant) + "Accept: text/event-stream\r\n", path))
    head = await reader.readuntil(b"\r\n\r\n")
    return int(head.partition(b"X-Worker: ")[2].split()[0]), reader, writer


async def killed(nginx):
    """the calls that it ran are its tenant's no longer"""
    worker, _, gone = await streamed(nginx, "a", ["hold"] * 5, "/two")
    await become(nginx, {"a": (2, 3)})
    streams = []
    for _ in range(200):
        other, reader, writer = await streamed(nginx, "a", ["key=k hold"] * 2,
                                               "/two")
        if other != worker:
            break
        writer.close()
    now = await become(nginx, {"a": (2, 5)})
    Tap.ok(other != worker and now == {"a": (2, 5)},
           "two workers: one runs 2 calls of a tenant, the other waits", now)
    os.kill(worker, signal.SIGKILL)
    now = await become(nginx, {"a": (2, 0)})
    Tap.ok(now == {"a": (2, 0)},
           "one is killed: the other has its tenant's calls", now)
    gone.close()
    await release(nginx)
    events = await reader.read()
    Tap.ok(b'"status":"complete"' in events and not streams,
           "and its review is complete", events[-300:])
    Tap.ok(await become(nginx, {}) == {}, "then nobody has any")
    await in_thread(wait_for, lambda: len(nginx.serving()) == 3)


async def many_names(nginx):
    """a zone with room for two"""
    tasks = [start(nginx, name, ["hold"] * 2)
             for name in ("one", "", "three", "four")
             if await asyncio.sleep(0.2 * SLOW) is None]
    now = await become(nginx, {"one": (2, 0), "default": (2, 0),
                               "three": (2, 0), "other": (2, 0)})
    Tap.ok(now == {"one": (2, 0), "default": (2, 0), "three": (2, 0),
                   "other": (2, 0)},
           "two have their names, one has none, more are others", now)
    await release(nginx)
    Tap.ok(await complete(tasks), "all are answered")
    await become(nginx, {})
    await reset(nginx)

    tasks = [start(nginx, name, ["hold"] * 2) for name in ("five", "six")]
    now = await become(nginx, {"five": (2, 0), "six": (2, 0)})
    Tap.ok(now == {"five": (2, 0), "six": (2, 0)},
           "those without calls give way", now)
    await release(nginx)
    await asyncio.gather(*tasks)

    await reset(nginx)
    long = "部" * 40
    task = start(nginx, long, ["hold"])

    async def condition():
        now = list(await tenants(nginx))
        return now, len(now) == 1
    now = await until(condition)
    Tap.ok(len(now) == 1 and now[0].startswith("部" * 15 + "~")
           and len(now[0].encode()) <= 64, "a long name is told in part", now)
    await release(nginx)
    await task


# what a zone has room for


async def too_many_processes(nginx):
    async def condition():
        now = await told(nginx)
        return now, now["processes"] == 2
    now = await until(condition)
    Tap.ok((now["processes"], now["processes_max"]) == (2, 2),
           "2 processes of 2 that there is room for", now)
    Tap.ok(await in_thread(wait_for, lambda: 'zone "z" has no room for more '
                           'than 2 processes' in nginx.error_log()),
           "the third says so in the error log")
    replies = [await review(nginx.port, CHUNK, points(["ok"]))
               for _ in range(60)]
    codes = {result.get("error", {}).get("code")
             for reply in replies for result in reply["results"]}
    Tap.ok(codes == {None, "queue_full"}, "its calls find no room", codes)
    said = nginx.error_log().count("has no room for more than 2 processes")
    Tap.ok(said <= 2, "it does not say so at each of them", said)


async def reloads(nginx):
    """what is not said stays as it is, what is said begins anew"""
    await start(nginx, "a", ["ok"] * 3)

    async def renewed(zone):
        await in_thread(lambda: nginx.renew(http=http(zone)))
        now = await told(nginx)
        return now["processes_max"], now["calls"]["total"]

    now = await renewed("1m tenants=1000")
    Tap.ok(now == (256, 3), "a reload that names what was so keeps the zone",
           now)
    nginx.configure(main="")
    now = await renewed("1m")
    Tap.ok(now == (256, 3), "nor does one that says nothing change it", now)
    now = await renewed("1m processes=300")
    Tap.ok(now == (300, 0) and 'room of zone "z" has changed, it starts anew'
           in nginx.error_log(), "other processes: the zone starts anew", now)
    await start(nginx, "a", ["ok"] * 2)
    now = await renewed("1m processes=300 tenants=7")
    Tap.ok(now == (300, 0), "and with other tenants", now)
    await start(nginx, "a", ["ok"] * 2)
    now = await renewed("1m")
    Tap.ok(now == (300, 2), "larger ones are kept", now)


async def scenes(nginx, *tests):
    for test in tests:
        await reset(nginx)
        await test(nginx)


def run(tests, zone="1m", expected="exited on signal 9", workers=3):
    nginx = Harness(http=http(zone), server=SERVER, workers=workers,
                    level="notice")
    try:
        asyncio.run(scenes(nginx, *tests))
    finally:
        bad = [line for line in nginx.close() if expected not in line]
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


run([batch_and_chats, own_class, thirds, at_a_time, steadily,
     one_chat_too_many, killed])
run([many_names], "1m tenants=2")
run([too_many_processes], "1m processes=2",
    "has no room for more than 2 processes")
run([reloads])
Tap.end()
