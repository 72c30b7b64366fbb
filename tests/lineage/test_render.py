"""Models rendered without dbt: the same text, every piece with its line, nothing run."""

from __future__ import annotations

import json

import pytest

from meshport.lineage.render import NotRenderedError, Project, Renderer
from tests.building import ROOT
from tests.lineage.projects import rendered_models

DOMAINS = sorted(path.name for path in (ROOT / "domains").iterdir() if path.is_dir())


def rendered(text, macros=None, models=("m", "other", "thing_v1", "thing_v2"), **variables):
    names = frozenset(models)
    return Renderer(Project("shop", names, macros or {}, variables)).render("m", text)


@pytest.mark.xdist_group("built")
@pytest.mark.parametrize("domain", DOMAINS)
def test_every_model_of_the_mesh_is_rendered_as_dbt_compiles_it(built, domain):
    target = built / "dbt" / domain
    manifest = json.loads((target / "manifest.json").read_text())
    names = {
        node["relation_name"]: f'"model"."{node["alias"]}"'
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    names |= {
        node["relation_name"]: f'"source"."{node["source_name"]}"."{node["name"]}"'
        for node in manifest["sources"].values()
    }
    ours = rendered_models(domain)

    assert ours
    for name, one in ours.items():
        compiled = next((target / "compiled").rglob(f"{name}.sql")).read_text()
        for theirs, mine in names.items():
            compiled = compiled.replace(theirs, mine)
        assert one.sql.split() == compiled.split(), name


@pytest.mark.parametrize("domain", DOMAINS)
def test_every_word_of_a_model_keeps_its_line(domain):
    for file in (ROOT / f"domains/{domain}/dbt/models").rglob("*.sql"):
        one = rendered_models(domain)[file.stem]
        for number, line in enumerate(file.read_text().splitlines(), 1):
            words = line.split("{{")[0].strip()
            # Of words that stand in several lines, each is traced to one of its own.
            offsets = [n for n in range(len(one.sql)) if words and one.sql.startswith(words, n)]
            assert not words or number in {one.line_at(offset) for offset in offsets}


def test_lines_hold_through_loops_macros_and_tags_over_several_lines():
    text = (
        "{{ config(\n  materialized='table'\n) }}\n"
        "select\n"
        "{% for name in ['a', 'b'] %}\n"
        "  {{ doubled(name) }} as {{ name }},\n"
        "{% endfor %}\n"
        "  c\n"
        "{#- a\n remark -#}\n"
        "from {{ ref(\n  'other'\n) }} where d"
    )
    one = rendered(
        text, {"m.sql": "{% macro doubled(x) %}\n -- twice\n 2 * {{ x }}\n{% endmacro %}"}
    )

    def line_of(word, start=0):
        return one.line_at(one.sql.index(word, start))

    assert [line_of("select"), line_of("2 * a"), line_of("2 * b"), line_of("as b")] == [4, 6, 6, 6]
    assert [line_of("  c\n".strip(), one.sql.index("as b")), line_of("from")] == [8, 11]
    assert [line_of('"model"."other"'), line_of("where d")] == [11, 13]


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("{{ ref('other') }}", '"model"."other"'),
        ("{{ ref('thing', v=1) }}", '"model"."thing_v1"'),
        ("{{ ref('thing', version='1') }}", '"model"."thing_v1"'),
        ("{{ ref('thing') }}", '"model"."thing_v2"'),
        ("{{ ref('shop', 'other') }}", '"model"."other"'),
        ("{{ ref('elsewhere', 'other') }}", '"package"."elsewhere"."other"'),
        ("{{ source('raw', 'things') }}", '"source"."raw"."things"'),
        ("{{ this }} {{ this.name }}", '"model"."m" m'),
        ("{{ var('size') }} {{ var('none', 3) }}", "7 3"),
        ("{{ env_var('X', 'x') }}", "x"),
        ("{% if is_incremental() %}no{% else %}yes{% endif %}", "yes"),
        ("{% if unheard_of %}no{% endif %}{{ target.type }}", "duckdb"),
        ("{% set all = [] %}{% do all.append('a') %}{{ all | join(',') }}", "a"),
        ("{% macro one() %}1{% endmacro %}{{ one() }}", "1"),
        ("{{ twice(2) }} {{ shop.twice(3) }} {{ names() | join('+') }} {{ _hidden() }}",
         "4 6 a+b h"),
        ("{% set text %}{{ twice(2) }}{% endset %}{{ text | length }}", "1"),
        ("{{ log('x') }}{{ 'a' ~ none }}", "aNone"),
    ],
)  # fmt: skip
def test_what_dbt_offers_to_models_is_there(text, sql):
    macros = {
        "a.sql": "{% macro twice(x) %}{{ x + x }}{% endmacro %}{% macro _hidden() %}h{% endmacro %}"
        "{% test positive(model) %}select {{ nothing }}{% endtest %}",
        "b.sql": "{% macro names() %}{{ return(['a', 'b']) }}{% endmacro %}",
    }

    assert rendered(text, macros, size=7).sql == sql


@pytest.mark.parametrize(
    ("text", "reason", "line"),
    [
        ("\n{{ unheard_of }}", "'unheard_of' is undefined", 2),
        ("{{ dbt_utils.star('x') }}", "'dbt_utils' is undefined", 1),
        ("\n\n{{ run_query('select 1') }}", "'run_query' is undefined", 3),
        ("{{ env_var('SECRET') }}", "it reads the environment variable `SECRET`", 1),
        ("{{ var('nothing') }}", "the variable `nothing` has no value in dbt_project.yml", 1),
        ("{{ config.get('x') }}", "the configuration `x` is not known before dbt runs", 1),
        ("{{ exceptions.raise_compiler_error('no!') }}", "it ends with: no!", 1),
        ("\n{% if %}", "Expected an expression, got 'end of statement block'", 2),
        ("{{ return(1) }}", "it returns outside of a macro", 1),
        ("\n{{ 1 / 0 }}", "ZeroDivisionError division by zero", 2),
        ("a\0b", "the file holds a null character", None),
        ("{{ 'x' * 600000 }}", "the SQL has more than 500,000 characters", None),
        ("{% for n in range(90000) %}{{ 'x' * 100 }}{% endfor %}",
         "the SQL has more than 500,000 characters", None),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "nested too deeply", 1),
    ],
)  # fmt: skip
def test_what_cannot_be_rendered_is_told_with_its_line(text, reason, line):
    with pytest.raises(NotRenderedError) as caught:
        rendered(text)

    assert (caught.value.reason, caught.value.line or line) == (reason, line)


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ ref.__globals__ }}",
        "{{ ref('other').__init__.__globals__ }}",
        "{{ ref.__func__ }}",
        "{{ config.__call__.__globals__ }}",
        "{{ '{0.__class__}'.format(1) }}",
        "{{ [].__class__.__base__.__subclasses__() }}",
        "{{ cycler.__init__.__globals__ }}",
        "{{ self._TemplateReference__context }}",
        "{% include '/etc/passwd' %}",
        "{% import 'os' as os %}{{ os }}",
        "{% extends '/etc/passwd' %}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(text):
    with pytest.raises(NotRenderedError):
        rendered(text)


def test_a_macro_file_that_cannot_be_read_costs_its_own_macros_only():
    project = Project(
        "shop", frozenset(), {"a.sql": "{% macro x() %}", "b.sql": "{% macro y() %}1{% endmacro %}"}
    )

    renderer = Renderer(project)

    assert renderer.faults[0].startswith("a.sql: ")
    assert renderer.render("m", "{{ y() }}").sql == "1"
