r"""What a local minimum becomes when a layer is inserted: through open affine pieces always a local minimum, otherwise perhaps a saddle.

The sentence "a local minimum can be lifted to a strict saddle" (early abstracts of the paper) is false for lifts through open pieces, where
R_deep = R o pi. It is true in two other variants: a neuron that is constant on the data at a point where sigma is curved, and the
insertion of a residual block (family file depth_residual).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._depth import (
    BIASES,
    CRITICAL,
    DEPTH,
    LINEARIZED,
    ONE,
    SMALL,
    Place,
    drawn_lift,
    drawn_places,
    fractions,
    hash_of,
    inertia_counts,
    places,
    planted,
    rational_point,
    rng_of,
    same,
    strict_minimum,
    with_constant_neuron,
)
from theory.embedding.blocks import plus
from theory.lifting import Lifting, lift

MINIMUM = Assumption("local minimum", r"\theta \text{ is a local minimum of } R")

#: Rational perturbations of this size move no sample out of its piece: margins are at least 1/2, features far below 10^18.
NEARBY = Fraction(1, 10**20)


def open_lift(found: Lifting, rng):
    """The lift itself: every inserted neuron inside an open piece."""
    return found.deep, found.theta


def curved_neuron(found: Lifting, rng):
    """One more neuron, constant at 1, where hinge3 is curved; its outgoing weights of random sign."""
    outer = rng.choice([-1, 1], found.parts[2].shape[0]) * Fraction(1)
    return with_constant_neuron(found, Fraction(1) if found.theta.dtype == object else 1.0, outer.astype(found.theta.dtype))


# ------------------------------------------------------------------------------------------ depth.localmin-to-localmin


def check_minimum(place: Place, *, construct, context) -> Outcome:
    """No negative eigenvalue, and no lower loss at nearby rational points, after the lift of a strict minimum."""
    rng = rng_of(place, context)
    theta, data = strict_minimum(place, rng)
    found = drawn_lift(place, rng, x=fractions(data[0]), theta=theta)
    deep, lifted = construct(found, rng)
    negative = inertia_counts(deep, lifted, data)[0]
    if negative:
        shown = {"place": place, "theta": theta, "deep theta": lifted, "x": found.x, "y": fractions(data[1])}
        return Outcome.fails(f"{negative} negative eigenvalues at the lift of a strict minimum", counterexample=shown)
    return _no_lower_nearby(deep, lifted, data, rng, place)


def _no_lower_nearby(deep, lifted, data, rng, place, tries: int = 20) -> Outcome:
    from numerics.hessian import risk

    lowest = risk(deep, lifted, data)
    for _ in range(tries):
        step = rng.integers(-9, 10, deep.n_params) * NEARBY
        if risk(deep, lifted + step, data) < lowest:
            return Outcome.fails("a nearby point has a lower loss", counterexample={"place": place, "deep theta": lifted, "step": step})
    return Outcome.holds(tries)


def check_factors_through(place: Place, *, construct, context) -> Outcome:
    """R_deep(lift + delta) = R(pi(lift + delta)) in rational numbers for nearby delta: the reason why minima stay minima."""
    from numerics.hessian import risk

    rng = rng_of(place, context)
    theta = rational_point(place.model, rng)
    data = planted(place.model, theta, rng, size=ONE)
    found = drawn_lift(place, rng, x=fractions(data[0]), theta=theta)
    deep, lifted = construct(found, rng)
    for _ in range(5):
        step = rng.integers(-9, 10, deep.n_params) * NEARBY
        moved = lifted + step
        collapsed = found.collapse(moved if deep == found.deep else _without_last(found, deep, moved))
        if not same([risk(deep, moved, data)], [risk(found.shallow, collapsed, data)]):
            return Outcome.fails("the deep loss is not the shallow one behind pi", counterexample={"place": place, "step": step})
    return Outcome.holds(5)


def _without_last(found: Lifting, deep, theta) -> np.ndarray:
    """The parameters without the last neuron of the new layer, its constant moved into the next biases."""
    q, parts = found.after, deep.unpack(theta)
    constant = parts[f"W{q + 2}"][:, -1] * deep.activation(parts[f"b{q + 1}"][-1:])[0]
    parts |= {f"W{q + 1}": parts[f"W{q + 1}"][:-1], f"b{q + 1}": parts[f"b{q + 1}"][:-1], f"W{q + 2}": parts[f"W{q + 2}"][:, :-1]}
    return found.deep.pack(**{**parts, f"b{q + 2}": parts[f"b{q + 2}"] + constant})


def check_minimum_in_floats(place: Place, *, construct, context) -> Outcome:
    """Smallest eigenvalues of many lifts of one strict minimum, in floats."""
    from numerics.hessian import hessian
    from numerics.planting import plant

    place = replace(place, activation="hinge3")
    rng = context.rng(hash_of(place))
    model, theta = place.model, rng.normal(0, 0.4, place.model.n_params)
    x = rng.normal(size=(-(-(model.n_params + 3) // model.outputs), model.inputs))
    data = plant(model, theta, x, size=1e-3, seed=place.replicate)
    shallow = np.linalg.eigvalsh(hessian(model, theta, data))
    if shallow[0] <= 1e-9 * shallow[-1]:
        return Outcome.skipped("the planted point is no clear strict minimum")
    lowest, bound = np.inf, 0.0
    for _ in range(3):
        deep, lifted = construct(lift(model, theta, x, place.after, width=place.width, rng=rng), rng)
        values = np.linalg.eigvalsh(hessian(deep, lifted, data))
        if values[0] < lowest:
            # Backward stability of eigvalsh, and entries that are sums of P products: zeros move by at most 64 P eps |lambda|_max.
            lowest, bound = values[0], 64 * deep.n_params * np.finfo(float).eps * values[-1]
    if lowest < -bound:
        return Outcome.fails(f"an eigenvalue of {lowest:.3g}, rounding allows {-bound:.3g}", counterexample={"place": place})
    return Outcome.holds(3, margin=(lowest + bound) / bound)


def hinge_places(context):
    return [place for place in places(context, ("hinge3",), (1, 6, 30)) if place.widths != (2, 1, 2)]


LOCAL_MINIMUM = Claim(
    family="depth",
    id="depth.localmin-to-localmin",
    title="Through open pieces a local minimum lifts to a local minimum",
    statement=r"\theta \text{ local minimum of } R \Rightarrow \theta_{\text{deep}} \text{ local minimum of } R_{\text{deep}}"
    r" = R \circ \pi \text{ near } \theta_{\text{deep}}",
    assumptions=[MINIMUM, LINEARIZED, BIASES],
    source=Source(DEPTH, "against the sentence of the abstracts v1 to v3; derived here"),
    depends_on=["depth.lifting.criticality", "depth.lifting.inertia"],
    refuted_by="A lift through open pieces of a local minimum with a lower loss arbitrarily near.",
    checks=[
        Check(
            "exact-inertia",
            evidence="exact",
            covers="instances",
            scope="planted strict minima, two to four layers, hinge3, every position; 20 nearby rational points each",
            run=check_minimum,
            instances=hinge_places,
            distribution="integer weights, residuals of l1 norm 1/1000 or less",
            parameters={"construct": open_lift},
            controls=[Control("one neuron constant at a curved point", construct=curved_neuron)],
        ),
        Check(
            "loss-factors",
            evidence="exact",
            covers="instances",
            scope="five nearby rational points of each lift, two to four layers, hinge3",
            run=check_factors_through,
            instances=hinge_places,
            distribution="integer weights, planted residuals of l1 norm 1, steps of up to 9e-7",
            parameters={"construct": open_lift},
            controls=[Control("one neuron constant at a curved point", construct=curved_neuron)],
        ),
        Check(
            "float-eigenvalues",
            evidence="property",
            covers="instances",
            scope="one to four weight matrices, widths 1 to 4, hinge3, three lifts each",
            run=check_minimum_in_floats,
            instances=drawn_places,
            distribution="normal weights and samples, planted residuals of l2 norm 1e-3",
            tolerance="64 P eps lambda_max",
            parameters={"construct": open_lift},
            controls=[Control("one neuron constant at a curved point", construct=curved_neuron)],
        ),
    ],
    probes=[Probe(drops="linearized layer", instances=hinge_places, parameters={"construct": curved_neuron})],
)

# ---------------------------------------------------------------------------- depth.localmin-to-strict-saddle.refuted


def check_no_saddle(place: Place, *, construct, context) -> Outcome:
    """Ten random lifts of one strict minimum: none has a negative eigenvalue."""
    rng = rng_of(place, context)
    theta, data = strict_minimum(place, rng)
    for number in range(10):
        deep, lifted = construct(drawn_lift(place, rng, x=fractions(data[0]), theta=theta), rng)
        counts = inertia_counts(deep, lifted, data)
        if counts[0]:
            shown = {"place": place, "theta": theta, "deep theta": lifted, "inertia": counts}
            return Outcome.fails(f"lift {number} of a strict minimum is a strict saddle", counterexample=shown)
    return Outcome.holds(10)


REFUTED_SENTENCE = Claim(
    family="depth",
    id="depth.localmin-to-strict-saddle.refuted",
    title="A local minimum cannot be lifted to a strict saddle through open pieces",
    kind="counterexample",
    relation="impossibility",
    statement=r"\text{"
    "“A local minimum can be lifted to a strict saddle” is false for lifts with all inserted neurons in open affine pieces: "
    r"} n_-(\theta_{\text{deep}}) \le n_-(\theta) = 0",
    assumptions=[MINIMUM, LINEARIZED, BIASES],
    source=Source("arXiv:2205.13283v1", "abstract (also v2, v3; the sentence is gone from v4)"),
    depends_on=["depth.localmin-to-localmin"],
    refuted_by="A lift of a strict minimum, all inserted neurons in open pieces, with a negative eigenvalue.",
    notes="H_deep = (D pi)^T H (D pi) at critical points, so n_- cannot grow. Two other variants of the sentence hold.",
    checks=[
        Check(
            "exact-lifts",
            evidence="exact",
            covers="instances",
            scope="ten random lifts of each planted strict minimum, two to four layers, hinge3, every position",
            run=check_no_saddle,
            instances=hinge_places,
            distribution="integer weights, residuals of l1 norm 1/1000 or less",
            parameters={"construct": open_lift},
            controls=[Control("one neuron constant at a curved point", construct=curved_neuron)],
        ),
        Check(
            "float-lifts",
            evidence="property",
            covers="instances",
            scope="one to four weight matrices, widths 1 to 4, hinge3, three lifts each",
            run=check_minimum_in_floats,
            instances=drawn_places,
            distribution="normal weights and samples, planted residuals of l2 norm 1e-3",
            tolerance="64 P eps lambda_max",
            parameters={"construct": open_lift},
            controls=[Control("one neuron constant at a curved point", construct=curved_neuron)],
        ),
    ],
    probes=[Probe(drops="linearized layer", instances=hinge_places, parameters={"construct": curved_neuron})],
)

# ---------------------------------------------------------------- depth.localmin-to-strict-saddle.constant-neuron


def correlation_block(found: Lifting, data, outer) -> np.ndarray:
    """E[(v . e^[q+1]) f^[q] f^[q]T] at the shallow point."""
    from numerics.layers import trace
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
    from numerics.inertia import exact_inertia

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
        theta, data = strict_minimum(place, rng)
        return drawn_lift(place, rng, x=fractions(data[0]), theta=theta), data
    from numerics.layers import trace

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
    return [(place, False) for place in hinge_places(context)]


def uncorrelated_places(context):
    return [(Place((2, 2, 1), "hinge3", 1, 2, k), True) for k in range(2)]


def check_escape_rate(place: Place, *, rate, context) -> Outcome:
    """Gradient flow from a constant-neuron lift, 1e-6 along the lowest eigenvector, grows at the rate |lambda_min|."""
    from scipy.integrate import solve_ivp

    from numerics.hessian import gradient, hessian

    rng = context.rng(hash_of(place))
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
    found = lift(model, theta, x, place.after, width=place.width, rng=rng)
    candidates = [with_constant_neuron(found, 1.0, sign * np.ones(model.outputs)) for sign in (1, -1)]
    lowest = lambda one: np.linalg.eigvalsh(hessian(*one, data))[0]
    return *min(candidates, key=lowest), data


def escape_places(context):
    draws = context.by_level(quick=2, standard=10, full=40)
    return [Place(widths, "hinge3", 1, 2, k) for widths in ((2, 2, 1), (3, 2, 1)) for k in range(draws)]


CONSTANT_NEURON = Claim(
    family="depth",
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
        Check(
            "inertia",
            evidence="exact",
            covers="instances",
            scope="planted strict minima, two to four layers, hinge3 at bhat = 1, v and -v",
            run=check_constant_neuron,
            instances=wider_places,
            distribution="integer weights, residuals of l1 norm 1/1000 or less",
            parameters={"block_of": signed, "bias": 1},
            controls=[Control("opposite sign", block_of=wrong_sign), Control("inside the affine piece", bias=-1)],
        ),
        Check(
            "escape-rate",
            evidence="property",
            covers="instances",
            scope="gradient flow of [2, 2, 1] and [3, 2, 1] with a constant neuron behind the hidden layer",
            run=check_escape_rate,
            instances=escape_places,
            distribution="planted strict minima, started 1e-6 along the lowest eigenvector, followed to 1e-5",
            tolerance="the third derivative along the way, and the rounding seen in the first gradient",
            parameters={"rate": lambda rate: rate},
            controls=[Control("twice the rate", rate=lambda rate: 2 * rate)],
        ),
    ],
    probes=[
        Probe(drops="curved", instances=wider_places, parameters={"bias": -1}),
        Probe(drops="correlated", instances=uncorrelated_places),
    ],
)

CLAIMS = [LOCAL_MINIMUM, REFUTED_SENTENCE, CONSTANT_NEURON]
