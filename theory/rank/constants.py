"""R(0) and R(c), c a constant that is not 0, in networks with one hidden layer, q outputs and any activation.

Beside an output bias both are q: its tangents are the constants, and neurons without weights add none. Without one, let b run over the
biases at hand: all real numbers with hidden biases, 0 without.

- R(0) = 0 if sigma vanishes at some b, else q. The tangent of an output weight is sigma(z), which is not 0 where sigma is nowhere;
  neurons with w = 0 and a = 0 have no tangents but these constants.
- R(c) = q if sigma'(b) = 0 != sigma(b) for some b, else q + d. A neuron with w = 0 has the slopes a sigma'(b) x_j beside the constants.
  One with w != 0 and a != 0 has q functions sigma(z), d functions sigma'(z) x_j and with a bias one more; they are independent but for
  homogeneous sigma without biases, where w = 0 gives no constant (in convolutions: for independent generators).

A kernel of a convolution has its entries in place of the d inputs.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from theory.activations import Activation
from theory.models import TwoLayer, TwoLayerCNN
from theory.models.pooling import PooledCNN
from theory.rank.independence import INDEPENDENT, LEVEL_SOMEWHERE, RISING, SMOOTH

Network = TwoLayer | TwoLayerCNN | PooledCNN

#: sigma is nowhere 0.
NOWHERE_ZERO = frozenset({"sigmoid", "softplus", "exp", "lorentz"})
#: Activations whose floats at 0 are exact where they are 0.
READ_AT_ZERO = INDEPENDENT | {"sin", "cos"}


def vanishes(network: Network) -> bool | None:
    """Whether sigma is 0 at a bias at hand; None where that is not known."""
    sigma = network.activation
    value, _ = _zeros_at_zero(sigma)
    if value or not getattr(network, "bias", False):
        return value
    if sigma.name in NOWHERE_ZERO:
        return False
    return True if sigma.name == "cos" else None


def is_level(network: Network) -> bool | None:
    """Whether sigma'(b) = 0 != sigma(b) at a bias b at hand; None where that is not known."""
    sigma = network.activation
    value, slope = _zeros_at_zero(sigma)
    if value is False and slope:
        return True
    if not getattr(network, "bias", False):
        return None if value is None or slope is None else False
    if sigma.name in LEVEL_SOMEWHERE | {"sin", "cos"}:
        return True
    return False if sigma.name in RISING | {"exp", "hinge3"} or sigma.degree is not None else None


def constant_bounds(network: Network, constant: bool | None) -> tuple[int, int, str]:
    """(lower, upper, source) of R(c) for a ``constant`` that is not 0 (None: not known), of R(0) for False."""
    q = network.outputs
    zero = nonzero = (q, q)
    if not getattr(network, "output_bias", False):
        zero = {True: (0, 0), False: (q, q), None: (0, q)}[vanishes(network)]
        entries = network.inputs if isinstance(network, TwoLayer) else network.shapes["kernels"][-1]
        dear = q + entries
        known = isinstance(network, TwoLayer) or network.activation.name in SMOOTH
        nonzero = {True: (q, q), False: (dear if known else q, dear), None: (q, dear)}[is_level(network)]
    lows, highs = zip(*{True: [nonzero], False: [zero], None: [zero, nonzero]}[constant], strict=True)
    return min(lows), max(highs), "2211.11623v1, Corollary 2; constants: ours"


def _zeros_at_zero(sigma: Activation) -> tuple[bool | None, bool | None]:
    """Whether sigma(0) and sigma'(0) are 0; None where floats do not tell."""
    if sigma.rational:
        value, slope = sigma.jet(np.array([Fraction(0)], dtype=object), 1)
        return not value[0], not slope[0]
    numbers = [float(part[0]) for part in sigma.jet(np.zeros(1), 1)]
    if sigma.name in READ_AT_ZERO:
        return numbers[0] == 0, numbers[1] == 0
    return (None if abs(numbers[0]) < 1e-9 else False), (None if abs(numbers[1]) < 1e-9 else False)
