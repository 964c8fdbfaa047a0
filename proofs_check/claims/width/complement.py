r"""What an embedding adds to the Hessian: its form on ker G^T, to which the errors alone contribute.

A^\top G = I makes the wide parameter space the sum of the range of A and of \ker G^\top, and H' A = G H makes the two orthogonal for H'.
The gradients of the outputs lie in the range of G, too, so that on \ker G^\top nothing is left of the loss's own curvature.
"""

import numpy as np

from numerics.arithmetic.exact import nullspace_rational, rank_rational, rationals
from numerics.derivatives.tape import tangents
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.judging import equal
from theory.embedding import null, split
from theory.embedding.blocks import plus

from . import JML, TWICE
from ._instances import FRACTIONS, drawn_compatible, inner, place_in
from ._measures import hessians, inertia_of
from ._twins import with_incoming_weights

COMPLEMENT = claim(
    "embedding.complement",
    "What an embedding adds to the inertia",
    r"\operatorname{In} H'(T\theta) = \operatorname{In} H(\theta) + \operatorname{In}\left(H'|_{\ker G^\top}\right),\quad "
    r"J' n = 0 \text{ for } n \in \ker G^\top, \text{ at every } \theta",
    clauses={
        "orthogonal": r"G^\top n = 0 \implies n^\top H' A = 0",
        "inertia": r"\operatorname{In} H'(T\theta) = \operatorname{In} H(\theta) + \operatorname{In}\left(H'|_{\ker G^\top}\right)",
        "errors": r"G^\top n = 0 \implies J' n = 0: \text{ what is added is linear in the errors}",
        "reversed": r"\text{with all errors reversed } n_- \text{ and } n_+ \text{ of what is added are exchanged}",
    },
    symbols={
        "T": "an embedding with matrix A and gradient map G",
        "A": "its matrix",
        "G": r"the constant matrix with \nabla R(T\theta) = G \nabla R(\theta)",
        "H": "the Hessian of the risk, H' that of the wide network",
        "J'": "derivatives of the wide outputs in the parameters",
        "In": r"inertia (n_-, n_0, n_+): numbers of negative, zero and positive eigenvalues",
        "n": "a direction of the wide parameters",
        r"\theta": "the parameters of the narrow network",
    },
    assumptions=[
        TWICE,
        Assumption("critical embedding", r"\nabla R \circ T = G \nabla R \text{ for all data and losses}"),
    ],
    kind="extension",
    source=JML.at("Theorem 6.2 (that no count falls; what is added is ours)"),
    depends_on=["embedding.irreversibility"],
    refuted_by="A split, null neuron or compatible embedding that adds other counts.",
    notes="For a split the form on the complement is that of embedding.splitting.congruence. Whether an embedding turns a minimum into a "
    "saddle is thereby a matter of its errors alone.",
)


def complement_of(embedding):
    """A basis of ker G^T, (k, P_wide)."""
    return _kernel(embedding.gradient_map)


def kernel_of_matrix(embedding):
    """A basis of ker A^T: orthogonal to the range of A in the Euclidean sense."""
    return _kernel(embedding.matrix)


def _kernel(matrix):
    return rationals(nullspace_rational(rationals(matrix.T.dense(object))))


EMBEDDINGS = {
    "split": lambda place: split(*place.neuron_of()),
    "null": lambda place: null(place.model, place.layer, place.alpha),
    "compatible": drawn_compatible,
    "compatible, no null neurons": lambda place: drawn_compatible(place, nulls=0),
}
ANYWHERE = axes(
    widths=by_level(((2, 2, 2), (1, 2, 1, 2)), ((1, 2, 1), (2, 2, 2), (2, 3, 2), (1, 2, 1, 2), (2, 2, 2, 1), (1, 1, 2, 1, 2))),
    layer=(1, 2, 3),
    kind=tuple(EMBEDDINGS),
    points=by_level(("edge",), ("generic", "edge")),
    where=lambda widths, layer: inner(widths, layer),
    standard=3,
    full=20,
)


@COMPLEMENT.check("exact", place_in, ANYWHERE, clauses=("orthogonal", "errors"), distribution="points that are not critical")
@false("ker A^T for ker G^T", complement=kernel_of_matrix)
@false("a new neuron with incoming weights", build=lambda place: with_incoming_weights(place.model, place.layer, place.alpha))
def orthogonal(cell, place, *, complement=complement_of, build=None, context):
    """n^T H' A and J' n, entry by entry, for a basis of the complement, whose dimension is the number of new parameters."""
    embedding = (build or EMBEDDINGS[cell.kind])(place)
    basis, data = complement(embedding), place.data(3)
    _, wide = hessians(embedding, place.theta, data)
    crossed = (embedding.matrix.T @ (basis @ wide).T).T
    moved = tangents(embedding.wide, embedding(place.theta), data[0])[1].reshape(-1, embedding.wide.n_params) @ basis.T
    new = embedding.wide.n_params - place.model.n_params
    return equal(dimension=(new, len(basis)), crossed=(0 * crossed, crossed), outputs=(0 * moved, moved), shown={"place": place})


COMPLEMENT.without("critical embedding", orthogonal, build=lambda place: with_incoming_weights(place.model, place.layer, place.alpha))

COUNTED = axes(
    widths=by_level(((1, 1, 2), (1, 1, 1, 1)), ((1, 1, 1), (1, 2, 1), (2, 1, 2), (1, 1, 1, 1), (1, 1, 1, 2))),
    kind=tuple(EMBEDDINGS),
    alpha=by_level(("negative",), FRACTIONS),
    standard=2,
    full=10,
)


@COMPLEMENT.check("exact", place_in, COUNTED, clauses=("inertia", "reversed"), distribution="points that are not critical")
@false("zeros only", added=lambda counts: (0, sum(counts), 0))
@false("negative and positive exchanged", added=lambda counts: counts[::-1])
@false("the errors keep their sign", turned=lambda counts: counts)
@false("ker A^T for ker G^T", complement=kernel_of_matrix)
def counted(cell, place, *, added=tuple, turned=lambda counts: counts[::-1], complement=complement_of, context):
    """Exact inertia of the narrow and the wide Hessian and of the form on the complement, with the errors as they are and reversed."""
    embedding, (x, y) = EMBEDDINGS[cell.kind](place), place.data(3)
    basis, found = complement(embedding), []
    for targets in (y, 2 * place.model(place.theta, x) - y):
        narrow, wide = hessians(embedding, place.theta, (x, targets))
        found.append((inertia_of(narrow), inertia_of(wide), inertia_of(basis @ wide @ basis.T)))
    (before, after, form), (before_reversed, after_reversed, _) = found
    return equal(
        inertia=(plus(before, added(form)), after),
        reversed=(plus(before_reversed, turned(form)), after_reversed),
        dimension=(after[0] + after[1] + after[2], sum(before) + rank_rational(np.asarray(basis))),
        shown={"place": place},
    )
