"""The workspace's code locations in one process: loaded, merged and executed as one job."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from meshport.errors import MeshportError, ProductError
from meshport.orchestration.domain import Conductor
from meshport.orchestration.run_history import prepare_dagster_home
from meshport.settings import Settings

Locations = dict[str, dg.Definitions]


def load_locations(modules: Mapping[str, str]) -> tuple[Locations, dict[str, MeshportError]]:
    """The definitions of each location (name → module) that loads, and why the others do not."""
    loaded: Locations = {}
    broken: dict[str, MeshportError] = {}
    for name, module in modules.items():
        try:
            loaded[name] = _import_anew(module).defs
        except MeshportError as error:
            broken[name] = error
        except Exception as error:  # noqa: BLE001  a domain's code may raise anything
            broken[name] = ProductError("MP234", f"{module} cannot be imported: {error!r}")
    return loaded, broken


def _import_anew(module: str) -> Any:
    """Import a domain's code as its files and the settings are now, not as they once were."""
    sys.modules.pop(module, None)
    return importlib.import_module(module)


def execute(
    settings: Settings, conductor: Conductor, locations: Locations
) -> dg.ExecuteInProcessResult:
    """Materialise every asset of these locations; a failed step ends those that depend on it.

    Raises KeyboardInterrupt where somebody ended the run.
    """
    os.environ["DAGSTER_HOME"] = str(prepare_dagster_home(settings))
    merged = dg.Definitions.merge(*locations.values())
    job = merged.resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            resources={"conductor": conductor},
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    # Dagster writes the interruption into its history, and keeps it to itself.
    if any(_is_interruption(event) for event in result.all_events):
        raise KeyboardInterrupt
    return result


def unexplained_failures(result: dg.ExecuteInProcessResult, explained: Sequence[str]) -> list[str]:
    """What failed in the run itself, and in steps of domains whose refusal does not say so."""
    return [_said(event) for event in result.all_events if _is_unexplained(event, explained)]


def _is_interruption(event: Any) -> bool:
    reason = event.job_failure_data.failure_reason if event.is_run_failure else None
    return reason is not None and reason.value == "UNEXPECTED_TERMINATION"


def _is_unexplained(event: Any, explained: Sequence[str]) -> bool:
    if event.is_run_failure:
        return event.job_failure_data.first_step_failure_event is None
    return event.is_step_failure and str(event.step_key).rpartition("_")[0] not in explained


def _said(event: Any) -> str:
    data = event.job_failure_data if event.is_run_failure else event.step_failure_data
    error = data.error
    while error and error.cause:
        error = error.cause
    return f"{event.step_key or 'the run'}: {error.message.strip() if error else 'failed'}"
