"""A domain's dbt project on disk, and dbt itself run in this process.

With `dbt_assets.py` the only importer of dbt and dagster-dbt. In-process dbt needs under half of
the processor time of a subprocess; `dbtRunner` keeps global state, so one runs at a time.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshport.errors import MeshportError, Place, ProductError
from meshport.settings import Settings

_ONE_AT_A_TIME = threading.Lock()
# What this process has parsed, by target folder: a build after it need not read it again.
_PARSED: dict[Path, Any] = {}
# What went wrong is in the result; dbt would print it on stdout, where only data belongs.
_SILENT = ("--quiet", "--log-level", "none", "--log-level-file", "none")
_PINNED = ("dbt-core", "dbt-duckdb", "dagster-dbt")
CONTRACT_BROKEN = "This model has an enforced contract that failed"


@dataclass(frozen=True)
class DbtProjectFiles:
    """Where a domain's dbt project lies and where its artefacts go."""

    domain: str
    project: Path
    profiles: Path
    target: Path
    warehouse: Path

    @classmethod
    def of(cls, settings: Settings, domain: str) -> DbtProjectFiles:
        """The project of one domain of the mesh."""
        return cls(
            domain,
            project=settings.root / "domains" / domain / "dbt",
            profiles=settings.root / "platform" / "dbt",
            target=settings.home / "dbt" / domain,
            warehouse=settings.warehouse(domain),
        )

    @property
    def manifest(self) -> Path:
        """dbt's manifest of the project."""
        return self.target / "manifest.json"

    def prepare(self) -> bool:
        """Parse the project unless its manifest fits its files; the result says whether it did.

        Raises ProductError MP230 where dbt cannot parse it.
        """
        stamp = self.target / "meshport_fingerprint"
        fingerprint = self._fingerprint()
        if self.manifest.is_file() and stamp.is_file() and stamp.read_text() == fingerprint:
            return False
        _PARSED.pop(self.target, None)  # given a manifest, dbt would not read the files again
        _PARSED[self.target] = self.run(["parse"])
        stamp.write_text(fingerprint)
        return True

    def run(self, command: list[str], on_event: Callable[[Any], None] | None = None) -> Any:
        """Run one dbt command; raises ProductError MP230 (parse), MP231 (build) or MP232."""
        # Three seconds of imports, only where dbt runs.
        from dbt.cli.main import dbtRunner  # noqa: PLC0415

        self.target.mkdir(parents=True, exist_ok=True)
        callbacks = [on_event] if on_event else []
        with _ONE_AT_A_TIME, _environment(MESHPORT_WAREHOUSE=str(self.warehouse)):
            runner = dbtRunner(manifest=_PARSED.get(self.target), callbacks=callbacks)
            result = runner.invoke([*_SILENT, *command, *self._where()])
        if not result.success:
            raise self._failure(command[0], result)
        return result.result

    def _where(self) -> list[str]:
        return [
            *("--project-dir", str(self.project)),
            *("--profiles-dir", str(self.profiles)),
            *("--target-path", str(self.target)),
            *("--log-path", str(self.target)),
        ]

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for name in _PINNED:
            digest.update(f"{name} {importlib.metadata.version(name)}\n".encode())
        for folder in (self.project, self.profiles):
            for file in sorted(_sources(folder)):
                digest.update(f"{file.relative_to(folder)}\n".encode())
                digest.update(file.read_bytes())
        return digest.hexdigest()

    def _failure(self, command: str, result: Any) -> MeshportError:
        project = f"domains/{self.domain}/dbt"
        if result.exception is not None or not getattr(result.result, "results", None):
            said = _brief(str(result.exception or "dbt gave no reason"))
            return ProductError("MP230" if command == "parse" else "MP231", said, Place(project))
        broken = [one for one in result.result.results if one.status in ("error", "fail")]
        said = "\n".join(f"{one.node.name}: {_brief(one.message or '')}" for one in broken)
        code = "MP232" if CONTRACT_BROKEN in said else "MP231"
        file = f"{project}/{broken[0].node.original_file_path}" if broken else project
        return ProductError(code, said or "dbt gave no reason", Place(file))


def _brief(said: str) -> str:
    """dbt's words without the stack of its own macros."""
    lines = [line.rstrip() for line in said.strip().splitlines()]
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("> "))


def _sources(folder: Path) -> Iterable[Path]:
    return (f for f in folder.rglob("*") if f.suffix in (".sql", ".yml", ".yaml", ".csv", ".py"))


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
