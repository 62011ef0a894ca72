#!/usr/bin/python3
"""
What t/docs/openapi_test.py proves, of the endpoints that are about files:
downloads (saved, looked at, stored; failed, refused, timed out in every way)
and objects of a store (put, got whole, in part and not at all, deleted, listed;
refused by nginx and by the store) are replied to as docs/openapi.yaml says,
with a status that it names, and so are their problems.
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.abspath(HERE + "/../lib")]
from bucket import Bucket, etag_of
from harness import Harness, SLOW, Tap, free_port
from openapi_test import DOCUMENT, check, made, post, typed, valid
from origin import Origin

STORE = """
    review_store %s {
        endpoint http://127.0.0.1:%d;
        bucket bids;
        access_key tester;
        secret_key testing;
        timeout %dms;
        connect_timeout 1s;
    }
"""
HTTP = """
    review_llm /llm;
    client_max_body_size 16k;
    review_fetch_allow 127.0.0.1;
"""
SERVER = """
    location = /v1/fetch { review_fetch path=%(folder)s; }
    location = /look { review_fetch; }
    location = /small { review_fetch max_size=10; }
    location = /stored { review_fetch store=good; }
    location = /unstored { review_fetch store=down; }
    location = /hasty { review_fetch; review_call_timeout %(wait)dms; }
    location = /short { review_fetch; review_timeout %(wait)dms; }
    location /files/ { review_object good; }
    location /down/ { review_object down; }
    location /denied/ { review_object good; deny all; }
"""

# name, location, HTTP status, its status, statuses and codes, what is asked for

DOWNLOADS = [
    ("saved", "/v1/fetch", 200, "complete", ["ok"] * 2,
     ["/size/3/a.pdf", "/size/0/x"], [None, "标书/b.pdf"]),
    ("looked at", "/look", 200, "complete", ["ok"], ["/size/3/a"], None),
    ("without a type", "/look", 200, "complete", ["ok"], ["/slow/3"], None),
    ("after redirects", "/look", 200, "complete", ["ok"], ["/hops/2"], None),
    ("in a store", "/stored", 200, "complete", ["ok"], ["/size/3/a"], None),
    ("some of them", "/v1/fetch", 200, "partial",
     ["ok", "http_404", "cut", "host_not_allowed"],
     ["/size/3/c", "/status/404", "/cut/10", "http://localhost/d"], None),
    ("failed", "/look", 502, "failed",
     ["http_500", "cut", "connect", "bad_url"],
     ["/status/500", "/cut/10", "http://127.0.0.1:%(closed)d/", "/nowhere"],
     None),
    ("refused", "/look", 502, "failed",
     ["bad_scheme", "bad_url", "userinfo", "host_not_allowed",
      "address_not_allowed", "address_not_allowed", "too_many_redirects"],
     ["ftp://127.0.0.1/", "http://127.1/", "http://u:p@127.0.0.1/",
      "http://example.com/", "http://10.0.0.1/", "http://[::1]/", "/loop"],
     None),
    ("too large", "/small", 502, "failed", ["too_large"], ["/size/11"], None),
    ("not stored", "/unstored", 502, "failed", ["store"], ["/size/3"], None),
    ("not written", "/v1/fetch", 502, "failed", ["file"], ["/size/3"],
     ["a.pdf/below/a/file"]),
    ("timed out", "/hasty", 504, "failed", ["timeout", "timeout"],
     ["/hang", "/stall/10"], None),
    ("the deadline", "/short", 504, "failed", ["deadline"], ["/hang"], None),
]

URL = "http://127.0.0.1/a"

# name, location, HTTP status, body, is it the form that is wrong?

REFUSED = [
    ("no body", "/v1/fetch", 400, b"", None),
    ("not JSON", "/v1/fetch", 400, b'{"urls":', None),
    ("an array", "/v1/fetch", 400, [], True),
    ("no URLs", "/v1/fetch", 400, {}, True),
    ("URLs of none", "/v1/fetch", 400, {"urls": []}, True),
    ("URLs that are a string", "/v1/fetch", 400, {"urls": URL}, True),
    ("a URL that is a number", "/v1/fetch", 400, {"urls": [1]}, True),
    ("an empty URL", "/v1/fetch", 400, {"urls": [""]}, True),
    ("a member that is not known", "/v1/fetch", 400,
     {"urls": [URL], "saveas": ["a"]}, True),
    ("a name that is a number", "/v1/fetch", 400,
     {"urls": [URL], "save_as": [1]}, True),
    ("names that are a string", "/v1/fetch", 400,
     {"urls": [URL], "save_as": "a"}, True),
    ("too few names", "/v1/fetch", 422,
     {"urls": [URL, URL + "b"], "save_as": ["a"]}, False),
    ("a name twice", "/v1/fetch", 422, {"urls": [URL, URL]}, False),
    ("a name that leads out", "/v1/fetch", 422,
     {"urls": [URL], "save_as": ["../a"]}, False),
    ("a URL without a name", "/v1/fetch", 422,
     {"urls": ["http://127.0.0.1/"]}, False),
    ("names where nothing is saved", "/look", 422,
     {"urls": [URL], "save_as": ["a"]}, False),
    ("a body too large", "/v1/fetch", 413, {"urls": [URL * 1000]}, False),
]

KEY = "/files/bids/%E6%A0%87%20%22a%22.txt"
ETAG = '"%s"' % etag_of(b"abcdef")

# name, method, path, headers, body, HTTP status, a problem?

OBJECTS = [
    ("put", "PUT", KEY, "Content-Type: text/x-bid\r\n", b"abcdef", 200),
    ("nothing is put", "PUT", "/files/empty", "", b"", 200),
    ("put again", "PUT", KEY, "If-None-Match: *\r\n", b"abc", 412),
    ("a part is put", "PUT", KEY, "Content-Range: bytes 0-2/6\r\n", b"abc",
     400),
    ("more than nginx takes", "PUT", KEY, "", b"a" * 20000, 413),
    ("more than the store takes", "PUT", "/files/status/400/EntityTooLarge",
     "", b"a", 413),
    ("put twice at once", "PUT", "/files/status/409/OperationAborted", "",
     b"a", 409),
    ("a digest", "PUT", "/files/status/400/BadDigest", "", b"a", 400),
    ("what the store cannot do", "PUT", "/files/status/501/NotImplemented",
     "", b"a", 502),
    ("got", "GET", KEY, "", b"", 200),
    ("its headers", "HEAD", KEY, "", b"", 200),
    ("a part", "GET", KEY, "Range: bytes=1-3\r\n", b"", 206),
    ("no part", "GET", KEY, "Range: bytes=9-\r\n", b"", 416),
    ("the whole", "GET", KEY,
     "Range: bytes=1-3\r\nIf-Range: \"x\"\r\n", b"", 200),
    ("known", "GET", KEY, "If-None-Match: %s\r\n" % ETAG, b"", 304),
    ("another", "GET", KEY, "If-Match: \"x\"\r\n", b"", 412),
    ("nothing", "GET", "/files/nothing", "", b"", 404),
    ("headers of nothing", "HEAD", "/files/nothing", "", b"", 404),
    ("a key too long", "GET", "/files/" + "k" * 1025, "", b"", 400),
    ("a name", "GET", "/files/status/400/InvalidURI", "", b"", 400),
    ("other keys", "GET", "/files/status/403/InvalidAccessKeyId", "", b"",
     502),
    ("no bucket", "GET", "/files/status/404/NoSuchBucket", "", b"", 502),
    ("much to do", "GET", "/files/status/503/SlowDown", "", b"", 503),
    ("a store that is down", "GET", "/down/a", "", b"", 502),
    ("a store that is silent", "GET", "/files/hang", "", b"", 504),
    ("posted", "POST", KEY, "", b"a", 405),
    ("deleted", "DELETE", "/files/empty", "", b"", 204),
    ("deleted again", "DELETE", "/files/empty", "", b"", 204),
    ("another request deletes", "DELETE",
     "/files/status/409/OperationAborted", "", b"", 409),
]

# name, arguments, how many objects, prefixes

LISTS = [
    ("all", "list", 4, 0),
    ("some", "list=&prefix=bids/&x=1", 2, 0),
    ("folders", "prefix=&delimiter=/&list", 1, 2),
    ("none", "list&prefix=no", 0, 0),
]


def names(path, method, status):
    """does the document name that status there?"""
    operation = DOCUMENT["paths"][path][method.lower()]
    return str(status) in operation["responses"]


def is_problem(status, kind, body, code, name):
    Tap.ok((status, kind) == (code, "application/problem+json"),
           "%s: %d" % (name, code), (status, kind, body.decode()))
    check("Problem", body, "%s: the body is a Problem" % name)


async def downloads(port, origin):
    closed = free_port()
    for name, path, code, came, codes, urls, save_as in DOWNLOADS:
        urls = [url % {"closed": closed} if "://" in url
                else "http://127.0.0.1:%d%s" % (origin.port, url)
                for url in urls]
        request = {"urls": urls}
        if save_as:
            request["save_as"] = save_as
        status, kind, body = await typed(port, post(path, request))
        said = json.loads(body)
        Tap.ok((status, kind, said.get("status"))
               == (code, "application/json", came)
               and [r.get("error", {}).get("code", r["status"])
                    for r in said.get("results", [])] == codes,
               "downloads: %s: %d" % (name, code), (status, body.decode()))
        check("Downloads", body, "%s: the reply is Downloads" % name)
        check("FetchRequest", request, "%s: the request is one" % name)
        Tap.ok(names("/v1/fetch", "post", code),
               "%s: %d is named" % (name, code))


async def refusals(port, _):
    for name, path, code, request, form in REFUSED:
        is_problem(*await typed(port, post(path, request)), code,
                   "downloads: " + name)
        if form is not None:
            good, note = valid("FetchRequest", request)
            Tap.ok(good != form, "%s: the request is %sone"
                   % (name, "not " if form else ""), note)

    for name, code, data in (
            ("GET", 405, post("/v1/fetch", b"", method="GET")),
            ("a text", 415,
             post("/v1/fetch", b"a", "Content-Type: text/plain\r\n")),
            ("gzip", 415,
             post("/v1/fetch", b"{}", "Content-Encoding: gzip\r\n"))):
        is_problem(*await typed(port, data), code, "downloads: " + name)
        Tap.ok(names("/v1/fetch", "post", code),
               "%s: %d is named" % (name, code))


async def objects(port, _):
    for name, method, path, headers, sent, code in OBJECTS:
        status, kind, body = await typed(port, post(path, sent, headers,
                                                    method))
        if code < 400 or method == "HEAD":
            Tap.ok(status == code, "an object: %s: %d" % (name, code),
                   (status, body.decode()))
            if method == "PUT":
                check("StoredObject", body, "%s: a StoredObject" % name)
        else:
            is_problem(status, kind, body, code, "an object: " + name)
        if method == "GET" and code < 400:
            whole = {200: b"abcdef", 206: b"bcd", 304: b""}
            Tap.ok(body == whole[code] and (kind == "text/x-bid" or not body),
                   "%s: what it is" % name, (kind, body.decode()))
        shown = {"HEAD": "GET", "POST": "GET"}.get(method, method)
        Tap.ok(names("/files/{key}", shown, code),
               "%s: %d is named" % (name, code))


async def listed(port, query, code=200):
    status, kind, body = await typed(port, post("/files/?" + query, b"", "",
                                                "GET"))
    Tap.ok(names("/files/", "get", code), "%d is named" % code)
    if code >= 400:
        is_problem(status, kind, body, code, "a list: " + query)
        return {}
    Tap.ok((status, kind) == (code, "application/json"), "a list: " + query,
           (status, kind, body.decode()))
    check("ObjectList", body, "%s: the reply is an ObjectList" % query)
    return json.loads(body)


async def lists(port, _):
    for key in ("a%20b", "bids/%3C&%3E", "x/y"):
        await typed(port, post("/files/" + key, b"x", "", "PUT"))
    await typed(port, post("/files/a", b"x", "", "DELETE"))
    for name, query, count, prefixes in LISTS:
        said = await listed(port, query)
        Tap.ok((len(said["objects"]), len(said["prefixes"]),
                said["truncated"]) == (count, prefixes, False),
               "a list: %s" % name, said)

    keys, query = [], "list&max=3"
    while query and len(keys) < 10:
        said = await listed(port, query)
        keys += [item["key"] for item in said["objects"]]
        query = "next" in said and "list&max=3&next=" + said["next"].replace(
            " ", "%20").replace('"', "%22")
    Tap.ok(keys == ["a b", "bids/<&>", "bids/标 \"a\".txt", "x/y"],
           "a list in two", keys)

    for query, code in (("", 404), ("lists", 404), ("list&max=0", 400),
                        ("list&max=1001", 400), ("list&max=x", 400)):
        await listed(port, query, code)
    is_problem(*await typed(port, post("/down/?list", b"", "", "GET")), 502,
               "a list of a store that is down")
    is_problem(*await typed(port, post("/denied/a", b"", "", "GET")), 403,
               "an object: access denied")


def negatives():
    """the schemas are no open doors"""
    nothing = {"http_status": None, "size": None, "content_type": None,
               "saved_as": None, "sha256": None, "elapsed_ms": 0}
    error = {"code": "cut", "detail": ""}
    made("Download", {"url": "a", "status": "failed", "error": error,
                      **nothing}, (
        ("ok and an error", {"status": "ok"}),
        ("a size of what failed", {"size": 1}),
        ("a status that is none", {"status": "done"}),
        ("a code that is none", {"error": {"code": "x", "detail": ""}}),
        ("http_0", {"error": {"code": "http_0", "detail": ""}})))
    stored = {"key": "a", "size": 1, "etag": "b"}
    made("StoredObject", stored, (
        ("no key", {"key": ""}), ("quotes", {"etag": '"b"'}),
        ("a size below 0", {"size": -1}), ("a member too many", {"x": 1})))
    item = {**stored, "last_modified": "2026-03-18T08:30:12.000Z"}
    made("ObjectList", {"objects": [item], "prefixes": ["a/"],
                        "truncated": False}, (
        ("where to go on at the end", {"next": "a"}),
        ("an object without a time", {"objects": [stored]}),
        ("an empty prefix", {"prefixes": [""]}),
        ("no array", {"objects": None})))


def main():
    negatives()

    folder = tempfile.mkdtemp(prefix="review-openapi-")
    os.chmod(folder, 0o777)
    origin, bucket = Origin(), Bucket()
    try:
        nginx = Harness(
            http=HTTP + STORE % ("good", bucket.port, 2000 * SLOW)
            + STORE % ("down", free_port(), 2000 * SLOW),
            server=SERVER % {"folder": folder, "wait": 1500 * SLOW},
            record=False)
        try:
            for test in downloads, refusals, objects, lists:
                asyncio.run(test(nginx.port, origin))
        finally:
            bad = nginx.close()
            Tap.ok(not bad, "nothing alarming is in the error log",
                   "\n".join(bad))
    finally:
        origin.close()
        bucket.close()
        shutil.rmtree(folder)

    Tap.end()


main()
