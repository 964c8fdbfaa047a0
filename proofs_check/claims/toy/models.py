r"""Small models whose model rank is known at every point: the first pictures of rank stratification.

They are affine in x, so the tangent functions are vectors of coefficients and every rank is that of a small exact matrix.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Probe, Source
from proofs_check.claims._papers import OPTIMISTIC_ESTIMATE, RANK_STRATIFICATION
from proofs_check.claims._rank_checks import FLOAT_GAP, compared_in_floats, composed, float_twin, judged
from theory.models.toy import DeepDiagonal, ProductModel, RedundantModel, SquareDifference, faithful_points


def exact_rank(model, theta) -> int:
    from numerics.rank import empirical_rank

    return empirical_rank(model, theta, faithful_points(model.inputs), "exact").rank


def check_rank(instance, *, formula, context) -> Outcome:
    """The exact rank at one integer theta against the formula (model, theta) -> R(theta)."""
    model, theta = instance
    theta = np.array(theta)
    return Outcome.equal(formula(model, theta), exact_rank(model, theta), model=str(model), theta=theta)


def check_rank_in_floats(instance, *, formula, context) -> Outcome:
    """The same from singular values; integer parameters of moderate size keep the gap clear."""
    from numerics.rank import empirical_rank

    model, theta = instance
    found = empirical_rank(model, np.array(theta, float), faithful_points(model.inputs), "float")
    return compared_in_floats(formula(model, np.array(theta)), found, model=str(model), theta=theta)


def in_floats(check: Check, *models) -> Check:
    """The float twin of a check of ``models``: integer parameters -3 .. 3, zeros included."""

    @composed
    def instances(draw, st):
        model = draw(st.sampled_from(models))
        return model, draw(st.lists(st.integers(-3, 3), min_size=model.n_params, max_size=model.n_params))

    return float_twin(
        check,
        run=check_rank_in_floats,
        name="rank-in-floats",
        scope="integer parameters from -3 to 3",
        instances=instances,
        distribution="uniform lists of integers, shrunk by hypothesis",
        tolerance=FLOAT_GAP,
    )


# --------------------------------------------------------------------------------------------------------- toy.fNL


def product_rank(model, theta) -> int:
    return 2 if theta[2] == theta[3] == 0 else 3


PRODUCT_CONTROLS = [
    Control("rank drops where the product vanishes", formula=lambda model, theta: 2 if theta[2] * theta[3] == 0 else 3),
    Control("four independent parameters", formula=lambda model, theta: 2 if theta[2] == theta[3] == 0 else 4),
]


def check_product_ideal(instance, *, variety, context) -> Outcome:
    """Where all 3-minors of the symbolic tangent matrix vanish: the radical of their ideal, by a Groebner basis.

    rank < 3 exactly on that variety; every claimed generator must lie in the radical, and the minors in the claimed ideal. The rank is at
    least 2 everywhere, and never 4, since there are three coefficient functions.
    """
    import sympy

    from numerics.derivatives.tape import tangents

    theta = sympy.symbols("theta:4")
    J = sympy.Matrix(tangents(ProductModel(), np.array(theta, object), faithful_points(2).astype(object))[1][:, 0])
    minors = [J.extract(list(range(3)), list(columns)).det() for columns in ((0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3))]
    minors = [sympy.expand(minor) for minor in minors if sympy.expand(minor) != 0]
    claimed = variety(theta)
    inside = all(sympy.reduced(minor, claimed, *theta)[1] == 0 for minor in minors)
    radical = all(_in_radical(generator, minors, theta) for generator in claimed)
    two = sympy.expand(J.extract([0, 1], [0, 1]).det()) in (1, -1)
    message = f"the 3-minors {minors} do not cut out the variety of {list(claimed)}"
    return judged(inside and radical and two, message, minors=list(map(str, minors)), claimed=list(map(str, claimed)))


def _in_radical(polynomial, ideal, symbols) -> bool:
    """Rabinowitsch: p lies in the radical of I exactly when 1 lies in I + (1 - t p)."""
    import sympy

    t = sympy.Symbol("t")
    return sympy.groebner([*ideal, 1 - t * polynomial], t, *symbols).exprs == [1]


def crossing(context):
    values = context.by_level(quick=(-1, 0, 2), standard=(-3, -1, 0, 1, 2), full=range(-4, 5))
    return [(ProductModel(), (1, 1, b, c)) for b, c in product(values, repeat=2)]


# --------------------------------------------------------------------------------------------------- toy.redundant


def redundant_rank(model, theta) -> int:
    return 1


def check_redundant_symbolically(instance, *, rank, context) -> Outcome:
    """The tangent (1, p theta_2^(p-1)) has a constant non-zero entry and one row: rank 1 for all theta."""
    import sympy

    from numerics.derivatives.tape import tangents

    theta = np.array(sympy.symbols("theta:2"), object)
    J = sympy.Matrix(tangents(RedundantModel(instance), theta, np.array([[1]], object))[1][:, 0])
    constant = any(entry.is_number and entry != 0 for entry in J)
    proved = 1 if constant and J.rows == 1 else None
    return Outcome.equal(rank, proved, power=instance, tangents=str(J.tolist()))


def every_pair(context):
    return [(RedundantModel(power), theta) for power in (1, 3) for theta in product(range(-2, 3), repeat=2)]


# --------------------------------------------------------------------------------------------------- toy.deep-diag


def deep_diagonal_rank(model, theta) -> int:
    """#{j : at most one of the L entries of coordinate j is zero}."""
    zeros = (theta.reshape(model.depth, model.inputs) == 0).sum(axis=0)
    return int((zeros <= 1).sum())


def nonzero_products(model, theta) -> int:
    return int((theta.reshape(model.depth, model.inputs) != 0).all(axis=0).sum())


DIAGONAL_CONTROLS = [Control("one zero kills a coordinate", formula=nonzero_products)]


def zero_patterns(context):
    sizes = context.by_level(
        quick=[(d, L) for d in (1, 2, 3) for L in (2, 3)],
        standard=[(d, L) for d in (1, 2, 3) for L in (2, 3, 4)],
        full=[(d, L) for d in (1, 2, 3, 4) for L in (2, 3, 4)],
    )
    return [(DeepDiagonal(d, L), tuple(theta)) for d, L in sizes for theta in DeepDiagonal(d, L).zero_patterns()]


def check_sparse_target(instance, *, formula, context) -> Outcome:
    """R(f*) of a k-sparse f*: the least exact rank over every zero pattern that represents it."""
    model, support = instance
    ranks = []
    for theta in model.zero_patterns():
        products = theta.reshape(model.depth, model.inputs).prod(axis=0)
        if tuple(products != 0) == support:
            ranks.append(exact_rank(model, theta))
    return Outcome.equal(formula(model, support), min(ranks), model=str(model), support=support)


def supports(*depths):
    def instances(context):
        sizes = context.by_level(quick=(1, 2), standard=(1, 2, 3), full=(1, 2, 3, 4))
        return [(DeepDiagonal(d, L), s) for d in sizes for L in depths for s in product((False, True), repeat=d)]

    return instances


# ------------------------------------------------------------------------------------------------------ toy.a2-b2


def square_difference_rank(model, theta) -> int:
    a, b = theta[: model.inputs], theta[model.inputs :]
    return int(((a != 0) | (b != 0)).sum())


SQUARE_CONTROLS = [
    Control(
        "only unequal squares count", formula=lambda model, theta: int((theta[: model.inputs] ** 2 != theta[model.inputs :] ** 2).sum())
    ),
]


def small_integers(context):
    most = context.by_level(quick=2, standard=3, full=4)
    values = (-1, 0, 1, 2)
    return [(SquareDifference(d), theta) for d in range(1, most + 1) for theta in product(values, repeat=2 * d)][:20000]


def check_same_as_diagonal(instance, *, depths, context) -> Outcome:
    """O(f*) of a k-sparse target agrees between a^2 - b^2 and the deep diagonal models."""
    d, support = instance
    squares = SquareDifference(d)
    least = min(
        exact_rank(squares, np.array(theta))
        for theta in product((-1, 0, 2), repeat=2 * d)
        if tuple(np.array(theta[:d]) ** 2 != np.array(theta[d:]) ** 2) == support
    )
    for depth in depths:
        model = DeepDiagonal(d, depth)
        found = check_sparse_target((model, support), formula=lambda m, s: least, context=context)
        if found.counterexample:
            return found
    return Outcome.holds()


CLAIMS = [
    Claim(
        id="toy.fNL",
        family="rank",
        title="The product model: rank two on a crossing, three elsewhere",
        statement=r"f = \theta_0 + \theta_1 x_1 + \theta_2 \theta_3 x_2:\quad R(\theta) = 2 \iff \theta_2 = \theta_3 = 0,"
        r" \quad R(\theta) = 3 \text{ otherwise}",
        source=Source(RANK_STRATIFICATION, "equations 2 and 4, Figure 1"),
        refuted_by="A point off the crossing with rank 2, or on it with rank 3.",
        checks=[
            Check(
                "ideal-of-minors",
                evidence="symbolic",
                covers="statement",
                scope="all real theta: the radical of the ideal of 3-minors, by a Groebner basis over the rationals",
                run=check_product_ideal,
                instances=lambda context: ["minors"],
                parameters={"variety": lambda theta: (theta[2], theta[3])},
                controls=[Control("rank drops where the product vanishes", variety=lambda theta: (theta[2] * theta[3],))],
            ),
            rank := Check(
                "rank",
                evidence="exact",
                covers="instances",
                scope="theta_2, theta_3 over small integers, zeros included",
                run=check_rank,
                instances=crossing,
                distribution="all pairs",
                parameters={"formula": product_rank},
                controls=PRODUCT_CONTROLS,
            ),
            in_floats(rank, ProductModel()),
        ],
    ),
    Claim(
        id="toy.redundant",
        family="rank",
        title="A redundant parameter changes no rank",
        statement=r"f = (\theta_1 + \theta_2^p) x,\ p \in \{1, 3\}:\quad R(\theta) = 1 \text{ for all } \theta,\ M_I = 1 < M = 2",
        source=Source(OPTIMISTIC_ESTIMATE, "section 2"),
        refuted_by="A theta at which both tangent functions vanish or are independent.",
        checks=[
            Check(
                "tangents",
                evidence="symbolic",
                covers="statement",
                scope="all real theta",
                run=check_redundant_symbolically,
                instances=lambda context: [1, 3],
                parameters={"rank": 1},
                controls=[Control("as many as parameters", rank=2)],
            ),
            rank := Check(
                "rank",
                evidence="exact",
                covers="instances",
                scope="theta in {-2 .. 2}^2",
                run=check_rank,
                instances=every_pair,
                distribution="all pairs",
                parameters={"formula": redundant_rank},
                controls=[Control("as many as parameters", formula=lambda model, theta: 2)],
            ),
            in_floats(rank, RedundantModel(1), RedundantModel(3)),
        ],
    ),
    Claim(
        id="toy.deep-diag",
        family="rank",
        title="Deep diagonal networks count coordinates with at most one zero",
        statement=r"f = \sum_{j \le d} \Big(\prod_{l \le L} a_j^{[l]}\Big) x_j:\quad"
        r" R(\theta) = \#\{j : a_j \text{ has at most one zero}\},\quad R(f^*) = k \text{ for } k\text{-sparse } f^*",
        assumptions=[Assumption("deep", r"L \ge 2")],
        source=Source(OPTIMISTIC_ESTIMATE, "equation 9, appendix A.1"),
        refuted_by="A zero pattern with another rank, or a k-sparse target none of whose representatives has rank k.",
        checks=[
            zero_patterns_check := Check(
                "zero-patterns",
                evidence="exact",
                covers="instances",
                scope="every pattern of zeros, d <= 3, L <= 3 (quick), 4",
                run=check_rank,
                instances=zero_patterns,
                distribution="all patterns; the rank depends on the pattern alone",
                parameters={"formula": deep_diagonal_rank},
                controls=DIAGONAL_CONTROLS,
            ),
            Check(
                "sparse-targets",
                evidence="exact",
                covers="instances",
                scope="every support, d <= 2 (quick), 3, L = 2, 3",
                run=check_sparse_target,
                instances=supports(2, 3),
                distribution="all supports, all representatives by zero pattern",
                parameters={"formula": lambda model, support: sum(support)},
                controls=[Control("every coordinate counts", formula=lambda model, support: model.inputs)],
            ),
            in_floats(zero_patterns_check, *(DeepDiagonal(d, L) for d in (1, 2, 3) for L in (2, 3, 4))),
        ],
        probes=[Probe(drops="deep", check="sparse-targets", instances=supports(1))],
    ),
    Claim(
        id="toy.a2-b2",
        family="rank",
        title="Differences of squares count coordinates that are not both zero",
        statement=r"f = \sum_{j \le d} (a_j^2 - b_j^2) x_j:\quad R(\theta) = \#\{j : (a_j, b_j) \neq (0, 0)\},\quad"
        r" R(f^*) = k \text{ for } k\text{-sparse } f^*",
        source=Source(OPTIMISTIC_ESTIMATE, "equations 7 and 8"),
        depends_on=["toy.deep-diag"],
        refuted_by="A point with another rank, or a target recovered from a different number of samples than by the deep diagonal model.",
        checks=[
            rank := Check(
                "rank",
                evidence="exact",
                covers="instances",
                scope="a, b in {-1, 0, 1, 2}^d, d <= 2 (quick), 3, 4",
                run=check_rank,
                instances=small_integers,
                distribution="all points",
                parameters={"formula": square_difference_rank},
                controls=SQUARE_CONTROLS,
            ),
            Check(
                "optimistically-equivalent",
                evidence="exact",
                covers="instances",
                scope="every support, d <= 2, against depths 2 and 3",
                run=check_same_as_diagonal,
                instances=lambda context: [(d, s) for d in (1, 2) for s in product((False, True), repeat=d)],
                distribution="all supports",
                parameters={"depths": (2, 3)},
                controls=[Control("also at depth one", depths=(1, 2))],
            ),
            in_floats(rank, *(SquareDifference(d) for d in (1, 2, 3))),
        ],
    ),
]
