"""A laboratory with columns of every class, and somebody of every kind who reads it.

`lab.gauges` is masked and has a row scope; of `lab.people` only the highest class sees anything.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from meshport.access.agreements import Act, Agreement, Terms
from meshport.access.consumers import Consumer
from meshport.access.principal import Kind, Principal
from meshport.access.register import AccessRegister
from meshport.contracts.classification import read_classifications
from meshport.products.mesh import load_mesh
from meshport.serving.app import create_app
from meshport.serving.identity import Asker
from meshport.serving.limits import Limits
from meshport.serving.state import Doors
from tests.building import LOOPBACK, NOW, ROOT, column, settings_at
from tests.doors.lab import GAUGE_COLUMNS, GAUGE_ROWS, GAUGES, PEOPLE, PEOPLE_COLUMNS, SECRET, Lab

OWNER, OFFICER = "owner@example.com", "officer@example.com"
PERSON = "anna@example.com"
CONFIDENTIAL = {"classification": "confidential"}
SITES = "select g.*, 'site ' || substr(gauge_id, 6) as site from ({rows}) g"


def property_(name: str, value: Any) -> dict[str, Any]:
    return {"customProperties": [{"property": name, "value": value}]}


SENSITIVITY: dict[str, dict[str, Any]] = {
    "gauge_id": {"classification": "public"},
    "narrow": {"classification": "public"},
    "note": property_("untrustedText", True),
    "wide": CONFIDENTIAL,
    "made_on": {**CONFIDENTIAL, **property_("maskingPolicy", "year")},
    "owner_email": {**SECRET, **property_("maskingPolicy", "hash")},
}


@dataclass
class Readers:
    """The laboratory, the clock of its server, and the consumers' tokens."""

    folder: Path
    opened: ExitStack
    now: datetime = NOW
    secrets: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.lab = Lab(self.folder, self.opened)
        shutil.copy(ROOT / "catalog/purposes.yaml", self.lab.root / "catalog")
        gauges = [{**one, **SENSITIVITY.get(one["name"], {})} for one in GAUGE_COLUMNS]
        site = column("site", "VARCHAR", required=True, **property_("rowScope", True))
        self.lab.promise(GAUGES, *gauges, site)
        self.lab.promise(PEOPLE, *({**one, **SECRET} for one in PEOPLE_COLUMNS))
        roles = {OWNER: "Data Product Owner", OFFICER: "Data Protection Officer"}
        members = [{"username": name, "role": role} for name, role in roles.items()]
        self.lab.describe(team={"name": "Lab team", "members": members})
        assert self.lab.publish(gauges=SITES.format(rows=GAUGE_ROWS), now=self.now)
        self.register = AccessRegister.at_home(self.lab.home)
        for name in (PERSON, OWNER, OFFICER):
            self.add(name, Kind.PERSON)
        for name in ("service", "scoped", "highest"):
            self.add(name, Kind.SERVICE)
        self.add("robot", Kind.AGENT)
        self.add("outlet", Kind.PARTNER)
        self.agree("service", "confidential")
        self.agree("scoped", "confidential", scope=("site 3", "site 7"))
        self.agree("highest", "restricted")
        self.agree("highest", "restricted", port=PEOPLE)

    def agree(self, consumer: str, access_class: str, **terms: Any) -> Agreement:
        """What the consumer asked for, approved by whoever may."""
        about = {"port": GAUGES, "purpose": "customer-care", "reason": "to answer who asks"}
        wanted = Terms(consumer=consumer, access_class=access_class, **{**about, **terms})
        mesh, scale = load_mesh(self.lab.root), read_classifications(self.lab.root)
        desk = self.register.desk(mesh, scale)
        number = desk.request(wanted, Principal(PERSON, Kind.PERSON), self.now).number
        decider = Principal(desk.deciders(wanted)[0], Kind.PERSON)
        return desk.act(number, Act.APPROVE, decider, self.now)

    def revoke(self, agreement: Agreement) -> None:
        """Take an agreement back."""
        mesh, scale = load_mesh(self.lab.root), read_classifications(self.lab.root)
        desk = self.register.desk(mesh, scale)
        decider = Principal(desk.deciders(agreement.terms)[0], Kind.PERSON)
        desk.act(agreement.number, Act.REVOKE, decider, self.now)

    def client(self, consumer: str | None = None, **limits: Any) -> TestClient:
        """A server as the consumer sees it; None: somebody without a token."""
        settings = settings_at(self.lab.home, self.lab.root)
        # A minute for a query: a slow machine is no wrong answer.
        allowed = Limits(**{"statement": 60.0, **limits})
        app = create_app(settings, lambda: self.now, limits=allowed)
        client = self.opened.enter_context(TestClient(app, base_url=LOOPBACK))
        client.headers.update(self.sent_by(consumer))
        return client

    def sent_by(self, consumer: str | None) -> dict[str, str]:
        """The headers that say who it is."""
        if consumer is None:
            return {}
        if consumer not in self.secrets:
            self.secrets[consumer] = self.register.tokens.create(consumer, self.now).secret
        return {"Authorization": f"Bearer {self.secrets[consumer]}"}

    def asker(self, consumer: str) -> Asker:
        """The consumer as a door knows it."""
        doors = Doors(settings_at(self.lab.home, self.lab.root), lambda: self.now)
        kind = self.register.consumers.get(consumer).kind
        return Asker(doors, Principal(consumer, kind), None)

    def add(self, name: str, kind: Kind) -> None:
        """Register a consumer, with the person behind it."""
        acts_for = PERSON if kind is Kind.AGENT else None
        contact = PERSON if kind in (Kind.SERVICE, Kind.PARTNER) else None
        one = Consumer(name, kind, acts_for, contact, "", is_disabled=False)
        self.register.consumers.add(one, "test", self.now)
