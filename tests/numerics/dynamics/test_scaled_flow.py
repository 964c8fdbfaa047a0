"""Relative distances of wide networks: against an integrator of high order, under symmetries, stalled runs and bad input."""

import numpy as np
import pytest

from numerics.dynamics import scaled_flow, single_flow
from numerics.dynamics.scaled_flow import paired_start, plain_start, relative_distances, start_at, tangent_parts, three_layer_start
from numerics.dynamics.width_slopes import slopes_of, width_slopes
from theory.dynamics.phase_diagram import Scaling
from theory.models import TwoLayer

X = np.array([[-1.0, 1.0], [-0.4, 1.0], [0.3, 1.0], [1.0, 1.0]])
Y = 0.8 * X[:, 0] + 0.3


def followed(model, start, labels, time):
    """(theta, sup of the relative distances) by Dormand and Prince (1980) on a fine grid of times up to ``time``."""
    import torch
    from scipy.integrate import solve_ivp

    x, y = torch.tensor(X), torch.tensor(labels)

    def field(_, theta):
        theta = torch.tensor(theta, requires_grad=True)
        loss = ((model(theta, x)[:, 0] - y) ** 2).sum() / 8
        return -torch.autograd.grad(loss, theta)[0].numpy()

    solved = solve_ivp(field, (0, time), start, "RK45", np.linspace(0, time, 200), rtol=1e-5, atol=1e-8)
    parts, sups = model.unpack(solved.y.T), []
    for part in parts.values():
        flat = part.reshape(200, -1)
        sups.append((np.linalg.norm(flat - flat[0], axis=1) / np.linalg.norm(flat[0])).max())
    return solved.y[:, -1], np.array(sups)


@pytest.mark.parametrize("place", [(1.5, 0.0), (0.5, 0.5), (1.5, -0.5)])
def test_two_layers_against_an_integrator_of_high_order(place):
    """The tolerance is 1e-3 of the distance a step and some tens of steps."""
    model, theta = start_at(*place, 2, 8, np.random.default_rng(0))
    found = relative_distances(model, theta, (X, Y), stop=1e-3)
    end, sups = followed(model, theta, Y, found.time[0])
    assert found.fitted[0] and np.abs(found.sup[0] / sups - 1).max() < 0.01
    assert np.linalg.norm(found.theta[0] - end) < 0.01 * np.linalg.norm(end - theta)


def test_three_layers_with_the_start_subtracted():
    model, theta = three_layer_start((0.75, 0.75, 0.75), 2, 8, np.random.default_rng(1))
    found = relative_distances(model, theta, (X, Y), stop=1e-3, zero_output="subtract")
    _, sups = followed(model, theta, Y + model(theta, X)[:, 0], found.time[0])
    assert found.sup.shape == (1, 3) and np.abs(found.sup[0] / sups - 1).max() < 0.01


@pytest.mark.parametrize(
    ("exponents", "width", "sides"),
    [((0.75, 0.75, 0.75), 70, 64), ((0.75, 0.75, 0.75), 70, 16), ((0.0, 1.25, 1.0), 64, 16), ((0.3, 0.3, 0.3), 260, 64)],
)
def test_a_single_network_moves_as_a_group_does(exponents, width, sides, monkeypatch):
    """The same steps but for rounding, with wide layers in factors or not, with many waiting rows or few."""
    model, theta = three_layer_start(exponents, 2, width, np.random.default_rng(1))
    monkeypatch.setattr(single_flow, "FACTORED", sides)
    follow = lambda **more: relative_distances(model, theta, (X, Y), stop=1e-3, zero_output="subtract", **more)
    found, few = follow(), follow(most_steps=16)
    monkeypatch.setattr(single_flow, "WAITING", 4)
    often = follow()
    monkeypatch.setattr(scaled_flow, "SINGLE", np.inf)
    grouped = follow()
    for other in (found, often):
        assert np.abs(other.sup / grouped.sup - 1).max() < 1e-6 and abs(other.loss / grouped.loss - 1) < 1e-6
        assert np.abs(other.theta - grouped.theta).max() < 1e-6 * np.abs(grouped.theta).max() and 0 <= grouped.steps - other.steps < 8
    assert few.status[0] == "stalled" and few.steps[0] == 16 and few.sup[0, 0] <= found.sup[0, 0]


@pytest.mark.parametrize("activation", ["tanh", "leaky", "relu"])
def test_a_single_network_of_two_layers_moves_as_a_group_does(activation, monkeypatch):
    model, theta = start_at(1.5, 0.0, 2, 600, np.random.default_rng(2), activation=activation)
    found = relative_distances(model, theta, (X, Y), stop=1e-2)
    monkeypatch.setattr(scaled_flow, "SINGLE", np.inf)
    grouped = relative_distances(model, theta, (X, Y), stop=1e-2)
    assert np.abs(found.sup / grouped.sup - 1).max() < 1e-9 and np.abs(found.theta - grouped.theta).max() < 1e-9


def test_equal_kappas_give_equal_distances():
    """Another triple (alpha, beta1, beta2) with the same kappa and kappa': the normalised flow is the same, time is not."""
    model, one = TwoLayer(2, 40, activation="relu"), Scaling(1.0, 0.05, 0.1)
    other = Scaling(9.0, 0.15, 0.3)
    first, second = (paired_start(model, scaling, np.random.default_rng(2)) for scaling in (one, other))
    # 1/alpha is carried by the output weights, so the network of the second triple has another flow; alpha = 1 in both by rescaling w
    w, a = (model.unpack(second)[name] for name in ("input_weights", "output_weights"))
    second = model.pack(input_weights=w / 3, output_weights=a * 3)
    found = relative_distances(model, np.array([first, second]), (X, Y), stop=1e-3)
    assert np.abs(found.sup[0] - found.sup[1]).max() < 1e-9


def test_neurons_in_another_order_and_networks_one_by_one():
    model, rng = TwoLayer(2, 30, activation="relu"), np.random.default_rng(3)
    starts = np.array([paired_start(model, Scaling(1.0, 0.1, 0.2), rng) for _ in range(5)])
    together = relative_distances(model, starts, (X, Y), stop=1e-3)
    alone = np.concatenate([relative_distances(model, start, (X, Y), stop=1e-3).sup for start in starts])
    assert np.abs(together.sup - alone).max() < 1e-12
    parts, order = model.unpack(starts[0]), rng.permutation(30)
    turned = model.pack(input_weights=parts["input_weights"][order], output_weights=parts["output_weights"][:, order])
    assert np.abs(relative_distances(model, turned, (X, Y), stop=1e-3).sup - together.sup[0]).max() < 1e-8


def test_a_network_that_is_fitted_moves_no_further():
    """Time of a loss: that of one sample falls as the square of an exponential, so time and log of the loss are proportional."""
    model, theta = start_at(0.5, 0.0, 2, 4000, np.random.default_rng(6))
    label = 0.01  # so small that the kernel stays as it is
    runs = [relative_distances(model, theta, (X[3:], np.array([label])), stop=label**2 / 2 / fall) for fall in (10, 1000)]
    ratio = [np.log(label**2 / 2 / run.loss[0]) / run.time[0] for run in runs]
    assert abs(ratio[0] / ratio[1] - 1) < 0.01


def test_runs_that_stall_are_counted_apart():
    model, theta = start_at(1.5, 0.0, 2, 50, np.random.default_rng(4))
    found = relative_distances(model, np.array([theta, theta]), (X, Y), stop=1e-3, most_steps=16)
    assert found.status.tolist() == ["stalled", "stalled"] and not found.fitted.any() and (found.loss > 1e-3).all()
    start = lambda width, rng: start_at(1.5, 0.0, 2, width, rng)
    slopes = width_slopes(start, (X, Y), widths=(20, 40), seeds=3, rng=np.random.default_rng(5), stop=1e-3, most_steps=16)
    assert slopes.stalled == 3
    with pytest.raises(ValueError, match="no seed was fitted at all widths"):
        slopes.median(0)


def test_tangent_parts_are_squares_of_gradients():
    import torch

    x = np.array([0.3, 1.0])
    model, theta = three_layer_start((0.0, 0.5, 0.25), 2, 12, np.random.default_rng(8))
    moving = torch.tensor(theta, requires_grad=True)
    (gradient,) = torch.autograd.grad(model(moving, torch.tensor(x[None])).sum(), moving)
    squares = [float((part**2).sum()) for part in model.unpack(gradient.numpy()).values()]
    assert np.allclose(tangent_parts((0.0, 0.5, 0.25), x, 12, np.random.default_rng(8)), squares)


def test_networks_fitted_at_the_start_have_no_slope():
    start = lambda width, rng: start_at(1.5, 0.0, 2, width, rng)
    with pytest.raises(ValueError, match="stop must be below the loss at the start, got 10.0"):
        width_slopes(start, (X, Y), widths=(20, 40), seeds=2, rng=np.random.default_rng(5), stop=10.0)
    kept = width_slopes(start, (X, Y), widths=(20, 40), seeds=2, rng=np.random.default_rng(5), stop=10.0, keep_unmoved=True)
    assert kept.stalled == 0 and np.isnan(kept.slopes).all()


def test_slopes_of_powers_are_their_exponents():
    widths = (10, 30, 200)
    distances = np.array([[[m**0.5, 3 * m**-1.25]] for m in widths])
    assert np.allclose(slopes_of(distances, widths), [[0.5, -1.25]])


RELU = TwoLayer(2, 4, activation="relu")


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda: paired_start(TwoLayer(2, 5), Scaling(1, 1, 1), np.random.default_rng(0)),
            "width must be even for a start in pairs, got 5",
        ),
        (lambda: paired_start(TwoLayer(2, 4, bias=True), Scaling(1, 1, 1), np.random.default_rng(0)), "its bias as a last input 1"),
        (
            lambda: relative_distances(RELU, plain_start(RELU, Scaling(1, 1, 1), np.random.default_rng(0)), (X, Y), stop=1e-3),
            "zero output was asked for, and the start is not in pairs",
        ),
        (lambda: relative_distances(RELU, np.zeros(3), (X, Y), stop=1e-3), "theta0 must hold 12 finite numbers a network"),
        (lambda: relative_distances(RELU, np.zeros(12), (X, Y[:2]), stop=1e-3), r"inputs \(n, d\) and labels \(n,\)"),
        (lambda: relative_distances(RELU, np.zeros(12), (X, Y), stop=0.0), "stop must be positive"),
        (lambda: relative_distances(RELU, np.zeros(12), (X, Y), stop=1.0, zero_output="yes"), "zero_output must be"),
        (
            lambda: relative_distances(TwoLayer(2, 4, activation="softplus"), np.zeros(12), (X, Y), stop=1.0),
            "activation softplus is none of",
        ),
        (lambda: slopes_of(np.ones((2, 1, 1)), (5, 5)), "widths must be at least two different numbers"),
        (lambda: slopes_of(np.ones((2, 1, 1)), (0, 4)), "widths must be at least two different numbers above 0"),
        (
            lambda: width_slopes(None, (X, Y), widths=(80, 80.5), seeds=1, rng=np.random.default_rng(0), stop=1.0),
            "widths must be at least two different positive integers",
        ),
        (lambda: relative_distances(RELU, np.zeros(12), (X, Y), stop=1.0), "no layer of length zero, and input_weights is"),
        (
            lambda: relative_distances(TwoLayer(2, 4, bias=True), np.r_[np.ones(8), np.zeros(4), 1, 1, -1, -1], (X, Y), stop=1e-3),
            "no layer of length zero, and ",
        ),
        (lambda: width_slopes(None, (X, Y), widths=(2, 4), seeds=0, rng=np.random.default_rng(0), stop=1.0), "seeds must be at least 1"),
    ],
)
def test_bad_input_is_named(call, told):
    with pytest.raises(ValueError, match=told):
        call()
