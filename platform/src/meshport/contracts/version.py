"""Versions of contracts (SemVer 2.0.0, without pre-release and build)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SEMVER = re.compile(r"v?(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", re.ASCII)


@dataclass(frozen=True, order=True)
class Version:
    """MAJOR.MINOR.PATCH, in their order."""

    major: int
    minor: int
    patch: int

    @classmethod
    def parse(cls, text: str) -> Version | None:
        """The version a text says; None where it is not one."""
        match = _SEMVER.fullmatch(text)
        return cls(*(int(part) for part in match.groups())) if match else None

    def bumped(self, part: str) -> Version:
        """The next version after a `major`, `minor` or `patch` change; itself after `none`."""
        if part == "major":
            # Below 1.0.0 anything may change at a minor bump (SemVer §4).
            return Version(self.major + 1, 0, 0) if self.major else Version(0, self.minor + 1, 0)
        if part == "minor":
            return Version(self.major, self.minor + 1, 0)
        if part == "patch":
            return Version(self.major, self.minor, self.patch + 1)
        return self

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"
