"""The releases of other domains that a domain reads: pinned, so that lineage is exact.

A pinned input is a view `inputs.<domain>__<port>_v<major>` over one release's files, and a row in
`meshport.pins`. No path enters the dbt project.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack

from meshport.errors import ProductError
from meshport.names import PortId
from meshport.publishing.store import ReleaseStore
from meshport.sql_text import quote
from meshport.warehouse import Connection, has_table, parquet_scan


def pin_inputs(
    con: Connection, store: ReleaseStore, ports: Collection[PortId], leases: ExitStack
) -> dict[PortId, str]:
    """Make the current release of each port readable; the leases keep its files meanwhile.

    The result is the release by port. Raises ProductError MP220 where a port has none yet.
    """
    con.execute("create schema if not exists inputs")
    con.execute("create schema if not exists meshport")
    con.execute(
        "create table if not exists meshport.pins (port varchar primary key, release varchar)"
    )
    # Once per domain: its ports are published together and have to be read together.
    domains = sorted({port.domain for port in ports})
    current = {name: leases.enter_context(store.of(name).reading()) for name in domains}
    pinned = {}
    for port in sorted(ports):
        manifest = current[port.domain]
        part = manifest.port(port) if manifest else None
        if manifest is None or part is None:
            fact = f"the input {port} has no release yet"
            raise ProductError("MP220", fact, hint=f"publish it first: meshport run {port.domain}")
        scan = parquet_scan(store.of(port.domain).paths(part))
        con.execute(f"create or replace view inputs.{quote(port.input_name)} as from {scan}")
        con.execute(
            "insert or replace into meshport.pins values (?, ?)", [str(port), manifest.release]
        )
        pinned[port] = manifest.release
    return pinned


def pinned_releases(con: Connection) -> dict[PortId, str]:
    """The release of each input that this warehouse's tables were built from."""
    if not has_table(con, "meshport", "pins"):
        return {}
    rows = con.execute("select port, release from meshport.pins order by port").fetchall()
    return {PortId.parse(port): release for port, release in rows}
