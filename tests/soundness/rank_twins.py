"""Falsehoods about model ranks and their true twins: each pair is one claim with two formulas, written before it was run.

The check is the obvious one: the certified rank at drawn points of the announced domain against the formula.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from drawn_twins import Pair, claim_of, drawn_check
from referee_twins import ALMOST_SURELY, DROPPED, EDGE, FLOAT, OFF_BY_ONE, SMALL

from proofs_check import Claim, Control, Outcome, draws

PAPER = "arXiv:2211.11623v1"


@dataclass(frozen=True)
class Twin(Pair):
    """``points(rng)`` draws (model, theta, facts); ``false`` and ``true`` predict the rank from (model, theta, facts)."""

    points: Any
    false: Any
    true: Any
    draws: int = 60


def check(replicate, *, formula, points, context):
    from numerics.rank import model_rank

    model, theta, facts = points(context.rng(replicate))
    found, expected = model_rank(model, theta), formula(model, theta, facts)
    if found.lower <= expected <= found.upper and found.rank is None:
        return Outcome.inconclusive(f"{found}, expected {expected}", cases=1)
    return Outcome.equal(expected, found.rank, model=str(model), theta=theta, **facts)


def claims(side: str) -> list[Claim]:
    """The claims of one ``side``, "false" or "true"."""
    return [_claim(twin, side) for twin in TWINS]


def _claim(twin: Twin, side: str) -> Claim:
    formula = getattr(twin, side)
    one_more = Control("one more", formula=lambda *arguments: formula(*arguments) + 1)
    drawn = drawn_check(check, twin.draws, "certified", "points", {"formula": formula, "points": twin.points}, one_more)
    return claim_of(twin, side, drawn, family="twins", paper=PAPER)


def generic(rng, model):
    """Integers so large that the statements on generic points meet no other: a coincidence is a chance of about 1e-6."""
    return rng.integers(-(10**6), 10**6 + 1, model.n_params)


def matrix(rng):
    from theory.models import MatrixFactorization

    model = MatrixFactorization(*rng.integers(1, 5, 2).tolist(), int(rng.integers(1, 5)))
    return model, generic(rng, model), {}


def symmetric(rng):
    from theory.models.factorizations import SymmetricFactorization

    model = SymmetricFactorization(int(rng.integers(1, 5)), int(rng.integers(1, 5)))
    return model, generic(rng, model), {}


def chain(rng):
    from theory.models.factorizations import DeepFactorization

    model = DeepFactorization(tuple(rng.integers(1, 4, 4).tolist()))
    return model, rng.integers(0, 2, model.n_params), {}


def tensor(rng):
    from theory.models.factorizations import CPFactorization

    sizes = [(2, 2, 2), (2, 2, 3), (2, 3, 3), (3, 3, 3)][int(rng.integers(4))]
    model = CPFactorization(sizes, int(rng.integers(1, 6)))
    return model, generic(rng, model), {}


def expected_tensor(model, theta, facts):
    return min(model.components * (sum(model.sizes) - len(model.sizes) + 1), int(np.prod(model.sizes)))


def forms(rng):
    from theory.models import TwoLayer

    model = TwoLayer(3, int(rng.integers(1, 7)), activation="power:4")
    return model, generic(rng, model), {}


def expected_forms(model, theta, facts):
    return min(3 * model.width, 15)


def repeated(rng):
    """Neurons on few directions, with small outputs that may cancel."""
    from theory.models import TwoLayer

    model = TwoLayer(2, 3)
    weights = np.array([[1, 2], [2, -1]])[rng.integers(0, 2, 3)] * rng.choice([-1, 1], (3, 1))
    return model, model.pack(input_weights=weights, output_weights=rng.choice([-1, 1, 2], (1, 3))), {}


def classes(model, theta, facts, *, summed):
    parts, active = model.unpack(theta), {}
    for w, a in zip(parts["input_weights"], parts["output_weights"][0], strict=True):
        sign = 1 if w[0] > 0 else -1
        active.setdefault(tuple((sign * w).tolist()), []).append(int(sign * a))
    return len(active) + 2 * sum(1 for outputs in active.values() if (sum(outputs) if summed else any(outputs)))


def rectified(rng):
    from theory.models import TwoLayer

    model = TwoLayer(2, int(rng.integers(1, 3)), activation="relu")
    weights = np.array([[1, 2], [2, -1]])[: model.width]
    return model, model.pack(input_weights=weights, output_weights=rng.integers(1, 5, (1, model.width))), {}


def opposite(rng):
    from theory.models import TwoLayer

    name = ("tanh", "erf", "sin", "sigmoid")[int(rng.integers(4))]
    model, w = TwoLayer(2, 2, activation=name), rng.integers(1, 5, (1, 2))
    return model, model.pack(input_weights=np.vstack([w, -w]), output_weights=rng.integers(1, 5, (1, 2))), {"activation": name}


def kernels(rng):
    """Two different kernels with entries -1, 0, 1 that are not opposite."""
    from theory.models import TwoLayerCNN

    model = TwoLayerCNN(4, 2, 2)
    while True:
        K = rng.integers(-1, 2, (2, 2))
        if K.any(axis=1).all() and (K[0] != K[1]).any() and (K[0] != -K[1]).any():
            return model, model.pack(kernels=K, output_weights=rng.integers(1, 5, (2, 3))), {}


def distinct_neurons(model, theta, facts):
    """Distinct neurons up to sign, and two slopes for each kernel."""
    K, seen = model.unpack(theta)["kernels"], set()
    for kernel in K:
        for patch in model.patches:
            w = np.zeros(4, int)
            w[patch] = kernel
            sign = 1 if w[np.flatnonzero(w)[0]] > 0 else -1
            seen.add(tuple((sign * w).tolist()))
    return len(seen) + 4


def idle(rng):
    """A generic neuron and a null one, for activations that vanish at zero and others."""
    from theory.models import TwoLayer

    name = ("tanh", "silu", "sigmoid", "cos")[int(rng.integers(4))]
    model = TwoLayer(2, 2, activation=name)
    w, a = rng.integers(1, 5, 2), int(rng.integers(1, 5))
    return model, model.pack(input_weights=[w, [0, 0]], output_weights=[[a, 0]]), {"activation": name}


def line(rng):
    """Ten tanh neurons on one input, where default numerical ranks stop short."""
    from theory.models import TwoLayer

    model = TwoLayer(1, 10)
    return model, model.pack(input_weights=rng.permutation(np.arange(1, 11))[:, None] / 8, output_weights=np.ones((1, 10))), {}


def numerical_rank(model, theta, facts):
    from numerics.derivatives.tape import tangents

    x = np.linspace(-3, 3, 200)[:, None]
    return int(np.linalg.matrix_rank(tangents(model, theta, x)[1][:, 0]))


def chain_rank(model, theta, facts, *, partial):
    from theory.rank import matrix_rank, partial_product_ranks
    from theory.rank.closed_forms import telescoped

    factors = list(model.unpack(np.asarray(theta, object)).values())
    single = [matrix_rank(factor) for factor in factors]
    prefix, suffix = partial_product_ranks(factors) if partial else (single, single)
    return telescoped([model.sizes[0], *prefix], [*suffix, model.sizes[-1]])


TWINS = [
    Twin(
        "matrix",
        DROPPED,
        r"R = r (d_1 + d_2 - r),\ r = \min(d_1, d_2), \text{ for every inner width}",
        r"R = r (d_1 + d_2 - r),\ r = \min(d_1, d_2, m)",
        matrix,
        lambda model, theta, facts: model.d1 * model.d2,
        lambda model, theta, facts: (r := min(model.d1, model.d2, model.width)) * (model.d1 + model.d2 - r),
    ),
    Twin(
        "tied-factors",
        SMALL,
        r"A A^T \text{ has generic rank } 2 a d - a^2",
        r"A A^T \text{ has generic rank } a d - a (a - 1) / 2",
        symmetric,
        lambda model, theta, facts: 2 * (a := min(model.size, model.width)) * model.size - a * a,
        lambda model, theta, facts: (a := min(model.size, model.width)) * model.size - a * (a - 1) // 2,
    ),
    Twin(
        "chain",
        ALMOST_SURELY,
        r"R \text{ depends on the ranks of the single factors}",
        r"R = \sum (p_{i-1} - p_i) s_{i+1} \text{ with ranks of partial products}",
        chain,
        lambda *arguments: chain_rank(*arguments, partial=False),
        lambda *arguments: chain_rank(*arguments, partial=True),
    ),
    Twin(
        "tensor",
        EDGE,
        r"R = \min(r (\sum d_i - N + 1), \prod d_i)",
        r"R = \min(r (\sum d_i - N + 1), \prod d_i) \text{ but for } 3 \times 3 \times 3,\ r = 4",
        tensor,
        expected_tensor,
        lambda model, *rest: 26 if (model.sizes, model.components) == ((3, 3, 3), 4) else expected_tensor(model, *rest),
        draws.enough(1 / 20),  # each of the twenty formats
    ),
    Twin(
        "quartics",
        EDGE,
        r"k \text{ neurons } z^4 \text{ on three inputs}: R = \min(3 k, 15)",
        r"R = \min(3 k, 15) \text{ but for } k = 5 \text{, where it is } 14",
        forms,
        expected_forms,
        lambda model, *rest: 14 if model.width == 5 else expected_forms(model, *rest),
    ),
    Twin(
        "cancelling",
        EDGE,
        r"R = m_w + d \#\{\text{classes with } \sum a_i \neq 0\}",
        r"R = m_w + d \#\{\text{classes with some } a_i \neq 0\}",
        repeated,
        lambda *arguments: classes(*arguments, summed=True),
        lambda *arguments: classes(*arguments, summed=False),
    ),
    Twin(
        "rectified",
        OFF_BY_ONE,
        r"k \text{ ReLU neurons}: R = k (d + 1)",
        r"k \text{ ReLU neurons}: R = k d",
        rectified,
        lambda model, theta, facts: 3 * model.width,
        lambda model, theta, facts: 2 * model.width,
        20,
    ),
    Twin(
        "opposite",
        DROPPED,
        r"\text{neurons } \pm w \text{ of tanh, erf, sin, sigmoid}: R = d + 1",
        r"R = d + 1, \text{ for sigmoid } d + 2",
        opposite,
        lambda model, theta, facts: 3,
        lambda model, theta, facts: 4 if facts["activation"] == "sigmoid" else 3,
        30,
    ),
    Twin(
        "translates",
        DROPPED,
        r"K_1 \neq \pm K_2:\ R_{\mathrm{CNN}} = 2 (d + 1)",
        r"R_{\mathrm{CNN}} = \#\{\text{distinct neurons}\} + 2 s",
        kernels,
        lambda model, theta, facts: 10,
        distinct_neurons,
    ),
    Twin(
        "idle",
        DROPPED,
        r"\text{a null neuron costs nothing}",
        r"\text{a null neuron costs nothing if } \sigma(0) = 0 \text{, else one dimension}",
        idle,
        lambda model, theta, facts: 3,
        lambda model, theta, facts: 3 + (facts["activation"] in ("sigmoid", "cos")),
        30,
    ),
    Twin(
        "one-input",
        FLOAT,
        r"\text{ten tanh neurons on one input have the rank that numpy reports}",
        r"\text{ten tanh neurons on one input have rank } 20",
        line,
        numerical_rank,
        lambda model, theta, facts: 20,
        4,
    ),
]
