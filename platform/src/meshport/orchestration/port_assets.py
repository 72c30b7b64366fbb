"""The last step of a domain: its ports are audited and published together, or refused together."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from meshport.checks.open_text import open_text_checks
from meshport.checks.plan import plan
from meshport.checks.spec import CheckResult, CheckSpec, NotEnforced, Status
from meshport.contracts.classification import Classifications, read_classifications
from meshport.contracts.model import Column, Severity
from meshport.names import PortId
from meshport.orchestration.automation import freshness_policy, when_models_are_asked_for
from meshport.orchestration.domain import Conductor, Domain
from meshport.products.mesh import Port
from meshport.publishing.inputs import pinned_releases
from meshport.publishing.manifest import Manifest
from meshport.publishing.platform_checks import platform_specs
from meshport.publishing.publish import Attempt, Outcome, publish
from meshport.warehouse import open_warehouse


def output_ports(domain: Domain) -> dg.AssetsDefinition:
    """All ports of the domain as one step, with one asset check per clause of their contracts."""

    @dg.multi_asset(
        name=f"{domain.name}_publish",
        specs=[_port_spec(domain, port) for port in domain.product.ports],
        check_specs=[
            _check_spec(port, spec)
            for port in domain.product.ports
            for spec in _enforced(port, read_classifications(domain.settings.root))
        ],
        required_resource_keys={f"{domain.name}_turn", "conductor"},
        op_tags=domain.step_tags,
    )
    def publish_ports(context: dg.AssetExecutionContext) -> Iterator[Any]:
        conductor: Conductor = context.resources.conductor
        conductor.progress.step(domain.name, "publish")
        with domain.recording_refusal(context.run.run_id, conductor.now()):
            outcome = _publish(domain, conductor, context.run.run_id)
        if outcome.manifest is None:
            for port in domain.product.ports:
                yield from _check_results(port, outcome)
            reason = outcome.refusal["reason"] if outcome.refusal else "refused"
            conductor.progress.step(domain.name, "refused", reason)
            raise dg.Failure(f"{reason}; the previous release stays", allow_retries=False)
        for port in domain.product.ports:
            yield dg.MaterializeResult(
                asset_key=port.id.asset_key,
                metadata=_metadata(port, outcome.manifest),
                check_results=list(_check_results(port, outcome)),
                data_version=dg.DataVersion(outcome.manifest.release),
            )
        conductor.progress.step(domain.name, "done", outcome.manifest.release)

    return publish_ports


def _publish(domain: Domain, conductor: Conductor, run_id: str) -> Outcome:
    con = open_warehouse(domain.dbt.warehouse)
    try:
        attempt = Attempt(
            product=domain.product,
            store=domain.releases,
            extracts=domain.extracts,
            pins=pinned_releases(con),
            run_id=run_id,
            now=conductor.now(),
            scale=read_classifications(domain.settings.root),
            code_revision=conductor.code_revision(domain.settings.root),
        )
        return publish(con, attempt)
    finally:
        con.close()


def _enforced(port: Port, scale: Classifications) -> Sequence[CheckSpec]:
    contract = port.contract
    specs = [*plan(contract), *open_text_checks(contract, scale), *platform_specs(port)]
    return [spec for spec in specs if not isinstance(spec.rule, NotEnforced)]


def _port_spec(domain: Domain, port: Port) -> dg.AssetSpec:
    contract = port.contract
    return dg.AssetSpec(
        port.id.asset_key,
        deps=[[domain.name, "models", port.id.model]],
        group_name=domain.name,
        description=f"{contract.table.description} {contract.table.grain}",
        owners=[f"team:{domain.name}", *_mail_addresses(port)],
        kinds={"parquet"},
        tags={"contract": f"{contract.id}", "contract_version": contract.version},
        metadata={
            "contract": contract.file,
            "dagster/column_schema": _column_schema(contract.table.columns),
        },
        freshness_policy=freshness_policy(contract),
        automation_condition=when_models_are_asked_for(),
    )


def _mail_addresses(port: Port) -> list[str]:
    return [
        member.username
        for member in port.contract.team
        if "@" in member.username and "owner" in (member.role or "").lower()
    ]


def _column_schema(columns: Sequence[Column]) -> dg.TableSchema:
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=column.physical_type or column.logical_type or "",
                description=column.description,
                constraints=dg.TableColumnConstraints(
                    nullable=not column.required, unique=column.unique
                ),
                tags={"classification": column.classification or "none"},
            )
            for column in columns
        ]
    )


def _check_spec(port: Port, spec: CheckSpec) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        name=spec.id,
        asset=dg.AssetKey(port.id.asset_key),
        description=spec.description,
        blocking=spec.is_blocking,
        metadata={"clause": spec.clause, "place": str(spec.place)},
    )


def _check_results(port: Port, outcome: Outcome) -> Iterator[dg.AssetCheckResult]:
    for result in outcome.audited[port.id].results:
        if not isinstance(result.spec.rule, NotEnforced):
            yield _check_result(port.id, result)


def _check_result(port: PortId, result: CheckResult) -> dg.AssetCheckResult:
    severe = result.spec.severity is Severity.ERROR
    # What turns out to be uncheckable only at run time passes, and says so in words.
    return dg.AssetCheckResult(
        asset_key=dg.AssetKey(port.asset_key),
        check_name=result.spec.id,
        passed=result.status in (Status.PASSED, Status.NOT_ENFORCED),
        severity=dg.AssetCheckSeverity.ERROR if severe else dg.AssetCheckSeverity.WARN,
        description=f"{result.status.value}: {result.message}",
        metadata={
            "failed_rows": result.failed_rows,
            "sample_keys": dg.MetadataValue.json(list(result.sample_keys)),
        },
    )


def _metadata(port: Port, manifest: Manifest) -> dict[str, Any]:
    part = manifest.ports[str(port.id)]
    return {
        "dagster/row_count": part.rows,
        "quarantined_rows": part.quarantine.rows,
        "release": manifest.release,
        "contract_version": part.contract_version,
        "bytes": sum(file.bytes for file in part.full.files),
        "inputs": dg.MetadataValue.json([one.model_dump() for one in manifest.inputs]),
    }
