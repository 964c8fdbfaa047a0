"""The small models: their formulas written out, their tangents by hand, and what batches and other inputs make of them."""

from itertools import product

import numpy as np
import pytest

from numerics.derivatives.tape import tangents
from theory.models.toy import DeepDiagonal, LinearModel, PowerModel, ProductModel, RedundantModel, SquareDifference, faithful_points

QUADRATIC = LinearModel(1, lambda x: np.concatenate([x, x * x, 1 + 0 * x], axis=-1), 3)
FORMULAS = {
    "product": (ProductModel(), lambda t, x: t[0] + t[1] * x[0] + t[2] * t[3] * x[1]),
    "redundant": (RedundantModel(1), lambda t, x: (t[0] + t[1]) * x[0]),
    "redundant, fifth power": (RedundantModel(5), lambda t, x: (t[0] + t[1] ** 5) * x[0]),
    "power": (PowerModel(3), lambda t, x: t[0] ** 3 * x[0]),
    "diagonal": (DeepDiagonal(2, 3), lambda t, x: t[0] * t[2] * t[4] * x[0] + t[1] * t[3] * t[5] * x[1]),
    "squares": (SquareDifference(2), lambda t, x: (t[0] ** 2 - t[2] ** 2) * x[0] + (t[1] ** 2 - t[3] ** 2) * x[1]),
    "linear": (QUADRATIC, lambda t, x: t[0] * x[0] + t[1] * x[0] ** 2 + t[2]),
}


@pytest.mark.parametrize("name", FORMULAS)
def test_values_and_tangents_are_those_of_the_formula(name):
    model, formula = FORMULAS[name]
    rng = np.random.default_rng(0)
    x = rng.integers(-3, 4, (4, model.inputs))
    batch = rng.integers(-3, 4, (2, model.n_params))
    assert model.outputs == 1
    for theta, values in zip(batch, model(batch, x), strict=True):
        wanted = [[formula(theta, sample)] for sample in x]
        assert values.tolist() == model(theta, x).tolist() == wanted
    theta = rng.normal(size=model.n_params)
    _, found = tangents(model, theta, x.astype(float))
    steps = np.eye(model.n_params) * 1e-6
    wanted = np.array([[(formula(theta + s, v) - formula(theta - s, v)) / 2e-6 for s in steps] for v in x])
    np.testing.assert_allclose(np.asarray(found).reshape(wanted.shape), wanted, atol=1e-6)


def test_faithful_points_are_zero_and_the_unit_vectors():
    assert faithful_points(2).tolist() == [[0, 0], [1, 0], [0, 1]] and faithful_points(3).dtype.kind == "i"


def test_zero_patterns_hold_every_pattern_once():
    model = DeepDiagonal(1, 3)
    points = list(model.zero_patterns())
    assert {tuple(point != 0) for point in points} == set(product((False, True), repeat=3)) and len(points) == 8
    assert points[-1].tolist() == [2, 3, 4]
