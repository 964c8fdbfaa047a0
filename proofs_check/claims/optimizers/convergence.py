r"""Adam on x^k: how fast it converges, that published runs do, and what changes nothing."""

import math
from fractions import Fraction
from functools import cache
from itertools import islice

from numerics.arithmetic.krawczyk import NotCertified, ball, working_precision
from numerics.dynamics.adam_runs import Run, hitting_times, settled, trap_certificate, trapped
from numerics.dynamics.iterates import adam, iterate, warm
from numerics.dynamics.power_law import power_law
from numerics.dynamics.stability import degenerate_stability
from proofs_check import Assumption, Figure, axes, by_level, claim, false
from proofs_check.judging import at_least, at_most, bounded, equal, vanishing, worst
from theory.dynamics.adam import in_powers

from . import DEGENERATE, EVEN, NO_CORRECTION, NO_EPS
from ._pictures import left_behind

ATTRACTED = Assumption("attracted", r"\text{the orbit converges to the fixed point } (w, l)")
PAIRS = (("0.9", "0.93"), ("0.9", "0.97"), ("0", "0.93"), ("0.5", "0.8"))
CELLS = axes(k=by_level((4, 6), (4, 6, 8, 10)), betas=by_level(PAIRS[:1], PAIRS))

RATE = claim(
    "adam.degenerate.rate",
    "Adam on a power converges linearly, at a rate that beta_2 sets",
    r"\frac{x_{t+1}}{x_t} \to \rho = \beta_2^{1/(2(k-2))},\quad \ln L(x_t) = \frac{k \ln \beta_2}{2(k-2)}\, t + O(1)",
    clauses={
        "ratio": r"x_{t+1}/x_t \to \rho",
        "size": r"|\ln|x_t| - t \ln\rho| \text{ is bounded}",
        "loss": r"\ln L \text{ falls by } -k\ln\beta_2/(2(k-2)) \text{ a step}",
    },
    symbols=["x_t", "k", r"\rho", r"\beta_2", "L"],
    assumptions=[EVEN, NO_EPS, NO_CORRECTION, ATTRACTED, Assumption("memory", r"\beta_2 > 0")],
    source=DEGENERATE.at("Theorem 4.1, equation 10"),
    depends_on=["adam.degenerate.stability"],
    refuted_by="A run near the fixed point with another slope of ln|x|.",
)


def run_in(cell, rng=None):
    beta1, beta2 = cell.betas
    return Run(cell.k, beta1, beta2)


def log_rho(k, beta2):
    return beta2.log() / (2 * (k - 2))


trap_of = cache(trapped)


@cache
def followed(run, more=1000):
    """(settled, ln|x| at the trap and ``more`` steps later, ratio x'/x there) in balls."""
    found = settled(run, trap_of(run))
    with working_precision(600):
        before, after = islice(run.states(), found.steps + more, found.steps + more + 2)
        return found, found.log, abs(before.point).log(), after.point / before.point


@RATE.check("certified", run_in, CELLS, clauses=("ratio", "size", "loss"))
@false("without the 2", speed=lambda k, beta2: beta2.log() / (k - 2))
@false("k for k - 2", speed=lambda k, beta2: beta2.log() / (2 * k))
@false("no momentum", speed=lambda k, beta2: beta2.log() / 2)
def speed(cell, run, *, speed=log_rho, more=1000, context):
    """A trapped run 1000 steps later: ln|x| has moved by 1000 ln rho up to the drift that the trap allows for all times."""
    found, start, end, ratio = followed(run, more)
    with working_precision(64):
        predicted = speed(cell.k, ball(run.beta2))
        drift = found.drift
        return worst(
            [
                at_most("|ln|x| - t ln rho| since the trap", abs(end - start - more * predicted), drift, attained=False),
                at_most(
                    "|ln L - k t ln rho| since the trap",
                    abs(cell.k * (end - start) - more * cell.k * predicted),
                    cell.k * drift,
                    attained=False,
                ),
                at_most("|ratio - rho|", abs(ratio - predicted.exp()), ball("1e-6"), attained=False),
            ]
        )


FLOATS = axes(k=(4, 6), betas=(("0.9", "0.93"), ("0.5", "0.8"), ("0", "0.9")))


def float_run(cell, rng):
    """(k, beta1, beta2, start, steps, tolerance): 1000 steps behind the trap, with what it allows there."""
    run = run_in(cell)
    found = trap_of(run)
    tail = float(settled(run, found).drift) * (1 - found.norm) * found.norm**1000
    return cell.k, float(run.beta1), float(run.beta2), 1.0, found.steps + 1000, tail + 64 * 2.3e-16 / (1 - found.norm)


def rho_in_floats(k, beta2):
    return beta2 ** (1 / (2 * (k - 2))) if k > 2 else 0.0  # the limit, for the probe


@RATE.check(
    "property",
    float_run,
    FLOATS,
    clauses="ratio",
    tolerance="what the trap allows so many steps later, and 64 eps/(1 - norm) of rounding",
)
@false("sqrt(beta2)", ratio=lambda k, beta2: math.sqrt(beta2))
@false("k for k - 2", ratio=lambda k, beta2: beta2 ** (1 / (2 * k)))
def ratio_in_floats(cell, instance, *, ratio=rho_in_floats, eps=0.0, context):
    """x'/x of Adam in double precision."""
    k, beta1, beta2, start, steps, tolerance = instance
    gradient = lambda x: x ** (k - 1)
    before, after = islice(iterate(adam(1e-3, beta1, beta2, eps=eps), gradient, warm(start, gradient)), steps, steps + 2)
    return bounded("ratio - rho", after.point / before.point - ratio(k, beta2), tolerance)


RATE.without("no eps", ratio_in_floats, eps=1e-8)
RATE.without("even power", ratio_in_floats, lambda cell, rng: (5, 0.9, 0.93, -1.0, 3000, 1e-6))  # odd: away from the minimum
RATE.without("even power", ratio_in_floats, lambda cell, rng: (2, 0.9, 0.93, 1.0, 3000, 1e-6))
RATE.without("memory", ratio_in_floats, lambda cell, rng: (4, 0.0, 0.0, 1.0, 3000, 1e-6))  # v = g^2: sign descent

DECOUPLING = claim(
    "adam.degenerate.decoupling",
    "Adam on a power: the second moment is left behind by the gradient",
    r"\frac{v_t}{g_t^2} = \frac{1}{l^2 x_t^2} \to \infty,\qquad \frac{v_{t+1}}{v_t} \to \beta_2",
    clauses={
        "identity": r"v_t/g_t^2 = 1/(l x_t)^2,\ v_{t+1}/v_t = \beta_2 + (1-\beta_2)(l\, r^{k-1} x_t)^2",
        "limits": r"v_t/g_t^2 \to \infty,\ v_{t+1}/v_t \to \beta_2",
    },
    symbols=["x_t", "g_t", "v_t", "l", "r", r"\beta_2"],
    assumptions=[EVEN, NO_EPS, NO_CORRECTION, ATTRACTED],
    source=DEGENERATE.at("section 5.2, Lemma 5.4 and Lemma 5.5"),
    depends_on=["adam.degenerate.rate"],
    refuted_by="A trapped run in which v does not fall by beta_2 a step.",
)


@DECOUPLING.check("symbolic", [None], clauses="identity", covers="statement", scope="every k, in x, l, r and beta2")
@false("r^(k-2)", power=lambda k: k - 2)
def identity(_, *, power=lambda k: k - 1, context):
    """v = x^(2(k-2))/l^2 by the definition of l, g = x^(k-1) and v' = beta2 v + (1 - beta2) (r x)^(2(k-1))."""
    import sympy as sp

    x, l, r, beta2, k, X, R = sp.symbols("x l r beta2 k X R", positive=True)
    v, g = x ** (2 * (k - 2)) / l**2, x ** (k - 1)
    after = beta2 * v + (1 - beta2) * r ** (2 * (k - 1)) * x ** (2 * (k - 1))
    differences = [v / g**2 - 1 / (l * x) ** 2, after / v - beta2 - (1 - beta2) * (l * x) ** 2 * r ** (2 * power(k))]
    return vanishing("differences", [in_powers(in_powers(e, x, k, X), r, k, R) for e in differences])


@DECOUPLING.check("certified", run_in, CELLS, clauses="limits")
@false("beta1 for beta2", limit=lambda run: ball(run.beta1))
@false("rho for beta2", limit=lambda run: ball(run.beta2).root(2 * (run.k - 2)))
def decoupled(cell, run, *, limit=lambda run: ball(run.beta2), context):
    """In a trapped run, 2000 steps later: v'/v to 1e-20, and v/g^2 grown by at least the square of the fall of x."""
    found = trap_of(run)
    with working_precision(600):
        first, _ = islice(run.states(), found.steps, found.steps + 2)
        before, after = islice(run.states(), found.steps + 2000, found.steps + 2002)
        v = [run.moments(state)[1] for state in (first, before, after)]
        growth = (v[1] / run.gradient(before.point) ** 2) / (v[0] / run.gradient(first.point) ** 2)
        return worst(
            [
                at_most("|v'/v - beta2|", abs(v[2] / v[1] - limit(run)), ball("1e-9"), attained=False),
                at_least("growth of v/g^2", growth, (first.point / before.point) ** 2 / 4, attained=False),
            ],
            figures=[left_behind()],
        )


PERTURBED = claim(
    "adam.degenerate.perturbed",
    "Higher terms of the loss change neither the fixed point nor the rate",
    r"L(x) = \tfrac1k x^k (1 + h(x)),\ h(0) > -1:\quad (w_t, l_t, x_t) \to (w, l, 0) \Rightarrow \frac{x_{t+1}}{x_t} \to \rho",
    clauses={
        "derivative": r"\text{eigenvalues at } x = 0: \text{ those of } (w, l) \text{ and } \rho",
        "runs": r"\text{orbits that come close to } (w, l, 0) \text{ stay, and have } x_{t+1}/x_t \to \rho",
    },
    symbols=["x_t", "k", r"\rho", "L", "w", "l"],
    assumptions=[
        EVEN,
        NO_EPS,
        NO_CORRECTION,
        Assumption(
            "equations 8 and 9",
            r"\beta_1 < \rho^k,\ \beta_1 (k - (k-2)\rho) > \rho^{k-1} ((k-2) - k\rho)",
            unprobed="beyond them no orbit is trapped; k = 4, (.9, .5), h = 0 does not fall (adam.degenerate.regimes)",
        ),
        Assumption("smooth", r"h \in C^2 \text{ near } 0", unprobed="the derivative of the step at x = 0 is that of (1 + h) + x h'/k"),
    ],
    source=DEGENERATE.at("Remark 4.4"),
    depends_on=["adam.degenerate.stability"],
    refuted_by="A loss of this form whose orbit near 0 has another ratio.",
    notes="Without eps Adam does not see a factor of the loss, so h(0) = 0 is no restriction.",
)


@PERTURBED.check(
    "symbolic", [None], clauses="derivative", covers="statement", scope="every k, as a symbol; any p(x) = gradient/x^(k-1) with p(0) = 1"
)
@false("the slope of p enters", allowed=lambda J: J[0, 2])
def triangular(_, *, allowed=lambda J: J[0, 0] * 0, context):
    """The derivative of (w, l, x) at x = 0: p enters only by how w and l answer to x, which leaves the eigenvalues alone."""
    import sympy as sp

    w, l, x, beta1, beta2, eta, k = sp.symbols("w l x beta1 beta2 eta k", positive=True)
    slope, bend = sp.symbols("p1 p2")
    p = lambda z: 1 + slope * z + bend * z**2
    r = 1 - eta * w * l
    root = sp.sqrt(beta2 + (1 - beta2) * (l * r ** (k - 1) * x * p(r * x)) ** 2)
    step = sp.Matrix([beta1 * w / r ** (k - 1) + (1 - beta1) * p(r * x), l * r ** (k - 2) / root, r * x])
    J = step.jacobian([w, l, x]).subs(x, 0)
    plain = J.subs({slope: 0, bend: 0})
    found = [*(J - plain)[:, :2], J[2, 0], J[2, 1], sp.simplify(J[2, 2] - r), *sp.simplify((J - plain)[1:, 2]), allowed(J)]
    return vanishing("changes of the eigenvalues", found)


HIGHER = axes(k=by_level((4,), (4, 6)), h=by_level((("1/2", "1"),), (("1/2", "1"), ("-1/3", "2"), ("0", "-5"))))


def perturbed_run(cell, rng):
    """h = h_1 x + h_2 x^2: the gradient is x^(k-1) (1 + sum (k + j)/k h_j x^j)."""
    factor = [str(Fraction(h) * (cell.k + j) / cell.k) for j, h in enumerate(cell.h, start=1)]
    return Run(cell.k, "0.9", "0.95", start="1/10", factor=tuple(factor))


@PERTURBED.check("certified", perturbed_run, HIGHER, clauses="runs")
@false("another rate", power=lambda k: k - 1)
def runs(cell, run, *, power=lambda k: k - 2, context):
    """A run on such a loss is trapped at the minimum; its ratio 1500 steps later."""
    found = trap_of(run)
    with working_precision(600):
        before, after = islice(run.states(), found.steps + 1500, found.steps + 1502)
        close = at_most(
            "|ratio - rho|", abs(after.point / before.point - ball(run.beta2).root(2 * power(cell.k))), ball("1e-6"), attained=False
        )
    return worst([close], certificate=trap_certificate(run, found))


PUBLISHED = ((4, "0.9", "0.93"), (6, "0.9", "0.93"), (8, "0.9", "0.93"), (4, "0.9", "0.91"), (4, "0.9", "0.99"), (4, "0", "0.93"))

TRAP = claim(
    "adam.degenerate.trap",
    "The published runs of Adam on powers converge",
    r"x_0 = 1,\ m_0 = g_0,\ v_0 = g_0^2,\ \eta = 10^{-3}:\quad x_t \to 0,\ x_{t+1}/x_t \to \rho"
    r"\ \text{ for } (k, \beta_1, \beta_2) = (4|6|8, .9, .93), (4, .9, .91), (4, .9, .99), (4, 0, .93)",
    symbols=["x_t", "k", r"\rho", r"\beta_1", r"\beta_2", r"\eta", "m_t", "v_t", "g_t"],
    assumptions=[EVEN, NO_EPS, NO_CORRECTION],
    source=DEGENERATE.at("figures of sections 4 and 6; proved step by step here"),
    kind="extension",
    depends_on=["adam.degenerate.stability"],
    refuted_by="A published run for which no region traps it although its fixed point attracts.",
)


def limit_of(run):
    """ "minimum" where a trap proves it, "none" where the fixed point repels, None where neither is shown; and the trap."""
    try:
        return "minimum", trap_of(run)
    except NotCertified:
        repels = degenerate_stability(run.k, run.beta1, run.beta2).verdict == "unstable"
        return ("none" if repels else None), None


@TRAP.check(
    "certified", lambda cell, rng: Run(*cell.run), axes(run=PUBLISHED), covers="statement", because="the statement is about these runs"
)
@false("beta2 = 0.895, where the fixed point repels", beta2=lambda run: "0.895" if run.beta1 == "0.9" else run.beta2)
@false("beta2 = 0.05", beta2=lambda run: "0.05")
def trapped_runs(cell, run, *, beta2=lambda run: run.beta2, context):
    """The run in balls of 600 bits until it lies in a region that the step contracts."""
    run = Run(run.k, run.beta1, beta2(run))
    limit, found = limit_of(run)
    certificate = None if found is None else trap_certificate(run, found)
    outcome = equal(limit=("minimum", limit), shown={"run": run.certificate()}, certificate=certificate)
    return worst([outcome], figures=[descent()] if run == Run(*PUBLISHED[0]) else [])


def descent():
    """|x| of the three published powers in floats, and the slopes that are proved."""
    steps, series = list(range(0, 6001, 20)), []
    for k in (4, 6, 8):
        gradient = lambda x, k=k: x ** (k - 1)
        orbit = [abs(state.point) for state in iterate(adam(1e-3, 0.9, 0.93), gradient, warm(1.0, gradient), 2400)]
        found, rho = trap_of(Run(k, "0.9", "0.93")), 0.93 ** (1 / (2 * (k - 2)))
        series.append({"label": f"k = {k}", "x": steps[:120], "y": [orbit[t] for t in steps[:120]]})
        later = [t for t in steps if t >= found.steps][:100]
        series.append({"label": f"k = {k}, proved slope", "x": later, "y": [orbit[found.steps] * rho ** (t - found.steps) for t in later]})
    return Figure(
        kind="lines",
        title="|x| of the published runs, beta1 = 0.9, beta2 = 0.93, eta = 0.001",
        alt="After about a thousand steps |x| falls along straight lines in a logarithmic scale, those that are proved.",
        x_label="step t",
        y_label="|x|",
        log_y=True,
        data={"series": series},
    )


COMPLEXITY = claim(
    "adam.degenerate.complexity",
    "Steps of Adam and of gradient descent until |x| is small",
    r"T_{\text{Adam}}(\delta) = \frac{2(k-2)}{-\ln\beta_2} \ln\frac1\delta + O(1),\qquad "
    r"T_{\text{GD}}(\delta) \sim \frac{\delta^{-(k-2)}}{(k-2)\eta} \quad (0 < \eta x_0^{k-2} < 1)",
    clauses={
        "counts": r"(.9, .93),\ \eta = 10^{-3},\ x_0 = 1,\ \delta = 10^{-20}:\ T = 3384, 5818, 8274 \text{ for } k = 4, 6, 8",
        "Adam": r"x_0 \neq 0:\ T(\delta) = 2(k-2)\ln(1/\delta)/(-\ln\beta_2) + O(1)",
        "gradient descent": r"0 < \eta x_0^{k-2} < 1:\ T(\delta) \sim \delta^{-(k-2)}/((k-2)\eta)",
    },
    symbols={
        "T": "the first number of steps after which |x| is at most the threshold delta",
        "k": "an even integer, at least 4",
        r"\beta_2": "memory of the second moment, in (0, 1)",
        r"\eta": "learning rate, positive",
    },
    assumptions=[
        EVEN,
        NO_EPS,
        NO_CORRECTION,
        ATTRACTED,
        Assumption(
            "small step",
            r"\eta\, x_0^{k-2} < 1 \text{ (gradient descent)}",
            unprobed="k = 4, x_0 = 1: eta = 3 gives x_1 = -2 and diverges, eta = 1 gives x_1 = 0; no run is left to compare",
        ),
    ],
    source=DEGENERATE.at("Remark 5.8"),
    depends_on=["adam.degenerate.rate", "adam.degenerate.gd"],
    refuted_by="A run that needs another number of steps.",
)
COUNTS = {4: 3384, 6: 5818, 8: 8274}
PUBLISHED_POWERS = axes(k=tuple(COUNTS))


def published_run(cell, rng):
    return Run(cell.k, "0.9", "0.93")


@COMPLEXITY.check(
    "certified", published_run, PUBLISHED_POWERS, clauses="counts", covers="statement", because="the three runs are all that it names"
)
@false("one step later", counts=lambda k: COUNTS[k] + 1)
@false("one step earlier", counts=lambda k: COUNTS[k] - 1)
def counts(cell, run, *, counts=COUNTS.get, context):
    """|x| against 1e-20 at every step in balls of 700 bits; every comparison is certain."""
    (found,) = hitting_times(run, ["1e-20"])
    certificate = {"kind": "hitting times", "bits": 700, "run": run.certificate(), "below": [["1e-20", found]]}
    return equal(steps=(counts(cell.k), found), certificate=certificate)


law_of = cache(power_law)
BOUNDS = ("1e-30", "1e-100", "1e-1000")


@COMPLEXITY.check(
    "certified",
    published_run,
    PUBLISHED_POWERS,
    clauses="Adam",
    scope="from the trap on for every threshold at once; compared between 1e-30, 1e-100 and 1e-1000",
)
@false("without the 2", slope=lambda k, beta2: (k - 2) / -beta2.log())
@false("k for k - 2", slope=lambda k, beta2: 2 * k / -beta2.log())
def linear(cell, run, *, slope=lambda k, beta2: 2 * (k - 2) / -beta2.log(), context):
    """The interval for T that the trap proves, against the slope: the O(1) is one number for all thresholds."""
    found = settled(run, trap_of(run))
    brackets = [found.first_below(bound) for bound in BOUNDS]
    with working_precision(200):
        per_nat, slack = slope(cell.k, ball(run.beta2)), 2 * found.drift / found.speed + 2
        falls = [ball(a).log() - ball(b).log() for a, b in zip(BOUNDS, BOUNDS[1:], strict=False)]
        gained = [later[0] - sooner[0] for sooner, later in zip(brackets, brackets[1:], strict=False)]
        return worst(
            at_most("|T - T' - slope ln(e'/e)|", abs(steps - per_nat * fall), slack, attained=False)
            for steps, fall in zip(gained, falls, strict=True)
        )


@COMPLEXITY.check("certified", lambda cell, rng: cell.k, axes(k=by_level((4, 6), (4, 6, 8))), clauses="gradient descent")
@false("k for k - 2", exponent=lambda k: k)
@false("without the factor k - 2", factor=lambda k: 1)
def polynomial(cell, k, *, exponent=lambda k: k - 2, factor=lambda k: k - 2, context):
    """T for the threshold |x| at the 10^9-th step, from bounds on y = x^(-(k-2)) that hold for all steps after 10^4."""
    law = law_of("gradient descent", k, "0.01")
    with working_precision(128):
        low, high = law.size(k, 10**9)
        steps = [size ** -exponent(k) / (factor(k) * ball("0.01")) for size in (high, low)]
        return worst(
            [
                at_least("delta^-(k-2)/((k-2) eta), at most", steps[1], ball(10**9) * ball("0.99"), attained=False),
                at_most("delta^-(k-2)/((k-2) eta), at least", steps[0], ball(10**9) * ball("1.01"), attained=False),
            ]
        )
