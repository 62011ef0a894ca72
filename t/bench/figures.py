"""The sections of the benchmarks: each measures, and returns Markdown."""

import contextlib
import json
import os
import re
import statistics
import subprocess
import time

import bodies
import equal
import servers
from measure import Peer, checked, say
from table import number, section, span, table

DIRECT, PROXY, MODULE = "the LLM itself", "plain proxy", "this module"
SPLICED = "Lua, text escaped once"
DELAY = 50                  # ms
CLIENTS = 80
POINTS = 8
IN_FLIGHT = CLIENTS * POINTS


def review_peers(bench, path="d%d" % DELAY):
    review, calls = bench.ask_review(), bench.ask_calls()

    def lua(kind):
        return lambda llm: servers.lua(llm.port, path, kind)

    def uvicorn(service, **settings):
        return lambda llm: servers.uvicorn(service, llm.port, path,
                                           **settings)

    return [
        Peer(PROXY, bench.proxy(path), calls, 8000),
        Peer(MODULE, bench.module(path), review, 8000),
        Peer("Lua", lua("encoded"), review, 8000),
        Peer(SPLICED, lua("spliced"), review, 8000),
        Peer("Node, undici",
             lambda llm: servers.node(bench.modules, llm.port, path), review,
             2000),
        Peer("FastAPI, aiohttp", uvicorn("aiohttp_service"), review, 800),
        Peer("FastAPI, requests, 8 processes",
             uvicorn("requests_service", workers=8, cores=servers.ALL_CORES),
             review, 300)]


def stream_peers(bench, path, reviews):
    return [
        Peer(PROXY, bench.proxy(path, "off"), bench.ask_calls(stream=True),
             reviews),
        Peer(MODULE, bench.module(path, "on"), bench.ask_review(), reviews)]


def direct(bench):
    """clients that ask the LLM with nothing in between: its own delay"""
    ask = bench.ask_calls()._replace(path="/d%d/" % DELAY)
    return Peer(DIRECT, lambda llm: contextlib.nullcontext(llm), ask, 8000)


def equal_messages(bench):
    peers = review_peers(bench) + [
        peer._replace(name=peer.name + ", streams")
        for peer in stream_peers(bench, "t8x1", 1)]
    calls = equal.check(bench, peers)
    return section("What the LLM is asked",
                   "The messages of the %d calls of a review are equal for "
                   "all %d peers below." % (calls, len(peers)))


def reviews(bench):
    peers = [direct(bench)] + review_peers(bench)
    with servers.llm() as llm:
        rounds = bench.measure_all(llm, peers, CLIENTS, ramp=DELAY)
    names = [peer.name for peer in peers]
    return section(
        "Whole reviews",
        "%d clients, %d points, the LLM answers after %d ms. CPU in seconds "
        "for 1,000 reviews." % (CLIENTS, POINTS, DELAY),
        table(["", "CPU s", "rounds", "÷ plain proxy",
               "module ÷ it"],
              [[name, rounds.median(name, "cpu"),
                span(rounds.all(name, "cpu")), rounds.ratio(name, PROXY),
                rounds.ratio(MODULE, name)] for name in names[1:]]),
        table(["", "reviews/s", "p50 ms", "p99 ms", "p99 over the LLM's p99",
               "LLM, % of its core", "with clients"],
              [time_row(rounds, name) for name in names]))


def time_row(rounds, name):
    rate, p50, p99, llm, load = (
        rounds.median(name, field)
        for field in ("rate", "p50", "p99", "llm", "load"))
    over = rounds.difference(name, DIRECT, "p99")
    return [name, rate, p50, p99, over, llm, llm + load]


def stream(bench):
    peers = stream_peers(bench, "t200x5", 200)
    with servers.llm() as llm:
        rounds = bench.measure_all(llm, peers, 16)
    return section(
        "Streams",
        "16 clients, %d points, 200 tokens an answer, 5 ms apart. The proxy "
        "has `proxy_buffering off`, the module `stream=on`. CPU in seconds "
        "for 1,000 reviews." % POINTS,
        table(["", "CPU s", "rounds", "÷ plain proxy",
               "LLM, % of its core"],
              [[peer.name, rounds.median(peer.name, "cpu"),
                span(rounds.all(peer.name, "cpu")),
                rounds.ratio(peer.name, PROXY),
                rounds.median(peer.name, "llm")] for peer in peers]))


# Memory


def memory(bench):
    clients = min(2000, (servers.FILES - 500) // (POINTS + 1))
    ask = bench.ask_review()
    rows = [[mode] + flood(bench, ask, mode, path, clients)
            for mode, path in (("off", "d3000"), ("on", "t30x100"))]
    return section(
        "Memory",
        "%s reviews of %d points, all in flight at once in one worker; the "
        "LLM takes 3 s for each call, in 30 tokens if it streams. Resident "
        "memory of the worker." % (number(clients), POINTS),
        table(["`stream`", "before, MB", "all in flight, MB",
               "KB a review", "at the peak, MB", "KB a review"], rows))


def flood(bench, ask, mode, path, clients):
    with servers.llm() as llm, bench.module(path, mode)(llm) as server:
        bench.load(server, ask, POINTS, POINTS)
        base = server.rss()
        in_flight = watch_flood(bench, server, ask, clients)
        peak = server.rss_peak()
    say("  stream=%s: %.1f KB a review, %.1f KB at the peak"
        % (mode, (in_flight - base) / clients, (peak - base) / clients))
    return [base / 1024, in_flight / 1024, (in_flight - base) / clients,
            peak / 1024, (peak - base) / clients]


def watch_flood(bench, server, ask, clients):
    """KB, while the worker has a connection for each client and call"""
    samples = []
    with bench.loading(server, ask, clients, clients) as process:
        while process.poll() is None:
            if server.open_files() >= clients * (POINTS + 1):
                samples.append(server.rss())
            time.sleep(0.05)
        checked(process, process.stdout.read(), server)
    if len(samples) < 10:
        raise servers.Unmeasured(
            "reviews ended before all of them were in flight")
    return statistics.median(samples)


# What the cost depends on


def workers(bench):
    path, ask = "d%d" % DELAY, bench.ask_review()
    peers = [Peer("1", bench.module(path), ask, 4000),
             Peer("2", bench.module(path, workers=2,
                                    cores=servers.ALL_CORES), ask, 4000)]
    with servers.llm() as llm:
        rounds = bench.measure_all(llm, peers, CLIENTS)
    return section(
        "Workers",
        "One worker on a core of its own, and two on both cores, which the "
        "LLM and the clients use, too. CPU in seconds for 1,000 reviews.",
        table(["workers", "CPU s", "÷ one worker", "reviews/s"],
              [[peer.name, rounds.median(peer.name, "cpu"),
                rounds.ratio(peer.name, "1"),
                rounds.median(peer.name, "rate")] for peer in peers]))


def pair(bench, llm, reviews, clients, ask, calls, **settings):
    """the module and the proxy on the same"""
    path = "d%d" % DELAY
    return bench.measure_all(
        llm, [Peer(PROXY, bench.proxy(path), calls, reviews),
              Peer(MODULE, bench.module(path, **settings), ask, reviews)],
        clients)


def points(bench):
    rows = []
    with servers.llm() as llm:
        for n in (1, 8, 64, 256):
            say("  points: %d" % n)
            rounds = pair(bench, llm, reviews=12800 // n,
                          clients=IN_FLIGHT // n, ask=bench.ask_review(),
                          calls=bench.ask_calls(of=bodies.points(n)),
                          rubric=bench.folder.rubric(n))
            rows.append(cost_row(str(n), rounds, n))
    return section(
        "Points",
        "A rubric of so many points, up to %d calls in flight. CPU in "
        "milliseconds." % IN_FLIGHT,
        table(["points", "a review, ms", "a point, ms",
               "plain proxy, ms", "÷ plain proxy"], rows))


def cost_row(name, rounds, units):
    module, proxy = rounds.median(MODULE, "cpu"), rounds.median(PROXY, "cpu")
    return [name, module, module / units, proxy, rounds.ratio(MODULE, PROXY)]


# bytes of text, reviews, clients

CHUNKS = (("1 KB", 1 << 10, 3000, 80), ("10 KB", 10 << 10, 1500, 40),
          ("100 KB", 100 << 10, 400, 8), ("1 MB", 1 << 20, 100, 2))


def chunk(bench):
    rows = []
    with servers.llm() as llm:
        for name, size, count, clients in CHUNKS:
            say("  text: " + name)
            text = bodies.long_text(size)
            rounds = pair(bench, llm, count, clients,
                          ask=bench.ask_review(text),
                          calls=bench.ask_calls(text))
            rows.append(cost_row(name, rounds, size / (1 << 20)))
    return section(
        "Size of the text",
        "Chinese text in UTF-8, %d points: the LLM is sent the text as many "
        "times. CPU in milliseconds." % POINTS,
        table(["text", "a review, ms", "a MB of text, ms",
               "plain proxy, ms", "÷ plain proxy"], rows))


# Slots


def slots(bench):
    results = []
    for _ in range(bench.rounds):
        output = subprocess.run([bench.program("slots")], check=True,
                                stdout=subprocess.PIPE,
                                preexec_fn=servers.pin(servers.ALL_CORES))
        results.append(json.loads(output.stdout))
        say("  %.2f %% of a core" % results[-1]["percent"])
    shares = [result["percent"] for result in results]
    return section(
        "Slots",
        "Two processes take and give back slots of one limit, a quarter of "
        "them by way of the queue; what is waited in between is left out.",
        table(["", "% of a core", "rounds"],
              [["%s slots a second" % number(results[0]["calls"]),
                statistics.median(shares), span(shares)]]))


# Instructions


def instructions(bench):
    path, tokens = "d5", "t200x5"
    review, calls = bench.ask_review(), bench.ask_calls()
    streams = bench.ask_calls(stream=True)
    with servers.llm() as llm:
        rows = [[name, count(bench, llm, name, *how) / 1e6] for name, how in (
            (PROXY, (bench.proxy, [path, "on"], calls, 40, 200, 8)),
            (MODULE, (bench.module, [path, "off"], review, 40, 200, 8)),
            (SPLICED, (lua_spliced, [path], review, 100, 300, 8)),
            (PROXY + ", streams",
             (bench.proxy, [tokens, "off"], streams, 2, 6, 1)),
            (MODULE + ", `stream=on`",
             (bench.module, [tokens, "on"], review, 2, 6, 1)))]
    return section(
        "Instructions",
        "Counted by callgrind, in user space only: the kernel's, which are "
        "in all figures above, are left out. Streams have 200 tokens an "
        "answer.", table(["", "million a review"], rows))


def lua_spliced(path, **settings):
    return lambda llm: servers.lua(llm.port, path, "spliced", **settings)


def count(bench, llm, name, make, args, ask, few, many, clients):
    """a review's: of many reviews less those of few, so that start and end
    of the process don't count"""
    totals = [callgrind(bench, llm, make, args, ask, reviews, clients)
              for reviews in (few, many)]
    each = (totals[1] - totals[0]) / (many - few)
    say("  %-30s %s instructions a review" % (name, number(each)))
    return each


def callgrind(bench, llm, make, args, ask, reviews, clients):
    out = os.path.join(bench.temp.name, "callgrind")
    start = make(*args, command=[
        "valgrind", "--tool=callgrind", "-q",
        "--callgrind-out-file=" + out])
    with start(llm) as server:
        bench.load(server, ask, reviews, clients)
        server.end()
    with open(out) as f:
        totals = re.search(r"^(?:summary|totals): (\d+)", f.read(), re.M)
    if not totals:          # it was ended before it had written all
        raise servers.Unmeasured("callgrind has told no totals")
    return int(totals.group(1))


SECTIONS = {"equal": equal_messages, "reviews": reviews, "stream": stream,
            "memory": memory, "workers": workers, "points": points,
            "chunk": chunk, "slots": slots, "instructions": instructions}
