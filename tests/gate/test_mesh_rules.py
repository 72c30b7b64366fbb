"""What has to fit between files is looked at from both sides, in whichever change it breaks."""

from __future__ import annotations

import pytest

from tests.gate.conftest import ORDERS, rules_of
from tests.gate.test_gate import WORDS as OTHER_WORDS
from tests.gate.test_gate import bump

PORTS = "domains/{}/dbt/models/output_ports/{}_v1.sql"
ENDS = '  - {{id: ends, property: endOfSupport, value: "{}T00:00:00Z", description: Read v2.}}\n'


def of_rule(report, rule):
    return [one for one in report.problems if one.rule == rule]


def test_a_mesh_of_which_too_little_is_told_is_kept_back(branch):
    for domain, port in [("customers", "customer_360"), ("logistics", "shipments")]:
        file = PORTS.format(domain, port)
        branch.replace(file, "-- One row per", "{{ unheard_of() }} -- One row per")

    report = branch.report()

    (found,) = of_rule(report, "LIN01")
    assert report.exit_code == 1
    assert "95% is asked for" in found.message


@pytest.mark.parametrize(
    ("day", "level", "said"),
    [("2026-11-20", "error", "until 2026-11-20 only"), ("2027-06-01", "warning", "is deprecated")],
)
def test_an_input_that_ends_is_said_to_those_who_rely_on_it(branch, day, level, said):
    branch.replace(ORDERS, "status: active", "status: deprecated")
    branch.replace(ORDERS, "slaProperties:\n", f"slaProperties:\n{ENDS.format(day)}")
    bump(branch, "1.1.0")

    found = of_rule(branch.report(), "PRT07")

    assert {one.file for one in found} == {
        "domains/customers/data_product.odps.yaml", "domains/logistics/data_product.odps.yaml",
    }  # fmt: skip
    assert all(one.level == level and said in one.message for one in found)


def test_a_column_that_others_refer_to_is_missed_by_them_as_well(branch):
    file = "contracts/customers/customers.v1.odcs.yaml"
    text = (branch.root / file).read_text()
    branch.write(
        file,
        text.replace(
            "id: customer_id\n        name: customer_id",
            "id: person_id\n        name: person_id",
            1,
        ),
    )

    report = branch.report()

    referring = {one.file for one in of_rule(report, "KEY06")}
    assert referring == {ORDERS, "contracts/customers/customer_360.v1.odcs.yaml"}
    assert report.exit_code != 0


def test_an_acceptance_of_one_version_is_none_of_the_next(branch):
    """A waiver names the version that it was given for."""
    branch.replace(ORDERS, *OTHER_WORDS)
    branch.replace(ORDERS, "classification: confidential", "classification: internal")
    bump(branch, "1.1.0")
    branch.write(".github/CODEOWNERS", "/catalog/policies/ bea@example.com\n")
    waiver = (
        "waivers:\n  - {rule: PII01, contract: orders.orders, version: 1.0.9, reason: tried,"
        ' owner: ada@example.com, approver: bea@example.com, expires: "2026-12-31"}\n'
    )
    branch.write("catalog/waivers.yaml", waiver)

    assert {"PII01", "WAI01"} <= rules_of(branch.report())
    branch.write("catalog/waivers.yaml", waiver.replace("1.0.9", "1.1.0"))
    assert not {"PII01", "WAI01"} & rules_of(branch.report())
