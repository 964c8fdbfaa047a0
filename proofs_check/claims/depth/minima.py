r"""Local minima under lifts through open affine pieces: they stay local minima, for near the lift R_deep = R o pi.

So the sentence "a local minimum can be lifted to a strict saddle" (early abstracts of the paper) is false for such lifts. It is true in
two other variants: a neuron that is constant on the data at a point where sigma is curved (depth_constant_neuron), and the insertion of a
residual block (depth_residual).
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from numerics.hessian import hessian, risk
from proofs_check import Assumption, Outcome, by_level, claim, false
from proofs_check.adequacy.depth import lifting
from proofs_check.judging import bounded, equal, true, worst
from theory.lifting import lift

from . import EARLY, LIFTING
from ._measures import fractions, inertia_counts
from ._places import LINEARIZED, NEXT_BIASES, ONE, insertions, place_in, rng_of
from ._points import drawn_lift, lifted_minimum, planted_in_floats, planted_lift, strict_minimum, with_constant_neuron

MINIMUM = Assumption("local minimum", r"\theta \text{ is a local minimum of } R")

#: Rational perturbations of this size move no sample out of its piece: margins are at least 1/2, features far below 10^18.
NEARBY = Fraction(1, 10**20)

KEPT = claim(
    "depth.localmin-to-localmin",
    "Through open pieces a local minimum lifts to a local minimum",
    r"\theta \text{ local minimum of } R \Rightarrow \theta_{\text{deep}} \text{ local minimum of } R_{\text{deep}}"
    r" = R \circ \pi \text{ near } \theta_{\text{deep}}",
    clauses={
        "minimum": r"\theta \text{ local minimum of } R \Rightarrow \theta_{\text{deep}} \text{ local minimum}",
        "factors": r"R_{\text{deep}} = R \circ \pi \text{ near } \theta_{\text{deep}}",
    },
    symbols=["R", r"\theta", r"\pi"],
    assumptions=[MINIMUM, LINEARIZED, NEXT_BIASES],
    source=LIFTING.at("against the sentence of the abstracts v1 to v3; derived here"),
    depends_on=["depth.lifting.criticality", "depth.lifting.inertia"],
    refuted_by="A lift through open pieces of a local minimum with a lower loss arbitrarily near.",
)


def open_lift(found, rng):
    """The lift itself: every inserted neuron inside an open piece."""
    return found.deep, found.theta


def curved_neuron(found, rng):
    """One more neuron, constant at 1, where hinge3 is curved; its outgoing weights of random sign."""
    return with_constant_neuron(found, 1, rng.choice([-1, 1], found.parts[2].shape[0]).tolist())


#: hinge3 has Hessians everywhere; strict minima are soon planted at these.
MINIMA = insertions(("hinge3",), by_level(((2, 2, 1), (1, 2, 2)), ((2, 2, 1), (1, 2, 2), (1, 2, 2, 1))))


def lifted_saddle(place, rng):
    return planted_lift(place, rng, ONE)


@KEPT.check("exact", place_in, MINIMA, clauses="minimum", distribution="integer weights, residuals of l1 norm 1/1000 or less")
@false("one neuron constant at a curved point", construct=curved_neuron)
def exact_inertia(cell, place, *, construct=open_lift, point=lifted_minimum, context):
    """No negative eigenvalue, and no lower loss at 20 nearby rational points, after the lift of a planted strict minimum."""
    rng = rng_of(place, context)
    found, data = point(place, rng)
    deep, lifted = construct(found, rng)
    lowest = risk(deep, lifted, data)
    nearby = [risk(deep, lifted + rng.integers(-9, 10, deep.n_params) * NEARBY, data) for _ in range(20)]
    counts = inertia_counts(deep, lifted, data)
    return equal(
        negative=(0, counts[0]), lower=(False, any(loss < lowest for loss in nearby)), shown={"place": place, "deep theta": lifted}
    )


KEPT.without("local minimum", exact_inertia, point=lifted_saddle)
KEPT.without("linearized layer", exact_inertia, construct=curved_neuron)


@KEPT.check(
    "exact", place_in, insertions(("hinge3",)), clauses="factors", distribution="planted residuals of l1 norm 1, steps of up to 9e-20"
)
@false("one neuron constant at a curved point", construct=curved_neuron)
def loss_factors(cell, place, *, construct=open_lift, context):
    """R_deep(lift + delta) = R(pi(lift + delta)) in rational numbers for nearby delta: the reason why minima stay minima."""
    rng = rng_of(place, context)
    found, data = planted_lift(place, rng, ONE, irregular=True)
    (deep, lifted), losses = construct(found, rng), []
    for _ in range(5):
        moved = lifted + rng.integers(-9, 10, deep.n_params) * NEARBY
        collapsed = found.collapse(moved if deep == found.deep else without_last(found, deep, moved))
        losses.append((risk(found.shallow, collapsed, data), risk(deep, moved, data)))
    return equal(losses=tuple(zip(*losses, strict=True)), shown={"place": place})


def without_last(found, deep, theta):
    """The parameters without the last neuron of the new layer, its constant moved into the next biases."""
    q, parts = found.after, deep.unpack(theta)
    constant = parts[f"W{q + 2}"][:, -1] * deep.activation(parts[f"b{q + 1}"][-1:])[0]
    parts |= {f"W{q + 1}": parts[f"W{q + 1}"][:-1], f"b{q + 1}": parts[f"b{q + 1}"][:-1], f"W{q + 2}": parts[f"W{q + 2}"][:, :-1]}
    return found.deep.pack(**{**parts, f"b{q + 2}": parts[f"b{q + 2}"] + constant})


UNITS = "64 P eps lambda_max"
#: With weights of deviation 0.4 a planted point of this network is soon a strict minimum; of others, with idle bends, seldom.
SOON_STRICT = ((3, 2, 2),)
FLOATS = "normal weights of deviation 0.4 and samples, planted residuals of l2 norm 1e-3"


def lowest_of_lifts(place, construct, context):
    """The lowest eigenvalue of three lifts of a planted strict minimum in floats (drawn again until it is one), against rounding."""
    for k in range(60):
        again, rng, theta, data = planted_in_floats(replace(place, replicate=place.replicate + k), context, size=1e-3)
        shallow = np.linalg.eigvalsh(hessian(again.model, theta, data))
        if shallow[0] > 1e-9 * shallow[-1]:
            break
    else:
        return Outcome.rejected("none of the planted points is a clear strict minimum")
    ratios = []
    for _ in range(3):
        deep, lifted = construct(lift(again.model, theta, data[0], place.after, width=place.width, rng=rng), rng)
        values = np.linalg.eigvalsh(hessian(deep, lifted, data))
        # Backward stability of eigvalsh, and entries that are sums of P products: zeros move by at most 64 P eps |lambda|_max.
        ratios.append(min(values[0], 0) / (64 * deep.n_params * np.finfo(float).eps * values[-1]))
    return bounded("negative eigenvalue in units of rounding", ratios, 1.0, place=place)


@KEPT.check("property", place_in, insertions(("hinge3",), SOON_STRICT, quick=2), clauses="minimum", tolerance=UNITS, distribution=FLOATS)
@false("one neuron constant at a curved point", construct=curved_neuron)
def float_eigenvalues(cell, place, *, construct=open_lift, context):
    """Smallest eigenvalues of three lifts of each."""
    return lowest_of_lifts(place, construct, context)


KEPT.formal(
    "depth/lifting.v",
    "depth_localmin_to_localmin",
    false="far from lifts too",
    adequate=lifting,
    part="all sizes: least on a set of parameters, without topology",
    clauses="minimum",
)


REFUTED = claim(
    "depth.localmin-to-strict-saddle.refuted",
    "A local minimum cannot be lifted to a strict saddle through open pieces",
    r"\text{"
    "“A local minimum can be lifted to a strict saddle” is false for lifts with all inserted neurons in open affine pieces: "
    r"} n_-(\theta_{\text{deep}}) \le n_-(\theta) = 0",
    symbols=[r"\theta", "n_-,n_0,n_+"],
    kind="counterexample",
    relation="impossibility",
    assumptions=[MINIMUM, LINEARIZED, NEXT_BIASES],
    source=EARLY.at("abstract (also v2, v3; the sentence is gone from v4)"),
    depends_on=["depth.localmin-to-localmin"],
    refuted_by="A lift of a strict minimum, all inserted neurons in open pieces, with a negative eigenvalue.",
    notes="H_deep = (D pi)^T H (D pi) at critical points, so n_- cannot grow. Two other variants of the sentence hold.",
)


def any_point(place, rng):
    """A planted saddle, most times."""
    found, data = planted_lift(place, rng, ONE)
    return found.shallow_theta, data


@REFUTED.check("exact", place_in, MINIMA, distribution="integer weights, residuals of l1 norm 1/1000 or less")
@false("one neuron constant at a curved point", construct=curved_neuron)
def exact_lifts(cell, place, *, construct=open_lift, point=strict_minimum, context):
    """Three random lifts (standard: ten) of each planted strict minimum: none has a negative eigenvalue."""
    rng, found = rng_of(place, context), []
    theta, data = point(place, rng)
    for number in range(context.by_level(quick=3, standard=10, full=10)):
        deep, lifted = construct(drawn_lift(place, rng, x=fractions(data[0]), theta=theta), rng)
        found.append(true("no negative eigenvalue", inertia_counts(deep, lifted, data)[0] == 0, lift=number, place=place))
    return worst(found)


REFUTED.without("local minimum", exact_lifts, point=any_point)
REFUTED.without("linearized layer", exact_lifts, construct=curved_neuron)


@REFUTED.check("property", place_in, insertions(("hinge3",), SOON_STRICT, quick=2), tolerance=UNITS, distribution=FLOATS)
@false("one neuron constant at a curved point", construct=curved_neuron)
def float_lifts(cell, place, *, construct=open_lift, context):
    """Smallest eigenvalues of three lifts of each."""
    return lowest_of_lifts(place, construct, context)
