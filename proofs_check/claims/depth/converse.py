r"""The converse of lifting: a deep critical point with a linearized layer collapses to a critical point, when it is regular."""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from numerics.hessian import gradient
from numerics.planting import plant
from proofs_check import axes, claim, false
from proofs_check.adequacy.depth import lifting
from proofs_check.judging import bounded, equal
from theory.lifting import lift, lift_with

from . import LIFTING
from ._measures import amplification
from ._places import BIASES, FLOAT_SHAPES, LINEARIZED, ONE, REGULAR, insertions, place_in, rng_of
from ._points import drawn_lift, enough_samples, rational_point, samples, with_slopes_of_one

CONVERSE = claim(
    "depth.lifting.converse",
    "A deep critical point with a linearized layer collapses to a critical point",
    r"\nabla R(\theta_{\text{deep}}) = 0 \Rightarrow \nabla R(\pi(\theta_{\text{deep}})) = 0",
    symbols=["R", r"\theta", r"\pi"],
    assumptions=[
        LINEARIZED,
        REGULAR,
        replace(BIASES, unprobed="without them what the new layer adds has no place to go: there is no collapse"),
    ],
    source=LIFTING.at("converse of the lifting; derived here"),
    depends_on=["depth.lifting.criticality"],
    refuted_by="A regular deep critical point whose collapse has a non-zero gradient.",
    notes="Without regularity it is false: [1, 1, 1] with W' = What = 0 is critical when deep, and its collapse is not (in W^[2]).",
)


def regular_point(place, rng):
    return drawn_lift(place, rng, x=samples(place.widths[0], enough_samples(place.model), rng))


def both_factors_zero(place, rng):
    """What = 0 and W' = 0: linearized, but neither factor has full rank."""
    parts = place.model.unpack(rational_point(place.model, rng))
    rows, columns = parts[f"W{place.after + 1}"].shape
    parts[f"W{place.after + 1}"] = parts[f"W{place.after + 1}"] * 0
    x = samples(place.widths[0], enough_samples(place.model), rng)
    zeros = lambda *shape: np.zeros(shape, dtype=int)
    bhat = np.full(place.width, Fraction(-1))
    return lift_with(place.model, place.model.pack(**parts), x, place.after, zeros(place.width, columns), bhat, zeros(rows, place.width))


@CONVERSE.check(
    "exact", place_in, insertions(("hinge3", "leaky")), distribution="integer weights, random factorizations, residuals of l1 norm 1"
)
@false("both factors zero", point=both_factors_zero)
@false("collapsed with slope 1", collapse=lambda found: with_slopes_of_one(found).collapse(found.theta))
def collapse_is_critical(cell, place, *, point=regular_point, collapse=lambda found: found.collapse(found.theta), context):
    """A critical point planted at the deep network, collapsed: the shallow gradient is exactly zero."""
    rng = rng_of(place, context)
    found = point(place, rng)
    data = plant(found.deep, found.theta, found.x, size=ONE, seed=int(rng.integers(2**31)))
    deep, shallow = gradient(found.deep, found.theta, data), gradient(found.shallow, collapse(found), data)
    return equal(planted=(0 * deep, deep), collapsed=(0 * shallow, shallow), shown={"place": place, "theta": found.theta})


CONVERSE.without("regular", collapse_is_critical, point=both_factors_zero)
CONVERSE.without("linearized layer", collapse_is_critical, collapse=lambda found: with_slopes_of_one(found).collapse(found.theta))


@CONVERSE.check(
    "property",
    place_in,
    insertions(("leaky",), FLOAT_SHAPES),
    tolerance="|grad_deep| / s_min(D pi) + 64 P eps times the size of weights and samples to the power of the depth",
    distribution="normal weights and samples, planted residuals of l2 norm 1",
)
@false("collapsed with slope 1", collapse=lambda found: with_slopes_of_one(found).collapse(found.theta))
def collapse_in_floats(cell, place, *, collapse=lambda found: found.collapse(found.theta), context):
    """The same in floats."""
    rng = rng_of(place, context)
    x = rng.normal(size=(enough_samples(place.model, 3), place.widths[0]))
    found = lift(place.model, rng.normal(size=place.model.n_params), x, place.after, width=place.width, rng=rng, irregular=False)
    data = plant(found.deep, found.theta, x, seed=place.replicate)
    deep, shallow = gradient(found.deep, found.theta, data), gradient(found.shallow, collapse(found), data)
    # grad_deep = D^T grad_shallow with D onto, so |grad_shallow| <= |grad_deep| / s_min(D), beside the rounding of the collapse.
    smallest = np.linalg.svd(found.differential(), compute_uv=False).min()
    size = amplification(found) * (1 + np.abs(found.shallow_theta).max()) ** len(place.widths) * (1 + np.abs(x).max()) ** 2
    bound = np.linalg.norm(deep) / smallest + 64 * found.deep.n_params * np.finfo(float).eps * size
    return bounded("gradient", shallow, bound, place=place, theta=found.theta)


SMALLEST = axes(widths=((1, 1, 1),), after=(1,), width=("narrow",), quick=3)


@CONVERSE.check("exact", place_in, SMALLEST, distribution="[1, 1, 1] with W' = What = 0 and regular lifts beside it")
@false("regularity is not needed", point=both_factors_zero)
def smallest(cell, place, *, point=regular_point, context):
    """The smallest network at which regularity is needed."""
    return collapse_is_critical(cell, place, point=point, context=context)


CONVERSE.formal("depth/lifting.v", "depth_lifting_converse", false="lifts that are not regular too", adequate=lifting)
