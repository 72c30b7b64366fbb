"""Who is built from whom, port by port, and a picture of it that needs no JavaScript."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from meshport.names import PortId
from meshport.products.mesh import Mesh

_BOX = (205, 34)
_GAP = (85, 12)
_HEAD = 30
_PAD = 12


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


def picture(graph: PortGraph, states: Mapping[PortId, str], focus: PortId | None = None) -> str:
    """An SVG with one column per domain; every box links to its port's page."""
    columns = {d: [p for p in graph.ports if p.domain == d] for d in graph.domains}
    tallest = max((len(ports) for ports in columns.values()), default=0)
    width = _PAD * 2 + len(columns) * (_BOX[0] + _GAP[0]) - _GAP[0]
    height = _PAD * 2 + _HEAD + tallest * (_BOX[1] + _GAP[1])
    where = {
        port: (_PAD + x * (_BOX[0] + _GAP[0]), _PAD + _HEAD + y * (_BOX[1] + _GAP[1]))
        for x, ports in enumerate(columns.values())
        for y, port in enumerate(ports)
    }
    parts = [_edge(where[up], where[down], focus in (up, down)) for up, down in graph.edges]
    parts += [_heading(domain, x) for x, domain in enumerate(columns)]
    parts += [_box(p, at, states.get(p, "unpublished"), p == focus) for p, at in where.items()]
    label = f"Lineage of {focus}" if focus else "Lineage of all ports"
    return (
        f'<svg class="lineage" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
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


def _edge(start: tuple[int, int], end: tuple[int, int], strong: bool) -> str:
    x1, y1 = start[0] + _BOX[0], start[1] + _BOX[1] / 2
    x2, y2 = end[0], end[1] + _BOX[1] / 2
    bend = max(40, abs(x2 - x1) / 2)
    path = f"M{x1} {y1}C{x1 + bend:g} {y1} {x2 - bend:g} {y2} {x2} {y2}"
    return f'<path class="edge{" strong" if strong else ""}" d="{path}"/>'


def _heading(domain: str, column: int) -> str:
    x = _PAD + column * (_BOX[0] + _GAP[0])
    text = f'<text class="domain" x="{x}" y="{_PAD + 16}">{escape(domain)}</text>'
    return f'<a href="/products/{domain}">{text}</a>'


def _box(port: PortId, at: tuple[int, int], state: str, is_focus: bool) -> str:
    x, y = at
    css = f"port {state}{' focus' if is_focus else ''}"
    title = f"<title>{escape(str(port))}: {escape(state)}</title>"
    return (
        f'<a href="{port.path}"><g class="{css}">{title}'
        f'<rect x="{x}" y="{y}" width="{_BOX[0]}" height="{_BOX[1]}" rx="6"/>'
        f'<circle cx="{x + 16}" cy="{y + _BOX[1] / 2}" r="5"/>'
        f'<text x="{x + 30}" y="{y + 22}">{escape(f"{port.port} v{port.major}")}</text></g></a>'
    )
