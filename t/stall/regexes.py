"""Regexes: how long they take to be compiled, and to be matched."""

from rows import row

BOUND = "4096 bytes of each; 0.5 s of a review"
WHERE = "thread; event loop for 4 ms"
TEST = "t/http/chunk/review.t"


async def ask(nginx, chunk, regexes, status=(200, 502)):
    points = [{"id": "p%d" % i, "rule": regex}
              for i, regex in enumerate(regexes)]
    await nginx.post("/v1/review", {"chunk": chunk, "points": points}, status)


@row("Regexes of a request, compiled", "client", "2000 of 4096 bytes",
     WHERE, TEST)
async def nested(nginx):
    await ask(nginx, "a", ["(" * 240 + "a{1,9}" * 500 + ")" * 240] * 1000)


@row("Regexes that backtrack", "client, rubric", BOUND, WHERE, TEST)
async def backtrack(nginx):
    await ask(nginx, "a" * 60000 + "!", ["(a+)+$"] * 10)


@row("Texts folded for regexes", "client", "`review_max_chunk_size`",
     "thread, from 16 KB", "t/http/chunk/folded.t")
async def folded(nginx):
    for piece in "a\f", "甲 ", "甲\n", "⻚", "第 1 页\n\f第一章\n":
        for size in 15000, 60000, 900000:
            await ask(nginx, piece * (size // len(piece.encode())),
                      ["没有的话%d" % i for i in range(10)])


@row("Regexes that do not backtrack", "client, rubric", BOUND, WHERE, TEST)
async def possessive(nginx):
    await ask(nginx, "1" * 60000, [r"\d++x"] * 10)
    await ask(nginx, "1" * 900000, [r"\d++x", r".*?\d++x", r"(\d++)*x",
                                    r"(\d+)\1x", r"(?>\d+)x"])
