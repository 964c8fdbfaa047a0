r"""Gradient flow near the perfect minima of a two-layer network: it converges, and on Morse-Bott branches at a linear rate.

theta' = -grad R, R = sum_i (g(theta, x_i) - f*(x_i))^2, so that Hess R = 2 J^T J on the zero set and lambda = 2 sigma_min(J)^2.
"""

from __future__ import annotations

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims.recovery._points import GENERIC, INPUTS, PAPER, POINT, well_conditioned
from theory.recovery import branch_types, on_grid

MORSE_BOTT = Assumption("Morse-Bott branch", r"l = 2r - m - m_0,\ n \ge \operatorname{codim} Q^r_{P,\pi}")


def check_certified_tail(instance, *, share, context) -> Outcome:
    """As many samples as the rank: the flow from a start near theta* has a zero-loss limit within E / sqrt(lambda), proved in balls."""
    from numerics.arithmetic.krawczyk import NotCertified
    from numerics.recovery.minima import certified_tail, hessian_eigenvalues

    branch, d, replicate = instance
    rng = context.rng(replicate)
    while True:
        model, theta, x = well_conditioned(branch, d, branch.rank(d), rng, tries=30)
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
    shown = {"kind": "tail of a flow near a solution", "activation": model.activation.name, "limit within": most}
    return Outcome.holds(certificate={**shown, "theta": theta, "start": start, "samples": x})


#: A reach on which balls keep eigenvalues above the last number positive, and starts so near that E / sqrt(lambda) stays below it.
NEAR, REACH, LEAST_CERTIFIED = 2.0**-34, 1e-6, 1e-4


def ranked_kinds(context):
    replicates = context.by_level(quick=1, standard=4, full=20)
    return [(b, d, k) for k in range(replicates) for m, m0 in [(1, 1), (2, 1), (3, 1), (3, 2)] for b in branch_types(m, m0) for d in (1, 2)]


def check_flow_arrives(instance, *, direction, context) -> Outcome:
    """The flow from distance 0.02 loses all but LEFT of its loss by time 10^5 on a way of bounded length."""
    from numerics.recovery.minima import flow

    branch, d, replicate = instance
    rng = context.rng(replicate)
    model, theta, x = well_conditioned(branch, d, branch.codimension(d), rng)
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


def smallest(eigenvalues) -> float:
    return float(eigenvalues[0])


def largest(eigenvalues) -> float:
    return float(eigenvalues[-1])


def check_linear_rate(instance, *, rate, context) -> Outcome:
    """R falls like exp(-2 lambda t) and the distance to the limit like exp(-lambda t), fitted where 1e-19 < R < 1e-11."""
    from numerics.recovery.minima import decay_rate, flow, hessian_eigenvalues

    branch, d, n, replicate = instance
    rng = context.rng(replicate)
    for _ in range(50):
        model, theta, x = well_conditioned(branch, d, n, rng)
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
    from numerics.arithmetic.krawczyk import NotCertified
    from numerics.rank.slope import batched_tangents
    from numerics.recovery.minima import certified_least_eigenvalue

    branch, d, n, replicate = instance
    model, theta, x = well_conditioned(branch, d, branch.codimension(d), context.rng(replicate), tries=30)
    predicted = eigenvalue(np.linalg.svd(batched_tangents(model, theta[None], x[None])[1][0], compute_uv=False) ** 2)
    try:
        lower, upper = certified_least_eigenvalue(model, theta, x, reach=1e-7)
    except NotCertified as reason:
        return Outcome.inconclusive(str(reason), cases=1)
    if lower <= predicted <= upper:
        return Outcome.holds()
    message = f"the least eigenvalue lies in [{lower:.6g}, {upper:.6g}], predicted {predicted:.6g}"
    return Outcome.fails(message, counterexample={"branch": str(branch), "theta": theta, "x": x})


CLAIMS = [
    Claim(
        id="recovery.flow.converges",
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
]
