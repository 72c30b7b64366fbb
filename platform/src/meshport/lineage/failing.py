"""The models that the engine can no longer build, or builds with other types, once ports change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from meshport.lineage.graph import MeshLineage, Table, port_table
from meshport.lineage.stages import input_port
from meshport.lineage.workers import Workers
from meshport.names import PortId

Types = Mapping[str, str | None]
"""Column → type."""
_BUILT = dict[str, Any]


@dataclass(frozen=True)
class Rebuilt:
    """What the engine says to the models of those who read ports that change."""

    faults: Mapping[Table, str] = field(default_factory=dict)
    """The models that could be built before and no longer can, or not as promised, and why."""
    total: Mapping[Table, frozenset[str]] = field(default_factory=dict)
    """Columns that are never null, of the models that can be built."""


def rebuilt(
    lineage: MeshLineage, before: Mapping[PortId, Types], workers: Workers | None = None
) -> Rebuilt:
    """Every project that reads one of the ports, over empty tables: the ports as `before`, and as
    the lineage's contracts promise them now."""
    tables = {port_table(port) for port in before}
    readers = {reader for table in tables for reader in lineage.readers.get(table, ())}
    domains = sorted({reader.domain for reader in readers} & set(lineage.domains))
    after = {port: _types(lineage, port) for port in before}
    jobs = [_job(lineage.domains[name].job, name, before, after) for name in domains]
    faults: dict[Table, str] = {}
    total: dict[Table, frozenset[str]] = {}
    for domain, answer in zip(domains, (workers or Workers()).run(jobs), strict=True):
        for then, now in _paired(answer):
            table = Table(domain, f"model.{now['name']}")
            fault = _fault(lineage, table, then, now)
            if fault and table not in tables:
                faults[table] = fault
            if not now["fault"]:
                total[table] = frozenset(now["total"])
    return Rebuilt(faults, total)


def _types(lineage: MeshLineage, port: PortId) -> Types | None:
    promise = lineage.promises.get(port)
    return {column.name: column.type for column in promise.columns} if promise else None


def _job(
    job: Mapping[str, Any],
    domain: str,
    before: Mapping[PortId, Types],
    after: Mapping[PortId, Types | None],
) -> dict[str, Any]:
    known = {**job["tables"], **{f"model.{m}": one for m, one in job["promised"].items()}}
    return {
        "stage": "empty_build",
        **{key: job[key] for key in ("project", "texts", "refused")},
        "variants": [_with(known, domain, ports) for ports in (before, after)],
    }


def _with(
    known: Mapping[str, Sequence[Any]], domain: str, ports: Mapping[PortId, Types | None]
) -> dict[str, Sequence[Any]]:
    """The tables with some ports as given; a port that is None is not there."""
    found = dict(known)
    own = {f"model.{port.model}": port for port in ports if port.domain == domain}
    for relation in known:
        port = input_port(relation) or own.get(relation)
        types = ports.get(port) if port is not None and port in ports else {}
        if types is None:
            del found[relation]
        elif types:
            found[relation] = [list(types), [], list(types.values())]
    return found


def _paired(answer: Any) -> list[tuple[_BUILT, _BUILT]]:
    """Each model before and after; none where the project cannot be built within its limits."""
    if answer is None:
        return []
    then, now = ({one["name"]: one for one in built} for built in answer)
    return [(then[name], now[name]) for name in now if name in then]


def _fault(lineage: MeshLineage, table: Table, then: _BUILT, now: _BUILT) -> str:
    if then["fault"]:
        return ""
    if now["fault"]:
        return str(now["fault"])
    port = lineage.port_of(table)
    promised = {column.name for column in lineage.promises[port].columns} if port else set()
    were = dict(then["columns"])
    others = [f"`{n}` becomes {t}" for n, t in now["columns"] if n in promised and were.get(n) != t]
    more = [f"`{n}` comes with it" for n, _ in now["columns"] if port and n not in were]
    return "; ".join([*others, *more])
