"""Identities in a field of functions: expressions written through indeterminates, where equality is decided by arithmetic.

Exponentials of terms that are rational multiples of one another are powers of one indeterminate; hyperbolic functions are written through
them, sin and cos through t = tan of half the argument; roots, powers with symbols, and every other function are indeterminates each. What
is so of the rational functions is so of the functions, wherever they are defined; the converse fails where functions are related.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def vanishes(expression: Any) -> bool:
    """Whether ``expression`` is identically zero by field operations alone. True is a proof, False decides nothing."""
    found = _element(expression)
    return found is not None and not found[0]


def is_constant(expression: Any) -> bool:
    """Whether ``expression`` is one constant by field operations alone, so wherever it is defined; False decides nothing.

    That its derivative vanishes is less: atan(z) + atan(1/z) jumps at 0.
    """
    found = _element(expression)
    if found is None:
        return False
    element, keys = found
    moving = [k for k, key in enumerate(keys) if key.free_symbols]
    return not any(power[k] for part in (element.numer, element.denom) for power in part for k in moving)


def _element(expression: Any) -> tuple[Any, list[Any]] | None:
    """``expression`` in a field of rational functions, and what its indeterminates stand for; None where it divides by 0."""
    import sympy as sp

    reader = _Reader()
    expression = _through_exponentials(sp.sympify(expression))
    reader.read(expression)  # which functions there are, and by which fractions exponents are multiplied
    keys = list(reader.shares) or [sp.Symbol("z")]
    field = sp.QQ.frac_field(*(sp.Dummy() for _ in keys))
    reader.symbols = dict(zip(keys, field.field.gens, strict=True))
    reader.number = lambda c: field.field(sp.QQ(int(c.p), int(c.q)))
    try:
        return reader.read(expression), keys
    except ZeroDivisionError:
        return None


def _through_exponentials(expression: Any) -> Any:
    """Hyperbolic functions through exponentials, circular ones through the tangent of half the argument."""
    import sympy as sp

    half = sp.Function("tan_of_half")
    expression = expression.replace(sp.polylog, lambda s, t: -sp.log(1 - t) if s == 1 else sp.Function(f"Li{s}")(t))
    expression = expression.rewrite([sp.sinh, sp.cosh, sp.tanh], sp.exp)
    expression = expression.replace(sp.tan, lambda t: 2 * half(t) / (1 - half(t) ** 2))
    expression = expression.replace(sp.sin, lambda t: 2 * half(t) / (1 + half(t) ** 2))
    return expression.replace(sp.cos, lambda t: (1 - half(t) ** 2) / (1 + half(t) ** 2))


class _Reader:
    """Reads an expression twice: for its indeterminates (``shares``: the denominators of their exponents), then as an element."""

    def __init__(self) -> None:
        self.shares: dict[Any, int] = {}
        self.symbols: dict[Any, Any] | None = None
        self.number: Callable[[Any], Any] = lambda c: c

    def read(self, e: Any) -> Any:
        import sympy as sp

        if e.is_Rational:
            return self.number(e)
        if e.is_Add or e.is_Mul:
            parts = [self.read(part) for part in e.args]
            total = parts[0]
            for part in parts[1:]:
                total = total + part if e.is_Add else total * part
            return total
        if isinstance(e, sp.exp):
            return self.power(sp.E, sp.expand(e.exp))
        if e.is_Pow:
            base, exponent = e.as_base_exp()
            return self.whole(self.read(base), exponent) if exponent.is_Integer else self.power(base, exponent)
        return self.symbol(e, sp.Integer(1))

    def power(self, base: Any, exponent: Any) -> Any:
        """base^exponent: whole powers of the base itself, an indeterminate for every other term of the exponent."""
        import sympy as sp

        product = self.number(sp.Integer(1))
        for term in sp.Add.make_args(exponent):
            factor, rest = term.as_coeff_Mul()
            if rest == 1 and base != sp.E:
                floor = sp.floor(factor)
                product *= self.whole(self.read(base), floor)
                factor -= floor
            if factor:
                product *= self.symbol(sp.Pow(base, rest, evaluate=False) if rest != 1 else sp.Function("root_of")(base), factor)
        return product

    def symbol(self, key: Any, exponent: Any) -> Any:
        """The indeterminate for ``key``, to a rational power."""
        import sympy as sp

        if self.symbols is None:
            self.shares[key] = int(sp.ilcm(self.shares.get(key, 1), exponent.q))
            return self.number(sp.Integer(1))
        return self.symbols[key] ** int(exponent * self.shares[key])

    def whole(self, value: Any, exponent: Any) -> Any:
        if self.symbols is None:
            return self.number(exponent)
        return value ** int(exponent)
