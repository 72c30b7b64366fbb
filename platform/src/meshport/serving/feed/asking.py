"""What a reader of changes asks for: from where on, how many, in which form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from meshport.contracts.schema import name_hint
from meshport.serving.rows.faults import bad
from meshport.serving.rows.query import FORMATS, MAX_LIMIT, PAGED

DEFAULT_LIMIT = 1_000
NOW = "now"
PARAMETERS = ("cursor", "after", "limit", "format")
_MOST = 10**9


@dataclass(frozen=True)
class Wanted:
    """A checked request for changes."""

    cursor: str | None
    after: int | None
    """The number of the version that the reader has; 0 is none, None what there is now."""
    limit: int | None
    """None: all that is left of the version."""
    format: str


def wanted_of(parameters: Iterable[tuple[str, str]], form: str) -> Wanted:
    """What the parameters ask for; raises ServingError MP602."""
    given: dict[str, str] = {}
    for name, text in parameters:
        if name not in PARAMETERS:
            raise bad(name[:40], "it is no parameter here", name_hint(name[:40], list(PARAMETERS)))
        if name in given:
            raise bad(name, f"`{name}` stands twice", "give it once")
        given[name] = text
    if {"cursor", "after"} <= set(given):
        raise bad("after", "a cursor says already what was read", "give one of them")
    chosen = given.get("format", form)
    if chosen not in FORMATS:
        hint = name_hint(chosen[:40], list(FORMATS))
        raise bad("format", f"there is no format `{chosen[:40]}`", hint)
    return Wanted(
        given.get("cursor"), _after(given.get("after", "0")), _limit(given, chosen), chosen
    )


def _after(text: str) -> int | None:
    if text == NOW:
        return None
    return _number("after", text, 0, "the number of a version, 0 for all rows, or `now`")


def _limit(given: dict[str, str], chosen: str) -> int | None:
    most = MAX_LIMIT if chosen in PAGED else _MOST
    if "limit" not in given:
        return DEFAULT_LIMIT if chosen in PAGED else None
    return min(_number("limit", given["limit"], 1, f"1 to {most:,}", most), most)


def _number(name: str, text: str, least: int, hint: str, most: int = _MOST) -> int:
    is_number = text.isascii() and text.isdigit() and len(text) < 11
    if not is_number or not least <= int(text) <= most:
        raise bad(name, f"`{text[:40]}` cannot be used", hint)
    return int(text)
