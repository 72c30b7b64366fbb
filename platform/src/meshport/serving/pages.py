"""The catalog's pages: server-rendered, readable without JavaScript, each with a Markdown twin.

The only importer of Jinja. Everything that is shown comes from contracts, descriptors and
manifests; text of theirs is escaped.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from meshport.access.authorize import OPENLY
from meshport.access.principal import DEMO
from meshport.catalog.entry import PortEntry, ProductEntry
from meshport.catalog.lineage import around, whole_graph
from meshport.catalog.picture import picture
from meshport.catalog.search import Hit
from meshport.catalog.snippets import Sender, Snippet, snippets
from meshport.error_codes import ErrorCode
from meshport.serving import api_guide
from meshport.serving.identity import Asker
from meshport.serving.port_access import access_of
from meshport.serving.rendering import render
from meshport.serving.rows.query import RowQuery
from meshport.serving.rows.source import ROW_NUMBER, RowSource
from meshport.serving.state import Doors
from meshport.warehouse import parquet_scan

PREVIEW_ROWS = 8
_SUGGESTIONS = 5


def home_page(asker: Asker, form: str) -> Response:
    """All data products, the state of each, and who is built from whom."""
    doors, reader = asker.doors, asker.open_class
    catalog, now = doors.catalog, doors.now()
    order = catalog.mesh.publishing_order()
    products = [catalog.product_entry(catalog.mesh.products[n], now, reader) for n in order]
    return render(
        "home",
        form,
        asker,
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


def product_page(asker: Asker, entry: ProductEntry, form: str) -> Response:
    """One data product: what it offers, from what, and where its source rows went."""
    catalog, domain = asker.doors.catalog, entry.product.domain
    return render(
        "product",
        form,
        asker,
        entry=entry,
        product=entry.product,
        about=entry.product.descriptor,
        broken=catalog.mesh.broken.get(domain),
        refusal=entry.ports[0].status.refusal,
        manifest=next((one.status.manifest for one in entry.ports if one.status.manifest), None),
        ports={str(port.id): port.id for port in catalog.mesh.ports},
        now=asker.doors.now(),
        path=f"/products/{domain}",
    )


def port_page(request: Request, asker: Asker, entry: PortEntry, form: str) -> Response:
    """One port: columns, checks, service levels, a preview, snippets and lineage."""
    doors, port = asker.doors, entry.port
    catalog = doors.catalog
    table = port.contract.table
    numbers = {c.name for c in table.columns if c.logical_type in ("integer", "number")}
    return render(
        "port",
        form,
        asker,
        entry=entry,
        port=port,
        contract=port.contract,
        table=table,
        status=entry.status,
        broken=catalog.mesh.broken.get(port.id.domain),
        checks=entry.checks_by_column,
        access=access_of(asker, entry),
        purpose=request.query_params.get("purpose"),
        preview=_preview(asker, entry),
        numbers=numbers,
        snippets=_snippets(request, asker, entry),
        map=picture(around(catalog.mesh, port.id), catalog.states(doors.now()), port.id),
        now=doors.now(),
        path=port.id.path,
    )


def search_page(asker: Asker, query: str, hits: Sequence[Hit], form: str) -> Response:
    """What was found, and why."""
    words = _suggestions(asker.doors)
    return render("search", form, asker, "/search", query=query, hits=hits, suggestions=words)


def glossary_page(asker: Asker, form: str) -> Response:
    """Words of the business and the columns that carry them."""
    catalog = asker.doors.catalog
    ports = {str(port.id): port.id for port in catalog.mesh.ports}
    return render("glossary", form, asker, "/glossary", terms=catalog.glossary, ports=ports)


def errors_page(asker: Asker, codes: Sequence[ErrorCode], form: str) -> Response:
    """What every error code means and how to get out of it."""
    families = {code.code[2]: [c for c in codes if c.code[2] == code.code[2]] for code in codes}
    return render("errors", form, asker, "/errors", codes=codes, families=families)


def api_page(asker: Asker, form: str) -> Response:
    """How rows are asked for, with links that answer."""
    catalog, now = asker.doors.catalog, asker.doors.now()
    looking = asker.browsing
    entries = [catalog.entry(port, now, looking.open_grant(port)) for port in catalog.mesh.ports]
    shown = max(
        (entry for entry in entries if entry.status.release and entry.visible),
        key=lambda entry: len(entry.visible),
        default=None,
    )
    return render(
        "api",
        form,
        asker,
        port=shown.port.id if shown else None,
        examples=api_guide.examples(shown.visible) if shown else [],
        parameters=api_guide.PARAMETERS,
        operators=api_guide.OPERATORS,
        formats=api_guide.FORMATS,
        doors=api_guide.DOORS,
        rules=api_guide.RULES,
        path="/api",
    )


def _snippets(request: Request, asker: Asker, entry: PortEntry) -> list[Snippet]:
    if entry.status.release is None:
        return []
    has_token = asker.principal.is_known and asker.principal != DEMO
    # Of an agreement alone: what stands in an address could be anything, and snippets are run.
    purpose = entry.grant.purpose if asker.purpose and entry.grant.rule != OPENLY else None
    sender = Sender(str(request.base_url).rstrip("/"), has_token, purpose)
    return snippets(entry.port.id, sender, list(entry.visible))


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


def _preview(asker: Asker, entry: PortEntry) -> list[dict[str, Any]]:
    """A few rows of what the reader may see; values as text, numbers as written."""
    release, manifest = entry.status.release, entry.status.manifest
    if release is None or manifest is None or not entry.visible:
        return []
    store = asker.doors.catalog.store.of(entry.port.id.domain)
    with store.reading(manifest.release):
        seen = asker.sight(entry.port, release, entry.grant)
        files = [store.folder / file.path for file in seen.files]
        if not files:
            return []
        source = RowSource(parquet_scan(files), seen.types, (ROW_NUMBER,), is_sorted=True)
        wanted = RowQuery.all_of(seen.columns, limit=PREVIEW_ROWS)
        page = asker.doors.reader.page(source, wanted)
    rows: list[dict[str, Any]] = json.loads(page.body, parse_float=str)
    return rows
