"""Deepening and pruning of stored and torch networks, and the commands lift and prune."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from numerics.modules.deepening import Layers, deepen, layers_from_state, layers_of, linearity, merge_layer, prune, state_of
from theory.activations import activation
from theory.models import FullyConnected

ROOT = Path(__file__).resolve().parents[3]


def random_layers(widths=(3, 5, 4, 2), name="relu", seed=0):
    rng = np.random.default_rng(seed)
    pairs = list(zip(widths[1:], widths, strict=False))
    weights, biases = tuple(rng.normal(size=pair) for pair in pairs), tuple(rng.normal(size=m) for m, _ in pairs)
    return Layers(weights, biases, (activation(name),) * (len(pairs) - 1)), rng.normal(size=(30, widths[0]))


@pytest.mark.parametrize("output_bias", [True, False])
def test_the_layers_of_a_model_are_its_function(output_bias):
    model = FullyConnected((3, 4, 2, 2), "tanh", output_bias=output_bias)
    theta, x = np.random.default_rng(3).normal(size=model.n_params), np.random.default_rng(4).normal(size=(6, 3))
    assert layers_of(model, theta)(x) == pytest.approx(model(theta, x), abs=1e-13)


@pytest.mark.parametrize("name", ["relu", "leaky", "hardtanh", "hinge3"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_deepened_and_pruned_networks_have_the_same_outputs(name, after):
    layers, x = random_layers(name=name)
    deep = deepen(layers, x, after, width=6)
    size = np.abs(layers(x)).max()
    assert deep.depth == layers.depth + 1 and np.abs(deep(x) - layers(x)).max() < 1e-11 * size
    found = linearity(deep, x, after + 1)
    assert found.exact and found.is_linear()
    assert np.abs(merge_layer(deep, found)(x) - layers(x)).max() < 1e-11 * size


def test_a_smooth_layer_near_zero_is_affine_by_its_fit():
    layers, x = random_layers((2, 3, 3, 1), "tanh")
    small = Layers((layers.weights[0], 1e-3 * layers.weights[1], layers.weights[2]), layers.biases, layers.activations)
    small = Layers(small.weights, (small.biases[0], 0 * small.biases[1], small.biases[2]), small.activations)
    found = linearity(small, x, 2)
    assert not found.exact and found.determined and found.is_linear() and not linearity(small, x, 1).is_linear()
    pruned = prune(small, x)
    assert pruned.removed == (2,) and pruned.change < 1e-5


def test_few_samples_decide_nothing_by_fit():
    layers, x = random_layers((2, 3, 3, 1), "tanh")
    found = linearity(layers, x[:3], 1)
    assert not found.determined and not found.is_linear() and prune(layers, x[:3]).removed == ()


def test_state_dicts_round_trip():
    layers, x = random_layers()
    prefix, again = layers_from_state(state_of(layers, prefix="net."), "relu")
    assert prefix == "net." and (again(x) == layers(x)).all()


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda layers, x: deepen(layers, x, 3), "after must be a layer from 0"),
        (lambda layers, x: deepen(layers, x[:, :2], 1), r"shape \(n, 3\)"),
        (lambda layers, x: deepen(layers, x * np.nan, 1), "x must be finite"),
        (lambda layers, x: deepen(layers, x, 1, width=1), "width must be at least 4"),
        (lambda layers, x: deepen(layers, x, 1, inserted="tanh"), "tanh has no affine piece"),
        (lambda layers, x: linearity(layers, x, 3), "hidden layer from 1 to 2"),
        (lambda layers, x: prune(layers, x, tolerance=1), "tolerance must be"),
        (lambda layers, x: layers_from_state({"conv.weight": np.ones((2, 2, 3))}, "relu"), "NUMBER.weight"),
        (lambda layers, x: Layers(layers.weights[:2], layers.biases[:1], ()), "L weights and biases"),
        (lambda layers, x: Layers(layers.weights[::2], layers.biases[::2], layers.activations[:1]), "layer 2 must have weights"),
    ],
)
def test_bad_input_is_named(action, message):
    with pytest.raises(ValueError, match=message):
        action(*random_layers())


def test_torch_modules():
    torch = pytest.importorskip("torch")
    from numerics.modules.deepening import deepen_module, prune_module, read_module

    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Linear(3, 5), torch.nn.LeakyReLU(0.1), torch.nn.Linear(5, 4, bias=False), torch.nn.LeakyReLU(0.1), torch.nn.Linear(4, 2)
    ).double()
    x = torch.randn(40, 3, dtype=torch.float64)
    for after in range(3):
        deep = deepen_module(module, x, after, width=5)
        assert len(deep) == 7 and torch.allclose(deep(x), module(x), atol=1e-11)
        back, pruned = prune_module(deep, x)
        assert pruned.removed == (after + 1,) and torch.allclose(back(x), module(x), atol=1e-10)
        assert [tuple(p.shape) for p in back.parameters()][::2] == [(5, 3), (4, 5), (2, 4)]
    assert read_module(module).depth == 3
    with pytest.raises(TypeError, match="BatchNorm1d"):
        deepen_module(torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2), torch.nn.Linear(2, 1)), x, 0)


def test_commands_lift_and_prune(tmp_path):
    from safetensors.numpy import load_file, save_file

    from proofs_check.commands.lift import command as lift_command
    from proofs_check.commands.prune import command as prune_command

    layers, x = random_layers()
    model, data, deep, back = (tmp_path / name for name in ("model.safetensors", "x.npy", "deep.safetensors", "back.safetensors"))
    save_file(state_of(layers, dtype=np.float32), model)
    np.save(data, x.astype(np.float32))
    run = CliRunner().invoke(
        lift_command, [str(model), "--data", str(data), "--activation", "relu", "--after", "1", "--width", "6", "--out", str(deep)]
    )
    assert run.exit_code == 0 and "widths [3, 5, 6, 4, 2], layer 2 is new" in run.output
    _, deeper = layers_from_state(load_file(deep), "relu")
    assert np.abs(deeper(x) - layers(x)).max() < 1e-4
    run = CliRunner().invoke(prune_command, [str(deep), "--data", str(data), "--activation", "relu", "--out", str(back)])
    assert run.exit_code == 0 and "layer 2: affine (open pieces), merged" in run.output
    assert layers_from_state(load_file(back), "relu")[1].depth == layers.depth


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_the_change_that_is_told_is_that_of_the_file(tmp_path, dtype):
    """In half precision the layers that were put together move the outputs visibly, which double precision would not show."""
    from safetensors.numpy import load_file, save_file

    from proofs_check.commands.lift import command as lift_command
    from proofs_check.commands.prune import command as prune_command

    layers, x = random_layers()
    model, data, deep, back = (tmp_path / name for name in ("model.safetensors", "x.npy", "deep.safetensors", "back.safetensors"))
    save_file(state_of(layers, dtype=dtype), model)
    np.save(data, x)
    given = ["--data", str(data), "--activation", "relu"]
    for command, source, out, more in ((lift_command, model, deep, ["--after", "1"]), (prune_command, deep, back, [])):
        run = CliRunner().invoke(command, [str(source), *given, *more, "--out", str(out)])
        before, after = (layers_from_state(load_file(file), "relu")[1] for file in (source, out))
        change = np.abs(after(x) - before(x)).max()
        assert run.exit_code == 0 and f"largest change of an output on the data {change:.2g}" in run.output
        assert change > np.finfo(dtype).eps / 10


@pytest.mark.parametrize("dtype", [np.int8, np.int64, bool])
def test_weights_that_hold_no_fractions_are_refused(tmp_path, dtype):
    from safetensors.numpy import save_file

    from proofs_check.commands.lift import command as lift_command
    from proofs_check.commands.prune import command as prune_command

    layers, x = random_layers()
    model, data, out = (tmp_path / name for name in ("model.safetensors", "x.npy", "out.safetensors"))
    save_file(state_of(layers, dtype=dtype), model)
    np.save(data, x)
    for command, more in ((lift_command, ["--after", "1"]), (prune_command, [])):
        run = CliRunner().invoke(command, [str(model), "--data", str(data), "--activation", "relu", "--out", str(out), *more])
        assert run.exit_code == 2 and f"floating point, got {np.dtype(dtype)}" in run.output and not out.exists()


def test_the_command_takes_leaky_units_of_any_slope():
    from proofs_check.commands._inputs import activation_called

    assert activation_called("leaky:0.01").pieces[0][1] * 100 == 1 and activation_called("relu").name == "relu"


def test_commands_tell_what_is_wrong(tmp_path):
    from safetensors.numpy import save_file

    from proofs_check.commands.lift import command

    layers, x = random_layers()
    model, data, out = (str(tmp_path / name) for name in ("model.safetensors", "x.npy", "out.safetensors"))
    save_file(state_of(layers), model)
    np.save(data, x)
    mistakes = [
        "--after 1 --width 1",
        "--after 1 --activation tanh --width 5",
        "--after 1 --activation leaky:x",
        f"--after 1 --data {model}",
    ]
    for wrong in ["--after 7", *mistakes]:
        run = CliRunner().invoke(command, [model, "--data", data, "--activation", "relu", "--out", out, *wrong.split()])
        assert run.exit_code == 2 and run.output.startswith("proofs-check: ")


def test_a_lift_is_checked_with_torch_alone():
    pytest.importorskip("torch")
    run = subprocess.run([sys.executable, ROOT / "examples" / "check_lift.py"], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert run.returncode == 0 and "outputs agree" in run.stdout, run.stdout + run.stderr


@pytest.mark.parametrize("kind", ["hook", "forward of its own", "forward of its class", "parametrization"])
def test_what_layers_do_not_show_is_not_read_from_them(kind):
    import torch
    from torch import nn

    from numerics.modules.deepening import prune_module, read_module

    class Squared(nn.Sequential):
        def forward(self, x):
            return super().forward(x) ** 2

    class Named(nn.Sequential):
        """Computes what its layers do."""

    module = (Squared if kind == "forward of its class" else Named)(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
    assert kind == "forward of its class" or read_module(module).depth == 2
    if kind == "hook":
        module[0].register_forward_hook(lambda layer, inputs, output: 0 * output)
    elif kind == "forward of its own":
        module[1].forward = torch.sin
    elif kind == "parametrization":
        nn.utils.parametrizations.weight_norm(module[0])
    with pytest.raises(TypeError, match="hooks, parametrizations or a forward of its own|must be a Sequential of Linear layers"):
        read_module(module)
    with pytest.raises(TypeError, match="hooks, parametrizations or a forward of its own|must be a Sequential of Linear layers"):
        prune_module(module, np.ones((4, 2)))
