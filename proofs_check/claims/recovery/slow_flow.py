r"""Where gradient flow near the perfect minima is slow: at a split target, and on branches near a crossing.

At a split target the loss is of fourth order along one direction, so that R falls like 1 / t^2; towards a crossing of branches the rate of
the linear decay itself goes to zero.
"""

import numpy as np

from numerics.recovery.minima import designs, flow, hessian_eigenvalues, slow_decay
from proofs_check import Assumption, Figure, axes, claim, false
from proofs_check.judging import bounded, vanishing, worst
from theory.models import TwoLayer
from theory.recovery import Branch, Target

from . import GEOMETRY, HYPOTHESES
from ._points import LONE, PAIR, SIGMA, SPLIT, flow_once, well_conditioned

SUBLINEAR = claim(
    "recovery.flow.sublinear",
    "At a split target the flow is slow: R falls like 1 / t^2",
    r"m = 2,\ m_0 = r = 1,\ d = 1:\quad R(\gamma(t))\, t^2 \to \frac{1}{64\, \kappa},\quad |w_1 - w_2| \sim t^{-1/2},\quad "
    r"\kappa = \tfrac14 |(I - J J^+)\, q|^2,\ q_i = \textstyle\sum_k a_k v_k^2\, \sigma''(\bar w x_i)\, x_i^2",
    clauses={
        "loss": r"R(\gamma(t))\, t^2 \to \tfrac{1}{64 \kappa},\ \kappa = \tfrac14 |(I - J J^+)\, q|^2",
        "weights": r"|w_1 - w_2| \sim t^{-1/2}",
        "reduced equation": r"\min_u |J u + q s^2/2|^2 = \kappa s^4;\ s' = -4 \kappa s^3 \Rightarrow \kappa s^4 t^2 \to \tfrac{1}{64"
        r" \kappa}",
    },
    symbols={
        "m, m_0, r, d": "numbers of neurons, targets, distinct weights, inputs",
        r"R, \gamma, t": "the loss, a flow, time",
        r"w_k, a_k, \bar w": "weights and outputs, the weight of the target",
        r"\kappa": "fourth-order curvature of the loss along the slow direction",
        "J": "tangents, J^+ the pseudoinverse",
        "q_i, v_k": "second derivative of the values along the slow direction v",
        "s, u": "coordinate along the slow direction, along the fast ones",
        r"x_i, \sigma": "inputs, the activation",
    },
    assumptions=[
        *HYPOTHESES,
        Assumption("three samples", r"n \ge 3", unprobed="with fewer kappa = 0 and the loss falls exponentially"),
        Assumption("generic start", r"\gamma(0) \text{ outside a null set}", unprobed="starts off the slow direction make a null set"),
    ],
    source=GEOMETRY.at("Thm 5.3(b), Cor. 5.1(b); the constants are ours"),
    depends_on=["recovery.morse-bott"],
    refuted_by="A split target near which R t^2 has another limit.",
)

LEAST_CURVATURE = 0.01
#: The times at which the decay is read.
TIMES = (1e6, 1e7, 1e8)


def curved_design(target, rng):
    """A split target on six inputs with a curvature that is not too small (a small one delays the limit)."""
    model = TwoLayer(1, 2, activation=SIGMA)
    while True:
        theta = SPLIT.sample(target, rng)
        x = designs(model, theta[None], 6, 2, rng=rng)[0]
        if slow_decay(model, theta, x).curvature > LEAST_CURVATURE:
            return model, theta, x


def split_flow(cell, rng):
    """A split target on six inputs, and a start 0.1 off along the slow direction."""
    model, theta, x = curved_design(Target([[0.9]], [1.2]), rng)
    slow = np.array([theta[3], -theta[2], 0, 0]) / np.hypot(*theta[2:])
    return model, theta, x, theta + 0.1 * slow + rng.normal(0, 0.01, theta.shape)


@SUBLINEAR.check(
    "property",
    split_flow,
    axes(case=(0, 1), standard=6, full=24),
    clauses=("loss", "weights"),
    scope="six inputs, from distance 0.1 along the slow direction to t = 10^8",
    tolerance="R t^2 over its limit and |w1 - w2| t^(1/2) move by a multiple of t^(-1/2): of what they move from t = 10^6 to 10^8 a"
    " ninth is left, and from 10^7 to 10^8 they move 10^(-1/2) times what they move in the decade before; twice that, plus 1e-3 for the"
    " integrator",
)
@false("R like 1/t", exponent=-1.0)
@false("without the fast directions", constant=lambda slow: 1 / (16 * slow.curvature))
@false("three per cent more", constant=lambda slow: 1.03 * slow.loss_constant)
@false("three per cent less", constant=lambda slow: 0.97 * slow.loss_constant)
@false("weights like t^(-1/4)", root=0.25)
@false("weights like t^(-0.49)", root=0.49)
def followed(cell, given, *, exponent=-2.0, constant=lambda slow: slow.loss_constant, root=0.5, context):
    """R t^2 over the predicted constant at two late times, and |w1 - w2| t^(1/2)."""
    model, theta, x, start = given
    times = np.concatenate([[0.0], np.logspace(0, 8, 81)])
    decay = flow_once(model, start, x, model(theta, x)[:, 0], times)
    predicted = slow_decay(model, np.concatenate([[0.9, 0.9], decay.theta[-1][2:]]), x)
    at = [int(np.argmin(np.abs(times - time))) for time in TIMES]
    early, late = (float(decay.loss[k] * times[k] ** -exponent / constant(predicted)) for k in at[::2])
    apart = [float(abs(decay.theta[k, 0] - decay.theta[k, 1]) * times[k] ** root) for k in at]
    figures = [decay_figure(context)] if cell.case == 0 and exponent == -2 else []
    shown = {"theta": theta, "x": x}
    moved = 2 * abs(late - early) / 9 + 1e-3
    allowed = 2 * abs(apart[1] / apart[0] - 1) / np.sqrt(10) + 1e-3
    outcomes = [
        bounded("R t^2 over its limit", late - 1, moved, **shown),
        bounded("ratio of |w1 - w2| t^(1/2)", apart[2] / apart[1] - 1, allowed, **shown),
    ]
    return worst(outcomes, figures=figures)


@SUBLINEAR.check(
    "symbolic", [None], clauses="reduced equation", covers="statement", scope="two samples, one fast direction: elimination and closed form"
)
@false("R t", power=1)
@false("R t^3", power=3)
@false("s' = -2 kappa s^3", rate=2)
def reduced_equation(_, *, power=2, rate=4, context):
    """Minimizing |J u + q s^2 / 2|^2 over u leaves kappa s^4, the squared determinant; s' = -4 kappa s^3 gives R t^2 -> 1 / (64 kappa)."""
    import sympy as sp

    j1, j2, q1, q2, u, s = sp.symbols("j1 j2 q1 q2 u s", real=True)
    t, k, c = sp.symbols("t k c", positive=True)
    loss = (j1 * u + q1 * s**2 / 2) ** 2 + (j2 * u + q2 * s**2 / 2) ** 2
    least = loss.subs(u, sp.solve(sp.diff(loss, u), u)[0])
    quartic = sp.cancel(least / s**4 - (q1 * j2 - q2 * j1) ** 2 / (4 * (j1**2 + j2**2)))
    path = 1 / sp.sqrt(8 * k * t + c)
    solves = sp.simplify(sp.diff(path, t) + rate * k * path**3)
    limit = sp.limit(k * path**4 * t**power, t, sp.oo) - 1 / (64 * k)
    return vanishing("differences", [quartic, solves, limit if limit.is_finite is not False else sp.Integer(1)])


def decay_figure(context) -> Figure:
    """R(t) near four kinds of branches, six inputs; starts near split targets are farther off, where their slow stretch begins early."""
    series = []
    triple = Branch(((0, 1, 2),), ())
    kinds = [("free neuron alone", LONE, 0.03), ("free pair", PAIR, 0.03), ("split target", SPLIT, 0.3), ("target in three", triple, 0.3)]
    for k, (name, branch, distance) in enumerate(kinds):
        rng = context.rng("samples", k)
        model, theta, x = well_conditioned(branch, 1, 6, rng, tries=30)
        times = np.concatenate([[0.0], np.logspace(-1, 6, 71)])
        decay = flow(model, theta + rng.normal(0, distance, theta.shape), x, model(theta, x)[:, 0], times)
        shown = decay.loss[1:] > 1e-22
        series.append({"label": f"{name} ({branch})", "x": times[1:][shown].tolist(), "y": decay.loss[1:][shown].tolist()})
    late = np.logspace(2, 6, 5)
    series.append({"label": "slope -2", "x": late.tolist(), "y": (1e-3 * late**-2).tolist()})
    return Figure(
        "lines",
        "Decay of the loss under gradient flow near each kind of branch",
        "Log-log plot of the loss against time. With a lone free neuron or a free pair the loss plunges exponentially; at a split "
        "target and a target in three parts it ends on lines of slope minus two.",
        data={"series": series},
        x_label="time",
        y_label="R",
        log_x=True,
        log_y=True,
    )


CROSSING = claim(
    "recovery.flow.crossing",
    "Rates die towards a crossing",
    r"a_2 = 0,\ w_2 \to \bar w:\quad \frac{\lambda_+}{|w_2 - \bar w|^4} \to \tfrac14 \big| (I - P_{\sigma, \sigma' x})\,"
    r" \sigma''(\bar w x) x^2 \big|^2",
    clauses={
        "limit": r"\frac{\lambda_+}{|w_2 - \bar w|^4} \to \tfrac14 \big| (I - P_{\sigma, \sigma' x})\, \sigma''(\bar w x) x^2 \big|^2",
        "minors": r"\det[\sigma, \sigma' x, \sigma((\bar w + h) x)] = \tfrac{h^2}{2} \det[\sigma, \sigma' x, \sigma'' x^2] + O(h^3)",
    },
    symbols={
        "a_2, w_2": "outputs and weight of the silent neuron",
        r"\bar w": "weight of the target",
        r"\lambda_+": "smallest non-zero eigenvalue of the Hessian",
        r"P_{\sigma, \sigma' x}": "projection on the tangents of the target neuron",
        r"\sigma, x, h": "the activation at the inputs x; w_2 less the weight of the target",
    },
    assumptions=[
        *HYPOTHESES[:3],
        Assumption("three samples", r"n \ge 3", unprobed="with fewer the right side is 0, and the rate stays away from 0"),
        Assumption("one input", r"m = 2,\ m_0 = d = 1", unprobed="with more the limit depends on the direction of the approach"),
    ],
    source=GEOMETRY.at("ours"),
    kind="extension",
    depends_on=["recovery.flow.linear"],
    refuted_by="Inputs for which the eigenvalue over the fourth power has another limit.",
)

#: Relative corrections are of first order in the gap, with a constant of third over second derivatives along the normal direction.
CROSSING_TOLERANCE = 30.0


def crossing_constant(x, target) -> float:
    """lambda / gap^4: the null vector (1, -1, -gap/abar)-like combination of columns has squared norm 2 at gap 0."""
    w = float(target.weights[0, 0])
    value, slope, bend = (part[:, 0] for part in SIGMA.jet(x * w, 2))
    tangent = np.column_stack([value, slope * x[:, 0]])
    normal = bend * x[:, 0] ** 2
    normal = normal - tangent @ np.linalg.lstsq(tangent, normal, rcond=None)[0]
    return float(normal @ normal) / 4


def crossing_design(cell, rng):
    while True:
        x = rng.normal(0, 1.3, (5, 1))
        if crossing_constant(x, Target([[0.9]], [1.0])) > 1e-4:
            return x


@CROSSING.check(
    "property",
    crossing_design,
    axes(gap=(2.0**-8, -(2.0**-8), 2.0**-10), quick=5, standard=20, full=80),
    clauses="limit",
    scope="five inputs, abar = 1",
    tolerance="30 times the gap: the next term of the expansion",
)
@false("quadratic", power=2)
@false("cubic", power=3)
@false("a third more", share=4 / 3)
def crossing(cell, x, *, power=4, share=1.0, context):
    """The smallest non-zero eigenvalue over |w2 - wbar|^4, over its stated limit."""
    model, theta = TwoLayer(1, 2, activation=SIGMA), np.array([0.9, 0.9 + cell.gap, 1.0, 0.0])
    constant = share * crossing_constant(x, Target([[0.9]], [1.0]))
    ratio = float(hessian_eigenvalues(model, theta, x)[0] / abs(cell.gap) ** power / constant)
    return bounded("eigenvalue over its limit", ratio - 1, CROSSING_TOLERANCE * abs(cell.gap), x=x)


@CROSSING.check("symbolic", [None], clauses="minors", covers="statement", scope="the 3 x 3 minors for any sigma, Taylor order 3")
@false("first order", order=1)
@false("third order", order=3)
def minors(_, *, order=2, context):
    """The coefficients of the minors in h."""
    import sympy as sp

    h, rows = sp.Symbol("h"), []
    for i in range(3):
        x, *jet = sp.symbols(f"x{i} s{i}_0:4")
        rows.append((jet[0], jet[1] * x, sum(jet[k] * (h * x) ** k / sp.factorial(k) for k in range(4)), jet[2] * x**2))
    matrix = sp.Matrix(rows)
    minor = sp.Poly(sp.expand(matrix[:, :3].det()), h)
    leading = sp.expand(minor.coeff_monomial(h**order) - matrix[:, [0, 1, 3]].det() / 2)
    return vanishing("coefficients", [leading, *(minor.coeff_monomial(h**k) for k in range(order))])
