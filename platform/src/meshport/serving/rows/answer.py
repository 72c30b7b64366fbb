"""One answer to a question for rows: what is read, under which tag, with which headers."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import FileResponse, Response

from meshport.access.authorize import Grant
from meshport.errors import ServingError
from meshport.serving.audit_trail import Reading, tell
from meshport.serving.cursor import Cursor
from meshport.serving.identity import VARIES_BY
from meshport.serving.negotiation import ROW_MEDIA
from meshport.serving.rows.asking import SAFE, Question, preferences
from meshport.serving.rows.door import RowDoor
from meshport.serving.rows.export import Export
from meshport.serving.rows.prepared import Ready
from meshport.serving.rows.query import PAGED
from meshport.serving.rows.reader import Page, too_large
from meshport.serving.rows.source import RowSource
from meshport.serving.rows.views import View
from meshport.serving.validators import entity_tag, is_fresh
from meshport.warehouse import EngineError

MEDIA_TYPES = {form: media for media, form in reversed(ROW_MEDIA.items())}
VARY = f"Accept, {VARIES_BY}"
_AT_ONCE = 1_000
"""Prepared rows up to this number are looked up in passing; more take a thread."""


@dataclass
class Timing:
    """How long each step took, for `Server-Timing` (W3C)."""

    steps: list[str] = field(default_factory=list)
    _since: float = field(default_factory=perf_counter)

    def step(self, name: str, description: str | None = None) -> None:
        """Note that a step has ended now."""
        now = perf_counter()
        said = f';desc="{description}"' if description else ""
        self.steps.append(f"{name};dur={(now - self._since) * 1000:.2f}{said}")
        self._since = now

    @property
    def header(self) -> str:
        """The value of the header."""
        return ", ".join(self.steps)


class LeasedFile(FileResponse):
    """A file whose release is held until it is sent, or until nobody takes it any more."""

    chunk_size = 2**20

    def __init__(self, leases: ExitStack, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._leases = leases

    async def __call__(self, *arguments: Any) -> None:
        """Send it; the lease ends whatever happens."""
        with self._leases:
            await super().__call__(*arguments)


@dataclass(frozen=True)
class Answer:
    """What one reader is told about one question."""

    door: RowDoor
    request: Request
    view: View
    grant: Grant
    question: Question
    cursor: Cursor | None
    is_pinned: bool
    timing: Timing

    @property
    def asked(self) -> str:
        """A digest of what was asked, and by whom."""
        who = f"{self.grant.principal.name} {self.grant.key}"
        text = f"{self.question.canonical} {self.view.source.key} {who}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    @property
    def after(self) -> tuple[str | None, ...]:
        """The key of the last row of the page before."""
        return self.cursor.last_key if self.cursor else ()

    @cached_property
    def ready(self) -> Ready | None:
        """The prepared rows, where there are any."""
        return self.door.prepared.find(self.view)

    @property
    def source(self) -> RowSource:
        """What the engine reads."""
        return self.ready.source if self.ready else self.view.source

    async def respond(self, leases: ExitStack) -> Response:
        """304 before anything is read, else the rows; may take the leases along.

        Raises ServingError MP603 for the cursor of another question, MP604, MP642 to MP644.
        """
        query, asked = self.question.query, self.asked
        if self.cursor:
            self.cursor.require(str(self.view.port.id), None, asked)
        page = repr((query.limit, self.after))
        tag = entity_tag(self.view.content, asked, query.format, page)
        headers = self._headers(tag)
        self.timing.step("plan")
        self.tell(self._rows_expected)
        if self.request.method in SAFE and is_fresh(self.request, tag):
            return Response(status_code=304, headers=headers)
        if query.format in PAGED:
            return await self._page(asked, headers)
        return await self._export(headers, leases)

    def tell(self, rows: int | None = None) -> None:
        """Have the audit know what is read."""
        columns, asked = self.question.query.columns, self.question.canonical
        release = self.view.manifest.release
        tell(self.view.port.id, Reading(release, columns, rows, asked))

    @property
    def _rows_expected(self) -> int | None:
        """How many rows a file will hold, where that is known before it is made."""
        query = self.question.query
        if query.filters:
            return None
        return min(self.view.rows, self.view.rows if query.limit is None else query.limit)

    def _headers(self, tag: str) -> dict[str, str]:
        part, grant = self.view.part, self.grant
        return {
            "ETag": tag,
            "Vary": VARY,
            "Cache-Control": "private, max-age=31536000, immutable"
            if self.is_pinned
            else "private, max-age=0, must-revalidate",
            "Meshport-Release": self.view.manifest.release,
            "Meshport-Access": f"{grant.reader.name}; {grant.rule}",
            "Meshport-Contract": f"{self.view.port.contract.id} {part.contract_version}",
        }

    async def _page(self, asked: str, headers: dict[str, str]) -> Response:
        view, form = self.view, self.question.query.format
        try:
            page, by = await self._quickest(self.ready)
        except (sqlite3.Error, EngineError):
            if self.ready is None:
                raise
            # Prepared rows can be lost or spoilt; those of the release are still there.
            self.door.prepared.drop(view)
            page, by = await self._computed(view.source), "engine"
        self.tell(page.rows)
        headers |= await self._range(page)
        seen = self.cursor.seen if self.cursor else 0
        if page.last_key is not None:
            self.door.walks.mark(view.store, view.manifest.release)
            address = self._following(asked, page.last_key, seen + page.rows)
            headers["Link"] = f'<{address}>; rel="next"'
        self.timing.step("exec", by)
        return Response(page.body, 200, headers, MEDIA_TYPES[form])

    async def _quickest(self, ready: Ready | None) -> tuple[Page, str]:
        """The page, and who made it: what is ready is looked up, even if the engine finds it."""
        question = self.question
        is_short = (question.query.limit or 0) <= _AT_ONCE
        if ready is not None and question.is_looked_up:
            look_up = partial(self._looked_up, ready)
            page = look_up() if is_short else await self.door.engine.ask(look_up, self.is_wanted)
            return page, "prepared"
        if ready is not None and question.is_in_lines and is_short:
            find = partial(self._found, ready)
            return await self.door.engine.ask(find, self.is_wanted), "engine, prepared"
        return await self._computed(self.source), "engine"

    def _looked_up(self, ready: Ready) -> Page:
        query, key = self.question.query, self.question.key
        if key is not None:
            return ready.lines.row(ready.source, query, key)
        return ready.lines.page(ready.source, query, self.after)

    def _found(self, ready: Ready) -> Page:
        query, reader = self.question.query, self.door.engine.reader
        return ready.lines.rows(
            ready.source, query, reader.numbers(ready.source, query, self.after)
        )

    async def _computed(self, source: RowSource) -> Page:
        query, reader = self.question.query, self.door.engine.reader
        return await self.door.engine.ask(
            lambda: reader.page(source, query, self.after), self.is_wanted
        )

    async def _range(self, page: Page) -> Mapping[str, str]:
        """Which rows of how many the page holds, as PostgREST says it; the total if it is free."""
        query, seen = self.question.query, self.cursor.seen if self.cursor else 0
        total = self.view.rows if not query.filters else None
        if total is None and page.last_key is None:
            total = seen + page.rows
        headers = {}
        if preferences(self.request).get("count") in ("exact", "planned", "estimated"):
            headers["Preference-Applied"] = "count=exact"
            if total is None:
                reader, source = self.door.engine.reader, self.source
                total = await self.door.engine.ask(
                    lambda: reader.count(source, query), self.is_wanted
                )
        rows = f"{seen}-{seen + page.rows - 1}" if page.rows else "*"
        headers["Content-Range"] = f"{rows}/{'*' if total is None else total}"
        return headers

    def _following(self, asked: str, last_key: tuple[str | None, ...], seen: int) -> str:
        """The address of the next page; who asked with a body sends it again."""
        port, release = str(self.view.port.id), self.view.manifest.release
        cursor = self.door.cursors.write(port, release, asked, last_key, seen)
        is_in_body = self.request.method in ("QUERY", "POST")
        given = () if is_in_body else self.question.query.raw
        path = self.request.scope["path"]
        return f"{path}?{urlencode([*given, ('cursor', cursor)])}"

    async def _export(self, headers: dict[str, str], leases: ExitStack) -> Response:
        """A file: the release's own where it is asked for whole, else one made for the answer."""
        query, name = self.question.query, f"{self.view.port.id.port}.{self.question.query.format}"
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
        media = MEDIA_TYPES[query.format]
        if self._is_own_file():
            held = leases.pop_all()
            return LeasedFile(held, self.view.files[0], headers=headers, media_type=media)
        body = await self._made()
        self.timing.step("exec", "engine")
        if isinstance(body, bytes):
            return Response(body, 200, headers, media)
        # The file is a copy: the release itself need not be held while it is sent.
        made = ExitStack()
        made.callback(body.unlink)
        return LeasedFile(made, body, headers=headers, media_type=media)

    async def _made(self) -> bytes | Path:
        """The bytes of an export, or its file where it is large; raises ServingError MP644."""
        engine, most = self.door.engine, self.door.limits.export_bytes
        export = Export(engine.reader, self.source, self.question.query, most)

        async def is_wanted() -> bool:
            return export.has_room() and await self.is_wanted()

        try:
            return await engine.export(export.make, is_wanted)
        except ServingError as error:
            raise too_large(most) if export.was_too_large else error from error

    async def is_wanted(self) -> bool:
        """Whether the client still waits."""
        return not await self.request.is_disconnected()

    def _is_own_file(self) -> bool:
        query, seen = self.question.query, self.view.seen
        has_all = [one.column for one in query.select] == seen.projection.columns
        is_plain = all(one.is_plain for one in query.select)
        is_whole = query.is_whole_table and not query.order
        return (
            query.format == "parquet"
            and (has_all and is_plain and is_whole)
            and len(self.view.files) == 1
        )
