"""What a client of the protocol asks for: parsed strictly, for a guess would be another answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import Request

from meshport.errors import Place, ServingError

CAPABILITIES = "delta-sharing-capabilities"
FILE_ID_HASH = "fileidhash"
PARQUET, DELTA = "parquet", "delta"
_MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True)
class Capabilities:
    """In which words to answer, and what to say of it in the answer's headers."""

    format: str
    features: frozenset[str]
    echo: Mapping[str, str]


def capabilities_of(request: Request) -> Capabilities:
    """What the client says it can read; raises ServingError MP602 where we speak none of it.

    Where it reads both formats the answer is in parquet's, which every client knows.
    """
    echo = {}
    said = request.headers.get(CAPABILITIES)
    stated = dict(part.split("=", 1) for part in (said or "").lower().split(";") if "=" in part)
    known = {key.strip(): set(map(str.strip, value.split(","))) for key, value in stated.items()}
    formats = known.get("responseformat", {PARQUET})
    chosen = next((one for one in (PARQUET, DELTA) if one in formats), None)
    if chosen is None:
        raise _bad(CAPABILITIES, "no such response format", f"{PARQUET} or {DELTA}")
    if said is not None:
        echo[CAPABILITIES] = f"responseformat={chosen}"
    scheme = request.headers.get(FILE_ID_HASH)
    if scheme is not None:
        if scheme.lower() not in (PARQUET, DELTA):
            raise _bad(FILE_ID_HASH, "no such scheme of file ids", f"{PARQUET} or {DELTA}")
        echo[FILE_ID_HASH] = scheme.lower()
    return Capabilities(chosen, frozenset(known.get("readerfeatures", ())), echo)


@dataclass(frozen=True)
class Query:
    """The body of a query: a snapshot, or the files that came and went since a version."""

    limit: int | None = None
    hints: str | None = None
    version: int | None = None
    moment: datetime | None = None
    starting_version: int | None = None
    ending_version: int | None = None

    @property
    def is_pinned(self) -> bool:
        """Whether it names a version, by number or time."""
        return self.version is not None or self.moment is not None


def query_in(body: bytes) -> Query:
    """The query in a body; raises ServingError MP602 where it cannot be understood."""
    content = _json_object(body)
    if not isinstance(content.get("predicateHints") or [], list):
        raise _bad("predicateHints", "it is no list", 'write ["amount > 5"]')
    hints = content.get("jsonPredicateHints")
    found = Query(
        limit=whole_number(content, "limitHint"),
        # A hint that cannot be read is passed over, says the protocol.
        hints=hints if isinstance(hints, str) else None,
        version=whole_number(content, "version"),
        moment=moment(content, "timestamp"),
        starting_version=whole_number(content, "startingVersion"),
        ending_version=whole_number(content, "endingVersion"),
    )
    starts = [found.version, found.moment, found.starting_version]
    if len([one for one in starts if one is not None]) > 1:
        fact = "version, timestamp and startingVersion exclude each other"
        raise _bad("version", fact, "give one of them")
    return found


def pin_in(parameters: Mapping[str, str]) -> Query:
    """The version that a metadata request names; raises ServingError MP602."""
    found = Query(
        version=whole_number(parameters, "version"), moment=moment(parameters, "timestamp")
    )
    if found.version is not None and found.moment is not None:
        raise _bad("version", "version and timestamp exclude each other", "give one of them")
    return found


@dataclass(frozen=True)
class Range:
    """From which version to which one, by number or time; None at the end is the latest."""

    start: int | datetime
    end: int | datetime | None
    has_metadata: bool
    """Whether changes of the schema in between are to be told."""


def range_in(parameters: Mapping[str, str]) -> Range:
    """The range of a change feed; raises ServingError MP602."""
    start = _one_of(parameters, "startingVersion", "startingTimestamp")
    if start is None:
        hint = "give startingVersion=0 for everything that is kept"
        raise _bad("startingVersion", "the range has no start", hint)
    end = _one_of(parameters, "endingVersion", "endingTimestamp")
    has_metadata = parameters.get("includeHistoricalMetadata", "").lower() == "true"
    return Range(start, end, has_metadata)


def _one_of(parameters: Mapping[str, str], number: str, instant: str) -> int | datetime | None:
    first, second = whole_number(parameters, number), moment(parameters, instant)
    if first is not None and second is not None:
        raise _bad(number, f"{number} and {instant} exclude each other", "give one of them")
    return first if first is not None else second


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body or b"{}")
    except (ValueError, RecursionError) as error:
        raise _bad("body", "it is no JSON", "send {} to ask for everything") from error
    if not isinstance(content, dict):
        raise _bad("body", "it is no JSON object", "send {} to ask for everything")
    return content


def whole_number(given: Mapping[str, Any], name: str) -> int | None:
    """A parameter that is a whole number, None where it is not given; raises ServingError MP602."""
    value = given.get(name)
    if value is None:
        return None
    is_text = isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20
    number = int(value) if is_text else value
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= _MAX_NUMBER:
        raise _bad(name, f"{_shown(value)} is no whole number", "0 or more")
    return number


def moment(given: Mapping[str, Any], name: str) -> datetime | None:
    """A parameter that is an instant, None where it is not given; raises ServingError MP602."""
    value = given.get(name)
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        # A moment without a zone is in UTC, in which the protocol has all of them.
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (TypeError, ValueError, OverflowError) as error:
        fact = f"{_shown(value)} is no moment"
        raise _bad(name, fact, "write it as 2026-01-31T23:59:00Z") from error


def _shown(value: object) -> str:
    return f"`{value[:40]}`" if isinstance(value, str) else f"a {type(value).__name__}"


def _bad(name: str, fact: str, hint: str) -> ServingError:
    return ServingError("MP602", fact, Place(name), hint)
