r"""The field of a small network to leading order, coefficient by coefficient of its power series in the size of the weights."""

import math
from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import fraction
from numerics.rank.rational_series import along_ray, coefficients, constants, gradient_along_ray
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.judging import equal
from theory.activations import activation
from theory.dynamics.condensation import multiplicity, origin
from theory.dynamics.condensation.forms import powers
from theory.expressions import parse
from theory.models import TwoLayer

from . import INITIAL, SMALL, SMOOTH
from ._draws import not_zero

NEXT = Assumption(
    "next derivative",
    r"\sigma^{(p+g)}(0) \neq 0 \text{ for a } g \ge 1 \text{, the smallest one}",
    unprobed="g is not defined for sigma(0) + c z^p, whose field is the leading term and nothing else",
)

LEADING = claim(
    "condensation.leading_order",
    "The field of a network with small weights",
    r"w_j' = -\frac{a_j\,\sigma^{(p)}(0)}{(p-1)!}\,\frac1n \sum_i e_i\,(w_j \cdot x_i)^{p-1} x_i + O(\varepsilon^{p+g})",
    clauses={
        "coefficient": r"\text{the leading term is the one written, of order } \varepsilon^p",
        "remainder": r"\text{the next one, of } \sigma^{(p+g)}(0) \text{, has order } \varepsilon^{p+g}",
        "labels": r"\text{with } -y_i \text{ for } e_i \text{ the error is } O(\varepsilon^{\min(p+g,\,2p+1)}) \text{ if } \sigma(0) = 0",
        "offset": r"\text{and } O(\varepsilon^{p+1}) \text{ if } \sigma(0) \neq 0",
    },
    symbols=["w_j", "a_j", "\\sigma", "p", "g", "e_i", "x_i", "y_i", "n", "\\varepsilon"],
    assumptions=[SMOOTH, NEXT, SMALL],
    relation="tight",
    source=INITIAL.at("Section 5"),
    refuted_by="data and weights for which a coefficient of the power series of the gradient differs",
)

CENTRED_SIGMAS = ("tanh", "sin", "silu", "ratsig4", "z*tanh(z)", "z**2*tanh(z)", "z**2*sigmoid(z)", "z**3*tanh(z)")
OFFSET_SIGMAS = ("sigmoid", "cos(z) + z**3")
SIZES = {"D": by_level((2,), (1, 2, 3)), "m": by_level((2,), (1, 2)), "quick": 1, "standard": 1, "full": 6}
ALL, WITHOUT, WITH = (axes(sigma=names, **SIZES) for names in (CENTRED_SIGMAS + OFFSET_SIGMAS, CENTRED_SIGMAS, OFFSET_SIGMAS))


def networks(cell, rng, *, sigma=None):
    """A network with rational parameters, none of them zero, and rational data."""
    name = sigma or cell.sigma
    model = TwoLayer(cell.D, cell.m, activation=parse(name) if "(" in name else activation(name))
    return model, not_zero(rng, model.n_params), not_zero(rng, 3, cell.D), not_zero(rng, 3)


def factor(k):
    return Fraction(1, math.factorial(k - 1))


def term(model, theta, x, c, k, factor=factor, power=lambda k: k - 1):
    """a_j sigma^(k)(0)/(k - 1)! (1/n) sum_i c_i (w_j . x_i)^(k-1) x_i, one row a neuron."""
    parts = model.unpack(theta)
    pulls = powers(parts["input_weights"] @ x.T, power(k)) * c
    return parts["output_weights"][0][:, None] * derivative(model.activation, k) * factor(k) * (pulls @ x) / len(x)


def derivative(sigma, k):
    """sigma^(k)(0) for k up to the second one that is not zero."""
    at_zero = origin(sigma)
    known = {0: at_zero.value, at_zero.multiplicity: at_zero.derivative, at_zero.multiplicity + at_zero.gap: at_zero.next}
    return Fraction(str(known.get(k, 0)))


def minus_gradient(model, theta, x, y, order):
    """Coefficients (m, D, order) of minus the gradient by the weights at epsilon theta, from the tape, exact."""
    series = np.frompyfunc(fraction, 1, 1)(gradient_along_ray(model, theta, x, y[:, None], order=order))
    return series[: model.width * model.inputs].reshape(model.width, model.inputs, order)


def starts_with(series, order, first):
    """Whether ``series`` has the coefficients 0 below the power ``order`` and ``first`` there."""
    return equal(below=(0 * series[..., :order], series[..., :order]), there=(first, series[..., order]))


@LEADING.check("exact", networks, ALL, clauses="coefficient")
@false("1/p! in place of 1/(p - 1)! (s)", factor=lambda k: Fraction(1, math.factorial(k)))
@false("1/p! from p = 4 on", factor=lambda k: Fraction(1, math.factorial(k - 1 if k < 4 else k)))
@false("power p of the pre-activation", power=lambda k: k)
@false("p counted from k = 0 (s)", order=lambda sigma: 0 if origin(sigma).offset else multiplicity(sigma))
def coefficient(cell, drawn, *, factor=factor, power=lambda k: k - 1, order=multiplicity, context):
    """All coefficients of the gradient up to epsilon^p: zero below, the leading term there."""
    model, theta, x, y = drawn
    p = order(model.activation)
    return starts_with(minus_gradient(model, theta, x, y, p + 1), p, term(model, theta, x, y, max(p, 1), factor, power))


def next_order(sigma):
    at_zero = origin(sigma)
    return at_zero.multiplicity + at_zero.gap


@LEADING.check("exact", networks, ALL, clauses="remainder")
@false("one order later", order=lambda sigma: next_order(sigma) + 1)
@false("always two orders later (s)", order=lambda sigma: multiplicity(sigma) + 2)
def remainder(cell, drawn, *, order=next_order, context):
    """What is left when the leading term is taken off, its e_i = f(x_i) - y_i as they are: the first coefficient that is not zero."""
    model, theta, x, y = drawn
    p, first = multiplicity(model.activation), order(model.activation)
    series = minus_gradient(model, theta, x, y, first + 1)
    outputs = np.frompyfunc(fraction, 1, 1)(coefficients(model(along_ray(theta, first + 1), constants(x, first + 1)), first + 1)[:, 0])
    for k in range(first + 1 - p):  # what e_i has of order epsilon^k
        series[..., p + k] = series[..., p + k] - term(model, theta, x, (y if k == 0 else 0 * y) - outputs[:, k], p)
    return starts_with(series, first, term(model, theta, x, y, first))


def with_labels(sigma):
    p = multiplicity(sigma)
    return min(next_order(sigma), p + 1 if origin(sigma).offset else 2 * p + 1)


@LEADING.check("exact", networks, WITHOUT, clauses="labels")
@false("always the next derivative (s)", order=next_order)
@false("without the output that was left out (s)", share=0)
def labels(cell, drawn, *, order=with_labels, share=1, context):
    """What is left when -y_i stands for e_i: the next derivative, or the output that was left out, whichever comes first."""
    model, theta, x, y = drawn
    p, first, parts = multiplicity(model.activation), order(model.activation), model.unpack(theta)
    series = minus_gradient(model, theta, x, y, first + 1)
    series[..., p] = series[..., p] - term(model, theta, x, y, p)
    k = 0 if origin(model.activation).offset else p  # the output begins with a_j sigma^(k)(0)/k! (w_j . x)^k
    output = powers(x @ parts["input_weights"].T, k) @ parts["output_weights"][0] * derivative(model.activation, k) / math.factorial(k)
    left_out = term(model, theta, x, -output, p) if first == p + k + 1 else 0
    return starts_with(series, first, term(model, theta, x, y, first) + share * left_out)


@LEADING.check("exact", networks, WITH, clauses="offset")
@false("as if sigma(0) = 0 (s)", order=lambda sigma: min(next_order(sigma), 2 * multiplicity(sigma) + 1))
@false("order p + 2", order=lambda sigma: multiplicity(sigma) + 2)
def offset(cell, drawn, *, order=with_labels, context):
    """The same where sigma(0) != 0 and the output is of order epsilon."""
    return labels(cell, drawn, order=order, context=context)


@LEADING.check(
    "symbolic",
    ["an undetermined sigma"],
    clauses=("coefficient", "remainder", "labels", "offset"),
    covers="statement",
    scope="all n, m, D and p: the field is a sum over samples, neurons meet in e_i alone, and sigma is a sum of monomials",
)
@false("1/k! in place of 1/(k - 1)!", slope=lambda s, u, k, factorial: s * u ** (k - 1) / factorial(k))
@false("the factor a_j forgotten", outer=lambda a: 1)
def termwise(_, *, slope=lambda s, u, k, factorial: s * u ** (k - 1) / factorial(k - 1), outer=lambda a: a, context):
    """Chain rule for an undetermined sigma, and the term s_k u^k/k! of it for a symbolic k: slope, and power of epsilon."""
    import sympy

    a, w, x, y, f, s, u, epsilon, S, T = sympy.symbols("a w x y f s u epsilon S T", positive=True)
    k = sympy.Symbol("k", integer=True, positive=True)
    sigma = sympy.Function("sigma")
    gradient = (
        sympy.diff((f + a * sigma(w * x) - y) ** 2 / 2, w).replace(sympy.Subs, lambda *_: S).subs(sigma(w * x), T)
    )  # sigma', sigma at w x
    chain = -(y - f - a * T) * outer(a) * S * x
    monomial = sympy.gammasimp(sympy.diff(s * u**k / sympy.factorial(k), u) / slope(s, u, k, sympy.factorial))
    order = sympy.powsimp(sympy.expand_power_base(epsilon * slope(s, epsilon * u, k, sympy.factorial) / slope(s, u, k, sympy.factorial)))
    return equal(chain_rule=(chain, gradient), term=(1, monomial), order=(epsilon**k, order))
