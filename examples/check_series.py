"""Check a rank by Taylor series modulo a prime, with python-flint alone: python check_series.py FILE

Along a line x = t u through the origin the tangent functions of a network are power series in t, whose coefficients are polynomials in
theta and in the values of the activation at the starts z(0) of the neurons. A value at z(0) != 0 is transcendental; where a bias moves the
start of this neuron and nothing else, it is free, and a random residue stands for it, the same for equal and the reflected one for
opposite z(0). Whether a start is 0 is decided over the rationals, for the prime divides some numbers. A rank modulo the prime is then a
lower bound for almost all biases of the same pattern ("stratum"), and at the point itself if no value had to be replaced ("point"). A start
that no bias of its own moves is refused: exp(b), exp(b + c), exp(b + 2 c) from one bias b and one weight c are no independent numbers.
"""

import random
import sys
from pathlib import Path

from flint import fmpq, nmod_mat, nmod_poly

sys.path.insert(0, str(Path(__file__).parent))
from balls import rational  # noqa: E402
from referee import main, network, refusing, require, whole  # noqa: E402

PRIME = 2**61 - 1
HALF = (PRIME + 1) // 2
#: The state v with v' = flow(z, v) z': its values at 0 (None: a transcendental constant), its values at z from those at -z, and its flow.
LOGISTIC = ([HALF], lambda v, z: [1 - v[0]], lambda z, v: [v[0] - v[0] * v[0]])
CIRCLE = ([0, 1], lambda v, z: [-v[0], v[1]], lambda z, v: [v[1], -v[0]])
SYSTEMS = {
    "tanh": ([0], lambda v, z: [-v[0]], lambda z, v: [1 - v[0] * v[0]]),
    "exp": ([1], lambda v, z: [pow(v[0], -1, PRIME)], lambda z, v: [v[0]]),
    "sigmoid": LOGISTIC,
    "silu": LOGISTIC,
    "softplus": ([None, HALF], lambda v, z: [v[0] + z, 1 - v[1]], lambda z, v: [v[1], v[1] - v[1] * v[1]]),
    "gelu": ([HALF, None], lambda v, z: [1 - v[0], v[1]], lambda z, v: [v[1], -(z * v[1])]),
    "erf": ([0, None], lambda v, z: [-v[0], v[1]], lambda z, v: [v[1], -2 * (z * v[1])]),
    "atan": ([0, 1], lambda v, z: [-v[0], v[1]], lambda z, v: [v[1], -2 * (z * v[1] * v[1])]),
    "sin": CIRCLE,
    "cos": CIRCLE,
}


#: sigma(0), where it is not 0; None: no rational.
AT_ZERO = {"exp": fmpq(1), "cos": fmpq(1), "sigmoid": fmpq(1, 2), "softplus": None}


def jet(name, z, v, flow):
    """sigma and sigma' from z, the state and its flow; most activations are the first entry of their state."""
    if name in ("silu", "gelu"):
        return z * v[0], v[0] + z * flow[0]
    return (v[1], flow[1]) if name == "cos" else (v[0], flow[0])


class Series:
    """A power series modulo the prime, as far as t^(order - 1)."""

    order = 0

    def __init__(self, polynomial):
        self.polynomial = polynomial

    def __add__(self, other):
        return Series(self.polynomial + (other.polynomial if isinstance(other, Series) else other))

    def __mul__(self, other):
        product = self.polynomial.mul_low(other.polynomial, Series.order) if isinstance(other, Series) else self.polynomial * other
        return Series(product)

    def __neg__(self):
        return Series(-self.polynomial)

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other

    __radd__, __rmul__ = __add__, __mul__

    def __getitem__(self, k):
        return int(self.polynomial[k])


def series(*coefficients):
    return Series(nmod_poly([c % PRIME for c in coefficients], PRIME))


class Activation:
    """The series of sigma and sigma' for a series z; ``replaced``: whether a transcendental value was drawn."""

    def __init__(self, name):
        self.name, self.replaced, self.drawn, self.rng = name, False, {}, random.Random(0)
        zero, self.reflect, self.flow = SYSTEMS[name]
        self.drawn[0] = [self.rng.randrange(2, PRIME) if v is None else v for v in zero]

    def start(self, z, known, free):
        """The state at the residue z of a start that is ``known`` as a rational, or None, and that a bias makes ``free``, or not."""
        require(known == 0 or free, "a start that is not 0 and that no bias of its own makes free")
        self.replaced |= known != 0
        if z not in self.drawn and -z % PRIME in self.drawn:
            return self.reflect(self.drawn[-z % PRIME], z)
        if z not in self.drawn:
            t = self.rng.randrange(2, PRIME)
            self.drawn[z] = [t, self.rng.randrange(2, PRIME)]
            if self.name == "atan":
                self.drawn[z][1] = pow(1 + z * z, -1, PRIME)
            if self.name in ("sin", "cos"):  # a rational point of the circle
                self.drawn[z] = [c * pow(1 + t * t, -1, PRIME) for c in (2 * t, 1 - t * t)]
        return self.drawn[z]

    def __call__(self, z, known, free):
        start = self.start(z[0], known, free)[: len(self.drawn[0])]
        speed, state = Series(z.polynomial.derivative()), [series(v) for v in start]
        for _ in range(Series.order - 1):  # each round makes one more coefficient right
            flow = [f * speed for f in self.flow(z, state)]
            state = [Series((f.polynomial.integral() + v % PRIME).truncate(Series.order)) for f, v in zip(flow, start, strict=True)]
        return jet(self.name, z, state, self.flow(z, state))


def free_starts(layers):
    """For each hidden layer, whether the bias of each neuron moves its start alone.

    In the first hidden layer a start is the bias itself, so that neurons which share one have one start; in later ones it is a sum with
    values of the layer before, so that every neuron needs a bias for itself. No such bias may stand anywhere else.
    """
    places = [(k, "weight") for layer in layers for row in layer["weights"] for k in row if k is not None]
    places += [(k, l) for l, layer in enumerate(layers) for k in layer["biases"] if k is not None]
    uses = {k: [where for other, where in places if other == k] for k, _ in places}
    own = lambda k, l: k is not None and (set(uses[k]) == {0} if l == 0 else uses[k] == [l])
    return [[own(k, l) for k in layer["biases"]] for l, layer in enumerate(layers[:-1])]


def known_starts(layers, theta, name):
    """The starts as the rationals that they are, None where they depend on values of the activation."""
    value = lambda k: fmpq(0) if k is None else theta[k]
    features, known = [fmpq(0)] * len(layers[0]["weights"][0]), []
    for layer in layers[:-1]:
        sums = []
        for w, b in rows(layer):
            terms = [(value(k), f) for k, f in zip(w, features, strict=True) if value(k) != 0]
            sums.append(None if any(f is None for _, f in terms) else sum((v * f for v, f in terms), value(b)))
        known.append(sums)
        features = [AT_ZERO.get(name, fmpq(0)) if z == 0 else None for z in sums]
    return known


def tangents(layers, theta, known, x, sigma):
    """For each output the series of its derivatives by theta, by the chain rule backwards."""
    value = lambda k: 0 if k is None else theta[k]
    features, slopes = [x], []
    for layer, exact, free in zip(layers[:-1], known, free_starts(layers), strict=True):
        sums = [sum((f * value(k) for k, f in zip(w, features[-1], strict=True)), series(value(b))) for w, b in rows(layer)]
        jets = [sigma(z, start, own) for z, start, own in zip(sums, exact, free, strict=True)]
        features, slopes = [*features, [u for u, _ in jets]], [*slopes, [du for _, du in jets]]
    for output in range(len(layers[-1]["weights"])):
        row, delta = [series(0)] * len(theta), [series(int(output == t)) for t in range(len(layers[-1]["weights"]))]
        for l, layer in reversed(list(enumerate(layers))):
            for d, (w, b) in zip(delta, rows(layer), strict=True):
                for k, f in [*zip(w, features[l], strict=True), (b, series(1))]:
                    if k is not None:
                        row[k] = row[k] + d * f
            if l:
                columns = zip(*layer["weights"], strict=True)
                weighted = [sum((d * value(k) for d, k in zip(delta, c, strict=True)), series(0)) for c in columns]
                delta = [g * du for g, du in zip(weighted, slopes[l - 1], strict=True)]
        yield row


def rows(layer):
    return list(zip(layer["weights"], layer["biases"], strict=True))


def check_series(certificate):
    exact = list(map(rational, certificate["theta"]))
    theta = [int(v.p) * pow(int(v.q), -1, PRIME) % PRIME for v in exact]
    layers, rng, count = network(certificate["layers"], len(theta)), random.Random(1), len(theta)
    stated = whole(certificate["rank"], 1, "the rank")
    sigma, inputs, outputs = Activation(certificate["activation"]), len(layers[0]["weights"][0]), len(layers[-1]["weights"])
    known = known_starts(layers, exact, certificate["activation"])
    lines = 1 if inputs == 1 else inputs + 2  # one input knows one line only
    Series.order = 4 * count // (lines * outputs) + 8
    require(count <= 500 and Series.order <= 2000 and stated <= count, "too large")
    matrix = []
    for _ in range(lines):
        x = [series(0, rng.randrange(1, PRIME)) for _ in range(inputs)]
        for row in tangents(layers, theta, known, x, sigma):
            matrix += [[entry[k] for entry in row] for k in range(Series.order)]
    rank = nmod_mat(len(matrix), count, [c for row in matrix for c in row], PRIME).rank()
    require(rank >= stated, f"the rank found is {rank}")
    require(certificate["at"] == "stratum" or (certificate["at"] == "point" and not sigma.replaced), "a statement on the stratum only")
    return f"rank at least {stated}, at the {certificate['at']}"


KINDS = {"Taylor series modulo a prime": check_series}


@refusing
def check(certificate):
    """What is shown, in words; refused where it is not, and what is no certificate."""
    return KINDS[certificate["kind"]](certificate)


if __name__ == "__main__":
    main(check)
