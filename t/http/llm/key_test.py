#!/usr/bin/python3
"""
Proves that the key in a file reaches the LLM and the embedding service as
Authorization, and nobody else: no log, no dump of the configuration, nor does a
client's own take its place; that one which the location sets itself wins; and
that a key is read anew at each reload, the old one kept where that is wrong.
"""

import asyncio
import http.server
import json
import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, Tap, exchange, free_port, wait_for

KEY = "sk-secret-0123456789"

HTTP = """
    review_llm /seen name=keyed key_file=keys/llm;
"""

SERVER = """
        location /seen { internal; proxy_pass http://127.0.0.1:%(seen)d/chat; }
        location /own {
            internal;
            proxy_pass http://127.0.0.1:%(seen)d/own;
            proxy_set_header Authorization "Bearer own";
        }
        location /embeddings {
            internal;
            proxy_pass http://127.0.0.1:%(seen)d/embeddings;
        }
        location /own-embeddings {
            internal;
            proxy_pass http://127.0.0.1:%(seen)d/embeddings;
            proxy_set_header Authorization "Bearer own";
        }
        location = /own-review {
            review_llm /own key_file=keys/llm;
            review;
        }
        location = /none-review { review_llm /seen; review; }
        location = /embed {
            review_embeddings /embeddings key_file=keys/embed;
            review_embed;
        }
        location = /own-embed {
            review_embeddings /own-embeddings key_file=keys/embed;
            review_embed;
        }
"""

ANSWER = {"model": "m", "choices": [{
    "index": 0, "finish_reason": "stop", "message": {
        "role": "assistant",
        "content": '{"verdict": "pass", "reason": "r"}'}}]}
VECTORS = {"model": "e", "data": [{"index": 0, "embedding": [0.5, 0.25]}]}


class Service(http.server.BaseHTTPRequestHandler):
    seen = []

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers.get_all("Authorization")))
        body = json.dumps(VECTORS if "embed" in self.path else ANSWER).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def ask(h, path, body):
    """the status, and what the service has seen of it"""
    del Service.seen[:]
    data = json.dumps(body).encode()
    status, _ = asyncio.run(exchange(h.port, (
        "POST %s HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
        "Authorization: Bearer client\r\nContent-Type: application/json\r\n"
        "Content-Length: %d\r\n\r\n" % (path, len(data))).encode() + data))
    return status, Service.seen[:]


def put(h, name, text, mode=0o600):
    folder = os.path.join(h, "keys")
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, name)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


def nginx(h, *args):
    return subprocess.run(
        [os.environ.get("TEST_NGINX_BINARY") or "/usr/sbin/nginx", *args, "-p",
         h.dir, "-c", h.conf], capture_output=True, text=True,
        env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))


class Keyed(Harness):
    def start_llm(self, record):
        put(self.dir, "llm", "\n\t %s \r\n\n" % KEY)
        put(self.dir, "embed", "em-secret")
        super().start_llm(record)


def main():
    port = free_port()
    service = http.server.ThreadingHTTPServer(("127.0.0.1", port), Service)
    threading.Thread(target=service.serve_forever, daemon=True).start()

    h = Keyed(http=HTTP, server=SERVER % {"seen": port})
    asked = {"chunk": "abc", "points": [{"id": "a", "question": "q"}]}
    bearer = ["Bearer " + KEY]

    Tap.ok(ask(h, "/v1/review", asked) == (200, [("/chat", bearer)]),
           "the LLM gets the key of the file, of root's alone, and trimmed",
           Service.seen)
    Tap.ok(ask(h, "/own-review", asked) == (200, [("/own", ["Bearer own"])]),
           "the location's own wins", Service.seen)
    Tap.ok(ask(h, "/none-review", asked) == (200, [("/chat", None)]),
           "without a key there is none, and a client's own is not for the LLM",
           Service.seen)
    Tap.ok(ask(h, "/embed", {"input": ["x"]})
           == (200, [("/embeddings", ["Bearer em-secret"])]),
           "and so does the embedding service", Service.seen)
    Tap.ok(ask(h, "/own-embed", {"input": ["x"]})
           == (200, [("/embeddings", ["Bearer own"])]),
           "whose location's own wins, too", Service.seen)

    dump = nginx(h, "-T")
    Tap.ok(dump.returncode == 0 and "key_file=keys/llm" in dump.stdout
           and "secret" not in dump.stdout + dump.stderr,
           "nginx -T does not show it", dump)

    # another key, then a file that is wrong, then a good one

    put(h.dir, "llm", "sk-secret-new")
    h.renew()
    Tap.ok(ask(h, "/v1/review", asked)
           == (200, [("/chat", ["Bearer sk-secret-new"])]),
           "it is read at each reload", Service.seen)

    put(h.dir, "llm", "sk-secret wrong")
    tested = nginx(h, "-t")
    Tap.ok(tested.returncode and "secret" not in tested.stderr
           and "keys/llm\" must be one word" in tested.stderr,
           "what is wrong with a key is told without it", tested)
    h.nginx.send_signal(1)
    Tap.ok(wait_for(lambda: "must be one word" in h.error_log()),
           "a reload with a wrong key is refused")
    Tap.ok(ask(h, "/v1/review", asked)
           == (200, [("/chat", ["Bearer sk-secret-new"])]),
           "and the old key is kept", Service.seen)
    put(h.dir, "llm", KEY)

    with open(os.path.join(h.dir, "access.log")) as f:
        logs = f.read() + h.error_log()
    Tap.ok("secret" not in logs, "no log has it")

    # nginx's own debug log has all headers that are sent; ours has none

    h.renew(level="debug")
    ask(h, "/v1/review", asked)
    told = [line for line in h.error_log().splitlines() if "secret" in line]
    Tap.ok(not [line for line in told if "review" in line.split(": ", 1)[1]],
           "nor has the log for debugging, of ours", "\n".join(told))

    # it was to be refused
    bad = [line for line in h.close() if "must be one word" not in line]
    service.shutdown()
    Tap.ok(not bad, "no alerts", "\n".join(bad))
    Tap.end()


main()
