"""Results kept between runs, one SQLite file per kind; losing it costs time and nothing else.

What is kept is JSON: a state folder that comes from elsewhere can hold wrong answers, never code.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

_LIBRARIES = ("pyyaml", "jsonschema-rs", "open-data-contract-standard", "sqlglot", "jinja2")
_SECONDS = 5
_TABLE = (
    "create table if not exists kept (stage text, name text, digest text, value text,"
    " seal text, primary key (stage, name))"
)


class Stage:
    """What is kept of one kind of value, by name, each with the digest of what it follows from."""

    def __init__(self, rows: Mapping[str, tuple[str, str]]) -> None:
        self._rows = rows
        self._asked: set[str] = set()
        self._fresh: dict[str, tuple[str, str]] = {}

    def find(self, name: str, digest: str) -> Any:
        """The value, if it follows from the same; None where it does not, or is not kept."""
        self._asked.add(name)
        known, value = self._rows.get(name, ("", ""))
        return json.loads(value) if known == digest else None

    def before(self, name: str) -> Any:
        """The value, whatever it follows from; None where there is none."""
        return json.loads(self._rows[name][1]) if name in self._rows else None

    def keep(self, name: str, digest: str, value: Any) -> None:
        """Keep a value that JSON can hold and that is not None."""
        self._asked.add(name)
        self._fresh[name] = (digest, json.dumps(value))

    @property
    def news(self) -> tuple[Mapping[str, tuple[str, str]], set[str]]:
        """What to write, and the names that nobody asked for any more."""
        return self._fresh, self._rows.keys() - self._asked


class Kept:
    """A file in `folder`, named by `kind`; without a folder nothing is kept.

    `made_by` are the packages whose code makes the values: what other code found may mean other
    things and is forgotten.
    """

    def __init__(self, folder: Path | None, kind: str, made_by: Iterable[str]) -> None:
        self.kind = kind
        self.file = folder / f"{kind}-{_code(*made_by)}.sqlite" if folder is not None else None

    @contextmanager
    def stage(self, name: str) -> Iterator[Stage]:
        """What is kept under a name; at the end news are written, and the rest is forgotten."""
        stage = Stage(self._read(name))
        yield stage
        fresh, gone = stage.news
        if self.file is not None and (fresh or gone):
            with suppress(OSError, sqlite3.Error):
                self._write(name, fresh, gone)

    def _read(self, stage: str) -> dict[str, tuple[str, str]]:
        if self.file is None or not self.file.is_file():
            return {}
        try:
            with closing(sqlite3.connect(self.file, timeout=_SECONDS)) as con:
                rows = con.execute(
                    "select name, digest, value, seal from kept where stage = ?", [stage]
                )
                return {
                    name: (digest, value)
                    for name, digest, value, seal in rows
                    if seal == _seal(stage, name, digest, value)
                }
        except sqlite3.Error:
            self._forget(self.file)
            return {}

    def _write(
        self, stage: str, fresh: Mapping[str, tuple[str, str]], gone: Collection[str]
    ) -> None:
        assert self.file is not None
        rows = [(stage, name, *one, _seal(stage, name, *one)) for name, one in fresh.items()]
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.file, timeout=_SECONDS)) as con, con:
            self.file.chmod(0o600)  # it may tell who reads what
            con.execute(_TABLE)
            con.executemany("insert or replace into kept values (?, ?, ?, ?, ?)", rows)
            lost = [(stage, name) for name in gone]
            con.executemany("delete from kept where stage = ? and name = ?", lost)
        for file in self.file.parent.glob(f"{self.kind}-*.sqlite"):
            if file != self.file:
                self._forget(file)

    def _forget(self, file: Path) -> None:
        with suppress(OSError):
            file.unlink()


def _seal(*row: str) -> str:
    """What a row has to hold to be whole: a bit that flips on disk must not change a result."""
    return hashlib.sha256("\0".join(map(str, row)).encode(errors="replace")).hexdigest()


@cache
def _code(*packages: str) -> str:
    """A fingerprint of our code in some packages, and of the libraries that it reads with."""
    found = hashlib.sha256()
    for package in ("meshport", *packages):
        for file in sorted(resources.files(package).iterdir(), key=lambda one: one.name):
            if file.name.endswith(".py"):
                found.update(file.read_bytes())
    for library in _LIBRARIES:
        found.update(version(library).encode())
    return found.hexdigest()[:12]
