"""A brief says on four kilobytes what one needs to ask a port, and its examples run as they are."""

from __future__ import annotations

import json
from contextlib import ExitStack

import httpx2
import pytest

from meshport.products.mesh import load_mesh
from meshport.serving.app import create_app
from tests.building import NOW, ROOT, column, settings_at
from tests.doors.agents import agents_at, agents_of
from tests.doors.lab import GAUGES
from tests.doors.readers import PERSON
from tests.doors.server import listening
from tests.doors.sharing import office_over

pytestmark = pytest.mark.xdist_group("agents_of_the_mesh")
PORTS = sorted(port.id for port in load_mesh(ROOT).ports)
WHO = ["robot", "anna@example.com", None]


@pytest.fixture(scope="module")
def address(built, tmp_path_factory):
    with ExitStack() as opened:
        office = office_over(built, tmp_path_factory.mktemp("briefs"), opened)
        app = create_app(settings_at(office.home), lambda: NOW)
        port = opened.enter_context(listening(app))
        yield office, f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module")
def agent(address):
    office, base = address
    with agents_at(base) as agents:

        def connected(name):
            return agents.agent({"Authorization": f"Bearer {office.secret(name)}"} if name else {})

        yield connected


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("port", PORTS, ids=str)
def test_a_brief_fits_its_room_and_says_what_matters(agent, port, who):
    brief = agent(who).told("describe_product", id=str(port))

    assert len(json.dumps(brief, ensure_ascii=False).encode()) <= 4_096
    assert brief["grain"].startswith("One row per")
    assert brief["freshness"]["release"]
    seen = {one["name"] for one in brief["columns"]}
    assert "columns_left_out" not in brief
    assert bool(seen) == bool(brief["freshness"]["rows_visible"]) == bool(brief["examples"])
    assert set(brief["key"]) <= seen
    assert {one["column"] for one in brief["measures"]} <= seen
    assert {name for join in brief["joins"] for name in join["on"]} <= seen


@pytest.mark.parametrize("port", PORTS, ids=str)
def test_the_examples_of_a_brief_run_and_find_something(agent, port):
    for who in ("robot", None):
        for example in agent(who).told("describe_product", id=str(port))["examples"]:
            told = agent(who).told(example["tool"], **example["arguments"])

            assert told["rows"], example


def test_a_brief_knows_units_measures_joins_caveats_and_promises(agent):
    brief = agent("robot").told("describe_product", id="orders.orders.v1")

    columns = {one["name"]: one for one in brief["columns"]}
    assert columns["items_amount"]["unit"] == "currency_code"
    assert {"column": "items_amount", "aggregation": "additive"} in brief["measures"]
    on = {"customer_id": "customer_id"}
    assert {"to": "customers.customers.v1", "on": on} in brief["joins"]
    assert {"to": "orders.order_lines.v1", "on": {"order_id": "order_id"}} in brief["joins"]
    assert "delivered" in columns["order_status"]["values"]
    assert any("revenue" in caveat for caveat in brief["caveats"])
    assert brief["freshness"]["promises"][0]["promise"] == "freshness 48 h"
    assert [one["tool"] for one in brief["examples"]] == ["query_product", "query_sql", "query_sql"]


def test_a_very_wide_port_has_a_brief_that_says_how_much_it_leaves_out(own_readers):
    columns = [column("gauge_id", "VARCHAR", primaryKey=True, required=True)]
    columns += [column(f"a_rather_long_name_{n:03d}", "INTEGER") for n in range(300)]
    own_readers.lab.promise(GAUGES, *columns)
    cells = ", ".join(f"n::integer as a_rather_long_name_{n:03d}" for n in range(300))
    rows = f"select printf('g%d', n) as gauge_id, {cells} from range({{count}}) t(n)"
    assert own_readers.lab.publish(3, gauges=rows)
    with agents_of(own_readers) as agents:
        brief = agents.agent(own_readers.sent_by(PERSON)).told("describe_product", id=str(GAUGES))

    assert len(json.dumps(brief, ensure_ascii=False).encode()) <= 4_096
    assert len(brief["columns"]) + brief["columns_left_out"] == 301
    assert len(brief["columns"]) > 10


def test_the_page_for_programs_that_read_names_every_port_and_leads_nowhere_wrong(address):
    _, base = address
    with httpx2.Client() as client:
        text = client.get(f"{base}/llms.txt").text
        links = [one.partition(")")[0] for one in text.split("](")[1:]]

        assert text.startswith("# meshport\n\n> ")
        assert {f"{base}{port.path}.md" for port in PORTS} <= set(links)
        assert {client.get(link).status_code for link in links} == {200}
