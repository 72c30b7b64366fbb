"""What holds somebody else's SQL, each layer by itself: processes, kernel, channel, lists."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest

from meshport.sandbox.channel import Channel, ClosedError, LateError
from meshport.sandbox.functions import FUNCTIONS, TABLE_FUNCTIONS
from meshport.sandbox.gate import RefusedError, gate
from meshport.sandbox.question import CSV, Shape, TableFiles
from meshport.sandbox.workers import Nursery
from meshport.warehouse import connect_memory

ENDLESS = "select count(*) from range(1000000) a, range(1000000) b, range(1000000) c"


@pytest.fixture(scope="module")
def nursery():
    one = Nursery()
    yield one
    one.stop()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file with a hidden column, and one without it."""
    folder = tmp_path_factory.mktemp("files")
    con = connect_memory()
    rows = "select 'g' || range as gauge_id{} from range(100)"
    for name, more in (("full", ", 'x' as owner_email"), ("own", "")):
        con.execute(f"copy ({rows.format(more)}) to '{folder / name}.parquet' (format parquet)")
    return folder / "full.parquet", folder / "own.parquet"


@pytest.fixture
def listener():
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


def test_a_dead_nursery_is_replaced_and_its_workers_can_still_be_killed():
    nursery = Nursery()
    worker = nursery.fork()
    os.kill(worker.nursery.process_id, signal.SIGKILL)

    with nursery.fork() as fresh:
        assert fresh.ask("select 1").tables == ()

    end = worker.channel.socket.dup()
    worker.end()
    assert end.recv(1) == b"", "its end of the channel is still open"
    end.close()
    nursery.stop()


def test_the_end_of_the_server_is_the_end_of_everything_it_started():
    """Killed as hard as can be, while a query runs that would run for a minute."""
    script = f"""
import os, signal
from meshport.sandbox.question import Limits
from meshport.sandbox.workers import Nursery
nursery = Nursery()
worker = nursery.fork()
worker.limit(Limits(seconds=60))
worker.open([])
worker._ask({{"first_value": {ENDLESS!r}}})
print(worker.pid, nursery.process_id, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    deadline = monotonic() + 20
    for pid in map(int, done.stdout.split()):
        while is_running(pid):
            assert monotonic() < deadline, f"{pid} is still there"


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_what_a_worker_may_open_is_held_by_the_kernel_and_by_the_engine(files, listener):
    """Each layer alone, without the gate: the statements are run as they are."""
    full, own = files
    out = own.with_name("out")
    script = f"""
import socket
from meshport.sandbox import confine
from meshport.sandbox.engine import boot, make_room, open_tables

con = boot()
version = confine.landlock_version()
is_alone = confine.leave_network()
if version:
    confine.open_only([{str(own)!r}], version)
    for file in ({str(full)!r}, "/etc/passwd"):
        try:
            open(file)
            print("LANDLOCK LET IT OPEN", file)
        except PermissionError:
            pass
if is_alone:
    try:
        socket.create_connection(("127.0.0.1", {listener.getsockname()[1]}), 5)
        print("THE NETWORK IS THERE")
    except OSError:
        pass
named = {{"schema": "lab", "name": "gauges", "columns": ["gauge_id"]}}
make_room(con, ["lab"])
open_tables(con, [{{**named, "files": [{str(own)!r}]}}])
confine.limit_process(512, 10)
print(con.execute("select count(*) from lab.gauges").fetchall())
for statement in (
    "from read_parquet('{full}')", "from read_text('/etc/passwd')", "from glob('/etc/*')",
    "copy (select 1) to '{out}'", "attach '{out}' as x",
    "set enable_external_access = true", "set threads = 8", "load httpfs",
    "select owner_email from lab.gauges", "from read_csv('http://127.0.0.1:1/x')",
):
    try:
        con.execute(statement).fetchall()
        print("THE ENGINE RAN", statement)
    except Exception:
        pass
print("end")
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )

    assert done.stdout.splitlines() == ["[(100,)]", "end"], done.stdout + done.stderr
    assert not out.exists()


def test_a_worker_that_lies_about_its_answer_is_not_believed():
    """The other end of the channel is not trusted: a worker may be somebody else's by then."""
    mine, theirs = socket.socketpair()
    with mine, theirs:
        for lie in (b"X" * 5, b"M\xff\xff\xff\xff", b"M\x00\x00\x00\x02[]", b"M\x00\x00\x00\x01{"):
            theirs.sendall(lie)
            with pytest.raises(ClosedError):
                Channel(mine).receive(monotonic() + 5)
        theirs.sendall(b"M\x00\x00\x00\x09{")
        with pytest.raises(LateError):
            Channel(mine).receive(monotonic() + 0.05)


@pytest.mark.parametrize(
    ("caps", "cut", "rows"),
    [((10, 10**6), "rows", 10), ((10**6, 1000), "bytes", 500), ((100, 200), None, 100)],
)
def test_a_result_is_cut_off_at_a_whole_row(nursery, caps, cut, rows):
    query = f"select 'x' as x from range({1000 if cut else 100})"
    with nursery.fork() as worker:
        worker.open([])
        taken = bytearray()
        written = worker.answer(query, Shape(CSV, *caps), taken.extend)

    assert (written.rows, written.cut) == (rows, cut)
    assert taken == b"x\n" * (1 + rows)


def test_the_engines_own_tables_have_names_that_nobody_may_use():
    """What a new version of the engine adds has to be looked at."""
    con = connect_memory()
    views = con.execute(
        "select view_name from duckdb_views() "
        "where internal and schema_name <> 'information_schema'"
    ).fetchall()

    for (name,) in views:
        parsed = con.execute("select json_serialize_sql(?)", [f"from {name}"]).fetchall()[0][0]
        with pytest.raises(RefusedError, match="there is no table"):
            gate(parsed)


def test_every_function_that_is_allowed_is_one_of_the_engine():
    con = connect_memory()
    known = {
        n for (n,) in con.execute("select lower(function_name) from duckdb_functions()").fetchall()
    }

    # What the parser makes something else of before it is a function.
    assert FUNCTIONS - known <= {"coalesce", "grouping", "grouping_id", "ifnull", "->"}
    assert known >= TABLE_FUNCTIONS


REACHING = (
    "read_|_scan|glob|sniff|duckdb_|pragma|secret|setting|variable|getenv|execute|serialize|query"
    "|nextval|currval|setval|log_|sleep|attach|install|pg_|has_.*privilege|metadata|_path|stats"
)


def test_no_function_that_reaches_beyond_its_arguments_is_allowed():
    con = connect_memory()
    reaching = con.execute(
        "select distinct lower(function_name) from duckdb_functions() "
        f"where regexp_matches(function_name, '{REACHING}')"
    ).fetchall()

    assert {name for (name,) in reaching} & FUNCTIONS <= {
        "json_extract_path", "json_extract_path_text",
    }  # fmt: skip
    assert len(reaching) > 80


def test_a_table_may_have_several_files_or_none(nursery, files):
    tables = [
        TableFiles("lab", "twice", list(map(str, files)), ["gauge_id"]),
        TableFiles("lab", "none", [], ["gauge_id"], {"gauge_id": "VARCHAR"}),
    ]

    query = "select count(*) as n from lab.twice union all select count(*) from lab.none"
    with nursery.fork() as worker:
        worker.open(tables)
        taken = bytearray()
        worker.answer(query, Shape(CSV, 10, 100), taken.extend)

    assert taken == b"n\n200\n0\n"
