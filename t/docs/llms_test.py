#!/usr/bin/python3
"""
Proves each configuration of docs/llms.md: nginx takes it, without a warning,
and a real review goes through it to a stand-in that is asked at the service's
path and under its name, with the key, over TLS that checks the name where it is
a service; which refuses what the service refuses, and would refuse the call
without the lines that the page has for it. Connections are kept. Of a service
behind one's own, each is asked with what is its own, and the service only where
the other fails.
"""

import asyncio
import http.server
import json
import os
import re
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import ROOT, Harness, Tap, exchange, free_port

PAGE = open(os.path.join(ROOT, "docs", "llms.md")).read()


# what servers refuse, of the members of a body: None, or why

def takes(*known):
    """whoever refuses all that is not known"""
    known = {"model", "messages", "temperature", "stream", "stream_options",
             "max_tokens", "response_format", *known}
    def refuses(body):
        for member in body:
            if member not in known:
                return "Unrecognized request argument supplied: " + member
    return refuses


def without(*members):
    def refuses(body):
        for member in members:
            if member in body:
                return "Unknown parameter: '%s'." % member
    return refuses


def needs(member, value):
    """where it must be as the page has it, lest something is lost unsaid"""
    def refuses(body):
        if body.get(member) != value:
            return "%s is %r" % (member, body.get(member))
    return refuses


def no_schema(body):
    form = body.get("response_format", {"type": "text"})
    if form["type"] == "json_schema":
        return "This response_format type is unavailable now"
    if "json" not in json.dumps(body["messages"]).lower():
        return "Prompt must contain the word 'json'"


def one_temperature(body):
    if body.get("temperature", 1) != 1:
        return "invalid temperature: only 1 is allowed for this model"


def gpt_5(body):
    if "max_tokens" in body:
        return ("Unsupported parameter: 'max_tokens' is not supported with "
                "this model. Use 'max_completion_tokens' instead.")
    if body.get("temperature", 1) != 1:
        return ("Unsupported value: 'temperature' does not support 0 with "
                "this model. Only the default (1) value is supported.")


NO_THINKING = needs("chat_template_kwargs", {"enable_thinking": False})
DISABLED = needs("thinking", {"type": "disabled"})

# the path, how an answer is bounded, what is refused, and the lines of the page
# without which it would be

SERVICES = {
    "vLLM": ("/v1/chat/completions", "max_tokens",
             [takes("chat_template_kwargs"), NO_THINKING],
             ["chat_template_kwargs"]),
    "SGLang": ("/v1/chat/completions", "max_tokens",
               [takes("chat_template_kwargs"), NO_THINKING],
               ["chat_template_kwargs"]),
    "LMDeploy": ("/v1/chat/completions", "max_tokens", [takes()], []),
    "Xinference": ("/v1/chat/completions", "max_tokens",
                   [takes("chat_template_kwargs"), NO_THINKING,
                    without("response_format")], ["chat_template_kwargs"]),
    "llama.cpp": ("/v1/chat/completions", "max_tokens",
                  [takes("chat_template_kwargs"), NO_THINKING],
                  ["chat_template_kwargs"]),
    "Ollama": ("/v1/chat/completions", "max_tokens",
               [takes("reasoning_effort"), needs("reasoning_effort", "none")],
               ["reasoning_effort"]),
    "DeepSeek": ("/chat/completions", "max_tokens", [takes(), no_schema], []),
    "DashScope": ("/compatible-mode/v1/chat/completions", "max_tokens",
                  [takes("enable_thinking"), no_schema,
                   needs("enable_thinking", False)], ["enable_thinking"]),
    "GLM": ("/api/paas/v4/chat/completions", "max_tokens",
            [takes("thinking"), no_schema, without("stream_options"),
             DISABLED], ["stream_options", "thinking"]),
    "Kimi": ("/v1/chat/completions", "max_tokens",
             [takes("thinking"), one_temperature, DISABLED],
             ["temperature", "thinking"]),
    "OpenAI": ("/v1/chat/completions", "max_completion_tokens",
               [takes("max_completion_tokens", "reasoning_effort"), gpt_5],
               ["temperature", "tokens=max_completion_tokens"]),
    "OpenRouter": ("/api/v1/chat/completions", "max_tokens",
                   [takes("transforms", "provider"), needs("transforms", []),
                    needs("provider", {"require_parameters": True})],
                   ["transforms", "provider"]),
    "One-API": ("/v1/chat/completions", "max_tokens",
                [takes(), no_schema, without("stream_options")],
                ["stream_options"]),
}


# a section that has two of them

BEHIND = "A service behind one's own"


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    name = None                     # of the service that is played
    down = None                     # of one that has failed
    seen = []

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append({
            "path": self.path, "host": self.headers["Host"], "body": body,
            "key": self.headers["Authorization"],
            "connection": self.client_address,
            "name": getattr(self.connection, "asked", None)})
        name = self.name or TITLES[self.headers["Host"]]
        if name == self.down:
            return self.say(400, "application/json", "{}")
        reasons = [r for r in (refuses(body) for refuses
                               in SERVICES[name][2]) if r]
        if reasons:
            self.say(400, "application/json", json.dumps({"error": {
                "message": reasons[0], "type": "invalid_request_error"}}))
        else:
            self.answer(body)

    def answer(self, body):
        said = '{"reason": "r", "quote": "abc", "verdict": "pass"}'
        head = {"model": body["model"], "id": "x"}
        if not body.get("stream"):
            return self.say(200, "application/json", json.dumps(dict(
                head, choices=[{"index": 0, "finish_reason": "stop",
                                "message": {"content": said}}])))
        events = [dict(head, choices=[{"index": 0,
                                       "delta": {"content": said}}]),
                  dict(head, choices=[{"index": 0, "delta": {},
                                       "finish_reason": "stop"}],
                       usage={"prompt_tokens": 900, "completion_tokens": 9})]
        self.say(200, "text/event-stream", "".join(
            "data: %s\n\n" % json.dumps(e) for e in events)
            + "data: [DONE]\n\n")

    def say(self, status, kind, text):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass                        # nginx has closed a connection


def serve(certificate=None):
    port = free_port()
    server = Server(("127.0.0.1", port), Service)
    if certificate:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*certificate)
        def asked(connection, name, context):
            connection.asked = name
        tls.sni_callback = asked
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, port


def blocks(title):
    section = re.search(r"^## %s\n(.*?)(?=^## |\Z)" % re.escape(title), PAGE,
                        re.M | re.S)
    return re.findall(r"^```nginx\n(.*?)^```$", section.group(1), re.M | re.S)


def names(conf):
    return re.findall(r"^upstream (\S+) \{", conf, re.M)


TITLES = {names(blocks(title)[0])[0]: title for title in SERVICES}


class Configured(Harness):
    """the page's own, but that hosts are here, and there are endpoints"""

    def start_llm(self, record):
        cert = os.path.join(self.dir, "cert.pem")
        key = os.path.join(self.dir, "key.pem")
        hosts = [n for name in SERVICES for n in names(blocks(name)[0])
                 if "." in n]
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-keyout", key, "-out", cert, "-days", "30", "-subj", "/CN=test",
             "-addext", "subjectAltName=" + ",".join("DNS:" + h
                                                     for h in hosts)],
            check=True, stderr=subprocess.DEVNULL)
        self.cert = cert
        self.plain, self.plain_port = serve()
        self.tls, self.tls_port = serve((cert, key))
        os.mkdir(os.path.join(self.dir, "keys"))
        super().start_llm(record)

    def of(self, conf):
        """a server of the page, as one of ours"""
        for name in re.findall(r"key_file=keys/(\S+?)[;\s]", conf):
            with open(os.path.join(self.dir, "keys", name), "w") as f:
                f.write("key-of-" + name)
        conf = re.sub(r"(?m)^(    server +)\S+:443;",
                      r"\g<1>127.0.0.1:%d;" % self.tls_port, conf)
        conf = re.sub(r"(?m)^(    server +)(?!127\.0\.0\.1:%d;)\S+;"
                      % self.tls_port,
                      r"\g<1>127.0.0.1:%d;" % self.plain_port, conf)
        self.service_port = free_port()
        return conf.replace(
            "server {\n", "server {\n    listen 127.0.0.1:%d;\n"
            "    location = /v1/review { review; }\n" % self.service_port)

    def use(self, conf):
        common = blocks("For all of them")[0].replace(
            "/etc/ssl/certs/ca-certificates.crt", self.cert)
        self.configure(http="review_llm /llm;\n" + common + self.of(conf))
        said = [line for line in tested(self) if "[warn]" not in line]
        if said:
            raise SystemExit("\n".join(said))
        self.renew()


def ask(port):
    del Service.seen[:]
    data = json.dumps({"chunk": "abc", "points": [
        {"id": str(i), "question": "Is it abc?", "data": {
            "type": "object", "title": "t"}} for i in range(3)]}).encode()
    _, reply = asyncio.run(exchange(port, (
        "POST /v1/review HTTP/1.1\r\nHost: t\r\nConnection: close\r\n"
        "Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
        % len(data)).encode() + data))
    return json.loads(reply), Service.seen[:]


def tested(h):
    done = subprocess.run(
        [os.environ.get("TEST_NGINX_BINARY") or "/usr/sbin/nginx", "-t", "-p",
         h.dir, "-c", h.conf], capture_output=True, text=True,
        env=dict(os.environ, ASAN_OPTIONS="detect_leaks=0"))
    return [line for line in done.stderr.splitlines() if "[" in line]


def check(h, title):
    path, bound, _, lines = SERVICES[title]
    (conf,) = blocks(title)
    (host,) = names(conf)
    Service.name = title

    h.use(conf)
    Tap.ok(tested(h) == [], "%s: nginx takes it" % title, tested(h))

    reply, seen = ask(h.service_port)
    Tap.ok([r["status"] for r in reply["results"]] == ["ok"] * 3
           and len(seen) == 3, "and a review goes through it", reply)
    Tap.ok({(s["path"], s["host"]) for s in seen} == {(path, host)},
           "to its path and host", seen)
    key = re.search(r"key_file=keys/(\S+?)[;\s]", conf)
    Tap.ok({s["key"] for s in seen}
           == {"Bearer key-of-" + key.group(1) if key else None},
           "with its key", [s["key"] for s in seen])
    Tap.ok({s["name"] for s in seen} == {host if ":443" in conf else None},
           "by its name in TLS", [s["name"] for s in seen])
    Tap.ok(not [s for s in seen if s["body"].get(bound, 0) < 2000],
           "its answers are bounded", [s["body"].get(bound) for s in seen])
    Tap.ok({s["body"]["model"] for s in seen}
           == {re.search(r"model=([^\s;]+)", conf).group(1)}, "its model")

    _, again = ask(h.service_port)
    Tap.ok({s["connection"] for s in again} <= {s["connection"] for s in seen},
           "connections are kept", again)

    for line in lines:
        less = re.sub(r"(?m)^ *review_llm_param %s .*\n" % re.escape(line), "",
                      conf).replace(" " + line, "", 1)
        Tap.ok(less != conf, "there is a line of " + line)
        h.use(less)
        reply, _ = ask(h.service_port)
        Tap.ok({r.get("error", {}).get("code") for r in reply["results"]}
               == {"http_400"}, "which it needs", reply)


def check_dropped(h):
    """what the page says of Authorization alone, and of both together"""
    (conf,) = blocks("vLLM")
    Service.name = "vLLM"
    both = blocks("For all of them")[1].replace("...", "k")
    for lines, kept in ((both.splitlines(True)[1], False), (both, True)):
        h.use(conf.replace("internal;", "internal;\n" + lines))
        _, first = ask(h.service_port)
        _, again = ask(h.service_port)
        Tap.ok({s["key"] for s in first + again} == {"Bearer k"},
               "a location's own key", first)
        Tap.ok(({s["connection"] for s in again}
                <= {s["connection"] for s in first}) == kept,
               "connections are%s kept" % ("" if kept else " not"), again)


def check_behind(h):
    (conf,) = blocks(BEHIND)
    Service.name = None
    h.use(conf)
    Tap.ok(tested(h) == [], "%s: nginx takes it" % BEHIND, tested(h))

    for down, hosts, key in ((None, ["vllm"], {None}),
                             ("vLLM", ["vllm", "api.deepseek.com"],
                              {"Bearer key-of-deepseek"})):
        Service.down = down
        reply, seen = ask(h.service_port)
        Tap.ok([r["status"] for r in reply["results"]] == ["ok"] * 3
               and sorted(s["host"] for s in seen) == sorted(hosts * 3),
               "who is asked", [reply, seen])
        Tap.ok({s["key"] for s in seen if s["host"] == hosts[-1]} == key,
               "with its key", seen)
        Tap.ok({(r["llm"], r["model"]) for r in reply["results"]}
               == {("deepseek", "deepseek-chat") if down
                   else ("vllm", "Qwen/Qwen3-32B")}, "who has answered", reply)

    bounds = {(s["host"], s["body"]["max_tokens"]) for s in seen}
    Tap.ok(bounds == {("vllm", 2000), ("api.deepseek.com", 4000)},
           "each has its bound", bounds)
    Service.down = None


def main():
    titles = re.findall(r"^## (.*)", PAGE, re.M)
    Tap.ok(set(titles[1:-1]) == {*SERVICES, BEHIND},
           "all of the page's are tried", titles)

    h = Configured()
    for title in SERVICES:
        check(h, title)
    check_dropped(h)
    check_behind(h)

    bad = h.close()
    h.plain.shutdown()
    h.tls.shutdown()
    Tap.ok(not bad, "no alerts", "\n".join(bad))
    Tap.end()


main()
