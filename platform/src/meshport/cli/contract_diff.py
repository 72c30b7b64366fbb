"""`meshport contract diff`: two versions of a contract, from files or from git."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path

from meshport.changes.difference import difference
from meshport.changes.judgement import Surroundings
from meshport.contracts.classification import FILE, read_classifications
from meshport.errors import ContractError, Place, SettingsError
from meshport.reports.result import ContractReport, Report
from meshport.settings import find_root
from meshport.yaml_file import MAX_BYTES, YamlDocument, parse_yaml, read_yaml

_SECONDS = 60
_HINT = (
    "write REV:PATH with a path from the top of the repository, as in "
    "main:contracts/orders/orders.v1.odcs.yaml; a shallow clone lacks older revisions"
)


def diff_command(old: str, new: str, format_name: str, today: date | None) -> int:
    """0 the new version is enough; 1 it is not, or governance blocks."""
    before, after = read_version(old), read_version(new)
    found = difference(before, after, _surroundings(today or datetime.now(UTC).date()))
    report = Report(
        title="contract diff",
        contracts=(ContractReport(found, version_place=after.place(("version",))),),
        base=old.partition(":")[0] if _is_revision(old) else None,
        command=shlex.join(["meshport", "contract", "diff", old, new]),
    )
    sys.stdout.write(_rendered(report, format_name))
    return report.exit_code


def read_version(name: str) -> YamlDocument:
    """A contract file, or REV:PATH as git knows it; raises ContractError MP101 or MP102."""
    if not _is_revision(name):
        return read_yaml(Path(name), name)
    # `cat-file` prints a file as it is: no filter, no pager, no listing of a folder.
    size = int(_git(name, "-s"))
    if size > MAX_BYTES:
        fact = f"the file has {size:,} bytes; at most {MAX_BYTES:,} are read"
        raise ContractError("MP101", fact, Place(name))
    return parse_yaml(_git(name, "blob"), name)


def _is_revision(name: str) -> bool:
    revision, colon, path = name.partition(":")
    return bool(revision and colon and path) and not os.path.exists(name)  # a name may be too long


def _git(name: str, asked: str) -> bytes:
    if name.startswith("-"):
        raise ContractError("MP101", "a revision does not start with a dash", Place(name), _HINT)
    try:
        done = subprocess.run(
            ["git", "cat-file", asked, name],  # noqa: S607  whichever git the user has
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired, ValueError) as error:
        raise ContractError("MP101", f"git does not answer: {error}", Place(name)) from error
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        said = lines[0].removeprefix("fatal: ") if lines else "no such file"
        raise ContractError("MP101", f"git cannot show it: {said}", Place(name), _HINT)
    return done.stdout


def _surroundings(today: date) -> Surroundings:
    """The mesh's own scale of sensitivity, where there is a mesh."""
    try:
        root = find_root(Path.cwd())
    except SettingsError:
        return Surroundings(today)
    if not (root / FILE).is_file():
        return Surroundings(today)
    return Surroundings(today, tuple(step.name for step in read_classifications(root).steps))


def _rendered(report: Report, format_name: str) -> str:
    # One module per format, so that text does not wait for XML.
    module = import_module(f"meshport.reports.{format_name}")
    render = module.render_difference if format_name == "json" else module.render
    text: str = render(report)
    return text
