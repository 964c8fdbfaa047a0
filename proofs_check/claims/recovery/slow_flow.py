r"""Where gradient flow near the perfect minima is slow: at a split target, and on branches near a crossing.

At a split target the loss is of fourth order along one direction, so that R falls like 1 / t^2; towards a crossing of branches the rate of
the linear decay itself goes to zero.
"""

from __future__ import annotations

import numpy as np

from proofs_check import Check, Claim, Control, Figure, Outcome, Source
from proofs_check.claims.recovery._points import GENERIC, INPUTS, LONE, PAIR, PAPER, POINT, SIGMA, SPLIT, well_conditioned
from theory.models import TwoLayer
from theory.recovery import Branch, Target


def check_sublinear(replicate, *, exponent, constant, context) -> Outcome:
    """A split target: R t^(-exponent) has a limit, the one predicted from second derivatives; the weights approach like t^(-1/2)."""
    from numerics.recovery.minima import flow, slow_decay

    rng = context.rng(replicate)
    target = Target([[0.9]], [1.2])
    model, theta, x = curved_design(target, rng)
    times = np.concatenate([[0.0], np.logspace(0, 8, 81)])
    slow = np.array([theta[3], -theta[2], 0, 0]) / np.hypot(*theta[2:])
    start = theta + 0.1 * slow + rng.normal(0, 0.01, theta.shape)
    decay = flow(model, start, x, model(theta, x)[:, 0], times)
    limit = np.concatenate([[0.9, 0.9], decay.theta[-1][2:]])
    predicted = slow_decay(model, limit, x)
    late = [61, 81]  # t = 10^6 and 10^8
    observed = float(np.diff(np.log10(decay.loss[late]))[0] / 2)
    ratio = decay.loss[-1] * times[-1] ** 2 / constant(predicted)
    apart = np.abs(decay.theta[late, 0] - decay.theta[late, 1])
    approach = float(np.diff(np.log10(apart))[0] / 2)
    if abs(observed - exponent) < EXPONENT_TOLERANCE and abs(ratio - 1) < CONSTANT_TOLERANCE and abs(approach + 0.5) < EXPONENT_TOLERANCE:
        return Outcome.holds(figures=[decay_figure(context)] if replicate == 0 else ())
    message = f"R ~ t^{observed:.4f}, R t^2 is {ratio:.4f} of the predicted constant, |w1 - w2| ~ t^{approach:.4f}"
    return Outcome.fails(message, counterexample={"theta": theta, "x": x})


#: s^-2 = 8 curvature t + O(sqrt t): relative corrections of a few times s, and s < 4e-3 from t = 10^6 on for curvatures above 0.01.
EXPONENT_TOLERANCE, CONSTANT_TOLERANCE = 0.02, 0.05
LEAST_CURVATURE = 0.01


def curved_design(target, rng):
    """A split target on six inputs with a curvature that is not too small (a small one delays the limit)."""
    from numerics.recovery.minima import designs, slow_decay

    model = TwoLayer(1, 2, activation=SIGMA)
    while True:
        theta = SPLIT.sample(target, rng)
        x = designs(model, theta[None], 6, 2, rng=rng)[0]
        if slow_decay(model, theta, x).curvature > LEAST_CURVATURE:
            return model, theta, x


def decay_figure(context) -> Figure:
    """R(t) near four kinds of branches, six inputs; starts near split targets are farther off, where their slow stretch begins early."""
    from numerics.recovery.minima import flow

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


def check_reduced_equation(_, *, power, context) -> Outcome:
    """Minimizing |J u + q s^2 / 2|^2 over u leaves curvature s^4; s' = -4 curvature s^3 gives R t^2 -> 1 / (64 curvature)."""
    import sympy

    j1, j2, q1, q2, u, s, c = sympy.symbols("j1 j2 q1 q2 u s c", real=True)
    t, k = sympy.symbols("t k", positive=True)
    loss = (j1 * u + q1 * s**2 / 2) ** 2 + (j2 * u + q2 * s**2 / 2) ** 2
    least = loss.subs(u, sympy.solve(sympy.diff(loss, u), u)[0])
    quartic = sympy.cancel(least / s**4 - (q1 * j2 - q2 * j1) ** 2 / (4 * (j1**2 + j2**2)))
    path = 1 / sympy.sqrt(8 * k * t + c)
    solves = sympy.simplify(sympy.diff(path, t) + 4 * k * path**3)
    limit = sympy.limit(k * path**4 * t**power, t, sympy.oo)
    if quartic == 0 and solves == 0 and limit == 1 / (64 * k):
        return Outcome.holds(3)
    return Outcome.fails(
        f"R t^{power} tends to {limit}", counterexample={"quartic": str(quartic), "equation": str(solves), "limit": str(limit)}
    )


def check_crossing(instance, *, power, context) -> Outcome:
    """The smallest non-zero eigenvalue over |w2 - wbar|^power, against |P sigma''(wbar x) x^2|^2 / 4, P off sigma and sigma' x."""
    from numerics.recovery.minima import hessian_eigenvalues

    replicate, gap = instance
    rng, target = context.rng(replicate), Target([[0.9]], [1.0])
    model, constant = TwoLayer(1, 2, activation=SIGMA), 0.0
    while constant < 1e-4:
        x = rng.normal(0, 1.3, (5, 1))
        constant = crossing_constant(x, target)
    theta = np.array([0.9, 0.9 + gap, 1.0, 0.0])
    ratio = float(hessian_eigenvalues(model, theta, x)[0] / gap**power / constant)
    if abs(ratio - 1) < CROSSING_TOLERANCE * gap:
        return Outcome.holds()
    return Outcome.fails(f"eigenvalue / |gap|^{power} is {ratio:.4f} of the constant", counterexample={"theta": theta, "x": x, "gap": gap})


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


def gaps(context):
    return [(replicate, gap) for replicate in range(context.by_level(quick=10, standard=50, full=200)) for gap in (2.0**-8, 2.0**-10)]


def check_minor_expansion(_, *, order, context) -> Outcome:
    """det[sigma(w x_i), sigma'(w x_i) x_i, sigma((w + h) x_i)] starts with h^2 / 2 det[sigma, sigma' x, sigma'' x^2], for any sigma."""
    import sympy

    h = sympy.Symbol("h")
    rows = []
    for i in range(3):
        x, *jet = sympy.symbols(f"x{i} s{i}_0:4")
        rows.append((jet[0], jet[1] * x, sum(jet[k] * (h * x) ** k / sympy.factorial(k) for k in range(4)), jet[2] * x**2))
    matrix = sympy.Matrix(rows)
    minor = sympy.Poly(sympy.expand(matrix[:, :3].det()), h)
    leading = sympy.expand(minor.coeff_monomial(h**order) - matrix[:, [0, 1, 3]].det() / 2)
    below = [minor.coeff_monomial(h**k) for k in range(order)]
    if leading == 0 and not any(below):
        return Outcome.holds()
    return Outcome.fails(f"coefficients below h^{order}: {below}", counterexample={"order": order, "leading": str(leading)})


CLAIMS = [
    Claim(
        id="recovery.flow.sublinear",
        title="At a split target the flow is slow: R falls like 1 / t^2",
        statement=r"m = 2,\ m_0 = r = 1,\ d = 1:\quad R(\gamma(t))\, t^2 \to \frac{1}{64\, \kappa},\quad |w_1 - w_2| \sim t^{-1/2},\quad "
        r"\kappa = \tfrac14 |(I - J J^+)\, q|^2,\ q_i = \textstyle\sum_k a_k v_k^2\, \sigma''(\bar w x_i)\, x_i^2",
        assumptions=[GENERIC, INPUTS, POINT],
        source=Source(PAPER, "Thm 5.3(b), Cor. 5.1(b); the constants are ours"),
        depends_on=["recovery.morse-bott"],
        checks=[
            Check(
                "followed",
                "property",
                "instances",
                "six inputs, from distance 0.1 along the slow direction to t = 10^8",
                check_sublinear,
                lambda context: range(context.by_level(quick=4, standard=16, full=64)),
                parameters={"exponent": -2.0, "constant": lambda slow: slow.loss_constant},
                controls=[
                    Control("R like 1 / t", exponent=-1.0),
                    Control("without the fast directions", constant=lambda slow: 1 / (16 * slow.curvature)),
                ],
                tolerance="exponents 0.02, constant 5%: corrections are a few times |w1 - w2| < 4e-3",
            ),
            Check(
                "reduced-equation",
                "symbolic",
                "instances",
                "two samples, one fast direction: elimination and solution in closed form",
                check_reduced_equation,
                lambda context: [None],
                parameters={"power": 2},
                controls=[Control("R t", power=1), Control("R t^3", power=3)],
            ),
        ],
    ),
    Claim(
        id="recovery.flow.crossing",
        title="Rates die towards a crossing",
        statement=r"a_2 = 0,\ w_2 \to \bar w:\quad \frac{\lambda_+}{|w_2 - \bar w|^4} "
        r"\to \tfrac14 \big| (I - P_{\sigma, \sigma' x})\, \sigma''(\bar w x) x^2 \big|^2",
        assumptions=[GENERIC, INPUTS],
        source=Source(PAPER, "ours"),
        kind="extension",
        depends_on=["recovery.flow.linear"],
        checks=[
            Check(
                "eigenvalues",
                "property",
                "instances",
                "five inputs, abar = 1, gaps 2^-8 and 2^-10",
                check_crossing,
                gaps,
                parameters={"power": 4},
                controls=[Control("quadratic", power=2), Control("cubic", power=3)],
                tolerance="30 times the gap: the next term of the expansion",
            ),
            Check(
                "minor",
                "symbolic",
                "instances",
                "the 3 x 3 minors for any sigma, Taylor order 3",
                check_minor_expansion,
                lambda context: [None],
                parameters={"order": 2},
                controls=[Control("first order", order=1), Control("third order", order=3)],
            ),
        ],
    ),
]
