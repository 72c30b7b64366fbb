"""Where access is asked for and decided: who may do what to an agreement, and when."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from meshport.access.agreements import Act, Agreement, Agreements, Event, State, Terms
from meshport.access.audit import Audit, Entry
from meshport.access.consumers import Consumer, Consumers
from meshport.access.owners import deciders, owners
from meshport.access.principal import Kind, Principal
from meshport.access.purposes import Purposes
from meshport.contracts.access_class import AGENT, access_classes, scope_column, view_of
from meshport.contracts.classification import Classifications
from meshport.errors import AccessError
from meshport.names import PortId
from meshport.products.mesh import Mesh, Port

MAX_DAYS = 366
BREAK_GLASS = timedelta(hours=4)

# Unicode's bidirectional controls make a text look like another one.
_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_OPEN = (State.REQUESTED, State.ASKED)
_GRANTED = (State.ACTIVE, State.EXPIRING)
_DECISIONS = {
    Act.APPROVE: (*_OPEN, *_GRANTED, State.EXPIRED),
    Act.DENY: (*_OPEN, *_GRANTED),
    Act.ASK: (State.REQUESTED,),
    Act.REVOKE: _GRANTED,
}
_OWN_ACTS = {
    Act.ANSWER: (State.ASKED,),
    Act.CANCEL: (*_OPEN, *_GRANTED),
    Act.ASK_RENEWAL: (*_GRANTED, State.EXPIRED),
}


@dataclass(frozen=True)
class Desk:
    """The rules over the agreements of a mesh."""

    mesh: Mesh
    scale: Classifications
    purposes: Purposes
    consumers: Consumers
    agreements: Agreements
    audit: Audit

    def request(self, terms: Terms, by: Principal, now: datetime) -> Agreement:
        """Ask for access.

        Raises AccessError MP722, MP730, MP733 (terms that cannot be kept) and MP734 (for another).
        """
        with self._audited(Act.REQUEST, terms, by, now) as entry:
            self._require_sound(terms)
            self._require_own(terms.consumer, by)
            first = Event(Act.REQUEST, now.isoformat(), by.name, terms.reason)
            return self.agreements.open(terms, first, now, entry)

    def break_glass(self, terms: Terms, by: Principal, now: datetime) -> Agreement:
        """Read at once, for four hours, for everybody to see; raises AccessError as `request`, and
        MP734 for anyone but a person."""
        with self._audited(Act.BREAK_GLASS, terms, by, now) as entry:
            self._require_sound(terms)
            self._require_own(terms.consumer, by)
            kinds = {by.kind, self.consumers.get(terms.consumer).kind}
            if kinds != {Kind.PERSON}:
                fact = "only a person may break the glass, and only for itself"
                raise AccessError("MP734", fact)
            until = (now + BREAK_GLASS).isoformat()
            first = Event(Act.BREAK_GLASS, now.isoformat(), by.name, terms.reason, until)
            return self.agreements.open(terms, first, now, entry)

    def act(self, number: int, act: Act, by: Principal, now: datetime, note: str = "") -> Agreement:
        """Approve, deny, ask, answer, cancel, revoke or ask for renewal.

        Raises AccessError MP731, MP732, MP734 (not for you to do) and MP735 (not in this state).
        """
        one = self.agreements.get(number, now)
        with self._audited(act, one.terms, by, now) as entry:
            if not _has_room(one, act):
                raise AccessError("MP735", f"agreement {number} is {one.state}: no room for {act}")
            if act in _DECISIONS:
                self._require_decider(one, by)
            else:
                self._require_own(one.terms.consumer, by)
            _require_legible(note)
            until = now + timedelta(days=one.terms.days) if act is Act.APPROVE else None
            end = until.isoformat() if until else None
            event = Event(act, now.isoformat(), by.name, note or None, end)
            about = replace(entry, rule=f"agreement {number}")
            self.agreements.append(number, event, len(one.events), about)
        return self.agreements.get(number, now)

    @contextmanager
    def _audited(self, act: Act, terms: Terms, by: Principal, now: datetime) -> Iterator[Entry]:
        """What is about to be done, for the audit; if it is refused that is written down."""
        known = {one.name: one.principal for one in self.consumers.all()}
        about = known.get(terms.consumer, Principal(terms.consumer, Kind.PERSON))
        entry = self.audit.entry(
            by,
            now,
            act=act.value,
            consumer=self.audit.who(about),
            port=str(terms.port),
            purpose=terms.purpose[:80],
            access_class=terms.access_class[:40],
            scope=terms.scope,
        )
        try:
            yield entry
        except AccessError as error:
            if error.code != "MP790":
                self.audit.record(replace(entry, verdict=error.code, scope=None))
            raise

    def deciders(self, terms: Terms) -> Sequence[str]:
        """Who may decide about these terms; nobody where the port is gone."""
        port = self.mesh.find(terms.port)
        return self.deciders_of(port, terms.access_class) if port else ()

    def deciders_of(self, port: Port, access_class: str) -> Sequence[str]:
        """Who may decide about a class of a port."""
        return deciders(self.mesh.products[port.id.domain], port, access_class, self.scale)

    def waiting_for(self, username: str, now: datetime) -> list[Agreement]:
        """The requests and renewals that wait for a decision of somebody."""
        return [
            one
            for one in self.agreements.waiting(now)
            if username in self.deciders(one.terms) and username not in self.interested(one)
        ]

    def acts_of(self, one: Agreement, by: Principal) -> list[Act]:
        """What somebody may do to an agreement as it stands."""
        possible = {
            **dict.fromkeys(_DECISIONS, self._may_decide(one, by)),
            **dict.fromkeys(_OWN_ACTS, self._may_ask_for(one.terms.consumer, by)),
        }
        return [act for act, is_allowed in possible.items() if is_allowed and _has_room(one, act)]

    def concerned(self, one: Agreement) -> set[str]:
        """Whose business it is: the consumer, those behind it, who asked, who decides or owns."""
        port = self.mesh.find(one.terms.port)
        owning = owners(self.mesh.products[port.id.domain], port) if port else ()
        return {*self.interested(one), *self.deciders(one.terms), *owning}

    def machines_of(self, person: str) -> list[Consumer]:
        """The services, agents and partners that a person stands behind."""
        found = self.consumers.all()
        return [one for one in found if person in (one.contact, one.acts_for)]

    def _require_sound(self, terms: Terms) -> None:
        port = self._port(terms.port)
        self.purposes.get(terms.purpose)
        consumer = self.consumers.get(terms.consumer)
        known = [reader.name for reader in access_classes(self.scale)]
        if terms.access_class not in known:
            fact = f"there is no access class `{terms.access_class[:40]}`"
            raise AccessError("MP733", fact, hint=f"classes: {', '.join(known)}")
        if consumer.kind is Kind.AGENT and terms.access_class != AGENT:
            raise AccessError("MP733", "agents get the class `agent` and no other")
        if not 0 < terms.days <= MAX_DAYS:
            raise AccessError("MP733", f"{terms.days} days is not a duration", hint="1 to 366 days")
        if len(terms.reason.strip()) < 10:
            raise AccessError("MP733", "the reason says nothing", hint="say what it is for")
        self._require_scope(terms, port)
        for text in (terms.reason, *(terms.scope or ())):
            _require_legible(text)

    def _require_scope(self, terms: Terms, port: Port) -> None:
        if terms.scope is None:
            return
        column = scope_column(port.contract.table)
        reader = next(r for r in access_classes(self.scale) if r.name == terms.access_class)
        view = view_of(column, reader, self.scale) if column else None
        if not terms.scope or column is None:
            fact = f"{terms.port} has no row scope" if terms.scope else "the scope names no value"
            raise AccessError("MP733", fact)
        if view is None or not view.is_clear:
            fact = f"the class {terms.access_class} does not see `{column.name}`, the row scope"
            raise AccessError("MP733", fact)

    def _port(self, port: PortId) -> Port:
        found = self.mesh.find(port)
        if found is None:
            raise AccessError("MP733", f"there is no port {port}")
        return found

    def _require_own(self, consumer: str, by: Principal) -> None:
        if not self._may_ask_for(consumer, by):
            fact = f"{by.name} cannot ask in the name of {consumer}"
            raise AccessError("MP734", fact, hint="ask as the consumer, or as the person behind it")

    def _may_ask_for(self, consumer: str, by: Principal) -> bool:
        """A consumer asks for itself; the person behind a service or an agent asks for it."""
        one = self.consumers.get(consumer)
        is_behind = by.kind is Kind.PERSON and by.name in (one.contact, one.acts_for)
        return one.name == by.name or is_behind

    def _require_decider(self, one: Agreement, by: Principal) -> None:
        if not self._may_decide(one, by):
            others = [name for name in self.deciders(one.terms) if name not in self.interested(one)]
            hint = f"this is for {', '.join(others) or 'nobody'}"
            fact = f"{by.name} cannot decide about agreement {one.number}"
            raise AccessError("MP734", fact, hint=hint)

    def _may_decide(self, one: Agreement, by: Principal) -> bool:
        """Four eyes: not the one who asked, not the one who profits, and never a machine."""
        is_decider = by.kind is Kind.PERSON and by.name in self.deciders(one.terms)
        return is_decider and by.name not in self.interested(one)

    def interested(self, one: Agreement) -> set[str]:
        """Who asked, who would read, and the persons behind: none of them decides."""
        consumer = self.consumers.get(one.terms.consumer)
        names = (one.asked_by, consumer.name, consumer.contact, consumer.acts_for)
        return {name for name in names if name}


def _has_room(one: Agreement, act: Act) -> bool:
    """Whether the state allows the act; what was granted is approved again only if asked for."""
    if act is Act.APPROVE and not one.is_open and not one.is_renewal_asked:
        return False
    return one.state in {**_DECISIONS, **_OWN_ACTS}.get(act, ())


def _require_legible(text: str) -> None:
    """Those who decide have to read what is there: no control characters, no turned direction."""
    for character in text:
        is_hidden = unicodedata.category(character) in ("Cc", "Cs") and character not in "\r\n\t"
        if is_hidden or character in _TURNING:
            hint = "write plain text"
            raise AccessError(
                "MP733", f"U+{ord(character):04X} cannot be read by anybody", hint=hint
            )
