r"""Gradient flow near the perfect minima of a two-layer network: it converges, and on Morse-Bott branches at a linear rate.

theta' = -grad R, R = sum_i (g(theta, x_i) - f*(x_i))^2, so that Hess R = 2 J^T J on the zero set and lambda = 2 sigma_min(J)^2.
"""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.krawczyk import NotCertified, ball
from numerics.rank.slope import batched_tangents
from numerics.recovery.minima import certified_least_eigenvalue, certified_tail, flow, hessian_eigenvalues
from proofs_check import Assumption, Outcome, axes, by_level, claim, false
from proofs_check.judging import at_least, at_most, bounded, true, vanishing, worst
from theory.recovery import branch_types, on_grid

from . import GEOMETRY, HYPOTHESES
from ._points import flow_once, kinds, well_conditioned

CONVERGES = claim(
    "recovery.flow.converges",
    "Gradient flow near the zero set converges to it",
    r"\exists\, U \supset R^{-1}\{0\} \text{ open}: \gamma(0) \in U \implies \gamma(t) \to \theta_\infty \in R^{-1}\{0\},\ "
    r"|\theta_\infty - \gamma(0)| \le \sqrt{R(\gamma(0)) / \mu} \text{ where } J J^{\mathsf T} \ge \mu",
    clauses={
        "distance": r"|\theta_\infty - \gamma(0)| \le \sqrt{R(\gamma(0)) / \mu} \text{ where } J J^{\mathsf T} \ge \mu \text{ within"
        r" that distance}",
        "converges": r"\gamma(0) \in U \implies \gamma(t) \to \theta_\infty \in R^{-1}\{0\}",
    },
    symbols={
        r"\gamma, \theta_\infty": "a gradient flow of R and its limit",
        r"R^{-1}\{0\}": "points of zero loss",
        "U": "a neighbourhood of them",
        r"J, \mu": "tangents, a lower bound of the eigenvalues of J J^T",
        "t": "time",
    },
    assumptions=[
        Assumption(
            "analytic",
            r"\sigma \text{ analytic (Lojasiewicz inequality)}",
            unprobed="flows of smooth losses that circle for ever are no networks",
        )
    ],
    source=GEOMETRY.at("Thms 5.1, 5.2, Prop. 5.1; the distance is ours"),
    relation="upper",
    refuted_by="A start near the zero set whose flow leaves it, or ends farther off.",
)

#: A reach on which balls keep eigenvalues above the last number positive, and starts so near that E / sqrt(lambda) stays below it.
NEAR, REACH, LEAST_CERTIFIED = 2.0**-38, 1e-7, 1e-4
BRANCHES = by_level(kinds(2), kinds(3))


def near_branch(cell, rng):
    """A well conditioned point of the branch with as many samples as the rank, and a start near by."""
    while True:
        model, theta, x = well_conditioned(cell.branch, cell.d, cell.branch.rank(cell.d), rng, tries=30)
        if hessian_eigenvalues(model, theta, x)[0] > LEAST_CERTIFIED:
            return model, theta, x, theta + on_grid(rng.normal(0, 1, theta.shape)) * NEAR


@CONVERGES.check(
    "certified",
    near_branch,
    axes(branch=BRANCHES, d=(1, 2), full=5),
    clauses=("distance", "converges"),
    scope="starts at distance 2^-38, n = rank",
)
@false("a thousandth of the distance", share=Fraction(1, 1000))
def tail(cell, given, *, share=Fraction(1), context):
    """The flow has a zero-loss limit within E/sqrt(mu), proved in balls: no less than the distance of the nearest zero of the loss."""
    model, theta, x, start = given
    try:
        least, most = certified_tail(model, theta, start, x, reach=REACH)
    except NotCertified as reason:
        return Outcome.inconclusive(str(reason), cases=1)
    shown = {"kind": "tail of a flow near a solution", "activation": model.activation.name, "limit within": most}
    outcome = at_least("distance allowed", ball(most) * ball(share), ball(least), attained=False, start=start, x=x)
    return worst([outcome], certificate={**shown, "theta": theta, "start": start, "samples": x})


@CONVERGES.check(
    "symbolic", [None], clauses="distance", covers="statement", scope="every model, loss R = E^2: the way left is at most E over sqrt(mu)"
)
@false("E without the half", factor=2)
def way(_, *, factor=1, context):
    """With residuals r, theta' = -2 J^T r: E' = -2 |J^T r|^2/E and |theta'| = 2 |J^T r| >= 2 sqrt(mu) E, so |theta'| <= -E'/sqrt(mu)."""
    import sympy as sp

    E, pull, mu = sp.symbols("E pull mu", positive=True)  # pull = |J^T r|
    rate = -2 * pull**2 / E * factor
    speed = 2 * pull
    slack = -rate / sp.sqrt(mu) - speed  # = (2 pull/(E sqrt(mu))) (pull - sqrt(mu) E), not negative
    return vanishing("difference", sp.simplify(slack - 2 * pull / (E * sp.sqrt(mu)) * (pull - sp.sqrt(mu) * E)))


#: On the slowest branches R = 1 / (64 curvature t^2): at t = 10^5 less than 10^-7 for curvatures above 10^-5, of a start of 10^-4.
LEFT = 1e-3
#: A start at distance 0.02 per parameter, within reach of the Lojasiewicz estimate length <= const * R^(1/4).
LENGTH = 1.0


def start_near(cell, rng):
    model, theta, x = well_conditioned(cell.branch, cell.d, cell.branch.codimension(cell.d), rng)
    return model, theta, x, theta + rng.normal(0, 0.02, theta.shape)


ONE_TARGET = tuple(branch for m in (1, 2, 3) for branch in branch_types(m, 1))


@CONVERGES.check(
    "property",
    start_near,
    axes(branch=by_level(ONE_TARGET[:3], ONE_TARGET), d=(1, 2), where=lambda branch, d: branch.width * d < 4, standard=2, full=10),
    clauses="converges",
    scope="starts at distance 0.02, n = codimension, to t = 10^5",
    tolerance="a thousandth of the loss left, from R = 1 / (64 curvature t^2) on the slowest branches; ways of length at most 1",
)
@false("sign as printed in section 2.1", direction=1)
def arrives(cell, given, *, direction=-1, context):
    """The flow loses all but LEFT of its loss by time 10^5 on a way of bounded length."""
    model, theta, x, start = given
    decay = flow(model, start, x, model(theta, x)[:, 0], np.concatenate([[0.0], np.logspace(-2, 5, 50)]), direction=direction)
    share = float(decay.loss[-1] / decay.loss[0])
    return worst(
        [
            true("followed to the end", len(decay.times) == 51),
            bounded("share of the loss left", share, LEFT, start=start, x=x),
            bounded("length of the way", float(decay.length), LENGTH, start=start, x=x),
        ]
    )


MORSE_BOTT = Assumption(
    "Morse-Bott branch",
    r"l = 2r - m - m_0,\ n \ge \operatorname{codim} Q^r_{P,\pi}",
    unprobed="off it R falls like 1/t^2: recovery.flow.sublinear",
)

LINEAR = claim(
    "recovery.flow.linear",
    "Linear rate on Morse-Bott branches",
    r"|\gamma(t) - \theta_\infty| \sim e^{-\lambda t},\quad R(\gamma(t)) \sim e^{-2 \lambda t},\quad "
    r"\lambda = 2\, \sigma_{\min}(J)^2 \text{ the smallest non-zero eigenvalue of } \operatorname{Hess} R(\theta_\infty)",
    clauses={
        "loss": r"R(\gamma(t)) \sim e^{-2 \lambda t}",
        "distance": r"|\gamma(t) - \theta_\infty| \sim e^{-\lambda t}",
        "eigenvalue": r"\lambda = 2\, \sigma_{\min}(J)^2,\ \text{near } \theta^* \text{ no smaller than } 2 (1 - \tau)"
        r" \sigma_{\min}(J(\theta^*))^2",
        "PL": r"|\nabla R|^2/R \ge 2 \lambda (1 - o(1))",
    },
    symbols={
        r"\gamma, \theta_\infty": "a gradient flow of R and its limit",
        "R": "the loss",
        r"\lambda": "smallest non-zero eigenvalue of the Hessian at the limit",
        r"J, \sigma_{\min}": "tangents, their least non-zero singular value",
        r"\theta^*": "the perfect minimum near which it starts",
        r"t, \tau": "time; a small number",
    },
    assumptions=[
        *HYPOTHESES,
        MORSE_BOTT,
        Assumption("generic start", r"\gamma(0) \text{ outside a null set}", unprobed="starts of a faster mode alone make a null set"),
    ],
    source=GEOMETRY.at("Thm 5.3(a); the rate is ours"),
    depends_on=["recovery.morse-bott"],
    refuted_by="A Morse-Bott branch near which the loss falls at another rate.",
)

#: Slower flows take too long; a second eigenvalue closer than this spoils the fit.
LEAST_RATE, SPECTRAL_GAP = 5e-3, 1.5
#: Local rates over a window of two e-folds around each loss of these, averaged by a line.
WINDOW = (1e-11, 1e-17)


def slow_mode(cell, rng):
    """A Morse-Bott point whose second eigenvalue is at least 1.5 times the first, n = codimension + extra, and a start at 0.002."""
    for _ in range(200):
        model, theta, x = well_conditioned(cell.branch, cell.d, cell.branch.codimension(cell.d) + cell.extra, rng)
        eigenvalues = hessian_eigenvalues(model, theta, x)
        if eigenvalues[0] > LEAST_RATE and eigenvalues[1] > SPECTRAL_GAP * eigenvalues[0]:
            start = theta + rng.normal(0, 0.002, theta.shape)
            # To first order the faster modes fall like R^(rho - 1) against the slowest: starts nearly without it are drawn again.
            loss = float(np.square(model(start, x) - model(theta, x)).sum())
            fallen = (WINDOW[0] / loss) ** (eigenvalues[1] / eigenvalues[0] - 1)
            if fast_share(model, theta, x, start, len(eigenvalues)) * fallen < RESOLVED:
                return model, theta, x, start
    return None


MORSE_BOTT_CELLS = [(m, m0, d) for m, m0, d in [(2, 1, 1), (2, 1, 2), (3, 1, 1), (2, 2, 1)]]
MORSE_BOTT_BRANCHES = tuple(
    (branch, d) for m, m0, d in MORSE_BOTT_CELLS for branch in branch_types(m, m0) if branch.morse_bott and branch.codimension(d) > 1
)
FLOWS = axes(place=by_level(MORSE_BOTT_BRANCHES[:2], MORSE_BOTT_BRANCHES), extra=(0, 1), quick=2, standard=3, full=8)


def on_place(draw):
    """``draw`` for a cell whose branch and number of inputs come as one value."""

    class Place:
        def __init__(self, cell):
            (self.branch, self.d), self.extra = cell.place, cell.extra

    return lambda cell, rng: draw(Place(cell), rng)


#: What the integrator leaves of a rate (steps are right to 1e-12 |theta|, which moves residuals of 3e-9 by some thousandths, over 14
#: e-folds), and the tolerance up to which rates three per cent off are told apart.
INTEGRATED, RESOLVED = 1e-3, 1e-2


def fast_share(model, end, x, theta, modes):
    """The energy of the faster modes over that of the slowest at ``theta``, for the quadratic loss around ``end`` with its ``modes``."""
    tangents = batched_tangents(model, end[None], x[None])[1][0]
    _, singular, vectors = np.linalg.svd(tangents.reshape(-1, len(end)))
    energies = (singular[:modes] * (vectors[:modes] @ (theta - end))) ** 2
    return float(energies[: modes - 1].sum() / energies[modes - 1])


@LINEAR.check(
    "property",
    on_place(slow_mode),
    FLOWS,
    clauses=("loss", "distance", "PL"),
    scope="starts at distance 0.002 (branch and number of inputs; n = codimension + extra)",
    tolerance="per flow: with q the energy of the faster modes over that of the slowest where R = 1e-11, ln R falls by at most ln(1 +"
    " q) more than"
    " 2 lambda t until R = 1e-17; plus 1e-3 for the integrator",
)
@false("twice as fast", rate=lambda values: 2 * float(values[0]))
@false("three per cent faster", rate=lambda values: 1.03 * float(values[0]))
@false("three per cent slower", rate=lambda values: 0.97 * float(values[0]))
@false("the largest eigenvalue", rate=lambda values: float(values[-1]))
@false("the trace", rate=lambda values: float(values.sum()))
def rates(cell, given, *, rate=lambda values: float(values[0]), context):
    """Fitted rates of loss and distance in the window 1e-17 < R < 1e-11 over the predicted ones, on both sides; |grad R|^2/R there."""
    if given is None:
        return Outcome.inconclusive("no design with a spectral gap was drawn", cases=1)
    model, theta, x, start = given
    first = hessian_eigenvalues(model, theta, x)[0]
    times = np.concatenate([[0.0], np.linspace(30 / first / 200, 30 / first, 200)])
    y = model(theta, x)[:, 0]
    decay = flow_once(model, start, x, y, times)
    eigenvalues = hessian_eigenvalues(model, decay.theta[-1], x)
    expected = rate(eigenvalues)
    inside = np.flatnonzero((decay.loss < WINDOW[0]) & (decay.loss > WINDOW[1]))
    if len(inside) < 10:
        return Outcome.inconclusive("the loss did not pass the window", cases=1)
    ends = inside[[0, -1]]
    spread = float(np.diff(decay.times[ends])[0])
    of_loss = float(-np.diff(np.log(decay.loss[ends]))[0]) / spread / 2
    distance = np.linalg.norm(decay.theta[ends] - decay.theta[-1], axis=1)
    of_distance = float(np.log(distance[0] / distance[1])) / spread
    tolerance = np.log1p(fast_share(model, decay.theta[-1], x, decay.theta[ends[0]], len(eigenvalues))) / np.log(
        decay.loss[ends[0]] / decay.loss[ends[1]]
    )
    tolerance += INTEGRATED
    if tolerance > RESOLVED:
        return Outcome.rejected("a start nearly in the fast modes alone: the null set of the hypothesis is too near")
    values, jacobians = batched_tangents(model, decay.theta[inside], np.repeat(x[None], len(inside), axis=0))
    residuals = values.reshape(len(inside), -1) - y
    slopes = 4 * (np.einsum("kn,knp->kp", residuals, jacobians.reshape(len(inside), len(y), -1)) ** 2).sum(-1) / (residuals**2).sum(-1)
    shown = {"theta": theta, "x": x, "predicted": expected}
    return worst(
        [
            bounded("rate of the loss over the predicted one", of_loss / expected - 1, tolerance, **shown),
            bounded("rate of the distance over the predicted one", of_distance / expected - 1, tolerance, **shown),
            at_least(
                "|grad R|^2/R over 2 lambda", float(slopes.min()) / (2 * float(eigenvalues[0])), 1 - tolerance, attained=False, **shown
            ),
        ]
    )


@LINEAR.check(
    "certified",
    on_place(lambda cell, rng: well_conditioned(cell.branch, cell.d, cell.branch.codimension(cell.d), rng, tries=30)),
    axes(place=by_level(MORSE_BOTT_BRANCHES[:3], MORSE_BOTT_BRANCHES), extra=(0,), standard=3, full=10),
    clauses="eigenvalue",
    scope="least eigenvalue of J J^T within 1e-7, n = codimension",
)
@false("twice", factor=2)
@false("half", factor=Fraction(1, 2))
@false("three per cent less", factor=Fraction(97, 100))
@false("three per cent more", factor=Fraction(103, 100))
@false("the largest", which=0)
def eigenvalue(cell, given, *, factor=1, which=-1, context):
    """Within 10^-7 of theta* the least eigenvalue of J J^T lies between proved bounds, and the predicted one between them."""
    model, theta, x = given
    predicted = float(np.linalg.svd(batched_tangents(model, theta[None], x[None])[1][0], compute_uv=False)[which] ** 2)
    try:
        lower, upper = certified_least_eigenvalue(model, theta, x, reach=1e-7)
    except NotCertified as reason:
        return Outcome.inconclusive(str(reason), cases=1)
    value = ball(predicted) * ball(Fraction(factor))
    shown = {"branch": str(cell.place), "theta": theta, "x": x}
    return worst(
        [
            at_least("predicted eigenvalue", value, ball(lower), attained=False, **shown),
            at_most("predicted eigenvalue", value, ball(upper), attained=False, **shown),
        ]
    )
