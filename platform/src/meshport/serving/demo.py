"""The demo's people: whoever sits at the machine can be any of them, without a password.

Only for a server that listens to its own machine alone, and only for requests that were sent to it
by that name: a web page elsewhere cannot borrow it (DNS rebinding, cross-site requests).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import RedirectResponse, Response

from meshport.access.agreements import Act, Terms
from meshport.access.consumers import Consumer
from meshport.access.desk import Desk
from meshport.access.owners import OWNER, PROTECTION
from meshport.access.principal import DEMO, NOBODY, Kind, Principal
from meshport.access.register import AccessRegister
from meshport.errors import AccessError
from meshport.names import PortId
from meshport.serving.origin import own_origin
from meshport.serving.sent import Login, sent_as
from meshport.serving.state import Doors, doors_of
from meshport.settings import is_loopback

COOKIE = "meshport_demo"
DEMO_CREDENTIAL = "demo"
CUSTOMERS = PortId("customers", "customers", 1)
ANALYST, NEWSLETTER, ASSISTANT = "ana.lyst@example.com", "newsletter", "assistant"
router = APIRouter(dependencies=[Depends(own_origin)])


def demo_principal(request: Request, doors: Doors) -> Principal:
    """Who the visitor plays; nobody where the request was not sent to this machine."""
    if not is_loopback(request.url.hostname):
        return NOBODY
    name = request.cookies.get(COOKIE) if doors.has_login else None
    played = _playable(doors, name) if name else None
    if played is None:
        return DEMO
    return Principal(played.name, played.kind, played.acts_for, credential=DEMO_CREDENTIAL)


def has_login(request: Request, doors: Doors) -> bool:
    """Whether whoever sent the request may play somebody."""
    return doors.is_demo and doors.has_login and is_loopback(request.url.hostname)


@router.post("/demo/login", include_in_schema=False)
def login(request: Request, wanted: Annotated[Login, Depends(sent_as(Login))]) -> Response:
    """Play somebody; raises AccessError MP705 where there is no demo, MP722 (no such consumer)."""
    doors = doors_of(request)
    if not has_login(request, doors):
        raise AccessError("MP705", "there is no demo here", hint="send a token")
    answer = RedirectResponse(_back(wanted.back), status_code=303)
    if not wanted.name:
        answer.delete_cookie(COOKIE)
        return answer
    played = _playable(doors, wanted.name)
    if played is None:
        raise AccessError("MP722", f"there is no consumer `{wanted.name[:80]}`")
    audit = doors.access.audit
    about = {"door": "demo", "act": "login", "consumer": audit.who(played.principal)}
    audit.record(audit.entry(DEMO, doors.now(), **about))
    answer.set_cookie(COOKIE, played.name, httponly=True, samesite="strict")
    return answer


def _playable(doors: Doors, name: str) -> Consumer | None:
    found = next((one for one in doors.access.consumers.all() if one.name == name), None)
    return found if found and not found.is_disabled else None


def _back(path: str) -> str:
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


@dataclass(frozen=True)
class DemoPeople:
    """The people and machines that the demo has, and what they agreed on."""

    register: AccessRegister
    desk: Desk
    now: datetime

    def arrange(self) -> Mapping[str, str]:
        """Make what is missing; a fresh token of a day by consumer."""
        for name, kind in {**self._deciders(), ANALYST: Kind.PERSON}.items():
            self._add(Consumer(name, kind, None, None, "", is_disabled=False))
        self._add(Consumer(NEWSLETTER, Kind.SERVICE, None, ANALYST, "", is_disabled=False))
        self._add(Consumer(ASSISTANT, Kind.AGENT, ANALYST, None, "", is_disabled=False))
        if self.desk.mesh.find(CUSTOMERS):
            top, below = (step.name for step in self.desk.scale.steps[:-3:-1])
            consent = "Write to customers who gave their consent."
            self._agree(Terms(NEWSLETTER, CUSTOMERS, "direct-marketing", top, consent))
            ages = "See which ages and regions buy what, without the persons."
            self._agree(Terms(ANALYST, CUSTOMERS, "research", below, ages))
        made = (ANALYST, NEWSLETTER, ASSISTANT)
        return {name: self.register.tokens.create(name, self.now, days=1).secret for name in made}

    def _deciders(self) -> dict[str, Kind]:
        roles = (OWNER, PROTECTION)
        ports = self.desk.mesh.ports
        return {m.username: Kind.PERSON for p in ports for m in p.contract.team if m.role in roles}

    def _add(self, one: Consumer) -> None:
        if one.name not in {known.name for known in self.register.consumers.all()}:
            self.register.consumers.add(one, "demo", self.now)

    def _agree(self, terms: Terms) -> None:
        """What was asked for and granted before the demo begins."""
        held = self.register.agreements.of(terms.consumer, terms.port, self.now)
        if any(one.state.grants for one in held):
            return
        number = self.desk.request(terms, Principal(ANALYST, Kind.PERSON), self.now).number
        decider = Principal(self.desk.deciders(terms)[0], Kind.PERSON)
        self.desk.act(number, Act.APPROVE, decider, self.now, "approved for the demo")
