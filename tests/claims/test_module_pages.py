"""The page on torch modules is run in order; the command rank says what explains a rank, and what stays open."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from referees import script

from proofs_check.commands.rank import command

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_code_of_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    state = torch.random.get_rng_state()
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "torch-modules.md").read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 10
    exec(compile("\n".join(blocks), "torch-modules.md", "exec"), {"__name__": "torch_modules"})
    torch.random.set_rng_state(state)
    assert script("check_certificate").check(json.loads((tmp_path / "minor.json").read_text())) == 10


@pytest.fixture
def files(tmp_path):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(40, 3, 2)))
    np.save(tmp_path / "few.npy", np.random.default_rng(0).normal(size=(5, 3, 2)))
    (tmp_path / "nets.py").write_text(
        "import torch\n"
        "from torch import nn\n"
        "class Net(nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        torch.manual_seed(0)\n"
        "        self.layer, self.last = nn.RNN(2, 2, batch_first=True), nn.Linear(2, 1)\n"
        "    def forward(self, x):\n"
        "        return self.last(self.layer(x)[0][:, -1])\n"
        "class Odd(Net):\n"
        "    def forward(self, x):\n"
        "        return torch.special.bessel_j0(super().forward(x))\n"
    )
    return tmp_path


def run(files, name, samples, *options):
    return CliRunner().invoke(command, [f"{files / 'nets.py'}:{name}", "--inputs", str(files / samples), *options])


def test_the_command_explains_the_gap(files):
    found = run(files, "Net", "few.npy", "--all-inputs")
    assert found.exit_code == 0, found.output
    lines = found.output.splitlines()
    assert lines[0].startswith("rank 13 (certified")
    assert lines[1] == "15 parameters, 2 directions proved to change no output"
    assert lines[2] == "     2  layer.bias_ih_l0, layer.bias_hh_l0"


def test_too_few_samples_are_told(files):
    lines = run(files, "Net", "few.npy").output.splitlines()
    assert lines[0].startswith("rank 5 (certified") and "8  more that change no output on these inputs" in lines[-1]


def test_the_command_in_json(files):
    data = json.loads(run(files, "Net", "x.npy", "--json").output)
    assert (data["rank"], data["parameters"]) == (13, 15)
    assert data["symmetries"] == [{"parameters": ["layer.bias_ih_l0", "layer.bias_hh_l0"], "dimension": 2}]
    assert script("check_module").check(data["certificate"]) == 13


def test_what_is_not_read_ends_in_one_sentence(files):
    found = run(files, "Odd", "x.npy")
    assert found.exit_code == 2 and "aten.special_bessel_j0" in found.output and "Traceback" not in found.output
    assert run(files, "Net", "x.npy", "--all-inputs", "--method", "ball").exit_code == 2
