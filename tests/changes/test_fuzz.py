"""Whatever a contract file holds, the comparison ends in findings or in one clear error."""

from __future__ import annotations

import copy
import time
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshport.changes.difference import difference
from meshport.changes.examples import base, base_text
from meshport.changes.judgement import Surroundings
from meshport.checks.plan import plan
from meshport.errors import MeshportError
from meshport.reports import github, json, junit, markdown, omds, sarif, text
from meshport.reports.result import ContractReport, Report
from meshport.yaml_file import MAX_BYTES, dump_yaml, parse_yaml

AROUND = Surroundings(today=date(2026, 11, 21))
BASE = base()
FORMATS = (github, json, junit, markdown, omds, sarif, text)
PATHS: list[tuple] = []


def collect(value, path=()):
    if path:
        PATHS.append(path)
    items = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, inner in items:
        collect(inner, (*path, key))


collect(BASE.value)

HOSTILE = [
    "", " ", "a.b", "'", '"', "`", "\u202eevil", "\u0000x", "🙂", "{object}", "^(a+)+$", "P1D",
    "DECIMAL(99,99)", "STRUCT(", "VARCHAR(999999999999)", "MAP(VARCHAR)", "* * * * *", "no",
    "1e999", "2026-13-45", "../../../etc/passwd#/schema/x/properties/y", "select 1; drop table x",
    "0 0 31 2 *",
]  # fmt: skip
odd = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(HOSTILE)
    | st.lists(st.integers(), max_size=3)
    | st.dictionaries(st.text(max_size=5), st.integers(), max_size=2)
)


@st.composite
def mutated(draw):
    """The example with one to three places replaced, removed, doubled or renamed."""
    document = copy.deepcopy(BASE.value)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(PATHS))
        node = document
        for part in path[:-1]:
            known = isinstance(node, list) and isinstance(part, int) and part < len(node)
            if not known and not (isinstance(node, dict) and part in node):
                break
            node = node[part]
        else:
            change(node, path[-1], draw)
    return document


def change(node, key, draw):
    how = draw(st.sampled_from(["replace", "remove", "double", "rename"]))
    if isinstance(node, dict) and key in node:
        if how == "remove":
            del node[key]
        elif how == "rename":
            node[draw(st.text(min_size=1, max_size=12))] = node.pop(key)
        else:
            node[key] = draw(odd)
    elif isinstance(node, list) and isinstance(key, int) and key < len(node):
        if how == "remove":
            del node[key]
        elif how == "double":
            node.append(copy.deepcopy(node[key]))
        else:
            node[key] = draw(odd)


def judged(text: bytes) -> str:
    """How it ends: the verdict in both directions, or the code of the error."""
    try:
        new = parse_yaml(text, "new")
        there, back = difference(BASE, new, AROUND), difference(new, BASE, AROUND)
    except MeshportError as error:
        return error.code
    assert [one.as_json() for one in there.findings] or not back.findings
    for one in (there.old, there.new):
        plan(one)
    report = Report("diff", (ContractReport(there), ContractReport(back)))
    for form in FORMATS:
        form.render(report)
    return there.verdict.value


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(mutated())
def test_a_mutated_contract_is_compared_or_refused(document):
    assert judged(dump_yaml(document).encode())


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_contract_cut_or_spliced_anywhere_is_compared_or_refused(data):
    text = base_text().encode()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 400)))
    splice = data.draw(st.binary(max_size=12))

    assert judged(text[:start] + splice + text[end:])


BOMB = b"a: &a [x, x]\n" + b"".join(
    b"%c: &%c [*%c, *%c, *%c]\n" % (98 + i, 98 + i, 97 + i, 97 + i, 97 + i) for i in range(20)
)


@pytest.mark.parametrize(
    "text",
    [BOMB, b"x: " * 100_000, b"[" * 1_000_000, b"x" * (MAX_BYTES + 1), b"\xff\xfe\x00", b"",
     b"kind: DataContract\nkind: DataContract\n", b"schema:\n\t- name: x\n", b"no", b"- 1\n"],
    ids=["aliases", "nesting", "brackets", "too large", "bytes", "empty", "twice", "tab", "word",
         "list"],
)  # fmt: skip
def test_what_is_meant_to_hurt_costs_little_and_is_refused(text):
    start = time.process_time()

    assert judged(text).startswith("MP1")
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    "arguments", ["{validValues: 5}", "{validValues: null}", "{properties: 5}"]
)
@pytest.mark.parametrize("metric", ["invalidValues", "duplicateValues"])
def test_arguments_that_are_no_list_are_compared_as_they_stand(metric, arguments):
    rule = "metric: invalidValues, arguments: {validValues: [web, app]}, mustBe: 0"
    odd_one = f"metric: {metric}, arguments: {arguments}, mustBe: 0"

    assert judged(base_text().replace(rule, odd_one).encode()) == "major"


@pytest.mark.parametrize("value", ["false", "null", '""', "0", "[]"])
def test_a_listed_value_that_says_nothing_is_a_value_all_the_same(value):
    assert judged(base_text().replace("value: open,", f"value: {value},").encode())


def test_a_pattern_that_explodes_is_compared_as_text():
    hostile = base_text().replace("^[A-Z]{4}[0-9]+$", "^((a+)+)+$")

    assert judged(hostile.encode()) == "minor"


@pytest.mark.parametrize(
    "query",
    ["select " + "(" * 5000 + "1" + ")" * 5000, "select 1;" * 5000, "))((", "select"],
    ids=["deep", "many", "closing", "word"],
)
def test_a_query_that_is_no_query_is_compared_as_text(query):
    hostile = base_text().replace("select count(*) from {object} where line_count = 0", query)

    assert judged(hostile.encode()) == "minor"
