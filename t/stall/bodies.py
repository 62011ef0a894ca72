"""Requests as JSON: how many values, members, points, texts there may be."""

from rows import row

BOUND = "1,048,576 values, 200,000 objects and arrays"
TEST = "t/unit/json/load.c"

CHUNK = b'{"chunk":"a","points":[{"id":"a","question":"q"}]'


def many(before, n, item, after=b"]}"):
    return before + b",".join([item] * n) + after


def members(before, n, value, after=b"}}"):
    return before + b",".join(b'"k%d":%s' % (i, value)
                              for i in range(n)) + after


@row("Objects in a member that is not known", "client", "none is built",
     "thread", TEST)
async def unknown(nginx):
    await nginx.post("/v1/review",
                     many(CHUNK + b',"more":[', 6700000, b"{}"), 400)


@row("Objects in a comment", "client", BOUND, "thread", TEST)
async def comment(nginx):
    await nginx.post("/v1/review",
                     many(CHUNK + b',"x-more":[', 6700000, b"{}"), 400)
    await nginx.post("/v1/review",
                     many(CHUNK + b',"x-more":[', 990000, b"{}"))



@row("Members that are null", "client", BOUND, "thread", TEST)
async def nulls(nginx):
    await nginx.post("/v1/review", members(CHUNK + b',"vars":{', 990000,
                                           b"null"))
    await nginx.post("/v1/review", members(CHUNK + b",", 4500000, b"null",
                                           b"}"), 400)


@row("Members that are not known", "client", "none is built", "thread", TEST)
async def names(nginx):
    await nginx.post("/v1/review", members(CHUNK + b",", 4500000, b"1", b"}"),
                     400)


@row("`vars`", "client", "1000", "thread, event loop",
     "t/unit/request/chunk_request.c")
async def variables(nginx):
    await nginx.post("/v1/review", members(CHUNK + b',"vars":{', 990000, b"1"),
                     422)
    await nginx.post("/v1/review", members(CHUNK + b',"vars":{', 1000, b"1"))


@row("Members that an embedding service may know", "client", "64 KB",
     "thread", "t/unit/embed/embeddings.c")
async def rest(nginx):
    await nginx.post("/v1/embed", members(b'{"input":"a",', 990000, b"1",
                                          b"}"), 413)
    await nginx.post("/v1/embed", members(b'{"input":"a",', 5000, b"1", b"}"))
    await nginx.post("/v1/embed", members(b'{"input":"a",', 4500000, b"1",
                                          b"}"), 400)


@row("Texts to rank", "client", "`review_max_inputs`", "thread",
     "t/unit/rank/rank_request.c")
async def rank(nginx):
    await nginx.post("/v1/rank", many(
        b'{"query":"a","by":"bm25","texts":[', 100000, b'{"text":"a b"}'))


@row("References of a chunk", "client", "`review_max_points`", "event loop",
     "t/unit/request/chunk_request.c")
async def references(nginx):
    name = b"x" * 1020
    await nginx.post("/v1/review", CHUNK + b',"references":[' + b",".join(
        b'{"id":"%s%04d","text":"b"}' % (name, i) for i in range(1000))
        + b"]}")


@row("Points of a request", "client", "`review_max_points`", "event loop",
     "t/unit/request/chunk_request.c")
async def points(nginx):
    await nginx.post("/v1/review", b'{"chunk":"a","points":[' + b",".join(
        b'{"id":"%s%04d","rule":"b"}' % (b"x" * 120, i) for i in range(1000))
        + b"]}")


@row("Points that are asked past caches", "client",
     "`review_max_points`", "event loop", "t/unit/request/chunk_request.c")
async def fresh(nginx):
    ids = [b'"%s%04d"' % (b"x" * 20, i) for i in range(1000)]
    asked = (b'{"chunk":"a","points":['
             + b",".join(b'{"id":%s,"rule":"b"}' % name for name in ids)
             + b'],"fresh":[')
    await nginx.post("/v1/review", many(asked, 1000, ids[-1]))
    await nginx.post("/v1/review", many(asked, 900000, ids[-1]), 422)


@row("URLs to fetch", "client", "10,000", "event loop",
     "t/unit/request/fetch_request.c")
async def urls(nginx):
    await nginx.post("/v1/fetch", many(b'{"urls":[', 10001,
                                       b'"http://127.0.0.1:1/a"'), 422)
    await nginx.post("/v1/fetch", b'{"urls":[' + b",".join(
        b'"http://127.0.0.1:1/%d"' % i for i in range(10000))
        + b',"ftp://x"]}', 422)
