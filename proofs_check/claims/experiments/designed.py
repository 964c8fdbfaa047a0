r"""Training on designed patterns of sampled entries: orders that delay the recovery, and what few entries of a full-rank matrix give."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Figure, Outcome, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._ranks import exact_tangent_matrix
from proofs_check.claims._rates import RECOVERED, decide, error_figure, worst
from theory.models import MatrixFactorization
from theory.published import FIGURE_4_SIZES, corrected_order, matrix_experiment
from theory.rank import function_rank


def normalized(name: str) -> np.ndarray:
    """A printed target in floats, with spectral norm one."""
    target = matrix_experiment().targets[name].astype(float)
    return target / np.linalg.norm(target, 2)


# ---------------------------------------------------------------------------------------------------------- exp.fig4


def check_order_transition(instance, *, size, context) -> Outcome:
    """Completion of M1 along a designed order, entry by entry: recovery at the announced size and not one below."""
    from numerics.recovery.completion import VANISHING_INIT, complete, pattern_mask

    number, trials = instance
    rng, order, sizes = context.rng(number), corrected_order(number), np.arange(4, 17)
    masks = np.repeat([pattern_mask(order[:n], 4) for n in sizes], trials, 0)
    targets = np.broadcast_to(normalized("M1"), masks.shape)
    errors = complete(targets, masks, recipe=VANISHING_INIT, rng=rng).reshape(len(sizes), trials)
    n, outcomes = size(number), []
    for at, predicted in ((n - 1, False), (n, True)):
        recovered = int((errors[at - sizes[0]] < RECOVERED).sum())
        outcomes.append(decide(recovered, trials, predicted, alpha=context.spend(16), what=f"order {number}, n = {at}"))
    title, medians = f"Test error along designed order {number}", np.median(errors, axis=1)[None]
    return worst(outcomes, figures=[error_figure(title, ["median"], sizes, medians, marks={n: f"n = {n}"}, y_label="start")])


def check_order_ranks(instance, *, sizes, context) -> Outcome:
    """Exact: the first n at which the entries of the order decide the rank-one target."""
    from numerics.recovery.completion import recovery_size

    target = matrix_experiment().targets["M1"]
    return Outcome.equal(sizes[instance], recovery_size(target, corrected_order(instance)), order=instance)


# ---------------------------------------------------------------------------------------------------------- exp.fig5


@lru_cache(maxsize=4)
def completions(name: str, init_std: float, trials: int, seed: int):
    """Singular values (sizes, trials, 4) of completions of a printed target on the printed patterns, and which runs converged."""
    from numerics.recovery.completion import VANISHING_INIT, descend, pattern_mask

    patterns, rng, found = matrix_experiment().patterns, np.random.default_rng(seed), []
    targets = np.broadcast_to(normalized(name), (trials, 4, 4))
    for n in sorted(patterns):
        recipe = replace(VANISHING_INIT, init_std=init_std, stop=1e-20 / n)
        found.append(descend(targets, np.repeat(pattern_mask(patterns[n], 4)[None], trials, 0), recipe=recipe, rng=rng))
    values = [np.linalg.svd(one.matrices, compute_uv=False) for one in found]
    return sorted(patterns), np.array(values), np.array([one.converged for one in found])


def check_completed_ranks(instance, *, ranks, init_std, name, context) -> Outcome:
    """How often the completion has the announced numerical rank: the next singular value below 1e-6 of the largest."""
    trials = instance
    sizes, values, converged = completions(name, init_std, trials, context.entropy())
    outcomes = []
    for n, row, good in zip(sizes, values, converged, strict=True):
        rank = (row > 1e-6 * row[:, :1]).sum(axis=1)
        hits = int((good & (rank == ranks[n])).sum())
        outcomes.append(decide(hits, trials, True, alpha=context.spend(8), what=f"{name}, n = {n}: completion of rank {ranks[n]}"))
    series = [{"label": f"n = {n}", "x": [1, 2, 3, 4], "y": np.median(row, axis=0).tolist()} for n, row in zip(sizes, values, strict=True)]
    figure = Figure(
        "lines",
        f"Singular values of completions of {name}",
        "median singular values of the completed matrix by index, one line for each number of sampled entries; logarithmic",
        {"series": series},
        x_label="index",
        y_label="singular value",
        log_y=True,
    )
    return worst(outcomes, figures=[figure])


def check_pattern_ranks(instance, *, ranks, context) -> Outcome:
    """Exact: on the printed pattern of n entries a generic matrix of the announced rank is decided, of one rank more it is not."""
    from numerics.arithmetic.exact import rank_rational

    n = instance
    rng, decided = context.rng(n), []
    for r in (ranks[n], ranks[n] + 1):
        model = MatrixFactorization(4, 4, r)
        J = exact_tangent_matrix(model, rng.integers(1, 1000, model.n_params), matrix_experiment().patterns[n])
        decided.append(rank_rational(J) == function_rank(r, 4, 4))
    return Outcome.equal([True, False], decided, n=n, rank=ranks[n])


CLAIMS = [
    Claim(
        id="exp.fig4",
        title="Designed orders of sampling delay the recovery of a rank-one matrix",
        kind="law",
        relation="tight",
        statement=r"M^*_1 \text{ is recovered at } n_t = 8, 9, 10, 11, 12, 13 \text{ along the six designed orders, not at } n = R = 7",
        assumptions=[Assumption("vanishing start", r"\text{factors start at standard deviation } 10^{-32}")],
        source=Source(RANK_STRATIFICATION, "Figure 4 (order 3 as corrected, see errata)"),
        depends_on=["mf.entry-sampling"],
        refuted_by="An order along which recovery comes earlier or later.",
        checks=[
            Check(
                "ranks",
                evidence="exact",
                covers="instances",
                scope="the six orders: first n at which the tangent matrix of the sampled entries has rank 7",
                run=check_order_ranks,
                instances=lambda context: list(FIGURE_4_SIZES),
                parameters={"sizes": FIGURE_4_SIZES},
                controls=[
                    Control("at the rank always", sizes=dict.fromkeys(FIGURE_4_SIZES, 7)),
                    Control("order 3 as printed", sizes={**FIGURE_4_SIZES, 3: 12}),
                ],
            ),
            Check(
                "trainings",
                evidence="training",
                covers="instances",
                scope="the six orders, every n = 4 .. 16; 60 (quick), 100, 400 starts; at most 60 000 steps",
                run=check_order_transition,
                instances=lambda context: [(number, context.by_level(quick=60, standard=100, full=400)) for number in FIGURE_4_SIZES],
                distribution="starts of standard deviation 1e-32",
                alpha=1e-5,
                parameters={"size": FIGURE_4_SIZES.__getitem__},
                controls=[
                    Control("at the rank always", size=lambda number: 7),
                    Control("one sample later", size=lambda number: FIGURE_4_SIZES[number] + 1),
                ],
            ),
        ],
    ),
    Claim(
        id="exp.fig5",
        title="A full-rank target sampled at 7, 12 and 15 entries is completed at rank 1, 2 and 3",
        kind="law",
        relation="tight",
        statement=r"M^*_8 \text{ on the printed patterns: completions of rank } 1, 2, 3 \text{ from } n = 7, 12, 15 \text{ entries}",
        assumptions=[Assumption("vanishing start", r"\text{factors start at standard deviation } 10^{-32}")],
        source=Source(RANK_STRATIFICATION, "Figure 5 (the target is M8, see errata)"),
        depends_on=["mf.function-rank", "rank.implicit-bias"],
        refuted_by="Completions of another numerical rank.",
        notes="A tendency, not a theorem: for M7 the completion from twelve entries has rank 3, and random targets behave either way.",
        checks=[
            Check(
                "patterns",
                evidence="exact",
                covers="instances",
                scope="the printed patterns: which generic ranks they decide",
                run=check_pattern_ranks,
                instances=lambda context: [7, 12, 15],
                distribution="integer factors below 1000",
                parameters={"ranks": {7: 1, 12: 2, 15: 3}},
                controls=[Control("one rank less", ranks={7: 1, 12: 1, 15: 2})],
            ),
            Check(
                "trainings",
                evidence="training",
                covers="instances",
                scope="printed target and patterns; 60 (quick), 100, 400 starts; at most 60 000 steps",
                run=check_completed_ranks,
                instances=lambda context: [context.by_level(quick=60, standard=100, full=400)],
                distribution="starts of standard deviation 1e-32",
                alpha=1e-5,
                parameters={"ranks": {7: 1, 12: 2, 15: 3}, "init_std": 1e-32, "name": "M8"},
                controls=[
                    Control("the same for M7", name="M7"),
                    Control("a start of size 1e-2", init_std=1e-2),
                    Control("rank 2 from 15 entries", ranks={7: 1, 12: 2, 15: 2}),
                ],
            ),
        ],
    ),
]
