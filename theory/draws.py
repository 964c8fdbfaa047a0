"""Points and integer instances to test at, in which the edge sets come by design, each with a stated probability.

A statement "for all" breaks first where generic draws never come: a neuron that is zero or repeats another, a matrix short of rank, a
sample that is drawn twice, a fraction 0. What a hypothesis excludes is drawn again (or skipped), so that the rest of the edge stays in.
:func:`enough` says how many draws meet a set of known probability. Integers and dyadic numbers are read alike by every arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from theory.models import AbstractModel, Shape, TwoLayer

#: How a row relates to those before it; the first two need none before it, the last needs two.
KINDS = ("zero", "sparse", "equal", "opposite", "multiple", "moved", "sum")

#: Values at which statements on a fraction change.
SPECIAL = (Fraction(0), Fraction(1), Fraction(1, 2), Fraction(-1), Fraction(2))


def enough(probability: float, *, miss: float = 1e-3) -> int:
    """The number of independent draws after which a set of that ``probability`` was never met with probability at most ``miss``.

    Raises ValueError unless both lie strictly between 0 and 1.
    """
    if not (0 < probability < 1 and 0 < miss < 1):
        raise ValueError(f"probability and miss must lie strictly between 0 and 1, got {probability} and {miss}")
    return math.ceil(math.log(miss) / math.log1p(-probability))


def nonzero(rng: np.random.Generator, shape: int | tuple[int, ...], largest: int = 4) -> np.ndarray:
    """Integers of modulus 1 to ``largest``: the generic draw."""
    return rng.integers(1, largest + 1, shape) * rng.choice([-1, 1], shape)


def rows(rng: np.random.Generator, count: int, size: int, *, largest: int = 4) -> np.ndarray:
    """``count`` integer rows of ``size`` entries: neurons, kernels, samples.

    With probability 1/3 each they are *generic* (no entry 0, moduli up to ``largest``), *crowded* (entries -1, 0, 1, where all coincidences
    are frequent) or *related*: a row is then generic with probability 1/2, otherwise of one of the :data:`KINDS` possible at its place,
    equally likely: zero; sparse (some entries 0); equal or opposite to an earlier row, two or three times one, or one moved by one place;
    the sum of two. The order is shuffled.
    """
    match rng.integers(3):
        case 0:
            return nonzero(rng, (count, size), largest)
        case 1:
            return rng.integers(-1, 2, (count, size))
    drawn: list[np.ndarray] = []
    for _ in range(count):
        drawn.append(nonzero(rng, size, largest) if rng.random() < 0.5 else _related(rng, drawn, size, largest))
    return rng.permutation(np.array(drawn, dtype=int).reshape(count, size))


def _related(rng: np.random.Generator, earlier: Sequence[np.ndarray], size: int, largest: int) -> np.ndarray:
    kind = str(rng.choice(KINDS[: (2, 6, 7)[min(len(earlier), 2)]]))
    if kind == "zero":
        return np.zeros(size, dtype=int)
    if kind == "sparse":
        return nonzero(rng, size, largest) * rng.integers(0, 2, size)
    first, second = (earlier[int(k)] for k in rng.integers(len(earlier), size=2))
    match kind:
        case "multiple":
            return first * int(rng.choice([-3, -2, 2, 3]))
        case "moved":
            return np.append(first[1:], 0) if rng.random() < 0.5 else np.append(0, first[:-1])
        case "sum":
            return first + second
    return first if kind == "equal" else -first


def matrix(rng: np.random.Generator, height: int, width: int, *, largest: int = 4) -> np.ndarray:
    """An integer matrix (height, width): with probability 1/3 each :func:`rows`, columns drawn so, or one whose rank is drawn uniformly."""
    match rng.integers(3):
        case 0:
            return rows(rng, height, width, largest=largest)
        case 1:
            return rows(rng, width, height, largest=largest).T
    return of_rank(rng, height, width, int(rng.integers(min(height, width) + 1)))


def of_rank(rng: np.random.Generator, height: int, width: int, rank: int) -> np.ndarray:
    """An integer matrix of exactly that rank: a product of factors that hold a triangle with units on its diagonal, lines shuffled."""
    if not 0 <= rank <= min(height, width):
        raise ValueError(f"rank must be from 0 to {min(height, width)}, got {rank}")
    left, right = (np.tril(rng.integers(-2, 3, (length, rank)), -1) + np.eye(length, rank, dtype=int) for length in (height, width))
    return rng.permutation(left @ (rng.choice([-1, 1], rank)[:, None] * right.T))[:, rng.permutation(width)]


def chain(rng: np.random.Generator, sizes: Sequence[int]) -> list[np.ndarray]:
    """Integer matrices A_i (sizes[i], sizes[i + 1]) whose products lose rank in every possible way.

    Up to changes of basis in the spaces between, a chain of matrices is a chain of partial permutations (Gabriel's theorem for quivers of
    type A), and so the ranks of all partial products are those of one. Here the number of ones in each is uniform, their places are, and
    the bases are unimodular: A_i = P_i D_i P_(i+1)^-1.
    """
    from theory.lifting.factoring import unimodular

    bases = [unimodular(size, rng) for size in sizes]
    matrices = []
    for (left, _), (_, right), height, width in zip(bases, bases[1:], sizes, sizes[1:], strict=False):
        ones = int(rng.integers(min(height, width) + 1))
        places = np.zeros((height, width), dtype=int)
        places[rng.permutation(height)[:ones], rng.permutation(width)[:ones]] = 1
        matrices.append(left @ places @ right)
    return matrices


def parameters(rng: np.random.Generator, model: AbstractModel, *, largest: int = 4) -> np.ndarray:
    """Integer parameters (P,) of a network or factorization: each weight matrix is a :func:`matrix`, a bias the last entry of its row.

    So a neuron is null, a copy, the reflection or a multiple of another (rows of its layer), or silent (a zero column of the next).
    Factors of a product are a :func:`chain` with probability 1/2.
    """
    parts: dict[str, np.ndarray] = {}
    shapes = list(model.shapes.items())
    if _are_factors([shape for _, shape in shapes]) and rng.random() < 0.5:
        drawn = chain(rng, [shapes[0][1][0], *(shape[1] for _, shape in shapes)])
        return model.pack(**dict(zip(model.shapes, drawn, strict=True)))
    for (name, shape), (after, bias) in zip(shapes, [*shapes[1:], ("", ())], strict=True):
        if name in parts:
            continue
        height, width = shape[0], int(np.prod(shape[1:], dtype=int))
        own = len(shape) > 1 and bias == (height,)
        drawn = matrix(rng, height, width + own, largest=largest)
        if own:
            parts[after] = drawn[:, -1]
        parts[name] = drawn[:, :width].reshape(shape)
    return model.pack(**parts)


def _are_factors(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether matrices of these shapes multiply in their order."""
    return len(shapes) > 1 and all(len(a) == len(b) == 2 and a[1] == b[0] for a, b in zip(shapes, shapes[1:], strict=False))


def fraction(rng: np.random.Generator, special: Sequence[Fraction] = SPECIAL) -> Fraction:
    """One of the ``special`` values with probability 1/2, otherwise p/q with |p| <= 18 and 1 <= q <= 6."""
    if rng.random() < 0.5:
        return special[int(rng.integers(len(special)))]
    return Fraction(int(rng.integers(-18, 19)), int(rng.integers(1, 7)))


def signs(rng: np.random.Generator, shape: int | Shape) -> np.ndarray:
    """Non-zero integers from -4 to 4."""
    return rng.choice([-4, -3, -2, -1, 1, 2, 3, 4], shape)


def distinct_rows(rng: np.random.Generator, rows: int, columns: int, *, least: int = 1, largest: int = 4) -> np.ndarray:
    """Integer rows (rows, columns), none zero and no two equal up to sign: the first entries are least, least + 1, ..."""
    weights = rng.integers(-largest, largest + 1, (rows, columns))
    weights[:, 0] = least + np.arange(rows)
    return weights


def dyadic(values: Any, bits: int) -> np.ndarray:
    """``values`` rounded to multiples of 2^-bits: exact rationals of moderate height."""
    return np.round(values * 2**bits) / 2**bits


def dyadic_normal(rng: np.random.Generator, shape: int | Shape, *, bits: int = 20) -> np.ndarray:
    """Normal numbers rounded to multiples of 2^-bits."""
    return dyadic(rng.normal(size=shape), bits)


def pack_known(model: AbstractModel, **parts: Any) -> Any:
    """theta (..., P) from those of ``parts`` that ``model`` has: biases count only where there are any."""
    return model.pack(**{name: parts[name] for name in model.shapes})


def structured_neurons(model: TwoLayer, rng: np.random.Generator, *, fresh: float = 0.25) -> np.ndarray:
    """Integer theta (P,) with repeated and reflected neurons (w, b), vanishing w, vanishing and cancelling output weights.

    Neurons are copies of two, up to sign, but for a share ``fresh`` that is drawn on its own.
    """
    d, m = model.inputs, model.width
    few = rng.integers(-3, 4, (2, d + model.bias))
    neurons = few[rng.integers(0, 2, m)] * rng.choice([-1, 1], (m, 1))
    neurons = np.where(rng.random((m, 1)) < fresh, rng.integers(-3, 4, neurons.shape), neurons)
    neurons[:, :d] *= (rng.random((m, 1)) > 0.18).astype(int)
    outputs = rng.choice([-2, -1, 1, 2], m) * (rng.random(m) > 0.35)
    output_bias = rng.integers(-1, 2, 1) if model.output_bias else None
    return pack_known(
        model, input_weights=neurons[:, :d], input_biases=neurons[:, -1], output_weights=outputs[None], output_bias=output_bias
    )


#: Directions at least eighteen degrees apart, up to sign: every piece of the plane between two kinks is wide.
_DIRECTIONS = ((3, 0), (3, 1), (2, 2), (1, 3), (0, 3), (-1, 3), (-2, 2), (-3, 1))


def separated_directions(rng: np.random.Generator, count: int) -> np.ndarray:
    """Up to eight integer vectors of the plane (count, 2), at least eighteen degrees apart up to sign."""
    return rng.permutation(_DIRECTIONS)[:count]


def distinct_moduli(model: AbstractModel, rng: np.random.Generator) -> np.ndarray:
    """Dyadic theta (P,), no two entries of the same modulus: no two neurons agree up to sign."""
    moduli = rng.permutation(np.arange(17, 97 + model.n_params))[: model.n_params]
    return rng.choice([-1, 1], model.n_params) * moduli / 64


def singular_point(model: AbstractModel, rng: np.random.Generator) -> np.ndarray:
    """Integer theta (P,) at which the rank drops: repeated neurons, vanishing weights, factors of low rank."""
    if isinstance(model, TwoLayer):
        return structured_neurons(model, rng)
    return rng.integers(-1, 2, model.n_params) * (rng.random(model.n_params) < 0.5)


def independent_columns(rng: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """An integer matrix of full column rank: unit lower triangular columns."""
    matrix = np.tril(rng.integers(-2, 3, (rows, columns)), -1)
    matrix[np.arange(columns), np.arange(columns)] = 1
    return matrix
