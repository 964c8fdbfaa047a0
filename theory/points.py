"""Points of parameter space to test at: integers and dyadic numbers, which every arithmetic reads as the same."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.models import AbstractModel, Shape, TwoLayer


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
