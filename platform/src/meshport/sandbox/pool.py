"""Workers that wait to be asked, how many may be busy at once, and for how many askers."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from meshport.sandbox.workers import EndedError, Nursery, Worker


class BusyError(Exception):
    """Every worker has something to do."""


@dataclass(frozen=True)
class PoolSize:
    """How many workers wait, how many may be busy, and how many of these for one asker."""

    spares: int = 2
    busy: int = 4
    share: int = 2


class Pool:
    """Hands out a fresh worker per query; whoever had one, nobody has it again."""

    def __init__(self, size: PoolSize = PoolSize()) -> None:
        self.size = size
        self.nursery = Nursery()
        self._busy: Counter[str] = Counter()
        self._turn = threading.Condition()
        self._is_closed = False
        self._spares: deque[Worker] = deque()
        self._refill = ThreadPoolExecutor(1, "sandbox-refill")
        self._refill.submit(self._fill)

    @contextmanager
    def worker(self, asker: str, wait_seconds: float) -> Iterator[Worker]:
        """A worker for one query of that asker, who may be kept waiting so long.

        Raises BusyError, and EndedError where no process can be started.
        """
        with self._admitted(asker, wait_seconds):
            one = self._taken()
            try:
                yield one
            finally:
                # Only now, so that the query has the processor for itself.
                self._replace(one)

    def seen(self) -> dict[str, Any]:
        """What holds the workers, how many there are and what memory they take."""
        with suppress(EndedError):
            return self.nursery.seen()
        return {}

    def close(self) -> None:
        """End every worker; whoever waits for one is sent away."""
        with self._turn:
            self._is_closed = True
            self._turn.notify_all()
        self._refill.shutdown(wait=True)
        while self._spares:
            self._spares.popleft().end()
        self.nursery.stop()

    @contextmanager
    def _admitted(self, asker: str, wait_seconds: float) -> Iterator[None]:
        with self._turn:
            has_room = self._turn.wait_for(lambda: self._has_room(asker), wait_seconds)
            if self._is_closed or not has_room:
                raise BusyError
            self._busy[asker] += 1
        try:
            yield
        finally:
            with self._turn:
                self._busy -= Counter([asker])
                self._turn.notify_all()

    def _has_room(self, asker: str) -> bool:
        if self._is_closed:
            return True
        return self._busy.total() < self.size.busy and self._busy[asker] < self.size.share

    def _replace(self, used: Worker) -> None:
        try:
            self._refill.submit(used.end)
            self._refill.submit(self._fill)
        except RuntimeError:  # the pool is closed
            used.end()

    def _taken(self) -> Worker:
        with suppress(IndexError):
            while True:
                one = self._spares.popleft()
                if one.is_waiting:
                    return one
                one.end()
        return self.nursery.fork()

    def _fill(self) -> None:
        with suppress(EndedError):
            while len(self._spares) < self.size.spares and not self._is_closed:
                self._spares.append(self.nursery.fork())
