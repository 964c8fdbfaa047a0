"""Taylor series modulo a prime: the tangent functions of a network expanded along lines through the origin.

An activation with v' = flow(z, v) has Taylor coefficients that are polynomials in the weights and in the values v(z_0) at
the start of the line. The weights are sent to residues; a value v(z_0) with z_0 != 0 is transcendental and is replaced by a random
residue, the same for equal and the reflected one for opposite z_0. Where every hidden layer has a bias these values are free,
so a minor that is non-zero modulo the prime is non-zero at the given weights and almost all biases of the same pattern:
the rank found is a lower bound on the stratum. Where all z_0 vanish (odd activation, no bias) nothing is replaced and the bound
holds at the point itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from numerics.arithmetic import exact
from numerics.arithmetic.exact import NoExactValue, UnluckyPrime
from numerics.derivatives.tape import tangents
from theory.models import AbstractModel, AbstractNetwork, FullyConnected, TwoLayer, TwoLayerCNN

#: Surplus of coefficients over parameters, so that a low rank is not for lack of rows; a low rank only weakens the bound.
SURPLUS = 1.3


class Series:
    """A power series in one variable modulo a prime, known up to (excluding) the power ``order``."""

    __slots__ = ("polynomial", "order")

    def __init__(self, polynomial: Any, order: int) -> None:
        self.polynomial = polynomial
        self.order = order

    def __add__(self, other: Any) -> Series:
        return Series(self.polynomial + _polynomial(other), self.order)

    __radd__ = __add__

    def __neg__(self) -> Series:
        return Series(-self.polynomial, self.order)

    def __sub__(self, other: Any) -> Series:
        return Series(self.polynomial - _polynomial(other), self.order)

    def __rsub__(self, other: Any) -> Series:
        return Series(_polynomial(other) - self.polynomial, self.order)

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Series):
            return Series(self.polynomial.mul_low(other.polynomial, self.order), self.order)
        return 0 if isinstance(other, int) and other == 0 else Series(self.polynomial * other, self.order)

    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Series:
        return Series(self.polynomial.pow_trunc(exponent, self.order), self.order)

    def __rtruediv__(self, other: Any) -> Any:
        return Series(self.polynomial.inverse_series_trunc(self.order), self.order) * other

    @property
    def start(self) -> int:
        """The constant term."""
        return int(self.polynomial[0])


def _polynomial(operand: Any) -> Any:
    return operand.polynomial if isinstance(operand, Series) else operand


class SeriesArray(np.ndarray):
    """An object array of Series (and residues); activations solve their differential system in ``starts``."""

    starts: Starts

    def __new__(cls, values: np.ndarray, starts: Starts) -> SeriesArray:
        array = np.asarray(values, dtype=object).view(cls)
        array.starts = starts
        return array

    def __array_finalize__(self, origin: Any) -> None:
        if hasattr(origin, "starts"):
            self.starts = origin.starts

    def state_of(self, activation: Any) -> list[SeriesArray]:
        """The state v(z) of ``activation`` at every entry z."""
        entries = [solve(activation, z, self.starts(activation, z.start)) for z in self.flat]
        columns = []
        for k in range(len(activation.state)):
            column = np.empty(self.size, dtype=object)
            column[:] = [entry[k] for entry in entries]
            columns.append(SeriesArray(column.reshape(self.shape), self.starts))
        return columns


def solve(activation: Any, z: Series, start: tuple[int, ...]) -> list[Series]:
    """The series v with v' = flow(z, v) z' and v(0) = ``start``, by Picard's iteration: every round makes one more coefficient right."""
    slope = z.polynomial.derivative()
    states = [z.polynomial * 0 + value for value in start]
    for known in range(2, z.order + 1):
        flow = activation.flow(Series(z.polynomial.truncate(known), known), [Series(v, known) for v in states])
        zero = Series(z.polynomial * 0, known)  # makes a series of a constant rate
        states = [(rate + zero).polynomial.mul_low(slope, known - 1).integral() + value for rate, value in zip(flow, start, strict=True)]
    return [Series(v, z.order) for v in states]


class Starts:
    """The values v(z_0) of an activation's state modulo ``prime``: those at z_0 = 0, drawn elsewhere where that is ``free``."""

    def __init__(self, prime: int, rng: np.random.Generator, *, free: bool) -> None:
        self.prime, self.rng, self.free = prime, rng, free
        self.drawn: dict[int, tuple[int, ...]] = {}
        self.constants: dict[int, int] = {}
        self.replaced = False

    def __call__(self, activation: Any, z: int) -> tuple[int, ...]:
        if not activation.state:
            return ()
        if activation.name not in _STARTS:
            raise NoExactValue(f"no Taylor series is known for {activation!r}; expected one of {', '.join(_STARTS)} or z^p")
        draw, at_zero, reflect = _STARTS[activation.name]
        if z == 0:  # one transcendental constant, such as log 2, behaves as a generic number: still a statement at the point
            return tuple(self._constant(k) if value is None else value(self.prime) for k, value in enumerate(at_zero))
        if not self.free:
            raise NoExactValue("a value of the activation is transcendental and no bias makes it free: balls may serve instead")
        self.replaced = True
        if z not in self.drawn and self.prime - z not in self.drawn:
            self.drawn[z] = draw(self._draw, z, self.prime)
        return self.drawn[z] if z in self.drawn else reflect(self.drawn[self.prime - z], z, self.prime)

    def _draw(self) -> int:
        return int(self.rng.integers(2, self.prime - 2))

    def _constant(self, k: int) -> int:
        return self.constants.setdefault(k, self._draw())


def _circle(draw: Callable[[], int], z: int, prime: int) -> tuple[int, int]:
    """A random rational point (sin, cos) of the unit circle."""
    t = draw()
    scale = pow(1 + t * t, -1, prime)
    return 2 * t * scale % prime, (1 - t * t) * scale % prime


def _lorentzian(z: int, prime: int) -> int:
    return pow(1 + z * z, -1, prime)


_ZERO, _ONE, _HALF = (lambda prime: 0), (lambda prime: 1), (lambda prime: (prime + 1) // 2)
_odd = lambda v, z, prime: (-v[0] % prime,)
_unit_sum = lambda v, z, prime: ((1 - v[0]) % prime,)
_single = lambda draw, z, prime: (draw(),)
_pair = lambda draw, z, prime: (draw(), draw())
_trigonometric = (_circle, (_ZERO, _ONE), lambda v, z, prime: (-v[0] % prime, v[1]))

#: Per activation: how a state is drawn, its values at 0 (None where transcendental), and the state at z_0 from that at -z_0.
_STARTS: dict[str, tuple[Callable, tuple, Callable]] = {
    "tanh": (_single, (_ZERO,), _odd),
    "sigmoid": (_single, (_HALF,), _unit_sum),
    "silu": (_single, (_HALF,), _unit_sum),
    "softplus": (_pair, (None, _HALF), lambda v, z, prime: ((v[0] + z) % prime, (1 - v[1]) % prime)),
    "gelu": (_pair, (_HALF, None), lambda v, z, prime: ((1 - v[0]) % prime, v[1])),
    "erf": (_pair, (_ZERO, None), lambda v, z, prime: (-v[0] % prime, v[1])),
    "atan": (lambda draw, z, p: (draw(), _lorentzian(z, p)), (_ZERO, _ONE), lambda v, z, prime: (-v[0] % prime, v[1])),
    "exp": (_single, (_ONE,), lambda v, z, prime: (pow(v[0], -1, prime),)),
    "sin": _trigonometric,
    "cos": _trigonometric,
}


def series_tangents(model: AbstractModel, theta: Any, *, lines: int, order: int, prime: int, seed: int = 0) -> tuple[Any, bool]:
    """Taylor coefficients of all tangent functions along random lines through 0, and whether a value was replaced.

    ``theta`` (P,) is rational; the result is a matrix of residues (lines x outputs x order, P). Raises NoExactValue where no series
    is known or a transcendental value is not free, UnluckyPrime where a denominator vanishes.
    """
    from flint import nmod, nmod_poly

    rng = np.random.default_rng(seed)
    starts = Starts(prime, rng, free=_every_layer_biased(model))
    weights = SeriesArray(exact.residues(exact.rationals(theta), prime), starts)
    x = np.empty((lines, model.input_size), dtype=object)
    for place in np.ndindex(x.shape):
        x[place] = Series(nmod_poly([0, int(rng.integers(1, prime))], prime), order)
    try:
        jacobian = tangents(model, weights, SeriesArray(x, starts))[1]
    except ZeroDivisionError as error:
        raise UnluckyPrime(f"a denominator of the model vanishes modulo {prime}") from error
    rows = np.zeros((lines, model.outputs, order, model.n_params), dtype=object)
    for line, t, parameter in np.ndindex(jacobian.shape):
        entry = jacobian[line, t, parameter]
        coefficients = entry.polynomial.coeffs() if isinstance(entry, Series) else [nmod(int(entry), prime)]
        rows[line, t, : len(coefficients), parameter] = [int(c) for c in coefficients]
    return rows.reshape(-1, model.n_params), starts.replaced


def _every_layer_biased(model: AbstractModel) -> bool:
    return bool(getattr(model, "bias", False))


def series_rank(model: AbstractModel, theta: Any, *, seed: int = 0, upper: int | None = None) -> tuple[int, str]:
    """A lower bound of the model rank from Taylor series, and where it holds: at the "point" or on the "stratum".

    The bound is meant for networks (``TwoLayer``, ``TwoLayerCNN``, ``FullyConnected``); ``upper`` says when to be content (default: P).
    When the rank stays below, lines and order are doubled once: a low rank may be for lack of coefficients.
    """
    if not isinstance(model, TwoLayer | TwoLayerCNN | FullyConnected) or not hasattr(model.activation, "state"):
        raise NoExactValue(f"Taylor series are known for networks with smooth activations, got {model}")
    upper = model.n_params if upper is None else upper
    found, at = 0, "point"
    for effort in (1, 2):
        matrix, replaced = _at_a_lucky_prime(model, theta, *_extent(model, effort), seed)
        found = max(found, matrix.rank())
        at = "stratum" if replaced else "point"
        if found >= upper:
            break
    return min(found, upper), at


def _at_a_lucky_prime(model: AbstractModel, theta: Any, lines: int, order: int, seed: int) -> tuple[Any, bool]:
    """The coefficients at the first prime that serves, handed to flint."""
    for prime in exact.PRIMES:
        try:
            rows, replaced = series_tangents(model, theta, lines=lines, order=order, prime=prime, seed=seed)
            return exact.modular_matrix(rows, prime), replaced
        except UnluckyPrime:
            continue
    raise UnluckyPrime(f"a denominator vanishes modulo each of {exact.PRIMES}")


def _extent(model: AbstractNetwork, effort: int) -> tuple[int, int]:
    """Numbers of lines and of coefficients: one input knows one line only, and parity kills half of the coefficients."""
    parity = 2 if model.activation.reflection is not None and not getattr(model, "bias", False) else 1
    lines = 1 if model.input_size == 1 else effort * (model.input_size + 2)
    rows = SURPLUS * parity * effort * model.n_params
    return lines, int(rows / (lines * model.outputs)) + 8 * effort
