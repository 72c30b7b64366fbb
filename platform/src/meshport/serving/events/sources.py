"""Events found in what is written down anyway: pointers, refusals, histories of agreements.

Nobody who publishes or decides has to tell anything: what did not happen cannot be told, and what
was written down is not missed. What a source has told is kept as a position in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from meshport.access.agreements import EXPIRING, Act, Agreement, Agreements
from meshport.access.agreements import Event as Line
from meshport.catalog.entry import Catalog
from meshport.contracts.read import read_contract
from meshport.errors import MeshportError
from meshport.names import PortId
from meshport.publishing.manifest import Manifest
from meshport.publishing.store import DomainStore, Move
from meshport.serving.events.event import Event, EventType

_OLD = ("deprecated", "retired")
_BEGINS = (Act.APPROVE, Act.BREAK_GLASS)
_ENDS = (Act.REVOKE, Act.CANCEL)


@dataclass(frozen=True)
class Sources:
    """Where events come from."""

    catalog: Catalog
    agreements: Agreements

    @property
    def domains(self) -> list[str]:
        """The domains that may have releases."""
        return sorted(self.catalog.mesh.products)

    def moves(self, domain: str, told: int) -> tuple[list[Event], int]:
        """What the moves after one of a domain's pointer did, and the number of the last.

        Raises PublishError MP402, MP403.
        """
        store = self.catalog.store.of(domain)
        moves = store.pointer().moves
        found = [event for move in moves[told:] for event in _of_move(store, moves, move)]
        return found, len(moves)

    def refusal(self, domain: str, told: str) -> tuple[list[Event], str]:
        """A refusal that stands and was not told yet, and when it was."""
        store = self.catalog.store.of(domain)
        refusal = store.refusal()
        if refusal is None or refusal["at"] == told:
            return [], told
        ports = self.catalog.mesh.products[domain].ports
        served = store.pointer().current
        return [_refused(port.id, refusal, served) for port in ports], refusal["at"]

    def decisions(self, told: int, now: datetime) -> tuple[list[Event], int]:
        """What was granted and taken back after a line of the agreements' histories."""
        lines = self.agreements.lines_after(told)
        found = [
            event
            for line, number, said in lines
            for event in _decided(self.agreements.get(number, now), said, line)
        ]
        return found, max((line for line, _, _ in lines), default=told)

    def clock(self, told: datetime, now: datetime) -> list[Event]:
        """The agreements that began to run out, or ran out, since a moment."""
        found = []
        for one in self.agreements.all(now):
            if one.until is None or not (one.state.grants or one.until <= now):
                continue
            began = max(datetime.fromisoformat(e.at) for e in one.events if e.act in _BEGINS)
            ended = any(
                e.act in _ENDS and datetime.fromisoformat(e.at) >= began for e in one.events
            )
            warned = one.until - EXPIRING
            if not ended and told < warned <= now < one.until and warned > began:
                found.append(_access(EventType.ACCESS_EXPIRING, one, warned, str(one.until)))
            if not ended and told < one.until <= now:
                found.append(_access(EventType.ACCESS_EXPIRED, one, one.until, str(one.until)))
        return found


def _of_move(store: DomainStore, moves: tuple[Move, ...], move: Move) -> Iterator[Event]:
    manifest = store.manifest(move.release)
    before = store.manifest(moves[move.number - 2].release) if move.number > 1 else None
    at = datetime.fromisoformat(move.at)
    for name, part in manifest.ports.items():
        port, key = PortId.parse(name), f"move {move.number} to {move.release}"
        version = part.contract_version
        yield Event(
            EventType.RELEASE_PUBLISHED,
            key,
            port,
            at,
            move.release,
            {
                "release": move.release,
                "version": move.number,
                "act": move.act,
                "contract": {"version": version, "path": f"{port.path}@{move.release}/contract"},
                "changes": f"{port.path}/changes?after={move.number - 1}",
            },
            contract_version=version,
        )
        if _is_old(store, manifest, port) and not (before and _is_old(store, before, port)):
            data = {"contract": {"version": version, "path": f"{port.path}/contract"}}
            yield Event(EventType.CONTRACT_DEPRECATED, key, port, at, version, data)


def _is_old(store: DomainStore, manifest: Manifest, port: PortId) -> bool:
    """Whether a release offered the port as one that goes away."""
    part = manifest.port(port)
    if part is None:
        return False
    offered = manifest.descriptor.output_ports
    major = f"{port.major}."
    is_marked = any(
        one.deprecated
        for one in offered
        if one.contract_id == port.contract_id and one.version.startswith(major)
    )
    return is_marked or _status(store.folder / part.contract.path) in _OLD


@lru_cache(maxsize=1024)
def _status(contract: Path) -> str:
    # Kept contracts never change. One that cannot be read any more says nothing.
    try:
        return read_contract(contract, contract.name).status
    except MeshportError:
        return ""


def _refused(port: PortId, refusal: dict[str, Any], served: str | None) -> Event:
    # How many checks, and not which or why: that may quote what not everybody may see.
    broken = sum(check.get("port") == str(port) for check in refusal["checks"])
    return Event(
        EventType.RELEASE_REFUSED,
        f"refusal {refusal['at']}",
        port,
        datetime.fromisoformat(refusal["at"]),
        str(refusal["run_id"]),
        {"broken_checks": broken, "served": served, "checks": f"{port.path}/checks"},
    )


def _decided(one: Agreement, said: Line, line: int) -> Iterator[Event]:
    at = datetime.fromisoformat(said.at)
    # What was never granted can be cancelled, which takes nothing from anybody.
    was_granted = any(e.act in _BEGINS and datetime.fromisoformat(e.at) <= at for e in one.events)
    if said.act in _BEGINS:
        yield _access(EventType.ACCESS_GRANTED, one, at, f"line {line}", said.until)
    elif said.act in _ENDS and was_granted:
        yield _access(EventType.ACCESS_REVOKED, one, at, f"line {line}")


def _access(
    kind: EventType, one: Agreement, at: datetime, key: str, until: str | None = None
) -> Event:
    terms = one.terms
    data = {
        "agreement": one.number,
        "purpose": terms.purpose,
        "class": terms.access_class,
        "until": until or (one.until.isoformat() if one.until else None),
        "path": f"/access/agreements/{one.number}",
    }
    about = f"agreement {one.number} {key}"
    return Event(kind, about, terms.port, at, str(one.number), data, consumer=terms.consumer)
