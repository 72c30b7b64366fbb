"""Lays zip prefixes over the cities, measures distances and lists the points of the prefixes."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from meshport.sources.sample.fields import decimals, picked
from meshport.sources.sample.places import CITIES, STATES, State
from meshport.sources.sample.randomness import Draws, Ints
from meshport.sources.sample.sample_file import SampleFile

_KM_PER_DEGREE = 111.2
_LOCAL_KM = 14
_STATE_OF_CODE = {state.code: state for state in STATES}
_POINTLESS_SHARE = 0.0032
_DUPLICATE_SHARE = 0.163
_ACCENT_SHARE = 0.25
_ASTRAY_SHARE = 0.0003
_POINTS_WEIGHTS = (14, 20, 26, 20, 12, 8)
_SMALL_DEGREE = 6_000_000


@dataclass(frozen=True)
class Geography:
    """Zip prefixes grouped by city, in the order of CITIES, and kilometres between cities."""

    prefixes: tuple[str, ...]
    prefix_city: Ints
    city_first: Ints
    city_prefixes: Ints
    km: Ints

    def settle(self, draws: Draws, what: str, keys: Ints, weights: list[int]) -> Ints:
        """A zip prefix index for each key, in a city drawn by the cities' weights."""
        city = draws.pick(f"{what} city", keys, weights)
        share = draws.shares(f"{what} prefix", keys)
        # Squaring makes the first prefixes of a city the crowded ones.
        within = np.floor(share * share * self.city_prefixes[city]).astype(np.int64)
        return np.asarray(self.city_first[city] + within)


def lay_out(draws: Draws, prefix_target: int) -> Geography:
    """About `prefix_target` distinct prefixes, at least one per city, within the states' ranges."""
    blocks = _city_blocks()
    weights = weigh_by_buyers()
    counts = [
        max(1, min(prefix_target * weight // sum(weights), (end - start) // 2))
        for weight, (start, end) in zip(weights, blocks, strict=True)
    ]
    prefixes = [
        _prefixes_of_block(draws, block, count) for block, count in zip(blocks, counts, strict=True)
    ]
    sizes = np.array(counts, dtype=np.int64)
    return Geography(
        prefixes=tuple(f"{prefix:05d}" for prefix in np.concatenate(prefixes)),
        prefix_city=np.repeat(np.arange(len(CITIES)), sizes),
        city_first=np.cumsum(sizes) - sizes,
        city_prefixes=sizes,
        km=_distances(),
    )


def weigh_by_buyers() -> list[int]:
    """How many buyers live in each city, relative to the others."""
    states = _states_of_cities()
    return [state.buyers * share for state, share in zip(states, _city_shares(), strict=True)]


def weigh_by_sellers() -> list[int]:
    """How many sellers there are in each city, relative to the others."""
    states = _states_of_cities()
    return [state.sellers * share for state, share in zip(states, _city_shares(), strict=True)]


def plain(name: str) -> str:
    """The name without accents."""
    parts = unicodedata.normalize("NFKD", name)
    return "".join(part for part in parts if not unicodedata.combining(part))


def slowness_of_cities() -> Ints:
    """Each city's usual time in transport, in percent of what the distance alone explains."""
    return np.array([state.slowness for state in _states_of_cities()], dtype=np.int64)


def list_points(draws: Draws, geography: Geography) -> SampleFile:
    """Points of nearly all prefixes, with duplicates, spelling variants and points gone astray."""
    keys = np.arange(len(geography.prefixes))
    pointless = draws.rarest("pointless", keys, round(_POINTLESS_SHARE * len(keys)))
    count = np.where(pointless, 0, 1 + draws.pick("points", keys, _POINTS_WEIGHTS))
    prefix = np.repeat(keys, count)
    point = (
        prefix * len(_POINTS_WEIGHTS) + np.arange(len(prefix)) - (np.cumsum(count) - count)[prefix]
    )
    copies = np.where(draws.chance("duplicate point", point, _DUPLICATE_SHARE), 2, 1)
    city = geography.prefix_city[prefix]
    latitude, longitude = _coordinates(draws, city, point)
    spelling = 2 * city + draws.chance("accent", point, _ACCENT_SHARE)
    rows = np.repeat(np.arange(len(point)), copies)
    rows = rows[np.argsort(draws.bits("point order", np.arange(len(rows))))]
    spellings = [name for place in CITIES for name in (plain(place.name), place.name)]
    return SampleFile(
        "olist_geolocation_dataset.csv",
        {
            "geolocation_zip_code_prefix": picked(geography.prefixes, prefix[rows]),
            "geolocation_lat": decimals(latitude[rows], 6),
            "geolocation_lng": decimals(longitude[rows], 6),
            "geolocation_city": picked(spellings, spelling[rows]),
            "geolocation_state": picked([place.state for place in CITIES], city[rows]),
        },
    )


def _coordinates(draws: Draws, city: Ints, point: Ints) -> tuple[Ints, Ints]:
    """Latitudes and longitudes in millionths of a degree; a few lie outside Brazil."""
    around = 140_001
    latitude = _thousandths("latitude")[city] * 1000
    longitude = _thousandths("longitude")[city] * 1000
    latitude = latitude + draws.below("latitude", point, around) - around // 2
    longitude = longitude + draws.below("longitude", point, around) - around // 2
    astray = draws.rarest("astray", point, max(1, round(_ASTRAY_SHARE * len(point))))
    kind = np.where(astray, draws.below("way astray", point, 3), -1)
    # Near the equator a lost sign of the latitude stays within Brazil, so the longitude loses its.
    kind = np.where((kind == 0) & (latitude > -_SMALL_DEGREE), 1, kind)
    return (
        np.select([kind == 0, kind == 2], [-latitude, longitude], latitude),
        np.select([kind == 1, kind == 2], [-longitude, latitude], longitude),
    )


def _thousandths(coordinate: str) -> Ints:
    return np.array([getattr(city, coordinate) for city in CITIES], dtype=np.int64)


def _states_of_cities() -> list[State]:
    return [_STATE_OF_CODE[city.state] for city in CITIES]


def _city_shares() -> list[int]:
    """Each city's weight in thousandths of its state's cities."""
    totals = {code: sum(c.weight for c in CITIES if c.state == code) for code in _STATE_OF_CODE}
    return [1000 * city.weight // totals[city.state] for city in CITIES]


def _city_blocks() -> list[tuple[int, int]]:
    """The half-open range of prefix numbers of each city, in proportion to its weight."""
    blocks: list[tuple[int, int]] = []
    used = dict.fromkeys(_STATE_OF_CODE, 0)
    for city, state, share in zip(CITIES, _states_of_cities(), _city_shares(), strict=True):
        size = state.last_prefix + 1 - state.first_prefix
        start = state.first_prefix + size * used[city.state] // 1000
        used[city.state] += share
        blocks.append((start, state.first_prefix + size * used[city.state] // 1000))
    return blocks


def _prefixes_of_block(draws: Draws, block: tuple[int, int], count: int) -> Ints:
    """Distinct prefix numbers: one in each of `count` equal cells of the block."""
    start, end = block
    cell = start + np.arange(count) * (end - start) // count
    return np.asarray(cell + draws.below("prefix number", cell, (end - start) // count))


def _distances() -> Ints:
    """Kilometres between cities; a straight line on a flat map is near enough for freight."""
    latitude = _thousandths("latitude") / 1000.0
    longitude = _thousandths("longitude") / 1000.0
    north = latitude[:, None] - latitude[None, :]
    middle = (latitude[:, None] + latitude[None, :]) * (3.14159265358979 / 360.0)
    shrinkage: NDArray[np.float64] = 1.0 - middle * middle / 2.0
    east = (longitude[:, None] - longitude[None, :]) * shrinkage
    straight = _KM_PER_DEGREE * np.sqrt(north * north + east * east)
    return np.rint(straight).astype(np.int64) + _LOCAL_KM
