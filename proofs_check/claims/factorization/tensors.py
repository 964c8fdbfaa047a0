r"""Sums of rank-one tensors: the generic model rank is the expected one but for unbalanced and a few exceptional formats."""

from itertools import combinations_with_replacement
from math import prod

import numpy as np

from numerics.rank import model_rank
from proofs_check import axes, by_level, claim, draws, false
from proofs_check.judging import rank_is
from theory.models.factorizations import CPFactorization
from theory.rank import cp_expected_rank, cp_format, cp_generic_rank

from . import FLOATS, GENERIC, INTEGERS, SEGRE

CP = claim(
    "mf.cp",
    "Generic model rank of sums of rank-one tensors",
    r"R = \min\left(r \left(\textstyle\sum_i d_i - N + 1\right), \prod_i d_i\right) \text{ but for unbalanced and exceptional formats}",
    clauses={
        "regular": r"R = \min\left(r \left(\textstyle\sum_i d_i - N + 1\right), \prod_i d_i\right) \text{ in all other formats}",
        "unbalanced": r"R = r (D + d - r) \text{ if } D - \textstyle\sum_i (d_i - 1) + (d - 1) < r < \min(d, D)",
        "exceptional": r"R \text{ one less than expected for } (3, n, n; (3n - 1)/2),\ n \ge 3 \text{ odd},\ (3, 4, 4; 5),"
        r"\ (2, 2, n, n; 2n - 1),\ n \ge 2",
        "idle": r"\text{components that vanish altogether add nothing: } R(f^*) \le r (\textstyle\sum_i d_i - N + 1)",
    },
    symbols=["R", "r", "d_i", "N", "d", "D", "f^*"],
    assumptions=[GENERIC],
    kind="extension",
    source=SEGRE.at("defective secant varieties of Segre varieties; unbalanced ones: arXiv:math/0609054v2; as model ranks: ours"),
    refuted_by="A format of another generic rank.",
    notes="That no further formats are defective is proved for r <= 6 and conjectured beyond; here it is tested on the formats of the axes."
    " N = 2 is the rank of a matrix: formats with 1 < r < min(d_1, d_2) are unbalanced. Sizes 1 count for nothing. The"
    " smallest unbalanced format of three axes is (2, 2, 4; 3): rank 15, expected 16.",
)


#: Formats that short lists of defective ones leave out, and the first of each exceptional family.
NAMED = (
    ((2, 2, 6), 3),
    ((2, 3, 5), 4),
    ((2, 3, 6), 4),
    ((2, 3, 6), 5),
    ((2, 4, 6), 5),
    ((3, 3, 3), 4),
    ((3, 4, 4), 5),
    ((2, 2, 3, 3), 5),
    ((2, 2, 2, 7), 6),
)


def formats(entries, *more):
    """All (sizes, r) of up to ``entries`` entries, sizes 1 among three axes only, until one component more than fills the space."""
    sizes = (one for N in (2, 3, 4, 5) for one in combinations_with_replacement(range(1, 8), N) if one[0] > 1 or N == 3)
    small = ((one, r) for one in sizes if prod(one) <= entries for r in range(1, min(8, prod(one) // max(one) + 1) + 1))
    return tuple(dict.fromkeys([*small, *NAMED, *more]))


LARGE = ((3, 5, 5), 7), ((3, 7, 7), 10), ((2, 2, 4, 4), 7), ((2, 2, 5, 5), 9), ((2, 2, 2, 8), 7)
FORMATS = axes(format=by_level(formats(16), formats(30, *LARGE), formats(48, *LARGE)))


def generic_factors(cell, rng):
    model = CPFactorization(tuple(rng.permutation(cell.format[0]).tolist()), cell.format[1])
    return model, rng.integers(-(10**6), 10**6 + 1, model.n_params)


@CP.check("exact", generic_factors, FORMATS, clauses=("regular", "unbalanced", "exceptional"), distribution=INTEGERS)
@false("as expected everywhere", formula=cp_expected_rank)
@false("exceptional formats forgotten", formula=lambda sizes, r: cp_generic_rank(sizes, r) + (cp_format(sizes, r) == "exceptional"))
@false("as expected but for three axes", formula=lambda sizes, r: (cp_generic_rank if len(sizes) == 3 else cp_expected_rank)(sizes, r))
@false("no overlap", formula=lambda sizes, r: min(r * sum(sizes), prod(sizes)))
def at_a_point(cell, instance, *, formula=cp_generic_rank, method="exact", repeated=False, context):
    """The rank at a random integer point, over all entries, against the rule."""
    model, theta = instance
    if repeated:
        theta = model.pack(**{name: np.repeat(part[:1], model.components, axis=0) for name, part in model.unpack(theta).items()})
    return rank_is(formula(model.sizes, model.components), model_rank(model, theta, method), model=str(model), theta=theta)


CP.twin(at_a_point, "property", changed={"method": "float"}, tolerance=FLOATS)
CP.without("generic", at_a_point, repeated=True)


def with_idle_components(cell, rng):
    model = CPFactorization(cell.sizes, cell.r + cell.idle)
    parts = {name: draws.nonzero(rng, shape, 10**6) * (np.arange(shape[0]) < cell.r)[:, None] for name, shape in model.shapes.items()}
    return model, model.pack(**parts)


@CP.check("exact", with_idle_components, axes(sizes=((3, 4), (2, 2, 2), (2, 3, 3), (2, 2, 2, 2)), r=(1, 2), idle=(1, 2)), clauses="idle")
@false("one each", cost=lambda idle: idle)
@false("one together", cost=lambda idle: 1)
def idle(cell, instance, *, cost=lambda idle: 0, context):
    """The exact rank with further components, all of whose factors vanish, against that without."""
    model, theta = instance
    return rank_is(cp_generic_rank(cell.sizes, cell.r) + cost(cell.idle), model_rank(model, theta, "exact"), theta=theta)
