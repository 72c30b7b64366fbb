"""No page names a command or an option that does not exist."""

from __future__ import annotations

import re

import pytest

from meshport.cli.command_tree import command_docs
from meshport.cli.main import app
from tests.building import ROOT
from tests.docs.pages import PAGES, name_of

COMMANDS = {one.name: one for one in command_docs(app)}
GROUPS = {" ".join(name.split()[:-1]) for name in COMMANDS}
OPTIONS = {
    name: set(re.findall(r"--[a-z-]+", " ".join(option.written for option in one.options)))
    for name, one in COMMANDS.items()
}
# In code, at the start of a console line, or after a pipe: where a command stands.
_CALL = re.compile(r"(?:`|\$ |\| |^  )(meshport(?: [^`\n|;&]*)?)", re.M)


def command_in(words: list[str]) -> str | None:
    """The command that the words begin with; None where they only name a group of commands."""
    for length in (3, 2):
        name = " ".join(words[:length])
        if name in COMMANDS:
            return name
    assert " ".join(words[:2]) in GROUPS | {"meshport --help"} or words == ["meshport"], words
    return None


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_names_only_commands_and_options_that_exist(page):
    for call in _CALL.findall(page.read_text()):
        name = command_in(call.split())
        used = set(re.findall(r"(?<=\s)--[a-z-]+", call))
        assert used <= OPTIONS.get(name or "", {"--help"}) | {"--help"}, call


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_page_names_only_make_targets_that_exist(page):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))

    assert set(re.findall(r"(?:`|\$ )make ([a-z]+)", page.read_text())) <= targets


def test_every_command_has_an_example():
    for one in COMMANDS.values():
        assert one.example.startswith(one.name)
        assert command_in(one.example.split()) == one.name
        assert set(re.findall(r"(?<=\s)--[a-z-]+", one.example)) <= OPTIONS[one.name]
