#!/usr/bin/python3
"""
Proves the scores of review_rank against another computation of them: cosines
of the vectors that the stand-in makes, BM25 as its formula says, and ranks
counted one by one; for the articles of a law, for texts of random words and
numbers in several scripts, in the event loop and on threads.  Proves that two
thousand texts are ranked, that answers to real questions are sensible by words
as by embeddings, and that a client which goes away leaves nothing behind.
"""

import functools
import http.client
import json
import math
import os
import random
import re
import socket
import struct
import sys
import time
import unicodedata

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
import embeddings
from harness import LONG, ROOT, SLOW, Harness, Tap, wait_for

DIM = 1024
K1, B = 1.2, 0.75
CLOSE = 1e-4
LAW = os.path.join(ROOT, "t", "data", "招标投标法.md")

HTTP = """
    client_max_body_size 200m;
    review_llm /llm;
    review_embeddings /embeddings;
    review_retry tries=1;
"""
SERVER = """
        location = /loop { review_rank; review_thread_pool off; }
        location = /threads {
            review_rank;
            review_thread_pool default threshold=1;
        }
        location = /few {
            review_rank;
            review_embeddings /embeddings batch=7 calls=3;
        }
        location = /words { review_rank; }
        location = /embeddings {
            internal;
            proxy_pass http://llm/v1/embeddings?do=dim%%3D%d;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
""" % DIM
random.seed(11)


def rank(nginx, body, uri="/few"):
    """-> the reply's JSON"""
    client = http.client.HTTPConnection("127.0.0.1", nginx.port,
                                        timeout=60 * SLOW)
    client.request("POST", uri, json.dumps(body).encode(),
                   {"Content-Type": "application/json"})
    reply = json.loads(client.getresponse().read())
    client.close()
    return reply


def stand_in(nginx, path, method="GET"):
    client = http.client.HTTPConnection("127.0.0.1", nginx.llm_port,
                                        timeout=30 * SLOW)
    client.request(method, path)
    reply = json.loads(client.getresponse().read())
    client.close()
    return reply


# Another way to the same scores


PARTS = re.compile(r"""(?P<cjk>[\u3400-\u9fff]+)
                     | (?P<number>\d+(?:,\d{3}(?!\d))*(?:\.\d+)*)
                     | (?P<word>[^\W\d_\u3400-\u9fff]+)""", re.X)


@functools.lru_cache(maxsize=8192)
def words_of(text):
    """-> keys: words, numbers, pairs; the last character has a key alone"""
    keys = []
    for found in PARTS.finditer(unicodedata.normalize("NFKC", text)
                                .casefold()):
        part = found.group()
        if found.lastgroup == "cjk":
            keys += list(zip(part, part[1:])) + [(part[-1], "")]
            if len(part) == 1:
                keys[-1] = (part, "alone")
        elif found.lastgroup == "number":
            keys.append(part.replace(",", ""))
        else:
            keys.append(part)
    return keys


def bm25(texts, query):
    docs = [words_of(text) for text in texts]
    mean = sum(map(len, docs)) / len(docs)
    scores = [0.0] * len(docs)
    for key in dict.fromkeys(words_of(query)):
        if isinstance(key, tuple) and key[1] == "":
            continue
        if isinstance(key, tuple) and key[1] == "alone":
            counts = [sum(isinstance(k, tuple) and k[0] == key[0]
                          for k in doc) for doc in docs]
        else:
            counts = [doc.count(key) for doc in docs]
        n = sum(count > 0 for count in counts)
        idf = math.log(1 + (len(docs) - n + 0.5) / (n + 0.5))
        for i, f in enumerate(counts):
            scores[i] += idf * f * (K1 + 1) / (
                f + K1 * (1 - B + B * len(docs[i]) / mean))
    return scores


@functools.lru_cache(maxsize=8192)
def cosine(query, text):
    some = embeddings.vector(query, DIM)
    other = embeddings.vector(text, DIM)
    return (sum(a * b for a, b in zip(some, other))
            / math.sqrt(sum(a * a for a in some))
            / math.sqrt(sum(b * b for b in other)))


def cosines(texts, query):
    return [cosine(query, text) for text in texts]


def fusion(lists, i):
    """the least and the most that it may be, as floats are not exact"""
    low = high = 0
    for scores in lists:
        if abs(scores[i]) < 1e-7:
            continue
        better = sum(score > scores[i] + 1e-5 for score in scores)
        as_good = sum(score > scores[i] - 1e-5 for score in scores)
        high += 1 / (60 + better + 1)
        low += 1 / (60 + as_good)
    return low - 1e-6, high + 1e-6


def in_order(texts, ranked):
    """best first, of the same texts that with the least index"""
    last = {}
    for item in ranked:
        if texts[item["index"]] in last \
                and last[texts[item["index"]]] > item["index"]:
            return False
        last[texts[item["index"]]] = item["index"]
    return all(a["score"] >= b["score"] for a, b in zip(ranked, ranked[1:]))


def differ(got, want, n):
    """-> those that are not as they should be"""
    scores = {item["index"]: item["score"] for item in got}
    if len(scores) != n:
        return "not all are there"
    return [(i, scores[i], want[i]) for i in range(n)
            if abs(scores[i] - want[i]) > CLOSE * max(1, abs(want[i]))][:5]


def compare(nginx, name, texts, queries, uri="/few"):
    by_words = [bm25(texts, query) for query in queries]
    by_vectors = [cosines(texts, query) for query in queries]
    want = {"bm25": by_words, "embedding": by_vectors}
    n = len(texts)

    for by in "bm25", "embedding", "hybrid":
        reply = rank(nginx, {"queries": queries, "texts": texts, "by": by,
                             "top_k": n}, uri)
        results = [result["ranked"] for result in reply["results"]]
        if by == "hybrid":
            bad = [(q, item) for q, ranked in enumerate(results)
                   for item in ranked
                   for low, high in [fusion((by_words[q], by_vectors[q]),
                                            item["index"])]
                   if not low <= item["score"] <= high][:5]
        else:
            bad = [(q, diff) for q, ranked in enumerate(results)
                   for diff in [differ(ranked, want[by][q], n)] if diff]
        Tap.ok(reply["by"] == by and "error" not in reply
               and len(results) == len(queries) and not bad,
               "%s by %s, %s: the scores" % (name, by, uri), bad)
        Tap.ok(all(in_order(texts, ranked) for ranked in results),
               "%s by %s, %s: the order" % (name, by, uri))

        few = rank(nginx, {"queries": queries, "texts": texts, "by": by,
                           "top_k": 5}, uri)
        Tap.ok([result["ranked"] for result in few["results"]]
               == [ranked[:5] for ranked in results],
               "%s by %s, %s: the five best" % (name, by, uri))


# The articles of a law


def articles():
    with open(LAW, encoding="utf-8") as file:
        text = file.read()
    parts = re.split(r"^(?=第[一二三四五六七八九十]+条)", text, flags=re.M)
    return [re.sub(r"\s*^##.*", "", part, flags=re.M | re.S).strip()
            for part in parts[1:]]


# what is asked, and how the article that tells it begins

QUESTIONS = [
    ("开标应当在什么时间、什么地点进行", "第三十四条"),
    ("开标由谁主持，邀请谁参加", "第三十五条"),
    ("评标委员会的组成，成员人数为五人以上单数", "第三十七条"),
    ("联合体各方应当签订共同投标协议", "第三十一条"),
    ("投标人少于三个的，应当重新招标", "第二十八条"),
    ("自中标通知书发出之日起三十日内订立书面合同", "第四十六条"),
    ("将必须进行招标的项目化整为零规避招标", "第四条"),
]


def sensible(nginx, texts):
    questions = [question for question, _ in QUESTIONS]
    for by in "bm25", "embedding", "hybrid":
        reply = rank(nginx, {
            "queries": questions, "by": by, "top_k": 3,
            "chunks": [{"id": text.split()[0], "text": text}
                       for text in texts]})
        for (question, begin), result in zip(QUESTIONS, reply["results"]):
            best = [item["id"] for item in result["ranked"]]
            Tap.ok(begin in best[:1 if by == "bm25" else 3],
                   "by %s: %s" % (by, question), (begin, best))


def law(nginx):
    texts = articles()
    Tap.ok(len(texts) == 68, "68 articles", len(texts))
    questions = [question for question, _ in QUESTIONS] + ["标", "投标。标"]
    for uri in "/few", "/threads", "/loop":
        compare(nginx, "the law", texts, questions, uri)
    compare(nginx, "the law, twice", texts * 2, questions[:3])
    sensible(nginx, texts)


# Anything


WORDS = """tender bid bond Bond BOND price GB/T 50500 GBT50500 3.5 1,000 1000
    1,000,000 30 ３０ ＡＢＣ abc a b ISO-9001 Straße e=mc2 第3章 工期30日 投标
    保证金 投标保证金 金 标 评标委员会 质量 （一） “工程” 2024年5月1日 12,34
    1.2.3 x_y ,5 5. ... ！ Ünïcode привет ΣΊΣΥΦΟΣ""".split()


def some_text(n):
    return " ".join(random.choice(WORDS) for _ in range(n))


def anything(nginx):
    for count in 1, 2, 3, 17, 64, 65, 150:
        texts = [some_text(random.randrange(1, 40)) for _ in range(count)]
        texts += random.choices(texts, k=count // 5)
        queries = [some_text(random.randrange(1, 7)) for _ in range(5)]
        compare(nginx, "%d texts" % len(texts), texts, queries,
                random.choice(("/few", "/threads", "/loop")))


def two_thousand(nginx):
    texts = ["第 %d 条 %s" % (i, some_text(30)) for i in range(2000)]
    stand_in(nginx, "/_reset", "POST")
    compare(nginx, "2,000 texts", texts, ["第 1234 条 工期"],
            "/words")
    reply = rank(nginx, {"query": "第 1234 条", "texts": texts, "by": "bm25"},
                 "/words")
    ranked = reply["results"][0]["ranked"]
    Tap.ok(len(ranked) == 10 and ranked[0]["index"] == 1234,
           "2,000 texts: the one", ranked[:3])
    stats = stand_in(nginx, "/_stats")["embeddings"]
    Tap.ok(stats["max_in_flight"] <= 4 and max(stats["batches"]) == 32,
           "2,000 texts: batches of 32, four at a time", stats["calls"])


# When embeddings cannot be had


def fallback(nginx):
    texts = articles()
    words = rank(nginx, {"query": "开标由谁主持", "texts": texts,
                         "by": "bm25"})
    for uri in "/few", "/threads":
        for by in "embedding", "hybrid":
            reply = rank(nginx, {"query": "开标由谁主持", "by": by,
                                 "texts": texts[:-1] + ["POISON"] * 1}, uri)
            Tap.ok(reply["by"] == "bm25"
                   and reply["error"]["code"] == "http_400"
                   and reply["results"][0]["ranked"][0]["index"]
                   == words["results"][0]["ranked"][0]["index"],
                   "one text of many has no vector, %s by %s: the words do"
                   % (uri, by), reply.get("error"))


# Clients that go


def going(nginx):
    workers = nginx.workers()
    texts = [some_text(60) for _ in range(1000)]
    hang = ["%d [[hang]]" % i for i in range(50)]

    stand_in(nginx, "/_reset", "POST")
    client = send(nginx, "/few", {"query": "a", "texts": hang})
    stand_in(nginx, "/_wait?calls=3&timeout=%d" % (30000 * SLOW))
    client.close()
    closed = stand_in(nginx, "/_wait?closed=3&timeout=%d" % (30000 * SLOW))
    Tap.ok(closed["ok"] and closed["calls"] == 3,
           "a client goes: its calls are closed", closed)

    for i in range(30 if LONG else 10):
        client = send(nginx, "/threads", {
            "queries": texts[:50], "texts": texts,
            "by": random.choice(("bm25", "embedding", "hybrid"))})
        time.sleep(random.random() * 0.3)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                          struct.pack("ii", 1, 0))
        client.close()

    reply = rank(nginx, {"query": "bid", "texts": ["a", "bid"]}, "/threads")
    Tap.ok(reply["by"] == "embedding" and nginx.workers() == workers,
           "clients go while threads rank: the next one is served", reply)
    Tap.ok(wait_for(lambda: stand_in(nginx, "/_stats")["in_flight"] == 0),
           "clients go while threads rank: no call is left")


def send(nginx, uri, body):
    data = json.dumps(body).encode()
    client = socket.create_connection(("127.0.0.1", nginx.port))
    client.sendall(b"POST %s HTTP/1.1\r\nHost: test\r\nContent-Type: "
                   b"application/json\r\nContent-Length: %d\r\n\r\n"
                   % (uri.encode(), len(data)) + data)
    return client


def main():
    nginx = Harness(http=HTTP, server=SERVER, level="notice")
    try:
        for test in law, anything, two_thousand, fallback, going:
            test(nginx)
    finally:
        bad = nginx.close()
    Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))
    Tap.end()


main()
