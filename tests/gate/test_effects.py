"""What a change does to whom, where a name in a query does not tell it."""

from __future__ import annotations

import json

import pytest

from benchmarks.mutations.mutation import all_mutations
from meshport.reports import json as as_json
from meshport.reports import markdown
from meshport.reports.result import Effect
from tests.building import edit
from tests.gate.conftest import ORDERS

MUTATIONS = {one.say: one for one in all_mutations()}
SHIPMENTS = "domains/logistics/dbt/models/output_ports/shipments_v1.sql"


def report_of(branch, say):
    MUTATIONS[say].apply(branch.root)
    return branch.report()


def hits_of(report):
    """Consumer → the worst that is said of it."""
    order = list(Effect)
    found = {}
    for contract in report.contracts:
        for hit in contract.hits:
            known = found.get(hit.consumer)
            if known is None or order.index(hit.effect) < order.index(known.effect):
                found[hit.consumer] = hit
    return found


def broken_by(branch, say):
    found = hits_of(report_of(branch, say))
    return {name for name, hit in found.items() if hit.effect is Effect.BREAKS}


CHAIN = {
    "logistics.shipments.v1",
    "logistics.delivery_performance.v1",
    "customers.customer_360.v1",
    "delivery_forecast",
    "campaign_export",
}


def test_who_reads_a_port_that_breaks_is_cut_off_over_all_domains(branch):
    found = hits_of(report_of(branch, "catalog.sellers drops zip_prefix, on which shipments join"))

    assert {name for name, hit in found.items() if hit.effect is Effect.BREAKS} == CHAIN
    assert found["campaign_export"].path[-1].startswith("catalog/consumers/campaign_export.yaml")


@pytest.mark.parametrize(
    ("say", "broken"),
    [
        # Its check counts the orders of customers that it does not hold.
        (
            "orders.orders drops customer_id, which a check of customers reads",
            {"customers.customers.v1", "customers.customer_360.v1", "campaign_export"},
        ),
        # `using (seller_id)` may now mean either.
        ("orders.orders adds seller_id, the name of a column that shipments join by", CHAIN),
        ("orders.orders adds score, a name that customer 360 uses of another table", set()),
        # The sum is null where all are; customer 360 puts a zero in its place.
        (
            "orders.orders leaves freight_amount empty for one order in sixteen",
            {"orders.daily_sales.v1", "finance_dashboard"},
        ),
        # Only who holds on to its state's pattern.
        ("catalog.sellers admits sellers abroad, state EX", CHAIN),
        ("orders.orders gives items_amount four decimals", set()),
        ("orders.orders makes promised_on a TIMESTAMPTZ", CHAIN),
        ("logistics.shipments makes distance_km an INTEGER", {"delivery_forecast"}),
        ("customers.customer_360 leaves segment empty for prospects", {"campaign_export"}),
        # No contract says a word, and shipments promise that goods arrive after they were sent.
        ("orders.orders dates shipped_at from the label, three days later", CHAIN),
        ("orders.orders promises delivery two days later", set()),
    ],
)
def test_a_port_breaks_that_cannot_be_built_or_keep_its_promise(branch, say, broken):
    assert broken_by(branch, say) == broken


def test_a_port_that_goes_is_missed_by_name_in_all_formats(branch):
    report = report_of(branch, "logistics.shipments is retired")

    missed = {name for name, hit in hits_of(report).items() if hit.effect is Effect.BREAKS}
    assert missed == CHAIN - {"logistics.shipments.v1"}
    said = next(problem.message for problem in report.problems if problem.rule == "PRT01")
    assert all(name in said for name in missed)
    (told,) = json.loads(as_json.render(report))["contracts"]
    assert {one["consumer"] for one in told["consumers"]} == missed
    assert "customers.customer_360.v1" in markdown.render(report)


def test_sql_that_changed_ends_in_people_where_the_contract_did_not_change(branch):
    report = report_of(branch, "logistics.shipments leaves out what is not delivered")

    (told,) = report.contracts
    assert (told.id, told.difference.findings) == ("logistics.shipments", ())
    effects = {hit.consumer: hit.effect for hit in told.hits}
    assert effects == {
        "delivery_forecast": Effect.ROWS,
        "logistics.delivery_performance.v1": Effect.ROWS,
        "customers.customer_360.v1": Effect.VALUES,
        "campaign_export": Effect.UNAFFECTED,
    }
    assert "**Who is hit**" in markdown.render(report)


@pytest.mark.parametrize(
    "say",
    [
        "logistics.shipments gives a CTE and two joins other names",
        "orders.orders explains a CTE in a comment",
        "catalog.sellers quotes names and writes keywords in capitals",
        "orders.orders changes the order of its columns",
    ],
)
def test_a_change_of_the_writing_alone_hits_nobody(branch, say):
    report = report_of(branch, say)

    assert {hit.effect for hit in hits_of(report).values()} <= {Effect.UNAFFECTED}
    assert {problem.rule for problem in report.problems} & {"SEM02", "SEM06", "PAR01"} == set()


def test_a_rule_that_only_warned_promised_nobody_anything(branch):
    edit(
        branch.root / ORDERS, "WHERE shipped_at < purchased_at", "WHERE approved_at < purchased_at"
    )

    assert {hit.effect for hit in hits_of(branch.report()).values()} == {Effect.UNAFFECTED}


def test_a_consumer_that_is_changed_along_keeps_its_readers(branch):
    say = "orders.orders drops delivery_zip_prefix, on which shipments join"
    edit(
        branch.root / SHIPMENTS,
        "on destination.zip_prefix = orders.delivery_zip_prefix",
        "on false",
    )

    assert broken_by(branch, say) == set()


def test_the_engine_is_asked_in_a_process_that_reaches_nothing(branch, tmp_path):
    outside = tmp_path / "secret.csv"
    outside.write_text("a\n1\n")
    shipped = "where orders.shipped_at is not null"
    edit(branch.root / SHIPMENTS, shipped, f"{shipped} and exists (from read_csv('{outside}'))")
    branch.git("commit", "-qam", "reads a file")
    branch.git("branch", "-f", "main", "HEAD")

    found = hits_of(report_of(branch, "orders.orders makes item_count a VARCHAR"))

    # What cannot be built either way is no consequence of the change.
    assert found["logistics.shipments.v1"].effect is Effect.UNAFFECTED
    assert found["orders.daily_sales.v1"].effect is Effect.BREAKS
