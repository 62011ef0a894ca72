#!/usr/bin/python3
"""
Proves that a client which goes away takes its LLM calls with it: at once,
whatever they are doing, however it goes, and whatever of the reply it has
taken.  No call follows, nothing is left behind, the worker serves the next
client; and a client which only stops reading costs no CPU and no more memory
than its reply has.  Proves what reviews in flight may expect of a shutdown:
worker_shutdown_timeout cuts them and their calls, a graceful end does not.
"""

import asyncio
import json
import os
import random
import signal
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, get, points, request, review, wait_for

CHUNK = "投标有效期为九十日。"
EVENTS = "Accept: text/event-stream\r\n"

# when the LLM sees a client's going: at once, on a machine that has nothing
# else to do; calls that are not given up hang for a minute

AT_ONCE = 10 * SLOW

HTTP = """
    review_llm /llm model=stand-in;
    review_ping 100ms;
    review_retry tries=3 backoff=2s max=2s budget=1000%;
    review_max_answer_size 2m;
"""
SERVER = """
        location = /plain {
            review;
            review_llm /unbuffered model=stand-in stream=off;
        }
        location = /unbuffered {
            internal;
            proxy_pass http://llm/v1/chat/completions;
            proxy_buffering off;
        }
        location = /stuck { review; review_llm /full; }
        location = /full {
            internal;
            proxy_pass http://127.0.0.1:%d;
        }
        location = /names { review; review_llm /resolved; }
        location = /resolved {
            internal;
            resolver 127.0.0.1:%d ipv6=off;
            set $to llm.invalid;
            proxy_pass http://$to;
        }
        location = /cached { review; review_llm /cache; }
        location = /cache {
            internal;
            proxy_pass http://llm/v1/chat/completions;
            proxy_cache c;
            proxy_cache_methods POST;
            proxy_cache_key $review_chunk_key;
            proxy_cache_lock on;
            proxy_cache_lock_age 60s;
            proxy_cache_lock_timeout 60s;
        }
"""


class Client:
    """a connection whose every byte, and whose end, is ours"""

    def __init__(self, port, buffer=None):
        self.sock = socket.socket()
        if buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.sock.settimeout(60 * SLOW)
        self.sock.connect(("127.0.0.1", port))
        self.text = b""

    def send(self, data):
        self.sock.sendall(data)

    def until(self, what):
        while what not in self.text:
            data = self.sock.recv(65536)
            if not data:
                return False
            self.text += data
        return True

    def fin(self):
        self.sock.close()

    def rst(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()

    def half(self):
        self.sock.shutdown(socket.SHUT_WR)


def workers_of(nginx):
    """those that serve: a cache has processes of its own"""
    found = []
    for pid in nginx.workers():
        try:
            with open("/proc/%d/cmdline" % pid) as f:
                if f.read().startswith("nginx: worker process"):
                    found.append(pid)
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def rss(pid):
    """KB"""
    with open("/proc/%d/status" % pid) as f:
        return int(f.read().partition("VmRSS:")[2].split()[0])


def stand_in(nginx, path):
    return json.loads(asyncio.run(get(nginx.llm_port, path)))


def reset(nginx):
    with socket.create_connection(("127.0.0.1", nginx.llm_port)) as sock:
        sock.sendall(b"POST /_reset HTTP/1.1\r\nHost: x\r\n"
                     b"Connection: close\r\n\r\n")
        sock.recv(1000)


def has_read(nginx):
    """nginx, all that clients have sent"""
    with open("/proc/net/tcp") as f:
        rows = [line.split() for line in f][1:]
    unread = [int(row[4].split(":")[1], 16) for row in rows
              if row[1] == "0100007F:%04X" % nginx.port and row[3] == "01"]
    return unread and not any(unread)


def wait_calls(nginx, n):
    return stand_in(nginx, "/_wait?calls=%d&timeout=%d" % (n, 30000 * SLOW))


def wait_closed(nginx, n):
    """do n calls end as they must?  -> how long it took, or None"""
    start = time.monotonic()
    if not stand_in(nginx, "/_wait?closed=%d&timeout=%d"
                    % (n, 30000 * SLOW))["ok"]:
        return None
    return time.monotonic() - start


def serves(nginx, name, workers):
    """nothing follows, nothing is left, and the next one is served"""
    before = stand_in(nginx, "/_stats")
    reply = asyncio.run(review(nginx.port, CHUNK, points(["verdict=risk"])))
    after = stand_in(nginx, "/_stats")
    good = (before["in_flight"] == after["in_flight"] == 0
            and after["calls"] == before["calls"] + 1
            and reply is not None and reply["status"] == "complete"
            and reply["results"][0]["finding"]["verdict"] == "risk"
            and workers_of(nginx) == workers)
    Tap.ok(good, name + ": nothing is left, the next one is served",
           (before, after, reply, workers, workers_of(nginx)))


def going(nginx, name, scripts, calls, running, how="fin", uri="/v1/review",
          headers="", until=None, more=None, quiet=0):
    """a client goes when so many calls were made, of which some are running"""
    reset(nginx)
    workers = workers_of(nginx)
    client = Client(nginx.port)
    client.send(request(CHUNK, more or points(scripts), headers)
                .replace(b"/v1/review", uri.encode(), 1))
    if until and not client.until(until):
        Tap.ok(False, name + ": the stream has begun", client.text)
    if not wait_calls(nginx, calls)["ok"]:
        Tap.ok(False, "%s: %d calls are made" % (name, calls))
    wait_for(lambda: stand_in(nginx, "/_stats")["in_flight"] == running)
    getattr(client, how)()

    took = wait_closed(nginx, running)
    Tap.ok(took is not None and took < AT_ONCE,
           "%s: %d calls are closed at once" % (name, running),
           (took, stand_in(nginx, "/_stats")))
    time.sleep(quiet)
    stats = stand_in(nginx, "/_stats")
    Tap.ok(stats["calls"] == calls and stats["client_closed"] == running,
           name + ": no other call is made", stats)
    serves(nginx, name, workers)
    if how == "half":
        client.fin()


STEPS = [{"id": "s", "question": "?",
          "steps": ["[[key=one ok]]", "[[key=two hang]]", "[[key=three ok]]"]}]


def goings(nginx):
    hang = ["hang"] * 5
    for how in "fin", "rst", "half":
        going(nginx, "%s before any answer" % how, hang, 5, 5, how)
        going(nginx, "%s amid answers" % how,
              ["ok", "hang_body", "huge=9000 slow=100 tokens=600", "hang",
               "404"],
              5, 3, how)
        going(nginx, "%s amid events" % how, ["ok", "hang", "hang_body"],
              3, 2, how, headers=EVENTS, until=b"event: progress")
        going(nginx, "%s in a pause" % how, ["key=a 500", "ok"], 2, 0, how,
              quiet=2.2)

    going(nginx, "in a pause and in calls", ["key=b 500", "hang", "hang"],
          3, 2, quiet=2.2)
    going(nginx, "in a pause of a stream", ["key=c 500", "hang"], 2, 1, "rst",
          headers=EVENTS, until=b": ping", quiet=2.2)
    going(nginx, "in the second step", [], 2, 1, more=STEPS, quiet=0.1)
    going(nginx, "without proxy_buffering",
          ["hang", "hang_body", "json huge=300000 tokens=50 slow=100"],
          3, 3, "rst", uri="/plain")
    going(nginx, "with two hundred calls", ["hang", "hang_body"] * 100,
          200, 200)


def without_a_call(nginx):
    """where no stand-in sees it: the connection's end must be noticed too"""
    for uri, what in (("/stuck", "nginx connects"),
                      ("/names", "a name is looked up")):
        reset(nginx)
        workers = workers_of(nginx)
        lines = len(nginx.access_log())
        client = Client(nginx.port)
        client.send(request(CHUNK, points(["ok"] * 3))
                    .replace(b"/v1/review", uri.encode(), 1))
        wait_for(lambda: has_read(nginx))
        client.rst()
        Tap.ok(wait_for(lambda: len(nginx.access_log()) > lines),
               "while %s: the review ends" % what)
        Tap.ok(nginx.access_log()[-1].startswith("499 "),
               "while %s: the log says 499" % what, nginx.access_log()[-1])
        serves(nginx, "while %s" % what, workers)


def behind_a_lock(nginx):
    """points that wait for the cache entry which another one makes"""
    reset(nginx)
    workers = workers_of(nginx)
    client = Client(nginx.port)
    client.send(request(CHUNK, points(["hang"] * 12))
                .replace(b"/v1/review", b"/cached", 1))
    wait_calls(nginx, 1)
    client.fin()
    took = wait_closed(nginx, 1)
    Tap.ok(took is not None and took < AT_ONCE,
           "behind the cache's lock: the one call is closed",
           (took, stand_in(nginx, "/_stats")))
    time.sleep(1.2)
    stats = stand_in(nginx, "/_stats")
    Tap.ok(stats["calls"] == 1, "behind the cache's lock: no other call",
           stats)
    serves(nginx, "behind the cache's lock", workers)


def while_uploading(nginx):
    data = request(CHUNK * 2000, points(["hang"]))
    head = data.index(b"\r\n\r\n") + 4
    for how in "fin", "rst", "half":
        for part, what in ((head - 9, "in the head"), (head, "after the head"),
                           (head + len(data) // 2, "amid the body"),
                           (len(data) - 1, "before the last byte")):
            reset(nginx)
            workers = workers_of(nginx)
            lines = len(nginx.access_log())
            client = Client(nginx.port)
            client.send(data[:part])
            wait_for(lambda: has_read(nginx))
            getattr(client, how)()
            ended = wait_for(lambda: len(nginx.access_log()) > lines)
            calls = stand_in(nginx, "/_stats")["calls"]
            Tap.ok(ended and calls == 0, "%s %s: no call is made"
                   % (how, what), (ended, calls))
            if how == "half":
                client.fin()
        serves(nginx, "%s while uploading" % how, workers)


def sent_and_gone(nginx):
    """the whole request, and the end of the connection right behind it"""
    for how in "fin", "rst", "half":
        reset(nginx)
        workers = workers_of(nginx)
        lines = len(nginx.access_log())
        clients = [Client(nginx.port) for _ in range(10)]
        for client in clients:
            client.send(request(CHUNK, points(["hang"] * 3)))
            getattr(client, how)()
        Tap.ok(wait_for(lambda: len(nginx.access_log()) >= lines + 10),
               "sent and gone by %s: all reviews end" % how,
               nginx.access_log()[lines:])
        Tap.ok(wait_for(lambda: stand_in(nginx, "/_stats")["in_flight"] == 0),
               "sent and gone by %s: no call is left" % how,
               stand_in(nginx, "/_stats"))
        serves(nginx, "sent and gone by %s" % how, workers)


def pipelined(nginx):
    """a second request in the buffer is not the client's going, its end is"""
    reset(nginx)
    workers = workers_of(nginx)
    one = request(CHUNK, points(["delay=200 verdict=fail"])) \
        .replace(b"Connection: close\r\n", b"")
    client = Client(nginx.port)
    client.send(one + request(CHUNK, points(["delay=60000"])))
    got = client.until(b'"verdict":"fail"')
    Tap.ok(got, "a request behind another one: the first is answered",
           client.text)
    wait_calls(nginx, 2)
    client.fin()
    took = wait_closed(nginx, 1)
    Tap.ok(took is not None and took < AT_ONCE,
           "a request behind another one: the second is given up", took)
    serves(nginx, "a request behind another one", workers)


def cpu(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def slow_reader(nginx):
    """takes the head, and then nothing of 6 MB"""
    reset(nginx)
    workers = workers_of(nginx)
    client = Client(nginx.port, buffer=4096)
    scripts = ["key=%d huge=500000" % i for i in range(12)] \
        + ["key=s huge=100000 tokens=5000 slow=20", "hang"]
    client.send(request(CHUNK, points(scripts), EVENTS))
    client.until(b"\r\n\r\n")
    answered = stand_in(nginx, "/_wait?answered=12&timeout=%d"
                        % (30000 * SLOW))
    Tap.ok(answered["ok"], "a client that does not read: the LLM is read",
           answered)
    time.sleep(0.3)

    before, start = cpu(workers[0]), time.monotonic()
    size = rss(workers[0])
    time.sleep(1.5)
    used = (cpu(workers[0]) - before) / (time.monotonic() - start)
    Tap.ok(used < 0.3, "a client that does not read: the worker sleeps", used)
    grown = rss(workers[0]) - size
    Tap.ok(grown < 2000 * SLOW,
           "a client that does not read: memory does not grow", grown)
    serves_others = asyncio.run(review(nginx.port, CHUNK, points(["ok"])))
    Tap.ok(serves_others and serves_others["status"] == "complete",
           "a client that does not read: others are served", serves_others)

    client.rst()
    took = wait_closed(nginx, 2)
    Tap.ok(took is not None and took < AT_ONCE,
           "a client that does not read: its going is noticed",
           (took, stand_in(nginx, "/_stats")))
    serves(nginx, "a client that did not read", workers)


def slow_reader_goes_by_fin(nginx):
    """
    What is in the way of the last byte must not be in the way of the news
    that the client has gone.
    """
    reset(nginx)
    workers = workers_of(nginx)
    client = Client(nginx.port, buffer=4096)
    client.send(request(CHUNK, points(["huge=2000000", "huge=1000000", "hang"]),
                        EVENTS))
    client.until(b"\r\n\r\n")
    stand_in(nginx, "/_wait?answered=2&timeout=%d" % (30000 * SLOW))
    time.sleep(0.2)
    client.half()
    took = wait_closed(nginx, 1)
    Tap.ok(took is not None and took < AT_ONCE,
           "half-closed, with events still to be taken: noticed", took)
    client.fin()
    serves(nginx, "half-closed, with events still to be taken", workers)


def slow_reader_wakes(nginx):
    """stops for a second and then takes all: nothing is lost"""
    reset(nginx)
    client = Client(nginx.port, buffer=4096)
    client.send(request(CHUNK, points(["key=%d huge=400000" % i
                                       for i in range(5)]), EVENTS))
    client.until(b"\r\n\r\n")
    time.sleep(1)
    while True:
        data = client.sock.recv(1 << 20)
        if not data:
            break
        client.text += data
    client.fin()
    body, rest = b"", client.text.partition(b"\r\n\r\n")[2]
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body += rest[:int(size, 16)]
        rest = rest[int(size, 16) + 2:]
    events = [event for event in body.split(b"\n\n")
              if event.startswith(b"event: ")]
    done = events[-1].partition(b"data: ")[2] if events else b"null"
    done = json.loads(done)
    Tap.ok(len(events) == 11 and done and done["status"] == "complete"
           and all(len(r["finding"]["reason"]) > 199000
                   for r in done["results"]),
           "a client that reads late gets all events",
           (len(events), len(body), body[-200:]))


def random_moments(nginx):
    """two hundred clients, each gone at a moment of its own"""
    reset(nginx)
    workers = workers_of(nginx)
    chance = random.Random(os.environ.get("SEED", "7"))
    kinds = ["ok", "hang", "hang_body", "key=%d 500", "slow=30", "delay=%d",
             "key=%d cut|ok", "huge=200000", "404", "raw=hm|ok",
             "json huge=100000"]
    open_clients = []
    lines = len(nginx.access_log())
    for i in range(200):
        scripts = [kind.replace("%d", str(i))
                   for kind in chance.choices(kinds, k=chance.randint(1, 8))]
        client = Client(nginx.port, chance.choice([None, 4096]))
        data = request(CHUNK, points(scripts), chance.choice(["", EVENTS])) \
            .replace(b"/v1/review",
                     chance.choice([b"/v1/review", b"/plain"]), 1)
        if chance.random() < 0.1:
            data = data[:chance.randrange(20, len(data))]
        client.send(data)
        open_clients.append((time.monotonic() + chance.random() * 0.4, client))
        for at, client in open_clients[:]:
            if at <= time.monotonic():
                getattr(client, chance.choice(["fin", "rst"]))()
                open_clients.remove((at, client))
        time.sleep(chance.random() * 0.01)
    time.sleep(0.4)
    for _, client in open_clients:
        client.rst()

    Tap.ok(wait_for(lambda: len(nginx.access_log()) >= lines + 200),
           "200 aborts: each has its line in the log",
           len(nginx.access_log()) - lines)
    Tap.ok(wait_for(lambda: stand_in(nginx, "/_stats")["in_flight"] == 0),
           "200 aborts: no call is left", stand_in(nginx, "/_stats"))
    calls = stand_in(nginx, "/_stats")["calls"]
    time.sleep(2.2)         # longer than the pause
    Tap.ok(stand_in(nginx, "/_stats")["calls"] == calls,
           "200 aborts: no call is made any more")
    serves(nginx, "200 aborts", workers)


def shut_down(nginx):
    """a reload where worker_shutdown_timeout cuts what is in flight"""
    reset(nginx)
    workers = workers_of(nginx)
    clients = [Client(nginx.port) for _ in range(4)]
    for client, headers in zip(clients, ["", EVENTS, "", EVENTS]):
        client.send(request(CHUNK, points(["hang", "hang_body", "ok"]),
                            headers))
    wait_calls(nginx, 12)
    clients[1].until(b"event: progress")
    nginx.nginx.send_signal(signal.SIGHUP)
    Tap.ok(wait_for(lambda: not set(workers) & set(workers_of(nginx))),
           "worker_shutdown_timeout: the old worker ends", workers_of(nginx))
    took = wait_closed(nginx, 8)
    Tap.ok(took is not None and took < AT_ONCE,
           "worker_shutdown_timeout: its calls are closed",
           stand_in(nginx, "/_stats"))
    ends = []
    for client in clients:
        try:
            while True:
                data = client.sock.recv(65536)
                if not data:
                    break
                client.text += data
            ends.append("end")
        except ConnectionError:
            ends.append("reset")
        except OSError:
            ends.append("open")
        client.fin()
    Tap.ok("open" not in ends, "worker_shutdown_timeout: clients are told",
           ends)
    done = clients[1].text.partition(b"event: done")[2]
    Tap.ok(b'"cut":"shutdown"' in done,
           "worker_shutdown_timeout: the last event says that it is cut", done)
    wait_for(lambda: len(workers_of(nginx)) == 1)
    serves(nginx, "worker_shutdown_timeout", workers_of(nginx))


def quit_in_flight(nginx):
    """the graceful end of nginx waits for its reviews"""
    reset(nginx)
    delay = 700 * SLOW
    clients = [Client(nginx.port) for _ in range(20)]
    for i, client in enumerate(clients):
        client.send(request(CHUNK, points(["delay=%d verdict=risk" % delay,
                                           "key=%d 500|ok" % i]),
                            EVENTS if i % 2 else ""))
    wait_calls(nginx, 40)
    nginx.nginx.send_signal(signal.SIGQUIT)
    good = 0
    for client in clients:
        try:
            while True:
                data = client.sock.recv(65536)
                if not data:
                    break
                client.text += data
        except OSError:
            pass
        good += (b'"status":"complete"' in client.text
                 and b'"verdict":"risk"' in client.text)
        client.fin()
    Tap.ok(good == 20, "quit: all reviews in flight come to their end", good)
    stats = stand_in(nginx, "/_stats")
    Tap.ok(stats["client_closed"] == 0 and stats["calls"] == 60,
           "quit: none of their calls was cut, retries were made", stats)
    try:
        nginx.nginx.wait(60 * SLOW)
    except Exception:
        pass
    Tap.ok(nginx.nginx.poll() == 0, "quit: nginx ends then",
           nginx.nginx.poll())


def holes():
    """ports: one that lets connections hang, one that answers no name"""
    full = socket.socket()
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    waiting = [full]
    for _ in range(4):
        sock = socket.socket()
        sock.setblocking(False)
        sock.connect_ex(full.getsockname())
        waiting.append(sock)
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    names.bind(("127.0.0.1", 0))
    waiting.append(names)
    return waiting, full.getsockname()[1], names.getsockname()[1]


def run(tests, http=HTTP, main=None):
    kept, full, names = holes()
    nginx = Harness(http="    proxy_cache_path cache keys_zone=c:1m;\n" + http,
                    server=SERVER % (full, names), level="notice")
    os.chmod(nginx.dir, 0o755)      # temporary files are the workers' own
    try:
        wait_for(lambda: len(workers_of(nginx)) == 1)
        if main:
            with open(nginx.conf) as f:
                text = f.read()
            with open(nginx.conf, "w") as f:
                f.write(main + text)
            old = workers_of(nginx)
            nginx.nginx.send_signal(signal.SIGHUP)
            wait_for(lambda: len(workers_of(nginx)) == 1
                     and workers_of(nginx) != old)
        for test in tests:
            test(nginx)
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))
    return kept


run([goings, without_a_call, while_uploading, sent_and_gone, pipelined])
run([slow_reader, slow_reader_goes_by_fin, slow_reader_wakes])
run([random_moments, behind_a_lock])
run([shut_down], main="worker_shutdown_timeout 300ms;\n")
run([quit_in_flight])

Tap.end()
