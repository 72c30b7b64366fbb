"""GET …/rows: the rows of a port, filtered, sorted and paged, in the reader's format."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, Response
from starlette.background import BackgroundTask

from meshport.contracts.model import Column
from meshport.errors import ServingError
from meshport.products.mesh import Port
from meshport.publishing.manifest import Manifest, PortRelease
from meshport.serving.cursor import Cursor
from meshport.serving.negotiation import ROW_MEDIA, row_format_wanted
from meshport.serving.row_query import PAGED, RowQuery, parse_row_query
from meshport.serving.row_sql import ROW_NUMBER, RowSource
from meshport.serving.state import Doors, doors_of
from meshport.serving.validators import entity_tag, is_fresh
from meshport.sql_text import literal

router = APIRouter()
MEDIA_TYPES = {form: media for media, form in reversed(ROW_MEDIA.items())}


@router.get("/ports/{domain}/{name}/{version}/rows", include_in_schema=False)
def rows(request: Request, domain: str, name: str, version: str) -> Response:
    """Rows of the current release, or of the one pinned by `@release` or a cursor."""
    doors = doors_of(request)
    major, _, pinned = version.partition("@")
    port = doors.port(domain, name, major)
    visible = [column.name for column in _visible(doors, port)]
    query = parse_row_query(request.query_params.multi_items(), visible, row_format_wanted(request))
    cursor = doors.cursors.read(query.cursor, query.canonical) if query.cursor else None
    with ExitStack() as leases:
        store = doors.catalog.store.of(domain)
        wanted = cursor.release if cursor else pinned or None
        manifest = leases.enter_context(store.reading(wanted))
        part = manifest.port(port.id) if manifest else None
        if manifest is None or part is None:
            raise ServingError(
                "MP611", f"{port.id} has no release yet", hint="it was never published"
            )
        answer = _Answer(doors, port, query, manifest, part)
        return answer.respond(request, cursor, bool(pinned), leases)


class _Answer:
    """One answer: what is read, under which tag, with which headers."""

    def __init__(
        self, doors: Doors, port: Port, query: RowQuery, manifest: Manifest, part: PortRelease
    ) -> None:
        self.doors = doors
        self.port = port
        self.query = query
        self.manifest = manifest
        self.part = part
        self.files = doors.catalog.store.of(port.id.domain).paths(part)

    def respond(
        self, request: Request, cursor: Cursor | None, is_pinned: bool, leases: ExitStack
    ) -> Response:
        """304 before the engine is touched, else the rows."""
        query = self.query
        after = cursor.last_key if cursor else ()
        tag = entity_tag(
            self.part.content_hash, query.canonical, query.format, repr((query.limit, after))
        )
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
        page = self.doors.reader.page(self._source(), self.query, after)
        if page.last_key is not None:
            position = Cursor(self.manifest.release, self.query.canonical, page.last_key)
            cursor = self.doors.cursors.write(position)
            following = urlencode([*self.query.raw, ("cursor", cursor)])
            headers["Link"] = f'<{request.url.path}?{following}>; rel="next"'
        return Response(page.body, 200, headers, MEDIA_TYPES[self.query.format])

    def _bulk(self, headers: dict[str, str], leases: ExitStack) -> Response:
        """A file: the release's own where it is asked for whole, else one made for the answer."""
        file = self.files[0]
        if not self._is_own_file():
            folder = leases.enter_context(tempfile.TemporaryDirectory(prefix="meshport-rows-"))
            file = Path(folder) / "rows"
            try:
                self.doors.reader.write(self._source(), self.query, file)
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

    def _source(self) -> RowSource:
        types = {column.name: column.type for column in self.part.columns}
        visible = {column.name for column in _visible(self.doors, self.port)}
        # Without its key a port's rows are told apart by their place in the immutable file.
        key = tuple(self.part.key) if set(self.part.key) <= visible else (ROW_NUMBER,)
        number = ", file_row_number = true" if key == (ROW_NUMBER,) else ""
        paths = ", ".join(literal(str(file)) for file in self.files)
        return RowSource(
            relation=f"read_parquet([{paths}]{number})",
            types=types,
            key=key,
            required=frozenset({c.name for c in self.port.contract.table.columns if c.required}),
        )


def _visible(doors: Doors, port: Port) -> list[Column]:
    return doors.catalog.scale.served_openly(port.contract.table.columns)
