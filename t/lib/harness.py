"""
What the tests share that Test::Nginx can't express: an nginx of their own,
with workers to be reloaded and killed, the scriptable stand-in LLM, and TAP.

TEST_NGINX_BINARY, REVIEW_MODULE and TEST_REVIEW_ASAN mean what they mean to
Review.pm.  With TEST_REVIEW_LONG, storms and loops are as long as they may be.
"""

import asyncio
import atexit
import glob
import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

LIB = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(LIB))

# how much longer everything takes under a sanitizer
SLOW = 3 if os.environ.get("TEST_REVIEW_ASAN") else 1

# whole, or as much as a test of half a minute has room for
LONG = bool(os.environ.get("TEST_REVIEW_LONG"))

CONF = """
%(load)s
%(main)s
daemon off;
worker_processes %(workers)d;
worker_rlimit_nofile %(files)d;
pid %(dir)s/nginx.pid;
error_log %(dir)s/error.log %(level)s;
events { worker_connections %(connections)d; }
http {
    client_body_temp_path %(dir)s/body;
    proxy_temp_path %(dir)s/proxy;
    fastcgi_temp_path %(dir)s/fastcgi;
    uwsgi_temp_path %(dir)s/uwsgi;
    scgi_temp_path %(dir)s/scgi;
    log_format review '$status $review_status $review_calls';
    access_log %(dir)s/access.log review;
    upstream llm { server 127.0.0.1:%(llm)d; keepalive 512; }
%(http)s
    server {
        listen 127.0.0.1:%(port)d backlog=4096 %(listen)s;
        location = /v1/review { %(review)s }
        location = /llm {
            internal;
            proxy_pass http://llm/v1/chat/completions;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
%(server)s
    }
}
"""


def own_folder():
    """One folder for all that this process makes and starts, and a process
    that ends and removes what is left of it, however we end."""
    folder = tempfile.mkdtemp(prefix="review-test-")
    os.chmod(folder, 0o755)     # workers of root's nginx are nobody
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    reaper = subprocess.Popen(
        [sys.executable or "python3", os.path.join(LIB, "reaper.py"),
         str(os.getpid()), folder], stdin=subprocess.PIPE)

    @atexit.register
    def end():
        reaper.stdin.close()
        reaper.wait()


own_folder()

# what holds this process's ports
PORT_LOCKS = []


def free_port():
    """a port that no other test takes while this process runs, nor the kernel
    for a connection.  The lock is a socket without a file, that goes with the
    process: the same as Review.pm's lock_port."""
    for _ in range(1000):
        port = random.randrange(20000, 32000)
        lock = socket.socket(socket.AF_UNIX)
        try:
            lock.bind("\0review-test-port-%d" % port)
            with socket.socket() as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                s.bind(("127.0.0.1", port))
        except OSError:
            lock.close()
            continue
        PORT_LOCKS.append(lock)
        return port
    raise OSError("no free port")


def raise_files(wanted=40000):
    """as many open files as may be had"""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if 0 <= hard < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return wanted
        except (ValueError, OSError):
            wanted = hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def wait_for(condition, seconds=60):
    """it may take its time on a busy machine; where it fails, it takes long"""
    end = time.monotonic() + seconds * SLOW
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


class Harness:
    def __init__(self, http="review_llm /llm model=stand-in;", server="",
                 listen="", workers=1, level="info", module=None, nginx=None,
                 record=True, main="", connections=None):
        files = raise_files()
        self.dir = tempfile.mkdtemp(prefix="review-test-")
        os.chmod(self.dir, 0o777)   # workers of root's nginx are nobody
        self.port = free_port()
        self.llm = self.nginx = None
        self.start_llm(record)
        module = module or os.environ.get("REVIEW_MODULE") or os.path.join(
            ROOT, "build", "ngx_http_review_module.so")
        self.settings = {
            "load": "" if module == "static"
            else "load_module %s;" % os.path.abspath(module),
            "dir": self.dir, "llm": self.llm_port, "port": self.port,
            "files": files, "connections": connections or files - 100,
            "http": http, "server": server, "listen": listen,
            "review": "review;", "main": main, "workers": workers,
            "level": level}
        self.conf = os.path.join(self.dir, "nginx.conf")
        self.configure()
        nginx = nginx or os.environ.get("TEST_NGINX_BINARY") \
            or "/usr/sbin/nginx"
        env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0:log_path="
                   + os.path.join(self.dir, "asan.log"))
        os.mkdir(os.path.join(self.dir, "logs"))
        self.nginx = subprocess.Popen([nginx, "-p", self.dir, "-c", self.conf],
                                      env=env)
        # the master listens before it has workers
        if not wait_for(lambda: self.listening()
                        and len(self.workers()) >= workers):
            self.close()
            raise SystemExit("nginx did not start")

    def start_llm(self, record):
        port_file = os.path.join(self.dir, "llm.port")
        self.llm = subprocess.Popen(
            ["/usr/bin/python3", os.path.join(LIB, "llm.py"), "--port", "0",
             "--port-file", port_file, "--parent-pid", str(os.getpid())]
            + ([] if record else ["--no-record"]), stdin=subprocess.PIPE)
        if not wait_for(lambda: os.path.exists(port_file)
                        and open(port_file).read().strip()):
            raise SystemExit("the stand-in LLM did not start")
        self.llm_port = int(open(port_file).read())

    def configure(self, **settings):
        self.settings.update(settings)
        with open(self.conf, "w") as f:
            f.write(CONF % self.settings)

    def listening(self):
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def reload(self):
        old = set(self.workers())
        self.nginx.send_signal(signal.SIGHUP)
        return wait_for(lambda: len(set(self.workers()) - old)
                        >= self.settings["workers"])

    def renew(self, **settings):
        """another configuration, which nobody's but new workers have"""
        old = set(self.workers())
        self.configure(**settings)
        if not (self.reload() and wait_for(
                lambda: not old & set(self.workers()))):
            raise SystemExit("nginx was not reloaded")

    def workers(self):
        with open("/proc/%d/task/%d/children"
                  % (self.nginx.pid, self.nginx.pid)) as f:
            return [int(pid) for pid in f.read().split()]

    def serving(self):
        """the workers that take connections: not those that are ending"""
        return [pid for pid in self.workers() if not self.is_ending(pid)]

    def accepting(self):
        """the same, of all masters that there are"""
        return self.serving()

    @staticmethod
    def is_ending(pid):
        try:
            with open("/proc/%s/cmdline" % pid) as f:
                title = f.read()
            return not title or "shutting down" in title
        except OSError:
            return True

    def rss(self):
        """KB, of the first worker"""
        with open("/proc/%d/status" % self.workers()[0]) as f:
            for line in f:
                if line.startswith("VmRSS"):
                    return int(line.split()[1])
        return 0

    def error_log(self):
        try:
            with open(os.path.join(self.dir, "error.log")) as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def access_log(self):
        with open(os.path.join(self.dir, "access.log")) as f:
            return f.read().splitlines()

    def connections(self):
        """of clients, that nginx has not closed, closed by them or not"""
        with open("/proc/net/tcp") as f:
            rows = [line.split() for line in f][1:]
        local = "0100007F:%04X" % self.port
        return [row[3] for row in rows
                if row[1] == local and row[3] in ("01", "08")]

    async def stats(self):
        return json.loads(await get(self.llm_port, "/_stats"))

    def close(self):
        """ends all, and returns what should not have been said"""
        if self.nginx:
            self.nginx.send_signal(signal.SIGQUIT)
            try:
                self.nginx.wait(15 * SLOW)
            except subprocess.TimeoutExpired:
                self.nginx.terminate()
                self.nginx.wait(60 * SLOW)
        if self.llm:
            self.llm.terminate()
            self.llm.wait()
        bad = [line for line in self.error_log().splitlines()
               if "[alert]" in line or "[crit]" in line or "[emerg]" in line]
        for name in glob.glob(os.path.join(self.dir, "asan.log*")):
            bad += open(name).read().splitlines()
        shutil.rmtree(self.dir)
        return bad


# clients

def points(scripts):
    """inline points, each scripted for the stand-in"""
    return [{"id": "p%d" % i, "question": "%d？[[%s]]" % (i, script)}
            for i, script in enumerate(scripts)]


def request(chunk, points, headers="", path="/v1/review"):
    """the bytes of a request; points: None for those of the rubric"""
    body = json.dumps({"chunk": chunk, "points": points},
                      ensure_ascii=False).encode()
    return ("POST %s HTTP/1.1\r\nHost: test\r\n%s"
            "Content-Type: application/json\r\nConnection: close\r\n"
            "Content-Length: %d\r\n\r\n"
            % (path, headers, len(body))).encode() + body


async def exchange(port, data):
    """sends, reads to the end: the status and the body, (0, b"") if cut"""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(data)
        await writer.drain()
        reply = await reader.read()
    except ConnectionError:
        return 0, b""
    finally:
        writer.close()
    head, found, body = reply.partition(b"\r\n\r\n")
    if not found:
        return 0, b""
    return int(head.split()[1]), body


def reset_at_close(writer):
    """a reset instead of an end, unless the other side has gone before"""
    sock = writer.get_extra_info("socket")
    if sock.fileno() != -1:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        b"\1\0\0\0\0\0\0\0")


async def get(port, path, method="GET"):
    status, body = await exchange(
        port, ("%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"
               % (method, path)).encode())
    return body


async def review(port, chunk, points, path="/v1/review"):
    """the reply's JSON, or None if there was none"""
    status, body = await exchange(port, request(chunk, points, path=path))
    return json.loads(body) if body else None


# TAP

class Tap:
    count = failed = 0

    @classmethod
    def ok(cls, good, name, note=""):
        cls.count += 1
        print("%sok %d - %s" % ("" if good else "not ", cls.count, name))
        if not good:
            cls.failed += 1
            if note:
                print("# %s" % str(note).replace("\n", "\n# ")[:4000])
        sys.stdout.flush()

    @classmethod
    def end(cls):
        print("1..%d" % cls.count)
        sys.exit(1 if cls.failed or not cls.count else 0)
