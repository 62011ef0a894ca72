#!/usr/bin/python3
"""
Proves that facts must agree: values that the answers of all chunks and
documents give are compared, in whatever way they are written; what differs is
one finding with every value and place, and each place is there; what was made
up, or can't be told, is never a contradiction and never an agreement; and where
chunks failed nothing is said to agree.
"""

import asyncio
import copy
import json
import os
import sys
import urllib.parse

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, Tap, exchange

HTTP = """
    client_max_body_size 64m;
    review_llm /llm;
    review_zone gpu 1m;
    review_limit zone=gpu;
    review_retry tries=1;
    review_rubric r %(dir)s/r.json;
    review_rubric en %(dir)s/en.json;
"""
SERVER = """
    review_chunk_uri /chunk calls=8;
    location = /task { review_task r inline=on; }
    location = /en { review_task en; }
    location = /one {
        review_task r inline=on;
        review_chunk_uri /chunk calls=1;
    }
    location = /review { review r; }
    location = /chunk {
        internal;
        proxy_pass http://127.0.0.1:%(port)d/review;
    }
"""
NAMES = {"warranty": {"type": "string", "title": "质保期"},
         "price": {"type": ["string", "number"]},
         "bidder": {"type": "array", "items": {"type": "string"}},
         "months": {"type": "integer"}}
TAKES = {"warranty": "质保期为?([^，。；\n]*)", "price": "总价：([^，。；\n]*)",
         "bidder[]": "投标人：([^，。；\n]*)", "months#": "保修(\\d+)个月"}


def point(id, *agree, words="verdict=pass", takes=TAKES, **more):
    return {"id": id, "title": "基本信息", "question": "是什么？[[key=%s %s take=%s]]"
            % (id, words, urllib.parse.quote(json.dumps(takes))),
            "data": {"type": "object", "properties": NAMES},
            "agree": list(agree), **more}


POINTS = [point("all", *NAMES), point("facts", "warranty", severity="fatal")]
FILL = "。" + "其他内容与此无关。" * 20


def document(*facts):
    return "\n\n".join("# 第%d章\n\n%s%s" % (i + 1, fact, FILL)
                       for i, fact in enumerate(facts)) + "\n"


async def ask(nginx, text, points=("all",), uri="/task", accept=None, **more):
    body = {"split": {"max_chars": 240}, "points": list(points), **more}
    if text is not None:
        body["document"] = text
    data = json.dumps(body, ensure_ascii=False).encode()
    status, reply = await exchange(nginx.port, (
        "POST %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\nAccept: %s\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % (uri, accept or "application/json", len(data))).encode() + data)
    return status, reply.decode() if accept else json.loads(reply)


def fact(report, name, point="all"):
    return next(f for f in report["facts"]
                if f["point"] == point and f["name"] == name)


def finding(report, name, n=0):
    found = [f for f in report["points"][n]["findings"]
             if f.get("fact") == name]
    return found[0] if len(found) == 1 else found or None


def placed(text, evidence):
    return all(text[e["start"]:e["end"]] == e["quote"]
               for e in evidence if e["source"])


async def differs(nginx):
    text = document("质保期为24个月", "交货期90天", "质保期为36个月", "质保期 24 个月")
    status, report = await ask(nginx, text, ["facts"])
    told = report["points"][0]
    found = finding(report, "warranty")
    Tap.ok(status == 200 and report["status"] == "complete"
           and told["verdict"] == "fail" and told["severity"] == "fatal"
           and found["verdict"] == "fail" and not told["needs_human"],
           "what differs fails its point, with the point's severity", told)
    Tap.ok([e["quote"] for e in found["evidence"]]
           == ["24个月", "24 个月", "36个月"] and placed(text, found["evidence"])
           and [e["heading"] for e in found["evidence"]]
           == [["第1章"], ["第4章"], ["第3章"]]
           and found["chunks"] == ["c1", "c3", "c4"] and found["grounded"],
           "with every value and place", found)
    Tap.ok("质保期前后不一致：“24个月”（2处）、“36个月”。" == found["reason"],
           "and says so", found["reason"])
    values = fact(report, "warranty", "facts")
    Tap.ok(values["agree"] is False and values["title"] == "质保期"
           and values["left"] == 0
           and [(v["value"], v["grounded"], v["chunks"])
                for v in values["values"]]
           == [("24个月", True, ["c1", "c4"]), ("36个月", True, ["c3"])]
           and [e for v in values["values"] for e in v["evidence"]]
           == found["evidence"],
           "facts has all of them", values)

    status, page = await ask(nginx, text, ["facts"], accept="text/markdown")
    Tap.ok("质保期前后不一致：“24个月”" in page and "36个月" in page
           and "不符合" in page, "Markdown tells it", page)


async def agrees(nginx):
    for one, two in (
            ("质保期为24个月", "质保期为 24 个月"), ("质保期为24个月", "质保期为二十四个月"),
            ("质保期为24个月", "质保期为2年"), ("质保期为两年", "质保期为24个月"),
            ("质保期为60天", "质保期为60个日历天"), ("质保期为２４个月", "质保期为24个月"),
            ("质保期为2026年3月1日", "质保期为2026-03-01"),
            ("质保期为二〇二六年三月一日", "质保期为2026.3.1"),
            ("质保期为2026年3月", "质保期为2026年3月1日"),
            ("质保期为5%", "质保期为百分之五"), ("质保期为甲 方 公司", "质保期为甲方公司"),
            ("质保期为“甲”公司", "质保期为甲公司（盖章）"),
            ("质保期为2吨", "质保期为2000 kg")):
        text = document(one, "另一章", two)
        _, report = await ask(nginx, text, ["facts"])
        values = fact(report, "warranty", "facts")
        Tap.ok(values["agree"] is True and not finding(report, "warranty")
               and report["points"][0]["verdict"] == "pass"
               and not report["points"][0]["needs_human"]
               and all(placed(text, v["evidence"]) and v["grounded"]
                       for v in values["values"]),
               "%s, %s: the same" % (one[4:], two[4:]), values)
    for one, two in (
            ("总价：1296万元", "总价：12,960,000.00元"),
            ("总价：壹仟贰佰玖拾陆万元整", "总价：¥12960000"),
            ("总价：人民币壹仟贰佰玖拾陆万元整（¥12,960,000.00）", "总价：1296万"),
            ("总价：1.5亿元", "总价：15000万元")):
        _, report = await ask(nginx, document(one, two))
        Tap.ok(fact(report, "price")["agree"] is True
               and not finding(report, "price"),
               "%s, %s: the same" % (one[3:], two[3:]), report["facts"])


async def not_the_same(nginx):
    for one, two, agree in (
            ("总价：180万元", "总价：170万元", False),
            ("总价：180万元", "总价：壹佰柒拾万元整", False),
            ("总价：1296万元", "总价：1296元", False),
            ("总价：100万元", "总价：100万美元", False),
            ("总价：壹佰万元整（¥1,100,000.00）", "总价：壹佰万元整", None),
            ("质保期为24个月", "质保期为36个月", False),
            ("质保期为2个月", "质保期为60天", None),
            ("质保期为2个月", "质保期为90天", False),
            ("质保期为30日历天", "质保期为30个工作日", False),
            ("质保期为不少于24个月", "质保期为24个月", None),
            ("质保期为24", "质保期为36个月", None),
            ("质保期为二年", "质保期为很久", None),
            ("质保期为2026年3月1日", "质保期为2026年3月2日", False),
            ("质保期为2026年3月", "质保期为2026年4月1日", False),
            ("质保期为三一重工", "质保期为中联重科", False),
            ("质保期为一建集团", "质保期为二建集团", False),
            ("质保期为甲公司", "质保期为甲公司北京分公司", False),
            ("质保期为0012", "质保期为12", None),
            ("质保期为913301000000000001", "质保期为913301000000000002", False)):
        name = "price" if one[0] == "总" else "warranty"
        text = document(one, "另一章", two)
        _, report = await ask(nginx, text)
        found = finding(report, name)
        Tap.ok(fact(report, name)["agree"] is agree
               and found and found["verdict"] == ("unsure" if agree is None
                                                  else "fail")
               and found["needs_human"] == (agree is None)
               and len(found["evidence"]) >= 2
               and placed(text, found["evidence"]),
               "%s, %s: %s" % (one, two, "nobody can tell" if agree is None
                               else "not the same"),
               (fact(report, name), found))


async def lists(nginx):
    text = document("投标人：甲公司，投标人：甲公司", "保修24个月", "投标人：乙公司",
                    "保修36个月，投标人：甲公司")
    _, report = await ask(nginx, text)
    found = finding(report, "bidder")
    Tap.ok(found["verdict"] == "fail" and placed(text, found["evidence"])
           and len(found["evidence"]) == 3,
           "a list has several values, each place once", found)
    found = finding(report, "months")
    Tap.ok(found["verdict"] == "fail" and placed(text, found["evidence"])
           and [e["quote"] for e in found["evidence"]] == ["24", "36"],
           "numbers are values", found)
    Tap.ok([f["name"] for f in report["facts"]] == list(NAMES)
           and fact(report, "price")["values"] == []
           and fact(report, "price")["agree"] is True,
           "what nobody says does not differ", report["facts"])
    _, report = await ask(nginx, document("质保期为无", "质保期为24个月", "质保期为—"))
    Tap.ok(fact(report, "warranty")["agree"] is True
           and len(fact(report, "warranty")["values"]) == 1,
           "nothing is no value", fact(report, "warranty"))


async def made_up(nginx):
    text = document("质保期为24个月", "质保期详见附件")
    script = "verdict=pass data=" + urllib.parse.quote(
        json.dumps({"warranty": "36个月"}))
    own = {**POINTS[1], "id": "own", "question": "？[[key=own %s]]" % script}
    _, report = await ask(nginx, text, [own])
    value = fact(report, "warranty", "own")["values"][0]
    Tap.ok(fact(report, "warranty", "own")["agree"] is True
           and not value["grounded"] and value["evidence"][0]["source"] is None
           and value["evidence"][0]["start"] is None,
           "a value that stands nowhere has no place", value)
    own["question"] = "？[[key=own2 %s|verdict=pass take=%s]]" % (
        script, urllib.parse.quote(json.dumps(TAKES)))
    _, report = await ask(nginx, document("质保期详见附件", "质保期为24个月"), [own],
                          uri="/one")
    found = finding(report, "warranty")
    Tap.ok(fact(report, "warranty", "own")["agree"] is None
           and found["verdict"] == "unsure" and found["needs_human"]
           and not found["grounded"]
           and report["points"][0]["verdict"] == "unsure",
           "and contradicts nothing for certain",
           (found, report["facts"]))
    refused = {**own, "question": "？[[key=o3 verdict=not_applicable take=%s]]"
               % urllib.parse.quote(json.dumps(TAKES))}
    _, report = await ask(nginx, document("质保期为24个月", "质保期为30个月"),
                          [refused])
    Tap.ok(finding(report, "warranty")["verdict"] == "fail",
           "data counts, whatever the verdict", report["facts"])


async def quoted(nginx):
    """of several places that have the value, the one that is quoted"""
    text = document("第24条、质保期24个月，共24页", "质保期36个月")
    own = point("quoted", "months",
                words="verdict=pass find=" + urllib.parse.quote("质保期\\d+个月"),
                takes={"months#": "质保期(\\d+)个月"})
    _, report = await ask(nginx, text, [own])
    found = finding(report, "months")
    at = text.index("24个月")
    Tap.ok([e["start"] for e in found["evidence"]][0] == at
           and placed(text, found["evidence"]),
           "a value's place is in what is quoted for it", found)


async def trouble(nginx):
    text = document("质保期为24个月", "质保期为24个月")
    own = {**point("own", "warranty"),
           "question": POINTS[1]["question"].replace("[[", "[[404|")
           .replace("key=facts", "key=t404")}
    _, report = await ask(nginx, text, [own], uri="/one", deadline=20)
    Tap.ok(report["status"] == "partial"
           and fact(report, "warranty", "own")["agree"] is None
           and report["points"][0]["needs_human"],
           "a chunk that failed might have another value", report["facts"])
    text = document(*("质保期为%d个月" % (i + 1) for i in range(1100)))
    _, report = await ask(nginx, text, ["facts"])
    values = fact(report, "warranty", "facts")
    Tap.ok(len(values["values"]) == 1000 and values["left"] == 100
           and values["agree"] is False
           and placed(text, finding(report, "warranty")["evidence"])
           and "未比较的还有100处" in finding(report, "warranty")["reason"],
           "a thousand values are compared, the rest is told",
           (values["left"], len(values["values"])))
    text = document(*["质保期为24个月"] * 1100)
    _, report = await ask(nginx, text, ["facts"])
    Tap.ok(fact(report, "warranty", "facts")["agree"] is None
           and report["points"][0]["verdict"] == "unsure",
           "and might be another one", report["points"][0]["verdict"])


async def documents(nginx):
    texts = {"a.md": document("质保期为24个月"), "b.md": document("质保期为36个月")}
    _, report = await ask(nginx, None, ["facts"], documents=[
        {"id": id, "text": text} for id, text in texts.items()])
    found = finding(report, "warranty")
    Tap.ok([e["source"] for e in found["evidence"]] == list(texts)
           and all(placed(texts[e["source"]], [e])
                   for e in found["evidence"])
           and found["chunks"] == ["a.md/c1", "b.md/c1"],
           "values of several documents are compared", found)
    _, report = await ask(nginx, document("warranty"), ["en"], uri="/en")
    Tap.ok(report["facts"][0]["title"] == "warranty"
           and report["facts"][0]["agree"] is True,
           "a fact without a title has its name", report["facts"])
    own = {**point("p", "warranty", heading="第1章"), "scope": "chunk"}
    _, report = await ask(nginx, document("质保期为24个月", "质保期为36个月"), [own])
    Tap.ok(fact(report, "warranty", "p")["agree"] is True,
           "only what is asked is compared", report["facts"])


async def said(nginx):
    """what the LLM is asked for"""
    own = {**POINTS[1], "id": "e",
           "question": "？[[echo verdict=risk quote=质保]]"}
    _, report = await ask(nginx, document("质保期为24个月"), [own])
    prompt = json.loads(report["points"][0]["findings"][0]["reason"])
    Tap.ok("字符串照抄原文，连同单位" in prompt["messages"][-1]["content"],
           "values are asked for as they stand", prompt)


async def refused(nginx):
    data = {"type": "object", "properties": {
        "a": {"type": "string"}, "o": {"type": "object"},
        "l": {"type": "array", "items": {"type": "object"}}}}
    base = {"id": "x", "question": "？", "data": data}
    for own, pointer, words in (
            ({**base, "agree": ["b"]}, "/agree/0", "properties"),
            ({**base, "agree": ["a", "a"]}, "/agree/1", "twice"),
            ({**base, "agree": ["a", "o"]}, "/agree/1", "object"),
            ({**base, "agree": ["l"]}, "/agree/0", "object"),
            ({**base, "agree": []}, "/agree", "1 to 32"),
            ({**base, "agree": "a"}, "/agree", "list"),
            ({**base, "agree": [1]}, "/agree/0", "string"),
            ({"id": "x", "question": "？", "agree": ["a"]}, "/agree", "data"),
            ({**base, "agree": ["a"], "scope": "document"}, "/agree", "chunk"),
            ({"id": "x", "rule": "a", "agree": ["a"]}, "/agree", "rule"),
            ({"id": "x", "check": "sums", "agree": ["a"]}, "/agree",
             "check")):
        status, reply = await ask(nginx, "甲", [own])
        Tap.ok(status == 400 and reply["pointer"] == "/points/0" + pointer
               and words in reply["detail"],
               "refused: %s" % words, reply)
    status, reply = await exchange(nginx.port, (lambda data: (
        "POST /review HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(data)).encode() + data)(json.dumps(
            {"chunk": "质保期为24个月。", "points": ["facts"]}).encode()))
    Tap.ok(status == 200 and json.loads(reply)["results"][0]["finding"]["data"]
           == {"warranty": "24个月", "bidder": []},
           "the chunk endpoint takes such a point, and compares nothing",
           reply)


async def scenes(nginx):
    for scene in (differs, agrees, not_the_same, lists, made_up, quoted,
                  trouble, documents, said, refused):
        await scene(nginx)


def main():
    nginx = Harness()
    try:
        with open(os.path.join(nginx.dir, "r.json"), "w") as rubric:
            json.dump({"name": "r", "points": POINTS}, rubric)
        with open(os.path.join(nginx.dir, "en.json"), "w") as rubric:
            own = copy.deepcopy(point("en", "warranty"))
            del own["data"]["properties"]["warranty"]["title"]
            json.dump({"name": "en", "language": "en", "points": [own]}, rubric)
        nginx.renew(http=HTTP % nginx.settings, server=SERVER % nginx.settings)
        asyncio.run(scenes(nginx))
    finally:
        bad = nginx.close()
    Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))
    Tap.end()


main()
