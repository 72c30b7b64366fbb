"""What others wrote is read in processes with bounds: what hangs costs itself, not the others."""

from __future__ import annotations

import time

import pytest

from meshport.lineage.graph import lineage_of
from meshport.lineage.workers import WorkerLimits, Workers
from tests.building import edit

STAGED = "domains/catalog/dbt/models/staging/stg_olist__sellers.sql"
LATE = "it takes longer than 3 s"
TOO_MUCH = "it needs more memory than it may, or breaks the parser"
BOUNDED = Workers(WorkerLimits(seconds=3, memory_mb=512))


def reasons(lineage):
    return {one.table.name: one.reason for one in lineage.untold if one.column is None}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", {LATE}),
        ("{% set x = namespace(a='ab') %}{% for n in range(60) %}{% set x.a = x.a ~ x.a %}"
         "{% endfor %}{{ x.a | length }}", {"it needs too much memory", TOO_MUCH}),
        ("{{ 10 ** (10 ** 10) }}", {LATE, TOO_MUCH}),
        ("{{ '%1000000000d' % 1 }}", {"it needs too much memory", TOO_MUCH}),
        ("select " + "case when a then " * 3000 + "1" + " end" * 3000, {"nested too deeply"}),
        ("select a" + "[1]" * 30_000, {LATE, TOO_MUCH, "nested too deeply"}),
        ("select cast(a as " + "struct(a " * 20_000 + "int" + ")" * 20_000 + ")",
         {"nested too deeply"}),
    ],
    ids=["loops", "doubling", "powers", "padding", "depth", "brackets", "types"],
)  # fmt: skip
def test_a_hostile_model_costs_itself_and_not_the_others(root, cache, text, reason):
    (root / STAGED).write_text(text)
    begun = time.monotonic()

    found = lineage_of(root, cache, workers=BOUNDED)

    assert reasons(found)["stg_olist__sellers"] in reason
    assert set(reasons(found)) == {"stg_olist__sellers"}
    assert time.monotonic() - begun < 60
    items = next(m for table, m in found.models.items() if table.name == "items_v1")
    assert len(items.query.columns) == 7


def test_a_model_that_hangs_is_not_asked_again(root, cache):
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    (root / STAGED).write_text(loops)
    lineage_of(root, cache, workers=BOUNDED)

    class NoWorkers(Workers):
        def run(self, jobs):
            assert list(jobs) == []
            return []

    assert reasons(lineage_of(root, cache, workers=NoWorkers())) == {"stg_olist__sellers": LATE}


def test_a_file_that_is_too_large_is_told(root, cache):
    (root / STAGED).write_text("-- " + "x" * 5_000_000)
    (root / "contracts/catalog/sellers.v1.odcs.yaml").write_text("# " + "x" * 5_000_000)

    found = lineage_of(root, cache, workers=BOUNDED)

    said = "the file has more than 4,194,304 bytes"
    assert reasons(found)["stg_olist__sellers"] == said
    assert found.faults == [f"contracts/catalog/sellers.v1.odcs.yaml: {said}"]


def test_files_behind_links_are_not_read(root, cache, tmp_path):
    (tmp_path / "secret.sql").write_text("select 'secret' as word")
    link = root / "domains/catalog/dbt/models/staging/linked.sql"
    link.symlink_to(tmp_path / "secret.sql")
    edit(root / "domains/catalog/dbt/dbt_project.yml", "../../../platform", "../../../../platform")

    found = lineage_of(root, cache)

    assert all(table.name != "linked" for table in found.models)
    assert "'place_name' is undefined" in reasons(found)["stg_olist__sellers"]


def test_an_answer_does_not_depend_on_who_gives_it(root, cache):
    jobs = [
        {"stage": "words", "folder": f"d{n}", "texts": {f"d{n}/dbt_project.yml": f"name: n{n}"},
         "profiles": "", "known": []}
        for n in range(6)
    ]  # fmt: skip

    names = [answer["settings"][0] for answer in Workers().run(jobs)]

    assert names == [f"n{n}" for n in range(6)]


def test_a_job_that_always_dies_has_no_answer():
    text = "x" * 5_000_000
    dying = {"stage": "words", "folder": "d", "texts": {"a": text}, "profiles": "", "known": []}
    limits = Workers(WorkerLimits(seconds=3, memory_mb=1))

    assert limits.run([dying, dying]) == [None, None]
