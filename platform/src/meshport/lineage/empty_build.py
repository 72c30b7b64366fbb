"""The models of one project built by the engine over empty tables: who fails, and which types come.

Runs in a worker: it renders and binds what others wrote. Nothing is computed, for there are no
rows; the engine may not reach outside of its memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from meshport.lineage.render import NotRenderedError, Rendered, Renderer
from meshport.sql.nulls import never_null
from meshport.sql_text import quote
from meshport.warehouse import Connection, EngineError, connect_memory, describe

_MEMORY = "256MB"
_NO_TYPE = "VARCHAR"

Tables = Mapping[str, Sequence[Any]]
"""Relation → columns, keys and types."""


class BuiltModel(NamedTuple):
    """What the engine makes of one model."""

    name: str
    fault: str | None
    """Why it cannot be built."""
    columns: tuple[tuple[str, str], ...] = ()
    """Names and types, as the engine spells them."""
    total: tuple[str, ...] = ()
    """Columns that are never null."""


def build_empty(
    renderer: Renderer, texts: Mapping[str, str], tables: Tables, say: Callable[[str], None]
) -> list[BuiltModel]:
    """Every model that can be rendered; a model that `tables` holds is to its readers what stands
    there, whatever its own query makes."""
    build = _EmptyBuild(dict(_rendered(renderer, texts)), tables)
    try:
        for name in sorted(build.models):
            say(name)
            build.model(name)
        return list(build.done.values())
    finally:
        build.con.close()


def _rendered(renderer: Renderer, texts: Mapping[str, str]) -> Iterator[tuple[str, Rendered]]:
    for name, text in texts.items():
        try:
            yield name, renderer.render(name, text)
        except NotRenderedError:
            continue


class _EmptyBuild:
    def __init__(self, models: Mapping[str, Rendered], tables: Tables) -> None:
        self.models = models
        self.tables = tables
        self.done: dict[str, BuiltModel] = {}
        self.begun: set[str] = set()
        self.con = _engine()
        for relation, (names, *rest) in tables.items():
            _create(self.con, relation, dict(zip_longest(names, rest[1] if rest[1:] else ())))

    def model(self, name: str) -> None:
        """Build a model after those that it reads."""
        if name in self.begun or name not in self.models:
            return
        self.begun.add(name)
        rendered = self.models[name]
        for relation in sorted(rendered.relations):
            self.model(relation.removeprefix("model."))
        self.done[name] = self._built(name, rendered)

    def _built(self, name: str, rendered: Rendered) -> BuiltModel:
        is_promised = f"model.{name}" in self.tables
        view = "memory.main.built" if is_promised else f"memory.model.{quote(name)}"
        try:
            if len(self.con.extract_statements(rendered.sql)) != 1:
                return BuiltModel(name, "it is not one query")
            self.con.execute(f"create or replace view {view} as {rendered.sql}")
            made = describe(self.con, view)
        except EngineError as error:
            return BuiltModel(name, str(error).strip().partition("\n")[0])
        known = {f"model.{one.name}": one.total for one in self.done.values()}
        total = never_null(rendered.sql, known)
        return BuiltModel(name, None, tuple((c.name, c.type) for c in made), tuple(sorted(total)))


def _engine() -> Connection:
    con = connect_memory(_MEMORY, threads=1)
    con.execute("attach ':memory:' as source")
    con.execute("create schema memory.model")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def _create(con: Connection, relation: str, types: Mapping[str, str | None]) -> None:
    parts = list(map(quote, relation.split(".")))
    named, schema = ".".join(parts), ".".join(parts[:-1])
    columns = ", ".join(f"{quote(name)} {kind or _NO_TYPE}" for name, kind in types.items())
    try:
        con.execute(f"create schema if not exists {schema}")
        con.execute(f"create table {named} ({columns})")
    except EngineError:
        # A table that the engine cannot make is missed by who reads it, before the change as after.
        return
