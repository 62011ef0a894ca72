#!/usr/bin/python3
"""
Proves that of several references a later one overrides, which the prompt says:
of a chunk's review, by their list or their "order"; of a task, whose clauses
bear the number of their reference wherever they stand.  With one reference, or
clauses of one, or none, no word of that is said.
"""

import asyncio
import json
import os
import re
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, Tap, exchange, free_port, get

HTTP = """
    review_llm /llm model=stand-in;
    review_rubric one %(rubric)s;
    server {
        listen 127.0.0.1:%(chunks)d;
        location / { review one; }
        location = /llm {
            internal;
            proxy_pass http://llm/v1/chat/completions;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
    }
"""
SERVER = """
        location = /task { review_task one; review_chunk_uri /chunk; }
        location = /chunk {
            internal;
            proxy_pass http://127.0.0.1:%(chunks)d/;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
"""
POINTS = [{"id": "p", "question": "有效期？[[ok]]"}]
OVERRIDES = "以编号大的为准"

LABEL = re.compile(r'参考文件 (\d+)\n<review-text id="([^"]+)"')


def post(port, path, body):
    data = json.dumps(body, ensure_ascii=False).encode()
    status, reply = asyncio.run(exchange(port, (
        "POST %s HTTP/1.0\r\nHost: test\r\nContent-Type: application/json\r\n"
        "Content-Length: %d\r\n\r\n" % (path, len(data))).encode() + data))
    return status, json.loads(reply)


def prompts(nginx):
    """the users' messages, since it was asked last"""
    told = []
    for call in json.loads(asyncio.run(get(nginx.llm_port, "/_calls"))):
        body = call["body"]
        body = json.loads(body) if isinstance(body, str) else body
        told.append(body["messages"][-1]["content"])
    asyncio.run(get(nginx.llm_port, "/_reset", "POST"))
    return told


def review(nginx, references):
    status, reply = post(nginx.port, "/v1/review", {
        "chunk": "有效期六十日。", "points": POINTS, "references": references})
    return status, reply, "".join(prompts(nginx))


def chunks(nginx):
    tender = {"id": "tender", "text": "有效期九十日。"}
    more = {"id": "addendum", "text": "有效期改为六十日。"}

    status, _, prompt = review(nginx, [tender, more])
    Tap.ok(status == 200 and LABEL.findall(prompt)
           == [("1", "tender"), ("2", "addendum")] and OVERRIDES in prompt
           and prompt.index(OVERRIDES) < prompt.index("待审文本"),
           "two references", prompt)
    status, _, prompt = review(nginx, [{**more, "order": 5},
                                       {**tender, "order": 2}])
    Tap.ok(status == 200 and LABEL.findall(prompt)
           == [("5", "addendum"), ("2", "tender")] and OVERRIDES in prompt,
           "numbered as they say", prompt)
    for name, references in (
            ("one", [tender]), ("none", []),
            ("parts of one", [{**tender, "order": 1}, {**more, "order": 1}])):
        status, _, prompt = review(nginx, references)
        Tap.ok(status == 200 and "参考文件" not in prompt,
               name + ": no word of it", prompt)
    for order in 0, 1000001, "1", 1.5:
        status, reply, _ = review(nginx, [{**tender, "order": order}])
        Tap.ok(status == 400 and reply["pointer"] == "/references/0/order",
               "an order that is none", reply)


def task(nginx, references):
    status, report = post(nginx.port, "/task", {
        "document": "投标有效期六十日。", "references": references,
        "select": {"references": 4}, "split": {"max_chars": 40}})
    return status, report, "".join(prompts(nginx))


def tasks(nginx):
    tender = {"id": "tender", "text": "".join(
        "# 第 %d 节\n\n投标有效期为九十日，第%d项。\n\n" % (i, i)
        for i in range(2))}
    more = {"id": "more", "text": "补遗：投标有效期改为六十日。"}

    status, report, prompt = task(nginx, [tender, more])
    numbers = {name.split("/")[0]: number
               for number, name in LABEL.findall(prompt)}
    Tap.ok(status == 200 and report["status"] == "complete"
           and len(LABEL.findall(prompt)) == 3
           and numbers == {"tender": "1", "more": "2"}
           and OVERRIDES in prompt, "clauses of two references", prompt)
    status, report, prompt = task(nginx, [more, tender])
    numbers = {name.split("/")[0]: number
               for number, name in LABEL.findall(prompt)}
    Tap.ok(numbers == {"more": "1", "tender": "2"}, "in the order of the list",
           prompt)
    status, report, prompt = task(nginx, [tender])
    Tap.ok(status == 200 and prompt.count('<review-text id="tender/') == 2
           and "参考文件" not in prompt, "clauses of one: no word of it",
           prompt)
    for references in [tender], [tender, more], [tender, more, {
            "id": "last", "text": "澄清。"}]:
        body = {"document": "投标有效期六十日。", "references": references,
                "select": {"references": 4}, "split": {"max_chars": 40}}
        planned = post(nginx.port, "/task", {**body, "dry_run": True})[1]
        report = post(nginx.port, "/task", body)[1]
        asked = planned["prompt_tokens"]
        counted = report["usage"]["prompt_tokens"]
        Tap.ok(0.7 < asked / counted < 1.3, "a dry run counts it",
               (asked, counted))


def main():
    nginx = Harness()
    path = os.path.join(nginx.dir, "rubric.json")
    with open(path, "w") as f:
        json.dump({"name": "one", "points": POINTS}, f)
    chunks_port = free_port()
    nginx.renew(http=HTTP % {"chunks": chunks_port, "rubric": path},
                server=SERVER % {"chunks": chunks_port})
    try:
        chunks(nginx)
        tasks(nginx)
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log",
               "\n".join(bad))
    Tap.end()


if __name__ == "__main__":
    main()
