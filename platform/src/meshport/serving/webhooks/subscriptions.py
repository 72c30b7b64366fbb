"""Who wants to be called about which port, and what became of each call.

Everything that a webhook has to be sent is written down before it is sent, and its success after,
so an event arrives at least once. Both stand in one file with the events.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from meshport.access.audit import Audit, Entry
from meshport.access.state import AccessState, Row
from meshport.errors import ServingError
from meshport.names import PortId
from meshport.serving.events.event import SENT
from meshport.serving.webhooks.sending import new_secret

MOST = 20
"""Webhooks that one owner may have."""


_QUEUE = """
insert into delivery values (?, ?, 'waiting', 0, ?, null, null) on conflict (webhook, event)
"""


_ACTIVE = "select id from webhook where disabled is null"


class Standing(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"
    WITHHELD = "withheld"
    """The owner could not read the port when it was to be sent."""


@dataclass(frozen=True)
class Subscription:
    """One webhook; `disabled` says why nothing is sent any more."""

    id: str
    owner: str
    port: PortId
    url: str
    types: tuple[str, ...]
    purpose: str | None
    secret: str
    created_at: str
    position: int
    disabled: str | None

    def as_json(self) -> dict[str, Any]:
        """The webhook without its secret."""
        return {
            "webhook": self.id,
            "owner": self.owner,
            "port": str(self.port),
            "url": self.url,
            "events": list(self.types),
            "purpose": self.purpose,
            "created_at": self.created_at,
            "position": self.position,
            "state": "disabled" if self.disabled else "active",
            "reason": self.disabled,
        }


@dataclass(frozen=True)
class Delivery:
    """What is to be sent, or was, to one webhook about one event."""

    webhook: str
    event: int
    event_id: str
    type: str
    state: Standing
    attempts: int
    next_at: str
    status: int | None
    error: str | None

    def as_json(self) -> dict[str, Any]:
        """The delivery as a document."""
        waits = self.state is Standing.WAITING
        return {
            "number": self.event,
            "event": self.event_id,
            "type": self.type,
            "state": self.state.value,
            "attempts": self.attempts,
            "next_at": self.next_at if waits else None,
            "status": self.status,
            "error": self.error,
        }


@dataclass(frozen=True)
class Ask:
    """What a webhook is wanted for; no types are all of them."""

    port: PortId
    url: str
    types: tuple[str, ...] = ()
    purpose: str | None = None

    def of(self, owner: str, position: int, now: datetime) -> Subscription:
        """A new webhook for it, which is told what happens after a position.

        Raises ServingError MP602 (no such event).
        """
        known = [one.value for one in SENT]
        for name in self.types:
            if name not in known:
                fact = f"there is no event `{name[:60]}`"
                raise ServingError("MP602", fact, hint=f"events: {', '.join(known)}")
        return Subscription(
            id=f"whk_{secrets.token_hex(8)}",
            owner=owner,
            port=self.port,
            url=self.url,
            types=tuple(dict.fromkeys(self.types)) or tuple(known),
            purpose=self.purpose,
            secret=new_secret(),
            created_at=now.isoformat(),
            position=position,
            disabled=None,
        )


class Subscriptions:
    """The webhooks of one meshport home."""

    def __init__(self, state: AccessState, audit: Audit) -> None:
        self.state = state
        self.audit = audit

    def add(self, one: Subscription, entry: Entry) -> None:
        """Keep a new webhook; raises ServingError MP662 (too many)."""
        owner = one.owner
        with self.state.transaction() as con:
            query = "select count(*) from webhook where owner = ?"
            if con.execute(query, (owner,)).fetchone()[0] >= MOST:
                raise ServingError("MP662", f"{owner} has {MOST} webhooks", hint="remove one")
            values = (one.id, owner, str(one.port), one.url, json.dumps(one.types), one.purpose)
            con.execute(
                "insert into webhook values (?, ?, ?, ?, ?, ?, ?, ?, ?, null)",
                (*values, one.secret, one.created_at, one.position),
            )
            self.audit.record(replace(entry, rule=one.id))

    def get(self, webhook: str, owners: Collection[str] | None = None) -> Subscription:
        """A webhook, of these owners if any are named; raises ServingError MP660."""
        rows = self.state.rows("select * from webhook where id = ?", webhook)
        if not rows or (owners is not None and rows[0]["owner"] not in owners):
            raise ServingError("MP660", f"there is no webhook `{webhook[:40]}`")
        return _subscription(rows[0])

    def of(self, owners: Collection[str]) -> list[Subscription]:
        """The webhooks of these owners, the oldest first."""
        return [one for one in self.all() if one.owner in owners]

    def all(self) -> list[Subscription]:
        """Every webhook, the oldest first."""
        rows = self.state.rows("select * from webhook order by created_at, id")
        return [_subscription(row) for row in rows]

    def remove(self, webhook: str, entry: Entry) -> None:
        """Forget a webhook and what it was sent."""
        with self.state.transaction() as con:
            con.execute("delete from webhook where id = ?", (webhook,))
            self.audit.record(entry)

    def disable(self, webhook: str, reason: str) -> None:
        """Send it nothing more; what waits, waits."""
        self.state.run("update webhook set disabled = ? where id = ?", reason, webhook)

    def replay(self, one: Subscription, events: Sequence[int], now: datetime, entry: Entry) -> int:
        """Send events again, with their old ids; how many. A disabled webhook is tried again."""
        with self.state.transaction() as con:
            con.execute("update webhook set disabled = null where id = ?", (one.id,))
            con.executemany(
                _QUEUE
                + "do update set state = 'waiting', attempts = 0, next_at = excluded.next_at",
                [(one.id, number, now.isoformat()) for number in events],
            )
            self.audit.record(entry)
        return len(events)

    def deliveries(
        self, webhook: str, state: Standing | None = None, limit: int = 100
    ) -> list[Delivery]:
        """What was sent and is to be sent, the newest first."""
        where, values = ("and state = ?", (state.value,)) if state else ("", ())
        return self._deliveries(f"webhook = ? {where} order by event desc limit ?", webhook,
                                *values, limit)  # fmt: skip

    def due(self, now: datetime) -> list[Delivery]:
        """What is to be sent by now: of each webhook one, the longest due first."""
        return self._deliveries(
            "(webhook, event) in (select webhook, event from (select webhook, event, row_number() "
            "over (partition by webhook order by next_at, event) as turn from delivery "
            "where state = 'waiting' and next_at <= ?) one where turn = 1) "
            f"and webhook in ({_ACTIVE}) order by next_at, event",
            now.isoformat(),
        )

    def queue(self, one: Subscription, events: Sequence[int], last: int, now: datetime) -> None:
        """Note what a webhook has to be sent, and that it was looked through up to `last`."""
        with self.state.transaction() as con:
            con.executemany(
                _QUEUE + "do nothing",
                [(one.id, number, now.isoformat()) for number in events],
            )
            con.execute("update webhook set position = ? where id = ?", (last, one.id))

    def note(
        self,
        one: Delivery,
        state: Standing,
        next_at: datetime,
        status: int | None,
        error: str | None,
    ) -> None:
        """Write down where a delivery stands after one more attempt began, or ended."""
        self.state.run(
            "update delivery set state = ?, attempts = ?, next_at = ?, status = ?, error = ? "
            "where webhook = ? and event = ?",
            *(state.value, one.attempts, next_at.isoformat(), status, error),
            *(one.webhook, one.event),
        )

    def _deliveries(self, where: str, *values: Any) -> list[Delivery]:
        rows = self.state.rows(
            "select delivery.*, event.id as event_id, event.type from delivery "
            f"join event on event.number = delivery.event where {where}",
            *values,
        )
        return [_delivery(row) for row in rows]


def _subscription(row: Row) -> Subscription:
    return Subscription(
        id=row["id"],
        owner=row["owner"],
        port=PortId.parse(row["port"]),
        url=row["url"],
        types=tuple(json.loads(row["types"])),
        purpose=row["purpose"],
        secret=row["secret"],
        created_at=row["created_at"],
        position=row["position"],
        disabled=row["disabled"],
    )


def _delivery(row: Row) -> Delivery:
    return Delivery(
        webhook=row["webhook"],
        event=row["event"],
        event_id=row["event_id"],
        type=row["type"],
        state=Standing(row["state"]),
        attempts=row["attempts"],
        next_at=row["next_at"],
        status=row["status"],
        error=row["error"],
    )
