"""Directions along which a loss is constant whatever the data, and what they leave of a critical point.

If R does not change along the flow of a field v(theta), then grad R . v = 0 at every theta, so that Hess R v = 0 where grad R = 0:
critical points are never isolated, and Krawczyk's test fails. With as many coordinates held as there are such fields, chosen so that the
fields on them form an invertible matrix, nothing is lost: a zero of the gradient in the other coordinates is a zero of the gradient, and
these coordinates are a complement of known kernel vectors.

Of the networks of theory.models the fields are written down here; those of a torch module come from its graph
(:mod:`numerics.modules.fields`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from numerics.hessian.inertias import Inertia, ball_inertia
from numerics.hessian.losses import Loss
from numerics.hessian.losses import loss as loss_named
from numerics.modules.fields import Fields
from numerics.modules.model import GraphModel
from theory.embedding.wiring import hidden_widths, layers, wiring
from theory.lifting.residual import ResidualNetwork
from theory.models import AbstractModel, FullyConnected, TwoLayer

#: Vectors whose next pivot falls below this share of the first count as dependent; that others are independent is proved.
DEPENDENT = 1e-6


def shift_directions(model: AbstractModel, loss: str | Loss) -> np.ndarray:
    """Constant directions (k, P), integers, along which the loss is constant from every point: Hess R v = 0 everywhere.

    The cross-entropy of softmax does not see a number that is added to all outputs: one direction for each column of the last weights, and
    one for its biases. None for other losses; of torch modules those constant fields that are found.
    """
    if isinstance(model, GraphModel):
        return fields_under(model, loss).constant
    rows = []
    plain = model.plain if isinstance(model, ResidualNetwork) else model  # whose parameters come first
    if isinstance(plain, TwoLayer | FullyConnected) and loss_named(loss).name == "cross-entropy":
        weights, biases = layers(plain)[-1]
        rows = [_unit(model, column) for column in [*weights.T, *([] if biases is None else [biases])]]
    return np.array(rows, dtype=int).reshape(-1, model.n_params)


def scaling_directions(model: AbstractModel, theta: Any) -> Any:
    """Directions (k, P) at ``theta`` (P,), in its arithmetic, along which every loss is constant: one for each hidden neuron.

    With a positively homogeneous sigma of degree p (``Activation.degree``) c (w, b) and c^-p times the outgoing weights have one output;
    the direction is (w, b) at the incoming, -p a at the outgoing weights. Hess R v = 0 at critical points. None for other sigma and models.
    """
    rows = []
    degree = getattr(getattr(model, "activation", None), "degree", None)
    if isinstance(model, TwoLayer | FullyConnected) and degree and (isinstance(model, TwoLayer) or model.depth > 1):
        for layer, width in enumerate(hidden_widths(model), 1):
            places = wiring(model, layer)
            for neuron in range(width):
                row = 0 * theta
                row[places.incoming[neuron]] = theta[places.incoming[neuron]]
                row[places.outgoing[neuron]] = -degree * theta[places.outgoing[neuron]]
                rows.append(row)
    return np.array(rows, dtype=theta.dtype).reshape(-1, model.n_params)


def invariant_directions(model: AbstractModel, theta: Any, loss: str | Loss = "mse") -> Any:
    """:func:`shift_directions` and :func:`scaling_directions` at ``theta`` (P,), in its arithmetic; (k, P). Of a module all its fields."""
    if isinstance(model, GraphModel):
        return fields_under(model, loss).at(theta)
    return np.concatenate([0 * theta + shift_directions(model, loss), scaling_directions(model, theta)])


def fields_under(model: GraphModel, loss: str | Loss) -> Fields:
    """The fields of a module along which ``loss`` is constant."""
    return model.fields_up_to_shifts if loss_named(loss).name == "cross-entropy" else model.fields


def _unit(model: AbstractModel, places: np.ndarray) -> np.ndarray:
    row = np.zeros(model.n_params, dtype=int)
    row[places] = 1
    return row


def independent(vectors: Any) -> tuple[list[int], list[int]]:
    """Rows of ``vectors`` (k, P), floats or balls, and as many columns on which these look independent in floats; (rows, columns)."""
    matrix = np.array([[float(entry.mid()) if hasattr(entry, "mid") else float(entry) for entry in row] for row in vectors])
    rows: list[int] = []
    columns: list[int] = []
    first = np.abs(matrix).max(initial=0.0)
    while len(rows) < len(matrix):
        row, column = np.unravel_index(np.argmax(np.abs(matrix)), matrix.shape)
        if not np.abs(matrix[row, column]) > DEPENDENT * first:
            break
        rows.append(int(row))
        columns.append(int(column))
        matrix = matrix - np.outer(matrix[:, column], matrix[row] / matrix[row, column])
        matrix[row], matrix[:, column] = 0, 0
    return rows, columns


def are_independent(vectors: Any, columns: list[int]) -> bool:
    """Whether balls prove that the square matrix ``vectors`` (k, P) on ``columns`` (k of them) is invertible."""
    from flint import arb_mat

    from numerics.arithmetic.krawczyk import balls

    if not columns:
        return True
    return not arb_mat(balls(vectors[:, columns]).tolist()).det().contains(0)


def quotient_inertia(matrix: Any, kernel: Any) -> Inertia:
    """Inertia of a symmetric ``matrix`` (P, P) of balls whose kernel is known to hold the rows of ``kernel`` (k, P).

    Each of these that is proved to be independent of the others counts as a zero and takes a coordinate with it: on the coordinates that
    are left, a complement, the form has the other signs. Coordinates left whose rows are exactly 0 are zeros, too. Bounds, as
    :func:`numerics.hessian.inertias.ball_inertia`.
    """
    rows, columns = independent(kernel)
    if not are_independent(kernel[rows], columns):
        rows, columns = [], []
    free = [k for k in range(len(matrix)) if k not in columns]
    free = [k for k in free if not all(entry == 0 for entry in matrix[k, free])]  # of balls: both exactly 0
    return beside(ball_inertia(matrix[np.ix_(free, free)]), len(matrix) - len(free))


def beside(inertia: Inertia, zeros: int) -> Inertia:
    """``inertia`` of a form with ``zeros`` more dimensions in its kernel; bounds stay bounds."""
    (negative, _), (zero, _), (positive, _) = inertia.bounds
    size = negative + zero + positive + inertia.undecided
    return Inertia.between((negative, zero + zeros, positive), size + zeros, inertia.method)
