r"""Real roots of rational polynomials and binary forms, isolated and counted exactly, and what a form does on the circle.

Sturm's theorem: for a square-free f with chain f, f', -rem(f, f'), ..., the number of roots in (a, b] is the number of sign changes
at a minus that at b (Sturm 1829; Basu, Pollack, Roy, Algorithms in Real Algebraic Geometry, 2.2). A form of degree p in (u_1, u_2)
is a polynomial in t = u_1/u_2 together with the root at infinity u_2 = 0, whose multiplicity is what is missing from the degree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numerics.arithmetic.exact import rational
from theory.dynamics.condensation.forms import tangential_form

MAXIMUM, MINIMUM, INFLECTION = "maximum", "minimum", "inflection"
_OPPOSITE = {MAXIMUM: MINIMUM, MINIMUM: MAXIMUM, INFLECTION: INFLECTION}


@dataclass(frozen=True)
class RealRoot:
    """The only root in the open interval (``lower``, ``upper``), ends excluded, or the rational root ``lower`` = ``upper``.

    The ends are flint rationals, None for the root at infinity of a form; ``multiplicity`` >= 1.
    """

    lower: Any
    upper: Any
    multiplicity: int

    @property
    def at_infinity(self) -> bool:
        """Whether this is the root u_2 = 0 of a form."""
        return self.lower is None

    @property
    def exact(self) -> bool:
        """Whether the root is known as a rational number (or as infinity)."""
        return self.at_infinity or self.lower == self.upper

    @property
    def middle(self) -> float:
        """The middle of the interval in double precision."""
        if self.at_infinity:
            return math.inf
        half = (self.lower + self.upper) / 2
        return int(half.p) / int(half.q)

    @property
    def direction(self) -> np.ndarray:
        """The unit vector (2,) on the line of the root of a form with u_2 > 0, or (1, 0), from the middle of the interval."""
        t = self.middle
        return np.array([1.0, 0.0]) if math.isinf(t) else np.array([t, 1.0]) / math.hypot(t, 1.0)


def real_roots(polynomial: Any, *, width: Any = None) -> list[RealRoot]:
    """All real roots in increasing order, each with its multiplicity; intervals are disjoint but for ends, which are no roots.

    ``polynomial``: coefficients from the constant up (anything rational) or a flint polynomial. ``width``: no interval is wider.
    Raises ValueError for the zero polynomial and for a width that is not positive.
    """
    f = _polynomial(polynomial)
    if f.degree() < 0:
        raise ValueError("polynomial must not be zero: every number is a root of 0")
    if width is not None and not rational(width) > 0:
        raise ValueError(f"width must be positive, got {width}")
    if f.degree() == 0:
        return []
    factors = f.factor_squarefree()[1]
    radical = math.prod((factor for factor, _ in factors), start=_polynomial([1]))
    found = _isolate(radical)
    if width is not None:
        found = [_narrow(radical, *interval, rational(width)) for interval in found]
    return [RealRoot(a, b, next(k for factor, k in factors if _has_root(factor, a, b))) for a, b in found]


def projective_roots(form: Sequence[Any], *, width: Any = None) -> list[RealRoot]:
    """Real lines on which sum_k form[k] u_1^k u_2^(p-k) vanishes, with multiplicities: t = u_1/u_2 increasing, infinity last.

    ``form``: p + 1 rational coefficients. Raises ValueError for the zero form.
    """
    f = _polynomial(form)
    if f.degree() < 0:
        raise ValueError("form must not be zero: every line is a root of 0")
    missing = len(form) - 1 - f.degree()
    return real_roots(f, width=width) + ([RealRoot(None, None, missing)] if missing else [])


def number_of_roots(polynomial: Any, lower: Any, upper: Any) -> int:
    """The number of different real roots in (lower, upper], by Sturm's theorem."""
    f = _polynomial(polynomial)
    chain = _sturm_chain(f / f.gcd(f.derivative()) if f.degree() > 0 else f)
    return _sign_changes(chain, rational(lower)) - _sign_changes(chain, rational(upper))


@dataclass(frozen=True)
class CriticalLine:
    """A line on which a form V is critical along the circle; ``kind`` says what V has at ``root.direction``."""

    root: RealRoot
    kind: str


@dataclass(frozen=True)
class CircleMorse:
    """The critical points of a binary form V of degree ``degree`` on the unit circle, by lines."""

    degree: int
    lines: tuple[CriticalLine, ...]

    def count(self, kind: str) -> int:
        """The number of unit directions (both ends of a line) at which V has a ``kind``: "maximum", "minimum" or "inflection"."""
        return len(self.extrema(kind))

    @property
    def multiplicity(self) -> int:
        """The number of critical lines counted with multiplicity; the degree minus it is even."""
        return sum(line.root.multiplicity for line in self.lines)

    @property
    def simple(self) -> bool:
        """Whether every critical line is a simple root, hence every critical point nondegenerate."""
        return all(line.root.multiplicity == 1 for line in self.lines)

    def extrema(self, kind: str) -> list[tuple[np.ndarray, CriticalLine]]:
        """Unit directions (2,) at which V has a ``kind``, each with its line."""
        found = []
        for line in self.lines:
            across = line.kind if self.degree % 2 == 0 else _OPPOSITE[line.kind]  # V(-u) = (-1)^p V(u)
            found += [(sign * line.root.direction, line) for sign, there in ((1, line.kind), (-1, across)) if there == kind]
        return found


def circle_morse(form: Sequence[Any], *, width: Any = None) -> CircleMorse:
    """Critical points of V = sum_k form[k] u_1^k u_2^(p-k) on the circle, and whether V has a maximum or minimum there.

    V has the derivative T = u_1 dV/du_2 - u_2 dV/du_1 along the circle: its lines are the roots of T, and an odd multiplicity is a change
    of sign. Raises ValueError where T = 0: V is constant and every direction critical.
    """
    tangential = [rational(c) for c in tangential_form(form)]
    if not any(tangential):
        raise ValueError("form is constant on the circle: every direction is critical")
    degree, lines = len(form) - 1, []
    roots = projective_roots(tangential, width=width)
    finite = [root for root in roots if not root.at_infinity]
    # The angle grows from u = (1, 0) at t = +infinity to (-1, 0) at t = -infinity, where T has the sign of its leading coefficient first.
    rising = next(c for c in reversed(tangential) if c) > 0
    for root in roots[len(finite) :]:
        lines.append(CriticalLine(root, _kind(rising ^ bool(root.multiplicity % 2), root.multiplicity)))
    for root in reversed(finite):
        lines.append(CriticalLine(root, _kind(rising, root.multiplicity)))
        rising ^= bool(root.multiplicity % 2)
    return CircleMorse(degree, tuple(lines))


def _kind(rising_before: bool, multiplicity: int) -> str:
    if multiplicity % 2 == 0:
        return INFLECTION
    return MAXIMUM if rising_before else MINIMUM


def _polynomial(coefficients: Any) -> Any:
    from flint import fmpq_poly, fmpz_poly

    if isinstance(coefficients, fmpq_poly | fmpz_poly):
        return fmpq_poly(coefficients)
    return fmpq_poly([rational(c) for c in coefficients])


def _sturm_chain(f: Any) -> list[Any]:
    chain = [f, f.derivative()]
    while chain[-1].degree() > 0:
        rest = -(chain[-2] % chain[-1])
        chain.append(rest / abs(rest.leading_coefficient()))  # a positive factor keeps signs, and the numbers small
    return chain


def _sign_changes(chain: Sequence[Any], at: Any) -> int:
    signs = [value > 0 for value in (f(at) for f in chain) if value != 0]
    return sum(a != b for a, b in zip(signs, signs[1:], strict=False))


def _isolate(f: Any) -> list[tuple[Any, Any]]:
    """Isolating intervals of the real roots of a square-free f, in increasing order."""
    from flint import fmpq

    leading = abs(f.leading_coefficient())
    bound = 1 + max(abs(c) / leading for c in f.coeffs())  # Cauchy: all roots lie strictly inside
    end = fmpq(2 ** (int(bound.p) // int(bound.q) + 1).bit_length())
    chain, found = _sturm_chain(f), []
    pieces = [(-end, end, _sign_changes(chain, -end), _sign_changes(chain, end))]
    while pieces:
        a, b, changes_a, changes_b = pieces.pop()
        if changes_a == changes_b:
            continue
        if changes_a - changes_b == 1:
            found.append(_without_root_at_ends(f, a, b))
            continue
        middle = (a + b) / 2
        changes = _sign_changes(chain, middle)
        pieces += [(middle, b, changes, changes_b), (a, middle, changes_a, changes)]
    return found


def _without_root_at_ends(f: Any, a: Any, b: Any) -> tuple[Any, Any]:
    """The interval (a, b] with one root made to exclude another one that may lie at a."""
    if f(b) == 0:
        return b, b
    while f(a) == 0:  # b is no root, so the sign at b tells on which side of the middle the root lies
        middle = (a + b) / 2
        value = f(middle)
        if value == 0:
            return middle, middle
        if (value > 0) == (f(b) > 0):
            b = middle
        else:
            a = middle
    return a, b


def _narrow(f: Any, a: Any, b: Any, width: Any) -> tuple[Any, Any]:
    """The isolating interval (a, b) of a root, at most ``width`` wide."""
    positive = f(b) > 0
    while b - a > width:
        middle = (a + b) / 2
        value = f(middle)
        if value == 0:
            return middle, middle
        if (value > 0) == positive:
            b = middle
        else:
            a = middle
    return a, b


def _has_root(factor: Any, a: Any, b: Any) -> bool:
    """Whether the root of (a, b), or at a = b, is one of the square-free ``factor``, which has at most that one there."""
    if a == b:
        return factor(a) == 0
    return (factor(a) > 0) != (factor(b) > 0)
