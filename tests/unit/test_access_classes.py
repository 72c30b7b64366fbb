"""What each access class sees of a column, and what is left of a value behind a mask."""

from __future__ import annotations

import datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshport.cli.contract import lint_command
from meshport.contracts.access_class import (
    AGENT,
    access_classes,
    access_faults,
    scope_column,
    smallest_groups,
    view_of,
)
from meshport.contracts.classification import (
    Classification,
    Classifications,
    read_classifications,
)
from meshport.contracts.masking import CLEAR, mask_of
from meshport.errors import ContractError
from meshport.products.mesh import load_mesh
from meshport.sql_text import quote
from tests.building import ROOT, column, contract, copy_mesh, edit, table

SCALE = read_classifications(ROOT)
CUSTOMERS = "contracts/customers/customers.v1.odcs.yaml"


def a_contract(physical_type="VARCHAR", classification="restricted", **custom):
    """A contract with one column; without a classification where it is None."""
    listed = [{"property": name, "value": value} for name, value in custom.items()]
    one = column("secret", physical_type, classification=classification, customProperties=listed)
    given = {name: value for name, value in one.items() if value is not None}
    return contract(schema=[table("things", given)])


def a_column(*about, **custom):
    return a_contract(*about, **custom).table.columns[0]


@st.composite
def scales(draw):
    count = draw(st.integers(1, 6))
    opened = draw(st.integers(1, count))
    steps = (Classification(f"step{n}", n, "", n < opened) for n in range(count))
    return Classifications(tuple(steps))


MASKS = st.sampled_from([None, "drop", "null", "hash", "last4"])


@st.composite
def cases(draw):
    """A scale, and a column somewhere on it or off it."""
    scale = draw(scales())
    names = [step.name for step in scale.steps]
    classification = draw(st.sampled_from([*names, "whatever"]))
    custom = {"maskingPolicy": draw(MASKS), "untrustedText": draw(st.sampled_from([None, True]))}
    given = {name: value for name, value in custom.items() if value is not None}
    return scale, a_column("VARCHAR", classification, **given)


def amount(view):
    """How much of a value is left: nothing, a mask, all of it."""
    return 0 if view is None else 2 if view == CLEAR else 1


@given(cases())
def test_a_lower_class_never_sees_more_than_a_higher_one(case):
    scale, one = case
    classes = [reader for reader in access_classes(scale) if reader.name != AGENT]

    amounts = [amount(view_of(one, reader, scale)) for reader in classes]

    assert amounts == sorted(amounts)
    assert amounts[-1] == 2


@given(cases())
def test_agents_see_no_more_than_what_is_served_openly(case):
    scale, one = case
    by_name = {reader.name: reader for reader in access_classes(scale)}
    opened = [step.name for step in scale.steps if step.is_served_openly][-1]
    agent = amount(view_of(one, by_name[AGENT], scale))

    assert agent <= amount(view_of(one, by_name[opened], scale))
    assert agent == 0 or one.custom.get("untrustedText") is not True


@given(cases())
def test_a_mask_lowers_a_column_by_one_step_and_no_further(case):
    scale, one = case
    step = scale.find(one.classification)
    rank = step.rank if step else len(scale.steps) - 1
    for reader in access_classes(scale):
        if reader.name == AGENT:
            continue
        view = view_of(one, reader, scale)
        if reader.rank >= rank:
            assert view == CLEAR
        elif reader.rank == rank - 1:
            assert view == mask_of(one)
        else:
            assert view is None


def test_a_column_of_unknown_class_is_for_the_highest_alone():
    for classification in ("whatever", None):
        one = a_column("VARCHAR", classification)
        seeing = [r.name for r in access_classes(SCALE) if view_of(one, r, SCALE)]
        assert seeing == ["restricted"]


FITTING = {
    "drop": ["VARCHAR", "DATE", "INTEGER", "BOOLEAN", "UUID"],
    "null": ["VARCHAR", "DATE", "INTEGER", "BOOLEAN", "UUID"],
    "hash": ["VARCHAR", "DATE", "INTEGER", "BOOLEAN", "UUID"],
    "last4": ["VARCHAR", "VARCHAR(40)"],
    "year": ["DATE", "TIMESTAMP", "TIMESTAMPTZ"],
    "bucket(10)": ["INTEGER", "BIGINT", "TINYINT", "DOUBLE", "DECIMAL(9,2)"],
}
TYPES = sorted({one for types in FITTING.values() for one in types})


@pytest.mark.parametrize("policy", FITTING)
def test_a_mask_fits_some_types_and_is_refused_at_the_others(policy):
    taken = []
    for physical_type in TYPES:
        promised = a_contract(physical_type, maskingPolicy=policy)
        faults = [(fault.code, fault.place) for fault in access_faults(promised)]
        assert faults in ([], [("MP108", promised.table.columns[0].place)])
        taken += [] if faults else [physical_type]

    assert set(taken) >= set(FITTING[policy])
    general = policy in ("drop", "null", "hash")
    assert set(taken) == (set(TYPES) if general else set(FITTING[policy]))


NO_MASKS = (
    *("", "clear", "HASH", "sha256", "bucket", "bucket()", "bucket(0)", "bucket(-5)"),
    *("bucket(1.5)", "bucket(1e3)", "bucket(9999999999999)", "bucket(1); drop table x"),
    *(7, True, ["hash"]),
)


@pytest.mark.parametrize("policy", NO_MASKS, ids=str)
def test_there_is_no_other_mask(policy):
    with pytest.raises(ContractError) as refused:
        mask_of(a_column("INTEGER", maskingPolicy=policy))

    assert refused.value.code == "MP108"


def masked(policy, physical_type, literal, key="k" * 64):
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    con.execute("set variable mask_key = ?", [key])
    mask = mask_of(a_column(physical_type, maskingPolicy=policy))
    sql = mask.sql(quote("secret"), physical_type, "mask_key")
    return con.execute(
        f"select {sql}, typeof({sql}) from (select {literal}::{physical_type} as secret)"
    ).fetchone()


@pytest.mark.parametrize(
    ("policy", "physical_type", "literal", "expected"),
    [
        ("null", "DATE", "'2024-02-29'", (None, "DATE")),
        ("last4", "VARCHAR", "'+55 11 5555-1234'", ("1234", "VARCHAR")),
        ("last4", "VARCHAR", "'ab'", ("ab", "VARCHAR")),
        ("last4", "VARCHAR", "null", (None, "VARCHAR")),
        ("year", "DATE", "'1984-07-31'", (datetime.date(1984, 1, 1), "DATE")),
        ("year", "DATE", "null", (None, "DATE")),
        ("bucket(10)", "INTEGER", "47", (40, "INTEGER")),
        ("bucket(10)", "INTEGER", "-1", (-10, "INTEGER")),
        ("bucket(10)", "INTEGER", "null", (None, "INTEGER")),
        ("bucket(500)", "DECIMAL(9,2)", "1499.99", (Decimal("1000.00"), "DECIMAL(9,2)")),
        ("bucket(2)", "BIGINT", "9007199254740993", (9007199254740992, "BIGINT")),
    ],
)
def test_what_is_left_of_a_value(policy, physical_type, literal, expected):
    assert masked(policy, physical_type, literal) == expected


@pytest.mark.parametrize("physical_type", ["VARCHAR", "INTEGER", "DATE"])
def test_a_hash_is_equal_for_equal_values_and_keys_only(physical_type):
    literal, other = {
        "VARCHAR": ("'a@b.example'", "'a@b.example '"),
        "INTEGER": ("7", "8"),
        "DATE": ("'2024-01-01'", "'2024-01-02'"),
    }[physical_type]

    first, native = masked("hash", physical_type, literal)

    assert native == "VARCHAR"
    assert masked("hash", physical_type, literal)[0] == first
    assert masked("hash", physical_type, other)[0] != first
    assert masked("hash", physical_type, literal, key="j" * 64)[0] != first
    assert masked("hash", physical_type, "null")[0] is None


def test_the_row_scope_and_the_smallest_groups_are_those_of_the_contract():
    scoped = column("state", "VARCHAR", customProperties=[{"property": "rowScope", "value": True}])
    count = column(
        "people", "INTEGER", customProperties=[{"property": "minimumGroupSize", "value": 5}]
    )
    made = contract(schema=[table("things", column("k", "VARCHAR"), scoped, count)]).table

    assert scope_column(made).name == "state"
    assert smallest_groups(made.columns) == {"people": 5}


@pytest.mark.parametrize(
    ("physical_type", "custom", "code"),
    [
        ("VARCHAR", {"maskingPolicy": "hsah"}, "MP108"),
        ("INTEGER", {"maskingPolicy": "last4"}, "MP108"),
        ("VARCHAR", {"untrustedText": "yes"}, "MP109"),
        ("VARCHAR", {"untrustedText": 1}, "MP109"),
        ("VARCHAR", {"rowScope": "true"}, "MP109"),
        ("INTEGER", {"minimumGroupSize": "5"}, "MP109"),
        ("INTEGER", {"minimumGroupSize": 1}, "MP109"),
        ("INTEGER", {"minimumGroupSize": True}, "MP109"),
        ("INTEGER", {"minimumGroupSize": 2.5}, "MP109"),
        ("VARCHAR", {"minimumGroupSize": 5}, "MP109"),
        ("VARCHAR", {"maskingPolicy": "hash", "untrustedText": True, "rowScope": False}, None),
        ("INTEGER", {"minimumGroupSize": 5, "maskingPolicy": "bucket(10)"}, None),
    ],
)
def test_a_property_of_access_that_means_nothing_is_a_fault(physical_type, custom, code):
    found = [fault.code for fault in access_faults(a_contract(physical_type, **custom))]

    assert found == ([code] if code else [])


def test_a_second_row_scope_is_a_fault_at_its_own_place():
    scope = {"customProperties": [{"property": "rowScope", "value": True}]}
    columns = (column("a", "VARCHAR", **scope), column("b", "VARCHAR", **scope))
    made = contract(schema=[table("things", *columns)])

    (fault,) = access_faults(made)

    assert (fault.code, fault.place) == ("MP109", made.table.columns[1].place)


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("phone", "value: last4", "value: last5", "MP108"),
        ("birth_on", "value: year", "value: bucket(10)", "MP108"),
        ("state", "property: rowScope, value: true", "property: rowScope, value: 'on'", "MP109"),
    ],
)
def test_a_fault_of_access_is_linted_with_its_line_and_takes_no_other_domain_along(
    tmp_path, monkeypatch, capsys, name, old, new, code
):
    root = copy_mesh(tmp_path / "mesh")
    edit(root / CUSTOMERS, old, new)
    monkeypatch.chdir(root)

    assert lint_command([], False) == 1

    line = (root / CUSTOMERS).read_text().splitlines().index(f"      - id: {name}") + 1
    assert f"{code} {CUSTOMERS}:{line}:" in capsys.readouterr().out
    mesh = load_mesh(root)
    assert {domain: error.code for domain, error in mesh.broken.items()}["customers"] == code
    assert set(mesh.products) >= {"catalog", "orders"}
