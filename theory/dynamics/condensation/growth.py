r"""Multiplicity two and more: the leading system is homogeneous of degree p, blows up in finite time, and one neuron wins.

With kappa = sigma^(p)(0)/(p! n): w' = kappa a grad V(w), a' = kappa V(w) for every neuron by itself, as long as the output is small. If
(a, w)(t) is a solution, so is epsilon (a, w)(epsilon^(p-1) t), and p a^2 - |w|^2 is conserved.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from theory.dynamics.condensation.forms import LeadingForm


def leading_system(form: LeadingForm, kappa: Any) -> Callable[[Any, Any], tuple[Any, Any]]:
    """(a, w) -> (a', w') of the leading system, a (...), w (..., D)."""
    return lambda a, w: (kappa * form(w), kappa * a[..., None] * form.gradient(w))


def condensed_output_weight(a0: float, rate: float, p: int, t: float) -> float:
    """a(t) from a(0) = ``a0`` > 0 of a neuron on its orientation u, w = sqrt(p) a u; ``rate`` = kappa V(u) > 0; inf after the blow-up.

    There a' = rate p^(p/2) a^p: an exponential for p = 1, otherwise a^(1-p) falls linearly.
    """
    speed = rate * p ** (p / 2)
    if p == 1:
        return a0 * math.exp(speed * t)
    left = a0 ** (1 - p) - (p - 1) * speed * t
    return left ** (1 / (1 - p)) if left > 0 else math.inf


def blow_up_time(a0: float, rate: float, p: int) -> float:
    """When :func:`condensed_output_weight` becomes infinite: a0^(1-p)/((p - 1) rate p^(p/2)); infinite for p = 1."""
    return math.inf if p == 1 else a0 ** (1 - p) / ((p - 1) * rate * p ** (p / 2))
