r"""A neuron that is constant on the data, at a point where sigma is curved: through it a local minimum becomes a strict saddle.

The neuron has no incoming weights, so that it is affine on the data; but its bias lies in no open affine piece, and what bends there meets
the residuals: the Hessian gains sigma''(bhat) E[(v . e) f f^T].
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._checks import exactly, in_floats
from proofs_check.claims.depth._measures import fractions, inertia_counts
from proofs_check.claims.depth._places import CRITICAL, DEPTH, SMALL, Place, minima_places, rng_of
from proofs_check.claims.depth._points import drawn_lift, lifted_minimum, planted, rational_point, with_constant_neuron
from theory.embedding.blocks import plus
from theory.lifting import Lifting, lift


def correlation_block(found: Lifting, data, outer) -> np.ndarray:
    """E[(v . e^[q+1]) f^[q] f^[q]T] at the shallow point."""
    from numerics.hessian.neuron_matrices import trace
    from numerics.planting import cotangent_of

    seen = trace(found.shallow, fractions(found.shallow_theta), found.x)
    errors = seen.error(found.after + 1, fractions(cotangent_of(found.shallow, found.shallow_theta, data))) @ outer
    features = seen.features[found.after]
    return (features * errors[:, None]).T @ features


def curvature_of(activation, bias):
    return activation.jet(np.array([bias], dtype=object), 2)[2][0]


def signed(curvature, block):
    """sigma''(bhat) E[(v . e) f f^T]."""
    return curvature * block


def wrong_sign(curvature, block):
    return -curvature * block


def check_constant_neuron(instance, *, block_of, bias, context) -> Outcome:
    """Exact inertia for v and -v (the shallow one, zeros, the block of the constant neuron); one of the two is a strict saddle."""
    from numerics.hessian import gradient
    from numerics.hessian.inertias import exact_inertia

    place, uncorrelated = instance
    rng = rng_of(place, context)
    found, data = _lifted_point(place, rng, uncorrelated)
    before = inertia_counts(place.model, found.shallow_theta, data)
    outer = rng.choice([-1, 1], found.parts[2].shape[0]) * Fraction(1)
    negative = []
    for v in (outer, -outer):
        deep, theta = with_constant_neuron(found, Fraction(bias), v)
        if any(gradient(deep, theta, data)):
            return Outcome.fails("the point with a constant neuron is not critical", counterexample={"place": place, "deep theta": theta})
        block = block_of(curvature_of(deep.activation, Fraction(bias)), correlation_block(found, data, v))
        flat = deep.n_params - place.model.n_params - len(block)
        expected, observed = plus(before, (0, flat, 0), exact_inertia(block).counts), inertia_counts(deep, theta, data)
        if expected != observed:
            shown = {"place": place, "deep theta": theta, "shallow": before}
            return Outcome.fails(f"inertia {observed}, expected {expected}", counterexample=shown)
        negative.append(observed[0] - before[0])
    if max(negative) < 1:
        return Outcome.fails("neither v nor -v gives a negative eigenvalue", counterexample={"place": place, "bias": bias, "outer": outer})
    return Outcome.holds(2)


def _lifted_point(place: Place, rng, uncorrelated: bool):
    """A lifted strict minimum; ``uncorrelated`` plants residuals with E[e_t f f^T] = 0 for all t, then whatever the Hessian is."""
    if not uncorrelated:
        return lifted_minimum(place, rng)
    from numerics.hessian.neuron_matrices import trace

    theta = rational_point(place.model, rng)

    def rows(x):
        seen = trace(place.model, theta, x)
        features = seen.features[place.after]
        products = (features[:, :, None] * features[:, None, :]).reshape(len(x), -1)
        return [seen.linear_rows(lambda c: seen.error(place.after + 1, c).T @ products)]

    extra = 2 + place.model.widths[place.after] ** 2 * place.model.widths[place.after + 1]
    data = planted(place.model, theta, rng, size=SMALL, conditions=rows, extra=extra)
    return drawn_lift(place, rng, x=fractions(data[0]), theta=theta), data


def wider_places(context):
    """Inserted widths from the rank on; the constant neuron is one more."""
    return [(place, False) for place in minima_places(context)]


def uncorrelated_places(context):
    return [(Place((2, 2, 1), "hinge3", 1, 2, k), True) for k in range(2)]


def check_escape_rate(place: Place, *, rate, context) -> Outcome:
    """Gradient flow from a constant-neuron lift, 1e-6 along the lowest eigenvector, grows at the rate |lambda_min|."""
    from scipy.integrate import solve_ivp

    from numerics.hessian import gradient, hessian

    rng = rng_of(place, context)
    deep, start, data = _float_saddle(place, rng)
    H = hessian(deep, start, data)
    values, vectors = np.linalg.eigh(H)
    v, begin, end = vectors[:, 0], 1e-6, 1e-5
    reached = lambda _, u: abs(v @ u) - end
    reached.terminal = True
    flow = solve_ivp(
        lambda _, u: -gradient(deep, start + u, data),
        (0, 2 * np.log(end / begin) / -values[0]),
        begin * v,
        method="LSODA",
        jac=lambda _, u: -hessian(deep, start + u, data),
        rtol=1e-8,
        atol=1e-8 * begin,
        events=reached,
    )
    measured, expected = np.log(abs(v @ flow.y[:, -1]) / begin) / flow.t[-1], rate(-values[0])
    # Along v: r' = |lambda| r + c r^2 / 2 with c the third derivative, doubled for what comes back through other directions. What is left
    # of the gradient at the start shows the rounding of every other one; the integrator errs by about 1e-8 a step.
    bend = abs(v @ (hessian(deep, start + 1e-4 * v, data) - H) @ v) / 1e-4
    noise = 4 * np.abs(gradient(deep, start, data)).max() / begin
    bound = 2 * bend * end + noise + 1e-5 * -values[0]
    if abs(measured - expected) > bound:
        return Outcome.fails(f"rate {measured:.6g}, expected {expected:.6g} +- {bound:.2g}", counterexample={"place": place})
    return Outcome.holds(margin=(bound - abs(measured - expected)) / bound)


def _float_saddle(place: Place, rng):
    """A planted strict minimum of moderate size, lifted with a constant neuron of the sign that makes a strict saddle."""
    from numerics.hessian import hessian
    from numerics.planting import plant

    model = place.model
    while True:
        theta, x = rng.normal(0, 0.5, model.n_params), rng.normal(size=(model.n_params + 6, model.inputs))
        data = plant(model, theta, x, size=0.02, seed=int(rng.integers(2**31)))
        if np.linalg.eigvalsh(hessian(model, theta, data))[0] > 1e-4:
            break
    found = lift(model, theta, x, place.after, width=place.width, rng=rng, irregular=False)
    candidates = [with_constant_neuron(found, 1.0, sign * np.ones(model.outputs)) for sign in (1, -1)]
    lowest = lambda one: np.linalg.eigvalsh(hessian(*one, data))[0]
    return *min(candidates, key=lowest), data


def escape_places(context):
    draws = context.by_level(quick=2, standard=10, full=40)
    return [Place(widths, "hinge3", 1, 2, k) for widths in ((2, 2, 1), (3, 2, 1)) for k in range(draws)]


CLAIMS = [
    Claim(
        id="depth.localmin-to-strict-saddle.constant-neuron",
        title="With a neuron that is constant at a curved point a local minimum becomes a strict saddle",
        statement=r"\hat W_j = 0,\ v = W'_{\cdot j}:\quad H_{\text{deep}} \cong H \oplus 0 \oplus"
        r" \sigma''(\hat b_j)\, E[(v \cdot e^{[q+1]}) f^{[q]} f^{[q]T}];\quad"
        r"\text{a strict saddle for } v \text{ or } -v",
        assumptions=[
            CRITICAL,
            Assumption("curved", r"\sigma''(\hat b_j) \neq 0"),
            Assumption("correlated", r"E[(v \cdot e^{[q+1]}) f^{[q]} f^{[q]T}] \neq 0"),
            Assumption("room", r"\hat m \ge \operatorname{rank} W^{[q+1]} + 1"),
        ],
        source=Source(DEPTH, "a true variant of the sentence of the abstracts v1 to v3; derived here"),
        depends_on=["depth.lifting.inertia"],
        refuted_by="A point with another inertia, or one where neither sign of v gives a negative eigenvalue.",
        notes="The neuron is linear on the data trivially, being constant; but its bias lies in no open affine piece.",
        checks=[
            exactly(
                "inertia",
                check_constant_neuron,
                wider_places,
                {"block_of": signed, "bias": 1},
                [Control("opposite sign", block_of=wrong_sign), Control("inside the affine piece", bias=-1)],
                scope="planted strict minima, two to four layers, hinge3 at bhat = 1, v and -v",
                distribution="integer weights, residuals of l1 norm 1/1000 or less",
            ),
            in_floats(
                "escape-rate",
                check_escape_rate,
                escape_places,
                {"rate": lambda rate: rate},
                [Control("twice the rate", rate=lambda rate: 2 * rate)],
                scope="gradient flow of [2, 2, 1] and [3, 2, 1] with a constant neuron behind the hidden layer",
                distribution="planted strict minima, started 1e-6 along the lowest eigenvector, followed to 1e-5",
                tolerance="the third derivative along the way, and the rounding seen in the first gradient",
            ),
        ],
        probes=[
            Probe(drops="curved", instances=wider_places, parameters={"bias": -1}),
            Probe(drops="correlated", instances=uncorrelated_places),
        ],
    )
]
