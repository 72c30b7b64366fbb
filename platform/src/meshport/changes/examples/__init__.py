"""A contract and single edits of it: one example for every rule, and edits that change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from meshport.yaml_file import YamlDocument, parse_yaml


@dataclass(frozen=True)
class Edit:
    """One edit: what is replaced by what, and what has to be found; `rule` None: nothing."""

    say: str
    old: str
    new: str
    rule: str | None = None
    expected: Mapping[str, str] | None = None
    also: tuple[str, ...] = ()

    def applied(self) -> YamlDocument:
        """The base contract with the edit made."""
        text = base_text()
        if text.count(self.old) != 1:
            raise ValueError(f"{self.say}: the text stands {text.count(self.old)} times")
        return _read(text.replace(self.old, self.new), "new.odcs.yaml")


@cache
def base_text() -> str:
    """The contract that is edited."""
    return (resources.files(__name__) / "base.odcs.yaml").read_text()


def base() -> YamlDocument:
    """The same as a document."""
    return _read(base_text(), "old.odcs.yaml")


@cache
def _read(text: str, file: str) -> YamlDocument:
    # Each is asked for several times, and reading it is most of what that costs.
    return parse_yaml(text.encode(), file)


@cache
def edits() -> tuple[Edit, ...]:
    """All edits, in the order of the rules."""
    entries = parse_yaml((resources.files(__name__) / "edits.yaml").read_bytes(), "edits.yaml")
    return tuple(_edit(entry) for entry in entries.value if "skip" not in entry)


def _edit(entry: dict[str, str]) -> Edit:
    old = entry["from"]
    if "cut_to" in entry:
        text = base_text()
        start = text.index(old)
        old = text[start : text.index(entry["cut_to"], start)]
    axes = ("consumer", "producer", "governance")
    expected = {axis: entry.get(axis, "none") for axis in axes} if "rule" in entry else None
    return Edit(
        say=entry["say"],
        old=old,
        new=entry["to"],
        rule=entry.get("rule"),
        expected=expected,
        also=tuple(entry.get("also", ())),
    )
