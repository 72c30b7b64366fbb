"""The page that shows every mutation: what was said of whom, and what then happened."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.mutations.figures import Figures
from benchmarks.mutations.ground import SCALE
from benchmarks.mutations.trial import Judged
from meshport.reports.result import Effect

_LONGEST = 110
_INTRODUCTION = """\
<!-- Written by `python -m benchmarks.mutations`. -->

# Mutations

Real changes of this repository's own mesh: each is made in a copy, the contract gate is asked what
it does to whom, and then the mesh is really built with it. The table says of each consumer what
the gate said and what happened.

## What counts as the truth

- **The change** is one that a producer makes to its own port: contract, model, or both. Generated
  files follow; everybody downstream stays as it is. A change that its own producer's checks keep
  back reaches nobody and is not in the list. What can break only with other data is made to
  carry such data.
- **Consumers** are all other ports, and the consumers registered in `catalog/consumers/`.
- **A port breaks** if its own model can no longer be built, or its own checks keep it from being
  published. It also breaks if a port that it is built from does: a port that breaks delivers
  nothing new, so whoever is built from it is cut off. That another port of the same domain holds
  it back does not count.
- **A registered consumer breaks** if the columns it names can no longer be read with its filters,
  if what it says it relies on does not hold, if it reads by type and a type is another, if it
  reads by SQL and what were numbers can no longer be added up, or if it is cut off.
- **Row set changes** means that other keys come out than without the change, **value changes** that
  the keys are the same and some value is another, **unaffected** that every row is the same. Both
  builds are from the same built-in sample, at scale {scale}.
- What the gate cannot tell it calls a break: who cannot be told to be safe is warned.

## Totals

"""
_TABLE = """\
## Every mutation

Consumers that are not named were said to be unaffected, and were. Where both columns differ, the
gate was wrong.

| change | consumer | said | happened | why it breaks |
| --- | --- | --- | --- | --- |
"""


def page(results: Mapping[str, Sequence[Judged]]) -> str:
    """The whole page; `results` has the judged consumers of each mutation, by what it says."""
    rows = [row for say, judged in results.items() for row in _rows(say, judged)]
    introduction = _INTRODUCTION.format(scale=f"{SCALE:g}")
    return introduction + "\n".join(totals(results)) + "\n\n" + _TABLE + "\n".join(rows) + "\n"


def totals(results: Mapping[str, Sequence[Judged]]) -> Iterator[str]:
    """Figures as sentences, and how often each answer met each truth."""
    judged = [one for listed in results.values() for one in listed]
    figures = Figures.of(judged)
    broken = [one for one in judged if one.happened is Effect.BREAKS]
    alone = sum(not one.is_cut_off for one in broken)
    yield f"{len(results)} mutations, {len(judged):,} consumers judged. {len(broken)} of these"
    yield f"break, {alone} by themselves, {len(broken) - alone} because they are cut off."
    yield f"**Recall of breaks is {figures.recall:.3f}, precision {figures.precision:.3f}.**"
    yield f"To {figures.spared} consumers worse happened than was said."
    yield ""
    yield f"| said ↓, happened → | {' | '.join(Effect)} |"
    yield "| --- | " + " | ".join("---:" for _ in Effect) + " |"
    for said in Effect:
        counts = " | ".join(f"{figures.counts[said, happened]:,}" for happened in Effect)
        yield f"| {said} | {counts} |"


def _rows(say: str, judged: Sequence[Judged]) -> Iterator[str]:
    hit = [one for one in judged if {one.said, one.happened} != {Effect.UNAFFECTED}]
    if not hit:
        yield f"| {say} | everybody | {Effect.UNAFFECTED} | {Effect.UNAFFECTED} | |"
    for one in hit:
        said, happened = one.said.value, one.happened.value
        if one.said is not one.happened:
            said, happened = f"**{said}**", f"**{happened}**"
        yield f"| {say} | {one.consumer} | {said} | {happened} | {_short(one.why)} |"


def _short(why: str) -> str:
    """The line of a reason that says most, without places that only this run knows."""
    if "enforced contract" in why:
        return "its model has other types than its contract"
    lines = [line.strip() for line in why.splitlines()]
    told = next((line for line in lines if re.match(r"\w+ Error: ", line)), "".join(lines[:1]))
    told = re.split(r"! |Candidate|\(use:|: order_id", told)[0].strip()
    return f"`{told[:_LONGEST].replace('`', '').replace('|', '/')}`" if told else ""
