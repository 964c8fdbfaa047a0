r"""The leading field of a small network: the form V whose critical directions on the sphere are where weights condense.

Let sigma have multiplicity p and let all weights be of size epsilon. To leading order the weight w_j of a hidden neuron moves by
w_j' = (a_j sigma^(p)(0) / (p! n)) grad V(w_j), V(u) = sum_i c_i (u . x_i)^p with c_i = -e_i, which is y_i as long as the output is small
(arXiv:2105.11686, section 5). Its direction is at rest where V is critical on the sphere, and is attracted by maxima of V when
a_j sigma^(p)(0) > 0, by minima when it is negative. As d|w_j|^2/dt = 2p (a_j sigma^(p)(0)/(p! n)) V(w_j), the weight grows along a maximum
with V > 0 or a minimum with V < 0; at the others it turns but shrinks.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from theory.models import check_size


@dataclass(frozen=True, eq=False)
class LeadingForm:
    """V(u) = sum_i c_i (u . x_i)^p for inputs ``x`` (n, D), a bias folded in as a column of ones, and ``c`` (n,); any arithmetic."""

    x: np.ndarray
    c: np.ndarray
    p: int

    def __post_init__(self) -> None:
        x, c = np.asarray(self.x), np.asarray(self.c)
        check_size("p", self.p)
        if x.ndim != 2 or 0 in x.shape:
            raise ValueError(f"x must have shape (n, D) with n, D >= 1, got {x.shape}")
        if c.shape != x.shape[:1]:
            raise ValueError(f"c must have shape ({len(x)},), one number for each input, got {c.shape}")
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "c", c)

    @property
    def dimension(self) -> int:
        """D, the length of a direction."""
        return self.x.shape[1]

    def __call__(self, u: Any) -> Any:
        """V(u) at ``u`` (..., D); shape (...)."""
        return powers(u @ self.x.T, self.p) @ self.c

    def gradient(self, u: Any) -> Any:
        """grad V (..., D) at ``u`` (..., D)."""
        return self.p * ((powers(u @ self.x.T, self.p - 1) * self.c) @ self.x)

    def hessian(self, u: Any) -> Any:
        """The matrices of second derivatives (..., D, D) at ``u`` (..., D), not restricted to the sphere."""
        if self.p == 1:
            return 0 * u[..., :, None] * u[..., None, :]
        weights = powers(u @ self.x.T, self.p - 2) * self.c
        return self.p * (self.p - 1) * ((self.x.T * weights[..., None, :]) @ self.x)

    def sphere_hessian(self, u: Any) -> Any:
        """H(u) - (p V(u)/|u|^2) I, on vectors orthogonal to u the Hessian of V on the sphere at u/|u| times |u|^(p-2); shape (D, D).

        H is :meth:`hessian`. The factor keeps rational directions rational.
        """
        return self.hessian(u) - (self.p * self(u) / (u @ u)) * np.eye(self.dimension, dtype=int)

    def binary(self) -> list[Any]:
        """Coefficients v_k of V = sum_k v_k u_1^k u_2^(p-k) for D = 2, p + 1 of them. Raises ValueError for another D."""
        if self.dimension != 2:
            raise ValueError(f"a binary form needs directions of length D = 2, got D = {self.dimension}")
        first, second = self.x[:, 0], self.x[:, 1]
        return [math.comb(self.p, k) * (self.c * (powers(first, k) * powers(second, self.p - k))).sum() for k in range(self.p + 1)]


def powers(z: Any, k: int) -> Any:
    """z^k as a product, which balls around zero need; 1 for k = 0."""
    return math.prod([z] * (k - 1), start=z) if k else 0 * z + 1


def tangential_form(form: Sequence[Any]) -> list[Any]:
    """Coefficients of T = u_1 dV/du_2 - u_2 dV/du_1, the derivative of V = sum_k form[k] u_1^k u_2^(p-k) along the circle.

    T is again a form of degree p: p + 1 coefficients. A direction is at rest in the leading field when T vanishes there.
    """
    p = len(form) - 1
    if p < 1:
        raise ValueError(f"form must have degree p >= 1, that is two coefficients or more, got {len(form)}")
    v = [0, *form, 0]  # v[k + 1] is the coefficient of u_1^k
    return [(p - k + 1) * v[k] - (k + 1) * v[k + 2] for k in range(p + 1)]


def augmented(x: Any) -> np.ndarray:
    """Inputs (n, d) with a last column of ones, which carries the bias: shape (n, d + 1)."""
    x = np.asarray(x)
    if x.ndim != 2:
        raise ValueError(f"x must have shape (n, d), got {x.shape}")
    ones = np.ones((len(x), 1), dtype=int)
    return np.concatenate([x, ones.astype(x.dtype) if x.dtype != object else ones.astype(object)], axis=1)


def mean_input(x: Any, y: Any) -> Any:
    """z = (1/n) sum_i y_i x_i (D,), the direction of condensation of multiplicity one. Exact in, exact out."""
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim != 2 or y.shape != x.shape[:1]:
        raise ValueError(f"expected inputs (n, D) and labels (n,), got shapes {x.shape} and {y.shape}")
    return (y @ x) / len(x)


def centred(y: Any) -> Any:
    """Labels minus their mean: what drives the weights where sigma(0) != 0, once the output has fitted the mean."""
    y = np.asarray(y)
    return y - y.sum() / len(y)
