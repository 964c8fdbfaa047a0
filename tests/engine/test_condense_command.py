"""``proofs-check condense`` predicts, proves, trains and draws; its proofs stand before a referee; the page that describes it is run."""

import copy
import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from referees import script

from proofs_check.commands.condense import command

ROOT = Path(__file__).resolve().parents[2]
X = np.linspace(-1, 1.5, 20)
Y = np.sin(3 * X) + np.sin(6 * X) / 2


@pytest.fixture(scope="module")
def referee():
    return script("check_orientation")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", X)
    np.save("y.npy", Y)
    data = ["--inputs", "x.npy", "--labels", "y.npy"]
    return lambda *arguments: CliRunner().invoke(command, [*data, *arguments])


@pytest.mark.parametrize(("formula", "count"), [("tanh", 2), ("z*tanh(z)", 4), ("z**2*tanh(z)", 6), ("z**3*tanh(z)", 8)])
def test_large_neurons_are_found_on_proved_orientations(run, tmp_path, referee, formula, count):
    result = run("--activation", formula, "--width", "20", "--scale", "1e-3", "--steps", "400")
    assert result.exit_code == 0, result.output
    assert f"{count} orientations (all of them proved)" in result.output and "none: 0" in result.output
    stored = json.loads((tmp_path / "condensation" / "orientations.json").read_text())
    assert referee.check(stored) == f"{count} orientations, all there are"
    for name in ("field.svg", "neurons.svg"):
        assert "<svg" in (tmp_path / "condensation" / name).read_text()[:200]


def test_more_inputs_and_adam(run, tmp_path, referee):
    rng = np.random.default_rng(0)
    np.save("x.npy", rng.normal(size=(12, 2)))
    np.save("y.npy", rng.normal(size=(12, 1)))
    result = run("--activation", "z**2*tanh(z)", "--width", "10", "--optimizer", "adam", "--steps", "20", "--out", "there")
    assert result.exit_code == 0, result.output
    assert "others may exist" in result.output and sorted(p.name for p in Path("there").iterdir()) == ["neurons.svg", "orientations.json"]
    assert "maybe more" in referee.check(json.loads(Path("there/orientations.json").read_text()))


def test_a_torch_module_at_its_start(run, tmp_path):
    layers = "torch.nn.Sequential(torch.nn.Linear(1, 8), torch.nn.Tanh(), torch.nn.Linear(8, {}))\n"
    text = "import torch\ntorch.manual_seed(0)\nnetwork = " + layers.format("1, bias=False")
    (tmp_path / "user.py").write_text(text + "wide = " + layers.format(2))
    result = run("--module", "user.py:network", "--steps", "5")
    assert result.exit_code == 0 and "of 8 neurons" in result.output, result.output
    result = run("--module", "user.py:wide")
    assert result.exit_code == 2 and "one output and no output bias" in result.output


@pytest.mark.parametrize(
    ("arguments", "change", "hint"),
    [
        (["--activation", "relu"], None, "no multiplicity"),
        (["--activation", "tanh"], (X, 0 * Y), "labels must not all be 0"),
        (["--activation", "tanh"], (X, Y[1:]), "inputs (n, d) and labels (n,)"),
        (["--activation", "tanh", "--no-bias"], None, "D >= 2 entries"),
        (["--activation", "tanh"], (X * np.nan, Y), "inputs must be finite real numbers, got nan at [0, 0]"),
        (["--activation", "tanh"], (X, np.where(X > 1, np.inf, Y)), "labels must be finite real numbers, got inf at ["),
        (["--activation", "tanh", "--scale", "inf"], None, "--scale"),
        (["--activation", "tanh", "--optimizer", "adam", "--learning-rate", "-1"], None, "--learning-rate"),
        (["--activation", "tanh", "--optimizer", "adam", "--learning-rate", "nan"], None, "--learning-rate"),
        (["--activation", "tanh"], (X, Y * 1e200), "divide them by a common factor"),
        (["--activation", "os.system('true')"], None, "cannot use"),
        ([], None, "--activation or --module"),
    ],
)
def test_bad_input_is_named(run, arguments, change, hint):
    if change:
        np.save("x.npy", change[0])
        np.save("y.npy", change[1])
    result = run(*arguments)
    assert result.exit_code == 2 and hint in result.output, result.output
    assert not Path("condensation").exists()


def test_equal_inputs_with_different_labels_are_told(run):
    np.save("x.npy", np.array([0.0, 1.0, 1.0, 2.0]))
    np.save("y.npy", np.array([1.0, 2.0, 3.0, 5.0]))
    assert "inputs 1 and 2 are equal with different labels" in run("--activation", "tanh", "--steps", "0").output
    np.save("y.npy", np.array([1.0, 2.0, 2.0, 5.0]))
    assert "inputs 1 and 2 are equal with equal labels" in run("--activation", "tanh", "--steps", "0").output


@pytest.mark.parametrize("formula", ["tanh", "z**2*tanh(z)"])
def test_inputs_far_from_one_keep_their_directions_and_are_told(run, formula):
    np.save("x.npy", X * 1e160)
    np.save("y.npy", Y)
    result = run("--activation", formula, "--steps", "1", "--width", "3")
    assert result.exit_code in (0, 2) and "the start is not small" in result.output, result.output
    assert "0000)" in result.output and not re.search(r"\([+-]0\.0000, [+-]0\.0000\)", result.output), result.output


def certificate(formula, x, y):
    from numerics.dynamics.orientations import predict_orientations
    from theory.dynamics.condensation import augmented

    return predict_orientations(formula, augmented(x), y, starts=60).to_data()


def changed(path, value):
    def change(stored):
        *places, last = path
        for place in places:
            stored = stored[place]
        stored[last] = value(stored[last])

    return change


@pytest.mark.parametrize("kind", ["line", "circle", "sphere"])
@pytest.mark.parametrize(
    "change",
    [
        changed(("orientations", 0, "side"), lambda side: -side),
        changed(("orientations", 0, "direction"), lambda u: [u[0] + 1e-3, *u[1:]]),
        changed(("orientations", 0, "growing"), lambda grows: not grows),
        changed(("c", 0), lambda c: "100"),
        changed(("p",), lambda p: p + 1),
        changed(("orientations",), lambda found: [found[0], *found]),
        lambda stored: stored.update(complete=True, orientations=stored["orientations"][1:]),
        lambda stored: stored.pop("x"),
    ],
)
def test_a_certificate_that_was_tampered_with_is_refused(referee, kind, change):
    from theory.dynamics.condensation import sum_of_powers

    stored = {
        "line": lambda: certificate("tanh", X[:, None], Y),
        "circle": lambda: certificate("power:3", X[:, None], Y),
        "sphere": lambda: certificate("power:3", *sum_of_powers(3)),
    }[kind]()
    referee.check(copy.deepcopy(stored))
    change(stored)
    with pytest.raises(AssertionError):
        referee.check(stored)


def test_the_page_can_be_followed(run, tmp_path):
    page = (ROOT / "docs" / "condensation.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"```sh\n(.*?)\n```", page, re.DOTALL)
    assert line.startswith("proofs-check condense --inputs x.npy --labels y.npy ")
    result = run("--activation", "z*tanh(z)", "--out", "condensation", "--width", "20")
    assert result.exit_code == 0 and '--activation "z*tanh(z)" --out condensation' in line
