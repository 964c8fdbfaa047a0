"""The command reach, as a user meets it."""

import json

import pytest
from click.testing import CliRunner

from proofs_check.commands.reach import command


def test_reach_prints_bounds_distribution_and_orders():
    printed = CliRunner().invoke(command, ["--layers", "3"]).output.splitlines()
    assert printed[0] == "3 layers reach at least 3 and at most 4 steps, whatever the order of the pairs"
    assert printed[1] == "all orders of 4 pairs, 24 in number:"
    assert printed[-1] == "upper bound attained by 0 1 3 2 (run: 4)"


def test_reach_in_json_and_by_samples():
    data = json.loads(CliRunner().invoke(command, ["--layers", "5", "--sample", "50", "--pairs", "20", "--json"]).output)
    assert data["bounds"] == [15, 40] and not data["exhaustive"] and sum(data["orders"].values()) == 50
    assert len(data["attained"]["upper"]) == 40


def test_long_chains_are_sampled_less():
    data = json.loads(CliRunner().invoke(command, ["--layers", "9", "--json"]).output)
    assert data["pairs"] == 3280 and 10 <= sum(data["orders"].values()) < 100


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--layers", "0"], "layers must be an integer of at least 1, got 0"),
        (["--layers", "4", "--pairs", "5"], "pairs must be at least 7 for 4 layers, got 5"),
        (
            ["--layers", "4", "--pairs", "10000000"],
            "pairs must be at most 158113 for 10 orders and 4 layers, or it would take half an hour",
        ),
        (["--layers", "100000"], "layers must be at most 9000, whose bounds have 4300 digits, got 100000"),
    ],
)
def test_bad_arguments_are_told_in_one_line(arguments, told):
    done = CliRunner().invoke(command, arguments)
    assert done.exit_code == 2 and told in done.output
