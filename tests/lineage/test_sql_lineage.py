"""What each column of a query is made from, snippet by snippet."""

from __future__ import annotations

import duckdb
import pytest

from meshport.sql.aggregates import AGGREGATES
from meshport.sql.lineage import How, Kind, Source, query_lineage

RELATIONS = {
    "t": Source(["k", "a", "b", "c"]),
    "u": Source(["k", "d", "e"], [["k"]]),
    "v": Source(["k", "a", "items", "info"]),
}
_SHORT = {
    "identity": "=", "transformation": "~", "aggregation": "+", "filter": "filter",
    "join": "join", "group": "group", "sort": "sort", "window": "window", "condition": "if",
}  # fmt: skip


def told(sql):
    """{column: 't.a= u.d~ …'} and, under `rows`, what decides about the rows."""
    found = query_lineage(sql, RELATIONS)
    assert found.gaps == ()
    assert [column.gaps for column in found.columns if column.gaps] == []
    shown = {column.name: _shown(column.uses) for column in found.columns}
    return {**shown, "rows": _shown(found.rows)}


def _shown(uses):
    words = {f"{use.relation}.{use.column}{_mark(use.how)}" for use in uses}
    return " ".join(sorted(words))


def _mark(how):
    short = _SHORT[how.value]
    return short if len(short) == 1 else f":{short}"


# (SQL, what its columns are made from): = identity, ~ transformation, + aggregation, :how indirect.
SNIPPETS = [
    ("select a from t", {"a": "t.a=", "rows": ""}),
    ("select a + b as x, 1 as y from t", {"x": "t.a~ t.b~", "y": "", "rows": ""}),
    ("select sum(a) as x from t", {"x": "t.a+", "rows": ""}),
    ("select count(*) as x from t where a > 1", {"x": "", "rows": "t.a:filter"}),
    ("select a from t where b is null and c in (1, 2)",
     {"a": "t.a=", "rows": "t.b:filter t.c:filter"}),
    ("select case when a > 1 then b else c end as x from t",
     {"x": "t.a:if t.b~ t.c~", "rows": ""}),
    ("select case a when 1 then b end as x from t", {"x": "t.a:if t.b~", "rows": ""}),
    ("select if(a > 1, b, c) as x from t", {"x": "t.a:if t.b~ t.c~", "rows": ""}),
    ("select coalesce(a, b) as x, nullif(a, c) as y from t",
     {"x": "t.a~ t.b~", "y": "t.a~ t.c~", "rows": ""}),
    ("select sum(a) filter (where b > 1) as x from t", {"x": "t.a+ t.b:if", "rows": ""}),
    ("select list(a order by b) as x from t", {"x": "t.a+ t.b:sort", "rows": ""}),
    ("select quantile_cont(0.5) within group (order by a) as x from t", {"x": "t.a+", "rows": ""}),
    ("select a, sum(b) as x from t group by a", {"a": "t.a=", "x": "t.b+", "rows": "t.a:group"}),
    ("select a, sum(b) as x from t group by all", {"a": "t.a=", "x": "t.b+", "rows": "t.a:group"}),
    ("select a + 1 as y, sum(b) as x from t group by 1",
     {"y": "t.a~", "x": "t.b+", "rows": "t.a:group"}),
    ("select a + 1 as y, sum(b) as x from t group by y having sum(c) > 1",
     {"y": "t.a~", "x": "t.b+", "rows": "t.a:group t.c:filter"}),
    ("select a from t group by grouping sets ((a), (b)), rollup (c)",
     {"a": "t.a=", "rows": "t.a:group t.b:group t.c:group"}),
    ("select distinct a, b from t", {"a": "t.a=", "b": "t.b=", "rows": "t.a:group t.b:group"}),
    ("select distinct on (a) a, b from t order by c",
     {"a": "t.a=", "b": "t.b=", "rows": "t.a:group t.c:filter t.c:sort"}),
    ("select a from t order by b", {"a": "t.a=", "rows": "t.b:sort"}),
    ("select a, b from t order by all limit 2",
     {"a": "t.a=", "b": "t.b=", "rows": "t.a:filter t.a:sort t.b:filter t.b:sort"}),
    ("select a, row_number() over (partition by b order by c) as n from t",
     {"a": "t.a=", "n": "t.b:window t.c:window", "rows": ""}),
    ("select sum(a) over w as x from t window w as (partition by b)",
     {"x": "t.a+ t.b:window", "rows": ""}),
    ("select a from t qualify row_number() over (partition by b order by c) = 1",
     {"a": "t.a=", "rows": "t.b:filter t.c:filter"}),
    ("select a as x, x + 1 as y from t where y > 2",
     {"x": "t.a=", "y": "t.a~", "rows": "t.a:filter"}),
    ("select a as b, b as x from t", {"b": "t.a=", "x": "t.b=", "rows": ""}),
    ("select * from t", {"k": "t.k=", "a": "t.a=", "b": "t.b=", "c": "t.c=", "rows": ""}),
    ("select * exclude (k, a) replace (b + 1 as b) from t", {"b": "t.b~", "c": "t.c=", "rows": ""}),
    ("from t select a", {"a": "t.a=", "rows": ""}),
    ("select columns('a|b') from t", {"a": "t.a=", "b": "t.b=", "rows": ""}),
    ("select x.* from t as x(p) semi join u on x.p = u.d",
     {"p": "t.k=", "a": "t.a=", "b": "t.b=", "c": "t.c=", "rows": "t.k:join u.d:join"}),
    ("with x as (select a as y from t where b = 1) select y from x where y > 2",
     {"y": "t.a=", "rows": "t.a:filter t.b:filter"}),
    ("with x as (select case when a = 1 then 2 end as y from t) select k from v join x on k = y",
     {"k": "v.k=", "rows": "t.a:join v.k:join"}),
    ("select s.y from (select max(a) as y, b from t group by b) as s where s.b = 1",
     {"y": "t.a+", "rows": "t.b:filter t.b:group"}),
    ("select a, d from t join u on t.k = u.e",
     {"a": "t.a=", "d": "u.d=", "rows": "t.k:join u.e:join"}),
    ("select k, a from t join u using (k)",
     {"k": "t.k=", "a": "t.a=", "rows": "t.k:join u.k:join"}),
    ("select k from t full join u using (k)", {"k": "t.k~ u.k~", "rows": "t.k:join u.k:join"}),
    ("select k, d from t right join u using (k)",
     {"k": "u.k=", "d": "u.d=", "rows": "t.k:join u.k:join"}),
    ("select c, items from t natural join v",
     {"c": "t.c=", "items": "v.items=", "rows": "t.a:join t.k:join v.a:join v.k:join"}),
    # What is unique on the right of a left join decides about values, not about rows.
    ("select a, d from t left join u using (k)",
     {"a": "t.a=", "d": "t.k:join u.d= u.k:join", "rows": ""}),
    ("select a, n from t left join (select a as y, count(*) as n from v where k = 1 group by a) "
     "on a = y",
     {"a": "t.a=", "n": "t.a:join v.a:group v.a:join v.k:filter", "rows": ""}),
    ("select a, m from t cross join (select max(d) as m from u where e = 1)",
     {"a": "t.a=", "m": "u.d+ u.e:filter", "rows": ""}),
    ("select t.a, d from t left join u on u.e = t.k",
     {"a": "t.a=", "d": "u.d=", "rows": "t.k:join u.e:join"}),
    ("select a from t where k in (select e from u where d = t.b)",
     {"a": "t.a=", "rows": "t.b:filter t.k:filter u.d:filter u.e:filter"}),
    ("select a from t where exists (select 1 from u where u.k = t.k)",
     {"a": "t.a=", "rows": "t.k:filter u.k:filter"}),
    ("select exists (select 1 from u where u.k = t.k) as x from t",
     {"x": "t.k:filter u.k:filter", "rows": ""}),
    ("select (select max(d) from u where u.k = t.k) as x from t",
     {"x": "t.k:filter u.d+ u.k:filter", "rows": ""}),
    ("select a from t where a > all (select d from u)",
     {"a": "t.a=", "rows": "t.a:filter u.d:filter"}),
    ("select x.z from t, lateral (select t.a + 1 as z) as x", {"z": "t.a~", "rows": ""}),
    ("select a from t union all select d from u", {"a": "t.a= u.d=", "rows": ""}),
    ("select a from t union select d from u",
     {"a": "t.a= u.d=", "rows": "t.a:group u.d:group"}),
    ("select a, b from t union all by name select d as b from u",
     {"a": "t.a=", "b": "t.b= u.d=", "rows": ""}),
    ("select a from t except select d from u", {"a": "t.a=", "rows": "t.a:group u.d:filter"}),
    ("select unnest(items) as x, a from v", {"x": "v.items~", "a": "v.a=", "rows": "v.items:join"}),
    ("select x.n from v, unnest(v.items) as x(n)", {"n": "v.items~", "rows": "v.items:join"}),
    ("select info.name.first as x, v.info.age, info['z'] as z from v",
     {"x": "v.info~", "age": "v.info~", "z": "v.info~", "rows": ""}),
    ("select list_transform(items, x -> x + a) as y, [n * k for n in items] as z from v",
     {"y": "v.a~ v.items~", "z": "v.items~ v.k~", "rows": ""}),
    ("select y.b from (values (1, 2), (3, 4)) as y(a, b)", {"b": "", "rows": ""}),
    ("with recursive r(x, y) as (select a, b from t union all select x + 1, y from r where y < 9) "
     "select x, y from r", {"x": "t.a= t.a~", "y": "t.b=", "rows": "t.b:filter"}),
    ("select * from (select k, a, b from t) pivot (sum(b) for a in (1, 2) group by k)",
     {"k": "t.k=", "1": "t.a:if t.b+", "2": "t.a:if t.b+", "rows": "t.k:group"}),
    ("select * from (select k, a, b from t) unpivot (x for y in (a, b))",
     {"k": "t.k=", "y": "", "x": "t.a= t.b=", "rows": "t.a:filter t.b:filter"}),
    ("select rowid as n, a from t", {"n": "t.rowid=", "a": "t.a=", "rows": ""}),
    ("select t as whole from (select a, b from t) as t", {"whole": "t.a~ t.b~", "rows": ""}),
    ("select i from range(3) as r(i)", {"i": "", "rows": ""}),
    ("select t.a, x.d from t left join (u join v on u.e = v.a) as x on x.e = t.k",
     {"a": "t.a=", "d": "u.d=", "rows": "t.k:join u.e:join v.a:join"}),
    ('select "A" as "Ä", T.B from T', {"Ä": "t.a=", "b": "t.b=", "rows": ""}),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), SNIPPETS, ids=[sql for sql, _ in SNIPPETS])
def test_a_query_is_made_from_what_it_says(sql, expected):
    assert told(sql) == expected


def test_a_use_has_the_line_that_names_the_column():
    sql = "with x as (\n  select\n    a\n  from t\n)\nselect a\nfrom x\nwhere\n  a > 1"

    found = query_lineage(sql, RELATIONS)

    assert [use.line for use in found.columns[0].uses] == [3]
    assert {use.line for use in found.rows} == {3}
    assert {line for _, _, line in found.names} == {3}


def test_a_column_that_a_star_hands_on_is_used_where_it_is_named():
    found = query_lineage("with x as (\n  select * from t\n)\nselect\n  a\nfrom x", RELATIONS)

    assert [use.line for use in found.columns[0].uses] == [5]
    assert found.names == (("t", "a", 5),)


def test_a_star_names_nothing_but_hands_on_what_goes_when_its_column_goes():
    found = query_lineage("select * exclude (k) from (select * from t)", RELATIONS)

    assert [column.passed for column in found.columns] == [("t", "a"), ("t", "b"), ("t", "c")]
    assert {(relation, column) for relation, column, _ in found.names} == {("t", "k")}


def test_texts_that_columns_are_compared_with_are_told():
    sql = "select case a when 'x' then 1 end from t where b in ('y', 'z') and left(c, 2) = 'no'"

    values = {(one.column, one.value) for one in query_lineage(sql, RELATIONS).values}

    assert values == {("a", "x"), ("b", "y"), ("b", "z")}


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select gone from t", "`t` has no column `gone`"),
        ("select t.gone from t join u using (k)", "`t` has no column `gone`"),
        ("select gone from t join u using (k)", "nothing here has a column `gone`"),
        ("select a from t join v using (k)", "`a` may mean several columns"),
        ("select a from elsewhere", "the columns of `elsewhere` are not known"),
        ("select * from read_csv('x.csv')", "the columns of `READ_CSV('x.csv')` are not known"),
        ("select info.* from v", "the fields of `info` are not known"),
        ("pivot t on a using sum(b)", "the columns of a pivot follow from the data"),
        ("select columns(c -> c like 'a%') from t", "a function chooses the columns"),
        ("select columns('(') from t", "the columns' pattern cannot be read"),
        ("select 1; select 2", "it holds 2 statements, not one query"),
        ("", "it holds 0 statements, not one query"),
        ("drop table t", "DROP is not a query"),
        ("select from where", "not SQL: "),
        ("select " + "(" * 3000 + "1" + ")" * 3000, "nested too deeply"),
        ("select " + "not " * 5000 + "a from t", "nested too deeply"),
        ("select 1 -- " + "x" * 600_000, "the SQL has more than 500,000 characters"),
    ],
)  # fmt: skip
def test_what_cannot_be_told_has_a_reason(sql, reason):
    found = query_lineage(sql, RELATIONS)

    gaps = [*found.gaps, *(gap for column in found.columns for gap in column.gaps)]
    assert any(gap.reason.startswith(reason) for gap in gaps), gaps


def test_a_column_that_is_not_there_is_still_known_to_be_used():
    found = query_lineage("select a, gone from t", RELATIONS)

    assert ("t", "gone", 1) in found.names
    assert [use.column for use in found.columns[1].uses] == ["gone"]


def test_columns_that_double_with_every_step_are_refused():
    steps = ", ".join(f"x{n} as (select * from x{n - 1}, x{n - 1} as y)" for n in range(1, 20))

    found = query_lineage(f"with x0 as (select * from t), {steps} select * from x19", RELATIONS)

    assert found.gaps[0].reason == "it has more than 5,000 columns"


def test_a_long_chain_of_operators_is_no_deep_one():
    conditions = " or ".join(f"a = {n}" for n in range(3000))
    unions = " union all ".join(["select a from t"] * 500)

    assert told(f"select b from t where {conditions}") == {"b": "t.b=", "rows": "t.a:filter"}
    assert told(unions) == {"a": "t.a=", "rows": ""}


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        ("select a, max(b) as m from t group by a", [("a",)]),
        ("select a as x, b as y, 1 as z from t group by 1, 2", [("x", "y")]),
        ("select max(b) as m from t group by a", []),
        ("select a / 2 as k, max(b) as m from t group by k", []),
        ("select k as x, d from u", [("x",)]),
        ("select * from u", [("k",)]),
        ("select d from u", []),
        ("select u.k, a from u join t using (k)", []),
        ("select t.k, d from t left join u using (k)", []),
        ("select u.k, m from u left join (select k, max(a) as m from t group by k) using (k)",
         [("k",)]),
        ("select a from t qualify row_number() over (partition by a order by b) = 1", [("a",)]),
        ("select a from t qualify row_number() over (partition by b order by a) = 1", []),
        ("select distinct a, b from t", [("a", "b")]),
        ("select max(a) as m from t", [()]),
        ("select unnest([1, 2]) as n, max(a) as m from t", []),
        ("select k, d from u union all select k, d from u", []),
        ("select k from t full join u using (k)", []),
    ],
)  # fmt: skip
def test_what_tells_rows_apart_is_known(sql, keys):
    assert list(query_lineage(sql, RELATIONS).keys) == keys


def test_what_decides_stays_so_and_what_flows_adds_up():
    assert How.IDENTITY.onto(How.AGGREGATION) is How.AGGREGATION
    assert How.TRANSFORMATION.onto(How.FILTER) is How.FILTER
    assert How.JOIN.onto(How.FILTER) is How.FILTER
    assert How.FILTER.onto(How.CONDITION) is How.FILTER
    assert How.SORT.onto(How.IDENTITY) is How.SORT
    assert {how for how in How if how.kind is Kind.DIRECT} == set(list(How)[:3])


def test_every_aggregate_of_the_engine_is_known_as_one():
    listed = duckdb.sql(
        "select distinct function_name from duckdb_functions() where function_type = 'aggregate'"
    ).fetchall()
    names = {name for (name,) in listed if name.isidentifier()}

    unknown = {
        name
        for name in names - AGGREGATES
        if not any(
            use.how is How.AGGREGATION
            for arguments in ("a", "a, b", "a, b, c")
            for column in query_lineage(
                f"select {name}({arguments}) as x from t", RELATIONS
            ).columns
            for use in column.uses
        )
    }
    assert unknown - {"count_star"} == set()
