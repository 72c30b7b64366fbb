"""sample_product and query_product: rows of one port, asked for in the REST door's grammar."""

from __future__ import annotations

import hashlib
import json
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from fastapi.concurrency import run_in_threadpool

from meshport.access.authorize import Grant
from meshport.errors import ServingError
from meshport.products.mesh import Port
from meshport.serving.agents.arguments import Query, Sample
from meshport.serving.agents.call import Call, Told, about, limits_of
from meshport.serving.agents.cells import MOST_CHARACTERS, Cells, counted, fitting
from meshport.serving.audit_trail import Reading, tell
from meshport.serving.cursor import Cursor
from meshport.serving.lifecycle import Lifecycle
from meshport.serving.releases import in_release
from meshport.serving.rows.faults import bad
from meshport.serving.rows.filters import Test
from meshport.serving.rows.query import RowQuery, parse_row_query
from meshport.serving.rows.reader import Page, too_large
from meshport.serving.rows.views import View

_HEAD_BYTES = 2_500
"""Left for what an answer says besides its rows."""
_SHORT = 80
"""Cells are cut to as much where not even one row fits otherwise."""
_EXPLAINED = 5
"""So many filters are tried one by one where all together match nothing."""
_MORE = "More rows follow: same arguments, with cursor = next_cursor."
_OWN = ("select", "order", "limit", "cursor", "format")


async def sample(call: Call, wanted: Sample) -> Told:
    """A few rows; raises as `query`."""
    told = await query(call, Query(id=wanted.id, limit=wanted.limit, purpose=wanted.purpose))
    if told.content.pop("next_cursor"):
        notes, fact = told.content["notes"], f"A sample of {told.content['total_rows']:,} rows"
        notes[notes.index(_MORE)] = f"{fact}; ask query_product for others."
    return told


async def query(call: Call, wanted: Query) -> Told:
    """A page of rows, and how to get the next.

    Raises ServingError MP601 to MP604, MP610, MP611, MP640, MP642 to MP644, AccessError MP702 to
    MP705.
    """
    call = call.with_purpose(wanted.purpose)
    port = call.port(wanted.id)
    life = Lifecycle(call.doors.catalog, port)
    life.require(call.doors.now())
    cursor = _cursor(call, wanted, port)
    with ExitStack() as leases:
        view, grant = await run_in_threadpool(_view, call, port, cursor, leases)
        parsed = parse_row_query(_parameters(call, wanted), view.source.types, "json")
        if cursor:
            cursor.require(str(port.id), None, _asked(parsed, view, grant))
        page = _Page(call, view, grant, parsed, cursor)
        told = await page.told()
    if life.headers:
        told.content["notes"].append(f"The port is deprecated: {_words(life.headers)}.")
    return told


@dataclass(frozen=True)
class _Page:
    call: Call
    view: View
    grant: Grant
    query: RowQuery
    cursor: Cursor | None

    async def told(self) -> Told:
        most = self.call.doors.limits.agent_bytes - _HEAD_BYTES
        page = await self._page(self.query)
        rows, cells = _shown(page, most)
        if len(rows) < page.rows:
            # Only the engine knows the key of the last row that fits.
            page = await self._page(replace(self.query, limit=len(rows)))
        release, question = self.view.manifest.release, self.query.canonical
        tell(self.view.port.id, Reading(release, self.query.columns, len(rows), question))
        following = self._following(page)
        notes = cells.notes
        if not rows:
            notes += await self._why_none()
        elif following:
            notes.append(_MORE)
        return Told(self._content(rows, following, notes), self._words(len(rows), following))

    async def _page(self, query: RowQuery) -> Page:
        engine, after = self.call.doors.rows.engine, self.cursor.last_key if self.cursor else ()
        reading = partial(engine.reader.page, self.view.source, query, after)
        return await engine.ask(reading, self._is_wanted)

    async def _is_wanted(self) -> bool:
        return not await self.call.request.is_disconnected()

    def _following(self, page: Page) -> str | None:
        if page.last_key is None:
            return None
        doors, view = self.call.doors, self.view
        doors.rows.walks.mark(view.store, view.manifest.release)
        seen = (self.cursor.seen if self.cursor else 0) + page.rows
        asked = _asked(self.query, view, self.grant)
        port, release = str(view.port.id), view.manifest.release
        return doors.cursors.write(port, release, asked, page.last_key, seen)

    def _content(
        self, rows: list[dict[str, Any]], following: str | None, notes: list[str]
    ) -> dict[str, Any]:
        view = self.view
        return {
            "rows": rows,
            "row_count": len(rows),
            "truncated": following is not None,
            "next_cursor": following,
            "total_rows": None if self.query.filters else view.rows,
            "notes": notes,
            "about": {
                "port": str(view.port.id),
                "release": view.manifest.release,
                "published_at": view.manifest.published_at.isoformat(),
                "contract_version": view.part.contract_version,
                **about(self.grant),
                "query_hash": hashlib.sha256(self.query.canonical.encode()).hexdigest()[:16],
            },
        }

    def _words(self, count: int, following: str | None) -> str:
        rows, reader = counted(count, "row"), self.grant.reader.name
        said = f"{rows} of {self.view.port.id}, as seen by class {reader}."
        return f"{said} There are more." if following else said

    async def _why_none(self) -> list[str]:
        """Why there is no row: an empty answer without a reason is taken for a fact."""
        view = self.view
        said = limits_of(self.grant, view.port)
        when = view.manifest.published_at.isoformat(timespec="minutes")
        if self.cursor:
            return [*said, "There are no more rows."]
        if not view.rows:
            fact = f"No row of the release published {when} is visible to you"
            return [f"{fact}, whatever the filters.", *said]
        fact = f"The filters match none of the {view.rows:,} rows that you see"
        return [f"{fact} of the release published {when}.", *await self._each(), *said]

    async def _each(self) -> list[str]:
        """How many rows each filter matches by itself."""
        if not 1 < len(self.query.filters) <= _EXPLAINED:
            return []
        engine, said = self.call.doors.rows.engine, []
        for condition in self.query.filters:
            alone = replace(self.query, filters=(condition,))
            counting = partial(engine.reader.count, self.view.source, alone)
            count = await engine.ask(counting, self._is_wanted)
            name = condition.column if isinstance(condition, Test) else condition.word
            said.append(f"The filter on `{name}` alone matches {count:,}.")
        return said


def _view(call: Call, port: Port, cursor: Cursor | None, leases: ExitStack) -> tuple[View, Grant]:
    """What the asker sees of the current release, or of that of the cursor."""
    store = call.doors.catalog.store.of(port.id.domain)
    reading = leases.enter_context(store.reading(cursor.release if cursor else None))
    manifest, part = in_release(port.id, reading)
    grant = call.asker.grant(port)
    seen = call.asker.sight(port, part, grant)
    view = View((port.id, manifest.release, grant.key), store, port, manifest, part, seen)
    return view, grant


def _cursor(call: Call, wanted: Query, port: Port) -> Cursor | None:
    if wanted.cursor is None:
        return None
    cursor = call.doors.cursors.read(wanted.cursor)
    cursor.require(str(port.id), None, None)
    return cursor


def _asked(query: RowQuery, view: View, grant: Grant) -> str:
    """What a cursor is bound to: the question, the cells, and whose they are."""
    return f"agents {query.canonical} {view.source.key} {grant.principal.name} {grant.key}"


def _filters(wanted: Query) -> list[tuple[str, str]]:
    """The filters one by one; raises ServingError MP602 for what is an argument of its own."""
    found = []
    for name, said in wanted.filters.items():
        if name in _OWN:
            raise bad(name, f"`{name}` is no filter", f"give `{name}` as an argument of its own")
        found += [(name, one) for one in ([said] if isinstance(said, str) else said)]
    return found


def _parameters(call: Call, wanted: Query) -> list[tuple[str, str]]:
    limit = min(wanted.limit, call.doors.limits.agent_rows)
    single = {"select": wanted.select, "order": wanted.order, "limit": str(limit)}
    given = [(name, said) for name, said in single.items() if said]
    return [*given, *_filters(wanted)]


def _shown(page: Page, most: int) -> tuple[list[dict[str, Any]], Cells]:
    """The rows that fit, at least one; raises ServingError MP644 where not even one does."""
    found = json.loads(page.body)
    for length in (MOST_CHARACTERS, _SHORT):
        cells = Cells(length)
        rows = cells.rows(found)
        fit = len(fitting(rows, most))
        if fit == len(found):
            return rows, cells
        if fit:
            # What is left out counts for nothing.
            cells = Cells(length)
            return cells.rows(found[:fit]), cells
    raise too_wide()


def too_wide() -> ServingError:
    """MP644: a single row is more than an answer may hold."""
    error = too_large(None)
    return ServingError("MP644", "one row is too large for an answer", hint=error.hint)


def _words(headers: dict[str, str]) -> str:
    return ", ".join(f"{name} {said}" for name, said in headers.items())
