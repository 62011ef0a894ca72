"""
A web server that files are downloaded from, well-behaved or not, by path:

    /size/N[/name]      N bytes, data_of(N)
    /chunked/N          the same, of a length that isn't told
    /endless            bytes until somebody has enough
    /status/N           that status
    /late404            404, in a moment
    /to?URL             a redirect there, percent-decoded; /to/N?URL: status N
    /loop               a redirect to itself
    /hops/N             N redirects in a row, then 10 bytes
    /nowhere            a redirect without a Location
    /cut/N              N bytes of twice as many
    /cuthead            half of a header
    /hang, /stall/N     nothing is said; N bytes, then nothing
    /drip               a byte each 0.2 s
    /slow/N             N bytes in about a second
    /echo               what was asked for, as JSON: path and headers
    /file/NAME          (content, type) of that name in Origin.files; no type if
                        it is None; ?chunked and ?slow as above, ?cut and
                        ?stall after half of it

With TLS, where it is given a certificate.
"""

import http.server
import json
import random
import socket
import ssl
import threading
import time
import urllib.parse


def data_of(size):
    return random.Random(size).randbytes(size)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        with server.lock:
            server.paths.append(self.path)
            server.running += 1
            server.most = max(server.most, server.running)
        try:
            path, _, query = self.path.partition("?")
            words = path.split("/")[1:]
            getattr(self, "on_" + words[0], self.on_missing)(
                words[1] if len(words) > 1 else "", query)
        except OSError:
            self.close_connection = True
        finally:
            with server.lock:
                server.running -= 1

    def begin(self, status, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def whole(self, status, body, **headers):
        self.begin(status, Content_Length=len(body), **headers)
        self.wfile.write(body)

    def wait(self, seconds=60):
        """or until the client has gone"""
        self.close_connection = True
        self.connection.settimeout(seconds)
        self.connection.recv(1)

    def on_missing(self, *_):
        self.whole(404, b"there is nothing of that name")

    def on_size(self, n, _):
        self.whole(200, data_of(int(n)),
                   Content_Type="application/octet-stream")

    def on_chunked(self, n, _):
        self.begin(200, Transfer_Encoding="chunked")
        data = data_of(int(n))
        for i in range(0, len(data), 50000):
            piece = data[i:i + 50000]
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def on_endless(self, *_):
        self.close_connection = True
        self.begin(200)
        while True:
            self.wfile.write(bytes(65536))

    def on_status(self, n, _):
        if n in ("204", "304"):
            self.begin(int(n))
        else:
            self.whole(int(n), b"status " + n.encode())

    def on_late404(self, *_):
        time.sleep(0.3)
        self.on_missing()

    def on_to(self, status, query):
        self.whole(int(status or 302), b"elsewhere" * 1000,
                   Location=urllib.parse.unquote(query))

    def on_loop(self, *_):
        self.whole(301, b"", Location=self.path)

    def on_hops(self, n, _):
        if int(n):
            self.whole(302, b"", Location="/hops/%d" % (int(n) - 1))
        else:
            self.whole(200, data_of(10))

    def on_nowhere(self, *_):
        self.whole(302, b"")

    def on_cut(self, n, _):
        self.close_connection = True
        self.begin(200, Content_Length=2 * int(n))
        self.wfile.write(data_of(int(n)))

    def on_cuthead(self, *_):
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nServer: x\r\nETa")

    def on_hang(self, *_):
        self.wait()

    def on_stall(self, n, _):
        self.begin(200, Content_Length=2 * int(n))
        self.wfile.write(data_of(int(n)))
        self.wait()

    def on_drip(self, *_):
        self.begin(200, Content_Length=1000000)
        while True:
            self.wfile.write(b"x")
            time.sleep(0.2)

    def on_slow(self, n, _):
        data = data_of(int(n))
        self.begin(200, Content_Length=len(data))
        step = len(data) // 10 + 1
        for i in range(0, len(data), step):
            time.sleep(0.1)
            self.wfile.write(data[i:i + step])

    def on_file(self, name, how):
        data, kind = self.server.files[urllib.parse.unquote(name)]
        headers = {"Content_Type": kind} if kind else {}
        if how == "chunked":
            self.begin(200, Transfer_Encoding="chunked", **headers)
            self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data))
            return
        self.begin(200, Content_Length=len(data), **headers)
        if how == "slow":
            step = len(data) // 10 + 1
            for i in range(0, len(data), step):
                time.sleep(0.1)
                self.wfile.write(data[i:i + step])
        elif how in ("cut", "stall"):
            self.close_connection = True
            self.wfile.write(data[:len(data) // 2])
            if how == "stall":
                self.wait()
        else:
            self.wfile.write(data)

    def on_echo(self, *_):
        self.whole(200, json.dumps({"path": self.path, "headers": dict(
            self.headers)}).encode(), Content_Type="application/json")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_):
        pass


class Server6(Server):
    address_family = socket.AF_INET6


class Origin:
    """one server; port 0: a free one; files of a certificate and its key"""

    def __init__(self, host="127.0.0.1", port=0, certificate=None):
        self.server = (Server6 if ":" in host else Server)((host, port),
                                                           Handler)
        if certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(*certificate)
            # a handshake is the thread's that the connection is given to
            self.server.socket = tls.wrap_socket(
                self.server.socket, server_side=True,
                do_handshake_on_connect=False)
        self.port = self.server.server_address[1]
        self.server.lock = threading.Lock()
        self.server.paths = []
        self.server.files = self.files = {}
        self.server.running = self.server.most = 0
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    @property
    def paths(self):
        """all that was asked for since the last time"""
        with self.server.lock:
            paths, self.server.paths = self.server.paths, []
            return paths

    @property
    def running(self):
        return self.server.running

    @property
    def most(self):
        """requests at a time since the last time"""
        with self.server.lock:
            most, self.server.most = self.server.most, self.server.running
            return most

    def forget(self):
        """what was so far, once nothing runs any more"""
        end = time.monotonic() + 10
        while self.server.running and time.monotonic() < end:
            time.sleep(0.01)
        _ = self.paths, self.most

    def close(self):
        self.server.shutdown()
        self.server.server_close()
