"""A proxy between a client and PostgreSQL that knows where statements begin, so that faults can be put there.

It reads the client's messages (protocol 3): `Q` and `B` begin a statement, the first `d` after a COPY is the inside of
it, `c` its end. Before such a message goes on, `before` is called; it may kill the client, cut the line or wait. That
way no product code is changed and every driver (psycopg, psycopg2 below dbt, SQLAlchemy) is seen alike.
"""

import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

STARTUP_REQUESTS = {80877103, 80877104}
INSIDE_COPY, END_OF_COPY = "inside COPY", "end of COPY"


@dataclass(frozen=True)
class Boundary:
    """The point just before a statement; `number` counts from 1 over all connections of the proxy."""

    number: int
    text: str


class Link:
    """One client's connection and its counterpart on the server."""

    def __init__(self, proxy: "Proxy", client: socket.socket) -> None:
        self.proxy, self.client = proxy, client
        self.server = socket.create_connection(proxy.upstream)
        for end in (client, self.server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.copying = self.mute = False
        self.parsed: dict[bytes, str] = {}
        for run in (self._upwards, self._downwards):
            threading.Thread(target=run, daemon=True).start()

    def cut(self) -> None:
        """Reset both ends, as a broken line does."""
        for end in (self.client, self.server):
            with suppress(OSError):
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._close(end)

    @staticmethod
    def _close(end: socket.socket) -> None:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
        end.close()

    def _upwards(self) -> None:
        data, started = b"", False
        try:
            while block := self.client.recv(1 << 16):
                data += block
                if self.proxy.delay:
                    time.sleep(self.proxy.delay)
                while not started and len(data) >= 8 and len(data) >= (size := struct.unpack("!I", data[:4])[0]):
                    started = struct.unpack("!I", data[4:8])[0] not in STARTUP_REQUESTS
                    self.server.sendall(data[:size])
                    data = data[size:]
                while started and len(data) >= 5 and len(data) >= (size := 1 + struct.unpack("!I", data[1:5])[0]):
                    self._look(data[:1], data[5:size])
                    self.server.sendall(data[:size])
                    data = data[size:]
        except OSError:
            pass
        self._close(self.server)

    def _downwards(self) -> None:
        try:
            while block := self.server.recv(1 << 16):
                if self.mute:
                    self.cut()
                else:
                    self.client.sendall(block)
        except OSError:
            pass
        self._close(self.client)

    def _look(self, kind: bytes, content: bytes) -> None:
        """Tell the proxy where a statement begins; `content` is the message without its head."""
        if kind == b"P":
            name, text = content.split(b"\0")[:2]
            self.parsed[name] = text.decode(errors="replace")
            return
        if kind == b"d" and not self.copying:
            self.copying = True
            self.proxy.reach(self, INSIDE_COPY)
        elif kind in (b"c", b"f"):
            self.copying = False
            self.proxy.reach(self, END_OF_COPY)
        elif kind == b"Q":
            self.proxy.reach(self, content.rstrip(b"\0").decode(errors="replace"))
        elif kind == b"B":
            self.proxy.reach(self, self.parsed.get(content.split(b"\0")[1], ""))


class Proxy:
    """Listens on a port of loopback, a free one for 0, and passes everything on to `upstream` (host, port)."""

    def __init__(self, upstream: tuple[str, int], port: int = 0) -> None:
        self.upstream = upstream
        self.before: Callable[[Boundary, Link], None] = lambda boundary, link: None
        self.delay = 0.0
        self.reached: list[str] = []
        self.links: list[Link] = []
        self._one = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def reach(self, link: Link, text: str) -> None:
        """Count a boundary and let the fault decide what happens there."""
        with self._one:
            self.reached.append(text)
            boundary = Boundary(len(self.reached), text)
        self.before(boundary, link)

    def reset(self, before: Callable[[Boundary, Link], None] | None = None) -> None:
        """Forget what was counted and set the next fault."""
        self.before = before or (lambda boundary, link: None)
        self.delay = 0.0
        self.reached, self.links = [], []

    def cut_all(self) -> None:
        """Reset every connection."""
        for link in self.links:
            link.cut()

    def close(self) -> None:
        """Listen no more, so that the port is free, and drop what is connected."""
        # A thread that waits in accept() would hold a listener that is only closed.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                self.links.append(Link(self, client))
            except OSError:
                client.close()
