r"""Limits of interpolants as a parameter of their kernel tends to infinity, exactly.

The interpolant with a kernel that is a polynomial in B is at a rational place a quotient N(B)/D(B) of determinants; its limit is the
quotient of the leading coefficients. Nothing is evaluated at a large B.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numerics.arithmetic.exact import fraction, rational

#: kernel(x, y, B)
Kernel = Callable[[Any, Any, Any], Any]


@dataclass(frozen=True)
class RationalFunction:
    """N/D as coefficients, constant first, without trailing zeros."""

    numerator: tuple[Fraction, ...]
    denominator: tuple[Fraction, ...]

    def limit(self) -> Fraction:
        """The value at infinity.

        :raises ArithmeticError: where it is infinite.
        """
        above, below = len(self.numerator), len(self.denominator)
        if above > below:
            raise ArithmeticError(f"the degree of the numerator, {above - 1}, exceeds that of the denominator, {below - 1}")
        return self.numerator[-1] / self.denominator[-1] if above == below else Fraction(0)

    def order(self) -> int | None:
        """q such that N/D less its limit falls like B^(-q); None where it is constant."""
        value = self.limit()
        length = max(len(self.numerator), len(self.denominator))
        padded = [[*side, *[Fraction(0)] * (length - len(side))] for side in (self.numerator, self.denominator)]
        rest = [p - value * q for p, q in zip(*padded, strict=True)]
        degree = max((i for i, c in enumerate(rest) if c), default=None)
        return None if degree is None else len(self.denominator) - 1 - degree

    def __call__(self, B: Any) -> Fraction:
        """The value at B."""
        at = lambda side: sum((c * Fraction(B) ** i for i, c in enumerate(side)), Fraction(0))
        return at(self.numerator) / at(self.denominator)


def interpolant(kernel: Kernel, nodes: Sequence[Any], values: Sequence[Any], x: Any, *, degree: int, first: int) -> RationalFunction:
    """The interpolant of (nodes, values) at x as a function of B, by determinants at the integers B = ``first``, ``first`` + 1, ...

    ``degree`` is that of the kernel in B; rationals. The kernel must be a polynomial in B from ``first`` on.

    Both determinants are compared with their polynomials at one more B.

    :raises ValueError: for no nodes, repeated ones, values that are not as many, or a kernel that is no polynomial in B of that degree.
    """
    from flint import fmpq, fmpq_mat

    if not len(nodes) or len(values) != len(nodes):
        raise ValueError(f"expected one node at least and as many values, got {len(nodes)} and {len(values)}")
    if len(set(nodes)) < len(nodes):
        raise ValueError(f"nodes must differ, got {list(nodes)}")
    nodes, x, n = [Fraction(node) for node in nodes], Fraction(x), len(nodes)
    right = [rational(value) for value in values]
    places, above, below = [], [], []
    for B in range(first, first + degree * n + 2):
        gram = [[rational(kernel(p, q, Fraction(B))) for q in nodes] for p in nodes]
        matrix = fmpq_mat(gram)
        bordered = [[*row, value] for row, value in zip(gram, right, strict=True)]
        bordered.append([*(rational(kernel(x, q, Fraction(B))) for q in nodes), fmpq(0)])
        places.append(fmpq(B))
        below.append(matrix.det())
        above.append(-fmpq_mat(bordered).det())
    found = RationalFunction(_through(places[:-1], above[:-1]), _through(places[:-1], below[:-1]))
    last = Fraction(first + degree * n + 1)
    for coefficients, value in ((found.numerator, above[-1]), (found.denominator, below[-1])):
        if sum((c * last**i for i, c in enumerate(coefficients)), Fraction(0)) != fraction(value):
            raise ValueError(f"degree must be that of the kernel in B, a polynomial from {first} on: {degree} does not fit at B = {last}")
    return found


def _through(places: list[Any], values: list[Any]) -> tuple[Fraction, ...]:
    """The polynomial through points, by Newton's divided differences."""
    from flint import fmpq_poly

    table = list(values)
    for step in range(1, len(places)):
        for i in range(len(places) - 1, step - 1, -1):
            table[i] = (table[i] - table[i - 1]) / (places[i] - places[i - step])
    polynomial = fmpq_poly([table[-1]])
    for place, value in zip(places[-2::-1], table[-2::-1], strict=True):
        polynomial = polynomial * fmpq_poly([-place, 1]) + fmpq_poly([value])
    return tuple(fraction(c) for c in polynomial.coeffs())
