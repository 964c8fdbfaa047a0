r"""Convolutional networks at kernels of special kinds: translates of one another, repeated, null, and pooled over positions."""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims._papers import LOCAL_RECOVERY, RANK_STRATIFICATION
from proofs_check.claims._rank_checks import check_formula, check_series, compared_least, float_twin
from theory.draws import pack_known, signs
from theory.models import TwoLayer, TwoLayerCNN
from theory.models.pooling import PooledCNN
from theory.rank import Target, matrix_rank, merged_neurons, rank_at, rank_bounds
from theory.rank.convolution import ARCHITECTURES, ConvolutionalTarget, generic_kernels, two_kernels
from theory.rank.kernel_covers import representatives

# -------------------------------------------------------------------------------------------------------- cnn.shift


def check_shift(instance, *, formula, context) -> Outcome:
    """Certified ranks (shared at the point, NS and FNN at their least representative) of kernels that are translates."""
    from numerics.rank import model_rank

    d, s, first, second = instance
    target = two_kernels(d, s, first, second)
    merged = merged_neurons(*target.realize("fully-connected"))
    neurons = [(np.array(list(map(int, w))), int(a)) for (*w, _), a in merged.items() if a]
    points = target.realize("shared"), unshared(target.model, neurons), connected(d, neurons)
    ranks = [model_rank(network, theta).rank for network, theta in points]
    if None in ranks:
        return Outcome.inconclusive(f"an open rank among {ranks}", cases=1)
    expected = tuple(formula(d, s, len(neurons)))
    return Outcome.equal(expected, tuple(ranks), d=d, s=s, kernels=target.kernels, architectures=ARCHITECTURES)


def unshared(model, neurons):
    """NS with every distinct neuron at one position that holds its support."""
    positions, entries = model.patches.shape
    K, a = np.zeros((len(neurons), positions, entries), int), np.zeros((len(neurons), positions), int)
    for l, (w, output) in enumerate(neurons):
        q = next(q for q, patch in enumerate(model.patches) if set(np.flatnonzero(w)) <= set(patch))
        K[l, q], a[l, q] = w[model.patches[q]], output
    network = TwoLayerCNN(model.inputs, model.kernel, len(neurons), sharing=False)
    return network, network.pack(kernels=K, output_weights=a)


def connected(d, neurons):
    """FNN of the distinct neurons."""
    network = TwoLayer(d, len(neurons))
    return network, network.pack(input_weights=np.array([w for w, _ in neurons]), output_weights=np.array([[a for _, a in neurons]]))


def printed_translates(d: int, s: int, neurons: int):
    p = d + 1 - s
    return 2 * (s + p), 2 * p * (s + 1), 2 * p * (d + 1)


def counted_neurons(d: int, s: int, neurons: int):
    """Ours: distinct neurons, and for the shared net every kernel's own s slopes."""
    return neurons + 2 * s, neurons * (s + 1), neurons * (d + 1)


SHIFTED = [
    (3, 2, (2, 0), (0, 2)),
    (4, 2, (2, 0), (0, -2)),
    (5, 2, (3, 0), (0, 3)),
    (5, 3, (1, 2, 0), (0, 1, 2)),
    (6, 3, (1, 2, 0), (0, 1, 2)),
]
UNSHIFTED = [(4, 2, (2, 0), (0, 3)), (5, 3, (1, 2, 3), (3, 1, 2)), (5, 2, (1, 4), (2, 1))]


def check_least(instance, *, formula, context) -> Outcome:
    """Least certified rank over every choice of kernels that makes the function, their common neurons shared out at random."""
    from numerics.rank import model_rank

    target, model = instance
    network, theta = target.realize("shared")
    outputs = {neuron: a for neuron, a in merged_neurons(network, theta).items() if a}
    found = [model_rank(model, point) for point in representatives(model, outputs, context.rng(0))]
    return compared_least(formula(model, network, theta), found, model=str(model), kernels=target.kernels, outputs=target.outputs)


def announced(model, network, theta) -> int:
    return rank_bounds(model, Target(network, theta))[1]


def announced_for_the_target(model, network, theta) -> int:
    """In the network of the target, which has no biases."""
    return announced(network, network, theta)


def at_given_kernels(model, network, theta) -> int:
    """With the kernels and output weights that the target came with."""
    parts = dict(network.unpack(np.asarray(theta)), biases=np.zeros(model.kernels, int), output_bias=[0])
    return rank_at(model, pack_known(model, **parts))


def translates_beside_biases(context):
    """Two translates without biases, in networks with and without them; for the last target one kernel between them suffices."""
    shapes = [
        (3, 2, [(2, 0), (0, 2)], [[1, 2], [3, 4]]),
        (4, 2, [(1, 0), (0, 1)], [[1, 1, 1], [1, 1, 1]]),
        (5, 3, [(1, 2, 0), (0, 1, 2)], [[1, 2, 3], [4, 5, 6]]),
        (4, 3, [(1, 0, 0), (0, 0, 1)], [[0, 1], [1, 0]]),
    ]
    for (d, s, kernels, outputs), bias, out in product(shapes, (False, True), (False, True)):
        target = ConvolutionalTarget(TwoLayerCNN(d, s, 2), np.array(kernels), np.array(outputs), np.zeros(2, int))
        yield target, TwoLayerCNN(d, s, 2, bias=bias, output_bias=out)


# ---------------------------------------------------------------------------------------------------------- cnn.dup


def repeated_kernels(model, facts, rng):
    """Two kernels: equal, opposite, one without output, null, or without input weights; output weights proportional or not."""
    kind = facts["kind"]
    K, outputs = generic_kernels(model, rng), signs(rng, (2, len(model.patches)))
    outputs[:, 0], outputs[0, 1:], outputs[1, 1:] = 1, 2, -3  # not proportional
    match kind:
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
    return model.pack(kernels=K, output_weights=outputs)


def repeated_rank(model, theta, facts) -> int:
    """m_a s + m_K p, m_K classes of kernels, m_a the dimension of their output vectors; a kernel 0 with output adds s slopes."""
    positions, entries = model.patches.shape
    own = {"equal": (2, 1), "opposite": (2, 1), "proportional": (1, 1), "no output": (1, 2), "null": (1, 1), "no input": (1, 1)}
    active, classes = own[facts["kind"]]
    return active * entries + classes * positions + (linear_span(model, theta) if facts["kind"] == "no input" else 0)


def linear_span(model, theta) -> int:
    """Linear functions that a kernel without weights adds: x -> sum_q a_q x at entry t of patch q, for every t."""
    outputs = np.asarray(model.unpack(theta)["output_weights"])[1]
    rows = np.zeros((model.patches.shape[1], model.input_size), int)
    for t in range(len(rows)):
        np.add.at(rows[t], model.patches[:, t], outputs)
    return matrix_rank(rows)


def kernels_for_classes(model, theta, facts) -> int:
    return 2 * sum(model.patches.shape)


def repeated_instances(context):
    shapes = [(4, 2), (5, 3), (5, 2), (6, 3)]
    kinds = ("equal", "opposite", "proportional", "no output", "null", "no input")
    draws = context.by_level(quick=1, standard=30, full=60)
    return [(TwoLayerCNN(d, s, 2), {"kind": kind}, r) for (d, s), kind, r in product(shapes, kinds, range(draws))]


# ---------------------------------------------------------------------------------------------------------- cnn.gap


def pooled_point(model, facts, rng):
    return model.pack(kernels=generic_kernels(model.convolution, rng), output_weights=signs(rng, model.kernels))


def pooled_instances(context):
    shapes = [(5, 3, 1, 1), (5, 3, 2, 1), (6, 2, 3, 1), (7, 3, 2, 2), ((3, 3), (2, 2), 2, 1)]
    draws = context.by_level(quick=1, standard=20, full=60)
    return [(PooledCNN(d, s, k, stride), {}, r) for (d, s, k, stride), r in product(shapes, range(draws))]


def pooled_rank(model, theta, facts) -> int:
    return model.kernels * (model.convolution.patches.shape[1] + 1)


def unpooled_rank(model, theta, facts) -> int:
    positions, entries = model.convolution.patches.shape
    return model.kernels * (entries + positions)


GAP_CONTROLS = [Control("every position counted", formula=unpooled_rank)]

CLAIMS = [
    Claim(
        id="cnn.shift",
        title="Kernels that are translates of one another break the printed ranks",
        kind="counterexample",
        relation="existence",
        statement=r"K_1 \neq \pm K_2 \text{ does not suffice: if } K_2 \text{ is } \pm \text{ a translate of } K_1 \text{ "
        r"and } q \text{ neurons are distinct,}"
        r"\ (R_{\mathrm{CNN}}, R_{\mathrm{NS}}, R_{\mathrm{FNN}}) \le (q + 2 s,\ q (s + 1),\ q (d + 1))",
        source=Source(LOCAL_RECOVERY, "Theorems 6 and 7 and 2211.11623v1, Proposition 3 as printed; the missing condition: ours"),
        refuted_by="Printed and certified ranks that agree on every pair of translates.",
        notes="Kernel (c, 0) beside (0, c): neighbouring positions share neurons. 2307.08921v1, appendix A.5 does ask for "
        "distinct neurons.",
        checks=[
            Check(
                "translates",
                evidence="certified",
                covers="statement",
                scope="five pairs of translated kernels, d = 3 .. 6, s = 2, 3",
                run=check_shift,
                instances=lambda context: SHIFTED,
                distribution="output weights 1, 2, 3, ...",
                parameters={"formula": counted_neurons},
                controls=[Control("the printed ranks", formula=printed_translates)],
            ),
            Check(
                "no-translates",
                evidence="certified",
                covers="instances",
                scope="three pairs with zeros or permuted entries that are no translates: there the printed ranks hold",
                run=check_shift,
                instances=lambda context: UNSHIFTED,
                distribution="output weights 1, 2, 3, ...",
                parameters={"formula": printed_translates},
                controls=[Control("one neuron less", formula=lambda d, s, neurons: counted_neurons(d, s, neurons - 1))],
            ),
            Check(
                "least-representative",
                evidence="certified",
                covers="instances",
                scope="shared networks with every combination of biases, targets without: the least rank over the choices of kernels",
                run=check_least,
                instances=translates_beside_biases,
                distribution="neurons that several kernels make are shared out at random",
                parameters={"formula": announced},
                controls=[
                    Control("counted with the biases of the target", formula=announced_for_the_target),
                    Control("the kernels as they are given", formula=at_given_kernels),
                ],
            ),
        ],
    ),
    Claim(
        id="cnn.dup",
        title="Model rank of the convolutional network at a point",
        statement=r"R(\theta) = m_a |S| + m_K p,\quad m_K = \#\{\pm K_l\},\quad m_a = \sum_{\text{classes}} \dim "
        r"\operatorname{span}\{a_l\}",
        assumptions=[
            Assumption("no translates", r"\text{no kernel is } \pm \text{ a translate of another; } K_l = 0 \text{ only with } a_l = 0")
        ],
        source=Source(RANK_STRATIFICATION, "Proposition 3; 2406.18035v1, Proposition 3"),
        depends_on=["fnn.strata"],
        refuted_by="A pair of kernels with another certified rank.",
        notes="A kernel 0 with output weights adds linear functions: at most |S|.",
        checks=[
            Check(
                "pairs",
                evidence="certified",
                covers="instances",
                scope="d = 4 .. 6, s = 2, 3; kernels equal, opposite, proportional outputs, idle, null, without input weights",
                run=check_formula,
                instances=repeated_instances,
                distribution="integer kernels; 1 (quick), 30, 60 draws",
                parameters={"formula": repeated_rank, "point": repeated_kernels},
                controls=[
                    Control("kernels counted for classes", formula=kernels_for_classes),
                    Control(
                        "one active kernel a class",
                        formula=lambda model, theta, facts: repeated_rank(model, theta, {"kind": "proportional"}),
                    ),
                ],
            ),
            Check(
                "pairs-by-series",
                evidence="exact",
                covers="instances",
                scope="the same points",
                run=check_series,
                instances=repeated_instances,
                distribution="integer kernels",
                parameters={"formula": repeated_rank, "point": repeated_kernels},
                controls=[Control("kernels counted for classes", formula=kernels_for_classes)],
            ),
        ],
    ),
    Claim(
        id="cnn.gap",
        title="Pooling over positions",
        kind="extension",
        statement=r"f = \sum_l a_l \sum_q \tanh(K_l \cdot x_q):\quad R = k (|S| + 1)",
        assumptions=[Assumption("generic kernels", r"K_l \neq 0,\ \text{not} \pm \text{ translates},\ a_l \neq 0")],
        source=Source(RANK_STRATIFICATION, "Proposition 3 is the case of one output weight a position; pooled: ours"),
        depends_on=["cnn.shared"],
        refuted_by="Generic kernels at which the tangents are dependent.",
        checks=[
            full_rank := Check(
                "full-rank",
                evidence="certified",
                covers="instances",
                scope="five shapes in one and two dimensions, k = 1 .. 3",
                run=check_formula,
                instances=pooled_instances,
                distribution="integer kernels; 1 (quick), 20, 60 draws",
                parameters={"formula": pooled_rank, "point": pooled_point},
                controls=GAP_CONTROLS,
            ),
            float_twin(full_rank, scope="the same shapes", distribution="integer kernels"),
        ],
    ),
]
