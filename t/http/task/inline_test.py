#!/usr/bin/python3
"""
Proves that a task takes a rubric of its own, or points of its own among others,
where "inline=on" is set, and nowhere else: what is asked of the LLM then is
what a rubric of the configuration with the same text would ask; clients set no
more than clients may; each mistake is told with the member at fault, a bad
regex before anything is asked; gates count in a dry run; of what is the
client's all chunks share one; and keys of chunks tell rubrics apart.
"""

import asyncio
import json
import os
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, free_port, get, wait_for

HTTP = """
    client_max_body_size 16m;
    review_llm /llm model=stand-in;
    review_retry tries=1;
    review_rubric bid %(folder)s/bid;
    log_format keys '$arg_of $review_chunk_key';
    server {
        listen 127.0.0.1:%(chunks)d;
        location / { review inline=on; }
        location /off { review; }
        location = /llm {
            internal;
            proxy_pass http://llm/v1/chat/completions;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
"""
SERVER = """
        location = /task { review_task bid inline=on; review_chunk_uri /chunk; }
        location = /bare { review_task inline=on; review_chunk_uri /chunk; }
        location = /few {
            review_task bid inline=on;
            review_max_points 3;
            review_chunk_uri /chunk;
        }
        location = /gone {
            review_task bid inline=on;
            review_chunk_uri /nobody;
        }
        location = /nobody { internal; return 503; }
        location = /calls {
            review_task bid inline=on;
            review_max_calls 3;
            review_chunk_uri /chunk;
        }
        location = /off { review_task bid; review_chunk_uri /chunk; }
        location = /review { review inline=on; access_log keys.log keys; }
        location = /review_off { review; }
        location = /chunk {
            internal;
            proxy_pass http://127.0.0.1:%(chunks)d/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
"""

DOCUMENT = "".join("# 第 %d 节\n\n投标有效期为九十日，第%d项。\n\n" % (i, i)
                   for i in range(6))
SPLIT = {"max_chars": 40}


def point(name, script="ok", **more):
    return {"id": name, "question": "%s？[[%s]]" % (name, script), **more}


OWN = {"name": "自带", "version": "7", "language": "en",
       "system": "You are the client's own reviewer.", "points": [
           point("a", "echo"),
           point("gate", when="第[13]项", temperature=0.5),
           {"id": "rule", "rule": {"pattern": "九十日", "match": "fail",
                                   "reason": "期限"}}]}
BID = {"name": "bid", "version": "1", "points": [
    point("p1"), point("p2"), point("p3")]}


def ask(nginx, path, accept="application/json", **body):
    body = {"document": DOCUMENT, "split": SPLIT, **body}
    data = json.dumps(body, ensure_ascii=False).encode()
    status, reply = asyncio.run(exchange(nginx.port, (
        "POST %s HTTP/1.0\r\nHost: test\r\nAccept: %s\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % (path, accept, len(data))).encode() + data))
    return status, json.loads(reply) if accept.endswith("/json") else reply


def chunk(nginx, path, **body):
    data = json.dumps({"chunk": "投标有效期为九十日，第1项。", **body},
                      ensure_ascii=False).encode()
    status, reply = asyncio.run(exchange(nginx.port, (
        "POST %s HTTP/1.0\r\nHost: test\r\nContent-Type: application/json\r\n"
        "Content-Length: %d\r\n\r\n" % (path, len(data))).encode() + data))
    return status, json.loads(reply)


def calls(nginx):
    return [json.loads(call["body"]) if isinstance(call["body"], str)
            else call["body"]
            for call in json.loads(asyncio.run(get(nginx.llm_port,
                                                   "/_calls")))]


def reset(nginx):
    asyncio.run(get(nginx.llm_port, "/_reset", "POST"))


def bodies(nginx):
    """what the LLM was asked, whatever the order"""
    return sorted(json.dumps(body, sort_keys=True) for body in calls(nginx))


def plain(report):
    """the report but for what comes of the hour"""
    for name in ("timings", "elapsed_ms"):
        report.pop(name, None)
    for cell in report["cells"]:
        cell.pop("elapsed_ms")
    return report


def rubric(nginx):
    reset(nginx)
    status, report = ask(nginx, "/task", rubric=OWN)
    cells = {(c["point"], c["status"]) for c in report["cells"]}
    Tap.ok(status == 200 and report["status"] == "complete"
           and report["rubric"] == {"name": "自带", "version": "7",
                                    "inline": True}
           and cells == {("a", "ok"), ("gate", "ok"), ("gate", "skipped"),
                         ("rule", "ok")},
           "a rubric of its own", (status, report))
    asked = calls(nginx)
    Tap.ok(len(asked) == 6 + 2 and all(
        body["messages"][0]["content"].startswith(OWN["system"])
        for body in asked), "its system message, its gate",
        [body["messages"][0] for body in asked[:1]])
    mine = bodies(nginx)

    with open(os.path.join(nginx.folder, "bid"), "w") as f:
        json.dump(OWN, f)
    nginx.renew()
    reset(nginx)
    status, other = ask(nginx, "/task")
    Tap.ok(bodies(nginx) == mine, "asks what one in the configuration does",
           (len(mine), len(calls(nginx))))
    report["rubric"].pop("inline")
    Tap.ok(plain(other) == plain(report), "and has the same report",
           (other["cells"][0], report["cells"][0]))
    with open(os.path.join(nginx.folder, "bid"), "w") as f:
        json.dump(BID, f)
    nginx.renew()

    for kind in "text/event-stream", "application/x-ndjson", "text/markdown":
        status, reply = ask(nginx, "/bare", kind, rubric=OWN)
        Tap.ok(status == 200 and reply.rstrip(), "as %s" % kind)
    status, report = ask(nginx, "/bare", rubric=OWN, points=["rule"])
    Tap.ok(status == 200 and [p["point"] for p in report["points"]]
           == ["rule"], "some of its points", report)
    status, report = ask(nginx, "/bare", rubric={**OWN, "x-note": "备注"},
                         points=["rule", point("more")],
                         fresh=["c1/more"])
    Tap.ok(status == 200 and report["status"] == "complete"
           and len(report["cells"]) == 12, "and more", report)


def among(nginx):
    status, report = ask(nginx, "/task", points=["p2", point("own"), "p1",
                                                 point("other")])
    Tap.ok(status == 200 and report["status"] == "complete"
           and [p["point"] for p in report["points"]]
           == ["p2", "own", "p1", "other"]
           and len(report["cells"]) == 24
           and report["rubric"] == {"name": "bid", "version": "1"},
           "points of its own among those of the rubric", report)
    status, report = ask(nginx, "/bare", points=[point("only")])
    Tap.ok(status == 200 and report["rubric"] is None
           and report["status"] == "complete", "points alone", report)
    status, page = ask(nginx, "/bare", "text/markdown",
                       points=[point("only", "verdict=fail")])
    Tap.ok(status == 200 and "only" in page.decode(), "as Markdown")
    # some of them large, so that pieces are shared: whatever is asked
    wide = [point("w%d" % i, title="字" * (700 if i % 3 else 3))
            for i in range(20)]
    mixed = [p if i % 4 else "p%d" % (i // 4 + 1) if i < 12 else p
             for i, p in enumerate(wide)]
    for select in {"mode": "all"}, {"mode": "top_k", "k": 2}:
        status, report = ask(nginx, "/task", points=mixed, select=select)
        odd = [c for c in report.get("cells") or [report]
               if c["status"] not in ("ok", "skipped")]
        Tap.ok(status == 200 and not odd and len(report["cells"]) == 120,
               "some of them large: %s" % select["mode"], odd[:2])
    status, report = ask(nginx, "/task", points=[
        "p1", point("bad", "500|verdict=risk", title="字" * 700), "p2"],
        document="一段。")
    Tap.ok(status == 200 and [c["status"] for c in report["cells"]]
           == ["ok"] * 3 and report["cells"][1]["attempts"] == 2,
           "what fails is asked again", report)


def refused(nginx):
    def check(name, status, pointer, words, path="/task", **body):
        got, problem = ask(nginx, path, **body)
        Tap.ok(got == status and problem.get("pointer") == pointer
               and words in problem["detail"], name, (got, problem))

    check("a rubric where it is off", 422, "/rubric", "inline=on", "/off",
          rubric=OWN)
    check("a point where it is off", 422, "/points/1", "inline=on", "/off",
          points=["p1", point("own")])
    check("a rubric of another type", 400, "/rubric", "must be the name",
          rubric=7)
    check("a name that is unknown", 422, "/rubric", "no rubric", rubric="no")
    check("no rubric", 400, "/rubric", "is missing", "/bare")
    check("a member that is unknown", 400, "/rubric/nmae", "unknown",
          rubric={**OWN, "nmae": 1})
    check("a point's member", 400, "/rubric/points/0/questoin", "unknown",
          rubric={**OWN, "points": [point("a", questoin="?")]})
    check("a point's member in the list", 400, "/points/0/questoin", "unknown",
          points=[point("a", questoin="?")])
    check("no points", 400, "/rubric", "points",
          rubric={"name": "x"})
    check("an empty list", 400, "/rubric/points", "1 to", rubric={
        "name": "x", "points": []})
    check("two of an id", 400, "/rubric/points/1/id", "already",
          rubric={**OWN, "points": [point("a"), point("a")]})
    check("twice in the list", 422, "/points/1", "twice",
          points=["p1", point("p1")])
    check("an id that is not the rubric's", 422, "/points/0", "no such",
          rubric=OWN, points=["p1"])
    check("an id without a rubric", 422, "/points/1", "no rubric", "/bare",
          points=[point("a"), "p1"])
    check("a parameter that no client may set", 400, "/rubric/params/user",
          "", rubric={**OWN, "params": {"user": "x"}})
    check("of a point", 400, "/rubric/points/0/params/user", "",
          rubric={**OWN, "points": [point("a", params={"user": "x"})]})
    check("too many points", 422, "/rubric/points", "review_max_points",
          "/few", rubric={**OWN, "points": [point("p%d" % i)
                                            for i in range(4)]})
    check("too many in the list", 422, "/points", "review_max_points",
          "/few", points=[point("p%d" % i) for i in range(4)])
    large = [point("p%d" % i, title="x" * 4000) for i in range(300)]
    check("a rubric that is too large", 413, "/rubric", "at most", rubric={
        **OWN, "points": large})
    check("points that are", 413, "/points", "more than", points=large)
    before = len(calls(nginx))
    check("a bad regex", 400, "/rubric/points/1/when", "is not a valid regex",
          rubric={**OWN, "points": [point("a"), point("b", when="(")]})
    check("of a rule, in the list", 400, "/points/1/rule/pattern",
          "is not a valid regex", points=["p1", {"id": "r", "rule": {
              "pattern": "[", "match": "fail"}}])
    check("in a dry run", 400, "/points/0/when", "is not a valid regex",
          dry_run=True, points=[point("a", when="*")])
    Tap.ok(len(calls(nginx)) == before, "before anything is asked")
    check("what a prompt lacks", 422, "/vars/who", "missing", rubric={
        **OWN, "points": [{"id": "a", "prompt": "{{vars.who}} {{chunk}}"}]})
    status, report = ask(nginx, "/task", rubric={**OWN, "llm": "nobody"})
    Tap.ok(status == 502 and {c["error"]["code"] for c in report["cells"]}
           == {"http_422"} and "nobody" in json.dumps(report["cells"]),
           "an LLM that is not there", report)


def counted(nginx):
    status, plan = ask(nginx, "/task", rubric=OWN, dry_run=True)
    Tap.ok(status == 200 and plan["cells"] == {
        "asked": 8, "rule": 6, "when": 4, "skipped": 0}
        and plan["rubric"]["inline"] is True,
        "a dry run counts gates", plan)
    gate = [point("gate", when="第[13]项")]
    status, plan = ask(nginx, "/calls", points=gate)
    Tap.ok(status == 200 and plan["status"] == "complete",
           "review_max_calls does", plan)
    status, plan = ask(nginx, "/calls", points=gate + [point("a")])
    Tap.ok(status == 422 and "review_max_calls" in plan["detail"],
           "and refuses more", plan)


def chunks(nginx):
    status, reply = chunk(nginx, "/review", rubric=OWN)
    Tap.ok(status == 200 and reply["status"] == "complete"
           and reply["rubric"] == {"name": "自带", "version": "7",
                                   "inline": True}
           and [r["point"] for r in reply["results"]]
           == ["a", "gate", "rule"], "a chunk's review has a rubric", reply)
    status, reply = chunk(nginx, "/review_off", rubric=OWN)
    Tap.ok(status == 422 and reply["pointer"] == "/rubric"
           and "inline=on" in reply["detail"], "not where it is off", reply)
    status, reply = chunk(nginx, "/review_off", points=[point("a")])
    Tap.ok(status == 200, "points of its own it always has", reply)
    status, reply = chunk(nginx, "/review", rubric={**OWN, "points": [
        point("a"), point("b", when="(")]}, points=["b"])
    Tap.ok(status == 400 and reply["pointer"] == "/rubric/points/1/when",
           "a bad regex is where it stands", reply)
    status, reply = chunk(nginx, "/review", rubric={**OWN, "llm": "nobody"})
    Tap.ok(status == 422 and reply["pointer"] == "/rubric",
           "an LLM that is not there", reply)


def keys(nginx):
    path = os.path.join(nginx.dir, "keys.log")
    one = {**OWN, "system": "Another reviewer."}
    for i, own in enumerate((OWN, OWN, one, None)):
        chunk(nginx, "/review?of=%d" % i, points=["rule"] if own else [
            {"id": "rule", "rule": {"pattern": "a", "match": "fail"}}],
              **({"rubric": own} if own else {}))

    def logged():
        with open(path) as f:
            return dict(line.split() for line in f if line[0] != "-")
    wait_for(lambda: len(logged()) == 4)
    known = logged()
    Tap.ok(known["0"] == known["1"] != known["2"] and len(known) == 4
           and known["3"] not in (known["0"], known["2"]),
           "keys of chunks tell rubrics apart", known)


def peak(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(f.read().partition("VmHWM:")[2].split()[0]) / 1024


def many(nginx):
    """what could not be sent is kept, to be sent again: of what is the
    client's, all chunks share one"""
    large = {"id": "large", "rule": {"pattern": "没有这样的话",
                                     "match": "fail", "reason": "字" * 300000}}
    for name, body in (
            ("rubric", {"rubric": {**OWN, "points": [large]}}),
            ("point", {"points": ["p1", large]})):
        nginx.renew()
        worker = nginx.workers()[0]
        before = peak(worker)
        status, report = ask(nginx, "/gone", deadline=4 * SLOW,
                             document="".join("# 第 %d 节\n\n有效期。\n\n" % i
                                              for i in range(300)), **body)
        grown = peak(worker) - before
        print("# %d chunks, a %s of 900 KB: %.0f MB"
              % (len(report["chunks"]), name, grown))
        Tap.ok(status in (502, 504) and len(report["chunks"]) == 300
               and (grown < 16 or SLOW > 1),
               "a large %s is kept once" % name, (status, grown))


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with open(os.path.join(folder, "bid"), "w") as f:
            json.dump(BID, f)
        chunks_port = free_port()
        nginx = Harness(http=HTTP % {"chunks": chunks_port, "folder": folder},
                        server=SERVER % {"chunks": chunks_port})
        nginx.folder = folder
        try:
            rubric(nginx)
            among(nginx)
            refused(nginx)
            counted(nginx)
            chunks(nginx)
            keys(nginx)
            many(nginx)
        finally:
            bad = nginx.close()
            Tap.ok(not bad, "nothing alarming is in the error log",
                   "\n".join(bad))
    Tap.end()


if __name__ == "__main__":
    main()
