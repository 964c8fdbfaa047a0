r"""What n samples can hold: a linearly stable interpolation has rank at most n, and training from a vanishing start finds one."""

from dataclasses import replace

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank, model_rank
from numerics.recovery.completion import VANISHING_INIT, descend
from proofs_check import Assumption, axes, by_level, claim, draws, false, nothing
from proofs_check.adequacy.networks import samples
from proofs_check.claims._rates import MARGIN, PREDICTED
from proofs_check.judging import at_most, worst
from theory.draws import dyadic_normal
from theory.models import MatrixFactorization, TwoLayer
from theory.rank import factorization_rank
from theory.rank.completion import connected

from . import STRATIFICATION

STABLE = claim(
    "rank.implicit-bias",
    "Linearly stable interpolations have rank at most n",
    r"f' \text{ interpolates } S \text{ and is linearly stable}\ \Rightarrow\ R(f') \le n",
    clauses={
        "bound": r"R_S(\theta') = R(\theta')\ \Rightarrow\ R(f') \le n,\ \text{attained for every rank of the factors}",
        "training": r"\text{4 x 4, 7 entries in a connected pattern: training from a vanishing start ends at rank one, at a rate of } 0.8",
    },
    symbols={
        "f', \\theta'": "an interpolation, and parameters of it",
        "S, n": "the samples, and how many",
        "R, R_S": "rank of the tangents, and on S",
    },
    relation="upper",
    assumptions=[Assumption("linearly stable", r"R_S(\theta') = R(\theta')")],
    source=STRATIFICATION.at(
        "Corollaries 1 and 5; that training prefers such interpolations is its hypothesis (2307.08921v1, section 6.3)"
    ),
    depends_on=["rank.llr-condition", "rank.upper-M"],
    refuted_by="A linearly stable interpolation of larger rank.",
    notes="The theorem is the inequality. The hypothesis is tested only where it is robust: connected patterns of seven entries.",
)


def of_lesser_rank(d, a, b):
    """the factors fit"""
    return a <= d and b <= d


FACTORS = axes(d=(2, 3, 4), a=(0, 1, 2, 3, 4), b=(1, 2, 3, 4), where=of_lesser_rank, standard=4, full=20)


def factors(cell, rng):
    """Factors of ranks a and b, and the entries in a random order."""
    return draws.of_rank(rng, cell.d, cell.d, cell.a), draws.of_rank(rng, cell.d, cell.d, cell.b), rng.permutation(cell.d**2)


def least_stable(J, order, rank):
    """The first entries of an order that see all tangents, and as few of these as a greedy choice needs."""
    whole = rank(J)
    n = next(n for n in range(len(order) + 1) if rank(J[order[:n]]) == whole)
    chosen = []
    for i in order[:n]:
        if rank(J[[*chosen, i]]) > len(chosen):
            chosen.append(i)
    return order[:n], chosen


@STABLE.check(
    "exact", factors, FACTORS, clauses="bound", distribution="integer factors of given ranks, entries in random order", name="matrices"
)
@false("at most n - 1", bound=lambda n: n - 1)
@false("every interpolation: one sample fewer", fewer=1)
def matrices(cell, instance, *, bound=lambda n: n, fewer=0, context):
    """R by the formula in the ranks of the factors, against the least numbers of entries on which the tangents have their full rank."""
    left, right, order = instance
    model = MatrixFactorization(cell.d, cell.d, cell.d)
    J = tangents(model, rationals(model.pack(left=left, right=right)), model.entries())[1][:, 0]
    R = factorization_rank(cell.d, cell.d, cell.a, cell.b)
    first, chosen = least_stable(J, order, rank_rational)
    shown = {"left": left, "right": right, "entries": order}
    return worst(
        [
            at_most(
                "rank, by the first entries that are stable", R, bound(len(first) - fewer * (len(first) == R)), attained=False, **shown
            ),
            at_most("rank, by the fewest entries that are stable", R, bound(len(chosen) - fewer), **shown),
        ]
    )


NETWORKS = axes(d=(1, 2), m=(1, 2, 3), bias=(False, True), standard=10, full=40)


def network_point(cell, rng):
    """A point with zeros, copies and dependent rows, and inputs."""
    model = TwoLayer(cell.d, cell.m, bias=cell.bias)
    return draws.parameters(rng, model), dyadic_normal(rng, (4 * model.n_params, cell.d), bits=10)


@STABLE.check("certified", network_point, NETWORKS, clauses="bound", distribution="special points, dyadic normal inputs", name="networks")
@false("at most n - 1", bound=lambda n: n - 1)
def networks(cell, instance, *, bound=lambda n: n, fewer=0, context):
    """tanh: the certified model rank against the least n of a random sequence at which the tangents on n inputs reach it."""
    theta, x = instance
    model = TwoLayer(cell.d, cell.m, bias=cell.bias)
    R = model_rank(model, theta)
    least = next((n for n in range(len(x)) if empirical_rank(model, theta, x[:n]).lower == R.lower), None)
    return at_most("model rank", R, None if least is None else bound(least - fewer), theta=theta)


STABLE.without("linearly stable", matrices, fewer=1)
STABLE.formal("rank/samples.v", "rank_implicit_bias", false="R < n", adequate=samples, clauses="bound")

TRIALS = axes(n=(7,), trials=by_level((80,), (200,), (1000,)))


@STABLE.check(
    "training",
    nothing,
    TRIALS,
    clauses="training",
    level="standard",
    alpha=1e-5,
    name="rank-one-completions",
    distribution="entries of modulus 1/2 to 3/2 with random signs, spectral norm one; connected patterns",
)
@false("a start of size 1e-4", init_std=1e-4)
def completions(cell, _, *, init_std=1e-32, context):
    """Full-rank 4 x 4 targets, seven entries in a connected pattern, at most 60 000 steps: how often the end has rank one."""
    trials, rng, masks = cell.trials, context.rng(cell), []
    while len(masks) < trials:
        pattern = rng.permutation(16)[: cell.n]
        if connected(4, 4, pattern):
            masks.append(np.isin(np.arange(16), pattern).astype(float).reshape(4, 4))
    targets = rng.choice([-1, 1], (trials, 4, 4)) * rng.uniform(0.5, 1.5, (trials, 4, 4))
    targets /= np.linalg.norm(targets, 2, axis=(1, 2))[:, None, None]
    found = descend(targets, np.array(masks), recipe=replace(VANISHING_INIT, init_std=init_std, stop=1e-20), rng=rng)
    values = np.linalg.svd(found.matrices, compute_uv=False)
    # The stop leaves a residual of 1e-10; a second direction that had grown would be of the size of the first.
    low = int((found.converged & (values[:, 1] < 1e-6 * values[:, 0])).sum())
    return context.rate(low, trials, what=f"completions of rank one, start {init_std:g}", at_least=PREDICTED, margin=MARGIN)
