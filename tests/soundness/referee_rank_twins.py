"""Model rank: pairs on factorizations, two-layer networks, convolutions and sampling."""

from __future__ import annotations

import math

import numpy as np
from referee_twins import (
    AT_EDGES,
    DROPPED,
    EDGE,
    FLOAT,
    LINEAR_PAPER,
    OFF_BY_ONE,
    OPTIMISTIC_PAPER,
    RANK_PAPER,
    SMALL,
    Pair,
    Side,
    agreed,
    numbered,
    sides,
)

from proofs_check import Outcome, Source, draws


def rank_of(found, claimed, **instance):
    """Compares a rank between proved bounds with what was claimed."""
    if found.lower <= claimed <= found.upper and found.rank is None:
        return Outcome.inconclusive(f"rank between {found.lower} and {found.upper}")
    return agreed(claimed, claimed if found.lower <= claimed <= found.upper else found.lower, **instance)


# ------------------------------------------------------------------------------------------------------- completion


def sampled_rank(left, right, pattern):
    """Rank of the tangents of A B on the sampled entries, over the rationals."""
    from numerics.rank import empirical_rank
    from theory.models import MatrixFactorization

    model = MatrixFactorization(left.shape[0], right.shape[1], left.shape[1])
    return empirical_rank(model, model.pack(left=left, right=right), model.entries()[pattern]).rank


def check_connected(instance, *, claimed, domain, context):
    rng = context.rng(instance)
    d1, d2 = (int(size) for size in rng.integers(2, 5, 2))
    factors = [rng.choice(domain, size) for size in (d1, d2)]
    for factor in factors:
        factor[0] = factor[0] or 1  # the target has rank one, not zero
    n = int(rng.integers(d1 + d2 - 1, d1 * d2 + 1))
    pattern = sorted(rng.choice(d1 * d2, n, replace=False).tolist())
    recovered = sampled_rank(factors[0][:, None], factors[1][None], pattern) == d1 + d2 - 1
    return agreed(claimed(d1, d2, pattern), recovered, rows=factors[0], columns=factors[1], pattern=pattern)


def connected(d1, d2, pattern):
    from theory.rank import completion

    return completion.connected(d1, d2, pattern)


def check_degrees(instance, *, claimed, domain, context):
    rng = context.rng(instance)
    left, right = draws.nonzero(rng, (4, 2), 9), draws.nonzero(rng, (2, 4), 9)
    pattern = sorted(rng.choice(16, 12, replace=False).tolist())
    grid = np.zeros(16, int)
    grid[pattern] = 1
    least = int(min(grid.reshape(4, 4).sum(axis=0).min(), grid.reshape(4, 4).sum(axis=1).min()))
    recovered = sampled_rank(left, right, pattern) == 12
    if claimed(recovered, least):
        return Outcome.holds()
    return Outcome.fails(
        f"recovered: {recovered}, least number of entries in a line: {least}",
        counterexample={"left": left, "right": right, "pattern": pattern},
    )


def grids(context):
    return [(d1, d2) for d1 in range(1, 4) for d2 in range(1, context.by_level(quick=4, standard=5, full=5))]


def check_number_of_patterns(instance, *, claimed, domain, context):
    from itertools import combinations

    d1, d2 = instance
    rng = context.rng()
    left, right = draws.nonzero(rng, (d1, 1)), draws.nonzero(rng, (1, d2))
    n = d1 + d2 - 1
    good = sum(sampled_rank(left, right, list(pattern)) == n for pattern in combinations(range(d1 * d2), n))
    return agreed(claimed(d1, d2), good, d1=d1, d2=d2)


def trees(d1, d2):
    return d1 ** (d2 - 1) * d2 ** (d1 - 1)


# ---------------------------------------------------------------------------------------------------- factorizations


def check_symmetric(instance, *, claimed, domain, context):
    from numerics.rank import model_rank
    from theory.models.factorizations import SymmetricFactorization

    rng = context.rng(instance)
    d, m = int(rng.integers(1, 6)), int(rng.integers(1, 6))
    a = int(rng.integers(0, min(d, m) + 1))
    A = np.zeros((d, m), int)
    A[:, :a] = np.tril(rng.integers(-2, 3, (d, a)), -1) + np.eye(d, a, dtype=int)
    model = SymmetricFactorization(d, m)
    return rank_of(model_rank(model, model.pack(A=A)), claimed(d, a), A=A)


def check_tensor_format(instance, *, claimed, domain, context):
    from numerics.rank import model_rank
    from theory.models.factorizations import CPFactorization

    rng = context.rng(instance)
    largest, most = domain
    sizes = tuple(int(size) for size in rng.integers(2, largest + 1, 3))
    components = int(rng.integers(1, most + 1))
    model = CPFactorization(sizes, components)
    # A rank at one point is at most the generic one: the largest of three random points stands for it.
    found = max(model_rank(model, draws.nonzero(rng, model.n_params, 99)).rank for _ in range(3))
    return agreed(claimed(sizes, components), found, sizes=sizes, components=components)


def expected_format(sizes, components):
    return min(components * (sum(sizes) - 2), math.prod(sizes))


# --------------------------------------------------------------------------------------------------------- networks


def structured_neurons(rng, d, m):
    """Input weights (m, d) and output weights (m,): zero, fresh, or plus or minus a copy."""
    weights, outputs = [], rng.integers(-2, 3, m)
    for _ in range(m):
        kind = rng.random()
        if kind < 0.18:
            weights.append(np.zeros(d, int))
        elif kind < 0.45 or not weights:
            weights.append(draws.nonzero(rng, d))
        else:
            weights.append(weights[int(rng.integers(len(weights)))] * rng.choice([-1, 1]))
    return np.array(weights), outputs


def check_strata(instance, *, claimed, domain, context):
    from numerics.rank import model_rank
    from theory.models import TwoLayer

    rng = context.rng(instance)
    d, m = int(rng.integers(1, 4)), int(rng.integers(1, 6))
    weights, outputs = structured_neurons(rng, d, m)
    classes, linear = {}, False
    for w, a in zip(weights.tolist(), outputs.tolist(), strict=True):
        if not any(w):
            linear |= a != 0
            continue
        sign = 1 if tuple(w) > tuple(-c for c in w) else -1
        classes.setdefault(tuple(sign * c for c in w), []).append(sign * a)
    model = TwoLayer(d, m)
    found = model_rank(model, model.pack(input_weights=weights, output_weights=outputs[None]))
    expected = len(classes) + d * sum(bool(claimed(members)) for members in classes.values()) + d * linear
    return rank_of(found, expected, weights=weights, outputs=outputs)


def check_biased_neurons(instance, *, claimed, domain, context):
    from numerics.rank import model_rank
    from theory.models import TwoLayer

    rng = context.rng(instance)
    name, d, k = str(rng.choice(domain)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    model = TwoLayer(d, k, activation=name, bias=True)
    weights = rng.permutation(9)[:k, None] + 1 + 9 * rng.integers(0, 3, (k, d)) * (np.arange(d) > 0)
    theta = model.pack(input_weights=weights, input_biases=draws.nonzero(rng, k), output_weights=draws.nonzero(rng, (1, k)))
    return rank_of(model_rank(model, theta), claimed(d, k), activation=name, weights=weights)


def check_constant_target(instance, *, claimed, domain, context):
    from numerics.rank import model_rank
    from theory.models import TwoLayer

    rng = context.rng(instance)
    d = int(rng.integers(1, 6))
    model = TwoLayer(d, 1, bias=True)
    theta = model.pack(input_weights=np.zeros((1, d), int), input_biases=draws.nonzero(rng, 1), output_weights=draws.nonzero(rng, (1, 1)))
    return rank_of(model_rank(model, theta), claimed(d), d=d, theta=theta)


def is_translate(first, second):
    """Whether one padded kernel is plus or minus the other, moved by one or more places."""
    size = len(first)
    for shift in range(1, size):
        for a, b in ((first, second), (second, first)):
            moved = np.concatenate([np.zeros(shift, int), a])
            still = np.concatenate([b, np.zeros(shift, int)])
            if (moved == still).all() or (moved == -still).all():
                return True
    return False


def check_kernels(instance, *, claimed, domain, context):
    from numerics.rank import model_rank
    from theory.models import TwoLayerCNN

    rng = context.rng(instance)
    d, s = int(rng.integers(3, 6)), 2
    while True:
        kernels = draws.rows(rng, 2, s, largest=2)
        distinct = (kernels[0] != kernels[1]).any() and (kernels[0] != -kernels[1]).any()
        if kernels.any(axis=1).all() and distinct and not (domain and is_translate(*kernels)):
            break
    model = TwoLayerCNN(d, s, 2)
    theta = model.pack(kernels=kernels, output_weights=draws.nonzero(rng, (2, d + 1 - s)))
    return rank_of(model_rank(model, theta), claimed(d, s), d=d, kernels=kernels)


def check_samples(instance, *, claimed, domain, context):
    from numerics.rank import empirical_rank
    from theory.models import TwoLayer

    rng = context.rng(instance)
    name, d, k = str(rng.choice(domain)), int(rng.integers(1, 4)), int(rng.integers(1, 3))
    model = TwoLayer(d, k, activation=name)
    rank = k * d if name == "relu" else k * (d + 1)
    n = int(rng.integers(1, rank + 4))
    theta, x = dyadic(rng.normal(size=model.n_params)), dyadic(rng.normal(size=(n, d)))
    return rank_of(empirical_rank(model, theta, x), claimed(n, rank), activation=name, theta=theta, x=x)


def dyadic(values, bits=24):
    """Exact rationals; the grid is so fine that no weight comes out as 0, where the rank would be smaller."""
    return np.round(np.asarray(values) * 2**bits) / 2**bits


def check_vector_samples(instance, *, claimed, domain, context):
    from numerics.rank import empirical_rank
    from theory.models import TwoLayer

    rng = context.rng(instance)
    k, d, q = int(rng.integers(1, 3)), int(rng.integers(1, 4)), int(rng.integers(1, 4))
    model, rank = TwoLayer(d, k, outputs=q), k * (d + q)
    x = dyadic(rng.normal(size=(max(claimed(rank, q), 1), d)))
    theta = dyadic(rng.normal(size=model.n_params))
    found = empirical_rank(model, theta, x)
    if claimed(rank, q) < 1:
        return Outcome.fails("no sample can be enough", counterexample={"rank": rank})
    return rank_of(found, rank, k=k, d=d, q=q, x=x, theta=theta)


def check_float_rank(instance, *, claimed, domain, context):
    from numerics.rank import model_rank
    from theory.models import TwoLayer

    rng = context.rng(instance)
    d, k = int(rng.choice(domain["inputs"])), int(rng.integers(1, domain["widest"] + 1))
    model = TwoLayer(d, k)
    theta = dyadic(rng.normal(size=model.n_params))
    jacobian = np.asarray(float_tangents(model, theta, rng.normal(size=(3 * model.n_params, d))))
    values = np.linalg.svd(jacobian, compute_uv=False)
    return rank_of(model_rank(model, theta), int(claimed(values, jacobian.shape)), d=d, k=k, theta=theta)


def float_tangents(model, theta, x):
    from numerics.derivatives.tape import tangents

    return tangents(model, theta, x)[1][:, 0]


def standard_tolerance(values, shape):
    return (values > max(shape) * np.finfo(float).eps * values[0]).sum()


PAIRS = [
    Pair(
        id="referee.completion-graph",
        title="A rank-one matrix is recovered to first order exactly from the connected patterns",
        difficulty=DROPPED,
        source=Source(RANK_PAPER, "Figure 4"),
        scope="grids up to 4 x 4, integer factors up to 3",
        run=check_connected,
        instances=numbered(30, 200),
        true=Side(
            statement=r"R_S = R(f^*) \Leftrightarrow \text{the graph of } S \text{ is connected, where no entry of } f^* \text{ is } 0",
            claimed=connected,
            domain=[-3, -2, -1, 1, 2, 3],
        ),
        false=Side(
            statement=r"R_S = R(f^*) \Leftrightarrow \text{the graph of } S \text{ is connected}",
            claimed=connected,
            domain=[-3, -2, -1, 0, 1, 2, 3],
        ),
        control=("any pattern of that size", lambda d1, d2, pattern: True),
    ),
    Pair(
        id="referee.completion-degrees",
        title="Rank two in 4 x 4 from 12 entries: two entries in every line",
        difficulty=EDGE,
        source=Source(RANK_PAPER, "Figure 4"),
        scope="4 x 4, rank 2, integer factors up to 9, random patterns of 12 entries",
        run=check_degrees,
        instances=numbered(25, 150),
        relation="lower",
        true=Side(
            statement=r"R_S = R(f^*) \Rightarrow \text{two entries in every line}",
            claimed=lambda recovered, least: not recovered or least >= 2,
        ),
        false=Side(
            statement=r"R_S = R(f^*) \Leftrightarrow \text{two entries in every line}",
            claimed=lambda recovered, least: recovered == (least >= 2),
        ),
        control=("three entries are needed", lambda recovered, least: not recovered or least >= 3),
    ),
    Pair(
        id="referee.completion-count",
        title="How many patterns of least size recover a rank-one matrix",
        difficulty=SMALL,
        source=Source(RANK_PAPER, "Figure 4"),
        scope="grids up to 3 x 4",
        run=check_number_of_patterns,
        instances=grids,
        true=Side(statement=r"d_1^{d_2-1} d_2^{d_1-1}", claimed=trees),
        false=Side(statement=r"\binom{d_1 d_2}{d_1 + d_2 - 1}", claimed=lambda d1, d2: math.comb(d1 * d2, d1 + d2 - 1)),
        control=("one more", lambda d1, d2: trees(d1, d2) + 1),
    ),
    Pair(
        id="referee.symmetric-rank",
        title="The rank of A A^T at a point",
        difficulty=OFF_BY_ONE,
        source=Source(RANK_PAPER, "Lemma 2"),
        scope="d, m up to 5, every rank of A",
        run=check_symmetric,
        instances=numbered(30, 200),
        true=Side(statement=r"R = d(d+1)/2 - (d-a)(d-a+1)/2", claimed=lambda d, a: d * (d + 1) // 2 - (d - a) * (d - a + 1) // 2),
        false=Side(statement=r"R = d(d+1)/2 - (d-a)(d-a-1)/2", claimed=lambda d, a: d * (d + 1) // 2 - (d - a) * (d - a - 1) // 2),
        control=("2 a d - a^2", lambda d, a: 2 * a * d - a * a),
    ),
    Pair(
        id="referee.tensor-format",
        title="The generic rank of a sum of rank-one tensors of order three",
        difficulty=SMALL,
        source=Source(OPTIMISTIC_PAPER, "section 2"),
        scope="random formats of order 3",
        run=check_tensor_format,
        instances=numbered(20, 150),
        true=Side(statement=r"R = \min(r(\sum d_i - 2), \prod d_i),\ d_i, r \le 3", claimed=expected_format, domain=(3, 3)),
        false=Side(statement=r"R = \min(r(\sum d_i - 2), \prod d_i)", claimed=expected_format, domain=(4, 5)),
        control=("components not normalized", lambda sizes, components: min(components * sum(sizes), math.prod(sizes) + 1)),
    ),
    Pair(
        id="referee.tanh-classes",
        title="Which classes of tanh neurons bring their slopes",
        difficulty=EDGE,
        source=Source(RANK_PAPER, "Corollary 2"),
        scope="d up to 3, m up to 5, integer neurons with copies, reflections and zeros",
        run=check_strata,
        instances=AT_EDGES,
        true=Side(statement=r"m_a = \#\{\text{classes with some } a_i \neq 0\}", claimed=any),
        false=Side(statement=r"m_a = \#\{\text{classes with } \sum \pm a_i \neq 0\}", claimed=sum),
        control=("all classes", lambda members: True),
    ),
    Pair(
        id="referee.biased-neurons",
        title="The rank of k generic neurons with hidden biases",
        difficulty=DROPPED,
        source=Source(RANK_PAPER, "Table 3"),
        scope="d, k up to 3, positive integer weights that differ",
        run=check_biased_neurons,
        instances=numbered(16, 100),
        true=Side(
            statement=r"R = k(d+2) \text{ for } \tanh \text{ and the sigmoid}", claimed=lambda d, k: k * (d + 2), domain=["tanh", "sigmoid"]
        ),
        false=Side(
            statement=r"R = k(d+2) \text{ for analytic } \sigma \text{ that is no polynomial}",
            claimed=lambda d, k: k * (d + 2),
            domain=["tanh", "sigmoid", "exp"],
        ),
        control=("biases not counted", lambda d, k: k * (d + 1)),
    ),
    Pair(
        id="referee.constant-target",
        title="The rank at which a constant is represented without an output bias",
        difficulty=OFF_BY_ONE,
        source=Source(RANK_PAPER, "Proposition 5"),
        scope="d up to 5, tanh with a hidden bias, w = 0",
        run=check_constant_target,
        instances=numbered(8, 40),
        true=Side(statement=r"R = d + 1", claimed=lambda d: d + 1),
        false=Side(statement=r"R = d + 2", claimed=lambda d: d + 2),
        control=("one", lambda d: 1),
    ),
    Pair(
        id="referee.two-kernels",
        title="The rank of two kernels of a convolutional network",
        difficulty=DROPPED,
        source=Source(LINEAR_PAPER, "Theorem 6"),
        scope="d from 3 to 5, s = 2, integer kernels up to 2, no output weight 0",
        run=check_kernels,
        instances=AT_EDGES,
        true=Side(
            statement=r"R = 2(s + d + 1 - s),\ K_1 \neq \pm K_2 \text{ and no translate}", claimed=lambda d, s: 2 * (d + 1), domain=True
        ),
        false=Side(statement=r"R = 2(s + d + 1 - s),\ K_1 \neq \pm K_2", claimed=lambda d, s: 2 * (d + 1), domain=False),
        control=("output weights shared", lambda d, s: 2 * (s + 1)),
    ),
    Pair(
        id="referee.generic-samples",
        title="Generic samples see min(n, R) directions",
        difficulty=DROPPED,
        source=Source(RANK_PAPER, "Theorem 1"),
        scope="d up to 3, k up to 2, normal weights and inputs",
        run=check_samples,
        instances=numbered(20, 120),
        true=Side(statement=r"R_S = \min(n, R) \text{ for analytic } \sigma", claimed=min, domain=["tanh", "sigmoid"]),
        false=Side(statement=r"R_S = \min(n, R)", claimed=min, domain=["tanh", "sigmoid", "relu"]),
        control=("all directions", lambda n, rank: rank),
    ),
    Pair(
        id="referee.vector-samples",
        title="Samples with several labels",
        difficulty=SMALL,
        source=Source(LINEAR_PAPER, "Theorem 1"),
        scope="k up to 2, d and q up to 3, tanh, normal inputs",
        run=check_vector_samples,
        instances=numbered(15, 80),
        relation="upper",
        true=Side(statement=r"n = R \text{ generic samples are enough}", claimed=lambda rank, q: rank),
        false=Side(statement=r"n = \lceil R/q \rceil \text{ generic samples are enough}", claimed=lambda rank, q: -(-rank // q)),
        control=("fewer labels than R", lambda rank, q: (rank - 1) // q),
    ),
    Pair(
        id="referee.float-rank",
        title="The numerical rank of the tangents in double precision is the rank",
        difficulty=FLOAT,
        source=Source(LINEAR_PAPER, "section 5"),
        scope="two-layer tanh, normal weights",
        run=check_float_rank,
        instances=numbered(12, 60),
        true=Side(
            statement=r"\#\{s_i > 3M\,\varepsilon\,s_1\} = R,\ d \ge 2,\ k \le 4",
            claimed=standard_tolerance,
            domain={"inputs": [2, 3], "widest": 4},
        ),
        false=Side(
            statement=r"\#\{s_i > 3M\,\varepsilon\,s_1\} = R,\ k \le 10",
            claimed=standard_tolerance,
            domain={"inputs": [1, 2, 3], "widest": 10},
        ),
        control=("a coarse tolerance", lambda values, shape: (values > 0.1 * values[0]).sum()),
    ),
]


def claims(side):
    """The claims of one side."""
    return sides(PAIRS, side)
