"""Model ranks of two-layer networks over the classes of their neurons."""

from functools import cache

import numpy as np

from numerics.rank import model_rank
from proofs_check import Figure
from theory.draws import distinct_rows, pack_known
from theory.models import TwoLayer


@cache
def classes(d: int = 2, most: int = 3) -> Figure:
    """The certified rank of tanh networks with given numbers of idle (a = 0) and active classes."""
    rng, numbers = np.random.default_rng(0), list(range(most + 1))

    def at(idle: int, active: int) -> int | None:
        if not idle + active:
            return 0
        w = distinct_rows(rng, idle + active, d)
        model = TwoLayer(d, len(w))
        a = [0] * idle + [3] * active
        return model_rank(model, pack_known(model, input_weights=w, output_weights=np.array([a]))).rank

    return Figure(
        "heatmap",
        f"Certified model rank of tanh networks, {d} inputs",
        f"Model rank over idle and active classes of neurons: one more for an idle class, {d + 1} more for an active one.",
        {"x": numbers, "y": numbers, "values": [[at(idle, active) for idle in numbers] for active in numbers], "value_label": "model rank"},
        x_label="classes without output weight",
        y_label="classes with output weight",
    )
