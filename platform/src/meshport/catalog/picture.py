"""A picture of who is built from whom: SVG that needs no script, every box a link."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import pairwise

from meshport.catalog.lineage import PortGraph
from meshport.names import PortId

_HEIGHT, _GAP, _ROW = 34, 68, 48
_HEAD, _PAD = 44, 2
_CHARACTER = 8.6
"""Width of a letter; generous, for fonts differ."""


def picture(graph: PortGraph, states: Mapping[PortId, str], focus: PortId | None = None) -> str:
    """An SVG with one column per domain; every box links to its port's page."""
    return _Picture(graph).svg(states, focus)


class _Picture:
    """Where everything goes: one column per domain, one row per port."""

    def __init__(self, graph: PortGraph) -> None:
        self.graph = graph
        self.columns = {d: [p for p in graph.ports if p.domain == d] for d in graph.domains}
        longest = max((len(_label(port)) for port in graph.ports), default=0)
        self.width = max(150, round(44 + longest * _CHARACTER))

    def svg(self, states: Mapping[PortId, str], focus: PortId | None) -> str:
        """The whole picture; edges at the focus are drawn strongly."""
        tallest = max((len(ports) for ports in self.columns.values()), default=0)
        width = _PAD * 2 + len(self.columns) * (self.width + _GAP) - _GAP
        height = _HEAD + tallest * _ROW
        # The focus last: what belongs to it lies on top.
        edges = sorted(self.graph.edges, key=lambda edge: focus in edge)
        parts = [self._edge(up, down, focus in (up, down)) for up, down in edges]
        parts += [self._heading(domain) for domain in self.columns]
        parts += [self._box(p, states.get(p, "unpublished"), p == focus) for p in self.graph.ports]
        label = f"Lineage of {focus}" if focus else "Lineage of all ports"
        return (
            f'<svg class="lineage" viewBox="0 0 {width} {height}" width="{width}" '
            f'height="{height}" role="group" aria-label="{escape(label)}">{"".join(parts)}</svg>'
        )

    def _left(self, domain: str) -> int:
        return _PAD + self.graph.domains.index(domain) * (self.width + _GAP)

    def _middle(self, port: PortId) -> float:
        return _HEAD + self.columns[port.domain].index(port) * _ROW + _HEIGHT / 2

    def _edge(self, up: PortId, down: PortId, is_strong: bool) -> str:
        start, end = self._left(up.domain) + self.width, self._left(down.domain)
        y1, y2 = self._middle(up), self._middle(down)
        if up.domain == down.domain:
            path = f"M{start} {y1:g}c40 0 40 {y2 - y1:g} 0 {y2 - y1:g}"
        else:
            path = f"M{start} {y1:g}"
            stops = [(start, y1), *self._detours(up, down), (end, y2)]
            for (x, y), (to_x, to_y) in pairwise(stops):
                bend = (to_x - x) / 2
                path += f"C{x + bend:g} {y:g} {to_x - bend:g} {to_y:g} {to_x:g} {to_y:g}"
        return f'<path class="edge{" strong" if is_strong else ""}" d="{path}"/>'

    def _detours(self, up: PortId, down: PortId) -> list[tuple[float, float]]:
        """Points that lead an edge between the boxes of the columns it passes."""
        first, last = (self.graph.domains.index(port.domain) for port in (up, down))
        y1, y2 = self._middle(up), self._middle(down)
        found: list[tuple[float, float]] = []
        for position in range(first + 1, last):
            domain = self.graph.domains[position]
            straight = y1 + (y2 - y1) * (position - first) / (last - first)
            gaps = [
                _HEAD + row * _ROW - (_ROW - _HEIGHT) / 2
                for row in range(len(self.columns[domain]) + 1)
            ]
            lane = min(gaps, key=lambda gap: abs(gap - straight))
            left = self._left(domain)
            found += [(left, lane), (left + self.width, lane)]
        return found

    def _heading(self, domain: str) -> str:
        text = f'<text class="domain" x="{self._left(domain)}" y="18">{escape(domain)}</text>'
        return f'<a href="/products/{escape(domain)}">{text}</a>'

    def _box(self, port: PortId, state: str, is_focus: bool) -> str:
        x, y = self._left(port.domain), self._middle(port)
        top = y - _HEIGHT / 2
        css = f"port {escape(state)}{' focus' if is_focus else ''}"
        title = f"<title>{escape(str(port))}: {escape(state)}</title>"
        return (
            f'<a href="{escape(port.path)}"><g class="{css}">{title}'
            f'<rect x="{x}" y="{top:g}" width="{self.width}" height="{_HEIGHT}" rx="6"/>'
            f'<circle cx="{x + 16}" cy="{y:g}" r="5"/>'
            f'<text x="{x + 30}" y="{y + 5:g}">{escape(_label(port))}</text></g></a>'
        )


def _label(port: PortId) -> str:
    return f"{port.port} v{port.major}"
