"""Orbits of optimizers: the same rule in floats, arrays, rationals and balls, against torch, and hitting times that are known."""

from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.iterates import (
    State,
    Undecided,
    adam,
    at_rest,
    first_below,
    first_where,
    gradient_descent,
    heavy_ball,
    iterate,
    moving_average,
    rmsprop,
    square_root,
    warm,
)


def cube(x):
    return x * x * x


def last(optimizer, gradient, start, steps):
    return list(iterate(optimizer, gradient, start, steps))[-1]


TORCH = {
    "SGD": (lambda: gradient_descent(0.05), {"lr": 0.05}),
    "SGD with momentum": (lambda: heavy_ball(0.05, 0.8), {"lr": 0.05, "momentum": 0.8}),
    "Adam": (lambda: adam(0.05, 0.9, 0.99, eps=1e-8, bias_correction=True), {"lr": 0.05, "betas": (0.9, 0.99), "eps": 1e-8}),
    "RMSprop": (lambda: rmsprop(0.05, 0.9, eps=1e-8), {"lr": 0.05, "alpha": 0.9, "eps": 1e-8}),
}


@pytest.mark.parametrize("name", TORCH)
def test_orbits_are_those_of_torch(name):
    import torch

    optimizer, options = TORCH[name]
    start = np.array([1.5, -0.7])
    theta = torch.tensor(start, requires_grad=True)
    reference = getattr(torch.optim, name.split()[0])([theta], **options)
    for _ in range(30):
        reference.zero_grad()
        (theta**4 / 4).sum().backward()
        reference.step()
    assert last(optimizer(), cube, at_rest(start), 30).point == pytest.approx(theta.detach().numpy(), rel=1e-12)


def test_the_moving_average_is_a_heavy_ball_of_a_smaller_rate():
    first = last(moving_average(fmpq(1, 10), fmpq(4, 5)), cube, at_rest(fmpq(1, 2)), 4)
    second = last(heavy_ball(fmpq(1, 50), fmpq(4, 5)), cube, at_rest(fmpq(1, 2)), 4)
    assert first.point == second.point and first.first == second.first / 5 and first.steps == 4


def test_rationals_floats_and_balls_agree():
    exact = last(heavy_ball(fmpq(1, 10), fmpq(1, 2)), cube, at_rest(fmpq(3, 4)), 4).point
    near = last(heavy_ball(0.1, 0.5), cube, at_rest(0.75), 4).point
    with working_precision(120):
        held = last(heavy_ball(ball("0.1"), ball("0.5")), cube, at_rest(ball("0.75")), 4).point
        assert held.contains(exact) and float(held.rad()) < 1e-30
    assert near == pytest.approx(float(exact.p) / float(exact.q), rel=1e-14)


def test_a_warm_start_is_without_bias():
    """m = g and v = g^2 from the start: the first step is the rate, as with bias correction, and the moments are the published ones."""
    state = next(iter(iterate(adam(0.001, 0.9, 0.93), cube, warm(1.0, cube), 1)))
    assert (state.first, state.second) == (1, 1)
    after = last(adam(0.001, 0.9, 0.93), cube, warm(1.0, cube), 1)
    assert after.point == pytest.approx(0.999) and (after.first, after.second) == (1, 1)


@pytest.mark.parametrize(("k", "steps"), [(4, 3384), (6, 5818), (8, 8274)])
def test_published_hitting_times(k, steps):
    gradient = lambda x: x ** (k - 1)
    with working_precision(700):
        orbit = iterate(adam(ball("0.001"), ball("0.9"), ball("0.93")), gradient, warm(ball(1), gradient), 9000)
        assert first_below(orbit, ball("1e-20")) == steps


def test_what_balls_do_not_decide_is_said():
    with working_precision(30):
        orbit = iterate(gradient_descent(ball("0.1")), lambda x: x, at_rest(ball(1)), 5)
        with pytest.raises(Undecided, match="after 1 steps"):
            first_below(orbit, ball("0.9"))
    assert first_below(iterate(gradient_descent(fmpq(1, 10)), lambda x: x, at_rest(fmpq(1)), 5), fmpq(9, 10)) == 1
    assert first_where(iter([State(1, 0, 0, 0)]), lambda state: False) is None


def test_square_roots():
    assert square_root(fmpq(9, 4)) == fmpq(3, 2) and square_root(fmpq(0)) == 0
    for value in (fmpq(2), fmpq(1, 2), fmpq(-1)):
        with pytest.raises(ArithmeticError, match="no rational"):
            square_root(value)
    assert square_root(arb(4)).contains(2) and square_root(np.array([4.0]))[0] == 2 and square_root(Fraction(9, 4).__float__()) == 1.5
