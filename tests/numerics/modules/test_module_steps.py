"""How torch layers are read: which are known, with which options, and agreement relative to the size of the outputs."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from numerics.modules.reading import step_of
from numerics.rank import module_rank

X = np.random.default_rng(0).normal(size=(12, 2))


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (nn.Tanh(), "tanh"),
        (nn.Sigmoid(), "sigmoid"),
        (nn.Softplus(), "softplus"),
        (nn.GELU(), "gelu"),
        (nn.SiLU(), "silu"),
        (nn.ReLU(), "relu"),
        (nn.Hardtanh(), "hardtanh"),
        (nn.Hardtanh(-1.0, 1.0), "hardtanh"),
    ],
    ids=str,
)
def test_activations_that_are_known_by_type(layer, name):
    sigma = step_of(layer)
    assert sigma.name == name
    z = np.array([-2.0, -0.5, 0.25, 1.5])
    np.testing.assert_allclose(sigma(z), layer(torch.as_tensor(z)).numpy(), rtol=1e-12, atol=1e-14)


def test_leaky_units_keep_their_slope():
    sigma = step_of(nn.LeakyReLU(0.25))
    assert sigma(np.array([-2.0, 2.0])).tolist() == [-0.5, 2.0] and sigma.degree == 1 and sigma.pieces[0][1] == Fraction(1, 4)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Hardtanh(-1.0, 2.0),
        nn.Hardtanh(-2.0, 1.0),
        nn.Hardtanh(0.0, 1.0),
        nn.Softplus(beta=2),
        nn.GELU("tanh"),
        nn.ELU(),
        nn.Conv1d(1, 1, 1),
    ],
    ids=str,
)
def test_other_layers_are_not_read(layer):
    assert step_of(layer) is None


def test_linear_layers_and_layers_that_do_nothing():
    assert step_of(nn.Linear(2, 3)) == (3, 2, True) and step_of(nn.Linear(2, 3, bias=False)) == (3, 2, False)
    assert [step_of(layer) for layer in (nn.Identity(), nn.Flatten(), nn.Dropout().eval())] == [(), (), ()]

    class Doubled(nn.Linear):
        def forward(self, x):
            return 2 * super().forward(x)

    assert step_of(Doubled(2, 3)) is None


@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6])
def test_single_precision_outputs_of_any_size_agree(scale):
    """Rounding grows with the outputs; the reading must not be refused for it, nor a wrong one accepted."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    with torch.no_grad():
        module[2].weight *= scale
        module[2].bias *= scale
    assert module_rank(module, X).certified
    module.register_forward_hook(lambda module, inputs, output: output * 1.01 + 0.01)
    assert module_rank(module, X).certificate["kind"] == "minor of a module"  # no chain
