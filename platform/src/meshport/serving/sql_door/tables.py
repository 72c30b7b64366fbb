"""The tables of a query: ports by name, each as the asker sees it, in releases that stay."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from meshport.access.authorize import Sight
from meshport.errors import AccessError, ServingError
from meshport.products.mesh import Port
from meshport.publishing.manifest import Manifest
from meshport.sandbox.gate import TableName
from meshport.sandbox.question import TableFiles
from meshport.serving.identity import Asker

_MODEL = re.compile(r"(?P<port>.+)_v(?P<major>[1-9][0-9]{0,5})")
NOT_FOR_THIS_CLASS = ("MP704", "MP705")
"""Codes that say that there is a port, but not for the asker."""
_MAX_HINTED = 20


@dataclass(frozen=True)
class SeenTable:
    """A port under the name that a query gave it."""

    name: TableName
    port: Port
    manifest: Manifest
    sight: Sight
    folder: Path

    @property
    def files(self) -> TableFiles:
        """What the engine reads: these columns of these files."""
        seen = self.sight
        files = [str(self.folder / file.path) for file in seen.files]
        return TableFiles(self.name.schema, self.name.name, files, seen.columns, seen.types)


class Tables:
    """The ports as one asker sees them at one moment.

    One release per domain, so that tables of one domain fit together; its files stay as long as
    `leases` does.
    """

    def __init__(self, asker: Asker, leases: ExitStack) -> None:
        self.asker = asker
        self.catalog = asker.doors.catalog
        self._leases = leases
        self._releases: dict[str, Manifest | None] = {}

    def find(self, name: TableName) -> SeenTable:
        """The table of that name; raises ServingError MP632 where the asker has none.

        Raises AccessError MP702, MP703 (which purpose?).
        """
        for port in self._ports(name):
            found = self._seen(name, port, self.asker)
            if found:
                return found
        raise self.unknown(str(name))

    def unknown(self, name: str) -> ServingError:
        """What is said of a name that no table has for this asker, whether it is a port or not."""
        there = self.visible()
        close = difflib.get_close_matches(name, there, 1)
        listed = ", ".join(there[:_MAX_HINTED]) or "none"
        hint = f"did you mean `{close[0]}`?" if close else f"your tables: {listed}"
        return ServingError("MP632", f"there is no table `{name[:120]}` for you", hint=hint)

    def visible(self) -> Sequence[str]:
        """The names of all tables that the asker has."""
        ports = sorted(self.catalog.mesh.ports, key=lambda port: port.id)
        names = {port.id.contract_id: port for port in ports}
        return [text for text, port in names.items() if self._is_visible(port)]

    def _is_visible(self, port: Port) -> bool:
        try:
            name = TableName(port.id.domain, port.id.port)
            return self._seen(name, port, self.asker.browsing) is not None
        except AccessError:  # it depends on the purpose
            return True

    def _ports(self, name: TableName) -> Sequence[Port]:
        """The port of that major version, or those of that name, the latest first."""
        ports = [port for port in self.catalog.mesh.ports if port.id.domain == name.schema]
        model = _MODEL.fullmatch(name.name)
        named = [port for port in ports if model and port.id.model == name.name]
        latest = sorted(ports, key=lambda port: -port.id.major)
        released = (port for port in latest if port.id.port == name.name and self._has(port))
        return named or list(islice(released, 1))

    def _has(self, port: Port) -> bool:
        release = self._release(port.id.domain)
        return release is not None and release.port(port.id) is not None

    def _seen(self, name: TableName, port: Port, asker: Asker) -> SeenTable | None:
        release = self._release(port.id.domain)
        part = release.port(port.id) if release else None
        if release is None or part is None:
            return None
        try:
            sight = asker.sight(port, part)
        except AccessError as error:
            if error.code in NOT_FOR_THIS_CLASS:
                return None
            raise
        folder = self.catalog.store.of(port.id.domain).folder
        return SeenTable(name, port, release, sight, folder)

    def _release(self, domain: str) -> Manifest | None:
        if domain not in self._releases:
            reading = self.catalog.store.of(domain).reading()
            self._releases[domain] = self._leases.enter_context(reading)
        return self._releases[domain]
