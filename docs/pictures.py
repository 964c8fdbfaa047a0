"""The pictures of the pages, taken from a run: python docs/pictures.py RUN, after proofs-check verify --out RUN."""

import hashlib
import shutil
import sys
from pathlib import Path

#: Name in docs/pictures, the claim, the check (where several draw), and which of its figures.
PICTURES = {
    "two-point-tanh": ("regularization.two-point.tanh", 0),
    "two-point-sigmoid": ("regularization.two-point.sigmoid", 0),
    "one-point-sigmoid": ("regularization.one-point.sigmoid", 0),
    "reflection-softplus": ("regularization.one-point.reflection", 0),
    "four-cycle": ("regularization.one-point.4-cycle", 0),
    "loop-softplus": ("regularization.k-cycle.softplus-d2", 0),
    "elasticity": ("regularization.elasticity", 0),
    "contact": ("regularization.classification.one-neuron", 0),
    "ranks": ("mf.function-rank", 0),
    "recovery": ("exp.mf", "every-sample-size", 0),
    "fractions": ("embedding.known-answer.exp", 0),
    "two-ends": ("adam.degenerate.signgd_cycle", 0),
    "penalties": ("dropout.flaw.intercepts", 0),
}


def main(run: Path) -> None:
    """Copy each picture from the figures of the ``run`` (or of several, the last one first)."""
    target = Path(__file__).resolve().parent / "pictures"
    target.mkdir(exist_ok=True)
    for name, (claim, *check, number) in PICTURES.items():
        stem = hashlib.sha256(check[0].encode()).hexdigest()[:8] if check else "*"
        found = sorted((run / "figures").glob(f"{claim}.{stem}.{number}.svg"))
        if len(found) != 1:
            raise SystemExit(f"RUN must hold one figure {number} of {claim}, found {len(found)} in {run / 'figures'}")
        shutil.copy(found[0], target / f"{name}.svg")
        print(f"{name}.svg from {found[0].name}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
