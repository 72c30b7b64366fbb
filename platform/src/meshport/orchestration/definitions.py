"""One call that turns a domain's folder into Dagster definitions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import dagster as dg

from meshport.errors import Place, ProductError
from meshport.orchestration.automation import schedules, sensor
from meshport.orchestration.dbt_assets import dbt_models
from meshport.orchestration.dbt_files import derived_files, stale_files
from meshport.orchestration.domain import Conductor, Domain
from meshport.orchestration.landing_assets import raw_tables
from meshport.orchestration.port_assets import output_ports
from meshport.products.mesh import depth, load_product
from meshport.publishing.lock import exclusive
from meshport.settings import current_settings
from meshport.sources import Extract

# One object for all domains: merged definitions may share a resource only if it is the same one.
_CONDUCTOR = dg.ResourceDefinition.hardcoded_resource(Conductor())


def define_domain(folder: Path, extracts: Sequence[Extract]) -> dg.Definitions:
    """Everything Dagster needs to know of the domain in `folder`, parsed from its files.

    Raises ContractError or ProductError MP201 to MP233 where the files are broken; the error is
    also recorded as the reason why the domain has no newer release.
    """
    settings = current_settings(folder)
    product = load_product(settings.root, folder.name)
    domain = Domain(product, extracts, settings, depth(settings.root, folder.name))
    _require_current_files(domain)
    domain.dbt.prepare()
    return dg.Definitions(
        assets=[
            *([raw_tables(domain)] if extracts else []),
            dbt_models(domain),
            output_ports(domain),
        ],
        schedules=schedules(product),
        sensors=[sensor(domain.name)],
        resources={"conductor": _CONDUCTOR, f"{domain.name}_turn": _turn(domain)},
        executor=dg.in_process_executor,
    )


def _require_current_files(domain: Domain) -> None:
    stale = stale_files(derived_files(domain.product, domain.extracts))
    if stale:
        file = stale[0].relative_to(domain.settings.root)
        fact = "the file no longer says what the contract says"
        raise ProductError("MP233", fact, Place(str(file)), "run `meshport generate`")


def _turn(domain: Domain) -> dg.ResourceDefinition:
    """The domain's lock as a resource: held from a run's first step of the domain to its end."""

    @dg.resource(required_resource_keys={"conductor"})
    @contextmanager
    def turn(context: dg.InitResourceContext) -> Iterator[None]:
        if domain.name in context.resources.conductor.turns:
            yield
            return

        def say(holder: str) -> None:
            if context.log:
                context.log.info(f"{domain.name}: {holder} is at work, waiting for its turn")

        with exclusive(domain.releases.of(domain.name).folder / "lock", say):
            yield

    return turn
