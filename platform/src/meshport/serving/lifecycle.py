"""Headers that tell a client how long a port is promised, and which one comes after it.

`Deprecation` is that of RFC 9745, `Sunset` that of RFC 8594, the links are those both register.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from email.utils import format_datetime
from functools import cached_property

from meshport.catalog.entry import Catalog
from meshport.contracts.lifecycle import end_of_support, is_over
from meshport.errors import ServingError
from meshport.names import PortId
from meshport.products.mesh import Port
from meshport.publishing.manifest import Manifest


@dataclass(frozen=True)
class Lifecycle:
    """A port's status as headers; worked out once for one reading of the mesh's files."""

    catalog: Catalog = field(repr=False)
    port: Port

    @cached_property
    def headers(self) -> dict[str, str]:
        """`Deprecation` and `Sunset`; empty where the port is promised without an end."""
        found = {}
        ends = end_of_support(self.port.contract)
        # The day itself is still promised.
        gone = datetime.combine(ends + timedelta(days=1), time(), UTC) if ends else None
        since = self._since() if self._is_deprecated else None
        if since:
            found["Deprecation"] = f"@{int(min(since, gone or since).timestamp())}"
        if gone:
            found["Sunset"] = format_datetime(gone, usegmt=True)
        return found

    @cached_property
    def links(self) -> list[str]:
        """The values of `Link` that belong to these headers."""
        path = self.port.id.path
        about = {"Deprecation": "deprecation", "Sunset": "sunset"}
        found = [f'<{path}>; rel="{about[name]}"; type="text/html"' for name in self.headers]
        after = self._successor()
        return [*found, f'<{after.path}>; rel="successor-version"'] if found and after else found

    def require(self, now: datetime) -> None:
        """Raise ServingError MP640 where nobody promises the port any more."""
        if is_over(self.port.contract, now.date()):
            after = self._successor()
            fact = f"{self.port.id} is past its end of support"
            raise ServingError("MP640", fact, hint=f"read {after}" if after else None)

    @property
    def _is_deprecated(self) -> bool:
        return self.port.is_deprecated or self.port.contract.status in ("deprecated", "retired")

    def _since(self) -> datetime | None:
        """When a release first said so; before that, the release that is current now."""
        store = self.catalog.store.of(self.port.id.domain)
        since = None
        for release in reversed(store.releases()):
            manifest = store.manifest(release)
            since = manifest.published_at if since is None else since
            if not self._said_so(manifest):
                break
            since = manifest.published_at
        return since

    def _said_so(self, manifest: Manifest) -> bool:
        part, contract = manifest.port(self.port.id), self.port.contract
        is_same = part is not None and part.contract.sha256 == contract.sha256
        offered = (
            one for one in manifest.descriptor.output_ports if one.contract_id == contract.id
        )
        is_offered_as_old = any(
            one.deprecated for one in offered if one.version.startswith(f"{self.port.id.major}.")
        )
        return is_offered_as_old or (is_same and contract.status != "active")

    def _successor(self) -> PortId | None:
        mine = self.port.id
        others = (p.id for p in self.catalog.mesh.ports if p.id.major > mine.major)
        same = [one for one in others if (one.domain, one.port) == (mine.domain, mine.port)]
        return min(same, key=lambda one: one.major, default=None)
