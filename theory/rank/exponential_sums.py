r"""R(f*) in networks with one hidden layer and the activation sin, cos or exp, exactly: functions are sums over frequencies w.

**sin, cos**, w up to sign.

With f = sum over w of A_w (cos w.x, sin w.x) + c, A_w a matrix (outputs, 2), every network that makes f has neurons with output weights at
each w with A_w != 0, and tangents at different w are independent. At one w the neurons a_j sigma(w.x + b_j) have the tangents e_t
sigma(w.x + b_j), a_j sigma'(w.x + b_j) x_i and, with biases, a_j sigma'(w.x + b_j).

- rank A_w = 1: q + d, with biases q + d + 1, of one neuron. Neurons of several phases have 2 q + 2 d at least, neurons of one phase as much
  as one, or more.
- rank A_w = 2 (biases, q >= 2 outputs): 2 q + 2 d, of two neurons. The slopes a_j sigma' span two dimensions or more, and the
  functions a_j sigma'(w.x + b_j) are among the 2 q.
- c != 0 without an output bias: a neuron w = 0 adds q, as sigma'(b) = 0 where |sigma(b)| = 1. An output bias adds q.

**exp**: f = sum over w of a_w exp(w.x) + c, a bias being a factor. Each w with a_w != 0 adds q + d (exp(w.x) in every output, a_w exp(w.x)
x_i), one neuron suffices; so does c != 0 without an output bias (w = 0), which adds q.

**Convolutions of sin, cos with biases**, s entries a kernel, p positions, one output. Where every w of f fills a patch of the grid, it
tells the kernel and the position. Let A_w be the amplitudes of one kernel, a row for each position.

- Shared kernels: where the rows are parallel one kernel does, p sin(w.x + b), s slopes and that of the bias, p + s + 1. Else there are
  kernels of two phases or more, 2 p functions and 2 s slopes, as above.
- Kernels of their own: s + 2 for each w.
- The constants are those above: no more than 1.

Parameters are rational: e^{i b} of distinct rational b are linearly independent over the rationals (Lindemann, Weierstrass), so what
vanishes is decided.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from theory.models import TwoLayer, TwoLayerCNN
from theory.models.pooling import PooledCNN
from theory.rank.closed_forms import up_to_sign
from theory.rank.constants import constant_bounds
from theory.rank.generators import neurons
from theory.rank.targets import model_of, point_of, same_activation, shallow

#: {phase: output weights}
Phases = dict[Fraction, np.ndarray]


def exponential_sum_bounds(network: TwoLayer, target: Any) -> tuple[int, int, str]:
    """(R, R, source) of a target with one hidden layer. Raises ValueError where ``network``, of sin, cos or exp, cannot express it."""
    other = shallow(model_of(target))
    if other is None:
        raise ValueError(f"target must be a network with one hidden layer, as {network}, got {model_of(target)}")
    if (other.input_size, other.outputs) != (network.inputs, network.outputs):
        raise ValueError(f"target must have the inputs and outputs of {network}, got {other.input_size} and {other.outputs} of {other}")
    same_activation(network, other)
    waves, constant = _spectrum(other, point_of(target))
    exponential = network.activation.name == "exp"
    if not exponential and not network.bias and not all(map(_in_phase, waves.values())):
        raise ValueError(
            f"target must have no phases, which {network} without hidden biases cannot express, got {other} with hidden biases"
        )
    if constant and not (network.bias or network.output_bias) and network.activation.name == "sin":
        raise ValueError(f"target must have no constant, which {network} without biases cannot express, got {other} with a constant")
    phased = network.bias and not exponential
    ranks = [_amplitudes(phases, network.outputs) if phased else 1 for phases in waves.values()]
    needed = sum(ranks) + (constant and not network.output_bias)
    if needed > network.width:
        raise ValueError(f"target must lie in {network}, got one of {other} that takes {needed} neurons")
    if not waves:
        return constant_bounds(network, constant)
    q, d = network.outputs, network.inputs
    value = sum(2 * (q + d) if rank == 2 else q + d + phased for rank in ranks) + q * (constant or network.output_bias)
    value += d * (exponential and constant and not network.output_bias)  # the slopes of a neuron w = 0
    return value, value, "frequencies are independent, phases of rational biases too (Lindemann, Weierstrass); ours"


def wave_convolution_bounds(network: TwoLayerCNN, target: Any) -> tuple[int, int, str] | None:
    """(R, R, source) of a target with one hidden layer in ``network``, of sin or cos with biases; None where a wave fills no patch.

    Raises ValueError where the network cannot express the target.
    """
    other = shallow(model_of(target))
    if other is None or other.input_size != network.input_size or other.outputs != 1:
        raise ValueError(
            f"target must be a network with one hidden layer and one output on the inputs of {network}, got {model_of(target)}"
        )
    same_activation(network, other)
    waves, constant = _spectrum(other, point_of(target))
    if not waves:
        return constant_bounds(network, constant)
    positions, entries = network.patches.shape
    at = {tuple(patch): p for p, patch in enumerate(network.patches.tolist())}
    kernels: dict[tuple, Phases] = defaultdict(lambda: defaultdict(lambda: _zeros(positions)))
    held: dict[int, int] = defaultdict(int)
    for w, phases in waves.items():
        place = at.get(tuple(j for j, entry in enumerate(w) if entry))
        if place is None:
            return None
        held[place] += 1
        for b, (a,) in phases.items():
            kernels[tuple(filter(None, w))][b][place] += a
    alone = constant and not network.output_bias
    if network.sharing:
        ranks = [_amplitudes(phases, positions) for phases in kernels.values()]
        fits = sum(ranks) + alone <= network.kernels
        value = sum(2 * (positions + entries) if rank == 2 else positions + entries + 1 for rank in ranks)
    else:
        fits = max(held.values()) <= network.kernels and len(waves) + alone <= network.kernels * positions
        value = len(waves) * (entries + 2)
    if not fits:
        raise ValueError(f"target must lie in {network}, got one of {other} that takes more kernels")
    value += bool(constant or network.output_bias)
    return value, value, "frequencies are independent, phases of rational biases too (Lindemann, Weierstrass); ours"


def _spectrum(model: Any, theta: np.ndarray) -> tuple[Mapping[tuple, Phases], bool]:
    """{w, of sin and cos up to sign: {phase: output weights}}, zeros left out, and whether the constant is not 0."""
    if isinstance(model, PooledCNN):
        model, theta = model.convolution, model.unpooled(theta)
    odd, exponential = model.activation.name == "sin", model.activation.name == "exp"
    waves: dict[tuple, Phases] = defaultdict(lambda: defaultdict(lambda: _zeros(model.outputs)))
    constants: Phases = defaultdict(lambda: _zeros(model.outputs))  # by b, of sin and cos |b|: these are independent; 0 for the bias
    if model.output_bias:
        constants[Fraction(0)] = constants[Fraction(0)] + model.unpack(theta)["output_bias"]
    for neuron in neurons(model, theta.tolist()):
        a, key = np.array(neuron.outputs, dtype=object), up_to_sign(neuron.weights)
        if exponential:
            part = waves[neuron.weights] if key else constants
            part[neuron.bias] = part[neuron.bias] + a
        elif key is None:
            sign = (neuron.bias > 0) - (neuron.bias < 0) if odd else 1
            constants[abs(neuron.bias)] = constants[abs(neuron.bias)] + sign * a
        else:
            same = key == neuron.weights
            phase = neuron.bias if same else -neuron.bias
            waves[key][phase] = waves[key][phase] + (a if same or not odd else -a)
    kept = {key: {phase: a for phase, a in phases.items() if a.any()} for key, phases in waves.items()}
    return {key: phases for key, phases in kept.items() if phases}, any(a.any() for a in constants.values())


def _zeros(outputs: int) -> np.ndarray:
    return np.full(outputs, Fraction(0), dtype=object)


def _in_phase(phases: Phases) -> bool:
    """Whether sum a sigma(z + b) is one of phase 0: sum a sin b = 0."""
    return not any(total.any() for total in _sines((b, a) for b, a in phases.items()))


def _sines(terms: Iterable[tuple[Fraction, Any]]) -> Sequence[Any]:
    """The coefficients of sin |b| in sum a sin b, over the distinct |b| != 0."""
    totals: dict[Fraction, Any] = {}
    for b, a in terms:
        if b:
            totals[abs(b)] = totals.get(abs(b), 0) + (a if b > 0 else -a)
    return list(totals.values())


def _amplitudes(phases: Phases, outputs: int) -> int:
    """The rank, 1 or 2, of the rows sum_j a_tj (cos b_j, sin b_j), t < outputs: determinants are sums of sines of differences."""
    pairs = list(combinations(phases.items(), 2))
    for t, u in combinations(range(outputs), 2):
        if any(_sines((c - b, a_b[t] * a_c[u] - a_c[t] * a_b[u]) for (b, a_b), (c, a_c) in pairs)):
            return 2
    return 1
