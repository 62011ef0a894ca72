#!/usr/bin/python3
"""
Proves of review_embed what needs a look at the vectors themselves: that each
input has its own, in whatever order and form the service sends them, in the
event loop and on threads; that floats and base64 are made of each other bit by
bit; that answers and errors as services are known to send them are understood.
Proves that ten thousand inputs, and huge ones, are served; and that a client
which goes away takes the calls for it along.
"""

import base64
import http.client
import http.server
import json
import os
import random
import socket
import struct
import sys
import threading
import time
from fractions import Fraction

sys.path.insert(0, os.path.abspath(__file__ + "/../../../lib"))
import embeddings
from harness import LONG, ROOT, SLOW, Harness, Tap, wait_for

HTTP = """
    client_max_body_size 200m;
    review_llm /llm;
    review_embeddings /embeddings;
    review_retry tries=3 backoff=1ms max=1ms budget=1000%;
"""
SERVER = """
        location = /loop { review_embed; review_thread_pool off; }
        location = /threads {
            review_embed;
            review_thread_pool default threshold=1;
        }
        location = /many { review_embed; }
        location = /single {
            review_embed;
            review_embeddings /embeddings batch=1 calls=100;
        }
        location = /few {
            review_embed;
            review_embeddings /embeddings batch=3 calls=2;
        }
        location = /pause {
            review_embed;
            review_embeddings /embeddings batch=3 calls=2;
            review_retry tries=3 backoff=2s max=2s budget=1000%%;
        }
        location = /told {
            review_embed;
            review_embeddings /service batch=2048;
        }
        location = /embeddings {
            internal;
            proxy_pass http://llm/v1/embeddings;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            client_max_body_size 0;
        }
        location = /service {
            internal;
            proxy_pass http://127.0.0.1:%d;
        }
"""
random.seed(7)


def post(port, uri, body):
    """-> the status and the JSON"""
    client = http.client.HTTPConnection("127.0.0.1", port,
                                        timeout=60 * SLOW)
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    client.request("POST", uri, body, {"Content-Type": "application/json"})
    reply = client.getresponse()
    text = reply.read()
    client.close()
    return reply.status, json.loads(text)


def stand_in(nginx, path, method="GET"):
    client = http.client.HTTPConnection("127.0.0.1", nginx.llm_port,
                                        timeout=30 * SLOW)
    client.request(method, path)
    reply = json.loads(client.getresponse().read())
    client.close()
    return reply


def reset(nginx):
    stand_in(nginx, "/_reset", "POST")


def vectors(reply):
    return [item["embedding"] for item in reply["data"]]


def decode(text):
    data = base64.b64decode(text, validate=True)
    return struct.unpack("<%df" % (len(data) // 4), data)


def bits(x):
    """of the float that is nearest to a double, as the stand-in sends it"""
    return struct.unpack("<I", struct.pack("<f", x))[0]


def equal_bits(some, others):
    return len(some) == len(others) and all(
        bits(a) == bits(b) for a, b in zip(some, others))


# Each its own


def same_vectors(got, want):
    return len(got) == len(want) and all(
        equal_bits(decode(a) if isinstance(a, str) else a, b)
        for a, b in zip(got, want))


def order(nginx):
    texts = ["第%d条 招标人 %s" % (i % 70, "abc" * (i % 7)) for i in range(99)]
    want = [embeddings.vector(text, embeddings.DIM) for text in texts]
    for uri in "/loop", "/threads", "/few":
        for form in "float", "base64":
            for script in ("", "reversed", "no_index", "bare floats",
                           "floats", "base64", "reversed base64",
                           "max_batch=2 reversed"):
                sent = [text + (" [[%s]]" % script if script else "")
                        for text in texts]
                status, reply = post(nginx.port, uri, {
                    "input": sent, "encoding_format": form})
                Tap.ok(status == 200 and reply["status"] == "complete"
                       and [item["index"] for item in reply["data"]]
                       == list(range(99))
                       and same_vectors(vectors(reply), want),
                       "%s, %s, %s: each has its own vector"
                       % (uri, form, script or "plain"),
                       reply.get("usage", reply))


def verbatim(nginx):
    """floats that a client wants as floats are those of the service"""
    status, reply = post(nginx.port, "/few", {"input": ["a", "bc"]})
    want = [list(embeddings.vector(text, embeddings.DIM))
            for text in ("a", "bc")]
    Tap.ok(vectors(reply) == want, "floats are handed on as they are")


def tokens(nginx):
    sent = [[1, 2, 3], [4], [1, 2, 3], [5, 6]]
    status, reply = post(nginx.port, "/few", {"input": sent})
    want = [embeddings.vector(embeddings.text_of(given), embeddings.DIM)
            for given in sent]
    Tap.ok(same_vectors(vectors(reply), want), "tokens have their vectors")


# Bit by bit: a service that says what it is told


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer = b""
    status = 200
    to_base64 = None        # what is said to those who ask for it, with 400
    asked = None

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        Service.asked = json.loads(self.rfile.read(size))
        status, answer = Service.status, Service.answer
        if Service.to_base64 and Service.asked["encoding_format"] == "base64":
            status, answer = 400, Service.to_base64
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        if status == 429:
            self.send_header("Retry-After", "9999")
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args):
        pass


def told(nginx, answer, n, form, status=200):
    Service.answer = answer if isinstance(answer, bytes) else answer.encode()
    Service.status = status
    return post(nginx.port, "/told", {
        "input": ["text %d" % i for i in range(n)], "encoding_format": form})


def nearest(text):
    """the float that is nearest to a decimal, of two the even one"""
    value = Fraction(text)
    guess = bits(float(text)) & 0x7fffffff
    best = None
    for near in range(max(0, guess - 2), min(guess + 3, 0x7f800000)):
        size = struct.unpack("<f", struct.pack("<I", near))[0]
        far = (abs(abs(value) - Fraction(size)), near & 1)
        if best is None or far < best[0]:
            best = (far, near)
    return best[1] | (0x80000000 if text.startswith("-") else 0)


ODD = """0 -0 0.0 -0.0 1 -1 1e0 1E+0 10e-1 0.1 -0.1 1e-45 1.4e-45 2.8e-45
    7.006492321624085e-46 7.006492321624086e-46 -1e-45 1e-46 1e-400 -1e-400
    1.17549435e-38 1.1754943508222875e-38 1.1754942e-38 1.175494210692441e-38
    3.4028234663852886e38 3.4028235e38 -3.4028235e38 340282346638528859811e18
    16777216 16777217 16777218 16777219 33554434 33554435 33554437
    0.30000001192092896 0.3000000268220901 123456789 0.000001 1e10 9.999999e-5
    1.00000005960464477539062 1.000000059604644775390625
    1.0000000596046447753906251 0.99999997019767761230468750
    0.333333333333333333333333333333333333 12345678901234567890
    5e-324 2.2250738585072014e-308""".split()


def decimals(n):
    found = list(ODD)
    while len(found) < n:
        kind = random.randrange(4)
        digits = random.randrange(1, 25)
        number = str(random.randrange(10 ** (digits - 1), 10 ** digits))
        if kind == 0:
            text = "0." + number
        elif kind == 1:
            text = number[0] + "." + (number[1:] or "0") \
                + "e%d" % random.randrange(-46, 38)
        elif kind == 2:     # between two floats, or next to it
            at = random.randrange(0x00800000, 0x7f000000)
            low, high = (struct.unpack("<f", struct.pack("<I", at + i))[0]
                         for i in (0, 1))
            middle = (Fraction(low) + Fraction(high)) / 2
            text = exact(middle)[:random.choice((60, 400))]
        else:
            text = repr(random.gauss(0, 0.1))
        if abs(Fraction(text)) < Fraction(2) ** 128 - Fraction(2) ** 103:
            found.append(("-" if random.random() < 0.5 and text[0] != "-"
                          else "") + text)
    return found


def exact(value):
    """a fraction by a power of two as a decimal, all digits"""
    power = value.denominator.bit_length() - 1
    digits = str(value.numerator * 5 ** power).rjust(power + 1, "0")
    if not power:
        return digits
    return digits[:-power] + "." + digits[-power:]


def as_answer(texts, per=100):
    items = ",".join(
        '{"object":"embedding","index":%d,"embedding":[%s]}'
        % (i // per, " , ".join(texts[i:i + per]))
        for i in range(0, len(texts), per))
    return '{"object":"list","data":[%s],"model":"told"}' % items, \
        len(texts) // per


def to_base64(nginx):
    texts = decimals(20000)
    answer, n = as_answer(texts)
    status, reply = told(nginx, answer, n, "base64")
    got = [bits(x) for text in vectors(reply) for x in decode(text)]
    want = [nearest(text) for text in texts]
    bad = [(text, hex(a), hex(b)) for text, a, b in zip(texts, got, want)
           if a != b]
    Tap.ok(status == 200 and len(got) == len(want) and not bad,
           "20,000 decimals to base64: the nearest floats", bad[:5])
    Tap.ok(Service.asked["encoding_format"] == "base64"
           and reply["model"] == "told", "base64 was asked for")

    status, reply = told(nginx, answer, n, "float")
    sent = json.loads(answer)
    Tap.ok(vectors(reply) == [item["embedding"] for item in sent["data"]],
           "floats are not touched")


def from_base64(nginx):
    some = [0, 0x80000000, 1, 0x80000001, 0x007fffff, 0x00800000, 0x7f7fffff,
            0xff7fffff, 0x3f800000, 0x3f800001, 0x3f7fffff, 0x4b800000]
    while len(some) < 20000:
        number = random.getrandbits(32)
        if (number >> 23) & 0xff != 0xff:
            some.append(number)
    data = struct.pack("<20000I", *some)
    answer = json.dumps({"data": [
        {"index": i, "embedding":
         base64.b64encode(data[400 * i:400 * i + 400]).decode()}
        for i in range(200)]})

    status, reply = told(nginx, answer, 200, "float")
    numbers = [x for vector in vectors(reply) for x in vector]
    bad = [(hex(a), repr(b)) for a, b in zip(some, numbers)
           if bits(float(b)) != a]
    Tap.ok(status == 200 and len(numbers) == 20000 and not bad,
           "20,000 floats from base64 read back to the same bits", bad[:5])

    status, again = told(nginx, answer, 200, "base64")
    Tap.ok(vectors(again) == [item["embedding"]
                              for item in json.loads(answer)["data"]],
           "base64 is not touched")

    back = json.dumps({"data": [
        {"index": i, "embedding": vector}
        for i, vector in enumerate(vectors(reply))]})
    status, again = told(nginx, back, 200, "base64")
    Tap.ok(b"".join(base64.b64decode(text) for text in vectors(again))
           == data, "there and back again")


BAD = """1e39 -1e39 3.4028236e38 1e999 NaN -Infinity Infinity nan null true
    "1" [1] {} 01 1. .5 +1 0x10 1e 1e+ - -- 1,,2 "" '1'""".split()


def bad_numbers(nginx):
    for text in BAD:
        for form in "float", "base64":
            status, reply = told(nginx, '{"data":[{"embedding":[0.5,%s]}]}'
                                 % text, 1, form)
            Tap.ok(status == 502
                   and reply["data"][0]["error"]["code"] == "bad_answer",
                   "%s as a number, %s: bad_answer" % (text, form), reply)
    for text in ("AAAA", "AAA=", "AAAAAAA", "AACAfw==", "AACA/w==", "AADAfw==",
                 "AAA AA==", "AAAAA===", "\u0041AAAAA=", "AAAAAB=", "====",
                 "AAAAAAAA", "-_AAAA==", ""):
        for form in "float", "base64":
            status, reply = told(nginx, json.dumps(
                {"data": [{"embedding": text}]}), 1, form)
            Tap.ok(status == 502
                   and reply["data"][0]["error"]["code"] == "bad_answer",
                   "%r as base64, %s: bad_answer" % (text, form), reply)


# What services are known to say


FIXTURES = [
    ("openai-answer", 1, 3), ("openai-base64-answer", 1, 3),
    ("vllm-batch-answer", 3, 2), ("vllm-answer", 2, None),
    ("vllm-base64-answer", 2, None), ("tei-answer", 2, None),
    ("tei-native-answer", 2, 3)]

# status, is a batch halved for it, the error's words

REFUSALS = [
    ("openai-too-long", 400, True, "maximum context length"),
    ("openai-too-many", 400, True, "'$.input' is invalid"),
    ("openai-key", 401, False, "Incorrect API key provided"),
    ("vllm-too-long", 400, True, "maximum context length"),
    ("vllm-too-long-nested", 400, True, "maximum context length"),
    ("tei-batch-size", 413, True, "maximum allowed batch size 32"),
    ("tei-native-batch-size", 413, True, "maximum allowed batch size 32"),
    ("tei-tokens", 413, True, "must have less than"),
    ("fastapi-detail", 422, True, "List should have at most 64 items"),
    ("llamacpp-too-large", 500, True, "too large to process"),
    ("ollama-too-long", 400, True, "exceeds maximum context length"),
    ("dashscope-batch", 400, True, "should not be larger than 10"),
    ("siliconflow-batch", 413, True, "maximum allowed batch size 64")]


def recorded(name):
    with open(os.path.join(ROOT, "t", "data", "embeddings",
                           name + ".json"), "rb") as file:
        return file.read()


def recorded_vectors(answer):
    value = json.loads(answer)
    if isinstance(value, list):
        return value
    items = sorted(value["data"], key=lambda item: item["index"])
    return [list(decode(item["embedding"]))
            if isinstance(item["embedding"], str) else item["embedding"]
            for item in items]


def fixtures(nginx):
    for name, n, dim in FIXTURES:
        answer = recorded(name)
        want = recorded_vectors(answer)
        for form in "float", "base64":
            status, reply = told(nginx, answer, n, form)
            Tap.ok(status == 200 and reply["status"] == "complete"
                   and same_vectors(vectors(reply), want)
                   and (dim is None or len(want[0]) == dim),
                   "%s as %s" % (name, form), reply)
            said = json.loads(answer)
            if isinstance(said, dict):
                Tap.ok(reply["model"] == said["model"]
                       and reply["usage"]["prompt_tokens"]
                       == said["usage"]["prompt_tokens"],
                       "%s: its model and usage" % name, reply)


def refusals(nginx):
    for name, http_status, halved, words in REFUSALS:
        reset(nginx)
        answer = recorded(name)
        status, reply = told(nginx, answer, 4, "float", http_status)
        errors = [item["error"] for item in reply["data"]]
        code = "http_%d" % http_status
        Tap.ok(status == 502 and all(error["code"] == code
                                     and words in error["detail"]
                                     for error in errors),
               "%s: what it says" % name, reply)
        calls = reply["usage"]["calls"]
        tries = 3 if http_status >= 500 else 1
        Tap.ok(calls == (7 if halved else 1) * tries,
               "%s: %s" % (name, "halved" if halved else "believed"), reply)

    status, reply = told(nginx, recorded("tei-overloaded"), 2, "float", 429)
    Tap.ok(status == 502 and reply["usage"]["calls"] == 1
           and reply["data"][0]["error"]
           == {"code": "rate_limited", "detail": "Model is overloaded; "
               "no time is left to try again"},
           "tei-overloaded: there is no time for what it asks", reply)


def refused_encoding(nginx):
    """floats are asked for instead; once they have done, from then on"""
    says = recorded("vllm-encoding")
    status, reply = told(nginx, says, 2, "base64", 400)
    Tap.ok(status == 502 and Service.asked["encoding_format"] == "float",
           "vllm-encoding: floats are asked for instead", reply)
    told(nginx, recorded("openai-base64-answer"), 1, "base64")
    Tap.ok(Service.asked["encoding_format"] == "base64",
           "vllm-encoding: what was said of floats as well is not believed")

    want = recorded_vectors(recorded("openai-answer"))
    Service.to_base64 = says
    status, reply = told(nginx, recorded("openai-answer"), 1, "base64")
    Service.to_base64 = None
    Tap.ok(status == 200 and same_vectors(vectors(reply), want)
           and reply["usage"]["calls"] == 2,
           "vllm-encoding: floats become base64", reply)
    status, reply = told(nginx, recorded("openai-answer"), 1, "base64")
    Tap.ok(same_vectors(vectors(reply), want)
           and reply["usage"]["calls"] == 1
           and Service.asked["encoding_format"] == "float",
           "vllm-encoding: and from then on", reply)


# Many, and large


def ten_thousand(nginx):
    texts = ["文本 %d" % i for i in range(10000)]
    want = [embeddings.vector(text, 8) for text in texts]
    for uri, calls in ("/many", 313), ("/single", 10000):
        reset(nginx)
        status, reply = post(nginx.port, uri, {
            "input": texts, "dimensions": 8, "encoding_format": "base64"})
        stats = stand_in(nginx, "/_stats")["embeddings"]
        Tap.ok(status == 200 and reply["status"] == "complete"
               and same_vectors(vectors(reply), want),
               "10,000 inputs to %s" % uri, reply.get("usage", reply))
        Tap.ok(reply["usage"]["calls"] == calls == stats["calls"]
               and stats["max_in_flight"] <= (100 if uri == "/single" else 4),
               "10,000 inputs to %s: %d calls" % (uri, calls), stats["calls"])

    reset(nginx)
    status, reply = post(nginx.port, "/many", {
        "input": ["文本 %d" % (i % 10) for i in range(10000)],
        "dimensions": 8})
    stats = stand_in(nginx, "/_stats")["embeddings"]
    Tap.ok(status == 200 and stats["inputs"] == 10
           and same_vectors(vectors(reply), want[:10] * 1000),
           "10,000 inputs of ten kinds: ten are sent", stats)


def huge(nginx):
    text = "长" * 3000000
    for uri in "/loop", "/threads":
        status, reply = post(nginx.port, uri, json.dumps(
            {"input": ["a", text, "b", "\"\\\n" * 1000000]},
            ensure_ascii=False).encode())
        Tap.ok(status == 200 and reply["status"] == "complete"
               and reply["usage"]["prompt_tokens"] == 6000002,
               "inputs of 9 MB to %s" % uri, reply.get("usage", reply))
    status, reply = post(nginx.port, "/many",
                         {"input": list(range(1000000))})
    Tap.ok(status == 200 and reply["usage"]["prompt_tokens"] == 1000000,
           "a million tokens", reply.get("usage", reply))


def large_vectors(nginx):
    status, reply = post(nginx.port, "/many", {
        "input": [str(i) for i in range(70)], "dimensions": 4096})
    Tap.ok(status == 200 and {len(v) for v in vectors(reply)} == {4096},
           "4,096 dimensions")
    text = "[" + "0.123456789012345678901234567890," * 20000 + "1]"
    status, reply = told(nginx, '{"data":[{"embedding":%s}]}' % text, 1,
                         "float")
    Tap.ok(status == 502
           and reply["data"][0]["error"]["code"] == "too_large",
           "an answer of 640 KB for one input is not read", reply)


# Clients that go


def request(uri, inputs):
    body = json.dumps({"input": inputs}).encode()
    return (b"POST %s HTTP/1.1\r\nHost: test\r\n"
            b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            % (uri.encode(), len(body))) + body


class Client:
    def __init__(self, nginx, data):
        self.sock = socket.create_connection(("127.0.0.1", nginx.port))
        self.sock.sendall(data)

    def go(self, how):
        if how == "rst":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack("ii", 1, 0))
        if how == "half":
            self.sock.shutdown(socket.SHUT_WR)
        else:
            self.sock.close()


def going(nginx, name, uri, inputs, calls, running, how):
    reset(nginx)
    workers = nginx.workers()
    client = Client(nginx, request(uri, inputs))
    made = stand_in(nginx, "/_wait?calls=%d&timeout=%d" % (calls, 30000 * SLOW))
    wait_for(lambda: stand_in(nginx, "/_stats")["in_flight"] == running)
    start = time.monotonic()
    client.go(how)
    closed = stand_in(nginx, "/_wait?closed=%d&timeout=%d"
                      % (running, 30000 * SLOW))
    took = time.monotonic() - start
    Tap.ok(made["ok"] and closed["ok"] and took < 30 * SLOW,
           "%s by %s: %d calls are closed at once" % (name, how, running),
           (made, closed, took))
    time.sleep(0.5 if running else 2.2)     # longer than the pause
    stats = stand_in(nginx, "/_stats")
    Tap.ok(stats["calls"] == calls and stats["in_flight"] == 0,
           "%s by %s: no other call is made" % (name, how), stats)
    status, reply = post(nginx.port, uri, {"input": "a"})
    Tap.ok(status == 200 and nginx.workers() == workers,
           "%s by %s: the next one is served" % (name, how), reply)
    client.sock.close()


def goings(nginx):
    for how in "fin", "rst", "half":
        hang = ["a", "b", "c [[hang]]"]
        body = ["d", "e", "f [[hang_body]]"]
        more = [str(i) for i in range(30)]
        going(nginx, "amid calls", "/few", hang + body + more, 2, 2, how)
        going(nginx, "amid calls, some done", "/few",
              more[:6] + hang + body + more, 4, 2, how)
        going(nginx, "in a pause", "/pause", ["a", "b [[500|ok]]"], 1, 0, how)
    going(nginx, "with a hundred calls", "/single",
          ["%d [[hang]]" % i for i in range(500)], 100, 100, "rst")


def going_threads(nginx):
    """at any moment, while threads read, parse, and convert"""
    workers = nginx.workers()
    data = request("/threads", ["%d %s" % (i, "词" * 300)
                                for i in range(3000)])
    for _ in range(40 if LONG else 15):
        client = Client(nginx, data)
        time.sleep(random.random() * 0.25)
        client.go(random.choice(("fin", "rst")))
    status, reply = post(nginx.port, "/threads", {"input": ["a", "b"]})
    Tap.ok(status == 200 and nginx.workers() == workers,
           "at any moment while threads are at work", reply)
    Tap.ok(wait_for(lambda: stand_in(nginx, "/_stats")["in_flight"] == 0),
           "at any moment while threads are at work: no call is left")


def side_by_side(nginx):
    """many at a time, each with its own replies"""
    bad = []

    def one(number):
        texts = ["%d %d" % (number, i) for i in range(40)]
        want = [embeddings.vector(text, embeddings.DIM) for text in texts]
        for uri in "/few", "/threads", "/loop":
            status, reply = post(nginx.port, uri, {"input": texts})
            if status != 200 or not same_vectors(vectors(reply), want):
                bad.append((number, uri, status))

    threads = [threading.Thread(target=one, args=(i,)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    Tap.ok(not bad, "twenty clients at a time: each has its own", bad)


def main():
    service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    nginx = Harness(http=HTTP, server=SERVER % service.server_address[1],
                    level="notice")
    try:
        for test in (order, verbatim, tokens, side_by_side, to_base64,
                     from_base64, bad_numbers, fixtures, refusals,
                     ten_thousand, huge, large_vectors, goings, going_threads,
                     refused_encoding):
            test(nginx)
    finally:
        bad = nginx.close()
        service.shutdown()
    Tap.ok(not bad, "nothing alarming is in the error log", "\n".join(bad))
    Tap.end()


main()
