r"""The manifold of lifts: at a regular lift the constraints W' S What = W, W' (S bhat + mu) + b' = b are independent.

They are bilinear in the new parameters; where both W' S and S What drop rank they lose some, and the lifts need form no manifold. S holds
the slopes of the affine pieces. A neuron in a piece of slope zero is constant: it may join any lift, and counts in neither rank.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from numerics.rank import float_rank
from proofs_check import axes, claim, draws, false
from proofs_check.adequacy.depth import dimension
from proofs_check.judging import equal
from theory.lifting import features, lift, lift_with
from theory.lifting.factoring import rank_of
from theory.lifting.pieces import affine_pieces

from . import LIFTING
from ._places import BIASES, FLOAT_SHAPES, LINEARIZED, REGULAR, insertions, place_in, place_of, rng_of
from ._points import drawn_lift, zero_weights

DIMENSION = claim(
    "depth.lifting.dimension",
    "Regular lifts form a manifold of as many dimensions as there are new parameters",
    r"\dim = \hat m (m_q + m_{q+1} + 1) - m_q m_{q+1} = M_{\text{deep}} - M;\quad \text{in general the constraints have cokernel } "
    r"(m_{q+1} - \operatorname{rank} W' \Lambda)(m_q - \operatorname{rank} \Lambda \hat W)",
    clauses={
        "regular": r"\dim = \hat m (m_q + m_{q+1} + 1) - m_q m_{q+1} = M_{\text{deep}} - M \text{ at regular lifts}",
        "cokernel": r"\text{in general the constraints have cokernel } (m_{q+1} - \operatorname{rank} W' \Lambda)(m_q - "
        r"\operatorname{rank} "
        r"\Lambda \hat W)",
    },
    symbols=[r"\hat m", "m_q", "W',b'", r"\Lambda,\mu", r"\hat W,\hat b", "M"],
    assumptions=[
        replace(LINEARIZED, unprobed="the constraints speak of slopes and offsets, which there are in pieces alone"),
        REGULAR,
        replace(
            BIASES, unprobed="without them m_(q+1) constraints on constants come in place of the next biases: Lifting.dimension counts them"
        ),
    ],
    source=LIFTING.at("dimension of the lifted set; derived here"),
    depends_on=["depth.lifting.existence"],
    refuted_by="A regular lift at which the constraints have another rank.",
    notes="A neuron in a piece of slope zero is constant on the data: it may join any lift, and makes none regular.",
)


def lifted_dimension(inner, m, m_next, deficits):
    """mh (m_q + m_(q+1) + 1) - m_q m_(q+1)."""
    return inner * (m + m_next + 1) - m * m_next


def with_cokernel(inner, m, m_next, deficits):
    return lifted_dimension(inner, m, m_next, deficits) + deficits[0] * deficits[1]


def unconstrained(inner, m, m_next, deficits):
    return inner * (m + m_next + 1)


def without_biases(inner, m, m_next, deficits):
    return inner * (m + m_next) - m * m_next


def kernel_dimension(found):
    """New parameters less the rank of the constraints on them, by central differences of the quadratic map pi: exact."""
    deep = found.deep.unpack(np.arange(found.deep.n_params))
    q = found.after
    places = np.concatenate([deep[name].ravel() for name in (f"W{q + 1}", f"b{q + 1}", f"W{q + 2}", f"b{q + 2}") if name in deep])
    columns = []
    for place in places:
        above, below = found.theta.copy(), found.theta.copy()
        above[place], below[place] = above[place] + 1, below[place] - 1
        columns.append((found.collapse(above) - found.collapse(below)) / 2)
    return len(places) - rank_of(np.stack(columns, axis=1))


def rank_deficits(found):
    """What W' S lacks to full row rank, and S What to full column rank."""
    slopes = np.array([piece.slope for piece in found.pieces])
    inner, _, outer = found.parts
    return outer.shape[0] - rank_of(outer * slopes), inner.shape[1] - rank_of(slopes[:, None] * inner)


def rank_deficits_without_slopes(found):
    """As if constant neurons passed something on."""
    inner, _, outer = found.parts
    return outer.shape[0] - rank_of(outer), inner.shape[1] - rank_of(inner)


def dimension_is(formula, found, deficits, **shown):
    inner, _, outer = found.parts
    expected = formula(len(inner), inner.shape[1], outer.shape[0], deficits)
    return equal(dimension=(expected, kernel_dimension(found)), shown={"deficits": deficits, **shown})


@DIMENSION.check("exact", place_in, insertions(), clauses="regular", distribution="integer weights, random regular factorizations")
@false("the product unconstrained", formula=unconstrained)
@false("no new biases counted", formula=without_biases)
def constraints(cell, place, *, formula=lifted_dimension, point=drawn_lift, context):
    """The kernel of the constraints at an exact regular lift."""
    found = point(place, rng_of(place, context))
    return dimension_is(formula, found, (0, 0), place=place)


def irregular(place, rng):
    """W' = What = 0."""
    return zero_weights(place, rng, Fraction(1), inner=0)[0]


DIMENSION.without("regular", constraints, point=irregular)

COKERNELS = axes(case=(((2, 2, 1), 1), ((1, 2, 2), 1), ((2, 2, 2), 1), ((1, 2, 2, 1), 2)), quick=2, standard=10, full=50)


@DIMENSION.check("exact", place_of, COKERNELS, clauses="cokernel", distribution="irregular lifts W' = What = 0, integer weights")
@false("cokernel forgotten", formula=lifted_dimension)
def cokernel(cell, place, *, formula=with_cokernel, context):
    """The constraints at irregular lifts."""
    found = irregular(place, rng_of(place, context))
    return dimension_is(formula, found, rank_deficits(found), place=place)


def beside_constant_neurons(found, rng):
    """The lift with one or two neurons more, the data in the leftmost piece, which is constant for relu and hardtanh."""
    inner, biases, outer = found.parts
    count = int(rng.integers(1, 3))
    rows, columns = draws.matrix(rng, count, inner.shape[1], largest=2), draws.matrix(rng, outer.shape[0], count, largest=2)
    values = features(found.shallow, found.shallow_theta, found.x, found.after) @ rows.T
    piece = affine_pieces(found.shallow.activation, constant=True)[0]
    weights, shifts = np.concatenate([inner, rows]), np.append(biases, piece.upper - 1 - values.max(axis=0))
    return lift_with(found.shallow, found.shallow_theta, found.x, found.after, weights, shifts, np.concatenate([outer, columns], axis=1))


@DIMENSION.check(
    "exact",
    place_in,
    insertions(("relu", "hardtanh"), quick=2, standard=6, full=30),
    clauses="cokernel",
    distribution="integer weights, any of their factorizations; weights of the constant neurons by proofs_check.draws.matrix",
)
@false("ranks of W' and What, slopes forgotten", deficits=rank_deficits_without_slopes)
def constant_neurons(cell, place, *, deficits=rank_deficits, context):
    """Lifts, regular or not, with one or two neurons more in a piece of slope zero."""
    rng = rng_of(place, context)
    found = beside_constant_neurons(drawn_lift(place, rng, irregular=True), rng)
    return dimension_is(with_cokernel, found, deficits(found), place=place)


def scaled(matrix):
    """Non-zero columns, then rows, brought to unit length: the rank stays, and is read more easily."""
    for axis in (0, 1):
        norms = np.linalg.norm(matrix, axis=axis, keepdims=True)
        matrix = matrix / np.where(norms > 0, norms, 1)
    return matrix


@DIMENSION.check(
    "property",
    place_in,
    insertions(("leaky",), FLOAT_SHAPES),
    clauses="regular",
    tolerance="rank read across a gap of 1e6 in the singular values of the scaled constraints",
    distribution="normal weights and samples, random factorizations",
)
@false("the product unconstrained", formula=unconstrained)
@false("no new biases counted", formula=without_biases)
def constraints_in_floats(cell, place, *, formula=lifted_dimension, context):
    """The rank of the rows of D pi for W^[q+1] and b^[q+1] at float lifts."""
    rng = rng_of(place, context)
    theta, x = rng.normal(size=place.model.n_params), rng.normal(size=(6, place.widths[0]))
    found = lift(place.model, theta, x, place.after, width=place.width, rng=rng)
    q, index = found.after, found.shallow.unpack(np.arange(found.shallow.n_params))
    rows = found.differential()[np.concatenate([index[f"W{q + 1}"].ravel(), index[f"b{q + 1}"].ravel()])]
    rank = float_rank(scaled(rows)).estimate
    m_next, m = index[f"W{q + 1}"].shape
    unknowns = place.width * (m + m_next + 1) + m_next
    observed = None if rank is None else float(unknowns - rank)
    return equal(dimension=(float(formula(place.width, m, m_next, (0, 0))), observed), shown={"place": place})


DIMENSION.formal(
    "depth/dimension.v",
    "depth_lifting_dimension",
    false="no cokernel",
    adequate=dimension,
    part="all widths: the tangent space of the set of lifts",
    clauses=("regular", "cokernel"),
)
