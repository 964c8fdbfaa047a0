r"""Two-layer tanh networks with convolution: what sharing weights and local connections save.

f(x) = sum over kernels l and positions q of a_lq tanh(K_l . patch_q(x) [+ b_l]). The same function lives in the network without
sharing (NS) and in the fully connected one (FNN). Names as in the papers: d inputs, kernels of size s, k of them, p positions.
"""

from __future__ import annotations

from functools import partial
from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._papers import LOCAL_RECOVERY, OPTIMISTIC_ESTIMATE, RANK_STRATIFICATION
from proofs_check.claims._rank_checks import FLOAT_RULE, compared, composed, float_twin, ladder_rank, related
from theory.models import TwoLayerCNN
from theory.rank import cnn_function_rank
from theory.rank.convolution import ARCHITECTURES, draw_target, generic_kernels


def published(model: TwoLayerCNN, architecture: str, zeros: int) -> int:
    """2406.18035v1: every unused neuron saves all of its functions; an output bias adds one."""
    positions, entries = model.patches.shape
    size = dict(architecture=architecture, bias=model.bias, zeros=zeros)
    return cnn_function_rank(model.input_size, entries, positions, model.kernels, **size) + model.output_bias


def as_in(other: str):
    """The formula of another architecture."""
    return lambda model, architecture, zeros: published(model, other, zeros)


def check_rank(instance, *, formula, kernels=generic_kernels, pruned=True, context) -> Outcome:
    """Certified rank of a target with ``zeros`` vanishing output weights at its representative of least rank."""
    from numerics.rank import model_rank

    model, architecture, zeros, replicate = instance
    drawn = draw_target(model, context.rng(replicate), zeros=zeros, kernels=kernels)
    network, theta = drawn.realize(architecture, prune=pruned, spare=1)
    found, certify = model_rank(network, theta), replicate == 0 and not zeros
    return compared(formula(model, architecture, zeros), found, certify=certify, model=str(network), theta=theta, zeros=zeros)


def check_rank_in_floats(instance, *, formula, context) -> Outcome:
    model, architecture, zeros, replicate = instance
    network, theta = draw_target(model, context.rng(replicate), zeros=zeros).realize(architecture)
    return compared(formula(model, architecture, zeros), ladder_rank(network, theta / 8), model=str(network), theta=theta / 8, zeros=zeros)


# -------------------------------------------------------------------------------------- cnn.shared, cnn.noshare, cnn.fnn


def convolutions(architecture: str, largest: int):
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
        draws, most = context.by_level(quick=(1, largest), standard=(12, 2 * largest), full=(40, 4 * largest))
        for (d, s, k, stride), bias, out, replicate in product(lines + grids, (False, True), (False, True), range(draws)):
            if out and not (bias or replicate):
                continue  # an output bias adds 1 in both cases: at quick it is met together with hidden biases
            model = TwoLayerCNN(d, s, k, stride, bias=bias, output_bias=out)
            if k * len(model.patches) * (model.input_size + 1) <= most:
                yield model, architecture, 0, replicate

    return instances


def drawn_convolutions(architecture: str):
    @composed
    def instances(draw, st):
        d = draw(st.integers(3, 6))
        s, k, stride = draw(st.integers(1, min(3, d))), draw(st.integers(1, 2)), draw(st.integers(1, 2))
        return TwoLayerCNN(d, s, k, stride, bias=draw(st.booleans())), architecture, 0, draw(st.integers(0, 2**20))

    return instances


def translated_kernels(model: TwoLayerCNN, rng) -> np.ndarray:
    """(c, 0) and (0, c): neighbouring positions share a neuron."""
    return np.array([[3, 0], [0, 3]])


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


def architecture_claim(name, architecture, title, statement, where, largest, controls):
    off_by_one = {**PRINTED_NUMBERS, (784, architecture): PRINTED_NUMBERS[784, architecture] + 1}
    return Claim(
        id=f"cnn.{name}",
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
                run=check_rank,
                instances=convolutions(architecture, largest),
                distribution="integer kernels without zeros; 1 (quick), 12, 40 draws",
                parameters={"formula": published, "kernels": generic_kernels},
                controls=controls,
            ),
            Check(
                "printed-numbers",
                evidence="exact",
                covers="instances",
                scope="28 x 28 inputs with 3 x 3 kernels; d = 5, s = 3",
                run=check_printed_numbers,
                instances=lambda context: [(784, 9, 676, architecture), (5, 3, 3, architecture)],
                parameters={"expected": PRINTED_NUMBERS},
                controls=[Control("off by one", expected=off_by_one)],
            ),
            Check(
                "ranks-in-floats",
                evidence="property",
                covers="instances",
                scope="d = 3 .. 6, s = 1 .. 3, k = 1, 2, strides 1 and 2",
                run=check_rank_in_floats,
                instances=drawn_convolutions(architecture),
                distribution="kernels in eighths from a drawn seed",
                tolerance=FLOAT_RULE,
                examples={"quick": 15, "standard": 150, "full": 500},
                parameters={"formula": published},
                controls=controls[:1],
            ),
        ],
        probes=[
            Probe(
                drops="no translates",
                instances=lambda context: [(TwoLayerCNN(d, 2, 2), architecture, 0, 0) for d in (3, 4)],
                parameters={"kernels": translated_kernels},
            )
        ],
    )


# --------------------------------------------------------------------------------------------------------- cnn.mnull


def printed_null(model, architecture, zeros) -> int:
    """2211.11623v1, Tables 4 and 8: k (s + 1) p - s m_null and k (d + 1) p - d m_null."""
    positions, entries = model.patches.shape
    size = (entries if architecture == "unshared" else model.input_size) + model.bias
    return model.kernels * positions * (size + 1) - size * zeros


def null_instances(*architectures):
    def instances(context):
        shapes = [(5, 3, 1, 1), (5, 3, 1, 2), (5, 3, 2, 3), (4, 2, 1, 1), (4, 2, 2, 2), (6, 4, 1, 2), (6, 2, 1, 3)]
        draws = context.by_level(quick=1, standard=30, full=60)
        for (d, s, k, zeros), architecture, bias, replicate in product(shapes, architectures, (False, True), range(draws)):
            yield TwoLayerCNN(d, s, k, bias=bias), architecture, zeros, replicate

    return instances


without_sharing = null_instances(*ARCHITECTURES[1:])


# --------------------------------------------------------------------------------------------------------- cnn.order


def check_order(instance, *, relation, context) -> Outcome:
    """Certified least ranks of one target with masked output weights in the three architectures, against a relation between them."""
    from numerics.rank import model_rank

    return ordered(instance, relation, context, model_rank)


def check_order_in_floats(instance, *, relation, context) -> Outcome:
    return ordered(instance, relation, context, lambda network, theta: ladder_rank(network, theta / 8))


def ordered(instance, relation, context, rank) -> Outcome:
    model, zeros, replicate = instance
    drawn = draw_target(model, context.rng(replicate), zeros=zeros)
    ranks = [rank(*drawn.realize(architecture)).rank for architecture in ARCHITECTURES]
    message = f"shared, unshared, fully connected: {ranks} with {zeros} vanishing output weights"
    return related(partial(relation, model, zeros), ranks, message, model=str(model), zeros=zeros)


def proved_order(model, zeros, shared, unshared, full) -> bool:
    """NS <= FNN and CNN <= FNN always; CNN <= NS exactly when k (s + p) <= (s + 1)(k p - zeros)."""
    positions, entries = model.patches.shape
    k, active = model.kernels, model.kernels * positions - zeros
    own = entries + model.bias
    between = (shared <= unshared) == (k * (own + positions) <= (own + 1) * active)
    return unshared <= full and shared <= full and between


def masked(draw, st):
    d = draw(st.integers(3, 5))
    s, k = draw(st.integers(2, min(3, d))), draw(st.integers(1, 2))
    return TwoLayerCNN(d, s, k), draw(st.integers(0, k * (d - s))), draw(st.integers(0, 2**20))


drawn_masks = composed(masked)


@composed
def drawn_unshared_masks(draw, st):
    model, zeros, seed = masked(draw, st)
    return model, "unshared", zeros, seed


def masks(context):
    draws = context.by_level(quick=1, standard=25, full=60)
    yield from [(TwoLayerCNN(5, 3, 1), 2, 0), (TwoLayerCNN(6, 2, 1), 4, 0)]
    for (d, s, k), replicate in product([(4, 2, 1), (5, 3, 1), (5, 2, 1), (5, 3, 2)], range(draws)):
        for zeros in range(k * (d - s) + 1):
            yield TwoLayerCNN(d, s, k), zeros, replicate


def never_costs(model, zeros, shared, unshared, full) -> bool:
    return shared <= unshared <= full


CLAIMS = [
    architecture_claim(
        "shared",
        "shared",
        "Model rank in the convolutional network",
        r"R_{\mathrm{CNN}}(f^*) = k (|S| + p)\ [+\, k \text{ with bias}];\text{ one dimension, stride 1: } k (d + 1)",
        "Propositions 3 and 4, Tables 4, 7 and 8; 2307.08921v1, equations 14 and 27; 2406.18035v1, Theorem 6",
        90,
        [
            Control("slopes at every position", formula=as_in("unshared")),
            Control("one output weight a kernel", formula=lambda model, architecture, zeros: model.kernels * (model.patches.shape[1] + 1)),
            Control(
                "k s + p",
                formula=lambda model, architecture, zeros: model.kernels * model.patches.shape[1] + len(model.patches) + model.output_bias,
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
        [Control("as shared", formula=as_in("shared")), Control("as fully connected", formula=as_in("fully-connected"))],
    ),
    architecture_claim(
        "fnn",
        "fully-connected",
        "Model rank of a convolutional target in the fully connected network",
        r"R_{\mathrm{FNN}}(f^*) = k p (|D| + 1)\ [k p (|D| + 2) \text{ with bias}]",
        "Tables 4, 7 and 8; 2307.08921v1, equation 23; 2406.18035v1, Theorem 7",
        70,
        [Control("as without sharing", formula=as_in("unshared")), Control("as shared", formula=as_in("shared"))],
    ),
    Claim(
        id="cnn.mnull",
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
                run=check_rank,
                instances=without_sharing,
                distribution="integer kernels without zeros; 1 (quick), 30, 60 draws",
                parameters={"formula": published, "pruned": True},
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
                run=check_rank,
                instances=null_instances("shared"),
                distribution="integer kernels without zeros",
                parameters={"formula": published},
                controls=[
                    Control(
                        "a dimension less for every vanishing weight",
                        formula=lambda model, architecture, zeros: published(model, architecture, 0) - zeros,
                    )
                ],
            ),
            Check(
                "pruned-in-floats",
                evidence="property",
                covers="instances",
                scope="d = 3 .. 5, NS",
                run=check_rank_in_floats,
                instances=drawn_unshared_masks,
                distribution="kernels in eighths from a drawn seed",
                tolerance=FLOAT_RULE,
                parameters={"formula": published},
                controls=[Control("the formula of the older tables", formula=printed_null)],
            ),
        ],
        probes=[
            Probe(
                drops="least representative",
                check="pruned",
                instances=lambda context: list(without_sharing(context))[:4],
                parameters={"pruned": False},
            )
        ],
    ),
    Claim(
        id="cnn.order",
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
            masks_check := Check(
                "masks",
                evidence="certified",
                covers="instances",
                scope="d = 4 .. 6, s = 2, 3, k = 1, 2, every number of vanishing output weights",
                run=check_order,
                instances=masks,
                distribution="integer kernels, random masks; 1 (quick), 25, 60 draws",
                parameters={"relation": proved_order},
                controls=[
                    Control("sharing never costs samples", relation=never_costs),
                    Control("sharing always costs samples", relation=lambda model, zeros, shared, unshared, full: unshared < shared),
                ],
            ),
            float_twin(
                masks_check,
                run=check_order_in_floats,
                scope="d = 3 .. 5, s = 2, 3, k = 1, 2",
                instances=drawn_masks,
                distribution="kernels in eighths, masks and seeds drawn by hypothesis",
                examples={"quick": 20, "standard": 150, "full": 500},
                controls=[Control("sharing never costs samples", relation=never_costs)],
            ),
        ],
    ),
]
