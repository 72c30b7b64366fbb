"""The three answers with files: a snapshot, the files that came and went, and the changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from meshport.errors import Place, ServingError
from meshport.serving.delta.actions import Line, Lines, SharedFile
from meshport.serving.delta.pruning import fitting
from meshport.serving.delta.request import Query, Range
from meshport.serving.delta.shared_files import SharedFiles
from meshport.serving.feed.history import History, Step
from meshport.serving.feed.versions import Version


@dataclass(frozen=True)
class Answer:
    """Lines, and the version that they start with."""

    version: int
    lines: list[Line]


def wanted_version(history: History, query: Query) -> Version:
    """The version that a query names, or the latest; raises ServingError MP611, MP612 and
    PublishError MP404."""
    versions = history.versions
    latest = versions.latest
    if query.version is not None:
        return versions.numbered(query.version)
    return versions.as_of(query.moment) if query.moment else latest


def snapshot(query: Query, lines: Lines, files: SharedFiles) -> Answer:
    """The files of one version; fewer where the query says which rows, or how many, suffice."""
    version = wanted_version(files.history, query)
    seen = files.history.seen(version.release)
    told = version if query.is_pinned else None
    found = lines.head(seen, told.number if told else None)
    shared = list(files.of_release(seen, "file", told))
    if query.hints is not None:
        paths = {file.sha256: seen.folder / file.path for file in seen.sight.files}
        kept = fitting(list(paths.values()), query.hints, seen.sight.columns)
        shared = [one for one in shared if paths[one.id] in kept]
    rows = 0
    for one in shared:
        if query.limit is not None and rows >= query.limit:
            break
        found.append(lines.file(one))
        rows += one.rows
    return Answer(version.number, found)


def files_since(query: Query, lines: Lines, files: SharedFiles) -> Answer:
    """The files that came and went from version to version, for readers that follow a table."""

    def moved(step: Step) -> Iterator[SharedFile]:
        gone = list(files.of_release(step.old, "remove", step.version)) if step.old else []
        come = list(files.of_release(step.new, "add", step.version)) if step.new else []
        kept = {one.id for one in gone} & {one.id for one in come}
        return (one for one in (*gone, *come) if one.id not in kept)

    wanted = Range(query.starting_version or 0, query.ending_version, has_metadata=True)
    return _along(wanted, lines, files.history, moved)


def changes(wanted: Range, lines: Lines, files: SharedFiles) -> Answer:
    """What changed from version to version, row by row."""
    return _along(wanted, lines, files.history, files.of_change)


def _along(
    wanted: Range, lines: Lines, history: History, actions: Callable[[Step], Iterator[SharedFile]]
) -> Answer:
    """The lines of all versions in a range, with the schema where it changes if that is wanted."""
    versions = _versions(history, wanted)
    last = versions[-1] if versions else history.versions.latest
    # Who sees nothing of the last version is told why; it is also the one whose schema counts.
    shown = history.seen(last.release)
    found = lines.head(shown)
    for step in history.steps(versions, from_nothing=wanted.start == 0):
        if wanted.has_metadata and step.version is versions[0]:
            shown = step.new or shown
            # A start of 0 has no version of its own, and readers look there for a schema.
            found = lines.head(shown, step.version.number if wanted.start else 0)
        elif wanted.has_metadata and step.new and step.new.sight.types != shown.sight.types:
            shown = step.new
            found.append(lines.metadata(shown, step.version.number))
        found += [lines.file(one) for one in actions(step)]
    return Answer(versions[0].number if versions else last.number, found)


def _versions(history: History, wanted: Range) -> list[Version]:
    """The versions in a range; none where it starts right after the latest."""
    versions = history.versions
    latest = versions.latest.number
    last = latest
    if isinstance(wanted.end, datetime):
        last = versions.as_of(wanted.end).number
    elif wanted.end is not None:
        last = min(wanted.end, latest)
    if isinstance(wanted.start, datetime):
        since = versions.since(wanted.start)
        first = since.number if since else latest + 1
    else:
        first = wanted.start or versions.oldest_kept().number
    if first > latest + 1:
        versions.numbered(first)
    if first > last and first != latest + 1:
        hint = f"the range is from {first} to {last}"
        raise ServingError("MP602", "the range ends before it starts", Place("endingVersion"), hint)
    return versions.between(first, last)
