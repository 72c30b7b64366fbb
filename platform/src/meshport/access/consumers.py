"""The consumers that the mesh knows: people, services, agents, partners."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from meshport.access.audit import Audit
from meshport.access.principal import DEMO, NOBODY, Kind, Principal
from meshport.access.state import AccessState, Row
from meshport.errors import AccessError

_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,127}")
_TAKEN = (DEMO.name, NOBODY.name)
KINDS = tuple(kind for kind in Kind if kind is not Kind.NOBODY)


@dataclass(frozen=True)
class Consumer:
    """One that may hold tokens and agreements."""

    name: str
    kind: Kind
    acts_for: str | None
    contact: str | None
    added_at: str
    is_disabled: bool

    @property
    def principal(self) -> Principal:
        """The same as one who asks."""
        return Principal(self.name, self.kind, self.acts_for)


class Consumers:
    """The register of consumers."""

    def __init__(self, state: AccessState, audit: Audit) -> None:
        self.state = state
        self.audit = audit

    def add(self, one: Consumer, by: str, now: datetime) -> Consumer:
        """Register a consumer; raises AccessError MP720 (name taken), MP721 (not a name, no person
        behind an agent)."""
        self._require_sound(one)
        if self._row(one.name):
            raise AccessError("MP720", f"there is a consumer `{one.name}` already")
        values = (one.name, one.kind, one.acts_for, one.contact, now.isoformat(), by)
        added = self.audit.operated(by, "consumer added", one.principal, now)
        with self.state.transaction() as con:
            con.execute("insert into consumer values (?, ?, ?, ?, ?, ?, null)", values)
            self.audit.record(added)
        return self.get(one.name)

    def get(self, name: str) -> Consumer:
        """The consumer of that name; raises AccessError MP722 where there is none."""
        row = self._row(name)
        if row is None:
            hint = "add it: meshport consumer add NAME --kind person|service|agent|partner"
            raise AccessError("MP722", f"there is no consumer `{name[:80]}`", hint=hint)
        return _consumer(row)

    def all(self) -> list[Consumer]:
        """Every consumer by name."""
        return [_consumer(row) for row in self.state.rows("select * from consumer order by name")]

    def disable(self, name: str, now: datetime) -> None:
        """Let none of its tokens and agreements count any more; raises AccessError MP722."""
        one = self.get(name).principal
        disabled = self.audit.operated(self.audit.door, "consumer disabled", one, now)
        with self.state.transaction() as con:
            about = (now.isoformat(), name)
            con.execute("update consumer set disabled_at = ? where name = ?", about)
            self.audit.record(disabled)

    def _row(self, name: str) -> Row | None:
        rows = self.state.rows("select * from consumer where name = ?", name)
        return rows[0] if rows else None

    def _require_sound(self, one: Consumer) -> None:
        if not _NAME.fullmatch(one.name) or one.name in _TAKEN:
            hint = "lower-case letters, digits and . _ @ + -, for example anna@example.com"
            raise AccessError("MP721", f"`{one.name[:80]}` is not a consumer's name", hint=hint)
        if (one.kind is Kind.AGENT) != (one.acts_for is not None):
            fact = "an agent acts for a person, and nobody else does"
            raise AccessError("MP721", fact, hint="name the person: --acts-for NAME")
        if one.acts_for and self.get(one.acts_for).kind is not Kind.PERSON:
            raise AccessError("MP721", f"`{one.acts_for}` is not a person")


def _consumer(row: Row) -> Consumer:
    return Consumer(
        name=row["name"],
        kind=Kind(row["kind"]),
        acts_for=row["acts_for"],
        contact=row["contact"],
        added_at=row["added_at"],
        is_disabled=row["disabled_at"] is not None,
    )
