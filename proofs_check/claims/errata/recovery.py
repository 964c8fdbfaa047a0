r"""Statements of arXiv:2309.00508v3 that are false as printed, each with the smallest case that shows it (ids as in the list of flaws).

A check holds the true value apart from the printed one, or finds what is printed not to exist; its control reads the one as the other.
"""

import numpy as np

from numerics.arithmetic.exact import rank_rational
from numerics.arithmetic.isolation import sign_change
from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.derivatives.tape import tangents
from numerics.rank.certificates import sign_certificate
from numerics.recovery.minima import other_interpolants
from proofs_check import axes, claim, false, nothing
from proofs_check.claims.recovery import GEOMETRY, NOTATION
from proofs_check.claims.recovery._points import SPLIT, inputs
from proofs_check.judging import different, equal, vanishing, worst
from theory.activations import activation
from theory.embedding.symbolic import Undefined, polynomial_ring
from theory.models import TwoLayer
from theory.recovery import branches, random_target
from theory.recovery.genericity import exponential_minus_identity, shifted

from . import _pictures, letters, misprint


def free_symbols(count, values):
    """So many free symbols, and an activation about which nothing is assumed, with so many values."""
    symbols, pool = polynomial_ring([f"t{k}" for k in range(count)], values)
    return np.array(list(symbols.values()), dtype=object), Undefined(pool)


DEGENERATE = claim(
    "recovery.flaw.F9",
    "The rank of the Hessian is not constant on a branch",
    r"\sigma = \tanh(z + \tfrac12),\ X = (0.8218, -1.3813, -2.7542),\ \bar w = 0.9:\ "
    r"\exists\, w_2 \in (-2.45, -2.43):\ \operatorname{rank} J = 2 < 3",
    symbols=letters(NOTATION, r"\sigma, \bar w, J", **{"X": "the three inputs", "w_2": "weight of the free neuron, m = 2, m_0 = d = 1"}),
    kind="counterexample",
    relation="existence",
    source=GEOMETRY.at("Thm 5.3(c)"),
    refuted_by="A determinant of one sign between the two weights.",
    notes="True for almost all points, and everywhere for sigma = exp, d = 1.",
)

#: By activation: the inputs, the weight of the target, and two numbers of hundredths with a root w_2 between them.
ROOTS = {
    shifted("tanh"): (("0.8218", "-1.3813", "-2.7542"), "0.9", (-245, -243)),
    shifted("sigmoid", "1/3"): (("1", "-1", "-2"), "0.9", (-221, -219)),
    shifted("gelu"): (("1", "-1", "-2"), "2", (23, 25)),
}


@DEGENERATE.check(
    "certified",
    nothing,
    axes(sigma=tuple(ROOTS)),
    covers="statement",
    because="the first case is the statement, and a change of sign a zero",
)
@false("between the next two hundredths", further=2)
@false("sigma = exp, where the rank is constant", sigma=activation("exp"))
def loses_rank(cell, _, *, further=0, sigma=None, context):
    """det[sigma(wbar x), sigma'(wbar x) x, sigma(w_2 x)] changes its sign, and its first two columns are independent."""
    from flint import arb_mat

    (X, weight, between), sigma = ROOTS[cell.sigma], sigma or cell.sigma
    x, ends = balls(X), [str((end + further) / 100) for end in between]
    with working_precision(128):
        value, slope = sigma.jet(x * ball(weight), 1)
        determinant = lambda w: arb_mat(np.column_stack([value, slope * x, sigma.jet(x * w, 0)[0]]).tolist()).det()
        minor = value[0] * slope[1] * x[1] - value[1] * slope[0] * x[0]
        changes = equal(changes_sign=(True, sign_change(determinant, *map(ball, ends))), shown={"between": ends})
    certificate = sign_certificate(sigma, [[entry] for entry in X], [([weight], None), ([weight], 0), ([None], None)], ends)
    figures = [_pictures.singular_branch()] if cell.sigma == next(iter(ROOTS)) else []
    return worst([changes, different("a minor of the two columns and 0", minor, 0)], certificate=certificate, figures=figures)


EXCHANGED = claim(
    "recovery.flaw.F10",
    "The target is not the unique global minimum of its width",
    r"m = m_0 = 2:\ \bar\theta \text{ with its neurons exchanged is another point of } R^{-1}\{0\}",
    symbols=letters(NOTATION, r"m, m_0, \bar\theta, R^{-1}\{0\}"),
    kind="counterexample",
    source=GEOMETRY.at("Prop. 4.1"),
    refuted_by="A target with another output after the exchange.",
    notes="Unique up to permutation: recovery.unique.",
)


@EXCHANGED.check(
    "symbolic", nothing, axes(order=((1, 0), (0, 2, 1), (2, 0, 1)), d=(1, 2)), covers="statement", scope="any sigma, target and inputs"
)
@false("only the weights exchanged", outputs=sorted)
@false("the outputs alone", weights=sorted)
@false("the same point", order=sorted)
def zero_loss(cell, _, *, order=list, weights=list, outputs=list, context):
    """Weights, outputs and an input in free symbols: g at the target with its neurons in another order, less g at the target."""
    m, d = len(cell.order), cell.d
    symbols, sigma = free_symbols(m * (d + 1) + d, m)
    model, theta, x = TwoLayer(d, m, activation=sigma), symbols[:-d], symbols[-d:]
    w, a, rows = theta[: m * d].reshape(m, d), theta[m * d :], order(cell.order)
    other = np.concatenate([w[weights(rows)].ravel(), a[outputs(rows)]])
    residual = (model(other, x[None]) - model(theta, x[None]))[0, 0]
    return worst([vanishing("residual", residual), different("the two points", other, theta)])


INTERPOLANT = claim(
    "recovery.flaw.F11",
    "As many samples as parameters do not suffice",
    r"\sigma = \text{sigmoid}(z + \tfrac{3}{10}),\ m = d = 1,\ n = N = 2:\ \text{an open set of data has an imperfect zero of } R",
    symbols=letters(NOTATION, r"\sigma, m, d, n, N, R"),
    kind="counterexample",
    relation="existence",
    source=GEOMETRY.at("last line of the proof of Lemma 4.3(b)"),
    depends_on=["recovery.global"],
    refuted_by="Two samples that only the weight of the target fits, whatever they are.",
)

#: The activation of the statement.
SHOWN = shifted("sigmoid", "3/10")
#: Half the width of a bracket around the other weight, which floats give to 1e-14.
NEAR = 2.0**-20


def other_weight(cell, rng):
    """A target weight, three inputs, and another weight that fits the first two, as floats find it."""
    while True:
        weight, x = float(rng.normal(0, 1.2)), inputs(rng, 3, 1)[:, 0]
        for other in other_interpolants(cell.sigma, weight, x[:2]):
            if abs(other - weight) > 0.01:
                return weight, x, other


@INTERPOLANT.check(
    "certified",
    other_weight,
    axes(sigma=(SHOWN, shifted("tanh"), shifted("gelu")), standard=5),
    covers="statement",
    because="one data set is enough: its change of sign stays for all data near by",
)
@false("n = 3", fits=(True, True))
@false("the weight of the target itself", at=lambda weight, other: weight)
def other_interpolant(cell, given, *, fits=(True, False), at=lambda weight, other: other, context):
    """Whether sigma(w x_1) sigma(wbar x_i) - sigma(w x_i) sigma(wbar x_1) has a zero in a bracket, for the second input and a third."""
    (weight, x, other), sigma = given, cell.sigma
    ends = [at(weight, other) - NEAR, at(weight, other) + NEAR]
    with working_precision(128):
        value = lambda w: sigma.jet(balls(x) * w, 0)[0]
        known, (low, high), found = value(ball(weight)), map(ball, ends), []
        for i in (1, 2):
            mismatch = lambda w, i=i: value(w)[0] * known[i] - value(w)[i] * known[0]
            found.append((sign_change(mismatch, low, high) or None) if mismatch(low.union(high)).contains(0) else False)
    certificate = sign_certificate(sigma, [[entry] for entry in x[:2]], [([None], None), ([weight], None)], ends)
    fitted = equal(fits=(fits, found), shown={"weight": weight, "x": x, "other": other}, certificate=certificate)
    return worst([fitted], certificate=certificate, figures=[_pictures.two_neurons()] if cell.sigma == SHOWN else [])


WEIGHT_ZERO = claim(
    "recovery.flaw.F12",
    "Separating inputs may not exist at weight zero",
    r"\sigma(z) = e^z - z,\ w = 0:\quad \operatorname{rank}\,[\sigma(w x_i), \sigma'(w x_i)\, x_i] = 1 < 2 \text{ for all inputs}",
    symbols=letters(NOTATION, r"\sigma, x_i", w="an input weight"),
    kind="counterexample",
    source=GEOMETRY.at("Cor. 3.2, Def. 3.1"),
    refuted_by="Inputs on which the tangents of a neuron of weight 0 have another rank.",
    notes="With d inputs likewise 1 < d + 1.",
)


@WEIGHT_ZERO.check(
    "symbolic", nothing, axes(d=(1, 2, 3)), covers="statement", scope="d + 1 samples in free symbols; more of them repeat the row"
)
@false("weight 1/2", weight="1/2")
@false("d + 1, as printed", true=lambda d: d + 1)
@false("rank 1 was printed", printed=lambda d: 1)
def one_tangent(cell, _, *, weight="0", printed=lambda d: d + 1, true=lambda d: 1, context):
    """The rank of the tangents of one neuron: at weight 0 every row is (0, .., 0, 1), whatever the input."""
    import sympy

    d, model = cell.d, TwoLayer(cell.d, 1, activation=exponential_minus_identity())
    x = np.array(sympy.symbols(f"x:{d + 1}:{d}")).reshape(d + 1, d)
    rows = tangents(model, np.array([sympy.Rational(weight)] * d + [1], dtype=object), x)[1][:, 0]
    return misprint(printed(d), true(d), sympy.Matrix(rows).rank())


SIGN = claim(
    "recovery.flaw.F13",
    "The flow is printed with the wrong sign",
    r"\dot a_k = +2 \sum_i (g - f^*)(x_i)\, \sigma(w_k \cdot x_i),\ \dots \text{ gives } \dot R = +|\nabla R|^2 \ge 0",
    symbols=letters(NOTATION, r"g, a_k, w_k, \sigma, x_i, R", **{"f^*": "the target function"}),
    kind="counterexample",
    source=GEOMETRY.at("section 2.1"),
    refuted_by="A network whose loss falls along the printed field.",
)


@SIGN.check(
    "symbolic", nothing, axes(m=(1, 2), n=(1, 2), d=(1, 2)), covers="statement", scope="any sigma and labels; sums over neurons and samples"
)
@false("with a minus, as it must be", factor=-2)
@false("half the field", factor=1)
@false("the loss falls", true=lambda square: -square)
@false("that it grows was printed", printed=lambda square: square)
def grows(cell, _, *, factor=2, printed=lambda square: -square, true=lambda square: square, context):
    """R' = grad R . theta' along the printed field, with the gradient by differentiation, against |grad R|^2."""
    m, n, d = cell.m, cell.n, cell.d
    symbols, sigma = free_symbols(m * (d + 1) + n * (d + 1), 2 * m * n)
    theta, x, y = symbols[: m * (d + 1)], symbols[m * (d + 1) : -n].reshape(n, d), symbols[-n:]
    values, slopes = tangents(TwoLayer(d, m, activation=sigma), theta, x)
    gradient = 2 * (values[:, 0] - y) @ slopes[:, 0]
    w, a = theta[: m * d].reshape(m, d), theta[m * d :]
    value, slope = sigma.jet(x @ w.T, 1)
    r = value @ a - y
    field = factor * np.concatenate([((r[:, None] * slope * a).T @ x).ravel(), r @ value])
    return misprint(printed(gradient @ gradient), true(gradient @ gradient), gradient @ field)


POWERS = claim(
    "recovery.flaw.F14",
    "Powers above the second are not Morse-Bott",
    r"f = x^n,\ n \ge 3:\quad f''(0) = 0 \text{ on the zero set } \{0\}",
    symbols={"f": "a function of one variable x", "n": "its exponent"},
    kind="counterexample",
    source=GEOMETRY.at("after Def. 4.1"),
    refuted_by="An exponent from 3 on with a second derivative at 0.",
    notes="Morse-Bott asks that the kernel of the Hessian be no larger than the zero set, here a point.",
)


@POWERS.check("symbolic", [None], covers="statement", scope="all n: f = x^3 h, h = x^(n - 3) to second order")
@false("n = 2 too", least=2)
@false("a kernel as large as the zero set", true=0)
@false("a zero set as large as the kernel", printed=1)
def kernel(_, *, least=3, printed=0, true=1, context):
    """The dimension of the kernel of f''(0), which is printed to be that of the zero set."""
    import sympy

    x, *h = sympy.symbols("x h:3")
    f = x**least * sum(c * x**k for k, c in enumerate(h))
    return misprint(printed, true, int(sympy.diff(f, x, 2).subs(x, 0) == 0))


EXAMPLE = claim(
    "recovery.flaw.F16",
    "Dimensions in the introductory example",
    r"m = d = 2,\ m_0 = 1:\ \text{the branches lie in } \mathbb{R}^6 \text{ and have dimensions } 1, 2, 2",
    symbols=letters(NOTATION, "m, d, m_0"),
    kind="counterexample",
    source=GEOMETRY.at("section 2.3, caption"),
    refuted_by="Branches that are lines in four dimensions.",
    notes="Printed: three lines in four dimensions.",
)


def true_dimensions(branch):
    return 6, 1 if branch == SPLIT else 2


@EXAMPLE.check(
    "exact",
    lambda cell, rng: random_target(1, 2, rng),
    axes(branch=tuple(branches(2, 1)), standard=3),
    covers="statement",
    because="the three branches; the left sides of their equations depend on no target",
)
@false("the true ones were printed", printed=true_dimensions)
@false("three lines in four dimensions", true=lambda branch: (4, 1))
@false("three lines in six dimensions", true=lambda branch: (6, 1))
def dimensions(cell, target, *, printed=lambda branch: (4, 1), true=true_dimensions, context):
    """The number of parameters, and what the rank of the affine equations of a branch leaves of it."""
    equations = cell.branch.constraints(target)[0]
    found = (equations.shape[1], equations.shape[1] - rank_rational(equations))
    return misprint(printed(cell.branch), true(cell.branch), found)
