r"""Training on designed patterns of sampled entries: orders that delay the recovery, and what few entries of a full-rank matrix give."""

from dataclasses import replace
from functools import lru_cache
from itertools import product

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.derivatives.tape import tangents
from numerics.recovery.completion import VANISHING_INIT, complete, descend, pattern_mask, recovery_size
from proofs_check import Figure, a_seed, axes, by_level, claim, false, nothing
from proofs_check.claims._rates import MARGIN, PREDICTED, error_figure, recovery
from proofs_check.judging import equal, worst
from theory.models import MatrixFactorization
from theory.published import FIGURE_4_SIZES, corrected_order, entries_of, matrix_experiment, rows_of
from theory.rank import function_rank

from . import STRATIFICATION, VANISHING


def normalized(name):
    """A printed target in floats, with spectral norm one."""
    target = matrix_experiment().targets[name].astype(float)
    return target / np.linalg.norm(target, 2)


DELAYED = claim(
    "exp.fig4",
    "Designed orders of sampling delay the recovery of a rank-one matrix",
    r"M^*_1 \text{ is recovered at } n_t = 8, 9, 10, 11, 12, 13 \text{ along the six designed orders, not at } n = R = 7",
    clauses={
        "decided": r"\text{the first } n_t \text{ entries, and no fewer, decide } M^*_1 \text{ to first order}",
        "trained": r"\text{training recovers } M^*_1 \text{ from } n_t \text{ entries, and not from } n_t - 1",
    },
    symbols={
        "M^*_1": f"the printed target, row by row: {rows_of('M1')}",
        "R": "its model rank",
        "n": "number of sampled entries",
        "n_t": "for order t; entries (row, column) in their order: "
        + "; ".join(f"t = {t}: {entries_of(corrected_order(t))}" for t in FIGURE_4_SIZES),
    },
    assumptions=[VANISHING],
    kind="law",
    relation="tight",
    source=STRATIFICATION.at("Figure 4 (order 3 as corrected, see errata)"),
    depends_on=["mf.entry-sampling"],
    refuted_by="An order along which recovery comes earlier or later.",
)

ORDERS = tuple(FIGURE_4_SIZES)


@DELAYED.check("exact", nothing, axes(order=ORDERS), clauses="decided")
@false("at the rank always", sizes=dict.fromkeys(ORDERS, 7))
@false("order 3 as printed", sizes={**FIGURE_4_SIZES, 3: 12})
def decided(cell, _, *, sizes=FIGURE_4_SIZES, context):
    """The first n at which the tangent matrix of the sampled entries has rank 7."""
    return equal(value=(sizes[cell.order], recovery_size(matrix_experiment().targets["M1"], corrected_order(cell.order))))


SIZES = np.arange(4, 17)
#: (order, number of its first entries): all of the picture, and those that the claim speaks of.
EVERY = tuple(product(ORDERS, SIZES.tolist()))
ANNOUNCED = tuple((number, n + offset) for number, n in FIGURE_4_SIZES.items() for offset in (0, -1))


@lru_cache(maxsize=2)
def order_errors(places, init_std, trials, seed):
    """Errors {(order, n): (trials,)} of completions from the first n entries along an order."""
    masks = np.repeat([pattern_mask(corrected_order(number)[:n], 4) for number, n in places], trials, 0)
    targets, recipe = np.broadcast_to(normalized("M1"), masks.shape), replace(VANISHING_INIT, init_std=init_std)
    errors = complete(targets, masks, recipe=recipe, rng=np.random.default_rng(seed)).reshape(len(places), trials)
    return dict(zip(places, errors, strict=True))


@DELAYED.check(
    "training",
    nothing,
    axes(order=ORDERS, offset=(0, -1), trials=by_level((60,), (100,), (400,))),
    clauses="trained",
    scope="at most 60,000 steps",
    alpha=1e-5,
    distribution="normal starts",
)
@false("at the rank always", size=lambda number: 7)
@false("one sample later", size=lambda number: FIGURE_4_SIZES[number] + 1)
def trained(cell, _, *, size=FIGURE_4_SIZES.__getitem__, init_std=1e-32, places=EVERY, context):
    """The rate of recovery from the announced number of entries, and from one less."""
    errors = order_errors(places, init_std, cell.trials, context.entropy())
    n = size(cell.order) + cell.offset
    found = recovery(context, errors[cell.order, n], cell.offset == 0, what=f"order {cell.order}, n = {n}", parts=16)
    return worst([found], figures=[_map_of_orders(errors)] if (cell.order, cell.offset, places) == (1, 0, EVERY) else [])


def _map_of_orders(errors):
    labels = [f"order {number}: n = {FIGURE_4_SIZES[number]}" for number in ORDERS]
    medians = np.array([[np.median(errors[number, n]) for n in SIZES] for number in ORDERS])
    return error_figure("Test error along the six designed orders", labels, SIZES, medians, marks={7: "R = 7"}, y_label="designed order")


DELAYED.without("vanishing start", trained, init_std=1e-2, places=ANNOUNCED)

FULL_RANK = claim(
    "exp.fig5",
    "A full-rank target sampled at 7, 12 and 15 entries is completed at rank 1, 2 and 3",
    r"M^*_8 \text{ on the printed patterns: completions of rank } 1, 2, 3 \text{ from } n = 7, 12, 15 \text{ entries}",
    clauses={
        "decided": r"\text{the pattern of } 7, 12, 15 \text{ entries decides generic matrices of rank } 1, 2, 3, \text{ of no higher rank}",
        "trained": r"\text{training ends at completions of } M^*_8 \text{ of rank } 1, 2, 3",
    },
    symbols={
        "M^*_8": f"the printed target, row by row: {rows_of('M8')}",
        "n": "number of sampled entries (row, column): "
        + "; ".join(f"{n}: {entries_of(pattern)}" for n, pattern in sorted(matrix_experiment().patterns.items())),
    },
    assumptions=[VANISHING],
    kind="law",
    relation="tight",
    source=STRATIFICATION.at("Figure 5 (the target is M8, see errata)"),
    depends_on=["mf.function-rank", "rank.implicit-bias"],
    refuted_by="Completions of another numerical rank.",
    notes="A tendency, not a theorem: for M7 the completion from twelve entries has rank 3, and random targets behave either way.",
)

RANKS = {7: 1, 12: 2, 15: 3}


@FULL_RANK.check("exact", a_seed, axes(n=tuple(RANKS)), clauses="decided", distribution="integer factors below 1000")
@false("one rank less", ranks={7: 1, 12: 1, 15: 2})
def patterns(cell, drawn, *, ranks=RANKS, context):
    """On the printed pattern a generic matrix of the announced rank is decided, of one rank more it is not."""
    rng, found = context.rng(drawn), []
    for r in (ranks[cell.n], ranks[cell.n] + 1):
        model = MatrixFactorization(4, 4, r)
        J = tangents(model, rationals(rng.integers(1, 1000, model.n_params)), matrix_experiment().patterns[cell.n])[1][:, 0]
        found.append(rank_rational(J) == function_rank(r, 4, 4))
    return equal(decided=((True, False), tuple(found)))


@lru_cache(maxsize=4)
def completions(name, init_std, trials, seed):
    """{n: (singular values (trials, 4), which runs converged)} of completions of a printed target on the printed patterns."""
    rng, found = np.random.default_rng(seed), {}
    targets = np.broadcast_to(normalized(name), (trials, 4, 4))
    for n in RANKS:
        recipe, mask = replace(VANISHING_INIT, init_std=init_std, stop=1e-20 / n), pattern_mask(matrix_experiment().patterns[n], 4)
        one = descend(targets, np.repeat(mask[None], trials, 0), recipe=recipe, rng=rng)
        found[n] = np.linalg.svd(one.matrices, compute_uv=False), one.converged
    return found


@FULL_RANK.check(
    "training",
    nothing,
    axes(n=tuple(RANKS), trials=by_level((60,), (100,), (400,))),
    clauses="trained",
    scope="at most 60,000 steps; numerical rank: the next singular value below 1e-6 of the largest",
    alpha=1e-5,
    distribution="normal starts",
    name="trainings",
)
@false("the same for M7", name="M7")
@false("rank 2 from 15 entries", ranks={7: 1, 12: 2, 15: 2})
def completed_ranks(cell, _, *, ranks=RANKS, init_std=1e-32, name="M8", context):
    """How often the completion has the announced numerical rank."""
    found = completions(name, init_std, cell.trials, context.entropy())
    values, converged = found[cell.n]
    hits = int((converged & ((values > 1e-6 * values[:, :1]).sum(axis=1) == ranks[cell.n])).sum())
    what = f"{name}, n = {cell.n}: completion of rank {ranks[cell.n]}"
    rate = context.rate(hits, cell.trials, what=what, at_least=PREDICTED, margin=MARGIN, parts=8)
    return worst([rate], figures=[_spectra(name, found)] if cell.n == 7 else [])


def _spectra(name, found):
    series = [{"label": f"n = {n}", "x": [1, 2, 3, 4], "y": np.median(values, axis=0).tolist()} for n, (values, _) in found.items()]
    return Figure(
        "lines",
        f"Singular values of completions of {name}",
        "median singular values of the completed matrix by index, one line for each number of sampled entries; logarithmic",
        {"series": series},
        x_label="index",
        y_label="singular value",
        log_y=True,
    )


FULL_RANK.without("vanishing start", completed_ranks, init_std=1e-2)
