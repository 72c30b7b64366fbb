"""What a change of SQL means to a port whose contract says nothing of it (SEM02, SEM03, SEM06)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from meshport.contracts.version import Version
from meshport.errors import MeshportError, Place
from meshport.gate.history import History
from meshport.gate.problem import error, notice, warning
from meshport.gate.waivers import Waivers
from meshport.lineage.graph import MeshLineage, Table, port_table
from meshport.lineage.reach import Reach
from meshport.names import PortId
from meshport.products.mesh import Mesh
from meshport.reports.result import Problem, problems_of
from meshport.sql.equality import same_sql
from meshport.sql.lineage import ROWS
from meshport.sql.rewritten import Rewritten, rewritten

if TYPE_CHECKING:
    from meshport.gate.replay import PortChange

_JINJA = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_MODELS = re.compile(r"domains/(?P<domain>[^/]+)/dbt/models/.*/(?P<model>[^/]+)\.sql")


@dataclass(frozen=True)
class ChangedModel:
    """A model whose SQL is another tree than at the base."""

    table: Table
    file: str
    differs: Rewritten

    @property
    def shapes_rows(self) -> bool:
        """Whether filters, joins or groups differ, and so perhaps the set of rows."""
        return self.differs.rows


@dataclass(frozen=True)
class Meaning:
    """The ports behind which SQL changed, and what is said about them."""

    history: History
    mesh: Mesh
    lineage: MeshLineage
    bases: Mapping[PortId, Version | None]
    """Versions of contracts at the base of the change."""

    @cached_property
    def models(self) -> list[ChangedModel]:
        """Models that say something else than at the base; new and removed ones are no change."""
        blobs = self.history.files("domains")
        paths = [p for p in sorted(self.history.changed("domains")) if p in blobs]
        texts = self.history.texts(blobs[path] for path in paths)
        found = []
        for path in paths:
            match, file = _MODELS.fullmatch(path), self.history.root / path
            if match and file.is_file():
                old = masked(texts[blobs[path].name].decode(errors="replace"))
                new = masked(file.read_text(encoding="utf-8", errors="replace"))
                differs = Rewritten() if same_sql(old, new) else rewritten(old, new)
                if not differs.is_nothing:
                    table = Table(match["domain"], f"model.{match['model']}")
                    found.append(ChangedModel(table, path, differs))
        return found

    def changed(self, port: PortId) -> Rewritten:
        """What the SQL behind a port makes in another way: some of its columns, or its rows."""
        table, columns, rows = port_table(port), set[str](), False
        for model in self.behind.get(port, ()):
            made = model.differs.columns
            starts = [*(self.lineage.columns(model.table) if made is None else made)]
            starts += [ROWS] if model.differs.rows else []
            reached = set(Reach(self.lineage, model.table, starts).reached(table))
            columns |= (set(starts) if model.table == table else reached) - {ROWS}
            rows = rows or ROWS in (starts if model.table == table else reached)
        return Rewritten(frozenset(columns), rows)

    def problems(self) -> Iterator[Problem]:
        """SEM02 and SEM06: which ports may hold other values or rows than before."""
        for port, models in self._behind().items():
            shaping = [model for model in models if model.shapes_rows]
            first = (shaping or models)[0]
            rule = "SEM06" if shaping else "SEM02"
            what = "its rows" if shaping else "its values"
            fact = f"the SQL behind {port} changed: {what} may be others than before"
            hint = "see what changes with --replay, or raise the minor version"
            yield warning(rule, fact, Place(first.file), hint)

    def replayed(self, waivers: Waivers) -> Iterator[Problem]:
        """SEM03: what differs when base and head run on the same sample."""
        # What runs a mesh takes long to import, and most gates run none.
        from meshport.gate.replay import replay  # noqa: PLC0415

        ports = self._behind()
        if not ports:
            return
        try:
            changes = replay(self.history, self._with_upstream({p.domain for p in ports}))
        except MeshportError as fault:
            yield from problems_of(fault)
            return
        for change in changes:
            if change.port in ports:
                yield from self._of_replay(change, ports[change.port][0].file, waivers)

    def _of_replay(self, change: PortChange, file: str, waivers: Waivers) -> Iterator[Problem]:
        port, place = change.port, Place(file)
        found = self.mesh.find(port)
        contract = found.contract if found else None
        if change.is_same or contract is None:
            yield notice("SEM03", f"{port} came out the same from the same sample", place)
            return
        for said in _differences(change):
            if not waivers.covers_rule("SEM03", contract.id, contract.version):
                hint = "publish a new major, or sign it as a waiver of SEM03"
                yield error("SEM03", f"{port}: {said}", place, hint)

    def _behind(self) -> dict[PortId, list[ChangedModel]]:
        """Port → the changed models that it is built from, within its domain."""
        found: dict[PortId, list[ChangedModel]] = {}
        for port in self.lineage.promises:
            made_of = self._made_of(port_table(port))
            models = [model for model in self.models if model.table in made_of]
            if models and self._says_nothing(port):
                found[port] = models
        return found

    @cached_property
    def behind(self) -> Mapping[PortId, Sequence[ChangedModel]]:
        """Port → the changed models that it is built from, with no other port between."""
        found = {}
        for port in self.lineage.promises if self.models else ():
            made_of = self._made_of(port_table(port), past_ports=False)
            found[port] = [model for model in self.models if model.table in made_of]
        return {port: models for port, models in found.items() if models}

    def _made_of(self, table: Table, *, past_ports: bool = True) -> set[Table]:
        found, waiting = {table}, [table]
        for one in waiting:
            model = self.lineage.models.get(one)
            for relation in model.query.relations if model else ():
                other = Table(one.domain, relation)
                is_far = not past_ports and self.lineage.port_of(other) is not None
                if relation.startswith("model.") and other not in found and not is_far:
                    found.add(other)
                    waiting.append(other)
        return found

    def _says_nothing(self, port: PortId) -> bool:
        """Whether the contract's version is that of the base: a bump is a word about it."""
        found, base = self.mesh.find(port), self.bases.get(port)
        if found is None or base is None:
            return False
        version = Version.parse(found.contract.version)
        return version is not None and (version.major, version.minor) == (base.major, base.minor)

    def _with_upstream(self, domains: set[str]) -> Sequence[str]:
        wanted = set(domains)
        for name in reversed(self.mesh.publishing_order()):
            if name in wanted:
                wanted |= set(self.mesh.products[name].upstream)
        return [name for name in self.mesh.publishing_order() if name in wanted]


def masked(text: str) -> str:
    """A model's text as SQL that parses: what Jinja puts in stands as a name of its own."""

    def name(match: re.Match[str]) -> str:
        inner = "".join(match[1].replace('"', "'").split())
        return "" if inner.startswith("config(") else f'"{inner}"'

    return _JINJA.sub(name, _STATEMENT.sub(" ", text))


def _differences(change: PortChange) -> Iterator[str]:
    if change.base_rows != change.head_rows or change.keys_gone or change.keys_new:
        gone, new = change.keys_gone, change.keys_new
        yield f"{change.base_rows:,} rows became {change.head_rows:,} ({gone:,} gone, {new:,} new)"
    for column in change.columns:
        yield f"`{column.column}` has other values in {column.rows:,} rows, as in {column.example}"
