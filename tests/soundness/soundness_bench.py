"""Run the false claims and their true twins; report how many are caught, and how many of the true ones are not spared."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from numerics.statistics import clopper_pearson
from proofs_check import verify
from proofs_check.registry import load_claims

HERE = Path(__file__).resolve().parent
CAUGHT = ("refuted",)
SPARED = ("proved", "certified", "supported", "inconclusive")


@dataclass(frozen=True, slots=True)
class Bench:
    """The verdict of each claim of the two sides, by file name and claim id."""

    false: Mapping[tuple[str, str], str]
    true: Mapping[tuple[str, str], str]

    @property
    def survivors(self) -> list[tuple[str, str]]:
        """False claims that were not caught."""
        return [twin for twin, verdict in self.false.items() if verdict not in CAUGHT]

    @property
    def accused(self) -> list[tuple[str, str]]:
        """True claims that were not spared."""
        return [twin for twin, verdict in self.true.items() if verdict not in SPARED]


def twins(root: Path = HERE) -> list[str]:
    """The names of the files that both sides have.

    :raises ValueError: when a file has no twin.
    """
    sides = [{file.stem for file in (root / side).glob("[!_]*.py")} for side in ("false", "true")]
    if alone := sides[0] ^ sides[1]:
        raise ValueError(f"expected every claims file in false/ and in true/, found on one side only: {sorted(alone)}")
    return sorted(sides[0])


def run(root: Path = HERE, *, level: str = "quick", jobs: int = 1) -> Bench:
    """Verify both sides."""
    return Bench(*(_side(root / side, twins(root), level, jobs) for side in ("false", "true")))


def _side(directory: Path, names: list[str], level: str, jobs: int) -> dict[tuple[str, str], str]:
    if not names:
        return {}
    registry = load_claims(directory)
    verdicts = verify(level=level, jobs=jobs, claims=registry).verdicts
    return {(registry.files[claim_id].stem, claim_id): verdict for claim_id, verdict in verdicts.items()}


def table(bench: Bench) -> str:
    """The bench as text: every claim, then the two rates with their 95 % intervals."""
    lines = []
    for side, verdicts in (("false", bench.false), ("true", bench.true)):
        lines += [f"{side:<6} {name:<28} {claim_id:<36} {verdict}" for (name, claim_id), verdict in verdicts.items()]
    lines.append(_rate("caught", len(bench.false) - len(bench.survivors), len(bench.false)))
    lines.append(_rate("true twins not spared", len(bench.accused), len(bench.true)))
    return "\n".join(lines)


def _rate(what: str, count: int, total: int) -> str:
    if not total:
        return f"{what}: none of none"
    interval = clopper_pearson(count, total, alpha=0.05)
    return f"{what}: {count} of {total}  (95 % interval of the rate: {interval.lower:.2f} to {interval.upper:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--level", choices=["quick", "standard", "full"], default="quick")
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    bench = run(level=arguments.level, jobs=arguments.jobs)
    print(table(bench))
    sys.exit(1 if bench.survivors or bench.accused else 0)


if __name__ == "__main__":
    main()
