"""Activations: derivatives of one declaration agree in every arithmetic; declared identities are identities."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy
import torch
from flint import arb

from theory.activations import activation, activation_names

NAMES = [name if name != "power:p" else "power:4" for name in activation_names()]
SMOOTH = [name for name in NAMES if hasattr(activation(name), "state")]
POINTS = np.array([-2.25, -1.5, -0.625, -0.125, 0.25, 0.75, 1.375, 2.5])

ORACLE = {
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    "gelu": lambda z: z * mpmath.ncdf(z),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "exp": mpmath.exp,
    "erf": mpmath.erf,
    "atan": mpmath.atan,
    "sin": mpmath.sin,
    "cos": mpmath.cos,
    "relu": lambda z: max(z, mpmath.mpf(0)),
    "leaky": lambda z: z if z > 0 else z / 2,
    "hinge3": lambda z: z + max(z, mpmath.mpf(0)) ** 3,
    "hardtanh": lambda z: min(max(z, mpmath.mpf(-1)), mpmath.mpf(1)),
    "ratsig4": lambda z: z / (1 + z**4),
    "ratsig": lambda z: z / (1 + z**2),
    "lorentz": lambda z: 1 / (1 + z**2),
    "identity": lambda z: z,
    "power:4": lambda z: z**4,
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", [0, 1, 2])
def test_jets_against_a_multiprecision_oracle(name, order):
    """Central differences at 60 digits: an oracle that shares nothing with the declaration."""
    with mpmath.workdps(60):
        expected = [float(mpmath.diff(ORACLE[name], mpmath.mpf(float(z)), order)) for z in POINTS]
    np.testing.assert_allclose(activation(name).jet(POINTS, 2)[order], expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_arithmetics_agree(name):
    sigma = activation(name)
    floats = sigma.jet(POINTS, 2)
    balls = sigma.jet(np.array([arb(z) for z in POINTS], object), 2)
    tensors = sigma.jet(torch.tensor(POINTS), 2)
    for k in range(3):
        np.testing.assert_allclose([float(ball.mid()) for ball in balls[k]], floats[k], rtol=1e-12, atol=1e-13)
        np.testing.assert_allclose(tensors[k].numpy(), floats[k], rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", [name for name in NAMES if activation(name).reflection])
def test_reflections_are_identities(name):
    sigma, r = activation(name), activation(name).reflection
    expected = r.parity * sigma(POINTS) + r.constant + float(r.slope) * POINTS
    np.testing.assert_allclose(sigma(-POINTS), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", SMOOTH)
def test_symbolic_form_differentiates_to_the_jet(name):
    z = sympy.Symbol("z")
    value, slope = (entry.flat[0] for entry in activation(name).jet(np.array([z], object), 1))
    for point in (sympy.Rational(1, 3), sympy.Rational(-7, 4)):
        assert abs(sympy.N((sympy.diff(value, z) - slope).subs(z, point), 40)) < 1e-30


def test_exact_values_of_rational_activations():
    z = np.array([Fraction(-1, 3), Fraction(2)], object)
    assert activation("leaky")(z).tolist() == [Fraction(-1, 6), Fraction(2)]
    assert activation("hinge3").jet(z, 2)[2].tolist() == [0, 12]
    assert activation("ratsig4")(z).tolist() == [Fraction(-27, 82), Fraction(2, 17)]


def test_transcendental_values_of_rationals_are_refused():
    with pytest.raises(TypeError, match="exact"):
        activation("tanh")(np.array([Fraction(1, 2)], object))


def test_a_ball_across_a_kink_is_refused():
    with pytest.raises(ValueError, match="both sides"):
        activation("relu")(np.array([arb(0, 1)], object))


def test_extreme_arguments_stay_finite():
    z = np.array([-800.0, 800.0])
    for name in ("tanh", "sigmoid", "softplus", "gelu", "silu", "erf", "atan"):
        assert np.isfinite(activation(name).jet(z, 2)).all()


@pytest.mark.parametrize("name", ["", "Tanh", "power:0", "power:x", 3])
def test_unknown_activations_are_named(name):
    with pytest.raises(ValueError, match="activation must be one of"):
        activation(name)
