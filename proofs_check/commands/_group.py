"""The command ``proofs-check``: each subcommand is a module of :mod:`proofs_check.commands`, imported when it is called."""

from __future__ import annotations

import faulthandler
import functools
import importlib
import io
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

from proofs_check.claim import ClaimError
from proofs_check.engine.registry import Registry, load_claims
from proofs_check.engine.shadows import shadowed

#: To what files and arguments that cannot be used lead, where nothing else is at work.
UNUSABLE = (ValueError, TypeError, ArithmeticError)

#: Seconds for importing claims files: what a part of a check has at level quick, in which a worker imports its file again.
IMPORT_LIMIT = 300.0
#: Seconds after a limit at which a process that did not heed it is ended.
GRACE = 2.0

COMMANDS = Path(__file__).resolve().parent


class _Commands(click.Group):
    def invoke(self, context: click.Context) -> Any:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # a terminal may know fewer characters than a claim
        if shadow := shadowed():
            click.echo(f"proofs-check: {shadow}", err=True)
            sys.exit(2)
        return super().invoke(context)

    def list_commands(self, context: click.Context) -> list[str]:
        return sorted(file.stem for file in COMMANDS.glob("[!_]*.py"))

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(context):
            return None
        return importlib.import_module(f"proofs_check.commands.{name}").command


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="proofs-check")
def main() -> None:
    """Put claims of the theory of neural-network loss landscapes under test.

    Exit codes: 0 passed, 1 something did not, 2 not carried out, 130 stopped. Example: proofs-check verify 'mf.*'
    """


@contextmanager
def told(errors: tuple[type[Exception], ...] = UNUSABLE) -> Iterator[None]:
    """Tell errors of these types, which a user can mend, in one line and with exit code 2."""
    try:
        yield
    except errors as error:
        if type(error) in (RuntimeError, RecursionError, NotImplementedError):
            raise  # a mistake of ours: its traceback is wanted
        click.echo(f"proofs-check: {error}", err=True)
        sys.exit(2)


def explained(function: Callable[..., Any]) -> Callable[..., Any]:
    """The command ``function``, with what the engine and the system refuse told in one line."""

    @functools.wraps(function)
    def command(*arguments: Any, **options: Any) -> Any:
        try:
            with told((ClaimError, OSError, RuntimeError)):
                return function(*arguments, **options)
        except KeyboardInterrupt:
            click.echo("proofs-check: stopped", err=True)
            sys.exit(130)

    return command


#: The option that names claims of one's own; it may be given several times.
own_claims = click.option(
    "--claims",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A claims file or directory of one's own; may be given several times.",
)


def claims_at(paths: tuple[Path, ...]) -> Registry:
    """The claims under ``paths`` (none: the shipped ones); a file that hangs when it is imported is named in the end.

    :raises ClaimError: as :func:`proofs_check.engine.registry.load_claims`, and for formulas that no page can set.
    """
    with within(IMPORT_LIMIT):
        registry = load_claims(paths)
    if paths:
        _check_formulas(registry)
    return registry


def _check_formulas(registry: Registry) -> None:
    """Refuse a claim of one's own whose statement or clauses no page can set."""
    from reports.mathematics import unknown

    for claim in registry.values():
        for what, latex in {"statement": claim.statement, **{f"clause {part.name!r}": part.statement for part in claim.clauses}}.items():
            if problem := unknown(latex):
                raise ClaimError(f"claim {claim.id!r}: {what} must be LaTeX that a page can set: {problem}")


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in a block (of the main thread) that takes longer. Where native code does not let it be raised, the process ends
    a little later, with a traceback that shows the place.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        place = traceback.extract_stack(frame)[-1]
        raise TimeoutError(f"not done within {seconds:g} s; stopped in {place.filename}, line {place.lineno}")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(seconds + GRACE, exit=True, file=sys.__stderr__ or 2)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
