"""What a relation means to whom: consumer, producer, governance, and kinds of readers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from meshport.changes.relation import Relation


class Consumer(StrEnum):
    """What a reader of the old promise meets; the version bump follows from it."""

    NONE = "none"
    PATCH = "patch"
    MINOR = "minor"
    WARN = "warn"
    """Nobody can tell; the author acknowledges it with a minor bump."""
    MAJOR = "major"


class Producer(StrEnum):
    """What the data that exists, or who makes it, meets."""

    NONE = "none"
    WARN = "warn"
    BREAK = "break"


class Governance(StrEnum):
    """Whether privacy, access and law need somebody's word: no bump replaces that."""

    NONE = "none"
    WARN = "warn"
    BLOCK = "block"


class Reader(StrEnum):
    """Kinds of readers for whom the same change of a type differs."""

    SQL = "sql"
    TYPED = "typed"
    """Parquet, Arrow, Java, pandas."""
    API = "api"
    """JSON, OpenAPI, Pydantic."""
    POSITIONAL = "positional"
    """CSV, `select *` into a table."""


ALL_READERS = frozenset(Reader)
_CONSUMER_ORDER = list(Consumer)
_PRODUCER_ORDER = list(Producer)
_GOVERNANCE_ORDER = list(Governance)


@dataclass(frozen=True)
class Verdict:
    """One row of the table: what a change means on each axis.

    `by_reader` raises the consumer axis for the kinds of readers it names.
    """

    consumer: Consumer = Consumer.NONE
    producer: Producer = Producer.NONE
    governance: Governance = Governance.NONE
    by_reader: Mapping[Reader, Consumer] = field(default_factory=dict)

    def for_readers(self, present: Collection[Reader]) -> Consumer:
        """The consumer axis where these kinds of readers are present."""
        return worst([self.consumer, *(v for k, v in self.by_reader.items() if k in present)])

    def milder(self) -> Verdict:
        """The verdict one level lower, for a rule that only warns on both sides."""
        consumer = Consumer.WARN if self.consumer is Consumer.MAJOR else self.consumer
        producer = Producer.WARN if self.producer is Producer.BREAK else self.producer
        return Verdict(consumer, producer, self.governance)


def worst(found: Collection[Consumer]) -> Consumer:
    """The most severe of several; `none` of none."""
    return max(found, key=_CONSUMER_ORDER.index, default=Consumer.NONE)


def worst_for_producer(found: Collection[Producer]) -> Producer:
    """The most severe of several; `none` of none."""
    return max(found, key=_PRODUCER_ORDER.index, default=Producer.NONE)


def worst_for_governance(found: Collection[Governance]) -> Governance:
    """The most severe of several; `none` of none."""
    return max(found, key=_GOVERNANCE_ORDER.index, default=Governance.NONE)


DERIVED: Mapping[Relation, Verdict] = {
    Relation.EQUAL: Verdict(),
    Relation.STRENGTHENED: Verdict(Consumer.MINOR, Producer.BREAK),
    Relation.WEAKENED: Verdict(Consumer.MAJOR),
    Relation.INCOMPARABLE: Verdict(Consumer.MAJOR, Producer.BREAK),
    Relation.UNKNOWN: Verdict(Consumer.WARN, Producer.WARN),
}
"""What follows where a rule says nothing else."""
