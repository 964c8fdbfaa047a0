"""What is read is what torch computes: thresholds, casts, hooks, logarithms of negative numbers, kinks, and whatever user code raises."""

from fractions import Fraction

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from numerics.modules.exporting import double_copy
from numerics.modules.reading import read
from numerics.modules.widening import widen
from numerics.rank import module_model_rank, module_rank

X = np.random.default_rng(0).normal(size=(6, 2))
LINE = np.linspace(0, 3, 12)[:, None]


def softplus_network(**options):
    module = nn.Sequential(nn.Linear(1, 3), nn.Softplus(**options), nn.Linear(3, 1)).double()
    with torch.no_grad():
        module[0].weight[:] = torch.tensor([[1.0], [1.5], [2.0]])
        module[0].bias[:] = torch.tensor([25.0, 26.0, 27.0])
        module[2].weight[:] = 1
    return module


@pytest.mark.parametrize(
    ("options", "inputs", "message"),
    [
        ({}, LINE, "sample 0 lies beyond the threshold 20"),
        ({"threshold": 12}, LINE, "replaced by its argument from 12 on"),
        ({"threshold": 5}, LINE - 40, "replaced by its argument from 5 on"),
        ({"beta": 2}, LINE, "sample 0 lies beyond the threshold 20"),
    ],
)
def test_a_softplus_beyond_its_threshold_is_refused(options, inputs, message):
    """torch returns the argument there: rank 2 at the first of these, where the softplus itself has 10."""
    with pytest.raises(ValueError, match=message):
        module_rank(softplus_network(**options), inputs)


def test_a_softplus_below_its_threshold_is_read():
    assert module_rank(softplus_network(), LINE[:3] / 8 - 26.5).certified  # pre-activations from -1.5 to 1
    drawn = module_model_rank(softplus_network(), np.zeros((1, 1)))
    assert drawn.lower <= 10 and drawn.certificate is not None


def hooked():
    """Two neurons; the second is above 0.99999 on all samples, where the hook makes it constant."""
    module = nn.Sequential(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 1)).double()
    with torch.no_grad():
        module[0].weight[:] = torch.tensor([[1.0], [2.0]])
        module[0].bias[:] = torch.tensor([1.0, 20.0])
    module[1].register_forward_hook(lambda layer, inputs, output: output.clamp(-0.99999, 0.99999))
    return module


class Bent(nn.Identity):
    def forward(self, x):
        return x + 1e-7 * x * x


def own_forward():
    module = nn.Sequential(nn.Linear(1, 2), nn.Tanh(), nn.Linear(2, 1)).double()
    module[1].forward = torch.sin
    return module


@pytest.mark.parametrize(
    "module",
    [
        hooked(),
        own_forward(),
        nn.Sequential(nn.Linear(1, 1), Bent(), nn.Linear(1, 1)),
        nn.Sequential(nn.utils.parametrizations.orthogonal(nn.Linear(1, 1)), nn.Linear(1, 1)),
        nn.Sequential(nn.Linear(1, 1), type("Flatter", (nn.Flatten,), {})(), nn.Linear(1, 1)),
        nn.Sequential(nn.Linear(1, 1), type("Leaky", (nn.LeakyReLU,), {})(), nn.Linear(1, 1)),
        nn.Sequential(nn.Linear(1, 1), nn.Flatten(0), nn.Linear(1, 1)),
    ],
)
def test_a_chain_consists_of_layers_that_torch_made(module):
    assert read(module, LINE) is None


def test_hooks_and_subclasses_change_the_rank():
    found = module_rank(hooked(), LINE)
    assert found.lower == 4 <= found.upper < 7
    torch.manual_seed(0)
    assert module_rank(nn.Sequential(nn.Linear(1, 1), Bent(), nn.Linear(1, 1)).double(), LINE).rank == 3  # 1, x and x^2


class Logarithm(nn.Module):
    def __init__(self):
        super().__init__()
        self.w, self.a = nn.Parameter(torch.ones(1).double()), nn.Parameter(torch.ones(1).double())

    def forward(self, x):
        return torch.log(self.w * x) + torch.relu(-self.a * x)


class OfTokens(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.table, self.a = nn.Parameter(torch.tensor([[1.0], [2.0], [-3.0]]).double()), nn.Parameter(torch.ones(1).double())
        self.function = function

    def forward(self, tokens):
        z = F.embedding(tokens, self.table)[:, 0]
        return self.function(z) + self.a * torch.relu(-z)


def test_where_torch_has_no_number_there_is_no_tangent():
    found = module_model_rank(Logarithm(), [[1.0], [2.0]])
    assert found.lower == 1
    assert all(Fraction(sample[0][0]) > 0 for sample in found.certificate["samples"])
    for function in (torch.log, torch.sqrt):  # the third token has the logarithm of -3
        assert module_model_rank(OfTokens(function), np.array([[0], [1]])).lower == 2


class Forward(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.5, -1.5], dtype=torch.float64))
        self.function = function

    def forward(self, x):
        return self.function(self, x)


def raising(error):
    def function(module, x):
        raise error

    return function


@pytest.mark.parametrize(
    ("function", "message"),
    [
        *((lambda m, x, t=t: m.weight * (x.to(t).to(x.dtype) - x), "a cast to torch") for t in (torch.half, torch.bfloat16, torch.float)),
        (lambda m, x: torch.softmax(m.weight * x, -1, dtype=torch.float32).double(), "a cast to torch|differ"),
        (lambda m, x: (m.weight * x).sum(1, dtype=torch.float32).double(), "a cast to torch|differ"),
        (raising(KeyError("name")), "do not fit the module: KeyError: 'name'"),
        (raising(AttributeError("none")), "AttributeError: none"),
        (raising(ZeroDivisionError("zero")), "ZeroDivisionError: zero"),
        (raising(AssertionError("size")), "AssertionError: size"),
        (lambda m, x: (x * m.weight)[:, :0], "at least one number"),
    ],
)
def test_what_is_refused_in_one_sentence(function, message):
    with pytest.raises(ValueError, match=message):
        module_rank(Forward(function), X)


def test_parameters_that_are_not_used_and_outputs_without_inputs():
    for rank in (module_rank, module_model_rank):
        found = rank(Forward(lambda m, x: 2 * x), X)
        assert (found.rank, found.certified) == (0, True)
        assert rank(Forward(lambda m, x: m.weight.sin().repeat(len(x), 1)), X).rank == 2


@pytest.mark.parametrize("inputs", [torch.zeros(4, 2, dtype=torch.bfloat16), [[1.0], [1.0, 2.0]]])
def test_inputs_that_are_no_array(inputs):
    with pytest.raises(ValueError, match="inputs must be an array of real numbers"):
        module_rank(nn.Linear(2, 1), inputs)


@pytest.mark.parametrize("seed", ["a", -1, 1.5, None, True])
def test_seeds(seed):
    with pytest.raises(ValueError, match="seed must be a whole number from 0 on"):
        module_model_rank(nn.Linear(2, 1), X, seed=seed)


def test_statistics_of_the_batch_are_named():
    with pytest.raises(ValueError, match="'1' .BatchNorm1d. has no running statistics: its output depends on the batch"):
        module_rank(nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3, track_running_stats=False)).eval(), X)


def test_samples_on_a_kink_are_refused_of_any_module():
    module = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1)).double()
    with torch.no_grad():
        module[0].weight[:], module[0].bias[:] = torch.tensor([[1.0], [-1.0]]), 0
    with pytest.raises(ValueError, match="sample 1 lies on, or too near to, a kink of layer '1'"):
        module_rank(module, [[1.0], [0.0]])
    assert module_rank(module, [[1.0], [-1.0]]).rank == 2
    # behind another layer that is no chain, on the sample that no minor needs
    with pytest.raises(ValueError, match="sample 30 lies on, or too near to, a kink of layer '1'"):
        module_rank(nn.Sequential(*module, nn.Tanh(), nn.LayerNorm(1).double()), [*[[k + 1.0] for k in range(30)], [0.0]])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 1)

    def forward(self, x):
        return ((self.q(x) @ self.k(x).transpose(1, 2)).softmax(-1) @ self.v(x)).flatten(1)


@pytest.mark.parametrize("size", [1, 3, 10])
def test_a_gradient_of_rounding_alone_is_none(size):
    """softmax does not see the bias of the keys: torch's gradient is 1e-17 or so."""
    torch.manual_seed(size)
    assert module_rank(Attention(), np.random.default_rng(size).normal(size=(2, 3, 4)) * size).rank == 6


def test_a_small_gradient_that_is_detached_is_noticed():
    def function(m, x):
        return torch.tanh(m.weight * x) + 1e-6 * (m.weight.detach() * x).sin()

    with pytest.raises(ValueError, match="is not that of its outputs"):
        module_rank(Forward(function), X)


def test_the_constant_of_a_root_mean_square_is_that_of_the_precision_of_the_module():
    layer = nn.RMSNorm(2)
    assert double_copy(layer).eps == torch.finfo(torch.float32).eps and layer.eps is None
    assert double_copy(nn.Sequential(nn.Linear(2, 2).double(), nn.RMSNorm(2, elementwise_affine=False)))[1].eps == torch.finfo(float).eps


def test_a_lazy_layer_is_named_before_it_has_a_shape():
    module = nn.Sequential(nn.LazyLinear(3), nn.Tanh(), nn.Linear(3, 1))
    with pytest.raises(ValueError, match="parameter '0.weight' has no shape yet .a lazy layer.: call the module once"):
        module_rank(module, X)
    with pytest.raises(ValueError, match="parameter '0.weight' has no shape yet"):
        widen(module, 1, 0, 0.5)
    module(torch.zeros(1, 2))
    assert module_rank(module.double(), X).lower >= 1
