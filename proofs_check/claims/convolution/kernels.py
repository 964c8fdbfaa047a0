r"""Convolutional networks at kernels of special kinds: translates of one another, repeated, null, and pooled over positions."""

from dataclasses import replace

import numpy as np

from numerics.rank import model_rank
from numerics.rank.ladder import Rank
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.claims._ranks import FLOATS
from proofs_check.judging import rank_is, worst
from theory.draws import pack_known, signs
from theory.models import TwoLayerCNN
from theory.models.pooling import PooledCNN
from theory.rank import Target, matrix_rank, merged_neurons, rank_at, rank_bounds
from theory.rank.convolution import ARCHITECTURES, ConvolutionalTarget, generic_kernels, standing_alone, two_kernels
from theory.rank.kernel_covers import representatives

from . import NO_TRANSLATES, RECOVERY, STRATIFICATION, in_floats

SHIFT = claim(
    "cnn.shift",
    "Kernels that are translates of one another break the printed ranks",
    r"K_1 \neq \pm K_2 \text{ does not suffice}",
    clauses={
        "translates": r"K_2 \text{ is } \pm \text{ a translate of } K_1:\ R_{\mathrm{CNN}} = q + 2 |S| \text{ at the kernels as given},"
        r"\ R_{\mathrm{NS}}(f^*) = q (|S| + 1),\ R_{\mathrm{FNN}}(f^*) = q (|D| + 1)",
        "others": r"\text{no translates, zeros or not: } (2 (|S| + p),\ 2 p (|S| + 1),\ 2 p (|D| + 1)) \text{ as printed}",
        "least": r"R_{\mathrm{CNN}}(f^*) \text{ is the least over all choices of kernels, each counted with all of its neurons}",
    },
    symbols=["R", "CNN,NS,FNN", "f^*", "K_l", "q", "s", "d", "p"],
    assumptions=[Assumption("nothing cancels", r"\text{every distinct neuron has an output weight}", unprobed="q counts what is left")],
    kind="counterexample",
    source=RECOVERY.at("Theorems 6 and 7 and 2211.11623v1, Proposition 3 as printed; the missing condition: ours"),
    refuted_by="Printed and certified ranks that agree on every pair of translates.",
    notes="Smallest pair: (c, 0) beside (0, c), d = 3: 7, 9, 12, printed 8, 12, 16: neighbouring positions share neurons. Without sharing"
    " the kernels as given have rank 10: the common neuron has two places there, and its slopes reach three inputs."
    " 2307.08921v1, appendix A.5 does ask for distinct neurons.",
)


def ranks_of_pair(pair, expected):
    """Certified ranks (shared at the point, NS and FNN at their least representative) against ``expected(d, s, neurons)``."""
    d, s, first, second = pair
    target = two_kernels(d, s, first, second)
    made = {neuron: a for neuron, a in merged_neurons(*target.realize("fully-connected")).items() if a}
    alone = (standing_alone(target.model, made, architecture) for architecture in ARCHITECTURES[1:])
    points = target.realize("shared"), *alone
    found = zip(ARCHITECTURES, expected(d, s, len(made)), points, strict=True)
    return worst(rank_is(number, model_rank(*point), architecture=name, kernels=target.kernels) for name, number, point in found)


def counts(d, s):
    """|D|, |S|, p of a kernel of shape s on inputs of shape d."""
    d, s = np.atleast_1d(d), np.atleast_1d(s)
    return int(d.prod()), int(s.prod()), int((d + 1 - s).prod())


def printed_ranks(d, s, neurons):
    d, s, p = counts(d, s)
    return 2 * (s + p), 2 * p * (s + 1), 2 * p * (d + 1)


def counted_neurons(d, s, neurons):
    """Ours: distinct neurons, and for the shared net every kernel's own s slopes."""
    d, s, _ = counts(d, s)
    return neurons + 2 * s, neurons * (s + 1), neurons * (d + 1)


SHIFTED = (
    (3, 2, (2, 0), (0, 2)),
    (4, 2, (2, 0), (0, -2)),
    (5, 2, (3, 0), (0, 3)),
    (5, 3, (1, 2, 0), (0, 1, 2)),
    (6, 3, (1, 2, 0), (0, 1, 2)),
    ((3, 3), (2, 2), (2, 0, 1, 0), (0, 2, 0, 1)),
)
APART = ((4, 2, (2, 0), (0, 3)), (5, 3, (1, 2, 3), (3, 1, 2)), (5, 2, (1, 4), (2, 1)), ((3, 3), (2, 2), (2, 0, 1, 0), (0, 1, 0, 2)))


@SHIFT.check("certified", lambda cell, rng: cell.pair, axes(pair=SHIFTED), clauses="translates", name="translates")
@false("the printed ranks", formula=printed_ranks)
@false("one kernel's slopes shared", formula=lambda d, s, neurons: (neurons + counts(d, s)[1], *counted_neurons(d, s, neurons)[1:]))
def shifted(cell, pair, *, formula=counted_neurons, context):
    """Certified ranks at pairs of translates, output weights 1, 2, 3, ..."""
    return ranks_of_pair(pair, formula)


@SHIFT.check("certified", lambda cell, rng: cell.pair, axes(pair=APART), clauses="others", name="no-translates")
@false("one neuron less", formula=lambda d, s, neurons: counted_neurons(d, s, neurons - 1))
def apart(cell, pair, *, formula=printed_ranks, context):
    """Certified ranks at pairs that are no translates: there the printed ranks hold."""
    return ranks_of_pair(pair, formula)


#: Two translates without biases; for the last target one kernel between them suffices.
TARGETS = (
    (3, 2, ((2, 0), (0, 2)), ((1, 2), (3, 4))),
    (4, 2, ((1, 0), (0, 1)), ((1, 1, 1), (1, 1, 1))),
    (5, 3, ((1, 2, 0), (0, 1, 2)), ((1, 2, 3), (4, 5, 6))),
    (4, 3, ((1, 0, 0), (0, 0, 1)), ((0, 1), (1, 0))),
)
CHOICES = axes(target=TARGETS, bias=(False, True), output_bias=(False, True))


def announced(model, point, theta):
    return rank_bounds(model, Target(point, theta))[1]


def announced_for_the_target(model, point, theta):
    """In the network of the target, which has no biases."""
    return announced(point, point, theta)


def at_given_kernels(model, point, theta):
    """With the kernels and output weights that the target came with."""
    parts = dict(point.unpack(np.asarray(theta)), biases=np.zeros(model.kernels, int), output_bias=[0])
    return rank_at(model, pack_known(model, **parts))


@SHIFT.check(
    "certified", lambda cell, rng: cell.target, CHOICES, clauses="least", scope="targets without biases, in networks with and without"
)
@false("counted with the biases of the target", formula=announced_for_the_target)
@false("the kernels as they are given", formula=at_given_kernels)
def least_representative(cell, target, *, formula=announced, context):
    """Least certified rank over every choice of kernels that makes the function, their common neurons shared out at random."""
    d, s, kernels, outputs = target
    model = TwoLayerCNN(d, s, 2, bias=cell.bias, output_bias=cell.output_bias)
    given = ConvolutionalTarget(TwoLayerCNN(d, s, 2), np.array(kernels), np.array(outputs), np.zeros(2, int))
    point, theta = given.realize("shared")
    made = {neuron: a for neuron, a in merged_neurons(point, theta).items() if a}
    found = [model_rank(model, one) for one in representatives(model, made, context.rng(0))]
    least = Rank(min(one.lower for one in found), min(one.upper for one in found), True, "point", "the least of several")
    return rank_is(formula(model, point, theta), least, target=target)


#: (m_a, m_K) of two kernels.
KINDS = {
    "equal": (2, 1),
    "opposite": (2, 1),
    "proportional": (1, 1),
    "no output": (1, 2),
    "null": (1, 1),
    "no input": (1, 1),
    "no inputs": (0, 0),
}

MOVED = r"\text{no kernel is } \pm \text{ another moved inside the grid};\ K_l \ne 0 \text{ but where it is named}"

REPEATED = claim(
    "cnn.dup",
    "Model rank of the convolutional network at a point",
    r"R(\theta) = m_a |S| + m_K p",
    clauses={
        "value": r"R(\theta) = m_a |S| + m_K p",
        "no input": r"\text{one } K_l = 0 \text{ with output weights adds } |S|,\text{ several the rank of the linear functions } "
        r"\textstyle\sum_j a_{lj} x_{j t},\ t \le |S|",
    },
    symbols=["R", "m_a", "m_K", "s", "p", "K_l", "a_l", "x_j"],
    assumptions=[replace(NO_TRANSLATES, statement=MOVED)],
    source=STRATIFICATION.at("Proposition 3; 2406.18035v1, Proposition 3"),
    depends_on=["fnn.strata"],
    refuted_by="A pair of kernels with another certified rank.",
    notes="Linear functions of one kernel 0 are the coefficients of a product of polynomials, and independent. Of several they need not be:"
    " at most |D| are.",
)

POINTS = axes(shape=by_level(((4, 2), (5, 3)), ((4, 2), (5, 3), (5, 2), (6, 3), ((3, 3), (2, 2)))), kind=tuple(KINDS), standard=6, full=20)


def repeated_kernels(cell, rng):
    """Two kernels: equal, opposite, one without output, null, or one or both without input weights; outputs proportional or not."""
    model = TwoLayerCNN(*cell.shape, 2)
    K, outputs = generic_kernels(model, rng), signs(rng, (2, len(model.patches)))
    outputs[:, 0], outputs[0, 1:], outputs[1, 1:] = 1, 2, -3  # not proportional
    match cell.kind:
        case "equal":
            K[1] = K[0]
        case "opposite":
            K[1] = -K[0]
        case "proportional":
            K[1], outputs[1] = K[0], 3 * outputs[0]
        case "no output":
            outputs[1] = 0
        case "null":
            K[1], outputs[1] = 0, 0
        case "no input":
            K[1] = 0
        case "no inputs":
            K[:] = 0
    return model.pack(kernels=K, output_weights=outputs)


def linear_span(model, theta):
    """Dimension of the functions x -> sum_q a_q x at entry t of patch q, for every t, of both kernels."""
    rows = np.zeros((2, model.patches.shape[1], model.input_size), int)
    for l, outputs in enumerate(np.asarray(model.unpack(theta)["output_weights"])):
        for t in range(rows.shape[1]):
            np.add.at(rows[l, t], model.patches[:, t], outputs)
    return matrix_rank(rows.reshape(-1, model.input_size))


def counted_classes(cell, model, theta, kind=None):
    """m_a s + m_K p, and the linear functions of kernels 0."""
    positions, entries = model.patches.shape
    active, classes = KINDS[kind or cell.kind]
    linear = entries if cell.kind == "no input" else linear_span(model, theta) if cell.kind == "no inputs" else 0
    return active * entries + classes * positions + linear


def separate_kernels(cell, model, theta):
    return 2 * model.patches.shape[1] if cell.kind == "no inputs" else counted_classes(cell, model, theta)


@REPEATED.check("certified", repeated_kernels, POINTS, clauses=("value", "no input"), distribution="integer kernels")
@false("kernels counted for classes", formula=lambda cell, model, theta: 2 * sum(model.patches.shape))
@false("one active kernel a class", formula=lambda cell, model, theta: counted_classes(cell, model, theta, "proportional"))
@false(
    "no linear functions",
    formula=lambda cell, model, theta: counted_classes(cell, model, theta) - model.patches.shape[1] * cell.kind.startswith("no input"),
)
@false("|S| linear functions of each kernel", formula=separate_kernels)
def pairs(cell, theta, *, formula=counted_classes, moved=False, rank=model_rank, context):
    """The certified rank at pairs of kernels of every kind."""
    model = TwoLayerCNN(*cell.shape, 2)
    if moved:
        parts = model.unpack(theta)
        theta = model.pack(kernels=3 * np.eye(2, model.patches.shape[1], dtype=int), output_weights=parts["output_weights"])
    return rank_is(formula(cell, model, theta), rank(model, theta), theta=theta, keep=cell.shape == (4, 2) and cell.kind == "equal")


REPEATED.twin(pairs, "certified", name="pairs-by-series", changed={"rank": lambda model, theta: model_rank(model, theta, "exact")})
REPEATED.twin(pairs, "property", changed={"rank": in_floats}, tolerance=FLOATS)
REPEATED.without("no translates", pairs, moved=True)

POOLED = claim(
    "cnn.gap",
    "Pooling over positions",
    r"f = \sum_l a_l \sum_j \tanh(K_l \cdot x_j):\quad R = k (|S| + 1)",
    symbols=["R", "k", "s", "K_l", "a_l", "x_j"],
    kind="extension",
    assumptions=[Assumption("generic kernels", r"K_l \neq 0,\ \text{not} \pm \text{ translates},\ a_l \neq 0")],
    source=STRATIFICATION.at("Proposition 3 is the case of one output weight a position; pooled: ours"),
    depends_on=["cnn.shared"],
    refuted_by="Generic kernels at which the tangents are dependent.",
)

POOLS = axes(shape=((5, 3, 1, 1), (5, 3, 2, 1), (6, 2, 3, 1), (7, 3, 2, 2), ((3, 3), (2, 2), 2, 1)), standard=8, full=30)


def pooled_point(cell, rng):
    model = PooledCNN(*cell.shape)
    return model.pack(kernels=generic_kernels(model.convolution, rng), output_weights=signs(rng, model.kernels))


@POOLED.check("certified", pooled_point, POOLS, distribution="integer kernels without zeros")
@false("every position counted", formula=lambda model: model.kernels * sum(model.convolution.patches.shape))
@false("the output weight forgotten", formula=lambda model: model.kernels * model.convolution.patches.shape[1])
def full_rank(
    cell,
    theta,
    *,
    formula=lambda model: model.kernels * (model.convolution.patches.shape[1] + 1),
    at=lambda theta: theta,
    rank=model_rank,
    context,
):
    """Full rank, which no rank exceeds, at generic kernels."""
    model = PooledCNN(*cell.shape)
    return rank_is(formula(model), rank(model, at(theta)), theta=theta)


POOLED.twin(full_rank, "property", changed={"rank": in_floats}, tolerance=FLOATS)
POOLED.without("generic kernels", full_rank, at=lambda theta: 0 * theta)
