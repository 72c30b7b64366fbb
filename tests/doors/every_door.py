"""The cells that every door shows of a port to somebody, and whether they are the same."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import delta_sharing
import duckdb
import httpx2
import pyarrow as pa
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.exceptions import ForbiddenError, UnauthorizedError
from requests import HTTPError

from meshport.names import PortId
from meshport.sql_text import quote
from tests.doors.agents import Agents
from tests.doors.iceberg_in_duckdb import IcebergInDuckDB
from tests.doors.sharing import write_profile

Rows = duckdb.DuckDBPyRelation
"""What a door shows of a port to somebody."""


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


def over_iceberg_in(
    iceberg: IcebergInDuckDB, mesh: Mesh, port: PortId, reader: Reader
) -> Rows | None:
    file = mesh.folder / "iceberg.parquet"
    copy = f"copy (from mesh.{port.domain}.{port.model}) to '{file}' (format parquet)"
    answer = iceberg.ask(reader.token, copy)
    if isinstance(answer, str):
        assert re.search("MP70[45]|does not exist", answer), answer
        return None
    return mesh.engine.from_arrow(mesh.engine.read_parquet(str(file)).to_arrow_table())


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


Read = Callable[[Mesh, PortId, Reader], Rows | None]
DOORS: dict[str, Read] = {
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
