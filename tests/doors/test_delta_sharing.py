"""The official Delta Sharing client, unmodified, reads what REST shows: no cell more, none less."""

from __future__ import annotations

import io
import json
import re
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import delta_sharing
import pytest
import requests
from requests import HTTPError

from meshport.names import PortId
from meshport.products.mesh import load_mesh
from meshport.publishing.retention import KEEP
from meshport.publishing.store import ReleaseStore
from meshport.serving.app import create_app
from tests.access.conftest import CUSTOMERS, Office
from tests.building import NOW, ROOT, settings_at
from tests.doors.lab import GAUGE_COLUMNS, GAUGES, SECRET
from tests.doors.sharing import (
    live,
    office_over,
    rows_of,
    rows_over_rest,
    shared_gauges,
    write_profile,
)

pytestmark = [
    pytest.mark.xdist_group("sharing"),
    # The client leaves its connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
ORDERS = PortId("orders", "orders", 1)
AGREED = {
    "anna@example.com": None,
    "robot": None,
    "nara.luz@example.com": {"access_class": "confidential"},
    "mailer": {"access_class": "restricted", "purpose": "direct-marketing"},
    "outlet": {"access_class": "confidential", "scope": ("SP", "RJ")},
}
OPEN = ["customer_id", "city", "state"]
CONFIDENTIAL = [*OPEN, "zip_prefix", "email", "phone", "birth_on", "has_marketing_consent"]


@dataclass
class Sharing:
    """A door over real HTTP, and what its consumers keep in files."""

    office: Office
    address: str
    folder: Path

    def profile(self, consumer: str) -> Path:
        return write_profile(self.folder, self.address, self.office.secret(consumer))

    def load(self, consumer: str, port: PortId = CUSTOMERS, **how):
        return delta_sharing.load_as_pandas(f"{self.profile(consumer)}#{port}", **how)


@pytest.fixture(scope="module")
def sharing(built, tmp_path_factory):
    """The door over a copy of the built mesh."""
    folder = tmp_path_factory.mktemp("sharing")
    with ExitStack() as opened:
        office = office_over(built, folder, opened)
        for consumer, terms in AGREED.items():
            if terms:
                office.agree(consumer, **terms)
        app = create_app(settings_at(office.home), lambda: office.now)
        yield Sharing(office, opened.enter_context(live(app)), folder)


@pytest.fixture
def open_table(lab, tmp_path):
    """Opens the door over the laboratory as it is then; the result is the gauges' address."""
    with ExitStack() as opened:
        yield lambda: shared_gauges(lab, opened, tmp_path)


def test_every_port_is_listed_under_its_own_id(sharing):
    client = delta_sharing.SharingClient(str(sharing.profile("mailer")))

    listed = {f"{t.share}.{t.schema}.{t.name}" for t in client.list_all_tables()}

    assert listed == {str(port.id) for port in load_mesh(ROOT).ports}


def test_shares_schemas_and_tables_are_domains_ports_and_versions(sharing):
    client = delta_sharing.SharingClient(str(sharing.profile("mailer")))

    shares = client.list_shares()
    (orders,) = (share for share in shares if share.name == "orders")
    schemas = client.list_schemas(orders)

    assert {share.name for share in shares} == {port.id.domain for port in load_mesh(ROOT).ports}
    assert "daily_sales" in {schema.name for schema in schemas}
    assert {table.name for schema in schemas for table in client.list_tables(schema)} == {"v1"}


def test_a_port_is_listed_for_those_who_see_something_of_it(sharing):
    for consumer in ("outlet", "mailer", "robot"):
        client = delta_sharing.SharingClient(str(sharing.profile(consumer)))
        rest = sharing.office.client(consumer)
        seen = {p.id for p in load_mesh(ROOT).ports if rest.get(f"{p.id.path}/rows").is_success}

        listed = {f"{t.share}.{t.schema}.{t.name}" for t in client.list_all_tables()}

        assert listed == {str(port) for port in seen}
        assert CUSTOMERS in seen
        assert (ORDERS in seen) == (consumer != "outlet")
    with pytest.raises(HTTPError, match="MP704"):
        sharing.load("outlet", ORDERS)


@pytest.mark.parametrize("consumer", AGREED)
def test_the_client_loads_the_cells_that_rest_shows_the_same_consumer(sharing, consumer):
    rest = rows_over_rest(sharing.office.client(consumer), CUSTOMERS)

    loaded = sharing.load(consumer)

    assert list(loaded.columns) == list(rest.columns)
    assert rows_of(loaded) == rows_of(rest)
    assert len(loaded) > 100


def test_columns_rows_and_masks_follow_from_class_and_scope(sharing):
    frames = {consumer: sharing.load(consumer) for consumer in AGREED}

    assert list(frames["anna@example.com"].columns) == list(frames["robot"].columns) == OPEN
    assert list(frames["nara.luz@example.com"].columns) == CONFIDENTIAL
    assert "full_name" in frames["mailer"].columns
    assert set(frames["outlet"]["state"]) == {"SP", "RJ"} < set(frames["mailer"]["state"])
    clear = frames["mailer"].set_index("customer_id")["email"].dropna()
    masked = frames["nara.luz@example.com"].set_index("customer_id")["email"].dropna()
    assert set(clear.index) == set(masked.index)
    assert clear.str.contains("@").all()
    assert masked.str.fullmatch("[0-9a-f]{64}").all()


@pytest.mark.parametrize("port", [port.id for port in load_mesh(ROOT).ports], ids=str)
def test_every_port_loads_as_rest_shows_it(sharing, port):
    loaded = sharing.load("anna@example.com", port)

    rest = rows_over_rest(sharing.office.client("anna@example.com"), port)
    assert list(loaded.columns) == list(rest.columns)
    assert rows_of(loaded) == rows_of(rest)


def test_deltas_own_format_holds_the_same_rows(sharing):
    for consumer in ("nara.luz@example.com", "outlet"):
        assert rows_of(sharing.load(consumer, use_delta_format=True)) == rows_of(
            sharing.load(consumer)
        )


def test_a_limit_is_kept_and_spares_files(sharing):
    assert len(sharing.load("mailer", limit=7)) == 7
    assert len(sharing.load("outlet", limit=7)) == 7
    assert len(sharing.load("mailer", limit=0)) == 0


def test_names_are_found_in_any_case(sharing):
    shouted = f"{sharing.profile('mailer')}#{str(CUSTOMERS).upper()}"

    assert len(delta_sharing.load_as_pandas(shouted, limit=3)) == 3


def test_a_predicate_spares_the_files_that_hold_no_fitting_row(sharing):
    def where(op, value):
        column = {"op": "column", "name": "state", "valueType": "string"}
        literal = {"op": "literal", "value": value, "valueType": "string"}
        return json.dumps({"op": op, "children": [column, literal]})

    def states(hints):
        return set(sharing.load("outlet", jsonPredicateHints=hints)["state"])

    assert states(where("equal", "RJ")) == {"RJ"}
    assert states(where("greaterThanOrEqual", "RK")) == {"SP"}
    assert states(where("equal", "XX")) == set()
    assert states("no JSON at all") == {"RJ", "SP"}
    hidden = where("equal", "x").replace('"state"', '"full_name"')
    assert states(hidden) == {"RJ", "SP"}


def test_the_metadata_carries_the_contracts_words(sharing):
    table = f"{sharing.profile('mailer')}#{CUSTOMERS}"
    found = delta_sharing.get_table_metadata(table, use_delta_format=False)

    contract = next(p.contract for p in load_mesh(ROOT).ports if p.id == CUSTOMERS)
    fields = {one["name"]: one for one in json.loads(found.schema_string)["fields"]}
    assert found.name == str(CUSTOMERS)
    assert found.description == contract.purpose
    assert fields["birth_on"]["type"] == "date"
    assert fields["city"]["metadata"]["comment"] == next(
        c.description for c in contract.table.columns if c.name == "city"
    )
    assert found.configuration["enableChangeDataFeed"] == "true"


def test_a_profile_from_the_door_opens_it(sharing):
    secret = sharing.office.secret("mailer")
    got = requests.get(
        f"{sharing.address}/delta-sharing/profile",
        headers={"Authorization": f"Bearer {secret}"},
        timeout=30,
    )
    posted = requests.post(
        f"{sharing.address}/delta-sharing/profile", data={"token": secret}, timeout=30
    )

    assert got.json() == posted.json()
    assert 'filename="meshport.share"' in got.headers["content-disposition"]
    assert got.headers["cache-control"] == "no-store"
    found = delta_sharing.SharingClient(io.BytesIO(posted.content))
    assert found.list_shares()


def test_the_form_on_a_ports_page_downloads_a_profile(sharing):
    page = sharing.office.client("mailer").get(CUSTOMERS.path, headers={"accept": "text/html"})
    form = re.search(
        r'<form method="post" action="(/delta[^"]+)".*?name="(token)"', page.text, re.S
    )

    answer = sharing.office.client().post(form[1], data={form[2]: sharing.office.secret("mailer")})

    assert answer.status_code == 200
    assert "attachment" in answer.headers["content-disposition"]
    assert answer.json()["endpoint"].endswith("/delta-sharing/")


def test_every_version_that_is_kept_can_be_loaded_by_number_and_by_time(lab, open_table):
    table, client = open_table(), lab.client()
    for hour in (1, 2):
        lab.publish(100 + hour, NOW + timedelta(hours=hour))
    releases = [move.release for move in ReleaseStore(lab.home).of("lab").pointer().moves]

    assert delta_sharing.get_table_version(table) == 3
    for number, release in enumerate(releases, 1):
        rest = rows_of(rows_over_rest(client, GAUGES, release))
        moment = (NOW + timedelta(hours=number - 1, minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert rows_of(delta_sharing.load_as_pandas(table, version=number)) == rest
        assert rows_of(delta_sharing.load_as_pandas(table, timestamp=moment)) == rest
    since = (NOW + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert delta_sharing.get_table_version(table, starting_timestamp=since) == 2


def test_odd_values_come_as_they_are(lab, open_table):
    table, client = open_table(), lab.client()

    assert rows_of(delta_sharing.load_as_pandas(table)) == rows_of(rows_over_rest(client, GAUGES))


def test_a_version_that_is_not_kept_or_not_there_is_named(lab, open_table):
    table = open_table()
    for hour in range(1, KEEP + 2):
        lab.publish(100 + hour, NOW + timedelta(hours=hour))

    with pytest.raises(HTTPError, match="no longer kept"):
        delta_sharing.load_as_pandas(table, version=1)
    with pytest.raises(HTTPError, match="has no version 99"):
        delta_sharing.load_as_pandas(table, version=99)
    with pytest.raises(HTTPError, match="had no version at"):
        delta_sharing.load_as_pandas(table, timestamp="2020-01-01T00:00:00Z")


def test_a_column_made_more_sensitive_is_not_handed_out_with_an_old_file(lab, open_table):
    strict = [{**c, **SECRET} if c["name"] == "note" else c for c in GAUGE_COLUMNS]
    lab.promise(GAUGES, *strict)

    table = open_table()

    with pytest.raises(HTTPError, match="MP706"):
        delta_sharing.load_as_pandas(table)

    lab.publish(100, NOW + timedelta(hours=1))
    assert "note" not in delta_sharing.load_as_pandas(table).columns
    with pytest.raises(HTTPError, match="MP706"):
        delta_sharing.load_as_pandas(table, version=1)
