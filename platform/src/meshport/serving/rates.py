"""How often one principal may ask: a token bucket each, in the memory of this process.

Headers are those of draft-ietf-httpapi-ratelimit-headers-10, which is experimental.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from meshport.errors import ServingError

_KNOWN = 10_000
"""Principals that are remembered; who has not asked for longest is forgotten first."""
READER, FILES = "reader", "files"
"""The quotas that a principal has: of questions, and of the files that answers led to."""


@dataclass(frozen=True)
class Allowance:
    """What is left of a principal's quota; `wait` is in seconds, 0 where the request is granted."""

    quota: int
    window: int
    left: float
    wait: int
    name: str = READER

    @property
    def headers(self) -> dict[str, str]:
        """What tells a client how much it may still ask for, and until when."""
        full = math.ceil((self.quota - self.left) * self.window / self.quota)
        headers = {
            "RateLimit-Policy": f'"{self.name}";q={self.quota};w={self.window}',
            "RateLimit": f'"{self.name}";r={int(self.left)};t={full}',
        }
        return headers | ({"Retry-After": str(self.wait)} if self.wait else {})

    def require(self) -> None:
        """Raise ServingError MP641 where the quota is used up."""
        if self.wait:
            what = "requests for files" if self.name == FILES else "requests"
            fact = f"{self.quota:,} {what} in {self.window} s were made"
            raise ServingError("MP641", fact, hint=f"wait {self.wait} s")


class Rates:
    """The quotas of all principals."""

    def __init__(
        self, quota: int, window: int, clock: Callable[[], float] = monotonic, name: str = READER
    ) -> None:
        self._quota = quota
        self._window = window
        self._clock = clock
        self._name = name
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @property
    def known(self) -> int:
        """How many principals are remembered."""
        return len(self._left)

    def take(self, principal: str) -> Allowance:
        """Count one request of a principal."""
        now, rate = self._clock(), self._quota / self._window
        with self._lock:  # doors ask in threads of their own
            left, at = self._left.pop(principal, (float(self._quota), now))
            left = min(float(self._quota), left + max(0.0, now - at) * rate)
            is_granted = left >= 1
            left -= is_granted
            self._left[principal] = (left, max(now, at))
            if len(self._left) > _KNOWN:
                self._left.popitem(last=False)
        wait = 0 if is_granted else max(1, math.ceil((1 - left) / rate))
        return Allowance(self._quota, self._window, left, wait, self._name)
