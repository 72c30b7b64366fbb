"""`meshport search`: the catalog's ranking, explained."""

from __future__ import annotations

from meshport.catalog.glossary import read_glossary
from meshport.catalog.search import SearchIndex
from meshport.cli.show import print_json, print_table, say
from meshport.products.mesh import load_mesh
from meshport.settings import current_settings


def search_command(query: str, as_json: bool) -> None:
    """Print what was found and why; nothing found is an answer, not an error."""
    root = current_settings().root
    hits = SearchIndex(load_mesh(root), read_glossary(root)).search(query)
    if as_json:
        print_json({"query": query, "hits": [hit.as_json() for hit in hits]})
        return
    if not hits:
        say("nothing in the mesh fits these words")
        return
    rows = [
        (
            str(hit.port.id) + (f".{hit.column}" if hit.column else ""),
            hit.tier,
            ", ".join(hit.matched),
            hit.description,
        )
        for hit in hits
    ]
    print_table(("found", "because of", "matched", "what it is"), rows)
