"""Who placed each order, and where that person lived at the time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshport.sources.sample.demand import Demand
from meshport.sources.sample.fields import ids, picked
from meshport.sources.sample.geography import Geography, plain, weigh_by_buyers
from meshport.sources.sample.places import CITIES
from meshport.sources.sample.randomness import Draws, Ints, Quantiles
from meshport.sources.sample.sample_file import SampleFile

_RETURN_SHARE = 0.023
_REGULAR_SHARE = 0.4
_REGULAR_BITS = 7
_MOVER_SHARE = 0.05
_DAYS_BETWEEN = Quantiles(
    ((0.0, 1), (0.15, 5), (0.35, 25), (0.55, 70), (0.75, 150), (0.9, 280), (1.0, 600))
)


@dataclass(frozen=True)
class Buyers:
    """One entry per order: the person's first order, the zip prefix and the city."""

    first_order: Ints
    prefix: Ints
    city: Ints


def invite(draws: Draws, demand: Demand, geography: Geography) -> Buyers:
    """The buyer of every order; a person is known by the key of their first order."""
    first_order = _first_orders(draws, demand)
    person = demand.keys[first_order]
    moved = (person != demand.keys) & draws.chance("mover", person, _MOVER_SHARE)
    home = np.where(moved, demand.keys, person)
    prefix = geography.settle(draws, "buyer", home, weigh_by_buyers())
    return Buyers(first_order, prefix, geography.prefix_city[prefix])


def list_customers(
    draws: Draws, demand: Demand, buyers: Buyers, geography: Geography
) -> SampleFile:
    """The customer records, one per order."""
    return SampleFile(
        "olist_customers_dataset.csv",
        {
            "customer_id": ids(draws.ids("customer", demand.keys)),
            "customer_unique_id": ids(draws.ids("person", demand.keys[buyers.first_order])),
            "customer_zip_code_prefix": picked(geography.prefixes, buyers.prefix),
            "customer_city": picked([plain(city.name) for city in CITIES], buyers.city),
            "customer_state": picked([city.state for city in CITIES], buyers.city),
        },
    )


def _first_orders(draws: Draws, demand: Demand) -> Ints:
    """For each order the index of the first order of its person, often its own."""
    earlier = _orders_before(draws, demand)
    while True:
        further = earlier[earlier]
        if np.array_equal(further, earlier):
            return earlier
        earlier = further


def _orders_before(draws: Draws, demand: Demand) -> Ints:
    """For each order the index of the order its person came back from, or its own.

    The earlier order is drawn from a power of two of places, so that one order more or less on
    that day sends almost nobody to another person.
    """
    before = np.arange(len(demand.keys))
    candidates = np.flatnonzero(draws.chance("return", demand.keys, 2 * _RETURN_SHARE))
    keys = demand.keys[candidates]
    day = demand.day[candidates] - draws.spread("days between", keys, _DAYS_BETWEEN)
    count = np.where(day >= 0, demand.day_count[np.maximum(day, 0)], 0)
    _, bit_length = np.frexp(np.maximum(count, 1) - 1.0)
    places = np.left_shift(1, bit_length.astype(np.int64))
    place = draws.below("earlier order", keys, places)
    exists = place < count
    wanted = draws.chance("return", keys, _RETURN_SHARE * places / np.maximum(count, 1))
    regular = draws.chance("regular", keys, _REGULAR_SHARE)
    place = np.where(regular, place >> _REGULAR_BITS, place)
    returns = exists & wanted
    before[candidates[returns]] = demand.day_first[day[returns]] + place[returns]
    return before
