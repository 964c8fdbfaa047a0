"""The page of a module whose rank was bounded: well-formed, under the policy, and what it says is in the numbers."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from pages import Page, broken_links

from proofs_check.commands.rank import command
from reports import modules

NETS = """
from torch import nn
import torch
torch.manual_seed(0)
conv = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(12, 2)).double()
chain = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)).double()
class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2, dtype=torch.float64))
    def forward(self, x):
        return (x * self.scale) ** 2
named = Named()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nets.py").write_text(NETS)
    rng = np.random.default_rng(0)
    np.save("images.npy", rng.normal(size=(40, 1, 6, 6)))
    np.save("points.npy", rng.normal(size=(40, 2)))
    np.save("few.npy", rng.normal(size=(5, 2)))
    return tmp_path


def made(*arguments):
    result = CliRunner().invoke(command, [*arguments, "--report", "page"])
    assert result.exit_code == 0 and "report: page/index.html" in result.output, result.output
    return Page(Path("page/index.html")), json.loads(Path("page/rank.json").read_text())


def test_a_page_of_a_convolutional_network(folder):
    page, data = made("nets.py:conv", "--inputs", "images.npy", "--all-inputs")
    assert broken_links(folder / "page") == [] and page.headings == [1, 2, 2, 2]
    policy = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page.source)
    assert len(policy) == 1 and "default-src 'none'" in policy[0] and "\\" not in page.source
    assert not {name for name in page.attributes if name.startswith("on")} | ({"style"} & page.attributes)
    assert "53 of 56 directions of parameter space" in page.text and "over all inputs" in page.text
    first, last = data["layers"]
    assert (first["name"], first["kind"], first["parameters"], first["moved"], first["inside"]) == ("0", "Conv2d", 30, 3, 0)
    assert (last["name"], last["parameters"], last["moved"]) == ("4", 26, 3) and first["minor"] + last["minor"] == data["lower"] == 53
    assert data["groups"] == [{"parameters": ["0.weight", "0.bias", "4.weight"], "dimension": 3}]
    values = np.array(data["spectrum"])
    assert values[52] > 1e-9 * values[0] > values[53]  # the cut is where the picture has its gap
    certificate = json.loads((folder / "page" / "certificate.json").read_text())
    assert certificate["rank"] == 53 and 'alt="' in page.source and "cuts between 53 and 54" in page.images[0]["alt"]
    assert (folder / "page" / "spectrum.svg").read_text().count("rank 53")


def test_pages_of_a_chain_and_of_parameters_without_a_layer(folder):
    page, data = made("nets.py:chain", "--inputs", "points.npy")
    assert data["lower"] == data["upper"] == 13 and "None was found." in page.text and "on the 40 samples given" in page.text
    page, data = made("nets.py:chain", "--inputs", "few.npy")
    assert data["on_inputs"] == 8 and "8 more on these inputs" in page.text
    page, data = made("nets.py:named", "--inputs", "points.npy")
    assert "the module itself" in page.text and data["layers"][0]["kind"] == "Named"


def test_json_stays_json_beside_a_page(folder):
    result = CliRunner().invoke(command, ["nets.py:chain", "--inputs", "points.npy", "--json", "--report", "page"])
    assert json.loads(result.stdout)["rank"] == 13 and "report:" in result.stderr


def test_what_proves_nothing_has_no_page(folder):
    result = CliRunner().invoke(command, ["nets.py:chain", "--inputs", "points.npy", "--method", "float", "--report", "page"])
    assert result.exit_code == 2 and "takes no --method float" in result.output and not (folder / "page").exists()


def open_bounds(**changes):
    data = {"module": "<net>", "inputs": "over all inputs", "parameters": 4, "lower": 1, "upper": 3, "certified": False, "method": "ball"}
    data |= {"layers": [], "groups": [], "directions": 1, "on_inputs": 0, "left_out": 2, "spectrum": [1.0, 1e-3, 0.0], "certificate": None}
    return data | changes


def test_bounds_that_do_not_meet_are_two_cuts(tmp_path):
    page = Page(modules.write(open_bounds(), tmp_path / "a"))
    assert "2 stay open" in page.text and "<net>" in page.text and "2 attempts" in page.text and broken_links(tmp_path / "a") == []
    assert [mark["label"] for mark in modules.spectrum(open_bounds())["marks"]] == ["at least 1", "at most 3"]
    page = Page(modules.write(open_bounds(spectrum=[0.0], lower=0), tmp_path / "b"))
    assert "All singular values are 0." in page.text and not (tmp_path / "b" / "spectrum.svg").exists()
