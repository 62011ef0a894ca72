#!/usr/bin/python3
"""
Proves that what the demo prints has the warnings of replies, of a review's
results, whatever their status, and of a report's points.
"""

import json
import os
import subprocess
import sys
import tempfile

ROOT = os.path.abspath(__file__ + "/../../..")
sys.path.insert(0, ROOT + "/t/lib")
from harness import Tap

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


def main():
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
