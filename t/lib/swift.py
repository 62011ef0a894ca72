#!/usr/bin/python3
"""
An object store that speaks S3 and checks signatures: OpenStack Swift, one
device, one replica, with its s3api.  Two processes: "storage" (the account,
container and object servers) and the proxy, on ports of 127.0.0.1 that were
free; everything they write is in a temporary folder.

    store = Swift()             # up when this returns: a bucket was made
    store.port, store.bucket    # http://127.0.0.1:PORT/BUCKET/key
    store.kill_proxy()          # in the middle of whatever it is doing
    store.start_proxy()         # the same port again
    store.hang_proxy()          # connections are taken, nothing is said
    store.wake_proxy()
    store.close()               # ends both, removes the folder

Start, kill and close in the main thread: the proxy dies with the thread that
started it.  As a program, for tests in Perl:

    swift.py [--bucket B] [--port-file F] [--parent-pid P]

writes the proxy's port to F once the bucket is there, prints it if there is
no F, and ends when process P is gone, when stdin, being a pipe, is closed, or
on SIGTERM.

The access key is test:tester, the secret testing, the region us-east-1.

Of Debian's packages, python3-swift is enough: no service, no /etc/swift, no
root.  Objects' metadata are extended attributes of files: where no folder's
file system has them, objects are kept in memory.
"""

import argparse
import ctypes
import os
import select
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time

LIB = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(LIB))
PYTHON = "/usr/bin/python3"
SERVERS = ("account", "container", "object")
START = 300          # seconds, on a machine with other things to do

SWIFT_CONF = """
[swift-hash]
swift_hash_path_suffix = review
"""
STORAGE_CONF = """
[DEFAULT]
swift_dir = %(dir)s
devices = %(dir)s/devices
mount_check = false

[pipeline:main]
pipeline = %(name)s-server

[app:%(name)s-server]
use = egg:swift#%(app)s
"""

# slo is what s3api makes multipart uploads of, bulk deletes many at once

PROXY_CONF = """
[DEFAULT]
swift_dir = %(dir)s

[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats s3api tempauth copy bulk \
slo dlo proxy-server

[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
allow_account_management = true

[filter:s3api]
use = egg:swift#s3api
location = us-east-1
min_segment_size = 5242880

[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin

[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:copy]
use = egg:swift#copy
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
"""


def has_xattrs(folder):
    """long enough for what Swift knows of an object"""
    try:
        with tempfile.NamedTemporaryFile(dir=folder) as f:
            os.setxattr(f.name, "user.swift.metadata", b"x" * 2048)
        return True
    except OSError:
        return False


def place():
    """a folder to keep objects in, and whether its file system is fit"""
    folders = [tempfile.gettempdir(), "/var/tmp", os.path.join(ROOT, "build")]
    for folder in folders:
        if os.path.isdir(folder) and has_xattrs(folder):
            return folder, True
    return folders[0], False


def listen(port=0):
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", port))
    sock.listen(1024)
    return sock


class Swift:
    def __init__(self, bucket="bids", memory=None):
        """memory: keep objects there; None: if no folder is fit for them"""
        folder, fit = place()
        self.bucket = bucket
        self.memory = not fit if memory is None else memory
        self.port = self.proxy = self.storage = None
        self.folder = tempfile.mkdtemp(prefix="review-swift-", dir=folder)
        try:
            self.start_storage()
            self.start_proxy(wait=False)
            self.wait_for_bucket()
        except BaseException:
            self.close()
            raise

    def start_storage(self):
        os.makedirs(os.path.join(self.folder, "devices", "d"))
        self.write("swift.conf", SWIFT_CONF)
        for name in SERVERS:
            self.write(name + ".conf", STORAGE_CONF % {
                "dir": self.folder, "name": name,
                "app": "mem_object" if self.memory and name == "object"
                else name})
        self.write("proxy.conf", PROXY_CONF % {"dir": self.folder})
        self.storage = self.spawn("storage", [listen() for _ in SERVERS])

    def start_proxy(self, wait=True):
        sys.path.insert(0, LIB)     # not there with -I
        from harness import free_port
        self.port = self.port or free_port()    # kept while it is stopped
        sock = listen(self.port)
        self.proxy = self.spawn("proxy", [sock])
        if wait:
            self.wait_for_bucket()

    def spawn(self, role, sockets):
        """the process has the sockets then, and it alone"""
        files = [sock.fileno() for sock in sockets]
        with open(os.path.join(self.folder, role + ".log"), "ab") as log:
            # -I: in this folder "swift" would be this file
            process = subprocess.Popen(
                [PYTHON, "-I", os.path.abspath(__file__), "--serve", role,
                 "--folder", self.folder, "--parent-pid", str(os.getpid()),
                 "--sockets", ",".join(map(str, files))],
                pass_fds=files, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log)
        for sock in sockets:
            sock.close()
        return process

    def wait_for_bucket(self):
        from s3 import S3
        client = S3(self.port, self.bucket, timeout=START)
        end = time.monotonic() + START
        while True:
            try:
                status = client.request("PUT").status
            except OSError as e:
                status = e
            if status in (200, 409):
                return
            if time.monotonic() > end or self.storage.poll() is not None \
                    or self.proxy.poll() is not None:
                raise RuntimeError("Swift did not start: %s\n%s"
                                   % (status, self.log()))
            time.sleep(0.05)

    def kill_proxy(self):
        self.proxy.kill()
        self.proxy.wait()

    def hang_proxy(self):
        self.proxy.send_signal(signal.SIGSTOP)

    def wake_proxy(self):
        self.proxy.send_signal(signal.SIGCONT)

    def log(self):
        """the end of what they said, each"""
        text = ""
        for role in ("storage", "proxy"):
            name = os.path.join(self.folder, role + ".log")
            if os.path.exists(name):
                with open(name, errors="replace") as f:
                    text += "%s:\n%s\n" % (role, f.read()[-4000:])
        return text

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w") as f:
            f.write(text)

    def close(self):
        for process in (self.proxy, self.storage):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


# the servers' processes

def die_with_parent(parent):
    """even when stopped"""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def outlive_parent(parent, folder):
    """long enough to remove what nobody else would"""
    import eventlet
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while os.getppid() == parent:
        eventlet.sleep(0.5)
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def prepare(folder):
    """the configuration of this folder, not /etc/swift's; no syslog"""
    import logging
    from swift.common import constraints, storage_policy, utils
    utils.set_swift_dir(folder)
    storage_policy.reload_storage_policies()
    constraints.reload_constraints()
    utils.ThreadSafeSysLogHandler = \
        lambda **_: logging.StreamHandler(sys.stderr)
    utils.eventlet_monkey_patch()


class Forgetful:
    """for memcached, which tempauth insists on: what a test did is seen"""

    def get(self, *args, **more):
        return None

    def set(self, *args, **more):
        pass

    delete = set


def forgetting(app):
    cache = Forgetful()

    def serve(env, start_response):
        env["swift.cache"] = cache
        return app(env, start_response)
    return serve


def with_colon(app):
    """libcurl 8.23 percent-encodes the access key, which tempauth wants to
    have a colon.  It is no part of what is signed."""
    def serve(env, start_response):
        said = env.get("HTTP_AUTHORIZATION")
        if said:
            env["HTTP_AUTHORIZATION"] = said.replace(
                "Credential=test%3Atester/", "Credential=test:tester/")
        return app(env, start_response)
    return serve


def make_rings(folder, ports):
    from swift.common.ring import RingBuilder
    for name, port in zip(SERVERS, ports):
        builder = RingBuilder(2, 1, 0)
        builder.add_dev({"region": 1, "zone": 1, "ip": "127.0.0.1",
                         "port": port, "replication_ip": "127.0.0.1",
                         "replication_port": port, "device": "d",
                         "weight": 1.0, "meta": ""})
        builder.rebalance()
        builder.get_ring().save(os.path.join(folder, name + ".ring.gz"))


def wait_for_rings(folder):
    """the object servers' is the last one"""
    end = time.monotonic() + START
    while not os.path.exists(os.path.join(folder, "object.ring.gz")):
        if time.monotonic() > end:
            sys.exit("no rings")
        time.sleep(0.01)


def serve(role, folder, files, parent):
    names = SERVERS if role == "storage" else ("proxy",)
    if role == "proxy":
        die_with_parent(parent)

    import eventlet
    import eventlet.wsgi
    from swift.common.utils import NullLogger
    from swift.common.wsgi import SwiftHttpProtocol, loadapp
    prepare(folder)
    eventlet.debug.hub_exceptions(False)
    from eventlet.green import socket as green
    sockets = [green.socket(fileno=f) for f in files]
    if role == "storage":
        eventlet.spawn(outlive_parent, parent, folder)
        make_rings(folder, [sock.getsockname()[1] for sock in sockets])
    else:
        wait_for_rings(folder)

    servers = [eventlet.spawn(
        eventlet.wsgi.server, sock,
        with_colon(forgetting(loadapp(
            os.path.join(folder, name + ".conf")))),
        NullLogger(), protocol=SwiftHttpProtocol, socket_timeout=60,
        capitalize_response_headers=False)
        for name, sock in zip(names, sockets)]
    for server in servers:
        server.wait()


# as a program

def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass
    return False


def wait_for_end(parent):
    watched = [0] if stat.S_ISFIFO(os.fstat(0).st_mode) else []
    while not (parent and gone(parent)):
        if select.select(watched, [], [], 0.5)[0] and not os.read(0, 4096):
            return


def main():
    parser = argparse.ArgumentParser(description="an S3 server for tests")
    parser.add_argument("--bucket", default="bids")
    parser.add_argument("--memory", action="store_true", default=None)
    parser.add_argument("--port-file")
    parser.add_argument("--parent-pid", type=int)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--sockets", help=argparse.SUPPRESS)
    args = parser.parse_args()

    if args.serve:
        serve(args.serve, args.folder,
              [int(f) for f in args.sockets.split(",")], args.parent_pid)
        return

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    store = Swift(args.bucket, args.memory)
    try:
        if args.port_file:
            with open(args.port_file + ".new", "w") as f:
                f.write("%d\n" % store.port)
            os.rename(args.port_file + ".new", args.port_file)
        else:
            print(store.port, flush=True)
        wait_for_end(args.parent_pid)
    except KeyboardInterrupt:
        pass
    finally:
        store.close()


if __name__ == "__main__":
    main()
