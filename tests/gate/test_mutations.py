"""Real changes of the mesh: what the gate says is what then happens, and the page shows all."""

from __future__ import annotations

import re
import shutil
from collections import Counter

import pytest

from benchmarks.mutations.__main__ import PAGE
from benchmarks.mutations.build import NotPublishedError
from benchmarks.mutations.ground import Ground
from benchmarks.mutations.mutation import Mutation, all_mutations
from benchmarks.mutations.trial import try_out
from meshport.names import PortId
from meshport.reports.result import Effect

MUTATIONS = {one.say: one for one in all_mutations()}
ROW = re.compile(r"\| ([^|]+) \| ([^|]+) \| \**([^|*]+)\** \| \**([^|*]+)\** \| .*\|")


@pytest.fixture(scope="session")
def ground(tmp_path_factory, sample, built):
    return Ground.lay(tmp_path_factory.mktemp("ground"), sample, built)


def table():
    """(change, consumer, said, happened) of every row of the page."""
    text = PAGE.read_text().partition("## Every mutation")[2]
    rows = [ROW.fullmatch(line) for line in text.splitlines() if line.startswith("| ")]
    return [tuple(row.groups()) for row in rows[1:] if row and row[1] != "---"]


@pytest.mark.xdist_group("mutations")
@pytest.mark.parametrize(
    ("say", "happened"),
    [
        (
            "customers.customers makes customer_id a UUID",
            {"customers.customer_360.v1": Effect.BREAKS, "campaign_export": Effect.BREAKS},
        ),
    ],
)
def test_what_the_gate_says_is_what_happens(ground, say, happened):
    judged = try_out(ground, MUTATIONS[say])

    assert {
        one.consumer: one.happened for one in judged if one.happened != "unaffected"
    } == happened
    assert {one.consumer: one.said for one in judged if one.said != "unaffected"} == happened


@pytest.mark.xdist_group("mutations")
def test_a_change_that_its_own_producer_cannot_publish_is_no_mutation(ground):
    model = {"in": "model", "from": "'BRL' as currency_code", "to": "'real' as currency_code"}
    refused = Mutation("currencies in words", PortId("customers", "customer_360", 1), (model,))

    with pytest.raises(NotPublishedError, match="customer_360"):
        try_out(ground, refused)


def contents_of(mesh):
    """Every file that a mutation may touch, by its path in the mesh."""
    files = (file for part in ("contracts", "domains") for file in (mesh / part).rglob("*"))
    return {file.relative_to(mesh): file.read_bytes() for file in files if file.is_file()}


def test_every_mutation_can_still_be_made(merged_mesh, tmp_path):
    unchanged = contents_of(merged_mesh)
    for number, mutation in enumerate(MUTATIONS.values()):
        root = tmp_path / str(number)
        for part in ("contracts", "domains"):
            shutil.copytree(merged_mesh / part, root / part)
        mutation.apply(root)
        assert contents_of(root) != unchanged, mutation.say
        shutil.rmtree(root)


def test_the_page_shows_every_mutation_of_the_list_and_no_other():
    assert list(dict.fromkeys(say for say, *_ in table())) == list(MUTATIONS)


def test_the_figures_on_the_page_are_those_of_its_table():
    counts = Counter((said, happened) for _, _, said, happened in table())
    said = sum(count for (one, _), count in counts.items() if one == "breaks")
    broken = sum(count for (_, one), count in counts.items() if one == "breaks")
    recall, precision = (counts["breaks", "breaks"] / whole for whole in (broken, said))

    text = " ".join(PAGE.read_text().split())
    assert f"**Recall of breaks is {recall:.3f}, precision {precision:.3f}.**" in text
    assert (recall, precision >= 0.9) == (1, True)
