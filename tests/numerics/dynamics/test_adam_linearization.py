"""Exact linearizations against the closed forms, points of period two against the formula, many orbits against single ones."""

from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from numerics.dynamics.adam_linearization import cycle_polynomial_of_the_step, minimum_polynomial
from numerics.dynamics.adam_orbits import many_orbits
from numerics.dynamics.iterates import adam, iterate, warm
from numerics.dynamics.rmsprop_map import period_two_points
from theory.dynamics.adam import ratio_of, trace_determinant
from theory.dynamics.adam_cycle import cycle_polynomial
from theory.dynamics.rmsprop import largest_gain, period_two_ratio


@pytest.mark.parametrize("k", [4, 6, 10])
@pytest.mark.parametrize("rho", [Fraction(1, 3), Fraction(9, 10)])
@pytest.mark.parametrize("sign", [1, -1])
def test_at_the_fixed_points(k, rho, sign):
    beta1 = rho**k / 3
    trace, det = trace_determinant(k, beta1, sign * rho)
    assert [Fraction(str(c)) for c in minimum_polynomial(k, beta1, rho, sign)] == [det, -trace, 1]
    with pytest.raises(ZeroDivisionError):
        minimum_polynomial(k, rho ** (k - 1), rho)


@pytest.mark.parametrize("k", [4, 6, 10])
@pytest.mark.parametrize(
    ("beta1", "beta2"), [(Fraction(0), Fraction(1, 8)), (Fraction(1, 5), Fraction(1, 3)), (Fraction(9, 10), Fraction(0))]
)
def test_at_the_two_cycle(k, beta1, beta2):
    assert [Fraction(str(c)) for c in cycle_polynomial_of_the_step(k, beta1, beta2)] == cycle_polynomial(k, beta1, beta2)


@pytest.mark.parametrize("k", [4, 6, 8])
def test_points_of_period_two_begin_beyond_the_threshold(k):
    edge = largest_gain(k)
    found = [
        period_two_points(k, edge * share)
        for share in (Fraction(1, 2), Fraction(99, 100), 1, Fraction(10**6 + 1, 10**6), Fraction(101, 100))
    ]
    assert found == [0, 0, 0, 2, 2]
    assert period_two_points(k, period_two_ratio(k, Fraction(2)) ** -(k - 2)) == 2


def test_points_of_period_two_refuse():
    for arguments, name in (((5, Fraction(2)), "k must"), ((4, Fraction(0)), "g must")):
        with pytest.raises(ValueError, match=name):
            period_two_points(*arguments)


def test_many_orbits_are_single_orbits():
    k, rate = 6, 1e-3
    pairs = [(0.9, 0.93), (0.5, 0.8), (0.0, 0.3)]
    found = many_orbits(k, *np.array(pairs).T, steps=400)
    for (beta1, beta2), log in zip(pairs, found.log_size, strict=True):
        gradient = lambda x: x ** (k - 1)
        state = next(islice(iterate(adam(rate, beta1, beta2), gradient, warm(1.0, gradient)), 400, None))
        assert log == pytest.approx(np.log(abs(state.point)), abs=1e-6)


def test_published_orbits_of_each_regime():
    found = many_orbits(4, 0.9, [0.91, 0.902, 0.895, 0.8], steps=20_000)
    assert found.slope[:2] == pytest.approx(np.log(ratio_of(4, np.array([0.91, 0.902]))), rel=1e-4)
    assert (
        (np.abs(found.slope[2:]) < 3e-3).all()
        and (found.least[2:] < -12).all()
        and (found.beyond == 0).tolist() == [True, True, False, False]
    )


def test_orbits_on_the_two_cycle_stay():
    found = many_orbits(4, 0.0, 0.125, size=[0.5, 0.51, 1000.0], steps=2000)
    assert found.log_size[:2] == pytest.approx(np.log(0.0005), abs=1e-9) and found.log_size[2] < -100


@pytest.mark.parametrize("changed", [{"k": 5}, {"beta1": 1.0}, {"beta2": 0.0}, {"size": -1.0}, {"steps": 1}])
def test_orbits_that_are_refused(changed):
    k, beta1, beta2, options = changed.get("k", 4), changed.get("beta1", 0.9), changed.get("beta2", 0.9), {}
    options = {name: changed[name] for name in ("size", "steps") if name in changed}
    with pytest.raises(ValueError, match="k must" if "k" in changed else next(iter(changed))):
        many_orbits(k, beta1, beta2, **options)
