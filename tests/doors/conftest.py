"""Servers to read from: over the whole built mesh, and over a small one of odd types."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from meshport.serving.app import create_app
from tests.building import NOW, settings_at
from tests.doors.lab import Lab


@pytest.fixture(scope="session")
def door(built: Path) -> Iterator[TestClient]:
    """A server over the built mesh, at the moment for which it was built."""
    with TestClient(create_app(settings_at(built), lambda: NOW)) as client:
        yield client


@pytest.fixture
def open_door() -> Iterator[Callable[[Path], TestClient]]:
    """Opens a server over a home with the repository's mesh, until the test ends."""
    with ExitStack() as opened:
        yield lambda home: opened.enter_context(
            TestClient(create_app(settings_at(home), lambda: NOW))
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
