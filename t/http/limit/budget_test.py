#!/usr/bin/python3
"""
Proves what counts as a tenant's tokens, and what becomes of one who has used
them.  Counted are what answers to our own calls tell, failed tries among them,
and what passes guarded locations: JSON and streams, with usage and without,
whole, cut and left, gzipped or not, of 20 MB, through several workers; not a
byte of it is changed, and no worker grows by it.  Refused with 429, by name and
number, are reviews, tasks, embeddings and guarded requests of that tenant, and
nothing that needs no call; not with "off", nor of another tenant.  All of it
outlives a reload, with whose configuration another number holds, and a worker.
"""

import asyncio
import gzip
import json
import os
import re
import signal
import sys
import urllib.parse

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import SLOW, Harness, Tap, points, reset_at_close, wait_for

CHUNK = "投标有效期为九十日。"
HTTP = """
    review_zone z 1m tenants=%(tenants)d;
    review_llm /llm model=stand-in;
    review_limit zone=z calls=64;
    review_retry tries=3 backoff=1ms;
    review_tenant $http_x_tenant;
    review_tenant_limit tokens=%(tokens)s;
    review_embeddings /emb model=bge;
    review_rubric two %(dir)s/two.json;
    proxy_cache_path %(dir)s/cache keys_zone=c:1m;
    sendfile on;
"""
SERVER = """
        proxy_http_version 1.1;
        proxy_set_header Connection "";
        location = /status { review_status z; }
        location = /chat {
            review_guard on;
            proxy_pass http://llm/v1/chat/completions;
        }
        location = /cached {
            review_guard on;
            proxy_cache c;
            proxy_cache_methods POST;
            proxy_cache_key $request_uri;
            proxy_cache_valid 200 1h;
            proxy_pass http://llm/v1/chat/completions;
        }
        location = /emb { internal; proxy_pass http://llm/v1/embeddings; }
        location = /embeddings {
            review_guard on;
            proxy_pass http://llm/v1/embeddings;
        }
        # one token is never enough, and an error has none
        location = /used {
            review_guard on;
            review_tenant_limit tokens=1/1h;
            proxy_pass http://llm/v1/chat/completions?do=400;
        }
        location = /minute {
            review_guard on;
            review_tenant_limit tokens=1/1m;
            proxy_pass http://llm/v1/chat/completions?do=400;
        }
        location = /kept { review; review_llm /llm_kept model=stand-in; }
        location = /llm_kept {
            internal;
            proxy_cache c;
            proxy_cache_methods POST;
            proxy_cache_key $review_call_key;
            proxy_cache_valid 200 1h;
            proxy_ignore_headers Cache-Control;
            proxy_pass http://llm/v1/chat/completions;
        }
        location = /off {
            review;
            review_tenant_limit off;
        }
        location = /v1/embed { review_embed; }
        location = /v1/rank { review_rank; }
        location = /v1/task { review_task two; review_chunk_uri /chunks; }
        location = /chunks {
            internal;
            proxy_set_header X-Tenant task;
            proxy_pass http://127.0.0.1:%(port)d/off;
        }
        location /passed/ {
            review_guard on;
            proxy_pass http://127.0.0.1:%(port)d/made/;
        }
        location /made/ {
            alias %(dir)s/made/;
            types { application/json json; text/event-stream sse;
                    text/html html; }
            location ~ [.]gz[.](?<type>\\w+)$ {
                types { application/json json; text/event-stream sse; }
                add_header Content-Encoding gzip;
            }
            location ~ [.]br[.]json$ { add_header Content-Encoding br; }
        }
"""


async def send(port, path, body, tenant, headers="", read=None):
    """status, headers, body; with "read" it leaves after so many bytes"""
    data = json.dumps(body, ensure_ascii=False).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", port,
                                                   limit=1 << 26)
    try:
        writer.write(("POST %s HTTP/1.1\r\nHost: test\r\nX-Tenant: %s\r\n%s"
                      "Content-Type: application/json\r\nConnection: close\r\n"
                      "Content-Length: %d\r\n\r\n"
                      % (path, tenant, headers, len(data))).encode() + data)
        await writer.drain()
        if read:
            await reader.readexactly(read)
            reset_at_close(writer)
            return None
        reply = await reader.read()
    finally:
        writer.close()
    head, _, text = reply.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    named = {name.lower(): value for name, _, value in
             (line.partition(": ") for line in lines[1:])}
    if named.get("transfer-encoding") == "chunked":
        text = unchunk(text)
    return int(lines[0].split()[1]), named, text


def unchunk(data):
    parts = []
    while data:
        size, _, data = data.partition(b"\r\n")
        n = int(size, 16)
        parts.append(data[:n])
        data = data[n + 2:]
    return b"".join(parts)


def chat(do, text="x", **more):
    return "/chat?do=" + urllib.parse.quote(do), dict(
        {"model": "m", "messages": [{"role": "user", "content": text}]},
        **more)


async def used(nginx, tenant, path="/used"):
    """so many tokens, as its refusal tells; 0: none"""
    path, body = path, chat("ok")[1]
    status, _, text = await send(nginx.port, path, body, tenant)
    if status == 400:
        return 0
    told = re.search(r'tenant "([^"]*)" has used (\d+) of the 1 tokens',
                     json.loads(text)["error"]["message"])
    assert told and told[1] in (tenant, "other"), text
    return int(told[2])


async def used_in_the_end(nginx, tenant, expected):
    """of a client that has gone, which nginx has to notice"""
    for _ in range(1000):
        tokens = await used(nginx, tenant)
        if tokens == expected:
            break
        await asyncio.sleep(0.02)
    return tokens


async def guarded(nginx):
    usage = {"stream": True, "stream_options": {"include_usage": True}}
    cases = [
        ("json", chat("prompt_tokens=100 tokens=20"), 120),
        ("a stream with usage", chat("prompt_tokens=100 tokens=20", **usage),
         120),
        ("a stream without", chat("raw=标书标书 tokens=4", "投标文件",
                                  stream=True), 4 + 4),
        ("a stream of CRLF", chat("crlf prompt_tokens=7 tokens=3", **usage),
         10),
        ("json without usage", chat("raw=标书标书 no_usage", "投标文件"), 8),
        ("json, gzipped", chat("gzip prompt_tokens=100 tokens=20"), 120),
        ("a stream, gzipped", chat("gzip prompt_tokens=100 tokens=20",
                                   **usage), 120),
        ("a stream that is cut",
         chat("cut_sse=2 raw=标书标书 tokens=4", "投标", **usage), 2 + 2),
        ("json that is cut", chat("cut raw=%s" % ("标书" * 500)), None),
        ("an error", chat("500"), 0),
        ("embeddings", ("/embeddings", {"model": "e", "input": ["投标", "x"]}),
         3),
    ]
    for n, (name, (path, body), tokens) in enumerate(cases):
        tenant = "guarded-%d" % n
        reply = await send(nginx.port, path, body, tenant)
        got = await used_in_the_end(nginx, tenant, tokens) \
            if tokens is not None else 0
        Tap.ok(tokens is None or got == tokens, "guarded: " + name,
               (got, tokens, reply))

    path, body = chat("raw=标书标书标书标书 tokens=8 slow=100", "投标", **usage)
    await send(nginx.port, path, body, "gone", read=800)
    got = 0
    for _ in range(1000):
        got = await used(nginx, "gone")
        if got:
            break
        await asyncio.sleep(0.02)
    Tap.ok(2 < got < 10, "guarded: a client that goes leaves what had come",
           got)

    path, body = chat("prompt_tokens=3 tokens=2")
    path = path.replace("/chat", "/cached")
    replies = [await send(nginx.port, path, body, "cached") for _ in range(3)]
    Tap.ok([reply[0] for reply in replies] == [200] * 3
           and await used(nginx, "cached") == 5,
           "guarded: what comes out of a cache has cost nothing", replies)

    models = json.loads((await fetch(nginx, "/status"))[2])["tokens"]
    Tap.ok(models["m"]["prompt"] >= 400 and models["e"] ==
           {"prompt": 3, "completion": 0}, "guarded: the metrics count them",
           models)


async def fetch(nginx, path, tenant="none", headers=""):
    reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
    writer.write(("GET %s HTTP/1.1\r\nHost: test\r\nX-Tenant: %s\r\n%s"
                  "Connection: close\r\n\r\n"
                  % (path, tenant, headers)).encode())
    reply = await reader.read()
    writer.close()
    head, _, text = reply.partition(b"\r\n\r\n")
    if b"Transfer-Encoding: chunked" in head:
        text = unchunk(text)
    return int(head.split()[1]), head, text


def made(nginx):
    """what no stand-in says: name -> bytes, and their tokens"""
    usage = b'"usage":{"prompt_tokens":5,"completion_tokens":6}'
    numbers = b"0.12345,-1.5e-7," * (20 * 1024 * 1024 // 16)
    event = b'data: {"choices":[{"delta":{"content":"%s"}}]}\n\n'
    bodies = {
        "vectors.json": (b'{"data":[{"embedding":[' + numbers + b'0]}],'
                         + usage + b"}", 11),
        "text.json": (b'{"choices":[{"message":{"content":"' + b"abcd " * 4 *
                      1024 * 1024 + b'"}}],' + usage + b"}", 11),
        "large.sse": (event % (b"abcd " * 1024 * 1024)
                      + b"data: {" + usage + b"}\n\ndata: [DONE]\n\n", 11),
        "many.sse": (event % b"abcd" * 100000, 100000),
        "page.html": (b"{" + usage + b"}", 0),
        "other.br.json": (b"{" + usage + b"}", 0),
        "small.gz.json": (gzip.compress(b"{" + usage + b"}"), 11),
        "torn.gz.json": (gzip.compress(b"{" + usage + b"}")[:-9] + b"x" * 50,
                         None),
        "large.gz.json": (gzip.compress(
            b'{"choices":[{"message":{"content":"'
            + b"abcd " * 4 * 1024 * 1024 + b'"}}],' + usage + b"}"), 11),
        "empty.json": (b"", 0),
        "bare.json": (usage, 0),
    }
    os.mkdir(nginx.dir + "/made")
    os.chmod(nginx.dir + "/made", 0o755)
    for name, (body, _) in bodies.items():
        with open("%s/made/%s" % (nginx.dir, name), "wb") as f:
            f.write(body)
    return bodies


async def passed(nginx):
    bodies = made(nginx)
    await fetch(nginx, "/passed/many.sse", "warm")
    before = nginx.rss()
    for name, (body, tokens) in bodies.items():
        status, head, text = await fetch(nginx, "/passed/" + name, name)
        Tap.ok(status == 200 and text == body,
               "passed: %s as it is" % name, (status, head, len(text)))
        got = await used(nginx, name)
        Tap.ok(tokens is None or (
            got == tokens if tokens != 100000
            else tokens <= got <= tokens * 1.05),
            "passed: and counted", (got, tokens))
    after = nginx.rss()
    Tap.ok(after - before < 16 * 1024,
           "passed: a worker does not grow by it", (before, after))
    # a client that does not read: all of it lies in a file by then
    reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port,
                                                   limit=1024)
    writer.write(b"GET /passed/vectors.json HTTP/1.1\r\nHost: test\r\n"
                 b"X-Tenant: slow\r\nConnection: close\r\n\r\n")
    got = await used_in_the_end(nginx, "slow", 11)
    Tap.ok(got == 11, "passed: counted before its client has read it", got)
    text = (await reader.read()).partition(b"\r\n\r\n")[2]
    writer.close()
    Tap.ok(text == bodies["vectors.json"][0], "passed: it reads it then",
           len(text))
    Tap.ok('not counted, it is encoded as "br"' in nginx.error_log(),
           "passed: what can't be read is told")


async def own(nginx):
    scripts = ["prompt_tokens=10 tokens=5"] * 3
    scripts.append("key=again 500 prompt_tokens=10|prompt_tokens=10 tokens=5")
    # an answer that makes no sense is asked anew, and has cost its tokens
    scripts.append("key=anew raw=nonsense prompt_tokens=100 tokens=7|"
                   "prompt_tokens=10 tokens=5")
    status, _, text = await send(nginx.port, "/v1/review", {
        "chunk": CHUNK, "points": points(scripts)}, "own")
    told = json.loads(text)["usage"]["total_tokens"]
    got = await used(nginx, "own")
    Tap.ok(told > 5 * 15 and got == told, "own: a review, with failed tries",
           (got, told))

    for _ in range(3):
        await send(nginx.port, "/kept", {
            "chunk": CHUNK, "points": points(["prompt_tokens=10 tokens=5"])},
            "kept")
    Tap.ok(await used(nginx, "kept") == 15, "own: from a cache, only once")

    await send(nginx.port, "/off", {
        "chunk": CHUNK, "points": points(["prompt_tokens=10 tokens=5"])},
        "off")
    Tap.ok(await used(nginx, "off") == 15, "own: where none are refused, too")

    status, _, text = await send(nginx.port, "/v1/embed",
                                 {"input": ["投标", "标书", "标书"]}, "embed")
    Tap.ok(await used(nginx, "embed") == 4, "own: embeddings", text)

    status, _, text = await send(nginx.port, "/v1/rank", {
        "query": "投标", "texts": ["标书", "投标书"]}, "rank")
    Tap.ok(await used(nginx, "rank") == 7, "own: a rank", text)

    status, _, text = await send(nginx.port, "/v1/task", {"document": CHUNK},
                                 "task")
    Tap.ok(await used(nginx, "task") == 30, "own: a task's chunks", text)

    Tap.ok(await used(nginx, "nobody") == 0, "own: nobody's are nobody's")
    Tap.ok(await used(nginx, "own", "/minute") in (0, told),
           "own: a minute is another window")


async def refused(nginx):
    path, body = chat("prompt_tokens=992 tokens=8")
    await send(nginx.port, path, body, "a")

    async def problem(path, body, name):
        status, headers, text = await send(nginx.port, path, body, "a")
        wait = int(headers.get("retry-after", 0))
        reply = json.loads(text)
        Tap.ok(status == 429 and 3600 - 60 <= wait <= 3960
               and headers["content-type"] == "application/problem+json"
               and reply["detail"] == 'tenant "a" has used 1000 of the 1000 '
               "tokens that it may in any hour: there are some again in %d s"
               % wait, "refused: " + name, (status, headers, text))

    await problem("/v1/review", {"chunk": CHUNK, "points": points(["ok"])},
                  "a review")
    await problem("/v1/task", {"document": CHUNK}, "a task")
    await problem("/v1/embed", {"input": ["x"]}, "embeddings")
    await problem("/v1/rank", {"query": "x", "texts": ["x", "y"]},
                  "a rank")

    calls = (await nginx.stats())["calls"]
    status, headers, text = await send(nginx.port, path, body, "a")
    error = json.loads(text)["error"]
    Tap.ok(status == 429 and headers["content-type"] == "application/json"
           and 'tenant "a" has used 1000' in error.pop("message")
           and error == {"type": "rate_limit_error", "param": None,
                         "code": "rate_limit_exceeded"}
           and headers["x-should-retry"] == "false"
           and int(headers["retry-after"]) > 3500,
           "refused: a guarded request, as OpenAI does", (headers, text))
    told = [one for one in json.loads((await fetch(nginx, "/status"))[2])
            ["tenants"] if one["tenant"] == "a"]
    wait = told[0]["tokens"]["hour"].pop("retry_after") if told else 0
    Tap.ok(3500 < wait <= 3960 and told == [{
        "tenant": "a", "in_flight": 0, "queued": 0,
        "tokens": {"minute": {"used": 1000, "limit": None, "retry_after": 0},
                   "hour": {"used": 1000, "limit": 1000}}}],
           "refused: the status tells it", told)
    large = chat("ok", "x" * 3000000)
    status, _, _ = await send(nginx.port, large[0], large[1], "a")
    Tap.ok(status == 429 and (await nginx.stats())["calls"] == calls,
           "refused: and a large one, without a call")

    reader, writer = await asyncio.open_connection("127.0.0.1", nginx.port)
    writer.write(b"POST /chat HTTP/1.1\r\nHost: test\r\nX-Tenant: a\r\n"
                 b"Content-Length: 3000000\r\n\r\n{")
    line = await asyncio.wait_for(reader.readline(), 30 * SLOW)
    writer.close()
    Tap.ok(line.startswith(b"HTTP/1.1 429 "),
           "refused: and one whose body has not come", line)

    status, headers, _ = await send(nginx.port, "/minute", chat("ok")[1],
                                    "minute")
    await send(nginx.port, path, body, "minute")
    status, headers, _ = await send(nginx.port, "/minute", chat("ok")[1],
                                    "minute")
    Tap.ok(status == 429 and 54 <= int(headers["retry-after"]) <= 66,
           "refused: for a minute", headers)

    rule = [{"id": "r", "title": "r", "rule": {
        "pattern": "九十", "match": "pass", "no_match": "fail",
        "reason": "r"}}]
    for name, path, body in (
            ("a review of rules", "/v1/review",
             {"chunk": CHUNK, "points": rule}),
            ("a rank by words", "/v1/rank",
             {"query": "x", "texts": ["x", "y"], "by": "bm25"}),
            ("where it is off", "/off",
             {"chunk": CHUNK, "points": points(["ok"])})):
        status, _, text = await send(nginx.port, path, body, "a")
        Tap.ok(status == 200, "not refused: " + name, (status, text))
    status, _, _ = await send(nginx.port, *chat("ok"), "b")
    Tap.ok(status == 200, "not refused: somebody else", status)
    got = [(await send(nginx.port, *chat("prompt_tokens=1000"), tenant))[0]
           for tenant in ("", "default")]
    Tap.ok(got == [200, 429], "nobody's name is the default one's", got)


def workers(nginx):
    """but not those who look after the cache"""
    def is_worker(pid):
        try:
            with open("/proc/%d/cmdline" % pid) as f:
                return "worker process" in f.read()
        except OSError:
            return False
    return {pid for pid in nginx.workers() if is_worker(pid)}


async def shared(nginx):
    """by all workers, over a reload and a death"""
    path, body = chat("prompt_tokens=2 tokens=1")
    await asyncio.gather(*(send(nginx.port, path, body, "s")
                           for _ in range(200)))
    Tap.ok(await used(nginx, "s") == 600, "shared: by workers")
    nginx.renew(http=conf(nginx, "600/1h"))
    Tap.ok(await used(nginx, "s") == 600, "shared: over a reload")
    status, _, text = await send(nginx.port, path, body, "s")
    Tap.ok(status == 429 and b"600 of the 600" in text,
           "a smaller number holds at once", text)
    nginx.renew(http=conf(nginx, "1000/1h"))
    status, _, text = await send(nginx.port, path, body, "s")
    Tap.ok(status == 200 and await used(nginx, "s") == 603,
           "and so does a larger one", text)
    old = workers(nginx)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: len(workers(nginx) - old) == len(old))
    Tap.ok(await used(nginx, "s") == 603, "workers that die take nothing along")


async def full(nginx):
    """who has used tokens keeps its place"""
    path, body = chat("prompt_tokens=4 tokens=1")
    for tenant in "ab":
        await send(nginx.port, path, body, tenant)
    for tenant in "cdefg":
        await send(nginx.port, path, body, tenant)
    got = [await used(nginx, tenant) for tenant in "abch"]
    Tap.ok(got == [5, 5, 25, 25],
           "full: those who come then are one together", got)


def conf(nginx, tokens, tenants=1000):
    return HTTP % {"tokens": tokens, "dir": nginx.dir, "tenants": tenants}


def run(test, tokens="1000000/1h", workers=1, tenants=1000):
    nginx = Harness(workers=workers)
    with open(nginx.dir + "/two.json", "w") as f:
        json.dump({"name": "two", "version": "1", "points": [
            dict(point, title=point["id"]) for point in
            points(["prompt_tokens=10 tokens=5"] * 2)]}, f)
    nginx.renew(http=conf(nginx, tokens, tenants),
                server=SERVER % nginx.settings
                + "client_max_body_size 64m;")
    try:
        asyncio.run(test(nginx))
    finally:
        bad = [line for line in nginx.close()
               if test is not shared or "exited on signal 9" not in line]
        Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))


if __name__ == "__main__":
    run(guarded)
    run(guarded, workers=4)
    run(passed)
    run(own)
    run(refused, tokens="1000/1h")
    run(shared, workers=4)
    run(full, tenants=2)
    Tap.end()
