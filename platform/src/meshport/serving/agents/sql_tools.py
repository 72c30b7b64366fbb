"""query_sql and explain_sql: the SQL door, with answers that an agent can take in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi.concurrency import run_in_threadpool

from meshport.errors import ServingError
from meshport.names import PortId
from meshport.sandbox.question import Limits as EngineLimits
from meshport.serving.agents.arguments import Sql
from meshport.serving.agents.call import Call, Told, limits_of, shown_scope
from meshport.serving.agents.cells import MOST_CHARACTERS, Cells, counted, fitting, plain, size_of
from meshport.serving.agents.row_tools import too_wide
from meshport.serving.audit_trail import Reading, tell
from meshport.serving.sql_door.door import MEMORY_MB, Caps, ReadTable, SqlAnswer, SqlQuestion
from meshport.serving.sql_door.explain import explanation
from meshport.serving.sql_door.running import sql_service

_HEAD_BYTES = 6_000
"""Left for what an answer says besides its rows, which is more for several tables."""
_RAW_BYTES = 1 << 20
_WAIT = 2.0
"""Seconds to wait for a worker."""
_PLAN_LINES = 40
_ABOUT_THE_QUERY = ("Binder Error", "Catalog Error", "Parser Error", "Syntax Error")
"""What the engine says of a query itself; its other words may quote a row."""
_GO_ON = (
    "The result was cut, {why}. Aggregate, add conditions, or page with order by, limit and offset."
)


async def query(call: Call, wanted: Sql) -> Told:
    """The rows of one SELECT.

    Raises ServingError MP630 to MP635, MP644, AccessError MP702, MP703.
    """
    return await run_in_threadpool(_answer, call.with_purpose(wanted.purpose), wanted.sql)


async def explain(call: Call, wanted: Sql) -> Told:
    """What it would read, by which right, and how; raises as `query`."""
    return await run_in_threadpool(_explain, call.with_purpose(wanted.purpose), wanted.sql)


def _answer(call: Call, sql: str) -> Told:
    limits, body = call.doors.limits, bytearray()
    engine = EngineLimits(limits.statement, MEMORY_MB)
    caps = Caps(limits.agent_rows, _RAW_BYTES, engine, _WAIT)
    try:
        answer = sql_service(call.request).door.answer(
            call.asker, SqlQuestion(sql, "ndjson"), body.extend, caps
        )
    except ServingError as error:
        raise _without_values(error) from error
    found = [json.loads(line) for line in body.splitlines()]
    fit = len(fitting(Cells().rows(found), limits.agent_bytes - _HEAD_BYTES))
    if (found or answer.cut) and not fit:
        raise too_wide()
    for table in answer.tables:
        told = Reading(table.release, table.read, fit, answer.fingerprint)
        tell(PortId.parse(table.port), told)
    return _told(call, answer, found[:fit], _cut(answer, fit, limits.agent_bytes))


def _cut(answer: SqlAnswer, fit: int, most_bytes: int) -> str | None:
    """What ended the result, None where it is whole."""
    if fit < answer.rows:
        return f"at {most_bytes:,} bytes"
    return f"at {answer.rows:,} rows" if answer.cut else None


def _told(call: Call, answer: SqlAnswer, found: list[dict[str, Any]], cut: str | None) -> Told:
    cells = Cells()
    rows = cells.rows(found)
    notes = cells.notes
    if cut:
        notes.append(_GO_ON.format(why=cut))
    if not rows:
        notes += _why_none(call, answer)
    ports = ", ".join(dict.fromkeys(one.port for one in answer.tables)) or "no table"
    content = {
        "rows": rows,
        "row_count": len(rows),
        "truncated": cut is not None,
        "notes": notes,
        "tables": [_table(one) for one in answer.tables],
        "query_hash": answer.fingerprint[:16],
    }
    return Told(
        content, f"{counted(len(rows), 'row')} from {ports}." + (" It was cut." if cut else "")
    )


def _table(one: ReadTable) -> dict[str, Any]:
    return {
        "port": one.port,
        "release": one.release,
        "access_class": one.access_class,
        "rule": one.rule,
        "row_scope": shown_scope(one.scope),
    }


def _why_none(call: Call, answer: SqlAnswer) -> list[str]:
    """What there was to be found: an empty answer without a reason is taken for a fact."""
    said, catalog = ["The query itself has no row: its conditions match none."], call.doors.catalog
    for port in dict.fromkeys(one.port for one in answer.tables):
        found = catalog.mesh.find(PortId.parse(port))
        manifest = catalog.store.of(PortId.parse(port).domain).current()
        part = manifest.port(found.id) if manifest and found else None
        if found is None or manifest is None or part is None:
            continue
        asker = call.browsing.asker
        grant = asker.grant(found)
        rows = asker.sight(found, part, grant).rows
        when = manifest.published_at.isoformat(timespec="minutes")
        said.append(f"You see {rows:,} rows of {port}, published {when}.")
        said += limits_of(grant, found)
    return said


def _without_values(error: ServingError) -> ServingError:
    """The same without what the engine may have taken from a row: values travel in rows alone."""
    if error.code != "MP633" or error.fact.startswith(_ABOUT_THE_QUERY):
        return error
    kind, _, rest = error.fact.partition(":")
    if not rest:
        return error
    fact = f"{plain(kind, 60)}: a value does not fit what the query does with it"
    return ServingError("MP633", fact, hint="use try_cast, or leave such rows out")


def _explain(call: Call, sql: str) -> Told:
    service = sql_service(call.request)
    try:
        plan = service.door.explain(call.asker, sql)
    except ServingError as error:
        raise _without_values(error) from error
    whole = explanation(plan, service.door.caps, service.pool.seen().get("layers", ()))
    lines = list(_lines(plan.plan.operators, 0))
    content = {
        "columns": [
            {"name": plain(one["name"], 200), "type": plain(one["type"], 200)}
            for one in whole["columns"]
        ],
        "tables": [_seen(one) for one in whole["tables"]],
        "bytes_to_read_at_most": whole["bytes_to_read_at_most"],
        "plan": lines[:_PLAN_LINES],
        "notes": ["The plan was cut."] if len(lines) > _PLAN_LINES else [],
        "query_hash": plan.reading.fingerprint[:16],
    }
    if size_of(content) > call.doors.limits.agent_bytes:
        content |= {"columns": [], "plan": [], "notes": ["Columns and plan are too long to show."]}
    ports = ", ".join(one["port"] for one in whole["tables"]) or "no table"
    words = f"It would read at most {whole['bytes_to_read_at_most']:,} bytes of {ports}."
    return Told(content, words)


def _seen(table: Mapping[str, Any]) -> dict[str, Any]:
    policy = table["policy"]
    kept = ("access_class", "rule", "purpose", "columns", "masked")
    head = {"port": table["port"], "release": table["release"], "rows": table["rows"]}
    scope = {"row_scope": shown_scope(policy["row_scope"])}
    return {**head, **{name: policy[name] for name in kept}, **scope}


def _lines(operators: Sequence[Mapping[str, Any]], depth: int) -> Iterator[str]:
    for one in operators:
        yield plain(f"{'  ' * depth}{one['operator']}", MOST_CHARACTERS)
        yield from _lines(one["children"], depth + 1)
