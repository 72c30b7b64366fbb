"""What a port's page says about access: what one sees and why, and what one could ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fastapi import Request

from meshport.access.agreements import Agreement
from meshport.access.authorize import OPENLY, Grant
from meshport.access.principal import DEMO, Kind
from meshport.access.purposes import Purpose
from meshport.catalog.entry import PortEntry
from meshport.contracts.access_class import (
    AGENT,
    AccessClass,
    access_classes,
    scope_column,
    view_of,
)
from meshport.contracts.masking import CLEAR
from meshport.contracts.model import Column
from meshport.errors import AccessError
from meshport.products.mesh import Port
from meshport.serving.identity import Asker, asker_of


@dataclass(frozen=True)
class Beyond:
    """A column that is not seen as it is, and the classes that see more of it."""

    column: Column
    mask: str | None
    """How it is seen now; None: not at all."""
    masked_from: str | None
    """The lowest class that sees its mask; None where that is no more than now."""
    clear_from: str


@dataclass(frozen=True)
class Choice:
    """A class that can be asked for, and how it would see what the one below sees less of."""

    name: str
    meaning: str
    clear: Sequence[str]
    masked: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Form:
    """What a request for access has to choose from."""

    consumers: Sequence[tuple[str, str]]
    purposes: Sequence[Purpose]
    choices: Sequence[Choice]
    suggested: str
    scope: str | None
    """The column whose values can limit the rows."""
    may_break_glass: bool


@dataclass(frozen=True)
class PortAccess:
    """Access to one port as it concerns one visitor."""

    grant: Grant
    is_open: bool
    rows: int | None
    beyond: Sequence[Beyond]
    withheld_by_class: Sequence[tuple[str, str, Sequence[Beyond]]]
    """Each class of columns that are not there for the visitor, what it means, and the columns."""
    held: Sequence[Agreement]
    """The agreements by which the visitor reads, now."""
    pending: Sequence[Agreement]
    """What the visitor, or a machine of theirs, asked for and nobody decided."""
    glass: Sequence[Agreement]
    form: Form | None

    @property
    def withheld(self) -> list[Beyond]:
        """The columns that are not there for the visitor."""
        return [one for one in self.beyond if one.mask is None]

    @property
    def masked(self) -> list[Beyond]:
        """The columns that the visitor sees through a mask."""
        return [one for one in self.beyond if one.mask is not None]

    @property
    def purposes(self) -> list[str]:
        """The purposes among which the visitor has to choose."""
        return sorted({one.terms.purpose for one in self.held})


def page_grant(request: Request, port: Port) -> tuple[Asker, Grant]:
    """Who looks at a port's page, and what it may see there.

    `?purpose=` chooses where agreements are for several; until one is chosen nothing counts but
    what is open. Raises AccessError MP701, MP702.
    """
    asker = asker_of(request)
    chosen = request.query_params.get("purpose")
    if chosen:
        asker = replace(asker, purpose=chosen)
    try:
        return asker, asker.grant(port)
    except AccessError as error:
        if error.code != "MP703":
            raise
        return asker, asker.open_grant(port)


def access_of(asker: Asker, entry: PortEntry) -> PortAccess:
    """Everything that the port's page says about access to this visitor."""
    desk, now, port = asker.doors.desk, asker.doors.now(), entry.port
    own = [asker.principal.name, *(one.name for one in desk.machines_of(asker.principal.name))]
    known = own if asker.principal.is_known else []
    all_own = [one for name in known for one in desk.agreements.of(name, port.id, now)]
    beyond = _beyond(asker, entry)
    return PortAccess(
        grant=entry.grant,
        is_open=entry.grant.rule == OPENLY,
        rows=_rows(asker, entry),
        beyond=beyond,
        withheld_by_class=_by_class(asker, [one for one in beyond if one.mask is None]),
        held=[o for o in all_own if o.state.grants and o.terms.consumer == asker.principal.name],
        pending=[one for one in all_own if one.is_open],
        glass=[one for one in desk.agreements.broken_glass(now) if one.terms.port == port.id],
        form=_form(asker, entry),
    )


def _rows(asker: Asker, entry: PortEntry) -> int | None:
    """How many rows the visitor sees; None before the first release."""
    if entry.status.release is None:
        return None
    if not entry.visible:
        return 0
    return asker.sight(entry.port, entry.status.release, entry.grant).rows


def _beyond(asker: Asker, entry: PortEntry) -> list[Beyond]:
    classes = _classes(asker)
    found = []
    for column in entry.port.contract.table.columns:
        mask = entry.views.get(column.name)
        if mask == str(CLEAR):
            continue
        views = {one.name: view_of(column, one, asker.doors.catalog.scale) for one in classes}
        clear = next((name for name, view in views.items() if view == CLEAR), classes[-1].name)
        masked = next((name for name, view in views.items() if view and view != CLEAR), None)
        if mask is None and views.get(entry.grant.reader.name):
            continue  # it comes with the next release
        found.append(Beyond(column, mask, masked if mask is None else None, clear))
    return found


def _by_class(asker: Asker, withheld: Sequence[Beyond]) -> list[tuple[str, str, Sequence[Beyond]]]:
    found: dict[str, list[Beyond]] = {}
    for one in withheld:
        found.setdefault(one.column.classification or "", []).append(one)
    steps = {name: asker.doors.catalog.scale.find(name) for name in found}
    unknown = "Nobody said who may read it."
    return [(n, step.meaning if step else unknown, found[n]) for n, step in steps.items()]


def _form(asker: Asker, entry: PortEntry) -> Form | None:
    """None for visitors who cannot ask: those who are nobody that is registered."""
    principal, desk, port = asker.principal, asker.doors.desk, entry.port
    choices = _choices(asker, port)
    if not principal.is_known or principal == DEMO or not choices or not desk.purposes.all:
        return None
    machines = desk.machines_of(principal.name) if principal.kind is Kind.PERSON else []
    more = [one.name for one in choices if _sees_more(one, entry)]
    scope = scope_column(port.contract.table)
    return Form(
        consumers=[
            (principal.name, "yourself"),
            *((one.name, f"{one.kind}") for one in machines if not one.is_disabled),
        ],
        purposes=desk.purposes.all,
        choices=choices,
        suggested=more[0] if more else choices[-1].name,
        scope=scope.name if scope else None,
        may_break_glass=principal.kind is Kind.PERSON and bool(more),
    )


def _choices(asker: Asker, port: Port) -> list[Choice]:
    """The classes that see more than the one below."""
    scale = asker.doors.catalog.scale
    found: list[Choice] = []
    before: dict[str, str] = {}
    for reader in _classes(asker):
        views = {c.name: view_of(c, reader, scale) for c in port.contract.table.columns}
        now = {name: str(view) for name, view in views.items() if view}
        fresh = {name: view for name, view in now.items() if before.get(name) != view}
        step = scale.find(reader.name)
        if fresh and step:
            clear = [name for name, view in fresh.items() if view == str(CLEAR)]
            masked = [(name, view) for name, view in fresh.items() if view != str(CLEAR)]
            found.append(Choice(reader.name, step.meaning, clear, masked))
        before = now
    return found


def _sees_more(choice: Choice, entry: PortEntry) -> bool:
    seen = entry.views
    masked = [name for name, mask in choice.masked if seen.get(name) is None]
    return bool(masked) or any(seen.get(name) != str(CLEAR) for name in choice.clear)


def _classes(asker: Asker) -> list[AccessClass]:
    """The classes of the scale, the lowest first; that of agents is nobody's to choose."""
    found = access_classes(asker.doors.catalog.scale)
    return [reader for reader in found if reader.name != AGENT]
