#!/usr/bin/env python3
"""A stand-in for an LLM's chat completions, scripted by what it is asked.

    llm.py [--port N] [--port-file F] [--parent-pid P] [--no-record]
           [--tls-cert F --tls-key F [--tls-port N]]

Binds 127.0.0.1, writes its port to F when it is ready (the TLS port, if any,
on a second line), and exits when process P is gone, or when stdin, being a
pipe, is closed.  --no-record keeps counters only, for runs under load.

POST to a path that ends in /v1/chat/completions is a call.  What happens is
written in the query parameter "do" (percent-encoded), else in the last [[...]]
of the last user message that has one:

    Does the bid name a guarantor? [[delay=200 fenced verdict=fail]]
    [[key=a 500|429 retry_after=1|ok]]

Words are separated by spaces.  Alternatives are separated by "|": the first
call takes the first one, the second call the second, and the last is taken
from then on.  Calls are counted by the whole text between the brackets and the
model, so key=NAME keeps two equal scripts apart; NAME (else the whole text) is
also the "key" of a recorded call.  A word that is not known is answered with
400 and counted as a bad request.

When, and on the wire:
    ok               nothing special
    delay=MS         wait before the first byte of the answer
     gate=NAME        wait with the first byte until the gate is opened
     hold             gate=hold
    hang             never answer
    hang_body        the head and half of the body, then silence
    slow=MS          wait between events, or between the pieces of a body
    cut_head         close before any byte
    cut              close in the middle of the body
    cut_sse=N        close after N events with content (JSON: as cut)
    reset            RST instead of FIN; without a "cut", before any byte
    wrong_length[=N] a Content-Length N bytes larger than the body (10), or
                     smaller, being negative; then close
    gzip             gzip, whatever Accept-Encoding says
    chunked          a JSON body in chunks (events always are, with HTTP/1.1)
    json, sse        one JSON body, or events, whatever "stream" says
    crlf             events with CRLF
    nodone           no [DONE]
    tokens=N         split the content over N events or pieces (8)
    no_usage         no usage

Instead of an answer:
    body=TEXT        this body (percent-encoded), verbatim, of the type of JSON,
                     or of events with "sse"; slow: in pieces
    location=URL     a Location header
    status=N, NNN    this status; 300 and above with an error object
    code=NAME        whose "code" and "type" are this
    retry_after=S    a Retry-After header: seconds, any text, or date:S, the
                     HTTP date S seconds from now
    html             an HTML page (with 200, or the status given)
    empty            a body of no bytes
    bad_json         JSON that ends too early, or such an event among good ones
    error200         an error object, with 200
    no_choices       "choices": []
    null_content     "content": null
    refusal          "content": null and a "refusal"
    content_filter   finish_reason "content_filter", no content

The answer, {"verdict","reason","suggestion","confidence","quote"}:
    verdict= severity= reason= suggestion= quote=
                     "_" stands for a space, %XX for anything (%5F for "_"; in
                     verdict= and severity= "_" is itself); several quote= make
                     an array
    excerpt=N        the quote is N characters of the chunk, from a place that
                     chunk and question decide
    cite=N           the same, but of one of the references
    confidence=      JSON, or else text
    data=            JSON, may be percent-encoded
    found= terms=    JSON
    find=REGEX       found, if it matches in the chunk: then what it matches is
                     the quote; else there is none, and the verdict is
                     not_applicable
    take=JSON        data of what regexes match in the chunk, by names: the
                     first group, or all; "NAME[]": a list of all matches;
                     "NAME#": a number; what is not there is left out
    omit=NAME        without this member; noquote is omit=quote
    echo             reason holds the messages, model, max_tokens, temperature
                     and response_format of the request, as JSON
    raw=TEXT         this content (percent-encoded) instead, verbatim
    huge=BYTES       reason is padded until the content has that many bytes
    length           half of the content, finish_reason "length"
    length_until=N   length, while max_tokens is absent or less than N
    single_quotes trailing_comma newline
                     content that is not quite JSON; newline: a raw one inside
                     of a string
    fenced prose think
                     content in a Markdown fence, amid sentences, after <think>
    reasoning        reasoning_content comes first
    thinks=TEXT      and says this
    thoughts=BYTES   and is as long as this
    finish=REASON    finish_reason, in place of "stop"

usage.prompt_tokens is the number of code points in the messages, or what
prompt_tokens=N says, completion_tokens the number of events with content.

POST to a path that ends in /v1/embeddings is a call, too: embeddings.py.

For tests to look at:
    GET  /_calls     [{n, key, do, model, path, headers: [[name, value]], body,
                     raw_length, connection, started, ended, outcome,
                     client_closed_at}], newest last.  Times are seconds since
                     the start, to the ms.  outcome: pending, answered, cut,
                     reset, hung, client_closed.  Filters: ?key= ?model=
                     ?contains=TEXT (in the user message that has the script,
                     else in the last one)
    GET  /_stats     {calls, in_flight, max_in_flight, answered,
                     client_closed, bad_requests, connections, time, busy};
                     connections are those that carried a call; time is now, in
                     seconds, and busy what all calls together have been in
                     flight: between two looks, busy by time is their mean
                     number.  These count calls of both kinds; "embeddings"
                     tells of those alone
    GET  /_bad       [{why, path, headers, raw_length, text}]: requests that no
                     LLM would take: not JSON, no messages, a body that is
                     shorter or longer than said
    GET  /_wait?closed=N&timeout=MS
                     {ok, calls, closed, answered}, as soon as N calls were
                     closed by the client; calls=N and answered=N likewise,
                     with the same filters as /_calls
    POST /_open?gate=NAME
                     opens it: who waits goes on, who comes need not wait
    POST /_release   opens the gate "hold"
    POST /_reset     forgets calls, counters, sequences and gates
"""

import argparse
import asyncio
import collections
import email.utils
import functools
import gc
import json
import logging
import os
import re
import resource
import signal
import socket
import ssl
import stat
import struct
import sys
import time
import urllib.parse
import zlib

import embeddings

COMPLETIONS = "/v1/chat/completions"
BODY_TIMEOUT = 30           # a body that stops coming is a bad request
MAX_HEAD = 65536
PIECES = 8                  # events or pieces, if tokens= does not say
HUGE_PIECE = 16384
COALESCE = 262144           # what is smaller goes out in one write

CHUNK = re.compile(r'<review-text id="chunk" (key="\w+")>\n(.*?)\n'
                   r'</review-text \1>', re.S)
REFERENCE = re.compile(r'<review-text id="(?!chunk"|heading")[^"\n]+" '
                       r'(key="\w+")>\n(.*?)\n</review-text \1>', re.S)
NUMBER = re.compile(r"[-0-9０-９〇○零一二两三四五六七八九十百千万亿,，./~—%点分之负几]{2}")
SCRIPT = re.compile(r"\[\[([a-z0-9][^\[\]]*(?:[\[\]][^\[\]]+)*)\]\]")

FLAGS = frozenset("""
    ok hold hang hang_body cut_head cut reset gzip chunked json sse crlf nodone
    no_usage html empty bad_json error200 no_choices null_content refusal
    content_filter length single_quotes trailing_comma newline fenced prose
    think reasoning echo noquote wrong_length""".split()) | embeddings.FLAGS
NUMBERS = frozenset("""
    delay slow cut_sse tokens prompt_tokens status huge length_until
    wrong_length excerpt cite thoughts""".split()) | embeddings.NUMBERS
WORDS = frozenset("""
    key gate code verdict severity omit confidence data raw thinks finish body
    location found terms find take""".split()) | embeddings.WORDS
TEXTS = frozenset("reason suggestion quote retry_after".split())

DEFAULT = {"verdict": "pass", "reason": "符合要求", "suggestion": "",
           "confidence": 0.9, "quote": ""}
REASONS = {200: "OK", 201: "Created", 204: "No Content",
           307: "Temporary Redirect", 400: "Bad Request", 404: "Not Found",
           408: "Request Timeout", 429: "Too Many Requests",
           500: "Internal Server Error", 502: "Bad Gateway",
           503: "Service Unavailable", 504: "Gateway Timeout"}


class Bad(Exception):
    """a request that no LLM would take"""


def bad_constant(name):
    raise ValueError(f"{name} is not JSON")


# made once: json.dumps() and json.loads() make them anew for every call

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
loads = json.JSONDecoder(parse_constant=bad_constant).decode


def encode(text):
    """%FF in a script is sent as that byte"""

    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def decode(value):
    return urllib.parse.unquote(value, errors="surrogateescape")


def loads_or_text(text):
    try:
        return json.loads(text)
    except ValueError:
        return text


# The script


@functools.lru_cache(maxsize=4096)
def parse_script(text):
    """one alternative -> {word: value}"""

    do = {}
    for word in text.split():
        name, given, value = word.partition("=")
        if not given and re.fullmatch("[1-9][0-9][0-9]", name):
            do["status"] = int(name)
        elif not given and name in FLAGS:
            do[name] = True
        elif given and name in NUMBERS:
            try:
                do[name] = int(value)
            except ValueError:
                raise Bad(f"script: not a number: {word}") from None
        elif given and name in WORDS:
            do[name] = decode(value)
        elif given and name in TEXTS:
            value = decode(value.replace("_", " "))
            if name == "quote":
                do.setdefault("quote", []).append(value)
            else:
                do[name] = value
        else:
            raise Bad(f"script: unknown word: {word}")
    return do


def text_of(message):
    """the text of a message, whose content may be a list of parts"""

    content = message.get("content")
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part.get("text") or "" for part in content
                       if isinstance(part, dict))
    return ""


def find_script(messages):
    """-> the script, and the user message that calls are told apart by"""

    last = None
    for message in reversed(messages):
        if message.get("role") != "user":
            continue
        text = text_of(message)
        if last is None:
            last = text
        if "[[" in text:
            found = SCRIPT.findall(text)
            if found:
                return found[-1], text
    return "", last or ""


# The answer


def excerpt(request, n, of=CHUNK):
    """n characters of the chunk, or of a reference; the whole message decides
    whose, and which"""

    text = "".join(text_of(message) for message in request["messages"]
                   if message.get("role") == "user")
    found = [match[2] for match in of.finditer(text)]
    if not found:
        raise Bad("script: nothing to take an excerpt of")
    place = zlib.crc32(encode(text))
    chunk = found[place % len(found)]
    places = max(1, len(chunk) - n + 1)
    at = place // len(found) % places

    # the next one where no number is cut, if there is one

    for at in [*range(at, places), *range(at), at]:
        if whole(chunk, at) and whole(chunk, at + n):
            break

    return chunk[at:at + n]


def look_for(request, regex, verdict):
    """is it in the chunk?"""

    for message in request["messages"]:
        for chunk in CHUNK.finditer(text_of(message)):
            found = re.search(regex, chunk[2])
            if found:
                return {"found": True, "quote": found[0], "verdict": verdict}
    return {"found": False, "quote": "", "verdict": "not_applicable"}


def take(request, names):
    """what regexes match in the chunk, by names"""

    text = "".join(chunk[2] for message in request["messages"]
                   for chunk in CHUNK.finditer(text_of(message)))
    data = {}
    for name, regex in loads(names).items():
        found = [match[1] if match.re.groups else match[0]
                 for match in re.finditer(regex, text)]
        if name.endswith("[]"):
            data[name[:-2]] = found
        elif found and name.endswith("#"):
            data[name[:-1]] = loads(found[0])
        elif found:
            data[name] = found[0]
    return data


def whole(text, at):
    """no number goes on here, as far as that is seen from two characters"""

    return not NUMBER.fullmatch(text[max(0, at - 1):at + 1])


def content_of(do, request):
    """what the LLM says; None is null"""

    if any(word in do for word in ("null_content", "refusal",
                                   "content_filter")):
        return None

    if "raw" in do:
        text = do["raw"]
    else:
        answer = dict(DEFAULT)
        for name in ("verdict", "severity", "reason", "suggestion"):
            if name in do:
                answer[name] = do[name]
        if "quote" in do:
            quotes = do["quote"]
            answer["quote"] = quotes[0] if len(quotes) == 1 else quotes
        if "excerpt" in do:
            answer["quote"] = excerpt(request, do["excerpt"])
        if "cite" in do:
            answer["quote"] = excerpt(request, do["cite"], REFERENCE)
        if "find" in do:
            answer.update(look_for(request, do["find"], answer["verdict"]))
        for name in ("confidence", "data", "found", "terms"):
            if name in do:
                answer[name] = loads_or_text(do[name])
        if "take" in do:
            answer["data"] = take(request, do["take"])
        if "echo" in do:
            answer["reason"] = dumps({
                name: request[name] for name in (
                    "messages", "model", "max_tokens", "temperature",
                    "response_format") if name in request})
        if "noquote" in do:
            del answer["quote"]
        answer.pop(do.get("omit"), None)
        if "huge" in do:
            short = do["huge"] - len(encode(dumps(answer)))
            answer["reason"] = str(answer.get("reason", "")) + "x" * short
        text = dumps(answer)

    if "single_quotes" in do:
        text = text.replace('"', "'")
    if "trailing_comma" in do:
        text = text[:-1] + "," + text[-1:]
    if "newline" in do:
        text = text.replace('"reason":"', '"reason":"\n', 1)
    if "fenced" in do:
        text = f"```json\n{text}\n```"
    if "prose" in do:
        text = f"好的，审核结果如下：\n\n{text}\n\n如有疑问，请告知。"
    if "think" in do:
        text = f'<think>先看{{"verdict":"fail"}}是否成立。</think>\n\n{text}'
    return text


def is_cut_short(do, request):
    """is this answer ended by finish_reason "length"?"""

    if "length_until" in do:
        return (request.get("max_tokens") or 0) < do["length_until"]
    return "length" in do


def split(data, n):
    """n parts of about the same size, none of them empty"""

    n = max(1, min(n, len(data)))
    return [data[i * len(data) // n:(i + 1) * len(data) // n]
            for i in range(n)]


def error_object(status, message, code=None):
    kind = {400: "invalid_request_error", 429: "rate_limit_error"}
    error = {"message": message, "type": code or kind.get(status,
                                                          "server_error")}
    if code:
        error["code"] = code
    return {"error": error}


class Reply:
    """What is to be sent, in pieces, and what happens at the end."""

    __slots__ = ("status", "headers", "pieces", "chunked", "delay", "gap",
                 "gate", "end", "length", "keep")

    def __init__(self, pieces, type="application/json", status=200):
        self.status = status
        self.headers = [f"Content-Type: {type}"]
        self.pieces = pieces
        self.chunked = False
        self.delay = 0
        self.gap = 0
        self.gate = None
        self.end = "answered"       # or cut, reset, hung
        self.length = None          # the Content-Length, if not the true one
        self.keep = None            # bytes of the wire to send, if not all

    def wire(self, minor, keep_alive):
        """-> [bytes] with head and framing"""

        headers = self.headers
        pieces = [piece for piece in self.pieces if piece]
        size = sum(map(len, pieces))
        if self.length is not None:
            headers.append(f"Content-Length: {max(0, size + self.length)}")
        elif not self.chunked:
            headers.append(f"Content-Length: {size}")
        elif minor:
            headers.append("Transfer-Encoding: chunked")
            pieces = [b"%x\r\n%b\r\n" % (len(piece), piece)
                      for piece in pieces]
        headers.append("Connection: "
                       + ("keep-alive" if keep_alive else "close"))

        if self.keep is not None:
            keep = self.keep
            if keep < 0:
                keep = sum(map(len, pieces)) // 2
            else:
                keep = sum(map(len, pieces[:keep]))
            pieces, rest = [], pieces
            for piece in rest:
                pieces.append(piece[:keep])
                keep -= len(pieces[-1])
        elif self.chunked and minor and self.length is None:
            pieces.append(b"0\r\n\r\n")

        head = encode("\r\n".join(
            [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}",
             *headers, "", ""]))
        return [head, *pieces]

    def compress(self):
        gz = zlib.compressobj(1, wbits=31)
        self.pieces = [gz.compress(piece) + gz.flush(zlib.Z_SYNC_FLUSH)
                       for piece in self.pieces]
        self.pieces.append(gz.flush())
        self.headers.append("Content-Encoding: gzip")


def json_reply(value, status=200):
    return Reply([encode(dumps(value))], status=status)


def thought_of(do):
    """what it thinks before, if it does"""

    if "thoughts" in do:
        return "x" * do["thoughts"]
    return do.get("thinks", "先看要求，再看原文。" if "reasoning" in do else "")


def usage_of(do, request, tokens):
    prompt = do.get("prompt_tokens", sum(len(text_of(m))
                                         for m in request["messages"]))
    return {"prompt_tokens": prompt, "completion_tokens": tokens,
            "total_tokens": prompt + tokens}


def json_body(do, base, request, content, parts, finish):
    message = {"role": "assistant", "content": content}
    if thought_of(do):
        message["reasoning_content"] = thought_of(do)
    if "refusal" in do:
        message["refusal"] = "无法协助。"
    base["object"] = "chat.completion"
    base["choices"] = [] if "no_choices" in do else [
        {"index": 0, "message": message, "finish_reason": finish}]
    if "no_usage" not in do:
        base["usage"] = usage_of(do, request, len(parts))
    body = encode(dumps(base))
    return body[:len(body) // 2] if "bad_json" in do else body


def sse_events(do, base, request, parts, finish):
    """-> [bytes], and how many of them cut_sse lets pass"""

    base["object"] = "chat.completion.chunk"
    end = "\r\n\r\n" if "crlf" in do else "\n\n"
    start = dumps(base)[:-1]
    events = []

    def event(choices, more=""):
        events.append(encode(
            f'data: {start},"choices":{dumps(choices)}{more}}}{end}'))

    def delta(finish_reason=None, **delta):
        event([] if "no_choices" in do else [
            {"index": 0, "delta": delta, "finish_reason": finish_reason}])

    delta(role="assistant", content="")
    if thought_of(do):
        for part in split(thought_of(do), 2):
            delta(reasoning_content=part)
    if "refusal" in do:
        delta(refusal="无法协助。")
    passed = len(events) + do.get("cut_sse", 0)
    for part in parts:
        delta(content=part)
    delta(finish_reason=finish)
    if "no_usage" not in do and isinstance(
            request.get("stream_options"), dict) \
            and request["stream_options"].get("include_usage"):
        event([], ',"usage":' + dumps(usage_of(do, request, len(parts))))
    if "bad_json" in do:
        broken = events[len(events) // 2][:40]
        events[len(events) // 2] = broken + end.encode()
    if "nodone" not in do:
        events.append(f"data: [DONE]{end}".encode())
    return events, passed


def completion(do, request):
    """the reply of an LLM that answers, well or badly, with 200"""

    content = content_of(do, request)
    finish = "content_filter" if "content_filter" in do \
        else do.get("finish", "stop")
    if content and is_cut_short(do, request):
        content = content[:len(content) // 2]
        finish = "length"

    n = do.get("tokens") or max(PIECES, do.get("huge", 0) // HUGE_PIECE)
    parts = split(content, n) if content else []
    base = {"id": "chatcmpl-0", "object": "", "created": 1700000000,
            "model": request.get("model", "")}

    if events_wanted(do, request):
        if "error200" in do:
            error = dumps(error_object(500, "出错了"))
            reply = Reply([encode(f"data: {error}\n\n")])
            passed = 0
        else:
            pieces, passed = sse_events(do, base, request, parts, finish)
            reply = Reply(pieces)
        reply.headers = ["Content-Type: text/event-stream; charset=utf-8",
                         "Cache-Control: no-cache"]
        reply.chunked = True
        if "cut_sse" in do:
            reply.keep = passed
        return reply

    if "error200" in do:
        return json_reply(error_object(500, "出错了"))
    body = json_body(do, base, request, content, parts, finish)
    return body_reply(do, body, n)


def body_reply(do, body, n, type="application/json", status=200):
    reply = Reply([body], type, status)
    if "slow" in do or "chunked" in do:
        reply.pieces = split(body, n)
    reply.chunked = "chunked" in do
    if "cut_sse" in do:
        reply.keep = -1
    return reply


def embedding(do, request):
    """the reply of a service that answers, or refuses what it is asked"""

    if "error200" in do:
        return json_reply(error_object(500, "出错了"))
    try:
        status, type, body = embeddings.answer(do, request)
    except (OSError, ValueError) as error:
        raise Bad(f"script: {error}") from None
    return body_reply(do, body, do.get("tokens") or PIECES, type, status)


def events_wanted(do, request):
    return "sse" in do or (request.get("stream") is True and "json" not in do)


def make_reply(do, request, answer):
    status = do.get("status", 200)
    if "html" in do:
        reply = Reply([b"<html><body><h1>Bad Gateway</h1></body></html>\n"],
                      "text/html", status)
    elif "empty" in do:
        reply = Reply([b""], status=status)
    elif "body" in do:
        reply = body_reply(do, encode(do["body"]), do.get("tokens") or PIECES,
                           "text/event-stream" if "sse" in do
                           else "application/json", status)
    elif status >= 300 and "fixture" not in do:
        reply = json_reply(error_object(status, f"status {status}",
                                        do.get("code")), status)
    else:
        reply = answer(do, request)
        reply.status = do.get("status", reply.status)

    if "location" in do:
        reply.headers.append(f"Location: {do['location']}")
    if "retry_after" in do:
        value = do["retry_after"]
        if value.startswith("date:"):
            value = email.utils.formatdate(time.time() + float(value[5:]),
                                           usegmt=True)
        reply.headers.append(f"Retry-After: {value}")
    if "gzip" in do:
        reply.compress()

    reply.delay = do.get("delay", 0) / 1000
    reply.gap = do.get("slow", 0) / 1000
    reply.gate = "hold" if "hold" in do else do.get("gate")
    if "wrong_length" in do:
        more = do["wrong_length"]
        reply.length = 10 if more is True else more
        reply.end = "cut"
    if "cut" in do or "hang_body" in do:
        reply.keep = -1
    if reply.keep is not None:
        reply.end = "hung" if "hang_body" in do else "cut"
    if "hang" in do:
        reply.end = "hung"
        reply.keep = 0
        reply.pieces = None
    elif "cut_head" in do or ("reset" in do and reply.keep is None):
        reply.end = "cut"
        reply.pieces = None
    if "reset" in do and reply.end == "cut":
        reply.end = "reset"
    return reply


# What is remembered


class Call:
    __slots__ = ("tally", "flights", "n", "key", "do", "model", "path",
                 "headers", "body", "question", "raw_length", "connection",
                 "started", "ended", "outcome", "client_closed_at")

    def __init__(self, tally, flights, script, request, connection):
        self.tally = tally
        self.flights = flights
        self.n = tally.calls
        self.do = script
        found = re.search(r"(?:^|[\s|])key=([^\s|]+)", script)
        self.key = found.group(1) if found else script
        self.model = request.get("model")
        self.connection = connection
        self.headers = self.body = self.question = self.path = None
        self.raw_length = 0
        self.started = now()
        self.ended = self.client_closed_at = None
        self.outcome = "pending"

    def public(self):
        return {name: getattr(self, name) for name in self.__slots__
                if name not in ("tally", "flights", "question")}

    def end(self, outcome):
        """the call is over; "hung" is not an end, only a name for the wait"""

        self.outcome = outcome
        if outcome != "hung":
            self.ended = now()
            if outcome == "client_closed":
                self.client_closed_at = self.ended
            for flight in self.flights:
                flight.end(outcome)
        self.tally.changed()


class Flight:
    """Calls begin and end."""

    def __init__(self):
        self.calls = 0
        self.in_flight = 0
        self.max_in_flight = 0
        self.excess = 0         # over max_in_flight, to be settled
        self.unsettled = 0
        self.busy = 0.0
        self.flowed = time.monotonic()
        self.answered = 0
        self.closed = 0

    def begin(self):
        """
        epoll tells what has happened, but not in which order: a call that was
        closed before this one came may be heard of in this turn of the loop
        yet, and of its reset in the next one
        """

        self.calls += 1
        self.flow(1)
        if self.in_flight > self.max_in_flight + self.excess:
            self.excess = self.in_flight - self.max_in_flight
            self.unsettled += 1
            loop = asyncio.get_running_loop()
            loop.call_soon(loop.call_soon, self.settle)

    def end(self, outcome):
        self.flow(-1)
        if outcome == "client_closed":
            self.closed += 1
            self.excess = max(0, self.excess - 1)
        elif outcome == "answered":
            self.answered += 1

    def settle(self):
        self.unsettled -= 1
        if self.unsettled == 0:
            self.max_in_flight += self.excess
            self.excess = 0

    def flow(self, change):
        """calls begin or end: those so far have been busy until now"""

        at = time.monotonic()
        self.busy += self.in_flight * (at - self.flowed)
        self.flowed = at
        self.in_flight += change

    def counters(self):
        return {"calls": self.calls, "in_flight": self.in_flight,
                "max_in_flight": self.max_in_flight + self.excess,
                "answered": self.answered, "client_closed": self.closed}


class Tally(Flight):
    """Everything since the last reset."""

    def __init__(self):
        super().__init__()
        self.embeddings = Flight()
        self.inputs = embeddings.Inputs()
        self.connections = 0
        self.recorded = []
        self.bad = []
        self.bad_requests = 0
        self.sequences = {}
        self.waiters = []
        self.gates = {}         # who waits at each; None: it is open

    def wait_at(self, gate, go_on):
        """-> must he wait?"""

        waiting = self.gates.setdefault(gate, [])
        if waiting is None:
            return False
        waiting.append(go_on)
        return True

    def open(self, gate):
        waiting, self.gates[gate] = self.gates.get(gate) or [], None
        for go_on in waiting:
            go_on()

    def alternative(self, script, model):
        alternatives = script.split("|")
        if len(alternatives) == 1:
            return script
        n = self.sequences.get((script, model), 0)
        self.sequences[script, model] = n + 1
        return alternatives[min(n, len(alternatives) - 1)]

    def select(self, query):
        calls = self.recorded
        for name in ("key", "model"):
            if name in query:
                calls = [c for c in calls if getattr(c, name) == query[name]]
        if "contains" in query:
            calls = [c for c in calls if query["contains"] in c.question]
        return calls

    def progress(self, query):
        if any(name in query for name in ("key", "model", "contains")):
            calls = self.select(query)
            outcomes = [c.outcome for c in calls]
            return {"calls": len(calls),
                    "closed": outcomes.count("client_closed"),
                    "answered": outcomes.count("answered")}
        return {"calls": self.calls, "closed": self.closed,
                "answered": self.answered}

    def changed(self):
        if self.waiters:
            for waiter in self.waiters[:]:
                waiter()

    def stats(self):
        self.flow(0)
        return {**self.counters(), "bad_requests": self.bad_requests,
                "connections": self.connections,
                "time": self.flowed - START, "busy": self.busy,
                "embeddings": {**self.embeddings.counters(),
                               **self.inputs.stats()}}


START = time.monotonic()


def now():
    return round(time.monotonic() - START, 3)


class Server:
    def __init__(self, loop, record):
        self.loop = loop
        self.record = record
        self.tally = Tally()
        self.connections = 0


# HTTP


class Head:
    """the head of a request"""

    __slots__ = ("method", "target", "minor", "headers", "length", "chunked",
                 "keep_alive", "expect")

    def __init__(self, data):
        lines = data.decode("latin-1").split("\r\n")
        match = re.fullmatch(r"([A-Z]+) (\S+) HTTP/1\.([01])", lines[0])
        if match is None:
            raise Bad(f"request line: {lines[0][:100]!r}")
        self.method, self.target, minor = match.groups()
        self.minor = int(minor)
        self.headers = []
        self.length = None
        self.chunked = self.expect = False
        self.keep_alive = self.minor == 1
        for line in lines[1:]:
            name, colon, value = line.partition(":")
            if not colon or name != name.strip():
                raise Bad(f"header: {line[:100]!r}")
            value = value.strip()
            self.headers.append([name, value])
            self.note(name.lower(), value)

    def note(self, name, value):
        if name == "content-length":
            if self.length is not None or not re.fullmatch("[0-9]+", value):
                raise Bad("Content-Length")
            self.length = int(value)
        elif name == "transfer-encoding":
            self.chunked = value.lower() == "chunked"
        elif name == "connection":
            self.keep_alive = value.lower() == "keep-alive" or (
                self.minor == 1 and value.lower() != "close")
        elif name == "expect":
            self.expect = True


def unchunk(buffer):
    """-> the body and how much of the buffer it took, or None: wait"""

    body, at = bytearray(), 0
    while True:
        line = buffer.find(b"\r\n", at)
        if line < 0:
            return None
        try:
            size = int(bytes(buffer[at:line]), 16)
        except ValueError:
            raise Bad("chunk") from None
        at = line + 2
        if len(buffer) < at + size + 2:
            return None
        body += buffer[at:at + size]
        at += size + 2
        if size == 0:
            return bytes(body), at


def read_object(body):
    try:
        request = loads(body.decode())
    except ValueError as error:
        raise Bad(f"not JSON: {error}") from None
    if not isinstance(request, dict):
        raise Bad("not an object")
    return request


def script_of(query):
    """what the query parameter "do" says"""

    if "do=" not in query:
        return ""
    return urllib.parse.parse_qs(query).get("do", [""])[-1]


class Connection(asyncio.Protocol):
    __slots__ = ("server", "transport", "buffer", "head", "call", "timer",
                 "wire", "reply", "paused", "waiter", "number", "tally")

    def __init__(self, server):
        self.server = server
        self.transport = self.head = self.call = self.timer = None
        self.wire = self.reply = self.waiter = self.tally = None
        self.buffer = bytearray()
        self.paused = False
        server.connections += 1
        self.number = server.connections

    # asyncio's side

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.buffer += data
        if self.reply is None and self.waiter is None:
            self.read()

    def eof_received(self):
        self.gone()

    def connection_lost(self, exc):
        self.gone()

    def pause_writing(self):
        self.paused = True

    def resume_writing(self):
        self.paused = False
        if self.wire is not None and self.timer is None:
            self.send()

    # requests

    def gone(self):
        """the client closed"""

        self.stop_timer()
        if self.waiter is not None:
            self.waiter(False)
        elif self.call is not None:
            call, self.call = self.call, None
            call.end("client_closed")
        elif self.head is not None and self.reply is None:
            self.bad("the body ended too early", self.buffer)
        self.head = self.reply = self.wire = None

    def read(self):
        try:
            while self.reply is None and self.waiter is None and self.buffer:
                if not self.read_request():
                    return
        except Bad as bad:
            self.refuse(str(bad), self.buffer)

    def read_request(self):
        """-> was there a whole one?"""

        buffer = self.buffer
        if self.head is None:
            end = buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(buffer) > MAX_HEAD:
                    raise Bad("too long a head")
                return False
            data = bytes(buffer[:end])
            del buffer[:end + 4]
            self.head = Head(data)
            if self.head.expect:
                self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

        head = self.head
        size = head.length or 0
        if head.chunked:
            found = unchunk(buffer)
            if found is not None:
                body, size = found
        else:
            found = len(buffer) >= size
            body = bytes(buffer[:size]) if found else None
        if not found:
            self.stop_timer()
            self.timer = self.server.loop.call_later(
                BODY_TIMEOUT, self.refuse, "the body does not come", buffer)
            return False

        del buffer[:size]
        self.stop_timer()
        try:
            self.handle(body)
        except Bad as bad:
            self.refuse(str(bad), body)
        return True

    def handle(self, body):
        method = self.head.method
        path, _, query = self.head.target.partition("?")
        if path.endswith(COMPLETIONS) and method == "POST":
            self.handle_completion(query, body)
            return
        if path.endswith(embeddings.PATH) and method == "POST":
            self.handle_embeddings(query, body)
            return
        query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        if path == "/_wait":
            self.handle_wait(query)
        else:
            self.start(introspect(self.server, method, path, query))

    def handle_completion(self, query, body):
        request = read_object(body)
        messages = request.get("messages")
        if not isinstance(messages, list) or not messages or not all(
                isinstance(m, dict) and isinstance(m.get("role"), str)
                for m in messages):
            raise Bad("no messages")

        script, question = find_script(messages)
        script = script_of(query) or script
        do = self.choose(script, request)
        self.begin(script, request, question, body, (self.server.tally,))
        self.start(make_reply(do, request, completion))

    def handle_embeddings(self, query, body):
        request = read_object(body)
        why = embeddings.why_bad(request)
        if why is not None:
            raise Bad(f"embeddings: {why}")

        tally, record = self.server.tally, self.server.record
        inputs = embeddings.inputs_of(request)
        question = "\n".join(map(embeddings.text_of, inputs))
        script, found = script_of(query), SCRIPT.findall(question)
        do = self.choose(script, request)
        if found:
            do = {**do, **self.choose(found[-1], request)}
            script = found[-1]

        reply = make_reply(do, request, embedding)
        self.begin(script, request, question, body, (tally, tally.embeddings))
        tally.inputs.add(inputs, record)
        self.start(reply)

    def choose(self, script, request):
        """what is to be done this time"""

        return parse_script(self.server.tally.alternative(
            script, str(request.get("model"))))

    def begin(self, script, request, question, body, flights):
        server, tally = self.server, self.server.tally
        for flight in flights:
            flight.begin()
        if self.tally is not tally:
            self.tally = tally
            tally.connections += 1
        call = self.call = Call(tally, flights, script, request, self.number)
        if server.record:
            call.path = self.head.target
            call.headers = self.head.headers
            call.body = request
            call.question = question
            call.raw_length = len(body)
            tally.recorded.append(call)
        tally.changed()

    def handle_wait(self, query):
        tally = self.server.tally

        def look(last=None):
            progress = tally.progress(query)
            ok = all(progress[name] >= int(query[name])
                     for name in progress if name in query)
            if not ok and last is None:
                return
            tally.waiters.remove(look)
            self.stop_timer()
            self.waiter = None
            if last is not False:
                self.start(json_reply({"ok": ok, **progress}))

        if not self.server.record and any(
                name in query for name in ("key", "model", "contains")):
            raise Bad("nothing is recorded")
        tally.waiters.append(look)
        self.waiter = look
        self.timer = self.server.loop.call_later(
            int(query.get("timeout", 1000)) / 1000, look, True)
        look()

    def bad(self, why, body):
        tally, head = self.server.tally, self.head
        tally.bad_requests += 1
        if self.server.record:
            tally.bad.append({
                "why": why, "path": head and head.target,
                "headers": head and head.headers,
                "raw_length": len(body),
                "text": body[:2000].decode("utf-8", "replace")})

    def refuse(self, why, body):
        self.stop_timer()
        self.bad(why, body)
        if self.head is not None:
            self.head.keep_alive = False
        self.buffer.clear()
        self.start(json_reply(error_object(400, why), 400))

    # replies

    def stop_timer(self):
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def start(self, reply):
        self.reply = reply

        def go_on():
            if self.reply is not reply:
                return          # the client has gone
            if reply.delay:
                self.timer = self.server.loop.call_later(reply.delay,
                                                         self.frame)
            else:
                self.frame()

        if not reply.gate or not self.server.tally.wait_at(reply.gate, go_on):
            go_on()

    def frame(self):
        self.timer = None
        reply, head = self.reply, self.head
        if reply.pieces is None:
            self.finish()
            return
        keep_alive = (head is not None and head.keep_alive
                      and (head.minor == 1 or not reply.chunked))
        wire = reply.wire(head.minor if head else 1, keep_alive)
        if reply.end == "answered" and not keep_alive:
            reply.end = "close"
        if not reply.gap and sum(map(len, wire)) < COALESCE:
            wire = [b"".join(wire)]
        self.wire = collections.deque(wire)
        self.send()

    def send(self):
        self.timer = None
        reply = self.reply
        while self.wire:
            self.transport.write(self.wire.popleft())
            if reply.gap and (self.wire or reply.end != "answered"):
                self.timer = self.server.loop.call_later(reply.gap, self.send)
                return
            if self.paused:
                return
        self.wire = None
        self.finish()

    def finish(self):
        end, call = self.reply.end, self.call
        if end == "hung":
            call.end("hung")
            return
        self.reply = self.head = self.call = None
        if call is not None:
            call.end("answered" if end == "close" else end)
        if end == "reset":
            self.transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.transport.abort()
        elif end != "answered":
            self.transport.close()
        elif self.buffer:
            self.server.loop.call_soon(self.read)


def introspect(server, method, path, query):
    tally = server.tally
    if (method, path) == ("GET", "/_stats"):
        return json_reply(tally.stats())
    if (method, path) == ("POST", "/_open"):
        tally.open(query["gate"])
        return json_reply({})
    if (method, path) == ("POST", "/_reset"):
        server.tally = Tally()
        return json_reply({})
    if (method, path) == ("POST", "/_release"):
        tally.open("hold")
        return json_reply({})
    if method == "GET" and path in ("/_calls", "/_bad", "/_inputs"):
        if not server.record:
            return json_reply(error_object(409, "nothing is recorded"), 409)
        if path == "/_bad":
            return json_reply(tally.bad)
        if path == "/_inputs":
            return json_reply(tally.inputs.list(query.get("contains", "")))
        return json_reply([call.public() for call in tally.select(query)])
    return json_reply(error_object(404, f"{method} {path}?"), 404)


# Start and stop


def watch_parent(loop, pid, stop):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        stop()
        return
    except PermissionError:
        pass
    loop.call_later(0.5, watch_parent, loop, pid, stop)


def watch_stdin(loop, stop):
    def readable():
        if not os.read(0, 4096):
            stop()

    try:
        if stat.S_ISFIFO(os.fstat(0).st_mode):
            loop.add_reader(0, readable)
    except OSError:
        pass


async def serve(args):
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)

    server = Server(loop, not args.no_record)
    listeners = [(args.port, None)]
    if args.tls_cert:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.tls_cert, args.tls_key)
        listeners.append((args.tls_port, context))

    ports = []
    for port, context in listeners:
        listener = await loop.create_server(
            lambda: Connection(server), "127.0.0.1", port, ssl=context,
            backlog=16384)
        ports.append(listener.sockets[0].getsockname()[1])

    text = "".join(f"{port}\n" for port in ports)
    if args.port_file:
        with open(args.port_file + ".tmp", "w", encoding="ascii") as file:
            file.write(text)
        os.rename(args.port_file + ".tmp", args.port_file)
    else:
        print(text, end="", flush=True)

    if args.parent_pid:
        watch_parent(loop, args.parent_pid, stopped.set)
    watch_stdin(loop, stopped.set)
    await stopped.wait()


def main():
    # clients that go away in the middle are what it is for
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    parser = argparse.ArgumentParser(
        description="a stand-in for an LLM, scripted by what it is asked")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--port-file")
    parser.add_argument("--parent-pid", type=int)
    parser.add_argument("--no-record", action="store_true")
    parser.add_argument("--tls-cert")
    parser.add_argument("--tls-key")
    parser.add_argument("--tls-port", type=int, default=0)
    args = parser.parse_args()

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    gc.set_threshold(100000, 20, 100)
    asyncio.run(serve(args))
    sys.stdout.flush()
    os._exit(0)         # thousands of open connections need no farewell


if __name__ == "__main__":
    main()
