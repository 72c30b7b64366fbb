"""A contract that is meant to hurt, or was written in haste, costs little and says where."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from meshport.changes.examples import base_text
from meshport.cli.contract import lint_command
from meshport.cli.contract_diff import diff_command
from meshport.errors import MeshportError

MOST_MEGABYTES = 350
MOST_SECONDS = 30
"""Of processor time: what is bounded at all ends long before."""
GOOD = base_text()
BASKET = "        physicalType: VARCHAR(16)\n"
MEBIBYTE = 1024 * 1024
ALIASES = "z0: &z0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"z{n}: &z{n} [{','.join([f'*z{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
COLUMNS = GOOD[: GOOD.index("    properties:\n")] + "    properties:\n"
BOMBS = {
    "a YAML bomb": (f"{GOOD}{ALIASES}", 2, "MP102 bad.odcs.yaml:"),
    "50 MB": (GOOD + "#" * 50 * MEBIBYTE, 2, "MP101 bad.odcs.yaml\n"),
    "two million values": ("a: [" + "x," * (2 * MEBIBYTE - 10), 2, "MP102 bad.odcs.yaml:1"),
    "a million brackets": ("[" * MEBIBYTE, 2, "MP102 bad.odcs.yaml:1"),
    "ten thousand columns": (
        COLUMNS + "".join(f"      - {{name: c{n}}}\n" for n in range(10_000)), 0, "",
    ),
}  # fmt: skip


# A process of its own, because memory counts from before exec: that of the tests is large.
MEASURING = """
import json, resource, subprocess, sys
done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = used.ru_utime + used.ru_stime
print(json.dumps([done.returncode, done.stdout, used.ru_maxrss // 1024, seconds]))
"""


def bounded(*arguments: str, cwd: Path) -> tuple[int, str]:
    """Exit code and output of a command that may neither take long nor much."""
    command = [sys.executable, "-m", "meshport.cli.main", *arguments]
    measured = subprocess.check_output([sys.executable, "-c", MEASURING, *command], cwd=cwd)
    code, said, megabytes, seconds = json.loads(measured)
    assert megabytes < MOST_MEGABYTES
    assert seconds < MOST_SECONDS
    return code, said


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_little_and_is_named_with_a_way_out(tmp_path, bomb):
    text, code, head = BOMBS[bomb]
    (tmp_path / "bad.odcs.yaml").write_text(text)
    (tmp_path / "good.odcs.yaml").write_text(GOOD)

    linted, said = bounded("contract", "lint", "bad.odcs.yaml", cwd=tmp_path)
    compared, _ = bounded("contract", "diff", "good.odcs.yaml", "bad.odcs.yaml", cwd=tmp_path)

    assert (linted, compared) == (code, code or 1)
    assert said.startswith(head)
    assert ("hint: " in said) == bool(code)


@pytest.mark.parametrize(
    ("old", "new", "place", "fact", "hint"),
    [
        ("status: active", "status: active\nstatus: draft", "7:1", "stands twice", "keep one"),
        ("    name: baskets", "\tname: baskets", "26:1", "tab", "indent with spaces"),
        ("version: 1.4.0", "version: 1.10", "5:1", "is 1.1, not a string", "put it in quotes"),
        ("tags: [sales]", "tags: [1.0]", "9:8", "is 1.0, not a string", "put it in quotes"),
        ("required: true", "required: no", "38:9", "is `no`, not a boolean", "write true or false"),
        ("logicalType: string", "logicalType: no", "35:9", "is `no`", "string"),
        ("name: Baskets", "name: &me [*me]", "4:", "a part of itself", "write out"),
        ("name: Baskets", "name: !!python/name:os.system x", "4:7", "tag", "leave it out"),
        ("name: Baskets", "<<: {name: Baskets}", "4:1", "merge keys", "write the keys out"),
        ("status: active", "status: [active", "7:7", "did not find", "look at this line and"),
        ("customers/properties/customer_id", "customers#customer_id", "55:", "reference", "write"),
    ],
)
def test_a_slip_is_named_at_its_line_with_a_hint(tmp_path, capsys, old, new, place, fact, hint):
    file = tmp_path / "bad.odcs.yaml"
    assert old in GOOD
    file.write_text(GOOD.replace(old, new, 1))

    code = lint_command([file], as_json=False)
    said = capsys.readouterr().out

    assert code in (1, 2)
    assert f"bad.odcs.yaml:{place}" in said
    assert fact in said
    assert hint in said.split("hint: ")[1]
    with pytest.raises(MeshportError):
        diff_command(str(file), str(file), "text", None)


def test_a_date_and_a_country_stay_what_was_written(tmp_path, capsys):
    file = tmp_path / "good.odcs.yaml"
    text = GOOD.replace("tenant: example", "tenant: no").replace("tags: [sales]", "tags: [off]")
    file.write_text(text.replace("version: 1.4.0", "version: 2024-01-01"))

    assert lint_command([file], as_json=False) == 0
    assert diff_command(str(file), str(file), "text", None) == 0


NAMES = ["a.b", "it's", 'say "a"', "`x`", "🙂", "\u202eevil", "\x1b[31mred", "a\u0000b", "{object}"]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("key", ["name: state\n", "name: Baskets\n", "id: shop.baskets\n"])
def test_an_odd_name_is_compared_and_never_commands_the_terminal(tmp_path, capsys, name, key):
    file, changed = tmp_path / "old.odcs.yaml", tmp_path / "new.odcs.yaml"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    written = "".join(f"\\x{ord(c):02x}" if c < " " else c for c in quoted)
    odd = GOOD.replace(key, f'{key.partition(":")[0]}: "{written}"\n', 1)
    file.write_text(odd)
    changed.write_text(odd.replace("maximum: 500", "maximum: 900"))

    lint_command([file], as_json=False)
    assert diff_command(str(file), str(changed), "text", None) == 1
    lint_command([file], as_json=True)
    shown = capsys.readouterr().out

    assert not {c for c in shown if c in "\x1b\u0000\u202e"}
    assert "VAL01" in shown


def test_what_a_misspelt_key_holds_commands_no_terminal(tmp_path, capsys):
    file = tmp_path / "bad.odcs.yaml"
    file.write_text(f'{GOOD}"\\e]0;owned\\a\\u202e": 1\n')

    assert lint_command([file], as_json=False) == 1
    assert "\\u001b]0;owned\\u0007\\u202e" in capsys.readouterr().out
