"""Matrix completion: points of every stratum of a target, and patterns of sampled entries as bipartite graphs.

A pattern is a sequence of flat indices (row * d2 + column).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import numpy as np

from theory.models import MatrixFactorization
from theory.rank.chains import chain_of_type


def representative(model: MatrixFactorization, a: int, b: int, r: int, rng: np.random.Generator) -> np.ndarray:
    """Integer theta with rank A = a, rank B = b, rank AB = r; the product is the same for every (a, b) and equal rng state."""
    left, right = chain_of_type((model.d1, model.width, model.d2), {(0, 2): r, (0, 1): a - r, (1, 2): b - r}, rng)
    return model.pack(left=left, right=right)


def connected(d1: int, d2: int, pattern: Sequence[int]) -> bool:
    """Whether the bipartite graph of rows and columns, an edge for each sampled entry, is connected."""
    import networkx

    graph = networkx.empty_graph(d1 + d2)
    graph.add_edges_from((entry // d2, d1 + entry % d2) for entry in pattern)
    return networkx.is_connected(graph)


def every_line_met(d1: int, d2: int, pattern: Sequence[int], times: int = 1) -> bool:
    """Whether every row and every column holds at least ``times`` sampled entries."""
    rows = np.bincount([entry // d2 for entry in pattern], minlength=d1)
    columns = np.bincount([entry % d2 for entry in pattern], minlength=d2)
    return min(rows.min(), columns.min()) >= times


def spanning_trees(d1: int, d2: int) -> int:
    """Number of spanning trees of the complete bipartite graph (Cayley's formula for K_{d1,d2})."""
    return d1 ** (d2 - 1) * d2 ** (d1 - 1)


def rank_one_sampled_rank(rows: Sequence[bool], columns: Sequence[bool], pattern: Sequence[int]) -> int:
    """R_S of f* = u v^T != 0 at (u, v), from where u (``rows``) and v (``columns``) are not zero.

    An entry ties u_i to v_j where neither is zero, and shows u_i (or v_j) alone where only v_j (or u_i) is not: so R_S counts the lines of
    the support less its connected parts, and every other line that meets one of the support. It is d1 + d2 less the connected parts where
    no entry of f* vanishes.
    """
    import networkx

    entries = [divmod(entry, len(columns)) for entry in pattern]
    graph = networkx.Graph([(("row", i), ("column", j)) for i, j in entries if rows[i] and columns[j]])
    graph.add_nodes_from(
        [("row", i) for i, there in enumerate(rows) if there] + [("column", j) for j, there in enumerate(columns) if there]
    )
    zero_rows = {i for i, j in entries if columns[j] and not rows[i]}
    zero_columns = {j for i, j in entries if rows[i] and not columns[j]}
    return len(graph) - networkx.number_connected_components(graph) + len(zero_rows) + len(zero_columns)


def block_bound(d1: int, d2: int, r: int, pattern: Sequence[int]) -> int:
    """The least |S|, or entries outside a block plus r (|rows| + |columns| - r), over blocks of at least r rows and columns each.

    R_S is no larger at any point of rank r (inner width r), as a block holds no more independent entries than its own R.
    """
    grid = np.zeros((d1, d2), dtype=int)
    grid.flat[list(pattern)] = 1
    bound = len(pattern)
    for height in range(r, d1 + 1):
        for rows in combinations(range(d1), height):
            inside = np.sort(grid[list(rows)].sum(axis=0))[::-1].cumsum()  # the fullest columns bind most
            bound = min(bound, *(len(pattern) - int(inside[width - 1]) + r * (height + width - r) for width in range(r, d2 + 1)))
    return bound


def recovering_patterns(d1: int, d2: int, r: int) -> int:
    """Number of patterns of R = r (d1 + d2 - r) entries that recover a generic matrix of rank r, for r = 1 or r = min(d1, d2) - 1.

    Spanning trees for r = 1; for r = d1 - 1 <= d2 - 1 no column may miss two entries, as one entry is found where d1 - 1 are known, and r
    complete columns fix the space of all.
    """
    low, high = sorted((d1, d2))
    if r == 1:
        return spanning_trees(d1, d2)
    if r != low - 1:
        raise ValueError(f"r must be 1 or {low - 1} for a {d1} x {d2} matrix, got {r}")
    return comb(high, r) * low ** (high - r)
