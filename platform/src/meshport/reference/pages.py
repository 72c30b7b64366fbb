"""All reference pages of a mesh: path → text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from meshport.catalog.glossary import read_glossary
from meshport.contracts.policies import read_policies
from meshport.products.mesh import Mesh
from meshport.reference.checks_page import checks_page
from meshport.reference.commands_page import CommandDoc, commands_page
from meshport.reference.contracts_page import contracts_page
from meshport.reference.errors_page import errors_page
from meshport.reference.glossary_page import glossary_page
from meshport.reference.policies_page import policies_page
from meshport.reference.rules_pages import rules_pages
from meshport.reference.settings_page import settings_page

FOLDER = "docs/reference"


def reference_pages(mesh: Mesh, commands: Iterable[CommandDoc]) -> dict[Path, str]:
    """Every page; none for a mesh that keeps no folder for them."""
    folder = mesh.root / FOLDER
    if not folder.is_dir():
        return {}
    # The server takes long to import, and most meshes have no page of it.
    from meshport.reference.http_page import http_page  # noqa: PLC0415

    return {
        folder / "checks.md": checks_page(),
        folder / "commands.md": commands_page(commands),
        folder / "contracts.md": contracts_page(mesh),
        folder / "errors.md": errors_page(),
        folder / "http.md": http_page(mesh.root, next(mesh.ports, None)),
        folder / "policies.md": policies_page(read_policies(mesh.root)),
        folder / "settings.md": settings_page(),
        **{folder / "rules" / name: text for name, text in rules_pages().items()},
        folder.parent / "glossary.md": glossary_page(read_glossary(mesh.root)),
    }
