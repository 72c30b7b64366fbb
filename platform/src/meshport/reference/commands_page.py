"""commands.md: every command with its arguments and options, as the command line describes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from meshport.reference.markdown import code, fenced, page, table


@dataclass(frozen=True)
class ParameterDoc:
    """One argument or option: how it is written, and what its help says."""

    written: str
    help: str


@dataclass(frozen=True)
class CommandDoc:
    """One command as `--help` shows it; `name` holds the whole path, `meshport contract lint`."""

    name: str
    usage: str
    summary: str
    example: str
    arguments: tuple[ParameterDoc, ...]
    options: tuple[ParameterDoc, ...]


_INTRODUCTION = """\
Data goes to standard output, everything else to standard error. Exit codes: 0 the promise is kept,
1 a promise is broken, 2 nobody can tell (bad usage, a file that cannot be read, a check that could
not run). `--format json` prints a single JSON document. Every command works on the mesh around the
working directory: the nearest folder at or above it that holds `workspace.yaml` and `domains/`."""


def commands_page(commands: Iterable[CommandDoc]) -> str:
    """The page: one section per command, in the order of the command line's own help."""
    return page(
        "Commands",
        "platform/src/meshport/cli/main.py",
        _INTRODUCTION,
        *(_section(one) for one in commands),
    )


def _section(one: CommandDoc) -> str:
    parts = [f"## {one.name}", one.summary, fenced("text", one.usage)]
    for heading, found in (("argument", one.arguments), ("option", one.options)):
        parts.append(table((heading, "meaning"), [(code(p.written), p.help) for p in found]))
    if one.example:
        parts.append(f"Example: {code(one.example)}")
    return "\n\n".join(part for part in parts if part)
