"""Asks HTTP servers over kept connections, as cheaply as Python can, and times the answers."""

from __future__ import annotations

import selectors
import socket
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

Ask = Callable[[], str]
"""The target of the next request, or the target and its headers behind line ends."""


@dataclass
class Answers:
    """Seconds from request to last byte, and how long all of it took."""

    seconds: list[float] = field(default_factory=list)
    took: float = 0.0
    size: int = 0
    statuses: set[int] = field(default_factory=set)

    @property
    def p50(self) -> float:
        """Milliseconds."""
        return statistics.median(self.seconds) * 1000

    @property
    def p99(self) -> float:
        """Milliseconds."""
        return sorted(self.seconds)[int(len(self.seconds) * 0.99)] * 1000

    @property
    def per_second(self) -> float:
        return len(self.seconds) / self.took


class Client:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = bytearray()
        self.left = -1
        self.is_chunked = False
        self.status = 0
        self.body = b""
        self.since = 0.0

    def send(self, asked: str) -> None:
        target, _, headers = asked.partition("\r\n")
        self.buffer.clear()
        self.left, self.since = -1, time.perf_counter()
        more = f"\r\n{headers}" if headers else ""
        request = f"GET {target} HTTP/1.1\r\nHost: localhost{more}\r\n\r\n"
        self.socket.sendall(request.encode())

    def receive(self) -> bool:
        """Take what has come; whether the answer is whole."""
        part = self.socket.recv(2**20)
        if not part:
            raise ConnectionError(f"the server hung up: {bytes(self.buffer[:200])!r}")
        self.buffer += part
        if self.left < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return False
            self._head(bytes(self.buffer[:end]).lower(), end + 4)
        if self.is_chunked:
            return self.buffer.endswith(b"0\r\n\r\n")
        return len(self.buffer) >= self.left

    def _head(self, head: bytes, start: int) -> None:
        self.status = int(head[9:12])
        found = head.find(b"content-length: ")
        self.is_chunked = b"transfer-encoding: chunked" in head
        length = int(head[found + 16 :].split(b"\r\n", 1)[0]) if found >= 0 else 0
        self.left = start + (0 if self.status == 304 else length)

    def ask(self, asked: str) -> bytes:
        """One question; the whole answer, head included."""
        self.send(asked)
        while not self.receive():
            pass
        return bytes(self.buffer)


def in_turn(port: int, ask: Ask, count: int) -> Answers:
    """One client, one request after the other."""
    return at_once(port, ask, 1, count)


def at_once(port: int, ask: Ask, clients: int, count: int) -> Answers:
    """So many clients, each asking again as soon as it is answered, `count` requests in all."""
    answers = Answers()
    with selectors.DefaultSelector() as waiting:
        for _ in range(clients):
            client = Client(port)
            waiting.register(client.socket, selectors.EVENT_READ, client)
        start = time.perf_counter()
        for key in list(waiting.get_map().values()):
            key.data.send(ask())
        sent, open_ = clients, clients
        while open_:
            for key, _ in waiting.select():
                client = key.data
                if not client.receive():
                    continue
                answers.seconds.append(time.perf_counter() - client.since)
                answers.statuses.add(client.status)
                answers.size += len(client.buffer)
                if sent < count:
                    client.send(ask())
                    sent += 1
                else:
                    open_ -= 1
        answers.took = time.perf_counter() - start
        for key in list(waiting.get_map().values()):
            key.data.socket.close()
    return answers
