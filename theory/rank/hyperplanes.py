r"""A lower bound of R(f*) in networks with one hidden layer of relu, leaky, hinge3 or hardtanh neurons, from the kinks of f*.

Each break of sigma is one (z - t)^r, times a number, so that f = sum a sigma(w . x + b) jumps by A_H u^r across a hyperplane H = {u = 0},
A_H the sum of what its neurons add (outputs,). Where A_H != 0 every network that makes f has a neuron with a break on H, and tangents of
neurons on different hyperplanes are independent but for polynomials. Let d be the inputs and q the outputs; the tangents of such a neuron
jump on H by a u^(r-1) x_j, with a bias also by a u^(r-1), and by e_t u^r.

- relu, leaky: d + q - 1 for each H, with biases d + q.
- hinge3: as many, and beside them z sigma'(z) - 3 sigma(z) leaves the polynomials a u: the dimension of the span of all A_H u. Other
  neurons on H add up to A_H.
- hardtanh: a neuron has two breaks, on parallel hyperplanes: its tangents make d + q dimensions, with biases one more, D. Of neurons that
  meet all kinks of f choose as few as possible: each then has a kink of its own, so they form stars, s neurons on s + 1 hyperplanes or
  fewer, that share one. Each of these adds d + q on its own kink, and with biases the height of the step on the shared one is left,
  s (d + q) + 1 >= (s + 1) D / 2 in all. So D / 2 for each H, over parallel ones rounded up.

An output bias adds the q constants, to hinge3's polynomials those that they do not hold.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from typing import Any

import numpy as np

from theory.models import TwoLayer
from theory.rank.closed_forms import matrix_rank
from theory.rank.generators import neurons

#: {activation: ((break t, the r of its step, +1 or -1), ...)}, the step up to a positive number.
STEPS = {"relu": ((0, 1, 1),), "leaky": ((0, 1, 1),), "hinge3": ((0, 3, 1),), "hardtanh": ((-1, 1, 1), (1, 1, -1))}

#: {(w, b) with leading entry 1: A_H}
Jumps = dict[tuple[Fraction, ...], np.ndarray]


def jumps(network: TwoLayer, theta: np.ndarray) -> Jumps:
    """The hyperplanes across which the function of ``network`` at rational ``theta`` (P,) jumps in some derivative, and A_H."""
    found: Jumps = defaultdict(lambda: np.full(network.outputs, Fraction(0), dtype=object))
    for neuron in neurons(network, theta.tolist()):
        leading = next((w for w in neuron.weights if w), Fraction(0))
        for t, r, sign in STEPS[network.activation.name] if leading else ():
            hyperplane = tuple(entry / leading for entry in (*neuron.weights, neuron.bias - t))
            found[hyperplane] = found[hyperplane] + sign * abs(leading) ** r * np.array(neuron.outputs, dtype=object)
    return {hyperplane: jump for hyperplane, jump in found.items() if jump.any()}


def on_unit_length(network: TwoLayer, theta: np.ndarray) -> np.ndarray:
    """The function of ``network``, of a positively homogeneous sigma, at rational ``theta`` (P,), with leading input weights 1, -1 or 0."""
    parts = {name: np.array(part, dtype=object) for name, part in network.unpack(theta).items()}
    sizes = np.array([abs(next((w for w in row if w), Fraction(1))) for row in parts["input_weights"]], dtype=object)
    parts["input_weights"] = parts["input_weights"] / sizes[:, None]
    parts["output_weights"] = parts["output_weights"] * sizes
    if "input_biases" in parts:
        parts["input_biases"] = parts["input_biases"] / sizes
    return network.pack(**parts)


def least_rank(network: Any, other: TwoLayer, theta: np.ndarray) -> int:
    """A lower bound of R(f*) in ``network``, a TwoLayer, for the function of ``other``, of its activation, at rational ``theta``."""
    found, d, q = jumps(other, theta), network.inputs, network.outputs
    constants = q * network.output_bias
    match network.activation.name:
        case "hinge3":
            polynomials = [np.multiply.outer(jump, np.array(hyperplane, dtype=object)).ravel() for hyperplane, jump in found.items()]
            if network.output_bias:
                ones = np.multiply.outer(np.eye(q, dtype=int), [0] * d + [1])
                polynomials += [one.ravel() for one in ones]
            return len(found) * (d + q - 1 + network.bias) + (matrix_rank(polynomials) if polynomials else 0)
        case "hardtanh":
            parallel: dict[tuple, int] = defaultdict(int)
            for *w, _ in found:
                parallel[tuple(w)] += 1
            return sum(-(-n * (d + q + network.bias) // 2) for n in parallel.values()) + constants
    return len(found) * (d + q - 1 + network.bias) + constants
