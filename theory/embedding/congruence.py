"""The square matrices C of determinant +-1 that bring the Hessian at an embedded point to block form.

With A the matrix of the embedding, C = [A | N | E] is a basis of the wide parameter space, and at EVERY theta (critical or not)
C^T H_wide C = H_narrow (+) block; the block is small, so the inertia of an embedded critical point can be read off.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from theory.embedding.affine import SparseMatrix, number
from theory.embedding.onestep import copies, sigma_at, unchecked_null
from theory.embedding.wiring import wiring
from theory.models import AbstractNetwork


def split_congruence(model: AbstractNetwork, layer: int, neuron: int, alpha: Any) -> SparseMatrix:
    """C of T^alpha_{l,s}: behind A, the columns N_t (+1 on the old, -1 on the new outgoing weight t) and E_a.

    E_a is alpha on the incoming parameter a of the old copy and alpha - 1 on that of the new one. The block is
    [[0, B_s], [B_s^T, alpha (1 - alpha) S_s]].
    """
    alpha = number("alpha", alpha)
    return copies_congruence(model, layer, neuron, (1 - alpha, alpha))


def copies_congruence(model: AbstractNetwork, layer: int, neuron: int, coefficients: Sequence[Any]) -> SparseMatrix:
    """C of n copies with coefficients beta: behind A, the columns N_(c,t), then E_(c,a), for the new copies c = 1 .. n - 1.

    N_(c,t) moves outgoing weight t from copy c to the old neuron. E_(c,a) is beta_c on the incoming parameter a of every copy, minus 1 on
    that of copy c. The block is [[0, I (x) B_s], [., G (x) S_s]] with G = diag(beta') - beta' beta'^T over the new copies.
    """
    coefficients = [number("coefficients", value) for value in coefficients]
    embedding = copies(model, layer, neuron, coefficients)
    new, old = wiring(embedding.wide, layer), wiring(model, layer)
    rows = [neuron, *range(old.width, new.width)]
    entries, column = dict(embedding.matrix.entries), model.n_params
    for row in rows[1:]:
        for kept_weight, weight in zip(new.outgoing[neuron], new.outgoing[row], strict=True):
            entries |= {(int(kept_weight), column): Fraction(1), (int(weight), column): Fraction(-1)}
            column += 1
    for copy in range(1, len(rows)):
        for place in range(new.incoming.shape[1]):
            for other, row in enumerate(rows):
                entries[int(new.incoming[row, place]), column] = coefficients[copy] - (other == copy)
            column += 1
    return SparseMatrix((column, column), entries)


def null_congruence(model: AbstractNetwork, layer: int, bias: Any) -> SparseMatrix:
    """C of the null embedding: behind A, the new outgoing weights compensated in the next bias, and the new incoming parameters.

    The block is [[0, sigma'(bias) C_l], [., 0]] with C_l = E[e^[l+1] h^[l-1]T]. Raises ValueError where the next layer has no biases.
    """
    embedding = unchecked_null(model, layer, bias)
    old, new = wiring(model, layer), wiring(embedding.wide, layer)
    if old.next_bias is None:
        raise ValueError(f"model must have biases behind layer {layer}, which compensate the new outgoing weights, got {model}")
    constant = sigma_at(model.activation, bias)
    entries, column = dict(embedding.matrix.entries), model.n_params
    for weight, shift in zip(new.outgoing[-1], old.next_bias, strict=True):
        entries[int(weight), column] = Fraction(1)
        entries[next(i for (i, j) in embedding.matrix.entries if j == shift), column] = -constant
        column += 1
    for weight in new.incoming[-1]:
        entries[int(weight), column] = Fraction(1)
        column += 1
    return SparseMatrix((column, column), entries)
