"""How things in the mesh are named and addressed: one tested place, used by every layer."""

from __future__ import annotations

import re
from dataclasses import dataclass

from meshport.errors import ContractError

NAME = re.compile(r"[a-z][a-z0-9_]*")
_PORT_ID = re.compile(
    r"(?P<domain>[a-z][a-z0-9_]*)\.(?P<port>[a-z][a-z0-9_]*)\.v(?P<major>[1-9][0-9]{0,5})"
)


def is_name(text: str) -> bool:
    """Whether `text` may name a domain, port or column: lower case, digits and underscores."""
    return NAME.fullmatch(text) is not None


@dataclass(frozen=True, order=True)
class PortId:
    """The address of an output port: one table, promised by one contract per major version."""

    domain: str
    port: str
    major: int

    @classmethod
    def parse(cls, text: str) -> PortId:
        """Read `<domain>.<port>.v<major>`; raises ContractError MP104 for anything else."""
        match = _PORT_ID.fullmatch(text)
        if match is None:
            raise ContractError(
                "MP104",
                f"`{text}` is not the id of a port",
                hint="write it as <domain>.<port>.v<major>, for example orders.orders.v1",
            )
        return cls(match["domain"], match["port"], int(match["major"]))

    def __str__(self) -> str:
        return f"{self.contract_id}.v{self.major}"

    @property
    def contract_id(self) -> str:
        """The ODCS `id`, which stays over versions: `<domain>.<port>`."""
        return f"{self.domain}.{self.port}"

    @property
    def model(self) -> str:
        """The dbt model and warehouse table behind the port: `<port>_v<major>`."""
        return f"{self.port}_v{self.major}"

    @property
    def input_name(self) -> str:
        """The name under which another domain's dbt project reads the port."""
        return f"{self.domain}__{self.model}"

    @property
    def path(self) -> str:
        """The port's place in the HTTP API."""
        return f"/ports/{self.domain}/{self.port}/v{self.major}"

    @property
    def urn(self) -> str:
        """The port's stable name for other systems."""
        return f"urn:mesh:{self.domain}:{self.port}:v{self.major}"

    @property
    def asset_key(self) -> list[str]:
        """The port's Dagster asset key; keys start with the domain."""
        return [self.domain, "output_ports", self.model]

    @property
    def contract_path(self) -> str:
        """Where the contract lies, relative to the mesh's root."""
        return f"contracts/{self.domain}/{self.port}.v{self.major}.odcs.yaml"
