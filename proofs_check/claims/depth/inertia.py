r"""Critical lifting to second order: which signs of the Hessian a lift keeps, and where irreversibility fails.

At a critical point H_deep = (D pi)^T H (D pi), so a regular lift (D pi onto) keeps the numbers of negative and positive eigenvalues,
while an irregular one may lose both.
"""

from __future__ import annotations

import numpy as np

from proofs_check import Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._checks import exactly, in_floats, rounding, within_rounding
from proofs_check.claims.depth._measures import amplification, fractions, inertias
from proofs_check.claims.depth._places import (
    BIASES,
    CRITICAL,
    DEPTH,
    LINEARIZED,
    ONE,
    REGULAR,
    SMALL,
    Place,
    drawn_places,
    places,
    rng_of,
    saddles_at_zero,
)
from proofs_check.claims.depth._points import inner_biases_still, planted_in_floats, planted_lift, zero_weights
from theory.lifting import Lifting, lift

# -------------------------------------------------------------------------------------------- depth.lifting.inertia


def flat_directions(shallow, gained: int):
    """(n_-, n_0 + gained, n_+): every new direction is flat."""
    return shallow[0], shallow[1] + gained, shallow[2]


def check_inertia(instance, *, formula, context) -> Outcome:
    """Exact inertia before and after a regular lift of a planted minimum or saddle."""
    place, size = instance
    found, data = planted_lift(place, rng_of(place, context), size)
    before, after = inertias(found, data)
    return Outcome.equal(formula(before, found.deep.n_params - found.shallow.n_params), after, place=place, size=size, shallow=before)


def check_congruence(instance, *, differential, critical, context) -> Outcome:
    """H_deep = (D pi)^T H D pi entry by entry."""
    from numerics.hessian import hessian

    place, size = instance
    rng = rng_of(place, context)
    found, (x, y) = planted_lift(place, rng, size)
    data = (x, y) if critical else (x, y + rng.integers(1, 4, y.shape))
    shallow = fractions(hessian(place.model, found.shallow_theta, data))
    deep = fractions(hessian(found.deep, found.theta, data))
    D = differential(found)
    if (D.T @ shallow @ D == deep).all():
        return Outcome.holds()
    return Outcome.fails("the Hessians differ", counterexample={"place": place, "critical": critical})


def check_congruence_in_floats(place: Place, *, differential, context) -> Outcome:
    from numerics.hessian import hessian

    place, rng, theta, data = planted_in_floats(place, context)
    found = lift(place.model, theta, data[0], place.after, width=place.width, rng=rng)
    D, shallow, deep = differential(found), hessian(found.shallow, theta, data), hessian(found.deep, found.theta, data)
    gap = np.abs(D.T @ shallow @ D - deep).max()
    # Sums of P products on either side, each with a relative error of a few units of rounding; the new weights enter twice.
    size = (np.abs(D).T @ np.abs(shallow) @ np.abs(D)).max() + amplification(found) * (1 + np.abs(deep).max())
    return within_rounding("the Hessians differ by", gap, rounding(found.deep.n_params, size), place=place)


def minima_and_saddles(context):
    return [(place, size) for place in places(context) for size in (SMALL, ONE)]


def twice_differentiable(context):
    return [(place, ONE) for place in places(context, ("hinge3",))]


def check_inertia_at_zero_weights(instance, *, inner, formula, context) -> Outcome:
    """Inertia of the lift of a strict saddle with W^[q+1] = 0 through W' = 0 and What = ``inner`` times [I; 0]."""
    place, size = instance
    found, data = zero_weights(place, rng_of(place, context), size, inner=inner)
    before, after = inertias(found, data)
    expected = formula(before, found.deep.n_params - found.shallow.n_params)
    return Outcome.equal(expected, after, place=place, shallow=before, regular=found.regular)


FLAT_CONTROLS = [
    Control("no new flat directions", formula=lambda shallow, gained: shallow),
    Control("new directions positive", formula=lambda shallow, gained: (shallow[0], shallow[1], shallow[2] + gained)),
]

INERTIA = Claim(
    id="depth.lifting.inertia",
    title="A regular lift keeps the numbers of negative and positive eigenvalues",
    statement=r"H_{\text{deep}} = (D\pi)^T H (D\pi),\qquad (n_-, n_0, n_+)_{\text{deep}} = (n_-,\ n_0 + M_{\text{deep}} - M,\ n_+)",
    assumptions=[LINEARIZED, CRITICAL, REGULAR, BIASES],
    source=Source(DEPTH, "inertia preserved by critical lifting; congruence derived here"),
    depends_on=["depth.lifting.criticality"],
    refuted_by="A regular lift of a critical point with more or fewer negative or positive eigenvalues.",
    notes="Irregular lifts keep the two numbers from growing only.",
    checks=[
        exactly(
            "inertia",
            check_inertia,
            minima_and_saddles,
            {"formula": flat_directions},
            FLAT_CONTROLS,
            scope="planted minima and saddles, two to four layers, hinge3, leaky, relu (off the kinks), every position",
            distribution="integer weights, residuals of l1 norm 1/1000 and 1",
        ),
        exactly(
            "congruence",
            check_congruence,
            twice_differentiable,
            {"differential": Lifting.differential, "critical": True},
            [
                Control("biases of the new layer without curvature", differential=inner_biases_still),
                Control("at points that are not critical", critical=False),
            ],
            scope="planted points, two to four layers, hinge3",
            distribution="integer weights, residuals of l1 norm 1",
        ),
        in_floats(
            "congruence-in-floats",
            check_congruence_in_floats,
            drawn_places,
            {"differential": Lifting.differential},
            [Control("biases of the new layer without curvature", differential=inner_biases_still)],
            scope="one to four weight matrices, widths 1 to 4, hinge3, weights of deviation 0.4 (cubes of cubes stay moderate)",
            distribution="normal weights and samples, planted residuals of l2 norm 1",
            tolerance="64 P eps times |D|^T |H| |D| and the squared size of the new weights",
        ),
        exactly(
            "zero-weights",
            check_inertia_at_zero_weights,
            saddles_at_zero,
            {"formula": flat_directions, "inner": 1},
            [Control("What = 0 as well (irregular)", inner=0)],
            scope="strict saddles with W^[q+1] = 0, lifted through W' = 0 and What = [I; 0]",
            distribution="integer weights, residuals of l1 norm 1",
        ),
    ],
    probes=[
        Probe(drops="regular", instances=saddles_at_zero, check="zero-weights", parameters={"inner": 0}),
        Probe(drops="critical", instances=twice_differentiable, check="congruence", parameters={"critical": False}),
    ],
)

# ----------------------------------------------------------------------------------- depth.irreversibility.irregular


def check_negative_vanish(instance, *, inner, context) -> Outcome:
    """A strict saddle with W^[q+1] = 0 whose lift through W' = 0, What = ``inner`` [I; 0] has fewer negative eigenvalues."""
    place, size, seed, printed = instance
    found, data = zero_weights(place, np.random.default_rng(seed), size, inner=inner)
    before, after = inertias(found, data)
    shown = {"place": place, "theta": found.shallow_theta, "deep theta": found.theta, "shallow": before, "deep": after}
    if after[0] < before[0] and (before, after) == printed:
        return Outcome.holds(certificate={"kind": "exact inertia of a lift", **shown, "x": fractions(data[0]), "y": fractions(data[1])})
    return Outcome.fails(f"inertia {before} lifts to {after}, expected {printed[0]} and {printed[1]}", counterexample=shown)


def vanishing_instances(context):
    """Fixed points, the same for every seed of the run."""
    return [
        (Place((2, 2, 1), "hinge3", 1, 1), ONE, 0, ((2, 4, 3), (0, 10, 1))),
        (Place((1, 2, 2), "hinge3", 1, 1), ONE, 22, ((2, 2, 6), (0, 9, 2))),
        (Place((1, 2, 2), "hinge3", 1, 1), ONE, 0, ((4, 0, 6), (0, 9, 2))),
    ]


IRREGULAR = Claim(
    id="depth.irreversibility.irregular",
    title="Negative eigenvalues can vanish under an irregular lift",
    kind="counterexample",
    relation="existence",
    statement=r"\exists\, \theta, \theta_{\text{deep}}:\ n_-(\theta_{\text{deep}}) = 0 < n_-(\theta);\quad"
    r"[2,2,1]: (2,4,3) \to (0,10,1),\quad [1,2,2]: (2,2,6), (4,0,6) \to (0,9,2) \quad (W' = 0,\ \hat W = 0)",
    assumptions=[LINEARIZED, CRITICAL],
    source=Source(DEPTH, "against irreversibility in depth; derived here"),
    depends_on=["depth.lifting.criticality"],
    refuted_by="Exact inertias other than these at the fixed points.",
    notes="The mechanism of non-strict saddles at the origin of deep networks. With What = I (regular) n_- stays.",
    checks=[
        Check(
            "exact-points",
            evidence="exact",
            covers="statement",
            scope="three fixed points",
            run=check_negative_vanish,
            instances=vanishing_instances,
            distribution="integer weights with W^[2] = 0, residuals of l1 norm 1",
            parameters={"inner": 0},
            controls=[Control("irreversibility holds: a regular lift", inner=1)],
        )
    ],
)

CLAIMS = [INERTIA, IRREGULAR]
