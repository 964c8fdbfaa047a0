"""What a target is in terms that models of several families share: a matrix, an affine function, or a sum of neurons.

A target is a model, standing for its generic function, or a :class:`Target`, the function at one point. What R(f*) depends on are
coincidences (ranks, zeros, equal or opposite neurons), so one point without coincidences stands for the generic function.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from theory.activations import Reflection
from theory.models import AbstractModel, AbstractNetwork, FullyConnected, MatrixFactorization, TwoLayer, TwoLayerCNN
from theory.models.factorizations import CPFactorization, DeepFactorization, MeasuredFactorization, SymmetricFactorization
from theory.models.networks import AffineModel, named_array
from theory.models.pooling import PooledCNN
from theory.models.toy import faithful_points
from theory.rank.closed_forms import up_to_sign
from theory.rationals import fractions


class NotKnown(ValueError):
    """No closed form holds here; ``lower`` and ``upper`` bound the rank, ``source`` says where the bounds come from."""

    def __init__(self, reason: str, lower: int, upper: int, source: str) -> None:
        super().__init__(f"{reason}; known bounds: {lower} to {upper} ({source})")
        self.lower, self.upper, self.source = lower, upper, source


@dataclass(frozen=True)
class Target:
    """The function f(.; theta) of ``model``, as something to be recovered."""

    model: AbstractModel
    theta: Any


def exact_parameters(model: AbstractModel, theta: Any) -> np.ndarray:
    """``theta`` as an object array (P,) of Fractions, floats read as the rationals they are. Raises ValueError on a wrong length or NaN."""
    known_model(model)
    theta = named_array("theta", theta)
    if theta.shape != (model.n_params,):
        raise ValueError(f"theta must have shape ({model.n_params},) for {model}, got {theta.shape}")
    return fractions("theta", theta)


def known_model(model: Any) -> None:
    """Raises ValueError for what is no model."""
    if not isinstance(model, AbstractModel):
        raise ValueError(f"model must be a model of theory.models, got {model!r}")


def model_of(target: Any) -> AbstractModel:
    """The model that a target comes from. Raises ValueError for what is no target."""
    made = target.model if isinstance(target, Target) else target
    if not isinstance(made, AbstractModel):
        raise ValueError(f"target must be a model or a Target of one, got {target!r}")
    return made


def point_of(target: AbstractModel | Target) -> np.ndarray:
    """The point of a :class:`Target`; for a generic one a point without coincidences: positive integers, all different."""
    if isinstance(target, Target):
        return exact_parameters(target.model, target.theta)
    return fractions("theta", np.arange(1, target.n_params + 1))


# -------------------------------------------------------------------------------------------------------- matrices


def matrix_format(model: Any) -> tuple[int, int] | None:
    """(rows, columns) of the matrix that ``model`` builds; None for a model of something else."""
    match model:
        case MatrixFactorization() | MeasuredFactorization():
            return model.d1, model.d2
        case DeepFactorization() | SymmetricFactorization():
            return model.format[0], model.format[1]
        case CPFactorization(sizes=(rows, columns)):
            return rows, columns
    return None


def width_of(model: Any) -> int:
    """The largest rank of a matrix that ``model`` (one with a :func:`matrix_format`) builds, which is that of the generic one."""
    rows, columns = matrix_format(model) or (0, 0)
    match model:
        case DeepFactorization():
            return min(model.sizes)
        case CPFactorization():
            return min(rows, columns, model.components)
    return min(rows, columns, model.width)


def matrix_at(target: Target) -> np.ndarray:
    """The matrix of a :class:`Target` of a model with a :func:`matrix_format`, an object array of Fractions."""
    model: Any = target.model.factorization if isinstance(target.model, MeasuredFactorization) else target.model
    return model.product(point_of(target))


# ------------------------------------------------------------------------------------------------- affine functions


def affine_at(target: AffineModel | Target) -> tuple[Fraction, np.ndarray]:
    """The constant and the slopes (inputs,) of a target that is affine in x."""
    model = model_of(target)
    values = model(point_of(target), fractions("x", faithful_points(model.input_size)))[:, 0]
    return values[0], values[1:] - values[0]


# ---------------------------------------------------------------------------------------------------------- neurons


#: Classes whose signs are tried in all combinations, at most.
SIGNS = 10


@dataclass(frozen=True)
class Neurons:
    """f = sum of outputs[w, b] sigma(w . x + b) + own, w != 0 on all inputs: equal neurons merged, cancelling ones dropped.

    ``classes`` are the (w, b) up to the reflection of sigma whose neurons do not add up to something affine. ``linear``: whether a linear
    function is left beside one neuron of each, whatever their signs; ``constant``: whether a constant is, where no linear function need
    be. ``own``: whether the constant beside the neurons as they are is not 0. None where that is not decided.
    """

    outputs: dict[tuple[Fraction, ...], tuple[Fraction, ...]]
    classes: frozenset[tuple[Fraction, ...]]
    linear: bool | None
    constant: bool | None
    own: bool | None

    @property
    def biased(self) -> bool:
        """Whether some class has a bias."""
        return any(b for *_, b in self.classes)


def shallow(model: Any) -> TwoLayer | TwoLayerCNN | PooledCNN | None:
    """``model`` where it has one hidden layer, a fully connected one as a :class:`TwoLayer`; None elsewhere."""
    if isinstance(model, FullyConnected) and model.depth == 2:  # the same network, its parameters in the same order
        return TwoLayer(*model.widths, activation=model.activation, bias=model.bias, output_bias=bool(model.output_bias))
    return model if isinstance(model, TwoLayer | TwoLayerCNN | PooledCNN) else None


def merged_neurons(model: TwoLayer | TwoLayerCNN, theta: Any) -> dict[tuple[Fraction, ...], Fraction]:
    """The summed output weight of every class +-(w, b) != 0 of neurons, w on all inputs, for an odd activation and one output."""
    summed = _summed(model, exact_parameters(model, theta), Reflection(-1))
    return {key: a for key, (a,) in summed.items() if any(key)}


def _summed(model: TwoLayer | TwoLayerCNN, theta: np.ndarray, reflection: Reflection | None) -> dict[tuple, tuple[Fraction, ...]]:
    """{(w, b): summed output weights}, of opposite neurons one where ``reflection`` links them without a remainder."""
    from theory.rank.generators import neurons

    linked = reflection is not None and reflection.pure
    summed: dict[tuple, tuple[Fraction, ...]] = {}
    for neuron in neurons(model, theta.tolist()):
        vector = (*neuron.weights, neuron.bias)
        key = up_to_sign(vector) or vector if linked else vector
        sign = 1 if key == vector else reflection.parity if reflection else 1
        before = summed.get(key, (Fraction(0),) * model.outputs)
        summed[key] = tuple(a + sign * b for a, b in zip(before, neuron.outputs, strict=True))
    return summed


def neurons_of(target: AbstractModel | Target) -> Neurons:
    """What the neurons of a network with one hidden layer add up to."""
    model, theta = shallow(model_of(target)), point_of(target)
    if isinstance(model, PooledCNN):
        model, theta = model.convolution, model.unpooled(theta)
    assert model is not None
    reflection = model.activation.reflection
    summed = _summed(model, theta, reflection)
    held = {key: outputs for key, outputs in summed.items() if any(outputs) and any(key[:-1])}
    constants = [(key[-1], outputs) for key, outputs in summed.items() if any(outputs) and not any(key[:-1])]
    bias = np.array(list(model.unpack(theta)["output_bias"]) if model.output_bias else [Fraction(0)] * model.outputs)
    own = _constant(model.activation, constants, bias)
    if reflection is None or reflection.pure:
        return Neurons(held, frozenset(held), False, own, own)
    nothing = (Fraction(0),) * model.outputs
    shares: dict[tuple[Fraction, ...], np.ndarray] = {}
    left = np.full((model.outputs, model.input_size + 1), Fraction(0), dtype=object)  # slopes and constants
    for one in set(map(_signless, held)):
        opposite = tuple(-entry for entry in one)
        if one not in held:
            one, opposite = opposite, one
        a, b = (np.array(held.get(key, nothing), dtype=object) for key in (one, opposite))
        left = left + _behind(reflection, b, one)
        if (a + reflection.parity * b).any():
            shares[one] = a + reflection.parity * b
    turned = [_behind(reflection, share, tuple(-entry for entry in one)) for one, share in shares.items()]
    leaves = _leavings(left, turned)
    if leaves is None:
        return Neurons(held, frozenset(map(_signless, shares)), None, None, own)
    if not leaves:
        return Neurons(held, frozenset(map(_signless, shares)), True, _constant(model.activation, constants, bias + left[:, -1]), own)
    found = [_constant(model.activation, constants, bias + constant) for constant in leaves]
    constant = False if False in found else None if None in found else True
    return Neurons(held, frozenset(map(_signless, shares)), False, constant, own)


def _signless(vector: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    return up_to_sign(vector) or vector


def _behind(reflection: Reflection, outputs: np.ndarray, vector: tuple[Fraction, ...]) -> np.ndarray:
    """What outputs sigma(-z) leaves beside outputs parity sigma(z), z = w . x + b: slopes and constants (outputs, inputs + 1)."""
    affine = [reflection.slope * entry for entry in vector]
    affine[-1] += reflection.constant
    return np.multiply.outer(outputs, np.array(affine, dtype=object))


def _leavings(left: np.ndarray, turned: Sequence[np.ndarray]) -> list[np.ndarray] | None:
    """The constants (outputs,) left by the choices of signs that leave no slopes; None where there are too many choices."""
    if not left.any():
        return [left[:, -1]]
    if len(turned) > SIGNS:
        return None
    sums = [
        left + sum((turn for turn, use in zip(turned, used, strict=True) if use), 0 * left) for used in product((0, 1), repeat=len(turned))
    ]
    return [total[:, -1] for total in sums if not total[:, :-1].any()]


def _constant(activation: Any, constants: Sequence[tuple[Fraction, tuple[Fraction, ...]]], own: np.ndarray) -> bool | None:
    """Whether sum of a sigma(b) + ``own`` is not 0, for some output."""
    if activation.rational:
        at = {b: activation.jet(np.array([b], dtype=object), 0)[0][0] for b, _ in constants}
        return any(sum((outputs[t] * at[b] for b, outputs in constants), c) for t, c in enumerate(own))
    at_zero = float(activation.jet(np.zeros(1), 0)[0][0])
    constants = [(b, outputs) for b, outputs in constants if b or at_zero]
    if activation.name == "tanh" or not constants:  # 1 and tanh(b), b > 0 rational, are independent: e is transcendental
        return bool(constants) or any(own)
    with np.errstate(all="ignore"):
        at = {b: float(activation.jet(np.array([float(b)]), 0)[0][0]) for b, _ in constants}
    for t, c in enumerate(own):
        terms = [float(c), *(float(outputs[t]) * at[b] for b, outputs in constants)]
        if abs(sum(terms)) > 1e-9 * sum(map(abs, terms)):
            return True
    return None


def same_activation(model: AbstractNetwork, other: AbstractNetwork) -> None:
    """Raises ValueError unless both have one activation."""
    if other.activation.name != model.activation.name:
        raise ValueError(f"target must have the activation {model.activation.name} of {model}, got {other.activation.name}")
