"""What the pages show beside the results themselves: coverage, budget, dependencies, counterexamples as code."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reports.results import Results
from reports.wording import EVIDENCE, VERDICTS, tally

#: Values and messages longer than this are cut on a page; the JSON of the claim has them whole.
LONGEST = 6000


@dataclass(frozen=True, slots=True)
class Family:
    """The claims of one family; ``slug`` names its page."""

    name: str
    slug: str
    claims: tuple[Mapping[str, Any], ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many claims have each verdict, best first."""
        return tally(self.claims)

    @property
    def worst(self) -> str:
        """The worst verdict in it."""
        return min((claim["verdict"] for claim in self.claims), key=VERDICTS.index)

    @property
    def checks(self) -> int:
        """How many checks its claims have."""
        return sum(len(claim["checks"]) for claim in self.claims)

    @property
    def seconds(self) -> float:
        """How long its checks took, all together."""
        return sum(check["seconds"] for claim in self.claims for check in claim["checks"])

    @property
    def evidence(self) -> dict[str, int]:
        """For each kind of evidence, how many claims have a check of it that holds."""
        return {kind: sum(kind in held(claim) for claim in self.claims) for kind in EVIDENCE}


def families(results: Results) -> list[Family]:
    """The claims by family, families by name and claims by id."""
    members: dict[str, list[Mapping[str, Any]]] = {}
    for claim in results["claims"]:
        members.setdefault(claim["family"] or "no family", []).append(claim)
    used: set[str] = set()
    return [
        Family(name, _slug(name, used), tuple(sorted(claims, key=lambda claim: claim["id"]))) for name, claims in sorted(members.items())
    ]


def _slug(name: str, used: set[str]) -> str:
    base = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "family"
    slug, number = base, 1
    while slug in used:
        number += 1
        slug = f"{base}-{number}"
    used.add(slug)
    return slug


def held(claim: Mapping[str, Any]) -> list[str]:
    """The kinds of evidence with a check that holds, strongest first."""
    found = {check["evidence"] for check in claim["checks"] if check["status"] == "holds"}
    return [kind for kind in EVIDENCE if kind in found]


def one_sided(results: Results) -> list[Mapping[str, Any]]:
    """Theorems that hold by one kind of evidence only."""
    return [claim for claim in results["claims"] if claim["kind"] == "theorem" and len(held(claim)) == 1]


@dataclass(frozen=True, slots=True)
class Budget:
    """The probability of a false alarm that statistical checks spent, against what a run may spend."""

    checks: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]
    allowed: float | None

    @property
    def spent(self) -> float:
        """The sum over the checks that ran: by the union bound, an upper bound of the family-wise error."""
        return sum(check["alpha"] for _, check in self.checks if check["status"] != "skipped")

    @property
    def share(self) -> float | None:
        """What was spent of what is allowed."""
        return self.spent / self.allowed if self.allowed else None


def budget(results: Results) -> Budget:
    """The statistical budget of a run; checks with an ``alpha``, the dearest first."""
    checks = [(claim, check) for claim in results["claims"] for check in claim["checks"] if check["alpha"] is not None]
    checks.sort(key=lambda pair: (-pair[1]["alpha"], pair[0]["id"], pair[1]["name"]))
    return Budget(tuple(checks), results["run"]["alpha"])


def followers(results: Results) -> dict[str, list[str]]:
    """For each claim, the ids of those that rest on it."""
    found: dict[str, list[str]] = {}
    for claim in results["claims"]:
        for other in claim["depends_on"]:
            found.setdefault(other, []).append(claim["id"])
    return found


def probe_of(claim: Mapping[str, Any], assumption: str) -> Mapping[str, Any] | None:
    """The probe that drops ``assumption``."""
    return next((probe for probe in claim["probes"] if probe["drops"] == assumption), None)


# --- counterexamples ----------------------------------------------------------------------------------------------


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


def cut(text: str, length: int = LONGEST) -> str:
    """``text``, or its beginning and a word on the rest."""
    return text if len(text) <= length else f"{text[:length]} … ({len(text) - length:,} more characters)"


def parts(message: str) -> list[str]:
    """A long message that joins several by semicolons, as a list; any other as one."""
    found = message.split("; ")
    return found if len(message) > 200 and len(found) > 3 else [message]


def patch(claim: Mapping[str, Any], check: Mapping[str, Any]) -> str:
    """Python that keeps the counterexample of ``check`` as a permanent check, to be appended to the claims file."""
    found = check["counterexample"]
    if isinstance(found.get("patch"), str):
        return found["patch"]
    case = found.get("case", 0)
    name = re.sub(r"[^a-z0-9-]", "", f"{check['name']}-case-{case}".lower())
    instance = found.get("instance", {key: value for key, value in found.items() if key not in ("replay", "reproduce")})
    exact = "    # Fractions are written as text here ('p/q'); give them back as Fraction('p/q').\n" if _has_fraction(instance) else ""
    literal = repr(instance)
    literal = literal if len(literal) <= 88 else _pretty(instance)
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
