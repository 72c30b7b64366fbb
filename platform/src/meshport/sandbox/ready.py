"""Workers that saw no query yet, but have the tables open that somebody is likely to read next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from meshport.sandbox.question import Limits, TableFiles
from meshport.sandbox.workers import Worker

Tables = Sequence[TableFiles]


@dataclass(frozen=True)
class _Ready:
    asker: str
    limits: Limits
    tables: Tables
    worker: Worker


class ReadyWorkers:
    """At most so many, the latest; each is for one asker and for whoever takes it first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._all: list[_Ready] = []

    def take(self, asker: str, limits: Limits, fits: Callable[[Tables], bool]) -> Worker | None:
        """The latest one of that asker whose tables fit, now nobody else's."""
        for one in self._all[::-1]:
            if (one.asker, one.limits) == (asker, limits) and fits(one.tables):
                with suppress(ValueError):  # somebody else was quicker
                    self._all.remove(one)
                    if one.worker.is_waiting:
                        return one.worker
                    one.worker.end()
        return None

    def has(self, asker: str, limits: Limits, tables: Tables) -> bool:
        """Whether one of that asker has these tables open."""
        known = [(one.asker, one.limits, one.tables) for one in self._all]
        return (asker, limits, tables) in known

    def put(self, asker: str, worker: Worker) -> None:
        """Keep a worker for that asker; the oldest ends where there are too many."""
        self._all.append(_Ready(asker, worker.limits, worker.tables or (), worker))
        while len(self._all) > self.most:
            with suppress(IndexError):
                self._all.pop(0).worker.end()

    def end(self) -> None:
        """End them all."""
        while self._all:
            with suppress(IndexError):
                self._all.pop(0).worker.end()
