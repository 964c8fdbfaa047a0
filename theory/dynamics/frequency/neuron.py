r"""The Fourier transform of a tanh neuron, and what it makes of the gradient of a loss at one frequency (arXiv:1901.06523, Theorem 1).

With T(k) the transform of tanh(wx + b), D = sum_j a_j T_j - h the error at k and L(k) = |D|^2/2, the slopes of L by a, w and b are
Re(conj(D) dT). All of them carry e^(-pi k/(2|w|)), so small weights see the lower one of two frequencies alone.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from theory.elementary import elementary

Pair = tuple[Any, Any]


def slope_transform(w: Any, b: Any, k: Any) -> Pair:
    """The transform of sech^2(wx + b) at k: (pi k/w^2) e^(ikb/w)/sinh(pi k/(2|w|)), and 2/|w| at k = 0, as a pair.

    :raises ValueError: for w = 0.
    """
    w, b, k = map(_floating, (w, b, k))
    _not_zero("w", w)
    if _is_zero(k):
        return 2 / abs(w), 0 * w
    if isinstance(k, np.ndarray) and (still := k == 0).any():
        real, imag = slope_transform(w, b, np.where(still, 1, k))
        return np.where(still, 2 / abs(w), real), np.where(still, 0, imag)
    half = _pi(w) * abs(k) / (2 * abs(w))
    # 2 half/(|w| sinh half), where sinh would overflow at small weights, and w^2 underflow
    size, angle = 2 * (half * _of("exp", -half)) * _over_one_less(half) / abs(w), k * b / w
    return size * _of("cos", angle), size * _of("sin", angle)


def neuron_transform(w: Any, b: Any, k: Any, shift: Any = 0) -> Pair:
    """The transform of tanh(wx + b) at k != 0 times e^(pi shift/(2|w|)): -i (pi/w) e^(ikb/w)/sinh(pi |k|/(2|w|)) for k > 0.

    As a function it has none; off k = 0 the distribution is -i w/k times that of the slope. ``shift`` keeps floats in their range.

    :raises ValueError: for w = 0 or k = 0.
    """
    w, b, k = map(_floating, (w, b, k))
    _not_zero("w", w)
    _not_zero("k", k)
    half = _pi(w) * abs(k) / (2 * abs(w))
    size = _pi(w) / w * _of("exp", _pi(w) * (shift - abs(k)) / (2 * abs(w))) * _over_one_less(half) * _sign(k)
    angle = k * b / w
    return size * _of("sin", angle), -size * _of("cos", angle)


def loss_slopes(a: Any, w: Any, b: Any, k: Any, error: Pair, shift: Any = 0) -> tuple[Any, Any, Any]:
    """(dL/da, dL/dw, dL/db) of L(k) = |error|^2/2 for a neuron a tanh(wx + b), times e^(pi shift/(2|w|)); ``error`` is the pair D(k).

    The derivatives of T are T, T (-1/w + (pi k/(2 w^2)) coth(pi k/(2w)) - ikb/w^2) and T ik/w.
    """
    transform = neuron_transform(w, b, k, shift)
    with_error = _product((error[0], -error[1]), transform)  # conj(D) T
    half = _pi(w) * k / (2 * w)
    by_weight = (-1 / w + half / (w * _of("tanh", half)), -k * b / (w * w))
    return with_error[0], a * _product(with_error, by_weight)[0], -a * k / w * with_error[1]


def dominance_rate(low: Any, high: Any) -> Any:
    """c of e^(-c/delta): pi (high - low)/2, as T(high)/T(low) is at most e^(-c/|w|), and comes to it as w tends to 0.

    :raises ValueError: unless 0 < low < high.
    """
    if not 0 < low < high:
        raise ValueError(f"expected frequencies 0 < low < high, got {low} and {high}")
    return _pi(low) * (high - low) / 2


def peak_argument(order: float) -> float:
    """x > 0 with x coth x = ``order``, 0 for order <= 1: k^(2 order)/sinh^2(pi k/(2w)) has its largest value at k = 2wx/pi.

    For large orders x is about the order itself; at order 1 there is no rise at all.

    :raises ValueError: for a negative order.
    """
    if not 0 <= order < math.inf:
        raise ValueError(f"order must be a finite number of at least 0, got {order}")
    if order <= 1:
        return 0.0
    low, high = 0.0, float(order)  # coth x > 1, so x < order
    for _ in range(200):
        middle = low + (high - low) / 2
        low, high = (middle, high) if _excess(middle) < order - 1 else (low, middle)
    return low + (high - low) / 2


def _excess(x: float) -> float:
    """x coth x - 1, near 0 by its series (the next term is 2e-6 x^12), as the difference of two numbers near 1 has few digits."""
    if x < 0.1:
        t = x * x
        return t * (1 / 3 + t * (-1 / 45 + t * (2 / 945 + t * (-1 / 4725 + t * 2 / 93555))))
    return x / math.tanh(x) - 1


def _over_one_less(half: Any) -> Any:
    """2/(1 - e^(-2 half)) = 1 + coth half, which has all digits where half is small."""
    return 1 + 1 / _of("tanh", half)


def _product(first: Pair, second: Pair) -> Pair:
    return first[0] * second[0] - first[1] * second[1], first[0] * second[1] + first[1] * second[0]


def _of(name: str, z: Any) -> Any:
    """An elementary function of an array or of a single number of any kind."""
    return elementary(name, z if hasattr(z, "dtype") or hasattr(z, "elementary") else np.asarray(z))


def _pi(like: Any) -> Any:
    return 4 * _of("atan", like * 0 + 1) if not isinstance(like, int | float | Fraction) else math.pi


def _sign(k: Any) -> Any:
    return np.sign(k) if isinstance(k, np.ndarray) and k.dtype.kind == "f" else (1 if bool(k > 0) else -1)


def _floating(z: Any) -> Any:
    return z.astype(float) if isinstance(z, np.ndarray) and z.dtype.kind in "iu" else z


def _is_zero(k: Any) -> bool:
    return not isinstance(k, np.ndarray) and bool(k == 0)


def _not_zero(name: str, value: Any) -> None:
    if bool(np.any(np.asarray(value == 0, dtype=bool))):
        raise ValueError(f"{name} must not be 0, got {value}")
