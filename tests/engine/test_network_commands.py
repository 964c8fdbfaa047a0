"""embed, lift and prune take a network in either form, and what one of them writes the next command reads."""

import importlib
import json

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import load_file, save_file

from numerics.modules.deepening import Layers, layers_from_state, linearity, prune, state_of
from numerics.modules.residual import residual_block, state_with_block, take_block, with_block
from numerics.modules.splitting import split_state
from numerics.modules.trained import network_of_module, network_of_state
from theory.activations import activation

MODULE = """
import torch
from safetensors.torch import load_file

from numerics.modules.residual import residual_block


def make(name="tanh"):
    between = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[name]
    return torch.nn.Sequential(torch.nn.Linear(2, 3), between(), torch.nn.Linear(3, 4), between(), torch.nn.Linear(4, 2))


def net():
    found = make()
    found.load_state_dict(load_file("net.safetensors"))
    return found


def rectified():
    found = make("relu")
    found.load_state_dict(load_file("net.safetensors"))
    return found


def deep():
    first, sigma, *rest = make()
    found = torch.nn.Sequential(first, sigma, residual_block(3, torch.nn.Tanh()), *rest)
    found.load_state_dict(load_file("deep.safetensors"))
    return found


def misplaced():
    first, sigma, *rest = make()
    return torch.nn.Sequential(first, residual_block(3, torch.nn.Tanh()), sigma, *rest)


def twice():
    return torch.nn.Sequential(*(residual_block(2, torch.nn.Tanh()) for _ in range(2)), *make())


def mixed():
    return torch.nn.Sequential(residual_block(2, torch.nn.ReLU()), *make())
"""


def run(command, *arguments):
    found = importlib.import_module(f"proofs_check.commands.{command}").command
    return CliRunner().invoke(found, list(map(str, arguments)))


def layers(widths=(2, 3, 4, 2), sigma="tanh", seed=0):
    rng = np.random.default_rng(seed)
    pairs = list(zip(widths, widths[1:], strict=False))
    weights, biases = tuple(rng.normal(size=(m, d)) for d, m in pairs), tuple(rng.normal(size=m) for _, m in pairs)
    return Layers(weights, biases, (activation(sigma),) * (len(pairs) - 1))


@pytest.fixture
def files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(MODULE)
    save_file(state_of(layers(), dtype=np.float32), "net.safetensors")
    rng = np.random.default_rng(1)
    np.save("x.npy", rng.normal(size=(9, 2)).astype(np.float32))
    np.save("y.npy", rng.integers(0, 2, 9))
    return tmp_path


@pytest.mark.parametrize("form", [("nets.py:net",), ("net.safetensors", "--activation", "tanh")])
def test_the_two_forms_of_a_network_are_split_alike(files, form):
    given = ("--layer", 1, "--neuron", 2, "--alpha", 0.3, "--layer", 2, "--neuron", 0, "--alpha", -1, "--data", "x.npy")
    found = run("embed", *form, *given, "--out", "wide.safetensors")
    assert found.exit_code == 0 and "35 -> 49 parameters, 2 splits" in found.output, found.output
    wide, x = layers_from_state(load_file("wide.safetensors"), "tanh")[1], np.load("x.npy").astype(float)
    narrow = layers_from_state(load_file("net.safetensors"), "tanh")[1]
    assert [W.shape for W in wide.weights] == [(4, 2), (5, 4), (2, 5)]
    assert np.abs(wide(x) - narrow(x)).max() < 1e-5 and load_file("wide.safetensors")["0.weight"].dtype == np.float32
    again = run(
        "embed", "wide.safetensors", "--activation", "tanh", "--layer", 2, "--neuron", 4, "--alpha", 0.5, "--out", "wider.safetensors"
    )
    assert again.exit_code == 0 and "49 -> 56 parameters" in again.output, again.output


WEIGHTS = """
import torch


def of(*steps):
    return torch.nn.Sequential(*steps)


def net():
    torch.manual_seed(0)
    return of(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1)).double()


def undefined():
    found = net()
    found[0].weight.data[0, 0] = float("nan")
    return found


def brain():
    return net().to(torch.bfloat16)


def partly():
    found = net()
    found[2].float()
    return found


empty, number = of(), 3
without = of(torch.nn.Linear(2, 3, bias=False), torch.nn.ReLU(), torch.nn.Linear(3, 1, bias=False)).double()
some = of(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1, bias=False)).double()
two_kinds = of(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1)).double()
"""


@pytest.fixture
def odd(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "odd.py").write_text(WEIGHTS)
    x = np.random.default_rng(0).normal(size=(9, 2))
    arrays = {"x": x, "nan": np.where(x > 1, np.nan, x), "wide": np.hstack([x, x]), "complex": x + 1j, "words": np.array([["a", "b"]] * 3)}
    for name, values in arrays.items():
        np.save(f"{name}.npy", values)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("undefined", ("--inputs", "x.npy"), "the weights of the module must be finite, those of 0.weight are not"),
        ("net", ("--inputs", "nan.npy"), "inputs must be finite, got nan at sample"),
        ("net", ("--inputs", "wide.npy"), "inputs of shape (9, 4) do not pass through the module"),
        ("net", ("--inputs", "complex.npy"), "inputs must be real numbers, got complex128"),
        ("net", ("--inputs", "words.npy"), "inputs must be real numbers, got <U1"),
        ("net", ("--input-shape", "0"), "inputs of shape (8, 0) do not pass through the module"),
        ("brain", ("--inputs", "x.npy"), "expected weights of one type, float16, float32 or float64, got torch.bfloat16"),
        ("partly", ("--inputs", "x.npy"), "expected weights of one type, float16, float32 or float64, got torch.float32, torch.float64"),
        ("empty", ("--inputs", "x.npy"), "layer must be from 1 to 0"),
        ("number", ("--inputs", "x.npy"), "expected a torch.nn.Module, got int"),
    ],
)
def test_what_cannot_be_split_is_said_in_one_sentence(odd, name, given, message):
    """A NaN compares with no bound: outputs that were none passed as checked, and a file was written."""
    found = run("embed", f"odd.py:{name}", "--layer", 1, "--neuron", 0, "--alpha", 0.3, *given, "--out", "wide.safetensors")
    assert found.exit_code == 2 and message in found.output and not (odd / "wide.safetensors").exists(), found.output


def test_values_that_leave_the_range_are_no_check():
    import torch

    from numerics.modules.widening import widen

    module = torch.nn.Sequential(torch.nn.Linear(1, 1), torch.nn.ReLU(), torch.nn.Linear(1, 1))
    for parameter in module.parameters():
        parameter.data.fill_(1e30)
    with pytest.raises(ValueError, match="leave the range of its number type"):
        widen(module, 1, 0, 0.5, inputs=torch.ones(2, 1))


def scaled_state(first, second):
    """A network (2, 2, 1) of moderate outputs with layers of the sizes ``first`` and ``second``."""
    rng = np.random.default_rng(0)
    state = {"0.weight": rng.normal(size=(2, 2)), "0.bias": rng.normal(size=2), "2.weight": rng.normal(size=(1, 2)), "2.bias": np.ones(1)}
    return {name: value * (first if name[0] == "0" else second if name == "2.weight" else 1) for name, value in state.items()}


@pytest.mark.parametrize(
    ("command", "first", "second", "given", "words"),
    [
        ("embed", 1e200, 1e200, ("--activation", "tanh", "--layer", 1, "--neuron", 0, "--alpha", 0.5), "leave the range of floats"),
        ("lift", 1e200, 1e200, ("--activation", "relu", "--after", 1), "leave the range of floats"),
        ("lift", 1e-200, 1e200, ("--activation", "relu", "--after", 0), "beyond what float64 carries"),
        ("lift", 1e-200, 1e200, ("--activation", "tanh", "--after", 1), "beyond what float64 carries"),
    ],
)
def test_weights_that_floats_do_not_carry_are_refused(files, recwarn, command, first, second, given, words):
    """Gradients that were NaN passed as checked; lifts were written that changed outputs by as much as these are."""
    save_file(scaled_state(first, second), "sizes.safetensors")
    if command == "lift" and first > 1:
        np.save("far.npy", np.load("x.npy").astype(float) * 1e200)
        given = (*given, "--data", "far.npy")
    else:
        given = (*given, "--data", "x.npy")
    found = run(command, "sizes.safetensors", *given, "--out", "made.safetensors")
    assert found.exit_code == 2 and words in found.output and not (files / "made.safetensors").exists(), found.output
    assert not recwarn.list


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_what_a_fit_leaves_has_no_unit(files, size):
    """Squares of small values vanished, so that every neuron counted as affine; those of large ones were infinite."""
    layers = layers_from_state(scaled_state(size, 1 / size), "relu")[1]
    x = np.load("x.npy").astype(float)
    assert np.allclose(linearity(layers, x, 1).unexplained, linearity(layers_from_state(scaled_state(1, 1), "relu")[1], x, 1).unexplained)


def test_one_sample_many_times_decides_nothing(files):
    """Any function of one point is constant there: a fit to repeated samples says nothing of the layer."""
    x = np.repeat(np.load("x.npy")[:1].astype(float), 20, axis=0)
    layers = layers_from_state(scaled_state(1, 1), "tanh")[1]
    assert not linearity(layers, x, 1).determined and prune(layers, x).removed == ()
    save_file(scaled_state(1, 1), "sizes.safetensors")
    np.save("same.npy", x)
    found = run("prune", "sizes.safetensors", "--activation", "tanh", "--data", "same.npy", "--out", "made.safetensors")
    assert found.exit_code == 0 and "too few samples to tell" in found.output, found.output


@pytest.mark.parametrize(("name", "without"), [("without", "layers 1, 2 have no biases"), ("some", "layer 2 has no biases")])
def test_biases_that_a_lift_adds_are_told(odd, name, without):
    """In a new bias the gradient is the mean error of its layer, which vanishes at a critical point only where the layer had one."""
    found = run("lift", f"odd.py:{name}", "--data", "x.npy", "--after", 1, "--out", "deep.safetensors")
    assert found.exit_code == 0 and without in found.output and "need not vanish" in found.output, found.output
    assert "biases" not in run("lift", "odd.py:two_kinds", "--data", "x.npy", "--after", 1, "--out", "deep.safetensors").output


def test_pruning_adds_no_biases_that_are_zero(odd):
    found = run("prune", "odd.py:without", "--data", "x.npy", "--out", "pruned.safetensors")
    assert found.exit_code == 0 and "biases" not in found.output and sorted(load_file("pruned.safetensors")) == ["0.weight", "2.weight"]


def test_a_lift_takes_the_activation_of_the_neighbour_that_has_a_piece(odd):
    import torch

    from numerics.modules.deepening import deepen_module
    from proofs_check.commands._inputs import load_module

    found = run("lift", "odd.py:two_kinds", "--data", "x.npy", "--after", 1, "--out", "deep.safetensors")
    assert found.exit_code == 0 and "layer 2 is new" in found.output, found.output
    module, x = load_module("odd.py:two_kinds"), torch.tensor(np.load("x.npy"))
    deep = deepen_module(module, x, 1)
    assert [type(step).__name__ for step in deep][1::2] == ["Tanh", "ReLU", "ReLU"] and torch.allclose(deep(x), module(x))


@pytest.mark.parametrize("form", [("nets.py:net",), ("net.safetensors", "--activation", "tanh")])
def test_a_network_of_any_activation_is_lifted_by_a_residual_block(files, form):
    found = run("lift", *form, "--data", "x.npy", "--after", 1, "--bias", 0.5, "--out", "deep.safetensors")
    assert found.exit_code == 0 and "tanh has no affine piece" in found.output, found.output
    assert "a residual block of 3 neurons with weights 0 and biases 0.5 behind layer 1" in found.output
    given = ("--data", "x.npy", "--labels", "y.npy", "--loss", "cross-entropy", "--json")
    answers = [
        json.loads(run("inertia", *network, *given).output)
        for network in (("deep.safetensors", "--activation", "tanh"), ("nets.py:deep",), ("net.safetensors", "--activation", "tanh"))
    ]
    assert answers[0] == answers[1]
    assert answers[0]["gradient"]["largest"] == pytest.approx(answers[2]["gradient"]["largest"], rel=1e-4)


def test_torch_loads_the_block_that_is_read(files):
    import torch

    shallow, x = layers(), np.load("x.npy").astype(float)
    for after in range(3):
        network, theta = with_block(shallow, after, 0.7)
        assert np.allclose(network(theta, x), shallow(x), rtol=1e-12, atol=1e-12)
        theta = theta + 0.1 * np.random.default_rng(after).normal(size=len(theta))  # weights that are not 0: the block does something
        state = state_with_block(network, theta, prefix="net.")
        block = take_block(state)[1]
        assert block is not None and block[0] == after
        same, values = network_of_state(state, "tanh")
        assert np.allclose(same(values, x), network(theta, x), rtol=1e-13)
        steps = [torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)]
        steps.insert(2 * after, residual_block(network.widths[after], torch.nn.Tanh()))
        module = torch.nn.Sequential(*steps).double()
        module.load_state_dict({name.removeprefix("net."): torch.tensor(value) for name, value in state.items()})
        assert np.allclose(module(torch.tensor(x)).detach().numpy(), network(theta, x), rtol=1e-12)
        read, parameters = network_of_module(module)
        assert read == network and np.array_equal(parameters, theta)


def test_a_module_is_lifted_and_pruned_again(files):
    found = run("lift", "nets.py:rectified", "--data", "x.npy", "--after", 1, "--out", "lifted.safetensors")
    assert found.exit_code == 0 and "layer 2 is new" in found.output, found.output
    again = run("prune", "lifted.safetensors", "--activation", "relu", "--data", "x.npy", "--out", "back.safetensors")
    assert again.exit_code == 0 and "layer 2: affine (open pieces), merged" in again.output, again.output
    x = np.load("x.npy").astype(float)
    before, after = (layers_from_state(load_file(file), "relu")[1] for file in ("net.safetensors", "back.safetensors"))
    assert after.depth <= 3 and np.abs(after(x) - before(x)).max() < 1e-4
    assert run("prune", "nets.py:rectified", "--data", "x.npy", "--out", "pruned.safetensors").exit_code == 0
    block = run("lift", "nets.py:rectified", "--residual", "--data", "x.npy", "--after", 2, "--out", "deep.safetensors")
    assert block.exit_code == 0 and "a residual block of 4 neurons" in block.output


def test_layers_are_kept_where_outputs_would_change(files):
    """A small curved part of a layer, below the tolerance, that the next layer makes all of the output of."""
    x = np.linspace(-1, 1, 40)[:, None]
    first = np.array([[0.05], [0.05]])
    network = Layers((first, np.array([[1e5, -1e5]])), (np.array([0.0, 0.01]), np.zeros(1)), (activation("tanh"),))
    assert prune(network, x).removed == (1,)
    kept = prune(network, x, change=0.05)
    assert kept.removed == () and kept.refused[1] > 0.05 and kept.change == 0
    save_file(state_of(network), "steep.safetensors")
    np.save("line.npy", x)
    found = run("prune", "steep.safetensors", "--activation", "tanh", "--data", "line.npy", "--out", "kept.safetensors")
    assert found.exit_code == 0 and "kept: outputs would change by" in found.output and "widths [1, 2, 1]" in found.output, found.output


SPLIT = ("--layer", 1, "--neuron", 0, "--alpha", 0.5)


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        ("embed", ("net.safetensors", *SPLIT), "--activation is needed for a MODEL.safetensors"),
        ("embed", ("nets.py:net", "--activation", "tanh", *SPLIT), "a module has its own"),
        ("embed", ("net.safetensors", "--activation", "tanh", "--layer", 3, "--neuron", 0, "--alpha", 1), "layer must be a hidden layer"),
        ("embed", ("net.safetensors", "--activation", "tanh", *SPLIT, "--input-shape", "2"), "--input-shape is of a module"),
        ("embed", ("net.safetensors", "--activation", "tanh", *SPLIT[:-1], 1e12), "beyond what float32 carries"),
        ("embed", ("net.safetensors", "--activation", "tanh", *SPLIT[:-1], "nan"), "alpha must be a finite real number, got"),
        ("embed", ("net.safetensors", "--activation", "tanh", *SPLIT, "--data", "y.npy"), r"inputs must be finite numbers of shape (n, 2)"),
        ("lift", ("nets.py:net", "--data", "x.npy", "--after", 3), "after must be a layer from 0 (the input) to 2, got 3"),
        ("lift", ("nets.py:net", "--data", "x.npy", "--after", 0, "--bias", "inf"), "bias must be a finite number, got inf"),
        ("lift", ("nets.py:net", "--data", "x.npy", "--after", 0, "--residual", "--width", 2), "--width is of a layer"),
        ("lift", ("nets.py:net", "--data", "y.npy", "--after", 0), "x must be real numbers of shape (n, 2)"),
        ("lift", ("missing.safetensors", "--activation", "tanh", "--data", "x.npy", "--after", 0), "missing.safetensors"),
        ("prune", ("nets.py:rectified", "--data", "x.npy", "--change", -1), "change must be a share of the spread"),
        ("prune", ("nets.py:deep", "--data", "x.npy"), "module must be a Sequential of Linear layers"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(files, command, arguments, words):
    if "nets.py:deep" in arguments:
        run("lift", "nets.py:net", "--data", "x.npy", "--after", 1, "--out", "deep.safetensors")
    found = run(command, *arguments, "--out", "out.safetensors")
    assert found.exit_code == 2 and words in found.output and found.output.count("\n") == 1, found.output
    assert not (files / "out.safetensors").exists()
    nowhere = run(command, *arguments, "--out", "nowhere/out.safetensors")
    assert nowhere.exit_code == 2 and "expected a file that can be written" in nowhere.output


def test_a_block_with_another_activation_is_not_read(files):
    found = run("inertia", "nets.py:mixed", "--data", "x.npy", "--labels", "y.npy", "--loss", "cross-entropy")
    assert found.exit_code == 2 and "expected the activation of the network in its residual block, got relu" in found.output, found.output


@pytest.mark.parametrize("name", ["misplaced", "twice"])
def test_other_networks_with_blocks_are_read_as_graphs(files, name):
    found = run("inertia", f"nets.py:{name}", "--data", "x.npy", "--labels", "y.npy", "--loss", "cross-entropy")
    assert found.exit_code == 0 and "at these weights exactly" in found.output, found.output


def test_a_network_with_a_block_is_not_split():
    network, theta = with_block(layers(), 1, 1.0)
    with pytest.raises(ValueError, match="beside a residual block are not split"):
        split_state(state_with_block(network, theta), "tanh", [(1, 0, 0.5)])
