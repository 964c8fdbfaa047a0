r"""Critical lifting to second order: which signs of the Hessian a lift keeps, and where irreversibility fails.

At a critical point H_deep = (D pi)^T H (D pi), so a regular lift (D pi onto) keeps the numbers of negative and positive eigenvalues,
while an irregular one may lose both.
"""

import numpy as np

from numerics.arithmetic.exact import rationals
from numerics.hessian import hessian
from proofs_check import axes, by_level, claim, exists, false, nothing
from proofs_check.judging import at_most, bounded, equal, inertia_is, worst
from theory.lifting import Lifting, lift

from . import LIFTING
from ._measures import amplification, fractions, inertias
from ._places import BIASES, CRITICAL, FLOAT_SHAPES, LINEARIZED, ONE, REGULAR, SMALL, Place, insertions, place_in, place_of, rng_of
from ._points import inner_biases_still, planted_in_floats, planted_lift, zero_weights
from .criticality import as_lifted, bias_not_compensated, leaves_piece

INERTIA = claim(
    "depth.lifting.inertia",
    "A regular lift keeps the numbers of negative and positive eigenvalues",
    r"H_{\text{deep}} = (D\pi)^T H (D\pi),\qquad (n_-, n_0, n_+)_{\text{deep}} = (n_-,\ n_0 + M_{\text{deep}} - M,\ n_+)",
    clauses={
        "congruence": r"\nabla R(\theta) = 0 \implies H_{\text{deep}} = (D\pi)^T H (D\pi)",
        "regular": r"(n_-, n_0, n_+)_{\text{deep}} = (n_-,\ n_0 + M_{\text{deep}} - M,\ n_+) \text{ at regular lifts}",
        "irregular": r"n_- \text{ and } n_+ \text{ do not grow at irregular lifts, and fall at those with } W' = \hat W = 0 \text{ tested}",
    },
    symbols=["H", r"\pi", "n_-,n_0,n_+", "R", r"\theta", "M"],
    assumptions=[LINEARIZED, CRITICAL, REGULAR, BIASES],
    source=LIFTING.at("inertia preserved by critical lifting; congruence derived here"),
    depends_on=["depth.lifting.criticality"],
    refuted_by="A regular lift of a critical point with more or fewer negative or positive eigenvalues.",
)


def flat_directions(shallow, gained):
    """(n_-, n_0 + gained, n_+): every new direction is flat."""
    return shallow[0], shallow[1] + gained, shallow[2]


@INERTIA.check(
    "exact",
    place_in,
    insertions(widths=by_level(((2, 2, 1), (1, 2, 2)), ((2, 2, 1), (1, 2, 2), (2, 1, 2), (1, 2, 2, 1))), standard=1, full=10),
    clauses="regular",
    distribution="integer weights, residuals of l1 norm 1/1000 and 1",
)
@false("no new flat directions", formula=lambda shallow, gained: shallow)
@false("new directions positive", formula=lambda shallow, gained: (shallow[0], shallow[1], shallow[2] + gained))
def regular_lifts(cell, place, *, formula=flat_directions, context):
    """Exact inertia before and after a regular lift of a planted minimum and of a saddle, off the kinks."""
    found = []
    for size in (SMALL, ONE):
        lifted, data = planted_lift(place, context.rng(place, str(size)), size)
        before, after = inertias(lifted, data)
        found.append(inertia_is(formula(before, lifted.deep.n_params - lifted.shallow.n_params), after, place=place, shallow=before))
    return worst(found)


@INERTIA.check("exact", place_in, insertions(("hinge3",)), clauses="congruence", distribution="integer weights, residuals of l1 norm 1")
@false("biases of the new layer without curvature", differential=inner_biases_still)
def congruence(cell, place, *, differential=Lifting.differential, critical=True, construct=as_lifted, context):
    """Entry by entry at planted points, regular or not."""
    rng = rng_of(place, context)
    found, (x, y) = planted_lift(place, rng, ONE, irregular=True)
    data = (x, y) if critical else (x, y + rng.integers(1, 4, y.shape))
    D, shallow = rationals(differential(found)), hessian(place.model, found.shallow_theta, data)
    return equal(hessian=(D.T @ shallow @ D, hessian(found.deep, construct(found), data)), shown={"place": place})


INERTIA.without("critical", congruence, critical=False)
INERTIA.without("linearized layer", congruence, construct=leaves_piece)
INERTIA.without("biases behind", congruence, construct=bias_not_compensated)


@INERTIA.check(
    "property",
    place_in,
    insertions(("hinge3",), FLOAT_SHAPES),
    clauses="congruence",
    tolerance="64 P eps times |D|^T |H| |D| and the squared size of the new weights",
    distribution="normal weights of deviation 0.4 (cubes of cubes stay moderate) and samples, planted residuals of l2 norm 1",
)
@false("biases of the new layer without curvature", differential=inner_biases_still)
def congruence_in_floats(cell, place, *, differential=Lifting.differential, context):
    """The two Hessians in floats."""
    place, rng, theta, data = planted_in_floats(place, context)
    found = lift(place.model, theta, data[0], place.after, width=place.width, rng=rng)
    D, shallow, deep = differential(found), hessian(found.shallow, theta, data), hessian(found.deep, found.theta, data)
    # Sums of P products on either side, each with a relative error of a few units of rounding; the new weights enter twice.
    size = (np.abs(D).T @ np.abs(shallow) @ np.abs(D)).max() + amplification(found) * (1 + np.abs(deep).max())
    return bounded("difference of the Hessians", D.T @ shallow @ D - deep, 64 * len(deep) * np.finfo(float).eps * size, place=place)


ZEROS = axes(case=(((2, 2, 1), 1), ((1, 2, 2), 1), ((2, 2, 2), 1), ((1, 2, 2, 1), 2)), standard=5, full=30)


@INERTIA.check(
    "exact",
    place_of,
    ZEROS,
    clauses="regular",
    distribution="strict saddles with W^[q+1] = 0, lifted through W' = 0 and What = [I; 0]",
)
@false("What = 0 as well (irregular)", inner=0)
def zero_weights_lifted(cell, place, *, inner=1, context):
    """One of the two factors vanishes and the other is the identity: regular."""
    found, data = zero_weights(place, rng_of(place, context), ONE, inner=inner)
    before, after = inertias(found, data)
    expected = flat_directions(before, found.deep.n_params - found.shallow.n_params)
    return inertia_is(expected, after, place=place, shallow=before)


INERTIA.without("regular", zero_weights_lifted, inner=0)


@INERTIA.check("exact", place_of, ZEROS, clauses="irregular", distribution="strict saddles with W^[q+1] = 0, lifted through W' = What = 0")
@false("they stay", stay=True)
def irregular_lifts(cell, place, *, stay=False, context):
    """Exact inertia before and after irregular lifts; there both numbers fall."""
    found, data = zero_weights(place, rng_of(place, context), ONE, inner=0)
    before, after = inertias(found, data)
    kept = [at_most(name, after[k], before[k], attained=False, place=place) for k, name in ((0, "n_-"), (2, "n_+"))]
    return worst([*kept, equal(stay=(stay, (after[0], after[2]) == (before[0], before[2])), shown={"place": place})])


IRREGULAR = claim(
    "depth.irreversibility.irregular",
    "Negative eigenvalues can vanish under an irregular lift",
    r"\exists\, \theta, \theta_{\text{deep}}:\ n_-(\theta_{\text{deep}}) = 0 < n_-(\theta);\quad [2,2,1]: (2,4,3) \to (0,10,1),\quad "
    r"[1,2,2]: (2,2,6), (4,0,6) \to (0,9,2) \quad (W' = 0,\ \hat W = 0)",
    clauses={"example": exists(r"\exists\, \theta, \theta_{\text{deep}}:\ n_-(\theta_{\text{deep}}) = 0 < n_-(\theta)")},
    symbols=[r"\theta", "n_-,n_0,n_+", "W',b'", r"\hat W,\hat b"],
    kind="counterexample",
    relation="existence",
    source=LIFTING.at("against irreversibility in depth; derived here"),
    depends_on=["depth.lifting.criticality"],
    refuted_by="Exact inertias other than these at the fixed points.",
    notes="The mechanism of non-strict saddles at the origin of deep networks. With What = I (regular) n_- stays.",
)

POINTS = {
    "[2, 2, 1]": ((2, 2, 1), 0, (2, 4, 3), (0, 10, 1)),
    "[1, 2, 2]": ((1, 2, 2), 22, (2, 2, 6), (0, 9, 2)),
    "[1, 2, 2], four negative": ((1, 2, 2), 0, (4, 0, 6), (0, 9, 2)),
}


@IRREGULAR.check("exact", nothing, axes(point=tuple(POINTS)), distribution="integer weights with W^[2] = 0, residuals of l1 norm 1")
@false("irreversibility holds: a regular lift", inner=1)
def exact_points(cell, _, *, inner=0, context):
    """A strict saddle whose lift has no negative eigenvalue, at fixed points, the same for every seed of the run."""
    widths, seed, shallow, deep = POINTS[cell.point]
    place = Place(widths, "hinge3", 1, 1)
    found, data = zero_weights(place, np.random.default_rng(seed), ONE, inner=inner)
    before, after = inertias(found, data)
    shown = {"place": place, "theta": found.shallow_theta, "deep theta": found.theta, "shallow": before, "deep": after}
    kept = {"kind": "exact inertia of a lift", **shown, "x": fractions(data[0]), "y": fractions(data[1])}
    return equal(shallow=(shallow, before), deep=(deep, after), fewer=(True, after[0] < before[0]), shown=shown, certificate=kept)
