"""
The section about the event loop: do reviews go on as fast while large texts are
split by the same worker?
"""

import collections
import contextlib
import os
import statistics
import subprocess
import time

import bodies
import servers
from measure import Ask, checked, output_of, say
from programs import LAW
from table import section, span, table

DELAY = 50                  # ms
RATE = 300                  # reviews a second
SECONDS = 4
CLIENTS = 200               # more than are ever needed
SIZE = 20000000             # bytes of the text
MORE_MS = 5                 # of p99, at most

# where the splits are done, and how the server is started for that

Way = collections.namedtuple("Way", "name settings headers")

OTHER = "by another process"
LINES = ("Accept: application/x-ndjson",)

WAYS = (Way("on a thread", {}, ()),
        Way("on a thread, NDJSON", {}, LINES),
        Way("on a thread, body in memory", {"buffer": "32m"}, ()),
        Way("on a thread, two cores", {"cores": servers.ALL_CORES}, ()),
        Way("by the event loop", {"pool": "off"}, ()),
        Way(OTHER, {}, ()))


def loop(bench):
    body = split_body(bench)
    with servers.llm() as llm:
        rounds = [{way.name: measure(bench, llm, way, body) for way in WAYS}
                  for _ in range(bench.rounds)]
    return section(
        "The event loop",
        "%d reviews a second, by an LLM that takes %d ms, while the same "
        "worker splits a text of %d MB, one request after the other. p99 of "
        "the reviews in milliseconds, and what it was just before, without "
        "any splits. The worker and its threads share one core; with two, "
        "the clients and the LLM are on one of them as well. The body is in a "
        "temporary file, or in memory with `client_body_buffer_size 32m`. By "
        "the event loop: `review_thread_pool off`. By another process: the "
        "worker splits nothing, but a program on its core does: what sharing "
        "the core costs by itself."
        % (RATE, DELAY, SIZE / 1e6),
        table(["a text is split", "p99 without", "p99 with", "difference",
               "rounds", "at most %d ms" % MORE_MS, "with ÷ without",
               "the longest", "splits a second"],
              [row(rounds, way.name) for way in WAYS]))


def row(rounds, name):
    more = median(rounds, name, "more")
    return [name, median(rounds, name, "without"),
            median(rounds, name, "with"), more,
            span([measured[name]["more"] for measured in rounds]),
            "**reached**" if more <= MORE_MS else "**missed**",
            median(rounds, name, "ratio"), median(rounds, name, "max"),
            "–" if name == OTHER else median(rounds, name, "rate")]


def median(rounds, name, field):
    return statistics.median(measured[name][field] for measured in rounds)


def measure(bench, llm, way, body):
    ask = bench.ask_review()
    with servers.loop(bench.so, llm.port, "d%d" % DELAY,
                      **way.settings) as server:
        bench.load(server, ask, RATE, CLIENTS, ramp=DELAY)
        alone = reviews(bench, server, ask)
        if way.name == OTHER:
            busy, rate = beside_program(bench, server, ask), 0
        else:
            splits = Ask("/v1/split", [body], '"id":"c1"', way.headers)
            busy, rate = beside_splits(bench, server, ask, splits)
    say("  %-30s p99 %.1f ms, without splits %.1f ms; longest %.1f ms; "
        "%.1f splits a second"
        % (way.name, busy["p99"], alone["p99"], busy["max"], rate))
    return {"without": alone["p99"], "with": busy["p99"],
            "more": busy["p99"] - alone["p99"],
            "ratio": busy["p99"] / alone["p99"], "max": busy["max"],
            "rate": rate}


def reviews(bench, server, ask):
    with bench.loading(server, ask, RATE * SECONDS, CLIENTS, "--rate",
                       str(RATE)) as process:
        return end_of(process, server)


def end_of(process, server):
    return checked(process, output_of(process, server, 120), server)


def beside_splits(bench, server, ask, splits):
    """the reviews', and how many splits a second there were"""
    with bench.loading(server, splits, 1000000, 1, "--seconds",
                       str(SECONDS + 2)) as process:
        give_way(process)
        time.sleep(0.5)
        busy = reviews(bench, server, ask)
        if process.poll() is not None:
            raise servers.Unmeasured("the splits ended before the reviews")
        done = end_of(process, server)
    return busy, done["reviews"] / done["seconds"]


def give_way(process):
    """the client of the splits is not what should hold up the others"""
    os.sched_setscheduler(process.pid, os.SCHED_IDLE, os.sched_param(0))


def split_body(bench):
    law = bodies.read(LAW)
    return bench.folder.write({"text": law * (SIZE // len(law.encode()))})


def beside_program(bench, server, ask):
    with splitting(bench):
        time.sleep(0.5)
        return reviews(bench, server, ask)


@contextlib.contextmanager
def splitting(bench):
    """a program that splits for longer than the reviews take"""
    process = subprocess.Popen(
        [bench.program("split"), LAW, str(10 * SECONDS)],
        preexec_fn=servers.pin(servers.SERVER_CORE))
    try:
        yield
    finally:
        process.kill()
        process.wait()
