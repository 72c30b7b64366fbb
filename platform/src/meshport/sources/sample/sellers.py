"""The sellers on the marketplace and the clumsy ways some of them typed their city."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshport.sources.sample.fields import ids, picked, quoted
from meshport.sources.sample.geography import Geography, plain, weigh_by_sellers
from meshport.sources.sample.places import CITIES, STATES
from meshport.sources.sample.randomness import Bits, Draws, Flags, Ints
from meshport.sources.sample.sample_file import SampleFile

_DIRTY_SHARE = 0.008
_WEAK_SHARE = 0.1
_STATE_NAMES = {state.code: state.name for state in STATES}


@dataclass(frozen=True)
class Sellers:
    """Sellers by falling size; `prefix` is an index into the geography's zip prefixes."""

    ids: Bits
    prefix: Ints
    city: Ints
    is_weak: Flags


def recruit(draws: Draws, geography: Geography, count: int) -> Sellers:
    """`count` sellers, mostly in the southeast; a tenth of them serve their buyers badly."""
    keys = np.arange(count)
    prefix = geography.settle(draws, "seller", keys, weigh_by_sellers())
    return Sellers(
        ids=draws.ids("seller", keys),
        prefix=prefix,
        city=geography.prefix_city[prefix],
        is_weak=draws.chance("weak seller", keys, _WEAK_SHARE),
    )


def list_sellers(draws: Draws, geography: Geography, known: Sellers) -> SampleFile:
    """The seller master data in no particular order, a few cities misspelt."""
    rows = np.argsort(known.ids[:, 0])
    dirty = draws.rarest("dirty city", rows, max(1, round(_DIRTY_SHARE * len(rows))))
    kinds = iter(range(len(rows)))
    typed = [
        _mistyped(next(kinds), city, geography.prefixes[prefix])
        if is_dirty
        else plain(CITIES[city].name)
        for is_dirty, city, prefix in zip(dirty, known.city[rows], known.prefix[rows], strict=True)
    ]
    return SampleFile(
        "olist_sellers_dataset.csv",
        {
            "seller_id": ids(known.ids[rows]),
            "seller_zip_code_prefix": picked(geography.prefixes, known.prefix[rows]),
            "seller_city": quoted(picked(typed, np.arange(len(rows)))),
            "seller_state": picked([city.state for city in CITIES], known.city[rows]),
        },
    )


def _mistyped(kind: int, city: int, prefix: str) -> str:
    """The city in the kind-th clumsy way, counted round."""
    accented, state = CITIES[city].name, CITIES[city].state.lower()
    name, region = plain(accented), plain(_STATE_NAMES[CITIES[city].state])
    ways = (
        f"{prefix}000",
        f"{name} / {region}",
        f"loja@{name.replace(' ', '')}.example.com",
        f"{name} \\{name}",
        f"{name} {state}",
        f"{name}, {region}, brasil",
        accented if accented != name else f"{name}  ",
        f"{name} - {state}",
        f"{state} / {state}",
        f"{name}{state[0]}",
    )
    return ways[kind % len(ways)]
