r"""Matrix factorization f = A B: strata of equal model rank, and the least rank among those that represent a matrix."""

from itertools import product

from numerics.rank import model_rank
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.adequacy.factorization import two_factors
from proofs_check.judging import equal, rank_is, worst
from theory.models import MatrixFactorization
from theory.rank import factorization_rank, factorization_strata, function_rank, largest_target_rank
from theory.rank.chains import chain_types, rank_between
from theory.rank.completion import representative

from . import FLOATS, STRATIFICATION, _pictures

STRATA = claim(
    "mf.strata",
    "Model rank of a matrix factorization at a point",
    r"R(A, B) = d_1 d_2 - (d_1 - \operatorname{rank} A)(d_2 - \operatorname{rank} B)",
    symbols=["R", "A", "B", "d_1,d_2"],
    source=STRATIFICATION.at("Lemma 2 (square; rectangular and any inner width: ours)"),
    refuted_by="One pair of factors whose tangents have another rank.",
    notes="Up to changes of basis a pair of factors is known by (a, b, rank AB), so the cells are all pairs of these sizes.",
)

SIZE = by_level((1, 2, 3), (1, 2, 3, 4), (1, 2, 3, 4, 5))
ORBITS = axes(
    d1=SIZE, d2=SIZE, m=by_level((1, 2, 3), (1, 2, 3, 5)), a="0..min(d1, m)", b="0..min(m, d2)", r="max(0, a + b - m)..min(a, b)", full=3
)


def factors(cell, rng):
    return representative(MatrixFactorization(cell.d1, cell.d2, cell.m), cell.a, cell.b, cell.r, rng)


@STRATA.check("exact", factors, ORBITS, distribution="partial permutations in unimodular bases")
@false("rows and columns exchanged", formula=lambda cell: cell.a * cell.d1 + cell.b * cell.d2 - cell.a * cell.b)
@false("overlap forgotten", formula=lambda cell: cell.a * cell.d2 + cell.b * cell.d1)
@false("rank of the product for both ranks", formula=lambda cell: factorization_rank(cell.d1, cell.d2, cell.r, cell.r))
@false("none where the product vanishes", formula=lambda cell: factorization_rank(cell.d1, cell.d2, cell.a, cell.b) * (cell.r > 0))
def strata(cell, theta, *, formula=lambda cell: factorization_rank(cell.d1, cell.d2, cell.a, cell.b), method="exact", context):
    """The rank of the tangent matrix over all entries against the formula in (rank A, rank B)."""
    outcome = rank_is(formula(cell), model_rank(MatrixFactorization(cell.d1, cell.d2, cell.m), theta, method), theta=theta)
    return worst([outcome], figures=[_pictures.ranks()] if method == "exact" and (cell.d1, cell.d2, cell.m) == (1, 1, 1) else ())


STRATA.twin(strata, "property", changed={"method": "float"}, tolerance=FLOATS)

STRATA.formal("factorization/strata.v", "mf_strata", false="rows and columns exchanged", adequate=two_factors)

WIDE = Assumption("wide enough", r"m \ge r")

TARGET = claim(
    "mf.function-rank",
    "Model rank of a matrix",
    r"R(f^*) = r (d_1 + d_2 - r)",
    clauses={
        "value": r"R(f^*) = \min_{\Theta^*} R = r (d_1 + d_2 - r)",
        "strata": r"(\operatorname{rank} A, \operatorname{rank} B) \text{ takes on } \Theta^* \text{ the values }"
        r" r \le a \le \min(d_1, m),\ r \le b \le \min(d_2, m),\ a + b \le m + r",
        "argmin": r"\text{least at } (r, r) \text{ alone if } r < \min(d_1, d_2),\ \text{everywhere if } r = \min(d_1, d_2)",
        "largest": r"\max_{\Theta^*} R = d_1 d_2 - \max(0, \min(d_1, d_2) - m)(\max(d_1, d_2) - r)",
    },
    symbols=["R", r"\Theta^*", "f^*", "r", "m", "a", "b", "d_1,d_2"],
    assumptions=[WIDE],
    source=STRATIFICATION.at("Proposition 1 (square; rectangular, strata, where the least and largest are: ours)"),
    depends_on=["mf.strata"],
    refuted_by="A representative of f* of smaller model rank, none that attains the value, or one in another stratum.",
    notes="For r = w = min(m, d_1, d_2) the largest is M_I = w (d_1 + d_2 - w), the largest of all.",
)


@TARGET.check("symbolic", [None], clauses=("value", "argmin"), covers="statement", scope="all sizes, from R on the strata")
@false("overlap of order r", value=lambda r, d1, d2: r * (d1 + d2) - r)
def above_the_least(_, *, value=function_rank, context):
    """With a = r + s, b = r + t, d_1 = a + u, d_2 = b + v the excess over R(f*) is s t + s v + t u, not negative: zero at (r, r), and
    elsewhere only for s > 0 = t = v, so d_2 = r, or t > 0 = s = u, so d_1 = r."""
    import sympy

    r, s, t, u, v = sympy.symbols("r s t u v", nonnegative=True)
    d1, d2 = r + s + u, r + t + v
    return equal(excess=(s * t + s * v + t * u, factorization_rank(d1, d2, r + s, r + t) - value(r, d1, d2)))


TARGETS = axes(d1=SIZE, d2=SIZE, m=by_level((1, 2, 3), (1, 2, 3, 4, 6)), r="0..min(d1, d2, m)")


def least_at(r, d1, d2, allowed):
    return {(r, r)} if r < min(d1, d2) else allowed


@TARGET.check("exact", a_seed, TARGETS, clauses=("value", "strata", "argmin", "largest"))
@false("twice r d", least=lambda r, d1, d2: r * (d1 + d2))
@false("the convenient representative (I, f*)", least=lambda r, d1, d2: d1 * d2)
@false("Sylvester's bound forgotten", strata=lambda r, d1, d2, m: product(range(r, min(d1, m) + 1), range(r, min(d2, m) + 1)))
@false("least at (r, r) alone, always", at=lambda r, d1, d2, allowed: {(r, r)})
@false("one rank on all representatives", most=lambda r, d1, d2, m: function_rank(r, d1, d2))
@false("d_1 d_2 is always reached", most=lambda r, d1, d2, m: d1 * d2)
def on_target(
    cell, seed, *, least=function_rank, strata=factorization_strata, at=least_at, most=largest_target_rank, m=lambda cell: cell.m, context
):
    """The exact rank at one point of every orbit (up to changes of basis) that represents f*: all strata, the least, where, the largest."""
    d1, d2, r, ranks = cell.d1, cell.d2, cell.r, {}
    model = MatrixFactorization(d1, d2, m(cell))
    for orbit in chain_types((d1, model.width, d2)):
        a, b = rank_between(orbit, 0, 1), rank_between(orbit, 1, 2)
        if rank_between(orbit, 0, 2) == r:
            ranks[a, b] = model_rank(model, representative(model, a, b, r, context.rng(seed)), "exact").rank
    allowed, lowest = set(strata(r, d1, d2, model.width)), min(ranks.values(), default=None)
    outcome = equal(
        represented=(True, (r, r) in ranks),
        strata=(allowed, set(ranks)),
        least=(least(r, d1, d2), lowest),
        least_at=(at(r, d1, d2, allowed), {at for at, rank in ranks.items() if rank == lowest}),
        largest=(most(r, d1, d2, max(r, model.width)), max(ranks.values(), default=None)),
        shown={"ranks": ranks},
    )
    return worst([outcome], figures=[_pictures.ranks(3, 3, 3, 1)] if (d1, d2, cell.m, r) == (3, 3, 3, 1) else ())


TARGET.formal("factorization/strata.v", "mf_function_rank", false="attained by all factors", adequate=two_factors, clauses="value")

TARGET.without("wide enough", on_target, m=lambda cell: max(1, cell.r - 1))
