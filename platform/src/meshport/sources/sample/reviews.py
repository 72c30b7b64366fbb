"""What buyers said: scores that follow the delivery, short texts and the copies a form leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meshport.sources.sample.baskets import Shop
from meshport.sources.sample.comments import write_messages, write_titles
from meshport.sources.sample.fields import ids, moments, whole
from meshport.sources.sample.orders import DELIVERED, OrderBook
from meshport.sources.sample.plan import DAY
from meshport.sources.sample.randomness import Bits, Draws, Flags, Ints, Quantiles
from meshport.sources.sample.sample_file import SampleFile

_REVIEWED_SHARE = 0.991
_SECOND_SHARE = 0.006
_SHARED_ID_SHARE = 0.004
_COPIED_SHARE = 0.0005
_UNTIL_ANSWER = Quantiles(
    (
        (0.0, DAY // 10),
        (0.1, DAY * 8 // 10),
        (0.25, DAY),
        (0.5, DAY * 17 // 10),
        (0.75, DAY * 31 // 10),
        (0.9, DAY * 48 // 10),
        (0.99, DAY * 18),
        (1.0, DAY * 80),
    )
)
_ON_TIME, _WEAK_SELLER, _LATE, _MISSING = range(4)
_SCORES_BELOW = (
    (66, 91, 167, 365),
    (170, 235, 370, 600),
    (460, 540, 650, 770),
    (700, 790, 870, 920),
)


@dataclass(frozen=True)
class Visits:
    """Answered survey forms: the order, the first or second form, and moments in seconds."""

    order: Ints
    keys: Ints
    is_first: Flags
    created: Ints
    answered: Ints


def list_reviews(draws: Draws, book: OrderBook, shop: Shop) -> SampleFile:
    """The review records, ending with a few exact copies of earlier rows."""
    visits = _survey(draws, book)
    scores = _rate(draws, visits, book, shop)
    rows = np.arange(len(visits.order))
    copied = draws.rarest("copied review", visits.keys, round(_COPIED_SHARE * len(rows)))
    rows = np.concatenate([rows, np.flatnonzero(copied)])
    return SampleFile(
        "olist_order_reviews_dataset.csv",
        {
            "review_id": ids(_review_ids(draws, visits)[rows]),
            "order_id": ids(book.ids[visits.order[rows]]),
            "review_score": whole(scores[rows]),
            "review_comment_title": write_titles(draws, visits.keys, scores).take(rows),
            "review_comment_message": write_messages(draws, visits.keys, scores).take(rows),
            "review_creation_date": moments(visits.created[rows]),
            "review_answer_timestamp": moments(visits.answered[rows]),
        },
    )


def _survey(draws: Draws, book: OrderBook) -> Visits:
    """The forms answered by the end of the sample, in the order of the orders."""
    timeline, progress = book.timeline, book.progress
    promised = timeline.promised // DAY + 2
    arrived = np.where(progress.has_delivery, timeline.delivered // DAY + 1, promised)
    asked = np.minimum(promised, arrived)
    again = asked + 1 + draws.below("second form", book.demand.keys, 10)
    order = np.repeat(np.arange(len(asked)), 2)
    is_first = np.arange(len(order)) % 2 == 0
    keys = book.demand.keys[order] * 2 + ~is_first
    created = np.where(is_first, asked[order], again[order]) * DAY
    answered = created + draws.spread("answer", keys, _UNTIL_ANSWER)
    share = np.where(is_first, _REVIEWED_SHARE, _SECOND_SHARE)
    kept = draws.chance("reviewed", keys, share) & (answered <= progress.now)
    return Visits(order[kept], keys[kept], is_first[kept], created[kept], answered[kept])


def _rate(draws: Draws, visits: Visits, book: OrderBook, shop: Shop) -> Ints:
    """Scores 1 to 5: late and missing parcels please nobody, and some sellers please few."""
    order, timeline = visits.order, book.timeline
    seller = book.lines.seller[book.lines.first[order]]
    mood = np.select(
        [
            book.progress.status[order] != DELIVERED,
            timeline.delivered[order] > timeline.promised[order],
            shop.sellers.is_weak[seller],
        ],
        [_MISSING, _LATE, _WEAK_SELLER],
        _ON_TIME,
    )
    place = draws.below("score", visits.keys, 1000)
    return np.asarray(1 + (place[:, None] >= np.array(_SCORES_BELOW)[mood]).sum(axis=1))


def _review_ids(draws: Draws, visits: Visits) -> Bits:
    """Ids of the reviews; a few first reviews carry the id of the order's before."""
    words = draws.ids("review", visits.keys)
    shared = draws.chance("shared review id", visits.keys, _SHARED_ID_SHARE)
    places = np.arange(len(words))
    shared &= visits.is_first & (places > 0)
    return words[np.where(shared, places - 1, places)]
