"""The mesh is built once per test process; tests that change it work on a copy."""

from __future__ import annotations

import gc
import os
import shutil
from pathlib import Path

import pytest
from dbt_common.tests import enable_test_caching
from hypothesis import settings

from meshport.sources.sample import SamplePlan, write_sample
from tests.building import copy_home, run_here

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
    """The built-in sample with a thousand orders."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, SamplePlan(scale=0.01))
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    """A home in which the whole mesh is published; not to be changed."""
    home = tmp_path_factory.mktemp("home") / "built"
    outcome = run_here(home, sample)
    assert outcome.exit_code == 0, [one.refusal for one in outcome.domains] or outcome.unexpected
    return home


@pytest.fixture
def home(built: Path, tmp_path: Path) -> Path:
    """A copy of the built home, to be changed."""
    return copy_home(built, tmp_path / "home")


@pytest.fixture
def source(sample: Path, tmp_path: Path) -> Path:
    """A copy of the sample, to be spoilt."""
    return Path(shutil.copytree(sample, tmp_path / "source"))
