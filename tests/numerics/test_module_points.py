"""Inertias and critical points of torch modules: known answers, what is left open, and the referee."""

import json

import numpy as np
import pytest
import torch
from referees import script
from torch import nn

from numerics.arithmetic.krawczyk import NotCertified
from numerics.critical import certify_module, module_inertia
from numerics.critical.modules import read_module
from numerics.hessian import gradient, hessian
from numerics.modules import architectures
from numerics.planting import plant

REFEREE = script("check_certificate")


def checked(certificate):
    """What the referee says of a certificate as it is read from its file."""
    return REFEREE.check(json.loads(json.dumps(certificate)))


def planted(module, x, *, loss="mse", size=0.3):
    """Targets for which the module is critical within rounding."""
    outputs = module(torch.as_tensor(x)).detach()
    model, theta, (rows, _) = read_module(module, (x, outputs.numpy() * 0), loss)
    return plant(model, theta, rows, loss=loss, size=size)[1].reshape(outputs.shape)


CASES = {
    "attention": (lambda: architectures.attention_layers(2, 2, 1, True), (12, 3, 2), 4),
    "convolution": (lambda: architectures.convolutional(2, 2, 3, 1, "max", False), (12, 1, 3, 3), 2),
    "recurrence": (lambda: architectures.recurrent("gru", 1, 2), (50, 2, 1), 4),
}


@pytest.mark.parametrize("name", CASES)
def test_a_planted_point_is_certified_with_its_gauge(name):
    make, shape, gauge = CASES[name]
    module, x = architectures.drawn(make(), 1), np.random.default_rng(0).normal(size=shape)
    y = planted(module, x)
    found = certify_module(module, (x, y))
    model, theta, data = read_module(module, (x, y))
    eigenvalues = np.linalg.eigvalsh(hessian(model, theta, data))
    clear = np.abs(eigenvalues) > 1e-9 * np.abs(eigenvalues).max()
    assert found.inertia.certified and len(found.point.held) == gauge == (~clear).sum()
    assert found.inertia.counts == ((eigenvalues[clear] < 0).sum(), gauge, (eigenvalues[clear] > 0).sum())
    assert "one critical point within" in checked(found.certificate)
    at = module_inertia(module, (x, y))
    # Newton's step from a gradient that rounding left, in the largest coordinate; the held ones turn it by a factor of the gauge
    assert at.gradient < 1e-14 and found.distance < 1e3 * at.gradient / np.abs(eigenvalues[clear]).min()
    for (low, _), sure in zip(at.inertia.bounds[::2], found.inertia.counts[::2], strict=True):
        assert sure <= low <= sure + gauge  # what was zero has some sign where the gradient is only nearly 0
    assert checked(at.certificate)


def test_what_floats_take_for_a_zero_is_none():
    """A normalization sees the size of what it divides through its eps = 1e-5 alone: an eigenvalue of about that square, no symmetry."""
    module, x = architectures.drawn(architectures.layer_normalized(2, 3, 1, False), 1), np.random.default_rng(0).normal(size=(20, 2))
    y = planted(module, x)
    found = certify_module(module, (x, y))
    model, theta, data = read_module(module, (x, y))
    sizes = np.abs(np.linalg.eigvalsh(hessian(model, theta, data)))
    assert found.inertia.zero == 3 < (sizes < 1e-9 * sizes.max()).sum() and "[3, 3, 7]" in checked(found.certificate)


def test_a_critical_point_beside_the_weights_and_none_far_away():
    make, shape, _ = CASES["attention"]
    module, x = architectures.drawn(make(), 1), np.random.default_rng(0).normal(size=shape)
    y = planted(module, x)
    with torch.no_grad():
        module[0].V += 1e-4
    found = certify_module(module, (x, y))
    assert 1e-5 < found.distance < 1e-2
    with pytest.raises(NotCertified, match="beyond the radius 1e-06"):
        certify_module(module, (x, y), radius=1e-6)
    with pytest.raises(ValueError, match="radius must be a positive number"):
        certify_module(module, (x, y), radius=0)


def test_constant_fields_are_zeros_at_any_weights():
    """The two biases of a recurrent layer are seen as their sum alone."""
    module = architectures.drawn(architectures.recurrent("rnn", 1, 2), 0)
    rng = np.random.default_rng(0)
    found = module_inertia(module, (rng.normal(size=(30, 2, 1)), rng.normal(size=(30, 1))))
    assert found.zeros == 2 and found.inertia.zero == 2 and found.inertia.certified and found.gradient > 0.1
    assert "2 zero" in checked(found.certificate)


def test_classes_by_the_cross_entropy():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv1d(1, 2, 2), nn.Tanh(), nn.Flatten(), nn.Linear(4, 3)).double()
    rng = np.random.default_rng(0)
    x, classes = rng.normal(size=(40, 1, 3)), rng.integers(0, 3, 40)
    found = module_inertia(module, (x, classes), "cross-entropy")
    assert found.zeros == 5 and "5 zero" in checked(found.certificate)  # a number added to all outputs: four columns and the bias
    model, theta, (rows, targets) = read_module(module, (x, classes), "cross-entropy")
    outputs = module(torch.as_tensor(x))
    expected = torch.autograd.grad(nn.functional.cross_entropy(outputs, torch.as_tensor(classes)), list(module.parameters()))
    np.testing.assert_allclose(
        gradient(model, theta, (rows, targets), "cross-entropy"), torch.cat([g.ravel() for g in expected]), atol=1e-14
    )


def test_a_rational_module_is_decided_exactly():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv1d(1, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(4, 1)).double()
    with torch.no_grad():
        module[0].weight[0], module[0].bias[0] = -1.0, -9.0  # never opens
    x = np.random.default_rng(0).normal(size=(20, 1, 3)).clip(-2, 2)
    found = module_inertia(module, (x, np.ones(20)))
    assert found.inertia.certified and found.inertia.zero >= 5 and "precision" not in found.certificate
    assert "exactly" in checked(found.certificate)


def test_a_dead_neuron_of_a_smooth_loss_leaves_rows_of_zeros():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv1d(1, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(4, 2), nn.Tanh()).double()
    with torch.no_grad():
        module[0].weight[0], module[0].bias[0] = -1.0, -9.0
    x = np.random.default_rng(0).normal(size=(20, 1, 3)).clip(-2, 2)
    found = module_inertia(module, (x, np.zeros((20, 2))))
    assert found.inertia.bounds[1][0] >= 3 + 4  # its weights, and what it is multiplied by
    assert checked(found.certificate)


def test_tokens_and_several_inputs():
    class Scaled(nn.Module):
        def __init__(self):
            super().__init__()
            self.table, self.last = nn.Embedding(4, 2), nn.Linear(2, 1)

        def forward(self, tokens, factor):
            return self.last(torch.tanh(self.table(tokens).mean(1) * factor))

    module = architectures.drawn(Scaled(), 0)
    rng = np.random.default_rng(0)
    inputs = rng.integers(0, 4, (25, 2)), rng.normal(size=(25, 1)) + 2
    found = module_inertia(module, (inputs, rng.normal(size=(25, 1))))
    assert found.inertia.certified and sum(found.inertia.counts) == 11 and checked(found.certificate)


def test_far_from_any_critical_point_and_at_a_degenerate_one():
    module = architectures.drawn(architectures.attention_layers(2, 2, 1, True), 1)
    rng = np.random.default_rng(0)
    with pytest.raises(NotCertified):
        certify_module(module, (rng.normal(size=(12, 3, 2)), 100 * rng.normal(size=(12, 3, 2))))
    with pytest.raises(NotCertified):  # fewer samples than parameters, and no residual
        x = rng.normal(size=(1, 3, 2))
        certify_module(module, (x, module(torch.as_tensor(x)).detach()))


X = np.random.default_rng(0).normal(size=(10, 1, 3))


@pytest.mark.parametrize(
    ("data", "loss", "message"),
    [
        ((X, np.zeros((9, 2))), "mse", r"targets must have shape \(10, 2\), one for each output, got \(9, 2\)"),
        ((X, np.zeros(10)), "mse", r"got \(10,\)"),
        ((X, np.full((10, 2), np.inf)), "mse", "finite real numbers"),
        ((X, np.full((10, 2), "a")), "mse", "targets must be finite real numbers, got <U1"),
        ((X, np.full(10, 2)), "cross-entropy", "class numbers from 0 to 1, got 2 at sample 0"),
        ((X, np.full(10, 0.5)), "cross-entropy", "class numbers from 0 to 1, got 0.5"),
        ((X[..., :1], np.zeros((10, 2))), "mse", "do not fit the module"),
        ((X, np.zeros((10, 2))), "hinge", "loss must be one of"),
    ],
)
def test_data_that_do_not_fit(data, loss, message):
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv1d(1, 2, 2), nn.Tanh(), nn.Flatten(), nn.Linear(4, 2))
    for function in (module_inertia, certify_module):
        with pytest.raises(ValueError, match=message):
            function(module, data, loss)
    with pytest.raises(TypeError, match=r"torch.nn.Module, got function"):
        module_inertia(planted, data)


@pytest.mark.parametrize(("data", "what"), [((X,), "tuple of 1"), (None, "NoneType")])
def test_data_that_are_no_pair(data, what):
    with pytest.raises(ValueError, match=rf"data must be a pair \(inputs, targets\), got {what}"):
        module_inertia(nn.Linear(3, 1), data)
