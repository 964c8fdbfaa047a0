"""A comparison or a run as workflow commands of GitHub Actions, which show them beside the change that caused them."""

from __future__ import annotations

from collections.abc import Iterator

from reports.compare import Comparison, Kind
from reports.results import Results
from reports.wording import ALARMING, why, worst_first

#: The service shows ten annotations of each kind a step; the last one says what is left.
LIMIT = 10


def of_comparison(comparison: Comparison, limit: int = LIMIT) -> list[str]:
    """Errors for what fails the comparison, warnings for drift, notices for improvements, worst first."""
    lines = [
        (_severity(change.kind), f"{change.kind.value}: {change.where}", change.message) for change in comparison.changes
    ]
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
    """``text`` with what would end or nest a workflow command encoded."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
