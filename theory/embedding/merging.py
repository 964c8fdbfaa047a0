"""The way back: merging neurons of equal incoming weights, and removing neurons without outgoing weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.embedding.wiring import check_place, kept, widened, wiring
from theory.models import AbstractNetwork, as_container


def merge(
    model: AbstractNetwork, theta: Any, layer: int, neurons: tuple[int, int], *, tolerance: float = 0.0
) -> tuple[AbstractNetwork, Any]:
    """The narrower model and its theta after the second of ``neurons`` is merged into the first: outgoing weights add up.

    The output function is kept, and a critical point stays one. Raises ValueError, with the largest difference, when incoming weights and
    biases differ by more than ``tolerance``, and for a tolerance or theta that is none.
    """
    first, second = two_neurons(model, layer, neurons)
    places, theta = wiring(model, layer), checked(model, theta, tolerance)
    difference = theta[..., places.incoming[first]] - theta[..., places.incoming[second]]
    if _exceeds(difference, tolerance):
        raise ValueError(f"neurons {first} and {second} of layer {layer} differ in incoming weights and bias by {np.ravel(difference)}")
    return unchecked_merge(model, theta, layer, neurons)


def unchecked_merge(model: AbstractNetwork, theta: Any, layer: int, neurons: tuple[int, int]) -> tuple[AbstractNetwork, Any]:
    """As :func:`merge` for any two neurons; outputs are kept only when they are equal."""
    first, second = neurons
    places, theta = wiring(model, layer), np.array(as_container(theta))
    theta[..., places.outgoing[first]] = theta[..., places.outgoing[first]] + theta[..., places.outgoing[second]]
    return _without(model, theta, layer, second)


def remove(model: AbstractNetwork, theta: Any, layer: int, neuron: int, *, tolerance: float = 0.0) -> tuple[AbstractNetwork, Any]:
    """The narrower model and its theta without ``neuron``. Raises ValueError when an outgoing weight exceeds ``tolerance``."""
    check_place(model, layer, neuron)
    theta = checked(model, theta, tolerance)
    weights = theta[..., wiring(model, layer).outgoing[neuron]]
    if _exceeds(weights, tolerance):
        raise ValueError(f"neuron {neuron} of layer {layer} has outgoing weights {np.ravel(weights)}, expected zeros")
    return _without(model, theta, layer, neuron)


def two_neurons(model: AbstractNetwork, layer: int, neurons: Any) -> tuple[int, int]:
    """The two ``neurons``. Raises ValueError unless they are two different neurons of ``layer``."""
    if not isinstance(neurons, tuple | list) or len(neurons) != 2:
        raise ValueError(f"neurons must be two neurons of a layer, got {neurons!r:.60}")
    for neuron in neurons:
        check_place(model, layer, neuron)
    if neurons[0] == neurons[1]:
        raise ValueError(f"neurons must be two different ones, got {neurons}")
    return neurons[0], neurons[1]


def checked(model: AbstractNetwork, theta: Any, tolerance: float = 0.0) -> Any:
    """``theta`` (..., P). Raises ValueError for another shape, and for a tolerance that is no number from 0 on: NaN exceeds nothing."""
    if isinstance(tolerance, bool | str | complex) or np.ndim(tolerance) or tolerance is None or not tolerance >= 0:
        raise ValueError(f"tolerance must be a number, 0 or more, got {tolerance!r:.60}")
    theta = as_container(theta)
    if tuple(np.shape(theta)[-1:]) != (model.n_params,):
        raise ValueError(f"theta must have a last axis of {model.n_params} entries, got shape {np.shape(theta)}")
    return theta


def _exceeds(values: Any, tolerance: float) -> bool:
    if tolerance == 0:
        return bool((values != 0).any())
    return bool((np.abs(values).astype(float) > tolerance).any())


def _without(model: AbstractNetwork, theta: Any, layer: int, neuron: int) -> tuple[AbstractNetwork, Any]:
    from theory.embedding.onestep import permutation

    width = wiring(model, layer).width
    if width == 1:
        raise ValueError(f"layer {layer} of {model} has one neuron only: none can go")
    order = [*(k for k in range(width) if k != neuron), neuron]
    narrow = widened(model, layer, -1)
    return narrow, permutation(model, layer, order)(theta)[..., kept(narrow, model)]
