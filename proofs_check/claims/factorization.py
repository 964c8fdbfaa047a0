r"""Matrix factorization f = A B: strata of equal model rank, and the sample sizes at which a matrix can be recovered.

A has shape (d1, m), B shape (m, d2). At a point the model rank depends on rank A and rank B alone; a matrix f* of rank r is
represented by several strata, and the smallest rank among them, r (d1 + d2 - r), is the optimistic sample size.
"""

from __future__ import annotations

from itertools import combinations, product
from math import comb

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from theory.completion import connected, every_line_met, representative, spanning_trees
from theory.models import MatrixFactorization
from theory.rank import factorization_rank, factorization_strata, function_rank

RANK_STRATIFICATION = "arXiv:2211.11623v1"


def ranks_of_factors(model, theta):
    from theory.rank import matrix_rank

    parts = model.unpack(theta)
    return matrix_rank(parts["left"]), matrix_rank(parts["right"])


def ranks_of_product(model, theta):
    from theory.rank import matrix_rank

    return (matrix_rank(model.product(theta)),) * 2


# ------------------------------------------------------------------------------------------------------- mf.strata


def check_strata(instance, *, formula, ranks, context) -> Outcome:
    """The exact rank of the tangent matrix over all entries, against the formula in (rank A, rank B)."""
    from numerics.rank import model_rank

    d1, d2, width, a, b, r, replicate = instance
    model = MatrixFactorization(d1, d2, width)
    theta = representative(model, a, b, r, context.rng(replicate))
    observed = model_rank(model, theta, "exact").rank
    return Outcome.equal(formula(d1, d2, *ranks(model, theta)), observed, d1=d1, d2=d2, width=width, theta=theta)


def all_strata(context):
    most = context.by_level(quick=3, standard=4, full=5)
    for d1, d2, width in product(range(1, most + 1), range(1, most + 1), range(1, most + 2)):
        for a, b in product(range(min(d1, width) + 1), range(min(d2, width) + 1)):
            for r in {max(0, a + b - width), min(a, b)}:
                yield d1, d2, width, a, b, r, 0


def drawn_strata(context):
    from hypothesis import strategies as st

    @st.composite
    def stratum(draw):
        d1, d2, width = draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(1, 7))
        a, b = draw(st.integers(0, min(d1, width))), draw(st.integers(0, min(d2, width)))
        return d1, d2, width, a, b, draw(st.integers(max(0, a + b - width), min(a, b))), draw(st.integers(0, 2**20))

    return stratum()


def check_strata_in_floats(instance, *, formula, ranks, context) -> Outcome:
    from numerics.rank import model_rank

    d1, d2, width, a, b, r, replicate = instance
    model = MatrixFactorization(d1, d2, width)
    theta = representative(model, a, b, r, context.rng(replicate))
    found = model_rank(model, theta.astype(float), "float")
    expected = formula(d1, d2, *ranks(model, theta))
    if found.rank is None and found.lower <= expected <= found.upper:
        return Outcome.inconclusive(f"no clear gap among the singular values: rank between {found.lower} and {found.upper}", cases=1)
    return Outcome.equal(expected, found.rank, d1=d1, d2=d2, width=width, theta=theta)


STRATA_CONTROLS = [
    Control("rows and columns exchanged", formula=lambda d1, d2, a, b: a * d1 + b * d2 - a * b),
    Control("overlap forgotten", formula=lambda d1, d2, a, b: a * d2 + b * d1),
    Control("rank of the product for both ranks", ranks=ranks_of_product),
]


# ------------------------------------------------------------------------------------------------ mf.function-rank


def check_function_rank(instance, *, formula, strata, context) -> Outcome:
    """The minimum of the exact model rank over one point of every stratum that represents f*."""
    from numerics.rank import model_rank

    d1, d2, width, r, replicate = instance
    model = MatrixFactorization(d1, d2, width)
    found, products = {}, set()
    for a, b in strata(r, d1, d2, width):
        theta = representative(model, a, b, r, context.rng(replicate))
        products.add(model.product(theta).tobytes())
        found[a, b] = model_rank(model, theta, "exact").rank
    if len(products) > 1:
        raise AssertionError("the representatives of one target must have one product")
    return Outcome.equal(formula(r, d1, d2), min(found.values(), default=None), d1=d1, d2=d2, width=width, r=r, ranks=found)


def at_the_identity(r, d1, d2, width):
    """The convenient representative (I, f*) alone, where it fits, in place of all strata."""
    return [(min(d1, width), r)] if width >= d1 else list(factorization_strata(r, d1, d2, width))


def targets(context):
    most = context.by_level(quick=4, standard=5, full=6)
    for d1, d2 in product(range(1, most + 1), repeat=2):
        for r in range(min(d1, d2) + 1):
            for width in {r, min(d1, d2), max(d1, d2) + 1} - {0}:
                if width >= r:
                    yield d1, d2, width, r, 0


def too_narrow(context):
    return [(4, 4, r - 1, r, 0) for r in (2, 3, 4)]


def check_sylvester(instance, *, slack, context) -> Outcome:
    """Random factors never leave the strata: r <= a, r <= b and a + b - m <= r."""
    from theory.rank import matrix_rank

    d1, d2, width, a, b, _, replicate = instance
    rng = context.rng(replicate)
    left = rng.integers(-1, 2, (d1, a)) @ rng.integers(-1, 2, (a, width)) if a else np.zeros((d1, width), int)
    right = rng.integers(-1, 2, (width, b)) @ rng.integers(-1, 2, (b, d2)) if b else np.zeros((width, d2), int)
    ranks = matrix_rank(left), matrix_rank(right), matrix_rank(left @ right)
    if max(0, ranks[0] + ranks[1] - width + slack) <= ranks[2] <= min(ranks[:2]):
        return Outcome.holds()
    message = f"rank A, rank B, rank AB = {ranks} with m = {width} violate Sylvester's bounds"
    return Outcome.fails(message, counterexample={"left": left, "right": right})


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
    from numerics.exact import rank_rational, rationals
    from numerics.tape import tangents

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


def drawn_measurements(context):
    from hypothesis import strategies as st

    sizes = st.integers(2, 5).flatmap(lambda d: st.tuples(st.just(d), st.integers(1, d)))
    laws = st.sampled_from(["generic", "rank one"])
    return st.tuples(sizes, st.integers(1, 25), laws, st.integers(0, 2**20)).map(lambda t: (*t[0], t[1], *t[2:]))


def check_measurements_in_floats(instance, *, measurements, formula, context) -> Outcome:
    """The same at real (normal) factors and measurements, decided by singular values."""
    from numerics.rank import float_rank
    from numerics.tape import tangents

    d, r, n, law, replicate = instance
    rng, model = context.rng(replicate), MatrixFactorization(d, d, d)
    left, right = np.zeros((d, d)), np.zeros((d, d))
    left[:, :r], right[:r] = rng.normal(size=(d, r)), rng.normal(size=(r, d))
    G = measurements[law](model, n, rng).astype(float)
    found = float_rank(tangents(model, model.pack(left=left, right=right), G, forward=model.measure)[1].reshape(n, -1))
    if found.rank is None:
        return Outcome.inconclusive(f"no clear gap among the singular values of {instance}", cases=1)
    return Outcome.equal(formula(n, function_rank(r, d, d)), found.rank, d=d, r=r, n=n, law=law)


LAWS = {"generic": generic_measurements, "rank one": rank_one_measurements}
ENTRIES = {"generic": single_entries, "rank one": single_entries}


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
    from numerics.exact import rationals
    from numerics.tape import tangents

    model = MatrixFactorization(d1, d2, r)
    theta = factors(model, rng)
    rows = [[int(entry.p) for entry in row] for row in tangents(model, rationals(theta), model.entries())[1][:, 0]]
    return _ranked(rows, function_rank(r, d1, d2), n)


def _ranked(rows, rank: int, n: int):
    from flint import fmpz_mat

    for pattern in combinations(range(len(rows)), n):
        yield pattern, fmpz_mat([rows[entry] for entry in pattern]).rank() == rank


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


def check_spanning_graphs_in_floats(instance, *, criterion, context) -> Outcome:
    """Random patterns of a larger matrix, ranks from singular values at a normal rank-one target."""
    from numerics.rank import float_rank
    from numerics.tape import tangents

    d1, d2, extra, replicate = instance
    rng, model = context.rng(replicate), MatrixFactorization(d1, d2, 1)
    n = min(d1 + d2 - 1 + extra, d1 * d2)
    pattern = rng.choice(d1 * d2, n, replace=False)
    signs = rng.choice([-1.0, 1.0], model.n_params)
    theta = signs * rng.uniform(0.5, 2.0, model.n_params)
    found = float_rank(tangents(model, theta, model.entries()[pattern])[1][:, 0])
    if found.rank is None:
        return Outcome.inconclusive(f"no clear gap among the singular values of {instance}", cases=1)
    return Outcome.equal(criterion(d1, d2, pattern), found.rank == d1 + d2 - 1, d1=d1, d2=d2, pattern=pattern)


def drawn_patterns(context):
    from hypothesis import strategies as st

    return st.tuples(st.integers(2, 7), st.integers(2, 7), st.integers(0, 6), st.integers(0, 2**20))


FLOAT_GAP = "rank read across a gap of 1e6 in the singular values; noise max(shape) eps sigma_1 (Weyl)"

CLAIMS = [
    Claim(
        id="mf.strata",
        title="Model rank of a matrix factorization at a point",
        statement=r"R(A, B) = d_1 d_2 - (d_1 - \operatorname{rank} A)(d_2 - \operatorname{rank} B)",
        source=Source(RANK_STRATIFICATION, "Lemma 2 (square; rectangular and any inner width: ours)"),
        refuted_by="One pair of factors whose tangent matrix has another rank.",
        checks=[
            Check(
                "strata",
                evidence="exact",
                covers="instances",
                scope="every (rank A, rank B), extreme ranks of the product, d1, d2 <= 3 (quick), 4, 5 (full), m <= d + 1",
                run=check_strata,
                instances=all_strata,
                distribution="unimodular integer matrices from the check's seed",
                parameters={"formula": factorization_rank, "ranks": ranks_of_factors},
                controls=STRATA_CONTROLS,
            ),
            Check(
                "strata-in-floats",
                evidence="property",
                covers="instances",
                scope="d1, d2 <= 6, m <= 7, every combination of ranks",
                run=check_strata_in_floats,
                replay=check_strata,
                instances=drawn_strata,
                distribution="shapes and ranks drawn by hypothesis, integer factors from a drawn seed",
                tolerance=FLOAT_GAP,
                parameters={"formula": factorization_rank, "ranks": ranks_of_factors},
                controls=STRATA_CONTROLS,
            ),
        ],
    ),
    Claim(
        id="mf.function-rank",
        title="Model rank of a matrix",
        statement=r"R(f^*) = r (d_1 + d_2 - r), \quad r = \operatorname{rank} f^*",
        assumptions=[Assumption("wide enough", r"m \ge r")],
        source=Source(RANK_STRATIFICATION, "Proposition 1 (square; rectangular: ours)"),
        depends_on=["mf.strata"],
        refuted_by="A representative of f* of smaller model rank, or none that attains the value.",
        checks=[
            Check(
                "minimum-over-strata",
                evidence="exact",
                covers="instances",
                scope="all strata (a, b) of every rank r; d1, d2 <= 4 (quick), 5, 6 (full); widths r to max(d1, d2) + 1",
                run=check_function_rank,
                instances=targets,
                distribution="unimodular integer matrices from the check's seed",
                parameters={"formula": function_rank, "strata": factorization_strata},
                controls=[
                    Control("twice r d", formula=lambda r, d1, d2: r * (d1 + d2)),
                    Control("overlap of order r", formula=lambda r, d1, d2: r * (d1 + d2) - r),
                    Control("one convenient representative", strata=at_the_identity),
                ],
            ),
            Check(
                "strata-are-all",
                evidence="property",
                covers="instances",
                scope="d1, d2 <= 6, m <= 7; ranks of integer matrices, computed exactly",
                run=check_sylvester,
                instances=drawn_strata,
                distribution="products of matrices with entries -1, 0, 1",
                tolerance="none needed: integer ranks",
                parameters={"slack": 0},
                controls=[Control("Sylvester's bound one higher", slack=1)],
            ),
        ],
        probes=[Probe(drops="wide enough", instances=too_narrow)],
    ),
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
            Check(
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
            Check(
                "measurements-in-floats",
                evidence="property",
                covers="instances",
                scope="d = 2 .. 5, every rank, n <= 25",
                run=check_measurements_in_floats,
                replay=check_measurements,
                instances=drawn_measurements,
                distribution="normal factors, integer measurements -9 .. 9",
                tolerance=FLOAT_GAP,
                parameters={"measurements": LAWS, "formula": min},
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
                run=check_spanning_graphs_in_floats,
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
