"""Generic ranks of deep narrow networks over their widths."""

from functools import cache

import numpy as np

from proofs_check import Figure
from theory.draws import distinct_moduli
from theory.models import FullyConnected

from . import series


@cache
def generic(inputs: int = 2, most: int = 4) -> Figure:
    """The exact rank at drawn points of tanh networks of two hidden layers, with biases."""
    widths, rng = list(range(1, most + 1)), np.random.default_rng(0)

    def at(first: int, second: int) -> int | None:
        model = FullyConnected((inputs, first, second, 1), "tanh", True)
        return series(model, distinct_moduli(model, rng)).rank

    return Figure(
        "heatmap",
        f"Generic rank of tanh networks with {inputs} inputs and two hidden layers",
        "Rank over the widths of the two layers: the number of parameters, which bounds what wider networks need for such a target.",
        {"x": widths, "y": widths, "values": [[at(first, second) for second in widths] for first in widths], "value_label": "rank"},
        x_label="width of the second layer",
        y_label="width of the first layer",
    )
