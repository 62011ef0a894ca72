#!/usr/bin/python3
"""
What is mostly taken to split texts: LangChain's RecursiveCharacterTextSplitter,
in plain Python as it is itself.  It cuts at the first of its separators that
there is, cuts what is too long at the next one, and puts neighbours together
up to the size, the last ones of a chunk once more into the next: its overlap.

    recursive_split.py FILE MAX OVERLAP

The file is repeated up to 8 MB.  Prints one line of JSON: the best of a few
runs in MB (10^6 bytes) a second of one core's time, without and with what the
module tells of a chunk: where it starts and ends, and its hash, as JSON.
"""

import hashlib
import json
import re
import sys
import time

SIZE = 8000000
RUNS = 3
SEPARATORS = ("\n\n", "\n", "。", "，", " ", "")


def cut(text, separator):
    """a separator begins the piece behind it, as it does by default there"""
    if not separator:
        return list(text)
    parts = re.split("(%s)" % re.escape(separator), text)
    pieces = [parts[i] + parts[i + 1] for i in range(1, len(parts), 2)]
    return [piece for piece in [parts[0]] + pieces if piece]


def merge(pieces, size, overlap):
    chunks, current, total = [], [], 0
    for piece in pieces:
        length = len(piece)
        if total + length > size and current:
            chunks.append("".join(current).strip())
            while total > overlap or (total + length > size and total > 0):
                total -= len(current[0])
                current = current[1:]
        current.append(piece)
        total += length
    chunks.append("".join(current).strip())
    return [chunk for chunk in chunks if chunk]


def split(text, size, overlap, separators=SEPARATORS):
    at = next(i for i, separator in enumerate(separators)
              if separator in text)
    chunks, short = [], []
    for piece in cut(text, separators[at]):
        if len(piece) < size:
            short.append(piece)
            continue
        chunks += merge(short, size, overlap)
        short = []
        if at + 1 < len(separators):
            chunks += split(piece, size, overlap, separators[at + 1:])
        else:
            chunks.append(piece)
    return chunks + merge(short, size, overlap)


def split_json(text, size, overlap):
    """starts are found as they are there, by looking for the chunk"""
    out, start = [], 0
    for i, chunk in enumerate(split(text, size, overlap)):
        start = text.find(chunk, max(0, start - overlap))
        out.append({"id": "c%d" % (i + 1), "text": chunk, "start": start,
                    "end": start + len(chunk),
                    "sha256": hashlib.sha256(chunk.encode()).hexdigest()})
        start += len(chunk)
    return json.dumps({"chunks": out, "count": len(out)}, ensure_ascii=False)


def measure(function, text, size, overlap):
    best = None
    for _ in range(RUNS):
        began = time.process_time()
        function(text, size, overlap)
        took = time.process_time() - began
        best = min(took, best or took)
    return len(text.encode()) / 1e6 / best


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        text = f.read()
    text *= max(1, SIZE // len(text.encode()))
    size, overlap = int(sys.argv[2]), int(sys.argv[3])
    print(json.dumps({
        "mb_per_s": round(measure(split, text, size, overlap), 2),
        "json_mb_per_s": round(measure(split_json, text, size, overlap), 2),
        "chunks": len(split(text, size, overlap))}))


main()
