#!/usr/bin/python3
"""
Proves that llama.cpp's own server is understood as it speaks: its answers,
streamed and whole, free and kept to a schema; what it counts; what it says of
an answer that is cut and of a prompt that is too long; and its embeddings, as
numbers and as base64.  The model replays one answer: what is proved is the
wire.
"""

import asyncio
import base64
import http.client
import json
import os
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.abspath(HERE + "/../lib"))
from harness import SLOW, Harness, Tap, exchange, free_port, get, review, \
    wait_for

# llama.cpp says that it keeps a connection alive, and closes it after a stream:
# one that is used again, as by newer nginx unless it is told, may be about to
# go, which costs a try
HTTP = """
    review_max_chunk_size 1m;
    client_max_body_size 2m;
    review_retry tries=2 backoff=10ms budget=1000%%;
    review_timeout %ds;
    review_call_timeout %ds;
    upstream a { server 127.0.0.1:%d max_fails=0; }
    upstream b { server 127.0.0.1:%d max_fails=0; }
    upstream vectors { server 127.0.0.1:%d; keepalive 8; }
    review_llm /a model=a;
    review_embeddings /vectors model=v;
"""
PLACE = """
        location = /%s {
            internal;
            proxy_pass http://%s/v1/%s;
            proxy_http_version 1.1;
            proxy_set_header Connection %s;
        }
"""
SERVER = "".join(PLACE % place for place in (
    ("a", "a", "chat/completions", "close"),
    ("b", "b", "chat/completions", "close"),
    ("vectors", "vectors", "embeddings", '""'))) + """
        location = /embed { review_embed; }
        location = /rank { review_rank; }
"""
MODES = [("stream=%s schema=%s" % (stream, schema))
         for stream in ("on", "off") for schema in ("off", "on")]

QUOTE = "投标有效期为自投标截止之日起60日历天"
CHUNK = "第三条 %s，在此期间我方不撤销。" % QUOTE
POINT = {"id": "validity", "question": "投标有效期不少于90日历天吗？"}


class Llama:
    """a server of its own"""

    def __init__(self, folder, model, *options):
        self.port = free_port()
        self.path = os.path.join(folder, "llama.%d.log" % self.port)
        with open(self.path, "w") as log:
            self.process = subprocess.Popen(
                ["llama-server", "-m", model, "--host", "127.0.0.1", "--port",
                 str(self.port), "-t", "1", *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not wait_for(lambda: self.process.poll() is not None
                        or self.is_ready()) or self.process.poll() is not None:
            with open(self.path) as log:
                sys.exit("llama-server did not start\n" + log.read()[-3000:])

    def is_ready(self):
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            client.request("GET", "/health")
            return client.getresponse().status == 200
        except OSError:
            return False
        finally:
            client.close()

    def end(self):
        self.process.kill()
        self.process.wait()


async def members(nginx):
    """the finding's, in the order in which they are asked for: a server that
    keeps an answer to its schema keeps it to that order"""
    await review(nginx.port, CHUNK, [{"id": "p", "question": "[[ok]]"}])
    call = json.loads(await get(nginx.llm_port, "/_calls"))[0]
    schema = call["body"]["response_format"]["json_schema"]["schema"]
    return list(schema["properties"])


def replay(folder, order):
    """the model, and of how many tokens its answer is"""
    with open(HERE + "/answer.json", encoding="utf-8") as f:
        values = json.load(f)
    pieces, before = [], "{"
    for name in order:
        if name in values:
            first, *others = values[name]
            pieces += ['%s"%s": %s' % (before, name, first), *others]
            before = ", "
    path = os.path.join(folder, "answer.json")
    with open(path, "w", encoding="utf-8") as f:
        json.dump(pieces + ["}"], f)
    model = os.path.join(folder, "replay.gguf")
    subprocess.run(["/usr/bin/python3", HERE + "/make_model.py", model, path],
                   check=True)
    return model, len(pieces) + 1


def is_finding(result):
    finding = result.get("finding", {})
    return result["status"] == "ok" and finding["verdict"] == "fail" \
        and finding["reason"] == ("承诺的投标有效期为60日，招标文件要求"
                                  "不少于90日。") \
        and finding["suggestion"] == "改为不少于90日历天。" \
        and finding["confidence"] == 0.97 \
        and [place["quote"] for place in finding["evidence"]] == [QUOTE] \
        and finding["grounded"]


async def answers(port, tokens):
    for i, mode in enumerate(MODES):
        reply = await review(port, CHUNK, [POINT], "/mode%d" % i)
        Tap.ok(is_finding(reply["results"][0]), "%s: the answer" % mode, reply)
        usage = reply["results"][0]["usage"]
        Tap.ok(usage["prompt_tokens"] > len(CHUNK)
               and tokens <= usage["completion_tokens"] <= tokens + 2
               and reply["usage"]["total_tokens"] == usage["total_tokens"]
               and (reply["usage"]["calls"], reply["usage"]["retries"])
               == (1, 0), "%s: what it took" % mode, reply)


async def many(port):
    points = [dict(POINT, id="p%d" % i) for i in range(12)]
    reply = await review(port, CHUNK, points)
    Tap.ok(reply["status"] == "complete"
           and all(map(is_finding, reply["results"])), "many at once", reply)


async def ends(port):
    for path in "/mode0", "/mode%d" % (len(MODES) - 1):
        reply = await review(port, CHUNK, [dict(POINT, max_tokens=3)], path)
        Tap.ok(reply["results"][0]["error"]["code"] == "truncated",
               "%s: an answer that is cut" % path, reply)
        reply = await review(port, CHUNK * 1000, [POINT], path)
        error = reply["results"][0]["error"]
        Tap.ok(reply["results"][0]["status"] == "failed"
               and "context" in error["detail"],
               "%s: a prompt that is too long" % path, reply)


async def post(port, path, body):
    body = json.dumps(body).encode()
    status, said = await exchange(
        port, b"POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % (path.encode(), len(body)) + body)
    return status, json.loads(said)


def near(a, b):
    return len(a) == len(b) and all(abs(x - y) < 1e-6 for x, y in zip(a, b))


async def embeddings(port):
    texts = ["投标有效期", "保证金", "投标有效期"]
    status, floats = await post(port, "/embed", {"input": texts})
    vectors = [one["embedding"] for one in floats.get("data", [])]
    Tap.ok(status == 200 and len(vectors) == 3 and len(vectors[0]) > 100
           and near(vectors[0], vectors[2])
           and not near(vectors[0], vectors[1])
           and floats["usage"]["prompt_tokens"] > 0,
           "embeddings: each text has its own", str(floats)[:1000])
    status, coded = await post(port, "/embed", {"input": texts,
                                                "encoding_format": "base64"})
    data = [base64.b64decode(one["embedding"])
            for one in coded.get("data", [])]
    Tap.ok(status == 200 and len(data) == 3 and all(
        near(struct.unpack("<%df" % (len(d) // 4), d), vector)
        for d, vector in zip(data, vectors)),
        "embeddings: the same as base64", str(coded)[:1000])
    status, said = await post(port, "/rank", {"query": "投标有效期",
                                              "texts": texts[1:]})
    Tap.ok(status == 200 and said.get("by") == "embedding"
           and said["results"][0]["ranked"][0]["index"] == 1,
           "embeddings: texts are ranked by them", said)


def main():
    nginx = Harness(http="review_llm /llm model=m schema=on;")
    model, tokens = replay(nginx.dir, asyncio.run(members(nginx)))
    servers = []
    for options in (["--alias", "a", "-c", "32768", "-np", "4"],
                    ["--alias", "b", "-c", "16384", "-np", "2"],
                    ["--alias", "v", "--embeddings", "--pooling", "mean"]):
        servers.append(Llama(nginx.dir, model, *options))
    port = nginx.port
    nginx.renew(http=HTTP % (120 * SLOW, 60 * SLOW,
                             *(server.port for server in servers)),
                server=SERVER + "".join(
                    "location = /mode%d { review; review_llm /a model=a %s; }"
                    % mode for mode in enumerate(MODES)))
    try:
        asyncio.run(answers(port, tokens))
        asyncio.run(many(port))
        asyncio.run(ends(port))
        asyncio.run(embeddings(port))
    finally:
        bad = nginx.close()
        for server in servers:
            server.end()
    Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))
    Tap.end()


main()
