#!/usr/bin/python3
"""
Proves that memory stays small however slow either side of a transfer is; that a
client which goes away takes its transfer with it; that a store which is slow,
silent, cut or killed costs an error that says so, and harms nobody else; that a
reload loses nothing.
"""

import concurrent.futures
import os
import socket
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import LONG, SLOW, Tap, wait_for
from objects import MB, Memory, ON_THE_WAY, Reply, STORED, call, \
    data_of, is_problem, reset, run, send


def cuts(nginx):
    """a connection that breaks once: tried again where nothing is lost"""
    data = data_of(40 * MB)
    nginx.s3.put("c", data)
    relay = nginx.relay

    relay.down.cut(0)
    got = call(nginx, "GET", "/slow/c")
    Tap.ok(got.status == 200 and got.body == data,
           "cut before the first byte: tried again", got.status)
    relay.down.cut(5 * MB)
    got = call(nginx, "GET", "/slow/c")
    Tap.ok(got.status == 200 and (got.body == data or not got.whole)
           and data.startswith(got.body),
           "cut amid the body: the client sees that, or nothing of it",
           (got.status, len(got.body)))

    for after in (0, 3 * MB, 20 * MB):
        nginx.s3.delete("p")
        relay.up.cut(after)
        put = call(nginx, "PUT", "/slow/p", data)
        Tap.ok(put.status in STORED and nginx.s3.get("p") == data,
               "an upload cut after %d MB: tried again" % (after // MB),
               (put.status, put.body))
    Tap.ok(wait_for(lambda: nginx.s3.uploads() == []),
           "no upload is left half done", nginx.s3.uploads())
    nginx.s3.empty()


def silence(nginx):
    nginx.s3.put("s", data_of(30 * MB))
    for way, method in ((nginx.relay.down, "GET"), (nginx.relay.up, "PUT")):
        way.stall()
        begun = time.monotonic()
        reply = call(nginx, method, "/hasty/s" if method == "GET"
                     else "/hasty/new", data_of(9 * MB)
                     if method == "PUT" else None)
        took = time.monotonic() - begun
        Tap.ok(is_problem(reply, 504) and 0.9 < took < 40 * SLOW,
               "%s: a silent store is a 504" % method,
               (reply.status, took, reply.body))
        way.go()
    Tap.ok(nginx.s3.get("new") is None, "no part of it was stored")

    client = send(nginx, "GET", "/hasty/s")
    response = client.getresponse()
    response.read(MB)
    nginx.relay.down.stall()
    begun = time.monotonic()
    reply = Reply(response)
    Tap.ok(not reply.whole and time.monotonic() - begun < 40 * SLOW,
           "silence amid the body cuts the reply", len(reply.body))
    nginx.fast()
    nginx.s3.empty()


def slow_store(nginx):
    data = data_of(3 * MB)
    nginx.s3.put("d", data)
    for method, way in (("GET", nginx.relay.down), ("PUT", nginx.relay.up)):
        way.rate = MB
        begun = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            slow = pool.submit(call, nginx, method, "/slow/d",
                               data if method == "PUT" else None)
            good = sum(call(nginx, "GET", "/objects/d").body == data
                       for _ in range(5))
            early = not slow.done()
            reply = slow.result()
        took = time.monotonic() - begun
        Tap.ok(reply.status in STORED and took > 2
               and (method == "PUT" or reply.body == data),
               "%s: a slow store is waited for" % method,
               (reply.status, took))
        Tap.ok(good == 5 and (early or SLOW > 1),
               "%s: others are served meanwhile" % method, (good, early))
        way.rate = None
    nginx.s3.empty()


def slow_client(nginx):
    """takes nothing for a while: neither does nginx from the store"""
    data = data_of((100 if LONG else 40) * MB)
    nginx.s3.put("b", data)
    with Memory(nginx) as memory:
        passed = nginx.relay.down.bytes
        client = send(nginx, "GET", "/slow/b")
        response = client.getresponse()
        before = None
        for _ in range(20):
            if before == nginx.relay.down.bytes:
                break
            before = nginx.relay.down.bytes
            time.sleep(1)
        still = nginx.relay.down.bytes == before
        passed = nginx.relay.down.bytes - passed
        reply = Reply(response)
    Tap.ok(passed < ON_THE_WAY and still,
           "a client that doesn't read: the store isn't read either",
           (passed, still))
    Tap.ok(reply.body == data, "it gets all once it reads",
           (reply.whole, len(reply.body)))
    memory.ok("a slow client")

    client = send(nginx, "GET", "/impatient/b")
    response = client.getresponse()
    Tap.ok(wait_for(lambda: nginx.transfers() > 0), "a transfer runs")
    Tap.ok(wait_for(lambda: not nginx.connections()),
           "send_timeout ends a client that takes nothing")
    Tap.ok(not Reply(response).whole, "it sees that")
    nginx.s3.empty()


def slow_upload(nginx):
    """a client that sends slowly: the store waits for nothing"""
    data = data_of(2 * MB)
    client = socket.create_connection(("127.0.0.1", nginx.port))
    client.sendall(b"PUT /slow/u HTTP/1.1\r\nHost: test\r\n"
                   b"Connection: close\r\nContent-Length: %d\r\n\r\n"
                   % len(data))
    for i in range(0, len(data), 256 * 1024):
        if i:
            time.sleep(0.1)
        client.sendall(data[i:i + 256 * 1024])
    client.settimeout(60 * SLOW)
    status = int(client.recv(65536).split()[1])
    client.close()
    Tap.ok(status in STORED and nginx.s3.get("u") == data,
           "a slow client's upload", status)
    nginx.s3.empty()


def aborts(nginx):
    """at once, whatever the transfer is doing"""
    data = data_of(40 * MB)
    nginx.s3.put("a", data)
    relay = nginx.relay

    for name, ready in (("amid the body", True), ("before it", False)):
        # kept connections are not what is counted
        relay.reset()
        wait_for(lambda: nginx.transfers() == 0)
        if ready:
            relay.down.rate = 4 * MB
        else:
            relay.down.stall()
        client = send(nginx, "GET", "/slow/a")
        if ready:
            client.getresponse().read(MB)
        running = wait_for(lambda: nginx.transfers() == 1)
        reset(client)
        Tap.ok(running and wait_for(lambda: nginx.transfers() == 0),
               "a client that goes %s: so does the transfer" % name,
               (running, nginx.transfers()))
        nginx.fast()

    for size in (8 * MB, 40 * MB):
        relay.reset()
        wait_for(lambda: nginx.transfers() == 0)
        relay.up.rate = MB
        before = relay.up.bytes
        client = send(nginx, "PUT", "/slow/n", data[:size])
        running = wait_for(lambda: relay.up.bytes - before > 100000)
        reset(client)
        relay.up.rate = None
        Tap.ok(running and wait_for(lambda: nginx.s3.uploads() == [])
               and nginx.s3.get("n") is None,
               "a client that goes amid an upload of %d MB: nothing stays"
               % (size // MB), (running, nginx.s3.uploads()))
        nginx.fast()
    Tap.ok(call(nginx, "GET", "/slow/a").body == data, "others are served")
    nginx.s3.empty()


def killed(nginx):
    """the server, in the middle of it"""
    data = data_of(40 * MB)
    store, relay = nginx.store, nginx.relay
    nginx.s3.put("k", data)
    workers = nginx.workers()

    relay.down.rate = 8 * MB
    client = send(nginx, "GET", "/slow/k")
    response = client.getresponse()
    begun = response.read(MB)
    store.kill_proxy()
    rest = Reply(response)
    Tap.ok(not rest.whole and data.startswith(begun + rest.body),
           "killed amid a download: the client sees a cut",
           (rest.whole, len(rest.body)))
    Tap.ok(is_problem(call(nginx, "GET", "/slow/k"), 502),
           "while it is down: 502")
    store.start_proxy()
    nginx.fast()
    Tap.ok(call(nginx, "GET", "/slow/k").body == data, "up again: served")

    relay.up.rate = 4 * MB
    before = relay.up.bytes
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        put = pool.submit(call, nginx, "PUT", "/slow/new", data)
        wait_for(lambda: relay.up.bytes - before > 3 * MB)
        store.kill_proxy()
        reply = put.result()
    Tap.ok(is_problem(reply, 502, 504), "killed amid an upload: 502",
           (reply.status, reply.body))
    store.start_proxy()
    nginx.fast()
    Tap.ok(nginx.s3.get("new") is None, "no part of it can be seen")
    put = call(nginx, "PUT", "/slow/new", data)
    Tap.ok(put.status in STORED and nginx.s3.get("new") == data,
           "up again: stored", put.status)
    Tap.ok(nginx.workers() == workers, "the worker is the same")
    nginx.s3.empty()


def reloads(nginx):
    data = data_of(10 * MB)
    nginx.s3.put("l", data)
    nginx.relay.down.rate = 8 * MB
    client = send(nginx, "GET", "/slow/l")
    response = client.getresponse()
    old = set(nginx.workers())
    nginx.reload()
    Tap.ok(Reply(response).body == data, "a reload loses no download")
    client.close()
    Tap.ok(wait_for(lambda: not old & set(nginx.workers())),
           "the old worker ends")
    nginx.fast()
    Tap.ok(call(nginx, "GET", "/objects/l").body == data,
           "the new one serves")
    nginx.s3.empty()


if __name__ == "__main__":
    run(cuts, silence, slow_store, slow_client, slow_upload, aborts, killed,
        reloads)
