"""
How long a worker's event loop is held up: the CPU time that its main thread
takes between two answers to a probe, a client that asks for next to nothing,
again and again.  It is not the time on a clock, so a busy machine makes no
stall; where the probe itself does not run, it makes one seem longer, never
shorter.  So the least of some rounds is nearest to the truth.
"""

import os
import socket
import subprocess
import sys
import time

PROBE = b"GET /stall-probe HTTP/1.1\r\nHost: probe\r\n\r\n"
LOCATION = """
        location = /stall-probe {
            access_log off;
            keepalive_requests 1000000000;
            return 204;
        }
"""


def cpu(pid):
    """nanoseconds of the main thread, threads of a pool not included"""
    with open("/proc/%d/task/%d/schedstat" % (pid, pid)) as f:
        return int(f.read().split()[0])


class Stall:
    """with Stall(port, pid) as stall: ...; then stall.ms is the longest one,
    and stall.peak the most memory that the worker had, in MB"""

    def __init__(self, port, pid):
        self.port, self.pid = port, pid
        self.ms = self.peak = None

    def __enter__(self):
        with open("/proc/%d/clear_refs" % self.pid, "w") as f:
            f.write("5")
        self.probe = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__), str(self.port),
             str(self.pid)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.probe.stdout.readline()        # it has begun
        return self

    def __exit__(self, *error):
        out = self.probe.communicate()[0]
        self.ms = int(out) / 1e6 if out else None
        self.peak = memory(self.pid, "VmHWM")


def memory(pid, name="VmRSS"):
    """MB"""
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
    return 0


def rest(pid, seconds=1):
    """MB that stay, once threads have freed what they will"""
    least = memory(pid)
    for _ in range(10 * seconds):
        time.sleep(0.1)
        least = min(least, memory(pid))
    return least


def go_first():
    """the probe must run whenever it is answered, if we may ask for that"""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except OSError:
        pass


def probe(port, pid):
    """asks until nobody listens to us any more; returns nanoseconds"""
    most, asked = 0, False
    os.set_blocking(0, False)
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        before = ask(s, pid)
        while not over():
            now = ask(s, pid)
            if asked:
                most = max(most, now - before)
            else:
                print("", flush=True)
            asked, before = True, now
    return most


def ask(s, pid):
    s.sendall(PROBE)
    answer = b""
    while not answer.endswith(b"\r\n\r\n"):
        answer += s.recv(4096) or b"\r\n\r\n"
    return cpu(pid)


def over():
    try:
        return os.read(0, 1) == b""
    except BlockingIOError:
        return False


if __name__ == "__main__":
    go_first()
    print(probe(int(sys.argv[1]), int(sys.argv[2])))
