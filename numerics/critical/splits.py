"""What a split does to the inertia at any point: the congruence holds everywhere, a critical point adds known zeros on both sides.

In coordinates that move the two copies together and against each other the second order of the wide network is that of the narrow one
plus sigma' delta gamma + alpha (1 - alpha) a sigma'' delta^2/2 (delta: difference of the incoming weights, gamma: of the outgoing ones),
and its first order is the narrow one alone. So Hess R_wide is congruent to the direct sum of Hess R and
[[0, B], [B^T, alpha (1 - alpha) S]], whether or not the gradient vanishes (2105.14573; theory.embedding.congruence).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.arithmetic.krawczyk import balls
from numerics.critical.invariances import invariant_directions, quotient_inertia, scaling_directions, shift_directions
from numerics.hessian import Data, hessian
from numerics.hessian.inertias import Inertia
from numerics.hessian.losses import Loss
from numerics.hessian.neuron_matrices import trace
from numerics.planting import cotangent_of
from theory.embedding.blocks import split_block
from theory.embedding.onestep import split
from theory.embedding.wiring import layers, wiring
from theory.models import AbstractNetwork


def split_bounds(
    model: AbstractNetwork,
    theta: Any,
    narrow: Inertia,
    data: Data,
    layer: int,
    neuron: int,
    alpha: Any,
    loss: str | Loss = "mse",
    *,
    critical: bool = False,
) -> tuple[Inertia, Inertia]:
    """Proved bounds at T^alpha(theta), ``theta`` (P,) and ``data`` in balls: (``narrow`` plus the block, the wide Hessian itself).

    ``narrow`` is the inertia of Hess R(theta). ``critical`` says that theta encloses a critical point, which alone is meant: then the
    direction that moves alpha, and those of :mod:`numerics.critical.invariances`, are known zeros. Raises ValueError for a bad layer,
    neuron or alpha.
    """
    embedding, at = split(model, layer, neuron, alpha), wiring(model, layer)
    wide_theta, fraction = balls(embedding(theta)), balls([alpha])[0]
    found, cotangent = trace(model, theta, data[0]), cotangent_of(model, theta, data, loss)
    B, S = found.B(layer, neuron, cotangent), found.S(layer, neuron, cotangent)
    unmoved = lambda incoming, outgoing: np.concatenate([outgoing, incoming])  # the block's coordinates: gamma, then delta
    incoming, outgoing = theta[at.incoming[neuron]], theta[at.outgoing[neuron]]
    # softmax: the errors of a sample add up to 0, and so do the columns of the B of the last hidden layer
    last = layer == len(layers(model)) - 1 and len(shift_directions(model, loss))
    kernel = [unmoved(0 * incoming, 0 * outgoing + 1)] if last else []
    of_wide = shift_directions(embedding.wide, loss) + 0 * wide_theta
    if critical:
        kernel.append(unmoved(0 * incoming, outgoing))
        if len(scaling_directions(model, theta)):
            kernel.append(unmoved(incoming, 0 * outgoing))
        of_wide = np.concatenate(
            [invariant_directions(embedding.wide, wide_theta, loss), [_of_alpha(model, embedding, theta, layer, neuron)]]
        )
    block = quotient_inertia(
        split_block(B, S, fraction), np.array(kernel, dtype=object).reshape(len(kernel), len(incoming) + len(outgoing))
    )
    lows = zip(*([low for low, _ in part.bounds] for part in (narrow, block)), strict=True)
    predicted = Inertia.between([sum(pair) for pair in lows], embedding.wide.n_params, "ball")
    return predicted, quotient_inertia(hessian(embedding.wide, wide_theta, data, loss), of_wide)


def _of_alpha(model: AbstractNetwork, embedding: Any, theta: Any, layer: int, neuron: int) -> Any:
    """d T^alpha(theta)/d alpha: the outgoing weights of the neuron with either sign at its copies."""
    new, outgoing = wiring(embedding.wide, layer), theta[wiring(model, layer).outgoing[neuron]]
    direction = balls(np.zeros(embedding.wide.n_params, dtype=int))
    direction[new.outgoing[neuron]], direction[new.outgoing[-1]] = -outgoing, outgoing
    return direction
