"""
A client that reads a reply as it comes: what has arrived so far can be looked
at before there is more of it, whatever coding it comes in.
"""

import http.client
import io
import json
import socket
import threading
import zlib

try:
    import brotli
except ImportError:
    brotli = None


def unchunk(data):
    """-> the body so far, and is that all?"""
    body, at = bytearray(), 0
    while True:
        line = data.find(b"\r\n", at)
        if line < 0:
            return bytes(body), False
        size = int(data[at:line], 16)
        at = line + 2
        if size == 0:
            return bytes(body), data[at:at + 2] == b"\r\n"
        body += data[at:at + size]
        if len(data) < at + size + 2:
            return bytes(body), False
        at += size + 2


def decode(data, coding):
    """so much as can be told from what there is"""
    if coding == "gzip":
        return zlib.decompressobj(31).decompress(data)
    if coding == "br":
        return brotli.Decompressor().process(data)
    return data


def write(method, path, body=None, **headers):
    """the bytes of a request; JSON if the body is not bytes"""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body, ensure_ascii=False).encode()
        headers.setdefault("Content_Type", "application/json")
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: test",
             "Connection: close"]
    lines += ["%s: %s" % (name.replace("_", "-"), value)
              for name, value in headers.items() if value is not None]
    if body is not None:
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines + ["", ""]).encode() + (body or b"")


class Reply:
    """
    The reply to a request, read by a thread until the connection ends; begin:
    False: only when one says so.
    """

    def __init__(self, port, request, receive_buffer=None, begin=True):
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.raw = bytearray()
        self.ended = False
        self.news = threading.Condition()
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive_buffer)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(request)
        if begin:
            self.begin()

    def begin(self):
        self.thread.start()

    def read(self):
        while True:
            try:
                data = self.socket.recv(1 << 18)
            except OSError:
                data = b""
            with self.news:
                self.raw += data
                self.ended = not data
                self.news.notify_all()
            if not data:
                return

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join()
        self.socket.close()

    def until(self, condition, seconds):
        """waits until it is true of this reply, which may have ended before"""
        with self.news:
            self.news.wait_for(lambda: self.ended or condition(self), seconds)
            return condition(self)

    def wait(self, seconds):
        """-> has the connection ended?"""
        with self.news:
            return self.news.wait_for(lambda: self.ended, seconds)

    def parts(self):
        """-> status, headers, body, is it whole?"""
        head, found, data = bytes(self.raw).partition(b"\r\n\r\n")
        if not found:
            return 0, {}, b"", False
        line, _, lines = head.partition(b"\r\n")
        headers = http.client.parse_headers(io.BytesIO(lines + b"\r\n\r\n"))
        length = headers["Content-Length"]
        if headers["Transfer-Encoding"] == "chunked":
            data, whole = unchunk(data)
        else:
            whole = length is None or len(data) == int(length)
        return (int(line.split()[1]), headers,
                decode(data, headers["Content-Encoding"]), whole)

    @property
    def body(self):
        return self.parts()[2]
