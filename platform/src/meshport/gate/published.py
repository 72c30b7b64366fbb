"""Every version of a contract that was ever merged: what consumers may still rely on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from meshport.contracts.model import Contract
from meshport.contracts.read import contract_of
from meshport.contracts.read_all import FOLDER
from meshport.contracts.version import Version
from meshport.errors import MeshportError
from meshport.gate.history import Blob, History
from meshport.names import PortId
from meshport.yaml_file import YamlDocument, parse_yaml

_UNPUBLISHED = ("proposed", "draft")


def port_at(path: str) -> PortId:
    """The port whose contract stands at a path, whatever the file says; raises MP104."""
    domain, _, name = path.removeprefix(f"{FOLDER}/").partition("/")
    return PortId.parse(f"{domain}.{name.removesuffix('.odcs.yaml')}")


@dataclass(frozen=True)
class PastContract:
    """One version of a contract: what it promises, and where that stands."""

    contract: Contract

    @cached_property
    def document(self) -> YamlDocument:
        """Its text as YAML; read when somebody asks, of most contracts nobody does."""
        return parse_yaml(self.contract.text, self.contract.file)

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
    tip: Mapping[str, Blob]
    """The contracts where the branch that the change goes to is by now."""
    texts: Mapping[str, bytes] = field(repr=False)
    _known: dict[Blob, PastContract | None] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def read(cls, history: History, paths: Collection[str]) -> Past:
        """Everything git has of these contracts; raises SettingsError MP912."""
        base = history.files(FOLDER)
        versions = history.versions(FOLDER) if paths else {}
        blobs = [blob for path in paths for blob in versions.get(path, ())]
        tip = history.files(FOLDER, history.tip) if paths else {}
        blobs += [blob for listed in (base, tip) for path, blob in listed.items() if path in paths]
        return cls(base, versions, tip, history.texts(blobs))

    def at_base(self, path: str) -> PastContract | None:
        """The contract as it was at the base; None where there was none, or none to be read."""
        blob = self.base.get(path)
        return self._read(blob) if blob else None

    def meanwhile(self, path: str) -> PastContract | None:
        """The contract as somebody else changed it since the base; None where nobody did."""
        blob = self.tip.get(path)
        return self._read(blob) if blob and blob != self.base.get(path) else None

    def before(self, path: str) -> list[PastContract]:
        """Every readable version up to the base, oldest first, each content once."""
        blobs = {blob.name: blob for blob in self.versions.get(path, ())}
        read = (self._read(blob) for blob in blobs.values())
        return [one for one in read if one]

    def _read(self, blob: Blob) -> PastContract | None:
        if blob not in self._known:
            self._known[blob] = self._new(blob)
        return self._known[blob]

    def _new(self, blob: Blob) -> PastContract | None:
        try:
            return PastContract(contract_of(parse_yaml(self.texts[blob.name], blob.path)))
        except MeshportError:
            # What could not be read then promised nothing that anybody could hold us to.
            return None
