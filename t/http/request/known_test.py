#!/usr/bin/python3
"""
Proves that what one endpoint tells another takes as it is: chunks of a split
as chunks, references, texts to rank and documents of a task; the reply of a
split with a query; ranked texts; downloads, saved reports and objects as
documents; the result of a task as that of the next. That each member is known
there, and one more is not, at any level, told by its pointer. That all requests
in the documentation are taken. And that a task sends its chunks no member that
the request does not need, so that an older machine takes them.
"""

import glob
import http.client
import http.server
import json
import os
import re
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "lib"))
from bucket import Bucket
from harness import Harness, ROOT, SLOW, Tap, free_port
from origin import Origin

HTTP = """
    review_rubric bid %(folder)s/bid.json;
    review_llm /llm model=stand-in;
    review_embeddings /embeddings;
    review_fetch_allow 127.0.0.1;
    review_store good {
        endpoint http://127.0.0.1:%(bucket)d;
        bucket bids;
        access_key tester;
        secret_key testing;
    }
"""
SERVER = """
    location = /bid { review bid; }
    location = /v1/split { review_split max_chars=60 overlap=20; }
    location = /v1/embeddings { review_embed; }
    location = /v1/rank { review_rank; }
    location = /v1/fetch { review_fetch path=%(folder)s; }
    location = /v1/task {
        review_task bid store=good; review_chunk_uri /chunk;
    }
    location = /recorded { review_task bid; review_chunk_uri /recorder; }
    location /files/ { review_object good; }
    location = /embeddings {
        internal;
        proxy_pass http://llm/v1/embeddings;
    }
    location = /chunk {
        internal;
        proxy_pass http://127.0.0.1:$server_port/v1/review;
    }
    location = /recorder {
        internal;
        proxy_pass http://127.0.0.1:%(recorder)d/;
    }
"""

TEXT = """# 投标函

投标有效期为自投标截止之日起90日历天。我方在此期间不撤销投标文件。

# 报价

| 项目 | 单价 |
| --- | --- |
| 服务器 | 52,000元，含三年质保与现场安装调试 |
| 交换机 | 8,600元，含三年质保与现场安装调试 |
| 防火墙 | 9,600元，含三年质保与现场安装调试 |
"""
POINTS = [{"id": "p", "question": "够不够？"}]

ENDPOINTS = {"ReviewRequest": "/bid", "TaskRequest": "/v1/task",
             "SplitRequest": "/v1/split", "EmbedRequest": "/v1/embeddings",
             "RankRequest": "/v1/rank", "FetchRequest": "/v1/fetch"}


class Recorder(http.server.BaseHTTPRequestHandler):
    """an older machine: what it was asked is kept, and not answered"""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self.server.asked.append(json.loads(self.rfile.read(size)))
        self.send_response(400)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Client:
    def __init__(self, port):
        self.port = port

    def ask(self, path, body, method="POST", kind="application/json"):
        """the status and what is replied, JSON if it is"""
        if not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        c = http.client.HTTPConnection("127.0.0.1", self.port,
                                       timeout=60 * SLOW)
        c.request(method, path, body, {"Content-Type": kind})
        reply = c.getresponse()
        said = reply.read()
        c.close()
        return reply.status, json.loads(said) if said else None

    def taken(self, name, path, body):
        status, said = self.ask(path, body)
        Tap.ok(status == 200, "taken: " + name, (status, said))
        return said

    def refused(self, name, path, body, pointer):
        status, said = self.ask(path, body)
        Tap.ok(status == 400 and said.get("pointer") == pointer
               and "is unknown" in said["detail"], "refused: " + name,
               (status, said))


def pipes(ask, origin):
    split = ask.taken("a text to split", "/v1/split", {"text": TEXT})
    chunks = split["chunks"]
    members = set().union(*chunks)
    Tap.ok(len(chunks) > 3 and {"table_header", "oversize"} - members
           <= {"oversize"}, "chunks of many kinds", members)
    oversize = ask.taken("what cannot be cut", "/v1/split",
                         {"text": TEXT, "max_chars": 1, "overlap": 0})
    chunks.append(next(c for c in oversize["chunks"] if c.get("oversize")))
    chunks[-1]["id"] = "large"

    ranking = ask.taken("the reply of a split, with a query", "/v1/rank",
                        {**split, "query": "有效期", "top_k": 100})
    ask.taken("chunks as texts", "/v1/rank",
              {"query": "有效期", "texts": chunks, "by": "bm25"})
    ranked = [{**chunks[r["index"]], **r}
              for r in ranking["results"][0]["ranked"]]
    ask.taken("ranked chunks, ranked again", "/v1/rank",
              {"query": "质保", "chunks": ranked})
    ask.taken("the texts of chunks, embedded", "/v1/embeddings",
              {"input": [c["text"] for c in chunks], "dimensions": 8,
               "user": "u"})

    for chunk in chunks:
        ask.taken("a chunk, %s" % chunk["id"], "/v1/review",
                  {"chunk": chunk, "points": POINTS,
                   "references": chunks[:3] + chunks[4:5]})
    ask.taken("ranked chunks as chunk and references", "/v1/review",
              {"chunk": ranked[0], "points": POINTS,
               "references": ranked[1:3]})

    report = ask.taken("chunks as references of a task", "/v1/task",
                       {"document": TEXT, "references": chunks[:4],
                        "result": {"object": "reports/a.json"}})
    texts = [c["text"] for c in chunks]
    ask.taken("chunks of a report, with their texts", "/v1/review",
              {"chunk": {**report["chunks"][0], "text": texts[0]},
               "points": POINTS, "references": [
                   {**c, "text": "x"} for c in report["chunks"][1:3]]})
    Tap.ok(report["result"].get("saved"), "the report is saved",
           report["result"])
    again = ask.taken("the result of a task, for the next", "/v1/task",
                      {"document": TEXT, "result": report["result"]})
    Tap.ok(again["result"].get("saved"), "and saved again", again["result"])
    ask.taken("a saved report as a document", "/v1/task",
              {"document": {**report["result"], "type": "text/plain"}})

    origin.files["bid.md"] = TEXT.encode(), "text/markdown"
    url = "http://127.0.0.1:%d" % origin.port
    downloads = ask.taken("downloads", "/v1/fetch", {
        "urls": [url + "/file/bid.md", url + "/status/404"],
        "save_as": ["a.md", "b.md"]})["results"]
    ask.taken("a download as document and reference", "/v1/task",
              {"document": downloads[0], "references": [downloads[0]]})
    status, said = ask.ask("/v1/task", {"document": downloads[1]})
    Tap.ok(status != 400 and said["pointer"] == "/document/url",
           "and one that has failed", (status, said))

    status, stored = ask.ask("/files/bids/bid.md", TEXT.encode(), "PUT",
                             "text/markdown")
    Tap.ok(status == 200, "an object is put", stored)
    _, listed = ask.ask("/files/?list&prefix=bids/", b"", "GET")
    for name, told in ("stored", stored), ("listed", listed["objects"][0]):
        ask.taken("an object as it is %s, as a document" % name, "/v1/task",
                  {"document": {**told, "object": told["key"]}})


# where each of them is refused, and as what it would pass elsewhere

def unknown(ask):
    point, chunk = POINTS[0], {"id": "c", "text": "x"}
    for name, path, body, pointer in (
            ("a reference", "/v1/review",
             {"chunk": "x", "points": POINTS, "reference": []}, "/reference"),
            ("of a chunk", "/v1/review",
             {"chunk": {**chunk, "txt": ""}, "points": POINTS}, "/chunk/txt"),
            ("of a point", "/v1/review",
             {"chunk": "x", "points": [{**point, "severty": "fatal"}]},
             "/points/0/severty"),
            ("of a reference", "/v1/review",
             {"chunk": "x", "points": POINTS,
              "references": [chunk, {**chunk, "id": "d", "url": "u"}]},
             "/references/1/url"),
            ("of a task", "/v1/task", {"document": "x", "point": []},
             "/point"),
            ("of a document", "/v1/task",
             {"document": {"text": "x", "txt": ""}}, "/document/txt"),
            ("of a task's reference", "/v1/task",
             {"document": "x", "references": ["y", {**chunk, "a/b": 1}]},
             "/references/1/a~1b"),
            ("of a task's split", "/v1/task",
             {"document": "x", "split": {"max_char": 9}}, "/split/max_char"),
            ("of a selection", "/v1/task",
             {"document": "x", "select": {"top_k": 9}}, "/select/top_k"),
            ("of a result", "/v1/task",
             {"document": "x", "result": {"object": "a", "key": "b"}},
             "/result/key"),
            ("of a split", "/v1/split", {"text": "x", "id": "a"}, "/id"),
            ("of a ranking", "/v1/rank",
             {"query": "x", "texts": ["y"], "k": 1}, "/k"),
            ("of a ranked text", "/v1/rank",
             {"query": "x", "texts": ["y", {**chunk, "leaf": 1}]},
             "/texts/1/leaf"),
            ("of a fetch", "/v1/fetch",
             {"urls": ["http://127.0.0.1/a"], "name": "a"}, "/name")):
        ask.refused("a member %s" % name, path, body, pointer)


def documented(ask):
    """all requests in the documentation and in the samples"""
    n = 0
    for file in sorted(glob.glob(os.path.join(ROOT, "*.md"))
                       + glob.glob(os.path.join(ROOT, "docs", "*.md"))):
        with open(file, encoding="utf-8") as f:
            text = f.read()
        found = re.findall(r"^<!-- schema: (\w+Request) -->\n```json\n(.*?)"
                           r"^```$", text, re.S | re.M)
        found += [("FetchRequest" if '"urls"' in body else "ReviewRequest",
                   body)
                  for body in re.findall(r"^[^#\n]*-d '(\{.*?\})'$", text,
                                         re.S | re.M)]
        for schema, body in found:
            n += 1
            status, said = ask.ask(ENDPOINTS[schema], body.encode())
            # nothing is at the hosts of the examples
            good = status == 200 or (schema == "FetchRequest"
                                     and "results" in said)
            good |= said.get("pointer", "").endswith(("/url", "/object"))
            Tap.ok(good and status != 400, "%s: a %s is taken"
                   % (os.path.basename(file), schema), (status, said, body))
    Tap.ok(n > 7, "requests are documented", n)


def sent(ask, asked):
    """what a task asks of its chunks"""
    def chunks_of(body, members, chunk_members, name):
        del asked[:]
        ask.ask("/recorded", body)
        Tap.ok(asked and all(set(a) == members for a in asked),
               "a task's chunks: " + name, [sorted(a) for a in asked])
        Tap.ok(all(set(a["chunk"]) <= chunk_members for a in asked),
               "what is said of a chunk: " + name,
               [sorted(a["chunk"]) for a in asked])
        Tap.ok(all(set(r) - {"order"} == {"id", "text"}
                   for a in asked for r in a.get("references", [])),
               "what is said of references: " + name)

    least = {"chunk", "rubric", "points", "deadline"}
    chunks_of({"document": "一句话。"}, least, {"id", "text"}, "a text")
    chunks_of({"document": {"id": "d", "text": TEXT, "start": 0, "x-a": 1},
               "x-b": 1, "references": [], "select": {"mode": "all"},
               "split": {"max_chars": 60}, "deadline": 60}, least,
              {"id", "text", "heading"}, "headings")
    chunks_of({"document": TEXT, "vars": {"a": 1}, "references": ["工期"]},
              least | {"references", "vars"}, {"id", "text", "heading"},
              "references and vars")
    chunks_of({"document": TEXT, "vars": {"a": None, "b": 1}}, least | {"vars"},
              {"id", "text", "heading"}, "vars")
    Tap.ok(all(a["vars"] == {"b": 1} for a in asked), "of them what is there")


def rubric(folder):
    """the demo's points, each asked of chunks, as the documentation has it"""
    with open(os.path.join(ROOT, "conf/demo/bid.json")) as demo:
        bid = json.load(demo)
    for point in bid["points"]:
        for name in "scope", "query", "max_context", "absent":
            point.pop(name, None)
    with open(os.path.join(folder, "bid.json"), "w") as own:
        json.dump(bid, own)


def main():
    folder = tempfile.mkdtemp(prefix="review-known-")
    os.chmod(folder, 0o777)
    rubric(folder)
    origin, bucket = Origin(), Bucket()
    recorder = http.server.ThreadingHTTPServer(("127.0.0.1", free_port()),
                                               Recorder)
    recorder.asked = []
    threading.Thread(target=recorder.serve_forever, daemon=True).start()
    try:
        nginx = Harness(
            http=HTTP % {"folder": folder, "bucket": bucket.port},
            server=SERVER % {"folder": folder,
                             "recorder": recorder.server_port},
            record=False)
        try:
            ask = Client(nginx.port)
            pipes(ask, origin)
            unknown(ask)
            documented(ask)
            sent(ask, recorder.asked)
        finally:
            bad = nginx.close()
            Tap.ok(not bad, "nothing alarming is in the error log",
                   "\n".join(bad))
    finally:
        recorder.shutdown()
        recorder.server_close()
        origin.close()
        bucket.close()

    Tap.end()


if __name__ == "__main__":
    main()
