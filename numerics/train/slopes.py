"""Activations as C: their value and slope, written from the differential system or the pieces that theory.activations declares."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from numerics.train.trace import CannotTrace
from theory.activations import Activation, PiecewiseActivation, SmoothActivation

#: Functions of kernels/vector.h and kernels/functions.h by the names of theory.elementary.
FUNCTIONS = {
    "tanh": "hyperbolic_tangent",
    "sigmoid": "logistic",
    "softplus": "softplus",
    "normal_cdf": "normal_distribution",
    "normal_density": "normal_density",
    "exp": "exponential",
    "erf": "error_function",
    "erf_slope": "error_slope",
    "atan": "arc_tangent",
    "sin": "sine",
    "cos": "cosine",
}


@dataclass(frozen=True)
class Written:
    """``value`` and ``slope`` as C expressions, after the declarations ``states``, all in z.

    ``slope_of`` says what the slope needs: "value" (it is written in h, the value), "argument" (in z alone) or "states".
    """

    states: str
    value: str
    slope: str
    slope_of: str


class Expression:
    """C text of an expression in z and the states, and which of them it contains."""

    __array_ufunc__ = None

    def __init__(self, text: str, names: frozenset[str] = frozenset()) -> None:
        self.text, self.names = text, names

    def elementary(self, name: str) -> Expression:
        """What theory.elementary asks of a container."""
        if name not in FUNCTIONS:
            raise CannotTrace(f"there is no vector function for {name}")
        return Expression(f"{FUNCTIONS[name]}({self.text})", self.names)

    def _with(self, sign: str, other: Any) -> Expression:
        other = _expression(other)
        if sign == "*" and "0." in (self.text, other.text):
            return _expression(0)
        if sign == "*" and "1." in (self.text, other.text):
            return other if self.text == "1." else self
        if sign == "+" and "0." in (self.text, other.text):
            return other if self.text == "0." else self
        if sign == "-" and other.text == "0.":
            return self
        return Expression(f"({self.text} {sign} {other.text})", self.names | other.names)

    def __add__(self, other: Any) -> Expression:
        return self._with("+", other)

    def __radd__(self, other: Any) -> Expression:
        return _expression(other)._with("+", self)

    def __sub__(self, other: Any) -> Expression:
        return self._with("-", other)

    def __rsub__(self, other: Any) -> Expression:
        return _expression(other)._with("-", self)

    def __mul__(self, other: Any) -> Expression:
        return self._with("*", other)

    def __rmul__(self, other: Any) -> Expression:
        return _expression(other)._with("*", self)

    def __truediv__(self, other: Any) -> Expression:
        return self._with("/", other)

    def __rtruediv__(self, other: Any) -> Expression:
        return _expression(other)._with("/", self)

    def __neg__(self) -> Expression:
        return _expression(0)._with("-", self)


class Dual:
    """An expression and its derivative along the flow; sums and products only, as in the polynomials of a declaration."""

    def __init__(self, value: Expression, slope: Expression) -> None:
        self.value, self.slope = value, slope

    def __add__(self, other: Any) -> Dual:
        other = _dual(other)
        return Dual(self.value + other.value, self.slope + other.slope)

    def __sub__(self, other: Any) -> Dual:
        other = _dual(other)
        return Dual(self.value - other.value, self.slope - other.slope)

    def __mul__(self, other: Any) -> Dual:
        other = _dual(other)
        return Dual(self.value * other.value, self.slope * other.value + self.value * other.slope)

    __radd__ = __add__
    __rmul__ = __mul__

    def __rsub__(self, other: Any) -> Dual:
        return _dual(other) - self

    def __neg__(self) -> Dual:
        return _dual(0) - self


def _expression(value: Any) -> Expression:
    if isinstance(value, Expression):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CannotTrace(f"an activation with {type(value).__name__} in its formula")
    return Expression(repr(float(value)).removesuffix("0") if value == int(value) else repr(float(value)))


def _dual(value: Any) -> Dual:
    return value if isinstance(value, Dual) else Dual(_expression(value), _expression(0))


@lru_cache(maxsize=256)
def written(activation: Activation) -> Written:
    """The C text of ``activation``. Raises CannotTrace for one that is not declared as a differential system or by pieces."""
    if isinstance(activation, SmoothActivation):
        return _smooth(activation)
    if isinstance(activation, PiecewiseActivation):
        return _piecewise(activation)
    raise CannotTrace(f"activation {activation.name!r} declares no differential system and no pieces")


def _smooth(activation: SmoothActivation) -> Written:
    z = Expression("z", names=frozenset("z"))
    states = [function(z) for function in activation.state]
    v = [Expression(f"v{k}", names=frozenset({f"v{k}"})) for k in range(len(states))]
    flow = [_expression(slope) for slope in activation.flow(z, v)]
    duals = [Dual(state, slope) for state, slope in zip(v, flow, strict=True)]
    output = _dual(activation.output(Dual(z, _expression(1)), duals))
    value, slope = output.value, output.slope
    declared = " ".join(f"const Vector v{k} = {_expression(state).text};" for k, state in enumerate(states))
    if slope.names <= {value.text} and value.text.startswith("v"):  # the slope follows from the value
        return Written(declared, value.text, slope.text.replace(value.text, "h"), "value")
    return Written(declared, value.text, slope.text, "argument" if slope.names <= {"z"} else "states")


def _piecewise(activation: PiecewiseActivation) -> Written:
    coefficients = [[float(c) for c in piece] for piece in activation.pieces]
    slopes = [[k * c for k, c in enumerate(piece)][1:] or [0.0] for piece in coefficients]
    if (below := _slope_below(activation)) is not None:
        return Written("", f"rectifier(z, {below!r})", f"step_of(h, {below!r})", "value")
    chosen = lambda pieces: _chosen([float(b) for b in activation.breaks], [_horner(piece) for piece in pieces])
    return Written("", chosen(coefficients), chosen(slopes), "argument")


def _slope_below(activation: PiecewiseActivation) -> float | None:
    """The slope c of a function that is z above 0 and c z below, c in [0, 1): then h > 0 says exactly that z > 0. None for others."""
    if [float(b) for b in activation.breaks] != [0.0]:
        return None
    lower, upper = ([*map(float, piece), 0.0, 0.0] for piece in activation.pieces)
    straight = upper[:2] == [0.0, 1.0] and lower[0] == 0.0 and not any([*upper[2:], *lower[2:]])
    return lower[1] if straight and 0 <= lower[1] < 1 else None


def _horner(coefficients: list[float]) -> str:
    """A polynomial in z; a constant keeps a NaN."""
    if not any(coefficients[1:]):
        return f"(z * 0. + {coefficients[0]!r})" if coefficients[0] else "(z * 0.)"
    if coefficients == [0.0, 1.0]:
        return "z"
    text = repr(coefficients[-1])
    for c in reversed(coefficients[:-1]):
        text = f"({text} * z + {c!r})" if c else f"({text} * z)"
    return text


def _chosen(breaks: list[float], pieces: list[str]) -> str:
    text = pieces[0]
    for threshold, piece in zip(breaks, pieces[1:], strict=True):
        text = f"(z > {threshold!r} ? {piece} : {text})"
    return text
