#!/usr/bin/python3
"""
Proves that a task may review several documents at once: one report, in which
each chunk, and each place, is that of its document; what may be asked of which,
and what is wrong with a list of documents.
"""

import asyncio
import json
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, Tap, exchange, get
from origin import Origin

HTTP = """
    client_max_body_size 64m;
    review_llm /llm;
    review_zone gpu 1m;
    review_limit zone=gpu;
    review_retry tries=1;
    review_rubric r %(dir)s/r.json;
    review_fetch_allow 127.0.0.1;
"""
SERVER = """
    review_chunk_uri /chunk calls=8;
    location = /task { review_task r; }
    location = /review { review; }
    location = /chunk {
        internal;
        proxy_pass http://127.0.0.1:%(port)d/review;
    }
"""


def script(id, words):
    return "有吗？[[key=%s %s]]" % (id, words)


def find(id, regex):
    return script(id, "find=" + urllib.parse.quote(regex))


POINTS = [
    {"id": "all", "question": script("all", "excerpt=6")},
    {"id": "price", "question": script("price", "excerpt=6"),
     "documents": "price*"},
    {"id": "none", "question": script("none", "ok"), "documents": ["x", "y*"]},
    {"id": "licence", "question": find("licence", "执照编号"),
     "scope": "document", "query": "执照"},
    {"id": "there", "question": find("there", "执照编号"), "absent": "fail",
     "scope": "document", "query": "执照", "documents": ["price*"]},
    {"id": "chapter", "question": find("chapter", "总价"),
     "scope": "document", "heading": "投标报价"},
    {"id": "rule", "scope": "document", "rule": {"pattern": "总价"}},
    {"id": "made", "question": script("made", "verdict=fail "
                                      "quote=执照编号_9144")},
]
BID = "# 第一章 资格\n\n营业执照编号 9144。" + "甲" * 150 + "\n\n# 第二章 其他\n\n" \
    + "乙" * 150 + "。\n"
PRICE = "# 投标报价\n\n总价 100 万元。" + "丙" * 150 + "\n\n# 附录\n\n" \
    + "丁" * 150 + "。\n"
TEXTS = {"bid": BID, "price.md": PRICE}
DOCUMENTS = [{"id": "bid", "text": BID}, {"id": "price.md", "text": PRICE}]


def dumps(value):
    return json.dumps(value, ensure_ascii=False).encode()


async def post(nginx, accept="application/json", **body):
    data = dumps(dict({"split": {"max_chars": 200}}, **body))
    return await exchange(nginx.port, (
        "POST /task HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAccept: %s\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % (accept, len(data))).encode() + data)


async def ask(nginx, *points, **more):
    status, reply = await post(nginx, points=list(points), **dict(
        {"documents": DOCUMENTS}, **more))
    return status, json.loads(reply)


def evidence(report):
    return [e for p in report["points"] for f in p["findings"]
            for e in f["evidence"]]


def placed(report, texts=TEXTS):
    """every place is there, in the document that it is said to be of"""
    return all(texts[e["source"]][e["start"]:e["end"]] == e["quote"]
               for e in evidence(report))


async def one_report(nginx):
    status, report = await ask(nginx, "all")
    Tap.ok(status == 200 and report["status"] == "complete"
           and [d["id"] for d in report["documents"]] == list(TEXTS)
           and [d["chunks"] for d in report["documents"]] == [2, 2]
           and report["document"] == {"chars": len(BID + PRICE), "chunks": 4},
           "one report of two documents", (status, report))
    Tap.ok([c["id"] for c in report["chunks"]]
           == ["bid/c1", "bid/c2", "price.md/c1", "price.md/c2"]
           and [c["start"] for c in report["chunks"]][2] == 0,
           "their chunks have names and places of their own",
           report["chunks"])
    Tap.ok(placed(report) and {e["source"] for e in evidence(report)}
           == set(TEXTS) and all(e["heading"] for e in evidence(report)),
           "places are those of their documents", evidence(report))
    Tap.ok(all(len(f["chunks"]) == 1 for f in report["points"][0]["findings"]),
           "findings of several documents stay apart")

    status, report = await ask(nginx, "all", documents=[
        {"text": BID}, {"text": BID}])
    Tap.ok([d["id"] for d in report["documents"]] == ["d1", "d2"]
           and len(report["points"][0]["findings"]) >= 2
           and placed(report, {"d1": BID, "d2": BID}),
           "be they the same", report["points"])


async def of_some(nginx):
    status, report = await ask(nginx, "price")
    cells = {c["chunk"]: c["status"] for c in report["cells"]}
    Tap.ok(cells == {"bid/c1": "skipped", "bid/c2": "skipped",
                     "price.md/c1": "ok", "price.md/c2": "ok"}
           and report["points"][0]["verdict"] == "pass"
           and report["status"] == "complete",
           "a point of some documents alone", (cells, report["status"]))
    status, report = await ask(nginx, "none")
    Tap.ok(report["points"][0]["verdict"] is None
           and report["points"][0]["needs_human"] is True,
           "of none that is there: no verdict", report["points"])
    status, report = await ask(nginx, "price", documents=[
        {"id": "bid", "text": BID}])
    Tap.ok(report["points"][0]["verdict"] is None,
           "one document may be a list", report["points"])
    status, report = await ask(nginx, "there", documents=[
        {"id": "bid", "text": "一。"}])
    Tap.ok(report["points"][0]["verdict"] is None
           and report["points"][0]["needs_human"] is True
           and report["points"][0]["findings"] == [],
           "what nobody was asked is not nowhere", report["points"])
    status, reply = await post(nginx, document=BID, points=["price"])
    report = json.loads(reply)
    Tap.ok(report["points"][0]["verdict"] == "pass"
           and "documents" not in report
           and report["document"]["sha256"],
           "a document without a name is whatever is asked for", report)


async def searched(nginx):
    status, report = await ask(nginx, "licence")
    point = report["points"][0]
    Tap.ok(point["verdict"] == "pass" and placed(report)
           and evidence(report)[0]["source"] == "bid"
           and point["searched"]["of"] == 4,
           "a point about all documents", point)
    call = json.loads(await get(nginx.llm_port, "/_calls?key=licence"))[-1]
    chunk = "".join(m["content"] for m in call["body"]["messages"])
    Tap.ok("【第1段｜文件：bid｜第一章 资格】" in chunk
           and "【第2段｜文件：price.md｜投标报价】" in chunk,
           "its passages say of which they are", chunk[-3000:])
    status, report = await ask(nginx, "there")
    point = report["points"][0]
    Tap.ok(point["verdict"] == "fail" and point["searched"]["of"] == 2
           and point["findings"][0]["absent"] is True,
           "or about some of them", point)
    status, report = await ask(nginx, "chapter")
    point = report["points"][0]
    Tap.ok(point["verdict"] == "pass" and point["searched"]["of"] == 1
           and evidence(report)[0]["source"] == "price.md",
           "below a heading of any", point)
    status, report = await ask(nginx, "rule")
    Tap.ok(report["points"][0]["verdict"] == "pass" and placed(report)
           and evidence(report)[0]["source"] == "price.md",
           "by a rule", report["points"][0])
    status, report = await ask(nginx, "made")
    Tap.ok(placed(report) and any(e.get("elsewhere") for e in evidence(report))
           and {e["source"] for e in evidence(report)} == {"bid"},
           "a quote of another document is found there", evidence(report))


async def told(nginx):
    status, reply = await post(nginx, accept="text/markdown",
                               documents=DOCUMENTS, points=["all"])
    text = reply.decode()
    Tap.ok("文件 bid" in text and "文件 price.md" in text,
           "Markdown says of which document places are", text[:800])
    status, reply = await post(nginx, accept="application/x-ndjson",
                               documents=DOCUMENTS, points=["all"])
    first = json.loads(next(line for line in reply.decode().splitlines()
                            if line.startswith('{"document"')))
    Tap.ok([d["id"] for d in first["document"]["documents"]] == list(TEXTS),
           "so does the first event", first)
    status, report = await ask(nginx, "all", **{"return": ["text"]})
    Tap.ok({t["id"]: t["text"] for t in report["document_texts"]} == TEXTS,
           "texts that places are about", report.get("document_texts"))
    status, report = await ask(nginx, "all", "licence", dry_run=True)
    Tap.ok(report["calls"] == 5 and len(report["documents"]) == 2
           and len(report["chunks"]) == 4, "a dry run", report)
    status, report = await ask(nginx, "all",
                               fresh=["price.md/c2/all"])
    Tap.ok(status == 200, "a cell past caches", report)


async def loaded(nginx, origin):
    url = "http://127.0.0.1:%d" % origin.port
    status, report = await ask(nginx, "all", documents=[
        {"id": "near", "text": BID},
        {"id": "far", "url": url + "/status/200", "type": "text/plain"}])
    Tap.ok(status == 200 and [d["id"] for d in report["documents"]]
           == ["near", "far"], "one of them from elsewhere", report)
    status, report = await ask(nginx, "all", documents=[
        {"id": "near", "text": BID}, {"id": "far", "url": url + "/status/404"}])
    Tap.ok(status >= 400 and "/documents/1/url" in json.dumps(report),
           "or not to be had", (status, report))


async def wrong(nginx):
    good = {"id": "a", "text": "一。"}
    for pointer, code, body in (
            ("/document", 400, {"documents": [good], "document": "二。"}),
            ("/documents", 422, {"documents": []}),
            ("/documents", 422, {"documents": [good] * 101}),
            ("/documents", 400, {"documents": good}),
            ("/documents/1/id", 422, {"documents": [good, good]}),
            ("/documents/0/id", 422, {"documents": [
                {"id": "a/b", "text": "一。"}]}),
            ("/documents/0/id", 422, {"documents": [
                {"id": "document", "text": "一。"}]}),
            ("/documents/1", 400, {"documents": [good, {"id": "b"}]}),
            ("/documents/1/text", 400, {"documents": [good, {"text": " "}]}),
            ("/documents/0/texts", 400, {"documents": [
                {"id": "a", "texts": "一。"}]}),
            ("/documents/0", 400, {"documents": [7]}),
            ("/references/0/id", 422, {"documents": [good], "references": [
                {"id": "a", "text": "一。"}]}),
            ("/fresh/0", 422, {"documents": [good], "fresh": ["c1/all"]}),
            ("/fresh/0", 422, {"documents": [good], "fresh": ["b/c1/all"]}),
            ("/fresh/0", 422, {"documents": [good], "fresh": ["a/c9/all"]}),
            ("/fresh/0", 422, {"documents": [good], "fresh": ["a"]})):
        status, reply = await post(nginx, points=["all"], **body)
        Tap.ok(status == code and b'"%s"' % pointer.encode() in reply,
               "%s is wrong: %d" % (pointer, code), (status, reply[:300]))


async def scenes(nginx, origin):
    await one_report(nginx)
    await of_some(nginx)
    await searched(nginx)
    await told(nginx)
    await loaded(nginx, origin)
    await wrong(nginx)


def main():
    origin = Origin()
    nginx = Harness()
    try:
        with open(os.path.join(nginx.dir, "r.json"), "w") as rubric:
            json.dump({"name": "r", "points": POINTS}, rubric)
        nginx.renew(http=HTTP % nginx.settings, server=SERVER % nginx.settings)
        asyncio.run(scenes(nginx, origin))
    finally:
        bad = nginx.close()
        origin.close()
    Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))
    Tap.end()


main()
