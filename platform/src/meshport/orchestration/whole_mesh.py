"""Run the whole mesh, or some domains of it, in this process.

Nothing here imports Dagster before the landing has begun: loading it and the dbt projects is
Python's work on one core, landing is the engine's on the other.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from meshport.errors import MeshportError, SettingsError
from meshport.orchestration.domain import Conductor
from meshport.orchestration.landing_step import LandingAhead, LandingStep
from meshport.products.mesh import depth
from meshport.publishing import refusal
from meshport.publishing.lock import exclusive
from meshport.publishing.manifest import Manifest
from meshport.publishing.store import ReleaseStore
from meshport.settings import Settings
from meshport.warehouse import disk_error
from meshport.yaml_file import read_yaml


@dataclass(frozen=True)
class DomainOutcome:
    """What a run did for one domain: a release, a refusal, or nothing (it waits for another)."""

    domain: str
    manifest: Manifest | None = None
    refusal: dict[str, Any] | None = None

    @property
    def state(self) -> str:
        """`published`, `refused`, or `skipped`."""
        if self.manifest:
            return "published"
        return "refused" if self.refusal else "skipped"


@dataclass(frozen=True)
class RunOutcome:
    """What a run did for each domain, and what went wrong outside of any domain's care."""

    domains: Sequence[DomainOutcome]
    unexpected: Sequence[str] = field(default_factory=tuple)

    @property
    def exit_code(self) -> int:
        """0 all published; 1 a promise broken; 2 could not tell."""
        refusals = [one.refusal for one in self.domains if one.refusal]
        if any(found["breaks_promise"] for found in refusals):
            return 1
        return 2 if refusals or self.unexpected else 0


def run_mesh(settings: Settings, conductor: Conductor, domains: Sequence[str] = ()) -> RunOutcome:
    """Materialise every asset of these domains (all, if none is named), upstream first.

    A domain that cannot be loaded or is refused does not stop those that do not depend on it.
    Raises SettingsError MP904 for a name that is no domain of the workspace, and PublishError
    MP420 where the run itself cannot be kept on the disk.
    """
    modules = _chosen(workspace_locations(settings.root), domains)
    if str(settings.root) not in sys.path:
        sys.path.insert(0, str(settings.root))  # a console script's path starts elsewhere
    with ExitStack() as held:
        _take_turns(settings, conductor, sorted(modules), held)
        conductor.ahead = _land_ahead(settings, conductor, modules)
        held.callback(conductor.ahead.close)
        try:
            return _load_and_execute(settings, conductor, modules)
        except Exception as error:
            # Dagster's history is on the same disk and says so in words of its own.
            full = disk_error(error, "running the mesh")
            if full is None:
                raise
            raise full from error


def workspace_locations(root: Path) -> dict[str, str]:
    """Code location name → Python module, as workspace.yaml lists them."""
    entries = read_yaml(root / "workspace.yaml", "workspace.yaml").value["load_from"]
    modules = [entry["python_module"] for entry in entries]
    return {module["location_name"]: module["module_name"] for module in modules}


def _chosen(locations: Mapping[str, str], domains: Sequence[str]) -> dict[str, str]:
    for name in domains:
        if name not in locations:
            hint = f"domains of this workspace: {', '.join(sorted(locations))}"
            raise SettingsError("MP904", f"there is no domain `{name}`", hint=hint)
    return {name: locations[name] for name in (domains or sorted(locations))}


def _take_turns(
    settings: Settings, conductor: Conductor, domains: Sequence[str], held: ExitStack
) -> None:
    """Hold the locks of all domains of the run, in one order, waiting for who has them."""
    store = ReleaseStore(settings.home)
    for name in domains:
        say = partial(conductor.progress.step, name, "wait")
        held.enter_context(exclusive(store.of(name).folder / "lock", say))
    conductor.turns = frozenset(domains)


def _land_ahead(
    settings: Settings, conductor: Conductor, modules: Mapping[str, str]
) -> LandingAhead:
    folder = conductor.source.resolve(settings, conductor.now().date())
    upstream_first = sorted(modules, key=lambda name: (depth(settings.root, name), name))
    sources = {name: f"{modules[name].rpartition('.')[0]}.sources" for name in upstream_first}
    # One core is left to Python, which is on the way that everything else waits for.
    threads = max(1, (os.cpu_count() or 2) - 1)
    return LandingAhead(LandingStep(settings, folder, threads), sources)


def _load_and_execute(
    settings: Settings, conductor: Conductor, modules: Mapping[str, str]
) -> RunOutcome:
    from meshport.orchestration.code_locations import (  # noqa: PLC0415  Dagster, see above
        execute,
        load_locations,
        unexplained_failures,
    )

    loaded, broken = load_locations(modules)
    outcomes = [_record_broken(settings, name, error, conductor) for name, error in broken.items()]
    if not loaded:
        return RunOutcome(outcomes)
    result = execute(settings, conductor, loaded)
    outcomes += [_outcome(settings, name, result.run_id, conductor) for name in loaded]
    explained = [one.domain for one in outcomes if one.refusal]
    return RunOutcome(outcomes, unexplained_failures(result, explained))


def _record_broken(
    settings: Settings, domain: str, error: MeshportError, conductor: Conductor
) -> DomainOutcome:
    found = refusal.by_error(error, conductor.now(), "-")
    ReleaseStore(settings.home).of(domain).record_refusal(found)
    conductor.progress.step(domain, "refused", found["reason"])
    return DomainOutcome(domain, refusal=found)


def _outcome(settings: Settings, domain: str, run_id: str, conductor: Conductor) -> DomainOutcome:
    store = ReleaseStore(settings.home).of(domain)
    try:
        current = store.current()
        found = store.refusal()
    except MeshportError as error:  # a damaged pointer or manifest is this domain's affair alone
        return DomainOutcome(domain, refusal=refusal.by_error(error, conductor.now(), run_id))
    if current and current.run_id == run_id:
        return DomainOutcome(domain, manifest=current)
    return DomainOutcome(domain, refusal=found if found and found["run_id"] == run_id else None)
