"""What rests on what: the dependencies of the claims as layers, drawn as SVG whose nodes are links."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from reports.wording import SIGNS, brief

if TYPE_CHECKING:
    import networkx

#: Beyond this many joined claims a drawing helps nobody; their pages say what they rest on.
LIMIT = 400
_ROW, _GAP, _HEIGHT = 30, 56, 22
_CHARACTER = 6.6  # average width of a character at 12 px


@dataclass(frozen=True, slots=True)
class Drawing:
    """SVG components (sets of claims joined by dependencies), or the reason why there are none."""

    components: tuple[str, ...]
    alone: int
    reason: str = ""


def draw(claims: Sequence[Mapping[str, Any]], prefix: str = "claims/") -> Drawing:
    """The drawing of ``claims``; links go to ``prefix`` + id + ``.html``. Dependencies outside the run are left out."""
    import networkx

    by_id = {claim["id"]: claim for claim in claims}
    graph = networkx.DiGraph()
    graph.add_nodes_from(by_id)
    graph.add_edges_from((other, claim["id"]) for claim in claims for other in claim["depends_on"] if other in by_id)
    alone = [node for node, degree in graph.degree if degree == 0]
    graph.remove_nodes_from(alone)
    if not graph:
        return Drawing((), len(alone), "No claim of this run rests on another one of it.")
    if not networkx.is_directed_acyclic_graph(graph):
        circle = " → ".join(edge[0] for edge in networkx.find_cycle(graph))
        return Drawing((), len(alone), f"The dependencies run in a circle ({circle}), so there are no layers to draw.")
    if len(graph) > LIMIT:
        return Drawing((), len(alone), f"{len(graph)} claims are joined by dependencies, too many for one drawing.")
    components = sorted(networkx.weakly_connected_components(graph), key=lambda nodes: (-len(nodes), min(nodes)))
    return Drawing(tuple(_component(graph.subgraph(nodes), by_id, prefix) for nodes in components), len(alone))


def _component(graph: networkx.DiGraph, claims: Mapping[str, Any], prefix: str) -> str:
    layers = _layers(graph)
    boxes = _boxes(layers)
    width = max(x + w for x, _, w in boxes.values()) + 2
    height = max(y for _, y, _ in boxes.values()) + _HEIGHT / 2 + 2
    edges = "".join(_edge(boxes[first], boxes[second]) for first, second in sorted(graph.edges))
    nodes = "".join(_node(claims[name], boxes[name], prefix) for layer in layers for name in layer)
    label = escape(f"{len(graph)} claims in {len(layers)} layers; lines lead to the right, from a claim to those that rest on it")
    return (
        f'<svg class="graph" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}" role="group" '
        f'aria-label="{label}"><g class="edges" fill="none">{edges}</g>{nodes}</svg>'
    )


def _layers(graph: networkx.DiGraph) -> list[list[str]]:
    """Layers from what is assumed to what follows, each ordered by the mean place of what its claims rest on."""
    import networkx

    layers: list[list[str]] = []
    place: dict[str, float] = {}
    for generation in networkx.topological_generations(graph):
        order = sorted(generation, key=lambda node: (_mean([place[other] for other in graph.predecessors(node)]), node))
        place |= {node: (number + 0.5) / len(order) for number, node in enumerate(order)}
        layers.append(order)
    return layers


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _boxes(layers: Sequence[Sequence[str]]) -> dict[str, tuple[float, float, float]]:
    """Left edge, middle and width of each claim's box; networkx spreads the layers, their widths follow the names."""
    import networkx

    names = networkx.empty_graph([name for layer in layers for name in layer])
    spread = networkx.multipartite_layout(names, subset_key=dict(enumerate(layers)))
    unit = _unit(layers, spread)
    top = min(y for _, y in spread.values())
    boxes, left = {}, 1.0
    for layer in layers:
        width = max(len(name) for name in layer) * _CHARACTER + 30
        for name in layer:
            boxes[name] = (left, (spread[name][1] - top) * unit + _HEIGHT / 2 + 1, len(name) * _CHARACTER + 30)
        left += width + _GAP
    return boxes


def _unit(layers: Sequence[Sequence[str]], spread: Mapping[str, Any]) -> float:
    """Pixels per unit of the layout, so that neighbours of a layer are one row apart."""
    for layer in layers:
        if len(layer) > 1:
            return _ROW / abs(spread[layer[1]][1] - spread[layer[0]][1])
    return 1.0


def _edge(first: tuple[float, float, float], second: tuple[float, float, float]) -> str:
    x0, y0, x1, y1 = first[0] + first[2], first[1], second[0], second[1]
    bend = max(20.0, (x1 - x0) / 2)
    return f'<path d="M{x0:.0f} {y0:.0f}C{x0 + bend:.0f} {y0:.0f} {x1 - bend:.0f} {y1:.0f} {x1:.0f} {y1:.0f}"/>'


def _node(claim: Mapping[str, Any], box: tuple[float, float, float], prefix: str) -> str:
    x, y, width = box
    name, verdict = escape(claim["id"]), claim["verdict"]
    title = escape(f"{claim['id']}, {brief(claim['title'], 200)}: {verdict}")
    return (
        f'<a href="{escape(prefix)}{name}.html" class="v-{verdict}"><title>{title}</title>'
        f'<rect x="{x:.0f}" y="{y - _HEIGHT / 2:.0f}" width="{width:.0f}" height="{_HEIGHT}" rx="5"/>'
        f'<text class="sign" x="{x + 9:.0f}" y="{y + 4:.0f}">{SIGNS[verdict]}</text>'
        f'<text x="{x + 22:.0f}" y="{y + 4:.0f}">{name}</text></a>'
    )
