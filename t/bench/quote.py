#!/usr/bin/python3
"""
Looks for the quotes of t/bench/quote.c as anybody would in Python, who knows
that models change spaces and forms: verbatim; then in the text without white
space and with compatibility forms folded, which is made once.

    quote.py FILE
"""

import json
import sys
import time
import unicodedata

COPIES, QUOTES, BEFORE, RUNS = 44, 64, 30, 5


def fold(text):
    return "".join(unicodedata.normalize("NFKC", text).split())


def search(text, quotes):
    folded, found = None, 0
    for quote in quotes:
        if text.find(quote) != -1:
            found += 1
            continue
        if folded is None:
            folded = fold(text)
        found += folded.find(fold(quote)) != -1
    return found


def main():
    with open(sys.argv[1], encoding="utf-8", newline="") as f:
        law = f.read()
    text = law * COPIES + law.replace("。", "末。")
    parts = text[len(law) * COPIES:].split("末。")[:QUOTES]
    ends = [sum(len(part) + 2 for part in parts[:i + 1])
            for i in range(QUOTES)]
    quotes = [text[len(law) * COPIES + end - 2 - BEFORE:
                   len(law) * COPIES + end] for end in ends]
    result = {}
    for name, asked in (("exact", quotes),
                        ("normalized", [" ".join(quote) + " "
                                        for quote in quotes]),
                        ("nowhere", ["㐀" + quote for quote in quotes])):
        least = 1e9
        for _ in range(RUNS):
            begun = time.perf_counter()
            found = search(text, asked)
            least = min(least, time.perf_counter() - begun)
        result[name] = {"us": least * 1e6 / QUOTES, "found": found}
    print(json.dumps(result))


main()
