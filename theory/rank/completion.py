"""Matrix completion: points of every stratum of a target, and patterns of sampled entries as bipartite graphs.

A pattern is a sequence of flat indices (row * d2 + column).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from theory.models import MatrixFactorization


def representative(model: MatrixFactorization, a: int, b: int, r: int, rng: np.random.Generator) -> np.ndarray:
    """Integer theta with rank A = a, rank B = b, rank AB = r; the product is the same for every (a, b) and equal rng state."""
    columns, rows = _independent(model.d1, rng), _independent(model.d2, rng)
    left = np.zeros((model.d1, model.width), dtype=int)
    right = np.zeros((model.width, model.d2), dtype=int)
    left[:, :a] = columns[:, :a]
    inner = [*range(r), *range(a, a + b - r)]
    right[inner] = rows[:b]
    return model.pack(left=left, right=right)


def _independent(size: int, rng: np.random.Generator) -> np.ndarray:
    """A unimodular integer matrix (lower times upper triangular with unit diagonal), so that no rank is lost."""
    lower = np.tril(rng.integers(-2, 3, (size, size)), -1) + np.eye(size, dtype=int)
    upper = np.triu(rng.integers(-2, 3, (size, size)), 1) + np.eye(size, dtype=int)
    return lower @ upper


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
