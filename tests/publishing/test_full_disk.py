"""A full disk: a clear error, the old release untouched, and recovery once there is room."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from meshport.publishing.store import DomainStore, ReleaseStore
from tests.building import ROOT

# In a mount namespace of its own, so that the file system is gone with its process.
OWN_DISK = ["unshare", "--map-root-user", "--mount", "sh", "-c",
            'mount -t tmpfs -o size=24m none "$0" && exec "$@"']  # fmt: skip
# The home is copied onto the disk, filled up, used, given room again, and copied back.
RUNS = """
cp -r "$1/store" "$1/dbt" "$1/catalog_warehouse.duckdb" "$2/home"
head -c 24M /dev/zero > "$2/home/ballast" 2>/dev/null
"$3" -m meshport.cli.main run catalog --source "$4"; echo $?
rm "$2/home/ballast"; cp -r "$2/home/store" "$2/while-full"
"$3" -m meshport.cli.main run catalog --source "$4"; echo $?
cp -r "$2/home/store" "$2/after"
"""


@pytest.fixture
def disk(tmp_path):
    """The command that runs another one with a small disk mounted at `home`."""
    home = tmp_path / "disk" / "home"
    home.mkdir(parents=True)
    command = [*OWN_DISK, str(home)]
    try:
        tried = subprocess.run([*command, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if tried.returncode:
        pytest.skip(f"a file system cannot be mounted here: {tried.stderr.decode().strip()}")
    return command


def run_on(disk, *command, **environment):
    return subprocess.run(
        [*disk, *map(str, command)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{ROOT}/platform/src", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_full_disk_refuses_the_release_whatever_is_written_when_it_fills_up(disk, tmp_path):
    done = run_on(disk, sys.executable, "-m", "tests.publishing.filling", tmp_path / "disk")

    assert done.returncode == 0, done.stderr
    *refused, last = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(refused) > 5
    for one in refused:
        assert (one["error"], one["rows"]) == ("MP420", [3, 0]), one
        assert one["hint"] == "free some room and run again; the last release is untouched"
    assert (last["error"], last["rows"]) == (None, [10_000, 1])


@pytest.mark.xdist_group("built")
def test_a_run_on_a_full_disk_says_so_and_the_next_with_room_publishes(
    disk, built, sample, tmp_path
):
    folder = tmp_path / "disk"
    given = (built, folder, sys.executable, sample)

    done = run_on(disk, "sh", "-c", RUNS, "sh", *given, MESHPORT_HOME=str(folder / "home"))

    exits = [line for line in done.stdout.splitlines() if line.isdigit()]
    assert exits == ["2", "0"], done.stderr
    assert "MP420" in done.stderr
    assert "free some room and run again; the last release is untouched" in done.stderr
    assert "Traceback" not in done.stderr
    before = ReleaseStore(built).of("catalog").current()
    while_full, after = (
        DomainStore(folder / name / "catalog", "catalog").current()
        for name in ("while-full", "after")
    )
    assert while_full == before
    assert (after.sequence, after.parent) == (before.sequence + 1, before.release)
