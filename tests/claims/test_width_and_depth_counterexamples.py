"""The smallest points at which statements on width and depth were false as they were once written, each beside what is true there."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from numerics.arithmetic.exact import rank_rational, rationals
from numerics.critical.compatible import tangent_directions
from numerics.hessian import gradient, hessian
from numerics.hessian.inertias import exact_inertia
from numerics.hessian.neuron_matrices import trace
from numerics.planting import NothingToPlant
from proofs_check import load_claims
from proofs_check.claims.depth._places import Place as Insertion
from proofs_check.claims.depth._points import with_constant_neuron, zero_weights
from proofs_check.claims.depth.constant_neuron import correlation_block
from proofs_check.claims.width._instances import some_place
from theory.embedding import Coupling, Layer, compatible, copies, coupled, draw_layers, null, split
from theory.embedding.wiring import layers, wiring
from theory.lifting.smooth import scaled_lift
from theory.models import FullyConnected
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


def test_some_coupled_coefficients_add_a_zero_more():
    """(1, 1, 1, 1) in (1, 2, 2, 1), S_s and S_t regular, no multiplier zero: four zeros, where almost all coefficients add 2 + 1."""
    from proofs_check.claims.width.degeneracy import form_of

    rng, vector = np.random.default_rng(2), rationals([0, 1, 2, 0, -1, 1, 0])
    place = some_place((1, 1, 1, 1), rng)
    found = trace(place.model, place.theta, place.samples(place.enough + 6))
    coupling = Coupling(1, 0, Fraction(1, 2), (0,), (Fraction(1, 3),), (Fraction(1),))
    rows = found.linear_rows(lambda cotangent: form_of(found, coupling, cotangent) @ vector)
    data = place.planted(conditions=[(rows, rationals([0] * len(rows)))], extra=6)
    assert all(rank_rational(place.at(layer=layer).matrices(data)[1]) == 2 for layer in (1, 2))
    before, added = counts(place.model, place.theta, data)[1], {}
    for u in (1, 2, 0):
        embedding = coupled(place.model, replace(coupling, coupling=(Fraction(u),)))
        assert all(slope == 0 for slope in gradient(embedding.wide, embedding(place.theta), data))
        added[u] = counts(embedding.wide, embedding(place.theta), data)[1] - before
    assert added == {1: 4, 2: 3, 0: 3}


def test_the_gradient_of_a_scaled_lift_can_vanish_elsewhere():
    """W = (1, -1), y = W x, the inputs (1, 2), (2, 1) and their negatives: at c = 1/2 output and gradient are of first order in eps."""
    model, x = FullyConnected((2, 1), "tanh"), np.array([[1, 2], [2, 1], [-1, -2], [-2, -1]], dtype=float)
    sizes = []
    for eps in (2.0**-10, 2.0**-11):
        deep, theta = scaled_lift(model, np.array([1.0, -1, 0]), 0, eps, bias=0.5)
        data = x, x[:, :1] - x[:, 1:]
        sizes.append((np.linalg.norm(deep(theta, x) - data[1]), np.linalg.norm(gradient(deep, theta, data))))
    assert np.allclose(np.divide(*sizes), 2, rtol=5e-3)
    x[3] = (-2, -2)  # without the symmetry it has a limit
    slopes = []
    for eps in (2.0**-10, 2.0**-11):
        deep, theta = scaled_lift(model, np.array([1.0, -1, 0]), 0, eps, bias=0.5)
        slopes.append(np.linalg.norm(gradient(deep, theta, (x, x[:, :1] - x[:, 1:]))))
    assert slopes[1] > 0.1 and abs(slopes[0] / slopes[1] - 1) < 1e-2


def test_layers_of_full_rank_may_be_those_of_an_embedding():
    """W3 = I and W4 = (1/2, 1/2) of (1, 1, 2, 2, 1) come from (1, 1, 1, 1, 1) at W3 = W4 = 1."""
    model = FullyConnected((1, 1, 1, 1, 1), "ratsig4")
    theta = model.pack(**{name: rationals(np.full(shape, int(name in ("W3", "W4")))) for name, shape in model.shapes.items()})
    half, no = [Fraction(1, 2)] * 2, lambda count: np.array([Fraction(0)] * count, dtype=object)
    weights = [[[Fraction(1)]], [[Fraction(1)]] * 2, [[Fraction(1), Fraction(0)], [Fraction(0), Fraction(1)]], [half]]
    sources = [(0,), (0, 0), (0, 0), (0,)]
    parts = [Layer(source, np.array(rows, dtype=object), no(len(source))) for source, rows in zip(sources, weights, strict=True)]
    wide = compatible(model, parts)
    found = wide.wide.unpack(wide(theta))
    assert (found["W3"] == rationals(np.eye(2, dtype=int))).all() and (found["W4"] == rationals([half])).all()


def test_the_last_weights_of_three_copies_move_outputs_to_second_order():
    """H2 that mixes hidden and last weights alone (S = 0, B != 0) makes the three-fold split a strict saddle, too."""
    from proofs_check.claims.width._instances import minimum_at
    from theory.embedding import three_fold

    rng = np.random.default_rng(0)
    met = None
    while met is None:
        place = some_place((1, 1, 2), rng)
        found = trace(place.model, place.theta, place.samples(place.enough + 3))
        rows = found.linear_rows(lambda cotangent, found=found: found.S(1, 0, cotangent))
        met = minimum_at(place, [rows], [np.zeros(len(rows), dtype=int)], extra=3)
    B, S = place.matrices(met[0])
    assert (S == 0).all() and (B != 0).any() and met[1][0] == 0
    embedding = three_fold(place.model)
    assert counts(embedding.wide, embedding(place.theta), met[0])[0] > 0


def test_a_dead_neuron_leaves_a_gradient_as_it_is():
    """Inactive on the data, it is critical where the narrow network is, and nowhere else."""
    from proofs_check.claims.width.null import with_dead_neuron

    place = some_place((2, 1, 2), np.random.default_rng(1), activation="relu")
    wide, theta = with_dead_neuron(place.model, 1, place.theta, -1000)
    assert all(slope == 0 for slope in gradient(wide, theta, place.planted()))
    assert any(slope != 0 for slope in gradient(wide, theta, place.data(place.enough)))


def test_a_split_behind_many_outputs_adds_more_zeros_than_one():
    """(1, 1, 4): S_s is regular, and yet a split adds two zeros, as B_s has the rank 2 and not 3 = m_(l+1) - 1; (1, 1, 3) adds one."""
    for outputs, expected in ((3, 1), (4, 2)):
        place = some_place((1, 1, outputs), np.random.default_rng(3))
        data = place.planted()
        B, S = place.matrices(data)
        assert (rank_rational(B), rank_rational(S)) == (2, 2)
        embedding = split(place.model, 1, 0, Fraction(1, 4))
        added = counts(embedding.wide, embedding(place.theta), data)[1] - counts(place.model, place.theta, data)[1]
        assert added == expected


def test_weight_decay_leaves_a_neuron_of_zeros_critical():
    """With a penalty the split of a critical point is none, and a neuron of zeros one, where sigma(0) = 0; at sigma(0) = 1 it is none."""
    for name, kept in (("ratsig4", True), ("lorentz", False)):
        rng = np.random.default_rng(0)
        while True:
            place = some_place((1, 2, 1), rng, activation=name)
            try:
                data = place.planted(slope=-place.theta)
            except NothingToPlant:
                continue
            break
        slopes = []
        for embedding in (split(place.model, 1, 0, Fraction(1, 2)), null(place.model, 1, 0)):
            theta = embedding(place.theta)
            slopes.append(gradient(embedding.wide, theta, data) + theta)
        assert (slopes[0] != 0).any()
        assert (not (slopes[1] != 0).any()) is kept


def test_a_split_of_a_minimum_without_errors_is_a_minimum_for_every_activation():
    """z / (1 + z^2), whose S_s is never definite: with all errors zero the split has no negative eigenvalue."""
    place = some_place((1, 2, 1), np.random.default_rng(0), activation="ratsig")
    x = place.samples(place.enough)
    embedding = split(place.model, 1, 0, Fraction(1, 2))
    assert counts(embedding.wide, embedding(place.theta), (x, place.model(place.theta, x)))[0] == 0


def test_a_constant_in_the_root_shrinks_scores_below_their_least_extreme():
    """(1, 1, 1, -3) with var + 1: the least extreme is 1/2 < 1 / sqrt(3), and its reflection is positive at beta = 0.55 already."""
    batch = np.array([1, 1, 1, -3])
    scores = (batch - batch.mean()) / np.sqrt(batch.var() + 1)
    assert scores.max() < 1 / np.sqrt(3)
    reflected = -scores
    assert (reflected + 0.55 > 0).all() and 0.55 < 1 / np.sqrt(3)


@pytest.mark.parametrize("biased", [True, False])
def test_a_constant_neuron_needs_biases_behind(biased):
    """Without the bias behind it, the derivative by its own bias is sigma'(bhat) v . E e."""
    from numerics.planting import plant

    model = FullyConnected((1, 1, 1), "ratsig", output_bias=biased)
    theta = rationals(np.arange(1, model.n_params + 1))
    x = rationals([[Fraction(k, 2)] for k in range(-4, 5)])
    data = plant(model, theta, x, seed=0)
    errors = model(theta, x) - data[1]
    assert (errors.sum() == 0) is biased and (errors != 0).any()
