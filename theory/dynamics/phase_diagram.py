r"""Phase diagrams of wide ReLU networks: how far each layer moves, as a power of the width.

Two layers (arXiv:2007.07497): f(x) = (1/alpha) sum_j a_j sigma(w_j . x), a_j ~ N(0, beta1^2), w_j ~ N(0, beta2^2 I), loss
(1/2n) sum_i e_i^2. In a/beta1, w/beta2 and time t/(beta1 beta2) the flow knows kappa = beta1 beta2/alpha and kappa' = beta1/beta2 alone:

    a' = -(kappa/kappa') (1/n) sum_i e_i sigma(w . x_i),    w' = -kappa kappa' (1/n) sum_i e_i a sigma'(w . x_i) x_i.

With kappa = m^-gamma and kappa' = m^-gamma' the relative distance RD(w) = sup_t |w(t) - w(0)|/|w(0)| of all input weights is a power
m^S of the width. The source proves where S is negative and where it is positive; its value is ours, from a network that can be solved.
Three layers (arXiv:2205.12101): standard deviations m^-gamma_l of every layer's weights, alpha = 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from theory.dynamics.arguments import at_least

Half = Fraction(1, 2)

#: Slopes d log RD(w)/d log m printed for gamma' = 0, from m = 1000 .. 40,000 and four samples (arXiv:2007.07497).
PUBLISHED_SLOPES = {Fraction(1, 2): -0.506, Fraction(1): 0.007, Fraction(7, 4): 0.372}


@dataclass(frozen=True)
class Scaling:
    """f = (1/alpha) sum_j a_j sigma(w_j . x) with a_j ~ N(0, beta1^2) and w_j ~ N(0, beta2^2 I); all three positive."""

    alpha: Any
    beta1: Any
    beta2: Any

    def __post_init__(self) -> None:
        positive(alpha=self.alpha, beta1=self.beta1, beta2=self.beta2)

    @property
    def kappa(self) -> Any:
        """beta1 beta2/alpha."""
        return self.beta1 * self.beta2 / self.alpha

    @property
    def kappa_prime(self) -> Any:
        """beta1/beta2."""
        return self.beta1 / self.beta2

    def place(self, width: int) -> tuple[float, float]:
        """(-log kappa/log m, -log kappa'/log m) at ``width`` m >= 2: gamma and gamma' up to terms of order 1/log m."""
        if width < 2:
            raise ValueError(f"width must be at least 2, got {width!r}")
        alpha, beta1, beta2 = (math.log(value) for value in (self.alpha, self.beta1, self.beta2))  # products may leave the floats
        return (alpha - beta1 - beta2) / math.log(width), (beta2 - beta1) / math.log(width)


class Initialization(NamedTuple):
    """A named initialization: ``scaling(m, d, sqrt)``, and the place (gamma, gamma') to which it comes as m grows."""

    scaling: Callable[..., Scaling]
    gamma: Fraction
    gamma_prime: Fraction


#: Table 1 of arXiv:2007.07497, for m hidden neurons and d inputs; ``sqrt`` is that of the arithmetic in use.
INITIALIZATIONS = {
    "lecun": Initialization(lambda m, d, sqrt: Scaling(1, sqrt(1 / m), sqrt(1 / d)), Half, Half),
    "he": Initialization(lambda m, d, sqrt: Scaling(1, sqrt(2 / m), sqrt(2 / d)), Half, Half),
    "xavier": Initialization(lambda m, d, sqrt: Scaling(1, sqrt(2 / (m + 1)), sqrt(2 / (m + d))), Fraction(1), Fraction(0)),
    "mean-field": Initialization(lambda m, d, sqrt: Scaling(m, 1, 1), Fraction(1), Fraction(0)),
    "ntk": Initialization(lambda m, d, sqrt: Scaling(sqrt(m), 1, 1), Half, Fraction(0)),
}


def initialization(name: str) -> Initialization:
    """The initialization called ``name``. Raises ValueError for another name."""
    if name not in INITIALIZATIONS:
        raise ValueError(f"initialization must be one of {', '.join(INITIALIZATIONS)}, got {name!r}")
    return INITIALIZATIONS[name]


def slopes(sigma: Any, a: Any, w: Any, x: Any, y: Any, kappa: Any, kappa_prime: Any) -> tuple[Any, Any]:
    """(a', w') of the normalised flow at ``a`` (m,), ``w`` (m, d), on inputs ``x`` (n, d) and labels ``y`` (n,), in any arithmetic.

    ``sigma`` is an activation of :mod:`theory.activations`. With kappa = 1/alpha and kappa' = 1 it is the flow of the network itself.
    """
    value, slope = sigma.jet(x @ w.T, 1)
    errors = (kappa * (value @ a) - y) / len(x)
    return -(kappa / kappa_prime) * (errors @ value), -(kappa * kappa_prime) * ((errors[:, None] * slope * a).T @ x)


def scaling_at(gamma: float, gamma_prime: float, width: int) -> Scaling:
    """alpha = 1, beta1 = m^-(gamma + gamma')/2, beta2 = m^-(gamma - gamma')/2: kappa = m^-gamma and kappa' = m^-gamma'."""
    check_place(gamma, gamma_prime)
    if not width >= 1:
        raise ValueError(f"width must be at least 1, got {width!r}")
    powers = -(float(gamma) + float(gamma_prime)) / 2, -(float(gamma) - float(gamma_prime)) / 2
    if max(map(abs, powers)) * math.log(width) > 690:  # e^690 is about 1e300
        raise ValueError(f"gamma and gamma' must give deviations between 1e-300 and 1e300 at width {width}, got {gamma} and {gamma_prime}")
    return Scaling(1.0, width ** powers[0], width ** powers[1])


def check_place(*exponents: Any) -> None:
    """Raise ValueError for exponents that are no finite numbers."""
    for value in exponents:
        if isinstance(value, bool) or not isinstance(value, int | float | Fraction | np.integer | np.floating) or not math.isfinite(value):
            raise ValueError(f"gamma and gamma' must be finite numbers, got {value!r}")


def positive(**numbers: Any) -> None:
    """Raise ValueError, by name, for a number that is not positive; symbols are taken on trust."""
    for name, value in numbers.items():
        if not getattr(value, "free_symbols", None) and not value > 0:
            raise ValueError(f"{name} must be positive, got {value!r}")


def _largest_growth(gamma: Any, gamma_prime: Any) -> Any:
    """Q = gamma - 1 - |gamma'|: sinh(2 theta) is of order m^Q where the solvable network has fitted its sample."""
    return gamma - 1 - abs(gamma_prime)


def distance_exponent(gamma: Any, gamma_prime: Any, *, zero_output: bool = True) -> Any:
    """S with RD(w) ~ m^S: max(min(2Q, Q/2), min(Q, Q/2) - gamma') with Q = gamma - 1 - |gamma'|.

    In regions: (gamma - 1 - gamma')/2 where both layers grow (gamma - 1 > |gamma'|), gamma - 1 where w has to grow alone
    (gamma' <= min(1 - gamma, 0)), 2 (gamma - 1 - gamma') where a grows and w hardly moves, and gamma - 1 - 2 gamma' where neither does
    (0 <= gamma' and gamma <= 1). Without zero output at the start it is known for gamma >= 1/2 only: below, the start itself has to
    be unlearned, which is said by a ValueError.
    """
    check_place(gamma, gamma_prime)
    if not zero_output and gamma < Half:
        raise ValueError(
            f"gamma must be at least 1/2 where the output at the start is not zero (it is of order m^(1/2 - gamma)), got {gamma}"
        )
    growth = _largest_growth(gamma, gamma_prime)
    return max(min(2 * growth, growth / 2), min(growth, growth / 2) - gamma_prime)


def output_distance_exponent(gamma: Any, gamma_prime: Any, *, zero_output: bool = True) -> Any:
    """The same of the output weights a: the layers change places with the sign of gamma'."""
    return distance_exponent(gamma, -gamma_prime, zero_output=zero_output)


def regional_exponent(gamma: Any, gamma_prime: Any) -> Any:
    """:func:`distance_exponent` written region by region."""
    if gamma <= 1:
        return gamma - 1 if gamma_prime <= 0 else gamma - 1 - 2 * gamma_prime
    if gamma_prime > gamma - 1:
        return 2 * (gamma - 1 - gamma_prime)
    return (gamma - 1 - gamma_prime) / 2 if gamma_prime >= 1 - gamma else gamma - 1


def regime(gamma: Any, gamma_prime: Any) -> str:
    """ "linear" (gamma < 1 or gamma' > gamma - 1), "condensed" (gamma > 1 and gamma' < gamma - 1), else "critical": Theorems 6 and 8."""
    check_place(gamma, gamma_prime)
    if gamma < 1 or gamma_prime > gamma - 1:
        return "linear"
    return "condensed" if gamma > 1 and gamma_prime < gamma - 1 else "critical"


class Solved(NamedTuple):
    """The linear network on one sample when it has fitted it: q = sinh(2 theta), and the relative distances of both layers.

    ``along`` is the mean of s^2 over neurons, s the component of w along the sample, in units of its value at the start.
    """

    q: Any
    input_distance: Any
    output_distance: Any
    along: Any


def solved_network(kappa: Any, kappa_prime: Any, width: Any, *, sqrt: Callable = math.sqrt) -> Solved:
    r"""f = kappa sum_j a_j s_j on one sample, label 1, from the balanced start sum a^2 = sum s^2 = m, sum a s = 0 (pairs), fitted.

    kappa' a_j +- s_j grow or shrink like e^(+-theta), theta = kappa int -e dt; f = 1 is met where sinh 2 theta = q,
    q = 2/(kappa m (kappa' + 1/kappa')). Then RD(s)^2 = (cosh theta - 1)^2 + kappa'^2 sinh^2 theta, RD(a)^2 with 1/kappa' for kappa'.
    Both grow with theta, so that the last value is the supremum. Raises ValueError for numbers that are not positive, and where sinh
    2 theta leaves the floats.
    """
    positive(kappa=kappa, kappa_prime=kappa_prime, width=width)
    q = 2 / (kappa * width * (kappa_prime + 1 / kappa_prime))
    if isinstance(q, float) and not q < 1e150:
        raise ValueError(f"kappa and kappa' must have sinh 2 theta below 1e150 in floats, got {kappa} and {kappa_prime}: take balls")
    root = sqrt(1 + q * q)  # cosh 2 theta
    sinh_squared = q * q / (2 * (root + 1))
    cosh = sqrt((root + 1) / 2)
    raised = sinh_squared / (cosh + 1)  # cosh - 1, without cancellation
    distance = lambda ratio: sqrt(raised * raised + ratio * ratio * sinh_squared)
    return Solved(q, distance(kappa_prime), distance(1 / kappa_prime), cosh * cosh + kappa_prime * kappa_prime * sinh_squared)


# ------------------------------------------------------------------------------------------------ bounds at finite width


def condensed_lower_bound(kappa: Any, kappa_prime: Any, width: Any, inputs: Any, *, sqrt: Callable = math.sqrt) -> Any:
    """B with |w(T)|^2 >= B = min(1, kappa')/(16 sqrt(d) kappa) for all input weights together, ``inputs`` d with the constant one.

    It holds where R_S(T) <= 1/(32 n), some y_i >= 1/2, x in [0, 1]^d with x_d = 1, m kappa <= 1/(3 sqrt d) and |a(0)|^2 <= 3m/2: Theorem 8
    of arXiv:2007.07497 without its limit. ``width`` only has its condition checked: a ValueError says where m kappa is too large.
    """
    positive(kappa=kappa, kappa_prime=kappa_prime, width=width, inputs=inputs)
    root = sqrt(inputs)
    if 3 * root * width * kappa > 1:
        raise ValueError(f"m kappa must be at most 1/(3 sqrt d), got m kappa = {width * kappa} for d = {inputs}")
    return min(1, kappa_prime) / (16 * root * kappa)


def condensed_distance_bound(kappa: float, kappa_prime: float, width: int, inputs: int) -> float:
    """RD(w) >= sqrt(min(1, kappa')/(24 d^(3/2) m kappa)) - 1 where moreover |w(0)|^2 <= 3 d m/2.

    The assumptions of :func:`condensed_lower_bound` are those of this bound: R_S <= 1/(32 n) with some y_i >= 1/2, inputs in the unit
    cube with last entry 1, |a(0)|^2 <= 3m/2; m kappa <= 1/(3 sqrt d) alone is checked. Raises ValueError as it does.
    """
    return math.sqrt(condensed_lower_bound(kappa, kappa_prime, width, inputs) / (1.5 * inputs * width)) - 1


def decay_rate(kappa: Any, kappa_prime: Any, width: Any, samples: int, least: Any, *, share: Any = 1) -> Any:
    """2 m kappa^2 share (kappa' + 1/kappa') least/n: R(t) <= R(0) e^(-rate t) while both Gram matrices keep ``share`` of ``least``.

    ``least`` is the lesser of their least eigenvalues.
    At share 1/2 it is at least the 2 m kappa^2 least/n of Theorem 6 (b), as kappa' + 1/kappa' >= 2. Raises ValueError for numbers that are
    not positive, ``least`` aside, which may be 0.
    """
    positive(kappa=kappa, kappa_prime=kappa_prime, width=width, samples=samples, share=share)
    at_least("least", least, 0)
    return 2 * width * kappa * kappa * share * least * (kappa_prime + 1 / kappa_prime) / samples


def lazy_distance_bound(kappa: float, kappa_prime: float, rate: float, loss: float, outputs: float, radius: float, start: float) -> float:
    """RD(w) <= kappa kappa' r sqrt(2 R(0)) A (2/rate)/|w(0)|, as |w'| <= kappa kappa' r sqrt(2R) |a|.

    A = ``outputs`` is the largest |a(t)|, r = ``radius`` the largest |x_i|, ``start`` |w(0)|, all of the normalised flow. Raises ValueError
    for a kappa, kappa', rate or start that is not positive, or a negative loss.
    """
    positive(kappa=kappa, kappa_prime=kappa_prime, rate=rate, start=start)
    at_least("loss", loss, 0)
    return kappa * kappa_prime * radius * math.sqrt(2 * loss) * outputs * (2 / rate) / start


def arc_cosine_gram(x: Any, *, acos: Callable = math.acos, sqrt: Callable = math.sqrt, pi: Any = math.pi) -> tuple[Any, Any]:
    """(K_a, K_w), each (n, n): E sigma(w.x) sigma(w.x') and x.x' E sigma'(w.x) sigma'(w.x') for ReLU and w ~ N(0, I).

    With the angle phi between x and x': |x||x'| (sin phi + (pi - phi) cos phi)/(2 pi) and x.x' (pi - phi)/(2 pi) (Cho and Saul 2009).
    A row that is zero has zero means. ``x`` (n, d), entries of any arithmetic that has the functions given; the angles of floats are taken
    where parallel rows do not cancel. Raises ValueError for another shape.
    """
    x = np.asarray(x)
    if x.ndim != 2:
        raise ValueError(f"x must have shape (n, d), got {x.shape}")
    n, inner = len(x), x @ x.T
    first, second = np.empty((n, n), dtype=object), np.empty((n, n), dtype=object)
    for i in range(n):
        for k in range(n):
            if i == k:  # phi = 0
                first[i, k] = second[i, k] = inner[i, i] / 2
                continue
            if inner[i, i] == 0 or inner[k, k] == 0:
                first[i, k] = second[i, k] = inner[i, k]
                continue
            size = sqrt(inner[i, i] * inner[k, k])
            if isinstance(size, float):
                angle = _angle(x[i], x[k])
                rest, cosine, sine = math.pi - angle, math.cos(angle), math.sin(angle)
            else:
                cosine = inner[i, k] / size
                rest = pi - acos(cosine)
                sine = sqrt(inner[i, i] * inner[k, k] - inner[i, k] * inner[i, k]) / size
            first[i, k] = size * (sine + rest * cosine) / (2 * pi)
            second[i, k] = inner[i, k] * rest / (2 * pi)
    return first, second


def _angle(first: Any, second: Any) -> float:
    """2 atan(|u - v|/|u + v|) for the directions u and v of two float vectors (Kahan): all digits, where a cosine near 1 has half."""
    u, v = (np.asarray(vector, dtype=float) / np.linalg.norm(np.asarray(vector, dtype=float)) for vector in (first, second))
    return 2 * math.atan2(float(np.linalg.norm(u - v)), float(np.linalg.norm(u + v)))


# --------------------------------------------------------------------------------------------------------- three layers


def three_layer_exponents(gamma1: Any, gamma2: Any, gamma3: Any) -> tuple[Any, Any, Any]:
    """(S_1, S_2, S_3) of f = a . sigma(W2 sigma(W1 x)), deviations m^-gamma_l with every gamma_l >= 1/2, f = 0 at the start.

    (gamma1 - 1/2, gamma2 - 1, gamma3 - 1/2): all three layers grow by a part of one direction whose size is of order one, as
    |W1|^2, |W2|^2 and |a|^2 grow alike, beside starts of sizes m^(1/2 - gamma1), m^(1 - gamma2), m^(1/2 - gamma3). Raises ValueError for
    exponents below 1/2; for gamma1 = 0 see :func:`upper_exponents`.
    """
    check_place(gamma1, gamma2, gamma3)
    if min(gamma1, gamma2, gamma3) < Half:
        raise ValueError(
            f"exponents must all be at least 1/2, got {tuple(map(str, (gamma1, gamma2, gamma3)))}: below, the law is known for"
            f" gamma1 = 0 alone"
        )
    return gamma1 - Half, gamma2 - 1, gamma3 - Half


def upper_exponents(gamma2: Any, gamma3: Any) -> tuple[Any, Any]:
    """(S_2, S_3) where the first layer has weights of order one (gamma1 = 0) and learns no faster than the upper two.

    The upper two layers are then a two-layer network at (gamma2 + gamma3 - 1/2, gamma3 - gamma2): its inputs, sigma(W1 x), have length
    m^(1/2). They span few of the m directions of W2, so that S_2 is that network's S less 1/2. Raises ValueError where gamma2 and gamma3
    are both negative: there the first layer learns fastest (:func:`kernel_exponents`), and the upper two move less than this.
    """
    check_place(gamma2, gamma3)
    if max(gamma2, gamma3) < 0:
        raise ValueError(
            f"gamma2 and gamma3 must not both be negative where gamma1 = 0, got {gamma2} and {gamma3}: there the first layer learns fastest"
        )
    place = gamma2 + gamma3 - Half, gamma3 - gamma2
    return distance_exponent(*place) - Half, output_distance_exponent(*place)


def kernel_exponents(gamma2: Any, gamma3: Any) -> tuple[Any, Any, Any]:
    """Powers of m of the three layers' parts of the tangent kernel at the start, for gamma1 = 0.

    |W2^T a|^2, |sigma(W1 x)|^2 |a|^2 and |sigma(W2 sigma(W1 x))|^2 are of order m^2 times m^(-2 gamma2 - 2 gamma3), m^(-2 gamma3) and
    m^(-2 gamma2): the first layer's part exceeds the others exactly where max(gamma2, gamma3) < 0.
    """
    check_place(gamma2, gamma3)
    return 2 - 2 * gamma2 - 2 * gamma3, 2 - 2 * gamma3, 2 - 2 * gamma2


def three_layer_bound(largest: Any, inputs: Any, *, sqrt: Callable = math.sqrt) -> Any:
    """Delta with |W_l(T)|^2 >= |W_l(0)|^2 + Delta for all three layers of a ReLU network whose output is 1/4 somewhere in the unit cube.

    Delta = (1/(4 sqrt d))^(2/3) - M^2, M the ``largest`` of |W1(0)|, |W2(0)|, |a(0)| and d = ``inputs``; it may be negative.
    Raises ValueError for no inputs.
    """
    positive(inputs=inputs)
    return (1 / (4 * sqrt(inputs))) ** (2 / 3) - largest**2
