"""Exact moments over masks: by hand for one neuron, against the closed forms, against a plain average over masks."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic.exact import rational, rationals
from numerics.dynamics.masks import mask_moments, moment_polynomial
from theory.dynamics import dropout


def fractions(rng, *shape):
    return np.array([Fraction(int(k), 6) for k in rng.integers(-12, 13, int(np.prod(shape)))], dtype=object).reshape(shape)


def test_one_neuron_by_hand():
    moments = mask_moments([[[3]]], [[1]], [[[[2]]]], Fraction(1, 4))
    # xi = 4 with probability 1/4: loss (12 - 1)^2/2 or 1/2; pull xi (3 xi - 1) 2 = 88 or 0
    assert moments.loss == rational(Fraction(121, 8) + Fraction(3, 8))
    assert moments.gradient.tolist() == [22] and moments.covariance.tolist() == [[88 * 88 // 4 - 22 * 22]]


def test_moments_agree_with_a_plain_average_over_masks():
    rng = np.random.default_rng(0)
    s, y, g, p = fractions(rng, 2, 3, 2), fractions(rng, 2, 2), fractions(rng, 2, 3, 2, 4), Fraction(2, 3)
    losses, pulls, weights = [], [], []
    for kept in itertools.product((0, 1), repeat=3):
        xi = [Fraction(k) / p for k in kept]
        error = [[sum(xi[j] * s[i, j, o] for j in range(3)) - y[i, o] for o in range(2)] for i in range(2)]
        losses.append(sum(e * e for row in error for e in row) / 4)
        pulls.append([sum(error[i][o] * xi[k] * g[i, k, o, q] for i in range(2) for k in range(3) for o in range(2)) / 2 for q in range(4)])
        weights.append(p ** sum(kept) * (1 - p) ** (3 - sum(kept)))
    mean = lambda values: sum(w * value for w, value in zip(weights, values, strict=True))
    gradient = [mean([pull[q] for pull in pulls]) for q in range(4)]
    moments = mask_moments(s, y, g, p)
    assert moments.loss == rational(mean(losses)) and (moments.gradient == rationals(gradient)).all()
    spread = [[mean([pull[q] * pull[r] for pull in pulls]) - gradient[q] * gradient[r] for r in range(4)] for q in range(4)]
    assert (moments.covariance == rationals(spread)).all()


@pytest.mark.parametrize("keep", [Fraction(1, 2), Fraction(1, 9), Fraction(19, 20), 1])
@pytest.mark.parametrize("sizes", [(1, 1, 1), (2, 6, 1), (3, 4, 2), (1, 5, 3)])
def test_closed_forms(sizes, keep):
    rng = np.random.default_rng(sum(sizes))
    n, m, outputs = sizes
    s, y, g = (rationals(fractions(rng, *shape)) for shape in ((n, m, outputs), (n, outputs), (n, m, outputs, 5)))
    moments, v = mask_moments(s, y, g, keep), rational(dropout.noise_variance(keep))
    assert moments.loss == dropout.expected_loss(s, y, v)
    assert (moments.gradient == dropout.expected_gradient(s, y, g, v)).all()
    assert (moments.covariance == dropout.covariance(s, y, g, v)).all()


def test_moment_polynomial_by_hand():
    import sympy

    a, b, v = sympy.symbols("a b v")
    mean = moment_polynomial((a * b + a**3 - 2) ** 2, (a, b), v)
    assert sympy.expand(mean - ((1 + v) ** 2 + (1 + v) ** 5 + 4 + 2 * (1 + v) ** 3 - 4 - 4 * (1 + v) ** 2)) == 0


def test_bad_input():
    good = dict(contributions=np.ones((2, 3, 1)), targets=np.ones((2, 1)), gradients=np.ones((2, 3, 1, 4)), keep=Fraction(1, 2))
    for change, words in (
        (dict(keep=0), "keep must be a probability"),
        (dict(keep=Fraction(3, 2)), "keep must be a probability"),
        (dict(contributions=np.ones((2, 3))), "contributions must have shape"),
        (dict(targets=np.ones((3, 1))), "targets must be"),
        (dict(gradients=np.ones((2, 3, 1))), "gradients"),
        (dict(contributions=np.ones((2, 17, 1)), gradients=np.ones((2, 17, 1, 1))), "at most 16 neurons"),
    ):
        with pytest.raises(ValueError, match=words):
            mask_moments(**(good | change))
