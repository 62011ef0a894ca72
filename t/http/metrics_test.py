#!/usr/bin/python3
"""
Proves that metrics are told apart by class, tenant, rubric and point, in any
language; that inline points and points beyond the bound are counted, too; that
requests and operations are, with their bytes; that all of it outlives reloads
with other rubrics and killed workers; and that Prometheus reads the page.
"""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import (Harness, ROOT, Tap, exchange, get, points, request,
                     wait_for)

HTTP = """
    review_zone z 256k;
    review_limit zone=z calls=50;
    review_priority $http_x_class;
    review_tenant $http_x_tenant;
    review_llm /llm model=m;
    review_llm /llm name=spare;
    review_embeddings /emb;
    review_retry tries=1;
    review_rubric bid DIR/bid.json;
"""
SERVER = """
    location = /v1/bid { review bid; }
    location = /v1/split { review_split; }
    location = /v1/embed { review_embed; }
    location = /status { review_status z; }
    location = /emb { internal; proxy_pass http://llm/v1/embeddings; }
"""
QUOTED = '签"字\\二'


def rubric(*ids):
    return json.dumps({"name": '标"书', "version": "1", "points": [
        {"id": name, "check": "sums"} if script == "sums" else
        {"id": name, "question": "%s [[key=%d %s]]" % (name, i, script)}
        for i, (name, script) in enumerate(ids)]}, ensure_ascii=False)


def post(path, body, kind="application/json", headers=""):
    return ("POST %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n%s"
            "Content-Type: %s\r\nContent-Length: %d\r\n\r\n"
            % (path, headers, kind, len(body))).encode() + body


def escaped(text):
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


async def page(nginx):
    return (await get(nginx.port, "/status?format=prometheus")).decode()


def sample(text, name, **labels):
    """the sum of the samples with these labels"""
    total = found = 0
    for line in text.splitlines():
        if line.startswith(name + "{") and all(
                '%s="%s"' % (key, escaped(value)) in line
                for key, value in labels.items()):
            total += float(line.rsplit(" ", 1)[1])
            found += 1
    return total if found else None


def valid(text):
    return subprocess.run(
        [sys.executable, os.path.join(ROOT, "t", "docs", "prometheus.py")],
        input=text, text=True, encoding="utf-8", stdout=subprocess.PIPE)


async def main():
    nginx = Harness(http="review_llm /llm;", workers=2)

    def write(*ids):
        with open(os.path.join(nginx.dir, "bid.json"), "w",
                  encoding="utf-8") as f:
            f.write(rubric(*ids))

    write((QUOTED, "verdict=fail"), ("b", "verdict=pass"), ("c", "403"))
    nginx.renew(http=HTTP.replace("DIR", nginx.dir), server=SERVER)

    text = await page(nginx)
    Tap.ok(valid(text).returncode == 0, "an empty page", valid(text).stdout)
    outcomes = set(re.findall(r'^review_calls_total\{.*class="low",'
                              r'outcome="(\w+)"\} 0$', text, re.M))
    Tap.ok({"ok", "cut", "call_timeout", "http_503", "http_4xx"} <= outcomes,
           "all outcomes are there from the start, at 0", outcomes)
    Tap.ok('review_calls_total{zone="z",llm="spare",class="low",outcome="ok"}'
           " 0\n" in text, "of LLMs that were never asked, too")
    Tap.ok(re.search(r'^review_build_info\{zone="z",version="\d+\.\d+\.\d+",'
                     r'nginx="\d+\.\d+\.\d+",curl="\d.*"\} 1$', text, re.M),
           "and what tells it")

    chunk = json.dumps({"chunk": "文。"}, ensure_ascii=False).encode()
    replies = [await exchange(nginx.port, post(
        "/v1/bid", chunk, headers="X-Class: high\r\nX-Tenant: 采\"购\r\n"))
        for _ in range(2)]
    replies.append(await exchange(nginx.port, request(
        "文。", points(["ok", "key=x ok"]),
        "X-Class: low\r\nX-Tenant: default\r\n")))
    Tap.ok([status for status, _ in replies] == [200] * 3, "reviews", replies)

    split = "一。二。".encode()
    status, reply = await exchange(nginx.port,
                                   post("/v1/split", split, "text/plain"))
    await exchange(nginx.port, post("/v1/split", b"{", "application/json"))
    inputs = json.dumps({"input": ["a", "b"]}).encode()
    embedded, _ = await exchange(nginx.port, post("/v1/embed", inputs))
    Tap.ok((status, embedded) == (200, 200), "a split, embeddings")

    def counted(text):
        of = dict(rubric='标"书')
        return (
            sample(text, "review_point_results_total", point=QUOTED,
                   verdict="fail", **of),
            sample(text, "review_point_results_total", point="b",
                   verdict="pass", **of),
            sample(text, "review_point_results_total", point="c",
                   status="failed", **of),
            sample(text, "review_point_results_total", point="", rubric="",
                   status="ok"),
            sample(text, "review_calls_total", **{"class": "high"}),
            sample(text, "review_calls_total", **{"class": "low"}),
            sample(text, "review_calls_total", **{"class": "normal"}),
            sample(text, "review_reviews_total", **{"class": "high"}),
            sample(text, "review_tenant_calls_total", tenant='采"购'),
            sample(text, "review_tenant_calls_total", tenant="default"))

    expected = (2, 2, 2, 2, 6, 2, 0, 2, 6, 2)
    text = await page(nginx)
    Tap.ok(counted(text) == expected, "what was asked is told apart",
           counted(text))
    Tap.ok(sample(text, "review_point_tokens_total", point="b", kind="prompt")
           > 0 and sample(text, "review_tenant_tokens_total", tenant='采"购')
           == sample(text, "review_point_tokens_total", rubric='标"书') > 0,
           "and so are tokens")
    Tap.ok(valid(text).returncode == 0, "a page with all that",
           valid(text).stdout)

    def requests(text, endpoint, status):
        return sample(text, "review_requests_total", endpoint=endpoint,
                      status=status)

    wait = [text]
    while requests(wait[0], "embed", "complete") != 1:
        await asyncio.sleep(0.01)
        wait[0] = await page(nginx)
    text = wait[0]
    Tap.ok([requests(text, "review", "partial"),
            requests(text, "review", "complete"),
            requests(text, "split", "complete"),
            requests(text, "split", "rejected")] == [2, 1, 1, 1],
           "requests by endpoint and status", text[:0])
    Tap.ok(sample(text, "review_request_bytes_total", endpoint="split",
                  direction="received") > 2 * len(split)
           and sample(text, "review_request_bytes_total", endpoint="split",
                      direction="sent") > len(reply), "with their bytes")
    Tap.ok(sample(text, "review_operations_total", operation="embedding",
                  outcome="ok") == 1
           and sample(text, "review_operation_bytes_total",
                      operation="embedding") > len(inputs)
           and sample(text, "review_operation_duration_seconds_count",
                      operation="embedding") == 1, "operations, too")

    told = json.loads(await get(nginx.port, "/status"))
    Tap.ok({(of["rubric"], of["point"]): of["verdicts"]["fail"]
            for of in told["rubrics"]}
           == {('标"书', QUOTED): 2, ('标"书', "b"): 0, ('标"书', "c"): 0,
               ("", ""): 0}, "the same as JSON", told["rubrics"])

    # another rubric, another worker

    write(("b", "verdict=risk"), ("新", "verdict=pass"), ("c", "sums"))
    nginx.renew()
    old = nginx.workers()
    os.kill(old[0], signal.SIGKILL)
    wait_for(lambda: len(set(nginx.workers()) - {old[0]}) == 2)
    await exchange(nginx.port, post("/v1/bid", chunk))
    text = await page(nginx)
    Tap.ok(counted(text)[:3] == expected[:3]
           and sample(text, "review_point_results_total", point="b",
                      verdict="risk") == 1
           and sample(text, "review_point_results_total", point="新",
                      verdict="pass") == 1
           and sample(text, "review_point_results_total", point="c",
                      verdict="not_applicable") == 1,
           "a reload with another rubric, a killed worker: nothing is lost",
           counted(text))

    # more points than there is place for

    write(*[("p%d" % i, "ok") for i in range(60)])
    for i in range(9):
        with open(os.path.join(nginx.dir, "bid.json"), "w",
                  encoding="utf-8") as f:
            f.write(rubric(*[("p%d-%d" % (i, j), "403") for j in range(60)]))
        nginx.renew()
        await exchange(nginx.port, post("/v1/bid", chunk))
    text = await page(nginx)
    names = set(re.findall(r'^review_point_tokens_total\{.*point="(.*)",kind',
                           text, re.M))
    Tap.ok(len(names) == 514 and sample(text, "review_point_results_total",
                                        point="other") == 540 + 4 - 512
           and valid(text).returncode == 0,
           "points beyond the bound are others", len(names))

    Tap.ok(not (bad := [line for line in nginx.close()
                        if "exited on signal 9" not in line]),
           "nothing was said in alarm", bad)
    Tap.end()


asyncio.run(main())
