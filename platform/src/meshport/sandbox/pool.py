"""Workers that wait to be asked, how many may be busy at once, and for how many askers."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from time import sleep
from typing import Any

from meshport.sandbox.gate import Gated, TableName
from meshport.sandbox.question import Limits
from meshport.sandbox.ready import ReadyWorkers, Tables
from meshport.sandbox.workers import EndedError, Nursery, Worker

_PAUSE_SECONDS = 0.005


class BusyError(Exception):
    """Every worker has something to do."""


@dataclass(frozen=True)
class PoolSize:
    """How many workers wait, how many may be busy, and how many of these for one asker.

    Besides those that wait for anybody, some wait with the tables open that somebody read last.
    """

    spares: int = 2
    ready: int = 2
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
        self.ready = ReadyWorkers(size.ready)
        self._refill = ThreadPoolExecutor(1, "sandbox-refill")
        self._refill.submit(self._fill)

    @contextmanager
    def place(self, asker: str, limits: Limits, wait_seconds: float) -> Iterator[Place]:
        """A place for one query of that asker, who may be kept waiting so long.

        Raises BusyError, and EndedError where no process can be started.
        """
        place = Place(self, asker, limits)
        try:
            with self._admitted(asker, wait_seconds):
                yield place
            place.is_answered = True
        finally:
            self._replace(place)

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
        for worker in self._spares:
            worker.end()
        self.ready.end()
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

    def _replace(self, place: Place) -> None:
        try:
            if place.is_answered:
                self._refill.submit(self._let_answer_leave)
                self._refill.submit(self._prepare, place)
            self._refill.submit(place.end)
            self._refill.submit(self._fill)
        except RuntimeError:  # the pool is closed
            place.end()

    def _let_answer_leave(self) -> None:
        # So that what the answer still needs has the processor for itself.
        if self._is_idle():
            sleep(_PAUSE_SECONDS)

    def _is_idle(self) -> bool:
        with self._turn:
            return not self._busy.total()

    def spare(self, limits: Limits) -> Worker:
        """A worker that knows nothing; raises EndedError where no process can be started."""
        worker = self._waiting() or self.nursery.fork()
        worker.limit(limits)
        return worker

    def _waiting(self) -> Worker | None:
        with suppress(IndexError):
            while True:
                one = self._spares.popleft()
                if one.is_waiting:
                    return one
                one.end()
        return None

    def _prepare(self, place: Place) -> None:
        """Open for the asker's next query what this one read, while nobody waits."""
        tables = place.worker.tables if place.worker else None
        if not tables or not self.size.ready or not self._is_idle():
            return
        if self.ready.has(place.asker, place.limits, tables):
            return
        with suppress(EndedError):
            worker = self.spare(place.limits)
            worker.open(tables)
            worker.rehearse()
            self.ready.put(place.asker, worker)

    def _fill(self) -> None:
        with suppress(EndedError):
            while len(self._spares) < self.size.spares and not self._is_closed:
                self._spares.append(self.nursery.fork())


class Place:
    """Where one query is answered: by one worker, or by another if that has other tables open."""

    def __init__(self, pool: Pool, asker: str, limits: Limits) -> None:
        self.asker = asker
        self.limits = limits
        self.worker: Worker | None = None
        self.is_answered = False
        self._pool = pool

    def ask(self, query: str) -> Gated:
        """Which tables a query reads; raises RefusedError, EndedError."""
        self.worker = self._taken(lambda _: True) or self._pool.spare(self.limits)
        return self.worker.ask(query)

    def expect(self, query: str, names: Collection[TableName]) -> None:
        """Have a worker look at a gated query ahead, if one has tables of these names open."""
        wanted = set(names)
        self.worker = self._taken(lambda tables: {one.table_name for one in tables} == wanted)
        if self.worker:
            self.worker.expect(query)

    def over(self, tables: Tables) -> Worker:
        """A worker for the query with these tables open, and no others; raises EndedError."""
        if self.worker is not None and self.worker.tables not in (None, tables):
            self.worker.end()
            self.worker = self._taken(lambda found: found == tables)
        if self.worker is None:
            self.worker = self._pool.spare(self.limits)
        if self.worker.tables is None:
            self.worker.open(tables)
        return self.worker

    def end(self) -> None:
        """End its worker, whatever it does."""
        if self.worker:
            self.worker.end()

    def _taken(self, fits: Callable[[Tables], bool]) -> Worker | None:
        return self._pool.ready.take(self.asker, self.limits, fits)
