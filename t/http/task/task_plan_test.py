#!/usr/bin/python3
"""
Proves that a dry run tells what a task would be, and asks nobody: chunks with
their places, what would be asked of which and what would go with it, cells that
need no LLM (rules, gates that are closed, what is not selected, blank chunks),
calls, and about how many tokens their prompts would have.  All of that is held
against the task itself: its calls are as many, of the same cells, and their
prompts as long.  Nothing is saved, nor takes a turn.  review_max_calls refuses
a task by the same count, before any call, be it of the LLM or of embeddings;
and a dry run tells of it.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, exchange, free_port, get

HTTP = """
    client_max_body_size 64m;
    review_llm /llm;
    review_zone gpu 1m;
    review_retry tries=2 backoff=10ms max=20ms budget=1000%%;
    review_rubric bid %(dir)s/bid.json;
    review_rubric plain %(dir)s/plain.json;
    review_rubric steps %(dir)s/steps.json;
    review_rubric english %(dir)s/english.json;
    review_rubric gates %(dir)s/gates.json;
    review_rubric rules %(dir)s/rules.json;
    review_rubric heavy %(dir)s/heavy.json;
    review_store none {
        endpoint http://127.0.0.1:%(closed)d;
        bucket bids;
        access_key a;
        secret_key s;
    }
"""
SERVER = """
    review_chunk_uri /chunk calls=8;
    location = /v1/task { review_task bid store=none; }
    location = /vectors {
        review_task bid; review_embeddings /embeddings batch=4;
    }
    location = /inherited { review_task bid; }
    location = /few { review_task bid; review_max_calls 7; }
    location = /few/vectors {
        review_task bid; review_max_calls 7; review_embeddings /embeddings;
    }
    location = /none { review_task bid; review_max_calls off; }
    location = /zero { review_task bid; review_max_calls 0; }
    location = /threads {
        review_task bid; review_thread_pool default threshold=1;
    }
    location = /loop { review_task bid; review_thread_pool off; }
    location = /short { review_task heavy; review_task_timeout 1s; }
    location = /poor {
        review_task bid; review_limit zone=gpu;
        review_tenant poor; review_tenant_limit tokens=1/1d;
    }
    location = /poor/review {
        review; review_limit zone=gpu;
        review_tenant poor; review_tenant_limit tokens=1/1d;
    }
    location = /no_llm { review_task bid; review_chunk_uri /nowhere; }
    location = /chunk {
        internal;
        proxy_pass http://127.0.0.1:%(port)d/v1/review;
    }
    location = /nowhere { internal; return 500; }
    location = /embeddings {
        internal;
        proxy_pass http://llm/v1/embeddings;
    }
    location = /extract {
        internal; proxy_pass http://127.0.0.1:%(hung)d;
    }
    location = /extracted {
        review_task bid; review_extract /extract; review_task_timeout 1s;
    }
"""

WORD = re.compile(r"[A-Za-z]+| {4}|[^ ]")


def tokens(text):
    """the estimate that splits use, written anew"""
    return sum((len(word) + 3) // 4 if word[0].isalpha() and word.isascii()
               else 1 for word in WORD.findall(text))


def rubric(name, points, **more):
    return {"name": name, "version": "1", "points": points, **more}


RUBRICS = {
    "bid": rubric("bid", [
        {"id": "validity", "title": "投标有效期",
         "question": "投标有效期是否不少于90日？[[ok]]"},
        {"id": "gate", "title": "投标保证金", "when": "保证金",
         "question": "投标保证金是否足额？[[ok]]"},
        {"id": "rule", "title": "日期", "rule": "\\d+日"},
        {"id": "gated", "title": "金额", "when": "万元", "rule": "\\d+"}]),
    "plain": rubric("plain", [
        {"id": "p%d" % i, "title": "审核点 %d" % i,
         "question": "第 %d 项要求是否满足？请结合全文判断。[[key=%d]]" % (i, i)}
        for i in range(5)], system="你是一名招标文件审核专家，请严格依据原文。"),
    "steps": rubric("steps", [
        {"id": "two", "title": "分步", "question": "是否一致？[[raw=%E6%98%AF]]",
         "steps": ["先摘出 {{point.title}} 的要点：{{references}}。"
                   "[[raw=%E8%A6%81%E7%82%B9]]",
                   "依据 {{answer}}，项目 {{vars.project}}，对照 {{heading}} 判断："
                   "{{point.question}}[[ok]]"]},
        {"id": "placed", "title": "自定", "question": "有无遗漏？",
         "prompt": "只看正文：{{chunk}}\n再看一遍：{{chunk}}\n{{vars.long}}"
                   "{{point.question}}[[ok]]"}]),
    "english": rubric("english", [
        {"id": "period", "title": "Validity of the bid",
         "question": "Is the bid valid for at least ninety days? [[ok]]"}],
        language="en"),
    "gates": rubric("gates", [
        {"id": "g%d" % i, "title": "门", "when": "第%d号" % i,
         "question": "%d？[[ok]]" % i} for i in range(20)]),
    "heavy": rubric("heavy", [{"id": "h", "title": "重", "question": "？[[ok]]",
                               "when": "(x+x+)+[yz]"}]),
    "rules": rubric("rules", [{"id": "r", "title": "规", "rule": "甲"}]),
}

SENTENCES = ("投标人应当在投标截止之日前递交投标文件，逾期不予受理。",
             "本项目的质量保证期为二十四个月，自验收合格之日起计算。",
             "The contractor shall deliver all items within 45 days. ",
             "违约金按合同总价的0.5%计算，最高不超过合同总价的10%。")

BID = ("# 第一章 投标函\n\n投标有效期为自投标截止之日起60日历天。\n\n"
       "# 第二章 商务\n\n投标保证金为10万元，由基本账户转出。\n\n"
       "# 第三章 其他\n\n以上承诺有效，甲方知悉。\n")


def document(chapters, sentences):
    return "\n\n".join("# 第%d章 章节 %d\n\n" % (i + 1, i)
                       + "".join(SENTENCES[(i + k) % len(SENTENCES)]
                                 for k in range(sentences))
                       for i in range(chapters)) + "\n"


class Nginx(Harness):
    def __init__(self):
        self.files = tempfile.TemporaryDirectory(prefix="review-plan-")
        os.chmod(self.files.name, 0o755)
        for name, value in RUBRICS.items():
            with open(os.path.join(self.files.name, name + ".json"), "w") as f:
                json.dump(value, f)
        self.hung = free_port()
        super().__init__(http=HTTP % {"dir": self.files.name,
                                      "closed": free_port()})
        self.renew(server=SERVER % {"port": self.port, "hung": self.hung})

    async def ask(self, body, path="/v1/task", accept="application/json"):
        data = json.dumps(body, ensure_ascii=False).encode()
        status, reply = await exchange(self.port, (
            "POST %s HTTP/1.1\r\nHost: test\r\nAccept: %s\r\n"
            "Content-Type: application/json\r\nConnection: close\r\n"
            "Content-Length: %d\r\n\r\n"
            % (path, accept, len(data))).encode() + data)
        return status, json.loads(reply) if reply[:1] == b"{" else reply

    async def calls(self):
        return json.loads(await get(self.llm_port, "/_calls"))

    async def reset(self):
        await get(self.llm_port, "/_reset", "POST")


def prompt(call):
    """what an LLM reads of it"""
    messages = json.loads(call["body"])["messages"] \
        if isinstance(call["body"], str) else call["body"]["messages"]
    return "".join(message["content"] for message in messages)


def cells_of(report, of="ok"):
    """{(chunk, point)} of the cells that an LLM was asked"""
    return {(cell["chunk"], cell["point"]) for cell in report["cells"]
            if cell["status"] == of and cell["attempts"]}


def planned(dry):
    return {(chunk["id"], point) for chunk in dry["chunks"]
            for point in chunk["points"]}


async def compare(nginx, name, body, path="/v1/task"):
    """a dry run, and the task: what they have in common"""
    await nginx.reset()
    status, dry = await nginx.ask(dict(body, dry_run=True), path)
    asked = await nginx.calls()
    Tap.ok(status == 200 and dry["dry_run"] is True and asked == [],
           "%s: a dry run calls nobody" % name, (status, dry, asked))

    status, report = await nginx.ask(body, path)
    calls = [call for call in await nginx.calls()
             if call["path"].endswith("completions")]
    whole = "partial" if "mode" in body.get("select", {}) else "complete"
    Tap.ok(status == 200 and report["status"] == whole,
           "%s: the task itself" % name, (status, report))
    Tap.ok(dry["calls"] == report["usage"]["calls"] == len(calls),
           "%s: as many calls as it was told" % name,
           (dry["calls"], report["usage"], len(calls)))
    Tap.ok(planned(dry) == cells_of(report), "%s: of the same cells" % name,
           planned(dry) ^ cells_of(report))

    total = {"rule": 0, "asked": 0, "when": 0, "skipped": 0}
    for point in dry["points"]:
        for kind in total:
            total[kind] += point["cells"][kind]
    Tap.ok(dry["cells"] == total
           and sum(total.values()) == len(report["cells"])
           and sum(point["calls"] for point in dry["points"]) == dry["calls"]
           and sum(point["prompt_tokens"] for point in dry["points"])
           == dry["prompt_tokens"], "%s: each cell is accounted for" % name,
           dry["cells"])

    sent = sum(tokens(prompt(call)) for call in calls)
    Tap.ok(sent and abs(dry["prompt_tokens"] - sent) <= sent * 0.06,
           "%s: prompts are as long as was told" % name,
           (dry["prompt_tokens"], sent))

    same = ("id", "rubric", "document", "references")
    Tap.ok({k: dry[k] for k in same} == {k: report[k] for k in same},
           "%s: so is what is known of texts" % name)
    places = ("id", "start", "end", "line", "page", "heading")
    Tap.ok([{k: c[k] for k in places if k in c} for c in dry["chunks"]]
           == [{k: c[k] for k in places if k in c} for c in report["chunks"]],
           "%s: and the places of chunks" % name)
    return dry, report


async def check_compared(nginx):
    dry, report = await compare(nginx, "gates and rules", {
        "document": {"id": "bid.md", "text": BID},
        "split": {"max_chars": 40}})
    Tap.ok([point["cells"] for point in dry["points"]] == [
        {"asked": 3, "rule": 0, "when": 0, "skipped": 0},
        {"asked": 1, "rule": 0, "when": 2, "skipped": 0},
        {"asked": 0, "rule": 3, "when": 0, "skipped": 0},
        {"asked": 0, "rule": 1, "when": 2, "skipped": 0}],
           "closed gates, rules, and what is asked", dry["points"])
    Tap.ok([point["steps"] for point in dry["points"]] == [1, 1, 0, 0]
           and dry["selected_by"] is None and dry["embeddings"] is None
           and dry["max_calls"] == 20000 and dry["refused"] is False
           and [chunk["tokens"] for chunk in dry["chunks"]]
           == [tokens(BID[c["start"]:c["end"]]) for c in dry["chunks"]],
           "steps, bounds, and tokens of chunks",
           {k: v for k, v in dry.items() if k != "points"})

    await compare(nginx, "a system of its own", {
        "document": document(6, 20), "rubric": "plain"})
    await compare(nginx, "chunks without a heading", {
        "document": "".join(SENTENCES) * 30, "rubric": "plain",
        "split": {"max_chars": 500}})
    await compare(nginx, "English", {
        "document": "# Terms\n\n" + SENTENCES[2] * 200, "rubric": "english"})

    dry, report = await compare(nginx, "references and words", {
        "document": document(8, 20), "rubric": "plain",
        "references": [{"id": "tender", "text": document(5, 25)},
                       {"id": "notice", "text": SENTENCES[0]}],
        "select": {"mode": "top_k", "k": 2, "references": 2}})
    Tap.ok(dry["selected_by"] == "bm25" == report["selected_by"]
           and dry["cells"]["skipped"] == 5 * (len(dry["chunks"]) - 2)
           and all(len(chunk["references"]) == 2 for chunk in dry["chunks"])
           and {name.partition("/")[0] for chunk in dry["chunks"]
                for name in chunk["references"]} <= {"tender", "notice"},
           "what was selected is told", (dry["selected_by"], dry["cells"]))

    body = {"document": document(4, 25), "rubric": "steps",
            "references": [{"id": "t", "text": document(3, 12)}],
            "vars": {"project": "LZCG-2025-0318", "long": SENTENCES[3] * 9}}
    for point in ("two", "placed"):
        await compare(nginx, "steps and templates, %s" % point,
                      dict(body, points=[point]))
    dry, report = await compare(nginx, "steps and templates", body)
    Tap.ok([point["steps"] for point in dry["points"]] == [2, 1]
           and dry["calls"] == 3 * len(dry["chunks"]),
           "each step is a call", (dry["points"], dry["calls"]))

    dry, report = await compare(nginx, "on a thread", {
        "document": BID, "split": {"max_chars": 40}}, "/threads")
    again, report = await compare(nginx, "without threads", {
        "document": BID, "split": {"max_chars": 40}}, "/loop")
    Tap.ok(dry["points"] == again["points"], "both count the same")

    await nginx.reset()
    status, dry = await nginx.ask({
        "document": document(3, 30), "rubric": "rules", "dry_run": True})
    Tap.ok(status == 200 and dry["calls"] == dry["prompt_tokens"] == 0
           and dry["cells"]["rule"] == len(dry["chunks"]),
           "rules alone cost nothing", dry)


async def check_vectors(nginx):
    """with embeddings a dry run selects by words, and tells what is missing"""
    body = {"document": document(6, 20), "rubric": "plain",
            "references": [document(3, 12)],
            "select": {"mode": "top_k", "k": 2}}
    await nginx.reset()
    status, dry = await nginx.ask(dict(body, dry_run=True), "/vectors")
    calls = await nginx.calls()
    status, report = await nginx.ask(body, "/vectors")
    stats = (await nginx.stats())["embeddings"]
    Tap.ok(calls == [] and dry["selected_by"] == "bm25"
           and report["selected_by"] == "embedding",
           "embeddings are not asked for", (dry["selected_by"], calls))
    Tap.ok(dry["calls"] == report["usage"]["calls"],
           "the LLM's calls are as many", (dry["calls"], report["usage"]))
    Tap.ok(dry["embeddings"]["calls"] >= stats["calls"] > 0
           and dry["embeddings"]["texts"] > 11,
           "those of embeddings are told", (dry["embeddings"], stats))


async def check_forms(nginx):
    """one form, whatever is asked for; the request is looked at as always"""
    await nginx.reset()
    body = {"document": BID, "dry_run": True, "return": ["text"],
            "result": {"object": "reports/a.json"}}
    for accept in ("text/event-stream", "application/x-ndjson",
                   "text/markdown", "application/json"):
        status, dry = await nginx.ask(body, accept=accept)
        Tap.ok(status == 200 and dry["dry_run"] is True
               and "result" not in dry and dry["text"] == BID,
               "JSON for who accepts %s; nothing is saved" % accept, dry)
    status, dry = await nginx.ask(dict(body, document="x" * 3), "/no_llm")
    Tap.ok(status == 422 and "store" in dry["detail"],
           "the place of the report is checked", dry)
    status, dry = await nginx.ask({"document": BID, "dry_run": True},
                                  "/no_llm")
    Tap.ok(status == 200, "nobody need review chunks", dry)
    for value in (1, "yes", []):
        status, dry = await nginx.ask({"document": BID, "dry_run": value})
        Tap.ok(status == 400 and dry["pointer"] == "/dry_run",
               "dry_run: %r is none" % value, dry)
    status, dry = await nginx.ask({"document": BID, "dry_run": True,
                                   "rubric": "steps"})
    Tap.ok(status == 422 and "vars" in json.dumps(dry),
           "what a prompt lacks is told", dry)
    status, report = await nginx.ask({"document": BID, "dry_run": False},
                                     "/inherited")
    Tap.ok(status == 200 and "cells" in report and "dry_run" not in report,
           "false is none")
    await nginx.reset()
    status, dry = await nginx.ask({"document": " \n x", "dry_run": True,
                                   "split": {"max_chars": 2}})
    Tap.ok(status == 200 and await nginx.calls() == [], "a text of blanks",
           dry)


async def check_budget(nginx):
    """a tenant that has used its tokens may still ask what they would cost"""
    status, reply = await nginx.ask({"chunk": "甲", "points": [
        {"id": "a", "question": "?[[ok]]"}]}, "/poor/review")
    Tap.ok(status == 200, "all tokens are used", (status, reply))
    status, reply = await nginx.ask({"document": BID}, "/poor")
    Tap.ok(status == 429, "a task is refused", (status, reply))
    status, reply = await nginx.ask({"document": BID, "dry_run": True}, "/poor")
    Tap.ok(status == 200 and reply["dry_run"], "a dry run is not",
           (status, reply))


async def check_deadline(nginx):
    """the time of a task ends a dry run, too, wherever it is"""
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1",
                                        nginx.hung)
    status, reply = await nginx.ask(
        {"document": {"type": "application/pdf", "upload": "JVBERi0="},
         "dry_run": True}, "/extracted")
    Tap.ok(status == 504, "a converter that hangs", (status, reply))
    server.close()

    # regexes that take long, and can't tell: on a thread, which is called back

    heavy = {"document": "\n\n".join(["x" * 60] * 2000),
             "split": {"max_chars": 62}}
    before = time.monotonic()
    status, reply = await nginx.ask(dict(heavy, dry_run=True), "/short")
    took = time.monotonic() - before
    Tap.ok(status == 504 and "planned" in reply["detail"] and took < 9 * SLOW,
           "regexes that take long", (status, reply, took))
    few = {"document": "\n\n".join(["x" * 60] * 3), "dry_run": True,
           "split": {"max_chars": 62}, "rubric": "heavy"}
    status, dry = await nginx.ask(few, "/loop")
    Tap.ok(status == 200 and dry["cells"]["asked"] == 3,
           "what they have not told counts as a match", (status, dry))


async def check_max_calls(nginx):
    text = document(4, 20)
    body = {"document": text, "rubric": "plain", "split": {"max_chars": 200}}
    await nginx.reset()
    status, dry = await nginx.ask(dict(body, dry_run=True), "/few")
    calls = dry["calls"]
    Tap.ok(status == 200 and dry["refused"] is True and dry["max_calls"] == 7
           and calls > 7, "a dry run tells that it would be refused",
           (status, calls, dry["refused"]))
    for accept in ("application/json", "text/event-stream",
                   "application/x-ndjson", "text/markdown"):
        status, problem = await nginx.ask(body, "/few", accept)
        Tap.ok(status == 422 and " %d calls" % calls in problem["detail"]
               and "the 7 of review_max_calls" in problem["detail"],
               "the task itself is (%s)" % accept, (status, problem))
    status, problem = await nginx.ask(
        dict(body, references=[text], select={"mode": "top_k", "k": 3}),
        "/few/vectors")
    Tap.ok(status == 422 and " 15 calls" in problem["detail"],
           "before texts are embedded", problem)
    stats = await nginx.stats()
    Tap.ok(await nginx.calls() == [] and stats["embeddings"]["calls"] == 0,
           "and nobody was called", stats)

    status, report = await nginx.ask(
        dict(body, points=["p1"], select={"mode": "top_k", "k": 7}), "/few")
    Tap.ok(status == 200 and report["usage"]["calls"] == 7
           and report["selected_by"] == "bm25", "as many as may be are",
           (status, report))
    status, report = await nginx.ask(
        dict(body, points=["p1"], select={"mode": "top_k", "k": 8}), "/few")
    Tap.ok(status == 422 and " 8 calls" in report["detail"], "one more is not",
           (status, report))

    # each of 20 gates is open in one of the chunks, of 400 cells

    gates = {"rubric": "gates", "split": {"max_chars": 30}, "document":
             "\n\n".join("第%d号：%s" % (i, SENTENCES[0]) for i in range(7))}
    status, report = await nginx.ask(gates, "/few")
    Tap.ok(status == 200 and report["usage"]["calls"] == 7,
           "closed gates do not count", (status, report))
    gates["document"] += "\n\n第7号：" + SENTENCES[0]
    status, report = await nginx.ask(gates, "/few")
    Tap.ok(status == 422 and " 8 calls" in report["detail"],
           "open ones do", (status, report))

    # 5000 chunks of 5 points

    large = {"document": "\n\n".join(["文" * 20] * 5000), "rubric": "plain",
             "split": {"max_chars": 22}, "dry_run": True}
    for path, bound in (("/none", None), ("/zero", None),
                        ("/inherited", 20000)):
        status, dry = await nginx.ask(large, path)
        Tap.ok(status == 200 and dry["max_calls"] == bound
               and dry["calls"] == 25000 and dry["refused"] == bool(bound),
               "%s: %r" % (path, bound), (status, str(dry)[-400:]))
    del large["dry_run"]
    status, problem = await nginx.ask(large, "/inherited")
    Tap.ok(status == 422 and " 25000 calls" in problem["detail"],
           "20000 are the default", (status, str(problem)[:400]))


async def main():
    nginx = Nginx()
    try:
        await check_compared(nginx)
        await check_vectors(nginx)
        await check_forms(nginx)
        await check_budget(nginx)
        await check_deadline(nginx)
        await check_max_calls(nginx)
    finally:
        bad = nginx.close()
    Tap.ok(not bad, "nothing is said that should not be", bad)
    Tap.end()


asyncio.run(main())
