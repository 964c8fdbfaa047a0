r"""f = A A^T: the model rank depends on rank A alone, and is the same at all real A with one product."""

import numpy as np

from numerics.arithmetic.exact import rank_rational
from numerics.derivatives.tape import tangents
from numerics.rank import float_rank
from proofs_check import Assumption, axes, by_level, claim, draws, false
from proofs_check.adequacy.factorization import one_factor as tied
from proofs_check.judging import equal, rank_is
from theory.models import MatrixFactorization
from theory.models.factorizations import SymmetricFactorization
from theory.rank import symmetric_factorization_rank

from . import FLOATS, STRATIFICATION

TIED = claim(
    "mf.sym",
    "Model rank of A A^T",
    r"R(A) = a d - a (a - 1)/2 \text{ with } a = \operatorname{rank} A = \operatorname{rank} A A^{\mathsf T}",
    clauses={
        "value": r"R(A) = a d - a (a - 1)/2",
        "target": r"R(A) = R(f^*) \text{ wherever } A A^{\mathsf T} = f^*, \text{ as } a = \operatorname{rank} f^*",
    },
    symbols=["R", "A", "a", "d", "f^*"],
    assumptions=[Assumption("tied", r"\text{both factors are one and the same } A"), Assumption("real", r"A \in \mathbb{R}^{d \times m}")],
    kind="extension",
    source=STRATIFICATION.at("Lemma 2 is the case of two independent factors; A A^T: ours"),
    depends_on=["mf.strata"],
    refuted_by="A matrix A whose tangents have another rank, or two of one product and different ranks.",
)

SIZE = by_level((1, 2, 3, 4), (1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6))
RANKS = axes(d=SIZE, m=SIZE, a="0..min(d, m)", quick=2, standard=4, full=10)


def one_factor(cell, A):
    return SymmetricFactorization(cell.d, cell.m), A.ravel()


def two_factors(cell, A):
    return MatrixFactorization(cell.d, cell.d, cell.m), np.concatenate([A.ravel(), A.T.ravel()])


def complex_rank(real, imaginary):
    """Over the Gaussian rationals: half of the rank of the real matrix that acts alike."""
    return rank_rational(np.block([[real, -imaginary], [imaginary, real]])) // 2


def quarter_turn(A):
    """The part that makes rows of length two isotropic: (x, y) + i (-y, x)."""
    return np.column_stack([-A[:, 1:2], A[:, :1], 0 * A[:, 2:]]) if A.shape[1] > 1 else 0 * A


@TIED.check("exact", lambda cell, rng: draws.of_rank(rng, cell.d, cell.m, cell.a), RANKS, clauses=("value", "target"))
@false("as two factors", formula=lambda d, a: 2 * a * d - a**2)
@false("a d", formula=lambda d, a: a * d)
@false("one more on the diagonal", formula=lambda d, a: a * d - a * (a + 1) // 2)
@false("one rank for all products but zero", formula=lambda d, a: symmetric_factorization_rank(d, min(a, 1)))
def strata(cell, A, *, formula=symmetric_factorization_rank, point=one_factor, imaginary=lambda A: 0 * A, floats=False, context):
    """The rank of the tangents over all entries against the formula in rank A, and against that in the rank of the product alone."""
    B = imaginary(A)
    J, K = (tangents(model, theta, model.entries())[1][:, 0] for model, theta in (point(cell, A), point(cell, B)))  # linear in A
    if floats:
        return rank_is(formula(cell.d, cell.a), float_rank(J.astype(float)), A=A)
    rank, product = complex_rank(J, K), complex_rank(A @ A.T - B @ B.T, A @ B.T + B @ A.T)
    return equal(of_A=(formula(cell.d, cell.a), rank), of_the_product=(formula(cell.d, product), rank), shown={"A": A, "imaginary": B})


TIED.twin(strata, "property", changed={"floats": True}, tolerance=FLOATS)
NOT_TWO = "the characteristic of the field is not 2"
TIED.formal(
    "factorization/symmetric.v", "mf_sym", false="2 a d - a^2, as of two factors", adequate=tied, clauses="value", premises=(NOT_TWO,)
)
TIED.formal(
    "factorization/symmetric.v",
    "mf_sym_function",
    false="over every field",
    adequate=tied,
    clauses="target",
    premises=(NOT_TWO, "v v^T = 0 for v = 0 alone, as over the reals"),
)

TIED.without("tied", strata, point=two_factors)
TIED.without("real", strata, imaginary=quarter_turn)
