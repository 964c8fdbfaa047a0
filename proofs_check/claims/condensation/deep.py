r"""Multiplicity one in depth: to leading order the gradient of every weight matrix has rank one."""

from fractions import Fraction

import numpy as np

from numerics.arithmetic.exact import fraction, rank_rational
from numerics.rank.rational_series import along_ray, coefficients, constants, gradient_along_ray
from proofs_check import Assumption, axes, by_level, claim, false
from proofs_check.judging import equal
from theory.dynamics.condensation import mean_input, origin
from theory.models import FullyConnected

from . import INITIAL, LINEAR_PART, SMALL
from ._draws import not_zero

ONE = Assumption("multiplicity one", r"p = 1,\ \sigma(0) = 0")
OUTPUT = Assumption("one output", r"f \text{ has one output}")
FACTORS = Assumption(
    "leading factors",
    r"W^{[L]} \cdots W^{[k+1]} \neq 0 \text{ and, without biases, } W^{[k-1]} \cdots W^{[1]} z \neq 0 \text{; with biases } "
    r"W^{[1]} z + \bar y b^{[1]} \neq 0 \text{ for } k = 2,\ \bar y b^{[k-1]} \neq 0 \text{ for } k \ge 3",
)

DEEP = claim(
    "condensation.deep",
    "Multiplicity one in depth: all rows of a weight matrix turn to one line",
    r"W^{[k]\prime} = \sigma'(0)^{L-1}\, (W^{[L]} \cdots W^{[k+1]})^T\, (W^{[k-1]} \cdots W^{[1]} z)^T + O(\varepsilon^{L})",
    clauses={
        "leading": r"\text{without biases, for every layer } k = 1, \dots, L",
        "rank": r"\text{with and without biases the first coefficient that is not } 0 \text{ has rank } 1",
        "row": r"\text{and its rows are multiples of that of } \textstyle\sum_i e_i x_i^{[k-1]}",
    },
    symbols=["z", "\\sigma", "L", "W^{[k]}", "x_i^{[k]}", "e_i", "\\varepsilon"],
    assumptions=[ONE, OUTPUT, LINEAR_PART, FACTORS, SMALL],
    source=INITIAL.at("Section 5.1; the product is ours"),
    refuted_by="a network whose gradient has another leading coefficient",
    notes="With biases x^[k] is led by sigma'(0) b^[k] for k >= 2, the same for all samples: rows of deeper "
    "layers then turn to the biases.",
)

SIGMAS = ("tanh", "silu", "sin")
NETWORKS = axes(sigma=by_level(("tanh", "silu"), SIGMAS), L=by_level((2, 3), (2, 3, 4)), layer="1..L", quick=1, standard=2, full=10)


def networks(cell, rng, *, bias=False, outputs=1):
    """Rational weights and data whose leading factors are not 0; widths 2 to 3."""
    widths = (2, *(int(width) for width in rng.integers(2, 4, cell.L - 1)), outputs)
    model = FullyConnected(widths, activation=cell.sigma, bias=bias, output_bias=False)
    while True:
        drawn = model, not_zero(rng, model.n_params), not_zero(rng, 3, 2), not_zero(rng, 3, outputs)
        if all(factor.any() for factor in leading_factors(*drawn, cell.layer)):
            return drawn


def leading_factors(model, theta, x, y, layer):
    """W^[L] ... W^[k+1] transposed (m_k,), and what leads sum_i y_i x_i^[k-1]/n, up to powers of epsilon sigma'(0)."""
    parts, L = model.unpack(theta), model.depth
    after = product([parts[f"W{l}"].T for l in range(L, layer, -1)], np.array([Fraction(1)] * model.outputs, dtype=object))
    z, mean = mean_input(x, y[:, 0]), y[:, 0].sum() / len(y)
    if "b1" not in parts or layer == 1:
        return after, product([parts[f"W{l}"] for l in range(1, layer)], z)
    return after, (parts["W1"] @ z if layer == 2 else 0) + mean * parts[f"b{layer - 1}"]


def leading_coefficient(model, theta, x, y, layer, order):
    """(coefficients below, coefficient at epsilon^order) of minus the gradient by W of a layer, exact."""
    series = np.frompyfunc(fraction, 1, 1)(gradient_along_ray(model, theta, x, y, order=order + 1))
    matrix = series[model.unpack(np.arange(model.n_params))[f"W{layer}"]]
    return matrix[..., :order], matrix[..., order]


def product(matrices, start):
    for matrix in matrices:
        start = matrix @ start
    return start


@DEEP.check("exact", networks, NETWORKS, clauses="leading")
@false("labels ignored", labels=lambda y: 0 * y + 1)
@false("sigma'(0) forgotten (s)", slope=lambda sigma: 1)
def leading(cell, drawn, *, labels=lambda y: y, slope=lambda sigma: Fraction(str(origin(sigma).derivative)), context):
    """All coefficients of the gradient up to epsilon^(L - 1) against the product."""
    model, theta, x, y = drawn
    weights = [model.unpack(theta)[f"W{l}"] for l in range(1, cell.L + 1)]
    after = product([w.T for w in weights[cell.layer :][::-1]], np.array([Fraction(1)], dtype=object))
    before = product(weights[: cell.layer - 1], mean_input(x, labels(y[:, 0])))
    below, found = leading_coefficient(model, theta, x, y, cell.layer, cell.L - 1)
    return equal(below=(0 * below, below), leading=(slope(model.activation) ** (cell.L - 1) * np.outer(after, before), found))


def first_coefficient(series):
    """The coefficient of the first power that does not vanish, zeros where all do."""
    nonzero = (series[..., k] for k in range(series.shape[-1]) if any(value != 0 for value in series[..., k].flat))
    return next(nonzero, series[..., 0])


@DEEP.check(
    "exact",
    lambda cell, rng: networks(cell, rng, bias=cell.bias),
    axes(
        sigma=by_level(("tanh", "silu"), SIGMAS),
        L=by_level((2, 3), (2, 3, 4)),
        layer="1..L",
        bias=(False, True),
        quick=1,
        standard=2,
        full=10,
    ),
    clauses=("rank", "row"),
)
@false("rank two", rank=2)
@false("rows along the mean of x^[k-1] (s)", errors=lambda y: 0 * y + 1)
def rank_one(cell, drawn, *, rank=1, errors=lambda y: y, context):
    """The rank of the leading coefficient, exactly, and of it together with the leading coefficient of sum y_i x_i^[k-1]."""
    model, theta, x, y = drawn
    order = cell.L + 4
    series = np.frompyfunc(fraction, 1, 1)(gradient_along_ray(model, theta, x, y, order=order))
    gradient = first_coefficient(series[model.unpack(np.arange(model.n_params))[f"W{cell.layer}"]])
    row = first_coefficient(features(model, theta, x, errors(y), cell.layer, order))
    return equal(rank=(rank, rank_rational(gradient)), with_row=(rank, rank_rational(np.concatenate([gradient, row[None]]))))


def features(model, theta, x, y, layer, order):
    """sum_i y_i x_i^[layer - 1] for the inputs of a layer, as coefficients (width, order)."""
    parts, values = model.unpack(along_ray(theta, order)), constants(x, order)
    for l in range(1, layer):
        values = values @ parts[f"W{l}"].T
        values = model.activation(values + parts[f"b{l}"] if f"b{l}" in parts else values)
    table = np.frompyfunc(fraction, 1, 1)(coefficients(values, order))
    return (table * y[:, 0][:, None, None]).sum(axis=0)


def flat(cell, rng):
    """tanh, L = 2, no biases, sum_i y_i x_i = 0: the coefficient of epsilon^3 is ((-7/2, 9/4), (17/2, -9/4))."""
    if (cell.L, cell.layer, cell.bias, cell.sigma) != (2, 1, False, "tanh"):
        return networks(cell, rng, bias=cell.bias)
    exact = np.frompyfunc(Fraction, 1, 1)
    model = FullyConnected((2, 2, 1), activation="tanh", bias=False, output_bias=False)
    return model, exact([1, 2, 3, 1, 1, 1]), exact([[1, 0], [2, 0], [0, 1], [0, 2]]), exact([[2], [-1], [2], [-1]])


def orthogonal_output(cell, rng):
    """tanh, L = 3, no biases, W^[3] W^[2] = 0: the layers above the first differ from sample to sample."""
    if (cell.L, cell.layer, cell.bias, cell.sigma) != (3, 1, False, "tanh"):
        return networks(cell, rng, bias=cell.bias)
    exact = np.frompyfunc(Fraction, 1, 1)
    model = FullyConnected((2, 2, 3, 1), activation="tanh", bias=False, output_bias=False)
    return model, exact([1, 2, 3, 1, 1, 0, 0, 1, -1, -1, 1, 1, 1]), exact([[1, 0], [0, 1], [1, 1]]), exact([[1], [2], [1]])


DEEP.without("linear part", rank_one, flat)
DEEP.without("leading factors", rank_one, orthogonal_output)
DEEP.without("one output", rank_one, lambda cell, rng: networks(cell, rng, bias=cell.bias, outputs=2))
