r"""Proof that one neuron with two or more inputs has no strict G: the planes that solution curves touch do not integrate to surfaces.

Every point (w, a) near a limit is itself the limit on one sample, x = c (w - w_0); its solution set touches the kernel of the form
omega = da + a x . dw/P, P = sigma/sigma'(w . x). A differentiable weak G is constant along curves that stay in these kernels. Where
omega ^ d omega is not 0, such curves reach every nearby point (Chow, Rashevskii), so G is constant on an open set; and round loops of
opposite sense the output weight comes back smaller and larger, so that between them a chain of limits closes and no G of any kind is
strict.

For w_0 = (v, g), w = (u, g), x = e_1, further coordinates 0, s = u - v, m the mean of P on [v, u] and a^2 = a_0^2 + 2 m s:
omega ^ d omega = a g D/(s P(u)^2 E) da dw_1 dw_2 with D = P'(u) s (2 m - P(v)) - P(u) (P(u) - P(v)), E = 2 m s - u P(u) + v P(v).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from numerics.arithmetic.krawczyk import NotCertified, ball, working_precision
from numerics.overlap.first_integral import joined, primitive, quotient, quotient_slope
from theory.activations import SmoothActivation

BITS = 160
#: Pre-activations (v, u) at which the form is tried, and initial output weights.
PLACES = tuple(
    (Fraction(v), Fraction(u))
    for v, u in (("1/2", "1"), ("1/2", "2"), ("1/4", "1/2"), ("-1/2", "1/2"), ("1", "3"), ("-1/2", "-1"), ("1/8", "3/16"), ("-1/4", "-1/2"))
)
OUTPUTS = (Fraction(1), Fraction(4), Fraction(16))


@dataclass(frozen=True)
class Contact:
    """A start (w_0 = (v, g), a_0) and a limit (w = (u, g), a) on x = e_1 near which omega ^ d omega is proved not to vanish; balls."""

    activation: SmoothActivation
    v: Fraction
    u: Fraction
    g: Fraction
    a0: Fraction
    a: Any
    D: Any
    E: Any

    def certificate(self, inputs: int = 2) -> dict[str, Any]:
        """Plain data from which the proof is repeated; points are (w, a)."""
        zeros = ["0"] * (inputs - 2)
        start = [_decimal(self.v), _decimal(self.g), *zeros, _decimal(self.a0)]
        limit = [_decimal(self.u), _decimal(self.g), *zeros, self.a.str(30)]
        given = {"activation": self.activation.name, "start": start, "limit": limit, "x": ["1", "0", *zeros]}
        return {"method": "contact form", **given, "D": self.D.str(30), "E": self.E.str(30)}


def _decimal(value: Fraction) -> str:
    """A fraction whose denominator is a power of two, as a decimal."""
    return repr(float(value))


def factors(activation: SmoothActivation, v: Any, u: Any) -> tuple[Any, Any, Any]:
    """(integral of P from v to u, D, E) in balls; not finite where sigma' may vanish between."""
    gain = primitive(activation, v, u)
    low, high, slope = quotient(activation, v), quotient(activation, u), quotient_slope(activation, u)
    D = slope * (2 * gain - (u - v) * low) - high * (high - low)
    return gain, D, 2 * gain - u * high + v * low


def contact_at(activation: SmoothActivation, v: Fraction, u: Fraction, *, g: Fraction = Fraction(1), a0: Fraction = Fraction(1)) -> Contact:
    """The proof at one place. Raises :class:`NotCertified` where D or E is not told from 0, or the limit is not proved to be one.

    ``g`` must not be 0: then w - w_0 and w_0 would be parallel in every direction of the plane.
    """
    if g == 0 or v == u:
        raise ValueError(f"expected g != 0 and v != u, got g = {g}, v = {v}, u = {u}")
    with working_precision(BITS):
        start, end, first = ball(v), ball(u), ball(a0)
        gain, D, E = factors(activation, start, end)
        square = first * first + 2 * gain
        if not square > 0:
            raise NotCertified(f"from output weight {a0} no limit of pre-activation {u} is reached with that sign")
        a = square.sqrt()
        if not joined(activation, first, start, a, end, ball(1)):
            raise NotCertified("the limit was not proved to lie on the orbit of the start")
        if D.contains(0) or E.contains(0):
            raise NotCertified(f"D = {D.str(8)} or E = {E.str(8)} was not told from 0")
    return Contact(activation, v, u, g, a0, a, D, E)


@lru_cache(maxsize=64)
def find_contact(activation: SmoothActivation) -> Contact:
    """The first place of :data:`PLACES` where the proof succeeds.

    Raises :class:`NotCertified` with what was tried, which proves nothing.
    """
    reasons = []
    for a0 in OUTPUTS:
        for v, u in PLACES:
            try:
                return contact_at(activation, v, u, a0=a0)
            except NotCertified as error:
                reasons.append(str(error))
    raise NotCertified(f"{len(reasons)} places were tried; the last: {reasons[-1]}")
