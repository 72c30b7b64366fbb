"""/llms.txt: where programs that read text find what is here (llmstxt.org)."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import Request
from fastapi.responses import Response

from meshport.catalog.entry import Catalog
from meshport.serving.agents.cells import shortened
from meshport.serving.api_guide import DOORS
from meshport.serving.router import DoorRouter
from meshport.serving.state import doors_of

router = DoorRouter()
_HEAD = """\
# meshport

> Data products behind data contracts: tables with a promised meaning, quality and freshness. You
> read what your access class shows; columns beyond it do not exist for you.

## Reading

- [How rows are asked for]({base}/api.md): filters, columns, order, pages
- [The same as OpenAPI]({base}/openapi.json)
- [Data products]({base}/products.md): what there is and how it stands
- [Glossary]({base}/glossary.md): words of the business and the columns that carry them
- [Errors]({base}/errors.md): what each code means and what helps

## Doors

"""


@router.reads("/llms.txt")
def llms(request: Request) -> Response:
    """The doors and every port, each with a page in Markdown."""
    base = str(request.base_url).rstrip("/")
    ports = _ports(doors_of(request).catalog, base)
    doors = [f"- {name} `{address}`: {whom}" for name, address, whom in DOORS]
    lines = [_HEAD.format(base=base) + "\n".join(doors), "", "## Ports", "", *ports, ""]
    headers = {"Cache-Control": "max-age=60", "Vary": "Host"}
    return Response("\n".join(lines), 200, headers, "text/markdown; charset=utf-8")


def _ports(catalog: Catalog, base: str) -> Iterator[str]:
    for port in catalog.mesh.ports:
        about = shortened(port.contract.table.description, 200)
        yield f"- [{port.id}]({base}{port.id.path}.md): {about}"
