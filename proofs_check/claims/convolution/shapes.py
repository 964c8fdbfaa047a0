r"""Model ranks of a convolutional target in three architectures, with vanishing output weights, and their order."""

import numpy as np

from numerics.rank import model_rank
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.claims._ranks import FLOATS
from proofs_check.judging import equal, rank_is, worst
from theory.models import TwoLayerCNN
from theory.rank import cnn_function_rank, merged_neurons
from theory.rank.convolution import ARCHITECTURES, draw_target, generic_kernels, standing_alone
from theory.rank.kernel_covers import representatives

from . import NO_TRANSLATES, OPTIMISTIC, RECOVERY, STRATIFICATION, in_floats
from ._pictures import by_zeros

ACTIVE = Assumption("active", r"\text{every kernel and every position has } a^*_{lq} \neq 0")
NULL_KERNEL = (
    "The network may have more kernels than the target: null kernels cost nothing. An output bias adds 1. Stride, rectangular grids and"
    " biases: ours."
)


def network(cell, idle=0):
    """Of shape (inputs, kernel, kernels, stride), with ``idle`` kernels more."""
    d, s, k, stride = cell.shape
    return TwoLayerCNN(d, s, k + idle, stride, bias=cell.bias, output_bias=cell.output_bias)


def announced(cell, architecture, zeros=0):
    """2406.18035v1: every unused neuron saves all of its functions; an output bias adds one."""
    model = network(cell)
    positions, entries = model.patches.shape
    size = dict(architecture=architecture, bias=model.bias, zeros=zeros)
    return cnn_function_rank(model.input_size, entries, positions, model.kernels, **size) + model.output_bias


def rank_of_target(cell, drawn, context, architecture, rank, *, kernels=generic_kernels, zeros=0, idle=0, silent=0, prune=True):
    """The rank at the representative of least rank, with one null kernel to spare, of a target drawn from a seed.

    ``idle`` kernels without output are added to the k, ``silent`` ones are among them.
    """
    target = draw_target(network(cell, idle), context.rng(drawn), zeros=zeros, idle=idle + silent, kernels=kernels)
    return rank(*target.realize(architecture, prune=prune, spare=1))


LINES = ((3, 2, 1, 1), (4, 2, 2, 1), (5, 3, 1, 1), (7, 3, 2, 2), (4, 1, 1, 1))
GRIDS = (((3, 3), (2, 2), 1, 1), ((4, 3), (2, 2), 1, 1))
MORE = ((5, 3, 2, 1), (6, 2, 1, 2), (7, 2, 1, 3), (6, 4, 1, 1), ((4, 4), (2, 2), 1, 2), ((4, 3), (3, 2), 1, 1))
SHAPES = axes(shape=by_level((*LINES, *GRIDS), (*LINES, *GRIDS, *MORE)), bias=(False, True), output_bias=(False, True), standard=2, full=10)

#: 2211.11623v1, Table 8 and section 5: one kernel on 28 x 28 inputs (784 entries), and the target with d = 5.
PRINTED = {
    "shared": {784: 685, 5: 6},
    "unshared": {784: 6760, 5: 12},
    "fully-connected": {784: 530660, 5: 18},
}
SIZES = {784: (9, 676), 5: (3, 3)}


def least_rank_of_target(cell, drawn, context, architecture, rank, *, kernels, zeros, idle):
    """The least rank over all choices of kernels that make the target: translates are not needed as they are given."""
    target = draw_target(network(cell, idle), context.rng(drawn), zeros=zeros, idle=idle, kernels=kernels)
    made = {neuron: a for neuron, a in merged_neurons(*target.realize("shared")).items() if a}
    if architecture != "shared":
        return rank(*standing_alone(target.model, made, architecture))
    points = representatives(target.model, made, context.rng((drawn, "representatives")))
    return min((rank(target.model, one) for one in points), key=lambda found: found.lower)


def translates(model, rng):
    """(c, 0, ..), (0, c, ..): neighbouring positions share a neuron."""
    return 3 * np.eye(model.kernels, model.patches.shape[1], dtype=int)


def architecture_checks(declared, architecture, other, first, second):
    """The checks of one architecture; the controls are the formulas of ``other`` and two of its own, each (name, formula)."""
    free = lambda cell: announced(cell, architecture) - (cell.output_bias and not cell.bias)

    @declared.check("certified", a_seed, SHAPES, name="ranks", distribution="integer kernels without zeros", scope=f"tanh, {architecture}")
    @false(f"as {other}", formula=lambda cell: announced(cell, other))
    @false(first[0], formula=first[1])
    @false(second[0], formula=second[1])
    @false("an output bias free without hidden ones", formula=free)
    def ranks(
        cell, drawn, *, formula=lambda cell: announced(cell, architecture), kernels=generic_kernels, silent=0, rank=model_rank, context
    ):
        """The certified rank of a target with all output weights at its representative of least rank."""
        found = rank_of_target(cell, drawn, context, architecture, rank, kernels=kernels, silent=silent)
        return rank_is(formula(cell), found, keep=cell.shape == (3, 2, 1, 1))

    @declared.check("exact", lambda cell, rng: SIZES[cell.inputs], axes(inputs=(784, 5)), name="printed-numbers")
    @false("one more for the large one", printed={**PRINTED[architecture], 784: PRINTED[architecture][784] + 1})
    def printed_numbers(cell, sizes, *, printed=PRINTED[architecture], context):
        """The numbers for 28 x 28 inputs with 3 x 3 kernels, and the published target at d = 5, s = 3."""
        return equal(rank=(printed[cell.inputs], cnn_function_rank(cell.inputs, *sizes, 1, architecture=architecture)))

    declared.twin(ranks, "property", changed={"rank": in_floats}, tolerance=FLOATS)
    declared.without("no translates", ranks, kernels=translates)
    declared.without("active", ranks, silent=1)


def per_kernel(cell, count):
    """k times ``count(entries, positions)``, and the output bias."""
    positions, entries = network(cell).patches.shape
    return cell.shape[2] * count(entries, positions) + cell.output_bias


SHARED = claim(
    "cnn.shared",
    "Model rank in the convolutional network",
    r"R_{\mathrm{CNN}}(f^*) = k (|S| + p)\ [+\, k \text{ with bias}];\text{ one dimension, stride 1: } k (d + 1)",
    symbols=["R", "CNN,NS,FNN", "f^*", "k", "s", "p", "d", "K_l", "a_l"],
    assumptions=[ACTIVE, NO_TRANSLATES],
    source=STRATIFICATION.at("Propositions 3 and 4, Tables 4, 7 and 8; 2307.08921v1, equations 14 and 27; 2406.18035v1, Theorem 6"),
    depends_on=["fnn.strata", "fnn.strata-bias"],
    refuted_by="A target of k kernels whose certified rank at the best representative differs.",
    notes=NULL_KERNEL,
)
architecture_checks(
    SHARED,
    "shared",
    "unshared",
    ("one output weight a kernel", lambda cell: per_kernel(cell, lambda entries, positions: entries + cell.bias + 1)),
    ("k s + p", lambda cell: per_kernel(cell, lambda entries, positions: entries + cell.bias) + len(network(cell).patches)),
)

UNSHARED = claim(
    "cnn.noshare",
    "Model rank in the network without weight sharing",
    r"R_{\mathrm{NS}}(f^*) = k p (|S| + 1)\ [k p (|S| + 2) \text{ with bias}]",
    symbols=["R", "CNN,NS,FNN", "f^*", "k", "s", "p", "K_l", "a_l"],
    assumptions=[ACTIVE, NO_TRANSLATES],
    source=STRATIFICATION.at("Tables 4, 7 and 8; 2307.08921v1, equations 30 and 31; 2406.18035v1, Theorem 7"),
    depends_on=["fnn.strata", "fnn.strata-bias"],
    refuted_by="A target of k kernels whose certified rank at the best representative differs.",
    notes=NULL_KERNEL,
)
architecture_checks(
    UNSHARED,
    "unshared",
    "shared",
    ("hidden biases forgotten", lambda cell: per_kernel(cell, lambda entries, positions: positions * (entries + 1))),
    ("the output weights forgotten", lambda cell: per_kernel(cell, lambda entries, positions: positions * (entries + cell.bias))),
)

CONNECTED = claim(
    "cnn.fnn",
    "Model rank of a convolutional target in the fully connected network",
    r"R_{\mathrm{FNN}}(f^*) = k p (|D| + 1)\ [k p (|D| + 2) \text{ with bias}]",
    symbols=["R", "CNN,NS,FNN", "f^*", "k", "d", "p", "K_l", "a_l"],
    assumptions=[ACTIVE, NO_TRANSLATES],
    source=STRATIFICATION.at("Tables 4, 7 and 8; 2307.08921v1, equation 23; 2406.18035v1, Theorem 7"),
    depends_on=["fnn.strata", "fnn.strata-bias"],
    refuted_by="A target of k kernels whose certified rank at the best representative differs.",
    notes=NULL_KERNEL,
)
architecture_checks(
    CONNECTED,
    "fully-connected",
    "unshared",
    ("hidden biases forgotten", lambda cell: per_kernel(cell, lambda entries, positions: positions * (network(cell).input_size + 1))),
    (
        "the output weights forgotten",
        lambda cell: per_kernel(cell, lambda entries, positions: positions * (network(cell).input_size + cell.bias)),
    ),
)

NULL = claim(
    "cnn.mnull",
    "Vanishing output weights: the corrected ranks",
    r"R \text{ of a target with } m_{\mathrm{null}} \text{ vanishing output weights}",
    clauses={
        "NS": r"R_{\mathrm{NS}}(f^*) = (|S| + 1)(k p - m_{\mathrm{null}})",
        "FNN": r"R_{\mathrm{FNN}}(f^*) = (|D| + 1)(k p - m_{\mathrm{null}})",
        "CNN": r"R_{\mathrm{CNN}}(f^*) = k (|S| + p)",
        "idle": r"\text{kernels without any output weight do not count: all is as without them}",
    },
    symbols=["R", "CNN,NS,FNN", "f^*", "k", "s", "d", "p", "m_null", "K_l", "a_l"],
    assumptions=[
        Assumption("least representative", r"\text{unused neurons have no input weights: } R(f^*) \text{ is a minimum over } \Theta^*"),
        NO_TRANSLATES,
    ],
    source=RECOVERY.at("Theorem 7, Table 3; 2211.11623v1, Tables 4 and 8 print the rank at another point; idle kernels: ours"),
    depends_on=["cnn.noshare", "cnn.fnn", "cnn.shared"],
    refuted_by="A target with vanishing output weights of another certified rank at the pruned representative.",
    notes="The older tables print k (s + 1) p - s m_null and k (d + 1) p - d m_null: the rank where unused neurons keep their kernel."
    " With hidden biases |S| and |D| are one larger. Of two kernels (d = 4, s = 2) one is idle: CNN 5, not 10.",
)


def maskable(shape, zeros):
    """every kernel keeps an output weight"""
    d, s, k, stride = shape
    return zeros <= k * (len(TwoLayerCNN(d, s, 1, stride).patches) - 1)


#: With gaps between the positions, and in two dimensions.
FURTHER = ((5, 2, 1, 2), ((3, 3), (2, 2), 1, 1))
MASKS = axes(
    shape=by_level(
        ((5, 3, 1, 1), (3, 2, 2, 1)),
        ((5, 3, 1, 1), (3, 2, 2, 1), (5, 3, 2, 1), (4, 2, 1, 1), (4, 2, 2, 1), (6, 4, 1, 1), (6, 2, 1, 1), *FURTHER),
    ),
    zeros=by_level((0, 1, 2), (0, 1, 2, 3)),
    idle=(0, 1),
    bias=(False, True),
    output_bias=(False, True),
    where=maskable,
    standard=2,
    full=8,
)


def older_tables(cell, architecture):
    """2211.11623v1, Tables 4 and 8."""
    model = network(cell)
    positions, entries = model.patches.shape
    size = (entries if architecture == "unshared" else model.input_size) + model.bias
    return model.kernels * positions * (size + 1) - size * cell.zeros + model.output_bias


def with_the_idle_kernel(cell, architecture):
    """k counted with the kernel that has no output: 12 for 6 at d = 5, s = 3, the second kernel idle."""
    counted = {**cell, "shape": (*cell.shape[:2], cell.shape[2] + cell.idle, cell.shape[3])}
    return announced(type(cell)(counted), architecture, cell.zeros)


def announced_masked(cell, architecture):
    return announced(cell, architecture, cell.zeros)


@NULL.check("certified", a_seed, MASKS, clauses=("NS", "FNN", "idle"), distribution="integer kernels without zeros, masks drawn")
@false("the formula of the older tables", formula=older_tables)
@false("idle kernels counted", formula=with_the_idle_kernel)
@false("unused neurons keep their kernel", prune=False)
def pruned(cell, drawn, *, formula=announced_masked, prune=True, kernels=generic_kernels, rank=model_rank, context):
    """NS and FNN: the certified ranks where unused neurons have no weights."""
    options = dict(kernels=kernels, zeros=cell.zeros, idle=cell.idle, prune=prune)
    found = {one: rank_of_target(cell, drawn, context, one, rank, **options) for one in ARCHITECTURES[1:]}
    return _together(cell, found, formula)


def _together(cell, found, formula):
    return worst(rank_is(formula(cell, architecture), one, architecture=architecture) for architecture, one in found.items())


NULL.twin(pruned, "property", changed={"rank": in_floats}, tolerance=FLOATS)
NULL.without("least representative", pruned, prune=False)
NULL.without("no translates", pruned, kernels=translates)


@NULL.check("certified", a_seed, MASKS, clauses=("CNN", "idle"), distribution="integer kernels without zeros, masks drawn")
@false("a dimension less for every vanishing weight", formula=lambda cell, architecture: announced(cell, architecture) - cell.zeros)
@false("idle kernels counted", formula=with_the_idle_kernel)
def shared(cell, drawn, *, formula=announced_masked, context):
    """The shared network: vanishing weights save nothing, a kernel without any all of its own."""
    found = rank_of_target(cell, drawn, context, "shared", model_rank, zeros=cell.zeros, idle=cell.idle)
    return _together(cell, {"shared": found}, formula)


ORDER = claim(
    "cnn.order",
    "Which architecture needs fewer samples",
    r"\text{NS and CNN never more than FNN; CNN against NS either way}",
    clauses={
        "NS, FNN": r"R_{\mathrm{NS}} \le R_{\mathrm{FNN}}",
        "CNN, FNN": r"R_{\mathrm{CNN}} \le R_{\mathrm{FNN}}",
        "CNN, NS": r"R_{\mathrm{CNN}} \le R_{\mathrm{NS}} \iff k (|S| + p) \le (|S| + 1)(k p - m_{\mathrm{null}})",
    },
    symbols=["R", "CNN,NS,FNN", "k", "s", "p", "m_null", "K_l", "a_l"],
    kind="extension",
    assumptions=[NO_TRANSLATES],
    source=OPTIMISTIC.at("section 5.3 in words (costly expressiveness in connection); exact statements: ours"),
    depends_on=["cnn.mnull"],
    refuted_by="A mask of the output weights for which the relation between certified ranks differs.",
    notes="Weight sharing can cost samples: with one active neuron CNN needs d + 1, NS s + 1. k counts kernels with an output weight;"
    " with hidden biases |S| is one larger. Without the assumption one kernel can make what two are given for: tanh(x_0) + tanh(x_1)"
    " with d = 2, s = 1 from two equal kernels, one position each (m_null = 2): CNN 3, NS 4, but 6 > 4 by the formula; the smallest d.",
)


def predicted_order(cell):
    """(NS <= FNN, CNN <= FNN, CNN <= NS)."""
    (p, s), k = network(cell).patches.shape, cell.shape[2]
    return True, True, k * (s + cell.bias + p) <= (s + cell.bias + 1) * (k * p - cell.zeros)


def order_with_idle(cell):
    (p, s), k = network(cell).patches.shape, cell.shape[2]
    return True, True, (k + cell.idle) * (s + cell.bias + p) <= (s + cell.bias + 1) * (k * p - cell.zeros)


@ORDER.check(
    "certified", a_seed, MASKS, clauses=("NS, FNN", "CNN, FNN", "CNN, NS"), distribution="integer kernels without zeros, masks drawn"
)
@false("sharing never costs samples", order=lambda cell: (True, True, True))
@false("sharing always costs samples", order=lambda cell: (True, True, False))
@false("FNN is no worse than CNN", order=lambda cell: (True, cell.zeros == 0, predicted_order(cell)[2]))
@false("idle kernels counted", order=order_with_idle)
def masks(cell, drawn, *, order=predicted_order, kernels=generic_kernels, rank=model_rank, rank_of=rank_of_target, context):
    """Certified least ranks of one target with masked output weights in the three architectures, and how they stand."""
    found = [rank_of(cell, drawn, context, one, rank, kernels=kernels, zeros=cell.zeros, idle=cell.idle) for one in ARCHITECTURES]
    CNN, NS, FNN = values = [one.rank if one.rank is not None else one.estimate for one in found]
    observed = None if None in values else (NS <= FNN, CNN <= FNN, CNN <= NS)
    scale = 1.0 if "float" in [one.method for one in found] else 1
    outcome = equal(order=([scale * one for one in order(cell)], observed and [scale * one for one in observed]), shown={"ranks": values})
    return worst([outcome], figures=[by_zeros()] if rank is model_rank and cell.zeros == 0 else ())


ORDER.twin(masks, "property", changed={"rank": in_floats}, tolerance=FLOATS)
ORDER.without("no translates", masks, kernels=translates, rank_of=least_rank_of_target)
