"""The items the shop sells: category, price, weight, sizes and which sellers offer them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshport.sources.sample.categories import CATEGORIES
from meshport.sources.sample.fields import Column, ids, picked, whole
from meshport.sources.sample.randomness import (
    Bits,
    Draws,
    Ints,
    Quantiles,
    heavy_tail,
    log_normal,
)
from meshport.sources.sample.sample_file import SampleFile

_POPULARITY_SHIFT = 20
_SELLER_SHIFT = 9
_MOST_SELLERS = 3
_SELLER_COUNT_WEIGHTS = (85, 12, 3)
_PRICE_ENDINGS = (90, 99, 0, 90, 50, 89, 95)
_LEAST_PRICE = 590
_UNCATEGORISED_SHARE = 0.0187
_UNMEASURED_SHARE = 0.00006
_WEIGHTLESS_SHARE = 0.00012

_NAME_LENGTH = Quantiles(
    ((0.0, 8), (0.02, 22), (0.1, 33), (0.25, 42), (0.5, 51), (0.9, 60), (1.0, 72))
)
_TEXT_LENGTH = Quantiles(
    ((0.0, 5), (0.1, 210), (0.25, 340), (0.5, 600), (0.75, 980), (0.9, 1600), (1.0, 3900))
)
_PHOTOS = Quantiles(
    ((0.0, 1), (0.5, 1), (0.51, 2), (0.7, 2), (0.82, 3), (0.9, 4), (0.97, 6), (1.0, 16))
)
_LENGTH = Quantiles(
    ((0.0, 16), (0.12, 16), (0.25, 18), (0.5, 25), (0.75, 38), (0.9, 53), (1.0, 105))
)
_HEIGHT = Quantiles(((0.0, 2), (0.1, 4), (0.25, 8), (0.5, 13), (0.75, 21), (0.9, 34), (1.0, 104)))
_WIDTH = Quantiles(
    ((0.0, 6), (0.02, 11), (0.1, 11), (0.25, 15), (0.5, 20), (0.75, 30), (0.9, 40), (1.0, 100))
)


@dataclass(frozen=True)
class Assortment:
    """Items by falling popularity; prices in cents, weights in grams.

    `offers` has three columns of sellers, of which the first `offer_count` of a row hold.
    """

    ids: Bits
    category: Ints
    price: Ints
    grams: Ints
    offers: Ints
    offer_count: Ints
    popularity: Ints


def stock_up(draws: Draws, item_count: int, seller_count: int) -> Assortment:
    """`item_count` items, each offered by one to three of the sellers."""
    keys = np.arange(item_count)
    category = draws.pick("item category", keys, [c.items for c in CATEGORIES])
    medians = np.array([c.median_price for c in CATEGORIES], dtype=np.int64)
    grams = np.array([c.median_grams for c in CATEGORIES], dtype=np.int64)
    endings = np.array(_PRICE_ENDINGS, dtype=np.int64)
    reais = medians[category] * draws.spread("item price", keys, log_normal(0.72)) // 1000
    ending = endings[draws.below("price ending", keys, len(_PRICE_ENDINGS))]
    weight = grams[category] * draws.spread("item weight", keys, log_normal(0.8)) // 1000
    offer_keys = keys[:, None] * _MOST_SELLERS + np.arange(_MOST_SELLERS)
    sellers = draws.pick("offer", offer_keys.ravel(), heavy_tail(seller_count, _SELLER_SHIFT))
    return Assortment(
        ids=draws.ids("item", keys),
        category=category,
        price=np.maximum(_LEAST_PRICE, reais * 100 + ending),
        grams=np.clip(_rounded(weight), 50, 30_000),
        offers=sellers.reshape(-1, _MOST_SELLERS),
        offer_count=1 + draws.pick("offer count", keys, _SELLER_COUNT_WEIGHTS),
        popularity=heavy_tail(item_count, _POPULARITY_SHIFT),
    )


def list_items(draws: Draws, assortment: Assortment) -> SampleFile:
    """The item master data in no particular order, with its gaps."""
    rows = np.argsort(assortment.ids[:, 0])
    bare = draws.rarest("uncategorised", rows, round(_UNCATEGORISED_SHARE * len(rows)))
    blank = draws.rarest("unmeasured", rows, max(1, round(_UNMEASURED_SHARE * len(rows))))
    weightless = draws.rarest("weightless", rows, max(1, round(_WEIGHTLESS_SHARE * len(rows))))
    grams = np.where(weightless, 0, assortment.grams[rows])

    def text(what: str, quantiles: Quantiles) -> Column:
        return whole(draws.spread(what, rows, quantiles), bare)

    def size(what: str, quantiles: Quantiles) -> Column:
        return whole(draws.spread(what, rows, quantiles), blank)

    return SampleFile(
        "olist_products_dataset.csv",
        {
            "product_id": ids(assortment.ids[rows]),
            "product_category_name": picked(
                [c.code for c in CATEGORIES], assortment.category[rows], bare
            ),
            "product_name_lenght": text("name length", _NAME_LENGTH),
            "product_description_lenght": text("text length", _TEXT_LENGTH),
            "product_photos_qty": text("photos", _PHOTOS),
            "product_weight_g": whole(grams, blank),
            "product_length_cm": size("length", _LENGTH),
            "product_height_cm": size("height", _HEIGHT),
            "product_width_cm": size("width", _WIDTH),
        },
    )


def _rounded(grams: Ints) -> Ints:
    """Sellers rarely weigh to the gram: steps of 50 above half a kilogram."""
    return np.where(grams > 500, grams // 50 * 50, grams)
