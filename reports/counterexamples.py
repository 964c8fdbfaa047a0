"""Counterexamples on a page: their values, the command that runs the case again, and code that keeps it.

Files may come from strangers: nothing of what they store is shown as something to run or to append, but built anew from checked parts.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from reports.wording import LONGEST, cut


def shown_values(counterexample: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """(name, ``"matrix"`` or ``"text"``, what to show) for the data of a counterexample."""
    for name, value in _flat(counterexample):
        if _is_matrix(value):
            yield name, "matrix", value
        else:
            yield name, "text", cut(value if isinstance(value, str) else _compact(value))


def _flat(counterexample: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The named values, those of a small instance each on its own."""
    for name, value in counterexample.items():
        if name in ("replay", "reproduce", "patch"):
            continue
        if isinstance(value, dict) and 0 < len(value) <= 12:
            yield from ((f"{name}.{part}", entry) for part, entry in value.items())
        else:
            yield name, value


def _is_matrix(value: Any) -> bool:
    if not isinstance(value, list) or not 0 < len(value) <= 12 or not all(isinstance(row, list) for row in value):
        return False
    width = len(value[0])
    return 0 < width <= 12 and all(
        len(row) == width and all(isinstance(entry, int | float) or _is_number(entry) for entry in row) for row in value
    )


def _is_number(entry: Any) -> bool:
    return isinstance(entry, str) and re.fullmatch(r"-?\d+(/\d+|\.\d+)?", entry) is not None


def _compact(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else json.dumps(value, ensure_ascii=False, indent=1)


def command(claim: Mapping[str, Any], check: Mapping[str, Any]) -> str:
    """The command that runs the case of a counterexample again, built from parts that can be nothing else; empty without a case.

    Of the stored command only the path of the results and those of the claims are taken, as words that a shell reads as such.
    """
    case = check["counterexample"].get("case")
    if not isinstance(case, int) or isinstance(case, bool) or case < 0 or not re.fullmatch(_NAME, check["name"]):
        return ""
    results, claims = _paths(check["counterexample"]["reproduce"])
    own = [word for path in claims for word in ("--claims", path)]
    return shlex.join(["proofs-check", "reproduce", results, claim["id"], check["name"], str(case), *own])


#: Names of checks, and paths that a page shows in a command.
_NAME, _PATH = (
    "[a-z0-9][a-z0-9-]*",
    r"[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069-][^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]{0,400}",
)


def _paths(stored: str) -> tuple[str, list[str]]:
    """The path of the results and those of the claims (or none) in a stored command, where it has the form of one."""
    try:
        words = shlex.split(stored[:2000])
    except ValueError:
        words = []
    options, claims = words[6::2], words[7::2]
    if len(words) < 6 or len(words) % 2 or words[:2] != ["proofs-check", "reproduce"] or any(option != "--claims" for option in options):
        return "results.json", []
    readable = all(re.fullmatch(_PATH, path) for path in claims)
    return words[2] if re.fullmatch(_PATH, words[2]) else "results.json", claims if readable else []


def patch(claim: Mapping[str, Any], check: Mapping[str, Any]) -> str:
    """Python that keeps the counterexample of ``check`` as a permanent check in a file that lists its ``CLAIMS``.

    Empty where the instance was drawn in a cell, is not stored, is too long for a page, or the check has an odd name.
    """
    found = check["counterexample"]
    case = found.get("case", 0)
    named = re.fullmatch(_NAME, check["name"]) and isinstance(case, int) and not isinstance(case, bool)
    if not named or check["cells"] is not None or "instance" not in found:
        return ""
    literal = repr(found["instance"])
    if len(literal) > LONGEST // 2:
        return ""
    exact = (
        "    # Fractions are written as text here ('p/q'); give them back as Fraction('p/q').\n" if _has_fraction(found["instance"]) else ""
    )
    literal = literal if len(literal) <= 88 else _pretty(found["instance"])
    name = f"{check['name']}-case-{case}"
    return (
        "from dataclasses import replace\n\n\n"
        "def kept(context):\n"
        f'    """The counterexample to {claim["id"]} that {check["name"]} met as case {case}."""\n{exact}'
        f"    return [{literal}]\n\n\n"
        "CLAIMS = [\n"
        f"    replace(claim, checks=[*claim.checks, replace(claim.check({check['name']!r}), name={name!r}, instances=kept)])\n"
        f"    if claim.id == {claim['id']!r}\n"
        "    else claim\n"
        "    for claim in CLAIMS\n"
        "]\n"
    )


def _pretty(value: Any) -> str:
    import pprint

    return pprint.pformat(value, width=100, sort_dicts=False).replace("\n", "\n            ")


def _has_fraction(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_fraction, value.values()))
    if isinstance(value, list):
        return any(map(_has_fraction, value))
    return isinstance(value, str) and re.fullmatch(r"-?\d+/\d+", value) is not None
