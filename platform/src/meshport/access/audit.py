"""The audit: every decision and every read, written before the answer leaves, in a chain of hashes.

Each line's hash covers the line before, so that nothing can be changed or taken out without being
seen. Names of persons are kept as keyed hashes: who asks "was it Anna?" gets an answer, who has the
file alone learns nothing. Lines older than the retention go; the hash where they ended stays.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from meshport.access.principal import Kind, Principal
from meshport.access.state import AccessState, Row, Schema
from meshport.publishing.durable import secret_at

RETENTION = timedelta(days=400)
_FIRST = "0" * 64
_SCHEMA = Schema(
    file="audit.sqlite",
    tables="""
create table if not exists audit (
    id integer primary key,
    line text not null,
    hash text not null
);
create table if not exists anchor (
    up_to integer primary key,
    hash text not null,
    at text not null
);
create trigger if not exists audit_delete before delete on audit
when old.id > (select coalesce(max(up_to), 0) from anchor)
begin select raise(abort, 'history is never changed'); end;
""",
    guarded=(("audit", "update"), ("anchor", "update"), ("anchor", "delete")),
    # A killed process loses nothing; a power cut can lose the last lines, the chain stays whole.
    is_synced=False,
)


@dataclass(frozen=True)
class Entry:
    """One decision or read; sizes are None where they were not known before the answer left."""

    at: str
    who: str
    kind: str
    acts_for: str | None
    credential: str | None
    door: str
    verdict: str
    """`allowed`, `unchanged` (304), or the error's code."""
    rule: str | None = None
    port: str | None = None
    purpose: str | None = None
    access_class: str | None = None
    scope: Sequence[str] | None = None
    release: str | None = None
    columns: Sequence[str] | None = None
    rows: int | None = None
    bytes: int | None = None
    query_hash: str | None = None


@dataclass(frozen=True)
class Verified:
    """How far the chain is whole; `broken_at` is the id of the first line that is not."""

    lines: int
    head: str
    broken_at: int | None


class Audit:
    """The audit of one meshport home."""

    def __init__(self, home: Path) -> None:
        self.state = AccessState(home, _SCHEMA)
        self._home = home

    def record(self, entry: Entry) -> None:
        """Write a line; raises AccessError MP790 where that cannot be done."""
        line = json.dumps({k: v for k, v in asdict(entry).items() if v is not None})
        with self.state.transaction() as con:
            last = con.execute("select id, hash from audit order by id desc limit 1").fetchone()
            number, before = last or self._anchor()
            con.execute(
                "insert into audit values (?, ?, ?)", (number + 1, line, _hash(before, line))
            )

    def who(self, principal: Principal) -> str:
        """How a principal is named in the audit: persons by a keyed hash."""
        return self.pseudonym(principal.name) if principal.kind is Kind.PERSON else principal.name

    def pseudonym(self, person: str) -> str:
        """The keyed hash under which a person is written down."""
        key = secret_at(self._home / "audit.key")
        return hmac.new(key, person.encode(), hashlib.sha256).hexdigest()[:32]

    def entries(self, since: datetime | None = None, limit: int = 1000) -> list[dict[str, Any]]:
        """The newest lines, newest first."""
        rows = self.state.rows("select * from audit order by id desc limit ?", limit)
        found = [{"id": row["id"], **json.loads(row["line"])} for row in rows]
        earliest = since.isoformat() if since else ""
        return [entry for entry in found if entry["at"] >= earliest]

    def usage(self, since: datetime) -> dict[tuple[str, str], dict[str, int]]:
        """Reads by (who, port) and column, of what was allowed since then."""
        found: dict[tuple[str, str], dict[str, int]] = {}
        for row in self.state.rows("select line from audit order by id"):
            entry = json.loads(row["line"])
            if entry["at"] < since.isoformat() or entry["verdict"] != "allowed":
                continue
            counts = found.setdefault((entry["who"], entry.get("port", "")), {})
            for column in entry.get("columns", ()):
                counts[column] = counts.get(column, 0) + 1
        return found

    def verify(self) -> Verified:
        """Walk the chain from where the retention cut it."""
        _, before = self._anchor()
        lines = 0
        for row in self._walk():
            if _hash(before, row["line"]) != row["hash"]:
                return Verified(lines, before, row["id"])
            before, lines = row["hash"], lines + 1
        return Verified(lines, before, None)

    def prune(self, now: datetime, keep: timedelta = RETENTION) -> int:
        """Let lines older than the retention go; how many went."""
        oldest = (now - keep).isoformat()
        last: Row | None = None
        for row in self._walk():
            if json.loads(row["line"])["at"] >= oldest:
                break
            last = row
        if last is None:
            return 0
        with self.state.transaction() as con:
            anchor = (last["id"], last["hash"], now.isoformat())
            con.execute("insert into anchor values (?, ?, ?)", anchor)
            return con.execute("delete from audit where id <= ?", (last["id"],)).rowcount

    def _anchor(self) -> tuple[int, str]:
        rows = self.state.rows("select up_to, hash from anchor order by up_to desc limit 1")
        return (rows[0]["up_to"], rows[0]["hash"]) if rows else (0, _FIRST)

    def _walk(self) -> Iterator[Row]:
        """Every line that is kept, in order; ids follow each other without a gap."""
        expected = self._anchor()[0]
        for row in self.state.rows("select * from audit order by id"):
            expected += 1
            if row["id"] != expected:
                yield {"id": expected, "line": "", "hash": ""}
                return
            yield row


def query_hash(question: str) -> str:
    """What tells questions apart without telling them."""
    return hashlib.sha256(question.encode()).hexdigest()[:32]


def _hash(before: str, line: str) -> str:
    return hashlib.sha256(f"{before}\n{line}".encode()).hexdigest()
