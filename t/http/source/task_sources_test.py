#!/usr/bin/python3
"""
Proves that a task has the same report wherever its documents come from: a text
in the request, an object of a store, a URL, an upload in base64, or the body
alone; that what is no text reaches the converter byte for byte, with its type;
that what cannot be had is a problem which names the member at fault, and nobody
asks the LLM then; and that URLs lead nowhere they may not.
"""

import asyncio
import os
import random
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Tap, free_port, wait_for
from sources import (CONVERTED, EVENTS, LINES, MARKDOWN, OCTETS, complete,
                     is_problem, misplaced, post, reply_of, report_of, run,
                     scanned, text_of, told, upload)

PIECE = 256 * 1024              # what a loaded document is kept in


# what is proved

async def same(task):
    """each way, as the text in the request; sizes around that of a piece"""
    split = {"max_chars": 5000}
    for size in (100, PIECE - 1, PIECE, PIECE + 1, 3 << 20):
        text = text_of(size)
        data = text.encode()
        task.put("正文 %d.md" % size, data)
        inline = await report_of(task, text, split=split)
        n, wrong = misplaced(inline[1], {"document": text})
        Tap.ok(complete(inline) and n and not wrong,
               "%d bytes: quotes stand where they are said" % size,
               (inline[0], inline[1]["status"], wrong[:3]))
        name = "正文 %d.md" % size
        for way, document in (("an object", {"object": name}),
                              ("a URL", {"url": task.file(name)}),
                              ("an upload", upload(data))):
            reply = await report_of(task, document, split=split)
            Tap.ok(told(reply) == told(inline), "%d bytes: %s is as its text"
                   % (size, way), str(told(reply))[:300])

    text = text_of(100000)
    inline = await report_of(task, text)
    reply = await reply_of(task, text.encode(), kind="text/markdown")
    Tap.ok(told(reply) == told(inline), "so is a body", str(reply)[:300])
    inline = await report_of(task, CONVERTED)
    reply = await reply_of(task, scanned(), kind="application/pdf")
    Tap.ok(told(reply) == told(inline), "and a body that is no text",
           str(reply)[:300])


async def mixed(task):
    """eight references of all ways, and a document with an id"""
    law = text_of(30000)
    texts = [law[i * 1200:(i + 1) * 1200] for i in range(8)]
    texts[1] = "".join("第%d项设备%d元，须在%d日内送达。\n\n" % (i, i * 137, i)
                       for i in range(6000))
    for i, text in enumerate(texts):
        task.put("r%d" % i, text.encode())
    task.put("x.pdf", scanned("text=" + urllib.parse.quote(texts[6])))
    body = law + texts[1][:900]
    task.put("doc", body.encode())
    names = [None, "法", None, "r9", "x/y", None, "七", None]
    ids = [name or "r%d" % (i + 1) for i, name in enumerate(names)]
    ways = [{"object": "slow/r0"}, {"url": task.file("r1", "slow")}, texts[2],
            upload(texts[3].encode()), {"text": texts[4]},
            {"url": task.file("r5")}, {"object": "x.pdf"},
            {"object": "r7", "type": "text/plain"}]
    more = {"rubric": "citing", "select": {"references": 8},
            "split": {"max_chars": 700}}

    def named(references):
        return [{**(r if isinstance(r, dict) else {"text": r}), "id": name}
                if name else r for r, name in zip(references, names)]

    inline = await report_of(task, {"id": "标书", "text": body},
                             references=named(texts), **more)
    reply = await report_of(task, {"id": "标书", "object": "doc"},
                            references=named(ways), **more)
    n, wrong = misplaced(reply[1], dict(zip(ids, texts), document=body))
    Tap.ok(complete(reply) and not wrong and n > 20,
           "references of all ways: quotes stand where they are said",
           (reply[0], n, wrong[:3]))
    Tap.ok(told(reply) == told(inline) and reply[1]["id"] == "标书",
           "references of all ways: as their texts, in order",
           str(reply)[:500])
    sources = {e["source"] for point in reply[1]["points"]
               for f in point["findings"] for e in f["evidence"]}
    Tap.ok(sources <= set(ids) | {"document"} and len(sources) > 4,
           "references of all ways: ids tell them apart", sources)

    _ = task.origin.most
    urls = [{"url": task.file("r%d" % i, "slow")} for i in range(8)]
    reply = await report_of(task, body, references=urls, **more)
    most = task.origin.most
    Tap.ok(complete(reply) and 1 < most <= 4, "a few at a time", most)
    Tap.ok(reply[1]["timings"]["load_ms"] >= 1800, "the time is told",
           reply[1]["timings"])


# the name it has, its type where it is, the member "type", its content, and
# what the converter is told; None: it is not asked

TYPES = [
    ("a", "text/plain", None, b"abc", None),
    ("a", "text/markdown; charset=utf-8", None, b"abc", None),
    ("a.pdf", "text/plain", None, b"abc", None),
    ("a.txt", OCTETS, None, b"abc", None),
    ("b.MD", OCTETS, None, b"abc", None),
    ("a", OCTETS, None, b"abc", None),
    ("a.unknown", OCTETS, None, b"abc", None),
    ("a.pdf", OCTETS, "text/plain", b"abc", None),
    ("a.pdf", OCTETS, None, b"%PDF abc", "application/pdf"),
    ("a.txt", "application/pdf", None, b"%PDF abc", "application/pdf"),
    ("a.txt", "text/plain", "application/x-a; b=c", b"%PDF abc",
     "application/x-a; b=c"),
    ("a", "text/plain; charset=gbk", None, b"%PDF \xb1\xea",
     "text/plain; charset=gbk"),
    ("a", OCTETS, None, b"%PDF \xff", OCTETS),
    ("a", OCTETS, None, b"%PDF \0", OCTETS),
    ("a", OCTETS, OCTETS, b"%PDF abc", OCTETS),
    ("a", "text/html", None, b"<p> abc", "text/html"),
    ("a.pdf/b", OCTETS, None, b"abc", None),
    ("a.", OCTETS, None, b"abc", None), (".md", OCTETS, None, b"abc", None),
    ("a." + "x" * 16, OCTETS, None, b"abc", None),
    ("a." + "x" * 17, OCTETS, None, b"abc", None),
]


async def types(task):
    task.converter.taken()
    for name, stored, member, data, expected in TYPES:
        task.put(name, data, stored)
        more = {"type": member} if member else {}
        for document in ({"object": name, **more},
                         {"url": task.file(name, ".png"), **more}):
            reply = await report_of(task, document)
            had = [kind for kind, _, _ in task.converter.taken()]
            Tap.ok(complete(reply) and had == ([expected] if expected else []),
                   "type: %s, %s, %s, %s" % (list(document)[0], name, stored,
                                             member),
                   (reply[0], reply[1].get("detail"), had))
    task.origin.files["untold"] = b"abc", None
    reply = await report_of(task, {"url": task.file("untold")})
    Tap.ok(complete(reply), "type: a URL that tells none", reply[1])

    # a line of the client's is none of the converter's

    for bad in ("a/b\r\nX-Evil: 1", "a/b\nX-Evil: 1", "a/b\0", "甲/乙\r\n\r\n"):
        reply = await report_of(task, {**upload(b"\0"), "type": bad})
        had = task.converter.taken()
        Tap.ok(reply[0] == 400 and reply[1].get("pointer") == "/document/type"
               and not had, "type: %r is none" % bad, (reply, had))


async def converted(task):
    """byte for byte, and with their type"""
    for n, kind in ((1, "application/pdf"), (PIECE, "application/msword"),
                    (PIECE + 1, OCTETS), (3 << 20, "application/pdf")):
        data = (scanned("n=" + str(n)) * (n // 70000 + 1))[:n]
        data = b"\0" * n if n == 1 else data.replace(b" n=%d" % n, b" ", 1)
        task.put("scan", data, kind)
        inline = await report_of(task, CONVERTED)
        for way, body in (
                ("object", {"document": {"object": "scan"}}),
                ("URL", {"document": {"url": task.file("scan")}}),
                ("chunked", {"document": {"url": task.file("scan",
                                                           "chunked")}}),
                ("upload", {"document": {**upload(data), "type": kind}}),
                ("body", data)):
            raw = isinstance(body, bytes)
            reply = await reply_of(task, body,
                                   kind=kind if raw else "application/json")
            had = task.converter.taken()
            Tap.ok([h[:2] for h in had] == [(kind, data)],
                   "%s, %d bytes: they reach the converter" % (way, n),
                   [(h[0], len(h[1])) for h in had])
            Tap.ok(told(reply) == told(inline), "%s, %d bytes: and are its "
                   "text then" % (way, n), str(reply)[:300])
    reply = await report_of(task, CONVERTED, references=[
        {"object": "scan", "id": "a"}, {"url": task.file("scan"), "id": "b"}])
    had = task.converter.taken()
    Tap.ok(complete(reply) and len(had) == 2, "references are, too",
           (reply[0], len(had)))


async def problems(task, cases):
    """of a path, a document, a status, what is at fault, and words; also as a
    reference, where it stands after others"""
    calls = await task.calls()
    good = [{"object": "good"}, "abc", upload(b"abc")]

    async def one(name, path, source, status, fault, words):
        at = path.strip("/") + ": " + name
        pointer = "/document" + fault
        reply = await report_of(task, source, path)
        Tap.ok(is_problem(reply, status, pointer, words), at, reply)
        if path not in ("/v1/task/", "/hasty/"):
            return
        headers = random.Random(name).choice((EVENTS, LINES, MARKDOWN, ""))
        reply = await reply_of(task, {"document": "abc", "references":
                                      good + [source]}, headers, path)
        pointer = "/references/3" + fault
        Tap.ok(is_problem(reply, status, pointer, words),
               at + ", a reference", reply)

    task.put("good", b"abc")
    await asyncio.gather(*(one(*case) for case in cases))
    Tap.ok(await task.calls() == calls, "the LLM was asked nothing",
           await task.calls() - calls)
    Tap.ok(wait_for(lambda: task.running() == 0), "no transfer is left",
           task.running())


async def objects(task):
    task.put("empty", b"")
    task.put("blank", b" \n\xe3\x80\x80\n")
    task.put("latin", "é".encode("latin-1") * 10, "text/plain")
    task.put("nul.txt", b"abc\0")
    task.put("text", text_of(1000).encode(), "text/plain; charset=utf-8")
    task.put("large", text_of(300 * 1024 + 1).encode())
    task.put("long text", text_of(200 * 1024 + 1).encode())
    at, hasty = "/v1/task/", "/hasty/"

    def case(key, status, words, path=at):
        return key, path, {"object": key}, status, "/object", words

    await problems(task, [
        case("nothing", 422, "there is no such object"),
        case("甲/..b/.. /%41?a#b", 422, "there is no such object"),
        case("..x/y..", 422, "there is no such object"),
        case("status/404/NoSuchBucket", 502, "NoSuchBucket"),
        case("status/403/AccessDenied", 502, "AccessDenied"),
        case("status/500/InternalError", 502, "InternalError"),
        case("status/503/SlowDown", 503, "SlowDown"),
        case("empty", 422, "empty"),
        case("blank", 422, "no text"),
        case("latin", 422, "at byte 0"),
        case("nul.txt", 422, "at byte 3"),
        case("cut/text", 502, "closed the connection"),
        case("stall/text", 504, "took too long", hasty),
        case("hang", 504, "took too long", hasty),
        case("endless", 502, "http_400"),
        case("status/206/x", 502, "not all of the object"),
        case("large", 413, "review_max_document_size", "/small/"),
        case("chunked/large", 413, "review_max_document_size", "/small/"),
        case("slow/large", 413, "review_max_document_size", "/small/"),
        case("long text", 413, "review_max_text_size", "/small/"),
        case("chunked/long text", 413, "review_max_text_size", "/small/"),
        case("good", 422, "there is no store", "/closed/"),
        case("good", 502, "cannot be reached", "/down/")])

    # a text that is cut short by a length that is wrong

    reply = await report_of(task, {"object": "long/good"})
    Tap.ok(complete(reply) and reply[1]["document"]["chars"] == 2,
           "an object that is longer than it says", reply)
    for key in ("chunked/text", "slow/text"):
        reply = await report_of(task, {"object": key})
        Tap.ok(told(reply) == told(await report_of(task, text_of(1000))), key,
               reply)
    asked = task.bucket.asked
    Tap.ok("GET /bids/..x/y.." in asked, "a key is what it is", [
        a for a in asked if a.endswith("x")])


async def urls(task):
    at, hasty, small = "/v1/task/", "/hasty/", "/small/"
    port = task.origin.port

    def case(url, status, words, path=at):
        return url, path, {"url": url}, status, "/url", words

    def here(what, *args):
        return case(task.url(what), *args)

    def to(url):
        return task.url("/to?" + urllib.parse.quote(url, ""))

    await problems(task, [
        here("/missing", 422, "http_404"), here("/status/410", 422,
                                                "http_410"),
        here("/status/403", 502, "http_403"),
        here("/status/500", 502, "http_500"),
        here("/status/206", 502, "http_206"),
        here("/status/304", 502, "http_304"),
        here("/size/0", 422, "empty"), here("/status/204", 422, "empty"),
        here("/file/latin", 422, "at byte 0"),
        here("/file/nul.txt", 422, "at byte 3"),
        here("/file/text?cut", 502, "cut"),
        here("/cut/%d" % PIECE, 502, "cut"),
        here("/file/text?stall", 504, "timeout", hasty),
        here("/hang", 504, "timeout", hasty),
        here("/size/307201", 413, "review_max_document_size", small),
        here("/chunked/307201", 413, "review_max_document_size", small),
        here("/endless", 413, "review_max_document_size", small),
        here("/file/long%20text", 413, "review_max_text_size", small),
        here("/loop", 422, "too_many_redirects"),
        here("/nowhere", 422, "bad_url"),
        case("nonsense", 422, "bad_url"), case("http://", 422, "bad_url"),
        case("http://a b/", 422, "bad_url"),
        case("ftp://127.0.0.1/", 422, "bad_scheme"),
        case("file:///etc/passwd", 422, "bad_scheme"),
        case("http://127.0.0.1:%d/" % free_port(), 502, "connect"),
        case("http://example.com/", 422, "host_not_allowed"),
        case("http://10.0.0.1/", 422, "address_not_allowed"),
        case("http://127.0.0.2:%d/size/1" % port, 422, "address_not_allowed"),
        case("http://localhost:%d/size/1" % port, 422, "address_not_allowed",
             "/names/"),
        case(to("http://127.0.0.2:%d/file/good" % port), 422,
             "address_not_allowed, by a redirect"),
        case(to("http://169.254.169.254/latest/"), 422, "address_not_allowed"),
        case(to("http://evil.example.com/"), 422, "host_not_allowed"),
        case(to("file:///etc/passwd"), 422, "bad_scheme"),
        case(task.file("good"), 422, "address_not_allowed", "/closed/"),
        case("http://localhost:%d/" % port, 422, "host_not_allowed",
             "/closed/")])

    reply = await report_of(task, {"url": to(task.file("text"))})
    Tap.ok(told(reply) == told(await report_of(task, text_of(1000))),
           "a redirect is followed", reply)
    Tap.ok(not [p for p in task.origin.paths if p.startswith("/latest")],
           "and none that may not be")


async def uploads(task):
    text = text_of(200).encode()

    def case(name, source, status, fault, words, path="/v1/task/"):
        return name, path, source, status, fault, words

    def bad(what):
        return case("base64: %r" % what[:20], {"upload": what}, 400,
                    "/upload", "base64")

    await problems(task, [
        case("an upload of nothing", {"upload": ""}, 400, "/upload", ""),
        bad("abc"), bad("!!!!"), bad("YWJj\nYWJj"), bad("YWJjZA"),
        bad("YW=j"), bad("===="), bad("YWJj===="), bad("甲甲甲甲"),
        bad("-_-_"), bad(" YWJ"), bad("YWJj" * PIECE + "YW*="),
        case("blank", upload(b"\r\n \t"), 422, "/upload", "no text"),
        case("said to be a text", {**upload(text + b"\xff"), "type":
                                   "text/plain"}, 422, "/upload",
             "at byte 200"),
        case("said to have a NUL", {**upload(b"\0" + text), "type":
                                    "text/markdown"}, 422, "/upload",
             "at byte 0"),
        case("too large", upload(b"a" * (300 * 1024 + 1)), 413, "/upload",
             "review_max_document_size", "/small/"),
        case("a text too large", upload(b"a" * (200 * 1024 + 1)), 413,
             "/upload", "review_max_text_size", "/small/"),
        case("no converter", upload(scanned()), 415, "/upload",
             "review_extract", "/plain/"),
        case("no converter, by its type", {**upload(b"abc"), "type":
                                           "application/pdf"}, 415, "/upload",
             "application/pdf", "/plain/")])
    for path, data in (("/small/", b"a" * 200 * 1024), ("/v1/task/", b"a"),
                       ("/v1/task/", b"ab"), ("/v1/task/", text)):
        reply = await report_of(task, upload(data), path)
        Tap.ok(complete(reply), "an upload of %d bytes" % len(data), reply)
    reply = await reply_of(task, b"\xff", path="/plain/", kind="image/png")
    Tap.ok(reply[0] == 415, "no converter for a body", reply)
    task.converter.taken()


async def converter_fails(task):
    cases = [("status=415", 415), ("status=422", 422), ("status=400", 422),
             ("status=500", 502), ("status=404", 502), ("text=%ff", 502),
             ("text=%20", 422), ("size=0 text=", 422),
             ("size=9 text=", 200), ("hang", 504)]
    calls = await task.calls()

    async def one(script, status, way):
        data = scanned(script)
        key = "fails " + script
        task.put(key, data, "application/pdf")
        reply = await report_of(task, {
            "object": {"object": key}, "url": {"url": task.file(key)},
            "upload": upload(data)}[way], "/hasty/")
        good = complete(reply) if status == 200 else is_problem(
            reply, status, "/document/" + way, "text")
        Tap.ok(good, "the converter: %s of %s" % (script, way), reply)

    await asyncio.gather(*(one(*case, way) for case in cases
                           for way in ("object", "url", "upload")))
    Tap.ok(await task.calls() == calls + 3, "the LLM was asked nothing else",
           await task.calls() - calls)
    reply = await report_of(task, upload(scanned("text= size=204801")),
                            "/small/")
    Tap.ok(is_problem(reply, 413, "/document/upload", ""),
           "the converter: too large a text", reply)
    Tap.ok(wait_for(lambda: task.running() == 0), "the converter is idle",
           task.running())
    task.converter.taken()


# a reply begins when all is loaded

async def begins(task):
    task.put("slow", text_of(1000).encode(), "text/plain")

    async def one(headers):
        reader, writer = await asyncio.open_connection("127.0.0.1", task.port)
        writer.write(post({"document": {"url": task.file("slow", "slow")}},
                          headers))
        started = time.monotonic()
        head = await reader.read(1)
        took = time.monotonic() - started
        reply = head + await reader.read()
        writer.close()
        Tap.ok(took > 0.8 and reply.startswith(b"HTTP/1.1 200")
               and b'"status":"complete"' in reply,
               "the reply begins when all is loaded", (took, reply[:100]))

    await asyncio.gather(one(EVENTS), one(LINES))


run(same, mixed, types, converted, objects, urls, uploads, converter_fails,
    begins)
Tap.end()
