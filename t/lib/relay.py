"""
A TCP relay to put between a client and a server, which makes the network
between them bad: slow, silent, or gone in the middle of something.

    relay = Relay(port_of_server)       # relay.port is what clients use
    relay.up.rate = 200000              # bytes a second, client to server
    relay.down.rate = None              # as fast as it goes
    relay.down.stall()                  # nothing more, until go()
    relay.down.cut(1000000)             # a reset after so many bytes, once
    relay.refuse()                      # no connections, until accept()
    relay.up.bytes, relay.connections   # what has passed, and how many came
    relay.close()

What is held back fills the sender's socket: the relay reads no more than it
may pass on, and its own buffers are small.
"""

import select
import socket
import struct
import threading
import time

from harness import free_port

PIECE = 16384
BUFFER = 65536      # of a socket: the kernel doubles it


class Way:
    """one direction, of all connections together"""

    def __init__(self):
        self.lock = threading.Lock()
        self.open = threading.Event()
        self.open.set()
        self.rate = None
        self.bytes = 0
        self.limit = None       # of bytes, where connections are cut
        self.due = 0.0

    def stall(self):
        self.open.clear()

    def go(self):
        self.open.set()

    def cut(self, after):
        """when so many more bytes have passed; None: never"""
        with self.lock:
            self.limit = None if after is None else self.bytes + after

    def allowed(self, size):
        """counts what passes: how much, and whether it is the end"""
        with self.lock:
            last = self.limit is not None and self.bytes + size >= self.limit
            if last:
                size = self.limit - self.bytes
                self.limit = None
            self.bytes += size
            return size, last

    def delay(self, size):
        """seconds until so many bytes have had their time"""
        rate = self.rate
        if not rate:
            return 0
        with self.lock:
            now = time.monotonic()
            self.due = max(self.due, now) + size / rate
            return self.due - now


class Pair:
    """a connection of a client and that to the server"""

    def __init__(self, client, server):
        self.socks = client, server
        self.lock = threading.Lock()
        self.ends = 0
        self.gone = False

    def reset(self):
        """both, at once; closing is left to who still reads"""
        with self.lock:
            if not self.gone and self.ends < 2:
                self.gone = True
                for sock in self.socks:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                    struct.pack("ii", 1, 0))
                    shut(sock, socket.SHUT_RD)

    def ended(self):
        """one way; the second closes"""
        with self.lock:
            self.ends += 1
            if self.ends == 2:
                for sock in self.socks:
                    sock.close()


def shut(sock, how):
    try:
        sock.shutdown(how)
    except OSError:
        pass


class Relay:
    def __init__(self, to_port):
        self.to_port = to_port
        self.up, self.down = Way(), Way()
        self.connections = 0
        self.pairs = []
        self.closed = False
        self.listener = None
        self.port = free_port()     # nobody else's while we refuse
        self.accept()

    def accept(self):
        """clients, on the same port each time"""
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(128)
        self.thread = threading.Thread(target=self.serve, daemon=True,
                                       args=(self.listener,))
        self.thread.start()

    def refuse(self):
        shut(self.listener, socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def serve(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.connect, args=(client,),
                             daemon=True).start()

    def connect(self, client):
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
        pair = Pair(client, server)
        try:
            server.connect(("127.0.0.1", self.to_port))
        except OSError:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                              struct.pack("ii", 1, 0))
            client.close()
            server.close()
            return
        for sock in pair.socks:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pairs = [p for p in self.pairs if p.ends < 2] + [pair]
        threading.Thread(target=self.pump, daemon=True,
                         args=(pair, server, client, self.down)).start()
        self.pump(pair, client, server, self.up)

    def pump(self, pair, source, target, way):
        try:
            while self.may_read(pair, way):
                data = source.recv(self.piece(way))
                # what came while the way was stalled waits, too
                if not data or not self.may_read(pair, way):
                    break
                size, last = way.allowed(len(data))
                target.sendall(data[:size])
                if last:
                    pair.reset()
                elif not self.pause(pair, way.delay(size)):
                    break
            if not pair.gone:
                shut(target, socket.SHUT_WR)
        except OSError:
            pair.reset()
        pair.ended()

    @staticmethod
    def piece(way):
        """a tenth of a second's worth: a slow way is slow, not jerky"""
        return max(1, min(PIECE, way.rate // 10)) if way.rate else PIECE * 4

    def may_read(self, pair, way):
        while not way.open.wait(0.05):
            if self.over(pair):
                return False
        return not pair.gone

    def pause(self, pair, seconds):
        """False: the pair ended meanwhile"""
        end = time.monotonic() + seconds
        while not pair.gone:
            left = end - time.monotonic()
            if left <= 0:
                return True
            if self.over(pair):
                return False
            time.sleep(min(left, 0.05))
        return False

    def over(self, pair):
        """a reset came, which a way that doesn't read would not notice"""
        if pair.gone or self.closed:
            return True
        poll = select.poll()
        for sock in pair.socks:
            poll.register(sock, 0)      # errors, and ends, which are normal
        if any(what & select.POLLERR for _, what in poll.poll(0)):
            pair.reset()
            return True
        return False

    def reset(self):
        """all connections there are"""
        for pair in self.pairs:
            pair.reset()

    def open(self):
        """how many connections there are"""
        return sum(pair.ends < 2 for pair in self.pairs)

    def close(self):
        self.closed = True
        self.refuse()
        self.reset()
