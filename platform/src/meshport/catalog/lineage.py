"""Who is built from whom, port by port."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from meshport.names import PortId
from meshport.products.mesh import Mesh


@dataclass(frozen=True)
class PortGraph:
    """Ports and the edges between them, upstream first."""

    domains: tuple[str, ...]
    ports: tuple[PortId, ...]
    edges: tuple[tuple[PortId, PortId], ...]


def whole_graph(mesh: Mesh) -> PortGraph:
    """Every port of the mesh."""
    ports = tuple(port.id for port in mesh.ports)
    edges = tuple((up, port.id) for port in mesh.ports for up in port.inputs if up in ports)
    return PortGraph(tuple(mesh.publishing_order()), ports, edges)


def around(mesh: Mesh, port: PortId) -> PortGraph:
    """A port with everything it is built from and everything that is built from it."""
    graph = whole_graph(mesh)
    upstream = _reached(port, _grouped(graph.edges, 1, 0))
    downstream = _reached(port, _grouped(graph.edges, 0, 1))
    kept = {port, *upstream, *downstream}
    above, below = {port, *upstream}, {port, *downstream}
    edges = tuple(
        (up, down)
        for up, down in graph.edges
        if (up in above and down in above) or (up in below and down in below)
    )
    ports = tuple(p for p in graph.ports if p in kept)
    return PortGraph(
        tuple(d for d in graph.domains if d in {p.domain for p in ports}), ports, edges
    )


def _grouped(
    edges: Iterable[tuple[PortId, PortId]], key: int, value: int
) -> dict[PortId, list[PortId]]:
    found: dict[PortId, list[PortId]] = {}
    for edge in edges:
        found.setdefault(edge[key], []).append(edge[value])
    return found


def _reached(start: PortId, next_of: Mapping[PortId, list[PortId]]) -> set[PortId]:
    seen: set[PortId] = set()
    waiting = list(next_of.get(start, ()))
    while waiting:
        port = waiting.pop()
        if port not in seen:
            seen.add(port)
            waiting += next_of.get(port, ())
    return seen
