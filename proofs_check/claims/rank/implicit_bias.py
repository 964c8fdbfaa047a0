r"""What n samples can hold: a linearly stable interpolation has rank at most n, and training from a vanishing start finds one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.adequacy.networks import samples
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import exact_tangent_matrix, judged, seeded
from proofs_check.claims._rates import decide
from proofs_check.proving import formal_check
from theory.draws import dyadic_normal, singular_point
from theory.models import MatrixFactorization, TwoLayer
from theory.rank.completion import connected


def check_stable_rank(instance, *, bound, stable, context) -> Outcome:
    """Interpolations of sampled entries: where the tangent matrix on the samples has the full model rank, that rank is at most n."""
    from numerics.arithmetic.exact import rank_rational

    d, width, n, replicate = instance
    rng, model = context.rng(replicate), MatrixFactorization(d, d, width)
    theta = singular_point(model, rng)
    J = exact_tangent_matrix(model, theta)
    chosen = rng.permutation(d * d)[:n]
    R, R_S = rank_rational(J), rank_rational(J[chosen])
    if not stable(R_S, R):
        return Outcome.holds(message="not linearly stable: nothing is claimed")
    return judged(R <= bound(n), f"rank {R} from {n} samples", d=d, theta=theta, entries=chosen, R_S=R_S, R=R)


interpolations = seeded(lambda st: (st.integers(2, 4), st.integers(1, 4), st.integers(1, 10)))


def check_stable_network(instance, *, bound, context) -> Outcome:
    """The same for tanh networks that reach rank n on n random inputs: certified ranks."""
    from numerics.rank import empirical_rank, model_rank

    d, m, replicate = instance
    rng, model = context.rng(replicate), TwoLayer(d, m)
    theta = singular_point(model, rng)
    R = model_rank(model, theta).rank
    if not R:
        return Outcome.holds(message="the zero model")
    x = dyadic_normal(context.rng("inputs", replicate), (3 * 60, d), bits=12)
    least = next(n for n in range(1, 3 * R + 1) if empirical_rank(model, theta, x[:n]).lower == R)
    return judged(R <= bound(least), f"rank {R} from {least} samples", model=str(model), theta=theta)


def stable_networks(context):
    return [(d, m, r) for d in (1, 2) for m in (1, 2, 3) for r in range(context.by_level(quick=3, standard=40, full=100))]


def every_interpolation(R_S: int, R: int) -> bool:
    return True


def check_low_rank_completion(instance, *, init_std, context) -> Outcome:
    """Full-rank 4 x 4 targets, seven entries in a connected pattern: how often a vanishing start ends at a completion of rank one."""
    from numerics.recovery.completion import VANISHING_INIT, descend

    trials, rng = instance, context.rng()
    masks = []
    while len(masks) < trials:
        pattern = rng.permutation(16)[:7]
        if connected(4, 4, pattern):
            masks.append(np.isin(np.arange(16), pattern).astype(float).reshape(4, 4))
    targets = rng.choice([-1, 1], (trials, 4, 4)) * rng.uniform(0.5, 1.5, (trials, 4, 4))
    targets /= np.linalg.norm(targets, 2, axis=(1, 2))[:, None, None]
    found = descend(targets, np.array(masks), recipe=replace(VANISHING_INIT, init_std=init_std, stop=1e-20), rng=rng)
    values = np.linalg.svd(found.matrices, compute_uv=False)
    # The stop leaves a residual of 1e-10; a second direction that had grown would be of the size of the first.
    low = int((found.converged & (values[:, 1] < 1e-6 * values[:, 0])).sum())
    return decide(low, trials, True, alpha=context.spend(2), what=f"completions of rank one, start {init_std:g}")


CLAIMS = [
    Claim(
        id="rank.implicit-bias",
        title="Linearly stable interpolations have rank at most n",
        relation="upper",
        statement=r"f' \text{ interpolates } S \text{ and is linearly stable}\ \Rightarrow\ R(f') \le n",
        assumptions=[Assumption("linearly stable", r"R_S(\theta') = R(\theta')")],
        source=Source(
            RANK_STRATIFICATION,
            "Corollaries 1 and 5; that training prefers such interpolations is its hypothesis (2307.08921v1, section 6.3)",
        ),
        depends_on=["rank.llr-condition", "rank.upper-M"],
        refuted_by="A linearly stable interpolation of larger rank.",
        notes="The theorem is the inequality. The hypothesis is tested only where it is robust: connected patterns of seven entries.",
        checks=[
            Check(
                "matrices",
                evidence="exact",
                covers="instances",
                scope="d <= 4, width <= 4, n <= 10 entries; singular integer factors",
                run=check_stable_rank,
                instances=interpolations,
                distribution="shapes and seeds drawn by hypothesis",
                examples={"quick": 120, "standard": 1500, "full": 4000},
                parameters={"bound": lambda n: n, "stable": lambda R_S, R: R_S == R},
                controls=[
                    Control("at most n - 1", bound=lambda n: n - 1),
                    Control("every interpolation", stable=every_interpolation),
                ],
            ),
            Check(
                "networks",
                evidence="certified",
                covers="instances",
                scope="tanh networks, d = 1, 2, m = 1 .. 3: the least n of a random sequence with a linearly stable point",
                run=check_stable_network,
                instances=stable_networks,
                distribution="integer points with repeated, vanishing and cancelling parts; dyadic normal inputs",
                parameters={"bound": lambda n: n},
                controls=[Control("at most n - 1", bound=lambda n: n - 1)],
            ),
            Check(
                "rank-one-completions",
                evidence="training",
                covers="instances",
                scope="4 x 4 targets of full rank, 7 entries in connected patterns; vanishing start; at most 60 000 steps",
                run=check_low_rank_completion,
                instances=lambda context: [context.by_level(quick=80, standard=200, full=1000)],
                level="standard",
                distribution="entries of modulus 1/2 to 3/2 with random signs, spectral norm one",
                alpha=1e-5,
                parameters={"init_std": 1e-32},
                controls=[Control("a start of size 1e-4", init_std=1e-4)],
            ),
            formal_check("rank/samples.v", "rank_implicit_bias", false="R < n", adequate=samples),
        ],
        probes=[
            Probe(
                drops="linearly stable",
                instances=lambda context: [(4, 4, 3, r) for r in range(6)],
                parameters={"stable": every_interpolation},
            )
        ],
    ),
]
