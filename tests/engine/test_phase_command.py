"""``proofs-check phase``: places, predictions and measurements as a user meets them, and the page that describes them."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from proofs_check.commands.phase import command

ROOT = Path(__file__).resolve().parents[2]

NETWORKS = """import torch
torch.manual_seed(0)
def layers(*sizes, activation=torch.nn.ReLU):
    parts = [torch.nn.Linear(sizes[0], sizes[1], bias=False)]
    for before, after in zip(sizes[1:], sizes[2:]):
        parts += [activation(), torch.nn.Linear(before, after, bias=False)]
    return torch.nn.Sequential(*parts).double()
network = layers(2, 400, 1)
narrow = layers(2, 40, 30, 1)
smooth = layers(2, 40, 1, activation=torch.nn.Tanh)
small = layers(2, 64, 64, 1)
default = layers(2, 64, 64, 1)
wide_input = layers(5, 64, 1)
number = 3
with torch.no_grad():
    for parameter in small.parameters():
        parameter.normal_(std=64**-0.75)
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("networks.py").write_text(NETWORKS)
    return lambda text: CliRunner().invoke(command, shlex.split(text))


def test_a_named_initialization(run):
    result = run("--width 1000 --init he --no-measure")
    assert result.exit_code == 0 and result.output.splitlines() == [
        "width 1000: gamma = 0.5, gamma' = 0.5",
        "  input weights: linear, relative distance of order m^-1.5",
        "  output weights: linear, relative distance of order m^-0.5",
    ]


def test_a_place_is_measured_and_drawn(run):
    result = run("--width 1600 --gamma 1.5 --gamma-prime 0 --seeds 3 --diagram diagram.svg")
    assert result.exit_code == 0 and "measured at m = 100, 400, 1600, 3 seeds, 0 of them stalled" in result.output
    slope = float(re.search(r"input weights: slope (\S+) in the median", result.output)[1])
    assert abs(slope - 0.25) < 0.15
    assert "<svg" in Path("diagram.svg").read_text()[:400]


def test_json_and_data_of_ones_own(run):
    np.save("x.npy", np.array([[0.0, 1.0], [0.5, 1.0], [1.0, 1.0]]))
    np.save("y.npy", np.array([0.2, 0.5, 0.8]))
    data = json.loads(run("--width 256 --scaling 1,.01,.02 --inputs x.npy --labels y.npy --seeds 2 --json").output)
    assert data["place"]["gamma'"] == pytest.approx(np.log(2) / np.log(256)) and data["regimes"]["input weights"] == "condensed"
    assert data["widths"] == [16, 64, 256] and data["stalled"] == 0 and set(data["measured"]) == {"input weights", "output weights"}


def test_modules_of_two_and_three_layers(run):
    two = run("--module networks.py:network --no-measure")
    assert two.exit_code == 0 and two.output.startswith("width 400: gamma = 0.7")
    three = run("--module networks.py:small --seeds 2")
    assert three.exit_code == 0 and "first layer: condensed" in three.output and "second layer: linear" in three.output


def test_the_first_layer_at_rest(run):
    result = run("--width 100 --exponents 0,1.25,1 --no-measure")
    assert result.output.splitlines()[1:] == [
        "  second layer: critical, relative distance of order m^0",
        "  third layer: condensed, relative distance of order m^0.25",
    ]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("--width 100", "give one of --init"),
        ("--init he", "give --width"),
        ("--width 100 --init he --gamma 1 --gamma-prime 0", "give one of --init"),
        ("--width 100 --gamma 1", "give one of --init"),
        ("--width 100 --init glorot", "initialization must be one of lecun, he, xavier, mean-field, ntk, got 'glorot'"),
        ("--width 100 --gamma nan --gamma-prime 0", "gamma and gamma' must be finite numbers, got nan"),
        ("--width 100 --scaling 1,-1,2", "beta1 must be positive, got -1.0"),
        ("--width 100 --scaling 1,2", "must be three numbers separated by commas, got '1,2'"),
        ("--width 100 --exponents .2,.3,1", "exponents must all be at least 1/2"),
        ("--width 100 --exponents 0,-.5,-.5", "gamma2 and gamma3 must not both be negative where gamma1 = 0, got -0.5 and -0.5"),
        ("--module networks.py:default", "where the first layer has weights of order one, as by default in torch, give --width"),
        ("--width 100 --exponents 1,1,1 --diagram d.svg", "diagram shows two-layer networks"),
        ("--width 100 --init he --diagram d.gif", "diagram must be a file .svg, .png or .pdf"),
        ("--module networks.py:number", "expected a torch.nn.Module, got int"),
        ("--module networks.py:wide_input", "networks.py:wide_input has 5 inputs, and the data 2: give --inputs and --labels that fit it"),
        ("--width 64 --gamma 300 --gamma-prime 0", "gamma and gamma' must give deviations between 1e-300 and 1e300 at width 256"),
        ("--width 64 --gamma 100 --gamma-prime 0", "weights must be of sizes between 1e-100 and 1e+100 to be trained in floats"),
        ("--width 64 --exponents 100,100,100", "--no-measure predicts without training"),
        ("--module networks.py:smooth", "linear layers with ReLU between them"),
        ("--module networks.py:narrow", "of one width, one output"),
        ("--width 100 --init he --inputs networks.py", "give --inputs and --labels together"),
    ],
)
def test_bad_input_is_told_in_one_line(run, arguments, told):
    result = run(arguments)
    assert result.exit_code == 2 and told in result.output


def test_below_256_networks_are_trained_at_16_64_and_256(run):
    result = run("--width 200 --gamma 1.5 --gamma-prime 0 --seeds 1")
    assert "measured at m = 16, 64, 256" in result.output
    assert "below width 256 at 16, 64 and 256" in " ".join(run("--help").output.split())


def test_inputs_that_vanish_and_deviations_at_the_ends_of_the_floats(run):
    np.save("x.npy", np.zeros((2, 2)))
    np.save("y.npy", np.ones(2))
    result = run("--width 100 --init he --inputs x.npy --labels y.npy")
    assert result.exit_code == 2 and "inputs must not all be 0" in result.output
    assert "gamma = 300, gamma' = 0" in run("--width 100 --scaling 1e200,1e-200,1e-200 --no-measure").output


def test_labels_that_vanish(run):
    np.save("x.npy", np.ones((2, 2)))
    np.save("y.npy", np.zeros(2))
    result = run("--width 100 --init he --inputs x.npy --labels y.npy")
    assert result.exit_code == 2 and "labels must not all be 0" in result.output


def test_the_code_of_the_page_runs(run):
    text = (ROOT / "docs" / "phase-diagrams.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 5
    exec(compile("\n".join(blocks), "phase-diagrams.md", "exec"), {})
    (commands,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for line in commands.splitlines():
        assert run(line.removeprefix("proofs-check phase")).exit_code == 0, line
