"""One run of the gate is told in every form, to people, programs and the workflow that calls it."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from meshport.cli.contract_gate import FORMATS
from meshport.reports.markdown import MARKER
from meshport.yaml_file import parse_yaml, read_yaml
from tests.building import ROOT, meshport
from tests.gate.conftest import ORDERS
from tests.gate.test_gate import without_column

WORKFLOW = ROOT / ".github/workflows/contract-gate.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"


def test_one_run_writes_every_form_of_the_same_result(branch):
    without_column(branch, "delivery_zip_prefix", "item_count")
    files = {form: branch.root.parent / f"gate.{form}" for form in FORMATS}
    writes = [part for form, file in files.items() for part in ("--write", f"{form}={file}")]

    done = meshport("contract", "gate", "--against", "main", *writes, cwd=branch.root)
    told = {form: file.read_text() for form, file in files.items()}
    content = json.loads(told["json"])
    run = json.loads(told["sarif"])["runs"][0]
    removed = next(one for one in run["results"] if one["ruleId"] == "FLD001")
    region = removed["locations"][0]["physicalLocation"]["region"]
    omds = json.loads(told["omds"])
    suites = ElementTree.fromstring(told["junit"])

    assert done.returncode == 1
    assert done.stdout == told["text"]
    assert not re.search(r"\x1b", done.stdout)
    assert content["passed"] is False
    assert {one["rule"] for one in content["contracts"][0]["changes"]} == {"FLD001"}
    assert {one["consumer"] for one in content["contracts"][0]["consumers"]} > {
        "logistics.shipments.v1"
    }
    assert {"startLine", "startColumn"} <= set(region)
    assert int(suites.get("failures") or sum(int(s.get("failures")) for s in suites)) > 0
    assert told["markdown"].startswith(MARKER)
    assert f"file={ORDERS},line=" in told["github"]
    assert (omds["kind"], omds["suggestedVersion"]) == ("MetadataDifference", "2.0.0")
    assert parse_yaml(told["omds"].encode(), "omds").value == omds


def test_several_contracts_are_a_list_of_documents_of_the_draft(branch):
    branch.replace(ORDERS, "name: Orders\n", "name: All orders\n")
    branch.replace("contracts/orders/payments.v1.odcs.yaml", "name: Payments\n", "name: Money\n")

    done = meshport("contract", "gate", "--against", "main", "--format", "omds", cwd=branch.root)

    documents = json.loads(done.stdout)
    assert [one["source2"]["id"] for one in documents] == ["orders.orders", "orders.payments"]


def test_where_nothing_breaks_the_comment_is_one_line(branch):
    done = meshport(
        "contract", "gate", "--against", "main", "--format", "markdown", cwd=branch.root
    )

    assert done.stdout == f"{MARKER}\n**Nothing breaks.** No promise changed.\n"


def test_the_workflow_has_the_whole_history_and_updates_its_own_comment():
    steps = read_yaml(WORKFLOW).value["jobs"]["gate"]["steps"]
    script = next(step["with"]["script"] for step in steps if "script" in step.get("with", {}))
    command = next(step["run"] for step in steps if "contract gate" in step.get("run", ""))
    written = dict(re.findall(r"--write (\w+)=(\S+)", command))

    assert steps[0]["with"]["fetch-depth"] == 0
    assert set(written) <= set(FORMATS)
    assert f"'{MARKER}'" in script
    assert f"readFileSync('{written['markdown']}'" in script
    assert steps[-1]["with"]["sarif_file"] == written["sarif"]


@pytest.mark.parametrize("hook", read_yaml(HOOKS).value, ids=lambda hook: hook["id"])
def test_a_hook_runs_a_command_that_there_is(hook, branch):
    command = hook["entry"].split()

    done = meshport(
        *command[1:], *(["--against", "main"] if "gate" in command else [ORDERS]), cwd=branch.root
    )

    assert command[0] == "meshport"
    assert done.returncode == 0, done.stderr
    assert re.search(hook["files"], ORDERS)
