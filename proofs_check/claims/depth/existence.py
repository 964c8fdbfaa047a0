r"""Critical lifting: which points of a network lift into a deeper one.

A layer is inserted behind layer q such that on the data each of its neurons stays in one open affine piece of sigma, with slopes S and
offsets mu, and W' S What = W, W' (S bhat + mu) + b' = b. The definitions are those of the paper's abstract in our words; the sharp width
is derived.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np

from proofs_check import Assumption, Claim, Control, Outcome, Probe, Source
from proofs_check.adequacy.depth import lifting
from proofs_check.claims._checks import exactly, in_floats, within_rounding
from proofs_check.claims.depth._places import BIASES, DEPTH, PIECEWISE, Place, drawn_places, rng_of
from proofs_check.claims.depth._points import rational_point, samples
from proofs_check.proving import formal_check
from theory.lifting import Lifting, lift, preactivations
from theory.lifting.factoring import TooNarrow
from theory.lifting.pieces import NoAffinePiece
from theory.models import FullyConnected
from theory.rank import matrix_rank


def point_of_rank(widths, activation, after, rank, rng):
    """A rational point whose W^[after+1] is a product of integer matrices through ``rank``, of exactly that rank."""
    model = FullyConnected(widths, activation)
    theta = rational_point(model, rng)
    rows, columns = model.shapes[f"W{after + 1}"]
    W = np.zeros((rows, columns), dtype=int)
    while matrix_rank(W) < rank:
        W = rng.integers(-2, 3, (rows, rank)) @ rng.integers(-2, 3, (rank, columns))
    parts = model.unpack(theta)
    parts[f"W{after + 1}"] = W * Fraction(1)
    return model, model.pack(**parts)


def check_smallest_width(instance, *, smallest, context) -> Outcome:
    """A lift exists at the claimed width, its conditions checked from the numbers alone, and none exists one below."""
    widths, activation, after, rank, replicate = instance
    rng = rng_of(Place(widths, activation, after, rank, replicate), context)
    model, theta = point_of_rank(widths, activation, after, rank, rng)
    x, W = samples(widths[0], 5, rng), model.unpack(theta)[f"W{after + 1}"]
    width = smallest(W)
    shown = {"widths": widths, "activation": activation, "after": after, "weights": W, "width": width}
    try:
        found = lift(model, theta, x, after, width=width, rng=rng)
    except (TooNarrow, NoAffinePiece) as error:
        return Outcome.fails(f"no lift of width {width}: {error}", counterexample=shown)
    broken = [condition for condition in found.conditions() if not condition.holds]
    if broken:
        return Outcome.fails(f"the lift breaks {broken[0].name}: {broken[0].message}", counterexample=shown)
    if width > 1 and _lifts_at(model, theta, x, after, width - 1):
        return Outcome.fails(f"a lift of width {width - 1} exists", counterexample=shown)
    return Outcome.holds()


def _lifts_at(model, theta, x, after, width) -> bool:
    try:
        found = lift(model, theta, x, after, width=width)
    except TooNarrow:
        return False
    return all(condition.holds for condition in found.conditions())


def ranks_and_places(context):
    draws = context.by_level(quick=1, standard=8, full=40)
    for activation, replicate in product((*PIECEWISE, "hardtanh"), range(draws)):
        for widths, after, rank in (((2, 3, 3, 1), 1, 1), ((2, 3, 3, 1), 1, 2), ((3, 2), 0, 1), ((2, 4, 3), 1, 3), ((3, 3, 2), 0, 2)):
            yield widths, activation, after, rank, replicate


def smooth_places(context):
    return [((2, 3, 1), "tanh", 1, 1, replicate) for replicate in range(2)]


def check_float_lift(place: Place, *, width_of, context) -> Outcome:
    """A float lift at the given width: pre-activations behind it agree within the rounding of the two products."""
    rng = rng_of(place, context)
    model, theta = place.model, rng.normal(0, 1.5, place.model.n_params)
    x = rng.normal(0, 1.5, (8, model.inputs))
    W = model.unpack(theta)[f"W{place.after + 1}"]
    try:
        found = lift(model, theta, x, place.after, width=width_of(W, place), rng=rng)
    except TooNarrow as error:
        return Outcome.fails(str(error), counterexample={"place": place})
    return within_rounding("pre-activations differ by", *output_gap(found), place=place)


def output_gap(found: Lifting) -> tuple[float, float]:
    """The largest difference behind the new layer, and what rounding can make of it.

    Each of the two products is a sum of at most k terms, so its error is at most k eps times the sum of the moduli; the bound takes
    these moduli through both layers, and factors of 8 for the construction of W', b' itself from as many operations.
    """
    q = found.after
    inner, biases, outer = found.parts
    before = preactivations(found.shallow, found.shallow_theta, found.x, q + 1)
    gap = np.abs(preactivations(found.deep, found.theta, found.x, q + 2) - before)
    inside = preactivations(found.deep, found.theta, found.x, q + 1)
    moduli = np.abs(inside) + np.abs(biases) + 1
    size = (moduli @ np.abs(outer).T).max() * (1 + np.abs(found.x).max()) + np.abs(before).max()
    return float(gap.max()), float(8 * (sum(inner.shape) + 4) ** 2 * np.finfo(float).eps * size)


def own_width(W, place) -> int:
    return place.width


def one_too_narrow(W, place) -> int:
    return max(1, int(np.linalg.matrix_rank(W)) - 1)


CLAIMS = [
    Claim(
        id="depth.lifting.existence",
        title="A lift exists exactly from the rank of the next layer on",
        statement=r"\text{A lift of width } \hat m \text{ behind layer } q \text{ exists} \iff \hat m \ge \operatorname{rank} W^{[q+1]}"
        r"\quad (\hat m \ge \min(m_q, m_{q+1}) \text{ always suffices})",
        relation="tight",
        assumptions=[
            Assumption("affine piece", r"\sigma \text{ is affine and not constant on some open interval}"),
            Assumption("finite data", r"n < \infty"),
            BIASES,
        ],
        source=Source(DEPTH, "existence theorem (sufficient width); the sharp width is derived here"),
        refuted_by="A lift through a layer narrower than the rank, or a matrix with no lift at its rank.",
        notes="Below the rank a product of two matrices cannot have it; from the rank on scale any factorization into the piece.",
        checks=[
            exactly(
                "smallest-width",
                check_smallest_width,
                ranks_and_places,
                {"smallest": matrix_rank},
                [
                    Control("the smaller of the two widths is needed", smallest=lambda W: min(W.shape)),
                    Control("one below the rank is enough", smallest=lambda W: max(1, matrix_rank(W) - 1)),
                ],
                scope="weights up to 3 x 4 of rank 1 to 3; hinge3, leaky, relu, hardtanh; positions first, middle, last",
                distribution="integer weights of given rank, half-integer samples, random factorization",
            ),
            in_floats(
                "float-lifts",
                check_float_lift,
                drawn_places,
                {"width_of": own_width},
                [Control("one below the rank is enough", width_of=one_too_narrow)],
                scope="one to four weight matrices, widths 1 to 4, four activations, "
                "inserted widths up to two more than the wider neighbour",
                distribution="normal weights and samples of standard deviation 1.5 from a drawn seed",
                tolerance="8 (m_q + mh + 4)^2 eps times the moduli summed through both products",
            ),
            formal_check("depth/lifting.v", "depth_lifting_existence", false="one neuron less is enough", adequate=lifting),
        ],
        probes=[Probe(drops="affine piece", instances=smooth_places)],
    )
]
