"""A built mesh with consumers of every kind, and servers in front of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from meshport.access.agreements import Act, Agreement, Terms
from meshport.access.consumers import Consumer
from meshport.access.desk import Desk
from meshport.access.principal import Kind, Principal
from meshport.access.register import AccessRegister
from meshport.contracts.classification import read_classifications
from meshport.names import PortId
from meshport.products.mesh import load_mesh
from meshport.serving.app import create_app
from tests.building import LOOPBACK, NOW, ROOT, settings_at

CUSTOMERS = PortId("customers", "customers", 1)
OWNER, OFFICER = "rosa.alves@example.com", "nara.luz@example.com"
PEOPLE = ("anna@example.com", OWNER, OFFICER)
OTHERS = (("mailer", Kind.SERVICE), ("robot", Kind.AGENT), ("outlet", Kind.PARTNER))


@dataclass
class Office:
    """A home's consumers, a desk to ask at, and a server whose clock can be moved."""

    home: Path
    opened: ExitStack
    now: datetime = NOW
    secrets: dict[str, str] = field(default_factory=dict)
    apps: dict[tuple[tuple[str, bool], ...], FastAPI] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.register = AccessRegister.at_home(self.home)
        for name in PEOPLE:
            self._add(name, Kind.PERSON)
        for name, kind in OTHERS:
            self._add(name, kind)

    @property
    def desk(self) -> Desk:
        return self.register.desk(load_mesh(ROOT), read_classifications(ROOT))

    def agree(self, consumer: str, access_class: str, **terms: object) -> Agreement:
        """What the consumer asks for on the customers, approved by whoever may."""
        about = {"port": CUSTOMERS, "purpose": "customer-care", "reason": "to answer who asks"}
        wanted = Terms(consumer=consumer, access_class=access_class, **{**about, **terms})
        asker = self.register.consumers.get(consumer)
        by = asker.contact or asker.acts_for or consumer
        number = self.desk.request(wanted, Principal(by, Kind.PERSON), self.now).number
        decider = Principal(self.desk.deciders(wanted)[0], Kind.PERSON)
        return self.desk.act(number, Act.APPROVE, decider, self.now)

    def client(self, consumer: str | None = None, **options: bool) -> TestClient:
        """A server as the consumer sees it; None: somebody without a token."""
        client = TestClient(self._app(**options), base_url=LOOPBACK)
        if consumer:
            client.headers["Authorization"] = f"Bearer {self.secret(consumer)}"
        return client

    def _app(self, **options: bool) -> FastAPI:
        """One server for all clients that ask for the same kind of it."""
        kind = tuple(sorted(options.items()))
        if kind not in self.apps:
            app = create_app(settings_at(self.home), lambda: self.now, **options)
            self.opened.enter_context(TestClient(app))
            self.apps[kind] = app
        return self.apps[kind]

    def secret(self, consumer: str) -> str:
        if consumer not in self.secrets:
            self.secrets[consumer] = self.register.tokens.create(consumer, self.now).secret
        return self.secrets[consumer]

    def _add(self, name: str, kind: Kind) -> None:
        acts_for = PEOPLE[0] if kind is Kind.AGENT else None
        contact = PEOPLE[0] if kind in (Kind.SERVICE, Kind.PARTNER) else None
        one = Consumer(name, kind, acts_for, contact, "", is_disabled=False)
        self.register.consumers.add(one, "test", self.now)


@pytest.fixture
def office(home: Path) -> Iterator[Office]:
    with ExitStack() as opened:
        yield Office(home, opened)


@pytest.fixture(scope="module")
def open_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """The same for all tests of a module: for what changes nothing, or does not mind others."""
    with ExitStack() as opened:
        yield Office(tmp_path_factory.mktemp("office") / "home", opened)


@pytest.fixture
def desk_office(tmp_path: Path) -> Iterator[Office]:
    """An office whose mesh has published nothing: enough to ask and to decide."""
    with ExitStack() as opened:
        yield Office(tmp_path / "home", opened)
