"""`meshport rollback` and `meshport receipt`."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.markup import escape
from rich.tree import Tree

from meshport.cli.show import console, print_data, print_json, say
from meshport.errors import ProductError
from meshport.products.mesh import domain_names
from meshport.publishing.receipt import Receipt
from meshport.publishing.receipt import receipt as walk
from meshport.publishing.rollback import roll_back
from meshport.publishing.store import ReleaseStore
from meshport.settings import current_settings


def rollback_command(domain: str, to: str | None, reason: str | None) -> None:
    """Move the pointer back; raises ProductError MP207 or PublishError MP403 to MP405."""
    settings = current_settings()
    if domain not in domain_names(settings.root):
        known = ", ".join(domain_names(settings.root))
        raise ProductError("MP207", f"there is no domain `{domain}`", hint=f"domains: {known}")
    move = roll_back(ReleaseStore(settings.home).of(domain), to, datetime.now(UTC), reason)
    print_data(move.release)
    say(f"{domain}: readers now see {move.release} (move {move.number})")


def receipt_command(release: str, as_json: bool) -> None:
    """Print the walk; raises PublishError MP403."""
    found = walk(ReleaseStore(current_settings().home), release)
    if as_json:
        print_json(found.as_json())
    else:
        console().print(_tree(found))


def _tree(found: Receipt, parent: Tree | None = None) -> Tree:
    manifest = found.manifest
    label = f"{manifest.release}  published {manifest.published_at:%Y-%m-%d %H:%M} UTC"
    if manifest.code_revision:
        label += f"  code {manifest.code_revision[:12]}"
    tree = parent.add(escape(label)) if parent else Tree(escape(label))
    for name, port in manifest.ports.items():
        tree.add(escape(f"port {name} {port.contract_version}: {port.rows:,} rows"))
    for source in manifest.sources:
        if source.file:
            digest = source.sha256[:12]
            tree.add(escape(f"source {source.file}: {source.rows:,} rows, sha256 {digest}…"))
    for upstream in found.upstream:
        _tree(upstream, tree)
    for name in found.lost:
        tree.add(escape(f"{name}: its manifest is gone"))
    return tree
