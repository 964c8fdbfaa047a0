"""The words of the reports: verdicts, evidence, numbers and durations, the same on every page and in every form."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: From worst to best; the order in which verdicts are listed and judged.
VERDICTS = ("refuted", "error", "vacuous", "inconclusive", "skipped", "partial", "supported", "certified", "proved")
#: What needs a reader's attention first.
ALARMING = ("refuted", "error", "vacuous")
EVIDENCE = ("formal", "symbolic", "exact", "certified", "property", "training")
#: Evidence without rounding, or with all rounding enclosed.
RIGOROUS = EVIDENCE[:4]

#: A sign beside each verdict's word, so that colour is never alone.
SIGNS = {
    "refuted": "✕",
    "error": "!",
    "vacuous": "○",
    "inconclusive": "?",
    "skipped": "–",
    "partial": "◐",
    "supported": "●",
    "certified": "◆",
    "proved": "■",
}

MEANINGS = {
    "refuted": "a check found a counterexample, and it failed again when replayed",
    "error": "a check or a control broke or ran out of time, so nothing was decided",
    "vacuous": "a control that is false by construction was not refuted, or a check met no instance",
    "inconclusive": "no check decided: the result lay between the bounds",
    "skipped": "not tested at this level or on this machine; its page says why",
    "partial": "nothing speaks against it, but some clauses were not tested at this level",
    "supported": "random instances or trainings agree, within stated tolerances and error probabilities",
    "certified": "exact or ball arithmetic proves every clause on the instances tried",
    "proved": "every clause is proved: for all it speaks of, or by a confirmed witness",
}

EVIDENCE_MEANINGS = {
    "formal": "a proof for all sizes, accepted by a proof kernel",
    "symbolic": "exact symbolic computation",
    "exact": "rational or finite-field arithmetic, no rounding",
    "certified": "ball arithmetic: a theorem about each instance",
    "property": "random instances in floating point, tolerance derived from an error bound",
    "training": "many trainings, decided by a statistical test",
}

STATUSES = {
    "holds": "holds",
    "fails": "fails",
    "inconclusive": "undecided",
    "error": "broke",
    "timeout": "ran out of time",
    "skipped": "skipped",
}

#: The verdict whose colour a status of a check borrows.
STATUS_VERDICTS = {"holds": "proved", "fails": "refuted", "timeout": "error"}

RELATIONS = {
    "equality": "an equality",
    "tight": "a tight bound",
    "upper": "an upper bound",
    "lower": "a lower bound",
    "existence": "an existence statement",
    "impossibility": "an impossibility statement",
}

KINDS = {
    "theorem": "theorem",
    "counterexample": "counterexample",
    "law": "quantitative empirical law",
    "conjecture": "conjecture",
    "extension": "extension of this suite",
}


def worst_first(claims: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """``claims`` from refuted to proved, by id within a verdict."""
    return sorted(claims, key=lambda claim: (VERDICTS.index(claim["verdict"]), claim["id"]))


def tally(claims: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How many claims have each verdict, best first; verdicts that no claim has are left out."""
    counts = Counter(claim["verdict"] for claim in claims)
    return {verdict: counts[verdict] for verdict in reversed(VERDICTS) if counts[verdict]}


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """``3 claims``, ``1 claim``, ``no claims``."""
    word = noun if number == 1 else plural or f"{noun}s"
    return f"{'no' if number == 0 else format(number, ',').replace(',', chr(0x202F))} {word}"


def listed(words: Sequence[str]) -> str:
    """``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""


def headline(claims: Sequence[Mapping[str, Any]]) -> str:
    """The run in one sentence."""
    if not claims:
        return "The run holds no claim."
    counts = tally(claims)
    alarms = [f"{counted(counts[verdict], 'claim')} {_are(counts[verdict], verdict)}" for verdict in ALARMING if verdict in counts]
    good = [
        f"{counts[verdict]:,} {verdict}".replace(",", "\u202f") for verdict in ("proved", "certified", "supported") if verdict in counts
    ]
    rest = [f"{counts[verdict]} {verdict}" for verdict in ("partial", "inconclusive", "skipped") if verdict in counts]
    total = counted(len(claims), "claim")
    if alarms:
        return (
            f"Of {total}, {listed(alarms).replace(' claims ', ' ').replace(' claim ', ' ')}. The others: {listed(good + rest) or 'none'}."
        )
    if not good:
        return f"Nothing was decided: of {total}, {listed(rest)}."
    tail = f" Left open: {listed(rest)}." if rest else ""
    return f"Nothing is refuted. Of {total}, {listed(good)}.{tail}"


def _are(count: int, verdict: str) -> str:
    word = {"error": "in error"}.get(verdict, verdict)
    return f"{'is' if count == 1 else 'are'} {word}"


def first_line(message: str, length: int = 200) -> str:
    """The first line of a message, cut."""
    return brief(message.strip().partition("\n")[0], length)


def brief(text: str, length: int = 80) -> str:
    """``text``, or its beginning and an ellipsis."""
    return text if len(text) <= length else text[: length - 1] + "…"


#: Values and messages longer than this are cut on a page; the JSON of the claim has them whole.
LONGEST = 6000


def cut(text: str, length: int = LONGEST) -> str:
    """``text``, or its beginning and a word on the rest."""
    return text if len(text) <= length else f"{text[:length]} … ({len(text) - length:,} more characters)"


def quoted(name: str) -> str:
    """A name in quotation marks, cut."""
    return f"“{brief(name)}”"


#: What ends a line, starts a terminal sequence or turns the direction of text.
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")
#: What a line of output must not start with (a command of a workflow), or hold anywhere (one in the older form).
_COMMANDS = re.compile(r"^(\s*):(?=:)|##(?=\[)")


def one_line(text: str, length: int = 1000) -> str:
    """``text`` for a line of a terminal or a log: without control characters, cut, and no command of a workflow."""
    line = _CONTROLS.sub(" ", text[: 2 * length]).strip()
    return brief(_COMMANDS.sub(lambda found: "\N{RATIO}" if found[0].endswith(":") else "# #", line), length)


def extent(check: Mapping[str, Any]) -> str:
    """How much a check decided: instances and cells, or cases where these are not stored."""
    met = counted(check["cases"], "case") if check["met"] is None else counted(check["met"], "instance")
    if (cells := check["cells"]) is None:
        return met
    if missed := len(cells["missed"]):
        return f"{met} in {number(cells['met'])} of {counted(cells['met'] + missed, 'cell')}"
    return f"{met} in {counted(cells['met'], 'cell')}"


def number(value: float | int | str | None, digits: int = 3) -> str:
    """A number for a table: few digits, powers of ten as such, thin spaces between thousands, a dash for ``None``."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    if isinstance(value, int) or (value == int(value) and abs(value) < 1e6 if math.isfinite(value) else False):
        return f"{int(value):,}".replace(",", "\u202f").replace("-", "−")
    if not math.isfinite(value):
        return "–"
    text = f"{value:.{digits}g}"
    if "e" not in text:
        return text.replace("-", "−")
    mantissa, _, exponent = text.partition("e")
    power = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return (f"10{power}" if mantissa == "1" else f"{mantissa} × 10{power}").replace("-", "−")


def duration(seconds: float) -> str:
    """Seconds for people: ``80 ms``, ``4.2 s``, ``3 min 5 s``, ``2 h 10 min``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 100:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def moment(text: str) -> str:
    """An ISO time to the minute, ``2026-01-31 14:05 UTC``; any other text as it is."""
    import datetime

    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        return text
    zone = time.strftime(" %Z") if time.tzinfo else ""
    return time.strftime("%Y-%m-%d %H:%M") + zone
