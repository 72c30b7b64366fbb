"""The audit: every decision and every read, written before the answer leaves, in a chain of hashes.

Each line's hash covers the line before, so that nothing can be changed or taken out without being
seen. Names of persons are kept as keyed hashes: who asks "was it Anna?" gets an answer, who has the
file alone learns nothing. Lines older than the retention go; the hash where they ended stays.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from meshport.access.principal import DEMO, Kind, Principal
from meshport.access.state import PATIENCE, AccessState, Row, Schema
from meshport.errors import AccessError
from meshport.publishing.durable import secret_at

FILE = "audit.sqlite"
RETENTION = timedelta(days=400)
ALLOWED, UNCHANGED = "allowed", "unchanged"
OPERATOR = "operator"
"""The kind of those who are known by nothing but that they run commands here."""
_FIRST = "0" * 64
_NEVER = "9999-12-31"
_SCHEMA = Schema(
    file=FILE,
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
    """One decision, read or act; what was not known before the answer left is None."""

    at: str
    who: str
    kind: str
    door: str
    verdict: str
    """`allowed`, `unchanged` (304), or the error's code."""
    acts_for: str | None = None
    credential: str | None = None
    act: str | None = None
    """What was done, where it is no read: `approve`, `token created`."""
    consumer: str | None = None
    """To whom it was done."""
    rule: str | None = None
    """`openly served`, or the agreement's number."""
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
    """How far the chain is whole; `broken_at` is the number of the first line that is not."""

    lines: int
    head: str
    broken_at: int | None
    has_head: bool = True
    """Whether the head that was noted before is still in the chain."""


class Audit:
    """The audit of one meshport home; `door` is by which way acts come that are no requests."""

    def __init__(self, home: Path, door: str = "command line", patience: float = PATIENCE) -> None:
        self.state = AccessState(home, _SCHEMA, patience)
        self.door = door
        self._home = home

    def record(self, *entries: Entry) -> None:
        """Write lines, all or none; raises AccessError MP790 where that cannot be done."""
        lines = [
            json.dumps({k: v for k, v in vars(entry).items() if v is not None}) for entry in entries
        ]
        with self.state.transaction() as con:
            number, before = self.last
            for line in lines:
                number, before = number + 1, _hash(before, line)
                con.execute("insert into audit values (?, ?, ?)", (number, line, before))

    def entry(self, who: Principal, at: datetime, **known: Any) -> Entry:
        """What somebody did or was told, allowed where nothing else is known."""
        acts_for = self.pseudonym(who.acts_for) if who.acts_for else None
        about = {"door": self.door, "verdict": ALLOWED, "acts_for": acts_for, **known}
        about.setdefault("credential", who.credential)
        return Entry(at.isoformat(), self.who(who), str(who.kind), **about)

    def operated(self, by: str, act: str, consumer: Principal, at: datetime) -> Entry:
        """What was done to a consumer by whoever runs commands here."""
        about = Entry(at.isoformat(), by, OPERATOR, self.door, ALLOWED, act=act)
        return replace(about, consumer=self.who(consumer), credential=consumer.credential)

    def who(self, principal: Principal) -> str:
        """How a principal is named in the audit: persons by a keyed hash."""
        is_named = principal.kind is not Kind.PERSON or principal.name == DEMO.name
        return principal.name if is_named else self.pseudonym(principal.name)

    def pseudonym(self, person: str) -> str:
        """The keyed hash under which a person is written down; raises AccessError MP790."""
        return hmac.new(self._key, person.encode(), hashlib.sha256).hexdigest()[:32]

    def entries(self, since: datetime | None = None) -> Iterator[dict[str, Any]]:
        """The lines as they were written, with their numbers, newest first."""
        earliest = since.isoformat() if since else ""
        for row in self.state.each("select * from audit order by id desc"):
            entry = {"id": row["id"], **json.loads(row["line"])}
            if entry["at"] < earliest:
                return
            yield entry

    @property
    def last(self) -> tuple[int, str]:
        """The number and the hash of the newest line, or of the last one that was cut."""
        rows = self.state.rows("select id, hash from audit order by id desc limit 1")
        return (rows[0]["id"], rows[0]["hash"]) if rows else self._anchor()

    @property
    def cut_at(self) -> int:
        """The number of the last line that the retention cut; 0 where it cut none."""
        return self._anchor()[0]

    @property
    def oldest_at(self) -> str:
        """When the oldest line that is kept was written; never where there is none."""
        rows = self.state.rows("select line from audit order by id limit 1")
        return str(json.loads(rows[0]["line"])["at"]) if rows else _NEVER

    def hash_of(self, number: int) -> str | None:
        """The hash of a line; None where it is not kept."""
        rows = self.state.rows("select hash from audit where id = ?", number)
        return rows[0]["hash"] if rows else None

    def verify(self, noted: str | None = None) -> Verified:
        """Walk the chain from where the retention cut it, and look for a head noted before."""
        lines, head, has_head = 0, self._anchor()[1], noted is None
        with closing(self._walk()) as chain:
            for before, row in chain:
                has_head = has_head or noted in (before, row["hash"])
                if _hash(before, row["line"]) != row["hash"]:
                    return Verified(lines, before, row["id"], has_head)
                lines, head = lines + 1, row["hash"]
        return Verified(lines, head, None, has_head or noted == head)

    def prune(self, now: datetime, keep: timedelta = RETENTION) -> int:
        """Let lines older than the retention go; how many went.

        Raises AccessError MP791 where the chain is broken before: what shows that stays.
        """
        oldest, last = (now - keep).isoformat(), None
        with closing(self._walk()) as chain:
            for before, row in chain:
                if _hash(before, row["line"]) != row["hash"]:
                    raise broken_at(row["id"])
                if json.loads(row["line"])["at"] >= oldest:
                    break
                last = row
        if last is None:
            return 0
        with self.state.transaction() as con:
            anchor = (last["id"], last["hash"], now.isoformat())
            con.execute("insert into anchor values (?, ?, ?)", anchor)
            return con.execute("delete from audit where id <= ?", (last["id"],)).rowcount

    @cached_property
    def _key(self) -> bytes:
        try:
            return secret_at(self._home / "audit.key")
        except OSError as error:
            fact = f"the key of the audit cannot be used: {error.strerror}"
            raise AccessError("MP790", fact, hint="is the meshport home writable?") from error

    def _anchor(self) -> tuple[int, str]:
        rows = self.state.rows("select up_to, hash from anchor order by up_to desc limit 1")
        return (rows[0]["up_to"], rows[0]["hash"]) if rows else (0, _FIRST)

    def _walk(self) -> Generator[tuple[str, Row], None, None]:
        """Every line that is kept, in order, and the hash before it.

        Numbers follow each other without a gap; where one is missing the walk ends with a line that
        fits no hash.
        """
        rows = self.state.each("select * from audit order by id")
        row = next(rows, None)
        # Read while the lines are: what a retention cuts meanwhile is cut for neither.
        number, before = self._anchor()
        while row is not None:
            number += 1
            if row["id"] != number:
                yield before, {"id": number, "line": "", "hash": ""}
                return
            yield before, row
            before, row = row["hash"], next(rows, None)


def broken_at(number: int) -> AccessError:
    """MP791, with the line that is not as it was written."""
    fact = f"line {number} of the audit is not as it was written, or lines before it are gone"
    hint = "keep the file as it is, and compare it with a backup from before"
    return AccessError("MP791", fact, hint=hint)


def query_hash(question: str) -> str:
    """What tells questions apart without telling them."""
    return hashlib.sha256(question.encode(errors="replace")).hexdigest()[:32]


def _hash(before: str, line: str) -> str:
    return hashlib.sha256(f"{before}\n{line}".encode()).hexdigest()
