"""The SQL of a dbt model without dbt: its Jinja rendered, every piece traced to its line.

With `template.py` the only importer of Jinja outside of the pages. A model in a pull request is
somebody else's program: it runs in Jinja's sandbox and in a process that is bounded (`workers`).
What needs dbt, the warehouse or the environment is not guessed but told.
"""

from __future__ import annotations

import bisect
import copy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from jinja2 import TemplateError, nodes

from meshport.lineage.dbt_words import REF, SOURCE
from meshport.lineage.template import (
    ModelEnvironment,
    ReturnedError,
    current_line,
    line_in,
    marked,
)

MAX_CHARACTERS = 500_000
_MACRO = "macro__"
_MAX_CHOICE = 10_000
_VERSIONED = re.compile(r"(?P<name>.+)_v(?P<version>\d+)")


class NotRenderedError(Exception):
    """Why a model cannot be rendered, and the line of its file."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


@dataclass(frozen=True)
class RelationName:
    """What `ref()` and `source()` stand for: a name that tells them apart."""

    parts: tuple[str, ...]

    @property
    def identifier(self) -> str:
        """The table's own name."""
        return self.parts[-1]

    name = identifier

    @property
    def key(self) -> str:
        """The name under which the query's relations are given."""
        return ".".join(self.parts)

    def __str__(self) -> str:
        return ".".join('"' + part.replace('"', '""') + '"' for part in self.parts)


@dataclass(frozen=True)
class Rendered:
    """A model's SQL; `relations` names those it refers to, by the name they have in the SQL."""

    sql: str
    relations: frozenset[str]
    marks: tuple[tuple[int, int], ...]
    """(offset in the SQL, line in the file), ascending."""
    configured: tuple[tuple[str, Any, int | None], ...] = ()
    """What the model chose with `config(…)`: key, value as JSON has it, line."""

    def line_at(self, offset: int) -> int:
        """The line of the file from which the character at the offset comes."""
        position = bisect.bisect_right(self.marks, (offset, 1 << 60)) - 1
        return self.marks[max(position, 0)][1] if self.marks else 1


@dataclass(frozen=True)
class Project:
    """What templates of one dbt project can name."""

    name: str
    models: frozenset[str]
    """Models, seeds and snapshots, by the name of their file."""
    macros: Mapping[str, str] = field(default_factory=dict)
    """File → text."""
    variables: Mapping[str, Any] = field(default_factory=dict)
    target: str = ""
    """The name of the profile's target."""


class Renderer:
    """Renders the models of one project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.faults: list[str] = []
        """Macro files that cannot be used, and why."""
        self._relations: set[str] = set()
        self._config = _Config()
        self._environment = ModelEnvironment()
        self._names: dict[str, Any] = {**self._environment.globals, **self._functions()}
        for file, text in project.macros.items():
            self._define(file, text)

    def render(self, model: str, text: str) -> Rendered:
        """One model's SQL; raises NotRenderedError."""
        if "\0" in text:
            raise NotRenderedError("the file holds a null character")
        self._relations = set()
        self._config.chosen.clear()
        self._names["this"] = RelationName(("model", model))
        try:
            return self._with_lines("".join(self._pieces(text)))
        except NotRenderedError as error:
            raise NotRenderedError(error.reason, error.line or line_in(error)) from error
        except Exception as error:  # a template is somebody else's program
            raise NotRenderedError(_said(error), line_in(error)) from error

    def referred(self, text: str) -> tuple[str, ...]:
        """The relations that a text refers to as far as one can read, rendered or not."""
        found = {f"model.{self._model(m['name'], m['version'])}" for m in REF.finditer(text)}
        found |= {f"source.{match[1]}.{match[2]}" for match in SOURCE.finditer(text)}
        return tuple(sorted(found))

    def _pieces(self, text: str) -> Iterator[str]:
        template = self._environment.compiled(marked(self._environment.parse(text)))
        size = 0
        for piece in template.root_render_func(template.new_context(self._names, shared=True)):
            yield piece
            size += len(piece)
            if size > MAX_CHARACTERS:
                raise NotRenderedError(f"the SQL has more than {MAX_CHARACTERS:,} characters")

    def _with_lines(self, text: str) -> Rendered:
        sql: list[str] = []
        marks: list[tuple[int, int]] = []
        offset = 0
        # Pieces alternate: text, kind of mark and line, text, …
        parts = text.split("\0")
        for position in range(1, len(parts) - 1, 2):
            kind, line, piece = parts[position][0], int(parts[position][1:]), parts[position + 1]
            marks.append((offset, line))
            if kind == "D":
                for newline in re.finditer("\n", piece):
                    line += 1
                    marks.append((offset + newline.end(), line))
            sql.append(piece)
            offset += len(piece)
        chosen = tuple(self._config.chosen)
        return Rendered("".join(sql), frozenset(self._relations), tuple(marks), chosen)

    def _define(self, file: str, text: str) -> None:
        """Make a file's macros known to all templates of the project."""
        try:
            tree = self._environment.parse(text)
            for macro in tree.find_all(nodes.Macro):
                # Names with an underscore in front would be private to their file.
                macro.name = _MACRO + macro.name
            module = self._environment.compiled(tree).make_module(self._names, shared=True)
        except (TemplateError, NotRenderedError, RecursionError) as error:
            self.faults.append(f"{file}: {_said(error)}")
            return
        found = vars(module).items()
        macros = {n.removeprefix(_MACRO): value for n, value in found if n.startswith(_MACRO)}
        self._names |= macros
        known = self._names.get(self.project.name, {})
        self._names[self.project.name] = MappingProxyType({**known, **macros})

    def _functions(self) -> dict[str, Any]:
        return {
            "ref": self._ref,
            "source": self._source,
            "config": self._config,
            "var": self._var,
            "env_var": _env_var,
            "is_incremental": lambda: False,
            "execute": True,
            "target": MappingProxyType({"name": self.project.target, "type": "duckdb"}),
            "return": _return,
            "log": _silently,
            "print": _silently,
            "exceptions": MappingProxyType({"raise_compiler_error": _refuse, "warn": _silently}),
        }

    def _ref(self, *names: str, v: Any = None, version: Any = None) -> RelationName:
        if len(names) == 2 and names[0] != self.project.name:
            return self._noted(("package", *names))
        chosen = self._model(str(names[-1]), v if v is not None else version)
        return self._noted(("model", chosen))

    def _model(self, name: str, version: Any) -> str:
        """The file's name of the model; without a version, of the newest."""
        if version is not None or name in self.project.models:
            # A version that is gone keeps its name, so that its readers are known.
            versioned = f"{name}_v{version}"
            is_plain = versioned not in self.project.models and name in self.project.models
            return name if is_plain else versioned
        found = (_VERSIONED.fullmatch(model) for model in self.project.models)
        versions = [int(match["version"]) for match in found if match and match["name"] == name]
        return f"{name}_v{max(versions)}" if versions else name

    def _source(self, source: str, table: str) -> RelationName:
        return self._noted(("source", str(source), str(table)))

    def _noted(self, parts: tuple[str, ...]) -> RelationName:
        relation = RelationName(parts)
        self._relations.add(relation.key)
        return relation

    def _var(self, name: str, default: Any = None) -> Any:
        value = self.project.variables.get(name, default)
        if value is None:
            raise NotRenderedError(f"the variable `{name}` has no value in dbt_project.yml")
        # What one model does to it, no other may see.
        return copy.deepcopy(value)


class _Config:
    """`config(…)` decides how dbt builds a table, not what is in it."""

    def __init__(self) -> None:
        self.chosen: list[tuple[str, Any, int | None]] = []

    def __call__(self, *given: Any, **named: Any) -> str:
        line = current_line()
        for choices in (*given, named):
            if isinstance(choices, dict):
                self.chosen += [(str(k), _as_json(v), line) for k, v in choices.items()]
        return ""

    def get(self, name: str, default: Any = None) -> Any:
        """What a model's own configuration says is not looked up: the default is."""
        if default is None:
            raise NotRenderedError(f"the configuration `{name}` is not known before dbt runs")
        return default


def _as_json(value: Any) -> Any:
    text = json.dumps(value, default=str)
    return json.loads(text) if len(text) <= _MAX_CHOICE else None


def _env_var(name: str, default: str | None = None) -> str:
    if default is None:
        raise NotRenderedError(f"it reads the environment variable `{name}`")
    return default


def _return(value: Any = None) -> None:
    raise ReturnedError(value)


def _silently(*_: Any, **__: Any) -> str:
    return ""


def _refuse(message: Any = "") -> None:
    raise NotRenderedError(f"it ends with: {str(message)[:200]}")


def _said(error: BaseException) -> str:
    if isinstance(error, NotRenderedError):
        return error.reason
    if isinstance(error, ReturnedError):
        return "it returns outside of a macro"
    if isinstance(error, RecursionError):
        return "nested too deeply"
    if isinstance(error, MemoryError):
        return "it needs too much memory"
    first = (str(error).splitlines() or [""])[0][:200]
    return (
        first if isinstance(error, TemplateError) and first else f"{type(error).__name__} {first}"
    )
