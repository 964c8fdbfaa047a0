r"""Adam on x^k: the fixed point of linear convergence, when it is there, and when it attracts."""

from fractions import Fraction
from functools import cache

from numerics.arithmetic.exact import rational
from numerics.arithmetic.krawczyk import ball
from numerics.dynamics.adam_linearization import minimum_polynomial
from numerics.dynamics.cover import cover
from numerics.dynamics.schur import determinants, has_root_outside, is_schur
from proofs_check import Assumption, Figure, axes, by_level, claim, false
from proofs_check.adequacy.optimizers import adam
from proofs_check.judging import at_least, equal, vanishing, worst
from theory.dynamics.adam import (
    FixedPoint,
    fixed_point,
    in_powers,
    is_stable,
    jacobian_at_fixed_point,
    jury_forms,
    largest_beta1,
    least_beta1,
    ratio_of,
    reduced_forms,
    reduced_step,
    trace_determinant,
    trace_of,
)
from theory.dynamics.adam_cycle import cycle_margin

from . import DEGENERATE, EVEN, NO_CORRECTION, NO_EPS
from ._pictures import edges

ONE_SIGN = Assumption("one sign", r"x_{t+1}/x_t > 0")
RATIOS = tuple(Fraction(n, 20) for n in (4, 6, 8, 10, 12, 15, 19))

EXISTENCE = claim(
    "adam.degenerate.existence",
    "Adam on a power: the fixed point of linear convergence",
    r"\exists\, w, l > 0 \text{ fixed as } x \to 0 \iff \beta_1 < \rho^{k-1} = \beta_2^{(k-1)/(2(k-2))};\quad"
    r" w = \frac{1-\beta_1}{1-\beta_1\rho^{1-k}},\ \eta w l = 1-\rho",
    clauses={
        "point": r"w = (1-\beta_1)/(1-\beta_1\rho^{1-k}),\ l = (1-\rho)/(\eta w) \text{ is fixed, and alone with } r = \rho",
        "exactly if": r"l > 0 \iff \beta_1 < \rho^{k-1}",
    },
    symbols=["k", r"\eta", r"\beta_1", r"\beta_2", r"\rho", "w", "l", "r"],
    assumptions=[EVEN, NO_EPS, NO_CORRECTION, ONE_SIGN],
    source=DEGENERATE.at("Theorem 4.1 (i)"),
    refuted_by="Parameters with a fixed point on the wrong side of the inequality.",
    notes="With r = -rho there is a second fixed point for all beta_1, where x changes its sign at every step; it never attracts.",
)


def symbols():
    import sympy as sp

    return sp.symbols("k beta1 rho eta P", positive=True)


def with_power_k(k, beta1, rho, eta=1):
    w = (1 - beta1) / (1 - beta1 / rho**k)
    return FixedPoint(w, (1 - rho) / (eta * w), rho)


@EXISTENCE.check(
    "symbolic", [None], clauses="point", covers="statement", scope="every k > 2, beta1, rho, eta: identities of rational functions in rho^k"
)
@false("rho^k for rho^(k-1)", formula=with_power_k)
def point(_, *, formula=fixed_point, context):
    """The map moves the stated point nowhere; its first equation is linear in w, so there is no other for this ratio."""
    import sympy as sp

    k, beta1, rho, eta, P = symbols()
    at, w = formula(k, beta1, rho, eta), sp.Symbol("w")
    moved = reduced_step(k, beta1, rho, w, (1 - rho) / (eta * w), eta)
    moves = [moved[0].subs(w, at.w) - at.w, moved[2] - rho, at.ratio - (1 - eta * at.w * at.l)]
    return vanishing("moves of w and r", [in_powers(sp.expand(move), rho, k, P) for move in moves])


@EXISTENCE.check(
    "symbolic", [None], clauses="exactly if", covers="statement", scope="every k > 2: eta l (1 - beta1) is a positive multiple"
)
@false("rho^k for rho^(k-1)", margin=lambda k, beta1, rho: rho**k - beta1)
def sign_of_l(_, *, margin=lambda k, beta1, rho: rho ** (k - 1) - beta1, context):
    """eta l (1 - beta1) rho^(k-1) = (1 - rho) (rho^(k-1) - beta1)."""
    k, beta1, rho, eta, P = symbols()
    l = fixed_point(k, beta1, rho, eta).l
    return vanishing("difference", in_powers(eta * l * (1 - beta1) * rho ** (k - 1) - (1 - rho) * margin(k, beta1, rho), rho, k, P))


SIDES = axes(k=by_level((4, 6, 8, 10, 20), (4, 6, 8, 10, 12, 20)), rho=RATIOS, side=("below", "at", "above"), quick=1, standard=4, full=20)


def beta1_on_a_side(cell, rng):
    edge, share = cell.rho ** (cell.k - 1), Fraction(int(rng.integers(1, 100)), 100)
    return {"below": share * edge, "at": edge, "above": edge + share * (1 - edge)}[cell.side]


def solved(k, beta1, rho, sign):
    """Whether w (1 - beta1/r^(k-1)) = 1 - beta1 and w l = 1 - r have a solution with l > 0 that one step keeps."""
    r = sign * rho
    slope = 1 - beta1 / r ** (k - 1)
    if slope == 0:
        return False
    w = (1 - beta1) / slope
    l = (1 - r) / w
    return l > 0 and reduced_step(k, beta1, rho, w, l) == (w, l, r)


@EXISTENCE.check("exact", beta1_on_a_side, SIDES, clauses=("point", "exactly if"))
@false("rho^k", power=lambda k: k)
@false("sqrt(beta2)", power=lambda k: k - 2)
@false("beta1 = rho^(k-1) too", closed=True)
@false("another exponent at k = 10", power=lambda k: k - (k != 10))
@false("another exponent at k = 20", power=lambda k: k - (k != 20))
def sides(cell, beta1, *, power=lambda k: k - 1, closed=False, signs=(1,), context):
    """The equations solved over the rationals on both sides of the boundary and on it."""
    edge = cell.rho ** power(cell.k)
    predicted = beta1 <= edge if closed else beta1 < edge
    outcome = equal(exists=(predicted, any(solved(cell.k, beta1, cell.rho, sign) for sign in signs)), shown={"beta1": beta1})
    return worst([outcome], figures=[edges()] if (cell.k, cell.side) == (4, "at") else ())


EXISTENCE.formal(
    "optimizers/adam.v", "adam_degenerate_existence", false="rho for rho^(k-1)", adequate=adam, axioms="reals", clauses="exactly if"
)

EXISTENCE.without("one sign", sides, signs=(1, -1))


STABILITY = claim(
    "adam.degenerate.stability",
    "Adam on a power: the fixed point attracts where two inequalities hold",
    r"|\text{eigenvalues at } (w, l)| < 1 \iff \beta_1 < \rho^k = \beta_2^{k/(2(k-2))} \ \text{and}\ "
    r"\beta_1 (k - (k-2)\rho) > \rho^{k-1} ((k-2) - k\rho)",
    clauses={
        "derivative": r"\det = \beta_1/\rho^k,\ \operatorname{tr} = (k-1)(1 + \det) - (k-2)(\rho \det + 1/\rho)",
        "exactly if": r"\text{both eigenvalues in the open unit disc} \iff \text{equations 8 and 9}",
        "alternating": r"\text{at the fixed point of ratio } -\rho,"
        r"\ 1 - \operatorname{tr} + \det = -(k-2)(1+\rho)(\rho^{k-1} + \beta_1)/\rho^k < 0:\ \text{it repels}",
    },
    symbols=["k", r"\beta_1", r"\beta_2", r"\rho", "w", "l"],
    assumptions=[EVEN, NO_EPS, NO_CORRECTION],
    source=DEGENERATE.at("Theorem 4.1 (ii), equations 8 and 9"),
    depends_on=["adam.degenerate.existence"],
    refuted_by="Parameters on the wrong side of the boundary, or on it with all eigenvalues inside.",
    notes="Independent of eta. Equation 9 holds by itself for rho > (k-2)/k. On the boundary linearization decides nothing.",
)


def forgotten_momentum(k, beta1, r):
    """As if m did not see the ratio change: k - 1 for k in the determinant."""
    det = beta1 / r ** (k - 1)
    return trace_of(k, det, r), det


jacobian = cache(jacobian_at_fixed_point)


@STABILITY.check(
    "symbolic",
    [None],
    clauses="derivative",
    covers="statement",
    scope="every k, differentiated by sympy with k a symbol; r = rho and, for even k, r = -rho",
)
@false("rho^(k-1) in the determinant", formula=forgotten_momentum)
@false("k for k - 1 in the trace", formula=lambda k, beta1, r: (trace_of(k, beta1 / r**k, r) + 1 + beta1 / r**k, beta1 / r**k))
def derivative(_, *, formula=trace_determinant, context):
    """Trace and determinant of the derivative of (w, l) -> (w', l') at the fixed point."""
    J, s = jacobian()
    trace, det = formula(s["k"], s["beta1"], s["r"])
    return vanishing("differences", [in_powers(e, s["r"], s["k"], s["P"]) for e in (J.trace() - trace, J.det() - det)])


@STABILITY.check(
    "symbolic",
    [None],
    clauses="exactly if",
    covers="statement",
    scope="every k > 2: Schur and Cohn's determinants, in factors whose signs are those of the two inequalities",
)
@false(
    "equation 9 with rho^k",
    forms=lambda k, b, rho: {**jury_forms(k, b, rho), "1 + trace + det": b * (k - (k - 2) * rho) - rho**k * (k - 2 - k * rho)},
)
@false("equation 8 with rho^(k-1)", forms=lambda k, b, rho: {**jury_forms(k, b, rho), "1 - det": rho ** (k - 1) - b})
def factors(_, *, forms=jury_forms, context):
    """1 - det^2 and (1 - det)^2 ((1 + det)^2 - tr^2) are positive multiples of the three stated numbers and their products."""
    import sympy as sp

    k, beta1, rho, _, P = symbols()
    trace, det = trace_determinant(k, beta1, rho)
    one, minus, plus = forms(k, beta1, rho).values()  # rho^k (1 - det), rho^k (1 - tr + det)/((k-2)(1 - rho)), rho^k (1 + tr + det)
    t, d = sp.symbols("t d")
    first, second = determinants([d, -t, sp.Integer(1)])
    found = [first - (1 - d) * (1 + d), second - (1 - d) ** 2 * (1 - t + d) * (1 + t + d)]
    found += [one - rho**k * (1 - det), minus * (k - 2) * (1 - rho) - rho**k * (1 - trace + det), plus - rho**k * (1 + trace + det)]
    return vanishing("differences", [in_powers(sp.expand(e), rho, k, P) for e in found])


STABILITY.formal(
    "optimizers/adam_jacobian.v",
    "adam_degenerate_derivative",
    false="rho^(k-1) in the determinant",
    adequate=adam,
    axioms="reals",
    clauses="derivative",
)
STABILITY.formal(
    "optimizers/adam.v", "adam_degenerate_stability", false="equation 8 alone", adequate=adam, axioms="reals", clauses="exactly if"
)


@STABILITY.check("symbolic", [None], clauses="alternating", covers="statement", scope="every even k, written as 2n: (-rho)^k = rho^k")
@false("1 - rho for 1 + rho", number=lambda k, b, rho: -(k - 2) * (1 - rho) * (rho ** (k - 1) + b) / rho**k)
@false("rho^(k-1) - beta1", number=lambda k, b, rho: -(k - 2) * (1 + rho) * (rho ** (k - 1) - b) / rho**k)
def alternating(_, *, number=lambda k, b, rho: -(k - 2) * (1 + rho) * (rho ** (k - 1) + b) / rho**k, context):
    """1 - tr + det at r = -rho, an odd power of r being minus that of rho: p(1) < 0, so a root lies beyond 1."""
    k, beta1, rho, _, P = symbols()
    det = beta1 / rho**k  # r^k = rho^k
    found = 1 - trace_of(k, det, -rho) + det
    return vanishing("difference", in_powers(found - number(k, beta1, rho), rho, k, P))


@STABILITY.check(
    "exact",
    lambda cell, rng: cell.momentum * cell.rho**cell.k * Fraction(int(rng.integers(1, 150)), 100),
    axes(k=(4, 6, 8, 10), rho=RATIOS, momentum=(0, 1)),
    clauses="alternating",
)
@false("like the other one", outside=lambda k, b, rho: not is_stable(k, b, rho))
@false("never outside", outside=lambda k, b, rho: False)
@false("not for RMSProp, beta1 = 0", outside=lambda k, b, rho: b > 0)
def repels(cell, beta1, *, outside=lambda k, b, rho: True, context):
    """A root of the exact characteristic polynomial lies outside the closed unit disc."""
    found = has_root_outside(minimum_polynomial(cell.k, beta1, cell.rho, -1))
    return equal(root_outside=(bool(outside(cell.k, beta1, cell.rho)), found), shown={"beta1": beta1})


def there(k, rho, place):
    """some beta1 is stable, (k-2)(1 + rho^2) < 2 k rho, and equation 9 does not hold by itself, rho < (k-2)/k; beta1 = 0 is always there"""
    return place == "no momentum" or (k - 2) * (1 + rho * rho) < 2 * k * rho and (rho < Fraction(k - 2, k) or "9" not in place)


PLACES = axes(
    k=by_level((4, 6, 8, 10), (4, 6, 8, 10, 12)),
    rho=RATIOS,
    place=("no momentum", "inside", "on equation 8", "beyond equation 8", "on equation 9", "below equation 9"),
    where=there,
    quick=1,
    standard=5,
    full=30,
)


def beta1_at_a_place(cell, rng):
    low, high, share = least_beta1(cell.k, cell.rho), largest_beta1(cell.k, cell.rho), Fraction(int(rng.integers(1, 100)), 100)
    inside = max(low, 0)
    return {
        "no momentum": Fraction(0),
        "inside": inside + share * (high - inside),
        "on equation 8": high,
        "beyond equation 8": high + share * (cell.rho ** (cell.k - 1) - high),
        "on equation 9": low,
        "below equation 9": share * low,
    }[cell.place]


@STABILITY.check("exact", beta1_at_a_place, PLACES, clauses=("derivative", "exactly if"))
@false("existence for stability", rule=lambda k, b, rho: b < rho ** (k - 1) and b > least_beta1(k, rho))
@false("sqrt(beta2)", rule=lambda k, b, rho: b < rho ** (k - 2) and b > least_beta1(k, rho))
@false("equation 9 left out", rule=lambda k, b, rho: b < rho**k)
@false("boundary included", rule=lambda k, b, rho: least_beta1(k, rho) <= b <= rho**k)
@false("never for RMSProp, beta1 = 0", rule=lambda k, b, rho: b > 0 and is_stable(k, b, rho))
@false("equation 9 left out at k = 10", rule=lambda k, b, rho: b < rho**k and (k == 10 or b > least_beta1(k, rho)))
def places(cell, beta1, *, rule=is_stable, context):
    """The Schur test on the exact derivative, by dual numbers over the rationals, inside the region, on both of its edges and beyond."""
    found = is_schur(minimum_polynomial(cell.k, beta1, cell.rho))
    return equal(stable=(bool(rule(cell.k, beta1, cell.rho)), found), shown={"beta1": beta1})


BOX = axes(k=by_level((4,), (4, 6, 8), (4, 6, 8, 12, 20)))


def the_box(cell, rng):
    return [(0, Fraction(3, 2)), (0, 1)]


@STABILITY.check("certified", the_box, BOX, clauses="exactly if", scope="all s = beta1/rho^k in [0, 3/2] and rho in [0, 1]")
@false("equation 9 left out", forms=lambda k, s, rho: {"1 - det": 1 - s})
@false("(k-1)/(2(k-2)) for the exponent", forms=lambda k, s, rho: {**reduced_forms(k, s, rho), "1 - det": 1 - s * rho})
def box(cell, sides, *, forms=reduced_forms, context):
    """A cover by the inequalities, and the Schur test over the rationals at two points of every box that they decide."""
    depth, share = context.by_level(quick=(14, Fraction(98, 100)), standard=(18, Fraction(995, 1000)), full=(20, Fraction(998, 1000)))
    found = cover(lambda s, rho: list(forms(cell.k, s, rho).values()), sides, depth=depth)
    decided = [(box, letter == "+") for box, letter in found.leaves() if letter != "?"]
    tested = [(stable, is_schur_at(cell.k, *point)) for box, stable in decided for point in points_of(box)]
    certificate = {"kind": "cover of parameters", "k": cell.k, "coordinates": "s, rho", **found.certificate()}
    return worst(
        [
            equal(points_where_the_test_says_otherwise=(0, sum(stable != answer for stable, answer in tested))),
            at_least("share of the box that is decided", 1 - found.open, share, attained=False),
        ],
        certificate=certificate,
        figures=[the_plane(cell.k), the_curves(cell.k)],
    )


def the_plane(k, cells=50):
    """What attracts on each cell of a grid of (beta1, beta2), where balls decide it on the whole cell."""
    places = [ball(Fraction(n, cells)).union(ball(Fraction(n + 1, cells))) for n in range(cells)]
    middle = [round((n + 0.5) / cells, 2) for n in range(cells)]

    def what(beta1, beta2):
        minimum = list(jury_forms(k, beta1, ratio_of(k, beta2.nonnegative_part())).values())
        margin = cycle_margin(k, beta1, beta2)
        if not all(form > 0 for form in minimum):
            return 0 if any(form < 0 for form in minimum) and margin < 0 else 1
        return 3 if margin < 0 else 4 if margin > 0 else 3.5

    return Figure(
        kind="heatmap",
        title=f"What attracts on x^{k}/{k}: 3 the minimum alone, 4 minimum and 2-cycle, 0 neither, 1 the cycle alone or not decided",
        alt="The minimum attracts below the curve beta1 = beta2^(k/(2(k-2))); at small beta1 and beta2 the 2-cycle attracts too.",
        x_label="beta1",
        y_label="beta2",
        data={"x": middle, "y": middle, "values": [[what(beta1, beta2) for beta1 in places] for beta2 in places]},
    )


def the_curves(k):
    """The boundaries in the plane: equations 8 and 9, and the one of the 2-cycle."""
    rhos = [n / 200 for n in range(1, 200)]
    low = [(least_beta1(k, rho), rho ** (2 * (k - 2))) for rho in rhos if 0 <= least_beta1(k, rho) < rho**k]
    betas = [n / 400 / (2 * k - 1) for n in range(401)]
    cycle = [(b, next(n / 2000 for n in range(2001) if cycle_margin(k, b, n / 2000) <= 0)) for b in betas]
    curves = {"equation 8": [(rho**k, rho ** (2 * (k - 2))) for rho in rhos], "equation 9": low, "2-cycle attracts below": cycle}
    return Figure(
        kind="lines",
        title=f"Boundaries of stability on x^{k}/{k}",
        alt="The minimum attracts above the curves of equations 8 and 9; below the third curve, at small betas, the 2-cycle does.",
        x_label="beta1",
        y_label="beta2",
        data={"series": [{"label": name, "x": [b for b, _ in curve], "y": [c for _, c in curve]} for name, curve in curves.items()]},
    )


def points_of(box):
    """The centre of a box and a point near one of its corners."""
    return [tuple(low + (high - low) * n / 8 for (low, high), n in zip(box, place, strict=True)) for place in ((4, 4), (7, 1))]


def is_schur_at(k, s, rho):
    return is_schur([rational(s), rational(-trace_of(k, s, rho)), rational(1)])
