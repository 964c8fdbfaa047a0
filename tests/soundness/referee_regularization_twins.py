"""Implicit regularization: pairs on the digraph criterion, conserved quantities and limits of gradient flow."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
from referee_twins import (
    CONSTANT,
    DROPPED,
    FLOAT,
    FLOW_PAPER,
    SMALL,
    Pair,
    Side,
    agreed,
    numbered,
    sides,
    within,
)

from proofs_check import Outcome, Source

# ------------------------------------------------------------------------------------------------------- the criterion


def family(rng, largest=5):
    """Limits 0, 1, ... of as many datasets, and the limits in each solution set."""
    n = int(rng.integers(2, largest + 1))
    members = [{i, *np.flatnonzero(rng.random(n) < 0.3).tolist()} for i in range(n)]
    return list(range(n)), members


def check_strict(instance, *, claimed, domain, context):
    limits, members = family(context.rng(instance))
    exists = any(
        all(value[i] < value[j] for i, solutions in enumerate(members) for j in solutions if j != i) for value in permutations(limits)
    )
    return agreed(bool(claimed(limits, members)), exists, members=[sorted(solutions) for solutions in members])


def acyclic(limits, members):
    from theory.regularization.criterion import membership_digraph, strict_exists

    return strict_exists(membership_digraph(limits, members))


def no_pair(limits, members):
    return not any(j in members[i] and i in members[j] for i in limits for j in limits if i != j)


def check_weak(instance, *, claimed, domain, context):
    rng = context.rng(instance)
    limits, members = family(rng, 6)
    for i in limits:  # every limit overlaps with some other
        if not any(i in members[j] and j in members[i] for j in limits if j != i):
            j = int(rng.choice([other for other in limits if other != i]))
            members[i].add(j)
            members[j].add(i)
    # Whatever weak G tells two limits apart, one with values 0 and 1 does (cut it at a value between).
    weak = [
        value
        for value in product((0, 1), repeat=len(limits))
        if all(value[i] <= value[j] for i, solutions in enumerate(members) for j in solutions)
    ]
    classes = len(set(zip(*weak, strict=True)))
    return agreed(claimed(limits, members), classes, members=[sorted(solutions) for solutions in members])


def weak_classes(limits, members):
    from theory.regularization.criterion import membership_digraph
    from theory.regularization.criterion import weak_classes as classes

    return len(classes(membership_digraph(limits, members)))


# --------------------------------------------------------------------------------------------------------- elasticity


def check_fold(instance, *, claimed, domain, context):
    from flint import arb

    from numerics.arithmetic.krawczyk import working_precision

    with working_precision(256):
        z, radius = claimed(), arb(10) ** -instance
        # h(z) = z (1 - s(z)) has h' = (1 - s)(1 - z s), so that its extremum is the root of z s(z) = 1.
        left, right = ((z + side * radius) / (1 + (-(z + side * radius)).exp()) - 1 for side in (-1, 1))
        if left < 0 and right > 0:
            return Outcome.holds()
        if left > 0 or right < 0:
            return Outcome.fails(f"no sign change within 1e-{instance}", counterexample={"exponent": instance, "z": str(z)})
        return Outcome.inconclusive("the balls hold zero")


def omega_root():
    from flint import arb

    return 1 + (-arb(1)).exp().lambertw()


def printed_root():
    from flint import arb

    return arb("1.278464542761")


def rough_root():
    from flint import arb

    return arb("1.2785")


def check_elasticity(instance, *, claimed, domain, context):
    from flint import arb

    from numerics.arithmetic.krawczyk import working_precision
    from theory.activations import activation

    rng = context.rng(instance)
    name, points = str(rng.choice(domain)), np.sort(rng.uniform(0.05, 6, 3))
    with working_precision(128):
        z = np.array([arb(float(point)) for point in points], dtype=object)
        value, slope = activation(name).jet(z, 1)
        h = z * slope / value
        steps = [1 if b > a else -1 if b < a else 0 for a, b in zip(h, h[1:], strict=False)]
    if 0 in steps:
        return Outcome.inconclusive("the balls overlap")
    if claimed(steps):
        return Outcome.holds()
    return Outcome.fails(f"h moves by {steps}", counterexample={"activation": name, "points": points})


# -------------------------------------------------------------------------------------------------------------- flows


def check_diagonal(instance, *, claimed, domain, context):
    from scipy.integrate import solve_ivp

    rng = context.rng(instance)
    d, n = 3, int(rng.integers(1, 3))
    x, start = rng.normal(size=(n, d)), rng.uniform(0.3, 1.2, 2 * d)
    y = x @ rng.normal(size=d)

    def field(_, state):
        u, v = state[:d], state[d:]
        push = x.T @ (x @ (u * u - v * v) - y)
        return np.concatenate([-2 * u * push, 2 * v * push])

    time = 400 / min(1, np.linalg.svd(x, compute_uv=False)[-1] ** 2)  # the slowest rate is a multiple of the least singular value squared
    end = solve_ivp(field, (0, time), start, method="LSODA", rtol=1e-10, atol=1e-13).y[:, -1]
    beta = end[:d] ** 2 - end[d:] ** 2
    if np.abs(x @ beta - y).max() > 1e-9:
        return Outcome.inconclusive("the flow has not converged")
    u0, v0 = start[:d], start[d:]
    slope = np.arcsinh(beta / (claimed * u0 * v0)) + np.log(v0 / u0)
    off = slope - np.linalg.lstsq(x.T, slope, rcond=None)[0] @ x
    return within(np.linalg.norm(off), 1e-6, "slope of the entropy outside the row space", x=x, start=start, y=y)


def check_kept_sign(instance, *, claimed, domain, context):
    from numerics.flows.flow import gradient_flow
    from theory.models import TwoLayer

    rng = context.rng(instance)
    while True:  # within 5 % of the threshold the flow passes by the saddle at 0
        a0, w0 = rng.uniform(0.3, 2, 2)
        x = float(rng.uniform(0.1, 2.5))
        if abs(a0**2 * x**2 / np.sinh(w0 * x) ** 2 - 1) >= 0.05:
            break
    limit = gradient_flow(TwoLayer(1, 1), [w0, a0], ([[x]], [-a0 * np.tanh(w0 * x)]))
    if not limit.converged:
        return Outcome.inconclusive(limit.reason)
    return agreed(bool(claimed(a0, w0, x)), bool(limit.theta[1] > 0), a0=a0, w0=w0, x=x)


def check_zero_label(instance, *, claimed, domain, context):
    from numerics.flows.flow import gradient_flow
    from theory.models import TwoLayer

    rng = context.rng(instance)
    a0, w0, x = rng.uniform(0.3, 1.5), rng.normal(), rng.uniform(0.3, 1.5) * rng.choice([-1, 1])
    limit = gradient_flow(TwoLayer(1, 1, activation="exp"), [w0, a0], ([[x]], [0.0]))
    if not limit.converged:
        return Outcome.inconclusive(limit.reason)
    return within(abs(limit.theta[0] - (w0 - claimed * x * a0**2)), 1e-6, "limit of the weight", a0=a0, w0=w0, x=x)


def check_drift(instance, *, claimed, domain, context):
    from numerics.flows.flow import gradient_descent
    from theory.models import TwoLayer

    rng = context.rng(instance)
    model = TwoLayer(1, 1, activation="exp")
    w0, a0, x = rng.uniform(-0.5, 0.5), rng.uniform(0.5, 1.5), rng.uniform(0.5, 1.2)
    y = a0 * np.exp(w0 * x) + float(rng.choice([-0.5, 0.7]))
    integral = lambda w, a: a * a / 2 - w / x
    drifts = []
    for step in (2e-3, 1e-3):
        w, a = gradient_descent(model, [w0, a0], ([[x]], [y]), step=step, time=0.5)
        drifts.append(abs(integral(w, a) - integral(w0, a0)))
    if min(drifts) < 1e-9:
        return Outcome.inconclusive("the leading term nearly cancels")
    return within(abs(np.log2(drifts[0] / drifts[1]) - claimed), 0.2, "order of the drift", w0=w0, a0=a0, x=x, y=y)


PAIRS = [
    Pair(
        id="referee.strict-function",
        title="When a function ranks the limits of a family strictly",
        difficulty=SMALL,
        source=Source(FLOW_PAPER, "Lemma 5.1"),
        scope="random families of two to five datasets, all orders tried",
        run=check_strict,
        instances=numbered(40, 300),
        true=Side(statement=r"\text{exists} \Leftrightarrow \text{no cycle}", claimed=acyclic),
        false=Side(statement=r"\text{exists} \Leftrightarrow \text{no two limits lie in each other's solution sets}", claimed=no_pair),
        control=("always", lambda limits, members: True),
    ),
    Pair(
        id="referee.weak-function",
        title="How many values a weak function can take on overlapping limits",
        difficulty=DROPPED,
        source=Source(FLOW_PAPER, "Lemma 5.1(b)"),
        scope="random families of two to six datasets, each limit overlapping with another",
        run=check_weak,
        instances=numbered(40, 300),
        true=Side(statement=r"\text{one for each strongly connected component}", claimed=weak_classes),
        false=Side(statement=r"\text{one}", claimed=lambda limits, members: 1),
        control=("one for each limit", lambda limits, members: len(limits)),
    ),
    Pair(
        id="referee.fold",
        title="Where the elasticity of the sigmoid is largest",
        difficulty=FLOAT,
        source=Source(FLOW_PAPER, "Corollary 6.1"),
        scope="sign changes within 1e-5 to 1e-40",
        run=check_fold,
        instances=lambda context: range(5, context.by_level(quick=25, standard=41, full=61)),
        evidence="certified",
        true=Side(statement=r"z = 1 + W(1/e)", claimed=omega_root),
        false=Side(statement=r"z = 1.278464542761", claimed=printed_root),
        control=("1.2785", rough_root),
    ),
    Pair(
        id="referee.elasticity",
        title="The elasticity is monotone on the positive axis",
        difficulty=DROPPED,
        source=Source(FLOW_PAPER, "Proposition 6.1"),
        scope="three random points up to 6, in balls",
        run=check_elasticity,
        instances=numbered(25, 150),
        evidence="certified",
        true=Side(
            statement=r"\text{for } \tanh, \text{ softplus and arctan}",
            claimed=lambda steps: len(set(steps)) == 1,
            domain=["tanh", "softplus", "atan"],
        ),
        false=Side(
            statement=r"\text{for increasing } \sigma",
            claimed=lambda steps: len(set(steps)) == 1,
            domain=["tanh", "softplus", "atan", "sigmoid"],
        ),
        control=("it increases", lambda steps: set(steps) == {1}),
    ),
    Pair(
        id="referee.diagonal-entropy",
        title="The entropy that a diagonal linear network minimizes",
        difficulty=CONSTANT,
        source=Source(FLOW_PAPER, "section 2"),
        scope="three inputs, one or two samples",
        run=check_diagonal,
        instances=numbered(6, 40),
        evidence="property",
        tolerance="1e-6: relative tolerance 1e-10 of the integrator, times its steps and the condition of X",
        true=Side(statement=r"\operatorname{asinh}(\beta/(2 u_0 v_0))", claimed=2.0),
        false=Side(statement=r"\operatorname{asinh}(\beta/(u_0 v_0))", claimed=1.0),
        control=("ten", 10.0),
    ),
    Pair(
        id="referee.kept-sign",
        title="Which sign a tanh neuron keeps on the reflected label",
        difficulty=SMALL,
        source=Source(FLOW_PAPER, "section 5.3"),
        scope="a, w from 0.3 to 2, inputs from 0.1 to 2.5, label -f",
        run=check_kept_sign,
        instances=numbered(15, 80),
        true=Side(
            statement=r"a > 0 \Leftrightarrow a_0^2 > \sinh^2(w_0 x)/x^2", claimed=lambda a0, w0, x: a0**2 > np.sinh(w0 * x) ** 2 / x**2
        ),
        false=Side(statement=r"a > 0 \Leftrightarrow a_0^2 > w_0^2", claimed=lambda a0, w0, x: a0**2 > w0**2),
        control=("always", lambda a0, w0, x: True),
        evidence="property",
        tolerance="5 % of the threshold, where the flow passes by the saddle at 0",
    ),
    Pair(
        id="referee.zero-label",
        title="Where an exponential neuron ends on the label zero",
        difficulty=CONSTANT,
        source=Source(FLOW_PAPER, "Theorem 6.2"),
        scope="a from 0.3 to 1.5, normal w, |x| from 0.3 to 1.5",
        run=check_zero_label,
        instances=numbered(10, 60),
        evidence="property",
        tolerance="1e-6: what the integrator's relative tolerance and the residual leave of the conserved quantity",
        true=Side(statement=r"w_\infty = w_0 - x a_0^2/2", claimed=0.5),
        false=Side(statement=r"w_\infty = w_0 - x a_0^2", claimed=1.0),
        control=("it stays", 0.0),
    ),
    Pair(
        id="referee.drift-order",
        title="How the conserved quantity drifts under gradient descent",
        difficulty=CONSTANT,
        source=Source(FLOW_PAPER, "Lemma A.3"),
        scope="one exponential neuron, one sample, steps 0.002 and 0.001",
        run=check_drift,
        instances=numbered(8, 40),
        evidence="property",
        tolerance="0.2: the next term is of relative order step, a few hundredths where the leading one does not cancel",
        true=Side(statement=r"O(\eta)", claimed=1.0),
        false=Side(statement=r"O(\eta^2)", claimed=2.0),
        control=("no order", 0.0),
    ),
]


def claims(side):
    """The claims of one side."""
    return sides(PAIRS, side)
