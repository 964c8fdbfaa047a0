"""Taylor-series certificates: against derivatives, against other certificates, and where they must refuse."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from flint import nmod_poly

from numerics.arithmetic.exact import PRIMES, NoExactValue
from numerics.rank import empirical_rank, model_rank
from numerics.rank.series import Series, Starts, series_rank, solve
from theory.activations import activation
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.factorizations import SymmetricFactorization

PRIME = PRIMES[0]


def residue(value):
    value = Fraction(str(value))
    return value.numerator * pow(value.denominator, -1, PRIME) % PRIME


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "silu", "exp", "sin", "cos", "atan"])
def test_the_series_at_zero_is_that_of_sympy(name):
    """Rational coefficients up to the eighth power; the constant of an activation is exact at 0."""
    order, t = 9, sympy.Symbol("t")
    function = {"silu": t / (1 + sympy.exp(-t)), "sigmoid": 1 / (1 + sympy.exp(-t))}.get(name)
    expected = sympy.series(function if function is not None else getattr(sympy, name)(t), t, 0, order).removeO()
    z = Series(nmod_poly([0, 1], PRIME), order)
    sigma = activation(name)
    starts = Starts(PRIME, np.random.default_rng(0), free=False)
    value = sigma.output(z, solve(sigma, z, starts(sigma, 0)))
    coefficients = [int(c) for c in value.polynomial.coeffs()]
    coefficients += [0] * (order - len(coefficients))
    assert coefficients == [residue(expected.coeff(t, k)) for k in range(order)]
    assert not starts.replaced


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "gelu", "silu", "exp", "erf", "atan", "sin", "cos"])
def test_reflection_of_starts_agrees_with_the_identity(name):
    """sigma(-z) = parity sigma(z) + constant + slope z for drawn values, where the activation has such an identity."""
    sigma, starts, z = activation(name), Starts(PRIME, np.random.default_rng(1), free=True), 12345
    at = lambda point: int(sigma.output(Series(nmod_poly([point], PRIME), 1), starts_as_series(sigma, starts, point)).polynomial[0])
    if sigma.reflection is None:
        assert at(z) * at(PRIME - z) % PRIME == 1  # exp
        return
    r = sigma.reflection
    assert at(PRIME - z) == (r.parity * at(z) + r.constant + residue(r.slope) * z) % PRIME


def starts_as_series(sigma, starts, point):
    return [Series(nmod_poly([value], PRIME), 1) for value in starts(sigma, point)]


def test_taylor_coefficients_of_a_shifted_tanh_follow_from_its_start():
    """tanh(z0 + t) = (t0 + tanh t) / (1 + t0 tanh t), t0 a free value."""
    order, t0 = 7, 987654321
    u = solve(activation("tanh"), Series(nmod_poly([5, 1], PRIME), order), (t0,))[0]
    odd = solve(activation("tanh"), Series(nmod_poly([0, 1], PRIME), order), (0,))[0]
    right = (1 / (odd * t0 + 1)) * (odd + t0)
    assert u.polynomial == right.polynomial


@pytest.mark.parametrize(
    "model",
    [
        TwoLayer(2, 3),
        TwoLayer(2, 2, bias=True, output_bias=True),
        TwoLayer(2, 2, activation="sigmoid"),
        TwoLayer(1, 3, activation="softplus", bias=True),
        TwoLayerCNN(4, 2, 2),
        TwoLayer(3, 3, activation="power:2"),
    ],
    ids=str,
)
def test_agrees_with_certificates_at_points(model):
    rng = np.random.default_rng(2)
    theta = rng.integers(1, 40, model.n_params) / 16
    assert series_rank(model, theta)[0] == model_rank(model, theta).rank


def test_repeated_and_reflected_neurons_are_seen_on_the_stratum():
    """(w, b), (w, b), (-w, -b): one class, whatever the value of tanh at b."""
    model = TwoLayer(2, 3, bias=True)
    theta = model.pack(input_weights=[[1, 2], [1, 2], [-1, -2]], input_biases=[0.5, 0.5, -0.5], output_weights=[[1, 2, 3]])
    assert series_rank(model, theta) == (4, "stratum")


def test_deep_networks_without_bias_are_ranked_at_the_point():
    model = FullyConnected((2, 3, 2, 1), bias=False)
    theta = np.random.default_rng(3).integers(1, 64, model.n_params) / 32
    found = model_rank(model, theta, "exact")
    assert (found.rank, found.at, found.method, found.certified) == (model.n_params, "point", "series", True)


def test_deep_networks_agree_with_balls():
    model = FullyConnected((2, 2, 2, 1))
    theta = np.random.default_rng(4).normal(size=model.n_params)
    assert model_rank(model, theta, "ball").rank == model_rank(model, theta, "exact").rank == model.n_params


def test_many_parameters_go_to_series():
    model = FullyConnected((6, 17, 17, 1))
    found = model_rank(model, np.random.default_rng(5).normal(size=model.n_params))
    assert (found.rank, found.at) == (model.n_params, "stratum")


@pytest.mark.parametrize(
    "model",
    [
        TwoLayer(2, 2, activation="relu"),
        SymmetricFactorization(2, 2),
        FullyConnected((2, 2, 2, 1), "sigmoid", False),
        TwoLayer(2, 2, activation="ratsig"),
    ],
    ids=str,
)
def test_refuses_what_it_cannot_expand(model):
    with pytest.raises(NoExactValue):
        series_rank(model, np.ones(model.n_params))


def test_empirical_ranks_of_deep_networks_stay_with_samples():
    model = FullyConnected((1, 2, 2, 1))
    assert empirical_rank(model, np.linspace(-1, 1, model.n_params), [[0.5], [1.0]]).rank == 2


def test_series_arithmetic():
    a, b = Series(nmod_poly([1, 2, 3], PRIME), 3), Series(nmod_poly([4, 5], PRIME), 3)
    product = [sum(x * y for x, y in zip((1, 2, 3)[: k + 1], (4, 5, 0)[k::-1], strict=True)) for k in range(3)]
    assert [int(c) for c in (a * b).polynomial.coeffs()] == product
    assert (a**2).polynomial == (a * a).polynomial
    assert (0 * a) == 0
    assert ((1 / a) * a).polynomial == 1
    assert (2 - a).polynomial == (-(a - 2)).polynomial
