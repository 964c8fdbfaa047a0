"""``proofs-check inertia`` and ``proofs-check certify``: known answers, what is left open, and input that is refused with one sentence."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from safetensors.numpy import save_file

from numerics.critical import find_critical_points
from numerics.planting import plant
from proofs_check.commands import _networks
from proofs_check.commands.certify import command as certify
from proofs_check.commands.inertia import command as inertia
from theory.embedding.onestep import split
from theory.models import FullyConnected, TwoLayer

ROOT = Path(__file__).resolve().parents[2]
MODEL = TwoLayer(2, 2, bias=True, output_bias=True)


def store(folder, model, theta, data, name="net", dtype=float):
    parts = [part.astype(dtype) for part in model.unpack(theta).values()]
    keys = [f"{2 * (k // 2)}.{('weight', 'bias')[k % 2]}" for k in range(len(parts))]
    save_file({key: np.ascontiguousarray(part) for key, part in zip(keys, parts, strict=True)}, folder / f"{name}.safetensors")
    for part, array in zip("xy", data, strict=True):
        np.save(folder / f"{part}.npy", array)


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A tanh network with data for which it is a saddle with one negative eigenvalue of nine, in a folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    theta = MODEL.init(rng)
    data = plant(MODEL, theta, rng.normal(size=(30, 2)), size=0.3)
    store(tmp_path, MODEL, theta, data)
    return theta, data


FILES = ["--data", "x.npy", "--labels", "y.npy"]
NET = ["net.safetensors", "--activation", "tanh", *FILES]


def run(command, *arguments):
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def split_counts(output):
    return re.findall(r"(?:block|Hessian itself|wide Hessian): negative = (\d+), zero = (\d+), positive = (\d+)", output)


def test_a_planted_saddle_and_its_split(planted):
    theta, data = planted
    result = run(inertia, *NET)
    assert result.exit_code == 0 and "critical within rounding" in result.output
    from numerics.hessian import hessian

    eigenvalues = np.linalg.eigvalsh(hessian(MODEL, theta, data))
    negative = int((eigenvalues < 0).sum())
    assert f"Hessian: negative = {negative}, zero = 0, positive = {9 - negative} (proved, none of 9 undecided)" in result.output
    for alpha in (0.5, 2):
        wide = split(MODEL, 1, 1, alpha)
        eigenvalues = np.linalg.eigvalsh(hessian(wide.wide, wide(theta), data))
        counts = tuple(str(int(count.sum())) for count in (eigenvalues < -1e-9, abs(eigenvalues) < 1e-9, eigenvalues > 1e-9))
        result = run(inertia, *NET, "--layer", 1, "--neuron", 1, "--alpha", alpha)
        assert result.exit_code == 0 and split_counts(result.output) == [counts, counts] and "they agree" in result.output


def test_the_certificate_is_accepted(planted, tmp_path):
    result = run(certify, *NET, "--out", "point.json")
    assert result.exit_code == 0 and "certified: a critical point lies within" in result.output and "a saddle" in result.output
    arguments = [sys.executable, ROOT / "examples" / "check_certificate.py", tmp_path / "point.json"]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "one critical point within" in done.stdout, done.stdout
    stored = json.loads((tmp_path / "point.json").read_text())
    assert stored["theta"] == planted[0].tolist() and 0 < stored["distance"] < 1e-10


def test_weights_that_are_not_critical(planted, tmp_path):
    theta, data = planted
    store(tmp_path, MODEL, theta + 0.5, data, "off")
    off = ["off.safetensors", *NET[1:]]
    result = run(inertia, *off, "--layer", 1, "--neuron", 0, "--alpha", 0.5)
    assert "not critical (largest entry" in result.output and "at these weights:" in result.output and "they agree" in result.output
    result = run(certify, *off, "--radius", 1e-5)
    assert result.exit_code == 1 and re.search(r"not certified: not (critical|converged)", result.output)
    near = theta + 1e-6
    store(tmp_path, MODEL, near, data, "near")
    near = ["near.safetensors", *NET[1:]]
    assert "not critical" in run(inertia, *near).output and run(certify, *near).exit_code == 0
    result = run(certify, *near, "--radius", 1e-8, "--out", "none.json")
    assert result.exit_code == 1 and not (tmp_path / "none.json").exists()
    assert re.search(r"not converged: the critical point .* lies 1e-06 away, beyond the radius 1e-08", result.output)


def test_at_an_embedded_point_the_zero_is_undecided_and_nothing_is_certified(planted, tmp_path):
    theta, data = planted
    embedding = split(MODEL, 1, 0, 0.5)
    store(tmp_path, embedding.wide, embedding(theta), data, "wide")
    wide = ["wide.safetensors", *NET[1:]]
    result = run(inertia, *wide)
    assert result.exit_code == 0 and "1 of 13 eigenvalues undecided" in result.output and "zero <= 1" in result.output
    result = run(certify, *wide)
    assert result.exit_code == 1 and "not certified: degenerate" in result.output and "embedded point" in result.output
    data = json.loads(run(inertia, *wide, "--json", "--layer", 1, "--neuron", 1, "--alpha", 0.5).output)
    assert data["critical within rounding"] and data["inertia"]["undecided"] == 1 and data["split"]["at"] == "weights"
    assert data["split"]["predicted"]["undecided"] >= 1


def test_a_classifier_by_the_cross_entropy(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng, model = np.random.default_rng(0), FullyConnected((2, 3))
    x, classes = rng.normal(size=(12, 2)), np.arange(12) % 3
    theta = find_critical_points(model, (x, np.eye(3)[classes]), starts=1, loss="cross-entropy", minima=True)[0].theta
    store(tmp_path, model, theta, (x, classes))
    (tmp_path / "x.csv").write_text("a,b\n" + "\n".join(",".join(map(repr, row)) for row in x.tolist()))
    (tmp_path / "y.csv").write_text("class\n" + "\n".join(map(str, classes)))
    for files in (FILES, ["--data", "x.csv", "--labels", "y.csv"]):
        arguments = ["net.safetensors", "--activation", "tanh", "--loss", "cross-entropy", *files]
        result = run(inertia, *arguments)
        assert "critical within rounding" in result.output and "negative = 0, zero = 3, positive = 6" in result.output
        result = run(certify, *arguments, "--out", "point.json")
        assert result.exit_code == 0 and "constant along 3 directions" in result.output
        assert "a strict local minimum up to the directions" in result.output
    result = run(inertia, *arguments, "--layer", 1, "--neuron", 0, "--alpha", 0.5)
    assert result.exit_code == 2 and "no hidden neuron to split" in result.output


def test_a_module_of_relus_in_single_precision(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(
        "import torch\ntorch.manual_seed(0)\n"
        "net = torch.nn.Sequential(torch.nn.Linear(1, 2), torch.nn.ReLU(), torch.nn.Sequential(torch.nn.Linear(2, 1)))\n"
    )
    np.save("x.npy", np.linspace(-2, 2, 9))
    np.save("y.npy", np.linspace(-2, 2, 9) ** 2)
    result = run(inertia, "nets.py:net", *FILES)
    assert result.exit_code == 0 and "7 parameters (float32), 9 samples" in result.output and "not critical" in result.output


@pytest.fixture
def modules(planted, tmp_path):
    """Modules of which none is read, beside the planted network."""
    (tmp_path / "nets.py").write_text(
        "import torch\nfrom torch import nn\ntorch.manual_seed(0)\n"
        "net = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)).double()\n"
        "nan = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1)).double()\n"
        "nan[0].weight.data[0, 0] = float('nan')\n"
        "shared = nn.Linear(2, 2)\n"
        "twice = nn.Sequential(shared, nn.Tanh(), shared, nn.Tanh(), nn.Linear(2, 1))\n"
        "conv = nn.Sequential(nn.Conv1d(1, 1, 1), nn.Tanh(), nn.Linear(2, 1))\n"
        "dropped = nn.Sequential(nn.Linear(2, 2), nn.Dropout(), nn.Linear(2, 1))\n"
        "class Detached(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.first, self.last = nn.Linear(2, 2), nn.Linear(2, 1)\n"
        "    def forward(self, x): return self.last(torch.tanh(self.first(x).detach()))\n"
        "detached = Detached()\n"
        "half = nn.Linear(2, 1).half()\n"
        "class Chosen(Detached):\n"
        "    def forward(self, x): return self.last(self.last.bias if float(x.sum(1)[0]) > 99 else self.first(x))\n"
        "chosen = Chosen()\n"
        "class Whole(Detached):\n"
        "    def forward(self, x): return torch.exp(1e6 * self.last(self.first(x)).abs().exp())\n"
        "whole = Whole()\n"
        "kinked = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))\n"
        "kinked[0].weight.data.zero_()\n"
        "kinked[0].bias.data.zero_()\n"
        "mixed = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))\n"
        "frozen = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))\n"
        "frozen[0].bias.requires_grad_(False)\n"
        "hooked = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))\n"
        "hooked[0].register_forward_hook(lambda module, given, output: 2 * output)\n"
        "large = nn.Sequential(nn.Linear(2, 100), nn.Tanh(), nn.Linear(100, 1))\n"
        "number = 3\n"
        "def breaks(): raise RuntimeError('no')\n"
    )
    (tmp_path / "broken.py").write_text("net = 1 +")
    x, y = np.load("x.npy"), np.load("y.npy")
    for name, array in {
        "wide": np.zeros((30, 3)),
        "empty": np.zeros((0, 2)),
        "nan": np.where(np.arange(60).reshape(30, 2) == 7, np.nan, x),
        "text": np.full((30, 2), "a"),
        "short": y[:-1],
        "infinite": np.where(np.arange(30)[:, None] == 4, np.inf, y),
        "huge": y * 1e200,
        "many": np.zeros((10**6, 2)),
        "many_labels": np.zeros(10**6),
    }.items():
        np.save(f"{name}.npy", array)
    (tmp_path / "words.csv").write_text("a,b\n1,2\n3,four\n")
    (tmp_path / "none.safetensors").write_text("nothing")
    save_file({"0.weight": np.full((1, 2), np.nan)}, "nan.safetensors")
    save_file({"0.weight": np.zeros((2, 2)), "0.bias": np.zeros(2), "2.weight": np.zeros((1, 3))}, "misshapen.safetensors")
    save_file({"0.weight": np.zeros((2, 2))}, "logits.safetensors")
    classes = np.arange(30) % 2
    for name, array in {"classes": classes, "three": classes + 1, "halves": classes / 2, "rows": np.eye(2)[classes]}.items():
        np.save(f"{name}.npy", array)


CLASSES = ["logits.safetensors", "--activation", "tanh", "--loss", "cross-entropy", "--data", "x.npy", "--labels"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nets.py:nan", *FILES], "parameter '0.weight' must be finite"),
        (["nets.py:dropped", *FILES], "layer '1' (Dropout) is in training mode"),
        (["nets.py:detached", *FILES], "the gradient of the module by 'first.weight' is not that of its outputs"),
        (["nets.py:half", *FILES], "parameter 'weight' must be float32 or float64, got torch.float16"),
        (["nets.py:chosen", *FILES], "torch.export does not take the module"),
        (["nets.py:whole", *FILES], "the module's outputs must be finite, got inf"),
        (["nets.py:conv", *FILES], "inputs of shape (30, 2) do not fit the module"),
        (["nets.py:mixed", "--data", "x.npy", "--labels", "rows.npy"], "targets must have shape (30, 1), one for each output, got (30, 2)"),
        (["nets.py:mixed", "--data", "nan.npy", "--labels", "y.npy"], "inputs must be finite"),
        (["nets.py:mixed", "--data", "x.npy", "--labels", "infinite.npy"], "targets must be finite real numbers"),
        (
            ["nets.py:mixed", "--data", "x.npy", "--labels", "classes.npy", "--loss", "cross-entropy"],
            "cross-entropy needs outputs (n, classes)",
        ),
        (["nets.py:kinked", *FILES], "lies on, or too near to, a kink of layer '1'"),
        (["nets.py:number", *FILES], "expected a torch.nn.Module, got int"),
        (["nets.py:breaks", *FILES], "breaks of nets.py cannot be called without arguments: RuntimeError: no"),
        (["nets.py:nothing", *FILES], "nets.py defines no 'nothing'"),
        (["broken.py:net", *FILES], "broken.py does not run: SyntaxError"),
        (["missing.py:net", *FILES], "found none at 'missing.py'"),
        (["net", *FILES], "expected PATH.py:NAME, got 'net'"),
        (["missing.safetensors", *NET[1:]], "No such file or directory"),
        (["none.safetensors", *NET[1:]], "is no safetensors file"),
        (["nan.safetensors", *NET[1:]], "the weights and biases of layer 1 must be finite"),
        (["misshapen.safetensors", *NET[1:]], "layer 2 must have weights (m, 2)"),
        (["net.safetensors", *FILES], "--activation is needed for a MODEL.safetensors"),
        (["nets.py:net", "--activation", "tanh", *FILES], "--activation is of a MODEL.safetensors"),
        (["net.safetensors", "--activation", "tan", *FILES], "activation must be one of"),
        (["net.safetensors", "--activation", "leaky:x", *FILES], "needs a number as slope, got 'x'"),
        (
            [*NET[:3], "--data", "wide.npy", "--labels", "y.npy"],
            "data must have shape (n, 2), a row of 2 for each sample of this network, got (30, 3)",
        ),
        ([*NET[:3], "--data", "empty.npy", "--labels", "y.npy"], "got (0, 2)"),
        ([*NET[:3], "--data", "nan.npy", "--labels", "y.npy"], "data must be finite, got nan at sample 3"),
        ([*NET[:3], "--data", "text.npy", "--labels", "y.npy"], "data must be real numbers, got <U1"),
        (
            [*NET[:3], "--data", "words.csv", "--labels", "y.npy"],
            "words.csv: expected 2 numbers separated by commas in every row, got '3,four' in row 3",
        ),
        ([*NET[:3], "--data", "none.safetensors", "--labels", "y.npy"], "is no safetensors file"),
        ([*NET[:3], "--data", "net.safetensors", "--labels", "y.npy"], "net.safetensors must hold one tensor of samples"),
        ([*NET[:3], "--data", "broken.py", "--labels", "y.npy"], "broken.py: expected an array as .npy"),
        (
            [*NET[:3], "--data", "x.npy", "--labels", "short.npy"],
            "labels must have shape (30, 1), a row of outputs for each sample, got (29, 1)",
        ),
        ([*NET[:3], "--data", "x.npy", "--labels", "infinite.npy"], "labels must be finite, got inf at sample 4"),
        ([*NET[:3], "--data", "x.npy", "--labels", "huge.npy"], "leave the range of floats"),
        ([*NET, "--loss", "cross-entropy"], "cross-entropy needs a network of two outputs or more"),
        ([*CLASSES, "three.npy"], "labels must be class numbers from 0 to 1, got 2 at sample 1"),
        ([*CLASSES, "halves.npy"], "labels must be class numbers from 0 to 1, got 0.5 at sample 1"),
        ([*CLASSES, "rows.npy"], "labels must be 30 class numbers, one for each sample, got shape (30, 2)"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value[:1]),
)
def test_what_cannot_be_used_is_told_in_one_sentence(modules, arguments, words):
    for command in (inertia, certify):
        result = run(command, *arguments)
        assert result.exit_code == 2 and words in result.output, result.output
        assert result.output.startswith("proofs-check: ") and len(result.output.splitlines()) == 1 and not result.stdout


SPLIT = ["--layer", 1, "--neuron", 0, "--alpha", 0.5]


@pytest.mark.parametrize("name", ["twice", "mixed", "frozen", "hooked"])
def test_other_modules_are_read_as_graphs(modules, tmp_path, name):
    """A layer used twice, two activations, a frozen parameter, a hook: the Hessian is that of torch."""
    import torch

    from proofs_check.commands._inputs import load_object

    module = load_object(f"nets.py:{name}").double()
    names = [key for key, value in module.named_parameters() if value.requires_grad]
    parts = [module.get_parameter(key).detach() for key in names]
    x, y = torch.as_tensor(np.load("x.npy")), torch.as_tensor(np.load("y.npy"))

    def loss(theta):
        cut = torch.split(theta, [part.numel() for part in parts])
        values = {key: piece.reshape(part.shape) for key, piece, part in zip(names, cut, parts, strict=True)}
        return ((torch.func.functional_call(module, values, (x,)) - y) ** 2).sum() / len(x)

    true = torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, torch.cat([part.ravel() for part in parts]))).numpy()
    result = run(inertia, f"nets.py:{name}", *FILES, "--json", "--out", "inertia.json")
    data = json.loads(result.stdout)
    assert result.exit_code == 0 and data["weights"] == "exact" and not data["critical within rounding"]
    clear = abs(true) > 1e-9 * abs(true).max()
    assert data["inertia"]["negative"][0] == (true[clear] < 0).sum() and data["inertia"]["positive"][0] == (true[clear] > 0).sum()
    done = subprocess.run([sys.executable, ROOT / "examples" / "check_certificate.py", "inertia.json"], capture_output=True, text=True)
    assert done.returncode == 0 and "negative" in done.stdout or "exactly" in done.stdout, done.stdout
    result = run(inertia, f"nets.py:{name}", *FILES, *SPLIT)
    assert result.exit_code == 2 and "a split needs a Sequential of linear layers and one activation" in result.output


@pytest.mark.parametrize(("command", "more"), [(certify, []), (inertia, SPLIT)])
def test_what_needs_the_whole_hessian_is_refused_to_large_networks(modules, command, more):
    many = [*NET[:3], "--data", "many.npy", "--labels", "many_labels.npy"]
    for arguments, words in (
        (["nets.py:large", *FILES], "at most 200 parameters, for its Hessian is taken in balls, got 401"),
        (many, "for a network of 9 parameters (its Hessian is taken in balls), got 1000000"),
    ):
        result = run(command, *arguments, *more)
        assert result.exit_code == 2 and words in result.output and len(result.output.splitlines()) == 1 and not result.stdout


def test_the_ends_of_the_spectrum_of_a_large_network(modules, monkeypatch):
    from numerics.hessian import hessian
    from numerics.modules.trained import network_of_module
    from proofs_check.commands._inputs import load_object

    network, theta = network_of_module(load_object("nets.py:large"))
    true = np.linalg.eigvalsh(hessian(network, theta.astype(float), (np.load("x.npy"), np.load("y.npy"))))
    result = run(inertia, "nets.py:large", *FILES, "--count", 3)
    assert result.exit_code == 0 and "gradient: not critical" in result.output
    told = re.search(r"least eigenvalues (.*?); largest (.*?) \(Lanczos", result.output)
    found = [float(value) for part in told.groups() for value in part.split(", ")]
    np.testing.assert_allclose(found, [*true[:3], *true[-3:]], rtol=1e-4)
    assert f"Hessian: negative >= {min(3, (true < 0).sum())}, positive >= 3 of 401 (proved" in result.output
    data = json.loads(run(inertia, "nets.py:large", *FILES, "--count", 3, "--json").output)
    assert data["inertia"]["positive"][0] == 3 and len(data["extremes"]["values"]) == 6 and not data["critical within rounding"]
    monkeypatch.setattr(sys.modules[inertia.callback.__module__], "MOST_PRODUCTS", 100)
    result = run(inertia, "nets.py:large", *FILES, "--count", 3)
    assert "in floats (too large for balls)" in result.output and "nothing proved" in result.output
    data = json.loads(run(inertia, "nets.py:large", *FILES, "--count", 3, "--json").output)
    assert data["inertia"] is None and "rounding" not in data["gradient"]


@pytest.mark.parametrize(
    ("command", "arguments", "words"),
    [
        (inertia, ["--layer", 2, "--neuron", 0, "--alpha", 0.5], "layer must be a hidden layer from 1 to 1"),
        (inertia, ["--layer", 1, "--neuron", 2, "--alpha", 0.5], "neuron must be from 0 to 1 in layer 1"),
        (inertia, ["--layer", 1, "--neuron", 0, "--alpha", "nan"], "alpha must be a number of size at most 1e+50, got nan"),
        (inertia, ["--layer", 1, "--neuron", 0, "--alpha", 1e300], "alpha must be a number of size at most 1e+50, got 1e+300"),
        (certify, ["--radius", 0], "radius must be a positive number, got 0"),
        (certify, ["--radius", "nan"], "radius must be a positive number, got nan"),
        (certify, ["--out", "nowhere/point.json"], "nowhere/point.json: expected a file that can be written"),
    ],
)
def test_options_that_do_not_fit(planted, command, arguments, words):
    result = run(command, *NET, *arguments)
    assert result.exit_code == 2 and words in result.output and len(result.output.splitlines()) == 1 and not result.stdout


def test_a_split_needs_all_three_options(planted):
    result = run(inertia, *NET, "--layer", 1)
    assert result.exit_code == 2 and "give --layer, --neuron and --alpha together" in result.output


def test_a_kink_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = TwoLayer(1, 1, activation="relu", bias=True, output_bias=True)
    store(tmp_path, model, np.array([0.1, -0.1, 0.5, 0.3]), (np.array([[1.0], [2.0]]), np.array([[1.0], [2.0]])))
    for command in (inertia, certify):
        result = run(command, "net.safetensors", "--activation", "relu", *FILES)
        assert result.exit_code == 2 and len(result.output.splitlines()) == 1 and "at 0" in result.output


def test_long_work_says_on_stderr_that_it_goes_on(monkeypatch, capsys):
    import time

    monkeypatch.setattr(_networks, "PATIENCE", 0.02)
    with _networks.progress("Hessian in balls"):
        time.sleep(0.2)
    assert "proofs-check: Hessian in balls, 0 s" in capsys.readouterr().err
