"""How often the gate is right: recall and precision of breaks, every answer beside the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from benchmarks.mutations.trial import Judged
from meshport.reports.result import Effect


@dataclass(frozen=True)
class Figures:
    """Counts of (said, happened)."""

    counts: Counter[tuple[Effect, Effect]]

    @classmethod
    def of(cls, judged: Iterable[Judged]) -> Figures:
        return cls(Counter((one.said, one.happened) for one in judged))

    @property
    def recall(self) -> float:
        """The share of the consumers who break that were said to break."""
        return self._share(lambda said, happened: happened is Effect.BREAKS)

    @property
    def precision(self) -> float:
        """The share of the consumers who were said to break that do."""
        return self._share(lambda said, happened: said is Effect.BREAKS)

    @property
    def spared(self) -> int:
        """Consumers to whom worse happened than was said."""
        order = list(Effect)
        return sum(
            count
            for (said, happened), count in self.counts.items()
            if order.index(happened) < order.index(said)
        )

    def _share(self, counted: Callable[[Effect, Effect], bool]) -> float:
        whole = sum(n for pair, n in self.counts.items() if counted(*pair))
        return self.counts[Effect.BREAKS, Effect.BREAKS] / whole if whole else 1.0
