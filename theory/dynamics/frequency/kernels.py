r"""Kernels of infinitely wide two-layer ReLU networks in one input, splines, and kernels on the circle (arXiv:2201.07395, Section 5).

With biases spread over [-B, B] and both directions of the input weight, training output weights has the kernel
:math:`\int s(x-c)s(x'-c) + s(c-x)s(c-x') dc` (s the ReLU), training biases the same with steps in place of s.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any


def output_kernel(x: Any, y: Any, B: Any) -> Any:
    """Kernel of the output weights: |x - y|^3/6 + B^2-symmetric polynomial, exactly (2B^3 + 6Bxy)/3 + ... for |x|, |y| <= B."""
    return abs(x - y) ** 3 / 6 + 2 * B**3 / 3 + 2 * B * x * y


def bias_kernel(x: Any, y: Any, B: Any) -> Any:
    """Kernel of the biases: 2B - |x - y| for |x|, |y| <= B."""
    return 2 * B - abs(x - y)


def natural_cubic(nodes: Sequence[Any], values: Sequence[Any], x: Any) -> Any:
    """The natural cubic spline through (nodes, values) at x, exactly for exact numbers: second derivatives by elimination, linear outside.

    :raises ValueError: for fewer than two nodes, or nodes that do not increase.
    """
    _increasing(nodes, values)
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
    if x <= nodes[0] or x >= nodes[-1]:
        return values[0] if x <= nodes[0] else values[-1]
    j = sum(1 for node in nodes if node <= x) - 1
    return values[j] + (values[j + 1] - values[j]) * (x - nodes[j]) / (nodes[j + 1] - nodes[j])


def bernoulli_row(half_order: int, n: int) -> list[Fraction]:
    """(-1)^(r+1) B_2r(j/n), j = 0 .. n - 1, r = ``half_order``: the first row of a kernel matrix on n points of a circle of length 1.

    The kernel has the Fourier coefficients (2r)!/(2 pi k)^(2r), and 0 at k = 0; -|x|^(2r-1) r times (-1)^(r+1) ... is all that is not smooth in it.

    :raises ValueError: for half_order or n below 1.
    """
    for name, value in (("half_order", half_order), ("n", n)):
        if value < 1:
            raise ValueError(f"{name} must be an integer of at least 1, got {value}")
    coefficients = _bernoulli(2 * half_order)
    sign = (-1) ** (half_order + 1)
    value = lambda t: sum(c * t**i for i, c in enumerate(coefficients))
    return [sign * value(Fraction(j, n)) for j in range(n)]


def bernoulli_eigenvalue(half_order: int, n: int, cosine: Any) -> Any:
    """The eigenvalue of the circulant matrix of :func:`bernoulli_row` whose mode k has cos(2 pi k/n) = ``cosine``, k not 0 modulo n.

    It is n times the sum over all aliases k + ln of (2r)!/(2 pi (k + ln))^(2r), in closed form: with s = 1 - cosine it is 1/(2ns) ... for r = 1,
    (3 - s)/(2 n^3 s^2) ... for r = 2.

    :raises ValueError: for half_order other than 1 and 2.
    """
    s = 1 - cosine
    match half_order:
        case 1:  # sum (k + ln)^-2 = (pi/n)^2/sin^2, sin^2 = s/2
            return 1 / (n * s)
        case 2:  # sum (k + ln)^-4 = (pi/n)^4 (1/sin^4 - 2/(3 sin^2))
            return 3 * (4 / (s * s) - Fraction(4, 3) / s) / (2 * n**3)
    raise ValueError(f"half_order must be 1 or 2, got {half_order}")


def power_transform_ratio(power: int, j: int) -> int:
    """The ratio at j + 1 and at j of the integral of |x|^q against the transform of |xi|^(2j) e^(-|xi|^2/2), q odd: 2j - q in every dimension.

    It is that of Gamma((2j - q)/2) 2^j, the integral of |xi|^(-d-q) |xi|^(2j) e^(-|xi|^2/2): the transform of |x|^q falls as |xi|^(-d-q).
    """
    return 2 * j - power


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


def _increasing(nodes: Sequence[Any], values: Sequence[Any]) -> None:
    if len(nodes) < 2 or len(values) != len(nodes):
        raise ValueError(f"expected at least two nodes and as many values, got {len(nodes)} and {len(values)}")
    for j, (first, second) in enumerate(zip(nodes, nodes[1:], strict=False)):
        if not first < second:
            raise ValueError(f"nodes must increase strictly, got {first} and {second} at {j} and {j + 1}")
