r"""Multiplicity one: the leading flow is linear and solved in closed form, per neuron and in distribution.

With s_1 = sigma'(0), z = (s_1/n) sum_i y_i x_i, tau = |z| t and s = w . z/|z|: a' = w . z and w' = a z, so that a +- s =
(a_0 +- s_0) e^(+-tau) and the part of w orthogonal to z stays. Sources: arXiv:2105.11686, section 5.1 (orientation); the closed forms, the
distribution over Gaussian starts and the bound for tanh networks are ours. A network with patches has Z in place of z.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def linear_flow(a: Any, w: Any, z: Any, t: Any, *, exp: Any = np.exp, sqrt: Any = np.sqrt) -> tuple[Any, Any]:
    """(a, w) at time ``t`` of a' = w . z, w' = a z from ``a`` (...), ``w`` (..., D); ``z`` (D,) not 0.

    ``exp`` and ``sqrt`` are those of the arithmetic in use. Raises ValueError for z = 0, where nothing moves and nothing condenses.
    """
    z = np.asarray(z)
    size = sqrt((z * z).sum())
    if size == 0:
        raise ValueError("z must not be 0: the labels have no linear part and the leading field of multiplicity one vanishes")
    direction = z / size
    grown = exp(size * t)
    s = w @ direction
    cosh, sinh = (grown + 1 / grown) / 2, (grown - 1 / grown) / 2
    change = (cosh - 1) * s + sinh * a
    return cosh * a + sinh * s, w + change[..., None] * direction


def aligned_side(a: Any, w: Any, z: Any) -> Any:
    """+1 or -1: whether a neuron comes to z/|z| or to its opposite, the sign of a_0 + w_0 . z/|z|; 0 where it never condenses."""
    z = np.asarray(z, dtype=float)
    return np.sign(a + w @ z / np.linalg.norm(z))


def angle_tail(tau: float, delta: float) -> float:
    """x with P(1 - |cos(w(tau), z)| > delta) = I_x(1/2, (D-1)/2) for a_0, w_0 of independent N(0, epsilon^2) entries.

    I is the regularized incomplete beta function: s(tau) is N(0, epsilon^2 cosh 2 tau) and independent of the D - 1 other entries, so
    s^2/(s^2 + cosh(2 tau) |w_perp|^2) has a beta law. x = 1/(1 + k^2 cosh 2 tau), k^2 = 1/(1 - delta)^2 - 1 being |w_perp|^2/s^2 at
    1 - |cos| = delta.
    """
    _check_delta(delta)
    tangent = (2 * delta - delta**2) / (1 - delta) ** 2
    return 1 / (1 + tangent * math.cosh(2 * tau))


def leading_fraction(tau: float, delta: float, dimension: int) -> float:
    """sqrt(2/pi) E[chi_(D-1)] e^(-tau) / sqrt(delta): the fraction of neurons with 1 - |cos| > delta, while small and delta -> 0."""
    _check_delta(delta)
    if dimension < 2:
        raise ValueError(f"dimension must be at least 2, got {dimension}: on a line every direction is aligned")
    chi = math.sqrt(2) * math.gamma(dimension / 2) / math.gamma((dimension - 1) / 2)
    return math.sqrt(2 / math.pi) * chi * math.exp(-tau) / math.sqrt(delta)


def mean_and_median_square_sine(ratio: float) -> tuple[float, float]:
    """Mean and median of sin^2 = r^2/(1 + r^2), r = ``ratio`` |C| with C of Cauchy's law: ratio/(1 + ratio) and ratio^2/(1 + ratio^2).

    C is the quotient of two independent normal components; so the mean over neurons decays at half the rate of a single one.
    """
    return ratio / (1 + ratio), ratio**2 / (1 + ratio**2)


def component_ratio(s1: float, s2: float, time: float) -> float:
    """sqrt(cosh(2 s_2 t)/cosh(2 s_1 t)): deviation of the component along u_2 over that along u_1, from equal Gaussian starts."""
    return math.sqrt(math.cosh(2 * s2 * time) / math.cosh(2 * s1 * time))


def tanh_deviation(theta0: np.ndarray, x: np.ndarray, y: np.ndarray, tau: float) -> np.ndarray:
    r"""A bound on |theta_j(tau) - linear flow| over |theta_j(0)| e^tau for every neuron of a tanh network without biases.

    ``theta0`` (m, D + 1) rows (w_j, a_j), ``x`` (n, D), ``y`` (n,). Raises ValueError where the bound does not hold, tau being too long.

    With |tanh u| <= |u|, |u - tanh u| <= |u|^3/3 and 0 <= 1 - tanh' <= u^2, the true field differs from the linear one by at most
    (M_3 |theta_j|^2 + M_2 |theta|^2/2) |theta_j|, M_3 = (1/n) sum_i |y_i| |x_i|^3, M_2 = (1/n) sum_i |x_i|^2. While all |theta_j| <=
    sqrt(2) |theta_j(0)| e^tau this is at most kappa_j e^(3 tau) sqrt(2) |theta_j(0)|, kappa_j = 2 M_3 |theta_j(0)|^2 + M_2 |theta(0)|^2,
    and Duhamel's formula gives the bound kappa_j e^(2 tau)/(sqrt(2) |z|); the assumption persists while these are at most sqrt(2) - 1.
    (|y| |x|^3 |w|^3/3 and |y| |x|^3 |a| |w|^2 are the parts of M_3, squared and added at most |y| |x|^3 |theta_j|^3.)
    """
    bound = deviation_factors(theta0, x, y, tau)
    if bound.max() > math.sqrt(2) - 1:
        raise ValueError(f"tau = {tau:g} is beyond the linear stage: the bound {bound.max():.3g} exceeds {math.sqrt(2) - 1:.3g}")
    return bound


def deviation_factors(theta0: np.ndarray, x: np.ndarray, y: np.ndarray, tau: float) -> np.ndarray:
    """kappa_j e^(2 tau)/(sqrt(2) |z|) of every neuron: bounds while the largest of them is at most sqrt(2) - 1, see :func:`tanh_deviation`.

    That its own factor is so small is not enough for a neuron: a larger one may have left the linear stage and pulls it along.
    """
    x, y, theta0 = np.asarray(x, dtype=float), np.asarray(y, dtype=float), np.asarray(theta0, dtype=float)
    lengths = np.linalg.norm(x, axis=1)
    third, second = (np.abs(y) * lengths**3).mean(), (lengths**2).mean()
    z = np.linalg.norm(y @ x / len(x))
    kappa = 2 * third * (theta0**2).sum(axis=1) + second * (theta0**2).sum()
    return kappa * math.exp(2 * tau) / (math.sqrt(2) * z)


def _check_delta(delta: float) -> None:
    if not 0 < delta < 1:
        raise ValueError(f"delta must lie strictly between 0 and 1, got {delta}")
