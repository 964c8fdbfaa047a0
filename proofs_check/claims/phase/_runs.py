"""Trainings at several widths, made once for a check and its controls."""

from functools import lru_cache, partial

import numpy as np

from numerics.dynamics.scaled_flow import plain_start, start_at
from numerics.dynamics.width_slopes import width_slopes
from proofs_check import Figure
from theory.dynamics.phase_diagram import scaling_at
from theory.models import TwoLayer

#: Four samples of one input and a constant one, and labels on a line: fitted without passing a later saddle.
INPUTS = np.array([[-1.0, 1.0], [-0.4, 1.0], [0.3, 1.0], [1.0, 1.0]])
LINE = 0.8 * INPUTS[:, 0] + 0.3
#: Labels that no line fits: networks pass saddles on their way.
ZIGZAG = np.array([0.5, -0.5, 0.5, -0.5])

#: The loss at which a network counts as fitted.
STOP = 1e-3


def trained(context, place, widths, seeds, *, labels=LINE, zero_output="pairs", **more):
    """The slopes of ReLU networks at ``place`` = (gamma, gamma'), all seeds."""
    return _trained(context, place, tuple(widths), seeds, tuple(labels), zero_output, tuple(more.items()))


@lru_cache(maxsize=128)
def _trained(context, place, widths, seeds, labels, zero_output, more):
    start = partial(from_place, place=place, zero_output=zero_output)
    rng = context.rng([float(g) for g in place], list(widths), list(labels), zero_output)
    data = INPUTS, np.array(labels)
    return width_slopes(start, data, widths=widths, seeds=seeds, rng=rng, stop=STOP, zero_output=zero_output, **dict(more))


def from_place(width, rng, *, place, zero_output="pairs"):
    """(model, theta) at (gamma, gamma')."""
    if zero_output == "pairs":
        return start_at(*place, 2, width, rng)
    model = TwoLayer(2, width, activation="relu")
    return model, plain_start(model, scaling_at(*place, width), rng)


def lines(title, alt, series, x_label, y_label, **more):
    return Figure("lines", title, alt, {"series": series}, x_label=x_label, y_label=y_label, **more)
