"""What agents may over MCP: ask for access, and see the columns of their class and no others."""

from __future__ import annotations

import json
from contextlib import ExitStack

import pytest

from meshport.access.agreements import Act
from meshport.access.principal import Kind, Principal
from meshport.contracts.classification import read_classifications
from meshport.products.mesh import load_mesh
from tests.doors.agents import agents_of
from tests.doors.lab import GAUGES
from tests.doors.readers import OWNER, PERSON, Readers

pytestmark = pytest.mark.xdist_group("agents")
ID = str(GAUGES)


@pytest.fixture(scope="module")
def mesh(tmp_path_factory):
    with ExitStack() as opened:
        yield Readers(tmp_path_factory.mktemp("asking"), opened)


@pytest.fixture(scope="module")
def agent(mesh):
    """Connects somebody."""
    with agents_of(mesh) as agents:
        yield lambda name="robot": agents.agent(mesh.sent_by(name))


def test_no_tool_decides_and_only_one_leaves_anything_behind(agent):
    tools = {tool.name: tool for tool in agent().tools().tools}

    assert not [name for name in tools if {"approve", "deny", "revoke"} & set(name.split("_"))]
    for name in ("request_access", "request_status"):
        takes = set(tools[name].input_schema["properties"])
        assert not takes & {"act", "decision", "approve", "state", "consumer", "is_break_glass"}
    changing = [name for name, tool in tools.items() if not tool.annotations.read_only_hint]
    assert changing == ["request_access"]
    assert not any(tool.annotations.destructive_hint for tool in tools.values())


@pytest.mark.parametrize("name", ["owner_email", "wide", "note"])
@pytest.mark.parametrize(
    ("tool", "given"),
    [
        ("query_product", {"id": ID, "select": "gauge_id,{}"}),
        ("query_product", {"id": ID, "filters": {"{}": "is.null"}}),
        ("query_product", {"id": ID, "order": "{}.desc"}),
        ("query_product", {"id": ID, "filters": {"or": "({}.eq.a,gauge_id.eq.b)"}}),
        ("query_sql", {"sql": "select count({}) from lab.gauges"}),
        ("explain_sql", {"sql": "select 1 from lab.gauges order by {}"}),
    ],
)
def test_a_hidden_column_is_answered_like_one_that_never_was(agent, name, tool, given):
    stranger = "z" * len(name)

    hidden, unknown = (
        agent().refused(tool, **json.loads(json.dumps(given).replace("{}", one)))
        for one in (name, stranger)
    )

    assert json.dumps(hidden) == json.dumps(unknown).replace(stranger, name)


@pytest.mark.parametrize("name", ["owner_email", "wide", "note"])
def test_no_word_and_no_brief_leads_to_a_hidden_column(agent, name):
    found = agent().told("find_products", question=name)
    brief = agent().told("describe_product", id=ID)

    assert name not in json.dumps(found["found"])
    assert f'"{name}"' not in json.dumps(brief)
    assert any("3 more columns" in note for note in brief["notes"])
    assert name in json.dumps(agent("highest").told("find_products", question=name)["found"])
    assert name in json.dumps(agent("highest").told("describe_product", id=ID)["columns"])


def test_an_agent_asks_a_person_decides_and_it_counts_at_once(own_readers):
    mesh, scale = load_mesh(own_readers.lab.root), read_classifications(own_readers.lab.root)
    desk, owner = own_readers.register.desk(mesh, scale), Principal(OWNER, Kind.PERSON)
    wanted = {"id": ID, "purpose": "research", "access_class": "confidential"}
    with agents_of(own_readers) as agents:
        reader = agents.agent(own_readers.sent_by(PERSON))
        before = reader.told("sample_product", id=ID)
        asked = reader.told("request_access", **wanted, reason="to see how wide they are")
        again = reader.told("request_access", **wanted, reason="I forgot that I asked")
        assert (asked["state"], again["number"]) == ("requested", asked["number"])
        assert asked["waits_for"] == [OWNER]
        assert "wide" not in reader.told("sample_product", id=ID)["rows"][0]

        desk.act(asked["number"], Act.APPROVE, owner, own_readers.now)
        after = reader.told("sample_product", id=ID)
        assert "wide" in after["rows"][0]
        assert "wide" not in before["rows"][0]
        assert after["about"]["rule"] == f"agreement {asked['number']}"
        (status,) = reader.told("request_status")["agreements"]
        assert (status["state"], status["last_act"]) == ("active", "approve")

        desk.act(asked["number"], Act.REVOKE, owner, own_readers.now)
        assert "wide" not in reader.told("sample_product", id=ID)["rows"][0]
        (status,) = reader.told("request_status", number=asked["number"])["agreements"]
        assert status["state"] == "revoked"


def test_agents_ask_for_their_own_class_alone_and_only_for_themselves(agent):
    wanted = {"id": ID, "purpose": "research", "reason": "to look into gauges"}

    asked = agent().told("request_access", **wanted)
    more = agent().refused("request_access", **wanted, access_class="restricted")

    assert (asked["access_class"], more["code"]) == ("agent", "MP733")
    assert agent("outlet").refused("request_status", number=asked["number"])["code"] == "MP731"
    stranger = agent(None).refused("request_access", **wanted)
    assert stranger["code"] == "MP705"
    assert "internal" in agent("service").refused("request_access", **wanted)["hint"]


def test_where_agreements_are_for_several_purposes_an_argument_names_one(own_readers):
    own_readers.agree("service", "internal", purpose="fraud-prevention")
    with agents_of(own_readers) as agents:
        service = agents.agent(own_readers.sent_by("service"))

        assert service.refused("sample_product", id=ID)["code"] == "MP703"
        for purpose, is_seen in (("customer-care", True), ("fraud-prevention", False)):
            row = service.told("sample_product", id=ID, purpose=purpose)["rows"][0]
            sql = service.told("query_sql", sql="select * from lab.gauges", purpose=purpose)
            assert ("wide" in row, "wide" in sql["rows"][0]) == (is_seen, is_seen)


def test_one_reader_asks_only_so_much(own_readers):
    with agents_of(own_readers, requests=3, window=3600) as agents:
        robot, other = (agents.agent(own_readers.sent_by(name)) for name in ("robot", PERSON))
        codes = {robot.call("request_status").is_error for _ in range(3)}

        assert codes == {False}
        assert robot.refused("request_status")["code"] == "MP641"
        assert not other.call("request_status").is_error


def test_the_audit_knows_what_an_agent_read(mesh, agent):
    agent().told("query_product", id=ID, select="gauge_id,site", limit=7)

    entry = next(one for one in mesh.register.audit.entries() if one["door"] == "mcp")
    assert (entry["who"], entry["port"], entry["rows"]) == ("robot", ID, 7)
    assert list(entry["columns"]) == ["gauge_id", "site"]


def test_the_audit_knows_what_an_agent_was_refused(mesh, agent):
    assert agent().call("query_product", id=ID, select="no_such_column").is_error

    entry = next(one for one in mesh.register.audit.entries() if one["door"] == "mcp")
    assert (entry["port"], entry["verdict"]) == (ID, "MP601")
    assert "rows" not in entry
