r"""Expectations over random layers: exactly, by the moments of the normal law or over all signs, and drawn buffers at real widths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import ball
from theory.dynamics.arguments import is_place
from theory.dynamics.random_layers import check_width


def normal_expectation(expression: Any, variances: Mapping[Any, Any]) -> Any:
    """E of a sympy polynomial over independent centred normal symbols of the ``variances`` named; other symbols stay.

    E w^(2k) = (2k - 1)!! v^k and odd powers vanish. Raises ValueError for an expression that is no polynomial in them.
    """
    import sympy

    drawn = list(variances)
    try:
        terms = sympy.Poly(expression, *drawn).terms()
    except sympy.PolynomialError as error:
        raise ValueError(f"expression must be a polynomial in {[str(symbol) for symbol in drawn]}") from error
    total = sympy.Integer(0)
    for powers, coefficient in terms:
        if not any(power % 2 for power in powers):
            moments = (sympy.factorial2(power - 1) * variances[w] ** (power // 2) for w, power in zip(drawn, powers, strict=True) if power)
            total += coefficient * sympy.prod(list(moments))
    return sympy.expand(total)


def mean_over_signs(inputs: int, layers: Sequence[int], deviations: Sequence[Fraction], x: np.ndarray, *, shared: bool = False) -> Fraction:
    """The exact mean of the first squared output of linear layers whose entries are +- deviations, over all signs.

    ``layers`` are the widths after each layer, the last one 1 (rows are alike); ``x`` (inputs,) rational. At most 2^16 sign patterns.
    With ``shared`` all entries of a layer have one sign. Raises ValueError for more, for another ``x``, and
    unless there is a deviation for each layer.
    """
    if len(layers) != len(deviations):
        raise ValueError(f"deviations must be one for each of {len(layers)} layers, got {len(deviations)}")
    sizes = [rows * columns for columns, rows in zip([inputs, *layers[:-1]], layers, strict=True)]
    if sum(sizes) > 16:
        raise ValueError(f"layers must have at most 16 weights in all, got {sum(sizes)}")
    if np.shape(x) != (inputs,):
        raise ValueError(f"x must have shape ({inputs},), got {np.shape(x)}")
    total = Fraction(0)
    for signs in product((-1, 1), repeat=sum(sizes)):
        value, taken = x, 0
        for rows, deviation, size in zip(layers, deviations, sizes, strict=True):
            drawn = signs[taken : taken + 1] * size if shared else signs[taken : taken + size]
            W = np.array(drawn, dtype=object).reshape(rows, -1) * deviation
            value, taken = W @ value, taken + size
        total += value[0] ** 2
    return total / 2 ** sum(sizes)


def chance_below(d: int, x: Any) -> Any:
    """The probability that chi-square with ``d`` degrees of freedom is at most ``x`` > 0, as a ball at the working precision.

    With a = d/2, z = x/2 it is z^a e^(-z)/Gamma(a + 1) times sum_n z^n/((a + 1) ... (a + n)), whose terms are positive: nothing cancels.
    After the n-th they fall by the factor r = z/(a + n + 1) at least, so where r < 1 the rest is at most r/(1 - r) times the last.

    Raises ValueError for an x that is not a positive number, and fewer than one degree of freedom.
    """
    from flint import arb, ctx

    a, z = ball(check_width("d", d)) / 2, ball(x) / 2
    if not z > 0 or not z.is_finite():
        raise ValueError(f"x must be a positive number, got {x}")
    term, total, n, small = arb(1), arb(1), 0, arb(2) ** -(ctx.prec + 10)
    while not (term < small and z < a + n + 1):
        n += 1
        term *= z / (a + n)
        total += term
    ratio = z / (a + n + 1)
    return (a * z.log() - z - (a + 1).lgamma()).exp() * (total + arb(0).union(term * ratio / (1 - ratio)))


def read_buffers(x: np.ndarray, own: int, rng: np.random.Generator) -> np.ndarray:
    """h W_k^T (d,) of tokens ``x`` (L, d) written into a random buffer, h = sum_l x_l W_l with W_l of entries N(0, 1/d), k = ``own``.

    Raises ValueError for a k outside 0 .. L - 1.
    """
    L, d = x.shape
    check_width("d", d)
    if not is_place(own, L):
        raise ValueError(f"own must be one of the {L} buffers, 0 .. {L - 1}, got {own}")
    written, reader = np.zeros(d), np.zeros((d, d))
    for number in range(L):
        W = rng.normal(size=(d, d)) / np.sqrt(d)
        written += x[number] @ W
        if number == own:
            reader = W
    return reader @ written
