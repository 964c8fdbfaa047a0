r"""Sums of rank-one tensors: the generic model rank is the expected one but for defective formats."""

from __future__ import annotations

from math import prod

import numpy as np

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import check_formula, drawn, float_twin
from theory.models.factorizations import CPFactorization
from theory.rank import cp_expected_rank

#: Generic ranks of sums of r rank-one tensors; the defective formats among them fall short of the expected number.
DEFECTIVE = {((3, 3, 3), 4): 26, ((3, 4, 4), 5): 44, ((4, 4, 3), 5): 44, ((2, 2, 2, 2), 3): 14, ((2, 2, 5), 3): 18}
REGULAR = ((2, 2, 2), (2, 3, 3), (2, 3, 4), (2, 4, 4))


def cp_rank(model, theta, facts) -> int:
    return DEFECTIVE.get((model.sizes, model.components), expected_rank(model, theta, facts))


def expected_rank(model, theta, facts) -> int:
    return cp_expected_rank(model.sizes, model.components)


def without_overlap(model, theta, facts) -> int:
    return min(model.components * sum(model.sizes), prod(model.sizes))


def cp_point(model, facts, rng):
    return rng.integers(-99, 100, model.n_params)


def cp_models(context):
    formats = [*DEFECTIVE, *((sizes, r) for sizes in REGULAR for r in range(1, 6)), ((3, 3, 3), 3), ((3, 3, 3), 5), ((2, 2, 2, 2), 4)]
    formats += context.by_level(
        quick=[],
        standard=[((3, 3, 5), r) for r in range(1, 7)] + [((4, 4, 4), r) for r in range(1, 7)],
        full=[((4, 4, 4), r) for r in range(1, 9)],
    )
    draws = context.by_level(quick=1, standard=12, full=30)
    return [(CPFactorization(sizes, r), {}, k) for sizes, r in formats for k in range(draws)]


drawn_cp = drawn(
    lambda st: st.tuples(st.sampled_from([(2, 2, 2), (2, 3, 3), (3, 3, 3), (2, 2, 2, 2)]), st.integers(1, 5)).map(
        lambda t: CPFactorization(*t)
    )
)


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


CP_CONTROLS = [Control("no defective formats", formula=expected_rank)]

CLAIMS = [
    Claim(
        id="mf.cp",
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
            formats := Check(
                "formats",
                evidence="exact",
                covers="instances",
                scope="five defective formats, 2 x 2 x 2 to 2 x 4 x 4, r = 1 .. 5 (quick), 3 x 3 x 5, 4 x 4 x 4",
                run=check_formula,
                instances=cp_models,
                distribution="integer factors of modulus below 100",
                parameters={"formula": cp_rank, "point": cp_point},
                controls=[*CP_CONTROLS, Control("no overlap", formula=without_overlap)],
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
            float_twin(
                formats,
                scope="2 x 2 x 2, 2 x 3 x 3, 3 x 3 x 3, 2 x 2 x 2 x 2, r = 1 .. 5",
                instances=drawn_cp,
                distribution="integer factors from a drawn seed",
                controls=CP_CONTROLS,
            ),
        ],
    ),
]
