"""Who owns which files, by CODEOWNERS (the last matching line wins, as on GitHub)."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from pathlib import Path

PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


@dataclass(frozen=True)
class CodeOwners:
    """Patterns and the owners they name, in file order."""

    lines: tuple[tuple[str, tuple[str, ...]], ...]

    @classmethod
    def read(cls, root: Path) -> CodeOwners:
        """The repository's CODEOWNERS; nobody owns anything where there is none."""
        file = next((root / place for place in PLACES if (root / place).is_file()), None)
        lines = file.read_text(encoding="utf-8").splitlines() if file else []
        parts = [line.partition("#")[0].split() for line in lines]
        return cls(tuple((words[0], tuple(words[1:])) for words in parts if words))

    def of(self, path: str) -> tuple[str, ...]:
        """The owners of a file."""
        found: tuple[str, ...] = ()
        for pattern, owners in self.lines:
            if _matches(pattern, path):
                found = owners
        return found


def _matches(pattern: str, path: str) -> bool:
    anchored = pattern.lstrip("/")
    if pattern == "*":
        return True
    if pattern.endswith("/"):
        is_anywhere = "/" not in anchored.rstrip("/") and not pattern.startswith("/")
        return path.startswith(anchored) or (is_anywhere and f"/{anchored}" in path)
    if "/" not in anchored and not pattern.startswith("/"):
        return fnmatch.fnmatchcase(path.rpartition("/")[2], anchored)
    return fnmatch.fnmatchcase(path, anchored) or path.startswith(f"{anchored}/")
