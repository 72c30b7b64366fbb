"""What is made of personal data is protected like it, until nothing of a person is left in it."""

from __future__ import annotations

import pytest

from meshport.changes.verdict import Governance
from tests.building import meshport
from tests.gate.conftest import rules_of
from tests.gate.test_gate import WAIVER, bump

MODEL = "domains/customers/dbt/models/output_ports/customer_360_v1.sql"
CONTRACT = "contracts/customers/customer_360.v1.odcs.yaml"
CUSTOMERS = "contracts/customers/customers.v1.odcs.yaml"
PERSONS = "{{ ref('customers', v=1) }}"
MEAN_BY = f"(select max(m) from (select avg(year(birth_on)) as m from {PERSONS} group by KEY))"
OWNERS = "* @everyone\n/catalog/policies/ bea@example.com\n"


def add_column(branch, name, sql, classification, tags=""):
    """Give customer_360 one more column."""
    branch.replace(
        MODEL,
        "    'BRL' as currency_code,\n",
        f"    'BRL' as currency_code,\n    {sql} as {name},\n",
    )
    entry = (
        f"      - {{id: {name}, name: {name}, description: Something of a person., logicalType: "
        f"string, physicalType: VARCHAR, classification: {classification}, tags: [{tags}]}}\n"
    )
    branch.replace(
        CONTRACT,
        "    quality:\n      - id: has_customer",
        f"{entry}    quality:\n      - id: has_customer",
    )


def told(report):
    """Column → what PII04 says of it."""
    found = [problem for problem in report.problems if problem.rule == "PII04"]
    assert all(one.line and one.hint and one.level == "error" for one in found)
    return {one.message.split("`")[1]: one.message for one in found}


TAKEN_AWAY = {
    "has_email": ("customers.email is not null", "internal"),
    "is_at_home": ("customers.email like '%@home.example'", "internal"),
    "email_count": (f"(select count(distinct email) from {PERSONS})", "internal"),
    "email_code": ("sha256('a long secret key' || customers.email)", "confidential"),
    "mean_year": (f"(select avg(year(birth_on)) from {PERSONS})", "internal"),
    "mean_by_state": (MEAN_BY.replace("KEY", "state"), "internal"),
    "greeting": ("case when customers.has_marketing_consent then 'hello' end", "internal"),
    "rank_by_age": ("row_number() over (order by customers.birth_on)", "internal"),
    "with_both": ("customers.email", "restricted", "pii.direct"),
}  # fmt: skip
LEFT = {
    "contact": ("customers.email", "internal"),
    "folded": ("coalesce(nullif(lower(customers.email), ''), '-')", "internal"),
    "unmarked": ("customers.email", "restricted"),
    "too_low": ("customers.email", "confidential", "pii.direct"),
    "bare_code": ("md5(lower(customers.email))", "confidential"),
    "open_code": ("sha256('a long secret key' || customers.email)", "internal"),
    "last_email": (f"(select max(email) from {PERSONS})", "internal"),
    "mean_of_one": (MEAN_BY.replace("KEY", "customer_id"), "internal"),
    "sum_in_window": ("sum(year(customers.birth_on)) over (order by customer_id)", "internal"),
    "says_yes": ("customers.has_marketing_consent = true", "internal"),
}  # fmt: skip


def test_what_still_says_something_of_a_person_is_named_and_nothing_else(branch):
    for name, about in {**TAKEN_AWAY, **LEFT}.items():
        add_column(branch, name, *about)

    found = told(branch.report())

    assert set(found) == set(LEFT)
    assert found["contact"].startswith(
        "`contact` is classified internal and not marked as personal, but it is made from "
        f"customers.customers_v1.email ({MODEL}:"
    )
    assert found["contact"].endswith(", which is classified restricted and marked as personal")
    assert "`unmarked` is not marked as personal" in found["unmarked"]
    assert "`too_low` is classified confidential" in found["too_low"]
    assert "a code for customers.customers_v1.email" in found["open_code"]


def test_a_port_that_raises_a_class_hears_which_ports_downstream_fall_behind(branch):
    file = "contracts/catalog/items.v1.odcs.yaml"
    text = (branch.root / file).read_text()
    start = text.index("classification: public", text.index("- id: category_code"))
    branch.write(file, text[:start] + text[start:].replace("public", "confidential", 1))

    (problem,) = (one for one in branch.report().problems if one.rule == "PII04")

    assert problem.file == "contracts/orders/order_lines.v1.odcs.yaml"
    assert "order_lines_v1.sql:7" in problem.message
    assert problem.message.endswith("which is classified confidential")


def test_the_owners_of_the_policies_may_let_it_pass(branch):
    add_column(branch, "contact", "customers.email", "internal")
    bump(branch, "1.2.0", CONTRACT, "1.1.0")
    branch.generate()
    waiver = WAIVER.replace("FLD001", "PII04").replace("1.0.1", "1.2.0")
    waiver = waiver.replace("orders.orders\n", "customers.customer_360\n")
    branch.write("catalog/waivers.yaml", waiver.replace(
        "schema.orders.properties.paid_amount", "schema.customer_360.properties.contact"
    ))  # fmt: skip

    refused = branch.report()
    branch.write(".github/CODEOWNERS", OWNERS)
    approved = branch.report()

    assert {"PII04", "WAI02"} <= rules_of(refused)
    assert not {"PII04", "WAI01", "WAI02"} & rules_of(approved)
    assert approved.exit_code == 0, approved.problems


def unmark(branch, file, column):
    """Take the tags of a column away; what is said of it then."""
    text = (branch.root / file).read_text()
    start = text.index(
        "tags: [pii", text.index(f"- {{id: {column}," if file == CONTRACT else f"- id: {column}\n")
    )
    end = text.index("]", start) + 1
    branch.write(file, text[:start] + "tags: []" + text[end:])
    return marks_gone(branch.report(), column)


def marks_gone(report, column):
    return next(
        finding
        for one in report.contracts
        for finding in one.difference.findings
        if finding.rule == "PII03" and finding.column == column
    )


@pytest.fixture
def marked(branch):
    """The mesh with some derived columns that are marked and classified high."""
    add_column(branch, "contact", "trim(customers.email)", "restricted", "pii.direct")
    add_column(branch, "has_email", "customers.email is not null", "confidential", "pii.indirect")
    bump(branch, "1.2.0", CONTRACT, "1.1.0")
    branch.merge()
    return branch


def test_a_mark_that_lineage_speaks_for_is_not_taken_away_without_a_word(marked):
    found = unmark(marked, CONTRACT, "contact")

    assert found.verdict.governance is Governance.BLOCK
    assert "it is made from customers.customers_v1.email" in found.message
    assert f"({MODEL}:" in found.message
    assert found.message.endswith("which is marked as personal")


def test_a_mark_that_goes_along_with_that_of_its_source_is_no_less_needed(marked):
    unmark(marked, CUSTOMERS, "email")
    found = unmark(marked, CONTRACT, "contact")

    assert found.verdict.governance is Governance.BLOCK
    assert found.message.endswith("which is marked as personal")


def test_a_mark_of_what_is_not_personal_may_go_and_governance_hears_of_it(marked):
    found = unmark(marked, CONTRACT, "has_email")

    assert found.verdict.governance is Governance.WARN
    assert "made from nothing that is marked as personal" in found.message


def test_a_mark_of_a_column_from_the_domains_own_sources_is_for_people_to_decide(marked):
    found = unmark(marked, CUSTOMERS, "email")

    assert found.verdict.governance is Governance.BLOCK
    assert "customers.raw.crm_contacts.email" in found.message
    assert "no contract says what that holds" in found.message


def test_two_contracts_alone_know_no_lineage(marked):
    unmark(marked, CONTRACT, "has_email")

    done = meshport("contract", "diff", f"main:{CONTRACT}", CONTRACT, cwd=marked.root)

    assert done.returncode == 1
    assert "governance has to approve" in done.stdout
    assert "lineage" not in done.stdout
