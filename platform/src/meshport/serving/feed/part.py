"""The next changes for a reader: rows of one version, from where it stopped."""

from __future__ import annotations

from dataclasses import dataclass

from meshport.contracts.json_type import is_text_in_json
from meshport.errors import PublishError, ServingError
from meshport.serving.feed.difference import CHANGE_TYPE
from meshport.serving.feed.difference_cache import Difference
from meshport.serving.feed.history import History, Seen, Step
from meshport.serving.feed.position import Position, begin_anew
from meshport.serving.feed.versions import Version
from meshport.serving.rows.source import ROW_NUMBER, RowSource
from meshport.sql_text import literal, quote
from meshport.warehouse import parquet_scan

COMMIT_VERSION, COMMIT_TIMESTAMP = "_commit_version", "_commit_timestamp"
ADDED = {
    CHANGE_TYPE: "VARCHAR",
    COMMIT_VERSION: "BIGINT",
    COMMIT_TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
}
"""The columns that every change has besides those of the port, in Delta's words."""


@dataclass(frozen=True)
class Part:
    """Changes of one version from an offset on; none where the reader has everything."""

    version: int
    release: str
    latest: int
    source: RowSource
    digest: str | None = None
    base: int = 0
    offset: int = 0
    total: int = 0

    @property
    def rows(self) -> int:
        """How many changes are left."""
        return self.total - self.offset

    def after(self, rows: int) -> Position:
        """Where the reader is when it has read so many of them."""
        if self.offset + rows >= self.total:
            return Position(self.version)
        return Position(self.version, self.digest, self.offset + rows, self.base)

    def has_more_after(self, rows: int) -> bool:
        """Whether there is more by now than so many of them."""
        return rows < self.rows or self.version < self.latest


def beginning(history: History, after: int | None) -> Position:
    """Where a reader begins that has a version, or wants none of what there is (None).

    Version 0 is nothing. Raises ServingError MP611, MP612 and MP650.
    """
    latest = history.versions.latest.number
    if after is None:
        return Position(latest)
    if after:
        try:
            history.versions.numbered(after)
        except PublishError as error:
            raise _gone(error, history) from error
    return Position(after)


def next_part(history: History, position: Position) -> Part:
    """What comes after a position; the history's leases hold what it is read from.

    Raises AccessError MP702 to MP705, ServingError MP611, MP612, MP640, and where the reader has to
    begin anew MP650 (what it would need is gone) and MP651 (it sees something else by now).
    """
    versions = history.versions
    latest = versions.latest
    # Who sees nothing of the latest release is told why, whatever it saw before.
    shown = history.seen(latest.release)
    if position.version == 0:
        return _part(history, Step(latest, None, shown), 0)
    if position.version > latest.number:
        raise begin_anew(
            "MP650", f"there is no version {position.version} any more", history.port.id
        )
    find = _following if position.digest is None else _rest
    try:
        found = find(history, position)
    except PublishError as error:
        raise _gone(error, history) from error
    nothing = Part(latest.number, latest.release, latest.number, _nothing(history, shown))
    return found or nothing


def _following(history: History, position: Position) -> Part | None:
    """The first changes after a version; those that are no longer kept are part of the next."""
    latest = history.versions.latest
    old, *later = history.versions.between(position.version, latest.number)
    for version in later:
        if version.number < latest.number and not history.store.has_data(version.release):
            continue
        was, now = (history.seen_or_nothing(one.release) for one in (old, version))
        step = Step(version, was, now)
        found = None if step.is_same else _part(history, step, old.number)
        if found and found.total:
            return found
        old = version
    return None


def _rest(history: History, position: Position) -> Part:
    """What is left of a difference."""
    (version,) = history.versions.between(position.version, position.version)
    base = history.versions.between(position.base, position.base) if position.base else []
    old = history.seen_or_nothing(base[0].release) if base else None
    step = Step(version, old, history.seen_or_nothing(version.release))
    found = _part(history, step, position.base, position.rows) if step.seen else None
    if found is None or found.digest != position.digest:
        fact = "the columns that you see have changed meanwhile"
        raise begin_anew("MP651", fact, history.port.id)
    return found


def _part(history: History, step: Step, base: int, offset: int = 0) -> Part:
    seen = step.seen
    if seen is None:
        raise ValueError("a version of which nothing is seen has no changes")
    difference = history.difference(step.old, step.new)
    return Part(
        version=step.version.number,
        release=step.version.release,
        latest=history.versions.latest.number,
        source=_source(history, seen, _rows(difference, step.version, offset)),
        digest=difference.digest[:16],
        base=base,
        offset=offset,
        total=difference.rows,
    )


def _rows(difference: Difference, version: Version, offset: int) -> str:
    at = literal(version.at.isoformat())
    return (
        f"(select *, {ROW_NUMBER}, {version.number}::bigint as {COMMIT_VERSION}, "
        f"{at}::timestamptz as {COMMIT_TIMESTAMP} "
        f"from {parquet_scan([difference.file])} where {ROW_NUMBER} >= {offset})"
    )


def _nothing(history: History, seen: Seen) -> RowSource:
    named = {**seen.sight.types, **ADDED, ROW_NUMBER: "BIGINT"}
    columns = ", ".join(f"cast(null as {native}) as {quote(n)}" for n, native in named.items())
    return _source(history, seen, f"(select {columns} from range(0))")


def _source(history: History, seen: Seen, relation: str) -> RowSource:
    columns = {column.name: column for column in history.port.contract.table.columns}
    types = seen.sight.types
    texts = (name for name, native in types.items() if is_text_in_json(native, columns[name]))
    return RowSource(
        relation=relation,
        types={**types, **ADDED},
        key=(ROW_NUMBER,),
        required=frozenset({ROW_NUMBER}),
        texts=frozenset(texts),
        is_sorted=True,
    )


def _gone(error: PublishError, history: History) -> ServingError | PublishError:
    if error.code != "MP404":
        return error
    return begin_anew("MP650", error.fact, history.port.id)
