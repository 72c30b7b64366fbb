"""What the doors share: the catalog, the row reader, the cursor key and the clock."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from time import monotonic

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from meshport.access.authorize import Policy
from meshport.access.desk import Desk
from meshport.access.jwt import Issuer
from meshport.access.register import AccessRegister
from meshport.catalog.entry import Catalog
from meshport.errors import MeshportError, ServingError
from meshport.names import PortId
from meshport.products.mesh import Port
from meshport.serving.cursor import CursorCodec
from meshport.serving.feed.difference_cache import Differences
from meshport.serving.limits import Limits
from meshport.serving.rates import FILES, Rates
from meshport.serving.rows.door import RowDoor
from meshport.serving.rows.reader import RowReader
from meshport.settings import Settings

_LOOK_AGAIN_SECONDS = 1.0
_MAJOR = re.compile(r"v[1-9][0-9]{0,4}")


@dataclass
class Doors:
    """One running server's state; the catalog is read again when a file of the mesh changed."""

    settings: Settings
    now: Callable[[], datetime]
    is_demo: bool = False
    """Whether whoever has no token is taken for somebody of the company: on this machine only."""
    has_login: bool = False
    """Whether such a visitor may play any registered consumer, without a password."""
    limits: Limits = field(default_factory=Limits)
    stale: MeshportError | None = None
    """Why the mesh's files cannot be read now, while an earlier reading of them is served."""
    _catalog: Catalog | None = None
    _desk: Desk | None = None
    _fingerprint: object = None
    _looked_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.cursors = CursorCodec.at_home(self.settings.home)
        self.rows = RowDoor(self.limits, self.cursors)
        window = self.limits.window
        self.rates = Rates(self.limits.requests, window)
        self.fetches = Rates(self.limits.fetches, window, name=FILES)
        self.wrong_tokens = Rates(self.limits.wrong_tokens, window)
        self.access = AccessRegister.at_home(self.settings.home, door="access")
        self.differences = Differences.at_home(self.settings.home)
        oidc = self.settings.oidc
        self.issuer = Issuer(oidc, self.access.consumers) if oidc else None

    @property
    def catalog(self) -> Catalog:
        """The catalog of the files as they are now, or the last one that could be read.

        Raises what is wrong with the files where none could be read yet.
        """
        with self._lock:
            if self._catalog is None or monotonic() - self._looked_at > _LOOK_AGAIN_SECONDS:
                fingerprint = _fingerprint(self.settings.root)
                if self._catalog is None or fingerprint != self._fingerprint:
                    self._catalog = self._read()
                self._fingerprint, self._looked_at = fingerprint, monotonic()
            return self._catalog

    async def fresh_catalog(self) -> Catalog:
        """The same; files are read in a thread, so that other readers do not wait for them."""
        if self._catalog is None or monotonic() - self._looked_at > _LOOK_AGAIN_SECONDS:
            return await run_in_threadpool(lambda: self.catalog)
        return self._catalog

    @property
    def reader(self) -> RowReader:
        """What reads rows in the calling thread."""
        return self.rows.engine.reader

    @property
    def policy(self) -> Policy:
        """What decisions about access rest on now."""
        return self.access.policy(self.catalog.scale)

    @property
    def desk(self) -> Desk:
        """Where access is asked for and decided."""
        catalog = self.catalog
        return self._desk or self.access.desk(catalog.mesh, catalog.scale)

    def _read(self) -> Catalog:
        try:
            catalog = Catalog.read(self.settings.root, self.settings.home)
            self._desk = self.access.desk(catalog.mesh, catalog.scale)
        except MeshportError as error:
            # Somebody is editing the mesh's files; readers must not notice.
            if self._catalog is None:
                raise
            self.stale = error
            return self._catalog
        self.stale = None
        return catalog

    def port(self, domain: str, name: str, version: str) -> Port:
        """The port at this address; raises ServingError MP610 where there is none."""
        if _MAJOR.fullmatch(version):
            port = self.catalog.mesh.find(PortId(domain, name, int(version[1:])))
            if port:
                return port
        known = ", ".join(
            str(port.id) for port in self.catalog.mesh.ports if port.id.domain == domain
        )
        fact = f"there is no port {domain}.{name}.{version}"[:200]
        raise ServingError("MP610", fact, hint=f"ports of {domain}: {known}" if known else None)


def doors_of(request: Request) -> Doors:
    """The state of the app that a request came to."""
    doors: Doors = request.app.state.doors
    return doors


def _fingerprint(root: Path) -> object:
    """Changes when a contract, a descriptor or the catalog's own words change."""
    folders = (root / "contracts", root / "domains", root / "catalog")
    found = []
    for pattern, folder in zip(("*/*.yaml", "*/*.yaml", "*.yaml"), folders, strict=True):
        for file in sorted(folder.glob(pattern)):
            stat = file.stat()
            found.append((str(file), stat.st_mtime_ns, stat.st_size))
    return tuple(found)
