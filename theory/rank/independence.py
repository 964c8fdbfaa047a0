r"""Activations whose generators are proved to be linearly independent, so that tables of tangents have the rank of the tangents.

The generators of a network with one hidden layer are sigma(z_c) and sigma'(z_c) x_j for classes c of neurons, no two z_c equal up to the
reflection of sigma, together with x_j and 1 (:mod:`theory.rank.generators`). Let sum_c (alpha_c sigma(z_c) + beta_c(x) sigma'(z_c)) be
affine, with beta_c affine in x. On a generic line z_c = p_c t + q_c with p_c != 0 and (p_c, q_c) distinct up to sign, so it is enough to
show alpha_c = 0 and beta_c = 0 there.

- tanh, sigmoid, softplus, silu (poles or branch points at a lattice of z), atan, ratsig, ratsig4, lorentz (finitely many): take one
  t_0, not real, that belongs to one class only (of those with least q_c / p_c the largest |p_c|, leftmost pole). The highest pole of
  the derivative there has the coefficient beta_c(t_0), up to a factor that is not 0; a real beta_c with a root that is not real is 0.
  What is left of class c, alpha_c sigma(z_c), is singular at t_0 too, so alpha_c = 0; and so on with one class less.
- erf, gelu: two derivatives leave polynomials times exp(-z_c^2 / s); these exponents differ by more than constants, so each
  polynomial is 0. Its highest power is that of beta_c, then that of alpha_c.
- relu, leaky: classes are hyperplanes. The jump of the sum across one is beta_c on it, so beta_c = lambda z_c; the jump of its slope
  is then lambda w_c, so lambda = 0.
- exp: classes are weights; exponentials with distinct exponents are independent over polynomials.

For sin and cos the classes of one w are dependent (sin(z + b)): there nothing is claimed. Classes of distinct w are exponentials of
distinct exponents, times polynomials, and a neuron without input weights has sin b != 0 != cos b for rational b != 0.

A polynomial has monomials for generators, which are independent, and hinge3, hardtanh and other piecewise polynomials have monomials on
half-spaces: across a hyperplane the sum changes by the polynomial of that half-space, which is then 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from theory.activations import Activation, polynomial_coefficients
from theory.rank.closed_forms import up_to_sign
from theory.rank.generators import Neuron, on_half_spaces

#: sigma has sigma'(b) != 0 wherever sigma(b) != 0.
RISING = frozenset({"tanh", "sigmoid", "softplus", "erf", "atan"})
#: sigma'(b) = 0 != sigma(b) at some real b, so that a constant needs no slopes.
LEVEL_SOMEWHERE = frozenset({"silu", "gelu", "ratsig", "ratsig4", "lorentz"})
#: Smooth activations for which the ranks of functions are known.
SMOOTH = RISING | LEVEL_SOMEWHERE
INDEPENDENT = SMOOTH | {"relu", "leaky", "exp"}
#: Independent where no two classes have one frequency w and different phases b: exponentials of distinct exponents.
SINUSOIDS = frozenset({"sin", "cos"})
#: |sigma'(b)| beyond this is no rounding of 0.
FLOAT_ZERO = 1e-9


def table_is_exact(activation: Activation, neurons: Sequence[Neuron]) -> bool:
    """Whether the table of tangents over generators has the rank of the tangents, for a network of these hidden ``neurons``.

    The table counts a neuron without input weights as sigma(b) != 0 != sigma'(b) where b != 0; that has to be so.
    """
    if polynomial_coefficients(activation) is not None or all(on_half_spaces(activation, len(neuron.weights)) for neuron in neurons):
        return True
    if activation.name in SINUSOIDS:
        return _one_phase_each(neurons)
    if activation.name not in INDEPENDENT:
        return False
    biases = {neuron.bias for neuron in neurons if neuron.bias and not any(neuron.weights)}
    if activation.rational or activation.name in RISING or activation.exponential or not biases:
        return True
    with np.errstate(all="ignore"):
        numbers = np.array([part for b in biases for part in activation.jet(np.array([float(b)]), 1)])
    return bool((np.abs(numbers) > FLOAT_ZERO).all())


def _one_phase_each(neurons: Sequence[Neuron]) -> bool:
    """Whether no two neurons have one frequency, up to sign, and different phases."""
    phases: dict[tuple, Fraction] = {}
    for neuron in neurons:
        key = up_to_sign(neuron.weights)
        if key is not None:
            phase = neuron.bias if key == neuron.weights else -neuron.bias
            if phases.setdefault(key, phase) != phase:
                return False
    return True
