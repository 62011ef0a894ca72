#!/usr/bin/python3
"""
Proves that a report on a document of which not all was read says so, in each of
its forms: pages are counted, those without text named, what the converter says
is told on, and the status is partial, wherever it stands; points that do not
fail need a person then, and that a rule has found nothing is no pass.  All of
it holds for references, and for a split.  What is wrong in the answer of a
converter is a problem that names the member.
"""

import asyncio
import hashlib
import json
import os
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, free_port, get, wait_for
from bucket import Bucket
import sources
from sources import (Converter, EVENTS, LINES, MARKDOWN, STORE, is_problem,
                     post, scanned, upload)

JSON = "application/vnd.review.text+json"
PDF = "application/pdf"
# of the document that rules look at, and of other pages

WHOLE = """甲方应当在收到货物之日起三十日内付清全部款项，逾期按日计息。
质量保证期自验收合格之日起不少于三年，期内免费维修更换零件。
争议由合同签订地有管辖权的人民法院处理，诉讼费由败诉方承担。
"""
REAL = ["项目经理应当具备一级建造师资格，并在投标截止前三年内无不良记录。\n",
        "投标人应当提供近三年经审计的财务报表，以及依法缴纳税款的证明。\n",
        "联合体各方应当签订共同投标协议，约定各方拟承担的工作和责任。\n"]
POINTS = [
    {"id": "llm", "question": "一？[[ok]]"},
    {"id": "bad", "question": "二？[[excerpt=8 verdict=fail]]"},
    {"id": "blank", "rule": {"pattern": "签字：_{3,}", "match": "fail",
                             "no_match": "pass"}},
    {"id": "seal", "rule": {"pattern": "加盖公章", "match": "pass",
                            "no_match": "fail"}},
    {"id": "there", "rule": {"pattern": "质量保证期", "match": "pass",
                             "no_match": "pass"}},
    {"id": "found", "rule": {"pattern": "诉讼费", "match": "fail",
                             "no_match": "not_applicable"}},
    {"id": "gated", "question": "三？[[ok]]", "when": "没有这样的词"},
]
HTTP = """
    client_max_body_size 16m;
    review_llm /llm model=stand-in;
    review_rubric own %(rubric)s;
    review_zone gpu 1m;
    review_limit zone=gpu calls=64;
    review_retry tries=1;
    %(store)s
    upstream chunks { server 127.0.0.1:%(chunks)d; }
    server {
        listen 127.0.0.1:%(chunks)d;
        access_log off;
        location / { review; }
        location = /llm {
            internal;
            proxy_pass http://llm/v1/chat/completions;
        }
    }
"""
SERVER = """
        review_chunk_uri /chunk;
        review_extract /convert;
        review_max_text_size 8k;
        location /v1/task/ { review_task own store=bids; }
        location /v1/split/ { review_split; }
        location = /status { access_log off; review_status gpu; }
        location = /convert {
            internal;
            proxy_pass http://127.0.0.1:%d;
        }
        location = /chunk { internal; proxy_pass http://chunks; }
"""


class Task:
    def __init__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="review-pages-")
        os.chmod(self.dir.name, 0o755)
        path = os.path.join(self.dir.name, "own.json")
        with open(path, "w") as f:
            json.dump({"name": "own", "points": POINTS}, f)
        self.bucket, self.converter = Bucket(), Converter()
        self.nginx = Harness(
            http=HTTP % {"rubric": path, "chunks": free_port(),
                         "store": STORE % ("bids", self.bucket.port, 60000)},
            server=SERVER % self.converter.port, level="notice")
        self.port = self.nginx.port
        self.sent = 0

    def status(self):
        """$review_status of the last request"""
        wait_for(lambda: len(self.nginx.access_log()) >= self.sent)
        return self.nginx.access_log()[self.sent - 1].split()[1]

    def close(self):
        bad = self.nginx.close()
        self.bucket.close()
        self.converter.shutdown()
        self.converter.server_close()
        self.dir.cleanup()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


def converted(text, kind="text/plain", **more):
    """a document that the converter makes this of"""
    if not isinstance(text, str):
        text, kind = json.dumps(text), JSON
    more = "".join(" %s=%s" % item for item in more.items())
    return scanned("kind=%s text=%s%s" % (kind, urllib.parse.quote(text),
                                          more))


def pages_of(kinds):
    """the text of pages, and what a converter says of them"""
    text, pages = "", []
    for i, kind in enumerate(kinds):
        pages.append({"start": len(text), "kind": kind})
        text += ("" if kind in ("scan", "blank") else REAL[i % 3] if i
                 else WHOLE) + "\f"
    return {"text": text, "pages": pages}


def said(document):
    return (document["pages"], document["pages_without_text"],
            [w["code"] for w in document["warnings"]])


# name, what the converter answers, pages, those without text, warnings, unread

DOCUMENTS = [
    ("form feeds", "\f".join([WHOLE] + REAL[:2]) + "\f", 3, [], [], False),
    ("no pages", WHOLE, None, [], [], False),
    ("scans between", WHOLE + "\f\f" + REAL[1] + "\f \n\f" + REAL[2] + "\f\f",
     6, [2, 4, 6], ["scan"], True),
    ("page numbers alone", WHOLE + "1\f- 2 -\f" + REAL[1] + "3\f第 4 页\f",
     4, [2, 4], ["scan"], True),
    ("page numbers and nothing else", "1\f2\f3\f", 3, [1, 2, 3], ["scan"],
     True),
    ("kinds", pages_of(["text", "blank", "text"]), 3, [], [], False),
    ("a scan that is told", pages_of(["text", "scan", "text"]), 3, [2],
     ["scan"], True),
    ("recognised", pages_of(["text", "ocr", "ocr"]), 3, [], ["ocr"], False),
    ("text without any", {"text": WHOLE + "\f\f", "pages": [
        {"start": 0, "kind": "text"}, {"start": len(WHOLE) + 1,
                                       "kind": "text"}]},
     2, [2], ["scan"], True),
    ("hidden", {"text": WHOLE, "hidden": [[1, 5]]}, None, [],
     ["hidden_text"], False),
    ("a picture", {"text": WHOLE, "warnings": [
        {"code": "picture", "detail": "a \n\u0007chart", "page": None}]},
     None, [], ["picture"], True),
    ("an unknown word", {"text": WHOLE, "warnings": [{"code": "new-one"}]},
     None, [], ["new-one"], True),
    ("a doubt", {"text": WHOLE, "warnings": [{"code": "numbering"}]}, None,
     [], ["numbering"], False),
]


def judged(report, unread):
    """the verdicts and needs of points as they should be?"""
    points = {p["point"]: (p["verdict"], p["needs_human"])
              for p in report["points"]}
    needs = {name: need for name, (_, need) in points.items()}
    return ({name: verdict for name, (verdict, _) in points.items()} == {
        "llm": "pass", "bad": "fail", "blank": "unsure" if unread else "pass",
        "seal": "fail", "there": "pass", "found": "fail",
        "gated": None}
        and needs == {"llm": unread, "bad": False, "blank": unread,
                      "seal": unread, "there": unread, "found": False,
                      "gated": True})


async def documents(task):
    """as a body: JSON, its status in the log"""
    for name, text, pages, without, warnings, unread in DOCUMENTS:
        plain = text if isinstance(text, str) else text["text"]
        status, report = await reply_of(task, converted(text), kind=PDF)
        document = report.get("document", {})
        Tap.ok(status == 200 and said(document) == (pages, without, warnings),
               "%s: pages and warnings" % name, (status, str(report)[:300]))
        Tap.ok(document.get("sha256")
               == hashlib.sha256(plain.encode()).hexdigest()
               and document["chars"] == len(plain), "%s: the hash" % name)
        wanted = "partial" if unread else "complete"
        Tap.ok(report["status"] == wanted and task.status() == wanted,
               "%s: is %s" % (name, wanted), report["status"])
        Tap.ok(WHOLE not in plain or judged(report, unread),
               "%s: points" % name,
               [(p["point"], p["verdict"], p["needs_human"])
                for p in report["points"]])
        Tap.ok(all(c["status"] in ("ok", "skipped") for c in report["cells"])
               and all(c["status"] == "complete" for c in report["chunks"]),
               "%s: cells are what they are" % name)


def unchunked(body):
    out = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        out += body[:int(size, 16)]
        body = body[int(size, 16) + 2:]
    return out


async def reply_of(task, *args, **more):
    task.sent += 1
    return await sources.reply_of(task, *args, **more)


async def page(task, *args, **more):
    task.sent += 1
    _, reply = await exchange(task.port, post(*args, **more))
    return reply


async def stream(task, *args, **more):
    return unchunked(await page(task, *args, **more)).decode()


def sse(reply):
    return [tuple(part.split(": ", 1)[1] for part in event.split("\n"))
            for event in reply.split("\n\n")
            if event.startswith("event: ")]


async def forms(task):
    """each tells the same; so does the object in the store"""
    text = "\f".join([WHOLE, "2", REAL[1], "", REAL[2], ""])
    sha = hashlib.sha256(text.encode()).hexdigest()
    data = converted(text)

    reply = await stream(task, data, EVENTS, kind=PDF)
    events = [(name, json.loads(value)) for name, value in sse(reply)]
    first, last = events[0], events[-1]
    Tap.ok(first[0] == "document" and said(first[1]) == (5, [2, 4], ["scan"])
           and first[1]["sha256"] == sha and first[1]["references"] == []
           and first[1]["chunks"] == last[1]["document"]["chunks"] > 0,
           "events: the first is what is known of the document", events[:1])
    Tap.ok(last[0] == "done" and last[1]["status"] == "partial"
           and last[1]["document"] == {k: v for k, v in first[1].items()
                                       if k != "references"}
           and judged(last[1], True) and task.status() == "partial",
           "events: the report is partial")

    reply = await stream(task, data, LINES, kind=PDF)
    lines = [json.loads(line) for line in reply.splitlines()]
    Tap.ok(lines[0] == {"document": first[1]}, "lines: the same", lines[0])
    Tap.ok(lines[-1]["report"]["status"] == "partial"
           and task.status() == "partial", "lines: the report is partial")

    reply = (await page(task, data, MARKDOWN, kind=PDF)).decode()
    Tap.ok("状态：部分完成" in reply.split("##")[0]
           and "**未读到**：第 2, 4 页没有文字" in reply.split("##")[0]
           and "有未读到的内容，见文首" in reply
           and task.status() == "partial",
           "Markdown: a line on top", reply[:400])

    for key in "r.json", "r.md":
        status, report = await reply_of(task, {
            "document": upload(data), "result": {"object": key}})
        saved, kind = task.bucket.objects[key]
        if key == "r.json":
            same = json.loads(saved)
            Tap.ok(same["status"] == "partial"
                   and same["document"] == report["document"]
                   and same["points"] == report["points"],
                   "the saved object says it, too", (status, same["status"]))
        else:
            Tap.ok("**未读到**" in saved.decode(), "and as Markdown")

    status, report = await reply_of(task, {"document": text})
    Tap.ok(said(report["document"]) == (5, [2, 4], ["scan"])
           and report["status"] == "partial", "a text in JSON has pages, too",
           said(report["document"]))

    many = {"text": REAL[0], "warnings": [
        {"code": "w%d" % i, "detail": "|*a* <b>", "page": i + 1}
        for i in range(25)]}
    reply = await page(task, converted(many), MARKDOWN, kind=PDF)
    top = reply.decode().split("##")[0]
    Tap.ok(top.count("**未读到**") == 20 and "**更多警告**：5" in top
           and "\\|\\*a\\* &lt;b&gt;，第 1 页" in top,
           "Markdown: not too many, and none has a say in its marks", top)

    many["warnings"] = [{"code": "charset"}] * 25 + [{"code": "lost"}]
    reply = await page(task, converted(many), MARKDOWN, kind=PDF)
    top = reply.decode().split("##")[0]
    Tap.ok(top.count("**未读到**：lost") == 1
           and top.count("**读取存疑**") == 19 and "**更多警告**：6" in top,
           "Markdown: doubts hide nothing that was not read", top)


async def hidden(task):
    """a person looks at what is quoted from where no reader sees it"""
    at = WHOLE.index("质量保证期")
    for name, spans, need in (
            ("none", [], False), ("before it", [[0, at]], False),
            ("behind it", [[at + 5, at + 9]], False),
            ("its end", [[0, 3], [at + 4, at + 9]], True),
            ("all", [[0, len(WHOLE)]], True)):
        status, report = await reply_of(task, converted(
            {"text": WHOLE, "hidden": spans}), kind=PDF)
        needs = {p["point"]: (p["verdict"], p["needs_human"],
                              [f["needs_human"] for f in p["findings"]])
                 for p in report["points"]}
        Tap.ok(report["status"] == "complete"
               and needs["there"] == ("pass", need, [need])
               and needs["blank"] == ("pass", False, []),
               "hidden, %s: a person looks: %s" % (name, need), needs)


async def references(task):
    """they count as the document does"""
    text = "\f".join([WHOLE, REAL[0]])
    for name, reference, pages, without, unread in (
            ("a text", REAL[0], None, [], False),
            ("a scan", upload(converted(REAL[0] + "\f\f")), 2, [2], True),
            ("a warning", upload(converted({"text": REAL[1], "warnings": [
                {"code": "chart"}]})), None, [], True)):
        status, report = await reply_of(task, {
            "document": text, "references": [REAL[2], reference]})
        told = report["references"]
        Tap.ok(status == 200 and [r["id"] for r in told] == ["r1", "r2"]
               and said(told[1])[:2] == (pages, without)
               and len(told[1]["sha256"]) == 64
               and bool(told[1]["warnings"]) == unread,
               "reference, %s: is told of" % name, told)
        wanted = "partial" if unread else "complete"
        Tap.ok(report["status"] == wanted and task.status() == wanted
               and report["document"]["warnings"] == []
               and judged(report, unread), "reference, %s: %s"
               % (name, wanted), report["status"])

    reply = await page(task, {"document": text, "references": [
        {"id": "招标", **upload(converted(REAL[0] + "\f\f"))}]}, MARKDOWN)
    Tap.ok("**未读到**：参考资料 招标，第 2 页没有文字" in reply.decode(),
           "Markdown: whose page it is", reply.decode()[:300])
    Tap.ok("scan" not in reply.decode(), "and a scan is told once",
           reply.decode()[:300])

    whole = pages_of(["text", "scan", "ocr", "ocr"])
    whole["hidden"] = [[2, 5], [7, 9]]
    reply = await page(task, {
        "document": {"id": "a", **upload(converted(whole))}}, MARKDOWN)
    head = [line for line in reply.decode().splitlines()
            if line.startswith(("- **未读到", "- **读取存疑"))]
    Tap.ok(len(head) == 3 and "第 2 页没有文字" in head[0]
           and head[1].endswith("ocr：第 3–4 页")
           and head[2].endswith("hidden\\_text：共 5 字，2 处，第一处在第 2 字，"
                                "第 1 页"),
           "Markdown: in the language of the report", head)

    whole["warnings"] = [{"code": "scan", "page": 2, "detail": "太淡"}] \
        + [{"code": "x%d" % i} for i in range(1005)]
    reply = await page(task, {
        "document": {"id": "a", **upload(converted(whole))}}, MARKDOWN)
    Tap.ok("scan：太淡，第 2 页" in reply.decode()
           and "more warnings" not in reply.decode(),
           "Markdown: what a converter says of a scan is told",
           reply.decode()[:1500])


async def text_itself(task):
    whole = pages_of(["text", "scan", "ocr", "blank"])
    law = REAL[2] + "\f" + REAL[1]
    status, report = await reply_of(task, {
        "document": {"id": "a", **upload(converted(whole))},
        "references": [{"id": "法", "text": law}], "return": ["text"]})
    Tap.ok(status == 200 and report["text"] == whole["text"]
           and report["pages"] == whole["pages"], "the text, and its pages",
           (status, report.get("pages")))
    Tap.ok(report["reference_texts"] == [{"id": "法", "text": law, "pages": [
        {"start": 0, "kind": "text"},
        {"start": len(REAL[2]) + 1, "kind": "text"}]}], "and of references",
           report.get("reference_texts"))
    Tap.ok(all(report["text"][e["start"]:e["end"]] == e["quote"]
               for p in report["points"] for f in p["findings"]
               for e in f["evidence"] if e["source"] == "document"),
           "places are its own")
    status, report = await reply_of(task, {"document": REAL[0], "return": []})
    Tap.ok(status == 200 and "text" not in report, "nothing that is not asked")
    for asked, pointer in ((["text", "pages"], "/return/1"),
                           ([1], "/return/0"), ("text", "/return")):
        reply = await reply_of(task, {"document": "a", "return": asked})
        Tap.ok(is_problem(reply, 400, pointer, "must be"),
               "return: %s is refused" % asked, reply)


# what a converter answers, in what words that is told, and with which status

HOSTILE = [
    ('{"text":', "the text ends", 502), ("", "", (400, 422)),
    ("[]", "object", 502),
    ("\0", "UTF-8", 502), ('{"text":"\\ud800"}', "text line", 502),
    ('{"pages":[]}', "text is required", 502),
    ('{"text":1}', "/text must be a string", 502),
    ('{"text":"a","hiden":[]}', '"hiden" is unknown', 502),
    ('{"text":"a","pages":[{"start":5}]}', "/pages/0/start", 502),
    ('{"text":"a","pages":[{"start":0,"kind":"image"}]}', "/pages/0/kind", 502),
    ('{"text":"a","hidden":[[0,9]]}', "/hidden/0", 502),
    ('{"text":"a","warnings":[{"code":"<b>"}]}', "/warnings/0/code", 502),
    ('{"text":"%s"}' % ("a" * 9000), "review_max_text_size", 413),
    ('{"text":"%s"}' % ("\\u0041" * 3000), None, 200),
    ('{"text":"  \\f \\f"}', "", (400, 422)),
    ('{"text":' + "[" * 5000, "", 502),
    ('{"text":"a","pages":[%s{"start":0}]}' % ('{"start":0},' * 100000),
     "pages", 502),
]


async def hostile(task):
    for text, words, wanted in HOSTILE:
        data = scanned("kind=%s;charset=utf-8 text=%s"
                       % (JSON, urllib.parse.quote(text)))
        wanted = wanted if isinstance(wanted, tuple) else (wanted,)
        for name, reply in (
                ("body", await reply_of(task, data, kind=PDF)),
                ("upload", await reply_of(task, {"document": upload(data)}))):
            status, body = reply
            Tap.ok(status in wanted and (words is None or words
                                         in str(body.get("detail"))),
                   "%s: %r" % (name, text[:40]), (status, str(body)[:300]))

    for kind in ("application/json", "Application/JSON;charset=utf-8",
                 "application/x+json", JSON + ";charset=utf-8"):
        status, report = await reply_of(task, scanned(
            "kind=%s text=%s" % (kind, urllib.parse.quote(json.dumps(
                {"text": REAL[0] + "\f", "pages": [
                    {"start": 0, "kind": "scan"}]}, ensure_ascii=False)))),
            kind=PDF)
        Tap.ok(status == 200 and report["document"]["pages_without_text"]
               == [1], "%s is told of pages" % kind,
               (status, str(report)[:200]))
        status, report = await reply_of(task, scanned(
            "kind=%s text=%s" % (kind, urllib.parse.quote(REAL[0]))),
            kind=PDF)
        Tap.ok(status == 502, "%s that is none: a problem" % kind,
               (status, str(report)[:200]))

    for kind in ("text/json", JSON + "x", "text/x; a=" + JSON):
        status, report = await reply_of(task, scanned(
            "kind=%s text=%s" % (kind.replace(" ", ""), urllib.parse.quote(
                json.dumps({"text": REAL[0]}, ensure_ascii=False)))),
            kind=PDF)
        Tap.ok(status == 200 and report["document"]["chars"] > len(REAL[0])
               + 10, "%s is a text" % kind, (status, str(report)[:200]))

    for name, data, kind in (
            ("a body", scanned("kind=text/plain text=%20%0a"), PDF),
            ("an upload", {"document": upload(scanned(
                "kind=text/plain text=%20%0a"))}, None)):
        status, body = await (reply_of(task, data, kind=kind) if kind
                              else reply_of(task, data))
        Tap.ok(status == 422 and body["detail"].endswith(
            "the document has no text"), "%s without text" % name,
            (status, body))

    # an answer that was cut is no answer
    reply = await reply_of(task, converted(pages_of(["text"]), cut=10),
                           kind=PDF)
    Tap.ok(reply[0] == 502, "torn: a problem", reply)


async def split(task):
    text = "\f".join([REAL[0], "", REAL[1], ""])
    status, reply = await reply_of(task, converted(text), path="/v1/split/",
                                   kind=PDF)
    Tap.ok(status == 200 and said(reply["document"]) == (3, [2], ["scan"])
           and reply["document"]["sha256"]
           == hashlib.sha256(text.encode()).hexdigest()
           and "".join(c["text"] for c in reply["chunks"]) == text,
           "split: what is known of the document", str(reply)[:300])
    Tap.ok(task.status() == "partial", "split: is not complete")

    body = await stream(task, converted(pages_of(["text", "ocr", "text"])),
                        LINES, path="/v1/split/?max_chars=20", kind=PDF)
    lines = [json.loads(line) for line in body.splitlines()]
    Tap.ok(said(lines[0]["document"]) == (3, [], ["ocr"]) and len(lines) > 3
           and all("document" not in line for line in lines[1:]),
           "split: among lines, with the first chunk", lines[:2])
    Tap.ok(task.status() == "complete", "split: a doubt is not unread")

    status, reply = await reply_of(task, {"chunk": lines[0], "points": [
        {"id": "p", "question": "a？[[ok]]"}]}, path="/v1/review")
    Tap.ok(status == 200, "and may be reviewed as it is", reply)
    status, reply = await reply_of(task, {"text": text}, path="/v1/split/")
    Tap.ok(said(reply["document"]) == (3, [2], ["scan"]),
           "split: a text in JSON", reply["document"])


async def counted(task):
    """by the zone that the task's location names"""
    async def tasks():
        status = json.loads(await get(task.port, "/status"))
        page = (await get(task.port, "/status?format=prometheus")).decode()
        return status["tasks"], page

    before, _ = await tasks()
    await reply_of(task, {"document": WHOLE})
    await reply_of(task, {"document": WHOLE + "\f\f" + REAL[0]})
    await reply_of(task, {"document": WHOLE + "\f\f" + REAL[0]})
    after, page = await tasks()
    grown = {name: after[name] - before[name] for name in after}
    Tap.ok(grown == {"total": 3, "complete": 1, "partial": 2, "failed": 0},
           "tasks are counted by their status", grown)
    Tap.ok('review_tasks_total{zone="gpu",status="partial"} %d'
           % after["partial"] in page, "for Prometheus, too",
           [line for line in page.splitlines() if "_tasks_" in line])


async def accept(task):
    _ = task.converter.taken()
    await reply_of(task, converted(REAL[0]), kind=PDF)
    taken = task.converter.taken()
    Tap.ok(taken and taken[0][2]["Accept"].startswith(JSON + ","),
           "the converter is told that it may say more",
           taken and taken[0][2])


def main():
    task = Task()
    try:
        for test in (documents, forms, hidden, references, text_itself, hostile,
                     split, counted, accept):
            asyncio.run(asyncio.wait_for(test(task), 120 * SLOW))
    finally:
        task.close()
    Tap.end()


if __name__ == "__main__":
    main()
