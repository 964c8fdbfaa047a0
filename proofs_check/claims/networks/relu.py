r"""ReLU networks: antipodal neurons share a linear part, and every hidden neuron can be rescaled for nothing."""

from dataclasses import replace
from functools import reduce

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.rank import Rank, empirical_rank, structural_upper_bound
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.claims._ranks import FLOATS
from proofs_check.judging import at_most, equal, rank_is, vanishing, worst
from theory.draws import dyadic, pack_known, separated_directions, signs
from theory.embedding import wiring
from theory.models import FullyConnected, TwoLayer
from theory.rank.architectures import relu_chain_dimension

from . import RECOVERY

RELU = claim(
    "fnn.relu",
    "Model rank of ReLU networks",
    r"R = D (q + p + [p \ge 1]) + n;\qquad \text{deep: } R \le M - \#\text{hidden}",
    clauses={
        "directions": r"R = D (q + p + [p \ge 1]) + n \text{ for two layers}",
        "opposite": r"\text{beside these one idle neuron opposite to an idle or a single one: 1 if } p = 0, \text{ nothing if } p \ge 1",
        "constant": r"\text{beside these } w = 0,\ a \ne 0: \text{ nothing if } b < 0,\ R = D (q + p + 1) + n \text{ if } b > 0",
        "rescaling": r"R \le M - \#\text{hidden at every depth: one identity among the tangents for every hidden neuron}",
        "attained": r"R = M - \#\text{hidden on an open set, in the widths tested; no biases: } m_l \ge 2 \text{ but for the last } l",
        "one neuron": r"\text{no biases, } m_l = 1:\ R \le M' - \#\text{hidden}' \text{ of the network } d, \dots, m_l, m_L \text{, cut}",
        "chain": r"\text{biases, all } m_l = 1,\ L \ge 3:\ R \le d + 3 \text{, attained, although } M - \#\text{hidden} = d + L",
    },
    symbols={
        "R, M, d": "model rank, number of parameters, number of inputs",
        "D": "d without, d + 1 with hidden biases",
        "q, p, n": "single directions, antipodal pairs of them, idle neurons (output weight 0), opposite to no other neuron",
        "m_l": "width of layer l of L: m_0 = d inputs, m_L outputs",
    },
    assumptions=[
        Assumption("at least two inputs", r"d \ge 2", unprobed="on a line without biases all functions are two half-lines"),
        Assumption("distinct directions", r"w_i \ne 0,\ \text{no two } (w_i, b_i) \text{ positive multiples, but where named}"),
    ],
    kind="extension",
    source=RECOVERY.at("outside the hypotheses of its theorems, which need differentiability; ranks: ours"),
    refuted_by="Distinct directions with another rank, or a deep network with more than M - #hidden independent tangents.",
    notes="The linear part is shared between the pairs. Without biases a function of one non-negative number h is c h, so what follows a"
    " layer of one neuron counts once: [2, 1, 2, 1] has rank at most 2, M - #hidden = 3. With biases layers of one neuron each compose to"
    " a function of one number that is constant, affine and constant again: [1, 1, 1, 1, 1] has rank at most 4, M - #hidden = 5.",
)


def not_flat_without_biases(q, p, n, bias, d, flat, opposed):
    """some direction; a neuron without input weights where there are biases, d = 2 and none is idle; what is to be opposed, there"""
    flat_fits = flat == "none" or (bias and d == 2 and n == 0)
    return q + p > 0 and flat_fits and (opposed == "none" or (d == 2 and q < 2 and p < 2 and (q if opposed == "single" else n) > 0))


DIRECTIONS = axes(
    d=(2, 3),
    q=(0, 1, 2),
    p=(0, 1, 2),
    n=(0, 1),
    bias=(False, True),
    flat=("none", "off", "on"),
    opposed=("none", "idle", "single"),
    where=not_flat_without_biases,
    standard=4,
    full=20,
)


def directions(cell, rng):
    """Directions at least eighteen degrees apart, biases in quarters so that every hyperplane meets the box of the inputs."""
    q, p, n = cell.q, cell.p, cell.n
    w, b = rng.integers(-1, 2, (q + p + n, cell.d)), rng.integers(-2, 3, q + p + n) / 4 * cell.bias
    w[:, :2] = separated_directions(rng, q + p + n)
    with_opposites = lambda rows: np.concatenate([rows[: q + p], -rows[q : q + p], rows[q + p :]])
    w, b = with_opposites(w), with_opposites(b)
    a = np.append(signs(rng, q + 2 * p), np.zeros(n, int))
    if cell.opposed != "none":  # one more idle neuron, opposite to the idle or to the first single one
        other = -1 if cell.opposed == "idle" else 0
        w, b, a = np.vstack([w, -w[other]]), np.append(b, -b[other]), np.append(a, 0)
    if cell.flat != "none":
        w, b, a = np.vstack([w, 0 * w[:1]]), np.append(b, 0.5 if cell.flat == "on" else -0.5), np.append(a, 1)
    x = dyadic(rng.uniform(-2, 2, (10 * len(w) * (cell.d + 2), cell.d)), 10)
    return w, b, a, x[(x @ w.T + b != 0).all(axis=1)]  # no input at a kink


def classes(cell, further=0):
    linear = cell.p >= 1 or cell.flat == "on"  # the linear functions are tangents: sigma(-z) = sigma(z) - z is none of its own
    return (cell.d + cell.bias) * (cell.q + further + cell.p + linear) + cell.n + (cell.opposed != "none" and not linear)


@RELU.check("exact", directions, DIRECTIONS, clauses=("directions", "opposite", "constant"))
@false("opposite idle neurons count each", formula=lambda cell: classes(cell) + (cell.opposed != "none" and cell.p >= 1))
@false("opposite idle neurons for nothing", formula=lambda cell: classes(cell) - (cell.opposed != "none" and cell.p == 0))
@false("as tanh", formula=lambda cell: classes(cell) + cell.q + cell.p)
@false("a linear part for every pair", formula=lambda cell: (cell.d + cell.bias) * (cell.q + 2 * cell.p) + cell.n)
@false("w = 0 as a direction", formula=lambda cell: classes(cell, further=cell.flat != "none"))
@false("idle neurons for nothing, d = 3 and biases", formula=lambda cell: classes(cell) - cell.n * (cell.d == 3 and cell.bias))
def at_directions(cell, instance, *, formula=classes, method="exact", parallel=False, context):
    """The rank on inputs of all pieces against the formula; identities among the tangents bound it from above."""
    w, b, a, x = instance
    if parallel:
        w, b = np.vstack([w, 2 * w[:1]]), np.append(b, 2 * b[0])
        a = np.append(a, 1)
    model = TwoLayer(cell.d, len(w), activation="relu", bias=cell.bias)
    theta = pack_known(model, input_weights=w, input_biases=b, output_weights=a[None])
    found = empirical_rank(model, theta, x, method)
    if method == "exact":
        found = replace(found, upper=structural_upper_bound(model, theta))  # more inputs might show more
    return rank_is(formula(cell) + parallel * (cell.d + cell.bias), found, theta=theta)


RELU.twin(at_directions, "property", changed={"method": "float"}, tolerance=FLOATS)
RELU.without("distinct directions", at_directions, parallel=True)

#: Widths; without biases all hidden layers but the last have two neurons or more.
SHAPES = by_level(
    ((2, 3, 1), (2, 2, 2, 1), (2, 3, 2, 1), (2, 2, 1, 1)),
    ((2, 3, 1), (3, 4, 1), (2, 2, 2, 1), (2, 3, 2, 1), (3, 2, 3, 1), (2, 3, 3, 1), (2, 2, 1, 1), (3, 3, 1, 1)),
)
DEEP = axes(widths=SHAPES, bias=(False, True), where=lambda widths, bias: not bias or 1 not in widths[1:-1])


def rescalings(model, theta):
    """For every hidden neuron the direction (w_in, b_in; -w_out) along which a positively homogeneous network is constant."""
    for l in range(1, model.depth):
        places = wiring(model, l)
        for incoming, outgoing in zip(places.incoming, places.outgoing, strict=True):
            direction = theta * 0
            direction[incoming], direction[outgoing] = theta[incoming], -theta[outgoing]
            yield direction


def tangent_matrix(model, theta, rng):
    """On inputs near and far, none at a kink, so that a rank there is one on an open set."""
    x = np.concatenate([rng.integers(-size, size, (3 * model.n_params, model.inputs)) for size in (4, 12, 60)])
    x = rationals(x + rng.integers(1, 2**20, x.shape) / 2**20)
    return x, tangents(model, rationals(theta), x)[1].reshape(-1, model.n_params)


@RELU.check("exact", a_seed, DEEP, clauses=("rescaling", "attained"))
@false("all parameters", dimensions=lambda model: model.n_params)
@false("one rescaling in all", dimensions=lambda model: model.n_params - 1)
@false("a rescaling a layer", dimensions=lambda model: model.n_params - (model.depth - 1))
def deep(cell, seed, *, dimensions=lambda model: model.n_params - sum(model.widths[1:-1]), context):
    """The rescalings are identities among the tangents, which bounds R from above; the best of 150 integer points attains the bound."""
    model, best, rng = FullyConnected(cell.widths, "relu", bias=cell.bias), 0, context.rng(seed)
    for _ in range(150):
        theta = rng.integers(-9, 10, model.n_params)
        _, J = tangent_matrix(model, theta, rng)
        best, kernel = max(best, rank_rational(J)), np.array(list(rescalings(model, rationals(theta))))
        if best == model.n_params - rank_rational(kernel):
            break
    found = Rank(best, model.n_params - rank_rational(kernel), True, "point", "exact")
    return worst([vanishing("tangents along rescalings", J @ kernel.T), rank_is(dimensions(model), found, widths=cell.widths)])


CUTS = axes(
    widths=((2, 1, 2, 1), (3, 1, 2, 1), (2, 1, 3, 1), (2, 1, 2, 2), (2, 2, 1, 2, 1), (2, 3, 1, 2, 2, 1), (2, 2, 1, 2, 3)),
    quick=3,
    standard=10,
)


@RELU.check("exact", a_seed, CUTS, clauses="one neuron")
@false("with biases too", bias=True)
@false("cut before the layer of one neuron", place=lambda widths: widths.index(1) - 1)
@false("cut to one output", outputs=lambda widths: 1)
def one_neuron(cell, seed, *, bias=False, place=lambda widths: widths.index(1), outputs=lambda widths: widths[-1], context):
    """At a point where what follows the layer multiplies by c != 0: the tangents span what those of the cut network span."""
    model, rng, l, q = FullyConnected(cell.widths, "relu", bias=bias), context.rng(seed), place(cell.widths), outputs(cell.widths)
    cut = FullyConnected((*cell.widths[: l + 1], q), "relu", bias=bias)
    theta = rng.integers(1, 10, model.n_params)
    theta[: sum(np.prod(shape) for shape in list(cut.shapes.values())[:-1])] *= rng.choice([-1, 1])
    x, J = tangent_matrix(model, theta, rng)
    weights = model.unpack(theta)
    factor = reduce(np.matmul, (weights[f"W{k}"] for k in range(model.depth, l + 1, -1)), np.eye(cell.widths[-1], dtype=int))
    last = (factor @ weights[f"W{l + 1}"])[:q]
    head = cut.n_params - last.size - bias * q
    point = np.concatenate([theta[:head], last.ravel(), np.ones(bias * q, int)])
    other = np.zeros((len(x), cell.widths[-1], cut.n_params), dtype=object)
    other[:, :q] = tangents(cut, rationals(point), x)[1]
    other = other.reshape(len(J), -1)
    ranks = [rank_rational(part) for part in (other, J, np.hstack([J, other]))]
    return equal(rank=(ranks[0], ranks[1]), together=(ranks[0], ranks[2]), shown={"theta": theta})


CHAINS = axes(d=(1, 2), layers=by_level((3, 4), (3, 4, 5, 6)), quick=1, standard=4)


@RELU.check("exact", a_seed, CHAINS, clauses="chain")
@false("M - #hidden", dimension=lambda d, layers: d + layers)
@false("as one hidden layer", dimension=lambda d, layers: relu_chain_dimension(d, 2))
@false("a kink more", dimension=lambda d, layers: relu_chain_dimension(d, layers) + 1)
def chain(cell, seed, *, dimension=relu_chain_dimension, context):
    """Layers of one neuron: at ten drawn points no rank is larger, and where the second ends what the first began it is attained.

    The tangents are affine on three pieces of the line of w . x at most; inputs are drawn on all scales.
    """
    model, rng = FullyConnected((cell.d, *[1] * cell.layers), "relu"), context.rng(seed)
    ranks = [rank_rational(tangent_matrix(model, rng.integers(-9, 10, model.n_params), rng)[1]) for _ in range(10)]
    made = model.unpack(rng.integers(1, 4, model.n_params))
    made["W2"], made["b2"] = -made["W2"], 9 * made["b2"] + 9  # the piece in the middle is at least two wide, and ends before 60
    found = rank_rational(tangent_matrix(model, model.pack(**made), rng)[1])
    most, value = max(ranks), dimension(cell.d, cell.layers)
    return worst([equal(attained=(value, found)), at_most("rank", most, value, attained=False)])
