r"""The converse of lifting: a deep critical point with a linearized layer collapses to a critical point, when it is regular."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from proofs_check import Claim, Control, Outcome, Probe, Source
from proofs_check.adequacy.depth import lifting
from proofs_check.claims._checks import exactly, in_floats, rounding, within_rounding
from proofs_check.claims.depth._measures import amplification
from proofs_check.claims.depth._places import BIASES, DEPTH, LINEARIZED, ONE, REGULAR, Place, drawn_places, places, rng_of
from proofs_check.claims.depth._points import drawn_lift, enough_samples, rational_point, samples, with_slopes_of_one
from proofs_check.proving import formal_check
from theory.lifting import Lifting, lift, lift_with


def regular_point(place: Place, rng) -> Lifting:
    return drawn_lift(place, rng, x=samples(place.widths[0], enough_samples(place.model), rng))


def both_factors_zero(place: Place, rng) -> Lifting:
    """What = 0 and W' = 0: linearized, but neither factor has full rank."""
    parts = place.model.unpack(rational_point(place.model, rng))
    rows, columns = parts[f"W{place.after + 1}"].shape
    parts[f"W{place.after + 1}"] = parts[f"W{place.after + 1}"] * 0
    x = samples(place.widths[0], enough_samples(place.model), rng)
    zeros = lambda *shape: np.zeros(shape, dtype=int)
    bhat = np.full(place.width, Fraction(-1))
    return lift_with(place.model, place.model.pack(**parts), x, place.after, zeros(place.width, columns), bhat, zeros(rows, place.width))


def check_converse(place: Place, *, point, context) -> Outcome:
    """Plant a critical point at the *deep* network, collapse, and look at the shallow gradient."""
    from numerics.hessian import gradient
    from numerics.planting import plant

    rng = rng_of(place, context)
    found = point(place, rng)
    data = plant(found.deep, found.theta, found.x, size=ONE, seed=int(rng.integers(2**31)))
    if any(gradient(found.deep, found.theta, data)):
        raise AssertionError("a planted point must be critical")
    shallow = gradient(found.shallow, found.collapse(found.theta), data)
    if not any(shallow):
        return Outcome.holds()
    shown = {"place": place, "theta": found.theta, "gradient": shallow}
    return Outcome.fails(f"{sum(map(bool, shallow))} partial derivatives of the collapsed point differ from 0", counterexample=shown)


def check_converse_in_floats(place: Place, *, collapse, context) -> Outcome:
    from numerics.hessian import gradient
    from numerics.planting import plant

    place = replace(place, activation="leaky")
    rng = rng_of(place, context)
    x = rng.normal(size=(enough_samples(place.model, 3), place.widths[0]))
    found = lift(place.model, rng.normal(size=place.model.n_params), x, place.after, width=place.width, rng=rng, irregular=False)
    data = plant(found.deep, found.theta, x, seed=place.replicate)
    deep, shallow = gradient(found.deep, found.theta, data), gradient(found.shallow, collapse(found), data)
    # grad_deep = D^T grad_shallow with D onto, so |grad_shallow| <= |grad_deep| / s_min(D), beside the rounding of the collapse.
    smallest = np.linalg.svd(found.differential(), compute_uv=False).min()
    size = amplification(found) * (1 + np.abs(found.shallow_theta).max()) ** len(place.widths) * (1 + np.abs(x).max()) ** 2
    bound = np.linalg.norm(deep) / smallest + rounding(found.deep.n_params, size)
    return within_rounding("gradient", np.linalg.norm(shallow), bound, place=place, theta=found.theta)


def collapsed(found: Lifting) -> np.ndarray:
    return found.collapse(found.theta)


def collapsed_with_slope_one(found: Lifting) -> np.ndarray:
    return with_slopes_of_one(found).collapse(found.theta)


def hinge_places(context):
    return list(places(context, ("hinge3", "leaky")))


def smallest_counterexample(context):
    return [Place((1, 1, 1), "hinge3", 1, 1), Place((2, 2, 1), "hinge3", 1, 2)]


CLAIMS = [
    Claim(
        id="depth.lifting.converse",
        title="A deep critical point with a linearized layer collapses to a critical point",
        statement=r"\nabla R(\theta_{\text{deep}}) = 0 \Rightarrow \nabla R(\pi(\theta_{\text{deep}})) = 0",
        assumptions=[LINEARIZED, REGULAR, BIASES],
        source=Source(DEPTH, "converse of the lifting; derived here"),
        depends_on=["depth.lifting.criticality"],
        refuted_by="A regular deep critical point whose collapse has a non-zero gradient.",
        notes="Without regularity it is false: [1, 1, 1] with W' = What = 0 is critical when deep, and its collapse is not (in W^[2]).",
        checks=[
            exactly(
                "collapse-is-critical",
                check_converse,
                hinge_places,
                {"point": regular_point},
                [Control("both factors zero", point=both_factors_zero)],
                scope="critical points planted at the deep network, two to four layers, hinge3, leaky",
                distribution="integer weights, random factorizations, residuals of l1 norm 1",
            ),
            in_floats(
                "collapse-in-floats",
                check_converse_in_floats,
                drawn_places,
                {"collapse": collapsed},
                [Control("collapsed with slope 1", collapse=collapsed_with_slope_one)],
                scope="one to four weight matrices, widths 1 to 4, leaky",
                distribution="normal weights and samples, planted residuals of l2 norm 1",
                tolerance="|grad_deep| / s_min(D pi) + 64 P eps times the size of weights and samples to the power of the depth",
            ),
            formal_check("depth/lifting.v", "depth_lifting_converse", false="lifts that are not regular too", adequate=lifting),
        ],
        probes=[Probe(drops="regular", instances=smallest_counterexample, parameters={"point": both_factors_zero})],
    )
]
