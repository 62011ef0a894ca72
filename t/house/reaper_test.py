#!/usr/bin/python3
"""
Proves that a test leaves nothing, however it ends: no file in the temporary
folder, no process.  Small tests, one of each kind, end in the middle, with
their nginx and the stand-in LLM running.
"""

import os
import signal
import subprocess
import sys
import tempfile

LIB = os.path.abspath(__file__ + "/../../lib")
sys.path.insert(0, LIB)
from harness import ROOT, SLOW, Tap, wait_for
from reaper import left

PYTHON = """
import sys, time
sys.path.insert(0, %r)
from harness import Harness
nginx = Harness(workers=2)
print("ready", flush=True)
how = sys.stdin.readline().strip()
if how == "exception":
    raise ValueError("on purpose")
if how == "exit":
    sys.exit(3)
time.sleep(600)
""" % LIB

PERL = """
use strict;
use warnings;
use lib %r;
use Review;

Test::Nginx::Socket::add_response_body_check(sub {
    $| = 1;
    print "ready\\n";
    my $how = <STDIN>;
    BAIL_OUT('on purpose') if $how =~ /exception/;
    exit 3 if $how =~ /exit/;
    sleep 600;
});

run_tests();

__DATA__

=== TEST 1: it answers
--- config
    location = / { return 200; }
--- request
GET /
""" % LIB


def as_ever():
    """a shell that runs us in the background may have SIGINT ignored"""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def ended(command, how):
    """(how the test ended, what is left of it)"""
    with tempfile.TemporaryDirectory() as folder:
        env = dict(os.environ, TMPDIR=folder)
        with open(os.path.join(folder, "said"), "wb") as said:
            test = subprocess.Popen(command, cwd=ROOT, env=env,
                                    stdin=subprocess.PIPE, stderr=said,
                                    stdout=subprocess.PIPE,
                                    preexec_fn=as_ever)
        while test.stdout.readline() not in (b"ready\n", b""):
            pass
        started = len(left(folder.encode(), {test.pid, os.getpid()}))
        if isinstance(how, signal.Signals):
            test.send_signal(how)
        else:
            test.stdin.write(how.encode() + b"\n")
            test.stdin.flush()
        try:
            test.wait(60 * SLOW)
        except subprocess.TimeoutExpired:
            test.kill()
            test.wait()

        def rest():
            return ([name for name in os.listdir(folder) if name != "said"],
                    left(folder.encode(), {os.getpid()}))
        wait_for(lambda: rest() == ([], set()))
        files, processes = rest()
        for pid in processes:
            os.kill(pid, signal.SIGKILL)
        return started, test.returncode, files, processes


def main():
    # a shell has its jobs in the background, and all they start, ignore it,
    # and nohup the other one
    for ignored in signal.SIGINT, signal.SIGHUP:
        signal.signal(ignored, signal.SIG_DFL)
    with tempfile.NamedTemporaryFile("w", suffix=".t") as perl:
        perl.write(PERL)
        perl.flush()
        kinds = [("Python", [sys.executable, "-c", PYTHON]),
                 ("Perl", ["perl", perl.name])]
        for kind, command in kinds:
            for how in ("exception", "exit", signal.SIGTERM, signal.SIGINT,
                        signal.SIGHUP, signal.SIGKILL):
                started, status, *rest = ended(command, how)
                # the reaper, the stand-in, nginx
                Tap.ok(started >= 3 and status != 0,
                       "%s: a test ends by %s" % (
                           kind, getattr(how, "name", how)),
                       (started, status))
                Tap.ok(rest == [[], set()], "%s: and leaves nothing" % kind,
                       rest)
    Tap.end()


if __name__ == "__main__":
    main()
