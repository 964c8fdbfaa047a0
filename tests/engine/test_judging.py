"""The one place that compares: equality across the arithmetics of the house, bounds, ranks, rates, and predictions made false."""

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from flint import acb, arb, fmpq, fmpq_poly, fmpz, fmpz_mat, fmpz_poly, nmod
from hypothesis import given
from hypothesis import strategies as st

from proofs_check import ClaimError, Outcome, Status
from proofs_check.comparing import agree, another, followed
from proofs_check.judging import (
    at_least,
    at_most,
    bounded,
    different,
    equal,
    inertia_is,
    order,
    rank_is,
    rate_is,
    true,
    vanishing,
    worst,
)

WIDE, THIRD = arb(1, 0.5), arb(fmpq(1, 3))


@dataclass
class Found:
    lower: int
    upper: int
    certificate: Any = None
    certified: bool = True

    @property
    def rank(self):
        return self.lower if self.lower == self.upper else None


SAME = [
    (Fraction(1, 2), fmpq(1, 2)),
    (fmpq(4, 2), 2),
    (fmpz(3), np.int64(3)),
    (sympy.Rational(1, 2), Fraction(1, 2)),
    (0.5, Fraction(1, 2)),
    (np.float64(2), 2),
    (10**30, fmpz(10**30)),
    ((1, 2), [1, 2]),
    ([1, 2], np.array([1, 2])),
    (np.array([[1, 2]]), fmpz_mat([[1, 2]])),
    ([], ()),
    (np.zeros((2, 0)), np.zeros((2, 0))),
    (nmod(5, 7), nmod(12, 7)),
    (nmod(5, 7), 5),
    (sympy.sympify("(x + 1)**2"), sympy.sympify("x**2 + 2*x + 1")),
    (sympy.sympify("1/x + 1/y"), sympy.sympify("(x + y)/(x*y)")),
    ({"a": 1, "b": [2]}, {"b": (2,), "a": fmpz(1)}),
    ({1, 2}, {2, 1}),
    ("tanh", "tanh"),
    (True, True),
    (arb(2), 2),
    (3, Found(3, 3)),
    ({Fraction(1, 2), (1, 2)}, frozenset({(fmpz(1), 2), fmpq(1, 2)})),
    (sympy.FiniteSet(1, 2), {1, 2}),
    (sympy.true, True),
    (sympy.oo, math.inf),
    (sympy.sin(1) ** 2 + sympy.cos(1) ** 2, 1),
    (sympy.sqrt(3 + 2 * sympy.sqrt(2)), 1 + sympy.sqrt(2)),
    ((sympy.sin(1) ** 2 + sympy.cos(1) ** 2) * sympy.Symbol("x"), sympy.Symbol("x")),
    (fmpq_poly([1, 2]), sympy.Poly("2*x + 1")),
    (fmpz_poly([]), sympy.Poly(0, sympy.Symbol("x"))),
    (sympy.Poly(3, sympy.Symbol("x")), 3),
    (sympy.Poly("x**2 - 1"), sympy.sympify("(x - 1)*(x + 1)")),
    (sympy.Poly("x*y", sympy.Symbol("x")), sympy.Poly("x*y", sympy.Symbol("y"))),
    (np.array(0.5), Fraction(1, 2)),
    (np.complex128(1 + 2j), acb(1, 2)),
    (1j, np.complex64(1j)),
]
DIFFERENT = [
    (Fraction(1, 2), fmpq(1, 3)),
    ((1, 2), [1, 2, 3]),
    ((1, 2), [2, 1]),
    (1, [1]),
    (np.zeros((2, 1)), np.zeros((1, 2))),
    (10**30, fmpz(10**30 + 1)),
    (arb(2), 3),
    (WIDE, 2),
    (acb(1, 1), acb(1, -1)),
    (nmod(5, 7), nmod(4, 7)),
    (sympy.Symbol("x"), sympy.Symbol("y")),
    ({"a": 1}, {"b": 1}),
    ("tanh", "relu"),
    (True, False),
    (4, Found(1, 3)),
    (np.zeros((0, 3)), np.zeros((0, 2))),
    (sympy.zeros(0, 3), fmpz_mat(0, 2)),
    ({Fraction(1, 2)}, {fmpq(1, 3)}),
    ({1, 2}, {1}),
    (sympy.pi, Fraction(355, 113)),
    (sympy.exp(sympy.pi * sympy.sqrt(163)), 262537412640768744),
    (sympy.oo, 10**300),
    (fmpq_poly([1, 2]), fmpq_poly([1, 2, 3])),
    (sympy.Poly("2*x + 1"), sympy.Poly("2*y + 1")),
    (sympy.Poly("x*y"), sympy.Poly("x*y + 1")),
]
OPEN = [(None, 3), (20, None), ([1, None], [1, 2]), (WIDE, 1), (THIRD, THIRD), (2, Found(1, 3)), (float("nan"), 1)]
OPEN += [(complex(math.nan, 0), 1), (np.float32("nan"), np.float32("nan")), (sympy.nan, sympy.nan)]


@pytest.mark.parametrize("pair", SAME, ids=str)
def test_equal_values_of_any_exact_type_agree(pair):
    assert agree(*pair) is True and agree(*pair[::-1]) is True
    assert equal(value=pair).status is Status.HOLDS
    assert Outcome.equal(*pair).status is Status.HOLDS


@pytest.mark.parametrize("pair", DIFFERENT, ids=str)
def test_different_values_fail_with_both_shown(pair):
    found = equal(what=pair)
    assert found.status is Status.FAILS
    assert "expected" in found.message and found.counterexample["what"] == "what"


@pytest.mark.parametrize("pair", OPEN, ids=str)
def test_what_is_not_decided_is_inconclusive(pair):
    assert equal(value=pair).status is Status.INCONCLUSIVE


def test_tensors_are_compared_as_arrays():
    torch = pytest.importorskip("torch")
    assert equal(value=(torch.tensor([0.5, 1.0]), [Fraction(1, 2), 1])).status is Status.HOLDS
    assert equal(value=(torch.tensor(0.5), 1)).status is Status.FAILS
    assert agree(another(torch.tensor([1, 2])), torch.tensor([1, 2])) is False


def test_an_iterator_is_refused_since_a_comparison_uses_it_up():
    with pytest.raises(TypeError, match="iterator generator: make a list"):
        equal(value=((i for i in (1, 2)), [1, 2]))


def test_a_pair_that_differs_decides_before_one_that_is_open():
    assert equal(first=(1, None), second=(1, 2)).status is Status.FAILS


@given(
    st.recursive(
        st.one_of(st.integers(), st.fractions(), st.booleans(), st.text(), st.floats(allow_nan=False, allow_infinity=False)),
        lambda inner: st.one_of(st.lists(inner), st.tuples(inner, inner), st.dictionaries(st.text(), inner)),
        max_leaves=8,
    )
)
def test_another_value_never_agrees(value):
    assert agree(another(value), value) is False


ODD = (fmpq(1, 2), sympy.Symbol("x"), {1}, np.bool_(True), arb(2), sympy.oo, math.inf, np.float32(1e20), np.int8(127), 1j, sympy.true)


@pytest.mark.parametrize("value", [np.arange(3), np.zeros((2, 2)), np.zeros(0), *ODD])
def test_another_value_of_every_kind(value):
    assert agree(another(value), value) is False


#: Judgements that hold, and must fail once their prediction is made false.
HOLDING = {
    "equal": lambda: equal(value=(3, 3)),
    "array": lambda: equal(value=(np.arange(3), [0, 1, 2])),
    "different": lambda: different("two ranks", 3, 4),
    "true": lambda: true("is affine", True),
    "vanishing": lambda: vanishing("residual", np.array([Fraction(0), Fraction(0)])),
    "bounded": lambda: bounded("error", np.array([1e-17, 0]), 1e-15),
    "bounded by zero": lambda: bounded("error", 0.0, 1e-300),
    "at most, attained": lambda: at_most("rank", 3, 3),
    "at most, not attained": lambda: at_most("rank", 2, 7, attained=False),
    "at least": lambda: at_least("rank", Found(3, 3), 3),
    "at least, open": lambda: at_least("rank", Found(3, 5), 3, attained=False),
    "order": lambda: order("norms", [1, 2, 3]),
    "order that does not fall": lambda: order("norms", [1, 1, 3], strict=False),
    "rank": lambda: rank_is(3, Found(3, 3)),
    "inertia": lambda: inertia_is((1, 2, 3), (1, 2, 3)),
    "rate": lambda: rate_is(99, 100, what="recovery", at_least=0.8, margin=0.2, alpha=1e-6),
    "rate of nearly one": lambda: rate_is(400, 400, what="recovery", at_least=1.0, margin=0.2, alpha=1e-6),
    "low rate": lambda: rate_is(1, 100, what="recovery", at_most=0.2, margin=0.2, alpha=1e-6),
    "worst": lambda: worst([equal(value=(3, 3)), bounded("error", 0.0, 1.0)]),
}


@pytest.mark.parametrize("name", HOLDING)
def test_every_judgement_notices_a_prediction_made_false(name):
    with followed() as trail:
        assert HOLDING[name]().status is Status.HOLDS
    assert trail.comparisons and not trail.false
    with followed(false=True):
        assert HOLDING[name]().status is Status.FAILS
    assert HOLDING[name]().status is Status.HOLDS


def test_a_bound_that_is_never_reached_survives_the_next_smaller_one():
    with followed(false=True):
        assert at_most("rank", 2, 7).status is Status.HOLDS


def test_the_arithmetic_that_was_compared_is_recorded():
    for value, kind in [(0.5, "float"), (np.zeros(2), "float"), (arb(1), "ball"), (Fraction(1, 2), "exact"), (sympy.Symbol("x"), "symbol")]:
        with followed() as trail:
            equal(value=(value, value))
        assert trail.arithmetic == {kind}


def test_bounds_keep_their_margin_and_nan_decides_nothing():
    assert bounded("error", [0.5, -0.25], 1.0).margin == 0.5
    assert bounded("error", [0.5, np.nan], 1.0).status is Status.INCONCLUSIVE
    assert bounded("error", [2.0, np.nan], 1.0).status is Status.FAILS
    assert bounded("error", [0.5, 2.0], [1.0, 1.0]).status is Status.FAILS
    assert bounded("error", 1.0, np.nan).status is Status.INCONCLUSIVE
    assert bounded("error", 1.0, 0.0).status is Status.FAILS
    assert bounded("error", np.array([3j]), 1.0).status is bounded("error", 1 + 1j, 1.0).status is Status.FAILS
    for bound in (np.inf, [1.0, np.inf]):  # everything keeps it, a false prediction too
        assert bounded("error", [0.5, 0.5], bound).status is Status.INCONCLUSIVE
    with pytest.raises(ClaimError, match="a bound of at least 0 for error, got -1"):
        bounded("error", 0.5, -1)
    assert at_most("value", -math.inf, 3).status is at_least("value", 3, -math.inf).status is Status.INCONCLUSIVE
    for infinite in (np.float32("inf"), arb("inf"), sympy.oo):
        assert at_most("value", 3, infinite).status is Status.INCONCLUSIVE
    assert at_most("value", math.inf, 3).status is Status.FAILS


def test_order_is_known_between_all_arithmetics():
    half = Fraction(1, 2)
    assert at_most("value", half, fmpq(1, 2)).status is at_most("value", half, arb(1)).status is Status.HOLDS
    assert at_most("value", sympy.sqrt(2), half).status is at_least("value", fmpq(1, 3), half).status is Status.FAILS
    for open_value in (sympy.Symbol("x"), math.nan, sympy.nan, np.float32("nan"), arb(0.5, 1)):
        assert at_most("value", open_value, half).status is Status.INCONCLUSIVE
    for nothing_to_order in ([1, 2], np.arange(2), 1j, "1"):
        with pytest.raises(ClaimError, match="two numbers that can be ordered"):
            at_most("value", nothing_to_order, 3)


@pytest.mark.parametrize("fact", [math.nan, "no", [False], [], np.array([True, False]), 2, sympy.Symbol("x") > 1])
def test_only_truth_values_are_true(fact):
    with pytest.raises(ClaimError, match="expected True, False or None for 'it holds'"):
        true("it holds", fact)


@pytest.mark.parametrize("counts", [(1.5, 3, 0), (2, None, 0), (10, 10, -5)])
def test_rates_count_whole_trials(counts):
    with pytest.raises(ClaimError, match="whole numbers of trials"):
        rate_is(*counts[:2], what="runs", at_least=0.8, margin=0.3, alpha=0.1, undecided=counts[2])


def test_open_ranks_are_ordered_only_where_their_bounds_are():
    assert at_most("rank", Found(1, 3), 3).status is Status.HOLDS
    assert at_most("rank", Found(1, 4), 3).status is Status.INCONCLUSIVE
    assert at_most("rank", Found(4, 5), 3).status is Status.FAILS
    assert rank_is(2, Found(1, 3)).status is Status.INCONCLUSIVE
    assert rank_is(4, Found(1, 3)).status is Status.FAILS
    assert rank_is(3, Found(3, 3, {"rows": [0]}), keep=True).certificate == {"rows": [0]}


def test_worst_of_several():
    fails, open_one, holds = equal(value=(1, 2)), equal(value=(None, 2)), bounded("error", 0.5, 1.0)
    assert worst([holds, open_one, fails]).status is Status.FAILS
    assert worst([holds, open_one]).status is Status.INCONCLUSIVE
    assert worst([holds, equal(value=(1, 1))]).margin == 0.5
    with pytest.raises(ClaimError, match="at least one outcome"):
        worst([])


@pytest.mark.parametrize("judge", [lambda: equal(), lambda: order("x", [1]), lambda: rate_is(1, 2, what="x", margin=0.1, alpha=0.1)])
def test_judgements_without_a_question_are_refused(judge):
    with pytest.raises(ClaimError, match="expected"):
        judge()


@pytest.mark.parametrize(
    ("observed", "bound", "status"),
    [
        (WIDE, 1, Status.INCONCLUSIVE),  # [1/2, 3/2]: its middle keeps the bound, the ball does not
        (arb(1.2, 0.5), 1, Status.INCONCLUSIVE),
        (arb(2, 0.5), 1, Status.FAILS),
        (arb(0.2, 0.5), 1, Status.HOLDS),
        (arb(1), 1, Status.HOLDS),
        ([0.5, WIDE], [1, 2], Status.HOLDS),
        ([2.0, WIDE], 1, Status.FAILS),
        (0.75, WIDE, Status.INCONCLUSIVE),
        (0.25, WIDE, Status.HOLDS),
        (acb(arb(0, 1), arb(0, 1)), 1, Status.INCONCLUSIVE),
        (arb(0, "inf"), 1, Status.INCONCLUSIVE),
        (arb("nan"), 1, Status.INCONCLUSIVE),
    ],
)
def test_a_ball_is_bounded_with_its_radius(observed, bound, status):
    assert bounded("a", observed, bound).status is status


@pytest.mark.parametrize("ball", [arb(0, 1e-9), arb(0.5), acb(0, 0.25)])
def test_a_bound_made_false_is_refuted_for_a_ball(ball):
    with followed(false=True):
        assert bounded("a", ball, 1).status is Status.FAILS


@pytest.mark.parametrize("dtype", [int, float])
def test_a_masked_entry_was_not_measured(dtype):
    hidden = np.ma.array([0, 5], mask=[True, False], dtype=dtype)
    assert agree(hidden[0], 0) is agree(hidden, [0, 5]) is None
    assert vanishing("a", hidden[:1]).status is Status.INCONCLUSIVE
    assert bounded("a", hidden, 9).status is Status.INCONCLUSIVE
    assert bounded("a", hidden, 1).status is Status.FAILS
    assert agree(np.ma.array([1, 2]), [1, 2])


@pytest.mark.parametrize("values", [[1, math.inf], [-math.inf, math.inf], [1, sympy.oo], [1, arb("inf")]])
def test_an_infinity_alone_keeps_no_order(values):
    assert order("a", values).status is Status.INCONCLUSIVE


@pytest.mark.parametrize(
    "judge",
    [
        lambda: order("a", {3, 1, 2}),  # type: ignore[arg-type]
        lambda: order("a", {1: 0, 2: 0}),  # type: ignore[arg-type]
        lambda: order("a", None),  # type: ignore[arg-type]
        lambda: at_most("a", {1}, {1, 2}),
        lambda: bounded("a", "1", 2),
        lambda: bounded("a", ["1", 1 / 3], 2),
        lambda: bounded("a", 10**400, 2),
        lambda: bounded("a", 1, 2j),
        lambda: bounded("a", [1, 2], [1, 2, 3]),
        lambda: bounded("a", sympy.Symbol("x"), 2),
        lambda: inertia_is((1, 2), (1, 2)),
        lambda: inertia_is((), ()),
        lambda: inertia_is((1, 2, 3), None),
        lambda: rank_is(3, None),
        lambda: rank_is(3, 3),
        lambda: rank_is("3", Found(3, 3)),  # type: ignore[arg-type]
        lambda: worst([True]),  # type: ignore[list-item]
    ],
)
def test_what_has_no_size_order_or_bounds_is_refused_in_one_sentence(judge):
    with pytest.raises(ClaimError, match="expected"):
        judge()


def test_a_nan_of_decimals_decides_nothing():
    assert agree(Decimal("nan"), Decimal(1)) is None
