"""The CUDA kernels, their threads run in turn on the CPU, against a plain loop over networks."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from emulated_device import emulated_cupy
from training_cases import CLASSIFIERS, METHODS, MODELS, assert_near_plain_loop, case

from numerics.train import Status, cuda, native, train
from numerics.train.generate import generated
from theory.models import FullyConnected, TwoLayer

STEPS = 12
#: One of each kind of loop: full teams, loops with a rest, loops too short for a team, places in tables, models without samples.
OF_TEAMS = [
    "wide enough for loops",
    "many units, two outputs",
    "deep and wide gelu",
    "cnn on a grid, stride 2, not shared",
    "sum of rank-one tensors",
    "three classes, relu",
]

pytestmark = pytest.mark.skipif(native.reason_against() is not None, reason=str(native.reason_against()))


def emulate(monkeypatch, folder, **options):
    cupy = emulated_cupy(folder, **options)
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    monkeypatch.setattr(cuda, "reason_against_kernels", lambda: None)
    cuda.compiled.cache_clear()
    cuda._plan.cache_clear()
    return cupy


@pytest.fixture(autouse=True)
def device(monkeypatch, tmp_path):
    yield emulate(monkeypatch, tmp_path)
    cuda.compiled.cache_clear()
    cuda._plan.cache_clear()


def trained_there(batch, method, **options):
    arguments = dict(weights=batch.weights, learning_rate=batch.learning_rate, method=METHODS[method], path="cuda", device="cuda")
    return train(batch.model, batch.theta, batch.data, **arguments, **{"steps": STEPS, "loss": batch.loss, **options})


@pytest.mark.parametrize(
    ("name", "method"),
    list(dict.fromkeys([*((name, "gradient descent") for name in [*MODELS, *CLASSIFIERS]), *(("cnn", method) for method in METHODS)])),
)
def test_the_kernel_agrees_with_the_plain_loop(name, method):
    trained = trained_there(case(name), method)
    assert trained.path == "cuda"
    assert_near_plain_loop(trained, name, method, STEPS)


@pytest.mark.parametrize(("name", "size"), [*((name, 32) for name in OF_TEAMS), ("wide enough for loops", 256)])
def test_teams_of_threads_agree_with_the_plain_loop(name, size, monkeypatch):
    monkeypatch.setattr(cuda, "team_size", lambda *_: size)
    assert_near_plain_loop(trained_there(case(name), "gradient descent"), name, "gradient descent", STEPS)


@pytest.mark.parametrize("method", ["nesterov", "adam"])
def test_teams_make_the_steps_of_every_method(method, monkeypatch):
    monkeypatch.setattr(cuda, "team_size", lambda *_: 32)
    assert_near_plain_loop(trained_there(case("many units, two outputs"), method), "many units, two outputs", method, STEPS)


@pytest.mark.parametrize(("size", "name"), [(32, "deep and wide gelu"), (32, "sum of rank-one tensors"), (256, "wide enough for loops")])
def test_no_thread_reads_what_another_writes_in_the_same_turn(size, name, monkeypatch, tmp_path):
    """Threads in the opposite order give the same bits, with shared memory and without, with several networks in a block."""
    monkeypatch.setattr(cuda, "team_size", lambda *_: size)
    straight = trained_there(case(name), "adam")
    monkeypatch.setattr(cuda, "FEW_NETWORKS", 4)
    (tmp_path / "reversed").mkdir()
    emulate(monkeypatch, tmp_path / "reversed", reversed=True)
    opposite = trained_there(case(name), "adam")
    monkeypatch.setattr(cuda, "MOST_SHARED", 0)
    (tmp_path / "outside").mkdir()
    emulate(monkeypatch, tmp_path / "outside", reversed=True)
    outside = trained_there(case(name), "adam")
    for other in (opposite, outside):
        assert (other.theta == straight.theta).all() and (other.loss == straight.loss).all()


def test_a_missing_wait_is_seen(monkeypatch, tmp_path):
    """The control of the test above: without the waits numbers are read that nobody has written, and these are NaN."""
    monkeypatch.setattr(cuda, "team_size", lambda *_: 32)
    right = trained_there(case("deep and wide gelu"), "gradient descent").theta
    for reversed in (False, True):
        folder = tmp_path / f"{reversed}"
        folder.mkdir()
        emulate(monkeypatch, folder, reversed=reversed)
        monkeypatch.setattr(cuda, "kernel_source", lambda name: native.kernel_source(name).replace("wait();", ""))
        monkeypatch.setattr(cuda, "generated", without_waits)
        assert (trained_there(case("deep and wide gelu"), "gradient descent").theta != right).any()


def without_waits(formula, data):
    found = generated(formula, data)
    return replace(found, text=found.text.replace("wait();", ""))


@pytest.mark.parametrize("size", [1, 32])
@pytest.mark.parametrize("method", ["gradient descent", "adam"])
def test_looking_in_between_changes_no_bit(method, size, monkeypatch):
    monkeypatch.setattr(cuda, "team_size", lambda *_: size)
    whole, looked_at = (trained_there(case("cnn"), method, **options) for options in ({}, dict(check_every=5, record=["loss"])))
    assert (whole.theta == looked_at.theta).all() and (whole.loss == looked_at.loss).all()


@pytest.mark.parametrize("size", [1, 32])
def test_the_device_decides_who_has_ended_as_the_host_does(size, monkeypatch, device):
    """Stops, divergence and step limits of a run in one launch are those of a run that is looked at after every check."""
    monkeypatch.setattr(cuda, "team_size", lambda *_: size)
    model, rng = TwoLayer(2, 9, 1, "relu", bias=True), np.random.default_rng(0)
    X, theta = rng.normal(size=(40, 6, 2)), model.init(rng, scale=0.5, batch=(40,))
    Y = model(model.init(rng, scale=0.5, batch=(40,)), X)
    options = dict(steps=230, check_every=10, stop=1e-2, path="cuda", device="cuda")
    options["learning_rate"] = np.where(np.arange(40) % 5, 0.1, 1e6)  # every fifth diverges
    alone = train(model, theta, (X, Y), **options)
    launches = device.functions[-1].launches
    watched = train(model, theta, (X, Y), **options, record=["loss"])
    assert {Status.CONVERGED, Status.DIVERGED, Status.STEP_LIMIT} <= set(alone.status)
    assert (alone.status == watched.status).all() and (alone.steps == watched.steps).all()
    assert (alone.theta == watched.theta).all() and (alone.loss == watched.loss).all()
    assert launches <= 3 and device.functions[-1].launches >= launches + 23
    further = train(model, alone, (X, Y), **options)
    assert (further.steps[alone.diverged] == alone.steps[alone.diverged]).all()
    assert (further.steps[~alone.converged & ~alone.diverged] > alone.steps[~alone.converged & ~alone.diverged]).all()


def test_networks_are_independent_of_their_thread():
    batch, order = case("two-layer tanh", networks=300), np.random.default_rng(0).permutation(300)
    straight, permuted = (trained_there(networks, "gradient descent") for networks in (batch, batch.take(order)))
    assert (permuted.theta == straight.theta[order]).all()


@pytest.mark.parametrize("size", [1, 32])
def test_shared_data_are_read_as_copies_of_them_are(size, monkeypatch):
    monkeypatch.setattr(cuda, "team_size", lambda *_: size)
    batch = case("deep and wide gelu")
    options = dict(learning_rate=0.1, steps=5, path="cuda", device="cuda")
    shared = train(batch.model, batch.theta, (batch.X[0], batch.Y[0]), **options)
    own = train(batch.model, batch.theta, tuple(np.repeat(array[:1], 11, axis=0) for array in batch.data), **options)
    assert (shared.theta == own.theta).all()


def test_networks_are_shared_out_by_size():
    def size(model, method=0, loss="mse"):
        from numerics.train.trace import traced

        return cuda.team_size(traced(model, measures=False), loss, method)

    assert size(TwoLayer(3, 10)) == 1 and size(MODELS["factorization"], 2) == 1
    assert size(FullyConnected((2, 20, 20, 20, 1))) == size(TwoLayer(5, 50)) == 32
    assert size(TwoLayer(1, 6400, 1, "relu", bias=True)) == 256
    assert cuda._team(1, 0, few=True).threads == 32 and cuda._team(1, 0, few=False).threads == 128
    assert cuda._team(32, 500, few=False).threads == 128 and cuda._team(32, 10_000, few=False) == cuda.Team(32, 32, 8 * 10_001, True)
    assert cuda._team(256, 40_000, few=False) == cuda.Team(256, 256, 64, False)
