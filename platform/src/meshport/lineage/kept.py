"""Results kept between runs in one SQLite file; losing it costs time and nothing else."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

_NAME = "lineage"
_TABLE = (
    "create table if not exists kept (stage text, domain text, digest text, value text,"
    " primary key (stage, domain))"
)


class Kept:
    """What was found for each domain, by stage, with the digest of what it follows from."""

    def __init__(self, folder: Path | None) -> None:
        self.file = folder / f"{_NAME}-{_code()}.sqlite" if folder is not None else None

    def read(self, stage: str) -> dict[str, tuple[str, str]]:
        """Domain → (digest, JSON); empty where there is no cache, or none that can be read."""
        if self.file is None or not self.file.is_file():
            return {}
        try:
            with closing(sqlite3.connect(self.file, timeout=5)) as con:
                rows = con.execute(
                    "select domain, digest, value from kept where stage = ?", [stage]
                )
                return {domain: (digest, value) for domain, digest, value in rows}
        except sqlite3.Error:
            self._forget()
            return {}

    def write(self, stage: str, values: Mapping[str, tuple[str, Any]], domains: set[str]) -> None:
        """Keep values, domain → (digest, value); forget domains that are no more."""
        if self.file is None:
            return
        rows = [(stage, name, digest, json.dumps(v)) for name, (digest, v) in values.items()]
        with suppress(OSError, sqlite3.Error):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self.file, timeout=5)) as con, con:
                con.execute(_TABLE)
                con.executemany("insert or replace into kept values (?, ?, ?, ?)", rows)
                known = {name for (name,) in con.execute("select distinct domain from kept")}
                gone = [(name,) for name in known - domains]
                con.executemany("delete from kept where domain = ?", gone)
                self._forget_others()

    def _forget_others(self) -> None:
        """Files that other code wrote."""
        assert self.file is not None
        for file in self.file.parent.glob(f"{_NAME}-*.sqlite"):
            if file != self.file:
                file.unlink(missing_ok=True)

    def _forget(self) -> None:
        with suppress(OSError):
            if self.file is not None:
                self.file.unlink()


@cache
def _code() -> str:
    """A fingerprint of the code that finds lineage: what other code found may mean other things."""
    found = hashlib.sha256()
    for package in ("meshport.lineage", "meshport.sql"):
        for file in sorted(resources.files(package).iterdir(), key=lambda one: one.name):
            if file.name.endswith(".py"):
                found.update(file.read_bytes())
    return found.hexdigest()[:12]
