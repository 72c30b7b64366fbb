"""Server-sent events (HTML Living Standard, section 9.2): changes as they come, until they end.

Every change is an event whose `id` is the position after it, so a client that comes back with
`Last-Event-ID` misses nothing and gets nothing twice.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from meshport.errors import MeshportError, ServingError
from meshport.serving.feed.asking import Wanted
from meshport.serving.feed.feed import Changes, Feed, Watch
from meshport.serving.feed.part import Part
from meshport.serving.feed.position import Position
from meshport.serving.problems import problem_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MEDIA_TYPE = "text/event-stream"
LOOK_SECONDS = 0.4
"""How long a change, or the end of an agreement, may wait to be noticed."""
HEARTBEAT_SECONDS = 15.0
_RETRY_MILLISECONDS = 2_000
_PAGE = 1_000
_AT_ONCE = 100
"""So many events are sent before the reader's access is looked at again."""


@dataclass
class Streams:
    """The streams that one process has open, within limits."""

    most: int
    most_each: int
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the server ends."""
    heartbeat: float = HEARTBEAT_SECONDS
    _open: Counter[str] = field(default_factory=Counter)

    @property
    def open(self) -> int:
        """How many there are."""
        return self._open.total()

    @contextmanager
    def one(self, reader: str) -> Iterator[None]:
        """Count a stream of a reader for the block; raises ServingError MP652."""
        self.require_room(reader)
        self._open[reader] += 1
        try:
            yield
        finally:
            self._open[reader] -= 1
            self._open += Counter()  # forget those that have none

    def require_room(self, reader: str) -> None:
        """Raise ServingError MP652 where one more would be too many."""
        if self._open[reader] >= self.most_each or self.open >= self.most:
            hint = f"{self.most_each} at once for one reader; end one, or ask with a cursor"
            raise ServingError("MP652", "too many streams are open", hint=hint)


@dataclass
class Stream:
    """One client's stream."""

    feed: Feed
    streams: Streams
    position: Position
    is_wanted: Watch
    _is_at: int = 0
    """The number of the last move of the pointer when there was nothing more."""
    _idle: float = 0.0

    async def events(self, reader: str) -> AsyncIterator[bytes]:
        """The events as bytes; the last one says why there are no more."""
        with self.streams.one(reader):
            yield f"retry: {_RETRY_MILLISECONDS}\n\n".encode()
            try:
                while not self.streams.stopping.is_set():
                    async for some in self._some():
                        yield some
            except MeshportError as error:
                yield _event("end", problem_of(error))
                return
            yield _event("end", {"title": "The server ends", "detail": "come again"})

    async def _some(self) -> AsyncIterator[bytes]:
        """What there is now; where there is nothing, a look later on and now and then a sign."""
        await self.feed.require_still()
        number = self.feed.store.pointer().number
        if number == self._is_at:
            async for beat in self._rest():
                yield beat
            return
        wanted = Wanted(None, 0, _PAGE, "ndjson")
        changes = await self.feed.next(self.position, wanted, self.is_wanted)
        async for some in self._sent(changes):
            yield some
        if not changes.has_more:
            self._is_at = changes.part.latest

    async def _sent(self, changes: Changes) -> AsyncIterator[bytes]:
        assert isinstance(changes.body, bytes)
        lines, part = changes.body.split(b"\n")[:-1], changes.part
        for start in range(0, len(lines), _AT_ONCE):
            if start:
                await self.feed.require_still()
            some = lines[start : start + _AT_ONCE]
            yield b"".join(
                b"id: %s\ndata: %s\n\n" % (self._id(part, row), line)
                for row, line in enumerate(some, start + 1)
            )
        if not lines and self.position != changes.position:
            # An event without data is none, but moves on from where one would come back.
            yield b"id: %s\n\n" % self._id(part, 0)
        self.position = changes.position

    async def _rest(self) -> AsyncIterator[bytes]:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await self.streams.stopping.wait()
        except TimeoutError:
            self._idle += LOOK_SECONDS
        if self._idle >= self.streams.heartbeat:
            self._idle = 0.0
            yield b": still here\n\n"

    def _id(self, part: Part, rows: int) -> bytes:
        return self.feed.positions.write(part.after(rows)).encode()


def _event(name: str, data: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
