"""How far each order has come by the end of the sample, and the records that say so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshport.sources.sample.baskets import Lines, Shop
from meshport.sources.sample.demand import Demand
from meshport.sources.sample.fields import decimals, ids, moments, picked, whole
from meshport.sources.sample.plan import DAY
from meshport.sources.sample.randomness import Bits, Draws, Flags, Ints, Quantiles
from meshport.sources.sample.sample_file import SampleFile
from meshport.sources.sample.timeline import Timeline

STATUSES = (
    "created",
    "approved",
    "processing",
    "invoiced",
    "shipped",
    "delivered",
    "canceled",
    "unavailable",
)
CREATED, APPROVED, PROCESSING, INVOICED, SHIPPED, DELIVERED, CANCELED, UNAVAILABLE = range(8)

_CANCELED_SHARE = 0.006
_UNAVAILABLE_SHARE = 0.006
_LOST_SHARE = 0.003
_EMPTY_WHEN_CANCELED = 0.35
_EMPTY_WHEN_UNAVAILABLE = 0.94
_UNAPPROVED = 0.00015
_UNDATED = 0.0001
_UNTIL_CLOSED = Quantiles(
    ((0.0, 1800), (0.3, DAY // 3), (0.6, 2 * DAY), (0.85, 6 * DAY), (1.0, 18 * DAY))
)


@dataclass(frozen=True)
class Progress:
    """Per order its status (an index into STATUSES) and which moments are known and recorded.

    `now` is the end of the sample in seconds since 1970-01-01.
    """

    now: int
    status: Ints
    has_approval: Flags
    has_handover: Flags
    has_delivery: Flags
    has_lines: Flags


@dataclass(frozen=True)
class OrderBook:
    """All there is to know about the orders, in the order of their keys."""

    ids: Bits
    demand: Demand
    lines: Lines
    timeline: Timeline
    progress: Progress


def follow(draws: Draws, demand: Demand, timeline: Timeline, now: int) -> Progress:
    """The state of every order at `now`."""
    keys = demand.keys
    fate = draws.shares("fate", keys)
    cancels = fate < _CANCELED_SHARE
    sells_out = ~cancels & (fate < _CANCELED_SHARE + _UNAVAILABLE_SHARE)
    lost = draws.chance("lost", keys, _LOST_SHARE)
    start = np.where(sells_out, timeline.approved, demand.purchased)
    closes = start + draws.spread("closing", keys, _UNTIL_CLOSED)
    closed = (cancels | sells_out) & (closes <= now)
    horizon = np.where(closed & cancels, closes, now)
    approved = timeline.approved <= horizon
    shipped = approved & ~sells_out & (timeline.handed_over <= horizon)
    arrives = ~(cancels | sells_out | lost)
    delivered = shipped & arrives & (timeline.delivered <= horizon)
    status = np.select(
        [closed & cancels, closed & sells_out, delivered, shipped, approved],
        [CANCELED, UNAVAILABLE, DELIVERED, SHIPPED, _in_preparation(timeline, now)],
        CREATED,
    )
    arrivals = int(delivered.sum())
    unapproved = draws.rarest("unapproved", keys, round(_UNAPPROVED * arrivals), delivered)
    undated = draws.rarest("undated", keys, round(_UNDATED * arrivals), delivered)
    return Progress(
        now=now,
        status=status,
        has_approval=approved & ~unapproved,
        has_handover=shipped,
        has_delivery=delivered & ~undated,
        has_lines=~_is_empty(draws, keys, status),
    )


def list_orders(draws: Draws, book: OrderBook) -> SampleFile:
    """The order records."""
    timeline, progress = book.timeline, book.progress
    return SampleFile(
        "olist_orders_dataset.csv",
        {
            "order_id": ids(book.ids),
            "customer_id": ids(draws.ids("customer", book.demand.keys)),
            "order_status": picked(STATUSES, progress.status),
            "order_purchase_timestamp": moments(book.demand.purchased),
            "order_approved_at": moments(timeline.approved, ~progress.has_approval),
            "order_delivered_carrier_date": moments(timeline.handed_over, ~progress.has_handover),
            "order_delivered_customer_date": moments(timeline.delivered, ~progress.has_delivery),
            "order_estimated_delivery_date": moments(timeline.promised),
        },
    )


def list_lines(book: OrderBook, shop: Shop) -> SampleFile:
    """The order lines that are still on record."""
    lines = book.lines
    rows = np.flatnonzero(book.progress.has_lines[lines.order])
    return SampleFile(
        "olist_order_items_dataset.csv",
        {
            "order_id": ids(book.ids[lines.order[rows]]),
            "order_item_id": whole(lines.number[rows]),
            "product_id": ids(shop.assortment.ids[lines.item[rows]]),
            "seller_id": ids(shop.sellers.ids[lines.seller[rows]]),
            "shipping_limit_date": moments(book.timeline.shipping_limit[rows]),
            "price": decimals(lines.price[rows], 2),
            "freight_value": decimals(lines.freight[rows], 2),
        },
    )


def _in_preparation(timeline: Timeline, now: int) -> Ints:
    """Approved, processing or invoiced: a third each of the time from approval to hand-over."""
    third = (now - timeline.approved) * 3 // np.maximum(timeline.handed_over - timeline.approved, 1)
    return np.asarray(APPROVED + np.clip(third, 0, 2))


def _is_empty(draws: Draws, keys: Ints, status: Ints) -> Flags:
    """Orders that lost their lines when they were canceled or became unavailable."""
    share = np.select(
        [status == CANCELED, status == UNAVAILABLE],
        [_EMPTY_WHEN_CANCELED, _EMPTY_WHEN_UNAVAILABLE],
        0.0,
    )
    return draws.chance("empty", keys, share)
