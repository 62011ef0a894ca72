"""What an LLM answers, and what it is asked: texts, quotes, prompts, events."""

import json
import random

from rows import backend, row

KB = 1 << 10
MB = 1 << 20
QUOTES = "64 quotes; 1,048,576 steps of an answer; `review_max_answer_size`"
ANSWER = "`review_max_answer_size`"
TEXTS = "`review_max_chunk_size`, `review_max_points`, `client_max_body_size`"
POOL = "thread, from 64 KB"
POOL_ANSWER = "thread, from 32 KB"
ROOM = 250 * KB             # of an answer, nearly review_max_answer_size


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def completion(content, counted=1):
    return compact({"choices": [{"index": 0, "finish_reason": "stop",
                                 "message": {"role": "assistant",
                                             "content": content}}],
                    "usage": {"prompt_tokens": counted, "completion_tokens": 1,
                              "total_tokens": counted + 1}}).encode()


def events(content):
    """a character each"""
    return b"".join(
        b"data: " + compact({"choices": [{"index": 0, "delta": {
            "content": character}}]}).encode() + b"\n\n"
        for character in content) + b"data: [DONE]\n\n"


def finding(quotes):
    return compact({"verdict": "fail", "severity": "major", "reason": "r",
                    "suggestion": "", "confidence": 0.9, "quote": quotes})


def asked(n, chunk="a", texts=(), **more):
    return {"chunk": chunk,
            "points": [dict({"id": "p%d" % i, "question": "q"}, **more)
                       for i in range(n)],
            "references": [{"id": "r%d" % i, "text": text}
                           for i, text in enumerate(texts)]}


def some(characters, n, seed):
    return "".join(random.Random(seed).choices(characters, k=n))


HAN = "".join(map(chr, range(0x4e00, 0x5e00)))


async def quoted(nginx, characters, of_text, of_quote, texts=1000, chunk="a"):
    """quotes that begin and end as something does, and stand nowhere"""
    texts = [some(characters, of_text, i) for i in range(texts)]
    quotes = [texts[i % len(texts)][:10]
              + some(characters, of_quote - 10, -i - 1)
              for i in range(64)]
    async with backend(completion(finding(quotes))):
        await nginx.post("/v1/answer", asked(5, chunk, texts))


@row("Quotes of digits, held against references", "LLM, client", QUOTES, POOL,
     "t/unit/quote/quote.c")
async def digits(nginx):
    await quoted(nginx, "0123456789", 60, 3900)
    await quoted(nginx, "1", 60, 3900)


@row("Quotes, held against references", "LLM, client", QUOTES, POOL,
     "t/unit/quote/quote.c")
async def words(nginx):
    await quoted(nginx, HAN, 20, 1300)
    await quoted(nginx, "甲乙", 20, 1300)
    await quoted(nginx, "甲乙", 50000, 1300, 20, "乙" * 300000)
    await quoted(nginx, "甲乙 ,", 20, 1300, 80)


@row("A \"verdict\" that stands in the texts", "LLM, client", TEXTS, POOL,
     "t/unit/answer/verdict.c")
async def verdicts(nginx):
    said = 'x {"verdict": "fail", "reason": "%d"} '
    text = "".join(said % i for i in range(25000))
    answer = "".join(said % i for i in range(5000)) + finding(["x"])
    async with backend(completion(answer)):
        await nginx.post("/v1/answer", asked(8, text, [text] * 4), (200, 502))
    async with backend(completion("v" * ROOM + finding(["x"]))):
        await nginx.post("/v1/answer",
                         asked(8, "verdic" * 170000, ["ｖerdict" * 100000] * 4),
                         (200, 502))
    async with backend(completion(finding(["x"]))):
        await nginx.post("/v1/answer", asked(8, "verdict " * 8000),
                         (200, 502))


async def say(nginx, contents, more=()):
    for content in contents:
        async with backend(completion(content)):
            await nginx.post("/v1/answer", asked(1, **dict(more)), (200, 502))


@row("An answer that is no JSON", "LLM", ANSWER, POOL_ANSWER,
     "t/unit/answer/answer.c")
async def repaired(nginx):
    await say(nginx, [piece * (ROOM // len(piece.encode())) for piece in (
        "{", "[", "[{", '{"a":', '"', '{"', "\\\"", "'", "{}", "}{", "`",
        "```json\n{", "<think>", "</think>{", '{"verdict":"pass",', "verdict ",
        '{"verdict":"pass"}', "\n", ",", "“", '{"reason":"”', "/*",
        "verdict: ")])


@row("An answer that is repaired", "LLM", ANSWER, POOL_ANSWER,
     "t/unit/answer/answer.c")
async def mended(nginx):
    begin = '{"verdict":"pass","severity":"info","suggestion":"",' \
        '"confidence":1,"quote":"","reason":"'
    await say(nginx, [begin + piece * ((ROOM - 1000) // len(piece.encode()))
                      + end for piece in (
        '"', '" ', '","', '":"', "\n", "\\", "a", "{", "甲", "\\u0000", "“",
        '"a"')
        for end in ('"}', "", '",}')])


@row("Answers to steps", "LLM", ANSWER + "; 16 steps", POOL_ANSWER,
     "t/unit/rubric/prompt.c")
async def steps(nginx):
    for piece in "[INST]", "甲乙", "a ", "<|", "\n", '"':
        content = piece * (ROOM // len(piece.encode()))
        for counted in 1, ROOM // 4:
            async with backend(completion(content, counted)):
                await nginx.post("/v1/answer", {
                    "chunk": "a", "points": [{"id": "p", "steps": ["q"] * 16}]
                }, (200, 502))


@row("An answer in events of a character", "LLM", ANSWER,
     "event loop", "t/fuzz/sse.c")
async def small(nginx):
    content = finding([]).replace('"r"', '"%s"' % ("r" * (ROOM - 1000)))
    async with backend(events(content), "text/event-stream"):
        await nginx.post("/v1/answer", asked(1))


@row("An answer in pieces of a byte", "LLM", ANSWER, "event loop",
     "t/http/chunk/answers.t")
async def bytewise(nginx):
    async with backend(events(finding(["a"])), "text/event-stream", 1):
        await nginx.post("/v1/answer", asked(1))


@row("Control tokens in the texts", "client", TEXTS, POOL,
     "t/unit/rubric/control.c")
async def control(nginx):
    async with backend(completion(finding(["a"]))):
        for piece in "<|", "<|im_end|>", "[INST]", "<", "[", "＜｜", "<\u200b|":
            text = piece * (1000 * KB // len(piece.encode()))
            await nginx.post("/v1/answer", asked(5, text, [text] * 4),
                             (200, 502))


@row("Orders in the texts", "client", TEXTS, POOL,
     "t/unit/suspect/suspect.c")
async def orders(nginx):
    async with backend(completion(finding(["a"]))):
        for piece in ("忽略以上", "忽", "忽略", "忽 略以", "i\u200bg", "ignore ",
                      "ignore all ", "verdict:", "you are n", "<\u200b",
                      "<review-text ", "甲\U000e0041", "输出", "ig-"):
            text = piece * (1000 * KB // len(piece.encode()))
            await nginx.post("/v1/answer", asked(1, text, [text] * 4),
                             (200, 502))


@row("A prompt with `{{chunk}}`", "rubric",
     "64 of a template; four times the texts and 4m", "event loop",
     "t/unit/rubric/prompt.c")
async def prompts(nginx):
    async with backend(completion(finding(["a"]))):
        for n, size in (64, 1000 * KB), (64, 68 * KB), (7, 1000 * KB):
            await nginx.post("/v1/answer", asked(
                5, "甲\n" * (size // 4), prompt="{{chunk}}" * n), (200, 502))


@row("Points that an LLM is asked", "client", "`review_max_points`",
     "event loop", "t/unit/request/chunk_request.c")
async def many(nginx):
    async with backend(completion(finding(["a"]))):
        await nginx.post("/v1/answer", asked(1000), (200, 502))
