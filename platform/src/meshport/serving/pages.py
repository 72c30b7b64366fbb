"""The catalog's pages: server-rendered, readable without JavaScript, each with a Markdown twin.

The only importer of Jinja. Everything that is shown comes from contracts, descriptors and
manifests; text of theirs is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from meshport.catalog.entry import PortEntry, ProductEntry
from meshport.catalog.lineage import around, picture, whole_graph
from meshport.catalog.search import Hit
from meshport.catalog.snippets import snippets
from meshport.error_codes import ErrorCode
from meshport.serving.row_query import RowQuery
from meshport.serving.row_sql import ROW_NUMBER, RowSource
from meshport.serving.state import Doors
from meshport.warehouse import parquet_scan

PREVIEW_ROWS = 8
_MEDIA = {"html": "text/html; charset=utf-8", "md": "text/markdown; charset=utf-8"}


def home_page(doors: Doors, form: str) -> Response:
    """All data products, the state of each, and who is built from whom."""
    catalog, now = doors.catalog, doors.now()
    order = catalog.mesh.publishing_order()
    products = [catalog.product_entry(catalog.mesh.products[name], now) for name in order]
    graph = picture(whole_graph(catalog.mesh), catalog.states(now))
    return _render(
        "home",
        form,
        products=products,
        broken=catalog.mesh.broken,
        map=graph,
        now=now,
        path="/index",
    )


def product_page(doors: Doors, entry: ProductEntry, form: str) -> Response:
    """One data product: what it offers, from what, and where its source rows went."""
    manifest = doors.catalog.store.of(entry.product.domain).current()
    return _render(
        "product",
        form,
        entry=entry,
        product=entry.product,
        about=entry.product.descriptor,
        manifest=manifest,
        now=doors.now(),
        path=f"/products/{entry.product.domain}",
    )


def port_page(request: Request, doors: Doors, entry: PortEntry, form: str) -> Response:
    """One port: columns, checks, service levels, a preview, snippets and lineage."""
    catalog = doors.catalog
    graph = around(catalog.mesh, entry.port.id)
    base = str(request.base_url).rstrip("/")
    return _render(
        "port",
        form,
        entry=entry,
        port=entry.port,
        contract=entry.port.contract,
        table=entry.port.contract.table,
        status=entry.status,
        checks=entry.checks_by_column,
        preview=_preview(doors, entry),
        snippets=snippets(entry.port.id, base, list(entry.visible)),
        map=picture(graph, catalog.states(doors.now()), entry.port.id),
        now=doors.now(),
        path=entry.port.id.path,
    )


def search_page(query: str, hits: Sequence[Hit], form: str) -> Response:
    """What was found, and why."""
    return _render("search", form, query=query, hits=hits, path=None)


def glossary_page(doors: Doors, form: str) -> Response:
    """Words of the business and the columns that carry them."""
    ports = {str(port.id): port.id for port in doors.catalog.mesh.ports}
    return _render("glossary", form, terms=doors.catalog.glossary, ports=ports, path=None)


def errors_page(codes: Sequence[ErrorCode], form: str) -> Response:
    """What every error code means and how to get out of it."""
    return _render("errors", form, codes=codes, path=None)


def _preview(doors: Doors, entry: PortEntry) -> list[dict[str, Any]]:
    """A few rows of the columns that anyone may see; values as text, numbers as written."""
    release, manifest = entry.status.release, entry.status.manifest
    if release is None or manifest is None or not entry.visible:
        return []
    store = doors.catalog.store.of(entry.port.id.domain)
    written = {column.name: column.type for column in release.columns}
    names = tuple(column.name for column in entry.visible if column.name in written)
    with store.reading(manifest.release):
        relation = parquet_scan(store.paths(release)).replace("])", f"], {ROW_NUMBER} = true)")
        source = RowSource(relation, written, (ROW_NUMBER,), frozenset({ROW_NUMBER}))
        page = doors.reader.page(source, RowQuery(names, limit=PREVIEW_ROWS), ())
    rows: list[dict[str, Any]] = json.loads(page.body, parse_float=str)
    return rows


def _render(template: str, form: str, **context: Any) -> Response:
    path = context["path"]
    text = _environment().get_template(f"{template}.{form}.j2").render(context)
    headers = {"Cache-Control": "no-cache", "Vary": "Accept"}
    if path:
        headers["Link"] = (
            f'<{path}.md>; rel="alternate"; type="text/markdown", '
            f'<{path}.json>; rel="alternate"; type="application/json"'
        )
    return Response(text, 200, headers, _MEDIA[form])


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        # Contracts are written by others: only the pictures drawn here go in unescaped.
        autoescape=select_autoescape(["html.j2"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["thousands"] = lambda number: f"{number:,}"
    environment.filters["percent"] = lambda part, whole: 100 * part / whole if whole else 0
    environment.filters["moment"] = lambda time: time.strftime("%Y-%m-%d %H:%M UTC")
    environment.filters["cell"] = lambda text: str(text).replace("|", "\\|").replace("\n", " ")
    return environment
