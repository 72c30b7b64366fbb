"""The report as JUnit XML: one suite per contract, one case per finding."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree import ElementTree as ET

from meshport.reports.escaping import plain
from meshport.reports.remarks import Remark, of_contract, of_problem, of_version
from meshport.reports.result import Level, Report


def render(report: Report) -> str:
    """Errors are failures, what could not be read is an error, waived findings are skipped.

    A contract without findings has one case that passes.
    """
    root = ET.Element("testsuites", name=plain(report.title))
    for contract in report.contracts:
        found = list(of_contract(contract))
        if not any(one.level is Level.ERROR for one in found):
            found += of_version(contract)
        _suite(root, contract.id, found, set())
    if report.problems:
        found = [of_problem(one) for one in report.ranked_problems]
        unknown = {one.rule for one in report.problems if one.is_unknown}
        _suite(root, "problems", found, unknown)
    _count(root)
    ET.indent(root, " ")
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _suite(root: ET.Element, name: str, found: Sequence[Remark], unknown: set[str]) -> None:
    suite = ET.SubElement(root, "testsuite", name=plain(name))
    for remark in found:
        place = {"file": plain(remark.file), "line": str(remark.line or 1)}
        case = ET.SubElement(
            suite,
            "testcase",
            {"classname": plain(name), "name": plain(f"{remark.rule} {remark.about}"), **place},
        )
        _outcome(case, remark, is_unknown=remark.rule in unknown)
    if not found:
        ET.SubElement(suite, "testcase", classname=plain(name), name="nothing changed")
    _count(suite)


def _outcome(case: ET.Element, remark: Remark, *, is_unknown: bool) -> None:
    message = plain(remark.message)
    said = f"{plain(remark.title)}: {message}"
    if remark.hint:
        said = f"{said}\nhint: {plain(remark.hint)}"
    if remark.waiver:
        ET.SubElement(case, "skipped", message=f"waived: {plain(remark.waiver)}")
    elif remark.level is Level.ERROR:
        outcome = "error" if is_unknown else "failure"
        ET.SubElement(case, outcome, type=plain(remark.rule), message=message).text = said
    else:
        ET.SubElement(case, "system-out").text = f"{remark.level.value}: {said}"


def _count(element: ET.Element) -> None:
    """Write the totals that JUnit asks for."""
    kinds = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
    for attribute, tag in kinds.items():
        element.set(attribute, str(sum(1 for _ in element.iter(tag))))
