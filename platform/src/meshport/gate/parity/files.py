"""What dbt reads of a port: the files that follow from contracts (PAR02), and what a model's own
`config(…)` makes of them (PAR04)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from meshport.errors import Place
from meshport.gate.problem import error
from meshport.lineage.graph import MeshLineage, port_table
from meshport.lineage.models import Configured
from meshport.orchestration.dbt_files import stale_port_files
from meshport.products.mesh import Mesh, Port
from meshport.publishing.candidate import PORTS_SCHEMA
from meshport.reports.result import Problem

_TABLES = ("table", "incremental")


def stale(mesh: Mesh, cache: Path | None) -> Iterator[Problem]:
    """PAR02: what dbt enforces is what the contract says; sources need the domain's code."""
    for file in stale_port_files(mesh.products.values(), cache):
        place = Place(str(file.relative_to(mesh.root)))
        fact = "dbt would hold the model against another contract than the one that is here"
        yield error("PAR02", fact, place, "run meshport generate")


def configured(port: Port, lineage: MeshLineage) -> Iterator[Problem]:
    """PAR04: a model of a port does not take back what the generated file says of it."""
    table = port_table(port.id)
    model = lineage.models.get(table)
    # Of two choices of the same, dbt takes the last.
    chosen = {one.key: one for one in model.configured} if model else {}
    for one in chosen.values():
        fact = _contradiction(port, one)
        if fact:
            hint = f"take `{one.key}` out of config(…): it follows from the contract"
            yield error("PAR04", fact, lineage.place(table, one.line), hint)


def _contradiction(port: Port, one: Configured) -> str | None:
    """What is wrong with a choice."""
    value: Any = one.value
    match one.key:
        case "contract":
            is_off = isinstance(value, dict) and value.get("enforced", True) is not True
            return "dbt would not hold the model against its contract" if is_off else None
        case "access":
            return None if value == "public" else f"the model is {value}, a port is public"
        case "enabled":
            return None if value is True else f"dbt would not build the model of {port.id}"
        case "materialized":
            is_table = value in _TABLES
            return None if is_table else f"the model of a port is a table, not `{value}`"
        case "schema" | "alias" | "database":
            wanted = {"schema": PORTS_SCHEMA, "alias": port.id.model}.get(one.key)
            where = f"{one.key} `{value}`"
            return None if value == wanted else f"{port.id} would not be found: {where}"
    return None
