"""python -m benchmarks.mutations: every mutation, and the page docs/reference/mutations.md."""

from __future__ import annotations

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from benchmarks.measure import ROOT
from benchmarks.mutations.ground import Ground
from benchmarks.mutations.mutation import Mutation, all_mutations
from benchmarks.mutations.page import page, totals
from benchmarks.mutations.trial import Judged, try_out

PAGE = ROOT / "docs" / "reference" / "mutations.md"
# dbt keeps what it parsed for as long as a process lives.
_TRIALS_PER_PROCESS = 10


def measure(target: Path | None = None) -> None:
    """Print the figures; with `target`, write the page there."""
    mutations = all_mutations()
    print(f"\n{len(mutations)} changes of our own mesh, built for real")
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="meshport-mutations-") as folder:
        ground = Ground.lay(Path(folder))
        results = _tried(ground, mutations)
    for line in totals(results):
        print(f"  {line}")
    print(f"  in {time.monotonic() - start:,.0f} s (aim: recall 1, precision at least 0.9)")
    if target:
        target.write_text(page(results))
        print(f"  written: {target.relative_to(ROOT)}")


def _tried(ground: Ground, mutations: Sequence[Mutation]) -> dict[str, list[Judged]]:
    """What came of each mutation, as many at once as there are processors."""
    fresh = multiprocessing.get_context("spawn")
    found = {}
    with fresh.Pool(os.cpu_count(), maxtasksperchild=_TRIALS_PER_PROCESS) as pool:
        judged = pool.imap(partial(try_out, ground), mutations)
        for one, result in zip(mutations, judged, strict=True):
            found[one.say] = result
            print(f"  {len(found):3} {one.say}", file=sys.stderr)
    return found


if __name__ == "__main__":
    measure(PAGE)
