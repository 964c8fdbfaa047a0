"""What the batch may not change: order, splitting, chunks, groups; what each network has for itself: stop, status, history, state."""

import numpy as np
import pytest
from training_cases import METHODS, case, oracle

from numerics.train import GaussNewton, GradientFlow, LevenbergMarquardt, Momentum, Status, StochasticGradientDescent, train
from numerics.train.general import general_bytes
from numerics.train.problem import pose
from theory.models import MatrixFactorization, TwoLayer

EVERY_METHOD = {
    **METHODS,
    "sgd": StochasticGradientDescent(2),
    "flow": GradientFlow(time=0.5),
    "levenberg-marquardt": LevenbergMarquardt(),
    "gauss-newton": GaussNewton(),
}
STEPS = 12


def run(batch, method="gradient descent", *, networks=slice(None), steps=STEPS, theta=None, **options):
    rule = EVERY_METHOD[method]
    if method not in ("flow", "levenberg-marquardt", "gauss-newton"):
        options["learning_rate"] = batch.learning_rate[networks]
    seeds = np.arange(100, 100 + len(batch.theta))[networks]
    data = batch.X[networks], batch.Y[networks]
    theta = batch.theta[networks] if theta is None else theta
    return train(batch.model, theta, data, weights=batch.weights[networks], method=rule, steps=steps, seed=seeds, **options)


@pytest.mark.parametrize("path", ["auto", "compiled", "numba", "torch"])
def test_permuting_networks_permutes_the_result_bit_by_bit(path):
    batch, order = case("two-layer tanh"), np.random.default_rng(1).permutation(11)
    try:
        straight, permuted = run(batch, path=path), run(batch, networks=order, path=path)
    except ValueError as error:
        pytest.skip(str(error))
    if path in ("compiled", "numba"):
        assert (permuted.theta == straight.theta[order]).all()
    _, _, bound = oracle("two-layer tanh", 0, "gradient descent", STEPS)
    assert np.abs(permuted.theta - straight.theta[order]).max() <= 10 * bound


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_splitting_the_batch_changes_nothing_but_rounding(method):
    batch = case("two-layer tanh")
    whole = run(batch, method)
    parts = [run(batch, method, networks=part) for part in (slice(0, 4), slice(4, 11))]
    check_same(whole, np.concatenate([part.theta for part in parts]), method)


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_groups_bounded_by_memory_change_nothing_but_rounding(method):
    batch = case("two-layer tanh")
    problem = pose(batch.model, batch.theta, batch.data, weights=batch.weights, learning_rate=0.1, stop=None, seed=0)
    seen, four = [], 4 * general_bytes(problem, EVERY_METHOD[method])
    whole = run(batch, method, path="torch")
    grouped = run(batch, method, path="torch", memory=four, progress=seen.append, record="loss", check_every=5)
    assert [p.networks_done for p in seen if p.step == 0] == [0, 4, 8] and seen[-1].networks_done == 11
    check_same(whole, grouped.theta, method)
    assert grouped.history["loss"].shape == (len(grouped.history["step"]), 11)
    assert (grouped.history["loss"][-1] == grouped.loss).all()


@pytest.mark.parametrize("method", EVERY_METHOD)
def test_going_on_from_a_result_is_one_longer_run(method):
    batch = case("two-layer tanh")
    whole = run(batch, method, check_every=1)
    first = run(batch, method, steps=5)
    second = run(batch, method, steps=STEPS - 5, theta=first)
    assert (second.steps == whole.steps).all()
    check_same(whole, second.theta, method)


def check_same(whole, theta, method):
    """First-order paths drift apart by rounding only, as bounded by the oracle's; the others amplify no more than a thousandfold here."""
    _, _, bound = oracle("two-layer tanh", 0, method if method in METHODS else "gradient descent", STEPS)
    assert np.abs(whole.theta - theta).max() <= (10 if method in METHODS else 1000) * bound


def test_every_network_stops_by_its_own_threshold_and_then_stays():
    batch = case("two-layer tanh", networks=40)
    free = run(batch, steps=100, record=("loss", "theta"), check_every=10)
    stop = np.where(np.arange(40) % 2, free.history["loss"][4], 0.0)
    stopped = train(
        batch.model, batch.theta, batch.data, weights=batch.weights, learning_rate=batch.learning_rate, steps=100, stop=stop, check_every=10
    )
    assert (stopped.steps == np.where(np.arange(40) % 2, 40, 100)).all()
    assert (stopped.status[1::2] == Status.CONVERGED).all() and (stopped.status[::2] == Status.STEP_LIMIT).all()
    assert all(isinstance(status, Status) and status.sentence for status in stopped.status)
    assert (stopped.loss[1::2] <= stop[1::2]).all()
    _, _, bound = oracle("two-layer tanh", 0, "gradient descent", STEPS)
    assert np.abs(stopped.theta[1::2] - free.history["theta"][4][1::2]).max() <= 10 * bound


@pytest.mark.parametrize("path", ["compiled", "numba", "torch"])
def test_a_diverging_network_is_reported_and_the_others_go_on(path):
    batch = case("factorization")
    rate = np.where(np.arange(11) == 3, 1e6, batch.learning_rate)
    options = dict(weights=batch.weights, steps=60, path=path, check_every=10)
    try:
        mixed = train(batch.model, batch.theta, batch.data, learning_rate=rate, **options)
    except ValueError as error:
        pytest.skip(str(error))
    assert mixed.diverged.tolist() == [b == 3 for b in range(11)]
    assert mixed.loss[3] == np.inf and np.isfinite(mixed.theta).all()
    well = train(batch.model, batch.theta, batch.data, learning_rate=batch.learning_rate, **options)
    others = np.arange(11) != 3
    assert np.abs(mixed.theta - well.theta)[others].max() <= 1e-13
    again = train(batch.model, mixed, batch.data, learning_rate=rate, **options)
    dead = train(batch.model, batch.theta, batch.data, learning_rate=1e6, **options)
    still = train(batch.model, dead, batch.data, learning_rate=1e6, record="loss", **options)
    assert dead.diverged.all() and np.isinf(still.history["loss"]).all()
    assert again.status[3] == Status.DIVERGED and again.steps[3] == mixed.steps[3] and (again.steps[others] == 120).all()


def test_a_first_check_comes_before_the_first_step():
    batch = case("two-layer tanh")
    none = run(batch, steps=0)
    assert (none.theta == batch.theta).all() and (none.steps == 0).all() and np.isfinite(none.loss).all()
    assert run(batch, stop=1e9).converged.all()


def test_records_are_what_was_asked_for():
    batch = case("two-layer tanh")
    norm = lambda theta: np.linalg.norm(theta, axis=1)
    trained = run(batch, steps=25, check_every=10, record={"norm": norm, "loss": norm})
    assert trained.history["step"].tolist() == [0, 10, 20, 25]
    assert (trained.history["norm"][-1] == norm(trained.theta)).all() and (trained.history["loss"][-1] == trained.loss).all()
    assert run(batch).history == {}


def test_shared_data_are_the_same_as_repeated_data():
    batch = case("two-layer tanh")
    shared = train(batch.model, batch.theta, (batch.X[0], batch.Y[0]), learning_rate=0.1, steps=50)
    data = tuple(np.repeat(a[:1], 11, axis=0) for a in (batch.X, batch.Y))
    repeated = train(batch.model, batch.theta, data, learning_rate=np.full(11, 0.1), weights=np.full((11, 6), 1 / 6), steps=50)
    assert np.abs(shared.theta - repeated.theta).max() <= 1e-13
    one = train(batch.model, batch.theta[2], (batch.X[0], batch.Y[0]), learning_rate=0.1, steps=50)
    assert one.theta.shape == (1, 16) and np.abs(one.theta[0] - shared.theta[2]).max() <= 1e-13


def test_entries_and_their_indicator_matrices_are_the_same_data():
    model, rng = MatrixFactorization(3, 4, 2), np.random.default_rng(0)
    X, Y = model.entries()[[0, 5, 5, 11]], rng.normal(size=(4, 1))
    G = np.zeros((4, 3, 4))
    G[np.arange(4), X[:, 0], X[:, 1]] = 1
    start = model.init(rng, batch=(9,))
    entries = train(model, start, (X, Y), learning_rate=0.1, steps=100, path="auto")
    measured = train(model, start, (G, Y), learning_rate=0.1, steps=100, path="torch")
    assert np.abs(entries.theta - measured.theta).max() <= 1e-13 and np.abs(entries.loss - measured.loss).max() <= 1e-13


def test_a_group_that_does_not_fit_is_halved_once(monkeypatch):
    from numerics.train import general

    batch, advance = case("two-layer tanh"), general.TorchSession.advance

    def too_many(self, steps):
        if len(self.theta) > limit:
            raise RuntimeError("CUDA out of memory. Tried to allocate more than there is")
        advance(self, steps)

    monkeypatch.setattr(general.TorchSession, "advance", too_many)
    limit = 6
    halved = run(batch, path="torch", check_every=4)
    limit = 11
    assert np.abs(halved.theta - run(batch, path="torch").theta).max() <= 1e-13
    limit = 5
    with pytest.raises(MemoryError, match="neither 11 nor 6 networks"):
        run(batch, path="torch")


def test_learning_sums_up():
    trained = train(TwoLayer(1, 2), np.ones((3, 4)), ([[1.0]], [[1.0]]), method=Momentum(), learning_rate=0.01, steps=1)
    assert trained.summary().startswith("3 networks (3 step limit), momentum(momentum=0.9, nesterov=False), path torch")
