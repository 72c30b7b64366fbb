"""`meshport generate`: every file that follows from contracts, descriptors and code."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from meshport.cli.command_tree import command_docs
from meshport.cli.main import app
from meshport.cli.show import say
from meshport.orchestration.dbt_files import derived_files, stale_files
from meshport.products.mesh import load_mesh
from meshport.reference.pages import reference_pages
from meshport.settings import current_settings


def generate_command(check: bool) -> int:
    """Write them, or with `check` only say which are stale; 1 where some are, else 0."""
    root = current_settings().root
    files = all_derived_files(root)
    stale = stale_files(files)
    for file in stale:
        say(f"{'stale' if check else 'written'}: {file.relative_to(root)}")
        if not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(files[file])
    if check and stale:
        say("run `meshport generate`")
    return 1 if check and stale else 0


def all_derived_files(root: Path) -> dict[Path, str]:
    """Path → text of every derived file; raises what keeps the mesh from being read."""
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    mesh = load_mesh(root).require()
    files = reference_pages(mesh, command_docs(app))
    for domain, product in mesh.products.items():
        sources = importlib.import_module(f"domains.{domain}.sources")
        files |= derived_files(product, sources.EXTRACTS)
    return files
