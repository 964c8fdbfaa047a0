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
    result = run("--activation", "exp", "--candidates", "200")
    assert result.exit_code == 1 and "strict G exists" in result.output and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["--activation", "__import__('os')"], "cannot use"),
        (["--activation", "relu"], "differentiable everywhere"),
        (["--activation", "tanh", "--mechanism", "cycle", "--neurons", "2"], "--neurons must be 1"),
        (["--activation", "tanh", "--inputs", "0"], "0 is not in the range"),
        ([], "Missing option"),
    ],
)
def test_bad_usage(run, arguments, hint):
    result = run(*arguments)
    assert result.exit_code == 2 and hint in result.output
