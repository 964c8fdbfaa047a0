"""The argument of an integrand that acb's integrator evaluates: on whole boxes of the plane, where it must see every cut.

The integrator bounds its error by values on boxes and ellipses around pieces of the line, which is right only where the function is
analytic on them; it asks for that by a flag, and a function that is not must answer with a number that is not finite. Poles do so by
themselves. Cuts do where the flag reaches the root or the logarithm, so numbers here carry it, and what has no analytic form is refused.
"""

from __future__ import annotations

from typing import Any

#: Meromorphic, and real on the real line: at a pole the ball is not finite.
MEROMORPHIC = frozenset(
    ("exp", "expm1", "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "sech", "csch")
    + ("sin_pi", "cos_pi", "tan_pi", "cot_pi", "sinc", "sinc_pi", "gamma", "rgamma", "erf", "erfc", "erfi")
)
#: With a cut, which is checked.
CUT = frozenset(("sqrt", "rsqrt", "log"))


class Argument:
    """A complex ball in an integrand: arithmetic, the functions of ``MEROMORPHIC`` and ``CUT``, powers, and abs of what is real on the
    real line, continued to z and -z on either side of its zeros.

    Anything else raises ValueError: the conjugate, parts, comparisons, and functions whose cuts acb does not report.
    """

    def __init__(self, value: Any, analytic: bool, real: bool = True) -> None:
        self.value, self.analytic, self.on_line = value, analytic, real

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if name in MEROMORPHIC:
            return lambda: Argument(getattr(self.value, name)(), self.analytic, self.on_line)
        if name in CUT:
            return lambda: Argument(getattr(self.value, name)(analytic=self.analytic), self.analytic, False)
        raise ValueError(
            f"function must be built from arithmetic, powers, abs and {', '.join(sorted(MEROMORPHIC | CUT))}, whose cuts can be checked;"
            f" got {name}"
        )

    def _with(self, other: Any, combine: Any) -> Argument:
        from flint import acb

        if isinstance(other, Argument):
            return Argument(combine(self.value, other.value), self.analytic, self.on_line and other.on_line)
        number = complex_ball(other)
        return Argument(combine(self.value, number), self.analytic, self.on_line and number.imag == acb(0).imag)

    def __add__(self, other: Any) -> Argument:
        return self._with(other, lambda x, y: x + y)

    def __sub__(self, other: Any) -> Argument:
        return self._with(other, lambda x, y: x - y)

    def __rsub__(self, other: Any) -> Argument:
        return self._with(other, lambda x, y: y - x)

    def __mul__(self, other: Any) -> Argument:
        return self._with(other, lambda x, y: x * y)

    def __truediv__(self, other: Any) -> Argument:
        return self._with(other, lambda x, y: x / y)

    def __rtruediv__(self, other: Any) -> Argument:
        return self._with(other, lambda x, y: y / x)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Argument:
        return Argument(-self.value, self.analytic, self.on_line)

    def __pos__(self) -> Argument:
        return self

    def __pow__(self, exponent: Any) -> Argument:
        if isinstance(exponent, int):
            power = self.value ** abs(exponent)
            return Argument(power if exponent >= 0 else 1 / power, self.analytic, self.on_line)
        other = exponent.value if isinstance(exponent, Argument) else complex_ball(exponent)
        return Argument(self.value.pow(other, analytic=self.analytic), self.analytic, False)

    def __rpow__(self, base: Any) -> Argument:
        return Argument(complex_ball(base).log() * self.value, self.analytic, False).exp()

    def __abs__(self) -> Argument:
        if not self.on_line:
            raise ValueError("function must take abs of what is real for real x alone: of other numbers it has no analytic continuation")
        return Argument(self.value.real_abs(analytic=self.analytic), self.analytic)

    def _refused(self, *_: Any) -> Any:
        raise ValueError("function must not compare or convert its argument, a complex ball: split the range of the integral instead")

    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __float__ = __int__ = __complex__ = _refused

    def __eq__(self, other: object) -> bool:
        return self._refused()

    __hash__ = None  # type: ignore[assignment]


def complex_ball(number: Any) -> Any:
    """A number, rational or ball as acb.

    :raises ValueError: for anything else.
    """
    from flint import acb

    from numerics.arithmetic.krawczyk import ball

    if isinstance(number, acb):
        return number
    if isinstance(number, complex):  # numpy's as well
        return acb(number.real, number.imag)
    try:
        return acb(ball(number))
    except (TypeError, ValueError) as error:
        raise ValueError(f"function must return a ball or a number, got {type(number).__name__}") from error
