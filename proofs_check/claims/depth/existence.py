r"""Critical lifting: which points of a network lift into a deeper one.

A layer is inserted behind layer q such that on the data each of its neurons stays in one open affine piece of sigma, with slopes S and
offsets mu, and W' S What = W, W' (S bhat + mu) + b' = b. The definitions are those of the paper's abstract in our words; the sharp width
is derived.
"""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from proofs_check import Assumption, axes, claim, false
from proofs_check.adequacy.depth import lifting
from proofs_check.judging import at_most, bounded, equal
from theory.lifting import lift, preactivations
from theory.lifting.factoring import TooNarrow, factor
from theory.lifting.pieces import NoAffinePiece
from theory.models import FullyConnected
from theory.rank import matrix_rank

from . import LIFTING
from ._places import BIASES, FLOAT_SHAPES, PIECEWISE, insertions, place_in, rng_of
from ._points import rational_point, samples

EXISTENCE = claim(
    "depth.lifting.existence",
    "A lift exists exactly from the rank of the next layer on",
    r"\text{A lift of width } \hat m \text{ behind layer } q \text{ exists} \iff \hat m \ge \operatorname{rank} W^{[q+1]}"
    r"\quad (\hat m \ge \min(m_q, m_{q+1}) \text{ always suffices})",
    clauses={
        "enough": r"\hat m \ge \operatorname{rank} W^{[q+1]} \implies \text{a lift exists}",
        "needed": r"\hat m < \operatorname{rank} W^{[q+1]} \implies \text{there is none: } \operatorname{rank} W' \Lambda "
        r"\hat W \le \hat m",
    },
    symbols=[r"\hat m", "q", "m_q", "W^{[q+1]}", "W',b'", r"\Lambda,\mu", r"\hat W,\hat b"],
    assumptions=[
        Assumption("affine piece", r"\sigma \text{ is affine and not constant on some open interval}"),
        Assumption("finite data", r"n < \infty", unprobed="samples are finitely many wherever they are drawn"),
        BIASES,
    ],
    relation="tight",
    source=LIFTING.at("existence theorem (sufficient width); the sharp width is derived here"),
    refuted_by="A lift through a layer narrower than the rank, or a matrix with no lift at its rank.",
    notes="Below the rank a product of two matrices cannot have it; from the rank on scale any factorization into the piece.",
)

#: (widths, position, rank of the weights behind it): first, middle and last positions, ranks below and at the smaller side.
CASES = (((2, 3, 3, 1), 1, 1), ((2, 3, 3, 1), 1, 2), ((3, 2), 0, 1), ((2, 4, 3), 1, 3), ((3, 3, 2), 0, 2), ((2, 2, 1), 1, 0))
RANKS = axes(case=CASES, sigma=(*PIECEWISE, "hardtanh"), standard=8, full=40)


def point_of_rank(cell, rng):
    """A rational point whose W^[after+1] is a product of integer matrices through ``rank``, of exactly that rank."""
    widths, after, rank = cell.case
    model = FullyConnected(widths, cell.sigma)
    theta = rational_point(model, rng)
    rows, columns = model.shapes[f"W{after + 1}"]
    W = np.zeros((rows, columns), dtype=int)
    while matrix_rank(W) < rank:
        W = rng.integers(-2, 3, (rows, rank)) @ rng.integers(-2, 3, (rank, columns))
    return model, model.pack(**{**model.unpack(theta), f"W{after + 1}": W * Fraction(1)}), samples(widths[0], 5, rng)


@EXISTENCE.check("exact", point_of_rank, RANKS, clauses="enough", distribution="integer weights of given rank, half-integer samples")
@false("one below the rank is enough", smallest=lambda W: max(1, matrix_rank(W) - 1))
def smallest_width(cell, instance, *, smallest=lambda W: max(1, matrix_rank(W)), sigma="", context):
    """A lift of the width of the rank, its three conditions checked from the numbers alone."""
    model, theta, x = instance
    model = FullyConnected(model.widths, sigma) if sigma else model
    after, W = cell.case[1], model.unpack(theta)[f"W{cell.case[1] + 1}"]
    try:
        found = lift(model, theta, x, after, width=smallest(W), rng=context.rng(str(cell)))
        conditions = {condition.name: condition.holds for condition in found.conditions()}
    except (TooNarrow, NoAffinePiece, ValueError) as error:  # the last where no bias behind the layer takes up what it adds
        conditions = {str(error): False}
    return equal(conditions=({name: True for name in conditions}, conditions), shown={"model": model, "weights": W})


EXISTENCE.without("affine piece", smallest_width, sigma="tanh")


def without_bias(cell, rng):
    """hardtanh, whose piece is small, without biases behind the layer that could take up what it adds."""
    model, theta, x = point_of_rank(cell, rng)
    return FullyConnected(model.widths, cell.sigma, output_bias=False), theta[: -model.outputs], x


EXISTENCE.without("biases behind", smallest_width, without_bias)

PRODUCTS = axes(height=(1, 2, 3), inner=(1, 2, 3), length=(1, 2, 3), standard=10, full=50)


def factors(cell, rng):
    sizes = (cell.height, cell.inner), (cell.inner, cell.length)
    return [rationals(rng.integers(-3, 4, size)) for size in sizes], rationals(rng.integers(-2, 3, cell.inner))


@EXISTENCE.check("exact", factors, PRODUCTS, clauses="needed", distribution="integer W', slopes and What of all sizes up to 3")
@false("one less", less=1)
def products(cell, instance, *, less=0, context):
    """The rank of W' S What against the width of the layer: what no lift through a narrower one can have."""
    (outer, inner), slopes = instance
    product = (outer * slopes) @ inner
    return at_most("rank", rank_rational(product), cell.inner - less, attained=False, outer=outer, inner=inner, slopes=slopes)


BELOW = axes(case=tuple(case for case in CASES if case[2] > 1), sigma=(*PIECEWISE, "hardtanh"), standard=8, full=40)


@EXISTENCE.check("exact", point_of_rank, BELOW, clauses="needed", distribution="integer weights of given rank")
@false("one below the rank is enough", below=0)
def below_the_rank(cell, instance, *, below=1, context):
    """One below the rank the constructor raises, and so does the factorization itself."""
    model, theta, x = instance
    after, W = cell.case[1], model.unpack(theta)[f"W{cell.case[1] + 1}"]
    width, raised = matrix_rank(W) - below, []
    for attempt in (lambda: lift(model, theta, x, after, width=width), lambda: factor(W, width)):
        try:
            attempt()
            raised.append(False)
        except TooNarrow:
            raised.append(True)
    return equal(raised=([True, True], raised), shown={"weights": W})


def output_gap(found):
    """The differences behind the new layer, and what rounding can make of them.

    Each of the two products is a sum of at most k terms, so its error is at most k eps times the sum of the moduli; the bound takes
    these moduli through both layers, and factors of 8 for the construction of W', b' itself from as many operations.
    """
    q = found.after
    inner, biases, outer = found.parts
    before = preactivations(found.shallow, found.shallow_theta, found.x, q + 1)
    gap = preactivations(found.deep, found.theta, found.x, q + 2) - before
    inside = preactivations(found.deep, found.theta, found.x, q + 1)
    moduli = np.abs(inside) + np.abs(biases) + 1
    size = (moduli @ np.abs(outer).T).max() * (1 + np.abs(found.x).max()) + np.abs(before).max()
    return gap, float(8 * (sum(inner.shape) + 4) ** 2 * np.finfo(float).eps * size)


@EXISTENCE.check(
    "property",
    place_in,
    insertions((*PIECEWISE, "hardtanh"), FLOAT_SHAPES),
    clauses="enough",
    tolerance="8 (m_q + mh + 4)^2 eps times the moduli summed through both products",
    distribution="normal weights and samples of standard deviation 1.5",
)
@false("b' off by 1e-6", shift=1e-6)
def float_lifts(cell, place, *, shift=0.0, context):
    """A float lift at the given width: pre-activations behind it."""
    rng, model = rng_of(place, context), place.model
    theta, x = rng.normal(0, 1.5, model.n_params), rng.normal(0, 1.5, (8, model.inputs))
    gap, bound = output_gap(lift(model, theta, x, place.after, width=place.width, rng=rng))
    return bounded("difference of the pre-activations", gap + shift, bound, place=place)


EXISTENCE.formal(
    "depth/lifting.v", "depth_lifting_existence", false="one neuron less is enough", adequate=lifting, clauses=("enough", "needed")
)
