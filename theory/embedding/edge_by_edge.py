"""Widening a network by one neuron edge by edge: the output is kept, critical points and the model rank need not be.

The maps that keep critical points for all data are in :mod:`theory.embedding`; they split with one fraction on all edges.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.embedding.wiring import Wiring, kept, widened, wiring
from theory.models import AbstractNetwork, as_container


def split_edges(model: AbstractNetwork, theta: Any, layer: int, neuron: int, fractions: Any) -> tuple[AbstractNetwork, np.ndarray]:
    """(wide model, its theta): a copy of ``neuron`` comes last in hidden ``layer`` (from 1).

    Of the outgoing weight on edge t the copy takes ``fractions[t]`` and the neuron keeps the rest (2211.11623v1, Figure 1, has equal ones).
    """
    theta = np.asarray(as_container(theta))
    old = wiring(model, layer)
    share = theta[old.outgoing[neuron]] * np.asarray(fractions)
    wide, mapped, new = _widened(model, theta, layer, np.result_type(theta, share))
    mapped[new.incoming[-1]] = theta[old.incoming[neuron]]
    mapped[new.outgoing[neuron]] -= share
    mapped[new.outgoing[-1]] = share
    return wide, mapped


def attach(model: AbstractNetwork, theta: Any, layer: int, incoming: Any, outgoing: Any) -> tuple[AbstractNetwork, np.ndarray]:
    """(wide model, its theta) with a new neuron last in hidden ``layer``; ``incoming`` ends with its bias where the layer has biases.

    The output is kept where ``outgoing`` vanishes, or sigma does at the neuron.
    """
    theta = np.asarray(as_container(theta))
    wide, mapped, new = _widened(model, theta, layer, np.result_type(theta, float))
    mapped[new.incoming[-1]], mapped[new.outgoing[-1]] = incoming, outgoing
    return wide, mapped


def _widened(model: AbstractNetwork, theta: np.ndarray, layer: int, kind: Any) -> tuple[AbstractNetwork, np.ndarray, Wiring]:
    wide = widened(model, layer, 1)
    mapped = np.zeros(wide.n_params, kind)
    mapped[kept(model, wide)] = theta
    return wide, mapped, wiring(wide, layer)
