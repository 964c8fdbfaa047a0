"""Reading stored runs, with every way in which one can be unusable told clearly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from proofs_check.claim import ClaimError

#: Where runs go by default.
RUNS = Path("proofs-check-runs")
#: Earlier runs that a report shows at most.
HISTORY = 40


@contextmanager
def readable() -> Iterator[None]:
    """Turn what the package of reports refuses into a :class:`ClaimError` with the same message."""
    from reports.results import ResultsError

    try:
        yield
    except ResultsError as error:
        raise ClaimError(str(error)) from error


def read_results(path: Path) -> dict[str, Any]:
    """The results in ``path`` (a file, or the directory of a run), valid against the schema, with verdicts that their checks give.

    :raises ClaimError: when the file is missing, no JSON, cut short, edited, of another version or a baseline.
    """
    from reports.results import read

    with readable():
        return read(path)


def read_baseline(path: Path) -> dict[str, Any]:
    """The baseline in ``path``, or the results of a run used as one.

    :raises ClaimError: as :func:`read_results`.
    """
    from reports.baseline import read

    with readable():
        return read(path)


def write_pages(results: Mapping[str, Any], directory: Path) -> None:
    """The report of ``results`` in ``directory``, with the history of the runs that lie beside it; those that cannot be read are named.

    :raises ClaimError: when the results cannot be shown.
    """
    from reports import history, html

    level = results["run"]["level"]
    runs, left_out = history.stored(directory.resolve().parent, newest=HISTORY)
    earlier = [run for run in runs if run.level == level and run.id != directory.resolve().name]
    tell_left_out(left_out)
    with readable():
        html.write(results, directory, earlier, left_out)


def tell_left_out(runs: list[str]) -> None:
    """Name the stored runs that could not be read; they cost nothing else."""
    from reports.wording import one_line

    for text in runs:
        click.echo(one_line(f"left out of the history: {text}"), err=True)


def newest_run(*, holding: str = "results.json") -> Path:
    """The directory below the default one that was written to last.

    :raises ClaimError: when there is none.
    """
    runs = sorted(RUNS.glob(f"*/{holding}"), key=lambda file: file.stat().st_mtime)
    if not runs:
        raise ClaimError(f"expected a run in {RUNS}, found none; name it")
    return runs[-1].parent
