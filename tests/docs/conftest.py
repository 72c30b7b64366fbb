"""What a reader has after `make demo`, on a hundredth of the data."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.building import copy_mesh, meshport
from tests.docs.shell import SMALL


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mesh whose built-in sample, up to yesterday, is published; not to be changed."""
    root = copy_mesh(tmp_path_factory.mktemp("demo") / "mesh")
    done = meshport("run", *SMALL.split(), cwd=root)
    assert done.returncode == 0, done.stderr
    return root


@pytest.fixture
def mesh(demo: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(demo, tmp_path / "mesh", ignore=shutil.ignore_patterns("dagster")))
