"""A laboratory whose audit is looked at: what is asked, and the lines that it leaves."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from meshport.access.audit import Audit
from tests.doors.lab import GAUGES
from tests.doors.readers import Readers

TABLE = "/delta-sharing/shares/lab/schemas/gauges/tables/v1"
SQL = "select big, count(*) as n from lab.gauges group by big order by big"

ROWS = f"{GAUGES.path}/rows"
SEEN = ["gauge_id", "big", "wide", "narrow", "ratio", "small", "is_on", "seen_at", "made_on",
        "note", "owner_email", "site"]  # fmt: skip
WANTED = {"select": "gauge_id,wide", "small": "eq.1", "order": "big", "limit": "2"}
NAMED = ["gauge_id", "wide", "small", "big"]


SAMPLE = {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
          "params": {"name": "sample_product", "arguments": {"id": str(GAUGES)}}}  # fmt: skip
MCP = {"Accept": "application/json, text/event-stream"}


def of(door, **known):
    return {"door": door, **known}


DOORS = {
    "json": (f"GET {ROWS}", {"params": WANTED}, of("rows", columns=NAMED, rows=2)),
    "one row": (f"GET {ROWS}?gauge_id=eq.g00001&select=big", {},
                of("rows", columns=["big", "gauge_id"], rows=1)),
    "ndjson": (f"GET {ROWS}?format=ndjson&limit=3", {}, of("rows", columns=SEEN, rows=3)),
    "csv": (f"GET {ROWS}?format=csv", {}, of("rows", columns=SEEN, rows=100)),
    "arrow": (f"GET {ROWS}?format=arrow&limit=7", {}, of("rows", columns=SEEN, rows=7)),
    "parquet": (f"GET {ROWS}?format=parquet&small=eq.1", {}, of("rows", columns=SEEN)),
    "head": (f"HEAD {ROWS}?limit=1", {}, of("rows", columns=SEEN, rows=1, bytes=0)),
    "QUERY": (f"QUERY {ROWS}", {"data": WANTED}, of("rows", columns=NAMED, rows=2)),
    "POST": (f"POST {ROWS}", {"data": WANTED}, of("rows", columns=NAMED, rows=2)),
    "explain": (f"GET {ROWS}/explain", {"params": WANTED}, of("rows/explain", columns=NAMED)),
    "SQL": ("POST /sql", {"json": {"sql": SQL}}, of("sql", columns=["big"], rows=5)),
    "SQL in the address": ("GET /sql", {"params": {"query": "select g from lab.gauges g limit 3"}},
                           of("sql", columns=SEEN, rows=3)),
    "SQL explain": ("POST /sql/explain", {"json": {"sql": SQL}},
                    of("sql/explain", columns=["big"])),
    "SQL later": ("GET a job", {}, of("sql", columns=["big"], rows=5)),
    "version": (f"GET {TABLE}/version", {}, of("delta-sharing/version", columns=SEEN)),
    "metadata": (f"GET {TABLE}/metadata", {}, of("delta-sharing/metadata", columns=SEEN)),
    "query": (f"POST {TABLE}/query", {"json": {}}, of("delta-sharing", columns=SEEN)),
    "changes": (f"GET {TABLE}/changes?startingVersion=0", {}, of("delta-sharing", columns=SEEN)),
    "a file": ("GET a link", {}, of("delta-sharing", columns=SEEN)),
    "part of a file": ("GET a link", {"headers": {"Range": "bytes=0-3"}},
                       of("delta-sharing", columns=SEEN, bytes=4)),
    "feed": (f"GET {GAUGES.path}/changes?after=0&limit=2", {}, of("changes", rows=2)),
    "page": (f"GET {GAUGES.path}", {"headers": {"Accept": "text/html"}},
             of("port", columns=SEEN)),
    "schema": (f"GET {GAUGES.path}/schema", {}, of("schema")),
    "Iceberg": ("GET /iceberg/v1/mesh/namespaces/lab/tables/gauges_v1", {},
                of("iceberg", columns=SEEN)),
    "agents": ("POST /mcp", {"json": SAMPLE, "headers": MCP}, of("mcp", columns=SEEN)),
}  # fmt: skip
OPENLY = {"checks": (f"GET {GAUGES.path}/checks", {}, of("checks"))}


@dataclass
class Audited:
    """The laboratory's server, its readers, and what was written since somebody looked."""

    folder: Path
    opened: ExitStack
    known: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.readers = Readers(self.folder, self.opened)
        self.client: TestClient = self.readers.client()
        self.audit = Audit(self.readers.lab.home)
        self.release = self.client.get(f"{GAUGES.path}/releases").json()["releases"][0]["release"]
        self.fresh()

    def fresh(self) -> list[dict[str, Any]]:
        """The lines since the last time, the oldest first."""
        found = []
        for line in self.audit.entries():
            if line["id"] <= self.known.get("last", 0):
                break
            found.append(line)
        if found:
            self.known["last"] = found[0]["id"]
        return found[::-1]

    def ask(self, asked: str, by: str | None = "service", **options: Any) -> Response:
        """An answer to `METHOD address`, and from now on the lines that it leaves are fresh."""
        asked = self.ready(asked, by)
        headers = {**self.readers.sent_by(by), **options.pop("headers", {})}
        self.fresh()
        method, _, address = asked.partition(" ")
        return self.client.request(method, address, headers=headers, **options)

    def ready(self, asked: str, by: str | None = "service") -> str:
        """The same with the real address where it is `a link` or `a job`."""
        method, _, address = asked.partition(" ")
        headers = self.readers.sent_by(by)
        if address == "a link":
            query = self.client.post(f"{TABLE}/query", json={}, headers=headers)
            lines = map(json.loads, query.text.splitlines())
            address = next(one["file"]["url"] for one in lines if "file" in one)
        if address == "a job":
            address = self.done_job(headers)
        return f"{method} {address}"

    def done_job(self, headers: dict[str, str]) -> str:
        """Where the result of a query is that nobody waited for."""
        later = {**headers, "Prefer": "respond-async"}
        started = self.client.post("/sql", json={"sql": SQL}, headers=later)
        deadline = monotonic() + 60
        while monotonic() < deadline:
            job = self.client.get(started.headers["location"], headers=headers).json()
            if job["status"] in ("done", "failed"):
                return str(job["result"])
        raise AssertionError("the job never ended")

    @contextmanager
    def full(self) -> Iterator[None]:
        """Nothing more can be written into the audit."""
        with closing(sqlite3.connect(self.audit.state.file)) as con:
            con.execute(
                "create trigger no_room before insert on audit "
                "begin select raise(abort, 'database or disk is full'); end"
            )
            con.commit()
            try:
                yield
            finally:
                con.execute("drop trigger no_room")
                con.commit()
