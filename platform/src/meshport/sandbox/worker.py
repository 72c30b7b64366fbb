"""The life of one sandboxed process: one query, gated, answered, gone.

    server                                        worker
    {limit}                                    →            where they are not the usual ones
    {open}                                     →            the tables, before the gate or after it
    {gate}                                     →
                                               ←  {tables, fingerprint, columns} or {refused}
    {expect}                                   →            instead, if the gate let it pass before
    {answer}, {plan} or {first_value}          →
                                               ←  pieces, {rows, bytes, cut}; {plan}; {value}

A failure is said instead of the next reply. It never serves a second query, so nothing of one can
wait for the next.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, BinaryIO, cast

from meshport.sandbox.channel import Channel, ClosedError
from meshport.sandbox.confine import limit_files, limit_process, open_only, rehearse_landlock
from meshport.sandbox.engine import (
    Connection,
    Question,
    bound,
    column_bytes,
    explained,
    make_room,
    open_tables,
    parse,
    rehearse,
    rehearse_on,
)
from meshport.sandbox.gate import RefusedError, gate
from meshport.sandbox.question import Limits, Shape
from meshport.sandbox.sink import Sink

# What the engine's own limit on expressions may reach, as JSON and as calls.
_RECURSION = 10_000
_SPARE_FILES = 24
_USUAL = Limits()
_LAST = ("answer", "plan", "first_value")


def serve(con: Connection, channel: Channel, landlock: int, rehearsal: str | None) -> None:
    """Answer one query; never returns, whatever happens."""
    code = 1
    try:
        sys.setrecursionlimit(_RECURSION)
        if rehearsal:
            rehearse(con, rehearsal)
        if rehearsal and landlock:
            rehearse_landlock(landlock)
        # While nobody waits; a query with other limits gets them later.
        limit_process(_USUAL.memory_mb, _USUAL.seconds)
        _Life(con, channel, landlock).run()
        code = 0
    except ClosedError:
        pass
    except BaseException:  # noqa: BLE001  a forked process must not run what its parent would
        code = 2
    finally:
        os._exit(code)


class _Life:
    def __init__(self, con: Connection, channel: Channel, landlock: int) -> None:
        self.con = con
        self.channel = channel
        self.landlock = landlock
        self.tables: Sequence[Mapping[str, Any]] | None = None
        self.rooms: set[str] = set()
        self.question: Question | None = None

    def run(self) -> None:
        """The whole conversation."""
        acts: dict[str, Callable[[Any], None]] = {
            "limit": self._limit, "open": self._open, "rehearse": self._rehearse,
            "gate": self._gate, "expect": self._expect,
            "answer": self._answer, "plan": self._plan, "first_value": self._first_value,
        }  # fmt: skip
        try:
            act = ""
            while act not in _LAST:
                ((act, about),) = self._next().items()
                acts[act](about)
            # Giving back its memory would take the processor from what is to become of the answer.
            self._next()
        except ClosedError:
            raise
        except RefusedError as error:
            self.channel.send({"refused": error.words, "rule": error.rule})
        except Exception as error:  # noqa: BLE001  parser and engine may fail in any way
            self.channel.send({"failed": explained(error, _files_of(self.tables or ()))})

    def _limit(self, said: Mapping[str, Any]) -> None:
        limits = Limits(**said)
        limit_process(limits.memory_mb, limits.seconds * limits.threads)
        bound(self.con, limits.memory_mb, limits.threads)

    def _gate(self, query: str) -> None:
        gated = gate(parse(self.con, query))
        columns = None if gated.columns is None else sorted(gated.columns)
        about = {"fingerprint": gated.fingerprint, "columns": columns}
        self.channel.send({"tables": gated.tables, **about})
        # While the server thinks about it.
        self._make_room(table.schema for table in gated.tables)
        if self.tables is not None:
            self._expect(query)

    def _expect(self, query: str) -> None:
        self.question = Question(self.con, query)

    def _open(self, tables: Sequence[Mapping[str, Any]]) -> None:
        self.tables = tables
        files = _files_of(tables)
        self._make_room(table["schema"] for table in tables)
        limit_files(len(files) + _SPARE_FILES)
        if self.landlock:
            open_only(files, self.landlock)
        open_tables(self.con, tables)

    def _rehearse(self, table: Mapping[str, Any]) -> None:
        rehearse_on(self.con, table)

    def _make_room(self, schemas: Iterable[str]) -> None:
        wanted = set(schemas) - self.rooms
        make_room(self.con, wanted)
        self.rooms |= wanted

    def _answer(self, asked: Mapping[str, Any]) -> None:
        question, sink = self._bound(asked["query"]), Sink(self.channel)
        self.channel.send(question.answer(Shape(**asked["shape"]), cast(BinaryIO, sink)))

    def _plan(self, query: str) -> None:
        question, tables = self._bound(query), self.tables or ()
        sizes = {t["schema"] + "." + t["name"]: column_bytes(self.con, t) for t in tables}
        plan = {"columns": question.columns, "operators": question.plan(), "column_bytes": sizes}
        self.channel.send({"plan": plan})

    def _first_value(self, query: str) -> None:
        question = self._bound(query)
        self.channel.send({"type": question.columns[0][1], "value": question.first_value()})

    def _bound(self, query: str) -> Question:
        if self.question and self.question.query == query:
            return self.question
        return Question(self.con, query)

    def _next(self) -> Mapping[str, Any]:
        message = self.channel.receive()
        if isinstance(message, bytes):
            raise ClosedError
        return message


def _files_of(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    return [file for table in tables for file in table["files"]]
