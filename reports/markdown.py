"""A run or a comparison as Markdown for a pull request or a job summary: most important first, within a size limit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reports.compare import Comparison
from reports.counterexamples import command
from reports.reasons import why
from reports.results import Results
from reports.verdicts import passed_over
from reports.views import families, held
from reports.wording import ALARMING, SIGNS, VERDICTS, counted, duration, headline, number, one_line, tally, worst_first

#: GitHub takes summaries of 1 MiB and comments of 65,536 characters; the default fits both, with room for other text.
LIMIT = 60_000
#: So many changes against a baseline (and the head of their table) come before the claims.
CHANGES = 51


def summary(results: Results, limit: int = LIMIT, comparison: Comparison | None = None) -> str:
    """``results`` in at most ``limit`` bytes of UTF-8: what is wrong first, then totals, then claims from worst to best.

    What does not fit is left out from the end, and the last line says how much.
    """
    compared = [_compared(comparison), "\n".join(_change_rows(comparison)[:CHANGES])] if comparison else []
    return fitted([_head(results), *compared, *_alarms(results), _families(results)], _rows(results), limit)


def fitted(blocks: Iterable[str], rows: Iterable[str], limit: int) -> str:
    """``blocks`` as paragraphs and ``rows`` as lines after them, cut at a row or paragraph so that ``limit`` bytes hold."""
    room = limit - 80  # for the line that says what is missing
    kept: list[str] = []
    left = 0
    for part, gap in [*((block, "\n\n") for block in blocks if block), *_spaced(rows)]:
        size = len((part + gap).encode())
        if left or size > room:
            left += 1
            continue
        room -= size
        kept.append(gap + part)
    text = "".join(kept).strip() + "\n"
    if left:
        text += f"\n_{counted(left, 'further line')} left out for length; the full report has them._\n"
    return text


def _spaced(rows: Iterable[str]) -> Iterator[tuple[str, str]]:
    for place, row in enumerate(rows):
        yield row, "\n" if place else "\n\n"


def cell(text: str) -> str:
    """``text`` on one line of a table, cut, without effect as Markdown or HTML."""
    plain = " ".join(one_line(text).split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    plain = re.sub(r"([\\`*_{}\[\]|~$@#!])", r"\\\1", plain)
    return re.sub(r"(?i)\b(https?)://", "\\1:\u200b//", plain)  # no automatic link: a zero-width space breaks the address


def _code(text: str) -> str:
    """``text`` as inline code; backticks inside need a longer fence."""
    line = " ".join(one_line(text).split())
    fence = "`" * (1 + max((len(run) for run in re.findall(r"`+", line)), default=0))
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _head(results: Results) -> str:
    run = results["run"]
    counts = " · ".join(f"{SIGNS[verdict]} {count} {verdict}" for verdict, count in tally(results["claims"]).items())
    return (
        f"## {headline(results['claims'])}\n\n{counts or 'no claims'}\n\n"
        f"Level {cell(run['level'])}, device {cell(run['device'])}, seed {run['seed']}, {duration(run['seconds'])}, "
        f"run {_code(run['id'])}."
    )


def _compared(comparison: Comparison) -> str:
    return f"**Against the baseline:** {cell(comparison.summary)}."


def _change_rows(comparison: Comparison) -> list[str]:
    """A table of the changes, failing ones first and in bold."""
    if not comparison.changes:
        return []
    rows = ["| change | claim | what |\n|---|---|---|"]
    for change in comparison.told:
        kind = f"**{change.kind.value}**" if change.kind.failing else change.kind.value
        rows.append(f"| {kind} | {cell(change.where)} | {cell(_shortened(change.message))} |")
    return rows


def _alarms(results: Results) -> Iterator[str]:
    """One paragraph for each claim that is refuted, broken or vacuous, with the command that repeats the case."""
    for claim in worst_first(results["claims"]):
        if claim["verdict"] not in ALARMING:
            return
        lines = [f"### {SIGNS[claim['verdict']]} {cell(claim['id'])}: {claim['verdict']}", "", cell(claim["title"]), ""]
        lines += [f"- {text}" for text in (cell(why(claim)), *_problems(claim))]
        yield "\n".join(lines)


def _problems(claim: Mapping[str, Any]) -> Iterator[str]:
    for check in claim["checks"]:
        if check["status"] in ("fails", "error", "timeout"):
            yield f"{cell(check['name'])} ({check['evidence']}) {check['status']}: {cell(_shortened(check['message']))}"
        if check["counterexample"] and (again := command(claim, check)):
            yield f"again: {_code(again)}"
        if passed_over(check):
            continue
        for control in check["controls"]:
            if control["refuted"] is not True:
                state = "was not refuted" if control["refuted"] is False else "did not run"
                yield f"control {cell(control['name'])} {state}: {cell(_shortened(control['message']))}"
        if cells := [entry["cell"] for entry in check["cell_controls"] if not entry["refuted"]]:
            yield f"a false prediction survived in {counted(len(cells), 'cell')}: {cell(_shortened('; '.join(cells[:5])))}"


def _shortened(text: str, length: int = 400) -> str:
    first = text.strip().partition("\n")[0]
    return first if len(first) <= length else first[: length - 1] + "…"


def _families(results: Results) -> str:
    if not results["claims"]:
        return ""
    shown = [verdict for verdict in reversed(VERDICTS) if any(claim["verdict"] == verdict for claim in results["claims"])]
    lines = [f"| family | claims | {' | '.join(shown)} |", "|---|" + "--:|" * (len(shown) + 1)]
    for family in families(results):
        cells = " | ".join(str(family.counts.get(verdict, "")) for verdict in shown)
        lines.append(f"| {cell(family.name)} | {len(family.claims)} | {cells} |")
    return "\n".join(lines)


def _rows(results: Results) -> Iterator[str]:
    if not results["claims"]:
        return
    yield "| verdict | claim | evidence | smallest margin |\n|---|---|---|--:|"
    for claim in worst_first(results["claims"]):
        margins = [check["margin"] for check in claim["checks"] if check["margin"] is not None]
        undermined = f" (undermined by {cell(', '.join(claim['undermined_by']))})" if claim["undermined_by"] else ""
        yield (
            f"| {SIGNS[claim['verdict']]} {claim['verdict']}{undermined} | {cell(claim['id'])}: {cell(claim['title'])} "
            f"| {', '.join(held(claim)) or 'none'} | {number(min(margins, default=None))} |"
        )
