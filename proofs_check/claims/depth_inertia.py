r"""Critical lifting to second order: inertia, dimension, where irreversibility fails, and the converse.

At a critical point H_deep = (D pi)^T H (D pi), so a regular lift (D pi onto) keeps the numbers of negative and positive eigenvalues,
while an irregular one may lose both.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from proofs_check import Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._depth import (
    BIASES,
    CRITICAL,
    DEPTH,
    LINEARIZED,
    ONE,
    REGULAR,
    SMALL,
    Place,
    differential_of,
    drawn_lift,
    drawn_places,
    fractions,
    hash_of,
    inertia_counts,
    inner_biases_still,
    places,
    planted,
    planted_lift,
    rational_point,
    rng_of,
    samples,
)
from theory.lifting import Lifting, features, lift, lift_with

# -------------------------------------------------------------------------------------------- depth.lifting.inertia


def flat_directions(shallow, gained: int):
    """(n_-, n_0 + gained, n_+): every new direction is flat."""
    return shallow[0], shallow[1] + gained, shallow[2]


def check_inertia(instance, *, formula, context) -> Outcome:
    """Exact inertia before and after a regular lift of a planted minimum or saddle."""
    place, size = instance
    found, data = planted_lift(place, rng_of(place, context), size)
    before, after = (inertia_counts(m, t, data) for m, t in ((place.model, found.shallow_theta), (found.deep, found.theta)))
    expected = formula(before, found.deep.n_params - place.model.n_params)
    return Outcome.equal(expected, after, place=place, size=size, shallow=before)


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
    from numerics.planting import plant

    place = replace(place, activation="hinge3")
    rng = context.rng(hash_of(place))
    model, theta = place.model, rng.normal(0, 0.4, place.model.n_params)
    x = rng.normal(size=(-(-(model.n_params + 3) // model.outputs), model.inputs))
    data = plant(model, theta, x, seed=place.replicate)
    found = lift(model, theta, x, place.after, width=place.width, rng=rng)
    D, shallow, deep = differential(found), hessian(model, theta, data), hessian(found.deep, found.theta, data)
    gap = np.abs(D.T @ shallow @ D - deep).max()
    # Sums of P products on either side, each with a relative error of a few units of rounding; the new weights enter twice.
    amplification = (1 + np.abs(np.concatenate([part.ravel() for part in found.parts])).max()) ** 2
    size = (np.abs(D).T @ np.abs(shallow) @ np.abs(D)).max() + amplification * (1 + np.abs(deep).max())
    bound = 64 * found.deep.n_params * np.finfo(float).eps * size
    if gap > bound:
        return Outcome.fails(f"the Hessians differ by {gap:.3g}, rounding allows {bound:.3g}", counterexample={"place": place})
    return Outcome.holds(margin=(bound - gap) / bound)


def minima_and_saddles(context):
    return [(place, size) for place in places(context) for size in (SMALL, ONE)]


def twice_differentiable(context):
    return [(place, ONE) for place in places(context, ("hinge3",))]


def zero_weights(place: Place, rng, size, *, inner):
    """A planted critical point with W^[q+1] = 0 and its lift through W' = 0 and What = ``inner`` times [I; 0], inside the piece z < 0."""
    parts = place.model.unpack(rational_point(place.model, rng))
    name = f"W{place.after + 1}"
    parts[name] = parts[name] * 0
    theta = place.model.pack(**parts)
    data = planted(place.model, theta, rng, size=size)
    rows, columns = parts[name].shape
    x = fractions(data[0])
    What = np.eye(place.width, columns, dtype=int) * inner
    bhat = np.full(place.width, -1 - max(abs(features(place.model, theta, x, place.after)).flat) * inner)
    return lift_with(place.model, theta, x, place.after, What, bhat, np.zeros((rows, place.width), dtype=int)), data


def check_inertia_at_zero_weights(instance, *, inner, formula, context) -> Outcome:
    """Inertia of the lift of a strict saddle with W^[q+1] = 0 through W' = 0 and What = ``inner`` times [I; 0]."""
    place, size = instance
    found, data = zero_weights(place, rng_of(place, context), size, inner=inner)
    before, after = (inertia_counts(m, t, data) for m, t in ((place.model, found.shallow_theta), (found.deep, found.theta)))
    expected = formula(before, found.deep.n_params - place.model.n_params)
    return Outcome.equal(expected, after, place=place, shallow=before, regular=found.regular)


def saddles_at_zero(context):
    shapes = (((2, 2, 1), 1), ((1, 2, 2), 1), ((2, 2, 2), 1), ((1, 2, 2, 1), 2))
    draws = context.by_level(quick=2, standard=10, full=50)
    return [(Place(widths, "hinge3", after, widths[after], k), ONE) for widths, after in shapes for k in range(draws)]


FLAT_CONTROLS = [
    Control("no new flat directions", formula=lambda shallow, gained: shallow),
    Control("new directions positive", formula=lambda shallow, gained: (shallow[0], shallow[1], shallow[2] + gained)),
]

INERTIA = Claim(
    family="depth",
    id="depth.lifting.inertia",
    title="A regular lift keeps the numbers of negative and positive eigenvalues",
    statement=r"H_{\text{deep}} = (D\pi)^T H (D\pi),\qquad (n_-, n_0, n_+)_{\text{deep}} = (n_-,\ n_0 + M_{\text{deep}} - M,\ n_+)",
    assumptions=[LINEARIZED, CRITICAL, REGULAR, BIASES],
    source=Source(DEPTH, "inertia preserved by critical lifting; congruence derived here"),
    depends_on=["depth.lifting.criticality"],
    refuted_by="A regular lift of a critical point with more or fewer negative or positive eigenvalues.",
    notes="Irregular lifts keep the two numbers from growing only.",
    checks=[
        Check(
            "inertia",
            evidence="exact",
            covers="instances",
            scope="planted minima and saddles, two to four layers, hinge3, leaky, relu (off the kinks), every position",
            run=check_inertia,
            instances=minima_and_saddles,
            distribution="integer weights, residuals of l1 norm 1/1000 and 1",
            parameters={"formula": flat_directions},
            controls=FLAT_CONTROLS,
        ),
        Check(
            "congruence",
            evidence="exact",
            covers="instances",
            scope="planted points, two to four layers, hinge3",
            run=check_congruence,
            instances=twice_differentiable,
            distribution="integer weights, residuals of l1 norm 1",
            parameters={"differential": differential_of, "critical": True},
            controls=[
                Control("biases of the new layer without curvature", differential=inner_biases_still),
                Control("at points that are not critical", critical=False),
            ],
        ),
        Check(
            "congruence-in-floats",
            evidence="property",
            covers="instances",
            scope="one to four weight matrices, widths 1 to 4, hinge3, weights of deviation 0.4 (cubes of cubes stay moderate)",
            run=check_congruence_in_floats,
            instances=drawn_places,
            distribution="normal weights and samples, planted residuals of l2 norm 1",
            tolerance="64 P eps times |D|^T |H| |D| and the squared size of the new weights",
            parameters={"differential": differential_of},
            controls=[Control("biases of the new layer without curvature", differential=inner_biases_still)],
        ),
        Check(
            "zero-weights",
            evidence="exact",
            covers="instances",
            scope="strict saddles with W^[q+1] = 0, lifted through W' = 0 and What = [I; 0]",
            run=check_inertia_at_zero_weights,
            instances=saddles_at_zero,
            distribution="integer weights, residuals of l1 norm 1",
            parameters={"formula": flat_directions, "inner": 1},
            controls=[Control("What = 0 as well (irregular)", inner=0)],
        ),
    ],
    probes=[
        Probe(drops="regular", instances=saddles_at_zero, check="zero-weights", parameters={"inner": 0}),
        Probe(drops="critical", instances=twice_differentiable, check="congruence", parameters={"critical": False}),
    ],
)

# ------------------------------------------------------------------------------------------ depth.lifting.dimension


def lifted_dimension(inner, m: int, m_next: int, deficits) -> int:
    """mh (m_q + m_(q+1) + 1) - m_q m_(q+1)."""
    return inner * (m + m_next + 1) - m * m_next


def with_cokernel(inner, m: int, m_next: int, deficits) -> int:
    return lifted_dimension(inner, m, m_next, deficits) + deficits[0] * deficits[1]


def constraint_rank(found: Lifting) -> tuple[int, int]:
    """(new parameters, rank of the constraints on them), the differential by central differences of the quadratic map pi: exact."""
    from theory.factoring import rank_of

    deep = found.deep.unpack(np.arange(found.deep.n_params))
    q = found.after
    places = np.concatenate([deep[name].ravel() for name in (f"W{q + 1}", f"b{q + 1}", f"W{q + 2}", f"b{q + 2}")])
    columns = []
    for place in places:
        unit = np.array([Fraction(int(k == place)) for k in range(found.deep.n_params)], dtype=object)
        columns.append((found.collapse(found.theta + unit) - found.collapse(found.theta - unit)) / 2)
    return len(places), rank_of(np.stack(columns, axis=1))


def check_dimension(instance, *, formula, context) -> Outcome:
    """The kernel of the constraints W' S What = W, W' (S bhat + mu) + b' = b at an exact lift."""
    from theory.factoring import rank_of

    place, size = instance
    rng = rng_of(place, context)
    found = drawn_lift(place, rng) if size is None else zero_weights(place, rng, size, inner=0)[0]
    inner, _, outer = found.parts
    unknowns, rank = constraint_rank(found)
    m, m_next = inner.shape[1], outer.shape[0]
    deficits = m_next - rank_of(outer), m - rank_of(inner)
    return Outcome.equal(formula(len(inner), m, m_next, deficits), unknowns - rank, place=place, deficits=deficits)


def regular_lifts(context):
    return [(place, None) for place in places(context)]


def irregular_lifts(context):
    return saddles_at_zero(context)


def check_dimension_in_floats(place: Place, *, formula, context) -> Outcome:
    from numerics.rank import float_rank

    place = replace(place, activation="leaky")  # cubes of cubes would spread the entries over tens of orders
    found, m, m_next = _float_lift(place, context)
    rank = float_rank(_scaled(_constraints(found))).rank
    if rank is None:
        return Outcome.inconclusive("no clear gap among the singular values of the constraints", cases=1)
    unknowns = place.width * (m + m_next + 1) + m_next
    return Outcome.equal(formula(place.width, m, m_next, (0, 0)), unknowns - rank, place=place)


def check_dimension_of_float_lift(place: Place, *, formula, context) -> Outcome:
    """The same lift with its floats read as the rationals they are: an exact rank."""
    from theory.factoring import rank_of

    found, m, m_next = _float_lift(replace(place, activation="leaky"), context)
    rank = rank_of(np.frompyfunc(Fraction, 1, 1)(_constraints(found)))
    unknowns = place.width * (m + m_next + 1) + m_next
    return Outcome.equal(formula(place.width, m, m_next, (0, 0)), unknowns - rank, place=place)


def _float_lift(place: Place, context):
    rng = context.rng(hash_of(place))
    theta, x = rng.normal(size=place.model.n_params), rng.normal(size=(6, place.widths[0]))
    found = lift(place.model, theta, x, place.after, width=place.width, rng=rng)
    return found, found.parts[0].shape[1], found.parts[2].shape[0]


def _constraints(found: Lifting) -> np.ndarray:
    """The rows of D pi for W^[q+1] and b^[q+1]."""
    q, index = found.after, found.shallow.unpack(np.arange(found.shallow.n_params))
    return found.differential()[np.concatenate([index[f"W{q + 1}"].ravel(), index[f"b{q + 1}"].ravel()])]


def _scaled(matrix: np.ndarray) -> np.ndarray:
    """Non-zero columns, then rows, brought to unit length: the rank stays, and is read more easily."""
    for axis in (0, 1):
        norms = np.linalg.norm(matrix, axis=axis, keepdims=True)
        matrix = matrix / np.where(norms > 0, norms, 1)
    return matrix


DIMENSION_CONTROLS = [
    Control("the product unconstrained", formula=lambda inner, m, m_next, deficits: inner * (m + m_next + 1)),
    Control("no new biases counted", formula=lambda inner, m, m_next, deficits: inner * (m + m_next) - m * m_next),
]

DIMENSION = Claim(
    family="depth",
    id="depth.lifting.dimension",
    title="Regular lifts form a manifold of as many dimensions as there are new parameters",
    statement=r"\dim = \hat m (m_q + m_{q+1} + 1) - m_q m_{q+1} = M_{\text{deep}} - M;\quad"
    r"\text{in general the constraints have cokernel } (m_{q+1} - \operatorname{rank} W')(m_q - \operatorname{rank} \hat W)",
    assumptions=[LINEARIZED, REGULAR, BIASES],
    source=Source(DEPTH, "dimension of the lifted set; derived here"),
    depends_on=["depth.lifting.existence"],
    refuted_by="A regular lift at which the constraints have another rank.",
    checks=[
        Check(
            "constraints",
            evidence="exact",
            covers="instances",
            scope="random lifts of networks of two to four layers, widths 1 to 3",
            run=check_dimension,
            instances=regular_lifts,
            distribution="integer weights, random factorizations",
            parameters={"formula": lifted_dimension},
            controls=DIMENSION_CONTROLS,
        ),
        Check(
            "cokernel",
            evidence="exact",
            covers="instances",
            scope="irregular lifts W' = What = 0",
            run=check_dimension,
            instances=irregular_lifts,
            distribution="integer weights",
            parameters={"formula": with_cokernel},
            controls=[Control("cokernel forgotten", formula=lifted_dimension)],
        ),
        Check(
            "constraints-in-floats",
            evidence="property",
            covers="instances",
            scope="one to four weight matrices, widths 1 to 4",
            run=check_dimension_in_floats,
            replay=check_dimension_of_float_lift,
            instances=drawn_places,
            distribution="normal weights and samples, random factorizations",
            tolerance="rank read across a gap of 1e6 in the singular values of the scaled constraints",
            parameters={"formula": lifted_dimension},
            controls=DIMENSION_CONTROLS,
        ),
    ],
    probes=[Probe(drops="regular", instances=irregular_lifts)],
)

# ----------------------------------------------------------------------------------- depth.irreversibility.irregular


def check_negative_vanish(instance, *, inner, context) -> Outcome:
    """A strict saddle with W^[q+1] = 0 whose lift through W' = 0, What = ``inner`` [I; 0] has fewer negative eigenvalues."""
    place, size, seed, printed = instance
    found, data = zero_weights(place, np.random.default_rng(seed), size, inner=inner)
    before, after = (inertia_counts(m, t, data) for m, t in ((place.model, found.shallow_theta), (found.deep, found.theta)))
    shown = {"place": place, "theta": found.shallow_theta, "deep theta": found.theta, "shallow": before, "deep": after}
    if after[0] < before[0] and (before, after) == printed:
        return Outcome.holds(certificate={**shown, "x": fractions(data[0]), "y": fractions(data[1])})
    return Outcome.fails(f"inertia {before} lifts to {after}, expected {printed[0]} and {printed[1]}", counterexample=shown)


def vanishing_instances(context):
    """Fixed points, the same for every seed of the run."""
    return [
        (Place((2, 2, 1), "hinge3", 1, 1), ONE, 0, ((2, 4, 3), (0, 10, 1))),
        (Place((1, 2, 2), "hinge3", 1, 1), ONE, 22, ((2, 2, 6), (0, 9, 2))),
        (Place((1, 2, 2), "hinge3", 1, 1), ONE, 0, ((4, 0, 6), (0, 9, 2))),
    ]


IRREGULAR = Claim(
    family="depth",
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

# ------------------------------------------------------------------------------------------- depth.lifting.converse


def regular_point(place: Place, rng) -> Lifting:
    return drawn_lift(place, rng, x=samples(place.widths[0], -(-(place.model.n_params + 2) // place.model.outputs), rng))


def both_factors_zero(place: Place, rng) -> Lifting:
    """What = 0 and W' = 0: linearized, but neither factor has full rank."""
    parts = place.model.unpack(rational_point(place.model, rng))
    rows, columns = parts[f"W{place.after + 1}"].shape
    parts[f"W{place.after + 1}"] = parts[f"W{place.after + 1}"] * 0
    x = samples(place.widths[0], -(-(place.model.n_params + 2) // place.model.outputs), rng)
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
    rng = context.rng(hash_of(place))
    x = rng.normal(size=(-(-(place.model.n_params + 3) // place.model.outputs), place.widths[0]))
    found = lift(place.model, rng.normal(size=place.model.n_params), x, place.after, width=place.width, rng=rng)
    data = plant(found.deep, found.theta, x, seed=place.replicate)
    deep, shallow = gradient(found.deep, found.theta, data), gradient(found.shallow, collapse(found), data)
    # grad_deep = D^T grad_shallow with D onto, so |grad_shallow| <= |grad_deep| / s_min(D), beside the rounding of the collapse.
    smallest = np.linalg.svd(found.differential(), compute_uv=False).min()
    amplification = (1 + np.abs(np.concatenate([part.ravel() for part in found.parts])).max()) ** 2
    size = amplification * (1 + np.abs(found.shallow_theta).max()) ** len(place.widths) * (1 + np.abs(x).max()) ** 2
    bound = np.linalg.norm(deep) / smallest + 64 * found.deep.n_params * np.finfo(float).eps * size
    if not np.linalg.norm(shallow) <= bound:
        shown = {"place": place, "theta": found.theta}
        return Outcome.fails(f"gradient {np.linalg.norm(shallow):.3g}, rounding allows {bound:.3g}", counterexample=shown)
    return Outcome.holds(margin=(bound - np.linalg.norm(shallow)) / bound)


def collapsed(found: Lifting) -> np.ndarray:
    return found.collapse(found.theta)


def collapsed_with_slope_one(found: Lifting) -> np.ndarray:
    return replace(found, pieces=tuple(replace(piece, slope=Fraction(1)) for piece in found.pieces)).collapse(found.theta)


def hinge_places(context):
    return list(places(context, ("hinge3", "leaky")))


def smallest_counterexample(context):
    return [Place((1, 1, 1), "hinge3", 1, 1), Place((2, 2, 1), "hinge3", 1, 2)]


CONVERSE = Claim(
    family="depth",
    id="depth.lifting.converse",
    title="A deep critical point with a linearized layer collapses to a critical point",
    statement=r"\nabla R(\theta_{\text{deep}}) = 0 \Rightarrow \nabla R(\pi(\theta_{\text{deep}})) = 0",
    assumptions=[LINEARIZED, REGULAR, BIASES],
    source=Source(DEPTH, "converse of the lifting; derived here"),
    depends_on=["depth.lifting.criticality"],
    refuted_by="A regular deep critical point whose collapse has a non-zero gradient.",
    notes="Without regularity it is false: [1, 1, 1] with W' = What = 0 is critical when deep, and its collapse is not (in W^[2]).",
    checks=[
        Check(
            "collapse-is-critical",
            evidence="exact",
            covers="instances",
            scope="critical points planted at the deep network, two to four layers, hinge3, leaky",
            run=check_converse,
            instances=hinge_places,
            distribution="integer weights, random factorizations, residuals of l1 norm 1",
            parameters={"point": regular_point},
            controls=[Control("both factors zero", point=both_factors_zero)],
        ),
        Check(
            "collapse-in-floats",
            evidence="property",
            covers="instances",
            scope="one to four weight matrices, widths 1 to 4, leaky",
            run=check_converse_in_floats,
            instances=drawn_places,
            distribution="normal weights and samples, planted residuals of l2 norm 1",
            tolerance="|grad_deep| / s_min(D pi) + 64 P eps times the size of weights and samples to the power of the depth",
            parameters={"collapse": collapsed},
            controls=[Control("collapsed with slope 1", collapse=collapsed_with_slope_one)],
        ),
    ],
    probes=[Probe(drops="regular", instances=smallest_counterexample, parameters={"point": both_factors_zero})],
)

CLAIMS = [INERTIA, DIMENSION, IRREGULAR, CONVERSE]
