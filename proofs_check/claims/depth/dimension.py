r"""The manifold of lifts: at a regular lift the constraints W' S What = W, W' (S bhat + mu) + b' = b are independent.

They are bilinear in the new parameters; where both W' S and S What drop rank they lose some, and the lifts need form no manifold. S holds
the slopes of the affine pieces. A neuron in a piece of slope zero is constant: it may join any lift, and counts in neither rank.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from proofs_check import Claim, Control, Outcome, Probe, Source, draws
from proofs_check.adequacy.depth import dimension
from proofs_check.claims._checks import exactly, in_floats
from proofs_check.claims.depth._places import BIASES, DEPTH, LINEARIZED, REGULAR, Place, drawn_places, places, rng_of, saddles_at_zero
from proofs_check.claims.depth._points import drawn_lift, zero_weights
from proofs_check.proving import formal_check
from theory.lifting import Lifting, features, lift, lift_with
from theory.lifting.factoring import rank_of
from theory.lifting.pieces import affine_pieces


def lifted_dimension(inner, m: int, m_next: int, deficits) -> int:
    """mh (m_q + m_(q+1) + 1) - m_q m_(q+1)."""
    return inner * (m + m_next + 1) - m * m_next


def with_cokernel(inner, m: int, m_next: int, deficits) -> int:
    return lifted_dimension(inner, m, m_next, deficits) + deficits[0] * deficits[1]


def constraint_rank(found: Lifting) -> tuple[int, int]:
    """(new parameters, rank of the constraints on them), the differential by central differences of the quadratic map pi: exact."""
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
    place, size = instance
    rng = rng_of(place, context)
    found = drawn_lift(place, rng) if size is None else zero_weights(place, rng, size, inner=0)[0]
    return dimension_of_exact_lift(place, found, formula, rank_deficits(found))


def dimension_of_exact_lift(place: Place, found: Lifting, formula, deficits) -> Outcome:
    """The formula against the number of new parameters less the rank of the constraints."""
    unknowns, rank = constraint_rank(found)
    inner, _, outer = found.parts
    expected = formula(len(inner), inner.shape[1], outer.shape[0], deficits)
    return Outcome.equal(expected, unknowns - rank, place=place, deficits=deficits)


def rank_deficits(found: Lifting) -> tuple[int, int]:
    """What W' S lacks to full row rank, and S What to full column rank."""
    slopes = np.array([piece.slope for piece in found.pieces])
    inner, _, outer = found.parts
    return outer.shape[0] - rank_of(outer * slopes), inner.shape[1] - rank_of(slopes[:, None] * inner)


def rank_deficits_without_slopes(found: Lifting) -> tuple[int, int]:
    """As if constant neurons passed something on."""
    inner, _, outer = found.parts
    return outer.shape[0] - rank_of(outer), inner.shape[1] - rank_of(inner)


def check_constant_neurons(place: Place, *, rank_deficits, context) -> Outcome:
    """The cokernel at a lift, regular or not, with one or two neurons more in a piece of slope zero."""
    rng = rng_of(place, context)
    found = beside_constant_neurons(drawn_lift(place, rng, irregular=True), rng)
    return dimension_of_exact_lift(place, found, with_cokernel, rank_deficits(found))


def beside_constant_neurons(found: Lifting, rng) -> Lifting:
    """The lift with one or two neurons more, the data in the leftmost piece, which is constant for relu and hardtanh."""
    inner, biases, outer = found.parts
    count = int(rng.integers(1, 3))
    rows = draws.matrix(rng, count, inner.shape[1], largest=2)
    columns = draws.matrix(rng, outer.shape[0], count, largest=2)
    values = features(found.shallow, found.shallow_theta, found.x, found.after) @ rows.T
    piece = affine_pieces(found.shallow.activation, constant=True)[0]
    return lift_with(
        found.shallow,
        found.shallow_theta,
        found.x,
        found.after,
        np.concatenate([inner, rows]),
        np.append(biases, piece.upper - 1 - values.max(axis=0)),
        np.concatenate([outer, columns], axis=1),
    )


def regular_lifts(context):
    return [(place, None) for place in places(context)]


def places_with_constant_pieces(context):
    """72 at quick; slopes matter to the cokernel in about one draw of seven (W^[q+1] short of rank, the lift irregular without them)."""
    return [replace(place, replicate=2 * place.replicate + k) for place in places(context, ("relu", "hardtanh")) for k in (0, 1)]


def check_dimension_in_floats(place: Place, *, formula, context) -> Outcome:
    from numerics.rank import float_rank

    return dimension_of_float_lift(place, formula, context, lambda matrix: float_rank(scaled(matrix)).estimate)


def check_dimension_of_float_lift(place: Place, *, formula, context) -> Outcome:
    """The same lift with its floats read as the rationals they are: an exact rank."""
    return dimension_of_float_lift(place, formula, context, lambda matrix: rank_of(np.frompyfunc(Fraction, 1, 1)(matrix)))


def dimension_of_float_lift(place: Place, formula, context, rank_of_rows) -> Outcome:
    """The formula against the rank of the rows of D pi for W^[q+1] and b^[q+1]."""
    place = replace(place, activation="leaky")  # cubes of cubes would spread the entries over tens of orders
    rng = rng_of(place, context)
    theta, x = rng.normal(size=place.model.n_params), rng.normal(size=(6, place.widths[0]))
    found = lift(place.model, theta, x, place.after, width=place.width, rng=rng)
    q, index = found.after, found.shallow.unpack(np.arange(found.shallow.n_params))
    rank = rank_of_rows(found.differential()[np.concatenate([index[f"W{q + 1}"].ravel(), index[f"b{q + 1}"].ravel()])])
    if rank is None:
        return Outcome.inconclusive("no clear gap among the singular values of the constraints", cases=1)
    m_next, m = index[f"W{q + 1}"].shape
    unknowns = place.width * (m + m_next + 1) + m_next
    return Outcome.equal(formula(place.width, m, m_next, (0, 0)), unknowns - rank, place=place)


def scaled(matrix: np.ndarray) -> np.ndarray:
    """Non-zero columns, then rows, brought to unit length: the rank stays, and is read more easily."""
    for axis in (0, 1):
        norms = np.linalg.norm(matrix, axis=axis, keepdims=True)
        matrix = matrix / np.where(norms > 0, norms, 1)
    return matrix


DIMENSION_CONTROLS = [
    Control("the product unconstrained", formula=lambda inner, m, m_next, deficits: inner * (m + m_next + 1)),
    Control("no new biases counted", formula=lambda inner, m, m_next, deficits: inner * (m + m_next) - m * m_next),
]

CLAIMS = [
    Claim(
        id="depth.lifting.dimension",
        title="Regular lifts form a manifold of as many dimensions as there are new parameters",
        statement=r"\dim = \hat m (m_q + m_{q+1} + 1) - m_q m_{q+1} = M_{\text{deep}} - M;\quad"
        r"\text{in general the constraints have cokernel } "
        r"(m_{q+1} - \operatorname{rank} W' \Lambda)(m_q - \operatorname{rank} \Lambda \hat W)",
        assumptions=[LINEARIZED, REGULAR, BIASES],
        source=Source(DEPTH, "dimension of the lifted set; derived here"),
        depends_on=["depth.lifting.existence"],
        refuted_by="A regular lift at which the constraints have another rank.",
        notes="A neuron in a piece of slope zero is constant on the data: it may join any lift, and makes none regular.",
        checks=[
            exactly(
                "constraints",
                check_dimension,
                regular_lifts,
                {"formula": lifted_dimension},
                DIMENSION_CONTROLS,
                scope="random lifts of networks of two to four layers, widths 1 to 3",
                distribution="integer weights, random factorizations",
            ),
            exactly(
                "cokernel",
                check_dimension,
                saddles_at_zero,
                {"formula": with_cokernel},
                [Control("cokernel forgotten", formula=lifted_dimension)],
                scope="irregular lifts W' = What = 0",
                distribution="integer weights",
            ),
            exactly(
                "constant-neurons",
                check_constant_neurons,
                places_with_constant_pieces,
                {"rank_deficits": rank_deficits},
                [Control("ranks of W' and What, slopes forgotten", rank_deficits=rank_deficits_without_slopes)],
                scope="lifts of relu and hardtanh, regular or not, with one or two neurons in a piece of slope zero",
                distribution="integer weights, any of their factorizations; weights of the constant neurons by proofs_check.draws.matrix",
            ),
            in_floats(
                "constraints-in-floats",
                check_dimension_in_floats,
                drawn_places,
                {"formula": lifted_dimension},
                DIMENSION_CONTROLS,
                scope="one to four weight matrices, widths 1 to 4",
                replay=check_dimension_of_float_lift,
                distribution="normal weights and samples, random factorizations",
                tolerance="rank read across a gap of 1e6 in the singular values of the scaled constraints",
            ),
            formal_check(
                "depth/dimension.v",
                "depth_lifting_dimension",
                false="no cokernel",
                adequate=dimension,
                part="all widths: the tangent space of the set of lifts",
            ),
        ],
        probes=[Probe(drops="regular", instances=saddles_at_zero)],
    )
]
