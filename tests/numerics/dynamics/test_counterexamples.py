"""Smallest counterexamples to statements as they were printed before."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from numerics.dynamics.adam_orbits import many_orbits
from numerics.dynamics.crossing import crossing_time
from numerics.dynamics.iterates import State, adam, gradient_descent, heavy_ball, iterate
from numerics.dynamics.schur import is_schur
from numerics.dynamics.stability import quadratic_stability
from theory.dynamics.attention import focusing_rate


def cube(x):
    return x**3


def test_a_small_step_is_not_enough_for_the_heavy_ball():
    start = State(Fraction(1), Fraction(1), Fraction(0))
    *_, end = iterate(heavy_ball(Fraction(99, 100), Fraction(1, 2)), cube, start, 1)
    assert end.point == Fraction(-97, 200)  # eta w/y = 297/200: the bounds speak of steps below 1
    *_, end = iterate(heavy_ball(0.99, 0.9), cube, State(1.0, 1.0, 0.0), 5)
    assert abs(end.point) > 1e3


def test_gradient_descent_with_a_large_step_does_not_follow_the_power_law():
    *_, end = iterate(gradient_descent(Fraction(3)), cube, State(Fraction(1), 0, 0), 2)
    assert end.point == 22
    *_, end = iterate(gradient_descent(Fraction(1)), cube, State(Fraction(1), 0, 0), 1)
    assert end.point == 0


def test_rmsprop_from_near_half_a_step_keeps_its_size():
    found = many_orbits(4, 0.0, 0.125, size=0.51, steps=2000)
    assert float(found.slope) > -1e-6


def test_the_bias_correction_counts_for_the_eps_that_forbids_a_crossing():
    assert crossing_time("0.9", "0.95", "5", eps="0.131579", most=5) == 1
    assert crossing_time("0.9", "0.95", "5", eps="1.315790", most=50) is None  # eta/(2 (1 + beta1))


def test_an_output_bias_has_noise_without_any_contribution():
    pulls = [sum(mask * s for mask, s in zip(kept, (1, 2), strict=True)) for kept in product((0, 2), repeat=2)]  # dR/db at y = 0
    mean = Fraction(sum(pulls), 4)
    assert sum((pull - mean) ** 2 for pull in pulls) / 4 == 5


@pytest.mark.parametrize(
    "wrong, word",
    [
        ({"eps": -1}, "eps"),
        ({"beta2": 1.5}, "beta2"),
        ({"beta1": -1}, "beta1"),
        ({"rate": -1}, "rate"),
        ({"rate": float("nan")}, "rate"),
    ],
)
def test_adam_names_a_bad_number(wrong, word):
    given = {"rate": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 0} | wrong
    with pytest.raises(ValueError, match=word):
        adam(given["rate"], given["beta1"], given["beta2"], eps=given["eps"])


@pytest.mark.parametrize(
    "wrong, word", [({"beta1": "1"}, "beta1"), ({"beta2": "1"}, "beta2"), ({"eps": "-1"}, "eps"), ({"rate": "-.01"}, "rate")]
)
def test_crossing_time_names_a_bad_number(wrong, word):
    with pytest.raises(ValueError, match=word):
        crossing_time(**({"beta1": "0.9", "beta2": "0.95", "rate": "0.01"} | wrong))


def test_a_polynomial_without_its_leading_coefficient_is_refused():
    with pytest.raises(ValueError, match="last coefficient"):
        is_schur([1, 0])


def test_a_probability_beyond_one_is_refused():
    with pytest.raises(ValueError, match="lam"):
        focusing_rate(np.array([0.6, 0.4]), 2.0)


def test_an_eigenvalue_that_is_no_number_is_named():
    with pytest.raises(ValueError, match="eigenvalues"):
        quadratic_stability("gradient descent", (float("nan"),), "1/10")
