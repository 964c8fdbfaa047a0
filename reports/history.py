"""Earlier runs, as far as a page shows them: when, and what came of each claim."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reports.results import Results, ResultsError, load
from reports.verdicts import disagreement
from reports.wording import VERDICTS

#: A page shows this many runs at most, so that no page grows with history.
SHOWN = 40
#: A results.json beside a run with more bytes is left out: reading it would cost more than the strip of a page is worth.
LARGEST = 100_000_000


@dataclass(frozen=True, slots=True)
class PastRun:
    """One stored run: its id, when it started (ISO time), the verdict of each claim by id, and its level where that is known."""

    id: str
    started: str
    verdicts: Mapping[str, str]
    level: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """The verdict of one claim in one run."""

    run: str
    started: str
    verdict: str


def stored(parent: str | Path, newest: int | None = None) -> tuple[list[PastRun], list[str]]:
    """The runs in the directories of ``parent`` (or the one that it is itself), oldest first, and what had to be left out, with the reason.

    ``newest`` bounds how many are read, by the time of writing. Verdicts are those that the stored checks give. A copy of a run under
    another name is passed over.
    """
    parent = Path(parent)
    files = [parent / "results.json"] if (parent / "results.json").exists() else _by_time(parent)
    runs, left_out = [], []
    for file in files[-newest:] if newest else files:
        try:
            run = _stored(file)
        except (ResultsError, OSError, LookupError, TypeError, AttributeError, ValueError, RecursionError) as error:
            reason = str(error).removeprefix(f"{file}: ") or type(error).__name__
            known = isinstance(error, ResultsError)
            left_out.append(f"{file}: {reason}" if known else f"{file}: no results.json of a run ({type(error).__name__}: {reason})")
            continue
        if run.id == file.resolve().parent.name or parent == file.parent:
            runs.append(run)
    return sorted(runs, key=lambda run: (run.started, run.id)), left_out


def _by_time(parent: Path) -> list[Path]:
    found = []
    for file in parent.glob("*/results.json"):
        try:
            found.append((file.stat().st_mtime, str(file)))
        except OSError:
            continue  # gone meanwhile
    return [Path(name) for _, name in sorted(found)]


def _stored(file: Path) -> PastRun:
    """What a results.json says of itself and of each claim, whatever else is in it."""
    if (size := file.stat().st_size) > LARGEST:
        raise ResultsError(f"expected at most {LARGEST:,} bytes, got {size:,}")
    document = load(file)
    if "baseline" in document:
        raise ResultsError("expected the results of a run, got a baseline")
    if problem := disagreement(document):
        raise ResultsError(problem)
    run = document["run"]
    verdicts = {claim["id"]: claim["verdict"] for claim in document["claims"]}
    for text in (run["id"], run["started"], run["level"], *verdicts):
        if not isinstance(text, str):
            raise ResultsError(f"expected texts that name the run and its claims, got {text!r}"[:200])
    return PastRun(run["id"], run["started"], verdicts, run["level"])


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
