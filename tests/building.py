"""What tests build with: the real mesh, real sources with planted faults, small contracts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from meshport.contracts.model import Contract
from meshport.contracts.read import contract_of
from meshport.settings import Settings
from meshport.yaml_file import dump_yaml, parse_yaml

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "http://127.0.0.1"
"""Where a server for this machine alone is reached; it takes no other name."""
SHARED = ROOT.parent / "shared" / "data"
NOW = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)
"""Six hours after the sample's last day."""

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared test data is not here")
MESH_PARTS = ("contracts", "domains", "catalog", "workspace.yaml", "platform/dbt", ".gitignore")


def contract(**root: Any) -> Contract:
    """A small valid contract; keywords replace its root keys."""
    return contract_of(parse_yaml(contract_text(**root), "c.odcs.yaml"))


def contract_text(**root: Any) -> bytes:
    """The same as YAML."""
    document = {
        "apiVersion": "v3.2.0",
        "kind": "DataContract",
        "id": "shop.things",
        "version": "1.0.0",
        "status": "active",
        "name": "Things",
        "domain": "shop",
        "description": {"purpose": "Things to test with, one by one."},
        "schema": [table("things", column("thing_id", "VARCHAR(8)", primaryKey=True))],
        **root,
    }
    return dump_yaml(document).encode()


def table(name: str, *columns: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A schema object."""
    return {
        "name": name,
        "description": "One thing that somebody has.",
        "dataGranularityDescription": "One row per thing.",
        "properties": list(columns),
        **keys,
    }


_LOGICAL = {
    "VARCHAR": "string",
    "INTEGER": "integer",
    "BIGINT": "integer",
    "TINYINT": "integer",
    "DECIMAL": "number",
    "DOUBLE": "number",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMPTZ": "timestamp",
    "UUID": "string",
}


def column(name: str, physical_type: str, **keys: Any) -> dict[str, Any]:
    """A schema property, its logical type following from the physical one."""
    return {
        "name": name,
        "logicalType": _LOGICAL[physical_type.partition("(")[0]],
        "physicalType": physical_type,
        "description": f"What somebody says of {name} and of nothing else.",
        "classification": "internal",
        **keys,
    }


def settings_at(home: Path, root: Path = ROOT) -> Settings:
    """Settings over the repository's mesh with state of its own."""
    return Settings(root, home, None)


def copy_home(home: Path, target: Path) -> Path:
    """A copy of what is published, without histories, caches and who may read.

    A server may have SQLite open there, which loses its locks where its own process opens and
    closes a file once more.
    """
    ignored = shutil.ignore_patterns("dagster", "cache", "*.sqlite*")
    return Path(shutil.copytree(home, target, ignore=ignored))


def run_here(home: Path, source: Path, *domains: str, **conductor: Any) -> Any:
    """Run the repository's mesh in this process; the result is the RunOutcome."""
    from meshport.orchestration.domain import Conductor
    from meshport.orchestration.landing_step import SourceChoice
    from meshport.orchestration.whole_mesh import run_mesh

    with environment(MESHPORT_HOME=str(home)):
        baton = Conductor(**{"now": lambda: NOW, "source": SourceChoice(source), **conductor})
        return run_mesh(settings_at(home), baton, domains)


def run_there(root: Path, home: Path, source: Path, *domains: str, **conductor: Any) -> Any:
    """Run the mesh below another root in this process, with that mesh's own domain code."""
    from meshport.orchestration.domain import Conductor
    from meshport.orchestration.landing_step import SourceChoice
    from meshport.orchestration.whole_mesh import run_mesh

    with environment(MESHPORT_HOME=str(home)), domains_of(root):
        baton = Conductor(**{"now": lambda: NOW, "source": SourceChoice(source), **conductor})
        return run_mesh(settings_at(home, root), baton, domains)


@contextmanager
def domains_of(root: Path) -> Iterator[None]:
    """Import the package `domains` from below `root` for the length of a block."""

    def forget() -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "domains"]:
            del sys.modules[name]

    forget()
    sys.path.insert(0, str(root))
    try:
        yield
    finally:
        sys.path.remove(str(root))
        forget()


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Variables for the length of a block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def copy_mesh(target: Path) -> Path:
    """A mesh of one's own to break: the repository's files, without its code."""
    for part in MESH_PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, target / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target / part)
    return target


def edit(file: Path, old: str, new: str) -> None:
    """Replace text in a file that has to hold it."""
    text = file.read_text()
    assert old in text, f"{old!r} is not in {file}"
    file.write_text(text.replace(old, new))


def meshport(
    *arguments: object, cwd: Path = ROOT, **variables: object
) -> subprocess.CompletedProcess[str]:
    """Run the real command line in a process of its own."""
    given = {name: str(value) for name, value in variables.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MESHPORT_")}
    return subprocess.run(
        [sys.executable, "-m", "meshport.cli.main", *map(str, arguments)],
        cwd=cwd,
        env={**kept, **given},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def rewrite(file: Path, change: Callable[[list[str]], Sequence[str]]) -> None:
    """Change a CSV file's lines, the header first."""
    lines = file.read_text().splitlines()
    file.write_text("\n".join(change(lines)) + "\n")


def plant(file: Path, column: str, value: str, rows: Iterable[int]) -> list[dict[str, str]]:
    """Write a value into one column of some rows of a CSV file, the first being row 0.

    `{row}` in the value becomes the row's number. The result is these rows as they are now.
    """
    lines = file.read_text().splitlines()
    names = lines[0].split(",")
    planted = []
    for row in rows:
        fields = lines[row + 1].split(",")
        fields[names.index(column)] = value.format(row=row)
        planted.append(dict(zip(names, fields, strict=True)))
        lines[row + 1] = ",".join(fields)
    file.write_text("\n".join(lines) + "\n")
    return planted
