"""Levenberg-Marquardt, minimum-norm Gauss-Newton, gradient flow, and the batched tangents and Hessians behind them."""

import numpy as np
import pytest
from training_cases import MODELS, UNIT_ROUNDOFF, case, model_outputs, one_loss

from numerics.derivatives.batched import eigenvalues, loss_hessians, tangents
from numerics.train import Adam, GaussNewton, GradientFlow, LevenbergMarquardt, Status, train
from numerics.train.native import reason_against as no_compiler
from numerics.train.second_order import damped_step
from theory.models import FullyConnected, MatrixFactorization, TwoLayer

FLOW_PATHS = [
    pytest.param("compiled", marks=pytest.mark.skipif(no_compiler() is not None, reason=str(no_compiler()))),
    "torch",
]


@pytest.mark.parametrize("name", MODELS)
def test_tangents_and_hessians_agree_with_one_network_at_a_time(name):
    import torch

    batch = case(name)
    output, J = tangents(batch.model, batch.theta, batch.X)
    loss, gradient, hessian = loss_hessians(batch.model, batch.theta, batch.data, weights=batch.weights)
    for b in (0, 10):
        theta = torch.tensor(batch.theta[b])
        outputs, one = model_outputs(batch, b), one_loss(batch, b)
        gradient_of = torch.func.grad(one)
        for got, wanted in (
            (output[b], outputs(theta)),
            (J[b], torch.func.jacrev(outputs)(theta)),
            (loss[b], one(theta)),
            (gradient[b], gradient_of(theta)),
            (hessian[b], torch.func.jacrev(gradient_of)(theta)),
        ):
            # every entry is a sum of at most n * outputs * P terms of the size of the largest
            terms = batch.Y[b].size * batch.model.n_params
            assert np.abs(got - wanted.numpy()).max() <= 8 * terms * UNIT_ROUNDOFF * (1 + np.abs(wanted.numpy()).max())
    assert np.abs(eigenvalues(hessian) - np.linalg.eigvalsh(hessian)).max() <= 1e-12


def test_hessians_of_shared_data_and_default_weights():
    batch = case("two-layer softplus")
    shared = loss_hessians(batch.model, batch.theta, (batch.X[0], batch.Y[0]))
    data = tuple(np.repeat(a[:1], 11, axis=0) for a in batch.data)
    repeated = loss_hessians(batch.model, batch.theta, data, weights=np.full((11, 6), 1 / 6))
    for a, b in zip(shared, repeated, strict=True):
        assert np.abs(a - b).max() <= 1e-13
    with pytest.raises(ValueError, match=r"theta must have shape \(B, P\)"):
        tangents(batch.model, batch.theta[0], batch.X[0])


@pytest.mark.parametrize("shape", [(4, 7, 3), (4, 3, 7), (4, 5, 5)])
def test_damped_step_solves_the_damped_normal_equations(shape):
    import torch

    rng = np.random.default_rng(0)
    J, r, damping = torch.tensor(rng.normal(size=shape)), torch.tensor(rng.normal(size=shape[:2])), torch.tensor([1e-3, 0.1, 1.0, 10.0])
    step = damped_step(J, r, damping.double())
    left = (J.mT @ (J @ step[..., None]))[..., 0] + damping[:, None] * step
    assert (left + (J.mT @ r[..., None])[..., 0]).abs().max() <= 1e-12


@pytest.mark.parametrize("model", [TwoLayer(2, 2, bias=True), MatrixFactorization(3, 3, 2), FullyConnected((2, 3, 1)), TwoLayer(1, 2, 2)])
def test_levenberg_marquardt_interpolates_a_teacher_nearby(model):
    rng = np.random.default_rng(5)
    teacher = model.init(rng, batch=(8,))
    X = model.entries() if isinstance(model, MatrixFactorization) else rng.normal(size=(8, 2 * model.n_params, model.inputs))
    data = X, model(teacher, X)
    start = teacher + rng.normal(0, 0.02, teacher.shape)
    trained = train(model, start, data, method="levenberg-marquardt", steps=100, stop=1e-24)
    assert trained.converged.sum() >= 7, trained.summary()


def test_levenberg_marquardt_finds_minima_of_non_zero_loss():
    """A teacher with a little noise (with much of it, minima go to infinity). At a minimum losses are known to a few units u of theirs
    only, so no step that gains less is seen: the gradient stops at about sqrt(u * loss * curvature)."""
    from scipy.optimize import least_squares

    model, rng = TwoLayer(2, 2), np.random.default_rng(2)
    teacher, X = model.init(rng, batch=(6,)), rng.normal(size=(6, 40, 2))
    Y = model(teacher, X) + rng.normal(0, 1e-3, (6, 40, 1))
    trained = train(model, teacher, (X, Y), method="levenberg-marquardt", steps=500)
    assert (trained.status == Status.STATIONARY).sum() >= 5, trained.summary()
    for b in np.flatnonzero(trained.status == Status.STATIONARY):
        residual = lambda theta, b=b: (model(theta, X[b]) - Y[b])[:, 0] / np.sqrt(40)
        polished = least_squares(residual, trained.theta[b], method="lm", xtol=1e-15, ftol=1e-15, gtol=1e-15)
        assert trained.loss[b] <= 2 * polished.cost * (1 + 1e-12)
        loss, gradient, hessian = loss_hessians(model, trained.theta[[b]], (X[b], Y[b]))
        spectrum = eigenvalues(hessian)
        assert spectrum.min() > 0 and np.linalg.norm(gradient) <= 100 * np.sqrt(UNIT_ROUNDOFF * loss[0] * spectrum.max())


def test_a_gradient_tolerance_ends_the_iteration_there():
    batch = case("deep")
    trained = train(batch.model, batch.theta, batch.data, method=LevenbergMarquardt(gradient_tolerance=0.05), steps=200)
    _, gradient, _ = loss_hessians(batch.model, trained.theta, batch.data)
    assert (trained.status == Status.STATIONARY).all() and (np.linalg.norm(gradient, axis=1) <= 0.1 + 1e-12).all()


def test_losses_never_rise_under_levenberg_marquardt():
    batch = case("deep")
    trained = train(batch.model, batch.theta, batch.data, method="levenberg-marquardt", steps=40, record="loss")
    assert (np.diff(trained.history["loss"], axis=0) <= 0).all()


def test_gauss_newton_takes_the_shortest_solution_of_a_linear_problem():
    """A factorization with right factor frozen in effect: a linear two-layer model in its output weights, solved in one step by pinv."""
    import torch

    rng = np.random.default_rng(1)
    features = torch.tensor(rng.normal(size=(3, 8)))
    linear = lambda theta, x: (x @ features @ theta)[:, None]
    X, Y, start = rng.normal(size=(5, 3, 3)), rng.normal(size=(5, 3, 1)), rng.normal(size=(5, 8))
    trained = train(linear, start, (X, Y), method="gauss-newton", steps=1)
    for b in range(5):
        A = X[b] @ features.numpy()
        wanted = start[b] + np.linalg.pinv(A) @ (Y[b][:, 0] - A @ start[b])
        assert np.abs(trained.theta[b] - wanted).max() <= 1e-12 * np.linalg.cond(A) ** 2


def test_the_cutoff_of_gauss_newton_leaves_weak_directions_alone():
    scale = np.array([1.0, 1e-3])
    import torch

    linear = lambda theta, x: (x * torch.tensor(scale) @ theta)[:, None]
    data = np.eye(2), np.ones((2, 1))
    assert np.allclose(train(linear, np.zeros(2), data, method=GaussNewton(cutoff=1e-6), steps=1).theta, [[1, 1000]])
    assert np.allclose(train(linear, np.zeros(2), data, method=GaussNewton(cutoff=1e-2), steps=1).theta, [[1, 0]])


@pytest.mark.parametrize("path", FLOW_PATHS)
def test_gradient_flow_follows_the_exact_solution_however_small_it_starts(path):
    """f = a b, y = 1, a = b: the loss (a b - 1)^2 gives a' = 2 (1 - a^2) a, so a^2 = s e^(4t) / (1 + s (e^(4t) - 1)) with s = a(0)^2."""
    model = MatrixFactorization(1, 1, 1)
    sizes = np.array([1e-30, 1e-8, 0.5])
    start, data = np.repeat(sizes[:, None], 2, axis=1), (np.array([[0, 0]]), np.array([[1.0]]))
    for time in (1.0, 35.0):
        method = GradientFlow(time=time, rtol=1e-9)
        trained = train(model, start, data, method=method, steps=20_000, path=path)
        growth = np.exp(4 * time)
        wanted = np.sqrt(sizes**2 * growth / (1 + sizes**2 * (growth - 1)))
        assert (trained.status == Status.TIME_REACHED).all() and (trained.state["time"] == time).all()
        # local errors of 1e-9 a step, a few hundred steps, in a flow that forgets none of them before saturation
        assert np.abs(trained.theta / wanted[:, None] - 1).max() <= 1e-9 * trained.steps.max()


@pytest.mark.parametrize("name", ["two-layer sigmoid, biases, two outputs", "deep", "cnn", "factorization"])
def test_kernels_follow_the_flow_step_by_step(name):
    """The same attempts; where they stand differs by what rounding does to the length of a step.

    An error estimate of about 1e-8 is a sum of terms of order one with up to a hundred roundings, so it is known to a part in 1e6 and its
    fifth root, the step, to 2e-7: so far times may differ in the middle of a run. At a given time only the truncation errors
    (1e-8 a step) change by that share, beside rounding itself.
    """
    if no_compiler():
        pytest.skip(str(no_compiler()))
    batch = case(name)
    for time, steps, tolerance in ((1.5, 1000, 1e-12), (np.inf, 40, 1e-6)):
        options = dict(weights=batch.weights, method=GradientFlow(time=time), steps=steps, check_every=8)
        expected, found = (train(batch.model, batch.theta, batch.data, path=path, **options) for path in ("torch", "compiled"))
        assert found.path == "compiled" and (found.steps == expected.steps).all() and (found.status == expected.status).all()
        assert (found.status == (Status.STEP_LIMIT if time == np.inf else Status.TIME_REACHED)).all()
        assert np.abs(found.theta - expected.theta).max() <= tolerance
        assert np.abs(found.state["time"] / expected.state["time"] - 1).max() <= 1e-6


def test_gradient_flow_is_the_limit_of_gradient_descent_at_first_order():
    batch = case("two-layer tanh")
    flow = train(batch.model, batch.theta, batch.data, weights=batch.weights, method=GradientFlow(time=1.0, rtol=1e-11), steps=2000).theta
    errors = []
    for rate in (0.02, 0.01):
        descent = train(batch.model, batch.theta, batch.data, weights=batch.weights, learning_rate=rate, steps=round(1 / rate)).theta
        errors.append(np.abs(descent - flow).max())
    assert 1.8 <= errors[0] / errors[1] <= 2.2


@pytest.mark.parametrize("path", FLOW_PATHS)
def test_gradient_flow_goes_on_where_it_stopped(path):
    batch = case("two-layer tanh")
    options = dict(method=GradientFlow(time=2.0), path=path)
    whole = train(batch.model, batch.theta, batch.data, steps=1000, **options)
    part = train(batch.model, batch.theta, batch.data, steps=7, **options)
    rest = train(batch.model, part, batch.data, steps=1000, **options)
    assert (rest.steps == whole.steps).all() and np.abs(rest.theta - whole.theta).max() <= 1e-13


@pytest.mark.parametrize("path", ["compiled", "numba", "torch"])
def test_adam_without_eps_rests_where_the_gradient_vanishes(path):
    """At the origin of a factorization every gradient is zero: 0/0 counts as 0."""
    model = MatrixFactorization(2, 2, 1)
    data = model.entries(), np.ones((4, 1))
    try:
        trained = train(model, np.zeros((3, 4)), data, method=Adam(eps=0.0), learning_rate=0.1, steps=3, path=path)
    except ValueError as error:
        pytest.skip(str(error))
    assert (trained.theta == 0).all()
