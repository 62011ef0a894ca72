#!/usr/bin/python3
"""
Proves docs/logs.md: with the formats of the page, which nginx writes as JSON,
the commands of the page find the slow call of a slow review, and the calls that
fail; a line has the members that the page shows; and the reviews of a task are
known by its id.
"""

import asyncio
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import (Harness, ROOT, Tap, exchange, free_port, points, request,
                     wait_for)

with open(os.path.join(ROOT, "docs", "logs.md"), encoding="utf-8") as f:
    PAGE = f.read()


def blocks(mark):
    return re.findall(r"<!-- %s -->\n```\w+\n(.*?)```" % mark, PAGE, re.S)


def lines(path):
    try:
        with open(path, encoding="utf-8") as log:
            return [json.loads(line) for line in log]
    except (FileNotFoundError, ValueError):
        return []


TASK = """
    location = /v1/task {
        review_task bid;
        review_chunk_uri /chunk;
        access_log %s/task.log reviews;
    }
    location = /chunk {
        internal;
        %s
        proxy_pass http://127.0.0.1:%d/v1/review;
    }
"""


async def main():
    port = free_port()
    nginx = Harness(server="")
    conf = (blocks("nginx: http")[0]
            .replace("/var/log/nginx", nginx.dir)
            .replace("10.0.0.5:8000", "127.0.0.1:%d" % nginx.llm_port)
            .replace("listen 8080", "listen 127.0.0.1:%d" % port)
            .replace("    location = /llm {", TASK % (
                nginx.dir, re.search(r"^proxy_set_header .*;$", PAGE,
                                     re.M)[0], port)
                + "    location = /llm {"))
    with open(os.path.join(nginx.dir, "bid.json"), "w") as f:
        json.dump({"name": "bid", "points": points(["ok"])}, f)
    conf = "review_rubric bid %s/bid.json;" % nginx.dir + conf
    nginx.renew(http="review_retry tries=2 backoff=1ms; review_llm /llm;"
                "review_tenant $http_x_tenant;" + conf)

    slow = points(["key=a ok", "key=b delay=700", "key=c 500|ok"])
    replies = await asyncio.gather(
        exchange(port, request("短。", points(["key=d ok"]))),
        exchange(port, request("长。", slow, 'X-Tenant: 采"购\r\n')))
    Tap.ok([status for status, _ in replies] == [200, 200], "reviews", replies)

    reviews = os.path.join(nginx.dir, "review.log")
    calls = os.path.join(nginx.dir, "calls.log")
    Tap.ok(wait_for(lambda: len(lines(reviews)) == 2), "a line for each review",
           lines(reviews))
    Tap.ok(len(lines(calls)) == 5, "and for each try", lines(calls))

    told = [list(json.loads(block)) for block in blocks("line")]
    Tap.ok(told == [list(lines(calls)[0])], "lines are as the page shows them",
           lines(calls)[0])
    Tap.ok(sorted(call["tenant"] for call in lines(calls))
           == ["default"] + 4 * ['采"购'], "with tenants", lines(calls))

    commands = [block.replace("/var/log/nginx", nginx.dir)
                for block in blocks("command")]
    found = subprocess.run(["sh", "-ec", commands[0]], text=True,
                           encoding="utf-8", stdout=subprocess.PIPE)
    found = [json.loads(line) for line in found.stdout.splitlines()]
    Tap.ok([call["point"] for call in found][:1] == ["p1"] and len(found) == 4,
           "the slow call of the slow review comes first", found)
    Tap.ok(found and float(found[0]["took"]) >= 0.69
           and float(found[0]["first"]) >= 0.69
           and int(found[0]["completion_tokens"]) > 0,
           "with its times and tokens", found)
    Tap.ok(sorted((call["attempt"], call["code"]) for call in found
                  if call["point"] == "p2") == [("1", "http_500"), ("2", "ok")],
           "a try that failed has its code, the next one its number", found)

    failed = subprocess.run(["sh", "-ec", commands[1]], text=True,
                            encoding="utf-8", stdout=subprocess.PIPE).stdout
    Tap.ok(re.match(r"\s*1 http_500\t127\.0\.0\.1:\d+\t\S*\n\Z", failed),
           "calls that fail are counted by code and server", failed)

    before = len(lines(reviews))
    task = json.dumps({"document": "# a\n\nb\n\n# c\n\nd\n"}).encode()
    status, reply = await exchange(port, (
        "POST /v1/task HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(task)).encode() + task)
    tasks = os.path.join(nginx.dir, "task.log")
    wait_for(lambda: lines(tasks) and len(lines(reviews)) > before)
    told = lines(tasks)
    Tap.ok(status == 200 and len(told) == 1
           and {line["for"] for line in lines(reviews)[before:]}
           == {told[0]["id"]} and {line["id"] for line in lines(calls)}
           >= {line["id"] for line in lines(reviews)[before:]},
           "the reviews of a task, and their calls", [reply, told])

    Tap.ok(not (bad := nginx.close()), "nothing was said in alarm", bad)
    Tap.end()


asyncio.run(main())
