"""Reading stored runs, with every way in which one can be unusable told clearly."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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
    """The results in ``path``, valid against the schema.

    :raises ClaimError: when the file is missing, no JSON, cut short, of another version or a baseline.
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
    """The report of ``results`` in ``directory``, with the history of the runs that lie beside it.

    :raises ClaimError: when the results cannot be shown.
    """
    from reports import html

    with readable():
        html.write(results, directory, history=list(_earlier_runs(directory, results["run"]["level"])))


def _earlier_runs(directory: Path, level: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Id, start and verdicts of the newest runs of ``level`` in the directories beside ``directory``."""
    for run, verdicts in past_runs(directory.resolve().parent, newest=HISTORY):
        if run["level"] == level and run["id"] != directory.name:
            yield run["id"], run["started"], verdicts


def past_runs(parent: Path, *, newest: int | None = None) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    """What the runs in the directories of ``parent`` say of themselves and of each claim, oldest first, copies left out."""
    files = sorted(parent.glob("*/results.json"), key=lambda file: file.stat().st_mtime)
    for file in files[-newest:] if newest else files:
        try:
            stored = json.loads(file.read_text(encoding="utf-8"))
            run, verdicts = stored["run"], {claim["id"]: claim["verdict"] for claim in stored["claims"]}
            if run["id"] == file.parent.name:
                yield run, verdicts
        except (OSError, ValueError, LookupError, TypeError):
            continue  # something else of the same name


def newest_run(*, holding: str = "results.json") -> Path:
    """The directory below the default one that was written to last.

    :raises ClaimError: when there is none.
    """
    runs = sorted(RUNS.glob(f"*/{holding}"), key=lambda file: file.stat().st_mtime)
    if not runs:
        raise ClaimError(f"expected a run in {RUNS}, found none; name it")
    return runs[-1].parent
