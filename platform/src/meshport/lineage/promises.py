"""What contracts promise, as far as lineage and impact ask: columns, and who answers."""

from __future__ import annotations

from typing import Any, NamedTuple

from meshport.changes.implied import implied_clause
from meshport.contracts.model import Column, Contract, Table
from meshport.contracts.read import contract_of
from meshport.errors import MeshportError, Place
from meshport.names import PortId
from meshport.yaml_file import parse_yaml


class Owner(NamedTuple):
    """Who answers, and where to reach them."""

    team: str
    contact: str


class PromisedColumn(NamedTuple):
    """One column of a port, with what consumers may rely on."""

    name: str
    is_required: bool
    is_unique: bool
    values: tuple[str, ...]
    """The only values there are; empty where any may come."""
    line: int | None
    type: str | None = None
    """Its physical type, as the contract writes it."""


class Promise(NamedTuple):
    """One port as its contract states it."""

    port: PortId
    file: str
    columns: tuple[PromisedColumn, ...]
    key: tuple[str, ...]
    """The columns of the primary key."""
    owner: Owner
    fault: str | None = None
    """Why the contract cannot be read; there are no columns then."""

    def column(self, name: str) -> PromisedColumn | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)

    @property
    def keys(self) -> list[tuple[str, ...]]:
        """Every set of columns whose values are promised to be never the same in two rows."""
        unique = [(column.name,) for column in self.columns if column.is_unique]
        return [*unique, *([self.key] if len(self.key) > 1 else [])]

    @property
    def place(self) -> Place:
        """The contract's file."""
        return Place(self.file)


NOBODY = Owner("nobody", "")


def promise_of(file: str, text: bytes) -> Promise:
    """The promise in a contract's text; a contract that cannot be read is a promise with a fault.

    Raises ContractError MP104 where the file's name is not that of a port.
    """
    domain, _, name = file.removeprefix("contracts/").partition("/")
    port = PortId.parse(f"{domain}.{name.removesuffix('.odcs.yaml')}")
    try:
        contract = contract_of(parse_yaml(text, file))
    except MeshportError as error:
        return Promise(port, file, (), (), NOBODY, str(error))
    if not contract.tables:
        return Promise(port, file, (), (), NOBODY, "the contract has no table")
    table = contract.find_table(port.port) or contract.table
    columns = tuple(_promised(column, table) for column in table.columns)
    return Promise(port, file, columns, table.key, _owner(contract))


def promise_from_json(value: list[Any]) -> Promise:
    """The promise that JSON made of one."""
    port, file, columns, key, owner, fault = value
    read = tuple(PromisedColumn(n, r, u, tuple(v), *rest) for n, r, u, v, *rest in columns)
    return Promise(PortId(*port), file, read, tuple(key), Owner(*owner), fault)


def promise_as_json(promise: Promise) -> list[Any]:
    """The promise as JSON can hold it."""
    port = promise.port
    return [[port.domain, port.port, port.major], *promise[1:]]


def _promised(column: Column, table: Table) -> PromisedColumn:
    implied: dict[str, Any] = {}
    for rule in column.quality:
        clauses = {
            "metric": rule.metric,
            "arguments": rule.arguments,
            "threshold": rule.threshold,
            "severity": rule.severity,
        }
        implied |= implied_clause(clauses, column.name) or {}
    values = column.allowed_values or sorted(implied.get("values", ()))
    return PromisedColumn(
        column.name,
        column.required or "required" in implied,
        column.unique or "unique" in implied or table.key == (column.name,),
        tuple(str(value) for value in values),
        column.place.line,
        column.physical_type,
    )


def _owner(contract: Contract) -> Owner:
    interactive = [channel for channel in contract.support if channel.scope == "interactive"]
    owners = [member for member in contract.team if "owner" in (member.role or "").lower()]
    contact = next((member.username for member in owners), "")
    if interactive or contract.support:
        contact = (interactive or list(contract.support))[0].channel
    return Owner(contract.team_name or contract.domain, contact)
