r"""Local minima under lifts through open affine pieces: they stay local minima, for near the lift R_deep = R o pi.

So the sentence "a local minimum can be lifted to a strict saddle" (early abstracts of the paper) is false for such lifts. It is true in
two other variants: a neuron that is constant on the data at a point where sigma is curved (depth_constant_neuron), and the insertion of a
residual block (depth_residual).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from proofs_check import Assumption, Claim, Control, Outcome, Probe, Source
from proofs_check.adequacy.depth import lifting
from proofs_check.claims._checks import exactly, in_floats, rounding
from proofs_check.claims.depth._measures import fractions, inertia_counts, same
from proofs_check.claims.depth._places import BIASES, DEPTH, LINEARIZED, ONE, Place, drawn_places, minima_places, rng_of
from proofs_check.claims.depth._points import (
    drawn_lift,
    lifted_minimum,
    planted_in_floats,
    planted_lift,
    strict_minimum,
    with_constant_neuron,
)
from proofs_check.proving import formal_check
from theory.lifting import Lifting, lift

MINIMUM = Assumption("local minimum", r"\theta \text{ is a local minimum of } R")

#: Rational perturbations of this size move no sample out of its piece: margins are at least 1/2, features far below 10^18.
NEARBY = Fraction(1, 10**20)


def open_lift(found: Lifting, rng):
    """The lift itself: every inserted neuron inside an open piece."""
    return found.deep, found.theta


def curved_neuron(found: Lifting, rng):
    """One more neuron, constant at 1, where hinge3 is curved; its outgoing weights of random sign."""
    return with_constant_neuron(found, 1, rng.choice([-1, 1], found.parts[2].shape[0]).tolist())


# ------------------------------------------------------------------------------------------ depth.localmin-to-localmin


def check_minimum(place: Place, *, construct, context) -> Outcome:
    """No negative eigenvalue, and no lower loss at nearby rational points, after the lift of a strict minimum."""
    rng = rng_of(place, context)
    found, data = lifted_minimum(place, rng)
    deep, lifted = construct(found, rng)
    negative = inertia_counts(deep, lifted, data)[0]
    if negative:
        shown = {"place": place, "theta": found.shallow_theta, "deep theta": lifted, "x": found.x, "y": fractions(data[1])}
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
    found, data = planted_lift(place, rng, ONE, irregular=True)
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

    place, rng, theta, data = planted_in_floats(place, context, size=1e-3)
    shallow = np.linalg.eigvalsh(hessian(place.model, theta, data))
    if shallow[0] <= 1e-9 * shallow[-1]:
        return Outcome.skipped("the planted point is no clear strict minimum")
    lowest, bound = np.inf, 0.0
    for _ in range(3):
        deep, lifted = construct(lift(place.model, theta, data[0], place.after, width=place.width, rng=rng), rng)
        values = np.linalg.eigvalsh(hessian(deep, lifted, data))
        if values[0] < lowest:
            # Backward stability of eigvalsh, and entries that are sums of P products: zeros move by at most 64 P eps |lambda|_max.
            lowest, bound = values[0], rounding(deep.n_params, values[-1])
    if lowest < -bound:
        return Outcome.fails(f"an eigenvalue of {lowest:.3g}, rounding allows {-bound:.3g}", counterexample={"place": place})
    return Outcome.holds(3, margin=(lowest + bound) / bound)


CURVED = [Control("one neuron constant at a curved point", construct=curved_neuron)]

FLOAT_LIFTS = in_floats(
    "float-lifts",
    check_minimum_in_floats,
    drawn_places,
    {"construct": open_lift},
    CURVED,
    scope="one to four weight matrices, widths 1 to 4, hinge3, three lifts each",
    distribution="normal weights and samples, planted residuals of l2 norm 1e-3",
    tolerance="64 P eps lambda_max",
)

LOCAL_MINIMUM = Claim(
    id="depth.localmin-to-localmin",
    title="Through open pieces a local minimum lifts to a local minimum",
    statement=r"\theta \text{ local minimum of } R \Rightarrow \theta_{\text{deep}} \text{ local minimum of } R_{\text{deep}}"
    r" = R \circ \pi \text{ near } \theta_{\text{deep}}",
    assumptions=[MINIMUM, LINEARIZED, BIASES],
    source=Source(DEPTH, "against the sentence of the abstracts v1 to v3; derived here"),
    depends_on=["depth.lifting.criticality", "depth.lifting.inertia"],
    refuted_by="A lift through open pieces of a local minimum with a lower loss arbitrarily near.",
    checks=[
        exactly(
            "exact-inertia",
            check_minimum,
            minima_places,
            {"construct": open_lift},
            CURVED,
            scope="planted strict minima, two to four layers, hinge3, every position; 20 nearby rational points each",
            distribution="integer weights, residuals of l1 norm 1/1000 or less",
        ),
        exactly(
            "loss-factors",
            check_factors_through,
            minima_places,
            {"construct": open_lift},
            CURVED,
            scope="five nearby rational points of each lift, two to four layers, hinge3",
            distribution="integer weights, planted residuals of l1 norm 1, steps of up to 9e-7",
        ),
        replace(FLOAT_LIFTS, name="float-eigenvalues"),
        formal_check(
            "depth/lifting.v",
            "depth_localmin_to_localmin",
            false="far from lifts too",
            adequate=lifting,
            part="all sizes: least on a set of parameters, without topology",
        ),
    ],
    probes=[Probe(drops="linearized layer", instances=minima_places, parameters={"construct": curved_neuron})],
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
        exactly(
            "exact-lifts",
            check_no_saddle,
            minima_places,
            {"construct": open_lift},
            CURVED,
            scope="ten random lifts of each planted strict minimum, two to four layers, hinge3, every position",
            distribution="integer weights, residuals of l1 norm 1/1000 or less",
        ),
        FLOAT_LIFTS,
    ],
    probes=[Probe(drops="linearized layer", instances=minima_places, parameters={"construct": curved_neuron})],
)

CLAIMS = [LOCAL_MINIMUM, REFUTED_SENTENCE]
