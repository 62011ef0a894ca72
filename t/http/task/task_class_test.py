#!/usr/bin/python3
"""
Proves that class and tenant of a task hold for its chunks, with the very
configurations of docs/directives.md: those of a task with a key of high
priority are queued as high, beside those of others; the headers that say so are
nginx's own.  A client's headers of the same names end at the task: they change
neither its class, nor that of its chunks, nor come to the LLM, and no client
reaches the listener where they count.  $review_class and $review_tenant tell
the same in each location that a task, or a review, leads to, and of guarded
requests, and a tenant's name cannot end a header.
"""

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
from urllib.parse import quote as encoded

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, ROOT, SLOW, Tap, exchange, free_port, get, \
    wait_for

RUBRIC = {"name": "bid", "version": "1", "points": [
    {"id": "a", "title": "甲", "question": "甲？[[hold]]"},
    {"id": "b", "title": "乙", "question": "乙？[[hold]]"}]}
TEXT = "第一段：甲方应付款。\n\n第二段：乙方应交货。\n"
SPLIT = {"max_chars": 12}

FORGED = "X-Review-Class: high\r\nX-Review-Tenant: board\r\n"

WAIT = 60 * SLOW


def sample(title):
    """the first configuration in that section of docs/directives.md"""
    with open(os.path.join(ROOT, "docs", "directives.md")) as f:
        text = f.read()
    part = ("\n" + text).partition("\n%s\n" % title)[2]
    return re.search(r"<!-- nginx: http -->\n```nginx\n(.*?)^```", part,
                     re.M | re.S).group(1)


def changed(conf, *pairs):
    for old, new in pairs:
        if old not in conf:
            raise SystemExit("the sample has no %r any more" % old)
        conf = conf.replace(old, new)
    return conf


class Nginx(Harness):
    """the sample in http {}, and what is to be looked at beside it"""

    def __init__(self, title, *pairs, rubric=RUBRIC):
        self.files = tempfile.mkdtemp(prefix="review-class-")
        os.chmod(self.files, 0o755)
        self.rubric = os.path.join(self.files, "bid.json")
        with open(self.rubric, "w") as f:
            json.dump(rubric, f)
        self.front = free_port()
        super().__init__()
        conf = changed(
            sample(title), ("listen 8080;", "listen 127.0.0.1:%d;"
                            % self.front),
            ("unix:/run/", "unix:%s/" % self.dir),
            ("/etc/nginx/review/bid.json", self.rubric),
            ("calls=64 queue", "calls=1 queue"), *pairs)
        conf = conf.replace("127.0.0.1:EMBED", "127.0.0.1:%d" % self.llm_port)
        self.renew(
            http="""
                log_format who '$uri $review_class $review_tenant';
                access_log %s/who.log who;
                %s
            """ % (self.dir, conf),
            server="location = /status { review_status gpu; }",
            review="return 404;")

    async def post(self, path, body, headers="", accept="application/json"):
        data = json.dumps(body, ensure_ascii=False).encode()
        return await exchange(self.front, (
            "POST %s HTTP/1.1\r\nHost: test\r\nAccept: %s\r\n%s"
            "Content-Type: application/json\r\nConnection: close\r\n"
            "Content-Length: %d\r\n\r\n"
            % (path, accept, headers, len(data))).encode() + data)

    def task(self, headers="", **more):
        return asyncio.create_task(self.post("/v1/task", {
            "document": TEXT, "split": SPLIT, **more}, headers))

    async def queued(self):
        status = json.loads(await get(self.port, "/status"))
        return status["calls"]["queued"]

    async def until(self, **wanted):
        """the queue is so; else what it is"""
        for _ in range(WAIT * 20):
            queued = await self.queued()
            if all(queued[name] == n for name, n in wanted.items()):
                return None
            await asyncio.sleep(0.05)
        return queued

    async def release(self):
        await get(self.llm_port, "/_release", "POST")

    async def calls(self):
        return json.loads(await get(self.llm_port, "/_calls"))

    def who(self):
        """[(uri, class, tenant)] of the log, without what looked at it"""
        with open(os.path.join(self.dir, "who.log")) as f:
            lines = [tuple(line.rstrip("\n").split(" ", 2)) for line in f]
        return [line for line in lines if line[0] != "/status"]

    def logged(self, uri, who, n):
        """the log has so many lines of that, or will"""
        return wait_for(lambda: sum(
            line[0] == uri and " ".join(line[1:]).startswith(who)
            for line in self.who()) >= n)

    def close(self):
        try:
            return super().close()
        finally:
            shutil.rmtree(self.files)


def forged(calls):
    return [header for call in calls for header in call["headers"]
            if header[0].lower() in ("x-review-class", "x-review-tenant")
            or "board" in header[1]]


async def check_sample():
    nginx = Nginx("## Reviews of a task", ("127.0.0.1:8000", "llm"))
    try:
        tasks = [nginx.task("X-API-Key: key-of-the-vip\r\n")]
        wrong = await nginx.until(total=3)
        Tap.ok(not wrong, "all calls of a task but one wait", wrong)
        wrong = await nginx.until(high=3, normal=0, low=0)
        Tap.ok(not wrong, "those of the VIP are high", wrong)

        tasks.append(nginx.task("X-API-Key: key-of-the-office\r\n"))
        wrong = await nginx.until(high=3, normal=4, low=0)
        Tap.ok(not wrong, "those of the office are normal", wrong)

        tasks.append(nginx.task())
        wrong = await nginx.until(high=3, normal=4, low=4)
        Tap.ok(not wrong, "those of nobody are low", wrong)

        tasks.append(nginx.task(FORGED))
        wrong = await nginx.until(high=3, normal=4, low=8)
        Tap.ok(not wrong, "and so are those of who says they were high", wrong)

        await nginx.release()
        for status, body in await asyncio.gather(*tasks):
            Tap.ok(status == 200 and json.loads(body)["status"] == "complete",
                   "a task comes to its end", (status, body))

        calls = await nginx.calls()
        Tap.ok(len(calls) == 16 and not forged(calls),
               "the LLM is told of none of that", forged(calls))

        nginx.logged("/v1/task", "", 4)
        who = nginx.who()
        wanted = [("high", "board"), ("low", "default"), ("low", "default"),
                  ("normal", "purchasing")]
        Tap.ok(sorted(line[1:] for line in who if line[0] == "/v1/task")
               == wanted, "logs of tasks tell whose they are", who)
        Tap.ok(sorted(line[1:] for line in who if line[0] == "/chunk")
               == sorted(wanted * 2), "so do those of their chunks", who)

        review = {"chunk": "甲", "points": ["a"], "rubric": "bid"}
        for path in ("/", "/chunk", "/llm", "/v1/review"):
            status, body = await nginx.post(path, review, FORGED)
            Tap.ok(status in (404, 405), "no client reviews at %s" % path,
                   (status, body))
        Tap.ok(len(await nginx.calls()) == 16, "nor was anybody called")
    finally:
        bad = nginx.close()
    Tap.ok(not bad, "nothing is said that should not be", bad)


# what is looked at in the example at the head, beside what stands there

UPSTREAM = """upstream llm {
    server 10.0.0.5:8000;
    server 10.0.0.6:8000;
    keepalive 64;
}
"""
WHO = """
        proxy_set_header X-Who "$review_class $review_tenant";
"""
MORE = """
    review_priority $http_x_test_class;
    review_tenant   $http_x_test_tenant;

    location ~ (?s)^/tasks/of/(?<who>.*)$ {
        review_task      bid;
        review_chunk_uri /chunk;
        review_tenant    $who;
    }
    location = /guarded {
        review_guard    on;
        review_priority low;
        proxy_pass      http://llm/v1/chat/completions;""" + WHO + """
    }
    location = /plain {
        proxy_pass      http://llm/v1/chat/completions;""" + WHO + """
    }
    location = /itself { review; review_tenant $review_tenant; }
"""
OPEN = {"name": "bid", "version": "1",
        "points": [{"id": "a", "title": "甲", "question": "甲？[[ok]]"}]}


def told(calls, path):
    """what calls with that path say, each thing once"""
    return {value.encode("latin-1").decode() for call in calls
            for name, value in call["headers"]
            if name.lower() == "x-who" and call["path"].endswith(path)}


async def check_example():
    """chunks have a location beside those of clients"""
    nginx = Nginx("# Directives", (UPSTREAM, ""),
                  ("10.0.0.7:8080", "127.0.0.1:EMBED"),
                  ("    review_llm          /llm",
                   MORE + "    review_llm /llm"),
                  ('        proxy_set_header   Authorization '
                   '"Bearer sk-...";\n', WHO),
                  ("/v1/embeddings;\n", "/v1/embeddings;\n" + WHO),
                  rubric=OPEN)
    try:
        mine = "X-Test-Class: high\r\nX-Test-Tenant: 采购部\r\n" + FORGED
        body = {"document": TEXT, "split": SPLIT,
                "references": [TEXT], "select": {"references": 1}}
        status, reply = await nginx.post("/v1/task", body, mine)
        calls = await nginx.calls()
        Tap.ok(status == 200 and json.loads(reply)["selected_by"]
               == "embedding" and calls, "a task, with embeddings",
               (status, reply))
        for path in ("completions", "embeddings"):
            Tap.ok(told(calls, path) == {"high 采购部"},
                   "%s: whose the call is may be told" % path,
                   told(calls, path))
        Tap.ok(not forged(calls), "and nothing else is", forged(calls))

        status, reply = await nginx.post("/v1/review", {"chunk": TEXT}, mine)
        Tap.ok(status == 200 and told(await nginx.calls(), "completions")
               == {"high 采购部"}, "so is it of a review", (status, reply))

        # a client at the location of chunks, and nginx itself

        chunk = {"chunk": TEXT}
        before = len(await nginx.calls())
        status, reply = await nginx.post("/v1/chunk", chunk, FORGED)
        Tap.ok(status == 403 and len(await nginx.calls()) == before,
               "no client reviews where chunks are", (status, reply))
        reader, writer = await asyncio.open_unix_connection(
            os.path.join(nginx.dir, "nginx-chunks.sock"))
        data = json.dumps(chunk).encode()
        writer.write(("POST /v1/chunk HTTP/1.1\r\nHost: a\r\n%sConnection: "
                      "close\r\nContent-Type: application/json\r\n"
                      "Content-Length: %d\r\n\r\n"
                      % (FORGED, len(data))).encode() + data)
        reply = await reader.read()
        writer.close()
        Tap.ok(b" 200 OK" in reply
               and "high board" in told(await nginx.calls(), "completions"),
               "who comes by the socket does", reply)

        # names that would end a header, and those that are long

        long = "部" * 90
        for name, said in (("%0d%0aX-Evil:%20b%7f", "%0D%0AX-Evil: b%7F"),
                           ("a%2525", "a%25"), ("", "default"),
                           (encoded(long), long)):
            await get(nginx.llm_port, "/_reset", "POST")
            status, reply = await nginx.post("/tasks/of/" + name,
                                             {"document": TEXT})
            calls = await nginx.calls()
            Tap.ok(status == 200 and told(calls, "completions")
                   == {"normal " + said}
                   and not any(header[0].lower() == "x-evil"
                               for call in calls for header in call["headers"]),
                   "a tenant of the name %s" % name[:30],
                   (status, reply, told(calls, "completions")))

        # guarded ones, plain ones, and those that are refused

        await get(nginx.llm_port, "/_reset", "POST")
        chat = {"messages": [{"role": "user", "content": "[[ok]]"}]}
        status, reply = await nginx.post("/guarded", chat, mine)
        Tap.ok(status == 200 and told(await nginx.calls(), "completions")
               == {"low 采购部"}, "a guarded request", (status, reply))
        Tap.ok(nginx.logged("/guarded", "low", 1), "which its log line tells",
               nginx.who())
        await get(nginx.llm_port, "/_reset", "POST")
        status, reply = await nginx.post("/plain", chat, mine)
        Tap.ok(status == 200 and told(await nginx.calls(), "completions")
               <= {"", " "}, "of any other nothing is told",
               (status, told(await nginx.calls(), "completions")))
        status, reply = await nginx.post("/v1/task", [], mine)
        Tap.ok(status == 400 and nginx.logged("/v1/task", "high", 2),
               "a refused one", (status, nginx.who()))
        status, reply = await nginx.post("/itself", {
            "chunk": "x", "points": [{"id": "a", "question": "q[[ok]]"}]})
        Tap.ok(status == 200 and nginx.logged("/itself", "normal default", 1),
               "a tenant that is its own name", (status, nginx.who()))
    finally:
        bad = nginx.close()
    Tap.ok(not bad, "nothing is said that should not be", bad)


async def main():
    await check_sample()
    await check_example()
    Tap.end()


asyncio.run(main())
