#!/usr/bin/python3
"""
Proves that make runs the file of tests that it is given by name, with the
installed nginx or sanitized, and says so where there is none of that name.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import ROOT, Tap


def make(*arguments):
    """what make would have make do, or what is wrong"""
    env = {name: value for name, value in os.environ.items()
           if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    run = subprocess.run(["make", "-C", ROOT, "--no-print-directory",
                          "MAKE=echo", *arguments], env=env, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return run.returncode, run.stdout


for prefix, target in ("", "test-nginx"), ("asan/", "test-asan"):
    for path in "t/http/task/task.t", "t/http/task/task_test.py":
        for name in os.path.basename(path), path:
            status, said = make(prefix + name)
            Tap.ok(status == 0 and "%s TESTS=%s " % (target, path) in said,
                   "make %s%s" % (prefix, name), said)

    for name in "nosuch.t", "nosuch_test.py":
        status, said = make(prefix + name)
        Tap.ok(status != 0 and "no test is named " + name in said,
               "make %s%s" % (prefix, name), said)

Tap.end()
