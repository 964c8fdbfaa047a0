"""What a worker may answer: every finding is made safe before it leaves the process, and read with suspicion where it arrives.

Whatever a claim puts into its outcome (text that no file holds, a margin that is no number, structures without end) costs at most that
part of the finding; a status is never changed by it.
"""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from proofs_check.claim import Status
from proofs_check.engine.finding import Finding
from proofs_check.plain_data import finite, legible, written

#: Longest message and longest name, in characters.
MESSAGE, NAME = 20_000, 1_000
#: Most bytes of JSON that a counterexample, a witness or the figures fill, and that one certificate does.
SHOWN, CERTIFICATE = 4 * 2**20, 64 * 2**20
#: Most cells, cell controls and files that are listed.
LISTED = 10_000


def safe(finding: Finding) -> Finding:
    """``finding`` in plain data that any JSON file, page and terminal holds; what had to be left out is said in its message."""
    dropped: list[str] = []

    def number(name: str) -> float | None:
        value = getattr(finding, name)
        if value is None or (found := finite(value)) is not None:
            return None if value is None else found
        dropped.append(f"{name} {_shown(value)} is no finite number")
        return None

    def count(name: str) -> int:
        try:
            return max(0, operator.index(getattr(finding, name)))
        except TypeError:
            dropped.append(f"{name} {_shown(getattr(finding, name))} is no whole number")
            return 0

    def data(name: str) -> Any:
        value = written(getattr(finding, name))
        if (size := len(json.dumps(value))) > SHOWN:
            dropped.append(f"{name} of {size / 2**20:.0f} MiB")
            return None
        return value

    def counterexample() -> dict[str, Any] | None:
        """All that fits, and in any case which one it is."""
        if finding.counterexample is None:
            return None
        found = data("counterexample")
        case, replay = finding.counterexample.get("case", 0), finding.counterexample.get("replay", "")
        kept = found if isinstance(found, dict) else {"left out": "too large"}
        return {**kept, "case": case if type(case) is int else 0, "replay": _text(replay, MESSAGE)}

    found = replace(
        finding,
        **{name: count(name) for name in ("cases", "met", "skipped", "rejected", "cells")},
        **{name: number(name) for name in ("margin", "detectable", "spent")},
        seconds=finite(finding.seconds) or 0.0,
        counterexample=counterexample() if isinstance(finding.counterexample, Mapping | None) else None,
        witness=data("witness"),
        proof=data("proof"),
        figures=tuple(data("figures") or ()),
        pairs=tuple((str(relation), float(first), float(second)) for relation, first, second in finding.pairs[:LISTED]),
        certificates=tuple(_certificate(entry) for entry in finding.certificates),
        confirmed=_text(finding.confirmed, MESSAGE),
        missed=tuple(_text(name, NAME) for name in finding.missed[:LISTED]),
        cell_controls=tuple(
            {"cell": _text(entry["cell"], NAME), "refuted": entry["refuted"] is True, "message": _text(entry["message"], MESSAGE)}
            for entry in finding.cell_controls[:LISTED]
        ),
        log=legible(str(finding.log)),
    )
    message = _text(finding.message, MESSAGE)
    if dropped:
        message = f"{message} (left out: {'; '.join(dropped)})".strip()
    return replace(found, message=message)


def _certificate(entry: Any) -> Any:
    value = written(entry)
    size = len(json.dumps(value))
    return value if size <= CERTIFICATE else {"left out": f"{size} bytes"}


def _text(value: Any, most: int) -> str:
    text = legible(value if isinstance(value, str) else _shown(value))
    return text if len(text) <= most else f"{text[:most]} ... ({len(text) - most} characters more)"


def _shown(value: Any) -> str:
    return legible(str(written(value)))[:100]


_COUNTS = ("cases", "met", "skipped", "rejected", "cells")
_NUMBERS = ("margin", "detectable", "spent")
_TEXTS = ("message", "log", "confirmed")
_LISTS = ("certificates", "figures", "missed", "cell_controls", "pairs")
_TABLES = ("reads", "variables")


def read(data: Any) -> Finding:
    """The finding that a worker or a store holds as JSON data.

    :raises ValueError: when it is none.
    """
    if not isinstance(data, Mapping):
        raise ValueError(f"expected the fields of a finding, got {type(data).__name__}")
    try:
        finding = Finding(**{**data, "status": Status(data["status"]), **{name: tuple(data.get(name, ())) for name in _LISTS}})
    except (LookupError, TypeError, ValueError) as error:
        raise ValueError(f"expected the fields of a finding, got others ({error})") from error
    sound = (
        all(type(getattr(finding, name)) is int and getattr(finding, name) >= 0 for name in _COUNTS)
        and all(_number(getattr(finding, name)) for name in (*_NUMBERS, "seconds"))
        and all(isinstance(getattr(finding, name), str) for name in _TEXTS)
        and all(isinstance(getattr(finding, name), Mapping) for name in _TABLES)
        and isinstance(finding.counterexample, Mapping | None)
        and isinstance(finding.versions, Mapping | None)
        and isinstance(finding.proof, Mapping | None)
        and all(isinstance(name, str) for name in finding.missed)
        and all(len(pair) == 3 and isinstance(pair[0], str) and all(map(_number, pair[1:])) for pair in finding.pairs)
        and all(isinstance(entry, Mapping) and {"cell", "refuted", "message"} <= entry.keys() for entry in finding.cell_controls)
    )
    if not sound:
        raise ValueError("expected the fields of a finding, got values of other types")
    return finding


def _number(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and math.isfinite(value))
