"""Flows of shipped counterexamples integrated again to 30 digits by a script that shares no code; what was changed differs."""

import ast
import copy
import json
import sys
from pathlib import Path

import pytest
from referees import script

from numerics.overlap import find_contact_form, find_cycle, find_one_point_overlap, find_reweighted, find_two_point_overlap

ROOT = Path(__file__).resolve().parents[2]
REINTEGRATE = script("reintegrate")


def data(found):
    return json.loads(json.dumps(found.to_data()))


FOUND = {
    "one-point": lambda: find_one_point_overlap("gelu"),
    "reflected": lambda: find_one_point_overlap("softplus"),
    "zero label": lambda: find_two_point_overlap("softplus", candidates=20),
    "four limits": lambda: find_cycle("sin"),
    "loop": lambda: find_cycle("erf", inputs=2),
    "two-point": lambda: find_two_point_overlap("tanh", inputs=2),
    "ReLU": lambda: find_two_point_overlap("relu", neurons=2, inputs=2),
    "contact": lambda: find_contact_form("erf"),
    "large weights": lambda: find_reweighted("gelu", inputs=1),
}


@pytest.fixture(scope="module")
def found():
    return {name: data(search()) for name, search in FOUND.items()}


@pytest.mark.parametrize("name", FOUND)
def test_flows_end_where_the_file_says(found, name):
    seen = REINTEGRATE.compare(found[name])
    assert seen.failed == [] and seen.count >= 5


def moved(text):
    """Another number by 1e-9 of it."""
    return repr(float(text.strip("[").split()[0]) * (1 + 1e-9) + 1e-12)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("one-point", ("samples", 0, "y")),
        ("reflected", ("limits", 0, 0)),
        ("zero label", ("limits", 1, 0)),
        ("four limits", ("limits", 2, 1)),
        ("loop", ("certificates", 0, "a")),
        ("loop", ("certificates", 0, "box", "centre", 1)),
        ("two-point", ("samples", 1, "x", 0)),
        ("ReLU", ("limits", 0, 3)),
        ("large weights", ("limits", 1, 0)),
        ("contact", ("certificates", 0, "limit", 2)),
    ],
)
def test_what_is_changed_by_a_billionth_differs(found, name, place):
    changed = copy.deepcopy(found[name])
    *way, last = place
    holder = changed
    for key in way:
        holder = holder[key]
    holder[last] = moved(holder[last])
    assert REINTEGRATE.compare(changed).failed


def test_the_command_line(found, tmp_path, capsys):
    file = tmp_path / "found.json"
    file.write_text(json.dumps([found["reflected"], {"kind": "something else"}]))
    assert REINTEGRATE.main([file]) == 0 and "1 counterexamples integrated again, 0 differ" in capsys.readouterr().out
    file.write_text(json.dumps({"kind": "something else"}))
    assert REINTEGRATE.main([file]) == 1 and "nothing was compared" in capsys.readouterr().out
    file.write_text(json.dumps({**found["reflected"], "activation": "open('x')"}))
    assert REINTEGRATE.main([file]) == 1 and "FAILED" in capsys.readouterr().out


def test_it_imports_the_standard_library_and_mpmath_alone():
    tree = ast.parse((ROOT / "examples" / "reintegrate.py").read_text(encoding="utf-8"))
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert modules <= sys.stdlib_module_names | {"mpmath"}
