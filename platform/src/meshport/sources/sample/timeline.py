"""When each order is paid, handed over, delivered and promised, as if it all went to its end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from meshport.sources.sample.baskets import Lines
from meshport.sources.sample.demand import Demand, black_friday
from meshport.sources.sample.geography import slowness_of_cities
from meshport.sources.sample.persons import Buyers
from meshport.sources.sample.plan import DAY
from meshport.sources.sample.randomness import Draws, Ints, Quantiles

CREDIT_CARD, BOLETO, VOUCHER, DEBIT_CARD = 0, 1, 2, 3
_METHOD_WEIGHTS = (7560, 1960, 320, 160)
_HOUR = 3600

_CARD_DELAY = Quantiles(
    (
        (0.0, 60),
        (0.1, 560),
        (0.5, 1000),
        (0.8, 2600),
        (0.93, 40_000),
        (0.99, 170_000),
        (1.0, 400_000),
    )
)
_BOLETO_DELAY = Quantiles(
    ((0.0, 9000), (0.1, 50_000), (0.5, 100_000), (0.8, 160_000), (0.98, 330_000), (1.0, 600_000))
)
_HANDLING = Quantiles(
    (
        (0.0, 2 * _HOUR),
        (0.1, 12 * _HOUR),
        (0.25, 22 * _HOUR),
        (0.5, 44 * _HOUR),
        (0.75, 86 * _HOUR),
        (0.9, 140 * _HOUR),
        (0.99, 380 * _HOUR),
        (1.0, 900 * _HOUR),
    )
)
_TRANSPORT_PERMILLE = Quantiles(
    (
        (0.0, 180),
        (0.1, 480),
        (0.25, 670),
        (0.5, 920),
        (0.75, 1220),
        (0.9, 1600),
        (0.98, 2500),
        (1.0, 5200),
    )
)
_PROMISE_SPREAD_DAYS = Quantiles(
    ((0.0, -9), (0.05, -5), (0.25, -2), (0.5, 0), (0.75, 4), (0.95, 9), (1.0, 22))
)
_SHIPPING_LIMIT_DAYS = Quantiles(
    ((0.0, 2), (0.1, 4), (0.3, 5), (0.5, 6), (0.75, 7), (0.9, 9), (0.99, 19), (1.0, 32))
)
_LOCAL_TRANSPORT = DAY * 7 // 2
_TRANSPORT_PER_KM = DAY * 6 // 1000
_PROMISE_DAYS = 14
_PROMISE_PERCENT = 118
_MONTH_PERCENT = (100, 108, 112, 103, 100, 96, 94, 92, 95, 97, 106, 108)
_RUSH_DAYS = 9
_RUSH_PERCENT = 132

_UNAPPROVED_SHARE = 0.0140
_FORESEEN_SHARE = 0.0016
_SWAPPED_SHARE = 0.0002
_SECONDS_EARLY = Quantiles(((0.0, 600), (0.5, 9 * _HOUR), (0.9, 40 * _HOUR), (1.0, 90 * _HOUR)))


@dataclass(frozen=True)
class Timeline:
    """Moments in seconds since 1970-01-01, one per order; `shipping_limit` one per line."""

    approved: Ints
    handed_over: Ints
    delivered: Ints
    promised: Ints
    shipping_limit: Ints


def pay_by(draws: Draws, demand: Demand) -> Ints:
    """The main payment method of each order."""
    return draws.pick("method", demand.keys, _METHOD_WEIGHTS)


def foresee(draws: Draws, demand: Demand, buyers: Buyers, lines: Lines) -> Timeline:
    """Every order's moments up to its delivery, wherever the sample's end lies."""
    keys = demand.keys
    card = draws.spread("approval", keys, _CARD_DELAY)
    boleto = draws.spread("approval", keys, _BOLETO_DELAY)
    approved = demand.purchased + np.where(pay_by(draws, demand) == BOLETO, boleto, card)
    handed_over = approved + draws.spread("handling", keys, _HANDLING)
    usual = _usual_transport(buyers, lines)
    delivered = handed_over + _transport(draws, demand, usual)
    recorded = _misrecorded(draws, demand, approved, handed_over)
    limit_days = draws.spread("shipping limit", keys, _SHIPPING_LIMIT_DAYS)
    return Timeline(
        approved=approved,
        handed_over=recorded,
        delivered=_swapped(draws, keys, recorded, delivered),
        promised=_promised(draws, demand, usual),
        shipping_limit=(approved + limit_days * DAY)[lines.order],
    )


def _usual_transport(buyers: Buyers, lines: Lines) -> Ints:
    """Seconds from hand-over to delivery that distance and state let expect."""
    by_distance = _LOCAL_TRANSPORT + lines.km[lines.first] * _TRANSPORT_PER_KM
    return np.asarray(by_distance * slowness_of_cities()[buyers.city] // 100)


def _transport(draws: Draws, demand: Demand, usual: Ints) -> Ints:
    """Seconds from hand-over to delivery, longer in slow seasons and in a rush."""
    pace = np.array([_pace_percent(day) for day in demand.days], dtype=np.int64)[demand.day]
    permille = draws.spread("transport", demand.keys, _TRANSPORT_PERMILLE)
    return np.asarray(usual * pace // 100 * permille // 1000)


def _pace_percent(day: date) -> int:
    """How long transport takes in this season, in percent of the usual."""
    month = _MONTH_PERCENT[day.month - 1]
    since_rush = (day - black_friday(day.year)).days + 1
    return month * _RUSH_PERCENT // 100 if 0 <= since_rush < _RUSH_DAYS else month


def _promised(draws: Draws, demand: Demand, usual: Ints) -> Ints:
    """Midnight at the start of the day the buyer was told, with generous room."""
    spread = draws.spread("promise", demand.keys, _PROMISE_SPREAD_DAYS)
    days = np.maximum(_PROMISE_DAYS + usual * _PROMISE_PERCENT // (100 * DAY) + spread, 3)
    return np.asarray((demand.purchased // DAY + days) * DAY)


def _misrecorded(draws: Draws, demand: Demand, approved: Ints, handed_over: Ints) -> Ints:
    """Hand-overs, some of them recorded before the approval or even before the purchase."""
    keys = demand.keys
    share = draws.shares("handover", keys)
    wait = approved - demand.purchased
    unapproved = demand.purchased + wait * draws.below("too early", keys, 100) // 100
    foreseen = demand.purchased - draws.spread("too early", keys, _SECONDS_EARLY)
    return np.select(
        [share < _FORESEEN_SHARE, share < _FORESEEN_SHARE + _UNAPPROVED_SHARE],
        [foreseen, unapproved],
        handed_over,
    )


def _swapped(draws: Draws, keys: Ints, handed_over: Ints, delivered: Ints) -> Ints:
    """Deliveries, very few of them recorded before the hand-over."""
    count = round(_SWAPPED_SHARE * len(keys))
    swapped = draws.rarest("swapped", keys, count)
    return np.where(swapped, handed_over - (delivered - handed_over) // 4, delivered)
