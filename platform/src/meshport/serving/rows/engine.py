"""Runs questions side by side within limits: so many at once, so long each, none for nobody."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar

from meshport.errors import ServingError
from meshport.serving.limits import Limits
from meshport.serving.rows.reader import RowReader
from meshport.warehouse import Connection, EngineError

T = TypeVar("T")
Watch = Callable[[], Awaitable[bool]]
"""Says whether an answer is still of use; asked now and then while it is made."""
_LOOK = 0.05
"""Seconds between two looks at a question that takes its time."""


class Turns:
    """So many at once, a few in line, the rest sent away; for one event loop."""

    def __init__(self, slots: int, waiting: int, seconds: float) -> None:
        self._free = slots
        self._waiting = waiting
        self._seconds = seconds
        self._line: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a slot and hold it for the block; raises ServingError MP642."""
        if self._free:
            self._free -= 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._hand_on()

    async def _wait(self) -> None:
        if len(self._line) >= self._waiting:
            raise _busy()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            await asyncio.wait({turn}, timeout=self._seconds)
        except asyncio.CancelledError:
            if not turn.cancel():
                self._hand_on()
            raise
        if turn.cancel():  # nobody handed a slot on in time
            self._line.remove(turn)
            raise _busy()

    def _hand_on(self) -> None:
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1


class Engine:
    """The row reader behind its limits."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.reader = RowReader(limits.page_bytes)
        self._questions = Turns(limits.executing, limits.waiting, limits.wait)
        self._exports = Turns(limits.exporting, limits.waiting, limits.wait)
        self._threads = ThreadPoolExecutor(limits.executing + limits.exporting, "rows")

    async def ask(self, work: Callable[[], T], is_wanted: Watch) -> T:
        """What the work returns; it is interrupted when time is up or nobody wants it any more.

        Raises ServingError: MP642 every slot is busy, MP643 time was up, and what the work raises.
        """
        async with self._questions.one():
            return await self._run(work, self.limits.statement, is_wanted)

    async def export(self, work: Callable[[], T], is_wanted: Watch) -> T:
        """The same for work that writes whole tables."""
        async with self._exports.one():
            return await self._run(work, self.limits.export, is_wanted)

    def close(self) -> None:
        """Give threads and memory back."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self.reader.close()

    async def _run(self, work: Callable[[], T], seconds: float, is_wanted: Watch) -> T:
        loop = asyncio.get_running_loop()
        job = _Job(self.reader, work)
        running = loop.run_in_executor(self._threads, job)
        ends = loop.time() + seconds
        try:
            await asyncio.wait({running}, timeout=min(2 * _LOOK, seconds))
            while not running.done():
                if loop.time() >= ends or not await is_wanted():
                    # An interrupt that comes before the engine starts is lost: tell it again.
                    job.stop()
                await asyncio.wait({running}, timeout=_LOOK)
        finally:
            job.stop()
        return running.result()


class _Job(Generic[T]):
    """Work in a thread, which another thread can stop; never somebody else's work after it."""

    def __init__(self, reader: RowReader, work: Callable[[], T]) -> None:
        self._reader = reader
        self._work = work
        self._lock = threading.Lock()
        self._con: Connection | None = None
        self._is_stopped = False

    def __call__(self) -> T:
        with self._lock:
            if self._is_stopped:
                raise ServingError("MP643", "the answer took too long")
            self._con = self._reader.connection()
        try:
            return self._work()
        finally:
            with self._lock:
                self._con = None

    def stop(self) -> None:
        """Interrupt the work, if it is still running."""
        with self._lock:
            self._is_stopped = True
            if self._con is not None:
                with suppress(EngineError):  # it may have been closed meanwhile
                    self._con.interrupt()


def _busy() -> ServingError:
    hint = "send it again in a second; If-None-Match and larger pages cost less"
    return ServingError("MP642", "as many questions are being answered as can be", hint=hint)
