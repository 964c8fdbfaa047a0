r"""Formulas and statements about model ranks that are false, or false at an edge, as printed; each with the smallest case that shows it.

A check here finds the true value and holds it apart from the printed one; its control is the true value read as the printed one.
"""

from math import comb

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.rank import model_rank
from numerics.rank.ladder import structural_upper_bound
from proofs_check import Paper, a_seed, axes, claim, false
from proofs_check.judging import at_most, equal, rank_is, worst
from theory.draws import dyadic_normal, signs
from theory.models import MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.rank import cnn_function_rank
from theory.rank.convolution import ConvolutionalTarget, draw_target, generic_kernels, two_kernels

from . import misprint

STRATIFICATION = Paper("arXiv:2211.11623v1")
OPTIMISTIC = Paper("arXiv:2307.08921v1")
RECOVERY = Paper("arXiv:2406.18035v1")

SYMBOLS = {
    "R": "model rank",
    "d, s, p": "inputs, kernel size, positions d + 1 - s",
    "k": "number of kernels",
    "m_null": "number of vanishing output weights",
    "NS, FNN, CNN": "without sharing, fully connected, shared kernels",
}


NULL = claim(
    "errata.null-weights",
    "Vanishing output weights: the older tables print the rank at another point",
    r"R_{\mathrm{NS}}(f^*) \neq k (s + 1) p - s\, m_{\mathrm{null}},\quad R_{\mathrm{FNN}}(f^*) \neq k (d + 1) p - d\, m_{\mathrm{null}}"
    r"\text{ for } m_{\mathrm{null}} \ge 1",
    clauses={
        "least": r"R_{\mathrm{NS}}(f^*) = (s + 1)(k p - m_{\mathrm{null}}),\ R_{\mathrm{FNN}}(f^*) = (d + 1)(k p - m_{\mathrm{null}})",
        "origin": r"\text{the printed numbers are the ranks where unused neurons keep their kernel}",
    },
    symbols=SYMBOLS,
    kind="counterexample",
    family="networks",
    source=STRATIFICATION.at("Tables 4 and 8 (corrected in 2406.18035v1, Theorem 7 and Table 3)"),
    depends_on=["cnn.mnull"],
    refuted_by="A target on which the printed value is the minimum over all representatives.",
    notes="d = 5, s = 3, one vanishing weight: printed 9 and 13, least 8 and 12.",
)

CASES = axes(case=((5, 3, 1, 1), (5, 3, 1, 2), (4, 2, 1, 1), (5, 3, 2, 2)), architecture=("unshared", "fully-connected"), standard=5)


def older_tables(d, s, k, zeros, architecture):
    """2211.11623v1, Tables 4 and 8."""
    size = s if architecture == "unshared" else d
    return k * (size + 1) * (d + 1 - s) - size * zeros


def corrected_tables(d, s, k, zeros, architecture):
    return cnn_function_rank(d, s, d + 1 - s, k, architecture=architecture, zeros=zeros)


def rank_at_target(cell, drawn, context, prune):
    d, s, k, zeros = cell.case
    return model_rank(*draw_target(TwoLayerCNN(d, s, k), context.rng(drawn), zeros=zeros).realize(cell.architecture, prune=prune))


@NULL.check("certified", a_seed, CASES, clauses="least", distribution="integer kernels", name="printed")
@false("the corrected tables were printed", printed=corrected_tables)
@false("the printed value is the least", true=older_tables)
def null_weights(cell, drawn, *, printed=older_tables, true=corrected_tables, context):
    """The certified rank at the point without unused neurons."""
    values = (formula(*cell.case, cell.architecture) for formula in (printed, true))
    return misprint(*values, rank_at_target(cell, drawn, context, True))


@NULL.check("certified", a_seed, CASES, clauses="origin", distribution="integer kernels", name="origin")
@false("the corrected tables", printed=corrected_tables)
def origin(cell, drawn, *, printed=older_tables, context):
    """Where the printed value comes from: the certified rank at the point with unused neurons kept."""
    return rank_is(printed(*cell.case, cell.architecture), rank_at_target(cell, drawn, context, False))


REMARK = claim(
    "errata.bias-remark",
    "The remark on biases in Table 4 fits no point",
    r"(d + 2)(d + 1 - s) - s\, m_{\mathrm{null}} \notin \{(d + 2)(p - m_{\mathrm{null}}),\ (d + 2) p - (d + 1) m_{\mathrm{null}}\}"
    r"\text{ for } m_{\mathrm{null}} \ge 1",
    symbols=SYMBOLS,
    kind="counterexample",
    family="networks",
    source=STRATIFICATION.at("Table 4, remark on the fully connected network with biases"),
    depends_on=["cnn.mnull"],
    refuted_by="A target where the printed value is attained.",
)


def printed_remark(d, s, zeros, point):
    return (d + 2) * (d + 1 - s) - s * zeros


def true_remark(d, s, zeros, point):
    return (d + 2) * (d + 1 - s - zeros) if point == "least" else (d + 2) * (d + 1 - s) - (d + 1) * zeros


REMARKS = axes(case=((4, 2, 1), (5, 3, 1), (5, 3, 2), (6, 3, 1)), point=("least", "kept"), standard=5)


@REMARK.check("certified", a_seed, REMARKS, distribution="integer kernels", name="both-points")
@false("the true values were printed", printed=true_remark)
@false(
    "one of them is right",
    true=lambda d, s, zeros, point: printed_remark(d, s, zeros, point) if point == "kept" else true_remark(d, s, zeros, point),
)
def both_points(cell, drawn, *, printed=printed_remark, true=true_remark, context):
    """The certified rank at the least point, and at that with unused neurons kept."""
    d, s, zeros = cell.case
    target = draw_target(TwoLayerCNN(d, s, 1, bias=True), context.rng(drawn), zeros=zeros)
    found = model_rank(*target.realize("fully-connected", prune=cell.point == "least"))
    return misprint(printed(*cell.case, cell.point), true(*cell.case, cell.point), found)


ATTAINED = claim(
    "errata.attained",
    "Appendix A.5 names the wrong attained rank",
    r"\text{without sharing the attained rank is } k (d + 1 - s)(s + 1) \neq k (d + 1),\ s < d",
    symbols=SYMBOLS,
    kind="counterexample",
    family="networks",
    source=OPTIMISTIC.at("appendix A.5"),
    depends_on=["cnn.noshare"],
    refuted_by="Generic kernels without sharing of rank k (d + 1).",
    notes="d = 4, s = 2, k = 1: printed 5, true 9. The two agree for s = d alone.",
)


def without_sharing(d, s, k):
    return k * (d + 1 - s) * (s + 1)


@ATTAINED.check("certified", a_seed, axes(case=((4, 2, 1), (5, 3, 1), (5, 2, 2), (6, 3, 1)), standard=5), name="attained")
@false("the corrected rank was printed", printed=without_sharing)
@false("the printed rank is attained", true=lambda d, s, k: k * (d + 1))
def attained(cell, drawn, *, printed=lambda d, s, k: k * (d + 1), true=without_sharing, context):
    """The certified rank of generic kernels without sharing."""
    (d, s, k), rng = cell.case, context.rng(drawn)
    model = TwoLayerCNN(d, s, k)
    target = ConvolutionalTarget(model, generic_kernels(model, rng), signs(rng, (k, len(model.patches))), np.zeros(k, int))
    return misprint(printed(d, s, k), true(d, s, k), model_rank(*target.realize("unshared")))


TRANSLATES = claim(
    "errata.translates",
    "The theorems on convolution need kernels that are no translates",
    r"K_1 = (c, 0),\ K_2 = (0, c),\ c \ne 0:\quad R_{\mathrm{CNN}} = d + 4 < 2 (d + 1) \text{ although } K_1 \neq \pm K_2,\ d \ge 3",
    symbols={**SYMBOLS, "K_1, K_2, c": "two kernels, and an entry of them"},
    kind="counterexample",
    family="networks",
    source=RECOVERY.at("Theorems 6 and 7; 2211.11623v1, Proposition 3; 2307.08921v1, appendix A.4"),
    depends_on=["cnn.shift"],
    refuted_by="A pair of translates with the printed rank.",
)


@TRANSLATES.check("certified", lambda cell, rng: int(rng.choice([-3, 2, 5])), axes(d=(3, 4, 5, 6), standard=3), name="translates")
@false("distinct neurons were counted", printed=lambda d: d + 4)
@false("the printed rank is true", true=lambda d: 2 * (d + 1))
def translated(cell, c, *, printed=lambda d: 2 * (d + 1), true=lambda d: d + 4, context):
    """The certified rank in the shared network: d neurons and two slopes for each kernel."""
    return misprint(printed(cell.d), true(cell.d), model_rank(*two_kernels(cell.d, 2, (c, 0), (0, c)).realize("shared")), c=c)


ZERO = claim(
    "errata.zero-row",
    "The generic bound of the zero function is not 0",
    r"\sup_{\theta \in \Theta^*_0} R(\theta) \ge (d + 1) \lfloor m / 2 \rfloor > 0,\ m \ge 2: \text{ the rank of cancelling pairs}",
    symbols={**SYMBOLS, "m": "width", "Theta^*_0": "the parameters of f = 0"},
    kind="counterexample",
    family="networks",
    source=RECOVERY.at("Table 2, row of f* = 0 (its Corollary 2 gives M)"),
    depends_on=["fnn.zero"],
    refuted_by="A width at which every representative of 0 has rank 0.",
)


@ZERO.check(
    "certified", a_seed, axes(d=(1, 2, 3), m=(2, 3, 4)), name="cancelling-pairs", distribution="weights (1 + i/2, 1, ..), outputs 1 and -1"
)
@false("what cancelling pairs have was printed", printed=lambda d, m: (d + 1) * (m // 2))
@false("cancelling pairs have rank 0", true=lambda d, m: 0)
def cancelling_pairs(cell, _, *, printed=lambda d, m: 0, true=lambda d, m: (d + 1) * (m // 2), context):
    """The certified rank at pairs of neurons that cancel; an odd one is null."""
    model, w = TwoLayer(cell.d, cell.m), np.ones((cell.m, cell.d), int)
    w[:, 0] = 1 + np.arange(cell.m) // 2
    w[2 * (cell.m // 2) :] = 0
    outputs = np.array([[1, -1] * (cell.m // 2) + [0] * (cell.m % 2)])
    found = model_rank(model, model.pack(input_weights=w, output_weights=outputs))
    return misprint(printed(cell.d, cell.m), true(cell.d, cell.m), found)


ANALYTIC = claim(
    "errata.analytic-in-x",
    "Analyticity in the parameters is not enough",
    r"f(x; \theta) = a \max(w \cdot x, 0),\ a \ne 0 \ne w:\ P(R_S = R = d \text{ at } n = d) = 2^{-d} < 1"
    r" \text{ for independent inputs with a density, symmetric about } 0",
    symbols={
        **SYMBOLS,
        "S, n": "samples, and their number",
        "R_S": "rank on the samples",
        "w, a": "input and output weights",
        "P": "probability",
    },
    kind="counterexample",
    family="networks",
    source=STRATIFICATION.at("main text, where Theorem 1 is announced (its proof uses analyticity in x)"),
    depends_on=["rank.phase-transition-ae"],
    refuted_by="Designs of R inputs that all see R directions of a ReLU neuron.",
    notes="All d inputs must lie on the active side.",
)

ACTIVE = axes(d=(2, 3), active="0..d", quick=5, standard=20, full=100)


def design(cell, rng):
    """d inputs, so many of which lie on the active side of w = (1, ..., 1)."""
    while True:
        x = dyadic_normal(rng, (cell.d, cell.d), bits=12)
        if int((x.sum(axis=1) > 0).sum()) == cell.active:
            return x


@ANALYTIC.check(
    "exact", design, ACTIVE, distribution="normal inputs by the number of active ones: comb(d, active) of 2^d sign patterns", name="relu"
)
@false("every design sees all directions", seen=lambda cell: cell.d)
@false("an activation that is analytic in x", activation="ratsig4")
def relu(cell, x, *, seen=lambda cell: cell.active, activation="relu", context):
    """The exact rank on d inputs is the number of active ones: all d directions are seen by one sign pattern of 2^d."""
    model = TwoLayer(cell.d, 1, activation=activation)
    theta = np.ones(model.n_params, int)
    J = tangents(model, rationals(theta), rationals(x))[1][:, 0]
    patterns = sum(comb(cell.d, active) for active in range(cell.d + 1) if seen(type(cell)({**cell, "active": active})) == cell.d)
    return worst(
        [
            equal(rank=(seen(cell), rank_rational(J)), shown={"x": x}),
            equal(patterns=(1, patterns)),
            at_most("model rank", structural_upper_bound(model, rationals(theta)), cell.d, x=x),
        ]
    )


INDEPENDENT = claim(
    "errata.independent",
    "Corollary 4 asks for independence and for a dimension at once",
    r"\{\partial_{\theta_i} f\} \text{ independent and } \dim = r \text{ together force } r = M;"
    r"\ f = A B,\ m \le \min(d_1, d_2):\ r \le M - m^2 < M",
    symbols={**SYMBOLS, "r": "dimension of the tangent space", "M": "number of parameters", "d_1, d_2, m": "sizes of A B"},
    kind="counterexample",
    family="networks",
    source=STRATIFICATION.at("Corollary 4 (dimension r is meant)"),
    depends_on=["rank.phase-transition-ae", "mf.strata"],
    refuted_by="A factorization with independent tangents.",
)


def generic_factorization(d1, d2, m):
    """Generic rank of A B: that of d1 x d2 matrices of rank at most m."""
    r = min(d1, d2, m)
    return r * (d1 + d2 - r)


def generic_point(cell, rng):
    return rng.integers(1, 999, MatrixFactorization(*cell.sizes).n_params)


@INDEPENDENT.check("exact", generic_point, axes(sizes=((2, 2, 1), (2, 2, 2), (3, 3, 2), (3, 4, 2)), standard=5), name="factorizations")
@false("independent, as the corollary asks", rank=lambda d1, d2, m: m * (d1 + d2))
def factorizations(cell, theta, *, rank=generic_factorization, context):
    """The exact generic rank, below the number of parameters by the dimension m^2 of the gauge."""
    model = MatrixFactorization(*cell.sizes)
    expected = rank(*cell.sizes)
    return worst(
        [
            rank_is(expected, model_rank(model, theta, "exact"), theta=theta),
            equal(gauge=(cell.sizes[2] ** 2, model.n_params - expected)),
        ]
    )
