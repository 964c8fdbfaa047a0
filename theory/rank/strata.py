"""The set of all parameters that represent a target, as strata of equal model rank.

A :class:`Stratum` knows its rank, its dimension, how to draw a point of it, and which strata lie in its closure; all strata of a target
make a graph, with the optimal ones (the least rank) at the bottom. Sources: arXiv:2211.11623v1 (rank stratification) for
matrices and two-layer tanh networks; the complete list for networks is ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.lifting.factoring import row_reduced
from theory.models import MatrixFactorization, TwoLayer
from theory.rank.closed_forms import factorization_rank, factorization_strata, matrix_rank, up_to_sign
from theory.rationals import fractions


@dataclass(frozen=True)
class Stratum:
    """One stratum: ``key`` its invariants, ``rank`` the model rank on it, ``dimension`` its dimension (None where not computed).

    ``sample(rng)`` draws theta (P,), exact rationals, with the target as its function.
    """

    key: tuple[int, ...]
    rank: int
    dimension: int | None
    sample: Callable[[np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Stratification:
    """All strata of a target; ``names`` says what the entries of a key count."""

    names: tuple[str, ...]
    strata: tuple[Stratum, ...]

    @property
    def rank(self) -> int:
        """R(f*): the least rank over all strata."""
        return min(stratum.rank for stratum in self.strata)

    def graph(self) -> dict[str, Any]:
        """Nodes (grouped by rank) and edges, each from a stratum to one that is larger by a smallest step of its invariants.

        The data of a figure of kind "graph": ``nodes`` with id, label and group, ``edges`` as pairs of ids.
        """
        label = lambda s: ", ".join(f"{name} {value}" for name, value in zip(self.names, s.key, strict=True))
        nodes = [{"id": str(s.key), "label": f"{label(s)}: R = {s.rank}", "group": s.rank} for s in self.strata]
        below = lambda s, t: s.key != t.key and all(a <= b for a, b in zip(s.key, t.key, strict=True))
        covers = lambda s, t: below(s, t) and not any(below(s, u) and below(u, t) for u in self.strata)
        edges = [(str(s.key), str(t.key)) for s in self.strata for t in self.strata if covers(s, t)]
        return {"nodes": nodes, "edges": edges}


# -------------------------------------------------------------------------------------------------------- matrices


def matrix_strata(model: MatrixFactorization, target: Any) -> Stratification:
    """The strata (rank A, rank B) of the pairs with A B = ``target``, a matrix (d1, d2) of rationals.

    Raises ValueError where the target has the wrong shape or a rank beyond the inner width.
    """
    target = np.asarray(target, dtype=object)
    if target.shape != (model.d1, model.d2):
        raise ValueError(f"target must have shape ({model.d1}, {model.d2}) for {model}, got {target.shape}")
    U, V = _full_rank_factors(target)
    r = U.shape[1]
    if r > model.width:
        raise ValueError(f"target must have rank at most {model.width} for {model}, got {r}")
    strata = tuple(
        Stratum((a, b), factorization_rank(model.d1, model.d2, a, b), _pairs_dimension(model, r, a, b), _pair_sampler(model, U, V, a, b))
        for a, b in factorization_strata(r, model.d1, model.d2, model.width)
    )
    return Stratification(("rank A", "rank B"), strata)


def _pairs_dimension(model: MatrixFactorization, r: int, a: int, b: int) -> int:
    """Dimension of {(A, B): A B = f*, rank A = a, rank B = b}.

    Choose A of rank a with col A containing col f*: the row space of A is an a-plane of R^m, A maps it onto an a-plane above col f*;
    then B is fixed up to a map from R^d2 into ker A, subject to rank B = b.
    """
    d1, d2, m = model.d1, model.d2, model.width
    above = (a - r) * (d1 - a)  # a-planes of R^d1 that contain an r-plane
    A = above + a * m  # a surjection from R^m onto that plane
    # B = lift of f* + map into ker A (m - a wide) whose rank on ker f* (d2 - r wide) is b - r
    excess, width, length = b - r, m - a, d2 - r
    return A + excess * (width + length - excess) + r * width


def _full_rank_factors(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """matrix = U V with U (d1, r) and V (r, d2) of full rank r."""
    exact = fractions("target", matrix)
    reduced, pivots = row_reduced(exact)
    return exact[:, pivots], reduced


def _pair_sampler(model: MatrixFactorization, U: np.ndarray, V: np.ndarray, a: int, b: int) -> Callable:
    def sample(rng: np.random.Generator) -> np.ndarray:
        r = U.shape[1]
        left = np.concatenate([U, _independent_of(U.T, a - r, model.d1, rng).T], axis=1)
        right = np.concatenate([V, _independent_of(V, b - r, model.d2, rng)], axis=0)
        A = np.full((model.d1, model.width), Fraction(0), dtype=object)
        B = np.full((model.width, model.d2), Fraction(0), dtype=object)
        A[:, :a], B[[*range(r), *range(a, a + b - r)]] = left, right
        mix, inverse = _unimodular(model.width, rng)
        return model.pack(left=A @ mix, right=inverse @ B)

    return sample


def _independent_of(rows: np.ndarray, count: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """``count`` integer rows that are independent together with ``rows``."""
    while True:
        drawn = np.array([[Fraction(int(v)) for v in line] for line in rng.integers(-5, 6, (count, size))], dtype=object)
        drawn = drawn.reshape(count, size)
        if not count or matrix_rank(np.concatenate([rows, drawn])) == len(rows) + count:
            return drawn


def _unimodular(size: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """An integer matrix and its integer inverse: a product of elementary steps."""
    mix, inverse = np.eye(size, dtype=int).astype(object), np.eye(size, dtype=int).astype(object)
    for i in range(size):
        for j in range(size):
            if i != j:
                c = int(rng.integers(-1, 2))
                mix[i] = mix[i] + c * mix[j]
                inverse[:, j] = inverse[:, j] - c * inverse[:, i]
    return mix, inverse


# ------------------------------------------------------------------------------------------- two-layer tanh networks


def tanh_strata(model: TwoLayer, weights: Any, outputs: Any) -> Stratification:
    """The strata of f* = sum_i outputs[i] tanh(weights[i] . x) in a wider two-layer tanh network without biases.

    A key is (idle classes u, linear z, cancelling classes c): u further directions with zero output weights, z = 1 where neurons
    without input weights have output weights, c further directions whose output weights cancel; R = k (d + 1) + u + d z + (d + 1) c,
    with u + z + 2 c at most m - k. Raises ValueError outside these hypotheses.
    """
    weights, outputs = _exact_neurons(model, weights, outputs)
    k, d = weights.shape
    spare = model.width - k
    keys = [(u, z, c) for c in range(spare // 2 + 1) for z in (0, 1) for u in range(spare + 1) if u + z + 2 * c <= spare]
    strata = tuple(
        Stratum(key, k * (d + 1) + key[0] + d * key[1] + (d + 1) * key[2], None, _neurons_sampler(model, weights, outputs, key))
        for key in keys
    )
    return Stratification(("idle", "linear", "cancelling"), strata)


def _exact_neurons(model: TwoLayer, weights: Any, outputs: Any) -> tuple[np.ndarray, np.ndarray]:
    if model.activation.name != "tanh" or model.bias or model.output_bias or model.outputs != 1:
        raise ValueError(f"model must be a two-layer tanh network without biases and with one output, got {model}")
    weights, outputs = fractions("weights", weights), fractions("outputs", outputs)
    if weights.ndim != 2 or weights.shape[1] != model.inputs or len(outputs) != len(weights):
        raise ValueError(f"weights must have shape (k, {model.inputs}) and outputs (k,), got {weights.shape} and {outputs.shape}")
    if len(weights) > model.width:
        raise ValueError(f"the target needs {len(weights)} neurons, {model} has {model.width}")
    directions = {up_to_sign(w) for w in weights}
    if None in directions or len(directions) < len(weights) or not all(outputs):
        raise ValueError("the target must have non-zero weights, pairwise distinct up to sign, and non-zero outputs")
    return weights, outputs


def _neurons_sampler(model: TwoLayer, weights: np.ndarray, outputs: np.ndarray, key: tuple[int, int, int]) -> Callable:
    def sample(rng: np.random.Generator) -> np.ndarray:
        idle, linear, cancelling = key
        fresh = _fresh_directions(weights, idle + cancelling, rng)
        zero = np.full(model.inputs, Fraction(0), dtype=object)
        neurons = list(zip(weights, outputs, strict=True))
        neurons += [(w, Fraction(0)) for w in fresh[:idle]]
        neurons += [(zero, Fraction(int(rng.integers(1, 5))))] * linear
        for w in fresh[idle:]:
            a, sign = Fraction(int(rng.integers(1, 5))), int(rng.choice([-1, 1]))
            neurons += [(w, a), (w * sign, -a * sign)]
        while len(neurons) < model.width:
            neurons = _padded(neurons, len(weights), zero, rng)
        order = rng.permutation(model.width)
        w, a = np.stack([neurons[i][0] for i in order]), np.array([neurons[i][1] for i in order], dtype=object)
        return model.pack(input_weights=w, output_weights=a[None])

    return sample


def _padded(neurons: list, k: int, zero: np.ndarray, rng: np.random.Generator) -> list:
    """One more neuron that costs nothing: a null one, or a copy (up to sign) that takes a share of a target neuron's output."""
    if rng.random() < 0.4:
        return [*neurons, (zero, Fraction(0))]
    i, sign = int(rng.integers(k)), int(rng.choice([-1, 1]))
    (w, a), share = neurons[i], Fraction(int(rng.integers(-2, 4)), 2)
    return [*neurons[:i], (w, a - share), *neurons[i + 1 :], (w * sign, share * sign)]


def _fresh_directions(weights: np.ndarray, count: int, rng: np.random.Generator) -> list[np.ndarray]:
    seen, fresh = {up_to_sign(w) for w in weights}, []
    while len(fresh) < count:
        w = np.array([Fraction(int(v), 2) for v in rng.integers(-40, 41, weights.shape[1])], dtype=object)
        if up_to_sign(w) not in seen and any(w):
            seen.add(up_to_sign(w))
            fresh.append(w)
    return fresh
