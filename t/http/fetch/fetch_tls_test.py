#!/usr/bin/python3
"""
Proves that handshakes of TLS that fail in libcurl leave nothing behind for
nginx, which shares OpenSSL's queue of errors with it: the worker's next TLS
connections, with clients and with backends, are made without a word.
"""

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
import threading

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
from harness import Harness, Tap, free_port
from origin import Origin

HTTP = """
    review_llm /llm model=stand-in;
    review_fetch_allow 127.0.0.0/8;
    ssl_certificate %(cert)s;
    ssl_certificate_key %(key)s;
    proxy_ssl_session_reuse off;
"""
SERVER = """
        listen 127.0.0.1:%(tls)d ssl;
        location = /fetch { review_fetch path=%(dir)s; }
        location = /hello { return 200 hello; }
        location = /proxied { proxy_pass https://127.0.0.1:%(tls)d/hello; }
"""


def self_signed(folder):
    """the files of a certificate, good but for who says so, and its key"""
    files = [os.path.join(folder, name) for name in ("cert.pem", "key.pem")]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                    "-days", "2", "-subj", "/CN=localhost", "-addext",
                    "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-out", files[0], "-keyout", files[1]],
                   check=True, capture_output=True)
    return files


def talker(said):
    """a server that says the same to everybody, whatever it is asked"""
    listener = socket.create_server(("127.0.0.1", free_port()))

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                client.recv(4096)
                client.sendall(said)
    threading.Thread(target=serve, daemon=True).start()
    return listener


def fetch(nginx, url):
    client = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=60)
    client.request("POST", "/fetch", json.dumps({"urls": [url]}),
                   {"Content-Type": "application/json"})
    return json.loads(client.getresponse().read())["results"][0]


def hello(nginx, tls):
    """by TLS to nginx, and from nginx by TLS to itself"""
    trust = ssl._create_unverified_context()
    client = http.client.HTTPSConnection("127.0.0.1", tls, context=trust,
                                         timeout=60)
    client.request("GET", "/hello")
    direct = client.getresponse().read()
    client = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=60)
    client.request("GET", "/proxied")
    return direct, client.getresponse().read()


def main():
    tls = free_port()
    nginx = Harness()
    cert, key = self_signed(nginx.dir)
    nginx.renew(http=HTTP % {"cert": cert, "key": key},
                server=SERVER % {"tls": tls, "dir": nginx.dir})
    stranger = Origin(certificate=(cert, key))
    servers = {
        "a certificate of its own making":
            "https://127.0.0.1:%d/size/10/a" % stranger.port,
    }
    talkers = {"no TLS at all": b"HTTP/1.1 200 OK\r\n\r\n",
               "an alert": b"\x15\x03\x01\x00\x02\x02\x28",
               "nothing": b""}
    listeners = []
    for name, said in talkers.items():
        listeners.append(talker(said))
        servers[name] = "https://127.0.0.1:%d/a" \
            % listeners[-1].getsockname()[1]
    for name, url in servers.items():
        for _ in range(2):
            result = fetch(nginx, url)
            Tap.ok(result["status"] == "failed", "%s: it fails" % name, result)
            Tap.ok(hello(nginx, tls) == (b"hello", b"hello"),
                   "%s: nginx's own connections are made" % name)
    stranger.close()
    for listener in listeners:
        listener.close()
    bad = nginx.close()
    Tap.ok(not bad, "and nobody is blamed for it", "\n".join(bad))


if __name__ == "__main__":
    main()
    Tap.end()
