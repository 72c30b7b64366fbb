"""The titles and messages of reviews, put together from phrases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from meshport.sources.sample.fields import Column, either, joined, picked, quoted, scattered, upper
from meshport.sources.sample.randomness import Draws, Ints
from meshport.sources.sample.words import (
    CLOSINGS,
    HAPPY,
    LUKEWARM,
    MIDDLES,
    OPENINGS,
    SEPARATORS,
    TITLES,
    UNHAPPY,
)

_TITLE_SHARE = 0.117
_MESSAGE_SHARE_BY_SCORE = (0.76, 0.68, 0.43, 0.31, 0.36)
_SHORT_SHARE = 0.35
_CLOSED_SHARE = 0.55
_SHOUTED_SHARE = 0.06
_TRAILING_BREAK_SHARE = 0.05
_MOOD_OF_SCORE = (UNHAPPY, UNHAPPY, LUKEWARM, HAPPY, HAPPY)


def write_titles(draws: Draws, keys: Ints, scores: Ints) -> Column:
    """Ready CSV fields; null where there is no title."""
    present = draws.chance("titled", keys, _TITLE_SHARE)
    return scattered(_phrases(draws, TITLES, keys[present], scores[present]), present)


def write_messages(draws: Draws, keys: Ints, scores: Ints) -> Column:
    """Ready CSV fields of one to three phrases; null where there is no message."""
    share = np.array((0.0, *_MESSAGE_SHARE_BY_SCORE))[scores]
    present = draws.chance("commented", keys, share)
    keys, scores = keys[present], scores[present]
    length = draws.shares("message length", keys)
    opening = _phrases(draws, OPENINGS, keys, scores)
    middle = joined(_separators(draws, "first", keys), _phrases(draws, MIDDLES, keys, scores))
    closing = joined(_separators(draws, "last", keys), _phrases(draws, CLOSINGS, keys, scores))
    text = joined(
        opening,
        either(length >= _SHORT_SHARE, middle, ""),
        either(length >= _CLOSED_SHARE, closing, ""),
        either(draws.chance("trailing break", keys, _TRAILING_BREAK_SHARE), "\n", ""),
    )
    text = either(draws.chance("shouted", keys, _SHOUTED_SHARE), upper(text), text)
    return scattered(quoted(text), present)


def _separators(draws: Draws, which: str, keys: Ints) -> Column:
    return picked(SEPARATORS, draws.below(f"{which} separator", keys, len(SEPARATORS)))


def _phrases(draws: Draws, groups: Sequence[Sequence[str]], keys: Ints, scores: Ints) -> Column:
    """One phrase per score, from the group of the score's mood; the groups are equally long."""
    mood = np.array((UNHAPPY, *_MOOD_OF_SCORE))[scores]
    texts = [text for group in groups for text in group]
    place = draws.below(f"phrase of {texts[0]}", keys, len(groups[0]))
    return picked(texts, mood * len(groups[0]) + place)
