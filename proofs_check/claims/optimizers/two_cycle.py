r"""Adam on x^k: an exact 2-cycle, which can attract where the minimum does too, so that convergence is not global."""

from fractions import Fraction
from functools import cache

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified
from numerics.dynamics.adam_linearization import cycle_polynomial_of_the_step
from numerics.dynamics.adam_orbits import many_orbits
from numerics.dynamics.adam_runs import Cycle, Minimum, Run, trap_certificate, trapped
from numerics.dynamics.schur import is_schur
from numerics.dynamics.stability import cycle_certificate
from proofs_check import Figure, axes, by_level, claim, exists, false
from proofs_check.adequacy.optimizers import two_cycle
from proofs_check.judging import at_least, at_most, equal, vanishing, worst
from theory.dynamics.adam_cycle import amplitude, bistable_range, cycle_margin, cycle_polynomial
from theory.dynamics.rmsprop import least_beta2

from . import DEGENERATE, EVEN, NO_CORRECTION, NO_EPS
from ._pictures import two_ends

CYCLE = claim(
    "adam.degenerate.signgd_cycle",
    "Adam on a power has an exact 2-cycle, and RMSProp's convergence is not global",
    r"x = \pm A,\ A = \frac{\eta}{2}\frac{1-\beta_1}{1+\beta_1},\ v = g^2 \text{ is invariant};"
    r"\ \text{for } \beta_1 = 0 \text{ it attracts} \iff \beta_2 < \frac{1}{2k-3}:"
    r"\ \text{for } k \le 24,\ \big(\tfrac{k-2}{k}\big)^{2(k-2)} < \beta_2 < \tfrac{1}{2k-3} \text{ both it and } x = 0 \text{ attract}",
    clauses={
        "invariant": r"(A, m, v) \mapsto (-A, -m, v) \text{ for all } \beta_1, \beta_2, \eta \text{ and every odd gradient}",
        "polynomial": r"z^3 + c_2 z^2 + c_1 z - \beta_1\beta_2,\ c_1 = (2k-1)\beta_1 + (2k-3)\beta_2 - \beta_1\beta_2,"
        r"\ c_2 = 1 + 3\beta_1 + \beta_2 - 2k(\beta_1+\beta_2)",
        "attracts": r"\iff \beta_1 + \beta_2 > 0,\ c_1 + \beta_1\beta_2 c_2 < 1 - \beta_1^2\beta_2^2",
        "both": r"((k-2)/k)^{2(k-2)} < 1/(2k-3) \iff k \le 24",
        "not global": exists(
            r"\beta_2 \ge ((k-2)/k)^{2(k-2)} \text{ and a start } x_0 \text{ whose run of RMSProp ends on the 2-cycle, as do all near it}"
        ),
    },
    symbols=["k", r"\eta", r"\beta_1", r"\beta_2", "x_t", "m_t", "v_t", "g_t"],
    assumptions=[EVEN, NO_EPS, NO_CORRECTION],
    source=DEGENERATE.at("Theorem 5.7 says global; the hypotheses of the theorem were not seen. The cycle is ours"),
    kind="extension",
    depends_on=["adam.degenerate.umap"],
    refuted_by="Parameters for which the orbit is not invariant, or attracts on the wrong side of the inequality.",
    notes="Smallest counterexample: k = 4, beta_1 = 0, beta_2 = 1/8, x_0 = eta/2, v_0 = g_0^2 (exactly invariant; starts near it follow)."
    " From x_0 > eta the same run converges.",
)


@CYCLE.check(
    "symbolic", [None], clauses="invariant", covers="statement", scope="every odd gradient, with g(A) = G > 0, any beta1, beta2, eta"
)
@false("eta/2 for the amplitude", size=lambda beta1, eta: eta / 2)
@false("(1 - beta1) inverted", size=lambda beta1, eta: eta / 2 * (1 + beta1) / (1 - beta1))
def invariant(_, *, size=amplitude, reflected=-1, eps=0, correction=1, context):
    """One step from (A, (1-b1)/(1+b1) G, G^2), the gradient at -A being -G."""
    import sympy as sp

    beta1, beta2, eta, G = sp.symbols("beta1 beta2 eta G", positive=True)
    A, m = size(beta1, eta), (1 - beta1) / (1 + beta1) * G
    moved, g = A - eta * m / correction / (G + eps), reflected * G
    moves = (moved + A, beta1 * m + (1 - beta1) * g + m, beta2 * G**2 + (1 - beta2) * g**2 - G**2)
    return vanishing("moves", [sp.cancel(move) for move in moves])


CYCLE.formal(
    "optimizers/adam.v",
    "adam_degenerate_signgd_cycle",
    false="eta/2 for the amplitude",
    adequate=two_cycle,
    axioms="reals",
    clauses="invariant",
    part="gradients x^(k-1), any even k",
)

CYCLE.without("even power", invariant, reflected=1)  # an odd power has an even gradient
CYCLE.without("no eps", invariant, eps=1)
CYCLE.without("no bias correction", invariant, correction=2)


@CYCLE.check("symbolic", [None], clauses="polynomial", covers="statement", scope="every k, differentiated by sympy with k a symbol")
@false(
    "2k + 1 for 2k - 1",
    formula=lambda k, b1, b2: [-b1 * b2, (2 * k + 1) * b1 + (2 * k - 3) * b2 - b1 * b2, *cycle_polynomial(k, b1, b2)[2:]],
)
@false(
    "(s) right for beta1 = 0", formula=lambda k, b1, b2: [-b1 * b2, (2 * k - 1) * b1 + (2 * k - 3) * b2, *cycle_polynomial(k, b1, b2)[2:]]
)
def polynomial(_, *, formula=cycle_polynomial, context):
    """The characteristic polynomial of the step in x/A, m/M, v/G^2, in the frame that alternates."""
    import sympy as sp

    k, z, x, m, v = sp.symbols("k z x m v", positive=True)
    beta1, beta2 = sp.symbols("beta1 beta2", positive=True)
    moved = 2 * m / sp.sqrt(v) - x
    step = sp.Matrix([moved, (1 + beta1) * moved ** (k - 1) - beta1 * m, beta2 * v + (1 - beta2) * moved ** (2 * (k - 1))])
    J = step.jacobian([x, m, v]).subs({x: 1, m: 1, v: 1})
    found = J.charpoly(z).all_coeffs()[::-1]
    return vanishing("differences", [sp.expand(sp.simplify(a) - b) for a, b in zip(found, formula(k, beta1, beta2), strict=True)])


@CYCLE.check(
    "symbolic",
    [None],
    clauses="attracts",
    covers="statement",
    scope="every k >= 2: Jury's conditions of degree 3; three of the four hold by themselves",
)
@false("p(-1) forgotten", least=lambda k, b1, b2: 2 * (k - 1) * (b1 + b2))
@false("margin without the product", margin=lambda k, b1, b2: 1 - cycle_polynomial(k, b1, b2)[1])
def jury(_, *, least=lambda k, b1, b2: 4 * (k - 1) * (b1 + b2), margin=cycle_margin, context):
    """p(1) = 2 (1+b1)(1-b2), -p(-1) = 4 (k-1)(b1+b2), and 1 - c0^2 - |c1 - c0 c2| with c1 - c0 c2 >= 0."""
    import sympy as sp

    k, b1, b2 = sp.symbols("k beta1 beta2", positive=True)
    c0, c1, c2, _ = cycle_polynomial(k, b1, b2)
    # c1 - c0 c2 = (2k-1) b1 + (2k-3) b2 - b1 b2 ((2k-3) b1 + (2k-1) b2), and b1 b2 <= b1, b2: at least 0
    middle = (2 * k - 1) * b1 + (2 * k - 3) * b2 - b1 * b2 * ((2 * k - 3) * b1 + (2 * k - 1) * b2)
    differences = [
        1 + c2 + c1 + c0 - 2 * (1 + b1) * (1 - b2),
        1 - c2 + c1 - c0 - least(k, b1, b2),
        c1 - c0 * c2 - middle,
        margin(k, b1, b2) - (1 - c0**2 - middle),
    ]
    return vanishing("differences", [sp.expand(e) for e in differences])


CYCLE.formal(
    "optimizers/adam.v",
    "adam_degenerate_signgd_cycle_stability",
    false="1/(2k-1)",
    adequate=two_cycle,
    axioms="reals",
    clauses="attracts",
    part="from the polynomial, beta1 = 0 and any even k",
)

#: at (1/(2k-1), 0) the margin vanishes with momentum
MOMENTA = (*(Fraction(n, 100) for n in (0, 1, 5, 30, 90, 97)), "1/(2k-1)")
PAIRS = axes(
    k=by_level((4, 6), (4, 6, 8, 12)),
    beta1=MOMENTA,
    beta2=(*(Fraction(n, 100) for n in (0, 1, 8, 15, 40, 93)), "1/(2k-3)", "1/(2k-3) - beta1"),
)


def exact_pair(cell, rng):
    edge, beta1 = Fraction(1, 2 * cell.k - 3), Fraction(1, 2 * cell.k - 1) if cell.beta1 == "1/(2k-1)" else cell.beta1
    return beta1, {"1/(2k-3)": edge, "1/(2k-3) - beta1": max(Fraction(0), edge - beta1 - Fraction(1, 1000))}.get(cell.beta2, cell.beta2)


def attracts(k, beta1, beta2):
    return bool(beta1 + beta2 > 0 and cycle_margin(k, beta1, beta2) > 0)


@CYCLE.check("exact", exact_pair, PAIRS, clauses=("invariant", "attracts"))
@false("1/(2k-1)", rule=lambda k, b1, b2: b1 + b2 > 0 and (2 * k - 1) * (b1 + b2) < 1)
@false("sign descent attracts too", rule=lambda k, b1, b2: cycle_margin(k, b1, b2) > 0)
@false("boundary included", rule=lambda k, b1, b2: b1 + b2 > 0 and cycle_margin(k, b1, b2) >= 0)
@false("(s) beta1 and beta2 count alike", rule=lambda k, b1, b2: b1 + b2 > 0 and (2 * k - 3) * (b1 + b2) < 1)
@false("attracts for beta1 > 9/10", rule=lambda k, b1, b2: attracts(k, b1, b2) or 10 * b1 > 9)
@false(
    "boundary included for beta1 > 1/20",
    rule=lambda k, b1, b2: b1 + b2 > 0 and (cycle_margin(k, b1, b2) or 20 * b1 > 1) and cycle_margin(k, b1, b2) >= 0,
)
def pairs(cell, pair, *, rule=attracts, context):
    """The Schur test of the exact derivative at rational parameters, on the boundary and at sign descent too."""
    found = is_schur(cycle_polynomial_of_the_step(cell.k, *pair))
    certificate = cycle_certificate(cell.k, *pair, Fraction(1, 1000))
    return equal(attracts=(bool(rule(cell.k, *pair)), found), certificate=certificate)


@CYCLE.check(
    "exact",
    lambda cell, rng: cell.k,
    axes(k=tuple(range(4, 42, 2))),
    clauses="both",
    covers="statement",
    because="for k >= 30 the lower end exceeds exp(-4) > 1/57 >= 1/(2k-3), since ((k-2)/k)^(2(k-2)) falls to exp(-4); smaller k are met",
)
@false("for all k", both=lambda k: True)
@false("up to 26", both=lambda k: k <= 26)
@false("up to 22", both=lambda k: k <= 22)
def both(cell, k, *, both=lambda k: k <= 24, context):
    """The two ends compared over the rationals."""
    return equal(nonempty=(both(k), bistable_range(k) is not None))


BISTABLE = axes(
    case=((4, "0", "1/8", "0.00051"), (4, "0", "3/20", "0.0005005"), (6, "0", "1/12", "0.000500002"), (4, "1/50", "1/10", "0.00048"))
)


def bistable(cell, rng):
    k, beta1, beta2, start = cell.case
    return Run(k, beta1, beta2, start=start)


@cache
def ends(run):
    """ "2-cycle" or "minimum", where a trap proves it."""
    for limit in (Cycle, Minimum):
        try:
            return limit.limit, trapped(run, limit, most=4000), limit
        except NotCertified:
            continue
    return None, None, None


def found_again(cell, run, *, start=None, context):
    """The same run in rational arithmetic is too large; floats in other coordinates, 2000 steps: |x| stays at A."""
    size = float(Fraction(run.start) / Fraction(run.rate))
    orbit = many_orbits(run.k, float(Fraction(run.beta1)), float(Fraction(run.beta2)), size=size, steps=2000)
    stays = abs(float(orbit.log_size) - np.log(float(amplitude(Fraction(run.beta1), Fraction(run.rate))))) < 1e-6
    return equal(limit=("2-cycle", "2-cycle" if stays else "elsewhere"))


@CYCLE.check(
    "certified",
    bistable,
    BISTABLE,
    clauses="not global",
    replay=lambda instance, **more: found_again(instance.cell, instance.value, **more),
)
@false("from x_0 = 1", start="1")
def not_global(cell, run, *, start=None, context):
    """A run with beta_2 at or above the bound of the theorem, trapped at the 2-cycle in balls; from x_0 = 1 it is trapped at 0."""
    run = Run(run.k, run.beta1, run.beta2, start=start or run.start)
    limit, found, near = ends(run)
    certificate = None if found is None or near is None else trap_certificate(run, found, near)
    within = run.beta1 != "0" or Fraction(run.beta2) >= least_beta2(run.k)
    outcome = equal(limit=("2-cycle", limit), within_the_bound=(True, within), witness=run.certificate(), certificate=certificate)
    return worst([outcome], figures=[two_ends()])


BASINS = axes(k=by_level((4,), (4, 6)))


@cache
def shares(k, entropy):
    """(beta2, share of starts that stay) between the two ends and beyond the upper one; sizes x_0/eta are log-uniform in [0.1, 1000]."""
    sizes = 10 ** np.random.default_rng(entropy).uniform(-1, 3, 5000)
    low, high = map(float, bistable_range(k) or ())
    betas = [low + (high - low) * part for part in (0.02, 0.25, 0.5, 0.75, 0.95)] + [1.02 * high, 1.25 * high]
    return [(beta2, float((many_orbits(k, 0.0, beta2, size=sizes, steps=1500).slope > -1e-3).mean())) for beta2 in betas]


@CYCLE.check(
    "property",
    lambda cell, rng: cell.k,
    BASINS,
    clauses="attracts",
    level="standard",
    tolerance="shares of 0 and 0.005: no start may stay beyond the bound, one in two hundred must below it",
    scope="beta1 = 0, 5000 starts with x_0/eta log-uniform in [0.1, 1000], 1500 steps",
)
@false("1/(2k-1)", edge=lambda k: 1 / (2 * k - 1))
@false("up to 1.1/(2k-3)", edge=lambda k: 1.1 / (2 * k - 3))
def basin(cell, k, *, edge=lambda k: 1 / (2 * k - 3), context):
    """Starts whose |x| no longer falls."""
    found = shares(k, context.entropy("sizes", k))
    outcomes = [
        at_least("share that stays", share, 0.005, attained=False)
        if beta2 < edge(k)
        else at_most("share that stays", share, 0.0, attained=False)
        for beta2, share in found
    ]
    return worst(outcomes, figures=[basins(k, found)])


def basins(k, found):
    """The shares, with both ends of the interval in which minimum and cycle attract."""
    low, high = map(float, bistable_range(k) or ())
    return Figure(
        kind="lines",
        title=f"Starts of RMSProp on x^{k}/{k} that end on the 2-cycle",
        alt="A few per cent of the starts end on the 2-cycle inside the interval, none beyond its upper end.",
        x_label="beta2",
        y_label="share of starts",
        data={"series": [{"label": "end on the 2-cycle", "x": [b for b, _ in found], "y": [s for _, s in found]}]},
        marks=[{"label": "minimum attracts from here", "x": low}, {"label": "cycle attracts up to here", "x": high}],
    )
