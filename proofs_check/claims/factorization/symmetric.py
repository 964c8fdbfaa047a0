r"""f = A A^T: the model rank depends on rank A alone, and is the same at all real A with one product."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

from proofs_check import Assumption, Check, Claim, Control, Outcome, Source
from proofs_check.claims._papers import RANK_STRATIFICATION
from proofs_check.claims._rank_checks import check_formula, drawn, float_twin
from theory.draws import independent_columns
from theory.models.factorizations import SymmetricFactorization
from theory.rank import function_rank, symmetric_factorization_rank


def symmetric_point(model, facts, rng):
    """An integer A of the announced rank."""
    a, (rows, width) = facts["rank"], model.shapes["A"]
    return model.pack(A=independent_columns(rng, rows, a) @ independent_columns(rng, width, a).T)


def symmetric_rank(model, theta, facts) -> int:
    return symmetric_factorization_rank(model.size, facts["rank"])


def as_two_factors(model, theta, facts) -> int:
    return function_rank(facts["rank"], model.size, model.size)


def symmetric_models(context):
    most = context.by_level(quick=5, standard=6, full=7)
    draws = context.by_level(quick=1, standard=8, full=20)
    for d, m in product(range(1, most + 1), range(1, most + 2)):
        for a, replicate in product(range(min(d, m) + 1), range(draws)):
            yield SymmetricFactorization(d, m), {"rank": a}, replicate


drawn_symmetric = drawn(
    lambda st: st.builds(SymmetricFactorization, st.integers(1, 6), st.integers(1, 6)),
    lambda st, model: st.fixed_dictionaries({"rank": st.integers(0, min(model.size, model.width))}),
)


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


CLAIMS = [
    Claim(
        id="mf.sym",
        title="Model rank of A A^T",
        kind="extension",
        statement=r"R(A) = a d - a (a - 1) / 2,\ a = \operatorname{rank} A;\text{ over } \mathbb{R} \text{ constant on } \Theta^*",
        assumptions=[Assumption("tied", r"f = A A^T \text{ with one and the same } A")],
        source=Source(RANK_STRATIFICATION, "Lemma 2 is the case of two independent factors; A A^T: ours"),
        depends_on=["mf.strata"],
        refuted_by="A matrix A whose tangent matrix has another rank.",
        checks=[
            strata := Check(
                "strata",
                evidence="exact",
                covers="instances",
                scope="d = 1 .. 5 (quick), 6, 7, m = 1 .. d + 1, every rank",
                run=check_formula,
                instances=symmetric_models,
                distribution="integer factors of full rank a",
                parameters={"formula": symmetric_rank, "point": symmetric_point},
                controls=[
                    Control("as two factors: 2 a d - a^2", formula=as_two_factors),
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
            float_twin(
                strata,
                scope="d, m = 1 .. 6",
                instances=drawn_symmetric,
                distribution="integer factors from a drawn seed",
                controls=[Control("as two factors: 2 a d - a^2", formula=as_two_factors)],
            ),
        ],
    ),
]
