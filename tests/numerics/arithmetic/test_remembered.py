"""Kept results: one call for equal arguments, never for unequal ones, and arrays that nobody can change for the next."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq

import numerics.arithmetic.remembered as module
from numerics.arithmetic.remembered import remembered
from numerics.rank import model_rank
from theory.models import TwoLayer


@dataclass(frozen=True)
class Frozen:
    size: int


@dataclass(frozen=True)
class Held:
    values: np.ndarray


class Open:
    pass


def counted():
    calls = []

    @remembered
    def function(*args, **kwargs):
        calls.append((args, kwargs))
        return np.array([len(calls)])

    return function, calls


@pytest.mark.parametrize(
    "first, second, same",
    [
        (np.array([1.0, 2.0]), np.array([1.0, 2.0]), True),
        (np.array([0.0]), np.array([-0.0]), False),
        (np.array([1.0]), np.array([[1.0]]), False),
        (np.array([1.0]), np.array([1]), False),
        (0.0, -0.0, False),
        (1, True, False),
        (1, 1.0, False),
        (np.array([fmpq(1, 3)]), np.array([fmpq(1, 3)]), True),
        (np.array([fmpq(1)]), np.array([Fraction(1)]), False),
        (Frozen(2), Frozen(2), True),
        (Frozen(2), Frozen(3), False),
        ([1, 2], (1, 2), False),
        (Open(), Open(), False),
        (np.array([arb(1)]), np.array([arb(1)]), False),  # balls are not compared
    ],
)
def test_equal_arguments_are_asked_about_once(first, second, same):
    function, calls = counted()
    function(first, option=second)
    function(second, option=second)
    assert len(calls) == (1 if same else 2)


def test_only_so_much_is_kept(monkeypatch):
    monkeypatch.setattr(module, "ENTRIES", 20)
    function, calls = counted()
    for k in (1, 2, 1, 3, 4, 1, 2):
        function(k)
    assert [args[0] for args, _ in calls] == [1, 2, 3, 4, 2]
    function(np.zeros(50))
    function(np.zeros(50))
    assert len(calls) == 7
    function.forget()
    function(1)
    assert len(calls) == 8


def test_nobody_changes_what_the_next_is_given():
    function, calls = counted()
    function(1)[0] = 5
    function(1)[0] = 6
    assert function(1).tolist() == [1] and len(calls) == 1
    inside = remembered(lambda: Held(np.zeros(1)))
    with pytest.raises(ValueError, match="read-only"):
        inside().values[0] = 5


def test_the_certificate_of_a_kept_rank_is_made_anew():
    model, theta = TwoLayer(2, 3), np.arange(9) / 8 + 0.25
    first, second = model_rank(model, theta), model_rank(model, theta.copy())
    assert first is second and first.certificate["kind"] == "minor modulo a prime" and len(first.certificate["rows"]) == first.rank
