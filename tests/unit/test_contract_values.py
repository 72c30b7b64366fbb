"""Thresholds, durations, house rules and names: the small values that contracts are made of."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshport.contracts.classification import read_classifications
from meshport.contracts.duration import in_words, seconds_of
from meshport.contracts.threshold import OPERATORS, Threshold
from meshport.errors import ContractError, MeshportError, Place
from meshport.names import PortId
from tests.building import ROOT

SCALE = read_classifications(ROOT)
numbers = st.integers(-50, 50)


@given(st.sampled_from(OPERATORS[:6]), numbers, numbers)
def test_an_operator_and_its_opposite_never_agree(operator, bound, value):
    opposite = {
        "mustBe": "mustNotBe",
        "mustNotBe": "mustBe",
        "mustBeGreaterThan": "mustBeLessOrEqualTo",
        "mustBeLessOrEqualTo": "mustBeGreaterThan",
        "mustBeLessThan": "mustBeGreaterOrEqualTo",
        "mustBeGreaterOrEqualTo": "mustBeLessThan",
    }[operator]

    assert Threshold(operator, (bound,)).accepts(value) != Threshold(opposite, (bound,)).accepts(
        value
    )


@given(numbers, numbers, numbers)
def test_between_and_not_between_never_agree(first, last, value):
    inside = Threshold("mustBeBetween", (first, last))
    outside = Threshold("mustNotBeBetween", (first, last))

    assert inside.accepts(value) != outside.accepts(value)


@given(st.sampled_from(OPERATORS), st.integers(0, 3), st.booleans())
def test_a_threshold_that_means_none_accepts_zero_and_nothing_above(operator, bound, is_percent):
    threshold = Threshold(operator, (bound, bound + 1), is_percent)

    if threshold.means_none:
        assert threshold.accepts(0)
        assert not any(threshold.accepts(n) for n in range(1, 20))


def test_a_measure_that_is_missing_keeps_no_promise():
    assert not Threshold("mustNotBe", (1,)).accepts(None)


def test_units_of_duration_are_compared_in_seconds():
    assert seconds_of(2, "d") == seconds_of(48, "h") == seconds_of(2880, "min")
    assert seconds_of("soon", "d") is None
    assert seconds_of(1, "fortnight") is None


def test_a_duration_is_said_in_two_units_at_most():
    assert in_words(2 * 86_400 + 3 * 3600 + 59) == "2 d 3 h"
    assert in_words(0) == "0 s"


@given(
    st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True),
    st.integers(1, 999),
)
def test_a_port_id_is_read_back_from_its_text(domain, port, major):
    address = PortId(domain, port, major)

    assert PortId.parse(str(address)) == address


@pytest.mark.parametrize(
    "text", ["", "orders", "orders.orders", "orders.orders.v0", "../a.b.v1", "a.b.v1\n"]
)
def test_what_is_no_port_id_is_refused(text):
    with pytest.raises(ContractError) as caught:
        PortId.parse(text)

    assert caught.value.code == "MP104"


def test_an_error_shows_code_place_fact_and_hint():
    error = MeshportError("MP101", "it is gone", Place("a.yaml", 3, 5), "look again")

    assert str(error) == "MP101 a.yaml:3:5\nit is gone\n\nhint: look again"


def test_an_error_survives_the_way_into_another_process():
    import pickle

    error = ContractError("MP101", "it is gone", Place("a.yaml", 3), "look again")

    assert str(pickle.loads(pickle.dumps(error))) == str(error)
