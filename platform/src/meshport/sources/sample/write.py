"""Writes the sample: sets up the shop, lets the orders come in and puts ten files into a folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from meshport.sources.sample.assortment import list_items, stock_up
from meshport.sources.sample.baskets import Shop, fill_baskets
from meshport.sources.sample.categories import list_translations
from meshport.sources.sample.crm import list_contacts
from meshport.sources.sample.demand import plan_demand
from meshport.sources.sample.geography import lay_out, list_points
from meshport.sources.sample.orders import OrderBook, follow, list_lines, list_orders
from meshport.sources.sample.payments import list_payments
from meshport.sources.sample.persons import invite, list_customers
from meshport.sources.sample.plan import SamplePlan
from meshport.sources.sample.randomness import Draws
from meshport.sources.sample.reviews import list_reviews
from meshport.sources.sample.sample_file import Dictionary, SampleFile
from meshport.sources.sample.sellers import list_sellers, recruit
from meshport.sources.sample.timeline import foresee


def write_sample(
    folder: Path, plan: SamplePlan, on_file: Callable[[str, int], None] | None = None
) -> dict[str, int]:
    """Write the ten extracts into folder; result: file name -> data rows.

    The folder is made if need be. Each file appears whole or not at all, and the same plan always
    gives the same bytes. `on_file` hears the name and the rows of each file once it is in place.
    Raises OSError when the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows: dict[str, int] = {}
    for file in _files(plan):
        file.write(folder)
        rows[file.name] = file.row_count
        if on_file is not None:
            on_file(file.name, file.row_count)
    return rows


def _files(plan: SamplePlan) -> Iterator[SampleFile | Dictionary]:
    """One file after the other, so that only one is in memory at a time."""
    draws = Draws(plan.seed)
    shop = _open_shop(draws, plan)
    yield list_translations()
    yield list_points(draws, shop.geography)
    yield list_sellers(draws, shop.geography, shop.sellers)
    yield list_items(draws, shop.assortment)
    demand = plan_demand(draws, plan)
    buyers = invite(draws, demand, shop.geography)
    yield list_customers(draws, demand, buyers, shop.geography)
    yield list_contacts(draws, demand.keys[np.unique(buyers.first_order)], plan.now)
    lines = fill_baskets(draws, demand, buyers, shop)
    timeline = foresee(draws, demand, buyers, lines)
    progress = follow(draws, demand, timeline, plan.now)
    book = OrderBook(draws.ids("order", demand.keys), demand, lines, timeline, progress)
    yield list_orders(draws, book)
    yield list_lines(book, shop)
    yield list_payments(draws, book)
    yield list_reviews(draws, book, shop)


def _open_shop(draws: Draws, plan: SamplePlan) -> Shop:
    """The geography, sellers and items at the plan's scale."""
    geography = lay_out(draws, plan.sized(6000, exponent=0.5, least=60))
    known = recruit(draws, geography, plan.sized(3000, exponent=0.7, least=10))
    item_count = plan.sized(33_000, exponent=0.7, least=50)
    return Shop(geography, known, stock_up(draws, item_count, len(known.prefix)))
