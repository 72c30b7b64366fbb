"""Unmodified clients read over real HTTP what REST shows: no cell more, none less."""

from __future__ import annotations

import http.client
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow as pa
import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import ForbiddenError, NoSuchTableError, UnauthorizedError
from pyiceberg.types import StringType

from meshport.names import PortId
from meshport.products.mesh import load_mesh
from meshport.serving.app import create_app
from tests.access.conftest import CUSTOMERS, Office
from tests.building import ROOT, column, settings_at
from tests.doors.iceberg import DOOR, catalog_at
from tests.doors.iceberg_in_duckdb import iceberg_in_duckdb
from tests.doors.lab import GAUGE_ROWS, GAUGES, arrow_of
from tests.doors.sharing import live, office_over, rows_of, rows_over_rest

pytestmark = [
    pytest.mark.xdist_group("sharing"),
    # The client leaves its connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
ORDERS = PortId("orders", "orders", 1)
ITEMS = PortId("catalog", "items", 1)
AGREED = {
    "anna@example.com": None,
    "robot": None,
    "nara.luz@example.com": {"access_class": "confidential"},
    "mailer": {"access_class": "restricted", "purpose": "direct-marketing"},
    "outlet": {"access_class": "confidential", "scope": ("SP", "RJ")},
}


@dataclass
class Door:
    """A server over the built mesh, on the machine's own clock, by which clients sign."""

    office: Office
    address: str

    def catalog(self, consumer: str, **properties: str):
        return catalog_at(self.address, self.office.secret(consumer), **properties)


@pytest.fixture(scope="module")
def door(built, tmp_path_factory):
    with ExitStack() as opened:
        office = office_over(built, tmp_path_factory.mktemp("iceberg"), opened)
        office.now = datetime.now(UTC)
        for consumer, terms in AGREED.items():
            if terms:
                office.agree(consumer, **terms)
        app = create_app(settings_at(office.home), lambda: datetime.now(UTC))
        yield Door(office, opened.enter_context(live(app)))


def frame_of(table: pa.Table):
    return table.to_pandas(date_as_object=True)


@pytest.mark.parametrize("consumer", AGREED)
def test_pyiceberg_reads_the_cells_that_rest_shows_the_same_consumer(door, consumer):
    rest = rows_over_rest(door.office.client(consumer), CUSTOMERS)

    loaded = frame_of(door.catalog(consumer).load_table(str(CUSTOMERS)).scan().to_arrow())

    assert list(loaded.columns) == list(rest.columns)
    assert rows_of(loaded) == rows_of(rest)
    assert len(loaded) > 100


def test_pyiceberg_reads_every_port_that_is_listed_for_it(door):
    catalog, rest = door.catalog("mailer"), door.office.client("mailer")
    listed = {
        name for (domain,) in catalog.list_namespaces() for name in catalog.list_tables(domain)
    }
    ports = {(port.id.domain, port.id.model): port.id for port in load_mesh(ROOT).ports}

    assert listed == set(ports)
    for name, port in ports.items():
        loaded = frame_of(catalog.load_table(name).scan().to_arrow())
        assert rows_of(loaded) == rows_of(rows_over_rest(rest, port)), port


def test_a_filter_reads_only_files_whose_bounds_allow_it(door):
    table = door.catalog("anna@example.com").load_table("catalog.items_v1")
    whole = table.scan().to_arrow()
    name = whole.column("item_id")[0].as_py()

    found = table.scan(row_filter=f"item_id = '{name}'").to_arrow()

    assert found.num_rows == 1
    assert list(table.scan(row_filter="item_id < ' '").plan_files()) == []
    (entry,) = table.inspect.files().to_pylist()
    bounds = entry["readable_metrics"]["item_id"]
    assert bounds["lower_bound"] <= name[:16] <= bounds["upper_bound"]
    assert entry["record_count"] == whole.num_rows


def test_the_client_is_told_why_where_it_may_not(door):
    with pytest.raises(ForbiddenError, match="MP704"):
        door.catalog("outlet").load_table(str(ORDERS))
    with pytest.raises(NoSuchTableError, match="MP610"):
        door.catalog("outlet").load_table("orders.none_v1")
    with pytest.raises(UnauthorizedError, match="MP701"):
        catalog_at(door.address, "mpt_wrong")
    assert not door.catalog("mailer").table_exists("orders.none_v1")
    assert door.catalog("mailer").table_exists("orders.orders_v1")


def test_the_client_gets_in_with_a_name_and_a_secret(door):
    credential = f"mailer:{door.office.secret('mailer')}"
    with warnings.catch_warnings():
        # The client warns of its own default for where the token comes from.
        warnings.simplefilter("ignore", DeprecationWarning)
        catalog = RestCatalog("mesh", uri=f"{door.address}{DOOR}", credential=credential)

    assert ("orders", "orders_v1") in catalog.list_tables("orders")


def test_the_client_can_change_nothing(door):
    catalog = door.catalog("mailer")
    table = catalog.load_table("orders.orders_v1")

    for attempt in (
        lambda: table.append(table.scan(limit=1).to_arrow()),
        lambda: catalog.drop_table("orders.orders_v1"),
        lambda: catalog.create_namespace("mine"),
        lambda: table.update_schema().add_column("mine", StringType()).commit(),
    ):
        with pytest.raises((NotImplementedError, OSError)):
            attempt()


def test_dots_in_a_path_stay_dots(door):
    """As they come over the wire, which clients in Python do not let through."""
    host = door.address.removeprefix("http://")
    for path in ("/../../access.sqlite", "/objects/../../../access.sqlite", "/objects/%2e%2e/x"):
        connection = http.client.HTTPConnection(host, timeout=60)
        connection.putrequest("GET", f"{DOOR}{path}", skip_accept_encoding=True)
        connection.endheaders()
        answer = connection.getresponse()
        assert answer.status in (403, 404)
        assert b"SQLite" not in answer.read()
        connection.close()


def test_every_type_that_is_served_is_read_with_its_values(unpublished_lab):
    """Also inside lists, structs and maps; null, empty and odd ones."""
    lab = unpublished_lab
    odd = {
        "n8": "TINYINT", "n16": "SMALLINT", "u8": "UTINYINT", "u16": "USMALLINT", "u32": "UINTEGER",
        "f": "FLOAT", "t": "TIME", "ts": "TIMESTAMP", "id": "UUID", "b": "BLOB",
        "j": "JSON", "e": "ENUM('a','b')", "l": "INTEGER[]",
        "s": "STRUCT(x INTEGER, y VARCHAR)", "m": "MAP(VARCHAR, INTEGER)",
    }  # fmt: skip
    values = {
        "n8": "-128", "n16": "32767", "u8": "255", "u16": "65535", "u32": "4294967295",
        "f": "1.5", "t": "'23:59:59.123456'", "ts": "'2026-01-01 00:00:00.000001'",
        "id": "'6f1d4a3e-0000-4000-8000-000000000001'", "b": "'\\x00\\xff'::blob",
        "j": """'{"a": [1]}'""", "e": "'b'", "l": "[1, null]", "s": "{'x': 1, 'y': 'ü'}",
        "m": "map {'k': 1}",
    }  # fmt: skip
    lab.promise(
        GAUGES,
        column("gauge_id", "VARCHAR", primaryKey=True, required=True),
        *({"name": n, "physicalType": t, "classification": "internal"} for n, t in odd.items()),
    )
    chosen = ", ".join(
        f"case when small = 1 then ({values[n]})::{t} end as {n}" for n, t in odd.items()
    )
    rows = f"select gauge_id, {chosen.replace('{', '{{').replace('}', '}}')} from ({GAUGE_ROWS})"
    assert lab.publish(9, gauges=rows)
    (file,) = lab.files()
    with ExitStack() as opened:
        app = create_app(settings_at(lab.home, lab.root), is_demo=True)
        address = opened.enter_context(live(app))
        nobody = RestCatalog("mesh", uri=f"{address}{DOOR}", auth={"type": "noop"})
        loaded = nobody.load_table(str(GAUGES)).scan().to_arrow()

    ours = arrow_of(f"from '{file}'")
    assert loaded.column_names == ours.column_names
    for name in odd:
        mine, theirs = loaded.column(name).to_pylist(), ours.column(name).to_pylist()
        assert [str(value) for value in mine] == [str(value) for value in theirs], name
    assert any(value is not None for value in loaded.column("s").to_pylist())


def test_duckdb_reads_the_cells_that_rest_shows(door):
    rest = rows_over_rest(door.office.client("outlet"), CUSTOMERS)
    columns = ", ".join(f"{name}::varchar" for name in rest.columns)

    questions = [
        f"select {columns} from mesh.customers.customers_v1",
        "select count(*) from mesh.customers.customers_v1 where state = 'SP'",
        "select count(*) from mesh.customers.customers_v1 at (version => 1)",
        "insert into mesh.customers.customers_v1 (customer_id) values ('x')",
        "drop table mesh.customers.customers_v1",
    ]
    secret = door.office.secret("outlet")
    with iceberg_in_duckdb(door.address) as engine:
        rows, counted, pinned, written, dropped = [engine.ask(secret, one) for one in questions]

    text = rest.astype(object).where(rest.notna(), None)
    expected = [
        [None if v is None else str(v) for v in row] for row in text.itertuples(index=False)
    ]
    lower = [[v and v.lower() if v in ("True", "False") else v for v in row] for row in expected]
    assert sorted(map(str, rows)) == sorted(map(str, lower))
    assert counted == [[str(int((rest["state"] == "SP").sum()))]]
    assert pinned == [[str(len(rest))]]
    assert "405" in written
    assert "406" in dropped
