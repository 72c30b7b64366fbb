"""GET …/rows: the rows of a port, filtered, sorted and paged, in the reader's format."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from meshport.products.mesh import Port
from meshport.publishing.manifest import Manifest, PortRelease
from meshport.serving.cursor import Cursor
from meshport.serving.negotiation import ROW_MEDIA, row_format_wanted
from meshport.serving.releases import asked, in_release
from meshport.serving.router import DoorRouter
from meshport.serving.row_query import PAGED, RowQuery, parse_row_query
from meshport.serving.row_sql import ROW_NUMBER, RowSource
from meshport.serving.state import Doors
from meshport.serving.validators import entity_tag, is_fresh
from meshport.sql_text import literal

router = DoorRouter()
MEDIA_TYPES = {form: media for media, form in reversed(ROW_MEDIA.items())}


@router.reads("/ports/{domain}/{name}/{version}/rows")
def rows(request: Request, domain: str, name: str, version: str) -> Response:
    """Rows of the current release, or of the one pinned by `@release` or a cursor."""
    sought = asked(request, domain, name, version)
    doors, port = sought.doors, sought.port
    pinned = version.partition("@")[2] or None
    sent = request.query_params.get("cursor")
    cursor = doors.cursors.read(sent) if sent is not None else None
    if cursor:
        cursor.require(str(port.id), pinned, None)
    with ExitStack() as leases:
        wanted = cursor.release if cursor else pinned
        reading = leases.enter_context(doors.catalog.store.of(domain).reading(wanted))
        manifest, part = in_release(port.id, reading)
        visible = [column.name for column in doors.catalog.served(port, part)]
        parameters = request.query_params.multi_items()
        query = parse_row_query(parameters, visible, row_format_wanted(request))
        files = doors.catalog.store.of(domain).paths(part)
        source = _row_source(port, part, visible, files)
        answer = _Answer(doors, port, query, manifest, part, source, files)
        return answer.respond(request, cursor, pinned is not None, leases)


@dataclass(frozen=True)
class _Answer:
    """One answer: what is read, under which tag, with which headers."""

    doors: Doors
    port: Port
    query: RowQuery
    manifest: Manifest
    part: PortRelease
    source: RowSource
    files: list[Path]

    @property
    def question(self) -> str:
        """What was asked; the key is part of it, for it makes the order of rows total."""
        return f"{self.query.canonical} {self.source.key}"

    def respond(
        self, request: Request, cursor: Cursor | None, is_pinned: bool, leases: ExitStack
    ) -> Response:
        """304 before the engine is touched, else the rows."""
        query = self.query
        if cursor:
            cursor.require(str(self.port.id), None, self.question)
        after = cursor.last_key if cursor else ()
        page = repr((query.limit, after))
        tag = entity_tag(self.part.content_hash, self.question, query.format, page)
        headers = {
            "ETag": tag,
            "Vary": "Accept",
            "Cache-Control": "public, max-age=31536000, immutable"
            if is_pinned
            else "public, max-age=0, must-revalidate",
            "Meshport-Release": self.manifest.release,
            "Meshport-Contract": f"{self.port.contract.id} {self.part.contract_version}",
        }
        if is_fresh(request, tag):
            return Response(status_code=304, headers=headers)
        if query.format in PAGED:
            return self._page(request, after, headers)
        return self._bulk(headers, leases.pop_all())

    def _page(
        self, request: Request, after: tuple[str | None, ...], headers: dict[str, str]
    ) -> Response:
        page = self.doors.reader.page(self.source, self.query, after)
        if page.last_key is not None:
            cursor = self.doors.cursors.write(
                str(self.port.id), self.manifest.release, self.question, page.last_key
            )
            following = urlencode([*self.query.raw, ("cursor", cursor)])
            headers["Link"] = f'<{request.url.path}?{following}>; rel="next"'
        return Response(page.body, 200, headers, MEDIA_TYPES[self.query.format])

    def _bulk(self, headers: dict[str, str], leases: ExitStack) -> Response:
        """A file: the release's own where it is asked for whole, else one made for the answer."""
        file = self.files[0]
        if not self._is_own_file():
            try:
                folder = leases.enter_context(tempfile.TemporaryDirectory(prefix="meshport-rows-"))
                file = Path(folder) / "rows"
                self.doors.reader.write(self.source, self.query, file)
            except BaseException:
                leases.close()
                raise
        name = f"{self.port.id.port}.{self.query.format}"
        done = BackgroundTask(leases.close)
        media = MEDIA_TYPES[self.query.format]
        answer = FileResponse(file, headers=headers, media_type=media, background=done)
        answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        return answer

    def _is_own_file(self) -> bool:
        query = self.query
        has_all = list(query.select) == [column.name for column in self.part.columns]
        is_plain = query.is_whole_table and not query.order
        return query.format == "parquet" and has_all and is_plain and len(self.files) == 1


def _row_source(port: Port, part: PortRelease, visible: list[str], files: list[Path]) -> RowSource:
    # Without its key a port's rows are told apart by their place in the immutable file.
    key = tuple(part.key) if set(part.key) <= set(visible) else (ROW_NUMBER,)
    number = ", file_row_number = true" if key == (ROW_NUMBER,) else ""
    paths = ", ".join(literal(str(file)) for file in files)
    # What the release did not promise yet may be null in it.
    is_promised = port.contract.sha256 == part.contract.sha256
    required = {c.name for c in port.contract.table.columns if c.required and is_promised}
    return RowSource(
        relation=f"read_parquet([{paths}]{number})",
        types={column.name: column.type for column in part.columns},
        key=key,
        required=frozenset(required),
    )
