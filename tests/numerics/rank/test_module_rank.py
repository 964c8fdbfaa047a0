"""Ranks of torch modules: read as models where they can be, in floats elsewhere, refused with a reason."""

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from numerics.arithmetic.exact import NoExactValue
from numerics.rank import empirical_rank, module_model_rank, module_rank
from proofs_check.commands.rank import command
from theory.models import TwoLayer

X = np.random.default_rng(0).normal(size=(40, 2))


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def test_a_sequential_is_ranked_as_the_network_that_it_is():
    module = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    found = module_rank(module, X)
    theta = np.concatenate([parameter.detach().numpy().ravel() for parameter in module.parameters()])
    assert found == empirical_rank(TwoLayer(2, 3, bias=True, output_bias=True), theta, X)
    assert (found.rank, found.certified) == (13, True)


@pytest.mark.parametrize(
    ("layers", "rank"),
    [
        ([nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 3, bias=False), nn.SiLU(), nn.Linear(3, 2)], 32),
        ([nn.Sequential(nn.Linear(2, 3), nn.Sigmoid()), nn.Identity(), nn.Linear(3, 1, bias=False)], 12),
        ([nn.Linear(2, 2), nn.Softplus(), nn.Linear(2, 2), nn.Softplus(), nn.Linear(2, 1)], 15),
        ([nn.Flatten(), nn.Linear(2, 3)], 9),
    ],
)
def test_mixed_layers_are_certified_by_balls(layers, rank):
    found = module_rank(nn.Sequential(*layers), torch.as_tensor(X))
    assert (found.rank, found.certified) == (rank, True)
    assert json.dumps(found.certificate)


def test_a_repeated_neuron_lowers_the_rank():
    module = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)).double()
    with torch.no_grad():
        module[0].weight[1], module[0].bias[1] = module[0].weight[0], module[0].bias[0]
    assert module_rank(module, X).rank == 5


def test_other_modules_are_certified_as_graphs():
    module = nn.Sequential(nn.Conv1d(1, 2, 3), nn.Tanh(), nn.Flatten(), nn.Linear(6, 1))
    found = module_rank(module, np.random.default_rng(1).normal(size=(40, 1, 5)))
    assert (found.rank, found.certified, found.method) == (15, True, "ball")


def test_a_hook_that_changes_the_output_is_read_too():
    module = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    module.register_forward_hook(lambda module, inputs, output: output**2)
    found = module_rank(module, X)
    assert found.certified and found.certificate["kind"] == "minor of a module"


def test_frozen_parameters_do_not_count():
    module = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    module[0].requires_grad_(False)
    found = module_rank(module, X)
    assert (found.rank, found.certified) == (4, True)


def test_without_a_gap_the_bounds_stay_apart():
    module = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1)).double()
    found = module_rank(module, np.linspace(-1, 1, 60)[:, None], "float")
    assert found.estimate is None and (found.lower, found.upper) == (0, 49) and not found.certified


class Squared(nn.Module):
    def __init__(self, dtype=torch.float64, **options):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(2, dtype=dtype), requires_grad=dtype.is_floating_point or dtype.is_complex)

    def forward(self, x):
        return (x * self.weight) ** 2


def test_a_module_of_ones_own():
    assert module_rank(Squared(), X).rank == 2
    assert module_rank(Squared(), X, "float").estimate == 2
    assert module_rank(Squared(), X, "exact").method == "exact"


class Sine(Squared):
    def forward(self, x):
        return torch.sin(x * self.weight)


def training_batch_norm():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Linear(3, 1))


@pytest.mark.parametrize(
    ("module", "inputs", "message"),
    [
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.Dropout()), X, "training mode"),
        (training_batch_norm, X, "training mode"),
        (lambda: Squared(torch.float16), X, "float32 or float64, got torch.float16"),
        (lambda: Squared(torch.complex128), X, "float32 or float64, got torch.complex128"),
        (lambda: Squared(torch.int64), X, "no parameters with requires_grad"),
        (nn.Identity, X, "no parameters"),
        (Squared, X[0], r"shape \(n, ...\)"),
        (Squared, X.astype(complex), "real numbers"),
        (Squared, X.astype(np.float16), "single precision"),
        (Squared, np.full((2, 2), np.nan), "finite"),
        (lambda: nn.Linear(3, 1), X, "do not fit"),
    ],
)
def test_bad_modules_and_inputs(module, inputs, message):
    with pytest.raises(ValueError, match=message):
        module_rank(module(), inputs)


def test_what_is_no_module_and_what_has_no_exact_value():
    with pytest.raises(TypeError, match=r"torch.nn.Module, got function"):
        module_rank(training_batch_norm, X)
    with pytest.raises(NoExactValue, match="rational on each piece"):
        module_rank(Sine(), X, "exact")
    with pytest.raises(ValueError, match="method must be one of"):
        module_rank(Squared(), X, "guess")


@pytest.fixture
def files(tmp_path):
    np.save(tmp_path / "x.npy", X)
    (tmp_path / "nets.py").write_text(
        "from torch import nn\n"
        "net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)).double()\n"
        "def made(): return net\n"
        "drop = nn.Sequential(nn.Linear(2, 1), nn.Dropout())\n"
    )
    return tmp_path


@pytest.mark.parametrize("name", ["net", "made"])
def test_the_command_prints_the_rank(files, name):
    found = CliRunner().invoke(command, [f"{files / 'nets.py'}:{name}", "--inputs", str(files / "x.npy")])
    assert found.exit_code == 0 and found.output.startswith("rank 9 (certified")


def test_the_command_prints_json(files):
    found = CliRunner().invoke(command, [f"{files / 'nets.py'}:net", "--inputs", str(files / "x.npy"), "--json"])
    assert json.loads(found.output)["rank"] == 9


@pytest.mark.parametrize(
    ("described", "message"),
    [("nets.py", "PATH.py:NAME"), ("nets.py:none", "defines no 'none'"), ("nets.py:drop", "training mode"), ("gone.py:net", "found none")],
)
def test_the_command_tells_what_is_wrong(files, described, message):
    found = CliRunner().invoke(command, [str(files / described), "--inputs", str(files / "x.npy")])
    assert found.exit_code == 2 and message in found.output


@pytest.mark.parametrize("scale", [1e-200, 1e200])
@pytest.mark.parametrize("activation", [nn.Tanh, nn.Sigmoid])
def test_all_inputs_of_layers_whose_weights_leave_usual_inputs_saturated_or_linear(activation, scale):
    """The samples of the known layers lie where their neurons change, whatever the scale of the weights."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 3), activation(), nn.Linear(3, 1)).double()
    for parameter in network.parameters():
        parameter.data *= scale
    found = module_model_rank(network, np.zeros((1, 2)))
    assert (found.rank, found.certified) == (13, True)


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_a_layer_without_neurons_leaves_the_constant():
    network = nn.Sequential(nn.Linear(2, 0), nn.Tanh(), nn.Linear(0, 1)).double()
    for found in (module_rank(network, X), module_model_rank(network, X[:1])):
        assert (found.rank, found.certified) == (1, True)


def _rectified(*weights):
    layers = [nn.Linear(1, 1, bias=False, dtype=torch.float64) for _ in weights]
    with torch.no_grad():
        for layer, weight in zip(layers, weights, strict=True):
            layer.weight.fill_(weight)
    return nn.Sequential(layers[0], nn.ReLU(), layers[1], nn.ReLU(), nn.Linear(1, 1, dtype=torch.float64))


def test_inputs_drawn_at_a_kink_are_left_out():
    """Where the first neuron is dead, the second one is at its kink: half of the inputs show the rank."""
    inputs = np.array([[1.0], [-1.0], [2.0]])
    assert module_model_rank(_rectified(1.0, 1.0), inputs).rank == 2
    with pytest.raises(ValueError, match="sample 1 lies on"):
        module_rank(_rectified(1.0, 1.0), inputs)
    with pytest.raises(ValueError, match="each of .* drawn inputs lies on"):
        module_model_rank(_rectified(1.0, 0.0), inputs)


def test_an_open_rank_takes_the_narrower_bounds():
    """What known layers prove where inputs of size one show one direction."""
    module = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    rng = np.random.default_rng(0)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.as_tensor(rng.uniform(-1, 1, parameter.shape) * 1e150))
    found = module_model_rank(module, rng.normal(size=(3, 2)))
    assert 9 < found.lower <= found.upper == 25
