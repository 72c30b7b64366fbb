"""`meshport contract diff`: files and revisions in, one report out, and an exit code."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from meshport.changes.examples import base, base_text, edits
from meshport.cli.contract_diff import diff_command, read_version
from meshport.errors import ContractError
from tests.building import ROOT, meshport
from tests.reports.reporting import FORMATS, compared, rendered

EDITS = {edit.say: edit for edit in edits()}
REMOVED = EDITS["a column is removed"].applied().text
PATH = "contracts/shop/baskets.v1.odcs.yaml"


def git(*arguments: str, cwd) -> None:
    quiet = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *quiet, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A git repository with the base contract on main and a column removed in the working tree."""
    file = tmp_path / PATH
    file.parent.mkdir(parents=True)
    file.write_text(base_text())
    git("init", "-q", "-b", "main", cwd=tmp_path)
    git("add", ".", cwd=tmp_path)
    git("commit", "-q", "-m", "base", cwd=tmp_path)
    file.write_bytes(REMOVED)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("form", FORMATS)
def test_a_revision_is_compared_with_the_working_tree(repository, capsys, form):
    code = diff_command(f"main:{PATH}", PATH, form, None)
    printed = capsys.readouterr().out

    assert code == 1
    assert "weight" in printed
    assert printed.endswith("\n")


def test_what_is_removed_is_placed_in_the_revision_and_the_way_out_names_it(repository, capsys):
    diff_command(f"main:{PATH}", PATH, "text", None)
    assert f"main:{PATH}:132:9 (in the old file)" in capsys.readouterr().out

    diff_command(f"main:{PATH}", PATH, "markdown", None)
    assert f"git checkout main -- {PATH}" in capsys.readouterr().out


def test_two_revisions_are_compared(repository, capsys):
    git("commit", "-q", "-a", "-m", "removed", cwd=repository)

    assert diff_command(f"HEAD~1:{PATH}", f"HEAD:{PATH}", "json", None) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "major"


def test_a_file_whose_name_looks_like_a_revision_is_read_as_a_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "main:x.yaml").write_text(base_text())

    assert read_version("main:x.yaml").text == base_text().encode()


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        (f"nowhere:{PATH}", "git cannot show it"),
        ("main:contracts/none.yaml", "git cannot show it"),
        ("main:contracts", "git cannot show it"),
        (f"--textconv:{PATH}", "does not start with a dash"),
        (f"main\0:{PATH}", "git does not answer"),
        ("none.yaml", "cannot read the file"),
        ("contracts", "cannot read the file"),
        ("x" * 300 + ":y", "git cannot show it"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_name(repository, name, fact):
    with pytest.raises(ContractError) as caught:
        read_version(name)

    assert caught.value.code == "MP101"
    assert fact in caught.value.fact
    assert caught.value.place.file == name


def test_a_revision_outside_of_a_repository_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ContractError, match="not a git repository"):
        read_version(f"main:{PATH}")


def test_a_huge_file_in_git_is_refused_before_it_is_read(repository):
    (repository / PATH).write_text("# " + "x" * 5_000_000)
    git("commit", "-q", "-a", "-m", "huge", cwd=repository)

    with pytest.raises(ContractError, match="at most 4,194,304 are read"):
        read_version(f"HEAD:{PATH}")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("old.yaml", "old.yaml", 0),
        ("old.yaml", "new.yaml", 1),
        ("old.yaml", "none.yaml", 2),
        ("old.yaml", "broken.yaml", 2),
    ],
)
def test_the_process_ends_with_the_code_of_its_answer(tmp_path, old, new, code):
    (tmp_path / "old.yaml").write_text(base_text())
    (tmp_path / "new.yaml").write_bytes(REMOVED)
    (tmp_path / "broken.yaml").write_text("a: [")

    done = meshport("contract", "diff", old, new, cwd=tmp_path)

    assert done.returncode == code, done.stderr
    assert bool(done.stderr) == (code == 2)
    assert bool(done.stdout) == (code != 2)
    assert "Traceback" not in done.stderr


def test_the_command_prints_what_the_format_renders(tmp_path):
    (tmp_path / "old.odcs.yaml").write_text(base_text())
    (tmp_path / "new.odcs.yaml").write_bytes(REMOVED)
    done = meshport(
        "contract", "diff", "old.odcs.yaml", "new.odcs.yaml", "--format", "sarif", cwd=tmp_path
    )

    assert done.stdout == rendered(
        compared(base(), EDITS["a column is removed"].applied()), "sarif"
    )


@pytest.mark.parametrize(("today", "consumer"), [("2026-11-21", "minor"), ("2020-01-01", "major")])
def test_the_day_decides_whether_a_column_was_announced_long_enough(tmp_path, today, consumer):
    (tmp_path / "old.yaml").write_text(base_text())
    (tmp_path / "new.yaml").write_bytes(EDITS["a column long deprecated is removed"].applied().text)

    done = meshport(
        "contract", "diff", "old.yaml", "new.yaml", "--format", "json", "--today", today,
        cwd=tmp_path,
    )  # fmt: skip

    assert [one["consumer"] for one in json.loads(done.stdout)["changes"]] == [consumer]


@pytest.mark.parametrize(
    "more", [("--format", "xml"), ("--today", "tomorrow"), ("--today", "2026-02-30"), ("x.yaml",)]
)
def test_a_misused_command_could_not_tell(tmp_path, more):
    done = meshport("contract", "diff", "old.yaml", "new.yaml", *more, cwd=tmp_path)

    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_the_scale_of_the_mesh_orders_the_classes_within_it(tmp_path, monkeypatch, capsys):
    lowered = base_text().replace("classification: confidential", "classification: internal")
    (tmp_path / "old.yaml").write_text(base_text())
    (tmp_path / "new.yaml").write_text(lowered)
    monkeypatch.chdir(ROOT)

    diff_command(str(tmp_path / "old.yaml"), str(tmp_path / "new.yaml"), "json", None)

    assert {one["rule"] for one in json.loads(capsys.readouterr().out)["changes"]} == {"PII01"}


@pytest.mark.parametrize(
    "say", ["a column is removed", "an integer is widened", "a decimal loses digits"]
)
def test_a_plain_comparison_loads_neither_a_sql_parser_nor_what_draws_tables(tmp_path, say):
    (tmp_path / "old.yaml").write_text(base_text())
    (tmp_path / "new.yaml").write_bytes(EDITS[say].applied().text)
    code = (
        "import sys; from meshport.cli.contract_diff import diff_command;"
        "diff_command('old.yaml', 'new.yaml', 'text', None);"
        "heavy = {'sqlglot', 'rich', 'croniter', 'duckdb', 'xml', 'jinja2', 'dagster'};"
        "sys.exit(repr(sorted(heavy & set(sys.modules))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.stderr.strip() == "[]"
