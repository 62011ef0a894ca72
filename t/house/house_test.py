#!/usr/bin/python3
"""
Proves the plan of the house, by includes and by the symbols of the objects that
were built: a wing uses only those below it, files never one another in a
circle, the lower floor needs nothing of nginx, and one file alone visits
requests.  And JSON is written by the one who knows its commas, braces and
quotes, review/json/write.c.
"""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import ROOT, Tap

TREE = os.path.join(ROOT, "ngx_review_module")
OBJECTS = os.path.join(ROOT, "build", "nginx", "objs", "addon")

MODULES = "ngx_http_review_module_modules.c"

# from the top down; docs/design.md says what each is for

WINGS = ["http"] + ["http/" + name for name in (
    "task", "plan", "steps", "source", "fetch", "store", "chunk", "llm", "call",
    "transfer", "request", "limit", "base")] + ["review/" + name for name in (
        "request", "form", "agree", "report", "search", "rank", "embed",
        "split", "document", "outline", "quote", "answer", "completion",
        "suspect", "rubric", "facts", "net", "metrics", "limit", "json",
        "base")]

# nginx asks for it by this name, and all files say whose they are by it

EVERYBODYS = {"ngx_http_review_module"}

# a wing's module: its files find their configuration by it

MODULE = re.compile(r"ngx_http_review_\w+_module")

MOST = 10           # files of a wing

# what ends a visit of a request, and where that is done for all

VISIT = ("ngx_http_run_posted_requests",
         "http/request/ngx_http_review_visit.c")

# a piece of JSON in a literal: an object's beginning, wherever it stands, and
# what is written that names a member, or is nothing but what stands around them

OBJECT = re.compile(r'"(?:[^"\\\n]|\\.)*\{\\"\w+\\":')
WRITTEN = re.compile(r'\b(?:review_buf_(?:puts|add)|ngx_http_review_reply_\w+)'
                     r'\([^;]*?("(?:[^"\\\n]|\\.)*")[^;]*;')
PIECE = re.compile(r'\w\\":|,\\"|^"(?=.*[][{}:,])(?:[][{}:,]|\\")*"$')

# what has braces, colons or commas, but is no JSON, or none of ours; and ours

OTHERS = {
    "review/answer/repair.c": "an LLM's own, mended as it is read",
    "review/json/write.c": "the writer",
    "review/metrics/prometheus.c": "labels",
    "review/rubric/prompt_words.c": "the form of an answer, a template",
    "review/rubric/template.c": "braces of templates",
}

LITERALS = {
    # between the links of a chain
    ("http/chunk/ngx_http_review_chunk_reply.c", r'","'),
    # a result for which there was no memory
    ("http/chunk/ngx_http_review_result.c", r'"{\"status\":'),
    # a result of another machine, by which it is known
    ("http/task/ngx_http_review_task_chunks.c", r'"{\"point\":'),
}


def sources(suffix=".c"):
    for folder, _, names in os.walk(TREE):
        for name in names:
            if name.endswith(suffix):
                yield os.path.relpath(os.path.join(folder, name), TREE)


def text(source):
    with open(os.path.join(TREE, source)) as file:
        return file.read()


def wing(source):
    return os.path.dirname(source)


def above(file, other):
    return WINGS.index(wing(other)) < WINGS.index(wing(file))


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


def by_hand(text):
    """the pieces of JSON that a file has as literals"""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return OBJECT.findall(text) + [piece for piece in WRITTEN.findall(text)
                                   if PIECE.search(piece)]


def main():
    files = sorted(sources())
    Tap.ok({wing(file) for file in files} == set(WINGS),
           "all files are in wings", {wing(file) for file in files}
           ^ set(WINGS))
    crowded = {name: n for name in WINGS
               if (n := sum(wing(file) == name for file in files)) > MOST}
    Tap.ok(not crowded, "no wing has more than %d" % MOST, crowded)

    # merges of a wing look at what those below it have merged

    with open(os.path.join(OBJECTS, "..", MODULES)) as file:
        modules = re.findall(r"&(\w+)", file.read())
    Tap.ok(modules == ["ngx_http_review_module"] + [
        os.path.basename(file)[:-2] for name in reversed(WINGS[1:])
        for file in files if wing(file) == name
        and file.endswith("_module.c")],
           "wings' modules are listed from the lowest up", modules)

    defines, needs = {}, {}
    for file in files:
        defines[file], needs[file] = symbols(file)
    Tap.ok(sum(map(len, defines.values())) > 300, "symbols are found")
    whose = {name: file for file in files for name in defines[file]}
    used = uses(whose, needs)

    up = ["%s -> %s: %s" % (file, other, " ".join(names))
          for file in files for other, names in used[file].items()
          if above(file, other)]
    Tap.ok(not up, "no wing uses one above it", "\n".join(up))

    included = [(file, other) for file in files + sorted(sources(".h"))
                for other in re.findall(r'^#include "(.*)"', text(file), re.M)]
    Tap.ok(len(included) > len(files), "files include others")
    up = ["%s -> %s" % pair for pair in included if above(*pair)]
    Tap.ok(not up, "no wing includes one above it", "\n".join(up))

    around = circles(uses(whose, {
        file: {name for name in names if not MODULE.fullmatch(name)}
        for file, names in needs.items()}))
    Tap.ok(not around, "no files use one another in a circle", around)

    visits = [file for file in files if VISIT[0] in needs[file]]
    Tap.ok(visits == [VISIT[1]], "visits of requests are ended in one place",
           visits)

    nginx = ["%s: %s" % (file, name) for file in files
             if file.startswith("review/")
             for name in sorted(needs[file]) if name.startswith("ngx_")]
    Tap.ok(not nginx, "the lower floor needs nothing of nginx", nginx)

    named = [file for file in files
             if file.startswith("review/") and "ngx_" in text(file)]
    Tap.ok(not named, "nor does it name it", named)

    wrote = {(file, piece) for file in files
             for piece in by_hand(text(file))}
    ours = {one for one in wrote if one[0] not in OTHERS}
    Tap.ok(not ours - LITERALS, "no JSON is written by hand",
           sorted(ours - LITERALS))
    gone = set(OTHERS) - {file for file, _ in wrote}
    Tap.ok(not gone and not LITERALS - ours, "but where it is said to be",
           gone or LITERALS - ours)


if __name__ == "__main__":
    main()
    Tap.end()
