"""Instances shared by the claims on lifting in depth: rational points off the kinks, planted data, lifts of them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np

from proofs_check import Assumption
from theory.lifting import Lifting, lift
from theory.models import FullyConnected

DEPTH = "arXiv:2205.13283v4"
#: Activations with an affine piece of non-zero slope; hinge3 = z + max(z, 0)^3 is twice differentiable, so it has Hessians everywhere.
PIECEWISE = ("hinge3", "leaky", "relu")
#: Residuals of this size (l1 norm of the cotangent) leave the Hessian positive definite at most planted points; ONE makes saddles.
SMALL, ONE = Fraction(1, 1000), Fraction(1)

LINEARIZED = Assumption(
    "linearized layer",
    r"\hat W_j f^{[q]}(x_i) + \hat b_j \in (a_j, b_j) \text{ open for all } i, j, \text{ where } \sigma(z) = \lambda_j z + \mu_j",
)
CRITICAL = Assumption("critical", r"\nabla R(\theta) = 0")
REGULAR = Assumption("regular", r"\operatorname{rank} W' = m_{q+1} \text{ or } \operatorname{rank} \hat W = m_q")
BIASES = Assumption("biases behind", r"\text{layer } q+1 \text{ has biases}")


@dataclass(frozen=True)
class Place:
    """A network of ``widths`` and where it is deepened: a layer of ``width`` behind layer ``after``; ``replicate`` numbers the draw."""

    widths: tuple[int, ...]
    activation: str
    after: int
    width: int
    replicate: int = 0

    @property
    def model(self) -> FullyConnected:
        return FullyConnected(self.widths, self.activation)


def rational_point(model: FullyConnected, rng: np.random.Generator) -> np.ndarray:
    """Small non-zero integer weights, and biases j + 1/p with a prime p of their own in every layer.

    On half-integer samples no pre-activation of a piecewise linear network is then zero: its denominator keeps the p.
    """
    primes, parts = (3, 5, 7, 11), {}
    for name, shape in model.shapes.items():
        if name[0] == "W":
            parts[name] = rng.integers(1, 3, shape) * rng.choice([-1, 1], shape) * Fraction(1)
        else:
            parts[name] = rng.integers(-1, 2, shape) + Fraction(1, primes[int(name[1:]) - 1])
    return model.pack(**parts)


def samples(inputs: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """``n`` distinct half-integer samples (n, inputs)."""
    reach = 2
    while (2 * reach + 1) ** inputs < 2 * n:
        reach += 1
    codes = rng.choice((2 * reach + 1) ** inputs, n, replace=False)
    digits = np.stack([codes // (2 * reach + 1) ** k % (2 * reach + 1) - reach for k in range(inputs)], axis=1)
    return digits * Fraction(1, 2)


def enough_samples(model, extra: int = 2) -> int:
    """So many samples that their residuals outnumber the parameters by ``extra``: then a critical point can be planted."""
    return -(-(model.n_params + extra) // model.outputs)


def planted(model, theta: np.ndarray, rng: np.random.Generator, *, size=SMALL, conditions=None, extra: int = 2):
    """Samples and targets (Fractions) for which ``theta`` is exactly critical with a loss that is not zero.

    ``conditions(x)`` gives rows that the flat residuals must be orthogonal to.
    """
    from numerics.planting import plant

    x = samples(model.input_size, enough_samples(model, extra), rng)
    rows = [] if conditions is None else conditions(x)
    return plant(model, theta, x, size=size, seed=int(rng.integers(2**31)), conditions=[(row, np.zeros(len(row))) for row in rows])


def fractions(values) -> np.ndarray:
    """flint rationals as Fractions, shape kept."""
    from numerics.exact import fraction, rational

    array = np.asarray(values)
    return np.frompyfunc(lambda value: fraction(rational(value)), 1, 1)(array) if array.size else array


def same(first, second) -> bool:
    """Whether two arrays of exact numbers agree entry by entry, flint rationals and Fractions side by side."""
    return bool((fractions(first) == fractions(second)).all())


def inertia_counts(model, theta, data) -> tuple[int, int, int]:
    """(negative, zero, positive) of the exact Hessian."""
    from numerics.hessian import inertia

    return inertia(model, theta, data, method="exact").counts


def drawn_lift(place: Place, rng, *, x=None, theta=None) -> Lifting:
    """A random lift of a random rational point."""
    theta = rational_point(place.model, rng) if theta is None else theta
    x = samples(place.model.inputs, 6, rng) if x is None else x
    return lift(place.model, theta, x, place.after, width=place.width, rng=rng)


def places(context, activations=PIECEWISE, draws=(1, 6, 30)):
    """Positions first, middle and last, widths from the smaller neighbour to one more than the wider."""
    most = context.by_level(quick=draws[0], standard=draws[1], full=draws[2])
    shapes = [(2, 2, 1), (1, 2, 2), (2, 1, 2), (1, 2, 2, 1)]
    for widths, activation, replicate in product(shapes, activations, range(most)):
        for after in range(len(widths) - 1):
            low, high = sorted(widths[after : after + 2])
            yield from (Place(widths, activation, after, width, replicate) for width in (low, high + 1))


def drawn_places(context):
    from hypothesis import strategies as st

    @st.composite
    def place(draw):
        widths = tuple(draw(st.lists(st.integers(1, 4), min_size=2, max_size=5)))
        after = draw(st.integers(0, len(widths) - 2))
        width = draw(st.integers(min(widths[after : after + 2]), max(widths[after : after + 2]) + 2))
        return Place(widths, draw(st.sampled_from((*PIECEWISE, "hardtanh"))), after, width, draw(st.integers(0, 2**20)))

    return place()


def rng_of(place: Place, context):
    return context.rng(hash_of(place))


def hash_of(place: Place) -> int:
    """A number for the place, the same in every process."""
    digits = (*place.widths, place.after, place.width, len(place.activation), place.replicate)
    return sum(digit * 31**k for k, digit in enumerate(digits))


def planted_lift(place: Place, rng, size):
    theta = rational_point(place.model, rng)
    data = planted(place.model, theta, rng, size=size)
    return drawn_lift(place, rng, x=fractions(data[0]), theta=theta), data


def differential_of(found: Lifting) -> np.ndarray:
    return found.differential()


def inner_biases_still(found: Lifting) -> np.ndarray:
    """As if the biases of the new layer had no gradient."""
    matrix = found.differential()
    matrix[:, found.deep.unpack(np.arange(found.deep.n_params))[f"b{found.after + 1}"]] *= 0
    return matrix


def strict_minimum(place: Place, rng) -> tuple[np.ndarray, tuple]:
    """A planted point with positive definite Hessian (residuals shrunk, points redrawn until it is) and its data."""
    while True:
        theta = rational_point(place.model, rng)
        for size in (SMALL, SMALL / 1000):
            data = planted(place.model, theta, rng, size=size)
            if inertia_counts(place.model, theta, data)[2] == place.model.n_params:
                return theta, data


def with_constant_neuron(found: Lifting, bias, outer) -> tuple[FullyConnected, np.ndarray]:
    """One more neuron in the new layer: no incoming weights, the given ``bias``, outgoing weights ``outer`` (m_(q+1),), b' compensated."""
    q = found.after
    widths = found.deep.widths
    deep = FullyConnected((*widths[: q + 1], widths[q + 1] + 1, *widths[q + 2 :]), found.deep.activation)
    parts = found.deep.unpack(found.theta)
    inner, biases, old_outer = found.parts
    constant = found.deep.activation(np.array([bias], dtype=inner.dtype))[0]
    new = {
        f"W{q + 1}": np.vstack([inner, 0 * inner[:1]]),
        f"b{q + 1}": np.append(biases, bias),
        f"W{q + 2}": np.hstack([old_outer, outer[:, None]]),
        f"b{q + 2}": parts[f"b{q + 2}"] - outer * constant,
    }
    return deep, deep.pack(**{**parts, **new})
