r"""Parallel neurons: merged into one exactly where the activation allows it, and the error of merging neurons that are nearly parallel.

Condensed networks have such neurons (arXiv:2405.01041 reduces networks by merging them). A positively homogeneous activation (ReLU) makes
neurons l_j u with l_j > 0 one neuron u of outgoing weight sum_j l_j a_j; for others the incoming weights must be equal, up to the sign
where sigma is odd or even.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.activations import Activation
from theory.embedding.merging import checked, two_neurons, unchecked_merge
from theory.embedding.wiring import wiring
from theory.models import AbstractNetwork


def merge_parallel(model: AbstractNetwork, theta: Any, layer: int, neurons: tuple[int, int]) -> tuple[AbstractNetwork, Any]:
    """The narrower model and its theta (P',) after the second of ``neurons`` is merged into the first; the output function is kept.

    ``theta`` (P,) holds exact numbers or floats whose weights are exactly parallel. Raises ValueError, naming what would be needed, when
    the activation does not allow it: a positive factor for a homogeneous one, +1 for any, -1 for odd and even ones.
    """
    first, second = two_neurons(model, layer, neurons)
    places, theta = wiring(model, layer), np.array(checked(model, theta))
    if theta.ndim != 1:
        raise ValueError(f"theta must be one point of {model.n_params} entries, got shape {theta.shape}")
    ratio = _ratio(theta[places.incoming[first]], theta[places.incoming[second]])
    weight = None if ratio is None else outgoing_factor(model.activation, ratio)
    if weight is None:
        raise ValueError(
            f"neurons {first} and {second} of layer {layer} cannot be merged under {model.activation!r}: their incoming weights have the "
            f"ratio {ratio}, needed is {needed_ratio(model.activation)}"
        )
    theta[places.outgoing[second]] = theta[places.outgoing[second]] * weight
    return unchecked_merge(model, theta, layer, (first, second))


def outgoing_factor(sigma: Activation, ratio: Any) -> Any:
    """c with sigma(ratio z) = c sigma(z) for all z, by the declared symmetries of ``sigma``; None where they give none."""
    if ratio == 1 or sigma.degree == 1 and (ratio > 0 or sigma.name == "identity"):
        return ratio
    reflection = sigma.reflection
    if ratio == -1 and reflection is not None and reflection.pure:
        return reflection.parity
    return None


def needed_ratio(sigma: Activation) -> str:
    """What :func:`outgoing_factor` accepts, in words."""
    if sigma.degree == 1:
        return "any number" if sigma.name == "identity" else "a positive number"
    reflection = sigma.reflection
    return "1 or -1" if reflection is not None and reflection.pure else "1"


def merging_error(outgoing: np.ndarray, incoming: np.ndarray, unit: np.ndarray, x: np.ndarray) -> np.ndarray:
    """sum_j |a_j| |w_j| |x| sqrt(2 - 2 cos(w_j, u)) (n,): how far sum_j a_j sigma(|w_j| u . x) can be from sum_j a_j sigma(w_j . x).

    ``outgoing`` (m,), ``incoming`` (m, d), ``unit`` (d,) of length 1, ``x`` (n, d). For activations with |sigma(y) - sigma(z)| <=
    |y - z|: the argument moves by at most |x| |w_j - |w_j| u|. The neurons |w_j| u are one neuron where sigma is homogeneous (ReLU), and m
    parallel ones otherwise: for tanh, sum_j a_j |w_j| tanh(u . x) may be further away. A neuron with w_j = 0 is kept and adds nothing.
    Raises ValueError for other shapes, numbers that are not finite, or a length of ``unit`` that differs from 1 by more than rounding.
    """
    outgoing, incoming, unit, x = (np.asarray(value, dtype=float) for value in (outgoing, incoming, unit, x))
    for name, value, shape in (
        ("incoming", incoming, (len(outgoing) if outgoing.ndim else 0, unit.size)),
        ("outgoing", outgoing, (len(incoming) if incoming.ndim else 0,)),
        ("unit", unit, (unit.size,)),
        ("x", x, (len(x) if x.ndim else 0, unit.size)),
    ):
        if value.shape != shape:
            raise ValueError(f"{name} must have shape {shape}, as outgoing (m,), incoming (m, d), unit (d,), x (n, d), got {value.shape}")
        wrong = np.argwhere(~np.isfinite(value))
        if len(wrong):
            place = tuple(wrong[0].tolist())
            raise ValueError(f"{name} must be finite, got {value[place]} at {place}")
    size = np.linalg.norm(unit)
    if abs(size - 1) > 4 * (unit.size + 1) * np.finfo(float).eps:
        raise ValueError(f"unit must have length 1, got {size:.17g}")
    lengths = np.linalg.norm(incoming, axis=1)
    # sqrt(2 - 2 cos) is the distance of the unit vectors, which does not cancel
    apart = np.linalg.norm(incoming / np.where(lengths, lengths, 1)[:, None] - unit, axis=1)
    return np.linalg.norm(x, axis=1) * (np.abs(outgoing) * lengths * apart).sum()


def _ratio(first: np.ndarray, second: np.ndarray) -> Any:
    """r with second = r first, or None."""
    pivot = next((k for k, entry in enumerate(first) if entry != 0), None)
    if pivot is None:
        return 1 if not any(entry != 0 for entry in second) else None
    # cross products keep floats that are exactly parallel so
    if any(first[pivot] * b != second[pivot] * a for a, b in zip(first, second, strict=True)):
        return None
    return second[pivot] / first[pivot]
