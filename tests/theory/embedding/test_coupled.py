"""Neurons of adjacent layers copied with coupled coefficients: against splits one after the other, and the kernel of their Hessians."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from numerics.hessian import hessian
from theory.embedding import Coupling, compose, coupled, coupled_directions, split
from theory.models import FullyConnected

MODEL = FullyConnected((2, 2, 3, 2), "tanh")
PLACE = Coupling(1, 2, Fraction(2, 5), (1,), (Fraction(-1, 3),), (Fraction(0),))


def test_without_coupling_it_is_the_composition_of_two_splits():
    first = split(MODEL, 1, 1, Fraction(-1, 3))
    assert coupled(MODEL, PLACE).same_map(compose(first, split(first.wide, 2, 2, Fraction(2, 5))))


def test_a_coupling_keeps_the_outputs_and_moves_one_block_of_weights():
    theta, x = np.random.default_rng(0).normal(size=MODEL.n_params), np.random.default_rng(1).normal(size=(5, 2))
    plain, moved = (coupled(MODEL, place) for place in (PLACE, replace(PLACE, coupling=(Fraction(3, 2),))))
    assert np.allclose(moved.wide(moved(theta), x), MODEL(theta, x), rtol=1e-12)
    changed = np.flatnonzero(moved(theta) != plain(theta))
    assert sorted(changed) == sorted(moved.wide.unpack(np.arange(moved.wide.n_params))["W2"][np.ix_([2, 3], [1, 2])].ravel())


def test_the_change_of_the_coupling_is_in_the_kernel_at_any_point():
    theta, rng = np.random.default_rng(2).normal(size=MODEL.n_params), np.random.default_rng(3)
    place = Coupling(1, 0, Fraction(1, 3), (0, 1), (Fraction(2), Fraction(1, 2)), (Fraction(1), Fraction(-1, 2)))
    embedding, directions = coupled(MODEL, place), coupled_directions(MODEL, place).dense(float)
    H = hessian(embedding.wide, embedding(theta), (rng.normal(size=(6, 2)), rng.normal(size=(6, 2))))
    # each entry of H d is a sum of four entries of H that cancel: rounding of a sum of about n P products each
    assert np.abs(H @ directions[:, -2:]).max() < 64 * len(H) * np.finfo(float).eps * np.abs(H).max()
    assert np.linalg.matrix_rank(directions) == embedding.wide.n_params - MODEL.n_params


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"layer": 2}, "layer must be a hidden layer from 1 to 2"),
        ({"upper": 3}, "neuron must be from 0 to 2"),
        ({"lower": (2,)}, "neuron must be from 0 to 1"),
        ({"lower": ()}, "lower must name different neurons, one or more, got"),
        ({"lower": (0, 0), "shares": (Fraction(1),) * 2, "coupling": (Fraction(1),) * 2}, "lower must name different neurons"),
        ({"shares": ()}, r"must be as many, got \(1, 0, 1\)"),
        ({"coupling": (float("nan"),)}, "coupling must be a finite real number, got nan"),
    ],
)
def test_places_that_are_none(changes, words):
    with pytest.raises(ValueError, match=words):
        coupled(MODEL, replace(PLACE, **changes))
