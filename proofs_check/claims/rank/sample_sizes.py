r"""How many samples recover a target locally: some choice of R(f*) does, almost every choice of R(f*) does, fewer never do."""

from itertools import combinations

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank, model_rank
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.adequacy.networks import samples
from proofs_check.judging import equal, rank_is
from theory.activations import PiecewiseActivation
from theory.draws import distinct_rows, dyadic_normal, signs
from theory.models import MatrixFactorization, TwoLayer
from theory.rank import factorization_strata, function_rank, two_layer_function_rank
from theory.rank.completion import representative

from . import FLOATS, RECOVERY, STRATIFICATION

OPTIMISTIC_SIZE = claim(
    "rank.O-equals-R",
    "The optimistic sample size is the model rank",
    r"O(f^*) = R(f^*) = \min_{\theta \in \Theta^*} R(\theta)",
    symbols=["O", "R", "f^*", r"\theta", r"\Theta^*"],
    source=RECOVERY.at("Theorem 1, Corollary 1"),
    depends_on=["rank.llr-condition", "mf.function-rank"],
    refuted_by="A target recovered from fewer samples at some representative, or from none of that size.",
)


def entry_tangents(model, theta):
    return tangents(model, rationals(theta), model.entries())[1][:, 0]


def least_size(J):
    """The least number of rows of full rank, by brute force over all subsets."""
    whole = rank_rational(J)
    return next(n for n in range(len(J) + 1) if any(rank_rational(J[list(rows)]) == whole for rows in combinations(range(len(J)), n)))


MATRICES = axes(d1=(2, 3), d2=by_level((2,), (2, 3)), m=by_level((2, 3), (2, 3, 4)), r="1..min(d1, min(d2, m))")


@OPTIMISTIC_SIZE.check("exact", a_seed, MATRICES, name="every-subset")
@false("one less", size=lambda r, d1, d2, m: function_rank(r, d1, d2) - 1)
@false("number of parameters", size=lambda r, d1, d2, m: m * (d1 + d2))
@false("number of independent parameters", size=lambda r, d1, d2, m: function_rank(min(m, d1, d2), d1, d2))
@false("at the representative (I, f*)", strata=lambda r, d1, d2, m: [(min(d1, m), r)])
def every_subset(cell, seed, *, size=lambda r, d1, d2, m: function_rank(r, d1, d2), strata=factorization_strata, context):
    """By brute force over all sets of entries, at one point of every stratum of representatives: the least that recovers."""
    model = MatrixFactorization(cell.d1, cell.d2, cell.m)
    points = [representative(model, a, b, cell.r, context.rng(seed)) for a, b in strata(cell.r, cell.d1, cell.d2, cell.m)]
    return equal(size=(size(cell.r, cell.d1, cell.d2, cell.m), min(least_size(entry_tangents(model, theta)) for theta in points)))


TARGETS = axes(d=(1, 2), k=(1, 2), spare=(0, 1, 2), bias=(False, True), standard=3, full=10)


def representatives(cell, rng):
    """A target of k neurons in a network of ``spare`` more, which are null, idle, or share the output of the first; and inputs."""
    w, a, b = distinct_rows(rng, cell.k + 1, cell.d, largest=3), signs(rng, cell.k), rng.integers(-2, 3, cell.k + 1) * cell.bias
    model, own = TwoLayer(cell.d, cell.k + cell.spare, bias=cell.bias), np.column_stack([w[:-1], b[:-1], a])
    null, idle = [0] * (cell.d + 2), [*w[-1], b[-1], 0]
    kinds = {"null": [null] * cell.spare, "idle": [idle] * cell.spare, "shared": [[*own[0][:-1], 5]] * cell.spare}
    for kind, others in kinds.items():
        rows = np.array([*own.tolist(), *others])
        rows[0, -1] -= 5 * cell.spare * (kind == "shared")
        parts = {"input_weights": rows[:, : cell.d], "output_weights": rows[:, -1][None]}
        yield model, model.pack(**parts, **({"input_biases": rows[:, cell.d]} if cell.bias else {}))


def network_size(cell):
    return two_layer_function_rank(cell.d, cell.k, bias=cell.bias)


@OPTIMISTIC_SIZE.check("certified", a_seed, TARGETS, name="networks", distribution="dyadic normal inputs")
@false("bias forgotten", size=lambda cell: two_layer_function_rank(cell.d, cell.k))
@false("number of parameters", size=lambda cell: (cell.k + cell.spare) * (cell.d + 1 + cell.bias))
@false("one less", size=lambda cell: network_size(cell) - 1)
@false("the representative with idle neurons", kinds=slice(1, 2))
def in_networks(cell, seed, *, size=network_size, kinds=slice(None), context):
    """tanh: at representatives with null, idle and shared neurons, the least n of a random sequence of inputs that is linearly stable."""
    rng, sizes = context.rng(seed), []
    for model, theta in list(representatives(cell, rng))[kinds]:
        R, x = model_rank(model, theta), dyadic_normal(rng, (model.n_params + 4, cell.d), bits=10)
        found = [empirical_rank(model, theta, x[:n]).lower for n in range(len(x))]
        sizes.append(found.index(R.rank) if R.rank in found else None)
    return equal(size=(size(cell), None if None in sizes else min(sizes)), shown={"sizes": sizes})


OPTIMISTIC_SIZE.formal(
    "rank/samples.v",
    "rank_O_equals_R",
    false="as many samples as parameters",
    adequate=samples,
    premises=("the excluded middle: a point where a function does not vanish cannot be computed",),
)

TRANSITION = claim(
    "rank.phase-transition-ae",
    "For almost all samples the transition is exactly at the model rank",
    r"R_S(\theta^*) = \min(n, R(\theta^*)) \text{ for almost all } X \in \mathbb{R}^{d \times n}",
    symbols=["R_S", "R", "n", r"\theta", "X", "d", "f^*"],
    assumptions=[
        Assumption("analytic in x", r"x \mapsto \partial_{\theta_i} f(x; \theta^*) \text{ real analytic on } \mathbb{R}^d"),
        Assumption("absolutely continuous inputs", r"\text{the law of } X \text{ has a density}"),
    ],
    source=STRATIFICATION.at("Theorems 1 and 4, Lemma 5; 2406.18035v1, Theorem 2"),
    depends_on=["rank.llr-condition", "rank.O-equals-R"],
    refuted_by="An open set of designs on which the rank is below min(n, R).",
    notes="Almost surely only. Fails on designs x, -x (odd models), on a line, on a grid with repetitions, on unit vectors, for ReLU and"
    " for activations of compact support: the probes.",
)


def normal_design(rng, n, d):
    """Normal inputs on a grid, no two of them equal."""
    while True:
        x = dyadic_normal(rng, (n, d), bits=12)
        if len(np.unique(x, axis=0)) == n:
            return x


def halved_design(rng, n, d):
    """The same half as large: erf'(9) = 1e-35 is 0 to floats."""
    return normal_design(rng, n, d) / 2


def symmetric_design(rng, n, d):
    """x and -x in turn: a null set of designs, on which odd models see every pair once."""
    half = normal_design(rng, (n + 1) // 2, d)
    return np.stack([half, -half], axis=1).reshape(-1, d)[:n]


def on_a_line(rng, n, d):
    return np.outer(normal_design(rng, n, 1)[:, 0], np.arange(1, d + 1))


def on_a_grid(rng, n, d):
    """The points -1, 0, 1: some come twice."""
    return rng.integers(-1, 2, (n, d))


def unit_vectors(rng, n, d):
    """One-hot inputs: no more than d different ones."""
    return np.eye(d, dtype=int)[rng.integers(0, d, n)]


#: 1 - |z - 2| where that is positive: a bump that most inputs miss.
HAT = PiecewiseActivation("hat", (1, 2, 3), ((0,), (-1, 1), (3, -1), (0,)))

SIGMAS = by_level(("tanh", "erf", "gelu"), ("tanh", "erf", "atan", "sin", "ratsig4", "gelu"))
SIZES = axes(activation=SIGMAS, d=by_level((1, 2), (1, 2, 3)), k=(1, 2), offset=(-2, -1, 0, 1, 3), standard=2, full=10)


def target(cell, rng):
    """k neurons and a null one, so that M exceeds R; and a stream for the design."""
    model = TwoLayer(cell.d, cell.k + 1, activation=cell.activation)
    w = np.vstack([distinct_rows(rng, cell.k, cell.d) + dyadic_normal(rng, (cell.k, cell.d), bits=6) / 8, np.zeros((1, cell.d))])
    return model.pack(input_weights=w, output_weights=np.append(rng.integers(1, 4, cell.k), 0)[None]), int(rng.integers(2**62))


@TRANSITION.check("certified", target, SIZES, distribution="dyadic normal weights and inputs", name="certified")
@false("transition at the number of parameters", formula=lambda n, R, M: min(n, M))
@false("transition one sample early", formula=lambda n, R, M: min(n, R - 1))
def transition(cell, instance, *, formula=lambda n, R, M: min(n, R), sigma=None, design=normal_design, method="auto", context):
    """The rank of the tangents of a target of k neurons, one null neuron added, on n = R + offset inputs."""
    theta, seed = instance
    model = TwoLayer(cell.d, cell.k + 1, activation=sigma or cell.activation)
    R = cell.k * (cell.d + 1)
    n = max(0, R + cell.offset)
    keep = cell.offset == 0 and cell.k == 1  # a minor in balls or modulo a prime, by activation
    expected = formula(n, R, model.n_params)
    return rank_is(expected, empirical_rank(model, theta, design(context.rng(seed), n, cell.d), method), theta=theta, n=n, keep=keep)


TRANSITION.twin(transition, "property", changed={"method": "float", "design": halved_design}, tolerance=FLOATS, name="floats")
for kinked in ("relu", HAT):
    TRANSITION.without("analytic in x", transition, sigma=kinked)
for designed in (symmetric_design, on_a_line, on_a_grid, unit_vectors):
    TRANSITION.without("absolutely continuous inputs", transition, design=designed)
