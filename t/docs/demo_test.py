#!/usr/bin/python3
"""
Proves that the demo ends well, and finds across the chapters of its bid what no
chapter alone shows: months that differ, an amount in words, a sum that is
short; and of a bid without a licence that it is nowhere.  And that what it
prints has the warnings of replies, of a review's results, whatever their
status, and of a report's points.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(__file__ + "/../../..")
sys.path.insert(0, ROOT + "/t/lib")
from harness import Tap

MODULE = os.environ.get("REVIEW_MODULE") \
    or ROOT + "/build/ngx_http_review_module.so"
NGINX = os.environ.get("TEST_NGINX_BINARY") or "/usr/sbin/nginx"
RUBRIC = ROOT + "/conf/demo/bid.json"
REQUEST = {"chunk": {"id": "1", "text": "甲"}, "document": {"text": "甲"}}
WARNED = {"injection": "文中疑有对审核者的指令",
          "prompt_cut": "模型没有读到全部提示"}


def shown(how, reply):
    with tempfile.NamedTemporaryFile("w") as request:
        json.dump(REQUEST, request)
        request.flush()
        args = [RUBRIC, request.name] if how == "print" else [request.name]
        run = subprocess.run([ROOT + "/conf/demo/show.py", how] + args,
                             input=json.dumps(reply), text=True,
                             encoding="utf-8", stdout=subprocess.PIPE)
    return run.stdout


def review(status, warnings):
    result = {"point": "p", "status": status, "warnings": warnings}
    if status == "ok":
        result["finding"] = {"verdict": "pass", "needs_human": True}
    return {"status": "complete", "results": [result]}


def report(verdict, warnings):
    point = {"point": "p", "verdict": verdict, "findings": [],
             "warnings": warnings}
    return {"status": "complete", "document": {"chars": 1, "chunks": 1},
            "points": [point], "cells": [], "elapsed_ms": 1,
            "usage": {"calls": 0, "retries": 0}}


def runs():
    """where there is a module to load: it is a part of sanitized binaries"""
    if MODULE == "static":
        return
    env = dict(os.environ, DEMO_ONCE="1")
    env.pop("LLM_URL", None)
    run = subprocess.run([ROOT + "/conf/demo/run", MODULE, NGINX], env=env,
                         text=True, encoding="utf-8", stdin=subprocess.DEVNULL,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    bid, without = run.stdout.split("整份审核")[1:]
    Tap.ok(run.returncode == 0 and "报告完成" in bid
           and "报告完成" in without and "未得出" not in run.stdout,
           "the demo ends well", run.stdout)
    Tap.ok("质保期前后不一致：“24个月”、“36个月”" in bid
           and "「24个月」 投标文件 › 第一章 投标函 第17行" in bid
           and "「36个月」 投标文件 › 第七章 质保与售后 第77行" in bid,
           "the demo finds months that differ", bid)
    Tap.ok(re.search("不通过 +重大 大小写核对", bid)
           and re.search("不通过 +重大 报价表核对", bid)
           and "相差200000" in run.stdout,
           "and amounts, and a sum that is short", run.stdout)
    Tap.ok(re.search("不通过 +致命 营业执照有效期 +投标文件 › 第十章", bid)
           and re.search("不通过 +致命 营业执照有效期 +未找到（已读全文）",
                         without),
           "and that a licence is nowhere", without)


def main():
    runs()
    for how, make, kinds in (
            ("print", review, ("ok", "failed", "skipped")),
            ("report", report, ("pass", "not_applicable", None))):
        for kind in kinds:
            said = shown(how, make(kind, list(WARNED)))
            Tap.ok(all(words in said for words in WARNED.values()),
                   "%s: %s with warnings" % (how, kind), said)
            said = shown(how, make(kind, []))
            Tap.ok("p" in said and "警告" not in said,
                   "%s: %s without" % (how, kind), said)
    Tap.end()


main()
