"""Draws that depend only on the seed, the name of what is drawn and a key, never on other draws.

Transcendental functions differ in the last bit between machines, so they only ever build small
tables of rounded integers; everything per row is integer arithmetic or exactly rounded + - * /.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bits = NDArray[np.uint64]
Flags = NDArray[np.bool_]

_HALF = 32
_TABLE_STEPS = 256


@dataclass(frozen=True)
class Quantiles:
    """A distribution as (share of draws below, value) points, straight between the points."""

    points: tuple[tuple[float, int], ...]

    def at(self, position: Ints) -> Ints:
        """Values at positions in [0, 2**32)."""
        edges = np.array([round(share * 2**_HALF) for share, _ in self.points], dtype=np.int64)
        values = np.array([value for _, value in self.points], dtype=np.int64)
        left = np.searchsorted(edges[1:-1], position, side="right")
        rise = (values[1:] - values[:-1])[left]
        width = (edges[1:] - edges[:-1])[left]
        return np.asarray(values[left] + rise * (position - edges[left]) // width, dtype=np.int64)


@dataclass(frozen=True)
class Draws:
    """All randomness of one sample."""

    seed: int

    def bits(self, what: str, keys: Ints) -> Bits:
        """64 independent bits for each key: splitmix64 with one stream per seed and name."""
        digest = blake2b(f"{self.seed}:{what}".encode(), digest_size=8).digest()
        stream = np.uint64(int.from_bytes(digest, "little"))
        state = keys.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + stream
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return state ^ (state >> np.uint64(31))

    def positions(self, what: str, keys: Ints) -> Ints:
        """A whole number in [0, 2**32) for each key."""
        return (self.bits(what, keys) >> np.uint64(_HALF)).astype(np.int64)

    def shares(self, what: str, keys: Ints) -> NDArray[np.float64]:
        """A number in [0, 1) for each key."""
        return np.asarray(self.positions(what, keys) / 2.0**_HALF, dtype=np.float64)

    def chance(self, what: str, keys: Ints, probability: float | NDArray[np.float64]) -> Flags:
        """True for about `probability` of the keys."""
        return self.shares(what, keys) < probability

    def below(self, what: str, keys: Ints, limit: int | Ints) -> Ints:
        """A whole number in [0, limit) for each key; the limit must be below 2**31."""
        return (self.positions(what, keys) * limit) >> _HALF

    def spread(self, what: str, keys: Ints, quantiles: Quantiles) -> Ints:
        """A value of the distribution for each key."""
        return quantiles.at(self.positions(what, keys))

    def pick(self, what: str, keys: Ints, weights: Sequence[int] | Ints) -> Ints:
        """An index into `weights` for each key, as often as its weight says; sum below 2**31."""
        edges = np.cumsum(np.asarray(weights, dtype=np.int64))
        place = self.below(what, keys, int(edges[-1]))
        return np.searchsorted(edges, place, side="right").astype(np.int64)

    def rarest(self, what: str, keys: Ints, count: int, among: Flags | None = None) -> Flags:
        """True for exactly `count` of the keys that qualify, or for all if there are fewer."""
        bits = self.bits(what, keys)
        qualified = np.ones(len(keys), dtype=np.bool_) if among is None else among
        candidates = bits[qualified]
        count = min(count, len(candidates))
        if count == 0:
            return np.zeros(len(keys), dtype=np.bool_)
        limit = np.partition(candidates, count - 1)[count - 1]
        return np.asarray(qualified & (bits <= limit))

    def ids(self, what: str, keys: Ints) -> Bits:
        """A 128-bit id for each key, as two words: shape (keys, 2)."""
        return np.stack([self.bits(f"{what} high", keys), self.bits(f"{what} low", keys)], axis=1)


def heavy_tail(count: int, shift: int) -> Ints:
    """Zipf-like weights, falling from the first to the last of `count`; a large shift is milder."""
    weights: Ints = np.rint(1e8 / (np.arange(count) + float(shift))).astype(np.int64)
    return weights


@cache
def log_normal(sigma: float) -> Quantiles:
    """Factors in thousandths around 1000, log-normal, cut at 3.4 standard deviations."""
    normal = NormalDist()
    inner = [(i / _TABLE_STEPS, normal.inv_cdf(i / _TABLE_STEPS)) for i in range(1, _TABLE_STEPS)]
    deviations = [(0.0, -3.4), *inner, (0.999, normal.inv_cdf(0.999)), (1.0, 3.4)]
    return Quantiles(tuple((share, round(1000 * math.exp(sigma * z))) for share, z in deviations))
