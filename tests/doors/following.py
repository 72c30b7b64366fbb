"""Those who follow a port: they apply what they are told and hold what is there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi.testclient import TestClient

from meshport.names import PortId
from tests.doors.lab import GAUGES

CURSOR = "Meshport-Cursor"
CHANGES = f"{GAUGES.path}/changes"


def row_of(change: dict[str, Any]) -> str:
    """The row in a change, as text that is the same for the same row."""
    return json.dumps({name: v for name, v in change.items() if not name.startswith("_")})


def rows_over_rest(client: TestClient, port: PortId = GAUGES) -> Counter[str]:
    """All rows as the rows door shows them."""
    answer = client.get(f"{port.path}/rows?limit=10000")
    assert answer.status_code == 200, answer.text
    return Counter(map(json.dumps, answer.json()))


def refused(answer: Any, status: int, code: str) -> dict[str, Any]:
    """The problem in an answer, which has to be that one."""
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    found: dict[str, Any] = answer.json()
    return found


@dataclass
class Follower:
    """One who reads by request, page by page; `held` is what it has."""

    client: TestClient
    path: str = CHANGES
    limit: int = 1_000
    cursor: str | None = None
    held: Counter[str] = field(default_factory=Counter)
    told: list[dict[str, Any]] = field(default_factory=list)

    def page(self) -> bool:
        """Read one page and apply it; whether there is more."""
        asked = {"limit": str(self.limit)} | ({"cursor": self.cursor} if self.cursor else {})
        answer = self.client.get(self.path, params=asked)
        assert answer.status_code == 200, answer.text
        self.apply(answer.json())
        self.cursor = answer.headers[CURSOR]
        return 'rel="next"' in answer.headers.get("Link", "")

    def catch_up(self) -> Follower:
        """Read until there is no more."""
        while self.page():
            pass
        return self

    def apply(self, changes: list[dict[str, Any]]) -> None:
        """Do what the changes say; what goes has to be there."""
        for one in changes:
            row, kind = row_of(one), one["_change_type"]
            if kind in ("delete", "update_preimage"):
                assert self.held[row] > 0, one
                self.held[row] -= 1
            else:
                self.held[row] += 1
        self.held = +self.held
        self.told += changes

    def kinds(self) -> dict[str, int]:
        """How many changes of each kind it was told; then it forgets them."""
        found = Counter(one["_change_type"] for one in self.told)
        self.told = []
        return dict(found)


@dataclass(frozen=True)
class Sent:
    """One server-sent event."""

    id: str | None
    name: str
    data: Any


def events_in(lines: Iterator[str]) -> Iterator[Sent]:
    """The events of a stream as a browser takes them (HTML, section 9.2.6); a beat is `:`."""
    last, name, data = None, "message", []
    for line in lines:
        field_, _, value = line.partition(": ")
        if line.startswith(":"):
            yield Sent(last, ":", None)
        elif field_ == "id":
            last = value
        elif field_ == "event":
            name = value
        elif field_ == "data":
            data.append(value)
        elif not line:
            if data:
                yield Sent(last, name, json.loads("\n".join(data)))
            elif last:
                yield Sent(last, "", None)
            name, data = "message", []
