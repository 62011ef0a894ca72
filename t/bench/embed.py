"""The section about embeddings: batches made of many inputs."""

import json
import urllib.request

import bodies
import servers
from measure import COMPLETE, Ask, Peer
from table import number, section, span, table

PROXY, MODULE, PYTHON = "plain proxy", "this module", "FastAPI, aiohttp"
INPUTS, BATCH, DIM = 1000, 32, 1024
CLIENTS = 2
PATH = "/v1/embeddings"


def embed(bench):
    with servers.llm() as llm:
        same(bench, llm)
        rows = [row for form in ("float", "base64")
                for row in measure(bench, llm, form)]
    return section(
        "Embeddings",
        "%s inputs of 300 characters in a request, sent on in batches of %d, "
        "4 of them at a time; vectors of %s numbers, which the service has "
        "prepared. The plain proxy is sent the batches by the client itself, "
        "all at once. The vectors of all peers are the same. CPU in seconds "
        "for 1,000 inputs." % (number(INPUTS), BATCH, number(DIM)),
        table(["", "CPU s", "rounds", "÷ plain proxy", "module ÷ it",
               "a request, ms"], rows))


def peers(bench, form):
    texts = bodies.inputs(INPUTS)
    whole = Ask(PATH, [bench.folder.embed(texts, form)], COMPLETE, ())
    batches = Ask(PATH, [bench.folder.embed(texts[i:i + BATCH], form)
                         for i in range(0, INPUTS, BATCH)],
                  '"usage"', ())
    return [
        Peer(PROXY, lambda llm: servers.embed_proxy(llm.port), batches, 40),
        Peer(MODULE, lambda llm: servers.embed(bench.so, llm.port), whole,
             40),
        Peer(PYTHON, lambda llm: servers.uvicorn("embed_service", llm.port,
                                                 ""), whole, 4)]


def measure(bench, llm, form):
    rounds = bench.measure_all(llm, peers(bench, form), CLIENTS)
    return [["%s, %s" % (peer.name, form),
             rounds.median(peer.name, "cpu") / 1000,
             span([cpu / 1000 for cpu in rounds.all(peer.name, "cpu")]),
             rounds.ratio(peer.name, PROXY), rounds.ratio(MODULE, peer.name),
             rounds.median(peer.name, "p50")]
            for peer in peers(bench, form)]


# Do they reply with the same?


def post(port, name):
    with open(name, "rb") as f:
        request = urllib.request.Request(
            "http://127.0.0.1:%d%s" % (port, PATH), f.read(),
            {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        return [item["embedding"] for item in json.load(reply)["data"]]


def same(bench, llm):
    """ends the benchmark if the peers' vectors differ"""
    for form in ("float", "base64"):
        found = []
        for peer in peers(bench, form):
            with peer.start(llm) as server:
                found.append([vector for name in peer.ask.bodies
                              for vector in post(server.port, name)])
        if len(found[0]) != INPUTS or found[1:] != found[:-1]:
            raise SystemExit("the peers' vectors differ")
