r"""Kernels of infinitely wide two-layer ReLU networks in one input, splines, and kernels on the circle (arXiv:2201.07395, Section 5).

With biases spread over [-B, B] and both directions of the input weight, training output weights has the kernel
:math:`\int s(x-c)s(x'-c) + s(c-x)s(c-x') dc` (s the ReLU), training biases the same with steps in place of s.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from theory.dynamics.arguments import between


def output_kernel(x: Any, y: Any, B: Any) -> Any:
    """Kernel of the output weights: |x - y|^3/6 + 2B^3/3 + 2Bxy for |x|, |y| <= B."""
    return abs(x - y) ** 3 / 6 + 2 * B**3 / 3 + 2 * B * x * y


def bias_kernel(x: Any, y: Any, B: Any) -> Any:
    """Kernel of the biases: 2B - |x - y| for |x|, |y| <= B."""
    return 2 * B - abs(x - y)


def natural_cubic(nodes: Sequence[Any], values: Sequence[Any], x: Any) -> Any:
    """The natural cubic spline through (nodes, values) at x, exactly for exact numbers: second derivatives by elimination, linear outside.

    :raises ValueError: for fewer than two nodes, or nodes that do not increase.
    """
    _increasing(nodes, values)
    nodes, values = _exact(nodes), _exact(values)
    bends = _natural_bends(nodes, values)
    j = max(0, min(len(nodes) - 2, sum(1 for node in nodes if node <= x) - 1))
    h = nodes[j + 1] - nodes[j]
    left, right = nodes[j + 1] - x, x - nodes[j]
    if left < 0 or right < 0:  # outside: the tangent at the end
        end, inner, sign = (len(nodes) - 1, len(nodes) - 2, 1) if left < 0 else (0, 1, -1)
        slope = sign * ((values[end] - values[inner]) / h + h * (bends[inner] + 2 * bends[end]) / 6)
        return values[end] + slope * (x - nodes[end])
    inside = (bends[j] * (left**3 / h - h * left) + bends[j + 1] * (right**3 / h - h * right)) / 6
    return inside + (values[j] * left + values[j + 1] * right) / h


def piecewise_linear(nodes: Sequence[Any], values: Sequence[Any], x: Any) -> Any:
    """The linear spline through (nodes, values) at x, constant outside.

    :raises ValueError: as :func:`natural_cubic`.
    """
    _increasing(nodes, values)
    nodes, values = _exact(nodes), _exact(values)
    if x <= nodes[0] or x >= nodes[-1]:
        return values[0] if x <= nodes[0] else values[-1]
    j = sum(1 for node in nodes if node <= x) - 1
    return values[j] + (values[j + 1] - values[j]) * (x - nodes[j]) / (nodes[j + 1] - nodes[j])


def bernoulli_kernel(half_order: int, t: Any) -> Any:
    """2 (-1)^(r+1) B_2r(t)/(2r)!, 0 <= t <= 1, r = ``half_order``: the kernel on a circle of length 1 with the Fourier coefficients
    2/(2 pi k)^(2r), 0 at k = 0.

    What is not smooth in it is -|t| for r = 1 and |t|^3/6 for r = 2, as in :func:`bias_kernel` and :func:`output_kernel`.

    :raises ValueError: for half_order that is no integer of at least 1, and a number t outside [0, 1].
    """
    _order(half_order)
    between("t", t, 0, 1)
    scale = Fraction(2 * (-1) ** (half_order + 1), math.factorial(2 * half_order))
    return sum(scale * c * t**i for i, c in enumerate(_bernoulli(2 * half_order)))


def circulant_eigenvalue(half_order: int, n: int, cosine: Any) -> Any:
    """The eigenvalue of the matrix (bernoulli_kernel((i - j)/n mod 1)) whose modes have cos(2 pi k/n) = ``cosine``, k not 0 modulo n.

    It is n times the sum over all aliases k + ln of 2/(2 pi (k + ln))^(2r): with s = 1 - cosine, 1/(ns) for r = 1 and
    (1/(2s^2) - 1/(6s))/n^3 for r = 2.

    :raises ValueError: for half_order other than 1 and 2, n that is no integer of at least 2, or a cosine that is certainly 1 (k = 0)
        or a number outside [-1, 1].
    """
    _order(half_order)
    if isinstance(n, bool) or not isinstance(n, int) or n < 2:
        raise ValueError(f"n must be an integer of at least 2, got {n}")
    between("cosine", cosine, -1, 1)
    s = 1 - cosine
    if not hasattr(s, "shape") and bool(s == 0):
        raise ValueError("cosine must not be 1: the mode k = 0 has the eigenvalue of a sum, not of this formula")
    match half_order:
        case 1:
            return 1 / (n * s)
        case 2:
            return (3 / s - 1) / (6 * s) / n**3
    raise ValueError(f"half_order must be 1 or 2, got {half_order}")


def _order(half_order: Any) -> None:
    if isinstance(half_order, bool) or not isinstance(half_order, int) or half_order < 1:
        raise ValueError(f"half_order must be an integer of at least 1, got {half_order}")


def power_against_gaussian(power: int, dimension: int, j: int) -> Fraction:
    """The integral over R^d of |x|^q times the transform of |xi|^(2j) e^(-|xi|^2/2), over what it is at j = 0, exactly.

    The transform is (-Laplacian)^j of a Gaussian, p(|x|^2) e^(-|x|^2/2), and the mean of |x|^(2i) under |x|^q e^(-|x|^2/2) is 2^i ((q
    + d)/2)_i. If |x|^q has a
    transform c |xi|^(-d-q), the ratio from j to j + 1 is 2j - q.

    :raises ValueError: for a dimension below 1, or a negative power or j.
    """
    if dimension < 1 or power < 0 or j < 0:
        raise ValueError(f"expected dimension >= 1, power >= 0 and j >= 0, got {dimension}, {power}, {j}")
    p = [Fraction(1)]  # in t = |x|^2
    derivative = lambda c: [i * e for i, e in enumerate(c)][1:] or [Fraction(0)]
    for _ in range(j):
        first, second = derivative(p), derivative(derivative(p))
        slope = _sum(first, [-e / 2 for e in p])
        bend = _sum(second, [-e for e in first], [e / 4 for e in p])
        p = [-e for e in _sum([Fraction(0), *(4 * e for e in bend)], [2 * dimension * e for e in slope])]
    a, moment, total = Fraction(power + dimension, 2), Fraction(1), Fraction(0)
    for i, c in enumerate(p):
        total += c * moment
        moment *= 2 * (a + i)
    return total


def _sum(*polynomials: list[Fraction]) -> list[Fraction]:
    return [sum((p[i] for p in polynomials if i < len(p)), Fraction(0)) for i in range(max(map(len, polynomials)))]


def _bernoulli(degree: int) -> list[Fraction]:
    """Coefficients of the Bernoulli polynomial, constant first."""
    numbers = [Fraction(1)]
    for m in range(1, degree + 1):
        numbers.append(-sum(math.comb(m + 1, j) * numbers[j] for j in range(m)) / Fraction(m + 1))
    return [math.comb(degree, i) * numbers[degree - i] for i in range(degree + 1)]


def _natural_bends(nodes: Sequence[Any], values: Sequence[Any]) -> list[Any]:
    """Second derivatives at the nodes, 0 at both ends (Thomas' elimination)."""
    n, zero = len(nodes), values[0] * 0
    h = [nodes[i + 1] - nodes[i] for i in range(n - 1)]
    upper, right = [zero] * n, [zero] * n
    for i in range(1, n - 1):
        jump = 6 * ((values[i + 1] - values[i]) / h[i] - (values[i] - values[i - 1]) / h[i - 1])
        pivot = 2 * (h[i - 1] + h[i]) - h[i - 1] * upper[i - 1]
        upper[i], right[i] = h[i] / pivot, (jump - h[i - 1] * right[i - 1]) / pivot
    bends = [zero] * n
    for i in range(n - 2, 0, -1):
        bends[i] = right[i] - upper[i] * bends[i + 1]
    return bends


def _exact(numbers: Sequence[Any]) -> list[Any]:
    """Integers as Fractions, so that quotients of them are exact."""
    return [Fraction(number) if isinstance(number, int) else number for number in numbers]


def _increasing(nodes: Sequence[Any], values: Sequence[Any]) -> None:
    if len(nodes) < 2 or len(values) != len(nodes):
        raise ValueError(f"expected at least two nodes and as many values, got {len(nodes)} and {len(values)}")
    for j, (first, second) in enumerate(zip(nodes, nodes[1:], strict=False)):
        if not first < second:
            raise ValueError(f"nodes must increase strictly, got {first} and {second} at {j} and {j + 1}")
