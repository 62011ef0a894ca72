#!/usr/bin/python3
"""
Proves that the module is built as Debian builds its own: hardened, and with
no name in sight but those that nginx looks up, for nginx loads modules so that
all of them see each other's names.
"""

import glob
import os
import platform
import re
import subprocess
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import ROOT, Tap

MODULE = os.environ.get("REVIEW_MODULE") or os.path.join(
    ROOT, "build", "ngx_http_review_module.so")

OBJECTS = os.path.join(ROOT, "build", "nginx", "objs", "addon", "*", "*.o")

# what the compiler leaves in objects that it has made so that jumps can only
# land where they may

LANDING = {"x86_64": "IBT, SHSTK", "aarch64": "BTI"}


def said(*command):
    return subprocess.run(command, check=True, text=True,
                          stdout=subprocess.PIPE,
                          env=dict(os.environ, LC_ALL="C")).stdout


def names(which):
    return {line.split()[-1].split("@")[0]
            for line in said("nm", "-D", which, MODULE).splitlines()}


if MODULE == "static":
    print("1..0 # SKIP the module is part of nginx")
    sys.exit()

own = names("--defined-only")
Tap.ok(own == {"ngx_modules", "ngx_module_names", "ngx_module_order"},
       "what nginx looks up is exported, and nothing else", sorted(own))

others = names("--undefined-only")
Tap.ok("__stack_chk_fail" in others, "the stack is protected")
Tap.ok(any(re.fullmatch("__.*_chk", name) for name in others),
       "calls of libc are checked: FORTIFY", sorted(others))

segments = said("readelf", "-lW", MODULE)
Tap.ok("GNU_RELRO" in segments, "relocations are read-only", segments)
Tap.ok(re.search("GNU_STACK.* RW ", segments), "no code on the stack",
       segments)

dynamic = said("readelf", "-dW", MODULE)
Tap.ok("BIND_NOW" in dynamic, "and all done when it is loaded: BIND_NOW",
       dynamic)
Tap.ok("TEXTREL" not in dynamic, "code is not written to", dynamic)

landing = LANDING.get(platform.machine())
objects = [] if os.environ.get("REVIEW_MODULE") else glob.glob(OBJECTS)
if landing and objects:
    bare = [o for o in objects if landing not in said("readelf", "-nW", o)]
    Tap.ok(not bare, "control flow is guarded in %d objects" % len(objects),
           bare)
else:
    Tap.ok(True, "control flow is guarded # SKIP no objects of a build, or "
           "not on this machine")

Tap.end()
