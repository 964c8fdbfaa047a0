"""Activations whose neurons with distinct weights are independent: the generic assumption, checked part by part.

Assumption 2.1 of arXiv:2309.00508v3 asks of sigma that it is analytic with sigma(0) != 0 and infinitely many non-zero Taylor
coefficients of odd and of even order at 0. Tanh, sigmoid, softplus, GELU and SiLU all fail it, each through an identity between sigma(z)
and sigma(-z); moved by almost any shift they satisfy it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from theory.activations import Activation, SmoothActivation, activation, smooth_activation


@dataclass(frozen=True, repr=False)
class ShiftedActivation(SmoothActivation):
    """sigma(z) = base(z + shift) for a rational shift != 0; every arithmetic that knows the base knows it."""

    base: SmoothActivation = field(kw_only=True)
    shift: Fraction = field(kw_only=True)

    __hash__ = SmoothActivation.__hash__

    def __call__(self, z: Any) -> Any:
        return z.activate(self) if hasattr(z, "activate") else self.base(self._moved(z))

    def jet(self, z: Any, order: int) -> tuple[Any, ...]:
        return self.base.jet(self._moved(z), order)

    def _moved(self, z: Any) -> Any:
        """z + shift by integers alone, which residues and balls understand too."""
        return (z * self.shift.denominator + self.shift.numerator) / self.shift.denominator


@cache
def shifted(name: str | Activation, shift: Fraction | str | int = Fraction(1, 2)) -> ShiftedActivation:
    """z -> sigma(z + shift). Raises ValueError for shift 0 and for an activation that is no smooth one."""
    base, shift = smooth_activation(name), Fraction(shift)
    if not shift:
        raise ValueError(f"shift must not be 0: use {base!r} itself")
    return ShiftedActivation(
        name=f"{base.name}(z{'+' if shift > 0 else '-'}{abs(shift)})",
        state=tuple(_composed(function, shift) for function in base.state),
        flow=lambda z, v: base.flow(z + shift, v),
        output=lambda z, v: base.output(z + shift, v),
        degree=None,
        rational=base.rational,
        exponential=base.exponential,
        base=base,
        shift=shift,
    )


def _composed(function: Callable, shift: Fraction) -> Callable:
    return lambda z: function((z * shift.denominator + shift.numerator) / shift.denominator)


@cache
def exponential_minus_identity() -> SmoothActivation:
    """e^z - z: generic, yet sigma'(0) = 0, so that a neuron of weight 0 has no tangent of its own."""
    exponential = smooth_activation("exp")
    return SmoothActivation("exp-minus-identity", exponential.state, exponential.flow, lambda z, v: v[0] - z)


#: The parts of the assumption.
PARTS = (
    "sigma is analytic",
    "sigma(0) is not 0",
    "infinitely many Taylor coefficients of even order are not 0",
    "infinitely many Taylor coefficients of odd order are not 0",
)


@cache
def _verdicts(name: str | Activation) -> tuple[bool | None, ...]:
    """For each of :data:`PARTS` whether it holds, proved either way; None where it is not decided."""
    import sympy as sp

    sigma = activation(name)
    if not isinstance(sigma, SmoothActivation):
        return (False, None, None, None)
    z = sp.Symbol("z")
    value = sp.sympify(sigma(np.array([z], dtype=object))[0])
    mirrored, at_zero = value.subs(z, -z), value.subs(z, 0)
    vanishes = at_zero.equals(0) if at_zero.is_finite else None
    polynomial = [is_polynomial(sp.expand(value + sign * mirrored), z) for sign in (1, -1)]
    analytic = is_analytic(value, z) or None
    return (analytic, None if vanishes is None else not vanishes, *(None if fact is None else not fact for fact in polynomial))


def failing_parts(name: str | Activation) -> tuple[str, ...]:
    """The parts of the assumption that an activation is proved to violate.

    Infinitely many Taylor coefficients of one parity are not 0 exactly if sigma(z) + sigma(-z), or sigma(z) - sigma(-z), is no
    polynomial: see :func:`is_polynomial`. What is in :func:`open_parts` is not decided.
    """
    return tuple(part for part, holds in zip(PARTS, _verdicts(name), strict=True) if holds is False)


def open_parts(name: str | Activation) -> tuple[str, ...]:
    """The parts of the assumption that are not decided for an activation."""
    if not isinstance(activation(name), SmoothActivation):
        return ()  # one that is not analytic fails; nothing else is asked of it
    return tuple(part for part, holds in zip(PARTS, _verdicts(name), strict=True) if holds is None)


def is_generic(name: str | Activation) -> bool | None:
    """Whether neurons of distinct weights are linearly independent in every dimension (Cor. 3.1 of the paper); None: not decided."""
    if failing_parts(name):
        return False
    return None if open_parts(name) else True


def is_analytic(f: Any, z: Any) -> bool:
    """Whether the sympy expression ``f`` is proved analytic on the whole real line: no divisor has a zero there, and arguments of roots
    and logarithms are positive, as sympy's assumptions or the count of real roots say. False decides nothing.
    """
    import sympy as sp

    real = sp.Symbol("x", real=True)
    entire = sp.exp | sp.sin | sp.cos | sp.sinh | sp.cosh | sp.tanh | sp.atan | sp.erf

    def without_zero(e: Any) -> bool:
        if e.is_nonzero or not e.is_polynomial(real):
            return bool(e.is_nonzero)
        polynomial = sp.Poly(e, real)
        return bool(polynomial.domain in (sp.ZZ, sp.QQ) and not polynomial.count_roots())

    def positive(e: Any) -> bool:
        return bool(e.is_positive or (without_zero(e) and e.subs(real, 0).is_positive))

    def analytic(e: Any) -> bool:
        if not all(map(analytic, e.args)):
            return False
        if e.is_Pow and not isinstance(e, sp.exp):
            base, exponent = e.as_base_exp()
            if exponent.is_Integer:
                return bool(exponent > 0) or without_zero(base)
            return not exponent.free_symbols and positive(base)
        if isinstance(e, sp.log):
            return positive(e.args[0])
        return bool(e.is_Add or e.is_Mul or e.is_number or e == real or isinstance(e, entire))

    return analytic(f.subs(z, real))


#: Derivatives that are taken until no erf, logarithm or arctangent is left; and the digits to which constants are told from 0.
MOST_DERIVATIVES, DIGITS = 4, 60


def is_polynomial(f: Any, z: Any) -> bool | None:
    """Whether the sympy expression ``f`` is a polynomial in ``z``, proved either way; None where it is not decided.

    It is one exactly if its derivatives are. Once a derivative is a rational function of z and of exponentials of polynomials, write it
    in z and exponentials e^(z^k/L) that are algebraically independent over C(z) (Ax): a polynomial depends on none of these.
    """
    import sympy as sp

    from theory.regularization.function_field import vanishes

    for _ in range(MOST_DERIVATIVES):
        if f == 0:
            return True
        found = _in_exponentials(f, z)
        if found is not None:
            return _is_polynomial_in(*found, z)
        if vanishes(f):
            return True
        f = sp.diff(f, z)
    return None


def _in_exponentials(f: Any, z: Any) -> tuple[Any, list[Any]] | None:
    """``f`` as a rational function of z and of new symbols, one for each independent exponential; None where it is none."""
    import sympy as sp

    f = f.rewrite([sp.sinh, sp.cosh, sp.tanh, sp.sin, sp.cos, sp.tan], sp.exp)
    exponents: dict[Any, list[Any]] = {}  # of monomial times unit (1 or i): rational factors met
    for exponential in f.atoms(sp.exp):
        argument = sp.expand(exponential.exp)
        if not argument.is_polynomial(z):
            return None
        for term in sp.Add.make_args(argument - argument.subs(z, 0)):
            factor, rest = term.as_coeff_Mul()
            if not factor.is_Rational:
                return None
            exponents.setdefault(rest, []).append(factor)
    # Monomials with an irrational factor may depend on one another: only z^k and i z^k are told apart.
    if any(key / z ** sp.degree(key, z) not in (1, sp.I) for key in exponents):
        return None
    # The greatest rational of which all factors are multiples, so that powers stay small.
    unit = {
        key: sp.Rational(sp.igcd(0, *(factor.p for factor in factors)), sp.ilcm(1, *(factor.q for factor in factors)))
        for key, factors in exponents.items()
    }
    symbols = {key: sp.Dummy("s") for key in exponents}

    def replaced(argument: Any) -> Any:
        argument = sp.expand(argument)
        constant, product = argument.subs(z, 0), sp.Integer(1)
        for term in sp.Add.make_args(argument - constant):
            factor, rest = term.as_coeff_Mul()
            if factor:
                product *= symbols[rest] ** (factor / unit[rest])
        return sp.exp(constant, evaluate=True) * product

    f = sp.together(f.replace(sp.exp, replaced))
    rational = f.is_rational_function(z, *symbols.values())
    return (f, list(symbols.values())) if rational else None


def _is_polynomial_in(f: Any, exponentials: Sequence[Any], z: Any) -> bool | None:
    """Whether a rational function of z and of independent ``exponentials`` is a polynomial in z alone."""
    import sympy as sp

    open_ = False
    for place, symbol in enumerate(exponentials):
        slope = sp.diff(f, symbol)
        if sp.cancel(slope) == 0:
            continue
        # Constants (pi, e^(1/2), ...) may be related: that the slope is not 0 shows at one point, with their values.
        point = {s: sp.Rational(3 + 2 * k, 2 + k) for k, s in enumerate(exponentials)} | {z: sp.Rational(5 + place, 7)}
        if abs(sp.N(slope.subs(point), DIGITS)) > sp.Float(10) ** -(DIGITS // 2):
            return False
        open_ = True
    if open_:
        return None
    top, bottom = sp.fraction(sp.cancel(f))
    if not bottom.has(z):
        return True
    # Related constants may have hidden a common factor: a polynomial of this degree has no further derivative.
    further = sp.diff(f, z, sp.degree(top, z) + 1).subs(z, sp.Rational(5, 7))
    return False if abs(sp.N(further, DIGITS)) > sp.Float(10) ** -(DIGITS // 2) else None
