"""Widening torch modules, as a function and from the command line."""

import numpy as np
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch")
nn = torch.nn

from numerics.modules.widening import UnsupportedModule, widen  # noqa: E402
from proofs_check.commands.embed import command  # noqa: E402


def perceptron():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Sequential(nn.Linear(4, 5), nn.GELU()), nn.Linear(5, 2))


def convolutional():
    torch.manual_seed(0)
    head = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.MaxPool2d(2))
    return nn.Sequential(head, nn.Conv2d(3, 2, 2), nn.Tanh(), nn.Flatten(), nn.Linear(8, 3))


@pytest.mark.parametrize("layer", [1, 2])
@pytest.mark.parametrize("alpha", [0.5, -1.5, 0.0])
def test_a_perceptron_keeps_outputs_and_critical_points(layer, alpha):
    module, x = perceptron().double(), torch.randn(40, 3, dtype=torch.float64)
    found = widen(module, layer, 2, alpha)
    torch.testing.assert_close(found.module(x), module(x), rtol=1e-13, atol=1e-13)
    assert found.module(x).shape == (40, 2) and max(found.output_error, found.gradient_error) <= 1
    # at targets for which the narrow module is critical, the wide one is
    output = module(x).detach()
    rows = torch.stack(
        [
            torch.cat([g.ravel() for g in torch.autograd.grad(entry, list(module.parameters()), retain_graph=True)])
            for entry in module(x).ravel()
        ]
    )
    residual = torch.randn(output.numel(), dtype=torch.float64)
    basis = torch.linalg.svd(rows, full_matrices=False)
    range_of = basis.U[:, basis.S > 1e-12 * basis.S[0]]
    residual = residual - range_of @ (range_of.T @ residual)
    (0.5 * ((found.module(x) - output + residual.reshape(output.shape)) ** 2).sum()).backward()
    assert residual.norm() > 0.1 and all(float(p.grad.abs().max()) < 1e-11 for p in found.module.parameters())


@pytest.mark.parametrize("layer", [1, 2])
@pytest.mark.parametrize("training", [True, False])
def test_channels_through_normalization_pooling_and_flattening(layer, training):
    module, x = convolutional().train(training), torch.randn(4, 1, 8, 8)
    buffers = {name: buffer.clone() for name, buffer in module.named_buffers()}
    wide = widen(module, layer, 1, 0.3, inputs=x).module
    assert all(torch.equal(buffer, buffers[name]) for name, buffer in module.named_buffers())
    torch.testing.assert_close(wide(x), module(x), rtol=1e-5, atol=1e-6)


def test_a_fraction_beyond_the_precision_is_refused():
    """In single precision alpha = 1e8 and 1 - 1e8 cancel: the outputs would be others, however exact the map."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 2))
    with pytest.raises(ValueError, match="beyond what torch.float32 carries"):
        widen(module, 1, 1, 1e8)
    widen(module.double(), 1, 1, 1e4)


def test_the_module_given_stays_as_it_is():
    module = perceptron()
    before = [p.clone() for p in module.parameters()]
    widen(module, 1, 0, 0.5)
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True))


@pytest.mark.parametrize(
    ("module", "arguments", "error", "message"),
    [
        (perceptron, (3, 0, 0.5), ValueError, "layer must be from 1 to 2"),
        (perceptron, (1, 4, 0.5), ValueError, "neuron must be from 0 to 3"),
        (perceptron, (1, 0, "half"), ValueError, "alpha must be a finite number"),
        (perceptron, (1, 0, float("inf")), ValueError, "alpha must be a finite number"),
        (lambda: nn.Sequential(nn.Linear(2, 2)), (1, 0, 0.5), ValueError, "layer must be from 1 to 0"),
        (lambda: nn.Linear(2, 2), (1, 0, 0.5), UnsupportedModule, "must be a torch.nn.Sequential"),
        (lambda: nn.ModuleList([nn.Linear(2, 2)]), (1, 0, 0.5), UnsupportedModule, "must be a torch.nn.Sequential"),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2), nn.Linear(2, 1)), (1, 0, 0.5), UnsupportedModule, "1: LayerNorm may mix"),
        (lambda: nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5), nn.Linear(2, 1)), (1, 0, 0.5), UnsupportedModule, "1: dropout"),
        (lambda: nn.Sequential(nn.Conv1d(2, 2, 1, groups=2), nn.Conv1d(2, 1, 1)), (1, 0, 0.5), UnsupportedModule, "groups = 2"),
        (convolutional, (1, 0, 0.5), ValueError, "inputs must be given"),
    ],
)
def test_bad_arguments_are_named(module, arguments, error, message):
    with pytest.raises(error, match=message):
        widen(module(), *arguments)


@pytest.fixture
def module_file(tmp_path):
    file = tmp_path / "user_module.py"
    file.write_text(
        "import torch\n"
        "net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))\n"
        "def conv():\n    return torch.nn.Sequential(torch.nn.Conv1d(2, 3, 2), torch.nn.ReLU(), torch.nn.Conv1d(3, 1, 2))\n"
    )
    return file


def run(*arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def test_the_command_writes_the_wide_state(module_file, tmp_path):
    from safetensors.torch import load_file

    out = tmp_path / "wide.safetensors"
    result = run(f"{module_file}:net", "--layer", 1, "--neuron", 0, "--alpha", 0.25, "--out", out)
    assert result.exit_code == 0 and "26 -> 32 parameters" in result.output
    state = load_file(out)
    assert state["0.weight"].shape == (5, 3) and state["2.weight"].shape == (2, 5)
    torch.testing.assert_close(state["2.weight"][:, 4] * 3, state["2.weight"][:, 0])


def test_the_command_takes_inputs_or_their_shape(module_file, tmp_path):
    samples, out = tmp_path / "x.npy", tmp_path / "wide.safetensors"
    np.save(samples, np.random.default_rng(0).normal(size=(4, 2, 6)))
    common = (f"{module_file}:conv", "--layer", 1, "--neuron", 2, "--alpha", 2, "--out", out)
    assert run(*common, "--inputs", samples).exit_code == 0
    assert run(*common, "--input-shape", "2,6").exit_code == 0


@pytest.mark.parametrize(
    ("target", "extra", "message"),
    [
        ("net", ("--layer", 2), "layer must be from 1 to 1"),
        ("nothing", ("--layer", 1), "defines no 'nothing'"),
        ("conv", ("--layer", 1), "inputs must be given"),
        ("conv", ("--layer", 1, "--input-shape", "two"), "integers separated by commas"),
    ],
)
def test_the_command_tells_what_is_wrong(module_file, tmp_path, target, extra, message):
    out = tmp_path / "wide.safetensors"
    result = run(f"{module_file}:{target}", *extra, "--neuron", 0, "--alpha", 0.5, "--out", out)
    assert result.exit_code == 2 and message in result.output and not out.exists()


NETS = "from torch import nn\nimport torch\ntorch.manual_seed(0)\nnet = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))\n"


def several(tmp_path, monkeypatch, *arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS)
    return CliRunner().invoke(command, ["nets.py:net", *map(str, arguments), "--out", "wide.safetensors"])


def test_several_splits_in_a_call_and_by_a_plan(tmp_path, monkeypatch):
    """A copy is the last neuron of its layer, and is split again; coefficients (1/2)(1/3), 1/2 and (1/2)(2/3) add up to 1."""
    from safetensors.numpy import load_file

    twice = ["--layer", 1, "--neuron", 0, "--alpha", 0.5, "--layer", 1, "--neuron", 3, "--alpha", 0.25]
    done = several(tmp_path, monkeypatch, *twice)
    assert done.exit_code == 0 and "13 -> 21 parameters, 2 splits" in done.output
    one = load_file(tmp_path / "wide.safetensors")
    (tmp_path / "plan.csv").write_text("layer, neuron, alpha\n1, 0, 0.5\n1, 3, 0.25\n")
    assert several(tmp_path, monkeypatch, "--plan", "plan.csv").exit_code == 0
    other = load_file(tmp_path / "wide.safetensors")
    assert all((one[name] == other[name]).all() for name in one)
    assert (one["0.weight"][[0, 3, 4]] == one["0.weight"][0]).all()
    shares = one["2.weight"][0, [0, 3, 4]] / one["2.weight"][0, [0, 3, 4]].sum()
    assert abs(shares - [0.5, 0.375, 0.125]).max() < 1e-6


@pytest.mark.parametrize(
    ("arguments", "plan", "told"),
    [
        ([], None, "--layer, --neuron and --alpha are given once for each split, or a --plan; got them 0, 0 and 0 times"),
        (["--layer", 1, "--neuron", 0], None, "got them 1, 1 and 0 times"),
        (["--layer", 1, "--neuron", 0, "--alpha", 1, "--plan", "plan.csv"], "layer,neuron,alpha\n1,0,1\n", "not both"),
        (["--plan", "plan.csv"], "layer,neuron\n1,0\n", "expected the columns layer, neuron, alpha"),
        (["--plan", "plan.csv"], "layer,neuron,alpha\n1,0,half\n", "in row 2"),
        (["--plan", "plan.csv"], "layer,neuron,alpha\n", "found none"),
        (["--plan", "plan.csv"], "layer,neuron,alpha\n1,0,1\n1,9,1\n", "split 2 of 2: neuron must be from 0 to 3 in layer 1, got 9"),
    ],
)
def test_splits_that_do_not_fit_are_told_in_one_sentence(tmp_path, monkeypatch, arguments, plan, told):
    if plan is not None:
        (tmp_path / "plan.csv").write_text(plan)
    done = several(tmp_path, monkeypatch, *arguments)
    assert done.exit_code == 2 and told in done.output and len(done.output.splitlines()) == 1
    assert not (tmp_path / "wide.safetensors").exists()
