r"""Training: does gradient descent complete a matrix from as many entries as its model rank says, and how small must the start be?

Local linear recovery is a statement of first order near the target. That gradient descent from a small start reaches the target at
n = R(f*) is an observation, tested here with the start small enough, and beside it with the published hyperparameters,
reported for what they give.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Probe, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rates import RECOVERED, decide, error_figure, worst
from theory.published import matrix_experiment
from theory.rank import function_rank, matrix_rank
from theory.rank.completion import connected

#: A rate over fewer runs is left alone: at the alpha of these checks it could not be decided.
LEAST_TRIALS = 40


# ------------------------------------------------------------------------------------------------------------- exp.mf


def check_completion(instance, *, size, conditioned, init_std, context) -> Outcome:
    """Rates of recovery at the predicted sample size and one below, on well-conditioned patterns of 4 x 4 targets."""
    from numerics.recovery.completion import VANISHING_INIT, complete, conditioned_problems, unconditioned_problems

    rank, offset, trials = instance
    n, rng = size(rank, 4, 4) + offset, context.rng(rank, offset)
    targets, masks = (conditioned_problems if conditioned else unconditioned_problems)(rng, trials, 4, rank, n)
    errors = complete(targets, masks, recipe=replace(VANISHING_INIT, init_std=init_std), rng=rng)
    recovered = int((errors < RECOVERED).sum())
    return decide(recovered, trials, offset >= 0, alpha=context.spend(8), what=f"rank {rank}, n = {n}")


def completion_cells(context):
    trials = context.by_level(quick=60, standard=200, full=1000)
    return [(rank, offset, trials) for rank in (1, 2, 3) for offset in (0, -1)]


def rank_one_cells(context):
    return [(1, 0, 200)]


def check_completion_grid(instance, *, criterion, context) -> Outcome:
    """All sample sizes of a rank-one 4 x 4 target: recovery exactly on the patterns that the criterion names."""
    from numerics.recovery.completion import VANISHING_INIT, complete, low_rank_targets, random_masks

    rank, patterns = instance
    rng = context.rng()
    sizes = np.repeat(np.arange(1, 17), patterns)
    masks = np.concatenate([random_masks(rng, patterns, 4, n) for n in range(1, 17)])
    targets = low_rank_targets(rng, len(sizes), 4, rank)
    errors = complete(targets, masks, recipe=VANISHING_INIT, rng=rng)
    named = np.array([criterion(4, 4, np.flatnonzero(mask)) for mask in masks])
    recovered, outcomes = errors < RECOVERED, []
    for n in range(1, 17):
        for predicted in (True, False):
            chosen = (sizes == n) & (named == predicted)
            if chosen.sum() >= LEAST_TRIALS:
                what = f"n = {n}, patterns {'with' if predicted else 'without'} local linear recovery"
                outcomes.append(decide(int(recovered[chosen].sum()), int(chosen.sum()), predicted, alpha=context.spend(32), what=what))
    figure = error_figure(
        "Test error of matrix completion, rank-one 4 x 4 targets",
        [f"{q} %" for q in (10, 50, 90)],
        np.arange(1, 17),
        np.percentile(np.clip(errors.reshape(16, patterns), 1e-32, 1e32), (10, 50, 90), axis=1, method="nearest"),
        marks={7: "R = 7"},
        y_label="quantile over patterns",
    )
    return worst(outcomes, figures=[figure])


def check_published_matrices(instance, *, size, context) -> Outcome:
    """The printed targets with the printed hyperparameters and random orders: no recovery below the predicted size.

    What happens at and above it is reported in the figure and the message, not judged: the printed start is not small enough.
    """
    from numerics.recovery.completion import Recipe, complete, random_masks

    names, sizes, steps = instance
    printed, rng = matrix_experiment(), context.rng()
    recipe = Recipe(printed.init_std, printed.learning_rate, printed.stop, steps)
    cells = [(name, n) for name in names for n in sizes]
    targets = np.concatenate([np.repeat(printed.targets[name][None].astype(float), printed.trials, 0) for name, _ in cells])
    masks = np.concatenate([random_masks(rng, printed.trials, 4, n) for _, n in cells])
    errors = complete(targets, masks, recipe=recipe, rng=rng).reshape(len(names), len(sizes), printed.trials)
    outcomes, marks, findings = [], {}, []
    for name, by_size in zip(names, errors, strict=True):
        predicted = size(matrix_rank(printed.targets[name]), 4, 4)
        rates = (by_size < RECOVERED).mean(axis=1)
        reached = [n for n, rate in zip(sizes, rates, strict=True) if rate >= 0.5]
        findings.append(f"{name}: R = {predicted}, half of the runs recover from n = {min(reached, default='none')}")
        marks[predicted] = f"R = {predicted}"
        below = (by_size[[n < predicted for n in sizes]] < RECOVERED).ravel()
        outcomes.append(decide(int(below.sum()), below.size, False, alpha=context.spend(8), what=f"{name}, n < {predicted}"))
    title = f"Published hyperparameters, printed targets (at most {steps} steps)"
    figure = error_figure(title, names, sizes, np.median(errors, axis=2), marks=marks, y_label="target")
    return worst(outcomes, figures=[figure], findings="; ".join(findings))


def published_grid(context):
    every = [f"M{k}" for k in range(1, 9)]
    return context.by_level(
        quick=[(["M1"], [3, 5, 6, 7, 10, 13, 16], 20_000)],
        standard=[(["M1", "M3", "M6", "M8"], list(range(2, 17, 2)), 40_000)],
        full=[(every, list(range(1, 17)), 60_000)],
    )


# ------------------------------------------------------------------------------------------------------ exp.init-scale


@lru_cache(maxsize=2)
def recoveries(scales: tuple[float, ...], trials: int, seed: int) -> dict[float, int]:
    """Recovered runs at n = 7 on connected patterns of rank-one 4 x 4 targets, for every size of the start; the same problems for each."""
    from numerics.recovery.completion import VANISHING_INIT, complete, conditioned_problems

    targets, masks = conditioned_problems(np.random.default_rng(seed), trials, 4, 1, 7)
    found = {}
    for scale in scales:
        recipe = replace(VANISHING_INIT, init_std=scale)
        errors = complete(targets, masks, recipe=recipe, rng=np.random.default_rng(seed + 1))
        found[scale] = int((errors < RECOVERED).sum())
    return found


def check_init_scale(instance, *, recovers, context) -> Outcome:
    """Rates of recovery by the size of the start, and their order."""
    scales, trials = instance
    found = recoveries(tuple(scales), trials, context.entropy())
    outcomes = []
    for scale, hits in found.items():
        if recovers(scale) is not None:
            outcomes.append(decide(hits, trials, recovers(scale), alpha=context.spend(8), what=f"start {scale:g}"))
    figure = Figure(
        "lines",
        "Recovery by the size of the start",
        "fraction of recovered rank-one 4 x 4 targets at n = 7 against the standard deviation of the start; falls as the start grows",
        {"series": [{"label": "n = 7", "x": list(found), "y": [hits / trials for hits in found.values()]}]},
        x_label="standard deviation of the start",
        y_label="fraction recovered",
        log_x=True,
    )
    return worst(outcomes, figures=[figure])


def by_size(scale: float):
    """Recovery from 1e-16 down, none from 1e-2 up; in between it is reported."""
    return True if scale <= 1e-16 else False if scale >= 1e-2 else None


CLAIMS = [
    Claim(
        id="exp.mf",
        title="Gradient descent completes a matrix from as many entries as its model rank",
        kind="law",
        relation="tight",
        statement=r"P(\text{recovery}) \ge 0.8 \text{ at } n = R(f^*) = r(d_1 + d_2 - r),"
        r"\quad P(\text{recovery}) \le 0.2 \text{ at } n = R(f^*) - 1",
        assumptions=[
            Assumption("recoverable pattern", r"\text{the sampled entries give local linear recovery, } \sigma_R / \sigma_1 > 0.1"),
            Assumption("rank deficient", r"r < \min(d_1, d_2) \text{: a vanishing start cannot change the sign of } \det A \det B"),
            Assumption("vanishing start", r"\text{factors start at standard deviation } 10^{-32}"),
        ],
        source=Source(RANK_STRATIFICATION, "Figures 2, 3b, 4; 2307.08921v1, Figures 2, 3b"),
        depends_on=["mf.function-rank", "mf.entry-sampling", "rank.llr-condition"],
        refuted_by="A rate of recovery below 0.8 at the predicted size, or above 0.2 one sample below.",
        notes="A law, not a theorem: recovery at n = R is measured. With the printed start (standard deviation 1e-4) the transition "
        "comes later; what the printed hyperparameters give is reported beside. For invertible targets a vanishing start stalls in about a "
        "quarter of the runs at a matrix of lower rank, all sixteen entries given.",
        checks=[
            Check(
                "transition",
                evidence="training",
                covers="instances",
                scope="4 x 4 targets of rank 1, 2, 3; n = R and R - 1; width 4",
                run=check_completion,
                instances=completion_cells,
                distribution="factors of modulus 0.6 to 1.4, random signs, spectral norm 1; uniform patterns with recovery",
                alpha=2e-5,
                parameters={"size": function_rank, "conditioned": True, "init_std": 1e-32},
                controls=[
                    Control("one sample early", size=lambda r, d1, d2: function_rank(r, d1, d2) - 1),
                    Control("every entry needed", size=lambda r, d1, d2: d1 * d2),
                ],
            ),
            Check(
                "every-sample-size",
                evidence="training",
                covers="instances",
                scope="rank-one 4 x 4 targets, 200 patterns for each n = 1 .. 16",
                run=check_completion_grid,
                instances=lambda context: [(1, 200)],
                distribution="as above; uniform patterns, connected or not",
                alpha=2e-5,
                parameters={"criterion": connected},
                controls=[Control("any seven entries", criterion=lambda d1, d2, pattern: len(pattern) >= 7)],
            ),
            Check(
                "published-hyperparameters",
                evidence="training",
                covers="instances",
                scope="printed targets, start 1e-4, learning rate 0.05, stop 1e-9, 50 trials; M1 (quick), four, all eight; steps capped",
                run=check_published_matrices,
                instances=published_grid,
                distribution="printed targets, a random order of the entries for each trial",
                alpha=2e-5,
                parameters={"size": function_rank},
                controls=[Control("no recovery below all entries and one", size=lambda r, d1, d2: d1 * d2 + 1)],
            ),
        ],
        probes=[
            Probe(drops="recoverable pattern", instances=rank_one_cells, parameters={"conditioned": False}),
            Probe(drops="vanishing start", instances=rank_one_cells, parameters={"init_std": 1e-4}),
        ],
    ),
    Claim(
        id="exp.init-scale",
        title="The smaller the start, the likelier the recovery",
        kind="law",
        statement=r"P(\text{recovery at } n = R = 7) \ge 0.8 \text{ from starts of at most } 10^{-16},\ \le 0.2 \text{ from "
        r"starts of at least } 10^{-2}",
        relation="tight",
        assumptions=[
            Assumption("recoverable pattern", r"\text{connected, well-conditioned patterns of a rank-one } 4 \times 4 \text{ target}")
        ],
        source=Source(RANK_STRATIFICATION, "Figure 3b; 2307.08921v1, Figure 3b"),
        depends_on=["exp.mf"],
        refuted_by="Recovery from large starts as often as from small ones.",
        notes="The published start 1e-4 lies in between: about a fifth of the runs recover.",
        checks=[
            Check(
                "rates",
                evidence="training",
                covers="instances",
                scope="starts 1e-1 to 1e-32, n = 7; 80 (quick), 200, 1000 problems, the same for every start; at most 60 000 steps",
                run=check_init_scale,
                instances=lambda context: [
                    ([1e-32, 1e-16, 1e-8, 1e-4, 1e-2, 1e-1], context.by_level(quick=80, standard=200, full=1000)),
                ],
                distribution="rank-one targets with factor entries of modulus 0.6 to 1.4",
                alpha=1e-5,
                parameters={"recovers": by_size},
                controls=[
                    Control("the size does not matter", recovers=lambda scale: True),
                    Control("the other way round", recovers=lambda scale: None if by_size(scale) is None else not by_size(scale)),
                ],
            ),
        ],
    ),
]
