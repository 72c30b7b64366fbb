"""When a domain runs by itself: on schedule, and when a release it relies on is new."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import dagster as dg

from meshport.contracts.duration import seconds_of
from meshport.contracts.model import Contract, ServiceLevel
from meshport.products.mesh import DataProduct

_SLACK = 1.5


def when_inputs_change() -> dg.AutomationCondition[Any]:
    """Run when something upstream is new and all its blocking checks passed.

    Dagster's eager condition never asks for what was missing from the start; the last part does,
    once.
    """
    eager = dg.AutomationCondition.eager()
    first = (
        dg.AutomationCondition.missing()
        & ~dg.AutomationCondition.in_progress()
        & ~dg.AutomationCondition.any_deps_missing()
        & dg.AutomationCondition.initial_evaluation()
    )
    return (eager | first) & dg.AutomationCondition.all_deps_blocking_checks_passed()


def when_models_are_asked_for() -> dg.AutomationCondition[Any]:
    """Publish along with the models, in the run that builds them.

    Models that were built and then refused are no reason to try the same rows again.
    """
    asked = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.will_be_requested())
    return asked & ~dg.AutomationCondition.in_progress()


def schedules(product: DataProduct) -> list[dg.ScheduleDefinition]:
    """The cron schedule that the contracts' `frequency` promises; the earliest of a domain."""
    crons = sorted({level.schedule for level in _frequencies(product) if level.schedule})
    if not crons:
        return []
    job = dg.define_asset_job(f"{product.domain}_job", dg.AssetSelection.groups(product.domain))
    return [
        dg.ScheduleDefinition(
            name=f"{product.domain}_schedule",
            job=job,
            cron_schedule=crons[0],
            default_status=dg.DefaultScheduleStatus.RUNNING,
        )
    ]


def sensor(domain: str) -> dg.AutomationConditionSensorDefinition:
    """The sensor that asks for what the automation conditions of the domain's assets say."""
    return dg.AutomationConditionSensorDefinition(
        f"{domain}_automation",
        target=dg.AssetSelection.groups(domain),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=10,
    )


def freshness_policy(contract: Contract) -> dg.FreshnessPolicy | None:
    """How long a port may go without a release: its `frequency`, with half of it as slack."""
    for level in contract.service_levels:
        seconds = seconds_of(level.value, level.unit)
        if level.name == "frequency" and seconds:
            return dg.FreshnessPolicy.time_window(
                fail_window=timedelta(seconds=seconds * _SLACK),
                warn_window=timedelta(seconds=seconds * (1 + _SLACK) / 2),
            )
    return None


def _frequencies(product: DataProduct) -> Iterable[ServiceLevel]:
    for port in product.ports:
        for level in port.contract.service_levels:
            if level.name == "frequency":
                yield level
