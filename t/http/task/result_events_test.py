#!/usr/bin/python3
"""
Proves that a stream of a task tells each cell when it has come to its end, once
and with what the report says of it: as events and as lines; cells that are
skipped, that fail, that are asked again, and those whose time is over.  The
last progress is that all are done.  A client that reads slowly loses no result,
and costs the worker no memory for those that wait.
"""

import asyncio
import json
import os
import socket
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, free_port

EVENTS = "text/event-stream"
LINES = "application/x-ndjson"
MB = 1 << 20

HTTP = """
    client_max_body_size 16m;
    review_llm /llm model=stand-in;
    review_retry tries=1;
    %(rubrics)s
    server {
        listen 127.0.0.1:%(chunks)d;
        location / { review; review_timeout 600s; }
        location = /llm {
            internal;
            proxy_pass http://llm/v1/chat/completions;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
"""
SERVER = """
        review_chunk_uri /chunk calls=8;
        location = /mixed { review_task mixed; }
        location = /again { review_task again; }
        location = /whole { review_task whole; }
        location = /late { review_task late; }
        location = /large { review_task large; }
        location = /drip { review_task large; limit_rate 4m; }
        location = /chunk {
            internal;
            proxy_pass http://127.0.0.1:%(chunks)d/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
"""


def point(name, script, **more):
    return {"id": name, "question": "%s？[[%s]]" % (name, script), **more}


# of a large result, bytes; and how many there are

HUGE = 64 * 1024
ROWS = 320

RUBRICS = {
    "mixed": [
        point("fails", "verdict=fail excerpt=8"),
        point("quotes", "verdict=pass excerpt=8"),
        point("passes", "verdict=pass noquote"),
        point("nowhere", "verdict=fail quote=哪里也没有的话"),
        point("lost", "404"),
        point("gated", "verdict=fail", when="没有这样的字"),
        {"id": "rule", "rule": {"pattern": "九十日", "match": "fail",
                                "reason": "期限"}}],
    "again": [point("good", "ok"), point("bad", "500|500|verdict=risk")],
    "whole": [
        point("passes", "ok"),
        point("missing", "raw=" + urllib.parse.quote(json.dumps({
            "reason": "没有", "quote": "", "found": False,
            "verdict": "not_applicable", "suggestion": "", "confidence": 1})),
            scope="document", query=["执照"], absent="fail"),
        {"id": "rule", "scope": "document",
         "rule": {"pattern": "九十日", "match": "fail"}}],
    "late": [point("good", "ok"), point("hangs", "hang")],
    "large": [point("large", "verdict=fail noquote huge=%d" % HUGE)],
}


def document(n):
    return "".join("# 第 %d 节\n\n投标有效期为九十日，第%d项，𠮷。\n\n" % (i, i)
                   for i in range(n))


class Stream:
    """a task, of which a client reads as slowly as the test likes"""

    def __init__(self, nginx, path, accept, **body):
        body.setdefault("split", {"max_chars": 40})
        data = json.dumps(body, ensure_ascii=False).encode()
        self.accept = accept
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        self.sock.connect(("127.0.0.1", nginx.port))
        self.sock.settimeout(120 * SLOW)
        self.sock.sendall(
            ("POST %s HTTP/1.0\r\nHost: test\r\nAccept: %s\r\n"
             "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
             % (path, accept, len(data))).encode() + data)
        self.data = bytearray()

    def read(self):
        while piece := self.sock.recv(MB):
            self.data += piece
        self.sock.close()
        self.events = []
        body = bytes(self.data).partition(b"\r\n\r\n")[2].decode()
        if self.accept == LINES:
            for line in body.splitlines():
                (name, data), = json.loads(line).items()
                self.events.append(("done" if name == "report" else name,
                                    data))
        else:
            for event in body.split("\n\n"):
                if event.startswith("event: "):
                    name, _, data = event[7:].partition("\ndata: ")
                    self.events.append((name, json.loads(data)))
        return self

    def named(self, name):
        return [data for n, data in self.events if n == name]


KEYS = ("chunk", "point", "status", "attempts", "elapsed_ms", "verdict",
        "notes", "warnings", "error")


def same(results, report):
    """each cell once, and as the report has it"""
    told = {(r["chunk"], r["point"]): {k: r.get(k) for k in KEYS}
            for r in results}
    cells = {(c["chunk"], c["point"]): {k: c.get(k) for k in KEYS}
             for c in report["cells"]}
    return len(results) == len(cells) and told == cells


def ends(stream, name):
    """what all streams have in common"""
    kinds = [kind for kind, _ in stream.events]
    report, progress = stream.events[-1][1], stream.named("progress")
    Tap.ok(kinds[-1] == "done" and kinds[-2] == "progress"
           and set(kinds) == {"document", "result", "progress", "done"},
           name + "results, progress, and at last the report", kinds[-8:])
    Tap.ok(same(stream.named("result"), report),
           name + "each cell once, as the report has it",
           (len(stream.named("result")), len(report["cells"])))
    Tap.ok(progress[-1]["done"] == progress[-1]["total"]
           == len(report["cells"]) and progress[-1]["eta_ms"] == 0
           and [p["done"] for p in progress]
           == sorted(p["done"] for p in progress)
           and len([p for p in progress if p["done"] == p["total"]]) == 1,
           name + "the last progress is all of it, once", progress[-3:])
    return report


def mixed(nginx, accept, name):
    text = document(12)
    stream = Stream(nginx, "/mixed", accept, document=text).read()
    report = ends(stream, name)
    results = stream.named("result")
    of = {p: [r for r in results if r["point"] == p]
          for p in ("fails", "quotes", "passes", "nowhere", "lost", "gated",
                    "rule")}
    Tap.ok(all(r["finding"] is None and r["verdict"] == "pass"
               and r["needs_human"] is False for r in of["passes"])
           and all(r["status"] == "skipped" and "finding" not in r
                   for r in of["gated"])
           and all(r["error"]["code"] == "http_404" and "finding" not in r
                   for r in of["lost"]),
           name + "what the report has no finding of has none",
           (of["passes"][:1], of["gated"][:1], of["lost"][:1]))
    odd = [e for p in ("fails", "quotes", "rule") for r in of[p]
           for e in r["finding"]["evidence"]
           if text[e["start"]:e["end"]] != e["quote"]
           or e["source"] != "document" or e["line"] < 1
           or r["finding"]["chunks"] != [r["chunk"]]]
    Tap.ok(not odd and all(r["finding"]["evidence"]
                           for p in ("fails", "quotes", "rule")
                           for r in of[p]),
           name + "places are the document's", odd[:3])
    known = {json.dumps(e, sort_keys=True) for p in report["points"]
             for f in p["findings"] for e in f["evidence"]}
    odd = [e for p in ("fails", "quotes", "rule") for r in of[p]
           for e in r["finding"]["evidence"]
           if json.dumps(e, sort_keys=True) not in known]
    Tap.ok(not odd, name + "those that the report tells", odd[:3])
    Tap.ok(all(e["source"] is None and e["searched"] is False
               for r in of["nowhere"] for e in r["finding"]["evidence"])
           and all(r["needs_human"] and not r["finding"]["grounded"]
                   for r in of["nowhere"]),
           name + "what stands nowhere was not sought yet", of["nowhere"][:1])


def skipped(nginx):
    stream = Stream(nginx, "/mixed", EVENTS, document=document(9),
                    select={"mode": "top_k", "k": 2}).read()
    report = ends(stream, "top_k: ")
    Tap.ok(sum(c["status"] == "skipped" for c in report["cells"])
           > len(report["cells"]) // 2, "top_k: most cells are skipped")
    stream = Stream(nginx, "/mixed", LINES, points=["gated"],
                    document=document(3)).read()
    ends(stream, "a gate that is closed: ")


def again(nginx):
    stream = Stream(nginx, "/again", EVENTS, document=document(1)).read()
    ends(stream, "asked again: ")
    bad = [r for r in stream.named("result") if r["point"] == "bad"]
    Tap.ok(any(p.get("failing") for p in stream.named("progress"))
           and [(r["status"], r["verdict"], r["attempts"]) for r in bad]
           == [("ok", "risk", 3)],
           "a cell that is asked again is told when it has its end", bad)
    kinds = [(k, d.get("point")) for k, d in stream.events]
    Tap.ok(kinds.index(("result", "good")) < kinds.index(("result", "bad")),
           "the others of its chunk are told before", kinds)


def whole(nginx):
    """a point about the document has one cell, told with its passages"""
    text = document(5)
    stream = Stream(nginx, "/whole", EVENTS, document=text).read()
    report = ends(stream, "about the document: ")
    of = {r["point"]: r for r in stream.named("result") if r["chunk"] is None}
    Tap.ok(set(of) == {"missing", "rule"}
           and len(report["cells"]) == 5 + 2
           and all(r["passages"] == ["c1", "c2", "c3", "c4", "c5"]
                   for r in of.values()), "it is told with its passages", of)
    Tap.ok(of["missing"]["finding"]["absent"] is True
           and of["missing"]["verdict"] == "fail"
           and [text[e["start"]:e["end"]]
                for e in of["rule"]["finding"]["evidence"]]
           == ["九十日"] * 5, "and what was found", of)


def late(nginx):
    for accept in EVENTS, LINES:
        stream = Stream(nginx, "/late", accept, document=document(20),
                        deadline=3 * SLOW).read()
        report = ends(stream, "a deadline: ")
        codes = {c["error"]["code"] for c in report["cells"]
                 if c["status"] == "timeout"}
        Tap.ok(codes == {"deadline"}, "a deadline: it was one", codes)


async def calls(nginx, n):
    while (await nginx.stats())["answered"] < n:
        await asyncio.sleep(0.05)


def quiet(nginx):
    """until no worker grows any more: what is told has been told"""
    async def until():
        last, same = None, 0
        while same < 20:
            await asyncio.sleep(0.05)
            now = nginx.rss()
            same = same + 1 if now == last else 0
            last = now
    asyncio.run(until())


def slow(nginx):
    """a client that reads nothing until all reviews have ended"""
    body = {"document": document(ROWS)}
    for _ in range(2):
        Stream(nginx, "/large", "application/json", **body).read()
    before = (asyncio.run(nginx.stats()))["answered"]
    base = nginx.rss()
    stream = Stream(nginx, "/large", EVENTS, **body)
    asyncio.run(calls(nginx, before + ROWS))
    quiet(nginx)
    grown = (nginx.rss() - base) / 1024
    stream.read()
    ends(stream, "a slow client: ")
    total = sum(len(json.dumps(r)) for r in stream.named("result"))
    print("# %d results, %.0f MB, beside the report %.0f MB"
          % (len(stream.named("result")), total / MB, grown))
    Tap.ok(all(len(r["finding"]["reason"].encode()) > HUGE // 2
               for r in stream.named("result")) and total > 8 * MB,
           "a slow client: results are whole", total)
    Tap.ok(grown < total / MB / 2 or SLOW > 1,
           "a slow client: no copy of them is kept", (grown, total / MB))
    stream = Stream(nginx, "/drip", LINES, **body).read()
    ends(stream, "limit_rate: ")


def leaves(nginx):
    """one that leaves with results unsent"""
    for _ in range(3):
        stream = Stream(nginx, "/large", EVENTS, document=document(40))
        stream.sock.recv(4096)
        stream.sock.close()
    stream = Stream(nginx, "/mixed", EVENTS, document=document(2)).read()
    ends(stream, "after clients have left: ")


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for name, points in RUBRICS.items():
            with open(os.path.join(folder, name), "w") as f:
                json.dump({"name": name, "points": points}, f)
        chunks = free_port()
        nginx = Harness(http=HTTP % {"chunks": chunks, "rubrics": "".join(
            "review_rubric %s %s/%s;\n" % (n, folder, n) for n in RUBRICS)},
            server=SERVER % {"chunks": chunks}, record=False)
        try:
            mixed(nginx, EVENTS, "events: ")
            mixed(nginx, LINES, "lines: ")
            skipped(nginx)
            again(nginx)
            whole(nginx)
            late(nginx)
            slow(nginx)
            leaves(nginx)
        finally:
            bad = nginx.close()
            Tap.ok(not bad, "nothing alarming is in the error log",
                   "\n".join(bad))
    Tap.end()


if __name__ == "__main__":
    main()
