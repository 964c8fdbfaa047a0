"""Expansions in the step size, generic and on a quadratic loss by hand."""

from fractions import Fraction

import pytest

from theory.dynamics.modified_equations import RandomLoss, flow_defects


@pytest.fixture(scope="module")
def model():
    return RandomLoss()


def test_orders_of_the_diffusions(model):
    assert model.defects(model.squared_gradient(model.mean_loss)) == [0, 0, 0]
    uncorrected = model.defects(model.ring(0))
    assert uncorrected[:2] == [0, 0] and uncorrected[2] != 0


def test_the_mean_of_the_squared_gradient_misses_by_the_gradient_of_the_noise(model):
    import sympy

    trace = model.noise[0, 0] + model.noise[1, 1]
    missed = model.at_origin((model.gradient(trace) * model.gradient(model.test_function)).sum()) / 4
    defects = model.defects(model.mean(model.squared_gradient))
    assert defects[:2] == [0, 0] and sympy.expand(defects[2] - missed) == 0


def test_without_noise_the_second_order_is_missed(model):
    defects = model.defects(model.squared_gradient(model.mean_loss), noise=0 * model.noise)
    assert defects[:2] == [0, 0] and defects[2] != 0


def test_no_derivative_beyond_the_degree_occurs(model):
    """The coefficients of the highest degree are met by nothing, so raising it changes nothing."""
    used = model.defects(model.mean(model.squared_gradient))[2].free_symbols
    assert all(int(str(symbol)[-2]) + int(str(symbol)[-1]) < 3 for symbol in used if str(symbol) != "q")


def test_the_flow_of_one_loss():
    assert [entry for part in flow_defects(Fraction(1, 4)) for entry in part] == [0] * 4
    for factor in (0, Fraction(-1, 4), Fraction(1, 2)):
        assert any(flow_defects(factor)[1])


def test_a_quadratic_by_hand():
    """R = k x^2/2: a step gives 1 - eta k; the flow of R + (eta/4) (k x)^2 gives exp(-eta k - eta^2 k^2/2), the same to second order."""
    import sympy

    eta, k = sympy.symbols("eta k")
    series = sympy.series(sympy.exp(-eta * k - eta**2 * k**2 / 2), eta, 0, 3).removeO()
    assert sympy.expand(series - (1 - eta * k)) == 0
