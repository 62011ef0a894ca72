"""
What is asked in the benchmarks: texts, rubrics, and request bodies in files,
as the load generator takes them.
"""

import itertools
import json
import os

import servers

BID = os.path.join(servers.HERE, "..", "..", "conf", "demo", "bid.md")
MARK = "编号@@@@@@@@\n"         # the load puts the review's number there


def read(name):
    with open(name, encoding="utf-8") as f:
        return f.read()


def read_json(name):
    return json.loads(read(os.path.join(servers.HERE, name)))


def text():
    """1,200 characters: a chunk of usual size"""
    return (MARK + read(BID))[:1200]


def long_text(size):
    """so many bytes; the paragraphs repeat, but no two are the same"""
    paragraphs = [line for line in read(BID).splitlines() if line]
    out, have = [MARK], len(MARK.encode())
    for n, paragraph in enumerate(itertools.cycle(paragraphs)):
        if have >= size:
            break
        out.append("（%d）%s\n" % (n, paragraph))
        have += len(out[-1].encode())
    return "".join(out).encode()[:size].decode(errors="ignore")


def inputs(n):
    """texts of 300 characters, no two of them the same"""
    long = long_text(1000 * n).replace(MARK, "").replace("\n", " ")
    return ["%d %s" % (i, long[300 * i:][:295]) for i in range(n)]


def points(n):
    """as many as are wanted, made of the rubric's"""
    known = read_json("rubric.json")["points"]
    return [dict(known[i % len(known)], id="p%d" % i,
                 title="%s %d" % (known[i % len(known)]["title"], i))
            for i in range(n)]


def prompt(template, point, chunk):
    for name in ("title", "severity", "question"):
        template = template.replace("{%s}" % name, point[name])
    return template.replace("{chunk}", chunk)


def call(point, chunk, stream):
    """what the LLM is asked about a point"""
    template = read_json("prompt.json")
    return {"model": "stand-in",
            "messages": [
                {"role": "system", "content": template["system"]},
                {"role": "user",
                 "content": prompt(template["user"], point, chunk)}],
            "temperature": 0.0, "stream": stream}


class Folder:
    """the files"""

    def __init__(self, folder):
        self.folder = folder
        self.count = 0

    def write(self, value):
        self.count += 1
        name = os.path.join(self.folder, "%d.json" % self.count)
        with open(name, "w", encoding="utf-8") as f:
            json.dump(value, f, ensure_ascii=False)
        return name

    def rubric(self, n):
        return self.write({"name": "bench", "version": "1", "language": "zh",
                           "points": points(n)})

    def review(self, chunk):
        # the text comes first: the mark in it is the one that is replaced
        return self.write({"chunk": {"text": chunk, "id": "3.1"}})

    def embed(self, texts, form):
        return self.write({"model": "stand-in", "input": texts,
                           "encoding_format": form})

    def calls(self, chunk, stream=False, of=None):
        return [self.write(call(point, chunk, stream))
                for point in of or read_json("rubric.json")["points"]]
