"""Flows in floats against closed forms, the tape and each other; enclosures hold what they enclose."""

import numpy as np
import pytest

from numerics.arithmetic.krawczyk import NotCertified, balls, working_precision
from numerics.derivatives.tape import tangents
from numerics.flows.boxes import first_order, high_order
from numerics.flows.flow import FlowDiverged, gradient_descent, gradient_flow, orbit, runge_kutta, value_and_jacobian
from numerics.flows.validated_flow import Field, around, descend, enclose, least_eigenvalue, patch_field, tail
from theory.models import TwoLayer, TwoLayerCNN

TANH = TwoLayer(2, 1, activation="tanh")
DATA = ([[0.5, 0.0], [0.5, -1.0]], [1.0, 0.25])


@pytest.mark.parametrize(("width", "name"), [(1, "tanh"), (3, "softplus"), (2, "gelu")])
def test_the_fast_jacobian_agrees_with_the_tape(width, name):
    rng = np.random.default_rng(0)
    model = TwoLayer(2, width, activation=name)
    theta, x = rng.normal(size=(4, model.n_params)), rng.normal(size=(3, 2))
    values, jacobians = value_and_jacobian(model, theta, x)
    for k in range(4):
        expected, tangent = tangents(model, theta[k], x)
        np.testing.assert_allclose(values[k], expected[:, 0], atol=1e-14)
        np.testing.assert_allclose(jacobians[k], tangent[:, 0], atol=1e-14)


def test_other_models_go_through_the_tape():
    model = TwoLayer(1, 1, bias=True)
    value, jacobian = value_and_jacobian(model, np.array([0.3, 0.1, 2.0]), np.array([[1.0]]))
    assert value.shape == (1,) and jacobian.shape == (1, 3)


def test_batches_agree_on_torch():
    import torch

    theta, x = np.array([[0.2, -0.4, 1.0], [1.0, 0.5, -2.0]]), np.array([[1.0, 2.0]])
    ours = value_and_jacobian(TANH, theta, x)
    theirs = value_and_jacobian(TANH, torch.tensor(theta), torch.tensor(x))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b.numpy(), atol=1e-14)


def test_the_flow_of_a_linear_neuron_ends_at_the_balanced_solution():
    flow = gradient_flow(TwoLayer(1, 1, activation="identity"), [1.0, 2.0], ([[1.0]], [6.0]))
    a_square = (3 + np.sqrt(9 + 4 * 36)) / 2  # a w = 6 and a^2 - w^2 = 3
    np.testing.assert_allclose(flow.theta, [6 / np.sqrt(a_square), np.sqrt(a_square)], atol=1e-9)
    assert flow.converged and flow.residual < 1e-10


def test_orbit_and_flow_have_one_limit():
    followed = orbit(TANH, [0.5, 0.3, 1.0], [1.0, -0.5], 0.9)
    flow = gradient_flow(TANH, [0.5, 0.3, 1.0], ([[1.0, -0.5]], [0.9]))
    np.testing.assert_allclose(followed.theta, flow.theta, atol=1e-9)
    assert followed.time > 0 and len(followed.path) > 1


def test_a_label_out_of_reach_is_said_with_where_the_flow_went():
    gumbel = TwoLayer(1, 1, activation=__import__("theory.expressions", fromlist=["parse"]).parse("exp(-exp(-z))"))
    with pytest.raises(FlowDiverged, match="label -1.0 is outside the reachable range|critical point"):
        orbit(gumbel, [0.0, 2.0], [1.0], -1.0)
    flow = gradient_flow(gumbel, [0.0, 2.0], ([[1.0]], [-1.0]), time=50)
    assert not flow.converged and "no solution by time" in flow.reason


def test_a_flow_that_rests_at_a_saddle_is_not_called_converged():
    flow = gradient_flow(TANH, [0.0, 0.0, 0.0], ([[1.0, 0.0]], [1.0]), time=10)
    assert not flow.converged and "critical point" in flow.reason


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: gradient_flow(TANH, [0, 0, 1.0], ([[0.0, 0.0]], [1.0])), "x != 0"),
        (lambda: gradient_flow(TANH, [0, 0, 1.0], ([[1.0, 0.0]], [1.0, 2.0])), "one label per input"),
        (lambda: gradient_flow(TANH, [0, 0, 1.0], ([[1.0, 0.0]], [1.0]), weights=[-1]), "non-negative"),
        (lambda: orbit(TANH, [0, 0, 1.0], [0.0, 0.0], 1.0), "must not be zero"),
        (lambda: Field(TwoLayer(1, 1, activation="relu"), balls([[1]])), "differentiable everywhere"),
        (lambda: Field(TANH, balls([[1, 0], [0, 1]])), "single sample"),
    ],
)
def test_bad_input_is_named(call, hint):
    with pytest.raises(ValueError, match=hint):
        call()


def test_descent_is_of_first_order():
    end = gradient_flow(TANH, [0.5, 0.3, 1.0], ([[1.0, -0.5]], [0.9])).theta
    errors = [np.linalg.norm(gradient_descent(TANH, [0.5, 0.3, 1.0], ([[1.0, -0.5]], [0.9]), step=h, time=40) - end) for h in (0.02, 0.01)]
    assert errors[0] / errors[1] == pytest.approx(2, abs=0.1)


def test_runge_kutta_is_of_fourth_order():
    ends = [runge_kutta(lambda t: -t, np.array(1.0), step=1 / n, steps=n) - np.exp(-1) for n in (10, 20)]
    assert ends[0] / ends[1] == pytest.approx(16, rel=0.1)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "gelu"])
def test_the_enclosure_holds_the_adaptive_flow(name):
    model, start = TwoLayer(1, 2, activation=name), [0.4, -0.2, 1.0, -0.5]
    with working_precision(160):
        end = enclose(Field(model, balls([["0.7"]])), start, 0.9)
    from scipy.integrate import solve_ivp

    x = np.array([[0.7]])
    followed = solve_ivp(lambda _, t: value_and_jacobian(model, t, x)[1][0], (0, 0.9), start, method="DOP853", rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose([float(entry.mid()) for entry in end], followed.y[:, -1], atol=1e-10)
    assert max(float(entry.rad()) for entry in end) < 1e-15


def test_the_enclosure_of_a_linear_neuron_holds_the_exact_flow():
    with working_precision(160):  # w' = a, a' = w: w + a = 3 e^t from (1, 2)
        end = enclose(Field(TwoLayer(1, 1, activation="identity"), balls([[1]])), [1, 2], 1.0)
        assert (end[0] + end[1]).overlaps(3 * balls([1])[0].exp())


def test_around_holds_both_directions():
    with working_precision(120):
        field = Field(TANH, balls([["1", "-0.5"]]))
        start = balls(["0.5", "0.3", "1"])
        box = around(field, start, 1e-3)
        for time in (1e-3, -1e-3):
            assert all(a.contains(b) for a, b in zip(box, enclose(field, start, time, bits=120), strict=True))


def test_the_tail_bound_and_its_refusal():
    with working_precision(160):
        field = Field(TANH, balls(DATA[0]), balls(DATA[1]), balls([4, 1]))
        end = enclose(field, [-0.5, 0.0, 0.5], 6)
        proved = tail(field, end, reach=0.05)
        with pytest.raises(NotCertified, match="below the reach"):
            tail(field, end, reach=0.01)
    limit = gradient_flow(TANH, [-0.5, 0.0, 0.5], DATA, weights=(4, 1)).theta
    assert np.linalg.norm([float(e) for e in end] - limit) < proved.radius < 0.05


def test_the_eigenvalue_bound_is_below_and_refuses_singular_matrices():
    assert 0 < least_eigenvalue(balls([["2", "1"], ["1", "2"]])) <= 1
    with pytest.raises(NotCertified):
        least_eigenvalue(balls([["1", "1"], ["1", "1"]]))


def test_the_flow_of_a_convolutional_network_is_enclosed():
    """Against the tape for the field, and against a flow in floats for the enclosure."""
    rng = np.random.default_rng(4)
    model = TwoLayerCNN(5, 3, 2, activation="tanh")
    x, y, theta = rng.integers(-8, 9, (3, 5)) / 8, rng.integers(-8, 9, 3) / 8, rng.integers(-8, 9, model.n_params) / 16
    field = patch_field(model, balls(x), balls(y), balls(np.full(3, 0.25)))
    values, jacobian = tangents(model, theta, x)
    expected = 0.25 * ((y[:, None] - values)[..., None] * jacobian).sum(axis=(0, 1))
    assert all(abs(float(a.mid()) - b) < 1e-14 for a, b in zip(field(balls(theta)), expected, strict=True))
    end = enclose(field, theta, 0.5, order=12, bits=128, tolerance=1e-18)
    slope = lambda at: np.array([float(v.mid()) for v in field(balls(at))])
    followed = runge_kutta(slope, theta, step=0.5 / 200, steps=200)
    assert all(entry.rad() < 1e-12 and abs(float(entry.mid()) - value) < 1e-9 for entry, value in zip(end, followed, strict=True))


@pytest.mark.parametrize("changed", [{"sharing": False}, {"bias": True}, {"output_bias": True}])
def test_a_patch_field_knows_shared_kernels_without_biases_only(changed):
    with pytest.raises(ValueError, match="share its kernels and have no biases"):
        patch_field(TwoLayerCNN(5, 3, 2, **changed), balls(np.ones((1, 5))), balls([1]), balls([1]))


def test_long_steps_and_short_ones_enclose_one_descent():
    """Longer steps in wider boxes: the same end, a box for every piece that holds both ends of it."""
    with working_precision(128):
        field = Field(TANH, balls(DATA[0]), balls(DATA[1]), balls([0.5, 0.5]))
        start = balls([0.3, -0.2, 0.7])
        (short, many), (long, few) = (descend(field, start, 3.0, long_steps=steps) for steps in (False, True))
        assert len(few) <= len(many) and abs(sum(h for h, _ in few) - 3) < 1e-15
        assert all(p.overlaps(q) and float(q.rad()) < 1e-15 for p, q in zip(short, long, strict=True))
        assert all(p.contains(q.mid()) for p, q in zip(few[0][1], start, strict=True))
        assert all(p.contains(q.mid()) for p, q in zip(few[-1][1], long, strict=True))


def test_a_box_of_high_order_is_one_where_the_first_order_has_none():
    from flint import arb

    with working_precision(128):
        field = Field(TANH, balls(DATA[0]), balls(DATA[1]), balls([0.5, 0.5]))
        start = balls([0.3, -0.2, 0.7])
        coefficients, h = field.taylor(start, 24), arb(0.5)
        assert first_order(field, start, arb(4.0)) is None and high_order(field, coefficients, arb(4.0), 24, 1e-6) is None
        box, end = high_order(field, coefficients, h, 24, 1e-6)
        for part in (0.1, 0.3, 0.5):
            inside = enclose(field, start, part, bits=128, tolerance=1e-20)
            assert all(p.contains(q) for p, q in zip(box, inside, strict=True))
        assert all(p.overlaps(q) for p, q in zip(end, inside, strict=True))
