r"""Mittag-Leffler functions and Laplace integrals with proofs: series in balls with bounds of what they leave out."""

from __future__ import annotations

from typing import Any

from numerics.arithmetic.krawczyk import ball
from theory.dynamics.fractional import check_order

#: Terms of a series, at most; more of them are needed where size^(1/alpha) is large, and cancel.
MOST_TERMS = 20_000


def mittag_leffler(z: Any, alpha: Any) -> Any:
    """E_alpha(z) = sum_k z^k/Gamma(alpha k + 1) of a real ball ``z``, with its tail, at the working precision.

    Raises ValueError for an order outside (0, 1), a ``z`` that is no finite number, and where the series needs too many terms.
    """
    z = ball(z)
    if not z.is_finite():
        raise ValueError(f"z must be a finite number, got {z}")
    order, size = ball(check_order(alpha)), abs(z).upper()
    terms = _terms(size, order, 1)
    total, power = ball(0), ball(1)
    for k in range(terms):
        total, power = total + power * (order * k + 1).rgamma(), power * z
    return total + _around_zero(2 * size**terms * (order * terms + 1).rgamma())


def _terms(size: Any, order: Any, shift: int) -> int:
    """A k from which sum over j >= k of size^j/Gamma(order j + shift) is at most twice its first term, below 2^-precision.

    The ratio of two terms falls in j, as log Gamma is convex, so it may be taken where it is below 1/2.
    """
    from flint import arb, ctx

    small, k = arb(2) ** -(ctx.prec + 10), 1
    while k <= MOST_TERMS:
        term = size**k * (order * k + shift).rgamma()
        following = size ** (k + 1) * (order * (k + 1) + shift).rgamma()
        if term < small and following <= term / 2:
            return k
        k += 1 + k // 8
    raise ValueError(f"the series needs more than {MOST_TERMS} terms at order {order} and size {size}: raise alpha or s, or lower lam")


def _around_zero(size: Any) -> Any:
    """A ball around 0 that holds everything of absolute value up to the upper end of ``size``."""
    upper = size.upper()
    return upper.union(-upper)


def _lower_gamma(a: Any, x: Any) -> Any:
    """P(a, x) = x^a e^(-x) M(1, a + 1, x)/Gamma(a + 1), a series of positive terms, so that nothing cancels however large a is."""
    return x**a * (-x).exp() * x.hypgeom_1f1(1, a + 1) * (a + 1).rgamma()


def laplace_of_relaxation(alpha: Any, lam: Any, s: Any, *, end: int = 50) -> Any:
    """int_0^oo e^(-s t) E_alpha(-lam t^alpha) dt as a ball, for lam >= 0 and s > 0, at the working precision.

    Up to s t = ``end`` the series is integrated term by term, which holds for every s: the k-th integral is the regularized incomplete
    gamma function P(alpha k + 1, end) <= end^(alpha k + 1)/Gamma(alpha k + 2) over s. Beyond, 0 <= E_alpha(-x) <= 1 (it is completely
    monotone, Pollard 1948) leaves at most e^(-end)/s. Terms of the size of e^(end lam^(1/alpha)/s) cancel. Raises ValueError outside these
    ranges, and where as many bits are more than the working precision.
    """
    from flint import arb, ctx

    order, lam, s = ball(check_order(alpha)), ball(lam), ball(s)
    if not lam >= 0 or not s > 0 or not s.is_finite() or not lam.is_finite():
        raise ValueError(f"lam must be at least 0 and s positive, got {lam} and {s}")
    if not end > 0:
        raise ValueError(f"end must be positive, got {end}")
    x, ratio = ball(end), lam / s**order
    size = (ratio * x**order).upper()
    terms = _terms(size, order, 2)
    if not (cancels := size ** (1 / order) / arb(2).log()) < ctx.prec:
        raise ValueError(
            f"the working precision must exceed {float(cancels):.4g} bits, as many cancel at lam = {lam} and s = {s}, got {ctx.prec}"
        )
    total, power = ball(0), ball(1)
    for k in range(terms):
        total += power * _lower_gamma(order * k + 1, x)
        power *= -ratio
    rest = 2 * x * size**terms * (order * terms + 2).rgamma() + (-x).exp()
    return (total + _around_zero(rest)) / s
