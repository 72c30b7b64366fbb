"""Who read which columns, as the audit has it: for those who want to change one."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from meshport.access.audit import ALLOWED, FILE, UNCHANGED
from meshport.access.principal import Kind
from meshport.access.register import AccessRegister
from meshport.lineage.actual_reads import ActualReader, Reads
from meshport.names import PortId

_What = tuple[str, str, str, tuple[str, ...]]
LOOKED_BACK = timedelta(days=90)
PEOPLE = "people"
"""Under this name all persons are counted: who of them it was is nobody's business here."""


def actual_readers(home: Path, now: datetime) -> list[ActualReader]:
    """Who read what in the last months; nobody where nothing was served from the home.

    Raises AccessError MP790 where the audit cannot be read.
    """
    if not (home / FILE).is_file():
        return []
    register = AccessRegister.at_home(home)
    contacts = {one.name: one.contact or "" for one in register.consumers.all()}
    found: dict[tuple[str, str, str], dict[str, Reads]] = defaultdict(dict)
    for (who, kind, port, columns), reads in _reads(register, now - LOOKED_BACK).items():
        counts = found[who, kind, port]
        for column in columns:
            known = counts.get(column, Reads(0, ""))
            last_on = max(known.last_on, reads.last_on)
            counts[column] = Reads(known.count + reads.count, last_on)
    return [
        ActualReader(who, kind, contacts.get(who, ""), PortId.parse(port), columns)
        for (who, kind, port), columns in found.items()
    ]


def _reads(register: AccessRegister, since: datetime) -> dict[_What, Reads]:
    """How often the same columns of a port were read by the same consumer, newest first."""
    found: dict[_What, Reads] = {}
    for line in register.audit.entries(since):
        if not line.get("columns") or not _is_read(line):
            continue
        is_person = line["kind"] == Kind.PERSON
        who = (PEOPLE, PEOPLE) if is_person else (line["who"], line["kind"])
        key = (*who, line["port"], tuple(line["columns"]))
        known = found.get(key)
        last_on = known.last_on if known else line["at"][:10]
        found[key] = Reads(known.count + 1 if known else 1, last_on)
    return found


def _is_read(line: dict[str, Any]) -> bool:
    """Not a page that somebody looks at, nor what is asked about data (`rows/explain`)."""
    is_aside = line["door"] == "port" or "/" in line["door"]
    return line["verdict"] in (ALLOWED, UNCHANGED) and not is_aside
