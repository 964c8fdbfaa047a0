"""``proofs-check counterexample`` writes what it certifies, explains what it does not find, and refuses what is no activation."""

import json

import pytest
from click.testing import CliRunner

from proofs_check.commands.counterexample import command


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(command, arguments)


def test_a_formula_gets_a_certified_counterexample(run, tmp_path):
    result = run("--activation", "1/(1+exp(-z))", "--candidates", "300", "--out", "found.json")
    assert result.exit_code == 0, result.output
    data = json.loads((tmp_path / "found.json").read_text())
    assert data["mechanism"] == "two-point" and data["kind"] == "generic" and data["certificates"]
    assert "Certified two-point counterexample" in result.output


def test_where_there_is_none_the_reason_is_told(run, tmp_path):
    result = run("--activation", "z", "--candidates", "200")
    assert result.exit_code == 1 and "strict G exists" in result.output and not list(tmp_path.iterdir())
    assert "There is no two-point counterexample for z while a and p z + q keep their signs (" in result.output


def test_a_cycle_of_two_inputs_and_equal_neurons(run, tmp_path):
    result = run("--activation", "erf", "--mechanism", "cycle", "--inputs", "2", "--neurons", "2")
    assert result.exit_code == 0, result.output
    data = json.loads((tmp_path / "counterexample.json").read_text())
    assert len(data["theta0"]) == 6 and data["certificates"][0]["steps"] == 18


def test_limits_of_one_function_are_reported_with_their_level(run):
    result = run("--activation", "tanh", "--candidates", "300")
    assert result.exit_code == 0 and "(symmetric, at the level of parameters)" in result.output


def test_data_that_are_given_are_taken_with_a_sign_in_front(run, tmp_path):
    data = ["--start=-0.5,0,0.5", "--samples", "0.5,0:1; 0.5,-1:0.25"]
    result = run("--activation", "tanh", "--inputs", "2", "--mechanism", "reweight", *data)
    assert result.exit_code == 0, result.output
    assert json.loads((tmp_path / "counterexample.json").read_text())["samples"][1] == {"x": ["0.5", "-1.0"], "y": "0.25"}


def test_a_label_that_no_orbit_reaches_is_not_found(run):
    result = run("--activation", "tanh", "--start", "1,2", "--samples", "1:5;2:1000000")
    assert result.exit_code == 1 and "no limits" in result.output


def test_a_bad_activation_ends_with_the_time_and_says_what_was_tried(run):
    result = run("--activation", "z + exp(-1000*z**2)", "--time-limit", "3")
    assert result.exit_code == 1 and "in 3 s; this proves nothing" in result.output


def test_a_device_that_is_not_there(run, monkeypatch):
    monkeypatch.setattr("proofs_check.commands.counterexample._has_cuda", lambda: False)
    result = run("--activation", "tanh", "--device", "cuda")
    assert result.exit_code == 2 and "no such device" in result.output


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--activation", "__import__('os')"], "cannot use"),
        (["--activation", "hinge3"], "differentiable everywhere, or ReLU or leaky"),
        (["--activation", "relu", "--mechanism", "cycle"], "differentiable everywhere for the mechanism cycle"),
        (["--activation", "abs(z)"], "not differentiable everywhere"),
        (["--activation", "3"], "must depend on z"),
        (["--activation", "0*z"], "must depend on z"),
        (["--activation", "tanh", "--mechanism", "contact"], "--inputs must be at least 2"),
        (["--activation", "tanh", "--mechanism", "cycle", "--bias"], "leaves one input"),
        (["--activation", "tanh", "--mechanism", "cycle", "--samples", "1:1;2:1"], "--samples is for"),
        (["--activation", "tanh", "--mechanism", "one-point", "--steps"], "--steps is for"),
        (["--activation", "tanh", "--start", "1,2,3"], "start must have 2 entries"),
        (["--activation", "tanh", "--start", "1,nan"], "finite numbers"),
        (["--activation", "tanh", "--start", "1,2", "--samples", "1,2:1;1,3:1"], "inputs of 1 entries"),
        (["--activation", "tanh", "--start", "1,2", "--samples", "1:1"], "samples must be two pairs"),
        (["--activation", "tanh", "--start", "1,2", "--samples", "1;2"], "inputs and labels"),
        (["--activation", "tanh", "--start", "1,2", "--samples", "0:1;2:1"], "must not be 0"),
        (["--activation", "tanh", "--samples", "1:1;2:1"], "given together with a start"),
        (["--activation", "tanh", "--time-limit", "-1"], "-1.0 is not in the range"),
        (["--activation", "tanh", "--time-limit", "nan"], "time_limit must be a number of seconds"),
        (["--activation", "tanh", "--inputs", "0"], "0 is not in the range"),
        ([], "Missing option"),
    ],
)
def test_bad_usage(run, arguments, hint):
    result = run(*arguments)
    assert result.exit_code == 2 and hint in result.output
