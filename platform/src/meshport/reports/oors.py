"""Results of checks as a document of the Open Observability Results Standard.

Follows the draft RFC 0018 of Bitol as of 2026-07 (`apiVersion: v0.1.0`, `kind:
ObservabilityResults`). A check that could not run is an `error`, never a `fail`; a clause that
nobody enforces is a `skip`. The draft forbids data in results: keys of offending rows stay out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from meshport.reports.escaping import json_text

_STATUSES = {"passed": "pass", "error": "error", "not_enforced": "skip"}


@dataclass(frozen=True)
class Observation:
    """One run of a contract's checks. `results` are in the form of `contract check`."""

    contract: str
    version: str
    observed_at: datetime
    process: str
    results: Sequence[Mapping[str, Any]]
    run: str | None = None


def render(observed: Observation) -> str:
    """The document; raises ValueError without results, of which the draft asks for one."""
    if not observed.results:
        raise ValueError("a document needs at least one result")
    source = {"process": observed.process, "vendor": "meshport"}
    if observed.run:
        source["runID"] = observed.run
    content = {
        "observedAt": observed.observed_at.isoformat(),
        "source": source,
        "results": [_result(one) for one in observed.results],
        "contract": {
            "contractID": observed.contract,
            "standard": "ODCS",
            "version": observed.version,
        },
    }
    # The same observation gets the same id, whoever writes it down again.
    identity = uuid5(NAMESPACE_URL, json.dumps(content, sort_keys=True))
    head = {"apiVersion": "v0.1.0", "kind": "ObservabilityResults", "id": str(identity)}
    return json_text({**head, **content}) + "\n"


def _result(check: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "id": check["id"],
        "type": "check",
        "name": check["clause"],
        "status": _status(check),
        "severity": check["severity"],
        "target": _target(check),
        "message": check["message"],
    }
    if check["failed_rows"]:
        result["measure"] = {"metric": "failedRows", "value": check["failed_rows"], "unit": "rows"}
    return result


def _status(check: Mapping[str, Any]) -> str:
    if check["status"] == "failed":
        return "warn" if check["severity"] == "warning" else "fail"
    return _STATUSES[check["status"]]


def _target(check: Mapping[str, Any]) -> dict[str, str]:
    if check["column"]:
        named = f"{check['table']}.{check['column']}"
        return {"resourceType": "column", "resourceIdentifier": named}
    return {"resourceType": "table", "resourceIdentifier": check["table"]}
