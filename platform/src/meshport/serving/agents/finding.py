"""find_products: ports by words, by what the asker may know of them and by nothing else."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from threading import Lock
from typing import Any

from fastapi.concurrency import run_in_threadpool

from meshport.catalog.entry import Catalog
from meshport.catalog.search import Hit, SearchIndex
from meshport.catalog.status import port_status
from meshport.names import PortId
from meshport.products.mesh import Port
from meshport.serving.agents.arguments import Find
from meshport.serving.agents.call import Call, Told
from meshport.serving.agents.cells import counted, plain, shortened

_MOST = 8
_LOOKED_AT = 40
_KEPT = 32
Seen = tuple[tuple[PortId, tuple[str, ...]], ...]


class Indexes:
    """One index for all who see the same columns: a hidden column is found by no word."""

    def __init__(self) -> None:
        self._catalog: Catalog | None = None
        self._kept: OrderedDict[Seen, SearchIndex] = OrderedDict()
        self._lock = Lock()

    def of(self, catalog: Catalog, seen: Seen) -> SearchIndex:
        """The index over these columns of the catalog's ports."""
        with self._lock:
            if catalog is not self._catalog:
                self._catalog = catalog
                self._kept.clear()
            if seen not in self._kept:
                self._kept[seen] = _index(catalog, dict(seen))
                if len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(seen)
            return self._kept[seen]


async def find(call: Call, wanted: Find, indexes: Indexes) -> Told:
    """The ports that fit best, with why they were found."""
    return await run_in_threadpool(_found, call.browsing, wanted.question.strip(), indexes)


def _found(call: Call, question: str, indexes: Indexes) -> Told:
    catalog = call.doors.catalog
    seen = tuple((port.id, _columns(call, port)) for port in catalog.mesh.ports)
    hits = indexes.of(catalog, seen).search(question, _LOOKED_AT) if question else []
    by_port: dict[PortId, list[Hit]] = {}
    for hit in hits:
        by_port.setdefault(hit.port.id, []).append(hit)
    shown = list(by_port.items())[:_MOST]
    notes = []
    if not shown:
        fact = "Nothing fits these words; ports there are: "
        notes.append(fact + ", ".join(str(port) for port, _ in seen[:_LOOKED_AT]))
    elif len(by_port) > _MOST:
        notes.append(f"{len(by_port) - _MOST} more fit; ask with more words.")
    columns = dict(seen)
    found = [_port(call, hits, columns[port]) for port, hits in shown]
    words = f"{counted(len(found), 'port')} found." if found else "No port fits."
    return Told({"found": found, "notes": notes}, f"{words} Next: describe_product.")


def _port(call: Call, hits: list[Hit], columns: tuple[str, ...]) -> dict[str, Any]:
    port, catalog = hits[0].port, call.doors.catalog
    # The hit's own port holds only what is seen.
    table = port.contract.table
    return {
        "id": str(port.id),
        "name": plain(port.contract.name, 100),
        "about": shortened(table.description, 200),
        "grain": plain(table.grain, 120),
        "columns_that_fit": [hit.column for hit in hits if hit.column][:6],
        "why": [plain(one, 80) for one in hits[0].matched[:6]],
        "state": port_status(port, catalog.store, call.doors.now()).state,
        "columns_you_see": len(columns),
    }


def _columns(call: Call, port: Port) -> tuple[str, ...]:
    catalog = call.doors.catalog
    entry = catalog.entry(port, call.doors.now(), call.lenient_grant(port))
    return tuple(column.name for column in entry.visible)


def _index(catalog: Catalog, seen: dict[PortId, tuple[str, ...]]) -> SearchIndex:
    products = {
        domain: replace(product, ports=tuple(_only(port, seen) for port in product.ports))
        for domain, product in catalog.mesh.products.items()
    }
    return SearchIndex(replace(catalog.mesh, products=products), catalog.glossary)


def _only(port: Port, seen: dict[PortId, tuple[str, ...]]) -> Port:
    """The port as if its contract promised only these columns."""
    table = port.contract.table
    columns = tuple(column for column in table.columns if column.name in seen[port.id])
    seen_table = replace(table, columns=columns)
    return replace(port, contract=replace(port.contract, tables=(seen_table,)))
