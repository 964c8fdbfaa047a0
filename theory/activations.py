"""Activation functions, each declared once.

A smooth activation is a polynomial differential system: a state v(z) with v' = flow(z, v), and sigma = output(z, v); the
polynomials have integer coefficients, so every derivative, Taylor series and enclosure follows in any arithmetic, and only
the value of the state depends on the type of number. A piecewise polynomial needs an order (floats, rationals, balls).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache, partial
from typing import Any, Protocol, overload

import numpy as np

from theory.elementary import elementary, entrywise

#: Powers up to this one are written as products.
MOST_FACTORS = 100


@dataclass(frozen=True)
class Reflection:
    """The identity sigma(-z) = parity * sigma(z) + constant + slope * z for all z."""

    parity: int
    constant: int = 0
    slope: Fraction = Fraction(0)

    @property
    def pure(self) -> bool:
        """Whether sigma is even or odd: nothing affine is left behind."""
        return not self.constant and not self.slope


class Activation(Protocol):
    """What a model asks of its activation: values and derivatives at arrays of any arithmetic, and its symmetries."""

    @property
    def name(self) -> str:
        """What reports and certificates call it."""
        ...

    @property
    def reflection(self) -> Reflection | None:
        """What links sigma(-z) to sigma(z), if anything."""
        ...

    @property
    def degree(self) -> int | None:
        """The p of z^p; 1 for a positively homogeneous one."""
        ...

    @property
    def rational(self) -> bool:
        """Whether rational z have rational values."""
        ...

    @property
    def exponential(self) -> bool:
        """Whether sigma(z + b) is a multiple of sigma(z)."""
        ...

    def __call__(self, z: Any) -> Any:
        """sigma at every entry of ``z``."""

    def jet(self, z: Any, order: int) -> tuple[Any, ...]:
        """(sigma, sigma', ..., sigma^(order)) at every entry of ``z``."""
        ...


@dataclass(frozen=True)
class SmoothActivation:
    """sigma = output(z, v) where v' = flow(z, v); ``state`` gives the functions v_k(z).

    ``reflection`` is its symmetry, ``degree`` the p of an activation z^p, ``rational`` says that sigma is a rational
    function with rational coefficients, ``exponential`` that sigma(z + b) is a multiple of sigma(z).
    """

    name: str
    state: Sequence[Callable[[Any], Any]]
    flow: Callable[[Any, Sequence[Any]], Sequence[Any]]
    output: Callable[[Any, Sequence[Any]], Any]
    reflection: Reflection | None = None
    degree: int | None = None
    rational: bool = False
    exponential: bool = False

    def __hash__(self) -> int:
        return hash(self.name)  # equal ones have equal names; the hash of all fields, at every look-up of a derivative, is dear

    def __call__(self, z: Any) -> Any:
        if hasattr(z, "activate"):
            return z.activate(self)
        return self.output(z, self._state_at(z))

    def jet(self, z: Any, order: int) -> tuple[Any, ...]:
        """(sigma, sigma', ..., sigma^(order)) at every entry of ``z``."""
        v = self._state_at(z)
        return tuple(polynomial(z, *v) for polynomial in derivative_polynomials(self, order))

    def _state_at(self, z: Any) -> Sequence[Any]:
        """v(z); a container that solves the differential system itself (Taylor series, say) brings a method ``state_of``."""
        return z.state_of(self) if hasattr(z, "state_of") else [function(z) for function in self.state]

    def __repr__(self) -> str:
        return f"activation {self.name!r}"


@dataclass(frozen=True)
class PiecewiseActivation:
    """sigma(z) = pieces[k](z) for breaks[k-1] < z <= breaks[k]; a piece lists coefficients, lowest power first.

    At a break the derivative is that of the left piece. ``degree`` 1 means positively homogeneous.
    """

    name: str
    breaks: Sequence[Fraction | int]
    pieces: Sequence[Sequence[Fraction | int]]
    reflection: Reflection | None = None
    degree: int | None = None
    rational: bool = field(default=True, init=False)
    exponential: bool = field(default=False, init=False)

    def __call__(self, z: Any) -> Any:
        if hasattr(z, "activate"):
            return z.activate(self)
        return self.jet(z, 0)[0]

    def jet(self, z: Any, order: int) -> tuple[Any, ...]:
        """(sigma, sigma', ..., sigma^(order)) at every entry of ``z``; raises ValueError where a ball straddles a break."""
        pieces, jets = [list(piece) for piece in self.pieces], []
        for _ in range(order + 1):
            jets.append(self._choose(z, [partial(_horner, piece) for piece in pieces]))
            pieces = [[k * c for k, c in enumerate(piece)][1:] or [0] for piece in pieces]
        return tuple(jets)

    def _choose(self, z: Any, pieces: Sequence[Callable]) -> Any:
        if isinstance(z, np.ndarray) and z.dtype == object:
            return entrywise(lambda entry: pieces[self._piece(entry)](entry), z)
        import array_api_compat

        xp = array_api_compat.array_namespace(z)
        value = pieces[0](z)
        for threshold, piece in zip(self.breaks, pieces[1:], strict=True):
            value = xp.where(z > float(threshold), piece(z), value)
        return value

    def _piece(self, entry: Any) -> int:
        for k, threshold in enumerate(self.breaks):
            if entry <= threshold:
                return k
            if not entry > threshold:
                raise ValueError(f"{self.name}: {entry} is on both sides of the break at {threshold}")
        return len(self.breaks)

    def __repr__(self) -> str:
        return f"activation {self.name!r}"


def _horner(coefficients: Sequence[Fraction | int], z: Any) -> Any:
    exact = isinstance(z, np.ndarray) and z.dtype == object or not hasattr(z, "dtype")
    *lower, highest = coefficients
    value = 0 * z + _coefficient(highest, exact, z)
    for c in reversed(lower):
        value = value * z + _coefficient(c, exact, z)
    return value


def _coefficient(c: Fraction | int, exact: bool, z: Any) -> Any:
    """A fraction as numerator / denominator in the arithmetic of ``z``; balls and rationals know integers only."""
    if not exact:
        return float(c)
    if isinstance(c, int):
        return c
    return c.numerator if c.denominator == 1 else (0 * z + c.numerator) / c.denominator


@cache
def polynomial_coefficients(activation: Activation) -> tuple[int, ...] | None:
    """The integer coefficients of sigma, lowest power first, where it is declared as a polynomial (no state); None elsewhere."""
    if not isinstance(activation, SmoothActivation) or activation.state:
        return None
    import sympy

    z = sympy.Symbol("z")
    return tuple(int(c) for c in reversed(sympy.Poly(activation.output(z, ()), z).all_coeffs()))


@cache
def derivative_polynomials(activation: SmoothActivation, order: int) -> tuple[Callable, ...]:
    """sigma, sigma', ... as plain functions of (z, v_0, v_1, ...), derived once through v' = flow(z, v)."""
    import sympy

    z, v = sympy.Symbol("z"), sympy.symbols(f"v:{len(activation.state)}")
    flow = activation.flow(z, v)
    expression, functions = sympy.expand(activation.output(z, v)), []
    for _ in range(order + 1):
        functions.append(_polynomial_function(expression, z, v))
        along = sum((sympy.diff(expression, a) * b for a, b in zip(v, flow, strict=True)), sympy.diff(expression, z))
        expression = sympy.expand(along)
    return tuple(functions)


def _polynomial_function(expression: Any, z: Any, v: Sequence[Any]) -> Callable:
    import sympy
    from sympy.codegen.rewriting import create_expand_pow_optimization

    if not expression.has(z, *v):  # a constant must still take the shape of z
        constant = int(expression)
        return lambda z, *v: 0 * z + constant
    nested = sympy.horner(expression, wrt=v[-1]) if v else sympy.horner(expression)
    # Products for powers: a ball around zero to an integer power is undefined in flint (it takes the exponential of a logarithm).
    return sympy.lambdify((z, *v), create_expand_pow_optimization(MOST_FACTORS)(nested), modules=[], cse=False)


def _state(*names: str) -> tuple[Callable[[Any], Any], ...]:
    return tuple(partial(elementary, name) for name in names)


def _smooth(name, state, flow, output, **facts) -> SmoothActivation:
    return SmoothActivation(name, state, flow, output, **facts)


_ODD, _EVEN = Reflection(-1), Reflection(1)
_MINUS_LINEAR = Reflection(1, slope=Fraction(-1))

_ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in [
        _smooth("tanh", _state("tanh"), lambda z, v: (1 - v[0] * v[0],), lambda z, v: v[0], reflection=_ODD),
        _smooth("sigmoid", _state("sigmoid"), lambda z, v: (v[0] - v[0] * v[0],), lambda z, v: v[0], reflection=Reflection(-1, 1)),
        _smooth(
            "softplus",
            _state("softplus", "sigmoid"),
            lambda z, v: (v[1], v[1] - v[1] * v[1]),
            lambda z, v: v[0],
            reflection=_MINUS_LINEAR,
        ),
        _smooth(
            "gelu",
            _state("normal_cdf", "normal_density"),
            lambda z, v: (v[1], -z * v[1]),
            lambda z, v: z * v[0],
            reflection=_MINUS_LINEAR,
        ),
        _smooth("silu", _state("sigmoid"), lambda z, v: (v[0] - v[0] * v[0],), lambda z, v: z * v[0], reflection=_MINUS_LINEAR),
        _smooth("exp", _state("exp"), lambda z, v: (v[0],), lambda z, v: v[0], exponential=True),
        _smooth("erf", _state("erf", "erf_slope"), lambda z, v: (v[1], -2 * z * v[1]), lambda z, v: v[0], reflection=_ODD),
        _smooth(
            "atan",
            (*_state("atan"), lambda z: 1 / (1 + z * z)),
            lambda z, v: (v[1], -2 * z * v[1] * v[1]),
            lambda z, v: v[0],
            reflection=_ODD,
        ),
        _smooth("sin", _state("sin", "cos"), lambda z, v: (v[1], -v[0]), lambda z, v: v[0], reflection=_ODD),
        _smooth("cos", _state("sin", "cos"), lambda z, v: (v[1], -v[0]), lambda z, v: v[1], reflection=_EVEN),
        _smooth(
            "ratsig4",
            (lambda z: 1 / (1 + z * z * z * z),),
            lambda z, v: (-4 * z * z * z * v[0] * v[0],),
            lambda z, v: z * v[0],
            reflection=_ODD,
            rational=True,
        ),
        _smooth(
            "ratsig",
            (lambda z: 1 / (1 + z * z),),
            lambda z, v: (-2 * z * v[0] * v[0],),
            lambda z, v: z * v[0],
            reflection=_ODD,
            rational=True,
        ),
        _smooth(
            "lorentz",
            (lambda z: 1 / (1 + z * z),),
            lambda z, v: (-2 * z * v[0] * v[0],),
            lambda z, v: v[0],
            reflection=_EVEN,
            rational=True,
        ),
        PiecewiseActivation("relu", (0,), ((0,), (0, 1)), reflection=_MINUS_LINEAR, degree=1),
        PiecewiseActivation("leaky", (0,), ((0, Fraction(1, 2)), (0, 1)), reflection=Reflection(1, slope=Fraction(-3, 2)), degree=1),
        PiecewiseActivation("hinge3", (0,), ((0, 1), (0, 1, 0, 1))),
        PiecewiseActivation("hardtanh", (-1, 1), ((-1,), (0, 1), (1,)), reflection=_ODD),
    ]
}


@cache
def _power(p: int) -> SmoothActivation:
    name = "identity" if p == 1 else f"power:{p}"
    return SmoothActivation(
        name,
        state=(),
        flow=lambda z, v: (),
        output=lambda z, v: math.prod([z] * (p - 1), start=z),
        reflection=Reflection((-1) ** p),
        degree=p,
        rational=True,
    )


def activation_names() -> tuple[str, ...]:
    """The names that :func:`activation` knows, ``power:p`` standing for every p >= 1."""
    return (*_ACTIVATIONS, "identity", "power:p")


def activation(name: str | Activation) -> Activation:
    """The activation called ``name``; whatever has a ``jet`` is returned as it is. Raises ValueError for an unknown name."""
    if not isinstance(name, str) and hasattr(name, "jet"):
        return name
    if name == "identity":
        return _power(1)
    if isinstance(name, str) and (match := re.fullmatch(r"power:([1-9]\d?)", name)):
        return _power(int(match[1]))
    if isinstance(name, str) and name in _ACTIVATIONS:
        return _ACTIVATIONS[name]
    raise ValueError(f"activation must be one of {', '.join(activation_names())} or an Activation, got {name!r}")


def smooth_activation(name: str | Activation) -> SmoothActivation:
    """As :func:`activation`; raises ValueError for one that is not differentiable everywhere."""
    found = activation(name)
    if isinstance(found, SmoothActivation):
        return found
    kinks = f" with kinks at {list(found.breaks)}" if isinstance(found, PiecewiseActivation) else ""
    raise ValueError(f"activation must be differentiable everywhere here, got {found.name!r}{kinks}")


class ActivationField:
    """The field of a dataclass that is set to a name or an activation, and read as the activation."""

    def __init__(self, default: str | None = None) -> None:
        self._default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> str: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Activation: ...

    def __get__(self, instance: object | None, owner: type) -> Activation | str:
        if instance is not None:
            return vars(instance)[self._name]
        if self._default is None:  # so a dataclass learns that its field has no default
            raise AttributeError(self._name)
        return self._default

    def __set__(self, instance: object, value: Activation | str) -> None:
        vars(instance)[self._name] = activation(value)
