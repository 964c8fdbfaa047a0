r"""Recovering a matrix from measurements: generic ones see min(n, R) directions, single entries only where their pattern allows.

Entries are a finite domain, on which theorems about almost every sample say nothing: a pattern of entries is a bipartite graph of rows and
columns, and recovery a property of that graph.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import (
    FLOAT_GAP,
    compared_in_floats,
    composed,
    exact_tangent_matrix,
    float_twin,
    seeded,
    tangent_matrix,
)
from theory.models import MatrixFactorization
from theory.rank import function_rank
from theory.rank.completion import connected, every_line_met, representative, spanning_trees

# --------------------------------------------------------------------------------------------- mf.generic-sampling


def generic_measurements(model, n, rng):
    return rng.integers(-9, 10, (n, model.d1, model.d2))


def rank_one_measurements(model, n, rng):
    return rng.integers(-9, 10, (n, model.d1, 1)) * rng.integers(-9, 10, (n, 1, model.d2))


def single_entries(model, n, rng):
    """The first n entries, row by row (then again): measurements too, but not generic ones."""
    entries = model.d1 * model.d2
    return np.eye(entries, dtype=int)[np.arange(n) % entries].reshape(n, model.d1, model.d2)


def check_measurements(instance, *, measurements, formula, context) -> Outcome:
    from numerics.arithmetic.exact import rank_rational, rationals
    from numerics.derivatives.tape import tangents

    d, r, n, law, replicate = instance
    rng, model = context.rng(replicate), MatrixFactorization(d, d, d)
    theta = representative(model, r, r, r, rng)
    G = measurements[law](model, n, rng)
    jacobian = tangents(model, rationals(theta), G, forward=model.measure)[1].reshape(n, -1)
    return Outcome.equal(formula(n, function_rank(r, d, d)), rank_rational(jacobian), d=d, r=r, n=n, theta=theta, measurements=G)


def sample_sizes(context):
    for r in range(1, 5):
        transition = function_rank(r, 4, 4)
        sizes = context.by_level(quick={1, transition - 1, transition, 16}, standard=range(1, 17), full=range(1, 17))
        yield from ((4, r, n, law, 100 * r + n) for n in sizes for law in ("generic", "rank one"))


@composed
def drawn_measurements(draw, st):
    d = draw(st.integers(2, 5))
    r, n, law = draw(st.integers(1, d)), draw(st.integers(1, 25)), draw(st.sampled_from(["generic", "rank one"]))
    return d, r, n, law, draw(st.integers(0, 2**20))


def check_measurements_in_floats(instance, *, measurements, formula, context) -> Outcome:
    """The same at real (normal) factors and measurements, decided by singular values."""
    from numerics.derivatives.tape import tangents
    from numerics.rank import float_rank

    d, r, n, law, replicate = instance
    rng, model = context.rng(replicate), MatrixFactorization(d, d, d)
    left, right = np.zeros((d, d)), np.zeros((d, d))
    left[:, :r], right[:r] = rng.normal(size=(d, r)), rng.normal(size=(r, d))
    G = measurements[law](model, n, rng).astype(float)
    found = float_rank(tangents(model, model.pack(left=left, right=right), G, forward=model.measure)[1].reshape(n, -1))
    return compared_in_floats(formula(n, function_rank(r, d, d)), found, d=d, r=r, n=n, law=law, replicate=replicate)


LAWS = {"generic": generic_measurements, "rank one": rank_one_measurements}
ENTRIES = dict.fromkeys(LAWS, single_entries)


# ----------------------------------------------------------------------------------------------- mf.entry-sampling


def positive_factors(model, rng):
    """Factors that stand for a generic target: no entry of the product vanishes."""
    left, right = model.shapes.values()
    return model.pack(left=rng.integers(1, 1000, left), right=rng.integers(1, 1000, right))


def unit_factors(model, rng):
    """f* = e_1 e_1^T: of rank one, with zeros everywhere else."""
    return model.pack(left=np.eye(model.d1, model.width, dtype=int), right=np.eye(model.width, model.d2, dtype=int))


def recovering_patterns(d1: int, d2: int, r: int, n: int, rng, factors=positive_factors):
    """Every n-subset of the entries with whether it gives local linear recovery at a target of rank r."""
    from flint import fmpz_mat

    model, R = MatrixFactorization(d1, d2, r), function_rank(r, d1, d2)
    rows = [[int(entry.p) for entry in row] for row in exact_tangent_matrix(model, factors(model, rng))]
    for pattern in combinations(range(len(rows)), n):
        yield pattern, fmpz_mat([rows[entry] for entry in pattern]).rank() == R


def check_connectivity(instance, *, criterion, factors, context) -> Outcome:
    """Rank one: recovery at a pattern exactly when the criterion holds, over all patterns of that size."""
    d1, d2, n = instance
    cases = 0
    for pattern, recovers in recovering_patterns(d1, d2, 1, n, context.rng(), factors):
        cases += 1
        if criterion(d1, d2, pattern) != recovers:
            entries = [[entry // d2 + 1, entry % d2 + 1] for entry in pattern]
            message = f"the criterion says {not recovers}, the tangent matrix says {recovers}"
            return Outcome.fails(message, counterexample={"d1": d1, "d2": d2, "entries": entries}, cases=cases)
    return Outcome.holds(cases)


def grids(context):
    return context.by_level(
        quick=[(2, 2, 3), (3, 3, 5), (3, 3, 6), (3, 4, 6), (4, 4, 7)],
        standard=[(3, 3, 5), (3, 3, 6), (3, 4, 6), (3, 4, 7), (4, 4, 7), (4, 4, 8), (4, 4, 9)],
        full=[(3, 3, 5), (3, 4, 6), (4, 4, 7), (4, 4, 8), (4, 4, 9), (4, 4, 10), (4, 5, 8)],
    )


def check_counts(instance, *, counts, context) -> Outcome:
    d1, d2, r, n = instance
    observed = sum(recovers for _, recovers in recovering_patterns(d1, d2, r, n, context.rng()))
    return Outcome.equal(counts(d1, d2, r, n), observed, d1=d1, d2=d2, r=r, n=n, patterns=comb(d1 * d2, n))


#: Numbers of patterns with recovery at a generic target, by (d1, d2, r, n); rank one at n = R is Cayley's formula.
GOOD_PATTERNS = {(4, 4, 2, 12): 1284, (4, 4, 3, 15): 16, (3, 3, 1, 6): 78, (3, 3, 2, 8): 9, (3, 4, 2, 10): 54, (4, 4, 2, 14): 120}


def good_patterns(d1, d2, r, n):
    return spanning_trees(d1, d2) if r == 1 and n == d1 + d2 - 1 else GOOD_PATTERNS[d1, d2, r, n]


def counted(context):
    return [(2, 2, 1, 3), (3, 3, 1, 5), (3, 4, 1, 6), (4, 4, 1, 7), *GOOD_PATTERNS]


def check_degrees(instance, *, exceptions, context) -> Outcome:
    """Rank r: at least r entries in every line are necessary; how many connected patterns with them fail all the same."""
    d1, d2, r, n = instance
    cases, failing = 0, 0
    for pattern, recovers in recovering_patterns(d1, d2, r, n, context.rng()):
        cases += 1
        enough = every_line_met(d1, d2, pattern, times=r)
        if recovers and not enough:
            return Outcome.fails("recovery with fewer than r entries in a line", counterexample={"pattern": pattern}, cases=cases)
        failing += enough and not recovers and connected(d1, d2, pattern)
    if failing == exceptions:
        return Outcome.holds(cases, message=f"{failing} connected patterns with at least {r} entries in every line fail")
    return Outcome.fails(
        f"expected {exceptions} exceptions, observed {failing}", counterexample={"instance": instance, "observed": failing}, cases=cases
    )


def check_connectivity_in_floats(instance, *, criterion, context) -> Outcome:
    """Random patterns of a larger matrix, ranks from singular values at a normal rank-one target."""
    from numerics.rank import float_rank

    d1, d2, extra, replicate = instance
    rng, model = context.rng(replicate), MatrixFactorization(d1, d2, 1)
    pattern = rng.choice(d1 * d2, min(d1 + d2 - 1 + extra, d1 * d2), replace=False)
    theta = rng.choice([-1.0, 1.0], model.n_params) * rng.uniform(0.5, 2.0, model.n_params)
    found = float_rank(tangent_matrix(model, theta, model.entries()[pattern]))
    if found.rank is None:
        return Outcome.inconclusive(f"no clear gap among the singular values of {instance}", cases=1)
    return Outcome.equal(criterion(d1, d2, pattern), found.rank == d1 + d2 - 1, d1=d1, d2=d2, pattern=pattern)


drawn_patterns = seeded(lambda st: (st.integers(2, 7), st.integers(2, 7), st.integers(0, 6)))


CLAIMS = [
    Claim(
        id="mf.generic-sampling",
        title="Generic measurements see min(n, R) directions",
        kind="extension",
        statement=r"R_S(A, B) = \min(n, R(A, B)) \text{ for almost all measurements } \langle G_j, A B \rangle,\ j \le n",
        assumptions=[Assumption("generic", r"\text{the } G_j \text{ are generic, or generic of rank one}")],
        source=Source(RANK_STRATIFICATION, "Theorem 1 applied to measurements (ours)"),
        depends_on=["mf.strata"],
        refuted_by="An open set of measurements on which the empirical rank is below min(n, R).",
        notes="Holds almost surely; drawn integers stand for generic measurements.",
        checks=[
            measurements := Check(
                "measurements",
                evidence="exact",
                covers="instances",
                scope="d = 4, r = 1 .. 4, n around every transition (quick), n = 1 .. 16 (standard)",
                run=check_measurements,
                instances=sample_sizes,
                distribution="independent integers -9 .. 9",
                parameters={"measurements": LAWS, "formula": min},
                controls=[
                    Control("single entries for generic matrices", measurements=ENTRIES),
                    Control("one short of the rank", formula=lambda n, rank: min(n, rank - 1)),
                ],
            ),
            float_twin(
                measurements,
                run=check_measurements_in_floats,
                scope="d = 2 .. 5, every rank, n <= 25",
                instances=drawn_measurements,
                distribution="normal factors, integer measurements -9 .. 9",
                tolerance=FLOAT_GAP,
                controls=[Control("single entries for generic matrices", measurements=ENTRIES)],
            ),
        ],
        probes=[Probe(drops="generic", instances=sample_sizes, parameters={"measurements": ENTRIES})],
    ),
    Claim(
        id="mf.entry-sampling",
        title="Which sampled entries recover a matrix",
        kind="extension",
        statement=r"r = 1,\ f^*_{ij} \neq 0:\ R_S = R \iff \text{the bipartite graph of the sampled entries is connected};\quad "
        r"\#\{S : |S| = R\} = d_1^{d_2 - 1} d_2^{d_1 - 1}",
        assumptions=[Assumption("no zero entry", r"f^*_{ij} \neq 0 \text{ for all } i, j")],
        source=Source(RANK_STRATIFICATION, "Figure 4 is the paper's handling of it; statement and counts: ours"),
        depends_on=["mf.strata", "mf.function-rank"],
        refuted_by="A pattern on which connectivity and the rank of the tangent matrix disagree.",
        notes="Entries are a finite domain: theorems about almost every sample do not apply to them.",
        checks=[
            Check(
                "connectivity",
                evidence="exact",
                covers="instances",
                scope="every pattern of the listed sizes on grids up to 4 x 4",
                run=check_connectivity,
                instances=grids,
                distribution="one target with positive integer factors below 1000",
                parameters={"criterion": connected, "factors": positive_factors},
                controls=[
                    Control("every line met", criterion=every_line_met),
                    Control("any R entries", criterion=lambda d1, d2, pattern: True),
                ],
            ),
            Check(
                "counts",
                evidence="exact",
                covers="instances",
                scope="2 x 2 to 4 x 4, ranks 1 to 3, at and above the optimistic sample size",
                run=check_counts,
                instances=counted,
                distribution="all patterns; one target with positive integer factors below 1000",
                parameters={"counts": good_patterns},
                controls=[Control("any R entries", counts=lambda d1, d2, r, n: comb(d1 * d2, n))],
            ),
            Check(
                "degrees",
                evidence="exact",
                covers="instances",
                scope="4 x 4, r = 2, n = 12: all 1820 patterns",
                run=check_degrees,
                instances=lambda context: [(4, 4, 2, 12)],
                distribution="one target with positive integer factors below 1000",
                parameters={"exceptions": 144},
                controls=[Control("two entries a line and connected suffice", exceptions=0)],
            ),
            Check(
                "connectivity-in-floats",
                evidence="property",
                covers="instances",
                scope="matrices from 2 x 2 to 7 x 7, R to R + 6 entries",
                run=check_connectivity_in_floats,
                instances=drawn_patterns,
                distribution="uniform patterns; factor entries of modulus 1/2 to 2, random signs",
                tolerance=FLOAT_GAP,
                parameters={"criterion": connected},
                controls=[Control("every line met", criterion=every_line_met)],
            ),
        ],
        probes=[Probe(drops="no zero entry", instances=grids, parameters={"factors": unit_factors})],
    ),
]
