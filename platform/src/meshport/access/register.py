"""Everything about access that is kept in one meshport home, opened once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from meshport.access.agreements import Agreements
from meshport.access.audit import Audit
from meshport.access.authorize import Policy
from meshport.access.consumers import Consumers
from meshport.access.desk import Desk
from meshport.access.purposes import read_purposes
from meshport.access.state import AccessState
from meshport.access.tokens import Tokens
from meshport.contracts.classification import Classifications
from meshport.products.mesh import Mesh
from meshport.publishing.store import ReleaseStore


@dataclass(frozen=True)
class AccessRegister:
    """Consumers, their tokens and their agreements."""

    state: AccessState
    consumers: Consumers
    tokens: Tokens
    agreements: Agreements
    releases: ReleaseStore
    audit: Audit

    @classmethod
    def at_home(cls, home: Path, door: str = "command line") -> AccessRegister:
        """The register of a meshport home; its files are made at first use.

        `door` is how the audit calls the way by which it is changed.
        """
        state, audit = AccessState(home), Audit(home, door)
        consumers = Consumers(state, audit)
        tokens, agreements = Tokens(state, consumers, audit), Agreements(state, audit)
        return cls(state, consumers, tokens, agreements, ReleaseStore(home), audit)

    def policy(self, scale: Classifications) -> Policy:
        """What decisions rest on."""
        return Policy(scale, self.agreements, self.releases)

    def desk(self, mesh: Mesh, scale: Classifications) -> Desk:
        """Where access is asked for and decided; raises CatalogError MP507."""
        purposes = read_purposes(mesh.root)
        return Desk(mesh, scale, purposes, self.consumers, self.agreements, self.audit)
