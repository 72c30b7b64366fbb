"""What the mesh's own policies say of its contracts, as problems of a gate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from meshport.contracts.classification import Classifications
from meshport.contracts.model import Contract
from meshport.contracts.policies import breaches, read_policies
from meshport.errors import MeshportError
from meshport.reports.result import Level, Problem, problems_of


def problems(
    root: Path, contracts: Sequence[Contract], scale: Classifications
) -> Iterator[Problem]:
    """Every breach of a policy of the mesh below `root`, or why its policies cannot be read."""
    try:
        found = breaches(contracts, read_policies(root), scale)
    except MeshportError as error:
        yield from problems_of(error)
        return
    for breach in found:
        level = Level.ERROR if breach.policy.is_error else Level.WARNING
        place = breach.place
        about = (place.file, place.line, place.column, breach.message, breach.hint)
        yield Problem(breach.policy.id, level, *about)
