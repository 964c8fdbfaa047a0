"""Matrix factorizations: factorization/*.v. Derivatives at integer matrices, and the closed forms over a grid of sizes."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from proofs_check.adequacy.comparison import Comparison, compare, listed, rationals
from theory.models import DeepFactorization, MatrixFactorization, SymmetricFactorization
from theory.rank import (
    deep_factorization_rank,
    factorization_rank,
    function_rank,
    partial_product_ranks,
    symmetric_factorization_rank,
)

FILES = ("common/integers.v", "common/matrices.v", "factorization/evaluation.v")


def _matrix(values: Any) -> str:
    return f"(fun i j => nth 0%zz (nth [::] {listed(values)} i) j : ZZ)"


def _draw(rng: np.random.Generator, size: int) -> np.ndarray:
    return rationals(rng.integers(-3, 4, size))


def _derivative(model: Any, theta: np.ndarray, direction: np.ndarray) -> np.ndarray:
    """The derivative of the product at ``theta`` along ``direction``, as a matrix, by the reverse tape."""
    from numerics.derivatives.tape import tangents

    return (tangents(model, theta, model.entries())[1] @ direction).reshape(model.format)


def two_factors(rng: np.random.Generator) -> list[Comparison]:
    """The derivative of A B, and R(A, B) and R(f) over all ranks of small sizes."""
    rows = []
    for d1, m, d2 in ((2, 3, 2), (1, 2, 3)):
        model = MatrixFactorization(d1, d2, m)
        theta, along = _draw(rng, model.n_params), _draw(rng, model.n_params)
        (left, right), (d_left, d_right) = (model.unpack(vector).values() for vector in (theta, along))
        arguments = " ".join(_matrix(part.tolist()) for part in (left, right, d_left, d_right))
        term = f"rows {d1} {d2} (derivative2 {m} {arguments}) : seq (seq Z)"
        rows.append((f"the derivative of A B, {d1} x {m} x {d2}", term, _derivative(model, theta, along)))
    for d1, d2 in product((1, 2, 3), repeat=2):
        ranks = [(a, b) for a in range(d1 + 1) for b in range(d2 + 1)]
        term = "[:: " + "; ".join(f"strata_rank {d1} {d2} {a} {b}" for a, b in ranks) + "]"
        rows.append((f"R(A, B), {d1} x {d2}", term, [factorization_rank(d1, d2, a, b) for a, b in ranks]))
        term = "[:: " + "; ".join(f"function_rank {d1} {d2} {r}" for r in range(min(d1, d2) + 1)) + "]"
        rows.append((f"R(f), {d1} x {d2}", term, [function_rank(r, d1, d2) for r in range(min(d1, d2) + 1)]))
    return compare(FILES, rows)


def many_factors(rng: np.random.Generator) -> list[Comparison]:
    """The derivative of A_1 .. A_L, and R at the ranks of the partial products of drawn factors."""
    rows = []
    for sizes in ((2, 2, 3), (2, 1, 2, 2), (1, 3, 2, 2, 1)):
        model = DeepFactorization(sizes)
        theta, along = _draw(rng, model.n_params), _draw(rng, model.n_params)
        factors, directions = (list(model.unpack(vector).values()) for vector in (theta, along))
        inner = zip(sizes[1:-1], factors[:-1], strict=True)
        chain = "[:: " + "; ".join(f"({width}%N, {_matrix(factor.tolist())})" for width, factor in inner) + "]"
        moved = "[:: " + "; ".join(_matrix(factor.tolist()) for factor in directions[:-1]) + "]"
        last, last_moved = (_matrix(group[-1].tolist()) for group in (factors, directions))
        term = f"rows {sizes[0]} {sizes[-1]} (derivative_of {chain} {last} {moved} {last_moved}) : seq (seq Z)"
        rows.append((f"the derivative of the product {sizes}", term, _derivative(model, theta, along)))
        for sparse in range(3):
            drawn = [factor * _draw(rng, factor.size).reshape(factor.shape) * (sparse < 2) for factor in factors]
            prefix, suffix = partial_product_ranks(drawn)
            term = f"deep_rank {sizes[0]} {_naturals(prefix[:-1])} {_naturals(suffix[1:])} {sizes[-1]}"
            rows.append((f"R at partial ranks {prefix}, {suffix}", term, deep_factorization_rank(sizes, prefix, suffix)))
        for r in range(min(sizes) + 1):
            rows.append((f"R(f) of rank {r}", f"function_rank {sizes[0]} {sizes[-1]} {r}", function_rank(r, sizes[0], sizes[-1])))
    return compare(FILES, rows)


def _naturals(values: list[int]) -> str:
    return "[:: " + "; ".join(f"{value}%N" for value in values) + "]"


def one_factor(rng: np.random.Generator) -> list[Comparison]:
    """The derivative of A A^T, and R(A) over all ranks of small sizes."""
    rows = []
    for d, m in ((2, 2), (3, 2), (2, 4)):
        model = SymmetricFactorization(d, m)
        theta, along = _draw(rng, model.n_params), _draw(rng, model.n_params)
        arguments = " ".join(_matrix(model.unpack(vector)["A"].tolist()) for vector in (theta, along))
        term = f"rows {d} {d} (symmetric_derivative {m} {arguments}) : seq (seq Z)"
        rows.append((f"the derivative of A A^T, {d} x {m}", term, _derivative(model, theta, along)))
        term = _naturals([]) if d < 1 else "[:: " + "; ".join(f"symmetric_rank {d} {a}" for a in range(d + 1)) + "]"
        rows.append((f"R(A), d = {d}", term, [symmetric_factorization_rank(d, a) for a in range(d + 1)]))
    return compare(FILES, rows)
