r"""Data with rational entries whose leading form is known in closed form: as many orientations as can be in two dimensions, more in higher.

A form of degree p in u = (u_1, ..., u_D) is sum_i y_i (xbar_i . (u_1, ..., u_(D-1)) + u_D)^p for suitable nodes: the p-th difference of
t -> (t u_k + u_D)^p is p! u_k^p, and on a line any binary form is interpolated. "At most 2p orientations" (arXiv:2105.11686, abstract;
proved there for p = 1 and for D = 2) is refuted for every p >= 3 and D >= 3 by :func:`many_orientations`, ours.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from theory.models import check_size


def sum_of_powers(dimension: int, p: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (n, D - 1) and labels (n,) with V(u) = u_1^p + ... + u_D^p, as Fractions; n = p (D - 1) + 1.

    For p = 3 the inputs are 0, e_k, 2 e_k, 3 e_k with labels 1 - (D - 1)/6, 1/2, -1/2, 1/6: D + 1 maxima, V > 0 at D of them, e_k.
    """
    check_size("dimension", dimension, 2)
    check_size("p", p)
    x, y = [_node(0, 0, dimension)], [Fraction(1)]
    for k in range(dimension - 1):
        x, y = _with_power(x, y, k, p, dimension)
    return _arrays(x, y)


def critical_of_sum_of_powers(dimension: int, p: int = 3) -> Iterator[tuple[np.ndarray, str | None]]:
    """Every critical direction v of u_1^p + ... + u_D^p on the sphere for p >= 3, as an integer vector, and what V has there.

    grad V is parallel to v when all non-zero v_k^(p-2) are equal: v is in {0, s}^D with s = +-1 for odd p, in {0, +-1}^D for even p. The
    Hessian on the sphere has the sign of s^p where v_k != 0 and the opposite one where v_k = 0.
    """
    check_size("p", p, 3)
    entries = ((-1, 0, 1),) * dimension if p % 2 == 0 else ((0, 1),) * dimension
    for v in product(*entries):
        if not any(v):
            continue
        for sign in (1,) if p % 2 == 0 else (1, -1):
            inside, outside = sum(map(abs, v)) - 1, dimension - sum(map(abs, v))  # tangent directions of the two kinds
            rising, falling = (inside, outside) if sign > 0 else (outside, inside)
            yield sign * np.array(v), "maximum" if rising == 0 else "minimum" if falling == 0 else None


def many_orientations(dimension: int, p: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (n, D - 1) and labels (n,) with V(u) = Re (u_1 + i u_D)^p + u_2^p + ... + u_(D-1)^p, as Fractions; n = p (D - 1) + 1.

    For p >= 3 and D >= 3, V has at least 2p + 2(D - 2) strict maxima and minima on the sphere, see :func:`extrema_of_many`.
    """
    check_size("dimension", dimension, 2)
    check_size("p", p)
    x, y = [_node(0, j, dimension) for j in range(p + 1)], labels_of_form(cosine(p), range(p + 1))
    for k in range(1, dimension - 1):
        x, y = _with_power(x, y, k, p, dimension)
    return _arrays(x, y)


def extrema_of_many(dimension: int, p: int) -> int:
    """2p + 2(D - 2): strict extrema of the form of :func:`many_orientations` that are exhibited, for p >= 3 and D >= 3.

    On the circle of (u_1, u_D), V = cos(p phi), and p maxima and p minima stay strict on the sphere as d^2 V/du_k^2 = 0 there; at
    +-e_k, 1 < k < D, the Hessian on the sphere is -p V I as the other terms are of degree p >= 3. V is 1 at all these maxima and -1 at the
    minima, so weights grow along them.
    """
    check_size("dimension", dimension, 3)
    check_size("p", p, 3)
    return 2 * p + 2 * (dimension - 2)


def most_on_the_circle(p: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs (p + 1, 1) and labels with V(u) = cos(p phi) on the circle: p critical lines, as many as there can be (D = 2)."""
    return many_orientations(2, p)


def cosine(p: int) -> list[int]:
    """Coefficients v_k of cos(p phi) = Re (u_1 + i u_2)^p = sum_k v_k u_1^k u_2^(p-k) on the unit circle."""
    check_size("p", p)
    return [math.comb(p, k) * (1, 0, -1, 0)[(p - k) % 4] for k in range(p + 1)]


def labels_of_form(form: Sequence[Any], nodes: Iterable[Any]) -> list[Fraction]:
    """The labels c of the inputs ``nodes`` with sum_j c_j (nodes_j u_1 + u_2)^p = sum_k form[k] u_1^k u_2^(p-k); p + 1 rational nodes.

    The coefficients agree when sum_j c_j nodes_j^k = form[k]/binomial(p, k), which Lagrange's polynomials solve. Raises ValueError for
    another number of nodes and for repeated ones, whose powers do not span the forms.
    """
    p, t = len(form) - 1, [Fraction(node) for node in nodes]
    if len(t) != p + 1 or len(set(t)) < len(t):
        raise ValueError(f"nodes must be {p + 1} different inputs for a form of degree {p}, got {[str(node) for node in t]}")
    moments = [Fraction(v) / math.comb(p, k) for k, v in enumerate(form)]
    return [sum((c * moment for c, moment in zip(_lagrange(t, j), moments, strict=True)), Fraction(0)) for j in range(p + 1)]


def _lagrange(nodes: Sequence[Fraction], j: int) -> list[Fraction]:
    """Coefficients of the polynomial that is 1 at node j and 0 at the others, from the constant up."""
    coefficients = [Fraction(1)]
    for k, node in enumerate(nodes):
        if k != j:
            shifted, same = [Fraction(0), *coefficients], [*coefficients, Fraction(0)]
            coefficients = [(a - node * b) / (nodes[j] - node) for a, b in zip(shifted, same, strict=True)]
    return coefficients


def _with_power(x: list, y: list, k: int, p: int, dimension: int) -> tuple[list, list]:
    """The data with u_k^p added to V, from the p-th difference at 0, e_k, ..., p e_k; the node 0 comes first."""
    differences = [Fraction((-1) ** (p - j) * math.comb(p, j), math.factorial(p)) for j in range(p + 1)]
    return x + [_node(k, j, dimension) for j in range(1, p + 1)], [y[0] + differences[0], *y[1:], *differences[1:]]


def _node(k: int, j: int, dimension: int) -> list[Fraction]:
    """j e_k in D - 1 dimensions."""
    return [Fraction(j if i == k else 0) for i in range(dimension - 1)]


def _arrays(x: list, y: list) -> tuple[np.ndarray, np.ndarray]:
    return np.array(x, dtype=object), np.array(y, dtype=object)
