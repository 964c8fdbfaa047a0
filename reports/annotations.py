"""A comparison or a run as workflow commands of GitHub Actions, which show them beside the change that caused them.

``python -m reports.annotations RESULTS.json --baseline BASELINE.json`` is the step of a workflow: it prints them, adds a
summary to the page of the job, and exits with 1 when the baseline does not hold, as ``proofs-check compare`` does.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from reports import baseline, markdown
from reports.compare import Comparison, Kind, compare
from reports.reasons import why
from reports.results import Results, ResultsError, read
from reports.wording import ALARMING, headline, one_line, worst_first

#: The service shows ten annotations of each kind a step; the last one says what is left.
LIMIT = 10


def of_comparison(comparison: Comparison, limit: int = LIMIT) -> list[str]:
    """Errors for what fails the comparison, warnings for drift, notices for improvements, worst first."""
    lines = [(_severity(change.kind), f"{change.kind.value}: {change.where}", change.message) for change in comparison.told]
    return list(_cut(lines, limit))


def of_run(results: Results, limit: int = LIMIT) -> list[str]:
    """Errors for refuted, broken and vacuous claims, warnings for inconclusive ones."""
    severities = {**dict.fromkeys(ALARMING, "error"), "inconclusive": "warning"}
    lines = [
        (severities[claim["verdict"]], f"{claim['id']}: {claim['verdict']}", why(claim))
        for claim in worst_first(results["claims"])
        if claim["verdict"] in severities
    ]
    return list(_cut(lines, limit))


def _severity(kind: Kind) -> str:
    if kind.failing:
        return "error"
    return "notice" if kind in (Kind.IMPROVED, Kind.NEW) else "warning"


def _cut(lines: list[tuple[str, str, str]], limit: int) -> Iterator[str]:
    for severity in ("error", "warning", "notice"):
        found = [line for line in lines if line[0] == severity]
        shown = found if len(found) <= limit else found[: limit - 1]
        for _, title, message in shown:
            yield _command(severity, title, message)
        if len(shown) < len(found):
            yield _command(severity, "and more", f"{len(found) - len(shown)} further ones are in the summary of the job")


def _command(severity: str, title: str, message: str) -> str:
    return f"::{severity} title={_property(title)}::{_data(message)}"


def _data(text: str) -> str:
    """``text`` on one line, with what would end or nest a workflow command encoded or taken out."""
    return one_line(text).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def main(arguments: Sequence[str] | None = None) -> int:
    """The step of a workflow; the exit code is 0, 1 (the baseline does not hold; without one: a claim is bad) or 2 (unreadable)."""
    parser = argparse.ArgumentParser(prog="python -m reports.annotations", description="Show a run in GitHub Actions.")
    parser.add_argument("results", type=Path, metavar="RESULTS.json")
    parser.add_argument("--baseline", type=Path, metavar="BASELINE.json", help="what the run is compared with")
    options = parser.parse_args(arguments)
    try:
        results = read(options.results)
        comparison = compare(baseline.read(options.baseline), results) if options.baseline else None
    except ResultsError as error:
        print(_command("error", "results", str(error)))
        return 2
    lines = of_comparison(comparison) if comparison else of_run(results)
    print(*lines, comparison or headline(results["claims"]), sep="\n")
    _add_summary(markdown.summary(results, comparison=comparison))
    if comparison:
        return comparison.exit_code
    return int(any(claim["verdict"] in ALARMING for claim in results["claims"]))


def _add_summary(text: str) -> None:
    """Append to the summary of the job, where the service names a file for it."""
    if file := os.environ.get("GITHUB_STEP_SUMMARY"):
        with open(file, "a", encoding="utf-8") as summary:
            summary.write(text)


if __name__ == "__main__":
    sys.exit(main())
