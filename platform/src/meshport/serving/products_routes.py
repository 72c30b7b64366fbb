"""GET /, /products, /search, /glossary, /errors, /api, /healthz: finding one's way."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import Request
from fastapi.responses import Response

from meshport import __version__
from meshport.catalog.entry import broken_as_json
from meshport.error_codes import CODES
from meshport.errors import MeshportError, ServingError
from meshport.serving import pages
from meshport.serving.identity import VARIES_BY, asker_of
from meshport.serving.negotiation import form_wanted, split_suffix, suffix_of
from meshport.serving.openapi import openapi_document
from meshport.serving.ports_routes import json_answer
from meshport.serving.router import DoorRouter
from meshport.serving.state import doors_of

router = DoorRouter()
_NEGOTIATED = {"Vary": f"Accept, {VARIES_BY}"}


@router.reads("/", "/index.{suffix}")
def home(request: Request) -> Response:
    """The home page; `/index.json` and `/index.md` are its twins."""
    return _home(request, form_wanted(request, suffix_of(request), default="html"))


@router.reads("/products", "/products.{suffix}")
def products(request: Request) -> Response:
    """Descriptors and state of all data products."""
    return _home(request, form_wanted(request, suffix_of(request)))


@router.reads("/products/{domain}")
def product(request: Request, domain: str) -> Response:
    """Descriptor and state of one data product."""
    doors = doors_of(request)
    name, suffix = split_suffix(domain)
    mesh = doors.catalog.mesh
    if name not in mesh.products:
        if name in mesh.broken:
            raise mesh.broken[name]
        hint = f"domains: {', '.join(mesh.products)}"
        raise ServingError("MP610", f"there is no domain `{name[:80]}`", hint=hint)
    asker = asker_of(request)
    entry = doors.catalog.product_entry(mesh.products[name], doors.now(), asker.open_class)
    form = form_wanted(request, suffix)
    if form == "json":
        return json_answer(entry.as_json(), _NEGOTIATED)
    return pages.product_page(asker, entry, form)


@router.reads("/search", "/search.{suffix}")
def search(request: Request) -> Response:
    """Ports and columns by words (`?q=`), the best first, each with why it was found."""
    doors = doors_of(request)
    query = request.query_params.get("q", "").strip()[:200]
    hits = doors.catalog.index.search(query) if query else []
    form = form_wanted(request, suffix_of(request))
    if form == "json":
        found = {"query": query, "hits": [hit.as_json() for hit in hits]}
        return json_answer(found, _NEGOTIATED)
    return pages.search_page(asker_of(request), query, hits, form)


@router.reads("/glossary", "/glossary.{suffix}")
def glossary(request: Request) -> Response:
    """Every term of the glossary with the columns that carry it."""
    doors = doors_of(request)
    form = form_wanted(request, suffix_of(request))
    if form == "json":
        terms = [asdict(term) for term in doors.catalog.glossary]
        return json_answer({"terms": terms}, _NEGOTIATED)
    return pages.glossary_page(asker_of(request), form)


@router.reads("/errors", "/errors.{suffix}")
def errors(request: Request) -> Response:
    """Every error code with its reason and the way out; problem documents link here."""
    form = form_wanted(request, suffix_of(request))
    if form == "json":
        return json_answer({"errors": [asdict(code) for code in CODES.values()]}, _NEGOTIATED)
    return pages.errors_page(asker_of(request), list(CODES.values()), form)


@router.reads("/api", "/api.{suffix}")
def api(request: Request) -> Response:
    """How rows are asked for, with examples that answer; as JSON it is the OpenAPI document."""
    doors = doors_of(request)
    form = form_wanted(request, suffix_of(request), default="html")
    if form == "json":
        return json_answer(openapi_document(doors.catalog, doors.now()), _NEGOTIATED)
    return pages.api_page(asker_of(request), form)


@router.reads("/healthz")
def healthz(request: Request) -> Response:
    """Whether the server can read the mesh; a refused release does not make it unhealthy."""
    doors = doors_of(request)
    catalog = doors.catalog
    broken = dict(catalog.mesh.broken)
    ports, published = list(catalog.mesh.ports), 0
    for domain in catalog.mesh.products:
        try:
            manifest = catalog.store.of(domain).current()
        except MeshportError as error:
            broken.setdefault(domain, error)
        else:
            published += (
                sum(manifest.port(port.id) is not None for port in ports) if manifest else 0
            )
    return json_answer(
        {
            "status": "degraded" if broken or doors.stale else "ok",
            "version": __version__,
            "ports": len(ports),
            "published": published,
            "broken": broken_as_json(broken),
            "stale": str(doors.stale) if doors.stale else None,
        }
    )


def _home(request: Request, form: str) -> Response:
    asker = asker_of(request)
    if form != "json":
        return pages.home_page(asker, form)
    catalog, now = asker.doors.catalog, asker.doors.now()
    entries = [
        catalog.product_entry(catalog.mesh.products[domain], now, asker.open_class)
        for domain in catalog.mesh.publishing_order()
    ]
    found = [entry.as_json() for entry in entries]
    broken = broken_as_json(dict(catalog.mesh.broken))
    return json_answer({"products": found, "broken": broken}, _NEGOTIATED)
