"""What somebody whose change is kept back does next: the version to write, the commands to type."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from meshport.contracts.version import Version
from meshport.reports.escaping import markdown_code
from meshport.reports.result import ContractReport, Report

WAYS_OUT = "Rules, places and ways out"
_PORT_FILE = re.compile(r"(?P<stem>.+\.v)(?P<major>\d+)(?P<rest>\.odcs\.ya?ml)")


@dataclass(frozen=True)
class Step:
    """One step, as a sentence in Markdown, with the commands that do it."""

    text: str
    commands: tuple[str, ...] = ()


def next_steps(report: Report) -> list[Step]:
    """The steps to a green report; none where it is green."""
    if report.is_green:
        return []
    steps = [step for one in report.contracts if not one.is_green for step in _of(report, one)]
    if report.command:
        steps.append(Step("Look at the result again:", (report.command,)))
    return steps


def _of(report: Report, contract: ContractReport) -> Iterator[Step]:
    found = contract.difference
    file = markdown_code(found.new.file)
    if not found.is_version_enough:
        needed = markdown_code(f"version: {found.required_version}")
        if _is_new_major(contract):
            yield from _new_major(report, contract, needed)
        else:
            yield Step(f"Write {needed} into {file}.")
    if contract.needs_approval:
        yield Step(
            f"Ask the owners of governance (see CODEOWNERS) to approve the change of {file}, "
            "or take it back: a version does not replace their word."
        )


def _is_new_major(contract: ContractReport) -> bool:
    old = Version.parse(contract.difference.old.version)
    needed = Version.parse(contract.difference.required_version)
    return old is not None and needed is not None and needed.major > old.major > 0


def _new_major(report: Report, contract: ContractReport, needed: str) -> Iterator[Step]:
    """The old promise stays where it is; the new one is published beside it."""
    file = contract.difference.new.file
    name = _PORT_FILE.fullmatch(file)
    yield Step(f"Either keep the promise: take the change back, or see below under *{WAYS_OUT}*.")
    if name is None:
        yield Step(f"Or publish a new major version: write {needed} into {markdown_code(file)}.")
        return
    major = int(name["major"]) + 1
    beside = f"{name['stem']}{major}{name['rest']}"
    commands = [f"cp {shlex.quote(file)} {shlex.quote(beside)}"]
    if report.base:
        commands.append(f"git checkout {shlex.quote(report.base)} -- {shlex.quote(file)}")
    text = (
        "Or publish a new major version beside the old one, so that readers can move in their own "
        f"time: copy the file, take back the change of the old one, and write {needed} "
        f"into {markdown_code(beside)}."
    )
    yield Step(text, tuple(commands))
