"""Other people's contracts: each is read, linted and compared, or refused with a clear sentence."""

from __future__ import annotations

import json
import re

import pytest

from meshport.changes.difference import difference
from meshport.changes.verdict import Consumer
from meshport.cli.contract import lint_command
from meshport.contracts.read import contract_of
from meshport.errors import MeshportError, each_of
from meshport.yaml_file import YamlDocument, parse_yaml, read_yaml
from tests.building import SHARED, needs_shared
from tests.reports.reporting import AROUND, FORMATS, compared, rendered

pytestmark = needs_shared

ODCS = SHARED / "odcs"
FILES = sorted(path.relative_to(ODCS).as_posix() for path in ODCS.rglob("*.yaml"))
OLDER = [name for name in FILES if "-v2.2.2-" in name or name.endswith(".dcs.yaml")]
REFUSED = {
    # Its author wants it refused: it tests the strict schema of the standard.
    "bitol-strict-schema-test-invalid.odcs.yaml",
    # An excerpt: it says neither which version of the standard it follows nor its kind.
    "dccli-markdown-export-multicolumn.odcs.yaml",
    # Its columns have `isNullable` and `isUnique`, keys of ODCS 2: they would promise nothing.
    "dccli-postgres-odcs.odcs.yaml",
    # `delimiter` stands on a server of a type that has none, in ODCS 3.1.0 as well.
    "pairs/cities-evolution/v2.odcs.yaml",
}
OTHER_THAN_THE_STANDARD = {
    # Invalid against the schema of their own version, valid against the newest: we read by that.
    "bitol-v3.1.0-main-column-completeness.odcs.yaml": "says 3.0.2, names a metric as in 3.1.0",
    "dccli-excel-shipments-odcs.odcs.yaml": "says 3.0.0, names servers' types as in 3.1.0",
    "dccli-athena-iceberg-iceberg_example.odcs.yaml": "says 3.0.1, leaves out staging_dir",
    "dccli-oracle-datacontract-oracle-odcs.odcs.yaml": "says 3.0.2, has timestamps of 3.1.0",
    "pairs/changelog-integration/v2.odcs.yaml": "says 3.0.2, has timestamps of 3.1.0",
    # Valid against the schema of their own version, which lets unknown keys pass.
    "bitol-strict-schema-test-invalid.odcs.yaml": "misspelt keys are what it is made of",
}


def document(name: str) -> YamlDocument:
    return read_yaml(ODCS / name, name)


READ = [name for name in FILES if name not in {*REFUSED, *OLDER}]
FOLLOWING = [*zip(READ, READ[1:] + READ[:1], strict=True)]


@pytest.mark.parametrize("name", OLDER)
def test_an_older_format_is_refused_by_name_with_those_that_are_read(name):
    with pytest.raises(MeshportError) as caught:
        contract_of(document(name))

    assert caught.value.code == "MP105"
    assert re.search(r"not read|not ODCS", caught.value.fact)
    assert "v3.2.0" in caught.value.hint or "odcs" in caught.value.hint


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_broken_contract_is_refused_with_every_fault_at_its_line(name):
    with pytest.raises(MeshportError) as caught:
        contract_of(document(name))

    assert all(fault.code == "MP103" and fault.place.line for fault in each_of(caught.value))


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_linted_with_the_code_of_what_was_found(name, capsys):
    code = lint_command([ODCS / name], as_json=True)
    content = json.loads(capsys.readouterr().out)

    assert code == (2 if name in OLDER else 1 if name in REFUSED else 0)
    assert bool(content["findings"]) == (code != 0)


@pytest.mark.parametrize(
    "entry",
    [e for e in json.loads((ODCS / "manifest.json").read_text()) if e["format"] == "ODCS"]
    if ODCS.is_dir()
    else [],
    ids=lambda entry: entry["file"],
)
def test_a_contract_is_read_if_the_standard_allows_it_or_a_line_here_says_why_not(entry):
    name, check = entry["file"], entry["official_schema_check"]
    if name in OLDER or not check or "not checked" in check:
        return
    is_valid = bool(re.search(r"v3\.\d\.\d schema: valid", check))

    assert (name not in REFUSED) == is_valid or name in OTHER_THAN_THE_STANDARD


@pytest.mark.parametrize("name", READ)
def test_a_contract_does_not_differ_from_itself(name):
    report = compared(document(name), document(name))

    assert report.contracts[0].difference.findings == ()
    assert report.exit_code == 0


@pytest.mark.parametrize("names", FOLLOWING, ids=lambda names: names[0])
def test_two_contracts_of_strangers_are_compared_and_told_in_every_format(names):
    report = compared(*map(document, names))

    assert report.contracts[0].difference.findings
    for form in FORMATS:
        assert rendered(report, form)


def pair(entry: dict) -> list[YamlDocument]:
    """Two versions; the one whose servers are not valid, without what is wrong in them."""
    texts = [(ODCS / entry[side]).read_bytes() for side in ("old", "new")]
    return [
        parse_yaml(text.replace(b"    delimiter: new_line\n", b""), entry["new"]) for text in texts
    ]


JUDGED_OTHERWISE = {
    # The reading by hand looks at tables alone. Two servers are gone as well: who reads the files
    # at those addresses finds nothing, and no address is listed twice.
    "pairs/cities-evolution/v2.odcs.yaml": {"PRT01"},
}


@pytest.mark.parametrize(
    "entry",
    json.loads((ODCS / "verdicts.json").read_text())["odcs_pairs"] if ODCS.is_dir() else [],
    ids=lambda entry: entry["new"],
)
def test_public_versions_break_as_their_readers_say(entry):
    found = difference(*pair(entry), AROUND)
    breaking = {one.rule for one in found.findings if one.as_json()["consumer"] == "major"}

    assert (found.verdict is Consumer.MAJOR) == bool(breaking)
    if entry["new"] in JUDGED_OTHERWISE:
        assert breaking == JUDGED_OTHERWISE[entry["new"]]
    else:
        assert bool(breaking) == entry["derived_breaking"]


def test_a_column_that_becomes_required_breaks_the_data_not_its_readers():
    """The reading by hand calls it breaking, as upstream does, in whichever direction it goes."""
    (entry,) = (
        one
        for one in json.loads((ODCS / "verdicts.json").read_text())["odcs_pairs"]
        if one["new"] == "pairs/cities-evolution/v3.odcs.yaml"
    )
    found = difference(*pair(entry), AROUND)
    (required,) = (one for one in found.findings if one.table)

    assert required.rule == "NUL01"
    assert (required.verdict.consumer, required.verdict.producer) == ("minor", "break")


def test_every_part_that_upstream_finds_changed_is_found_and_no_other():
    folder = ODCS / "pairs" / "changelog-integration"
    summary = (folder / "expected-changelog.txt").read_text().split("Details")[0]
    listed = set(re.findall(r"│ (?:Added|Removed|Updated) +│ (\S+)", summary)) - {"version"}
    found = difference(*(read_yaml(folder / f"v{n}.odcs.yaml") for n in (1, 2)), AROUND)

    assert {one.path for one in found.findings} == listed


def test_a_percentage_written_as_text_is_ordered():
    folder = ODCS / "pairs" / "changelog-integration"
    found = difference(*(read_yaml(folder / f"v{n}.odcs.yaml") for n in (1, 2)), AROUND)
    (level,) = (one for one in found.findings if one.rule == "SLA02")

    assert (level.relation, level.verdict.consumer) == ("WEAKENED", "major")
