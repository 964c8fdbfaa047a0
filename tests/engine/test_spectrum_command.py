"""``proofs-check spectrum`` as a user meets it: modules, checkpoints by activation or by module, several inputs, and what it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from proofs_check.commands.spectrum import checkpoints, command

MODULE = """
import torch
torch.manual_seed(0)
network = torch.nn.Sequential(torch.nn.Linear(1, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1)).double()
wrong = torch.nn.Linear(1, 2)

class Indexed(torch.nn.Module):
    def forward(self, x):
        return [x][1]

class Turned(torch.nn.Module):
    def forward(self, x):
        return x * 1j

class Graded(torch.nn.Module):
    def forward(self, x):
        with torch.enable_grad():
            return network(x)

indexed, turned, graded = Indexed(), Turned(), Graded()
"""
X = np.linspace(0, 2 * np.pi, 32, endpoint=False)


def state(scale):
    """A network that is ``scale`` times sin x to a per cent or so, by a fit of its last layer."""
    rng = np.random.default_rng(0)
    w, b = rng.uniform(-1, 1, (12, 1)), rng.uniform(-4, 4, 12)
    hidden = np.tanh(X[:, None] @ w.T + b)
    last = np.linalg.lstsq(np.concatenate([hidden, np.ones((32, 1))], axis=1), np.sin(X), rcond=None)[0]
    return {"0.weight": w, "0.bias": b, "2.weight": scale * last[None, :-1], "2.bias": scale * last[-1:]}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", X)
    np.save("y.npy", np.sin(X))
    Path("user.py").write_text(MODULE)
    Path("steps").mkdir()
    for step, scale in ((0, 0.0), (100, 0.6), (1000, 1.0)):
        save_file(state(scale), f"steps/step-{step}.safetensors")
    return lambda *arguments: CliRunner().invoke(command, [*arguments])


DATA = ["--inputs", "x.npy", "--labels", "y.npy"]


def test_checkpoints_by_activation(run):
    result = run("steps", "--activation", "tanh", *DATA, "--bands", "1,2-5")
    assert result.exit_code == 0, result.output
    assert "3 checkpoints, frequencies 0 to 16 (Nyquist)" in result.output and "converged (100, 1000]" in result.output
    assert "the target has nothing here" in result.output and "Order: 1" in result.output
    stored = json.loads(Path("spectrum/spectrum.json").read_text())
    assert stored["steps"] == [0, 100, 1000] and stored["bands"][0]["moment"] == {"after": 100, "at": 1000}
    assert np.allclose(stored["bands"][0]["relative"][:2], [1, 0.4], atol=0.05)
    table = Path("spectrum/spectrum.csv").read_text().splitlines()
    assert table[0] == "step,frequency,energy of the error,energy of the target" and len(table) == 1 + 3 * 17
    for name in ("energies.svg", "bands.svg"):
        assert "<svg" in Path("spectrum", name).read_text()[:200]


def test_steps_keep_their_digits(run):
    for step, scale in ((1000001, 0.6), (1000002, 1.0), (0.5, 0.3)):
        save_file(state(scale), f"steps/step-{step}.safetensors")
    result = run("steps", "--activation", "tanh", *DATA, "--bands", "1", "--threshold", "0.01")
    assert "converged (1000001, 1000002]" in result.output, result.output
    told = {row.split(",")[0] for row in Path("spectrum/spectrum.csv").read_text().splitlines()[1:]}
    assert told == {"0", "0.5", "100", "1000", "1000001", "1000002"}


def test_checkpoints_by_module(run):
    import torch
    from safetensors.torch import save_file as save

    torch.manual_seed(1)
    Path("own").mkdir()
    for step in (5, 10):
        network = torch.nn.Sequential(torch.nn.Linear(1, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1)).double()
        save(network.state_dict(), f"own/{step}.safetensors")
    result = run("own", "--module", "user.py:network", *DATA, "--out", "there")
    assert result.exit_code == 0 and "2 checkpoints" in result.output and "no band has converged" in result.output
    assert Path("there/spectrum.json").is_file()


def test_one_module_alone(run):
    result = run("user.py:network", *DATA)
    assert result.exit_code == 0 and "One network, frequencies 0 to 16" in result.output and "An order needs" in result.output
    energies, bands = (Path("spectrum", name).read_text() for name in ("energies.svg", "bands.svg"))
    assert "target" in energies and "step" not in energies  # one network has no steps: its error beside the target
    assert "relative error" in bands and "step" not in bands


def test_an_output_that_keeps_its_gradient(run):
    result = run("user.py:graded", *DATA)
    assert result.exit_code == 0 and "One network" in result.output


def test_what_has_not_converged_is_said(run):
    Path("steps/step-1000.safetensors").unlink()
    result = run("steps", "--activation", "tanh", *DATA, "--bands", "1")
    assert "not converged by 100" in result.output and "converged after" not in result.output


def test_several_inputs(run):
    rng = np.random.default_rng(0)
    np.save("x.npy", rng.normal(size=(32, 3)))
    Path("user.py").write_text(MODULE.replace("Linear(1, 6)", "Linear(3, 6)"))
    result = run("user.py:network", *DATA)
    assert result.exit_code == 0 and "3 inputs, along their first principal component" in result.output


@pytest.mark.parametrize(
    ("x", "arguments", "told"),
    [
        (X[::-1], ["steps", "--activation", "tanh"], "x must be sorted"),
        (np.repeat(X[:16], 2), ["steps", "--activation", "tanh"], "x must not repeat a place"),
        (X, ["steps", "--activation", "tanh", "--bands", "1,17"], "Nyquist"),
        (X, ["steps", "--activation", "tanh", "--bands", "a"], "bands must be written"),
        (X, ["steps"], "needs --activation or --module"),
        (X, ["steps", "--activation", "tanh", "--module", "user.py:network"], "not both"),
        (X, ["user.py:network", "--activation", "tanh"], "are for a directory"),
        (X, ["steps", "--module", "user.py:network"], "does not fit the module"),
        (X, ["user.py:wrong"], "outputs at 0 must have shape"),
        (X[:-1], ["user.py:network"], "as many labels as inputs"),
        (X * np.nan, ["user.py:network"], "inputs must be finite"),
        (X.astype(complex), ["user.py:network"], "inputs must be real"),
        (X, ["user.py:network", "--period", "1"], "period must be longer"),
        (X, ["user.py:indexed"], "does not run on inputs of shape (32, 1): IndexError"),
        (X, ["user.py:turned"], "must return real numbers, got torch.complex128"),
        (X, ["steps", "--activation", "tanh", "--bands", "\u00b2"], "bands must be written"),
        (X, ["user.py:nothing"], "defines no"),
        (X, ["nowhere", "--activation", "tanh"], "nowhere does not exist"),
        (X, ["user.py", "--activation", "tanh"], "are for a directory"),
        (X, ["steps", "--activation", "tanh", "--bands", "1,2-3,1"], "bands must be different, got 1 twice"),
    ],
)
def test_bad_input_is_told_in_one_line(run, x, arguments, told):
    np.save("x.npy", x)
    result = run(*arguments, *DATA)
    assert result.exit_code == 2 and told in result.output and result.output.startswith("proofs-check: "), result.output
    assert len(result.output.strip().splitlines()) == 1


def test_names_of_checkpoints(tmp_path):
    for name in ("a-20", "a-3"):
        save_file({"w": np.zeros(1)}, tmp_path / f"{name}.safetensors")
    assert list(checkpoints(tmp_path)) == [3, 20]
    save_file({"w": np.zeros(1)}, tmp_path / "b-3.safetensors")
    with pytest.raises(ValueError, match="two checkpoints of one step"):
        checkpoints(tmp_path)
    (tmp_path / "b-3.safetensors").rename(tmp_path / "last.safetensors")
    with pytest.raises(ValueError, match="must end in the step"):
        checkpoints(tmp_path)
    for name in ("step-1e3", "step--5", "step-0.5.1", "x-5\u00b2"):
        (tmp_path / "last.safetensors").rename(tmp_path / f"{name}.safetensors")
        with pytest.raises(ValueError, match="must end in the step"):
            checkpoints(tmp_path)
        (tmp_path / f"{name}.safetensors").rename(tmp_path / "last.safetensors")
    for name in ("step-0.5", "step-1.25", "step-2", "model30"):
        (tmp_path / "many").mkdir(exist_ok=True)
        save_file({"w": np.zeros(1)}, tmp_path / "many" / f"{name}.safetensors")
    assert list(checkpoints(tmp_path / "many")) == [0.5, 1.25, 2, 30]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no"):
        checkpoints(tmp_path / "empty")


@pytest.mark.parametrize("size", [1e200, 1e-200])
def test_labels_whose_squares_are_no_floats_are_refused(run, size):
    np.save("y.npy", size * np.sin(X))
    result = run("steps", "--activation", "tanh", *DATA)
    assert result.exit_code == 2 and "y and outputs must have squares that are floats" in result.output, result.output


def test_a_threshold_that_is_no_number_is_refused(run):
    result = run("steps", "--activation", "tanh", *DATA, "--threshold", "nan")
    assert result.exit_code == 2 and "must be a finite number, got nan" in result.output, result.output
