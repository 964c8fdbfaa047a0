"""Propagation of tokens through layers, and walks on graphs of pairs: reasoning/limit.v, reasoning/anchors.v."""

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


def walks(rng: np.random.Generator) -> list[Comparison]:
    """Closed walks of odd length and walks of both parities in drawn graphs, against :mod:`theory.dynamics.anchors`."""
    from theory.dynamics.anchors import drawn_pairs, identifiable, parities

    rows = []
    for number in range(8):
        anchors = int(rng.integers(1, 6))
        most = anchors * (anchors + 1) // 2
        pairs = drawn_pairs(anchors, int(rng.integers(0, most + 1)) if number else 0, rng)
        listed = "[:: " + "; ".join(f"({u}, {v})%N" for u, v in pairs) + "]" if pairs else "([::] : seq (nat * nat))"
        rows.append((f"odd closed walks everywhere, {pairs}", f"odd_everywhereb {anchors} (joined {listed})", identifiable(anchors, pairs)))
        ends, both = f"iota 0 {anchors}", "[:: false; true]"
        table = f"[seq [seq [seq joinedby {anchors} (joined {listed}) u v o | o <- {both}] | v <- {ends}] | u <- {ends}]"
        rows.append((f"walks by parity, {pairs}", table, parities(anchors, pairs)))
    return compare(["reasoning/evaluation.v"], rows)
