"""The events so far, numbered: a projection of its sources, kept so that all readers agree on it.

Whoever looks first writes down what is new; several may look at once, for an event has one id.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from meshport.access.state import AccessState, Row, Schema
from meshport.errors import MeshportError
from meshport.serving.events.event import Event
from meshport.serving.events.sources import Sources

RETENTION = timedelta(days=30)
CLOCK = timedelta(seconds=30)
"""How often agreements are looked through for those that run out."""
_SCHEMA = Schema(
    file="events.sqlite",
    tables="""
create table if not exists event (
    number integer primary key,
    id text not null unique,
    type text not null,
    at text not null,
    port text not null,
    consumer text,
    body text not null
);
create table if not exists told (
    source text primary key,
    position text not null
);
create table if not exists webhook (
    id text primary key,
    owner text not null,
    port text not null,
    url text not null,
    types text not null,
    purpose text,
    secret text not null,
    created_at text not null,
    position integer not null,
    disabled text
);
create index if not exists webhook_of on webhook (owner);
create table if not exists replaced_secret (
    webhook text not null references webhook (id) on delete cascade,
    secret text not null,
    until text not null
);
create index if not exists replaced_secret_of on replaced_secret (webhook);
create table if not exists delivery (
    webhook text not null references webhook (id) on delete cascade,
    event integer not null references event (number) on delete cascade,
    state text not null,
    attempts integer not null,
    next_at text not null,
    status integer,
    error text,
    primary key (webhook, event)
);
create index if not exists delivery_due on delivery (state, next_at);
""",
    guarded=(),
    version=2,
)


_MOVE_ON = """
insert into told values (?, ?) on conflict (source) do update set position = excluded.position
"""


def events_state(home: Path) -> AccessState:
    """Where a meshport home keeps events, webhooks and what is to be sent."""
    return AccessState(home, _SCHEMA)


@dataclass(frozen=True)
class Numbered:
    """An event and its number, which grows."""

    number: int
    id: str
    type: str
    at: str
    port: str
    consumer: str | None
    body: dict[str, Any]

    @classmethod
    def of(cls, row: Row) -> Numbered:
        """The event in a row."""
        body = json.loads(row["body"])
        number = row["number"]
        # The extension `sequence` of CloudEvents: texts that sort as the events do.
        return cls(
            number, row["id"], row["type"], row["at"], row["port"], row["consumer"],
            {**body, "sequence": f"{number:012d}"},
        )  # fmt: skip


class EventLog:
    """The events of one meshport home."""

    def __init__(self, state: AccessState) -> None:
        self.state = state

    def look(self, sources: Sources, now: datetime) -> int:
        """Write down what happened since the last look; the number of the last event.

        A home that is looked at for the first time begins with what happens from then on. Raises
        AccessError MP790.
        """
        with self.state.transaction() as con:
            told = dict(con.execute("select source, position from told").fetchall())
            happened: list[Event] = []
            for source, look in _looks(sources, told, now).items():
                try:
                    found, position = look()
                except MeshportError:
                    continue  # a pointer that cannot be read now is told of later
                happened += found if told else ()
                if told.get(source) != position:
                    con.execute(_MOVE_ON, (source, position))
            _write(con, happened)
            last = con.execute("select coalesce(max(number), 0) from event").fetchone()[0]
        return int(last)

    def after(self, number: int, port: str) -> list[Numbered]:
        """The events of a port after a number, in order."""
        query = "select * from event where number > ? and port = ? order by number"
        return [Numbered.of(row) for row in self.state.rows(query, number, port)]

    def numbered(self, number: int) -> Numbered | None:
        """The event of that number; None where it is no longer kept."""
        rows = self.state.rows("select * from event where number = ?", number)
        return Numbered.of(rows[0]) if rows else None

    def prune(self, now: datetime, keep: timedelta = RETENTION) -> None:
        """Let old events go, and what was sent of them; the numbers go on."""
        oldest = (now - keep).isoformat()
        self.state.run(
            "delete from event where at < ? and number < (select max(number) from event)", oldest
        )


def _looks(
    sources: Sources, told: dict[str, str], now: datetime
) -> dict[str, Callable[[], tuple[Iterable[Event], str]]]:
    """What to look at, by the name under which its position is kept."""

    def moves(domain: str) -> tuple[Iterable[Event], str]:
        before = told.get(f"moves of {domain}", "0")
        # At the first look nothing is told: what there is needs no reading.
        if not told:
            return (), str(sources.catalog.store.of(domain).pointer().number)
        found, last = sources.moves(domain, int(before))
        return found, str(last)

    def refusal(domain: str) -> tuple[Iterable[Event], str]:
        return sources.refusal(domain, told.get(f"refusal of {domain}", ""))

    def decisions() -> tuple[Iterable[Event], str]:
        found, last = sources.decisions(int(told.get("decisions", "0")), now)
        return found, str(last)

    def clock() -> tuple[Iterable[Event], str]:
        before = datetime.fromisoformat(told.get("clock", now.isoformat()))
        if told and now - before < CLOCK:
            return (), before.isoformat()
        return sources.clock(before, now), max(before, now).isoformat()

    looks: dict[str, Callable[[], tuple[Iterable[Event], str]]] = {}
    for domain in sources.domains:
        looks[f"moves of {domain}"] = lambda domain=domain: moves(domain)  # type: ignore[misc]
        looks[f"refusal of {domain}"] = lambda domain=domain: refusal(domain)  # type: ignore[misc]
    return {**looks, "decisions": decisions, "clock": clock}


def _write(con: sqlite3.Connection, events: Iterable[Event]) -> None:
    con.executemany(
        "insert into event (id, type, at, port, consumer, body) "
        "values (?, ?, ?, ?, ?, ?) on conflict (id) do nothing",
        [
            (e.id, e.type.value, e.at.isoformat(), str(e.port), e.consumer, json.dumps(e.body))
            for e in sorted(events, key=lambda e: e.at)
        ],
    )
