"""The one decision of every door: which access class, which rows, which columns, which files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from meshport.access.agreements import Agreement, Agreements
from meshport.access.principal import Kind, Principal
from meshport.contracts.access_class import (
    AGENT,
    AccessClass,
    access_classes,
    scope_column,
    view_of,
)
from meshport.contracts.classification import Classifications
from meshport.contracts.masking import CLEAR
from meshport.contracts.model import Column
from meshport.errors import AccessError
from meshport.names import PortId
from meshport.products.mesh import Port
from meshport.publishing.manifest import PortRelease, Projection, StoredFile
from meshport.publishing.scopes import scoped_files
from meshport.publishing.store import DomainStore, ReleaseStore

OPENLY = "openly served"
"""The rule of a grant without an agreement."""


@dataclass(frozen=True)
class Grant:
    """What a principal may see of a port, why, and until when."""

    principal: Principal
    port: PortId
    reader: AccessClass
    rule: str
    """What the grant rests on: `openly served`, or the agreement's number."""
    purpose: str | None = None
    scope: tuple[str, ...] | None = None
    until: datetime | None = None

    @property
    def key(self) -> tuple[str, tuple[str, ...] | None]:
        """Equal for grants that see the same cells."""
        return self.reader.name, self.scope


@dataclass(frozen=True)
class Policy:
    """What a decision rests on."""

    scale: Classifications
    agreements: Agreements
    store: ReleaseStore

    def open_class(self, kind: Kind) -> AccessClass:
        """What a kind of consumer sees without an agreement."""
        by_name = {reader.name: reader for reader in access_classes(self.scale)}
        if kind is Kind.AGENT:
            return by_name[AGENT]
        served = [step.name for step in self.scale.steps if step.is_served_openly]
        if kind in (Kind.PERSON, Kind.SERVICE) and served:
            return by_name[served[-1]]
        return by_name[self.scale.steps[0].name]


def authorize(
    policy: Policy, principal: Principal, port: PortId, purpose: str | None, now: datetime
) -> Grant:
    """What the principal may see of the port now, for that purpose.

    The agreement for the purpose counts; without a purpose the only one there is. Without an
    agreement it is what is served openly to this kind of consumer. Raises AccessError MP702 where
    the token is bound to another purpose, MP703 where several agreements leave it open.
    """
    if principal.purpose and purpose and purpose != principal.purpose:
        fact = f"the token is for {principal.purpose}, not for {purpose[:80]}"
        raise AccessError("MP702", fact)
    wanted = purpose or principal.purpose
    held = policy.agreements.granted(principal.name, port, now)
    fitting = [one for one in held if wanted is None or one.terms.purpose == wanted]
    if len({one.terms.purpose for one in fitting}) > 1:
        names = ", ".join(sorted({one.terms.purpose for one in fitting}))
        hint = f"send Meshport-Purpose with one of {names}"
        raise AccessError("MP703", f"agreements on {port} are for several purposes", hint=hint)
    if fitting and principal.is_known:
        return granted(policy, principal, fitting)
    return openly(policy, principal, port, wanted)


def openly(policy: Policy, principal: Principal, port: PortId, purpose: str | None) -> Grant:
    """What the principal may see of a port without any agreement."""
    return Grant(principal, port, policy.open_class(principal.kind), OPENLY, purpose)


def granted(policy: Policy, principal: Principal, fitting: Sequence[Agreement]) -> Grant:
    """By the agreement with the highest class; of equal ones the widest, then the oldest."""
    by_name = {reader.name: reader for reader in access_classes(policy.scale)}

    def strength(one: Agreement) -> tuple[int, bool, int]:
        reader = by_name.get(one.terms.access_class)
        return (reader.rank if reader else -1, one.terms.scope is None, -one.number)

    best = max(fitting, key=strength)
    terms = best.terms
    reader = by_name.get(terms.access_class) or policy.open_class(principal.kind)
    if principal.kind is Kind.AGENT:
        reader = by_name[AGENT]
    rule = f"agreement {best.number}"
    return Grant(principal, terms.port, reader, rule, terms.purpose, terms.scope, best.until)


@dataclass(frozen=True)
class Sight:
    """The cells of one release that a grant shows: these columns of the rows in these files."""

    grant: Grant
    projection: Projection
    columns: tuple[str, ...]
    files: Sequence[StoredFile]
    types: dict[str, str]

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(file.rows for file in self.files)

    @property
    def is_whole_file(self) -> bool:
        """Whether the files hold nothing that may not be seen, so that they may be handed out."""
        return list(self.columns) == self.projection.columns

    @property
    def content_hash(self) -> str:
        """Equal where the same cells are shown."""
        files = ",".join(file.sha256 for file in self.files)
        return f"{self.projection.content_hash()}:{files}:{','.join(self.columns)}"


def sight(policy: Policy, grant: Grant, port: Port, part: PortRelease) -> Sight:
    """What the grant shows of a release.

    The contract of today decides together with the one the release was made under, so that a column
    that was made more sensitive is gone at once, also from releases made before. Raises AccessError
    MP704 where the release has nothing for the class.
    """
    columns = visible_columns(policy.scale, grant.reader, port, part)
    projection = part.projections.get(grant.reader.name)
    if projection is None or not columns:
        hint = f"ask for access: {port.id.path}" if grant.principal.is_known else "send a token"
        fact = f"nothing of {port.id} is for the class {grant.reader.name}"
        raise AccessError("MP704" if grant.principal.is_known else "MP705", fact, hint=hint)
    types = part.types(projection)
    files = _files(policy.store.of(port.id.domain), grant, port, projection)
    return Sight(grant, projection, columns, files, {name: types[name] for name in columns})


def _files(
    store: DomainStore, grant: Grant, port: Port, projection: Projection
) -> Sequence[StoredFile]:
    if grant.scope is None:
        return projection.files
    column = scope_column(port.contract.table)
    masked = {one.name for one in projection.masked}
    # Rows that nobody can tell apart by what the class sees are nobody's.
    if column is None or column.name not in set(projection.columns) - masked:
        return []
    return scoped_files(store, projection.files, column.name, grant.scope)


def visible_columns(
    scale: Classifications, reader: AccessClass, port: Port, part: PortRelease
) -> tuple[str, ...]:
    """The columns of a release that a class sees, in clear or masked, in the order of the files."""
    projection = part.projections.get(reader.name)
    if projection is None:
        return ()
    masked = {one.name for one in projection.masked}
    today = {column.name: column for column in port.contract.table.columns}
    return tuple(
        name
        for name in projection.columns
        if name in today and _is_shown(today[name], name in masked, reader, scale)
    )


def views_of(
    scale: Classifications, reader: AccessClass, port: Port, part: PortRelease | None
) -> dict[str, str]:
    """How a class sees each column that it sees, `clear` or by the mask's name.

    Of a release, or of the first one to come.
    """
    seen = {c.name: view_of(c, reader, scale) for c in port.contract.table.columns}
    if part is None:
        return {name: str(mask) for name, mask in seen.items() if mask}
    projection = part.projections.get(reader.name)
    masks = {one.name: one.mask for one in projection.masked} if projection else {}
    shown = set(visible_columns(scale, reader, port, part))
    return {name: masks.get(name, str(CLEAR)) for name in seen if name in shown}


def _is_shown(
    column: Column, was_masked: bool, reader: AccessClass, scale: Classifications
) -> bool:
    mask = view_of(column, reader, scale)
    return mask is not None and (mask.is_clear or was_masked)
