"""The report as one JSON document, in the shapes that other programs hang on."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from meshport.reports.escaping import json_text
from meshport.reports.result import ContractReport, Report


def render_difference(report: Report) -> str:
    """The document of `contract diff`: of the one contract that was compared."""
    (contract,) = report.contracts
    return json_text(contract.difference.as_json()) + "\n"


def render(report: Report) -> str:
    """The document of `contract gate`: every contract, every problem, one verdict."""
    content = {
        "verdict": report.verdict.value,
        "passed": report.is_green and not report.is_unknown,
        "summary": report.summary,
        "figures": dict(report.figures),
        "contracts": [_contract(one) for one in report.contracts],
        "problems": [asdict(problem) for problem in report.problems],
    }
    return json_text(content) + "\n"


def _contract(contract: ContractReport) -> dict[str, Any]:
    readers = contract.difference.readers
    return {
        **contract.difference.as_json(),
        "first_publication": contract.is_first,
        "passed": contract.is_green,
        "consumers": [asdict(hit) for hit in contract.sorted_hits],
        "waived": [
            {**one.finding.as_json(readers), "waiver": one.waiver} for one in contract.waived
        ],
    }
