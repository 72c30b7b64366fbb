"""The mesh's lineage is found once per test process; tests that change the mesh work on a copy."""

from __future__ import annotations

import shutil

import pytest

from meshport.lineage.graph import lineage_of
from tests.building import ROOT, copy_mesh


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    """A cache that knows the mesh as it is; not to be changed."""
    folder = tmp_path_factory.mktemp("lineage")
    lineage_of(ROOT, folder)
    return folder


@pytest.fixture(scope="session")
def mesh(filled):
    """The lineage of the mesh as it is."""
    return lineage_of(ROOT, filled)


@pytest.fixture
def root(tmp_path):
    """A mesh to be changed."""
    return copy_mesh(tmp_path / "mesh")


@pytest.fixture
def cache(filled, tmp_path):
    """A cache to be changed."""
    return shutil.copytree(filled, tmp_path / "cache")
