"""The state of every port: what is published, whether the promises hold now, what was refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meshport.checks.spec import Status
from meshport.contracts.duration import in_words, seconds_of
from meshport.contracts.model import ServiceLevel
from meshport.errors import PublishError
from meshport.products.mesh import Mesh, Port
from meshport.publishing.manifest import Manifest, PortRelease, ServiceLevelMeasure
from meshport.publishing.refusal import by_error
from meshport.publishing.store import ReleaseStore


@dataclass(frozen=True)
class ServiceLevelStatus:
    """One service level now; `is_met` is None where nothing can be measured yet or at all."""

    id: str
    name: str
    target: str
    measured: str | None
    is_met: bool | None
    description: str

    def as_json(self) -> dict[str, Any]:
        """The form in `meshport status --format json`."""
        return {
            "id": self.id,
            "property": self.name,
            "target": self.target,
            "measured": self.measured,
            "met": self.is_met,
        }


@dataclass(frozen=True)
class PortStatus:
    """A port with its current release, if there is one."""

    port: Port
    manifest: Manifest | None
    release: PortRelease | None
    service_levels: tuple[ServiceLevelStatus, ...]
    refusal: dict[str, Any] | None

    @property
    def checks(self) -> dict[str, int]:
        """How the checks of the current release came out."""
        outcomes = [check.status for check in self.release.checks] if self.release else []
        return {
            "passed": outcomes.count(Status.PASSED),
            "failed": outcomes.count(Status.FAILED) + outcomes.count(Status.ERROR),
            "not_enforced": outcomes.count(Status.NOT_ENFORCED),
        }

    @property
    def state(self) -> str:
        """One word: `unpublished`, `refused`, `late` or `healthy`."""
        if self.refusal:
            return "refused"
        if self.release is None:
            return "unpublished"
        return "late" if any(level.is_met is False for level in self.service_levels) else "healthy"

    def as_json(self) -> dict[str, Any]:
        """The form in `meshport status --format json`."""
        manifest, release = self.manifest, self.release
        return {
            "id": str(self.port.id),
            "domain": self.port.id.domain,
            "contract_version": self.port.contract.version,
            "release": manifest.release if manifest else None,
            "published_at": manifest.published_at.isoformat() if manifest else None,
            "rows": release.rows if release else 0,
            "quarantined": release.quarantine.rows if release else 0,
            "checks": self.checks,
            "slo": [level.as_json() for level in self.service_levels],
            "refused": self._refused(),
        }

    def _refused(self) -> dict[str, Any] | None:
        if self.refusal is None:
            return None
        mine = [c for c in self.refusal["checks"] if c["port"] == str(self.port.id)]
        return {"at": self.refusal["at"], "reason": self.refusal["reason"], "checks": mine}


def port_status(port: Port, store: ReleaseStore, now: datetime) -> PortStatus:
    """The state of one port at that moment."""
    part = store.of(port.id.domain)
    try:
        manifest, refused = part.current(), part.refusal()
    except PublishError as error:  # a damaged store must not hide the state of other domains
        manifest, refused = None, by_error(error, now, "-")
    release = manifest.port(port.id) if manifest else None
    levels = tuple(_service_levels(port, manifest, release, now))
    return PortStatus(port, manifest if release else None, release, levels, refused)


def mesh_status(mesh: Mesh, store: ReleaseStore, now: datetime) -> list[PortStatus]:
    """The state of every readable port, in publishing order."""
    return [port_status(port, store, now) for port in mesh.ports]


def _service_levels(
    port: Port, manifest: Manifest | None, release: PortRelease | None, now: datetime
) -> Iterator[ServiceLevelStatus]:
    measures = {m.id: m for m in release.service_levels} if release else {}
    for level in port.contract.service_levels:
        age = _age(level, measures.get(level.id), manifest, now)
        limit = seconds_of(level.value, level.unit)
        yield ServiceLevelStatus(
            id=level.id,
            name=level.name,
            target=level.target,
            measured=in_words(max(age, 0)) if age is not None else None,
            is_met=age <= limit if age is not None and limit is not None else None,
            description=level.description,
        )


def _age(
    level: ServiceLevel,
    measure: ServiceLevelMeasure | None,
    manifest: Manifest | None,
    now: datetime,
) -> float | None:
    """Seconds since the row that a level is measured on, or since the release for `frequency`."""
    if level.name == "frequency" and manifest:
        return (now - manifest.published_at).total_seconds()
    if measure is None or measure.watermark is None:
        return None
    return now.timestamp() - measure.watermark
