r"""Factorizations beyond A B: products of many matrices, A A^T, and sums of rank-one tensors.

All tangents are polynomials with integer coefficients and the domain is finite, so every rank here is exact.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._rank_checks import FLOAT_RULE, check_formula, check_formula_in_floats, drawn
from theory.factorizations import CPFactorization, DeepFactorization, SymmetricFactorization
from theory.rank import (
    cp_expected_rank,
    deep_factorization_rank,
    function_rank,
    matrix_rank,
    partial_product_ranks,
    rank_at,
    symmetric_factorization_rank,
)

RANK_STRATIFICATION = "arXiv:2211.11623v1"


# ---------------------------------------------------------------------------------------------------------- mf.deep


def sparse_factors(model, facts, rng):
    """Integer factors; half of the time sparse 0/1 ones, whose partial products have ranks of their own."""
    if rng.random() < 0.5:
        return (rng.random(model.n_params) < 0.45).astype(int)
    return rng.integers(-3, 4, model.n_params)


def deep_rank(model, theta, facts) -> int:
    return rank_at(model, theta)


def single_ranks(model, theta, facts) -> int:
    """The formula with rank(A_i) in place of the ranks of partial products."""
    ranks = [matrix_rank(factor) for factor in model.unpack(np.asarray(theta)).values()]
    return deep_factorization_rank(model.sizes, ranks, ranks)


def without_the_left_part(model, theta, facts) -> int:
    """Suffix ranks alone."""
    factors = list(model.unpack(np.asarray(theta)).values())
    _, suffix = partial_product_ranks(factors)
    return deep_factorization_rank(model.sizes, list(model.sizes[1:]), suffix)


def deep_models(context):
    rng = context.rng(10**6)
    for replicate in range(context.by_level(quick=150, standard=2500, full=5000)):
        sizes = tuple(int(size) for size in rng.integers(1, 5, rng.integers(2, 7)))
        yield DeepFactorization(sizes), {}, replicate


def drawn_deep(context):
    return drawn(lambda st: st.builds(DeepFactorization, st.lists(st.integers(1, 4), min_size=2, max_size=6).map(tuple)))(context)


def check_deep_function(instance, *, formula, context) -> Outcome:
    """The least exact rank over representatives of one matrix of rank r: balanced ones attain it, none is below."""
    from numerics.rank import model_rank

    sizes, r, replicate = instance
    model, rng = DeepFactorization(sizes), context.rng(replicate)
    u, v = independent(sizes[0], r, rng), independent(sizes[-1], r, rng).T
    ranks = [model_rank(model, theta, "exact").rank for theta in deep_representatives(model, u, v, rng)]
    return Outcome.equal(formula(model, r), min(ranks), sizes=sizes, r=r, ranks=ranks)


def independent(rows: int, columns: int, rng) -> np.ndarray:
    """An integer matrix of full column rank: unit lower triangular columns."""
    matrix = np.tril(rng.integers(-2, 3, (rows, columns)), -1)
    matrix[np.arange(columns), np.arange(columns)] = 1
    return matrix


def deep_representatives(model, u, v, rng):
    """u [1] ... [1] v padded by zeros (least rank), the same with idle paths at either end, and with a unimodular gauge."""
    r, inner = u.shape[1], model.sizes[1:-1]
    if not inner:
        yield (u @ v).ravel()
        return
    for extra in (0, 1, -1):
        factors = [np.zeros(shape, int) for shape in model.shapes.values()]
        factors[0][:, :r], factors[-1][:r] = u, v
        for factor in factors[1:-1]:
            factor[:r, :r] = np.eye(r, dtype=int)
        if extra == 1 and min(inner) > r:  # reaches the first inner layer and no further
            factors[0][:, r] = rng.integers(-2, 3, len(u))
        if extra == -1 and min(inner) > r:
            factors[-1][r] = rng.integers(-2, 3, v.shape[1])
        yield np.concatenate([factor.ravel() for factor in factors])


def deep_function_rank(model, r: int) -> int:
    return function_rank(r, model.sizes[0], model.sizes[-1])


def deep_targets(context):
    shapes = [(3, 3, 3), (4, 4, 4), (3, 4, 3, 3), (2, 3, 3, 4), (4, 4, 4, 4), (3, 3, 3, 3, 3), (4, 3, 4, 3, 4)]
    draws = context.by_level(quick=1, standard=10, full=30)
    return [(sizes, r, k) for sizes in shapes for r in range(1, min(sizes) + 1) for k in range(draws)]


# ----------------------------------------------------------------------------------------------------------- mf.sym


def symmetric_point(model, facts, rng):
    """An integer A of the announced rank."""
    a, (rows, width) = facts["rank"], model.shapes["A"]
    left, right = independent(rows, a, rng), independent(width, a, rng).T
    return model.pack(A=left @ right)


def symmetric_rank(model, theta, facts) -> int:
    return symmetric_factorization_rank(model.size, facts["rank"])


def symmetric_models(context):
    most = context.by_level(quick=5, standard=6, full=7)
    draws = context.by_level(quick=1, standard=8, full=20)
    for d, m in product(range(1, most + 1), range(1, most + 2)):
        for a, replicate in product(range(min(d, m) + 1), range(draws)):
            yield SymmetricFactorization(d, m), {"rank": a}, replicate


def drawn_symmetric(context):
    models = lambda st: st.builds(SymmetricFactorization, st.integers(1, 6), st.integers(1, 6))
    ranks = lambda st, model: st.fixed_dictionaries({"rank": st.integers(0, min(model.size, model.width))})
    return drawn(models, ranks)(context)


def check_constant_on_targets(instance, *, rotation, context) -> Outcome:
    """All A with one A A^T: A Q with rational orthogonal Q; the exact rank is the same at each."""
    from numerics.rank import model_rank

    d, m, replicate = instance
    model, rng = SymmetricFactorization(d, m), context.rng(replicate)
    A = rng.integers(-2, 3, (d, m))
    B = rotation(A.astype(object), rng)
    first, second = (model_rank(model, model.pack(A=part), "exact").rank for part in (A, B))
    return Outcome.equal(first, second, A=A, B=B)


def rotated(A, rng):
    """A Q with Q a product of exact plane rotations (3/5, 4/5)."""
    from fractions import Fraction

    c, s = Fraction(3, 5), Fraction(4, 5)
    A = A + Fraction(0)
    for _ in range(3 if A.shape[1] > 1 else 0):
        i, j = rng.permutation(A.shape[1])[:2]
        A[:, i], A[:, j] = c * A[:, i] - s * A[:, j], s * A[:, i] + c * A[:, j]
    return A


def truncated(A, rng):
    """Another matrix altogether: the first column dropped."""
    A = A.copy()
    A[:, 0] = 0
    return A


# ------------------------------------------------------------------------------------------------------------ mf.cp

#: Generic ranks of sums of r rank-one tensors; the defective formats among them fall short of the expected number.
DEFECTIVE = {((3, 3, 3), 4): 26, ((3, 4, 4), 5): 44, ((4, 4, 3), 5): 44, ((2, 2, 2, 2), 3): 14, ((2, 2, 5), 3): 18}
REGULAR = ((2, 2, 2), (2, 3, 3), (2, 3, 4), (2, 4, 4))


def cp_rank(sizes, r: int) -> int:
    return DEFECTIVE.get((sizes, r), cp_expected_rank(sizes, r))


def cp_point(model, facts, rng):
    return rng.integers(-99, 100, model.n_params)


def check_cp(instance, *, formula, context) -> Outcome:
    predicted = lambda model, theta, facts: formula(model.sizes, model.components)
    return check_formula(instance, formula=predicted, point=cp_point, context=context)


def check_cp_in_floats(instance, *, formula, context) -> Outcome:
    predicted = lambda model, theta, facts: formula(model.sizes, model.components)
    return check_formula_in_floats(instance, formula=predicted, point=cp_point, context=context)


def cp_models(context):
    formats = [*DEFECTIVE, *((sizes, r) for sizes in REGULAR for r in range(1, 6)), ((3, 3, 3), 3), ((3, 3, 3), 5), ((2, 2, 2, 2), 4)]
    formats += context.by_level(
        quick=[],
        standard=[((3, 3, 5), r) for r in range(1, 7)] + [((4, 4, 4), r) for r in range(1, 7)],
        full=[((4, 4, 4), r) for r in range(1, 9)],
    )
    draws = context.by_level(quick=1, standard=12, full=30)
    return [(CPFactorization(sizes, r), {}, k) for sizes, r in formats for k in range(draws)]


def drawn_cp(context):
    formats = lambda st: st.tuples(st.sampled_from([(2, 2, 2), (2, 3, 3), (3, 3, 3), (2, 2, 2, 2)]), st.integers(1, 5))
    return drawn(lambda st: formats(st).map(lambda t: CPFactorization(*t)))(context)


def check_zero_components(instance, *, cost, context) -> Outcome:
    """A component whose factors all vanish adds nothing (three or more factors): an upper bound for R(f*)."""
    from numerics.rank import model_rank

    sizes, r, extra, replicate = instance
    narrow, wide = CPFactorization(sizes, r), CPFactorization(sizes, r + extra)
    theta = cp_point(narrow, {}, context.rng(replicate))
    parts = {name: np.vstack([part, np.zeros((extra, part.shape[1]), int)]) for name, part in narrow.unpack(theta).items()}
    ranks = [model_rank(model, point, "exact").rank for model, point in ((narrow, theta), (wide, wide.pack(**parts)))]
    return Outcome.equal(cost(extra), ranks[1] - ranks[0], sizes=sizes, r=r, theta=theta)


def padded_models(context):
    return [(sizes, r, extra, 0) for sizes in ((2, 2, 2), (2, 3, 3), (2, 2, 2, 2)) for r in (1, 2) for extra in (1, 2)]


CP_CONTROLS = [Control("no defective formats", formula=cp_expected_rank)]

CLAIMS = [
    Claim(
        id="mf.deep",
        family="factorization",
        title="Model rank of a product of many matrices",
        kind="extension",
        statement=r"R(A_1, \dots, A_L) = \sum_{i \le L} (p_{i-1} - p_i)\, s_{i+1},\quad p_i = \operatorname{rank} A_1 \cdots A_i,\ s_i = "
        r"\operatorname{rank} A_i \cdots A_L,\ p_0 = d_0,\ p_L := 0,\ s_{L+1} = d_L;\qquad R(f^*) = r (d_0 + d_L - r)",
        assumptions=[Assumption("wide enough", r"L \ge 2 \text{ and every inner width is at least } r = \operatorname{rank} f^*")],
        source=Source(RANK_STRATIFICATION, "Lemma 2 is the case L = 2; any depth: ours"),
        depends_on=["mf.strata", "mf.function-rank"],
        refuted_by="Factors whose tangent matrix has another rank.",
        notes="Depth does not lower R(f*). Two vanishing factors give R = 0.",
        checks=[
            Check(
                "strata",
                evidence="exact",
                covers="instances",
                scope="L = 1 .. 5, sizes 1 .. 4; half of the factors sparse 0/1",
                run=check_formula,
                instances=deep_models,
                distribution="150 (quick), 2500, 5000 random shapes and integer factors",
                parameters={"formula": deep_rank, "point": sparse_factors},
                controls=[
                    Control("ranks of the single factors", formula=single_ranks),
                    Control("suffix ranks alone", formula=without_the_left_part),
                ],
            ),
            Check(
                "function-rank",
                evidence="exact",
                covers="instances",
                scope="7 shapes of depth 2 to 4, every rank; balanced representatives and ones with idle paths",
                run=check_deep_function,
                instances=deep_targets,
                distribution="unit lower triangular integer factors",
                parameters={"formula": deep_function_rank},
                controls=[
                    Control("depth lowers the rank", formula=lambda model, r: deep_function_rank(model, r) - (len(model.sizes) - 3)),
                    Control("all parameters", formula=lambda model, r: model.n_params),
                ],
            ),
            Check(
                "strata-in-floats",
                evidence="property",
                covers="instances",
                scope="L = 1 .. 5, sizes 1 .. 4",
                run=check_formula_in_floats,
                replay=check_formula,
                instances=drawn_deep,
                distribution="shapes drawn by hypothesis, integer factors from a drawn seed",
                tolerance=FLOAT_RULE,
                parameters={"formula": deep_rank, "point": sparse_factors},
                controls=[Control("ranks of the single factors", formula=single_ranks)],
            ),
        ],
        probes=[Probe(drops="wide enough", check="function-rank", instances=lambda context: [((3, 3), 1, 0), ((2, 2), 1, 0)])],
    ),
    Claim(
        id="mf.sym",
        family="factorization",
        title="Model rank of A A^T",
        kind="extension",
        statement=r"R(A) = a d - a (a - 1) / 2,\ a = \operatorname{rank} A;\text{ over } \mathbb{R} \text{ constant on } \Theta^*",
        assumptions=[Assumption("tied", r"f = A A^T \text{ with one and the same } A")],
        source=Source(RANK_STRATIFICATION, "Lemma 2 is the case of two independent factors; A A^T: ours"),
        depends_on=["mf.strata"],
        refuted_by="A matrix A whose tangent matrix has another rank.",
        checks=[
            Check(
                "strata",
                evidence="exact",
                covers="instances",
                scope="d = 1 .. 5 (quick), 6, 7, m = 1 .. d + 1, every rank",
                run=check_formula,
                instances=symmetric_models,
                distribution="integer factors of full rank a",
                parameters={"formula": symmetric_rank, "point": symmetric_point},
                controls=[
                    Control(
                        "as two factors: 2 a d - a^2",
                        formula=lambda model, theta, facts: function_rank(facts["rank"], model.size, model.size),
                    ),
                    Control("a d", formula=lambda model, theta, facts: facts["rank"] * model.size),
                ],
            ),
            Check(
                "constant-on-targets",
                evidence="exact",
                covers="instances",
                scope="d = 2 .. 4, m = 2 .. 4; A and A Q with rational rotations Q",
                run=check_constant_on_targets,
                instances=lambda context: [
                    (d, m, r) for d in (2, 3, 4) for m in (2, 3, 4) for r in range(context.by_level(quick=2, standard=20, full=50))
                ],
                distribution="integer A, products of three rotations (3/5, 4/5)",
                parameters={"rotation": rotated},
                controls=[Control("another target", rotation=truncated)],
            ),
            Check(
                "strata-in-floats",
                evidence="property",
                covers="instances",
                scope="d, m = 1 .. 6",
                run=check_formula_in_floats,
                replay=check_formula,
                instances=drawn_symmetric,
                distribution="integer factors from a drawn seed",
                tolerance=FLOAT_RULE,
                parameters={"formula": symmetric_rank, "point": symmetric_point},
                controls=[
                    Control(
                        "as two factors: 2 a d - a^2",
                        formula=lambda model, theta, facts: function_rank(facts["rank"], model.size, model.size),
                    )
                ],
            ),
        ],
    ),
    Claim(
        id="mf.cp",
        family="factorization",
        title="Generic model rank of sums of rank-one tensors",
        kind="extension",
        statement=r"R = \min\left(r \left(\textstyle\sum_i d_i - N + 1\right), \prod_i d_i\right) \text{ except in defective formats:}"
        r"\ (3,3,3; 4): 26,\ (3,4,4; 5): 44,\ (2,2,2,2; 3): 14,\ (2,2,5; 3): 18",
        assumptions=[Assumption("generic", r"\text{generic factors } a_t, b_t, c_t, \dots")],
        source=Source(
            RANK_STRATIFICATION, "Lemma 2 is the case of matrices; tensors, with the defective formats of algebraic geometry: ours"
        ),
        refuted_by="A format of another generic rank.",
        notes="Components that vanish altogether add nothing, so r (sum d_i - N + 1) is an upper bound for R(f*).",
        checks=[
            Check(
                "formats",
                evidence="exact",
                covers="instances",
                scope="five defective formats, 2 x 2 x 2 to 2 x 4 x 4, r = 1 .. 5 (quick), 3 x 3 x 5, 4 x 4 x 4",
                run=check_cp,
                instances=cp_models,
                distribution="integer factors of modulus below 100",
                parameters={"formula": cp_rank},
                controls=[*CP_CONTROLS, Control("no overlap", formula=lambda sizes, r: min(r * sum(sizes), int(np.prod(sizes))))],
            ),
            Check(
                "zero-components",
                evidence="exact",
                covers="instances",
                scope="2 x 2 x 2, 2 x 3 x 3, 2 x 2 x 2 x 2, one or two further components",
                run=check_zero_components,
                instances=padded_models,
                distribution="integer factors",
                parameters={"cost": lambda extra: 0},
                controls=[Control("one each", cost=lambda extra: extra)],
            ),
            Check(
                "formats-in-floats",
                evidence="property",
                covers="instances",
                scope="2 x 2 x 2, 2 x 3 x 3, 3 x 3 x 3, 2 x 2 x 2 x 2, r = 1 .. 5",
                run=check_cp_in_floats,
                replay=check_cp,
                instances=drawn_cp,
                distribution="integer factors from a drawn seed",
                tolerance=FLOAT_RULE,
                parameters={"formula": cp_rank},
                controls=CP_CONTROLS,
            ),
        ],
    ),
]
