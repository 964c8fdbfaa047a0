"""When a function of (solution, initialization) can describe the limits of gradient flow: a question about a digraph.

Fix theta_0 and datasets S_i with limits p_i. The *membership digraph* has an arrow from p_i to every other limit that also lies in
M_{S_i}. A strict G exists on this family exactly if the digraph is acyclic (G grows along arrows; conversely a topological
rank is such a G), and a weak G may separate two limits exactly if they lie in different strongly connected components.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from typing import Any

Point = Hashable


class CyclicMembership(ValueError):
    """No strict G exists; ``cycle`` lists limits of which each lies in the solution set that leads to the one before."""

    def __init__(self, cycle: Sequence[Point]) -> None:
        super().__init__(f"the limits {list(cycle)} lie in each other's solution sets in a circle, so no function ranks them")
        self.cycle = list(cycle)


def membership_digraph(limits: Sequence[Point], members: Sequence[Collection[Point]]) -> Any:
    """The digraph of a family of datasets: ``limits[i]`` is the limit for dataset i, ``members[i]`` the points of M_{S_i}.

    Raises ValueError when a limit does not solve its own dataset: then gradient flow did not converge to a minimum.
    """
    import networkx

    if len(limits) != len(members):
        raise ValueError(f"members must list one solution set per limit, got {len(members)} for {len(limits)} limits")
    graph = networkx.DiGraph()
    graph.add_nodes_from(limits)
    for number, (limit, solutions) in enumerate(zip(limits, members, strict=True)):
        if limit not in solutions:
            raise ValueError(f"the limit of dataset {number} must lie in its own solution set, got {limit!r} outside of it")
        graph.add_edges_from((limit, other) for other in solutions if other in graph and other != limit)
    return graph


def strict_exists(graph: Any) -> bool:
    """Whether some strict G exists on the family."""
    import networkx

    return networkx.is_directed_acyclic_graph(graph)


def strict_function(graph: Any) -> dict[Point, int]:
    """A strict G on the limits (infinity elsewhere): the topological rank. Raises :class:`CyclicMembership`."""
    import networkx

    if not strict_exists(graph):
        raise CyclicMembership([tail for tail, _ in networkx.find_cycle(graph)])
    return {point: rank for rank, layer in enumerate(networkx.topological_generations(graph)) for point in layer}


def weak_classes(graph: Any) -> list[frozenset[Point]]:
    """The strongly connected components: every weak G is constant on each, and some weak G tells them all apart."""
    import networkx

    return [frozenset(component) for component in networkx.strongly_connected_components(graph)]


def weakly_separable(graph: Any, p: Point, q: Point) -> bool:
    """Whether some weak G takes different values at ``p`` and ``q``."""
    return not any(p in component and q in component for component in weak_classes(graph))


def is_strict(G: Mapping[Point, Any] | Callable, limits: Sequence[Point], members: Sequence[Collection[Point]]) -> bool:
    """Whether every limit is the only minimizer of ``G`` on its solution set (among the points given)."""
    value = G if callable(G) else G.__getitem__
    pairs = zip(limits, members, strict=True)
    return all(value(limit) < value(other) for limit, solutions in pairs for other in solutions if other != limit)


def is_weak(G: Mapping[Point, Any] | Callable, limits: Sequence[Point], members: Sequence[Collection[Point]]) -> bool:
    """Whether every limit minimizes ``G`` on its solution set (among the points given)."""
    value = G if callable(G) else G.__getitem__
    pairs = zip(limits, members, strict=True)
    return all(value(limit) <= value(other) for limit, solutions in pairs for other in solutions)
