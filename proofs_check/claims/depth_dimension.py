r"""The manifold of lifts: at a regular lift the constraints W' S What = W, W' (S bhat + mu) + b' = b are independent.

They are bilinear in the new parameters; where both W' and What drop rank they lose some, and the lifts need form no manifold.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from proofs_check import Claim, Control, Outcome, Probe, Source
from proofs_check.claims._checks import exactly, in_floats
from proofs_check.claims._depth import BIASES, DEPTH, LINEARIZED, REGULAR, Place, drawn_places, places, rng_of, saddles_at_zero
from proofs_check.claims._depth_points import drawn_lift, zero_weights
from theory.factoring import rank_of
from theory.lifting import Lifting, lift


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
    inner, _, outer = found.parts
    unknowns, rank = constraint_rank(found)
    m, m_next = inner.shape[1], outer.shape[0]
    deficits = m_next - rank_of(outer), m - rank_of(inner)
    return Outcome.equal(formula(len(inner), m, m_next, deficits), unknowns - rank, place=place, deficits=deficits)


def regular_lifts(context):
    return [(place, None) for place in places(context)]


def check_dimension_in_floats(place: Place, *, formula, context) -> Outcome:
    from numerics.rank import float_rank

    return dimension_of_float_lift(place, formula, context, lambda matrix: float_rank(scaled(matrix)).rank)


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
        family="depth",
        title="Regular lifts form a manifold of as many dimensions as there are new parameters",
        statement=r"\dim = \hat m (m_q + m_{q+1} + 1) - m_q m_{q+1} = M_{\text{deep}} - M;\quad"
        r"\text{in general the constraints have cokernel } (m_{q+1} - \operatorname{rank} W')(m_q - \operatorname{rank} \hat W)",
        assumptions=[LINEARIZED, REGULAR, BIASES],
        source=Source(DEPTH, "dimension of the lifted set; derived here"),
        depends_on=["depth.lifting.existence"],
        refuted_by="A regular lift at which the constraints have another rank.",
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
        ],
        probes=[Probe(drops="regular", instances=saddles_at_zero)],
    )
]
