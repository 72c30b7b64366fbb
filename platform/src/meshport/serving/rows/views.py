"""What readers of one class see of one release, worked out once and kept while it holds."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

from meshport.access.authorize import Sight
from meshport.catalog.entry import Catalog
from meshport.products.mesh import Port
from meshport.publishing.manifest import Manifest, PortRelease
from meshport.publishing.store import DomainStore
from meshport.serving.lifecycle import Lifecycle
from meshport.serving.rows.source import RowSource, row_source

T = TypeVar("T")
_VIEWS, _PORTS, _QUESTIONS = 512, 512, 2_048


@dataclass(frozen=True)
class View:
    """One sight of a release, ready to be read; whose grant it was does not matter."""

    key: Hashable
    store: DomainStore
    port: Port
    manifest: Manifest
    part: PortRelease
    seen: Sight

    @cached_property
    def files(self) -> list[Path]:
        """The files that may be opened."""
        return [self.store.folder / file.path for file in self.seen.files]

    @cached_property
    def source(self) -> RowSource:
        """What the engine reads."""
        return row_source(self.port, self.part, self.seen, self.files)

    @cached_property
    def content(self) -> str:
        """Equal where the same cells are shown in the same order and written alike."""
        source = self.source
        parts = [self.seen.content_hash, source.types, source.key, sorted(source.texts)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    @cached_property
    def rows(self) -> int:
        """How many rows there are."""
        return self.seen.rows


class Views:
    """The views, life cycles and questions of the readers that asked last; for one event loop."""

    def __init__(self) -> None:
        self._catalog: Catalog | None = None
        self._views: OrderedDict[Hashable, View] = OrderedDict()
        self._lives: OrderedDict[Hashable, Lifecycle] = OrderedDict()
        self._questions: OrderedDict[Hashable, Any] = OrderedDict()

    def follow(self, catalog: Catalog) -> None:
        """Forget what was worked out from an earlier reading of the mesh's files."""
        if catalog is not self._catalog:
            self._catalog = catalog
            for kept in (self._views, self._lives, self._questions):
                kept.clear()

    def life_of(self, catalog: Catalog, port: Port) -> Lifecycle:
        """How long a port is promised."""
        return _kept(self._lives, _PORTS, port.id, lambda: Lifecycle(catalog, port))

    def question(self, key: Hashable, make: Callable[[], T]) -> T:
        """What a question was found to mean."""
        found: T = _kept(self._questions, _QUESTIONS, key, make)
        return found

    def find(self, key: Hashable) -> View | None:
        """The view of that key, if it was worked out."""
        return self._views.get(key)

    def keep(self, view: View) -> View:
        """Keep a view for those who ask next."""
        return _kept(self._views, _VIEWS, view.key, lambda: view)


def _kept(kept: OrderedDict[Hashable, T], most: int, key: Hashable, make: Callable[[], T]) -> T:
    if key in kept:
        kept.move_to_end(key)
        return kept[key]
    found = kept[key] = make()
    if len(kept) > most:
        kept.popitem(last=False)
    return found
