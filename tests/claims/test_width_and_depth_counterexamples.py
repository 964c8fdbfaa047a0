"""The smallest points at which statements on width and depth were false as they were once written, each beside what is true there."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.critical.compatible import tangent_directions
from numerics.hessian import gradient, hessian
from numerics.hessian.inertias import exact_inertia
from proofs_check import load_claims
from proofs_check.claims.depth._places import Place as Insertion
from proofs_check.claims.depth._points import with_constant_neuron, zero_weights
from proofs_check.claims.depth.constant_neuron import correlation_block
from proofs_check.claims.width._instances import some_place
from theory.embedding import copies, draw_layers, split
from theory.embedding.wiring import layers, wiring
from theory.models.normalization import squared_scores


def counts(model, theta, data):
    return exact_inertia(hessian(model, theta, data)).counts


def test_copies_of_a_silent_neuron_add_more_than_zeros():
    """(1, 2, 1), W_s = 0, coefficients (1/3, 1/3, 1/3): S_s = 0, and yet not all of the six new eigenvalues vanish."""
    place = some_place((1, 2, 1), np.random.default_rng(0)).silenced()
    data = place.planted()
    B, S = place.matrices(data)
    assert (S == 0).all() and rank_rational(B) == 1
    embedding = copies(place.model, 1, 0, (Fraction(1, 3),) * 3)
    assert all(slope == 0 for slope in gradient(embedding.wide, embedding(place.theta), data))
    narrow, wide = counts(place.model, place.theta, data), counts(embedding.wide, embedding(place.theta), data)
    assert wide != (narrow[0], narrow[1] + 6, narrow[2])  # the count of one target, without its hypothesis
    assert wide == (narrow[0] + 2, narrow[1] + 2, narrow[2] + 2)  # that of the block, r = 1 for either copy


def test_a_family_of_embeddings_is_smaller_where_weights_vanish():
    """(1, 1, 1, 1) in (1, 2, 2, 1) at W2 = 0: dimension 1, where all weights non-zero give 2 + 1 = 3."""
    place = some_place((1, 1, 1, 1), np.random.default_rng(1))
    numerators = np.array(place.numerators)
    numerators[layers(place.model)[1][0]] = 0
    parts = draw_layers(place.model, [(0, 0), (0, 0)], np.random.default_rng(2), nonzero=True)
    dimension = lambda at: rank_rational(tangent_directions(place.model, parts, at.theta))
    assert (dimension(place), dimension(place.at(numerators=tuple(numerators.tolist())))) == (3, 1)


def test_a_constant_neuron_beside_an_irregular_lift_has_another_inertia():
    """W' = What = 0: beside such a lift the shallow inertia is not found again."""
    place = Insertion((2, 2, 1), "hinge3", 1, 1)
    found, data = zero_weights(place, np.random.default_rng(0), Fraction(1), inner=0)
    assert not found.regular
    shallow = counts(found.shallow, found.shallow_theta, data)
    deep, theta = with_constant_neuron(found, 1, [1])
    assert all(slope == 0 for slope in gradient(deep, theta, data))
    block = exact_inertia(correlation_block(found, data, np.array([Fraction(1)]))).counts  # sigma'' = 6 > 0 at 1
    claimed = shallow[0] + block[0], deep.n_params - shallow[0] - shallow[2] - block[0] - block[2], shallow[2] + block[2]
    assert counts(deep, theta, data) != claimed


def test_a_negative_scale_linearizes_below_the_necessary_shift():
    """u = (1, 1, 1, -3), gamma = -1, beta = 0.6: positive on the batch, although beta / gamma = -0.6 < 1 / sqrt(3)."""
    batch = rationals([1, 1, 1, -3])
    assert [Fraction(str(score)) for score in squared_scores(np.array([Fraction(int(str(v))) for v in batch]))] == [
        Fraction(1, 3),
        Fraction(1, 3),
        Fraction(1, 3),
        Fraction(3),
    ]
    scores = np.array([1, 1, 1, -3]) / np.sqrt(3)
    assert (-scores + 0.6 > 0).all() and 0.6 / -1 < 1 / np.sqrt(3)


def test_the_printed_order_of_an_inertia():
    """A strict minimum of M parameters with S_s > 0, split inside [0, 1]: one zero eigenvalue, not M + d_l of them."""
    statement = load_claims()["embedding.splitting.classification"].statement
    assert r"(0, 1, M + d_l)" in statement


@pytest.mark.parametrize("silent", [False, True])
def test_a_zero_is_added_by_the_outgoing_weights(silent):
    """A split adds a zero eigenvalue because the neuron sends something: one that is silent need not."""
    place = some_place((1, 1, 2), np.random.default_rng(3))
    place = place.silenced() if silent else place
    data = place.planted()
    embedding = split(place.model, 1, 0, Fraction(1, 3))
    added = counts(embedding.wide, embedding(place.theta), data)[1] - counts(place.model, place.theta, data)[1]
    assert (place.theta[wiring(place.model, 1).outgoing[0]] == 0).all() == silent
    assert added == (0 if silent else 1)
