"""Whether all roots of a polynomial lie in the open unit disc, decided in rationals, balls or symbols.

Schur and Cohn: p = a_0 + ... + a_n z^n (real, a_n != 0) has all its roots in the open unit disc exactly if |a_0| < |a_n| and the polynomial
(a_n p - a_0 p*)/z of degree n - 1 has them there, p* being p with its coefficients reversed. So n determinants a_n^2 - a_0^2, one for each
degree, are all positive exactly for such p. A negative one means a root outside the closed disc: polynomials with all roots in the
closed disc are limits of those with all roots in the open one, for which the determinants, continuous in the coefficients, are positive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def determinants(coefficients: Sequence[Any]) -> list[Any]:
    """The n determinants of p, the constant coefficient first; sympy expressions are expanded.

    Raises ValueError where there are fewer than two coefficients, or the last one, a number, is 0.
    """
    p = list(coefficients)
    if len(p) < 2:
        raise ValueError(f"coefficients must be at least 2 (degree 1), the constant first, got {len(p)}")
    if p[-1] == 0:
        raise ValueError("the last coefficient, that of the highest power, must be different from 0")
    found = []
    while len(p) > 1:
        low, high = p[0], p[-1]
        found.append(_plain(high * high - low * low))
        p = [_plain(high * a - low * b) for a, b in zip(p[1:], p[-2::-1], strict=True)]
    return found


def is_schur(coefficients: Sequence[Any]) -> bool | None:
    """Whether all roots lie in the open unit disc: True, False, or None where balls leave it open. Rationals are always decided."""
    signs = [sign(value) for value in determinants(coefficients)]
    if -1 in signs or 0 in signs:
        return False
    return None if None in signs else True


def has_root_outside(coefficients: Sequence[Any]) -> bool | None:
    """True where some root lies outside the closed unit disc, False where all lie in the open one, None where neither is shown (as for
    roots on the circle).
    """
    if -1 in [sign(value) for value in determinants(coefficients)]:
        return True
    return False if is_schur(coefficients) else None


def sign(value: Any) -> int | None:
    """1, 0 or -1; None for a ball that holds 0 and is no exact 0, and for a symbol without a sign."""
    if value > 0:
        return 1
    if value < 0:
        return -1
    return 0 if value == 0 else None


def _plain(value: Any) -> Any:
    return value.expand() if hasattr(value, "expand") else value
