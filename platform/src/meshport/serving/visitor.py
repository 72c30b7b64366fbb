"""Who looks at a page, as its head says it, and whom the visitor of a demo may play."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from meshport.access.agreements import Agreement
from meshport.access.consumers import Consumer
from meshport.access.desk import Desk
from meshport.access.principal import DEMO, Kind, Principal
from meshport.contracts.access_class import access_classes
from meshport.serving.demo import DEMO_CREDENTIAL
from meshport.serving.identity import Asker


@dataclass(frozen=True)
class Visitor:
    """The head of a page: who one is, what waits, and who else one could be."""

    principal: Principal
    title: str
    about: str
    waiting: int
    """How many agreements wait for its decision."""
    glass: Sequence[Agreement]
    """What is read now without approval, by anybody."""
    people: Sequence[tuple[str, str]] | None
    """Whom it may play, and what each is; None where nobody is played."""
    address: str
    """Where it is."""

    @property
    def is_registered(self) -> bool:
        """Whether it can ask for access."""
        return self.principal.is_known and self.principal != DEMO

    @property
    def is_colleague(self) -> bool:
        """Whether it may know who broke the glass, and why."""
        return self.principal.kind is Kind.PERSON


def visitor_of(asker: Asker) -> Visitor:
    """The visitor behind a request."""
    desk, now, principal = asker.doors.desk, asker.doors.now(), asker.principal
    is_demo = principal == DEMO or principal.credential == DEMO_CREDENTIAL
    waiting = desk.waiting_for(principal.name, now) if principal.is_known else []
    return Visitor(
        principal=principal,
        title=_title(principal),
        about=_about(principal),
        waiting=len(waiting),
        glass=desk.agreements.broken_glass(now),
        people=_people(desk) if is_demo and asker.doors.has_login else None,
        address=asker.address,
    )


def _title(principal: Principal) -> str:
    if principal == DEMO:
        return "demo visitor"
    return principal.name if principal.is_known else "not signed in"


def _about(principal: Principal) -> str:
    if principal == DEMO:
        return "Somebody of the company who sits at this machine."
    if not principal.is_known:
        return "You see what could stand on the website."
    acts_for = f" for {principal.acts_for}" if principal.acts_for else ""
    return f"A {principal.kind}{acts_for}.".replace("A agent", "An agent")


def _people(desk: Desk) -> list[tuple[str, str]]:
    """Everybody who is registered, people first, each with what it is."""
    found = [one for one in desk.consumers.all() if not one.is_disabled]
    decides = _decides(desk)
    found.sort(key=lambda one: (one.kind is not Kind.PERSON, one.name not in decides, one.name))
    return [(one.name, _what(one, decides)) for one in found]


def _what(one: Consumer, decides: dict[str, list[str]]) -> str:
    if one.name in decides:
        return f"decides about {', '.join(decides[one.name])}"
    behind = one.acts_for or one.contact
    return f"{one.kind} of {behind}" if behind else str(one.kind)


def _decides(desk: Desk) -> dict[str, list[str]]:
    """The domains about whose ports somebody decides."""
    found: dict[str, list[str]] = {}
    for port in desk.mesh.ports:
        for reader in access_classes(desk.scale):
            for name in desk.deciders_of(port, reader.name):
                if port.id.domain not in found.setdefault(name, []):
                    found[name].append(port.id.domain)
    return found
