"""What everybody may read holds no address of a person: such a row is not published."""

from __future__ import annotations

import pytest

from meshport.checks.open_text import open_text_checks
from meshport.contracts.classification import read_classifications
from tests.building import ROOT, column, contract, table
from tests.publishing.shop import THINGS, Shop, query, things

SCALE = read_classifications(ROOT)


def checks(*columns):
    return list(open_text_checks(contract(schema=[table("things", *columns)]), SCALE))


@pytest.mark.parametrize(
    ("value", "is_personal"),
    [
        ("anna@shop.example", True),
        ("write to <anna.b+c@mail.shop.example>, please", True),
        ("vendas@creditparts.com.br", True),
        ("+49 (0)30 901820-10", True),
        ("+5511987654321", True),
        ("DE89 3704 0044 0532 0130 00", True),
        ("GB82WEST12345698765432", True),
        ("", False),
        ("sao paulo", False),
        ("3 pieces @ 2.50", False),
        ("user@localhost", False),
        ("+ 5", False),
        ("2024-02-29", False),
        ("005ac5cb87d04cb801c3a2d858605e90", False),
        ("BR12", False),
    ],
)
def test_addresses_of_persons_are_told_from_other_text(value, is_personal):
    (check,) = checks(column("note", "VARCHAR"))

    found = query(f"select {check.rule.violation} from (select '{value}' as note)")

    assert found == [(is_personal,)]


@pytest.mark.parametrize(
    "said",
    [
        {"classification": "confidential"},
        {"classification": "restricted"},
        {"enum": [{"value": "a"}]},
        {"logicalTypeOptions": {"pattern": "^[a-z]+$"}},
        {"logicalTypeOptions": {"format": "email"}},
    ],
)
def test_columns_that_say_what_they_hold_or_are_withheld_are_not_searched(said):
    assert checks(column("note", "VARCHAR", **said), column("size", "INTEGER")) == []


def test_a_row_with_an_address_in_an_open_column_is_set_aside(tmp_path):
    shop = Shop(tmp_path)

    manifest = shop.publish([*things(200), ("a@b.co", 1)]).manifest

    part = manifest.ports[str(THINGS)]
    assert part.quarantine.by_reason == {"thing_id__personal_data": 1}
    assert ("a@b.co", 1) not in shop.rows(THINGS)


def test_too_many_of_them_keep_the_release_back(tmp_path):
    outcome = Shop(tmp_path).publish([*things(20), *((f"a{n}@b.co", 1) for n in range(20))])

    assert outcome.manifest is None
