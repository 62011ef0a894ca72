#!/usr/bin/python3
"""
Ranks what t/bench/rank.c has written, with numpy on one core:

    rank.py FILE

The cosines of the query and all vectors, and the best 10 of them.  The products
are those of "@", which takes the machine's BLAS, and again those of einsum,
which is numpy's own; what is faster counts.  Prints one line of JSON: least and
median milliseconds, the best rows, what was faster, and which BLAS there is.
"""

import json
import os
import statistics
import sys
import time

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS",
             "BLIS_NUM_THREADS"):
    os.environ[name] = "1"

import numpy  # noqa: E402 (the threads are set before)

DIM = 1024
BEST = 10
RUNS = 25


def by_blas(query, rows):
    return rows @ query


def by_einsum(query, rows):
    return numpy.einsum("ij,j->i", rows, query)


def rank(products, query, rows):
    norms = numpy.sqrt(numpy.einsum("ij,ij->i", rows, rows))
    scores = products(query, rows) / (norms * numpy.linalg.norm(query))
    best = numpy.argpartition(-scores, BEST)[:BEST]
    return best[numpy.argsort(-scores[best], kind="stable")]


def measure(products, query, rows):
    """milliseconds of each run, and the best rows"""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        best = rank(products, query, rows)
        times.append((time.perf_counter() - began) * 1000)
    return times, best.tolist()


def blas():
    """the libraries that are loaded, but for numpy's own wrappers"""
    with open("/proc/self/maps", encoding="utf-8") as f:
        files = {line.split()[-1] for line in f if "blas" in line}
    return sorted({os.path.basename(os.path.realpath(name))
                   for name in files if "/numpy/" not in name})


def main():
    floats = numpy.fromfile(sys.argv[1], dtype=numpy.float32)
    query, rows = floats[:DIM], floats[DIM:].reshape(-1, DIM)
    found = {name: measure(products, query, rows) for name, products
             in (("blas", by_blas), ("einsum", by_einsum))}
    fastest = min(found, key=lambda name: min(found[name][0]))
    times, best = found[fastest]
    print(json.dumps({
        "numpy_ms": round(min(times), 3),
        "numpy_median_ms": round(statistics.median(times), 3),
        "best": best,
        "by": fastest,
        "blas": blas(),
        "numpy": numpy.__version__,
    }))


main()
