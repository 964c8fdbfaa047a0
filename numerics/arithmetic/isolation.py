"""All zeros of a function of one variable on an interval, proved by balls: simple ones by sign, known double ones by curvature."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numerics.arithmetic.krawczyk import NotCertified

#: Halvings of the interval before an undecided piece is given up.
DEPTH = 40


def isolate_zeros(jet: Callable[[Any], Sequence[Any]], left: Any, right: Any, *, double: Sequence[Any] = ()) -> list[tuple[float, int]]:
    """(position, multiplicity) of every zero of f on [left, right]; ``jet(I)`` encloses (f, f', f'') on a ball I.

    ``double`` lists points (balls) at which f and f' are known to vanish. On each piece f != 0, or f' != 0 and the sign changes
    or not, or a known double zero with f'' != 0, decides. Raises NotCertified where none does after :data:`DEPTH` halvings.
    """
    pieces, zeros, counted = [(left, right, 0)], [], set()
    while pieces:
        a, b, depth = pieces.pop()
        value, slope, bend = jet(a.union(b))
        if not value.contains(0):
            continue
        known = [k for k, point in enumerate(double) if a.union(b).contains(point)]
        if known and not bend.contains(0):
            if counted.isdisjoint(known):  # one on an end lies in both pieces
                zeros.append((float(double[known[0]].mid()), 2))
            counted.update(known)
            continue
        ends = [jet(end)[0] for end in (a, b)]
        if not slope.contains(0) and not any(end.contains(0) for end in ends):
            if (ends[0] > 0) != (ends[1] > 0):
                zeros.append((_bisected(jet, a, b, ends[0] > 0), 1))
            continue
        if depth == DEPTH:
            raise NotCertified(f"zeros near {float(a.mid()):.6g} are not told apart")
        middle = _exactly(a * 3 / 5 + b * 2 / 5)  # off the centre, where symmetric functions like to vanish
        pieces += [(a, middle, depth + 1), (middle, b, depth + 1)]
    return sorted(zeros)


def sign_change(function: Callable[[Any], Any], left: Any, right: Any) -> bool | None:
    """Whether f(left) and f(right) are of opposite signs, hence (continuity) a zero between; None where a ball holds 0."""
    ends = [function(end) for end in (left, right)]
    return None if any(end.contains(0) for end in ends) else bool((ends[0] > 0) != (ends[1] > 0))


def _bisected(jet: Callable[[Any], Sequence[Any]], a: Any, b: Any, positive: bool) -> float:
    for _ in range(50):
        middle = _exactly((a + b) / 2)
        if (jet(middle)[0] > 0) == positive:
            a = middle
        else:
            b = middle
    return float(a.mid())


def _exactly(ball: Any) -> Any:
    """The midpoint as a point."""
    return ball.mid()
