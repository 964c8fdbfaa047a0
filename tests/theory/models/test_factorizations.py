"""Further factorizations: their arrays against numpy, their closed forms against exact elimination, bad sizes."""

import numpy as np
import pytest

from numerics.rank import model_rank
from theory.models.factorizations import CPFactorization, DeepFactorization, MeasuredFactorization, SymmetricFactorization
from theory.rank import NotKnown, Target, function_rank, optimistic_sample_size, rank_at, rank_bounds

RNG = np.random.default_rng(5)

MODELS = [
    DeepFactorization((3, 2, 4)),
    DeepFactorization((2, 3)),
    DeepFactorization((2, 1, 3, 2)),
    SymmetricFactorization(3, 2),
    CPFactorization((2, 3, 2), 2),
    CPFactorization((2, 3), 1),
]


def expected_array(model, theta):
    parts = list(model.unpack(theta).values())
    match model:
        case DeepFactorization():
            return np.linalg.multi_dot(parts) if len(parts) > 1 else parts[0]
        case SymmetricFactorization():
            return parts[0] @ parts[0].T
    letters = "abcdef"[: len(parts)]
    return np.einsum(",".join("z" + letter for letter in letters) + "->" + letters, *parts)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_the_array_and_its_entries(model):
    theta = RNG.normal(size=model.n_params)
    array = expected_array(model, theta)
    np.testing.assert_allclose(model.product(theta), array, rtol=1e-12)
    np.testing.assert_allclose(model(theta, model.entries())[:, 0], array.ravel(), rtol=1e-12)


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_leading_axes_broadcast(model):
    theta = RNG.normal(size=(4, model.n_params))
    together = model(theta, model.entries())
    np.testing.assert_array_equal(together, np.stack([model(one, model.entries()) for one in theta]))


def test_measurements_are_scalar_products():
    model = MeasuredFactorization(3, 2, 2)
    theta, G = RNG.normal(size=model.n_params), RNG.normal(size=(5, 3, 2))
    expected = (G * model.factorization.product(theta)).sum(axis=(1, 2))
    np.testing.assert_allclose(model(theta, G.reshape(5, 6))[:, 0], expected, rtol=1e-12)


@pytest.mark.parametrize("sizes", [(3, 3), (2, 3, 2), (3, 2, 3, 2), (2, 2, 2, 2, 2)])
@pytest.mark.parametrize("seed", range(5))
def test_the_closed_form_of_deep_products(sizes, seed):
    model = DeepFactorization(sizes)
    theta = np.random.default_rng(seed).integers(0, 2, model.n_params)
    assert rank_at(model, theta) == model_rank(model, theta, "exact").rank


def test_two_vanishing_factors_leave_nothing():
    model = DeepFactorization((2, 2, 2, 2))
    theta = model.pack(A1=np.zeros((2, 2)), A2=np.eye(2), A3=np.zeros((2, 2)))
    assert rank_at(model, theta) == 0
    assert rank_at(model, model.pack(A1=np.eye(2), A2=np.zeros((2, 2)), A3=np.eye(2))) == 4


@pytest.mark.parametrize("depth", [2, 3, 4])
def test_depth_does_not_change_the_optimistic_size(depth):
    assert optimistic_sample_size(DeepFactorization((4,) * (depth + 1)), 2) == function_rank(2, 4, 4) == 12


def test_one_factor_is_linear():
    assert optimistic_sample_size(DeepFactorization((3, 4)), 1) == 12


def test_the_target_of_a_point():
    model = SymmetricFactorization(3, 3)
    theta = model.pack(A=[[1, 0, 0], [2, 0, 0], [0, 0, 0]])
    assert optimistic_sample_size(model, Target(model, theta)) == rank_at(model, theta) == 3


def test_tensors_at_a_point_and_generic():
    model = CPFactorization((3, 3, 3), 4)
    theta = np.random.default_rng(4).integers(-2, 3, model.n_params)
    assert rank_at(model, theta) == model_rank(model, theta, "exact").rank
    assert [optimistic_sample_size(model, CPFactorization((3, 3, 3), r)) for r in (1, 2, 3, 4)] == [7, 14, 21, 26]
    with pytest.raises(NotKnown) as error:
        optimistic_sample_size(model, Target(model, theta))
    assert (error.value.lower, error.value.upper) == (0, rank_at(model, theta))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: DeepFactorization((3,)), "at least two sizes"),
        (lambda: DeepFactorization((3, 0)), "sizes must be an integer of at least 1, got 0"),
        (lambda: CPFactorization((2, 2), 0), "components must be an integer of at least 1, got 0"),
        (lambda: SymmetricFactorization(2, 1.5), "width must be an integer"),
        (lambda: rank_bounds(SymmetricFactorization(2, 1), 2), "target must be a matrix rank from 0 to 1"),
    ],
)
def test_bad_sizes(build, message):
    with pytest.raises(ValueError, match=message):
        build()
