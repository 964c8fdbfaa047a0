"""The small models: toy/*.v. Outputs and tangent functions at integer points, and ranks over patterns of zeros."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from proofs_check.adequacy.comparison import Comparison, compare, integer, listed, rationals
from theory.models.toy import DeepDiagonal, ProductModel, RedundantModel, SquareDifference

FILES = ("common/integers.v", "common/matrices.v", "toy/models.v", "toy/evaluation.v")


def _draw(rng: np.random.Generator, size: int) -> np.ndarray:
    return rationals(rng.integers(-3, 4, size))


def _outputs_and_tangents(model: Any, theta: np.ndarray, x: np.ndarray) -> tuple[Any, np.ndarray]:
    from numerics.derivatives.tape import tangents

    output, tangent = tangents(model, theta, x[None])
    return output[0, 0], tangent[0, 0]


def _vector(values: Any) -> str:
    return f"(fun j => nth 0%zz {listed(values)} j : ZZ)"


def _truths(values: Any) -> str:
    return "[:: " + "; ".join("true" if value else "false" for value in values) + "]"


def product_of_two(rng: np.random.Generator) -> list[Comparison]:
    """f = theta_0 + theta_1 x_1 + theta_2 theta_3 x_2."""
    rows, model = [], ProductModel()
    for _ in range(3):
        theta, x = _draw(rng, 4), _draw(rng, 2)
        output, tangent = _outputs_and_tangents(model, theta, x)
        term = f"product_model (bits (0%zz : ZZ) {listed(theta)}) ({integer(x[0])} : ZZ, {integer(x[1])} : ZZ) : Z"
        rows.append((f"f at {theta.tolist()}", term, output))
        term = f"xproduct_tangent {listed(theta)} ({integer(x[0])} : ZZ) {integer(x[1])} : seq Z"
        rows.append((f"tangent functions at {theta.tolist()}", term, tangent))
    for second, third in product((False, True), repeat=2):
        rank = 2 if second and third else 3
        rows.append((f"R, zeros {second}, {third}", f"xproduct_rank {str(second).lower()} {str(third).lower()}", rank))
    return compare(FILES, rows)


def redundant(rng: np.random.Generator) -> list[Comparison]:
    """f = (theta_1 + theta_2^p) x."""
    rows = []
    for power in (1, 3):
        theta, x = _draw(rng, 2), _draw(rng, 1)
        output, tangent = _outputs_and_tangents(RedundantModel(power), theta, x)
        first, second, point = (f"({integer(value)} : ZZ)" for value in (*theta, *x))
        rows.append((f"f, p = {power}", f"redundant_model {power - 1} {first} {second} {point} : Z", output))
        rows.append((f"tangent functions, p = {power}", f"xredundant_tangent {power - 1} {second} {point} : seq Z", tangent))
    return compare(FILES, rows)


def deep_diagonal(rng: np.random.Generator) -> list[Comparison]:
    """f = sum_j (prod_l a_lj) x_j."""
    rows = []
    for inputs, depth in ((2, 2), (3, 2), (2, 3)):
        model = DeepDiagonal(inputs, depth)
        theta, x = _draw(rng, model.n_params), _draw(rng, inputs)
        output, tangent = _outputs_and_tangents(model, theta, x)
        table = theta.reshape(depth, inputs)
        a = f"(fun l j => nth 0%zz (nth [::] {listed(table)} l) j : ZZ)"
        rows.append((f"f, d = {inputs}, L = {depth}", f"xdeep_diag {inputs} {depth} {a} {_vector(x)} : Z", output))
        entries = [f"xdeep_diag_tangent {depth} {a} {l} {j} {_vector(x)} : Z" for l in range(depth) for j in range(inputs)]
        rows.append((f"tangent functions, d = {inputs}, L = {depth}", "[:: " + "; ".join(f"({entry})" for entry in entries) + "]", tangent))
        for pattern in (rng.integers(0, 2, (depth, inputs)) for _ in range(4)):
            zeros = "[:: " + "; ".join(_truths(row == 0) for row in pattern) + "]"
            rank = int(((pattern == 0).sum(axis=0) <= 1).sum())
            term = f"xdeep_diag_rank {inputs} {depth} (fun l j => nth false (nth [::] {zeros} l) j)"
            rows.append((f"R at zeros {pattern.tolist()}", term, rank))
    return compare(FILES, rows)


def squares(rng: np.random.Generator) -> list[Comparison]:
    """f = sum_j (a_j^2 - b_j^2) x_j."""
    rows = []
    for inputs in (1, 2, 3):
        theta, x = _draw(rng, 2 * inputs), _draw(rng, inputs)
        output, tangent = _outputs_and_tangents(SquareDifference(inputs), theta, x)
        a, b, point = _vector(theta[:inputs]), _vector(theta[inputs:]), _vector(x)
        rows.append((f"f, d = {inputs}", f"xsquares {inputs} {a} {b} {point} : Z", output))
        entries = [f"(xsquares_tangent {a} {b} {first} {j} {point} : Z)" for first in ("true", "false") for j in range(inputs)]
        rows.append((f"tangent functions, d = {inputs}", "[:: " + "; ".join(entries) + "]", tangent))
        zero = rng.integers(0, 2, (2, inputs)) == 0
        first, second = (f"(fun j => nth false {_truths(row)} j)" for row in zero)
        rows.append((f"R at zeros {zero.tolist()}", f"xsquares_rank {inputs} {first} {second}", int((~zero).any(axis=0).sum())))
    return compare(FILES, rows)
