"""Krawczyk's test certifies simple zeros, refuses double and missing ones, and its certificates can be repeated."""

import numpy as np
import pytest

from numerics.arithmetic.krawczyk import NotCertified, ball, balls, certify_zero, working_precision
from numerics.derivatives.dual import Dual, activate, jacobian_of
from theory.activations import activation


def circle_and_hyperbola(x):
    return [x[0] * x[0] + x[1] * x[1] - 4, x[0] * x[1] - 1]


def test_a_box_holds_the_known_zero():
    box = certify_zero(circle_and_hyperbola, [1.9, 0.5])
    root = (ball(2) + ball(3).sqrt()).sqrt()
    assert box.enclosure[0].overlaps(root) and float(box.radius) < 1e-20
    assert np.allclose(box.midpoint, [1.9318516525781366, 0.5176380902050415])


def test_the_certificate_is_repeated_and_a_changed_system_fails_it():
    stored = certify_zero(circle_and_hyperbola, [1.9, 0.5]).certificate()

    def repeated(system, centre=stored["centre"]):
        return certify_zero(system, centre, bits=stored["bits"], radius=stored["radius"], polish=0)

    assert repeated(circle_and_hyperbola).certificate() == stored
    for changed in ((lambda x: [x[0] * x[0] + x[1] * x[1] - 4.001, x[0] * x[1] - 1],), (circle_and_hyperbola, ["1.9", "0.5"])):
        with pytest.raises(NotCertified):
            repeated(*changed)


@pytest.mark.parametrize("system", [lambda x: [x[0] * x[0]], lambda x: [x[0] * x[0] + 1]])
def test_double_and_missing_zeros_are_not_certified(system):
    with pytest.raises(NotCertified):
        certify_zero(system, [0.1])


def test_a_singular_jacobian_is_named():
    with pytest.raises(NotCertified, match="singular"):
        certify_zero(lambda x: [x[0] + x[1], x[0] + x[1]], [0.0, 0.0])


def test_precision_is_restored():
    from flint import ctx

    before = ctx.prec
    with working_precision(333):
        assert ctx.prec == 333
    assert ctx.prec == before


def test_decimals_and_floats_are_read_exactly():
    with working_precision(120):
        assert ball(0.1).is_exact() and not (ball(0.1) * 10).contains(1) and (ball("0.1") * 10).contains(1)
    assert balls([["1", "2"], ["3", "4"]]).shape == (2, 2)


def test_duals_differentiate_arithmetic_and_activations():
    def function(x):
        return [x[0] / x[1] - 3 * x[0], 1 / x[1] + activate(activation("tanh"), x[0] * x[1]), 2 - x[1]]

    at = balls(["0.3", "0.7"])
    exact = jacobian_of(function)(at)
    for j in range(2):
        step = np.array([ball("1e-9") if k == j else ball(0) for k in range(2)], dtype=object)
        for i, (up, down) in enumerate(zip(function(at + step), function(at - step), strict=True)):
            assert float((up - down) / ball("2e-9")) == pytest.approx(float(exact[i, j]), abs=1e-6)
    assert isinstance(1 - Dual(ball(1), np.array([ball(1)])), Dual)
