"""Agreements as they are shown to somebody: what it may do to them, and what a decision changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from meshport.access.agreements import Act, Agreement
from meshport.access.consumers import Consumer
from meshport.access.impact import Impact, impact_of
from meshport.access.principal import Kind
from meshport.errors import AccessError
from meshport.products.mesh import Port
from meshport.serving.identity import Asker

SHOWN = 200
"""So many of one's own, and of others, are shown; those that wait are shown all."""


@dataclass(frozen=True)
class AgreementView:
    """One agreement, seen by somebody whom it concerns."""

    asker: Asker
    one: Agreement

    @cached_property
    def port(self) -> Port | None:
        """The port it is about; None where it is gone."""
        return self.asker.doors.catalog.mesh.find(self.one.terms.port)

    @cached_property
    def consumer(self) -> Consumer:
        """Who reads by it."""
        return self.asker.doors.access.consumers.get(self.one.terms.consumer)

    @cached_property
    def acts(self) -> list[Act]:
        """What the asker may do now."""
        return self.asker.doors.desk.acts_of(self.one, self.asker.principal)

    @cached_property
    def waits_for(self) -> list[str]:
        """Who has to say something before anything changes."""
        one, desk = self.one, self.asker.doors.desk
        if not one.is_open and not one.is_renewal_asked:
            return []
        if one.events[-1].act is Act.ASK:
            return [self.consumer.contact or self.consumer.acts_for or self.consumer.name]
        return [name for name in desk.deciders(one.terms) if name not in desk.interested(one)]

    @cached_property
    def impact(self) -> Impact | None:
        """What approving it would change; None where nobody could approve it."""
        if self.port is None or not (self.one.is_open or self.one.is_renewal_asked):
            return None
        doors = self.asker.doors
        return impact_of(doors.policy, self.one, self.consumer, self.port, doors.now())

    def as_json(self) -> dict[str, Any]:
        """The agreement with what the asker may do to it."""
        return {
            **self.one.as_json(),
            "asked_by": self.one.asked_by,
            "waits_for": self.waits_for,
            "acts": [act.value for act in self.acts],
            "impact": self.impact.as_json() if self.impact else None,
        }


@dataclass(frozen=True)
class DeskView:
    """Everything at the desk that concerns somebody."""

    asker: Asker
    mine: Sequence[AgreementView]
    """Of the asker and of the machines it stands behind."""
    waiting: Sequence[AgreementView]
    """For its decision."""
    others: Sequence[AgreementView]
    """Of others, on ports that it decides about."""
    broken_glass: Sequence[AgreementView]
    """By which anybody reads now without approval."""
    left_out: int
    """How many older ones, of the asker and of others, are not among these."""

    def as_json(self) -> dict[str, Any]:
        """All of it as a document."""
        return {
            "mine": [one.as_json() for one in self.mine],
            "waiting_for_me": [one.as_json() for one in self.waiting],
            "others": [one.as_json() for one in self.others],
            "broken_glass": [one.as_json() for one in self.broken_glass],
            "left_out": self.left_out,
        }


def agreement_for(asker: Asker, number: int) -> Agreement:
    """The agreement, if it is the asker's to know; else raises AccessError MP731: there is none.

    What somebody reads without approval is for everybody of the company to see.
    """
    desk, principal = asker.doors.desk, asker.principal
    found = desk.agreements.get(number, asker.doors.now())
    is_loud = found.is_broken_glass and principal.kind is Kind.PERSON
    if is_loud or principal.name in desk.concerned(found):
        return found
    raise AccessError("MP731", f"there is no agreement {number}")


def view_desk(asker: Asker) -> DeskView:
    """What concerns the asker, the newest first; what waits the longest stands first."""
    desk, now, name = asker.doors.desk, asker.doors.now(), asker.principal.name
    own = {name, *(one.name for one in desk.machines_of(name))}
    concerning = [one for one in reversed(desk.agreements.all(now)) if name in desk.concerned(one)]
    waiting = desk.waiting_for(name, now)
    numbers = {one.number for one in waiting}
    mine = [one for one in concerning if one.terms.consumer in own or one.asked_by == name]
    known = {one.number for one in mine} | numbers
    glass = desk.agreements.broken_glass(now) if asker.principal.kind is Kind.PERSON else []
    others = [one for one in concerning if one.number not in known]
    return DeskView(
        asker,
        mine=_views(asker, mine[:SHOWN]),
        waiting=_views(asker, waiting),
        others=_views(asker, others[:SHOWN]),
        broken_glass=_views(asker, glass),
        left_out=len(mine[SHOWN:]) + len(others[SHOWN:]),
    )


def _views(asker: Asker, found: Sequence[Agreement]) -> list[AgreementView]:
    return [AgreementView(asker, one) for one in found]
