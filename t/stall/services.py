"""What stores and embedding services answer, and bodies in memory."""

import json

from bodies import CHUNK
from rows import BACKEND, backend, row

MB = 1 << 20
OPEN, CLOSE = b"<ListBucketResult>", b"</ListBucketResult>"

STORE = """
    review_store hostile {
        endpoint http://127.0.0.1:%d;
        bucket bids;
        access_key a;
        secret_key b;
    }
""" % BACKEND
OBJECTS = """
        location /objects/ { review_object hostile; }
"""
MEMORY = """
        client_body_buffer_size 32m;
"""
EMBED = """
        location = /v1/vectors {
            review_embeddings /backend model=e;
            review_embed;
        }
        location = /v1/ranks {
            review_embeddings /backend model=e;
            review_rank;
        }
"""


EXTRACT = """
        location = /v1/extracted { review_split; review_extract /backend; }
"""


def filled(piece, before=b"", after=b""):
    """a list of 8 MB at most, that is full of something"""
    before, after = OPEN + before, after + CLOSE
    n = (8 * MB - len(before) - len(after)) // len(piece)
    return before + piece * n + after


@row("A list of objects", "store", "8 MB, 16 levels", "thread",
     "t/http/store/object_list_test.py", STORE, OBJECTS)
async def objects(nginx):
    for body in (filled(b"<Contents><Key>a</Key><Size>7</Size></Contents>"),
                 filled(b"<CommonPrefixes><Prefix>a</Prefix></CommonPrefixes>"),
                 filled(b"<a/>"), filled(b"\n"), filled(b"<a b='' c=''/>"),
                 filled(b"&lt;", b"<NextContinuationToken>",
                        b"</NextContinuationToken>")):
        async with backend(body, "application/xml"):
            await nginx.get("/objects/?list", (200, 502))


def vectors(n, vector):
    return (b'{"object":"list","model":"e","data":[' + b",".join(
        b'{"object":"embedding","index":%d,"embedding":%s}' % (i, vector)
        for i in range(n)) + b'],"usage":{"prompt_tokens":1,"total_tokens":1}}')


def texts(n):
    return b",".join([b'{"text":"a"}'] * n)


@row("The answer of an embedding service", "embedding service",
     "256 KB an input", "thread", "t/unit/embed/embeddings.c", "", EMBED)
async def embeddings(nginx):
    floats = b"[" + b",".join([b"0.125"] * 40000) + b"]"
    base64 = b'"' + b"AACAPwAA" * 30000 + b'"'
    for vector in floats, base64, b"[" * 120000, b"[" + b"{}," * 80000 + b"0]":
        async with backend(vectors(32, vector)):
            await nginx.post("/v1/vectors", b'{"input":["a"'
                             + b',"a"' * 31 + b"]}", (200, 502))
            await nginx.post("/v1/ranks", b'{"query":"a","texts":['
                             + texts(31) + b"]}", (200, 502))


def ones(asked):
    return vectors(len(json.loads(asked)["input"]), b"[1]")


def distinct(n, size=0):
    return b'{"input":[' + b",".join(
        b'"%d%s"' % (i, b"a" * size) for i in range(n)) + b"]}"


@row("Inputs to be embedded", "client", "`review_max_inputs`", "thread",
     "t/http/steps/embed_test.py", "", EMBED)
async def inputs(nginx):
    async with backend(vectors(32, b"[1]")):
        await nginx.post("/v1/vectors", b'{"input":["a"'
                         + b',"a"' * 99999 + b"]}", (200, 502))
    async with backend(ones):
        await nginx.post("/v1/vectors", distinct(100000))
        await nginx.post("/v1/vectors", distinct(30, 3 * MB))


@row("A body of 20 MB in memory", "client", "`client_body_buffer_size`",
     "event loop, thread", "t/http/request/threads_test.py", "", MEMORY)
async def memory(nginx):
    await nginx.post("/v1/review", CHUNK + b',"x-more":"%s"}'
                     % (b"x" * (20 * MB)))
    await nginx.post("/v1/split", b'{"text":"%s"}'
                     % ("甲方。".encode() * (7 * MB // 3)), (200, 422))


def extracted(text, member, one, n):
    return json.dumps({"text": text, member: [one(i) for i in range(n)]},
                      ensure_ascii=False).encode()


@row("What a converter says of pages", "converter, document",
     "100,000 pages; `review_max_text_size`", "thread",
     "t/unit/document/document.c", "", EXTRACT)
async def pages(nginx):
    text = "甲\f" * 100000
    for body in (extracted(text, "pages", lambda i: {"start": 2 * i}, 100000),
                 extracted(text, "pages", lambda i: {"start": 0, "kind": "ocr"},
                           100000),
                 extracted(text, "hidden", lambda i: [2 * i, 2 * i + 1],
                           100000),
                 extracted(text, "warnings", lambda i: {"code": "c%d" % i},
                           100000),
                 extracted("第 1 页\n\f" * 1000000, "pages", str, 0),
                 b'{"text":"a","pages":[' + b"{}," * 1000000 + b"{}]}"):
        async with backend(body, "application/vnd.review.text+json"):
            await nginx.ask("POST /v1/extracted", (200, 413, 502),
                            "Content-Type: application/pdf\r\n"
                            "Content-Length: 1\r\n", b"x")
