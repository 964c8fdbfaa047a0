r"""Two-layer tanh networks with convolution: what sharing weights and local connections save, and where the printed formulas fail.

f(x) = sum over kernels l and positions q of a_lq tanh(K_l . patch_q(x) [+ b_l]). The same function lives in the network without
sharing (NS) and in the fully connected one (FNN). Names as in the papers: d inputs, kernels of size s, k of them, p positions.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._rank_checks import (
    FLOAT_RULE,
    check_formula,
    check_formula_in_floats,
    check_series,
    compared,
    signs,
)
from theory.models import TwoLayer, TwoLayerCNN
from theory.pooling import PooledCNN
from theory.rank import cnn_function_rank

RANK_STRATIFICATION = "arXiv:2211.11623v1"
LOCAL_RECOVERY = "arXiv:2406.18035v1"
OPTIMISTIC_ESTIMATE = "arXiv:2307.08921v1"
ARCHITECTURES = ("shared", "unshared", "fully-connected")


# ------------------------------------------------------------------------------------------------- one target, three nets


def generic_kernels(model: TwoLayerCNN, rng) -> np.ndarray:
    """Integer kernels (kernels, entries) without zeros, so that none is a translate of another; distinct up to sign."""
    kernels = signs(rng, (model.kernels, model.patches.shape[1]))
    kernels[:, 0] = 5 + np.arange(model.kernels)
    return kernels


def dense(model: TwoLayerCNN, kernels, outputs, biases=None):
    """The neurons of all (kernel, position) with a non-zero output weight: rows (w, b, a) on all inputs."""
    rows = []
    for l, q in product(range(model.kernels), range(len(model.patches))):
        if outputs[l, q]:
            w = np.zeros(model.input_size, int)
            w[model.patches[q]] = kernels[l]
            rows.append((w, 0 if biases is None else biases[l], outputs[l, q], l, q))
    return rows


def realization(model: TwoLayerCNN, architecture: str, kernels, outputs, biases, *, spare: int = 0):
    """The target as (network, theta) of least rank in an ``architecture``; ``spare`` null kernels or neurons."""
    shared = dict(bias=model.bias, output_bias=model.output_bias)
    last = {"output_bias": [1]} if model.output_bias else {}
    if architecture == "fully-connected":
        rows = dense(model, kernels, outputs, biases)
        network = TwoLayer(model.input_size, len(rows) + spare, **shared)
        pad = lambda values: np.concatenate([values, np.zeros((spare, *np.shape(values)[1:]), int)])
        parts = {"input_weights": pad([w for w, *_ in rows]), "output_weights": pad([a for _, _, a, *_ in rows])[None]}
        return network, network.pack(**parts, **({"input_biases": pad([b for _, b, *_ in rows])} if model.bias else {}), **last)
    network = TwoLayerCNN(model.inputs, model.kernel, model.kernels + spare, model.stride, sharing=architecture == "shared", **shared)
    a = np.vstack([outputs, np.zeros((spare, len(model.patches)), int)])
    K, b = np.vstack([kernels, np.zeros((spare, kernels.shape[1]), int)]), np.append(biases, np.zeros(spare, int))
    if architecture == "unshared":  # a neuron that is not used costs nothing only without weights
        K, b = K[:, None] * (a != 0)[..., None], b[:, None] * (a != 0)
    return network, network.pack(kernels=K, output_weights=a, **({"biases": b} if model.bias else {}), **last)


def translated_kernels(model: TwoLayerCNN, rng) -> np.ndarray:
    """(c, 0) and (0, c): neighbouring positions share a neuron."""
    return np.array([[3, 0], [0, 3]])


def translatable(context):
    return [(TwoLayerCNN(d, 2, 2), 0, 0) for d in (3, 4)]


def target(model: TwoLayerCNN, rng, zeros: int = 0, kernels=generic_kernels):
    """Kernels, output weights with ``zeros`` of them 0 (no kernel idle altogether), and biases."""
    outputs = signs(rng, (model.kernels, len(model.patches)))
    free = [(l, q) for l in range(model.kernels) for q in range(1, len(model.patches))]
    for place in rng.permutation(len(free))[:zeros]:
        outputs[free[place]] = 0
    return kernels(model, rng), outputs, rng.integers(1, 5, model.kernels)


def least(architecture: str):
    """point of (model, facts, rng): the representative of least rank; the instance's model says what the target is."""

    def check(instance, *, formula, spare, kernels, context) -> Outcome:
        from numerics.rank import model_rank

        model, zeros, replicate = instance
        network, theta = realization(model, architecture, *target(model, context.rng(replicate), zeros, kernels), spare=spare)
        found = model_rank(network, theta)
        return compared(formula(model, zeros), found, network, theta, {"zeros": zeros}, certify=replicate == 0 and zeros == 0)

    check.__qualname__ = check.__name__ = f"check_{architecture.replace('-', '_')}"
    return check


def in_floats(architecture: str):
    def check(instance, *, formula, spare, context) -> Outcome:
        from numerics.rank import model_rank

        model, zeros, replicate = instance
        network, theta = realization(model, architecture, *target(model, context.rng(replicate), zeros), spare=spare)
        found = model_rank(network, theta.astype(float) / 8, "float")
        found = found if found.rank is not None else model_rank(network, theta / 8)
        return compared(formula(model, zeros), found, network, theta / 8, {"zeros": zeros})

    return check


def published(architecture: str):
    def formula(model: TwoLayerCNN, zeros: int) -> int:
        positions, entries = model.patches.shape
        size = dict(architecture=architecture, bias=model.bias, zeros=zeros)
        return cnn_function_rank(model.input_size, entries, positions, model.kernels, **size) + model.output_bias

    return formula


def one_dimensional(d, s, k, stride=1, **biases):
    return TwoLayerCNN(d, s, k, stride, **biases)


def convolutions(largest):
    """Configurations 1-D and 2-D, strides 1 to 3, with every combination of biases; FNN sizes bounded by ``largest`` parameters."""

    def instances(context):
        lines = [
            (3, 2, 1, 1),
            (4, 2, 2, 1),
            (5, 3, 1, 1),
            (5, 3, 2, 1),
            (6, 2, 1, 2),
            (7, 3, 2, 2),
            (7, 2, 1, 3),
            (4, 1, 1, 1),
            (6, 4, 1, 1),
        ]
        grids = [((3, 3), (2, 2), 1, 1), ((4, 3), (2, 2), 1, 1), ((4, 4), (2, 2), 1, 2), ((4, 3), (3, 2), 1, 1)]
        draws = context.by_level(quick=1, standard=12, full=40)
        for (d, s, k, stride), bias, out, replicate in product(lines + grids, (False, True), (False, True), range(draws)):
            if out and not (bias or replicate):
                continue  # an output bias adds 1 in both cases: at quick it is met together with hidden biases
            model = TwoLayerCNN(d, s, k, stride, bias=bias, output_bias=out)
            if k * len(model.patches) * (model.input_size + 1) <= context.by_level(quick=largest, standard=2 * largest, full=4 * largest):
                yield model, 0, replicate

    return instances


def drawn_convolutions(context):
    from hypothesis import strategies as st

    @st.composite
    def convolution(draw):
        d = draw(st.integers(3, 6))
        s, k, stride = draw(st.integers(1, min(3, d))), draw(st.integers(1, 2)), draw(st.integers(1, 2))
        return TwoLayerCNN(d, s, k, stride, bias=draw(st.booleans())), 0, draw(st.integers(0, 2**20))

    return convolution()


def printed_line(architecture):
    """The one-dimensional stride-one formulas as printed, against the general ones."""
    return {
        "shared": lambda d, s, k: k * (d + 1),
        "unshared": lambda d, s, k: k * (s + 1) * (d + 1 - s),
        "fully-connected": lambda d, s, k: k * (d + 1) * (d + 1 - s),
    }[architecture]


def check_printed_numbers(instance, *, expected, context) -> Outcome:
    """The numbers for 28 x 28 inputs and 3 x 3 kernels, and the published target at d = 5, s = 3."""
    inputs, kernel, positions, architecture = instance
    observed = cnn_function_rank(inputs, kernel, positions, 1, architecture=architecture)
    return Outcome.equal(expected[inputs, architecture], observed, inputs=inputs, kernel=kernel, architecture=architecture)


#: 2211.11623v1, Table 8 and section 5: model ranks of one kernel on 28 x 28 inputs (784 entries) and of the target with d = 5.
PRINTED_NUMBERS = {
    (784, "shared"): 685,
    (784, "unshared"): 6760,
    (784, "fully-connected"): 530660,
    (5, "shared"): 6,
    (5, "unshared"): 12,
    (5, "fully-connected"): 18,
}


def printed_numbers(architecture):
    return lambda context: [(784, 9, 676, architecture), (5, 3, 3, architecture)]


def architecture_claim(name, architecture, title, statement, where, largest, controls):
    formula = published(architecture)
    fall = {**PRINTED_NUMBERS, (784, architecture): PRINTED_NUMBERS[784, architecture] + 1}
    return Claim(
        id=f"cnn.{name}",
        family="networks",
        title=title,
        statement=statement,
        assumptions=[
            Assumption("active", r"\text{every kernel and every position has } a^*_{lq} \neq 0"),
            Assumption("no translates", r"K_l \neq 0, \text{ no kernel is } \pm \text{ a translate of another inside the grid}"),
        ],
        source=Source(RANK_STRATIFICATION, where),
        depends_on=["fnn.strata", "fnn.strata-bias"],
        refuted_by="A target of k kernels whose least certified rank in this architecture differs.",
        notes="Stride, rectangular grids and biases: ours. The network may have more kernels than the target: null kernels cost nothing.",
        checks=[
            Check(
                "ranks",
                evidence="certified",
                covers="instances",
                scope="13 shapes in one and two dimensions, strides 1 to 3, every combination of biases",
                run=least(architecture),
                instances=convolutions(largest),
                distribution="integer kernels without zeros; 1 (quick), 12, 40 draws",
                parameters={"formula": formula, "spare": 1, "kernels": generic_kernels},
                controls=controls,
            ),
            Check(
                "printed-numbers",
                evidence="exact",
                covers="instances",
                scope="28 x 28 inputs with 3 x 3 kernels; d = 5, s = 3",
                run=check_printed_numbers,
                instances=printed_numbers(architecture),
                parameters={"expected": PRINTED_NUMBERS},
                controls=[Control("off by one", expected=fall)],
            ),
            Check(
                "ranks-in-floats",
                evidence="property",
                covers="instances",
                scope="d = 3 .. 6, s = 1 .. 3, k = 1, 2, strides 1 and 2",
                run=in_floats(architecture),
                instances=drawn_convolutions,
                distribution="kernels in eighths from a drawn seed",
                tolerance=FLOAT_RULE,
                examples={"quick": 15, "standard": 150, "full": 500},
                parameters={"formula": formula, "spare": 0},
                controls=controls[:1],
            ),
        ],
        probes=[Probe(drops="no translates", instances=translatable, parameters={"kernels": translated_kernels})],
    )


# -------------------------------------------------------------------------------------------------------- cnn.mnull


def check_null_weights(instance, *, formula, pruned, context) -> Outcome:
    """Certified ranks of NS and FNN where ``zeros`` output weights vanish: unused neurons removed, or kept with their weights."""
    from numerics.rank import model_rank

    model, architecture, zeros, replicate = instance
    kernels, outputs, biases = target(model, context.rng(replicate), zeros)
    if pruned:
        network, theta = realization(model, architecture, kernels, outputs, biases, spare=1)
    else:
        network, theta = unpruned(model, architecture, kernels, outputs, biases)
    return compared(formula(model, architecture, zeros), model_rank(network, theta), network, theta, {"zeros": zeros})


def unpruned(model, architecture, kernels, outputs, biases):
    """Every neuron keeps the weights of its kernel, used or not: the point that the printed formula describes."""
    if architecture == "unshared":
        network = TwoLayerCNN(model.inputs, model.kernel, model.kernels, model.stride, sharing=False, bias=model.bias)
        spread = np.repeat(kernels[:, None], len(model.patches), axis=1)
        extra = {"biases": np.repeat(biases[:, None], len(model.patches), axis=1)} if model.bias else {}
        return network, network.pack(kernels=spread, output_weights=outputs, **extra)
    rows = dense(model, kernels, np.ones_like(outputs), biases)
    network = TwoLayer(model.input_size, len(rows), bias=model.bias)
    extra = {"input_biases": np.array([b for _, b, *_ in rows])} if model.bias else {}
    weights = np.array([w for w, *_ in rows])
    return network, network.pack(input_weights=weights, output_weights=outputs.reshape(1, -1), **extra)


def corrected(model, architecture, zeros) -> int:
    """2406.18035v1: every unused neuron saves all of its functions."""
    return published(architecture)(model, zeros)


def printed_null(model, architecture, zeros) -> int:
    """2211.11623v1, Tables 4 and 8: k (s + 1) p - s m_null and k (d + 1) p - d m_null."""
    positions, entries = model.patches.shape
    size = (entries if architecture == "unshared" else model.input_size) + model.bias
    return model.kernels * positions * (size + 1) - size * zeros


def null_instances(context):
    shapes = [(5, 3, 1, 1), (5, 3, 1, 2), (5, 3, 2, 3), (4, 2, 1, 1), (4, 2, 2, 2), (6, 4, 1, 2), (6, 2, 1, 3)]
    draws = context.by_level(quick=1, standard=30, full=60)
    for (d, s, k, zeros), architecture, bias, replicate in product(shapes, ARCHITECTURES[1:], (False, True), range(draws)):
        yield TwoLayerCNN(d, s, k, bias=bias), architecture, zeros, replicate


def check_shared_null(instance, *, formula, context) -> Outcome:
    """Sharing keeps the kernel alive: vanishing output weights change nothing."""
    from numerics.rank import model_rank

    model, zeros, replicate = instance
    kernels, outputs, biases = target(model, context.rng(replicate), zeros)
    network, theta = realization(model, "shared", kernels, outputs, biases, spare=1)
    return compared(formula(model, zeros), model_rank(network, theta), network, theta, {"zeros": zeros})


# -------------------------------------------------------------------------------------------------------- cnn.shift


def translates(d: int, s: int, first, second):
    """Two kernels on d inputs with output weights 1, 2, ..., distinct at every position."""
    model = TwoLayerCNN(d, s, 2)
    outputs = np.arange(1, 2 * len(model.patches) + 1).reshape(2, -1)
    return model, np.array([first, second]), outputs


def merged(model, kernels, outputs):
    """The neurons of the target with coinciding ones (up to sign) merged: rows (w, a)."""
    classes: dict[tuple, int] = {}
    for w, _, a, *_ in dense(model, kernels, outputs):
        sign = 1 if w[np.flatnonzero(w)[0]] > 0 else -1
        key = tuple((sign * w).tolist())
        classes[key] = classes.get(key, 0) + sign * int(a)
    return [(np.array(w), a) for w, a in classes.items() if a]


def check_shift(instance, *, formula, context) -> Outcome:
    """Certified ranks (shared at the point, NS and FNN at their least representative) of kernels that are translates."""
    from numerics.rank import model_rank

    d, s, first, second = instance
    model, kernels, outputs = translates(d, s, first, second)
    neurons = merged(model, kernels, outputs)
    network = TwoLayer(d, len(neurons))
    theta = network.pack(input_weights=np.array([w for w, _ in neurons]), output_weights=np.array([[a for _, a in neurons]]))
    found = [
        model_rank(*realization(model, "shared", kernels, outputs, np.zeros(2, int))),
        unshared_rank(model, neurons),
        model_rank(network, theta),
    ]
    if any(rank.rank is None for rank in found):
        return Outcome.inconclusive(f"an open rank among {[str(rank) for rank in found]}", cases=1)
    observed = tuple(rank.rank for rank in found)
    return Outcome.equal(tuple(formula(d, s, len(neurons))), observed, d=d, s=s, kernels=kernels, architectures=ARCHITECTURES)


def unshared_rank(model, neurons):
    """NS with every distinct neuron at one position that holds its support."""
    from numerics.rank import model_rank

    positions, entries = model.patches.shape
    K, a = np.zeros((len(neurons), positions, entries), int), np.zeros((len(neurons), positions), int)
    for l, (w, output) in enumerate(neurons):
        q = next(q for q, patch in enumerate(model.patches) if set(np.flatnonzero(w)) <= set(patch))
        K[l, q], a[l, q] = w[model.patches[q]], output
    network = TwoLayerCNN(model.inputs, model.kernel, len(neurons), sharing=False)
    return model_rank(network, network.pack(kernels=K, output_weights=a))


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
    from theory.rank import matrix_rank

    outputs = np.asarray(model.unpack(theta)["output_weights"])[1]
    rows = np.zeros((model.patches.shape[1], model.input_size), int)
    for t in range(len(rows)):
        np.add.at(rows[t], model.patches[:, t], outputs)
    return matrix_rank(rows)


def repeated_instances(context):
    shapes = [(4, 2), (5, 3), (5, 2), (6, 3)]
    kinds = ("equal", "opposite", "proportional", "no output", "null", "no input")
    draws = context.by_level(quick=1, standard=30, full=60)
    return [(TwoLayerCNN(d, s, 2), {"kind": kind}, r) for (d, s), kind, r in product(shapes, kinds, range(draws))]


# -------------------------------------------------------------------------------------------------------- cnn.order


def check_order(instance, *, relation, context) -> Outcome:
    """Certified least ranks of one target with masked output weights in the three architectures, against a relation between them."""
    from numerics.rank import model_rank

    model, zeros, replicate = instance
    parts = target(model, context.rng(replicate), zeros)
    ranks = [model_rank(*realization(model, architecture, *parts)).rank for architecture in ARCHITECTURES]
    if None in ranks:
        return Outcome.inconclusive(f"an open rank among {ranks}", cases=1)
    if relation(model, zeros, *ranks):
        return Outcome.holds()
    message = f"shared, unshared, fully connected: {ranks} with {zeros} vanishing output weights"
    return Outcome.fails(message, counterexample={"model": str(model), "zeros": zeros, "ranks": ranks})


def proved_order(model, zeros, shared, unshared, full) -> bool:
    """NS <= FNN and CNN <= FNN always; CNN <= NS exactly when k (s + p) <= (s + 1)(k p - zeros)."""
    positions, entries = model.patches.shape
    k, active = model.kernels, model.kernels * positions - zeros
    own = entries + model.bias
    between = (shared <= unshared) == (k * (own + positions) <= (own + 1) * active)
    return unshared <= full and shared <= full and between


def masks(context):
    draws = context.by_level(quick=1, standard=25, full=60)
    yield from [(TwoLayerCNN(5, 3, 1), 2, 0), (TwoLayerCNN(6, 2, 1), 4, 0)]
    for (d, s, k), replicate in product([(4, 2, 1), (5, 3, 1), (5, 2, 1), (5, 3, 2)], range(draws)):
        for zeros in range(k * (d - s) + 1):
            yield TwoLayerCNN(d, s, k), zeros, replicate


def check_order_in_floats(instance, *, relation, context) -> Outcome:
    from numerics.rank import model_rank

    model, zeros, replicate = instance
    parts, ranks = target(model, context.rng(replicate), zeros), []
    for architecture in ARCHITECTURES:
        network, theta = realization(model, architecture, *parts)
        found = model_rank(network, theta / 8, "float")
        ranks.append(found.rank if found.rank is not None else model_rank(network, theta / 8).rank)
    if None not in ranks and relation(model, zeros, *ranks):
        return Outcome.holds()
    return Outcome.fails(f"ranks {ranks}", counterexample={"model": str(model), "zeros": zeros, "ranks": ranks})


def drawn_masks(context):
    from hypothesis import strategies as st

    @st.composite
    def masked(draw):
        d = draw(st.integers(3, 5))
        s, k = draw(st.integers(2, min(3, d))), draw(st.integers(1, 2))
        return TwoLayerCNN(d, s, k), draw(st.integers(0, k * (d - s))), draw(st.integers(0, 2**20))

    return masked()


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
    architecture_claim(
        "shared",
        "shared",
        "Model rank in the convolutional network",
        r"R_{\mathrm{CNN}}(f^*) = k (|S| + p)\ [+\, k \text{ with bias}];\text{ one dimension, stride 1: } k (d + 1)",
        "Propositions 3 and 4, Tables 4, 7 and 8; 2307.08921v1, equations 14 and 27; 2406.18035v1, Theorem 6",
        90,
        [
            Control("slopes at every position", formula=lambda model, zeros: published("unshared")(model, zeros)),
            Control("one output weight a kernel", formula=lambda model, zeros: model.kernels * (model.patches.shape[1] + 1)),
            Control(
                "k s + p", formula=lambda model, zeros: model.kernels * model.patches.shape[1] + len(model.patches) + model.output_bias
            ),
        ],
    ),
    architecture_claim(
        "noshare",
        "unshared",
        "Model rank in the network without weight sharing",
        r"R_{\mathrm{NS}}(f^*) = k p (|S| + 1)\ [k p (|S| + 2) \text{ with bias}]",
        "Tables 4, 7 and 8; 2307.08921v1, equations 30 and 31; 2406.18035v1, Theorem 7",
        90,
        [
            Control("as shared", formula=lambda model, zeros: published("shared")(model, zeros)),
            Control("as fully connected", formula=lambda model, zeros: published("fully-connected")(model, zeros)),
        ],
    ),
    architecture_claim(
        "fnn",
        "fully-connected",
        "Model rank of a convolutional target in the fully connected network",
        r"R_{\mathrm{FNN}}(f^*) = k p (|D| + 1)\ [k p (|D| + 2) \text{ with bias}]",
        "Tables 4, 7 and 8; 2307.08921v1, equation 23; 2406.18035v1, Theorem 7",
        70,
        [
            Control("as without sharing", formula=lambda model, zeros: published("unshared")(model, zeros)),
            Control("as shared", formula=lambda model, zeros: published("shared")(model, zeros)),
        ],
    ),
    Claim(
        id="cnn.mnull",
        family="networks",
        title="Vanishing output weights: the corrected ranks",
        statement=r"R_{\mathrm{NS}}(f^*) = (|S| + 1)(k p - m_{\mathrm{null}}),\quad R_{\mathrm{FNN}}(f^*) = (|D| + 1)(k p - "
        r"m_{\mathrm{null}}),"
        r"\quad R_{\mathrm{CNN}}(f^*) = k (|S| + p)",
        assumptions=[
            Assumption("least representative", r"\text{unused neurons have no input weights: } R(f^*) \text{ is a minimum over } \Theta^*"),
        ],
        source=Source(LOCAL_RECOVERY, "Theorem 7, Table 3; 2211.11623v1, Tables 4 and 8 print the rank at another point"),
        depends_on=["cnn.noshare", "cnn.fnn", "cnn.shared"],
        refuted_by="A target with vanishing output weights of another certified rank at the pruned representative.",
        notes="The older tables print k (s + 1) p - s m_null and k (d + 1) p - d m_null: the rank where unused neurons keep their kernel.",
        checks=[
            Check(
                "pruned",
                evidence="certified",
                covers="instances",
                scope="7 shapes with 1 to 3 vanishing weights, NS and FNN, with and without bias",
                run=check_null_weights,
                instances=null_instances,
                distribution="integer kernels without zeros; 1 (quick), 30, 60 draws",
                parameters={"formula": corrected, "pruned": True},
                controls=[
                    Control("the formula of the older tables", formula=printed_null),
                    Control("unused neurons keep their kernel", pruned=False),
                ],
            ),
            Check(
                "shared",
                evidence="certified",
                covers="instances",
                scope="the same shapes in the shared network",
                run=check_shared_null,
                instances=lambda context: [(m, z, r) for m, a, z, r in null_instances(context) if a == "unshared"],
                distribution="integer kernels without zeros",
                parameters={"formula": lambda model, zeros: published("shared")(model, 0)},
                controls=[
                    Control(
                        "a dimension less for every vanishing weight", formula=lambda model, zeros: published("shared")(model, 0) - zeros
                    )
                ],
            ),
            Check(
                "pruned-in-floats",
                evidence="property",
                covers="instances",
                scope="d = 3 .. 5, NS",
                run=in_floats("unshared"),
                instances=drawn_masks,
                distribution="kernels in eighths from a drawn seed",
                tolerance=FLOAT_RULE,
                parameters={"formula": published("unshared"), "spare": 0},
                controls=[Control("the formula of the older tables", formula=lambda model, zeros: printed_null(model, "unshared", zeros))],
            ),
        ],
        probes=[
            Probe(
                drops="least representative",
                check="pruned",
                instances=lambda context: list(null_instances(context))[:4],
                parameters={"pruned": False},
            )
        ],
    ),
    Claim(
        id="cnn.shift",
        family="networks",
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
        ],
    ),
    Claim(
        id="cnn.dup",
        family="networks",
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
                    Control(
                        "kernels counted for classes",
                        formula=lambda model, theta, facts: 2 * sum(model.patches.shape),
                    ),
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
                controls=[Control("kernels counted for classes", formula=lambda model, theta, facts: 2 * sum(model.patches.shape))],
            ),
        ],
    ),
    Claim(
        id="cnn.order",
        family="networks",
        title="Which architecture needs fewer samples",
        kind="extension",
        relation="tight",
        statement=r"R_{\mathrm{NS}} \le R_{\mathrm{FNN}},\quad R_{\mathrm{CNN}} \le R_{\mathrm{FNN}},\quad R_{\mathrm{CNN}} "
        r"\le R_{\mathrm{NS}}"
        r"\iff k (|S| + p) \le (|S| + 1)(k p - m_{\mathrm{null}})",
        assumptions=[Assumption("no translates", r"\text{no kernel is } \pm \text{ a translate of another inside the grid}")],
        source=Source(OPTIMISTIC_ESTIMATE, "section 5.3 in words (costly expressiveness in connection); exact statements: ours"),
        depends_on=["cnn.mnull"],
        refuted_by="A mask of the output weights for which the relation between certified ranks differs.",
        notes="Weight sharing can cost samples: with one active neuron CNN needs d + 1, NS s + 1.",
        checks=[
            Check(
                "masks",
                evidence="certified",
                covers="instances",
                scope="d = 4 .. 6, s = 2, 3, k = 1, 2, every number of vanishing output weights",
                run=check_order,
                instances=masks,
                distribution="integer kernels, random masks; 1 (quick), 25, 60 draws",
                parameters={"relation": proved_order},
                controls=[
                    Control(
                        "sharing never costs samples", relation=lambda model, zeros, shared, unshared, full: shared <= unshared <= full
                    ),
                    Control("sharing always costs samples", relation=lambda model, zeros, shared, unshared, full: unshared < shared),
                ],
            ),
            Check(
                "masks-in-floats",
                evidence="property",
                covers="instances",
                scope="d = 3 .. 5, s = 2, 3, k = 1, 2",
                run=check_order_in_floats,
                replay=check_order,
                instances=drawn_masks,
                distribution="kernels in eighths, masks and seeds drawn by hypothesis",
                tolerance=FLOAT_RULE,
                examples={"quick": 20, "standard": 150, "full": 500},
                parameters={"relation": proved_order},
                controls=[
                    Control("sharing never costs samples", relation=lambda model, zeros, shared, unshared, full: shared <= unshared <= full)
                ],
            ),
        ],
    ),
    Claim(
        id="cnn.gap",
        family="networks",
        title="Pooling over positions",
        kind="extension",
        statement=r"f = \sum_l a_l \sum_q \tanh(K_l \cdot x_q):\quad R = k (|S| + 1)",
        assumptions=[Assumption("generic kernels", r"K_l \neq 0,\ \text{not} \pm \text{ translates},\ a_l \neq 0")],
        source=Source(RANK_STRATIFICATION, "Proposition 3 is the case of one output weight a position; pooled: ours"),
        depends_on=["cnn.shared"],
        refuted_by="Generic kernels at which the tangents are dependent.",
        checks=[
            Check(
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
            Check(
                "full-rank-in-floats",
                evidence="property",
                covers="instances",
                scope="the same shapes",
                run=check_formula_in_floats,
                replay=check_formula,
                instances=pooled_instances,
                distribution="integer kernels",
                tolerance=FLOAT_RULE,
                parameters={"formula": pooled_rank, "point": pooled_point},
                controls=GAP_CONTROLS,
            ),
        ],
    ),
]
