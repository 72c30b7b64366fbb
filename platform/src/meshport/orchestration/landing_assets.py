"""The first step of a domain as Dagster assets: its extracts land in the private warehouse."""

from collections.abc import Iterator

import dagster as dg

from meshport.orchestration.domain import Conductor, Domain
from meshport.orchestration.landing_step import LandingStep
from meshport.sources.landing import Landed


def raw_tables(domain: Domain) -> dg.AssetsDefinition:
    """All extracts of the domain as one step; they land together or not at all."""

    @dg.multi_asset(
        name=f"{domain.name}_land",
        specs=[_spec(domain, extract.table) for extract in domain.extracts],
        required_resource_keys={f"{domain.name}_turn", "conductor"},
        op_tags=domain.step_tags,
    )
    def land_extracts(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        conductor: Conductor = context.resources.conductor
        conductor.progress.step(domain.name, "land")
        with domain.recording_refusal(context.run.run_id, conductor.now()):
            for landed in _land(domain, conductor):
                yield dg.MaterializeResult(
                    asset_key=[domain.name, "raw", landed.table], metadata=_metadata(landed)
                )

    return land_extracts


def _land(domain: Domain, conductor: Conductor) -> list[Landed]:
    landed = conductor.ahead.result(domain.name) if conductor.ahead else None
    if landed is not None:
        return landed
    folder = conductor.source.resolve(domain.settings, conductor.now().date())
    return LandingStep(domain.settings, folder).run(
        domain.name,
        domain.extracts,
        lambda one: conductor.progress.step(domain.name, "land", one.table),
    )


def _spec(domain: Domain, table: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        [domain.name, "raw", table],
        group_name=domain.name,
        owners=[f"team:{domain.name}"],
        kinds={"duckdb"},
        description=f"The extract {table}, landed as it is.",
    )


def _metadata(landed: Landed) -> dict[str, dg.MetadataValue]:
    return {
        "dagster/row_count": dg.MetadataValue.int(landed.rows),
        "unreadable_rows": dg.MetadataValue.int(landed.unreadable),
        "file": dg.MetadataValue.text(landed.file or "absent"),
        "sha256": dg.MetadataValue.text(landed.sha256 or "-"),
    }
