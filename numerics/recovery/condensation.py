"""Condensation: neurons of a trained two-layer network that agree in direction, and the narrow network that they come to.

Networks trained from small weights gather their neurons along few directions of (w, b) (2105.14573, Figures 1 and 5).
"""

from __future__ import annotations

import numpy as np

from theory.models import TwoLayer

#: Neurons belong to one orientation when the cosine of their (w, b), up to sign, is at least this.
ALIGNED = 0.9


def orientations(model: TwoLayer, theta: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """Groups of neurons whose (w, b) agree in direction: (share of sum |a| |(w, b)|, members), the largest first.

    ``model`` has one output and biases; ``theta`` (P,). A group gathers around the heaviest neuron that is free. For an odd activation
    directions agree up to sign, as (-w, -b) with -a is the same neuron. Neurons with w = b = 0 have no direction and are in no group.
    """
    rows, outgoing = _neurons(model, theta)
    lengths = np.linalg.norm(rows, axis=1)
    free, groups = lengths > 0, []
    weights, units = lengths * np.abs(outgoing), rows / np.where(free, lengths, 1)[:, None]
    total = weights.sum() or 1.0
    while free.any():
        leader = int(np.argmax(np.where(free, weights, -1)))
        cosines = units @ units[leader]
        members = free & ((np.abs(cosines) if _odd(model) else cosines) >= ALIGNED)
        members[leader] = True  # rounding may leave its own cosine a little off 1, never beneath what counts as aligned
        groups.append((weights[members].sum() / total, np.flatnonzero(members)))
        free &= ~members
    return sorted(groups, key=lambda group: -group[0])


def condensed(model: TwoLayer, theta: np.ndarray, width: int) -> tuple[TwoLayer, np.ndarray]:
    """The network of the (at most) ``width`` largest orientations, each as one neuron, and its theta.

    A neuron gets the mean of its members' (w, b), weighed by share, and their outgoing weights added up; for an odd activation members of
    the opposite direction count with the sign changed. Neurons without a direction are constant: their part goes into the output bias.
    """
    (rows, outgoing), new_rows, new_outgoing = _neurons(model, theta), [], []
    for _, members in orientations(model, theta)[:width]:
        signs = np.sign(rows[members] @ rows[members[0]]) if _odd(model) else np.ones(len(members))
        weights = np.abs(outgoing[members]) * np.linalg.norm(rows[members], axis=1)
        shares = weights / weights.sum() if weights.any() else np.full(len(members), 1 / len(members))
        new_rows.append((signs * shares) @ rows[members])
        new_outgoing.append((signs * outgoing[members]).sum())
    if not new_rows:
        raise ValueError(f"theta must hold a neuron with a direction: all {model.width} have w = b = 0")
    narrow, incoming = TwoLayer(model.inputs, len(new_rows), 1, model.activation, bias=True, output_bias=True), np.array(new_rows)
    return narrow, narrow.pack(
        input_weights=incoming[:, :-1],
        input_biases=incoming[:, -1],
        output_weights=np.array([new_outgoing]),
        output_bias=model.unpack(theta)["output_bias"] + outgoing[~rows.any(axis=1)].sum() * model.activation(np.zeros(1)),
    )


def _odd(model: TwoLayer) -> bool:
    """Whether sigma(-z) = -sigma(z)."""
    symmetry = model.activation.reflection
    return symmetry is not None and (symmetry.parity, symmetry.constant, symmetry.slope) == (-1, 0, 0)


def _neurons(model: TwoLayer, theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(w, b) of every neuron (width, inputs + 1), and the outgoing weights (width,)."""
    parts = model.unpack(theta)
    return np.concatenate([parts["input_weights"], parts["input_biases"][:, None]], axis=1), parts["output_weights"][0]
