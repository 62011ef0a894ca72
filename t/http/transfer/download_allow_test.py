#!/usr/bin/python3
"""
Proves that the entries of review_fetch_allow allow what they say and nothing
else, names, addresses and networks, with and without a port; and that what is
no entry is refused when nginx starts.
"""

import http.client
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, SLOW, Tap, free_port

# an entry, a host and port, allowed?  All names lead to 127.0.0.1, which is in
# no list but its own, and nobody listens: nothing leaves the machine.  A name
# that is allowed is thereby told from one that is not by the refusal

NAMES = [
    ("a.localhost", "a.localhost", 80, True),
    ("A.localhost.", "a.localhost", 1, True),
    ("a.localhost", "A.LocalHost.", 80, True),
    ("a.localhost", "x.a.localhost", 80, False),
    ("a.localhost", "xa.localhost", 80, False),
    ("a.localhost", "a.localhost.c", 80, False),
    ("a.localhost", "localhost", 80, False),
    ("*.a.localhost", "x.a.localhost", 80, True),
    ("*.a.localhost", "y.x.a.localhost", 80, True),
    ("*.a.localhost", "a.localhost", 80, False),
    ("*.a.localhost", "xa.localhost", 80, False),
    ("a.localhost:8080", "a.localhost", 8080, True),
    ("a.localhost:8080", "a.localhost", 80, False),
    ("*.localhost:1", "a.localhost", 1, True),
    ("*.localhost:1", "a.localhost", 2, False),
    ("10.0.0.0/8", "a.localhost", 80, False),
    ("fd00::/8", "a.localhost", 80, False),
]

# the ports below are free ones

NETWORKS = [
    ("127.0.0.1", "127.0.0.1", 0, True),
    ("127.0.0.1", "127.0.0.2", 0, False),
    ("127.0.0.0/8", "127.255.1.2", 0, True),
    ("127.9.9.9/8", "127.1.1.1", 0, True),
    ("10.0.0.0/8", "11.0.0.0", 0, False),
    ("10.0.0.0/8", "127.0.0.1", 0, False),
    ("127.0.0.0/9", "127.127.0.1", 0, True),
    ("127.0.0.0/9", "127.128.0.1", 0, False),
    ("0.0.0.0/0", "127.3.2.1", 0, True), ("0.0.0.0/0", "[::1]", 0, False),
    ("::/0", "[::1]", 0, True), ("::/0", "127.0.0.1", 0, False),
    ("::/0", "[::ffff:127.0.0.1]", 0, False),
    ("127.0.0.1", "[::ffff:127.0.0.1]", 0, True),
    ("127.0.0.1", "[::127.0.0.1]", 0, False),
    ("127.0.0.1", "[64:ff9b::127.0.0.1]", 0, False),
    ("::ffff:127.0.0.0/104", "127.1.1.1", 0, True),
    ("::ffff:127.0.0.0/104", "126.1.1.1", 0, False),
    ("::ffff:127.0.0.1", "[::ffff:127.0.0.1]", 0, True),
    ("fd00::/8", "[fe00::1]", 0, False), ("::/1", "[fd00::1]", 0, False),
    ("::1/128", "[::1]", 0, True), ("[::1]", "[::1]", 0, True),
    ("::/127", "[::1]", 0, True), ("::/128", "[::1]", 0, False),
    ("[::1]:%(0)d", "[::1]", 0, True), ("[::1]:%(0)d", "[::1]", 1, False),
    ("[127.0.0.0/8]:%(0)d", "127.0.0.1", 0, True),
    ("127.0.0.1:%(0)d", "127.0.0.1", 0, True),
    ("127.0.0.1:%(0)d", "127.0.0.1", 1, False),
    ("127.0.0.0/8:%(1)d", "127.0.0.1", 1, True),
    ("127.0.0.0/8:%(1)d", "127.0.0.1", 0, False),
    ("a.b", "127.0.0.1", 0, False),
]

NO_ENTRIES = [
    "''", "*", "*.", "**.a", "a.*", "10.0.0.0/33", "10.0.0.0/", "::/129",
    "10.0.0.0/-1", "10.0.0/8", "a/8", "a:", "a:0", "a:65536", "a:x", "a:1:2",
    "[::1", "[::1]x", "[::1]:", "http://a", "'a b'", "10.1", "1", "[]", ":1",
    "0x7f000001", "127.1:80", "*.1"]


def fetch(nginx, path, url):
    client = http.client.HTTPConnection("127.0.0.1", nginx.port,
                                        timeout=60 * SLOW)
    client.request("POST", path, json.dumps({"urls": [url]}),
                   {"Content-Type": "application/json"})
    result = json.loads(client.getresponse().read())["results"][0]
    client.close()
    return result.get("error", {}).get("code")


def allows(cases, refusal):
    server = "".join("location = /%d { review_fetch; review_fetch_allow %s; }\n"
                     % (i, case[0]) for i, case in enumerate(cases))
    nginx = Harness(http="review_llm /llm model=stand-in;", server=server,
                    record=False)
    try:
        for i, (entry, host, port, allowed) in enumerate(cases):
            code = fetch(nginx, "/%d" % i, "http://%s:%d/x" % (host, port))
            Tap.ok((code != refusal) == allowed
                   and code in (refusal, "connect", "address_not_allowed"),
                   "%s: %s, port %d is %s" % (entry, host, port, "allowed"
                                              if allowed else "refused"), code)
    finally:
        bad = nginx.close()
        Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))


def refuses(folder, load):
    path = os.path.join(folder, "bad.conf")
    binary = os.environ.get("TEST_NGINX_BINARY") or "/usr/sbin/nginx"
    for entry in NO_ENTRIES:
        with open(path, "w", encoding="utf-8") as f:
            f.write("%s pid %s/bad.pid; events {} http { review_fetch_allow "
                    "%s; }" % (load, folder, entry))
        done = subprocess.run([binary, "-t", "-p", folder, "-c", path],
                              capture_output=True, text=True, env=dict(
                                  os.environ, ASAN_OPTIONS="detect_leaks=0"))
        Tap.ok(done.returncode != 0 and "is neither a name" in done.stderr,
               "%s is no entry" % entry, done.stderr)


def main():
    allows(NAMES, "host_not_allowed")
    ports = [free_port(), free_port()]
    numbers = {str(i): port for i, port in enumerate(ports)}
    allows([(entry % numbers, host, ports[port], allowed)
            for entry, host, port, allowed in NETWORKS],
           "address_not_allowed")
    nginx = Harness(record=False)
    try:
        refuses(nginx.dir, nginx.settings["load"])
    finally:
        nginx.close()
    Tap.end()


main()
