"""Run the whole mesh, or some domains of it, in this process: the code locations, merged."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg

from meshport.errors import MeshportError, ProductError, SettingsError
from meshport.orchestration.domain import Conductor
from meshport.orchestration.run_history import prepare_dagster_home
from meshport.publishing import refusal
from meshport.publishing.manifest import Manifest
from meshport.publishing.store import ReleaseStore
from meshport.settings import Settings
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
    Raises SettingsError MP904 for a name that is no domain of the workspace.
    """
    locations = workspace_locations(settings.root)
    wanted = list(domains) or sorted(locations)
    for name in wanted:
        if name not in locations:
            hint = f"domains of this workspace: {', '.join(sorted(locations))}"
            raise SettingsError("MP904", f"there is no domain `{name}`", hint=hint)
    loaded, broken = load_locations(settings, {name: locations[name] for name in wanted})
    outcomes = [_record_broken(settings, name, error, conductor) for name, error in broken.items()]
    if loaded:
        return _execute(settings, conductor, loaded, outcomes)
    return RunOutcome(outcomes)


def workspace_locations(root: Path) -> dict[str, str]:
    """Code location name → Python module, as workspace.yaml lists them."""
    entries = read_yaml(root / "workspace.yaml", "workspace.yaml").value["load_from"]
    modules = [entry["python_module"] for entry in entries]
    return {module["location_name"]: module["module_name"] for module in modules}


def load_locations(
    settings: Settings, locations: Mapping[str, str]
) -> tuple[dict[str, dg.Definitions], dict[str, MeshportError]]:
    """The definitions of each location that loads, and why the others do not."""
    root = str(settings.root)
    if root not in sys.path:
        sys.path.insert(0, root)  # the console script's own path starts with its folder
    loaded: dict[str, dg.Definitions] = {}
    broken: dict[str, MeshportError] = {}
    for name, module in locations.items():
        try:
            loaded[name] = importlib.import_module(module).defs
        except MeshportError as error:
            broken[name] = error
        except Exception as error:  # noqa: BLE001  a domain's code may raise anything
            broken[name] = ProductError("MP234", f"{module} cannot be imported: {error!r}")
    return loaded, broken


def _record_broken(
    settings: Settings, domain: str, error: MeshportError, conductor: Conductor
) -> DomainOutcome:
    found = refusal.by_error(error, conductor.now(), "-")
    ReleaseStore(settings.home).of(domain).record_refusal(found)
    conductor.progress.step(domain, "refused", found["reason"])
    return DomainOutcome(domain, refusal=found)


def _execute(
    settings: Settings,
    conductor: Conductor,
    loaded: Mapping[str, dg.Definitions],
    outcomes: list[DomainOutcome],
) -> RunOutcome:
    os.environ["DAGSTER_HOME"] = str(prepare_dagster_home(settings))
    merged = dg.Definitions.merge(*loaded.values())
    job = merged.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            resources={"conductor": conductor},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    store = ReleaseStore(settings.home)
    outcomes += [_outcome(store, name, result.run_id) for name in loaded]
    told = {one.domain for one in outcomes if one.refusal}
    unexpected = [
        _said(event)
        for event in result.all_events
        if event.is_step_failure and str(event.step_key).rsplit("_", 1)[0] not in told
    ]
    return RunOutcome(outcomes, unexpected)


def _outcome(store: ReleaseStore, domain: str, run_id: str) -> DomainOutcome:
    current = store.of(domain).current()
    if current and current.run_id == run_id:
        return DomainOutcome(domain, manifest=current)
    found = store.of(domain).refusal()
    return DomainOutcome(domain, refusal=found if found and found["run_id"] == run_id else None)


def _said(event: Any) -> str:
    error = event.step_failure_data.error
    while error and error.cause:
        error = error.cause
    return f"{event.step_key}: {error.message.strip() if error else 'failed'}"
