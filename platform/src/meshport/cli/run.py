"""`meshport run`: the whole mesh in one process, with progress bars and a table at the end."""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from meshport.cli.show import console, print_table, say, table
from meshport.errors import SettingsError
from meshport.orchestration.domain import Conductor
from meshport.orchestration.landing_step import SourceChoice
from meshport.orchestration.whole_mesh import RunOutcome, run_mesh
from meshport.settings import Settings, current_settings

_INTERRUPTED = 128 + signal.SIGINT
_STEPS = {"wait": 0, "land": 0, "build": 1, "publish": 2, "done": 3, "refused": 3}
_WORDS = {
    "wait": "waiting for its turn behind",
    "land": "landing",
    "build": "building",
    "publish": "checking and publishing",
    "done": "published",
    "refused": "refused:",
}


@dataclass
class Stopwatch:
    """Seconds by stage; a stage lasts until the next one starts."""

    seconds: dict[str, float] = field(default_factory=dict)
    _stage: str = "start"
    _since: float = field(default_factory=time.perf_counter)

    def stage(self, name: str) -> None:
        """From now on time counts for `name`."""
        now = time.perf_counter()
        self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + now - self._since
        self._stage, self._since = name, now


class Bars:
    """One progress bar per domain; in a file or a pipe, one line per step."""

    def __init__(self, watch: Stopwatch) -> None:
        self.watch = watch
        self.progress = Progress(
            SpinnerColumn(finished_text="•"),
            TextColumn("{task.fields[domain]:<12}"),
            BarColumn(bar_width=24),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=console(stderr=True),
        )
        self.tasks: dict[str, TaskID] = {}

    def step(self, domain: str, what: str, detail: str = "") -> None:
        """What `Conductor` calls."""
        self.watch.stage("dagster" if what in ("done", "refused") else what)
        words = escape(f"{_WORDS.get(what, what)} {detail}".strip())
        if not console(stderr=True).is_terminal:
            if what == "land" and detail:
                return
            say(f"{domain}: {_WORDS.get(what, what)} {detail}".rstrip())
            return
        if domain not in self.tasks:
            self.tasks[domain] = self.progress.add_task(words, total=3, domain=domain)
        self.progress.update(self.tasks[domain], completed=_STEPS[what], description=words)


def run_command(domains: Sequence[str], source: Path | None, scale: float, timings: bool) -> int:
    """Run and report; the result is the exit code, 130 where somebody ended the run."""
    # A run makes many objects and is over soon: looking for cycles at every turn costs a tenth.
    gc.set_threshold(200_000, 50, 100)
    watch = Stopwatch()
    settings = current_settings()
    if source and not source.is_dir():
        raise SettingsError("MP903", f"--source is not a folder: {source}")
    if source is None and settings.source is None:
        watch.stage("sample")
        _write_sample(settings, scale)
    bars = Bars(watch)
    watch.stage("load")
    conductor = Conductor(progress=bars, source=SourceChoice(source, scale))
    try:
        with bars.progress if console(stderr=True).is_terminal else nullcontext():
            outcome = run_mesh(settings, conductor, domains)
    except KeyboardInterrupt:
        say("interrupted: what was published before stays, and the next run begins anew")
        return _INTERRUPTED
    watch.stage("end")
    _report(outcome)
    if timings:
        _show_timings(watch)
    return outcome.exit_code


def _write_sample(settings: Settings, scale: float) -> None:
    """Write the sample before the run, so that its progress is its own."""
    from meshport.sources.sample import SamplePlan  # noqa: PLC0415
    from meshport.sources.sample_folder import sample_folder  # noqa: PLC0415

    plan = SamplePlan(scale=scale, until=datetime.now(UTC).date() - timedelta(days=1))
    with Progress(
        TextColumn("sample"),
        BarColumn(24),
        TextColumn("{task.description}"),
        console=console(stderr=True),
    ) as bar:
        task = bar.add_task("", total=10)
        sample_folder(
            settings.home,
            plan,
            lambda name, rows: bar.update(task, advance=1, description=f"{name} {rows:,} rows"),
        )


def _report(outcome: RunOutcome) -> None:
    rows = []
    for one in sorted(outcome.domains, key=lambda one: one.domain):
        if one.manifest is None:
            continue
        for name, port in one.manifest.ports.items():
            statuses = [check.status for check in port.checks]
            rows.append(
                (
                    name,
                    f"{port.rows:,}",
                    f"{port.quarantine.rows:,}",
                    f"{statuses.count('passed')}",
                    f"{statuses.count('failed') + statuses.count('error')}",
                    one.manifest.release,
                )
            )
    headings = ("port", "rows", "quarantined", "passed", "failed", "release")
    if rows:
        print_table(headings, rows, numbers={1, 2, 3, 4})
    for one in outcome.domains:
        if one.state == "refused" and one.refusal:
            _report_refusal(one.domain, one.refusal)
        elif one.state == "skipped":
            say(f"{one.domain}: skipped, it waits for a domain that has no new release")
    for said in outcome.unexpected:
        say(f"unexpected: {said}")


def _report_refusal(domain: str, refusal: dict[str, object]) -> None:
    say(f"{domain}: refused, the last release stays served")
    say(f"  {refusal['reason']}")
    checks = refusal["checks"]
    for check in checks if isinstance(checks, list) else ():
        keys = ", ".join(str(value) for key in check["sample_keys"][:2] for value in key.values())
        example = f" (for example {keys})" if keys else ""
        say(f"  {check['port']} {check['id']}: {check['message']}{example}")
    if refusal.get("hint"):
        say(f"  hint: {refusal['hint']}")


def _show_timings(watch: Stopwatch) -> None:
    total = sum(watch.seconds.values())
    rows = [
        (stage, f"{seconds:.2f}", f"{100 * seconds / total:.0f} %")
        for stage, seconds in watch.seconds.items()
        if seconds >= 0.005
    ]
    console(stderr=True).print(
        table(("stage", "seconds", "share"), [*rows, ("all", f"{total:.2f}", "")], {1, 2})
    )
