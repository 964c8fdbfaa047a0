"""Lower bounds of targets from their kinks, against ranks at other points of the same function."""

from fractions import Fraction

import numpy as np
import pytest

from numerics.rank import model_rank
from theory.models import FullyConnected, TwoLayer
from theory.rank import NotKnown, Target, optimistic_sample_size, rank_bounds
from theory.rank.hyperplanes import jumps, least_rank

NAMES = ["relu", "leaky", "hinge3", "hardtanh"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("inputs", [1, 2])
@pytest.mark.parametrize("outputs", [1, 2])
@pytest.mark.parametrize(("bias", "output_bias"), [(True, True), (True, False), (False, True), (False, False)])
def test_generic_targets_of_narrower_networks_have_the_rank_of_their_neurons(name, inputs, outputs, bias, output_bias):
    if inputs == 1 and not bias:
        return  # all kinks lie at 0: neurons coincide
    model, narrow = (TwoLayer(inputs, width, outputs, name, bias=bias, output_bias=output_bias) for width in (4, 2))
    theta = np.random.default_rng(0).integers(-99, 99, narrow.n_params)
    own = model_rank(narrow, theta).rank
    assert own == optimistic_sample_size(model, Target(narrow, theta)) == optimistic_sample_size(model, narrow)


def test_a_deep_form_of_the_same_network_is_read_alike():
    model = FullyConnected((2, 5, 1), "hardtanh")
    assert optimistic_sample_size(model, FullyConnected((2, 2, 1), "hardtanh")) == 9


def test_kinks_that_cancel_are_none():
    model = TwoLayer(1, 2, activation="hardtanh", bias=True)
    chained = np.array([1, 1, 0, -2, 1, 1])  # clamps on [-1, 1] and [1, 3]: the slope goes on at 1
    found = jumps(model, np.array([Fraction(int(t)) for t in chained]))
    assert {hyperplane: jump.tolist() for hyperplane, jump in found.items()} == {(1, 1): [1], (1, -3): [-1]}
    # One neuron, of half the slope, makes the same function: its rank is 3, that of the two neurons 5.
    wide = np.array([0.5, 0, -0.5, 0, 2, 0])
    x = np.linspace(-4, 6, 30)[:, None]
    assert (
        np.allclose(model(chained.astype(float), x), model(wide, x))
        and model_rank(TwoLayer(1, 1, activation="hardtanh", bias=True), wide[::2]).rank == 3
    )
    with pytest.raises(NotKnown) as found_open:
        optimistic_sample_size(TwoLayer(1, 4, activation="hardtanh", bias=True), Target(model, chained))
    assert (found_open.value.lower, found_open.value.upper) == (3, 5)


def test_no_lower_bound_is_above_the_rank_of_another_representative():
    """Copies, scales, halves of a hardtanh step, idle neurons: the same function at other points."""
    rng = np.random.default_rng(0)
    for name in NAMES:
        for _ in range(25):
            inputs, outputs, width = int(rng.integers(1, 3)), int(rng.integers(1, 3)), int(rng.integers(1, 4))
            model = TwoLayer(inputs, width, outputs, name, bias=True, output_bias=bool(rng.integers(2)))
            theta = np.array([Fraction(int(t)) for t in rng.integers(-1, 2, model.n_params)], dtype=object)
            parts = model.unpack(theta)
            rows = []
            for w, b, a in zip(parts["input_weights"], parts["input_biases"], parts["output_weights"].T, strict=True):
                share = Fraction(int(rng.integers(-1, 3)), 2)
                if name == "hardtanh" and w.any():  # clamps on [-1, r] and [r, 1]
                    r = Fraction(int(rng.integers(-1, 2)), 2)
                    for low, high in ((-1, r), (r, 1)):
                        k = 2 / (high - low)
                        rows.append((k * w, k * b - k * (low + high) / 2, a / k))
                elif name in ("relu", "leaky"):
                    rows.append((3 * w, 3 * b, a / 3))
                else:
                    rows += [(w, b, share * a), (w, b, (1 - share) * a)]
            wide = TwoLayer(inputs, len(rows), outputs, name, bias=True, output_bias=model.output_bias)
            weights, biases, outgoing = (np.array(part, dtype=object) for part in zip(*rows, strict=True))
            own = {"output_bias": parts["output_bias"]} if model.output_bias else {}
            other = wide.pack(input_weights=weights, input_biases=biases, output_weights=outgoing.T, **own)
            x = np.array([[Fraction(int(v), 7) for v in row] for row in rng.integers(-60, 60, (9, inputs))], dtype=object)
            assert (model(theta, x) == wide(other, x)).all()
            lower, upper, _ = rank_bounds(
                TwoLayer(inputs, 8, outputs, name, bias=True, output_bias=model.output_bias), Target(model, theta)
            )
            assert lower <= model_rank(wide, other).upper and lower <= upper


def test_without_kinks_only_constants_count():
    model = TwoLayer(1, 2, 2, "hinge3", bias=True, output_bias=True)
    theta = np.array([Fraction(t) for t in (1, 1, 0, 0, 1, -1, 2, -2, 5, 5)])
    assert least_rank(model, model, theta) == 2


@pytest.mark.parametrize("name", NAMES)
def test_copies_are_one_neuron(name):
    model = TwoLayer(2, 3, activation=name, bias=True, output_bias=True)
    one, two = (TwoLayer(2, width, activation=name, bias=True, output_bias=True) for width in (1, 2))
    rank = optimistic_sample_size(model, Target(one, [1, 2, 3, 2, 5]))
    assert optimistic_sample_size(model, Target(two, [1, 2, 1, 2, 3, 3, 4, -2, 5])) == rank == model_rank(one, [1, 2, 3, 2, 5]).rank
    if name in ("relu", "leaky"):
        assert optimistic_sample_size(model, Target(two, [1, 2, 3, 6, 3, 9, -1, 1, 5])) == rank


def test_a_neuron_on_each_kink_has_one_sign_or_the_other():
    model = TwoLayer(1, 3, activation="relu", output_bias=True, bias=True)
    turned = [1, -1, 0, 0, 1, -1, 0]  # relu(x) - relu(-x) = x: no kink, but no constant either
    with pytest.raises(NotKnown) as open_one:
        optimistic_sample_size(model, Target(TwoLayer(1, 2, activation="relu", output_bias=True, bias=True), turned))
    assert (open_one.value.lower, open_one.value.upper) == (1, 4)
    # relu(x) - relu(-x) + relu(x - 1) - relu(-x + 1) = 2 x - 1, minus 2 (relu(x - 2) - relu(-x + 2)): a constant
    level = [1, -1, 1, -1, 1, -1, 0, 0, -1, 1, -2, 2, 1, -1, 1, -1, -2, 2, 0]
    six = TwoLayer(1, 6, activation="relu", output_bias=True, bias=True)
    wide = TwoLayer(1, 6, activation="relu", output_bias=True, bias=True)
    assert optimistic_sample_size(wide, Target(six, level)) == 1
