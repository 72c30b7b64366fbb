"""Whatever a change brings along, the gate ends soon and says what it cannot read, and no more."""

from __future__ import annotations

import shutil

import pytest

from meshport.checks.runnable import unrunnable
from meshport.errors import MeshportError
from tests.building import column, contract, meshport, table
from tests.gate.conftest import ORDERS, rules_of

CUSTOMER = "../customers/customers.v1.odcs.yaml#/schema/customers/properties/customer_id"


def told(report, rule):
    """Place → problem."""
    return {(one.file, one.line): one for one in report.problems if one.rule == rule}


def test_links_out_of_the_repository_are_not_followed(branch):
    (branch.root.parent / "outside.odcs.yaml").write_text("secret: of the machine\n")
    targets = ["/dev/zero", "/etc/hostname", "../../../outside.odcs.yaml"]
    files = [f"contracts/orders/stray_{n}.v1.odcs.yaml" for n in range(len(targets))]
    for file, target in zip(files, targets, strict=True):
        (branch.root / file).symlink_to(target)

    report = branch.report()

    found = told(report, "MP101")
    assert {file for file, _ in found} == set(files)
    assert {one.message for one in found.values()} == {"it leads out of the mesh"}
    assert report.exit_code == 2
    assert not any("secret" in one.message for one in report.problems)


def test_contracts_whose_files_are_no_ports_are_named_and_hide_nothing(branch):
    names = ["Orders.v1", "o'rd.v1", "or ders.v1", "orders", "orders.v1.v2", "o\u202er.v1", "📦.v1"]
    files = {f"contracts/orders/{name}.odcs.yaml" for name in names}
    for file in files:
        shutil.copy(branch.root / ORDERS, branch.root / file)
    branch.replace("contracts/orders/payments.v1.odcs.yaml", "name: Payments", "name: Money")

    report = branch.report()

    found = told(report, "MP104")
    assert {file for file, _ in found} == files
    assert all("<port>.v<major>" in (one.hint or "") for one in found.values())
    assert report.exit_code == 2
    assert "VER01" in rules_of(report)


def test_references_to_where_no_contract_is_are_named_at_their_lines(branch):
    others = [
        "../../../secrets/x.v1.odcs.yaml#/schema/x/properties/y",
        "../customers/nobody.v1.odcs.yaml#/schema/x/properties/y",
        "orders.nothing",
    ]
    more = "".join(f'          - {{id: r{n}, to: "{to}"}}\n' for n, to in enumerate(others))
    branch.replace(ORDERS, f"to: {CUSTOMER}\n", f"to: {CUSTOMER}\n{more}")

    report = branch.report()
    text = (branch.root / ORDERS).read_text()
    lines = [text[: text.index(f"id: r{n},")].count("\n") + 1 for n in range(3)]

    assert set(told(report, "MP208")) == {(ORDERS, lines[0])}
    assert set(told(report, "KEY06")) == {(ORDERS, line) for line in lines[1:]}
    assert all(one.hint for one in report.problems)


@pytest.mark.parametrize(
    "to", ["/etc/passwd#/schema/x/properties/y", "file:///x", "../x#y", "é.🙂"]
)
def test_a_reference_that_names_no_contract_is_refused_with_the_way_to_write_one(to):
    with pytest.raises(MeshportError) as caught:
        contract(schema=[table("things", column("a", "VARCHAR", relationships=[{"to": to}]))])

    assert caught.value.code == "MP103"
    assert caught.value.place.line
    assert "write `table.column`" in caught.value.hint


def test_references_in_a_circle_are_walked_once(branch):
    items = "contracts/catalog/items.v1.odcs.yaml"
    lines = "../orders/order_lines.v1.odcs.yaml#/schema/order_lines/properties/item_id"
    sold = f"relationships: [{{id: sold, to: '{lines}'}}, {{id: itself, to: items.item_id}}]"
    synonyms = "        synonyms: [{synonym: sku}"
    branch.replace(items, synonyms, f"        {sold}\n{synonyms}")

    report = branch.report()

    assert [one.id for one in report.contracts] == ["catalog.items"]
    assert report.exit_code == 1
    assert not {"KEY06", "MP206"} & rules_of(report)


def test_a_contract_that_cannot_be_read_does_not_make_others_look_broken(branch):
    branch.replace(ORDERS, "kind: DataContract", "kind: DataContract\nkind: DataContract")

    report = branch.report()

    assert (report.exit_code, rules_of(report)) == (2, {"MP102"})


@pytest.mark.parametrize(
    ("query", "fact"),
    [
        ("drop table {object}", "it is DROP"),
        ("select 1; select 2", "it is SELECT, SELECT"),
        ("select (((", "cannot be read"),
        ("attach 'x.db'", "it is ATTACH"),
        ("copy {object} to 'x.csv'", "it is COPY"),
        ("insert into {object} values (1)", "it is INSERT"),
        ("", "it is nothing"),
        ("select " + "(" * 5000 + "1" + ")" * 5000, "cannot be read"),
        ("select count(*) from {object} where {property} is null", None),
        ("with a as (select 1) select count(*) from a union select 2", None),
    ],
)
def test_a_rule_that_is_not_one_select_is_known_before_it_runs(query, fact):
    rule = {"id": "r", "type": "sql", "query": query, "mustBe": 0}
    read = contract(schema=[table("things", column("a", "VARCHAR", quality=[rule]))])

    found = [(one.code, one.fact) for one in unrunnable([read])]

    assert [code for code, _ in found] == (["MP310"] if fact else [])
    assert all(fact in said for _, said in found)


@pytest.mark.parametrize(
    ("pattern", "is_one"),
    [("^(a+)+$", True), ("((", False), ("(?=x)", False), (r"(a)\1", False),
     ("(((a{1,999}){1,999}){1,999})", False)],
)  # fmt: skip
def test_a_pattern_that_the_engine_cannot_read_is_known_before_it_runs(pattern, is_one):
    argument = {
        "id": "r",
        "metric": "invalidValues",
        "arguments": {"pattern": pattern},
        "mustBe": 0,
    }
    texts = column("a", "VARCHAR", logicalTypeOptions={"pattern": pattern}, quality=[argument])
    read = contract(schema=[table("things", texts)])

    assert [one.code for one in unrunnable([read])] == ([] if is_one else ["MP311", "MP311"])


def test_lint_and_gate_name_such_a_rule_where_it_is_written(branch):
    text = (branch.root / ORDERS).read_text()
    start = text.index("query: >-")
    end = text.index("{object}", start) + len("{object}")
    branch.write(ORDERS, f'{text[:start]}query: "drop table orders"{text[end:]}')
    line = text[: text.index("- id: delivered_has_date")].count("\n") + 1

    linted = meshport("contract", "lint", cwd=branch.root)
    report = branch.report()

    assert linted.returncode == 1
    assert f"MP310 {ORDERS}:{line}:" in linted.stdout
    assert set(told(report, "MP310")) == {(ORDERS, line)}
    assert report.exit_code == 2
