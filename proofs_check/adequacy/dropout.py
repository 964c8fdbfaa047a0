"""Dropout on the last hidden layer: dropout/expectation.v."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check.adequacy.comparison import Comparison, compare, listed, rationals


def losses(rng: np.random.Generator) -> list[Comparison]:
    """2 n times the loss at drawn masks and 2 n / v times the penalty, at whole numbers."""
    from theory.dynamics.dropout import penalty, plain_loss

    rows = []
    for m, n, outputs in ((1, 1, 1), (3, 2, 1), (2, 3, 2)):
        h, a, y, b = (rationals(rng.integers(-3, 4, shape)) for shape in ((n, m), (outputs, m), (n, outputs), outputs))
        mask = rationals(rng.integers(0, 2, m) * 2)
        table = lambda values: f"(fun i j => nth 0%zz (nth [::] {listed(values)} i) j : ZZ)"
        row = lambda values: f"(fun j => nth 0%zz {listed(values)} j : ZZ)"
        contributions = h[:, :, None] * a.T[None]
        sizes = f"{m} {n} {outputs} {table(h)} {table(a)}"
        loss = plain_loss(contributions * mask[None, :, None], y - b) * 2 * n
        rows.append((f"loss, m = {m}, n = {n}, D = {outputs}", f"xrisk {sizes} {table(y)} {row(b)} {row(mask)} : Z", loss))
        rows.append((f"penalty, m = {m}, n = {n}, D = {outputs}", f"xpenalty {sizes} : Z", penalty(contributions, Fraction(1)) * 2 * n))
    return compare(["common/integers.v", "common/matrices.v", "dropout/evaluation.v"], rows)
