#!/usr/bin/python3
"""
Proves that replies of all endpoints, whole or in pieces, and their errors, are
whole, right and live beside other modules that look into them, change them,
add to them or compress them: the packaged ones and nginx's own, loaded before
ours and after it.  Live means that a piece is with the client while the LLM is
kept from making the next.
"""

import os
import re
import sys
import urllib.request

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import SLOW, Tap, points
from neighbours import NEIGHBOURS, PLAIN, Nginx, missing, same
from piecewise import Reply, write

EVENTS = "text/event-stream"
LINES = "application/x-ndjson"
PING = b": ping\n\n"

DOCUMENT = "# 第一章 投标函\n\n投标有效期为90日历天。\n\n" \
           "# 第二章 报价\n\n报价为52,000元。a, b\n"


class Case:
    """a request, and what of the reply is there before the gate opens"""

    def __init__(self, name, method, path, body=None, first=None, status=200,
                 pings=False, **headers):
        self.name = name
        self.path = path
        self.first = first              # a regex
        self.status = status
        self.pings = pings
        self.request = method, body, headers

    def bytes(self, neighbour):
        method, body, headers = self.request
        return write(method, "/%s/%s" % (neighbour.name, self.path), body,
                     **headers, **neighbour.headers)


def cases(nginx):
    two = {"chunk": DOCUMENT, "points": points(["ok", "gate=open"])}
    task = {"document": {"id": "d", "text": DOCUMENT},
            "split": {"max_chars": 20}}
    texts = ["投标有效期, a", "报价, b", "质保期"]
    nginx.bucket.objects["a"] = b"a, b\n" * 5000, "text/plain"
    return [
        Case("review, JSON", "POST", "review", two),
        Case("review, events", "POST", "review", two, rb'"p0".*\n\n',
             pings=True, Accept=EVENTS),
        Case("review, an error", "POST", "review", {}, status=400),
        Case("review, an error instead of events", "POST", "review", {},
             status=400, Accept=EVENTS),
        Case("task, JSON", "POST", "task", task),
        Case("task, events", "POST", "task", task, rb'"done":[1-9].*\n\n',
             pings=True, Accept=EVENTS),
        Case("task, lines", "POST", "task", task, rb'"done":[1-9].*\n',
             Accept=LINES),
        Case("task, Markdown", "POST", "task", task, Accept="text/markdown"),
        Case("task, an error", "POST", "task", {}, status=400),
        Case("split, JSON", "POST", "split", {"text": DOCUMENT}),
        Case("split, lines", "POST", "split", {"text": DOCUMENT},
             Accept=LINES),
        Case("split, an error", "POST", "split", {}, status=400),
        Case("embed", "POST", "embed", {"input": texts}),
        Case("embed, an error", "POST", "embed", {}, status=400),
        Case("rank", "POST", "rank", {"query": "报价", "texts": texts}),
        Case("rank, an error", "POST", "rank", {}, status=400),
        Case("fetch", "POST", "fetch", {"urls": [
            "http://127.0.0.1:%d/size/1000" % nginx.origin.port]}),
        Case("fetch, an error", "POST", "fetch", {}, status=400),
        Case("object", "GET", "object/a"),
        Case("object, as it comes", "GET", "object/gate/a", first=b"a"),
        Case("object, PUT", "PUT", "object/b", b"a, b"),
        Case("object, a list", "GET", "object/?list"),
        Case("object, an error", "GET", "object/none", status=404),
        Case("status", "GET", "status"),
        Case("status for Prometheus", "GET", "status?format=prometheus"),
        Case("status, an error", "POST", "status", b"", status=405),
        Case("an error of nginx's own", "POST", "denied", two, status=403),
    ]


class Bound:
    """how long anything may take; a run that has failed ends soon"""

    def __init__(self):
        self.failures = 0

    def seconds(self):
        return (20 if self.failures < 3 else 0.3) * SLOW

    def holds(self, good):
        self.failures += not good
        return good


def stand_in(nginx, path):
    request = urllib.request.Request("http://127.0.0.1:%d%s" % (
        nginx.llm_port, path), method="POST")
    urllib.request.urlopen(request, timeout=60).close()


def gates(nginx, is_open):
    if is_open:
        stand_in(nginx, "/_open?gate=open")
        nginx.bucket.gate.set()
    else:
        stand_in(nginx, "/_reset")
        nginx.bucket.gate.clear()


def exchange(nginx, neighbour, case, bound):
    """-> the reply when all of it is there, and what was wrong with it"""
    wrong = []
    gates(nginx, False)
    live = case.first and neighbour.live
    if not live:
        gates(nginx, True)
    reply = Reply(nginx.port, case.bytes(neighbour))
    if live:
        first = re.compile(case.first, re.DOTALL)
        if not bound.holds(reply.until(lambda r: first.search(r.body),
                                       bound.seconds())):
            wrong.append("not live")
        elif case.pings:
            n = reply.body.count(PING) + 2
            if not bound.holds(reply.until(lambda r: r.body.count(PING) >= n,
                                           bound.seconds())):
                wrong.append("no pings")
        gates(nginx, True)
    if not bound.holds(reply.wait(bound.seconds())):
        wrong.append("it does not end")
    reply.close()
    return reply, wrong


def steady(body):
    """without what differs from one time to the next"""
    body = body.replace(PING, b"")
    body = re.sub(rb'"(\w+_ms|processes)":(\d+|null)', rb'"\1":0', body)
    body = re.sub(rb'\{"progress":.*\n', b"", body)
    body = re.sub(rb"event: progress\n.*\n\n", b"", body)
    body = re.sub(rb"[\d.]+ (ms|s)\b", b"0", body)
    return body


def change_of(neighbour, case, ours_first):
    """
    An error that nginx makes is a problem once our filter has seen it, so
    those that see a body before ours do not see the problem.
    """
    if case.status >= 400 and not neighbour.errors \
            or case.path == "denied" and ours_first and neighbour.before:
        return same
    return neighbour.change


def compare(plain, reply, neighbour, case, ours_first):
    """-> what is wrong with it, beside the plain one"""
    wrong = []
    status, headers, body, whole = reply.parts()
    expected = plain.parts()
    change = change_of(neighbour, case, ours_first)
    if not whole:
        wrong.append("cut")
    if status != case.status:
        wrong.append("status %d" % status)
    kind = headers["Content-Type"] if headers else None
    if (kind or "").split(";")[0] != (expected[1]["Content-Type"]
                                      or "").split(";")[0]:
        wrong.append("type %s" % kind)
    if neighbour.mark and headers.get("X-Mark") != "yes":
        wrong.append("no X-Mark")
    if neighbour.coding and status == 200 and body \
            and headers.get("Content-Encoding") != neighbour.coding:
        wrong.append("no coding")
    body, expected = steady(body), steady(change(expected[2]))
    if body != expected:
        n = len(os.path.commonprefix([body, expected]))
        wrong.append("at %d: %r instead of %r"
                     % (n, body[n:n + 100], expected[n:n + 100]))
    return wrong


def ends(nginx):
    """how often Lua has seen an end, and pieces, since the last time"""
    with urllib.request.urlopen("http://127.0.0.1:%d/seen" % nginx.port,
                                timeout=60) as f:
        return [int(x) for x in f.read().split()]


def replies(ours_first):
    there = [n for n in NEIGHBOURS if not missing(n.module)]
    order = "ours first" if ours_first else "ours last"
    for n in NEIGHBOURS:
        if n not in there:
            Tap.ok(True, "%s, %s # skip there is no %s here"
                   % (n.name, order, " ".join(missing(n.module))))
    nginx = Nginx(ours_first, there)
    bound = Bound()
    try:
        known = cases(nginx)
        plain = {}
        for case in known:
            plain[case], wrong = exchange(nginx, PLAIN, case, bound)
            wrong += compare(plain[case], plain[case], PLAIN, case, ours_first)
            Tap.ok(not wrong, "%s, %s: %s" % (PLAIN.name, order, case.name),
                   "\n".join(wrong))
        for n in there:
            for case in known:
                reply, wrong = exchange(nginx, n, case, bound)
                wrong += compare(plain[case], reply, n, case, ours_first)
                if n.name == "lua" and ends(nginx)[0] != 1:
                    wrong.append("several ends")
                Tap.ok(not wrong, "%s, %s: %s" % (n.name, order, case.name),
                       "\n".join(wrong))
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


for first in True, False:
    replies(first)

Tap.end()
