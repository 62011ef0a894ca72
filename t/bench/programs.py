"""
Sections of programs that measure themselves: no server is in between.  All run
in turn, on the core that the servers have else, in each of the rounds.
"""

import json
import os
import statistics
import subprocess

import bodies
import servers
from measure import say
from table import aim, number, section, span, table

LAW = os.path.join(servers.HERE, "..", "data", "招标投标法.md")
RECURSIVE = os.path.join(servers.HERE, "peers", "recursive_split.py")

MB_PER_S = 100              # splitting, at least
RANK_MS = 10                # ranking, at most


def told(*command):
    """what a program prints, on the server's core"""
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE,
                         preexec_fn=servers.pin(servers.SERVER_CORE))
    return json.loads(run.stdout)


class Figures:
    """of several rounds, in each of which all is measured"""

    def __init__(self, rounds):
        self.rounds = rounds

    def all(self, *names):
        return [value(measured, names) for measured in self.rounds]

    def median(self, *names):
        return statistics.median(self.all(*names))

    def ratio(self, one, other):
        """of what was measured side by side"""
        return statistics.median(a / b for a, b in zip(self.all(*one),
                                                       self.all(*other)))


def value(measured, names):
    for name in names:
        measured = measured[name]
    return measured


# Splitting


def split(bench):
    texts = {"lines": LAW, "flat": flat_law(bench)}
    found = Figures([{name: split_round(bench, text)
                      for name, text in texts.items()}
                     for _ in range(bench.rounds)])
    return section(
        "Splitting",
        "A law of 22 KB, repeated; and the same without line ends, where "
        "sentences are all there is to go by. Chunks of 1,000 characters. MB "
        "are 10^6 bytes of text, in a second of one core. As JSON: each chunk "
        "with its text, offsets, and SHA-256. In plain Python: what "
        "LangChain's RecursiveCharacterTextSplitter does; it knows no "
        "headings and no tables.",
        table(["", "MB/s", "rounds", "÷ Python", "as JSON", "rounds",
               "÷ Python"],
              [row for text, title in (("lines", ""), ("flat", ", no lines"))
               for overlap in (0, 100)
               for row in split_rows(found, text, overlap, title)]),
        table(["what else can be done with it", "MB/s", "÷ splitting"],
              [[title, found.median("lines", name),
                found.ratio(("lines", name),
                            ("lines", "module", 0, "mb_per_s"))]
               for name, title in (("memcpy", "copied, `memcpy`"),
                                   ("newlines", "lines counted, `memchr`"),
                                   ("sha256", "hashed, SHA-256"))]),
        aim("splitting", split_slowest(found), MB_PER_S, "MB/s",
            "on one core, the slowest of all", least=True))


def flat_law(bench):
    name = os.path.join(bench.temp.name, "flat.md")
    with open(name, "w", encoding="utf-8") as f:
        f.write(bodies.read(LAW).replace("\n", ""))
    return name


def split_round(bench, text):
    ours = told(bench.program("split"), text)
    result = {"memcpy": ours["memcpy"], "newlines": ours["lines"],
              "sha256": ours["sha256"], "module": {}, "python": {}}
    for overlap in (0, 100):
        result["module"][overlap] = ours["max_1000_overlap_%d" % overlap]
        result["python"][overlap] = told(servers.PYTHON, RECURSIVE, text,
                                         "1000", str(overlap))
        say("  overlap %3d: %.0f MB/s, as JSON %.0f; in Python %.0f and %.0f"
            % (overlap, *(result[name][overlap][field]
                          for name in ("module", "python")
                          for field in ("mb_per_s", "json_mb_per_s"))))
    return result


def split_rows(found, text, overlap, title):
    rows = []
    for name, who in (("module", "this module"), ("python", "plain Python")):
        row = ["%s, overlap %d%s" % (who, overlap, title)]
        for field in ("mb_per_s", "json_mb_per_s"):
            here = (text, name, overlap, field)
            row += [found.median(*here), span(found.all(*here)),
                    found.ratio(here, (text, "python", overlap, field))]
        rows.append(row)
    return rows


def split_slowest(found):
    return min(found.median(text, "module", overlap, field)
               for text in ("lines", "flat") for overlap in (0, 100)
               for field in ("mb_per_s", "json_mb_per_s"))


# Ranking


def rank(bench):
    found = Figures([rank_round(bench) for _ in range(bench.rounds)])
    numpy = found.rounds[0]["numpy"]
    return section(
        "Ranking",
        "The best 10 of 10,000 vectors of 1,024 floats by cosine: with their "
        "norms, in milliseconds, the best of 25 runs. All find the same. The "
        "plain loop is C with `-O2`; numpy has one thread, %s, and what is "
        "faster of `@` and `einsum`, here `%s`."
        % (blas(numpy), "@" if numpy["by"] == "blas" else "einsum"),
        table(["", "ms", "rounds", "÷ plain loop", "÷ numpy"],
              [[title, found.median(*name), span(found.all(*name)),
                found.ratio(name, ("c", "plain_ms")),
                found.ratio(name, ("numpy", "numpy_ms"))]
               for title, name in (("this module", ("c", "rank_ms")),
                                   ("plain C loop", ("c", "plain_ms")),
                                   ("numpy", ("numpy", "numpy_ms")))]),
        table(["BM25, 10 MB in 6,667 texts", "", "rounds"],
              [["texts indexed, MB/s", found.median("c", "bm25_mb_s"),
                span(found.all("c", "bm25_mb_s"))],
               ["a query of 20 characters, ms",
                found.median("c", "bm25_query_us") / 1000,
                span([us / 1000 for us in found.all("c", "bm25_query_us")])],
               ["memory ÷ texts", found.median("c", "bm25_memory"),
                span(found.all("c", "bm25_memory"))]]),
        aim("ranking", found.median("c", "rank_ms"), RANK_MS, "ms",
            "on one core"))


def blas(numpy):
    return ("OpenBLAS" if any("openblas" in name for name in numpy["blas"])
            else "no OpenBLAS")


def rank_round(bench):
    name = os.path.join(bench.temp.name, "vectors")
    ours = told(bench.program("rank"), name)
    numpy = told(servers.PYTHON, os.path.join(servers.HERE, "rank.py"), name)
    os.unlink(name)
    if ours["best"] != numpy["best"]:
        raise SystemExit("numpy finds %s, the module %s"
                         % (numpy["best"], ours["best"]))
    say("  %s ms, a plain loop %s ms, numpy %s ms; BM25 %s MB/s"
        % tuple(number(ms) for ms in (ours["rank_ms"], ours["plain_ms"],
                                      numpy["numpy_ms"], ours["bm25_mb_s"])))
    return {"c": ours, "numpy": numpy}


# Quotes


KINDS = (("exact", "as they stand there"),
         ("normalized", "with a space behind each character"),
         ("nowhere", "that stand nowhere"))


def quotes(bench):
    found = Figures([quotes_round(bench) for _ in range(bench.rounds)])
    return section(
        "Quotes",
        "A law of 22 KB, 44 times, and once more with another word at the end "
        "of each sentence: 64 quotes of 32 characters, each with that word, "
        "looked up at once, as those of an answer are. Microseconds a quote, "
        "the least of 15 runs, with all that is made of the text. In plain "
        "Python: `find`; then `find` in the text without white space, folded "
        "by `unicodedata`.",
        table(["64 quotes", "µs", "rounds", "in Python", "rounds", "Python ÷"],
              [[title, found.median("module", kind, "us"),
                span(found.all("module", kind, "us")),
                found.median("python", kind, "us"),
                span(found.all("python", kind, "us")),
                found.ratio(("python", kind, "us"), ("module", kind, "us"))]
               for kind, title in KINDS]))


def quotes_round(bench):
    result = {"module": told(bench.program("quote"), LAW),
              "python": told(servers.PYTHON,
                             os.path.join(servers.HERE, "quote.py"), LAW)}
    for kind, _ in KINDS:
        ours, theirs = (result[who][kind] for who in ("module", "python"))
        wanted = 0 if kind == "nowhere" else 64
        if ours["found"] != wanted or theirs["found"] != wanted:
            raise SystemExit("of %s quotes the module finds %d, Python %d"
                             % (kind, ours["found"], theirs["found"]))
        say("  %s: %s us, in Python %s" % (kind, number(ours["us"]),
                                           number(theirs["us"])))
    return result
