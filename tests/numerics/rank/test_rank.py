"""Ranks: known answers in every arithmetic, honest bounds, certificates that a referee can check, clear errors."""

import json
from fractions import Fraction

import numpy as np
import pytest
from referees import script

from numerics.arithmetic import exact
from numerics.derivatives.tape import tangents
from numerics.rank import empirical_rank, float_rank, model_rank
from theory.models import FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.models.factorizations import MeasuredFactorization
from theory.models.pooling import PooledCNN
from theory.models.toy import DeepDiagonal

referee = script("check_certificate")


D, K = 2, 3
GENERIC = {  # activation: (rank without, with hidden bias) of k = 3 generic neurons on d = 2 inputs
    **dict.fromkeys(["tanh", "erf", "atan", "sin", "cos", "sigmoid", "softplus", "gelu", "silu", "ratsig4"], (9, 12)),
    "exp": (9, 9),
    "relu": (6, 9),
    "leaky": (6, 9),
    "identity": (2, 3),
    "power:2": (3, 6),
    "power:3": (4, 9),
}


@pytest.mark.parametrize("name", GENERIC)
@pytest.mark.parametrize("bias", [False, True])
def test_generic_networks_have_the_known_rank(name, bias):
    model = TwoLayer(D, K, activation=name, bias=bias)
    found = model_rank(model, model.init(np.random.default_rng(3)).round(3))
    assert (found.rank, found.certified, found.at) == (GENERIC[name][bias], True, "point")
    assert referee.check(json.loads(json.dumps(found.certificate))) == found.lower


@pytest.mark.parametrize(
    "model",
    [
        MatrixFactorization(3, 4, 2),
        TwoLayerCNN(5, 3, 2, bias=True, output_bias=True),
        TwoLayerCNN((4, 3), (2, 2), 1, 2, sharing=False, bias=True),
        FullyConnected((2, 3, 3, 2)),
        FullyConnected((2, 3, 2), "gelu"),
        TwoLayer(3, 2, 2, bias=True, output_bias=True),
    ],
    ids=str,
)
def test_certificates_of_every_family_convince_the_referee(model):
    found = model_rank(model, model.init(np.random.default_rng(0)).round(3), "auto")
    if found.method in ("exact", "ball"):
        assert referee.check(json.loads(json.dumps(found.certificate))) == found.lower > 0


def test_the_referee_rejects_a_forged_certificate():
    model = TwoLayer(2, 2)
    theta = model.pack(input_weights=[[1, 2], [3, 4]], output_weights=[[1, 1]])
    forged = dict(model_rank(model, theta).certificate)
    forged["theta"] = [*forged["theta"][:2], *forged["theta"][:2], *forged["theta"][4:]]  # two equal neurons: the minor vanishes
    with pytest.raises(AssertionError):
        referee.check(forged)


def test_sixteen_neurons_on_one_input_float_rank_does_not_lie():
    """numpy's default rank sees about half of the 48 independent tangents; the ladder sees all, floats admit not to know."""
    model = TwoLayer(1, 16, bias=True)
    theta = model.init(np.random.default_rng(0))
    assert model_rank(model, theta).rank == 48
    doubtful = model_rank(model, theta, "float")
    assert doubtful.rank is None and doubtful.lower < 48 <= doubtful.upper


def test_ball_and_exact_methods_agree():
    model = TwoLayer(2, 4, bias=True)
    theta = model.init(np.random.default_rng(5)).round(4)
    assert model_rank(model, theta, "ball").rank == model_rank(model, theta, "exact").rank == 16


@pytest.mark.parametrize(("name", "rank"), [("tanh", 3), ("sigmoid", 4), ("softplus", 5), ("gelu", 5), ("relu", 4), ("exp", 6)])
def test_a_pair_of_opposite_neurons(name, rank):
    found = model_rank(TwoLayer(2, 2, activation=name), [1, 2, -1, -2, 0.5, 0.5])
    assert (found.rank, found.certified) == (rank, True)


def test_empirical_rank_on_few_and_repeated_samples():
    model = TwoLayer(2, 2)
    rng = np.random.default_rng(0)
    theta, x = model.init(rng), rng.normal(size=(4, 2))
    assert [empirical_rank(model, theta, x[:n]).rank for n in range(5)] == [0, 1, 2, 3, 4]
    repeated = empirical_rank(model, theta, x[[0, 0, 0]])
    assert repeated.rank == 1 and repeated.certified


def test_singular_values_without_a_gap_are_not_decided():
    found = float_rank(1 / (1.0 + np.add.outer(np.arange(20), np.arange(20))))
    assert found.rank is None and found.estimate is None and found.lower < found.upper


def test_scale_of_units_decides_nothing():
    assert float_rank(np.diag(10.0 ** -np.arange(0, 18, 2))).rank == 9
    assert float_rank(np.array([[1e18, 0.5e9], [0.5e9, 1.0]])).rank == 2
    assert float_rank(np.diag([1.0, 1e-3, 0.0])).rank == 2
    assert float_rank(np.zeros((3, 2))).rank == 0


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: model_rank(TwoLayer(2, 1), [1.0, 2.0]), ValueError, ["theta", "(3,)", "(2,)"]),
        (lambda: model_rank(TwoLayer(2, 1), [1.0, np.nan, 2.0]), ValueError, ["theta", "finite", "nan"]),
        (lambda: model_rank(TwoLayer(2, 1), [1j, 0, 0]), ValueError, ["theta", "real"]),
        (lambda: empirical_rank(TwoLayer(2, 1), [1, 2, 3], [[1.0]]), ValueError, ["x", "(n, 2)", "(1, 1)"]),
        (lambda: empirical_rank(TwoLayer(2, 1), [1, 2, 3], [[1.0, np.inf]]), ValueError, ["x", "inf"]),
        (lambda: model_rank(TwoLayer(2, 1), [1, 2, 3], "svd"), ValueError, ["method", "auto", "svd"]),
        (lambda: empirical_rank(TwoLayer(1, 1, activation="gelu"), [1, 1], [[1]], "exact"), exact.NoExactValue, ["normal_cdf"]),
    ],
)
def test_bad_input_names_argument_expectation_and_value(call, error, words):
    with pytest.raises(error) as caught:
        call()
    assert all(word in str(caught.value) for word in words)


# ------------------------------------------------------------------------------------------------- exact arithmetic


def test_the_exponential_field_is_a_homomorphism():
    from flint import fmpq, nmod

    field = exact.ExponentialField(exact.PRIMES[0], 12345)
    x, y = fmpq(3, 7), fmpq(-2, 5)
    ex, ey, exy = field.elementary("exp", np.array([x, y, x + y], object))
    assert ex * ey == exy
    tanh, sine, cosine = (field.elementary(name, np.array([x], object))[0] for name in ("tanh", "sin", "cos"))
    assert tanh == (ex * ex - 1) / (ex * ex + 1)
    assert sine * sine + cosine * cosine == nmod(1, exact.PRIMES[0])


def test_exact_ranks_and_kernels():
    matrix = np.array([[1, 2, 3], [2, 4, 6], [0, 1, 1]], object)
    assert exact.rank_rational(matrix) == 2
    (kernel,) = exact.nullspace_rational(matrix)
    assert not (matrix @ np.array(kernel)).any() and np.gcd.reduce(kernel) == 1
    assert exact.rank_rational(np.zeros((0, 3), object)) == 0


def test_rationals_reject_what_is_none():
    assert exact.rational(0.1) != exact.rational("0.1") and exact.rational("1/3") == exact.rational("2/6")
    with pytest.raises(ValueError, match="finite"):
        exact.rational(float("nan"))
    with pytest.raises(TypeError, match="rational"):
        exact.rational("abc")


def test_every_number_is_read_once(monkeypatch):
    model, read, rational = TwoLayer(1, 8, bias=True), [], exact.rational
    monkeypatch.setattr(exact, "rational", lambda value: read.append(value) or rational(value))
    found = model_rank(model, model.init(np.random.default_rng(0)))
    assert found.rank == model.n_params == 24
    assert len(read) == model.n_params + (found.rank + 4) * model.inputs  # theta, and the points that are drawn


# --------------------------------------------------------------------------------- where floats guessed, and regions


@pytest.mark.parametrize(
    ("model", "theta", "rank"),
    [
        (TwoLayer(1, 1, activation="relu", bias=True), [1.0, -3.0, 1.0], 2),
        (TwoLayer(1, 1, bias=True), [1.0, 25.0, 1.0], 3),
        (TwoLayer(1, 2, bias=True), [1, 1, -50, 50, 1, 1], 6),
    ],
)
def test_a_float_proves_no_upper_bound(model, theta, rank):
    """Guesses at kinks and saturated units were given out as ranks: 0, 1 and 1."""
    found = model_rank(model, theta, "float")
    assert found.lower <= rank <= found.upper
    assert model_rank(model, theta).rank == rank


def test_points_are_drawn_where_the_neurons_change():
    """Both kinks, at -4 and -5, lie outside the box in which inputs used to be drawn."""
    assert model_rank(TwoLayer(1, 2, activation="relu", bias=True), [1, 1, 4, 5, 1, 1]).rank == 4


def test_relu_neurons_with_ordinary_biases_are_decided():
    rng = np.random.default_rng(0)
    model = TwoLayer(1, 2, activation="relu", bias=True)
    assert all(model_rank(model, rng.integers(-9, 10, 6)).rank is not None for _ in range(40))


# --------------------------------------------------------------------------------------- structure at every depth


@pytest.mark.parametrize(
    ("model", "rank"),
    [
        (FullyConnected((3, 5, 1), "power:4", bias=False), 14),
        (FullyConnected((2, 3, 3, 1), "identity", bias=False), 2),
        (FullyConnected((2, 2, 2, 1), "exp"), 11),
        (FullyConnected((2, 2, 2, 1), "tanh"), 15),
        (PooledCNN(5, 3, 2), 8),
        (DeepDiagonal(3, 2), 3),
        (MeasuredFactorization(3, 4, 2), 10),
    ],
)
def test_generic_ranks_of_deep_polynomial_linear_and_pooled_models(model, rank):
    assert model_rank(model, np.random.default_rng(1).integers(1, 9, model.n_params)).rank == rank


def test_the_scales_of_450_samples_of_a_deep_relu_network():
    model, rng = FullyConnected((4, 10, 10, 1), "relu"), np.random.default_rng(2)
    for theta in (model.init(rng), model.init(rng).round(4)):
        x = rng.normal(size=(450, 4))
        found = empirical_rank(model, theta, x)
        values = np.linalg.svd(tangents(model, theta, x)[1][:, 0], compute_uv=False)
        assert found.certified and found.rank == (values > 1e-9 * values[0]).sum() <= model.n_params - 20


def test_structured_points_of_a_deep_network_are_decided_like_those_of_the_same_network_with_two_layers():
    rng, draws_of = np.random.default_rng(3), 40
    for _ in range(draws_of):
        deep, flat = FullyConnected((2, 3, 1)), TwoLayer(2, 3, bias=True, output_bias=True)
        theta = rng.integers(-1, 2, deep.n_params)
        assert model_rank(deep, theta).rank == model_rank(flat, theta).rank is not None


def test_values_beyond_the_range_of_floats():
    found = model_rank(FullyConnected((2, 1, 2, 1), "exp", bias=False), [2, -2, 2, -2, 0, 0])
    assert found.lower <= found.upper


@pytest.mark.parametrize(
    ("matrix", "error", "said"),
    [
        ([[1j]], 0.0, "must be real"),
        (np.ones((2, 2)) * 1j, 0.0, "must be real"),
        (np.eye(2), -1.0, "error must be non-negative"),
        (np.eye(2), np.ones(3), "error must be"),
    ],
)
def test_float_rank_refuses_what_is_no_real_matrix_with_an_error(matrix, error, said):
    with pytest.raises(ValueError, match=said):
        float_rank(matrix, error)


def test_parameters_beyond_floats_have_ranks():
    assert model_rank(TwoLayer(2, 2), [10**400] * 6).rank == 3
    # Both layers are always on: what is left is 1, and the slope of one neuron with its input.
    for size in (Fraction(10**400), Fraction(1, 10**400)):
        assert model_rank(FullyConnected((1, 2, 2, 1), "relu"), [size] * 13).rank == 3


@pytest.mark.parametrize(
    ("model", "seed", "said"), [(None, 0, "model must be"), (TwoLayer, 0, "model must be"), (TwoLayer(2, 2), -1, "seed must be")]
)
def test_model_rank_names_what_is_no_model_or_seed(model, seed, said):
    with pytest.raises(ValueError, match=said):
        model_rank(model, [1] * 6, seed=seed)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "relu", "power:3"])
def test_pooled_ranks_have_certificates(name):
    """One output weight stands at all positions of its kernel."""
    model = PooledCNN(4, 2, 2, activation=name)
    theta = np.random.default_rng(0).integers(1, 20, model.n_params) / 8
    found = model_rank(model, theta)
    certificate = json.loads(json.dumps(found.certificate))
    assert found.certified and referee.check(certificate) == found.rank
    certificate["theta"][-1] = "0"
    with pytest.raises(AssertionError):
        referee.check(certificate)
