"""Every version of a contract that was ever merged: what consumers may still rely on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from meshport.contracts.model import Contract
from meshport.contracts.read import contract_of
from meshport.contracts.version import Version
from meshport.errors import MeshportError
from meshport.gate.history import Blob, History
from meshport.names import PortId
from meshport.yaml_file import YamlDocument, parse_yaml

_UNPUBLISHED = ("proposed", "draft")
FOLDER = "contracts"


def port_at(path: str) -> PortId:
    """The port whose contract stands at a path, whatever the file says; raises MP104."""
    domain, _, name = path.removeprefix(f"{FOLDER}/").partition("/")
    return PortId.parse(f"{domain}.{name.removesuffix('.odcs.yaml')}")


@dataclass(frozen=True)
class PastContract:
    """One merged version: its document and what it promised."""

    document: YamlDocument
    contract: Contract

    @property
    def is_published(self) -> bool:
        """Whether consumers were told that they may rely on it."""
        return self.contract.status not in _UNPUBLISHED

    @property
    def version(self) -> Version | None:
        """Its version; None where it is not SemVer."""
        return Version.parse(self.contract.version)


@dataclass(frozen=True)
class Past:
    """The contracts at the base of a change and before it, by path."""

    base: Mapping[str, Blob]
    versions: Mapping[str, Sequence[Blob]]
    texts: Mapping[str, bytes] = field(repr=False)

    @classmethod
    def read(cls, history: History, paths: set[str] | None = None) -> Past:
        """Everything git has of these contracts, of all where `paths` is None."""
        base, versions = history.files(FOLDER), history.versions(FOLDER)
        wanted = set(versions) if paths is None else paths
        blobs = [blob for path in wanted for blob in versions.get(path, ())]
        blobs += [blob for path, blob in base.items() if path in wanted]
        return cls(base, versions, history.texts(blobs))

    def at_base(self, path: str) -> PastContract | None:
        """The contract as it was at the base; None where there was none, or none to be read."""
        blob = self.base.get(path)
        return self._read(blob) if blob else None

    def before(self, path: str) -> list[PastContract]:
        """Every readable version up to the base, oldest first, each content once."""
        blobs = {blob.name: blob for blob in self.versions.get(path, ())}
        read = (self._read(blob) for blob in blobs.values())
        return [one for one in read if one]

    @cached_property
    def gone(self) -> list[str]:
        """Paths of contracts that were merged once and are not there at the base."""
        return sorted(set(self.versions) - set(self.base))

    def _read(self, blob: Blob) -> PastContract | None:
        try:
            document = parse_yaml(self.texts[blob.name], blob.path)
            return PastContract(document, contract_of(document))
        except MeshportError:
            # What could not be read then promised nothing that anybody could hold us to.
            return None
