"""Affine pieces: how far data lie inside them, and what is said of data that leave them, against brute force."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from theory.activations import activation
from theory.lifting.pieces import INFINITY, AffinePiece, LeavesPiece, NoAffinePiece, affine_pieces, pieces_met

PIECEWISE = ["relu", "leaky", "hinge3", "hardtanh", "identity"]


def distance_inside(piece, value):
    """From a number to the nearer end of the piece; negative outside."""
    return min(value - piece.lower, piece.upper - value)


@pytest.mark.parametrize(
    ("lower", "upper"), [(-INFINITY, INFINITY), (Fraction(-1), INFINITY), (-INFINITY, Fraction(2)), (Fraction(-1), Fraction(2))]
)
def test_slack_is_the_least_distance_to_an_end(lower, upper):
    piece = AffinePiece(lower, upper, Fraction(1), Fraction(0))
    for lowest, highest in product(range(-3, 5), repeat=2):
        if lowest <= highest:
            assert piece.slack(lowest, highest) == min(distance_inside(piece, value) for value in range(lowest, highest + 1))


@pytest.mark.parametrize("name", PIECEWISE)
def test_pieces_are_affine_and_fill_the_line(name):
    sigma = activation(name)
    pieces = affine_pieces(sigma, constant=True)
    assert affine_pieces(sigma) == tuple(piece for piece in pieces if piece.slope)
    for piece in pieces:
        low, high = max(piece.lower, Fraction(-5)), min(piece.upper, Fraction(5))
        z = np.array([low + (high - low) * Fraction(k, 7) for k in range(1, 7)], dtype=object)
        assert (sigma(z) == piece.slope * z + piece.offset).all()
    if name == "hinge3":
        assert [piece.upper for piece in pieces] == [0]
    else:
        assert [piece.upper for piece in pieces[:-1]] == [piece.lower for piece in pieces[1:]]
        assert (pieces[0].lower, pieces[-1].upper) == (-INFINITY, INFINITY)


@pytest.mark.parametrize("name", PIECEWISE)
def test_data_on_one_piece_and_data_that_leave_it(name):
    """Three samples of one neuron, all triples: the piece is the roomiest one, the sample the farthest outside."""
    sigma = activation(name)
    candidates = affine_pieces(sigma, constant=True)
    inside = lambda piece, z: min(distance_inside(piece, value) for value in z)
    for z in product([Fraction(k, 2) for k in range(-4, 5)], repeat=3):
        room = max(inside(piece, z) for piece in candidates)
        data = np.array([[Fraction(-4), value] for value in z], dtype=object)  # neuron 0 never leaves
        if room > 0:
            steady, piece = pieces_met(sigma, data)
            assert inside(piece, z) == room and steady.lower == -INFINITY
            continue
        with pytest.raises(LeavesPiece) as caught:
            pieces_met(sigma, data)
        error = caught.value
        assert error.neuron == 1 and error.excess == -room == -inside(error.piece, z)
        assert distance_inside(error.piece, z[error.sample]) == room
        assert f"by {float(-room):.6g}" in str(error)


def test_a_curved_activation_has_no_piece():
    with pytest.raises(NoAffinePiece, match="tanh"):
        pieces_met(activation("tanh"), np.zeros((1, 1)))
