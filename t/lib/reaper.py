"""
Ends what a test leaves, however the test ends, even by kill -9: it waits for
that, as a process of its own.

    reaper.py PARENT FOLDER

FOLDER is the test's TMPDIR, so whatever the test has started has it in its
environment; nginx, which overwrites that, has it in its command line, and its
workers are the master's children.  They are ended by pid, and the folder is
removed.  TEST_REVIEW_KEEP keeps the folder.
"""

import os
import select
import shutil
import signal
import sys
import time

PATIENCE = 10       # seconds from SIGTERM to SIGKILL
QUIET = 2           # seconds in which what a killed test was starting shows up


def wait_for_end(parent):
    """stdin is a pipe from the parent, which writes or closes as it ends.  Its
    forked children may hold the pipe.  Has the parent ended by itself?"""
    while os.getppid() == parent:
        if select.select([0], [], [], 0.2)[0]:
            return bool(os.read(0, 1)) or os.getppid() == parent
    return False


def read(pid, name):
    """of a process that may be gone, or somebody else's: nothing then"""
    try:
        with open("/proc/%d/%s" % (pid, name), "rb") as f:
            return f.read()
    except OSError:
        return b""


def parents():
    """{pid: its parent} of all that run; the name before may have blanks"""
    found = {}
    for pid in map(int, filter(str.isdigit, os.listdir("/proc"))):
        fields = read(pid, "stat").rpartition(b") ")[2].split()
        if fields and fields[0] not in (b"Z", b"X"):
            found[pid] = int(fields[1])
    return found


def left(folder, but):
    """the processes that have the folder, and their children"""
    parent_of = parents()
    found = {pid for pid in parent_of
             if folder in read(pid, "cmdline") + read(pid, "environ")}
    found -= but
    size = 0
    while size != len(found):
        size = len(found)
        found |= {pid for pid, parent in parent_of.items()
                  if parent in found} - but
    return found


def send(pids, number):
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def end_all(folder, but, quiet):
    """What gets SIGTERM may start others until it ends, and a child that was
    forked to be nginx isn't known as ours before it is: so nothing is to be
    seen for a while."""
    known = set()
    begun = time.monotonic()
    end = begun + PATIENCE
    while True:
        now = left(folder, but) | {pid for pid in known if pid in parents()}
        if not now:
            if time.monotonic() > begun + quiet:
                return
            time.sleep(0.05)
            continue
        begun = time.monotonic()
        for pid in now - known:
            print("# left by the test: %d %s" % (pid, read(
                pid, "cmdline").replace(b"\0", b" ").decode(errors="replace")),
                file=sys.stderr)
        if time.monotonic() > end:
            send(now, signal.SIGKILL)
        else:
            send(now - known, signal.SIGTERM)
            send(now - known, signal.SIGCONT)
        known |= now
        time.sleep(0.05)


def main():
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    parent, folder = int(sys.argv[1]), sys.argv[2]
    regular = wait_for_end(parent)
    end_all(folder.encode(), {os.getpid(), parent}, 0 if regular else QUIET)
    if os.environ.get("TEST_REVIEW_KEEP"):
        print("# kept: %s" % folder, file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
