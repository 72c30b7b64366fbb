"""The gate tells what a change does, and what it cannot tell it says."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from meshport.errors import SettingsError
from meshport.gate.run import GateRun
from meshport.reports.result import Effect
from tests.building import meshport
from tests.gate.conftest import ORDERS, TODAY, rules_of

WAIVER = """\
waivers:
  - rule: FLD001
    contract: orders.orders
    version: 1.0.1
    path: schema.orders.properties.paid_amount
    reason: nobody reads it
    owner: ada@example.com
    approver: bea@example.com
    expires: "2026-12-31"
"""


WORDS = ("Number of order lines", "Count of order lines")


def bump(branch, version, file=ORDERS, old="1.0.0"):
    branch.replace(file, f"version: {old}", f"version: {version}")
    domain = file.split("/")[1]
    port = file.split("/")[2].split(".")[0]
    descriptor = f"domains/{domain}/data_product.odps.yaml"
    branch.replace(
        descriptor, f"contractId: {domain}.{port}\n    version: {old}",
        f"contractId: {domain}.{port}\n    version: {version}",
    )  # fmt: skip


def without_column(branch, column, until, file=ORDERS):
    text = (branch.root / file).read_text()
    start, end = text.index(f"      - id: {column}\n"), text.index(f"      - id: {until}\n")
    branch.write(file, text[:start] + text[end:])


def drop_paid_amount(branch):
    without_column(branch, "paid_amount", "currency_code")
    branch.replace(ORDERS, "      - id: paid_equals_price", "      - id: paid_equals")


def test_an_unchanged_mesh_is_green(branch):
    report = branch.report()

    assert (report.exit_code, report.contracts, report.problems) == (0, (), ())


def test_a_change_of_words_needs_a_patch(branch):
    branch.replace(ORDERS, *WORDS)

    assert branch.report().exit_code == 1
    bump(branch, "1.0.1")
    branch.generate()
    report = branch.report()
    assert report.exit_code == 0, report.problems
    assert report.contracts[0].difference.required_version == "1.0.1"


def test_a_dropped_column_needs_a_new_major(branch):
    without_column(branch, "delivery_zip_prefix", "item_count")
    bump(branch, "1.1.0")

    report = branch.report()

    assert report.exit_code == 1
    assert report.contracts[0].difference.required_version == "2.0.0"


def test_the_report_ends_in_people_with_file_and_line(branch):
    without_column(branch, "delivery_zip_prefix", "item_count")

    hits = {hit.consumer: hit for hit in branch.report().contracts[0].hits}

    broken = hits["logistics.shipments.v1"]
    assert broken.effect is Effect.BREAKS
    assert broken.owner.startswith("Fulfilment team")
    assert any(step.startswith("domains/logistics/dbt/models/") for step in broken.path)
    assert hits["customers.customers.v1"].effect is Effect.UNAFFECTED
    assert "finance_dashboard" not in {
        h.consumer for h in hits.values() if h.effect is Effect.BREAKS
    }


def test_a_consumer_that_is_changed_along_is_not_hit(branch):
    without_column(branch, "delivery_zip_prefix", "item_count")
    model = "domains/logistics/dbt/models/output_ports/shipments_v1.sql"
    branch.replace(model, "on destination.zip_prefix = orders.delivery_zip_prefix", "on false")

    hits = {hit.consumer: hit for hit in branch.report().contracts[0].hits}
    assert hits["logistics.shipments.v1"].effect is Effect.UNAFFECTED


def test_relying_on_more_than_was_promised_is_said_to_who_does(branch):
    consumer = "catalog/consumers/finance_dashboard.yaml"
    branch.replace(consumer, "literals: [credit_card, boleto]", "literals: [credit_card, cash]")

    report = branch.report()

    (problem,) = report.problems
    assert (problem.rule, problem.level, problem.file) == ("CON02", "warning", consumer)
    assert "cash" in problem.message
    assert report.exit_code == 0


def test_a_waiver_lets_one_finding_pass_until_its_day(branch):
    without_column(branch, "paid_amount", "currency_code")
    branch.replace(ORDERS, "paid_amount > 0 AND abs(paid_amount - ", "abs(")
    bump(branch, "1.1.0")
    branch.write("catalog/waivers.yaml", WAIVER.replace("1.0.1", "1.1.0"))

    report = branch.report()

    waived = [one.finding.rule for one in report.contracts[0].waived]
    assert waived == ["FLD001"]
    assert "WAI01" not in rules_of(report)
    assert report.contracts[0].is_green
    assert "WAI01" in rules_of(branch.report(today=TODAY.replace(year=2027)))


def test_a_waiver_that_waives_nothing_is_an_error(branch):
    branch.write("catalog/waivers.yaml", WAIVER)

    report = branch.report()

    assert (report.exit_code, rules_of(report)) == (1, {"WAI01"})


def test_a_waiver_has_done_its_work_once_it_is_merged_with_its_change(branch):
    branch.write("catalog/waivers.yaml", WAIVER)
    branch.merge()

    assert branch.report().exit_code == 0
    assert rules_of(branch.report(today=TODAY.replace(year=2028))) == {"WAI01"}


LOWERED = ("classification: confidential", "classification: internal")
OF_LOWERED = WAIVER.replace("FLD001", "PII01").replace("1.0.1", "1.1.0").replace(
    "paid_amount", "delivery_zip_prefix"
)  # fmt: skip


def test_governance_is_waived_by_the_owners_of_the_policies_only(branch):
    branch.replace(ORDERS, *LOWERED)
    bump(branch, "1.1.0")
    branch.generate()
    branch.write("catalog/waivers.yaml", OF_LOWERED)

    refused = branch.report()
    branch.write(".github/CODEOWNERS", "* @everyone\n/catalog/policies/ bea@example.com\n")
    approved = branch.report()

    assert {"WAI02", "PII01"} <= rules_of(refused)
    assert refused.exit_code == 1
    assert rules_of(approved) == set()
    assert approved.exit_code == 0


def test_a_version_once_published_keeps_its_content(branch):
    branch.replace(ORDERS, *WORDS)
    bump(branch, "1.0.1")
    branch.merge()
    branch.replace(ORDERS, WORDS[1], "How many order lines")

    report = branch.report()

    assert "VER01" in rules_of(report)
    assert any("1.0.2" in (problem.hint or "") for problem in report.problems)


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("version: 1.0.0", "version: 0.9.0", "VER03"),
        ("version: 1.0.0", "version: one", "VER03"),
        ("version: 1.0.0", "version: 3.0.0", "VER02"),
        ("status: active", "status: draft", "VER06"),
        ("properties/customer_id", "properties/person_id", "KEY06"),
        ("classification: internal", "classification: secret", "MP111"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_at_its_line(branch, old, new, rule):
    branch.replace(ORDERS, old, new)

    report = branch.report()

    found = next(problem for problem in report.problems if problem.rule == rule)
    assert found.file == ORDERS
    assert found.line
    assert found.hint
    assert report.exit_code in (1, 2)


def test_a_name_that_meant_something_else_does_not_come_back(branch):
    without_column(branch, "delivery_zip_prefix", "item_count")
    bump(branch, "1.1.0")
    branch.merge()
    branch.replace(
        ORDERS,
        "      - id: item_count\n",
        "      - {id: delivery_zip_prefix, name: delivery_zip_prefix, logicalType: integer,"
        " physicalType: INTEGER, description: Postal area as a number., classification: internal}\n"
        "      - id: item_count\n",
    )
    bump(branch, "1.2.0", old="1.1.0")

    assert "FLD004" in rules_of(branch.report())


def test_a_port_with_readers_cannot_be_removed(branch):
    (branch.root / ORDERS).unlink()

    report = branch.report()

    assert {"PRT01", "MP204"} <= rules_of(report)
    assert report.exit_code != 0


def test_a_port_that_was_removed_does_not_come_back_under_an_old_version(branch):
    file = "contracts/orders/daily_sales.v1.odcs.yaml"
    text = (branch.root / file).read_text()
    (branch.root / file).unlink()
    branch.merge()
    branch.write(file, text)

    assert "OBJ006" in rules_of(branch.report())


def test_a_first_publication_says_so(branch):
    assert meshport("new", "port", "orders.vouchers", cwd=branch.root).returncode == 0

    report = branch.report()

    (first,) = [one for one in report.contracts if one.is_first]
    assert first.id == "orders.vouchers"
    assert report.exit_code == 0, report.problems


def test_a_new_major_beside_the_old_one_asks_for_its_end_of_support(branch):
    text = (branch.root / ORDERS).read_text().replace("version: 1.0.0", "version: 2.0.0", 1)
    branch.write("contracts/orders/orders.v2.odcs.yaml", text)

    report = branch.report()

    assert "VER05" in rules_of(report)


@pytest.mark.parametrize("broken", ["\tname: x\n", "id: twice\n", "nme: x\n", "x: [\n"])
def test_a_file_that_cannot_be_read_is_never_no_change(branch, broken):
    file = branch.root / ORDERS
    file.write_text(broken + file.read_text() if ":" in broken else broken)

    report = branch.report()

    assert report.exit_code == 2
    assert any(problem.file == ORDERS for problem in report.problems)


def test_the_base_is_where_the_branch_began_not_where_main_is_now(branch):
    branch.git("checkout", "-q", "main")
    branch.replace(ORDERS, *WORDS)
    branch.git("commit", "-qam", "somebody else's change")
    branch.git("checkout", "-q", "change")

    assert branch.report().contracts == ()


def test_without_a_base_nobody_can_tell(branch, tmp_path):
    shallow = tmp_path / "shallow"
    branch.replace("workspace.yaml", "load_from:", "# a comment\nload_from:")
    branch.git("commit", "-qam", "on the branch")
    source = f"file://{branch.root}"
    subprocess.run(
        ["git", "clone", "-q", "--depth", "1", "-b", "change", source, shallow], check=True
    )
    subprocess.run(
        ["git", "fetch", "-q", "--depth", "1", "origin", "main:main"], cwd=shallow, check=True
    )
    bare = tmp_path / "bare"
    shutil.copytree(branch.root, bare, ignore=shutil.ignore_patterns(".git"))

    codes = {}
    for root, reference in ((shallow, "main"), (branch.root, "nowhere"), (bare, "main")):
        with pytest.raises(SettingsError) as caught:
            GateRun(root, reference, TODAY).report()
        codes[root.name + reference] = caught.value.code
        assert caught.value.hint or caught.value.code == "MP910"

    assert list(codes.values()) == ["MP912", "MP911", "MP910"]


def test_the_command_says_it_in_every_format_and_by_its_exit_code(branch, tmp_path):
    without_column(branch, "delivery_zip_prefix", "item_count")
    comment = tmp_path / "comment.md"

    done = meshport(
        "contract", "gate", "--against", "main", "--format", "github", "--write",
        f"markdown={comment}", cwd=branch.root,
    )  # fmt: skip

    assert done.returncode == 1
    assert "::error" in done.stdout
    assert ORDERS in done.stdout
    assert "2.0.0" in comment.read_text()
