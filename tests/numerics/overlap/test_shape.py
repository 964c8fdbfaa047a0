"""Affine quotients and turning elasticities: proved either way or left open, never read off a grid of floats."""

import pytest

from numerics.overlap import bending_place, elasticity_extremum, is_p_family
from theory.expressions import activation_of

AFFINE = ["exp", "z", "1+z", "(z/2+1)**2", "1/(4-z)", "(3*z+2)**(1/3)", "(2*z+3)**0.5", "power:3", "3*exp(z/2)"]
AFFINE += ["exp(z)**3", "(1+tanh(z))/(1-tanh(z))", "sigmoid(z)+sigmoid(-z)+z", "exp(z+sin(1))*atan(2)"]
#: The last four looked affine on a grid of floats.
BENT = [
    *["tanh", "sigmoid", "gelu", "(1+z)/(2+z)", "sin"],
    *["softplus(500*z)", "z+exp(-100000*z**2)", "exp(z)+0.0000000001*sin(z)", "z+exp(-1000*z**2)"],
]


@pytest.mark.parametrize("formula", AFFINE)
def test_affine_quotients_are_proved_so(formula):
    assert is_p_family(activation_of(formula)) is True and bending_place(activation_of(formula)) is None


@pytest.mark.parametrize("formula", BENT)
def test_quotients_that_bend_are_proved_so(formula):
    assert is_p_family(activation_of(formula)) is False and bending_place(activation_of(formula)) is not None


@pytest.mark.parametrize(
    "formula",
    [
        *["exp(log(z**2)/2)", "z+atan(z)+atan(1/z)", "exp(z*(atan(z)+atan(1/z)))", "exp(log(z**2)/2/(2+atan(z)+atan(1/z)))"],
        "exp(z)/(1+(log(6)-log(2)-log(3))*z)",
    ],
)
def test_punctures_poles_between_two_affine_quotients_and_related_constants_are_left_open(formula):
    """atan(z) + atan(1/z) is pi/2 for z > 0 and -pi/2 for z < 0: sigma/sigma' = z + pi/2 on one side, z - pi/2 on the other."""
    assert is_p_family(activation_of(formula)) is None


@pytest.mark.parametrize(
    ("formula", "place"),
    [
        ("sigmoid", 1.278464542761),
        ("sigmoid(z/20)", 25.56929085522),
        ("sigmoid(100*z)", 0.01278464542761),
        ("gelu", 0.839923675692),
        ("exp(atan(z))", 1),
    ],
)
def test_extrema_are_found_at_every_scale(formula, place):
    assert elasticity_extremum(activation_of(formula)) == pytest.approx(place, rel=1e-9)


@pytest.mark.parametrize("formula", ["softplus", "tanh", "erf", "atan", "exp", "z/sqrt(1+z**2)"])
def test_monotone_elasticities_show_none(formula):
    assert elasticity_extremum(activation_of(formula)) is None


def test_names_and_formulas_are_read_and_kinks_refused():
    assert is_p_family("exp") is True and is_p_family("tanh") is False and bending_place("1/(4-z)") is None
    assert elasticity_extremum("sigmoid(2*z)") == pytest.approx(1.278464542761 / 2)
    for decide in (is_p_family, bending_place, elasticity_extremum):
        with pytest.raises(ValueError, match="must be differentiable everywhere here, got 'relu' with kinks at"):
            decide("relu")
