"""The command ``proofs-check``: each subcommand is a module of :mod:`proofs_check.commands`, imported when it is called."""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from proofs_check.claim import ClaimError

COMMANDS = Path(__file__).resolve().parent / "commands"


class _Commands(click.Group):
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

    Exit codes: 0 passed, 1 something did not, 2 the command could not be carried out.
    """


def explained(function: Callable[..., Any]) -> Callable[..., Any]:
    """The command ``function``, with errors that a user can mend told in one line and exit code 2."""

    @functools.wraps(function)
    def command(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except (ClaimError, OSError, RuntimeError) as error:
            if type(error) in (RuntimeError, RecursionError, NotImplementedError):
                raise  # a mistake of ours: its traceback is wanted
            click.echo(f"proofs-check: {error}", err=True)
            sys.exit(2)

    return command
