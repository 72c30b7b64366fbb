"""Servers to read from: over the whole built mesh, and over a small one of odd types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from meshport.serving.app import create_app
from tests.building import LOOPBACK, NOW, settings_at
from tests.doors.audited import Audited
from tests.doors.iceberg import load
from tests.doors.lab import GAUGES, Lab
from tests.doors.readers import PERSON, Readers
from tests.doors.receivers import Hooks

Ask = Callable[..., Response]


@pytest.fixture(scope="session")
def door(built: Path) -> Iterator[TestClient]:
    """A server over the built mesh, at the moment for which it was built."""
    with TestClient(
        create_app(settings_at(built), lambda: NOW, is_demo=True), base_url=LOOPBACK
    ) as client:
        yield client


@pytest.fixture
def open_door() -> Iterator[Callable[[Path], TestClient]]:
    """Opens a server over a home with the repository's mesh, until the test ends."""
    with ExitStack() as opened:
        yield lambda home: opened.enter_context(
            TestClient(create_app(settings_at(home), lambda: NOW, is_demo=True), base_url=LOOPBACK)
        )


@pytest.fixture(scope="session")
def small_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A laboratory with a hundred gauges; not to be changed."""
    with ExitStack() as opened:
        lab = Lab(tmp_path_factory.mktemp("lab"), opened)
        assert lab.publish()
        yield lab


@pytest.fixture(scope="session")
def small_door(small_lab: Lab) -> TestClient:
    """A server over the small laboratory."""
    return small_lab.client()


@pytest.fixture
def unpublished_lab(tmp_path: Path) -> Iterator[Lab]:
    """A laboratory of one's own that has published nothing."""
    with ExitStack() as opened:
        yield Lab(tmp_path, opened)


@pytest.fixture
def lab(unpublished_lab: Lab) -> Lab:
    """A published laboratory of one's own."""
    assert unpublished_lab.publish()
    return unpublished_lab


@pytest.fixture(scope="session")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Readers]:
    """A laboratory with somebody of every access class; not to be changed."""
    with ExitStack() as opened:
        yield Readers(tmp_path_factory.mktemp("readers"), opened)


@pytest.fixture(scope="module")
def client(readers: Readers) -> TestClient:
    """Their laboratory as its service sees it; many a module has a client of another kind."""
    return readers.client("service")


@pytest.fixture(scope="module")
def loaded(client: TestClient) -> dict[str, Any]:
    """The table of gauges, with keys to its objects."""
    return load(client, GAUGES)


@pytest.fixture
def own_readers(tmp_path: Path) -> Iterator[Readers]:
    """The same, with agreements that a test may change."""
    with ExitStack() as opened:
        yield Readers(tmp_path, opened)


@pytest.fixture(scope="session")
def shared_hooks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hooks]:
    """A server with webhooks, and its clock; for `hooks`."""
    with ExitStack() as opened:
        yield Hooks(Readers(tmp_path_factory.mktemp("hooks"), opened))


@pytest.fixture
def hooks(shared_hooks: Hooks) -> Hooks:
    """The same without webhooks and without a past; agreements and tokens are not to be changed."""
    return shared_hooks.begin()


@pytest.fixture(scope="session")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    """The same with its audit; what a test does to it is gone, or harmless, when it ends."""
    with ExitStack() as opened:
        yield Audited(tmp_path_factory.mktemp("audited"), opened)


@pytest.fixture(scope="session")
def sql_server(readers: Readers) -> TestClient:
    """One server for all of them."""
    return readers.client()


@pytest.fixture
def ask(readers: Readers, sql_server: TestClient) -> Ask:
    """Sends a query as one of them."""

    def asked(sql: str, by: str | None = PERSON, **body: str) -> Response:
        headers = readers.sent_by(by)
        return sql_server.post("/sql", json={"sql": sql, **body}, headers=headers)

    return asked
