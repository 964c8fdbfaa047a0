"""What the pages show beside the results themselves: families, budget, dependencies, notation, what is not verified."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reports import bibliography, mathematics
from reports.results import Results
from reports.verdicts import passed_over
from reports.wording import EVIDENCE, VERDICTS, tally


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


#: Characters of the words by which a claim is searched, at most.
LONGEST_WORDS = 2000


def words(claim: Mapping[str, Any]) -> str:
    """The words by which a claim is found beside its id and title: those of its statement, its symbols (as LaTeX names them and as they are
    read) and their meanings, its clauses, assumptions and paper; each once.
    """
    source = claim["source"]
    formulas = [claim["statement"], *(entry["symbol"] for entry in claim["symbols"]), *(entry["statement"] for entry in claim["clauses"])]
    texts = [*(mathematics.readable(text) for text in formulas), *(re.sub(r"[\\\\{}$]", " ", text) for text in formulas)]
    texts += [entry["meaning"] for entry in claim["symbols"]] + [entry["name"] for entry in (*claim["clauses"], *claim["assumptions"])]
    texts += [source["where"], bibliography.title(source["paper"]) or ""]
    found = dict.fromkeys(re.findall(r"[^\s,;:()\[\]]+", " ".join(texts).lower()))
    return " ".join(found)[:LONGEST_WORDS]


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


def segments(counts: Mapping[str, int]) -> list[tuple[str, int, int]]:
    """(verdict, where its part of a bar begins, its length)."""
    found, start = [], 0
    for verdict, count in counts.items():
        found.append((verdict, start, count))
        start += count
    return found


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
        return sum(spent(check) for _, check in self.checks)

    @property
    def share(self) -> float | None:
        """What was spent of what is allowed."""
        return self.spent / self.allowed if self.allowed else None


def budget(results: Results) -> Budget:
    """The statistical budget of a run; checks with an ``alpha``, the dearest first."""
    checks = [(claim, check) for claim in results["claims"] for check in claim["checks"] if check["alpha"] is not None]
    checks.sort(key=lambda pair: (-pair[1]["alpha"], pair[0]["id"], pair[1]["name"]))
    return Budget(tuple(checks), results["run"]["alpha"])


def spent(check: Mapping[str, Any]) -> float:
    """The probability of a false alarm that a check used up; of version 1, which does not say, all that it declared."""
    if check["met"] is None and check["status"] != "skipped":
        return check["alpha"] or 0.0
    return check["spent"] or 0.0


# ------------------------------------------------------------------------------------------------- what is not verified


@dataclass(frozen=True, slots=True)
class Open:
    """What a run leaves open inside claims that have a verdict, each with its claim."""

    clauses: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]
    checks: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]
    cells: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]
    probes: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]
    unprobed: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]
    assumptions: int


def left_open(results: Results) -> Open:
    """Clauses that nothing tested, checks not run, cells not met, probes that did not fail, assumptions that nothing dropped."""
    claims = results["claims"]
    decided = [claim for claim in claims if claim["verdict"] != "skipped"]
    return Open(
        tuple((claim, clause) for claim in decided for clause in claim["clauses"] if clause["verdict"] in ("skipped", "partial")),
        tuple((claim, check) for claim in decided for check in claim["checks"] if passed_over(check)),
        tuple((claim, check) for claim in claims for check in claim["checks"] if check["cells"] and check["cells"]["missed"]),
        tuple((claim, probe) for claim in claims for probe in claim["probes"] if probe["fails_without"] is False),
        tuple((claim, entry) for claim in claims for entry in claim["assumptions"] if probe_of(claim, entry["name"]) is None),
        sum(len(claim["assumptions"]) for claim in claims),
    )


# ---------------------------------------------------------------------------------------------------- proved for all sizes


@dataclass(frozen=True, slots=True)
class Theorem:
    """What one formal check proved: of which claim, the clauses that it bears on, and what the proof checker said."""

    claim: Mapping[str, Any]
    check: Mapping[str, Any]
    clauses: tuple[Mapping[str, Any], ...]
    proof: Mapping[str, Any]

    @property
    def part(self) -> str:
        """The part of the clauses that is proved, where it is not the whole of them."""
        return self.check["scope"].partition(": theorem ")[0] if self.check["covers"] != "statement" else ""

    @property
    def refuted(self) -> str:
        """In words, what the statement made false in one place says; Coq proves its negation."""
        return self.check["controls"][0]["name"] if self.check["controls"] else ""


@dataclass(frozen=True, slots=True)
class Proofs:
    """The theorems of a run, and the formal checks that were not run or not accepted, each with its claim."""

    theorems: tuple[Theorem, ...]
    others: tuple[tuple[Mapping[str, Any], Mapping[str, Any]], ...]

    @property
    def claims(self) -> int:
        """How many claims have a theorem."""
        return len({theorem.claim["id"] for theorem in self.theorems})

    @property
    def versions(self) -> Mapping[str, str]:
        """Of Coq and its libraries."""
        return self.theorems[0].proof["versions"] if self.theorems else {}

    @property
    def seconds(self) -> float:
        """Processor seconds of checking the files, each counted once with what it needs."""
        return sum({theorem.proof["file"]: theorem.proof["seconds"] for theorem in self.theorems}.values())


def proofs(results: Results) -> Proofs:
    """What proof checkers said in a run, in the order of the claims."""
    theorems, others = [], []
    for claim in results["claims"]:
        for check in claim["checks"]:
            if check["evidence"] == "formal" and check["status"] == "holds" and check.get("proof"):
                clauses = tuple(clause for clause in claim["clauses"] if clause["name"] in check["clauses"])
                theorems.append(Theorem(claim, check, clauses, check["proof"]))
            elif check["evidence"] == "formal":
                others.append((claim, check))
    return Proofs(tuple(theorems), tuple(others))


# ------------------------------------------------------------------------------------------------------- dependencies


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


def parts(message: str) -> list[str]:
    """A long message that joins several by semicolons, as a list; any other as one."""
    found = message.split("; ")
    return found if len(message) > 200 and len(found) > 3 else [message]


# -------------------------------------------------------------------------------------------------------------- notation


@dataclass(frozen=True, slots=True)
class Symbol:
    """A symbol in a family: its meanings, each with the claims that give it. More than one is a fault of the family."""

    latex: str
    meanings: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Notation:
    """The symbols of every family, those that mean different things in different families, and the claims that explain none."""

    families: Mapping[str, Sequence[Symbol]]
    differing: Sequence[tuple[str, Mapping[str, Sequence[str]]]]
    silent: Sequence[Mapping[str, Any]]

    def of(self, family: Family) -> Sequence[Symbol]:
        """The symbols of one family."""
        return self.families.get(family.name, ())


def notation(groups: Iterable[Family]) -> Notation:
    """What the claims of a run say of their symbols, by family."""
    found: dict[str, list[Symbol]] = {}
    everywhere: dict[str, dict[str, list[str]]] = {}
    silent = []
    for family in groups:
        symbols: dict[str, dict[str, list[str]]] = {}
        for claim in family.claims:
            if not claim["symbols"]:
                silent.append(claim)
            for entry in claim["symbols"]:
                symbols.setdefault(entry["symbol"], {}).setdefault(entry["meaning"], []).append(claim["id"])
        found[family.name] = [Symbol(latex, symbols[latex]) for latex in sorted(symbols, key=_alphabetically)]
        for latex, meanings in symbols.items():
            for meaning in meanings:
                everywhere.setdefault(latex, {}).setdefault(meaning, []).append(family.name)
    differing = [(latex, everywhere[latex]) for latex in sorted(everywhere, key=_alphabetically) if len(everywhere[latex]) > 1]
    return Notation(found, differing, silent)


def _alphabetically(latex: str) -> tuple[str, str]:
    """By the letters, commands for Greek ones and fonts last."""
    letters = re.sub(r"[^A-Za-z]", "", re.sub(r"\\(?:operatorname|mathrm|mathbf|mathcal|mathbb|hat|tilde|bar)(?![a-z])", "", latex))
    return letters.lower(), latex
