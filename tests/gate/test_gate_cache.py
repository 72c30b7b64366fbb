"""What the gate keeps between runs saves time and never changes what it says."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import meshport
from meshport.contracts import read_all
from meshport.contracts.plain import contract_as_plain, contract_from_plain
from meshport.contracts.read import read_contract
from meshport.errors import MeshportError
from meshport.gate.run import GateRun
from meshport.kept import Kept
from meshport.lineage import stages, worker
from meshport.orchestration import dbt_files
from meshport.reports.json import render
from tests.building import ROOT, SHARED, edit
from tests.gate.conftest import ORDERS, TODAY

MODEL = "domains/orders/dbt/models/staging/stg_olist__orders.sql"
WORDS = "domains/orders/dbt/models/output_ports/orders.yml"
CHANGES = {
    "a promise": lambda b: b.replace(ORDERS, "physicalType: INTEGER", "physicalType: BIGINT"),
    "no contract any more": lambda b: b.replace(ORDERS, "kind: DataContract", "kind: [Data"),
    "what a model does": lambda b: b.replace(MODEL, "select", "select distinct"),
    "a generated file": lambda b: b.replace(WORDS, "data_type: INTEGER", "data_type: BIGINT"),
}


@pytest.fixture
def cache(branch, tmp_path):
    """A cache that knows the mesh as it is; to be changed."""
    branch.report()
    return shutil.copytree(branch.cache, tmp_path / "cache")


def said(branch, cache):
    return render(GateRun(branch.root, "main", TODAY, cache).report())


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_the_gate_says_the_same_with_and_without_what_it_kept(branch, cache, change):
    change(branch)

    first, second = said(branch, cache), said(branch, cache)

    assert first == second == said(branch, None)


def overwrite(file: Path) -> None:
    file.write_bytes(b"this is no database")


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:3000])


def change(file: Path, statement: str) -> None:
    with closing(sqlite3.connect(file)) as con, con:
        con.execute(statement)


DAMAGES = {
    "no database": overwrite,
    "half a file": cut,
    "nothing": lambda file: file.write_bytes(b""),
    "another value": lambda file: change(file, "update kept set value = '{\"a\": 2}'"),
    "another name": lambda file: change(file, "update kept set name = 'it' where name = 'other'"),
    "no text": lambda file: change(file, "update kept set value = x'ff00', seal = 1"),
    "another table": lambda file: change(file, "alter table kept drop column seal"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_value_is_found_as_it_was_kept_or_not_at_all(tmp_path, damage):
    kept = Kept(tmp_path, "values", [])
    with kept.stage("all") as values:
        values.keep("other", "x", {"a": 3})
    (file,) = tmp_path.iterdir()
    damage(file)

    with kept.stage("all") as values:
        assert (values.find("it", "x"), values.find("other", "x")) == (None, None)
        values.keep("it", "x", {"a": 1})
    with kept.stage("all") as values:
        assert values.find("it", "y") is None
        assert values.find("it", "x") == {"a": 1}


@pytest.mark.parametrize("damage", ["overwritten", "falsified"])
def test_the_gate_says_the_same_where_its_cache_is_damaged(branch, cache, damage):
    right = said(branch, cache)
    files = sorted(cache.glob("*.sqlite"))
    for file in files:
        if damage == "overwritten":
            overwrite(file)
        else:
            change(file, "update kept set value = replace(value, 'order', 'ordre')")

    assert said(branch, cache) == right
    assert {file.name.partition("-")[0] for file in files} == {"contracts", "derived", "lineage"}
    assert all(sqlite3.connect(file).execute("select 1 from kept").fetchall() for file in files)


def test_where_nothing_can_be_written_nothing_is_kept(branch):
    right = read_all.read_all(branch.root)
    a_file = branch.root / "workspace.yaml"

    assert (
        read_all.read_all(branch.root, a_file)
        == read_all.read_all(branch.root, a_file / "below")
        == right
    )


def test_a_contract_that_did_not_change_is_taken_from_what_was_kept(branch, cache):
    contract = read_all.read_all(branch.root, cache)[ORDERS]
    other = {**contract_as_plain(contract), "version": "9.0.0"}
    with Kept(cache, read_all.FOLDER, read_all.MADE_BY).stage(read_all.FOLDER) as known:
        known.keep(ORDERS, contract.sha256, other)

    assert read_all.read_all(branch.root, cache)[ORDERS].version == "9.0.0"
    branch.replace(ORDERS, "version: 1.0.0", "version: 1.0.1")
    assert read_all.read_all(branch.root, cache)[ORDERS].version == "1.0.1"


def test_what_other_code_kept_is_not_believed_and_thrown_away(branch, cache, tmp_path):
    """The same mesh and the same cache, read by a meshport that makes other contracts of files."""
    other, home = tmp_path / "other", branch.root / ".meshport"
    shutil.copytree(Path(meshport.__file__).parent, other / "meshport")
    edit(other / "meshport/contracts/read.py", 'root["version"]', 'root["version"] + "-other"')
    shutil.copytree(cache, home / "cache")

    done = subprocess.run(
        [sys.executable, "-m", "meshport.cli.main", "contract", "gate", "--against", "main"],
        cwd=branch.root,
        env={**os.environ, "PYTHONPATH": str(other), "MESHPORT_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert "the version `1.0.0-other` is not MAJOR.MINOR.PATCH" in done.stdout, done.stderr
    for kind in ("contracts", "lineage"):
        (before,), (after,) = cache.glob(f"{kind}-*"), (home / "cache").glob(f"{kind}-*")
        assert before.name != after.name


@pytest.mark.parametrize(
    ("module", "made_by"),
    [
        (read_all, read_all.MADE_BY),
        (worker, stages.MADE_BY),
        (dbt_files, dbt_files.MADE_BY),
    ],
)
def test_all_code_that_makes_a_kept_value_counts_for_whether_it_is_believed(module, made_by):
    code = f"import sys, {module.__name__}\nprint(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    loaded = {name.rpartition(".")[0] for name in run.stdout.split() if "meshport." in name}
    assert loaded - {"meshport"} == set(made_by)


FILES = sorted((ROOT / read_all.FOLDER).rglob("*.odcs.yaml")) + sorted(
    (SHARED / "odcs").rglob("*.yaml")
)


def test_a_kept_contract_is_the_contract_that_was_read():
    contracts = []
    for file in FILES:
        try:
            contracts.append(read_contract(file))
        except MeshportError:
            continue
    assert len(contracts) >= 10

    for one in contracts:
        plain = json.loads(json.dumps(contract_as_plain(one)))
        assert contract_from_plain(plain, one.file, one.text, one.sha256) == one
