"""Earlier runs, as far as a page shows them: when, and what came of each claim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports.results import Results, ResultsError
from reports.wording import VERDICTS

#: A page shows this many runs at most, so that no page grows with history.
SHOWN = 40


@dataclass(frozen=True, slots=True)
class PastRun:
    """One stored run: its id, when it started (ISO time), and the verdict of each claim by id."""

    id: str
    started: str
    verdicts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Step:
    """The verdict of one claim in one run."""

    run: str
    started: str
    verdict: str


def read(entries: Iterable[PastRun | Sequence[Any]]) -> list[PastRun]:
    """``entries``, each a :class:`PastRun` or a triple of its fields, oldest first; a run given twice counts once.

    :raises ResultsError: when an entry is no such triple, holds an unknown verdict, or two different runs share an id.
    """
    runs: dict[str, PastRun] = {}
    for entry in entries:
        run = entry if isinstance(entry, PastRun) else _run(entry)
        if unknown := sorted(set(run.verdicts.values()) - set(VERDICTS)):
            raise ResultsError(f"history: run {run.id!r} holds the verdict {unknown[0]!r}, expected one of {', '.join(VERDICTS)}")
        known = runs.setdefault(run.id, run)
        if (known.started, dict(known.verdicts)) != (run.started, dict(run.verdicts)):
            raise ResultsError(
                f"history: two different runs have the id {run.id!r} (started {known.started} and {run.started}); "
                "remove or rename one of them"
            )
    return sorted(runs.values(), key=lambda run: (run.started, run.id))


def _run(entry: Sequence[Any]) -> PastRun:
    try:
        run_id, started, verdicts = entry
        return PastRun(str(run_id), str(started), dict(verdicts))
    except (TypeError, ValueError) as error:
        raise ResultsError(f"history: expected (run id, start, verdict of each claim), got {entry!r}"[:300]) from error


def before(history: Iterable[PastRun | Sequence[Any]] | None, results: Results) -> list[PastRun]:
    """The runs of ``history`` that are not ``results`` itself.

    :raises ResultsError: as :func:`read`, and when another run has the id of ``results``.
    """
    current = results["run"]
    runs = read(history or ())
    for run in runs:
        if run.id == current["id"] and run.started != current["started"]:
            raise ResultsError(
                f"history: run {run.id!r} started {run.started}, but the run of this report has the same id and started "
                f"{current['started']}; remove or rename one of them"
            )
    return [run for run in runs if run.id != current["id"]]


def of_claim(runs: Sequence[PastRun], claim: Mapping[str, Any], run: Mapping[str, Any]) -> list[Step]:
    """The verdicts of ``claim`` in ``runs`` and, last, in ``run`` itself; at most :data:`SHOWN`."""
    steps = [Step(past.id, past.started, past.verdicts[claim["id"]]) for past in runs if claim["id"] in past.verdicts]
    return [*steps, Step(run["id"], run["started"], claim["verdict"])][-SHOWN:]


def in_words(steps: Sequence[Step]) -> str:
    """The strip as a sentence."""
    if len(steps) == 1:
        return "This is the first stored run of the claim."
    changes = [(old, new) for old, new in zip(steps, steps[1:], strict=False) if old.verdict != new.verdict]
    if not changes:
        return f"{steps[-1].verdict.capitalize()} in each of the last {len(steps)} runs."
    old, new = changes[-1]
    times = "once" if len(changes) == 1 else f"{len(changes)} times"
    return f"The verdict changed {times} in {len(steps)} runs, last from {old.verdict} to {new.verdict} in run {new.run}."
