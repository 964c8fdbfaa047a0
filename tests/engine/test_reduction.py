"""Reduced counterexamples are small, still fail, and stay within what the caller admits."""

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs_check.engine.reduction import LIMIT, reduce_instance, simpler


@dataclass(frozen=True)
class Sample:
    values: tuple
    width: int

    def __post_init__(self):
        if self.width < 1:
            raise ValueError("width must be positive")


class Pair(NamedTuple):
    first: int
    second: int


@pytest.mark.parametrize(
    ("instance", "fails", "wanted"),
    [
        ([3, 1, 9, 4], lambda values: max(values, default=0) >= 5, [5]),
        ([0.123456, 7.77], lambda values: len(values) == 2 and values[1] > 2, [0.0, 3.0]),
        ((Fraction(22, 7),), lambda values: sum(values) > 3, (Fraction(13, 4),)),
        ({"a": 17, "b": [1, 2]}, lambda value: value["a"] % 2 == 1, {"a": 1, "b": []}),
        (Sample((4, 5, 6), 8), lambda sample: sum(sample.values) > 9, Sample((4, 6), 1)),
        (Pair(12, -5), lambda pair: pair.second < 0, Pair(0, -1)),
        (-8, lambda value: value**2 > 3, 2),
        ("text", lambda value: True, "text"),
        (None, lambda value: True, None),
        (True, lambda value: True, True),
    ],
)
def test_known_reductions(instance, fails, wanted):
    found = reduce_instance(instance, fails)
    assert type(found) is type(wanted)
    assert found == wanted


def test_arrays_lose_slices_and_entries_and_keep_their_type():
    matrix = np.arange(12.0).reshape(3, 4) + 0.3
    found = reduce_instance(matrix, lambda given: given.size > 0 and given.max() > 6)
    assert found.dtype == matrix.dtype and found.shape == (1, 1)
    assert found[0, 0] == 7
    counts = reduce_instance(np.array([[5, -7], [2, 9]]), lambda given: given.shape == (2, 2) and given[0, 1] < 0)
    assert counts.tolist() == [[0, -1], [0, 0]]
    assert counts.dtype == np.int64


def test_the_given_instance_is_not_changed():
    matrix = np.ones((2, 2))
    reduce_instance(matrix, lambda given: True)
    assert matrix.tolist() == [[1, 1], [1, 1]]


@given(st.lists(st.integers(-100, 100) | st.floats(allow_nan=False, allow_infinity=False), max_size=8), st.integers(0, 50))
def test_what_is_found_fails_and_is_no_larger(values, bound):
    def fails(given):
        return sum(map(abs, given)) >= bound

    if fails(values):
        found = reduce_instance(values, fails)
        assert fails(found) and len(found) <= len(values)


def test_the_number_of_trials_is_bounded():
    trials = []

    def fails(instance):
        trials.append(instance)
        return len(instance) == 40

    reduce_instance(list(range(1000, 1040)), fails, limit=25)
    assert len(trials) == 1 + 25
    assert LIMIT >= 100


def test_an_instance_that_does_not_fail_is_refused():
    with pytest.raises(ValueError, match="still_fails"):
        reduce_instance([1], lambda value: False)


@pytest.mark.parametrize("value", [0, 0.0, Fraction(0), [], (), {}, float("inf"), float("nan"), np.zeros(0), "x", None])
def test_the_simplest_values_have_no_simpler_ones(value):
    assert list(simpler(value)) == []
