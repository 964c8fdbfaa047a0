"""Embedding in depth: pairs on lifting, products of factors and batch normalization."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from referee_twins import (
    ALMOST_SURELY,
    AT_EDGES,
    CONSTANT,
    DEPTH_PAPER,
    DROPPED,
    EDGE,
    OFF_BY_ONE,
    RANK_PAPER,
    Pair,
    Side,
    agreed,
    numbered,
    sides,
    within,
)

from proofs_check import Outcome, Source, draws


def fractions(values, denominator=1):
    return np.array([Fraction(int(value), denominator) for value in np.ravel(values)], dtype=object).reshape(np.shape(values))


def network(rng, widths=(2, 2, 1), name="hinge3"):
    """A network of small integer weights, edge sets by design, and rational inputs that keep off kinks."""
    from theory.models import FullyConnected

    model = FullyConnected(widths, name)
    theta = fractions(rng.integers(-2, 3, model.n_params)) + Fraction(1, 7)
    parts = model.unpack(theta)
    for layer in range(1, model.depth + 1):
        parts[f"W{layer}"] = fractions(draws.matrix(rng, *parts[f"W{layer}"].shape, largest=2))
    grid = np.array(np.meshgrid(*[np.arange(-4, 5)] * widths[0])).reshape(widths[0], -1).T
    n = -(-model.n_params // model.outputs) + 3
    return model, model.pack(**parts), fractions(rng.permutation(grid)[:n], 2)


def check_dimension(instance, *, claimed, domain, context):
    from numerics.arithmetic.exact import rank_rational
    from theory.lifting import lift

    rng = context.rng(instance)
    widths = tuple(int(size) for size in rng.integers(1, 4, 3))
    model, theta, x = network(rng, widths)
    after = int(rng.integers(2))
    width = min(widths[after], widths[after + 1]) + int(rng.integers(3))
    lifting = lift(model, theta, x, after, width=width, rng=rng, irregular=False)
    if not lifting.regular:
        return Outcome.inconclusive("an irregular factorization")
    fibre = lifting.deep.n_params - rank_rational(lifting.differential())
    return agreed(claimed(widths[after], widths[after + 1], width), fibre, widths=widths, after=after, width=width, theta=theta)


def check_inertia(instance, *, claimed, domain, context):
    from numerics.hessian import inertia
    from numerics.planting import plant
    from theory.lifting import lift

    rng = context.rng(instance)
    model, theta, x = network(rng, (2, 2, 1))
    data = plant(model, theta, x, size=Fraction(1, 2), seed=instance)
    lifting = lift(model, theta, x, 0, rng=rng, irregular=domain == "any")
    shallow = inertia(model, theta, data, method="exact").counts
    deep = inertia(lifting.deep, lifting.theta, data, method="exact").counts
    return agreed(claimed(shallow), (deep[0], deep[2]), theta=theta, lifted=lifting.theta)


def check_least_width(instance, *, claimed, domain, context):
    from theory.lifting import lift
    from theory.lifting.factoring import rank_of

    rng = context.rng(instance)
    model, theta, x = network(rng, tuple(int(size) for size in rng.integers(1, 4, 3)))
    after, width = int(rng.integers(2)), int(rng.integers(1, 4))
    matrix = model.unpack(theta)[f"W{after + 1}"]
    try:
        lift(model, theta, x, after, width=width)
        exists = True
    except ValueError as error:
        if "rank" not in str(error):
            raise
        exists = False
    return agreed(width >= claimed(rank_of(matrix), matrix.shape), exists, widths=model.widths, after=after, width=width, theta=theta)


def check_product(instance, *, claimed, domain, context):
    from numerics.rank import model_rank
    from theory.models.factorizations import DeepFactorization

    rng = context.rng(instance)
    sizes = tuple(int(size) for size in rng.integers(1, 5, int(rng.integers(3, 5))))
    model = DeepFactorization(sizes)
    factors = draws.chain(rng, sizes)
    last = len(factors)
    prefix = [sizes[0], *(claimed(factors[: i + 1]) for i in range(last - 1)), 0]
    suffix = [*(claimed(factors[i + 1 :]) for i in range(last - 1)), sizes[-1]]
    expected = sum((prefix[i] - prefix[i + 1]) * suffix[i] for i in range(last))
    found = model_rank(model, np.concatenate([factor.ravel() for factor in factors]))
    return agreed(expected, found.rank, sizes=sizes, factors=factors)


def product_rank(factors):
    from numerics.arithmetic.exact import rank_rational

    whole = factors[0]
    for factor in factors[1:]:
        whole = whole @ factor
    return rank_rational(whole.astype(object))


def least_rank(factors):
    return min(product_rank([factor]) for factor in factors)


def check_scores(instance, *, claimed, domain, context):
    from theory.models.normalization import squared_scores

    rng = context.rng(instance)
    n = int(rng.integers(3, 20))
    # Heavy tails: a batch with one outlier comes near the bound.
    u = np.round(rng.standard_cauchy(n) * 100).astype(int)
    u[0] += int((u == u[0]).all())
    largest = max(squared_scores(u))
    if largest <= claimed(n):
        return Outcome.holds()
    return Outcome.fails(f"squared score {float(largest):.4g}, bound {float(claimed(n)):.4g}", counterexample={"u": u})


def check_order(instance, *, claimed, domain, context):
    rng = context.rng(instance)
    z, c = rng.normal(size=20), float(rng.choice(domain))
    slope = 1 - math.tanh(c) ** 2
    near, far = (abs((np.tanh(c + eps * z) - math.tanh(c)) / (slope * eps) - z).max() for eps in (1e-3, 1e-2))
    # The next order changes the quotient by eps max |z| relative, the order by its logarithm: below 0.1 for |z| < 4.
    return within(abs(math.log10(far / near) - claimed(c)), 0.1, "order of the error", centre=c, z=z)


def check_leading_constant(instance, *, claimed, domain, context):
    rng = context.rng(instance)
    z, eps = rng.normal(size=20), 1e-3
    error = abs(np.tanh(eps * z) / eps - z).max()
    # tanh z = z - z^3/3 + 2 z^5/15 - ...: the next term is 2/5 eps^2 z^2 of this one; rounding is 1e-16/eps^2 of it.
    largest = abs(z).max()
    return within(abs(error / (eps**2 * largest**3) - claimed), eps**2 * largest**2 + 1e-8 / largest**2, "constant of the error", z=z)


PAIRS = [
    Pair(
        id="referee.lift-dimension",
        title="The dimension of the lifts of one point",
        difficulty=OFF_BY_ONE,
        source=Source(DEPTH_PAPER, "section 3"),
        scope="widths up to 3, one layer inserted, regular factorizations",
        run=check_dimension,
        instances=numbered(12, 60),
        true=Side(
            statement=r"\hat m (m_q + m_{q+1} + 1) - m_q m_{q+1}",
            claimed=lambda before, after, width: width * (before + after + 1) - before * after,
        ),
        false=Side(
            statement=r"\hat m (m_q + m_{q+1} + 1) - m_q m_{q+1} - 1",
            claimed=lambda before, after, width: width * (before + after + 1) - before * after - 1,
        ),
        control=("biases not counted", lambda before, after, width: width * (before + after) - before * after),
    ),
    Pair(
        id="referee.lift-inertia",
        title="A lift keeps the numbers of negative and of positive eigenvalues",
        difficulty=DROPPED,
        source=Source(DEPTH_PAPER, "section 3"),
        scope="exact critical points of 2-2-1, a layer after the inputs, integer weights of every rank",
        run=check_inertia,
        instances=AT_EDGES,
        true=Side(
            statement=r"n_\pm' = n_\pm \text{ at regular factorizations}", claimed=lambda counts: (counts[0], counts[2]), domain="regular"
        ),
        false=Side(statement=r"n_\pm' = n_\pm", claimed=lambda counts: (counts[0], counts[2]), domain="any"),
        control=("one more negative", lambda counts: (counts[0] + 1, counts[2])),
    ),
    Pair(
        id="referee.lift-width",
        title="How wide an inserted layer has to be",
        difficulty=ALMOST_SURELY,
        source=Source(DEPTH_PAPER, "section 3"),
        scope="widths up to 3, integer weights of every rank",
        run=check_least_width,
        instances=AT_EDGES,
        true=Side(statement=r"\hat m \ge \operatorname{rank} W^{[q+1]}", claimed=lambda rank, shape: rank),
        false=Side(statement=r"\hat m \ge \min(m_q, m_{q+1})", claimed=lambda rank, shape: min(shape)),
        control=("the larger side", lambda rank, shape: max(shape) + 1),
    ),
    Pair(
        id="referee.product-of-factors",
        title="The rank of a product of three or four factors",
        difficulty=ALMOST_SURELY,
        source=Source(RANK_PAPER, "Lemma 2"),
        scope="sizes up to 4, integer factors of every rank",
        run=check_product,
        instances=AT_EDGES,
        true=Side(statement=r"p_i = \operatorname{rank}(A_1 \cdots A_i),\ s_i = \operatorname{rank}(A_i \cdots A_L)", claimed=product_rank),
        false=Side(
            statement=r"p_i = \min_{j \le i} \operatorname{rank} A_j,\ s_i = \min_{j \ge i} \operatorname{rank} A_j", claimed=least_rank
        ),
        control=("the first factor", lambda factors: product_rank(factors[:1])),
    ),
    Pair(
        id="referee.largest-score",
        title="The largest squared score in a batch",
        difficulty=CONSTANT,
        source=Source(DEPTH_PAPER, "batch normalization"),
        scope="batches of 3 to 19, heavy tails, exact",
        run=check_scores,
        instances=numbered(20, 200),
        relation="upper",
        true=Side(statement=r"\hat u_i^2 \le n - 1", claimed=lambda n: n - 1),
        false=Side(statement=r"\hat u_i^2 \le (n-1)^2/n", claimed=lambda n: Fraction((n - 1) ** 2, n)),
        control=("one", lambda n: 1),
    ),
    Pair(
        id="referee.scaled-lift-order",
        title="The order at which a scaled tanh layer becomes linear",
        difficulty=EDGE,
        source=Source(DEPTH_PAPER, "section 3"),
        scope="twenty normal features, centres from -1 to 1",
        run=check_order,
        instances=numbered(10, 60),
        evidence="property",
        tolerance="0.1: the next order of the expansion, eps |z| relative at eps = 0.01",
        true=Side(
            statement=r"2 \text{ at the centre } 0, 1 \text{ elsewhere}",
            claimed=lambda c: 2 if c == 0 else 1,
            domain=[-1.0, -0.5, 0.0, 0.5, 1.0],
        ),
        false=Side(statement=r"1 \text{ at every centre}", claimed=lambda c: 1, domain=[-1.0, -0.5, 0.0, 0.5, 1.0]),
        control=("three", lambda c: 3),
    ),
    Pair(
        id="referee.scaled-lift-constant",
        title="The leading error of a scaled tanh layer",
        difficulty=CONSTANT,
        source=Source(DEPTH_PAPER, "section 3"),
        scope="twenty normal features, eps = 0.001",
        run=check_leading_constant,
        instances=numbered(10, 60),
        evidence="property",
        tolerance="eps^2 max z^2, above the next term of the series, and rounding 1e-16 / (eps^3 max |z|^3) of it",
        true=Side(statement=r"\varepsilon^2 |z|^3/3", claimed=1 / 3),
        false=Side(statement=r"\varepsilon^2 |z|^3/6", claimed=1 / 6),
        control=("one", 1.0),
    ),
]


def claims(side):
    """The claims of one side."""
    return sides(PAIRS, side)
