"""Flows, Hessians and the proved quadratic bound of attention on a Markov chain."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic.krawczyk import ball, balls, working_precision
from numerics.dynamics.attention_flow import AttentionField, attended, attention_hessian, follow, midpoints, quadratic_bound, singular_share
from numerics.flows.validated_flow import descend, enclose
from theory.dynamics.attention import MarkovAttention, condensation_rate, condensed_norm, entropy, focusing_rate

PI, LAM = np.array([0.75, 0.19, 0.05, 0.01]), 0.5
EXACT = [Fraction(3, 4), Fraction(19, 100), Fraction(5, 100), Fraction(1, 100)]


def test_hessians_in_floats_and_balls():
    model = MarkovAttention(4, 2, 2)
    theta = model.init(np.random.default_rng(0), scale=0.5)
    step = 1e-6 * np.eye(model.n_params)
    numeric = np.array([(model.gradient(theta + h, PI, LAM) - model.gradient(theta - h, PI, LAM)) / 2e-6 for h in step])
    assert np.abs(attention_hessian(model, theta, PI, LAM).astype(float) - numeric).max() < 1e-8
    with working_precision(128):
        hessian = attention_hessian(model, balls(list(map(float, theta))), balls(EXACT), ball(Fraction(1, 2)))
        assert max(float(entry.rad()) for entry in hessian.ravel()) < 1e-25
        assert np.abs(midpoints(hessian) - numeric).max() < 1e-8


def test_the_quadratic_bound_holds_on_random_points_and_grows_with_the_radius():
    model = MarkovAttention(4, 1, 1)
    with working_precision(128):
        pi, lam = balls(EXACT), ball(Fraction(1, 2))
        centre = model.condensed_point(pi)
        bounds = [quadratic_bound(model, centre, radius, pi, lam) for radius in (0.001, 0.01)]
        hessian = midpoints(attention_hessian(model, centre, pi, lam))
    assert 0 < bounds[0] < bounds[1]
    rng, middle, largest = np.random.default_rng(1), midpoints(centre), 0.0
    for _ in range(200):
        x = rng.normal(size=model.n_params)
        x *= 0.01 / np.linalg.norm(x)
        rest = model.gradient(middle + x, PI, LAM) - hessian @ x
        largest = max(largest, np.linalg.norm(rest) / 1e-4)
    assert bounds[1] / 50 < largest <= bounds[1]


def test_the_flow_in_floats_lies_in_its_enclosure():
    model = MarkovAttention(2, 1, 1)
    start = ["0.3", "-0.2", "0.5", "0.1", "0.4", "-0.3"]
    with working_precision(128):
        field = AttentionField(model, balls([Fraction(2, 3), Fraction(1, 3)]), ball(Fraction(1, 2)))
        end = enclose(field, start, 0.5, order=12, bits=128, tolerance=1e-15)
    path = follow(model, [float(entry) for entry in start], [2 / 3, 1 / 3], 0.5, [0.25, 0.5])
    assert max(float(entry.rad()) for entry in end) < 1e-9
    assert np.abs(midpoints(end) - path.theta[-1]).max() < 1e-8


def test_long_steps_near_a_critical_point():
    """Short steps of the same order are bounded by the Lipschitz constant in balls: a hundred and more to here."""
    with working_precision(128):
        law, lam, model = balls([Fraction(2, 3), Fraction(1, 3)]), ball(Fraction(1, 2)), MarkovAttention(2, 1, 1)
        centre = model.condensed_point(law)
        start = np.array([*centre[:-2], ball(Fraction(1, 1000)), ball(Fraction(1, 500))], dtype=object)
        end, pieces = descend(AttentionField(model, law, lam), start, 4.0, long_steps=True)
    path = follow(model, midpoints(start), [2 / 3, 1 / 3], 0.5, [4.0])
    assert len(pieces) < 20 and max(float(entry.rad()) for entry in end) < 1e-15
    assert np.abs(midpoints(end) - path.theta[-1]).max() < 1e-8


def test_condensation_from_a_small_start():
    model, law = MarkovAttention(3, 3, 2), np.array([0.6, 0.3, 0.1])
    path = follow(model, model.init(np.random.default_rng(0), scale=1e-4), law, LAM, [15.0, 20.0, 100.0])
    norms = [np.linalg.norm(model.unpack(theta)["embedding"]) for theta in path.theta]
    assert abs(np.log(norms[1] / norms[0]) / 5 - condensation_rate(law)) < 0.01
    assert abs(norms[2] - condensed_norm(law)) < 1e-3 and abs(path.loss[2] - entropy(law)) < 1e-5
    parts = model.unpack(path.theta[2])
    assert singular_share(parts["embedding"]) > 0.999
    assert abs(attended(model, path.theta[2], law) - 0.6) < 1e-3


def test_singular_share():
    assert singular_share(np.outer([1, 2], [3, 4])) == pytest.approx(1)
    assert singular_share(np.eye(2)) == pytest.approx(0.5)


def test_bad_times():
    model = MarkovAttention(2, 1, 1)
    for times in ([], [2.0, 1.0], [-1.0], [0.0, 0.0]):
        with pytest.raises(ValueError, match="times must be finite and rise from at least 0"):
            follow(model, np.zeros(6), [0.5, 0.5], 0.5, times)


def test_the_focusing_rate_in_balls_is_that_in_floats():
    with working_precision(128):
        assert abs(float(focusing_rate(balls(EXACT), ball(Fraction(1, 2))).mid()) - focusing_rate(PI, LAM)) < 1e-14


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"times": [float("nan")]}, "times must be finite and rise"),
        ({"theta0": np.zeros(3)}, "theta0 must hold 6 finite numbers"),
        ({"theta0": np.full(6, np.nan)}, "theta0 must hold 6 finite numbers"),
        ({"pi": [0.5, 0.3, 0.2]}, "pi must have a probability for each of 2 tokens, got 3"),
    ],
)
def test_flows_that_cannot_be_followed_are_refused(change, told):
    """A time that is no number was never reached: the integrator went on for ever."""
    given = {"theta0": np.full(6, 0.1), "pi": [0.6, 0.4], "lam": 0.5, "times": [1.0], **change}
    with pytest.raises(ValueError, match=told):
        follow(MarkovAttention(2, 1, 1), **given)


def test_the_flow_at_its_start():
    path = follow(MarkovAttention(2, 1, 1), np.full(6, 0.1), [0.6, 0.4], 0.5, [0.0])
    assert path.theta.tolist() == [[0.1] * 6] and path.loss.shape == (1,)


def test_tokens_and_matrices_that_are_none():
    with pytest.raises(ValueError, match="token must be one of 0 .. 1, got 2"):
        attended(MarkovAttention(2, 1, 1), np.full(6, 0.1), np.array([0.6, 0.4]), token=2)
    with pytest.raises(ValueError, match="matrix must not be 0"):
        singular_share(np.zeros((2, 2)))
