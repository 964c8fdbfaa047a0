"""Modules as models: gradients and Hessians against torch in float64, in balls and rationals, and what is refused."""

import numpy as np
import pytest
from architectures import ARCHITECTURES, made

torch = pytest.importorskip("torch")
nn = torch.nn

from flint import arb, arb_series, ctx, fmpq  # noqa: E402

from numerics.arithmetic.exact import NoExactValue, rationals  # noqa: E402
from numerics.arithmetic.krawczyk import balls, working_precision  # noqa: E402
from numerics.derivatives.directional import Directional  # noqa: E402
from numerics.hessian import gradient, gradient_and_hessian, hessian_product, risk  # noqa: E402
from numerics.modules.arithmetics import Balls, Floats, Rationals  # noqa: E402
from numerics.modules.duals import CURVATURES, Duals  # noqa: E402
from numerics.modules.evaluating import OnKink, OutsideDomain  # noqa: E402
from numerics.modules.graph import FUNCTIONS  # noqa: E402
from numerics.modules.model import GraphModel, tokens  # noqa: E402
from numerics.modules.subjects import Subject  # noqa: E402


def subject_of(module, inputs):
    subject = Subject.of(module, inputs)
    return subject, GraphModel(subject.graph, type(module).__name__), np.concatenate([x.reshape(len(x), -1) for x in subject.inputs], 1)


def by_torch(subject, y):
    """Gradient and Hessian of the mean of |f(x) - y|^2."""
    parts = {name: p.detach() for name, p in subject.double.named_parameters() if p.requires_grad}
    still = {name: p.detach() for name, p in subject.double.named_parameters() if not p.requires_grad}
    buffers = dict(subject.double.named_buffers())
    inputs = tuple(map(torch.as_tensor, subject.inputs))

    def loss(theta):
        pieces = torch.split(theta, [p.numel() for p in parts.values()])
        values = {name: piece.reshape(p.shape) for (name, p), piece in zip(parts.items(), pieces, strict=True)}
        outputs = torch.func.functional_call(subject.double, (values, still, buffers), inputs)
        return ((outputs.reshape(len(y), -1) - torch.as_tensor(y)) ** 2).sum() / len(y)

    theta = torch.as_tensor(subject.theta, dtype=torch.float64)
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):
        return torch.autograd.functional.jacobian(loss, theta).numpy(), torch.autograd.functional.hessian(loss, theta).numpy()


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_the_hessian_is_that_of_torch_and_within_its_balls(name):
    subject, model, x = subject_of(*made(name))
    y = np.random.default_rng(0).normal(size=(len(x), model.outputs))
    slope, curvature = gradient_and_hessian(model, subject.theta, (x, y))
    expected_slope, expected = by_torch(subject, y)
    np.testing.assert_allclose(slope, expected_slope, rtol=0, atol=1e-12 * (1 + np.abs(expected_slope).max()))
    np.testing.assert_allclose(curvature, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
    with working_precision(96):
        _, enclosed = gradient_and_hessian(model, balls(subject.theta), (balls(x.astype(object) if x.dtype.kind == "i" else x), balls(y)))
        away = max(float(abs(ball - entry).upper()) for ball, entry in zip(enclosed.flat, curvature.flat, strict=True))
        assert max(float(ball.rad()) for ball in enclosed.flat) < 1e-15 and away <= 1e-12 * np.abs(expected).max()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_second_derivative_of_every_function(name):
    """Against the Taylor series of the first derivative that power series give, at a ball."""
    written = {
        "reciprocal": lambda z: 1 / z,
        "root": lambda z: 1 / z.sqrt(),
        "tanh": lambda z: 1 - 2 / (1 + (2 * z).exp()),
        "sigmoid": lambda z: 1 / (1 + (-z).exp()),
        "softplus": lambda z: (1 + z.exp()).log(),
        "normal": lambda z: (1 + (z / arb(2).sqrt()).erf()) / 2,
    }.get(name, lambda z: getattr(z, name)())
    before, ctx.cap = ctx.cap, 3
    try:
        series = written(arb_series([arb("0.7"), 1]))
        coefficients = [series[k] for k in range(3)]
    finally:
        ctx.cap = before
    z = np.array([[arb("0.7")]], dtype=object)
    value, slope = Balls().function(name, z)
    found = [value[0, 0], slope[0, 0], CURVATURES[name](Balls(), z, value, slope)[0, 0] / 2]
    assert all(abs(a - b) < 1e-12 for a, b in zip(found, coefficients, strict=True))
    moving = Duals(Floats()).function(name, Directional(np.array([[0.7]]), np.array([[[2.0]]])))
    assert moving[1].tangent[0, 0, 0] == pytest.approx(4 * float(coefficients[2].mid()))


def test_large_data_are_taken_in_parts(monkeypatch):
    subject, model, x = subject_of(*made("GRU"))
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(9, x.shape[1])), rng.normal(size=(9, model.outputs))
    whole = gradient_and_hessian(model, subject.theta, (x, y))
    v = rng.normal(size=(2, model.n_params))
    monkeypatch.setattr("numerics.modules.model.AT_ONCE", 2 * sum(step.size for step in subject.graph.steps) * (model.n_params + 1))
    assert len(list(model.parts(9, model.n_params))) == 5
    for a, b in zip(gradient_and_hessian(model, subject.theta, (x, y)), whole, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-13)
    np.testing.assert_allclose(hessian_product(model, subject.theta, (x, y), v), v @ whole[1], atol=1e-12)
    assert risk(model, subject.theta, (x, y)) == pytest.approx(((model(subject.theta, x) - y) ** 2).sum() / 9)


def test_rational_modules_in_rational_numbers():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv1d(1, 2, 2), nn.ReLU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(4, 1))
    rng = np.random.default_rng(0)
    subject, model, x = subject_of(module, rng.normal(size=(4, 1, 5)))
    y = rng.normal(size=(4, 1))
    assert model.rational
    exact = gradient_and_hessian(model, rationals(subject.theta), (rationals(x), rationals(y)))
    assert all(isinstance(entry, fmpq | int) for part in exact for entry in part.flat)
    for found, expected in zip(exact, gradient_and_hessian(model, subject.theta, (x, y)), strict=True):
        np.testing.assert_allclose(np.array([float(e.p) / float(e.q) for e in rationals(found).flat]), expected.ravel(), atol=1e-12)
    on_kink = subject.theta.copy()
    on_kink[:6] = 0
    for numbers in (rationals, balls):
        with pytest.raises(OnKink, match="sample 0 lies on"):
            gradient(model, numbers(on_kink), (numbers(x), numbers(y)))
    with pytest.raises(NoExactValue, match="tanh"):
        Rationals().function("tanh", rationals(np.ones((1, 1))))
    with pytest.raises(OutsideDomain, match="reciprocal"):
        Rationals().function("reciprocal", rationals(np.zeros((1, 1))))


def test_a_tie_of_rational_numbers_is_refused_but_among_closed_gates():
    rows = np.array([[[fmpq(1), fmpq(1)], [0, 0]]], dtype=object)
    with pytest.raises(OnKink, match="a tie of layer 'pool'"):
        Rationals().first_of_rows(rows, "pool")
    assert Rationals().first_of_rows(rows[:, 1:], "pool").tolist() == [[[1, 0]]]


def test_tokens_come_in_any_number():
    for row in (np.array([[0, 2]]), np.array([[0.0, 2.0]]), balls([[0, 2]]), rationals([[0, 2]])):
        assert tokens(row).tolist() == [[0, 2]]
    for row in (np.array([[0.5]]), balls([[0.5]]), np.array([[arb(1, 0.1)]], dtype=object), rationals([[0.5]])):
        with pytest.raises(ValueError, match="whole numbers"):
            tokens(row)


def test_a_module_has_one_point_at_a_time():
    subject, model, x = subject_of(*made("head"))
    with pytest.raises(ValueError, match=r"theta must have shape \(32,\)"):
        model(np.stack([subject.theta] * 2), x)
    y = np.zeros((len(x), model.outputs))
    with pytest.raises(ValueError, match=r"targets must have shape"):
        gradient(model, subject.theta, (x, y[:, :-1]))


def test_what_no_parameter_moves_has_hessian_zero():
    class Still(nn.Module):
        def __init__(self):
            super().__init__()
            self.unused = nn.Parameter(torch.ones(2))

        def forward(self, x):
            return x

    subject, model, x = subject_of(Still(), np.ones((3, 2)))
    slope, curvature = gradient_and_hessian(model, subject.theta, (x, 0 * x))
    assert not slope.any() and curvature.shape == (2, 2) and not curvature.any()
