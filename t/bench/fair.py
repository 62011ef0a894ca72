"""
What becomes of an LLM that many share: tenants that have a hundred reviews
under way, ten, and one; and chats, beside a whale of a tenant.
"""

import collections
import contextlib
import os
import statistics
import time

import bodies
import servers
from measure import checked, output_of, say
from table import number, section, span, table

CALLS = 16
TENANTS = (100, 10, 1)      # reviews that each has under way
POINTS = 64                 # of a review: one alone can use a third of the LLM
START, SECONDS = 3, 30      # what is left out, and what is counted

WHALE = 100                 # reviews under way
CHATS, RATE = 300, 10       # in all, and a second
ALONE, ABOVE, SAME = "alone", "beside the whale", "of the whale's class"
MORE = 1.5                  # times the p99 alone, at most


def start(bench, llm, chats="high"):
    return servers.fair(bench.so, llm.port, bench.folder.rubric(POINTS),
                        CALLS, chats)


def asking(bench, server, tenant, reviews):
    """a tenant that asks for as much as it can get"""
    ask = bench.ask_review()._replace(headers=("X-Tenant: " + tenant,))
    return bench.loading(server, ask, 10 ** 9, reviews)


def answered(server):
    """the calls so far, by tenant"""
    with open(os.path.join(server.dir, "calls.log")) as f:
        return collections.Counter(f.read().split())


def shares(bench, llm):
    """percent of the calls that were answered meanwhile"""
    names = ["t%d" % n for n in TENANTS]
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(start(bench, llm))
        for name, n in zip(names, TENANTS):
            stack.enter_context(asking(bench, server, name, n))
        time.sleep(START)
        before = answered(server)
        time.sleep(SECONDS)
        calls = answered(server) - before
    say("  calls of tenants: %s" % dict(calls))
    return [100 * calls[name] / sum(calls.values()) for name in names]


def chat(bench, server):
    """the percentiles of chats"""
    ask = bench.ask_calls(of=bodies.points(1))._replace(
        headers=("X-Tenant: chats",))
    with bench.loading(server, ask, CHATS, CHATS, "--rate",
                       str(RATE)) as process:
        return checked(process, output_of(process, server, 300), server)


def chats(bench, llm):
    found = {}
    for name, chats, whale in ((ALONE, "high", 0), (ABOVE, "high", WHALE),
                               (SAME, "low", WHALE)):
        with contextlib.ExitStack() as stack:
            server = stack.enter_context(start(bench, llm, chats))
            if whale:
                stack.enter_context(asking(bench, server, "whale", whale))
                time.sleep(START)
            found[name] = chat(bench, server)
        say("  chats %-24s p50 %.0f ms, p99 %.0f ms"
            % (name, found[name]["p50"], found[name]["p99"]))
    return found


def chat_row(rounds, name):
    ratios = [found[name]["p99"] / found[ALONE]["p99"] for found in rounds]
    ratio = statistics.median(ratios)
    aim = ("–" if name != ABOVE
           else "**reached**" if ratio <= MORE else "**missed**")
    return [name] + [statistics.median(found[name][field] for found in rounds)
                     for field in ("p50", "p99")] + [ratio, span(ratios), aim]


def tenant_row(rounds, i):
    values = [found[i] for found in rounds]
    return [str(TENANTS[i]), statistics.median(values), span(values)]


def fair(bench):
    with servers.llm() as llm:
        shared = [shares(bench, llm) for _ in range(bench.rounds)]
        chatted = [chats(bench, llm) for _ in range(bench.rounds)]
    return "\n\n".join([
        section("Tenants",
                "Three tenants keep %d, %d and %d reviews of %d points under "
                "way for %d s. What each of them gets of the LLM, which takes "
                "%d calls at a time. Nothing of a single review waits while "
                "its last calls run: others have that part of its share."
                % (*TENANTS, POINTS, SECONDS, CALLS),
                table(["reviews under way", "% of the calls", "rounds"],
                      [tenant_row(shared, i) for i in range(len(TENANTS))])),
        section("Chats",
                "%d chats a second, of one call each: alone, and beside "
                "another tenant, that has %d reviews of %d points under way, "
                "of class low. The chats are of class high; in the last row "
                "they are of class low, too. Milliseconds."
                % (RATE, WHALE, POINTS),
                table(["chats", "p50", "p99", "p99 ÷ alone", "rounds",
                       "at most " + number(MORE)],
                      [chat_row(chatted, name)
                       for name in (ALONE, ABOVE, SAME)]))])
