"""Rows that break the contract by themselves are set aside, up to a budget; all else refuses."""

from __future__ import annotations

import pytest

from meshport.errors import ContractError
from meshport.publishing.quarantine import budget_percent
from tests.building import column, contract
from tests.publishing.shop import PARTS, THINGS, Shop, query, things


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path)


def budget_of(stated):
    return {"customProperties": [{"property": "quarantineBudget", "value": stated}]}


def with_bad(good, bad):
    return [*things(good), *((f"x{n:06d}", -1) for n in range(bad))]


def broken(outcome):
    return {check["id"] for check in outcome.refusal["checks"]}


def test_a_bad_row_goes_to_quarantine_whole_and_with_the_check_it_breaks(shop):
    manifest = shop.publish([*things(200), ("minus", -1)], [("p1", "t000001")]).manifest

    part = manifest.ports[str(THINGS)]
    assert (part.rows, part.quarantine.rows) == (200, 1)
    assert part.quarantine.by_reason == {"size__minimum": 1}
    assert ("minus", -1) not in shop.rows(THINGS)
    (file,) = part.quarantine.files
    assert query(f"from '{shop.store.folder / file.path}'") == [
        ("things_v1", ["size__minimum"], '{"thing_id":"minus","size":-1}')
    ]
    (found,) = [check for check in part.checks if check.id == "size__minimum"]
    assert (found.status, found.message) == ("passed", "no row breaks it; 1 set aside")


def test_a_row_that_breaks_two_checks_is_one_row_with_two_reasons(shop):
    manifest = shop.publish([*things(200), ("much-too-long", -1)]).manifest

    part = manifest.ports[str(THINGS)]
    assert part.quarantine.rows == 1
    assert part.quarantine.by_reason == {"thing_id__length": 1, "size__minimum": 1}
    (file,) = part.quarantine.files
    ((reasons,),) = query(f"select reasons from '{shop.store.folder / file.path}'")
    assert sorted(reasons) == ["size__minimum", "thing_id__length"]


def test_a_reference_to_a_row_in_quarantine_leads_nowhere(shop):
    parts = [(f"p{n}", "t000001") for n in range(99)]

    manifest = shop.publish([*things(200), ("minus", -1)], [*parts, ("q", "minus")]).manifest

    assert manifest.ports[str(PARTS)].quarantine.by_reason == {"reference__whole": 1}


@pytest.mark.parametrize(("good", "bad", "is_published"), [(98, 2, True), (97, 3, False)])
def test_two_percent_of_the_rows_may_be_in_quarantine_unless_the_contract_says_otherwise(
    shop, good, bad, is_published
):
    outcome = shop.publish(with_bad(good, bad))

    assert (outcome.manifest is not None) is is_published
    if not is_published:
        assert broken(outcome) == {"size__minimum"}


@pytest.mark.parametrize(
    ("stated", "bad", "is_published"),
    [("10 %", 10, True), ("10 %", 11, False), ("0 %", 0, True), (0, 1, False), ("0.5%", 1, False)],
)
def test_the_contract_sets_the_budget(tmp_path, stated, bad, is_published):
    shop = Shop(tmp_path, budget_of(stated))

    assert (shop.publish(with_bad(100 - bad, bad)).manifest is not None) is is_published


def test_the_budget_covers_what_the_source_and_what_the_checks_set_aside_together(shop):
    unreadable = [(f"y{n}", "many") for n in range(2)]

    outcome = shop.publish([*with_bad(97, 1), *unreadable])

    assert outcome.manifest is None
    assert broken(outcome) == {"quarantine_budget"}
    (check,) = outcome.refusal["checks"]
    assert check["message"] == "3 of 100 rows (3 %) are in quarantine"


@pytest.mark.parametrize("stated", ["two", "-1 %", "101 %", "", True])
def test_a_budget_that_is_no_percentage_is_an_error(stated):
    with pytest.raises(ContractError) as caught:
        budget_percent(contract(**budget_of(stated)))

    assert caught.value.code == "MP107"


def test_a_key_that_stands_twice_refuses_the_release_and_sets_nothing_aside(shop):
    """Nobody can tell which of the two rows is the right one."""
    twice = "select thing_id, size from raw.things union all select 't000001', 77"

    outcome = shop.publish(things(500), models={"things_v1": twice})

    assert outcome.manifest is None
    (check,) = [one for one in outcome.refusal["checks"] if one["id"] == "primary_key"]
    assert (check["failed_rows"], check["sample_keys"]) == (1, [{"thing_id": "t000001"}])


@pytest.mark.parametrize(
    ("model", "check"),
    [
        ("select thing_id, size, 1 as extra from raw.things", "undeclared_columns"),
        ("select thing_id, size::bigint as size from raw.things", "size__type"),
        ("select thing_id from raw.things", "size__type"),
    ],
)
def test_a_broken_structure_is_refused_however_few_rows_are_bad(shop, model, check):
    outcome = shop.publish([*things(500), ("minus", -1)], models={"things_v1": model})

    assert outcome.manifest is None
    assert check in broken(outcome)


def test_a_model_that_returns_nothing_is_no_breach_of_a_contract_that_asks_for_no_row(shop):
    manifest = shop.publish([]).manifest

    assert shop.rows(THINGS) == []
    assert manifest.ports[str(THINGS)].quarantine.rows == 0


SHARES = [
    # Met by 20 rows and a bad one; missed without the bad one.
    {"type": "sql", "query": "select sum(size) from {object}", "mustBe": 10},
    {"type": "library", "metric": "rowCount", "mustBe": 21},
    {"type": "library", "metric": "duplicateValues", "unit": "percent", "mustBeLessThan": 91,
     "arguments": {"properties": ["size"]}},
]  # fmt: skip


@pytest.mark.parametrize("rule", SHARES, ids=["sum", "rowCount", "duplicateValues"])
def test_what_the_rows_show_together_is_checked_again_without_those_set_aside(tmp_path, rule):
    shop = Shop(tmp_path, budget_of("10 %"))
    size = column("size", "INTEGER", logicalTypeOptions={"minimum": 0})
    key = column("thing_id", "VARCHAR(8)", primaryKey=True, required=True)
    shop.write_contract(THINGS, key, size, **budget_of("10 %"))
    rows = [(f"t{n:06d}", 1) for n in range(20)]
    assert shop.publish([*rows, ("minus", -10)]).manifest is not None

    shop.write_contract(
        THINGS, key, {**size, "quality": [{"id": "together", **rule}]}, **budget_of("10 %")
    )
    outcome = shop.publish([*rows, ("minus", -10)])

    assert outcome.manifest is None
    assert broken(outcome) == {"quality__together"}
