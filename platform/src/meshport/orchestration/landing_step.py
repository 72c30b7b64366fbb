"""Land one domain: from which folder, with which extracts, into its private warehouse."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from meshport.errors import Place, ProductError
from meshport.publishing.store import ReleaseStore
from meshport.settings import Settings
from meshport.sources import Extract
from meshport.sources.landing import Landed, land
from meshport.warehouse import open_warehouse


@dataclass(frozen=True)
class SourceChoice:
    """Where a run's extracts come from: a folder, or the built-in sample of that size."""

    folder: Path | None = None
    scale: float = 1.0

    def resolve(self, settings: Settings, today: date) -> Path:
        """The folder to land from; writes the sample where nothing else was chosen."""
        chosen = self.folder or settings.source
        if chosen:
            return chosen
        from meshport.sources.sample import SamplePlan  # noqa: PLC0415  numpy, only for this
        from meshport.sources.sample_folder import sample_folder  # noqa: PLC0415

        # The sample shop's last whole day was yesterday, so that nothing in it lies ahead.
        plan = SamplePlan(scale=self.scale, until=today - timedelta(days=1))
        return sample_folder(settings.home, plan)


@dataclass(frozen=True)
class LandingStep:
    """The landing of any domain of a mesh from one folder."""

    settings: Settings
    folder: Path
    threads: int | None = None

    def run(
        self,
        domain: str,
        extracts: Sequence[Extract],
        on_table: Callable[[Landed], None] = lambda _landed: None,
    ) -> list[Landed]:
        """Land the domain's extracts; raises ProductError MP210 to MP216, MP240 to MP242."""
        self._refuse_vanished(domain, extracts)
        con = open_warehouse(self.settings.warehouse(domain), threads=self.threads)
        try:
            return land(con, extracts, self.folder, on_table)
        finally:
            con.close()

    def _refuse_vanished(self, domain: str, extracts: Sequence[Extract]) -> None:
        """An optional extract that was there at the last release and is gone is a broken feed."""
        current = ReleaseStore(self.settings.home).of(domain).current()
        if current is None or current.source_folder != str(self.folder.resolve()):
            return
        before = {source.table for source in current.sources if source.file}
        for extract in extracts:
            if extract.table in before and extract.find(self.folder) is None:
                raise ProductError(
                    "MP216",
                    f"the extract was there for {current.release} and is gone",
                    Place(extract.file),
                    "restore it; without it the release would lose rows",
                )


class LandingAhead:
    """Lands domains in a thread while code locations load: one is the engine's work, one Python's.

    Only for who holds the domains' locks.
    """

    def __init__(self, step: LandingStep, sources: Mapping[str, str]) -> None:
        """`sources`: Python module with the extracts, by domain, in the order to land them."""
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="landing")
        self._landings: dict[str, Future[list[Landed]]] = {
            domain: self._pool.submit(_land, step, domain, module)
            for domain, module in sources.items()
        }

    def result(self, domain: str) -> list[Landed] | None:
        """What was landed, waiting for it; None where the domain was not asked for.

        Raises what the landing raised.
        """
        landing = self._landings.get(domain)
        return landing.result() if landing else None

    def close(self) -> None:
        """Wait for the thread; what has not begun is not begun."""
        self._pool.shutdown(cancel_futures=True)


def _land(step: LandingStep, domain: str, module: str) -> list[Landed]:
    return step.run(domain, importlib.import_module(module).EXTRACTS)
