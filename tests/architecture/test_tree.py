"""The shape of the tree: what may lie where, how large it may grow, who may import what."""

from __future__ import annotations

import ast
import platform
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

import meshport
from meshport.error_codes import CODES
from tests.building import ROOT

SOURCE = Path(meshport.__file__).parent
MODULES = sorted(SOURCE.rglob("*.py"))
DOMAINS = sorted(path for path in (ROOT / "domains").iterdir() if path.is_dir())

OWNERS = {
    # A dependency is imported by one module or package: who wants to change it looks there alone.
    "click": {"cli"},
    "croniter": {"contracts/schedule.py"},
    "dagster": {"orchestration"},
    "dagster_dbt": {"orchestration/dbt_assets.py"},
    "dbt": {"orchestration/dbt_project.py"},
    "duckdb": {"warehouse.py", "sandbox/engine.py"},  # the sandbox is a process of its own
    "fastapi": {"serving"},
    "jinja2": {"serving/rendering.py", "lineage"},  # pages, and models that are somebody else's
    "joserfc": {"access/jwt.py"},
    "jsonschema_rs": {"contracts/schema.py"},
    "mcp": {"serving/agents/server.py"},
    "mcp_types": {"serving/agents/server.py"},
    "numpy": {"sources/sample"},
    "pyarrow": {"warehouse.py", "sandbox/results.py", "sources/sample"},
    # Documents of ours, and what is sent to us.
    "pydantic": {
        "products/descriptor.py",
        "publishing/manifest.py",
        "serving/sent.py",
        "serving/agents/arguments.py",
    },
    "pyiceberg": {"serving/iceberg"},
    "rich": {"cli"},
    "sqlglot": {"sql", "checks/statement.py"},
    "standardwebhooks": {"serving/webhooks/sending.py"},
    "starlette": {"serving"},
    "typer": {"cli"},
    "uvicorn": {"cli/server.py"},
    "yaml": {"yaml_file.py"},
}


def imports_of(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def is_below(file: str, owner: str) -> bool:
    return file == owner or file.startswith(f"{owner}/")


def test_the_platform_folder_does_not_hide_pythons_own_platform_module():
    assert not (ROOT / "platform" / "__init__.py").exists()
    assert platform.python_version()


def test_no_python_lies_in_the_root():
    assert list(ROOT.glob("*.py")) == []


def test_no_test_folder_has_the_name_of_a_top_level_folder():
    taken = {"platform", "domains", "contracts", "catalog"}

    assert {path.name for path in (ROOT / "tests").rglob("*") if path.is_dir()} & taken == set()


@pytest.mark.parametrize("file", MODULES, ids=lambda file: str(file.relative_to(SOURCE)))
def test_modules_and_functions_stay_small(file):
    text = file.read_text()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    long = [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, functions) and (node.end_lineno or 0) - node.lineno >= 50
    ]

    assert text.count("\n") <= 300
    assert long == []


def test_every_dependency_has_one_importing_place():
    strangers = defaultdict(set)
    for module in MODULES:
        name = module.relative_to(SOURCE).as_posix()
        for package in {imported.partition(".")[0] for imported in imports_of(module)}:
            if package in OWNERS and not any(is_below(name, owner) for owner in OWNERS[package]):
                strangers[package].add(name)

    assert strangers == {}


def test_the_machine_never_imports_a_domain():
    assert [
        file
        for file in MODULES
        if any(is_below(name.replace(".", "/"), "domains") for name in imports_of(file))
    ] == []


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda path: path.name)
def test_a_domain_imports_no_other_domain(domain):
    others = {path.name for path in DOMAINS} - {domain.name}

    for file in domain.rglob("*.py"):
        for name in imports_of(file):
            first, _, rest = name.partition(".")
            assert first != "domains" or rest.partition(".")[0] not in others
            assert first not in others


@pytest.mark.parametrize("domain", DOMAINS, ids=lambda path: path.name)
def test_every_domain_has_the_same_shape(domain):
    files = {"README.md", "data_product.odps.yaml", "definitions.py", "sources.py"}

    assert {path.name for path in domain.iterdir() if path.is_file()} == files
    assert (domain / "dbt" / "dbt_project.yml").is_file()
    assert (domain / "dbt" / "models" / "output_ports").is_dir()


def test_every_error_code_raised_is_explained_and_every_explained_one_is_raised():
    raised = set()
    for module in MODULES:
        if module.name != "error_codes.py":
            raised |= set(re.findall(r"\"(MP\d{3})\"", module.read_text()))

    assert raised == set(CODES)


def test_nothing_in_the_repository_names_this_machine():
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    paths = (str(ROOT), str(Path.home()) + "/")

    for name in listed.stdout.splitlines():
        text = (ROOT / name).read_bytes()
        assert not any(path.encode() in text for path in paths), name
