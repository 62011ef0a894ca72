#!/usr/bin/python3
"""
Proves that each place that is told is told right: of a law of 1260 articles,
with overlaps and page breaks, every evidence, finding and chunk has the page,
the line and the headings that stand above it in the text, and every article is
named; so it is in JSON, events, lines, and Markdown, in splits of all forms,
in the replies of the chunk endpoint, of references, and where a converter
tells the pages of a text that has no form feeds.
"""

import asyncio
import bisect
import json
import os
import re
import sys
import tempfile
import urllib.parse

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, free_port
from sources import Converter, scanned

ARTICLES = 1260
POINTS = 16         # more than a chunk has articles
CLAUSES = 40
EVENTS = "Accept: text/event-stream\r\n"
LINES = "Accept: application/x-ndjson\r\n"
MARKDOWN = "Accept: text/markdown\r\n"
EXTRACTED = "application/vnd.review.text+json"

HTTP = """
    client_max_body_size 16m;
    review_llm /llm model=stand-in;
    review_rubric law %(dir)s/law.json;
    review_rubric cited %(dir)s/cited.json;
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
        review_chunk_uri /chunk calls=8;
        review_extract /convert;
        location = /law { review_task law; }
        location = /cited { review_task cited; }
        location = /split { review_split; }
        location = /convert {
            internal;
            proxy_pass http://127.0.0.1:%d;
        }
        location = /chunk { internal; proxy_pass http://chunks; }
"""


def numeral(n):
    """as laws have it: 一百零五"""
    digits, text, zero = "零一二三四五六七八九", "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, n = divmod(n, unit)
        if digit == 0:
            zero = bool(text)
            continue
        text += "零" if zero else ""
        zero = False
        text += ("" if unit == 10 and digit == 1 and not text
                 else digits[digit]) + name
    return text


def law():
    """its text, and [start, headings] of all that is below a heading"""
    text, places, chapter, part = "", [], "", ""
    for i in range(1, ARTICLES + 1):
        if i % 420 == 1:
            part = "第%s编 民法" % numeral(i // 420 + 1)
            places.append((len(text), [part]))
            text += part + "\n\n"
        if i % 35 == 1:
            chapter = "第%s章 一般规定" % numeral(i // 35 + 1)
            places.append((len(text), [part, chapter]))
            text += chapter + "\r\n\r\n"
        article = "第%s条" % numeral(i)
        places.append((len(text), [part, chapter, article]))
        text += article + ("\u3000" if i % 2 else " ")
        sentence = "当事人应当遵循第%d款的约定，依照第三条规定履行。" % (i % POINTS)
        if i % 30 == 0:                 # longer than a chunk
            text += "\n".join(sentence + "本段说明其余情形，不得违反。" * 6
                              for _ in range(6)) + "\n"
        elif i % 7 == 0:
            text += ("有下列情形之一的，适用第%d款的约定，除外：\n"
                     "（一）违背公序良俗；\n（二）1.5 万元以下的。\n"
                     % (i % POINTS))
        else:
            text += sentence + "\n"
        text += "\f" if i % 13 == 0 else "\n" * (i % 3)
    return text, places


class Text:
    """where a place of it stands, counted here"""
    def __init__(self, text, places):
        self.text, self.places = text, places
        self.starts = [start for start, _ in places]
        self.lines = [m.end() for m in re.finditer("\r\n|\n|\r", text)]

    def of(self, start, end):
        start += len(self.text[start:end]) - len(self.text[start:end].lstrip())
        n = bisect.bisect_right(self.starts, start)
        return {"line": 1 + bisect.bisect_right(self.lines, start),
                "page": 1 + self.text.count("\f", 0, start),
                "heading": self.places[n - 1][1] if n else []}


def told(place):
    return {name: place.get(name) for name in ("line", "page", "heading")}


class Server:
    def __init__(self):
        self.dir = tempfile.TemporaryDirectory(prefix="review-places-")
        os.chmod(self.dir.name, 0o755)
        self.save("law", [{"id": "p%d" % i, "title": "第 %d 点" % i, "rule": {
            "pattern": "[^。，\n\u3000 ]*第%d款的约定" % i, "match": "fail",
            "no_match": "not_applicable"}}
                          for i in range(POINTS)])
        self.save("cited", [
            {"id": "one", "title": "一", "question":
             "一？[[verdict=fail quote=甲方应当付款 quote=乙方应当交货]]"},
            {"id": "none", "title": "二", "question":
             "二？[[verdict=risk quote=哪里都没有]]"}])
        self.converter = Converter()
        self.nginx = Harness(http=HTTP % {"dir": self.dir.name,
                                          "chunks": free_port()},
                             server=SERVER % self.converter.port,
                             level="notice", record=False)

    def save(self, name, points):
        with open(os.path.join(self.dir.name, name + ".json"), "w") as f:
            json.dump({"name": name, "points": points}, f)

    def ask(self, path, body, headers="", kind="application/json"):
        if not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        data = ("POST %s HTTP/1.0\r\nHost: test\r\n%sContent-Type: %s\r\n"
                "Connection: close\r\nContent-Length: %d\r\n\r\n"
                % (path, headers, kind, len(body))).encode() + body
        status, reply = asyncio.run(asyncio.wait_for(
            exchange(self.nginx.port, data), 300 * SLOW))
        if status != 200:
            Tap.ok(False, "%s is answered" % path, (status, reply[:500]))
        return reply.decode()

    def close(self):
        bad = self.nginx.close()
        self.converter.shutdown()
        self.converter.server_close()
        self.dir.cleanup()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))


def timeless(report):
    report = {k: v for k, v in report.items()
              if k not in ("timings", "elapsed_ms")}
    report["cells"] = [dict(cell, elapsed_ms=0) for cell in report["cells"]]
    return report


def of_a_law(server, text, where):
    body = {"document": text, "split": {"max_chars": 500, "overlap": 100}}
    report = json.loads(server.ask("/law", body))
    findings = [f for p in report["points"] for f in p["findings"]]
    wrong = [(e, where.of(e["start"], e["end"])) for f in findings
             for e in f["evidence"]
             if told(e) != where.of(e["start"], e["end"])]
    Tap.ok(len(findings) >= ARTICLES and not wrong,
           "evidence: %d places, %d are wrong" % (len(findings), len(wrong)),
           wrong[:3])
    wrong = [f for f in findings if told(f) != told(f["evidence"][0])]
    Tap.ok(not wrong, "findings stand where their first quote does", wrong[:2])
    named = {e["heading"][-1] for f in findings for e in f["evidence"]}
    Tap.ok(named == {"第%s条" % numeral(i + 1) for i in range(ARTICLES)},
           "every article is named", len(named))
    wrong = [c for c in report["chunks"] if
             (c["line"], c["page"]) != tuple(where.of(c["start"], c["end"])[k]
                                             for k in ("line", "page"))]
    Tap.ok(not wrong, "chunks: line and page", wrong[:3])

    reply = server.ask("/law", body, EVENTS)
    last = reply.rstrip().rpartition("\ndata: ")[2]
    Tap.ok(timeless(json.loads(last)) == timeless(report), "events: the same")
    last = server.ask("/law", body, LINES).splitlines()[-1]
    Tap.ok(timeless(json.loads(last)["report"]) == timeless(report),
           "lines: the same")

    page = server.ask("/law", body, MARKDOWN)
    cited = re.findall("^> — (.*)$", page, re.M)
    places = sorted("%s，第 %d 页，第 %d 行，第 %d–%d 字"
                    % (" › ".join(e["heading"]), e["page"], e["line"],
                       e["start"], e["end"])
                    for f in findings for e in f["evidence"])
    Tap.ok(sorted(cited) == places, "Markdown: all are cited so",
           (cited[:2], places[:2]))


def of_a_split(server, text, where):
    body = {"text": text, "max_chars": 500, "overlap": 100}
    chunks = json.loads(server.ask("/split", body))["chunks"]
    lines = [json.loads(line) for line in
             server.ask("/split", body, LINES).splitlines()]
    for name, made in (("JSON", chunks), ("lines", lines)):
        wrong = [c for c in made for w in [where.of(c["start"], c["end"])]
                 if (c["line"], c["page"]) != (w["line"], w["page"])]
        Tap.ok(len(made) > 150 and not wrong, "a split, as %s: %d chunks"
               % (name, len(made)), wrong[:2])
    # all of a chunk stands below its heading, the overlap, too; but for the
    # headings that it begins with
    wrong, overlaps = [], 0
    for c in chunks:
        overlaps += c["overlap"] > 0
        above = [where.of(c["start"], c["end"])["heading"]]
        above += [h for s, h in where.places if c["start"] < s < c["end"]]
        while len(above) > 1 and above[0] == c["heading"][:len(above[0])]:
            del above[0]
        wrong += [c for h in above if h[:len(c["heading"])] != c["heading"]]
        begins = any(s == c["start"] + c["overlap"] for s in where.starts)
        wrong += [c] if begins and c["overlap"] else []
    Tap.ok(overlaps > 30 and not wrong, "below its heading is all of a chunk: "
           "%d overlaps" % overlaps, wrong[:2])


def of_clauses(server):
    text = "第三章 投标\n\n3.2 投标保证金\n\n"
    places = [(0, ["第三章 投标"]), (8, ["第三章 投标", "3.2 投标保证金"])]
    for i in range(1, CLAUSES):
        places.append((len(text), ["第三章 投标", "3.2 投标保证金",
                                   "3.2.%d" % i]))
        text += ("3.2.%d 投标人应当遵循第%d款的约定，递交3.5 万元。\n"
                 % (i, i % POINTS))
    report = json.loads(server.ask("/law", {
        "document": text, "split": {"max_chars": 200, "overlap": 50}}))
    where = Text(text, places)
    wrong, n = [], 0
    for f in (f for p in report["points"] for f in p["findings"]):
        for e in f["evidence"]:
            n += 1
            want = dict(where.of(e["start"], e["end"]), page=None)
            wrong += [] if told(e) == want else [(e, want)]
    Tap.ok(n >= CLAUSES - 1 and not wrong and "page" not in report["chunks"][0],
           "clauses are named by their numbers: %d" % n, wrong[:2])


def of_others(server):
    reference = "\f第一条 付款。\n\f第二条 货物。\r\n乙方应当交货。\n"
    document = "# 合同\n\n3.1 付款：\n\n甲方应当付款。\n"
    report = json.loads(server.ask("/cited", {
        "document": document, "references": [{"id": "r", "text": reference}]}))
    one, none = (p["findings"][0] for p in report["points"])
    Tap.ok([told(e) for e in one["evidence"]] == [
        {"line": 5, "page": None, "heading": ["合同", "3.1 付款"]},
        {"line": 3, "page": 3, "heading": ["第二条"]}], "of a reference: its "
           "own", one)
    Tap.ok("line" not in none["evidence"][0] and none["line"] == 1
           and none["heading"] == ["合同", "3.1 付款"],
           "what stands nowhere: the chunk's place", none)
    page = server.ask("/cited", {"document": document, "references": [
        {"id": "r", "text": reference}]}, MARKDOWN)
    page = page.replace("\\.", ".")
    Tap.ok("\n> — 合同 › 3.1 付款，第 5 行，第 " in page
           and "\n> — 参考资料 r，第二条，第 3 页，第 3 行，第 " in page
           and "\n- **位置**：合同 › 3.1 付款，第 1 行，第 0–" in page,
           "as Markdown", page)

    reply = json.loads(server.ask("/v1/review", {
        "chunk": "一\r\n二\f甲方应当付款。", "rubric": "cited",
        "references": [{"id": "r", "text": reference}]}))
    evidence = reply["results"][0]["finding"]["evidence"]
    Tap.ok([(e.get("page"), e.get("line")) for e in evidence]
           == [(2, 2), (3, 3)], "the chunk endpoint: of the texts it has",
           evidence)
    Tap.ok("line" not in reply["results"][1]["finding"]["evidence"][0],
           "none of what stands nowhere")


def of_a_converter(server):
    text = "前言。\n第一页说明了招标的范围，以及投标人的资格要求。\n" \
           "第二页写明甲方应当付款。\n"
    told_pages = {"text": text, "pages": [
        {"start": 0, "kind": "blank"}, {"start": 4, "kind": "text"},
        {"start": text.index("第二页"), "kind": "ocr"}]}
    data = scanned("kind=%s text=%s" % (EXTRACTED, urllib.parse.quote(
        json.dumps(told_pages, ensure_ascii=False))))
    report = json.loads(server.ask("/cited", data, kind="application/pdf"))
    evidence = report["points"][0]["findings"][0]["evidence"][0]
    Tap.ok(told(evidence) == {"line": 3, "page": 3, "heading": []},
           "pages are those that a converter tells", report)
    chunks = json.loads(server.ask("/split?max_chars=28", data,
                                   kind="application/pdf"))["chunks"]
    Tap.ok([(c["page"], c["line"]) for c in chunks] == [(1, 1), (3, 3)]
           or [(c["page"], c["line"]) for c in chunks]
           == [(1, 1), (2, 2), (3, 3)], "and of a split", chunks)


def main():
    server = Server()
    text, places = law()
    where = Text(text, places)
    try:
        of_a_law(server, text, where)
        of_a_split(server, text, where)
        of_clauses(server)
        of_others(server)
        of_a_converter(server)
    finally:
        server.close()
    Tap.end()


if __name__ == "__main__":
    main()
