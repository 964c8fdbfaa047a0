"""Activations from formulas in z, such as ``"z*sigmoid(2*z) + 1/10"``: read as data, never run as code.

The formula is parsed by Python's grammar and walked node by node; anything but numbers, z, + - * / ** and the functions below is
refused. Each function is a solution of a polynomial differential system, hence so is the formula: it becomes a
:class:`theory.activations.SmoothActivation`, with derivatives and Taylor series in every arithmetic.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from theory.activations import Activation, SmoothActivation, activation, activation_names
from theory.elementary import elementary

#: Longest formula and deepest nesting that are read: a bound on what a formula from outside can cost.
LONGEST, DEEPEST, LARGEST_POWER, LARGEST_NUMBER = 400, 40, 16, 10**40
#: Highest degree in z and the functions, powers of powers multiplied out, and most operations that one evaluation may take.
HIGHEST_DEGREE, MOST_OPERATIONS = 64, 20_000
#: Most functions and quotients that a formula may hold, those that their derivatives need counted too.
MOST_STATES = 60
#: Where a formula is tried: it must have a real value somewhere.
TRIED = (0.3, -0.7, 1.1, -1.9, 2.7, 0.01, 7.0, -7.0)


class ExpressionError(ValueError):
    """A formula that cannot be an activation; the message shows the place, what was expected and what came."""


@dataclass(frozen=True)
class _Term:
    """A subexpression: its ``value`` at z, and itself (``now``) and its derivative (``slope``) as polynomials in (z, state).

    ``degree`` is that of ``now``, ``operations`` how many its evaluation and that of its slope take.
    """

    value: Callable[[Any], Any]
    now: Callable[[Any, Sequence[Any]], Any]
    slope: Callable[[Any, Sequence[Any]], Any]
    constant: Fraction | None = None
    degree: int = 1
    operations: int = 1


@dataclass
class _System:
    """The differential system under construction: state functions of z, and the polynomial derivative of each."""

    values: list[Callable] = field(default_factory=list)
    slopes: list[Callable] = field(default_factory=list)
    known: dict[Any, int] = field(default_factory=dict)

    def add(self, key: Any, value: Callable, slope: Callable[[int], Callable]) -> _Term:
        """A new state variable (or the one already there under ``key``); ``slope`` is told the variable's own place."""
        if key not in self.known:
            if len(self.values) >= MOST_STATES:
                raise ExpressionError(f"formula is too long: more than {MOST_STATES} functions")
            self.known[key] = k = len(self.values)
            self.values.append(value)
            self.slopes.append(lambda z, v: 0)  # keeps the place while the derivative refers to it
            self.slopes[k] = slope(k)
        k = self.known[key]
        return _Term(self.values[k], lambda z, v: v[k], self.slopes[k])


def parse(formula: str) -> SmoothActivation:
    """The activation sigma(z) = ``formula``.

    Numbers are read exactly (``0.1`` is one tenth). Functions: :data:`FUNCTIONS`. Raises :class:`ExpressionError`.
    """
    if not isinstance(formula, str) or not formula.strip():
        raise ExpressionError(f"formula must be a non-empty text in z, got {formula!r}")
    formula = formula.strip()
    if len(formula) > LONGEST:
        raise ExpressionError(f"formula must have at most {LONGEST} characters, got {len(formula)}")
    try:
        tree = ast.parse(formula, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ExpressionError(f"formula {formula!r} does not parse: {error}") from error
    system = _System()
    term = _Reader(system, formula).read(tree)
    if term.constant is not None:
        raise ExpressionError(f"formula must depend on z, got the constant {formula!r}")
    finite = [value for value in _values(term) if math.isfinite(value)]
    if len(finite) > 1 and len(set(finite)) == 1:
        raise ExpressionError(f"formula must depend on z, got {formula!r}, which has one value at all of {TRIED}")
    if not any(map(math.isfinite, _values(term))):
        raise ExpressionError(f"formula {formula!r} has no real value at any of {TRIED}")
    return SmoothActivation(
        formula,
        state=tuple(system.values),
        flow=lambda z, v: tuple(slope(z, v) for slope in system.slopes),
        output=term.now,
        rational=not system.values,  # a polynomial with integer coefficients
    )


def _values(term: _Term) -> list[float]:
    with np.errstate(all="ignore"):
        return [float(value) for value in np.broadcast_to(term.value(np.array(TRIED)), (len(TRIED),))]


def activation_of(name: str | Activation) -> Activation:
    """A named activation if ``name`` is one (``"tanh"``, ``"power:3"``), otherwise the formula ``name``."""
    if not isinstance(name, str) or name in activation_names() or name.startswith("power:"):
        return activation(name)
    return parse(name)


@dataclass(frozen=True)
class _Reader:
    system: _System
    formula: str

    def read(self, node: ast.expr, depth: int = 0) -> _Term:
        if depth > DEEPEST:
            raise ExpressionError(f"formula {self.formula!r} is nested more than {DEEPEST} deep")
        below = lambda child: self.read(child, depth + 1)
        match node:
            case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
                return self.number(_exactly(self._text(node)))
            case ast.Name(id="z"):
                return _Term(lambda z: z, lambda z, v: z, lambda z, v: 1)
            case ast.UnaryOp(op=ast.USub()):
                return self.product(self.number(Fraction(-1)), below(node.operand))
            case ast.UnaryOp(op=ast.UAdd()):
                return below(node.operand)
            case ast.BinOp(op=ast.Add()):
                return self.sum(below(node.left), below(node.right))
            case ast.BinOp(op=ast.Sub()):
                return self.sum(below(node.left), self.product(self.number(Fraction(-1)), below(node.right)))
            case ast.BinOp(op=ast.Mult()):
                return self.product(below(node.left), below(node.right))
            case ast.BinOp(op=ast.Div()):
                return self.product(below(node.left), self.reciprocal(below(node.right), node.right))
            case ast.BinOp(op=ast.Pow()):
                return self.power(below(node.left), below(node.right), node)
            case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in _FUNCTIONS:
                return self.function(name, below(argument), argument)
        raise self.refused(node)

    def refused(self, node: ast.expr) -> ExpressionError:
        kinked = {"abs", "relu", "leaky", "sign", "max", "min", "heaviside", "floor"}
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinked:
            reason = f"{node.func.id} is not differentiable everywhere, and these claims need a smooth activation"
        else:
            reason = "expected numbers, z, + - * / ** and " + ", ".join(FUNCTIONS)
        return ExpressionError(f"formula {self.formula!r}: cannot use {self._text(node)!r}; {reason}")

    def _text(self, node: ast.expr) -> str:
        return ast.get_source_segment(self.formula, node) or type(node).__name__

    def number(self, c: Fraction) -> _Term:
        """A constant; one that is no integer is a state variable that stands still, so that no arithmetic has to hold 1/3."""
        if max(abs(c.numerator), c.denominator) > LARGEST_NUMBER:
            raise ExpressionError(f"formula {self.formula!r}: numbers must have at most {len(str(LARGEST_NUMBER)) - 1} digits")
        if c.denominator == 1:
            n = c.numerator
            return _Term(lambda z: 0 * z + n, lambda z, v: n, lambda z, v: 0, c, degree=0)
        value = lambda z: (0 * z + c.numerator) / c.denominator
        term = self.system.add(("number", c), value, lambda k: lambda z, v: 0)
        return _Term(term.value, term.now, term.slope, c, degree=0)

    def sum(self, a: _Term, b: _Term) -> _Term:
        if a.constant is not None and b.constant is not None:
            return self.number(a.constant + b.constant)
        return self.bounded(
            _Term(
                lambda z: a.value(z) + b.value(z),
                lambda z, v: a.now(z, v) + b.now(z, v),
                lambda z, v: a.slope(z, v) + b.slope(z, v),
                degree=max(a.degree, b.degree),
                operations=a.operations + b.operations + 1,
            )
        )

    def product(self, a: _Term, b: _Term) -> _Term:
        if a.constant is not None and b.constant is not None:
            return self.number(a.constant * b.constant)
        return self.bounded(
            _Term(
                lambda z: a.value(z) * b.value(z),
                lambda z, v: a.now(z, v) * b.now(z, v),
                lambda z, v: a.slope(z, v) * b.now(z, v) + a.now(z, v) * b.slope(z, v),
                degree=a.degree + b.degree,
                operations=2 * (a.operations + b.operations) + 1,
            )
        )

    def bounded(self, term: _Term) -> _Term:
        """``term``, refused where its degree or its cost is too high."""
        if term.degree > HIGHEST_DEGREE:
            raise ExpressionError(f"formula {self.formula!r}: powers and products multiply to a degree above {HIGHEST_DEGREE}")
        if term.operations > MOST_OPERATIONS:
            raise ExpressionError(f"formula {self.formula!r}: one evaluation would take more than {MOST_OPERATIONS} operations")
        return term

    def reciprocal(self, u: _Term, node: ast.expr) -> _Term:
        if u.constant is not None:
            if u.constant == 0:
                raise ExpressionError(f"formula {self.formula!r} divides by zero")
            return self.number(1 / u.constant)
        slope = lambda k: lambda z, v: -v[k] * v[k] * u.slope(z, v)
        return self.system.add(("1/", ast.dump(node)), lambda z: 1 / u.value(z), slope)

    def power(self, u: _Term, exponent: _Term, node: ast.BinOp) -> _Term:
        p = exponent.constant
        if p is None:
            raise ExpressionError(f"formula {self.formula!r}: an exponent must be a number, got {self._text(node.right)!r}")
        if abs(p) > LARGEST_POWER:
            raise ExpressionError(f"formula {self.formula!r}: exponents must lie within {LARGEST_POWER}, got {p}")
        if p.denominator == 1:
            base = u if p >= 0 else self.reciprocal(u, node.left)
            return self.repeated(base, abs(p.numerator))
        if u.constant is not None:
            raise ExpressionError(f"formula {self.formula!r}: {self._text(node)!r} is no rational number; write it as a decimal")
        return self.root(u, p, node)

    def repeated(self, u: _Term, p: int) -> _Term:
        if p < 2:
            return u if p else self.number(Fraction(1))
        half = self.repeated(u, p // 2)
        whole = self.product(half, half)
        return self.product(whole, u) if p % 2 else whole

    def root(self, u: _Term, p: Fraction, node: ast.BinOp) -> _Term:
        """u^p = exp(p log u), for u > 0: its derivative is p u^p u' / u. Refused where u is seen to touch 0 and to rise again: a kink."""
        self.positive(u, node)
        if (place := _touch(u)) is not None:
            raise ExpressionError(
                f"formula {self.formula!r}: {self._text(node.left)!r} touches 0 near z = {round(place, 9) + 0.0:.6g}, where its"
                f" power {p} cannot be differentiated, and these claims need a smooth activation; keep it away from 0, as"
                " sqrt(z**2 + 1/100) does, or write the power out"
            )
        inverse, share = self.reciprocal(u, node.left), self.number(p)

        def value(z: Any) -> Any:
            return elementary("exp", share.value(z) * elementary("log", u.value(z)))

        slope = lambda k: lambda z, v: share.now(z, v) * v[k] * inverse.now(z, v) * u.slope(z, v)
        return self.system.add(("**", ast.dump(node)), value, slope)

    def positive(self, u: _Term, node: ast.expr) -> None:
        """Refuse a constant without a real root or logarithm."""
        if u.constant is not None and u.constant <= 0:
            raise ExpressionError(f"formula {self.formula!r}: roots and logarithms need positive numbers, got {u.constant}")

    def function(self, name: str, u: _Term, node: ast.expr) -> _Term:
        return _FUNCTIONS[name](self, u, ast.dump(node), node)

    def named(self, name: str, u: _Term, key: str, slope: Callable[[int], Callable]) -> _Term:
        """The state variable ``name``(u), its derivative with respect to u given as ``slope(place)(z, v)``."""

        def along(k: int) -> Callable:
            outer = slope(k)
            return lambda z, v: outer(z, v) * u.slope(z, v)

        return self.system.add((name, key), lambda z: elementary(name, u.value(z)), along)


def _touch(u: _Term) -> float | None:
    """A real z, about, where the radicand has a zero of even order; None where none is seen.

    Seen are all those of polynomials, by their squarefree factors, and those of even powers in a product, where the base changes its sign.
    """
    import sympy as sp

    z = sp.Symbol("z", real=True)
    try:
        value = sp.sympify(u.value(np.array([z], dtype=object))[0])
        if value.is_polynomial(z):
            factors = [(factor.as_expr(), order) for factor, order in sp.Poly(value, z).sqf_list()[1]]
        else:
            factors = [part.as_base_exp() for part in sp.Mul.make_args(sp.factor_terms(value))]
    except (TypeError, ValueError, AttributeError, RecursionError, sp.PolynomialError):  # an expression that sympy does not hold
        return None
    for base, order in factors:
        if not sp.sympify(order).is_integer or int(order) < 2 or int(order) % 2:
            continue
        if base.is_polynomial(z):
            roots = sp.Poly(base, z).real_roots(multiple=False)
            if roots:
                return float(roots[0][0])
        elif (place := _crossing(sp.lambdify(z, base, "math"))) is not None:
            return place
    return None


def _crossing(function: Callable[[float], float]) -> float | None:
    """The zero nearest to 0 at which the function changes its sign, by bisection between some places; None where none is seen."""
    places = sorted(sign * 1.2**k for k in range(-40, 40) for sign in (1, -1))
    sign = lambda z: math.nan if not math.isfinite(value := _real(function, z)) else math.copysign(1.0, value + 0.0)
    signs = [sign(place) for place in places]
    pairs = zip(places, places[1:], signs, signs[1:], strict=False)
    for low, high, below, above in sorted(pairs, key=lambda pair: abs(pair[0] + pair[1])):
        if below * above >= 0 or math.isnan(below * above):
            continue
        at_ends = max(abs(_real(function, low)), abs(_real(function, high)))
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if sign(middle) == below else (low, middle)
        if abs(_real(function, low)) < 1e-6 * at_ends:  # and not a pole
            return low
    return None


def _real(function: Callable[[float], float], z: float) -> float:
    try:
        return float(function(z))
    except (ArithmeticError, ValueError, TypeError):
        return math.nan


def _exactly(text: str) -> Fraction:
    digits, _, exponent = text.lower().replace("_", "").partition("e")
    if len(digits) > 2 * len(str(LARGEST_NUMBER)) or len(exponent.lstrip("+-0")) > len(str(len(str(LARGEST_NUMBER)))):
        raise ExpressionError(f"numbers must have at most {len(str(LARGEST_NUMBER)) - 1} digits, got {text[:40]!r}")
    try:
        return Fraction(text.replace("_", ""))
    except ValueError as error:
        raise ExpressionError(f"numbers must be decimal, got {text!r}") from error


def _exp(reader: _Reader, u: _Term, key: str, _: ast.expr) -> _Term:
    return reader.named("exp", u, key, lambda k: lambda z, v: v[k])


def _logistic(name: str) -> Callable:
    def build(reader: _Reader, u: _Term, key: str, _: ast.expr) -> _Term:
        s = reader.named("sigmoid", u, key, lambda k: lambda z, v: v[k] - v[k] * v[k])
        if name == "sigmoid":
            return s
        return reader.named("softplus", u, key, lambda k: s.now) if name == "softplus" else reader.product(u, s)

    return build


def _tanh(reader: _Reader, u: _Term, key: str, _: ast.expr) -> _Term:
    return reader.named("tanh", u, key, lambda k: lambda z, v: 1 - v[k] * v[k])


def _circular(name: str) -> Callable:
    def build(reader: _Reader, u: _Term, key: str, _: ast.expr) -> _Term:
        # Either function needs the other; both places are known before either derivative is asked for.
        places: dict[str, int] = {}

        def slope(own: str, other: str, sign: int) -> Callable[[int], Callable]:
            return lambda k: lambda z, v: sign * v[places[other]]

        terms = {
            "sin": reader.named("sin", u, key, slope("sin", "cos", 1)),
            "cos": reader.named("cos", u, key, slope("cos", "sin", -1)),
        }
        places.update({one: reader.system.known[(one, key)] for one in ("sin", "cos")})
        return terms[name]

    return build


def _hyperbolic(name: str) -> Callable:
    def build(reader: _Reader, u: _Term, key: str, node: ast.expr) -> _Term:
        plus = reader.function("exp", u, node)
        minus = reader.reciprocal(plus, ast.Call(ast.Name("exp"), [node], []))
        signed = minus if name == "cosh" else reader.product(reader.number(Fraction(-1)), minus)
        return reader.product(reader.number(Fraction(1, 2)), reader.sum(plus, signed))

    return build


def _log(reader: _Reader, u: _Term, key: str, node: ast.expr) -> _Term:
    reader.positive(u, node)
    return reader.named("log", u, key, lambda k: reader.reciprocal(u, node).now)


def _sqrt(reader: _Reader, u: _Term, _: str, node: ast.expr) -> _Term:
    return reader.root(u, Fraction(1, 2), ast.BinOp(node, ast.Pow(), ast.Constant(0.5)))


def _atan(reader: _Reader, u: _Term, key: str, _: ast.expr) -> _Term:
    def value(z: Any) -> Any:
        inner = u.value(z)
        return 1 / (1 + inner * inner)

    change = lambda k: lambda z, v: -2 * u.now(z, v) * v[k] * v[k] * u.slope(z, v)
    slope = reader.system.add(("atan'", key), value, change)
    return reader.named("atan", u, key, lambda k: slope.now)


def _gaussian(name: str) -> Callable:
    density, rate = {"erf": ("erf_slope", -2), "normal_cdf": ("normal_density", -1)}[name]

    def build(reader: _Reader, u: _Term, key: str, _: ast.expr) -> _Term:
        slope = reader.named(density, u, key, lambda k: lambda z, v: rate * u.now(z, v) * v[k])
        return reader.named(name, u, key, lambda k: slope.now)

    return build


def _gelu(reader: _Reader, u: _Term, key: str, node: ast.expr) -> _Term:
    return reader.product(u, _gaussian("normal_cdf")(reader, u, key, node))


_FUNCTIONS: dict[str, Callable[[_Reader, _Term, str, ast.expr], _Term]] = {
    "exp": _exp,
    "log": _log,
    "sqrt": _sqrt,
    "sin": _circular("sin"),
    "cos": _circular("cos"),
    "sinh": _hyperbolic("sinh"),
    "cosh": _hyperbolic("cosh"),
    "tanh": _tanh,
    "atan": _atan,
    "arctan": _atan,
    "erf": _gaussian("erf"),
    "sigmoid": _logistic("sigmoid"),
    "softplus": _logistic("softplus"),
    "silu": _logistic("silu"),
    "gelu": _gelu,
}

#: The functions that a formula may use.
FUNCTIONS = tuple(_FUNCTIONS)
