"""The open intervals on which an activation is affine, and whether data stay inside one of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from theory.activations import Activation, PiecewiseActivation

INFINITY = float("inf")


class NoAffinePiece(ValueError):
    """The activation is affine on no open interval (or constant on all of them), so nothing can be lifted through it."""


class LeavesPiece(ValueError):
    """Data leave the affine piece: ``neuron`` at ``sample`` (both from 0) lies ``excess`` beyond its open end."""

    def __init__(self, piece: AffinePiece, neuron: int, sample: int, excess: Any) -> None:
        super().__init__(
            f"neuron {neuron} leaves its affine piece {piece} on sample {sample}, by {float(excess):.6g}"
            " (0 means that it sits on the open end)"
        )
        self.piece, self.neuron, self.sample, self.excess = piece, neuron, sample, excess


@dataclass(frozen=True)
class AffinePiece:
    """sigma(z) = slope z + offset on the open interval (lower, upper); ends may be infinite."""

    lower: Fraction | float
    upper: Fraction | float
    slope: Fraction
    offset: Fraction

    def slack(self, lowest: Any, highest: Any) -> Any:
        """How far inside the interval the numbers from ``lowest`` to ``highest`` lie: infinite on a line, zero or less when outside."""
        inside = INFINITY if self.lower == -INFINITY else lowest - self.lower
        return inside if self.upper == INFINITY else min(inside, self.upper - highest)

    def __str__(self) -> str:
        return f"({self.lower}, {self.upper}) of slope {self.slope}"


def affine_pieces(activation: Activation, *, constant: bool = False) -> tuple[AffinePiece, ...]:
    """The open intervals on which ``activation`` is affine, from left to right; those of slope zero only if ``constant``."""
    if isinstance(activation, PiecewiseActivation):
        ends = (-INFINITY, *map(Fraction, activation.breaks), INFINITY)
        polynomials = [[Fraction(c) for c in piece] for piece in activation.pieces]
    elif activation.degree == 1:
        ends, polynomials = (-INFINITY, INFINITY), [[Fraction(0), Fraction(1)]]
    else:
        return ()
    affine = [
        AffinePiece(lower, upper, (polynomial + [Fraction(0)])[1], polynomial[0])
        for lower, upper, polynomial in zip(ends[:-1], ends[1:], polynomials, strict=True)
        if not any(polynomial[2:])
    ]
    return tuple(piece for piece in affine if constant or piece.slope)


def pieces_met(activation: Activation, z: np.ndarray) -> tuple[AffinePiece, ...]:
    """For each neuron the affine piece that holds all its pre-activations ``z`` (n, mh).

    Raises LeavesPiece for a neuron that none holds: it names the piece that comes closest and the sample farthest beyond it.
    """
    candidates = affine_pieces(activation, constant=True)
    if not candidates:
        raise NoAffinePiece(f"{activation.name} is affine on no open interval")
    met = []
    for j, values in enumerate(z.T):
        lowest, highest = int(values.argmin()), int(values.argmax())
        best = max(candidates, key=lambda piece: piece.slack(values[lowest], values[highest]))
        slack = best.slack(values[lowest], values[highest])
        if not slack > 0:
            below = best.lower > -INFINITY and values[lowest] - best.lower == slack
            raise LeavesPiece(best, j, lowest if below else highest, -slack)
        met.append(best)
    return tuple(met)
