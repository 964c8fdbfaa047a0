r"""The 2-cycle of Adam on x^k/k, where it acts like sign descent: x changes its sign at every step and |x| stays.

For even k, all beta1, beta2 and eta the orbit x = +-A, A = (eta/2)(1 - beta1)/(1 + beta1), v = g^2, m = +-(1 - beta1)/(1 + beta1) |g| is
invariant, exactly: v is the square of either gradient, m alternates, and eta m/sqrt(v) = 2A. In the frame that alternates with it the
cycle is a fixed point of three variables, with characteristic polynomial

    z^3 + c2 z^2 + c1 z - beta1 beta2,   c1 = (2k-1) beta1 + (2k-3) beta2 - beta1 beta2,   c2 = 1 + 3 beta1 + beta2 - 2k (beta1 + beta2),

independent of eta. Its roots lie in the open unit disc exactly if beta1 + beta2 > 0 and c1 + beta1 beta2 c2 < 1 - (beta1 beta2)^2: of
Jury's four conditions p(1) = 2 (1 + beta1)(1 - beta2) > 0 and beta1 beta2 < 1 always hold, -p(-1) = 4 (k-1)(beta1 + beta2), and
c1 + beta1 beta2 c2 >= 0. At beta1 = beta2 = 0 (sign descent) there is an eigenvalue -1: every |x| < eta lies on a cycle of its own.
Ours; it bounds what "global" can mean in Theorem 5.7 of arXiv:2603.09581.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any


def amplitude(beta1: Any, eta: Any) -> Any:
    """A = (eta/2)(1 - beta1)/(1 + beta1)."""
    return eta * (1 - beta1) / (2 * (1 + beta1))


def cycle_state(k: int, beta1: Any, eta: Any) -> tuple[Any, Any, Any]:
    """(x, m, v) at the point of the cycle with x > 0, m and v having taken in the gradient there."""
    x = amplitude(beta1, eta)
    g = x ** (k - 1)
    return x, (1 - beta1) / (1 + beta1) * g, g * g


def cycle_polynomial(k: Any, beta1: Any, beta2: Any) -> list[Any]:
    """Coefficients of the characteristic polynomial in the alternating frame, the constant first and the leading 1 last."""
    c1 = (2 * k - 1) * beta1 + (2 * k - 3) * beta2 - beta1 * beta2
    c2 = 1 + 3 * beta1 + beta2 - 2 * k * (beta1 + beta2)
    return [-beta1 * beta2, c1, c2, 1]


def cycle_margin(k: Any, beta1: Any, beta2: Any) -> Any:
    """1 - (beta1 beta2)^2 - c1 - beta1 beta2 c2: for beta1 + beta2 > 0 the cycle attracts where it is positive, repels where negative."""
    c0, c1, c2, _ = cycle_polynomial(k, beta1, beta2)
    return 1 - c0 * c0 - (c1 - c0 * c2)


def bistable_range(k: int) -> tuple[Fraction, Fraction] | None:
    """The beta2 at beta1 = 0 for which the minimum and the 2-cycle both attract: ((k-2)/k)^(2(k-2)) < beta2 < 1/(2k-3).

    None where that interval is empty: from k = 26 on, since its lower end tends to exp(-4).
    """
    low, high = Fraction(k - 2, k) ** (2 * (k - 2)), Fraction(1, 2 * k - 3)
    return (low, high) if low < high else None
