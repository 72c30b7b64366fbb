"""What a reader has after `make demo`, on a hundredth of the data."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from meshport.orchestration.landing_step import SourceChoice
from tests.building import copy_mesh, run_there, settings_at


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mesh whose built-in sample, up to yesterday, is published; not to be changed."""
    now = datetime.now(UTC)
    root = copy_mesh(tmp_path_factory.mktemp("demo") / "mesh")
    sample = SourceChoice(scale=0.01).resolve(settings_at(root / ".meshport", root), now.date())
    outcome = run_there(root, root / ".meshport", sample, now=lambda: now)
    assert outcome.exit_code == 0, [one.refusal for one in outcome.domains] or outcome.unexpected
    return root


@pytest.fixture
def mesh(demo: Path, tmp_path: Path) -> Path:
    """A copy of it, to be changed."""
    return Path(shutil.copytree(demo, tmp_path / "mesh", ignore=shutil.ignore_patterns("dagster")))
