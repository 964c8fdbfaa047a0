r"""What samples make of frequencies: aliases on equispaced points, leaks of a parity, and how fast a penalty on frequencies must grow.

On n equispaced points of the circle e^(ikx) and e^(ik'x) agree exactly if k = k' mod n. Aliasing as a reason for grokking:
arXiv:2405.17479;
the critical growth alpha = d of a penalty |k|^alpha in R^d: arXiv:2105.11675.
"""

from __future__ import annotations

import math
from fractions import Fraction
from numbers import Integral
from typing import Any

from theory.dynamics.arguments import PLAIN, finite, integer

REGIMES = ("trivial", "boundary", "regular")


def alias(k: int, n: int) -> int:
    """The frequency in (-n/2, n/2] that agrees with k on n equispaced points.

    :raises ValueError: for n that is no integer of at least 1, or k that is no integer.
    """
    if isinstance(n, bool) or not isinstance(n, Integral) or n < 1:
        raise ValueError(f"n must be an integer of at least 1, got {n}")
    if isinstance(k, bool) or not isinstance(k, Integral):
        raise ValueError(f"k must be an integer, got {k}")
    low = k % n
    return low - n if 2 * low > n else low


def spurious_coefficient(cross: float, square: float, uniform: int) -> float:
    """E[(S + X)/(Q + Y)]: the mean coefficient of sin x in the best fit of sin 6x by it alone, at designed points and ``uniform`` others.

    S (``cross``) and Q (``square``) are the sums of sin x sin 6x and sin^2 x over the designed points, X and Y those over ``uniform``
    points that are independent and uniform on even points of the circle, n of them, n even. x -> pi - x turns X into -X and leaves Y, so it
    is S E[1/(Q + Y)] = S int_0^oo e^(-tQ) (e^(-t/2) I_0(t/2))^u dt, up to terms as small as I_n(t/2). To first order it is S/(Q + u/2); by
    Jensen's inequality it is further from 0.

    :raises ValueError: for numbers that are not finite, a square that is not positive where S is not 0, or a negative number of points.
    """
    from scipy.integrate import quad
    from scipy.special import ive

    for name, value in (("cross", cross), ("square", square), ("uniform", uniform)):
        finite(name, value)
    if uniform < 0 or square < 0 or (square == 0 and cross != 0):
        raise ValueError(f"expected square > 0 and uniform >= 0, got {square} and {uniform}")
    if cross == 0:
        return 0.0
    scale = square + uniform / 2
    integrand = lambda t: math.exp(-square * t / scale) * float(ive(0, t / (2 * scale))) ** uniform
    return cross / scale * quad(integrand, 0, math.inf, epsabs=1e-12)[0]


def leak(n: int, size: int) -> Fraction:
    """(size - n)/(n (size - 1)): the mean square over subsets of n of ``size`` = 2^d points of the coefficient that a parity has on
    another character there.

    :raises ValueError: for a subset larger than the domain, an empty one, a domain of fewer than two points, or numbers that are no
        integers.
    """
    integer("n", n, 0)
    integer("size", size, 0)
    if size < 2 or not 1 <= n <= size:
        raise ValueError(f"a subset of a domain of at least 2 points has between 1 and {size} of them, got n = {n}")
    return Fraction(size - n, n * (size - 1))


def boundary(alpha: Any, dimension: int) -> str:
    """What minimizing sum <k>^alpha |c_k|^2 under finitely many point values does in R^d: "regular" (a minimizer) for alpha > d, "trivial"
    (infimum 0) for alpha < d; at the critical alpha = d, the "boundary", the infimum is 0 too, approached like 1/log of the cut-off.

    :raises ValueError: for a dimension that is no integer of at least 1, or alpha that is no finite number.
    """
    if isinstance(dimension, bool) or not isinstance(dimension, Integral) or dimension < 1:
        raise ValueError(f"dimension must be an integer of at least 1, got {dimension}")
    if not abs(alpha) < float("inf"):
        raise ValueError(f"alpha must be a finite number, got {alpha}")
    return "boundary" if alpha == dimension else "regular" if alpha > dimension else "trivial"


def monotone_sum_bound(largest: Any, sine: Any) -> Any:
    """|sum_(|k| <= M) c_|k| e^(ikx)| is at most c_0/|sin(x/2)| for c_0 >= c_1 >= ... >= 0 (partial summation, Dirichlet's kernel).

    :raises ValueError: for a sine of 0.
    """
    _not_zero("sine", sine)
    return largest / abs(sine)


def off_diagonal_share(samples: int, diagonal: Any, below: Any, sine: Any) -> Any:
    """delta = (n - 1) K'(0)/(s K(0)): then E K(0)/|y|^2 lies between 1/(1 + delta) and 1/(1 - delta) (Gershgorin).

    K(0) and K'(0) are the sums of <k>^(-alpha) over |k| <= M in dimensions d and d - 1; s is the least over pairs of samples of the largest
    |sin| of half a difference of coordinates.

    :raises ValueError: for a sine or a K(0) of 0.
    """
    _not_zero("sine", sine)
    _not_zero("diagonal", diagonal)
    return (samples - 1) * below / (sine * diagonal)


def _not_zero(name: str, value: Any) -> None:
    if isinstance(value, PLAIN) and value == 0:
        raise ValueError(f"{name} must not be 0: at points that agree there is no bound")
