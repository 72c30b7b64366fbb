"""The engine's own parse of a query, as the JSON that it gives of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Node = dict[str, Any]


def nodes(top: Any) -> Iterator[Node]:
    """Every node at or below one; the tree may be deeper than Python would recurse."""
    waiting = [top]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
            waiting += part.values()
        elif isinstance(part, list):
            waiting += part
