r"""A target of two frequencies: the loss of the lower one falls, and falls faster, once its gradient is the longer one."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.dominance import in_ball, pulls
from proofs_check import Assumption, axes, claim, false
from proofs_check.judging import at_most, equal, true, worst

from . import LOW_FIRST, PRINCIPLE, SEEN

TWO = claim(
    "fprinciple.two_frequencies",
    "Two frequencies: with small weights the loss of the lower one falls faster",
    r"L = L(k_1) + L(k_2): \; \dot L(k_1) \le 0 \text{ and } \dot L(k_1) \le \dot L(k_2) \iff |\nabla L(k_1)| \ge |\nabla L(k_2)|",
    clauses={
        "criterion": r"\dot L(k_1) \le 0 \wedge \dot L(k_1) \le \dot L(k_2) \iff |\nabla L(k_1)| \ge |\nabla L(k_2)|",
        "everywhere": r"|\nabla L(k_1)| > |\nabla L(k_2)| \text{ for every } w \ne 0 \text{ with } |w_j| \le \delta, \; \delta \text{ small"
        r" enough, given}"
        r" \; m, |a_j|, |b_j|, h, k_1 \text{ and } k_2",
    },
    symbols=["L", "D", "h", "k", "k_1", "k_2", "w", "a", "b", "m", r"\delta", r"\theta"],
    assumptions=[
        LOW_FIRST,
        SEEN,
        Assumption("flow", r"\dot\theta = -\nabla L", unprobed="the dots are those of gradient flow"),
        Assumption(
            "output",
            r"a_j \ne 0",
            unprobed="where all are 0 the gradients by w and b are 0; by a alone the cosines of single neurons count",
        ),
        Assumption("small weights", r"\delta \text{ small}"),
        Assumption("a weight", r"w_j \ne 0 \text{ for some } j", unprobed="at w = 0 the network is constant and both gradients are 0"),
    ],
    source=PRINCIPLE.at("Theorem 2; the criterion and the absence of exceptions are ours"),
    depends_on=["fprinciple.gradient_dominance"],
    refuted_by="gradients for which one side holds and the other does not, or small weights at which the higher one is longer",
    notes="The theorem has the share of exceptions 1 - C e^(-c/delta) of the one before. Lengths of gradients need none: where the"
    " slope by a vanishes that by b does not. The proof names a delta.",
)


@TWO.check(
    "symbolic",
    ["difference", "fall"],
    clauses="criterion",
    covers="statement",
    scope="all gradients p, q: with s = p.p, t = q.q, r = p.q the rates are -(s + r) and -(t + r); where s >= t also 2(s + r) = |p +"
    " q|^2 + s - t >= 0",
)
@false("the rates without the other gradient", cross=0)
@false("twice the cross term (s)", cross=2)
def criterion(part, *, cross=1, context):
    """dL(k_1)/dt = -grad L(k_1) . grad L and the two identities."""
    import sympy

    p, q = sympy.symbols("p0:2"), sympy.symbols("q0:2")
    dot = lambda u, v: sum(x * y for x, y in zip(u, v, strict=True))
    both = [x + y for x, y in zip(p, q, strict=True)]
    first, second = -(dot(p, p) + cross * dot(p, q)), -dot(q, both)
    if part == "difference":
        return equal(
            difference=(sympy.expand(dot(q, q) - dot(p, p)), sympy.expand(first - second)),
            rate=(sympy.expand(-dot(p, both)), sympy.expand(first)),
        )
    return equal(fall=(sympy.expand(dot(both, both) + dot(p, p) - dot(q, q)), sympy.expand(-2 * first)))


VECTORS = axes(size=(1, 2, 3, 6), kind=("any", "opposite", "equal length", "nearly equal length"), quick=10, standard=60, full=400)


def gradients(cell, rng):
    p = rng.integers(-3, 4, cell.size)
    if cell.kind == "any":
        return p, rng.integers(-3, 4, cell.size)
    if cell.kind == "opposite":
        return p, -p * int(rng.integers(1, 3))
    turned = rng.permutation(p) * rng.choice([-1, 1], cell.size)
    if cell.kind == "equal length":
        return p, turned
    return 100 * p, 100 * turned + rng.integers(-1, 2) * (np.arange(cell.size) == 0)


@TWO.check("exact", gradients, VECTORS, clauses="criterion")
@false("entry by entry (s)", longer=lambda p, q: bool((np.abs(p) >= np.abs(q)).all()))
@false("strictly longer (s)", longer=lambda p, q: int(p @ p) > int(q @ q))
@false("the product decides", longer=lambda p, q: int(p @ q) >= 0)
def vectors(cell, drawn, *, longer=lambda p, q: int(p @ p) >= int(q @ q), context):
    """Integer gradients, opposite, of equal and of nearly equal length among them."""
    p, q = drawn
    first, second = -int(p @ (p + q)), -int(q @ (p + q))
    return equal(both=(longer(p, q), first <= 0 and first <= second), shown={"p": p.tolist(), "q": q.tolist()})


@TWO.check(
    "symbolic",
    ["slopes by a and b", "slope by w", "errors", "fall"],
    clauses="everywhere",
    covers="statement",
    scope="all networks with a_j != 0 and all w; u_j = 1/|w_j| (w_j = 0: no slope). Per neuron the squares of the slopes are at least |D|^2"
    " |T|^2 min(1, |a| k_1 u)^2, at most |D|^2 |T|^2 (1 + (a k_2 u)^2 (1 + u^2 (pi/2 + |b|)^2)); for delta^2 <= pi^2 k^3 |h(k_1)|/(96 sum"
    " |a_j|), k = k_1 and k_2, |D(k_1)| >= |h(k_1)|/2 and |D(k_2)| <= |h(k_2)| + |h(k_1)|/2; with |T(k_2)/T(k_1)| <= e^(-c/(2|w|)), c ="
    " pi (k_2 - k_1) (fprinciple.gradient_dominance), the quotient of a neuron's squares is at most (1 + 2 |h(k_2)/h(k_1)|)^2 C u^4 e^(-c"
    " u) <= 120 (1 + 2 |h(k_2)/h(k_1)|)^2 C delta/c^5 at delta <= 1 and |a_j| k_1: below 1 for small delta; that of the sums is no larger"
    " than the largest",
)
@false("the slope by a alone", turned=0)
@false("x coth x - 1 at most x/2 (s)", most=Fraction(1, 2))
@false("the square of u (s)", power=2)
def no_exceptions(part, *, turned=1, most=1, power=4, context):
    """The identities and the coefficients of power series, none of them negative, that the inequalities rest on."""
    import sympy

    if part == "slopes by a and b":
        p, q, x, y, c = sympy.symbols("p q x y c", real=True)
        a, b = p * x + q * y, turned * (q * x - p * y)  # Re conj(D) T and Re conj(D) i T
        squares = a**2 + c**2 * b**2  # c = a k u
        length = (p**2 + q**2) * (x**2 + y**2)
        return equal(
            c_at_most_1=(sympy.expand((1 - c**2) * a**2), sympy.expand(squares - c**2 * length)),
            c_at_least_1=(sympy.expand((c**2 - 1) * b**2), sympy.expand(squares - length)),
        )
    n = sympy.Symbol("n", integer=True, nonnegative=True)
    if part == "slope by w":  # 0 <= x coth x - 1 <= x, after sinh x and 2 e^x sinh x
        E, x = sympy.symbols("E x", positive=True)  # E = e^(2x) >= 1 + 2x
        above = sympy.expand((1 + most * x) * (E - 1) - x * (E + 1))
        below = sympy.gammasimp(1 / sympy.gamma(2 * n + 1) - 1 / sympy.gamma(2 * n + 2))  # of x^(2n + 1) in x cosh x - sinh x
        return equal(above=(E - 1 - 2 * x, above), below=(0, sympy.gammasimp(below - 2 * n / sympy.gamma(2 * n + 2))))
    if part == "errors":  # |T(k)| = (2/k) x/sinh x <= (2/k) 6/x^2 at x = pi k u/2, as sinh x >= x^3/6
        k, u = sympy.symbols("k u", positive=True)
        x = sympy.pi * k * u / 2
        return equal(bound=(48 / (sympy.pi**2 * k**3 * u**2), sympy.cancel(2 / k * 6 / x**2)))
    A, beta, u, c = sympy.symbols("A beta u c", positive=True)  # A = (a k_2)^2, beta = pi/2 + |b|; e^(cu) >= (cu)^5/120
    above = (1 + A * (1 + beta**2)) * u**power - (1 + A * u**2 * (1 + beta**2 * u**2))
    return equal(
        above=(sympy.expand((u**2 - 1) * ((1 + A) * u**2 + 1)), sympy.expand(above)),
        decay=(120 / (c**5 * u), sympy.cancel(u**4 * 120 / (c * u) ** 5)),
    )


REGIONS = axes(m=(1, 3, 10), k=((1, 2), (2, 3), (1, 5)), quick=1, standard=10, full=100)


def network(cell, rng):
    """|a_j|, |b_j| and targets of eighths."""
    number = lambda low, high: Fraction(int(rng.integers(low, high)), 8)
    return [number(4, 13) for _ in range(cell.m)], [number(0, 17) for _ in range(cell.m)], [number(6, 17), number(6, 17)]


def quotient(a, b, h, k, u, power=2):
    """At 1/|w_j| = u and, as it falls, beyond: a bound of |grad L(k_2)|^2/|grad L(k_1)|^2 over all signs and phases, in balls.

    |D(k_1)| >= |h_1| - sum |a_j T_j|, |D(k_2)| likewise from above; per neuron the squares of the slopes are at most
    |D|^2 |T|^2 (1 + a^2 k^2 u^2 (1 + u^2 (pi/2 + |b|)^2)), at least |D|^2 |T|^2 min(1, a k_1 u)^2, and T falls by e^(-pi (k_2 - k_1) u/2).
    """
    from flint import arb

    place = ball(u)
    fall = (-arb.pi() * k[0] * place / 2).exp()
    own = sum(map(ball, a), arb(0)) * 2 * arb.pi() * place * fall / (1 - fall**2)
    errors = (ball(h[0]) - own, ball(h[1]) + own)
    found = []
    for x, y in zip(a, b, strict=True):
        above = 1 + (ball(x) * k[1] * place) ** 2 * (1 + (place * (arb.pi() / 2 + ball(y))) ** 2)
        below = min(1, Fraction(x) * k[0] * u) ** 2
        found.append(above / ball(below))
    largest = max(found, key=float)
    return (errors[1] / errors[0]) ** 2 * largest * (-power * arb.pi() * (k[1] - k[0]) * place / 2).exp()


@TWO.check("certified", network, REGIONS, clauses="everywhere", distribution="|a_j|, |b_j|, |h| of eighths, at most 2")
@false("at delta = 1/2 already (s)", delta=Fraction(1, 2))
@false("k_1 and k_2 exchanged", swap=True)
def everywhere(cell, drawn, *, delta=Fraction(1, 24), swap=False, context):
    """|grad L(k_2)|^2/|grad L(k_1)|^2 at delta = 1/24 in balls; the bound falls in u, as 6/u < pi (k_2 - k_1) there."""
    k = cell.k[::-1] if swap else cell.k
    u = 1 / Fraction(delta)
    with working_precision(128):
        falls = true("falling", bool(6 / ball(u) < ball(Fraction(314, 100)) * (cell.k[1] - cell.k[0])))
        return worst([falls, at_most("quotient of squared lengths", quotient(*drawn, k, u), 1e-3, attained=False)])


DRAWN = axes(m=(1, 3, 10), quick=1, standard=3, full=20)


@TWO.check(
    "property",
    lambda cell, rng: int(rng.integers(2**62)),
    DRAWN,
    clauses="everywhere",
    tolerance="no draw may fail; slopes times e^(pi k_1/(2|w|)) are compared to 1e-12, far below their difference",
    distribution="2,000 w uniform in the ball of radius 1/24, a = +-U(1/2, 3/2), b ~ U(-2, 2); k = 1, 2",
)
@false("the higher one is longer", k=(2.0, 1.0))
@false("by a factor 10^40 (s)", factor=1e40)
def sampled(cell, seed, *, k=(1.0, 2.0), factor=1.0, delta=1 / 24, context):
    """The least difference of logarithms of the lengths over all draws, whole networks: it must be positive."""
    rng, draws = context.rng((cell, seed)), 2000
    a = rng.uniform(0.5, 1.5, (draws, cell.m)) * rng.choice([-1, 1], (draws, cell.m))
    b, w = rng.uniform(-2, 2, (draws, cell.m)), in_ball(rng, draws, cell.m, delta)
    largest = np.abs(w).max(axis=1, keepdims=True)
    lengths = []
    for which in k:
        # one frequency at a time: the other one with no weight; rescaled to the largest weight of the network
        slopes = pulls(a, w, b, (which, which), (1 + 0.3j, 1 - 0.5j), factor=0.0)
        logs = np.log(np.abs(slopes) + 1e-300) - (np.pi * which / 2) * (1 / np.abs(w) - 1 / largest)[..., None]
        top = logs.max(axis=(1, 2), keepdims=True)
        lengths.append(top[:, 0, 0] + 0.5 * np.log(np.exp(2 * (logs - top)).sum(axis=(1, 2))) - np.pi * which / 2 / largest[:, 0])
    least = float((lengths[0] - lengths[1] - np.log(factor)).min())
    return at_most("log of the quotient, at most", -least, -1e-12, attained=False)


TWO.without("small weights", sampled, delta=5.0)
TWO.without("ordered", sampled, k=(2.0, 1.0))
