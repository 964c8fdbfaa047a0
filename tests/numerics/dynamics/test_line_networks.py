"""Batched networks with derivatives, and spectra over training: against autograd, a loop over networks, and crafted checkpoints."""

import numpy as np
import pytest
import torch

from numerics.dynamics.line_networks import Target, even_points, fit_samples, forward, initial, train_on_line
from numerics.dynamics.spectra import Band, Moment, bands_of, dyadic, gaussian_low_pass, line, relative_parts, spectra

TARGET = Target((1, 3), (1.0, 0.5), even_points(16))


def test_jets_are_derivatives():
    theta = [torch.tensor(part) for part in initial(np.random.default_rng(0), 2, (5, 4))]
    x = torch.linspace(-1, 1, 7, dtype=torch.float64, requires_grad=True)
    jets = forward(theta, x, 2)
    for b in range(2):
        first = torch.autograd.grad(jets[0][b].sum(), x, create_graph=True, retain_graph=True)[0]
        second = torch.autograd.grad(first.sum(), x, retain_graph=True)[0]
        assert torch.allclose(jets[1][b], first) and torch.allclose(jets[2][b], second)


def test_derivatives_of_the_target():
    x, h = TARGET.x, 1e-5
    shifted = lambda step: Target((1, 3), (1.0, 0.5), x + step).derivative(0)
    assert np.allclose(TARGET.derivative(1), (shifted(h) - shifted(-h)) / (2 * h), atol=1e-8)
    assert np.allclose(TARGET.derivative(2), (shifted(h) - 2 * shifted(0) + shifted(-h)) / h**2, atol=1e-4)


@pytest.mark.parametrize("order", [0, 2])
def test_a_batch_trains_as_its_networks_alone(order):
    theta = initial(np.random.default_rng(1), 3, (6,))
    together = train_on_line(theta, TARGET, order=order, steps=20, learning_rate=1e-2, every=5)
    for b in range(3):
        alone = train_on_line([part[b : b + 1] for part in theta], TARGET, order=order, steps=20, learning_rate=1e-2, every=5)
        assert np.allclose(together.loss[:, b], alone.loss[:, 0], rtol=1e-9)
    assert together.steps.tolist() == [0, 5, 10, 15, 20] and together.spectrum.shape == (5, 3, 2)
    assert (together.loss[-1] < together.loss[0]).all()


def test_samples_of_their_own_are_fitted_alone():
    rng = np.random.default_rng(2)
    theta, x = initial(rng, 3, (6,)), np.sort(rng.uniform(-3, 3, (3, 7)), axis=1)
    settings = {"at": np.linspace(-3, 3, 5), "steps": 12, "learning_rate": 1e-2, "every": 5}
    together = fit_samples(theta, x, np.sin(x), **settings)
    assert together.steps.tolist() == [0, 5, 10, 12] and together.outputs.shape == (4, 3, 5)
    for b in range(3):
        alone = fit_samples([part[b : b + 1] for part in theta], x[b : b + 1], np.sin(x[b : b + 1]), **settings)
        assert np.allclose(together.loss[:, b], alone.loss[:, 0], rtol=1e-9)
        assert np.allclose(together.outputs[:, b], alone.outputs[:, 0], rtol=1e-9)
    assert (together.loss[-1] < together.loss[0]).all()


def test_common_samples_are_fitted_as_a_target():
    theta = initial(np.random.default_rng(3), 2, (5,))
    x = np.tile(TARGET.x, (2, 1))
    y = np.tile(TARGET.derivative(0), (2, 1))
    fitted = fit_samples(theta, x, y, at=TARGET.x, steps=10, learning_rate=1e-2)
    trained = train_on_line(theta, TARGET, steps=10, learning_rate=1e-2)
    assert np.allclose(fitted.loss, trained.loss, rtol=1e-12)
    assert np.allclose(np.linalg.norm(fitted.outputs - y, axis=2) / np.linalg.norm(y[0]), trained.error, rtol=1e-12)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"x": np.zeros((3, 4))}, "a row for each network"),
        ({"y": np.zeros((2, 5))}, "a row for each network"),
        ({"x": np.full((2, 4), np.nan)}, "must be finite"),
        ({"at": np.zeros((2, 2))}, "of shape"),
        ({"steps": 0}, "steps must be"),
        ({"learning_rate": -1.0}, "learning_rate must be"),
    ],
)
def test_fits_refuse(change, told):
    settings = {"x": np.zeros((2, 4)), "y": np.zeros((2, 4)), "at": np.zeros(3), "steps": 2, "learning_rate": 0.1, **change}
    with pytest.raises(ValueError, match=told):
        fit_samples(initial(np.random.default_rng(0), 2, (3,)), settings.pop("x"), settings.pop("y"), **settings)


def test_nyquist_of_uneven_points_is_that_of_their_mean_distance():
    """The first gap alone said 3.1 here, and a target of frequency 4 was refused."""
    x = np.concatenate([[-3.0, -2.0], np.linspace(-1.9, 3, 30)])
    assert len(train_on_line(initial(np.random.default_rng(0), 1, (3,)), Target((4,), (1.0,), x), steps=1, learning_rate=0.1).steps) == 2


def test_first_steps_below_a_threshold():
    record = train_on_line(initial(np.random.default_rng(2), 2, (8,)), TARGET, steps=10, learning_rate=1e-9, every=10)
    assert np.isinf(record.first_below(1e-3)).all() and (record.first_below(1e9) == 0).all()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"order": 3}, "order must be"),
        ({"steps": 0}, "steps must be"),
        ({"learning_rate": -1.0}, "learning_rate must be"),
        ({"every": 0}, "every must be"),
    ],
)
def test_training_refuses(change, told):
    settings = {"steps": 5, "learning_rate": 1e-3, **change}
    with pytest.raises(ValueError, match=told):
        train_on_line(initial(np.random.default_rng(0), 1, (3,)), TARGET, **settings)


def test_targets_above_nyquist_are_refused():
    with pytest.raises(ValueError, match="Nyquist"):
        train_on_line(initial(np.random.default_rng(0), 1, (3,)), Target((9,), (1.0,), even_points(16)), steps=1, learning_rate=1e-3)


@pytest.mark.parametrize("k", [8, -9])
def test_nyquist_itself_is_refused(k):
    with pytest.raises(ValueError, match="below 8"):
        train_on_line(initial(np.random.default_rng(0), 1, (3,)), Target((k,), (1.0,), even_points(16)), steps=1, learning_rate=1e-3)


@pytest.mark.parametrize(
    ("frequencies", "amplitudes", "x", "told"),
    [
        ((0,), (1.0,), even_points(8), "frequencies must be"),
        ((1,), (0.0,), even_points(8), "amplitudes must be"),
        ((1, 2), (1.0,), even_points(8), "as many amplitudes"),
        ((1,), (1.0,), even_points(8)[::-1], "x must hold"),
        ((1,), (1.0,), np.zeros(1), "x must hold"),
    ],
)
def test_targets_refuse(frequencies, amplitudes, x, told):
    with pytest.raises(ValueError, match=told):
        Target(frequencies, amplitudes, x)


def test_orders_of_derivatives_are_refused():
    with pytest.raises(ValueError, match="order must be"):
        TARGET.derivative(-1)


X = np.linspace(0, 1, 32, endpoint=False)
Y = np.sin(2 * np.pi * X) + np.sin(6 * np.pi * X)


def crafted():
    """Frequency 1 is fitted between checkpoints 0 and 10, lost at 20, for good from 30 on; frequency 3 from 40 on."""
    low, high = np.sin(2 * np.pi * X), np.sin(6 * np.pi * X)
    outputs = [0 * X, low, 0.5 * low, low, low + high]
    return spectra(line(X), Y, outputs, [0, 10, 20, 30, 40])


def test_bands_converge_within_intervals():
    found = crafted()
    assert str(found.moment(Band(1, 1), 0.1)) == "(20, 30]" and str(found.moment(Band(3, 3), 0.1)) == "(30, 40]"
    assert np.allclose(found.relative(Band(1, 1)), [1, 0, 0.5, 0, 0], atol=1e-12)
    assert np.isinf(found.relative(Band(4, 7))).all() and np.allclose(found.target[[1, 3]], 0.25)
    assert found.moment(Band(1, 1), 0.1).before(found.moment(Band(3, 3), 0.1)) is True


def test_zero_and_nyquist_count_once():
    """y = 1 + 2 cos, error 1: a band of both has the relative error in L2, 1/sqrt 3; likewise for all frequencies of random values."""
    y = 1 + 2 * np.cos(2 * np.pi * X)
    assert np.allclose(spectra(line(X), y, [y + 1], [0]).relative(Band(0, 1)), 3**-0.5)
    rng = np.random.default_rng(0)
    for n in (31, 32):
        goal, found = rng.normal(size=(2, n))
        relative = spectra(line(np.arange(n) / n), goal, [found], [0]).relative(Band(0, n // 2))
        assert np.allclose(relative, np.linalg.norm(found - goal) / np.linalg.norm(goal))


def test_settings_of_spectra_are_refused():
    with pytest.raises(ValueError, match="most must be"):
        spectra(line(X), Y, [Y], [0], most=-1)
    with pytest.raises(ValueError, match="steps must be finite"):
        spectra(line(X), Y, [Y], [float("nan")])


def test_order_is_open_where_intervals_overlap():
    first, second, never = Moment(0, 10), Moment(5, 20), Moment(30, None)
    assert first.before(second) is None and second.before(first) is None
    assert first.before(never) is True and never.before(first) is False and str(never) == "after 30, not yet"
    assert str(Moment(None, 0)) == "by 0" and Moment(None, 0).before(Moment(0, 10)) is True


def test_bands():
    assert [str(band) for band in dyadic(9)] == ["0", "1", "2-3", "4-7", "8-9"]
    assert [str(band) for band in bands_of("1, 3,5-8", 8)] == ["1", "3", "5-8"]
    for text, told in (("1,x", "written as"), ("5-3", "lower to a higher"), ("17", "must not exceed 16"), ("1-2-3", "written as")):
        with pytest.raises(ValueError, match=told):
            bands_of(text, 16)


def test_several_inputs_go_along_their_first_component():
    rng = np.random.default_rng(0)
    t = rng.uniform(0, 1, 400)
    x = np.outer(t, [3.0, 4.0]) + 0.01 * rng.normal(size=(400, 2))
    samples = line(x)
    assert samples.x.min() == 0 and samples.x.max() == 1 and np.corrcoef(samples.x, t)[0, 1] > 0.999
    found = spectra(samples, np.cos(2 * np.pi * 2 * t), [np.zeros(400)], [0])
    assert found.target[:8].argmax() == 2
    with pytest.raises(ValueError, match="all are equal"):
        line(np.ones((5, 2)))
    with pytest.raises(ValueError, match="period is for one input"):
        line(x, period=1.0)


@pytest.mark.parametrize(
    ("steps", "outputs", "told"),
    [
        ([0, 0], [Y, Y], "steps must increase"),
        ([0], [Y[:-1]], "outputs at 0 must have shape"),
        ([0], [Y * np.nan], "must be finite"),
        ([], [], "one at least"),
    ],
)
def test_spectra_refuse(steps, outputs, told):
    with pytest.raises(ValueError, match=told):
        spectra(line(X), Y, outputs, steps)


def test_a_gaussian_keeps_what_varies_slowly():
    x = np.linspace(0, 1, 200)[:, None]
    assert (gaussian_low_pass(x, 1e-200) == np.eye(len(x))).all()  # its square is 0 in floats
    low_pass = gaussian_low_pass(x, 0.05)
    slow, fast = np.sin(2 * np.pi * x), np.sin(2 * np.pi * 25 * x)
    assert np.allclose(low_pass.sum(axis=1), 1)
    assert np.linalg.norm(low_pass @ slow) > 0.9 * np.linalg.norm(slow) and np.linalg.norm(low_pass @ fast) < 0.1 * np.linalg.norm(fast)
    low, high = relative_parts(low_pass, slow + fast, np.stack([slow, fast]))
    assert low[0] < 0.15 < 0.8 < high[0] and low[1] > 0.8 > 0.3 > high[1]
    for wrong, told in (((x, 0.0), "width must be"), ((x[:, 0], 1.0), "x must have shape")):
        with pytest.raises(ValueError, match=told):
            gaussian_low_pass(*wrong)


def test_errors_relative_to_nothing_are_refused():
    with pytest.raises(ValueError, match="y must have a low part"):
        relative_parts(np.zeros((2, 2)), [[1.0], [1.0]], [[1.0], [1.0]])
    with pytest.raises(ValueError, match="y must have a high part"):
        relative_parts(np.eye(2), [[1.0], [1.0]], [[1.0], [1.0]])
    with pytest.raises(ValueError, match="most must be an integer of at least 0, got -1"):
        dyadic(-1)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: even_points(0), "n must be an integer of at least 1, got 0"),
        (lambda: even_points(4, -1), "half must be positive, got -1"),
        (lambda: initial(np.random.default_rng(0), 0, [3]), "networks must be an integer of at least 1, got 0"),
        (lambda: initial(np.random.default_rng(0), 1, []), "hidden must have one layer at least"),
        (lambda: initial(np.random.default_rng(0), 1, [3], deviation=-1.0), "deviation must be at least 0, got -1.0"),
    ],
)
def test_points_and_starts_that_are_none(call, told):
    with pytest.raises(ValueError, match=told):
        call()
