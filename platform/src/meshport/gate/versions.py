"""Versions and life cycles: what a contract's number, status and end of support have to be.

VER01 to VER06, FLD004, OBJ006, PRT07 of the rules; the comparisons themselves are `changes`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from meshport.changes.difference import difference, mode_of
from meshport.changes.judgement import Surroundings
from meshport.changes.verdict import Consumer
from meshport.contracts.lifecycle import end_of_support
from meshport.contracts.model import Contract
from meshport.contracts.version import Version
from meshport.errors import Place
from meshport.gate.problem import error, warning
from meshport.gate.published import PastContract
from meshport.reports.result import Problem

_NEXT = ("proposed", "draft", "active", "deprecated", "retired")


@dataclass(frozen=True)
class Versions:
    """One contract of a change and all its earlier versions."""

    head: PastContract
    base: PastContract | None
    before: Sequence[PastContract]
    around: Surroundings
    meanwhile: PastContract | None = None
    """What somebody else made of it since the base, where the change goes to."""

    def problems(self) -> Iterator[Problem]:
        """Everything that is wrong with version and life cycle."""
        yield from self._number()
        yield from self._immutable()
        yield from self._reused_columns()
        if self.base:
            yield from self._bump(self.base)
            yield from self._earlier(self.base)
            yield from self._status(self.base.contract)

    def _number(self) -> Iterator[Problem]:
        if self.head.version is None:
            fact = f"the version `{self.head.contract.version}` is not SemVer"
            yield error("VER03", fact, self._place("version"), "write MAJOR.MINOR.PATCH")
        elif self.base and self.base.version and self.head.version < self.base.version:
            fact = f"the version goes back from {self.base.version} to {self.head.version}"
            yield error("VER03", fact, self._place("version"), "versions only grow")

    def _immutable(self) -> Iterator[Problem]:
        """VER01: what was published under a number stays as it was."""
        for past in filter(None, (*self.before, self.meanwhile)):
            is_other = past.contract.version != self.head.contract.version
            if is_other or not past.is_published:
                continue
            found = difference(past.document, self.head.document, self.around)
            if found.findings:
                needed = found.required_version
                fact = f"{past.contract.version} was published with another content"
                yield error("VER01", fact, self._place("version"), f"write version: {needed}")
                return

    def _bump(self, base: PastContract) -> Iterator[Problem]:
        """VER02, the other way round: a version that announces a break which is none."""
        found = difference(base.document, self.head.document, self.around)
        needed, given = Version.parse(found.required_version), self.head.version
        if needed and given and given.major > needed.major and base.is_published:
            fact = f"version {given} announces a break, {needed} says all that changed"
            yield warning("VER02", fact, self._place("version"), f"write version: {needed}")

    def _earlier(self, base: PastContract) -> Iterator[Problem]:
        """VER02 against every earlier version of the major, in a transitive mode."""
        if not mode_of(self.head.contract).stricter(mode_of(base.contract)).is_transitive:
            return
        for past in self.before:
            if past.contract.major != self.head.contract.major or not past.is_published:
                continue
            if past.contract.version in (base.contract.version, self.head.contract.version):
                continue
            found = difference(past.document, self.head.document, self.around)
            if found.verdict is Consumer.MAJOR and not found.is_version_enough:
                worst = next(f for f in found.findings if f.verdict.consumer is Consumer.MAJOR)
                fact = f"who still reads by {past.contract.version} breaks: {worst.message}"
                hint = f"write version: {found.required_version}"
                yield error("VER02", fact, self._place("version"), hint)
                return

    def _status(self, base: Contract) -> Iterator[Problem]:
        """VER06: forward along the life cycle."""
        old, new = base.status, self.head.contract.status
        if old in _NEXT and new in _NEXT and _NEXT.index(new) < _NEXT.index(old):
            fact = f"the status goes back from {old} to {new}"
            yield error("VER06", fact, self._place("status"), "publish a new major instead")

    def _reused_columns(self) -> Iterator[Problem]:
        """FLD004: a name that once meant something else does not come back to mean another."""
        tables = self.base.contract.tables if self.base else ()
        known = {column.name for table in tables for column in table.columns}
        for table in self.head.contract.tables:
            for column in table.columns:
                if column.name in known:
                    continue
                past = self._last_with(table.name, column.name)
                was = past.find_table(table.name) if past else None
                old = was.column(column.name) if was else None
                if past and old and old.logical_type != column.logical_type:
                    fact = (
                        f"`{column.name}` was a {old.logical_type} in {past.version}, "
                        f"now it comes back as a {column.logical_type}"
                    )
                    yield error("FLD004", fact, column.place, "give it another name")

    def _last_with(self, table: str, column: str) -> Contract | None:
        for past in reversed(self.before):
            found = past.contract.find_table(table)
            if past.is_published and found and found.column(column):
                return past.contract
        return None

    def _place(self, key: str) -> Place:
        return self.head.document.place((key,))


def majors_side_by_side(heads: Sequence[PastContract], today: date) -> Iterator[Problem]:
    """VER05: a new major lives beside the old one, which says until when it is supported."""
    by_id: dict[str, list[PastContract]] = {}
    for head in heads:
        by_id.setdefault(head.contract.id, []).append(head)
    for versions in by_id.values():
        newest = max(one.contract.major for one in versions)
        for one in versions:
            if one.contract.major < newest and one.is_published:
                yield from _superseded(one, newest, today)


def _superseded(one: PastContract, newest: int, today: date) -> Iterator[Problem]:
    ends, contract = end_of_support(one.contract), one.contract
    if ends is None:
        fact = f"v{newest} of {contract.id} is there, and v{contract.major} names no end of support"
        hint = "add an slaProperty endOfSupport, and set its status to deprecated"
        yield warning("VER05", fact, one.document.place(("slaProperties",)), hint)
    elif ends < today:
        fact = f"{contract.id} v{contract.major} is past its end of support ({ends})"
        yield warning("VER05", fact, one.document.place(("slaProperties",)), "retire it")


def removed_port(past: PastContract, consumers: Sequence[str], today: date) -> Iterator[Problem]:
    """PRT01: a port goes only after its end of support, and when nobody reads it any more."""
    contract, place = past.contract, Place(past.document.file)
    if not past.is_published:
        return
    if consumers:
        fact = f"{contract.id} v{contract.major} is removed, and {', '.join(consumers)} read it"
        yield error("PRT01", fact, place, "move the consumers first")
    ends = end_of_support(contract)
    if contract.status not in ("deprecated", "retired") or ends is None or ends > today:
        fact = f"{contract.id} v{contract.major} is removed before its end of support"
        hint = "set its status to deprecated and an endOfSupport, wait for that day, then remove it"
        yield error("PRT01", fact, place, hint)


def reused_port(head: PastContract, past: Sequence[PastContract]) -> Iterator[Problem]:
    """OBJ006: the address of a port that was removed is not given to another promise."""
    published = [one for one in past if one.is_published and one.version]
    if published and head.version:
        last = max(published, key=lambda one: one.version or Version(0, 0, 0))
        if last.version and head.version <= last.version:
            fact = f"{head.contract.id} {last.version} was removed; it comes back as {head.version}"
            hint = "give it a version above the last one, or another name"
            yield error("OBJ006", fact, head.document.place(("version",)), hint)
