"""Which comparator judges which clause: the whole standard, so that "no finding" means compared.

A test holds this table against the official schema: every key of it is judged here, is part of
the tree's structure, or is listed as judged together with another.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from meshport.changes import levels, privacy, quality, types, values
from meshport.changes.element import Element, Kind
from meshport.changes.judgement import (
    Change,
    Comparator,
    Judgement,
    accepted,
    exact_only,
    flag,
    stated,
    unordered,
    words,
)
from meshport.changes.relation import Relation, of_containment

_MAJOR = re.compile(r"\.v\d+(?=\.odcs\.yaml)")
_STATUSES = ("proposed", "draft", "active", "deprecated", "retired")
_ACCESS = ("none", "read", "write", "admin")


def status(change: Change) -> Iterator[Judgement]:
    """VER06: forward along the life cycle, or not."""
    known = [s for s in (change.old, change.new) if s in _STATUSES]
    forward = len(known) < 2 or _STATUSES.index(known[0]) < _STATUSES.index(known[1])
    yield Judgement("VER06", Relation.EQUAL, str(change), "forward" if forward else "backward")


def api_version(change: Change) -> Iterator[Judgement]:
    """VER08: forward, or back."""
    forward = str(change.old or "") < str(change.new or "")
    relation = Relation.STRENGTHENED if forward else Relation.WEAKENED
    yield Judgement("VER08", relation, str(change))


def described(change: Change) -> Iterator[Judgement]:
    """SEM04: words for people; those of a critical data element deserve a second look."""
    is_critical = bool(change.after.clauses.get("criticalDataElement"))
    yield Judgement("SEM04", Relation.EQUAL, str(change), "critical" if is_critical else "")


def grain(change: Change) -> Iterator[Judgement]:
    """OBJ005: the words about the grain; a change of the key says it itself."""
    if change.before.clauses.get("key") == change.after.clauses.get("key"):
        yield Judgement("OBJ005", Relation.UNKNOWN, str(change), "described")


def key(change: Change) -> Iterator[Judgement]:
    """KEY02 to KEY04: the set and the order of the key's columns."""
    if change.old is None or change.new is None:
        relation = Relation.STRENGTHENED if change.old is None else Relation.WEAKENED
        yield Judgement("KEY03", relation, str(change))
    elif set(change.old) == set(change.new):
        yield Judgement("KEY04", Relation.EQUAL, str(change))
    else:
        yield Judgement("KEY02", Relation.INCOMPARABLE, str(change))


def order(change: Change) -> Iterator[Judgement]:
    """FLD005: the order of the columns that are in both."""
    both = set(change.old or ()) & set(change.new or ())
    old, new = ([name for name in one or () if name in both] for one in (change.old, change.new))
    if old != new:
        yield Judgement("FLD005", Relation.EQUAL, "the order of columns changed")


def strictness(change: Change) -> Iterator[Judgement]:
    """FLD010: whether columns beyond the declared ones may come."""
    opened = change.new in (True, "open")
    yield Judgement("FLD010", Relation.WEAKENED if opened else Relation.STRENGTHENED, str(change))


def critical(change: Change) -> Iterator[Judgement]:
    """SEM07: the mark of a critical data element."""
    yield Judgement(
        "SEM07", Relation.WEAKENED if change.old else Relation.STRENGTHENED, str(change)
    )


def time_zone(change: Change) -> Iterator[Judgement]:
    """TYP13: whether instants are zoned, and which zone is meant without one."""
    yield Judgement("TYP13", Relation.INCOMPARABLE, str(change))


def price(change: Change) -> Iterator[Judgement]:
    """TRM02: a lower price in the same currency and unit is the only good news."""
    numbers = [v if isinstance(v, int | float) else 0 for v in (change.old, change.new)]
    lowered = change.clause == "priceAmount" and numbers[1] < numbers[0]
    relation = Relation.STRENGTHENED if lowered else Relation.WEAKENED
    yield Judgement("TRM02", relation, str(change))


def access(change: Change) -> Iterator[Judgement]:
    """ACC01, ACC02: whether the role may do less or more."""
    old, new = ((_ACCESS.index(v) if v in _ACCESS else 1) for v in (change.old, change.new))
    if new < old:
        yield Judgement("ACC01", Relation.WEAKENED, str(change))
    else:
        yield Judgement("ACC02", Relation.UNKNOWN, str(change))


def approvers(change: Change) -> Iterator[Judgement]:
    """ACC01, ACC02: fewer pairs of eyes, or more."""
    fewer = change.new is None
    yield Judgement("ACC01" if fewer else "ACC02", Relation.WEAKENED, str(change))


def target(change: Change) -> Iterator[Judgement]:
    """KEY05: another target is another promise; the same column of another major is a move."""
    ports = {_MAJOR.sub("", str(value)) for value in (change.old, change.new)}
    case = "another major" if len(ports) == 1 else ""
    relation = Relation.UNKNOWN if case else Relation.INCOMPARABLE
    yield Judgement("KEY05", relation, str(change), case)


def cardinality(change: Change) -> Iterator[Judgement]:
    """KEY05: many on the far side multiply rows."""
    widened = str(change.new or "").endswith("many")
    relation = Relation.WEAKENED if widened else Relation.STRENGTHENED
    yield Judgement("KEY05", relation, str(change))


def required_members(change: Change) -> Iterator[Judgement]:
    """VAL05: which members of an object are always there."""
    old, new = change.old or frozenset(), change.new or frozenset()
    relation = of_containment(new_in_old=old <= new, old_in_new=new <= old)
    yield Judgement("VAL05", relation, str(change))


def nothing(_change: Change) -> Iterator[Judgement]:
    """What is judged together with another clause, or is no promise."""
    return iter(())


_SPOKEN = {name: words("SEM04") for name in ("synonyms", "context", "businessName")}
_DEFINITIONS = {"authoritativeDefinitions": unordered("SEM05")}

_CONTRACT: dict[str, Comparator] = {
    **_SPOKEN, **_DEFINITIONS, "description.authoritativeDefinitions": unordered("SEM05"),
    "id": exact_only("VER07"), "version": nothing, "apiVersion": api_version, "status": status,
    "name": words("SEM04"), "purpose": words("SEM04"), "usage": unordered("TRM01"),
    "limitations": unordered("TRM01"), "domain": stated("OWN01"), "tenant": stated("OWN01"),
    "team": stated("OWN01"), "dataProduct": stated("OWN01"), "tags": privacy.tags,
    "contractCreatedTs": words("SEM04"), "slaDefaultElement": exact_only("SLA04"),
    "priceAmount": price, "priceCurrency": price, "priceUnit": price,
    "customProperties.compatibilityMode": words("SEM08"),
}  # fmt: skip

_TABLE: dict[str, Comparator] = {
    **_SPOKEN, **_DEFINITIONS,
    "physicalName": exact_only("OBJ003"), "physicalType": unordered("OBJ004"),
    "description": words("SEM04"),
    "dataGranularityDescription": grain, "key": key, "order": order, "tags": privacy.tags,
    "deprecated": words("FLD006"), "customProperties.additionalColumns": strictness,
    "customProperties.strictness": strictness,
}  # fmt: skip

_COLUMN: dict[str, Comparator] = {
    **_SPOKEN, **_DEFINITIONS,
    "logicalType": types.logical_type, "physicalType": types.physical_type,
    "physicalName": exact_only("FLD003"), "description": described, "required": flag("NUL01"),
    "unique": flag("KEY01"), "values": values.value_list, "range": accepted("VAL01"),
    "length": accepted("VAL01"), "items": accepted("VAL01"), "members": accepted("VAL01"),
    "pattern": values.pattern, "format": stated("VAL03"), "multipleOf": values.multiple_of,
    "uniqueItems": flag("VAL05"), "members_required": required_members,
    "timezone": time_zone, "defaultTimezone": time_zone, "examples": words("VAL06"),
    "dimensions": exact_only("VAL07"), "elementType": exact_only("VAL07"),
    "distanceMetric": exact_only("VAL07"), "embeddingModel": exact_only("VAL07"),
    "embeddingModelVersion": exact_only("VAL07"), "normalized": exact_only("VAL07"),
    "customProperties.encoding": exact_only("TYP18"), "encryptedName": exact_only("PII05"),
    "classification": privacy.classification, "tags": privacy.tags, "criticalDataElement": critical,
    "deprecated": words("FLD006"), "semanticType": exact_only("FLD007"),
    "partitioned": unordered("FLD008"), "partitionKeyPosition": unordered("FLD008"),
    "transformLogic": unordered("SEM02"), "transformSourceObjects": unordered("SEM02"),
    "transformDescription": words("SEM04"),
    "customProperties.enumPolicy": values.policy,
    "customProperties.maskingPolicy": privacy.mask,
    "customProperties.pii": privacy.personal_mark,
    "customProperties.unit": exact_only("SEM01"), "customProperties.currency": exact_only("SEM01"),
    "customProperties.aggregation": exact_only("SEM01"),
    "customProperties.sign": exact_only("SEM01"),
    "customProperties.timezoneOfDay": exact_only("SEM01"),
}  # fmt: skip

_VALUE: dict[str, Comparator] = {
    "value": exact_only("DOM03"), "label": words("DOM05"), "description": words("DOM05"),
    "tags": words("DOM05"), "authoritativeDefinitions": words("DOM05"),
}  # fmt: skip

_RULE: dict[str, Comparator] = {
    "threshold": quality.threshold, "severity": quality.severity, "query": quality.query,
    "arguments": quality.arguments, "type": quality.kind, "metric": exact_only("QUA06"),
    "engine": unordered("QUA08"), "implementation": unordered("QUA08"), "method": words("QUA12"),
    "schedule": unordered("QUA09"), "scheduler": nothing, "description": words("QUA12"),
    "dimension": words("QUA12"), "businessImpact": words("QUA12"), "tags": words("QUA12"),
    "authoritativeDefinitions": words("QUA12"), "name": words("QUA12"),
}  # fmt: skip

_REFERENCE: dict[str, Comparator] = {
    "to": target, "from": target, "type": target, "customProperties.cardinality": cardinality,
    "customProperties.onMissingTarget": unordered("KEY05"),
}  # fmt: skip

_LEVEL: dict[str, Comparator] = {
    "value": levels.value, "unit": levels.unit, "valueExt": unordered("SLA02"),
    "property": exact_only("SLA04"), "element": exact_only("SLA04"), "driver": levels.driver,
    "schedule": levels.schedule, "scheduler": nothing, "description": words("SLA07"),
    "authoritativeDefinitions": words("SLA07"),
    "customProperties.retentionKind": exact_only("SLA04"),
}  # fmt: skip

_SERVER_FORMAT = ("type", "format", "delimiter", "encoding", "compression", "fileFormat")
_SERVER_WORDS = ("description", "roles")
_ROLE: dict[str, Comparator] = {
    "role": exact_only("ACC01"), "access": access, "firstLevelApprovers": approvers,
    "secondLevelApprovers": approvers, "description": words("OWN03"),
}  # fmt: skip
_CHANNEL: dict[str, Comparator] = {
    name: words("OWN03")
    for name in ("channel", "tool", "url", "scope", "description", "invitationUrl")
}  # fmt: skip
_MEMBER: dict[str, Comparator] = {
    name: words("OWN03")
    for name in ("username", "name", "role", "description", "dateIn", "dateOut", "tags",
                 "replacedByUsername", "authoritativeDefinitions")
}  # fmt: skip

COMPARATORS: Mapping[Kind, Mapping[str, Comparator]] = {
    Kind.CONTRACT: _CONTRACT,
    Kind.TABLE: _TABLE,
    Kind.COLUMN: _COLUMN,
    Kind.VALUE: _VALUE,
    Kind.RULE: _RULE,
    Kind.REFERENCE: _REFERENCE,
    Kind.LEVEL: _LEVEL,
    Kind.ROLE: _ROLE,
    Kind.CHANNEL: _CHANNEL,
    Kind.MEMBER: _MEMBER,
}


def comparator(element: Element, clause: str) -> Comparator:
    """What judges this clause; a company's own properties are documentation unless listed."""
    if element.kind is Kind.SERVER:
        return _of_server(clause)
    found = COMPARATORS[element.kind].get(clause)
    return found or words("SEM08")


def _of_server(clause: str) -> Comparator:
    if clause in _SERVER_FORMAT:
        return exact_only("PRT02")
    if clause == "environment":
        return exact_only("PRT04")
    if clause in _SERVER_WORDS or clause.startswith("customProperties."):
        return words("PRT06")
    return nothing if clause == "server" else exact_only("PRT03")
