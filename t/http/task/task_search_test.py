#!/usr/bin/python3
"""
Proves how a point about the document is asked: of the passages that fit its
query best, then of the next ones, at last of all; which reading decides, and
what it means that none has found anything.  Each place that is told is that of
the document; nothing is absent that was not looked for everywhere, and no more
calls are made than may be.
"""

import asyncio
import json
import os
import re
import sys
import urllib.parse

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, get

HTTP = """
    client_max_body_size 64m;
    review_llm /llm;
    review_zone gpu 1m;
    review_limit zone=gpu;
    review_retry tries=2 backoff=10ms max=20ms budget=1000%%;
    review_rubric r %(dir)s/r.json;
    review_max_points 200;
"""
SERVER = """
    review_chunk_uri /chunk calls=8;
    location = /task { review_task r; }
    location = /few { review_task r; review_max_calls 3; }
    location = /own { review_task r inline=on; }
    location = /chunk {
        internal;
        proxy_pass http://127.0.0.1:%(port)d/review;
    }
    location = /review { review; }
"""

FILLER = "本节叙述一般情况，供评标委员会参考，不作为承诺。"
CHUNKS = 40

# freed memory stays for a while where a sanitizer looks after it
SLACK = 4 if os.environ.get("TEST_REVIEW_ASAN") else 1


def text(planted, names={}):
    """CHUNKS chapters of a chunk each; those that are planted have a line more
    in front, those that are named another heading"""
    return "".join("# 第%d章 %s\n\n%s%s%s\n\n"
                   % (n + 1, names.get(n, "概述"), planted.get(n, ""),
                      FILLER * 6, "甲乙丙丁"[n % 4])
                   for n in range(CHUNKS))


def point(id, find, more="", **members):
    script = "[[key=%s find=%s %s]]" % (
        id, urllib.parse.quote(find).replace("_", "%5F"), more)
    return dict({"id": id, "title": "点" + id, "question": "有吗？" + script,
                 "scope": "document"}, **members)


POINTS = [
    point("first", "营业执照编号", query="执照"),
    point("absent", "安全生产许可证", query="许可证", absent="fail"),
    point("unsaid", "安全生产许可证", query="许可证"),
    point("far", "质保三年", query="保修期限"),
    point("once", "质保三年", query="保修期限", rounds=1),
    point("two", "质保三年", query="保修期限", rounds=2, absent="risk"),
    point("small", "营业执照编号", query="执照", k=2, max_context=2000),
    point("must", "质保三年", query="执照", when="质保", rounds=1),
    point("many", "标记.", query="标记", k=3),
    point("bad", "x", more="omit=found", query="执照"),
    point("below", "标记.", query="标记", heading=["报价", "投标报价"]),
    point("none", "标记.", query="标记", heading="没有这样的章"),
    point("steps", "营业执照编号", query="执照"),
    dict(point("weak", "x"), question="有吗？[[key=weak 500|cut|"
         "429 retry_after=1|503|reset|bad_json|find=没有的]]", absent="fail",
         query="执照"),
    dict(point("refused", "x"), question="有吗？[[key=refused find=没有的|"
         "find=没有的|400|find=没有的]]", absent="fail", query="执照"),
    dict(point("half", "x"), question="有吗？[[key=half 400|find=标记.]]",
         query="标记", rounds=2),
    dict(point("hung", "x"), question="有吗？[[key=hung find=没有的|hang]]",
         absent="fail", query="执照"),
    dict(point("last", "x"), question="有吗？[[key=last find=标记.|"
         "find=标记.|400]]", query="标记", k=2, when="标记", rounds=1),
    dict(point("other", "x"), question="有吗？[[key=other find=标记.|"
         "find=标记.|find=没有的]]", query="标记", k=2, when="标记", rounds=1),
    point("terms", "质保三年", "terms=%5B%22质保%22%5D", query="保修期限",
          expand=True),
    point("unasked", "质保三年", "terms=%5B%22质保%22%5D", query="保修期限"),
    {"id": "rule", "scope": "document", "rule": {
        "pattern": "标记[甲-鿿]", "no_match": "fail", "match": "risk"}},
    {"id": "across", "scope": "document", "heading": "投标报价",
     "rule": {"pattern": "(?s)标记甲.*标记乙", "no_match": "fail"}},
    dict(point("row", "标记."), scope="chunk", heading="投标报价"),
    dict(point("gate", "标记."), scope="chunk", when="没有的词"),
    dict(point("said", "标记."), scope="chunk", when="没有的词",
         absent="fail"),
    dict(point("plain", "标记."), scope="chunk"),
]
POINTS[-9]["steps"] = ["先看看。[[raw=%E5%A5%BD]]", POINTS[-9].pop("question")]


def dumps(value):
    return json.dumps(value, ensure_ascii=False).encode()


async def post(nginx, path, accept="application/json", **body):
    data = dumps(body)
    status, reply = await exchange(nginx.port, (
        "POST %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAccept: %s\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % (path, accept, len(data))).encode() + data)
    return status, reply


async def calls(nginx, key):
    return json.loads(await get(nginx.llm_port, "/_calls?key=" + key))


def chunk_of(call):
    """what a call was about, without what stands around it"""
    return re.search(r'<review-text id="chunk" (key="\w+")>\n(.*?)\n'
                     r"</review-text \1>",
                     "".join(m["content"] for m in call["body"]["messages"]),
                     re.S)[2]


async def ask(nginx, document, *points, path="/task", **more):
    """the report, and the calls of the first point"""
    await exchange(nginx.llm_port, b"POST /_reset HTTP/1.1\r\nHost: t\r\n"
                   b"Connection: close\r\nContent-Length: 0\r\n\r\n")
    status, reply = await post(nginx, path, document=document,
                               points=list(points),
                               split={"max_chars": 200}, **more)
    return status, json.loads(reply), await calls(nginx, points[0])


def placed(document, report):
    """every place that is told is there, with its heading"""
    return all(e["match"] == "none"
               or document[e["start"]:e["end"]] == e["quote"]
               for p in report["points"] for f in p["findings"]
               for e in f["evidence"])


def cell(report, point):
    found = [c for c in report["cells"] if c["point"] == point]
    return found[0] if len(found) == 1 else {}


def judged(report, n=0):
    """verdict, does a person have to look, how much was read"""
    p = report["points"][n]
    return p["verdict"], p["needs_human"], p.get("searched")


async def found_at_once(nginx):
    document = text({17: "营业执照编号 91440300。"})
    status, report, made = await ask(nginx, document, "first")
    Tap.ok(status == 200 and len(made) == 1
           and judged(report) == ("pass", False, {"chunks": 12, "of": CHUNKS,
                                                  "rounds": 1}),
           "found by its words", (status, judged(report), len(made)))
    one = cell(report, "first")
    evidence = report["points"][0]["findings"][0]["evidence"]
    Tap.ok(one.get("chunk", "") is None and one["status"] == "ok"
           and len(one["passages"]) == 12 and "c18" in one["passages"]
           and report["status"] == "complete",
           "one cell, of passages", one)
    Tap.ok(placed(document, report) and evidence[0]["quote"] == "营业执照编号"
           and evidence[0]["heading"] == ["第18章 概述"],
           "with its place in the document", evidence)
    chunk = chunk_of(made[0])
    labels = re.findall(r"^【第(\d+)段｜(.*)】$", chunk, re.M)
    Tap.ok([int(n) for n, _ in labels] == list(range(1, len(labels) + 1))
           and "第18章 概述" in [h for _, h in labels],
           "each passage is headed by a line", chunk[:200])


async def nowhere(nginx):
    document = text({})
    status, report, made = await ask(nginx, document, "absent")
    finding = report["points"][0]["findings"][0]
    Tap.ok(judged(report) == ("fail", False, {"chunks": CHUNKS, "of": CHUNKS,
                                              "rounds": 3})
           and finding["absent"] is True and finding["evidence"] == []
           and report["status"] == "complete",
           "what is nowhere fails", (judged(report), finding))
    chunks = [chunk_of(call) for call in made]
    Tap.ok(all(sum("第%d章 " % (n + 1) in c for c in chunks) == 1
               for n in range(CHUNKS)) and len(chunks) == 4,
           "each chunk was read, and once", len(chunks))

    status, report, made = await ask(nginx, document, "unsaid")
    Tap.ok(judged(report)[:2] == ("unsure", True),
           "or is unsure, where nobody says what that means", judged(report))


async def wider(nginx):
    """its words are none of the query's: it stands in a chunk of any rank"""
    document = text({33: "质保三年。"})
    status, report, made = await ask(nginx, document, "far")
    Tap.ok(judged(report) == ("pass", False, {"chunks": CHUNKS, "of": CHUNKS,
                                              "rounds": 3})
           and placed(document, report),
           "found in the end, whatever the words are", judged(report))

    status, report, made = await ask(nginx, document, "once")
    Tap.ok(len(made) == 1 and judged(report)
           == ("unsure", True, {"chunks": 12, "of": CHUNKS, "rounds": 1})
           and report["status"] == "partial"
           and "absent" not in report["points"][0]["findings"][0],
           "one round is not enough to say that it is nowhere",
           (judged(report), report["status"]))

    status, report, made = await ask(nginx, document, "two")
    Tap.ok(judged(report) == ("pass", False, {"chunks": CHUNKS, "of": CHUNKS,
                                              "rounds": 2}),
           "the second of two reads all", judged(report))

    status, report, made = await ask(nginx, document, "must")
    Tap.ok(len(made) == 2 and judged(report)
           == ("pass", False, {"chunks": 13, "of": CHUNKS, "rounds": 1}),
           "what its regex matches is read at once", judged(report))


async def several(nginx):
    document = text({3: "标记甲。", 20: "标记乙。", 35: "标记丙。",
                     36: "标记丁。"})
    status, report, made = await ask(nginx, document, "many")
    Tap.ok(judged(report)[0] == "pass" and len(made) == 1,
           "found in the first round: nothing more is read", judged(report))

    document = text({})
    status, report, made = await ask(nginx, document, "small")
    Tap.ok(all(len(chunk_of(call)) <= 2000 for call in made)
           and judged(report)[2]["chunks"] == CHUNKS,
           "no reading is larger than it may be",
           [len(chunk_of(call)) for call in made])


async def bounded(nginx):
    document = text({})
    status, report, made = await ask(nginx, document, "small", path="/few")
    Tap.ok(status == 200 and len(made) == 3
           and judged(report)[:2] == ("unsure", True)
           and judged(report)[2]["chunks"] < CHUNKS
           and report["status"] == "partial",
           "no more calls than review_max_calls",
           (status, len(made), judged(report)))


async def chapters(nginx):
    planted = {n: "标记甲。" for n in (3, 20, 35)}
    names = {20: "投标报价", 21: "投标报价说明"}
    document = text(planted, names)
    status, report, made = await ask(nginx, document, "below")
    Tap.ok(judged(report) == ("pass", False, {"chunks": 1, "of": 1,
                                              "rounds": 1})
           and cell(report, "below")["passages"] == ["c21"],
           "only below the heading that fits best", judged(report))

    status, report, made = await ask(nginx, document, "none")
    Tap.ok(judged(report)[2]["of"] == CHUNKS
           and report["points"][0]["notes"] == ["heading_not_found"],
           "everywhere, where none fits", report["points"][0])

    status, report, made = await ask(nginx, document, "row")
    Tap.ok(len(made) == 1 and judged(report)
           == ("pass", False, {"chunks": 1, "of": CHUNKS})
           and report["status"] == "complete",
           "a point of each chunk, too", judged(report))


async def trouble(nginx):
    """what passes costs time; what does not, never a verdict"""
    status, report, made = await ask(nginx, text({}), "weak")
    Tap.ok(judged(report) == ("fail", False, {"chunks": CHUNKS, "of": CHUNKS,
                                              "rounds": 3})
           and report["status"] == "complete" and len(made) > 7,
           "calls fail in every way: nothing is lost",
           (judged(report), cell(report, "weak"), len(made)))

    status, report, made = await ask(nginx, text({}), "refused")
    Tap.ok(judged(report)[:2] == (None, True)
           and judged(report)[2]["chunks"] < CHUNKS
           and cell(report, "refused")["error"]["code"] == "http_400"
           and report["points"][0]["findings"] == []
           and report["status"] != "complete",
           "a reading that fails for good: it is not nowhere",
           (judged(report), report["status"]))

    document = text({n: "标记甲。" for n in range(20)})
    status, report, made = await ask(nginx, document, "half")
    Tap.ok(judged(report)[:2] == ("pass", True)
           and report["status"] == "partial",
           "found in another: a person has to look",
           (judged(report), report["status"]))

    status, report, made = await ask(nginx, text({}), "hung", deadline=3)
    Tap.ok(judged(report)[:2] == (None, True)
           and cell(report, "hung")["status"] == "timeout"
           and "absent" not in json.dumps(report["points"]),
           "the deadline in mid-search", (judged(report),
                                          cell(report, "hung")))

    document = text({n: "标记甲。" for n in (3, 20, 35)})
    status, report, made = await ask(nginx, document, "last")
    Tap.ok(len(made) == 3 and judged(report)[:2] == (None, True)
           and cell(report, "last")["status"] == "failed",
           "the reading that was to decide has failed", judged(report))
    status, report, made = await ask(nginx, document, "other")
    Tap.ok(len(made) == 3 and judged(report)[:2] == ("unsure", True)
           and report["points"][0]["findings"][0]["verdict"] == "unsure",
           "or has not found it", judged(report))


async def other_words(nginx):
    document = text({33: "质保三年。"})
    status, report, made = await ask(nginx, document, "terms")
    Tap.ok(len(made) == 2 and judged(report)
           == ("pass", False, {"chunks": 24, "of": CHUNKS, "rounds": 2}),
           "by words that the LLM has named", (len(made), judged(report)))
    status, report, made = await ask(nginx, document, "unasked")
    Tap.ok(judged(report)[2]["rounds"] == 3,
           "unless nobody has asked for them", judged(report))


async def rules(nginx):
    document = text({n: "标记甲。" * 3 for n in range(0, CHUNKS, 2)})
    status, report, _ = await ask(nginx, document, "rule")
    evidence = report["points"][0]["findings"][0]["evidence"]
    Tap.ok(judged(report) == ("risk", False, {"chunks": CHUNKS, "of": CHUNKS,
                                              "rounds": 1})
           and len(evidence) == 20 and placed(document, report)
           and {e["quote"] for e in evidence} == {"标记甲"}
           and len(report["points"][0]["findings"]) == 1,
           "a rule sees all of the document, and tells where it matches",
           (judged(report), evidence[:2]))
    Tap.ok((await nginx.stats())["calls"] == 0, "and asks no LLM")

    status, report, _ = await ask(nginx, text({}), "rule")
    finding = report["points"][0]["findings"][0]
    Tap.ok(judged(report)[:2] == ("fail", False) and finding["absent"] is True
           and finding["evidence"] == [],
           "or that it does nowhere", (judged(report), finding))

    document = text({20: "标记甲。", 21: "标记乙。"},
                    {20: "投标报价", 21: "投标报价"})
    status, report, _ = await ask(nginx, document, "across")
    Tap.ok(judged(report)[0] == "pass" and placed(document, report)
           and report["points"][0]["findings"][0]["evidence"][0]["end"]
           == document.index("标记乙") + 3,
           "over the bounds of chunks, below a heading", judged(report))


async def not_read(nginx):
    document = text({3: "标记甲。"})
    status, report, made = await ask(nginx, document, "gate")
    Tap.ok(made == [] and judged(report)
           == (None, True, {"chunks": 0, "of": CHUNKS}),
           "what is asked nowhere has no verdict", judged(report))
    status, report, made = await ask(nginx, document, "said")
    Tap.ok(made == [] and judged(report)
           == ("fail", False, {"chunks": 0, "of": CHUNKS})
           and report["points"][0]["findings"][0]["absent"] is True,
           "unless the point says what that means", judged(report))
    status, report, made = await ask(nginx, document, "plain",
                                     select={"mode": "top_k", "k": 2})
    Tap.ok(len(made) == 2 and report["status"] == "partial"
           and judged(report)[2] == {"chunks": 2, "of": CHUNKS},
           "what was not selected is not read: never complete",
           (report["status"], judged(report)))
    status, report, made = await ask(nginx, document, "plain")
    Tap.ok(judged(report)[2] is None and report["status"] == "complete",
           "what was is", report["status"])


async def fresh(nginx):
    document = text({17: "营业执照编号 91440300。"})
    status, report, made = await ask(nginx, document, "first",
                                     fresh=["/first"])
    Tap.ok(status == 200 and judged(report)[0] == "pass",
           "a cell of the document past caches", status)
    for fresh, name in ((["c1/first"], "no chunk's"), (["/plain"], "a chunk's"),
                        (["/nothing"], "no point's")):
        status, reply = await post(nginx, "/task", document=document,
                                   points=["first", "plain"], fresh=fresh)
        Tap.ok(status == 422 and b"/fresh/0" in reply, "it is " + name,
               reply[:200])


async def dry(nginx):
    document = text({})
    status, report, _ = await ask(nginx, document, "absent", "once", "plain",
                                  dry_run=True)
    points = {p["point"]: (p["calls"], p["calls_most"], p["cells"]["asked"])
              for p in report["points"]}
    Tap.ok(points == {"absent": (1, 5, 1), "once": (1, 1, 1),
                      "plain": (CHUNKS, CHUNKS, CHUNKS)}
           and report["calls"] == CHUNKS + 2
           and report["calls_most"] == CHUNKS + 6,
           "a dry run tells the least and the most", points)
    status, reply = await post(nginx, "/few", document=document,
                               points=["absent", "once", "far", "two"],
                               split={"max_chars": 200})
    Tap.ok(status == 422 and "4 calls" in reply.decode(),
           "first rounds are held against review_max_calls", reply[:200])


async def bad(nginx):
    document = text({})
    status, report, made = await ask(nginx, document, "bad")
    Tap.ok(cell(report, "bad")["status"] == "failed"
           and cell(report, "bad")["error"]["code"] == "bad_answer"
           and judged(report)[:2] == (None, True)
           and report["status"] != "complete",
           "who does not say whether it is there says nothing",
           (judged(report), cell(report, "bad")))

    status, report, made = await ask(nginx, text({1: "营业执照编号 9。"}),
                                     "steps")
    Tap.ok(judged(report)[:2] == ("pass", False)
           and cell(report, "steps")["status"] == "ok",
           "in steps, too", judged(report))


async def growth(nginx, document, points):
    """KB, the most there is meanwhile"""
    begun = most = nginx.rss()
    task = asyncio.create_task(post(nginx, "/own", document=document,
                                    points=points, split={"max_chars": 1200}))
    while not task.done():
        await asyncio.sleep(0.02)
        most = max(most, nginx.rss())
    status, reply = task.result()
    report = json.loads(reply)
    Tap.ok(status == 200 and len(report["chunks"]) == 1000
           and report["status"] == "complete", "a thousand chunks are read",
           (status, report["status"], len(report["chunks"])))
    return most - begun


async def memory(nginx):
    """all is read for each of the points, in vain: 84 readings of each"""
    document = "".join("# %d\n\n%s\n\n" % (n, FILLER * 45)
                       for n in range(1000))
    points = [point("w%d" % n, "没有的", query="执照", absent="fail")
              for n in range(5)]
    alone = [dict(point("each", "没有的"), scope="chunk")]
    await growth(nginx, document, alone)
    each = await growth(nginx, document, alone)
    whole = await growth(nginx, document, points)
    print("# %d KB, of each chunk %d KB" % (whole, each))
    size = len(document.encode()) // 1024
    Tap.ok(whole <= SLACK * (each + 4 * size), "readings take no more memory "
           "than chunks do, and four times the text", (whole, each, size))


async def scenes(nginx):
    await found_at_once(nginx)
    await nowhere(nginx)
    await wider(nginx)
    await several(nginx)
    await bounded(nginx)
    await chapters(nginx)
    await trouble(nginx)
    await other_words(nginx)
    await rules(nginx)
    await not_read(nginx)
    await fresh(nginx)
    await dry(nginx)
    await bad(nginx)
    await memory(nginx)


def main():
    nginx = Harness()
    try:
        with open(os.path.join(nginx.dir, "r.json"), "w") as rubric:
            json.dump({"name": "r", "points": POINTS}, rubric)
        nginx.renew(http=HTTP % nginx.settings, server=SERVER % nginx.settings)
        asyncio.run(scenes(nginx))
    finally:
        bad = nginx.close()
    Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))
    Tap.end()


main()
