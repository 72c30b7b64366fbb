"""policies.md: the house rules of this mesh, from catalog/policies/."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from meshport.contracts.policies import FOLDER, Policy
from meshport.reference.markdown import fenced, page, prose
from meshport.yaml_file import dump_yaml

_INTRODUCTION = """\
What `meshport contract lint` and the gate ask of the contracts in `contracts/`, beyond the
standard. Each policy is a file with one SELECT over all contracts as tables, a good and a bad
example; the examples are laid over `example.odcs.yaml` and are held by the tests."""


def policies_page(policies: Sequence[Policy]) -> str:
    """The page, one section per policy."""
    return page("House rules", f"{FOLDER}/", _INTRODUCTION, *map(_section, policies))


def _section(policy: Policy) -> str:
    severity = "keeps a change back" if policy.is_error else "is shown"
    return "\n\n".join(
        [
            f"## {policy.id}: {policy.title}",
            f"- Why it matters: {prose(policy.why)}\n- Way out: {prose(policy.fix)}\n"
            f"- A breach {severity}.",
            fenced("yaml", f"# good\n{_yaml(policy.good)}"),
            fenced("yaml", f"# bad\n{_yaml(policy.bad)}"),
            fenced("sql", policy.query),
        ]
    )


def _yaml(example: dict[str, Any]) -> str:
    return dump_yaml(example)
