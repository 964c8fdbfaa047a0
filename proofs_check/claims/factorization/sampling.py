r"""Recovering a matrix from measurements: generic ones see min(n, R) directions, single entries only where their pattern allows.

Entries are a finite domain, on which theorems about almost every sample say nothing: a pattern of entries is a bipartite graph of rows and
columns, and recovery a property of that graph.
"""

from math import comb

import numpy as np

from numerics.arithmetic.exact import rank_rational
from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank, float_rank
from numerics.recovery.completion import recovering
from proofs_check import Assumption, axes, by_level, claim, draws, false
from proofs_check.judging import at_most, equal, rank_is, worst
from theory.models import MatrixFactorization
from theory.rank import factorization_rank
from theory.rank.completion import block_bound, every_line_met, rank_one_sampled_rank, recovering_patterns, representative

from . import FLOATS, GENERIC, INTEGERS, STRATIFICATION
from ._pictures import seen_ranks

GENERIC_SAMPLES = claim(
    "mf.generic-sampling",
    "Generic measurements see min(n, R) directions",
    r"R_S(A, B) = \min(n, R(A, B)) \text{ for almost all } G_1, \dots, G_n",
    clauses={
        "matrices": r"R_S(A, B) = \min(n, R(A, B)) \text{ for almost all } G_j \in \mathbb{R}^{d_1 \times d_2}",
        "rank one": r"R_S(A, B) = \min(n, R(A, B)) \text{ for almost all } G_j = x_j z_j^{\mathsf T}",
    },
    symbols=["R_S", "R", "A", "B", "n", "G_j", "d_1,d_2"],
    assumptions=[GENERIC],
    kind="extension",
    source=STRATIFICATION.at("Theorem 1 applied to measurements (ours)"),
    depends_on=["mf.strata"],
    refuted_by="An open set of measurements on which the empirical rank is below min(n, R).",
)

SMALL = by_level((1, 2, 3), (1, 2, 3, 4))
POINT = {"d1": SMALL, "d2": SMALL, "m": by_level((2,), (1, 3)), "a": "0..min(d1, m)", "b": "0..min(m, d2)"}
PAST, LAWS = by_level((-1, 0, 1), (-3, -1, 0, 1, 4)), ("matrices", "rank one")
AROUND = axes(**POINT, past=PAST, law=LAWS, where=lambda d1, d2, a, b, past: factorization_rank(d1, d2, a, b) + past >= 1)


def measured(cell, rng):
    """A point of the stratum, and R + past measurements."""
    theta = representative(MatrixFactorization(cell.d1, cell.d2, cell.m), cell.a, cell.b, max(0, cell.a + cell.b - cell.m), rng)
    n = factorization_rank(cell.d1, cell.d2, cell.a, cell.b) + cell.past
    if cell.law == "matrices":
        return theta, draws.nonzero(rng, (n, cell.d1, cell.d2), 10**6)
    return theta, draws.nonzero(rng, (n, cell.d1, 1), 10**6) * draws.nonzero(rng, (n, 1, cell.d2), 10**6)


def single_entries(G):
    """The first n entries, row by row (then again): measurements too, but not generic ones."""
    return np.eye(G[0].size, dtype=int)[np.arange(len(G)) % G[0].size].reshape(G.shape)


@GENERIC_SAMPLES.check("exact", measured, AROUND, clauses=LAWS, distribution=INTEGERS)
@false("single entries for generic matrices", seen=single_entries)
@false("one short of the rank", formula=lambda n, rank: min(n, max(rank - 1, 0)))
@false("one to spare", formula=lambda n, rank: min(n - 1, rank))
def measurements(cell, instance, *, formula=min, seen=lambda G: G, floats=False, context):
    """The rank of the tangents on n measurements against min(n, R), for n around R."""
    model, theta, G = MatrixFactorization(cell.d1, cell.d2, cell.m), instance[0], seen(instance[1])
    J = tangents(model, theta, G, forward=model.measure)[1][:, 0]
    expected = formula(len(G), factorization_rank(cell.d1, cell.d2, cell.a, cell.b))
    if floats:
        return rank_is(expected, float_rank(J.astype(float)), theta=theta, G=G)
    outcome = equal(rank=(expected, rank_rational(J)), shown={"theta": theta, "G": G})
    return worst([outcome], figures=[seen_ranks()] if (cell.d1, cell.d2, cell.past, cell.law) == (1, 1, 0, "matrices") else ())


GENERIC_SAMPLES.twin(measurements, "property", changed={"floats": True}, tolerance=FLOATS)
GENERIC_SAMPLES.without("generic", measurements, seen=single_entries)

ENTRIES = claim(
    "mf.entry-sampling",
    "Which sampled entries recover a matrix",
    r"R_S = R(f^*) \iff S \text{ connects rows and columns, for } r = 1,\ f^*_{ij} \ne 0;\quad"
    r" \text{for any } r \text{ no block may hold more than its own } R",
    clauses={
        "connected": r"r = 1:\ R_S = d_1 + d_2 - c(S),\ c \text{ the number of connected parts of the graph of rows and columns}",
        "zeros": r"r = 1,\ f^* = u v^{\mathsf T}:\ R_S = |u| + |v| - c(S) \text{ on the support, and 1 for every other}"
        r"\text{ row (column) sampled in a column (row) of it}",
        "blocks": r"R_S \le |S \setminus I \times J| + r (|I| + |J| - r) \text{ if } |I|, |J| \ge r",
        "exactly": r"2 \le r,\ d_1, d_2 \le 4,\ |S| = R:\ R_S = R \iff \text{no block forbids it, at generic } f^*",
        "number": r"\#\{S: |S| = R_S = R\} = d_1^{d_2 - 1} d_2^{d_1 - 1} \text{ for } r = 1,\ \tbinom{d_2}{r} d_1^{d_2 - r}"
        r" \text{ for } r = d_1 - 1 < d_2",
        "lines": r"r = 2,\ d_1 = d_2 = 4:\ R_S < R \text{ for 144 of the 1820 patterns of 12 entries, two in every line}",
    },
    symbols=["R_S", "R", "S", "r", "f^*", "d_1,d_2", "I,J"],
    assumptions=[Assumption("no zero entry", r"f^*_{ij} \ne 0 \text{ for all } i, j, \text{ where zeros are not named}"), GENERIC],
    kind="extension",
    source=STRATIFICATION.at("Figure 4 is the paper's handling of it; statement and counts: ours"),
    depends_on=["mf.strata", "mf.function-rank"],
    refuted_by="A pattern on which the graph, or a block, and the rank of the tangents disagree.",
    notes="Entries are a finite domain: theorems about almost every sample do not apply to them. At e_1 e_1^T only the first row and column"
    " are seen, so that one of the 11440 patterns of 7 entries of a 4 x 4 matrix recovers.",
)

ZEROS = axes(d1=SMALL, d2=SMALL, zero_rows="0..d1 - 1", zero_columns="0..d2 - 1", n="1..d1*d2", standard=2, full=6)


def rank_one_target(cell, rng):
    u, v = draws.nonzero(rng, cell.d1, 999), draws.nonzero(rng, cell.d2, 999)
    u[rng.permutation(cell.d1)[: cell.zero_rows]] = v[rng.permutation(cell.d2)[: cell.zero_columns]] = 0
    return u, v, sorted(rng.choice(cell.d1 * cell.d2, cell.n, replace=False).tolist())


def without_zeros(rows, columns, S):
    return rank_one_sampled_rank([True] * len(rows), [True] * len(columns), S)


def within(where, S):
    return [entry for entry in S if where.flat[entry]]


@ENTRIES.check("exact", rank_one_target, ZEROS, clauses=("connected", "zeros"))
@false("any R entries", formula=lambda rows, columns, S: min(len(S), len(rows) + len(columns) - 1))
@false("zeros do not matter", formula=without_zeros)
@false("the support alone", formula=lambda rows, columns, S: rank_one_sampled_rank(rows, columns, within(np.outer(rows, columns), S)))
@false("zero lines tie others", formula=lambda rows, columns, S: without_zeros(rows, columns, within(rows[:, None] | columns, S)))
def rank_one(cell, instance, *, formula=rank_one_sampled_rank, method="exact", context):
    """The rank of the tangents on a random pattern, at a target with any number of zero rows and columns, against the graph."""
    (u, v, S), model = instance, MatrixFactorization(cell.d1, cell.d2, 1)
    found = empirical_rank(model, np.concatenate([u, v]), model.entries()[S], method)
    return rank_is(formula(u != 0, v != 0, S), found, u=u, v=v, S=S)


ENTRIES.twin(rank_one, "property", changed={"method": "float"}, tolerance=FLOATS)
ENTRIES.without("no zero entry", rank_one, formula=without_zeros)

BLOCKS = axes(d1=SMALL, d2=SMALL, r="1..min(d1, d2)", generic=(False, True), quick=8, full=20)


def low_rank_target(cell, rng):
    """Factors of full rank r, generic or with zeros and equal lines, and a random pattern of any size."""
    sizes, entries = ((cell.d1, cell.r), (cell.r, cell.d2)), cell.d1 * cell.d2
    factors = [draws.nonzero(rng, size, 999) if cell.generic else draws.of_rank(rng, *size, cell.r) for size in sizes]
    return factors, sorted(rng.choice(entries, rng.integers(1, entries + 1), replace=False).tolist())


@ENTRIES.check("exact", low_rank_target, BLOCKS, clauses="blocks")
@false("a line counts r - 1", bound=lambda d1, d2, r, S: min(block_bound(d1, d2, r, S), max(r - 1, 1) * (d1 + d2 - r)))
@false("one less from R entries on", bound=lambda d1, d2, r, S: block_bound(d1, d2, r, S) - (len(S) >= r * (d1 + d2 - r)))
def blocks(cell, instance, *, bound=block_bound, context):
    """The rank of the tangents on a random pattern against the least bound over all blocks, and the number of entries."""
    (factors, S), model = instance, MatrixFactorization(cell.d1, cell.d2, cell.r)
    found = empirical_rank(model, np.concatenate([factor.ravel() for factor in factors]), model.entries()[S], "exact")
    return at_most("R_S", found, bound(cell.d1, cell.d2, cell.r, S), factors=factors, S=S)


GRIDS = axes(d1=(2, 3, 4), d2=(2, 3, 4), r="2..min(d1, d2)")
ALL = "all patterns are met: a non-zero minor at one target is one at almost all, and a block forbids recovery everywhere"


def generic_factors(cell, rng):
    return draws.nonzero(rng, cell.r * (cell.d1 + cell.d2), 999)


@ENTRIES.check("exact", generic_factors, GRIDS, clauses=("exactly", "lines"), covers="statement", because=ALL)
@false("r entries in every line", bound=lambda d1, d2, r, S: len(S) - (not every_line_met(d1, d2, S, r)))
@false("two entries a line suffice", exceptions=0)
def patterns(cell, theta, *, bound=block_bound, exceptions=144, factors=lambda theta: theta, context):
    """All patterns of R entries: which see R directions, against the blocks, and how many meet every line r times and do not."""
    (d1, d2, r), (every, found) = cell.values(), recovering(MatrixFactorization(cell.d1, cell.d2, cell.r), factors(theta))
    left_out = sum(S not in found and every_line_met(d1, d2, S, r) for S in every)
    expected = exceptions if (d1, d2, r) == (4, 4, 2) else 0
    return equal(
        recovering=({S for S in every if bound(d1, d2, r, S) == len(S)}, found), exceptions=(expected, left_out), shown={"theta": theta}
    )


ENTRIES.without("generic", patterns, factors=np.sign)

NUMBERS = axes(d1=SMALL, d2=(2, 3, 4), r="1..min(d1, d2)", where=lambda d1, d2, r: r in (1, min(d1, d2) - 1))


@ENTRIES.check("exact", generic_factors, NUMBERS, clauses="number")
@false("all patterns", number=lambda d1, d2, r: comb(d1 * d2, r * (d1 + d2 - r)))
@false("trees for every rank", number=lambda d1, d2, r: recovering_patterns(d1, d2, 1))
def numbers(cell, theta, *, number=recovering_patterns, context):
    """How many of all patterns of R entries recover."""
    _, found = recovering(MatrixFactorization(cell.d1, cell.d2, cell.r), theta)
    return equal(number=(number(cell.d1, cell.d2, cell.r), len(found)))
