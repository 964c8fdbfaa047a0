"""Formulas of the exact cores on reasoning and differential equations: known values, and arguments outside their domain."""

import math
from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic.krawczyk import working_precision
from numerics.dynamics import fourier, line_networks, masks, nuclear
from numerics.dynamics import fractional as series
from theory.dynamics import anchors, bridges, fractional, frequency, operators, random_layers, signatures
from theory.dynamics.facts import BRIDGES, facts


def test_published_anchors():
    pairs = anchors.inferential_pairs()
    assert len(pairs) == 14 and anchors.RELABELLED not in pairs and anchors.UNSEEN not in pairs
    assert sum(anchors.SHIFTS[k] for k in anchors.RELABELLED) == -10 != anchors.RELABELLED_SHIFT


def test_walks_and_odd_cycles():
    assert anchors.identifiable(1, [(0, 0)]) and not anchors.identifiable(1, [])
    assert anchors.identifiable(3, [(0, 1), (1, 2), (0, 2)])
    square = [(0, 1), (1, 2), (2, 3), (0, 3)]
    assert not anchors.identifiable(4, square) and anchors.rank_of_sums(4, square) == 3
    assert anchors.determined(4, square, (0, 3)) and not anchors.determined(4, square, (0, 2))
    loops = [(0, 0), (1, 1)]
    assert anchors.determined(2, loops, (0, 1))  # no walk, but both ends are known


def test_two_heads_read_the_token_after_the_anchor():
    weights = anchors.read_after_anchor(9, 3, 20.0)
    assert weights.argmax() == 4 and 1 - weights[4] == pytest.approx(anchors.composed_share(9, 20.0), rel=1e-6)
    assert anchors.read_after_anchor(9, 8, 20.0).argmax() == 0  # the first position reads the last


def test_bridges():
    assert bridges.scalar_completion(2) == Fraction(1, 2) and bridges.scalar_completion(Fraction(1, 3)) == Fraction(1, 3)
    assert bridges.squared_norm(1, 1) == 4 and bridges.squared_norm(2, 1) == 9
    assert (bridges.shift(4, 1) @ bridges.shift(4, 3) == np.eye(4)).all()


def test_facts():
    given = facts(8, "identity")
    assert given.data.counts.shape == (24, 26) and (given.asked.sum(axis=1) == 3).all()
    assert [len(facts(5, bridge).data.labels) for bridge in BRIDGES] == [10, 15, 15, 15, 15]


def test_signatures_of_repeated_tokens():
    data = signatures.check_data([[2, 0], [1, 1]], [0, 1], 2)
    assert signatures.joint(data).tolist() == [[1, Fraction(1, 2)], [0, Fraction(1, 2)]]


def test_l1_scheme_is_exact_on_straight_lines():
    assert fractional.l1_derivative(np.linspace(0, 1, 11), 0.1, 0.5) == pytest.approx(fractional.caputo_power(1, 0.5), rel=1e-12)
    assert fractional.caputo_power(0, 0.5) == 0


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: fractional.check_order(1), "alpha must lie strictly between 0 and 1, got 1"),
        (lambda: fractional.caputo_power(1, 0.0), "alpha must lie strictly between 0 and 1, got 0.0"),
        (lambda: fractional.caputo_power(-1, 0.5), "beta must be at least 0, got -1"),
        (lambda: fractional.l1_derivative([1.0], 0.1, 0.5), "values must be at least two numbers"),
        (lambda: anchors.drawn_pairs(3, 7, np.random.default_rng(0)), "count must lie in 0 .. 6, the pairs of 3 anchors, got 7"),
        (lambda: anchors.identifiable(3, [(0, 3)]), "pairs must be of anchors 0 .. 2"),
        (lambda: anchors.read_after_anchor(4, 4, 1.0), "anchor must be a position 0 .. 3, got 4"),
        (lambda: anchors.read_after_anchor(4, 1.5, 1.0), "anchor must be a position 0 .. 3, got 1.5"),
        (lambda: anchors.read_after_anchor(4, 1, math.inf), "beta must be a finite number, got inf"),
        (lambda: facts(2.5, "none"), "N must be an integer of at least 2, got 2.5"),
        (lambda: facts(3, "shifted", math.inf), "step must be an integer, got inf"),
        (lambda: random_layers.buffer_noise([1, 1], 0.5, 8), "own must be one of the 2 buffers, 0 .. 1, got 0.5"),
        (lambda: random_layers.readout_bound([1.0], 0, 16, math.nan, 1.0), "inner must hold numbers, got nan"),
        (lambda: random_layers.readout_bound([1.0], 0, 16, 0.5, math.inf), "t must be a positive number, got inf"),
        (lambda: frequency.monotone_sum_bound(1.0, 0), "sine must not be 0"),
        (lambda: frequency.off_diagonal_share(2, 0, 1.0, 0.5), "diagonal must not be 0"),
        (lambda: frequency.spurious_coefficient(1.0, math.inf, 3), "square must be a finite number, got inf"),
        (lambda: line_networks.even_points(4, math.inf), "half must be a finite number, got inf"),
        (lambda: anchors.missed_share(0, 1.0), "positions must be an integer of at least 1, got 0"),
        (lambda: anchors.composed_share(1, 1.0), "positions must be an integer of at least 2, got 1"),
        (lambda: bridges.factor_cost([[1, 2]], [[1]]), "A and B must be matrices of one width"),
        (lambda: bridges.pattern([[1, 2]], [[1, 2]]), "X and Y must be square matrices of one size"),
        (lambda: bridges.shift(0, 1), "N must be an integer of at least 1, got 0"),
        (lambda: facts(8, "diagonal"), "bridge must be one of"),
        (lambda: facts(3, "shifted"), "step must not be a multiple of N = 3, got 3"),
        (lambda: signatures.check_data([[1]], [2], 2), "labels must lie in 0 .. outputs - 1"),
        (lambda: signatures.signatures(signatures.check_data([[1, 0]], [0], 2)), "every token must stand in some sample"),
        (lambda: signatures.first_digit(10, 10), "outputs must be at least 19"),
        (lambda: random_layers.gain(0, 0.5), "inputs must be an integer of at least 1, got 0"),
        (lambda: random_layers.buffer_noise([1, 1], 2, 8), "own must be one of the 2 buffers, 0 .. 1, got 2"),
        (lambda: random_layers.readout_bound([1.0], 0, 8, 0.0, 0.0), "t must be a positive number"),
        (lambda: operators.green(2, 0), "x must lie in [0, 1]"),
        (lambda: operators.second_differences(0), "points must be an integer of at least 1, got 0"),
        (lambda: operators.scaled_transform(abs, 0, 1), "a must not be 0"),
    ],
)
def test_arguments_outside_are_refused_by_name(call, told):
    with pytest.raises(ValueError) as caught:
        call()
    assert told in str(caught.value)


def test_layers_that_are_only_uncorrelated():
    """W_1 = e_1 m, W_2 = e_2 m: entries of mean 0, variance 1 and covariance 0, and yet the mean square doubles."""
    states = [(e1 * m, e2 * m) for e1 in (-1, 1) for e2 in (-1, 1) for m in (0, 2**0.5)]
    mean = lambda values: sum(values) / len(states)
    assert mean(a for a, _ in states) == mean(b for _, b in states) == mean(a * b for a, b in states) == 0
    assert mean(a * a for a, _ in states) == pytest.approx(1) and mean((a * b) ** 2 for a, b in states) == pytest.approx(2)


def test_large_scores_do_not_overflow():
    assert anchors.head([1000.0, 0.0]).tolist() == [1, 0]
    assert anchors.missed_share(3, -800.0) == 1 and anchors.missed_share(3, 800.0) == 0
    assert np.isfinite(anchors.read_after_anchor(3, 1, 1000.0)).all()
    assert anchors.missed_share(3, -1.0) == pytest.approx(2 * np.e / (1 + 2 * np.e))


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: signatures.check_data([[0.5, 1], [1.5, 1]], [0, 1], 2), "counts must be integers"),
        (lambda: signatures.check_data([[1, 1]], [0.0], 2), "labels must be integers"),
        (lambda: signatures.check_data([[1, 1]], [0], 2.5), "outputs must be integers"),
        (lambda: signatures.addition_cosine(10, 50), "distance must lie in 0 .. q - 1"),
        (lambda: signatures.addition_cosine(10, -3), "distance must lie in 0 .. q - 1"),
        (lambda: signatures.addition_cosine(10, 3, 12), "outputs must be an integer of at least 19"),
        (lambda: signatures.addition_cosine(1, 0), "for q >= 2 digits"),
        (lambda: anchors.check_pairs(3, [(0, 1, 2)]), "two anchors"),
        (lambda: anchors.check_pairs(3, [(0,)]), "two anchors"),
        (lambda: anchors.check_pairs(3, [(0.5, 1)]), "two anchors"),
        (lambda: random_layers.readout_bound([1.0], 99, 16, 1.0, 1.0), "own must be one of the 1 buffers"),
        (lambda: random_layers.readout_bound([1.0], 0, 16, 10.0, 1.0), "inner must be at most"),
        (lambda: random_layers.buffer_noise([1, 1], 0, -3), "d must be at least 1"),
        (lambda: random_layers.buffer_noise([1, 1], 0, 0), "d must be at least 1"),
        (lambda: fractional.laplace_power(-1.5, 2.0), "beta must be above -1"),
        (lambda: fractional.laplace_power(1, -2.0), "s must be positive"),
        (lambda: fractional.relaxation_transform(-5, 1.0, 0.5), "lam must be at least 0"),
        (lambda: fractional.relaxation_transform(1.0, -1.0, 0.5), "s must be positive"),
        (lambda: fractional.l1_error(1, -0.1, 0.5), "step must be positive"),
        (lambda: fractional.l1_error(-1, 0.1, 0.5), "bend must be at least 0"),
        (lambda: fractional.l1_derivative([0, 1], 0.0, 0.5), "step must be positive"),
        (lambda: fractional.laplace_power(Fraction(-3, 2), 1), "beta must be above -1, got -3/2"),
        (lambda: fractional.laplace_power(1, np.int64(-1)), "s must be positive, got -1"),
        (lambda: fractional.relaxation_transform(1, Fraction(-1), 0.5), "s must be positive"),
        (lambda: fractional.caputo_transform(1, 1, -1.0, 0.5), "s must be positive"),
        (lambda: fractional.caputo_power(float("nan"), 0.5), "beta must be at least 0, got nan"),
        (lambda: fractional.l1_derivative([0, 1, float("nan")], 0.1, 0.5), "values must be finite, got nan"),
        (lambda: random_layers.chi_square_above(-1, 1), "d must be positive, got -1"),
        (lambda: random_layers.chi_square_below(10, -1), "t must be at least 0, got -1"),
        (lambda: random_layers.buffer_noise([1, 1], 0, Fraction(1, 2)), "d must be at least 1, got 1/2"),
        (lambda: random_layers.buffer_noise([1, -1], 0, 4), "squares must be at least 0, got -1"),
        (lambda: random_layers.readout_variance([1, 1], 0, 4, 1, 5), r"inner must be at most \|x_k\|\|v\|"),
        (lambda: signatures.addition_cosine(np.int64(3), 7), "distance must lie in 0 .. q - 1"),
        (lambda: signatures.addition_cosine(3, 1.5), "distance must be an integer"),
        (lambda: anchors.identifiable(2.5, [(0, 2)]), "anchors must be an integer of at least 1, got 2.5"),
        (lambda: anchors.identifiable(2, [(True, 1)]), "two anchors"),
        (lambda: anchors.missed_share(2.5, 1.0), "positions must be an integer"),
        (lambda: anchors.missed_share(3, float("nan")), "beta must be a number, got nan"),
        (lambda: bridges.shift(3, 1.5), "step must be an integer, got 1.5"),
        (lambda: bridges.imbalance([[1, 2]], [[1]]), "matrices of one width"),
        (lambda: bridges.scalar_completion(float("nan")), "y must be a number, got nan"),
        (lambda: operators.grid(2.5), "points must be an integer of at least 1, got 2.5"),
    ],
)
def test_numbers_outside_their_range_are_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: series.laplace_of_relaxation(Fraction(1, 2), 1, 1, end=-5), "end must be positive"),
        (lambda: series.mittag_leffler(float("nan"), Fraction(1, 2)), "finite"),
        (lambda: series.mittag_leffler(-10, Fraction(1, 10)), "more than 20000 terms"),
        (lambda: series.laplace_of_relaxation(Fraction(1, 10), 2, 1), "more than 20000 terms"),
        (lambda: nuclear.nuclear_norm(np.zeros((0, 0))), "of one row or more"),
        (lambda: series.laplace_of_relaxation(Fraction(1, 2), 1, Fraction(1, 2)), "working precision must exceed 144.3 bits"),
        (lambda: nuclear.is_contraction([1, 0]), "must be a matrix"),
        (lambda: nuclear.is_contraction(1), "Q must be an array of at least one axis, got 1"),
        (lambda: nuclear.nuclear_norm(2.5), "matrix must be an array of at least one axis, got 2.5"),
        (lambda: masks.mask_moments([[[1]]], 0, [[[[1]]]], Fraction(1, 2)), r"targets must be \(1, 1\)"),
        (lambda: fourier.kernel([1], float("inf"), 5), "alpha must be a finite number, got inf"),
        (lambda: fourier.kernel([1], 1, 2.5), "cutoff must be an integer of at least 0, got 2.5"),
        (lambda: fourier.band_limited_energy([0, 1], [1, 1], float("inf"), 5), "alpha must be a finite number, got inf"),
        (lambda: nuclear.nuclear_norm([[10**400]]), "at most 1e150"),
    ],
)
def test_series_end_and_matrices_are_checked(call, told):
    with working_precision(53), pytest.raises(ValueError, match=told):
        call()
