"""PostgREST's grammar: operators, nested conditions, renamed and cast columns, nulls in order."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.doors.lab import ROWS, query
from tests.doors.rich_lab import rich_lab

pytestmark = pytest.mark.xdist_group("doors")


@pytest.fixture(scope="module")
def rich(tmp_path_factory):
    with ExitStack() as opened:
        lab = rich_lab(tmp_path_factory.mktemp("rich"), opened)
        yield lab.client(), f"read_parquet({lab.files()})"


def keys(client, asked):
    answer = client.get(ROWS, params=[*asked, ("select", "gauge_id"), ("limit", "1000")])
    assert answer.status_code == 200, answer.text
    return [row["gauge_id"] for row in answer.json()]


# What stands in the URL, decoded, and the same as SQL.
CONDITIONS = [
    ("note=like.*so*", "note like '%so%'"),
    ("note=like.say _so_", "note like 'say _so_'"),
    ("note=ilike.*SO*", "note ilike '%SO%'"),
    ("note=not.like.*o*", "not (note like '%o%')"),
    (r"note=like.100\%", "note = '100%'"),
    ("note=isdistinct.a,b", "note is distinct from 'a,b'"),
    ("note=not.isdistinct.a,b", "note is not distinct from 'a,b'"),
    ("small=isdistinct.1", "small is distinct from 1"),
    ("small=not.eq.1", "not (small = 1)"),
    ("small=not.in.(0,1)", "not (small in (0, 1))"),
    ("small=not.is.null", "small is not null"),
    ("is_on=is.unknown", "is_on is null"),
    ("is_on=not.is.true", "not (is_on is true)"),
    ("is_on=eq.true", "is_on = true"),
    ("tags=cs.{red}", "list_contains(tags, 'red')"),
    ('tags=cs.{red,"a,b"}', "list_contains(tags, 'red') and list_contains(tags, 'a,b')"),
    ('tags=cd.{red,"a,b","{x}"}', "len(list_filter(tags, lambda t: t = 'say \"so\"')) = 0"),
    (r'tags=ov.{"say \"so\"",none}', "list_contains(tags, 'say \"so\"')"),
    ("tags=not.ov.{red}", "not list_contains(tags, 'red')"),
    ("tags=is.null", "tags is null"),
    ("note=eq(any).{null,100%}", "note in ('null', '100%')"),
    ("note=like(any).{*so*,100*}", "note like '%so%' or note like '100%'"),
    ("note=like(all).{*a*,*y*}", "note like '%a%' and note like '%y%'"),
    ("small=gte(all).{0,1}", "small >= 1"),
    ("small=not.lt(any).{1,2}", "not (small < 1 or small < 2)"),
    ("or=(small.eq.1,small.is.null)", "small = 1 or small is null"),
    ("not.or=(small.eq.1,note.is.null)", "not (small = 1 or note is null)"),
    ("and=(small.gte.1,is_on.is.true)", "small >= 1 and is_on is true"),
    ("not.and=(small.gte.1,is_on.is.true)", "not (small >= 1 and is_on is true)"),
    (
        "or=(and(small.eq.1,is_on.is.false),not.and(small.not.eq.2,note.not.is.null))",
        "(small = 1 and is_on is false) or not (not (small = 2) and note is not null)",
    ),
    ('or=(note.eq."a,b",note.eq."say \\"so\\"")', "note in ('a,b', 'say \"so\"')"),
    ('or=(note.in.("a,b",100%),"small".eq.0)', "note in ('a,b', '100%') or small = 0"),
    ("or=(note.like.*so*,narrow.lt.-1.5)", "note like '%so%' or narrow < -1.5"),
    ('or=(tags.cs.{red,"a,b"},note.eq(any).{100%})', "tags[1:2] = ['red', 'a,b'] or note = '100%'"),
    ("or=(seen_at.lt.2026-03-01T13:00:00Z,made_on.eq.2024-02-29)",
     "seen_at < timestamptz '2026-03-01 13:00:00+00' or made_on = date '2024-02-29'"),
    ("small=gte.1&or=(is_on.is.null,ratio.gt.1)", "small >= 1 and (is_on is null or ratio > 1)"),
    ("or=(small.eq.0,small.eq.1)&or=(is_on.is.true,is_on.is.null)",
     "small in (0, 1) and (is_on or is_on is null)"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "condition"), CONDITIONS, ids=[c[0] for c in CONDITIONS])
def test_a_condition_finds_the_rows_that_sql_finds(rich, asked, condition):
    client, scan = rich

    found = keys(client, [part.split("=", 1) for part in asked.split("&")])

    expected = query(f"select gauge_id from {scan} where {condition} order by gauge_id")
    assert found == [row[0] for row in expected]
    assert 0 < len(found) < 100


def nested(depth):
    return "or=" + "(and" * (depth - 1) + "(small.eq.1" + ")" * depth


BAD = [
    ("or=", "MP602", "?or"),
    ("or=()", "MP601", "?or"),
    ("or=small.eq.1", "MP602", "?or"),
    ("or=(small.eq.1", "MP602", "?or"),
    ("or=(small.eq.1))", "MP602", "?or"),
    ("or=(small.eq.1,)", "MP601", "?or"),
    ("or=(small)", "MP602", "?or"),
    ("or=(small.between.1)", "MP602", "?or"),
    ("or=(colour.eq.red)", "MP601", "?or"),
    ("and=(small.eq.1,or(colour.eq.red))", "MP601", "?and"),
    ("or=(not.small.eq.1)", "MP602", "?or"),
    ("or=(small.eq.one)", "MP604", "?or"),
    ('or=(note.eq."a)', "MP602", "?or"),
    ('or=(note.eq."a"b)', "MP602", "?or"),
    ("and.or=(small.eq.1)", "MP601", "?and.or"),
    (nested(9), "MP602", "?or"),
    ("or=(" + ",".join(["small.eq.1"] * 65) + ")", "MP602", "?filters"),
    ("note=like(any).{" + ",".join(["a*"] * 65) + "}", "MP602", "?filters"),
    ("note=like.a\\", "MP602", "?note"),
    ("note=like." + "%a" * 600, "MP602", "?note"),
    ("small=like.1*", "MP602", "?small"),
    ("small=is.true", "MP602", "?small"),
    ("note=is.false", "MP602", "?note"),
    ("small=in(any).{1}", "MP602", "?small"),
    ("small=eq(some).{1}", "MP602", "?small"),
    ("small=cs.{1}", "MP602", "?small"),
    ("tags=eq.red", "MP602", "?tags"),
    ("tags=cs.red", "MP602", "?tags"),
    ("tags=cs.{}", "MP602", "?tags"),
    ("order=tags", "MP602", "?order"),
    ("select=gauge_id::blob", "MP602", "?select"),
    ("select=made_on::integer", "MP602", "?select"),
    ("select=tags::text", "MP602", "?select"),
    ("select=small::date", "MP602", "?select"),
    ("select=a:colour", "MP601", "?select"),
    ("select=:small", "MP602", "?select"),
    ('select=a"b:small', "MP602", "?select"),
    ("select=" + "a" * 64 + ":small", "MP602", "?select"),
    ("select=a:small,a:big", "MP602", "?select"),
    ("select=a:small,A:big", "MP602", "?select"),
    ("select=*,note:small", "MP602", "?select"),
    ("select=note::integer&limit=1000", "MP604", None),
    ("order=small.nullsfirst.desc", "MP602", "?order"),
    ("order=small.desc.nullsmiddle", "MP602", "?order"),
    ("offset=10", "MP602", "?offset"),
    ("seen_at=gte.2026-01-01T24:00:00Z", "MP604", "?seen_at"),
    ("seen_at=gte.2026-01-01T00:00:00.1234567Z", "MP604", "?seen_at"),
    ("is_on=eq.yes", "MP604", "?is_on"),
    ("ratio=eq.1e999", "MP604", "?ratio"),
    ("ratio=eq.1_000", "MP604", "?ratio"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "code", "place"), BAD, ids=[b[0][:40] for b in BAD])
def test_what_means_nothing_is_a_problem_with_code_and_place(rich, asked, code, place):
    client, _ = rich

    answer = client.get(ROWS, params=[part.split("=", 1) for part in asked.split("&")])

    problem = answer.json()
    assert answer.status_code == 400, problem
    assert (problem["code"], problem.get("place")) == (code, place)


def test_eight_levels_of_nesting_and_sixty_four_conditions_are_allowed(rich):
    client, _ = rich

    assert keys(client, [nested(8).split("=", 1)])
    assert keys(client, [("or", "(" + ",".join(["small.eq.1"] * 64) + ")")])


def test_a_cast_that_some_row_does_not_survive_is_an_error_without_the_value(rich):
    client, _ = rich

    answer = client.get(f"{ROWS}?select=note::integer&limit=1000")

    assert answer.json()["code"] == "MP604"
    assert "a,b" not in answer.text


# What is selected, and the same as SQL.
SELECTED = [
    ("id:gauge_id,n:small", "gauge_id as id, small as n"),
    ("gauge_id,*", "gauge_id, * exclude (gauge_id, owner_email)"),
    ("again:gauge_id,gauge_id", "gauge_id as again, gauge_id"),
    ("big::text,small::text,narrow::text", "big::varchar as big, small::varchar as small, "
     "narrow::varchar as narrow"),
    ("narrow::integer,is_on::int,d:ratio::int8", "narrow::integer as narrow, is_on::integer as "
     "is_on, ratio::bigint::varchar as d"),
    ("wide::double,big::float8", "wide::double as wide, big::double as big"),
    ("day:seen_at::date,made_on::text", "seen_at::date::varchar as day, "
     "made_on::varchar as made_on"),
    ("a b:gauge_id,ünï:small", 'gauge_id as "a b", small as "ünï"'),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "columns"), SELECTED, ids=[s[0] for s in SELECTED])
def test_columns_come_under_the_names_and_types_asked_for(rich, asked, columns):
    client, scan = rich

    rows = client.get(ROWS, params={"select": asked, "limit": 1000}).json()

    lines = query(f"select to_json(s)::varchar from (select {columns} from {scan}) s limit 1")
    expected = query(f"select {columns} from {scan} order by gauge_id")
    names = list(rows[0])
    assert names == [name for name, _ in parse_names(lines[0][0])]
    if "*" not in asked:
        assert [tuple(row.values()) for row in rows] == [tuple(map(plain, e)) for e in expected]


def parse_names(line):
    import json

    return json.loads(line, object_pairs_hook=list)


def plain(value):
    return float(value) if hasattr(value, "as_tuple") else value


def test_a_moment_as_text_is_written_as_in_json(rich):
    client, _ = rich

    rows = client.get(f"{ROWS}?select=seen_at,again:seen_at::text&limit=20").json()

    assert [row["again"] for row in rows] == [row["seen_at"] for row in rows]


@pytest.mark.parametrize("form", ["csv", "parquet", "arrow"])
def test_renamed_and_cast_columns_come_in_every_format(rich, form):
    import io

    import pyarrow.csv
    import pyarrow.parquet

    client, _ = rich
    asked = {"select": "id:gauge_id,n:small::text", "limit": 5, "format": form}

    body = client.get(ROWS, params=asked).content

    read = {
        "csv": lambda: pyarrow.csv.read_csv(io.BytesIO(body)),
        "parquet": lambda: pyarrow.parquet.read_table(io.BytesIO(body)),
        "arrow": lambda: pyarrow.ipc.open_stream(body).read_all(),
    }
    assert read[form]().column_names == ["id", "n"]


@pytest.mark.parametrize(
    ("order", "clause"),
    [
        ("small.nullsfirst", "small nulls first"),
        ("small.desc.nullsfirst,ratio.desc", "small desc nulls first, ratio desc nulls last"),
        ("small.desc.nullslast", "small desc nulls last"),
        ("note.asc.nullsfirst,made_on.nullsfirst", "note nulls first, made_on nulls first"),
    ],
)
def test_nulls_come_where_they_are_wanted_on_every_page(rich, order, clause):
    client, scan = rich
    following, found = f"{ROWS}?select=gauge_id&order={order}&limit=7", []

    while following:
        answer = client.get(following)
        found += [row["gauge_id"] for row in answer.json()]
        following = answer.links.get("next", {}).get("url")

    expected = query(f"select gauge_id from {scan} order by {clause}, gauge_id")
    assert found == [row[0] for row in expected]


def test_conditions_in_another_order_ask_the_same(rich):
    client, _ = rich
    tags = {
        client.get(f"{ROWS}?{asked}").headers["etag"]
        for asked in (
            "or=(small.eq.1,and(is_on.is.true,big.gt.1))&narrow=gt.0",
            "narrow=gt.0&or=(and(big.gt.1,is_on.is.true),small.eq.1)",
        )
    }

    assert len(tags) == 1


def test_values_are_bound_and_never_part_of_the_sql(rich):
    client, _ = rich
    evil = "x') or 1=1 or note in ('"

    for asked in (("note", f"eq.{evil}"), ("note", f"like.{evil}"), ("or", f'(note.eq."{evil}")')):
        assert client.get(ROWS, params=[asked]).json() == []
