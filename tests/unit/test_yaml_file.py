"""YAML is read as YAML 1.2 means it, with places, and with bounds on what strangers write."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshport.errors import ContractError
from meshport.yaml_file import MAX_BYTES, dump_yaml, parse_yaml, read_yaml


def fault(text: str | bytes) -> ContractError:
    with pytest.raises(ContractError) as caught:
        parse_yaml(text if isinstance(text, bytes) else text.encode(), "f.yaml")
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("off", "off"),
        ("true", True),
        ("2020-01-01", "2020-01-01"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("0x1f", "0x1f"),
        ("'1'", "1"),
        ("1", 1),
        ("1.5", 1.5),
        ("~", None),
        ("BR", "BR"),
    ],
)
def test_a_scalar_is_what_yaml_1_2_says(text, value):
    assert parse_yaml(f"a: {text}".encode(), "f").value == {"a": value}


def test_a_value_knows_its_line_and_column():
    document = parse_yaml(b"a:\n  - b: 1\n    c: 2\n", "f.yaml")

    assert str(document.place(("a", 0, "c"))) == "f.yaml:3:5"


def test_the_place_of_what_is_not_there_is_its_parents():
    document = parse_yaml(b"a:\n  b: 1\n", "f.yaml")

    assert str(document.place(("a", "missing", 0))) == "f.yaml:1:1"


def test_a_key_that_stands_twice_is_an_error_at_its_second_place():
    error = fault("a: 1\nb: 2\na: 3\n")

    assert (error.code, str(error.place)) == ("MP102", "f.yaml:3:1")
    assert "`a` stands twice" in error.fact


def test_a_tab_is_named_as_the_fault():
    assert "tabs" in (fault("a:\n\t- b").hint or "")


@pytest.mark.parametrize(
    "text",
    [
        b"a: &x [*x]",
        b"!!python/object:os.system x: 1",
        b"a: !!binary aGk=",
        b"a: !!python/object/apply:os.system [x]",
        b"a: 1\n---\nb: 2",
        b"<<: {a: 1}",
        b"? [a]\n: 1",
        b"\xff\xfe\x00",
        b"a: [1",
    ],
)
def test_what_is_not_plain_data_is_refused(text):
    assert fault(text).code == "MP102"


@pytest.mark.parametrize(
    "text", [b"[" * 100_000, b"- " * 100_000, b"? " * 100_000, b"{a: " * 9_999]
)
def test_deep_nesting_is_refused_instead_of_ending_the_process(text):
    assert "levels deep" in fault(text).fact


def test_aliases_that_multiply_are_bounded():
    lines = [b"a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [b"a%d: &a%d [%s]" % (i, i, b",".join([b"*a%d" % (i - 1)] * 10)) for i in range(1, 9)]

    assert "values" in fault(b"\n".join(lines)).fact


def test_a_huge_file_is_not_read(tmp_path):
    file = tmp_path / "huge.yaml"
    file.write_bytes(b"a: " + b"x" * MAX_BYTES)

    with pytest.raises(ContractError) as caught:
        read_yaml(file)

    assert caught.value.code == "MP101"


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(ContractError) as caught:
        read_yaml(tmp_path / "gone.yaml")

    assert "No such file" in caught.value.fact


words = st.from_regex(r"[A-Za-zäéß ]{1,12}", fullmatch=True)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**9), 10**9) | words,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words, inner, max_size=4),
        max_leaves=20,
    )
)
def test_what_is_dumped_is_read_back(value):
    assert parse_yaml(dump_yaml({"value": value}).encode(), "f").value == {"value": value}


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_our_error(text):
    with suppress(ContractError):
        assert parse_yaml(text, "f").place().file == "f"
