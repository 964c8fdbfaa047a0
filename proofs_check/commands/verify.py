"""``proofs-check verify``: run claims, show them as they finish, write the report."""

from __future__ import annotations

import secrets
import shlex
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from proofs_check.claim import LEVELS, ClaimError
from proofs_check.commands._group import claims_at, explained, own_claims
from proofs_check.commands._stored import RUNS, newest_run, write_pages
from proofs_check.engine.processes import MOST_WORKERS, default_workers
from proofs_check.engine.verdict import VERDICTS, dead_probes

COLOURS = {"refuted": "red", "error": "red", "vacuous": "red", "inconclusive": "yellow", "skipped": "bright_black"}


class _Seed(click.ParamType):
    name = "N|random"

    def convert(self, value: Any, param: click.Parameter | None, context: click.Context | None) -> int:
        if value == "random":
            return secrets.randbits(32)
        if not str(value).isdigit():
            self.fail(f"expected a whole number from 0 on, or random, got {value!r}", param, context)
        return int(value)


@click.command()
@click.argument("patterns", nargs=-1, metavar="[PATTERN]...")
@click.option("--level", type=click.Choice(LEVELS), default="quick", show_default=True, help="How much to try.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=default_workers,
    show_default=f"cores this process may use, at most {MOST_WORKERS}",
    help="Worker processes.",
)
@click.option("--seed", type=_Seed(), default=0, show_default=True, help="Of all random numbers.")
@click.option("--strict", is_flag=True, help="Exit with 1 on inconclusive claims, dead probes, or when nothing was tested, too.")
@click.option("--out", type=click.Path(path_type=Path), help="Directory to write to; default: proofs-check-runs/<run id>.")
@click.option("--resume", is_flag=True, help="Take up the run in --out (default: the newest) where it stopped.")
@click.option("--timeout", type=click.FloatRange(min=0, min_open=True), help="Seconds for each part of a check.")
@own_claims
@click.option("--cluster", metavar="ADDRESS", help="Scheduler of a dask.distributed cluster to run on.")
@explained
def command(patterns: tuple[str, ...], strict: bool, out: Path | None, resume: bool, claims: tuple[Path, ...], **options: Any) -> None:
    """Run claims and write the report.

    A PATTERN is a glob over claim ids (default: all). Exit codes: 0 nothing is refuted, vacuous or in error (with --strict: nor
    inconclusive, every probe fails, and something was tested); 1 something is; 2 usage, no claim matches, or what ran the jobs went away;
    130 stopped.

    Example: proofs-check verify 'mf.*' --level standard --out run
    """
    from proofs_check.engine.runner import Interrupted, new_run_id, verify

    registry = claims_at(claims)
    count = len(registry.select(patterns))
    directory = out or (newest_run(holding="run.sqlite") if resume else RUNS / new_run_id())
    by = f"on {options['cluster']}" if options["cluster"] else f"jobs {options['jobs']}"
    click.echo(f"{count} claim{'s' * (count != 1)}, level {options['level']}, seed {options['seed']}, {by}, into {directory}")
    try:
        with _terminated_as_interrupt(), _progress(count) as (show, running):
            run = verify(patterns, out=directory, resume=resume, claims=registry, progress=show, running=running, **options)
    except Interrupted as stopped:
        again = _again(patterns, directory, claims, strict, options)
        why = f"Stopped: {stopped.reason}." if stopped.reason else "Stopped:"
        _show_so_far(stopped)
        click.echo(f"\n{why} {stopped.done} of {stopped.total} parts are done and stored. To go on:\n  {again}", err=True)
        sys.exit(2 if stopped.reason else 130)
    _conclude(run, directory)
    sys.exit(0 if run.passed(strict=strict) else 1)


def _show_so_far(stopped: Any) -> None:
    """Pages of a run that was stopped, where some claim was finished; whatever keeps them from being written, the run is stored."""
    if stopped.results is None or all(claim["verdict"] == "skipped" for claim in stopped.results["claims"]):
        return
    try:
        write_pages(stopped.results, stopped.directory)
    except (ClaimError, OSError) as error:
        click.echo(f"proofs-check: no pages of what is done so far: {error}", err=True)
    else:
        click.echo(f"What is done so far: {stopped.directory / 'index.html'}", err=True)


def _again(patterns: tuple[str, ...], directory: Path, claims: tuple[Path, ...], strict: bool, options: Mapping[str, Any]) -> str:
    given = {"out": directory, **options}
    flags = [f"--{name}={value}" for name, value in given.items() if value is not None]
    flags += [f"--claims={path}" for path in claims]
    return shlex.join(["proofs-check", "verify", *patterns, *flags, *["--strict"] * strict, "--resume"])


@contextmanager
def _terminated_as_interrupt() -> Iterator[None]:
    """A polite request to end, as batch systems send it, stops the run like an interrupt from the keyboard."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _progress(count: int) -> Iterator[tuple[Callable[[Mapping[str, Any]], None], Callable[[list[str], int, int], None] | None]]:
    """What shows each claim as it finishes, a line; and on a terminal what runs and what is left, a bar below the lines."""
    if not sys.stdout.isatty():
        yield (lambda claim: click.echo(_line(claim))), None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.text import Text

    told = TextColumn("{task.fields[done]} of {task.fields[count]} claims; left")
    with Progress(BarColumn(), told, TimeRemainingColumn(), TimeElapsedColumn(), TextColumn("{task.description}"), transient=True) as bar:
        task = bar.add_task("", total=None, done=0, count=count)

        def show(claim: Mapping[str, Any]) -> None:
            bar.console.print(Text.from_ansi(_line(claim)))
            bar.update(task, done=bar.tasks[0].fields["done"] + 1)

        def running(claims: list[str], done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=", ".join(claims))

        yield show, running


def _line(claim: Mapping[str, Any]) -> str:
    evidence = ", ".join(dict.fromkeys(check["evidence"] for check in claim["checks"] if check["status"] != "skipped"))
    seconds = sum(check["seconds"] for check in claim["checks"])
    verdict = click.style(f"{claim['verdict']:<12}", fg=COLOURS.get(claim["verdict"], "green"))
    dead, probes = len(dead_probes(claim)), len(claim["probes"])
    note = f"; {dead} of {probes} probes did not fail" if dead else ""
    lines = [f"{verdict} {claim['id']:<32} {evidence or '-'}  {seconds:.2f} s{note}"]
    lines += [f"             {problem}" for problem in _problems(claim)]
    return "\n".join(lines)


def _problems(claim: Mapping[str, Any]) -> Iterator[str]:
    """What kept the claim from passing, in one line each."""
    for check in claim["checks"]:
        if check["status"] not in ("holds", "skipped"):
            yield f"{check['name']} {check['status']}: {_first_line(check['message'])}"
        if check["status"] == "fails":
            yield check["counterexample"]["reproduce"]
        for control in check["controls"]:
            if control["refuted"] is False or (control["refuted"] is None and check["status"] != "skipped"):
                yield f"{check['name']}, control {control['name']!r}: {_first_line(control['message'])}"
    for probe in dead_probes(claim):
        yield f"probe: expected to fail without {probe['drops']!r}, came out {_first_line(probe['message'])}"


def _first_line(message: str) -> str:
    return message.partition("\n")[0]


def _conclude(run: Any, directory: Path) -> None:
    """Write the pages, and say in one line what came out."""
    write_pages(run.results, directory)
    counts = Counter(claim["verdict"] for claim in run.results["claims"])
    totals = ", ".join(f"{counts[verdict]} {verdict}" for verdict in reversed(VERDICTS) if counts[verdict])
    dead = sum(len(dead_probes(claim)) for claim in run.results["claims"])
    notes = [f"{dead} dead probes"] if dead else []
    notes += [] if run.tested else ["nothing was tested"]
    said = ", ".join([totals, *notes])
    click.echo(f"{said} in {run.results['run']['seconds']:.1f} s; report: {directory / 'index.html'}")
