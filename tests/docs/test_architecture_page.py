"""ARCHITECTURE.md is a map of the tree as it is: nothing missing, nothing that is gone."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

import meshport
from tests.building import ROOT

SOURCE = Path(meshport.__file__).parent
PAGE = (ROOT / "ARCHITECTURE.md").read_text()
PACKAGES = sorted(
    path.parent.relative_to(SOURCE).as_posix()
    for path in SOURCE.rglob("__init__.py")
    if path.parent != SOURCE
)


def section(heading: str) -> str:
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", PAGE, re.M | re.S)
    assert found, f"no section {heading}"
    return found[1]


def modules_named_in(text: str) -> set[str]:
    return set(re.findall(r"`([a-z_]+\.py)`", text))


def modules_in(folder: Path) -> set[str]:
    return {file.name for file in folder.glob("*.py")} - {"__init__.py"}


def third_party_imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        found |= {name.partition(".")[0] for name in names}
    return found - set(sys.stdlib_module_names) - {"meshport"}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_and_its_modules_are_on_the_map(package):
    named = modules_named_in(section(f"{package}/"))
    there = modules_in(SOURCE / package)

    assert there - named == set()
    # A domain's own definitions.py and sources.py are told about where they are used.
    assert named - there - {"definitions.py", "sources.py"} == set()


def test_the_modules_outside_of_packages_are_on_the_map():
    assert modules_named_in(section("The ground")) == modules_in(SOURCE)


def test_every_section_about_a_package_is_about_one_that_is_there():
    assert set(re.findall(r"^## ([a-z_/]+)/$", PAGE, re.M)) == set(PACKAGES)


def test_the_layers_are_those_that_are_enforced():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    enforced = [
        {part.strip() for part in layer.split("|")} for layer in settings["contracts"][0]["layers"]
    ]
    listed = re.findall(r"^\d+\. (.+)$", PAGE, re.M)

    assert [set(re.findall(r"`([a-z_]+)(?:\.py)?`", line)) for line in listed] == enforced


def test_the_table_of_dependencies_is_what_is_imported():
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", section("Where dependencies live"), re.M)
    table = {name: re.findall(r"`([^`]+)`", places) for name, places in rows}
    used = {name: False for name, places in table.items() for _ in places}
    strangers = set()
    for file in sorted(SOURCE.rglob("*.py")):
        path = file.relative_to(SOURCE).as_posix()
        for name in third_party_imports(file):
            used[name] = True
            if not any(path == place or path.startswith(place) for place in table.get(name, [])):
                strangers.add((name, path))

    assert strangers == set()
    assert [name for name, is_used in used.items() if not is_used] == []


@pytest.mark.xdist_group("docs")
def test_the_layout_of_the_home_folder_is_what_a_run_leaves(demo):
    layout = section("State on disk")
    home = demo / ".meshport"
    for path in home.iterdir():
        shown = re.sub(r"^[a-z]+_warehouse", "<domain>_warehouse", path.name)
        assert f"  {shown}" in layout, path
    for path in (home / "store").glob("*/**/*"):
        shown = "/".join(path.relative_to(home / "store").parts[1:])
        shown = re.sub(r"[a-z]+-\d{6}-[0-9a-f]{8}", "<release>", shown)
        shown = re.sub(r"[0-9a-f]{64}", "<sha256>", shown)
        shown = re.sub(r"^files/[0-9a-f]{2}/", "files/<ab>/", shown)
        assert path.is_dir() or f"    {shown}" in layout, path
