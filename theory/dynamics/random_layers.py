r"""Random linear layers in closed form: what initial scales do to signals, and how several tokens share one random buffer.

*Initialization rate* gamma (2405.05409, 2502.04375): entries of a layer with d inputs have standard deviation d^(-gamma), so a signal's
mean square is multiplied by d^(1 - 2 gamma); 1/2 is neutral. Through several layers the factors multiply where these are independent.

*Buffer* (2405.15302): tokens x_1 .. x_L (d,) are written as h = sum_l x_l W_l with independent W_l of entries N(0, 1/d), and x_k is read
as h W_k^T. The mean is x_k; the noise has E|noise|^2 = sum_l |x_l|^2 + |x_k|^2/d, spread over all d directions: along one vector v its
variance is (|v|^2 sum_l |x_l|^2 + <x_k, v>^2)/d.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from theory.dynamics.arguments import PLAIN, above, at_least, integer, is_place


def check_width(name: str, value: int) -> int:
    """``value`` as an int. Raises ValueError unless it is an integer of at least 1."""
    return integer(name, value, 1)


def standard_deviation(inputs: int, gamma: Any) -> Any:
    """d^(-gamma), the standard deviation of the entries at the initialization rate ``gamma``."""
    return check_width("inputs", inputs) ** -gamma


def gain(inputs: int, gamma: Any) -> Any:
    """d^(1 - 2 gamma), the factor of the mean square of a signal: E (W x)_i^2 = gain times the mean of x_j^2."""
    return check_width("inputs", inputs) ** (1 - 2 * gamma)


def gain_of_layers(widths: Any, gamma: Any) -> Any:
    """The product of the gains of independent linear layers with ``widths`` inputs each: the factor of the mean square through all."""
    factor: Any = 1
    for inputs in widths:
        factor = factor * gain(inputs, gamma)
    return factor


def buffer_noise(squares: Any, own: int, d: Any) -> Any:
    """E|h W_k^T - x_k|^2 from the |x_l|^2 (L,), ``own`` = k from 0 and the width d. Raises ValueError for a k outside."""
    _check_buffer(squares, own, d)
    return sum(squares) + squares[own] / d


def readout_variance(squares: Any, own: int, d: Any, square: Any, inner: Any) -> Any:
    """Var <h W_k^T, v> from the |x_l|^2, k, d, |v|^2 = ``square`` and <x_k, v> = ``inner``.

    Raises ValueError for a k outside, and for an ``inner`` that Cauchy and Schwarz exclude.
    """
    _check_buffer(squares, own, d)
    if all(isinstance(number, PLAIN) for number in (squares[own], square, inner)) and inner * inner > squares[own] * square * (1 + 1e-9):
        raise ValueError(f"inner must be at most |x_k||v| in size, the root of {squares[own] * square:g}, got {inner}")
    return (sum(squares) * square + inner * inner) / d


def _check_buffer(squares: Any, own: int, d: Any) -> None:
    if not is_place(own, len(squares)):
        raise ValueError(f"own must be one of the {len(squares)} buffers, 0 .. {len(squares) - 1}, got {own}")
    at_least("d", d, 1)
    for square in squares:
        at_least("squares", square, 0)


def chi_square_above(d: Any, t: Any, root: Any = math.sqrt) -> Any:
    """d + 2 sqrt(d t) + 2 t: chi-square with d degrees of freedom exceeds it with probability at most e^(-t) (Laurent, Massart 2000).

    Raises ValueError for d <= 0 and t < 0.
    """
    _check_deviation(d, t)
    return d + 2 * root(d * t) + 2 * t


def chi_square_below(d: Any, t: Any, root: Any = math.sqrt) -> Any:
    """d - 2 sqrt(d t): chi-square lies below with probability at most e^(-t) (Laurent, Massart 2000, Lemma 1).

    Raises ValueError for d <= 0 and t < 0.
    """
    _check_deviation(d, t)
    return d - 2 * root(d * t)


def _check_deviation(d: Any, t: Any) -> None:
    above("d", d, 0)
    at_least("t", t, 0)


def readout_bound(squares: Any, own: int, d: int, inner: Any, t: float) -> Any:
    """A bound of |<h W_k^T, v> - <x_k, v>| for a unit vector v, <x_k, v> = ``inner``, that fails with probability at most 4 e^(-t).

    Given g = W_k^T v, the part of h W_k^T v off <x_k, v> |g|^2 is normal of variance (sum_(l != k) |x_l|^2 + |x_k|^2 - inner^2) |g|^2/d,
    and d |g|^2 is chi-square with d degrees of freedom. Raises ValueError unless t > 0, for a k outside, and
    for an ``inner`` longer than x_k.
    """
    _check_buffer(squares, own, d)
    if not 0 < t < math.inf:
        raise ValueError(f"t must be a positive number, got {t}")
    inner = np.asarray(inner, dtype=float)
    if np.isnan(inner).any():
        raise ValueError("inner must hold numbers, got nan")
    if (inner**2 > float(squares[own]) * (1 + 1e-9)).any():
        raise ValueError(f"inner must be at most |x_k| = {math.sqrt(squares[own]):g} in size, as v is a unit vector, got {inner.flat[0]:g}")
    above = chi_square_above(d, t) / d
    spread = np.maximum(sum(squares) - inner**2, 0.0) * above / d  # rounding at v = x_k/|x_k|
    return np.abs(inner) * (above - 1) + np.sqrt(2 * t * spread)
