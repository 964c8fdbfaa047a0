r"""With more samples than parameters every zero-loss point is a perfect minimum, and at the width of the target it is the target."""

from __future__ import annotations

import math

import numpy as np

from proofs_check import Check, Claim, Control, Outcome, Source
from proofs_check.claims.recovery._points import GENERIC, INPUTS, PAPER, SIGMA, decided, inputs, tangent_rank
from theory.recovery import branches, random_target
from theory.recovery.genericity import shifted


def check_global(replicate, *, extra, context) -> Outcome:
    """m = d = 1: besides abar sigma(wbar x) no a sigma(w x) passes through N + extra samples (all roots of a ratio are scanned)."""
    from numerics.recovery.minima import other_interpolants

    rng, sigma = context.rng(replicate), shifted("sigmoid", "3/10")
    w, a = rng.normal(0, 1.2, 2)
    x = rng.normal(0, 1.3, 2 + extra)
    others = other_interpolants(sigma, w, x)
    if not others:
        return Outcome.holds()
    return Outcome.fails(f"w = {others[0]:.6g} interpolates as well", counterexample={"wbar": w, "abar": a, "x": x, "others": others})


def check_global_by_training(_, *, extra, context) -> Outcome:
    """Zero-loss points found from random starts on N + extra samples represent f* elsewhere too (m = 2, m0 = 1, d = 1)."""
    from numerics.recovery.minima import generalization

    perfect = lambda points, target: (generalization(SIGMA, target, points) < PERFECT).all()
    return all_zeros(context, neurons=1, samples=4 + extra, are=perfect)


def check_isolated(m0, *, count, context) -> Outcome:
    """At width m0 the branches are points: the permutations of the target, each with a Hessian of full rank at n = N + 1."""
    listed, d = list(branches(m0, m0)), 2
    for k, branch in enumerate(listed):
        rng = context.rng(k)
        found = tangent_rank(SIGMA, branch.random_point(d, rng), inputs(rng, m0 * (d + 1) + 1, d))
        if branch.dimension(d) or found.rank != m0 * (d + 1):
            return Outcome.fails("a perfect minimum is not isolated", counterexample={"branch": str(branch), "rank": str(found)})
    return Outcome.equal(count(m0), len(listed), targets=m0)


def check_unique_by_training(_, *, same, context) -> Outcome:
    """All zero-loss points of width m0 = 2 on N + 1 samples are the target, by ``same``."""
    are = lambda points, target: all(same(point, target) for point in points)
    return all_zeros(context, neurons=2, samples=5, are=are)


def up_to_permutation(theta, target) -> bool:
    return any(identical(np.concatenate([theta[list(order)], theta[2:][list(order)]]), target) for order in ((0, 1), (1, 0)))


def identical(theta, target) -> bool:
    return bool(np.abs(theta - np.concatenate([target.weights[:, 0], target.outputs])).max() < SAME)


#: Residuals of 1e-12 over a least singular value of at least 1e-8 or so.
SAME = 1e-3


def all_zeros(context, *, neurons: int, samples: int, are) -> Outcome:
    """Over independent targets (width 2, d = 1, four starts each): how often all zero-loss points that training finds ``are`` right."""
    from numerics.recovery.minima import fit
    from numerics.statistics import decide_rate_at_least

    rng, count = context.rng(), context.by_level(quick=90, standard=250, full=1000)
    targets = [random_target(neurons, 1, rng) for _ in range(count)]
    theta, found = fit(SIGMA, targets, width=2, x=rng.normal(0, 1.5, (count, samples, 1)), starts=4, rng=rng)
    right = [bool(are(theta[k][found[k]], target)) for k, target in enumerate(targets) if found[k].any()]
    if len(right) < LEAST_FOUND:
        return Outcome.inconclusive(f"training reached zero loss for {len(right)} of {count} targets")
    decision = decide_rate_at_least(sum(right), len(right), threshold=0.95, margin=0.2, alpha=context.spend(1))
    return decided(decision, f"{sum(right)} of {len(right)} targets have only the zero-loss points claimed")


#: With fewer targets not even unanimity excludes a rate of 75% at the level of the check.
LEAST_FOUND = 45
#: Root-mean-square error off the samples. Loss 1e-24 leaves residuals of 1e-12, enlarged by the inverse of the least singular value.
PERFECT = 1e-5


CLAIMS = [
    Claim(
        id="recovery.global",
        title="More samples than parameters leave only perfect minima",
        statement=r"n > N = m(d+1) \implies R^{-1}\{0\} = Q^* \text{ for almost all } x_1, \dots, x_n",
        assumptions=[GENERIC, INPUTS],
        source=Source(PAPER, "Lemma 4.3(b), Cor. 3.4"),
        depends_on=["recovery.strata"],
        checks=[
            Check(
                "one-neuron",
                "property",
                "instances",
                "m = d = 1, n = 3, sigmoid(z + 3/10); all interpolants with |w| <= 40",
                check_global,
                lambda context: range(context.by_level(quick=300, standard=1500, full=10000)),
                parameters={"extra": 1},
                controls=[Control("n = N", extra=0)],
                tolerance="roots bracketed by sign changes on a grid of 4000 weights; the third sample must agree to 1e-8",
            ),
            Check(
                "two-neurons",
                "training",
                "instances",
                "m = 2, m0 = 1, d = 1, n = N + 1: for at least 95% of the targets all zero-loss points found are perfect (75% excluded)",
                check_global_by_training,
                lambda context: [None],
                parameters={"extra": 1},
                controls=[Control("n = N - 2", extra=-2)],
                alpha=1e-5,
                tolerance="test error 1e-5 at loss 1e-24",
            ),
        ],
    ),
    Claim(
        id="recovery.unique",
        title="At the width of the target it is the only global minimum, up to permutation",
        statement=r"m = m_0,\ n > N:\quad R^{-1}\{0\} = \{\text{permutations of } \bar\theta\},\ "
        r"\text{all } m_0! \text{ of them isolated and non-degenerate}",
        assumptions=[GENERIC, INPUTS],
        source=Source(PAPER, "Prop. 4.1, corrected"),
        depends_on=["recovery.global", "recovery.rank"],
        checks=[
            Check(
                "isolated-points",
                "exact",
                "instances",
                "m0 <= 4, d = 2",
                check_isolated,
                lambda context: range(1, 5),
                parameters={"count": math.factorial},
                controls=[Control("a single one", count=lambda m0: 1)],
            ),
            Check(
                "training",
                "training",
                "instances",
                "m0 = 2, d = 1, n = 5: for at least 95% of the targets all zero-loss points found are the target (75% excluded)",
                check_unique_by_training,
                lambda context: [None],
                parameters={"same": up_to_permutation},
                controls=[Control("not up to permutation", same=identical)],
                alpha=1e-5,
                tolerance="parameters to 1e-3 at loss 1e-24",
            ),
        ],
    ),
]
