r"""Products of many matrices: the model rank counts ranks of partial products, and depth does not lower it on a target."""

from __future__ import annotations

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import check_formula, compared_least, drawn, float_twin
from theory.draws import independent_columns
from theory.models.factorizations import DeepFactorization
from theory.rank import deep_factorization_rank, function_rank, matrix_rank, partial_product_ranks, rank_at


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


drawn_deep = drawn(lambda st: st.builds(DeepFactorization, st.lists(st.integers(1, 4), min_size=2, max_size=6).map(tuple)))


def check_function_rank(instance, *, formula, context) -> Outcome:
    """The least exact rank over representatives of one matrix of rank r: balanced ones attain it, none is below."""
    from numerics.rank import model_rank

    sizes, r, replicate = instance
    model, rng = DeepFactorization(sizes), context.rng(replicate)
    u, v = independent_columns(rng, sizes[0], r), independent_columns(rng, sizes[-1], r).T
    found = [model_rank(model, theta, "exact") for theta in representatives(model, u, v, rng)]
    return compared_least(formula(model, r), found, sizes=sizes, r=r)


def representatives(model, u, v, rng):
    """u [1] ... [1] v padded by zeros (least rank), and the same with idle paths at either end."""
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


CLAIMS = [
    Claim(
        id="mf.deep",
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
            strata := Check(
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
                run=check_function_rank,
                instances=deep_targets,
                distribution="unit lower triangular integer factors",
                parameters={"formula": deep_function_rank},
                controls=[
                    Control("depth lowers the rank", formula=lambda model, r: deep_function_rank(model, r) - (len(model.sizes) - 3)),
                    Control("all parameters", formula=lambda model, r: model.n_params),
                ],
            ),
            float_twin(
                strata,
                scope="L = 1 .. 5, sizes 1 .. 4",
                instances=drawn_deep,
                distribution="shapes drawn by hypothesis, integer factors from a drawn seed",
                controls=[Control("ranks of the single factors", formula=single_ranks)],
            ),
        ],
        probes=[Probe(drops="wide enough", check="function-rank", instances=lambda context: [((3, 3), 1, 0), ((2, 2), 1, 0)])],
    ),
]
