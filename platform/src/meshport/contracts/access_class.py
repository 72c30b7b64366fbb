"""Access classes: what a reader of each class sees of a column, by contract and scale alone.

There is one class per step of the mesh's scale, which reads everything up to that step, and one
for agents, who act on what they read and therefore get no text that strangers wrote.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from meshport.contracts.classification import Classifications
from meshport.contracts.masking import CLEAR, Mask, mask_of
from meshport.contracts.model import Column, Contract, Table
from meshport.errors import ContractError

AGENT = "agent"
UNTRUSTED_TEXT = "untrustedText"
ROW_SCOPE = "rowScope"
SMALLEST_GROUP = "minimumGroupSize"


@dataclass(frozen=True)
class AccessClass:
    """One class; `rank` is that of the most sensitive step it reads in clear."""

    name: str
    rank: int
    reads_untrusted_text: bool = True
    reads_small_groups: bool = True


def access_classes(scale: Classifications) -> tuple[AccessClass, ...]:
    """All classes, the one that sees most last; agents read what is served openly, text apart."""
    open_rank = max((step.rank for step in scale.steps if step.is_served_openly), default=0)
    classes = [
        AccessClass(step.name, step.rank, reads_small_groups=step.rank > open_rank)
        for step in scale.steps
    ]
    return (AccessClass(AGENT, open_rank, False, False), *classes)


def view_of(column: Column, reader: AccessClass, scale: Classifications) -> Mask | None:
    """How a class sees a column: in clear, through a mask, or (None) not at all.

    A mask lowers a column by one step of the scale; further down the column does not exist. A
    column of unknown classification is seen by the highest class only.
    """
    step = scale.find(column.classification)
    rank = step.rank if step else len(scale.steps) - 1
    if column.custom.get(UNTRUSTED_TEXT) is True and not reader.reads_untrusted_text:
        return None
    if reader.rank >= rank:
        return CLEAR
    mask = mask_of(column)
    return mask if mask and reader.rank == rank - 1 else None


def scope_column(table: Table) -> Column | None:
    """The column whose values an agreement can be limited to."""
    return next((c for c in table.columns if c.custom.get(ROW_SCOPE) is True), None)


def smallest_groups(columns: Sequence[Column]) -> dict[str, int]:
    """By counting column, how many a row has to stand for before an open class may see it."""
    found = {column.name: column.custom.get(SMALLEST_GROUP) for column in columns}
    return {name: size for name, size in found.items() if isinstance(size, int) and size > 1}


def access_faults(contract: Contract) -> Iterator[ContractError]:
    """What a contract says about access that means nothing: masks (MP108), properties (MP109).

    A misspelt value would show what should be withheld, and nobody would notice.
    """
    for table in contract.tables:
        for column in table.columns:
            yield from _faults(column)
        scopes = [column for column in table.columns if column.custom.get(ROW_SCOPE) is True]
        for second in scopes[1:]:
            fact = f"`{scopes[0].name}` is the row scope already"
            yield ContractError("MP109", fact, second.place, "a table has one row scope")


def _faults(column: Column) -> Iterator[ContractError]:
    try:
        mask_of(column)
    except ContractError as error:
        yield error
    for name in (UNTRUSTED_TEXT, ROW_SCOPE):
        said = column.custom.get(name, False)
        if not isinstance(said, bool):
            fact = f"`{name}` of `{column.name}` is `{said}`"
            yield ContractError("MP109", fact, column.place, "write true or false")
    size = column.custom.get(SMALLEST_GROUP)
    is_count = isinstance(size, int) and not isinstance(size, bool) and size > 1
    if size is not None and not (is_count and column.logical_type == "integer"):
        fact = f"`{SMALLEST_GROUP}` of `{column.name}` is `{size}`"
        hint = "write a whole number above 1, at a column of whole numbers that counts"
        yield ContractError("MP109", fact, column.place, hint)
