"""How the orders were paid: methods, instalments, vouchers and amounts that do not add up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshport.sources.sample.demand import Demand
from meshport.sources.sample.fields import decimals, ids, picked, whole
from meshport.sources.sample.orders import CANCELED, OrderBook
from meshport.sources.sample.randomness import Draws, Flags, Ints, Quantiles
from meshport.sources.sample.sample_file import SampleFile
from meshport.sources.sample.timeline import BOLETO, CREDIT_CARD, VOUCHER, pay_by

_METHODS = ("credit_card", "boleto", "voucher", "debit_card", "not_defined")
_NOT_DEFINED = 4
_SPLIT_SHARE = 0.038
_ONLY_VOUCHERS_SHARE = 0.3
_SPLIT_COUNTS = Quantiles(
    ((0.0, 2), (0.8, 2), (0.8001, 3), (0.9, 3), (0.96, 5), (0.99, 9), (1.0, 27))
)
_MOST_PAYMENTS = 32
_UNPAID_SHARE = 0.00001
_UNDEFINED_SHARE = 0.00003
_LATE_START_SHARE = 0.0008
_EMPTY_VOUCHER_SHARE = 0.00006
_ODD_SHARE = 0.003
_ODD_CENTS = Quantiles(((0.0, 2), (0.5, 90), (0.9, 900), (1.0, 2100)))
_NO_INSTALMENTS_SHARE = 0.00002
_INSTALMENT_WEIGHTS = (
    *(25400, 12400, 10500, 7100, 5200, 3900, 1600, 4300, 650, 5300, 25, 130),
    *(16, 15, 74, 5, 8, 27, 2, 17, 3, 1, 1, 18),
)
_LEAST_INSTALMENT_CENTS = 700


@dataclass(frozen=True)
class _Rows:
    """Payments grouped by order; `place` counts from 0 within the order."""

    order: Ints
    place: Ints
    first: Ints
    keys: Ints


def list_payments(draws: Draws, book: OrderBook) -> SampleFile:
    """The payment records; nearly all orders' payments sum to price and freight."""
    keys = book.demand.keys
    undefined = _undefined(draws, book)
    rows = _payment_rows(draws, book.demand, undefined)
    method = _methods(draws, book.demand, rows, undefined)
    cents = np.where(method == _NOT_DEFINED, 0, _amounts(draws, book.lines.order_totals, rows))
    late_start = draws.rarest("late start", keys, round(_LATE_START_SHARE * len(keys)))
    unpaid = draws.rarest("unpaid", keys, _unpaid_count(len(keys)))
    kept = ~unpaid[rows.order]
    order = rows.order[kept]
    return SampleFile(
        "olist_order_payments_dataset.csv",
        {
            "order_id": ids(book.ids[order]),
            "payment_sequential": whole(rows.place[kept] + 1 + late_start[order]),
            "payment_type": picked(_METHODS, method[kept]),
            "payment_installments": whole(_instalments(draws, rows.keys, method, cents)[kept]),
            "payment_value": decimals(cents[kept], 2),
        },
    )


def _unpaid_count(orders: int) -> int:
    return max(round(_UNPAID_SHARE * orders), 1 if orders >= 1000 else 0)


def _undefined(draws: Draws, book: OrderBook) -> Flags:
    """A few canceled orders without lines whose payment method was never recorded."""
    forgotten = (book.progress.status == CANCELED) & ~book.progress.has_lines
    count = max(1, round(_UNDEFINED_SHARE * len(book.ids)))
    return draws.rarest("undefined method", book.demand.keys, count, forgotten)


def _payment_rows(draws: Draws, demand: Demand, undefined: Flags) -> _Rows:
    splits = draws.chance("split", demand.keys, _SPLIT_SHARE)
    splits &= (pay_by(draws, demand) != BOLETO) & ~undefined
    count = np.where(splits, draws.spread("split count", demand.keys, _SPLIT_COUNTS), 1)
    first = np.cumsum(count) - count
    order = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(order)) - first[order]
    return _Rows(order, place, first, demand.keys[order] * _MOST_PAYMENTS + place)


def _methods(draws: Draws, demand: Demand, rows: _Rows, undefined: Flags) -> Ints:
    """The main method first, then vouchers; some split orders are paid by vouchers alone."""
    count = np.diff(rows.first, append=len(rows.order))
    only_vouchers = draws.chance("only vouchers", demand.keys, _ONLY_VOUCHERS_SHARE) & (count > 1)
    main = np.where(only_vouchers, VOUCHER, pay_by(draws, demand))
    main = np.where(undefined, _NOT_DEFINED, main)
    return np.where(rows.place > 0, VOUCHER, main[rows.order])


def _amounts(draws: Draws, totals: Ints, rows: _Rows) -> Ints:
    """Cents of each payment: vouchers take their part, the first payment the rest."""
    count = np.diff(rows.first, append=len(rows.order))[rows.order]
    permille = 200 + draws.below("voucher part", rows.keys, 600)
    part: Ints = totals[rows.order] * permille // (1000 * count)
    # An order has at least one voucher in a split, so the rarest vouchers are among later places.
    emptied = round(_EMPTY_VOUCHER_SHARE * len(totals))
    part[draws.rarest("empty voucher", rows.keys, emptied, rows.place > 0)] = 0
    part[rows.place == 0] = 0
    part[rows.first] = totals - np.add.reduceat(part, rows.first)
    keys = rows.keys[rows.first]
    odd = draws.spread("odd cents", keys, _ODD_CENTS)
    odd = np.where(
        draws.chance("odd sign", keys, 0.3), -np.minimum(odd, part[rows.first] // 2), odd
    )
    part[rows.first] += np.where(draws.chance("odd", keys, _ODD_SHARE), odd, 0)
    return part


def _instalments(draws: Draws, keys: Ints, method: Ints, cents: Ints) -> Ints:
    """Cards pay in up to 24 instalments, none of them tiny; all else at once."""
    wished = 1 + draws.pick("instalments", keys, _INSTALMENT_WEIGHTS)
    card = np.clip(wished, 1, np.maximum(cents // _LEAST_INSTALMENT_CENTS, 1))
    by_card = method == CREDIT_CARD
    none = draws.rarest(
        "no instalments", keys, max(1, round(_NO_INSTALMENTS_SHARE * len(keys))), by_card
    )
    return np.where(none, 0, np.where(by_card, card, 1))
