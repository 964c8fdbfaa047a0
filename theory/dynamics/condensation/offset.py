r"""sigma(0) != 0: the output first fits the mean of the labels, which gives the output weights a common sign or not.

While the weights are small f = sigma(0) sum_j a_j, so every a_j moves by the same amount until sigma(0) sum_j a_j = ybar: from a start
a_j(0) of N(0, epsilon^2) they end at a_j(0) - mean + ybar/(m sigma(0)), of N(ybar/(m sigma(0)), epsilon^2 (1 - 1/m)). Then
w_j' = a_j sigma'(0) z_c with z_c = (1/n) sum_i (y_i - ybar) x_i: one orientation where all signs agree, two where they do not.
Differences of neurons go on to obey the linear flow of multiplicity one along z_c. The law is ours; arXiv:2105.11686, section 4.2, reports
two directions.
"""

from __future__ import annotations

import math
from statistics import NormalDist


def majority(mean: float, width: int, value: float, epsilon: float) -> float:
    """Phi(|ybar|/(m |sigma(0)| epsilon sqrt(1 - 1/m))): the share of neurons on the orientation of the majority after the mean is fitted.

    It is 1 for epsilon -> 0 or m = 1, and 1/2 for ybar = 0 or a network too wide for its scale.
    """
    left = 1 / _checked(width)
    return _share(abs(mean) * left / abs(value), epsilon * math.sqrt(1 - left))


def majority_at(tau: float, mean: float, width: int, value: float, epsilon: float) -> float:
    """The share at the later time ``tau`` = |sigma'(0) z_c| t, long after the mean is fitted and while the output beyond it is small.

    The common part of w_j . z_c/|z_c| grows like ybar tau/(m sigma(0)) from the mean of the start, of variance epsilon^2/m; what a neuron
    has beyond it is of variance epsilon^2 (1 - 1/m) cosh 2 tau.
    """
    if tau <= 0:
        raise ValueError(f"tau must be positive, got {tau}")
    left = 1 / _checked(width)
    return _share(abs(mean) * tau * left / abs(value), epsilon * math.sqrt(left + (1 - left) * math.cosh(2 * tau)))


def _share(common: float, deviation: float) -> float:
    """P(common + deviation N > 0)."""
    return NormalDist().cdf(common / deviation) if deviation else 1.0 if common else 0.5


def _checked(width: float) -> float:
    if not width >= 1:
        raise ValueError(f"width must be at least 1, got {width}")
    return width
