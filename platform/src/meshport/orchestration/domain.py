"""What the steps of one domain share: its product, its sources, and where its state lies."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from meshport.errors import MeshportError
from meshport.orchestration.dbt_project import DbtProjectFiles
from meshport.orchestration.landing_step import LandingAhead, SourceChoice
from meshport.products.mesh import DataProduct
from meshport.publishing import refusal
from meshport.publishing.store import ReleaseStore
from meshport.settings import Settings
from meshport.sources import Extract
from meshport.warehouse import EngineError, damage_error


class Progress(Protocol):
    """Told what is going on, by whoever wants to show it."""

    def step(self, domain: str, what: str, detail: str = "") -> None:
        """A domain is now doing `what` (land, build, publish, done, refused)."""


class Silence:
    """Progress that nobody looks at."""

    def step(self, domain: str, what: str, detail: str = "") -> None:
        """Say nothing."""


@dataclass
class Conductor:
    """The Dagster resource that gives a run its clock and source, and shows its progress."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    progress: Progress = field(default_factory=Silence)
    source: SourceChoice = field(default_factory=SourceChoice)
    ahead: LandingAhead | None = None
    """Landings that began before the run did; None: each domain lands in its own step."""
    turns: frozenset[str] = frozenset()
    """The domains whose locks the run's starter holds already."""
    _revisions: dict[Path, str | None] = field(default_factory=dict)

    def code_revision(self, root: Path) -> str | None:
        """The commit of the mesh's files, asked of git once per run."""
        if root not in self._revisions:
            self._revisions[root] = code_revision(root)
        return self._revisions[root]


@dataclass(frozen=True)
class Domain:
    """One domain's part of the mesh, ready to be run."""

    product: DataProduct
    extracts: Sequence[Extract]
    settings: Settings
    depth: int = 0
    """How many domains lie upstream of it, one behind the other."""

    @property
    def name(self) -> str:
        """The domain's name."""
        return self.product.domain

    @property
    def step_tags(self) -> dict[str, str]:
        """Upstream domains run first and each to its end, rather than all of them step by step."""
        return {"dagster/priority": str(-self.depth)}

    @cached_property
    def dbt(self) -> DbtProjectFiles:
        """The domain's dbt project."""
        return DbtProjectFiles.of(self.settings, self.name)

    @cached_property
    def releases(self) -> ReleaseStore:
        """The releases of the whole mesh."""
        return ReleaseStore(self.settings.home)

    @contextmanager
    def recording_refusal(self, run_id: str, now: datetime) -> Iterator[None]:
        """Remember an error that ends the block as the reason why there is no release.

        Raises ProductError MP242 where the error is the engine's over a damaged warehouse.
        """
        try:
            yield
        except MeshportError as error:
            self._record(refusal.by_error(error, now, run_id))
            raise
        except Exception as error:
            damage = None
            if isinstance(error, EngineError):
                damage = damage_error(error, self.settings.warehouse(self.name))
            if damage:
                self._record(refusal.by_error(damage, now, run_id))
                raise damage from error
            self._record(refusal.by_accident(error, now, run_id))
            raise

    def _record(self, found: dict[str, Any]) -> None:
        with suppress(OSError):  # a full disk may have no room for the reason either
            self.releases.of(self.name).record_refusal(found)


def code_revision(root: Path) -> str | None:
    """The commit the mesh's files are at, with `+` where they differ from it; None outside git."""
    try:
        head = _git(root, "rev-parse", "HEAD")
        return f"{head}+" if _git(root, "status", "--porcelain") else head
    except (OSError, subprocess.SubprocessError):
        return None


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments],  # noqa: S607  the git that the user would call
        check=True,
        capture_output=True,
        text=True,
        timeout=10,
    )
    return done.stdout.strip()
