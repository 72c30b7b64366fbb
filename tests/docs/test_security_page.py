"""Every promise on the security page names tests, and they exist; every mask is explained."""

from __future__ import annotations

import ast
import re
from functools import cache

import pytest

from meshport.contracts.access_class import ROW_SCOPE, SMALLEST_GROUP, UNTRUSTED_TEXT
from meshport.contracts.masking import MASKING_POLICY, mask_of
from meshport.errors import ContractError
from tests.building import ROOT, column, contract, table

PAGE = (ROOT / "docs/security.md").read_text()
PROPERTIES = (ROOT / "docs/how-to/protect-columns.md").read_text()
ROWS = re.findall(r"^\| (?!promise|---)(.+?) \| (.+) \|$", PAGE, re.M)


@cache
def functions_of(file):
    tree = ast.parse((ROOT / file).read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_there_are_promises():
    assert len(ROWS) > 30


@pytest.mark.parametrize(("promise", "tested"), ROWS, ids=[promise for promise, _ in ROWS])
def test_a_promise_is_tested_by_tests_that_there_are(promise, tested):
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", tested)

    assert named
    assert ", ".join(f"`{file}::{name}`" for file, name in named) == tested
    assert [(file, name) for file, name in named if name not in functions_of(file)] == []


def test_every_mask_and_every_property_of_access_is_explained():
    wrong = column("a", "VARCHAR", customProperties=[{"property": MASKING_POLICY, "value": "?"}])
    with pytest.raises(ContractError) as refused:
        mask_of(contract(schema=[table("things", wrong)]).table.columns[0])
    masks = refused.value.hint.removeprefix("one of ").split(", ")

    assert len(masks) == 6
    for word in (*masks, MASKING_POLICY, ROW_SCOPE, UNTRUSTED_TEXT, SMALLEST_GROUP):
        assert f"\n| `{word}` |" in PROPERTIES
