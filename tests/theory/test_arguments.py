"""What arguments must be, and that whoever gives another reads its name, what was expected and what came."""

import inspect
import math
from fractions import Fraction

import numpy as np
import pytest

from theory import arguments
from theory.rank import two_layer_rank

NONSENSE = [None, "abc", 1j, {}, object(), math.nan]


def test_a_rule_for_an_argument_that_is_not_there():
    with pytest.raises(TypeError, match=r"test.*f has no arguments \['y'\]"):

        @arguments.checking(y=arguments.switch)
        def f(x):
            return x


def test_what_is_checked_is_the_function_that_it_was():
    @arguments.checking(count=arguments.between(1, 3))
    def f(x, *, count=7):
        """Said."""
        return x, count

    assert f.__doc__ == "Said." and list(inspect.signature(f).parameters) == ["x", "count"]
    assert f(2) == (2, 7) and f(x=2, count=3) == (2, 3)  # a default is not looked at
    with pytest.raises(ValueError, match="count must be an integer from 1 to 3, got 7"):
        f(2, count=7)
    with pytest.raises(TypeError, match="missing a required argument"):
        f()  # pyright: ignore[reportCallIssue]


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [
        (arguments.whole, [0, 7, np.int8(3)], [-1, True, 1.0]),
        (arguments.switch, [True, False, np.bool_(True), 0, 1], [2, -1, 0.5, 1.0]),
        (arguments.number, [0, -1.5, Fraction(1, 3), np.float32(2)], [True, math.inf]),
        (arguments.positive, [1, 1e-300, Fraction(1, 3)], [0, -1, True, math.inf]),
        (arguments.seconds, [0, 2.5, math.inf], [-1, True]),
        (arguments.bits, [2, 53, 4096], [1, 10**30, math.inf]),
        (arguments.generator, [np.random.default_rng(0)], [np.random, 3]),
        (
            arguments.array(1, 2),
            [[1, 2], np.ones((2, 3)), [Fraction(1, 3)]],
            [1.0, np.ones((1, 1, 1)), [1j], ["a"], [1, math.nan], [[1], [2, 3]]],
        ),
    ],
)
def test_rules(rule, right, wrong):
    for value in right:
        rule("that", value)
    for value in [*wrong, *NONSENSE]:
        with pytest.raises(ValueError, match="^that must "):
            rule("that", value)


@pytest.mark.parametrize("value", [math.nan, 10**30, "abc", 1j, None, 2])
def test_a_bias_is_there_or_not(value):
    with pytest.raises(ValueError, match="bias must be True or False"):
        two_layer_rank(2, 3, 3, bias=value)
