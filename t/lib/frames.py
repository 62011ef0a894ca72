"""
A client of HTTP/2 for what curl can't do.  Headers are sent as literals; of
those received only the status is read.
"""

import asyncio
import struct
import time

from harness import SLOW

DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW = 0, 1, 3, 4, 6, 7, 8
END_STREAM, END_HEADERS, ACK = 1, 4, 1
CANCEL = 8
STATUS = {0x88: 200, 0x89: 204, 0x8c: 400, 0x8d: 404, 0x8e: 500}


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] \
        + struct.pack(">BBI", kind, flags, stream) + payload


def field(name, value):
    return b"".join([b"\0", bytes([len(name)]), name.encode(),
                     bytes([len(value)]), value.encode()])


class Client:
    def __init__(self, window=1 << 30):
        self.window = window
        self.last = -1
        self.room = {}              # stream: what may be sent
        self.first_room = 65535
        self.status = {}
        self.body = {}
        self.ended = {}             # stream: how; 0 is the connection's end
        self.changed = asyncio.Event()

    async def open(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1",
                                                                 port)
        self.settled = False
        self.writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(
            SETTINGS, 0, 0, struct.pack(">HI", 4, self.window))
            + frame(WINDOW, 0, 0, struct.pack(">I", 1 << 30)))
        self.task = asyncio.create_task(self.read())
        await self.until(lambda: self.settled)
        return self

    def start(self, headers=(), path="/v1/review", method="POST", end=False):
        self.last += 2
        self.body[self.last] = b""
        self.room[self.last] = self.first_room
        fields = [(":method", method), (":scheme", "http"), (":path", path),
                  (":authority", "test"),
                  ("content-type", "application/json"), *headers]
        self.writer.write(frame(HEADERS, END_HEADERS | (END_STREAM * end),
                                self.last,
                                b"".join(field(*f) for f in fields)))
        return self.last

    def data(self, stream, data, end=False):
        self.writer.write(frame(DATA, END_STREAM * end, stream, data))

    async def pour(self, stream, data):
        """a large body, as nginx takes it, until it has answered"""
        while data and stream not in self.ended:
            n = min(self.room[stream], len(data), 16000)
            self.data(stream, data[:n], end=len(data) == n)
            self.room[stream] -= n
            data = data[n:]
            if data and not self.room[stream]:
                await self.until(lambda: self.room[stream]
                                 or stream in self.ended)

    def post(self, body, *headers, **more):
        stream = self.start(headers, **more)
        self.data(stream, body, end=True)
        return stream

    def reset(self, stream):
        self.writer.write(frame(RST_STREAM, 0, stream,
                                struct.pack(">I", CANCEL)))

    def allow(self, stream, size):
        self.writer.write(frame(WINDOW, 0, stream, struct.pack(">I", size)))

    async def read(self):
        try:
            while True:
                head = await self.reader.readexactly(9)
                kind, flags, stream = struct.unpack(">BBI", head[3:])
                data = await self.reader.readexactly(
                    int.from_bytes(head[:3], "big"))
                self.take(kind, flags, stream, data)
                self.changed.set()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ended[0] = "closed"
            self.changed.set()

    def take(self, kind, flags, stream, data):
        if kind == HEADERS:
            # a change of the table's size may come first
            data = data.lstrip(b"\x20")
            self.status[stream] = STATUS.get(data[0]) or int(data[2:5])
        elif kind == DATA:
            self.body[stream] += data
        elif kind == RST_STREAM:
            # after a whole reply it only says that no more body is wanted
            self.ended.setdefault(stream, "reset")
        elif kind == GOAWAY:
            self.ended[0] = "goaway"
        elif kind == WINDOW and stream:
            self.room[stream] += struct.unpack(">I", data)[0]
        elif kind == SETTINGS and not flags & ACK:
            for at in range(0, len(data), 6):
                name, value = struct.unpack(">HI", data[at:at + 6])
                if name == 4:
                    self.first_room = value
            self.settled = True
            self.writer.write(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.writer.write(frame(PING, ACK, 0, data))
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            self.ended[stream] = "end"

    async def until(self, condition):
        end = time.monotonic() + 60 * SLOW
        while not condition():
            self.changed.clear()
            try:
                await asyncio.wait_for(self.changed.wait(),
                                       end - time.monotonic())
            except asyncio.TimeoutError:
                return False
        return True

    async def reply(self, stream):
        await self.until(lambda: stream in self.ended or 0 in self.ended)
        return (self.ended.get(stream), self.status.get(stream),
                self.body[stream].decode())

    async def close(self):
        self.task.cancel()
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass
