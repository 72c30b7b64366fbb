"""One call of a tool: who asks, of which server, and what it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request

from meshport.access.authorize import Grant
from meshport.access.principal import Principal
from meshport.contracts.access_class import smallest_groups
from meshport.errors import AccessError, ContractError, ServingError
from meshport.names import PortId
from meshport.products.mesh import Port
from meshport.serving.agents.cells import counted, plain
from meshport.serving.identity import Asker
from meshport.serving.state import Doors

_SCOPE = 20
"""So many values of a row scope are shown."""


@dataclass(frozen=True)
class Call:
    """A request as the tools see it."""

    request: Request
    asker: Asker

    @property
    def doors(self) -> Doors:
        """The state of the server."""
        return self.asker.doors

    @property
    def principal(self) -> Principal:
        """Who asks."""
        return self.asker.principal

    def with_purpose(self, purpose: str | None) -> Call:
        """The same for a purpose that the arguments name."""
        return replace(self, asker=replace(self.asker, purpose=purpose)) if purpose else self

    def port(self, text: str) -> Port:
        """The port of that id; raises ServingError MP610."""
        try:
            id_ = PortId.parse(text)
        except ContractError as error:
            raise ServingError(
                "MP610", error.fact, hint=f"{error.hint}; see find_products"
            ) from error
        return self.doors.port(id_.domain, id_.port, f"v{id_.major}")

    @property
    def browsing(self) -> Call:
        """The same where somebody only looks over what there is."""
        return replace(self, asker=self.asker.browsing)

    def lenient_grant(self, port: Port) -> Grant:
        """The decision about a port; what is open where agreements leave it open which counts."""
        try:
            return self.asker.grant(port)
        except AccessError as error:
            if error.code != "MP703":
                raise
            return self.asker.open_grant(port)


@dataclass(frozen=True)
class Told:
    """What a tool answers: values for the program, and a sentence or two about them."""

    content: dict[str, Any]
    words: str


def limits_of(grant: Grant, port: Port) -> list[str]:
    """What keeps rows from whoever holds the grant, in words."""
    said = []
    if grant.scope is not None:
        values = counted(len(grant.scope), "value")
        said.append(f"Your agreement covers only the rows of its row scope, of {values}.")
    if smallest_groups(port.contract.table.columns) and not grant.reader.reads_small_groups:
        said.append("Rows that stand for small groups are withheld from your access class.")
    return said


def about(grant: Grant) -> dict[str, Any]:
    """By which right something is seen."""
    return {
        "access_class": grant.reader.name,
        "rule": grant.rule,
        "purpose": grant.purpose,
        "row_scope": shown_scope(grant.scope),
        "until": grant.until.isoformat() if grant.until else None,
    }


def shown_scope(scope: Sequence[str] | None) -> list[str] | None:
    """The first values of a row scope."""
    return None if scope is None else [plain(one, 80) for one in scope[:_SCOPE]]
