"""The first step of a domain: its extracts land in the private warehouse."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg

from meshport.errors import Place, ProductError
from meshport.orchestration.domain import Conductor, Domain
from meshport.sources.landing import Landed, land
from meshport.sources.sample import SamplePlan
from meshport.sources.sample_folder import sample_folder
from meshport.warehouse import open_warehouse


def raw_tables(domain: Domain) -> dg.AssetsDefinition:
    """All extracts of the domain as one step; they land together or not at all."""

    @dg.multi_asset(
        name=f"{domain.name}_land",
        specs=[_spec(domain, extract.table) for extract in domain.extracts],
        required_resource_keys={f"{domain.name}_turn", "conductor"},
    )
    def land_extracts(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        conductor: Conductor = context.resources.conductor
        conductor.progress.step(domain.name, "land")
        with domain.recording_refusal(context.run_id, conductor.now()):
            for landed in _land(domain, conductor):
                yield dg.MaterializeResult(
                    asset_key=[domain.name, "raw", landed.table], metadata=_metadata(landed)
                )

    return land_extracts


def _land(domain: Domain, conductor: Conductor) -> list[Landed]:
    folder = _source_folder(domain, conductor)
    _refuse_vanished(domain, folder)
    con = open_warehouse(domain.dbt.warehouse)
    try:
        return land(
            con,
            domain.extracts,
            folder,
            lambda one: conductor.progress.step(domain.name, "land", one.table),
        )
    finally:
        con.close()


def _source_folder(domain: Domain, conductor: Conductor) -> Path:
    chosen = conductor.source or domain.settings.source
    if chosen:
        return chosen
    # The sample shop's last whole day was yesterday, so that nothing in it lies ahead.
    yesterday = conductor.now().date() - timedelta(days=1)
    plan = SamplePlan(scale=conductor.scale, until=yesterday)
    return sample_folder(domain.settings.home, plan)


def _refuse_vanished(domain: Domain, folder: Path) -> None:
    """An optional extract that was there at the last release and is gone is a broken feed."""
    current = domain.releases.of(domain.name).current()
    if current is None or current.source_folder != str(folder.resolve()):
        return
    before = {source.table for source in current.sources if source.file}
    for extract in domain.extracts:
        if extract.table in before and extract.find(folder) is None:
            raise ProductError(
                "MP216",
                f"the extract was there for {current.release} and is gone",
                Place(extract.file),
                "restore it; without it the release would lose rows",
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
