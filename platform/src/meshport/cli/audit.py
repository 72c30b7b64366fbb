"""What the commands about the audit do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from meshport.access.audit import ALLOWED, UNCHANGED, Audit, broken_at
from meshport.cli.show import print_data, print_json, print_table, say
from meshport.errors import AccessError
from meshport.settings import current_settings

REFUSED = "refused"
"""Every verdict that is an error's code."""
_HASH_SHOWN = 12


@dataclass(frozen=True)
class Wanted:
    """Which lines to show."""

    port: str | None
    who: str | None
    verdict: str | None
    since: datetime | None
    limit: int

    def of(self, audit: Audit) -> Iterator[dict[str, Any]]:
        """The lines, the newest first."""
        since = self.since.replace(tzinfo=UTC) if self.since else None
        names = {self.who, audit.pseudonym(self.who)} if self.who else set()
        fitting = (one for one in audit.entries(since) if self._fits(one, names))
        return islice(fitting, self.limit)

    def _fits(self, entry: dict[str, Any], names: set[str]) -> bool:
        if self.port and entry.get("port") != self.port:
            return False
        if names and not names & {entry.get(key) for key in ("who", "acts_for", "consumer")}:
            return False
        verdict = entry["verdict"]
        is_refused = self.verdict == REFUSED and verdict not in (ALLOWED, UNCHANGED)
        return self.verdict is None or is_refused or verdict == self.verdict


def list_command(wanted: Wanted, as_json: bool) -> None:
    """Show lines; raises AccessError MP790."""
    found = list(wanted.of(_audit()))
    if as_json:
        print_json(found)
        return
    headings = ("no", "when", "who", "door", "verdict", "port", "class", "rows", "what")
    print_table(headings, [_row(one) for one in found], numbers=(0, 7))


def verify_command(noted: str | None) -> int:
    """0 the chain is whole; raises AccessError MP790, MP791 (a line or the head is gone)."""
    found = _audit().verify(noted)
    if found.broken_at is not None:
        raise broken_at(found.broken_at)
    if not found.has_head:
        fact = f"the head {(noted or '')[:64]} is not in the chain"
        hint = "lines after it were taken out, or it is of another home"
        raise AccessError("MP791", fact, hint=hint)
    say(f"{found.lines:,} lines, whole; note the head elsewhere and look for it with --head:")
    print_data(found.head)
    return 0


def prune_command(days: int) -> None:
    """Let old lines go; raises AccessError MP790, MP791."""
    gone = _audit().prune(datetime.now(UTC), timedelta(days=days))
    say(f"{gone:,} lines older than {days} days are gone; the rest of the chain holds")


def _row(entry: dict[str, Any]) -> tuple[str, ...]:
    who = entry["who"] if entry["kind"] != "person" else _short(entry["who"])
    about = (entry.get("port", "–"), entry.get("access_class", "–"))
    rows = f"{entry['rows']:,}" if "rows" in entry else "–"
    when = entry["at"][:19].replace("T", " ")
    return str(entry["id"]), when, who, entry["door"], entry["verdict"], *about, rows, _what(entry)


def _what(entry: dict[str, Any]) -> str:
    """An act and to whom, or what a read rests on."""
    if "act" not in entry:
        return ", ".join(filter(None, (entry.get("rule"), entry.get("purpose"))))
    act = entry["act"].replace("_", " ")
    to = f" for {_short(entry['consumer'])}" if "consumer" in entry else ""
    return f"{act}{to}{', ' + entry['rule'] if 'rule' in entry else ''}"


def _short(name: str) -> str:
    """A hash as a person can compare it; names as they are."""
    is_hash = len(name) == 32 and set(name) <= set("0123456789abcdef")
    return f"person {name[:_HASH_SHOWN]}" if is_hash else name


def _audit() -> Audit:
    return Audit(current_settings().home)
