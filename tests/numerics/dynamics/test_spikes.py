"""Crossings of 2/eta, power laws for all steps, and the sharpness along training, against independent computation."""

import numpy as np
import pytest

from numerics.arithmetic.krawczyk import NotCertified, working_precision
from numerics.dynamics.crossing import crossing_time
from numerics.dynamics.iterates import Undecided, at_rest, gradient_descent, heavy_ball, iterate, moving_average
from numerics.dynamics.power_law import power_law
from numerics.dynamics.sharpness import adam_sharpness, preceded, spikes
from numerics.train import Adam, train
from theory.models import TwoLayer


@pytest.mark.parametrize(
    ("parameters", "corrected", "plain"),
    [(("0.9", "0.99", "0.001"), 2862, 2778), (("0", "0.99", "0.01"), 1007, 835), (("0.9", "0.95", "0.01"), 378, 377)],
)
def test_known_crossings(parameters, corrected, plain):
    assert crossing_time(*parameters) == corrected and crossing_time(*parameters, correction=False) == plain


def test_crossings_that_do_not_happen_or_are_not_decided():
    # eps = eta (1 - beta1)/(2(1 + beta1)) forbids them
    assert crossing_time("0.9", "0.95", "0.01", eps="0.000263158", most=700) is None
    assert crossing_time("0.9", "0.95", "0.01", eps="0.0001", most=700) is not None
    with pytest.raises(Undecided, match="60 bits"):
        crossing_time("0.9", "0.95", "0.01", bits=60)


@pytest.mark.parametrize("method", ["gradient descent", "heavy ball", "moving average"])
@pytest.mark.parametrize("k", [4, 6])
def test_power_laws_bound_the_orbit(method, k):
    mu = 0.0 if method == "gradient descent" else 0.8
    law = power_law(method, k, "0.02", str(mu), steps=2000)
    assert law.low < law.predicted and law.predicted < law.high and float(law.high / law.low) < 1.03
    optimizer = {"gradient descent": lambda: gradient_descent(0.02), "heavy ball": lambda: heavy_ball(0.02, mu)}
    orbit = iterate(optimizer.get(method, lambda: moving_average(0.02, mu))(), lambda x: x ** (k - 1), at_rest(1.0), 6000)
    with working_precision(100):
        for state in orbit:
            if state.steps in (2000, 2500, 6000):
                low, high = law.size(k, state.steps)
                assert float(low) - 1e-9 <= state.point <= float(high) + 1e-9
    with pytest.raises(NotCertified, match="after 3 steps"):
        power_law("heavy ball", 4, "0.02", "0.9", steps=3)


def test_spikes_are_counted_where_they_begin():
    loss = np.full(400, 1.0)
    loss[10] = 9  # before things have settled
    loss[200:205] = 3
    loss[300] = 1.9
    loss[350:] = 5
    assert spikes(loss) == [200, 350] and spikes(loss, factor=1.5) == [200, 300, 350] and spikes(loss, settle=0) == [10, 200, 350]


def test_what_precedes_a_spike():
    looked, ratio = np.arange(0, 400, 10), np.zeros(40)
    ratio[12] = 1.5  # step 120
    assert (
        preceded(150, looked, ratio)
        and preceded(120, looked, ratio)
        and not preceded(110, looked, ratio)
        and not preceded(221, looked, ratio)
    )


SETTING = TwoLayer(1, 4, bias=True, output_bias=True), np.linspace(-2, 2, 9)[:, None]


def trained(**options):
    model, X = SETTING
    theta = np.stack([model.init(np.random.default_rng(seed)) for seed in (0, 1)])
    data = (X, np.sin(X) + np.sin(4 * X))
    return model, theta, data, adam_sharpness(model, theta, data, 0.02, 60, **options)


def test_the_training_is_that_of_the_trainer():
    model, theta, data, found = trained(beta2=0.99, eps=1e-6)
    reference = train(model, theta, data, method=Adam(beta2=0.99, eps=1e-6), learning_rate=0.02, steps=60)
    assert found.loss[-1] == pytest.approx(reference.loss, rel=1e-9) and found.loss.shape == (61, 2)


def test_the_ratios_are_those_of_the_definition():
    """At the last step: the Hessian by torch, P and the momentum factor written out."""
    import torch

    model, theta, data, found = trained(every=20)
    assert found.looked.tolist() == [20, 40, 60] and found.preconditioned.shape == (3, 2)
    x, y = (torch.as_tensor(part) for part in data)
    loss = lambda t: ((model(t, x) - y) ** 2).mean()
    point, m, v = torch.as_tensor(theta[0]), 0, 0
    for t in range(1, 61):
        g = torch.func.grad(loss)(point)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        P = (v / (1 - 0.999**t)).sqrt() + 1e-8
        if t == 60:
            H = torch.func.jacrev(torch.func.grad(loss))(point)
            scale = 0.01 * 0.1 / 1.9 / (1 - 0.9**60)
            top = torch.linalg.eigvals(H / P[:, None]).real.max()
            u = g / P
            assert found.preconditioned[-1, 0] == pytest.approx(float(scale * top), rel=1e-6)
            assert found.along_gradient[-1, 0] == pytest.approx(float(scale * (u @ H @ u) / (g @ u)), rel=1e-6)
            assert found.plain[-1, 0] == pytest.approx(float(0.01 * torch.linalg.eigvalsh(H).max()), rel=1e-6)
        point = point - 0.02 * m / (1 - 0.9**t) / P


def test_steps_that_are_refused():
    model, X = SETTING
    with pytest.raises(ValueError, match="at least 1"):
        adam_sharpness(model, np.zeros((1, model.n_params)), (X, X), 0.1, 0)
