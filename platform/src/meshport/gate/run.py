"""The whole gate: every contract against its base and its past, and the mesh as one piece."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path

from meshport.changes.difference import difference
from meshport.changes.judgement import Surroundings
from meshport.contracts.classification import Classifications, read_classifications
from meshport.contracts.policies import breaches, read_policies
from meshport.contracts.read import contract_of
from meshport.errors import MeshportError
from meshport.gate import mesh_rules, parity, versions
from meshport.gate.history import History
from meshport.gate.meaning import Meaning
from meshport.gate.people import People
from meshport.gate.published import FOLDER, Past, PastContract, port_at
from meshport.gate.waivers import Waivers
from meshport.products.mesh import Mesh, load_mesh
from meshport.reports.result import ContractReport, Level, Problem, Report, Waived, problems_of
from meshport.yaml_file import read_yaml


@dataclass(frozen=True)
class GateRun:
    """One run: the mesh, the reference it is held against, the day it is."""

    root: Path
    reference: str
    today: date
    cache: Path | None = None
    """Where lineage of models that did not change is kept."""
    is_replayed: bool = False
    """Whether base and head are run on the same sample where a model's SQL changed."""

    def report(self) -> Report:
        """Everything that was found; raises SettingsError MP910 to MP912 without a base."""
        reports = tuple(self._contract_reports())
        return Report(
            title="contract gate",
            contracts=reports,
            problems=tuple(self._problems(reports)),
            base=self.history.base,
            command=f"meshport contract gate --against {self.reference}",
        )

    @cached_property
    def history(self) -> History:
        """What git knows, at the merge base."""
        return History.at(self.root, self.reference)

    @cached_property
    def past(self) -> Past:
        """The contracts before the change; of unchanged ones only where they stand."""
        return Past.read(self.history, set(self.changed))

    @cached_property
    def heads(self) -> Mapping[str, PastContract | MeshportError]:
        """Every contract of the working tree, or why it cannot be read, by path."""
        return {path: _read(self.root / path, path) for path in self._paths()}

    @cached_property
    def changed(self) -> list[str]:
        """Paths of contracts that are not as they were at the base, removed ones too."""
        base = self.history.files(FOLDER)
        now = {path: _git_name(self.root / path) for path in self._paths()}
        return sorted(
            path
            for path in {*base, *now}
            if path.endswith(".odcs.yaml")
            and (path not in now or path not in base or base[path].name != now[path])
        )

    @cached_property
    def mesh(self) -> Mesh:
        """The data products of the working tree."""
        return load_mesh(self.root)

    @cached_property
    def waivers(self) -> Waivers:
        """Who answers for which finding."""
        return Waivers.read(self.root, self.today)

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
        return People.read(self.root, self.cache, promised)

    def _paths(self) -> list[str]:
        files = sorted((self.root / FOLDER).rglob("*.odcs.yaml"))
        return [str(file.relative_to(self.root)) for file in files]

    def _contract_reports(self) -> Iterator[ContractReport]:
        for path in self.changed:
            head = self.heads.get(path)
            if not isinstance(head, PastContract):
                continue
            base = self.past.at_base(path)
            if base is None:
                yield ContractReport.first(head.contract)
            else:
                yield self._compared(base, head)

    def _compared(self, base: PastContract, head: PastContract) -> ContractReport:
        whole = difference(base.document, head.document, self.around)
        about = (head.contract.id, head.contract.version)
        waived, counted = [], []
        for finding in whole.findings:
            waiver = self.waivers.of(finding, *about)
            if waiver:
                said = f"{waiver.reason} ({waiver.owner}, until {waiver.expires})"
                waived.append(Waived(finding, said))
            else:
                counted.append(finding)
        return ContractReport(
            replace(whole, findings=tuple(counted)),
            hits=tuple(self.people.hit_by(head.contract, counted)),
            waived=tuple(waived),
            version_place=head.document.place(("version",)),
        )

    def _problems(self, reports: tuple[ContractReport, ...]) -> Iterator[Problem]:
        for fault in self.heads.values():
            if isinstance(fault, MeshportError):
                yield from problems_of(fault)
        yield from self._of_policies()
        yield from self._of_versions()
        yield from self._of_removed()
        readable = [head for head in self.heads.values() if isinstance(head, PastContract)]
        yield from versions.majors_side_by_side(readable, self.today)
        yield from mesh_rules.problems(self.mesh, readable, self.today)
        yield from self.people.problems(self.history.changed("."))
        yield from parity.problems(self.mesh, self.people.lineage)
        yield from self._of_meaning()
        for report in reports:
            new = report.difference.new
            for finding in report.difference.findings:
                yield from self.waivers.refused(finding, new.id, new.version)
        yield from self.waivers.problems()

    def _of_policies(self) -> Iterator[Problem]:
        contracts = [h.contract for h in self.heads.values() if isinstance(h, PastContract)]
        try:
            found = breaches(contracts, read_policies(self.root), self.scale)
        except MeshportError as error:
            yield from problems_of(error)
            return
        for breach in found:
            level = Level.ERROR if breach.policy.is_error else Level.WARNING
            place = breach.place
            about = (place.file, place.line, place.column, breach.message, breach.hint)
            yield Problem(breach.policy.id, level, *about)

    def _of_versions(self) -> Iterator[Problem]:
        for path in self.changed:
            head, base = self.heads.get(path), self.past.at_base(path)
            if isinstance(head, PastContract):
                before = self.past.before(path)
                yield from versions.Versions(head, base, before, self.around).problems()
                if base is None and before:
                    yield from versions.reused_port(head, before)

    def _of_meaning(self) -> Iterator[Problem]:
        heads = [head for head in self.heads.values() if isinstance(head, PastContract)]
        bases = {path: self.past.at_base(path) for path in self.changed}
        # A contract that did not change has the version that it had.
        versions_then = {port_at(head.contract.file): head.version for head in heads}
        versions_then |= {port_at(path): base.version for path, base in bases.items() if base}
        meaning = Meaning(self.history, self.mesh, self.people.lineage, versions_then)
        yield from meaning.replayed(self.waivers) if self.is_replayed else meaning.problems()

    def _of_removed(self) -> Iterator[Problem]:
        for path in self.changed:
            base = self.past.at_base(path)
            if base and path not in self.heads:
                readers = self.people.readers_of(base.contract)
                yield from versions.removed_port(base, readers, self.today)


def _read(file: Path, shown: str) -> PastContract | MeshportError:
    try:
        document = read_yaml(file, shown)
        return PastContract(document, contract_of(document))
    except MeshportError as error:
        return error


def _git_name(file: Path) -> str:
    """Git's name for a file's content (gitformat-loose)."""
    text = file.read_bytes()
    return hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False).hexdigest()
