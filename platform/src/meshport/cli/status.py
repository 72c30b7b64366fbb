"""`meshport status`: the state of every port."""

from __future__ import annotations

from datetime import UTC, datetime

from meshport.catalog.entry import broken_as_json
from meshport.catalog.status import PortStatus, mesh_status
from meshport.cli.show import print_data, print_json, print_table, say
from meshport.products.mesh import load_mesh
from meshport.publishing.released import standing_mesh
from meshport.publishing.store import ReleaseStore
from meshport.settings import current_settings


def status_command(as_json: bool) -> int:
    """Print it; the exit code is 2 where a domain's files cannot be read, else 0."""
    settings = current_settings()
    store = ReleaseStore(settings.home)
    mesh = standing_mesh(load_mesh(settings.root), store)
    found = mesh_status(mesh, store, datetime.now(UTC))
    if as_json:
        print_json(
            {
                "ports": [one.as_json() for one in found],
                "broken": broken_as_json(dict(mesh.broken)),
            }
        )
    else:
        _show(found)
    for domain, error in mesh.broken.items():
        say(f"{domain} cannot be read:\n{error}")
    return 2 if mesh.broken else 0


def _show(found: list[PortStatus]) -> None:
    rows = []
    for one in found:
        levels = [level for level in one.service_levels if level.is_met is not None]
        met = sum(bool(level.is_met) for level in levels)
        rows.append(
            (
                str(one.port.id),
                one.state,
                f"{one.release.rows:,}" if one.release else "–",
                f"{one.release.quarantine.rows:,}" if one.release else "–",
                f"{one.checks['passed']}/{one.checks['passed'] + one.checks['failed']}",
                f"{met}/{len(levels)}",
                one.manifest.release if one.manifest else "–",
            )
        )
    headings = ("port", "state", "rows", "quarantined", "checks", "SLO met", "release")
    print_table(headings, rows, numbers={2, 3, 4, 5})
    for reason in dict.fromkeys(one.refusal["reason"] for one in found if one.refusal):
        print_data(f"refused: {reason}")
