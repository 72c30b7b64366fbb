"""House rules: what this company asks of a contract beyond what the standard does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from meshport.contracts.classification import Classifications
from meshport.contracts.duration import seconds_of
from meshport.contracts.model import Column, Contract
from meshport.contracts.schema import name_hint
from meshport.errors import ContractError, MeshportError, Place

_SEMVER = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
_SNAKE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
# A date is a day (`_on`), an instant a moment (`_at`); a name that says so needs no explanation.
_SUFFIX_OF_TYPE = {"date": "_on", "timestamp": "_at"}

Rule = Callable[[Contract, Classifications], Iterator[MeshportError]]


def lint(contract: Contract, scale: Classifications) -> list[MeshportError]:
    """Every house rule the contract breaks, in file order."""
    found = [fault for rule in RULES for fault in rule(contract, scale)]
    return sorted(found, key=lambda fault: (fault.place.line or 0) if fault.place else 0)


def version_is_semver(contract: Contract, _: Classifications) -> Iterator[MeshportError]:
    """MP110: the version is SemVer, and the status one of the standard's five."""
    if not _SEMVER.fullmatch(contract.version):
        yield _fault("MP110", f"the version `{contract.version}` is not SemVer", contract)
    if contract.status not in _STATUSES:
        fact = f"the status is `{contract.status}`"
        yield _fault("MP110", fact, contract, hint=name_hint(contract.status, list(_STATUSES)))


def columns_are_classified(contract: Contract, scale: Classifications) -> Iterator[MeshportError]:
    """MP111: every column names a class of the scale."""
    names = [step.name for step in scale.steps]
    for column in _columns(contract):
        if scale.find(column.classification) is None:
            said = f"`{column.classification}`" if column.classification else "no classification"
            fact = f"the column `{column.name}` has {said}"
            hint = name_hint(column.classification or "", names)
            yield ContractError("MP111", fact, column.place, hint)


def descriptions_say_something(contract: Contract, _: Classifications) -> Iterator[MeshportError]:
    """MP112: purpose, table and columns are described in more words than their name."""
    if len(contract.purpose.split()) < 3:
        yield _fault("MP112", "the contract does not say what it is for", contract)
    for table in contract.tables:
        described: list[tuple[str, str, Place]] = [(table.name, table.description, table.place)]
        described += [(c.name, c.description, c.place) for c in table.columns]
        for name, text, place in described:
            words = set(re.findall(r"[a-z]+", text.lower())) - set(name.lower().split("_"))
            if len(words) < 2:
                fact = f"the description of `{name}` says no more than its name"
                yield ContractError("MP112", fact, place, "say what it means, and in which unit")


def somebody_answers(contract: Contract, _: Classifications) -> Iterator[MeshportError]:
    """MP113: there is a team with an owner, and a channel on which it answers."""
    if not contract.team_name or not any("owner" in (m.role or "").lower() for m in contract.team):
        yield _fault("MP113", "no team with an owner", contract, "add team.name and an owner")
    if not any(channel.scope == "interactive" for channel in contract.support):
        yield _fault("MP113", "no channel on which the owner answers", contract)


def service_is_promised(contract: Contract, _: Classifications) -> Iterator[MeshportError]:
    """MP114: at least one service level, each with an id of its own."""
    if not contract.service_levels:
        yield _fault("MP114", "no service level is promised", contract)
    for level in contract.service_levels:
        if re.fullmatch(rf"{re.escape(level.name)}_\d+", level.id):
            fact = f"the service level `{level.name}` has no id"
            yield ContractError("MP114", fact, level.place, "ids keep findings stable over edits")


def personal_data_ends(contract: Contract, _: Classifications) -> Iterator[MeshportError]:
    """MP115: a contract with personal data says how long it is kept."""
    personal = [c for c in _columns(contract) if any(tag.startswith("pii") for tag in c.tags)]
    kept = [level for level in contract.service_levels if level.name == "retention"]
    if personal and not any(seconds_of(level.value, level.unit) for level in kept):
        names = ", ".join(f"`{column.name}`" for column in personal[:3])
        fact = f"{names} hold personal data, and no retention is promised"
        yield ContractError("MP115", fact, personal[0].place, "add an slaProperty `retention`")


def rows_have_a_grain(contract: Contract, _: Classifications) -> Iterator[MeshportError]:
    """MP116: every table has a primary key and says what a row is."""
    for table in contract.tables:
        if not table.key or not table.grain:
            lacks = "a primary key" if not table.key else "dataGranularityDescription"
            yield ContractError("MP116", f"the table `{table.name}` lacks {lacks}", table.place)


def names_follow_the_house(contract: Contract, _: Classifications) -> Iterator[MeshportError]:
    """MP118: names are snake_case; days end in `_on`, instants in `_at`, booleans start `is_`."""
    for column in _columns(contract):
        suffix = _SUFFIX_OF_TYPE.get(column.logical_type or "")
        if not _SNAKE.fullmatch(column.name):
            fact = f"`{column.name}` is not snake_case"
        elif suffix and not column.name.endswith(suffix):
            fact = f"`{column.name}` is a {column.logical_type} and does not end in {suffix}"
        elif column.logical_type == "boolean" and not column.name.startswith(("is_", "has_")):
            fact = f"`{column.name}` is a boolean and starts neither with is_ nor has_"
        else:
            continue
        yield ContractError("MP118", fact, column.place)


RULES: tuple[Rule, ...] = (
    version_is_semver,
    columns_are_classified,
    descriptions_say_something,
    somebody_answers,
    service_is_promised,
    personal_data_ends,
    rows_have_a_grain,
    names_follow_the_house,
)


def _columns(contract: Contract) -> Iterator[Column]:
    for table in contract.tables:
        yield from table.columns


def _fault(code: str, fact: str, contract: Contract, hint: str | None = None) -> ContractError:
    return ContractError(code, fact, Place(contract.file, 1), hint)
