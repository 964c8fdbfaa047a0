"""The conserved quantity of one neuron trained on one sample, in closed form.

For f(x) = a sigma(w . x) and a single sample x != 0, gradient flow of any loss of f(x) moves w along x and conserves
I_x(a, w) = a^2/2 - G(w . x)/|x|^2 with G' = P = sigma/sigma', wherever sigma' != 0 (Lemma A.3 of arXiv:2201.12198).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def table() -> dict[str, tuple[Any, Any]]:
    """name -> (sigma(z), G(z)), sympy expressions in :func:`variable`; G(0) = 0 is not always arranged."""
    import sympy as sp

    z = variable()
    e, L = sp.exp(z), sp.log(1 + sp.exp(z))
    k, c = sp.symbols("k c", positive=True)
    return {
        "tanh": (sp.tanh(z), sp.sinh(z) ** 2 / 2),
        "sigmoid": (1 / (1 + 1 / e), z + e - 1),
        "exp": (e, z),
        "power k": (z**k, z**2 / (2 * k)),
        "arctan": (sp.atan(z), (z + z**3 / 3) * sp.atan(z) - z**2 / 6 - sp.log(1 + z**2) / 3),
        "softplus": (L, z - L - sp.polylog(2, -e) - L / e),
        "sinh": (sp.sinh(z), sp.log(sp.cosh(z))),
        "sin": (sp.sin(z), -sp.log(sp.cos(z))),
        "gauss": (sp.exp(-(z**2) / 2), -sp.log(z)),
        "softsign": (z / (1 + z), z**2 / 2 + z**3 / 3),
        "elu, negative side": (e - 1, z + 1 / e - 1),
        "exp(atan)": (sp.exp(sp.atan(z)), z + z**3 / 3),
        "softsign sigmoid": ((1 + z) / (2 + z), 2 * z + 3 * z**2 / 2 + z**3 / 3),
        "1 + z": (1 + z, z + z**2 / 2),
        "1/(c - z)": (1 / (c - z), c * z - z**2 / 2),
        "z/sqrt(1 + z^2)": (z / sp.sqrt(1 + z**2), z**2 / 2 + z**4 / 4),
        "log(1 + z)": (sp.log(1 + z), (z**2 / 2 + z) * sp.log(1 + z) - z**2 / 4 - z / 2 + sp.log(1 + z) / 2),
    }


def variable() -> Any:
    """The argument z of the table, positive (entries that hold for all real z are not restricted by that)."""
    import sympy

    return sympy.Symbol("z", positive=True)


def conserved(a: Any, w: Sequence[Any], x: Sequence[Any], integral: Any) -> Any:
    """I_x(a, w) = a^2/2 - G(w . x)/|x|^2, in any arithmetic; ``integral`` is the function G."""
    u = sum(p * q for p, q in zip(w, x, strict=True))
    return a * a / 2 - integral(u) / sum(q * q for q in x)


def drift(*, inputs: int = 2, weighting: Any = None, integrand: Any = None) -> Any:
    """dI/dt along gradient flow of any loss l(f) of one neuron on one sample, for an arbitrary sigma, as a sympy expression.

    ``integrand`` gives G' from (sigma, sigma'), by default their quotient; ``weighting`` the factor of G from |x|^2, by default its
    inverse. With both defaults the result is identically zero: that is the conservation law.
    """
    import sympy as sp

    a, sigma, slope, loss_slope = sp.symbols("a sigma slope loss_slope")
    x = sp.symbols(f"x:{inputs}")
    square = sum(q * q for q in x)
    a_dot, w_dot = -loss_slope * sigma, [-loss_slope * a * slope * q for q in x]
    u_dot = sum(p * q for p, q in zip(w_dot, x, strict=True))
    G_slope = sigma / slope if integrand is None else integrand(sigma, slope)
    factor = 1 / square if weighting is None else weighting(square)
    return sp.cancel(a * a_dot - G_slope * u_dot * factor)
