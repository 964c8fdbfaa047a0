r"""With more samples than parameters every zero-loss point is a perfect minimum, and at the width of the target it is the target."""

import math

import numpy as np

from numerics.recovery.minima import fit, generalization, other_interpolants
from proofs_check import Assumption, Outcome, axes, by_level, claim, false, nothing
from proofs_check.judging import at_most, equal, rank_is, worst
from theory.activations import activation
from theory.recovery import branches, random_target
from theory.recovery.genericity import exponential_minus_identity, shifted

from . import GENERIC, GEOMETRY, INPUTS, MOVING
from ._points import SIGMA, inputs, tangent_rank

GLOBAL = claim(
    "recovery.global",
    "More samples than parameters leave only perfect minima",
    r"n > N = m(d+1) \implies R^{-1}\{0\} = Q^* \text{ for almost all } x_1, \dots, x_n",
    symbols=["n", "N", "m", "d", r"R^{-1}\{0\}", "Q^*", "x_i"],
    assumptions=[Assumption("analytic activation", r"\sigma \text{ analytic}"), INPUTS],
    source=GEOMETRY.at("Lemma 4.3(b), Cor. 3.4"),
    refuted_by="Generic samples, more than parameters, with a zero-loss point that is not perfect.",
    notes="By dimension: an imperfect network differs from the target on all inputs but a null set, so that n samples leave N - n"
    " dimensions of them. No generic activation is needed: what other weights of tanh or sigmoid fit, -w say, are perfect, too.",
)

#: Activations, moved or, the last one, as it is: odd, so that the weight -wbar fits, too, and is perfect.
SIGMAS = {
    "sigmoid": shifted("sigmoid", "3/10"),
    "tanh": shifted("tanh"),
    "gelu": shifted("gelu"),
    "tanh as it is": activation("tanh"),
}


def samples(count):
    def drawn(cell, rng):
        return rng.normal(0, 1.2), rng.normal(0, 1.3, count)

    return drawn


@GLOBAL.check(
    "property",
    samples(3),
    axes(sigma=tuple(SIGMAS), quick=100, standard=500, full=3000),
    scope="m = d = 1, n = 3; all interpolants with |w| <= 40",
    tolerance="roots bracketed by sign changes on a grid of 4000 weights; all samples must agree to 1e-8 of the largest value",
)
@false("n = N", less=1)
def one_neuron(cell, given, *, less=0, sigma=None, context):
    """m = d = 1: no a sigma(w x) passes through the samples but multiples of sigma(wbar x) (all roots of a ratio are scanned)."""
    w, x = given
    sigma, x = sigma or SIGMAS[cell.sigma], x[: len(x) - less]
    others = [other for other in other_interpolants(sigma, w, x) if not perfect(sigma, w, other, x)]
    return at_most("imperfect interpolants", float(len(others)), 0.0, attained=False, wbar=w, x=x, others=others)


def perfect(sigma, w, other, x):
    """Whether a sigma(other x), fitted to the samples, is the target on further inputs, too."""
    value = lambda weight, at: sigma(weight * at)
    here, further = value(other, x), np.linspace(-4, 4, 17)
    a = here @ value(w, x) / (here @ here)
    return bool(np.abs(a * value(other, further) - value(w, further)).max() < 1e-6 * np.abs(value(w, further)).max())


def near_the_origin(cell, rng):
    """Samples at which tanh(z) + max(z - 1, 0)^2, which is not analytic, is tanh: the weight -wbar fits them, and nothing else."""
    return 0.8, rng.uniform(-1, 1, 3)


GLOBAL.without("analytic activation", one_neuron, near_the_origin, sigma=lambda z: np.tanh(z) + np.maximum(z - 1, 0) ** 2)
GLOBAL.without("generic inputs", one_neuron, lambda cell, rng: (rng.normal(0, 1.2), np.array([0.7, -0.4, -0.4, 0.7])[[0, 1, 2]]))

#: With fewer targets not even unanimity excludes a rate of 75% at the level of the check.
LEAST_FOUND = 45
#: Root-mean-square error off the samples. Loss 1e-24 leaves residuals of 1e-12, enlarged by the inverse of the least singular value.
PERFECT = 1e-5


def all_zeros(context, *, neurons: int, samples: int, are, activation=SIGMA, repeated=False) -> Outcome:
    """Over independent targets (width 2, d = 1, four starts each): how often all zero-loss points that training finds ``are`` right."""
    rng, count = context.rng(), context.by_level(quick=90, standard=250, full=1000)
    targets = [random_target(neurons, 1, rng) for _ in range(count)]
    x = rng.normal(0, 1.5, (count, samples, 1))
    x[:, 2:] = x[:, :1] if repeated else x[:, 2:]
    theta, found = fit(activation, targets, width=2, x=x, starts=4, rng=rng)
    right = [bool(are(theta[k][found[k]], target)) for k, target in enumerate(targets) if found[k].any()]
    if len(right) < LEAST_FOUND:
        return Outcome.inconclusive(f"training reached zero loss for {len(right)} of {count} targets")
    return context.rate(sum(right), len(right), what="targets with only the zero-loss points claimed", at_least=0.95, margin=0.2)


@GLOBAL.check(
    "training",
    [None],
    scope="m = 2, m0 = 1, d = 1, n = N + 1: for at least 95% of the targets all zero-loss points found are perfect (75% excluded)",
    alpha=1e-5,
    tolerance="test error 1e-5 at loss 1e-24",
)
@false("n = N - 2", extra=-2)
def two_neurons(_, *, extra=1, context):
    """Zero-loss points found from random starts on N + extra samples represent f* elsewhere too."""
    perfect = lambda points, target: (generalization(SIGMA, target, points) < PERFECT).all()
    return all_zeros(context, neurons=1, samples=4 + extra, are=perfect)


UNIQUE = claim(
    "recovery.unique",
    "At the width of the target it is the only global minimum, up to permutation",
    r"m = m_0,\ n > N:\quad R^{-1}\{0\} = \{\text{permutations of } \bar\theta\},\ \text{all } m_0! \text{ of them isolated and"
    r" non-degenerate}",
    clauses={
        "permutations": r"R^{-1}\{0\} = \{\text{permutations of } \bar\theta\}",
        "isolated": r"\text{all } m_0! \text{ of them are isolated and non-degenerate}",
    },
    symbols=["m", "m_0", "n", "N", r"R^{-1}\{0\}", r"\bar\theta"],
    assumptions=[GENERIC, INPUTS, MOVING],
    source=GEOMETRY.at("Prop. 4.1, corrected"),
    depends_on=["recovery.global", "recovery.rank"],
    refuted_by="A zero-loss point of width m0 that is no permutation of the target, or a degenerate one.",
)


@UNIQUE.check("exact", nothing, axes(m0=by_level((1, 2, 3), (1, 2, 3, 4)), d=(1, 2)), clauses="isolated", scope="n = N + 1")
@false("a single one", count=lambda m0: 1)
@false("m0 of them", count=lambda m0: m0)
def isolated(cell, _, *, count=math.factorial, sigma=SIGMA, resting=False, context):
    """At width m0 the branches are points, m0! of them, each with a Hessian of full rank."""
    listed, outcomes = list(branches(cell.m0, cell.m0)), []
    for k, branch in enumerate(listed):
        rng = context.rng(cell, k)
        theta, x = branch.random_point(cell.d, rng), inputs(rng, cell.m0 * (cell.d + 1) + 1, cell.d)
        if resting:
            theta[branch.carriers[0][0] * cell.d :][: cell.d] = 0.0
        outcomes.append(equal(dimension=(0, branch.dimension(cell.d))))
        outcomes.append(rank_is(cell.m0 * (cell.d + 1), tangent_rank(sigma, theta, x), branch=str(branch)))
    return worst([equal(number=(count(cell.m0), len(listed))), *outcomes])


def up_to_permutation(theta, target) -> bool:
    return any(identical(np.concatenate([theta[list(order)], theta[2:][list(order)]]), target) for order in ((0, 1), (1, 0)))


def identical(theta, target) -> bool:
    return bool(np.abs(theta - np.concatenate([target.weights[:, 0], target.outputs])).max() < SAME)


#: Residuals of 1e-12 over a least singular value of at least 1e-8 or so.
SAME = 1e-3


@UNIQUE.check(
    "training",
    [5],
    clauses="permutations",
    scope="m0 = 2, d = 1, n = 5: for at least 95% of the targets all zero-loss points found are the target (75% excluded)",
    alpha=1e-5,
    tolerance="parameters to 1e-3 at loss 1e-24",
)
@false("not up to permutation", same=identical)
def trained(samples, *, same=up_to_permutation, activation=SIGMA, repeated=False, context):
    """All zero-loss points of width m0 = 2 on the samples are the target."""
    are = lambda points, target: all(same(point, target) for point in points)
    return all_zeros(context, neurons=2, samples=samples, are=are, activation=activation, repeated=repeated)


UNIQUE.without("moving at zero", isolated, sigma=exponential_minus_identity(), resting=True)
UNIQUE.without("generic activation", trained, activation="tanh")
UNIQUE.without("generic inputs", trained, repeated=True)
