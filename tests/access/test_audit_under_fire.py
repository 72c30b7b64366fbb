"""The audit while processes are killed, write at the same time, or run out of room."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from meshport.access.audit import Audit
from meshport.errors import AccessError

# Writes until it is killed, or no more can be written; says so after each line.
WRITER = """
import resource, sys
from pathlib import Path
from meshport.access.audit import Audit, Entry
from meshport.errors import AccessError

home, name, room = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
if room:
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
audit = Audit(home)
for number in range(10**6):
    entry = Entry(at="2026-11-01", who=name, kind="service", door="rows", verdict="allowed",
                  port="orders.orders.v1", columns=["order_id"] * 40, rows=number)
    try:
        audit.record(entry)
    except AccessError as error:
        print(error.code, error.fact, flush=True)
        break
    print(number, flush=True)
"""


@contextmanager
def writing(home: Path, name: str, room: int = 0) -> Iterator[subprocess.Popen[str]]:
    """A process that writes until it is killed, at the end of the block at the latest."""
    command = [sys.executable, "-c", WRITER, str(home), name, str(room)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def killed(process: subprocess.Popen[str], after: int) -> int:
    """Kill it once it said that it wrote so many lines; the last one that it said."""
    for _ in range(after):
        last = int(process.stdout.readline())
    process.kill()
    rest = process.stdout.read().split("\n")[:-1]  # the last one may be cut in the middle
    return int(rest[-1]) if rest else last


def written_by(audit: Audit) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for line in audit.entries():
        found.setdefault(line["who"], []).insert(0, line["rows"])
    return found


def test_processes_that_are_killed_while_they_write_leave_one_whole_chain(tmp_path):
    audit, said = Audit(tmp_path), {}

    for number in range(3):
        with writing(tmp_path, f"a{number}") as one, writing(tmp_path, f"b{number}") as other:
            said[f"a{number}"] = killed(one, 40 + 17 * number)
            said[f"b{number}"] = killed(other, 40)

    verified, lines = audit.verify(), written_by(audit)
    assert verified.broken_at is None
    assert verified.lines == sum(map(len, lines.values()))
    assert set(lines) == set(said)
    for name, numbers in lines.items():
        assert numbers == list(range(len(numbers)))
        assert len(numbers) > said[name], "what was said to be written is not there"


def test_on_a_full_disk_nothing_is_half_written_and_with_room_it_goes_on(tmp_path):
    with writing(tmp_path, "a", room=300_000) as process:
        *numbers, last = process.stdout.read().splitlines()

    audit = Audit(tmp_path)
    assert last.startswith("MP790 ")
    assert written_by(audit) == {"a": list(map(int, numbers))}
    assert audit.verify().broken_at is None

    with writing(tmp_path, "b") as process:
        killed(process, 1)
    assert audit.verify().broken_at is None
    assert written_by(audit)["b"]


@pytest.mark.parametrize("harm", ["cut", "garbage", "a folder"])
def test_a_file_that_is_no_audit_any_more_is_said_to_be_so(tmp_path, harm):
    with writing(tmp_path, "a") as process:
        killed(process, 50)
    Audit(tmp_path).state.rows("pragma wal_checkpoint(truncate)")
    file = tmp_path / "audit.sqlite"
    if harm == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    elif harm == "garbage":
        file.write_bytes(b"x" * file.stat().st_size)
    else:
        file.unlink()
        file.mkdir()

    assert faults_of(Audit(tmp_path)), "nobody would notice"


def faults_of(audit: Audit) -> str | int | None:
    """The code of what keeps the audit from being read, or its first broken line."""
    try:
        return audit.verify().broken_at
    except AccessError as error:
        return error.code
