"""Waivers: findings that somebody answers for, until a day (WAI01, WAI02).

catalog/waivers.yaml lists them: rule, path (a contract's file, or its path within the contract),
reason, owner, approver, expires, and the contract's version they are for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from meshport.changes.compare import Finding
from meshport.changes.verdict import Governance
from meshport.contracts.schema import name_hint
from meshport.errors import CatalogError, MeshportError, Place
from meshport.gate.owners import CodeOwners
from meshport.gate.problem import error
from meshport.reports.result import Problem
from meshport.yaml_file import YamlDocument, parse_yaml, read_yaml

FILE = "catalog/waivers.yaml"
_KEYS = ("rule", "contract", "path", "version", "reason", "owner", "approver", "expires")
_OPTIONAL = ("path",)


@dataclass(frozen=True)
class Waiver:
    """One exception: which finding, why, who answers, until when."""

    rule: str
    contract: str
    """The contract's id."""
    path: str | None
    """The finding's path within the contract; None: any."""
    version: str
    reason: str
    owner: str
    approver: str
    expires: date
    place: Place = field(compare=False)

    def covers(self, finding: Finding, contract: str, version: str) -> bool:
        """Whether it is about this finding of this version of a contract."""
        is_about = (self.rule, self.contract, self.version) == (finding.rule, contract, version)
        return is_about and self.path in (None, finding.path)


@dataclass
class Waivers:
    """All waivers, and which of them were used."""

    all: Sequence[Waiver]
    owners: CodeOwners
    today: date
    merged: frozenset[Waiver] = frozenset()
    """Those that were merged with a change before: they have done their work."""
    used: set[Waiver] = field(default_factory=set)

    @classmethod
    def read(cls, root: Path, today: date, before: bytes | None = None) -> Waivers:
        """The mesh's waivers, `before` being the file's text at the base of the change.

        Raises CatalogError MP505 where the file is broken.
        """
        file = root / FILE
        listed = _read(read_yaml(file, FILE)) if file.is_file() else ()
        return cls(tuple(listed), CodeOwners.read(root), today, _merged(before))

    def of(self, finding: Finding, contract: str, version: str) -> Waiver | None:
        """The waiver that is valid for a finding; it counts as used from now on."""
        for waiver in self.all:
            if not waiver.covers(finding, contract, version):
                continue
            self.used.add(waiver)
            if waiver.expires >= self.today and self._may_approve(waiver, finding):
                return waiver
        return None

    def covers_rule(self, rule: str, contract: str, version: str) -> bool:
        """Whether somebody signed what a run showed, as SEM03, for this version of a contract."""
        wanted = (rule, contract, version)
        for waiver in self.all:
            if wanted == (waiver.rule, waiver.contract, waiver.version):
                self.used.add(waiver)
                if waiver.expires >= self.today:
                    return True
        return False

    def problems(self) -> Iterator[Problem]:
        """Waivers that are expired, used by nothing, or approved by somebody who may not."""
        for waiver in self.all:
            if waiver.expires < self.today:
                fact = f"the waiver of {waiver.rule} for {waiver.contract} ended {waiver.expires}"
                yield error("WAI01", fact, waiver.place, "mend what it waived, or renew it")
            elif waiver not in self.used and waiver not in self.merged:
                fact = f"the waiver of {waiver.rule} for {waiver.contract} waives nothing"
                yield error("WAI01", fact, waiver.place, "remove it")
            elif waiver.owner == waiver.approver:
                fact = f"{waiver.owner} approved their own waiver"
                yield error("WAI01", fact, waiver.place, "somebody else has to approve it")

    def refused(self, finding: Finding, contract: str, version: str) -> Iterator[Problem]:
        """WAI02: waivers of governance findings whose approver does not own the policies."""
        for waiver in self.all:
            if waiver.covers(finding, contract, version) and not self._may_approve(waiver, finding):
                named = ", ".join(self._governors()) or "nobody yet: CODEOWNERS names no owner"
                fact = f"{waiver.approver} may not waive {waiver.rule}"
                hint = f"the owners of catalog/policies/ may: {named}"
                yield error("WAI02", fact, waiver.place, hint)

    def _may_approve(self, waiver: Waiver, finding: Finding) -> bool:
        is_governance = finding.verdict.governance is Governance.BLOCK
        return not is_governance or waiver.approver in self._governors()

    def _governors(self) -> tuple[str, ...]:
        return self.owners.of("catalog/policies/")


def _merged(before: bytes | None) -> frozenset[Waiver]:
    if before is None:
        return frozenset()
    try:
        return frozenset(_read(parse_yaml(before, FILE)))
    except MeshportError:
        # What could not be read then waived nothing.
        return frozenset()


def _read(document: YamlDocument) -> Iterator[Waiver]:
    entries = document.value.get("waivers") if isinstance(document.value, dict) else None
    if not isinstance(entries, list):
        raise CatalogError("MP505", "a list under the key `waivers` is needed", document.place())
    for index, entry in enumerate(entries):
        yield _waiver(document, entry, index)


def _waiver(document: YamlDocument, entry: Any, index: int) -> Waiver:
    place = document.place(("waivers", index))
    keys = set(entry) if isinstance(entry, dict) else set()
    unknown = sorted(keys - set(_KEYS))
    if unknown:
        there = document.place(("waivers", index, unknown[0]))
        hint = name_hint(unknown[0], list(_KEYS))
        raise CatalogError("MP505", f"unknown key `{unknown[0]}` in a waiver", there, hint)
    missing = [key for key in _KEYS if key not in keys and key not in _OPTIONAL]
    if missing:
        raise CatalogError("MP505", f"a waiver lacks {', '.join(missing)}", place)
    try:
        expires = date.fromisoformat(str(entry["expires"]))
    except ValueError as wrong:
        there = document.place(("waivers", index, "expires"))
        fact = f"not a day: {entry['expires']}"
        raise CatalogError("MP505", fact, there, "write YYYY-MM-DD") from wrong
    texts = {key: str(entry[key]) for key in _KEYS if key in keys and key != "expires"}
    return Waiver(**{"path": None, **texts}, expires=expires, place=place)  # type: ignore[arg-type]
