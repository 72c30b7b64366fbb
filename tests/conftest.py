"""The mesh is built once; each process has a copy, and tests that change it have their own."""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from dbt_common.tests import enable_test_caching
from hypothesis import settings

from meshport.sources.sample import SamplePlan, write_sample
from tests.building import copy_home, run_here, settings_at

# At a desk every run tries other examples; what is merged is held against the same ones.
settings.register_profile("repeatable", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("repeatable")

# dbt reads its own five hundred macros anew for each project; here once per process.
enable_test_caching()

# Like a run: what is imported and collected stays, and to look for cycles in it at every turn
# takes a quarter of the collection, and a second at a time after it.
gc.set_threshold(200_000, 50, 100)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built-in sample with a thousand orders, the same for all processes; not to be changed."""
    plan = SamplePlan(scale=0.01)
    return _made_once(tmp_path_factory, "sample", lambda folder: write_sample(folder, plan))


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """A home in which the whole mesh is published; not to be changed."""
    from meshport.orchestration.run_history import prepare_dagster_home

    first = _made_once(tmp_path_factory, "built", lambda home: _build(home, sample))
    home = Path(shutil.copytree(first, tmp_path_factory.mktemp("home") / "built"))
    prepare_dagster_home(settings_at(home))  # which says where its history lies
    return home


def _build(home: Path, source: Path) -> None:
    outcome = run_here(home, source)
    assert outcome.exit_code == 0, [one.refusal for one in outcome.domains] or outcome.unexpected


def _made_once(
    tmp_path_factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]
) -> Path:
    """A folder that the first of a test run's processes makes, and the others wait for."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            making = folder.with_suffix(".making")
            make(making)
            making.rename(folder)
    return folder


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """A copy of the built home, to be changed."""
    return copy_home(built, tmp_path / "home")


@pytest.fixture
def source(sample: Path, tmp_path: Path) -> Path:
    """A copy of the sample, to be spoilt."""
    return Path(shutil.copytree(sample, tmp_path / "source"))
