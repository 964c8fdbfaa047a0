r"""Gradient flow near the perfect minima of a two-layer network: convergence, rates, crossings, stability.

theta' = -grad R, R = sum_i (g(theta, x_i) - f*(x_i))^2, so that Hess R = 2 J^T J on the zero set and lambda = 2 sigma_min(J)^2.
"""

from __future__ import annotations

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Source
from proofs_check.claims._recovery_checks import (
    FEW,
    GENERIC,
    INPUTS,
    LONE,
    MANY,
    MARGIN,
    PAIR,
    PAPER,
    POINT,
    RANKED,
    SPLIT,
    decided,
    inputs,
    kinds_up_to,
    tangent_rank,
)
from theory.genericity import shifted
from theory.models import TwoLayer
from theory.recovery import Branch, Target, branch_types, on_grid, random_target

SIGMA = shifted("tanh")
MORSE_BOTT = Assumption("Morse-Bott branch", r"l = 2r - m - m_0,\ n \ge \operatorname{codim} Q^r_{P,\pi}")


def placed(branch: Branch, d: int, n: int, rng, *, tries: int = 10):
    """A model, a point of the branch, and well-conditioned inputs."""
    from numerics.minima import designs

    model = TwoLayer(d, branch.width, activation=SIGMA)
    theta = branch.sample(random_target(branch.targets, d, rng), rng)
    return model, theta, on_grid(designs(model, theta[None], n, branch.rank(d), rng=rng, tries=tries)[0])


# --------------------------------------------------------------------------------------------- recovery.flow.converges


def check_certified_tail(instance, *, share, context) -> Outcome:
    """As many samples as the rank: the flow from a start near theta* has a zero-loss limit within E / sqrt(lambda), proved in balls."""
    from numerics.krawczyk import NotCertified
    from numerics.minima import certified_tail, hessian_eigenvalues

    branch, d, replicate = instance
    rng = context.rng(replicate)
    while True:
        model, theta, x = placed(branch, d, branch.rank(d), rng, tries=30)
        if hessian_eigenvalues(model, theta, x)[0] > LEAST_CERTIFIED:
            break
    start = theta + on_grid(rng.normal(0, 1, theta.shape)) * NEAR
    try:
        least, most = certified_tail(model, theta, start, x, reach=REACH)
    except NotCertified as reason:
        return Outcome.inconclusive(str(reason), cases=1)
    if share * most < least:
        message = f"claimed within {share * most:.3g}, but every zero of the loss is at least {least:.3g} away"
        return Outcome.fails(message, counterexample={"branch": str(branch), "start": start, "x": x})
    return Outcome.holds(certificate={"theta": theta, "start": start, "samples": x, "limit within": most})


#: A reach on which balls keep eigenvalues above the last number positive, and starts so near that E / sqrt(lambda) stays below it.
NEAR, REACH, LEAST_CERTIFIED = 2.0**-34, 1e-6, 1e-4


def ranked_kinds(context):
    replicates = context.by_level(quick=1, standard=4, full=20)
    return [(b, d, k) for k in range(replicates) for m, m0 in [(1, 1), (2, 1), (3, 1), (3, 2)] for b in branch_types(m, m0) for d in (1, 2)]


def check_flow_arrives(instance, *, direction, context) -> Outcome:
    """The flow from distance 0.02 loses all but LEFT of its loss by time 10^5 on a way of bounded length."""
    from numerics.minima import flow

    branch, d, replicate = instance
    rng = context.rng(replicate)
    model, theta, x = placed(branch, d, branch.codimension(d), rng)
    start = theta + rng.normal(0, 0.02, theta.shape)
    decay = flow(model, start, x, model(theta, x)[:, 0], np.concatenate([[0.0], np.logspace(-2, 5, 50)]), direction=direction)
    share = float(decay.loss[-1] / decay.loss[0])
    if len(decay.times) == 51 and share < LEFT and decay.length < LENGTH:
        return Outcome.holds()
    message = f"{share:.3g} of the loss left at time {decay.times[-1]:.3g} after a way of length {decay.length:.3g}"
    return Outcome.fails(message, counterexample={"branch": str(branch), "start": start, "x": x})


#: On the slowest branches R = 1 / (64 curvature t^2): at t = 10^5 less than 10^-7 for curvatures above 10^-5, of a start of 10^-4.
LEFT = 1e-3
#: A start at distance 0.02 per parameter, within reach of the Lojasiewicz estimate length <= const * R^(1/4).
LENGTH = 1.0


# ------------------------------------------------------------------------------------------------ recovery.flow.linear


def smallest(eigenvalues) -> float:
    return float(eigenvalues[0])


def largest(eigenvalues) -> float:
    return float(eigenvalues[-1])


def check_linear_rate(instance, *, rate, context) -> Outcome:
    """R falls like exp(-2 lambda t) and the distance to the limit like exp(-lambda t), fitted where 1e-19 < R < 1e-11."""
    from numerics.minima import decay_rate, flow, hessian_eigenvalues

    branch, d, n, replicate = instance
    rng = context.rng(replicate)
    for _ in range(50):
        model, theta, x = placed(branch, d, n, rng)
        eigenvalues = hessian_eigenvalues(model, theta, x)
        if eigenvalues[0] > LEAST_RATE and eigenvalues[1] > SPECTRAL_GAP * eigenvalues[0]:
            break
    else:
        return Outcome.inconclusive(f"no design with a spectral gap for {branch}", cases=1)
    end = 30 / eigenvalues[0]
    times = np.concatenate([[0.0], np.linspace(end / 200, end, 200)])
    decay = flow(model, theta + rng.normal(0, 0.01, theta.shape), x, model(theta, x)[:, 0], times)
    expected = rate(hessian_eigenvalues(model, decay.theta[-1], x))
    of_loss = decay_rate(decay, largest=1e-11, smallest=1e-19) / (2 * expected)
    inside = np.flatnonzero((decay.loss < 1e-11) & (decay.loss > 1e-19))[[0, -1]]
    distance = np.linalg.norm(decay.theta[inside] - decay.theta[-1], axis=1)
    of_distance = float(np.log(distance[0] / distance[1]) / np.diff(decay.times[inside])[0] / expected)
    if max(abs(of_loss - 1), abs(of_distance - 1)) < RATE_TOLERANCE:
        return Outcome.holds(margin=(RATE_TOLERANCE - abs(of_loss - 1)) / RATE_TOLERANCE)
    message = f"rates of loss and distance are {of_loss:.4f} and {of_distance:.4f} of the predicted ones"
    return Outcome.fails(message, counterexample={"branch": str(branch), "theta": theta, "x": x, "predicted": expected})


#: Slower flows take too long; a second eigenvalue closer than this spoils the fit.
LEAST_RATE, SPECTRAL_GAP = 5e-3, 1.5
#: From R = 1e-4 to 1e-11 the second mode shrinks by (1e-7)^(1/2) = 3e-4 against the first; ten times its amplitude then leaves
#: 100 * 3e-4 over a window of 18 e-folds, 0.2%. Ten times that is allowed for.
RATE_TOLERANCE = 0.02


def morse_bott_flows(context):
    count = context.by_level(quick=1, standard=4, full=20)
    for replicate in range(count):
        for m, m0, d in [(2, 1, 1), (2, 1, 2), (3, 1, 1), (2, 2, 1)]:
            for branch in branch_types(m, m0):
                if branch.morse_bott and branch.codimension(d) > 1:
                    yield branch, d, branch.codimension(d) + replicate % 3, replicate


def check_certified_rate(instance, *, eigenvalue, context) -> Outcome:
    """Within 10^-7 of theta* the least eigenvalue of J J^T lies where predicted: R falls at least like exp(-4 (1 - tau) sigma_min^2 t)."""
    from numerics.krawczyk import NotCertified
    from numerics.minima import certified_least_eigenvalue
    from numerics.slope import batched_tangents

    branch, d, n, replicate = instance
    model, theta, x = placed(branch, d, branch.codimension(d), context.rng(replicate), tries=30)
    predicted = eigenvalue(np.linalg.svd(batched_tangents(model, theta[None], x[None])[1][0], compute_uv=False) ** 2)
    try:
        lower, upper = certified_least_eigenvalue(model, theta, x, reach=1e-7)
    except NotCertified as reason:
        return Outcome.inconclusive(str(reason), cases=1)
    if lower <= predicted <= upper:
        return Outcome.holds()
    message = f"the least eigenvalue lies in [{lower:.6g}, {upper:.6g}], predicted {predicted:.6g}"
    return Outcome.fails(message, counterexample={"branch": str(branch), "theta": theta, "x": x})


# --------------------------------------------------------------------------------------------- recovery.flow.sublinear


def check_sublinear(replicate, *, exponent, constant, context) -> Outcome:
    """A split target: R t^(-exponent) has a limit, the one predicted from second derivatives; the weights approach like t^(-1/2)."""
    from numerics.minima import flow, slow_decay

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
    from numerics.minima import designs, slow_decay

    model = TwoLayer(1, 2, activation=SIGMA)
    while True:
        theta = SPLIT.sample(target, rng)
        x = designs(model, theta[None], 6, 2, rng=rng)[0]
        if slow_decay(model, theta, x).curvature > LEAST_CURVATURE:
            return model, theta, x


def decay_figure(context) -> Figure:
    """R(t) near four kinds of branches, six inputs; starts near split targets are farther off, where their slow stretch begins early."""
    from numerics.minima import flow

    series = []
    triple = Branch(((0, 1, 2),), ())
    kinds = [("free neuron alone", LONE, 0.03), ("free pair", PAIR, 0.03), ("split target", SPLIT, 0.3), ("target in three", triple, 0.3)]
    for k, (name, branch, distance) in enumerate(kinds):
        rng = context.rng(1000 + k)
        model, theta, x = placed(branch, 1, 6, rng, tries=30)
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


# ---------------------------------------------------------------------------------------------- recovery.flow.crossing


def check_crossing(instance, *, power, context) -> Outcome:
    """The smallest non-zero eigenvalue over |w2 - wbar|^power, against |P sigma''(wbar x) x^2|^2 / 4, P off sigma and sigma' x."""
    from numerics.minima import hessian_eigenvalues

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


# -------------------------------------------------------------------------------------------------- recovery.stability


def stability(branch: Branch, n: int, d: int) -> str:
    return branch.stability(n, d)


def literal_stability(branch: Branch, n: int, d: int) -> str:
    """As printed: unstable whenever n is at most the rank, also where it is the codimension."""
    return "unstable" if n <= branch.rank(d) else branch.stability(n, d)


def check_stability(instance, *, verdict, context) -> Outcome:
    """Stable where the certified rank is the codimension; unstable where it is n below the codimension (the zero set is larger there)."""
    branch, d = instance
    rng, cases = context.rng(), 0
    theta, most = branch.sample(random_target(branch.targets, d, rng), rng), branch.codimension(d) + 1
    x = inputs(rng, most, d)
    for n in range(1, most + 1):
        found = tangent_rank(RANKED[0], branch, theta, x[:n])
        if found.rank is None:
            return Outcome.inconclusive(str(found), cases=1)
        proved = "stable" if found.rank == branch.codimension(d) else "unstable" if found.rank == n else None
        if proved is not None and verdict(branch, n, d) != proved:
            message = f"n = {n}: claimed {verdict(branch, n, d)}, but rank {found.rank} proves it {proved}"
            return Outcome.fails(message, counterexample={"branch": str(branch), "theta": theta, "x": x[:n]})
        cases += proved is not None
    return Outcome.holds(cases)


def check_stability_by_projection(cell, *, verdict, context) -> Outcome:
    """Perturbed perfect points and their nearest zero-loss points, at every n, against the verdict; drawn as a table."""
    from numerics.minima import designs, nearby_zero_loss
    from numerics.statistics import Answer, decide_rate_at_least, decide_rate_at_most

    branch, d, n = cell
    expected, trials = verdict(branch, n, d), context.by_level(quick=240, standard=500, full=2000)
    rng, model = context.rng(n), TwoLayer(d, branch.width, activation=SIGMA)
    theta = np.stack([branch.sample(random_target(branch.targets, d, rng), rng) for _ in range(trials)])
    nearby = nearby_zero_loss(model, theta, designs(model, theta, n, branch.rank(d), rng=rng), rng=rng)
    count = int(nearby.imperfect.sum())
    rule, level = (decide_rate_at_most, FEW) if expected == "stable" else (decide_rate_at_least, MANY)
    decision = rule(count, trials, threshold=level, margin=MARGIN, alpha=context.alpha / 24)
    figures = [stability_figure(3, 1, 2)] if (branch, d, n) == (SPLIT, 1, 1) else ()
    return decided(decision, f"{branch}, d = {d}, n = {n}, {expected}: {count} of {trials} imperfect", Answer, figures=figures)


def stability_cells(context):
    """Every n up to one beyond the codimension where the theorem decides."""
    for branch, d in [(SPLIT, 1), (LONE, 1), (LONE, 2), (PAIR, 1), (SPLIT, 2)]:
        for n in range(1, branch.codimension(d) + 2):
            # At n = rank on a degenerate branch imperfect points are closer than any cut-off: of second order in the perturbation.
            if branch.stability(n, d) != "sample-dependent" and (branch.morse_bott or n != branch.rank(d)):
                yield branch, d, n


def stability_figure(m: int, m0: int, d: int) -> Figure:
    kinds = branch_types(m, m0)
    largest_size = max(branch.codimension(d) for branch in kinds) + 1
    value = {"unstable": 0.0, "sample-dependent": 0.5, "stable": 1.0}
    return Figure(
        "heatmap",
        f"Stability of each kind of branch against the sample size (m = {m}, m0 = {m0}, d = {d}; 0 unstable, 1/2 by the sample, 1 stable)",
        "Each row is a kind of branch, from the split target below to all weights distinct above; stability begins earliest where "
        "all weights are distinct and latest where no neuron is free.",
        data={
            "values": [[value[b.stability(n, d)] for n in range(1, largest_size + 1)] for b in kinds],
            "x": list(range(1, largest_size + 1)),
            "y": [f"r = {b.distinct}: {b}" for b in kinds],
        },
        x_label="samples n",
        y_label="branch",
    )


CLAIMS = [
    Claim(
        id="recovery.flow.converges",
        family="recovery",
        title="Gradient flow near the zero set converges to it",
        statement=r"\exists\, U \supset R^{-1}\{0\} \text{ open}: \gamma(0) \in U \implies \gamma(t) \to \theta_\infty \in R^{-1}\{0\},\ "
        r"|\theta_\infty - \gamma(0)| \le \sqrt{R(\gamma(0)) / \mu} \text{ where } J J^{\mathsf T} \ge \mu",
        assumptions=[Assumption("analytic", r"\sigma \text{ analytic (Lojasiewicz inequality)}")],
        source=Source(PAPER, "Thms 5.1, 5.2, Prop. 5.1; the distance is ours"),
        relation="upper",
        checks=[
            Check(
                "certified-tail",
                "certified",
                "instances",
                "starts at distance 2^-34 of all kinds of branches, m <= 3, d <= 2, n = rank, smallest eigenvalue above 1e-4",
                check_certified_tail,
                ranked_kinds,
                parameters={"share": 1.0},
                controls=[Control("a thousandth of the distance", share=1e-3)],
            ),
            Check(
                "followed",
                "property",
                "instances",
                "starts at distance 0.02 of all kinds of branches with m0 = 1, m d <= 3, n = codimension, to t = 10^5",
                check_flow_arrives,
                lambda context: [(b, d, k) for b, d, k in ranked_kinds(context) if b.targets == 1 and b.width * d < 4],
                parameters={"direction": -1},
                controls=[Control("sign as printed in section 2.1", direction=1)],
                tolerance="a thousandth of the loss left, from R = 1 / (64 curvature t^2) on the slowest branches",
            ),
        ],
    ),
    Claim(
        id="recovery.flow.linear",
        family="recovery",
        title="Linear rate on Morse-Bott branches",
        statement=r"|\gamma(t) - \theta_\infty| \sim e^{-\lambda t},\quad R(\gamma(t)) \sim e^{-2 \lambda t},\quad "
        r"\lambda = 2\, \sigma_{\min}(J)^2 \text{ the smallest non-zero eigenvalue of } \operatorname{Hess} R(\theta_\infty)",
        assumptions=[GENERIC, INPUTS, POINT, MORSE_BOTT, Assumption("generic start", r"\gamma(0) \text{ outside a null set}")],
        source=Source(PAPER, "Thm 5.3(a); the rate is ours"),
        depends_on=["recovery.morse-bott"],
        checks=[
            Check(
                "fitted-rate",
                "property",
                "instances",
                "Morse-Bott branches, m <= 3, starts at distance 0.01",
                check_linear_rate,
                morse_bott_flows,
                parameters={"rate": smallest},
                controls=[
                    Control("twice as fast", rate=lambda values: 2 * smallest(values)),
                    Control("the largest eigenvalue", rate=largest),
                    Control("the trace", rate=lambda values: float(values.sum())),
                ],
                tolerance="2%: the second mode, at least 1.5 times as fast, leaves 0.2% in the window 1e-19 < R < 1e-11",
            ),
            Check(
                "certified-eigenvalue",
                "certified",
                "instances",
                "least eigenvalue of J J^T in a neighbourhood, Morse-Bott branches, n = codimension",
                check_certified_rate,
                morse_bott_flows,
                parameters={"eigenvalue": lambda squares: float(squares[-1])},
                controls=[
                    Control("twice", eigenvalue=lambda squares: 2 * float(squares[-1])),
                    Control("the largest", eigenvalue=lambda squares: float(squares[0])),
                ],
            ),
        ],
    ),
    Claim(
        id="recovery.flow.sublinear",
        family="recovery",
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
        family="recovery",
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
    Claim(
        id="recovery.stability",
        family="recovery",
        title="Which sample sizes make a branch stable",
        statement=r"\theta^* \in Q^r_{P,\pi} \text{ stable a.e. for } n \ge \operatorname{codim};\quad "
        r"\text{unstable everywhere for } n \le r + (r-l)\,d \text{ and } n < \operatorname{codim};\quad "
        r"\text{all of } Q^* \text{ stable for } n > N",
        assumptions=[GENERIC, INPUTS, POINT],
        source=Source(PAPER, "Thm 5.4, Table 2, corrected where the printed ranges overlap"),
        depends_on=["recovery.separation", "recovery.rank"],
        checks=[
            Check(
                "ranks",
                "exact",
                "instances",
                "all kinds of branches, m <= 3, d <= 2, n up to the codimension + 1",
                check_stability,
                kinds_up_to(3),
                parameters={"verdict": stability},
                controls=[
                    Control("printed ranges", verdict=literal_stability),
                    Control("stable from the rank on", verdict=lambda b, n, d: "stable" if n >= b.rank(d) else "unstable"),
                ],
            ),
            Check(
                "projection",
                "training",
                "instances",
                "perturbations of 0.005, m <= 3: at most 5% imperfect where stable (25% excluded), at least 95% where unstable (75% "
                "excluded)",
                check_stability_by_projection,
                stability_cells,
                parameters={"verdict": stability},
                controls=[
                    Control("always stable", verdict=lambda b, n, d: "stable"),
                    Control("never stable", verdict=lambda b, n, d: "unstable"),
                ],
                alpha=1e-5,
                tolerance="test error 1e-11, as for the separation",
            ),
        ],
    ),
]
