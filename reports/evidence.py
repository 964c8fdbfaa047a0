"""What a page says of the evidence for a claim: clause by clause, rates with their intervals, controls with what they predict.

Rates and values are read back from the messages of the judging functions; a message of another form is shown as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reports.reasons import bearing
from reports.verdicts import passed_over, proves
from reports.wording import RIGOROUS, brief, extent, first_line, number

#: How each kind of evidence comes about, in a few words.
MEANS = {
    "formal": "proof checked by a kernel",
    "symbolic": "symbolic computation",
    "exact": "exact arithmetic",
    "certified": "ball arithmetic",
    "property": "floating point",
    "training": "training",
}
#: Confidence of the intervals that are shown beside rates.
CONFIDENCE = 0.95
#: Rates of one check in the table.
RATES = 3
#: Characters of a message that are searched for rates, and of a scope in the table.
SEARCHED, SCOPE = 4000, 180


@dataclass(frozen=True, slots=True)
class Entry:
    """One check in the table: its place on the page, and what it says for the clause in words."""

    check: Mapping[str, Any]
    place: int
    words: str


@dataclass(frozen=True, slots=True)
class Row:
    """One clause with the checks that bear on it: for all it speaks of, on a domain, by a rate."""

    clause: Mapping[str, Any]
    for_all: tuple[Entry, ...]
    on_domain: tuple[Entry, ...]
    by_rate: tuple[Entry, ...]


def table(claim: Mapping[str, Any], level: str) -> list[Row]:
    """The clauses of a claim against their evidence at ``level``."""
    places = {check["name"]: place for place, check in enumerate(claim["checks"], start=1)}
    rows = []
    for clause in claim["clauses"]:
        entries: dict[str, list[Entry]] = {"all": [], "domain": [], "rate": []}
        for check in bearing(clause, claim["checks"]):
            column = _column(clause, check)
            entries[column].append(Entry(check, places[check["name"]], _words(check, column, level)))
        rows.append(Row(clause, *(tuple(entries[column]) for column in ("all", "domain", "rate"))))
    return rows


def _column(clause: Mapping[str, Any], check: Mapping[str, Any]) -> str:
    if check["evidence"] == "training":
        return "rate"
    if proves(clause, check):
        return "all"
    older = check["met"] is None and check["covers"] == "statement" and check["evidence"] in RIGOROUS  # asked for no reason
    return "all" if older else "domain"


def _words(check: Mapping[str, Any], column: str, level: str) -> str:
    means = MEANS[check["evidence"]]
    if passed_over(check):
        return f"{means}, not run: {first_line(check['message']) or 'no reason given'}"
    if column == "rate":
        found = [str(rate) for rate in rates(check["message"])]
        more = [f"and {len(found) - RATES} more"] if len(found) > RATES else []
        return f"{means}: {'; '.join(found[:RATES] + more) or extent(check)}"
    if column == "domain" and check["evidence"] == "formal":
        return f"{means}, for part of it: {brief(check['scope'], SCOPE)}"
    if column == "domain":
        return f"{means} on {extent(check)}: {brief(domain(check['scope'], level), SCOPE)}"
    if check["covers"] == "statement":
        why = check["because"] or check["scope"]
        size = "" if check["evidence"] in ("formal", "symbolic") else f" on {extent(check)}"
        return f"{means}{size}: {brief(why, SCOPE)}"
    return f"a witness by {means}, {check['confirmed']}"


#: What a scope that was written from axes ends with, one of its axes whose values grow with the level, and three whole numbers in a row.
_CELLS = re.compile(r" \(quick \d+ cells[^()]{0,200}\)$")
_AXIS = re.compile(r"(?P<name>[A-Za-z_]\w*) = (?P<values>[^;]+)")
_RUN = re.compile(r"(?<![\w.])\d+(?:, \d+){2,}(?![\w.])")


def domain(scope: str, level: str) -> str:
    """A scope that was written from axes as far as ``level`` goes, with ``1, 2, 3`` as ``1..3``; any other scope as it is."""
    head = scope[: 2 * SEARCHED]
    if _CELLS.search(head) is None:
        return head
    return _RUN.sub(_as_range, _AXIS.sub(lambda axis: f"{axis['name']} = {_at_level(axis['values'], level)}", _CELLS.sub("", head)))


def _at_level(values: str, level: str) -> str:
    """The values of an axis at a level; where two of three levels share them and nothing says which, all of them."""
    parts = values.split(", later ")
    if level == "quick" or len(parts) == 1:
        return parts[0]
    if level == "full" or len(parts) == 3:
        return parts[-1] if level == "full" else parts[1]
    return values


def _as_range(found: re.Match[str]) -> str:
    numbers = [int(number) for number in found[0].split(", ")]
    return f"{numbers[0]}..{numbers[-1]}" if numbers == list(range(numbers[0], numbers[0] + len(numbers))) else found[0]


# ------------------------------------------------------------------------------------------------------------------ rates


@dataclass(frozen=True, slots=True)
class Rate:
    """``successes`` of ``trials``, of which ``undecided`` ended without an answer, against what was expected."""

    what: str
    successes: int
    trials: int
    undecided: int
    expected: str

    @property
    def interval(self) -> tuple[float, float]:
        """The exact (Clopper-Pearson) interval at :data:`CONFIDENCE`, wide enough for any answer of the undecided."""
        from scipy.special import betaincinv

        tail = (1 - CONFIDENCE) / 2
        low, high, n = self.successes, self.successes + self.undecided, self.trials
        return (
            0.0 if low == 0 else float(betaincinv(low, n - low + 1, tail)),
            1.0 if high == n else float(betaincinv(high + 1, n - high, 1 - tail)),
        )

    def __str__(self) -> str:
        low, high = self.interval
        undecided = f", {self.undecided} undecided" if self.undecided else ""
        return (
            f"{self.what}: {number(self.successes / self.trials)} ({self.successes} of {self.trials}{undecided}; "
            f"{CONFIDENCE:.0%} interval {number(low, 2)} to {number(high, 2)}), {self.expected} expected"
        ).replace("%", "\N{NO-BREAK SPACE}%")


_RATE = re.compile(
    r"(?:^|; |: )(?P<what>[^;]{1,120}?): (?P<successes>\d{1,9}) of (?P<trials>\d{1,9})(?: [a-z]+)?"
    r"(?: \((?P<undecided>\d{1,9}) undecided\))?, (?P<expected>at (?:least|most) [0-9.eE+-]{1,20}) expected"
)


def rates(message: str) -> Iterator[Rate]:
    """The rates that a message states, in the form of ``context.rate``."""
    for found in _RATE.finditer(message[:SEARCHED]):
        successes, trials, undecided = (int(found[name] or 0) for name in ("successes", "trials", "undecided"))
        if 0 < trials and successes + undecided <= trials:
            yield Rate(found["what"].strip(), successes, trials, undecided, found["expected"])


# --------------------------------------------------------------------------------------------------------------- controls


@dataclass(frozen=True, slots=True)
class Twin:
    """A control or cell control: what was made false, what it predicts, what was observed; or the message, where it has another form.

    ``refuted`` is ``None`` where it did not run.
    """

    name: str
    refuted: bool | None
    case: str
    what: str
    predicted: str
    observed: str
    message: str


_CASE = re.compile(r"case (\d{1,9}): (.*)", re.DOTALL)
_VALUES = re.compile(r"(?:(?P<what>[^:]{1,200}): )?expected (?P<predicted>.{1,400}), observed (?P<observed>.{1,400})", re.DOTALL)


def controls(check: Mapping[str, Any]) -> list[Twin]:
    """The controls of a check in words."""
    return [_twin(control["name"], control["refuted"], control["message"]) for control in check["controls"]]


def cell_controls(check: Mapping[str, Any]) -> list[Twin]:
    """The cell controls of a check in words, survivors first."""
    entries = sorted(check["cell_controls"], key=lambda entry: entry["refuted"])
    return [_twin(entry["cell"], entry["refuted"], entry["message"]) for entry in entries]


def _twin(name: str, refuted: bool | None, message: str) -> Twin:
    head = message[:1000]
    case, text = found.groups() if (found := _CASE.fullmatch(head)) else ("", head)
    values = _VALUES.fullmatch(text) if len(message) <= len(head) else None
    if values is None or refuted is not True:
        return Twin(name, refuted, case, "", "", "", text)
    return Twin(name, refuted, case, values["what"] or "", values["predicted"], values["observed"], "")
