"""A domain's dbt models as Dagster assets, built in this process and honouring Dagster's subsets.

The two `dagster_dbt` imports marked below are not public; dagster-dbt is pinned, and tests run a
full build, a subset and a failing model, so that a change of theirs is noticed.
"""

import json
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import dagster as dg
from dagster_dbt import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtProject,
    dbt_assets,
)
from dagster_dbt.asset_utils import get_updated_cli_invocation_params_for_context  # not public
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage  # not public
from google.protobuf.json_format import MessageToDict

from meshport.errors import Place, PublishError
from meshport.names import PortId
from meshport.orchestration.automation import when_inputs_change
from meshport.orchestration.domain import Conductor, Domain
from meshport.publishing.candidate import PORTS_SCHEMA
from meshport.publishing.inputs import pin_inputs, pinned_releases
from meshport.warehouse import open_warehouse

_RESULTS = {"LogModelResult", "LogSeedResult", "LogSnapshotResult", "LogTestResult"}
_END = object()


class DomainKeys(DagsterDbtTranslator):
    """Asset keys `<domain>/<layer>/<table>`; sources keep the key their own config names."""

    def __init__(self, domain: Domain) -> None:
        # Two domains that read one port would otherwise describe it each in its own way, which
        # Dagster refuses where the domain that owns the port is not loaded with them.
        super().__init__(DagsterDbtTranslatorSettings(enable_source_metadata=False))
        self.domain = domain

    def get_asset_spec(
        self, manifest: Mapping[str, Any], unique_id: str, project: DbtProject | None
    ) -> dg.AssetSpec:
        """The spec dagster-dbt makes, under our key, in the domain's group."""
        spec = super().get_asset_spec(manifest, unique_id, project)
        if unique_id.startswith("source."):
            return spec
        node = manifest["nodes"][unique_id]
        layer = "models" if node["fqn"][1] == "output_ports" else node["fqn"][1]
        return spec.replace_attributes(
            key=dg.AssetKey([self.domain.name, layer, node["alias"]]),
            group_name=self.domain.name,
            owners=[f"team:{self.domain.name}"],
            automation_condition=when_inputs_change(),
        )


def dbt_models(domain: Domain) -> dg.AssetsDefinition:
    """All models of the domain's dbt project as one step, which can run a part of them.

    Raises PublishError MP410 where no model builds one of the domain's ports.
    """
    files = domain.dbt
    keys = DomainKeys(domain)
    manifest = json.loads(files.manifest.read_bytes())
    _require_port_models(domain, manifest)
    project = DbtProject(files.project, target_path=files.target, profiles_dir=files.profiles)

    @dbt_assets(
        manifest=manifest,
        dagster_dbt_translator=keys,
        project=project,
        name=f"{domain.name}_build",
        required_resource_keys={f"{domain.name}_turn", "conductor"},
        op_tags=domain.step_tags,
    )
    def build(context: dg.AssetExecutionContext) -> Iterator[Any]:
        conductor: Conductor = context.resources.conductor
        conductor.progress.step(domain.name, "build")
        with (
            ExitStack() as leases,
            domain.recording_refusal(context.run.run_id, conductor.now()),
        ):
            _pin(domain, manifest, context, leases)
            build_step = _Build(context, manifest, keys, project)
            yield from build_step.run(files.run)

    return build


def _require_port_models(domain: Domain, manifest: Mapping[str, Any]) -> None:
    # Without its model a port would go on publishing the table of the last run that had one.
    built = {(node["schema"], node["alias"]) for node in manifest["nodes"].values()}
    for port in domain.product.ports:
        if (PORTS_SCHEMA, port.id.model) not in built:
            fact = f"no dbt model builds {PORTS_SCHEMA}.{port.id.model}"
            raise PublishError("MP410", fact, Place(f"domains/{domain.name}/dbt"))


def _pin(
    domain: Domain,
    manifest: Mapping[str, Any],
    context: dg.AssetExecutionContext,
    leases: ExitStack,
) -> None:
    """Move an input to its current release, but only where every model that reads it is built.

    So all tables of a warehouse are built from one and the same release of each input.
    """
    selected = {key.path[-1] for key in context.selected_asset_keys}
    con = open_warehouse(domain.dbt.warehouse)
    try:
        known = pinned_releases(con)
        moving = [
            port
            for port in domain.product.inputs
            if port not in known or _readers(manifest, port) <= selected
        ]
        pin_inputs(con, domain.releases, moving, leases)
    finally:
        con.close()


def _readers(manifest: Mapping[str, Any], port: PortId) -> set[str]:
    """The models that read an input, by the name of their table."""
    return {
        node["alias"]
        for node in manifest["nodes"].values()
        for source in node.get("sources", [])
        if source == ["inputs", port.input_name]
    }


class _Build:
    """One dbt build whose events become Dagster's while it runs."""

    def __init__(
        self,
        context: dg.AssetExecutionContext,
        manifest: Mapping[str, Any],
        keys: DomainKeys,
        project: DbtProject,
    ) -> None:
        self.context = context
        self.manifest = manifest
        self.keys = keys
        self.project = project
        self.events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.crash: BaseException | None = None

    def run(self, dbt: Callable[[list[str], Callable[[Any], None]], Any]) -> Iterator[Any]:
        """Yield Dagster's events; dbt runs in a thread, because it calls back and this yields."""
        command = self._command()
        threading.Thread(target=self._build, args=(dbt, command), daemon=True).start()
        while (event := self.events.get()) is not _END:
            message = DbtCoreCliEventMessage(raw_event=event, event_history_metadata={})
            yield from message.to_default_asset_events(
                manifest=self.manifest,
                dagster_dbt_translator=self.keys,
                context=self.context,
                project=self.project,
            )
        if self.crash is not None:
            raise self.crash

    def _command(self) -> list[str]:
        chosen = get_updated_cli_invocation_params_for_context(
            self.context, self.manifest, self.keys
        )
        command = ["build", *chosen.selection_args]
        if chosen.indirect_selection:
            command += ["--indirect-selection", chosen.indirect_selection]
        return command

    def _build(
        self, dbt: Callable[[list[str], Callable[[Any], None]], Any], command: list[str]
    ) -> None:
        try:
            dbt(command, self._hear)
        except BaseException as crash:  # noqa: BLE001  SystemExit too: the step must see it
            self.crash = crash
        finally:
            self.events.put(_END)

    def _hear(self, event: Any) -> None:
        if event.info.name in _RESULTS:
            self.events.put(MessageToDict(event, preserving_proto_field_name=True))
