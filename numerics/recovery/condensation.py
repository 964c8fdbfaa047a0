"""Condensation: neurons of a trained two-layer network that agree in direction, and the narrow network that they come to.

Networks trained from small weights gather their neurons along few directions of (w, b) (2105.14573, Figures 1 and 5).
"""

from __future__ import annotations

import numpy as np

from theory.models import TwoLayer

#: Neurons belong to one orientation when the cosine of their (w, b), up to sign, is at least this.
ALIGNED = 0.9


def orientations(model: TwoLayer, theta: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """Groups of neurons whose (w, b) agree in direction up to sign: (share of sum |a| |(w, b)|, members), the largest first.

    ``model`` has one output and biases; ``theta`` (P,). A group gathers around the heaviest neuron that is still free.
    """
    rows, outgoing = _neurons(model, theta)
    lengths = np.linalg.norm(rows, axis=1)
    weights, units, free, groups = lengths * np.abs(outgoing), rows / lengths[:, None], np.ones(len(rows), dtype=bool), []
    while free.any():
        leader = int(np.argmax(np.where(free, weights, -1)))
        members = free & (np.abs(units @ units[leader]) >= ALIGNED)
        groups.append((weights[members].sum() / weights.sum(), np.flatnonzero(members)))
        free &= ~members
    return sorted(groups, key=lambda group: -group[0])


def condensed(model: TwoLayer, theta: np.ndarray, width: int) -> tuple[TwoLayer, np.ndarray]:
    """The network of the (at most) ``width`` largest orientations, each as one neuron, and its theta.

    A neuron gets the mean of its members' (w, b), weighed by share, and their outgoing weights added up with their signs.
    """
    (rows, outgoing), new_rows, new_outgoing = _neurons(model, theta), [], []
    for _, members in orientations(model, theta)[:width]:
        signs = np.sign(rows[members] @ rows[members[0]])
        weights = np.abs(outgoing[members]) * np.linalg.norm(rows[members], axis=1)
        new_rows.append((signs * weights / weights.sum()) @ rows[members])
        new_outgoing.append((signs * outgoing[members]).sum())
    narrow, incoming = TwoLayer(model.inputs, len(new_rows), 1, model.activation, bias=True, output_bias=True), np.array(new_rows)
    return narrow, narrow.pack(
        input_weights=incoming[:, :-1],
        input_biases=incoming[:, -1],
        output_weights=np.array([new_outgoing]),
        output_bias=model.unpack(theta)["output_bias"],
    )


def _neurons(model: TwoLayer, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(w, b) of every neuron (width, inputs + 1), and the outgoing weights (width,)."""
    parts = model.unpack(theta)
    return np.concatenate([parts["input_weights"], parts["input_biases"][:, None]], axis=1), parts["output_weights"][0]
