"""
Do all peers ask the LLM the same?  One review through each of them, to the
stand-in that records its calls.  Keys in marks are the module's alone.
"""

import json
import re
import urllib.request

import servers


def get(port, path):
    with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path)) as f:
        return json.load(f)


def body(call):
    value = call["body"]
    return json.loads(value) if isinstance(value, str) else value


def unkeyed(asked):
    return [dict(message, content=re.sub(' key="[0-9a-f]{16}"', "",
                                         message["content"]))
            for message in asked]


def messages(bench, peer):
    """of the calls of one review, in the order of their texts"""
    with servers.recording_llm() as llm:
        with peer.start(llm) as server:
            bench.load(server, peer.ask, 1, 1, seconds=30)
        calls = get(llm.port, "/_calls")
    return sorted((unkeyed(body(call)["messages"]) for call in calls),
                  key=lambda asked: asked[-1]["content"])


def first_difference(one, other):
    if len(one) != len(other):
        return "%d calls, %d calls" % (len(one), len(other))
    for a, b in zip(one, other):
        a, b = (json.dumps(asked, ensure_ascii=False, sort_keys=True)
                for asked in (a, b))
        if a != b:
            at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y),
                      min(len(a), len(b)))
            at = max(0, at - 20)
            return "...%s...\n...%s..." % (a[at:at + 80], b[at:at + 80])
    return None


def check(bench, peers):
    """ends the benchmark if they don't; the number of calls if they do"""
    first = messages(bench, peers[0])
    for peer in peers[1:]:
        difference = first_difference(first, messages(bench, peer))
        if difference:
            raise SystemExit("%s and %s ask differently:\n%s"
                             % (peers[0].name, peer.name, difference))
    return len(first)
