"""Neurons that agree in direction, and the narrow network they come to."""

import numpy as np
import pytest

from numerics.recovery.condensation import condensed, orientations
from theory.models import TwoLayer

X = np.linspace(-2, 2, 9)[:, None]


def gathered(turned=0.0):
    """Five neurons along two directions: 0, 2 and, reversed, 4 along one, 1 and 3 along another; the last is turned away."""
    model, first, second = TwoLayer(1, 5, 1, bias=True, output_bias=True), np.array([1.5, -0.5]), np.array([0.2, 0.9])
    rows = np.array([first, second, first, second, -first])
    rows[4] = rows[4] @ np.array([[np.cos(turned), -np.sin(turned)], [np.sin(turned), np.cos(turned)]])
    parts = {"input_weights": rows[:, :1], "input_biases": rows[:, 1], "output_weights": np.array([[2.0, 0.3, -0.5, 0.1, 1.0]])}
    return model, model.pack(**parts, output_bias=np.array([0.7]))


def test_groups_come_by_their_share_and_signs_do_not_part_them():
    model, theta = gathered()
    (share, heavy), (rest, light) = orientations(model, theta)
    assert heavy.tolist() == [0, 2, 4] and light.tolist() == [1, 3]
    lengths = np.hypot(1.5, 0.5) * 3.5, np.hypot(0.2, 0.9) * 0.4
    assert (share, rest) == pytest.approx((lengths[0] / sum(lengths), lengths[1] / sum(lengths)))


def test_a_neuron_turned_away_has_a_group_of_its_own():
    assert [len(members) for _, members in orientations(*gathered(turned=1.0))] == [2, 1, 2]


def test_of_an_odd_sigma_the_condensed_network_is_the_same_function():
    model, theta = gathered()
    narrow, point = condensed(model, theta, 2)
    assert narrow.width == 2 and narrow(point, X) == pytest.approx(model(theta, X), abs=1e-14)
    fewer, point = condensed(model, theta, 1)
    assert fewer.width == 1 and np.abs(fewer(point, X) - model(theta, X)).max() > 0.1
    assert condensed(model, theta, 9)[0].width == 2


@pytest.mark.parametrize("zero", [[0], [1, 4], [0, 1, 2, 3, 4]])
def test_neurons_without_a_direction_are_constant_and_in_no_group(zero):
    model, theta = gathered()
    parts = model.unpack(theta)
    parts["input_weights"][zero], parts["input_biases"][zero] = 0, 0
    theta = model.pack(**parts)
    assert sorted(np.concatenate([[], *(members for _, members in orientations(model, theta))])) == [k for k in range(5) if k not in zero]
    if len(zero) == 5:
        with pytest.raises(ValueError, match="w = b = 0"):
            condensed(model, theta, 2)
    else:
        narrow, point = condensed(model, theta, 2)
        assert narrow(point, X) == pytest.approx(model(theta, X), abs=1e-14)


def test_without_an_odd_sigma_opposite_neurons_are_two():
    """sigmoid, w = +-1, b = +-1/2, both with weight 1: their sum is the function 1, which no merging may lose."""
    model = TwoLayer(1, 2, 1, "sigmoid", bias=True, output_bias=True)
    theta = model.pack(
        input_weights=np.array([[1.0], [-1.0]]),
        input_biases=np.array([0.5, -0.5]),
        output_weights=np.array([[1.0, 1.0]]),
        output_bias=np.array([0.0]),
    )
    assert [len(members) for _, members in orientations(model, theta)] == [1, 1]
    narrow, point = condensed(model, theta, 2)
    assert narrow(point, X) == pytest.approx(np.ones((9, 1)))
