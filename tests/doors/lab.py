"""A mesh of one small domain with a column of every kind, published in a tenth of a second.

`lab.gauges.v1` has wide and narrow numbers, nulls, ties, odd texts and a private column;
`lab.people.v1` is a port whose key is private.
"""

from __future__ import annotations

import shutil
import uuid
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from fastapi.testclient import TestClient

from meshport.contracts.classification import read_classifications
from meshport.names import PortId
from meshport.products.mesh import load_product
from meshport.publishing.lock import exclusive
from meshport.publishing.manifest import Manifest
from meshport.publishing.publish import Attempt, publish
from meshport.publishing.store import ReleaseStore
from meshport.serving.app import create_app
from meshport.warehouse import connect_memory
from meshport.yaml_file import dump_yaml
from tests.building import LOOPBACK, NOW, ROOT, column, contract_text, settings_at, table

GAUGES = PortId("lab", "gauges", 1)
PEOPLE = PortId("lab", "people", 1)
ROWS = f"{GAUGES.path}/rows"
SECRET = {"classification": "restricted"}

GAUGE_COLUMNS = (
    column("gauge_id", "VARCHAR(8)", primaryKey=True, required=True),
    column("big", "BIGINT", required=True),
    column("wide", "DECIMAL(20,4)"),
    column("narrow", "DECIMAL(9,2)"),
    column("ratio", "DOUBLE"),
    column("small", "INTEGER"),
    column("is_on", "BOOLEAN"),
    column("seen_at", "TIMESTAMPTZ"),
    column("made_on", "DATE"),
    column("note", "VARCHAR"),
    column("owner_email", "VARCHAR", **SECRET),
)
# Ties and nulls in every column but the key; texts that quoting gets wrong.
GAUGE_ROWS = """
select
    printf('g%05d', n) as gauge_id,
    9007199254740993 + (n % 5) as big,
    case when n % 7 > 0 then (1234567890123456.7891 + (n % 4))::decimal(20, 4) end as wide,
    case when n % 6 > 0 then ((n % 9) * 1.05 - 3)::decimal(9, 2) end as narrow,
    case when n % 5 > 0 then ((n % 8) / 3)::double end as ratio,
    case when n % 4 > 0 then (n % 3)::integer end as small,
    case n % 3 when 0 then null when 1 then true else false end as is_on,
    case when n % 8 > 0
        then timestamptz '2026-03-01 12:00:00+00' + interval (n % 6) hour
            + interval (n % 2) microsecond
    end as seen_at,
    case when n % 5 > 0 then date '2024-02-29' + (n % 4)::integer end as made_on,
    ['a,b', 'say "so"', '', 'ünïcode ✓', E'two\\nlines', null, '100%', 'null'][n % 8 + 1] as note,
    printf('person%03d@secret.example', n) as owner_email
from range({count}) t(n)
"""
PEOPLE_COLUMNS = (
    column("email", "VARCHAR", primaryKey=True, required=True, **SECRET),
    column("town", "VARCHAR"),
)
PEOPLE_ROWS = """
select printf('person%03d@secret.example', n) as email, 'town ' || (n % 3) as town
from range(40) t(n)
"""


class Lab:
    """The mesh and a home for its releases, below one folder."""

    def __init__(self, folder: Path, opened: ExitStack) -> None:
        self.opened = opened
        self.root, self.home = folder / "mesh", folder / "home"
        self.home.mkdir(parents=True)
        (self.root / "catalog").mkdir(parents=True)
        shutil.copy(ROOT / "catalog/classifications.yaml", self.root / "catalog")
        (self.root / "catalog/glossary.yaml").write_text("terms: []\n")
        (self.root / "workspace.yaml").write_text("load_from: []\n")
        self.promise(GAUGES, *GAUGE_COLUMNS)
        self.promise(PEOPLE, *PEOPLE_COLUMNS)
        self.describe()

    def promise(self, port: PortId, *columns: dict[str, Any], **keys: Any) -> None:
        """Write the contract of a port."""
        file = self.root / port.contract_path
        file.parent.mkdir(parents=True, exist_ok=True)
        named = {"id": port.contract_id, "domain": port.domain, "name": port.port.title()}
        file.write_bytes(contract_text(**{**named, "schema": [table(port.port, *columns)], **keys}))

    def describe(self, **keys: Any) -> None:
        """Write the domain's descriptor."""
        offered = [{"contractId": p.contract_id, "version": "1.0.0"} for p in (GAUGES, PEOPLE)]
        descriptor = {
            "apiVersion": "v1.1.0",
            "kind": "DataProduct",
            "id": "lab",
            "name": "Laboratory",
            "version": "1.0.0",
            "status": "active",
            "domain": "lab",
            "description": {"purpose": "Something to read."},
            "outputPorts": [{"name": o["contractId"].partition(".")[2], **o} for o in offered],
            "team": {"name": "Lab team"},
            **keys,
        }
        file = self.root / "domains/lab/data_product.odps.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dump_yaml(descriptor))

    def publish(
        self, count: int = 100, now: datetime = NOW, gauges: str = GAUGE_ROWS
    ) -> Manifest | None:
        """Publish so many gauges; None where the release is refused."""
        store = ReleaseStore(self.home)
        with exclusive(store.of("lab").folder / "lock"):
            con = connect_memory()
            con.execute("create schema output_ports")
            for port, sql in ((GAUGES, gauges.format(count=count)), (PEOPLE, PEOPLE_ROWS)):
                con.execute(f"create table output_ports.{port.model} as {sql}")
            product = load_product(self.root, "lab")
            scale = read_classifications(self.root)
            outcome = publish(con, Attempt(product, store, (), {}, uuid.uuid4().hex, now, scale))
            con.close()
        return outcome.manifest

    def client(self) -> TestClient:
        """A server over the mesh as it is, for as long as the laboratory is open."""
        app = create_app(settings_at(self.home, self.root), is_demo=True)
        return self.opened.enter_context(TestClient(app, base_url=LOOPBACK))

    def files(self, port: PortId = GAUGES) -> list[str]:
        """The Parquet files of the current release."""
        return files_of(self.home, port)


def files_of(home: Path, port: PortId) -> list[str]:
    """The Parquet files of a port's current release."""
    store = ReleaseStore(home).of(port.domain)
    manifest = store.current()
    assert manifest is not None
    return [str(file) for file in store.paths(manifest.ports[str(port)])]


def query(sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, in UTC and in an engine of its own."""
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        return con.execute(sql).fetchall()


def arrow_of(sql: str) -> pa.Table:
    """The rows of a query as Arrow."""
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'")
        return con.sql(sql).to_arrow_table()
