"""
What a limit of the calls in flight is good for: an LLM that takes the longer
the more it has to do, and more clients than it can serve.
"""

import collections
import contextlib
import http.client
import json
import os
import statistics
import time

import picture
import servers
from measure import say
from table import number, section, table

CAPACITY = 32               # calls that get in each other's way not yet
CLIENTS = 300
SECONDS = 60
CHANGING = 90               # seconds, while the capacity changes
PICTURE = "overload.svg"    # beside the file that shows it
POLL = 0.5                  # seconds
PAUSE = 100                 # ms: what a client waits when its review failed

FIXED = (8, 16, 32, 64)
UNLIMITED, CHANGE = "no limit", "the capacity changes"

# it begins between its bounds, as many doublings from one as from the other

BELOW, ABOVE = "`auto` from below", "`auto` from above"
AUTOMATIC = {BELOW: "calls=auto min=1 max=64",
             ABOVE: "calls=auto min=1 max=65536"}

# seconds each: capacities, in turn, share a run

Plan = collections.namedtuple("Plan", "name limit seconds capacities")

# limit, queued and in flight are the module's, load is the LLM's: its calls

Sample = collections.namedtuple(
    "Sample", "time limit queued in_flight load capacity outcomes")

Review = collections.namedtuple("Review", "ended took good")    # seconds


def calls(n):
    return "`calls=%d`" % n


def plans():
    steady = {UNLIMITED: "off"}
    for n in FIXED:
        steady[calls(n)] = zone("calls=%d" % n)
    for name, bounds in AUTOMATIC.items():
        steady[name] = zone(bounds)
    return [Plan(name, limit, SECONDS, (CAPACITY,))
            for name, limit in steady.items()] + [
        Plan(CHANGE, zone("calls=auto"), CHANGING,
             (CAPACITY, CAPACITY // 2, CAPACITY))]


def zone(limit):
    return "zone=llm %s queue=1000 wait=60s" % limit


class Run:
    """what was seen of a plan"""

    def __init__(self, plan, reviews, samples, most):
        self.plan, self.reviews, self.samples = plan, reviews, samples
        self.most = most            # calls that the LLM had at a time

    def good(self, begin, end):
        return [review for review in self.reviews
                if review.good and begin <= review.ended < end]

    def goodput(self, begin=None, end=None):
        """complete reviews a second, when the start is over"""
        begin = self.plan.seconds / 3 if begin is None else begin
        end = end or self.plan.seconds
        return len(self.good(begin, end)) / (end - begin)

    def percentile(self, share):
        """seconds, of the complete reviews; None if there are none"""
        took = sorted(review.took for review in
                      self.good(self.plan.seconds / 3, self.plan.seconds))
        return took[int(len(took) * share)] if took else None

    def failed(self):
        """(by the LLM, in vain because the circuit was open)"""
        bad = sum(not review.good for review in self.reviews)
        refused = self.samples[-1].outcomes.get("circuit_open", 0)
        return max(0, bad - refused), refused

    def limits(self, begin, end):
        """the smallest and the largest"""
        seen = [sample.limit for sample in self.samples
                if begin <= sample.time < end and sample.limit]
        return (min(seen), max(seen)) if seen else None

    def phases(self):
        """[(capacity, begin, end)]"""
        each = self.plan.seconds / len(self.plan.capacities)
        return [(capacity, n * each, (n + 1) * each)
                for n, capacity in enumerate(self.plan.capacities)]

    def rate(self, step=1):
        """[(time, complete reviews a second)], over a step each"""
        return [(at + step / 2, self.goodput(at, at + step))
                for at in range(0, self.plan.seconds, step)]


# A run


def get(server, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port,
                                            timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", path)
        return json.load(connection.getresponse())


def look(llm, server, at):
    status, load = get(server, "/status")["calls"], get(llm, "/_shared")
    return Sample(at, status["limit"]["current"], status["queued"]["total"],
                  status["in_flight"], load["in_flight"], load["capacity"],
                  status["outcomes"])


def watch(plan, llm, server, process):
    """samples, until the load ends; changes the capacity on the way"""
    began = time.monotonic()
    each = plan.seconds / len(plan.capacities)
    samples = []
    for n in range(int(plan.seconds / POLL)):
        time.sleep(max(0, began + n * POLL - time.monotonic()))
        capacity = plan.capacities[int(n * POLL / each)]
        if n * POLL % each == 0:
            get(llm, "/_shared?capacity=%d" % capacity)
        samples.append(look(llm, server, time.monotonic() - began))
    process.wait(30)
    return samples


def read_log(name):
    with open(name) as f:
        rows = [line.split() for line in f]
    return [Review(float(ended) / 1000, float(took) / 1000, good == "1")
            for ended, took, good in rows]


def measure(bench, plan):
    name = os.path.join(bench.temp.name, "reviews")
    options = ["--seconds", str(plan.seconds), "--pause", str(PAUSE),
               "--log", name]
    with servers.llm() as llm, servers.overload(
            bench.so, llm.port, bench.folder.rubric(1),
            plan.limit) as server:
        with bench.loading(server, bench.ask_review(), 10 ** 9, CLIENTS,
                           *options) as process:
            samples = watch(plan, llm, server, process)
        if process.returncode or server.alerts():
            raise SystemExit("the load failed\n" + server.log()[:2000])
        run = Run(plan, read_log(name), samples, get(llm, "/_shared")["most"])
    tell(run)
    return run


def tell(run):
    say("  %-20s %5.1f complete a second, limit %s, %d at the LLM at most, "
        "outcomes %s"
        % (run.plan.name, run.goodput(), run.limits(0, run.plan.seconds),
           run.most, run.samples[-1].outcomes))


# What is told of them


def median(values):
    """None if any is unknown"""
    values = list(values)
    return None if None in values else statistics.median(values)


def told(value):
    return "–" if value is None else number(value) if value else "0"


def percent(value, whole):
    return "%.0f %%" % (100 * value / whole)


def limit_range(runs, begin, end):
    """of all rounds"""
    seen = [n for run in runs for n in run.limits(begin, end) or ()]
    if not seen:
        return "–"
    low, high = min(seen), max(seen)
    return str(low) if low == high else "%d to %d" % (low, high)


def goodput(runs, *when):
    return statistics.median(run.goodput(*when) for run in runs)


def best(rounds):
    """the fixed limit with the largest goodput"""
    return max((calls(n) for n in FIXED),
               key=lambda name: goodput(rounds[name]))


def steady_row(name, rounds):
    runs, most = rounds[name], goodput(rounds[best(rounds)])
    last = (SECONDS * 2 / 3, SECONDS)
    failed, refused = (statistics.median(counts)
                       for counts in zip(*(run.failed() for run in runs)))
    return [name, told(goodput(runs)), percent(goodput(runs), most),
            percent(goodput(runs, *last), most),
            told(median(run.percentile(0.5) for run in runs)),
            told(median(run.percentile(0.99) for run in runs)),
            "%.0f" % failed, "%.0f" % refused, limit_range(runs, *last)]


def change_row(phase, rounds):
    capacity, begin, end = phase
    runs, ideal = rounds[CHANGE], goodput(rounds[calls(capacity)])
    later = begin + (end - begin) / 3
    rate, late = goodput(runs, begin, end), goodput(runs, later, end)
    return ["%d to %d s" % (begin, end), str(capacity), told(ideal),
            told(rate), percent(rate, ideal), told(late),
            percent(late, ideal), limit_range(runs, later, end)]


def tables(rounds):
    steady = [name for name in rounds if name != CHANGE]
    return (
        table(["", "complete/s", "of the best fixed", "in the last third",
               "p50 s", "p99 s", "failed", "refused", "limit at the end"],
              [steady_row(name, rounds) for name in steady]),
        table(["the capacity changes", "capacity", "fixed at it, /s",
               "`auto`, /s", "of fixed", "after a third, /s", "of fixed",
               "limit"],
              [change_row(phase, rounds)
               for phase in rounds[CHANGE][0].phases()]))


def steps(phases):
    """the capacity, as stairs"""
    return ([(begin, capacity) for capacity, begin, _ in phases]
            + [(phases[-1][2], phases[-1][0])])


def draw(runs):
    """of one round"""
    def rate(name, style):
        return picture.Line(name.replace("`", ""), style, runs[name].rate(),
                            False)

    changing = runs[CHANGE]
    return picture.svg(
        "Goodput and limit of an overloaded LLM",
        [picture.Chart(
            "Goodput under %d clients" % CLIENTS, "seconds",
            "complete reviews a second", SECONDS,
            [rate(calls(CAPACITY), "reference"), rate(UNLIMITED, "bad"),
             rate(BELOW, "one"), rate(ABOVE, "two")]),
         picture.Chart(
             "The limit, while the LLM's capacity changes", "seconds",
             "calls", CHANGING,
             [picture.Line("capacity of the LLM", "reference",
                           steps(changing.phases()), True),
              picture.Line("limit, calls=auto", "one",
                           [(sample.time, sample.limit)
                            for sample in changing.samples], True)])])


def overload(bench):
    rounds = collections.defaultdict(list)
    for _ in range(bench.rounds):
        for plan in plans():
            rounds[plan.name].append(measure(bench, plan))
    bench.picture(PICTURE,
                  draw({name: runs[0] for name, runs in rounds.items()}))
    return "![Goodput, and the limit over time](%s)\n\n" % PICTURE + section(
        "Goodput",
        "%d clients, reviews of 1 point, an LLM with a capacity of %d calls. "
        "Runs of %d s, and of %d s where the capacity changes. The first "
        "third of a run is left out, but for the numbers of reviews that "
        "failed and of those that waited in vain, as the circuit was "
        "open." % (CLIENTS, CAPACITY, SECONDS, CHANGING), *tables(rounds))
