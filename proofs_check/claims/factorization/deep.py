r"""Products of many matrices: the model rank counts ranks of partial products, and depth does not lower it on a target."""

from itertools import product

from numerics.rank import model_rank
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.adequacy.factorization import many_factors
from proofs_check.judging import equal, rank_is
from theory.models.factorizations import DeepFactorization
from theory.rank import deep_factorization_rank, function_rank
from theory.rank.chains import chain_of_type, chain_types, rank_between
from theory.rank.closed_forms import telescoped

from . import FLOATS, STRATIFICATION

DEEP = claim(
    "mf.deep",
    "Model rank of a product of many matrices",
    r"R(A_1, \dots, A_L) = \sum_{i \le L} (p_{i-1} - p_i)\, s_{i+1};\qquad R(f^*) = r (d_0 + d_L - r)",
    clauses={
        "value": r"R(A_1, \dots, A_L) = \sum_{i \le L} (p_{i-1} - p_i)\, s_{i+1} \text{ at every point, } L \ge 1",
        "target": r"\min_{\Theta^*} R = r (d_0 + d_L - r)",
    },
    symbols=["R", r"\Theta^*", "f^*", "A_i", "L", "d_i", "p_i", "s_i", "r"],
    assumptions=[Assumption("several factors", r"L \ge 2"), Assumption("wide enough", r"d_i \ge r,\ 0 < i < L")],
    kind="extension",
    source=STRATIFICATION.at("Lemma 2 is the case L = 2; any depth: ours"),
    depends_on=["mf.strata", "mf.function-rank"],
    refuted_by="Factors whose tangents have another rank, or representatives of f* of smaller rank.",
    notes="Depth does not lower R(f*). Two vanishing factors give R = 0. Up to changes of basis every chain of factors has one of finitely"
    " many types, and all of these sizes are met.",
)


def shapes(*longest):
    """All sizes up to the k-th of ``longest`` for L = k factors."""
    return tuple(sizes for L, most in enumerate(longest, 1) for sizes in product(range(1, most + 1), repeat=L + 1))


SHAPES = by_level(shapes(3, 2, 2), shapes(4, 3, 3, 2), shapes(5, 4, 3, 2, 2))


def every_type(context):
    return ((sizes, orbit) for sizes in SHAPES.at(context.level) for orbit in chain_types(sizes))


def point(sizes, orbit, rng):
    return DeepFactorization(sizes).pack(**{f"A{i}": factor for i, factor in enumerate(chain_of_type(sizes, orbit, rng), 1)})


@DEEP.check("exact", every_type, axes(sizes=SHAPES), cell=lambda instance: {"sizes": instance[0]}, clauses="value")
@false("ranks of the single factors", rank=lambda orbit, i, j: rank_between(orbit, i, i + 1) if i else rank_between(orbit, j - 1, j))
@false("left products of full rank", rank=lambda orbit, i, j: rank_between(orbit, i if i else j, j))
@false("right products of full rank", rank=lambda orbit, i, j: rank_between(orbit, i, j if i == 0 else i))
def types(instance, *, rank=rank_between, method="exact", context):
    """One chain of every type, in unimodular bases: the rank of the tangent matrix over all entries against the formula."""
    sizes, orbit = instance
    theta, last = point(sizes, orbit, context.rng(sizes, str(orbit))), len(sizes) - 1
    prefix, suffix = [rank(orbit, 0, i) for i in range(1, last + 1)], [rank(orbit, i, last) for i in range(last)]
    found = model_rank(DeepFactorization(sizes), theta, method)
    value = (
        deep_factorization_rank(sizes, prefix, suffix) if rank is rank_between else telescoped([sizes[0], *prefix], [*suffix, sizes[-1]])
    )
    return rank_is(value, found, sizes=sizes, theta=theta)


DEEP.twin(types, "property", changed={"method": "float"}, tolerance=FLOATS)

DEEP.formal("factorization/deep.v", "mf_deep", false="ranks of the single factors", adequate=many_factors, clauses="value")

FEW = ((1, 1, 1), (2, 1, 3), (3, 2, 2), (3, 3, 3), (2, 2, 2, 2), (3, 2, 3, 2), (2, 2, 1, 2, 2))
MORE = (*shapes(0, 3, 2, 2), (3, 3, 3, 3), (4, 3, 2, 4), (2, 2, 2, 2, 2, 2))
TARGETS = axes(sizes=by_level(FEW, MORE), r=(0, 1, 2, 3, 4), where=lambda sizes, r: r <= min(sizes))


def end_sizes(r, sizes):
    return function_rank(r, sizes[0], sizes[-1])


@DEEP.check("exact", a_seed, TARGETS, clauses="target")
@false("depth lowers the rank", formula=lambda r, sizes: end_sizes(r, sizes) - (len(sizes) - 3))
@false("all entries", formula=lambda r, sizes: sizes[0] * sizes[-1])
@false("the largest on the target", least=max)
def on_target(cell, seed, *, formula=end_sizes, least=min, sizes=lambda cell: cell.sizes, context):
    """The least exact rank over one chain of every type whose product has rank r: with equal outer bases, all represent one f*."""
    spaces = sizes(cell)
    points = [point(spaces, orbit, context.rng(seed)) for orbit in chain_types(spaces) if rank_between(orbit, 0, len(spaces) - 1) == cell.r]
    ranks = [model_rank(DeepFactorization(spaces), theta, "exact").rank for theta in points]
    return equal(represented=(True, bool(ranks)), least=(formula(cell.r, spaces), least(ranks, default=None)), shown={"ranks": ranks})


DEEP.formal(
    "factorization/deep.v",
    "mf_deep_function",
    false="one rank at all factors of f*, and of a single factor too",
    adequate=many_factors,
    clauses="target",
)

DEEP.without("several factors", on_target, sizes=lambda cell: (cell.sizes[0], cell.sizes[-1]))
DEEP.without("wide enough", on_target, sizes=lambda cell: (cell.sizes[0], max(1, cell.r - 1), cell.sizes[-1]))
