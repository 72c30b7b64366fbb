"""Publish a domain: candidate → audit → release, or a refusal and the old release stays."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from meshport.checks.open_text import open_text_checks
from meshport.checks.plan import plan
from meshport.checks.run import Surroundings
from meshport.checks.sandbox import booted
from meshport.checks.spec import CheckResult, CheckSpec, SqlRule
from meshport.contracts.classification import Classifications
from meshport.contracts.read import read_contract
from meshport.errors import MeshportError, PublishError
from meshport.names import PortId
from meshport.products.mesh import DataProduct, Port
from meshport.publishing import refusal
from meshport.publishing.accounts import Ledger
from meshport.publishing.candidate import PORTS_SCHEMA, Candidate, CandidateBuilder
from meshport.publishing.manifest import InputRelease, Manifest, SourceAccount
from meshport.publishing.neighbours import Neighbours, building_order, is_target
from meshport.publishing.platform_checks import check_balance, check_budget
from meshport.publishing.release import Audited, ReleaseWriter
from meshport.publishing.retention import expire, sweep
from meshport.publishing.store import DomainStore, ReleaseStore
from meshport.sandbox.workers import Nursery
from meshport.sources import Extract
from meshport.sources.landing import landed_from, read_landed
from meshport.warehouse import Connection, disk_error, parquet_scan


@dataclass(frozen=True)
class Attempt:
    """One try to publish a domain; `pins` are the upstream releases its tables were built from."""

    product: DataProduct
    store: ReleaseStore
    extracts: Sequence[Extract]
    pins: Mapping[PortId, str]
    run_id: str
    now: datetime
    scale: Classifications
    code_revision: str | None = None

    @property
    def inputs(self) -> dict[PortId, str]:
        """The pins of inputs that the product still has; a warehouse remembers former ones."""
        return {p: self.pins[p] for p in sorted(self.pins) if p in self.product.inputs}


@dataclass(frozen=True)
class Outcome:
    """What became of an attempt: a release, or the reason why there is none."""

    audited: Mapping[PortId, Audited]
    manifest: Manifest | None
    refusal: dict[str, Any] | None


def publish(con: Connection, attempt: Attempt) -> Outcome:
    """Audit the domain's port models and make them visible together, or not at all.

    For the holder of the domain's lock. Raises PublishError MP410, MP420 where it cannot tell;
    the refusal is recorded in any case.
    """
    store = attempt.store.of(attempt.product.domain)
    try:
        with _candidate_folder(store, attempt.run_id) as folder, ExitStack() as leases:
            neighbours = _neighbours(attempt, leases)
            return _Publication(con, attempt, store, neighbours).run(folder)
    except MeshportError as error:
        with suppress(OSError):  # a full disk may have no room for the reason either
            store.record_refusal(refusal.by_error(error, attempt.now, attempt.run_id))
        raise


@contextmanager
def _candidate_folder(store: DomainStore, run_id: str) -> Iterator[Path]:
    folder = store.folder / "candidates" / run_id
    try:
        sweep(store)
        folder.mkdir(parents=True)
        yield folder
    except OSError as error:
        raise disk_error(error, "publishing") or error from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _neighbours(attempt: Attempt, leases: ExitStack) -> Neighbours:
    neighbours = Neighbours(attempt.product)
    for port, release in attempt.inputs.items():
        upstream = attempt.store.of(port.domain)
        manifest = leases.enter_context(upstream.reading(release))
        part = manifest.port(port) if manifest else None
        if part is None:
            raise PublishError("MP411", f"the release {release} does not hold the port {port}")
        neighbours.files[port] = upstream.paths(part)
        kept = upstream.folder / part.contract.path
        neighbours.contracts[port] = read_contract(kept, port.contract_path)
    return neighbours


@dataclass(frozen=True)
class _Publication:
    """The steps of one attempt, with what they share."""

    con: Connection
    attempt: Attempt
    store: DomainStore
    neighbours: Neighbours

    def run(self, folder: Path) -> Outcome:
        candidates = list(self._candidates(folder))
        accounts = list(self._accounts(candidates))
        audited = {c.port.id: self._audited(c, accounts, folder) for c in candidates}
        broken = [
            refusal.BrokenCheck(port, result)
            for port, one in audited.items()
            for result in one.results
            if result.breaks_promise
        ]
        if broken:
            found = refusal.by_checks(broken, self.attempt.now, self.attempt.run_id)
            self.store.record_refusal(found)
            return Outcome(audited, None, found)
        in_order = [audited[port.id] for port in self.attempt.product.ports]
        writer = ReleaseWriter(self.con, self.store, self.attempt.scale)
        manifest = writer.write(self._about(accounts), in_order)
        self.store.move("publish", manifest.release, self.attempt.now)
        with suppress(OSError):  # it is published; the next one makes up for it
            expire(self.store)
        return Outcome(audited, manifest, None)

    def _candidates(self, folder: Path) -> Iterator[Candidate]:
        builder = CandidateBuilder(self.con, folder)
        order = building_order(self.attempt.product)
        for position, port in enumerate(order):
            specs = (*plan(port.contract), *open_text_checks(port.contract, self.attempt.scale))
            with _booted(specs) as ahead:
                around = partial(self._surroundings, port, ahead)
                candidate = builder.build(port, specs, around)
            self.neighbours.files[port.id] = [candidate.file]
            self.neighbours.contracts[port.id] = port.contract
            if not candidate.quarantined and is_target(port.id, order[position + 1 :]):
                # The ports to come look their keys up in memory instead of in the file.
                self.neighbours.staged[port.id] = builder.staged(port)
            else:
                builder.forget(port)
            yield candidate

    def _surroundings(self, port: Port, ahead: Nursery | None, file: Path) -> Surroundings:
        return Surroundings(
            now=self.attempt.now,
            target_of=lambda reference: self.neighbours.target(port.contract, reference),
            sandbox=self.neighbours.sandbox(port.id, file, ahead),
            kept_by=lambda reference: self.neighbours.contract(port.contract, reference),
        )

    def _accounts(self, candidates: Sequence[Candidate]) -> Iterator[SourceAccount]:
        ledger = Ledger(self.con)
        kept = {_table(c.port): parquet_scan([c.file]) for c in candidates if c.quarantined}
        landed = {one.table: one for one in read_landed(self.con)}
        for extract in self.attempt.extracts:
            yield ledger.account(extract, landed[extract.table], kept.get(extract.becomes or ""))

    def _audited(
        self, candidate: Candidate, accounts: Sequence[SourceAccount], folder: Path
    ) -> Audited:
        extracts = self._extracts_of(candidate.port)
        ledger = Ledger(self.con)
        earlier = ledger.set_aside(extracts)
        files = list(candidate.quarantine)
        if earlier:
            file = folder / f"{candidate.port.id.model}.source.parquet"
            builder = CandidateBuilder(self.con, folder)
            files.append(builder.copy(ledger.set_aside_query(extracts), file))
        quarantined = candidate.quarantined + sum(earlier.values())
        mine = {extract.table for extract in extracts}
        own = [account for account in accounts if account.table in mine]
        return Audited(
            candidate,
            [
                *(_with_set_aside(r, candidate) for r in candidate.audit.results),
                check_balance(candidate.port, own),
                check_budget(candidate.port, quarantined, candidate.rows + quarantined),
            ],
            files,
            {**candidate.set_aside, **earlier},
            quarantined,
        )

    def _extracts_of(self, port: Port) -> list[Extract]:
        """The extracts whose rows end in the port; what stays private counts for the first one."""
        tables = {_table(other) for other in self.attempt.product.ports}
        is_first = port is self.attempt.product.ports[0]
        return [
            extract
            for extract in self.attempt.extracts
            if extract.becomes == _table(port) or (is_first and extract.becomes not in tables)
        ]

    def _about(self, accounts: Sequence[SourceAccount]) -> dict[str, Any]:
        inputs = [
            InputRelease(
                port=str(port),
                contract_version=self.neighbours.contracts[port].version,
                release=release,
            )
            for port, release in self.attempt.inputs.items()
        ]
        return {
            "published_at": self.attempt.now,
            "run_id": self.attempt.run_id,
            "code_revision": self.attempt.code_revision,
            "inputs": inputs,
            "source_folder": landed_from(self.con),
            "sources": accounts,
            "descriptor": self.attempt.product.descriptor,
        }


@contextmanager
def _booted(specs: Sequence[CheckSpec]) -> Iterator[Nursery | None]:
    """A sandbox process that starts while the rows are staged, if there is a query for it."""
    if not any(isinstance(spec.rule, SqlRule) for spec in specs):
        yield None
        return
    ahead = booted()
    try:
        yield ahead
    finally:
        ahead.stop()


def _table(port: Port) -> str:
    return f"{PORTS_SCHEMA}.{port.id.model}"


def _with_set_aside(result: CheckResult, candidate: Candidate) -> CheckResult:
    aside = candidate.set_aside.get(result.spec.id)
    return replace(result, message=f"{result.message}; {aside:,} set aside") if aside else result
