"""Every door shows the same cells: of every port, to every class, for every purpose."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import delta_sharing
import duckdb
import httpx2
import pyarrow as pa
import pytest
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import ForbiddenError, UnauthorizedError
from requests import HTTPError

from meshport.access.agreements import Act
from meshport.access.consumers import Consumer
from meshport.access.principal import Kind, Principal
from meshport.names import PortId
from meshport.products.mesh import load_mesh
from meshport.serving.app import create_app
from meshport.serving.limits import Limits
from meshport.sql_text import quote
from tests.access.conftest import CUSTOMERS, OFFICER, PEOPLE, Office
from tests.building import ROOT, copy_home, settings_at
from tests.doors.agents import Agents, agents_at
from tests.doors.server import listening
from tests.doors.sharing import write_profile

pytestmark = [
    pytest.mark.xdist_group("doors_agree"),
    # The client for Iceberg leaves its connections to the garbage collector.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PORTS = sorted(port.id for port in load_mesh(ROOT).ports)
Rows = duckdb.DuckDBPyRelation
"""What a door shows of a port to somebody."""
SCOPE = ("SP", "RJ")
CARE, RESEARCH = "customer-care", "research"


@dataclass(frozen=True)
class Reader:
    """Somebody with a token for one purpose, or (None) nobody at all."""

    name: str
    token: str | None


@dataclass
class Mesh:
    """One server over the built mesh, and clients of all its doors."""

    address: str
    folder: Path
    agents: Agents
    web: httpx2.Client
    engine: duckdb.DuckDBPyConnection
    catalogs: dict[str, RestCatalog] = field(default_factory=dict)

    def headers(self, reader: Reader) -> dict[str, str]:
        return {"Authorization": f"Bearer {reader.token}"} if reader.token else {}


def over_rest(mesh: Mesh, port: PortId, reader: Reader) -> Rows | None:
    answer = mesh.web.get(f"{port.path}/rows?format=arrow", headers=mesh.headers(reader))
    return _arrow(mesh, answer, {"MP704", "MP705"})


def over_sql(mesh: Mesh, port: PortId, reader: Reader) -> Rows | None:
    sql = {"sql": f"select * from {port.domain}.{port.model}", "format": "arrow"}
    answer = mesh.web.post("/sql", json=sql, headers=mesh.headers(reader))
    return _arrow(mesh, answer, {"MP632"})


def over_delta_sharing(mesh: Mesh, port: PortId, reader: Reader) -> Rows | None:
    profile = write_profile(mesh.folder, mesh.address, str(reader.token))
    try:
        frame = delta_sharing.load_as_pandas(f"{profile}#{port}")
    except HTTPError as error:
        if error.response.json()["errorCode"] not in {"MP704", "MP610"}:
            raise
        return None
    table = pa.Table.from_pandas(frame, preserve_index=False)
    return mesh.engine.from_arrow(table)


def over_iceberg(mesh: Mesh, port: PortId, reader: Reader) -> Rows | None:
    key = reader.token or ""
    if key not in mesh.catalogs:
        known = {"token": key} if key else {"auth": {"type": "noop"}}
        mesh.catalogs[key] = RestCatalog("mesh", uri=f"{mesh.address}/iceberg", **known)
    try:
        return mesh.engine.from_arrow(mesh.catalogs[key].load_table(str(port)).scan().to_arrow())
    except (ForbiddenError, UnauthorizedError) as error:
        if re.search("MP70[45]", str(error)) is None:
            raise
        return None


def over_mcp(mesh: Mesh, port: PortId, reader: Reader) -> Rows | None:
    """The rows as an agent gets them; their types are those that its brief names."""
    agent, pages = mesh.agents.agent(mesh.headers(reader)), []
    while not pages or pages[-1]["next_cursor"]:
        cursor = pages[-1]["next_cursor"] if pages else None
        answer = agent.call("query_product", id=str(port), limit=10_000, cursor=cursor)
        pages.append(answer.structured_content)
        if answer.is_error:
            assert pages[-1]["code"] in {"MP704", "MP705"}
            return None
    rows = [row for page in pages for row in page["rows"]]
    columns = [one["name"] for one in agent.told("describe_product", id=str(port))["columns"]]
    assert all(list(row) == columns for row in rows)
    file = mesh.folder / "mcp.json"
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    if not rows:
        return mesh.engine.sql(
            f"select {', '.join(f'null as {quote(c)}' for c in columns)} limit 0"
        )
    text = dict.fromkeys(columns, "VARCHAR")
    return mesh.engine.read_json(str(file), columns=text, format="newline_delimited")


DOORS: dict[str, Callable[[Mesh, PortId, Reader], Rows | None]] = {
    "sql": over_sql,
    "delta sharing": over_delta_sharing,
    "iceberg": over_iceberg,
    "mcp": over_mcp,
}
"""The doors beside REST, with which each has to agree."""
WITHOUT_STRANGERS = {"delta sharing"}
"""Doors whose clients always send a token."""


def _arrow(mesh: Mesh, answer: httpx2.Response, nothing: set[str]) -> Rows | None:
    if answer.status_code == 200:
        return mesh.engine.from_arrow(pa.ipc.open_stream(answer.content).read_all())
    assert answer.json()["code"] in nothing, answer.text
    return None


def cells_of(rows: Rows | None, like: Rows | None) -> Any:
    """Equal for the same rows in the same columns, in whatever order; in the types of `like`."""
    if rows is None or like is None or rows.columns != like.columns:
        return None if rows is None else rows.columns
    typed = [
        f"cast({quote(name)} as {native}) as {quote(name)}"
        for name, native in zip(like.columns, like.types, strict=True)
    ]
    whole = ", ".join(quote(name) for name in like.columns)
    counted = f"count(*), sum(hash({whole})::hugeint), bit_xor(hash({whole}))"
    return rows.project(", ".join(typed)).aggregate(counted).fetchall()


def on_one_line(rows: Rows | None) -> Rows | None:
    """The rows as agents get them: a text with line breaks stands on one line."""
    if rows is None:
        return None
    texts = {n for n, native in zip(rows.columns, rows.types, strict=True) if native == "VARCHAR"}
    shown = [
        f"regexp_replace({quote(name)}, '[\\r\\n]+', ' ', 'g') as {quote(name)}"
        if name in texts
        else quote(name)
        for name in rows.columns
    ]
    return rows.project(", ".join(shown))


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


@pytest.mark.parametrize("who", READERS)
def test_every_door_shows_the_same_cells(mesh, office, who):
    name, purpose = READERS[who]
    reader = Reader(who, token(office, name, purpose) if name else None)
    doors = [door for door in DOORS if reader.token or door not in WITHOUT_STRANGERS]
    shown, differing = 0, []
    for port in AGREED_ON.get(who, PORTS):
        like = over_rest(mesh, port, reader)
        shown += like is not None
        expected = dict.fromkeys(doors, cells_of(like, like))
        expected["mcp"] = cells_of(on_one_line(like), like)
        found = {door: cells_of(DOORS[door](mesh, port, reader), like) for door in doors}
        differing += [(str(port), door) for door in doors if found[door] != expected[door]]

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


def test_an_approval_and_its_end_count_at_the_next_request_of_every_door(mesh, office):
    """Each within a second, then: nothing is waited for, and nothing is asked twice."""
    waiter = Consumer("waiter", Kind.SERVICE, None, PEOPLE[0], "", is_disabled=False)
    office.register.consumers.add(waiter, "test", office.now)
    reader = Reader("waiter", token(office, "waiter"))
    doors = {"rest": over_rest, **DOORS}

    def sees():
        shown = {door: read(mesh, CUSTOMERS, reader) for door, read in doors.items()}
        return {door: rows is not None and "email" in rows.columns for door, rows in shown.items()}

    assert sees() == dict.fromkeys(doors, False)

    number = office.agree("waiter", "restricted").number
    assert sees() == dict.fromkeys(doors, True)

    owner = Principal(OFFICER, Kind.PERSON)
    office.desk.act(number, Act.REVOKE, owner, office.now, "no longer needed")
    assert sees() == dict.fromkeys(doors, False)
