"""The whole gate: every contract against its base and its past, and the mesh as one piece."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from meshport.changes.compare import Finding
from meshport.changes.difference import difference
from meshport.changes.judgement import Surroundings
from meshport.checks.runnable import unrunnable
from meshport.contracts.classification import Classifications, read_classifications
from meshport.contracts.model import Contract
from meshport.contracts.read_all import FOLDER, Contracts, read_all
from meshport.errors import MeshportError
from meshport.gate import house_rules, mesh_rules, versions
from meshport.gate.effects import Effects
from meshport.gate.history import History
from meshport.gate.meaning import Meaning
from meshport.gate.parity import Parity
from meshport.gate.people import People
from meshport.gate.personal_data import PersonalData
from meshport.gate.published import Past, PastContract, port_at
from meshport.gate.unkept import Promises
from meshport.gate.waivers import FILE as WAIVERS_FILE
from meshport.gate.waivers import Waivers
from meshport.lineage.actual_reads import ActualReader, with_actual
from meshport.lineage.workers import Workers
from meshport.names import PortId
from meshport.products.mesh import Mesh, load_mesh
from meshport.reports.result import (
    ContractReport,
    Problem,
    Report,
    Waived,
    problems_of,
)


@dataclass(frozen=True)
class GateRun:
    """One run: the mesh, the reference it is held against, the day it is."""

    root: Path
    reference: str
    today: date
    cache: Path | None = None
    """Where what follows from files that did not change is kept."""
    is_replayed: bool = False
    """Whether base and head are run on the same sample where a model's SQL changed."""
    readers: Sequence[ActualReader] = ()
    """Who really read what lately, where anybody knows."""

    def report(self) -> Report:
        """Everything that was found; raises SettingsError MP910 to MP912 without a base."""
        _ = self.past  # Both of these threads ask for it.
        with self.workers.staying(), ThreadPoolExecutor(1) as apart:
            # Lineage waits for other processes most of the time.
            people = apart.submit(lambda: self.people)
            _ = self.mesh, self._house_rules
            people.result()
            return self._report()

    def _report(self) -> Report:
        reports = tuple(self._contract_reports())
        return Report(
            title="contract gate",
            contracts=reports,
            problems=tuple(self._problems(reports)),
            base=self.history.base,
            command=f"meshport contract gate --against {self.reference}",
            figures=self.parity.figures,
        )

    @cached_property
    def workers(self) -> Workers:
        """The processes that read what others wrote."""
        return Workers()

    @cached_property
    def history(self) -> History:
        """What git knows, at the merge base."""
        return History.at(self.root, self.reference)

    @cached_property
    def past(self) -> Past:
        """The contracts before the change; of unchanged ones only where they stand."""
        return Past.read(self.history, set(self.changed))

    @cached_property
    def contracts(self) -> Contracts:
        """Every contract of the working tree, or why it cannot be read, by path."""
        return read_all(self.root, self.cache)

    @cached_property
    def heads(self) -> Mapping[str, PastContract | MeshportError]:
        """The same, each as a version beside those before it."""
        return {
            path: PastContract(read) if isinstance(read, Contract) else read
            for path, read in self.contracts.items()
        }

    @cached_property
    def changed(self) -> list[str]:
        """Paths of contracts that are not as they were at the base, removed ones too."""
        base = self.history.files(FOLDER)
        now = {path: _git_name(self._text(path)) for path in self.contracts}
        return sorted(
            path
            for path in {*base, *now}
            if path.endswith(".odcs.yaml")
            and (path not in now or path not in base or base[path].name != now[path])
        )

    @cached_property
    def mesh(self) -> Mesh:
        """The data products of the working tree."""
        return load_mesh(self.root, self.contracts)

    @cached_property
    def waivers(self) -> Waivers:
        """Who answers for which finding."""
        before = self.history.files(WAIVERS_FILE)
        texts = self.history.texts(before.values())
        return Waivers.read(self.root, self.today, next(iter(texts.values()), None))

    @cached_property
    def scale(self) -> Classifications:
        """The mesh's scale of sensitivity."""
        return read_classifications(self.root)

    @cached_property
    def around(self) -> Surroundings:
        """What every comparison is told."""
        classes = tuple(step.name for step in self.scale.steps)
        return Surroundings(today=self.today, classes=classes)

    @cached_property
    def people(self) -> People:
        """Who relies on what, by what was promised before the change."""
        bases = {path: self.past.at_base(path) for path in self.changed}
        promised = {
            port_at(path): [column.name for column in base.contract.table.columns]
            for path, base in bases.items()
            if base and base.contract.tables
        }
        found = People.read(self.root, self.cache, promised, self.workers)
        return replace(found, consumers=with_actual(found.consumers, self.readers))

    @cached_property
    def effects(self) -> Effects:
        """What findings do to those who rely on what they are about."""
        contracts = self._before, self._now
        promises = Promises(self.mesh, self.people.lineage, *contracts, self.workers)
        return Effects(self.people, promises, self.meaning)

    @cached_property
    def _before(self) -> Mapping[PortId, Contract]:
        return _by_port(filter(None, map(self.past.at_base, self.changed)))

    @cached_property
    def _now(self) -> Mapping[PortId, Contract]:
        return _by_port(head for head in self.heads.values() if isinstance(head, PastContract))

    def _text(self, path: str) -> bytes:
        read = self.contracts[path]
        # What cannot be read was said to be so; it may not even be a file.
        return read.text if isinstance(read, Contract) else b""

    def _contract_reports(self) -> Iterator[ContractReport]:
        for path in self.changed:
            head, base = self.heads.get(path), self.past.at_base(path)
            if head is None and base:
                yield ContractReport.silent(base.contract, self.effects.of_removed(port_at(path)))
            elif isinstance(head, PastContract) and base is None:
                yield ContractReport.first(head.contract)
            elif isinstance(head, PastContract) and base:
                yield self._compared(base, head)

        yield from self.effects.silent(self.changed)

    def _compared(self, base: PastContract, head: PastContract) -> ContractReport:
        whole = difference(base.document, head.document, self.around)
        about = (head.contract.id, head.contract.version)
        waived, counted = [], []
        for finding in self._with_lineage(head, whole.findings):
            waiver = self.waivers.of(finding, *about)
            if waiver:
                said = f"{waiver.reason} ({waiver.owner}, until {waiver.expires})"
                waived.append(Waived(finding, said))
            else:
                counted.append(finding)
        return ContractReport(
            replace(whole, findings=tuple(counted)),
            hits=self.effects.of(port_at(head.contract.file), counted),
            waived=tuple(waived),
            version_place=head.document.place(("version",)),
        )

    def _with_lineage(self, head: PastContract, found: Iterable[Finding]) -> Iterator[Finding]:
        """The findings with what only the mesh around the two contracts tells."""
        port = port_at(head.contract.file)
        for finding in found:
            yield self.personal_data.judged(port, self.people.informed(port, finding))

    @cached_property
    def personal_data(self) -> PersonalData:
        """Which columns are personal or sensitive, and what is made of them."""
        return PersonalData(self.people.lineage, self._now, self.scale, self._before)

    @cached_property
    def parity(self) -> Parity:
        """Contracts, models, generated files, API and descriptors side by side."""
        return Parity(self.mesh, self.people.lineage, self.scale, self.cache)

    def _problems(self, reports: tuple[ContractReport, ...]) -> Iterator[Problem]:
        for fault in self.heads.values():
            if isinstance(fault, MeshportError):
                yield from problems_of(fault)
        yield from self._of_unrunnable()
        yield from self._house_rules
        yield from self._of_versions()
        yield from self._of_removed()
        readable = [head for head in self.heads.values() if isinstance(head, PastContract)]
        yield from versions.majors_side_by_side(readable, self.today)
        yield from mesh_rules.problems(self.mesh, readable, self.today)
        yield from self.people.problems(self.history.changed("."))
        yield from self.personal_data.problems(self.waivers)
        yield from self.parity.problems()
        meaning, waivers = self.meaning, self.waivers
        yield from meaning.replayed(waivers) if self.is_replayed else meaning.problems()
        for report in reports:
            new = report.difference.new
            for finding in report.difference.findings:
                yield from self.waivers.refused(finding, new.id, new.version)
        yield from self.waivers.problems()

    def _of_unrunnable(self) -> Iterator[Problem]:
        """MP310, MP311: what is not changed ran, or was said before."""
        heads = (self.heads.get(path) for path in self.changed)
        for fault in unrunnable(one.contract for one in heads if isinstance(one, PastContract)):
            yield from problems_of(fault)

    @cached_property
    def _house_rules(self) -> list[Problem]:
        contracts = [h.contract for h in self.heads.values() if isinstance(h, PastContract)]
        return list(house_rules.problems(self.root, contracts, self.scale))

    def _of_versions(self) -> Iterator[Problem]:
        for path in self.changed:
            head, base = self.heads.get(path), self.past.at_base(path)
            if isinstance(head, PastContract):
                before = self.past.before(path)
                yield from versions.Versions(
                    head, base, before, self.around, self.past.meanwhile(path)
                ).problems()
                if base is None and before:
                    yield from versions.reused_port(head, before)

    @cached_property
    def meaning(self) -> Meaning:
        """The ports behind which SQL changed."""
        heads = [head for head in self.heads.values() if isinstance(head, PastContract)]
        bases = {path: self.past.at_base(path) for path in self.changed}
        # A contract that did not change has the version that it had.
        versions_then = {port_at(head.contract.file): head.version for head in heads}
        versions_then |= {port_at(path): base.version for path, base in bases.items() if base}
        return Meaning(self.history, self.mesh, self.people.lineage, versions_then)

    def _of_removed(self) -> Iterator[Problem]:
        for path in self.changed:
            base = self.past.at_base(path)
            if base and path not in self.heads:
                readers = [hit.consumer for hit in self.effects.of_removed(port_at(path))]
                yield from versions.removed_port(base, readers, self.today)


def _by_port(versions: Iterable[PastContract]) -> dict[PortId, Contract]:
    contracts = (one.contract for one in versions if one.contract.tables)
    return {port_at(contract.file): contract for contract in contracts}


def _git_name(text: bytes) -> str:
    """Git's name for a file's content (gitformat-loose)."""
    return hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False).hexdigest()
