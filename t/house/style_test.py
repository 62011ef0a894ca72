#!/usr/bin/python3
"""
Proves what a reader's eye relies on: no line of code or prose is wider than 80
columns, no tab stands where it would not line up, nothing trails, every file
ends with its last line; and each function is at home: it bears the name of its
file.
"""

import os
import re
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../lib"))
from harness import ROOT, Tap

COLUMNS = 80

# the rest is as wide as it must be: tables, samples, blocks of tests

CODE = re.compile(r"\.([ch]|py|pm|lua|mjs|conf)$|^[^.]*$|^\.ci/")
DATA = re.compile(r"^(t/data|t/fuzz/corpus|LICENSE|docs/examples/.*\.json)")
PROSE = re.compile(r"(docs/)?\w+\.md$")
FIXED = re.compile(r"^```.*?^```$|^\|[^\n]*", re.M | re.S)
TABS = re.compile(r"(^|/)Makefile$")
LEFT = re.compile(r"(.*/)?(\.git|__pycache__|servroot[^/]*)$|build$")

# what nginx asks a wing's module for is named after the wing; what sets a
# directive, after that

setters = set()
MODULE = re.compile(r"_module\.c$")
SETTER = re.compile(r'\{ ngx_string\("review\w*"\),\s*[\w|]+,\s*(\w+),')


def files():
    """all but what git, if there is any, is told to leave alone"""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if not LEFT.match(
            os.path.relpath(os.path.join(folder, name), ROOT)))
        for name in sorted(names):
            path = os.path.join(folder, name)
            name = os.path.relpath(path, ROOT)
            if name == ".git" or DATA.match(name) or not os.path.isfile(path):
                continue
            with open(path, encoding="utf-8", errors="replace") as f:
                yield name, f.read()


def columns(line):
    return len(line.expandtabs(8))


def wide(name, text):
    if PROSE.match(name):
        text = FIXED.sub(lambda found: "\n" * found.group().count("\n"), text)
    if CODE.search(name) or PROSE.match(name):
        for number, line in enumerate(text.split("\n"), 1):
            if columns(line) > COLUMNS:
                yield "%s:%d: %d columns" % (name, number, columns(line))


def blanks(name, text):
    for number, line in enumerate(text.split("\n"), 1):
        if line != line.rstrip():
            yield "%s:%d: blanks at the end" % (name, number)
        if "\t" in line and CODE.search(name) and not TABS.search(name):
            yield "%s:%d: a tab" % (name, number)
    if text and not text.endswith("\n"):
        yield "%s: its last line does not end" % name
    if text.endswith("\n\n"):
        yield "%s: it ends with an empty line" % name


def functions(text):
    """the names of what a file of C defines"""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return re.findall(r"^(\w+)\([^;{}]*?\)\n\{", text, flags=re.M)


def homes(name):
    """what the functions of a file may begin with"""
    wing, stem = name.split("/")[-2], name.split("/")[-1][:-2]
    if "/http/" in name or stem == "review":
        return [stem]
    return ["review_" + stem, "review_%s_%s" % (wing, stem)]


def strangers(name, text):
    if not re.match(r"ngx_review_module/.*\.c$", name) or MODULE.search(name):
        return
    for function in functions(text):
        if function not in setters and not any(
                function == home or function.startswith(home + "_")
                for home in homes(name)):
            yield "%s: %s" % (name, function)


def main():
    tree = list(files())
    for name, text in tree:
        setters.update(SETTER.findall(text) if MODULE.search(name) else [])
    Tap.ok(setters, "directives are found")
    for what, check in (("no line is wider than %d columns" % COLUMNS, wide),
                        ("no tab and no blank is out of place", blanks),
                        ("each function bears its file's name", strangers)):
        found = [line for name, text in tree for line in check(name, text)]
        Tap.ok(not found, what)
        for line in found:
            print("# " + line)
    Tap.end()


main()
