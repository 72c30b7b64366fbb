"""The catalog's pages: server-rendered, readable without JavaScript, each with a Markdown twin.

The only importer of Jinja. Everything that is shown comes from contracts, descriptors and
manifests; text of theirs is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from meshport.catalog.entry import PortEntry, ProductEntry
from meshport.catalog.lineage import around, whole_graph
from meshport.catalog.picture import picture
from meshport.catalog.search import Hit
from meshport.catalog.snippets import Snippet, snippets
from meshport.error_codes import ErrorCode
from meshport.serving import api_guide
from meshport.serving.rendering import render
from meshport.serving.row_query import RowQuery
from meshport.serving.row_sql import ROW_NUMBER, RowSource
from meshport.serving.state import Doors
from meshport.warehouse import parquet_scan

PREVIEW_ROWS = 8
_SUGGESTIONS = 5


def home_page(doors: Doors, form: str) -> Response:
    """All data products, the state of each, and who is built from whom."""
    catalog, now = doors.catalog, doors.now()
    order = catalog.mesh.publishing_order()
    products = [catalog.product_entry(catalog.mesh.products[name], now) for name in order]
    return render(
        "home",
        form,
        products=products,
        totals=_totals(products),
        suggestions=_suggestions(doors),
        stale=doors.stale,
        broken=catalog.mesh.broken,
        released=set(order),
        map=picture(whole_graph(catalog.mesh), catalog.states(now)),
        now=now,
        path="/index",
    )


def product_page(doors: Doors, entry: ProductEntry, form: str) -> Response:
    """One data product: what it offers, from what, and where its source rows went."""
    catalog, domain = doors.catalog, entry.product.domain
    return render(
        "product",
        form,
        entry=entry,
        product=entry.product,
        about=entry.product.descriptor,
        broken=catalog.mesh.broken.get(domain),
        refusal=entry.ports[0].status.refusal,
        manifest=next((one.status.manifest for one in entry.ports if one.status.manifest), None),
        ports={str(port.id): port.id for port in catalog.mesh.ports},
        now=doors.now(),
        path=f"/products/{domain}",
    )


def port_page(request: Request, doors: Doors, entry: PortEntry, form: str) -> Response:
    """One port: columns, checks, service levels, a preview, snippets and lineage."""
    catalog, port = doors.catalog, entry.port
    table = port.contract.table
    numbers = {c.name for c in table.columns if c.logical_type in ("integer", "number")}
    return render(
        "port",
        form,
        entry=entry,
        port=port,
        contract=port.contract,
        table=table,
        status=entry.status,
        broken=catalog.mesh.broken.get(port.id.domain),
        checks=entry.checks_by_column,
        withheld=_withheld(doors, entry),
        preview=_preview(doors, entry),
        numbers=numbers,
        snippets=_snippets(request, entry),
        map=picture(around(catalog.mesh, port.id), catalog.states(doors.now()), port.id),
        now=doors.now(),
        path=port.id.path,
    )


def search_page(doors: Doors, query: str, hits: Sequence[Hit], form: str) -> Response:
    """What was found, and why."""
    return render(
        "search", form, query=query, hits=hits, suggestions=_suggestions(doors), path="/search"
    )


def glossary_page(doors: Doors, form: str) -> Response:
    """Words of the business and the columns that carry them."""
    ports = {str(port.id): port.id for port in doors.catalog.mesh.ports}
    return render("glossary", form, terms=doors.catalog.glossary, ports=ports, path="/glossary")


def errors_page(codes: Sequence[ErrorCode], form: str) -> Response:
    """What every error code means and how to get out of it."""
    families = {code.code[2]: [c for c in codes if c.code[2] == code.code[2]] for code in codes}
    return render("errors", form, codes=codes, families=families, path="/errors")


def api_page(doors: Doors, form: str) -> Response:
    """How rows are asked for, with links that answer."""
    catalog = doors.catalog
    entries = [catalog.entry(port, doors.now()) for port in catalog.mesh.ports]
    shown = max(
        (entry for entry in entries if entry.status.release and entry.visible),
        key=lambda entry: len(entry.visible),
        default=None,
    )
    return render(
        "api",
        form,
        port=shown.port.id if shown else None,
        examples=api_guide.examples(shown.visible) if shown else [],
        parameters=api_guide.PARAMETERS,
        operators=api_guide.OPERATORS,
        formats=api_guide.FORMATS,
        rules=api_guide.RULES,
        path="/api",
    )


def problem_page(problem: Mapping[str, Any]) -> Response:
    """An error for somebody with a browser."""
    answer = render("problem", "html", problem=problem, path=None)
    answer.status_code = problem["status"]
    return answer


def _snippets(request: Request, entry: PortEntry) -> list[Snippet]:
    if entry.status.release is None:
        return []
    return snippets(entry.port.id, str(request.base_url).rstrip("/"), list(entry.visible))


def _suggestions(doors: Doors) -> list[str]:
    """Words that lead somewhere, for people who do not know yet what to ask."""
    terms = [term.term.lower() for term in doors.catalog.glossary if term.columns]
    return terms[:: max(1, len(terms) // _SUGGESTIONS)][:_SUGGESTIONS]


def _totals(products: Sequence[ProductEntry]) -> dict[str, int]:
    entries = [entry for product in products for entry in product.ports]
    releases = [entry.status.release for entry in entries if entry.status.release]
    return {
        "ports": len(entries),
        "published": len(releases),
        "rows": sum(release.rows for release in releases),
        "quarantined": sum(release.quarantine.rows for release in releases),
        "passed": sum(entry.status.checks["passed"] for entry in entries),
        "failed": sum(entry.status.checks["failed"] for entry in entries),
    }


def _withheld(doors: Doors, entry: PortEntry) -> list[tuple[str, str, list[str]]]:
    """Each class that is withheld, what it means, and the columns of that class."""
    found: dict[str, list[str]] = {}
    for column in entry.hidden:
        found.setdefault(column.classification or "unclassified", []).append(column.name)
    steps = {name: doors.catalog.scale.find(name) for name in found}
    return [
        (name, step.meaning if step else "Nobody said who may read it.", found[name])
        for name, step in steps.items()
    ]


def _preview(doors: Doors, entry: PortEntry) -> list[dict[str, Any]]:
    """A few rows of the columns that anyone may see; values as text, numbers as written."""
    release, manifest = entry.status.release, entry.status.manifest
    if release is None or manifest is None or not entry.visible:
        return []
    store = doors.catalog.store.of(entry.port.id.domain)
    written = {column.name: column.type for column in release.columns}
    names = tuple(column.name for column in entry.visible)
    with store.reading(manifest.release):
        relation = parquet_scan(store.paths(release)).replace("])", f"], {ROW_NUMBER} = true)")
        source = RowSource(relation, written, (ROW_NUMBER,), frozenset({ROW_NUMBER}))
        page = doors.reader.page(source, RowQuery(names, limit=PREVIEW_ROWS), ())
    rows: list[dict[str, Any]] = json.loads(page.body, parse_float=str)
    return rows
