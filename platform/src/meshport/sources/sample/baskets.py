"""What was ordered: the lines of every order with item, seller, price and freight."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshport.sources.sample.assortment import Assortment
from meshport.sources.sample.demand import Demand
from meshport.sources.sample.geography import Geography
from meshport.sources.sample.persons import Buyers
from meshport.sources.sample.randomness import Draws, Flags, Ints
from meshport.sources.sample.sellers import Sellers

_LINE_COUNT_WEIGHTS = (8985, 790, 125, 50, 21, 17, 4, 2, 1, 1, 1, 1, 1, 1, 1)
_MOST_LINES = 16
_SAME_ITEM, _SAME_SELLER, _ANYTHING = 0, 1, 2
_MIX_WEIGHTS = (67, 17, 16)
_JOINING_SHARE = 0.55
_DISCOUNT_STEP = 5
_BASE_FREIGHT = 850
_CENTS_PER_KM_PERCENT = 95
_FREE_FREIGHT_SHARE = 0.003


@dataclass(frozen=True)
class Shop:
    """Everything that stands before the first order comes in."""

    geography: Geography
    sellers: Sellers
    assortment: Assortment


@dataclass(frozen=True)
class Lines:
    """Order lines grouped by order; money in cents, `first` is each order's first line.

    `km` lie between the seller and the buyer.
    """

    order: Ints
    number: Ints
    item: Ints
    seller: Ints
    km: Ints
    price: Ints
    freight: Ints
    first: Ints

    @property
    def order_totals(self) -> Ints:
        """Price and freight of each order in cents."""
        return np.add.reduceat(self.price + self.freight, self.first)


def fill_baskets(draws: Draws, demand: Demand, buyers: Buyers, shop: Shop) -> Lines:
    """One to fifteen lines for every order."""
    count = 1 + draws.pick("line count", demand.keys, _LINE_COUNT_WEIGHTS)
    first = np.cumsum(count) - count
    order = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(order)) - first[order]
    keys = demand.keys[order] * _MOST_LINES + number
    item, seller, slot = _choose(draws, shop.assortment, demand.keys[order], keys)
    price = _asked_price(draws, shop.assortment, item, slot)
    off = _discount_percent(draws, demand, demand.day[order], item)
    km = shop.geography.km[shop.sellers.city[seller], buyers.city[order]]
    return Lines(
        order=order,
        number=number + 1,
        item=item,
        seller=seller,
        km=km,
        price=price * (100 - off) // 100,
        freight=_freight(draws, keys, km, shop.assortment.grams[item]),
        first=first,
    )


def _choose(draws: Draws, assortment: Assortment, orders: Ints, lines: Ints) -> tuple[Ints, ...]:
    """Item, seller and place among the item's sellers of each line.

    The lines after the first repeat its item, add to it from the same seller, or are anything.
    """
    is_later = lines % _MOST_LINES > 0
    mix = draws.pick("mix", orders, _MIX_WEIGHTS)
    own = np.where(is_later & (mix == _ANYTHING), lines, orders * _MOST_LINES)
    item = draws.pick("item", own, assortment.popularity)
    slot = draws.below("slot", own, assortment.offer_count[item])
    seller = assortment.offers[item, slot]
    more = np.flatnonzero(is_later & (mix == _SAME_SELLER))
    item[more], slot[more] = _from_seller(draws, assortment, lines[more], seller[more])
    return item, seller, slot


def _from_seller(
    draws: Draws, assortment: Assortment, lines: Ints, seller: Ints
) -> tuple[Ints, Ints]:
    """An item of the given seller and the seller's place among that item's sellers."""
    holds = np.arange(assortment.offers.shape[1]) < assortment.offer_count[:, None]
    items, slots = np.nonzero(holds)
    owners = assortment.offers[items, slots]
    by_owner = np.argsort(owners, kind="stable")
    start = np.searchsorted(owners[by_owner], seller, side="left")
    end = np.searchsorted(owners[by_owner], seller, side="right")
    chosen = by_owner[start + draws.below("item of seller", lines, end - start)]
    return items[chosen], slots[chosen]


def _asked_price(draws: Draws, assortment: Assortment, item: Ints, slot: Ints) -> Ints:
    """The seller's own price: the first seller sets it, the others differ by a few percent."""
    percent = np.where(slot > 0, 94 + draws.below("offer price", item * 4 + slot, 13), 100)
    return np.asarray(assortment.price[item] * percent // 100)


def _discount_percent(draws: Draws, demand: Demand, day: Ints, item: Ints) -> Ints:
    """Half of the items join a promotion, in steps of five percent up to its depth."""
    promotion = demand.day_promotion[day]
    joins: Flags = (promotion > 0) & draws.chance("joins", (promotion << 24) | item, _JOINING_SHARE)
    steps = np.maximum(demand.day_depth[day] // _DISCOUNT_STEP, 1)
    off = (1 + draws.below("discount", (promotion << 24) | item, steps)) * _DISCOUNT_STEP
    return np.where(joins, off, 0)


def _freight(draws: Draws, keys: Ints, km: Ints, grams: Ints) -> Ints:
    """Freight in cents by distance and weight; a few lines travel free."""
    near = _BASE_FREIGHT + km * _CENTS_PER_KM_PERCENT // 100
    percent = 96 + grams // 75 + draws.below("freight", keys >> 4, 25)
    free = draws.chance("free freight", keys, _FREE_FREIGHT_SHARE)
    return np.where(free, 0, near * percent // 100)
