"""What Dagster is told of the mesh: assets, checks, schedules, automation, and one run history."""

from __future__ import annotations

import inspect
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from meshport.checks.open_text import open_text_checks
from meshport.checks.plan import plan
from meshport.checks.spec import NotEnforced
from meshport.contracts.classification import read_classifications
from meshport.contracts.model import Severity
from meshport.orchestration import run_history
from meshport.orchestration.code_locations import load_locations
from meshport.orchestration.run_history import RunHistory, prepare_dagster_home
from meshport.orchestration.whole_mesh import workspace_locations
from meshport.products.mesh import load_mesh
from meshport.publishing.store import ReleaseStore
from tests.building import ROOT, environment, rewrite, run_here, settings_at

pytestmark = [
    pytest.mark.xdist_group("dagster"),
    # Raised within Dagster's own evaluate_automation_conditions.
    pytest.mark.filterwarnings("ignore:Parameter `include_sources`"),
]

MESH = load_mesh(ROOT)
PORTS = pytest.mark.parametrize("port", list(MESH.ports), ids=lambda port: str(port.id))
DOMAINS = pytest.mark.parametrize("domain", sorted(MESH.products))


@pytest.fixture(scope="module")
def locations(built: Path) -> dict[str, dg.Definitions]:
    """The code locations of the workspace, loaded in this process."""
    with environment(MESHPORT_HOME=str(built)):
        loaded, broken = load_locations(workspace_locations(ROOT))
    assert not broken
    return loaded


@pytest.fixture(scope="module")
def whole(locations):
    return dg.Definitions.merge(*locations.values())


@pytest.fixture
def history(home: Path, built: Path):
    """The instance of a home with the history of its runs."""
    shutil.copytree(built / "dagster", home / "dagster")
    with dg.DagsterInstance.from_config(str(prepare_dagster_home(settings_at(home)))) as instance:
        yield instance


def test_dagster_itself_loads_a_code_location_for_every_domain(home):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MESHPORT_")}
    done = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-w", "workspace.yaml"],
        cwd=ROOT,
        env={**kept, "MESHPORT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    for domain in MESH.products:
        assert f"Validation successful for code location {domain}" in done.stdout + done.stderr


@DOMAINS
def test_the_key_of_every_asset_starts_with_the_domain_that_owns_it(locations, domain):
    graph = locations[domain].resolve_asset_graph()

    assert {key.path[0] for key in graph.materializable_asset_keys} == {domain}
    assert {graph.get(key).group_name for key in graph.materializable_asset_keys} == {domain}
    upstream = {tuple(key.path) for key in graph.external_asset_keys}
    offered = {tuple(port.asset_key) for port in MESH.products[domain].inputs}
    assert upstream <= offered


@PORTS
def test_a_port_has_one_asset_check_for_each_clause_that_can_be_checked(whole, port):
    graph = whole.resolve_asset_graph()
    key = dg.AssetKey(port.id.asset_key)
    open_text = open_text_checks(port.contract, read_classifications(ROOT))
    clauses = {spec.id: spec for spec in (*plan(port.contract), *open_text)}
    checked = {name for name, spec in clauses.items() if not isinstance(spec.rule, NotEnforced)}

    specs = {
        check.name: graph.get_check_spec(check)
        for check in graph.asset_check_keys
        if check.asset_key == key
    }

    assert specs.keys() == checked | {"source_rows_balance", "quarantine_budget"}
    for name in checked:
        assert specs[name].blocking == (clauses[name].severity is Severity.ERROR)
        assert specs[name].metadata["clause"] == clauses[name].clause
        assert specs[name].description


@PORTS
def test_a_port_carries_owners_tags_columns_and_a_freshness_policy(whole, port):
    node = whole.resolve_asset_graph().get(dg.AssetKey(port.id.asset_key))
    contract = port.contract

    assert f"team:{port.id.domain}" in node.owners
    assert [owner for owner in node.owners if "@" in owner]
    assert node.tags["contract"] == contract.id
    assert node.tags["contract_version"] == contract.version
    shown = node.metadata["dagster/column_schema"].columns
    assert [(column.name, column.type) for column in shown] == [
        (column.name, column.physical_type) for column in contract.table.columns
    ]
    assert [column.tags["classification"] for column in shown] == [
        column.classification for column in contract.table.columns
    ]
    assert node.freshness_policy is not None
    assert node.automation_condition is not None


@DOMAINS
def test_a_domain_runs_by_the_schedule_its_contracts_promise(locations, domain):
    promised = {
        level.schedule
        for port in MESH.products[domain].ports
        for level in port.contract.service_levels
        if level.schedule
    }

    (schedule,) = locations[domain].schedules
    (sensor,) = locations[domain].sensors
    assert schedule.cron_schedule in promised
    assert schedule.default_status is dg.DefaultScheduleStatus.RUNNING
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING


class Automation:
    """What the automation conditions ask for, tick by tick."""

    def __init__(self, definitions: dg.Definitions, instance: dg.DagsterInstance) -> None:
        self.definitions = definitions
        self.instance = instance
        self.cursor = None

    def requested(self) -> set[str]:
        """The domains whose ports the next tick asks for."""
        tick = dg.evaluate_automation_conditions(
            defs=self.definitions, instance=self.instance, cursor=self.cursor
        )
        self.cursor = tick.cursor
        return {
            one.key.path[0]
            for one in tick.results
            if isinstance(one.key, dg.AssetKey)
            and one.key.path[1] == "output_ports"
            and tick.get_num_requested(one.key)
        }


def test_a_new_upstream_release_asks_for_those_that_rely_on_it_and_nothing_else_does(
    whole, history, home, source
):
    automation = Automation(whole, history)
    assert automation.requested() == set()
    assert automation.requested() == set()

    whole_file = (source / "olist_sellers_dataset.csv").read_text()
    rewrite(source / "olist_sellers_dataset.csv", lambda lines: [*lines, lines[-1]])
    assert run_here(home, source, "catalog").exit_code == 1
    assert automation.requested() == set()

    (source / "olist_sellers_dataset.csv").write_text(whole_file)
    assert run_here(home, source, "catalog").exit_code == 0
    assert "orders" in automation.requested()
    assert automation.requested() == set()


def test_what_is_downstream_of_a_release_alone_is_asked_for(whole, history, home, source):
    automation = Automation(whole, history)
    automation.requested()

    assert run_here(home, source, "logistics").exit_code == 0

    assert automation.requested() == {"customers"}


def test_runs_of_the_command_line_are_in_dagsters_history(built):
    config = built / "dagster"
    with dg.DagsterInstance.from_config(str(config)) as instance:
        for port in MESH.ports:
            manifest = ReleaseStore(built).of(port.id.domain).current()
            event = instance.get_latest_materialization_event(dg.AssetKey(port.id.asset_key))
            assert event.run_id == manifest.run_id
            metadata = event.asset_materialization.metadata
            assert metadata["release"].value == manifest.release
            assert metadata["dagster/row_count"].value == manifest.ports[str(port.id)].rows
            key = dg.AssetCheckKey(dg.AssetKey(port.id.asset_key), "source_rows_balance")
            assert evaluation(instance, key).passed
        (run,) = instance.get_runs()
        assert run.status is dg.DagsterRunStatus.SUCCESS


def test_a_check_is_recorded_with_its_severity_and_what_it_found(built):
    port = dg.AssetKey(["orders", "output_ports", "daily_sales_v1"])
    with dg.DagsterInstance.from_config(str(built / "dagster")) as instance:
        late = evaluation(instance, dg.AssetCheckKey(port, "sla__freshness"))
        key = evaluation(instance, dg.AssetCheckKey(port, "primary_key"))

    assert (late.severity, key.severity) == (
        dg.AssetCheckSeverity.WARN,
        dg.AssetCheckSeverity.ERROR,
    )
    assert key.passed
    assert key.metadata["failed_rows"].value == 0
    assert "passed: " in key.description


def evaluation(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> Any:
    (record,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=1)
    return record.event.dagster_event.asset_check_evaluation_data


def test_the_scheduled_job_publishes_like_the_command_line(home, sample):
    before = ReleaseStore(home).of("catalog").current()

    with environment(MESHPORT_HOME=str(home), MESHPORT_SOURCE=str(sample)):
        loaded, _ = load_locations({"catalog": "domains.catalog.definitions"})
        job = loaded["catalog"].resolve_job_def("catalog_job")
        with dg.DagsterInstance.ephemeral() as instance:
            result = job.execute_in_process(instance=instance)

    after = ReleaseStore(home).of("catalog").current()
    assert result.success
    assert (after.run_id, after.parent) == (result.run_id, before.release)


def test_a_part_of_a_domain_builds_that_part_alone(home, sample):
    wanted = dg.AssetKey(["orders", "models", "daily_sales_v1"])

    with environment(MESHPORT_HOME=str(home), MESHPORT_SOURCE=str(sample)):
        loaded, _ = load_locations({"orders": "domains.orders.definitions"})
        job = loaded["orders"].resolve_implicit_global_asset_job_def()
        with dg.DagsterInstance.ephemeral() as instance:
            result = job.execute_in_process(instance=instance, asset_selection=[wanted])

    assert result.success
    assert {event.asset_key for event in result.get_asset_materialization_events()} == {wanted}


def test_dagsters_own_storage_reads_the_history_that_ours_wrote(built):
    folder = built / "dagster" / "history"
    (run_id,) = {file.stem for file in folder.glob("*.db")} - {"index", "runs"}

    theirs = SqliteEventLogStorage(str(folder))

    kinds = {event.dagster_event.event_type_value for event in theirs.get_logs_for_run(run_id)
             if event.dagster_event}  # fmt: skip
    assert {"PIPELINE_SUCCESS", "ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION"} <= kinds


def test_the_run_history_opens_each_file_once(tmp_path, monkeypatch):
    opened = []
    real = run_history.create_engine
    monkeypatch.setattr(
        run_history, "create_engine", lambda url, **keys: opened.append(url) or real(url, **keys)
    )
    history = RunHistory(str(tmp_path))

    for _ in range(3):
        assert history.get_logs_for_run("some-run") == []
        assert history.all_asset_keys() == []

    assert sorted(Path(url).name for url in opened) == ["index.db", "some-run.db"]


def test_the_private_parts_of_dagster_that_the_run_history_stands_on_are_still_there(tmp_path):
    theirs = SqliteEventLogStorage(str(tmp_path))

    def parameters(name: str) -> list[str]:
        return list(inspect.signature(getattr(SqliteEventLogStorage, name)).parameters)

    assert parameters("_connect") == ["self", "shard"]
    assert parameters("_initdb") == ["self", "engine", "for_index_shard"]
    assert parameters("conn_string_for_shard") == ["self", "shard_name"]
    assert parameters("has_table") == ["self", "table_name"]
    assert isinstance(theirs._initialized_dbs, set)
    assert hasattr(theirs._db_lock, "acquire")
    for name in ("run_connection", "index_connection"):
        assert "_connect" in inspect.getsource(getattr(SqliteEventLogStorage, name))
