"""The embeddings of the stand-in, llm.py: POST to a path that ends in
/v1/embeddings.

The script is in the query parameter "do", and in the last [[...]] of the last
input that has one; with both, the words of both hold: a service that takes
batches of 4 and fails once is

    proxy_pass http://llm/v1/embeddings?do=max_batch%3D4;
    {"input": ["a", "b [[500|ok]]"]}

All words that say when, and what on the wire, and those that give another
answer instead, are as in llm.py (slow and chunked: 8 pieces).  Also:

The service:
    dim=N            dimension of the vectors (64); "dimensions" is heeded first
    max_batch=N      takes so many inputs in a call
    max_chars=N      takes so many code points, or tokens, in an input
    max_sum=N        takes so many in all inputs of a call
    form=NAME        whose errors these are: openai vllm vllm_new tei tei_openai
                     dashscope fastapi plain; else tei, or openai for max_chars
    refuse=STATUS    their status, else 413 for tei, 400 for others
    no_base64        400 that names encoding_format, if base64 is asked for
    floats, base64   the form of the vectors, whatever encoding_format says

Its faults:
    reversed         the last vector first
    no_index         without "index"
    same_index       all are number 0
    bare             an array of arrays is the whole answer
    missing, extra   one vector too few, or too many
    wrong_dim        one has a number less
    nan, null, inf   a number in one is NaN, null or 1e999 (base64: NaN, null
                     instead of the vector, infinity)
    at=N             which one it is (the middle one)
    fixture=NAME     the file t/data/embeddings/NAME is the body

An input with POISON in it makes every call 400 that it is in, POISON5XX 500.

Vectors are made from the bigrams of the text without its scripts, in lower
case: the same text always has the same vector, of length 1, and texts that
have much in common are near.  usage.prompt_tokens is the number of code
points, or tokens, in all inputs.

For tests to look at, besides what llm.py tells of all calls together:
    GET  /_stats     "embeddings": {calls, in_flight, max_in_flight, answered,
                     client_closed, inputs, distinct, most, batches}: the
                     number of inputs sent, of different ones, of times that one
                     was sent most often, and of the inputs of each call
    GET  /_inputs    [{text, times}], in the order they came.  Filter:
                     ?contains=TEXT
With --no-record, distinct, most and batches are not there.
"""

import base64
import collections
import functools
import json
import math
import os
import re
import struct
import zlib

PATH = "/v1/embeddings"
DIM = 64
MAX_DIM = 65536
FIXTURES = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                        os.pardir, "data", "embeddings")
TYPES = {".json": "application/json", ".html": "text/html"}

FLAGS = frozenset("""
    no_base64 floats base64 reversed no_index same_index bare missing extra
    wrong_dim nan null inf""".split())
NUMBERS = frozenset("dim max_batch max_chars max_sum refuse at".split())
WORDS = frozenset("form fixture".split())

SCRIPTS = re.compile(r"\[\[.*?\]\]", re.DOTALL)

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def is_tokens(value):
    return isinstance(value, list) and bool(value) and all(
        type(n) is int and n >= 0 for n in value)


def inputs_of(request):
    """-> a list of texts, or of lists of tokens; None: no service takes it"""

    given = request.get("input")
    if isinstance(given, str) or is_tokens(given):
        given = [given]
    if not isinstance(given, list) or not given:
        return None
    if all(isinstance(text, str) and text for text in given) \
            or all(is_tokens(tokens) for tokens in given):
        return given
    return None


def why_bad(request):
    """what is wrong with a request, or None"""

    dim = request.get("dimensions", DIM)
    if inputs_of(request) is None:
        return "input"
    if request.get("encoding_format", "float") not in ("float", "base64"):
        return "encoding_format"
    if type(dim) is not int or not 1 <= dim <= MAX_DIM:
        return "dimensions"
    return None


def text_of(given):
    if isinstance(given, str):
        return given
    return " ".join(map(str, given))


# Vectors


@functools.lru_cache(maxsize=65536)
def place(first, second):
    """a bigram -> a number that says where it counts, and with which sign"""

    return zlib.crc32((first + second).encode("utf-8", "surrogatepass"))


@functools.lru_cache(maxsize=4096)
def vector(text, dim):
    text = " " + " ".join(SCRIPTS.sub(" ", text).lower().split()) + " "
    numbers = [0.0] * dim
    for bigram, times in collections.Counter(zip(text, text[1:])).items():
        at = place(*bigram)
        numbers[(at >> 1) % dim] += times if at & 1 else -times
    length = math.sqrt(sum(x * x for x in numbers))
    if length == 0:
        return (1.0,) + (0.0,) * (dim - 1)
    return tuple(round(x / length, 6) for x in numbers)


# What a service refuses


def openai(message, status, param=None, code=None):
    return {"error": {"message": message, "type": "invalid_request_error"
                      if status < 500 else "server_error",
                      "param": param, "code": code}}


def vllm(message, status):
    return {"object": "error", "message": message, "type": "BadRequestError",
            "param": None, "code": status}


def vllm_new(message, status):
    return {"error": {"message": message, "type": "BadRequestError",
                      "param": None, "code": status}}


def tei(message, status):
    return {"error": message, "error_type": "Validation"}


def tei_openai(message, status):
    return {"message": message, "code": status, "type": "Validation"}


def dashscope(message, status):
    return {"error": {"message": "<%d> InternalError.Algo.InvalidParameter: "
                      "Value error, %s.: input.contents" % (status, message),
                      "type": "InvalidParameter", "param": None,
                      "code": "InvalidParameter"},
            "id": "0", "request_id": "0"}


def fastapi(message, status):
    return {"detail": message}


def plain(message, status):
    return message


FORMS = {form.__name__: form for form in (
    openai, vllm, vllm_new, tei, tei_openai, dashscope, fastapi, plain)}

LONG = {
    "openai": "This model's maximum context length is {limit} tokens, however "
              "you requested {n} tokens ({n} in your prompt; 0 for the "
              "completion). Please reduce your prompt; or completion length.",
    "vllm": "This model's maximum context length is {limit} tokens. However, "
            "you requested {n} tokens in the input for embedding generation. "
            "Please reduce the length of the input.",
    "tei": "Input validation error: `inputs` must have less than {limit} "
           "tokens. Given: {n}",
    "dashscope": "Range of input length should be [1, {limit}]",
    "fastapi": "输入过长：{n}，上限 {limit}",
    "plain": "input is too long: {n} > {limit}\n",
}
MANY = {
    "openai": "Invalid 'input': array too long. Expected an array with maximum "
              "length {limit}, but got an array with length {n} instead.",
    "vllm": "Too many inputs: {n}, at most {limit} are allowed in a batch.",
    "tei": "batch size {n} > maximum allowed batch size {limit}",
    "dashscope": "batch size is invalid, it should not be larger than {limit}",
    "fastapi": "批量 {n} 超过上限 {limit}",
    "plain": "too many inputs: {n} > {limit}\n",
}


def too_large(do, form, messages, n, limit):
    """-> the status and the error"""

    form = do.get("form", form)
    status = do.get("refuse", 413 if form.startswith("tei") else 400)
    message = messages[re.sub("_.*", "", form)].format(n=n, limit=limit)
    if form == "openai":
        param = "input" if messages is MANY else None
        code = "array_above_max_length" if messages is MANY else None
        return status, openai(message, status, param, code)
    return status, FORMS[form](message, status)


def refusal(do, request, inputs):
    """-> the status and the error, or None"""

    texts = [text_of(given) for given in inputs]
    sizes = [len(given) for given in inputs]
    poison = [text for text in texts if "POISON" in text]
    if any("POISON5XX" in text for text in poison):
        return 500, openai("the model has crashed", 500)
    if poison:
        return 400, openai("an input is not allowed", 400, "input")
    if "no_base64" in do and request.get("encoding_format") == "base64":
        message = "encoding_format base64 is not supported"
        status = do.get("refuse", 400)
        return status, FORMS[do.get("form", "openai")](message, status)

    for limit, n, form, messages in (
            ("max_batch", len(inputs), "tei", MANY),
            ("max_chars", max(sizes), "openai", LONG),
            ("max_sum", sum(sizes), "tei", LONG)):
        if limit in do and n > do[limit]:
            return too_large(do, form, messages, n, do[limit])
    return None


# The answer


def write(do, numbers, as_base64, faulty):
    """a vector as JSON"""

    bad = None
    if faulty:
        if "wrong_dim" in do:
            numbers = numbers[:-1]
        bad = next((word for word in ("nan", "null", "inf") if word in do),
                   None)

    if as_base64:
        if bad == "null":
            return "null"
        if bad:
            numbers = (math.nan if bad == "nan" else math.inf,) + numbers[1:]
        data = struct.pack(f"<{len(numbers)}f", *numbers)
        return f'"{base64.b64encode(data).decode()}"'

    texts = list(map(repr, numbers))
    if bad:
        texts[-1:] = [{"nan": "NaN", "null": "null", "inf": "1e999"}[bad]]
    return f'[{",".join(texts)}]'


def vectors(do, request, inputs):
    """-> [(index, JSON)]"""

    dim = request.get("dimensions") or do.get("dim", DIM)
    as_base64 = "floats" not in do and (
        "base64" in do or request.get("encoding_format") == "base64")
    at = do.get("at", len(inputs) // 2)

    items = [(0 if "same_index" in do else i,
              write(do, vector(text_of(given), dim), as_base64, i == at))
             for i, given in enumerate(inputs)]
    if "missing" in do:
        del items[at:at + 1]
    if "extra" in do:
        items.append((len(inputs), write(do, vector("extra", dim), as_base64,
                                         False)))
    if "reversed" in do:
        items.reverse()
    return items


def fixture(name):
    """-> the type and the body"""

    if not re.fullmatch(r"[\w-][\w.-]*", name):
        raise ValueError("a fixture is a file in t/data/embeddings")
    with open(os.path.join(FIXTURES, name), "rb") as file:
        return TYPES.get(os.path.splitext(name)[1], "text/plain"), file.read()


def answer(do, request):
    """-> the status, the type and the body; ValueError, OSError: bad script"""

    if do.get("form", "openai") not in FORMS:
        raise ValueError(f"no form {do['form']}")
    if "fixture" in do:
        return (200, *fixture(do["fixture"]))

    inputs = inputs_of(request)
    refused = refusal(do, request, inputs)
    if refused is not None:
        status, error = refused
        if isinstance(error, str):
            return status, "text/plain; charset=utf-8", error.encode()
        return status, "application/json", dumps(error).encode()

    items = vectors(do, request, inputs)
    if "bare" in do:
        body = f'[{",".join(text for _, text in items)}]'
    else:
        index = '' if "no_index" in do else ',"index":%d'
        data = ",".join(
            f'{{"object":"embedding"{index and index % i},"embedding":{text}}}'
            for i, text in items)
        more = ""
        if "no_usage" not in do:
            n = sum(map(len, inputs))
            more = f',"usage":{{"prompt_tokens":{n},"total_tokens":{n}}}'
        model = dumps(request.get("model", ""))
        body = f'{{"object":"list","data":[{data}],"model":{model}{more}}}'
    body = body.encode("utf-8", "surrogatepass")
    if "bad_json" in do:
        body = body[:len(body) // 2]
    return 200, "application/json", body


# What is remembered


class Inputs:
    """What was sent since the last reset."""

    def __init__(self):
        self.sent = 0
        self.batches = []
        self.times = collections.Counter()

    def add(self, inputs, record):
        self.sent += len(inputs)
        if record:
            self.batches.append(len(inputs))
            self.times.update(map(text_of, inputs))

    def stats(self):
        if not self.batches:
            return {"inputs": self.sent}
        return {"inputs": self.sent, "distinct": len(self.times),
                "most": max(self.times.values()), "batches": self.batches}

    def list(self, part=""):
        return [{"text": text, "times": times}
                for text, times in self.times.items() if part in text]
