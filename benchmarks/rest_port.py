"""A mesh of one port with as many rows as wanted, and the same rows as files for other tools."""

from __future__ import annotations

import shutil
import sqlite3
import uuid
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measure import ROOT
from meshport.contracts.classification import read_classifications
from meshport.names import PortId
from meshport.products.mesh import load_product
from meshport.publishing.lock import exclusive
from meshport.publishing.manifest import Manifest
from meshport.publishing.publish import Attempt, publish
from meshport.publishing.store import ReleaseStore
from meshport.warehouse import connect_memory
from meshport.yaml_file import dump_yaml

PORT = PortId("shop", "orders", 1)
ROWS = f"{PORT.path}/rows"
COLUMNS = {
    "order_id": ("string", "VARCHAR(9)"),
    "customer_id": ("string", "VARCHAR(7)"),
    "order_status": ("string", "VARCHAR(16)"),
    "purchased_at": ("timestamp", "TIMESTAMPTZ"),
    "promised_on": ("date", "DATE"),
    "items_amount": ("number", "DECIMAL(12,2)"),
    "item_count": ("integer", "INTEGER"),
    "delivery_state": ("string", "VARCHAR(2)"),
}
_ORDERS = """
select
    printf('o%08d', n) as order_id,
    printf('c%06d', (n * 7919) % 50000) as customer_id,
    ['delivered', 'shipped', 'canceled'][n % 3 + 1] as order_status,
    timestamptz '2026-01-01 00:00+00' + interval (n) minute as purchased_at,
    date '2026-01-01' + (n % 300)::integer as promised_on,
    ((n * 37) % 10000 / 100)::decimal(12, 2) as items_amount,
    (n % 9)::integer as item_count,
    ['SP', 'RJ', 'MG', 'BA'][n % 4 + 1] as delivery_state
from range({start}, {start} + {rows}) t(n)
"""


def key_of(number: int) -> str:
    """The key of a row."""
    return f"o{number:08d}"


class Shop:
    """The mesh's files and its home, below one folder."""

    def __init__(self, folder: Path) -> None:
        self.root, self.home = folder / "mesh", folder / "home"
        (self.root / "catalog").mkdir(parents=True)
        for name in ("classifications.yaml", "purposes.yaml"):
            shutil.copy(ROOT / "catalog" / name, self.root / "catalog")
        (self.root / "catalog/glossary.yaml").write_text("terms: []\n")
        (self.root / "workspace.yaml").write_text("load_from: []\n")
        self._write(PORT.contract_path, _contract())
        self._write("domains/shop/data_product.odps.yaml", _descriptor())

    def publish(self, rows: int, start: int = 0) -> Manifest:
        """Publish so many rows, the first of them numbered `start`."""
        store = ReleaseStore(self.home)
        now, scale = datetime.now(UTC), read_classifications(self.root)
        with exclusive(store.of(PORT.domain).folder / "lock"), closing(connect_memory()) as con:
            con.execute("create schema output_ports")
            sql = _ORDERS.format(rows=rows, start=start)
            con.execute(f"create table output_ports.{PORT.model} as {sql}")
            product = load_product(self.root, PORT.domain)
            attempt = Attempt(product, store, (), {}, uuid.uuid4().hex, now, scale)
            manifest = publish(con, attempt).manifest
        assert manifest is not None
        return manifest

    def parquet(self) -> Path:
        """The file of the current release."""
        store = ReleaseStore(self.home).of(PORT.domain)
        manifest = store.current()
        assert manifest is not None
        return store.paths(manifest.ports[str(PORT)])[0]

    def as_sqlite(self, file: Path) -> Path:
        """The same rows in an SQLite file, with the key as its primary key."""
        with closing(connect_memory()) as con:
            found = con.execute(
                "select * replace (cast(purchased_at as varchar) as purchased_at, "
                "cast(promised_on as varchar) as promised_on, "
                "cast(items_amount as double) as items_amount) "
                f"from read_parquet('{self.parquet()}')"
            ).fetchall()
        with closing(sqlite3.connect(file)) as lite:
            lite.execute(f"create table orders ({', '.join(COLUMNS)}, primary key (order_id))")
            lite.executemany(f"insert into orders values ({', '.join('?' * len(COLUMNS))})", found)
            lite.commit()
        return file

    def _write(self, path: str, document: dict[str, object]) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dump_yaml(document))


def _contract() -> dict[str, object]:
    properties = [
        {
            "name": name,
            "logicalType": logical,
            "physicalType": physical,
            "description": f"What the shop knows of {name}.",
            "classification": "internal",
            "required": True,
            **({"primaryKey": True} if name == "order_id" else {}),
        }
        for name, (logical, physical) in COLUMNS.items()
    ]
    table = {
        "name": PORT.port,
        "description": "One order of the shop.",
        "dataGranularityDescription": "One row per order.",
        "properties": properties,
    }
    return {
        "apiVersion": "v3.2.0",
        "kind": "DataContract",
        "id": PORT.contract_id,
        "version": "1.0.0",
        "status": "active",
        "name": "Orders",
        "domain": PORT.domain,
        "description": {"purpose": "Orders to measure with."},
        "schema": [table],
    }


def _descriptor() -> dict[str, object]:
    return {
        "apiVersion": "v1.1.0",
        "kind": "DataProduct",
        "id": PORT.domain,
        "name": "Shop",
        "version": "1.0.0",
        "status": "active",
        "domain": PORT.domain,
        "description": {"purpose": "Something to measure with."},
        "outputPorts": [{"name": PORT.port, "contractId": PORT.contract_id, "version": "1.0.0"}],
        "team": {"name": "Shop team"},
    }
