"""Names and descriptions of other people, made harmless for each form of output.

A contract is somebody else's text: it may hold markup, commands of a CI system, characters that
turn the direction of writing round, or control sequences of a terminal.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_JOINER = "\u200d"
"""Holds the parts of an emoji together; the only format character that is let through."""
_SUSPECT = re.compile(r"[^\n\x20-\x7e\u00a1-\u00ac\u00ae-\u02ff\u2190-\u21ff]")
_COMMAND_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_COMMAND_PROPERTY = {**_COMMAND_DATA, ":": "%3A", ",": "%2C"}
_NOT_IN_CODE_SPAN = re.compile(r"[`|\\]|^ | $|^$")
_MARKUP = re.compile(
    r"[\\`*_\[\]<>#|~&@$]"
    r"|:(?=/|[\w+-]*[A-Za-z][\w+-]*:)|(?<=[wW]{3})\."  # addresses and emoji codes
    r"|^[-+=]|^\d(?=\d*[.)])"  # lists and headings
)


def plain(text: object) -> str:
    """Text on one line for people: what cannot be seen is shown as an escape."""
    joined = " ".join(str(text).split())
    return _SUSPECT.sub(lambda match: _visible(match[0]), joined)


def lines(text: object) -> str:
    """The same for text of several lines, which stay."""
    return _SUSPECT.sub(lambda match: _visible(match[0]), str(text).replace("\t", "    "))


def shortened(text: object, length: int) -> str:
    """The same, cut to at most so many characters."""
    shown = plain(text)
    return shown if len(shown) <= length else f"{shown[: length - 1]}…"


def json_text(content: Any) -> str:
    """A JSON document; what cannot be seen is written as JSON's own escapes, nothing is lost."""
    text = json.dumps(content, ensure_ascii=False, indent=1, default=str)
    return _SUSPECT.sub(lambda match: _in_json(match[0]), text)


def yaml_text(content: Any) -> str:
    """A JSON document that is YAML as well: what only surrogates could name is shown instead."""

    def written(character: str) -> str:
        is_lone_unit = "\ud800" <= character <= "\udfff"
        shown = _visible(character)
        if shown == character or not (is_lone_unit or character > "\uffff"):
            return _in_json(character)
        return f"\\{shown}"

    text = json.dumps(content, ensure_ascii=False, indent=1)
    return _SUSPECT.sub(lambda match: written(match[0]), text)


def command_data(*lines: object) -> str:
    """The message of a workflow command of GitHub Actions."""
    return _replaced("\n".join(map(plain, lines)), _COMMAND_DATA)


def command_property(text: object) -> str:
    """The value of a property of such a command."""
    return _replaced(plain(text), _COMMAND_PROPERTY)


def markdown_text(text: object, length: int = 200) -> str:
    """Text within a paragraph or a table's cell of GitHub Flavored Markdown, nothing in it acts.

    Between backquotes it becomes code, as in our own messages.
    """
    parts = shortened(text, length).split("`")
    if len(parts) % 2 == 0:
        return _entities("`".join(parts))
    return "".join(
        _code(part) if index % 2 and part else _entities(part) for index, part in enumerate(parts)
    )


def markdown_code(text: object, length: int = 120) -> str:
    """Text as code; mentions, links and bars of tables in it do nothing."""
    return _code(shortened(text, length))


def markdown_block(text: str) -> str:
    """Lines as a block of code that no line of them can end."""
    lines = [plain(line) for line in text.splitlines()]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}sh", *lines, fence])


def _visible(character: str) -> str:
    """The character itself, or its escape where it has no shape of its own."""
    number = ord(character)
    # XML forbids the two last of each plane; no text needs them.
    is_none = number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF
    is_seen = unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    if character == _JOINER or (is_seen and not is_none):
        return character
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _in_json(character: str) -> str:
    if _visible(character) == character:
        return character
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[start : start + 4]}" for start in range(0, len(units), 4))


def _code(shown: str) -> str:
    if not _NOT_IN_CODE_SPAN.search(shown):
        return f"`{shown}`"
    # Within a cell a code span cannot hold every text: a bar after a backslash ends the cell.
    return f"<code>{_MARKUP.sub(_entity, shown)}</code>"


def _entities(text: str) -> str:
    """Every character that could start markup as an entity; what follows @ or # is cut loose.

    GitHub looks for mentions and references in the rendered text, where entities are gone.
    """
    loose = "&#8203;"
    return _MARKUP.sub(lambda match: _entity(match) + (loose if match[0] in "@#" else ""), text)


def _entity(match: re.Match[str]) -> str:
    return f"&#{ord(match[0])};"


def _replaced(text: str, table: dict[str, str]) -> str:
    return "".join(table.get(character, character) for character in text)
