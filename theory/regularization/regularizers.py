"""Models whose implicit regularization *is* a data-independent function, with that function.

They mark the other side of the line: linear regression, homogeneous networks, and the neurons sigma = (p z + q)^(1/p) with
sigma/sigma' affine, for which an explicit strict G exists on all datasets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


def nearest_solution(X: Any, y: Any, theta0: Any, *, solve: Callable[[Any, Any], Any] = np.linalg.solve) -> Any:
    """theta_0 + X^T (X X^T)^-1 (y - X theta_0), where gradient flow of linear regression ends.

    ``X`` (n, M) of full rank n < M, ``y`` (n,), ``theta0`` (M,); ``solve(A, b)`` solves a linear system in their arithmetic.
    """
    return theta0 + X.T @ solve(X @ X.T, y - X @ theta0)


@dataclass(frozen=True)
class PFamily:
    """The neuron a sigma(w . x) with sigma(z) = (p z + q)^(1/p), or exp(z/q) for p = 0: sigma/sigma' = p z + q is affine.

    On a > 0, p z + q > 0 the solution set of every dataset is affine in (a^p, a^p w), and :meth:`regularizer` is strictly convex there:
    it singles out the limit of gradient flow for every number of samples and inputs. q = 0 is a power neuron.
    """

    p: float
    q: float

    def __post_init__(self) -> None:
        if self.p == 0 and self.q == 0:
            raise ValueError("p and q must not both vanish: sigma = (p z + q)^(1/p) would be no function")

    def jet(self, z: Any) -> tuple[Any, Any]:
        """(sigma, sigma') at ``z`` with p z + q > 0."""
        inside = self.p * z + self.q
        value = np.exp(z / self.q) if self.p == 0 else inside ** (1 / self.p)
        return value, value / inside

    def regularizer(self, a: Any, w: Any, a0: Any, w0: Any, *, functions: Any = np) -> Any:
        """G((a, w), (a0, w0)) for a > 0, weights along the last axis."""
        if self.p == 0:
            return a * a / 2 - a0 * a0 * functions.log(a) + _square(w - w0)
        p, weight = self.p, a**self.p
        offset = (a0 * a0 - p * _square(w0)) / 2
        whole = p * weight * _square(w) / 2 - p * weight * (w * w0).sum(-1) - offset * weight
        last = -functions.log(a) if p == -2 else p * a ** (p + 2) / (2 * (p + 2))
        return (1 if p > 0 else -1) * (whole + last)


def _square(w: Any) -> Any:
    return (w * w).sum(-1)


def p_family_identities(*, weight: int = 1) -> dict[str, Any]:
    """sympy expressions that vanish identically and together prove the theorem on :class:`PFamily` for every n, d, p != 0, -2.

    In b = a^p and v = a^p w the constraints are c_i = p v . x_i + q b; sums over samples enter only through the vector s = sum tau_i x_i
    and the number t = sum tau_i. "stationary in v", "stationary in b": grad G = sum tau_i grad c_i at a point of the conserved structure;
    "conserved": the structure is constant along the flow. ``weight`` multiplies |w - w0|^2 (1 in the theorem).
    """
    import sympy as sp

    p, q, t, b = sp.symbols("p q t b", positive=True)
    w0, s, v = (sp.Matrix(sp.symbols(f"{name}:2", real=True)) for name in ("w0", "s", "v"))
    a0_square = sp.Symbol("A0", positive=True)
    a, w = b ** (1 / p), v / b
    offset = (a0_square - p * w0.dot(w0)) / 2
    G = weight * (p * b * w.dot(w) / 2 - p * b * w.dot(w0)) - offset * b + p * a ** (p + 2) / (2 * (p + 2))
    reached: dict[Any, Any] = {v[k]: b * (w0[k] + s[k]) for k in range(2)}
    square = a0_square + p * ((w0 + s).dot(w0 + s) - w0.dot(w0)) + 2 * q * t
    a_square = lambda expression: sp.expand(sp.powsimp(sp.expand(expression))).subs(b ** (2 / p), square)
    z, rate, slope = sp.symbols("z rate slope")  # rate = d tau / dt = -residual a slope, of one sample
    value = (p * z + q) ** (1 / p)
    return {
        "stationary in v": sp.cancel(sp.diff(G, v[0]).subs(reached) - p * s[0]),
        "stationary in b": sp.cancel(a_square(sp.diff(G, b).subs(reached) - q * t)),
        "affine quotient": sp.powsimp(sp.expand(value / sp.diff(value, z))) - (p * z + q),
        "conserved": sp.expand(rate / slope * (slope * (p * z + q)) - p * z * rate - q * rate),
    }


def balance(k: Any, a: Any, w: Sequence[Any]) -> Any:
    """k a^2 - |w|^2, conserved by gradient flow for an activation that is positively homogeneous of degree k."""
    return k * a * a - sum(p * p for p in w)
