"""Every door shows the same cells: of every port, to every class, for every purpose."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial

import duckdb
import httpx2
import pytest

from meshport.access.agreements import Act
from meshport.access.consumers import Consumer
from meshport.access.principal import Kind, Principal
from meshport.products.mesh import load_mesh
from meshport.serving.app import create_app
from meshport.serving.limits import Limits
from tests.access.conftest import CUSTOMERS, OFFICER, PEOPLE, Office
from tests.building import ROOT, copy_home, settings_at
from tests.doors.agents import agents_at
from tests.doors.every_door import (
    DOORS,
    WITHOUT_STRANGERS,
    Mesh,
    Read,
    Reader,
    cells_of,
    on_one_line,
    over_iceberg_in,
    over_rest,
)
from tests.doors.iceberg_in_duckdb import iceberg_in_duckdb
from tests.doors.server import listening

pytestmark = [
    pytest.mark.xdist_group("doors_agree"),
    # The client for Iceberg leaves its connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PORTS = sorted(port.id for port in load_mesh(ROOT).ports)
SCOPE = ("SP", "RJ")
CARE, RESEARCH = "customer-care", "research"


@pytest.fixture(scope="module")
def office(built, tmp_path_factory):
    """Everybody who reads: an agreement on every port for whoever has more than what is open."""
    folder = tmp_path_factory.mktemp("agree")
    with ExitStack() as opened:
        home = copy_home(built, folder / "home")
        # Some clients sign by the machine's own clock.
        office = Office(home, opened, now=datetime.now(UTC))
        agreed = [
            ("mailer", "confidential", RESEARCH),
            ("mailer", "restricted", CARE),
        ]
        for port in PORTS:
            for consumer, access_class, purpose in agreed:
                office.agree(consumer, access_class, port=port, purpose=purpose)
        office.agree("outlet", "restricted", scope=SCOPE)
        office.agree("robot", "agent", purpose=RESEARCH)
        yield office


@pytest.fixture(scope="module")
def mesh(office):
    limits = Limits(statement=60.0, agent_bytes=64 * 2**20, agent_rows=10_000)
    app = create_app(settings_at(office.home), limits=limits)
    with ExitStack() as opened:
        address = f"http://127.0.0.1:{opened.enter_context(listening(app))}"
        engine = opened.enter_context(duckdb.connect())
        engine.execute("set TimeZone = 'UTC'")
        web = opened.enter_context(httpx2.Client(base_url=address, timeout=60))
        agents = opened.enter_context(agents_at(address))
        yield Mesh(address, office.home, agents, web, engine)


@pytest.fixture(scope="module")
def engine_for_iceberg(mesh):
    with iceberg_in_duckdb(mesh.address) as engine:
        yield engine


def token(office: Office, name: str, purpose: str | None = None) -> str:
    return office.register.tokens.create(name, office.now, purpose=purpose).secret


READERS: dict[str, tuple[str | None, str | None]] = {
    "public": (None, None),
    "partner": ("outlet", RESEARCH),
    "row scope": ("outlet", CARE),
    "internal": ("anna@example.com", None),
    "confidential": ("mailer", RESEARCH),
    "restricted": ("mailer", CARE),
    "agent": ("robot", None),
    "agent with an agreement": ("robot", RESEARCH),
}
AGREED_ON = {"agent with an agreement": [CUSTOMERS]}
"""Ports where it matters that somebody has an agreement; elsewhere it reads as without."""


def compared(mesh: Mesh, office: Office, who: str, doors: Mapping[str, Read]):
    """In how many ports REST shows anything to that reader, and the doors that show other cells."""
    name, purpose = READERS[who]
    reader = Reader(who, token(office, name, purpose) if name else None)
    shown, differing = 0, []
    for port in AGREED_ON.get(who, PORTS):
        like = over_rest(mesh, port, reader)
        shown += like is not None
        expected = dict.fromkeys(doors, cells_of(like, like))
        expected["mcp"] = cells_of(on_one_line(like), like)
        found = {door: cells_of(read(mesh, port, reader), like) for door, read in doors.items()}
        differing += [(str(port), door) for door in doors if found[door] != expected[door]]
    return shown, differing


@pytest.mark.parametrize("who", READERS)
def test_every_door_shows_the_same_cells(mesh, office, who):
    is_known = READERS[who] != (None, None)
    doors = {door: DOORS[door] for door in DOORS if is_known or door not in WITHOUT_STRANGERS}

    shown, differing = compared(mesh, office, who, doors)

    assert differing == []
    assert shown > 0


@pytest.mark.parametrize("who", READERS)
def test_duckdb_reads_the_same_cells_through_iceberg(mesh, office, engine_for_iceberg, who):
    """A test of its own, because the extension cannot be had everywhere."""
    doors = {"iceberg in DuckDB": partial(over_iceberg_in, engine_for_iceberg)}

    shown, differing = compared(mesh, office, who, doors)

    assert differing == []
    assert shown > 0


def test_the_readers_do_not_all_see_the_same(mesh, office):
    seen = {}
    for who, (name, purpose) in READERS.items():
        reader = Reader(who, token(office, name, purpose) if name else None)
        rows = over_rest(mesh, CUSTOMERS, reader)
        seen[who] = (
            (len(rows.columns), rows.aggregate("count(*)").fetchall()[0][0]) if rows else None
        )

    assert len({seen[who] for who in ("internal", "confidential", "restricted", "row scope")}) == 4
    assert seen["row scope"][0] == seen["restricted"][0]
    assert 0 < seen["row scope"][1] < seen["restricted"][1]
    assert seen["public"] == seen["partner"]


def test_a_door_that_showed_one_cell_more_less_or_other_would_be_found_out(mesh):
    like = mesh.engine.sql("select range as n, 'a' as t from range(100)")
    same = mesh.engine.sql("select range as n, 'a' as t from range(100) order by n desc")
    more = mesh.engine.sql("select range as n, 'a' as t from range(101)")
    less = mesh.engine.sql("select range as n, 'a' as t from range(99)")
    twice = mesh.engine.sql("select range % 99 as n, 'a' as t from range(100)")
    other = mesh.engine.sql("select range as n, if(range = 7, 'b', 'a') as t from range(100)")
    wider = mesh.engine.sql("select range as n, 'a' as t, 1 as x from range(100)")
    moved = mesh.engine.sql("select (range + 1) % 100 as n, 'a' as t from range(100)")

    expected = cells_of(like, like)
    assert cells_of(same, like) == cells_of(moved, like) == expected
    for wrong in (more, less, twice, other, wider, None):
        assert cells_of(wrong, like) != expected


def around_an_agreement(mesh: Mesh, office: Office, name: str, doors: Mapping[str, Read]):
    """The doors at which a new consumer sees what needs an agreement: before, with it, after."""
    waiter = Consumer(name, Kind.SERVICE, None, PEOPLE[0], "", is_disabled=False)
    office.register.consumers.add(waiter, "test", office.now)
    reader = Reader(name, token(office, name))

    def sees() -> set[str]:
        shown = {door: read(mesh, CUSTOMERS, reader) for door, read in doors.items()}
        return {
            door for door, rows in shown.items() if rows is not None and "email" in rows.columns
        }

    before = sees()
    number = office.agree(name, "restricted").number
    during = sees()
    owner = Principal(OFFICER, Kind.PERSON)
    office.desk.act(number, Act.REVOKE, owner, office.now, "no longer needed")
    return before, during, sees()


def test_an_approval_and_its_end_count_at_the_next_request_of_every_door(mesh, office):
    """Each within a second, then: nothing is waited for, and nothing is asked twice."""
    doors = {"rest": over_rest, **DOORS}

    before, during, after = around_an_agreement(mesh, office, "waiter", doors)

    assert during == set(doors)
    assert before == after == set()


def test_an_approval_and_its_end_count_at_the_next_read_of_duckdb(mesh, office, engine_for_iceberg):
    doors = {"iceberg in DuckDB": partial(over_iceberg_in, engine_for_iceberg)}

    before, during, after = around_an_agreement(mesh, office, "watcher", doors)

    assert during == set(doors)
    assert before == after == set()
