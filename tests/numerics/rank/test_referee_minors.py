"""The referee of minors computes what it says: jets and tangents against definitions, and refusals.

A certificate that is accepted shows little of this: almost any wrong formula leads to a minor that does not vanish either.
"""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from flint import arb, fmpq, nmod
from referees import script

from numerics.arithmetic.exact import PRIMES, ExponentialField, rationals
from numerics.derivatives.tape import tangents
from numerics.rank import model_rank
from theory.activations import activation
from theory.models import FullyConnected, TwoLayer, TwoLayerCNN
from theory.models.layers import layers

certificates = script("check_minor")


pytestmark = pytest.mark.usefixtures("two_hundred_bits")


def close(found, wanted, error=1e-25):
    """Balls that differ by no more than ``error``."""
    return bool(abs(arb(found) - arb(wanted)) < error)


# ------------------------------------------------------------------------------------------------------------ minors

NAMES = "tanh exp sigmoid silu softplus sin cos atan erf gelu lorentz ratsig ratsig4 power:2 power:5 identity".split()
NAMES += ["relu", "leaky", "hinge3", "hardtanh"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("z", [Fraction(-7, 5), Fraction(-1, 3), Fraction(2, 7), Fraction(9, 4)])
def test_jets_of_the_referee_are_those_of_the_activations(name, z):
    ball = arb(fmpq(z.numerator, z.denominator))
    wanted = activation(name).jet(np.array([ball], dtype=object), 1)
    found = certificates.jet(name, ball, ball.exp(), None)
    assert all(close(one, other[0]) for one, other in zip(found, wanted, strict=True))


@pytest.mark.parametrize("name", ["tanh", "exp", "sigmoid", "sin", "cos"])
def test_jets_modulo_a_prime_are_images_of_the_field(name):
    prime, field = PRIMES[0], ExponentialField(PRIMES[0], 12345)
    z = rationals(["3/7", "-2/7"])
    e = [nmod(power, prime) for power in field.powers(z)]
    i = next(nmod(r, prime) for g in range(2, 99) if (r := pow(g, (prime - 1) // 4, prime)) ** 2 % prime == prime - 1)
    (u, du), _ = (certificates.jet(name, nmod(5, prime), value, i) for value in e)
    elementary = lambda function: field.elementary(function, z)[0]
    if name in ("sin", "cos"):
        other = elementary("cos") if name == "sin" else -elementary("sin")
        # The sign of i is the field's choice: it turns the sine around, and nothing else.
        assert u in (elementary(name), -elementary(name)) if name == "sin" else u == elementary(name)
        assert du in (other, -other) and u * u + du * du == 1
    else:
        assert u == elementary(name)
        assert du == {"tanh": 1 - u * u, "exp": u, "sigmoid": u - u * u}[name]


MODELS = [
    FullyConnected((2, 3, 2, 2), "power:2"),
    FullyConnected((3, 2, 1), "hinge3", bias=False),
    TwoLayerCNN(4, 2, 2, activation="leaky", bias=True),
    TwoLayer(2, 3, 2, "lorentz", bias=True, output_bias=True),
]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_rows_of_the_referee_are_the_tangents(model):
    rng = np.random.default_rng(3)
    theta = rationals([Fraction(int(k), 3) + Fraction(1, 7 + j) for j, k in enumerate(rng.integers(-7, 8, model.n_params))])  # no kink
    x = rationals(rng.integers(-3, 4, (3, model.input_size)))
    _, wanted = tangents(model, theta, x)
    wanted = np.asarray(wanted).reshape(3, model.outputs, model.n_params)
    spelled = [{"weights": layer.weights, "biases": layer.biases} for layer in layers(model)]
    sigma = lambda z: certificates.jet(model.activation.name, z, None, None)
    for sample, output in product(range(3), range(model.outputs)):
        row = certificates.tangent_row(spelled, list(theta), list(x[sample]), output, sigma, lambda value: value)
        assert all(a == b for a, b in zip(row, wanted[sample, output], strict=True))


@pytest.mark.parametrize("name", ["tanh", "gelu"])
def test_dependent_tangents_are_refused(name):
    """Two equal neurons: their four tangents on one input have rank 2, so that no larger minor may be accepted."""
    model = TwoLayer(1, 2, activation=name)
    genuine = model_rank(model, [0.5, 1.5, 2.0, -1.0]).certificate
    assert certificates.check(genuine) == 4
    equal = {**genuine, "theta": ["1/2", "1/2", "2", "-1"]}
    with pytest.raises(AssertionError, match="may vanish"):
        certificates.check(equal)
    pair = {**equal, "rank": 2, "rows": equal["rows"][:2], "columns": [0, 2]}
    assert certificates.check(pair) == 2
    with pytest.raises(AssertionError, match="the rank must be a whole number from 1 on, got 0"):
        certificates.check({**pair, "rank": 0, "rows": [], "columns": []})
    with pytest.raises(AssertionError, match="not the size of the minor"):
        certificates.check({**pair, "rank": 3})


@pytest.mark.parametrize("name", ["relu", "leaky"])
def test_samples_on_a_kink_are_refused(name):
    """At x = 0 no derivative of a neuron without bias exists; its one-sided ones must not pass for it."""
    model = FullyConnected((1, 1, 1), name)
    spelled = [{"weights": layer.weights, "biases": layer.biases} for layer in layers(model)]
    common = {"kind": "minor modulo a prime", "activation": name, "layers": spelled, "prime": PRIMES[0], "unit": 3, "denominator": None}
    minor = {**common, "theta": ["1/1", "0/1", "1/1", "0/1"], "rows": [[0, 0]], "columns": [3], "rank": 1}
    assert certificates.check({**minor, "samples": [["1/1"]]}) == 1
    with pytest.raises(AssertionError, match="kink"):
        certificates.check({**minor, "samples": [["0/1"]]})


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("layers", []),
        ("layers", [{"weights": [[-1]], "biases": [None]}, {"weights": [[1]], "biases": [None]}]),
        ("layers", [{"weights": [[9]], "biases": [None]}, {"weights": [[1]], "biases": [None]}]),
        ("layers", [{"weights": [[True]], "biases": [None]}, {"weights": [[1]], "biases": [None]}]),
        ("layers", [{"weights": [[0]], "biases": []}, {"weights": [[1]], "biases": [None]}]),
        ("rank", -3),
        ("rank", True),
        ("rank", "4"),
        ("rank", 5),
        ("rows", [[-1, 0], [1, 0], [2, 0], [3, 0]]),
        ("rows", [[9, 0], [1, 0], [2, 0], [3, 0]]),
        ("rows", [[0, -1], [1, 0], [2, 0], [3, 0]]),
        ("columns", [-1, 1, 2, 3]),
        ("columns", [0, 1, 2, 9]),
        ("columns", [0, 0, 2, 3]),
        ("kind", "minor"),
        ("precision", 1),
        ("radius", -1.0),
        ("radius", float("nan")),
        ("radius", 1e300),
    ],
)
def test_forged_places_are_refused(place, value):
    kind = "gelu" if place in ("precision", "radius") else "tanh"
    genuine = model_rank(TwoLayer(1, 2, activation=kind), [0.5, 1.5, 2.0, -1.0]).certificate
    assert certificates.check(genuine) == 4
    with pytest.raises(AssertionError):
        certificates.check({**genuine, place: value})


def test_a_denominator_that_is_none_is_refused():
    model = TwoLayer(1, 2)
    genuine = model_rank(model, [0.5, 1.5, 2.0, -1.0]).certificate
    for key, value in (("denominator", 1), ("prime", 7), ("prime", PRIMES[0] * 5), ("unit", 0)):
        with pytest.raises(AssertionError):
            certificates.check({**genuine, key: value})
