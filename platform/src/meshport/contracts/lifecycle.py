"""How long a contract is promised: its status, and the day on which support ends."""

from __future__ import annotations

from datetime import UTC, date, datetime

from meshport.contracts.model import Contract

_ENDS = ("endofsupport", "es")
"""How ODCS names the service level, in full and in short."""


def end_of_support(contract: Contract) -> date | None:
    """The last day on which a contract is promised; None where it names none."""
    for level in contract.service_levels:
        if level.name.lower() in _ENDS and isinstance(level.value, str):
            try:
                moment = datetime.fromisoformat(level.value)
            except ValueError:
                return None
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).date()
    return None


def is_over(contract: Contract, today: date) -> bool:
    """Whether nobody promises it any more: it is retired, or its last day is past."""
    ends = end_of_support(contract)
    return contract.status == "retired" or (ends is not None and ends < today)
