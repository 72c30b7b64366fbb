"""What can be wrong with a question for rows, in one wording."""

from __future__ import annotations

from collections.abc import Collection

from meshport.contracts.schema import name_hint
from meshport.errors import Place, ServingError


def bad(parameter: str, fact: str, hint: str | None) -> ServingError:
    """MP602: a parameter that cannot be understood."""
    return ServingError("MP602", fact, Place(f"?{parameter[:80]}"), hint)


def unfit(parameter: str, fact: str, hint: str | None) -> ServingError:
    """MP604: a value that does not fit its column."""
    return ServingError("MP604", fact, Place(f"?{parameter[:80]}"), hint)


def known(name: str, columns: Collection[str], parameter: str) -> str:
    """The name, if the reader may see such a column; else raises ServingError MP601.

    A column that is withheld does not exist for this reader: one answer for both.
    """
    if name not in columns:
        fact, hint = f"there is no column `{name[:80]}`", name_hint(name[:80], list(columns))
        raise ServingError("MP601", fact, Place(f"?{parameter[:80]}"), hint)
    return name
