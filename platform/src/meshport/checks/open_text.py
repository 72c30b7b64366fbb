"""PII07: what everybody may read holds nothing that looks like an address of a person.

A column that says by `enum`, `pattern` or `format` what its values look like is taken at its word.
"""

from __future__ import annotations

from collections.abc import Iterator

from meshport.checks.spec import CheckSpec, RowRule
from meshport.contracts.classification import Classifications
from meshport.contracts.model import Column, Contract, Severity
from meshport.sql_text import literal, quote

PERSONAL_DATA = "__personal_data"
"""How the ids of these checks end."""
_EMAIL = r"[^\s@<>,;]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
# E.164 as people write it; ISO 13616.
_PHONE = r"\+[0-9][0-9 ()./-]{6,20}[0-9]"
_IBAN = r"[A-Z]{2}[0-9]{2}( ?[A-Z0-9]{4}){2,7}( ?[A-Z0-9]{1,3})?"
_SAYS_WHAT_IT_HOLDS = ("pattern", "format")


def open_text_checks(contract: Contract, scale: Classifications) -> Iterator[CheckSpec]:
    """One check for each column of free text that the scale serves openly."""
    for table in contract.tables:
        for column in scale.served_openly(table.columns):
            if _is_free_text(column):
                yield CheckSpec(
                    f"{column.name}{PERSONAL_DATA}",
                    table.name,
                    column.name,
                    f"schema.{table.name}.properties.{column.name}.classification",
                    Severity.ERROR,
                    RowRule(_looks_personal(column.name), (column.name,)),
                    f"{column.name}: no e-mail address, phone number or IBAN in a column that is "
                    f"{column.classification}",
                    column.place,
                )


def _is_free_text(column: Column) -> bool:
    told = column.allowed_values or any(key in column.options for key in _SAYS_WHAT_IT_HOLDS)
    return column.logical_type == "string" and not told


def _looks_personal(name: str) -> str:
    text = f"cast({quote(name)} as varchar)"
    has_email = f"contains({text}, '@') and regexp_matches({text}, {literal(_EMAIL)})"
    return f"({has_email}) or regexp_full_match({text}, {literal(f'{_PHONE}|{_IBAN}')})"
