"""Where a sandboxed process puts its result: a file-like end of the channel that counts."""

from __future__ import annotations

import io
from typing import Any

from meshport.sandbox.channel import Channel

_ENOUGH = 1 << 18


class Sink(io.RawIOBase):
    """Gathers small writes into pieces and sends them."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self.channel = channel
        self._written = 0
        self._waiting = bytearray()

    def writable(self) -> bool:
        """It can be written to."""
        return True

    def write(self, content: Any) -> int:
        """Take all of the content, which is bytes or lends them."""
        lent = memoryview(content)
        size = lent.nbytes
        self._waiting += lent
        self._written += size
        if len(self._waiting) >= _ENOUGH:
            self.flush()
        return size

    def tell(self) -> int:
        """How many bytes were written."""
        return self._written

    def flush(self) -> None:
        """Send what is waiting."""
        if self._waiting:
            self.channel.send_piece(bytes(self._waiting))
            self._waiting.clear()
