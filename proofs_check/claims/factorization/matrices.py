r"""Matrix factorization f = A B: strata of equal model rank, and the least among those that represent a matrix.

A has shape (d1, m), B shape (m, d2). At a point the model rank depends on rank A and rank B alone; a matrix f* of rank r is
represented by several strata, and the smallest rank among them, r (d1 + d2 - r), is the optimistic sample size.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import FLOAT_GAP, compared, composed, float_twin, judged
from theory.models import MatrixFactorization
from theory.rank import factorization_rank, factorization_strata, function_rank, matrix_rank
from theory.rank.completion import representative

# ------------------------------------------------------------------------------------------------------- mf.strata


def ranks_of_factors(model, theta):
    parts = model.unpack(theta)
    return matrix_rank(parts["left"]), matrix_rank(parts["right"])


def ranks_of_product(model, theta):
    return (matrix_rank(model.product(theta)),) * 2


def check_strata(instance, *, formula, ranks, context) -> Outcome:
    """The exact rank of the tangent matrix over all entries, against the formula in (rank A, rank B)."""
    return by_method("exact", instance, formula, ranks, context)


def check_strata_in_floats(instance, *, formula, ranks, context) -> Outcome:
    return by_method("float", instance, formula, ranks, context)


def by_method(method, instance, formula, ranks, context) -> Outcome:
    from numerics.rank import model_rank

    d1, d2, width, a, b, r, replicate = instance
    model = MatrixFactorization(d1, d2, width)
    theta = representative(model, a, b, r, context.rng(replicate))
    found = model_rank(model, theta, method)
    return compared(formula(d1, d2, *ranks(model, theta)), found, d1=d1, d2=d2, width=width, theta=theta)


def all_strata(context):
    most = context.by_level(quick=3, standard=4, full=5)
    for d1, d2, width in product(range(1, most + 1), range(1, most + 1), range(1, most + 2)):
        for a, b in product(range(min(d1, width) + 1), range(min(d2, width) + 1)):
            for r in {max(0, a + b - width), min(a, b)}:
                yield d1, d2, width, a, b, r, 0


@composed
def drawn_strata(draw, st):
    d1, d2, width = draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(1, 7))
    a, b = draw(st.integers(0, min(d1, width))), draw(st.integers(0, min(d2, width)))
    return d1, d2, width, a, b, draw(st.integers(max(0, a + b - width), min(a, b))), draw(st.integers(0, 2**20))


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
    d1, d2, width, a, b, _, replicate = instance
    rng = context.rng(replicate)
    left = rng.integers(-1, 2, (d1, a)) @ rng.integers(-1, 2, (a, width)) if a else np.zeros((d1, width), int)
    right = rng.integers(-1, 2, (width, b)) @ rng.integers(-1, 2, (b, d2)) if b else np.zeros((width, d2), int)
    ranks = matrix_rank(left), matrix_rank(right), matrix_rank(left @ right)
    message = f"rank A, rank B, rank AB = {ranks} with m = {width} violate Sylvester's bounds"
    return judged(max(0, ranks[0] + ranks[1] - width + slack) <= ranks[2] <= min(ranks[:2]), message, left=left, right=right)


CLAIMS = [
    Claim(
        id="mf.strata",
        title="Model rank of a matrix factorization at a point",
        statement=r"R(A, B) = d_1 d_2 - (d_1 - \operatorname{rank} A)(d_2 - \operatorname{rank} B)",
        source=Source(RANK_STRATIFICATION, "Lemma 2 (square; rectangular and any inner width: ours)"),
        refuted_by="One pair of factors whose tangent matrix has another rank.",
        checks=[
            strata := Check(
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
            float_twin(
                strata,
                run=check_strata_in_floats,
                scope="d1, d2 <= 6, m <= 7, every combination of ranks",
                instances=drawn_strata,
                distribution="shapes and ranks drawn by hypothesis, integer factors from a drawn seed",
                tolerance=FLOAT_GAP,
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
]
