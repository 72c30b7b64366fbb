"""Consumers that rely on more than a contract promises (CON02): they hold until they do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from meshport.errors import Place
from meshport.lineage.consumers import ColumnNeed, Consumer
from meshport.lineage.dbt_words import ColumnTest
from meshport.lineage.graph import MeshLineage, Table, TableColumn
from meshport.lineage.origins import handed_on
from meshport.lineage.promises import PromisedColumn
from meshport.names import PortId
from meshport.sql.lineage import ROWS, ComparedValue, How

RULE = "CON02"
_TESTS = {"not_null": "not_null", "unique": "unique", "accepted_values": "values"}


@dataclass(frozen=True)
class Overreach:
    """One thing that a consumer relies on and nobody promised."""

    consumer: str
    port: PortId
    column: str
    message: str
    place: Place
    hint: str

    rule: str = RULE


def overreaches(lineage: MeshLineage, consumers: Iterable[Consumer]) -> list[Overreach]:
    """Everything that registered consumers and models rely on beyond the promise, by place."""
    registered = list(consumers)
    found = [
        *(one for consumer in registered for one in _of_consumer(lineage, consumer)),
        *_unknown_ports(lineage, registered),
        *(
            one
            for domain in lineage.domains.values()
            for test in domain.tests
            for one in _of_test(lineage, domain.domain, test)
        ),
        *(one for table in lineage.models for one in _of_model(lineage, table)),
    ]
    return sorted(found, key=lambda one: (one.place.file, one.place.line or 0, one.message))


def _of_consumer(lineage: MeshLineage, consumer: Consumer) -> Iterator[Overreach]:
    for need in consumer.needs:
        port = lineage.port_of(need.table)
        for column in need.columns if port is not None else ():
            assert port is not None
            promised = lineage.promises[port].column(column.name)
            for message in _asked_beyond(promised, column):
                yield _found(consumer.name, (port, column.name), message, column.place)


def _asked_beyond(promised: PromisedColumn | None, column: ColumnNeed) -> Iterator[str]:
    if promised is None:
        yield f"the contract promises no column `{column.name}`"
        return
    relied = (_beyond(promised, one, column.literals) for one in column.relies_on)
    asked = (ComparedValue("", column.name, text, None) for text in column.literals)
    compared = (_never_met(promised, one) for one in asked)
    yield from (message for message in (*relied, *compared) if message)


def _unknown_ports(lineage: MeshLineage, consumers: Iterable[Consumer]) -> Iterator[Overreach]:
    """Registered consumers that name a port which no contract promises."""
    for one in consumers:
        for need in one.needs:
            if need.port is not None and need.port not in lineage.promises:
                message = f"no contract promises the port {need.port}"
                yield _found(one.name, (need.port, ""), message, need.place)


def _of_test(lineage: MeshLineage, domain: str, test: ColumnTest) -> Iterator[Overreach]:
    """A dbt test on a column that is a port's own, handed on as it is."""
    table = lineage.declared(domain, test.relation)
    # What a domain tests of itself is its own affair.
    source = handed_on(lineage, TableColumn(table, test.column), domain)
    if source is None:
        return
    port, name, passed = source
    promised = lineage.promises[port].column(name)
    if promised is None or any(_ensures(lineage, *one, test.test) for one in passed):
        return
    message = _beyond(promised, _TESTS[test.test], test.values)
    if message:
        place = Place(test.file, test.line)
        shown = f"{domain}.{test.relation.partition('.')[2]}"
        yield _found(shown, (port, name), f"its test `{test.test}`: {message}", place)


def _of_model(lineage: MeshLineage, table: Table) -> Iterator[Overreach]:
    """A model that compares a port's column with a text that the port never holds."""
    for compared in lineage.models[table].query.values:
        start = TableColumn(lineage.table(table.domain, compared.relation), compared.column)
        source = handed_on(lineage, start)
        if source is not None:
            port, name, _ = source
            promised = lineage.promises[port].column(name)
            message = _never_met(promised, compared) if promised else None
            if message:
                place = lineage.place(table, compared.line)
                yield _found(str(table), (port, name), message, place)


def _ensures(lineage: MeshLineage, model: Table, used: TableColumn, test: str) -> bool:
    """Whether a model may itself see to what is tested of the column it uses."""
    made = lineage.made_from(model, ROWS)
    shaping = [(source, how) for source, how, _ in made if source.column != ROWS]
    if test == "unique":
        return any(how is not How.SORT for _, how in shaping)
    return any(source == used and how in (How.FILTER, How.JOIN) for source, how in shaping)


def _beyond(promised: PromisedColumn, relied: str, values: tuple[str, ...]) -> str | None:
    """What of a reliance is not promised, as a sentence."""
    if relied == "not_null" and not promised.is_required:
        return "the contract allows nulls"
    if relied == "unique" and not promised.is_unique:
        return "the contract allows the same value twice"
    if relied == "values" and not promised.values:
        return "the contract lists no values"
    more = sorted(set(promised.values) - set(values)) if relied == "values" and values else []
    return f"the contract also allows {', '.join(f'`{one}`' for one in more)}" if more else None


def _never_met(promised: PromisedColumn, compared: ComparedValue) -> str | None:
    if not promised.values or any(map(compared.means, promised.values)):
        return None
    return f"it compares with `{compared.value}`, which the contract does not list"


def _found(consumer: str, about: tuple[PortId, str], message: str, place: Place) -> Overreach:
    port, column = about
    relied = f"{port}.{column}" if column else str(port)
    message = f"`{consumer}` relies on {relied}: {message}"
    hint = f"ask the owner of {port} to promise it, or do without"
    return Overreach(consumer, port, column, message, place, hint)
