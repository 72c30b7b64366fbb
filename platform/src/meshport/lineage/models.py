"""Lineage of all models of one dbt project, each kept until what it is made from changes.

Runs in a worker: it renders and parses what others wrote.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, NamedTuple

from meshport.lineage.render import NotRenderedError, Project, Renderer
from meshport.sql.compared import ComparedValue
from meshport.sql.content import Content
from meshport.sql.lineage import Gap, How, OutputColumn, QueryLineage, Source, Use, query_lineage
from meshport.sql.value_type import stored_type


class Configured(NamedTuple):
    """One choice that a model makes about itself with `config(…)`."""

    key: str
    value: Any
    """As JSON has it."""
    line: int | None


class ModelLineage(NamedTuple):
    """One model: its file, the lineage of its query, and the keys under which it is kept."""

    name: str
    file: str
    query: QueryLineage
    text_key: str
    schema_key: str
    configured: tuple[Configured, ...] = ()


@dataclass(frozen=True)
class ModelsJob:
    """What the lineage of a project's models follows from."""

    project: Project
    texts: Mapping[str, tuple[str, str]]
    """Model → (file, text)."""
    tables: Mapping[str, Source]
    """Source tables, seeds and inputs, by the names that relations have."""
    promised: Mapping[str, Source] = field(default_factory=dict)
    """Model of a port → what its contract promises."""
    known: Mapping[str, ModelLineage] = field(default_factory=dict)
    """What was found before."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """Model → why it is not looked at: it took too long or too much before."""


class ProjectModels:
    """Finds the lineage of models, upstream first; `starting` hears each model before its turn."""

    def __init__(self, job: ModelsJob, starting: Callable[[str], None] = lambda _: None) -> None:
        self.job = job
        self.starting = starting
        self._found: dict[str, ModelLineage | None] = {}
        self._made: Renderer | None = None
        self._project_key = _digest(
            [
                job.project.name,
                sorted(job.project.models),
                sorted(job.project.macros.items()),
                sorted(job.project.variables.items()),
                job.project.target,
            ]
        )

    def all(self) -> list[ModelLineage]:
        """Every model, in the order of their names."""
        found = map(self.model, sorted(self.job.texts))
        return [one for one in found if one is not None]

    def model(self, name: str) -> ModelLineage | None:
        """One model; None where there is none, or where models refer to each other in a circle."""
        if name not in self._found and name in self.job.texts:
            self._found[name] = None
            self._found[name] = self._kept(name) or self._new(name)
        return self._found.get(name)

    def source(self, relation: str) -> Source | None:
        """A relation that a model reads; None where nobody knows its columns."""
        kind, _, name = relation.partition(".")
        if kind != "model" or name not in self.job.texts:
            return self.job.tables.get(relation)
        model = self.model(name)
        made = {c.name: c.type for c in model.query.columns} if model is not None else {}
        promised = self.job.promised.get(name, Source(()))
        if "*" in made or not (made or promised.columns):
            return None
        # dbt makes the table of a port with the types that the contract states.
        stated = dict(zip_longest(promised.columns, promised.types))
        types = made | {name: kind or made.get(name) for name, kind in stated.items()}
        keys = model.query.keys if model is not None else ()
        return Source(list(types), [*keys, *promised.keys], list(types.values()))

    def _kept(self, name: str) -> ModelLineage | None:
        """What was found before, if it still follows from the same."""
        known = self.job.known.get(name)
        if known is None or known.text_key != self._text_key(name):
            return None
        return known if known.schema_key == self._schema_key(known.query.relations) else None

    def _new(self, name: str) -> ModelLineage:
        file, _ = self.job.texts[name]
        self.starting(name)
        noted: list[Configured] = []
        query = self._query(name, noted)
        schema_key = self._schema_key(query.relations)
        return ModelLineage(name, file, query, self._text_key(name), schema_key, tuple(noted))

    def _query(self, name: str, noted: list[Configured]) -> QueryLineage:
        file, text = self.job.texts[name]
        refused = self.job.refused.get(name)
        if refused is None and not file.endswith(".sql"):
            refused = "a Python model is not followed"
        if refused is not None:
            return _untold(Gap(refused), self._renderer.referred(text))
        try:
            rendered = self._renderer.render(name, text)
        except NotRenderedError as error:
            return _untold(Gap(error.reason, error.line), self._renderer.referred(text))
        noted += [Configured(*one) for one in rendered.configured]
        sources = {relation: self.source(relation) for relation in rendered.relations}
        known = {relation: source for relation, source in sources.items() if source is not None}
        self.starting(name)
        query = query_lineage(rendered.sql, known, rendered.line_at)
        if query.columns or not query.gaps:
            return query
        return _untold(query.gaps[0], tuple(sorted(sources)))

    @property
    def _renderer(self) -> Renderer:
        if self._made is None:
            self._made = Renderer(self.job.project)
        return self._made

    def _text_key(self, name: str) -> str:
        return _digest([self._project_key, self.job.texts[name], self.job.refused.get(name)])

    def _schema_key(self, relations: Sequence[str]) -> str:
        sources = [(relation, self.source(relation)) for relation in sorted(relations)]
        return _digest(
            [(name, one and (one.columns, one.keys, one.types)) for name, one in sources]
        )


def declared(
    columns: Sequence[str],
    keys: Sequence[Sequence[str]] = (),
    types: Sequence[str | None] = (),
) -> Source:
    """A relation whose types are stated, as far as its values come back with these types."""
    stored = [stored_type(text) for text in types]
    return Source(columns, keys, [kind.text if kind is not None else None for kind in stored])


def _untold(gap: Gap, relations: tuple[str, ...]) -> QueryLineage:
    """The lineage of a model of which no more is known than what it refers to."""
    return QueryLineage(gaps=(gap,), relations=relations, row_sources=relations)


def model_as_json(model: ModelLineage) -> list[Any]:
    """The model's lineage as JSON can hold it."""
    query = model.query
    columns = [
        (c.name, c.uses, c.gaps, c.passed, c.row_sources, c.type, c.line) for c in query.columns
    ]
    rest = [query.rows, query.relations, query.names, query.values, query.gaps, query.keys]
    rest.append(query.row_sources)
    kept = [model.name, model.file, model.text_key, model.schema_key, model.configured]
    return [*kept, columns, *rest]


def model_from_json(value: list[Any]) -> ModelLineage:
    """The model's lineage that JSON made of one."""
    name, file, text_key, schema_key, configured, columns, *rest = value
    rows, relations, names, values, gaps, keys, row_sources = rest
    query = QueryLineage(
        columns=tuple(
            OutputColumn(
                column,
                _uses(uses),
                _gaps(unknown),
                (passed[0], passed[1]) if passed else None,
                tuple(of_rows),
                *made,
            )
            for column, uses, unknown, passed, of_rows, *made in columns
        ),
        rows=_uses(rows),
        relations=tuple(relations),
        names=tuple((relation, column, line) for relation, column, line in names),
        values=tuple(ComparedValue(*one) for one in values),
        gaps=_gaps(gaps),
        keys=tuple(map(tuple, keys)),
        row_sources=tuple(row_sources),
    )
    chosen = tuple(Configured(*one) for one in configured)
    return ModelLineage(name, file, query, text_key, schema_key, chosen)


_HOWS = {how.value: how for how in How}
_LEFT = tuple(Content)


def _uses(written: list[Any]) -> tuple[Use, ...]:
    return tuple([Use(r, c, _HOWS[how], line, _LEFT[left]) for r, c, how, line, left in written])


def _gaps(written: list[Any]) -> tuple[Gap, ...]:
    return tuple(Gap(reason, line) for reason, line in written)


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, default=str).encode()).hexdigest()[:24]
