"""Run the false claims and their true twins; report how many are caught, and how many of the true ones are not spared.

Notes of a false claim may say in which way it is false, as ``class: off by one``; the catch rate is then given by class as well.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path

from scipy.stats import binomtest

from proofs_check import verify
from proofs_check.claim import LEVELS, Claim
from proofs_check.engine.registry import load_claims

HERE = Path(__file__).resolve().parent
CAUGHT = ("refuted",)
SPARED = ("proved", "certified", "supported", "inconclusive")
UNCLASSED = "not stated"

Twin = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Bench:
    """The verdict of each claim of the two sides, by file name and claim id; ``claims`` are those of the false side."""

    false: Mapping[Twin, str]
    true: Mapping[Twin, str]
    claims: Mapping[Twin, Claim] = field(default_factory=dict)

    @property
    def survivors(self) -> list[Twin]:
        """False claims that were not caught."""
        return [twin for twin, verdict in self.false.items() if verdict not in CAUGHT]

    @property
    def accused(self) -> list[Twin]:
        """True claims that were not spared."""
        return [twin for twin, verdict in self.true.items() if verdict not in SPARED]

    def caught_by(self, kind: Callable[[Claim], str]) -> dict[str, tuple[int, int]]:
        """kind -> (caught, all) over the false claims, kinds in alphabetical order."""
        verdicts: dict[str, list[bool]] = {}
        for twin, claim in self.claims.items():
            verdicts.setdefault(kind(claim), []).append(self.false[twin] in CAUGHT)
        return {name: (sum(caught), len(caught)) for name, caught in sorted(verdicts.items())}


def difficulty(claim: Claim) -> str:
    """The class of a false claim, from its notes."""
    stated = re.search(r"class: ([^\n.;]+)", claim.notes)
    return stated[1].strip() if stated else UNCLASSED


def evidence(claim: Claim) -> str:
    """The kinds of evidence of its checks."""
    return ", ".join(sorted({check.evidence for check in claim.checks}))


def twins(root: Path = HERE) -> list[str]:
    """The names of the files that both sides have.

    :raises ValueError: when a file has no twin.
    """
    sides = [{file.stem for file in (root / side).glob("[!_]*.py")} for side in ("false", "true")]
    if alone := sides[0] ^ sides[1]:
        raise ValueError(f"expected every claims file in false/ and in true/, found on one side only: {sorted(alone)}")
    return sorted(sides[0])


def claims_of(directory: Path) -> dict[Twin, Claim]:
    """The claims of one side by file name and claim id."""
    registry = load_claims(directory)
    return {(registry.files[claim_id].stem, claim_id): claim for claim_id, claim in registry.items()}


def run(root: Path = HERE, *, level: str = "quick", seed: int = 0, jobs: int = 1) -> Bench:
    """Verify both sides."""
    names = twins(root)
    verdicts = (_side(root / side, names, level, seed, jobs) for side in ("false", "true"))
    return Bench(*verdicts, claims_of(root / "false") if names else {})


def _side(directory: Path, names: list[str], level: str, seed: int, jobs: int) -> dict[Twin, str]:
    if not names:
        return {}
    registry = load_claims(directory)
    verdicts = verify(level=level, seed=seed, jobs=jobs, claims=registry).verdicts
    return {(registry.files[claim_id].stem, claim_id): verdict for claim_id, verdict in verdicts.items()}


def table(bench: Bench) -> str:
    """The bench as text: every claim, then the rates with their 95 % intervals."""
    lines = []
    for side, verdicts in (("false", bench.false), ("true", bench.true)):
        lines += [f"{side:<6} {name:<28} {claim_id:<36} {verdict}" for (name, claim_id), verdict in verdicts.items()]
    for kind in (difficulty, evidence):
        lines += [_rate(f"caught, {kind.__name__} {name}", *counts) for name, counts in bench.caught_by(kind).items()]
    lines.append(_rate("caught", len(bench.false) - len(bench.survivors), len(bench.false)))
    lines.append(_rate("true twins not spared", len(bench.accused), len(bench.true)))
    return "\n".join(lines)


def _rate(what: str, count: int, total: int) -> str:
    if not total:
        return f"{what}: none of none"
    return f"{what}: {count} of {total}  (95 % interval of the rate: {_interval(count, total)})"


def _interval(count: int, total: int) -> str:
    interval = binomtest(count, total).proportion_ci(0.95, method="exact")
    return f"{interval.low:.2f} to {interval.high:.2f}"


# -------------------------------------------------------------------------------------------------------- as a page


def page(benches: Mapping[str, Bench], others: Mapping[tuple[str, int], Bench] | None = None) -> str:
    """The rates at each level as a Markdown page, and the survivors by name; ``others`` holds runs by level and seed."""
    lines = [
        "# Soundness bench",
        "",
        "False claims that come out refuted, and true twins that do not come out refuted, vacuous or in error. Intervals are 95 %",
        "Clopper-Pearson. Written by `tests/soundness/soundness_bench.py --out`.",
    ]
    rows = [("all false claims", lambda bench: (len(bench.false) - len(bench.survivors), len(bench.false)))]
    rows.append(("true twins spared", lambda bench: (len(bench.true) - len(bench.accused), len(bench.true))))
    lines += ["", *_markdown("side", rows, benches)]
    for title, kind in (("difficulty", difficulty), ("evidence", evidence)):
        names = next(iter(benches.values())).caught_by(kind)
        rows = [(name, lambda bench, name=name, kind=kind: bench.caught_by(kind)[name]) for name in names]
        lines += ["", f"## Caught, by {title}", "", *_markdown(title, rows, benches)]
    for level, bench in benches.items():
        lines += ["", f"## Not as they should be, at {level}", ""]
        found = [f"- false, not caught: `{claim}` ({name}): {bench.false[name, claim]}" for name, claim in bench.survivors]
        found += [f"- true, not spared: `{claim}` ({name}): {bench.true[name, claim]}" for name, claim in bench.accused]
        lines += found or ["None."]
        undecided = [claim for (_, claim), verdict in bench.true.items() if verdict == "inconclusive"]
        lines += ["", f"True twins that stay inconclusive: {', '.join(f'`{claim}`' for claim in undecided) or 'none'}."]
    return "\n".join(lines + _seeds(others or {})) + "\n"


def _seeds(others: Mapping[tuple[str, int], Bench]) -> list[str]:
    """What luck with the draws is worth: the false claims that other seeds miss."""
    if not others:
        return []
    lines = ["", "## At other seeds", "", "| level | seed | caught | true twins spared | not caught |", "|---|---|---|---|---|"]
    for (level, seed), bench in others.items():
        caught, spared = (f"{len(side) - len(missed)} of {len(side)}" for side, missed in _missed(bench))
        names = ", ".join(f"`{claim}`" for _, claim in bench.survivors) or "–"
        lines.append(f"| {level} | {seed} | {caught} | {spared} | {names} |")
    return lines


def _missed(bench: Bench) -> list[tuple[Mapping[Twin, str], list[Twin]]]:
    return [(bench.false, bench.survivors), (bench.true, bench.accused)]


def _markdown(head: str, rows: Sequence[tuple[str, Callable[[Bench], tuple[int, int]]]], benches: Mapping[str, Bench]) -> list[str]:
    lines = [f"| {head} | " + " | ".join(f"{level} | interval" for level in benches) + " |", "|---" * (1 + 2 * len(benches)) + "|"]
    for name, counted in rows:
        counts = [counted(bench) for bench in benches.values()]
        cells = [f"{count} of {total} | {_interval(count, total) if total else '–'}" for count, total in counts]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return lines


def _write(out: Path | None, benches: Mapping[str, Bench], more: Mapping[tuple[str, int], Bench]) -> None:
    if out:
        out.write_text(page(benches, more), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--level", choices=LEVELS, nargs="+", default=["quick"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0], help="the first for the rates, the others to see what they miss")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, help="write the rates to this Markdown file")
    arguments = parser.parse_args()
    first, *others = arguments.seeds
    benches = {level: run(level=level, seed=first, jobs=arguments.jobs) for level in arguments.level}
    for level, bench in benches.items():
        print(f"level {level}\n{table(bench)}")
    more: dict[tuple[str, int], Bench] = {}
    _write(arguments.out, benches, more)
    for seed, level in product(others, arguments.level):
        more[level, seed] = run(level=level, seed=seed, jobs=arguments.jobs)
        _write(arguments.out, benches, more)  # as runs end, for they are long
    sys.exit(1 if any(bench.survivors or bench.accused for bench in benches.values()) else 0)


if __name__ == "__main__":
    main()
