"""Modules as graphs: outputs and tangents of twenty architectures are torch's, what is no function of one sample is refused by its
layer.
"""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from architectures import ARCHITECTURES, made
from flint import arb
from torch import nn

from numerics.critical import module_inertia
from numerics.modules.arithmetics import Balls, Floats
from numerics.modules.evaluating import evaluate, tangents
from numerics.modules.exporting import double_copy, read_graph
from numerics.modules.reading import flat
from numerics.modules.trial import _slopes_one_by_one
from numerics.rank import module_rank

X = np.random.default_rng(0).normal(size=(6, 2))


def by_torch(double, inputs):
    with torch.no_grad():
        outputs = double(*(torch.as_tensor(x) for x in inputs)).numpy().reshape(len(inputs[0]), -1)
    return outputs, _slopes_one_by_one(double, inputs)


def by_graph(double, inputs, arithmetic=None):
    graph = read_graph(double, inputs)
    theta = flat({k: p for k, p in double.named_parameters() if p.requires_grad})
    numbers = [x.reshape(len(x), -1) for x in inputs]
    if isinstance(arithmetic, Balls):
        theta, numbers = arithmetic.constant(theta), [np.stack([arithmetic.constant(row) for row in x]) for x in numbers]
    tape = evaluate(graph, arithmetic or Floats(), theta, numbers)
    return tape.outputs, tangents(tape).reshape(-1, graph.n_params)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_outputs_and_tangents_are_those_of_torch(name):
    module, inputs = made(name)
    double = double_copy(module)
    inputs = [inputs if inputs.dtype.kind == "i" else inputs.astype(float)]
    for found, expected in zip(by_graph(double, inputs), by_torch(double, inputs), strict=True):
        # Two evaluations in double precision of up to a few hundred operations on numbers of size 1.
        assert np.abs(found - expected).max() < 1e-11 * (1 + np.abs(expected).max())


class Applied(nn.Module):
    """One operation between a weight before and a weight behind, so that both its value and its derivative are seen."""

    def __init__(self, function):
        super().__init__()
        self.before = nn.Parameter(torch.linspace(0.6, 1.4, 12).reshape(3, 4))
        self.function = function

    def forward(self, x):
        return self.function(self.before * x)


#: Functions of (n, 3, 4): each operation that is read, once at least.
FUNCTIONS = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "exp": torch.exp,
    "log": lambda z: torch.log(z * z + 1),
    "sqrt": lambda z: torch.sqrt(z * z + 1),
    "rsqrt": lambda z: torch.rsqrt(z * z + 1),
    "sin, cos": lambda z: torch.sin(z) * torch.cos(z),
    "erf": torch.erf,
    "softplus": F.softplus,
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu by tanh": lambda z: F.gelu(z, approximate="tanh"),
    "relu": F.relu,
    "leaky": F.leaky_relu,
    "prelu": lambda z: F.prelu(z, torch.tensor([0.3], dtype=torch.float64)),
    "abs": torch.abs,
    "hardtanh": F.hardtanh,
    "relu6": F.relu6,
    "clamp from below": lambda z: z.clamp(min=-0.3),
    "elu": F.elu,
    "selu": F.selu,
    "hardswish": F.hardswish,
    "mish": F.mish,
    "softsign": F.softsign,
    "maximum": lambda z: torch.maximum(z, z.flip(-1)) - torch.minimum(z, z.roll(1, -1)),
    "power": lambda z: z**3 - z.square() + (z * z + 1) ** -2 + (z * z + 1) ** 0.5,
    "quotient": lambda z: z / (1 + z * z),
    "reciprocal": lambda z: torch.reciprocal(2 + z * z) - 1 / (z * z + 3),
    "softmax": lambda z: torch.softmax(z, 1),
    "log softmax": lambda z: torch.log_softmax(z, -1),
    "masked softmax": lambda z: torch.softmax(z.masked_fill(torch.eye(3, 4, dtype=torch.bool), -torch.inf), -1),
    "where": lambda z: torch.where(torch.eye(3, 4, dtype=torch.bool), z, 2 * z.exp()),
    "layer norm": lambda z: F.layer_norm(z, (4,)),
    "group norm": lambda z: F.group_norm(z.reshape(-1, 4, 3), 2),
    "instance norm": lambda z: F.instance_norm(z),
    "variance": lambda z: z.var(-1, keepdim=True) * z + z.var(1, correction=0, keepdim=True),
    "mean and sum": lambda z: z.mean(-1, keepdim=True) + z.sum((1, 2), keepdim=True) * z.mean((1, 2), keepdim=True),
    "cumulated": lambda z: z.cumsum(1) + z.cumsum(-1),
    "greatest": lambda z: z.amax(-1, keepdim=True) * z + z.max(1, keepdim=True).values,
    "products": lambda z: z.transpose(1, 2) @ z + torch.einsum("nij,nik->njk", z, z),
    "joined": lambda z: torch.cat([z, z.sin()], 1) + torch.stack([z, z.cos()], 1).flatten(1, 2),
    "moved": lambda z: z.flip(1).roll(1, 2)[:, 1:].repeat(1, 2, 1).permute(0, 2, 1).reshape(z.shape[0], -1)[:, ::2],
    "lower triangle": lambda z: z.tril() + z.triu(1) * 2,
    "convolution": lambda z: F.conv1d(z, torch.linspace(-1, 1, 18, dtype=torch.float64).reshape(2, 3, 3), padding=1, stride=2),
    "grouped": lambda z: F.conv1d(z, torch.linspace(-1, 1, 6, dtype=torch.float64).reshape(3, 1, 2), groups=3, dilation=2),
    "transposed": lambda z: F.conv_transpose1d(z, torch.linspace(-1, 1, 24, dtype=torch.float64).reshape(3, 2, 4), stride=2, padding=1),
    "average pooling": lambda z: F.avg_pool1d(z, 2) + F.adaptive_avg_pool1d(z, 2),
    "max pooling": lambda z: F.max_pool2d(z.unsqueeze(1), 2),
    "linear": lambda z: F.linear(z, torch.linspace(-1, 1, 8, dtype=torch.float64).reshape(2, 4), torch.ones(2, dtype=torch.float64)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_operation_and_its_derivative_is_that_of_torch(name):
    double = Applied(FUNCTIONS[name]).double().eval()
    inputs = [np.random.default_rng(1).normal(size=(3, 3, 4))]
    expected = by_torch(double, inputs)
    for found, value in zip(by_graph(double, inputs), expected, strict=True):
        assert np.abs(found - value).max() < 1e-12 * (1 + np.abs(value).max())
    for found, value in zip(by_graph(double, inputs, Balls()), expected, strict=True):
        assert max(float(abs(arb(v) - w).upper()) for v, w in zip(found.flat, value.flat, strict=True)) < 1e-11 * (1 + np.abs(value).max())


class Forward(nn.Module):
    def __init__(self, function, buffer=False):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(2, dtype=torch.float64))
        self.function = function
        if buffer:
            self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        return self.function(self, x * self.weight)


def counted(module, h):
    module.calls += 1
    return h * module.calls


def detached(module, h):
    return h.detach() + h**2 / 2


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (lambda: Forward(lambda m, h: F.dropout(h, 0.5)), "random|not that of its outputs"),
        (lambda: Forward(lambda m, h: h + torch.randn(h.shape, dtype=h.dtype)), "random"),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.RReLU()).train(), "random|training mode"),
        (lambda: nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3, track_running_stats=False)).eval(), "batch|more than 1 value"),
        (lambda: Forward(lambda m, h: h - h.mean(0)), "batch"),
        (lambda: Forward(counted, buffer=True), "calls"),
        (lambda: Forward(detached), "'weight' is not that of its outputs"),
        (lambda: Forward(lambda m, h: h if h.sum() > -1e9 else -h), "torch.export|control flow"),
        (lambda: Forward(lambda m, h: torch.special.bessel_j0(h)), "bessel_j0"),
        (lambda: Forward(lambda m, h: torch.exp(1000 * h.abs())), "finite"),
        (lambda: Forward(lambda m, h: (h, h)), "one real tensor"),
        (lambda: Forward(lambda m, h: h.round() * h), "round"),
    ],
)
def test_what_has_no_rank_here_is_refused(module, message):
    torch.manual_seed(0)
    module = module()
    before = copy.deepcopy(module.state_dict())
    with pytest.raises(ValueError, match=message):
        module_rank(module, X)
    assert all(torch.equal(before[k], v) for k, v in module.state_dict().items())  # the user's module is as it was


def test_attention_with_dropout_in_training_is_refused():
    module = nn.TransformerEncoderLayer(2, 1, 3, dropout=0.5, batch_first=True)
    with pytest.raises(ValueError, match="training mode"):
        module_rank(module, np.zeros((4, 3, 2)))


def test_a_hook_that_detaches_is_noticed():
    module = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    module[0].register_forward_hook(lambda layer, inputs, output: output.detach())
    with pytest.raises(ValueError, match="'0.weight' is not that of its outputs"):
        module_rank(module, X)


class Probed(nn.Module):
    """A head of weight 0 on a trunk, as training starts; ``cut`` says how gradients of the trunk are cut off."""

    def __init__(self, cut):
        super().__init__()
        self.cut, self.trunk, self.head = cut, nn.Linear(2, 2), nn.Linear(2, 1)
        nn.init.zeros_(self.head.weight)
        self.trunk.requires_grad_(cut != "frozen")

    def forward(self, x):
        with torch.set_grad_enabled(torch.is_grad_enabled() and self.cut != "no_grad"):
            h = torch.tanh(self.trunk(x))
        return self.head(h.detach() if self.cut == "detach" else h)


class Otherwise(nn.Module):
    """Exported as another function, whose outputs and gradients agree at weights of 0."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, dtype=torch.float64))

    def forward(self, x):
        line = (x @ self.weight)[:, None]
        return line if torch.compiler.is_compiling() else line + (self.weight**2).sum()


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (lambda: Probed("detach"), "'trunk.weight' is not that of its outputs"),
        (lambda: Probed("no_grad"), "'trunk.weight' is not that of its outputs"),
        (Otherwise, "the module is not what was read"),
    ],
)
def test_what_agrees_at_the_weights_alone_is_refused(module, message):
    """Behind weights of 0 all gradients vanish: parameters near them tell (2 negative eigenvalues were proved, torch has none)."""
    torch.manual_seed(0)
    data = np.random.default_rng(1).normal(size=(6, 2)), np.random.default_rng(2).normal(size=(6, 1))
    module = module()
    with pytest.raises(ValueError, match=message):
        module_inertia(module, data)
    with pytest.raises(ValueError, match=message):
        module_rank(module, data[0])
    frozen = module_inertia(Probed("frozen"), data)
    assert frozen.inertia.counts == (0, 0, 3)  # a least-squares problem in three parameters


def test_a_module_that_torch_cannot_differentiate_is_refused():
    module = nn.Sequential(nn.Linear(2, 2), Forward(lambda m, h: torch.tanh(h).mul_(2)))
    with pytest.raises(ValueError, match="torch cannot differentiate the module: one of the variables needed"):
        module_rank(module, X)


def test_an_input_on_a_kink_is_named():
    module = nn.Sequential(nn.Conv1d(1, 2, 2, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(4, 1))
    x = np.random.default_rng(0).normal(size=(8, 1, 3))
    x[3] = 0
    with pytest.raises(ValueError, match="sample 3 .* kink of layer '1'"):
        module_rank(module, x)


def test_the_layer_of_an_unknown_operation_is_named():
    module = nn.Sequential(nn.Linear(2, 2), nn.Sequential(Forward(lambda m, h: torch.special.bessel_j0(h))))
    with pytest.raises(ValueError, match="aten.special_bessel_j0.* in layer '1.0'"):
        module_rank(module, X)


def test_several_inputs_and_tied_weights():
    class Siamese(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(2, 3)
            self.second = nn.Linear(2, 3)
            self.second.weight = self.first.weight

        def forward(self, x, y):
            return (torch.tanh(self.first(x)) * torch.tanh(self.second(y))).sum(-1, keepdim=True)

    found = module_rank(Siamese(), (np.random.default_rng(1).normal(size=(30, 2)), np.random.default_rng(2).normal(size=(30, 2))))
    assert (found.rank, found.certified) == (12, True)  # 6 weights at two places, 3 + 3 biases
