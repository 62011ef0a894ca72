#!/usr/bin/python3
"""
Proves that the conversations in docs/prompts.md are, to the letter, what an LLM
is sent for the rubrics and requests there, streamed or not, and so are the
members beside the messages.  Its stand-in says what the LLM says on the page.
"""

import asyncio
import http.server
import json
import os
import re
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.abspath(HERE + "/../lib"))
from harness import Harness, Tap, exchange

LANGUAGES = "en", "zh"

GOOD = json.dumps({"reason": "r", "quote": "", "verdict": "pass",
                   "suggestion": "", "confidence": 0.9, "data": {"days": 60},
                   "found": True})

HTTP = """
    review_rubric en DIR/en.json;
    review_rubric zh DIR/zh.json;
    review_llm /asked model=qwen2.5-72b-instruct;
"""
SERVER = """
        location = /stream/en { review en; }
        location = /stream/zh { review zh; }
        location = /whole/en {
            review en;
            review_llm /asked model=qwen2.5-72b-instruct stream=off schema=on;
        }
        location = /whole/zh {
            review zh;
            review_llm /asked model=qwen2.5-72b-instruct stream=off schema=on;
        }
        location = /asked {
            internal;
            proxy_pass http://127.0.0.1:%d/$review_point;
        }
"""


def page():
    """
    What stands in its blocks, by the comments above; of rubrics and requests
    there is one in each language.
    """
    with open(HERE + "/../../docs/prompts.md", encoding="utf-8") as f:
        blocks = re.findall(r"<!-- (.*?) -->\n```\w*\n(.*?)\n```\n", f.read(),
                            re.S)
    told = dict(blocks)
    for name, comment in (("rubric", "rubric"),
                          ("request", "schema: ReviewRequest")):
        texts = [text for at, text in blocks if at == comment]
        for language, text in zip(LANGUAGES, texts):
            told["%s: %s" % (name, language)] = text
    return told


def rendered(messages):
    return "\n\n".join("[%s]\n%s" % (message["role"], message["content"])
                       for message in messages)


def said(conversation):
    """by the LLM, on the page"""
    parts = re.split(r"(?:\A|\n\n)\[(user|assistant)\]\n", conversation)[1:]
    return [text for role, text in zip(parts[::2], parts[1::2])
            if role == "assistant"]


class Model(http.server.BaseHTTPRequestHandler):
    language = told = bodies = None

    def do_POST(self):
        point = self.path[1:]
        body = json.loads(self.rfile.read(int(
            self.headers["Content-Length"])))
        Model.bodies.setdefault(point, []).append(body)
        answers = said(Model.told.get("conversation: %s/%s" % (
            Model.language, point), ""))
        n = sum(message["role"] == "assistant" for message in body["messages"])
        reply = json.dumps({"model": body["model"], "choices": [{
            "index": 0, "finish_reason": "stop", "message": {
                "role": "assistant",
                "content": answers[n] if n < len(answers) else GOOD}}]})
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(reply.encode())

    def log_message(self, *args):
        pass


def check(told, language, path):
    for point, bodies in Model.bodies.items():
        name = "%s/%s" % (language, point)
        messages = bodies[-1]["messages"]
        Tap.ok(messages[0]["role"] == "system" and messages[0]["content"]
               == told.get("system: " + language),
               "%s, %s: what the system says" % (path, name),
               messages[0]["content"])
        Tap.ok(rendered(messages[1:]) == told.get("conversation: " + name),
               "%s, %s: what is said" % (path, name), rendered(messages[1:]))

        for body in bodies:
            Tap.ok(body["messages"] == messages[:len(body["messages"])],
                   "%s, %s: call by call" % (path, name), body)

        if path == "/whole" and "members: " + name in told:
            members = dict(bodies[-1], messages=[])
            wanted = json.loads(told["members: " + name])
            Tap.ok(members == wanted
                   and json.dumps(members["response_format"])
                   == json.dumps(wanted["response_format"]),
                   "%s, %s: the other members, a schema in order"
                   % (path, name),
                   json.dumps(members, indent=4, ensure_ascii=False))


async def scenes(nginx, told):
    for path in "/stream", "/whole":
        for language in LANGUAGES:
            Model.language, Model.bodies = language, {}
            body = told["request: " + language].encode()
            status, reply = await exchange(nginx.port, (
                "POST %s/%s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
                "Content-Length: %d\r\n\r\n" % (path, language, len(body))
                ).encode() + body)
            points = json.loads(told["rubric: " + language])["points"]
            Tap.ok(status == 200 and sorted(Model.bodies) == sorted(
                point["id"] for point in points)
                   and json.loads(reply)["status"] == "complete",
                   "%s: the rubric in %s, all of it" % (path, language), reply)
            check(told, language, path)


def main():
    told = Model.told = page()
    model = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for language in LANGUAGES:
            with open("%s/%s.json" % (folder, language), "w",
                      encoding="utf-8") as f:
                f.write(told["rubric: " + language])
        nginx = Harness(http=HTTP.replace("DIR", folder),
                        server=SERVER % model.server_port)
        try:
            asyncio.run(scenes(nginx, told))
        finally:
            bad = nginx.close()
            model.shutdown()
    Tap.ok(not bad, "nothing in the log that should not be there", bad)
    Tap.end()


main()
