"""``proofs-check stability`` answers with the proof, writes what referees accept, and refuses what it cannot use; its page is run."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from proofs_check.commands.stability import command

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(command, arguments)


def test_the_default_parameters_of_adam_are_stable(run, tmp_path):
    result = run("--optimizer", "adam", "--beta1", ".9", "--beta2", ".999", "--k", "4", "--plane", "plane.svg")
    assert result.exit_code == 0, result.output
    assert "stable: all of these numbers are positive" in result.output and "1 + trace + det" in result.output
    assert "x'/x -> beta2^(1/4) = 0.99974991" in result.output and "2-cycle" in result.output
    assert (tmp_path / "plane.svg").read_text().count("<svg") == 1


@pytest.mark.parametrize(
    ("arguments", "verdict", "words"),
    [
        (["--beta1", ".9", "--beta2", ".895", "--k", "4"], "unstable", "1 - det is negative"),
        (["--beta1", ".9", "--beta2", ".9", "--k", "4"], "open", "1 - det vanishes"),
        (["--beta1", "0", "--beta2", "1/16", "--k", "4"], "open", "1 + trace + det vanishes"),
        (["--beta1", ".8:.95", "--beta2", ".9:.95", "--k", "4"], "open", "crosses the boundary, where 1 - det vanishes"),
        (["--beta1", ".8:.85", "--beta2", ".9:.95", "--k", "4"], "stable", "every determinant is positive on the whole box"),
        (["--optimizer", "rmsprop", "--beta2", "1/8", "--k", "4"], "stable", "attracts too: not all starts converge"),
        (["--optimizer", "gd", "--eigenvalues", "1,19", "--eta", "0.1"], "stable", "between 0 and 20"),
        (["--optimizer", "gd", "--eigenvalues", "1,20", "--eta", "0.1"], "marginal", "the largest eigenvalue is 0"),
        (["--eigenvalues", "1,3801", "--eta", "0.01"], "unstable", "between 0 and 3800"),
        (
            ["--optimizer", "heavy-ball", "--beta1", ".5", "--eigenvalues", "-1,2", "--eta", "1"],
            "unstable",
            "smallest eigenvalue is negative",
        ),
    ],
)
def test_verdicts(run, arguments, verdict, words):
    result = run(*arguments)
    assert words in result.output and result.output.splitlines()[1].startswith(verdict)
    assert result.exit_code == (verdict != "stable")
    data = json.loads(run(*arguments, "--json").output)
    assert data["verdict"] == verdict


def test_runs_are_proved_and_their_certificates_accepted(run, tmp_path):
    arguments = ["--optimizer", "rmsprop", "--beta2", "1/8", "--k", "4"]
    for start, limit in (("1", "minimum"), ("0.00051", "2-cycle")):
        result = run(*arguments, "--run", start, "--certificate", f"{limit}.json")
        assert f"ends at the {limit}: trapped after" in result.output and result.exit_code == 0
    assert "nothing proved" in run("--beta1", ".9", "--beta2", ".895", "--k", "4", "--run", "1").output
    assert run("--beta1", ".8:.95", "--beta2", ".9:.95", "--k", "4", "--certificate", "box.json").exit_code == 1
    files = [str(tmp_path / name) for name in ("minimum.json", "2-cycle.json", "box.json")]
    done = subprocess.run([sys.executable, ROOT / "examples" / "check_certificate.py", *files], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout
    assert "it ends on the 2-cycle" in done.stdout and "83.01% of the box is stable" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        ([], "either --k or --eigenvalues"),
        (["--k", "4", "--eigenvalues", "1"], "either --k or --eigenvalues"),
        (["--k", "5"], "k must be an even integer"),
        (["--k", "4", "--beta1", "1.2"], "beta1 must lie in [0, 1)"),
        (["--k", "4", "--beta2", "-1/2"], "beta2 must lie in [0, 1)"),
        (["--k", "4", "--beta1", "x"], "expected a number or LOW:HIGH"),
        (["--k", "4", "--beta1", ".1:.2:.3"], "expected a number or LOW:HIGH"),
        (["--k", "4", "--beta1", ".3:.2"], "beta1 must be a number in [0, 1) or a range"),
        (["--k", "4", "--optimizer", "gd"], "optimizer must be adam or rmsprop"),
        (["--k", "4", "--optimizer", "rmsprop", "--beta1", ".5"], "--beta1 must be 0"),
        (["--k", "4", "--plane", "plane.txt"], "plane must be a file"),
        (["--k", "4", "--beta1", ".8:.9", "--run", "1"], "--run needs single numbers"),
        (["--eigenvalues", "1,a"], "expected numbers with commas"),
        (["--eigenvalues", "1"], "--eta and --beta1 must be single numbers"),
        (["--eigenvalues", "1", "--eta", "0"], "eta must be positive"),
        (["--eigenvalues", "1", "--eta", "1", "--run", "1"], "--run goes with --k"),
    ],
)
def test_bad_usage(run, arguments, hint):
    result = run(*arguments)
    assert result.exit_code == 2 and hint in result.output


def test_the_page_on_optimizers_is_run(run, tmp_path):
    """Every block of commands of docs/optimizers.md, with the exit code that the block states."""
    text = (ROOT / "docs" / "optimizers.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```(sh|sh fails)\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 4
    for kind, block in blocks:
        for line in block.splitlines():
            program, subcommand, *arguments = line.split()
            assert (program, subcommand) == ("proofs-check", "stability")
            assert run(*arguments).exit_code == (kind == "sh fails"), line
    assert (tmp_path / "plane.svg").is_file() and (tmp_path / "run.json").is_file()
