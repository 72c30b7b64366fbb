"""GET /, /products, /search, /glossary, /healthz: finding one's way."""

from __future__ import annotations

from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import Response

from meshport import __version__
from meshport.catalog.entry import broken_as_json
from meshport.error_codes import CODES
from meshport.errors import ServingError
from meshport.serving import pages
from meshport.serving.negotiation import form_wanted, split_suffix
from meshport.serving.ports_routes import json_answer
from meshport.serving.state import Doors, doors_of

router = APIRouter()


@router.get("/", include_in_schema=False)
def home(request: Request) -> Response:
    """The home page; `/index.json` and `/index.md` are its twins."""
    return _home(request, form_wanted(request, None, default="html"))


@router.get("/index.{suffix}", include_in_schema=False)
def home_twin(request: Request, suffix: str) -> Response:
    """The home page as JSON or Markdown."""
    return _home(request, split_suffix(f"index.{suffix}")[1] or "html")


@router.get("/products", summary="All data products", tags=["catalog"])
def products(request: Request) -> Response:
    """Descriptors and state of all data products."""
    form = form_wanted(request, None)
    return _home(request, form) if form != "json" else json_answer(_all(doors_of(request)))


@router.get("/products/{domain}", summary="One data product", tags=["catalog"])
def product(request: Request, domain: str) -> Response:
    """Descriptor and state of one data product."""
    doors = doors_of(request)
    name, suffix = split_suffix(domain)
    catalog = doors.catalog
    if name not in catalog.mesh.products:
        broken = catalog.mesh.broken.get(name)
        fact = (
            f"the domain {name} cannot be read: {broken.fact}"
            if broken
            else "there is no such domain"
        )
        raise ServingError("MP610", fact, hint=f"domains: {', '.join(catalog.mesh.products)}")
    entry = catalog.product_entry(catalog.mesh.products[name], doors.now())
    form = form_wanted(request, suffix)
    if form == "json":
        return json_answer(entry.as_json(), {"Vary": "Accept"})
    return pages.product_page(doors, entry, form)


@router.get("/search", summary="Search ports and columns", tags=["catalog"])
def search(request: Request, q: str = "") -> Response:
    """Ports and columns by words, the best first, each with why it was found."""
    doors = doors_of(request)
    query = q.strip()[:200]
    hits = doors.catalog.index.search(query) if query else []
    form = form_wanted(request, None)
    if form == "json":
        return json_answer({"query": query, "hits": [hit.as_json() for hit in hits]})
    return pages.search_page(query, hits, form)


@router.get("/glossary", summary="Words of the business", tags=["catalog"])
def glossary(request: Request) -> Response:
    """Every term of the glossary with the columns that carry it."""
    doors = doors_of(request)
    form = form_wanted(request, None)
    if form == "json":
        return json_answer({"terms": [asdict(term) for term in doors.catalog.glossary]})
    return pages.glossary_page(doors, form)


@router.get("/errors", summary="What the error codes mean", tags=["operation"])
def errors(request: Request) -> Response:
    """Every error code with its reason and the way out; problem documents link here."""
    form = form_wanted(request, None)
    if form == "json":
        return json_answer({"errors": [asdict(code) for code in CODES.values()]})
    return pages.errors_page(list(CODES.values()), form)


@router.get("/healthz", summary="Is the server up", tags=["operation"])
def healthz(request: Request) -> Response:
    """Whether the server can read the mesh; a refused release does not make it unhealthy."""
    catalog = doors_of(request).catalog
    ports = list(catalog.mesh.ports)
    published = sum(catalog.store.of(port.id.domain).current() is not None for port in ports)
    return json_answer(
        {
            "status": "ok" if not catalog.mesh.broken else "degraded",
            "version": __version__,
            "ports": len(ports),
            "published": published,
            "broken": broken_as_json(dict(catalog.mesh.broken)),
        }
    )


def _home(request: Request, form: str) -> Response:
    doors = doors_of(request)
    if form == "json":
        return json_answer(_all(doors))
    return pages.home_page(doors, form)


def _all(doors: Doors) -> dict[str, object]:
    catalog, now = doors.catalog, doors.now()
    order = catalog.mesh.publishing_order()
    return {
        "products": [catalog.product_entry(catalog.mesh.products[d], now).as_json() for d in order],
        "broken": broken_as_json(dict(catalog.mesh.broken)),
    }
