"""Model ranks over the ranks of the two factors, and what a number of measurements sees of them."""

from functools import cache

import numpy as np

from numerics.arithmetic.exact import rank_rational
from numerics.derivatives.tape import tangents
from numerics.rank import model_rank
from proofs_check import Figure, draws
from proofs_check.claims._curves import curves
from theory.models import MatrixFactorization
from theory.rank import factorization_rank
from theory.rank.completion import representative


@cache
def ranks(d1: int = 3, d2: int = 4, m: int = 4, r: int | None = None) -> Figure:
    """The exact rank at one point of each stratum (rank A, rank B); with ``r``, of those that represent a matrix of rank r."""
    model, rng = MatrixFactorization(d1, d2, m), np.random.default_rng(0)

    def at(a: int, b: int) -> int | None:
        least, most = max(0, a + b - m), min(a, b)
        if r is not None and not least <= r <= most:
            return None
        return model_rank(model, representative(model, a, b, least if r is None else r, rng), "exact").rank

    rows, columns = list(range(min(d1, m) + 1)), list(range(min(m, d2) + 1))
    of = "" if r is None else f", representatives of a matrix of rank {r}"
    told = "it rises with both ranks to the product of the sizes" if r is None else "least where both ranks are those of the matrix"
    return Figure(
        "heatmap",
        f"Exact model rank, {d1} x {d2}, inner width {m}{of}",
        f"Model rank over rank A and rank B, from {'0' if r is None else 'the corner'} on: {told}; cells without a point are empty.",
        {"x": columns, "y": rows, "values": [[at(a, b) for b in columns] for a in rows], "value_label": "model rank"},
        x_label="rank B",
        y_label="rank A",
    )


@cache
def seen_ranks(d: int = 3, most: int = 10) -> Figure:
    """The exact rank of the tangents on n measurements for n = 1, ..., at three strata of a d x d factorization of width d."""
    model, rng = MatrixFactorization(d, d, d), np.random.default_rng(1)
    G, sizes, drawn, marks = draws.nonzero(rng, (most, d, d), 10**6), list(range(1, most + 1)), {}, {}
    for a, b in ((1, 1), (1, 2), (d, d)):
        theta, rank = representative(model, a, b, max(0, a + b - d), rng), factorization_rank(d, d, a, b)
        J = tangents(model, theta, G, forward=model.measure)[1][:, 0]
        drawn[f"ranks ({a}, {b}), R = {rank}"] = sizes, [rank_rational(J[:n]) for n in sizes]
        marks[rank] = {"label": f"R = {rank}", "x": rank}
    return curves(
        f"What n measurements see, {d} x {d}",
        "Rank of the tangents against the number of measurements: each line rises by one a measurement up to its model rank and stays.",
        drawn,
        "number n of generic measurements",
        "rank of the tangents",
        marks=list(marks.values()),
    )
