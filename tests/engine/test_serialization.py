"""Values of all arithmetics as JSON data, and files written atomically."""

import enum
import json
import os
from dataclasses import dataclass
from fractions import Fraction

import flint
import numpy as np
import pytest
import sympy
import torch

from proofs_check.plain_data import LARGEST_ARRAY, to_data, write_json


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Point:
    x: Fraction
    y: object


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, None),
        (True, True),
        (10**30, 10**30),
        (0.5, 0.5),
        (float("nan"), None),
        (float("-inf"), "-inf"),
        (Fraction(-3, 7), "-3/7"),
        (1 + 2j, {"re": 1.0, "im": 2.0}),
        (Colour.RED, "red"),
        ({1: (2, {3, 4})}, {"1": [2, [3, 4]]}),
        (Point(Fraction(1, 2), [1]), {"type": "Point", "x": "1/2", "y": [1]}),
        (np.float64(0.25), 0.25),
        (np.int8(3), 3),
        (np.bool_(True), True),
        (np.array([[1, 2], [3, 4]]), [[1, 2], [3, 4]]),
        (np.array([Fraction(1, 3), 2], dtype=object), ["1/3", 2]),
        (np.array([np.nan, np.inf]), [None, "inf"]),
        (torch.tensor([1.0, 2.0], requires_grad=True), [1.0, 2.0]),
        (sympy.Rational(1, 3), "1/3"),
        (sympy.sqrt(2) * sympy.Symbol("x"), "sqrt(2)*x"),
        (flint.fmpz(5), 5),
        (flint.fmpq(5, 7), "5/7"),
        (flint.nmod(3, 17), "3"),
        (np.array([flint.fmpq(1, 2)], dtype=object), ["1/2"]),
        (Fraction, "Fraction"),
        (np.int64, "int64"),
    ],
)
def test_values_become_data(value, wanted):
    found = to_data(value)
    assert found == wanted
    json.dumps(found, allow_nan=False)


def test_large_arrays_are_described():
    described = to_data(np.zeros((101, 100)))
    assert 101 * 100 > LARGEST_ARRAY
    assert (described["shape"], described["dtype"], described["first"]) == ([101, 100], "float64", [0.0] * 8)
    assert described["sha256"] != to_data(np.ones((101, 100)))["sha256"]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    file = tmp_path / "deep" / "data.json"
    write_json(file, {"a": 1})
    with pytest.raises(ValueError, match="JSON"):
        write_json(file, {"a": float("nan")})
    assert json.loads(file.read_text()) == {"a": 1}
    assert os.listdir(file.parent) == ["data.json"]
