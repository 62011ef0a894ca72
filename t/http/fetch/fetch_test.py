#!/usr/bin/python3
"""
Proves that files are downloaded many at a time and saved whole or not at all,
under the names that were asked for and nowhere else; that memory stays small;
that nobody gets the server to talk to hosts, addresses and schemes that are not
allowed, however he writes them and wherever redirects lead, nor to servers
whose certificate nobody vouches for; and that a bad server, or a client that
goes away, leaves nothing behind.
"""

import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, LONG, SLOW, Tap, free_port, wait_for
from origin import Origin, data_of
from s3 import S3
from swift import Swift

MB = 1 << 20

# what a worker may grow by, KB; a sanitizer keeps what was freed

GROWTH = 16 * 1024 if SLOW == 1 else 512 * 1024

STORE = """
    review_store bids {
        endpoint http://127.0.0.1:%d;
        bucket bids;
        access_key test:tester;
        secret_key testing;
    }
    review_store down {
        endpoint http://127.0.0.1:%d;
        bucket bids;
        access_key test:tester;
        secret_key testing;
        connect_timeout 3s;
    }
"""
HTTP = """
    client_max_body_size 8m;
    review_llm /llm model=stand-in;
    review_fetch_allow 127.0.0.1 [::1] *.localhost localhost;
    review_fetch_allow Files.Example.COM *.example.org;
"""
SERVER = """
        location = /fetch { review_fetch path=%(files)s; }
        location = /many { review_fetch path=%(files)s calls=64; }
        location = /one { review_fetch path=%(files)s calls=1; }
        location = /look { review_fetch; }
        location = /small { review_fetch path=%(files)s max_size=1m; }
        location = /hasty {
            review_fetch path=%(files)s;
            review_call_timeout 1s;
        }
        location = /short { review_fetch path=%(files)s; review_timeout 2s; }
        location = /unthreaded {
            review_fetch path=%(files)s;
            review_thread_pool off;
        }
        location = /gone { review_fetch path=%(files)s/nothing/here; }
        location = /none { review_fetch; review_fetch_allow off; }
        location = /names { review_fetch; review_fetch_allow localhost; }
        location = /port {
            review_fetch;
            review_fetch_allow localhost:%(port)d 127.0.0.0/8;
        }
        location = /address_port {
            review_fetch;
            review_fetch_allow 127.0.0.1:%(port)d;
        }
        location /access/ {
            review_fetch_access user:rw group:rw all:r;
            location = /access/all { review_fetch path=%(files)s; }
            location = /access/group {
                review_fetch path=%(files)s;
                review_fetch_access group:r;
            }
        }
        location = /sub {
            review_fetch;
            review_fetch_allow *.localhost 127.0.0.1;
        }
"""
STORED = """
        location = /store { review_fetch store=bids; }
        location = /down { review_fetch store=down; }
"""


def no_link(path, flags):
    return os.open(path, flags | os.O_NOFOLLOW)


class Nginx(Harness):
    def __init__(self, origin, store=None):
        self.files = None
        self.origin = origin
        self.root = "/tmp/review-fetch-%d" % os.getpid()
        self.files = os.path.join(self.root, "files")
        os.makedirs(self.files)
        os.chmod(self.root, 0o777)
        os.chmod(self.files, 0o777)
        server = SERVER % {"files": self.files, "port": origin.port}
        http_conf = HTTP
        if store:
            self.s3 = S3(store.port)
            http_conf += STORE % (store.port, free_port())
            server += STORED
        super().__init__(http=http_conf, server=server, record=False)

    def url(self, path, host="127.0.0.1"):
        return "http://%s:%d%s" % (host, self.origin.port, path)

    def saved(self):
        """{name: content} of all files there are"""
        found = {}
        for folder, _, names in os.walk(self.files):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    with open(path, "rb", opener=no_link) as f:
                        found[os.path.relpath(path, self.files)] = f.read()
                except OSError:     # a link, or just removed
                    pass
        return found

    def empty(self):
        subprocess.run(["find", self.files, "-mindepth", "1", "-delete"],
                       check=True)

    def close(self):
        try:
            return super().close()
        finally:
            subprocess.run(["rm", "-r", self.root], check=True)


class Reply:
    def __init__(self, status, body):
        self.status = status
        self.json = json.loads(body)
        self.results = self.json.get("results", [])
        self.codes = [r.get("error", {}).get("code") for r in self.results]
        self.statuses = [r["status"] for r in self.results]

    def __str__(self):
        return "%d %s" % (self.status, json.dumps(self.json)[:1500])


def post(nginx, path, body):
    client = http.client.HTTPConnection("127.0.0.1", nginx.port,
                                        timeout=60 * SLOW)
    client.request("POST", path, json.dumps(body),
                   {"Content-Type": "application/json"})
    return client


def fetch(nginx, path, urls, save_as=None, **more):
    body = dict({"urls": urls}, **more)
    if save_as is not None:
        body["save_as"] = save_as
    client = post(nginx, path, body)
    try:
        response = client.getresponse()
        return Reply(response.status, response.read())
    finally:
        client.close()


def modes(nginx, *names):
    return [oct(os.stat(os.path.join(nginx.files, name)).st_mode & 0o7777)
            for name in names]


def access(nginx):
    """who may read files, and enter folders that were made"""
    Tap.ok(modes(nginx, "x", "a/b/c/d", "a", "a/b/c")
           == ["0o600", "0o600", "0o700", "0o700"],
           "files and folders are the worker's alone",
           modes(nginx, "x", "a/b/c/d", "a", "a/b/c"))
    for name, wanted in ("all", ["0o664", "0o775"]), \
            ("group", ["0o640", "0o750"]):
        reply = fetch(nginx, "/access/" + name, [nginx.url("/size/7/x")],
                      ["for/%s/x" % name])
        found = modes(nginx, "for/%s/x" % name, "for/" + name)
        Tap.ok(found == wanted, "review_fetch_access: %s" % name,
               (found, reply))
    Tap.ok(modes(nginx, "for", "a") == ["0o775", "0o700"],
           "a folder that was there keeps its mode", modes(nginx, "for", "a"))



def sha256(data):
    return hashlib.sha256(data).hexdigest()


# what is proved

def saves(nginx):
    sizes = [0, 1, 65535, 65536, 131072, 131073, 1000003, 5 * MB]
    names = [None, "a.bin", "投标/第 1 章.pdf", None, "a/b/c/d", "x", None,
             "..a"]
    urls = [nginx.url("/size/%d/f%d.bin" % (n, n)) for n in sizes]
    reply = fetch(nginx, "/fetch", urls, names)
    Tap.ok(reply.status == 200 and reply.json["status"] == "complete"
           and [r["url"] for r in reply.results] == urls,
           "files of many sizes, results in the order of the URLs", reply)
    saved = nginx.saved()
    expected = {name or "f%d.bin" % n: data_of(n)
                for n, name in zip(sizes, names)}
    Tap.ok(saved == expected, "they are saved, and nothing else",
           {name: len(data) for name, data in saved.items()})
    good = all(
        r["status"] == "ok" and r["http_status"] == 200 and r["size"] == n
        and r["sha256"] == sha256(data_of(n)) and "error" not in r
        and r["content_type"] == "application/octet-stream"
        and r["saved_as"] == (name or "f%d.bin" % n)
        and isinstance(r["elapsed_ms"], int)
        for r, n, name in zip(reply.results, sizes, names))
    Tap.ok(good, "results tell size, type, hash and name", reply)
    access(nginx)

    reply = fetch(nginx, "/fetch", [nginx.url("/size/7/x")])
    Tap.ok(nginx.saved()["x"] == data_of(7), "a file is replaced", reply)

    reply = fetch(nginx, "/fetch", [nginx.url("/chunked/300000")], ["ch"])
    Tap.ok(nginx.saved()["ch"] == data_of(300000), "of unknown length", reply)

    reply = fetch(nginx, "/fetch",
                  [nginx.url("/size/5/%E6%A0%87%20b.txt?x=1#f"),
                   nginx.url("/size/6/标.txt")])
    saved = nginx.saved()
    Tap.ok(saved.get("标 b.txt") == data_of(5)
           and saved.get("标.txt") == data_of(6), "names from URLs", reply)
    paths = nginx.origin.paths
    Tap.ok("/size/5/%E6%A0%87%20b.txt?x=1" in paths,
           "no fragment is sent", paths)
    nginx.empty()

    reply = fetch(nginx, "/unthreaded",
                  [nginx.url("/size/3000000/u"), nginx.url("/size/0/v")])
    Tap.ok(nginx.saved() == {"u": data_of(3000000), "v": b""},
           "without threads", reply)
    reply = fetch(nginx, "/look", [nginx.url("/size/100000/")])
    Tap.ok(reply.results[0]["sha256"] == sha256(data_of(100000))
           and reply.results[0]["saved_as"] is None,
           "nothing is saved where nothing says so", reply)
    nginx.empty()


def many(nginx):
    nginx.origin.forget()
    urls = [nginx.url("/slow/1000/?%d" % i) for i in range(128)]
    names = ["n/%d" % i for i in range(128)]
    begun = time.monotonic()
    reply = fetch(nginx, "/many", urls, names)
    took = time.monotonic() - begun
    Tap.ok(reply.statuses == ["ok"] * 128 and took < 60 * SLOW,
           "128 files of a second each, 64 at a time", (took, str(reply)))
    Tap.ok(32 < nginx.origin.most <= 64, "no more than calls= at a time")
    Tap.ok(len(nginx.saved()) == 128, "all are saved")
    nginx.empty()
    nginx.origin.forget()
    n = 300 if LONG else 100
    urls = [nginx.url("/size/100/%d" % i) for i in range(n)]
    reply = fetch(nginx, "/one", urls)
    Tap.ok(reply.statuses == ["ok"] * n and len(nginx.saved()) == n,
           "%d one after the other" % n, reply)
    Tap.ok(nginx.origin.most <= 2, "one at a time")
    nginx.empty()


def memory(nginx):
    urls = [nginx.url("/size/%d/m%d" % (40 * MB + i, i)) for i in range(4)]
    fetch(nginx, "/fetch", [nginx.url("/size/1000000/warm%d" % i)
                            for i in range(4)])
    begun, most, over = nginx.rss(), [0], threading.Event()

    def watch():
        while not over.wait(0.02):
            most[0] = max(most[0], nginx.rss() - begun)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    reply = fetch(nginx, "/fetch", urls)
    over.set()
    thread.join()
    Tap.ok(reply.statuses == ["ok"] * 4, "160 MB in four files", reply)
    Tap.ok(most[0] <= GROWTH, "the worker grows by %d MB at most"
           % (GROWTH // 1024), "%d KB" % most[0])
    good = all(r["sha256"] == sha256(data_of(40 * MB + i))
               for i, r in enumerate(reply.results))
    Tap.ok(good, "they are whole", reply)
    nginx.empty()


def bad_requests(nginx):
    nginx.origin.forget()
    one = nginx.url("/size/1/a")
    two = nginx.url("/size/2/b")
    long = "x" * 256
    for body, status, pointer, what in (
            ({}, 400, "/urls", "no urls"),
            ({"urls": "x"}, 400, "/urls", "urls of another type"),
            ({"urls": []}, 400, "/urls", "no URL"),
            ({"urls": [one, 1]}, 400, "/urls/1", "a URL that is a number"),
            ({"urls": [""]}, 400, "/urls/0", "an empty URL"),
            ({"urls": [one], "save": []}, 400, "/save", "unknown member"),
            ({"urls": [one], "save_as": "x"}, 400, "/save_as",
             "save_as of another type"),
            ({"urls": [one], "save_as": [1]}, 400, "/save_as/0",
             "a name that is a number"),
            ({"urls": [one, two], "save_as": ["x"]}, 422, "/save_as",
             "too few names"),
            ({"urls": [one, two], "save_as": ["x", "x"]}, 422, "/save_as/1",
             "the same name twice"),
            ({"urls": [one, one]}, 422, "/urls/1", "the same from URLs"),
            ({"urls": [one, two], "save_as": [None, "a"]}, 422, "/save_as/1",
             "the same as one from a URL"),
            ({"urls": [one] * 10001}, 422, "/urls", "too many"),
            ({"urls": [nginx.url("/size/1/")]}, 422, "/urls/0",
             "a URL without a name"),
            ({"urls": [nginx.url("/size/1/..")]}, 422, "/urls/0",
             "a URL that ends with .."),
            ({"urls": [nginx.url("/size/1/%2e%2e")]}, 422, "/urls/0",
             "a URL that ends with .. encoded"),
            ({"urls": [nginx.url("/size/1/..%2fx")]}, 422, "/urls/0",
             "a slash encoded in a URL"),
            ({"urls": [nginx.url("/size/1/%00x")]}, 422, "/urls/0",
             "a NUL encoded in a URL"),
            ({"urls": [nginx.url("/size/1/%ff")]}, 422, "/urls/0",
             "no UTF-8 in a URL")):
        reply = Reply(*raw(nginx, "/fetch", body))
        Tap.ok(reply.status == status
               and reply.json.get("pointer") == pointer,
               "%s: %d" % (what, status), reply)
    for name in ("", "/etc/x", "../x", "a/../x", "a/..", "./x", "a//b", "a/",
                 ".", "..", "a\0b", "a\nb", "a\x7f", long, "a/" + long + "/b",
                 "/".join(["x" * 200] * 6), ".fetch-x"):
        reply = fetch(nginx, "/fetch", [one], [name])
        Tap.ok(reply.status == (400 if "\0" in name else 422)
               and reply.json.get("pointer") == "/save_as/0",
               "the name %r is refused" % name[:20], reply)
    reply = fetch(nginx, "/look", [one], ["x"])
    Tap.ok(reply.status == 422, "save_as where nothing is saved: 422", reply)
    Tap.ok(nginx.origin.paths == [] and nginx.saved() == {},
           "nothing is done of requests that are bad")
    client = http.client.HTTPConnection("127.0.0.1", nginx.port)
    client.request("GET", "/fetch")
    Tap.ok(client.getresponse().status == 405, "GET: 405")
    client.close()


def raw(nginx, path, body):
    client = post(nginx, path, body)
    response = client.getresponse()
    try:
        return response.status, response.read()
    finally:
        client.close()


def refused(nginx, location, urls, name):
    """each of them, with that code; and nobody was talked to"""
    nginx.origin.forget()
    reply = fetch(nginx, location, [url for url, _ in urls])
    for r, (url, code) in zip(reply.results, urls):
        Tap.ok(r["status"] == "refused" and r["error"]["code"] == code
               and r["sha256"] is None, "%s: %s: %s"
               % (name, ascii(url)[1:60].replace("#", "\\#"), code), r)
    Tap.ok(reply.status == 502 and reply.json["status"] == "failed"
           and len(reply.results) == len(urls), "%s: 502" % name, reply)
    Tap.ok(nginx.origin.paths == [], "%s: nobody was asked" % name)


def hosts(nginx):
    port = nginx.origin.port
    at = "http://%%s:%d/size/1/a" % port
    refused(nginx, "/look", [
        ("file:///etc/passwd", "bad_scheme"),
        ("ftp://127.0.0.1/x", "bad_scheme"),
        ("gopher://127.0.0.1:%d/_GET" % port, "bad_scheme"),
        ("dict://127.0.0.1:%d/" % port, "bad_scheme"),
        ("javascript:alert(1)", "bad_scheme"),
        ("//127.0.0.1/x", "bad_url"), ("/etc/passwd", "bad_url"),
        ("http:/127.0.0.1/", "bad_url"), ("http:127.0.0.1", "bad_url"),
        ("http://", "bad_url"), ("http:///x", "bad_url"),
        (" " + at % "127.0.0.1", "bad_url"),
        (at % "127.0.0.1" + " x", "bad_url"),
        (at % "127.0.0.1" + "\r\nX: y", "bad_url"),
        (at % "127.0.0.1" + "%zz", "bad_url"),
        (at % "127.0.0.1" + "\\x", "bad_url"),
        (at % "u:p@127.0.0.1", "userinfo"), (at % "@127.0.0.1", "userinfo"),
        (at % "127.0.0.1@10.0.0.1", "userinfo"),
        (at % "10.0.0.1\\@127.0.0.1", "bad_url"),
        ("http://127.0.0.1:%d#@10.0.0.1/" % 0, "bad_url"),
        ("http://127.0.0.1:99999/", "bad_url"),
        ("http://127.0.0.1:/", "bad_url"), ("http://127.0.0.1:8x/", "bad_url"),
        (at % "127.1", "bad_url"), (at % "2130706433", "bad_url"),
        (at % "0x7f000001", "bad_url"), (at % "0177.0.0.1", "bad_url"),
        (at % "127.0.0.01", "bad_url"), (at % "0x7f.0.0.1", "bad_url"),
        (at % "127.0.0.1.", "bad_url"), (at % "127。0。0。1", "bad_url"),
        (at % "①②⑦.0.0.1", "bad_url"), (at % "%31%32%37.0.0.1", "bad_url"),
        (at % "loc%61lhost", "bad_url"), (at % "ｌocalhost", "bad_url"),
        (at % "[::1%25lo]", "bad_url"), (at % "[127.0.0.1]", "bad_url"),
        (at % "::1", "bad_url"), (at % "[::1", "bad_url"),
        (at % "127.0.0.2", "address_not_allowed"),
        (at % "0.0.0.0", "address_not_allowed"),
        (at % "10.0.0.1", "address_not_allowed"),
        (at % "169.254.169.254", "address_not_allowed"),
        (at % "8.8.8.8", "address_not_allowed"),
        (at % "[::]", "address_not_allowed"),
        (at % "[::ffff:10.0.0.1]", "address_not_allowed"),
        (at % "[::127.0.0.1]", "address_not_allowed"),
        (at % "[64:ff9b::7f00:1]", "address_not_allowed"),
        (at % "[fd00::1]", "address_not_allowed"),
        (at % "[fe80::1]", "address_not_allowed"),
        (at % "[2002:7f00:1::]", "address_not_allowed"),
        (at % "example.com", "host_not_allowed"),
        (at % "evillocalhost", "host_not_allowed"),
        (at % "localhost.example.com", "host_not_allowed"),
        (at % "files.example.com.evil.net", "host_not_allowed"),
        (at % "a.files.example.com", "host_not_allowed"),
        (at % "example.org", "host_not_allowed"),
        ("http://" + "a" * 64 + ".localhost/", "bad_url"),
        ("http://localhost/" + "a" * 9000, "bad_url"),
    ], "not allowed")
    refused(nginx, "/none", [(at % "127.0.0.1", "address_not_allowed"),
                             (at % "localhost", "host_not_allowed")], "off")
    refused(nginx, "/names", [
        (at % "localhost", "address_not_allowed"),
        (at % "LOCALHOST.", "address_not_allowed"),
        (at % "127.0.0.1", "address_not_allowed")],
        "a name that leads to a private address")
    refused(nginx, "/port", [
        ("http://localhost:%d/" % (port + 1), "host_not_allowed")],
        "another port")
    refused(nginx, "/address_port", [
        ("http://127.0.0.1:%d/" % (port + 1), "address_not_allowed"),
        ("http://127.0.0.1/", "address_not_allowed")],
        "another port of an address")
    refused(nginx, "/sub", [(at % "localhost", "host_not_allowed")],
            "only names below")

    for location, host in (
            ("/look", "127.0.0.1"), ("/look", "localhost"),
            ("/look", "LocalHost."), ("/look", "a.b.localhost"),
            ("/look", "[::ffff:127.0.0.1]"), ("/port", "localhost"),
            ("/address_port", "127.0.0.1"), ("/sub", "x.localhost")):
        reply = fetch(nginx, location, [at % host])
        Tap.ok(reply.statuses == ["ok"], "%s: %s is allowed"
               % (location, host), reply)

    ipv6(nginx)

    # connections are kept: what one location may use, another may not

    refused(nginx, "/names", [(at % "localhost", "address_not_allowed")],
            "a connection that another has opened")

    reply = fetch(nginx, "/look", [nginx.url("/echo")])
    Tap.ok(reply.statuses == ["ok"], "what was sent", reply)


def ipv6(nginx):
    """where there is any"""
    try:
        origin = Origin("::1")
    except OSError:
        return
    at = "http://%%s:%d/size/1/a" % origin.port
    for location, host, statuses in (
            ("/look", "[::1]", ["ok"]), ("/look", "[0:0:0::0:1]", ["ok"]),
            ("/none", "[::1]", ["refused"]), ("/port", "[::1]", ["refused"]),
            ("/sub", "[::1]", ["refused"])):
        reply = fetch(nginx, location, [at % host])
        Tap.ok(reply.statuses == statuses, "%s: %s: %s"
               % (location, host, statuses[0]), reply)
    origin.close()


def redirects(nginx):
    port = nginx.origin.port
    to = lambda url: nginx.url("/to?" + urllib.parse.quote(url, safe=""))
    for url in (nginx.url("/hops/5"), to("/size/10/a"),
                to(nginx.url("/size/10/a")),
                to("//127.0.0.1:%d/size/10/a" % port),
                to(nginx.url("/size/10/a", "localhost")),
                *(nginx.url("/to/%d?/size/10/a" % n)
                  for n in (301, 302, 303, 307, 308))):
        reply = fetch(nginx, "/fetch", [url], ["r"])
        Tap.ok(reply.statuses == ["ok"] and nginx.saved() ==
               {"r": data_of(10)} and reply.results[0]["url"] == url,
               "followed: %s" % url.partition("?")[2], reply)
        nginx.empty()
    for url, code in (
            (nginx.url("/hops/6"), "too_many_redirects"),
            (nginx.url("/loop"), "too_many_redirects"),
            (nginx.url("/nowhere"), "bad_url"),
            (to("file:///etc/passwd"), "bad_scheme"),
            (to("gopher://127.0.0.1:%d/" % port), "bad_scheme"),
            (to("http://127.0.0.2:%d/size/1/a" % port), "address_not_allowed"),
            (to("http://10.0.0.1/"), "address_not_allowed"),
            (to("http://[::ffff:10.0.0.1]/"), "address_not_allowed"),
            (to("//169.254.169.254/latest/"), "address_not_allowed"),
            (to("http://example.com/"), "host_not_allowed"),
            (to("http://u:p@127.0.0.1:%d/" % port), "userinfo"),
            (to("//u@127.0.0.1:%d/" % port), "userinfo"),
            (to("http://2130706433/"), "bad_url"),
            (to("/\\10.0.0.1/"), "bad_url"),
            (to("relative"), "bad_url"), (to("?x"), "bad_url")):
        nginx.origin.forget()
        reply = fetch(nginx, "/look", [url])
        Tap.ok(reply.statuses == ["refused"] and reply.codes == [code],
               "not followed: %s: %s" % (url.partition("?")[2] or url, code),
               reply)
    Tap.ok(nginx.saved() == {}, "nothing is saved of them")


def bad_servers(nginx):
    closed = free_port()
    for location, path, status, code, http_status in (
            ("/fetch", "/status/404", "failed", "http_404", 404),
            ("/fetch", "/status/500", "failed", "http_500", 500),
            ("/fetch", "/status/206", "failed", "http_206", 206),
            ("/fetch", "/status/304", "failed", "http_304", 304),
            ("/fetch", "/cuthead", "failed", "cut", 200),
            ("/fetch", "/cut/10", "failed", "cut", 200),
            ("/fetch", "/cut/1000000", "failed", "cut", 200),
            ("/unthreaded", "/cut/1000000", "failed", "cut", 200),
            ("/small", "/size/1048577", "refused", "too_large", 200),
            ("/small", "/chunked/1048577", "refused", "too_large", 200),
            ("/small", "/endless", "refused", "too_large", 200),
            ("/hasty", "/hang", "timeout", "timeout", None),
            ("/hasty", "/stall/1000", "timeout", "timeout", 200),
            ("/hasty", "/stall/1000000", "timeout", "timeout", 200),
            ("/short", "/drip", "timeout", "deadline", None),
            ("/short", "/hang", "timeout", "deadline", None),
            ("/short", "/stall/1000000", "timeout", "deadline", None)):
        begun = time.monotonic()
        reply = fetch(nginx, location, [nginx.url(path)], ["d/bad"])
        took = time.monotonic() - begun
        Tap.ok(reply.statuses == [status] and reply.codes == [code]
               and reply.results[0]["http_status"] in (http_status, None)
               and took < 30 * SLOW
               and reply.status == (504 if status == "timeout" else 502),
               "%s%s: %s, %s" % (location, path, status, code),
               (took, str(reply)))
        Tap.ok(wait_for(lambda: nginx.saved() == {}),
               "nothing of it is left", nginx.saved().keys())
    reply = fetch(nginx, "/fetch", ["http://127.0.0.1:%d/x" % closed])
    Tap.ok(reply.codes == ["connect"], "nobody listens", reply)
    reply = fetch(nginx, "/small", [nginx.url("/size/1048576/f")])
    Tap.ok(reply.statuses == ["ok"], "exactly max_size", reply)
    nginx.empty()
    reply = fetch(nginx, "/hasty", [nginx.url(path) for path in (
        "/size/10/a", "/hang?/a1", "/status/500", "/size/20/b", "/cut/5000",
        "/size/30/c")], ["a", "x", "y", "b", "z", "c"])
    Tap.ok(reply.status == 200 and reply.json["status"] == "partial"
           and reply.statuses == ["ok", "timeout", "failed", "ok", "failed",
                                  "ok"]
           and sorted(nginx.saved()) == ["a", "b", "c"],
           "the bad ones do the others no harm", reply)
    nginx.empty()
    reply = fetch(nginx, "/short", [nginx.url(path) for path in (
        "/size/10/a", "/hang")], ["a", "x"])
    Tap.ok(reply.status == 200 and reply.statuses == ["ok", "timeout"],
           "what there is at the deadline is kept", reply)
    nginx.empty()


def self_signed(folder):
    """the files of a certificate, good but for who says so, and its key"""
    files = [os.path.join(folder, name) for name in ("cert.pem", "key.pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-out", files[0], "-keyout", files[1]],
                   check=True, capture_output=True)
    return files


def certificates(nginx):
    origin = Origin(certificate=self_signed(nginx.root))
    for host in ("127.0.0.1", "localhost"):
        url = "https://%s:%d/size/10/a" % (host, origin.port)
        reply = fetch(nginx, "/fetch", [url])
        Tap.ok(reply.statuses == ["failed"] and reply.codes == ["connect"]
               and "certificate" in reply.results[0]["error"]["detail"],
               "%s: a certificate of its own making" % host, reply)
        reply = fetch(nginx, "/fetch", [nginx.url(
            "/to?" + urllib.parse.quote(url, safe=""))], ["a"])
        Tap.ok(reply.codes == ["connect"], "%s: a redirect there" % host,
               reply)
    Tap.ok(origin.paths == [] and nginx.saved() == {},
           "nothing is asked for, nothing saved")
    origin.close()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        reply = fetch(nginx, "/hasty", ["https://127.0.0.1:%d/a"
                                        % silent.getsockname()[1]])
        Tap.ok(reply.status == 504 and reply.codes == ["timeout"],
               "a handshake that nobody answers", reply)


def aborts(nginx):
    for i in range(5):
        client = post(nginx, "/fetch", {
            "urls": [nginx.url("/stall/%d?%d" % (n, i)) for n in
                     (1000, 100000, 300000, 1000000)],
            "save_as": ["a", "b", "c/d", "e"]})
        wait_for(lambda: nginx.origin.running >= 4)
        if i != 4:
            time.sleep(0.05 * i)
        else:
            Tap.ok(wait_for(lambda: len(nginx.saved()) >= 3),
                   "they are begun", nginx.saved().keys())
        Tap.ok(all(name.rpartition("/")[2].startswith(".fetch-")
                   for name in nginx.saved()),
               "what is not whole has not its name", nginx.saved().keys())
        client.close()
        Tap.ok(wait_for(lambda: nginx.saved() == {}),
               "a client that goes away: nothing is left",
               nginx.saved().keys())
        Tap.ok(wait_for(lambda: nginx.origin.running == 0),
               "the servers are left", nginx.origin.running)
    nginx.empty()


def links(nginx):
    outside = os.path.join(nginx.root, "outside")
    os.makedirs(outside, exist_ok=True)
    os.chmod(outside, 0o777)
    os.symlink(outside, os.path.join(nginx.files, "link"))
    os.symlink(os.path.join(outside, "target"),
               os.path.join(nginx.files, "file"))
    os.symlink("/", os.path.join(nginx.files, "root"))
    os.makedirs(os.path.join(nginx.files, "folder/sub"))
    os.chmod(os.path.join(nginx.files, "folder"), 0o777)
    for name in ("link/x", "link/a/b", "root/tmp/x", "link", "folder",
                 "file/x"):
        reply = fetch(nginx, "/fetch", [nginx.url("/size/10")], [name])
        if name == "link":
            Tap.ok(reply.statuses == ["ok"] and not os.path.islink(
                os.path.join(nginx.files, "link")), "a link is replaced",
                reply)
            os.unlink(os.path.join(nginx.files, "link"))
        else:
            Tap.ok(reply.codes == ["file"], "%s: not saved" % name, reply)
    reply = fetch(nginx, "/fetch", [nginx.url("/size/10")], ["file"])
    Tap.ok(reply.statuses == ["ok"] and nginx.saved()["file"] == data_of(10),
           "a link to a file is replaced, not followed", reply)
    Tap.ok(os.listdir(outside) == [], "nothing is outside",
           os.listdir(outside))
    os.rmdir(outside)
    reply = fetch(nginx, "/gone", [nginx.url("/size/1000000/a")])
    Tap.ok(reply.codes == ["file"], "a folder that is not there", reply)
    reply = fetch(nginx, "/fetch", [nginx.url("/size/1"), nginx.url(
        "/size/2")], ["p", "p/q"])
    Tap.ok(sorted(reply.statuses) == ["failed", "ok"],
           "a file and a folder of the same name", reply)
    nginx.empty()


def stores(nginx):
    sizes = [0, 1, 100000, 17 * MB]
    names = ["投标/a b.bin", None, "c", "large"]
    reply = fetch(nginx, "/store", [nginx.url("/size/%d/s%d" % (n, n))
                                    for n in sizes], names)
    Tap.ok(reply.statuses == ["ok"] * 4 and [r["saved_as"] for r in
                                             reply.results]
           == ["投标/a b.bin", "s1", "c", "large"], "to a store", reply)
    Tap.ok(all(nginx.s3.get(name or "s1") == data_of(n)
               for n, name in zip(sizes, names)), "objects are there")
    answer = nginx.s3.request("HEAD", "c", whole=False)
    Tap.ok(answer.headers["Content-Type"] == "application/octet-stream",
           "of the type that was told", answer.headers)
    reply = fetch(nginx, "/store", [nginx.url("/cut/100000"), nginx.url(
        "/status/500")], ["x", "y"])
    Tap.ok(reply.codes == ["cut", "http_500"]
           and not set(nginx.s3.list()) & {"x", "y"},
           "what is cut is not stored", reply)
    reply = fetch(nginx, "/down", [nginx.url("/size/10/a")])
    Tap.ok(reply.codes == ["store"] and reply.status == 502
           and "testing" not in json.dumps(reply.json), "a store that is down",
           reply)
    nginx.s3.empty()
    client = post(nginx, "/store", {"urls": [nginx.url(
        "/size/%d/ab%d" % (40 * MB, i)) for i in range(2)]})
    time.sleep(0.4)
    client.close()
    Tap.ok(wait_for(lambda: nginx.origin.running == 0)
           and nginx.s3.list() in ([], ["ab0"], ["ab1"], ["ab0", "ab1"]),
           "an abort")
    nginx.s3.empty()


def configuration(nginx):
    for line, allow, said in (
            ("review_fetch;", "", 'no "review_fetch_allow" is set'),
            ("review_fetch path=/x store=y;", "review_fetch_allow off;",
             "not in both"),
            ("review_fetch store=y;", "review_fetch_allow off;",
             'no "review_store" defines'),
            ("review_fetch calls=0;", "", "calls=0"),
            ("review_fetch max_size=0;", "", "max_size=0"),
            ("review_fetch nonsense;", "", "nonsense"),
            ("review_fetch;", "review_fetch_allow 10.0.0.0/33;",
             "neither a name"),
            ("review_fetch;", "review_fetch_allow http://x/;",
             "neither a name"),
            ("review_fetch;", "review_fetch_allow *;", "neither a name"),
            ("review_fetch;", "review_fetch_allow off a;", 'or is "off"'),
            ("review_fetch;", "review_fetch_allow a; review_fetch_allow off;",
             'or is "off"'),
            ("review_fetch;", "review_fetch_allow x:0;", "neither a name")):
        path = os.path.join(nginx.dir, "bad.conf")
        with open(path, "w") as f:
            f.write("%s pid %s/bad.pid; events {} http { server { "
                    "location = /f { %s %s } } }" % (
                        nginx.settings["load"], nginx.dir, line, allow))
        binary = os.environ.get("TEST_NGINX_BINARY") or "/usr/sbin/nginx"
        done = subprocess.run([binary, "-t", "-p", nginx.dir, "-c", path],
                              capture_output=True, text=True, env=dict(
                                  os.environ, ASAN_OPTIONS="detect_leaks=0"))
        Tap.ok(done.returncode != 0 and said in done.stderr,
               "nginx -t: %s %s" % (line, allow), done.stderr)


def dead_addresses(nginx):
    """a name of two: at the one nobody answers, at the other all is well"""
    try:
        origin = Origin("::1")
    except OSError:
        return
    with socket.create_server(("127.0.0.1", origin.port), backlog=0) as dead:
        clients = [socket.socket() for _ in range(4)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(dead.getsockname())
        urls = ["http://localhost:%d/size/%d" % (origin.port, i)
                for i in range(8)]
        reply = fetch(nginx, "/fetch", urls)
        for client in clients:
            client.close()
    origin.close()
    Tap.ok(reply.statuses == ["ok"] * 8, "a dead address: the other is taken",
           reply)
    nginx.empty()


def reloads(nginx):
    client = post(nginx, "/fetch", {"urls": [nginx.url("/slow/3000000")],
                                    "save_as": ["r"]})
    wait_for(lambda: nginx.origin.running)
    old = set(nginx.workers())
    nginx.reload()
    response = client.getresponse()
    reply = Reply(response.status, response.read())
    client.close()
    Tap.ok(reply.statuses == ["ok"] and nginx.saved() ==
           {"r": data_of(3000000)}, "a reload loses no download", reply)
    Tap.ok(wait_for(lambda: not old & set(nginx.workers())),
           "the old worker ends")
    nginx.empty()


PROOFS = (saves, many, memory, bad_requests, hosts, redirects, bad_servers,
          certificates, aborts, dead_addresses, links, stores, configuration,
          reloads)


def main():
    wanted = [p for p in PROOFS
              if len(sys.argv) < 2 or p.__name__ in sys.argv[1:]]
    store = Swift() if stores in wanted else None
    origin = Origin()
    try:
        nginx = Nginx(origin, store)
        try:
            for prove in wanted:
                prove(nginx)
        finally:
            log = nginx.error_log()
            bad = nginx.close()
            Tap.ok(not bad and "exited on signal" not in log
                   and "open socket" not in log,
                   "nothing alarming is in the error log", "\n".join(bad))
    finally:
        origin.close()
        if store:
            store.close()
    Tap.end()


if __name__ == "__main__":
    main()
