"""Workers that saw no query yet, but have the tables open that somebody is likely to read next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress

from meshport.sandbox.question import Limits, TableFiles
from meshport.sandbox.workers import Worker

Tables = Sequence[TableFiles]


class ReadyWorkers:
    """At most so many, the latest; each is for one asker and for whoever takes it first."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._all: list[tuple[str, Worker]] = []

    def take(self, asker: str, limits: Limits, fits: Callable[[Tables], bool]) -> Worker | None:
        """The latest one of that asker whose tables fit, now nobody else's."""
        for one in self._fitting(asker, limits, fits):
            with suppress(ValueError):  # somebody else was quicker
                self._all.remove((asker, one))
                if one.is_waiting:
                    return one
                one.end()
        return None

    def has(self, asker: str, limits: Limits, tables: Tables) -> bool:
        """Whether one of that asker has these tables open."""
        return bool(self._fitting(asker, limits, lambda found: found == tables))

    def put(self, asker: str, worker: Worker) -> None:
        """Keep a worker for that asker; the oldest ends where there are too many."""
        self._all.append((asker, worker))
        self._leave(self.most)

    def end(self) -> None:
        """End them all."""
        self._leave(0)

    def _leave(self, most: int) -> None:
        while len(self._all) > most:
            with suppress(IndexError):
                self._all.pop(0)[1].end()

    def _fitting(self, asker: str, limits: Limits, fits: Callable[[Tables], bool]) -> list[Worker]:
        mine = [worker for name, worker in self._all[::-1] if name == asker]
        return [one for one in mine if one.limits == limits and fits(one.tables or ())]
