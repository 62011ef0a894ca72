#!/usr/bin/python3
"""A batch that an embedding service refuses is halved until what is at fault
stands alone: shown here are many culprits among good inputs, of which none may
be lost, and services that refuse everything, which are soon left alone.
"""

import http.client
import json
import os
import sys

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))

from harness import Harness, Tap  # noqa: E402

HTTP = """
    review_llm /llm;
    review_embeddings /embeddings batch=4 calls=1;
    review_retry tries=1;
"""

SERVER = """
    location = /embed { review_embed; }
    location = /wide {
        review_embed;
        review_embeddings /embeddings batch=32 calls=8;
    }
    location = /index {
        review_embed;
        review_embeddings /index-0 batch=3;
    }
    location = /large { review_embed; review_embeddings /413 batch=32; }
    location = /413 {
        internal;
        proxy_pass http://llm/v1/embeddings?do=status%3D413;
    }
    location = /index-0 {
        internal;
        proxy_pass http://llm/v1/embeddings?do=same_index;
    }
    location = /embeddings {
        internal;
        proxy_pass http://llm/v1/embeddings;
    }
"""


def post(port, uri, inputs):
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    client.request("POST", uri, json.dumps({"input": inputs}).encode(),
                   {"Content-Type": "application/json"})
    reply = client.getresponse()
    body = json.loads(reply.read())
    client.close()
    return reply.status, body


def errors(reply):
    return [item["index"] for item in reply["data"] if "error" in item]


def main():
    nginx = Harness(http=HTTP, server=SERVER)

    try:
        for step in (2, 4, 5):
            inputs = ["POISON %d" % i if i % step == 0 else "good %d" % i
                      for i in range(80)]
            for uri in ("/embed", "/wide"):
                status, reply = post(nginx.port, uri, inputs)
                Tap.ok(status == 200
                       and errors(reply) == list(range(0, 80, step)),
                       "%s: each %d. input is poisoned, no other is lost"
                       % (uri, step), (status, errors(reply)))

        status, reply = post(nginx.port, "/index",
                             ["text %d" % i for i in range(99)])
        Tap.ok(status == 200 and errors(reply) == [],
               "an answer that is good for one input only serves them all",
               (status, errors(reply)))

        status, reply = post(nginx.port, "/large",
                             ["text %d" % i for i in range(2000)])
        Tap.ok(status == 502 and len(errors(reply)) == 2000
               and reply["usage"]["calls"] < 300,
               "a service for which all is too large is asked 300 times at "
               "most", (status, reply["usage"]))
    finally:
        bad = nginx.close()

    Tap.ok(not bad, "nothing alarming is in the error log", bad)
    Tap.end()


main()
