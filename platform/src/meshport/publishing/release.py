"""Make a release of audited candidates: adopt their files, write the manifest, move the pointer."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meshport import __version__
from meshport.checks.spec import AgeRule, CheckResult
from meshport.contracts.classification import Classifications
from meshport.contracts.masking import CLEAR
from meshport.contracts.model import Contract
from meshport.publishing.candidate import Candidate
from meshport.publishing.durable import sha256_of, sync_file, sync_folder, write_atomically
from meshport.publishing.manifest import (
    FULL,
    CheckOutcome,
    Manifest,
    MaskedColumn,
    NativeColumn,
    PortRelease,
    Projection,
    Quarantine,
    ServiceLevelMeasure,
    StoredFile,
    schema_hash,
    sealed,
)
from meshport.publishing.projections import ProjectionWriter, View, views
from meshport.publishing.quarantine import budget_percent
from meshport.publishing.store import DomainStore
from meshport.warehouse import Connection, describe, parquet_scan


@dataclass(frozen=True)
class Audited:
    """A candidate with everything that was found about it, ready to be released."""

    candidate: Candidate
    results: Sequence[CheckResult]
    quarantine: Sequence[Path]
    by_reason: Mapping[str, int]
    quarantined: int


class ReleaseWriter:
    """Writes one release into a domain's store."""

    def __init__(self, con: Connection, store: DomainStore, scale: Classifications) -> None:
        self.con = con
        self.store = store
        self.scale = scale

    def write(self, about: dict[str, Any], audited: Sequence[Audited]) -> Manifest:
        """Adopt the files and write the manifest; readers do not see it before the pointer moves.

        `about` holds the manifest's fields other than sequence, parent and ports.
        """
        releases = self.store.releases()
        last = max((int(release.rsplit("-", 2)[1]) for release in releases), default=0)
        ports = {str(one.candidate.port.id): self._port(one) for one in audited}
        manifest = sealed(
            {
                **about,
                "domain": self.store.domain,
                "sequence": last + 1,
                "parent": self.store.pointer().current,
                "meshport": __version__,
                "ports": ports,
            }
        )
        folder = self.store.folder / "releases" / manifest.release
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lease").touch()
        write_atomically(folder / "manifest.json", manifest.model_dump_json(indent=1).encode())
        sync_folder(folder.parent)
        return manifest

    def _port(self, audited: Audited) -> PortRelease:
        candidate = audited.candidate
        contract = candidate.port.contract
        columns = [
            NativeColumn(name=column.name, type=column.type)
            for column in describe(self.con, parquet_scan([candidate.file]))
        ]
        projections = self._projections(candidate, columns)
        return PortRelease(
            port=str(candidate.port.id),
            contract_version=contract.version,
            contract=self._keep_contract(contract),
            schema_hash=schema_hash(columns),
            columns=columns,
            key=list(contract.table.key),
            rows=candidate.rows,
            projections=projections,
            quarantine=Quarantine(
                rows=audited.quarantined,
                budget_percent=budget_percent(contract),
                by_reason=dict(audited.by_reason),
                files=[self._adopt(file, self._rows(file)) for file in audited.quarantine],
            ),
            checks=[CheckOutcome(**result.as_json()) for result in audited.results],
            service_levels=_service_levels(contract, audited.results),
        )

    def _projections(
        self, candidate: Candidate, columns: list[NativeColumn]
    ) -> dict[str, Projection]:
        """What every access class gets; the candidate's own file goes last, for others need it."""
        contract = candidate.port.contract
        writer = ProjectionWriter(self.con, candidate.file, self.store.masking_key())
        made: dict[View, Projection] = {View((), None): Projection(columns=[], files=[])}
        by_class = dict(views(contract, columns, self.scale))
        for view in by_class.values():
            if view not in made and not view.is_everything(columns):
                made[view] = self._projection(view, writer.write(view, columns))
        everything = View(tuple((column.name, CLEAR) for column in columns), None)
        full = writer.write(everything, columns)
        made[everything] = self._projection(everything, full)
        named = {reader.name: made[view] for reader, view in by_class.items()}
        return {FULL: made[everything], **named}

    def _projection(self, view: View, file: Path) -> Projection:
        names = [name for name, _ in view.columns]
        native = {c.name: c.type for c in describe(self.con, parquet_scan([file]))}
        return Projection(
            columns=names,
            masked=[
                MaskedColumn(name=name, mask=str(mask), type=native[name])
                for name, mask in view.columns
                if not mask.is_clear
            ],
            files=[self._adopt(file, self._rows(file))],
        )

    def _adopt(self, file: Path, rows: int) -> StoredFile:
        """Move a file to where its content belongs; an equal one that is there already is kept."""
        digest = sha256_of(file)
        path = f"files/{digest[:2]}/{digest}{file.suffix}"
        target = self.store.folder / path
        size = file.stat().st_size
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            sync_file(file)
            file.chmod(0o444)
            os.replace(file, target)
            sync_folder(target.parent)
        return StoredFile(path=path, sha256=digest, bytes=size, rows=rows)

    def _keep_contract(self, contract: Contract) -> StoredFile:
        path = f"contracts/{contract.sha256}.odcs.yaml"
        target = self.store.folder / path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(target, contract.text)
        size = len(contract.text)
        return StoredFile(path=path, sha256=contract.sha256, bytes=size, rows=0)

    def _rows(self, file: Path) -> int:
        counted = self.con.execute(f"select count(*) from {parquet_scan([file])}").fetchall()
        return int(counted[0][0])


def _service_levels(
    contract: Contract, results: Sequence[CheckResult]
) -> list[ServiceLevelMeasure]:
    """One measure per service level; those nobody can measure on rows have no watermark."""
    measured = {r.spec.clause: r for r in results if isinstance(r.spec.rule, AgeRule)}
    found = []
    for level in contract.service_levels:
        result = measured.get(f"slaProperties.{level.id}")
        rule = result.spec.rule if result else None
        age = rule if isinstance(rule, AgeRule) else None
        found.append(
            ServiceLevelMeasure(
                id=level.id,
                property=level.name,
                target=level.target,
                limit_seconds=age.limit_seconds if age else None,
                column=age.column if age else None,
                measures_youngest=age.measures_youngest if age else True,
                watermark=result.measured if result else None,
            )
        )
    return found
