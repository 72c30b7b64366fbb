"""Agreements: who may read which port, for which purpose, at which class, which rows, until when.

The terms never change, what happened to them is a history that only grows; the state is what the
history and the clock say. So expiry needs nobody to run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from meshport.access.audit import Audit, Entry
from meshport.access.state import AccessState, Row
from meshport.errors import AccessError
from meshport.names import PortId

EXPIRING = timedelta(days=14)


class State(StrEnum):
    """Where an agreement stands."""

    REQUESTED = "requested"
    ASKED = "asked"
    ACTIVE = "active"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    DENIED = "denied"
    REVOKED = "revoked"
    CANCELLED = "cancelled"

    @property
    def grants(self) -> bool:
        """Whether it lets its consumer read now."""
        return self in (State.ACTIVE, State.EXPIRING)


class Act(StrEnum):
    """What can happen to an agreement."""

    REQUEST = "request"
    ASK = "ask"
    ANSWER = "answer"
    APPROVE = "approve"
    DENY = "deny"
    CANCEL = "cancel"
    ASK_RENEWAL = "ask_renewal"
    REVOKE = "revoke"
    BREAK_GLASS = "break_glass"


@dataclass(frozen=True)
class Terms:
    """What is asked for; `scope` limits the rows to values of the port's scope column."""

    consumer: str
    port: PortId
    purpose: str
    access_class: str
    reason: str
    days: int = 90
    scope: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Event:
    """One line of the history."""

    act: Act
    at: str
    by: str
    note: str | None = None
    until: str | None = None


@dataclass(frozen=True)
class Agreement:
    """Terms, history, and where they stand at one moment."""

    number: int
    terms: Terms
    asked_by: str
    events: Sequence[Event]
    state: State
    until: datetime | None
    is_renewal_asked: bool

    @property
    def is_open(self) -> bool:
        """Whether it was never decided."""
        return self.state in (State.REQUESTED, State.ASKED)

    @property
    def is_broken_glass(self) -> bool:
        """Whether what it grants was approved by nobody."""
        said = [event.act for event in self.events if event.act in (Act.BREAK_GLASS, Act.APPROVE)]
        return said[-1:] == [Act.BREAK_GLASS]

    def as_json(self) -> dict[str, Any]:
        """The agreement as a document: terms, state, history."""
        return {
            "agreement": self.number,
            "state": self.state.value,
            "consumer": self.terms.consumer,
            "port": str(self.terms.port),
            "purpose": self.terms.purpose,
            "class": self.terms.access_class,
            "scope": list(self.terms.scope) if self.terms.scope else None,
            "days": self.terms.days,
            "until": self.until.isoformat() if self.until else None,
            "is_renewal_asked": self.is_renewal_asked,
            "history": [asdict(event) for event in self.events],
        }


class Agreements:
    """The agreements of one meshport home, as they stand at a given moment."""

    def __init__(self, state: AccessState, audit: Audit) -> None:
        self.state = state
        self.audit = audit

    def get(self, number: int, now: datetime) -> Agreement:
        """One agreement; raises AccessError MP731 where there is none."""
        is_storable = abs(number) < 2**63
        found = self._read("where agreement.id = ?", (number,), now) if is_storable else []
        if not found:
            raise AccessError("MP731", f"there is no agreement {number}")
        return found[0]

    def all(self, now: datetime) -> list[Agreement]:
        """Every agreement, the oldest first."""
        return self._read("", (), now)

    def of(self, consumer: str, port: PortId, now: datetime) -> list[Agreement]:
        """What a consumer has, or had, on a port."""
        return self._read("where consumer = ? and port = ?", (consumer, str(port)), now)

    def granted(self, consumer: str, port: PortId, now: datetime) -> list[Agreement]:
        """By which a consumer reads a port now."""
        found = self._read(_WHERE_SOMETHING_WAS_GRANTED, (consumer, str(port)), now)
        return [one for one in found if one.state.grants]

    def of_consumer(self, consumer: str, now: datetime) -> list[Agreement]:
        """What a consumer has, or had, on all ports."""
        return self._read("where consumer = ?", (consumer,), now)

    def waiting(self, now: datetime) -> list[Agreement]:
        """Those on which somebody has to say something: requests and renewals."""
        found = self._read(_WHERE_LAST_IS_A_QUESTION, (), now)
        return [one for one in found if one.is_open or one.is_renewal_asked]

    def broken_glass(self, now: datetime) -> list[Agreement]:
        """Those by which somebody reads now without anybody's approval."""
        found = self._read(_WHERE_GLASS_WAS_BROKEN, (Act.BREAK_GLASS,), now)
        return [one for one in found if one.is_broken_glass and one.state.grants]

    def lines_after(self, line: int) -> list[tuple[int, int, Event]]:
        """What was written to the histories after a line: its number, the agreement, the event."""
        found = self.state.rows("select * from agreement_event where id > ? order by id", line)
        return [(one["id"], one["agreement"], _event(one)) for one in found]

    def open(self, terms: Terms, first: Event, now: datetime, entry: Entry) -> Agreement:
        """Write down terms with the first line of their history, and both in the audit."""
        scope = json.dumps(terms.scope) if terms.scope is not None else None
        about = (terms.consumer, str(terms.port), terms.purpose, terms.access_class, scope)
        with self.state.transaction() as con:
            number = con.execute(
                "insert into agreement (consumer, port, purpose, access_class, scope, days, "
                "reason, asked_by, asked_at) values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*about, terms.days, terms.reason, first.by, first.at),
            ).lastrowid
            con.execute(_APPEND, (number, first.act, first.at, first.by, first.note, first.until))
            self.audit.record(replace(entry, rule=f"agreement {number}"))
        return self.get(number or 0, now)

    def append(self, number: int, event: Event, expected: int, entry: Entry) -> None:
        """Add a line to the history, and to the audit.

        Raises AccessError MP732 where it is not `expected` lines long: somebody was faster.
        """
        with self.state.transaction() as con:
            query = "select count(*) from agreement_event where agreement = ?"
            if con.execute(query, (number,)).fetchone()[0] != expected:
                hint = "look at it again"
                raise AccessError("MP732", f"agreement {number} has changed meanwhile", hint=hint)
            con.execute(_APPEND, (number, event.act, event.at, event.by, event.note, event.until))
            self.audit.record(entry)

    def _read(self, where: str, values: tuple[object, ...], now: datetime) -> list[Agreement]:
        # One statement, so that nothing happens between reading the terms and the history.
        lines = self.state.rows(
            "select agreement.*, event.act, event.at, event.by_whom, event.note, event.until "
            "from agreement join agreement_event event on event.agreement = agreement.id "
            f"{where} order by agreement.id, event.id",
            *values,
        )
        found = (list(of_one) for _, of_one in groupby(lines, key=lambda line: line["id"]))
        return [_agreement(of_one[0], [_event(line) for line in of_one], now) for of_one in found]


_WHERE_SOMETHING_WAS_GRANTED = """
where consumer = ? and port = ? and exists (
    select 1 from agreement_event said
    where said.agreement = agreement.id and said.until is not null
)
"""
_WHERE_LAST_IS_A_QUESTION = """
where agreement.id in (
    select said.agreement from agreement_event said
    where said.act in ('request', 'ask', 'answer', 'ask_renewal') and said.id = (
        select max(any_line.id) from agreement_event any_line
        where any_line.agreement = said.agreement
    )
)
"""
_WHERE_GLASS_WAS_BROKEN = """
where agreement.id in (select agreement from agreement_event where act = ?)
"""
_APPEND = """
insert into agreement_event (agreement, act, at, by_whom, note, until) values (?, ?, ?, ?, ?, ?)
"""
_SETTLES = {Act.CANCEL: State.CANCELLED, Act.REVOKE: State.REVOKED, Act.ASK: State.ASKED}


def _agreement(row: Row, events: Sequence[Event], now: datetime) -> Agreement:
    state, until, is_asked = State.REQUESTED, None, False
    for event in events:
        if event.act in (Act.APPROVE, Act.BREAK_GLASS):
            state, until, is_asked = State.ACTIVE, event.until, False
        elif event.act is Act.ASK_RENEWAL:
            is_asked = True
        elif event.act is Act.DENY and until:
            is_asked = False  # the renewal is denied; what was granted stays until its end
        else:
            waiting = State.DENIED if event.act is Act.DENY else State.REQUESTED
            state, is_asked = _SETTLES.get(event.act, waiting), False
    end = datetime.fromisoformat(until) if until else None
    if state is State.ACTIVE and end:
        ending = State.EXPIRING if end - now < EXPIRING else State.ACTIVE
        state = State.EXPIRED if now >= end else ending
    return Agreement(row["id"], _terms(row), row["asked_by"], events, state, end, is_asked)


def _terms(row: Row) -> Terms:
    return Terms(
        consumer=row["consumer"],
        port=PortId.parse(row["port"]),
        purpose=row["purpose"],
        access_class=row["access_class"],
        reason=row["reason"],
        days=row["days"],
        scope=tuple(json.loads(row["scope"])) if row["scope"] else None,
    )


def _event(row: Row) -> Event:
    return Event(Act(row["act"]), row["at"], row["by_whom"], row["note"], row["until"])
