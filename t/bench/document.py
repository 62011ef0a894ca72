"""
What points cost that are about the document, beside points that are asked of
each chunk: calls, tokens and time of a task on the same bid.
"""

import asyncio
import json
import os
import statistics
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))

import bodies
from harness import Harness, exchange
from measure import say
from table import section, table

PAGES, SIZE = 100, 1200     # of the bid, and characters of a chunk
DELAY, CALLS = 300, 32      # of the LLM: milliseconds, calls at a time

WORDS = """营业执照 安全生产许可证 投标保证金 质保期 交货期 业绩合同 社保证明 审计报告 纳税证明
    信用报告 授权委托书 施工方案 售后服务 培训计划 备品备件 检测报告 环境管理体系 职业健康体系
    质量管理体系 项目经理证书""".split()

HTTP = """
    client_max_body_size 64m;
    review_llm /llm;
    review_zone gpu 1m;
    review_limit zone=gpu calls=%d queue=20000 wait=600s;
    review_max_calls off;
    review_timeout 600s;
""" % CALLS
SERVER = """
    review_chunk_uri /chunk calls=64;
    location = /task { review_task inline=on; review_task_timeout 1h; }
    location = /review { review; }
    location = /chunk {
        internal;
        proxy_pass http://127.0.0.1:%(port)d/review;
        proxy_read_timeout 600s;
    }
"""


def bid():
    """pages of the sample's words, on each fifth of which a thing stands"""
    words = bodies.long_text(PAGES * SIZE * 3)
    pages = []
    for i in range(PAGES):
        page = words[i * SIZE:(i + 1) * SIZE - 40]
        for word in WORDS:
            page = page.replace(word, "某项")
        if i % 5 == 2:
            page += "\n\n%s编号 %d。" % (WORDS[i // 5], i)
        pages.append("# 第 %d 部分\n\n%s\n" % (i + 1, page))
    return "\n".join(pages)


def points(there, **more):
    """of what is there, and of what is nowhere"""
    return [dict({"id": "p%d" % i, "title": word, "question":
                  "有没有%s？[[key=%d delay=%d find=%s]]" % (
                      word, i, DELAY, urllib.parse.quote(
                          word + ("编号" if i < there else "没有")))}, **more)
            for i, word in enumerate(WORDS)]


ASKED = [
    ("of each chunk", {"points": points(20)}),
    ("of each chunk, `top_k` of 5",
     {"points": points(20), "select": {"mode": "top_k", "k": 5}}),
    ("of the document, all is there",
     {"points": points(20, scope="document")}),
    ("of the document, 2 of 20 are nowhere",
     {"points": points(18, scope="document", absent="fail")}),
    ("of the document, none is there",
     {"points": points(0, scope="document", absent="fail")}),
]


def measure(nginx, document, asked):
    body = json.dumps({"document": document, "split": {"max_chars": SIZE},
                       **asked}, ensure_ascii=False).encode()
    begun = time.monotonic()
    status, reply = asyncio.run(exchange(nginx.port, (
        "POST /task HTTP/1.1\r\nHost: b\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(body)).encode() + body))
    report = json.loads(reply)
    if status != 200 or any(p["cells"]["failed"] + p["cells"]["timeout"]
                            for p in report["points"]):
        sys.exit("a cell is lost: %d %s" % (status, reply[:300]))
    usage = report["usage"]
    say("  %d calls, %d chunks, %s" % (usage["calls"], len(report["chunks"]),
                                       report["status"]))
    return (usage["calls"], usage["prompt_tokens"] / 1000,
            time.monotonic() - begun, report["status"],
            len(report["chunks"]))


def document(bench):
    text = bid()
    # more than a core for the stand-in and nginx
    os.sched_setaffinity(0, range(os.cpu_count()))
    nginx = Harness(record=False)
    try:
        nginx.renew(http=HTTP % nginx.settings, server=SERVER % nginx.settings)
        found = [[measure(nginx, text, asked) for _ in range(bench.rounds)]
                 for _, asked in ASKED]
    finally:
        nginx.close()
    rows, base = [], None
    for (name, _), rounds in zip(ASKED, found):
        values = [statistics.median(r[i] for r in rounds) for i in range(3)]
        base = base or values
        rows.append([name, *(round(value, 1) for value in values),
                     *(round(value / whole, 3)
                       for value, whole in zip(values, base)), rounds[0][3]])
    return section(
        "Document",
        "%d points on a bid of %d chunks of %d characters, each of which has "
        "one chunk that it is about, found by words alone: asked of each "
        "chunk, of the five that fit best, and of [the document]"
        "(rubric.md#points-about-the-document), with `k` 12 and 3 rounds. The "
        "LLM takes %d calls at a time, %d ms each; a token is a character."
        % (len(WORDS), found[0][0][4], SIZE, CALLS, DELAY),
        table(["asked", "calls", "1,000 tokens", "seconds", "calls ÷ first",
               "tokens ÷ first", "time ÷ first", "the report"], rows))
