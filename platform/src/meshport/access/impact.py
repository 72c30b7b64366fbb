"""What approving an agreement would change: which columns become clear or masked, which rows."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from meshport.access.agreements import Agreement, State
from meshport.access.authorize import Grant, Policy, authorize, granted, sight, views_of
from meshport.access.consumers import Consumer
from meshport.access.principal import Principal
from meshport.errors import PublishError
from meshport.products.mesh import Port
from meshport.publishing.manifest import Manifest, PortRelease

NOT_AT_ALL = "not at all"


@dataclass(frozen=True)
class Seen:
    """What somebody sees of a port: the class, how each column is shown, and how many rows."""

    access_class: str
    columns: dict[str, str]
    rows: int | None
    """None before the first release."""


@dataclass(frozen=True)
class Impact:
    """What a consumer sees for the agreement's purpose, without the agreement and with it."""

    before: Seen
    after: Seen
    names: Sequence[str]
    """The columns of the port in order."""

    @property
    def changes(self) -> list[tuple[str, str, str]]:
        """Each column that would be seen differently: how it is seen now, and how it would be."""
        views = ((n, _view(self.before, n), _view(self.after, n)) for n in self.names)
        return [(name, now, then) for name, now, then in views if now != then]

    def as_json(self) -> dict[str, Any]:
        """The change as a document."""
        return {
            "class": {"now": self.before.access_class, "then": self.after.access_class},
            "rows": {"now": self.before.rows, "then": self.after.rows},
            "columns": [{"name": n, "now": now, "then": then} for n, now, then in self.changes],
        }


def impact_of(
    policy: Policy, one: Agreement, consumer: Consumer, port: Port, now: datetime
) -> Impact:
    """What approving an agreement on the port would change for its consumer."""
    who = Principal(consumer.name, consumer.kind, consumer.acts_for)
    terms = one.terms
    held = policy.agreements.granted(who.name, terms.port, now)
    others = [other for other in held if other.number != one.number]
    fitting = [other for other in others if other.terms.purpose == terms.purpose]
    before = authorize(policy, who, terms.port, terms.purpose, now)
    after = granted(policy, who, [*fitting, replace(one, state=State.ACTIVE)])
    names = [column.name for column in port.contract.table.columns]
    with ExitStack() as lease:
        manifest = _reading(policy, port, lease)
        part = manifest.port(port.id) if manifest else None
        seen = [_seen(policy, grant, port, part) for grant in (before, after)]
    return Impact(seen[0], seen[1], names)


def _reading(policy: Policy, port: Port, lease: ExitStack) -> Manifest | None:
    """The current release; None also where the store is damaged, which hinders no decision."""
    try:
        return lease.enter_context(policy.store.of(port.id.domain).reading())
    except PublishError:
        return None


def _seen(policy: Policy, grant: Grant, port: Port, part: PortRelease | None) -> Seen:
    columns = views_of(policy.scale, grant.reader, port, part)
    rows = None
    if part is not None:
        rows = sight(policy, grant, port, part).rows if columns else 0
    return Seen(grant.reader.name, columns, rows)


def _view(seen: Seen, name: str) -> str:
    return seen.columns.get(name, NOT_AT_ALL)
