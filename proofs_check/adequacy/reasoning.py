"""Propagation of tokens through layers: reasoning/limit.v."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from proofs_check.adequacy.comparison import Comparison, compare, numbers


def propagation(rng: np.random.Generator) -> list[Comparison]:
    """The reach of all orders of four pairs and of drawn orders of more, and the bounds, against the rules followed by sets."""
    from numerics.dynamics.reach import reach
    from theory.dynamics.propagation import largest_reach, least_reach

    orders = [list(order) for order in permutations(range(4))] + [rng.permutation(7).tolist() for _ in range(6)]
    rows = []
    for layers in (1, 2, 3):
        # an order lists the pairs by position, the proof file the position of each pair
        positions = "[:: " + "; ".join(numbers(np.argsort(order)) for order in orders) + "]"
        term = f"[seq reach_of {layers - 1} p | p <- {positions}]"
        rows.append((f"reach of {layers} layers over orders", term, [reach(order, layers) for order in orders]))
    bounds = [[least_reach(layers), largest_reach(layers)] for layers in range(1, 8)]
    rows.append(("bounds for 1 .. 7 layers", "[seq bounds_of l | l <- iota 0 7]", bounds))
    return compare("reasoning/evaluation.v", rows)
