"""The access state in SQLite files, opened in this module alone.

The statements are plain SQL that PostgreSQL understands too. Histories are append-only: triggers
refuse to change or delete a line, whoever asks.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshport.errors import AccessError

PATIENCE = 10.0
"""Seconds to wait for others who write."""
_TABLES = """
create table if not exists consumer (
    name text primary key,
    kind text not null,
    acts_for text,
    contact text,
    added_at text not null,
    added_by text not null,
    disabled_at text
);
create table if not exists token (
    id text primary key,
    consumer text not null references consumer (name),
    sha256 text not null,
    purpose text,
    created_at text not null,
    expires_at text not null,
    revoked_at text
);
create table if not exists agreement (
    id integer primary key,
    consumer text not null references consumer (name),
    port text not null,
    purpose text not null,
    access_class text not null,
    scope text,
    days integer not null,
    reason text not null,
    asked_by text not null,
    asked_at text not null
);
create index if not exists agreement_of on agreement (consumer, port);
create table if not exists agreement_event (
    id integer primary key,
    agreement integer not null references agreement (id),
    act text not null,
    at text not null,
    by_whom text not null,
    note text,
    until text
);
create index if not exists event_of on agreement_event (agreement);
"""
_GUARD = """
create trigger if not exists {table}_{act} before {act} on {table}
begin select raise(abort, 'history is never changed'); end;
"""

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Schema:
    """One file: its tables, and the acts (update, delete) that its histories refuse."""

    file: str
    tables: str
    guarded: tuple[tuple[str, str], ...]
    is_synced: bool = True
    """Whether a change is on the disk when it returns."""
    version: int = 1
    """Grows with every table that is new: files that were made before get it."""


ACCESS = Schema(
    "access.sqlite",
    _TABLES,
    tuple((t, act) for t in ("agreement", "agreement_event") for act in ("update", "delete")),
)


class AccessState:
    """One file of a meshport home; safe to share between threads and processes."""

    def __init__(self, home: Path, schema: Schema = ACCESS, patience: float = PATIENCE) -> None:
        self.schema = schema
        self.file = home / schema.file
        self._patience = patience
        self._local = threading.local()

    def rows(self, sql: str, *values: Any) -> Sequence[Row]:
        """The rows a query finds; raises AccessError MP790 where the state cannot be read."""
        with self._answering() as con:
            return con.execute(sql, values).fetchall()

    def each(self, sql: str, *values: Any) -> Iterator[Row]:
        """The same one by one, for more rows than fit into memory; raises AccessError MP790."""
        with self._answering() as con:
            yield from con.execute(sql, values)

    def run(self, sql: str, *values: Any) -> int:
        """Change one thing, on the disk when it returns; the new row's id. Raises MP790."""
        with self.transaction() as con:
            return con.execute(sql, values).lastrowid or 0

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Several changes that happen together or not at all; raises AccessError MP790."""
        with self._answering() as con:
            con.execute("begin immediate")
            try:
                yield con
            except BaseException:
                con.execute("rollback")
                raise
            con.execute("commit")

    def close(self) -> None:
        """Close this thread's connection."""
        con = getattr(self._local, "con", None)
        if con is not None:
            con.close()
            self._local.con = None

    @contextmanager
    def _answering(self) -> Iterator[sqlite3.Connection]:
        try:
            yield self._connection()
        except sqlite3.Error as error:
            hint = (
                f"is {self.schema.file} in the meshport home whole and writable, and is there room?"
            )
            fact = f"the access state cannot be used: {error}"
            raise AccessError("MP790", fact, hint=hint) from error

    def _connection(self) -> sqlite3.Connection:
        con: sqlite3.Connection | None = getattr(self._local, "con", None)
        if con is None:
            con = self._local.con = self._open()
        return con

    def _open(self) -> sqlite3.Connection:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        con = sqlite3.connect(self.file, timeout=self._patience, isolation_level=None)
        con.row_factory = sqlite3.Row
        con.execute("pragma journal_mode = wal")
        con.execute(f"pragma synchronous = {'full' if self.schema.is_synced else 'normal'}")
        con.execute("pragma foreign_keys = on")
        if con.execute("pragma user_version").fetchone()[0] < self.schema.version:
            guards = "".join(
                _GUARD.format(table=table, act=act) for table, act in self.schema.guarded
            )
            con.executescript(
                f"begin immediate;{self.schema.tables}{guards}"
                f"pragma user_version = {self.schema.version};commit;"
            )
            self.file.chmod(0o600)
        return con
