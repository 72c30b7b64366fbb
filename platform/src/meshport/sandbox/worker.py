"""The life of one sandboxed process: one query, gated, answered, gone.

    server                                        worker
    {query, limits}                            →
                                               ←  {tables, fingerprint} or {refused}
    {tables}                                   →
                                               ←  {columns} or {failed}
    {shape}, {explain} or {first_value}        →
                                               ←  pieces, {rows, bytes, cut}; {plan}; {value}

It never serves a second query, so nothing of one can wait for the next.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
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
)
from meshport.sandbox.gate import RefusedError, gate
from meshport.sandbox.question import Limits, Shape
from meshport.sandbox.sink import Sink

# What the engine's own limit on expressions may reach, as JSON and as calls.
_RECURSION = 10_000
_SPARE_FILES = 24
_USUAL = Limits()


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
        self.paths: list[str] = []

    def run(self) -> None:
        """The whole conversation."""
        asked = self._next()
        limits = Limits(asked["seconds"], asked["memory_mb"], asked["threads"])
        if limits != _USUAL:
            limit_process(limits.memory_mb, limits.seconds * limits.threads)
            bound(self.con, limits.memory_mb, limits.threads)
        try:
            gated = gate(parse(self.con, asked["query"]))
        except RefusedError as error:
            self.channel.send({"refused": error.words, "rule": error.rule})
            return
        except Exception as error:  # noqa: BLE001  the parser may fail in any way
            self.channel.send({"failed": explained(error, ())})
            return
        columns = None if gated.columns is None else sorted(gated.columns)
        about = {"fingerprint": gated.fingerprint, "columns": columns}
        self.channel.send({"tables": gated.tables, **about})
        try:
            # While the server thinks about it.
            make_room(self.con, (table.schema for table in gated.tables))
            self._answer(asked["query"])
        except ClosedError:
            raise
        except Exception as error:  # noqa: BLE001  so may the engine
            self.channel.send({"failed": explained(error, self.paths)})

    def _answer(self, query: str) -> None:
        tables = self._next()["tables"]
        self.paths = [file for table in tables for file in table["files"]]
        limit_files(len(self.paths) + _SPARE_FILES)
        if self.landlock:
            open_only(self.paths, self.landlock)
        open_tables(self.con, tables)
        question = Question(self.con, query)
        self.channel.send({"columns": question.columns})
        wanted = self._next()
        if "explain" in wanted:
            sizes = {t["schema"] + "." + t["name"]: column_bytes(self.con, t) for t in tables}
            self.channel.send({"plan": question.plan(), "column_bytes": sizes})
            return
        if "first_value" in wanted:
            self.channel.send({"value": question.first_value()})
            return
        shape = Shape(**wanted["shape"])
        done = question.answer(shape, cast(BinaryIO, Sink(self.channel)))
        self.channel.send(done)

    def _next(self) -> Mapping[str, Any]:
        message = self.channel.receive()
        if isinstance(message, bytes):
            raise ClosedError
        return message
