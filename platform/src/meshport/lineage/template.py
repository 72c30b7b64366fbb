"""Jinja as dbt's projects use it, in a sandbox, with marks that tell where pieces come from."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Iterator
from typing import Any

from jinja2 import Template, TemplateSyntaxError, Undefined, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Macro
from jinja2.sandbox import SandboxedEnvironment

_FILE = "<model>"
# What these hold goes somewhere else first: marks within would change it.
_CLOSED = (nodes.Macro, nodes.AssignBlock, nodes.CallBlock, nodes.FilterBlock)


class ReturnedError(Exception):
    """Carries the value of dbt's `return()` to the end of its macro."""

    def __init__(self, value: Any) -> None:
        super().__init__("returned")
        self.value = value


class _Unknown(Undefined):
    """A name that nobody gave a value: it may be asked about, but not used."""

    __str__ = Undefined._fail_with_undefined_error
    __iter__ = Undefined._fail_with_undefined_error
    __len__ = Undefined._fail_with_undefined_error


class _OtherBlocks(Extension):
    """dbt's own tags in macro files; none of them makes a model's SQL."""

    tags = {"test", "data_test", "materialization", "snapshot", "docs"}  # noqa: RUF012  Jinja's

    def parse(self, parser: Parser) -> list[nodes.Node]:
        tag = next(parser.stream).value
        while parser.stream.current.type != "block_end":
            next(parser.stream)
        parser.parse_statements((f"name:end{tag}",), drop_needle=True)
        return []


class ModelEnvironment(SandboxedEnvironment):
    """The sandbox in which models and macros run."""

    def __init__(self) -> None:
        super().__init__(extensions=["jinja2.ext.do", _OtherBlocks], undefined=_Unknown)

    def compiled(self, tree: nodes.Template) -> Template:
        """A template of a tree."""
        code = self.compile(tree, filename=_FILE)
        return Template.from_code(self, code, {}, None)

    def call(self, context: Any, obj: Any, /, *arguments: Any, **named: Any) -> Any:
        """Call something from a template; a macro's value is what it returns, if it does."""
        try:
            return super().call(context, obj, *arguments, **named)
        except ReturnedError as returned:
            if not isinstance(obj, Macro):
                raise
            return returned.value


def marked(tree: nodes.Template) -> nodes.Template:
    """The tree with a mark before each piece of output: D and line for text, E for expressions."""
    for output in _outputs(tree):
        output.nodes = [part for node in output.nodes for part in (_mark(node), node)]
    return tree


def line_in(error: BaseException) -> int | None:
    """The line of the model on which the error came up."""
    if isinstance(error, TemplateSyntaxError):
        return error.lineno
    for frame, line in traceback.walk_tb(error.__traceback__):
        template = frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template) and frame.f_code.co_filename == _FILE:
            return template.get_corresponding_lineno(line)
    return None


def current_line() -> int | None:
    """The line of the model that is being rendered, for a function that it calls."""
    frame = inspect.currentframe()
    while frame is not None:
        template = frame.f_globals.get("__jinja_template__")
        if isinstance(template, Template) and frame.f_code.co_filename == _FILE:
            return template.get_corresponding_lineno(frame.f_lineno)
        frame = frame.f_back
    return None


def _outputs(node: nodes.Node) -> Iterator[nodes.Output]:
    if isinstance(node, nodes.Output):
        yield node
    elif not isinstance(node, _CLOSED):
        for child in node.iter_child_nodes():
            yield from _outputs(child)


def _mark(node: nodes.Node) -> nodes.TemplateData:
    kind = "D" if isinstance(node, nodes.TemplateData) else "E"
    return nodes.TemplateData(f"\0{kind}{node.lineno}\0", lineno=node.lineno)
