"""Messages between a server and its sandboxed processes: length, kind, content, over a socket.

What comes from a worker is read as data and never trusted: lengths are bounded, and every wait has
a deadline.
"""

from __future__ import annotations

import json
import select
import socket
import struct
from time import monotonic
from typing import Any

COMMAND = struct.Struct("!cq")
"""What a server tells the process that forks its workers: an act and a process id."""

_HEAD = struct.Struct("!cI")
_MESSAGE, _PIECE = b"M", b"P"
MAX_MESSAGE = 16 * 2**20
MAX_PIECE = 4 * 2**20


class ClosedError(Exception):
    """The other side is gone, or says what cannot be understood."""


class LateError(Exception):
    """The deadline passed."""


class Channel:
    """One end of a connection between two processes."""

    def __init__(self, end: socket.socket) -> None:
        self.socket = end
        self._read = bytearray()
        self._poll = select.poll()
        self._poll.register(end, select.POLLIN)

    def send(self, message: dict[str, Any]) -> None:
        """Send a message; raises ClosedError."""
        self._send(_MESSAGE, json.dumps(message).encode())

    def send_piece(self, content: bytes | memoryview) -> None:
        """Send bytes of a result, in pieces; raises ClosedError."""
        for start in range(0, len(content), MAX_PIECE):
            self._send(_PIECE, content[start : start + MAX_PIECE])

    def receive(self, deadline: float | None = None) -> dict[str, Any] | bytes:
        """The next message, or the next piece of a result.

        Raises LateError where `deadline` (as `time.monotonic`) passes first, and ClosedError.
        """
        kind, length = _HEAD.unpack(self._exactly(_HEAD.size, deadline))
        if kind not in (_MESSAGE, _PIECE) or length > MAX_MESSAGE:
            raise ClosedError
        content = self._exactly(length, deadline)
        if kind == _PIECE:
            return content
        try:
            message = json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ClosedError from error
        if not isinstance(message, dict):
            raise ClosedError
        return message

    def close(self) -> None:
        """Close this end."""
        self.socket.close()

    def _send(self, kind: bytes, content: bytes | memoryview) -> None:
        try:
            self.socket.sendall(_HEAD.pack(kind, len(content)) + content)
        except OSError as error:
            raise ClosedError from error

    def _exactly(self, length: int, deadline: float | None) -> bytes:
        while len(self._read) < length:
            if deadline is not None:
                self._wait(deadline)
            try:
                piece = self.socket.recv(max(length - len(self._read), 1 << 16))
            except OSError as error:
                raise ClosedError from error
            if not piece:
                raise ClosedError
            self._read += piece
        found = bytes(memoryview(self._read)[:length])
        del self._read[:length]
        return found

    def _wait(self, deadline: float) -> None:
        if not self._poll.poll(max(0.0, (deadline - monotonic()) * 1000)):
            raise LateError
