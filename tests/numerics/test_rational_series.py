"""Series over the rationals against sympy and against gradients in floats."""

from fractions import Fraction

import numpy as np
import pytest
import sympy

from numerics.arithmetic.exact import NoExactValue
from numerics.derivatives.tape import tangents
from numerics.rank.rational_series import along_ray, coefficients, constants, gradient_along_ray
from theory.activations import activation
from theory.expressions import parse
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN

Z = sympy.Symbol("z")


@pytest.mark.parametrize(
    ("sigma", "formula"),
    [
        ("tanh", sympy.tanh(Z)),
        ("sigmoid", 1 / (1 + sympy.exp(-Z))),
        ("sin", sympy.sin(Z)),
        ("exp", sympy.exp(Z)),
        ("atan", sympy.atan(Z)),
        ("ratsig", Z / (1 + Z**2)),
        (parse("z**2*tanh(z)"), Z**2 * sympy.tanh(Z)),
        (parse("tanh(z) - z/3"), sympy.tanh(Z) - Z / 3),
    ],
)
def test_taylor_coefficients_of_activations(sigma, formula):
    series = activation(sigma)(along_ray(["2/3"], 9))
    expected = sympy.series(formula.subs(Z, Z * sympy.Rational(2, 3)), Z, 0, 9).removeO()
    assert [sympy.Rational(str(c)) for c in coefficients(series, 9)[0]] == [expected.coeff(Z, k) for k in range(9)]


MODELS = [
    TwoLayer(2, 3, activation="tanh"),
    TwoLayer(2, 2, activation="sigmoid", bias=True, output_bias=True),
    FullyConnected((2, 3, 2, 1), activation="tanh"),
    TwoLayerCNN(4, 2, 2, activation=parse("z*tanh(z)")),
]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_the_gradient_at_a_small_epsilon(model):
    rng = np.random.default_rng(0)
    theta, x, y = rng.integers(-8, 9, model.n_params) / 8, rng.integers(-8, 9, (5, model.inputs)) / 4, rng.integers(-4, 5, (5, 1)) / 2
    order, epsilon = 8, 2.0**-5
    series = gradient_along_ray(model, theta, x, y, order=order)
    assert series.shape == (model.n_params, order)
    values, jacobian = tangents(model, epsilon * theta, x)
    gradient = ((y - values)[..., None] * jacobian).sum(axis=(0, 1)) / 5
    sums = np.array([[float(Fraction(str(c))) * epsilon**k for k, c in enumerate(row)] for row in series])
    np.testing.assert_allclose(sums.sum(axis=1), gradient, atol=1e3 * epsilon**order)


def test_what_has_no_rational_series_is_named():
    with pytest.raises(NoExactValue, match=r"state of activation 'softplus' at 0 must be rational, got log\(2\)"):
        activation("softplus")(along_ray([1], 4))
    with pytest.raises(NoExactValue, match="must start with 0"):
        activation("tanh")(constants([1], 4))
