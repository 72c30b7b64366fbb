"""A mesh small enough to publish in a tenth of a second: the shop's things and their parts.

The desk is a second domain that relies on the shop's things.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from meshport.contracts.classification import read_classifications
from meshport.names import PortId
from meshport.products.mesh import DataProduct, load_product
from meshport.publishing.inputs import pin_inputs, pinned_releases
from meshport.publishing.lock import exclusive
from meshport.publishing.publish import Attempt, Outcome, publish
from meshport.publishing.store import DomainStore, ReleaseStore
from meshport.sources import Extract
from meshport.sources.landing import land
from meshport.warehouse import Connection, connect_memory, open_warehouse, parquet_scan
from meshport.yaml_file import dump_yaml
from tests.building import NOW, ROOT, column, contract_text, table

SCALE = read_classifications(ROOT)
THINGS = PortId("shop", "things", 1)
PARTS = PortId("shop", "parts", 1)
SALES = PortId("desk", "sales", 1)

EXTRACTS = (
    Extract(
        "things",
        "things",
        {"thing_id": "VARCHAR", "size": "INTEGER"},
        "output_ports.things_v1",
        {"thing_id": "thing_id"},
    ),
    Extract(
        "parts",
        "parts",
        {"part_id": "VARCHAR", "thing_id": "VARCHAR"},
        "output_ports.parts_v1",
        {"part_id": "part_id"},
    ),
)
MODELS = {
    "things_v1": "select distinct thing_id, size from raw.things",
    "parts_v1": "select part_id, thing_id from raw.parts",
}
Rows = Sequence[tuple[Any, ...]]


def things(count: int, first: int = 0) -> Rows:
    """So many things, none of them broken."""
    return [(f"t{n:06d}", n) for n in range(first, first + count)]


@dataclass
class Shop:
    """The shop and the desk below one folder, with a meshport home of their own."""

    folder: Path
    promises: Mapping[str, Any] = field(default_factory=dict)
    """Root keys of the contract of things, besides those of every contract."""

    def __post_init__(self) -> None:
        self.root, self.home = self.folder / "mesh", self.folder / "home"
        self.source = self.folder / "source"
        self.warehouse = self.folder / "shop_warehouse.duckdb"
        self.source.mkdir(parents=True, exist_ok=True)
        size = column("size", "INTEGER", required=True, logicalTypeOptions={"minimum": 0})
        owner = {"type": "foreignKey", "to": _reference(THINGS, "thing_id")}
        self.write_contract(THINGS, _key("thing_id"), size, **self.promises)
        whole = column("thing_id", "VARCHAR(8)", relationships=[{"id": "whole", **owner}])
        self.write_contract(PARTS, _key("part_id"), whole)
        sold = column("thing_id", "VARCHAR(8)", relationships=[{"id": "sold", **owner}])
        self.write_contract(SALES, _key("sale_id"), sold)
        self.write_descriptor("shop", (THINGS, PARTS))
        self.write_descriptor("desk", (SALES,), (THINGS,))

    def write_contract(self, port: PortId, *columns: dict[str, Any], **keys: Any) -> None:
        """The contract of a port with these columns."""
        file = self.root / port.contract_path
        file.parent.mkdir(parents=True, exist_ok=True)
        named = {"id": port.contract_id, "domain": port.domain, "name": port.port.title()}
        schema = [table(port.port, *columns)]
        file.write_bytes(contract_text(**{**named, "schema": schema, **keys}))

    def write_descriptor(
        self, domain: str, ports: Iterable[PortId], inputs: Iterable[PortId] = ()
    ) -> None:
        """The descriptor of a domain that offers and relies on these ports."""
        used = [{"contractId": one.contract_id, "version": f"{one.major}.0.0"} for one in inputs]
        offered = [{"contractId": one.contract_id, "version": f"{one.major}.0.0"} for one in ports]
        needs = [{"id": one["contractId"], "version": one["version"]} for one in used]
        descriptor = {
            "apiVersion": "v1.1.0",
            "kind": "DataProduct",
            "id": domain,
            "name": domain,
            "version": "1.0.0",
            "status": "active",
            "domain": domain,
            "description": {"purpose": "Something to publish."},
            "inputPorts": [{"name": one["contractId"], **one} for one in used],
            "outputPorts": [
                {"name": one["contractId"].partition(".")[2], **one, "inputContracts": needs}
                for one in offered
            ],
            "team": {"name": domain},
        }
        file = self.root / "domains" / domain / "data_product.odps.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(dump_yaml(descriptor))

    @property
    def releases(self) -> ReleaseStore:
        return ReleaseStore(self.home)

    @property
    def store(self) -> DomainStore:
        return self.releases.of("shop")

    def product(self, domain: str = "shop") -> DataProduct:
        return load_product(self.root, domain)

    def publish(
        self,
        things: Rows,
        parts: Rows = (),
        *,
        models: Mapping[str, str] | None = None,
        now: datetime = NOW,
    ) -> Outcome:
        """Land these rows, build the shop's models and publish them, as a run does."""
        self._write_extract("things", things)
        self._write_extract("parts", parts)
        with exclusive(self.store.folder / "lock"):
            con = open_warehouse(self.warehouse)
            try:
                land(con, EXTRACTS, self.source)
                _build(con, {**MODELS, **(models or {})})
                return publish(con, self.attempt("shop", EXTRACTS, {}, now))
            finally:
                con.close()

    def pin_for_desk(self, con: Connection, leases: ExitStack) -> dict[PortId, str]:
        """Pin the desk's inputs and build its one model from them."""
        pinned = pin_inputs(con, self.releases, [THINGS], leases)
        sold = "select 's' || thing_id as sale_id, thing_id from inputs.shop__things_v1"
        _build(con, {"sales_v1": sold})
        return pinned

    def publish_desk(self, con: Connection) -> Outcome:
        """Publish what the desk's warehouse holds, made from what it pinned."""
        with exclusive(self.releases.of("desk").folder / "lock"):
            return publish(con, self.attempt("desk", (), pinned_releases(con)))

    def attempt(
        self,
        domain: str,
        extracts: Sequence[Extract],
        pins: Mapping[PortId, str],
        now: datetime = NOW,
    ) -> Attempt:
        product = self.product(domain)
        return Attempt(product, self.releases, extracts, pins, uuid.uuid4().hex, now, SCALE)

    def rows(self, port: PortId, release: str | None = None) -> list[tuple[Any, ...]]:
        """All rows of a port as a reader of its current or of a named release gets them."""
        store = self.releases.of(port.domain)
        with store.reading(release) as manifest:
            assert manifest is not None
            scan = parquet_scan(store.paths(manifest.ports[str(port)]))
            return query(f"from {scan}")

    def _write_extract(self, name: str, rows: Rows) -> None:
        header = next(one.columns for one in EXTRACTS if one.table == name)
        lines = [",".join("" if cell is None else str(cell) for cell in row) for row in rows]
        (self.source / f"{name}.csv").write_text("\n".join([",".join(header), *lines]) + "\n")


def query(sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query over files, in an engine of its own."""
    con = connect_memory(threads=1)
    try:
        return con.execute(sql).fetchall()
    finally:
        con.close()


def files_of(store: DomainStore) -> set[str]:
    """Every file below a domain's store, relative to it."""
    return {str(p.relative_to(store.folder)) for p in store.folder.rglob("*") if p.is_file()}


def _key(name: str) -> dict[str, Any]:
    return column(name, "VARCHAR(8)", primaryKey=True, required=True)


def _reference(port: PortId, column: str) -> str:
    return f"../{port.domain}/{port.port}.v1.odcs.yaml#/schema/{port.port}/properties/{column}"


def _build(con: Connection, models: Mapping[str, str]) -> None:
    for name, sql in models.items():
        schema, _, table = name.rpartition(".")
        schema = schema or "output_ports"
        con.execute(f"create schema if not exists {schema}")
        con.execute(f"drop table if exists {schema}.{table}")
        if sql:
            con.execute(f"create table {schema}.{table} as {sql}")
