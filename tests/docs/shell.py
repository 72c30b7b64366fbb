"""A page's blocks run as one story, by a real shell in a mesh of its own.

What a page may say about a block, in an HTML comment right above it:

    <!-- not run: why -->             nobody runs it in a test
    <!-- file: path -->               the reader writes this file
    <!-- in the background -->        a server, which is up before the story goes on

In a `console` block the lines that start with `$ ` (and `> ` where they go on) are commands, the
others what they print; `…` stands for anything within a line, and alone for any lines. A command
succeeds, unless `echo $?` after it says otherwise. The sample is a hundredth of the reader's.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tests.docs.pages import Block

SMALL = "--scale 0.01"
_END = re.compile(r"\n?<end (\d+) (\d+)>\n")
_WAIT = """\
for attempt in $(seq 300); do
  curl --silent --fail --output /dev/null {url}/healthz && break
  kill -0 $! || break
  sleep 0.1
done
curl --silent --show-error --fail --output /dev/null {url}/healthz"""


@dataclass(frozen=True)
class Step:
    """One command of a story, what it prints (None: whatever it likes) and how it ends."""

    line: int
    command: str
    shown: str | None
    status: int = 0


def steps_of(blocks: list[Block]) -> list[Step]:
    found: list[Step] = []
    for block in blocks:
        if block.note.startswith("file: "):
            found.append(_file(block))
        elif block.language == "python" and not block.note.startswith("not run: "):
            found.append(Step(block.line, f"python - <<'PYTHON'\n{block.text}PYTHON", None))
        elif block.language == "console" and not block.note.startswith("not run: "):
            found += _console(block)
    return [
        Step(one.line, one.command, one.shown, _status_said_by(after))
        for one, after in zip_longest(found, found[1:])
    ]


def run_story(steps: list[Step], folder: Path) -> list[str]:
    """Run the steps in the folder; the result is what did not go as the page says."""
    port = _free_port()
    script = ["exec 2>&1", "trap 'kill $(jobs -p) 2>/dev/null' EXIT"]
    for number, step in enumerate(steps):
        command = step.command.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        served = f"meshport serve --port {port} --workers 1 &"
        script.append(command.replace("meshport serve &", served))
        script.append(f"s=$?; printf '\\n<end %s %s>\\n' {number} $s; (exit $s)")
    done = subprocess.run(
        ["bash", "-c", "\n".join(script).replace("{url}", f"http://127.0.0.1:{port}")],
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return _differences(steps, done.stdout)


def _console(block: Block) -> list[Step]:
    parts = re.split(r"^\$ ", block.text, flags=re.M)
    assert parts[0] == "", f"line {block.line}: a console block starts with a command"
    return [_command(block, part) for part in parts[1:]]


def _command(block: Block, part: str) -> Step:
    lines = part.splitlines()
    more = next((n for n, line in enumerate(lines[1:], 1) if not line.startswith("> ")), len(lines))
    command = "\n".join([lines[0], *(line[2:] for line in lines[1:more])])
    shown = "\n".join(lines[more:]).strip("\n")
    if block.note == "in the background":
        return Step(block.line, f"{command} &\n{_WAIT}", None)
    return Step(block.line, _smaller(command), shown or None)


def _smaller(command: str) -> str:
    starts = ("meshport run", "meshport sample")
    if command.startswith(starts) and "--source" not in command and "--scale" not in command:
        return f"{command} {SMALL}"
    return command


def _file(block: Block) -> Step:
    file = shlex.quote(block.note.removeprefix("file: "))
    return Step(
        block.line, f"mkdir -p $(dirname {file}); cat > {file} <<'FILE'\n{block.text}FILE", None
    )


def _status_said_by(after: Step | None) -> int:
    return int(after.shown or 0) if after and after.command == "echo $?" else 0


def _differences(steps: list[Step], output: str) -> list[str]:
    pieces = _END.split(output)
    ended = list(zip(pieces[0::3], pieces[1::3], pieces[2::3], strict=False))
    found = []
    for step, (printed, _, status) in zip(steps, ended, strict=False):
        said = f"line {step.line}: $ {step.command}\n{printed}"
        if int(status) != step.status:
            found.append(f"{said}\nended with {status}, not {step.status}")
        elif step.shown is not None and not _is_like(step.shown, printed):
            found.append(f"{said}\nis not what the page shows:\n{step.shown}")
    if len(ended) < len(steps):
        found.append(f"the story broke off: {pieces[-1]}")
    return found


def _is_like(shown: str, printed: str) -> bool:
    lines = [
        r"(?:.*\n)*?" if line == "…" else ".*?".join(map(re.escape, line.split("…"))) + r"\n"
        for line in _plain(shown).splitlines()
    ]
    return re.fullmatch("".join(lines), _plain(printed) + "\n") is not None


def _plain(text: str) -> str:
    """The text without what layout adds: indents, runs of spaces, empty lines."""
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line)


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MESHPORT_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    who = {"NAME": "A Reader", "EMAIL": "reader@example.com"}
    git = {f"GIT_{role}_{key}": who[key] for role in ("AUTHOR", "COMMITTER") for key in who}
    return {**kept, **git, "PATH": path, "TZ": "UTC"}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
