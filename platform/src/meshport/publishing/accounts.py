"""Where every source row went: rows in = published + quarantined + superseded, and the proof."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from meshport.publishing.manifest import SourceAccount
from meshport.sources import Extract
from meshport.sources.landing import Landed
from meshport.sql_text import literal, quote
from meshport.warehouse import Connection, has_table

SET_ASIDE_SCHEMA = "quarantine"
"""A domain's dbt models in this schema, named like a raw table, set rows of it aside: they have
the columns `source_row` (its rowid) and `reason`."""


@dataclass(frozen=True)
class _Keys:
    """How many different keys there are, and their checksum."""

    distinct: int
    checksum: int


@dataclass(frozen=True)
class Ledger:
    """Accounts for the extracts of one domain, against its private warehouse."""

    con: Connection
    _seen: dict[str, tuple[int, int]] = field(default_factory=dict)

    def account(self, extract: Extract, landed: Landed, kept: str | None) -> SourceAccount:
        """Count where the rows of one extract went.

        `kept` is the relation of the rows that are published of the table it becomes; None where
        all of them are, as of a table that stays private.
        """
        aside = landed.unreadable + self._set_aside(extract)
        published = superseded = 0
        if extract.becomes and extract.key:
            raw = self._distinct_keys(extract)
            arrived = self._matched(extract, extract.becomes, raw)
            published = self._matched(extract, kept, raw) if kept else arrived
            aside += arrived - published
            superseded = landed.rows - self._set_aside(extract) - raw.distinct
        return SourceAccount(
            table=extract.table,
            file=landed.file,
            sha256=landed.sha256,
            bytes=landed.size,
            becomes=extract.becomes,
            rows=landed.rows + landed.unreadable,
            published=published,
            quarantined=aside,
            superseded=superseded,
        )

    def set_aside(self, extracts: Sequence[Extract]) -> dict[str, int]:
        """How many rows never reached their port model, by the reason for it."""
        if not extracts:
            return {}
        rows = f"({self.set_aside_query(extracts)})"
        counted = f"select reasons[1], count(*) from {rows} group by 1 order by 1"
        return dict(self.con.execute(counted).fetchall())

    def set_aside_query(self, extracts: Sequence[Extract]) -> str:
        """A query for these rows, in the shape of a quarantine file."""
        parts = []
        for extract in extracts:
            raw, origin = quote(extract.table), literal(extract.file)
            parts.append(
                f"select {origin} as origin, ['unreadable: ' || split_part(reason, ': ', 1)] "
                f"as reasons, json_object('line', line, 'reason', reason, 'text', text)::varchar "
                f"as row from raw_unreadable.{raw}"
            )
            if self._sets_aside(extract):
                parts.append(
                    f"select {origin}, [q.reason], to_json(r)::varchar from raw.{raw} r "
                    f"join {SET_ASIDE_SCHEMA}.{raw} q on q.source_row = r.rowid"
                )
        return " union all ".join(parts)

    def _distinct_keys(self, extract: Extract) -> _Keys:
        """The keys that an extract brought in; one with a null in it counts for each row."""
        columns = list(extract.key)
        raw = self._raw(extract)
        rows, checksum = self._fingerprint(raw, columns)
        arrived, arrived_checksum = self._fingerprint(extract.becomes or raw, extract.key.values())
        if (rows, checksum) == (arrived, arrived_checksum):
            return _Keys(rows, checksum)  # as many and the same as arrived: none stands twice
        listed = ", ".join(quote(column) for column in columns)
        complete = " and ".join(f"{quote(column)} is not null" for column in columns)
        several = f"(select distinct {listed} from {raw} where {complete})"
        distinct, checksum = self._fingerprint(
            f"(from {several} union all select {listed} from {raw} where not ({complete}))", columns
        )
        return _Keys(distinct, checksum)

    def _matched(self, extract: Extract, relation: str, brought: _Keys) -> int:
        """Rows of the relation whose key the extract brought in."""
        rows, checksum = self._fingerprint(relation, extract.key.values())
        if (rows, checksum) == (brought.distinct, brought.checksum):
            return rows
        pairs = " and ".join(
            f"r.{quote(ours)} is not distinct from t.{quote(column)}"
            for ours, column in extract.key.items()
        )
        brought_in = f"select 1 from (select * from {self._raw(extract)}) r where {pairs}"
        return self._count(f"{relation} t where exists ({brought_in})")

    def _fingerprint(self, relation: str, key: Iterable[str]) -> tuple[int, int]:
        """Count and order-free checksum of the keys: one cheap scan tells equal multisets.

        Two different ones would have to agree in a sum of 64-bit hashes.
        """
        columns = ", ".join(quote(column) for column in key)
        query = f"select count(*), coalesce(sum(hash({columns})), 0) from {relation}"
        if query not in self._seen:
            count, checksum = self.con.execute(query).fetchall()[0]
            self._seen[query] = (int(count), int(checksum))
        return self._seen[query]

    def _raw(self, extract: Extract) -> str:
        """The extract's rows that its domain did not set aside."""
        raw = f"raw.{quote(extract.table)}"
        if not self._sets_aside(extract):
            return raw
        aside = f"select source_row from {SET_ASIDE_SCHEMA}.{quote(extract.table)}"
        return f"(select * from {raw} where rowid not in ({aside})) kept"

    def _set_aside(self, extract: Extract) -> int:
        table = f"{SET_ASIDE_SCHEMA}.{quote(extract.table)}"
        return self._count(table) if self._sets_aside(extract) else 0

    def _sets_aside(self, extract: Extract) -> bool:
        return has_table(self.con, SET_ASIDE_SCHEMA, extract.table)

    def _count(self, relation: str) -> int:
        return int(self.con.execute(f"select count(*) from {relation}").fetchall()[0][0])
