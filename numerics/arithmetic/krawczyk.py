"""Krawczyk's test: a box that provably holds exactly one zero of a system, in ball arithmetic.

For F: R^n -> R^n, a centre m, an approximate inverse C of F'(m) and a box X around m, let
K(X) = m - C F(m) + (I - C F'(X)) (X - m). If K(X) lies in the interior of X, then X holds exactly one zero of F, it lies in K(X), and
F' is invertible on X (Krawczyk 1969; Rump 1983). The certificate is the box as decimals: a referee repeats the one inclusion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from numerics.derivatives.dual import jacobian_of
from theory.elementary import entrywise

#: Equations of as many unknowns, given as a sequence of numbers, balls or duals.
System = Callable[[Any], Sequence[Any]]


class NotCertified(ArithmeticError):
    """The test did not succeed; the message says at which step, and what the best attempt was."""


@dataclass(frozen=True)
class Box:
    """``centre`` (decimal strings) +- ``radius`` (decimal string): exactly one zero, inside ``enclosure`` (arb balls)."""

    centre: tuple[str, ...]
    radius: str
    enclosure: np.ndarray
    bits: int

    def certificate(self) -> dict[str, Any]:
        """Plain data from which the test is repeated."""
        return {"centre": list(self.centre), "radius": self.radius, "bits": self.bits}

    @property
    def midpoint(self) -> np.ndarray:
        """The centre in double precision."""
        return np.array([float(text) for text in self.centre])


@contextmanager
def working_precision(bits: int):
    """Ball arithmetic at ``bits`` bits inside, the precision before outside."""
    from flint import ctx

    before, ctx.prec = ctx.prec, bits
    try:
        yield
    finally:
        ctx.prec = before


def ball(value: Any) -> Any:
    """``value`` (decimal text, int, float, Fraction, Decimal, arb) as a ball that contains it; floats and decimals are read exactly."""
    from flint import arb, fmpq

    if isinstance(value, arb):
        return value
    if type(value) is int:
        return arb(fmpq(value))
    if isinstance(value, float | np.floating):
        return arb(float(value))
    exact = value if type(value) is Fraction else Fraction(value if isinstance(value, str | int | Fraction) else str(value))
    return arb(fmpq(exact.numerator, exact.denominator))


def balls(values: Any) -> np.ndarray:
    """An object array of balls, of the shape of ``values``."""
    array = np.asarray(values, dtype=object)
    return entrywise(ball, array)


def certify_zero(
    function: System,
    guess: Sequence[float],
    *,
    jacobian: Callable[[np.ndarray], np.ndarray] | None = None,
    bits: int = 200,
    radius: str | None = None,
    polish: int = 12,
    widest: float = 1e-3,
) -> Box:
    """A box around ``guess`` that holds exactly one zero of ``function``.

    ``function`` maps an object array (n,) of balls to n balls, ``jacobian`` to an (n, n) object array (by duals when left out). The guess
    is polished by Newton's method in ``bits`` bits; the radius is searched from the size of the last correction up to ``widest`` unless
    given. Raises :class:`NotCertified`.
    """
    jacobian = jacobian or jacobian_of(function)
    with working_precision(bits):
        centre = _polished(function, jacobian, [ball(value) for value in guess], polish) if polish else list(map(ball, guess))
        texts = tuple(_decimal(entry, bits) for entry in centre)
        m = balls(texts)
        inverse = _inverse_at(jacobian, m)
        correction = inverse @ _column(function(m))
        if not all(entry.is_finite() for entry in correction):
            raise NotCertified("the system or the inverse of its Jacobian is not finite at the centre")
        for candidate in [radius] if radius else _radii(correction, widest, bits):
            image = _image(m, correction, inverse, jacobian, ball(candidate))
            if image is not None:
                return Box(texts, candidate, image, bits)
    size = max(float(abs(entry).upper()) for entry in correction)
    raise NotCertified(f"K(X) lies inside X for no radius up to {widest:g}; Newton's correction at the centre is {size:.3g}")


def _column(values: Sequence[Any]) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = list(values)
    return column


def _polished(function: System, jacobian: Callable, x: list[Any], steps: int) -> list[Any]:
    """Newton's method on midpoints; stops where it no longer improves."""
    best = None
    for _ in range(steps):
        x = [entry.mid() for entry in x]
        correction = _solve(jacobian(_column(x)), _column(function(_column(x))))
        size = max(float(abs(entry).upper()) for entry in correction)
        if not np.isfinite(size) or best is not None and size >= best:
            break
        best, x = size, [a - b for a, b in zip(x, correction, strict=True)]
    return [entry.mid() for entry in x]


def _solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    from flint import arb_mat

    middle = arb_mat(matrix.shape[0], matrix.shape[1], [entry.mid() for entry in matrix.ravel()])
    column = arb_mat(len(right), 1, [entry.mid() for entry in right])
    try:
        return _column(middle.solve(column).entries())
    except ZeroDivisionError as error:
        raise NotCertified("the Jacobian is singular within the working precision") from error


def _inverse_at(jacobian: Callable, m: np.ndarray) -> np.ndarray:
    """An approximate inverse of the Jacobian, its entries exact numbers."""
    from flint import arb_mat

    matrix = jacobian(m)
    n = len(m)
    try:
        inverse = arb_mat(n, n, [entry.mid() for entry in matrix.ravel()]).inv()
    except ZeroDivisionError as error:
        raise NotCertified("the Jacobian is singular at the centre within the working precision") from error
    return _column([entry.mid() for entry in inverse.entries()]).reshape(n, n)


def _image(m: np.ndarray, correction: np.ndarray, inverse: np.ndarray, jacobian: Callable, radius: Any) -> np.ndarray | None:
    """K(X) if it lies in the interior of X = m +- radius, otherwise None."""
    from flint import arb

    spread = arb(0, radius.upper())
    box = _column([entry + spread for entry in m])
    defect = -(inverse @ jacobian(box))
    for k in range(len(m)):
        defect[k, k] = defect[k, k] + 1
    offset = -correction + defect @ _column([spread] * len(m))
    limit = radius.lower()
    if not all(abs(entry) < limit for entry in offset):
        return None
    return _column([a + b for a, b in zip(m, offset, strict=True)])


def _radii(correction: np.ndarray, widest: float, bits: int) -> list[str]:
    """Radii to try, as decimals: from twice the correction up in steps of 100, so that the first success is a sharp box."""
    size = max(float(abs(entry).upper()) for entry in correction)
    exponent = max(int(np.floor(np.log10(size))) + 1 if size > 0 else -300, -int(bits * 0.25))
    return [f"1e{k}" for k in range(exponent, int(np.log10(widest)) + 1, 2)] or [f"{widest:g}"]


def _decimal(entry: Any, bits: int) -> str:
    """The midpoint rounded to a decimal of about ``bits`` bits."""
    digits = max(int(bits * 0.3), 15)
    text = entry.mid().str(digits, radius=False)
    return format(Decimal(text), "f")
