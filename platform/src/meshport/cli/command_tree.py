"""What every command takes, as plain values for the reference page."""

from __future__ import annotations

from collections.abc import Iterator

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup
from typer.main import get_command

from meshport.reference.commands_page import CommandDoc, ParameterDoc

_EXAMPLE = "Example:"


def command_docs(app: typer.Typer) -> Iterator[CommandDoc]:
    """One value per command that does something, in the order of the help."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    yield from _commands(root, typer.Context(root, info_name="meshport"))


def _commands(group: TyperGroup, parent: typer.Context) -> Iterator[CommandDoc]:
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        if command is None:
            continue
        context = typer.Context(command, parent=parent, info_name=name)
        if isinstance(command, TyperGroup):
            yield from _commands(command, context)
        elif isinstance(command, TyperCommand):
            yield _doc(command, context)


def _doc(command: TyperCommand, context: typer.Context) -> CommandDoc:
    summary, _, example = (command.help or "").partition(_EXAMPLE)
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    arguments: list[ParameterDoc] = []
    options: list[ParameterDoc] = []
    for parameter in command.get_params(context):
        written, said = parameter.get_help_record(context) or ("", "")
        if "--help" not in parameter.opts:
            kind = arguments if isinstance(parameter, TyperArgument) else options
            kind.append(ParameterDoc(written, said))
    return CommandDoc(
        context.command_path,
        usage,
        " ".join(summary.split()),
        " ".join(example.split()),
        tuple(arguments),
        tuple(options),
    )
