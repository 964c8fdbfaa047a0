"""Statements that hold almost surely or off an edge set, tested at points that ``proofs_check.draws`` draws.

Written from the published statements after the draws, and before any of them was run: they measure the draws, which were not made for them.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from referee_twins import (
    ALMOST_SURELY,
    AT_EDGES,
    EDGE,
    OPTIMISTIC_PAPER,
    RANK_PAPER,
    SMALL,
    WIDTH_PAPER,
    Pair,
    Side,
    agreed,
    sides,
)

from proofs_check import Outcome, Source, draws


def exactly(found, claimed, **instance):
    """The rank between its proved bounds against the claimed one."""
    if found.lower <= claimed <= found.upper and found.rank is None:
        return Outcome.inconclusive(f"rank between {found.lower} and {found.upper}")
    return agreed(claimed, claimed if found.lower <= claimed <= found.upper else found.lower, **instance)


def rank(rows):
    from numerics.arithmetic.exact import rank_rational

    return rank_rational(np.array(rows, dtype=object)) if len(rows) else 0


def signed(row):
    """The row up to its sign."""
    return max(tuple(row), tuple(-entry for entry in row))


# ------------------------------------------------------------------------------------------------------------- ranks


def check_factors(instance, *, claimed, domain, context):
    from numerics.rank import model_rank
    from theory.models import MatrixFactorization

    rng = context.rng(instance)
    model = MatrixFactorization(*rng.integers(1, 5, 2).tolist(), int(rng.integers(1, 6)))
    theta = draws.parameters(rng, model)
    left, right = model.unpack(theta).values()
    return exactly(model_rank(model, theta), claimed(left, right), left=left, right=right)


def separate_ranks(left, right):
    a, b = rank(left), rank(right)
    return a * right.shape[1] + b * left.shape[0] - a * b


def rank_of_the_product(left, right):
    r = rank(left @ right)
    return r * (left.shape[0] + right.shape[1] - r)


def check_diagonal_product(instance, *, claimed, domain, context):
    from numerics.rank import empirical_rank
    from theory.models.toy import DeepDiagonal, faithful_points

    rng = context.rng(instance)
    model = DeepDiagonal(int(rng.integers(1, 5)), int(rng.integers(2, 5)))
    theta = draws.parameters(rng, model)
    zeros = (np.array(list(model.unpack(theta).values())) == 0).sum(axis=0)
    return exactly(empirical_rank(model, theta, faithful_points(model.inputs)), int((zeros <= claimed).sum()), theta=theta)


def check_two_samples(instance, *, claimed, domain, context):
    from numerics.rank import empirical_rank
    from theory.models import TwoLayer

    rng = context.rng(instance)
    while True:
        x = draws.rows(rng, 2, 1)
        if x.all() and domain(x[0, 0], x[1, 0]):
            break
    theta = Fraction(1, 2) * draws.nonzero(rng, 2)
    return exactly(empirical_rank(TwoLayer(1, 1), theta, x), claimed, x=x, theta=theta)


def check_several_outputs(instance, *, claimed, domain, context):
    from numerics.rank import model_rank
    from theory.models import TwoLayer

    rng = context.rng(instance)
    d, m, q = (int(size) for size in rng.integers(1, 4, 3))
    model = TwoLayer(d, m, outputs=q)
    theta = draws.parameters(rng, model)
    parts = model.unpack(theta)
    classes = {}
    for w, a in zip(parts["input_weights"].tolist(), parts["output_weights"].T.tolist(), strict=True):
        classes.setdefault(signed(w), []).append(a)
    values = q * sum(any(key) for key in classes)
    return exactly(model_rank(model, theta), values + d * sum(claimed(outgoing) for outgoing in classes.values()), theta=theta)


def some_outgoing(outgoing):
    return int(np.any(outgoing))


def check_biased_strata(instance, *, claimed, domain, context):
    from numerics.rank import model_rank
    from theory.models import TwoLayer

    rng = context.rng(instance)
    d, m = int(rng.integers(1, 4)), int(rng.integers(1, 5))
    model = TwoLayer(d, m, bias=True)
    theta = draws.parameters(rng, model)
    parts = model.unpack(theta)
    classes, null = {}, []
    for w, b, a in zip(parts["input_weights"].tolist(), parts["input_biases"].tolist(), parts["output_weights"][0].tolist(), strict=True):
        if any(w):
            classes.setdefault(signed([*w, b]), []).append(a)
        else:
            null.append((b, a))
    active = sum(any(outgoing) for outgoing in classes.values())
    linear = any(a for _, a in null)
    expected = len(classes) + (d + 1) * active + d * linear + any(claimed(b, a) for b, a in null)
    return exactly(model_rank(model, theta), expected, theta=theta)


# ------------------------------------------------------------------------------------------------------------- width


def planted(rng, widths, activation):
    from numerics.planting import plant
    from theory.models import FullyConnected

    model = FullyConnected(widths, activation)
    theta = Fraction(1, 2) * draws.nonzero(rng, model.n_params, 3)
    grid = np.array(np.meshgrid(*[np.arange(-9, 10)] * widths[0])).reshape(widths[0], -1).T
    x = Fraction(1, 3) * rng.permutation(grid)[: -(-model.n_params // model.outputs) + 3]
    return model, theta, plant(model, theta, x, seed=int(rng.integers(1 << 30)))


def added(embedding, theta, data):
    """(negative, zero, positive) eigenvalues that the embedding adds."""
    from numerics.hessian import inertia

    wide = inertia(embedding.wide, embedding(theta), data, method="exact").counts
    narrow = inertia(embedding.narrow, theta, data, method="exact").counts
    return tuple(int(b - a) for a, b in zip(narrow, wide, strict=True))


def check_null_neuron(instance, *, claimed, domain, context):
    from numerics.arithmetic.exact import rank_rational, rationals
    from numerics.planting import cotangent_of
    from theory.embedding import null

    rng = context.rng(instance)
    widths = [(1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 1)][int(rng.integers(4))]
    model, theta, data = planted(rng, widths, "ratsig")
    bias = draws.fraction(rng)
    inputs = np.concatenate([rationals(data[0]), rationals(np.ones((len(data[0]), 1), dtype=int))], axis=1)
    r = rank_rational(rationals(cotangent_of(model, theta, data)).T @ inputs)
    m, d = widths[2], widths[0] + 1
    r = r if claimed(bias) else 0
    return agreed((r, m + d - 2 * r, r), added(null(model, 1, bias), theta, data), widths=widths, theta=theta, bias=bias)


def check_copies(instance, *, claimed, domain, context):
    from numerics.arithmetic.exact import rationals
    from numerics.hessian.inertias import exact_inertia
    from numerics.hessian.neuron_matrices import neuron_matrices
    from numerics.planting import cotangent_of
    from theory.embedding import copies

    rng = context.rng(instance)
    model, theta, data = planted(rng, [(1, 1, 1), (2, 1, 1)][int(rng.integers(2))], "ratsig4")
    new = [draws.fraction(rng) for _ in range(int(rng.integers(1, 3)))]
    fractions = [1 - sum(new), *new]
    S = neuron_matrices(model, rationals(theta), rationals(data[0]), cotangent_of(model, theta, data), 1, 0)[1]
    minus, _, plus = exact_inertia(S).counts
    p, q = sum(claimed(beta) for beta in fractions), sum(beta < 0 for beta in fractions)
    found = added(copies(model, 1, 0, fractions), theta, data)
    expected = (p - 1) * minus + q * plus, (p - 1) * plus + q * minus
    return agreed(expected, (found[0], found[2]), theta=theta, fractions=fractions)


PAIRS = [
    Pair(
        id="referee.factor-ranks",
        title="The rank of A B at a point",
        difficulty=ALMOST_SURELY,
        source=Source(RANK_PAPER, "Lemma 2"),
        scope="sizes up to 4, inner widths up to 5, integer factors of every rank",
        run=check_factors,
        instances=AT_EDGES,
        true=Side(statement=r"R = a d_2 + b d_1 - a b,\ a = \operatorname{rank} A,\ b = \operatorname{rank} B", claimed=separate_ranks),
        false=Side(statement=r"R = r (d_1 + d_2 - r),\ r = \operatorname{rank} A B", claimed=rank_of_the_product),
        control=("both products full", lambda left, right: left.shape[0] * right.shape[1] + 1),
    ),
    Pair(
        id="referee.diagonal-product",
        title="The rank of a deep diagonal model at a point",
        difficulty=ALMOST_SURELY,
        source=Source(OPTIMISTIC_PAPER, "equation 9"),
        scope="up to four inputs, two to four layers",
        run=check_diagonal_product,
        instances=AT_EDGES,
        true=Side(statement=r"R = \#\{j : a_j \text{ has at most one zero}\}", claimed=1),
        false=Side(statement=r"R = \#\{j : \prod_l a_j^{[l]} \neq 0\}", claimed=0),
        control=("all", 9),
    ),
    Pair(
        id="referee.two-samples",
        title="Two samples determine a tanh neuron on the line to first order",
        difficulty=ALMOST_SURELY,
        source=Source(RANK_PAPER, "Theorem 1"),
        scope="one neuron of non-zero weights, integer samples",
        run=check_two_samples,
        instances=AT_EDGES,
        true=Side(statement=r"R_S = 2,\ |x_1| \neq |x_2|,\ x_i \neq 0", claimed=2, domain=lambda first, second: abs(first) != abs(second)),
        false=Side(statement=r"R_S = 2,\ x_1 \neq x_2,\ x_i \neq 0", claimed=2, domain=lambda first, second: first != second),
        control=("one", 1),
    ),
    Pair(
        id="referee.several-outputs",
        title="The rank of tanh neurons with several outputs",
        difficulty=SMALL,
        source=Source(OPTIMISTIC_PAPER, "section 4"),
        scope="inputs, width and outputs up to 3",
        run=check_several_outputs,
        instances=AT_EDGES,
        true=Side(statement=r"R = q m_w + d \sum_c \operatorname{rank} A_c", claimed=rank),
        false=Side(statement=r"R = q m_w + d \#\{c : A_c \neq 0\}", claimed=some_outgoing),
        control=("every class", lambda outgoing: 3),
    ),
    Pair(
        id="referee.biased-strata",
        title="The rank of tanh neurons with hidden biases at a point",
        difficulty=EDGE,
        source=Source(RANK_PAPER, "Table 3"),
        scope="d up to 3, m up to 4, hidden biases and no output bias",
        run=check_biased_strata,
        instances=AT_EDGES,
        true=Side(
            statement=r"1 \in T \Leftrightarrow \text{some } w_i = 0 \text{ with } b_i \neq 0 \text{ or } a_i \neq 0",
            claimed=lambda b, a: b != 0 or a != 0,
        ),
        false=Side(statement=r"1 \in T \Leftrightarrow \text{some } w_i = 0 \text{ with } b_i \neq 0", claimed=lambda b, a: b != 0),
        control=("never", lambda b, a: False),
    ),
    Pair(
        id="referee.null-curvature",
        title="What a null neuron adds to the inertia",
        difficulty=ALMOST_SURELY,
        source=Source(WIDTH_PAPER, "Proposition 4.1"),
        scope="exact critical points of four architectures, z/(1+z^2), any bias",
        run=check_null_neuron,
        instances=AT_EDGES,
        true=Side(
            statement=r"(r, m + d + 1 - 2 r, r),\ r = \operatorname{rank} \sigma'(b) E[e \tilde x^T]", claimed=lambda bias: abs(bias) != 1
        ),
        false=Side(statement=r"(r, m + d + 1 - 2 r, r),\ r = \operatorname{rank} E[e \tilde x^T]", claimed=lambda bias: True),
        control=("nothing but zeros", lambda bias: False),
    ),
    Pair(
        id="referee.several-copies",
        title="What several copies of a neuron add to the inertia",
        difficulty=EDGE,
        source=Source(WIDTH_PAPER, "section 6"),
        scope="exact critical points of 1-1-1 and 2-1-1, two or three copies with rational fractions",
        run=check_copies,
        instances=AT_EDGES,
        true=Side(statement=r"(p-1) s_\pm + q s_\mp,\ p = \#\{\beta_c > 0\}", claimed=lambda beta: beta > 0),
        false=Side(statement=r"(p-1) s_\pm + q s_\mp,\ p = \#\{\beta_c \ge 0\}", claimed=lambda beta: beta >= 0),
        control=("all of them", lambda beta: 2),
    ),
]


def claims(side):
    """The claims of one side."""
    return sides(PAIRS, side)
