"""Everything that the environment decides, read in this one place."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from meshport.errors import SettingsError

PREFIX = "MESHPORT_"
KNOWN = {
    "MESHPORT_HOME": "state folder: warehouses, releases, run history (default: .meshport/)",
    "MESHPORT_SOURCE": "folder with source extracts (default: the built-in sample)",
}
# Set by meshport itself, for dbt.
_OWN = {"MESHPORT_WAREHOUSE"}


@dataclass(frozen=True)
class Settings:
    """Where the mesh lies, where its state goes, and where its data comes from."""

    root: Path
    home: Path
    source: Path | None
    """None: the built-in sample."""

    @property
    def dagster_home(self) -> Path:
        """Where Dagster keeps the history of all runs."""
        return self.home / "dagster"

    def warehouse(self, domain: str) -> Path:
        """A domain's private warehouse; never named like a schema in it."""
        return self.home / f"{domain}_warehouse.duckdb"


def read_settings(environment: Mapping[str, str], start: Path) -> Settings:
    """The settings for a mesh at or above `start`.

    Raises SettingsError: MP901 no mesh there, MP902 an unknown variable, MP903 a bad value.
    """
    unknown = sorted(n for n in environment if n.startswith(PREFIX) and n not in {*KNOWN, *_OWN})
    if unknown:
        hint = f"known: {', '.join(KNOWN)}"
        raise SettingsError("MP902", f"unknown variable {', '.join(unknown)}", hint=hint)
    root = find_root(start)
    home = root / (environment.get("MESHPORT_HOME") or ".meshport")
    if home.exists() and not home.is_dir():
        raise SettingsError("MP903", f"MESHPORT_HOME is not a folder: {home}")
    source = environment.get("MESHPORT_SOURCE")
    if source and not (root / source).is_dir():
        raise SettingsError("MP903", f"MESHPORT_SOURCE is not a folder: {source}")
    return Settings(root, home.resolve(), (root / source).resolve() if source else None)


def current_settings(start: Path | None = None) -> Settings:
    """The settings of this process, for the mesh around `start` or its working directory."""
    return read_settings(os.environ, start or Path.cwd())


def find_root(start: Path) -> Path:
    """The nearest folder at or above `start` that holds a workspace.yaml; raises MP901."""
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "workspace.yaml").is_file() and (folder / "domains").is_dir():
            return folder
    raise SettingsError(
        "MP901",
        f"no mesh at or above {start}",
        hint="go to a folder below one with workspace.yaml and domains/",
    )
