"""One comparison of two contracts, and every single edit judged by us and by datacontract-cli."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from benchmarks.measure import ROOT, in_turn
from benchmarks.peers import DATACONTRACT, python_with
from meshport.changes.difference import difference
from meshport.changes.examples import base_text, edits
from meshport.changes.judgement import Surroundings
from meshport.yaml_file import parse_yaml

PAGE = ROOT / "docs" / "reference" / "edits-compared.md"
_RANK = ("none", "patch", "minor", "warn", "major")


def measure(runs: int, page: Path | None = None) -> None:
    """Print the figures; with `page`, write the table of edits there."""
    print("\nComparing two contracts of 200 lines")
    with tempfile.TemporaryDirectory(prefix="meshport-edits-") as folder:
        files = _write(Path(folder))
        ours = _ours(files)
        python = python_with(DATACONTRACT)
        theirs = _theirs(python, files) if python else []
        _cold(python, files, runs)
    print(f"  in process, ours    {_spread([one['ms'] for one in ours])} (aim: at most 25 ms)")
    if theirs:
        print(f"  in process, theirs  {_spread([one['ms'] for one in theirs])}")
        _count(ours, theirs)
        if page:
            page.write_text(_page(ours, theirs))
            print(f"  written: {page.relative_to(ROOT)}")


def _write(folder: Path) -> list[Path]:
    """The base contract, then one file per edit."""
    files = [folder / "base.odcs.yaml"]
    files[0].write_text(base_text())
    for number, edit in enumerate(edits()):
        files.append(folder / f"edit-{number:03}.odcs.yaml")
        files[-1].write_bytes(edit.applied().text)
    return files


def _ours(files: list[Path]) -> list[dict]:
    around = Surroundings(date(2026, 1, 1))
    old = files[0].read_bytes()

    def compare(new: Path) -> dict:
        start = time.perf_counter()
        found = difference(parse_yaml(old, "old"), parse_yaml(new.read_bytes(), "new"), around)
        took = (time.perf_counter() - start) * 1000
        changes = [one.as_json() for one in found.findings]
        return {"changes": changes, "verdict": found.verdict.value, "ms": took}

    compare(files[1])
    return [compare(file) for file in files[1:]]


def _theirs(python: Path, files: list[Path]) -> list[dict]:
    script = Path(__file__).parent / "peers" / "datacontract_breaking.py"
    done = subprocess.run(
        [python, script, *files], capture_output=True, text=True, check=True, cwd=files[0].parent
    )
    return json.loads(done.stdout.splitlines()[-1])


def _cold(python: Path | None, files: list[Path], runs: int) -> None:
    old = files[0]
    meshport = str(Path(sys.executable).with_name("meshport"))
    # An edit that changes nothing: a command that finds a break ends with exit code 1.
    same = next(f for f, e in zip(files[1:], edits(), strict=True) if e.rule is None)
    commands = {"meshport contract diff": ([meshport, "contract", "diff", str(old), str(same)], {})}
    if python:
        peer = str(python.with_name("datacontract"))
        commands["datacontract breaking"] = ([peer, "breaking", str(old), str(same)], {})
    times = in_turn({name: (lambda c=c: c) for name, c in commands.items()}, runs)
    for name, one in times.items():
        aim = " (aim: at most 0.4 s)" if name.startswith("meshport") else ""
        print(f"  {name:24} {one}{aim}")


def _count(ours: list[dict], theirs: list[dict]) -> None:
    breaking = [i for i, one in enumerate(ours) if _worst(one) == "major"]
    unseen = [i for i in breaking if theirs[i]["severities"] in ([], ["info"])]
    quiet = [i for i, edit in enumerate(edits()) if edit.rule is None]
    alarms = [sum(bool(x[i]) for i in quiet) for x in ([o["changes"] for o in ours],
              [[s for s in t["severities"] if s != "info"] for t in theirs])]  # fmt: skip
    print(f"  {len(ours)} edits: {len(breaking)} break somebody")
    print(f"  datacontract-cli says nothing, or info, to {len(unseen)} of them")
    print(f"  {len(quiet)} edits that change nothing: alarms ours {alarms[0]}, theirs {alarms[1]}")


def _worst(one: dict) -> str:
    return max((c["consumer"] for c in one["changes"]), key=_RANK.index, default="none")


def _spread(milliseconds: list[float]) -> str:
    low, high = min(milliseconds), max(milliseconds)
    return f"{statistics.median(milliseconds):6.1f} ms ({low:.1f} to {high:.1f})"


def _page(ours: list[dict], theirs: list[dict]) -> str:
    rows = []
    for edit, mine, other in zip(edits(), ours, theirs, strict=True):
        rules = ", ".join(sorted({c["rule"] for c in mine["changes"]})) or "–"
        governance = "block" if any(c["governance"] == "block" for c in mine["changes"]) else ""
        verdict = f"{_worst(mine)} {governance}".strip()
        said = ", ".join(other["severities"]) or "nothing"
        rows.append(f"| {edit.say} | {rules} | {verdict} | {said} |")
    return "\n".join(
        [
            "<!-- Written by `python -m benchmarks.contract_changes`. -->",
            "",
            "# Edits compared",
            "",
            "Single edits of one contract, as `meshport contract diff` judges them for consumers,",
            f"and what `datacontract breaking` of {DATACONTRACT.replace('==', ' ')} says of the",
            "same files (its severities over all changes it lists). Both in one run.",
            "",
            "| edit | our rules | our verdict | datacontract-cli |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


if __name__ == "__main__":
    measure(5, PAGE)
