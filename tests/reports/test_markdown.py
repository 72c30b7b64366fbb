"""The comment under a change: found again by its marker, harmless, and clear without the docs."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from meshport.changes.examples import base, edits
from meshport.contracts.read import contract_of
from meshport.reports import markdown
from meshport.reports.escaping import markdown_code, markdown_text, shortened
from meshport.reports.markdown import MARKER, MOST_CHARACTERS
from meshport.reports.result import ContractReport, Effect, Hit, Level, Problem, Report
from meshport.yaml_file import parse_yaml
from tests.building import column
from tests.reports.reporting import HOSTILE, compared, document, hostile_report, report_of

EDITS = {edit.say: edit for edit in edits()}
TAGS = {
    "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "pre", "strong", "em", "br",
    "details", "summary", "ol", "ul", "li",
}  # fmt: skip
HOSTILE_TEXT = st.one_of(
    st.text(min_size=1),
    st.text("|\\`<>&*_[]()#@!~$:;- \n\u202eab1./w", min_size=1),
    st.sampled_from(list(HOSTILE.values())),
)


class Seen(HTMLParser):
    """What a browser would make of the comment: tags, attributes, the text of each cell."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.comments: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_comment(self, data):
        self.comments.append(data)

    def handle_data(self, data):
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


def with_version(edit: str, version: str) -> Report:
    text = EDITS[edit].applied().text.replace(b"version: 1.4.0", f"version: {version}".encode())
    return compared(base(), parse_yaml(text, "new.odcs.yaml"))


def body(report: Report) -> list[str]:
    marker, *lines = markdown.render(report).splitlines()
    assert marker == MARKER
    return lines


def test_the_comment_starts_with_its_marker():
    for edit in edits():
        assert markdown.render(report_of(edit)).startswith(f"{MARKER}\n")


@pytest.mark.parametrize(
    "report",
    [
        compared(base(), base()),
        with_version("a table is added", "1.5.0"),
        with_version("a value is described differently", "1.4.1"),
        Report("gate", (ContractReport.first(contract_of(base())),)),
        Report("gate", ()),
    ],
    ids=["same", "compatible", "words", "first", "empty"],
)
def test_where_nothing_breaks_the_comment_is_one_line(report):
    (line,) = body(report)

    assert line.startswith("**Nothing breaks.**")


def test_a_small_alarm_is_named_within_the_line():
    (line,) = body(with_version("an optional column is added", "1.5.0"))

    assert "readers by position" in line


@pytest.mark.parametrize(
    ("report", "headline"),
    [
        (report_of(EDITS["a column is removed"]), "This change breaks what readers rely on"),
        (report_of(EDITS["a table is added"]), "Nothing breaks, but the version does not say"),
        (with_version("a classification is lowered", "1.5.0"), "needs somebody's approval"),
        (with_version("a column is removed", "2.0.0"), "breaks readers, and its new version says"),
        (
            Report("gate", (), (Problem("MP102", "error", "c.yaml", 1, 1, "x"),)),
            "Nobody can tell yet",
        ),
        (
            Report("gate", (), (Problem("VER01", "error", "c.yaml", 1, 1, "x"),)),
            "Something has to be mended",
        ),
        (
            Report("gate", (), (Problem("VER05", "warning", "c.yaml", 1, 1, "x"),)),
            "This can be merged; have a look first",
        ),
    ],
)
def test_the_first_line_says_in_words_how_it_stands(report, headline):
    assert headline in body(report)[0]


def test_people_come_before_changes_and_changes_before_details():
    hits = (
        Hit("shop.lists.v1", "Team Lists", Effect.UNAFFECTED),
        Hit("shop.boxes.v1", "Team Boxes", Effect.BREAKS, ("a.sql:3", "b.sql:9"), "FLD001"),
    )
    report = compared(base(), EDITS["a column is removed"].applied(), hits=hits)
    text = markdown.render(report)
    places = [
        text.index(part) for part in ("Team Boxes", "What changes", "What to do", "<details>")
    ]

    assert places == sorted(places)
    assert "`shop.boxes.v1` **breaks**" in text
    assert "`a.sql:3` → `b.sql:9`" in text
    assert "1 other not affected" in text


def test_a_change_is_told_in_words_and_its_code_stands_in_the_details():
    text = markdown.render(report_of(EDITS["a column is removed"]))
    table, details = text.split("<details>")

    assert "| A column is removed<br>column `weight` removed | `baskets.weight` |" in table
    assert "FLD001" not in table
    assert "`FLD001`" in details


def test_the_next_step_is_the_exact_version_where_a_small_bump_will_do():
    text = markdown.render(report_of(EDITS["a table is added"]))

    assert "1. Write `version: 1.5.0` into `new.odcs.yaml`." in text


def test_the_comment_does_not_say_twice_that_a_version_is_too_small():
    report = report_of(EDITS["a column is removed"])
    problems = [Problem("VER02", "error", file, 5, 1, "again") for file in ("new.odcs.yaml", "x")]
    shown = [
        "again" in markdown.render(Report("gate", report.contracts, (one,))) for one in problems
    ]

    assert shown == [False, True]


def test_a_break_of_a_port_is_published_beside_the_old_one_with_commands_to_type():
    file = "contracts/shop/baskets.v1.odcs.yaml"
    new = parse_yaml(EDITS["a column is removed"].applied().text, file)
    report = Report("gate", compared(base(), new).contracts, base="origin/main", command="again")
    text = markdown.render(report)

    assert f"cp {file} contracts/shop/baskets.v2.odcs.yaml" in text
    assert f"git checkout origin/main -- {file}" in text
    assert "write `version: 2.0.0` into `contracts/shop/baskets.v2.odcs.yaml`" in text
    assert "   again\n" in text


@pytest.mark.parametrize("name", HOSTILE.values(), ids=HOSTILE)
def test_nothing_that_somebody_wrote_acts_in_the_comment(name):
    text = markdown.render(hostile_report(name))
    seen = Seen(text)

    assert seen.tags <= TAGS
    assert seen.attributes <= {"class", "start"}
    assert seen.comments == [" meshport-gate "]
    assert len({len(row) for row in seen.rows}) == 3  # changes 4, problems 3, details 5 columns
    assert not any("\\" in line for line in text.splitlines() if line.startswith("|"))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(HOSTILE_TEXT)
def test_rows_of_tables_stay_whole_whatever_names_hold(name):
    (contract,) = hostile_report(name).contracts
    text = markdown.render(Report("gate", (contract,)))
    seen = Seen(text)
    changes = len(contract.ranked)

    assert [len(row) for row in seen.rows] == [4] * (changes + 1) + [5] * (changes + 1)
    # As many bars as a row needs, none of them from a name: so every reader of tables agrees.
    assert {line.count("|") for line in text.splitlines() if line.startswith("|")} == {5, 6}


@pytest.mark.parametrize("escape", [markdown_code, markdown_text])
@given(name=HOSTILE_TEXT)
def test_a_name_in_a_cell_reads_as_it_was_written(escape, name):
    seen = Seen(f"| a | b |\n| --- | --- |\n| {escape(name, 150)} | b |\n")
    (_, (shown, _)) = seen.rows

    assert seen.tags <= {"table", "thead", "tbody", "tr", "th", "td", "code"}
    # Pairs of backquotes become code in messages; what follows @ and # is cut loose.
    drop = str.maketrans("", "", "`\u200b")
    assert shown.translate(drop).strip() == shortened(name, 150).translate(drop).strip()


def test_a_comment_fits_into_what_github_takes():
    names = [f"column_{number}" for number in range(600)]
    old = document(*(column(name, "VARCHAR(8)", description=f"{name} | |") for name in names))
    new = document(column("other", "VARCHAR(8)"), id="|" * 500)
    hits = tuple(Hit("<" * 200, "@" * 200, Effect.BREAKS, ("|" * 200,) * 9) for _ in names)
    problems = tuple(Problem("VER01", Level.ERROR, "|" * 300, 1, 1, "<" * 900) for _ in names)
    one = compared(old, new, hits=hits)
    many = Report("gate", one.contracts * 50, problems)

    assert 1000 < len(markdown.render(one)) <= MOST_CHARACTERS
    assert 200 < len(markdown.render(many)) <= MOST_CHARACTERS
    assert "… and " in markdown.render(one)
