"""A box of parameters covered by smaller boxes on which signs are certain: where all conditions hold, where one fails, what is left open.

A box is halved until balls decide the signs of all conditions or the depth is reached; its sides take turns, the first one begins. The
certificate is the tree of halvings as a text: "/" for a halving, then its lower and its upper half; "+" where all conditions are positive,
"-" where one is negative, "?" where it was given up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from numerics.arithmetic.krawczyk import working_precision

Interval = tuple[Fraction, Fraction]
Box = tuple[Interval, ...]
Conditions = Callable[..., Sequence[Any]]


@dataclass(frozen=True)
class Cover:
    """``positive``, ``negative`` and ``open``: shares of the volume; ``tree`` the halvings of ``box``; ``undecided`` the conditions
    (their numbers) whose sign stayed open somewhere.
    """

    box: Box
    tree: str
    positive: Fraction
    negative: Fraction
    open: Fraction
    undecided: frozenset[int]

    def certificate(self) -> dict[str, Any]:
        """Plain data; what the conditions are must be said beside it."""
        shares = {"positive": self.positive, "negative": self.negative, "open": self.open}
        return {"box": [list(map(str, side)) for side in self.box], "tree": self.tree, **{name: str(one) for name, one in shares.items()}}

    def leaves(self) -> list[tuple[Box, str]]:
        """The boxes that cover, each with its sign "+", "-" or "?"."""
        found, waiting = [], [(self.box, 0)]
        for letter in self.tree:
            box, depth = waiting.pop()
            if letter == "/":
                waiting += reversed(halves(box, depth))
            else:
                found.append((box, letter))
        return found


def cover(conditions: Conditions, box: Sequence[Sequence[Any]], *, depth: int = 18, bits: int = 64) -> Cover:
    """Cover ``box`` (pairs low < high of rationals, one for each argument of ``conditions``) with at most ``depth`` halvings on each way.

    ``conditions`` maps balls, one for each side, to balls. Raises ValueError for a box without volume.
    """
    sides = tuple((Fraction(low), Fraction(high)) for low, high in box)
    if not sides or any(low >= high for low, high in sides):
        raise ValueError(f"box must be pairs low < high, got {[tuple(side) for side in box]}")
    letters, counts, undecided = [], {letter: [0] * (depth + 1) for letter in "+-?/"}, set()
    with working_precision(bits):
        places = [_balls_of(side) for side in sides]
        waiting = [((0,) * len(sides), 0)]
        while waiting:
            corner, level = waiting.pop()
            cuts = [level // len(sides) + (turn < level % len(sides)) for turn in range(len(sides))]
            values = conditions(*(ball_at(k, cut) for ball_at, k, cut in zip(places, corner, cuts, strict=True)))
            letter = "+" if all(value > 0 for value in values) else "-" if any(value < 0 for value in values) else "/"
            if letter == "/" and level == depth:
                letter = "?"
                undecided.update(k for k, value in enumerate(values) if not value > 0)
            letters.append(letter)
            counts[letter][level] += 1
            if letter == "/":
                turn = level % len(sides)
                waiting += [(corner[:turn] + (2 * corner[turn] + half,) + corner[turn + 1 :], level + 1) for half in (1, 0)]
    share = {letter: sum((Fraction(n, 2**level) for level, n in enumerate(counts[letter])), Fraction(0)) for letter in "+-?"}
    return Cover(sides, "".join(letters), share["+"], share["-"], share["?"], frozenset(undecided))


def _balls_of(side: Interval) -> Callable[[int, int], Any]:
    """The ball of piece ``k`` of 2^``cuts`` equal pieces of ``side``."""
    from flint import arb, fmpq

    low, length = (fmpq(value.numerator, value.denominator) for value in (side[0], side[1] - side[0]))

    @cache
    def piece(k: int, cuts: int) -> Any:
        ends = [arb(low + length * fmpq(place, 2**cuts)) for place in (k, k + 1)]
        return ends[0].union(ends[1])

    return piece


def halves(box: Box, level: int) -> list[tuple[Box, int]]:
    """The lower and the upper half of a box ``level`` halvings below the first one: sides take turns, the first one begins."""
    turn = level % len(box)
    low, high = box[turn]
    middle = (low + high) / 2
    return [(box[:turn] + (side,) + box[turn + 1 :], level + 1) for side in ((low, middle), (middle, high))]
