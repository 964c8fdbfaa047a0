"""Embedding in width: pairs on splitting, null neurons, inertia and the graph of architectures."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from referee_twins import (
    ALMOST_SURELY,
    AT_EDGES,
    CONSTANT,
    DROPPED,
    EDGE,
    FLOAT,
    OFF_BY_ONE,
    SMALL,
    WIDTH_PAPER,
    Pair,
    Side,
    agreed,
    numbered,
    sides,
    within,
)

from proofs_check import Outcome, Source, draws

ONE_OUTPUT = [(1, 1, 1), (2, 1, 1), (1, 2, 1)]
ARCHITECTURES = [*ONE_OUTPUT, (1, 1, 2), (1, 2, 2), (2, 1, 2)]


def fractions(values, denominator=1):
    return np.array([Fraction(int(value), denominator) for value in np.ravel(values)], dtype=object).reshape(np.shape(values))


def inputs(rng, n, d):
    """Distinct rational inputs."""
    grid = np.array(np.meshgrid(*[np.arange(-9, 10)] * d)).reshape(d, -1).T
    return fractions(rng.permutation(grid)[:n], 3)


def no_zeros(rng, model):
    return draws.nonzero(rng, model.n_params, 3)


def any_point(rng, model):
    return draws.parameters(rng, model, largest=3)


def drawn(rng, widths, *, point=no_zeros):
    """A network with rational sigma, a point and distinct inputs for planting."""
    from theory.models import FullyConnected

    model = FullyConnected(widths, "ratsig4")
    theta = fractions(point(rng, model), 2)
    n = -(-model.n_params // model.outputs) + 3
    return model, theta, inputs(rng, n, model.inputs)


def planted(rng, widths, *, size=Fraction(1, 3), point=no_zeros):
    """A network, an exact critical point of it and the data."""
    from numerics.planting import plant

    model, theta, x = drawn(rng, widths, point=point)
    return model, theta, plant(model, theta, x, size=size, seed=int(rng.integers(1 << 30)))


def matrices(model, theta, data, neuron):
    from numerics.arithmetic.exact import rationals
    from numerics.hessian.neuron_matrices import neuron_matrices
    from numerics.planting import cotangent_of

    cotangent = cotangent_of(model, theta, data)
    return neuron_matrices(model, rationals(theta), rationals(data[0]), cotangent, 1, neuron)


def inertia_of(model, theta, data):
    from numerics.hessian import inertia

    return np.array(inertia(model, theta, data, method="exact").counts)


def fraction_of(rng, largest=18):
    return Fraction(int(rng.integers(-largest, largest + 1)), int(rng.integers(1, 7)))


# ------------------------------------------------------------------------------------------------------ second order


def check_congruence(instance, *, claimed, domain, context):
    from numerics.arithmetic.exact import rational, rationals
    from numerics.hessian import hessian
    from theory.embedding import split, split_congruence
    from theory.embedding.blocks import bordered, direct_sum

    rng = context.rng(instance)
    model, theta, x = drawn(rng, ARCHITECTURES[int(rng.integers(len(ARCHITECTURES)))])
    data = x, fractions(rng.integers(-5, 6, (len(x), model.outputs)))
    neuron, alpha = int(rng.integers(model.widths[1])), fraction_of(rng)
    embedding = split(model, 1, neuron, alpha)
    wide = hessian(embedding.wide, embedding(theta), data)
    C = rationals(split_congruence(model, 1, neuron, alpha).dense())
    B, S = matrices(model, theta, data, neuron)
    expected = direct_sum(hessian(model, theta, data), bordered(B, S * rational(claimed(alpha))))
    same = bool((C.T @ wide @ C == expected).all())
    return agreed(True, same, widths=model.widths, theta=theta, alpha=alpha)


def check_tiny_alpha(instance, *, claimed, domain, context):
    from numerics.hessian.inertias import exact_inertia
    from theory.embedding import split

    rng = context.rng(instance)
    model, theta, data = planted(rng, ONE_OUTPUT[int(rng.integers(2))])
    alpha = Fraction(1, 10 ** int(rng.integers(16, 25)))
    embedding = split(model, 1, 0, alpha)
    _, S = matrices(model, theta, data, 0)
    extra = inertia_of(embedding.wide, embedding(theta), data) - inertia_of(model, theta, data)
    return agreed(tuple(claimed(exact_inertia(S).counts)), tuple(extra.tolist()), widths=model.widths, theta=theta, alpha=alpha)


def check_further_zero(instance, *, claimed, domain, context):
    from theory.embedding import split

    rng = context.rng(instance)
    model, theta, data = planted(rng, ARCHITECTURES[int(rng.integers(len(ARCHITECTURES)))], point=domain)
    neuron = int(rng.integers(model.widths[1]))
    embedding = split(model, 1, neuron, fraction_of(rng))
    extra = inertia_of(embedding.wide, embedding(theta), data)[1] - inertia_of(model, theta, data)[1]
    if extra >= claimed:
        return Outcome.holds()
    return Outcome.fails(f"{extra} further zeros", counterexample={"widths": model.widths, "theta": theta, "neuron": neuron})


def check_split_minimum(instance, *, claimed, domain, context):
    from numerics.hessian.inertias import exact_inertia
    from theory.embedding import split

    rng = context.rng(instance)
    model, theta, data = planted(rng, (1, 1, 1), size=Fraction(1, 50))
    narrow = inertia_of(model, theta, data)
    if narrow[2] != model.n_params:
        return Outcome.inconclusive("the planted point is no strict minimum")
    alpha = Fraction(int(rng.integers(1, 8)), 8) + int(rng.integers(-1, 2))
    if alpha in (0, 1):
        alpha = Fraction(1, 2)
    embedding = split(model, 1, 0, alpha)
    _, S = matrices(model, theta, data, 0)
    saddle = bool(inertia_of(embedding.wide, embedding(theta), data)[0])
    expected = claimed(exact_inertia(S).counts, alpha)
    return agreed(expected, saddle, theta=theta, alpha=alpha)


def negative_curvature(counts, alpha):
    return counts[0] > 0 if 0 < alpha < 1 else counts[2] > 0


def check_least_eigenvalue(instance, *, claimed, domain, context):
    from numerics.hessian import hessian
    from numerics.hessian.neuron_matrices import neuron_matrices
    from numerics.planting import cotangent_of, plant
    from theory.embedding import split
    from theory.models import FullyConnected

    rng = context.rng(instance)
    d, m = int(rng.integers(1, 3)), int(rng.integers(1, 3))
    model = FullyConnected((d, m, 1))
    theta, x = rng.normal(0, 1.2, model.n_params), rng.normal(0, 1.3, (model.n_params + 6, d))
    data = plant(model, theta, x, size=0.05, seed=instance)
    alpha = float(rng.uniform(0.1, 0.9))
    embedding = split(model, 1, 0, alpha)
    values = np.linalg.eigvalsh(hessian(embedding.wide, embedding(theta), data))
    S = neuron_matrices(model, theta, x, cotangent_of(model, theta, data), 1, 0)[1]
    least = float(np.linalg.eigvalsh(S)[0])
    if least >= 0:
        return Outcome.skipped("S has no negative eigenvalue: nothing is said")
    tolerance = 64 * len(values) * np.finfo(float).eps * abs(values).max()
    return within(max(values[0] - claimed(alpha) * least, 0.0), tolerance, "least eigenvalue above the bound", theta=theta, alpha=alpha)


def kappa(alpha):
    return alpha * (1 - alpha) / (alpha**2 + (1 - alpha) ** 2)


# ------------------------------------------------------------------------------------------------------- first order


def critical(model, theta, data):
    from numerics.hessian import gradient

    return not any(value != 0 for value in gradient(model, theta, data))


def check_null_neuron(instance, *, claimed, domain, context):
    from theory.embedding import null
    from theory.embedding.wiring import wiring

    rng = context.rng(instance)
    model, theta, data = planted(rng, ARCHITECTURES[int(rng.integers(len(ARCHITECTURES)))])
    embedding = null(model, 1, fraction_of(rng, 6))
    wide, lines = embedding(theta), wiring(embedding.wide, 1)
    incoming, outgoing = claimed(rng, model.inputs, model.outputs)
    wide[lines.incoming[-1][: model.inputs]] = fractions(incoming)
    wide[lines.outgoing[-1]] = fractions(outgoing)
    return agreed(True, critical(embedding.wide, wide, data), widths=model.widths, theta=theta, incoming=incoming)


def silent(rng, d, outputs):
    return np.zeros(d, int), np.zeros(outputs, int)


def any_input(rng, d, outputs):
    return draws.nonzero(rng, d), np.zeros(outputs, int)


def any_output(rng, d, outputs):
    return np.zeros(d, int), draws.nonzero(rng, outputs)


def check_null_without_biases(instance, *, claimed, domain, context):
    from numerics.planting import plant
    from theory.models import TwoLayer

    rng = context.rng(instance)
    d, m, name = int(rng.integers(1, 3)), int(rng.integers(1, 3)), str(rng.choice(domain))
    model, wide = TwoLayer(d, m, activation=name), TwoLayer(d, m + 1, activation=name)
    parts = {"input_weights": fractions(draws.nonzero(rng, (m, d)), 2), "output_weights": fractions(draws.nonzero(rng, (1, m)))}
    theta = model.pack(**parts)
    data = plant(model, theta, inputs(rng, model.n_params + 3, d), seed=instance)
    incoming, outgoing = claimed(rng, d, 1)
    moved = wide.pack(
        input_weights=np.concatenate([parts["input_weights"], fractions(incoming)[None]]),
        output_weights=np.concatenate([parts["output_weights"], fractions(outgoing)[None]], axis=1),
    )
    return agreed(True, critical(wide, moved, data), activation=name, theta=theta)


def check_fractions_per_output(instance, *, claimed, domain, context):
    from theory.embedding import split
    from theory.embedding.wiring import wiring

    rng = context.rng(instance)
    model, theta, data = planted(rng, ARCHITECTURES[int(rng.integers(len(ARCHITECTURES)))])
    embedding = split(model, 1, 0, Fraction(1, 2))
    wide, lines = embedding(theta), wiring(embedding.wide, 1)
    whole = 2 * wide[lines.outgoing[0]]
    first, second = claimed(rng, model.outputs)
    wide[lines.outgoing[0]], wide[lines.outgoing[-1]] = whole * first, whole * second
    return agreed(True, critical(embedding.wide, wide, data), widths=model.widths, theta=theta, first=first, second=second)


def one_fraction(rng, outputs):
    alpha = fraction_of(rng)
    return np.array([1 - alpha] * outputs, object), np.array([alpha] * outputs, object)


def own_fractions(rng, outputs):
    alpha = np.array([fraction_of(rng) for _ in range(outputs)], object)
    return 1 - alpha, alpha


def doubled(rng, outputs):
    return np.array([Fraction(1)] * outputs, object), np.array([Fraction(1)] * outputs, object)


# ------------------------------------------------------------------------------------------------------------- graph


def check_architectures(instance, *, claimed, domain, context):
    from theory.embedding import architecture_graph

    rng = context.rng(instance)
    hidden = int(rng.integers(1, 4))
    narrow, added = rng.integers(1, 4, hidden).tolist(), rng.integers(1, 4, hidden).tolist()
    wide = [a + b for a, b in zip(narrow, added, strict=True)]
    graph = architecture_graph((2, *narrow, 1), (2, *wide, 1))
    return agreed(claimed(added), graph.number_of_nodes(), narrow=narrow, wide=wide)


PAIRS = [
    Pair(
        id="referee.split-congruence",
        title="The block that a split adds to the Hessian",
        difficulty=EDGE,
        source=Source(WIDTH_PAPER, "Theorem 6.2"),
        scope="six architectures, arbitrary rational points and data, alpha from -18 to 18",
        run=check_congruence,
        instances=numbered(10, 60),
        true=Side(statement=r"\alpha(1-\alpha) S_s", claimed=lambda alpha: alpha * (1 - alpha)),
        false=Side(statement=r"|\alpha(1-\alpha)| S_s", claimed=lambda alpha: abs(alpha * (1 - alpha))),
        control=("alpha S", lambda alpha: alpha + 1),
    ),
    Pair(
        id="referee.tiny-fraction",
        title="What a split by a tiny fraction adds to the inertia",
        difficulty=FLOAT,
        source=Source(WIDTH_PAPER, "Theorem 6.2"),
        scope="exact critical points of networks 1-1-1 and 2-1-1, alpha from 1e-24 to 1e-16",
        run=check_tiny_alpha,
        instances=numbered(6, 30),
        true=Side(statement=r"(0, 1, 0) + \mathrm{In}(S_s)", claimed=lambda counts: (counts[0], counts[1] + 1, counts[2])),
        false=Side(statement=r"(0, 1 + d_l, 0)", claimed=lambda counts: (0, 1 + sum(counts), 0)),
        control=("no zero", lambda counts: counts),
    ),
    Pair(
        id="referee.further-zero",
        title="Every split adds a zero eigenvalue",
        difficulty=ALMOST_SURELY,
        source=Source(WIDTH_PAPER, "Theorem 6.1"),
        scope="exact critical points of six architectures",
        run=check_further_zero,
        instances=AT_EDGES,
        relation="lower",
        true=Side(statement=r"n_0' \ge n_0 + 1,\ \text{no weight zero}", claimed=1, domain=no_zeros),
        false=Side(statement=r"n_0' \ge n_0 + 1", claimed=1, domain=any_point),
        control=("eight of them", 8),
    ),
    Pair(
        id="referee.split-minimum",
        title="When a split strict minimum is a strict saddle",
        difficulty=ALMOST_SURELY,
        source=Source(WIDTH_PAPER, "section 6"),
        scope="planted strict minima of 1-1-1, alpha between -1 and 2",
        run=check_split_minimum,
        instances=AT_EDGES,
        true=Side(
            statement=r"\text{saddle} \Leftrightarrow \alpha(1-\alpha) S \text{ has a negative eigenvalue}", claimed=negative_curvature
        ),
        false=Side(statement=r"\text{always a strict saddle, } \alpha \notin \{0, 1\}", claimed=lambda counts, alpha: True),
        control=("never", lambda counts, alpha: False),
    ),
    Pair(
        id="referee.least-eigenvalue",
        title="How negative a split makes the Hessian",
        difficulty=CONSTANT,
        source=Source(WIDTH_PAPER, "section 6"),
        scope="planted tanh networks with one output, alpha from 0.1 to 0.9",
        run=check_least_eigenvalue,
        instances=numbered(12, 80),
        evidence="property",
        relation="upper",
        tolerance="64 P eps |lambda|_max, the backward error of symmetric eigenvalues",
        true=Side(statement=r"\lambda_{\min}' \le \tfrac{\alpha(1-\alpha)}{\alpha^2+(1-\alpha)^2} \lambda_{\min}(S)", claimed=kappa),
        false=Side(
            statement=r"\lambda_{\min}' \le \tfrac{\alpha(1-\alpha)}{1-3\alpha(1-\alpha)} \lambda_{\min}(S)",
            claimed=lambda alpha: alpha * (1 - alpha) / (1 - 3 * alpha * (1 - alpha)),
        ),
        control=("tenfold", lambda alpha: 10 * kappa(alpha) + 10),
    ),
    Pair(
        id="referee.null-neuron",
        title="A neuron without outgoing weights keeps a critical point",
        difficulty=DROPPED,
        source=Source(WIDTH_PAPER, "Proposition 4.1"),
        scope="exact critical points of six architectures, any bias",
        run=check_null_neuron,
        instances=numbered(10, 60),
        true=Side(statement=r"\text{incoming weights } 0", claimed=silent),
        false=Side(statement=r"\text{any incoming weights}", claimed=any_input),
        control=("outgoing weights", any_output),
    ),
    Pair(
        id="referee.null-without-biases",
        title="A null neuron keeps a critical point of a network without biases",
        difficulty=DROPPED,
        source=Source("arXiv:2307.08921v1", "equation 35"),
        scope="two-layer networks of width up to 2, rational activations",
        run=check_null_without_biases,
        instances=numbered(10, 60),
        true=Side(statement=r"\sigma(0) = 0", claimed=silent, domain=["ratsig4", "ratsig"]),
        false=Side(statement=r"\text{any differentiable } \sigma", claimed=silent, domain=["ratsig4", "ratsig", "lorentz"]),
        control=("any incoming weights", any_input),
    ),
    Pair(
        id="referee.fraction-per-output",
        title="Splitting with a fraction of its own for every outgoing weight",
        difficulty=SMALL,
        source=Source(WIDTH_PAPER, "Definition 4.4"),
        scope="exact critical points of six architectures, alpha from -18 to 18",
        run=check_fractions_per_output,
        instances=numbered(10, 60),
        true=Side(statement=r"\text{critical for one } \alpha", claimed=one_fraction),
        false=Side(statement=r"\text{critical for any } \alpha_t", claimed=own_fractions),
        control=("two full copies", doubled),
    ),
    Pair(
        id="referee.architectures-between",
        title="How many architectures lie between two, ends included",
        difficulty=OFF_BY_ONE,
        source=Source(WIDTH_PAPER, "Definition 4.5"),
        scope="one to three hidden layers, one to three neurons added to each",
        run=check_architectures,
        instances=numbered(15, 60),
        true=Side(statement=r"\prod (K_l + 1)", claimed=lambda added: math.prod(k + 1 for k in added)),
        false=Side(statement=r"1 + \prod K_l", claimed=lambda added: 1 + math.prod(added)),
        control=("orders", lambda added: math.factorial(sum(added)) + 9),
    ),
]


def claims(side):
    """The claims of one side."""
    return sides(PAIRS, side)
