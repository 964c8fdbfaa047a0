r"""Second order: one congruence describes the Hessian at every split point, another at every null point.

The matrices C of the congruences are in theory.embedding.congruence. What remains beside the narrow Hessian is a small block, whose
inertia a lemma on bordered matrices gives: with r = \operatorname{rank} B, In [[0, B], [B^\top, Q]] = (r, m - r, r) + In(Q on ker B).
"""

import numpy as np

from numerics.arithmetic.exact import rank_rational, rationals
from proofs_check import Assumption, a_seed, axes, by_level, claim, false
from proofs_check.judging import bounded, equal
from theory.embedding import null_congruence, split, split_congruence
from theory.embedding.blocks import bordered, direct_sum, flat_copies_inertia, plus, split_block
from theory.embedding.onestep import unchecked_null
from theory.embedding.symbolic import around_embedding, neuron_model, neuron_symbols, with_passive

from . import ANY_NETWORK, CRITICAL, JML, NEURIPS, TWICE
from ._instances import ANY, FEW, FRACTIONS, correlated_in, in_floats, inner, place_in
from ._measures import hessians, in_arithmetic_of, inertias, matrices, rounding, transformed

SPLIT = claim(
    "embedding.splitting.congruence",
    "One congruence describes the Hessian at every split point",
    r"C^\top H'(T^\alpha\theta)\, C = H(\theta) \oplus \begin{pmatrix} 0 & B_s \\ B_s^\top & \alpha(1-\alpha) S_s \end{pmatrix},\quad "
    r"|\det C| = 1, \text{ at every } \theta",
    clauses={
        "congruence": r"C^\top H'(T^\alpha\theta)\, C = H(\theta) \oplus \begin{pmatrix} 0 & B_s \\ B_s^\top & \alpha(1-\alpha) S_s "
        r"\end{pmatrix} \text{ at every } \theta",
        "determinant": r"|\det C| = 1",
    },
    symbols=["C", "H", r"T^\alpha", r"\theta", r"\alpha", "B_s", "S_s"],
    assumptions=[TWICE],
    kind="extension",
    source=NEURIPS.at("Theorem 2 counts zeros; the identity is ours"),
    depends_on=["embedding.splitting.gradient-image"],
    refuted_by="One point at which an entry of the two sides differs, or a C that is not unimodular.",
)


def alpha_for_product(B, S, alpha):
    """The block with alpha S in place of alpha (1 - alpha) S."""
    return bordered(B, S * alpha)


def uncoupled(B, S, alpha):
    """The block without B."""
    return split_block(0 * B, S, alpha)


def negated(B, S, alpha):
    """The block with -S in place of S."""
    return split_block(B, -1 * S, alpha)


def squared_determinant(matrix):
    """det^2 of a sparse matrix of rationals or polynomials, by Berkowitz' algorithm, which divides by nothing."""
    import sympy
    from sympy.polys.matrices import DomainMatrix

    entry = lambda value: value.as_expr() if hasattr(value, "as_expr") else sympy.Rational(str(value))
    dense = sympy.Matrix([[entry(value) for value in row] for row in matrix.dense(object)])
    value = DomainMatrix.from_Matrix(dense).charpoly()[-1]
    return value * value


@SPLIT.check("symbolic", ["any network"], clauses=("congruence", "determinant"), covers="statement", scope=ANY_NETWORK)
@false("alpha for alpha (1 - alpha)", block=alpha_for_product)
@false("B left out", block=uncoupled)
@false("-S for S", block=negated)
def undefined_activation(_, *, block=split_block, context):
    """Both sides as polynomials in undefined derivatives; C falls into blocks of two, one for each weight of the neuron."""
    symbols = neuron_symbols("alpha")
    alpha = symbols["alpha"]
    basis = split_congruence(neuron_model(), 1, 0, alpha)
    (_, narrow), (_, wide) = around_embedding(symbols, split(neuron_model(), 1, 0, alpha), "ss")
    expected = direct_sum(narrow.hessian, block(*symbols.matrices(), alpha))
    return equal(congruent=(expected, transformed(with_passive(basis), wide.hessian)), determinant=(1, squared_determinant(basis)))


def modulus_of_determinant(matrix):
    """|det| of a sparse rational matrix, by elimination."""
    from flint import fmpq_mat

    return abs(fmpq_mat(rationals(matrix.dense(object)).tolist()).det())


ANYWHERE = axes(
    widths=by_level(FEW, ANY),
    layer=(1, 2, 3),
    alpha=FRACTIONS,
    loss=by_level(("quartic",), ("mse", "quartic")),
    points=by_level(("generic",), ("generic", "edge")),
    where=lambda widths, layer: inner(widths, layer),
    full=10,
)


@SPLIT.check("exact", place_in, ANYWHERE, clauses=("congruence", "determinant"))
@false("alpha for alpha (1 - alpha)", block=alpha_for_product)
@false("B left out", block=uncoupled)
@false("-S for S behind the first layer", block=lambda B, S, alpha: split_block(B, S * (-1 if len(S) == 3 else 1), alpha))
def rational_networks(cell, place, *, block=split_block, context):
    """Entry by entry at points that are not critical; the determinant by elimination."""
    data, basis = place.data(2), split_congruence(*place.neuron_of())
    narrow, wide = hessians(split(*place.neuron_of()), place.theta, data, cell.loss)
    expected = direct_sum(narrow, block(*place.matrices(data, cell.loss), in_arithmetic_of(place.theta, place.alpha)))
    return equal(
        congruent=(expected, transformed(basis, wide)),
        determinant=(1, modulus_of_determinant(basis)),
        shown={"place": place},
    )


FLOATS = axes(
    widths=((1, 2, 1), (2, 2, 2), (1, 2, 2, 1), (2, 2, 2, 2)),
    layer=(1, 2),
    alpha=FRACTIONS,
    where=lambda widths, layer: inner(widths, layer),
    standard=5,
    full=40,
)


@SPLIT.check(
    "property",
    a_seed,
    FLOATS,
    clauses="congruence",
    tolerance="64 P eps times the largest entry of |C|^T (|H| + max |H|) |C|",
    distribution="tanh, theta normal of deviation 1.2, inputs 1.3, targets 1",
)
@false("alpha for alpha (1 - alpha)", block=alpha_for_product)
@false("-S for S", block=negated)
def tanh_in_floats(cell, seed, *, block=split_block, context):
    """tanh networks of two and three layers at points that are not critical."""
    rng = context.rng(seed)
    place = place_in(cell, rng)
    model, theta, data = in_floats(cell.widths, rng)
    basis = split_congruence(model, place.layer, place.neuron, place.alpha)
    narrow, wide = hessians(split(model, place.layer, place.neuron, place.alpha), theta, data)
    expected = direct_sum(narrow, block(*matrices(model, theta, data, place.layer, place.neuron), float(place.alpha)))
    columns = np.abs(basis.dense(float))
    # Rounding of H' (a sum of n P products) passes through C on both sides.
    tolerance = rounding(len(wide), (columns.T @ (np.abs(wide) + np.abs(wide).max()) @ columns).max())
    return bounded("difference of the congruent matrices", transformed(basis, wide) - expected, tolerance, place=place)


NULL = claim(
    "embedding.null.congruence",
    "The Hessian at a null point, and its inertia",
    r"C^\top H' C = H \oplus \begin{pmatrix} 0 & \sigma'(b) C_l \\ \cdot & 0 \end{pmatrix};\quad "
    r"\operatorname{In} H' = \operatorname{In} H + (r, m_{l+1} + d_l - 2r, r),\ r = \operatorname{rank} \sigma'(b) C_l",
    clauses={
        "congruence": r"C^\top H' C = H \oplus \begin{pmatrix} 0 & \sigma'(b) C_l \\ \cdot & 0 \end{pmatrix} \text{ at every } \theta",
        "determinant": r"|\det C| = 1",
        "inertia": r"\operatorname{In} H' = \operatorname{In} H + (r, m_{l+1} + d_l - 2r, r),\ r = \operatorname{rank} \sigma'(b) C_l",
        "saddle": r"\nabla R(\theta) = 0,\ H \succeq 0:\ \text{strict saddle} \iff \sigma'(b) \ne 0 \text{ and } "
        r"E[e^{[l+1]} f^{[l-1]\top}] \ne 0;\ \text{a zero is added}",
    },
    symbols=["C", "H", "C_l", "d_l", "m_l", "r", r"\sigma", "In", "w,b,v", "e^{[l]}", "f^{[l]}"],
    assumptions=[
        TWICE,
        Assumption(
            "next bias", r"\text{layer } l+1 \text{ has a bias}", unprobed="without it there is no C: its columns are compensated there"
        ),
        CRITICAL,
    ],
    kind="extension",
    source=JML.at("Proposition 4.1; the congruence is ours"),
    depends_on=["embedding.null.criticality"],
    refuted_by="A point where the two sides differ, or other counts.",
    notes="At a critical point the bias column of C_l vanishes, so that its rank is that of the correlation of errors and inputs.",
)


@NULL.check("symbolic", ["any network"], clauses=("congruence", "determinant"), covers="statement", scope=ANY_NETWORK)
@false("sigma' at another argument", letter="s")
def null_of_any(_, *, letter="t", context):
    """Both sides as polynomials; C is triangular with units on its diagonal."""
    symbols = neuron_symbols("beta")
    model = neuron_model(jet=symbols.jet("t"))
    basis = null_congruence(model, 1, symbols["beta"])
    (_, narrow), (_, wide) = around_embedding(symbols, unchecked_null(model, 1, symbols["beta"]), "st")
    C = np.outer(symbols.errors(), symbols.inputs())
    expected = direct_sum(narrow.hessian, bordered(C * symbols.jet(letter)[1], np.zeros((3, 3), dtype=object)))
    return equal(congruent=(expected, transformed(with_passive(basis), wide.hessian)), determinant=(1, squared_determinant(basis)))


def slope_at(place, bias):
    """sigma'(b), exact."""
    entry = np.empty(1, dtype=object)
    entry[0] = in_arithmetic_of(place.theta, bias)
    return place.model.activation.jet(entry, 1)[1][0]


ANY_BIAS = axes(
    widths=by_level(FEW, ANY), layer=(1, 2, 3), alpha=FRACTIONS, where=lambda widths, layer: inner(widths, layer), standard=2, full=20
)


@NULL.check("exact", place_in, ANY_BIAS, clauses="congruence")
@false("without sigma'", slope=lambda place, bias: 1)
def null_networks(cell, place, *, slope=slope_at, context):
    """Entry by entry at points that are not critical, the bias a fraction of every kind."""
    data, bias = place.data(2), place.alpha
    C, basis = place.correlation(data), null_congruence(place.model, place.layer, bias)
    narrow, wide = hessians(unchecked_null(place.model, place.layer, bias), place.theta, data)
    expected = direct_sum(narrow, bordered(C * slope(place, bias), np.zeros((C.shape[1],) * 2, dtype=object)))
    return equal(congruent=(expected, transformed(basis, wide)), shown={"place": place})


CORRELATED = axes(
    widths=by_level(
        ((1, 1, 2), (2, 1, 2), (1, 2, 1, 1)),
        ((1, 1, 1), (1, 1, 2), (1, 2, 1), (2, 1, 2), (2, 2, 2), (1, 1, 1, 1), (1, 2, 1, 1), (1, 2, 2, 1)),
    ),
    layer=(1, 2),
    rank=(0, 1, 2),
    sigma=("ratsig",),
    alpha=("inside", "1", "negative"),
    where=lambda widths, layer, rank: inner(widths, layer) and rank <= min(widths[layer - 1], widths[layer + 1]),
    standard=3,
    full=20,
)


@NULL.check("exact", correlated_in, CORRELATED, clauses=("inertia", "saddle"), distribution="planted with C_l of every rank; sigma'(1) = 0")
@false("zeros only", added=lambda outputs, inputs, rank: (0, outputs + inputs, 0))
@false("also where sigma'(b) = 0", flat=lambda bias: False)
def null_inertia(cell, critical, *, added=flat_copies_inertia, flat=lambda bias: abs(bias) == 1, at="critical", context):
    """Exact inertia before and after at planted points, z / (1 + z^2), whose slope vanishes at 1 and -1."""
    place, data = critical
    data = data if at == "critical" else place.data(4)
    C = place.correlation(data)
    moved, rank = not flat(place.alpha), rank_rational(C)
    narrow, wide = inertias(unchecked_null(place.model, place.layer, place.alpha), place.theta, data)
    correlated = moved and bool((C[:, :-1] != 0).any())
    expected = plus(narrow, added(*C.shape, rank if moved else 0))
    return equal(
        inertia=(expected, wide),
        saddle=(correlated or narrow[0] > 0, wide[0] > 0),
        zero_added=(True, wide[1] > narrow[1]),
        shown={"place": place, "data": data},
    )


NULL.without("critical", null_inertia, at="anywhere")
