"""What the gate said of queries, so that one that is sent again need not be judged again.

A verdict follows from the text alone: the process that gave it had seen nothing else of anybody.
Which tables an asker has is found anew for every query.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

from meshport.sandbox.gate import Gated

_MOST = 1_000
_LONGEST = 4_096


class Verdicts:
    """The latest verdicts on queries that may run, for each asker apart.

    Apart, so that nobody can tell by the time of an answer what others asked.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str], Gated] = OrderedDict()

    def find(self, asker: str, query: str) -> Gated | None:
        """The verdict on that text, if it is kept."""
        with self._lock:
            if (asker, query) in self._kept:
                self._kept.move_to_end((asker, query))
            return self._kept.get((asker, query))

    def keep(self, asker: str, query: str, verdict: Gated) -> Gated:
        """Keep a verdict, unless its text is long; the one used least recently is forgotten."""
        if len(query) <= _LONGEST:
            with self._lock:
                self._kept[asker, query] = verdict
                if len(self._kept) > self._most:
                    self._kept.popitem(last=False)
        return verdict
