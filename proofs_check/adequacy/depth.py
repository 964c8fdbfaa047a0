"""Liftings in depth and batch normalization: depth/*.v. Integer networks with ReLU, whose inserted neurons stay positive on the data."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from proofs_check.adequacy.comparison import Comparison, compare, listed, rationals
from theory.models import FullyConnected

FILES = ("common/integers.v", "common/matrices.v", "depth/evaluation.v")


def _matrix(values: Any) -> str:
    return f"(fun i j => nth 0%zz (nth [::] {listed(values)} i) j : ZZ)"


def _vector(values: Any) -> str:
    return f"(fun i => nth 0%zz {listed(values)} i : ZZ)"


def lifting(rng: np.random.Generator) -> list[Comparison]:
    """What the next layer receives through an inserted layer, and the weights and biases of the merged network."""
    from theory.lifting import merge

    rows = []
    for p, s, r in ((1, 2, 1), (2, 2, 2), (2, 3, 1)):
        model = FullyConnected((p, s, r), activation="relu")
        inner, outer = rationals(rng.integers(-2, 3, (s, p))), rationals(rng.integers(-2, 3, (r, s)))
        biases, next_biases = rationals(rng.integers(9, 13, s)), rationals(rng.integers(-3, 4, r))  # positive on inputs in -2 .. 2
        theta = np.concatenate([inner.ravel(), biases, outer.ravel(), next_biases])
        x = rationals(rng.integers(-2, 3, (3, p)))
        arguments = f"{_matrix(inner)} {_vector(biases)} {_matrix(outer)} {_vector(next_biases)}"
        for sample, output in zip(x, model(theta, x), strict=True):
            values = [f"(xreceived {p} {s} relu_over_integers {arguments} {_vector(sample)} {i} : Z)" for i in range(r)]
            rows.append((f"through an inserted layer {p} -> {s} -> {r}", "[:: " + "; ".join(values) + "]", output))
        merged = merge(model, theta, x, 1)
        weights, bias = merged.theta[: r * p].reshape(r, p), merged.theta[r * p :]
        one, zero = "(fun _ => 1%zz : ZZ)", "(fun _ => 0%zz : ZZ)"
        term = f"rows {r} {p} (xmerged_weight {s} {one} {_matrix(inner)} {_matrix(outer)}) : seq (seq Z)"
        rows.append((f"merged weights {p} -> {s} -> {r}", term, weights))
        found = [f"(xmerged_bias {s} {one} {zero} {_vector(biases)} {_matrix(outer)} {_vector(next_biases)} {i} : Z)" for i in range(r)]
        rows.append((f"merged biases {p} -> {s} -> {r}", "[:: " + "; ".join(found) + "]", bias))
    return compare(FILES, rows)


def residual(rng: np.random.Generator) -> list[Comparison]:
    """An inserted residual block: the bias that makes up for it, and what the next layer receives."""
    from theory.lifting.residual import insert_residual

    rows = []
    for p, r in ((1, 1), (2, 2)):
        model = FullyConnected((p, r), activation="power:3")
        weights, bias, block = (rationals(rng.integers(-2, 3, shape)) for shape in ((r, p), r, p))
        theta = np.concatenate([weights.ravel(), bias])
        deep, deep_theta = insert_residual(model, theta, 0, block)
        x = rationals(rng.integers(-2, 3, (2, p)))
        for sample, output in zip(x, deep(deep_theta, x), strict=True):
            values = [
                f"(xresidual {p} cube {_vector(block)} {_matrix(weights)} {_vector(bias)} {_vector(sample)} {i} : Z)" for i in range(r)
            ]
            rows.append((f"through a residual block of {p}", "[:: " + "; ".join(values) + "]", output))
    return compare(FILES, rows)


def dimension(rng: np.random.Generator) -> list[Comparison]:
    """The dimension of the set of lifts against the number of new parameters, and the cokernel, over small widths."""
    rows = []
    for p, s, r in ((1, 1, 1), (2, 2, 2), (2, 3, 2), (3, 2, 1)):
        shallow, deep = FullyConnected((p, r)), FullyConnected((p, s, r))
        rows.append((f"dimension, {p} -> {s} -> {r}", f"xdimension {p} {s} {r}", deep.n_params - shallow.n_params))
    return lifting(rng) + compare(FILES, rows)


def extremal_batches(rng: np.random.Generator) -> list[Comparison]:
    """The extremal batch of n = q^2 + 1 samples: q times its scores are whole."""
    from theory.models.normalization import extremal_batch, squared_scores

    rows = []
    for q in (1, 2, 3):
        n = q * q + 1
        ours = sorted({Fraction(score) * q * q for score in squared_scores(np.array(extremal_batch(n)))})
        rows.append((f"q^2 times the squared scores of the extremal batch of {n}", f"xextremal {q}", ours))
    return compare(["common/integers.v", "depth/batchnorm.v", "depth/batches.v"], rows)
