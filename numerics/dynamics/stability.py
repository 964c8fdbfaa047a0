"""Whether an optimizer is stable at given parameters: exact for rational ones, by a cover for ranges of them.

At rational beta1, beta2 the numbers that decide are polynomials in rho = beta2^(1/(2(k-2))) with rational coefficients. Balls give their
signs; one that no precision separates from 0 is decided exactly: D(rho) = 0 holds just if the greatest common divisor of D and
z^(2(k-2)) - beta2 has a positive root, and it changes its sign there, for the roots of the latter are simple and rho alone is positive.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numerics.arithmetic.krawczyk import ball, working_precision
from numerics.dynamics.cover import Cover, cover
from numerics.dynamics.schur import sign
from theory.dynamics.adam import check_betas, check_power, jury_forms
from theory.dynamics.adam_cycle import cycle_margin, cycle_state
from theory.dynamics.quadratic import sharpness_threshold

PRECISIONS = (64, 256, 1024)
#: Halvings of a range of parameters before what is left counts as open.
DEPTH = 16


@dataclass(frozen=True)
class Stability:
    """``verdict``: "stable", "unstable", "open", or "marginal" for a linear step with an eigenvalue on the unit circle.
    ``values`` are what decides, as balls in text, ``signs`` their signs (None: open).

    For a range of parameters ``cover`` says which share is what; ``signs`` are None where they change within the range.
    """

    verdict: str
    reason: str
    values: Mapping[str, str]
    signs: Mapping[str, int | None]
    cover: Cover | None = None


def degenerate_stability(k: int, beta1: Any, beta2: Any) -> Stability:
    """The fixed point of linear convergence of Adam on x^k/k: whether it is there and attracts, for every learning rate.

    ``beta1`` and ``beta2`` are rationals (text, Fraction, float as it is) or pairs low < high of them. Raises ValueError for k odd or below
    4, and for betas outside [0, 1).
    """
    check_power(k)
    if _is_range(beta1) or _is_range(beta2):
        return _on_a_box(k, {"beta1": beta1, "beta2": beta2})
    b1, b2 = Fraction(beta1), Fraction(beta2)
    check_betas(b1, b2)
    if b2 == 0:
        return Stability("unstable", "no fixed point: with beta2 = 0 there is no memory of the gradient's size", {}, {})
    values, signs = {}, {}
    for name in jury_forms(k, b1, b2):
        signs[name], values[name] = _sign_at_root(
            lambda rho, name=name: jury_forms(k, ball(b1), rho)[name], _polynomial(k, b1, name), k, b2
        )
    return Stability(*_verdict(signs, _reasons(signs)), values, signs)


def cycle_stability(k: int, beta1: Any, beta2: Any) -> Stability:
    """The 2-cycle of Adam on x^k/k at rational parameters, for every learning rate. Raises ValueError as above."""
    check_power(k)
    b1, b2 = Fraction(beta1), Fraction(beta2)
    check_betas(b1, b2)
    margin = cycle_margin(k, b1, b2)
    signs = {"1 - c0^2 - c1 + c0 c2": sign(margin), "1 - c2 + c1 - c0": sign(b1 + b2)}
    values = {"1 - c0^2 - c1 + c0 c2": str(margin), "1 - c2 + c1 - c0": str(4 * (k - 1) * (b1 + b2))}
    return Stability(*_verdict(signs, _reasons(signs)), values, signs)


def cycle_certificate(k: int, beta1: Any, beta2: Any, rate: Any) -> dict[str, Any]:
    """The certificate of kind "2-cycle of Adam" (docs/certificates.md) at rational parameters."""
    verdict = {"stable": "attracts", "unstable": "repels", "open": "undecided"}[cycle_stability(k, beta1, beta2).verdict]
    numbers = {"beta1": str(Fraction(beta1)), "beta2": str(Fraction(beta2)), "rate": str(Fraction(rate))}
    state = [str(entry) for entry in cycle_state(k, Fraction(beta1), Fraction(rate))]
    return {"kind": "2-cycle of Adam", "k": k, **numbers, "state": state, "verdict": verdict}


def quadratic_stability(method: str, eigenvalues: Sequence[Any], eta: Any, beta1: Any = 0) -> Stability:
    """A method of :mod:`theory.dynamics.quadratic` on a quadratic whose (preconditioned) Hessian has these rational ``eigenvalues``.

    Raises ValueError without eigenvalues, for one that is no finite number, for eta that is not positive, and beta1 outside [0, 1).
    """
    if not eigenvalues:
        raise ValueError("eigenvalues must name at least one number, got none")
    eta, beta1 = Fraction(eta), Fraction(beta1)
    check_betas(beta1)
    if not eta > 0:
        raise ValueError(f"eta must be positive, got {eta}")
    try:
        exact = [Fraction(value) for value in eigenvalues]
    except (ValueError, OverflowError, ZeroDivisionError, TypeError):
        raise ValueError(f"eigenvalues must be finite numbers, got {', '.join(map(str, eigenvalues))}") from None
    threshold = sharpness_threshold(method, beta1, eta)
    margins = {"the smallest eigenvalue": min(exact), "threshold minus the largest eigenvalue": threshold - max(exact)}
    signs = {name: sign(value) for name, value in margins.items()}
    verdict, reason = _verdict(signs, "; ".join(f"{name} is {'negative' if s else '0'}" for name, s in signs.items() if s != 1))
    return Stability("marginal" if verdict == "open" else verdict, reason, {name: str(value) for name, value in margins.items()}, signs)


def plane(k: int, *, depth: int = DEPTH, beta1: Any = (0, 1), beta2: Any = (0, 1)) -> Cover:
    """The (beta1, beta2) plane, or a box in it, covered by where the fixed point attracts ("+"), where not ("-"), and what is left open."""
    check_power(k)
    return cover(lambda b1, b2: _forms(k, b1, b2), [beta1, beta2], depth=depth)


def _forms(k: int, beta1: Any, beta2: Any) -> list[Any]:
    return list(jury_forms(k, beta1, beta2.nonnegative_part().root(2 * (k - 2))).values())


def _on_a_box(k: int, betas: dict[str, Any]) -> Stability:
    ranges = {name: tuple(map(Fraction, value)) for name, value in betas.items() if _is_range(value)}
    for name, pair in ranges.items():
        if len(pair) != 2 or not 0 <= pair[0] < pair[1] <= 1:
            raise ValueError(f"{name} must be a number in [0, 1) or a range low < high in [0, 1], got {' .. '.join(map(str, pair))}")
    fixed = {name: Fraction(value) for name, value in betas.items() if name not in ranges}
    check_betas(**fixed)

    def conditions(*sides: Any) -> list[Any]:
        at = {**{name: ball(value) for name, value in fixed.items()}, **dict(zip(ranges, sides, strict=True))}
        return _forms(k, at["beta1"], at["beta2"])

    names, found = list(jury_forms(k, Fraction(0), Fraction(1, 2))), cover(conditions, list(ranges.values()), depth=DEPTH)
    if found.open == 0 and found.negative == 0:
        return Stability("stable", "every determinant is positive on the whole box", {}, dict.fromkeys(names, 1), found)
    if found.open == 0 and found.positive == 0:
        return Stability("unstable", "everywhere in the box some determinant is negative", {}, dict.fromkeys(names), found)
    crossing = [names[number] for number in sorted(found.undecided)]
    vanishing = f"the box crosses the boundary, where {' or '.join(crossing)} vanishes"
    return Stability("open", vanishing if crossing else "stable in one part, unstable in another", {}, dict.fromkeys(crossing), found)


def _is_range(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _polynomial(k: int, b1: Fraction, name: str) -> Any:
    """The form ``name`` as a polynomial in rho."""
    from flint import fmpq, fmpq_poly

    return jury_forms(k, fmpq_poly([fmpq(b1.numerator, b1.denominator)]), fmpq_poly([0, 1]))[name]


def _sign_at_root(form: Callable[[Any], Any], polynomial: Any, k: int, b2: Fraction) -> tuple[int, str]:
    """The sign of the form at rho, and its value as a ball in text."""
    from flint import fmpq, fmpq_poly

    order = 2 * (k - 2)
    for bits in PRECISIONS:
        with working_precision(bits):
            value = form(ball(b2).root(order))
            if (found := sign(value)) is not None:
                return found, value.str(8)
    common = polynomial.gcd(fmpq_poly([-fmpq(b2.numerator, b2.denominator)] + [0] * (order - 1) + [1]))
    if common.degree() > 0 and common[0] * common.leading_coefficient() < 0:
        return 0, "0"
    bits = 2 * PRECISIONS[-1]
    while True:  # ends: the number is not 0
        with working_precision(bits):
            value = form(ball(b2).root(order))
            if (found := sign(value)) is not None:
                return found, value.str(8)
        bits *= 2


def _verdict(signs: Mapping[str, int | None], reasons: str) -> tuple[str, str]:
    if -1 in signs.values():
        return "unstable", reasons
    return ("stable", "all of these numbers are positive") if all(s == 1 for s in signs.values()) else ("open", reasons)


def _reasons(signs: Mapping[str, int | None]) -> str:
    words = {-1: "is negative", 0: "vanishes: an eigenvalue on the unit circle, which linearization does not decide", None: "is open"}
    return "; ".join(f"{name} {words[s]}" for name, s in signs.items() if s != 1)
