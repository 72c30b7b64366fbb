"""Which release of a port a request is about: the current one, or the one after the `@`."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from meshport.errors import ServingError
from meshport.names import PortId
from meshport.products.mesh import Port
from meshport.publishing.manifest import Manifest, PortRelease
from meshport.serving.state import Doors, doors_of


@dataclass(frozen=True)
class Asked:
    """A port and the release asked for; manifest and part are None before the first release."""

    doors: Doors
    port: Port
    manifest: Manifest | None
    part: PortRelease | None


def asked(request: Request, domain: str, name: str, version: str) -> Asked:
    """What the address names.

    Raises ServingError MP610 where there is no such port or the release does not hold it, and
    PublishError MP403 where there is no such release.
    """
    doors = doors_of(request)
    major, _, pinned = version.partition("@")
    port = doors.port(domain, name, major)
    store = doors.catalog.store.of(domain)
    manifest = store.manifest(pinned) if pinned else store.current()
    part = manifest.port(port.id) if manifest else None
    if pinned and part is None:
        raise ServingError("MP610", f"the release {pinned} does not hold {port.id}")
    return Asked(doors, port, manifest, part)


def in_release(port: PortId, manifest: Manifest | None) -> tuple[Manifest, PortRelease]:
    """The release and the port's part of it; raises ServingError MP611 where there is none."""
    part = manifest.port(port) if manifest else None
    if manifest is None or part is None:
        hint = f"publish it: meshport run {port.domain}"
        raise ServingError("MP611", f"{port} has no release yet", hint=hint)
    return manifest, part
