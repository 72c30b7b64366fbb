"""Why a release was kept back: the checks that failed, or the error that ended the attempt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from meshport.checks.spec import CheckResult
from meshport.errors import MeshportError, each_of
from meshport.names import PortId


@dataclass(frozen=True)
class BrokenCheck:
    """A failed check and the port it belongs to."""

    port: PortId
    result: CheckResult

    def as_json(self) -> dict[str, Any]:
        """The form in which a refusal keeps it."""
        return {"port": str(self.port), **self.result.as_json()}


def by_checks(broken: Iterable[BrokenCheck], at: datetime, run_id: str) -> dict[str, Any]:
    """The refusal of a candidate that was audited."""
    checks = [check.as_json() for check in broken]
    failed = sum(check["status"] == "failed" for check in checks)
    first = ", ".join(f"{c['port']} {c['id']}" for c in checks[:3])
    more = f" and {len(checks) - 3} more" if len(checks) > 3 else ""
    return {
        "at": at.isoformat(),
        "run_id": run_id,
        "reason": f"{len(checks)} checks of the contract broken: {first}{more}"
        if len(checks) > 1
        else f"a check of the contract is broken: {first}",
        "checks": checks,
        # A check that could not run leaves open whether the promise is kept.
        "breaks_promise": failed > 0,
    }


def by_accident(error: Exception, at: datetime, run_id: str) -> dict[str, Any]:
    """The refusal of an attempt that ended with an error nobody foresaw."""
    said = str(error).strip().partition("\n")[0]
    return {
        "at": at.isoformat(),
        "run_id": run_id,
        "reason": f"unexpected {type(error).__name__}: {said}",
        "checks": [],
        "hint": None,
        "breaks_promise": False,
    }


def by_error(error: MeshportError, at: datetime, run_id: str) -> dict[str, Any]:
    """The refusal of an attempt that ended before there was a candidate."""
    faults = each_of(error)
    first = faults[0]
    place = f" ({first.place})" if first.place else ""
    more = f"; and {len(faults) - 1} more" if len(faults) > 1 else ""
    return {
        "at": at.isoformat(),
        "run_id": run_id,
        "reason": f"{first.code}{place}: {first.fact}{more}",
        "checks": [],
        "hint": first.hint,
        "breaks_promise": any(fault.breaks_promise for fault in faults),
    }
