"""
A bucket in memory, of a store that speaks S3: as much of it as the replies of
the object endpoint need, and errors that a real store is hard to bring to.  It
checks no signatures.  What the key begins with is what becomes of it:

    status/N/CODE       an error with that status and that code
    hang                nothing is said
    endless             an error, status 400, whose body has no end
    HOW/KEY             GET of the object KEY, but "chunked": its length isn't
                        told; "slow": in about a second; "cut" or "stall" after
                        half of it; "long": its length is told a byte too small;
                        "gate": half of it once Bucket.gate is set
    anything else       PUT, GET, HEAD and DELETE, one range, conditions

GET of the bucket lists it, as ListObjectsV2 does.
"""

import hashlib
import http.server
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

ERROR = "<?xml version='1.0'?><Error><Code>%s</Code><Message>no</Message>" \
        "</Error>"
OBJECT = "<Contents><Key>%s</Key><LastModified>2026-03-18T08:30:12.000Z" \
         "</LastModified><ETag>&quot;%s&quot;</ETag><Size>%d</Size></Contents>"
PREFIX = "<CommonPrefixes><Prefix>%s</Prefix></CommonPrefixes>"
LIST = "<?xml version='1.0'?><ListBucketResult><EncodingType>url" \
       "</EncodingType><IsTruncated>%s</IsTruncated>%s</ListBucketResult>"
NEXT = "<NextContinuationToken>%s</NextContinuationToken>"
BADLY = ("chunked", "slow", "cut", "stall", "long", "gate")


def etag_of(data):
    return hashlib.md5(data).hexdigest()


def counted(method):
    """it runs while it is answered"""
    def run(self):
        server = self.server
        with server.lock:
            server.running += 1
            server.asked.append("%s %s" % (self.command, self.path))
        try:
            method(self)
        finally:
            with server.lock:
                server.running -= 1
    return run


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def whole(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD" and status not in (204, 304):
            self.wfile.write(body)

    def error(self, status, code):
        self.whole(status, (ERROR % code).encode(),
                   Content_Type="application/xml")

    def asked(self):
        """the key; None: it has been answered"""
        path, _, query = self.path.partition("?")
        key = urllib.parse.unquote(path).partition("/")[2].partition("/")[2]
        if not key:
            self.list(dict(urllib.parse.parse_qsl(query)))
        elif key.startswith("status/"):
            self.error(int(key.split("/")[1]), key.split("/")[2])
        elif key.startswith("hang"):
            self.wait()
        elif key.startswith("endless"):
            self.endless()
        else:
            return key
        return None

    def endless(self):
        """as long as anybody reads it, but for 30 s at most"""
        self.close_connection = True
        self.send_response(400)
        self.end_headers()
        end = time.monotonic() + 30
        try:
            while time.monotonic() < end:
                self.wfile.write(b"<a>" * 1000)
        except OSError:
            pass

    def wait(self):
        """or until the client has gone"""
        self.close_connection = True
        self.connection.settimeout(60)
        self.connection.recv(1)

    def badly(self, how, key):
        data, kind = self.server.objects[key]
        self.close_connection = True
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        if how == "chunked":
            self.send_header("Transfer-Encoding", "chunked")
            data = b"%x\r\n%s\r\n0\r\n\r\n" % (len(data), data)
        else:
            self.send_header("Content-Length", len(data) - (how == "long"))
        self.end_headers()
        if how in ("cut", "stall"):
            data = data[:len(data) // 2]
        step = len(data) // 10 + 1
        for i in range(0, len(data), step):
            time.sleep(0.1 * (how == "slow"))
            if how == "gate" and i >= len(data) // 2:
                self.server.gate.wait(60)
            self.wfile.write(data[i:i + step])
        if how == "stall":
            self.wait()

    def list(self, query):
        prefix, mark = query.get("prefix", ""), query.get("delimiter", "")
        most = int(query.get("max-keys", 1000))
        after = query.get("continuation-token", "")
        found = {}
        for key, (data, _) in sorted(self.server.objects.items()):
            behind = key[len(prefix):]
            if not key.startswith(prefix):
                continue
            if mark and mark in behind:
                part = prefix + behind[:behind.index(mark) + 1]
                found[part] = PREFIX % escape(urllib.parse.quote(part))
            else:
                found[key] = OBJECT % (escape(urllib.parse.quote(key)),
                                       etag_of(data), len(data))
        names = sorted(name for name in found if name > after)
        more, names = len(names) > most, names[:most]
        body = "".join(found[name] for name in names)
        if more:
            body += NEXT % escape(names[-1])
        self.whole(200, (LIST % (str(more).lower(), body)).encode(),
                   Content_Type="application/xml")

    @counted
    def do_PUT(self):
        data = self.rfile.read(int(self.headers["Content-Length"]))
        key = self.asked()
        if key is None:
            return
        if self.headers["If-None-Match"] and key in self.server.objects:
            self.error(412, "PreconditionFailed")
            return
        self.server.objects[key] = data, self.headers["Content-Type"]
        self.whole(200, ETag='"%s"' % etag_of(data))

    @counted
    def do_DELETE(self):
        key = self.asked()
        if key is not None:
            self.server.objects.pop(key, None)
            self.whole(204)

    @counted
    def do_GET(self):
        key = self.asked()
        if key is None:
            return
        how, _, rest = key.partition("/")
        if how in BADLY and rest in self.server.objects:
            self.badly(how, rest)
            return
        if key not in self.server.objects:
            self.error(404, "NoSuchKey")
            return
        data, kind = self.server.objects[key]
        etag = '"%s"' % etag_of(data)
        if self.headers["If-None-Match"] == etag:
            self.whole(304, ETag=etag)
        elif self.headers.get("If-Match", etag) != etag:
            self.error(412, "PreconditionFailed")
        else:
            self.part(data, ETag=etag, Content_Type=kind or "text/plain",
                      Last_Modified="Wed, 18 Mar 2026 08:30:12 GMT")

    def part(self, data, **headers):
        first, _, last = self.headers.get("Range", "")[6:].partition("-")
        if not first:
            self.whole(200, data, **headers)
        elif int(first) >= len(data):
            self.error(416, "InvalidRange")
        else:
            end = min(int(last or len(data)), len(data) - 1)
            self.whole(206, data[int(first):end + 1], Content_Range=
                       "bytes %s-%d/%d" % (first, end, len(data)), **headers)

    do_HEAD = do_GET


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, *_):
        pass


class Bucket:
    def __init__(self):
        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.objects = self.objects = {}
        self.server.lock = threading.Lock()
        self.server.asked = []
        self.server.running = 0
        self.server.gate = self.gate = threading.Event()
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    @property
    def asked(self):
        """methods and paths since the last time"""
        with self.server.lock:
            asked, self.server.asked = self.server.asked, []
            return asked

    @property
    def running(self):
        return self.server.running

    def close(self):
        self.server.shutdown()
        self.server.server_close()
