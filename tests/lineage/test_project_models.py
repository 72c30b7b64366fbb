"""Lineage through the models of one dbt project, and what is kept of it between two looks."""

from __future__ import annotations

from dataclasses import replace

from meshport.lineage.models import ProjectModels, model_as_json, model_from_json
from meshport.sql.lineage import Source
from tests.lineage.projects import lineage_in, project

STAGED = "select id as thing_id, lower(name) as name, amount from {{ source('raw', 'things') }}"
SUMMED = "select name, sum(amount) as amount from {{ ref('staged') }} group by all"
STARRED = "select * from {{ ref('summed') }}"
MODELS = {"staged": STAGED, "summed": SUMMED, "starred": STARRED}


def uses(query, column):
    made = next(one for one in query.columns if one.name == column)
    return {(use.relation, use.column, use.how.value) for use in made.uses}


def looked_at(job):
    """The models that are rendered anew."""
    started = []
    found = ProjectModels(job, started.append).all()
    return set(started), {one.name: one for one in found}


def known_of(job):
    return {one.name: one for one in ProjectModels(job).all()}


def test_a_model_knows_the_columns_of_those_it_refers_to():
    found = lineage_in(MODELS)

    assert [column.name for column in found["starred"].columns] == ["name", "amount"]
    assert uses(found["starred"], "amount") == {("model.summed", "amount", "identity")}
    assert uses(found["summed"], "amount") == {("model.staged", "amount", "aggregation")}


def test_what_is_unique_in_one_model_is_known_to_the_next():
    joined = (
        "select t.thing_id, s.amount from {{ ref('staged') }} as t "
        "left join {{ ref('summed') }} as s using (name)"
    )

    assert lineage_in({**MODELS, "joined": joined})["joined"].rows == ()


def test_a_port_promises_columns_that_its_model_does_not_make():
    reader = "select name, gone from {{ ref('summed') }}"

    found = lineage_in({**MODELS, "reader": reader}, promised={"summed": Source(["name", "gone"])})

    assert uses(found["reader"], "gone") == {("model.summed", "gone", "identity")}
    assert all(column.gaps == () for column in found["reader"].columns)


def test_models_that_refer_to_each_other_in_a_circle_are_told():
    found = lineage_in({"a": "select x from {{ ref('b') }}", "b": "select x from {{ ref('a') }}"})

    reasons = {gap.reason for query in found.values() for c in query.columns for gap in c.gaps}
    assert "the columns of `model.a` are not known" in reasons


def test_a_model_that_cannot_be_rendered_still_says_what_it_refers_to():
    text = "{{ unheard_of() }} {{ ref('staged') }} {{ source( 'raw' , \"things\" ) }}"

    query = lineage_in({**MODELS, "odd": text})["odd"]

    assert query.gaps[0].reason == "'unheard_of' is undefined"
    assert query.relations == ("model.staged", "source.raw.things")


def test_a_python_model_is_not_followed():
    job = project(MODELS)
    texts = {**job.texts, "python": ("models/python.py", "def model(dbt, session): dbt.ref('a')")}

    found = {one.name: one.query for one in ProjectModels(replace(job, texts=texts)).all()}

    assert found["python"].gaps[0].reason == "a Python model is not followed"


def test_lineage_survives_being_kept_as_json():
    for model in ProjectModels(project(MODELS)).all():
        assert model_from_json(_through_json(model_as_json(model))) == model


def test_only_what_changed_and_what_follows_from_it_is_looked_at_again():
    before = known_of(project(MODELS))
    same = {**MODELS, "staged": STAGED.replace("lower(name)", "upper(name)")}
    wider = {**MODELS, "staged": STAGED.replace("amount from", "amount, 1 as one from")}

    assert looked_at(project(MODELS, known=before))[0] == set()
    assert looked_at(project(same, known=before))[0] == {"staged"}
    assert looked_at(project(wider, known=before))[0] == {"staged", "summed"}


def test_what_is_kept_is_what_a_new_look_finds():
    before = known_of(project(MODELS))
    changed = {**MODELS, "summed": SUMMED.replace("sum(amount)", "sum(amount + 1)")}

    kept = looked_at(project(changed, known=before))[1]

    assert kept == known_of(project(changed))


def test_a_changed_macro_makes_every_model_be_looked_at_again():
    macros = {"m.sql": "{% macro x() %}1{% endmacro %}"}
    before = known_of(project(MODELS, macros))

    changed = {"m.sql": "{% macro x() %}2{% endmacro %}"}
    assert looked_at(project(MODELS, changed, known=before))[0] == set(MODELS)


def _through_json(value):
    import json

    return json.loads(json.dumps(value))
