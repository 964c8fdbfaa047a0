"""Expansions in the step size, generic and on a quadratic loss by hand."""

import pytest

from theory.dynamics.modified_equations import RandomLoss, flow_defects


@pytest.fixture(scope="module")
def model():
    return RandomLoss()


def test_orders_of_the_diffusions(model):
    import sympy

    assert model.defects(model.squared_gradient(model.mean_loss)) == [0, 0, 0]
    assert model.defects(sympy.Integer(0))[:2] == [0, 0] and model.defects(sympy.Integer(0))[2] != 0


def test_the_mean_of_the_squared_gradient_misses_by_the_gradient_of_the_noise(model):
    import sympy

    noise = model.noise()
    missed = (model.gradient(noise[0, 0] + noise[1, 1]) * model.gradient(model.test_function)).sum() / 4
    defects = model.defects(model.mean(model.squared_gradient))
    assert defects[:2] == [0, 0] and sympy.expand(defects[2] - missed) == 0


def test_without_noise_the_second_order_is_missed(model):
    defects = model.defects(model.squared_gradient(model.mean_loss), noise=0 * model.noise())
    assert defects[:2] == [0, 0] and defects[2] != 0


def test_the_flow_of_one_loss():
    import sympy

    assert [entry for part in flow_defects(sympy.Rational(1, 4)) for entry in part] == [0] * 4
    for factor in (0, sympy.Rational(-1, 4), sympy.Rational(1, 2)):
        assert any(flow_defects(factor)[1])


def test_a_quadratic_by_hand():
    """R = k x^2/2: a step gives 1 - eta k; the flow of R + (eta/4) (k x)^2 gives exp(-eta k - eta^2 k^2/2), the same to second order."""
    import sympy

    eta, k = sympy.symbols("eta k")
    series = sympy.series(sympy.exp(-eta * k - eta**2 * k**2 / 2), eta, 0, 3).removeO()
    assert sympy.expand(series - (1 - eta * k)) == 0
