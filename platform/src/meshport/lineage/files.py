"""The files that lineage follows from, domain by domain."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from meshport.products.mesh import domain_names

MAX_BYTES = 4 * 1024 * 1024
TOO_LARGE = f"the file has more than {MAX_BYTES:,} bytes"
_ENDINGS = (".sql", ".yml", ".yaml", ".py", ".csv")
# What dbt itself writes, or fetches.
_SKIPPED = {"target", "dbt_packages", "logs"}
SHARED = "platform/dbt"
"""Where the macros and the profile of all domains lie."""


@dataclass(frozen=True)
class DomainFiles:
    """The texts of one domain, by path relative to the mesh's root."""

    domain: str
    texts: Mapping[str, str]
    refused: Mapping[str, str]
    """Files that are not read, and why."""

    @property
    def folder(self) -> str:
        """The folder of the domain's dbt project."""
        return f"domains/{self.domain}/dbt"

    @property
    def words(self) -> dict[str, str]:
        """Contracts and YAML."""
        return {f: text for f, text in self.texts.items() if f.endswith((".yml", ".yaml"))}

    def below(self, folders: Iterable[str], *endings: str) -> dict[str, str]:
        """The files in some folders with some endings."""
        starts = tuple(f"{folder}/" for folder in folders)
        return {
            file: text
            for file, text in self.texts.items()
            if file.startswith(starts) and file.endswith(endings)
        }


def read_domains(root: Path) -> Iterator[DomainFiles]:
    """Every domain of the mesh; the shared macros and profiles count among each one's files."""
    shared, refused = _texts(root, _found(f"{root}/{SHARED}"))
    for domain in domain_names(root):
        contracts = _found(f"{root}/contracts/{domain}")
        texts, too_large = _texts(root, [*contracts, *_found(f"{root}/domains/{domain}/dbt")])
        yield DomainFiles(domain, {**shared, **texts}, {**refused, **too_large})


def digest(*parts: object) -> str:
    """One short name for a content."""
    made = hashlib.sha256()
    for part in parts:
        made.update(str(part).encode())
        made.update(b"\0")
    return made.hexdigest()[:32]


def _found(folder: str) -> Iterator[str]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(set(folders) - _SKIPPED)
        for file in sorted(files):
            path = f"{place}/{file}"
            # A link could lead out of the repository, and a pipe would never end.
            if file.endswith(_ENDINGS) and stat.S_ISREG(os.lstat(path).st_mode):
                yield path


def _texts(root: Path, files: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    texts, refused = {}, {}
    start = len(str(root)) + 1
    for file in files:
        shown = file[start:]
        with open(file, "rb", buffering=0) as opened:
            content = opened.read(MAX_BYTES + 1)
        if shown.endswith(".csv"):
            # Of a seed only the names of its columns matter.
            content = content.partition(b"\n")[0]
        if len(content) > MAX_BYTES:
            refused[shown], content = TOO_LARGE, b""
        texts[shown] = content.decode(errors="replace")
    return texts, refused
