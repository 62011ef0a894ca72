#!/usr/bin/python3
"""
Proves the plan of the house, by the symbols of the objects that were built: a
wing uses only those below it, files never one another in a circle, and the
lower floor needs nothing of nginx.
"""

import os
import subprocess
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import ROOT, Tap

TREE = os.path.join(ROOT, "ngx_review_module")
OBJECTS = os.path.join(ROOT, "build", "nginx", "objs", "addon")

# from the top down; docs/design.md says what each is for

WINGS = ["http"] + ["http/" + name for name in (
    "task", "steps", "source", "fetch", "store", "chunk", "call", "transfer",
    "request", "limit", "base")] + ["review/" + name for name in (
        "request", "report", "rank", "embed", "split", "outline", "quote",
        "answer", "rubric", "net", "limit", "json", "base")]

# nginx asks for it by this name, and all files say whose they are by it

EVERYBODYS = {"ngx_http_review_module"}

MOST = 10           # files of a wing


def sources():
    for folder, _, names in os.walk(TREE):
        for name in names:
            if name.endswith(".c"):
                yield os.path.relpath(os.path.join(folder, name), TREE)


def wing(source):
    return os.path.dirname(source)


def symbols(source):
    """what the object of a file defines for others, and what it needs"""
    path = os.path.join(OBJECTS, os.path.basename(wing(source)),
                        os.path.basename(source)[:-2] + ".o")
    defined, needed = set(), set()
    for line in subprocess.run(["nm", "-g", path], check=True, text=True,
                               stdout=subprocess.PIPE).stdout.splitlines():
        kind, name = line.split()[-2:]
        (needed if kind == "U" else defined).add(name)
    return defined, needed - EVERYBODYS


def uses(whose, needs):
    """{file: {a file that it needs: names}}"""
    found = {}
    for source, names in needs.items():
        found[source] = {}
        for name in sorted(names):
            other = whose.get(name, source)
            if other != source:
                found[source].setdefault(other, []).append(name)
    return found


def circles(used):
    """the sets of files that need one another (Tarjan)"""
    number, low, stack, found = {}, {}, [], []

    def visit(file):
        number[file] = low[file] = len(number)
        stack.append(file)
        for other in used[file]:
            if other not in number:
                visit(other)
            if other in stack:
                low[file] = min(low[file], low[other])
        if low[file] == number[file]:
            at = stack.index(file)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for file in used:
        if file not in number:
            visit(file)
    return found


def main():
    files = sorted(sources())
    Tap.ok({wing(file) for file in files} == set(WINGS),
           "all files are in wings", {wing(file) for file in files}
           ^ set(WINGS))
    crowded = {name: n for name in WINGS
               if (n := sum(wing(file) == name for file in files)) > MOST}
    Tap.ok(not crowded, "no wing has more than %d" % MOST, crowded)

    defines, needs = {}, {}
    for file in files:
        defines[file], needs[file] = symbols(file)
    Tap.ok(sum(map(len, defines.values())) > 300, "symbols are found")
    whose = {name: file for file in files for name in defines[file]}
    used = uses(whose, needs)

    up = ["%s -> %s: %s" % (file, other, " ".join(names))
          for file in files for other, names in used[file].items()
          if WINGS.index(wing(other)) < WINGS.index(wing(file))]
    Tap.ok(not up, "no wing uses one above it", "\n".join(up))

    around = circles(used)
    Tap.ok(not around, "no files use one another in a circle", around)

    nginx = ["%s: %s" % (file, name) for file in files
             if file.startswith("review/")
             for name in sorted(needs[file]) if name.startswith("ngx_")]
    Tap.ok(not nginx, "the lower floor needs nothing of nginx", nginx)

    included = [file for file in files if file.startswith("review/")
                and "ngx_" in open(os.path.join(TREE, file)).read()]
    Tap.ok(not included, "nor does it name it", included)


if __name__ == "__main__":
    main()
    Tap.end()
