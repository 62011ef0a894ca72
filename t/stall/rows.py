"""
What the rows of the table share.  A row is a coroutine that is given an Asker
and does the worst that its bound allows:

    @row("Values in the JSON of a request", whose="client",
         bound="1,048,576, of which 200,000 objects and arrays",
         where="thread", test="t/unit/json/load.c")
    async def values(nginx):
        await nginx.post("/v1/review", body, 400)

"http" and "server" are more of the configuration, for rows that need it.
"""

import asyncio
import contextlib
import dataclasses
import json
import re

import harness
import stall

ROWS = []
PIECE = 1 << 16             # of what is sent, at a time
BACKEND = harness.free_port()

HTTP = """
    client_max_body_size 100m;
    review_llm /llm model=stand-in;
    review_embeddings /embeddings model=e;
    review_fetch_allow 127.0.0.1/32;
"""
SERVER = stall.LOCATION + """
        location = /v1/split { review_split; }
        location = /v1/embed { review_embed; }
        location = /v1/rank { review_rank; }
        location = /v1/fetch { review_fetch; }
        location = /v1/task {
            review_chunk_uri /v1/review;
            review_task;
        }
        location = /backend {
            internal;
            proxy_pass http://127.0.0.1:%d;
            proxy_http_version 1.1;
        }
        location = /v1/answer {
            review_llm /backend model=m;
            review;
        }
        location = /embeddings {
            internal;
            proxy_pass http://llm/v1/embeddings;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
        }
""" % BACKEND


@dataclasses.dataclass
class Row:
    what: str
    whose: str
    bound: str
    where: str
    test: str
    ask: object
    http: str
    server: str
    failed: str = None


class Unexpected(Exception):
    pass


def row(what, whose, bound, where, test, http="", server=""):
    def add(ask):
        ROWS.append(Row(what, whose, bound, where, test, ask, http, server))
        return ask
    return add


def server(module, nginx, row):
    return harness.Harness(http=HTTP + row.http, server=SERVER + row.server,
                           level="error", module=module, nginx=nginx,
                           record=False)


async def send(writer, data, piece=PIECE):
    """no faster than a network: somebody on the same machine would keep nginx
    reading what is sent for as long as it takes"""
    for at in range(0, len(data), piece):
        writer.write(data[at:at + piece])
        await writer.drain()
        await asyncio.sleep(0.001)


async def exchange(port, data):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await send(writer, data)
        reply = await reader.read()
    except ConnectionError:
        return 0, b""
    finally:
        writer.close()
    head, _, body = reply.partition(b"\r\n\r\n")
    return int(head.split()[1] if head else 0), body


@contextlib.asynccontextmanager
async def backend(answer, kind="application/json", piece=PIECE):
    """a server behind /backend; "answer" is a body, or makes one of what was
    asked"""
    async def serve(reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b"\r\n\r\n")
            size = re.search(rb"(?i)\ncontent-length: *(\d+)", head)
            asked = await reader.readexactly(int(size[1]) if size else 0)
            body = answer(asked) if callable(answer) else answer
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
                         b"Content-Type: %s\r\nContent-Length: %d\r\n\r\n"
                         % (kind.encode(), len(body)))
            await send(writer, body, piece)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", BACKEND,
                                        backlog=1024)
    async with server:
        yield


class Asker:
    def __init__(self, server):
        self.server, self.port = server, server.port

    async def post(self, path, body, status=200, headers=""):
        """the reply; bodies that are not bytes are made JSON"""
        if not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        return await self.ask("POST %s" % path, status,
                              "Content-Type: application/json\r\n%s"
                              "Content-Length: %d\r\n"
                              % (headers, len(body)), body)

    async def get(self, path, status=200):
        return await self.ask("GET %s" % path, status)

    async def ask(self, what, status, headers="", body=b""):
        head = ("%s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s\r\n"
                % (what, headers))
        got, reply = await exchange(self.port, head.encode() + body)
        if got not in (status if isinstance(status, tuple) else (status,)):
            raise Unexpected("%s: %d instead of %s: %s"
                             % (what, got, status, reply[:300]))
        return reply
