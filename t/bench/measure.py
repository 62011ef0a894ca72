"""
How the benchmarks measure: a load on a server, what it costs the server, and
the same for several peers in turn.
"""

import collections
import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile

import bodies
import servers

# what a client sends: the bodies of one review, and what its replies contain
Ask = collections.namedtuple("Ask", "path bodies expect headers")

# a server to be measured: start(llm) returns it
Peer = collections.namedtuple("Peer", "name start ask reviews")

COMPLETE = '"status":"complete"'


def say(text):
    print(text, file=sys.stderr, flush=True)


class Bench:
    """what the sections share"""

    def __init__(self, so, load, modules=None, rounds=3, pictures=None):
        self.so = os.path.abspath(so)
        self.load_binary = os.path.abspath(load)
        self.modules = modules and os.path.abspath(modules)
        self.rounds = rounds
        self.pictures = pictures            # the folder for them
        self.temp = tempfile.TemporaryDirectory(prefix="review-bench-")
        os.chmod(self.temp.name, 0o755)     # rubrics are read from there
        self.folder = bodies.Folder(self.temp.name)
        os.sched_setaffinity(0, servers.OTHER_CORE)

    def program(self, name):
        """what was built beside the load"""
        return os.path.join(os.path.dirname(self.load_binary), name)

    def picture(self, name, text):
        if self.pictures:
            with open(os.path.join(self.pictures, name), "w",
                      encoding="utf-8") as f:
                f.write(text)

    def ask_review(self, chunk=None, headers=()):
        return Ask("/v1/review", [self.folder.review(chunk or bodies.text())],
                   COMPLETE, headers)

    def ask_calls(self, chunk=None, stream=False, of=None):
        """the client of a plain proxy makes the calls itself"""
        return Ask("/v1/chat/completions",
                   self.folder.calls(chunk or bodies.text(), stream, of),
                   "[DONE]" if stream else "verdict", ())

    # the peers

    def module(self, path, stream="off", **settings):
        return lambda llm: servers.module(self.so, llm.port, path, stream,
                                          **settings)

    def proxy(self, path, buffering="on", **settings):
        return lambda llm: servers.proxy(llm.port, path, buffering,
                                         **settings)

    # the load

    @contextlib.contextmanager
    def loading(self, server, ask, reviews, clients, *options):
        """a load that runs"""
        command = [self.load_binary, "--port", str(server.port),
                   "--path", ask.path, "--expect", ask.expect,
                   "--reviews", str(reviews), "--clients", str(clients),
                   *options]
        for header in ask.headers:
            command += ["--header", header]
        for body in ask.bodies:
            command += ["--body", body]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True,
            preexec_fn=servers.pin(servers.OTHER_CORE))
        try:
            yield process
        finally:
            process.kill()
            process.wait()

    def load(self, server, ask, reviews, clients, ramp=0, seconds=180):
        """what the load prints; none of the reviews may be bad"""
        with self.loading(server, ask, reviews, clients, "--ramp",
                          str(ramp)) as process:
            output = output_of(process, server, seconds)
        return checked(process, output, server)

    def measure(self, llm, peer, clients, ramp):
        """a peer, started for the purpose and warmed up"""
        with peer.start(llm) as server:
            self.load(server, peer.ask, max(peer.reviews // 10, clients),
                      clients)
            cpu, llm_cpu, load_cpu = server.cpu(), llm.cpu(), ended_cpu()
            result = self.load(server, peer.ask, peer.reviews, clients, ramp)
            cpu, llm_cpu, load_cpu = (server.cpu() - cpu, llm.cpu() - llm_cpu,
                                      ended_cpu() - load_cpu)
            log = server.log().splitlines()
        seconds = result["seconds"]
        result.update(cpu=cpu * 1000 / peer.reviews,
                      rate=peer.reviews / seconds,
                      llm=100 * llm_cpu / seconds,
                      load=100 * load_cpu / seconds)
        say("  %-30s %.3f s of CPU for 1,000 reviews, %d a second, "
            "p50 %.1f ms, p99 %.1f ms"
            % (peer.name, result["cpu"], result["rate"], result["p50"],
               result["p99"]))
        if log:
            say("  its log has %d lines: %s" % (len(log), log[0][:200]))
        return result

    def measure_all(self, llm, peers, clients, ramp=0, rounds=None):
        """each round has all peers, so that noise comes to all of them"""
        return Rounds([{peer.name: self.measure(llm, peer, clients, ramp)
                        for peer in peers}
                       for _ in range(rounds or self.rounds)])


def ended_cpu():
    """seconds of CPU of child processes that have ended: of loads"""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def output_of(process, server, seconds):
    try:
        return process.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        raise servers.Unmeasured("no end of the load after %d s\n%s" % (
            seconds, server.log()[:2000])) from None


def checked(process, output, server):
    if process.returncode != 0:
        raise SystemExit("the load failed with status %d\n%s"
                         % (process.returncode, server.log()[:2000]))
    result = json.loads(output)
    if result["bad"] or server.alerts():
        raise SystemExit("%d of %d reviews were bad\n%s"
                         % (result["bad"], result["reviews"],
                            server.log()[:2000]))
    return result


class Rounds:
    """a measurement of each peer in each round"""

    def __init__(self, rounds):
        self.rounds = rounds

    def all(self, name, field):
        return [measured[name][field] for measured in self.rounds]

    def median(self, name, field):
        return statistics.median(self.all(name, field))

    def difference(self, one, other, field):
        return statistics.median(
            measured[one][field] - measured[other][field]
            for measured in self.rounds)

    def ratio(self, one, other, field="cpu"):
        """of what was measured side by side"""
        return statistics.median(
            measured[one][field] / measured[other][field]
            for measured in self.rounds)
