"""Nuclear norms with proofs, Mittag-Leffler functions in balls, expectations over random layers, bags of embeddings in training."""

import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import chi2

from numerics.arithmetic.krawczyk import working_precision
from numerics.dynamics.bag_training import train_bags
from numerics.dynamics.fractional import laplace_of_relaxation, mittag_leffler
from numerics.dynamics.nuclear import (
    dual_bound,
    factor_bound,
    is_contraction,
    minimal_completion,
    nuclear_ball,
    nuclear_norm,
    rational_orthogonal,
    singular_values,
)
from numerics.dynamics.random_layers import chance_below, mean_over_signs, normal_expectation, read_buffers
from theory.dynamics.bridges import pattern
from theory.dynamics.facts import facts


def test_bounds_enclose_numpys_nuclear_norm():
    W = np.random.default_rng(1).integers(-5, 6, (4, 4))
    found, floats = nuclear_norm(W), np.linalg.norm(W, "nuc")
    assert float(found.lower) <= floats + 1e-12 and floats - 1e-12 <= float(found.upper)
    assert 0 <= found.upper - found.lower < Fraction(1, 10**11)
    with working_precision(100):
        assert float(nuclear_ball(W)) == pytest.approx(floats, rel=1e-13)


def test_singular_values_count_repeats_and_zeros():
    with working_precision(100):
        assert sorted(map(float, singular_values([[1, 0, 0], [0, 1, 0], [0, 0, 0]]))) == [0, 1, 1]
        assert sorted(map(float, singular_values([[3, 4]]))) == [0, 5]


def test_a_certificate_that_is_too_long_proves_nothing():
    assert is_contraction([[1, 0], [0, 1]]) and not is_contraction([[1, Fraction(1, 1000)], [0, 1]])
    with pytest.raises(ValueError, match="operator norm at most 1"):
        dual_bound([[1, 0], [0, 1]], [[1, 1], [0, 1]])
    with pytest.raises(ValueError, match="must have the shape"):
        dual_bound([[1, 0], [0, 1]], [[1]])
    with pytest.raises(ValueError, match="A B\\^T = matrix exactly"):
        factor_bound([[1]], [[1]], [[2]])
    with pytest.raises(ValueError, match="well away from singular"):
        nuclear_norm([[1, 1], [1, 1]])
    with pytest.raises(ValueError, match="scale it"):
        nuclear_norm([[Fraction(1, 10**200)]])


def test_completions():
    q = rational_orthogonal(np.random.default_rng(0), 3)
    assert (q.T @ q == np.eye(3, dtype=int)).all()
    found = minimal_completion(q * Fraction(1, 2))
    assert found.norm == 6 and (found.X == (q * Fraction(1, 2)).T).all()
    with working_precision(100):  # floats of the same
        assert float(nuclear_ball(pattern(found.X, q * Fraction(1, 2)))) == pytest.approx(6, rel=1e-12)
    with pytest.raises(ValueError, match="Y must have operator norm at most 1"):
        minimal_completion(2 * np.eye(2, dtype=int))


@pytest.mark.parametrize("x", [0.0, 0.3, 2.0])
def test_mittag_leffler_at_one_half(x):
    with working_precision(200):
        assert float(mittag_leffler(-_ball(x), Fraction(1, 2))) == pytest.approx(math.exp(x * x) * math.erfc(x), rel=1e-13)


def _ball(x):
    from flint import arb

    return arb(x)


def test_laplace_integrals():
    with working_precision(300):
        found = laplace_of_relaxation(Fraction(1, 2), 1, 4)
        assert float(found) == pytest.approx(0.5 / 3, rel=1e-13)
        assert float(laplace_of_relaxation(Fraction(1, 2), 0, 4)) == pytest.approx(0.25, rel=1e-13)
    with pytest.raises(ValueError, match="lam must be at least 0 and s positive"):
        laplace_of_relaxation(Fraction(1, 2), -1, 1)
    with pytest.raises(ValueError, match="alpha must lie strictly"):
        laplace_of_relaxation(1, 1, 1)


def test_expectations():
    import sympy

    w, v, x = sympy.symbols("w v x")
    assert normal_expectation((x * w + v) ** 4, {w: 1, v: 2}) == 3 * x**4 + 12 * x**2 + 12
    with pytest.raises(ValueError, match="must be a polynomial"):
        normal_expectation(sympy.exp(w), {w: 1})
    x = np.array([Fraction(1), Fraction(2)], dtype=object)
    assert mean_over_signs(2, [1], [Fraction(1, 2)], x) == Fraction(5, 4)
    assert mean_over_signs(2, [1], [Fraction(1, 2)], x, shared=True) == Fraction(9, 4)
    with pytest.raises(ValueError, match="at most 16 weights"):
        mean_over_signs(5, [4, 1], [Fraction(1)] * 2, x)


def test_a_buffer_is_read():
    rng = np.random.default_rng(0)
    x = np.eye(3, 400)
    found = read_buffers(x, 1, rng)
    assert abs(found[1] - 1) < 0.4 and np.abs(found[2:]).mean() < 0.2
    with pytest.raises(ValueError, match="own must be one of the 3 buffers"):
        read_buffers(x, 3, rng)


@pytest.mark.parametrize(("d", "x"), [(1, 0.01), (1, 9.0), (2, 2.0), (7, 30.0), (1024, 980.0), (100_000, 95_751.5)])
def test_the_chance_of_a_small_chi_square(d, x):
    with working_precision(128):
        found = chance_below(d, x)
    assert found.rad() < 1e-25 and float(found) == pytest.approx(chi2.cdf(x, d), rel=1e-9)


def test_the_lower_bound_of_chi_square_is_tight_at_large_widths():
    """At d = 10^5 and t = 50 five per cent less of its root is too little: e^(-49.6) is more than e^(-50)."""
    with working_precision(256):
        d, t = 100_000, _ball(50)
        assert chance_below(d, d - 2 * (d * t).sqrt()) < (-t).exp() < chance_below(d, d - _ball("1.9") * (d * t).sqrt())
    for x in (0, -1, math.inf, math.nan):
        with pytest.raises(ValueError, match="x must be a positive number"):
            chance_below(3, x)


def test_bags_learn_their_facts():
    given = facts(4, "identity")
    bags = train_bags(given.data, networks=2, width=8, decay=1e-3, steps=500, rate=1e-2, rng=np.random.default_rng(0))
    assert (bags.logits(given.data.counts).argmax(axis=-1) == given.data.labels).all()
    assert bags.loss[-1].max() < bags.loss[0].min() and bags.times[-1] == 500
    with pytest.raises(ValueError, match="networks must be an integer of at least 1, got 0"):
        train_bags(given.data, networks=0, width=8, decay=0, steps=1, rate=1, rng=np.random.default_rng(0))
    with pytest.raises(ValueError, match="decay must be at least 0"):
        train_bags(given.data, networks=1, width=8, decay=-1, steps=1, rate=1, rng=np.random.default_rng(0))


def test_signals_of_another_length():
    with pytest.raises(ValueError, match=r"x must have shape \(3,\), got \(2,\)"):
        mean_over_signs(3, [1], [Fraction(1)], np.array([Fraction(1), Fraction(2)], dtype=object))
