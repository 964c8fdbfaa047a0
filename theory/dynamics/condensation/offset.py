r"""sigma(0) != 0: the output first fits the mean of the labels, which gives the output weights a common sign or not.

While the weights are small f = sigma(0) sum_j a_j, so every a_j moves by the same amount until sigma(0) sum_j a_j = ybar: from a start
a_j(0) of N(0, epsilon^2) they end at N(ybar/(m sigma(0)), epsilon^2), up to the mean of the start. Then w_j' = a_j sigma'(0) z_c with
z_c = (1/n) sum_i (y_i - ybar) x_i: one orientation where all signs agree, two where they do not. Differences of neurons go on to obey
the linear flow of multiplicity one along z_c. The law is ours; arXiv:2105.11686, section 4.2, reports two directions.
"""

from __future__ import annotations

import math
from statistics import NormalDist


def majority(mean: float, width: int, value: float, epsilon: float) -> float:
    """Phi(|ybar|/(m |sigma(0)| epsilon)): the share of neurons on the orientation of the majority after the mean is fitted.

    It is 1 for epsilon -> 0 and 1/2 for ybar = 0 or a network too wide for its scale.
    """
    return NormalDist().cdf(abs(mean) / (width * abs(value) * epsilon))


def majority_at(tau: float, mean: float, width: int, value: float, epsilon: float) -> float:
    """The share at the later time ``tau`` = |sigma'(0) z_c| t, long after the mean is fitted and while the output beyond it is small.

    The common part of w_j . z_c/|z_c| grows like ybar tau/(m sigma(0)), the difference like epsilon sqrt(cosh 2 tau) times a normal number.
    """
    if tau <= 0:
        raise ValueError(f"tau must be positive, got {tau}")
    return majority(mean * tau, width, value, epsilon * math.sqrt(math.cosh(2 * tau)))
