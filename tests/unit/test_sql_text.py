"""Whatever text is put into SQL comes out of the engine as it was, and never as SQL."""

from __future__ import annotations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from meshport.sql_text import literal, quote

con = duckdb.connect()
# The engine's text holds no NUL, and UTF-8 holds no surrogate.
texts = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"))


@settings(deadline=None)
@given(texts)
def test_a_text_reads_back(text):
    assert con.execute(f"select {literal(text)}").fetchall() == [(text,)]


@settings(deadline=None)
@given(texts.filter(bool))
def test_a_name_reads_back_as_a_column(name):
    assert con.execute(f"select 1 as {quote(name)}").description[0][0] == name


@settings(deadline=None)
@given(st.booleans() | st.integers(-(2**63), 2**63 - 1))
def test_a_number_and_a_truth_value_read_back(value):
    ((found,),) = con.execute(f"select {literal(value)}").fetchall()

    assert (type(found), found) == (type(value), value)


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_reads_back_as_the_same_double(value):
    assert con.execute(f"select ({literal(value)})::double").fetchall() == [(value,)]
