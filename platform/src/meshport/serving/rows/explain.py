"""How a question would be answered: the policy applied, the files, the bytes, the engine's plan."""

from __future__ import annotations

import json
from typing import Any

from fastapi.responses import Response

from meshport.serving.rows.answer import VARY, Answer
from meshport.serving.rows.ordering import OrderTerm
from meshport.serving.rows.query import RowQuery
from meshport.serving.rows.source import RowSource


async def explanation(answer: Answer) -> Response:
    """The explanation as JSON; raises ServingError MP604, MP642, MP643."""
    answer.tell()
    query, view = answer.question.query, answer.view
    reader, source = answer.door.engine.reader, answer.source
    folder = str(view.store.folder)

    def look() -> tuple[int, str]:
        plan = reader.plan(source, query).replace(folder, "…")
        return reader.bytes_of(view.files, _columns(source, query)), plan

    size, plan = await answer.door.engine.ask(look, answer.is_wanted)
    answer.timing.step("exec", "engine")
    content = {
        "port": str(view.port.id),
        "release": view.manifest.release,
        "contract": f"{view.port.contract.id} {view.part.contract_version}",
        "access": _access(answer),
        "question": _question(answer),
        "is_prepared": answer.ready is not None,
        "files": [{"rows": file.rows, "bytes": file.bytes} for file in view.seen.files],
        "bytes_at_most": size,
        "plan": plan.splitlines(),
    }
    body = json.dumps(content, ensure_ascii=False, indent=1)
    headers = {"Vary": VARY, "Cache-Control": "private, no-cache"}
    return Response(body, 200, headers, "application/json")


def _access(answer: Answer) -> dict[str, Any]:
    grant, seen = answer.grant, answer.view.seen
    masked = {one.name: one.mask for one in seen.projection.masked}
    return {
        "principal": grant.principal.name,
        "class": grant.reader.name,
        "rule": grant.rule,
        "purpose": grant.purpose,
        "until": grant.until.isoformat() if grant.until else None,
        "columns": list(seen.columns),
        "masked": {name: mask for name, mask in masked.items() if name in seen.columns},
        "scope": list(grant.scope) if grant.scope is not None else None,
    }


def _question(answer: Answer) -> dict[str, Any]:
    query, source = answer.question.query, answer.view.source
    return {
        "format": query.format,
        "columns": [one.name for one in query.select],
        "conditions": len(query.tests),
        "order": [_term(term) for term in source.total_order(query.order)],
        "limit": query.limit,
    }


def _term(term: OrderTerm) -> str:
    direction = "desc" if term.is_descending else "asc"
    return f"{term.column}.{direction}.nulls{'first' if term.has_nulls_first else 'last'}"


def _columns(source: RowSource, query: RowQuery) -> list[str]:
    """The columns that have to be read."""
    named = [one.column for one in query.select] + [test.column for test in query.tests]
    named += [term.column for term in source.total_order(query.order)]
    return [name for name in dict.fromkeys(named) if name in source.types]
