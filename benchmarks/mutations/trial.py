"""One mutation: what the gate says of every consumer, and what then happens to it."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from benchmarks.mutations.build import CUT_OFF, Building
from benchmarks.mutations.effects import ORDER, between
from benchmarks.mutations.ground import Ground, generate, release
from benchmarks.mutations.mutation import Mutation
from benchmarks.mutations.readers import Outside
from meshport.gate.run import GateRun
from meshport.lineage.consumers import registered_consumers
from meshport.names import PortId
from meshport.reports.json import render
from meshport.reports.result import Effect
from meshport.warehouse import connect_memory

TODAY = date(2026, 11, 21)


@dataclass(frozen=True)
class Judged:
    """One consumer of a mutation."""

    consumer: str
    said: Effect
    happened: Effect
    why: str = ""
    """Why it breaks, where it does."""

    @property
    def is_cut_off(self) -> bool:
        """Whether it breaks only because another does."""
        return self.why.startswith(CUT_OFF)


def try_out(ground: Ground, mutation: Mutation) -> list[Judged]:
    """Make the change in a copy, ask the gate, build, and lay both side by side."""
    with tempfile.TemporaryDirectory(prefix="meshport-mutation-") as folder:
        root, home = ground.copy(Path(folder))
        mutation.apply(root)
        generate(root)
        said = _said(root, ground.mesh.parent / "cache")
        found = _happened(ground, mutation, root, home)
    return [Judged(name, said.get(name, Effect.UNAFFECTED), *one) for name, one in found.items()]


def _said(root: Path, cache: Path) -> dict[str, Effect]:
    """Consumer → the worst that the gate says, as in `contract gate --format json`."""
    report = json.loads(render(GateRun(root, "HEAD", TODAY, cache).report()))
    found: dict[str, Effect] = {}
    for contract in report["contracts"]:
        for hit in contract["consumers"]:
            both = [Effect(hit["effect"]), found.get(hit["consumer"], Effect.UNAFFECTED)]
            found[hit["consumer"]] = min(both, key=ORDER.index)
    return found


def _happened(
    ground: Ground, mutation: Mutation, root: Path, home: Path
) -> dict[str, tuple[Effect, str]]:
    gone = frozenset({mutation.port} if mutation.retired else ())
    lost = Building(ground, root, home, mutation.changed, gone).run()
    con = connect_memory()
    try:
        found = {
            str(port): _of_port(con, ground, home, port, lost)
            for port in ground.ports
            if port not in mutation.changed
        }
        outside = Outside(con, ground, home, {**lost, **dict.fromkeys(gone, "it is gone")})
        for consumer in registered_consumers(ground.mesh):
            found[consumer.name] = outside.happened(consumer)
        return found
    finally:
        con.close()


def _of_port(
    con, ground: Ground, home: Path, port: PortId, lost: Mapping[PortId, str]
) -> tuple[Effect, str]:
    if port in lost:
        return Effect.BREAKS, lost[port]
    part, old = ground.release(port)
    _, new = release(home, port)
    return between(con, old, new, part.key), ""
