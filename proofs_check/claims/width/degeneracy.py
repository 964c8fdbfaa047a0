r"""Degeneracy: every added neuron with outgoing weights adds a zero eigenvalue, and the families of embeddings that make it so.

The compatible embeddings of one index map form a family of critical points through each embedded one; its tangents lie in the kernel of
the Hessian.
"""

from dataclasses import replace
from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.critical.compatible import tangent_directions
from numerics.critical.embedded import planted_batch, split_counts
from numerics.hessian import gradient, hessian
from numerics.hessian.neuron_matrices import trace
from numerics.planting import NothingToPlant, cotangent_of
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.axes import Cell
from proofs_check.judging import at_least, equal, vanishing, worst
from theory.embedding import Coupling, compatible, compose, copies, coupled, coupled_block, draw_layers, embed_along
from theory.embedding.blocks import bordered
from theory.embedding.wiring import layers
from theory.models import FullyConnected

from . import CRITICAL, FLOAT_INERTIA, JML, NEURIPS, OUTGOING, TWICE
from ._instances import FRACTIONS, fraction_of, sigma_of, some_place
from ._measures import inertias

ZEROS = claim(
    "embedding.degeneracy.K",
    "Every added neuron makes the critical point more degenerate",
    r"W_s \ne 0 \text{ at each of } K \text{ splits} \implies n_0(T\theta) \ge n_0(\theta) + K",
    clauses={
        "zeros": r"W_s \ne 0 \text{ at each of } K \text{ splits} \implies n_0(T\theta) \ge n_0(\theta) + K",
        "affine set": r"K \text{ copies of neurons with } W_s \ne 0, \text{ in any layers, each neuron's coefficients of sum } 1:\ "
        r"\text{a K-dimensional affine set of critical points}",
    },
    symbols=["W_s", "K", "T", r"\theta", "n_-,n_0,n_+"],
    assumptions=[TWICE, CRITICAL, OUTGOING],
    relation="lower",
    source=NEURIPS.at("Theorem 2; 2111.15527, Theorem 6.1 (there n_0 >= K)"),
    depends_on=["embedding.splitting.inertia"],
    refuted_by="Splits of neurons with outgoing weights that add fewer zeros.",
)

STEPS = axes(
    case=by_level(
        (((1, 1, 1), (1, 1)), ((1, 1, 2), (1,)), ((1, 1, 1, 1), (1, 2)), ((1, 1, 1, 2), (2, 1))),
        (
            ((1, 1, 1), (1, 1)),
            ((1, 2, 1), (1, 1)),
            ((1, 1, 2), (1,)),
            ((2, 1, 2), (1, 1)),
            ((1, 1, 1, 1), (1, 2)),
            ((1, 1, 1, 2), (2, 1)),
            ((1, 1, 2, 1), (2, 1)),
        ),
    ),
    alpha=FRACTIONS,
    standard=3,
    full=20,
)


@ZEROS.check("exact", a_seed, STEPS, clauses="zeros", distribution="planted; the first neuron of the layers named, in turn, is split")
@false("one zero more for two targets", least=lambda K, widths: K + (widths[-1] > 1))
@false("all new parameters", least=lambda K, widths: 3 * K)
def planted_rational(cell, seed, *, least=lambda K, widths: K, silent=False, at="critical", context):
    """Exact inertia before and after one or two splits, also in different layers."""
    rng, (widths, steps) = context.rng(seed), cell.case
    place = some_place(widths, rng)
    place = place.silenced() if silent else place
    # At fraction 1 the copy has all of the outgoing weights: it is the one to be split again.
    neurons = [widths[layer] if cell.alpha == "1" and layer in steps[:k] else 0 for k, layer in enumerate(steps)]
    chosen = [("split", layer, neuron, fraction_of(cell.alpha, rng)) for layer, neuron in zip(steps, neurons, strict=True)]
    embedding = embed_along(place.model, chosen)
    data = place.planted() if at == "critical" else place.data(place.enough)
    (_, before, _), (_, after, _) = inertias(embedding, place.theta, data)
    return at_least("zeros", after - before, least(len(steps), widths), attained=False, place=place)


ZEROS.without("outgoing weights", planted_rational, silent=True)
ZEROS.without("critical", planted_rational, at="anywhere")

AFFINE = axes(
    widths=by_level(
        ((1, 2, 1), (1, 1, 2, 1), (1, 1, 1, 1, 1)), ((1, 2, 1), (2, 1, 2), (1, 1, 2, 1), (1, 2, 2, 1), (1, 1, 1, 2), (1, 1, 1, 1, 1))
    ),
    added=((1,), (2,), (3,), (1, 1), (2, 1), (1, 2), (0, 2), (1, 1, 1), (2, 0, 1)),
    spread=(False, True),
    where=lambda widths, added, spread: (
        len(added) == len(widths) - 2 and (not spread or any(a > 1 < m for a, m in zip(added, widths[1:], strict=False)))
    ),
    standard=3,
    full=20,
)


def copied(model, added, spread, draw):
    """The embedding that copies neurons of every layer, ``added``[l - 1] of them in layer l: of the first one, or ``spread`` in turn."""
    steps = []
    for layer, extra in enumerate(added, 1):
        width = model.widths[layer] if spread else 1
        for neuron in range(width):
            if share := len(range(neuron, extra, width)):
                rest = [draw() for _ in range(share)]
                steps.append((layer, neuron, [1 - sum(rest), *rest]))
    embedding = None
    for step in steps:
        one = copies(embedding.wide if embedding else model, *step)
        embedding = compose(embedding, one) if embedding else one
    return embedding


@ZEROS.check(
    "exact", a_seed, AFFINE, clauses="affine set", distribution="planted; K + 1 points with coefficients k/3, and two combinations"
)
@false("one dimension more", dimension=lambda K: K + 1)
@false("one dimension, however many neurons", dimension=lambda K: min(K, 1))
def affine_set(cell, seed, *, dimension=lambda K: K, silent=False, context):
    """K + 1 sets of coefficients in general position: their hull has dimension K, and its centre and a point far out are critical."""
    rng, K = context.rng(seed), sum(cell.added)
    place = some_place(cell.widths, rng)
    place = place.silenced() if silent else place
    data, points = place.planted(), []
    for k in range(K + 1):
        number = iter(range(K))
        draw = lambda number=number, k=k: Fraction(int(rng.integers(-1, 2)), 3) + 4 * (next(number) == k - 1)
        embedding = copied(place.model, cell.added, cell.spread, draw)
        points.append(embedding(place.theta))
    weights = [int(w) for w in rng.integers(-3, 4, K)]
    far = points[0] + sum((w * (point - points[0]) for w, point in zip(weights, points[1:], strict=True)), start=0 * points[0])
    centre = sum(points[1:], start=points[0]) / len(points)
    slopes = [gradient(embedding.wide, theta, data) for theta in (*points, centre, far)]
    hull = rank_rational(rationals([theta - points[0] for theta in points[1:]]))
    return worst([vanishing("gradients", slopes, place=place), equal(dimension=(dimension(K), hull), shown={"place": place})])


ZEROS.without("outgoing weights", affine_set, silent=True)

BATCHES = axes(widths=((2, 2, 2), (2, 3, 1), (1, 2, 2, 1)), alpha=by_level(("inside", "negative"), FRACTIONS))


@ZEROS.check(
    "property", a_seed, BATCHES, clauses="zeros", tolerance=FLOAT_INERTIA, distribution="tanh, theta normal of deviation 1.2, inputs 1.3"
)
@false("all new parameters", least=lambda widths: widths[0] + 1 + widths[2])
def tanh_in_floats(cell, seed, *, least=lambda widths: 1, context):
    """Batches of 10 (standard 50, full 500) planted tanh networks, one split."""
    rng, model = context.rng(seed), FullyConnected(cell.widths)
    theta, data = planted_batch(model, context.by_level(quick=10, standard=50, full=500), rng, surplus=2.5)
    found = split_counts(model, theta, data, 1, 0, fraction_of(cell.alpha, rng))
    return at_least("zeros", float(found.observed[:, 1].min()), least(cell.widths), attained=False, widths=cell.widths)


FAMILY = claim(
    "embedding.degeneracy.compatible-dimension",
    "Dimension of the family of compatible embeddings",
    r"\dim = K + \sum_{l=2}^{L-1} K_l K_{l-1} \text{ for a fixed index map, all weights non-zero}",
    clauses={
        "dimension": r"\text{the compatible embeddings of one index map have at } \theta \text{ a tangent space of dimension } "
        r"K + \sum_{l=2}^{L-1} K_l K_{l-1}",
        "kernel": r"\text{the Hessian vanishes on it}",
        "nullity": r"n_0(T\theta) = n_0(\theta) + K + \sum_{l=2}^{L-1} K_l K_{l-1} \text{ at compositions of splits without a zero "
        r"multiplier, and at coupled coefficients but those of a proper algebraic set}",
        "exceptions": r"\text{that set need not be empty: some coupled coefficients add a zero more}",
    },
    symbols=["K", "L", "T", r"\theta", "n_-,n_0,n_+", "B_s", "S_s", "m_l"],
    assumptions=[
        Assumption("non-zero weights", r"W^{[l]}_{ij} \ne 0 \text{ for } l \ge 2"),
        CRITICAL,
        Assumption(
            "non-degenerate",
            r"\text{of the nullity: } \operatorname{rank} B_s = m_{l+1} - 1 \text{ at the copied neurons, and } S_s \text{ has no kernel "
            r"in } \ker B_s",
        ),
    ],
    kind="extension",
    source=JML.at("Section 6.1 (heuristic there; the count is ours)"),
    depends_on=["embedding.compatible.criticality"],
    refuted_by="A pair of architectures whose family has another tangent dimension.",
    notes="With three layers or more the set is curved: the coefficients and the multipliers are coupled. A zero weight moves nothing: "
    "(1, 1, 1, 1) in (1, 2, 2, 1) at W2 = 0 has dimension 1, not 3. For fixed theta the nullity grows where a polynomial in the "
    "coefficients vanishes; at compositions of splits that is a product of non-zero numbers. Behind m_(l+1) > d_l + 1 neurons B_s never "
    "has the rank m_(l+1) - 1: a split of (1, 1, 4) adds two zeros.",
)


def degrees_of_freedom(extra):
    """K + sum over l >= 2 of K_l K_(l-1)."""
    return sum(extra) + sum(a * b for a, b in zip(extra, extra[1:], strict=False))


def largest_of_neighbours(extra):
    return sum(extra) + sum(max(a, b) if a and b else 0 for a, b in zip(extra, extra[1:], strict=False))


def without_neighbours(extra):
    return sum(extra)


def member(cell, rng, *, vanishing_weights=False):
    """A narrow place with planted data, and coefficients by which the first neuron of every layer gets K_l copies more."""
    place = some_place(cell.narrow, rng)
    if vanishing_weights:
        numerators = np.array(place.numerators)
        numerators[layers(place.model)[1][0]] = 0
        place = place.at(numerators=tuple(numerators.tolist()))
    sources = [[*range(m), *([0] * k)] for m, k in zip(cell.narrow[1:-1], cell.extra, strict=True)]
    return place, draw_layers(place.model, sources, rng, nonzero=True)


#: Three and four layers, (2, 2) among them: there the product is more than the larger of the two.
FAMILIES = axes(
    narrow=by_level(
        ((1, 1, 1), (1, 1, 1, 1), (1, 2, 1, 1), (1, 1, 1, 1, 1)),
        ((1, 1, 1), (2, 2, 1), (1, 1, 1, 1), (2, 1, 2, 1), (1, 2, 2, 1), (1, 1, 1, 1, 1)),
    ),
    extra=((2,), (1, 0), (1, 1), (2, 1), (2, 2), (1, 1, 1), (1, 2, 2)),
    where=lambda narrow, extra: len(extra) == len(narrow) - 2,
    standard=2,
    full=5,
)


@FAMILY.check("exact", a_seed, FAMILIES, clauses=("dimension", "kernel"), distribution="coefficients k/3, planted data")
@false("K alone", dimension=without_neighbours)
@false("the larger neighbour for the product", dimension=largest_of_neighbours)
def family_dimension(cell, seed, *, dimension=degrees_of_freedom, vanishing_weights=False, at="critical", context):
    """Exact rank of the tangents of all compatible embeddings with these copies; the Hessian on every one of them."""
    place, parts = member(cell, context.rng(seed), vanishing_weights=vanishing_weights)
    directions, embedding = tangent_directions(place.model, parts, place.theta), compatible(place.model, parts)
    data = place.planted() if at == "critical" else place.data(place.enough)
    moved = directions @ hessian(embedding.wide, embedding(place.theta), data)
    return equal(dimension=(dimension(cell.extra), rank_rational(directions)), kernel=(0 * moved, moved), shown={"place": place})


FAMILY.without("non-zero weights", family_dimension, vanishing_weights=True)
FAMILY.without("critical", family_dimension, at="anywhere")

NULLITIES = axes(
    narrow=by_level(
        ((1, 1, 1), (1, 1, 2), (1, 1, 1, 1), (2, 1, 1, 1)),
        ((1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 1, 3), (1, 1, 1, 1), (1, 1, 1, 2), (1, 1, 2, 1), (2, 1, 1, 1)),
    ),
    extra=by_level(((1,), (2,), (1, 1), (2, 1), (2, 2)), ((1,), (2,), (1, 0), (1, 1), (2, 1), (2, 2))),
    coefficients=("coupled", "split"),
    where=lambda narrow, extra, coefficients: len(extra) == len(narrow) - 2 and (coefficients == "split" or len(extra) > 1),
    full=3,
)
#: Draws for a point that is degenerate: one of four in (2, 1, 1, 1) is, of the other shapes none.
TRIES = 20


def is_degenerate(place, extra):
    """Whether B is short of rank, or S has a kernel in that of B, at the first neuron of some layer that is copied."""
    data = place.planted()
    blocks = [bordered(*place.at(layer=layer, neuron=0).matrices(data)) for layer, copies in enumerate(extra, 1) if copies]
    return any(rank_rational(block) < len(block) - 1 for block in blocks)


def embedded_in(cell, place, parts, rng):
    """The compatible embedding of ``parts``, or a composition of splits: copies whose coefficients are k/4, none of them zero."""
    if cell.coefficients == "coupled":
        return compatible(place.model, parts)
    # No one and no two of them have the sum 1, which would leave 0 to the first copy.
    numbers = rng.permutation([Fraction(1, 4), Fraction(-1, 2), Fraction(1, 2)])
    return copied(place.model, cell.extra, False, iter([*numbers[:2], *numbers[1:]]).__next__)


@FAMILY.check("exact", a_seed, NULLITIES, clauses="nullity", distribution="coefficients k/3, none of the multipliers zero; planted")
@false("K alone", dimension=without_neighbours)
@false("the larger neighbour for the product", dimension=largest_of_neighbours)
@false("the same behind four outputs", outputs=4)
def nullity(cell, seed, *, dimension=degrees_of_freedom, degenerate=False, outputs=0, context):
    """The growth of the nullity of the exact Hessian."""
    rng = context.rng(seed)
    cell = Cell({**dict(cell), "narrow": (*cell.narrow[:-1], outputs)}) if outputs else cell
    for _ in range(TRIES):
        place, parts = member(cell, rng)
        if is_degenerate(place, cell.extra) == degenerate:
            break
    (_, before, _), (_, after, _) = inertias(embedded_in(cell, place, parts, rng), place.theta, place.planted())
    return equal(nullity=(before + dimension(cell.extra), after), shown={"place": place, "sigma": sigma_of(cell.narrow)})


FAMILY.without("non-degenerate", nullity, degenerate=True)

EXCEPTIONS = axes(share=("1/2", "inside", "above 1", "negative"), coupling=(1, Fraction(-3, 2)), full=5)


@FAMILY.check(
    "exact",
    a_seed,
    EXCEPTIONS,
    clauses="exceptions",
    distribution="(1, 1, 1, 1) in (1, 2, 2, 1); planted, one equation more for each direction",
)
@false("a composition of splits", coupled_by=lambda u: Fraction(0))
@false("another coupling", coupled_by=lambda u: u + 1)
def exceptional(cell, seed, *, coupled_by=lambda u: u, context):
    """A vector planted into the kernel of the form on ker G^T, which is linear in the errors; S_s and S_t have none."""
    rng = context.rng(seed)
    while True:
        place, share = some_place((1, 1, 1, 1), rng), fraction_of(cell.share, rng)
        found, extra = trace(place.model, place.theta, place.samples(place.enough + 6)), 6
        coupling = Coupling(1, 0, share, (0,), (Fraction(1, 3),), (Fraction(cell.coupling),))
        vector = rationals([0, *rng.choice([-2, -1, 1, 2], 2), 0, *rng.choice([-2, -1, 1, 2], 2), 0])
        rows = found.linear_rows(lambda c, found=found, coupling=coupling, vector=vector: form_of(found, coupling, c) @ vector)
        try:
            data = place.planted(conditions=[(rows, rationals([0] * len(rows)))], extra=extra)
        except NothingToPlant:
            continue
        cotangent = cotangent_of(place.model, place.theta, data)
        if all(rank_rational(found.S(layer, 0, cotangent)) == 2 for layer in (1, 2)):
            break
    moved = replace(coupling, coupling=tuple(map(coupled_by, coupling.coupling)))
    (_, before, _), (_, after, _) = inertias(coupled(place.model, moved), place.theta, data)
    return equal(nullity=(before + degrees_of_freedom((1, 1)) + 1, after), shown={"place": place, "coupling": moved})


def form_of(found, coupling, cotangent):
    """The form of the errors on ker G^T of a coupled copy of the neurons 0; see embedding.truly-bad.paths."""
    of = lambda layer: (found.B(layer, 0, cotangent), found.S(layer, 0, cotangent))
    return coupled_block(coupling, of(2), [of(1)], found.paths(1, 0, (0,), cotangent))
