"""Who read which columns, as the audit has it: for those who want to change one.

What was counted is kept in the home's cache with the line up to which it was, so that the next time
only lines that are new are read. Losing it costs time and nothing else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from meshport.access.audit import ALLOWED, FILE, UNCHANGED, Audit
from meshport.access.principal import Kind
from meshport.access.register import AccessRegister
from meshport.kept import Kept
from meshport.lineage.actual_reads import ActualReader, Reads
from meshport.names import PortId

LOOKED_BACK = timedelta(days=90)
PEOPLE = "people"
"""Under this name all persons are counted: who of them it was is nobody's business here."""
_Day = dict[str, dict[str, int]]
"""How often each column was read, by who, of which kind, and which port."""
_PARTS = "\n"
_FROM = "the audit"


@dataclass(frozen=True)
class _Counted:
    """What was counted: the reads since a day, up to a line of the audit as it stood."""

    since: str
    line: int
    hash: str
    cut_at: int
    days: Mapping[str, _Day]


def actual_readers(home: Path, now: datetime) -> list[ActualReader]:
    """Who read what in the last months, whole days in UTC; nobody where nothing was served.

    Raises AccessError MP790 where the audit cannot be read.
    """
    if not (home / FILE).is_file():
        return []
    register = AccessRegister.at_home(home)
    contacts = {one.name: one.contact or "" for one in register.consumers.all()}
    found: dict[str, dict[str, Reads]] = defaultdict(dict)
    since = (now.astimezone(UTC) - LOOKED_BACK).date().isoformat()
    for day, reads in sorted(_counted(register.audit, home, since).items()):
        for about, columns in reads.items():
            for column, count in columns.items():
                before = found[about].get(column)
                found[about][column] = Reads(count + (before.count if before else 0), day)
    readers = []
    for about, columns_read in found.items():
        who, kind, port = about.split(_PARTS)
        contact = contacts.get(who, "")
        readers.append(ActualReader(who, kind, contact, PortId.parse(port), columns_read))
    return readers


def _counted(audit: Audit, home: Path, since: str) -> Mapping[str, _Day]:
    """The reads of each day from one on."""
    with Kept(home / "cache", "usage", ("meshport.access",)).stage("reads") as kept:
        known = kept.find("counted", _FROM)
        before = _Counted(**known) if known else None
        if before is None or not _holds(before, audit, since):
            before = _Counted(since, 0, "", 0, {})
        after = _with_new(before, audit, since)
        if after != before:
            kept.keep("counted", _FROM, asdict(after))
    return after.days


def _holds(before: _Counted, audit: Audit, since: str) -> bool:
    """Whether reading anew would count the same: of what was counted nothing is gone by now."""
    if before.since > since or audit.hash_of(before.line) != before.hash:
        return False
    return audit.cut_at == before.cut_at or audit.oldest_at[: len(since)] < since


def _with_new(before: _Counted, audit: Audit, since: str) -> _Counted:
    """The same with the lines that came after, and without the days before one."""
    # First, so that what is cut meanwhile is found out the next time.
    cut_at, (last, last_hash) = audit.cut_at, audit.last
    days = {day: reads for day, reads in before.days.items() if day >= since}
    for line in audit.entries(datetime.combine(datetime.fromisoformat(since), time(), UTC)):
        if line["id"] <= before.line:
            break
        if line["id"] <= last and line.get("columns") and _is_read(line):
            is_person = line["kind"] == Kind.PERSON
            who = (PEOPLE, PEOPLE) if is_person else (line["who"], line["kind"])
            day = days.setdefault(line["at"][: len(since)], {})
            columns = day.setdefault(_PARTS.join((*who, line["port"])), {})
            for column in line["columns"]:
                columns[column] = columns.get(column, 0) + 1
    return _Counted(since, last, last_hash, cut_at, days)


def _is_read(line: dict[str, Any]) -> bool:
    """Not a page that somebody looks at, nor what is asked about data (`rows/explain`)."""
    is_aside = line["door"] == "port" or "/" in line["door"]
    return line["verdict"] in (ALLOWED, UNCHANGED) and not is_aside
